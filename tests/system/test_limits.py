#!/usr/bin/python3
"""What happens at the limits: too many requests, too many connections, slow peers, large bodies, a full disk, many requests in a row."""
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

from check import PKI, TEXT_XML, Checks, Lab, Message, Store, fault, http_call, metric, problem, set_fault, settled, status, wait_for
from traffic import ASYNC, SYNC, Client, Traffic, memory_kib, prepare, reason_of

SANITIZED = "asan" in os.environ.get("EGOV_BUILD", "") or "tsan" in os.environ.get("EGOV_BUILD", "")


def address(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port


def raw(url, data=b"", timeout=10):
    connection = socket.create_connection(address(url), timeout=timeout)
    connection.sendall(data)
    return connection


def until_closed(connection):
    """(what came, seconds until the peer closed)."""
    begin, got = time.monotonic(), b""
    try:
        while block := connection.recv(65536):
            got += block
    except ConnectionResetError:
        pass
    connection.close()
    return got, time.monotonic() - begin


# ---- overload ----

def overload(check):
    with Lab(settings={"gateway": {"inflight_max": 4, "loops": 1}}) as lab:
        set_fault(lab, "gbdfl", "delay", ms=600)
        messages = prepare(lab, 24, ASYNC)
        client = Client(lab)
        answers = [client.send(m) for m in messages]
        taken = [m for m, (code, _) in zip(messages, answers) if code == 200]
        refused = [body for code, body in answers if code == 503]
        check.same("as many as may be under way are taken", len(taken), 4)
        check.same("the others are told so", {reason_of(body) for body in refused}, {"OVERLOADED"})
        check.same("and nothing else happens to them", len(refused), 20)
        again = http_call(lab.url + messages[-1].path, "POST", messages[-1].body, messages[-1].headers())
        check.same("with Retry-After", (again.status, again.headers["Retry-After"]), (503, "5"))
        check.same("what was refused is not stored", Store(lab).value("SELECT count(*) FROM request"), 4)
        check.same("health does not suffer", http_call(lab.url + "/health/ready").status, 200)
        traffic = Traffic(lab, messages, threads=4, pause=0.1).start()
        traffic.join(60)
        check.same("sent again until acknowledged, all are", len(traffic.acknowledged()), 24, traffic.errors)
        set_fault(lab, "gbdfl", "none")
        check.within("and delivered", lambda: settled(lab), 30)
        check.same("each once", Store(lab).value("SELECT count(*) FROM request"), 24)
        client.close()


def connections(check):
    with Lab(settings={"gateway": {"loops": 1}, "http": {"connections": 40, "connections_per_peer": 30}}) as lab:
        held = [raw(lab.url) for _ in range(30)]
        wait_for("they are counted", lambda: b"503" in until_closed(raw(lab.url, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"))[0])
        got, _ = until_closed(raw(lab.url, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"))
        check.that("one too many of an address: 503 with Retry-After, closed", got.startswith(b"HTTP/1.1 503") and b"etry-" in got, got[:300])
        other = socket.create_connection(address(lab.url), timeout=10, source_address=("127.0.0.2", 0))
        other.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got, _ = until_closed(other)
        check.that("another address is served", got.startswith(b"HTTP/1.1 200"), got[:300])
        for connection in held:
            connection.close()
        check.within("when they are gone, all is as before", lambda: http_call(lab.url + "/health/live").status == 200)


def idle_connections(check):
    with Lab(settings={"gateway": {"loops": 1}}) as lab:
        check.same("warm", Message("sync").send(lab).status, 200)
        worker = lab.children()["worker"]
        before = memory_kib(worker)
        held = [raw(lab.url) for _ in range(200)]
        check.same("served beside 200 idle connections", Message("sync").send(lab).status, 200)

        def ticks():
            with open(f"/proc/{worker}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        start = ticks()
        time.sleep(1.0)
        spent = (ticks() - start) / os.sysconf("SC_CLK_TCK")
        check.that("they cost no time", spent <= 0.05, f"{spent} s of CPU in a second")
        grown = memory_kib(worker) - before
        print(f"200 idle connections: {grown} KiB, {spent:.2f} s of CPU in a second")
        check.that("and little memory", SANITIZED or grown < 200 * 20, f"{grown} KiB")
        for connection in held:
            connection.close()


# ---- slow peers ----

def drip(connection, data, seconds):
    """One byte every 50 ms, so that no time-out since the last byte would ever end."""
    end = time.monotonic() + seconds
    try:
        for byte in data:
            if time.monotonic() > end:
                break
            connection.sendall(bytes([byte]))
            time.sleep(0.05)
    except OSError:
        pass


def slow_one(lab, url, first, rest):
    connection = raw(url, first)
    threading.Thread(target=drip, args=(connection, rest, 6), daemon=True).start()
    return until_closed(connection)


def slow_peers(check):
    with Lab(settings={"http": {"handshake_ms": 600, "header_ms": 700, "body_ms": 800, "idle_ms": 900}}) as lab:
        head = f"POST /shep/sync HTTP/1.1\r\nHost: x\r\nContent-Type: {TEXT_XML}\r\nContent-Length: 5000\r\n".encode()
        got, took = slow_one(lab, lab.url, b"", head + b"\r\n")
        check.that("slow headers: 408, closed in time", b" 408 " in got[:20] and 0.6 < took < 1.8, (got[:100], took))
        got, took = slow_one(lab, lab.url, head + b"\r\n", b"<" * 200)
        check.that("slow body: 408, closed in time", b" 408 " in got[:20] and 0.7 < took < 1.9, (got[:100], took))
        got, took = until_closed(raw(lab.url))
        check.that("nothing at all: closed in time", got == b"" and 0.6 < took < 1.8, (got, took))
        context = ssl.create_default_context(cafile=str(PKI / "tls" / "ca.pem"))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1").do_handshake()
        except ssl.SSLWantReadError:
            pass
        got, took = slow_one(lab, lab.tls_url, b"", outgoing.read())
        check.that("slow TLS handshake: closed in time", 0.5 < took < 1.7, (got[:50], took))
        got, took = until_closed(raw(lab.url, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"))
        check.that("an idle kept connection: closed in time", got.startswith(b"HTTP/1.1 200") and 0.8 < took < 2.0, (got[:50], took))
        many = [raw(lab.url, b"POST /shep/sync HTTP/1.1\r\nHost: x\r\n") for _ in range(200)]
        check.same("200 slow peers do not keep others out", Message("sync").send(lab).status, 200)
        ended = [until_closed(c)[0] for c in many]
        check.same("and are all shown out", sum(b" 408 " in got[:20] for got in ended), 200)


# ---- bodies ----

def bodies(check):
    limit = 10 << 20
    with Lab(settings={"gateway": {"loops": 1}}) as lab:
        worker = lab.children()["worker"]
        post = {"Content-Type": TEXT_XML}
        answer = http_call(lab.url + "/shep/sync", "POST", b" " * limit, post)
        check.that("10 MiB are taken (and are no XML)", answer.status == 500 and fault(answer)[2] not in (None, "HTTP_TOO_LARGE"), answer)
        answer = http_call(lab.url + "/shep/sync", "POST", b" " * (limit + 1), post)
        check.same("a byte more: 413", answer.status, 413)
        check.same("with its reason", problem(answer)[2], "HTTP_TOO_LARGE", answer)
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        connection = raw(lab.url, f"POST /shep/sync HTTP/1.1\r\nHost: x\r\nContent-Type: {TEXT_XML}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        try:
            for _ in range(limit // 65536 + 2):
                connection.sendall(chunk)
        except OSError:
            pass
        got, _ = until_closed(connection)
        check.that("likewise in chunks", got.startswith(b"HTTP/1.1 413"), got[:100])
        connection = raw(lab.url, f"POST /shep/sync HTTP/1.1\r\nHost: x\r\nContent-Type: {TEXT_XML}\r\nContent-Length: {limit + 1}\r\nExpect: 100-continue\r\n\r\n".encode())
        got, took = until_closed(connection)
        check.that("and is told before it sends, when it asks", got.startswith(b"HTTP/1.1 413") and took < 5, (got[:100], took))
        check.same("the gateway goes on", Message("sync").send(lab).status, 200)
        check.same("the same worker", lab.children()["worker"], worker)


# ---- a full disk ----

def fill(folder):
    """Takes all the room there is."""
    path = folder / "ballast"
    with open(path, "wb", buffering=0) as out:
        for size in (65536, 4096, 512):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                continue
    return path


def mounted(folder):
    return os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder], capture_output=True, check=False).returncode == 0


def full_disk_on(check, lab, disk):
    messages = prepare(lab, 240, ASYNC, SYNC)
    before = Traffic(lab, messages[:40]).start()
    before.join()
    check.same("before: all acknowledged", len(before.acknowledged()), 40)
    set_fault(lab, "gbdfl", "delay", ms=300)
    under_way = Traffic(lab, messages[40:60], threads=20).start()
    wait_for("some are under way", lambda: (Store(lab).value("SELECT count(*) FROM request") or 0) == 60)
    ballast = fill(disk)
    under_way.join(40)
    set_fault(lab, "gbdfl", "none")
    check.same("those are acknowledged", len(under_way.acknowledged()), 20, under_way.errors)
    client = Client(lab)
    answers = [client.send(m) for m in messages[60:200]]
    for message, (code, _) in zip(messages[60:200], answers):
        message.acknowledged = code == 200
    refused = [body for code, body in answers if code == 503]
    check.that("full: nothing more is acknowledged", len(refused) >= 100, sorted({c for c, _ in answers}))
    check.same("every refusal is a 503 with its reason", {reason_of(body) for body in refused}, {"STORE_UNAVAILABLE"})
    check.same("and nothing but", {code for code, _ in answers} - {200, 503}, set())
    told = re.findall(r".*store\.unavailable.*", lab.log.read_text())
    # Not per request; more than once where giving up a commit has made room for a small one.
    check.that("the log says it when it changes", 1 <= len(told) <= 10, len(told))
    check.that("clearly", told and "full" in told[0], told)
    check.same("it lives", http_call(lab.url + "/health/live").status, 200)
    os.unlink(ballast)
    check.within("room again: requests are accepted without any help", lambda: client.send(messages[200])[0] == 200, 10)
    after = Traffic(lab, messages[60:], threads=8).start()
    after.join()
    check.same("what was refused is acknowledged when it is sent again", len(after.acknowledged()), 180, after.errors)
    check.same("the log says so", lab.log.read_text().count("store.available"), lab.log.read_text().count("store.unavailable"))
    check.within("all are decided and delivered", lambda: settled(lab), 60)
    check.same("nothing is lost, nothing is double", Store(lab).rows("SELECT count(*), count(DISTINCT message_id) FROM message"), [(240, 240)])
    check.same("one result each", Store(lab).value("SELECT count(*) FROM decision"), 240)
    check.same("fsck", lab.run("fsck", "--conf", lab.conf).returncode, 0)
    client.close()


def full_disk(check):
    with tempfile.TemporaryDirectory(prefix="egov-full-") as folder:
        if not mounted(folder):
            check.skip("full disk", "only root can mount a small one")
            return
        try:
            disk = pathlib.Path(folder)
            settings = {"store": {"path": disk / "store.db"}, "retry": {"first_ms": 200, "longest_ms": 1000}, "destination cabinet": {"timeout_ms": 1000}}
            with Lab(settings=settings) as lab:
                (lab.folder / "store.db").symlink_to(disk / "store.db")
                check.part(full_disk_on, check, lab, disk)
        finally:
            subprocess.run(["umount", folder], check=False)


# ---- memory ----

def memory_stays(check):
    with Lab(settings={"gateway": {"loops": 1}}, simulator_options=["--no-verify"]) as lab:
        pids = lab.children()
        sizes = []
        for count in (100, 100, 100) if SANITIZED else (600, 1200, 1200):  # a sanitizer keeps what is freed: no bound to be seen
            messages = prepare(lab, count, SYNC, ASYNC)
            traffic = Traffic(lab, messages, threads=8).start()
            traffic.join(200)
            check.same("all acknowledged", len(traffic.acknowledged()), count, traffic.errors[:3])
            check.within("delivered", lambda: settled(lab), 60)
            sizes.append({role: memory_kib(pid) for role, pid in pids.items()})
        print(f"resident KiB after a fifth, three fifths and all of the requests: {sizes}")
        for role in pids:
            grown = sizes[2][role] - sizes[0][role]
            check.that(f"{role}: what 2,400 more requests leave behind is bounded", SANITIZED or grown < 4096, f"{grown} KiB")


def main():
    check = Checks()
    for part in (overload, connections, idle_connections, slow_peers, bodies, full_disk, memory_stays):
        begin = time.monotonic()
        check.part(part, check)
        print(f"{part.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
    check.finish()


main()
