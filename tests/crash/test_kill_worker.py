#!/usr/bin/python3
"""kill -9 of the worker at random moments during 500 requests over all channels: nothing acknowledged is lost, nothing is done twice."""
import os
import random
import time

from aftermath import Checks, Lab, check_cabinet, check_repeats, check_store, kill_worker, set_fault, settled
from traffic import ASYNC, REST, SYNC, Traffic, prepare

REQUESTS, KILLS = 500, 16
SETTINGS = {"retry": {"first_ms": 100, "longest_ms": 1000}}


def main():
    check = Checks()
    seed = int(os.environ.get("EGOV_SEED") or time.time_ns() % 1000000)
    dice = random.Random(seed)
    with Lab(settings=SETTINGS) as lab:
        messages = prepare(lab, REQUESTS, SYNC, ASYNC, REST)
        # Not too smooth, so that a kill meets requests in every state.
        set_fault(lab, "gbdfl", "delay", ms=40, percent=50)
        set_fault(lab, "socialaid", "http500", percent=4)
        set_fault(lab, "cabinet", "delay", ms=30, percent=50)
        traffic = Traffic(lab, messages)
        traffic.release(0)
        traffic.start()
        for kill in range(KILLS):
            if kill % 4 != 3:  # every fourth hits a worker that has just started and takes up what the last one left
                time.sleep(1.05)  # the supervisor takes a shorter life for a failed start and pauses longer each time
            starts = lab.log.read_text().count("serve.ready")
            traffic.release((kill + 1) * REQUESTS // KILLS)
            time.sleep(dice.uniform(0, 0.15))
            kill_worker(lab, starts)
        traffic.join(60)
        check.same("nothing but refusals that pass", traffic.errors, [])
        check.same("every request was acknowledged", len(traffic.acknowledged()), REQUESTS)
        check.within("everything is delivered", lambda: settled(lab), 60)
        stored = check_store(check, lab, messages)
        state = check_cabinet(check, lab, stored)
        check.same("one request per message sent", len(stored), REQUESTS)
        check_repeats(check, lab, dice.sample(messages, 40))
        check.same("the supervisor ends well", lab.stop("gateway"), 0)
        attempts = sum(m.attempts for m in messages)
        print(f"seed {seed}: {KILLS} kills, {REQUESTS} requests in {attempts} attempts {traffic.seen}; the cabinet met {state['duplicates']} repetitions")
        check.that("the kills met traffic", attempts > REQUESTS + KILLS, attempts)
    check.finish()


main()
