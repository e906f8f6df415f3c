#!/usr/bin/python3
"""Logging in with the EDS: who gets in and with what, what a session is worth, and everything that is no login, by its reason."""
import base64
import http.client
import json
import re
import subprocess
import threading
import time
import urllib.parse

from check import GATEWAY, PKI, Answer, Checks, Lab, client_context, complaints, http_call, metric, problem, wait_for
from session import JSON, SESSION, Session, challenge, cms, log_in, signed
from staff import STAFF

c = Checks()
CHALLENGE = SESSION + "/challenge"


def refused(name, answer, status, reason):
    c.same(name, (answer.status, problem(answer)[2]), (status, reason), answer)


def reason_of(lab, certificate, form="xml"):
    return problem(Session(lab, certificate=certificate, form=form).answer)


def from_address(lab, address, path, body):
    """POST from another address of this machine."""
    parts = urllib.parse.urlsplit(lab.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30, source_address=(address, 0))
    try:
        connection.request("POST", path, body, JSON)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


# ---- who gets in ----

def everybody(lab):
    """Each person by the certificate that signs, and by that for authentication, is who staff.conf says, and nothing more."""
    for name, person in STAFF.items():
        for certificate in filter(None, (person.certificate, person.auth)):
            session = Session(lab, name, certificate)
            c.same(f"{name} with {certificate} gets in", session.answer.status, 201, session.answer)
            facts = session.facts or {}
            wanted = set(person.roles.split(", ")) - {"OPERATOR"} | ({"HEAD"} if name == "akim1" else set())
            c.same(f"{name}: id, organisation, roles", (facts["staff"]["id"], facts["organisation"]["id"], set(facts["roles"])), (name, person.organisation, wanted))
            c.same(f"{name}: operator, right to sign, no machine", (facts["operator"], facts["maySign"], facts["machine"]), ("OPERATOR" in person.roles, person.right_to_sign, False))
            c.same(f"{name}: the session says the same", session.call(SESSION).json.get("staff"), facts["staff"])


def every_form(lab):
    for certificate in ("staff-clerk", "staff-clerk-auth", "gost-staff-clerk", "gost-staff-clerk-auth"):
        for form in ("xml", "cms", "detached"):
            session = Session(lab, "clerk", certificate, form)
            c.same(f"{certificate}, {form}", (session.answer.status, session.facts and session.facts["staff"]["id"]), (201, "clerk"), session.answer)
    asked = challenge(lab)
    for what, options in (("attached", ["-nodetach"]), ("detached", []), ("without S/MIME attributes", ["-nodetach", "-noattr"])):
        asked = challenge(lab)
        done = subprocess.run(["openssl", "cms", "-sign", "-binary", "-outform", "PEM", *options, "-signer", PKI / "certs" / "staff-clerk-auth.pem", "-inkey",
                               PKI / "keys" / "staff-clerk-auth.key"], input=asked["xml"].encode(), capture_output=True, check=True)
        answer = log_in(lab, asked["id"], done.stdout.decode())
        if what == "without S/MIME attributes":
            c.that(f"openssl cms, {what}: a login or a coded refusal", answer.status == 201 or problem(answer)[2], answer)
        else:
            c.same(f"openssl cms, {what}", answer.status, 201, answer)
    asked = challenge(lab)
    done = subprocess.run([GATEWAY, "sign", "--xades", "--key", PKI / "keys" / "staff-clerk.key", "--cert", PKI / "certs" / "staff-clerk.pem", "/dev/stdin"],
                          input=asked["xml"].encode(), capture_output=True, check=True)
    c.same("XAdES", log_in(lab, asked["id"], done.stdout.decode()).status, 201)
    asked = challenge(lab)
    lines = "\n".join(re.findall(".{1,64}", cms(asked["xml"], "staff-clerk")))
    c.same("base64 in lines", log_in(lab, asked["id"], lines).status, 201)
    asked = challenge(lab)
    declared = '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n' + re.sub(r"^<\?.*?\?>\s*", "", signed(asked["xml"], "staff-clerk"))
    c.same("an XML declaration in front, as NCALayer writes it", log_in(lab, asked["id"], declared).status, 201)


def cookies(lab):
    plain, tls = Session(lab, "clerk"), Session(lab, "clerk", url=lab.tls_url)
    c.that("the cookie is for HTTP alone, for this site, for all paths", re.fullmatch(r"egov_session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict", plain.set_cookie), plain.set_cookie)
    c.that("over TLS it is Secure", re.fullmatch(r"egov_session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Secure", tls.set_cookie), tls.set_cookie)
    c.same("nothing is to be cached", plain.answer.headers["Cache-Control"], "no-store")
    c.that("the token is in no body", plain.cookie.split("=")[1] not in plain.answer.text + plain.call(SESSION).text)
    c.same("the cookie of one listener is good on the other, as the session is one", http_call(lab.tls_url + SESSION, headers={"Cookie": plain.cookie}).status, 200)
    value = plain.cookie.split("=")[1]
    for name, cookie, want in (
        ("none", None, "LOGIN_REQUIRED"), ("another name", f"egov_Session={value}", "LOGIN_REQUIRED"), ("another's prefix", f"xegov_session={value}", "LOGIN_REQUIRED"),
        ("empty", "egov_session=", "SESSION_EXPIRED"), ("one digit less", f"egov_session={value[:-1]}", "SESSION_EXPIRED"), ("in capitals", f"egov_session={value.upper()}", "SESSION_EXPIRED"),
        ("another digit", f"egov_session={value[:-1]}{'0' if value[-1] != '0' else '1'}", "SESSION_EXPIRED"), ("twice", f"egov_session={value}; egov_session={value}", "SESSION_EXPIRED"),
        ("a planted one before it", f"egov_session={'0' * 64}; egov_session={value}", "SESSION_EXPIRED"), ("in quotes", f'egov_session="{value}"', "SESSION_EXPIRED"),
        ("very long", f"egov_session={value * 100}", "SESSION_EXPIRED"),
    ):
        answer = http_call(lab.url + SESSION, headers={"Cookie": cookie} if cookie else {})
        refused(f"cookie, {name}", answer, 401, want)
        c.same(f"cookie, {name}: says how to log in", answer.headers["WWW-Authenticate"], 'EDS realm="egov-gateway"')
    c.same("beside others", http_call(lab.url + SESSION, headers={"Cookie": f"theme=dark; {plain.cookie}; lang=kk"}).status, 200)
    texts = http_call(lab.url + SESSION).json["messages"]
    c.that("it is said in three languages", all(texts[k] for k in ("kk", "ru", "en")) and len(set(texts.values())) == 3, texts)


def csrf(lab):
    mine, other = Session(lab, "clerk"), Session(lab, "executor1")
    for name, headers in (("missing", {}), ("empty", {"X-CSRF-Token": ""}), ("another session's", {"X-CSRF-Token": other.csrf}), ("cut", {"X-CSRF-Token": mine.csrf[:-1]}),
                          ("longer", {"X-CSRF-Token": mine.csrf + "0"}), ("in capitals", {"X-CSRF-Token": mine.csrf.upper() if mine.csrf.upper() != mine.csrf else "A"}),
                          ("the cookie", {"X-CSRF-Token": mine.cookie.split("=")[1]})):
        refused(f"token {name}", mine.call(SESSION, "DELETE", headers=headers, csrf=False), 403, "CSRF_TOKEN")
    c.same("none of that has ended the session", mine.call(SESSION).status, 200)
    refused("a form of another site has the wrong type", http_call(lab.url + SESSION, "POST", b"id=1", {"Content-Type": "application/x-www-form-urlencoded"}), 415, "HTTP_TYPE")
    refused("so has text", http_call(lab.url + SESSION, "POST", b"{}", {"Content-Type": "text/plain"}), 415, "HTTP_TYPE")
    c.same("logout", mine.log_out().status, 200)
    refused("afterwards", mine.call(SESSION), 401, "SESSION_EXPIRED")
    refused("a second logout", mine.log_out(), 401, "SESSION_EXPIRED")
    c.same("nobody else is logged out", other.call(SESSION).status, 200)
    c.that("the cookie is taken away", "Max-Age=0" in other.log_out().headers["Set-Cookie"])


# ---- what is no login ----

def challenges(lab):
    asked = challenge(lab)
    good = signed(asked["xml"], "staff-clerk")
    c.same("a challenge names nonce, audience, instant", re.sub(r"[0-9a-f]{112}|\d{4}-[^<]*", "…", asked["xml"]),
           '<login xmlns="urn:egov-gateway:login:1"><nonce>…</nonce><audience>egov-gateway</audience><issuedAt>…</issuedAt></login>')
    c.that("no two are alike", len({challenge(lab)["id"] for _ in range(20)}) == 20)
    second = challenge(lab)
    refused("a signature over another challenge", log_in(lab, second["id"], good), 422, "CHALLENGE_UNKNOWN")
    for name, id_ in (("an id of nobody's", "0" * 112), ("one digit changed", asked["id"][:-1] + ("0" if asked["id"][-1] != "0" else "1")), ("no id", ""), ("a path", "../../x"),
                      ("very long", "a" * 20000)):
        refused(name, log_in(lab, id_, good), 422, "CHALLENGE_UNKNOWN")
    for name, changed in (("another audience", asked["xml"].replace(">egov-gateway<", ">bank<")), ("another instant", asked["xml"].replace("<issuedAt>2", "<issuedAt>3")),
                          ("one element more", asked["xml"].replace("</login>", "<x></x></login>")), ("another nonce", asked["xml"].replace(asked["id"], second["id"]))):
        for form in ("xml", "cms"):
            refused(f"{name} ({form}), signed by the right person", log_in(lab, asked["id"], signed(changed, "staff-clerk", form)), 422, "CHALLENGE_UNKNOWN")
        refused(f"{name}, changed after signing", log_in(lab, asked["id"], good.replace(asked["xml"][:-8], changed[:-8])), 422, "LOGIN_SIGNATURE")
    for name, text, want in (("nothing", "", (422, "LOGIN_SIGNATURE")), ("not signed", asked["xml"], (422, "LOGIN_SIGNATURE")), ("no XML", "<login", (400, "XML_NOT_WELL_FORMED")),
                             ("a DOCTYPE", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + good, (400, "XML_DOCTYPE")), ("rubbish", "AAAA", (400, "CMS_MALFORMED")),
                             ("two signers", signed(good, "staff-clerk-auth"), (422, "LOGIN_SIGNATURE")),
                             ("a comment", good.replace("<nonce>", "<nonce><!-- -->"), (422, "LOGIN_SIGNATURE")),
                             ("wrapped", f"<a>{re.sub(r'^<[?].*?[?]>', '', good)}</a>", (422, "LOGIN_SIGNATURE"))):
        refused(f"signature: {name}", log_in(lab, asked["id"], text), *want)
    c.same("after all that the challenge is still good", log_in(lab, asked["id"], good).status, 201)
    refused("but once", log_in(lab, asked["id"], good), 422, "CHALLENGE_UNKNOWN")
    refused("also with a new signature over it", log_in(lab, asked["id"], signed(asked["xml"], "staff-clerk-auth", "cms")), 422, "CHALLENGE_UNKNOWN")


def bodies(lab):
    asked = challenge(lab)
    good = {"id": asked["id"], "signature": signed(asked["xml"], "staff-clerk")}
    for name, body in (("empty", b""), ("no JSON", b"{"), ("a list", b"[]"), ("no signature", json.dumps({"id": asked["id"]}).encode()), ("a number", json.dumps({**good, "id": 1}).encode()),
                       ("null", json.dumps({**good, "signature": None}).encode()), ("one key more", json.dumps({**good, "roles": "HEAD"}).encode()),
                       ("a key twice", json.dumps(good).encode()[:-1] + b', "id": "0"}'), ("something after it", json.dumps(good).encode() + b"x"),
                       ("a NUL", json.dumps({**good, "id": asked["id"] + "\0"}).encode()), ("not UTF-8", json.dumps(good).encode().replace(b"login", b"log\xffn"))):
        refused(f"body: {name}", http_call(lab.url + SESSION, "POST", body, JSON), 400, "JSON_FORM")
    refused("body: large", http_call(lab.url + SESSION, "POST", json.dumps({**good, "signature": "a" * 200000}).encode(), JSON), 413, "HTTP_TOO_LARGE")
    refused("signature: large", log_in(lab, asked["id"], "A" * 70000), 422, "LOGIN_SIGNATURE")
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "post"):
        answer = http_call(lab.url + SESSION, method, headers=JSON)
        refused(f"{method} of a session", answer, 405, "HTTP_METHOD")
    for method in ("GET", "DELETE", "PUT"):
        refused(f"{method} of a challenge", http_call(lab.url + CHALLENGE, method), 405, "HTTP_METHOD")


def certificates(lab):
    for certificate, status, want in (
        ("staff-nobody", 403, "LOGIN_REFUSED"), ("staff-stranger", 403, "LOGIN_REFUSED"), ("applicant-850412390021", 403, "LOGIN_REFUSED"), ("bad-auth", 403, "LOGIN_REFUSED"),
        ("system-gateway", 403, "LOGIN_REFUSED"), ("bad-legal", 403, "LOGIN_REFUSED"),
        ("staff-revoked", 422, "LOGIN_CERTIFICATE_REVOKED"), ("gost-staff-revoked", 422, "LOGIN_CERTIFICATE_REVOKED"), ("head-expired", 422, "LOGIN_CERTIFICATE_EXPIRED"),
        ("bad-notyet", 422, "LOGIN_CERTIFICATE_EXPIRED"), ("bad-foreign-ca", 422, "LOGIN_CERTIFICATE"), ("gost-staff-foreign-ca", 422, "LOGIN_CERTIFICATE"),
        ("bad-selfsigned", 422, "LOGIN_CERTIFICATE"), ("bad-weak", 422, "LOGIN_CERTIFICATE"), ("bad-ca-as-leaf", 422, "LOGIN_CERTIFICATE"), ("tls-provider", 422, "LOGIN_CERTIFICATE"),
    ):
        for form in ("xml", "cms"):
            got = reason_of(lab, certificate, form)
            c.same(f"{certificate}, {form}", (got[0], got[2]), (status, want), got)


def nobody_is_enumerated(lab):
    """Unknown, shut out, of another organisation: the same words."""
    lab.write_staff(inactive=("executor2",))
    wait_for("executor2 is shut out", lambda: reason_of(lab, STAFF["executor2"].certificate)[2] == "LOGIN_REFUSED")
    answers = {}
    for certificate in ("staff-nobody", STAFF["executor2"].certificate, "staff-stranger", "applicant-850412390021"):
        answer = Session(lab, certificate=certificate).answer
        answers[certificate] = (answer.status, {k: v for k, v in answer.json.items() if k != "correlationId"})
    c.same("one answer for all whom we do not let in", len({json.dumps(a, sort_keys=True) for a in answers.values()}), 1, answers)
    lab.write_staff()
    wait_for("executor2 is let in again", lambda: Session(lab, "executor2").ok)


def paths(lab):
    """There is one way to write a path; what decodes to it is it, and anything else is nothing."""
    for path in ("/api/v1/session", "/api/v1/%73ession", "/api/v1/se%73sion"):
        refused(path, http_call(lab.url + path), 401, "LOGIN_REQUIRED")
    for path in ("/api/v1/Session", "/API/v1/session", "/api/v1/session/", "/api/v1/session%20", "/api/v1/session;x", "/api/v1/sessions",
                 "/api/v1/session/challenge/x", "/api/v1/session/Challenge", "/api/v1/session.json"):
        refused(path, http_call(lab.url + path), 404, "HTTP_NOT_FOUND")
    for path in ("/api/v1//session", "//api/v1/session", "/api/v1/x/../session", "/api/v1/./session", "/api/v1/x/%2e%2e/session", "/api/v1/%2e/session", "/api/v1/x/.%2E/session", "/api/v1%2fsession", "/api/v1/session%00",
                 "/api/v1/session%0d%0aX:y", "/api/v1/%2573ession/%"):
        answer = http_call(lab.url + path)
        c.that(f"{path} leads nowhere", answer.status in (400, 404), answer)


# ---- sessions ----

def fixation(lab):
    """A cookie that somebody planted before the login is worth nothing after it."""
    planted = "egov_session=" + "a" * 64
    asked = challenge(lab)
    answer = log_in(lab, asked["id"], signed(asked["xml"], "staff-clerk"), headers={"Cookie": planted})
    c.that("the session has an id of its own", answer.status == 201 and planted.split("=")[1] not in answer.headers["Set-Cookie"], answer)
    refused("the planted one opens nothing", http_call(lab.url + SESSION, headers={"Cookie": planted}), 401, "SESSION_EXPIRED")
    victim = Session(lab, "executor1")
    asked = challenge(lab)
    again = log_in(lab, asked["id"], signed(asked["xml"], "staff-clerk"), headers={"Cookie": victim.cookie})
    c.same("a login in a browser that is logged in", (again.status, again.json["staff"]["id"]), (201, "clerk"))
    refused("ends the session before", victim.call(SESSION), 401, "SESSION_EXPIRED")


def parallel(lab):
    """Logins and calls of many at once, over all loops: nobody gets another's session, and of a challenge used by many at once one wins."""
    names, found, lock = [n for n in STAFF if n != "operator"], [], threading.Lock()

    def work(name):
        session = Session(lab, name)
        seen = [session.call(SESSION).json["staff"]["id"] for _ in range(5)] if session.ok else [session.answer]
        with lock:
            found.append((name, session, seen))

    threads = [threading.Thread(target=work, args=(name,)) for name in names * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    c.same("everybody is himself in every call", [(n, s) for n, _, s in found if s != [n] * 5], [])
    c.same("no token is given twice", len({s.cookie for _, s, _ in found}), len(found))
    first, second = [s for n, s, _ in found if n == "clerk"]
    first.log_out()
    c.same("of two sessions of one person one is logged out", (first.call(SESSION).status, second.call(SESSION).status), (401, 200))
    asked = challenge(lab)
    text, answers = signed(asked["xml"], "staff-clerk"), []
    threads = [threading.Thread(target=lambda: answers.append(log_in(lab, asked["id"], text).status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    c.same("twelve logins with one challenge", sorted(answers), [201] + [422] * 11)


def staff_changes(lab):
    """The file as it is now decides, for those who are inside, too."""
    clerk, executor = Session(lab, "clerk"), Session(lab, "executor1")
    lab.write_staff(without=("clerk",))
    wait_for("the clerk is outside", lambda: clerk.call(SESSION).status == 401)
    refused("a person who was taken out", clerk.call(SESSION), 401, "SESSION_EXPIRED")
    refused("and cannot come in again", Session(lab, "clerk").answer, 403, "LOGIN_REFUSED")
    c.same("others stay", executor.call(SESSION).status, 200)
    lab.write_staff(inactive=("executor1",))
    wait_for("the executor is outside", lambda: executor.call(SESSION).status == 401)
    refused("the clerk's session does not come back with him", clerk.call(SESSION), 401, "SESSION_EXPIRED")
    c.same("but he can log in again", Session(lab, "clerk").answer.status, 201)
    before = lab.log.read_text().count("staff.kept")
    (lab.folder / "staff.conf").write_text("[person x]\niin = 1\n")
    wait_for("the mistake is told", lambda: lab.log.read_text().count("staff.kept") > before)
    c.same("and the old file stays", Session(lab, "clerk").answer.status, 201)
    checked = lab.run("check-conf", "--conf", lab.conf)
    c.that("check-conf finds it too", checked.returncode == 1 and re.search(r"BAD  organisations and the people .*staff.conf:0: \[person x\] organisation: is required", checked.stdout), checked.stdout)
    lab.write_staff()
    text = lab.conf.read_text()
    lab.conf.write_text(text.replace("[organisation center]\n", "[organisation center]\nservices = TSA_CERT, TSA_CART\n"))
    checked = lab.run("check-conf", "--conf", lab.conf)
    c.that("check-conf knows the services", checked.returncode == 1 and "BAD  [organisation center] works on TSA_CART" in checked.stdout and "ok   [organisation center] works on TSA_CERT"
           in checked.stdout, checked.stdout)
    lab.conf.write_text(text)
    checked = lab.run("check-conf", "--conf", lab.conf)
    c.that("check-conf says when it is right", "ok   organisations and the people who work on requests" in checked.stdout, checked.stdout)
    wait_for("all are back", lambda: Session(lab, "executor1").ok)


def systems(lab):
    """An organisation's own system: its TLS client certificate, and no cookie."""
    call = http_call(lab.tls_url + SESSION, certificate="tls-provider")
    facts = call.json
    c.same("the provider's system", (call.status, facts["staff"]["id"], facts["machine"], facts["roles"], facts["maySign"], facts["csrf"], facts["expiresAt"]),
           (200, "provider", True, ["CLERK", "EXECUTOR"], False, None, None))
    refused("the portal's", http_call(lab.tls_url + SESSION, certificate="tls-portal"), 401, "LOGIN_REQUIRED")
    refused("a stranger's", http_call(lab.tls_url + SESSION, certificate="tls-stranger"), 401, "LOGIN_REQUIRED")
    clerk = Session(lab, "clerk", url=lab.tls_url)
    both = http_call(lab.tls_url + SESSION, headers={"Cookie": clerk.cookie}, certificate="tls-provider")
    c.same("certificate and cookie: the certificate", both.json["staff"]["id"], "provider")
    other = http_call(lab.tls_url + SESSION, headers={"Cookie": clerk.cookie}, certificate="tls-portal")
    c.same("another system's certificate beside a cookie changes nothing", other.json["staff"]["id"], "clerk")
    http_call(lab.tls_url + SESSION, "DELETE", headers={"Cookie": clerk.cookie}, certificate="tls-provider")
    with_context = client_context("tls-provider")
    c.that("there is a client certificate to show", with_context is not None)


def revoked_inside(lab):
    """Revoked while logged in: outside within a minute; an answer that cannot be had ends no session."""
    session, other = Session(lab, "clerk", "staff-clerk-auth"), Session(lab, "executor2")
    lab.pki_fault("ocsp", "http500")
    lab.pki_fault("crl", "http500")
    lab.pki_fault("delta", "http500")
    time.sleep(1)
    c.same("silent responders end no session", session.call(SESSION).status, 200)
    for endpoint in ("ocsp", "crl", "delta"):
        lab.pki_fault(endpoint)
    lab.revoke("staff-clerk-auth")
    wait_for("revocation ends the session", lambda: session.call(SESSION).status == 401, 120)
    refused("revoked while logged in", session.call(SESSION), 401, "SESSION_EXPIRED")
    c.that("the log says why", re.search(r"session.ended staff=clerk reason=LOGIN_CERTIFICATE_REVOKED", lab.log.read_text()))
    refused("and does not come in again", Session(lab, "clerk", "staff-clerk-auth").answer, 422, "LOGIN_CERTIFICATE_REVOKED")
    c.same("others stay", other.call(SESSION).status, 200)


def unknown_revocation(lab):
    """Unknown is no login; the challenge is not used up."""
    lab.pki_fault("ocsp", "http500")
    asked = challenge(lab)
    text = signed(asked["xml"], "staff-csc-issuer")
    refused("nothing is known about the certificate", log_in(lab, asked["id"], text), 503, "LOGIN_REVOCATION_UNKNOWN")
    lab.pki_fault("ocsp")
    c.that("once it is, the same signature is good", wait_for("login", lambda: log_in(lab, asked["id"], text).status == 201, 60))


def lock_outs(lab):
    """[login] failures_max = 3, address_failures_max = 8, lock_s = 10."""
    for _ in range(3):
        refused("a proven stranger", Session(lab, certificate="staff-nobody").answer, 403, "LOGIN_REFUSED")
    refused("is locked out", Session(lab, certificate="staff-nobody").answer, 429, "LOGIN_LOCKED")
    asked = challenge(lab)
    body = json.dumps({"id": asked["id"], "signature": signed(asked["xml"], "staff-nobody")}).encode()
    refused("also from another address", from_address(lab, "127.0.0.2", SESSION, body), 429, "LOGIN_LOCKED")
    c.same("others at his address are not", Session(lab, "clerk").answer.status, 201)
    captured = Session(lab, "executor1")
    for _ in range(5):
        refused("a captured login again and again", from_address(lab, "127.0.0.3", SESSION, json.dumps({"id": captured.id, "signature": captured.signature}).encode()), 422, "CHALLENGE_UNKNOWN")
    c.same("does not lock its owner out", Session(lab, "executor1").answer.status, 201)
    for _ in range(3):
        from_address(lab, "127.0.0.3", SESSION, json.dumps({"id": captured.id, "signature": captured.signature}).encode())
    refused("but the address", from_address(lab, "127.0.0.3", CHALLENGE, b""), 429, "LOGIN_LOCKED")
    c.same("and no other", from_address(lab, "127.0.0.4", CHALLENGE, b"").status, 201)
    c.that("the pause ends", wait_for("the address is free", lambda: from_address(lab, "127.0.0.3", CHALLENGE, b"").status == 201, 60))
    start = time.monotonic()
    from_address(lab, "127.0.0.3", SESSION, json.dumps({"id": captured.id, "signature": captured.signature}).encode())
    wait_for("the address is free again", lambda: from_address(lab, "127.0.0.3", CHALLENGE, b"").status == 201, 120)
    c.that("the next pause is longer", time.monotonic() - start > 15, time.monotonic() - start)
    c.same("whoever is inside is not disturbed", captured.call(SESSION).status, 200)


def after_a_restart(lab):
    session, asked = Session(lab, "clerk"), challenge(lab)
    text = signed(asked["xml"], "staff-clerk")
    lab.stop("gateway")
    lab.start_gateway()
    session.url = lab.url
    refused("a session of before", session.call(SESSION), 401, "SESSION_EXPIRED")
    refused("a challenge of before, as one of another gateway", log_in(lab, asked["id"], text), 422, "CHALLENGE_UNKNOWN")


def silence(lab, session, begun):
    """idle_minutes = 1, challenge_s = 10."""
    asked = challenge(lab)
    text = signed(asked["xml"], "staff-clerk")
    busy = Session(lab, "executor1")
    asked_at = time.monotonic()
    while time.monotonic() < max(begun + 62, asked_at + 12):
        time.sleep(5)
        c.same("whoever does something stays inside", busy.call(SESSION).status, 200)
    refused("a minute's silence", session.call(SESSION), 401, "SESSION_EXPIRED")
    refused("a challenge that is too old", log_in(lab, asked["id"], text), 422, "CHALLENGE_UNKNOWN")


def privacy(lab, sessions):
    log = lab.log.read_text()
    c.same("no IIN in the log", [p.iin for p in STAFF.values() if p.iin in log], [])
    c.same("no name in the log", [p.name for p in STAFF.values() if p.name.split()[0].lower() in log.lower()], [])
    c.same("no token in the log", [s.person for s in sessions if s.cookie.split("=")[1] in log or s.csrf in log], [])
    metrics = {name: metric(lab, f"egov_{name}") for name in ("sessions", "logins_total", "logins_refused_total")}
    c.that("metrics count them", metrics["sessions"] >= 2 and metrics["logins_total"] > metrics["sessions"] and metrics["logins_refused_total"] > 50, metrics)
    c.that("logins, refusals and logouts are in it", all(verb in log for verb in ("session.begun staff=clerk", "session.refused reason=LOGIN_REFUSED", "reason=logout")))
    c.same("nothing for the operator to worry about", [line for line in complaints(lab) if "staff.kept" not in line and "REVOCATION_UNKNOWN" not in line], [])


def generous(lab):
    """Of tests that are refused all the time."""
    return {"login": {"failures_max": 1000, "address_failures_max": 100000, "challenges_per_minute": 100000}}


with Lab(settings=generous) as running:
    for part in (everybody, every_form, cookies, csrf, challenges, bodies, certificates, nobody_is_enumerated, paths, fixation, parallel, staff_changes, systems):
        c.part(part, running)
    kept = [Session(running, "clerk"), Session(running, "head")]
    c.part(privacy, running, kept)
    c.part(after_a_restart, running)

with Lab(settings={"login": {"failures_max": 3, "address_failures_max": 8, "lock_s": 10, "idle_minutes": 1, "challenge_s": 10}}) as running:
    quiet, since = Session(running, "clerk"), time.monotonic()
    c.part(lock_outs, running)
    c.part(silence, running, quiet, since)

with Lab(settings={"revocation": {"refresh_ms": 1000}}) as running:
    c.part(revoked_inside, running)

with Lab(settings={"revocation": {"mode": "ocsp", "retry_first_ms": 100}, "login": {"sign_certificates": "no", "address_failures_max": 1000}}) as running:
    c.that("sign_certificates = no: not with the key for signing", wait_for("its status is known", lambda: reason_of(running, "staff-clerk")[2] == "LOGIN_CERTIFICATE", 60))
    c.that("the one for authentication", wait_for("login", lambda: Session(running, "clerk", "staff-clerk-auth").ok, 60))

with Lab(settings={"revocation": {"mode": "ocsp", "retry_first_ms": 100}, "login": {"secure": "always"}}) as running:
    c.part(unknown_revocation, running)
    wait_for("the clerk's certificate is known", lambda: Session(running, "clerk").ok, 60)
    c.that("secure = always", Session(running, "clerk").set_cookie.endswith("; Secure"))
c.finish()
