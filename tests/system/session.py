"""Somebody at the provider's door, for system tests: logs in with a certificate of the test PKI and calls the gateway with cookie and CSRF token."""
import base64
import json
import subprocess

from check import PKI, http_call, sign
from lab import GATEWAY
from staff import STAFF

SESSION = "/api/v1/session"
JSON = {"Content-Type": "application/json"}


def challenge(lab, url=None):
    """{"id", "xml", "expiresAt"}"""
    return http_call((url or lab.url) + SESSION + "/challenge", "POST", b"").json


def cms(text, name, *options):
    """base64 of a CMS signature by a key of the test PKI."""
    done = subprocess.run([str(GATEWAY), "sign", "--cms", *options, "--key", PKI / "keys" / f"{name}.key", "--cert", PKI / "certs" / f"{name}.pem", "/dev/stdin"],
                          input=text.encode(), capture_output=True, check=True)
    return base64.b64encode(done.stdout).decode()


def signed(text, name, form="xml"):
    """form: xml, cms, detached"""
    if form == "xml":
        return sign(text, name).decode()
    return cms(text, name, *(["--detached"] if form == "detached" else []))


def log_in(lab, id_, signature, url=None, headers=None):
    return http_call((url or lab.url) + SESSION, "POST", json.dumps({"id": id_, "signature": signature}).encode(), {**JSON, **(headers or {})})


class Session:
    """Session(lab, "clerk"): logged in by the certificate of staff.STAFF, or by another one. `answer` is that of the login; call() goes on from there."""

    def __init__(self, lab, person=None, certificate=None, form="xml", url=None):
        self.lab, self.person, self.url = lab, person, url or lab.url
        asked = challenge(lab, self.url)
        self.id = asked["id"]
        self.signature = signed(asked["xml"], certificate or STAFF[person].certificate, form)
        self.answer = log_in(lab, self.id, self.signature, self.url)
        self.ok = self.answer.status == 201
        self.facts = self.answer.json if self.ok else None
        self.csrf = self.facts["csrf"] if self.ok else ""
        self.set_cookie = self.answer.headers.get("Set-Cookie", "")
        self.cookie = self.set_cookie.split(";")[0]

    def call(self, path, method="GET", body=None, headers=None, csrf=True, timeout=30):
        """body: bytes, or what is sent as JSON."""
        sent = {"Cookie": self.cookie, **({"X-CSRF-Token": self.csrf} if csrf and method not in ("GET", "HEAD") else {})}
        if body is not None and not isinstance(body, bytes):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        return http_call(self.url + path, method, body, {**sent, **(headers or {})}, timeout=timeout)

    def log_out(self):
        return self.call(SESSION, "DELETE")
