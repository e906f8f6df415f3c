#!/usr/bin/python3
"""Runs the tests and adds them up: unit tests (cmocka programs), the corpora of the fuzzers, then every script in tests/system and
tests/crash, in the release build and in the sanitizer build. Each script ends with a line `N passed, N failed`; so does this.

usage: tests/run.py [unit|fuzz|system|crash|browser|lint …] [--only NAME] [--build DIR]…
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINE = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.M)
CMOCKA = {"passed": re.compile(r"\[  PASSED  \] (\d+) test"), "failed": re.compile(r"\[  FAILED  \] (\d+) test"), "skipped": re.compile(r"\[  SKIPPED \] (\d+) test")}


def count_cmocka(text):
    return tuple(sum(int(n) for n in CMOCKA[k].findall(text)) for k in ("passed", "failed", "skipped"))


def count_line(text):
    found = LINE.findall(text)
    return tuple(int(n or 0) for n in found[-1]) if found else (0, 0, 0)


class Run:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def one(self, name, command, count, environment, seconds=900):
        start = time.monotonic()
        try:
            done = subprocess.run(list(map(str, command)), cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=seconds)
            text, code = done.stdout.decode(errors="replace"), done.returncode
        except subprocess.TimeoutExpired as late:
            text, code = (late.stdout or b"").decode(errors="replace") + f"\nnot finished after {seconds} s", -1
        passed, failed, skipped = count(text)
        if code != 0 and failed == 0:
            failed = 1  # died, or said nothing of the kind
        if code == 0 and passed + failed + skipped == 0:
            failed, text = 1, text + "\nno test was run"
        with self.lock:
            self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
            print(f"{'ok  ' if not failed else 'FAIL'} {name:44} {passed:5} passed {failed:3} failed {time.monotonic() - start:6.1f} s", flush=True)
            if failed:
                print("\n".join("     " + line for line in text.splitlines()[-40:]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--build", action="append", default=[])
    options = parser.parse_args()
    kinds = options.kinds or ["lint", "unit", "fuzz", "system", "crash", "browser"]
    builds = [pathlib.Path(b).resolve() for b in options.build or ["build", "build/asan"]]
    run = Run()
    if "lint" in kinds and options.only in "lint":
        run.one("lint", ["tests/lint.sh"], count_line, {})
    for build in builds:
        environment = {"EGOV_BUILD": str(build), "EGOV_PKI": str(ROOT / "build" / "pki"), "EGOV_VECTORS": os.environ.get("EGOV_VECTORS", str(ROOT.parent / "shared" / "vectors")),
                       "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
        label = build.name
        todo = []  # two at a time: most of a system test is waiting
        for program in sorted((build / "tests" / "unit").glob("test_*")) if "unit" in kinds else []:
            if program.suffix == "" and options.only in program.name:
                todo.append((f"{label}: {program.name}", [program], count_cmocka, environment))
        for program in sorted((build / "tests" / "fuzz").glob("replay_*")) if "fuzz" in kinds else []:
            if program.suffix == "" and options.only in program.name:
                todo.append((f"{label}: {program.name}", [program], count_line, environment))
        for kind in ("system", "crash"):
            for script in sorted((ROOT / "tests" / kind).glob("test_*.py")) if kind in kinds else []:
                if options.only in script.name:
                    todo.append((f"{label}: {kind}/{script.stem}", ["/usr/bin/python3", script], count_line, environment))
        for script in sorted((ROOT / "tests" / "browser").glob("test_*.py")) if "browser" in kinds and label == "build" else []:
            if options.only in script.name:
                todo.append((f"{label}: browser/{script.stem}", ["/usr/bin/python3", script], count_line, environment))
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            for done in [pool.submit(run.one, *one) for one in todo]:
                done.result()
    skipped = f", {run.skipped} skipped" if run.skipped else ""
    print(f"{run.passed} passed, {run.failed} failed{skipped}")
    return 1 if run.failed else 0


sys.exit(main())
