#!/usr/bin/python3
"""The command line of a tester: sign, verify, version, and replay against a server that answers wrongly on purpose."""
import datetime
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("EGOV_BUILD", ROOT / "build")).resolve()
PKI = pathlib.Path(os.environ.get("EGOV_PKI", ROOT / "build" / "pki")).resolve()
VECTORS = pathlib.Path(os.environ.get("EGOV_VECTORS", ROOT.parent / "shared" / "vectors"))
PROGRAM = BUILD / "egov-gateway"
TRUST = PKI / "trust"
passed = failed = skipped = 0

APPLICATION = """<application xmlns="urn:egov-gateway:application:1">
  <declarantId>850412390011</declarantId> <!-- a comment --> <a b='1' a="2"/>
</application>
"""
ENVELOPE = """<?xml version="1.0"?>
<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><x:ping xmlns:x="urn:x"/></S:Body></S:Envelope>
"""


def check(name, good, note=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}: {note}")


def run(*args):
    return subprocess.run([str(PROGRAM), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


def exits(name, code, *args):
    done = run(*args)
    check(name, done.returncode == code, f"exit {done.returncode}, want {code}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return done


def key(name):
    return ["--key", PKI / "keys" / f"{name}.key", "--cert", PKI / "certs" / f"{name}.pem"]


def sign(name, source, target, *more):
    return exits(f"sign {target.name}", 0, "sign", *key(name), *more, "--out", target, source)


def report(*args):
    """(exit code, first report) of verify --json"""
    done = run("verify", "--trust", TRUST, "--json", *args)
    return done.returncode, json.loads(done.stdout)[0]


def verdict(name, code, reason, path, *more):
    got, said = report(*more, path)
    check(name, (got, said["code"]) == (code, reason), f"{got} {said}")
    return said


def in_days(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_usage():
    for command in ("replay", "verify", "sign", "version"):
        done = exits(f"{command} --help", 0, command, "--help")
        check(f"{command} --help is help", "Options:" in done.stdout and not done.stderr)
        exits(f"{command} --nonsense", 2, command, "--nonsense")
    exits("verify without files", 2, "verify", "--trust", TRUST)
    exits("verify without trust", 2, "verify", __file__)
    exits("verify with an empty trust folder", 2, "verify", "--trust", ROOT / "tests", __file__)
    exits("verify at no time", 2, "verify", "--trust", TRUST, "--at", "yesterday", __file__)
    exits("sign without key", 2, "sign", __file__)
    exits("replay without cases", 2, "replay", "--to", "http://127.0.0.1:1", "--pki", PKI)
    exits("replay of nothing", 2, "replay", "--to", "http://127.0.0.1:1", "--pki", PKI, ROOT / "no-such-folder")
    exits("version with operands", 2, "version", "x")
    check("version names OpenSSL", "OpenSSL" in json.loads(exits("version --json", 0, "version", "--json").stdout)["libraries"])


def test_documents(folder):
    plain, signed, twice, bad = (folder / n for n in ("plain.xml", "signed.xml", "twice.xml", "bad.xml"))
    plain.write_text(re.sub("<!--.*-->", "", APPLICATION))
    sign("applicant-850412390011", plain, signed)
    said = verdict("a signed document", 0, "OK", signed)
    part = said["parts"][0]
    check("its signer", part["signers"][0]["iin"] == "85******0011" and part["signers"][0]["roles"] == ["individual"], part)
    check("no IIN and no name in the report", "850412390011" not in json.dumps(said) and "АХМЕТОВ" not in json.dumps(said, ensure_ascii=False))
    judge = subprocess.run(["xmlsec1", "--verify", "--pubkey-cert-pem", PKI / "certs" / "applicant-850412390011.pem", signed], capture_output=True, text=True)
    check("xmlsec1 says the same", judge.returncode == 0, judge.stderr)
    sign("applicant-870930490018", signed, twice)
    check("two signers", len(verdict("signed twice", 0, "OK", twice)["parts"][0]["signers"]) == 2)
    verdict("not signed", 1, "APPLICANT_SIGNATURE_MISSING", plain)
    bad.write_text(signed.read_text().replace("850412390011", "850412390021"))
    verdict("changed", 1, "APPLICANT_SIGNATURE_DIGEST", bad)
    verdict("after its time", 1, "APPLICANT_CERTIFICATE_EXPIRED", signed, "--at", in_days(500))
    verdict("before its time", 1, "APPLICANT_CERTIFICATE_NOT_YET_VALID", signed, "--at", in_days(-100))
    sign("bad-foreign-ca", plain, bad)
    verdict("of a foreign authority", 1, "APPLICANT_CERTIFICATE_UNTRUSTED", bad)
    done = exits("in plain words", 1, "verify", "--trust", TRUST, signed, bad)
    check("both files are named", "signed.xml: valid" in done.stdout and "bad.xml: NOT VALID, APPLICANT_CERTIFICATE_UNTRUSTED" in done.stdout, done.stdout)
    check("the IIN is masked", "85******0011" in done.stdout and "850412390011" not in done.stdout)
    bad.write_text("not XML")
    verdict("no XML", 2, "XML_NOT_WELL_FORMED", bad)
    bad.write_text("<!DOCTYPE a []><a/>")
    verdict("DOCTYPE", 1, "XML_DOCTYPE", bad)
    exits("sign with a DOCTYPE", 2, "sign", *key("applicant-850412390011"), bad)
    verdict("no file", 2, "UNREADABLE", folder / "absent.xml")
    exits("the worst counts", 2, "verify", "--trust", TRUST, signed, folder / "absent.xml")
    exits("a key of another certificate", 2, "sign", "--key", PKI / "keys" / "tsa.key", "--cert", PKI / "certs" / "system-portal.pem", plain)
    done = exits("sign to standard output", 0, "sign", *key("applicant-790321490015"), plain)
    bad.write_text(done.stdout)
    check("ECDSA is named", verdict("standard output is whole", 0, "OK", bad)["parts"][0]["algorithm"] == "ecdsa-sha256")


def test_policy(folder):
    """The same file, judged by the rules of a configuration."""
    plain, signed, conf = (folder / n for n in ("policy-plain.xml", "policy-signed.xml", "policy.conf"))
    plain.write_text(re.sub("<!--.*-->", "", APPLICATION))
    sign("gost-applicant-870930490018", plain, signed)
    for name, text, code, reason in (
            ("nothing asked for", "[verify]\n", 0, "OK"),
            ("a time stamp is asked for", "[verify]\ntime_stamp_required = yes\n", 1, "APPLICANT_SIGNATURE_TIMESTAMP_MISSING"),
            ("a certificate policy is asked for", "[gateway]\nuser = x\n[verify]\ncertificate_policies = 1.2.3.4\n[http]\n", 1, "APPLICANT_CERTIFICATE_POLICY")):
        conf.write_text(text)
        verdict(name, code, reason, signed, "--policy", conf)
    conf.write_text("[verify]\ngost = no\n")
    done = exits("a policy with a mistake", 2, "verify", "--trust", TRUST, "--policy", conf, signed)
    check("where the mistake is", "policy.conf:2:" in done.stderr, done.stderr)
    exits("no such policy", 2, "verify", "--trust", TRUST, "--policy", folder / "absent.conf", signed)


def test_soap(folder):
    plain, signed, bad = (folder / n for n in ("envelope.xml", "signed-envelope.xml", "bad-envelope.xml"))
    plain.write_text(ENVELOPE)
    sign("system-portal", plain, signed, "--soap")
    part = verdict("a signed envelope", 0, "OK", signed)["parts"][0]
    check("what it covers", part["covered"] == "the Body of this envelope" and part["signers"][0]["bin"] == "091240900012", part)
    told = part["signers"][0]
    check("the report: digest, chain, method, rules", told["covered"][0]["what"] == "Body" and told["covered"][0]["hash"] == "sha256" and len(told["covered"][0]["digest"]) == 44
          and told["chain"][0]["subject"] and told["algorithm"] == "rsa-sha256" and len(part["policy"]) == 16 and part["at"], part)
    other = verdict("the same rules have the same name", 0, "OK", signed)["parts"][0]
    check("policy", other["policy"] == part["policy"], other)
    part = verdict("not signed", 1, "TRANSPORT_SIGNATURE_MISSING", plain)["parts"][0]
    check("a refusal says whose matter it is and what to do", part["side"] == "sender" and part["advice"], part)
    bad.write_text(signed.read_text().replace("ping", "pong"))
    verdict("changed", 1, "TRANSPORT_SIGNATURE_DIGEST", bad)
    sign("applicant-850412390011", plain, bad, "--soap")
    part = verdict("signed by a person: valid, and told what a gateway would say", 0, "OK", bad)["parts"][0]
    check("the note", "not a certificate of an information system" in part["note"], part)
    exits("signing it again", 2, "sign", "--soap", *key("system-portal"), signed)
    exits("--soap of a document", 2, "sign", "--soap", *key("system-portal"), folder / "plain.xml")
    bad.write_text(ENVELOPE.replace("</S:Body>", "</S:Body><S:Body/>"))
    verdict("two Bodies", 1, "SOAP_STRUCTURE", bad)


def test_vectors():
    global skipped
    path = VECTORS / "ncanode-testdata" / "signed" / "XmlServiceTest.XML_SIGNED_VALID_STRING.xml"
    if not path.exists():
        skipped += 1
        print("skipped: no vectors")
        return
    done = run("verify", "--trust", VECTORS / "ncanode-testdata" / "ca", "--at", "2021-09-01T00:00:00+06:00", "--json", path)
    code = json.loads(done.stdout)[0]["code"] if done.stdout else done.stderr
    check("a document of NCANode's tests, RSA", (done.returncode, code) == (0, "OK"), f"{done.returncode} {code}")


class Wrong(http.server.BaseHTTPRequestHandler):
    """Answers everything with what a test wants it to."""
    answer = (200, "application/json", b"{}")
    seen = []

    def do_POST(self):
        length = self.headers.get("Content-Length")
        body = b""
        if length is not None:
            body = self.rfile.read(int(length))
        else:
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size + 2)[:-2]
            self.rfile.readline()
        Wrong.seen.append((self.path, dict(self.headers), body))
        self.do_GET()

    def do_GET(self):
        status, kind, body = Wrong.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


def test_replay(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wrong)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    to = ["--to", f"http://127.0.0.1:{server.server_port}", "--pki", PKI]
    good, junit = ROOT / "fixtures" / "good", folder / "junit.xml"

    done = exits("replay: nothing is as expected", 1, "replay", good, *to, "--only", "*sync*", "--junit", junit)
    check("replay: it says what", "status code: expected SUCCESS, got none" in done.stdout, done.stdout[-500:])
    suite = ET.parse(junit).getroot().find("testsuite")
    failures = len(suite.findall("testcase/failure"))
    check("replay: JUnit counts", int(suite.get("failures")) == failures > 10 and int(suite.get("tests")) == len(suite.findall("testcase")), suite.attrib)

    Wrong.answer = (200, "application/problem+json", b'{"reason": "INTERNAL", "code": "SCE909"}')
    exits("replay: a reason where none is expected", 1, "replay", good, *to, "--only", "31-wsdl-sync")
    Wrong.answer = (200, "text/xml", b"<definitions name='ISyncChannelHttpService'/>")
    exits("replay: as expected", 0, "replay", good, *to, "--only", "31-wsdl-sync")
    exits("replay: the wrong text", 1, "replay", good, *to, "--only", "32-wsdl-async")

    Wrong.seen.clear()
    exits("replay: chunked", 1, "replay", good, *to, "--only", "24-http-chunked")
    path, headers, body = Wrong.seen[0]
    check("replay: chunked arrives whole", path == "/shep/sync" and headers.get("Transfer-Encoding") == "chunked" and headers.get("Expect") == "100-continue" and
          body.rstrip().endswith(b"</S:Envelope>"), headers)
    message = folder / "sent.xml"
    message.write_bytes(body)
    check("replay: what was sent verifies", len(verdict("replay: sent", 0, "OK", message)["parts"]) == 2)

    done = exits("replay: REST needs --to-tls", 0, "replay", good, *to, "--only", "26-rest", "--json")
    check("replay: skipped", json.loads(done.stdout)["skipped"] == 1, done.stdout)
    server.shutdown()
    done = exits("replay: nobody is there", 1, "replay", good, "--to", "http://127.0.0.1:1", "--pki", PKI, "--only", "01-*")
    check("replay: says so", "no answer" in done.stdout, done.stdout)

    broken = folder / "broken"
    (broken / "bad").mkdir(parents=True)
    (broken / "templates").mkdir()
    (broken / "templates" / "defaults.ini").write_text("")
    (broken / "bad" / "x.case").write_text("; x\n[request]\nchanel = sync\n")
    done = exits("replay: a typing mistake in a case", 2, "replay", broken, *to)
    check("replay: names file, line and key", "x.case:3: chanel: is not a key" in done.stderr, done.stderr)
    check("replay: lists its changes", "flip-byte ELEMENT" in exits("replay --changes", 0, "replay", "--changes").stdout)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        test_usage()
        test_documents(folder)
        test_policy(folder)
        test_soap(folder)
        test_vectors()
        test_replay(folder)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


sys.exit(main())
