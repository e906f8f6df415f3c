#!/usr/bin/python3
"""The documents agree with the code (tests/docs.py check), and the README's tour does what the README shows."""
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import docs  # noqa: E402
from check import GATEWAY, PKI, ROOT, Checks, Lab  # noqa: E402

c = Checks()


def shape(line):
    """What must be the same in every run: not numbers, times, and how wide a column is."""
    return re.sub(r"\s+", " ", re.sub(r"\d+(\.\d+)?", "0", line)).strip()


def shown(line, output):
    """Whether a line of the README stands in the output; `…` is anything."""
    pattern = ".*".join(re.escape(part) for part in shape(line).split("…"))
    return any(re.fullmatch(pattern, shape(got)) for got in output.splitlines())


def tour(lab):
    text = docs.read("README.md")
    part = text[text.index("\n## A tour"):text.index("\n## Interfaces")] + text[text.index("\n## People and their logins"):text.index("\n## Services")]
    steps = re.findall(r"```sh\n(.*?)```\n```\n(.*?)```", part, re.S)
    c.that("the tour has its steps", len(steps) >= 5, len(steps))
    here = {"build/egov-gateway": str(GATEWAY), "build/demo": str(lab.folder), "build/pki": str(PKI)}
    script = 'set -eu\nmark() { echo "=== step"; }\n' + "\nmark\n".join(commands for commands, _ in steps)
    for written, real in here.items():
        script = script.replace(written, real)
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    c.same("every command of the tour works", done.returncode, 0, done.stdout + done.stderr)
    for (_, expected), output in zip(steps, done.stdout.split("=== step\n")):
        for written, real in here.items():
            output = output.replace(real, written)
        for line in expected.splitlines():
            c.that(f"the tour shows: {line}", shown(line, output), output)


passed, failed = docs.check()
c.passed, c.failed = passed, failed
if shutil.which("curl") and shutil.which("xmlsec1"):
    with Lab() as running:
        c.part(tour, running)
else:
    c.skip("the tour", "curl or xmlsec1 is not installed")
c.finish()
