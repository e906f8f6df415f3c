#!/usr/bin/python3
"""Is this document genuine? The page by number and IIN, and POST /api/v1/verify with PDF, XML and codes: right and wrong, told alike, rate-limited, off unless asked for."""
import base64
import hashlib
import html.parser
import re
import shutil
import subprocess

from check import APPLICANT, NEGATIVE, PKI, ROOT, Checks, Lab, Message, complaints, http_call, problem, wait_for
from lab import GATEWAY

c = Checks()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
URL = "https://check.example.kz"


class Html(html.parser.HTMLParser):
    """Tags in balance; no script, nothing from elsewhere; every input has its label."""

    def __init__(self, text):
        super().__init__()
        self.open, self.faults, self.inputs, self.labels, self.language = [], [], set(), set(), None
        self.feed(text)
        self.faults += [f"{tag} not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.language = values.get("lang") if tag == "html" else self.language
        if tag == "script" or any(name.startswith("on") or name == "style" for name in values) or any("//" in (values.get(n) or "") for n in ("href", "src", "action")):
            self.faults.append(f"{tag} {values}")
        if tag == "input":
            self.inputs.add(values.get("id"))
        if tag == "label":
            self.labels.add(values.get("for"))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")


def page_is_good(name, answer, language):
    page = Html(answer.text)
    c.same(f"{name}: well made, no script, labels", (page.faults, page.inputs, page.language), ([], page.labels, language))
    style = re.search(r"<style>(.*?)</style>", answer.text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    c.same(f"{name}: strict policy", answer.headers["content-security-policy"],
           f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    c.same(f"{name}: other headers", (answer.headers["content-type"], answer.headers["cache-control"], answer.headers["referrer-policy"], answer.headers["x-content-type-options"]),
           ("text/html; charset=utf-8", "no-store", "no-referrer", "nosniff"))


def ask(lab, number, iin, query="?lang=en", path="/check"):
    return http_call(lab.url + path + query, "POST", f"number={number}&iin={iin}", FORM)


def verdict(answer):
    found = re.search(r'<div class="verdict (yes|no)" role="status"><p><strong>(.*?)</strong>', answer.text)
    return (found[1], found[2]) if found else None


def issued(lab, applicant):
    link = Message("rest", applicant=applicant).send(lab).json["links"]["self"]

    def get(path):
        return http_call(lab.tls_url + path, certificate="tls-portal")
    wait_for("the result", lambda: get(link).json["state"] == "RESULT_SENT")
    xml, pdf = get(link + "/result.xml").body, get(link + "/result.pdf").body
    return re.search(rb"<number>(\d{14})<", xml)[1].decode(), xml, pdf


def languages(lab):
    for language, words in (("kk", "Құжаттың түпнұсқалығын тексеру"), ("ru", "Проверка подлинности документа"), ("en", "Is this document genuine?")):
        answer = http_call(lab.url + f"/check/20100000000001?lang={language}")
        c.that(f"{language}: its words, the number in the form", answer.status == 200 and words in answer.text and 'value="20100000000001"' in answer.text, answer)
        c.same(f"{language}: no verdict unasked", verdict(answer), None)
        page_is_good(language, answer, language)
        asked = http_call(lab.url + "/check", headers={"Accept-Language": f"de, {language}-KZ;q=0.8"})
        c.same(f"{language}: by Accept-Language", asked.headers["content-language"], language)
    c.same("kk when nothing is said", http_call(lab.url + "/check").headers["content-language"], "kk")
    hostile = http_call(lab.url + '/check/"><script>alert(1)</script>')
    c.that("what is no number is not repeated", hostile.status in (200, 400) and "<script" not in hostile.text, hostile)


def by_number(lab, number):
    good = ask(lab, number, APPLICANT)
    c.same("right: yes", (good.status, verdict(good)[0]), (200, "yes"))
    c.that("right: date, service, issuer", all(w in good.text for w in ("Issued on", "Issue of a certificate", "Issued by")), good)
    c.that("right: nothing about the person", not any(w in good.text for w in ("АХМЕТОВ", "ЕРЛАН", APPLICANT, "POSITIVE")), good)
    page_is_good("verdict", good, "en")
    c.same("the number of the path", verdict(http_call(lab.url + f"/check/{number}?lang=en", "POST", f"iin={APPLICANT}", FORM))[0], "yes")
    c.same("blanks do not matter", verdict(ask(lab, number, "8504+1239+0011"))[0], "yes")
    wrong_iin, unknown = ask(lab, number, NEGATIVE), ask(lab, "20199999999999", APPLICANT)
    c.same("wrong IIN: no", (wrong_iin.status, verdict(wrong_iin)[0]), (200, "no"))
    c.same("unknown number and wrong IIN: the same answer", wrong_iin.text.replace(number, "N"), unknown.text.replace("20199999999999", "N"))
    for name, bad in (("letters", (number, "85041239001x")), ("short", (number, "1")), ("nothing", ("", "")), ("markup", (number, "%3Cscript%3E")), ("long", ("9" * 500, "1" * 500))):
        answer = ask(lab, *bad)
        c.same(f"{name}: 400", (answer.status, verdict(answer)[0]), (400, "no"))
        c.that(f"{name}: not repeated", "<script" not in answer.text, answer)
    c.same("a portal's number is none of a document", verdict(ask(lab, "101" + number[3:], APPLICANT))[0], "no")
    c.same("other methods", (http_call(lab.url + "/check", "PUT", b"").status, http_call(lab.url + "/api/v1/verify").status), (405, 405))


def shown(lab, body, query="", **headers):
    return http_call(lab.url + "/api/v1/verify" + query, "POST", body, headers)


def codes_of(lab, pdf):
    path = lab.folder / "shown.pdf"
    path.write_bytes(pdf)
    subprocess.run(["pdftoppm", "-gray", "-r", "300", path, lab.folder / "shown"], check=True)
    return subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", *sorted(lab.folder.glob("shown*.pgm"))], capture_output=True).stdout


def by_document(lab, number, xml, pdf):
    for kind, body in (("XML", xml), ("PDF", pdf)):
        answer = shown(lab, body).json
        c.same(f"{kind}: genuine", (answer["genuine"], answer["kind"], answer["number"]), (True, kind, number))
        c.that(f"{kind}: nothing about the person", APPLICANT not in str(answer) and "ЕРЛАН" not in str(answer), answer)
    if shutil.which("zbarimg"):
        codes = codes_of(lab, pdf)
        answer = shown(lab, codes).json
        c.same("QR: genuine", (answer["genuine"], answer["kind"], answer["number"]), (True, "QR", number))
        answer = shown(lab, codes[codes.index(b"</BarcodeElement>") + 20:]).json
        c.same("QR: one is missing", (answer["genuine"], answer["reason"]["code"]), (False, "QR_INCOMPLETE"))
    else:
        c.skip("QR", "zbarimg is not installed")
    at = pdf.index(b"stream") + 60
    body_changed = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1:]
    stranger = lab.folder / "stranger.pdf"
    (lab.folder / "shown.xml").write_bytes(xml)
    key = ["--key", PKI / "keys" / "applicant-850412390011.key", "--cert", PKI / "certs" / "applicant-850412390011.pem"]
    subprocess.run([str(a) for a in (GATEWAY, "print", *key, "--services", ROOT / "conf" / "services", "--out", stranger, lab.folder / "shown.xml")], check=True)
    for name, body, reason in (
            ("XML, one letter changed", xml.replace("тиесілі".encode(), "тиесіль".encode(), 1), "REQUEST_NOT_FOUND"),
            ("XML, something behind it", xml + b"\n", "REQUEST_NOT_FOUND"),
            ("XML of an unknown number", xml.replace(number.encode(), b"20199999999999"), "REQUEST_NOT_FOUND"),
            ("PDF, one byte changed", body_changed, "PDF_NOT_SIGNED"),
            ("PDF, something added", pdf + b"\n", "PDF_NOT_SIGNED"),
            ("PDF, our XML in a picture that a citizen signed", stranger.read_bytes(), "PDF_NOT_SIGNED"),
            ("PDF, empty", b"%PDF-1.7\n", "PDF_NOT_SIGNED"),
            ("nothing", b"", "REQUEST_NOT_FOUND"),
            ("a number that is no text", b"<a><number>" + b"\xff" * 14 + b"</number></a>", "REQUEST_NOT_FOUND"),
            ("a number that is markup", b"<a><number><img src=x>aa</number></a>", "REQUEST_NOT_FOUND"),
            ("noise", bytes(range(256)) * 20, "REQUEST_NOT_FOUND")):
        answer = shown(lab, body)
        c.same(name, (answer.status, answer.json["genuine"], answer.json.get("reason", {}).get("code")), (200, False, reason))
    c.same("an unknown number and a known one of other content are told alike", shown(lab, xml + b"\n").json["reason"],
           shown(lab, xml.replace(number.encode(), b"20199999999999")).json["reason"])
    c.same("what is no number is not repeated", shown(lab, b"<a><number>\xff<img src=x>aa</number></a>").json["number"], "")
    c.same("too large", problem(shown(lab, b"x" * (2 << 20 | 1))), (413, "SCE001", "HTTP_TOO_LARGE"))


def by_upload(lab, number, pdf):
    def upload(content):
        body = b'--b0\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n' + content + b"\r\n--b0--\r\n"
        return shown(lab, body, "?lang=ru", **{"Content-Type": "multipart/form-data; boundary=b0"})
    good, bad = upload(pdf), upload(pdf[:-10])
    c.same("page: genuine", (good.status, verdict(good)[0]), (200, "yes"))
    c.that("page: its number", number in good.text and "файл подлинный" in good.text, good)
    page_is_good("upload", good, "ru")
    stray = upload(b"<a><number>\xff\xff<img src=x></number></a>")
    c.same("page: what is no number is not repeated", (verdict(stray)[0], b"img src" in stray.body or b"\xff" in stray.body), ("no", False))
    c.same("page: not genuine", (bad.status, verdict(bad)[0]), (200, "no"))
    c.that("page: why", "нет единственной подписи" in bad.text, bad)


def too_often(lab, number):
    answers = [ask(lab, number, APPLICANT) for _ in range(8)]
    c.same("five a minute", [a.status for a in answers], [200] * 5 + [429] * 3)
    c.that("said on the page", "Too many checks" in answers[-1].text and answers[-1].headers["retry-after"] == "60", answers[-1])
    c.same("documents count too", problem(shown(lab, b"<a/>")), (429, "SCE001", "CHECK_TOO_OFTEN"))
    c.same("looking at the page does not", http_call(lab.url + "/check").status, 200)


def main():
    with Lab(settings={"check": {"enabled": "yes", "url": URL, "per_minute": 1000}}) as lab:
        number, xml, pdf = issued(lab, APPLICANT)
        c.part(languages, lab)
        c.part(by_number, lab, number)
        c.part(by_document, lab, number, xml, pdf)
        c.part(by_upload, lab, number, pdf)
        log = lab.log.read_text()
        c.that("no IIN in the log", APPLICANT not in log and NEGATIVE not in log)
        c.same("nothing for the operator", complaints(lab), [])
        lab.look_for_sanitizers()
    with Lab(settings={"check": {"enabled": "yes", "per_minute": 5}}) as lab:
        c.part(too_often, lab, "20100000000001")
    with Lab() as lab:
        c.same("off: nothing there", (http_call(lab.url + "/check/20100000000001").status, http_call(lab.url + "/api/v1/verify", "POST", b"<a/>").status), (404, 404))
    c.finish()


main()
