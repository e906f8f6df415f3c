#!/usr/bin/python3
"""Printed results: result.pdf judged by poppler, qpdf and zbar; who gets one; broken ones; long names and families; `verify` of PDF and codes."""
import re
import shutil
import subprocess

from check import APPLICANT, NEGATIVE, PKI, ROOT, Checks, Lab, Message, complaints, http_call, problem, set_fault, wait_for
from lab import GATEWAY, fingerprint

c = Checks()
URL = "https://check.example.kz"
OTHER = "tls-gateway-client"
SETTINGS = {"check": {"enabled": "yes", "url": URL}, "sender other": {"bin": "091240900012", "tls_sha256": fingerprint(PKI / "certs" / f"{OTHER}.pem")}}


def said(*args):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def get(lab, path, certificate="tls-portal"):
    return http_call(lab.tls_url + path, certificate=certificate)


def submit(lab, applicant):
    return Message("rest", applicant=applicant).send(lab).json["links"]["self"]


def finished(lab, applicant):
    link = submit(lab, applicant)
    wait_for("the result", lambda: get(lab, link).json["state"] == "RESULT_SENT")
    return link


def text_of(path, *options):
    return re.sub(r"\s+", " ", said("pdftotext", *options, path, "-")[1])


def codes_of(path, folder):
    """Payloads of every QR code on every page."""
    pages = folder / (path.stem + "-page")
    subprocess.run(["pdftoppm", "-gray", "-r", "300", path, pages], check=True)
    images = sorted(folder.glob(path.stem + "-page*.pgm"))
    out = said("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", *images)[1]
    for image in images:
        image.unlink()
    return out


def verify(*files):
    code, out, _ = said(GATEWAY, "verify", "--trust", PKI / "trust", *files)
    return code, out


def judged(name, path, xml, number):
    """What independent programs say of one PDF."""
    folder = path.parent
    code, out, _ = said("qpdf", "--check", path)
    c.that(f"{name}: qpdf --check", code == 0 and "No syntax or stream encoding errors" in out, out)
    info = said("pdfinfo", path)[1]
    c.that(f"{name}: A4, a title, metadata", "(A4)" in info and re.search(r"Title: +\S", info) and "Metadata Stream: yes" in info and "Encrypted:       no" in info, info)
    fonts = said("pdffonts", path)[1].splitlines()[2:]
    c.that(f"{name}: fonts embedded, subset, with Unicode", fonts and all(re.search(r" yes yes yes +\d+ +\d+$", line) for line in fonts), fonts)
    metadata = said("pdfinfo", "-meta", path)[1]
    c.that(f"{name}: PDF/A-3b is claimed", "<pdfaid:part>3<" in metadata and "<pdfaid:conformance>B<" in metadata, metadata)
    attached = folder / "attached.xml"
    listing = said("pdfdetach", "-list", path)[1]
    said("pdfdetach", "-save", "1", "-o", attached, path)
    c.that(f"{name}: one attachment, byte for byte the result", "1 embedded files" in listing and f"{number}.xml" in listing and attached.read_bytes() == xml, listing)
    signature = said("pdfsig", path)[1]
    c.that(f"{name}: pdfsig says valid, whole document", "Signature is Valid" in signature and "Total document signed" in signature and "ETSI.CAdES.detached" in signature, signature)
    c.that(f"{name}: at most 150 KB", path.stat().st_size <= 150_000, path.stat().st_size)
    code, out = verify(path)
    c.that(f"{name}: egov-gateway verify", code == 0 and "covers: the whole file" in out and "document signature: valid" in out, out)


def codes_checked(name, path, number):
    folder = path.parent
    payloads = codes_of(path, folder)
    elements = re.findall(r"<BarcodeElement .*?</BarcodeElement>", payloads, re.S)
    amount = int(re.search(r"<elementsAmount>(\d+)<", payloads)[1])
    c.same(f"{name}: all codes read", len(set(elements)), amount)
    c.that(f"{name}: the check address is a code", f"{URL}/check/{number}" in payloads, payloads[-300:])
    file = folder / "codes.txt"
    file.write_text(payloads)
    code, out = verify(file)
    c.that(f"{name}: the codes alone are a valid document", code == 0 and "valid (QR codes)" in out, out)
    file.write_text("\n".join(elements[1:]))
    code, out = verify(file)
    c.that(f"{name}: one code missing", code == 1 and "QR_INCOMPLETE" in out and f"{amount - 1} of {amount}" in out, out)


WORDS = {
    "POSITIVE": ("Бірегей нөмір / Уникальный номер: ", "АНЫҚТАМА", "СПРАВКА", "көмек алушыларға тиесілі екендігін растайды", "относится к получателям", "ҚАСЫМОВА ДАНА ЕРЛАНҚЫЗЫ",
                 "Отбасы құрамы", "Состав семьи", "қағаз тасығыштағы құжатпен бірдей", "равнозначен документу на бумажном носителе", "СЫНАҚ ДЕРЕКТЕРІ", "ТЕСТОВЫЕ ДАННЫЕ",
                 "беттің 1 беті / Страница 1 из"),
    "NEGATIVE": ("АНЫҚТАМА", "тиесілі емес екендігін растайды", "не относится к получателям"),
    "REFUSED": ("БАС ТАРТУ ТУРАЛЫ ДӘЛЕЛДІ ЖАУАП", "МОТИВИРОВАННЫЙ ОТВЕТ ОБ ОТКАЗЕ", "дерекқорында мәліметтер табылмады", "не найдены сведения", "Выдача справки"),
}


def each_outcome(lab):
    links = {}
    for outcome, applicant in (("POSITIVE", APPLICANT), ("NEGATIVE", NEGATIVE), ("REFUSED", "850412390021")):
        link = links[outcome] = finished(lab, applicant)
        xml = get(lab, link + "/result.xml").body
        answer = get(lab, link + "/result.pdf")
        c.same(f"{outcome}: result.pdf", (answer.status, answer.headers["content-type"], answer.headers["cache-control"]), (200, "application/pdf", "no-store"))
        path = lab.folder / f"{outcome}.pdf"
        path.write_bytes(answer.body)
        number = re.search(rb"<number>(\d{14})</number>", xml)[1].decode()
        judged(outcome, path, xml, number)
        text = text_of(path)
        for words in (*WORDS[outcome], number, applicant):
            c.that(f"{outcome}: pdftotext finds {words}", words in text, text[:1500])
        c.that(f"{outcome}: never egov.kz", "egov.kz" not in text.lower().replace("example.kz", ""), text)
    codes_checked("POSITIVE", lab.folder / "POSITIVE.pdf", "20100000000001")
    return links


def other_services(lab):
    """HOME_SCHOOL: the notification of assignment, a refusal; information about an assignment."""
    cases = [
        ("60-school-parent", "850412390011", ("ЖӘРДЕМАҚЫ ТАҒАЙЫНДАУ ТУРАЛЫ ХАБАРЛАМА", "УВЕДОМЛЕНИЕ О НАЗНАЧЕНИИ ПОСОБИЯ", "айына 8650 теңге (2 АЕК)", "8650 тенге в месяц (2 МРП)", "120229590018",
                                              "KZ61 **** **** ST01", "TEST-PMPK-0001")),
        ("67-school-not-a-parent", "480509390010", ("БАС ТАРТУ ТУРАЛЫ ДӘЛЕЛДІ ЖАУАП", "МОТИВИРОВАННЫЙ ОТВЕТ ОБ ОТКАЗЕ", "Возмещение затрат на обучение на дому детей-инвалидов")),
        ("75-school-info", "850412390011", ("ТАҒАЙЫНДАУ ТУРАЛЫ АҚПАРАТ", "ИНФОРМАЦИЯ О НАЗНАЧЕНИИ", "TEST-PAY-0001", "Выплачивается", "Срок истек", "Төленуде", "айына 8650 теңге")),
    ]
    for name, applicant, words in cases:
        before = set((lab.folder / "cabinet" / applicant).glob("*.xml"))
        done = lab.run("replay", ROOT / "fixtures" / "good", "--only", f"*{name}", "--to", lab.url, "--pki", PKI)
        c.same(f"{name}: served", done.returncode, 0, done.stdout)
        wait_for("the cabinet", lambda: set((lab.folder / "cabinet" / applicant).glob("*.xml")) - before)
        service = "HOME_SCHOOL_INFO" if "info" in name else "HOME_SCHOOL"
        xml = (set((lab.folder / "cabinet" / applicant).glob("*.xml")) - before).pop()
        path = lab.folder / f"{name}.pdf"
        key = ["--key", PKI / "keys" / "head-160640900019.key", "--cert", PKI / "certs" / "head-160640900019.pem"]
        code, _, err = said(GATEWAY, "print", *key, "--service", service, "--services", ROOT / "conf" / "services", "--out", path, xml)
        c.same(f"{name}: printed", (code, err), (0, ""))
        judged(name, path, xml.read_bytes(), re.search(rb"<number>(\d{14})</number>", xml.read_bytes())[1].decode())
        text = text_of(path)
        for word in (*words, applicant):
            c.that(f"{name}: pdftotext finds {word}", word in text, text[:1500])


def who_may(lab, links):
    path = links["POSITIVE"] + "/result.pdf"
    c.same("no certificate", problem(get(lab, path, None)), (403, "SCE007", "CLIENT_CERTIFICATE_REQUIRED"))
    c.same("another sender", problem(get(lab, path, OTHER)), (404, "SCE004", "REQUEST_NOT_FOUND"))
    c.same("unknown number", problem(get(lab, "/api/v1/requests/10199999999999/result.pdf")), (404, "SCE004", "REQUEST_NOT_FOUND"))
    c.same("only GET", http_call(lab.tls_url + path, "POST", b"", certificate="tls-portal").status, 405)
    set_fault(lab, "gbdfl", "timeout")
    link = submit(lab, "870930490018")
    c.same("not ready", problem(get(lab, link + "/result.pdf")), (404, "SCE004", "RESULT_NOT_READY"))
    set_fault(lab, "gbdfl", "none")


def broken(lab):
    """One byte anywhere: pdfsig and verify see it."""
    good = (lab.folder / "POSITIVE.pdf").read_bytes()
    path = lab.folder / "broken.pdf"
    for name, at in (("first page", good.index(b"stream") + 60), ("attachment", good.index(b"/EmbeddedFile") + 200), ("signing time", good.index(b"/M (D:") + 8)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        c.that(f"{name}: pdfsig says no", "Signature is Valid" not in said("pdfsig", path)[1])
        code, out = verify(path)
        c.that(f"{name}: verify says why", code == 1 and "APPLICANT_SIGNATURE_DIGEST" in out, out)
    path.write_bytes(good + b"\n%%EOF\n")
    code, out = verify(path)
    c.that("something added: PDF_NOT_SIGNED", code == 1 and "PDF_NOT_SIGNED" in out, out)
    said("qpdf", lab.folder / "POSITIVE.pdf", path)
    code, out = verify(path)
    c.that("saved again by another program", code == 1 and ("PDF_NOT_SIGNED" in out or "SIGNATURE" in out), out)


def command(lab, links):
    """`print`: long names, a family over several pages, other keys, mistakes."""
    folder = lab.folder
    xml = get(lab, links["POSITIVE"] + "/result.xml").text
    member = re.search(r"<member>.*?</member>", xml, re.S)[0]
    name = "ӘБДІРАХМАНОВА-ҚҰДАЙБЕРГЕНҚЫЗЫ ҒАЙНИЖАМАЛ НҰРСҰЛТАНБЕКҚЫЗЫ"
    rows = "".join(re.sub(r"<fullName>.*?</fullName>", f"<fullName>{name} {i}</fullName>", member) for i in range(40))
    long_one = re.sub(r"<family>.*?</family>", f"<family>{rows}</family>", xml, flags=re.S)
    long_one = re.sub(r"(<recipient>.*?<fullName>).*?(</fullName>)", rf"\1{' '.join([name] * 8)}\2", long_one, flags=re.S)
    (folder / "long.xml").write_text(long_one)
    options = ["--services", ROOT / "conf" / "services", "--out", folder / "long.pdf"]
    code, _, err = said(GATEWAY, "print", *options, folder / "long.xml")
    c.same("long: printed", (code, err), (0, ""))
    pages = int(re.search(r"Pages: +(\d+)", said("pdfinfo", folder / "long.pdf")[1])[1])
    c.that("long: several pages", pages >= 4, pages)
    for page in (1, 2):
        text = text_of(folder / "long.pdf", "-f", page, "-l", page)
        c.that(f"long: page {page} has the table's head and its number", "№ ТАӘ ЖСН Туыстығы" in text and f"Страница {page} из {pages}" in text, text[:600])
    whole = text_of(folder / "long.pdf")
    c.that("long: nobody is left out", all(f"НҰРСҰЛТАНБЕКҚЫЗЫ {i} " in whole for i in range(40)), whole[:800])
    code, out = verify(folder / "long.pdf")
    c.that("long: not signed", code == 1 and "PDF_NOT_SIGNED" in out, out)
    (folder / "good.xml").write_text(xml)
    for kind in ("gost-head-160640900019", "system-portal-ec"):
        key = ["--key", PKI / "keys" / f"{kind}.key", "--cert", PKI / "certs" / f"{kind}.pem"]
        code, _, err = said(GATEWAY, "print", *key, "--services", ROOT / "conf" / "services", "--out", folder / "other.pdf", folder / "good.xml")
        c.same(f"{kind}: printed", (code, err), (0, ""))
        code, out = verify(folder / "other.pdf")
        c.that(f"{kind}: verified", code == 0, out)
    for wrong, words in ((ROOT / "conf" / "services" / "TSA_CERT.xml", "RESULT_NOT_PRINTABLE"), (folder / "POSITIVE.pdf", "XML_"), (folder / "none.xml", "cannot be read")):
        code, _, err = said(GATEWAY, "print", *options, wrong)
        c.that(f"print {wrong.name}: exit 2 and why", code == 2 and words in err, err)
    code, _, err = said(GATEWAY, "print", *options, "--font", "No Such Font", folder / "good.xml")
    c.that("another font is found, or it is said that there is none", code in (0, 2), err)


def main():
    for tool in ("pdftotext", "pdfsig", "qpdf", "zbarimg"):
        if not shutil.which(tool):
            c.skip("everything", f"{tool} is not installed")
            c.finish()
    with Lab(settings=SETTINGS) as lab:
        links = c.part(each_outcome, lab)
        c.part(other_services, lab)
        c.part(who_may, lab, links)
        c.part(broken, lab)
        c.part(command, lab, links)
        c.same("nothing for the operator", complaints(lab), [])
        lab.look_for_sanitizers()
    c.finish()


main()
