#!/usr/bin/python3
"""What makes XML programs slow or big, against the real gateway: each known class is refused (or is just a bad message), for little CPU and
memory. CPU is the worker's own and is told as a multiple of a good message's, and of a harmless message of the same size."""
import os
import re

from check import GATEWAY, TEXT_XML, Checks, Lab, Message, defaults, fault, filled, http_call, moment, problem, sign

c = Checks()
TICK = os.sysconf("SC_CLK_TCK")
MB = 1 << 20
S = "http://schemas.xmlsoap.org/soap/envelope/"
SANITIZED = b"__asan_init" in GATEWAY.read_bytes()
SLOWER = 10 if SANITIZED else 1  # a sanitizer's allocator takes many times as long for each of a million nodes
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"


def cpu(pid):
    user, system = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / TICK


def peak_mb(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{pid}/status").read())[1]) // 1024


def envelope(content, header="", doctype=""):
    return f'{doctype}<S:Envelope xmlns:S="{S}">{header and f"<S:Header>{header}</S:Header>"}<S:Body>{content}</S:Body></S:Envelope>'.encode()


def names(count):
    return (f"n{i:06d}" for i in range(count))


def bombs():
    """(name, message, reasons)"""
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    yield "billion laughs", envelope("<a>&l9;</a>", doctype=f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>'), "XML_DOCTYPE"
    yield "quadratic blow-up", envelope("<a>" + "&q;" * 50000 + "</a>", doctype=f'<!DOCTYPE a [<!ENTITY q "{"x" * 50000}">]>'), "XML_DOCTYPE"
    yield "external entity", envelope("<a>&e;</a>", doctype='<!DOCTYPE a [<!ENTITY e SYSTEM "file:///dev/zero">]>'), "XML_DOCTYPE"
    yield "parameter entities", envelope("<a/>", doctype='<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'), "XML_DOCTYPE"
    yield "external DTD", envelope("<a/>", doctype='<!DOCTYPE a PUBLIC "x" "http://127.0.0.1:9/x.dtd">'), "XML_DOCTYPE"
    yield "deep nesting", envelope("<a>" * 100000 + "</a>" * 100000), "XML_TOO_DEEP"
    yield "10^5 attributes", envelope("<a " + " ".join(f'{n}=""' for n in names(100000)) + "/>"), "XML_TOO_COMPLEX"
    yield "10^5 namespaces", envelope("<a " + " ".join(f'xmlns:{n}="urn:{n}"' for n in names(100000)) + "/>"), "XML_TOO_COMPLEX"
    yield "10^5 namespaces in 5,000 elements", envelope("".join(f'<a xmlns:{n}="urn:x"/>' for n in names(5000))), "XML_TOO_COMPLEX"
    yield "10^6 elements", envelope("<a/>" * 1000000), "XML_TOO_COMPLEX"
    yield "150,000 attributes in 4,900 elements", envelope("<r>" + "".join("<a " + " ".join(f'{n}=""' for n in names(31)) + "/>" for _ in range(4900)) + "</r>"), "XML_TOO_COMPLEX"
    yield "18,000 different names", envelope("<r>" + "".join("<a " + " ".join(f'b{i:04d}{j:02d}=""' for j in range(30)) + "/>" for i in range(600)) + "</r>"), "SOAP"
    yield "names that collide in a weak hash", envelope("<r>" + "".join("<" + "".join("Aa" if i >> b & 1 else "BB" for b in range(12)) + "/>" for i in range(4096)) + "</r>"), "SOAP"
    yield "a long element name", envelope(f"<{'n' * MB}/>"), "XML_NOT_WELL_FORMED"
    yield "a long attribute name", envelope(f"<a {'n' * MB}=''/>"), "XML_NOT_WELL_FORMED"
    yield "a long prefix", envelope(f"<{'n' * 2 * MB}:a/>"), "XML_N"
    yield "a long attribute", envelope(f"<a b='{'x' * 4 * MB}'/>"), "SOAP"
    yield "a long text", envelope(f"<a>{'x' * 8 * MB}</a>"), "SOAP"
    yield "10^6 comments", envelope("<a>" + "<!---->" * (1000000 // SLOWER) + "</a>"), "SOAP"
    yield "500,000 CDATA sections", envelope("<a>" + "<![CDATA[x]]>" * (500000 // SLOWER) + "</a>"), "SOAP"
    yield "10^6 character references", envelope("<a>" + "&#x41;" * (1000000 // SLOWER) + "</a>"), "SOAP"
    yield "an unclosed comment", envelope("<a><!--" + "-" * 4 * MB + "</a>"), "XML_NOT_WELL_FORMED"
    yield "4 MB of '<'", envelope("<" * 4 * MB), "XML_NOT_WELL_FORMED"
    yield "blanks in a tag", envelope(f"<a{' ' * 4 * MB}/>"), "SOAP"


def signature_bombs(good):
    """From a well-signed message; all of it is looked at before any signature is known to be good."""
    text = good.decode()

    def put(what, into, before=False):
        at = text.index(into) + (0 if before else len(into))
        return (text[:at] + what + text[at:]).encode()

    def value(name, content):
        start = text.index(">", text.index(f"<ds:{name}")) + 1
        return (text[:start] + content + text[text.index("<", start):]).encode()

    reference = text[text.index("<ds:Reference"):text.index("</ds:Reference>") + len("</ds:Reference>")]
    start, close = text.index("<ds:Signature"), "</ds:Signature>"
    whole = text[start:text.index(close) + len(close)]
    yield "15 Signatures", put(whole * 14, "<ds:Signature", True), "TRANSPORT_SIGNATURE_SEVERAL"
    yield "600 References", put(reference * 600, "<ds:Reference", True), "TRANSPORT_SIGNATURE_COVERAGE"
    yield "4,000 Transforms", put(f'<ds:Transform Algorithm="{EXC}"/>' * 4000, "<ds:Transforms>"), "TRANSPORT_SIGNATURE_TRANSFORM"
    yield "a long SignatureValue", value("SignatureValue", "A" * 8 * MB), "TRANSPORT_SIGNATURE_STRUCTURE"
    yield "a long DigestValue", value("DigestValue", "A" * 8 * MB), "TRANSPORT_SIGNATURE_STRUCTURE"
    at = text.index(">", text.index("<wsse:KeyIdentifier")) + 1
    yield "a long certificate", (text[:at] + "A" * 8 * MB + text[at:]).encode(), "TRANSPORT_CERTIFICATE_UNREADABLE"
    listed = f'<ds:Transform Algorithm="{EXC}"><e:InclusiveNamespaces xmlns:e="{EXC}" PrefixList="{" ".join(names(100000))}"/></ds:Transform>'
    start = text.index("<ds:Transform ")
    end = text.index("</ds:Transforms>")
    yield "10^5 inclusive prefixes", (text[:start] + listed + text[end:]).encode(), "TRANSPORT_SIGNATURE_TRANSFORM"
    yield "18,000 ids", put('<h xmlns:i="urn:i" xmlns:j="urn:j">' + '<a id="x" Id="x" ID="x" i:id="x" i:Id="x" i:ID="x" j:id="x" j:Id="x" j:ID="x"/>' * 2000 + "</h>",
                            "<S:Header>"), "SIGNED"


def document_bombs(good):
    """Applications: canonicalised as a whole before the value is checked. The digest is wrong, but that is known only afterwards."""
    text = good.decode()
    at = text.index("<form>") + len("<form>")
    declared = " ".join(f'xmlns:p{i}="urn:p{i}"' for i in range(20))

    def inside(content):
        return (text[:at] + content + text[at:]).encode()

    yield "canonicalisation: 20 namespaces over 4,900 elements", inside(f"<g {declared}>" + "".join(f"<p{i % 20}:a/>" for i in range(4900)) + "</g>")
    yield "canonicalisation: 20 namespaces, 55 levels", inside(f"<g {declared}>" + "".join(f"<p{i % 20}:a>" for i in range(55)) +
                                                             "<b/>" * 4500 + "".join(f"</p{i % 20}:a>" for i in reversed(range(55))) + "</g>")
    yield "canonicalisation: 18,000 attributes to be sorted", inside("".join("<a " + " ".join(f'{n}=""' for n in reversed(list(names(31)))) + "/>" for _ in range(600)))
    yield "canonicalisation: 18,000 attributes in namespaces", inside(f"<g {declared}>" + "".join("<a " + " ".join(f'p{i}:x="" p{i}:y=""' for i in range(14)) + "/>"
                                                                                                for _ in range(650)) + "</g>")
    yield "canonicalisation: 4 MB that grow fivefold", inside("<t>" + "&#13;" * 800000 + "</t>")


def measured(lab, name, send, good_ms):
    pid = lab.children()["worker"]
    before, start = cpu(pid), peak_mb(pid)
    status, _, reason = send()
    spent = (cpu(pid) - before) * 1000
    print(f"  {name}: {status} {reason}, {spent:.0f} ms, {spent / good_ms:.0f} times a good message")
    return status, reason, spent, peak_mb(pid) - start


def judged(lab, name, body, want, send, good_ms):
    status, reason, spent, grown = measured(lab, name, send, good_ms)
    good = reason is not None and reason.startswith(want) if want != "SIGNED" else status in (200, 202) or reason is not None
    c.that(f"{name}: told so", good and (status >= 400 or want == "SIGNED"), (status, reason))
    if SANITIZED:
        return
    size = max(1.0, len(body) / MB)
    # A tick is 10 ms; what a message may cost grows with its size and with nothing else.
    c.that(f"{name}: CPU", spent <= 50 + good_ms * (30 + 60 * size), f"{spent:.0f} ms for {size:.1f} MB, a good message {good_ms:.1f} ms")
    c.that(f"{name}: memory", grown <= 40 + 40 * size, f"{grown} MB for {size:.1f} MB")


def good_cost(lab):
    """Milliseconds of the worker for one good message; twenty, because a tick is long."""
    bodies = [Message("sync").body for _ in range(20)]
    pid = lab.children()["worker"]
    before = cpu(pid)
    for body in bodies:
        c.same("a good message", soap(lab, body)()[0], 200)
    return max(0.5, (cpu(pid) - before) * 1000 / len(bodies))


def soap(lab, body):
    return lambda: fault(http_call(lab.url + "/shep/sync", "POST", body, {"Content-Type": TEXT_XML, "SOAPAction": '""'}, timeout=60))


def rest(lab, body, key):
    return lambda: problem(http_call(lab.tls_url + "/api/v1/requests", "POST", body, {"Content-Type": "application/xml", "Idempotency-Key": key}, "tls-portal", 60))


def attacks(lab):
    good_ms = good_cost(lab)
    print(f"  a good message: {good_ms:.1f} ms")
    for name, body, want in bombs():
        judged(lab, name, body, want, soap(lab, body), good_ms)
    for name, body, want in signature_bombs(Message("sync").body):
        judged(lab, name, body, want, soap(lab, body), good_ms)
    application = sign(filled("application", {**defaults(), "now": moment(), "requestNumber": "20000000000001"}), "applicant-850412390011")
    for number, (name, body) in enumerate(document_bombs(application)):
        judged(lab, name, body, "APPLICANT_SIGNATURE_DIGEST", rest(lab, body, f"bomb-{number}"), good_ms)
    c.same("and a good message after all that", soap(lab, Message("sync").body)()[0], 200)


if SANITIZED:
    c.skip("CPU and memory", "a sanitizer's allocator is slow by itself and keeps what was freed")
with Lab() as lab:
    c.part(attacks, lab)
c.finish()
