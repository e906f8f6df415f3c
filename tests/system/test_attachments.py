#!/usr/bin/python3
"""Files that come with an application, over REST and SHEP: signed for by the applicant, kept by their SHA-256; broken siblings each with its reason, and nothing half stored."""
import base64
import hashlib
import json

from check import PKI, Checks, Lab, Message, Store, defaults, fault, filled, http_call, moment, number_of, problem, sign

c = Checks()
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(100)
FILES = {"Қорытынды.pdf": ("D9", PDF), "page-2.png": ("D10", PNG)}
APPLICANT, CHILD = "850412390011", "120229590018"


def listed(files):
    return "".join(f'<attachment name="{name}" size="{len(content)}" sha256="{hashlib.sha256(content).hexdigest()}" document="{document}"/>'
                   for name, (document, content) in files.items())


def application(files, change=lambda text: text):
    fields = {"serviceId": "HOME_SCHOOL", "serviceCode": "HOME_SCHOOL", "applicant": APPLICANT, "childIin": CHILD, "relation": "PARENT", "conclusionNumber": "TEST-PMPK-0001",
              "conclusionDate": moment(days=-60)[:10], "conclusionUntil": moment(days=200)[:10], "account": "KZ619990000000TEST01"}
    application.count += 1
    text = filled("application-home-school", {**defaults(), "now": moment(), "requestNumber": f"4{application.count:013d}", **fields})
    if files:
        text = text.replace("<form>", f"<attachments>{listed(files)}</attachments><form>")
    return sign(change(text), f"applicant-{APPLICANT}"), fields


application.count = 0


def rest(lab, signed, sent, key=None):
    body = {"application": base64.b64encode(signed).decode(), "attachments": [{"name": n, "content": base64.b64encode(b).decode()} for n, b in sent]}
    rest.count += 1
    return http_call(f"{lab.tls_url}/api/v1/requests", "POST", json.dumps(body).encode(), {"Content-Type": "application/json", "Idempotency-Key": key or f"files-{rest.count}"}, "tls-portal")


rest.count = 0


def shep(signed, sent, fields, channel="async"):
    package = ('<requestPackage xmlns="urn:egov-gateway:package:1"><signedApplication>' + signed.decode().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "</signedApplication>"
               + "".join(f"<fileData><name>{n}</name><base64Data>{base64.b64encode(b).decode()}</base64Data></fileData>" for n, b in sent) + "</requestPackage>")
    message = Message(channel, **fields)
    message.plain = message.plain.replace(message.plain[message.plain.index("<data>"):message.plain.index("</data>") + 7], f"<data>{package}</data>")
    message.body = sign(message.plain, "system-portal", soap=True)
    return message


def pairs(files):
    return [(name, content) for name, (_, content) in files.items()]


def kept(lab, number):
    return Store(lab).rows("SELECT a.n, a.name, a.type, a.size, a.document, b.bytes FROM attachment AS a JOIN attachment_body AS b USING (sha256) WHERE a.request_id = ? ORDER BY a.n",
                           int(number[3:]))


WANTED = [(1, "Қорытынды.pdf", "application/pdf", len(PDF), "D9", PDF), (2, "page-2.png", "image/png", len(PNG), "D10", PNG)]


def accepted(lab):
    signed, fields = application(FILES)
    answer = rest(lab, signed, pairs(FILES), "twice")
    c.that("REST: registered", answer.status == 201, answer.body)
    c.same("REST: kept as they were listed", kept(lab, number_of(answer)), WANTED)
    again = rest(lab, signed, pairs(FILES), "twice")
    c.same("REST: repeated, the same number", (again.status, number_of(again)), (200, number_of(answer)))
    signed, fields = application(FILES)
    answer = rest(lab, signed, list(reversed(pairs(FILES))))
    c.same("sent in another order than listed", kept(lab, number_of(answer)), WANTED)
    for channel in ("async", "sync"):
        signed, fields = application(FILES)
        message = shep(signed, pairs(FILES), fields, channel)
        answer = message.send(lab)
        c.that(f"SHEP {channel}: registered", answer.status == 200 and b"Fault>" not in answer.body, answer.body[:600])
        c.same(f"SHEP {channel}: kept", kept(lab, number_of(answer)), WANTED)
        (lab.folder / "message.xml").write_bytes(message.body)
        said = json.loads(lab.run("verify", "--trust", PKI / "trust", "--json", lab.folder / "message.xml").stdout)[0]
        c.same("verify sees both signatures", ([p["part"] for p in said["parts"]], said["code"]), (["transport", "document"], "OK"))
    signed, fields = application({})
    answer = shep(signed, [], fields).send(lab)
    c.that("a package without files", b"Fault>" not in answer.body, answer.body[:300])
    c.same("bodies are kept once", Store(lab).value("SELECT count(*) FROM attachment_body"), 2)




def broken(lab):
    many = {f"{i}.pdf": ("D9", PDF + b"\n" * i) for i in range(17)}
    large = {"large.pdf": ("D9", b"%PDF-1.4\n" + bytes(2 << 20) + b"%%EOF\n")}
    cases = [
        ("a file changed on the way", FILES, [("Қорытынды.pdf", PDF + b"\n"), ("page-2.png", PNG)], "ATTACHMENT_DIFFERS"),
        ("a file under another name", FILES, [("x.pdf", PDF), ("page-2.png", PNG)], "ATTACHMENT_DIFFERS"),
        ("a file that nobody signed for", FILES, pairs(FILES) + [("more.jpg", JPEG)], "ATTACHMENT_DIFFERS"),
        ("a file missing", FILES, pairs(FILES)[:1], "ATTACHMENT_MISSING"),
        ("all missing", FILES, [], "ATTACHMENT_MISSING"),
        ("a page in the clothes of a PDF", {"a.pdf": ("D9", b"<html><script>alert(1)</script>" + PDF)}, None, "ATTACHMENT_TYPE"),
        ("a PNG called .pdf", {"a.pdf": ("D9", PNG)}, None, "ATTACHMENT_TYPE"),
        ("a program", {"a.exe": ("D9", b"MZ\x90\0")}, None, "ATTACHMENT_TYPE"),
        ("a path", {"../../etc/a.pdf": ("D9", PDF)}, None, "ATTACHMENT_NAME"),
        ("too many", many, None, "ATTACHMENT_TOO_LARGE"),
        ("too large", large, None, "ATTACHMENT_TOO_LARGE"),
        ("a document that the service does not know", {"a.pdf": ("D77", PDF)}, None, "FORM_INVALID"),
        ("a document of another route", {"a.pdf": ("D1", PDF)}, None, "FORM_INVALID"),
    ]
    before = [Store(lab).value(f"SELECT count(*) FROM {table}") for table in ("request", "attachment", "attachment_body")]
    for name, files, sent, reason in cases:
        signed, fields = application(files)
        sent = pairs(files) if sent is None else sent
        answer = rest(lab, signed, sent)
        c.same(f"REST, {name}", problem(answer)[2], reason, answer.body[:300])
        c.that(f"{name}: no name is quoted", not any(n in answer.text for n in files), answer.text)
        if name != "too large":
            c.same(f"SHEP, {name}", fault(shep(signed, sent, fields).send(lab))[2], reason)
    signed, fields = application(FILES, lambda text: text.replace('sha256="', 'sha256="x', 1))
    c.same("a digest that is none", problem(rest(lab, signed, pairs(FILES)))[2], "DATA_FORM")
    signed, fields = application(FILES)
    unsigned = signed.replace(hashlib.sha256(PDF).hexdigest().encode(), hashlib.sha256(PDF + b"\n").hexdigest().encode())
    c.same("the list changed after it was signed", problem(rest(lab, unsigned, [("Қорытынды.pdf", PDF + b"\n"), ("page-2.png", PNG)]))[2], "APPLICANT_SIGNATURE_DIGEST")
    plain = http_call(f"{lab.tls_url}/api/v1/requests", "POST", signed, {"Content-Type": "application/xml", "Idempotency-Key": "plain"}, "tls-portal")
    c.same("listed, and nothing beside it", problem(plain)[2], "ATTACHMENT_MISSING")
    c.same("nothing of them is stored", [Store(lab).value(f"SELECT count(*) FROM {table}") for table in ("request", "attachment", "attachment_body")], before)
    c.that("and no name is in the log", "Қорытынды" not in lab.log.read_text())


with Lab() as lab:
    c.part(accepted, lab)
    c.part(broken, lab)
with Lab(settings={"attachments": {"count": 0}}) as lab:
    signed, fields = application(FILES)
    c.same("files are not wanted here", problem(rest(lab, signed, pairs(FILES)))[2], "ATTACHMENT_TOO_LARGE")
c.finish()
