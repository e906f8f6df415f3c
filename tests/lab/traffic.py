"""Clients that send prepared messages (prepare.c) and, as a portal does, send the same bytes again until they are acknowledged."""
import http.client
import pathlib
import random
import re
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

from lab import BUILD, PKI, ROOT

SYNC, ASYNC, REST = "01-sync-positive", "25-async", "26-rest"
NUMBER = re.compile(rb"<messageId>(\d{14})</messageId>|\"number\": ?\"(\d{14})\"")
REASON = re.compile(rb"reason=([A-Z_]+)|\"reason\": ?\"([A-Z_]+)\"")


class Prepared:
    def __init__(self, channel, message_id, body):
        self.channel, self.id, self.body = channel, message_id, body
        self.path = "/api/v1/requests" if channel == "rest" else f"/shep/{channel}"
        self.acknowledged = False
        self.number = None
        self.attempts = 0

    def headers(self):
        if self.channel == "rest":
            types = {b"{": "application/json", b"\x30": "application/cms"}  # a JSON object, the SEQUENCE of a DER CMS
            return {"Content-Type": types.get(self.body[:1], "application/xml"), "Idempotency-Key": self.id}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


def prepare(lab, count, *cases):
    """`count` signed messages, the cases of fixtures/good in turn."""
    out = lab.folder / f"messages-{random.getrandbits(32):08x}"
    program = BUILD / "tests" / "lab" / "prepare"
    subprocess.run([program, PKI, str(count), out, *(ROOT / "fixtures" / "good" / f"{c}.case" for c in cases or (SYNC,))], check=True)
    data, at, messages = out.read_bytes(), 0, []
    while at < len(data):
        end = data.index(b"\n", at)
        channel, message_id, size = data[at:end].decode().split()
        messages.append(Prepared(channel, message_id, data[end + 1:end + 1 + int(size)]))
        at = end + 1 + int(size)
    out.unlink()
    return messages


class Client:
    """One connection per listener, kept as long as it lasts."""

    def __init__(self, lab, timeout=30):
        self.lab, self.timeout, self.connections = lab, timeout, {}
        self.tls = ssl.create_default_context(cafile=str(PKI / "tls" / "ca.pem"))
        self.tls.load_cert_chain(PKI / "certs" / "tls-portal.pem", PKI / "keys" / "tls-portal.key")

    def connection(self, channel):
        tls = channel == "rest"
        if tls not in self.connections:
            parts = urllib.parse.urlsplit(self.lab.tls_url if tls else self.lab.url)
            self.connections[tls] = (http.client.HTTPSConnection(parts.hostname, parts.port, timeout=self.timeout, context=self.tls) if tls
                                     else http.client.HTTPConnection(parts.hostname, parts.port, timeout=self.timeout))
        return self.connections[tls]

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}

    def send(self, message):
        """(status, body); raises OSError or http.client.HTTPException when there is no answer."""
        message.attempts += 1
        try:
            connection = self.connection(message.channel)
            connection.request("POST", message.path, message.body, message.headers())
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise


def number_of(body):
    found = NUMBER.search(body)
    return (found.group(1) or found.group(2)).decode() if found else None


def reason_of(body):
    found = REASON.search(body)
    return (found.group(1) or found.group(2)).decode() if found else None


class Traffic:
    """Threads that send messages until each is acknowledged. What went wrong on the way is counted in `seen`."""

    def __init__(self, lab, messages, threads=8, pause=0.02, keep_alive=True):
        self.lab, self.messages, self.pause, self.keep_alive = lab, messages, pause, keep_alive
        self.lock = threading.Condition()
        self.next = 0
        self.released = len(messages)  # how many may be sent so far
        self.stopping = False
        self.seen, self.errors = {}, []
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]

    def note(self, what):
        with self.lock:
            self.seen[what] = self.seen.get(what, 0) + 1

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def release(self, count):
        with self.lock:
            self.released = min(len(self.messages), count)
            self.lock.notify_all()

    def take(self):
        with self.lock:
            while self.next >= self.released and self.next < len(self.messages) and not self.stopping:
                self.lock.wait()
            if self.next >= len(self.messages) or self.stopping:
                return None
            self.next += 1
            return self.messages[self.next - 1]

    def run(self):
        client = Client(self.lab)
        while (message := self.take()) is not None:
            try:
                self.deliver(client, message)
            except Exception as error:  # noqa: BLE001 told by join()
                self.errors.append(repr(error))
        client.close()

    def deliver(self, client, message):
        while not self.stopping:
            try:
                status, body = client.send(message)
            except ConnectionRefusedError:
                self.note("refused connection")
            except socket.timeout:
                self.note("time-out")
            except (OSError, http.client.HTTPException):
                self.note("cut connection")
            else:
                self.note(f"{status} {reason_of(body) or ''}".strip())
                if status in (200, 201, 202):
                    message.acknowledged, message.number = True, number_of(body)
                    break
                if status not in (500, 503):
                    self.errors.append(f"{message.id}: {status} {body[:300]!r}")
                    break
            time.sleep(self.pause)
        if not self.keep_alive:
            client.close()

    def join(self, seconds=60):
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))
        if any(thread.is_alive() for thread in self.threads):
            self.errors.append("not all messages were acknowledged in time")
        with self.lock:
            self.stopping = True
            self.lock.notify_all()

    def acknowledged(self):
        return [m for m in self.messages if m.acknowledged]


def memory_kib(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0
