#!/usr/bin/python3
"""People work on requests: every door, each role at each, claims and their tokens, the result signed by the provider's EDS, the applicant's cabinet."""
import json
import re
import sqlite3
import subprocess
import threading
import time
import urllib.parse

from check import GATEWAY, PKI, ROOT, Checks, Lab, Message, Store, cabinet, complaints, element, filled, http_call, defaults, metric, moment, number_of, problem, said, sign, state_of
from session import Session
from staff import STAFF

import front

c = Checks()
INBOX = "/api/v1/inbox"
JSON = {"Content-Type": "application/json"}
FIVE = ["D1", "D2", "D3", "D4", "D5"]
CARE = [*FIVE, "D6"]


def housing(lab, channel="rest", **fields):
    """A new request for housing assistance; its registration number and its message."""
    fields = {"serviceCode": "HOUSING_AID", "serviceId": "HOUSING_AID", **fields}
    values = {**defaults(), "now": moment(), **fields}
    number = f"{time.time_ns() % 10**13:013d}".rjust(14, "3")
    application = sign(filled("application-plain", {**values, "requestNumber": number}), f"applicant-{values['applicant']}").decode()
    message = Message(channel, application=application, **fields)
    answer = message.send(lab)
    c.that(f"housing assistance over {channel} is registered", answer.status in (200, 201), answer)
    return number_of(answer), message


def box_of(lab, message):
    """What the cabinet has of it: over REST the chain's id is the Idempotency-Key."""
    return cabinet(lab, message.id if message.channel == "rest" else message.correlation_id) or {}


class Desk:
    """One person at work."""

    def __init__(self, lab, name):
        self.name, self.session = name, Session(lab, name)

    def get(self, path="", query=""):
        return self.session.call(INBOX + path + query)

    def post(self, path, **body):
        return self.session.call(INBOX + path, "POST", body)

    def claim(self, number):
        answer = self.post(f"/{number}/claim")
        return answer.json["token"] if answer.status == 200 else answer

    def step(self, number, n, **body):
        return self.post(f"/{number}/steps/{n}", token=self.claim(number), **body)

    def draft(self, number, **query):
        return self.get(f"/{number}/result-draft", "?" + urllib.parse.urlencode(query))

    def result(self, number, body, token=None, kind="application/xml"):
        token = self.claim(number) if token is None else token
        return self.session.call(f"{INBOX}/{number}/result", "POST", body if isinstance(body, bytes) else body.encode(), {"Content-Type": kind, "X-Claim-Token": str(token)})


def cms(text, name):
    """Attached, base64."""
    done = subprocess.run([str(GATEWAY), "sign", "--cms", "--key", PKI / "keys" / f"{name}.key", "--cert", PKI / "certs" / f"{name}.pem", "/dev/stdin"], input=text.encode(), capture_output=True,
                          check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


def refused(name, answer, status, reason, words=""):
    c.that(name, (answer.status, problem(answer)[2]) == (status, reason) and words in answer.json.get("detail", ""), answer)
    return answer


def to_signature(lab, desks, number, **prepared):
    """Steps 2 and 3 of the office's route."""
    c.same("the head names the executor", desks["head"].step(number, 2, executor="executor1").status, 200)
    answer = desks["executor1"].step(number, 3, **(prepared or {"outcome": "POSITIVE"}))
    c.same("the executor prepares", answer.status, 200, answer)
    return answer


def in_cabinet(lab, message, states):
    box = {}

    def there():
        box.update(box_of(lab, message))
        return box.get("states") == states
    c.within(f"the cabinet is told {states}", there)
    return box


# ---- the whole way ----

def to_the_notification(lab, desks, channel):
    number, message = housing(lab, channel)
    c.within("the first notice", lambda: box_of(lab, message).get("states") == ["REGISTERED"])
    case = desks["head"].get(f"/{number}")
    c.same("the head sees it", case.status, 200, case)
    seen = case.json
    c.same("where it is", (seen["step"]["n"], seen["step"]["role"], seen["step"]["act"], seen["step"]["colour"], seen["state"], seen["channel"]),
           (2, "HEAD", "RESOLVE", "ok", "REGISTERED", {"rest": "rest", "async": "shep-async", "sync": "shep-sync"}[channel]))
    c.same("no limits, no moments", (seen["dueAt"], seen["resultDueAt"], seen["step"]["dueAt"]), (None, None, None))
    c.same("who asks", seen["applicant"], {"iin": message.applicant, "representativeIin": None})
    c.that("texts", seen["service"]["nameKk"] and seen["stateName"]["ru"] and seen["step"]["roleKk"] and seen["step"]["actionRu"])
    c.same("what may be done", seen["actions"], ["claim", "complete", "comment"])
    c.same("whom it may be given to", [p["id"] for p in seen["staff"]], ["executor1", "executor2"])
    c.same("results of the service", (seen["outcomes"], [g["id"] for g in seen["refusalGrounds"]]), (["POSITIVE", "REFUSED"], ["UNTRUE", "NOT_ENTITLED"]))
    c.same("documents that belong to it", [(d["id"], d["given"]) for d in seen["documents"]], [(f"D{i}", False) for i in range(1, 6)])
    c.same("the gateway registered it", (seen["steps"][0]["by"], bool(seen["steps"][0]["doneAt"]), seen["history"][0]["role"]), ("gateway", True, "GATEWAY"))
    prepared = to_signature(lab, desks, number).json
    c.same("then it is the head's again", (prepared["step"]["n"], prepared["step"]["act"], prepared["executor"], prepared["outcome"]), (4, "SIGN", "executor1", "POSITIVE"))
    draft = desks["head"].draft(number, outcome="POSITIVE", textKk="Сізге айына 5 000 ₸ тағайындалды.\nТөлем 2026 жылғы желтоқсаннан.", textRu="Вам назначено 5 000 ₸ в месяц.")
    c.same("the draft", draft.status, 200, draft)
    c.same("what it says", [element(draft.body, e) for e in ("number", "requestNumber", "kind", "outcome", "serviceCode")], ["201" + number[3:], number, "NOTIFICATION", "POSITIVE", "HOUSING_AID"])
    document = sign(draft.text, "head-160640900019")
    token = desks["head"].claim(number)
    answer = desks["head"].result(number, document, token)
    c.same("the signed result", (answer.status, answer.json.get("state"), answer.json.get("outcome")), (201, "DECIDED", "POSITIVE"), answer)
    again = desks["head"].result(number, document, token)
    c.same("the same once more is the same", again.status, 201, again)
    box = in_cabinet(lab, message, ["REGISTERED", "DECIDED", "RESULT_SENT"])
    c.same("one result there", (box["responses"], box["resolutionType"], box["duplicates"]), (1, "POSITIVE", 0), box)
    c.within("sent", lambda: state_of(lab, number) == "RESULT_SENT")
    last = desks["clerk"].get(f"/{number}").json
    c.same("the gateway handed it over", (last["step"], last["history"][-1]["act"], last["history"][-1]["staff"]), (None, "ISSUE", "gateway"))
    if channel == "rest":
        got = http_call(lab.tls_url + f"/api/v1/requests/{number}/result.xml", certificate="tls-portal")
        c.same("the portal reads the very bytes", got.body, document)
        printed = http_call(lab.tls_url + f"/api/v1/requests/{number}/result.pdf", certificate="tls-portal")
        c.that("and has it printed", printed.status == 200 and printed.body.startswith(b"%PDF"), printed.status)
        checked = http_call(f"{lab.url}/api/v1/verify", "POST", document, {"Content-Type": "application/xml"})
        c.that("and anybody sees that it is genuine", checked.status == 200 and checked.json.get("genuine"), checked)
    return number


def to_the_refusal(lab, desks):
    """Signed as CMS."""
    number, message = housing(lab, "async")
    to_signature(lab, desks, number, outcome="REFUSED", ground="UNTRUE", comment="табысы туралы анықтама жалған")
    draft = desks["deputy"].draft(number, outcome="REFUSED", ground="UNTRUE")
    c.that("the ground with its words in both languages", all(word in draft.text for word in ("<id>UNTRUE</id>", "Недостоверность представленных документов", "анық еместігі")), draft.text)
    c.that("usual words when nothing is said", "В оказании государственной услуги отказано." in draft.text)
    answer = desks["deputy"].result(number, cms(draft.text, "sign-160640900019"), kind="application/cms")
    c.same("the reasoned refusal, by the deputy with the right to sign", (answer.status, answer.json.get("outcome")), (201, "REFUSED"), answer)
    box = in_cabinet(lab, message, ["REGISTERED", "DECIDED", "RESULT_SENT"])
    c.same("it is a refusal there", (box["responses"], box["resolutionType"]), (1, "NEGATIVE"), box)
    document = Store(lab).value("SELECT content FROM document WHERE request_id = ?", int(number[3:])).decode()
    found = re.fullmatch(r"(.*)<cms>([^<]+)</cms></result>", document, re.S)
    c.that("the CMS lies in the document, over the draft", found and found[1] + "</result>" == draft.text, document[-300:])
    return number


# ---- over a counter ----

def counter(lab, desks, who, route, service, documents, **options):
    """Registered by a front office; its number."""
    answer = front.send(desks[who].session, front.paper(route, service, documents, **options))
    c.same(f"{service} by {route} is registered", answer.status, 201, answer)
    number = answer.json.get("number")
    if not number:
        raise RuntimeError(answer)
    case = desks[who].get(f"/{number}").json
    c.same("taken in by that person", (case["history"][-1]["staff"], case["channel"]), (who, "front-office"))
    return number


def decided(lab, desks, who, number, certificate, outcome="POSITIVE", **query):
    draft = desks[who].draft(number, outcome=outcome, **query)
    c.same("a draft", draft.status, 200, draft)
    answer = desks[who].result(number, sign(draft.text, certificate))
    c.same(f"{who} signs", (answer.status, answer.json.get("outcome")), (201, outcome), answer)
    c.within("the cabinet has it", lambda: state_of(lab, number) == "RESULT_SENT")
    return answer


def ended(desks, who, number, steps):
    case = desks[who].get(f"/{number}").json
    acts = [(h["step"], h["act"], h["staff"]) for h in case["history"] if h["act"] not in ("RETURN", "COMMENT", "SUBSTITUTE")]
    c.same("every step by whom it is", acts, steps)
    c.that("nothing is left", case["step"] is None and all(s["doneAt"] for s in case["steps"] if s["branch"] != "REFUSE_INTAKE"), case["step"])


def at_the_authorised_body(lab, desks):
    number = counter(lab, desks, "body-executor", "AUTH_BODY", "HOME_CARE_2013", CARE, provider=front.BODY)
    case = desks["body-head"].get(f"/{number}").json
    c.same("14 working days, the head has 15 minutes", (case["step"]["n"], case["step"]["paragraph"], bool(case["dueAt"])), (2, "T1.2", True))
    c.same("resolution", desks["body-head"].step(number, 2, executor="body-executor").status, 200)
    c.same("prepared", desks["body-executor"].step(number, 3, outcome="POSITIVE").status, 200)
    back = desks["body-head"].post(f"/{number}/return", token=desks["body-head"].claim(number), step=3, comment="медициналық карта?")
    c.same("back once", (back.status, back.json["step"]["n"]), (200, 3), back)
    c.same("and prepared anew", desks["body-executor"].step(number, 3, outcome="REFUSED", ground="CONTRAINDICATION").status, 200)
    decided(lab, desks, "body-head", number, "head-130140900016", "REFUSED", ground="CONTRAINDICATION")
    c.same("a reasoned refusal", element(Store(lab).value("SELECT content FROM document WHERE request_id = ?", int(number[3:])), "kind"), "REASONED_REFUSAL")
    refused("nothing returns from behind the signature", desks["body-executor"].post(f"/{number}/return", token=desks["body-executor"].claim(number), step=3, comment="x"), 409, "STEP_NOT_NEXT")
    c.same("handed over", desks["body-executor"].step(number, 5).status, 200)
    ended(desks, "body-head", number, [(1, "REGISTER", "body-executor"), (2, "RESOLVE", "body-head"), (3, "PREPARE", "body-executor"), (3, "PREPARE", "body-executor"),
                                       (4, "SIGN", "body-head"), (5, "ISSUE", "body-executor")])


def registered_to(desks, maker, taker, number):
    made = desks[maker].session.call("/api/v1/registers", "POST", {"numbers": [number]})
    c.same(f"{maker} makes a register", made.status, 201, made)
    if taker:
        answer = desks[taker].session.call(f"/api/v1/registers/{made.json['id']}/accept", "POST", b"")
        c.same(f"{taker} accepts it", answer.status, 200, answer)


def at_the_service_centre(lab, desks):
    number = counter(lab, desks, "csc-inspector", "CSC", "HOME_CARE_2013", CARE, provider=front.BODY, iin="870930490018")
    c.same("the accumulator makes registers", desks["csc-accumulator"].get(f"/{number}").json["actions"], ["claim", "register", "comment"])
    refused("and does not do without", desks["csc-accumulator"].step(number, 2), 422, "STEP_INPUT", "register")
    refused("the inspector is told whose it is", desks["csc-inspector"].post(f"/{number}/claim"), 403, "ROLE_REQUIRED", "CSC_ACCUMULATOR of the front office")
    refused("so is the body", desks["body-head"].post(f"/{number}/claim"), 403, "ROLE_REQUIRED", "CSC_ACCUMULATOR of the front office")
    registered_to(desks, "csc-accumulator", "body-executor", number)
    c.same("resolution", desks["body-head"].step(number, 4, executor="body-executor").status, 200)
    case = desks["body-executor"].step(number, 5, outcome="POSITIVE").json
    c.same("the cap is the service's term", [s["dueAt"] for s in desks["body-head"].get(f"/{number}").json["steps"] if s["branch"] == "CAP"], [case["dueAt"]])
    decided(lab, desks, "body-head", number, "head-130140900016")
    c.same("the notification is recorded", desks["body-executor"].step(number, 7).status, 200)
    refused("the register of results is the accumulator's", desks["csc-issuer"].post(f"/{number}/claim"), 403, "ROLE_REQUIRED", "CSC_ACCUMULATOR")
    registered_to(desks, "csc-accumulator", None, number)
    c.same("handed over", desks["csc-issuer"].step(number, 9).status, 200)
    ended(desks, "csc-issuer", number, [(1, "REGISTER", "csc-inspector"), (2, "TRANSFER", "csc-accumulator"), (3, "ACCEPT", "body-executor"), (4, "RESOLVE", "body-head"),
                                        (5, "PREPARE", "body-executor"), (6, "SIGN", "body-head"), (7, "RECORD", "body-executor"), (8, "ACCEPT", "csc-accumulator"), (9, "ISSUE", "csc-issuer")])


def decided_in_one(lab, desks):
    """Routes on which the provider's leg is one step, by whoever of his people may sign."""
    for who, route, service, documents, transfers, outcome, options in (
            ("statecorp1", "STATECORP", "TSA_CERT", ["D1"], 4, "NEGATIVE", {}), ("center1", "CENTER", "TSA_CERT", ["D1"], 3, "POSITIVE", {"iin": "870930490018"}),
            ("center1", "CENTER", "TSA_ASSIGN", FIVE, 4, "POSITIVE", {}), ("statecorp1", "STATECORP", "HOME_SCHOOL", [f"D{i}" for i in range(1, 8)], 4, "POSITIVE", {})):
        number = counter(lab, desks, who, route, service, documents, **options)
        c.same("handed to the provider", desks[who].step(number, transfers).status, 200)
        step = desks["head"].get(f"/{number}").json
        n = step["step"]["n"]
        c.same("his step", (n, step["step"]["role"], step["step"]["act"]), (transfers + 1, "PROVIDER", "DECIDE"))
        c.same("with his own steps as a list", [len(s["through"]) for s in step["steps"] if s["n"] == n], [4 if service == "TSA_CERT" else 0])
        if service == "HOME_SCHOOL":
            c.that("24 hours before the end of the term", step["resultDueAt"] < step["dueAt"] and step["step"]["dueAt"] <= step["resultDueAt"], (step["dueAt"], step["resultDueAt"]))
        refused("whoever may not sign does not decide", desks["executor1"].result(number, sign(desks["executor1"].draft(number, outcome=outcome).text, "employee-160640900019")), 422, "RESULT_SIGNER_RIGHT")
        c.same("he gives it back", desks["executor1"].post(f"/{number}/release", token=desks["executor1"].claim(number)).status, 200)
        decided(lab, desks, "head", number, "head-160640900019", outcome)
        refused("the provider does not hand over", desks["head"].post(f"/{number}/claim"), 403, "ROLE_REQUIRED", "of the front office")
        c.same("handed over", desks[who].step(number, n + 1).status, 200)
        c.same("nothing is left", desks[who].get(f"/{number}").json["step"], None)


def by_the_akim(lab, desks):
    number = counter(lab, desks, "akim-worker", "AKIM", "TSA_ASSIGN", FIVE, residence="396030100", iin="870930490018")
    c.same("to the akim", desks["akim-worker"].step(number, 3).status, 200)
    refused("the akim names one of his own", desks["akim1"].step(number, 4, executor="executor1"), 422, "STEP_INPUT", "AKIM_EXECUTOR")
    c.same("named", desks["akim1"].step(number, 4, executor="akim-executor").status, 200)
    c.same("to the provider", desks["akim-executor"].step(number, 5).status, 200)
    decided(lab, desks, "head", number, "head-160640900019")
    c.same("handed over", desks["akim-worker"].step(number, 7).status, 200)
    ended(desks, "akim1", number, [(1, "REGISTER", "akim-worker"), (3, "TRANSFER", "akim-worker"), (4, "RESOLVE", "akim1"), (5, "TRANSFER", "akim-executor"), (6, "DECIDE", "head"),
                                   (7, "ISSUE", "akim-worker")])


# ---- each role at each door ----

def doors(lab, desks):
    number, _ = housing(lab)
    strangers = ("center1", "body-head", "csc-issuer")
    unknown = desks["head"].get("/10199999999999")
    for name in strangers:
        for path in ("", "/application.xml", "/history", "/result-draft?outcome=POSITIVE"):
            answer = desks[name].get(f"/{number}{path.split('?')[0]}", "?" + path.split("?")[1] if "?" in path else "")
            c.same(f"{name} does not see {path or 'it'}", {**answer.json, "correlationId": 0}, {**unknown.json, "correlationId": 0})
        c.same(f"{name} cannot claim it", {**desks[name].post(f"/{number}/claim").json, "correlationId": 0}, {**unknown.json, "correlationId": 0})
        c.same(f"{name} has an empty inbox", (desks[name].get().json["items"], desks[name].get().json["counts"]["open"]), ([], 0))
    for name in ("clerk", "executor1"):
        refused(f"{name} is told whose step it is", desks[name].post(f"/{number}/claim"), 403, "ROLE_REQUIRED", "HEAD")
        refused(f"{name} cannot do it", desks[name].post(f"/{number}/steps/2", token=1, executor="executor1"), 403, "ROLE_REQUIRED", "HEAD")
        refused(f"{name} cannot substitute", desks[name].post(f"/{number}/substitute", executor="executor2", comment="x"), 409, "STEP_NOT_NEXT")
        c.same(f"{name} sees it", desks[name].get(f"/{number}").status, 200)
    refused("nobody without a session", http_call(f"{lab.url}{INBOX}"), 401, "LOGIN_REQUIRED")
    refused("nor for one request", http_call(f"{lab.url}{INBOX}/{number}"), 401, "LOGIN_REQUIRED")
    session = desks["head"].session
    answer = http_call(lab.url + f"{INBOX}/{number}/claim", "POST", "{}", {"Cookie": session.cookie, **JSON})
    refused("a claim without the session's token", answer, 403, "CSRF_TOKEN")
    refused("the operator has no part in it", desks["operator"].get(f"/{number}"), 403, "ROLE_REQUIRED")
    c.same("DELETE is none of the methods", session.call(f"{INBOX}/{number}", "DELETE").status, 405)
    return number


def claims(lab, desks):
    number, _ = housing(lab)
    head, deputy = desks["head"], desks["deputy"]
    claimed = head.post(f"/{number}/claim")
    c.same("claimed", claimed.status, 200, claimed)
    token = claimed.json["token"]
    c.same("once more by the same person: the same token", head.claim(number), token)
    held = refused("another is told who has it, and until when", deputy.post(f"/{number}/claim"), 409, "CLAIM_HELD", "HEAD has it until ")
    c.same("as members too", (held.json["holderRole"], held.json["leaseUntil"] > claimed.json["leaseUntil"][:10]), ("HEAD", True))
    c.same("and sees it", {k: head.get(f"/{number}").json["claim"][k] for k in ("holder", "role", "mine")}, {"holder": "head", "role": "HEAD", "mine": True})
    c.same("whose it is not", deputy.get(f"/{number}").json["claim"]["mine"], False)
    refused("a token of nobody", deputy.post(f"/{number}/steps/2", token=token + 5, executor="executor1"), 409, "CLAIM_STALE")
    refused("no token", head.post(f"/{number}/steps/2", executor="executor1"), 422, "STEP_INPUT", "token")
    c.same("given back", head.post(f"/{number}/release", token=token).status, 200)
    other = deputy.claim(number)
    c.that("a new token", other == token + 1, other)
    stale = refused("the old one is worth nothing", head.post(f"/{number}/steps/2", token=token, executor="executor1"), 409, "CLAIM_STALE", "HEAD has it until ")
    c.same("with the holder's role and time", (stale.json["holderRole"], bool(stale.json["leaseUntil"])), ("HEAD", True))
    refused("another step", deputy.post(f"/{number}/steps/3", token=other, outcome="POSITIVE"), 409, "STEP_NOT_NEXT", "step 2 comes next")
    refused("no executor", deputy.post(f"/{number}/steps/2", token=other), 422, "STEP_INPUT", "executor")
    refused("an executor of another organisation", deputy.post(f"/{number}/steps/2", token=other, executor="body-executor"), 422, "STEP_INPUT", "executor")
    refused("a clerk is no executor", deputy.post(f"/{number}/steps/2", token=other, executor="clerk"), 422, "STEP_INPUT", "executor")
    for what, body, reason in (("not JSON", b"{", "JSON_FORM"), ("a list", b"[]", "JSON_FORM"), ("a strange member", b'{"token":1,"magic":true}', "JSON_FORM"), ("a text as token", b'{"token":"1"}', "JSON_FORM"),
                               ("a member twice", b'{"token":1,"token":1}', "JSON_FORM")):
        refused(what, deputy.session.call(f"{INBOX}/{number}/steps/2", "POST", body, JSON), 400 if reason == "JSON_FORM" else 422, reason)
    done = deputy.post(f"/{number}/steps/2", token=other, executor="executor1")
    c.same("done", (done.status, done.json["step"]["n"], done.json["executor"]), (200, 3, "executor1"), done)
    again = deputy.post(f"/{number}/steps/2", token=other, executor="executor1")
    c.same("a repetition is answered alike", {k: v for k, v in again.json.items()}, done.json)
    refused("the other executor", desks["executor2"].post(f"/{number}/claim"), 403, "EXECUTOR_OTHER", "executor1")
    answer = deputy.post(f"/{number}/substitute", executor="executor2", comment="еңбек демалысында")
    c.same("the head substitutes", (answer.status, answer.json.get("executor")), (200, "executor2"), answer)
    refused("now the first is the other", desks["executor1"].post(f"/{number}/claim"), 403, "EXECUTOR_OTHER", "executor2")
    c.same("a comment by anybody of the organisation", desks["clerk"].post(f"/{number}/comments", comment="құжат архивте").status, 200)
    refused("an empty one", desks["clerk"].post(f"/{number}/comments", comment=""), 422, "STEP_INPUT", "comment")
    refused("one that is too long", desks["clerk"].post(f"/{number}/comments", comment="a" * 1001), 422, "STEP_INPUT", "comment")
    second = desks["executor2"]
    refused("an outcome that the service does not know", second.step(number, 3, outcome="NEGATIVE"), 422, "STEP_INPUT", "outcome")
    refused("a refusal without a ground", second.step(number, 3, outcome="REFUSED"), 422, "STEP_INPUT", "ground")
    c.same("prepared", second.step(number, 3, outcome="POSITIVE").status, 200)
    back = head.post(f"/{number}/return", token=head.claim(number), step=3, comment="мәтінді нақтылаңыз")
    c.same("returned for correction", (back.status, back.json["step"]["n"], back.json["executor"]), (200, 3, "executor2"), back)
    refused("not by whom it is not", desks["clerk"].post(f"/{number}/return", token=1, step=2, comment="x"), 403, "ROLE_REQUIRED", "EXECUTOR")
    c.same("prepared again", second.step(number, 3, outcome="POSITIVE").status, 200)
    acts = [(h["act"], h["step"], h["staff"]) for h in head.get(f"/{number}/history").json["items"]]
    c.same("history", acts, [("REGISTER", 1, "gateway"), ("RESOLVE", 2, "deputy"), ("SUBSTITUTE", 3, "deputy"), ("COMMENT", 3, "clerk"), ("PREPARE", 3, "executor2"), ("RETURN", 4, "head"),
                             ("PREPARE", 3, "executor2")])
    return number


# ---- results that are none ----

def bad_results(lab, desks, number, other):
    """The request waits for its signature, with POSITIVE prepared."""
    head = desks["head"]
    token = head.claim(number)
    draft = head.draft(number, outcome="POSITIVE").text
    foreign = head.draft(other, outcome="POSITIVE").text
    refusal = head.draft(number, outcome="REFUSED", ground="UNTRUE").text
    old = re.sub(r"<issuedAt>[^<]+", "<issuedAt>2026-01-01T10:00:00.000+05:00", draft)
    me = "head-160640900019"

    def changed(a, b):
        return sign(draft.replace(a, b), me)
    cases = {
        "not signed": (draft.encode(), "RESULT_SIGNATURE_MISSING"),
        "changed after it was signed": (sign(draft, me).replace("оң шешім".encode(), "он шешім".encode()), "RESULT_SIGNATURE_INVALID"),
        "by a certificate for logging in": (sign(draft, "staff-head-auth"), "RESULT_SIGNATURE_CERTIFICATE"),
        "by an expired certificate": (sign(draft, "head-expired"), "RESULT_SIGNATURE_EXPIRED"),
        "by a revoked certificate": (sign(draft, "staff-revoked"), "RESULT_SIGNATURE_REVOKED"),
        "by an authority that nobody trusts": (sign(draft, "gost-staff-foreign-ca"), "RESULT_SIGNATURE_CERTIFICATE"),
        "by the head of another organisation": (sign(draft, "head-130140900016"), "RESULT_SIGNER_BIN"),
        "by the applicant": (sign(draft, "applicant-850412390011"), "RESULT_SIGNER_BIN"),
        "by an employee without the right": (sign(draft, "employee-160640900019"), "RESULT_SIGNER_RIGHT"),
        "by the deputy, brought by the head": (sign(draft, "sign-160640900019"), "RESULT_SIGNER_RIGHT"),
        "of another request": (sign(foreign, me), "RESULT_NUMBER"),
        "with another number of its own": (changed("<number>201", "<number>202"), "RESULT_NUMBER"),
        "not what was prepared": (sign(refusal, me), "RESULT_TYPE"),
        "of another kind": (changed("<kind>NOTIFICATION", "<kind>CERTIFICATE"), "RESULT_TYPE"),
        "of another service": (changed("<serviceCode>HOUSING_AID", "<serviceCode>LOCAL_AID"), "RESULT_TYPE"),
        "no result at all": (sign("<a/>", me), "RESULT_TYPE"),
        "with another applicant": (changed("<iin>850412390011", "<iin>870930490018"), "RESULT_CONTENT"),
        "with another name of the service": (changed("Назначение жилищной помощи", "Назначение помощи"), "RESULT_CONTENT"),
        "with something added": (changed("</result>", "<bonus>1</bonus></result>"), "RESULT_CONTENT"),
        "without the mark of test data": (sign(re.sub(r"<note>.*</note>", "", draft), me), "RESULT_CONTENT"),
        "an old draft": (sign(old, me), "RESULT_CONTENT"),
        "twice signed": (sign(sign(draft, me).decode(), "sign-160640900019"), "RESULT_SIGNATURE_INVALID"),
        "not XML": (b"result", "XML_NOT_WELL_FORMED"),
    }
    for name, case in cases.items():
        body, reason = case
        answer = head.result(number, body, token)
        c.same(f"a result {name}", (answer.status, problem(answer)[2]), (400 if reason.startswith("XML") else 422, reason), answer)
    refused("a CMS over something else", head.result(number, cms("<a/>", me), token, "application/cms"), 422, "RESULT_TYPE")
    refused("a CMS that is none", head.result(number, b"AAAA", token, "application/cms"), 400, "CMS_MALFORMED")
    refused("as JSON", head.result(number, b"{}", token, "application/json"), 415, "HTTP_TYPE")
    good = sign(draft, me)
    refused("without a token", head.result(number, good, ""), 422, "STEP_INPUT", "X-Claim-Token")
    refused("with an old token", head.result(number, good, token + 3), 409, "CLAIM_STALE", "HEAD has it until ")
    refused("by somebody of another role", desks["executor1"].result(number, good, token), 403, "ROLE_REQUIRED", "HEAD")
    refused("by nobody's step", desks["head"].post(f"/{number}/steps/4", token=token), 409, "STEP_NOT_NEXT", "SIGN")
    c.same("nothing of it is stored", (state_of(lab, number), Store(lab).value("SELECT count(*) FROM document WHERE request_id = ?", int(number[3:]))), ("REGISTERED", 0))
    answer = head.result(number, good, token)
    c.same("the good one is taken after all", answer.status, 201, answer)
    refused("and no other after it", head.result(number, sign(head.draft(number, outcome="POSITIVE", textRu="Иначе.").text, me), token), 409, "STEP_NOT_NEXT")


# ---- pages, changes, files ----

def pages(lab, desks):
    numbers = [housing(lab)[0] for _ in range(7)]
    head = desks["head"]
    seen, cursor = [], ""
    while cursor is not None:
        page = head.get("", f"?state=open&sort=due&limit=3&cursor={cursor}" if cursor else "?state=open&sort=due&limit=3").json
        seen += [i["number"] for i in page["items"]]
        cursor = page["next"]
    c.same("all pages are the whole, each once", sorted(seen), sorted(r[0] for r in Store(lab).rows("SELECT printf('101%011d', request_id) FROM casework WHERE step > 0 AND provider_bin = '160640900019'")))
    c.same("newest first", [i["number"] for i in head.get("", "?sort=registered&limit=7").json["items"]], numbers[::-1])
    c.that("mine", {i["step"]["role"] for i in head.get("", "?role=mine").json["items"]} <= {"HEAD", "PROVIDER"})
    c.same("of a role", {i["step"]["role"] for i in desks["clerk"].get("", "?role=HEAD&limit=100").json["items"]}, {"HEAD"})
    c.same("one number", [i["number"] for i in head.get("", f"?q={numbers[0]}").json["items"]], numbers[:1])
    c.same("another service", head.get("", "?service=LOCAL_AID").json["items"], [])
    c.that("done ones", all(i["step"] is None for i in head.get("", "?state=done").json["items"]))
    c.same("nothing is late", head.get("", "?due=over").json["items"], [])
    counts = head.get().json["counts"]
    c.that("counts", counts["open"] == len(seen) and counts["mine"] >= 7 and counts["over"] == 0, counts)
    for query in ("?state=lost", "?due=soon", "?sort=name", "?role=KING", "?limit=0", "?limit=101", "?cursor=x", "?cursor=1.x"):
        refused(f"a filter that is none: {query}", head.get("", query), 422, "STEP_INPUT")
    return numbers


def changes(lab, desks, number):
    head = desks["head"]
    now = head.get("/changes").json
    c.same("where it stands", now["numbers"], [])
    c.same("no change yet", head.get("/changes", f"?since={now['seq']}&wait=0").json, {"seq": now["seq"], "numbers": []})
    found = {}
    waiting = threading.Thread(target=lambda: found.update(head.get("/changes", f"?since={now['seq']}&wait=25").json))
    waiting.start()
    time.sleep(1)
    c.same("still waiting", found, {})
    desks["deputy"].claim(number)
    waiting.join(20)
    c.same("told at once of what changed", found.get("numbers"), [number])
    refused("a wait without end", head.get("/changes", "?wait=3600"), 422, "STEP_INPUT", "wait")
    c.same("others are told nothing of it", desks["center1"].get("/changes", f"?since={now['seq']}&wait=0").json["numbers"], [])


def files(lab, desks, number, message):
    head = desks["head"]
    application = head.get(f"/{number}/application.xml")
    c.same("the signed application as it came", (application.status, application.body), (200, message.application.encode()))
    verdict = head.get(f"/{number}/verdict").json
    c.same("the verdict on it", verdict["code"], "OK")
    envelope = head.get(f"/{number}/envelope")
    c.that("the message as it came", envelope.status == 200 and message.application.encode() in envelope.body)
    c.same("as a file that nobody runs", [envelope.headers[h] for h in ("Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy")],
           [f"attachment; filename=\"{number}-envelope\"; filename*=UTF-8''{number}-envelope", "nosniff", "sandbox; default-src 'none'"])
    for path in ("/attachments/1", "/attachments/0", "/attachments/99999999999", "/papers/1.xml", "/papers/1.pdf", "/papers/x", "/secret", "/result"):
        refused(f"there is no {path}", head.get(f"/{number}{path}"), 404, "REQUEST_NOT_FOUND")
    trace = [d for d, in Store(lab).rows("SELECT detail FROM event WHERE request_id = ? AND actor = 'staff:head HEAD' ORDER BY seq", int(number[3:]))]
    c.same("every reading is in the chain of events", [t for t in trace if t.startswith("read")], ["read application", "read verdict", "read envelope", "read attachment 1", "read attachment 99999999999"])


def system_of_the_provider(lab):
    """The provider's own system by its certificate alone: CLERK and EXECUTOR."""
    number, _ = housing(lab)

    def call(path, method="GET", body=None):
        return http_call(lab.tls_url + INBOX + path, method, body, JSON, "tls-provider")
    c.same("it reads", call(f"/{number}").status, 200)
    refused("it is no head", call(f"/{number}/claim", "POST", "{}"), 403, "ROLE_REQUIRED", "HEAD")
    head = Desk(lab, "head")
    head.step(number, 2, executor="executor1")
    token = call(f"/{number}/claim", "POST", "{}")
    c.same("it takes the step of any executor", token.status, 200, token)
    done = call(f"/{number}/steps/3", "POST", json.dumps({"token": token.json["token"], "outcome": "POSITIVE"}))
    c.same("and ends it", (done.status, done.json.get("step", {}).get("n")), (200, 4), done)


def restarted(lab, desks):
    """In the middle of everything: claims, places and tokens are where they were."""
    number, message = housing(lab)
    head = desks["head"]
    token = head.claim(number)
    lab.stop("gateway")
    lab.start_gateway()
    head = Desk(lab, "head")  # sessions do not outlive it
    refused("the claim is still there", Desk(lab, "deputy").post(f"/{number}/claim"), 409, "CLAIM_HELD")
    answer = head.post(f"/{number}/steps/2", token=token, executor="executor1")
    c.same("and the token good", (answer.status, answer.json.get("step", {}).get("n")), (200, 3), answer)
    in_cabinet(lab, message, ["REGISTERED"])
    c.same("the chain is whole", lab.run("fsck", "--conf", lab.conf).returncode, 0)


def late(lab):
    """Steps whose end is near or past: told once each, and shown. Time is turned by hand: the shortest limits take minutes."""
    near, over = housing(lab)[0], housing(lab)[0]
    lab.stop("gateway")
    with sqlite3.connect(lab.folder / "store.db") as store:
        now = int(time.time() * 1000)
        store.execute("UPDATE casework SET step_near = ?, step_due = ? WHERE request_id = ?", (now - 1000, now + 3600000, int(near[3:])))
        store.execute("UPDATE casework SET step_near = ?, step_due = ? WHERE request_id = ?", (now - 9000, now - 1000, int(over[3:])))
        store.execute("UPDATE request SET due_at = ? WHERE id = ?", (now - 1000, int(over[3:])))
    lab.start_gateway()

    def told(word):
        return [line for line in lab.log.read_text().splitlines() if f" {word} service=" in line]
    c.within("who is late is told", lambda: told("step.over") and told("step.near"))
    c.that("with number, step and role", f"{over} step.over service=HOUSING_AID route=OFFICE step=2 role=HEAD due=" in told("step.over")[0] and near in told("step.near")[0], told("step.over"))
    c.same("in the metrics", (metric(lab, "egov_steps_near_total"), metric(lab, "egov_steps_over_total"), metric(lab, "egov_requests_overdue")), (1, 1, 1))
    head = Desk(lab, "head")
    for colour, number in (("near", near), ("over", over)):
        c.same(f"{colour} is a filter", [(i["number"], i["step"]["colour"]) for i in head.get("", f"?due={colour}").json["items"]], [(number, colour)])
    counts = head.get().json["counts"]
    c.same("and counted", (counts["near"], counts["over"]), (1, 1))
    c.same("the last come first", [i["number"] for i in head.get("", "?sort=due&limit=2").json["items"]], [over, near])
    seen = http_call(lab.tls_url + f"/api/v1/requests/{over}", certificate="tls-portal").json
    c.same("the portal sees that it is late, and no refusal", (seen["overdue"], seen["state"]), (True, "REGISTERED"))
    time.sleep(6)
    c.same("told once each", (len(told("step.over")), len(told("step.near"))), (1, 1))


def nothing_personal(lab):
    text = lab.log.read_text()
    c.that("no IIN and no name in the log", not re.search(r"(?<![-\w])\d{12}(?!\w)", text) and "Мұхамбетова" not in text)
    c.same("no complaint but of the late ones", [line for line in complaints(lab) if " step." not in line], [])


def main():
    with Lab(settings={"check": {"enabled": "yes", "url": "https://check.example.kz"}}) as lab:
        desks = {name: Desk(lab, name) for name in STAFF}
        for channel in ("rest", "async"):
            c.part(to_the_notification, lab, desks, channel)
        _, message = housing(lab, "sync")
        c.same("a caller who waits is told that it goes on", said(message.send(lab)), "IN_PROGRESS")
        c.part(to_the_refusal, lab, desks)
        c.part(doors, lab, desks)
        for walk in (at_the_authorised_body, at_the_service_centre, decided_in_one, by_the_akim):
            c.part(walk, lab, desks)
        c.part(bad_results, lab, desks, claims(lab, desks), housing(lab)[0])
        numbers = pages(lab, desks)
        c.part(changes, lab, desks, numbers[0])
        c.part(files, lab, desks, *housing(lab, "rest"))
        c.part(system_of_the_provider, lab)
        c.part(restarted, lab, desks)
        c.part(late, lab)
        c.part(nothing_personal, lab)


main()
c.finish()
