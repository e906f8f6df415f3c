#!/usr/bin/python3
"""Every fixture, good and bad, against the real gateway and simulators: each must be answered as its file expects."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))
import lab  # noqa: E402

with lab.Lab() as laboratory:
    done = laboratory.replay(ROOT / "fixtures" / "good", ROOT / "fixtures" / "bad", "--json", "--jobs", "8")
    if done.returncode == 2:
        sys.exit(f"replay: {done.stderr}")
    report = json.loads(done.stdout)
    for case in report["cases"]:
        if case["verdict"] != "passed":
            print(f"FAIL {case['name']}: {case['note']} ({case['title']})")
    clean = laboratory.stop("gateway") == 0
failed = report["failed"] + report["skipped"] + (not clean)
if not clean:
    print("FAIL the gateway did not end with 0:", laboratory.tail("gateway"))
print(f"{report['passed'] + clean} passed, {failed} failed")
sys.exit(1 if failed else 0)
