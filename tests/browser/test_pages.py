#!/usr/bin/python3
"""The console in a real browser (Chromium, by playwright-core), on a real gateway with its simulators: pages.mjs has the scenarios. Pictures of every page in three
languages go to build/screens. `make test-browser` installs what is needed; without it this skips, saying so.

usage: test_pages.py [only scenarios whose name has this]
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from check import GATEWAY, PKI, ROOT, Lab  # noqa: E402
from staff import STAFF  # noqa: E402

MODULES = ROOT / "build" / "browser"
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


def run(lab, only):
    facts = {"url": lab.url, "control": lab.simulators["control"], "ncalayer": lab.simulators["ncalayer"], "nowhere": "wss://127.0.0.1:9", "modules": str(MODULES), "screens": str(SCREENS), "root": str(ROOT),
             "folder": str(lab.folder), "store": str(lab.folder / "store.db"), "pki": str(PKI), "gateway": str(GATEWAY), "chromium": shutil.which("chromium"), "spki": spki(PKI / "certs" / "tls-simulators.pem"),
             "staff": {name: person._asdict() for name, person in STAFF.items()}}
    return subprocess.run(["node", ROOT / "tests" / "browser" / "pages.mjs"], env={**os.environ, "EGOV_BROWSER_LAB": json.dumps(facts), "EGOV_BROWSER_ONLY": only}, check=False).returncode


def main():
    lacks = missing()
    if lacks:
        print(f"skipped: {lacks} is not installed; make test-browser installs it\n0 passed, 0 failed, 1 skipped")
        return 0
    settings = lambda lab: {"console": {"ncalayer": lab.simulators["ncalayer"].rstrip("/")}, "login": {"address_failures_max": "1000", "failures_max": "100"}}  # noqa: E731
    with Lab(settings=settings) as lab:
        return run(lab, sys.argv[1] if len(sys.argv) > 1 else "")


sys.exit(main())
