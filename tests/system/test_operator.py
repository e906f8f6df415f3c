#!/usr/bin/python3
"""The operator's pages: what waits and why, release and park, what is late, what will expire, how the last hour was; for whoever has the role OPERATOR and nobody else."""
import re

from check import APPLICANT, Checks, Lab, Message, Store, cabinet, http_call, number_of, problem, set_fault, state_of
from session import Session

c = Checks()
PAGES = ("outbox", "destinations", "certificates", "overdue", "charts")
PREFIX = "/api/v1/operator/"
RETRY = {"retry": {"first_ms": 200, "longest_ms": 500, "park_after": 2}}


def refused(name, answer, status, reason):
    c.same(name, (answer.status, problem(answer)[2]), (status, reason), answer)


def who_gets_in(lab, operator):
    clerk = Session(lab, "clerk")
    for page in (*PAGES, "requests/10100000000001"):
        refused(f"{page} without a session", http_call(lab.url + PREFIX + page), 401, "LOGIN_REQUIRED")
        refused(f"{page} for a clerk", clerk.call(PREFIX + page), 403, "ROLE_REQUIRED")
    refused("a system is no operator", http_call(lab.tls_url + PREFIX + "outbox", certificate="tls-provider"), 403, "ROLE_REQUIRED")
    refused("acts without the CSRF token", operator.call(PREFIX + "outbox/1/release", "POST", {}, csrf=False), 403, "CSRF_TOKEN")
    refused("acts of a clerk", clerk.call(PREFIX + "outbox/1/park", "POST", {}), 403, "ROLE_REQUIRED")
    for page in PAGES:
        c.same(f"{page} for the operator", operator.call(PREFIX + page).status, 200)


def paths(operator):
    for path in ("", "nothing", "outbox/1", "outbox/x/release", "outbox/0/release", "outbox/1/forget", "requests", "outbox/-1/park", "charts/1", "outbox/99999999999999999999/park"):
        answer = operator.call(PREFIX + path)
        c.same(f"no such path: {path}", (answer.status, problem(answer)[2]), (404, "HTTP_NOT_FOUND"), answer)
    refused("POST to a page", operator.call(PREFIX + "outbox", "POST", {}), 405, "HTTP_METHOD")
    refused("GET of an act", operator.call(PREFIX + "outbox/1/release"), 405, "HTTP_METHOD")
    refused("an act on no row", operator.call(PREFIX + "outbox/123456/release", "POST", {}), 404, "REQUEST_NOT_FOUND")
    for query in ("outbox?state=x", "outbox?limit=0", "outbox?limit=501", "outbox?limit=x", "overdue?which=x", "overdue?hours=0", "overdue?hours=100000"):
        refused(f"{query}", operator.call(PREFIX + query), 422, "STEP_INPUT")


def parked_and_released(lab, operator):
    """The cabinet refuses for a while: its message is parked, seen, released and delivered; each act an event by the operator's id."""
    set_fault(lab, "cabinet", "soapfault")
    message = Message("sync", applicant=APPLICANT)
    number = number_of(message.send(lab))
    parked = lambda: [r for r in operator.call(PREFIX + "outbox?state=parked&destination=cabinet").json["items"] if r["number"] == number]  # noqa: E731
    c.within("parked after two answers", parked)
    row = parked()[0]
    c.same("its row", (row["state"], row["destination"], row["kind"], row["tells"], row["attempts"], row["error"].split(":")[0]), ("parked", "cabinet", "NOTIFICATION", "REGISTERED", 2, "PEER_REFUSED"))
    queues = {q["destination"]: q for q in operator.call(PREFIX + "outbox").json["queues"]}
    c.same("counted by destination", (queues["cabinet"]["waiting"], queues["cabinet"]["parked"]), (0, 1))
    one = operator.call(PREFIX + f"requests/{number}").json
    c.same("its request shows the rows behind it", [r["state"] for r in one["outbox"]], ["parked", "blocked", "blocked"])
    c.that("and its events", [e["to"] for e in one["events"]][-1] == "DECIDED", one)
    set_fault(lab, "cabinet", "none")
    answer = operator.call(PREFIX + f"outbox/{row['id']}/release", "POST", {})
    c.same("released", (answer.status, answer.json), (200, {"id": row["id"], "number": number, "state": "waiting"}))
    c.within("delivered", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"))
    refused("not parked any more", operator.call(PREFIX + f"outbox/{row['id']}/release", "POST", {}), 409, "OUTBOX_STATE")
    refused("nor to be parked: it is sent", operator.call(PREFIX + f"outbox/{row['id']}/park", "POST", {}), 409, "OUTBOX_STATE")
    events = Store(lab).rows("SELECT actor, detail FROM event WHERE request_id = ? AND actor LIKE 'staff:%'", int(number[3:]))
    c.same("the act is an event", events, [("staff:operator OPERATOR", f"outbox row {row['id']} released")])
    found = operator.call(PREFIX + f"requests/{one['documentNumber']}").json
    c.same("found by the document's number", found["number"], number)
    refused("an unknown number", operator.call(PREFIX + "requests/10199999999999"), 404, "REQUEST_NOT_FOUND")
    refused("no number", operator.call(PREFIX + "requests/x%27--"), 404, "REQUEST_NOT_FOUND")
    return message


def held_back(lab, operator):
    """What must not go out yet is parked by hand, and waits."""
    set_fault(lab, "cabinet", "refuse")
    message = Message("sync", applicant=APPLICANT)
    number = number_of(message.send(lab))
    waiting = lambda: [r for r in operator.call(PREFIX + "outbox?state=waiting").json["items"] if r["number"] == number and r["state"] == "waiting"]  # noqa: E731
    c.within("it waits", waiting)
    id_ = waiting()[0]["id"]
    answers = []
    c.within("parked between two attempts", lambda: answers.append(operator.call(PREFIX + f"outbox/{id_}/park", "POST", {})) or answers[-1].status == 200)
    c.that("or told that it is being sent", all(a.status == 409 and problem(a)[2] == "OUTBOX_STATE" for a in answers[:-1]), answers)
    set_fault(lab, "cabinet", "none")
    later = Message("sync", applicant="870930490018", declarantId="870930490018")
    other = number_of(later.send(lab))
    c.within("others go out", lambda: state_of(lab, other) in ("RESULT_SENT", "RECEIVED"))
    c.same("this one does not", ((cabinet(lab, message.correlation_id) or {}).get("states"), state_of(lab, number)), (None, "DECIDED"))
    c.same("released", operator.call(PREFIX + f"outbox/{id_}/release", "POST", {}).status, 200)
    c.within("and delivered", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"))


def the_rest(lab, operator):
    names = {d["name"]: d for d in operator.call(PREFIX + "destinations").json["items"]}
    c.that("destinations with their breakers", {"cabinet", "gbdfl", "push:provider"} <= set(names) and {d["breaker"] for d in names.values()} <= {"closed", "open", "half-open"}, names)
    certificates = operator.call(PREFIX + "certificates").json
    c.that("certificates with days left", any(x["kind"] == "signing" and x["daysLeft"] > 30 for x in certificates["certificates"]), certificates)
    c.that("and who answers about revocation", any(x["authority"] == "rsa" for x in certificates["revocation"]), certificates)
    over, near = operator.call(PREFIX + "overdue").json, operator.call(PREFIX + "overdue?which=near&hours=744").json
    c.same("nothing is overdue", (over["which"], over["items"]), ("over", []))
    c.that("what is due next", near["which"] == "near" and isinstance(near["items"], list), near)
    charts = operator.call(PREFIX + "charts").json
    c.same("sixty minutes of everything", {len(points) for points in charts["series"].values()}, {60})
    c.within("which saw what came in", lambda: sum(m["value"] for m in operator.call(PREFIX + "charts").json["series"]["accepted"]) >= 3)
    charts = operator.call(PREFIX + "charts").json
    hour = charts["latenciesMs"]
    c.that("and how long it took", all(hour[k]["count"] >= 3 and 0 <= hour[k]["p50"] <= hour[k]["p95"] <= hour[k]["longest"] for k in ("registered", "decision", "delivery")), hour)


def nothing_personal(lab, operator, number):
    shown = "".join(operator.call(PREFIX + page).text for page in (*PAGES, f"requests/{number}", "outbox?state=waiting", "overdue?which=near&hours=744"))
    c.that("no IIN and no name on any page", APPLICANT not in shown and "870930490018" not in shown and not re.search("АБАЙ|Абай", shown))
    c.that("nor in the log", APPLICANT not in lab.log.read_text())


def main():
    with Lab(settings=lambda lab: {**RETRY, "organisation provider": {"push": "webhook", "push_url": lab.simulators["provider"]}}) as lab:
        operator = Session(lab, "operator")
        c.part(who_gets_in, lab, operator)
        c.part(paths, operator)
        message = c.part(parked_and_released, lab, operator)
        c.part(held_back, lab, operator)
        c.part(the_rest, lab, operator)
        c.part(nothing_personal, lab, operator, message and Store(lab).value("SELECT '10100000000001'"))
    c.finish()


if __name__ == "__main__":
    main()
