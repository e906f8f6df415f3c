#!/usr/bin/env python3
"""Raw requests, malformed and at the edge, against a running HTTP server.

    http_malformed.py HOST PORT [--tls] [--body-max BYTES] PATH

Each case sends bytes and says which status must come back (0 = no HTTP answer) and whether the connection must be closed.
The path may answer any status to a good request; "ok" cases only ask for an answer other than 400, 408, 413, 417, 431, 5xx.
Prints one line per failure and 'N passed, N failed'; exit code 1 when something failed. Standard library only.
"""
import argparse
import socket
import ssl
import sys
import threading
import queue

REFUSALS = (400, 408, 413, 417, 431, 500, 501, 503, 505)


def build_cases(path, body_max):
    p = path.encode()
    host = b"Host: gateway.test\r\n"
    get = b"GET " + p + b" HTTP/1.1\r\n" + host
    post = b"POST " + p + b" HTTP/1.1\r\n" + host
    close = b"Connection: close\r\n"
    chunked = post + b"Transfer-Encoding: chunked\r\n"
    c = []

    def bad(name, data, status=400):
        c.append((name, data, status, True))

    def ok(name, data, closed=True):
        c.append((name, data, "ok", closed))

    # good ones first: the siblings from which the broken ones differ in one thing
    ok("get", get + close + b"\r\n")
    ok("get, stays open", get + b"\r\n", False)
    ok("post", post + close + b"Content-Length: 3\r\n\r\nabc")
    ok("post chunked", chunked + close + b"\r\n3\r\nabc\r\n0\r\n\r\n")
    ok("post expecting", post + close + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
    ok("head", b"HEAD" + get[3:] + close + b"\r\n")
    ok("http/1.0", b"GET " + p + b" HTTP/1.0\r\n\r\n")
    ok("http/1.0 keep-alive is off", b"GET " + p + b" HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    ok("unknown method is the handler's", b"BREW " + p + b" HTTP/1.1\r\n" + host + close + b"\r\n")
    ok("absolute form", b"GET http://gateway.test" + p + b" HTTP/1.1\r\n" + host + close + b"\r\n")
    ok("upgrade is not taken", get + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n")
    ok("websocket is not taken", get + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
    ok("one empty line before", b"\r\n" + get + close + b"\r\n")
    ok("after close nothing is read", get + close + b"\r\nGARBAGE\x00\x01\r\n\r\n")
    ok("body on get", get + close + b"Content-Length: 3\r\n\r\nabc")

    # lines
    bad("bare LF everywhere", (get + b"\r\n").replace(b"\r\n", b"\n"))
    bad("bare LF after request line", b"GET " + p + b" HTTP/1.1\n" + host + b"\r\n")
    bad("bare LF after header", get + b"X: a\n\r\n")
    bad("bare LF as empty line", get + b"\n")
    bad("bare CR in value", get + b"X: a\rb\r\n\r\n")
    bad("bare CR as line end", get + b"X: a\rY: b\r\n\r\n")
    bad("CR CR LF", get + b"X: a\r\r\n\r\n")
    bad("folded by blank", get + b"X: a\r\n b\r\n\r\n")
    bad("folded by tab", get + b"X: a\r\n\tb\r\n\r\n")
    bad("folded before any header", b"GET " + p + b" HTTP/1.1\r\n Host: a\r\n\r\n")
    bad("NUL in value", get + b"X: a\x00b\r\n\r\n")
    bad("NUL in name", get + b"X\x00: a\r\n\r\n")
    bad("NUL in target", b"GET " + p + b"\x00 HTTP/1.1\r\n" + host + b"\r\n")
    bad("NUL first", b"\x00" + get + b"\r\n")
    bad("control character in value", get + b"X: \x01\r\n\r\n")
    bad("DEL in value", get + b"X: \x7f\r\n\r\n")
    bad("three empty lines before", b"\r\n\r\n\r\n" + get + b"\r\n")

    # request line
    bad("no version", b"GET " + p + b"\r\n\r\n")
    bad("HTTP/0.9", b"GET " + p + b" HTTP/0.9\r\n\r\n", 505)
    bad("HTTP/2.0", b"GET " + p + b" HTTP/2.0\r\n" + host + b"\r\n", 505)
    bad("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505)
    bad("HTTP/1.2", b"GET " + p + b" HTTP/1.2\r\n" + host + b"\r\n", 505)
    bad("HTTP/11", b"GET " + p + b" HTTP/11\r\n" + host + b"\r\n")
    bad("http/1.1", b"GET " + p + b" http/1.1\r\n" + host + b"\r\n")
    bad("two blanks before target", b"GET  " + p + b" HTTP/1.1\r\n" + host + b"\r\n")
    bad("two blanks before version", b"GET " + p + b"  HTTP/1.1\r\n" + host + b"\r\n")
    bad("tab before target", b"GET\t" + p + b" HTTP/1.1\r\n" + host + b"\r\n")
    bad("blank at line end", b"GET " + p + b" HTTP/1.1 \r\n" + host + b"\r\n")
    bad("blank at line start", b" GET " + p + b" HTTP/1.1\r\n" + host + b"\r\n")
    bad("method no token", b"G@T " + p + b" HTTP/1.1\r\n" + host + b"\r\n")
    bad("method too long", b"G" * 64 + b" " + p + b" HTTP/1.1\r\n" + host + b"\r\n")
    bad("words only", b"hello\r\n\r\n")
    bad("CONNECT authority", b"CONNECT gateway.test:443 HTTP/1.1\r\n" + host + b"\r\n")
    bad("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n")

    # target
    for name, target in (("dot dot", b"/../etc/passwd"), ("dot dot inside", p + b"/../x"), ("dot", b"/./x"), ("encoded dots", b"/%2e%2e/x"),
                         ("encoded slash", p + b"%2fx"), ("encoded backslash", p + b"%5cx"), ("backslash", p + b"\\x"), ("encoded NUL", p + b"%00"),
                         ("encoded CR LF", p + b"%0d%0aX:y"), ("broken percent", p + b"%zz"), ("cut percent", p + b"%4"), ("two slashes", b"/" + p),
                         ("fragment", p + b"#x"), ("raw UTF-8", b"/\xd2\x9a"), ("encoded broken UTF-8", b"/%c0%ae%c0%ae/"), ("ftp", b"ftp://a/b"),
                         ("user in authority", b"http://u@a/b"), ("relative", b"shep"), ("quote", p + b'"'), ("angle", p + b"<x>")):
        bad("target: " + name, b"GET " + target + b" HTTP/1.1\r\n" + host + b"\r\n")
    bad("target of 64 KiB", b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\n" + host + b"\r\n", 431)

    # headers
    bad("blank before colon", get + b"X : a\r\n\r\n")
    bad("blank in name", get + b"X y: a\r\n\r\n")
    bad("no colon", get + b"Xyz\r\n\r\n")
    bad("no name", get + b": a\r\n\r\n")
    bad("name not ASCII", get + b"\xd2\x9a: a\r\n\r\n")
    bad("name with brackets", get + b"X[1]: a\r\n\r\n")
    bad("no Host", b"GET " + p + b" HTTP/1.1\r\n\r\n")
    bad("two Hosts", get + host + b"\r\n")
    bad("two Hosts in other case", get + b"hOST: other.test\r\n\r\n")
    bad("empty Host", b"GET " + p + b" HTTP/1.1\r\nHost:\r\n\r\n")
    bad("Host with path", b"GET " + p + b" HTTP/1.1\r\nHost: a/b\r\n\r\n")
    bad("header block too large", get + b"X: " + b"a" * 100000 + b"\r\n\r\n", 431)
    bad("too many headers", get + b"".join(b"X%d: a\r\n" % i for i in range(500)) + b"\r\n", 431)
    bad("endless header name", get + b"A" * 100000, 431)

    # body framing
    for name, value in (("plus", b"+3"), ("minus", b"-3"), ("hexadecimal", b"0x3"), ("empty", b""), ("letters", b"abc"), ("list", b"3, 3"),
                        ("two numbers", b"3 3"), ("fraction", b"3.0"), ("exponent", b"3e0"), ("over 64 bits", b"9" * 30), ("underscore", b"3_0")):
        bad("Content-Length: " + name, post + b"Content-Length: " + value + b"\r\n\r\nabc")
    bad("two different Content-Lengths", post + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
    bad("two equal Content-Lengths", post + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc")
    bad("Content-Length with blank in name", post + b"Content-Length : 3\r\n\r\nabc")
    bad("Content-Length and chunked", post + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    bad("chunked and Content-Length", chunked + b"Content-Length: 3\r\n\r\n0\r\n\r\n")
    bad("chunked and folded Content-Length", chunked + b"X: a\r\n Content-Length: 3\r\n\r\n0\r\n\r\n")
    for name, value in (("gzip", b"gzip"), ("gzip, chunked", b"gzip, chunked"), ("chunked, gzip", b"chunked, gzip"), ("twice", b"chunked, chunked"),
                        ("identity", b"identity"), ("xchunked", b"xchunked"), ("vertical tab", b"\x0bchunked"), ("quoted", b'"chunked"'),
                        ("empty", b""), ("with comma", b",chunked")):
        bad("Transfer-Encoding: " + name, post + b"Transfer-Encoding: " + value + b"\r\n\r\n0\r\n\r\n")
    bad("two Transfer-Encodings", chunked + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n")
    bad("chunked in HTTP/1.0", b"POST " + p + b" HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    for name, data in (("not hexadecimal", b"g\r\nabc\r\n0\r\n\r\n"), ("0x", b"0x3\r\nabc\r\n0\r\n\r\n"), ("negative", b"-3\r\nabc\r\n0\r\n\r\n"),
                       ("plus", b"+3\r\nabc\r\n0\r\n\r\n"), ("no size", b"\r\nabc\r\n0\r\n\r\n"), ("over 64 bits", b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n"),
                       ("LF after size", b"3\nabc\r\n0\r\n\r\n"), ("LF after data", b"3\r\nabc\n0\r\n\r\n"), ("LF at the end", b"3\r\nabc\r\n0\r\n\n"),
                       ("CR X after size", b"3\rXabc\r\n0\r\n\r\n"), ("CR X after data", b"3\r\nabc\rX0\r\n\r\n"), ("no line end after data", b"3\r\nabc0\r\n\r\n"),
                       ("more data than said", b"3\r\nabcdef\r\n0\r\n\r\n"), ("trailer", b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
                       ("Content-Length as trailer", b"3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n"), ("extension too long", b"3;" + b"a" * 20000 + b"\r\nabc\r\n0\r\n\r\n"),
                       ("LF in extension", b"3;a\nb\r\nabc\r\n0\r\n\r\n"), ("NUL in extension", b"3;\x00\r\nabc\r\n0\r\n\r\n"), ("endless zeros", b"0" * 40000)):
        bad("chunk: " + name, chunked + b"\r\n" + data)

    # amounts and expectations
    bad("Content-Length over the limit", post + b"Content-Length: %d\r\n\r\n" % (body_max + 1), 413)
    bad("the same, with part of the body", post + b"Content-Length: %d\r\n\r\n" % (body_max + 1) + b"x" * 100000, 413)
    bad("the same, expecting", post + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (body_max + 1), 413)
    bad("chunk over the limit", chunked + b"\r\n%x\r\n" % (body_max + 1) + b"x" * (body_max + 1), 413)
    bad("other expectation", post + b"Expect: 200-maybe\r\nContent-Length: 3\r\n\r\nabc", 417)
    bad("second request broken", get + b"\r\n" + get + b"X : y\r\n\r\n", "ok")
    return c


def connect(args, raw=False):
    s = socket.create_connection((args.host, args.port), timeout=8)
    if not args.tls or raw:
        return s
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what is tested here is HTTP
    return context.wrap_socket(s)


def exchange(sock, data, wait_for_close):
    """All that comes back, and whether the other side closed."""
    got = b""
    send_quietly(sock, data)
    sock.settimeout(8 if wait_for_close else 1.5)
    closed = False
    try:
        while True:
            part = sock.recv(65536)
            if not part:
                closed = True
                break
            got += part
    except (TimeoutError, socket.timeout):
        pass
    except (ConnectionError, ssl.SSLError, OSError):
        closed = True
    sock.close()
    return got, closed


def send_quietly(sock, data):
    try:
        sock.sendall(data)
    except (OSError, ValueError):
        pass


def status_of(answer):
    while answer.startswith(b"HTTP/1.1 100 "):
        answer = answer.split(b"\r\n\r\n", 1)[-1]
    if not answer.startswith(b"HTTP/1.1 ") or len(answer) < 12:
        return 0
    return int(answer[9:12])


def judge(case, got, closed):
    name, _, want, want_closed = case
    status = status_of(got)
    if want == "ok" and (status == 0 or status in REFUSALS):
        return f"{name}: status {status}, wanted an answer of the handler"
    if want != "ok" and status != want:
        return f"{name}: status {status}, wanted {want}"
    if want_closed and not closed:
        return f"{name}: the connection stayed open"
    if not want_closed and closed:
        return f"{name}: the connection was closed"
    if status and want_closed and want != "ok" and b"connection: close" not in got.lower():
        return f"{name}: no 'Connection: close'"
    return None


def wrong_protocol(args):
    """TLS bytes to a plain port, plain bytes to a TLS port: closed, and the server lives."""
    hello = bytes.fromhex("160301006a010000660303") + b"\x00" * 96
    sock = connect(args, raw=True)
    _, closed = exchange(sock, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" if args.tls else hello, True)
    return None if closed else "wrong protocol: the connection stayed open"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("path", nargs="?", default="/")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--body-max", type=int, default=10 << 20)
    args = parser.parse_args()
    cases = build_cases(args.path, args.body_max)
    todo, failures = queue.Queue(), []
    for case in cases:
        todo.put(case)

    def work():
        while True:
            try:
                case = todo.get_nowait()
            except queue.Empty:
                return
            try:
                failure = judge(case, *exchange(connect(args), case[1], case[3]))
            except Exception as error:  # a refused connection is a failure of the case, not of the run
                failure = f"{case[0]}: {error!r}"
            if failure:
                failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    failure = wrong_protocol(args)
    failures += [failure] if failure else []
    for failure in failures:
        print("FAILED", failure)
    print(f"{len(cases) + 1 - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
