"""What every system test needs: checks that are counted, and a little SOAP and HTTP. Python's standard library only."""
import http.client
import http.server
import json
import os
import pathlib
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import traceback
import urllib.parse
import uuid
from datetime import datetime, timedelta, timezone

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))
from lab import GATEWAY, PKI, ROOT, Lab, wait_for  # noqa: E402,F401

TEMPLATES = ROOT / "fixtures" / "templates"
APPLICANT, RELATIVE, NEGATIVE = "850412390011", "870930490018", "480509390010"
TEXT_XML = "text/xml; charset=utf-8"


class Checks:
    """Counts. Each check has a name that says what must be so; a failed one is printed and the run goes on."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def that(self, name, good, note=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name}: {str(note)[:500]}", flush=True)
        return bool(good)

    def same(self, name, got, want, note=""):
        return self.that(name, got == want, f"got {got!r}, want {want!r} {note}")

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped {name}: {why}")

    def within(self, name, test, seconds=20.0):
        """Waits until test() is true."""
        try:
            return self.that(name, wait_for(name, test, seconds))
        except TimeoutError as late:
            return self.that(name, False, late)

    def part(self, function, *args):
        """A part that stops by an exception is one failed check."""
        start = time.monotonic()
        try:
            return function(*args)
        except Exception:  # noqa: BLE001 whatever it was, the other parts still say something
            self.that(function.__name__, False, traceback.format_exc())
            return None
        finally:
            if "EGOV_TIMES" in os.environ:
                print(f"{function.__name__}: {time.monotonic() - start:.1f} s")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed else 0)


# ---- HTTP ----

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.text[:700]}"


def client_context(certificate=None, ca=None):
    context = ssl.create_default_context(cafile=str(ca or PKI / "tls" / "ca.pem"))
    if certificate:
        context.load_cert_chain(PKI / "certs" / f"{certificate}.pem", PKI / "keys" / f"{certificate}.key")
    return context


def http_call(url, method="GET", body=None, headers=None, certificate=None, timeout=30):
    """One request on a connection of its own."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=client_context(certificate))
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


# ---- messages ----

def moment(**shift):
    """Now, as messages write it; moment(hours=-25) is earlier."""
    return (datetime.now(timezone(timedelta(hours=5))) + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%S.000+05:00")


def defaults():
    """[set] of fixtures/templates/defaults.ini."""
    values, inside = {}, False
    for line in (TEMPLATES / "defaults.ini").read_text().splitlines():
        if line.startswith("["):
            inside = line.strip() == "[set]"
        elif inside and "=" in line and not line.startswith(";"):
            key, value = line.split("=", 1)
            values[key.strip()] = value.strip()
    return values


def filled(template, values):
    text = (TEMPLATES / f"{template}.xml").read_text()
    for _ in range(3):  # values may name values
        for key, value in values.items():
            text = text.replace("${" + key + "}", value)
    return text


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def sign(text, name, soap=False):
    """Signed by `egov-gateway sign` with a key of the test PKI."""
    done = subprocess.run([str(GATEWAY), "sign", "--key", PKI / "keys" / f"{name}.key", "--cert", PKI / "certs" / f"{name}.pem",
                           *(["--soap"] if soap else []), "/dev/stdin"], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


class Message:
    """One message of the portal: Message("sync", applicant=…).body goes to `path`; fields are the placeholders of the templates."""

    def __init__(self, channel="sync", sender_key="system-portal", signer=None, application=None, **fields):
        self.channel = channel
        stamp = uuid.uuid4()
        values = {**defaults(), "now": moment(), "messageId": f"test-{stamp}", "correlationId": f"chain-{stamp}",
                  "requestNumber": f"{stamp.int % 10**13:013d}".rjust(14, "2"), **fields}
        self.applicant = values["applicant"]
        self.id, self.correlation_id, self.number = values["messageId"], values["correlationId"], values["requestNumber"]
        if application is None:
            application = sign(filled("application", values), signer or f"applicant-{values['applicant']}").decode()
        self.application = application
        if channel == "rest":
            self.path, self.body = "/api/v1/requests", application.encode()
            return
        self.path = f"/shep/{channel}"
        self.plain = filled(channel, {**values, "data": f"<data>{escaped(application)}</data>"})
        self.body = sign(self.plain, sender_key, soap=True) if sender_key else self.plain.encode()

    def send(self, lab, body=None, timeout=40):
        if self.channel == "rest":
            return http_call(lab.tls_url + self.path, "POST", body or self.body, {"Content-Type": "application/xml", "Idempotency-Key": self.id},
                             "tls-portal", timeout)
        return http_call(lab.url + self.path, "POST", body or self.body, {"Content-Type": TEXT_XML, "SOAPAction": '""'}, timeout=timeout)


def element(text, name):
    """The text of the only element of that local name in an answer, or None; enough for answers that the gateway writes itself."""
    import xml.etree.ElementTree as ElementTree
    found = [e for e in ElementTree.fromstring(text).iter() if e.tag.rsplit("}", 1)[-1] == name]
    return (found[0].text or "") if len(found) == 1 else None


def fault(answer):
    """(HTTP status, SHEP code, reason code) of a refusal over SOAP; codes None when it is no fault."""
    if b"Fault>" not in answer.body:
        return answer.status, None, None
    data = element(answer.body, "errorData") or ""
    return answer.status, element(answer.body, "errorCode"), data.split(";")[0].removeprefix("reason=") or None


def problem(answer):
    """The same of problem+json."""
    if answer.headers.get_content_type() != "application/problem+json":
        return answer.status, None, None
    return answer.status, answer.json.get("code"), answer.json.get("reason")


def said(answer):
    """What a SOAP answer says: the status code, or the reason of a refusal."""
    return element(answer.body, "code") if b"Fault>" not in answer.body else fault(answer)[2]


def number_of(answer):
    """The registration number in an answer, SOAP or REST."""
    return answer.json["number"] if answer.headers.get_content_type() == "application/json" else element(answer.body, "messageId")


# ---- looking inside ----

class Store:
    """Reads the gateway's store while it runs. Only for what no interface tells."""

    def __init__(self, lab):
        self.path = lab.folder / "store.db"

    def rows(self, sql, *args):
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, args).fetchall()
        finally:
            connection.close()

    def value(self, sql, *args):
        found = self.rows(sql, *args)
        return found[0][0] if found else None


STATES = {0: "CHECKING", 1: "REGISTERED", 2: "REJECTED_INTAKE", 3: "AWAITING_DATA", 4: "DECIDED", 5: "RESULT_SENT", 6: "RECEIVED", 7: "CANCELLED",
          8: "FAILED_TECH"}


def state_of(lab, number):
    return STATES.get(Store(lab).value("SELECT state FROM request WHERE id = ?", int(number[3:])))


def status(lab):
    return json.loads(lab.run("status", "--conf", lab.conf, "--json").stdout)


def settled(lab):
    """True once every request is delivered, but for those that people work on, and nothing waits to be sent."""
    text = http_call(lab.url + "/metrics").text
    open_ones = sum(int(n) for n in re.findall(r'^egov_(?:requests\{state="(?:REGISTERED|AWAITING_DATA|DECIDED)"|outbox\{state="pending")\} (\d+)$', text, re.M))
    return open_ones == Store(lab).value("SELECT count(*) FROM request AS r JOIN casework AS w ON w.request_id = r.id WHERE r.state = 1 AND r.work_at IS NULL")


def cabinet(lab, correlation_id=None):
    """What the cabinet has of all requests, or of one (None when it has nothing)."""
    query = "?correlationId=" + urllib.parse.quote(correlation_id) if correlation_id else ""
    state = json.loads(lab.control("/cabinet/state" + query))
    return state if not correlation_id else state["list"][0] if state["list"] else None


def set_fault(lab, system, kind, **settings):
    query = "".join(f"&{k}={v}" for k, v in settings.items())
    lab.control(f"/fault?system={system}&kind={kind}{query}", "POST")


def complaints(lab):
    """Lines of the gateway's log that an operator would have to look at, but that it runs as root, as it does in containers."""
    return [line for line in lab.log.read_text().splitlines() if line.split()[2] in ("warn", "error") and "serve.as_root" not in line]


def metric(lab, name):
    """The value of one sample of /metrics."""
    for line in http_call(lab.url + "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    return None


# ---- between the gateway and a system ----

class Relay:
    """Stands between the gateway and one system: keeps what passes, and can be down, or answer in the system's place.

    Its URL is known before the lab starts (Lab(settings={"destination cabinet": {"url": relay.url}})); `upstream` is set afterwards."""

    def __init__(self):
        self.passed = []  # [request body, status, answer body] in the order of arrival; status None: no answer
        self.upstream, self.answer, self.server = None, None, None  # answer(body) → (status, bytes) or None to pass on
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def up(self):
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = relay.exchange(body)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", TEXT_XML)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 128
            connections = set()

            def process_request(self, request, address):
                self.connections.add(request)
                super().process_request(request, address)

            def handle_error(self, *_):
                pass  # the gateway went away in the middle: what is tested says so itself

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def exchange(self, body):
        record = [body, None, b""]
        self.passed.append(record)
        made = self.answer(body) if self.answer else None
        if made is None:
            try:
                got = http_call(self.upstream, "POST", body, {"Content-Type": TEXT_XML}, timeout=20)
                made = got.status, got.body
            except (OSError, http.client.HTTPException):
                made = None, b""
        record[1:] = made
        return made

    def down(self):
        """Nobody listens any more and kept connections are gone: what a system that was switched off looks like."""
        server, self.server = self.server, None
        if not server:
            return
        server.shutdown()
        server.server_close()
        for connection in server.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def bodies(self):
        return [body for body, _, _ in self.passed]
