#!/usr/bin/python3
"""I4: whatever a state system does instead of answering (silence, nonsense, forged or foreign answers), the request waits, the applicant is
told so, and nobody ever gets a "no" out of it. When the fault is over the request is decided by itself and delivered once."""
import threading

from check import APPLICANT, NEGATIVE, STATES, Checks, Lab, Message, Store, cabinet, element, http_call, metric, set_fault, settled, status, wait_for

c = Checks()
TIMEOUT = 400
FAST = {"retry": {"first_ms": 200, "longest_ms": 1000},
        # The breaker is test_cabinet.py's subject; here every question is to reach its system.
        "destination gbdfl": {"timeout_ms": TIMEOUT, "failures_max": 1000}, "destination socialaid": {"timeout_ms": TIMEOUT, "failures_max": 1000}}
SILENT, INVALID, FAULT = "REGISTRY_SILENT", "REGISTRY_ANSWER_INVALID", "REGISTRY_FAULT"
KINDS = {"delay": SILENT, "timeout": SILENT, "slow": SILENT, "cut": SILENT, "refuse": SILENT, "huge": INVALID, "http500": INVALID, "garbage": INVALID,
         "wrong-signature": INVALID,
         "unsigned": INVALID, "wrong-iin": INVALID, "soapfault": FAULT, "busy": FAULT}


def states_of(store, request):
    return [STATES[to] for _, to in store.rows("SELECT seq, to_state FROM event WHERE request_id = ? ORDER BY seq", request)]


def one(lab, store, system, kind, reason, message):
    """One request while `system` has the fault, up to the moment it waits."""
    name = f"{system} {kind}"
    set_fault(lab, system, kind, ms=TIMEOUT + 600 if kind == "delay" else 300)
    answer = message.send(lab)
    set_fault(lab, system, "none")
    c.same(f"{name}: the sync answer", (answer.status, element(answer.body, "code"), element(answer.body, "data")), (200, "IN_PROGRESS", None),
           answer)
    c.that(f"{name}: and it is signed", b"SignatureValue" in answer.body)
    request = int(element(answer.body, "messageId")[3:]) if answer.status == 200 else 0
    row = store.rows("SELECT system, failures, last_error, answered_at IS NOT NULL FROM query WHERE request_id = ? ORDER BY system", request)
    wanted = [(s, *((1, reason, 0) if s == system else (0, "", 1))) for s in ("gbdfl", "socialaid")]
    c.same(f"{name}: what is recorded of the round", row, wanted)
    box = wait_for("the notices", lambda: (b := cabinet(lab, message.correlation_id)) and len(b["states"]) >= 2 and b)
    c.same(f"{name}: the applicant is told that it waits", (box["states"][:2], box["resolutionType"] if box["responses"] == 0 else "NO_RESOLUTION"),
           (["REGISTERED", "AWAITING_DATA"], "NO_RESOLUTION"))
    return name, request


def every_kind(lab):
    store, waiting = Store(lab), {}
    for system in ("gbdfl", "socialaid"):
        for i, (kind, reason) in enumerate(KINDS.items()):
            message = Message("sync", applicant=NEGATIVE if i % 2 else APPLICANT)
            found = c.part(one, lab, store, system, kind, reason, message)
            if found:
                waiting[found] = message
    c.within("all are decided by themselves", lambda: settled(lab), 30)
    for (name, request), message in waiting.items():
        c.same(f"{name}: its events", states_of(store, request), ["REGISTERED", "AWAITING_DATA", "DECIDED", "RESULT_SENT"])
        outcome = store.value("SELECT outcome FROM decision WHERE request_id = ?", request)
        c.same(f"{name}: decided by the facts", outcome, "NEGATIVE" if message.applicant == NEGATIVE else "POSITIVE")
        box = cabinet(lab, message.correlation_id)
        c.same(f"{name}: delivered once", (box["states"], box["responses"], box["duplicates"], box["resolutionType"]),
               (["REGISTERED", "AWAITING_DATA", "DECIDED", "RESULT_SENT"], 1, 0, "POSITIVE"))
        again = message.send(lab)
        c.same(f"{name}: asked again, the portal gets the result", (again.status, element(again.body, "code")), (200, "SUCCESS"))
    c.that("the rounds that waited are counted", metric(lab, "egov_requests_postponed_total") >= len(waiting))
    c.same("nothing was refused", metric(lab, "egov_requests_refused_total"), 0)


def long_silence(lab):
    """Both systems silent over several rounds: one notice, one event, rising pauses; meanwhile other channels say the same."""
    store = Store(lab)
    set_fault(lab, "gbdfl", "refuse")
    set_fault(lab, "socialaid", "garbage")
    message, rest = Message("async"), Message("rest", applicant=NEGATIVE)
    request = int(element(message.send(lab).body, "messageId")[3:])
    number = rest.send(lab).json["number"]
    c.within("three rounds", lambda: store.value("SELECT attempts FROM request WHERE id = ?", request) >= 3)
    c.same("one event for all of them", states_of(store, request), ["REGISTERED", "AWAITING_DATA"])
    c.same("one notice for all of them", cabinet(lab, message.correlation_id)["states"], ["REGISTERED", "AWAITING_DATA"])
    c.same("failures are counted by system", [n >= 3 for (n,) in store.rows("SELECT failures FROM query WHERE request_id = ?", request)],
           [True, True])
    seen = http_call(f"{lab.tls_url}/api/v1/requests/{number}", certificate="tls-portal").json
    c.same("REST says that it waits", (seen["state"], "outcome" in seen), ("AWAITING_DATA", False))
    c.same("status says so", status(lab)["requests"]["AWAITING_DATA"], 2)
    set_fault(lab, "gbdfl", "none")
    before = store.value("SELECT attempts FROM request WHERE id = ?", request)
    c.within("one system alone does not decide", lambda: store.value("SELECT attempts FROM request WHERE id = ?", request) > before)
    c.same("still waiting", states_of(store, request), ["REGISTERED", "AWAITING_DATA"])
    set_fault(lab, "socialaid", "none")
    c.within("both answer: decided", lambda: settled(lab))
    c.same("delivered once", cabinet(lab, message.correlation_id)["responses"], 1)


def flaky(lab):
    """Half of all answers fail, in both systems: everything is decided in the end, each once."""
    for system, kind in (("gbdfl", "cut"), ("socialaid", "wrong-signature")):
        set_fault(lab, system, kind, percent=50)
    messages = [Message("async", applicant=(APPLICANT, NEGATIVE)[i % 2]) for i in range(16)]
    threads = [threading.Thread(target=m.send, args=(lab,)) for m in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    c.within("all decided", lambda: settled(lab), 40)
    for system in ("gbdfl", "socialaid"):
        set_fault(lab, system, "none")
    c.same("one RESPONSE each", [cabinet(lab, m.correlation_id)["responses"] for m in messages], [1] * len(messages))
    outcomes = Store(lab).rows("SELECT r.correlation_id, d.outcome FROM request AS r JOIN decision AS d ON d.request_id = r.id")
    wanted = {m.correlation_id: "NEGATIVE" if m.applicant == NEGATIVE else "POSITIVE" for m in messages}
    c.same("by the facts", {k: v for k, v in outcomes if k in wanted}, wanted)


def patience():
    """A system that is slower than the portal's patience, but not than ours: IN_PROGRESS now, no AWAITING_DATA, the result a moment later."""
    with Lab(settings={"gateway": {"sync_wait_ms": 300}}) as lab:
        set_fault(lab, "gbdfl", "delay", ms=900)
        message = Message("sync")
        answer = message.send(lab)
        c.same("patience is over: IN_PROGRESS", (answer.status, element(answer.body, "code")), (200, "IN_PROGRESS"), answer)
        c.within("decided", lambda: settled(lab))
        c.same("without a wait", cabinet(lab, message.correlation_id)["states"], ["REGISTERED", "DECIDED", "RESULT_SENT"])
        c.same("asked again: SUCCESS", element(message.send(lab).body, "code"), "SUCCESS")


def main():
    with Lab(settings=FAST) as lab:
        for part in (every_kind, long_silence, flaky):
            c.part(part, lab)
        fsck = lab.run("fsck", "--conf", lab.conf)
        c.that("fsck", fsck.returncode == 0 and fsck.stdout.startswith("ok:"), fsck.stdout + fsck.stderr)
        c.same("no errors in the log", [line for line in lab.log.read_text().splitlines() if line.split()[2] == "error"], [])
    c.part(patience)


main()
c.finish()
