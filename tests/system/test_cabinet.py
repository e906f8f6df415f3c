#!/usr/bin/python3
"""Delivery to the personal cabinet when it fails in every way it can: the same message again with the same id and bytes, in order, until the
cabinet has taken it; its effect once (I3). The circuit breaker comes back by itself, refused messages are parked and released, the applicant's
receipt ends the request, and every transition has one event and one notice (I5)."""
import collections
import re
import socket
import threading

from check import (APPLICANT, NEGATIVE, STATES, Checks, Lab, Message, Relay, Store, cabinet, element, metric, set_fault, settled, sign, status,
                   wait_for)

c = Checks()
TIMEOUT = 500
KINDS = {"delay": "PEER_UNREACHABLE", "timeout": "PEER_UNREACHABLE", "slow": "PEER_UNREACHABLE", "cut": "PEER_UNREACHABLE",
         "refuse": "PEER_UNREACHABLE", "huge": "PEER_UNREACHABLE",
         "http500": "XML_NOT_WELL_FORMED", "garbage": "XML_ENCODING", "wrong-signature": "TRANSPORT_SIGNATURE_INVALID",
         "unsigned": "TRANSPORT_SIGNATURE_MISSING",
         "soapfault": "PEER_REFUSED", "busy": "PEER_REFUSED"}
WITHOUT_EFFECT = {"http500", "soapfault", "refuse", "busy"}  # the simulator fails before it has taken the message


def message_id(body):
    return re.search(rb"<messageId>([^<]*)<", body)[1].decode()


def attempts(relay, number):
    """[(message id, body, status)] of everything that went out for one request, in order."""
    return [(message_id(b), b, s) for b, s, _ in relay.passed if f"egov-gateway-{number}-".encode() in b]


def check_traffic(name, relay, number, tries):
    """Same id, same bytes; no message before the one in front of it was acknowledged; the number of tries of each."""
    sent = attempts(relay, number)
    bytes_of = collections.defaultdict(set)
    for id_, body, _ in sent:
        bytes_of[id_].add(body)
    c.that(f"{name}: a message always has the same bytes", all(len(b) == 1 for b in bytes_of.values()), {k: len(v) for k, v in bytes_of.items()})
    order = [int(id_.rsplit("-", 1)[1]) for id_, _, _ in sent]
    c.same(f"{name}: in order", order, sorted(order))
    c.same(f"{name}: tries", [order.count(n) for n in sorted(set(order))], tries)


def check_effect(name, correlation_id, duplicates):
    box = cabinet(lab_now, correlation_id)
    c.same(f"{name}: one effect of each message, in order", (box["states"], box["responses"], box["duplicates"], box["refused"]),
           (["REGISTERED", "DECIDED", "RESULT_SENT"], 1, duplicates, 0))


def check_notices(lab):
    """I5: the events of every request and the messages to the cabinet are the same list. RECEIVED is the cabinet's own news: no notice."""
    store = Store(lab)
    events, rows = collections.defaultdict(list), collections.defaultdict(list)
    for request, to in store.rows("SELECT request_id, to_state FROM event ORDER BY seq"):
        events[request].append(STATES[to])
    for request, state, kind in store.rows("SELECT request_id, state_code, kind FROM outbox ORDER BY request_id, sequence"):
        rows[request].append(state)
        c.same(f"request {request}: kind of {state}", kind, "RESPONSE" if state == "RESULT_SENT" else "NOTIFICATION")
    c.same("one notice for every event, one event for every notice", dict(rows), {r: [s for s in e if s != "RECEIVED"] for r, e in events.items()})
    numbers = {f"101{r:011d}": e for r, e in rows.items()}
    c.same("and the cabinet has them all", {chain["registrationNumber"]: chain["states"] for chain in cabinet(lab)["list"]}, numbers)
    done = lab.run("fsck", "--conf", lab.conf)
    c.same("fsck", (done.returncode, done.stdout), (0, f"ok: {sum(map(len, events.values()))} events, the chain is whole\n"), done.stderr)


# ---- every kind of failure ----

def every_kind(lab, relay):
    """Each kind hits the first message of one request. The pause is long enough that nothing is retried before all have failed once."""
    store = Store(lab)
    messages = {kind: Message("async", applicant=(APPLICANT, NEGATIVE)[i % 2]) for i, kind in enumerate(KINDS)}
    numbers = {}
    for kind, message in messages.items():
        set_fault(lab, "cabinet", kind, count=1, ms=TIMEOUT + 400 if kind == "delay" else 300)
        answer = message.send(lab)
        numbers[kind] = element(answer.body, "messageId")
        c.same(f"{kind}: taken from the portal all the same", answer.status, 200, answer)
        row = "SELECT attempts, last_error, status FROM outbox WHERE message_id = ?"
        got = wait_for(f"{kind}: first failure", lambda: (r := store.rows(row, f"egov-gateway-{numbers[kind]}-1")) and r[0][0] and r[0])
        c.same(f"{kind}: recorded", (got[0], got[1].split(":")[0], got[2]), (1, KINDS[kind], 0))
    c.same("none was delivered before its time", cabinet(lab)["responses"], 0)
    c.within("all are delivered in the end", lambda: settled(lab), 30)
    for kind, message in messages.items():
        check_traffic(kind, relay, numbers[kind], [2, 1, 1])
        first, last = (store.value("SELECT finished_at FROM outbox WHERE message_id = ?", f"egov-gateway-{numbers[kind]}-{n}") for n in (1, 3))
        c.that(f"{kind}: once the first has arrived, the others follow at once", last - first < 3000, f"{last - first} ms")
        check_effect(kind, message.correlation_id, 0 if kind in WITHOUT_EFFECT else 1)
    c.same("nothing was parked", status(lab)["outbox"]["parked"], 0)


def flaky(lab, relay):
    """A third of all deliveries is cut off after it took effect."""
    set_fault(lab, "cabinet", "cut", percent=33)
    messages = [Message("async", applicant=(APPLICANT, NEGATIVE)[i % 2]) for i in range(8)]
    threads = [threading.Thread(target=m.send, args=(lab,)) for m in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for("some deliveries", lambda: cabinet(lab)["duplicates"] >= 2)
    set_fault(lab, "cabinet", "none")
    c.within("all are delivered", lambda: settled(lab), 40)
    boxes = [cabinet(lab, m.correlation_id) for m in messages]
    c.same("one RESPONSE effect for each correlation id", [b["responses"] for b in boxes], [1] * len(messages))
    c.same("each in order", {tuple(b["states"]) for b in boxes}, {("REGISTERED", "DECIDED", "RESULT_SENT")})
    c.that("though some came twice", sum(b["duplicates"] for b in boxes) >= 2)


# ---- breaker ----

def breaker(lab, relay):
    """A cabinet that is switched off: requests are taken and decided, the breaker opens, then comes back by itself."""
    name = 'egov_breaker{destination="cabinet"}'
    c.same("closed", metric(lab, name), 0)
    relay.down()
    messages = [Message("sync", applicant=(APPLICANT, NEGATIVE)[i % 2]) for i in range(5)]
    for message in messages:
        answer = message.send(lab)
        c.same("the portal gets its result meanwhile", (answer.status, element(answer.body, "code")), (200, "SUCCESS"), answer)
    c.within("it opens", lambda: metric(lab, name) == 1)
    c.same("everything waits", status(lab)["requests"]["DECIDED"], 5)
    relay.up()
    c.within("all are delivered", lambda: settled(lab), 30)
    c.same("closed again", metric(lab, name), 0)
    for message in messages:
        box = cabinet(lab, message.correlation_id)
        c.same("once and in order", (box["states"][:3], box["responses"], box["duplicates"]), (["REGISTERED", "DECIDED", "RESULT_SENT"], 1, 0))


# ---- parked ----

FAULT = """<?xml version="1.0"?>
<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Client</faultcode><faultstring>no</faultstring><detail>
<n:sendMessageFault1_sendMessageFault xmlns:n="http://bip.bee.kz/AsyncChannel/v10/Types"><errorCode>%s</errorCode><errorMessage>no</errorMessage>
<errorData>reason=FORM_INVALID</errorData><errorDate>2026-01-01T00:00:00+05:00</errorDate></n:sendMessageFault1_sendMessageFault></detail></S:Fault></S:Body></S:Envelope>"""


def outbox(lab, *args):
    return lab.run("outbox", "--conf", lab.conf, *args)


def parked(lab, relay):
    """A refusal signed by the cabinet stops the request's messages and waits for the operator; one signed by somebody else, or that blames
    the cabinet itself, is tried again."""
    store = Store(lab)
    c.same("nothing is parked", (outbox(lab).returncode, outbox(lab).stdout), (0, "nothing is parked\n"))
    doubtful = {"of a stranger": ("system-stranger", "SCE001"), "of the cabinet about itself": ("system-cabinet", "SCE909")}
    doubtful = {name: (Message("async"), sign(FAULT % code, key, soap=True)) for name, (key, code) in doubtful.items()}
    relay.answer = lambda body: next(((500, answer) for message, answer in doubtful.values() if message.correlation_id.encode() in body), None)
    numbers = {name: element(message.send(lab).body, "messageId") for name, (message, _) in doubtful.items()}
    for name, number in numbers.items():
        c.within(f"a fault {name} is tried again", lambda n=number: len(attempts(relay, n)) >= 2)
    c.same("such faults park nothing", status(lab)["outbox"]["parked"], 0)
    relay.answer = None
    c.within("they are delivered later", lambda: settled(lab))
    refusal = sign(FAULT % "SCE001", "system-cabinet", soap=True)
    message = Message("async")
    relay.answer = lambda body: (500, refusal) if b"DECIDED" in body else None  # its second message
    number = element(message.send(lab).body, "messageId")
    c.within("parked", lambda: metric(lab, 'egov_outbox{state="parked"}') == 1)
    c.same("the state stays", STATES[store.value("SELECT state FROM request WHERE correlation_id = ?", message.correlation_id)], "DECIDED")
    row, = store.rows("SELECT id, attempts, last_error FROM outbox WHERE status = 3")
    c.same("why", row[1:], (1, "PEER_REFUSED: FORM_INVALID"))
    listed = outbox(lab)
    c.that("outbox lists it", listed.returncode == 0
           and re.search(rf"^{row[0]} +{number} +cabinet +NOTIFICATION +1 .*PEER_REFUSED: FORM_INVALID", listed.stdout, re.M), listed.stdout)
    c.that("without personal data", message.applicant not in listed.stdout)
    c.same("the RESPONSE waits behind it", store.rows("SELECT state_code, status, attempts FROM outbox WHERE message_id = ?",
                                                      f"egov-gateway-{number}-3"), [("RESULT_SENT", 1, 0)])
    c.same("the log tells the operator", len([line for line in lab.log.read_text().splitlines() if f" {number} outbox.parked " in line]), 1)
    c.same("--release of another row", (outbox(lab, "--release", "999999").returncode, outbox(lab, "--release", "999999").stdout),
           (1, "row 999999: is not parked\n"))
    again = outbox(lab, "--release", row[0])
    c.same("--release", (again.returncode, again.stdout), (0, f"row {row[0]} will be sent again\n"), again.stderr)
    c.within("still refused: parked again", lambda: store.rows("SELECT attempts, attempts_before, status FROM outbox WHERE id = ?",
                                                               row[0]) == [(1, 1, 3)])
    relay.answer = None
    outbox(lab, "--release", row[0])
    c.within("released: all is delivered", lambda: settled(lab) and metric(lab, 'egov_outbox{state="parked"}') == 0)
    box = cabinet(lab, message.correlation_id)
    c.same("in order, once", (box["states"][:3], box["responses"], box["duplicates"]), (["REGISTERED", "DECIDED", "RESULT_SENT"], 1, 0))
    check_traffic("parked", relay, number, [1, 3, 1])
    c.same("nothing is parked any more", outbox(lab).stdout, "nothing is parked\n")


def outage(lab, relay):
    """An outage parks nothing, however many attempts it takes; a cabinet that answers nonsense too often leaves it to the operator."""
    store = Store(lab)
    tried = "SELECT attempts FROM outbox WHERE status = 0 ORDER BY id DESC LIMIT 1"
    relay.down()
    Message("async").send(lab)
    c.within("tried more often than park_after", lambda: [row for row in store.rows(tried) if row[0] > 4])
    c.same("an outage parks nothing", status(lab)["outbox"]["parked"], 0)
    relay.answer = lambda body: (200, b"<nonsense/>")
    relay.up()
    c.within("nonsense is parked", lambda: status(lab)["outbox"]["parked"] == 1)
    relay.answer = None
    outbox(lab, "--release", store.rows("SELECT id FROM outbox WHERE status = 3")[0][0])
    c.within("released: all is delivered", lambda: settled(lab) and status(lab)["outbox"]["parked"] == 0)


# ---- receipts ----

def receipts(lab):
    """Every applicant opens the result at once: the receipt may overtake our own note that it was delivered."""
    store = Store(lab)
    c.within("every request becomes RECEIVED", lambda: store.value("SELECT count(*) FROM request WHERE state <> 6") == 0)
    told = store.rows("SELECT count(*) FROM event WHERE to_state = 6 AND actor = 'cabinet'")
    c.same("one event each", told[0][0], sum(status(lab)["requests"].values()))
    box = cabinet(lab)
    c.same("no receipt was refused or given up", (box["receipts"]["waiting"], box["receipts"]["givenUp"],
                                                  box["receipts"]["sent"] == box["responses"]), (0, 0, True))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    global lab_now
    relay = Relay().up()
    settings = {"retry": {"first_ms": 4000, "longest_ms": 4000},
                "destination cabinet": {"url": relay.url, "timeout_ms": TIMEOUT, "failures_max": 1000}}
    with Lab(settings=settings) as lab_now:
        relay.upstream = lab_now.simulators["cabinet"]
        c.part(every_kind, lab_now, relay)
        c.part(check_notices, lab_now)
    relay.down()
    relay, port = Relay().up(), free_port()
    settings = {"retry": {"first_ms": 100, "longest_ms": 400}, "listener plain": {"port": port},
                "destination cabinet": {"url": relay.url, "timeout_ms": TIMEOUT, "failures_max": 4, "open_ms": 300, "open_ms_max": 600}}
    with Lab(settings=settings, simulator_options=["--receipts", f"http://127.0.0.1:{port}/shep/async", "--receipt-delay-ms", "0"]) as lab_now:
        relay.upstream = lab_now.simulators["cabinet"]
        c.part(flaky, lab_now, relay)
        c.part(breaker, lab_now, relay)
        c.part(parked, lab_now, relay)
        c.part(receipts, lab_now)
        c.part(check_notices, lab_now)
        c.same("no errors in the log", [line for line in lab_now.log.read_text().splitlines() if line.split()[2] == "error"], [])
    relay.down()
    relay = Relay().up()
    settings = {"retry": {"first_ms": 50, "longest_ms": 100, "park_after": 4},
                "destination cabinet": {"url": relay.url, "timeout_ms": TIMEOUT, "failures_max": 1000}}
    with Lab(settings=settings) as lab_now:
        relay.upstream = lab_now.simulators["cabinet"]
        c.part(outage, lab_now, relay)
    relay.down()


main()
c.finish()
