#!/usr/bin/python3
"""Every role at every door: one's own requests, another organisation's, numbers that are nobody's; claims in the wrong hand, paths written otherwise, people who change while they are inside."""
import http.client
import json
import re
import sqlite3
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

from check import ROOT, Answer, Checks, Lab, Message, Store, client_context, complaints, defaults, filled, http_call, moment, number_of, problem, sign, wait_for
from session import SESSION, Session
from staff import STAFF

c = Checks()
INBOX = "/api/v1/inbox"
UNKNOWN = "10199999999990"
NO_NUMBERS = ("1", "abc", "1010000000000", "101000000000011", "00000000000000", "20100000000011", "99999999999999", "1010000000001x", "-1010000000001", "%D9%A11010000000001", "*", "_")
# What can be read of a request, and what can be done with it; bodies are such that nothing but the caller is wrong with them.
READS = ("", "/application.xml", "/envelope", "/verdict", "/history", "/attachments/1", "/papers/1.xml", "/papers/1.pdf", "/result-draft?outcome=POSITIVE&textKk=a&textRu=b")
ACTS = (("/claim", {}), ("/release", {"token": 1}), ("/steps/2", {"token": 1, "executor": "executor1"}), ("/steps/3", {"token": 1, "outcome": "POSITIVE"}),
        ("/return", {"token": 1, "step": 2, "comment": "x"}), ("/substitute", {"executor": "executor2", "comment": "x"}), ("/comments", {"comment": "x"}))
PROVIDERS = [name for name, person in STAFF.items() if person.organisation == "provider"]
OTHERS = [name for name in STAFF if name not in PROVIDERS]


def housing(lab, provider="160640900019"):
    """A new request for housing assistance from the Portal: its number. It is at step 2, RESOLVE by the head."""
    fields = {"serviceCode": "HOUSING_AID", "serviceId": "HOUSING_AID", "providerBin": provider}
    values = {**defaults(), "now": moment(), **fields, "applicant": "850412390011", "declarantId": "850412390011"}
    portal = f"{time.time_ns() % 10**13:013d}".rjust(14, "4")
    text = sign(filled("application-plain", {**values, "requestNumber": portal}), "applicant-850412390011").decode()
    answer = Message("rest", application=text, **fields).send(lab)
    if answer.status not in (200, 201):
        raise RuntimeError(answer)
    return number_of(answer)


def everybody(lab):
    found = {name: Session(lab, name) for name in STAFF}
    for name, session in found.items():
        c.that(f"{name} is logged in", session.ok, session.answer)
    return found


def refused(name, answer, status, reason):
    c.same(name, (answer.status, problem(answer)[2]), (status, reason), answer)


def words(answer):
    """An answer without what is of this call alone."""
    return answer.status, {k: v for k, v in answer.json.items() if k != "correlationId"} if answer.body else None


def act(session, number, path, body):
    return session.call(f"{INBOX}/{number}{path}", "POST", body)


def claim(session, number):
    answer = act(session, number, "/claim", {})
    return answer.json["token"] if answer.status == 200 else None


# ---- nobody, and other organisations ----

def nobody(lab, number):
    """Without a login every door is the same, whatever is behind it."""
    clerk = Session(lab, "clerk")
    clerk.log_out()
    for what, url, headers, certificate, want in (("no cookie", lab.url, {}, None, "LOGIN_REQUIRED"), ("a session that was logged out", lab.url, {"Cookie": clerk.cookie}, None, "SESSION_EXPIRED"),
                                                  ("the portal's TLS certificate", lab.tls_url, {}, "tls-portal", "LOGIN_REQUIRED"),
                                                  ("a stranger's TLS certificate", lab.tls_url, {}, "tls-stranger", "LOGIN_REQUIRED")):
        seen = set()
        for which in (number, UNKNOWN, "abc"):
            for path in READS:
                answer = http_call(f"{url}{INBOX}/{which}{path}", headers=headers, certificate=certificate)
                refused(f"{what}: GET {path or '/'}", answer, 401, want)
                seen.add(json.dumps(words(answer)))
            for path, body in (*ACTS, ("/result", {})):
                answer = http_call(f"{url}{INBOX}/{which}{path}", "POST", json.dumps(body).encode(), {"Content-Type": "application/json", **headers}, certificate)
                refused(f"{what}: POST {path}", answer, 401, want)
                seen.add(json.dumps(words(answer)))
        for path in ("", "/changes?wait=0", "?q=101"):
            refused(f"{what}: GET inbox{path}", http_call(f"{url}{INBOX}{path}", headers=headers, certificate=certificate), 401, want)
        c.same(f"{what}: one answer for all", len(seen), 1, seen)


def outsiders(lab, people, number):
    """Another organisation's request is a number that does not exist, to the word, at every door."""
    events = "SELECT count(*) FROM event WHERE request_id = ?"
    before = Store(lab).value(events, int(number[3:]))
    for name in OTHERS:
        session, differ = people[name], []
        for path in READS:
            answers = [session.call(f"{INBOX}/{which}{path}") for which in (number, UNKNOWN, "1")]
            refused(f"{name}: GET {path or '/'}", answers[0], 404, "REQUEST_NOT_FOUND")
            differ += [path] if words(answers[0]) != words(answers[1]) or words(answers[0]) != words(answers[2]) else []
        for path, body in ACTS:
            answers = [act(session, which, path, body) for which in (number, UNKNOWN, "1")]
            refused(f"{name}: POST {path}", answers[0], 404, "REQUEST_NOT_FOUND")
            differ += [path] if words(answers[0]) != words(answers[1]) or words(answers[0]) != words(answers[2]) else []
        answers = [session.call(f"{INBOX}/{which}/result", "POST", b"<result/>", {"Content-Type": "application/xml", "X-Claim-Token": "1"}) for which in (number, UNKNOWN)]
        refused(f"{name}: POST /result", answers[0], 404, "REQUEST_NOT_FOUND")
        c.same(f"{name}: no door tells another's number from nobody's", (differ, words(answers[0]) == words(answers[1])), ([], True))
        for query in ("?state=all", "?state=open&role=HEAD", f"?q={number}", f"?state=all&q={number[:5]}", "?executor=executor1&state=all", "?state=all&limit=100&role=all"):
            answer = session.call(INBOX + query)
            c.that(f"{name}: it is in no page {query}", answer.status == 200 and number not in answer.text and answer.json["counts"]["open"] == 0, answer)
        answer = session.call(INBOX + "/changes?since=0&wait=0")
        c.that(f"{name}: nor among the changes", answer.status == 200 and answer.json["numbers"] == [], answer)
    c.same("none of that has left a trace in the request", Store(lab).value(events, int(number[3:])), before)


def no_numbers(people):
    for text in NO_NUMBERS:
        for path in ("", "/application.xml", "/history"):
            answer = people["head"].call(f"{INBOX}/{text}{path}")
            c.that(f"no number: {text}{path}", (answer.status, problem(answer)[2]) in ((404, "REQUEST_NOT_FOUND"), (400, "HTTP_MALFORMED")), answer)
        c.that(f"no number to claim: {text}", act(people["head"], text, "/claim", {}).status in (400, 404))


# ---- one's own ----

def readers(lab, people, number):
    """Whoever works at the provider may read, and it is on record; whoever only runs the gateway may not."""
    for name in PROVIDERS:
        answer = people[name].call(f"{INBOX}/{number}")
        if STAFF[name].roles == "OPERATOR":
            for path in READS:
                refused(f"{name}: GET {path or '/'}", people[name].call(f"{INBOX}/{number}{path}"), 403, "ROLE_REQUIRED")
            refused(f"{name}: the page", people[name].call(INBOX), 403, "ROLE_REQUIRED")
            refused(f"{name}: the changes", people[name].call(INBOX + "/changes?wait=0"), 403, "ROLE_REQUIRED")
            continue
        c.same(f"{name} reads it", (answer.status, answer.json.get("number")), (200, number), answer)
        c.that(f"{name} finds it", number in people[name].call(INBOX).text)
        for path in ("/application.xml", "/envelope", "/verdict", "/history"):
            c.same(f"{name}: {path}", people[name].call(f"{INBOX}/{number}{path}").status, 200)
        actors = [row[0] for row in Store(lab).rows("SELECT actor FROM event WHERE request_id = ?", int(number[3:]))]
        c.that(f"that {name} has read it is an event", any(actor.startswith(f"staff:{name} ") for actor in actors), actors)


def sign_nothing(session, number):
    return session.call(f"{INBOX}/{number}/result", "POST", b"<result/>", {"Content-Type": "application/xml", "X-Claim-Token": "1"})


def wrong_roles(people, number, step, right, reasons):
    """At that step whoever is not right is refused for his reason, at every act; right: may claim, and gives back."""
    for name in PROVIDERS:
        if name in right:
            token = claim(people[name], number)
            c.that(f"step {step}: {name} may claim", token, name)
            c.same(f"step {step}: and give back", act(people[name], number, "/release", {"token": token}).status, 200)
            continue
        reason = reasons.get(name, "ROLE_REQUIRED")
        refused(f"step {step}: {name} may not claim", act(people[name], number, "/claim", {}), 403, reason)
        refused(f"step {step}: {name} may not do it", sign_nothing(people[name], number) if step == 4 else act(people[name], number, f"/steps/{step}", {"token": 1, "executor": "executor1", "outcome": "POSITIVE"}), 403, reason)


def walk(lab, people, number):
    """HOUSING_AID at the office: the head names the executor, the executor prepares, the head (or whoever may sign for him) signs."""
    wrong_roles(people, number, 2, ("head", "deputy"), {})
    for step in (1, 3, 4, 5, 31):
        answer = act(people["head"], number, f"/steps/{step}", {"token": claim(people["head"], number), "executor": "executor1", "outcome": "POSITIVE"})
        refused(f"step {step} before step 2", answer, 409, "STEP_NOT_NEXT")
    for who, what in (("clerk", "without the role"), ("center1", "of another organisation"), ("body-executor", "of another organisation"), ("nobody", "who does not exist"), ("operator", "an operator"),
                      ("", "nobody")):
        answer = act(people["head"], number, "/steps/2", {"token": claim(people["head"], number), "executor": who})
        refused(f"the executor cannot be somebody {what}", answer, 422, "STEP_INPUT")
    c.same("executor1 is named", act(people["head"], number, "/steps/2", {"token": claim(people["head"], number), "executor": "executor1"}).status, 200)
    wrong_roles(people, number, 3, ("executor1",), {"executor2": "EXECUTOR_OTHER"})
    c.same("executor1 prepares", act(people["executor1"], number, "/steps/3", {"token": claim(people["executor1"], number), "outcome": "POSITIVE"}).status, 200)
    wrong_roles(people, number, 4, ("head", "deputy"), {})


def systems(lab, number):
    """The provider's own system: CLERK and EXECUTOR, no session, no CSRF token; never in another's place."""
    def call(path, method="GET", body=None):
        return http_call(lab.tls_url + INBOX + path, method, json.dumps(body).encode() if body is not None else None, {"Content-Type": "application/json"} if body is not None else {}, "tls-provider")
    c.same("it reads", call(f"/{number}").status, 200)
    c.that("it lists", number in call("").text)
    refused("it is no head", call(f"/{number}/claim", "POST", {}), 403, "ROLE_REQUIRED")
    refused("nor for a comment in another's request", call(f"/{UNKNOWN}/comments", "POST", {"comment": "x"}), 404, "REQUEST_NOT_FOUND")
    c.same("it may comment", call(f"/{number}/comments", "POST", {"comment": "жүйеден"}).status, 200)


# ---- claims ----

def claims(lab, people):
    number = housing(lab)
    token = claim(people["head"], number)
    answer = act(people["deputy"], number, "/claim", {})
    refused("what one has another cannot claim", answer, 409, "CLAIM_HELD")
    c.same("he is told who, by role, and until when", (answer.json.get("holderRole"), bool(answer.json.get("leaseUntil"))), ("HEAD", True), answer)
    c.that("and not by name", '"head"' not in answer.text and STAFF["head"].name not in answer.text, answer.text)
    for what, body in (("the other's token", token), ("the one after it", token + 1), ("another", 77777)):
        refused(f"act with {what}, in the wrong hand", act(people["deputy"], number, "/steps/2", {"token": body, "executor": "executor1"}), 409, "CLAIM_STALE")
        refused(f"release with {what}, in the wrong hand", act(people["deputy"], number, "/release", {"token": body}), 409, "CLAIM_STALE")
    for value in (0, -1, None, "1", 1.5, True, [], {}, 2**63):
        answer = act(people["head"], number, "/steps/2", {"token": value, "executor": "executor1"})
        c.that(f"token {value!r} is none", answer.status in (400, 409, 422) and problem(answer)[2] in ("JSON_FORM", "STEP_INPUT", "CLAIM_STALE"), answer)
    c.same("the same person again has the same token", claim(people["head"], number), token)
    second = Session(lab, "head")
    c.same("also in another session of his", claim(second, number), token)
    connection = sqlite3.connect(lab.folder / "store.db", timeout=30)
    with connection:
        connection.execute("UPDATE casework SET lease_until = 1000 WHERE request_id = ?", (int(number[3:]),))
    connection.close()
    refused("a lease that is over", act(people["head"], number, "/steps/2", {"token": token, "executor": "executor1"}), 409, "CLAIM_STALE")
    fresh = claim(people["deputy"], number)
    c.that("another takes it, with a later token", fresh and fresh > token, (fresh, token))
    refused("the old token for good", act(people["head"], number, "/steps/2", {"token": token, "executor": "executor1"}), 409, "CLAIM_STALE")
    refused("the new one in the old hand", act(people["head"], number, "/steps/2", {"token": fresh, "executor": "executor1"}), 409, "CLAIM_STALE")
    c.same("the new holder acts", act(people["deputy"], number, "/steps/2", {"token": fresh, "executor": "executor2"}).status, 200)
    history = people["head"].call(f"{INBOX}/{number}/history").text
    c.that("the record has the deputy alone", '"deputy"' in history and '"staff":"head"' not in history, history)


def tokens_of_sessions(people, number):
    """Each act without the session's token, or with another's."""
    for path, body in (*ACTS, ("/result", {})):
        for what, headers in (("none", {}), ("another session's", {"X-CSRF-Token": people["clerk"].csrf})):
            refused(f"POST {path} with {what}", people["head"].call(f"{INBOX}/{number}{path}", "POST", body, headers, csrf=False), 403, "CSRF_TOKEN")
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = people["head"].call(f"{INBOX}/{number}", method)
        c.same(f"{method} is none of its methods", answer.status, 405, answer)


# ---- paths ----

def raw(lab, path, cookie):
    """A path sent as it is."""
    parts = urllib.parse.urlsplit(lab.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.putheader("Cookie", cookie)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def paths(lab, people, number):
    """However a path is written, an outsider gets nothing by it, and an insider nothing but what it decodes to."""
    inside, outside = people["head"], people["center1"]
    digits = "".join(f"%3{digit}" for digit in number)
    same = (f"/api/v1/inbox/{digits}", f"/api/v1/%69nbox/{number}", f"/%61pi/v1/inbox/{number}", f"/api/v1/inbox/{number[:-1]}%3{number[-1]}")
    for path in same:
        c.same(f"{path}: the request itself", raw(lab, path, inside.cookie).status, 200)
        refused(f"{path}: nothing to an outsider", raw(lab, path, outside.cookie), 404, "REQUEST_NOT_FOUND")
    for path in (f"/api/v1/Inbox/{number}", f"/api/v1//inbox/{number}", f"//api/v1/inbox/{number}", f"/api/v1/inbox//{number}", f"/api/v1/inbox/{number}/", f"/api/v1/inbox/{number};x",
                 f"/api/v1/inbox/{number}%20", f"/api/v1/inbox/%20{number}", f"/api/v1/inbox/{number}%00", f"/api/v1/inbox/{number}/APPLICATION.XML", f"/api/v1/inbox/{number}/application.xml/",
                 f"/api/v1/inbox/{number}/application.xml%00.pdf", f"/api/v1/inbox/{number}%2fapplication.xml", f"/api/v1/inbox/{number}%5capplication.xml",
                 f"/api/v1/inbox/{UNKNOWN}/../{number}", f"/api/v1/inbox/{UNKNOWN}/%2e%2e/{number}", f"/api/v1/inbox/./{number}", f"/api/v1/inbox/..;/inbox/{number}",
                 f"/console/../api/v1/inbox/{number}", f"/console/%2e%2e/api/v1/inbox/{number}", f"/api/v1/inbox/{number}/../{number}/application.xml", f"/api/v1/inbox/0{number}",
                 f"/api/v1/inbox/{number}/attachments/../application.xml", f"/api/v1/inbox/{number}/attachments/-1", f"/api/v1/inbox/{number}/attachments/1e0",
                 f"/api/v1/inbox/{number}/papers/../../{number}", f"/api/v1/inbox/{number}/papers/1.exe", f"/api/v1/inbox/{number}/steps/2"):
        for who, session in (("insider", inside), ("outsider", outside)):
            answer = raw(lab, path, session.cookie)
            c.that(f"{path}: nothing, {who}", answer.status in (400, 404, 405) and b"850412390011" not in answer.body, answer)


# ---- counters ----

FRONT, REGISTERS = "/api/v1/front-office", "/api/v1/registers"
COUNTER_READS = (f"{FRONT}/refusals", f"{FRONT}/refusals/1.xml", REGISTERS, f"{REGISTERS}/1", f"{REGISTERS}/1.pdf")
COUNTER_ACTS = ((f"{FRONT}/check", {}), (f"{FRONT}/applications", {}), (f"{FRONT}/refusals", {}), (REGISTERS, {"numbers": []}), (f"{REGISTERS}/1/accept", {}))
KINDS = {"OFFICE": "provider", "STATECORP": "statecorp", "CENTER": "center", "AKIM": "akim", "CSC": "csc", "AUTH_BODY": "body"}


def registering():
    """{(service, route): the role whose people register there}, out of the catalogue's files."""
    found = {}
    for path in sorted((ROOT / "conf" / "services").glob("*.xml")):
        root = ElementTree.parse(path).getroot()
        for route in (e for e in root.iter() if e.tag.endswith("}route") and e.get("kind")):
            for step in (e for e in route.iter() if e.tag.endswith("}step") and e.get("act") == "REGISTER"):
                found[root.get("code"), route.get("kind")] = step.get("by")
    return found


def counters(lab, people, number):
    """Who may take an application in: an organisation of the route's kind, and in it the role that the act names."""
    table = registering()
    c.that("the catalogue has its counters", len(table) >= 10, table)
    for (service, route), role in table.items():
        for name, person in STAFF.items():
            body = {"service": service, "route": route, "declarantId": "850412390011", "residence": "116630400", "documents": [], "form": {}}
            answer = people[name].call(f"{FRONT}/check", "POST", body)
            said = (answer.status, problem(answer)[2])
            if person.roles == "OPERATOR":
                c.same(f"{service} {route}: {name}", said, (403, "ROLE_REQUIRED"), answer)
            elif said == (422, "SERVICE_NOT_AVAILABLE"):
                continue  # the way is not offered, to nobody
            elif KINDS.get(route) != person.organisation:
                c.that(f"{service} {route}: {name} is of another organisation", said == (403, "ORGANISATION_ROUTE") or person.organisation == "akim" and said[0] in (200, 403), answer)
            elif role in person.roles.split(", "):
                c.same(f"{service} {route}: {name} takes it in", answer.status, 200, answer)
            else:
                c.same(f"{service} {route}: {name} has another role", said, (403, "ROLE_REQUIRED"), answer)


def counters_of_others(lab, people, number):
    for path in COUNTER_READS:
        refused(f"nobody: GET {path}", http_call(lab.url + path), 401, "LOGIN_REQUIRED")
        refused(f"the portal: GET {path}", http_call(lab.tls_url + path, certificate="tls-portal"), 401, "LOGIN_REQUIRED")
        refused(f"operator: GET {path}", people["operator"].call(path), 403, "ROLE_REQUIRED")
    for path, body in COUNTER_ACTS:
        refused(f"nobody: POST {path}", http_call(lab.url + path, "POST", json.dumps(body).encode(), {"Content-Type": "application/json"}), 401, "LOGIN_REQUIRED")
        refused(f"without the session's token: POST {path}", people["center1"].call(path, "POST", body, csrf=False), 403, "CSRF_TOKEN")
        refused(f"operator: POST {path}", people["operator"].call(path, "POST", body), 403, "ROLE_REQUIRED")
    refused("services are for those who are logged in", http_call(lab.url + "/api/v1/services"), 401, "LOGIN_REQUIRED")
    for name in ("head", "center1", "statecorp1", "operator"):
        c.same(f"services: {name}", people[name].call("/api/v1/services").status, 200)
    for name in OTHERS:
        answers = [people[name].call(REGISTERS, "POST", {"numbers": [which]}) for which in (number, UNKNOWN)]
        refused(f"{name}: another's request on a register of his", answers[0], 404, "REQUEST_NOT_FOUND")
        c.same(f"{name}: as if there were none", words(answers[0]), words(answers[1]))
        refused(f"{name}: a paper of another's request", people[name].call(f"{INBOX}/{number}/papers/1.xml"), 404, "REQUEST_NOT_FOUND")


# ---- the operator's ----

def operators(lab, people, number):
    """The operator's pages are for operators, and name no applicant."""
    reads = [f"/api/v1/operator/{page}" for page in ("outbox", "destinations", "certificates", "overdue", "charts", f"requests/{number}", f"requests/{UNKNOWN}")]
    acts = ("/api/v1/operator/outbox/1/release", "/api/v1/operator/outbox/1/park", "/api/v1/operator/outbox/999999/park")
    for path in reads:
        refused(f"nobody: {path}", http_call(lab.url + path), 401, "LOGIN_REQUIRED")
        for certificate, status, reason in (("tls-portal", 401, "LOGIN_REQUIRED"), ("tls-provider", 403, "ROLE_REQUIRED")):
            refused(f"{certificate}: {path}", http_call(lab.tls_url + path, certificate=certificate), status, reason)
        answer = people["operator"].call(path)
        c.that(f"operator: {path}", answer.status == 404 if UNKNOWN in path else answer.status == 200, answer)
        c.same(f"{path} names no applicant", [iin for iin in ["850412390011", *(p.iin for p in STAFF.values())] if iin in answer.text], [])
    for path in acts:
        refused(f"nobody: {path}", http_call(lab.url + path, "POST", b"{}", {"Content-Type": "application/json"}), 401, "LOGIN_REQUIRED")
        refused(f"operator without the session's token: {path}", people["operator"].call(path, "POST", {}, csrf=False), 403, "CSRF_TOKEN")
    for name in STAFF:
        if name != "operator":
            got = {path: people[name].call(path) for path in reads} | {path: people[name].call(path, "POST", {}) for path in acts}
            c.same(f"{name} is no operator", [path for path, answer in got.items() if (answer.status, problem(answer)[2]) != (403, "ROLE_REQUIRED")], [])
    for path in ("/api/v1/Operator/outbox", "/api/v1/operator//outbox", "/api/v1/operator/outbox/", "/api/v1/operator/%2e%2e/inbox", "/api/v1/operator/outbox%00", "/api/v1/operator"):
        for name in ("clerk", "operator"):
            answer = raw(lab, path, people[name].cookie)
            c.that(f"{path}: nothing for the {name}", answer.status in (400, 403, 404, 405), answer)


# ---- while they are inside ----

def changes_of_people(lab, people):
    """What the staff file says now counts, for those who are inside and for what they have in hand."""
    number = housing(lab)
    act(people["head"], number, "/steps/2", {"token": claim(people["head"], number), "executor": "executor1"})
    executor = Session(lab, "executor1")
    token = claim(executor, number)
    c.that("executor1 has it in hand", token)
    lab.write_staff(without=("executor1",))
    wait_for("executor1 is outside", lambda: executor.call(SESSION).status == 401)
    refused("his token is worth nothing without him", act(executor, number, "/steps/3", {"token": token, "outcome": "POSITIVE"}), 401, "SESSION_EXPIRED")
    refused("nobody can be named who is not there", act(people["head"], number, "/substitute", {"executor": "executor1", "comment": "x"}), 422, "STEP_INPUT")
    c.same("the head gives it to another", act(people["head"], number, "/substitute", {"executor": "executor2", "comment": "ауыстыру"}).status, 200)
    c.that("who takes it up at once", claim(people["executor2"], number))
    row = lab.folder / "staff.conf"
    text = row.read_text()
    executor2 = text[text.index("[person executor2]"):].split("\n\n")[0]
    lab.write_staff(without=("executor2",), more=executor2.replace("roles = EXECUTOR", "roles = CLERK") + "\n")
    wait_for("executor2 is a clerk", lambda: people["executor2"].call(SESSION).json.get("roles") == ["CLERK"])
    refused("what he was is no matter any more", act(people["executor2"], number, "/steps/3", {"token": 1, "outcome": "POSITIVE"}), 403, "ROLE_REQUIRED")
    lab.write_staff()
    wait_for("all are back", lambda: people["executor2"].call(SESSION).json.get("roles") == ["EXECUTOR"])


def signatures(lab, people):
    """Results by people who may not sign them."""
    number = housing(lab)
    act(people["head"], number, "/steps/2", {"token": claim(people["head"], number), "executor": "executor1"})
    act(people["executor1"], number, "/steps/3", {"token": claim(people["executor1"], number), "outcome": "POSITIVE"})
    draft = people["head"].call(f"{INBOX}/{number}/result-draft?outcome=POSITIVE&textKk=%D0%B1&textRu=%D0%B1")
    c.same("there is a draft", draft.status, 200, draft)
    token = claim(people["head"], number)
    for certificate, status, reason in (("employee-160640900019", 422, "RESULT_SIGNER_RIGHT"), ("staff-clerk", 422, "RESULT_SIGNER_RIGHT"), ("head-130140900016", 422, "RESULT_SIGNER_BIN"),
                                        ("staff-stranger", 422, "RESULT_SIGNER_BIN"), ("staff-akim", 422, "RESULT_SIGNER_BIN"), ("applicant-850412390011", 422, "RESULT_SIGNER_BIN"),
                                        ("staff-head-auth", 422, "RESULT_SIGNATURE_CERTIFICATE"), ("head-expired", 422, "RESULT_SIGNATURE_EXPIRED"), ("staff-revoked", 422, "RESULT_SIGNATURE_REVOKED"),
                                        ("bad-foreign-ca", 422, "RESULT_SIGNATURE_CERTIFICATE")):
        document = sign(draft.text, certificate)
        answer = people["head"].call(f"{INBOX}/{number}/result", "POST", document, {"Content-Type": "application/xml", "X-Claim-Token": str(token)})
        refused(f"signed with {certificate}", answer, status, reason)
    document = sign(draft.text, "head-160640900019")
    for name in ("clerk", "executor1", "executor2", "operator"):
        answer = people[name].call(f"{INBOX}/{number}/result", "POST", document, {"Content-Type": "application/xml", "X-Claim-Token": str(token)})
        refused(f"{name} cannot hand in what the head signed", answer, 403, "ROLE_REQUIRED")
    answer = people["deputy"].call(f"{INBOX}/{number}/result", "POST", document, {"Content-Type": "application/xml", "X-Claim-Token": str(token)})
    c.that("nor the deputy with the head's token", (answer.status, problem(answer)[2]) in ((409, "CLAIM_STALE"), (422, "RESULT_SIGNER_RIGHT")), answer)
    answer = people["head"].call(f"{INBOX}/{number}/result", "POST", document, {"Content-Type": "application/xml", "X-Claim-Token": str(token)})
    c.same("the head can", answer.status, 201, answer)


def privacy(lab):
    log = lab.log.read_text()
    c.same("no IIN in the log", [p.iin for p in STAFF.values() if p.iin in log] + (["applicant"] if "850412390011" in log else []), [])
    c.same("no name in the log", [p.name for p in STAFF.values() if p.name.split()[0].lower() in log.lower()], [])
    c.same("the chain of events is whole", lab.run("fsck", "--conf", lab.conf).returncode, 0)
    c.same("nothing for the operator to worry about", complaints(lab), [])


LOGIN = {"login": {"failures_max": 1000, "address_failures_max": 100000, "challenges_per_minute": 100000}}
with Lab(settings=lambda lab: LOGIN) as running:
    inside = everybody(running)
    first = housing(running)
    c.part(nobody, running, first)
    c.part(outsiders, running, inside, first)
    c.part(no_numbers, inside)
    c.part(readers, running, inside, first)
    c.part(tokens_of_sessions, inside, first)
    c.part(paths, running, inside, first)
    c.part(systems, running, first)
    c.part(counters, running, inside, first)
    c.part(counters_of_others, running, inside, first)
    c.part(operators, running, inside, first)
    c.part(walk, running, inside, first)
    c.part(claims, running, inside)
    c.part(changes_of_people, running, inside)
    c.part(signatures, running, inside)
    c.part(privacy, running)
c.finish()
