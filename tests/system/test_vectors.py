#!/usr/bin/python3
"""Messages that nobody here made: the SHEP pair of the national integrator (GOST 34.310-2004) and signed samples of NCANode, judged for instants in which their signers were
valid, with the public test authorities as anchors. Each has siblings with one character of the signed part changed. The folder is beside the project; without it this is skipped."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from check import GATEWAY, ROOT, Checks

c = Checks()
VECTORS = ROOT.parent / "shared" / "vectors"
NCANODE = VECTORS / "ncanode-testdata"


def verify(trust, at, path, *options):
    done = subprocess.run([GATEWAY, "verify", "--json", "--trust", trust, "--at", at, *options, path], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)[0]
    return done.returncode, report


def trust_folder(folder, *files):
    folder.mkdir()
    for file in files:
        shutil.copy(file, folder)
    return folder


def changed(text, spots):
    """Siblings in which one letter or digit of character data inside the signed part is another."""
    places = [m.start(1) for m in re.finditer(rb">\s*([A-Za-z0-9])[^<>&]*</", text)]
    first, last = text.find(spots[0]), text.rfind(spots[1])
    places = [p for p in places if first < p < last]
    for place in places[:: max(1, len(places) // 8)]:
        letter = text[place:place + 1]
        yield place, text[:place] + (b"7" if letter != b"7" else b"3") + text[place + 1:]


def messages(folder):
    all_ca = trust_folder(folder / "trust", *[p for p in (NCANODE / "ca").iterdir()])
    cases = [
        ("SHEP request", VECTORS / "shep-contract/example/request.xml", "2019-09-24T12:30:00+06:00", "TRANSPORT", "gost34310-gost34311", (b"<requestInfo", b"</requestData")),
        ("SHEP response", VECTORS / "shep-contract/example/response.xml", "2019-09-24T12:30:00+06:00", "TRANSPORT", "gost34310-gost34311", (b"<responseInfo", b"</responseData")),
        ("SmartBridge, RSA", NCANODE / "signed/Wsse-SmartBridge-RSA.RESIGNED.xml", "2021-06-01T00:00:00Z", "TRANSPORT", "rsa-sha256", (b"Body", b"Body>")),
        ("NCALayer shape, RSA", NCANODE / "signed/XmlServiceTest.XML_SIGNED_VALID_STRING.xml", "2021-06-01T00:00:00Z", "APPLICANT", "rsa-sha256", (b"<", b"<ds:Signature")),
    ]
    for name, path, at, party, algorithm, spots in cases:
        status, report = verify(all_ca, at, path)
        c.that(f"{name}: valid", status == 0 and report["valid"] and report["code"] == "OK" and report["parts"][0]["algorithm"] == algorithm, report)
        text, count = path.read_bytes(), 0
        for place, other in changed(text, spots):
            sibling = folder / "changed.xml"
            sibling.write_bytes(other)
            status, report = verify(all_ca, at, sibling)
            c.that(f"{name}: byte {place} changed", status == 1 and report["code"] == f"{party}_SIGNATURE_DIGEST", report)
            count += 1
        c.that(f"{name}: has changed siblings", count >= 1, count)
        value = re.search(rb"SignatureValue>\s*(\S)", text)
        sibling.write_bytes(text[:value.start(1) + 8] + (b"A" if text[value.start(1) + 8:value.start(1) + 9] != b"A" else b"B") + text[value.start(1) + 9:])
        c.same(f"{name}: value changed", verify(all_ca, at, sibling)[1]["code"], f"{party}_SIGNATURE_INVALID")
        status, report = verify(all_ca, "2039-01-01T00:00:00Z", path)
        c.that(f"{name}: not valid in 2039", status == 1 and report["code"] in (f"{party}_CERTIFICATE_EXPIRED", f"{party}_CERTIFICATE_UNTRUSTED"), report)
        foreign = trust_folder(folder / f"foreign-{path.stem}", VECTORS / "ncanode-go-testdata/nca_gost2022_test.cer")
        c.same(f"{name}: no path to another authority", verify(foreign, at, path)[1]["code"], f"{party}_CERTIFICATE_UNTRUSTED")


def main():
    if not VECTORS.is_dir():
        c.skip("public vectors", f"there is no folder {pathlib.Path('..') / 'shared' / 'vectors'}")
        return
    with tempfile.TemporaryDirectory() as folder:
        c.part(messages, pathlib.Path(folder))


main()
c.finish()
