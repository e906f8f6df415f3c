#!/usr/bin/python3
"""A service that nobody has heard of: one file in the folder of services, no C. It is listed, takes applications by its own form through every channel it names, asks the
register it names, decides by its own rules, issues and prints by its own templates, and delivers. A second version takes over on its day. Broken siblings stop the start."""
import pathlib
import re
import shutil
import subprocess
import tempfile

from check import APPLICANT, GATEWAY, PKI, ROOT, Checks, Lab, Message, cabinet, defaults, element, filled, http_call, moment, problem, sign, wait_for

c = Checks()
NOBODY, DEAD = "850412390021", "850412390201"


def three(kk, ru, en):
    return f"<kk>{kk}</kk><ru>{ru}</ru><en>{en}</en>"


def label(kk, ru, en):
    return "<xs:annotation>" + "".join(f'<xs:documentation xml:lang="{l}">{t}</xs:documentation>' for l, t in (("kk", kk), ("ru", ru), ("en", en))) + "</xs:annotation>"


def step(by, act, kk, ru):
    return f'<step by="{by}" act="{act}" paragraph="2"><role><kk>{kk}</kk><ru>{ru}</ru></role><action><kk>{kk}</kk><ru>{ru}</ru></action></step>'


def service(version="1", validity='from="2020-01-01"', outcome="NEGATIVE", extra=""):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<service xmlns="urn:egov-gateway:catalogue:1" code="ADDRESS_CERT" version="{version}">
  <name>{three("Тіркелген мекенжайы туралы анықтама беру", "Выдача справки о зарегистрированном адресе", "Certificate of the registered address")}</name>
  <legalAct number="1" date="2020-01-01">{three("Сынақ актісі", "Тестовый акт", "Test act")}</legalAct>
  <validity {validity}/>
  <providers><provider kind="DEPARTMENT">{three("Бөлім", "Отдел", "Department")}</provider></providers>
  <forms electronic="true" paper="false" automated="true"/>
  <applicants><applicant kind="PERSON" basis="assumed">{three("Кез келген адам", "Любое лицо", "Any person")}</applicant></applicants>
  <channels><channel>shep-sync</channel><channel>shep-async</channel><channel>rest</channel></channels>
  <shepServiceIds><id>ADDRESS_CERT_SERVICE</id></shepServiceIds>
  <representatives allowed="false"/>
  <form><xs:complexType xmlns:xs="http://www.w3.org/2001/XMLSchema" name="form"><xs:sequence>
    <xs:element name="copies">{label("Дана саны", "Число экземпляров", "Copies")}<xs:simpleType><xs:restriction base="xs:integer">
      <xs:minInclusive value="1"/><xs:maxInclusive value="5"/></xs:restriction></xs:simpleType></xs:element>
  </xs:sequence></xs:complexType></form>
  <routes><route kind="PORTAL" paragraph="1" schedule="portal" receptionDay="unstated"><term amount="1" unit="workday" paragraph="1"/>
    {step("RECIPIENT", "PORTAL", "өтініш беруші", "заявитель")}
    {step("GATEWAY", "PORTAL", "шлюз", "шлюз")}
  </route></routes>
  <papers><paper id="CERTIFICATE" kind="CERTIFICATE" basis="assumed"><name>{three("Анықтама", "Справка", "Certificate")}</name></paper></papers>
  <refusals><refusal id="UNKNOWN" stage="DECISION" paper="CERTIFICATE" basis="assumed">{three("Белгісіз", "Неизвестен", "Unknown")}</refusal></refusals>
  <automated providerKey="head">
    <systems><system>gbdfl</system></systems>
    <rules>
      <rule id="nobody" outcome="REFUSED" test="/case/gbdfl/@found = 'false'"><reason>{three("Табылмады", "Не найден", "Not found")}</reason></rule>
      <rule id="has-address" outcome="POSITIVE" test="/case/gbdfl/address/street[normalize-space()] and /case/application/form/copies &lt; 5">
        <reason>{three("Мекенжайы бар", "Адрес есть", "There is an address")}</reason></rule>
      <rule id="otherwise" outcome="{outcome}" test="true()"><reason>{three("Мекенжайы жоқ", "Адреса нет", "There is none")}</reason></rule>
    </rules>
    <result><response xmlns="urn:example:address:1" xmlns:t="urn:egov-gateway:template:1">
      <requestNumber>{{/case/application/requestNumber}}</requestNumber><declarantId>{{/case/application/declarantId}}</declarantId><number>{{$number}}</number><version>{version}</version><outcome>{{$outcome}}</outcome><copies>{{/case/application/form/copies}}</copies>
      <street t:if="$outcome = 'POSITIVE'">{{/case/gbdfl/address/street}}</street><why>{{$reason-ru}}</why>
    </response></result>
    <print xmlns="urn:egov-gateway:catalogue:1" xmlns:t="urn:egov-gateway:template:1" title="Анықтама / Справка" number="{{/response/number}}" favor="{{/response/number}}">
      <corner label="Нөмірі / Номер">{{/response/number}}</corner>
      <section language="kk" t:each="/response"><title>АНЫҚТАМА</title><text>{{concat('Көшесі: ', street)}}</text></section>
      <section language="ru" t:each="/response"><title>СПРАВКА</title><text>{{concat('Улица: ', street)}}</text></section>
      <barcode>тест</barcode>
    </print>
  </automated>{extra}
</service>
"""


BROKEN = [
    ("a register that does not exist", "<system>gbdfl</system>", "<system>gbdfk</system>", r"gbdfk"),
    ("XPath with a mistake", "&lt; 5", "&lt; ", r"ADDRESS_CERT\.xml:\d+: .*"),
    ("no last rule", "test=\"true()\"", "test=\"false()\"", r"ADDRESS_CERT\.xml:\d+: .*"),
    ("a form without its label in Kazakh", '<xs:documentation xml:lang="kk">Дана саны</xs:documentation>', "", r"ADDRESS_CERT\.xml:\d+: .*"),
    ("a template that names nothing", "{$outcome}", "{$outcom}", r"ADDRESS_CERT\.xml:\d+: .*"),
    ("a channel that does not exist", "<channel>rest</channel>", "<channel>fax</channel>", r"ADDRESS_CERT\.xml:\d+: .*"),
    ("a key that does not exist", 'providerKey="head"', 'providerKey="foot"', r"foot"),
    ("the code of another service", 'code="ADDRESS_CERT"', 'code="TSA_CERT"', r"TSA_CERT"),
    ("not XML", "</service>", "</servise>", r"ADDRESS_CERT\.xml: XML_NOT_WELL_FORMED .*line \d+"),
]


def folder_with(folder, name, text):
    shutil.copytree(ROOT / "conf" / "services", folder / name)
    (folder / name / "ADDRESS_CERT.xml").write_text(text, encoding="utf-8")
    return folder / name


def submit(lab, channel, applicant=APPLICANT, copies="2"):
    fields = {"serviceId": "ADDRESS_CERT_SERVICE", "serviceCode": "ADDRESS_CERT", "applicant": applicant, "declarantId": applicant}
    stamp = Message(channel).number
    text = filled("application", {**defaults(), "now": moment(), "requestNumber": stamp, **fields}).replace("<purpose>", "<copies>").replace("</purpose>", "</copies>")
    text = re.sub("<copies>.*</copies>", f"<copies>{copies}</copies>", text)
    return Message(channel, application=sign(text, f"applicant-{applicant}").decode(), **{**fields, "requestNumber": stamp})


def result_of(lab, message):
    """The document in the cabinet."""
    path = lab.folder / "cabinet" / message.applicant / f"{message.number}.xml"
    wait_for("the result in the cabinet", path.exists)
    return path


def served(lab):
    for channel in ("sync", "async", "rest"):
        message = submit(lab, channel)
        answer = message.send(lab)
        c.that(f"{channel}: accepted", answer.status in (200, 201), answer.body[:300])
        text = result_of(lab, message).read_bytes()
        c.same(f"{channel}: decided by its rule", (element(text, "outcome"), element(text, "version"), element(text, "copies")), ("POSITIVE", "1", "2"))
        c.that(f"{channel}: what the register said is in it", element(text, "street"), text[:400])
    judge = subprocess.run([str(GATEWAY), "verify", "--trust", str(PKI / "trust"), str(result_of(lab, message))], capture_output=True, text=True)
    c.that("its signature is good", judge.returncode == 0, judge.stdout)
    link = answer.json["links"]["self"]
    pdf = http_call(f"{lab.tls_url}{link}/result.pdf", certificate="tls-portal")
    (lab.folder / "result.pdf").write_bytes(pdf.body)
    said = subprocess.run(["pdftotext", str(lab.folder / "result.pdf"), "-"], capture_output=True, text=True).stdout
    c.that("it is printed by its own layout", "АНЫҚТАМА" in said and "Улица:" in said, said)
    refused = submit(lab, "rest", NOBODY)
    refused.send(lab)
    c.same("nobody of that IIN", element(result_of(lab, refused).read_bytes(), "outcome"), "REFUSED")
    dear = submit(lab, "rest", copies="5")
    dear.send(lab)
    c.same("another branch", element(result_of(lab, dear).read_bytes(), "outcome"), "NEGATIVE")
    for copies in ("6", "two", ""):
        answer = submit(lab, "rest", copies=copies).send(lab)
        c.same(f"copies = {copies!r}", problem(answer)[2], "FORM_INVALID")
        c.that("the field is named", "copies" in answer.json["detail"], answer.json)
    c.that("the notices go their usual way", cabinet(lab, refused.id))


def next_version(folder):
    """From tomorrow another version: today's requests are handled by today's."""
    services = folder_with(folder, "versions", service(validity=f'from="2020-01-01" to="{moment(days=-1)[:10]}"'))
    (services / "ADDRESS_CERT_2.xml").write_text(service("2", f'from="{moment()[:10]}"'), encoding="utf-8")
    with Lab(settings={"gateway": {"services": services}}) as lab:
        message = submit(lab, "rest")
        message.send(lab)
        c.same("the version in force", element(result_of(lab, message).read_bytes(), "version"), "2")
    (services / "ADDRESS_CERT_2.xml").write_text(service("2", f'from="{moment(days=-1)[:10]}"'), encoding="utf-8")
    done = subprocess.run([str(GATEWAY), "services", "--check", str(services)], capture_output=True, text=True)
    c.that("versions that overlap", done.returncode != 0 and "ADDRESS_CERT" in done.stdout + done.stderr, done.stdout + done.stderr)
    (services / "ADDRESS_CERT_2.xml").unlink()
    with Lab(settings={"gateway": {"services": services}}) as lab:
        answer = submit(lab, "rest").send(lab)
        c.same("no version in force", problem(answer)[2], "SERVICE_UNKNOWN")
        c.that("the dates are named", moment(days=-1)[:10] in answer.json["detail"] or "in force" in answer.json["detail"], answer.json)


def broken(folder):
    with Lab(settings={}) as lab:
        for number, (name, old, new, words) in enumerate(BROKEN):
            text = service()
            c.that(f"{name}: there is something to break", old in text)
            services = folder_with(folder, f"broken-{number}", text.replace(old, new))
            conf = lab.folder / f"broken-{number}.conf"
            conf.write_text(lab.conf.read_text().replace(str(ROOT / "conf" / "services"), str(services)))
            done = subprocess.run([str(GATEWAY), "check-conf", "--conf", str(conf)], capture_output=True, text=True)
            c.that(f"{name}: not accepted", done.returncode == 1, done.stdout + done.stderr)
            c.that(f"{name}: said where or what", re.search(words, done.stdout + done.stderr), (done.stdout + done.stderr)[-400:])


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="egov-service-"))
    try:
        services = folder_with(folder, "services", service())
        listed = subprocess.run([str(GATEWAY), "services", "--check", str(services)], capture_output=True, text=True)
        c.that("the file is accepted", listed.returncode == 0, listed.stdout + listed.stderr)
        with Lab(settings={"gateway": {"services": services}}) as lab:
            c.part(served, lab)
        c.part(next_version, folder)
        c.part(broken, folder)
    finally:
        shutil.rmtree(folder)


main()
c.finish()
