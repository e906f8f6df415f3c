#!/usr/bin/python3
"""Every fixture, good and bad, against the real gateway: twice, one at a time and several at once, with a JUnit report."""
import json
import shutil
import xml.etree.ElementTree as ElementTree

from check import ROOT, Checks, Lab, Store, cabinet, settled, status

FIXTURES = ROOT / "fixtures"
GOOD, BAD = (sorted((FIXTURES / kind).glob("*.case")) for kind in ("good", "bad"))
c = Checks()


def all_cases(lab):
    junit = lab.folder / "replay.xml"
    done = lab.replay(FIXTURES, "--jobs", "4", "--junit", junit)
    count = len(GOOD) + len(BAD)
    c.same("every case is as expected", done.returncode, 0,
           "\n".join(line for line in done.stdout.splitlines() if not line.startswith("ok ")) + done.stderr)
    c.that("the last line says so", f"{count} as expected, 0 not, 0 skipped, of {count}" in done.stdout, done.stdout[-300:])
    for case in GOOD + BAD:
        name = f"{case.parent.name}/{case.stem}"
        c.that(f"{name} in the table", f"ok   {name} " in done.stdout, name)
    root = ElementTree.parse(junit).getroot()
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    c.same("JUnit: cases", len(list(root.iter("testcase"))), count)
    c.same("JUnit: failures", (suite.get("tests"), suite.get("failures"), len(list(root.iter("failure")))), (str(count), "0", 0))


def one_at_a_time(lab):
    done = lab.replay(FIXTURES / "good", "--jobs", "1", "--json")
    c.same("--jobs 1", done.returncode, 0, done.stdout[-800:])
    said = json.loads(done.stdout)
    c.same("as JSON", (said["passed"], said["failed"], len(said["cases"])), (len(GOOD), 0, len(GOOD)))


def wrong_expectation(lab):
    """A case that expects something else must fail, say what came, and stand in the report."""
    shutil.copytree(FIXTURES / "templates", lab.folder / "cases" / "templates")
    case = lab.folder / "cases" / "odd" / "wrong.case"
    case.parent.mkdir()
    case.write_text("; A good message of which a refusal is expected.\n[request]\nchannel = sync\n"
                    "[expect]\nstatus = 500\nreason = FORM_INVALID\ncode = SCE001\n")
    junit = lab.folder / "wrong.xml"
    done = lab.replay(case, "--junit", junit)
    c.same("a wrong expectation ends with 1", done.returncode, 1, done.stdout + done.stderr)
    c.that("what came is shown", "SUCCESS POSITIVE" in done.stdout and "FORM_INVALID" in done.stdout, done.stdout)
    c.same("JUnit: the failure", len(list(ElementTree.parse(junit).getroot().iter("failure"))), 1)
    case.write_text("[request]\nchanel = sync\n")
    done = lab.replay(case)
    c.same("an unreadable case ends with 2", done.returncode, 2, done.stdout + done.stderr)


def counted(lab):
    c.within("everything is delivered", lambda: settled(lab))
    now, box = status(lab), cabinet(lab)
    states = {k: v for k, v in now["requests"].items() if v}
    people = Store(lab).value("SELECT count(*) FROM casework WHERE step > 0")
    c.same("what is not delivered is with people", states.pop("REGISTERED", 0), people)
    c.same("nothing but delivered requests is stored besides", list(states), ["RESULT_SENT"], states)
    c.same("one RESPONSE each", box["responses"], states.get("RESULT_SENT"))
    c.same("no duplicates, nothing refused", (box["duplicates"], box["refused"]), (0, 0))
    c.same("one notice for every event", box["accepted"], now["events"])
    c.same("nothing parked", now["outbox"]["parked"], 0)


with Lab(settings={"http": {"header_ms": 1500}}) as lab:
    for part in (all_cases, one_at_a_time, wrong_expectation, counted):
        c.part(part, lab)
c.finish()
