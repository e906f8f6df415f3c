#!/usr/bin/python3
"""Makes tests/fuzz/corpus and tests/fuzz/material: seeds for the fuzzers, replayed in every `make test`.

Run it from the repo root after `make all` (EGOV_BUILD names another build folder). It makes a test PKI of its own, signs with `egov-gateway
sign` and forgets the keys: whatever the harnesses see verified was signed here. Files named found-* are inputs that once broke something;
they are kept. Every name and number is synthetic.
"""
import base64
import datetime
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "fuzz"
TEMPLATES = ROOT / "fixtures" / "templates"
GATEWAY = ROOT / os.environ.get("EGOV_BUILD", "build") / "egov-gateway"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
VALUES = {"requestNumber": "10100000000017", "serviceCode": "TSA_CERT", "requestDate": "2026-11-22T10:00:00+05:00", "language": "kk",
          "providerBin": "160640900019", "declarantId": "850412390011", "applicant": "850412390011", "consent": "true", "purpose": "талап",
          "basis": "PARENT", "messageId": "m-1", "correlationId": "c-1", "serviceId": "EGOV_GATEWAY", "messageType": "REQUEST",
          "messageDate": "2026-11-22T10:00:00.000+05:00", "senderId": "pep", "data": "<data>x</data>"}


def fill(name, **values):
    text = (TEMPLATES / name).read_text()
    return re.sub(r"\$\{(\w+)\}", lambda m: {**VALUES, **values}[m[1]], text)


def write(fuzzer, seeds, only=""):
    """seeds: (name, text or bytes); what was found stays, and what does not begin with `only`."""
    folder = HERE / "corpus" / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name.startswith(only) and not old.name.startswith("found-"):
            old.unlink()
    for name, content in seeds:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    count = len(list(folder.iterdir()))
    assert count <= 40, (fuzzer, count)
    print(f"{fuzzer}: {count}")


def xml():
    many = "".join(f' a{i}="{i}"' for i in range(33))
    spaces = "".join(f' xmlns:n{i}="urn:{i}"' for i in range(25))
    yield "plain", "<a/>"
    yield "declared", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<a xml:lang="kk">Қазақ &amp; &#13;&#x416;</a>\n'
    yield "bom", b"\xef\xbb\xbf<a>b</a>"
    yield "quotes", "<a b='\">' c=\">'\"\n\td = 'x'  ></a >"
    yield "comments", "<!-- <!DOCTYPE a> --><a><!-- - --></a><!---->"
    yield "comment-minus", "<a><!-- -- --></a>"
    yield "cdata", "<a><![CDATA[<!DOCTYPE x> ]] ]]>]]&gt;</a>"
    yield "cdata-end-in-text", "<a>]]></a>"
    yield "doctype", "<!DOCTYPE a><a/>"
    yield "doctype-subset", '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z SYSTEM "file:///etc/hostname">]><a>&x;&z;</a>'
    yield "doctype-late", "<a><!DOCTYPE a></a>"
    yield "doctype-in-value", '<a b="<!DOCTYPE a>"/>'
    yield "doctype-lower", "<!doctype a><a/>"
    yield "instruction", "<?php x?><a/>"
    yield "instruction-inside", "<a><?x y?></a>"
    yield "declaration-late", ' <?xml version="1.0"?><a/>'
    yield "declaration-utf16", '<?xml version="1.0" encoding="UTF-16"?><a/>'
    yield "declaration-utf7", "<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>"
    yield "utf16le", "<a/>".encode("utf-16")
    yield "utf16be-bare", "<a/>".encode("utf-16-be")
    yield "utf32", "<a/>".encode("utf-32")
    yield "ebcdic", '<?xml version="1.0"?><a/>'.encode("cp037")
    yield "ill-formed-utf8", b"<a>\xc0\xbc\xed\xa0\x80</a>"
    yield "nul", b"<a>\0</a>"
    yield "entity", "<a>&undeclared;</a>"
    yield "references", "<a b='&#0;&#x110000;&#xD800;'>&#;</a>"
    yield "deep", "<a>" * 65 + "</a>" * 65
    yield "attributes", f"<a{many}/>"
    yield "namespaces", f"<a{spaces}/>"
    yield "namespaces-nested", '<a xmlns="urn:a" xmlns:p="urn:p"><b xmlns="" p:c="1"><p:d xmlns:p="urn:q"/></b></a>'
    yield "undeclared-prefix", "<p:a/>"
    yield "relative-namespace", '<a xmlns="b/c"/>'
    yield "twice", "<a b='1' b='2'/>"
    yield "two-roots", "<a/><b/>"
    yield "mismatched", "<a><b></a></b>"
    yield "cut", "<a><b c='"
    yield "application", fill("application.xml")
    yield "wrong-name", "<1a/>< a/><a:/>"
    yield "value-blanks", "<a b='\t\n\r &#9;&#10;&#13;' xml:space='preserve'>\r\n\r</a>"
    yield "empty", ""


def soap():
    application = fill("application.xml")
    escaped = application.replace("&", "&amp;").replace("<", "&lt;")
    forms = {"escaped": f"<data>{escaped}</data>", "escaped-bom": f"<data>\ufeff&lt;?xml version='1.0'?&gt;{escaped}</data>",
             "cdata": f"<data><![CDATA[{application}]]></data>", "child": f"<data>{application}</data>",
             "qualified": f'<d:data xmlns:d="http://bip.bee.kz/SyncChannel/v10/Types">{escaped}</d:data>', "text": "<data>x</data>",
             "empty": "<data/>", "none": "", "twice": "<data>x</data><data>y</data>", "two-children": "<data><a/><b/></data>",
             "doctype": "<data>&lt;!DOCTYPE a&gt;&lt;a/&gt;</data>", "mixed": "<data>x<a/></data>"}
    for name, data in forms.items():
        yield f"sync-{name}", fill("sync.xml", data=data)
    yield "soap12", fill("sync-soap12.xml", data=forms["escaped"])
    yield "two-prefixes", fill("sync-two-prefixes.xml", data=forms["escaped"])
    for kind in ("REQUEST", "UPDATE", "RESPONSE", "x"):
        yield f"async-{kind}", fill("async.xml", data=forms["escaped"], messageType=kind)
    good = fill("sync.xml", data=forms["text"])
    yield "two-bodies", good.replace("</S:Body>", "</S:Body><S:Body/>")
    yield "two-payloads", good.replace("<S:Body>", "<S:Body><a/>")
    yield "must-understand", good.replace("<S:Body>", '<S:Header><x:y xmlns:x="urn:x" S:mustUnderstand="1"/></S:Header><S:Body>')
    yield "header", good.replace("<S:Body>", f'<S:Header><w:Security xmlns:w="{WSSE}" S:actor="urn:x"/><w:Security xmlns:w="{WSSE}"/></S:Header><S:Body>')
    yield "long-field", good.replace("m-1", "m" * 501)
    yield "bad-date", good.replace("2026-11-22T", "2026-13-22T")
    yield "password", good.replace("</senderId>", "</senderId><password>hidden</password>")
    yield "properties", good.replace("<sender>", "<routeId>r</routeId><sender>").replace("</sender>", "</sender><properties><key>k</key><value>v</value></properties>"
                                     "<sessionId>{01234567-89ab-cdef-0123-456789abcdef}</sessionId>")
    envelope = f'<S:Envelope xmlns:S="{SOAP11}"><S:Body>%s</S:Body></S:Envelope>'
    date = "2026-11-22T10:00:00Z"
    yield "answer", envelope % (
        '<t:SendMessageResponse xmlns:t="http://bip.bee.kz/SyncChannel/v10/Types"><response><responseInfo><messageId>a</messageId><correlationId>c</correlationId>'
        f"<responseDate>{date}</responseDate><status><code>Success</code><message>OK</message></status></responseInfo><responseData><data>y</data></responseData>"
        "</response></t:SendMessageResponse>")
    yield "status", envelope % (
        '<t:changeMassageStatusNotification xmlns:t="http://bip.bee.kz/AsyncChannel/v10/Types/Client"><request><notification><notificationId>n</notificationId>'
        f"<messageId>m</messageId><notificationDate>{date}</notificationDate><messageState>DELIVERED</messageState></notification><requestDate>{date}</requestDate>"
        "</request></t:changeMassageStatusNotification>")
    yield "fault", envelope % (
        "<S:Fault><faultcode>S:Server</faultcode><faultstring>no</faultstring><detail><e:sendMessageFault1 xmlns:e="
        f'"http://bip.bee.kz/SyncChannel/v10/Types"><errorCode>SCE909</errorCode><errorMessage>no</errorMessage><errorDate>{date}</errorDate>'
        "</e:sendMessageFault1></detail></S:Fault>")
    yield "fault12", ('<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope"><S:Body><S:Fault><S:Code><S:Value>S:Receiver</S:Value></S:Code>'
                      '<S:Reason><S:Text xml:lang="en">no</S:Text></S:Reason></S:Fault></S:Body></S:Envelope>')
    yield "not-soap", application


def http():
    host = "Host: gateway.test\r\n"
    post = f"POST /shep/sync?a=b HTTP/1.1\r\n{host}Content-Type: text/xml\r\n"
    chunked = f"{post}Transfer-Encoding: chunked\r\n\r\n"
    yield "get", f"GET /%D2%9A/x HTTP/1.1\r\n{host}\r\n"
    yield "get-10", "GET / HTTP/1.0\r\n\r\n"
    yield "absolute", f"GET http://other.test/x?y HTTP/1.1\r\n{host}\r\n"
    yield "dots", f"GET /a/../b HTTP/1.1\r\n{host}\r\n"
    yield "encoded-slash", f"GET /a%2fb HTTP/1.1\r\n{host}\r\n"
    yield "post", f"{post}Content-Length: 5\r\n\r\nhello"
    yield "pipelined", f"{post}Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n{host}\r\n"
    yield "expect", f"{post}Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"
    yield "chunked", f"{chunked}5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nGET"
    yield "trailers", f"{chunked}1\r\nx\r\n0\r\nX-Trailer: y\r\n\r\n"
    yield "bad-chunk", f"{chunked}5x\r\nhello\r\n0\r\n\r\n"
    yield "chunk-long", f"{chunked}5\r\nhelloo\r\n0\r\n\r\n"
    yield "chunk-bare-lf", f"{chunked}5\nhello\n0\n\n"
    yield "chunk-huge", f"{chunked}FFFFFFFFFFFFFFFFF\r\n"
    yield "chunk-negative", f"{chunked}-1\r\n"
    yield "two-lengths", f"{post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
    yield "same-length-twice", f"{post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
    yield "length-list", f"{post}Content-Length: 5, 5\r\n\r\nhello"
    yield "length-and-chunked", f"{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield "length-plus", f"{post}Content-Length: +5\r\n\r\nhello"
    yield "length-huge", f"{post}Content-Length: 18446744073709551617\r\n\r\n"
    yield "encoding-list", f"{post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    yield "encoding-unknown", f"{post}Transfer-Encoding: xchunked\r\n\r\n"
    yield "bare-lf", "GET / HTTP/1.1\nHost: a\n\n"
    yield "bare-cr", f"GET / HTTP/1.1\r\n{host}X: a\rb\r\n\r\n"
    yield "folded", f"GET / HTTP/1.1\r\n{host}X: a\r\n b\r\n\r\n"
    yield "no-host", "GET / HTTP/1.1\r\n\r\n"
    yield "two-hosts", f"GET / HTTP/1.1\r\n{host}{host}\r\n"
    yield "space-before-colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"
    yield "many-headers", f"GET / HTTP/1.1\r\n{host}" + "".join(f"X{i}: {i}\r\n" for i in range(9)) + "\r\n"
    yield "long-header", f"GET / HTTP/1.1\r\n{host}X: " + "x" * 1100 + "\r\n\r\n"
    yield "upgrade", f"GET / HTTP/1.1\r\n{host}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    yield "connect", f"CONNECT a:1 HTTP/1.1\r\n{host}\r\n"
    yield "preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "close", f"GET / HTTP/1.1\r\n{host}Connection: a, close\r\n\r\nGET"
    yield "blank-lines", f"\r\n\r\nGET / HTTP/1.1\r\n{host}\r\n"
    yield "nul", f"GET / HTTP/1.1\r\n{host}X: a\0b\r\n\r\n"
    yield "tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    yield "bad-version", f"GET / HTTP/1.2\r\n{host}\r\n"
    yield "cut", "POST / HT"


def der(pki, name):
    text = (pki / "certs" / f"{name}.pem").read_text()
    return base64.b64decode(text.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0])


def certificate(pki):
    names = ("applicant-850412390011", "applicant-790321490015", "applicant-850412390201", "head-160640900019", "employee-160640900019", "sign-160640900019",
             "system-portal", "system-portal-ec", "bad-auth", "bad-noiin", "bad-norole", "bad-weak", "bad-sha1", "bad-ca-as-leaf", "bad-expired", "ocsp-responder",
             "tsa", "tls-portal", "gost-applicant-870930490018", "gost-bad-critical")
    for name in names:
        yield name, der(pki, name)
    good = der(pki, "applicant-850412390011")
    iin = good.index(b"IIN850412390011")
    yield "cut", good[:-1]
    yield "more", good + b"\0"
    yield "empty", b""
    yield "iin-letters", good.replace(b"IIN850412390011", b"IIN85041239001X")
    yield "iin-nul", good.replace(b"IIN850412390011", b"IIN8504123900\0\0")
    yield "iin-other-string", good[:iin - 2] + b"\x1e" + good[iin - 1:]
    yield "length-long", b"\x30\x84\x7f\xff\xff\xff" + good[4:]
    yield "indefinite", b"\x30\x80" + good[4:] + b"\0\0"
    yield "not-der", b"-----BEGIN CERTIFICATE-----\n"


def sign(pki, name, text, soap=False, xades=False):
    command = [GATEWAY, "sign", *(["--soap"] if soap else []), *(["--xades"] if xades else []), "--key", pki / "keys" / f"{name}.key", "--cert", pki / "certs" / f"{name}.pem"]
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(text)
        file.flush()
        return subprocess.run([*command, file.name], check=True, stdout=subprocess.PIPE).stdout.decode()


def document(pki, application):
    signers = {"rsa": "applicant-850412390011", "p256": "applicant-790321490015", "p384": "applicant-850412390201", "weak": "bad-weak", "expired": "bad-expired",
               "not-yet": "bad-notyet", "auth": "bad-auth", "foreign": "bad-foreign-ca", "self": "bad-selfsigned"}
    good = sign(pki, signers["rsa"], application)
    yield "unsigned", application
    for name, key in signers.items():
        yield f"by-{name}", sign(pki, key, application)
    two = sign(pki, signers["p256"], good)
    yield "two-signers", two
    yield "three-signers", sign(pki, signers["p384"], two)
    yield "changed", good.replace("TSA_CERT", "TSA_CERX")
    yield "added-behind", good.replace("</application>", "<x/></application>")
    yield "added-text", good.replace("</application>", "x</application>")
    yield "comment", good.replace("TSA_CERT", "TSA_CERT<!-- -->")
    yield "comment-outside", good.replace("<application", "<!-- x --><application", 1)
    yield "wrapped", f"<x>{good.split('?>', 1)[1]}</x>"
    yield "signature-first", re.sub(r"(<application[^>]*>)(.*)(<ds:Signature .*</ds:Signature>)", r"\1\3\2", good, flags=re.S)
    yield "signature-twice", re.sub(r"(<ds:Signature.*</ds:Signature>)", r"\1\1", good, flags=re.S)
    yield "no-certificate", re.sub(r"<ds:KeyInfo>.*</ds:KeyInfo>", "", good, flags=re.S)
    yield "hmac", good.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256")
    yield "sha1", good.replace("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1")
    yield "reference-id", good.replace('URI=""', 'URI="#x"')
    yield "reference-file", good.replace('URI=""', 'URI="file:///etc/hostname"')
    yield "xpath", good.replace("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xpath-19991116")
    yield "xslt", good.replace("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    yield "namespaces", good.replace("<application", '<application xmlns:x="urn:x"', 1)


def stamped(pki, text, authority="tsa"):
    """A XAdES-BES document with a time stamp by `openssl ts`."""
    value = re.search(r"<ds:SignatureValue>([^<]*)</ds:SignatureValue>", text)[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "over").write_text(f'<ds:SignatureValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{value}</ds:SignatureValue>')
        (folder / "conf").write_text(f"[tsa]\ndefault_tsa = t\n[t]\nserial = {folder}/serial\ndigests = sha256\ndefault_policy = 1.2.398.3.3.2.6.4\n"
                                     "signer_digest = sha256\ness_cert_id_alg = sha256\n")
        (folder / "serial").write_text("01")
        subprocess.run(["openssl", "ts", "-query", "-data", folder / "over", "-sha256", "-cert", "-out", folder / "query"], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["openssl", "ts", "-reply", "-config", folder / "conf", "-queryfile", folder / "query", "-signer", pki / "certs" / f"{authority}.pem",
                        "-inkey", pki / "keys" / f"{authority}.key", "-token_out", "-out", folder / "token"], check=True, stderr=subprocess.DEVNULL)
        token = base64.b64encode((folder / "token").read_bytes()).decode()
    return text.replace("</xades:QualifyingProperties>", "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
                        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><xades:EncapsulatedTimeStamp>' + token +
                        "</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
                        "</xades:QualifyingProperties>")


def xades(pki, application):
    good = sign(pki, "applicant-850412390011", application, xades=True)
    with_stamp = stamped(pki, good)
    yield "xades-bes", good
    yield "xades-p256", sign(pki, "applicant-790321490015", application, xades=True)
    yield "xades-stamped", with_stamp
    yield "xades-two-signers", sign(pki, "applicant-850412390201", with_stamp, xades=True)
    yield "xades-untrusted-stamp", stamped(pki, good, "tsa-foreign")
    yield "xades-target", good.replace('Target="#', 'Target="#x')
    yield "xades-changed", good.replace("text/xml", "text/html")
    yield "xades-two-objects", good.replace("</ds:Object>", "</ds:Object><ds:Object/>")
    yield "xades-v1", good.replace("SigningCertificateV2", "SigningCertificate")
    yield "xades-no-object", re.sub(r"<ds:Object>.*</ds:Object>", "", good, flags=re.S)


def transport(pki, envelope):
    signers = {"rsa": "system-portal", "p256": "system-portal-ec", "weak": "system-portal-weak", "expired": "system-portal-expired", "not-yet": "system-portal-notyet",
               "foreign": "system-portal-foreign-ca", "person": "applicant-850412390011", "auth": "bad-auth"}
    good = sign(pki, signers["rsa"], envelope, soap=True)
    yield "unsigned", envelope
    for name, key in signers.items():
        yield f"by-{name}", sign(pki, key, envelope, soap=True)
    yield "soap12", sign(pki, signers["rsa"], envelope.replace(SOAP11, "http://www.w3.org/2003/05/soap-envelope"), soap=True)
    body = re.search(r"<S:Body.*</S:Body>", good, re.S)[0]
    evil = re.sub(r"TSA_CERT|pep", "evil", body)
    yield "changed", good.replace(body, evil)
    yield "moved", good.replace(body, evil.replace("wsu:Id", "wsu:no")).replace("<S:Header>", f'<S:Header><w xmlns="urn:w">{body}</w>')
    yield "same-id", good.replace("<S:Header>", f'<S:Header><w xmlns="urn:w">{body}</w>')
    yield "body-attribute", good.replace("<S:Body ", '<S:Body a="b" ')
    yield "two-signatures", re.sub(r"(<ds:Signature.*</ds:Signature>)", r"\1\1", good, flags=re.S)
    yield "no-certificate", re.sub(r"<ds:KeyInfo>.*</ds:KeyInfo>", "", good, flags=re.S)
    yield "timestamp", good.replace("<ds:Signature ", "<wsu:Timestamp xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\"/><ds:Signature ")
    yield "sha1", good.replace("xmldsig-more#rsa-sha256", "xmldsig#rsa-sha1")
    yield "inclusive", good.replace("http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    yield "reference-whole", re.sub(r'URI="#[^"]*"', 'URI=""', good)
    yield "namespaces", good.replace("<S:Envelope", '<S:Envelope xmlns:x="urn:x"', 1)


def conf():
    example = (ROOT / "conf" / "gateway.conf.example").read_text()
    small = re.sub(r"^;.*\n", "", example, flags=re.M)
    yield "example", example
    yield "small", small
    yield "bom", b"\xef\xbb\xbf" + small.encode()
    yield "crlf", small.replace("\n", "\r\n")
    yield "no-end", small.rstrip()
    yield "empty", ""
    yield "empty-value", small.replace("trust = /etc/egov-gateway/trust", "trust =")
    yield "twice", small.replace("loops = 0", "loops = 0\nloops = 1")
    yield "continued", small.replace("loops = 0", "loops = 0\n 1")
    yield "unknown", small.replace("loops = 0", "loop = 0")
    yield "unknown-section", small + "[x]\ny = 1\n"
    yield "out-of-range", small.replace("port = 8080", "port = 65536")
    yield "long-line", small.replace("loops = 0", "user = " + "x" * 300)
    yield "long-section", small + "[sender " + "x" * 60 + "]\nbin = 1\n"
    yield "nul", small.replace("loops = 0", "loops = 0\0")
    yield "many-senders", small + "".join(f"[sender s{i}]\nbin = 1\n" for i in range(70))
    yield "no-bracket", "[gateway\nx = 1\n"
    yield "no-section", "x = 1\n"
    yield "remarks", "; a\n#b\n[gateway] ; c\nloops = 1 ; d\n"


def staff():
    example = (ROOT / "conf" / "staff.conf.example").read_text().replace("organisation = issuer", "organisation = akim", 1)
    small = "[person a]\niin = 870930490018\norganisation = issuer\nroles = CLERK\nname_kk = k\nname_ru = r\n"
    yield "example", example
    yield "small", small
    yield "operator", small.replace("CLERK", "CLERK, HEAD,,OPERATOR ,EXECUTOR")
    yield "inactive", small + "active = no\nright_to_sign = yes\n"
    yield "two", small + small.replace("[person a]", "[person b]").replace("870930490018", "850412390021")
    yield "two-alike", small + small.replace("[person a]", "[person b]")
    yield "iin", small.replace("870930490018", "870930490019")
    yield "organisation", small.replace("issuer", "bank")
    yield "role", small.replace("CLERK", "CENTER_WORKER")
    yield "role-unknown", small.replace("CLERK", "BOSS")
    yield "id", small.replace("[person a]", "[person ../a]")
    yield "id-gateway", small.replace("[person a]", "[person gateway]")
    yield "id-head", small.replace("[person a]", "[person a.head]")
    yield "long-name", small.replace("name_kk = k", "name_kk = " + "k" * 180)
    yield "no-name", small.replace("name_kk = k\n", "")
    yield "empty", ";"
    yield "section", small.replace("[person a]", "[staff a]")
    yield "many", "".join(small.replace("[person a]", f"[person a{i}]") for i in range(100))


def cookies():
    yield "one", "egov_session=ab12"
    yield "beside", "a=1; egov_session=ab12;b=2"
    yield "lines", "a=1\negov_session=ab12"
    yield "twice", "egov_session=ab12; egov_session=ab12"
    yield "two-lines", "egov_session=ab12\negov_session=cd34"
    yield "quoted", 'egov_session="ab12"'
    yield "empty", "egov_session="
    yield "long", "egov_session=" + "a" * 100
    yield "prefix", "xegov_session=ab12; egov_sessions=1"
    yield "inside", "a=egov_session=1; egov_session=ab12"
    yield "blanks", " ;\t; egov_session =ab12; ;egov_session=ab12 "


def login():
    """Signatures over the same document, out of the other corpora."""
    for corpus, names in (("document", ("by-rsa", "by-p256", "by-auth", "by-weak", "by-self", "changed", "wrapped", "two-signers", "unsigned", "comment", "xades-bes", "xades-stamped")),
                          ("cms", ("base64", "cades", "detached", "gost", "application", "no-attributes", "cut"))):
        for name in names:
            path = HERE / "corpus" / corpus / name
            if path.exists():
                yield name, path.read_bytes()
    yield "id", "0" * 112
    yield "blank", " "


def frame(verb, body, sequence=1):
    return struct.pack("<IIB", 5 + len(body), sequence, verb) + body


def signer_frame():
    sign_one = frame(2, b"\6system" + bytes(32), 7)
    yield "list", frame(1, b"\0")
    yield "sign", sign_one
    yield "answer-list", frame(0x81, b"\2\0\6system" + bytes(100))
    yield "answer-sign", frame(0x82, bytes(256), 7)
    yield "answer-error", frame(0xFF, b"\1")
    yield "three", frame(1, b"\0") + sign_one + frame(1, b"\1", 0xFFFFFFFF)
    yield "largest", frame(2, bytes(4096 - 9))
    yield "too-large", struct.pack("<IIB", 4093, 1, 2) + bytes(4088)
    yield "too-small", struct.pack("<IIB", 4, 1, 2)
    yield "huge", b"\xff" * 16
    yield "zero", bytes(16)
    yield "cut", sign_one[:-1]
    yield "full-and-more", frame(2, bytes(4000)) + frame(2, bytes(4087)) + b"\1"
    yield "empty", b""


def base64_texts():
    texts = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zg=\n=", " Z m 9 v\t\r\n", "Z", "Zg", "Zg=", "Zg===", "====", "Zm9v====", "Zg==Zg==", "Zh==", "Zm9=", "Zm-v", "++//",
             "Zm9\0v", "Z=g=", "A" * 76 + "\r\n" + "B" * 76]
    for i, text in enumerate(texts):
        yield f"{i:02}", text
    yield "bytes", bytes(range(256))


def asn1(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    head = bytes([n]) if n < 0x80 else bytes([0x81, n]) if n < 0x100 else bytes([0x82, n >> 8, n & 255])
    return bytes([tag]) + head + content


def gost():
    """SubjectPublicKeyInfo of the two base points, PKCS#8 of the number 1, and what is wrong in one place."""
    kz = bytes.fromhex("2a830e030a01")
    y2015 = 0x7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4
    y2004 = 0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14
    point2015, point2004 = (3).to_bytes(64, "little") + y2015.to_bytes(64, "little"), (1).to_bytes(32, "little") + y2004.to_bytes(32, "little")
    curve2015, curve2004 = asn1(6, kz + b"\1\2\2\1"), asn1(6, kz + b"\1\1\1\1")
    key2015 = asn1(0x30, asn1(6, kz + b"\1\2\2"), asn1(0x30, curve2015, asn1(6, kz + b"\3\3")))
    key2004 = asn1(0x30, asn1(6, kz + b"\1\1\1"), asn1(0x30, curve2004, asn1(6, kz + b"\3\1\1\0")))

    def spki(algorithm, point):
        return asn1(0x30, algorithm, asn1(3, b"\0" + asn1(4, point)))

    def pkcs8(value):
        return asn1(0x30, asn1(2, b"\0"), key2015, asn1(4, asn1(4, value)))

    yield "public-2015", spki(key2015, point2015)
    yield "public-2004", spki(key2004, point2004)
    yield "public-short", spki(asn1(0x30, asn1(6, kz + b"\1\2\2"), asn1(0x30, curve2015)), point2015)
    yield "public-off-curve", spki(key2015, point2015[::-1])
    yield "public-other-kind", spki(key2004, point2015)
    yield "public-zero", spki(key2015, bytes(128))
    yield "public-ones", spki(key2015, b"\xff" * 128)
    yield "private-one", pkcs8((1).to_bytes(64, "little"))
    yield "private-zero", pkcs8(bytes(64))
    yield "private-ones", pkcs8(b"\xff" * 64)
    yield "private-long", pkcs8(bytes(65))
    yield "private-2004", asn1(0x30, asn1(2, b"\0"), key2004, asn1(4, asn1(2, b"\0" + b"\xc9" * 32)))
    yield "indefinite", b"\x30\x80" + key2015 + b"\0\0"
    yield "empty", b""


FUZZ_POINT = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
FUZZ_NAME = asn1(0x30, asn1(0x31, asn1(0x30, asn1(6, b"\x55\x04\x03"), asn1(12, b"fuzz"))))
FUZZ_SERIAL = asn1(2, b"\x12\x34")
ECDSA = asn1(0x30, asn1(6, bytes.fromhex("2a8648ce3d040302")))


def extension(oid, value, critical=False):
    return asn1(0x30, asn1(6, bytes.fromhex(oid)), asn1(1, b"\xff") if critical else b"", asn1(4, value))


def ocsp(pki):
    """Whole answers by `openssl ocsp`, then what is under the signature of answers by CN=fuzz (tests/fuzz/fuzz_revocation.h), with '!' before it."""
    for name, leaf, options in (("good", "applicant-850412390011", ()), ("revoked", "bad-revoked", ()), ("by-key", "applicant-850412390011", ("-resp_key_id",)),
                                ("no-certificates", "bad-revoked", ("-resp_no_certs",))):
        out = pki / "answer"
        subprocess.run(["openssl", "ocsp", "-index", pki / "ca" / "index.txt", "-CA", pki / "ca" / "issuing.pem", "-rsigner", pki / "certs" / "ocsp-responder.pem",
                        "-rkey", pki / "keys" / "ocsp-responder.key", "-issuer", pki / "ca" / "issuing.pem", "-sha256", "-cert", pki / "certs" / f"{leaf}.pem", "-no_nonce",
                        "-nmin", "60", "-respout", out, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield name, out.read_bytes()
    for status in range(8):
        yield f"status-{status}", asn1(0x30, asn1(10, bytes([status])))

    def certificate_id(digest, oid, serial=FUZZ_SERIAL):
        names = (digest(FUZZ_NAME).digest(), digest(FUZZ_POINT).digest())
        return asn1(0x30, asn1(0x30, asn1(6, bytes.fromhex(oid)), asn1(5)), asn1(4, names[0]), asn1(4, names[1]), serial)

    ours, ours_sha1 = certificate_id(hashlib.sha256, "608648016503040201"), certificate_id(hashlib.sha1, "2b0e03021a")
    other = certificate_id(hashlib.sha256, "608648016503040201", asn1(2, b"\5"))
    now, until, past, future = (asn1(0x18, text) for text in (b"20260531235900Z", b"20260601010000Z", b"20200101000000Z", b"20270101000000Z"))
    good, unknown = b"\x80\0", b"\x82\0"
    revoked, held = asn1(0xa1, past), asn1(0xa1, past, asn1(0xa0, asn1(10, b"\6")))

    def single(identifier, status, this=now, following=asn1(0xa0, until), more=b""):
        return asn1(0x30, identifier, status, this, following, more)

    def data(*singles, version=b"", responder=asn1(0xa1, FUZZ_NAME), produced=now, more=b""):
        return b"!" + asn1(0x30, version, responder, produced, asn1(0x30, *singles), more)

    nonce = extension("2b0601050507300102", asn1(4, b"0123456789abcdef" * 2))
    yield "tbs-good", data(single(ours, good))
    yield "tbs-good-sha1", data(single(ours_sha1, good))
    yield "tbs-revoked", data(single(ours, revoked))
    yield "tbs-held", data(single(ours, held))
    yield "tbs-unknown", data(single(ours, unknown))
    yield "tbs-other", data(single(other, good))
    yield "tbs-three", data(single(other, revoked), single(ours, good), single(ours_sha1, good))
    yield "tbs-contradiction", data(single(ours, good), single(ours_sha1, revoked))
    yield "tbs-by-key", data(single(ours, good), responder=asn1(0xa2, asn1(4, hashlib.sha1(FUZZ_POINT).digest())))
    yield "tbs-version", data(single(ours, good), version=asn1(0xa0, asn1(2, b"\0")))
    yield "tbs-nonce", data(single(ours, good), more=asn1(0xa1, asn1(0x30, nonce)))
    yield "tbs-nonce-twice", data(single(ours, good), more=asn1(0xa1, asn1(0x30, nonce, nonce)))
    yield "tbs-extended-revoke", data(single(ours, held), more=asn1(0xa1, asn1(0x30, extension("2b0601050507300109", asn1(5)), nonce)))
    yield "tbs-critical", data(single(ours, good, more=asn1(0xa1, asn1(0x30, extension("2a0304", b"", True)))))
    yield "tbs-old", data(single(ours, good, past))
    yield "tbs-future", data(single(ours, good, future))
    yield "tbs-no-next", data(single(ours, good, following=b""))
    yield "tbs-none", data()


def crl(pki):
    """The test authority's list, then what is under the signature of lists and deltas by CN=fuzz."""
    yield "pem", (pki / "crl" / "issuing.crl").read_bytes()
    yield "der", (pki / "crl" / "issuing.crl.der").read_bytes()
    now, until, generalized = asn1(0x17, b"260531235900Z"), asn1(0x17, b"260701000000Z"), asn1(0x18, b"20260701000000Z")

    def entry(serial, *extensions):
        return asn1(0x30, asn1(2, serial), now, asn1(0x30, *extensions) if extensions else b"")

    def reason(value):
        return extension("551d15", asn1(10, bytes([value])))

    def tbs(*entries, version=asn1(2, b"\1"), name=FUZZ_NAME, dates=now + until, extensions=()):
        return b"!" + asn1(0x30, version, ECDSA, name, dates, asn1(0x30, *entries) if entries else b"", asn1(0xa0, asn1(0x30, *extensions)) if extensions else b"")

    def number(value):
        return extension("551d14", asn1(2, bytes([value])))

    def scope(*parts):
        return extension("551d1c", asn1(0x30, *parts), True)

    def delta(value):
        return extension("551d1b", asn1(2, bytes([value])), True)

    point = asn1(0xa0, asn1(0xa0, asn1(0x86, b"http://a.test/a.crl")))
    ours = entry(b"\x12\x34", reason(1))
    yield "tbs-empty", tbs()
    yield "tbs-version-1", tbs(entry(b"\5"), version=b"")
    yield "tbs-listed", tbs(entry(b"\5"), ours, entry(b"\1"), extensions=[number(7)])
    yield "tbs-not-listed", tbs(entry(b"\5"), entry(b"\x7f" * 20), extensions=[number(7)])
    yield "tbs-twice", tbs(ours, ours, extensions=[number(7)])
    yield "tbs-no-next", tbs(ours, dates=now)
    yield "tbs-generalized", tbs(ours, dates=now + generalized)
    yield "tbs-invalidity", tbs(entry(b"\x12\x34", reason(6), extension("551d18", generalized)))
    yield "tbs-critical-entry", tbs(entry(b"\5", extension("2a0304", b"", True)))
    yield "tbs-certificate-issuer", tbs(entry(b"\5", extension("551d1d", asn1(0x30, asn1(0xa4, FUZZ_NAME)), True)))
    yield "tbs-critical", tbs(extensions=[extension("2a0304", b"", True)])
    yield "tbs-freshest", tbs(extensions=[extension("551d2e", asn1(0x30, asn1(0x30, point)))])
    yield "tbs-key", tbs(extensions=[extension("551d23", asn1(0x30, asn1(0x80, b"\1" * 20)))])
    yield "tbs-point", tbs(ours, extensions=[number(7), scope(point)])
    yield "tbs-relative", tbs(extensions=[scope(asn1(0xa0, asn1(0xa1, asn1(0x30, asn1(6, b"\x55\x04\x03"), asn1(12, b"x")))))])
    for name, part in (("users", asn1(0x81, b"\xff")), ("authorities", asn1(0x82, b"\xff")), ("reasons", asn1(0x83, b"\6\x40")), ("indirect", asn1(0x84, b"\xff")),
                       ("attributes", asn1(0x85, b"\xff"))):
        yield f"tbs-{name}", tbs(ours, extensions=[scope(part)])
    yield "delta", tbs(entry(b"\5"), extensions=[number(11), delta(10)])
    yield "delta-lifted", tbs(entry(b"\x12\x34", reason(8)), extensions=[number(11), delta(3)])
    yield "delta-final", tbs(ours, extensions=[number(11), delta(10)])
    yield "delta-newer-base", tbs(ours, extensions=[number(12), delta(11)])
    yield "delta-old", tbs(ours, extensions=[number(10), delta(9)])
    yield "delta-scope", tbs(ours, extensions=[number(11), delta(10), scope(asn1(0x81, b"\xff"))])


def revocation(pki, material):
    folder = material / "revocation"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(pki / "ca" / "issuing.pem", folder / "issuer.pem")
    shutil.copy(pki / "certs" / "applicant-850412390011.pem", folder / "good.pem")
    shutil.copy(pki / "certs" / "bad-revoked.pem", folder / "revoked.pem")
    write("ocsp", ocsp(pki))
    write("crl", crl(pki))
    (folder / "at").write_text(datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))


def cms_of(pki, content, *options, signers=("applicant-850412390011",)):
    """`openssl cms -sign`, attached unless the options say otherwise."""
    who = [x for name in signers for x in ("-signer", pki / "certs" / f"{name}.pem", "-inkey", pki / "keys" / f"{name}.key")]
    return subprocess.run(["openssl", "cms", "-sign", "-binary", "-outform", "DER", *options, *who], input=content.encode(), capture_output=True, check=True).stdout


def cms(pki, application):
    short = "<application/>"
    good = cms_of(pki, short, "-nodetach", "-cades")
    yield "cades", good
    yield "application", cms_of(pki, application, "-nodetach")
    yield "detached", cms_of(pki, short, "-cades")
    yield "pieces", cms_of(pki, short, "-nodetach", "-stream")
    yield "key-id", cms_of(pki, short, "-nodetach", "-keyid")
    yield "p256", cms_of(pki, short, "-nodetach", "-md", "sha512", signers=("applicant-790321490015",))
    yield "two-signers", cms_of(pki, short, "-nodetach", signers=("applicant-790321490015", "applicant-850412390201"))
    yield "no-attributes", cms_of(pki, short, "-nodetach", "-noattr")
    yield "no-certificate", cms_of(pki, short, "-nodetach", "-nocerts")
    yield "sha1", cms_of(pki, short, "-nodetach", "-md", "sha1")
    yield "other-type", cms_of(pki, short, "-nodetach", "-econtent_type", "1.2.3.4")
    yield "base64", base64.b64encode(good)
    yield "pem", b"-----BEGIN CMS-----\n" + base64.encodebytes(good) + b"-----END CMS-----\n"
    with tempfile.TemporaryDirectory() as folder:
        content, out = pathlib.Path(folder) / "in", pathlib.Path(folder) / "out"
        content.write_text(short)
        name = "gost-applicant-850412390011"
        subprocess.run([GATEWAY, "sign", "--cms", "--key", pki / "keys" / f"{name}.key", "--cert", pki / "certs" / f"{name}.pem", "--out", out, content], check=True)
        yield "gost", out.read_bytes()
    yield "cut", good[:-1]
    yield "more", good + b"\0"
    yield "deep", b"\x30\x80" * 200 + b"\0\0" * 200


def tsp(pki):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "data").write_text("a signature value")
        for digest in ("sha256", "sha512", "sha1"):
            (folder / "serial").write_text("01\n")
            (folder / "conf").write_text(f"[tsa]\nserial={folder}/serial\nsigner_digest=sha256\ndefault_policy=1.2.398.3.3.2.6.4\ndigests=sha1,sha256,sha512\n"
                                         "accuracy=secs:1,millisecs:500,microsecs:100\nclock_precision_digits=3\ness_cert_id_alg=sha256\n")
            subprocess.run(["openssl", "ts", "-query", "-data", "data", f"-{digest}", "-no_nonce", "-cert", "-out", "query"], cwd=folder, check=True, capture_output=True)
            reply = ["openssl", "ts", "-reply", "-config", "conf", "-section", "tsa", "-queryfile", "query", "-signer", pki / "certs" / "tsa.pem", "-inkey", pki / "keys" / "tsa.key"]
            subprocess.run([*reply, "-out", "response"], cwd=folder, check=True, capture_output=True)
            subprocess.run([*reply, "-token_out", "-out", "token"], cwd=folder, check=True, capture_output=True)
            yield f"response-{digest}", (folder / "response").read_bytes()
            yield f"token-{digest}", (folder / "token").read_bytes()
    yield "waiting", b"\x30\x05\x30\x03\x02\x01\x03"
    yield "refused", b"\x30\x0c\x30\x0a\x02\x01\x02\x03\x05\x06\0\0\0\x40"


def shown():
    """QR payloads, ZIP archives, the outside of a signed PDF, forms."""
    def archive(content, method=zipfile.ZIP_DEFLATED, name="one"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as z:
            z.writestr(zipfile.ZipInfo(name), content, method)
        return out.getvalue()

    def codes(data, size=60):
        pieces = [data[i:i + size] for i in range(0, len(data), size)]
        return [f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><BarcodeElement xmlns="http://barcodes.pdf.shep.nitec.kz/"><creationDate>2026-11-22T19:30:37.123+05:00</creationDate>'
                f"<elementData>{base64.b64encode(piece).decode()}</elementData><elementNumber>{i}</elementNumber><elementsAmount>{len(pieces)}</elementsAmount>"
                "<FavorID>10100464053940</FavorID></BarcodeElement>" for i, piece in enumerate(pieces, 1)]

    good = codes(archive("<response>тиесілі</response>"))
    yield "codes", "\n".join(good)
    yield "codes-reversed", "\n".join(good[::-1])
    yield "codes-missing", "\n".join(good[1:])
    yield "codes-stored", "\n".join(codes(archive("<a/>", zipfile.ZIP_STORED)))
    yield "codes-name", "\n".join(codes(archive("<a/>", name="two")))
    yield "zip", archive("<a/>" * 50)
    yield "zip-stored", archive("<a/>", zipfile.ZIP_STORED)
    yield "zip-bomb", archive("0" * 200000)
    head, gap = "%PDF-1.7\n<< /ByteRange [ 0 {} {} {} ] /Contents ", "<3003020105" + "00" * 8 + ">"
    before = len(head.format(56, 100, 10))
    yield "pdf", head.format(before, before + len(gap), 10) + gap + " >>\n%%EOF\n"
    yield "pdf-more", head.format(before, before + len(gap), 10) + gap + " >>\n%%EOF\n1"
    yield "form", "number=20100000000001&iin=8504%31239+0011"
    yield "multipart", '--b0\r\nContent-Disposition: form-data; name="file"\r\n\r\n\r\n--b0\r\nA: b\r\n\r\n%PDF-\r\n--b0--\r\n'


def attachments():
    pdf, png, jpeg, tiff = b"%PDF-1.4\n1 0 obj\n%%EOF\n", b"\x89PNG\r\n\x1a\n0", b"\xff\xd8\xff\xe0", b"II*\0"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as z:
        z.writestr(zipfile.ZipInfo("one"), "<a/>")
    kinds = {"pdf": ("a.pdf", pdf), "png": ("b.png", png), "jpeg": ("c.jpeg", jpeg), "tiff": ("d.tif", tiff), "disguised": ("e.png", pdf), "page": ("f.pdf", b"<html>%PDF-"),
             "both": ("g.png", png + zipped.getvalue()), "path": ("../h.pdf", pdf), "empty": ("i.pdf", b""), "late": ("j.pdf", b" " + pdf)}

    def package(*files, extra=""):
        rows = "".join(f"<fileData><name>{name}</name><base64Data>{base64.b64encode(content).decode()}</base64Data></fileData>" for name, content in files)
        return f'<data><requestPackage xmlns="urn:egov-gateway:package:1"><signedApplication>&lt;a/></signedApplication>{rows}{extra}</requestPackage></data>'

    def body(*files):
        return json.dumps({"application": "PGEvPg==", "attachments": [{"name": name, "content": base64.b64encode(content).decode()} for name, content in files]}, ensure_ascii=False)

    for name, file in kinds.items():
        yield f"package-{name}", package(file)
        yield f"json-{name}", body(file)
    yield "package-four", package(*list(kinds.values())[:4])
    yield "package-twice", package(kinds["pdf"], kinds["pdf"])
    yield "package-more", package(*[(f"{i}.tif", tiff + bytes([i])) for i in range(33)])
    yield "package-other", package(extra="<other/>")
    yield "package-bad-base64", package(extra="<fileData><name>a.pdf</name><base64Data>====</base64Data></fileData>")
    yield "data-alone", "<data>text</data>"
    yield "json-four", body(*list(kinds.values())[:4])
    yield "json-more", body(*[(f"{i}.tif", tiff + bytes([i])) for i in range(33)])
    yield "json-cms", '{"cms": "MAA=", "attachments": []}'
    yield "json-detached", '{"application": "PGEvPg==", "signature": "MAA="}'
    yield "json-twice", '{"application": "PGEvPg==", "application": "PGEvPg=="}'


def front():
    """Paper applications as of fixtures/templates, without their signatures."""
    def paper(template, **values):
        text = (ROOT / "fixtures" / "templates" / f"{template}.xml").read_text().rstrip("\n")
        values = {"route": "CENTER", "serviceCode": "TSA_ASSIGN", "applicantName": "Сынақов Сынақ", "today": "2026-11-22", "requestNumber": "20260101000001", "requestDate": "2026-11-22T19:30:37+05:00",
                  "language": "kk", "providerBin": "160640900019", "declarantId": "850412390011", "consent": "true", "purpose": "Мектепке", "kato": "396030100", "category": "DISABLED",
                  "today-90d": "2026-08-24", "today+200d": "2027-06-10", **values}
        for name, value in values.items():
            text = text.replace("${" + name + "}", value)
        return text
    whole = paper("paper-assign")
    yield "assign", whole
    yield "cert", paper("paper-cert", serviceCode="TSA_CERT")
    yield "care", paper("paper-care", serviceCode="HOME_CARE_2013", route="CSC")
    yield "school", paper("paper-school", serviceCode="HOME_SCHOOL", route="STATECORP")
    yield "akim", paper("paper-assign-akim", route="AKIM")
    yield "missing", whole.replace('<document id="D1" pages="1" originalShown="true"/>', "")
    yield "expired", whole.replace('id="D1"', 'id="D1" validUntil="2020-01-31"')
    yield "incomplete", whole.replace("<application ", "<acceptIncomplete>true</acceptIncomplete><application ")
    yield "markup", whole.replace("Сынақов", "&lt;/kk&gt;&amp;amp;&#13;\"]]&gt;")
    yield "no-name", whole.replace("Сынақов Сынақ", "")
    yield "twice", whole.replace("<route>CENTER</route>", "<route>CENTER</route><route>CENTER</route>")
    yield "bare", '<paperApplication xmlns="urn:egov-gateway:front-office:1"/>'


def result():
    """Results that people sign, as of fuzz_result.c: a draft, a refusal, and what is neither."""
    def draft(outcome="POSITIVE", ground="", text="Вам назначено.", at="2026-11-28T13:50:00.000+05:00"):
        return ('<result xmlns="urn:egov-gateway:result:1"><number>20100000000007</number><requestNumber>10100000000007</requestNumber><portalNumber>38452268157405</portalNumber>'
                "<serviceCode>HOUSING_AID</serviceCode><serviceName><kk>Тұрғын үй көмегін тағайындау</kk><ru>Назначение жилищной помощи</ru></serviceName><kind>NOTIFICATION</kind>"
                f"<outcome>{outcome}</outcome>{ground}<text><kk>Өтінішіңіз бойынша оң шешім қабылданды.</kk><ru>{text}</ru></text>"
                "<provider><bin>160640900019</bin><nameKk>Үлгі</nameKk><nameRu>Пример</nameRu></provider><applicant><iin>850412390011</iin></applicant>"
                f"<issuedAt>{at}</issuedAt><note><kk>СЫНАҚ</kk><ru>ТЕСТ</ru></note></result>")

    ground = ("<ground><id>UNTRUE</id><kk>Ұсынылған құжаттардың және (немесе) мәліметтердің анық еместігі</kk>"
              "<ru>Недостоверность представленных документов и (или) данных</ru></ground>")
    yield "draft", draft()
    yield "lines", draft(text="раз\nдва &amp; &lt;три&gt;")
    yield "refused", draft("REFUSED", ground).replace("Өтінішіңіз бойынша оң шешім қабылданды.", "Мемлекеттік қызметті көрсетуден бас тартылды.")
    yield "no-ground", draft("REFUSED")
    yield "blanks", draft(" POSITIVE ")
    yield "old", draft(at="2026-11-26T14:00:00.000+05:00")
    yield "other-number", draft().replace("20100000000007", "20100000000008")
    yield "more", draft().replace("</result>", "<x/></result>")
    yield "twice", draft().replace("<number>", "<number>20100000000007</number><number>", 1)
    yield "cms", draft().replace("</result>", "<cms>MAM=</cms></result>")
    yield "query", "outcome=POSITIVE&textKk=%D1%81%D3%99%D0%BB%D0%B5%D0%BC+%0A&textRu=%d0%"


def main():
    if sys.argv[1:] == ["result"]:
        write("result", result())
        return
    if sys.argv[1:] == ["attachment"]:
        write("attachment", attachments())
        return
    if sys.argv[1:] == ["shown"]:
        write("shown", shown())
        return
    if sys.argv[1:] == ["login"]:
        for name, seeds in (("login", login()), ("staff", staff()), ("cookie", cookies())):
            write(name, seeds)
        return
    material = HERE / "material"
    only_xades = sys.argv[1:] == ["xades"]
    only_revocation = sys.argv[1:] == ["revocation"]  # leaves the others as they are: every run has new keys
    with tempfile.TemporaryDirectory() as folder:
        pki = pathlib.Path(folder) / "pki"
        subprocess.run([ROOT / "certs" / "make-pki.sh", pki], check=True, stdout=subprocess.DEVNULL)
        if only_revocation:
            revocation(pki, material)
            return
        if only_xades:
            shutil.copy(pki / "trust" / "issuing.pem", material / "trust" / "xades.pem")
            (material / "at").write_text(datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
            write("document", xades(pki, (material / "application.xml").read_text()), only="xades-")
            return
        subprocess.run([ROOT / "build" / "certs" / "make-gost-pki", pki], check=True)
        write("cms", cms(pki, fill("application.xml")))
        write("tsp", tsp(pki))
        if sys.argv[1:] == ["cms"]:
            return
        shutil.rmtree(material, ignore_errors=True)
        (material / "trust").mkdir(parents=True)
        shutil.copy(pki / "trust" / "issuing.pem", material / "trust")
        (material / "at").write_text(datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        application, envelope = fill("application.xml"), fill("sync.xml", data="<data>TSA_CERT</data>")
        (material / "application.xml").write_text(application)
        (material / "envelope.xml").write_text(envelope)
        revocation(pki, material)
        write("certificate", certificate(pki))
        write("document", [*document(pki, application), *xades(pki, application)])
        write("transport", transport(pki, envelope))
    for name, seeds in (("xml", xml()), ("soap", soap()), ("http", http()), ("conf", conf()), ("signer_frame", signer_frame()), ("base64", base64_texts()), ("gost", gost()), ("shown", shown()), ("login", login()),
                        ("staff", staff()), ("cookie", cookies()), ("attachment", attachments()), ("front", front()), ("result", result())):
        write(name, seeds)


if __name__ == "__main__":
    main()
