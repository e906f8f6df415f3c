#!/usr/bin/python3
"""A second reader of RFC 9112, in regular expressions, judges the gateway's: pipelined requests, changed at random by what smuggling is made of and cut anywhere into segments, must
be as many requests for both, and end for both in the same way. Our policy beyond the RFC is in it too: no folding, no bare CR or LF, no trailers, one coding, Host as a host."""
import os
import random
import re
import socket
import time
import urllib.parse

from check import Checks, Lab

CASES, SEED = int(os.environ.get("HTTP_CASES", 1200)), int(os.environ.get("HTTP_SEED", 9112))
BODY_MAX = 10 << 20
REFUSALS = (400, 408, 413, 417, 431, 505)
TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
BASES = [
    b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /nothing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0A\r\n0123456789\r\n000\r\n\r\n",
    b"GET /health/live?x=1 HTTP/1.0\r\n\r\n",
]
PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Host: b\r\n", b"Connection: close\r\n",
          b"Connection: keep-alive\r\n", b"0", b"5", b"\xff", b"\x0b", b"\x0c", b",", b"chunked", b"HTTP/1.1", b"HTTP/1.0", b"X: y\r\n", b"0\r\n\r\n", b"\r\n\r\n", b"+", b"-", b"0x",
          b"_", b"e", b"Transfer-Encoding : chunked\r\n", b"Transfer_Encoding: chunked\r\n", b"Upgrade: h2c\r\n", b"\x85", b"\xc2\xa0", b"Content-Type: a/b\r\n", b"\tContent-Length: 1\r\n"]
c = Checks()


class Stop(Exception):
    """How it ends: "bad", "more" (cut short), "closed"."""


def bare_line_ends(data):
    return re.search(rb"(?<!\r)\n|\r(?!\n|$)", data)


def read_head(data, at):
    """(request line, headers, offset behind the blank line)"""
    end = data.find(b"\r\n\r\n", at)
    head = data[at:] if end < 0 else data[at:end + 2]
    if bare_line_ends(head) or re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", head):
        raise Stop("bad")
    if end < 0:
        raise Stop("more")
    first, *lines = head.split(b"\r\n")[:-1]
    line = re.fullmatch(rb"(" + TOKEN + rb") (\S+) HTTP/1\.([01])", first)
    headers = [re.fullmatch(rb"(" + TOKEN + rb"):[ \t]*(.*?)[ \t]*", x, re.S) for x in lines]
    if not line or None in headers or not re.fullmatch(rb"/([^\x00-\x20\x7f-\xff\"#<>\\^`{|}?\[\]%]|%[2-7][0-9a-f])*(\?[^\x00-\x20\x7f-\xff#]*)?", line[2]):
        raise Stop("bad")
    return line, [(h[1].lower(), h[2]) for h in headers], end + 4


def read_framing(new, headers):
    """The length of the body, or "chunked"."""
    def of(name):
        return [value for key, value in headers if key == name]
    hosts, codings, lengths = of(b"host"), of(b"transfer-encoding"), of(b"content-length")
    if len(hosts) > 1 or (new and not hosts) or not all(re.fullmatch(rb"[A-Za-z0-9._\-\[\]][A-Za-z0-9.:_\-\[\]]*", h) for h in hosts):
        raise Stop("bad")
    if len(codings) + len(lengths) > 1 or len(of(b"content-type")) > 1 or (codings and (not new or codings[0].lower() != b"chunked")):
        raise Stop("bad")
    if lengths and (not re.fullmatch(rb"\d+", lengths[0]) or int(lengths[0]) > BODY_MAX):
        raise Stop("bad")
    return "chunked" if codings else int(lengths[0]) if lengths else 0


def read_chunks(data, at):
    while True:
        end = data.find(b"\r\n", at)
        line = data[at:] if end < 0 else data[at:end]
        if bare_line_ends(line) or (end >= 0 and not re.fullmatch(rb"[0-9A-Fa-f]+", line)):
            raise Stop("bad")
        if end < 0:
            raise Stop("more")
        size, at = int(line, 16), end + 2
        if size > BODY_MAX:
            raise Stop("bad")
        behind = data[at + size:at + size + 2]
        if behind != b"\r\n":
            raise Stop("more" if b"\r\n".startswith(behind) else "bad")
        at += size + 2
        if size == 0:
            return at


def reference(data):
    """(how many requests are answered, how it ends)"""
    count, at = 0, 0
    try:
        while at < len(data):
            at += 2 if data[at:at + 2] == b"\r\n" else 0
            if at == len(data):
                break
            line, headers, at = read_head(data, at)
            body = read_framing(line[3] == b"1", headers)
            if body == "chunked":
                at = read_chunks(data, at)
            elif len(data) - at < body:
                raise Stop("more")
            else:
                at += body
            count += 1
            if line[3] == b"0" or any(t.strip().lower() == b"close" for key, value in headers if key == b"connection" for t in value.split(b",")):
                raise Stop("closed")
    except Stop as end:
        return count, str(end)
    return count, "end"


def changed(chance):
    data = b"".join(chance.choice(BASES) for _ in range(chance.randint(1, 3)))
    for _ in range(chance.choice([0, 1, 1, 1, 2, 2, 3])):
        at, kind = chance.randrange(len(data)), chance.random()
        if kind < 0.5:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif kind < 0.7:
            data = data[:at] + data[at + chance.randint(1, 3):]
        elif kind < 0.85:
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1:]
        else:
            other = chance.randrange(len(data))
            data = data[:max(at, other)] + data[min(at, other):]
    return data


def statuses(address, segments):
    """Of the answers that came before the gateway closed; our own end is closed at once."""
    got = b""
    with socket.create_connection(address, timeout=30) as connection:
        try:
            for segment in segments:
                connection.sendall(segment)
                if len(segments) > 1:
                    time.sleep(0.002)  # so that they mostly stay apart
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while part := connection.recv(65536):
                got += part
        except ConnectionError:
            pass
    found = []
    while head := re.match(rb"HTTP/1\.1 (\d{3}) .*?\r\n\r\n", got, re.S):
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head[0])
        found.append(int(head[1]))
        got = got[head.end() + (int(length[1]) if length else 0):]
    return found


def cut(chance, data):
    places = sorted(chance.sample(range(1, len(data)), min(3, len(data) - 1))) if chance.random() < 0.3 else []
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)])]


with Lab() as lab:
    random_ = random.Random(SEED)
    parts = urllib.parse.urlsplit(lab.url)
    ends = {}
    for i in range(CASES):
        message = changed(random_)
        if not message or b"EXPECT" in message.upper() or re.match(rb"HEAD ", message):
            continue
        answered, how = reference(message)
        ends[how] = ends.get(how, 0) + 1
        came = statuses((parts.hostname, parts.port), cut(random_, message))
        refused = bool(came) and came[-1] in REFUSALS
        c.that(f"case {i} of seed {SEED}", (len(came) - refused, refused) == (answered, how in ("bad", "more")), f"{answered} requests, then {how}; came {came}: {message}")
    c.that("each way to end was tried", min(ends.get(how, 0) for how in ("bad", "more", "closed", "end")) > CASES // 100, ends)
c.finish()
