#!/usr/bin/python3
"""An independent client: Debian's zeep loads our WSDLs from the running gateway, signs by WS-Security, sends, and reads what comes back.

Its own signing puts the certificate into X509Data or a BinarySecurityToken; the answer is verified by zeep's xmlsec and by xmlsec1."""
import datetime
import subprocess

from check import APPLICANT, NEGATIVE, PKI, ROOT, Checks, Lab, Message, cabinet, complaints, wait_for

c = Checks()
DS, WSSE, WSU = ("http://www.w3.org/2000/09/xmldsig#", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
                 "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd")
NS = {"ds": DS, "wsse": WSSE, "wsu": WSU}
try:
    import xmlsec
    import zeep
    from lxml import etree
    from zeep.plugins import HistoryPlugin
    from zeep.wsse.signature import BinarySignature, Signature, verify_envelope
except ImportError as missing:
    c.skip("zeep", missing)
    c.finish()


def pair(name):
    return str(PKI / "keys" / f"{name}.key"), str(PKI / "certs" / f"{name}.pem")


def portal(base=Signature, name="system-portal", timestamp=False):
    """zeep's signer with our portal's key, SHA-256; the answer is verified against the gateway's certificate, not our own."""

    class Portal(base):
        def apply(self, envelope, headers):
            if timestamp:
                security = zeep.wsse.utils.get_security_header(envelope)
                created = etree.SubElement(security, f"{{{WSU}}}Timestamp")
                now = datetime.datetime.now(datetime.timezone.utc)
                for tag, moment in (("Created", now), ("Expires", now + datetime.timedelta(minutes=5))):
                    etree.SubElement(created, f"{{{WSU}}}{tag}").text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            return super().apply(envelope, headers)

        def verify(self, envelope):
            verify_envelope(envelope, pair("system-gateway")[1])
            return envelope

    return Portal(*pair(name), signature_method=xmlsec.Transform.RSA_SHA256, digest_method=xmlsec.Transform.SHA256)


def client(lab, path, wsse):
    history = HistoryPlugin()
    made = zeep.Client(f"{lab.url}{path}?wsdl", wsse=wsse, plugins=[history])
    return made, history


def text_of(value):
    return zeep.xsd.AnyObject(zeep.xsd.String(), value)


def info(message, **more):
    return {"messageId": message.id, "correlationId": message.correlation_id, "serviceId": "TSA_CERT",
            "messageDate": datetime.datetime.now(datetime.timezone.utc), "sender": {"senderId": "pep"}, **more}


def xmlsec1_envelope(lab, envelope, name):
    """xmlsec1 over the answer's envelope with the gateway's certificate, whose chain openssl checks; and a changed byte."""
    text = etree.tostring(envelope)
    path = lab.folder / f"{name}.xml"
    certificate = PKI / "certs" / "system-gateway.pem"

    def judged(data):
        path.write_bytes(data)
        done = subprocess.run(["xmlsec1", "--verify", "--id-attr:Id", "http://schemas.xmlsoap.org/soap/envelope/:Body", "--pubkey-cert-pem",
                               certificate, path], capture_output=True, text=True)
        return done.returncode == 0 and (done.stdout + done.stderr).startswith("OK")

    c.that(f"{name}: xmlsec1 verifies the envelope", judged(text), text[:300])
    changed = text.replace(b"<correlationId>", b"<correlationId>x", 1)
    c.that(f"{name}: xmlsec1 refuses a changed one", changed != text and not judged(changed))
    chain = subprocess.run(["openssl", "verify", "-CAfile", PKI / "trust" / "root.pem", "-untrusted", PKI / "trust" / "issuing.pem", certificate],
                           capture_output=True, text=True)
    c.same(f"{name}: the gateway's certificate leads to the root", chain.returncode, 0, chain.stderr)
    held = envelope.xpath("//ds:KeyInfo//ds:X509Certificate/text() | //wsse:BinarySecurityToken/text() | //ds:KeyInfo//wsse:KeyIdentifier/text()",
                          namespaces=NS)
    wanted = "".join(certificate.read_text().split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0].split())
    c.that(f"{name}: and is the one in the envelope", [("".join(h.split())) for h in held] == [wanted], held)


def xmlsec1_certificate(lab, document, name):
    path = lab.folder / f"{name}.xml"

    def judged(data):
        path.write_bytes(data)
        done = subprocess.run(["xmlsec1", "--verify", "--trusted-pem", PKI / "trust" / "root.pem", "--trusted-pem", PKI / "trust" / "issuing.pem",
                               path], capture_output=True, text=True)
        return done.returncode == 0 and (done.stdout + done.stderr).startswith("OK")

    c.that(f"{name}: xmlsec1 verifies the certificate", judged(document), document[:300])
    c.that(f"{name}: and refuses a changed one", not judged(document.replace(b"<requestNumber>", b"<requestNumber>1", 1)))


def sync(lab):
    """The same with each way zeep can sign."""
    for name, wsse, applicant in (("x509data", portal(), APPLICANT), ("token", portal(BinarySignature), NEGATIVE),
                                  ("timestamp", portal(timestamp=True), APPLICANT)):
        made, history = client(lab, "/shep/sync", wsse)
        message = Message("sync", sender_key=None, applicant=applicant)
        request = {"requestInfo": info(message), "requestData": {"data": text_of(message.application)}}
        answer = made.service.SendMessage(request=request)
        c.same(f"{name}: SUCCESS", answer.responseInfo.status.code, "SUCCESS", answer)
        c.same(f"{name}: correlated", answer.responseInfo.correlationId, message.id)
        document = answer.responseData.data
        document = (document if isinstance(document, str) else "".join(document.itertext())
                    if hasattr(document, "itertext") else str(document)).encode()
        root = etree.fromstring(document)
        c.that(f"{name}: a signed certificate", root.find(f"{{{DS}}}Signature") is not None
               and message.number in root.xpath("//*[local-name()='requestNumber']/text()"), document[:300])
        xmlsec1_certificate(lab, document, name)
        received = history.last_received["envelope"]
        xmlsec1_envelope(lab, received, f"{name} answer")
        again = made.service.SendMessage(request=request)
        c.same(f"{name}: the same message signed anew gets the same answer", (again.responseInfo.messageId, again.responseInfo.responseDate),
               (answer.responseInfo.messageId, answer.responseInfo.responseDate))


def asynchronous(lab):
    made, history = client(lab, "/shep/async", portal())
    message = Message("async", sender_key=None)
    answer = made.service.sendMessage(request={"messageInfo": info(message, messageType="REQUEST"),
                                               "messageData": {"data": text_of(message.application)}})
    c.that("sendMessage: acknowledged with our number", answer.messageId.isdigit() and len(answer.messageId) == 14, answer)
    c.same("sendMessage: correlated", answer.correlationId, message.correlation_id)
    xmlsec1_envelope(lab, history.last_received["envelope"], "async answer")
    box = wait_for("the result", lambda: (b := cabinet(lab, message.correlation_id)) and b["responses"] and b)
    c.same("the cabinet has one result", (box["responses"], box["states"]), (1, ["REGISTERED", "DECIDED", "RESULT_SENT"]))
    xmlsec1_certificate(lab, lab.control(f"/cabinet/document?number={message.number}"), "delivered")


def refused(lab, made, message, code, reason, name, **changes):
    """A refusal is a zeep Fault, whose detail zeep's own types read as ErrorInfo."""
    try:
        answer = made.service.SendMessage(request={"requestInfo": info(message, **changes), "requestData": {"data": text_of(message.application)}})
        c.that(f"{name}: a Fault", False, answer)
        return
    except zeep.exceptions.Fault as fault:
        got = fault
    detail = got.detail[0]
    kind = made.get_element("{http://bip.bee.kz/SyncChannel/v10/Types}SendMessageFault1_SendMessageFault")
    error = kind.parse(detail, made.wsdl.types)
    c.same(f"{name}: element and code", (detail.tag, error.errorCode),
           ("{http://bip.bee.kz/SyncChannel/v10/Types}SendMessageFault1_SendMessageFault", code))
    c.that(f"{name}: reason, date, three languages", f"reason={reason};" in error.errorData and isinstance(error.errorDate, datetime.datetime)
           and error.errorMessage.count(" / ") == 2, error)
    c.that(f"{name}: whose fault", got.code.endswith(":Client") and got.message, (got.code, got.message))


def faults(lab):
    made, _ = client(lab, "/shep/sync", portal())
    refused(lab, made, Message("sync", sender_key=None), "SCE004", "SERVICE_UNKNOWN", "unknown service", serviceId="NO_SUCH")
    refused(lab, made, Message("sync", sender_key=None), "SCE001", "MESSAGE_DATE_STALE", "stale",
            messageDate=datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2))
    changed = Message("sync", sender_key=None)
    changed.application = changed.application.replace("школу", "шкалу")
    refused(lab, made, changed, "SCE016", "APPLICANT_SIGNATURE_DIGEST", "changed application")
    for name, wsse, code, reason in (("stranger", portal(name="system-stranger"), "SCE006", "SENDER_CERTIFICATE_MISMATCH"),
                                     ("expired", portal(name="system-portal-expired"), "SCE005", "TRANSPORT_CERTIFICATE_EXPIRED"),
                                     ("not signed", None, "SCE007", "TRANSPORT_SIGNATURE_MISSING")):
        made, _ = client(lab, "/shep/sync", wsse and unverified(wsse))
        refused(lab, made, Message("sync", sender_key=None), code, reason, name)
    sha1 = unverified(portal())
    sha1.signature_method = sha1.digest_method = None
    made, _ = client(lab, "/shep/sync", sha1)
    refused(lab, made, Message("sync", sender_key=None), "SCE006", "TRANSPORT_SIGNATURE_ALGORITHM", "zeep's default SHA-1")


def unverified(wsse):
    """A refusal to somebody we do not know is not signed; zeep is not to ask for that."""
    wsse.verify = lambda envelope: envelope
    return wsse


def descriptions(lab):
    """tests/system/wsdl_zeep.py with the addresses of the running gateway: one fetch each, all operations and faults."""
    done = subprocess.run(["/usr/bin/python3", ROOT / "tests" / "system" / "wsdl_zeep.py", f"{lab.url}/shep/sync?wsdl", f"{lab.url}/shep/async?wsdl"],
                          capture_output=True, text=True)
    c.that("both descriptions load in one fetch each", done.returncode == 0, done.stderr[-800:])
    made, _ = client(lab, "/shep/sync", None)
    c.same("the address is the one it was fetched from", made.service._binding_options["address"], f"{lab.url}/shep/sync")


with Lab() as lab:
    for part in (descriptions, sync, asynchronous, faults):
        c.part(part, lab)
    c.same("no complaints in the log", complaints(lab), [])
c.finish()
