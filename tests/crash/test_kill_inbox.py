#!/usr/bin/python3
"""kill -9 of the worker while people work: whatever was acknowledged is done, once; whatever was not can simply be asked for again."""
import http.client
import json
import os
import random
import threading
import time

from aftermath import Checks, Lab, Store, check_cabinet, check_store, kill_worker, set_fault, settled
from check import Message, defaults, filled, moment, number_of, sign
from session import Session

REQUESTS, PEOPLE, KILLS = 72, 3, 10
SETTINGS = {"retry": {"first_ms": 100, "longest_ms": 1000}}
INBOX = "/api/v1/inbox"


class Desk:
    """A person who asks again until there is an answer, and logs in anew after every restart."""

    def __init__(self, lab, name):
        self.lab, self.name, self.session, self.again = lab, name, None, 0

    def call(self, path, method="GET", body=None, headers=None):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.session = self.session or Session(self.lab, self.name)
                answer = self.session.call(INBOX + path, method, body, headers)
                if answer.status in (401, 403):
                    self.session = None
                elif answer.status < 500:
                    return answer
            except (OSError, http.client.HTTPException, KeyError, ValueError):
                self.session = None  # no answer, or none to the login
            self.again += 1
            time.sleep(0.05)
        raise RuntimeError(f"{self.name}: no answer to {method} {path} within a minute")

    def claim(self, number):
        return self.call(f"/{number}/claim", "POST", {}).json["token"]

    def step(self, number, n, **body):
        answer = self.call(f"/{number}/steps/{n}", "POST", {"token": self.claim(number), **body})
        if answer.status != 200:
            raise RuntimeError(f"{number} step {n}: {answer}")

    def sign(self, number):
        token, draft = self.claim(number), self.call(f"/{number}/result-draft?outcome=POSITIVE")
        answer = self.call(f"/{number}/result", "POST", sign(draft.text, "head-160640900019"), {"Content-Type": "application/xml", "X-Claim-Token": str(token)})
        if answer.status != 201:
            raise RuntimeError(f"{number} result: {answer}")


def register(lab, i):
    values = {**defaults(), "now": moment(), "serviceCode": "HOUSING_AID", "requestNumber": f"3{i:013d}"}
    message = Message("rest", application=sign(filled("application-plain", values), f"applicant-{values['applicant']}").decode())
    message.acknowledged, message.number = True, number_of(message.send(lab))
    return message


def work(lab, numbers, problems, seen):
    head, executor = Desk(lab, "head"), Desk(lab, "executor1")
    try:
        for number in numbers:
            head.step(number, 2, executor="executor1")
            executor.step(number, 3, outcome="POSITIVE")
            head.sign(number)
    except RuntimeError as problem:
        problems.append(str(problem))
    seen.append(head.again + executor.again)


def main():
    check = Checks()
    seed = int(os.environ.get("EGOV_SEED") or time.time_ns() % 1000000)
    dice = random.Random(seed)
    with Lab(settings=SETTINGS) as lab:
        messages = [register(lab, i) for i in range(1, REQUESTS + 1)]
        set_fault(lab, "cabinet", "delay", ms=30, percent=50)
        problems, seen = [], []
        people = [threading.Thread(target=work, args=(lab, [m.number for m in messages[i::PEOPLE]], problems, seen)) for i in range(PEOPLE)]
        for person in people:
            person.start()
        kills = 0
        while kills < KILLS and any(p.is_alive() for p in people):
            time.sleep(1.05 + dice.uniform(0, 0.3))  # the supervisor takes a shorter life for a failed start
            kill_worker(lab, lab.log.read_text().count("serve.ready"))
            kills += 1
        for person in people:
            person.join(180)
        check.same("everything was done in the end", (problems, any(p.is_alive() for p in people)), ([], False))
        check.within("everything is delivered", lambda: settled(lab), 60)
        check_cabinet(check, lab, check_store(check, lab, messages))
        store = Store(lab)
        acts = {}
        for id_, act, staff in store.rows("SELECT request_id, act, staff FROM casework_act ORDER BY request_id, seq"):
            acts.setdefault(id_, []).append((act, staff))
        wanted = [("REGISTER", "gateway"), ("RESOLVE", "head"), ("PREPARE", "executor1"), ("SIGN", "head"), ("ISSUE", "gateway")]
        check.same("every act once, in order", {json.dumps(a) for a in acts.values()}, {json.dumps(wanted)})
        check.same("nobody has anything left", store.value("SELECT count(*) FROM casework WHERE step > 0 OR holder <> ''"), 0)
        check.same("the supervisor ends well", lab.stop("gateway"), 0)
        print(f"seed {seed}: {kills} kills while {REQUESTS} requests were worked on; asked again {sum(seen)} times")
        check.that("the kills met people at work", kills >= 2 and sum(seen) > 0, (kills, seen))
    check.finish()


main()
