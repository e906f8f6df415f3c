#!/usr/bin/python3
"""`egov-gateway diagnose` and POST /api/v1/diagnose: each usual mistake of signing, made on purpose by a signer of our own (lxml and the openssl command), must be
recognised by its finding, and a good signature must raise no error. The last part asks the running gateway."""
import base64
import hashlib
import json
import subprocess
import tempfile

from check import GATEWAY, PKI, Checks, Lab, Message, filled, defaults, http_call, moment, sign
from lxml import etree

c = Checks()
DS = "http://www.w3.org/2000/09/xmldsig#"
C14N, EXC = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256, RSA = "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
folder = tempfile.TemporaryDirectory()


def run(text, *options):
    path = folder.name + "/message.xml"
    with open(path, "wb") as out:
        out.write(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run([GATEWAY, "diagnose", "--trust", PKI / "trust", "--json", *options, path], capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode())
    return json.loads(done.stdout)[0]


def errors(report):
    return [f["code"] for f in report["findings"] if f["severity"] == "error"]


def finding(report, code):
    return next((f for f in report["findings"] if f["code"] == code), {})


def raw_sign(data, name, digest="sha256", ready=False):
    """RSA or ECDSA by the openssl command; ECDSA comes out as DER."""
    key = PKI / "keys" / f"{name}.key"
    if ready:
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", key, "-pkeyopt", f"digest:{digest}"], input=data, capture_output=True, check=True).stdout
    return subprocess.run(["openssl", "dgst", f"-{digest}", "-sign", key], input=data, capture_output=True, check=True).stdout


def certificate(name):
    return "".join((PKI / "certs" / f"{name}.pem").read_text().split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0].split())


def canonical(text, **options):
    return etree.tostring(etree.fromstring(text.encode() if isinstance(text, str) else text), method="c14n", with_comments=True, **options)


def signed_info(digest_value, c14n=C14N, transform=C14N, method=RSA):
    return (f'<SignedInfo xmlns="{DS}"><CanonicalizationMethod Algorithm="{c14n}"></CanonicalizationMethod><SignatureMethod Algorithm="{method}"></SignatureMethod>'
            f'<Reference URI=""><Transforms><Transform Algorithm="{DS}enveloped-signature"></Transform><Transform Algorithm="{transform}"></Transform></Transforms>'
            f'<DigestMethod Algorithm="{SHA256}"></DigestMethod><DigestValue>{digest_value}</DigestValue></Reference></SignedInfo>')


def enveloped(text, digested=None, digest=None, info=None, value=None, signer="applicant-850412390011", shown=None, **shape):
    """The document with a signature made as told: digested bytes, digest text, SignedInfo, what is signed, whose certificate is shown."""
    digested = canonical(text) if digested is None else digested
    digest = base64.b64encode(hashlib.sha256(digested).digest()).decode() if digest is None else digest
    info = info or signed_info(digest, **shape)
    value = raw_sign(info.encode(), signer) if value is None else value
    signature = (f'<Signature xmlns="{DS}">{info.replace(f" xmlns={chr(34)}{DS}{chr(34)}", "")}<SignatureValue>{base64.b64encode(value).decode()}</SignatureValue>'
                 f"<KeyInfo><X509Data><X509Certificate>{certificate(shown or signer)}</X509Certificate></X509Data></KeyInfo></Signature>")
    root = etree.fromstring(text.encode()).tag.split("}")[-1]
    return text.replace(f"</{root}>", f"{signature}</{root}>")


def plain():
    """An application without indentation and declaration, with an unused namespace and an empty element."""
    text = filled("application", {**defaults(), "now": moment(), "requestNumber": "20000000000001"})
    root = etree.fromstring(text.encode(), etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, encoding="unicode")


def expect(name, report, *codes, difference=None):
    c.same(name, sorted(errors(report)), sorted(codes), json.dumps(report, ensure_ascii=False)[:1500])
    if difference:
        found = finding(report, codes[0]).get("firstDifference", {})
        c.that(f"{name}: the first difference", all(d in found.get(where, "") for where, d in difference.items()), found)


# ---- enveloped ----

def digests():
    text = plain()
    pretty = etree.tostring(etree.fromstring(text.encode()), pretty_print=True, encoding="unicode").rstrip("\n")
    good = run(enveloped(text))
    expect("good", good)
    c.same("good: verdict", (good["valid"], good["code"]), (True, "OK"))
    c.that("good: what is covered is said", finding(good, "COVERED").get("expected") == finding(good, "COVERED").get("found"))
    expect("indented after signing", run(enveloped(pretty, canonical(text))), "DIGEST_BLANKS_ADDED", difference={"received": "⟦\\n"})
    expect("signed indented, then squeezed", run(enveloped(text, canonical(pretty))), "DIGEST_BLANKS_REMOVED", difference={"signed": "⟦\\n"})
    lines = text.replace("</phone>", "\n</phone>") if "</phone>" in text else text.replace("><", ">\n<", 1)
    expect("CR LF became LF", run(enveloped(lines, canonical(lines).replace(b"\n", b"&#xD;\n"))), "DIGEST_LINE_ENDS", difference={"signed": "&#xD;"})
    with_empty = text.replace("><", "><empty/><", 1)
    expect("the text and not its canonical form", run(enveloped(with_empty, with_empty.encode())), "DIGEST_NOT_CANONICAL", difference={"signed": "⟦/>"})
    expect("with the XML declaration", run(enveloped(text, b'<?xml version="1.0" encoding="UTF-8"?>\n' + canonical(text))), "DIGEST_NOT_CANONICAL")
    unused = text.replace(" xmlns=", ' xmlns:unused="urn:unused" xmlns=', 1)
    expect("another canonicalisation", run(enveloped(unused, canonical(unused, exclusive=True))), "DIGEST_OTHER_C14N", "VALUE_OTHER_C14N", difference={"signed": "⟦"})
    expect("another hash", run(enveloped(text, digest=base64.b64encode(hashlib.sha512(canonical(text)).digest()).decode())), "DIGEST_OTHER_HASH")
    sha1 = run(enveloped(text, digest=base64.b64encode(hashlib.sha1(canonical(text)).digest()).decode()))
    c.same("SHA-1 is named", finding(sha1, "DIGEST_OTHER_HASH").get("found"), "SHA-1")
    expect("hexadecimal", run(enveloped(text, digest=hashlib.sha256(canonical(text)).hexdigest())), "DIGEST_ENCODING")
    expect("base64 of hexadecimal", run(enveloped(text, digest=base64.b64encode(hashlib.sha256(canonical(text)).hexdigest().upper().encode()).decode())), "DIGEST_ENCODING")
    expect("bytes reversed", run(enveloped(text, digest=base64.b64encode(hashlib.sha256(canonical(text)).digest()[::-1]).decode())), "DIGEST_BYTE_ORDER")
    misread = text.encode().decode("cp1251", "replace")
    c.that("the sample has Cyrillic", misread != text)
    word = "Алматы"
    cyrillic = text.replace("><", f"><city>{word}</city><", 1)
    broken = cyrillic.replace(word, word.encode().decode("cp1251", "ignore"))
    expect("read as windows-1251 on the way", run(enveloped(broken, canonical(cyrillic))), "DIGEST_MISREAD_TEXT", difference={"received": "Рђ"})
    blank = enveloped(text).replace(f'<Signature xmlns="{DS}"', f'\n  <Signature xmlns="{DS}"').replace("</Signature>", "</Signature>\n")
    expect("white space around the signature", run(blank), "DIGEST_SIGNATURE_BLANKS")
    template = enveloped(text, digest="", value=b"")
    expect("digested with its template", run(enveloped(text, digested=canonical(template))), "DIGEST_WITH_SIGNATURE")
    first = enveloped(text)
    expect("second signer covers the first", run(enveloped(first, signer="applicant-870930490018")))
    expect("second signer leaves the first out", run(enveloped(first, canonical(text), signer="applicant-870930490018")), "DIGEST_WITHOUT_SIGNATURES")
    changed = enveloped(text).replace("850412390011", "850412390021", 1)
    report = run(changed)
    expect("changed content", report, "DIGEST_UNEXPLAINED")
    c.that("changed content: our canonical bytes are given", canonical(text.replace("850412390011", "850412390021", 1)).decode() == finding(report, "DIGEST_UNEXPLAINED").get("canonical"))
    with open(folder.name + "/signed", "wb") as out:
        out.write(canonical(text))
    expect("changed content, the signer's bytes given", run(changed, "--signed-bytes", folder.name + "/signed"), "DIGEST_OWN_BYTES",
           difference={"signed": "8504123900⟦1", "received": "8504123900⟦2"})
    with open(folder.name + "/signed", "wb") as out:
        out.write(b"other")
    expect("the signer is wrong about his bytes", run(changed, "--signed-bytes", folder.name + "/signed"), "DIGEST_OWN_BYTES_OTHER")
    expect("two mistakes at once", run(enveloped(pretty, digest=hashlib.sha256(canonical(text)).hexdigest())), "DIGEST_BLANKS_ADDED", "DIGEST_ENCODING")


def values():
    text = plain()
    digest = base64.b64encode(hashlib.sha256(canonical(text)).digest()).decode()
    info = signed_info(digest).encode()
    other = "applicant-870930490018"
    expect("ECDSA as DER", run(enveloped(text, signer="applicant-790321490015", method=ECDSA)), "VALUE_DER")
    expect("hashed twice", run(enveloped(text, value=raw_sign(hashlib.sha256(info).digest(), "applicant-850412390011"))), "VALUE_HASHED_TWICE")
    expect("another hash", run(enveloped(text, value=raw_sign(info, "applicant-850412390011", "sha512"))), "VALUE_OTHER_HASH")
    expect("another certificate is shown", run(enveloped(text, shown=other)), "VALUE_UNEXPLAINED")
    two = enveloped(text, shown=other).replace("</X509Data>", f"</X509Data><X509Data><X509Certificate>{certificate('applicant-850412390011')}</X509Certificate></X509Data>")
    expect("the second certificate is the right one", run(two), "VALUE_OTHER_CERTIFICATE")
    spaced = enveloped(text).replace("<SignedInfo>", "<SignedInfo>\n  ").replace("</SignedInfo>", "\n</SignedInfo>")
    expect("SignedInfo indented after signing", run(spaced), "VALUE_BLANKS_ADDED", difference={"received": "⟦\\n"})
    expect("SignedInfo changed", run(enveloped(text, info=signed_info(digest), value=raw_sign(signed_info("AAAA").encode(), "applicant-850412390011"))), "VALUE_CHANGED")
    prefixed = text.replace(" xmlns=", ' xmlns:unused="urn:unused" xmlns=', 1)
    expect("SignedInfo made outside of the document", run(enveloped(prefixed)), "VALUE_OTHER_C14N")
    no_key = enveloped(text)
    no_key = no_key[:no_key.index("<KeyInfo>")] + no_key[no_key.index("</KeyInfo>") + len("</KeyInfo>"):]
    c.that("no certificate", "CERTIFICATE_ABSENT" in errors(run(no_key)))
    gost = next(iter(sorted((PKI / "certs").glob("gost-applicant-*.pem"))), None)
    if not gost:
        c.skip("GOST in the Russian byte order", "no GOST applicant in the PKI")
        return
    made = sign(filled("application", {**defaults(), "now": moment(), "requestNumber": "20000000000001"}), gost.stem).decode()
    value = made.split("SignatureValue>")[1].split("</")[0]
    turned = base64.b64encode(base64.b64decode(value)[::-1]).decode()
    expect("GOST, good", run(made))
    expect("GOST in the Russian byte order", run(made.replace(value, turned)), "VALUE_BYTE_ORDER")


# ---- SOAP ----

def soap():
    good = Message("sync").body.decode()
    identifier = good.split('URI="#')[1].split('"')[0]
    report = run(good)
    expect("good envelope", report)
    c.same("good envelope: all parts", [p["part"] for p in report["parts"]], ["transport", "date", "document"])
    expect("the Reference names an id that is nowhere", run(good.replace(f'Id="{identifier}"', 'Id="id-other"')), "ID_UNKNOWN", "BODY_UNSIGNED")
    c.that("Body without an id", {"BODY_WITHOUT_ID", "ID_UNKNOWN"} <= set(errors(run(good.replace(f'wsu:Id="{identifier}"', "")))))
    twice = good.replace("<wsse:Security", f'<wsse:Security xmlns:wsu="{WSU}" wsu:Id="{identifier}"', 1)
    c.that("an id twice", "ID_AMBIGUOUS" in errors(run(twice)), errors(run(twice)))
    stale = run(Message("sync", now=moment(days=-3)).body)
    c.that("a stale date", "MESSAGE_DATE" in errors(stale) and 259100 < finding(stale, "MESSAGE_DATE")["ageSeconds"] < 259300, stale)
    c.same("a stale date: the verdict", stale["code"], "MESSAGE_DATE_STALE")
    bare = run(Message("sync", sender_key=None).body)
    c.that("no transport signature", "NO_SIGNATURE" in errors(bare) and bare["code"] == "TRANSPORT_SIGNATURE_MISSING", bare)
    moved = good.replace("</requestInfo>", "<x/></requestInfo>")
    c.that("not the contract", "NOT_SHEP" in errors(run(moved)), errors(run(moved)))
    c.that("changed Body", "DIGEST_UNEXPLAINED" in errors(run(good.replace("<serviceId>", "<serviceId>X", 1))))


def hostile():
    for name, text in {"empty": b"", "garbage": b"\xff\xfe\x00", "doctype": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "no root": b"<!-- -->", "cut": plain()[:200].encode(),
                       "bare": b"<a/>", "empty signature": f'<a><Signature xmlns="{DS}"/></a>'.encode(),
                       "hollow": f'<a><Signature xmlns="{DS}"><SignedInfo><Reference/><Reference URI="#x"/></SignedInfo><SignatureValue/><KeyInfo/></Signature></a>'.encode()}.items():
        report = run(text)
        c.that(f"{name}: not valid, with a code", report["valid"] is False and report["code"].isupper(), report)
    for lang in ("kk", "ru", "en"):
        report = run(plain(), "--lang", lang)
        c.that(f"{lang}: words and advice", report["explanation"] and report["advice"] and finding(report, "NO_SIGNATURE")["text"])
    texts = {run(plain(), "--lang", lang)["advice"] for lang in ("kk", "ru", "en")}
    c.same("three languages", len(texts), 3)


def over_http():
    with Lab(settings={"gateway": {"diagnose": "yes"}}) as lab:
        body = Message("sync").body
        answer = http_call(lab.url + "/api/v1/diagnose", "POST", body, {"Content-Type": "text/xml"})
        c.that("HTTP: good", answer.status == 200 and answer.json["valid"] is True, answer)
        answer = http_call(lab.url + "/api/v1/diagnose?lang=ru", "POST", body.replace(b"<serviceId>", b"<serviceId>X", 1), {"Content-Type": "text/xml"})
        c.that("HTTP: changed", answer.status == 200 and answer.json["code"] in ("TRANSPORT_SIGNATURE_INVALID", "TRANSPORT_SIGNATURE_DIGEST"), answer)
        c.same("HTTP: another language", http_call(lab.url + "/api/v1/diagnose?lang=xx", "POST", body, {}).status, 400)
        c.same("HTTP: GET", http_call(lab.url + "/api/v1/diagnose").status, 405)
        c.that("HTTP: nothing of the message in the log", "850412390011" not in lab.log.read_text())
    with Lab() as lab:
        c.same("HTTP: off by default", http_call(lab.url + "/api/v1/diagnose", "POST", b"<a/>", {}).status, 404)


for part in (digests, values, soap, hostile, over_http):
    c.part(part)
c.finish()
