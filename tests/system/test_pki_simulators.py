#!/usr/bin/python3
"""The simulated certification authority over HTTP: openssl's own ocsp, crl and ts commands believe it, see each fault, and whoever asks
nonsense gets a clean error. What the faults mean to the gateway's judges: tests/unit/test_pki_simulators.c."""
import base64
import http.client
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from check import PKI, Checks, Lab, http_call

c = Checks()
OCSP_TYPE, TSA_TYPE = "application/ocsp-request", "application/timestamp-query"
GOOD, BAD = "applicant-850412390011", "bad-revoked"


class Simulators(Lab):
    """Without a gateway."""

    def start_gateway(self):
        pass


def openssl(*args, text=True):
    done = subprocess.run(["openssl", *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=text, check=False)
    return done.returncode, done.stdout + done.stderr


def request_of(folder, name, *options, issuer="issuing"):
    path = folder / "request"
    openssl("ocsp", "-issuer", PKI / "ca" / f"{issuer}.pem", *options, "-cert", PKI / "certs" / f"{name}.pem", "-reqout", path)
    return path.read_bytes()


def ask(lab, name, authority="rsa", issuer="issuing", *options):
    """What `openssl ocsp` makes of it: "good", "revoked", … when it believes, else None and what it said."""
    code, said = openssl("ocsp", "-issuer", PKI / "ca" / f"{issuer}.pem", "-sha256", "-cert", PKI / "certs" / f"{name}.pem", "-url",
                         lab.pki_urls(authority)["ocsp"], "-CAfile", PKI / "ca" / "root.pem", "-verify_other", PKI / "ca" / f"{issuer}.pem", "-timeout", "5",
                         *options)
    status = [line.split(": ")[1] for line in said.splitlines() if line.startswith(str(PKI))]
    believed = code == 0 and "Response verify OK" in said and "WARNING" not in said
    return (status[0].strip() if believed and status else None), said


def ocsp(lab):
    c.same("good", ask(lab, GOOD)[0], "good")
    c.same("revoked", ask(lab, BAD)[0], "revoked")
    c.same("of the new authority, signed by itself", ask(lab, "next-system-portal", "next", "issuing-next")[0], "good")
    lab.revoke(GOOD, reason=4, ago=3600)
    status, said = ask(lab, GOOD)
    c.that("revoked while it runs, with reason", status == "revoked" and "Reason: superseded" in said, said)
    lab.set_status(GOOD, "hold")
    c.that("on hold", "certificateHold" in ask(lab, GOOD)[1])
    lab.set_status(GOOD, "unknown")
    c.same("unknown", ask(lab, GOOD)[0], "unknown")
    lab.release(GOOD)
    c.same("good again", ask(lab, GOOD)[0], "good")
    lab.set_ocsp(life=0)
    c.that("no nextUpdate", "Next Update" not in ask(lab, GOOD)[1])
    lab.set_ocsp(life=60, age=1200)  # openssl allows five minutes
    c.same("an old answer", ask(lab, GOOD)[0], None)
    lab.set_ocsp(life=3600, age=0)


# What `openssl ocsp` says of each; None: it believes.
OCSP_FAULTS = {
    "tryLater": "trylater", "internalError": "internalerror", "unauthorized": "unauthorized", "malformedRequest": "malformedrequest",
    "wrong-certificate": "No Status found", "wrong-issuer": "No Status found", "no-single": "No Status found", "expired": "status expired",
    "future": "status not yet valid", "wrong-nonce": "Nonce Verify error", "no-nonce": "WARNING: no nonce", "foreign": "Response Verify Failure",
    "no-eku": "missing ocspsigning usage", "expired-responder": "certificate has expired", "by-leaf": "missing ocspsigning usage",
    "no-certificate": "signer certificate not found", "bad-signature": "Response Verify Failure", "truncated": "Error querying OCSP responder", "garbage": "Error querying OCSP responder",
    "empty": "Error querying OCSP responder", "html": "Error querying OCSP responder", "http500": "Error querying OCSP responder", "http404": "Error querying OCSP responder",
    "cut": "Error querying OCSP responder", "refuse": "Error querying OCSP responder", "huge": "Error querying OCSP responder",
    "old": None, "old-produced": None, "no-next-update": None, "extra": None, "by-issuer": None, "sha1": None, "good-and-revoked": None, "critical": None,
    "critical-single": None, "delay": None,
}
# Of those that openssl believes: what its text shows.
OCSP_MARKS = {"critical": "1.2.398.3.3.5.99: critical", "critical-single": "1.2.398.3.3.5.99: critical", "sha1": "sha1WithRSAEncryption"}


def ocsp_faults(lab):
    for kind, wanted in OCSP_FAULTS.items():
        lab.pki_fault("ocsp/rsa", kind, count=1, ms=50)
        status, said = ask(lab, GOOD, "rsa", "issuing", "-resp_text")
        if wanted is None:
            c.that(f"ocsp {kind}: believed by openssl", status and OCSP_MARKS.get(kind, "") in said, said)
            c.same(f"ocsp {kind}: how many answers", said.count("Certificate ID:"), 2 if kind in ("extra", "good-and-revoked") else 1)
        else:
            c.that(f"ocsp {kind}: not believed", status is None and wanted in said, said)
        c.same(f"ocsp {kind}: the next answer is right", ask(lab, GOOD)[0], "good")


def ocsp_requests(lab, folder):
    url = lab.pki_urls()["ocsp"]
    # In an address, a certificate whose question has no "//" in its base64: our server takes neither that nor %2F. Serial numbers are made anew with each test PKI.
    names = (GOOD, "system-portal", "head-160640900019", "applicant-850412390011", "applicant-870930490018")
    questions = (request_of(folder, name, "-sha256", "-no_nonce") for name in names)
    der = next(q for q in questions if b"//" not in base64.b64encode(q))
    answer = http_call(url, "POST", der, {"Content-Type": OCSP_TYPE})
    c.same("POST", (answer.status, answer.headers.get_content_type(), answer.body[:1]), (200, "application/ocsp-response", b"\x30"))
    text = urllib.parse.quote(base64.b64encode(der).decode(), safe="/")
    got = http_call(f"{url}/{text}")
    c.same("GET", (got.status, got.headers.get_content_type(), len(got.body)), (200, "application/ocsp-response", len(answer.body)))
    c.same("GET without name", http_call(f"{lab.simulators['ocsp']}{text}").status, 200)
    for name, issuer in (("next-system-portal", "issuing-next"), (GOOD, "issuing"), ("gost-system-portal", "gost-issuing")):
        one = http_call(lab.simulators["ocsp"], "POST", request_of(folder, name, "-sha256", "-no_nonce", issuer=issuer), {"Content-Type": OCSP_TYPE})
        c.that(f"/ocsp/ finds the authority of {name}", one.status == 200 and len(one.body) > 500, one)
    both = request_of(folder, GOOD, "-sha256", "-no_nonce", "-cert", PKI / "certs" / f"{BAD}.pem")
    c.that("two questions, two answers", len(http_call(url, "POST", both, {"Content-Type": OCSP_TYPE}).body) > len(answer.body) + 60)
    foreign = request_of(folder, "bad-foreign-ca", "-sha256", "-no_nonce", issuer="foreign-issuing")
    for where in (url, lab.simulators["ocsp"]):
        c.same("another authority's certificate: unauthorized", http_call(where, "POST", foreign, {"Content-Type": OCSP_TYPE}).body, b"\x30\x03\x0a\x01\x06")
    for name, bad in (("nothing", b""), ("no DER", b"hello"), ("half", der[:40]), ("too much", der + b"x"), ("much", b"\x30" * 60000)):
        said = http_call(url, "POST", bad, {"Content-Type": OCSP_TYPE})
        c.same(f"{name}: malformedRequest", (said.status, said.body), (200, b"\x30\x03\x0a\x01\x01"))
    for name, wanted, method, path, body, headers in (
            ("other type", 415, "POST", "ocsp/rsa", der, {"Content-Type": "text/xml"}), ("no type", 415, "POST", "ocsp/rsa", der, {}),
            ("other method", 405, "PUT", "ocsp/rsa", der, {"Content-Type": OCSP_TYPE}), ("no such authority", 404, "POST", "ocsp/nobody", der, {"Content-Type": OCSP_TYPE}),
            ("GET of nothing", 400, "GET", "ocsp/rsa", None, {}), ("GET of no base64", 400, "GET", "ocsp/rsa/!!!", None, {}),
            ("larger than 64 KiB", 413, "POST", "ocsp/rsa", b"x" * 70000, {"Content-Type": OCSP_TYPE}), ("no such path", 404, "GET", "other", None, {}),
            ("no such list", 404, "GET", "crl/nobody.crl", None, {}), ("no list", 404, "GET", "crl/issuing.crl.x", None, {}),
            ("list by POST", 405, "POST", "crl/issuing.crl", b"", {}), ("stamp by GET", 405, "GET", "tsa", None, {}),
            ("stamp of another type", 415, "POST", "tsa", der, {"Content-Type": OCSP_TYPE}),
            ("stamp larger than 64 KiB", 413, "POST", "tsa", b"x" * 70000, {"Content-Type": TSA_TYPE})):
        c.same(name, http_call(lab.simulators["pki"] + path, method, body, headers).status, wanted)


# ---- lists ----

def read_list(lab, folder, which="crl", authority="rsa"):
    """(verified by openssl, its text)"""
    answer = http_call(lab.pki_urls(authority)[which])
    (folder / "list").write_bytes(answer.body)
    issuer = {"rsa": "issuing", "next": "issuing-next"}.get(authority, authority)
    code, said = openssl("crl", "-inform", "DER", "-in", folder / "list", "-noout", "-text", "-CAfile", PKI / "ca" / f"{issuer}.pem")
    return answer.status == 200 and code == 0 and "verify OK" in said, said


def judged(folder, name):
    """What `openssl verify` says with the list just read."""
    openssl("crl", "-inform", "DER", "-in", folder / "list", "-out", folder / "list.pem")
    return openssl("verify", "-crl_check", "-CRLfile", folder / "list.pem", "-CAfile", PKI / "ca" / "root.pem", "-untrusted", PKI / "ca" / "issuing.pem",
                   PKI / "certs" / f"{name}.pem")[1]


def lists(lab, folder):
    for authority in ("rsa", "next", "root"):
        good, said = read_list(lab, folder, "crl", authority)
        c.that(f"{authority}: a list with number and freshest list", good and "X509v3 CRL Number" in said and f"-delta.crl" in said, said)
        good, said = read_list(lab, folder, "delta", authority)
        c.that(f"{authority}: a delta", good and "Delta CRL Indicator: critical" in said, said)
    c.same("its type", http_call(lab.pki_urls()["crl"]).headers.get_content_type(), "application/pkix-crl")
    read_list(lab, folder)
    c.that("openssl verify: good", judged(folder, GOOD).endswith(": OK\n"), judged(folder, GOOD))
    c.that("openssl verify: revoked", "certificate revoked" in judged(folder, BAD))
    lab.revoke(GOOD, delta=True)
    c.that("only the delta has it", "No Revoked" not in read_list(lab, folder, "delta")[1] and not read_list(lab, folder)[1].count("Revocation Date") > 3)
    lab.set_lists(renew=True)
    read_list(lab, folder)
    c.that("the renewed list has it", "certificate revoked" in judged(folder, GOOD))
    c.that("and the delta has nothing", "No Revoked" in read_list(lab, folder, "delta")[1])
    lab.set_lists(frozen=True)
    first = http_call(lab.pki_urls()["crl"]).body
    lab.release(GOOD)
    time.sleep(1.1)
    c.same("frozen: the same bytes", http_call(lab.pki_urls()["crl"]).body, first)
    lab.set_lists(frozen=False, age=100, life=50)
    c.that("thawed, and too old", read_list(lab, folder)[0] and "CRL has expired" in judged(folder, GOOD), judged(folder, GOOD))
    lab.set_lists(age=0, life=604800, fill=20000)
    c.that("a long one", read_list(lab, folder)[0] and len((folder / "list").read_bytes()) > 20000 * 30)
    lab.set_lists(fill=0)


# What the text shows, and what `openssl verify` says of a good certificate then.
LIST_FAULTS = {
    "expired": (True, "", "CRL has expired"), "future": (True, "", "CRL is not yet valid"), "other-issuer": (False, "", "unable to get certificate CRL"),
    "wrong-key": (False, "", "CRL signature failure"), "bad-signature": (False, "", "CRL signature failure"),
    "critical": (True, "1.2.398.3.3.5.99: critical", "unhandled critical CRL extension"), "critical-entry": (True, "1.2.398.3.3.5.99: critical", "unhandled critical CRL extension"),
    "indirect": (True, "Indirect CRL", None), "ca-only": (True, "Only CA Certificates", "different CRL scope"),
    "some-reasons": (True, "Only Some Reasons", "unable to get certificate CRL"), "no-next-update": (True, "Next Update: NONE", None),
    "no-number": (True, "", None), "swapped": (True, "Delta CRL Indicator", None), "sha1": (True, "sha1WithRSAEncryption", None), "delay": (True, "", ": OK"),
}


def list_faults(lab, folder):
    for kind, (good, mark, verdict) in LIST_FAULTS.items():
        lab.pki_fault("crl/issuing", kind, count=1, ms=50)
        believed, said = read_list(lab, folder)
        c.that(f"crl {kind}: its signature", believed == good and mark in said, said)
        if verdict:
            c.that(f"crl {kind}: openssl verify", verdict in judged(folder, GOOD), judged(folder, GOOD))
        if kind == "no-number":
            c.that("no number indeed", "CRL Number" not in said)
        c.that(f"crl {kind}: the next is right", read_list(lab, folder)[0])
    lab.pki_fault("delta", "wrong-base", count=1)
    base = read_list(lab, folder)[1].split("X509v3 CRL Number: \n")[1].split()[0]
    told = read_list(lab, folder, "delta")[1].split("Delta CRL Indicator: critical\n")[1].split()[0]
    c.that("a delta to a list that is still to come", int(told) > int(base), f"{told} {base}")
    lab.pki_fault("crl", "none")
    lab.pki_fault("delta", "none")


# ---- how it is sent ----

def transport_faults(lab, folder):
    url = lab.pki_urls()["crl"]
    whole = len(http_call(url).body)
    for kind, check in {"empty": lambda a: a.status == 200 and a.body == b"", "truncated": lambda a: a.status == 200 and len(a.body) == whole // 2,
                        "trailing": lambda a: len(a.body) == whole + 4, "html": lambda a: a.headers.get_content_type() == "text/html",
                        "garbage": lambda a: a.body.startswith(b"\x30\x82"), "http500": lambda a: a.status == 500, "http404": lambda a: a.status == 404,
                        "huge": lambda a: len(a.body) > 60000000}.items():
        lab.pki_fault("crl/rsa", kind, count=1)
        answer = http_call(url)
        c.that(f"{kind}", check(answer), f"{answer.status} {answer.headers} {len(answer.body)}")
    for kind in ("cut", "refuse"):
        lab.pki_fault("crl/rsa", kind, count=1)
        try:
            c.that(kind, False, http_call(url))
        except (OSError, http.client.HTTPException):
            c.that(kind, True)
    for kind, least in (("silent", 0), ("slow", 1)):
        lab.pki_fault("crl/rsa", kind, count=1, ms=20)
        parts = urllib.parse.urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=0.4) as raw:
            raw.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            seen = b""
            end = time.monotonic() + 0.5
            try:
                while time.monotonic() < end and (some := raw.recv(1)):
                    seen += some
            except TimeoutError:
                pass
        c.that(kind, least * 2 <= len(seen) < 100, len(seen))
    c.same("and right again", len(http_call(url).body), whole)


# ---- time stamps ----

def stamp(lab, folder, path="tsa", *options):
    (folder / "data").write_bytes(b"what is stamped")
    openssl("ts", "-query", "-data", folder / "data", "-sha256", "-cert", "-out", folder / "query", *options)
    answer = http_call(lab.simulators[path], "POST", (folder / "query").read_bytes(), {"Content-Type": TSA_TYPE})
    (folder / "reply").write_bytes(answer.body)
    text = openssl("ts", "-reply", "-in", folder / "reply", "-text")[1]
    code, said = openssl("ts", "-verify", "-in", folder / "reply", "-queryfile", folder / "query", "-CAfile", PKI / "ca" / "root.pem", "-untrusted",
                         PKI / "ca" / "issuing.pem")
    return code == 0 and "Verification: OK" in said, text + said, answer


STAMP_FAULTS = {
    "rejection": "Rejected", "no-time": "time source is not available", "mods": None, "wrong-imprint": "message imprint mismatch", "wrong-nonce": "nonce mismatch",
    "no-nonce": "nonce not returned", "no-certificate": "signer certificate not found", "no-eku": "unsuitable certificate purpose", "plain-eku": "unsuitable certificate purpose",
    "foreign": "unable to get local issuer certificate", "expired": "certificate has expired", "bad-signature": "signature failure", "future": None, "past": None,
}


def stamps(lab, folder):
    good, said, answer = stamp(lab, folder)
    c.that("a stamp that openssl ts -verify takes", good and "Policy OID: 1.2.398.3.3.2.6.4" in said, said)
    c.same("its type", answer.headers.get_content_type(), "application/timestamp-reply")
    for digest in ("-sha384", "-sha512"):
        c.that(digest, stamp(lab, folder, "tsa", digest)[0])
    c.that("SHA-1 is refused", "unrecognized or unsupported algorithm" in (said := stamp(lab, folder, "tsa", "-sha1")[1]), said)
    c.that("another policy is refused", "unsupported" in (said := stamp(lab, folder, "tsa", "-tspolicy", "1.2.3")[1]) or "policy" in said, said)
    for kind, wanted in STAMP_FAULTS.items():
        lab.pki_fault("tsa/rsa", kind, count=1)
        good, said, _ = stamp(lab, folder)
        if wanted is None:
            c.that(f"tsa {kind}: openssl takes it", good, said)
        else:
            c.that(f"tsa {kind}: refused", not good and wanted in said, said)
        c.that(f"tsa {kind}: the next is right", stamp(lab, folder)[0])
    lab.pki_fault("tsa", "wrong-policy", count=1)
    good, said, _ = stamp(lab, folder, "tsa", "-tspolicy", "1.2.398.3.3.2.6.4")
    c.that("tsa wrong-policy", not good and "policy mismatch" in said, said)
    lab.pki_fault("tsa", "none")
    for bad in (b"", b"hello", (folder / "query").read_bytes()[:-3], (folder / "query").read_bytes() + b"x"):
        answer = http_call(lab.simulators["tsa"], "POST", bad, {"Content-Type": TSA_TYPE})
        (folder / "reply").write_bytes(answer.body)
        text = openssl("ts", "-reply", "-in", folder / "reply", "-text")[1]
        c.that("no question: rejected for its format", answer.status == 200 and "Rejected" in text and "data submitted has the wrong format" in text, text)
    code, said = stamp(lab, folder, "tsa-gost")[::2]
    c.that("GOST: an answer of another signature", said.status == 200 and b"\x2a\x83\x0e\x03\x0a\x01\x01\x02\x03\x02" in said.body, said)


# ---- counters, control ----

def counters(lab):
    before = lab.pki_state()
    http_call(lab.pki_urls()["crl"])
    http_call(lab.pki_urls()["delta"])
    http_call(lab.pki_urls("gost")["crl"])
    http_call(lab.simulators["pki"] + "nothing")
    after = lab.pki_state()
    c.same("counted", {k: after[k]["requests"] - before[k]["requests"] for k in ("crl/rsa", "delta/rsa", "crl/gost", "ocsp/rsa", "tsa/rsa")},
           {"crl/rsa": 1, "delta/rsa": 1, "crl/gost": 1, "ocsp/rsa": 0, "tsa/rsa": 0})
    c.same("and all together", after["requests"] - before["requests"], 4)
    for verb in ("status?authority=rsa&serial=xx&status=revoked", "status?authority=rsa&serial=01&status=perhaps", "status?authority=nobody", "lists?authority=rsa&age=-1",
                 "lists?authority=rsa&fill=99999999", "ocsp?authority=rsa&life=x", "status?authority=rsa&serial=01&status=revoked&reason=11"):
        c.same(f"refused: {verb}", http_call(lab.simulators["control"] + "pki/" + verb, "POST", b"").status, 400)
    c.same("no such verb", http_call(lab.simulators["control"] + "pki/else?authority=rsa", "POST", b"").status, 404)
    for query in ("system=ocsp&kind=wrong-base", "system=tsa/nobody&kind=none", "system=crl&kind=tryLater"):
        c.same(f"refused: {query}", http_call(lab.simulators["control"] + "fault?" + query, "POST", b"").status, 400)


def many(lab, folder):
    """Several at once: each gets its own answer."""
    der = {name: request_of(folder, name, "-sha256", "-no_nonce") for name in (GOOD, BAD)}
    found = []

    def work(name):
        for _ in range(25):
            answer = http_call(lab.pki_urls()["ocsp"], "POST", der[name], {"Content-Type": OCSP_TYPE})
            # the status of a SingleResponse: [0] NULL is good, [1] revoked (RFC 6960 4.2.1)
            found.append((name == GOOD) == (b"\x80\x00\x18\x0f" in answer.body))

    threads = [threading.Thread(target=work, args=(name,)) for name in (GOOD, BAD, GOOD, BAD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    c.same("100 answers", (len(found), all(found)), (100, True))


def main():
    with tempfile.TemporaryDirectory() as name, Simulators() as lab:
        folder = Path(name)
        c.part(ocsp, lab)
        c.part(ocsp_faults, lab)
        c.part(ocsp_requests, lab, folder)
        c.part(lists, lab, folder)
        c.part(list_faults, lab, folder)
        c.part(transport_faults, lab, folder)
        c.part(stamps, lab, folder)
        c.part(counters, lab)
        c.part(many, lab, folder)


main()
c.finish()
