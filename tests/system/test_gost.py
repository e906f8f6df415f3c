#!/usr/bin/python3
"""The main job with the national algorithms: GOST applicants, a GOST portal, and results signed with the provider's GOST key."""
import json
import os
import pathlib
import subprocess

from check import APPLICANT, GATEWAY, PKI, ROOT, RELATIVE, Checks, Lab, Message, cabinet, complaints, element, fault, http_call, settled, wait_for

VECTORS = pathlib.Path(os.environ.get("EGOV_VECTORS", ROOT.parent / "shared" / "vectors"))
METHOD = "gostr34102015-gostr34112015-512"
TEXT_XML = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
c = Checks()


def report(path, trust=PKI / "trust", *more):
    done = subprocess.run([GATEWAY, "verify", "--trust", trust, "--json", *more, path], capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)[0]


def whole_way(lab):
    """Who signs the application and the envelope; the result must be in the cabinet, signed with GOST."""
    for signer, portal, applicant in (("gost-applicant-850412390011", "gost-system-portal", APPLICANT), ("gost-applicant-870930490018", "system-portal", RELATIVE),
                                      ("applicant-850412390011", "gost-system-portal", APPLICANT)):
        name = f"{signer} by {portal}"
        message = Message("sync", sender_key=portal, signer=signer, applicant=applicant)
        answer = message.send(lab)
        c.same(f"{name}: 200", answer.status, 200, answer.text[:400])
        c.that(f"{name}: the answer is signed with GOST", METHOD in answer.text, answer.text[:400])
        path = lab.folder / "answer.xml"
        path.write_bytes(answer.body)
        code, said = report(path)
        c.same(f"{name}: the answer's signature is valid", (code, said["code"]), (0, "OK"), said)
        c.same(f"{name}: the code of the answer", element(answer.body, "code"), "SUCCESS")
        box = wait_for("cabinet", lambda m=message: (b := cabinet(lab, m.correlation_id)) and b["responses"] and b)
        c.same(f"{name}: delivered once", box["responses"], 1)


def delivered_results(lab):
    c.within("everything is delivered", lambda: settled(lab))
    found = sorted((lab.folder / "cabinet").glob("*/*.xml"))
    c.that("results lie in the cabinet", len(found) >= 3, found)
    for path in found:
        code, said = report(path)
        c.same("a result's GOST signature is valid", (code, said["code"]), (0, "OK"), said)
        text = path.read_text()
        c.that("by GOST", METHOD in text and "rsa-sha" not in text, text[:300])
        broken = lab.folder / "broken.xml"
        broken.write_text(text.replace("160640900019", "160640900018") if "160640900019" in text else text.replace("<", " <", 2)[1:])
        code, said = report(broken)
        c.that("a changed result is not", code == 1, said)
    # another judge than ourselves knows no such algorithm: it must say so, not OK
    done = subprocess.run(["xmlsec1", "--verify", "--insecure", found[0]], capture_output=True, text=True)
    c.that("xmlsec1 has no opinion", done.returncode != 0 and not (done.stdout + done.stderr).startswith("OK\n"), done.stdout + done.stderr)


def fixtures(lab):
    done = lab.replay(ROOT / "fixtures", "--only", "*gost*", "--jobs", "4")
    c.same("every GOST fixture is as expected", done.returncode, 0, "\n".join(line for line in done.stdout.splitlines() if not line.startswith("ok ")) + done.stderr)
    c.that("nothing to complain of", not complaints(lab), complaints(lab)[:3])


def generation_of_2004(lab, want):
    """SHEP's own sample. Its authority is not trusted here: with the generation refused, the method is what is said, else the chain."""
    sample = VECTORS / "shep-contract" / "example" / "request.xml"
    if not sample.exists():
        c.skip("GOST 2004", f"{sample} is not here (EGOV_VECTORS)")
        return
    answer = http_call(lab.url + "/shep/sync", "POST", sample.read_bytes(), TEXT_XML)
    c.same(f"GOST 2004: {want}", fault(answer)[2], want, answer.text[:300])


def containers(lab):
    """The authority's own PKCS#12: signed with it, verified under its own CA."""
    container, authorities = VECTORS / "ncanode-go-testdata" / "individual_valid_individual_valid.p12", VECTORS / "ncanode-testdata" / "ca"
    if not container.exists():
        c.skip("PKCS#12", f"{container} is not here (EGOV_VECTORS)")
        return
    source, signed, password = (lab.folder / n for n in ("application.xml", "signed.xml", "password"))
    source.write_text("<app><iin>123456789011</iin></app>")
    password.write_text("Qwerty12\n")
    done = lab.run("sign", "--key", container, "--password-file", password, "--out", signed, source)
    c.same("sign with PKCS#12", done.returncode, 0, done.stderr)
    at = ("--at", "2026-11-22T00:00:00Z")
    code, said = report(signed, authorities, *at)
    c.same("valid under the authority's CA", (code, said["code"]), (0, "OK"), said)
    signed.write_text(signed.read_text().replace("123456789011", "123456789012"))
    code, said = report(signed, authorities, *at)
    c.same("changed", (code, said["code"]), (1, "APPLICANT_SIGNATURE_DIGEST"), said)
    password.write_text("wrong\n")
    done = lab.run("sign", "--key", container, "--password-file", password, source)
    c.that("a wrong password", done.returncode == 2 and "does not open" in done.stderr, done.stderr)
    done = lab.run("sign", "--key", container, source)
    c.that("neither --cert nor --password-file", done.returncode == 2 and "--password-file" in done.stderr, done.stderr)
    password.write_text("Qwerty12\n")
    done = lab.run("sign", "--key", container, "--password-file", password, "--cert", PKI / "certs" / "system-portal.pem", source)
    c.that("somebody else's certificate", done.returncode == 2 and "does not belong to its certificate" in done.stderr, done.stderr)


KEYS = {"head": "gost-head-160640900019", "system": "gost-system-gateway"}
with Lab(keys=KEYS) as lab:
    for part in (whole_way, delivered_results, fixtures, containers):
        c.part(part, lab)
    c.part(generation_of_2004, lab, "TRANSPORT_CERTIFICATE_UNTRUSTED")
with Lab(keys={"head": KEYS["head"]}, settings={"verify": {"gost_2004": "no"}}) as lab:
    c.part(generation_of_2004, lab, "TRANSPORT_SIGNATURE_ALGORITHM")
c.finish()
