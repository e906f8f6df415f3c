#!/usr/bin/python3
"""What bad input gets, over the wire: every line of the promise "bad input here gets …", on both listeners."""
import json
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import uuid

from check import (NEGATIVE, ROOT, TEXT_XML, Checks, Lab, Message, client_context, complaints, element, fault, http_call, moment, problem,
                   set_fault, status)

c = Checks()
BODY_MAX = 10 << 20


def raw(lab, data, url=None, seconds=10, pause=0.0):
    """Sends bytes as they are; all that comes until the other side closes or says no more, and whether it closed."""
    parts = urllib.parse.urlsplit(url or lab.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as sock:
        if parts.scheme == "https":
            sock = client_context("tls-portal").wrap_socket(sock, server_hostname=parts.hostname)
        got = b""
        try:
            for piece in data if isinstance(data, list) else [data]:
                sock.sendall(piece)
                time.sleep(pause)
            while part := sock.recv(65536):
                got += part
            return got, True
        except TimeoutError:
            return got, False
        except OSError:
            return got, True


def status_line(got):
    return [int(n) for n in re.findall(rb"^HTTP/1\.1 (\d{3}) ", got, re.M)]


def head_of(path, *headers, method="POST"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: gateway", *headers, "", ""]).encode()


def soap(lab, body, path="/shep/sync", **headers):
    return http_call(lab.url + path, "POST", body, {"Content-Type": TEXT_XML, **{k.replace("_", "-"): v for k, v in headers.items()}})


# ---- the carrier ----

def malformed(lab):
    """The long list of tests/system/http_malformed.py on both listeners, against SOAP and REST addresses."""
    for url, paths in ((lab.url, ("/shep/sync", "/health/live")), (lab.tls_url, ("/api/v1/requests",))):
        parts = urllib.parse.urlsplit(url)
        for path in paths:
            done = subprocess.run([sys.executable, ROOT / "tests" / "system" / "http_malformed.py", parts.hostname, str(parts.port), path,
                                   *(["--tls"] if parts.scheme == "https" else [])],
                                  capture_output=True, text=True)
            passed, failed = map(int, re.findall(r"(\d+) passed, (\d+) failed", done.stdout)[-1])
            c.passed += passed
            c.failed += failed
            c.that(f"malformed HTTP at {path}", done.returncode == 0 and passed > 90, done.stdout[-1500:] + done.stderr[-500:])
    got, closed = raw(lab, b"GARBAGE\r\n\r\n")
    body = json.loads(got.split(b"\r\n\r\n", 1)[1])
    c.same("malformed: 400, closed", (status_line(got), closed), ([400], True))
    c.same("malformed: problem+json", (body["reason"], body["code"], set(body["messages"]), bool(uuid.UUID(body["correlationId"]))),
           ("HTTP_MALFORMED", "SCE001", {"kk", "ru", "en"}, True))


def paths_and_methods(lab):
    for base in (lab.url, lab.tls_url):
        for path in ("/", "/shep", "/shep/sync/", "/shep/other", "/SHEP/SYNC", "/api/v1/request", "/api/v2/requests", "/metrics/", "/health",
                     "/index.html"):
            answer = http_call(base + path, "POST", b"x", {"Content-Type": TEXT_XML})
            got = fault(answer) if path.startswith("/shep/") else problem(answer)
            c.same(f"POST {path} on {base[:5]}", got, (404, "SCE004", "HTTP_NOT_FOUND"), answer)
        for path, allow in (("/shep/sync", "GET, POST"), ("/shep/async", "GET, POST"), ("/api/v1/requests", "POST"), ("/metrics", "GET, HEAD"),
                            ("/health/live", "GET, HEAD"), ("/health/ready", "GET, HEAD")):
            for method in ("DELETE", "PUT", "OPTIONS", "TRACE") + (("GET",) if path.startswith(("/shep", "/api")) else ("POST",)):
                answer = http_call(base + path, method)
                got = fault(answer) if path.startswith("/shep/") else problem(answer)
                c.same(f"{method} {path}", (got, answer.headers["allow"]), ((405, "SCE001", "HTTP_METHOD"), allow), answer)
    for path in ("/shep/sync", "/shep/async"):
        answer = http_call(f"{lab.url}{path}?wsdl")
        c.that(f"GET {path}?wsdl", answer.status == 200 and f'location="{lab.url}{path}"' in answer.text, answer)


def types(lab):
    good = Message("sync").body
    for type_ in (None, "", "text/plain", "application/json", "application/xml", "text/xml; charset=utf-16", "text/xml;charset=windows-1251",
                  "multipart/related; type=\"text/xml\"", "text/xmlx"):
        answer = http_call(lab.url + "/shep/sync", "POST", good, {} if type_ is None else {"Content-Type": type_})
        c.same(f"Content-Type {type_}", fault(answer), (415, "SCE001", "HTTP_TYPE"), answer)
    for type_ in ("text/xml", "TEXT/XML; CHARSET=UTF-8", 'text/xml; charset="utf-8"', "application/soap+xml; charset=utf-8; action=\"x\""):
        answer = http_call(lab.url + "/shep/sync", "POST", good, {"Content-Type": type_})
        c.same(f"Content-Type {type_}", answer.status, 200, answer)


def too_large(lab):
    """413 before the body is read: with Expect no 100 comes at all; without, the answer comes and the connection ends."""
    for url in (lab.url, lab.tls_url):
        big = head_of("/shep/sync", f"Content-Type: {TEXT_XML}", f"Content-Length: {BODY_MAX + 1}")
        expecting = big[:-2] + b"Expect: 100-continue\r\n\r\n"
        got, closed = raw(lab, expecting, url)
        c.same(f"413 expecting, {url[:5]}", (status_line(got), closed), ([413], True), got[:300])
        c.that("413: problem+json", b'"HTTP_TOO_LARGE"' in got and b'"SCE001"' in got, got)
        got, closed = raw(lab, big, url)
        c.same(f"413 without Expect, {url[:5]}", (status_line(got), closed), ([413], True), got[:300])
    fits = head_of("/shep/sync", f"Content-Type: {TEXT_XML}", f"Content-Length: {BODY_MAX}", "Expect: 100-continue", "Connection: close")
    got, _ = raw(lab, [fits, b" " * BODY_MAX], pause=0.3)
    c.same("exactly the limit is read", status_line(got), [100, 500], got[:300])
    c.that("and refused as what it is", b"XML_NOT_WELL_FORMED" in got, got[-800:])


def slow(lab):
    """header_ms and body_ms of this lab are 700."""
    for name, data in (("headers", [b"POST /shep/sync HTTP/1.1\r\n", b"Host: a\r\n", b"X: 1\r\n", b"Y: 1\r\n"]),
                       ("body", [head_of("/shep/sync", f"Content-Type: {TEXT_XML}", "Content-Length: 9"), b"a", b"b", b"c"])):
        start = time.monotonic()
        got, closed = raw(lab, data, pause=0.25)
        took = time.monotonic() - start
        c.same(f"slow {name}: 408, closed", (status_line(got), closed), ([408], True), got[:300])
        c.that(f"slow {name}: in time", 0.6 < took < 5, took)
    start = time.monotonic()
    got, closed = raw(lab, b"", seconds=8)
    c.that("a silent connection is closed", closed and got == b"" and time.monotonic() - start < 7, (got, closed))


# ---- XML and SOAP ----

def xml(lab):
    good = Message("sync").body.decode()
    deep = good.replace("<ns2:SendMessage", "<a>" * 200 + "<ns2:SendMessage", 1).replace("</ns2:SendMessage>", "</ns2:SendMessage>" + "</a>" * 200, 1)
    for name, body, reason in (
            ("empty", "", "XML_NOT_WELL_FORMED"), ("no XML", "hello", "XML_NOT_WELL_FORMED"), ("JSON", '{"a": 1}', "XML_NOT_WELL_FORMED"),
            ("cut off", good[:-40], "XML_NOT_WELL_FORMED"),
            ("NUL", good.replace("pep", "p\0p"), "XML_NOT_WELL_FORMED"),
            ("DOCTYPE", good.replace("?>", "?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", 1), "XML_DOCTYPE"),
            ("billion laughs", "<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>", "XML_DOCTYPE"),
            ("too deep", deep, "XML_TOO_DEEP"),
            ("other encoding", good.replace("UTF-8", "ISO-8859-1", 1), "XML_ENCODING"), ("not SOAP", "<a/>", "SOAP_NOT_ENVELOPE"),
            ("no operation", "<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Body/></S:Envelope>", None)):
        answer = soap(lab, body.encode())
        got = fault(answer)
        c.that(f"{name}: SCE001", got[:2] == (500, "SCE001") and got[2] == (reason or got[2]) and got[2] is not None, got)
        c.that(f"{name}: not signed, no server's fault", b"Signature" not in answer.body and b">soap:Client<" in answer.body, answer)


def shown(lab):
    """What a Fault holds: code, three languages, reason, an id that the log knows."""
    answer = soap(lab, b"<a/>")
    message, data = element(answer.body, "errorMessage"), element(answer.body, "errorData")
    c.that("three languages and the reason", len(message.split(" / ")) == 3 and message.endswith("[SOAP_NOT_ENVELOPE]"), message)
    id_ = data.split("correlationId=")[1]
    c.that("the log knows the id", f" {id_} request.refused " in lab.log.read_text(), data)
    twelve = Message("sync").body.decode().replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
    answer = http_call(lab.url + "/shep/sync", "POST", twelve.encode(), {"Content-Type": "application/soap+xml"})
    c.same("SOAP 1.2 gets SOAP 1.2, sender's fault 400",
           (answer.status, answer.headers.get_content_type(), b"soap:Sender" in answer.body, b'xml:lang="kk"' in answer.body),
           (400, "application/soap+xml", True, True), answer)


def signatures(lab):
    """SCE007, SCE006, SCE005 of the sender; SCE017, SCE016, SCE015 of the applicant; and our own codes."""
    good = Message("sync")
    used = Message("sync")
    c.same("the sibling from which all differ", used.send(lab).status, 200)
    changed = good.body.decode().replace("<correlationId>chain", "<correlationId>chaim").encode()
    cases = {
        "transport missing": (Message("sync", sender_key=None), "SCE007", "TRANSPORT_SIGNATURE_MISSING"),
        "transport wrong": (changed, "SCE006", "TRANSPORT_SIGNATURE_DIGEST"),
        "transport expired": (Message("sync", sender_key="system-portal-expired"), "SCE005", "TRANSPORT_CERTIFICATE_EXPIRED"),
        "transport not yet valid": (Message("sync", sender_key="system-portal-notyet"), "SCE005", "TRANSPORT_CERTIFICATE_NOT_YET_VALID"),
        "transport foreign CA": (Message("sync", sender_key="system-portal-foreign-ca"), "SCE005", "TRANSPORT_CERTIFICATE_UNTRUSTED"),
        "transport of another system": (Message("sync", sender_key="system-stranger"), "SCE006", "SENDER_CERTIFICATE_MISMATCH"),
        "unknown sender": (Message("sync", senderId="nobody"), "SCE006", "SENDER_UNKNOWN"),
        "applicant missing": (Message("sync", application="<application xmlns='urn:egov-gateway:application:1'/>"), "SCE017",
                              "APPLICANT_SIGNATURE_MISSING"),
        "applicant wrong": (Message("sync", application=good.application.replace("школу", "шкалу")), "SCE016", "APPLICANT_SIGNATURE_DIGEST"),
        "applicant expired": (Message("sync", signer="bad-expired"), "SCE015", "APPLICANT_CERTIFICATE_EXPIRED"),
        "applicant not yet valid": (Message("sync", signer="bad-notyet"), "SCE015", "APPLICANT_CERTIFICATE_NOT_YET_VALID"),
        "unknown service": (Message("sync", serviceId="NO_SUCH_SERVICE"), "SCE004", "SERVICE_UNKNOWN"),
        "unknown service of the application": (Message("sync", serviceCode="NO_SUCH_SERVICE"), "SCE004", "SERVICE_UNKNOWN"),
        "same id, other bytes": (Message("sync", messageId=used.id, applicant=NEGATIVE), "SCE001", "MESSAGE_ID_REUSED"),
        "stale": (Message("sync", messageDate=moment(hours=-25)), "SCE001", "MESSAGE_DATE_STALE"),
        "future": (Message("sync", messageDate=moment(minutes=10)), "SCE001", "MESSAGE_DATE_FUTURE"),
        "foreign IIN": (Message("sync", declarantId=NEGATIVE), "SCE016", "APPLICANT_IIN_MISMATCH"),
        "async: transport missing": (Message("async", sender_key=None), "SCE007", "TRANSPORT_SIGNATURE_MISSING"),
        "async: stale": (Message("async", messageDate=moment(hours=-25)), "SCE001", "MESSAGE_DATE_STALE"),
    }
    before = status(lab)
    for name, (message, code, reason) in cases.items():
        answer = soap(lab, message) if isinstance(message, bytes) else message.send(lab)
        c.same(name, fault(answer), (500, code, reason), answer)
    c.same("none of them was stored", (status(lab)["events"], status(lab)["requests"]), (before["events"], before["requests"]))
    c.same("the gateway takes the next good one", Message("sync").send(lab).status, 200)


# ---- overload ----

def overload():
    """One request under way at most, and a state system that takes its time: 503 with Retry-After for the second, over SOAP and REST."""
    settings = {"gateway": {"inflight_max": 1, "loops": 1}}
    messages = [Message("async"), Message("async"), Message("sync", applicant=NEGATIVE), Message("rest", applicant=NEGATIVE)]
    with Lab(settings=settings) as lab:
        set_fault(lab, "gbdfl", "delay", ms=1500)
        c.same("the first is taken", messages[0].send(lab).status, 200)
        for message in messages[1:]:
            answer = message.send(lab)
            got = problem(answer) if message.channel == "rest" else fault(answer)
            c.same(f"overload over {message.channel}", (got, answer.headers["retry-after"]), ((503, "SCE909", "OVERLOADED"), "5"), answer)
        c.same("nothing of them was stored", sum(status(lab)["requests"].values()), 1)
        set_fault(lab, "gbdfl", "none")
        c.within("later the same message is taken", lambda: messages[1].send(lab).status == 200)
        c.same("and stored once", sum(status(lab)["requests"].values()), 2)


def main():
    settings = {"http": {"header_ms": 700, "body_ms": 700, "idle_ms": 3000}}
    with Lab(settings=settings) as lab:
        for part in (paths_and_methods, types, slow, xml, shown, signatures):
            c.part(part, lab)
        c.same("no complaints in the log", complaints(lab), [])
    with Lab() as lab:  # times as configured: a body of 10 MiB may need them
        c.part(too_large, lab)
        c.part(malformed, lab)
        c.same("the gateway lives", http_call(lab.url + "/health/ready").text, "ready\n")
        c.same("no complaints in the second log", complaints(lab), [])
    c.part(overload)


main()
c.finish()
