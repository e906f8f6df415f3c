"""What must be so after any crash, once the gateway has settled: I1 (nothing acknowledged is lost), I2 (nothing twice), I3 (one result each),
I5 (one notice per transition, in order), and a whole record of events."""
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from check import ROOT, Checks, Lab, Store, set_fault, settled, status, wait_for  # noqa: E402,F401

ORDERS = [["REGISTERED", "DECIDED", "RESULT_SENT"], ["REGISTERED", "AWAITING_DATA", "DECIDED", "RESULT_SENT"]]


def chains(lab):
    return json.loads(lab.control("/cabinet/state?limit=100000"))


def kill_worker(lab, seen):
    """kill -9, and until its successor serves; seen: how often one has said so before."""
    pid = lab.children()["worker"]
    os.kill(pid, signal.SIGKILL)
    wait_for("a new worker", lambda: lab.children().get("worker") not in (None, pid) and lab.log.read_text().count("serve.ready") > seen, 30)


def check_store(check, lab, messages, rejected=()):
    """rejected: numbers of requests that were not accepted after all (CHECKING → REJECTED_INTAKE)."""
    store = Store(lab)
    stored = dict(store.rows("SELECT message_id, count(*) FROM message GROUP BY message_id"))
    acknowledged = [m for m in messages if m.acknowledged]
    check.same("every acknowledged message is stored, once", [m.id for m in acknowledged if stored.get(m.id) != 1], [])
    check.same("no message is stored twice", [k for k, n in stored.items() if n != 1], [])
    numbers = [m.number for m in acknowledged]
    check.same("every acknowledgement names a request of its own", len(set(numbers) - {None}), len(numbers))
    check.same("one request per message", store.value("SELECT count(*) FROM request"), len(stored))
    check.same("one result per request", store.value("SELECT count(*) FROM decision"), len(stored) - len(rejected))
    check.same("the rejected ones, and no other", {f"101{n:011d}" for n, in store.rows("SELECT id FROM request WHERE state = 2")}, set(rejected))
    check.same("everything sent", store.value("SELECT count(*) FROM outbox WHERE status <> 2"), 0)
    fsck = lab.run("fsck", "--conf", lab.conf)
    check.that("fsck", fsck.returncode == 0, fsck.stdout + fsck.stderr)
    return stored


def check_cabinet(check, lab, stored, rejected=()):
    state = chains(lab)
    refused = [c for c in state["list"] if c["registrationNumber"] in rejected]
    state["list"] = [c for c in state["list"] if c["registrationNumber"] not in rejected]
    check.same("the cabinet has every request", state["requests"], len(stored))
    check.same("and one effect of each result", state["responses"], len(stored) - len(rejected))
    check.same("one notice of each rejection, and nothing else", [(c["registrationNumber"], c["states"], c["responses"]) for c in refused
                                                                   if c["states"] != ["REJECTED_INTAKE"] or c["responses"]][:3], [])
    check.same("of every one", len(refused), len(rejected))
    check.same("it refused nothing (no other bytes under a known id)", state["refused"], 0)
    check.same("each has one RESPONSE", [c["registrationNumber"] for c in state["list"] if c["responses"] != 1], [])
    check.same("each notice once, in order", [c["states"] for c in state["list"] if c["states"] not in ORDERS][:3], [])
    check.same("no message id twice", len({m["messageId"] for c in state["list"] + refused for m in c["messages"]}), state["accepted"])
    return state


def check_repeats(check, lab, messages):
    """I2: the same bytes again get the same request."""
    from traffic import Client, number_of
    client = Client(lab)
    different = [m.id for m in messages if number_of(client.send(m)[1]) != m.number]
    client.close()
    check.same("repetitions name the same requests", different, [])
