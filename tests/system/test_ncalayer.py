#!/usr/bin/python3
"""The simulated NCALayer over a real socket: the WebSocket handshake and its broken siblings; what it signs, in both module generations, by RSA and GOST keys, is
valid to the gateway and (RSA) to xmlsec1; faults, and people chosen while it runs."""
import base64
import json
import subprocess
import time
import urllib.error

from check import PKI, Checks, Lab
from ncalayer import Closed, NCALayer, WebSocket

c = Checks()
CA = PKI / "ca" / "tls-ca.pem"
DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?><результат xmlns="urn:example" a="1\n2"><b>Ұлтай &amp; Со</b>\r\n</результат>'


class Simulators(Lab):
    """Without a gateway."""

    def start_gateway(self):
        pass

    def ncalayer(self, **options):
        return NCALayer(self.simulators["ncalayer"], CA, **options)

    def choose(self, sign, auth=None):
        self.control(f"/ncalayer/person?sign={sign}" + (f"&auth={auth}" if auth else ""), "POST")


def verdict(lab, data, *options):
    path = lab.folder / "signed"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    done = lab.run("verify", "--trust", PKI / "trust", "--json", *options, path)
    report = json.loads(done.stdout)[0] if done.stdout.startswith("[") else {}
    return done.returncode == 0, report.get("code"), done.stdout + done.stderr


def signatures(lab, family):
    lab.choose({"rsa": "head-160640900019", "gost": "gost-head-160640900019"}[family])
    with lab.ncalayer() as n:
        c.that(f"{family}: version", n.version.startswith("1."))
        one, old = n.basics("xml", DOCUMENT), n.common("signXml", "PKCS12", "SIGNATURE", DOCUMENT, "", "")
        c.same(f"{family}: new module", (one["status"], len(one["body"]["result"])), (True, 1))
        c.same(f"{family}: old module", old["code"], "200")
        for name, xml in (("new", one["body"]["result"][0]), ("old", old["responseObject"])):
            good, _, said = verdict(lab, xml)
            c.that(f"{family}: XML of the {name} module is valid", good, said)
            c.that(f"{family}: line ends as NCALayer's", "&#13;\n" in xml and "<ds:SignatureValue>\n" in xml)
            changed, code, said = verdict(lab, xml.replace("Ұлтай", "Ұлтаи"))
            c.that(f"{family}: changed, it is not", not changed and code, said)
            if family == "rsa":
                done = subprocess.run(["xmlsec1", "--verify", "--insecure", lab.folder / "signed"], capture_output=True, text=True, check=False)
                c.that("xmlsec1 sees the change too", done.returncode != 0)
                (lab.folder / "signed").write_text(xml, newline="")
                done = subprocess.run(["xmlsec1", "--verify", "--insecure", lab.folder / "signed"], capture_output=True, text=True, check=False)
                c.that(f"xmlsec1 agrees with the {name} module", done.returncode == 0, done.stderr)
        twice = n.basics("xml", one["body"]["result"][0])["body"]["result"][0]
        c.that(f"{family}: a second signer", verdict(lab, twice)[0] and twice.count("<ds:Signature ") == 2)
        cms(lab, n, family)


def cms(lab, n, family):
    content = base64.b64encode(DOCUMENT.encode()).decode()
    for method in ("createCAdESFromBase64", "createCMSSignatureFromBase64"):
        answer = n.common(method, "PKCS12", "SIGNATURE", content, True)
        good, _, said = verdict(lab, base64.b64decode(answer["responseObject"]))
        c.that(f"{family}: {method}", good, said)
    pem = n.basics("cms", content, decode=True, encapsulate=True)["body"]["result"][0]
    c.that(f"{family}: CMS of the new module is PEM", pem.startswith("-----BEGIN CMS-----"))
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    c.that(f"{family}: and valid", *verdict(lab, der)[::2])
    detached = n.basics("cms", content, decode=True, encapsulate=False)["body"]["result"][0]
    (lab.folder / "content").write_bytes(DOCUMENT.encode())
    der = base64.b64decode("".join(detached.splitlines()[1:-1]))
    c.that(f"{family}: detached", *verdict(lab, der, "--content", lab.folder / "content")[::2])
    c.that(f"{family}: several at once", len(n.basics("xml", ["<a/>", "<b/>"])["body"]["result"]) == 2)


def faults(lab):
    lab.choose("head-160640900019")
    fault = lambda kind, **more: lab.pki_fault("ncalayer", kind, **more)  # noqa: E731
    with lab.ncalayer() as n:
        fault("cancelled")
        c.same("cancelled, new", n.basics("xml", "<a/>"), {"status": False, "code": "500", "message": "action.canceled"})
        c.same("cancelled, old", n.common("signXml", "PKCS12", "SIGNATURE", "<a/>", "", ""), {"code": "500", "message": "action.canceled"})
        fault("wrong-key")
        c.that("wrong key", not verdict(lab, n.basics("xml", "<a/>")["body"]["result"][0])[0])
        fault("old")
        c.same("no new module", n.basics("xml", "<a/>")["code"], "MODULE_NOT_FOUND")
        c.same("but the old one", n.common("signXml", "PKCS12", "SIGNATURE", "<a/>", "", "")["code"], "200")
        fault("slow", ms=700, count=1)
        start = time.monotonic()
        n.basics("xml", "<a/>")
        c.that("slow", time.monotonic() - start > 0.6)
        n.send_frame(9, b"ping")
        c.same("ping", n.read_frame(), (10, b"ping"))
        fault("cut", count=1)
        try:
            c.that("cut", False, n.basics("xml", "<a/>"))
        except (Closed, OSError, ValueError) as end:
            c.that("cut", True, end)
    fault("none")
    state = json.loads(lab.control("/ncalayer/state"))
    c.that("counted", state["faults"] > 5 and state["signatures"] > 10 and state["sign"] == "head-160640900019", state)
    for query in ("", "?sign=../../etc/passwd", "?sign=nobody"):
        try:
            lab.control("/ncalayer/person" + query, "POST")
            c.that(f"person {query}", False)
        except urllib.error.HTTPError as error:
            c.same(f"person {query}", error.code, 400)


def handshakes(lab):
    url = lab.simulators["ncalayer"]
    for name, headers, want in (("no upgrade: a page for whoever looks", {"Upgrade": None, "Connection": None}, 200), ("old version", {"Sec-WebSocket-Version": "8"}, 426),
                                ("short key", {"Sec-WebSocket-Key": "AAAA"}, 400), ("no key", {"Sec-WebSocket-Key": None}, 400), ("no Connection", {"Connection": "close"}, 400),
                                ("two hosts", {"Host": "a\r\nHost: b"}, 400)):
        c.same(name, WebSocket(url, CA, headers=headers).status, want)
    for name, opcode, payload, want in (("binary", 2, b"x", 1003), ("no UTF-8", 1, b"\xff", 1007), ("unknown opcode", 3, b"", 1002), ("close", 8, b"\x03\xe8", 1000)):
        with lab.ncalayer() as n:
            n.send_frame(opcode, payload)
            try:
                c.that(name, False, n.read_frame())
            except Closed as end:
                c.same(name, end.args[0], want)
    with lab.ncalayer() as n:
        text = json.dumps({"module": "kz.gov.pki.knca.commonUtils", "method": "getActiveTokens"}).encode()
        n.send_frame(1, text[:10], final=False)
        n.send_frame(9, b"")
        n.send_frame(0, text[10:])
        c.same("a ping between fragments", n.read_frame()[0], 10)
        c.that("a message in fragments", b'"200"' in n.read_frame()[1])
    big = "<a>" + "x" * 3_000_000 + "</a>"
    with lab.ncalayer() as n:
        c.that("three megabytes", len(n.basics("xml", big)["body"]["result"][0]) > len(big))


with Simulators() as laboratory:
    c.part(signatures, laboratory, "rsa")
    c.part(signatures, laboratory, "gost")
    c.part(faults, laboratory)
    c.part(handshakes, laboratory)
c.finish()
