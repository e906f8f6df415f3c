#!/usr/bin/python3
"""The console in a real browser (Chromium, by playwright-core), on a real gateway with its simulators: pages.mjs has the scenarios. Pictures of every page in three
languages go to build/screens. `make test-browser` installs what is needed; without it this skips, saying so.

usage: test_pages.py [only scenarios whose name has this]
"""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from check import GATEWAY, PKI, ROOT, Lab  # noqa: E402
from seeds import PDF, housing, many, png  # noqa: E402
from staff import STAFF  # noqa: E402

MODULES = ROOT / "build" / "browser"
APPLICANTS = ["850412390011", "870930490018", "480509390010", "410115490012", "850412390021", "790321490015", "850412390201"]  # one open request each
MANY = 10000
SCREENS = ROOT / "build" / "screens"


def spki(certificate):
    """What Chromium takes as an exception for a test certificate: SHA-256 of the public key."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True, capture_output=True).stdout
    return base64.b64encode(subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der, check=True, capture_output=True).stdout).decode()


def missing():
    chromium = shutil.which("chromium")
    if not (MODULES / "node_modules" / "playwright-core").exists():
        return "playwright-core"
    return "node" if not shutil.which("node") else "chromium" if not chromium else None


def run(lab, only, **more):
    facts = {"url": lab.url, "control": lab.simulators["control"], "ncalayer": lab.simulators["ncalayer"], "nowhere": "wss://127.0.0.1:9", "modules": str(MODULES), "screens": str(SCREENS), "root": str(ROOT),
             "folder": str(lab.folder), "pki": str(PKI), "gateway": str(GATEWAY), "chromium": shutil.which("chromium"), "spki": spki(PKI / "certs" / "tls-simulators.pem"),
             "staff": {name: person._asdict() for name, person in STAFF.items()}, **more}
    said = subprocess.run(["node", ROOT / "tests" / "browser" / "pages.mjs"], env={**os.environ, "EGOV_BROWSER_LAB": json.dumps(facts), "EGOV_BROWSER_ONLY": only}, stdout=subprocess.PIPE, text=True, check=False)
    *lines, last = said.stdout.splitlines() or [""]
    print("\n".join(lines), flush=True)
    counted = re.fullmatch(r"(\d+) passed, (\d+) failed", last)
    return (int(counted[1]), int(counted[2])) if counted else (0, 1)


def main():
    lacks = missing()
    if lacks:
        print(f"skipped: {lacks} is not installed; make test-browser installs it\n0 passed, 0 failed, 1 skipped")
        return 0
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    settings = lambda lab: {"console": {"ncalayer": lab.simulators["ncalayer"].rstrip("/")}, "login": {"address_failures_max": "1000", "failures_max": "100"}}  # noqa: E731
    files = [("страница-1.png", "D1", png()), ("договор.pdf", "D2", PDF)]
    with Lab(settings=settings) as lab:
        numbers = [housing(lab, files if i == 6 else (), applicant) for i, applicant in enumerate(APPLICANTS)]
        counts = [run(lab, only, housing=numbers)]
        if only in "many tenThousand":
            many(lab, numbers[6], MANY)  # nobody has finished that one
            counts.append(run(lab, "many tenThousand", housing=numbers, many=MANY))
    passed, failed = (sum(one) for one in zip(*counts))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
