#!/usr/bin/python3
"""Revocation over the real daemon and the simulated authority: what is revoked is refused, what is not known waits and is never good, and whoever was
known stays known while every responder is down. What single bad answers mean: tests/unit/test_ocsp.c, test_crl.c; the rules: tests/unit/test_revocation.c."""
import hashlib
import json
import os
import re
import signal
import threading
import time

from check import PKI, Checks, Lab, Message, Store, cabinet, element, fault, http_call, metric, moment, number_of, problem, said, state_of, status, wait_for

c = Checks()
A, B, D, E = "applicant-850412390011", "applicant-870930490018", "applicant-480509390010", "applicant-790321490015"
QUICK = {"retry_first_ms": 100, "retry_longest_ms": 400, "timeout_ms": 1000, "connect_timeout_ms": 500}


def settings(sync_wait_ms=5000, **revocation):
    def sections(lab):
        return {**lab.revocation_sections(**{**QUICK, **revocation}), "gateway": {"sync_wait_ms": sync_wait_ms},
                "verify": {"clock_skew_ms": 0}, "retry": {"first_ms": 100, "longest_ms": 1000}}
    return sections


def person(name):
    return name.removeprefix("applicant-")


def message(name, channel="sync", **fields):
    return Message(channel, applicant=person(name), signer=name, **fields)


def known(lab, source, answer):
    return metric(lab, f'egov_revocation_answers_total{{source="{source}",answer="{answer}"}}') or 0


def taken(lab, kind):
    return metric(lab, f'egov_revocation_fetches_total{{source="{kind}",result="taken"}}') or 0


def everything(lab, kind):
    for endpoint in ("ocsp", "crl", "delta"):
        lab.pki_fault(endpoint, kind)


def offline(lab):
    """I7: what the store keeps is enough to judge again, without the gateway and the network."""
    folder = lab.folder / "evidence"
    folder.mkdir()
    for sha256, kind, content in Store(lab).rows("SELECT sha256, kind, bytes FROM evidence"):
        (folder / f"{sha256.hex()}.{kind}").write_bytes(content)
        c.same("evidence is what its name says", hashlib.sha256(content).digest(), sha256)
    application, revoked = lab.folder / "application.xml", lab.folder / "revoked.xml"
    application.write_bytes(Store(lab).value("SELECT application FROM message_body ORDER BY request_id DESC LIMIT 1"))
    revoked.write_text(Message(signer="bad-revoked").application)

    def code(file, *options):
        return json.loads(lab.run("verify", "--trust", PKI / "trust", "--json", *options, file).stdout)[0]["code"]
    c.same("good by its evidence", code(application, "--ocsp", folder, "--crl", folder), "OK")
    c.same("not by another's", code(application, "--crl", PKI / "crl" / "root.crl"), "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN")
    c.same("revoked by the kept list", code(revoked, "--crl", folder), "APPLICANT_CERTIFICATE_REVOKED")
    c.same("not asked", code(revoked), "OK")
    c.same("not for a day that the answers do not reach", code(application, "--ocsp", folder, "--at", moment(hours=30)), "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN")
    c.same("a file that is not there", lab.run("verify", "--trust", PKI / "trust", "--crl", folder / "none", application).returncode, 2)


def with_both():
    with Lab(settings=settings(refresh_ms=3600000)) as lab:
        c.same("cold: the CRL fetched at the start decides", said(message(A).send(lab)), "SUCCESS")
        c.that("from the CRL", known(lab, "crl", "good") > 0)
        c.within("OCSP is asked behind", lambda: taken(lab, "ocsp") >= 5)  # portal, two registries, cabinet, applicant
        before, ocsp = lab.pki_state()["requests"], known(lab, "ocsp", "good")
        for _ in range(5):
            c.same("warm", said(message(A).send(lab)), "SUCCESS")
        c.same("without a question to anybody", lab.pki_state()["requests"], before)
        c.that("by OCSP", known(lab, "ocsp", "good") >= ocsp + 10)
        verdict = json.loads(Store(lab).value("SELECT verdict FROM message_body ORDER BY request_id DESC LIMIT 1"))
        for part in (verdict["transport"], verdict["applicantSigners"][0]):
            told = part["revocation"]
            c.same("the verdict says by whom", (told["answer"], told["source"]), ("GOOD", "OCSP"))
            c.that("as of when", told["thisUpdate"] and told["producedAt"])
            c.same("and the evidence is kept", Store(lab).value("SELECT kind FROM evidence WHERE sha256 = ?", bytes.fromhex(told["evidence"][0])), "ocsp")
        c.same("evidence once each", Store(lab).value("SELECT count(*) - count(DISTINCT sha256) FROM evidence"), 0)
        offline(lab)
        c.same("a revoked applicant", said(Message(signer="bad-revoked").send(lab)), "APPLICANT_CERTIFICATE_REVOKED")
        c.same("a revoked portal", said(Message(sender_key="system-portal-revoked").send(lab)), "TRANSPORT_CERTIFICATE_REVOKED")
        c.same("GOST", said(Message(signer="gost-applicant-850412390011").send(lab)), "SUCCESS")
        c.same("nothing of them is stored", status(lab)["requests"]["REJECTED_INTAKE"], 0)
        text = http_call(lab.url + "/metrics").text
        c.that("metrics of each authority", all(f'egov_revocation_crl_usable{{authority="{a}"}} 1' in text for a in ("rsa", "gost")), text)

        # Restart while nobody answers: what was known is known.
        c.same("stopped", lab.stop("gateway"), 0)
        everything(lab, "refuse")
        before = known_files = sorted(p.name for p in (lab.folder / "revocation").iterdir())
        c.that("the folder has answers and lists", {".ocsp", ".crl", ".issuer"} <= {n[n.index("."):] for n in known_files}, before)
        spoilt = next(p for p in (lab.folder / "revocation").iterdir() if p.suffix == ".delta")
        spoilt.write_bytes(spoilt.read_bytes()[:100])
        lab.start_gateway()
        c.same("after a restart with all responders down", said(message(A).send(lab)), "SUCCESS")
        c.that("from the folder", known(lab, "ocsp", "good") > 0)
        c.same("a revoked one stays so", said(Message(signer="bad-revoked").send(lab)), "APPLICANT_CERTIFICATE_REVOKED")
        c.same("a spoilt file is told once and removed", (lab.log.read_text().count("revocation.discarded"), spoilt.exists()), (1, False))
        def lines(way):
            return len(re.findall(rf"revocation\.{way} .*authority=rsa source=crl", lab.log.read_text()))
        c.within("who is down is told", lambda: lines("down") == 1)
        everything(lab, "none")
        c.within("and that he is back", lambda: lines("up") == 1)
        c.same("each change is one line", lines("down"), 1)


def by_ocsp_alone():
    """Answers get old in a second here, so each fault shows."""
    with Lab(settings=settings(mode="ocsp", refresh_ms=300, age_max_ms=1500, unknown="refuse")) as lab:
        def good():
            return said(message(A).send(lab)) == "SUCCESS"
        c.within("good, once it is asked", good)
        for kind in ("http500", "silent", "tryLater", "garbage", "foreign", "good-and-revoked", "wrong-certificate", "expired"):
            lab.pki_fault("ocsp", kind)
            c.within(f"{kind}: not known is not good", lambda: said(message(A).send(lab)) == "TRANSPORT_CERTIFICATE_REVOCATION_UNKNOWN", 6)
            lab.pki_fault("ocsp")
            c.within(f"{kind}: and good again by itself", good, 6)
        lab.revoke(A, reason=1)
        c.within("revoked", lambda: said(message(A).send(lab)) == "APPLICANT_CERTIFICATE_REVOKED", 6)
        lab.pki_fault("ocsp", "http500")
        time.sleep(1.7)
        lab.pki_fault("ocsp")
        c.within("revoked for good", lambda: said(message(A).send(lab)) == "APPLICANT_CERTIFICATE_REVOKED", 6)


def refusing():
    with Lab(settings=settings(mode="ocsp", unknown="refuse", refresh_ms=3600000)) as lab:
        c.within("the portal is known", lambda: said(message(A).send(lab)) == "SUCCESS")
        lab.pki_fault("ocsp", "http500")
        stored = Store(lab).value("SELECT count(*) FROM request")
        soap, rest = message(B), message(B, "rest")
        answer = soap.send(lab)
        c.same("unknown = refuse: try again", fault(answer), (503, "SCE909", "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN"))
        c.that("when", answer.headers["Retry-After"], dict(answer.headers))
        c.same("REST alike", (rest.send(lab).status, rest.send(lab).json["reason"]), (503, "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN"))
        c.same("nothing is stored", Store(lab).value("SELECT count(*) FROM request"), stored)

        def ocsp_is(how):
            return lambda: ("rsa", how) in {(row["authority"], row["sources"].get("ocsp")) for row in status(lab).get("health", {}).get("revocation", [])}
        c.within("the operator sees who is down", ocsp_is("down"))
        lab.pki_fault("ocsp")
        c.within("the same message later", lambda: said(soap.send(lab)) == "SUCCESS")
        c.within("and that it is back", ocsp_is("up"))


def repeated():
    """I2: the same bytes again get the same answer, whatever became of certificates and dates since; other bytes are judged as they come."""
    with Lab(settings=lambda lab: {**settings(mode="ocsp", refresh_ms=300)(lab), "verify": {"clock_skew_ms": 0, "message_age_ms": 15000}}) as lab:
        c.within("all are known", lambda: said(message(A).send(lab)) == "SUCCESS")
        sent = [message(A, channel) for channel in ("sync", "async", "rest")]
        first = [m.send(lab) for m in sent]
        numbers = [number_of(answer) for answer in first]
        document = element(first[0].body, "data")
        c.that("the three are registered", all(numbers) and document, [a.body[:200] for a in first])
        def same_again(when):
            for m, number in zip(sent, numbers):
                answer = m.send(lab)
                c.same(f"{when}, {m.channel}: the same number", number_of(answer), number, answer.body[:300])
                if m.channel == "sync":
                    c.same(f"{when}: the same document", element(answer.body, "data"), document)
        lab.revoke(A, reason=1)
        c.within("the applicant is revoked", lambda: said(message(A).send(lab)) == "APPLICANT_CERTIFICATE_REVOKED", 6)
        same_again("applicant revoked")
        lab.revoke("system-portal", reason=1)
        c.within("the portal too", lambda: said(message(B).send(lab)) == "TRANSPORT_CERTIFICATE_REVOKED", 6)
        same_again("portal revoked")
        time.sleep(15)
        same_again("the date has become stale")
        changed = sent[0].body.replace(b"</SOAP", b" </SOAP", 1) if b"</SOAP" in sent[0].body else sent[0].body + b"\n"
        c.same("one more blank is another message", said(sent[0].send(lab, changed)), "TRANSPORT_CERTIFICATE_REVOKED")
        stranger = http_call(lab.tls_url + sent[2].path, "POST", sent[2].body, {"Content-Type": "application/xml", "Idempotency-Key": sent[2].id}, "tls-gateway-client")
        c.same("the bytes alone are not enough over REST", problem(stranger)[2], "CLIENT_CERTIFICATE_REQUIRED")
        for m in sent:
            c.same(f"{m.channel}: registered once, one result", Store(lab).rows("SELECT count(DISTINCT m.request_id), count(*) FROM message AS m JOIN outbox AS o USING (request_id)"
                                                                                " WHERE m.message_id = ? AND o.kind = 'RESPONSE'", m.id), [(1, 1)])


def without_a_source():
    # The lab's [authority gost] becomes another authority's, so nobody speaks for GOST.
    with Lab(settings=lambda lab: {**lab.revocation_sections(("rsa",), **QUICK), "authority gost": lab.revocation_sections(("next",))["authority next"],
                                   "gateway": {"sync_wait_ms": 300}}) as lab:
        c.same("an authority that nobody configured: its certificates wait", said(Message("sync", applicant=person(A), signer=f"gost-{A}").send(lab)), "IN_PROGRESS")
        c.same("and the operator is told, once", lab.log.read_text().count("revocation.no_source"), 1)
        c.same("the others are good", said(message(A).send(lab)), "SUCCESS")


def by_crl_alone():
    with Lab(settings=settings(mode="crl", refresh_ms=300, age_max_ms=3600000)) as lab:
        c.same("good", said(message(A).send(lab)), "SUCCESS")
        c.same("OCSP is not asked", lab.pki_state()["ocsp/rsa"]["requests"], 0)
        lab.set_status(A, "hold", delta=1)
        c.within("held, said the delta alone", lambda: said(message(A).send(lab)) == "APPLICANT_CERTIFICATE_REVOKED", 6)
        lab.release(A, delta=1)
        c.within("released", lambda: said(message(A).send(lab)) == "SUCCESS", 6)
        lab.revoke(B)
        c.within("revoked", lambda: said(message(B).send(lab)) == "APPLICANT_CERTIFICATE_REVOKED", 6)
        lab.pki_fault("crl", "bad-signature")
        lab.pki_fault("delta", "bad-signature")
        c.within("a forged list is not taken", lambda: (metric(lab, 'egov_revocation_fetches_total{source="crl",result="failed"}') or 0) > 2)
        c.same("and the last good one stays", (said(message(D).send(lab)), said(message(B).send(lab))), ("SUCCESS", "APPLICANT_CERTIFICATE_REVOKED"))


def kill_worker(lab):
    pid, seen = lab.children()["worker"], lab.log.read_text().count("serve.ready")
    os.kill(pid, signal.SIGKILL)
    wait_for("a new worker", lambda: lab.children().get("worker") not in (None, pid) and lab.log.read_text().count("serve.ready") > seen, 30)


def waiting():
    with Lab(settings=settings(mode="ocsp", sync_wait_ms=600, refresh_ms=3600000)) as lab:
        c.within("the portal and the registries are known", lambda: said(message(A).send(lab)) == "SUCCESS")
        lab.pki_fault("ocsp", "http500")
        sync, asynchronous, rest = message(B), message(B, "async"), message(B, "rest")
        first = [m.send(lab) for m in (sync, asynchronous, rest)]
        c.same("sync is told that it is registered", said(first[0]), "IN_PROGRESS")
        c.that("and being checked", "проверяется" in first[0].text, first[0])
        c.same("async is acknowledged", first[1].status, 200)
        c.same("REST: 202", (first[2].status, first[2].json["state"]), (202, "CHECKING"))
        numbers = [number_of(a) for a in first]
        c.same("three requests wait", status(lab)["requests"]["CHECKING"], 3)
        c.same("a repetition is the same", [number_of(m.send(lab)) for m in (sync, asynchronous, rest)], numbers)
        c.same("the cabinet knows nothing yet", cabinet(lab, sync.correlation_id), None)
        kill_worker(lab)
        c.same("after kill -9 they still wait", status(lab)["requests"]["CHECKING"], 3)
        c.same("and repetitions are the same", [number_of(m.send(lab)) for m in (sync, asynchronous, rest)], numbers)
        lab.pki_fault("ocsp")
        c.within("they go on when the responder does", lambda: [state_of(lab, n) for n in numbers] == ["RESULT_SENT"] * 3)
        c.same("with the notices as ever", cabinet(lab, sync.correlation_id)["states"], ["REGISTERED", "DECIDED", "RESULT_SENT"])
        c.same("the result is there", said(sync.send(lab)), "SUCCESS")
        verdict = json.loads(Store(lab).value("SELECT verdict FROM message_body WHERE request_id = ?", int(numbers[0][3:])))
        c.same("the verdict is renewed", (verdict["code"], verdict["applicantSigners"][0]["revocation"]["source"], verdict["transport"]["revocation"]["answer"]),
               ("OK", "OCSP", "GOOD"))

        lab.pki_fault("ocsp", "http500")
        before, after = message(D), message(E)
        waits = [m.send(lab) for m in (before, after)]
        c.same("again", [said(a) for a in waits], ["IN_PROGRESS"] * 2)
        lab.revoke(D, ago=3600)
        time.sleep(1.1)
        lab.revoke(E)
        kill_worker(lab)
        lab.pki_fault("ocsp")
        numbers = [number_of(a) for a in waits]
        c.within("revoked before the receipt", lambda: state_of(lab, numbers[0]) == "REJECTED_INTAKE")
        c.within("revoked after the receipt", lambda: state_of(lab, numbers[1]) == "RESULT_SENT")
        c.within("a notice of it", lambda: (cabinet(lab, before.correlation_id) or {}).get("states") == ["REJECTED_INTAKE"])
        c.same("and a repetition says why", said(before.send(lab)), "APPLICANT_CERTIFICATE_REVOKED")
        event = Store(lab).rows("SELECT from_state, to_state, detail FROM event WHERE request_id = ?", int(numbers[0][3:]))
        c.same("one event", event, [(0, 2, "APPLICANT_CERTIFICATE_REVOKED")])
        refused = message(D, "rest").send(lab)
        c.same("REST says it at once now", refused.json["reason"], "APPLICANT_CERTIFICATE_REVOKED")
        c.that("no IIN in the log", person(D) not in lab.log.read_text() and person(B) not in lab.log.read_text())
        c.same("the record of events is whole", lab.run("fsck", "--conf", lab.conf).returncode, 0)


def main():
    # Side by side: most of it is waiting.
    parts = [threading.Thread(target=c.part, args=(part,)) for part in (with_both, by_ocsp_alone, refusing, repeated, without_a_source, by_crl_alone, waiting)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    c.finish()


main()
