#!/usr/bin/python3
"""Applications with a CMS signature, over SHEP and REST: `openssl cms` as the applicant's signer, our own for GOST; what is refused, and openssl as the judge of ours."""
import base64
import json
import subprocess
import time

from check import (APPLICANT, PKI, TEXT_XML, Checks, Lab, Message, Store, cabinet, defaults, fault, filled, http_call, moment, number_of, problem, said, sign, state_of,
                   status, wait_for)
from lab import GATEWAY

c = Checks()
RSA, SECOND, GOST = f"applicant-{APPLICANT}", "applicant-870930490018", f"gost-applicant-{APPLICANT}"


class Cms:
    """A fresh application and signatures over it."""

    def __init__(self, folder, **fields):
        self.message = Message("rest", **fields)
        self.values = {**defaults(), "now": moment(), **fields}
        self.values.update(messageId=self.message.id, correlationId=self.message.correlation_id, requestNumber=self.message.number)
        self.xml = filled("application", self.values).encode()
        self.folder = folder
        self.path = folder / "application.xml"
        self.path.write_bytes(self.xml)

    def openssl(self, *options, signers=(RSA,)):
        out = self.folder / "application.p7s"
        who = [x for name in signers for x in ("-signer", PKI / "certs" / f"{name}.pem", "-inkey", PKI / "keys" / f"{name}.key")]
        subprocess.run(["openssl", "cms", "-sign", "-binary", "-in", self.path, "-outform", "DER", "-out", out, *options, *who], check=True, capture_output=True)
        return out.read_bytes()

    def ours(self, signer, *options):
        out = self.folder / "ours.p7s"
        subprocess.run([GATEWAY, "sign", "--cms", *options, "--key", PKI / "keys" / f"{signer}.key", "--cert", PKI / "certs" / f"{signer}.pem", "--out", out, self.path],
                       check=True, capture_output=True)
        return out.read_bytes()

    def soap(self, der, lines=False):
        text = (base64.encodebytes if lines else base64.b64encode)(der).decode()
        plain = filled("sync", {**self.values, "data": f"<data>{text}</data>"})
        return sign(plain, "system-portal", soap=True)


def shep(lab, body):
    return http_call(lab.url + "/shep/sync", "POST", body, {"Content-Type": TEXT_XML, "SOAPAction": '""'}, timeout=40)


def rest(lab, key, body, content_type):
    return http_call(lab.tls_url + "/api/v1/requests", "POST", body, {"Content-Type": content_type, "Idempotency-Key": key}, "tls-portal", 40)


def b64(data):
    return base64.b64encode(data).decode()


def over_shep(lab):
    """Each good form ends with SUCCESS, and later stages read the content."""
    for name, make in {
            "RSA": lambda m: m.openssl("-nodetach"),
            "RSA CAdES": lambda m: m.openssl("-nodetach", "-cades"),
            "in pieces (BER)": lambda m: m.openssl("-nodetach", "-stream", "-cades"),
            "by key identifier": lambda m: m.openssl("-nodetach", "-keyid", "-md", "sha512"),
            "two signers": lambda m: m.openssl("-nodetach", "-cades", signers=(SECOND, RSA)),
            "GOST, our signer": lambda m: m.ours(GOST)}.items():
        m = Cms(lab.folder)
        answer = shep(lab, m.soap(make(m), lines=name == "RSA"))
        c.same(f"SHEP, {name}", (answer.status, b"SUCCESS" in answer.body), (200, True), answer)
    m = Cms(lab.folder, applicant="790321490015", declarantId="790321490015")
    answer = shep(lab, m.soap(m.openssl("-nodetach", "-cades", signers=("applicant-790321490015",))))
    c.same("SHEP, P-256", (answer.status, b"SUCCESS" in answer.body), (200, True), answer)


def what_is_kept(lab):
    """The content is the application; the CMS stays in the envelope, and the verdict says which form it was."""
    m = Cms(lab.folder)
    der = m.openssl("-nodetach", "-cades")
    answer = rest(lab, m.message.id, der, "application/pkcs7-mime; smime-type=signed-data")
    c.same("REST DER: 201", answer.status, 201, answer)
    link = answer.json["links"]["self"]
    wait_for("the result", lambda: http_call(lab.tls_url + link, certificate="tls-portal").json.get("outcome") == "POSITIVE")
    rows = Store(lab).rows("SELECT application, envelope, verdict FROM message_body JOIN message USING (request_id) WHERE message_id = ?", m.message.id)
    c.same("one row", len(rows), 1)
    c.same("application is the content", bytes(rows[0][0]), m.xml)
    c.same("envelope is what was sent", bytes(rows[0][1]), der)
    verdict = json.loads(rows[0][2])
    c.same("verdict: form", (verdict["applicantForm"], len(verdict["applicantSigners"])), ("cms", 1), verdict)


def over_rest(lab):
    forms = {
        "DER": lambda m: (m.openssl("-nodetach", "-cades"), "application/cms"),
        "base64": lambda m: (base64.b64encode(m.openssl("-nodetach", "-cades")), "application/pkcs7-signature"),
        "JSON attached": lambda m: (json.dumps({"cms": b64(m.openssl("-nodetach"))}), "application/json"),
        "JSON detached": lambda m: (json.dumps({"application": b64(m.xml), "signature": b64(m.openssl("-cades"))}), "application/json; charset=utf-8"),
        "JSON detached, GOST": lambda m: (json.dumps({"application": b64(m.xml), "signature": b64(m.ours(GOST, "--detached"))}), "application/json"),
        "JSON of signed XML": lambda m: (json.dumps({"application": b64(m.message.body)}), "application/json"),
    }
    for name, make in forms.items():
        m = Cms(lab.folder)
        body, content_type = make(m)
        answer = rest(lab, m.message.id, body, content_type)
        c.same(f"REST, {name}: 201", answer.status, 201, answer)
        again = rest(lab, m.message.id, body, content_type)
        c.same(f"REST, {name}: the same again", (again.status, again.json.get("number")), (200, answer.json["number"]), again)
    again = rest(lab, m.message.id, m.message.body, "application/xml")
    c.same("the same XML without its JSON is the same message", again.status, 200, again)


def refused(lab):
    def flipped(der, what):
        at = der.index(what)
        return der[:at] + bytes([der[at] ^ 1]) + der[at + 1:]

    def signed_inside(m):
        m.path.write_bytes(m.message.body)
        return m.openssl("-nodetach")

    for name, make, reason in (
            ("content changed", lambda m: m.openssl("-nodetach").replace(m.message.number.encode(), b"9" * 14), "APPLICANT_SIGNATURE_DIGEST"),
            ("value changed", lambda m: (d := m.openssl("-nodetach"))[:-1] + bytes([d[-1] ^ 1]), "APPLICANT_SIGNATURE_INVALID"),
            ("signingCertificateV2 of another", lambda m: flipped(m.openssl("-nodetach", "-cades"), digest_of(RSA)),
             "APPLICANT_SIGNATURE_PROPERTIES"),
            ("no certificate", lambda m: m.openssl("-nodetach", "-nocerts"), "APPLICANT_CERTIFICATE_UNREADABLE"),
            ("no signed attributes", lambda m: m.openssl("-nodetach", "-noattr"), "APPLICANT_SIGNATURE_PROPERTIES"),
            ("detached", lambda m: m.openssl(), "APPLICANT_SIGNATURE_COVERAGE"),
            ("SHA-1", lambda m: m.openssl("-nodetach", "-md", "sha1"), "APPLICANT_SIGNATURE_ALGORITHM"),
            ("AUTH certificate", lambda m: m.openssl("-nodetach", signers=("bad-auth",)), "APPLICANT_CERTIFICATE_USAGE"),
            ("expired", lambda m: m.openssl("-nodetach", signers=("bad-expired",)), "APPLICANT_CERTIFICATE_EXPIRED"),
            ("one of two expired", lambda m: m.openssl("-nodetach", signers=(RSA, "bad-expired")), "APPLICANT_CERTIFICATE_EXPIRED"),
            ("foreign CA", lambda m: m.openssl("-nodetach", signers=("bad-foreign-ca",)), "APPLICANT_CERTIFICATE_UNTRUSTED"),
            ("weak key", lambda m: m.openssl("-nodetach", signers=("bad-weak",)), "APPLICANT_KEY_WEAK"),
            ("somebody else", lambda m: m.openssl("-nodetach", signers=(SECOND,)), "APPLICANT_IIN_MISMATCH"),
            ("another content type", lambda m: m.openssl("-nodetach", "-econtent_type", "1.2.3.4"), "APPLICANT_SIGNATURE_STRUCTURE"),
            ("XML signature inside", signed_inside, "APPLICANT_SIGNATURE_SEVERAL"),
            ("cut", lambda m: m.openssl("-nodetach")[:-20], "CMS_MALFORMED")):
        m = Cms(lab.folder)
        der = make(m)
        answer = shep(lab, m.soap(der))
        c.same(f"SHEP, {name}", fault(answer)[2], reason, answer)
        answer = rest(lab, m.message.id, der, "application/cms")
        c.same(f"REST, {name}", problem(answer)[2], reason, answer)


def digest_of(name):
    """The fingerprint as signingCertificateV2 has it."""
    text = subprocess.run(["openssl", "x509", "-in", PKI / "certs" / f"{name}.pem", "-noout", "-fingerprint", "-sha256"], capture_output=True, check=True, text=True).stdout
    return bytes.fromhex(text.split("=")[1].replace(":", ""))


def json_refused(lab):
    m = Cms(lab.folder)
    xml, signature, cms = b64(m.xml), b64(m.openssl()), b64(m.openssl("-nodetach"))
    for name, body in {
            "not JSON": "{", "a list": "[]", "nothing": "{}", "a signature alone": json.dumps({"signature": signature}),
            "an unknown key": json.dumps({"cms": cms, "x": 1}), "two forms": json.dumps({"cms": cms, "application": xml}),
            "a key twice": f'{{"application": "{xml}", "application": "{xml}"}}', "no base64": json.dumps({"cms": "%%"}),
            "a number": json.dumps({"cms": 1}), "empty": json.dumps({"cms": ""}), "bytes behind": json.dumps({"cms": cms}) + "x",
            "deep": "[" * 100000}.items():
        c.same(f"JSON, {name}", problem(rest(lab, m.message.id, body, "application/json"))[1:], ("SCE001", "DATA_FORM"))
    other = Cms(lab.folder)
    body = json.dumps({"application": b64(other.xml), "signature": signature})
    c.same("JSON, the signature of another application", problem(rest(lab, m.message.id, body, "application/json"))[2], "APPLICANT_SIGNATURE_DIGEST")
    c.same("another type", problem(rest(lab, m.message.id, m.xml, "application/pdf"))[2], "HTTP_TYPE")


def command_line(lab):
    """`sign --cms` against `openssl cms -verify`; `verify` says what it says of XML."""
    for signer in (RSA, "applicant-790321490015", "applicant-850412390201"):
        m = Cms(lab.folder)
        for options, more in (((), ()), (("--detached",), ("-content", m.path))):
            m.ours(signer, *options)
            done = subprocess.run(["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", lab.folder / "ours.p7s", *more, "-CAfile", PKI / "trust" / "issuing.pem",
                                   "-partial_chain", "-purpose", "any"], capture_output=True)
            c.same(f"openssl verifies ours: {signer} {options}", (done.returncode, done.stdout), (0, m.xml), done.stderr)
    m = Cms(lab.folder)
    m.ours(GOST, "--detached")
    verify = [GATEWAY, "verify", "--trust", PKI / "trust", "--json"]
    done = subprocess.run([*verify, "--content", m.path, lab.folder / "ours.p7s"], capture_output=True, text=True)
    part = json.loads(done.stdout)[0]["parts"][0]
    c.same("verify --content", (done.returncode, part["code"], part["algorithm"], part["coveredBytes"]), (0, "OK", "gost34102015-512", len(m.xml)), part)
    c.that("no whole IIN", APPLICANT not in done.stdout, done.stdout)
    done = subprocess.run([*verify, lab.folder / "ours.p7s"], capture_output=True, text=True)
    c.same("verify without its content", (done.returncode, json.loads(done.stdout)[0]["code"]), (1, "APPLICANT_SIGNATURE_COVERAGE"), done.stdout)


# ---- when nothing is known about revocation ----

def der(tag, *contents):
    content = b"".join(contents)
    size = len(content)
    head = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + head + content


def parts(data):
    """(content, whole) of each element of definite length."""
    found = []
    while data:
        size, at = data[1], 2
        if size >= 128:
            at += size & 127
            size = int.from_bytes(data[2:at], "big")
        found.append((data[at:at + size], data[:at + size]))
        data = data[at + size:]
    return found


def stamped(lab, cms):
    """CAdES-T: the simulated authority's token goes behind the only signature."""
    oid, wrapped = parts(parts(cms)[0][0])
    *head, (signers, _) = parts(parts(wrapped[0])[0][0])
    signer, = parts(signers)
    value = parts(signer[0])[-1][0]
    folder = lab.folder
    (folder / "value").write_bytes(value)
    subprocess.run(["openssl", "ts", "-query", "-data", folder / "value", "-sha256", "-cert", "-out", folder / "query"], check=True, capture_output=True)
    answer = http_call(lab.pki_urls()["tsa"], "POST", (folder / "query").read_bytes(), {"Content-Type": "application/timestamp-query"})
    token = parts(parts(answer.body)[0][0])[1][1]
    attribute = der(0x30, bytes.fromhex("060b2a864886f70d010910020e"), der(0x31, token))
    signer = der(0x30, signer[0], der(0xa1, attribute))
    return der(0x30, oid[1], der(0xa0, der(0x30, *[whole for _, whole in head], der(0x31, signer))))


def of(name):
    """Fields of an application by this person of the test PKI."""
    person = name.rsplit("-", 1)[1]
    return {"applicant": person, "declarantId": person}


def unknown_settings(lab):
    return {**lab.revocation_sections(mode="ocsp", refresh_ms=3600000, retry_first_ms=100, retry_longest_ms=400, timeout_ms=1000, connect_timeout_ms=500),
            "gateway": {"sync_wait_ms": 150}, "verify": {"clock_skew_ms": 0}, "retry": {"first_ms": 100, "longest_ms": 1000}}


class Waiting:
    """One application that is sent, and may be sent again."""

    def __init__(self, lab, name, form, make):
        self.cms = Cms(lab.folder, **of(name))
        self.bytes, self.form, self.lab = make(self.cms), form, lab
        if form == "soap":
            self.body = self.cms.soap(self.bytes)
        self.number = None

    def send(self):
        if self.form == "soap":
            answer = shep(self.lab, self.body)
        elif self.form == "DER":
            answer = rest(self.lab, self.cms.message.id, self.bytes, "application/cms")
        else:
            answer = rest(self.lab, self.cms.message.id, json.dumps({"application": b64(self.cms.xml), "signature": b64(self.bytes)}), "application/json")
        return answer


def checking():
    with Lab(settings=unknown_settings) as lab:
        attached = ("-nodetach", "-cades")
        by = lambda name: lambda m: m.openssl(*attached, signers=(name,))
        c.within("the portal and the registries are known", lambda: said(Message("sync").send(lab)) == "SUCCESS")
        lab.pki_fault("ocsp", "http500")
        waiting = {
            "CMS": Waiting(lab, SECOND, "soap", by(SECOND)),
            "CAdES-T": Waiting(lab, SECOND, "soap", lambda m: stamped(lab, by(SECOND)(m))),
            "only the stamp's authority is unknown": Waiting(lab, RSA, "soap", lambda m: stamped(lab, by(RSA)(m))),
            "GOST": Waiting(lab, GOST, "soap", lambda m: m.ours(GOST)),
            "one of two signers": Waiting(lab, RSA, "DER", lambda m: m.openssl(*attached, signers=(SECOND, RSA))),
            "REST, DER": Waiting(lab, SECOND, "DER", by(SECOND)),
            "REST, detached": Waiting(lab, SECOND, "JSON", lambda m: m.openssl("-cades", signers=(SECOND,))),
        }
        for name, one in waiting.items():
            answer = one.send()
            one.number = number_of(answer) if answer.status in (200, 202) else None
            c.same(f"CHECKING, {name}", said(answer) if one.form == "soap" else (answer.status, answer.json.get("state")),
                   "IN_PROGRESS" if one.form == "soap" else (202, "CHECKING"), answer)
        c.same("all of them wait", status(lab)["requests"]["CHECKING"], len(waiting))
        c.same("repetitions are the same", [number_of(one.send()) for one in waiting.values()], [one.number for one in waiting.values()])
        broken = Cms(lab.folder, **of(SECOND))
        spoilt = by(SECOND)(broken)
        c.same("a broken signature does not wait", problem(rest(lab, broken.message.id, spoilt[:-1] + bytes([spoilt[-1] ^ 1]), "application/cms"))[2], "APPLICANT_SIGNATURE_INVALID")
        lab.pki_fault("ocsp")
        for name, one in waiting.items():
            c.within(f"goes on, {name}", lambda one=one: state_of(lab, one.number) == "RESULT_SENT")
            verdict = json.loads(Store(lab).value("SELECT verdict FROM message_body WHERE request_id = ?", int(one.number[3:])))
            c.same(f"the verdict is renewed, {name}", (verdict["code"], verdict["applicantForm"], {s["revocation"]["answer"] for s in verdict["applicantSigners"]}),
                   ("OK", "cms", {"GOOD"}), verdict)
        c.same("with the notices as ever", cabinet(lab, waiting["CAdES-T"].cms.message.correlation_id)["states"], ["REGISTERED", "DECIDED", "RESULT_SENT"])
        c.same("the result is there", said(waiting["CAdES-T"].send()), "SUCCESS")

        # Revoked: before the receipt it is refused, after it the request is good.
        lab.pki_fault("ocsp", "http500")
        early, late = "applicant-480509390010", "applicant-790321490015"
        refused_ones = {"CMS": Waiting(lab, early, "soap", by(early)), "CAdES-T": Waiting(lab, early, "soap", lambda m: stamped(lab, by(early)(m))),
                        "REST": Waiting(lab, early, "JSON", lambda m: m.openssl("-cades", signers=(early,)))}
        after = Waiting(lab, late, "soap", by(late))
        for one in (*refused_ones.values(), after):
            one.number = number_of(one.send())
        c.same("they wait", status(lab)["requests"]["CHECKING"], len(refused_ones) + 1)
        lab.revoke(early, ago=3600)
        time.sleep(1.1)
        lab.revoke(late)
        lab.pki_fault("ocsp")
        for name, one in refused_ones.items():
            c.within(f"REJECTED_INTAKE, {name}", lambda one=one: state_of(lab, one.number) == "REJECTED_INTAKE")
            c.within(f"one notice, {name}", lambda one=one: (cabinet(lab, one.cms.message.correlation_id or "") or {}).get("states") == ["REJECTED_INTAKE"]
                     if one.form == "soap" else True)
        c.same("a repetition says why", said(refused_ones["CAdES-T"].send()), "APPLICANT_CERTIFICATE_REVOKED")
        c.same("over REST too", problem(refused_ones["REST"].send())[2], "APPLICANT_CERTIFICATE_REVOKED")
        c.within("revoked after the receipt is good", lambda: state_of(lab, after.number) == "RESULT_SENT")
        c.same("the record of events is whole", lab.run("fsck", "--conf", lab.conf).returncode, 0)


def main():
    c.part(checking)
    with Lab() as lab:
        for part in (over_shep, what_is_kept, over_rest, refused, json_refused, command_line):
            c.part(part, lab)


main()
c.finish()
