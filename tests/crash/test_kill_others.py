#!/usr/bin/python3
"""kill -9 of the signer, of the supervisor and of the outside systems, during traffic; and the order of messages across a crash."""
import os
import pathlib
import random
import signal
import time

from aftermath import Checks, Lab, Store, chains, check_cabinet, check_store, set_fault, settled, wait_for
from traffic import ASYNC, REST, SYNC, Client, Traffic, prepare

SETTINGS = {"retry": {"first_ms": 100, "longest_ms": 1000}, "destination cabinet": {"open_ms": 100, "open_ms_max": 500},
            "destination gbdfl": {"open_ms": 100, "open_ms_max": 500}, "destination socialaid": {"open_ms": 100, "open_ms_max": 500}}
MIX = (SYNC, ASYNC, REST)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def starts(lab):
    return lab.log.read_text().count("serve.ready")


def kill_signer(lab):
    before = starts(lab)
    os.kill(lab.children()["signer"], signal.SIGKILL)
    wait_for("a new generation", lambda: starts(lab) > before, 30)


def kill_supervisor(check, lab):
    children = lab.children()
    lab.stop("gateway", signal.SIGKILL)
    check.within("the supervisor's children end with it", lambda: not any(alive(pid) for pid in children.values()), 25)
    lab.start_gateway()


def kill_simulators(lab):
    lab.processes["simulators"].kill()
    lab.processes["simulators"].wait()
    time.sleep(0.3)
    lab.restart_simulators()


def during_traffic(check, lab, count, kills, kill):
    """Lets part of the messages go before each kill."""
    messages = prepare(lab, count, *MIX)
    traffic = Traffic(lab, messages)
    traffic.release(0)
    traffic.start()
    for i in range(kills):
        traffic.release((i + 1) * count // kills)
        time.sleep(random.uniform(0.02, 0.12))
        kill()
        time.sleep(1.05)
    traffic.join(60)
    check.same("nothing but refusals that pass", traffic.errors, [])
    check.same("every request was acknowledged", len(traffic.acknowledged()), count)
    check.within("everything is delivered", lambda: settled(lab), 60)
    print(f"{kill.__name__}: {kills} kills, {count} requests in {sum(m.attempts for m in messages)} attempts {traffic.seen}")
    return messages


def signer_and_supervisor(check):
    with Lab(settings=SETTINGS) as lab:
        set_fault(lab, "gbdfl", "delay", ms=30, percent=50)

        def signer():
            kill_signer(lab)

        def supervisor():
            kill_supervisor(check, lab)

        messages = during_traffic(check, lab, 120, 3, signer) + during_traffic(check, lab, 120, 3, supervisor)
        check_cabinet(check, lab, check_store(check, lab, messages))


def outside_systems(check):
    """The cabinet forgets what it had when it is killed: its files tell."""
    with Lab(settings=SETTINGS) as lab:
        def simulators():
            kill_simulators(lab)

        messages = during_traffic(check, lab, 120, 3, simulators)
        stored = check_store(check, lab, messages)
        documents = list((lab.folder / "cabinet").glob("*/*.xml"))
        check.same("a document for every request", len(documents), len(stored))
        wrong = [p.name for p in (lab.folder / "cabinet").glob("*/*.notices.txt") if not in_order(p)]
        check.same("notices in order", wrong, [])
        check.same("nothing refused", chains(lab)["refused"], 0)


def in_order(path):
    order = ["REGISTERED", "AWAITING_DATA", "DECIDED", "RESULT_SENT"]
    seen = []
    for line in path.read_text().splitlines():
        state = line.split("|")[3].strip()
        if state not in seen:  # a cabinet that has forgotten takes a repetition for new
            seen.append(state)
    return seen == sorted(seen, key=order.index) and {"REGISTERED", "DECIDED", "RESULT_SENT"} <= set(seen)


def order_across_a_crash(check):
    """A request resumed while its first notice is still unsent: what is decided now must not overtake it."""
    with Lab(settings={**SETTINGS, "retry": {"first_ms": 2500, "longest_ms": 2500}}) as lab:
        set_fault(lab, "cabinet", "http500", count=2)  # before the crash, and the scan after it
        set_fault(lab, "gbdfl", "timeout", count=1)
        [message] = prepare(lab, 1, ASYNC)
        check.same("acknowledged", Client(lab).send(message)[0], 200)
        message.acknowledged = True
        wait_for("the registers are asked", lambda: b'"requests": 1' in lab.control("/state"))
        os.kill(lab.children()["worker"], signal.SIGKILL)
        check.within("delivered", lambda: settled(lab), 30)
        [chain] = chains(lab)["list"]
        check.same("in order", chain["states"], ["REGISTERED", "DECIDED", "RESULT_SENT"])
        check.same("one request", Store(lab).value("SELECT count(*) FROM request"), 1)


def main():
    check = Checks()
    check.part(signer_and_supervisor, check)
    check.part(outside_systems, check)
    check.part(order_across_a_crash, check)
    check.finish()


main()
