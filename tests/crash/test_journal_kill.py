#!/usr/bin/python3
"""Runs journal_kill (kill -9 of a process that acknowledges what its journal has committed) of the build under test."""
import os
import pathlib
import subprocess
import sys

build = pathlib.Path(os.environ.get("EGOV_BUILD", "build"))
program = build / "tests" / "crash" / "journal_kill"
if not program.exists():
    print(f"{program} is not built")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)
sys.exit(subprocess.run([program, *sys.argv[1:]], timeout=300).returncode)
