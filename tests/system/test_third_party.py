#!/usr/bin/python3
"""What others sign is accepted end to end: applications and envelopes signed by the JDK, by xmlsec1 and by python3-xmlsec, with the certificate
carried, with its chain, or only named; and each with one changed character is not. (zeep has a test of its own.)"""
import pathlib
import shutil
import subprocess
import tempfile

from check import APPLICANT, PKI, ROOT, TEXT_XML, Checks, Lab, Message, defaults, fault, filled, http_call, moment

c = Checks()
DS, ENC, MORE = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2001/04/xmldsig-more#"
C14N, EXC = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2001/10/xml-exc-c14n#"


def key(name):
    return PKI / "keys" / f"{name}.key", PKI / "certs" / f"{name}.pem"


def application(applicant=APPLICANT):
    number = Message("rest", application="<x/>").number
    return filled("application", {**defaults(), "now": moment(), "requestNumber": number, "applicant": applicant})


def judge(lab, name, document):
    """The signed application travels in an envelope of the portal."""
    answer = Message("sync", application=document).send(lab)
    c.same(f"{name}: accepted", (answer.status, b"SUCCESS" in answer.body), (200, True), answer)
    changed = Message("sync", application=document.replace("<language>ru", "<language>kk")).send(lab)
    c.same(f"{name}: another language", fault(changed)[2], "APPLICANT_SIGNATURE_DIGEST", changed)


# ---- the JDK ----

def jdk(name, jobs, folder):
    """jobs: [(form, text)]; the signed texts."""
    arguments, outs = [], []
    for number, (form, text) in enumerate(jobs):
        source, out = folder / f"{name}-{number}.in.xml", folder / f"{name}-{number}.out.xml"
        source.write_text(text)
        arguments += [form, source, out]
        outs.append(out)
    done = subprocess.run(["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", ROOT / "tests" / "system" / "SignXml.java", *key(name),
                           PKI / "trust" / "issuing.pem", *arguments], capture_output=True, text=True)
    c.same(f"the JDK signs as {name}", done.returncode, 0, done.stderr)
    return [out.read_text() for out in outs]


def jdk_documents(lab):
    forms = ("document", "chain", "issuer-serial", "digest512", "exclusive")
    for form, document in zip(forms, jdk(f"applicant-{APPLICANT}", [(form, application()) for form in forms], lab.folder)):
        judge(lab, f"JDK, {form}", document)


def jdk_elliptic(lab):
    person = "790321490015"
    document, = jdk(f"applicant-{person}", [("document", application(person))], lab.folder)
    judge(lab, "JDK, P-256", document)


def jdk_envelopes(lab):
    forms = ("token", "identifier", "soap-issuer-serial", "thumbprint")
    signed = jdk("system-portal", [(form, Message("sync", sender_key=None).plain) for form in forms], lab.folder)
    for form, envelope in zip(forms, signed):
        def send(text):
            return http_call(lab.url + "/shep/sync", "POST", text.encode(), {"Content-Type": TEXT_XML, "SOAPAction": '""'})
        changed = send(envelope.replace("<correlationId>chain", "<correlationId>chaim"))
        c.same(f"JDK, {form}: one letter changed", fault(changed)[2], "TRANSPORT_SIGNATURE_DIGEST", changed)
        answer = send(envelope)
        c.same(f"JDK, {form}: accepted", (answer.status, b"SUCCESS" in answer.body), (200, True), answer)


# ---- xmlsec ----

def template(key_info="<ds:X509Data/>", c14n=C14N):
    transforms = f'<ds:Transform Algorithm="{DS}enveloped-signature"/><ds:Transform Algorithm="{c14n}"/>'
    return application().replace("</application>", f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{c14n}"/>'
                                 f'<ds:SignatureMethod Algorithm="{MORE}rsa-sha256"/><ds:Reference URI=""><ds:Transforms>{transforms}</ds:Transforms>'
                                 f'<ds:DigestMethod Algorithm="{ENC}sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>'
                                 f"<ds:KeyInfo>{key_info}</ds:KeyInfo></ds:Signature></application>")


def xmlsec1(lab):
    private, certificate = key(f"applicant-{APPLICANT}")
    chain = f"{private},{certificate},{PKI / 'trust' / 'issuing.pem'}"
    for name, keys, text in (("certificate", f"{private},{certificate}", template()), ("chain", chain, template()), ("exclusive", chain, template(c14n=EXC)),
                             ("issuer and serial number", f"{private},{certificate}", template("<ds:X509Data><ds:X509IssuerSerial/></ds:X509Data>")),
                             ("key identifier", f"{private},{certificate}", template("<ds:X509Data><ds:X509SKI/></ds:X509Data>"))):
        source, out = lab.folder / "xmlsec1.in.xml", lab.folder / "xmlsec1.out.xml"
        source.write_text(text)
        done = subprocess.run(["xmlsec1", "--sign", "--privkey-pem", keys, "--output", out, source], capture_output=True, text=True)
        c.same(f"xmlsec1 signs, {name}", done.returncode, 0, done.stderr)
        judge(lab, f"xmlsec1, {name}", out.read_text())


def python_xmlsec(lab):
    try:
        import xmlsec
        from lxml import etree
    except ImportError as missing:
        c.skip("python3-xmlsec", missing)
        return
    private, certificate = key(f"applicant-{APPLICANT}")
    root = etree.fromstring(application())
    signature = xmlsec.template.create(root, xmlsec.Transform.C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    root.append(signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(str(private), xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_file(str(certificate), xmlsec.KeyFormat.PEM)
    context.sign(signature)
    judge(lab, "python3-xmlsec", etree.tostring(root, encoding="unicode"))


def main():
    known = pathlib.Path(tempfile.mkdtemp(prefix="egov-known-"))
    for name in ("system-portal", f"applicant-{APPLICANT}"):
        shutil.copy(PKI / "certs" / f"{name}.pem", known)
    try:
        with Lab(settings={"verify": {"certificates": known}}) as lab:
            parts = [xmlsec1, python_xmlsec]
            if shutil.which("java"):
                parts += [jdk_documents, jdk_elliptic, jdk_envelopes]
            else:
                c.skip("the JDK", "there is none")
            for part in parts:
                c.part(part, lab)
        with Lab() as lab:
            private, certificate = key(f"applicant-{APPLICANT}")
            source, out = lab.folder / "in.xml", lab.folder / "out.xml"
            source.write_text(template("<ds:X509Data><ds:X509SKI/></ds:X509Data>"))
            subprocess.run(["xmlsec1", "--sign", "--privkey-pem", f"{private},{certificate}", "--output", out, source], capture_output=True, check=True)
            answer = Message("sync", application=out.read_text()).send(lab)
            c.same("a name, and no folder of certificates", fault(answer)[2], "APPLICANT_SIGNATURE_KEY_INFO", answer)
    finally:
        shutil.rmtree(known)


main()
c.finish()
