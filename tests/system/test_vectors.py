#!/usr/bin/python3
"""Messages, certificates, revocation lists and OCSP answers that nobody here made: the SHEP pair of the national integrator (GOST 34.310-2004) and samples of NCANode, judged for
instants in which their signers were valid, with the public test authorities as anchors. (Time-stamp tokens stand alone there: tests/unit/test_tsp.c.) Each has siblings with one character of the signed part changed. The folder is beside the project; without it this is skipped."""
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile

from check import GATEWAY, ROOT, Checks
from lab import serial_of

c = Checks()
VECTORS = pathlib.Path(os.environ.get("EGOV_VECTORS", ROOT.parent / "shared" / "vectors"))
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


GO = VECTORS / "ncanode-go-testdata"
# Of both signers' certificates none was valid together with the other, so no instant makes these two CMS good. In the first instant the one is good, in the second …
RSA_YEAR, GOST_YEAR = "2021-06-01T00:00:00Z", "2022-09-28T00:00:00Z"


def flipped(path, out, place):
    """One bit of one byte."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    out.write_bytes(data)
    return out


def cms(folder):
    trust = trust_folder(folder / "trust-cms", *(NCANODE / "ca").iterdir(), GO / "nca_gost2022_test.cer")
    content, other, sibling = folder / "content", folder / "other", folder / "changed.p7s"
    content.write_bytes(b"test123")
    other.write_bytes(b"test124")

    def code(path, at, *options):
        return verify(trust, at, path, *options)[1]["code"]
    for name in ("CmsIntegrationTest.SIGNED_CMS", "CmsServiceTest.SIGNED_CMS_ONE_SIGNER"):
        path = NCANODE / "signed" / f"{name}.p7s"
        inside = subprocess.run(["openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", path], check=True, capture_output=True).stdout
        (folder / "inside").write_bytes(inside)
        status, report = verify(trust, RSA_YEAR, path)
        c.that(f"{name}: valid", status == 0 and (report["code"], report["parts"][0]["algorithm"], report["parts"][0]["coveredBytes"]) == ("OK", "rsa-sha256", 7), report)
        c.same(f"{name}: a year later", code(path, GOST_YEAR), "APPLICANT_CERTIFICATE_EXPIRED")
        data = path.read_bytes()
        c.same(f"{name}: content changed", code(flipped(path, sibling, data.index(inside) + 6), RSA_YEAR), "APPLICANT_SIGNATURE_DIGEST")
        c.same(f"{name}: value changed", code(flipped(path, sibling, len(data) - 1), RSA_YEAR), "APPLICANT_SIGNATURE_INVALID")
        c.same(f"{name}: the same content given beside it", code(path, RSA_YEAR, "--content", folder / "inside"), "OK")
        c.same(f"{name}: another", code(path, RSA_YEAR, "--content", other), "APPLICANT_SIGNATURE_COVERAGE")
    # Two signers, GOST 34.10-2015 first, RSA second: dates are asked after arithmetic, so the last instant says that both values are right.
    for name, options in (("CmsServiceTest.SIGNED_CMS.two-signers", ()), ("CmsServiceTest.SIGNED_DETACHED_CMS", ("--content", content))):
        path = NCANODE / "signed" / f"{name}.p7s"
        data = path.read_bytes()
        c.same(f"{name}: GOST is good, then RSA has expired", code(path, GOST_YEAR, *options), "APPLICANT_CERTIFICATE_EXPIRED")
        c.that(f"{name}: which is the second signer", "4279390A141F5353A62947B61ED65E81741467D1" in str(verify(trust, GOST_YEAR, path, *options)[1]))
        c.same(f"{name}: the GOST authority is younger", code(path, RSA_YEAR, *options), "APPLICANT_CERTIFICATE_UNTRUSTED")
        c.same(f"{name}: RSA value changed", code(flipped(path, sibling, len(data) - 1), GOST_YEAR, *options), "APPLICANT_SIGNATURE_INVALID")
        values = [m.end() for m in re.finditer(b"\x04\x81\x80", data)]  # OCTET STRING of 128 bytes: the GOST value
        c.same(f"{name}: GOST value changed", code(flipped(path, sibling, values[-1] + 5), GOST_YEAR, *options), "APPLICANT_SIGNATURE_INVALID")
    c.same("detached, without its content", code(path, GOST_YEAR), "APPLICANT_SIGNATURE_COVERAGE")
    c.same("detached, of another content", code(path, GOST_YEAR, "--content", other), "APPLICANT_SIGNATURE_DIGEST")


def certificate(trust, at, path, *options):
    done = subprocess.run([GATEWAY, "verify", "--json", "--certificate", path, "--trust", trust, "--at", at, *options], capture_output=True, text=True, check=False)
    code = json.loads(done.stdout)["code"]
    c.same(f"{path.name}: exit status", done.returncode, 0 if code == "OK" else 1)
    return code


def from_p12(folder, name, password):
    out = folder / f"{name}.pem"
    subprocess.run(["openssl", "pkcs12", "-legacy", "-in", NCANODE / "testkeys" / f"{name}.p12", "-passin", f"pass:{password}", "-nokeys", "-clcerts", "-out", out], check=True,
                   capture_output=True)
    return out


def broken_signature(path, out):
    """DER, or PEM made DER, with one bit of the signature changed."""
    text = path.read_bytes()
    if b"-----BEGIN" in text:
        text = ssl.PEM_cert_to_DER_cert(text[text.index(b"-----BEGIN"):].decode())
    out.write_bytes(text[:-9] + bytes([text[-9] ^ 1]) + text[-8:])
    return out


def certificates(folder):
    trust = trust_folder(folder / "trust-certificates", *(NCANODE / "ca").iterdir(), *GO.glob("*.cer"))
    for path in [*GO.glob("individual_*.cer"), *GO.glob("legal_*.cer")]:
        (trust / path.name).unlink()
    # Generation 2022 (GOST 34.10-2015-512), with the list of its authority: two of the leafs called valid have been revoked since.
    text = subprocess.run(["openssl", "crl", "-in", GO / "nca_gost2022_test.crl", "-noout", "-text"], check=True, capture_output=True, text=True).stdout
    listed = set(re.findall(r"Serial Number: ([0-9A-F]+)", text))
    leafs = sorted([*GO.glob("individual_*.cer"), *GO.glob("legal_*.cer")])
    c.same("the leafs are there", len(leafs), 12)
    for path in leafs:
        at, crl = "2026-08-20T00:00:00Z", GO / "nca_gost2022_test.crl"
        c.same(f"{path.name}: path", certificate(trust, at, path), "OK")
        c.same(f"{path.name}: list", certificate(trust, at, path, "--crl", crl), "CERTIFICATE_REVOKED" if serial_of(path) in listed else "OK")
        c.same(f"{path.name}: too early", certificate(trust, "2026-05-01T00:00:00Z", path), "CERTIFICATE_NOT_YET_VALID")
        c.same(f"{path.name}: the list is not of that day", certificate(trust, "2026-06-20T00:00:00Z", path, "--crl", crl), "CERTIFICATE_REVOCATION_UNKNOWN")
        c.same(f"{path.name}: a bit changed", certificate(trust, at, broken_signature(path, folder / "broken.cer")), "CERTIFICATE_UNTRUSTED")
    c.same("all that are called revoked are, and four are good", (all(serial_of(p) in listed for p in leafs if "_revoked_" in p.name), len([p for p in leafs if serial_of(p) not in listed])), (True, 4))
    # The generation before: RSA and GOST 34.310-2004.
    for name, crl in (("CERT_INDIVIDUAL", "rsa"), ("individual_valid_sign_2004_rsa", "rsa"), ("individual_valid_sign_2004_rsa_auth", "rsa"), ("ceo_valid_sign_2004_gost", "gost")):
        path, at = NCANODE / "certs" / f"{name}.cer", "2022-06-01T00:00:00Z"
        c.same(f"{name}: path and list", certificate(trust, at, path, "--crl", NCANODE / "crl" / f"nca_{crl}_test.crl"), "OK")
        c.same(f"{name}: the other authority's list", certificate(trust, at, path, "--crl", NCANODE / "crl" / f"nca_{'gost' if crl == 'rsa' else 'rsa'}_test.crl"),
               "CERTIFICATE_REVOCATION_UNKNOWN")
        c.same(f"{name}: expired", certificate(trust, "2023-02-01T00:00:00Z", path), "CERTIFICATE_EXPIRED")
        c.same(f"{name}: a bit changed", certificate(trust, at, broken_signature(path, folder / "broken.cer")), "CERTIFICATE_UNTRUSTED")
    for name, crl, at, want in (("KEY_INDIVIDUAL_SIGN_REVOKED_2004", "rsa", "2022-06-01T00:00:00Z", "CERTIFICATE_REVOKED"),
                                ("KEY_INDIVIDUAL_AUTH_REVOKED_2004", "rsa", "2022-06-01T00:00:00Z", "CERTIFICATE_REVOKED"),
                                ("KEY_CEO_SIGN_REVOKED_2004", "gost", "2022-06-01T00:00:00Z", "CERTIFICATE_REVOKED")):
        c.same(f"{name}: list", certificate(trust, at, from_p12(folder, name, "Qwerty12"), "--crl", NCANODE / "crl" / f"nca_{crl}_test.crl"), want)
    spoilt = flipped(NCANODE / "crl" / "nca_rsa_test.crl", folder / "spoilt.crl", -1)
    c.that("a list with a bit changed decides nothing", certificate(trust, "2022-06-01T00:00:00Z", NCANODE / "certs" / "CERT_INDIVIDUAL.cer", "--crl", spoilt)
           in ("CERTIFICATE_UNTRUSTED", "CERTIFICATE_REVOCATION_UNKNOWN"))


def revocation(folder):
    """OCSP answers of the authority's test responder, over the CMS whose signers they are about."""
    trust = trust_folder(folder / "trust-ocsp", *(NCANODE / "ca").iterdir(), GO / "nca_gost2022_test.cer")
    one, two = (NCANODE / "signed" / f"CmsServiceTest.SIGNED_CMS{name}.p7s" for name in ("_ONE_SIGNER", ".two-signers"))
    good, unknown = (NCANODE / "ocsp" / f"ocsp_response_individual_{name}.bin" for name in ("sign_2004", "2015"))

    def code(path, at, *options):
        return verify(trust, at, path, *options)[1]["code"]
    c.same("the responder's good answer", code(one, RSA_YEAR, "--ocsp", good), "OK")
    c.same("the answer about another", code(one, RSA_YEAR, "--ocsp", unknown), "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN")
    for place in (-1, -400, 60, 200):
        c.same(f"the good answer, byte {place} changed", code(one, RSA_YEAR, "--ocsp", flipped(good, folder / "answer", place)), "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN")
    c.same("the revoked answer about the GOST signer", code(two, "2022-09-02T17:30:00Z", "--ocsp", unknown), "APPLICANT_CERTIFICATE_REVOKED")
    c.same("a list made after the certificate expired says nothing good of it", code(one, RSA_YEAR, "--crl", NCANODE / "crl" / "nca_rsa_test.crl"),
           "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN")


def main():
    if not VECTORS.is_dir():
        c.skip("public vectors", f"there is no folder {pathlib.Path('..') / 'shared' / 'vectors'}")
        return
    with tempfile.TemporaryDirectory() as folder:
        for part in (messages, cms, certificates, revocation):
            c.part(part, pathlib.Path(folder))


main()
c.finish()
