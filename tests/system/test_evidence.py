#!/usr/bin/python3
"""`egov-gateway evidence`: what is exported of a request is checked again without the gateway, by its own `verify`, by xmlsec1, openssl and sha256sum; one changed byte, and they refuse."""
import json
import pathlib
import stat
import subprocess

from check import APPLICANT, PKI, Checks, Lab, Message, Store, number_of, state_of
from test_provider import aid, pushed, sent_in, work

c = Checks()


def export(lab, number):
    folder = lab.folder / f"evidence-{number}"
    done = lab.run("evidence", "--conf", lab.conf, "--out", folder, number)
    c.same("exported", (done.returncode, done.stderr), (0, ""))
    return folder


def code(lab, file, *options):
    return json.loads(lab.run("verify", "--trust", PKI / "trust", "--json", *options, file).stdout)[0]["code"]


def xmlsec(file):
    options = ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--trusted-pem", PKI / "trust" / "issuing.pem", "--trusted-pem", PKI / "trust" / "root.pem"]
    return subprocess.run(["xmlsec1", "--verify", *options, file], capture_output=True).returncode


def sums(folder):
    return subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True).returncode


def whole(folder, *more):
    c.same("nobody else can read it", stat.S_IMODE(folder.stat().st_mode), 0o700)
    c.that("no file that others can read", all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in folder.rglob("*") if f.is_file()))
    listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    c.same("every file has its digest", listed, {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()} - {"SHA256SUMS"})
    c.same("and it is right", sums(folder), 0)
    wanted = {"README.txt", "request.json", "application.xml", "verdict.json", "decision.json", "result.xml", "events.json", "policy.conf", *more}
    c.that("what must be there", wanted <= listed, wanted - listed)
    c.that("and revocation", any(f.startswith("revocation/") for f in listed), listed)


def automated(lab):
    """A certificate: sender's and applicant's signatures, answers of state systems, the result; then one byte of each is changed."""
    number = number_of(Message("sync", applicant=APPLICANT).send(lab))
    c.within("delivered", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"))
    folder = export(lab, number)
    whole(folder, "message.xml", "decision-inputs.xml", "answers/gbdfl.xml", "answers/gbdfl.facts.xml", "answers/socialaid.xml")
    at = json.loads((folder / "request.json").read_text())["registeredAt"]
    known = ("--policy", folder / "policy.conf", "--crl", folder / "revocation", "--ocsp", folder / "revocation", "--at", at)
    c.same("the applicant's signature, by what was known then", code(lab, folder / "application.xml", *known), "OK")
    c.same("the sender's", code(lab, folder / "message.xml", "--at", at), "OK")
    c.same("the result", code(lab, folder / "result.xml"), "OK")
    c.same("xmlsec1 on the result", xmlsec(folder / "result.xml"), 0)
    c.same("answers of the state systems", [code(lab, f) for f in sorted((folder / "answers").glob("*.xml")) if "facts" not in f.name], ["OK", "OK"])
    c.same("the case was decided by what they said", json.loads((folder / "decision.json").read_text())["outcome"], "POSITIVE")
    messages = sorted((folder / "messages").glob("*cabinet*.xml"))
    c.same("what the cabinet was told, signed", ([m.name.split("-", 1)[1] for m in messages], {code(lab, m) for m in messages}), (["cabinet-NOTIFICATION.xml"] * 2 + ["cabinet-RESPONSE.xml"], {"OK"}))
    c.same("events", [e["to"] for e in json.loads((folder / "events.json").read_text())][:2], ["REGISTERED", "DECIDED"])
    for name, old, new in (("application.xml", APPLICANT.encode(), b"850412390021"), ("result.xml", b"201000", b"201001"), ("message.xml", b"egov", b"egow")):
        file = folder / name
        content = file.read_bytes()
        c.that(f"{name} has what is changed", old in content)
        file.write_bytes(content.replace(old, new, 1))
        c.that(f"one change in {name} is found", sums(folder) != 0 and code(lab, file) != "OK")
        file.write_bytes(content)
    c.same("and put back", sums(folder), 0)


def by_people(lab):
    """What people decided: their acts, the webhook as openssl checks it, the head's signature."""
    work(lab, "positive")
    number = sent_in(lab, aid("rest"))
    c.within("delivered", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"), 60)
    folder = export(lab, number)
    whole(folder, "history.json")
    c.same("the head's result", (code(lab, folder / "result.xml"), xmlsec(folder / "result.xml")), ("OK", 0))
    c.that("acts", [h["act"] for h in json.loads((folder / "history.json").read_text())][:1] == ["REGISTER"] and "SIGN" in (folder / "history.json").read_text())
    body = next((folder / "messages").glob("*.json"))
    trust = lab.folder / "trust.pem"
    trust.write_text("".join(p.read_text() for p in sorted((PKI / "trust").glob("*.pem"))))
    check = lambda: subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in", f"{body}.p7s", "-content", body, "-binary", "-CAfile", trust, "-partial_chain", "-purpose", "any",  # noqa: E731
                                    "-out", "/dev/null"], capture_output=True).returncode
    c.same("openssl on the webhook", check(), 0)
    body.write_bytes(body.read_bytes().replace(b"HOUSING_AID", b"HOUSING_AIM"))
    c.that("and on a changed one", check() != 0)


def mistakes(lab):
    number = Store(lab).value("SELECT '101' || substr('00000000000' || id, -11) FROM request LIMIT 1")
    for what, arguments in (("no number", ()), ("two numbers", (number, number)), ("an unknown number", ("10199999999999",)), ("no number at all", ("../../etc",)),
                            ("a folder that is there", ("--out", lab.folder, number)), ("a place that is not", ("--out", lab.folder / "no" / "where", number))):
        done = lab.run("evidence", "--conf", lab.conf, *arguments, cwd=lab.folder)
        c.that(f"{what}: exit status 2 and a word why", done.returncode == 2 and done.stderr.startswith("egov-gateway evidence: "), done)
    c.that("nothing of others was touched", not pathlib.Path("/etc/evidence").exists() and (lab.folder / "store.db").exists())


def main():
    with Lab(settings=pushed("webhook")) as lab:
        c.part(automated, lab)
        c.part(by_people, lab)
        c.part(mistakes, lab)
    c.finish()


if __name__ == "__main__":
    main()
