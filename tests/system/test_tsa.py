#!/usr/bin/python3
"""Results with time stamps: XAdES-T that strangers verify (openssl, lxml), and whatever the authority does instead of stamping, nothing leaves with
a bad token: the result waits (required = yes) or goes without one (no), and comes by itself, once, when the authority is back."""
import base64
import json
import os
import re
import signal
import subprocess
import time

from lxml import etree

from check import NEGATIVE, PKI, STATES, Checks, Lab, Message, Store, cabinet, element, metric, settled, wait_for

c = Checks()
TIMEOUT = 400
POLICY = "1.2.398.3.3.2.6.4"
FAST = {"retry": {"first_ms": 200, "longest_ms": 1000}, "gateway": {"sync_wait_ms": 3000}}
DS, XADES = "{http://www.w3.org/2000/09/xmldsig#}", "{http://uri.etsi.org/01903/v1.3.2#}"
# What the simulated authority can do wrong (adapters/README.md); "mods" is grantedWithMods, which is a stamp.
FAULTS = ("silent", "slow", "http500", "http404", "cut", "refuse", "empty", "truncated", "garbage", "html", "huge", "trailing", "bad-signature", "rejection",
          "no-time", "wrong-imprint", "wrong-nonce", "no-nonce", "wrong-policy", "no-certificate", "no-eku", "plain-eku", "foreign", "expired", "future",
          "past")


def with_tsa(endpoint="tsa", **values):
    """Settings of a lab whose results are stamped; every call is to reach the authority, so the breaker opens late."""
    return lambda lab: {**FAST, "tsa": {"url": lab.simulators[endpoint], "policy": POLICY, "timeout_ms": TIMEOUT, "failures_max": 1000, **values}}


def document(lab, message):
    return lab.control(f"/cabinet/document?number={message.number}")


def report(lab, name, data, *options):
    """What `egov-gateway verify` says of the delivered document: (code, first signer)."""
    path = lab.folder / f"{name}.xml"
    path.write_bytes(data)
    said = json.loads(lab.run("verify", "--trust", PKI / "trust", "--json", *options, path).stdout)[0]
    part = said["parts"][0]
    return said["code"], (part.get("signers") or [{}])[0]


def token_of(data):
    """(DER of the token, the bytes it is over) as lxml, not we, canonicalises them."""
    signature = etree.fromstring(data).find(f"{DS}Signature")
    token = signature.find(f".//{XADES}SignatureTimeStamp/{XADES}EncapsulatedTimeStamp")
    value = signature.find(f"{DS}SignatureValue")
    return (base64.b64decode(token.text) if token is not None else None), etree.tostring(value, method="c14n", exclusive=True)


def openssl_says(lab, data):
    token, over = token_of(data)
    (lab.folder / "token").write_bytes(token)
    (lab.folder / "over").write_bytes(over)
    done = subprocess.run(["openssl", "ts", "-verify", "-token_in", "-in", lab.folder / "token", "-data", lab.folder / "over", "-CAfile", PKI / "trust" / "root.pem",
                           "-untrusted", PKI / "trust" / "issuing.pem"], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[-1] if done.returncode else "OK"


def good(lab):
    message = Message("sync")
    answer = message.send(lab)
    c.same("a stamped result is answered at once", (answer.status, element(answer.body, "code")), (200, "SUCCESS"), answer)
    c.within("and delivered", lambda: settled(lab))
    data = document(lab, message)
    code, signer = report(lab, "good", data)
    c.same("verify says so", (code, signer.get("level")), ("OK", "XAdES-T"))
    stamp = signer.get("timeStamp", {})
    c.same("by whom and under which policy", (stamp.get("authority"), stamp.get("policy")), ("tsa TEST", POLICY))
    c.that("the instants are told", re.match(r"20\d\d-", stamp.get("time", "")) and re.match(r"20\d\d-", signer.get("claimedSigningTime", "")), signer)
    c.same("openssl ts verifies the token over what lxml canonicalises", openssl_says(lab, data), "OK")
    other = re.sub(rb"<ds:SignatureValue>.", b"<ds:SignatureValue>/" if b"<ds:SignatureValue>/" not in data else b"<ds:SignatureValue>A", data)
    c.that("and not over another value", openssl_says(lab, other) != "OK")
    xmlsec1 = subprocess.run(["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--trusted-pem", PKI / "trust" / "root.pem",
                              "--trusted-pem", PKI / "trust" / "issuing.pem", lab.folder / "good.xml"], capture_output=True, text=True, check=False)
    c.same("xmlsec1 verifies both references", (xmlsec1.returncode, "2/2" in xmlsec1.stdout + xmlsec1.stderr), (0, True), xmlsec1.stderr)
    return data


def outlives(lab, data):
    """A result outlives its certificate by its stamp: 18 months later the signer's certificate has expired."""
    later = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 550 * 86400))
    c.same("later, by today's rules", report(lab, "later", data, "--at", later)[0], "APPLICANT_CERTIFICATE_EXPIRED_SINCE")
    code, signer = report(lab, "later", data, "--at", later, "--expired-with-stamp")
    c.same("later, by the rules of an archive", (code, signer.get("level")), ("OK", "XAdES-T"))
    bare = re.sub(rb"<xades:UnsignedProperties>.*</xades:UnsignedProperties>", b"", data)
    c.same("without the stamp today", [report(lab, "bare", bare)[i] if i == 0 else report(lab, "bare", bare)[i].get("level") for i in (0, 1)], ["OK", "XAdES-BES"])
    c.same("without the stamp later", report(lab, "bare", bare, "--at", later, "--expired-with-stamp")[0], "APPLICANT_CERTIFICATE_EXPIRED")


def states_of(store, request):
    return [STATES[to] for _, to in store.rows("SELECT seq, to_state FROM event WHERE request_id = ? ORDER BY seq", request)]


def waits(lab):
    """required = yes: with each fault the request waits, visibly, undecided; afterwards it is decided and delivered once."""
    store, sent = Store(lab), {}
    for i, kind in enumerate(FAULTS):
        message = Message("async", applicant=NEGATIVE) if i % 2 else Message("async")
        before = metric(lab, "egov_stamp_failures_total")
        lab.pki_fault("tsa", kind, ms=TIMEOUT)
        request = int(element(message.send(lab).body, "messageId")[3:])
        c.within(f"{kind}: waiting", lambda: store.value("SELECT state FROM request WHERE id = ?", request) == 3)
        lab.pki_fault("tsa")
        c.that(f"{kind}: counted", metric(lab, "egov_stamp_failures_total") > before)
        c.same(f"{kind}: nothing is decided, no document is made", store.value("SELECT count(*) FROM decision WHERE request_id = ?", request)
               if "DECIDED" not in states_of(store, request) else 0, 0)
        sent[kind] = message, request
    c.within("all are decided by themselves", lambda: settled(lab), 30)
    for kind, (message, request) in sent.items():
        c.same(f"{kind}: its events", states_of(store, request), ["REGISTERED", "AWAITING_DATA", "DECIDED", "RESULT_SENT"])
        box = cabinet(lab, message.correlation_id)
        c.same(f"{kind}: delivered once", (box["states"], box["responses"], box["duplicates"]), (["REGISTERED", "AWAITING_DATA", "DECIDED", "RESULT_SENT"], 1, 0))
        code, signer = report(lab, "waited", document(lab, message))
        c.same(f"{kind}: with a good stamp", (code, signer.get("level")), ("OK", "XAdES-T"))
    log = lab.log.read_text()
    c.same("each is in the log", len(re.findall(r"request\.awaiting .*reason=TIMESTAMP_UNAVAILABLE", log)) >= len(FAULTS), True)
    lab.pki_fault("tsa", "mods")
    modified = Message("sync")
    c.same("granted with modifications is granted", element(modified.send(lab).body, "code"), "SUCCESS")
    lab.pki_fault("tsa")


def budget(lab):
    """A caller who waits is told in time, however slow the authority is."""
    lab.pki_fault("tsa", "silent")
    start = time.monotonic()
    message = Message("sync")
    answer = message.send(lab)
    took = time.monotonic() - start
    lab.pki_fault("tsa")
    c.same("told that it is under way", (answer.status, element(answer.body, "code")), (200, "IN_PROGRESS"), answer)
    c.that("within his time", took < 3.5, took)
    c.within("and delivered later", lambda: settled(lab))
    c.same("asked again, he gets the result", element(message.send(lab).body, "code"), "SUCCESS")


def killed(lab):
    """kill -9 while the authority is being asked: one result, stamped, as if nothing had happened."""
    store = Store(lab)
    lab.pki_fault("tsa", "delay", ms=300)
    messages = [Message("async") for _ in range(12)]
    for round_ in range(3):
        for message in messages[round_ * 4:round_ * 4 + 4]:
            message.send(lab)
        time.sleep(0.2 + 0.1 * round_)
        worker, starts = lab.children()["worker"], lab.log.read_text().count("serve.ready")
        os.kill(worker, signal.SIGKILL)
        wait_for("a new worker", lambda: lab.children().get("worker") not in (None, worker) and lab.log.read_text().count("serve.ready") > starts, 30)
        time.sleep(1.1)
    lab.pki_fault("tsa")
    c.within("all are delivered", lambda: settled(lab), 30)
    for message in messages:
        box = cabinet(lab, message.correlation_id)
        c.same("one result each", (box["responses"], report(lab, "killed", document(lab, message))[1].get("level")), (1, "XAdES-T"))
    c.same("one decision each", store.value("SELECT max(n) FROM (SELECT count(*) AS n FROM decision GROUP BY request_id)"), 1)


def optional():
    """required = no: delivered at once without a stamp, counted and logged; with one again when the authority is back."""
    with Lab(settings=with_tsa(required="no")) as lab:
        kinds = ("http500", "wrong-imprint", "foreign", "silent", "rejection")
        for n, kind in enumerate(kinds):
            lab.pki_fault("tsa", kind)
            message = Message("sync")
            answer = message.send(lab)
            c.same(f"optional, {kind}: answered", (answer.status, element(answer.body, "code")), (200, "SUCCESS"), answer)
            c.within(f"optional, {kind}: delivered", lambda: settled(lab))
            data = document(lab, message)
            code, signer = report(lab, kind, data)
            c.same(f"optional, {kind}: XAdES-BES, no token", (code, signer.get("level"), token_of(data)[0]), ("OK", "XAdES-BES", None))
            c.same(f"optional, {kind}: counted", metric(lab, "egov_results_unstamped_total"), n + 1)
        c.same("each in the log", len(re.findall(r"result\.unstamped .*reason=TIMESTAMP_UNAVAILABLE", lab.log.read_text())), len(kinds))
        lab.pki_fault("tsa")
        message = Message("sync")
        message.send(lab)
        c.within("delivered", lambda: settled(lab))
        c.same("stamped again", report(lab, "again", document(lab, message))[1].get("level"), "XAdES-T")


def gost():
    """The provider's head and the authority both with national keys."""
    with Lab(settings=with_tsa("tsa-gost", digest="gost2015"), keys={"head": "gost-head-160640900019"}) as lab:
        message = Message("sync")
        c.same("GOST: answered", element(message.send(lab).body, "code"), "SUCCESS")
        c.within("GOST: delivered", lambda: settled(lab))
        code, signer = report(lab, "gost", document(lab, message))
        c.same("GOST: verified", (code, signer.get("level")), ("OK", "XAdES-T"))


def breaker():
    """A dead authority is left alone: after its failures nobody asks it, and state systems are not asked in vain either; it is found again."""
    def settings(lab):
        made = with_tsa()(lab)
        made["tsa"].update({"failures_max": 2, "open_ms": 3000, "open_ms_max": 3000})
        return made
    with Lab(settings=settings) as lab:
        lab.pki_fault("tsa", "refuse")
        messages = [Message("async") for _ in range(3)]
        for message in messages:
            message.send(lab)
        wait_for("the breaker", lambda: metric(lab, 'egov_breaker{destination="tsa"}') == 1)
        c.within("all wait", lambda: metric(lab, 'egov_requests{state="AWAITING_DATA"}') == 3)
        late = Message("async")
        request = int(element(late.send(lab).body, "messageId")[3:])
        c.within("so does a later one", lambda: metric(lab, 'egov_requests{state="AWAITING_DATA"}') == 4)
        c.that("and it is told why", "its breaker is open" in lab.log.read_text())
        messages.append(late)
        c.same("no state system was asked for it", Store(lab).rows("SELECT answered_at, failures FROM query WHERE request_id = ?", request), [(None, 0), (None, 0)])
        lab.pki_fault("tsa")
        c.within("it comes back by itself", lambda: settled(lab), 30)
        c.same("each delivered once", [cabinet(lab, m.correlation_id)["responses"] for m in messages], [1, 1, 1, 1])


def main():
    with Lab(settings=with_tsa()) as lab:
        data = c.part(good, lab)
        if data:
            c.part(outlives, lab, data)
        c.part(waits, lab)
        c.part(budget, lab)
        c.part(killed, lab)
    c.part(optional)
    c.part(gost)
    c.part(breaker)


main()
c.finish()
