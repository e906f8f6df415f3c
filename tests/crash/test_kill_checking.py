#!/usr/bin/python3
"""kill -9 of the worker at random moments while requests wait for revocation (CHECKING), the responder being down, up, and down again: nothing acknowledged is lost, each request
ends with one RESPONSE or with one notice that it was not accepted, and never with both."""
import os
import random
import time

from aftermath import ROOT, Checks, Lab, check_cabinet, check_repeats, check_store, kill_worker, settled, status
from traffic import Client, Traffic, prepare, reason_of

GOOD, REVOKED, KILLS = 160, 30, 10
# Answers grow old within seconds here, so that a responder that is down soon makes known applicants unknown. The portal's is another one, which stays up.
SETTINGS = {"mode": "ocsp", "age_max_ms": 3000, "refresh_ms": 300, "retry_first_ms": 50, "retry_longest_ms": 200, "timeout_ms": 1000, "connect_timeout_ms": 500}
CASES = {"sync": ("sync", "xml"), "async": ("async", "xml"), "rest": ("rest", "xml"), "cms": ("sync", "cms"), "cms-rest": ("rest", "cms"), "detached": ("rest", "json-detached")}


def settings(lab):
    return {**lab.revocation_sections(**SETTINGS), "gateway": {"sync_wait_ms": 150}, "verify": {"clock_skew_ms": 0}, "retry": {"first_ms": 100, "longest_ms": 500}}


def cases_of(lab, person):
    """One case file per way to send, signed with this person's GOST key."""
    folder, paths = lab.folder / "cases" / person, []
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder.parent / "templates").exists():
        (folder.parent / "templates").symlink_to(ROOT / "fixtures" / "templates")
    for name, (channel, form) in CASES.items():
        path = folder / f"{name}.case"
        signed_as = "" if form == "xml" else f"application_form = {form}\n"
        path.write_text(f"; What test_kill_checking.py sends.\n[request]\nchannel = {channel}\n{signed_as}application_signer = gost-applicant-{person}\n\n[set]\napplicant = {person}\n\n[expect]\nstatus = 200\n")
        paths.append(path.with_suffix(""))
    return paths


class Round:
    """Messages that are sent, piece by piece, while the worker is killed."""

    def __init__(self, lab, dice, messages):
        self.lab, self.dice, self.messages, self.traffic = lab, dice, messages, Traffic(lab, messages)
        self.traffic.release(0)
        self.traffic.start()

    def kill(self, count, done=lambda i: None):
        for i in range(count):
            if i % 3 != 2:  # every third hits a worker that has just started
                time.sleep(1.05)  # the supervisor takes a shorter life for a failed start
            starts = self.lab.log.read_text().count("serve.ready")
            done(i)
            self.traffic.release((i + 1) * len(self.messages) // count)
            time.sleep(self.dice.uniform(0, 0.25))
            kill_worker(self.lab, starts)

    def join(self, check):
        self.traffic.join(40)
        check.same("nothing but refusals that pass", self.traffic.errors, [])
        check.same("every request was acknowledged", len(self.traffic.acknowledged()), len(self.messages))


def waiting(lab):
    return status(lab)["requests"]["CHECKING"]


def main():
    check = Checks()
    seed = int(os.environ.get("EGOV_SEED") or time.time_ns() % 1000000)
    dice = random.Random(seed)
    with Lab(settings=settings) as lab:
        lab.set_status("gost-applicant-870930490018", "revoked", "gost", ago=3600)
        lab.pki_fault("ocsp/gost", "http500")
        first = prepare(lab, GOOD // 2, *cases_of(lab, "850412390011"))
        revoked = prepare(lab, REVOKED, *cases_of(lab, "870930490018"))
        mixed = first + revoked
        dice.shuffle(mixed)
        one = Round(lab, dice, mixed)
        one.kill(KILLS // 2)
        one.join(check)
        check.same("all of them wait", waiting(lab), len(mixed))
        # The responder is back while the worker dies; then it goes, until nothing is current, and comes again.
        second = prepare(lab, GOOD // 2, *cases_of(lab, "850412390011"))
        two, seen = Round(lab, dice, second), []

        def swing(i):
            seen.append(waiting(lab))
            lab.pki_fault("ocsp/gost", "http500" if i in (1, 2) else "none")
            time.sleep(3.1 if i == 1 else 0)  # longer than age_max_ms
        two.kill(KILLS - KILLS // 2, swing)
        lab.pki_fault("ocsp/gost")
        two.join(check)
        check.that("the kills met requests that waited", seen[0] == len(mixed) and max(seen[2:]) > 0, seen)
        check.within("nothing waits any more", lambda: waiting(lab) == 0 and settled(lab), 30)
        rejected = {m.number for m in revoked}
        good = first + second
        stored = check_store(check, lab, good + revoked, rejected)
        check_cabinet(check, lab, stored, rejected)
        check_repeats(check, lab, dice.sample(good, 20))
        client = Client(lab)
        told = {(m.channel, reason_of(client.send(m)[1])) for m in revoked}  # an asynchronous message gets its receipt again: its reason goes to the cabinet
        check.same("the revoked are told why", told, {("sync", "APPLICANT_CERTIFICATE_REVOKED"), ("rest", "APPLICANT_CERTIFICATE_REVOKED"), ("async", None)})
        client.close()
        check.same("the supervisor ends well", lab.stop("gateway"), 0)
        print(f"seed {seed}: {KILLS} kills, {len(stored)} requests in {sum(m.attempts for m in good + revoked)} attempts {one.traffic.seen} {two.traffic.seen}; waiting at the kills: {seen}")
    check.finish()


main()
