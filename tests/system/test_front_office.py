#!/usr/bin/python3
"""Front offices: applications on paper taken in on every route, with the papers that the acts name; every reason for which one is not; receipts of refusal, transfer
registers, and all of it as pages."""
import itertools
import json
import re
import subprocess
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor

import front
from check import APPLICANT, Checks, Lab, Store, cabinet, http_call, problem, sign
from front import APPLICATIONS, BODY, PROVIDER, REFUSALS, attachment, document, fields, paper, send, today
from session import Session
from staff import ORGANISATIONS, STAFF

c = Checks()
FIVE = ["D1", "D2", "D3", "D4", "D5"]
CARE = ["D1", "D2", "D3", "D4", "D5", "D6"]
SCHOOL = ["D1", "D2", "D3", "D4", "D5", "D6", "D7"]
AWAY = "396030100"  # where the Centre of the lab is not
REGISTERS = "/api/v1/registers"
CHECK = "/api/v1/front-office/check"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


people = map(front.person, itertools.count())  # one open application of a service and person at a time


def refused(name, answer, status, reason, detail=""):
    got = problem(answer)[2] if answer.status >= 400 else None
    c.same(name, (answer.status, got), (status, reason), answer.text[:300])
    c.that(f"{name}: says what", detail in answer.text, answer.text[:400])
    if answer.status >= 400 and answer.status < 500 and got not in ("LOGIN_REQUIRED", "CSRF_TOKEN"):
        c.that(f"{name}: in three languages, with advice", all(answer.json["messages"][k] and answer.json["advice"][k] for k in ("kk", "ru", "en")), answer.text[:300])


def text_of(path):
    said = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True)
    return re.sub(r"\s+", " ", said.stdout)


def as_page(name, lab, answer, words, signed=False):
    """What independent programs say of a page."""
    path = lab.folder / f"{uuid.uuid4()}.pdf"
    path.write_bytes(answer.body)
    c.same(f"{name}: a PDF", (answer.status, answer.headers["Content-Type"]), (200, "application/pdf"))
    done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True)
    c.that(f"{name}: qpdf --check", done.returncode == 0 and "No syntax or stream encoding errors" in done.stdout, done.stdout + done.stderr)
    text = text_of(path)
    for word in words:
        c.that(f"{name}: «{word[:40]}» is on it", word in text, text[:600])
    c.that(f"{name}: says that it is a test", "СЫНАҚ ДЕРЕКТЕРІ / ТЕСТОВЫЕ ДАННЫЕ" in text, text[:200])
    signature = subprocess.run(["pdfsig", path], capture_output=True, text=True)
    c.same(f"{name}: signed", "Signature is Valid" in signature.stdout, signed, signature.stdout[:300])
    pages = int(re.search(r"Pages: +(\d+)", subprocess.run(["pdfinfo", path], capture_output=True, text=True).stdout).group(1))
    listing = subprocess.run(["pdfdetach", "-list", path], capture_output=True, text=True).stdout
    c.that(f"{name}: its XML is attached", "1 embedded files" in listing, listing)
    return pages, text


def one(store, sql):
    return store.rows(sql)[0]


# ---- taken in ----

ROUTES = [  # route, who, service, documents, options, the paper of the registration and its fields
    ("CENTER", "center1", "TSA_ASSIGN", FIVE, {}, "COUPON", ["registered", "service-date", "accepted-by"]),
    ("AKIM", "akim-worker", "TSA_ASSIGN", FIVE, {"residence": AWAY}, "COUPON", ["registered", "service-date", "accepted-by"]),
    ("STATECORP", "statecorp1", "TSA_CERT", ["D1"], {}, "ACCEPTANCE_RECEIPT", ["number-and-date", "service", "documents", "service-date", "accepted-by", "signature"]),
    ("CENTER", "center1", "TSA_CERT", ["D1"], {}, None, []),
    ("OFFICE", "clerk", "TSA_CERT", ["D1"], {}, None, []),
    ("STATECORP", "statecorp1", "HOME_SCHOOL", SCHOOL, {}, "ACCEPTANCE_RECEIPT", ["number-and-date", "service", "documents", "service-date", "accepted-by", "signature"]),
    ("AUTH_BODY", "body-executor", "HOME_CARE_2013", CARE, {"provider": BODY}, "COUPON", ["registered", "service-date", "accepted-by"]),
    ("CSC", "csc-inspector", "HOME_CARE_2013", CARE, {"provider": BODY}, "ACCEPTANCE_RECEIPT", ["number-and-date", "service", "documents", "issue", "accepted-by-full"]),
    ("OFFICE", "clerk", "LOCAL_AID", [], {}, None, []),
]


def check_papers(lab, session, name, answer, kind, wanted):
    papers = answer.json["papers"]
    c.same(f"{name}: its papers", [p["kind"] for p in papers], [kind] if kind else [])
    for p in papers:
        xml = session.call(p["links"]["xml"])
        got = fields(xml.text)
        c.same(f"{name}: exactly the fields that the act lists", [f[0] for f in got], wanted, xml.text[:300])
        c.that(f"{name}: in both languages, none empty", all(kk and ru for id_, kk, ru in got if id_ not in ("signature", "acknowledged")), got)
        values = dict((id_, ru) for id_, _, ru in got)
        if "registered" in values:
            c.same(f"{name}: the day of registration", values["registered"], ".".join(reversed(answer.json["registeredAt"][:10].split("-"))))
        if "service-date" in values:
            c.same(f"{name}: the day on which the service is received", values["service-date"], ".".join(reversed(answer.json["dueAt"][:10].split("-"))))
        if "number-and-date" in values:
            c.that(f"{name}: the number of the application", answer.json["number"] in values["number-and-date"], values)
        if "issue" in values:
            c.that(f"{name}: date, time and place of issue", re.match(r"\d\d\.\d\d\.\d{4} \d\d:\d\d, Центр обслуживания населения \(ТЕСТ\), г\. Примерный", values["issue"]), values)
        as_page(name, lab, session.call(p["links"]["pdf"]), [answer.json["number"], p["nameKk"], p["nameRu"], *[v[:24].rsplit(" ", 1)[0] for id_, v, _ in got if v][:2]])


def every_route(lab, sessions):
    registered = {}
    for route, who, service, documents, options, kind, wanted in ROUTES:
        name = f"{service} by {route}"
        key, iin = str(uuid.uuid4()), next(people)
        answer = send(sessions[who], paper(route, service, documents, iin=iin, **options), key=key)
        if not c.same(f"{name}: registered", answer.status, 201, answer.text[:400]):
            continue
        number = registered[(route, service)] = answer.json["number"]
        check_papers(lab, sessions[who], name, answer, kind, wanted)
        store = Store(lab)
        id_ = int(number[3:])
        row = one(store, "SELECT w.route, w.provider_bin, w.front_bin, w.step, m.channel, r.applicant_iin, r.declarant_iin FROM casework w JOIN request r ON r.id = w.request_id"
                        f" JOIN message m ON m.request_id = w.request_id WHERE w.request_id = {id_}")
        organisation = STAFF[who].organisation
        c.same(f"{name}: its work is open, from the counter to the provider", tuple(row)[:3] + tuple(row)[4:],
               (route, options.get("provider", PROVIDER), ORGANISATIONS[organisation][1], "front-office", iin, iin))
        acts = store.rows(f"SELECT act, staff FROM casework_act WHERE request_id = {id_} ORDER BY seq")
        c.same(f"{name}: the steps up to registration are that employee's", {a[1] for a in acts}, {who})
        c.same(f"{name}: the last of them registers", acts[-1][0], "REGISTER")
        events = store.rows(f"SELECT actor, from_state, to_state FROM event WHERE request_id = {id_} ORDER BY seq LIMIT 1")
        c.that(f"{name}: the first event names the employee and the role", events and events[0][0].startswith(f"staff:{who} "), events)
        verdict, envelope, application = one(store, f"SELECT verdict, envelope, application FROM message_body WHERE request_id = {id_}")
        report = json.loads(verdict)
        c.that(f"{name}: kept: who signed it, by which certificate and rules", report["code"] == "OK" and report["staffSigners"][0]["chain"] and report["policy"], str(report)[:300])
        c.that(f"{name}: kept: the message as it came, and the application by itself", b"<paperApplication" in bytes(envelope) and bytes(application).startswith(b"<application xmlns"), "")
        c.within(f"{name}: the cabinet is told of it", lambda: cabinet(lab, key))
    return registered


def forms_of_signature(lab, sessions):
    for form in ("xml", "cms", "detached"):
        answer = send(sessions["center1"], paper("CENTER", "TSA_ASSIGN", FIVE, iin=next(people)), form=form)
        c.same(f"signed as {form}", answer.status, 201, answer.text[:300])
    answer = send(Session(lab, "clerk"), paper("OFFICE", "TSA_CERT", ["D1"], iin=next(people)), certificate="gost-staff-clerk")
    c.same("signed by a GOST key", answer.status, 201, answer.text[:300])


def scans(lab, sessions):
    listed = f"<attachments>{attachment('udost.pdf', PDF, 'D2')}</attachments>"
    text = paper("CENTER", "TSA_ASSIGN", FIVE, attachments=listed, iin=next(people))
    answer = send(sessions["center1"], text, files={"udost.pdf": PDF})
    c.same("with a scan", answer.status, 201, answer.text[:300])
    store = Store(lab)
    c.same("the scan is kept, with the document it is", tuple(one(store, f"SELECT name, document FROM attachment WHERE request_id = {int(answer.json['number'][3:])}")), ("udost.pdf", "D2"))
    refused("another scan than was signed", send(sessions["center1"], text, files={"udost.pdf": PDF + b"%%EOF\n"}), 422, "ATTACHMENT_DIFFERS")
    refused("the scan did not come", send(sessions["center1"], text, files={}), 422, "ATTACHMENT_MISSING")


def the_same_again(lab, sessions):
    key, text = str(uuid.uuid4()), paper("CENTER", "TSA_ASSIGN", FIVE, iin=next(people))
    first = send(sessions["center1"], text, key=key)
    again = send(sessions["center1"], text, key=key)
    c.same("sent again: the same answer", (again.status, again.json["number"], [p["id"] for p in again.json["papers"]]),
           (200, first.json["number"], [p["id"] for p in first.json["papers"]]))
    anew = send(sessions["center1"], text, key=key, form="cms")
    c.same("signed anew: still the same", (anew.status, anew.json.get("number")), (200, first.json["number"]), anew.text[:200])
    refused("the key with another application", send(sessions["center1"], paper("CENTER", "TSA_ASSIGN", FIVE, iin=next(people)), key=key), 409, "MESSAGE_ID_REUSED")
    refused("the same person once more, by another key", send(sessions["center1"], text), 409, "REQUEST_DUPLICATE", first.json["number"])
    with ThreadPoolExecutor(8) as pool:
        key, text = str(uuid.uuid4()), paper("CENTER", "TSA_ASSIGN", FIVE, iin=next(people))
        numbers = {a.json.get("number") for a in pool.map(lambda _: send(sessions["center1"], text, key=key), range(8))}
    c.same("eight at once: one request", len(numbers), 1, numbers)
    other = send(sessions["statecorp1"], paper("STATECORP", "TSA_CERT", ["D1"], iin=next(people)), key=key)
    c.same("another organisation's key is its own", other.status, 201, other.text[:200])
    refused("no key", send(sessions["center1"], text, key=" "), 400, "SOAP_STRUCTURE")


# ---- not taken in ----

def every_refusal(lab, sessions):
    center, akim, state, clerk, csc = (sessions[n] for n in ("center1", "akim-worker", "statecorp1", "clerk", "csc-inspector"))
    late = document("D2", until=today(-1))
    cases = [
        ("unknown service", center, paper("CENTER", "TSA_NEW", FIVE), {}, 404, "SERVICE_UNKNOWN", "no service has this code"),
        ("withdrawn service", center, paper("CENTER", "REMOVED_1_2", FIVE), {}, 404, "SERVICE_UNKNOWN", "withdrawn"),
        ("TSA_ASSIGN in the provider's office", clerk, paper("OFFICE", "TSA_ASSIGN", FIVE), {}, 422, "SERVICE_NOT_AVAILABLE", "paragraph 4, 5 of act No. 71"),
        ("TSA_ASSIGN at the State Corporation", state, paper("STATECORP", "TSA_ASSIGN", FIVE), {}, 422, "SERVICE_NOT_AVAILABLE", "paragraph 6 of act No. 71"),
        ("TSA_ASSIGN through the Portal", center, paper("PORTAL", "TSA_ASSIGN", FIVE), {}, 422, "SERVICE_NOT_AVAILABLE", "paragraph 10 of act No. 71"),
        ("HOME_SCHOOL in the provider's office", clerk, paper("OFFICE", "HOME_SCHOOL", SCHOOL), {}, 422, "SERVICE_NOT_AVAILABLE", "paragraph 4, 5 of act No. 71"),
        ("HOME_CARE through the Portal", csc, paper("PORTAL", "HOME_CARE_2013", CARE, provider=BODY), {}, 422, "SERVICE_NOT_AVAILABLE", "paragraph 3, 4 of act No. 01/04"),
        ("a route that the act does not have", akim, paper("AKIM", "TSA_CERT", ["D1"]), {}, 422, "SERVICE_NOT_AVAILABLE", "no route AKIM"),
        ("the akim where there is a Centre", akim, paper("AKIM", "TSA_ASSIGN", FIVE, residence="391010000"), {}, 422, "SERVICE_NOT_AVAILABLE", "only where there is no CENTER"),
        ("the akim, nobody knows where", akim, paper("AKIM", "TSA_ASSIGN", FIVE), {}, 422, "FORM_INVALID", "residence is needed"),
        ("another organisation's route", akim, paper("CENTER", "TSA_ASSIGN", FIVE), {}, 403, "ORGANISATION_ROUTE", "akim is of kind AKIM"),
        ("the provider's clerk for the Centre", clerk, paper("CENTER", "TSA_ASSIGN", FIVE), {}, 403, "ORGANISATION_ROUTE", "provider is of kind PROVIDER"),
        ("the accumulator takes in", sessions["csc-accumulator"], paper("CSC", "HOME_CARE_2013", CARE, provider=BODY), {}, 403, "ROLE_REQUIRED", "CSC_INSPECTOR"),
        ("the head takes in", sessions["head"], paper("OFFICE", "TSA_CERT", ["D1"]), {}, 403, "ROLE_REQUIRED", "CLERK"),
        ("a field of the form that is wrong", center, paper("CENTER", "TSA_ASSIGN", FIVE, form="<account>KZ12</account>"), {}, 422, "FORM_INVALID", "account"),
        ("no written consent", center, paper("CENTER", "TSA_ASSIGN", FIVE, consent=False), {}, 422, "CONSENT_MISSING", ""),
        ("an IIN that is none", center, paper("CENTER", "TSA_ASSIGN", FIVE, iin="850412390012"), {}, 422, "APPLICANT_IIN_INVALID", ""),
        ("a provider that is none", center, paper("CENTER", "TSA_ASSIGN", FIVE, provider=ORGANISATIONS["center"][1]), {}, 422, "FORM_INVALID", "providerBin"),
        ("a document away", center, paper("CENTER", "TSA_ASSIGN", FIVE[:4]), {}, 422, "DOCUMENT_MISSING", "D5 missing (ALWAYS)"),
        ("a document that has expired", center, paper("CENTER", "TSA_ASSIGN", ["D1", late, "D3", "D4", "D5"]), {}, 422, "DOCUMENT_EXPIRED", "D2 expired (ALWAYS)"),
        ("a document away at the akim", akim, paper("AKIM", "TSA_ASSIGN", FIVE[1:], residence=AWAY), {}, 422, "DOCUMENT_MISSING", "D1 missing (ALWAYS, 7.1a)"),
        ("a document away at the State Corporation", state, paper("STATECORP", "TSA_CERT", []), {}, 422, "DOCUMENT_MISSING", "D1 missing (ALWAYS)"),
        ("HOME_SCHOOL without the certificate of disability", state, paper("STATECORP", "HOME_SCHOOL", SCHOOL[:4] + SCHOOL[5:]), {}, 422, "DOCUMENT_MISSING", "D5 missing"),
        ("HOME_CARE of a person with a disability without D4", csc, paper("CSC", "HOME_CARE_2013", ["D1", "D2", "D3", "D5", "D6"], provider=BODY), {}, 422, "DOCUMENT_MISSING", "D4 missing (NOT_ELDERLY, 13(4))"),
        ("HOME_CARE of a pensioner without D7", csc, paper("CSC", "HOME_CARE_2013", ["D1", "D2", "D3", "D5"], provider=BODY, iin="480509390010", form="<category>ELDERLY</category>"), {}, 422,
         "DOCUMENT_MISSING", "D7 missing (PENSION_AGE, 13(7))"),
        ("a document that the service does not know", center, paper("CENTER", "TSA_ASSIGN", FIVE + ["D9"]), {}, 422, "FORM_INVALID", "document 6"),
        ("a document twice", center, paper("CENTER", "TSA_ASSIGN", FIVE + ["D1"]), {}, 422, "FORM_INVALID", "twice"),
        ("signed by a colleague", center, paper("CENTER", "TSA_ASSIGN", FIVE), {"certificate": "staff-statecorp1"}, 403, "STAFF_SIGNER", ""),
        ("signed by the applicant himself", center, paper("CENTER", "TSA_ASSIGN", FIVE), {"certificate": f"applicant-{APPLICANT}"}, 403, "STAFF_SIGNER", ""),
        ("signed by a certificate for authentication", clerk, paper("OFFICE", "TSA_CERT", ["D1"]), {"certificate": "staff-clerk-auth"}, 422, "STAFF_CERTIFICATE", ""),
        ("not a paper application", center, front.application("TSA_ASSIGN"), {}, 400, "DATA_FORM", "not a paperApplication"),
    ]
    store = Store(lab)
    before = one(store, "SELECT count(*) FROM request")[0]
    for name, session, text, options, status, reason, detail in cases:
        refused(name, send(session, text, **options), status, reason, detail)
    field = send(center, paper("CENTER", "TSA_ASSIGN", FIVE, form="<account>KZ12</account>")).json["field"]
    c.that("the field is named by its label, and the rule, in three languages", field["path"] == "form/account" and field["rule"] == "PATTERN" and field["kk"] != field["ru"] != field["en"]
           and field["ruleText"]["ru"] == "записано не по установленному образцу", field)
    text = paper("CENTER", "TSA_ASSIGN", FIVE)
    signed = front.signed(text, "staff-center1")
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/xml"}
    for name, body, reason in (("changed after it was signed", signed.replace("<route>CENTER", "<route>OFFICE"), "STAFF_SIGNATURE"), ("not signed", text, "STAFF_SIGNATURE"),
                               ("another applicant after it was signed", signed.replace(APPLICANT, "870930490018"), "STAFF_SIGNATURE")):
        refused(name, center.call(APPLICATIONS, "POST", body.encode(), headers), 422, reason)
    refused("of last week", send(center, paper("CENTER", "TSA_ASSIGN", FIVE, at=front.datetime.now(front.ZONE) - front.timedelta(days=7))), 422, "MESSAGE_DATE_STALE")
    refused("another type", center.call(APPLICATIONS, "POST", signed.encode(), {**headers, "Content-Type": "text/plain"}), 415, "HTTP_TYPE")
    c.same("nobody", http_call(lab.url + APPLICATIONS, "POST", signed.encode(), headers).status, 401)
    c.same("without the session's token", center.call(APPLICATIONS, "POST", signed.encode(), headers, csrf=False).status, 403)
    store = Store(lab)
    c.same("nothing of it was registered", one(store, "SELECT count(*) FROM request")[0], before)


def gaps_for_the_decision(lab, sessions):
    """p. 10(2) of the act of 2013 makes a missing document a ground of the decision: there is no refusal at intake, so it is registered when the employee says so."""
    answer = send(sessions["body-executor"], paper("AUTH_BODY", "HOME_CARE_2013", ["D1", "D2"], incomplete=True, provider=BODY, iin=next(people)))
    c.same("registered with gaps", answer.status, 201, answer.text[:300])
    refused("and without saying so", send(sessions["body-executor"], paper("AUTH_BODY", "HOME_CARE_2013", ["D1", "D2"], provider=BODY, iin="870930490018")), 422, "DOCUMENT_MISSING", "D3 missing (ALWAYS, 13(3))")
    refused("a receipt of refusal is not foreseen", send(sessions["body-executor"], paper("AUTH_BODY", "HOME_CARE_2013", ["D1"], provider=BODY), REFUSALS), 422, "REFUSAL_WITHOUT_GROUND", "AUTH_BODY")
    refused("TSA_ASSIGN is not registered with gaps whatever is said", send(sessions["center1"], paper("CENTER", "TSA_ASSIGN", FIVE[:2], incomplete=True)), 422, "DOCUMENT_MISSING")


# ---- refusals with a receipt ----

RECEIPT = ["number-and-date", "applicant", "service", "grounds", "law", "accepted-by", "signature", "acknowledged"]


def receipts(lab, sessions):
    late = document("D2", until=today(-1))
    cases = [
        ("TSA_ASSIGN at the Centre", "center1", paper("CENTER", "TSA_ASSIGN", ["D1", late, "D3", "D4"]), "7.1b", ["не представлен", f"срок истек: {'.'.join(reversed(today(-1).split('-')))}", "Нысан: № 320, 05.05.2015, 4"]),
        ("TSA_ASSIGN at the akim", "akim-worker", paper("AKIM", "TSA_ASSIGN", FIVE[:4], residence=AWAY), "8.1b", ["Нысан: № 320, 05.05.2015, 4"]),
        ("TSA_CERT at the State Corporation", "statecorp1", paper("STATECORP", "TSA_CERT", []), "§4 6.1a", ["Расписка об отказе в приеме пакета документов"]),
        ("TSA_CERT at the Centre", "center1", paper("CENTER", "TSA_CERT", []), "10.1", ["Құжаттар топтамасын қабылдаудан бас тарту туралы қолхат"]),
        ("HOME_SCHOOL at the State Corporation", "statecorp1", paper("STATECORP", "HOME_SCHOOL", SCHOOL[:6]), "6.1b", ["Расписка об отказе в приеме заявления на назначение"]),
    ]
    for name, who, text, paragraph, words in cases:
        answer = send(sessions[who], text, REFUSALS)
        if not c.same(f"{name}: refused with a receipt", answer.status, 201, answer.text[:300]):
            continue
        xml = sessions[who].call(answer.json["paper"]["links"]["xml"]).text
        got = dict((id_, ru) for id_, _, ru in fields(xml))
        c.same(f"{name}: its fields", [f[0] for f in fields(xml)], RECEIPT)
        c.that(f"{name}: the paragraph of the act", f"пункт {paragraph}" in got["law"], got["law"])
        c.that(f"{name}: the number of the receipt, no registration number", answer.json["paper"]["number"] in got["number-and-date"] and "request=" not in xml, got)
        c.that(f"{name}: whose it is", f"ИИН {APPLICANT}" in got["applicant"], got)
        as_page(name, lab, sessions[who].call(answer.json["paper"]["links"]["pdf"]), [answer.json["paper"]["number"], *words])
        c.same(f"{name}: nobody else sees it", sessions["clerk"].call(answer.json["paper"]["links"]["xml"]).status, 404)
    listed = sessions["center1"].call(REFUSALS).json["items"]
    c.that("the Centre sees its refusals, the last first", len(listed) == 2 and listed[0]["service"] == "TSA_CERT" and listed[0]["refusal"] > listed[1]["refusal"], listed)
    c.same("one by one", [r["refusal"] for r in sessions["center1"].call(REFUSALS + f"?limit=1&before={listed[0]['refusal']}").json["items"]], [listed[1]["refusal"]])
    key, text = str(uuid.uuid4()), paper("CENTER", "TSA_ASSIGN", FIVE[:3])
    first, again = send(sessions["center1"], text, REFUSALS, key=key), None
    store = Store(lab)
    proof = bytes(one(store, f"SELECT message FROM refusal WHERE id = {first.json['refusal']}")[0])
    c.that("kept: the message with its signature", b"paperApplication" in proof and b"SignatureValue" in proof)
    c.that("kept: why, without anything personal", APPLICANT not in one(store, f"SELECT detail FROM refusal WHERE id = {first.json['refusal']}")[0])
    again = sessions["center1"].call(REFUSALS, "POST", proof, {"Idempotency-Key": key, "Content-Type": "application/xml"})
    c.same("sent again: the same receipt", (again.status, again.json.get("refusal")), (200, first.json["refusal"]), again.text[:200])
    refused("a complete package is not refused", send(sessions["center1"], paper("CENTER", "TSA_ASSIGN", FIVE), REFUSALS), 422, "REFUSAL_WITHOUT_GROUND")
    refused("TSA_CERT does not refuse what has expired", send(sessions["statecorp1"], paper("STATECORP", "TSA_CERT", [document("D1", until=today(-1))]), REFUSALS), 422, "REFUSAL_WITHOUT_GROUND")
    refused("the office of TSA_CERT knows no refusal", send(sessions["clerk"], paper("OFFICE", "TSA_CERT", []), REFUSALS), 422, "REFUSAL_WITHOUT_GROUND", "OFFICE")
    refused("nor is it for everybody", send(sessions["csc-issuer"], paper("CENTER", "TSA_ASSIGN", []), REFUSALS), 403, "ORGANISATION_ROUTE")


# ---- asking first ----

def asking(lab, sessions):
    def ask(who, **question):
        return sessions[who].call(CHECK, "POST", {"declarantId": APPLICANT, **question})
    answer = ask("center1", service="TSA_ASSIGN", route="CENTER", documents=["D1", {"id": "D2", "validUntil": today(-1)}])
    c.same("what is missing", [(m["id"], m["state"], m["condition"]) for m in answer.json["missing"]],
           [("D2", "expired", "ALWAYS"), ("D3", "missing", "ALWAYS"), ("D4", "missing", "ALWAYS"), ("D5", "missing", "ALWAYS")], answer.text[:300])
    c.that("it is said in three languages, and that the act refuses it", answer.json["refused"] and not answer.json["complete"] and all(answer.json["missing"][0][k] for k in ("kk", "ru", "en")))
    answer = ask("csc-inspector", service="HOME_CARE_2013", route="CSC", declarantId="480509390010", form={"category": "ELDERLY", "veteran": True}, documents=["D1", "D2", "D3", "D5", "D7", "D8"])
    c.same("an elderly veteran's package is whole", (answer.json["complete"], answer.json["missing"]), (True, []), answer.text[:300])
    c.same("what is asked of him", [r["id"] for r in answer.json["required"]], ["D1", "D2", "D3", "D5", "D7", "D8"])
    refused("on a route that is ruled out", ask("clerk", service="TSA_ASSIGN", route="OFFICE", documents=[]), 422, "SERVICE_NOT_AVAILABLE", "paragraph 4, 5")
    refused("for another organisation", ask("akim-worker", service="TSA_ASSIGN", route="CENTER", documents=[]), 403, "ORGANISATION_ROUTE")
    for name, body in (("no object", b"[]"), ("no route", b'{"service": "TSA_CERT", "declarantId": "1"}'), ("twice the same", b'{"service": "A", "service": "B"}'), ("no JSON", b"{"),
                       ("a document that is a number", json.dumps({"service": "TSA_CERT", "route": "OFFICE", "declarantId": APPLICANT, "documents": [1]}).encode()),
                       ("a place that is none", json.dumps({"service": "TSA_CERT", "route": "OFFICE", "declarantId": APPLICANT, "residence": "1"}).encode())):
        refused(f"a question with {name}", sessions["clerk"].call(CHECK, "POST", body, {"Content-Type": "application/json"}), 400, "DATA_FORM")
    services = {s["code"]: s for s in sessions["clerk"].call("/api/v1/services").json["items"]}
    c.same("the services in force", sorted(services), ["HOME_CARE_2013", "HOME_SCHOOL", "HOME_SCHOOL_INFO", "HOUSING_AID", "LOCAL_AID", "RURAL_FUEL", "TSA_ASSIGN", "TSA_CERT"])
    care = services["HOME_CARE_2013"]
    c.that("each with routes, form, documents and conditions", [r["kind"] for r in care["routes"]] == ["AUTH_BODY", "CSC"] and care["form"] and care["documents"][1]["condition"] == "MINOR_OR_INCAPABLE", str(care)[:200])
    c.same("not for strangers", http_call(lab.url + "/api/v1/services").status, 401)
    for path, method in (("/api/v1/services", "POST"), (APPLICATIONS, "GET"), (REFUSALS, "DELETE"), ("/api/v1/front-office/other", "GET")):
        c.same(f"{method} {path}", sessions["clerk"].call(path, method, b"" if method != "GET" else None).status, 405)


# ---- transfer registers ----

def registers(lab, sessions):
    inspector, accumulator, executor = sessions["csc-inspector"], sessions["csc-accumulator"], sessions["body-executor"]
    iins = [next(people) for _ in range(3)]
    numbers = [send(inspector, paper("CSC", "HOME_CARE_2013", CARE, provider=BODY, iin=iin)).json["number"] for iin in iins]
    refused("a register is the accumulator's", inspector.call(REGISTERS, "POST", {"numbers": numbers}), 403, "ROLE_REQUIRED", "CSC_ACCUMULATOR")
    made = accumulator.call(REGISTERS, "POST", {"numbers": numbers})
    if not c.same("a register is made", made.status, 201, made.text[:300]):
        return
    c.same("from the centre to the body, of all three", (made.json["from"], made.json["to"], made.json["numbers"], made.json["acceptedAt"]), (ORGANISATIONS["csc"][1], BODY, numbers, None))
    xml = accumulator.call(f"{REGISTERS}/{made.json['id']}.xml").text
    c.same("its fields", [f[0] for f in fields(xml)], ["number-and-date", "organisation", "receiver", "applications", "accepted-by", "signature", "acknowledged"])
    c.same("its rows", re.findall(r'<row date="[^"]*" documents="(\d+)" iin="(\d+)" number="(\d+)">', xml), [("6", iin, number) for iin, number in zip(iins, numbers)], xml[:600])
    as_page("a register", lab, accumulator.call(made.json["links"]["pdf"]), [made.json["number"], "Тізілім", "Реестр", *numbers])
    for reason, name, body in (("STEP_NOT_NEXT", "what is on its way already", {"numbers": numbers[:1]}), ("REQUEST_NOT_FOUND", "a number of nobody", {"numbers": ["10199999999999"]}),
                               ("REGISTER_INVALID", "nothing", {"numbers": []}), ("DATA_FORM", "no list", {"numbers": "1"}), ("DATA_FORM", "a number", {"numbers": [1]})):
        answer = accumulator.call(REGISTERS, "POST", body)
        c.that(f"no register of {name}", answer.status in (400, 403, 404, 409, 422) and problem(answer)[2] in (reason, "ROLE_REQUIRED"), answer.text[:200])
    one = send(inspector, paper("CSC", "HOME_CARE_2013", CARE, provider=BODY, iin=next(people))).json["number"]
    refused("no register of the same twice", accumulator.call(REGISTERS, "POST", {"numbers": [one, one]}), 422, "REGISTER_INVALID", "twice")
    refused("not accepted by whoever made it", accumulator.call(f"{REGISTERS}/{made.json['id']}/accept", "POST", b""), 422, "REGISTER_INVALID", "another organisation")
    c.same("nor by a stranger", sessions["clerk"].call(f"{REGISTERS}/{made.json['id']}/accept", "POST", b"").status, 404)
    c.same("nor read by one", sessions["clerk"].call(f"{REGISTERS}/{made.json['id']}").status, 404)
    accepted = executor.call(f"{REGISTERS}/{made.json['id']}/accept", "POST", b"")
    c.same("accepted by the body", (accepted.status, accepted.json.get("acceptedBy")), (200, "body-executor"), accepted.text[:300])
    refused("once", executor.call(f"{REGISTERS}/{made.json['id']}/accept", "POST", b""), 422, "REGISTER_INVALID", "accepted already")
    store = Store(lab)
    ids = ", ".join(str(int(n[3:])) for n in numbers)
    c.same("each took both steps", store.rows(f"SELECT act, count(*) FROM casework_act WHERE request_id IN ({ids}) AND act IN ('TRANSFER', 'ACCEPT') GROUP BY act ORDER BY act"),
           [("ACCEPT", 3), ("TRANSFER", 3)])
    c.same("and is the head's now", {tuple(r) for r in store.rows(f"SELECT step, role FROM casework WHERE request_id IN ({ids})")}, {(4, "HEAD")})
    c.same("the body sees it in its list", [r["id"] for r in executor.call(REGISTERS).json["items"]], [made.json["id"]])
    refused("TSA_ASSIGN goes without a register", sessions["center1"].call(REGISTERS, "POST", {"numbers": [send(sessions["center1"], paper("CENTER", "TSA_ASSIGN", FIVE, iin=next(people))).json["number"]]}),
            422, "REGISTER_INVALID", "no transfer register")


# ---- the whole way, to the hand of the applicant ----

INBOX = "/api/v1/inbox"


def step(session, number, n, **body):
    token = session.call(f"{INBOX}/{number}/claim", "POST", {}).json["token"]
    return session.call(f"{INBOX}/{number}/steps/{n}", "POST", {"token": token, **body})


def decide(session, number, certificate, **query):
    draft = session.call(f"{INBOX}/{number}/result-draft?" + urllib.parse.urlencode(query))
    token = session.call(f"{INBOX}/{number}/claim", "POST", {}).json["token"]
    return session.call(f"{INBOX}/{number}/result", "POST", sign(draft.text, certificate), {"Content-Type": "application/xml", "X-Claim-Token": str(token)})


def handed_out(lab, sessions, who, number, n, words, certificate_pages=1):
    """The front office has the result as a signed page, gives it out, and nothing is left."""
    pages, _ = as_page(f"{number}: the result", lab, sessions[who].call(f"{INBOX}/{number}/result.pdf"), [number, "201" + number[3:], *words], signed=True)
    c.that(f"{number}: not more pages than needed", pages <= certificate_pages, pages)
    xml = sessions[who].call(f"{INBOX}/{number}/result.xml")
    c.that(f"{number}: and as the document that was signed", xml.status == 200 and "<SignatureValue>" in xml.text.replace("ds:", ""), xml.text[:200])
    c.same(f"{number}: handed out", step(sessions[who], number, n).status, 200)
    case = sessions[who].call(f"{INBOX}/{number}").json
    c.same(f"{number}: nothing is left", (case["step"], case["history"][-1]["act"], case["history"][-1]["staff"]), (None, "ISSUE", who))


def by_the_center(lab, sessions):
    number = send(sessions["center1"], paper("CENTER", "TSA_ASSIGN", FIVE, iin=next(people))).json["number"]
    case = sessions["center1"].call(f"{INBOX}/{number}").json
    c.same("the Centre sees it, at 7.2", (case["route"], case["step"]["paragraph"], case["step"]["act"], case["channel"]), ("CENTER", "7.2", "TRANSFER", "front-office"))
    c.same("what was brought", [(d["id"], d["given"]) for d in case["documents"]], [(d, True) for d in FIVE])
    c.same("its coupon", [p["kind"] for p in case["papers"]], ["COUPON"])
    c.same("no result yet", problem(sessions["center1"].call(f"{INBOX}/{number}/result.pdf"))[2], "RESULT_NOT_READY")
    c.same("sent on", step(sessions["center1"], number, 4).status, 200)
    answer = decide(sessions["head"], number, "head-160640900019", outcome="REFUSED", ground="NOT_ENTITLED", textKk="Табысыңыз кедейлік шегінен жоғары. " * 30, textRu="Доход выше черты бедности. " * 30)
    c.same("the provider refuses, with its ground", answer.status, 201, answer.text[:300])
    handed_out(lab, sessions, "center1", number, 6, ["ХАБАРЛАМА", "УВЕДОМЛЕНИЕ", "Отсутствует право на назначение, пункт 3", "равнозначен документу на бумажном носителе"], 3)


def by_the_akim(lab, sessions):
    number = send(sessions["akim-worker"], paper("AKIM", "TSA_ASSIGN", FIVE, residence=AWAY, iin=next(people))).json["number"]
    c.same("8.2: to the akim", step(sessions["akim-worker"], number, 3).status, 200)
    c.same("8.3: he names the executor", step(sessions["akim1"], number, 4, executor="akim-executor").status, 200)
    c.same("8.4: the package goes to the provider", step(sessions["akim-executor"], number, 5).status, 200)
    answer = decide(sessions["deputy"], number, "sign-160640900019", outcome="POSITIVE", textKk="Сізге атаулы әлеуметтік көмек тағайындалды.", textRu="Вам назначена адресная социальная помощь.")
    c.same("8.5: assigned", answer.status, 201, answer.text[:300])
    handed_out(lab, sessions, "akim-worker", number, 7, ["ХАБАРЛАМА", "Вам назначена адресная социальная помощь."])


def by_the_public_service_centre(lab, sessions):
    number = send(sessions["csc-inspector"], paper("CSC", "HOME_CARE_2013", CARE, provider=BODY, iin=next(people))).json["number"]
    made = sessions["csc-accumulator"].call(REGISTERS, "POST", {"numbers": [number]}).json
    c.same("accepted by register", sessions["body-executor"].call(f"{REGISTERS}/{made['id']}/accept", "POST", b"").status, 200)
    c.same("the head's resolution", step(sessions["body-head"], number, 4, executor="body-executor").status, 200)
    c.same("prepared", step(sessions["body-executor"], number, 5, outcome="REFUSED", ground="CONTRAINDICATION").status, 200)
    answer = decide(sessions["body-head"], number, "head-130140900016", outcome="REFUSED", ground="CONTRAINDICATION", textKk="Медициналық қарсы көрсетілімдер бар.", textRu="Имеются медицинские противопоказания.")
    c.same("signed", answer.status, 201, answer.text[:300])
    c.same("p. 11: registered", step(sessions["body-executor"], number, 7).status, 200)
    back = sessions["csc-accumulator"].call(REGISTERS, "POST", {"numbers": [number]})
    c.same("back by register, taken over at once", (back.status, back.json.get("from"), back.json.get("acceptedBy")), (201, BODY, "csc-accumulator"), back.text[:300])
    handed_out(lab, sessions, "csc-issuer", number, 9, ["БАС ТАРТУ ТУРАЛЫ ДӘЛЕЛДІ ЖАУАП", "МОТИВИРОВАННЫЙ ОТВЕТ ОБ ОТКАЗЕ", "пункт 10(1)"])


# ---- who sees what ----

def seen_by(lab, sessions, registered):
    number = registered[("CENTER", "TSA_ASSIGN")]
    for who, status in (("center1", 200), ("clerk", 200), ("akim-worker", 404), ("csc-inspector", 404)):
        c.same(f"{who} and a paper of the Centre's request", sessions[who].call(f"/api/v1/inbox/{number}/papers/1.xml").status, status)
    for path in ("99.xml", "1.txt", "1", "0.xml", "x.pdf", "1.xml/.."):
        c.that(f"papers/{path}: none", sessions["center1"].call(f"/api/v1/inbox/{number}/papers/{path}").status in (400, 404))
    store = Store(lab)
    reads = store.rows(f"SELECT actor, detail FROM event WHERE request_id = {int(number[3:])} AND detail LIKE 'read paper%'")
    c.that("whoever read it is in the request's events", ("staff:clerk CLERK", "read paper 1 COUPON") in [tuple(r) for r in reads], reads)
    log = lab.log.read_text()
    c.that("nothing personal in the log", front.person(0) not in log and front.person(1) not in log and APPLICANT not in log and "Ахметов" not in log and "870930490018" not in log)


def by_a_system(lab):
    """An organisation's own system may send what one of its people signed."""
    text = paper("OFFICE", "TSA_CERT", ["D1"], iin=next(people))
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/xml"}
    answer = http_call(lab.tls_url + APPLICATIONS, "POST", front.signed(text, "staff-clerk").encode(), headers, certificate="tls-provider")
    c.same("sent by the provider's system", answer.status, 201, answer.text[:300])
    answer = http_call(lab.tls_url + APPLICATIONS, "POST", front.signed(text, "staff-center1").encode(), headers, certificate="tls-provider")
    refused("signed by somebody of another organisation", answer, 403, "STAFF_SIGNER")


PEOPLE = ("center1", "akim-worker", "akim1", "akim-executor", "deputy", "body-head", "statecorp1", "clerk", "head", "csc-inspector", "csc-accumulator", "csc-issuer", "body-executor")
with Lab() as lab_:
    sessions_ = {name: Session(lab_, name) for name in PEOPLE}
    registered_ = c.part(every_route, lab_, sessions_)
    for function in (forms_of_signature, scans, the_same_again, every_refusal, gaps_for_the_decision, receipts, asking, registers, by_the_center, by_the_akim, by_the_public_service_centre):
        c.part(function, lab_, sessions_)
    c.part(seen_by, lab_, sessions_, registered_)
    c.part(by_a_system, lab_)
c.finish()
