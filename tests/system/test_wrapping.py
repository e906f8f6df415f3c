#!/usr/bin/python3
"""Signature wrapping against the real gateway: every variant of tests/attack is refused for a reason of its class, and no backend ever sees
the foreign content; the untouched message, and the same written in another way, are accepted."""
import base64
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

from check import (APPLICANT, GATEWAY, NEGATIVE, PKI, ROOT, TEXT_XML, Checks, Lab, Message, Relay, defaults, fault, filled, http_call, moment, problem,
                   settled, sign)

sys.path.insert(0, str(ROOT / "tests" / "attack"))
import wrapping  # noqa: E402

c = Checks()
FOREIGN = "foreign-7f3a"  # marks what an attacker put in: it must be nowhere afterwards
SYSTEMS = ("gbdfl", "socialaid", "cabinet")
WSU, WSSE, DS = wrapping.WSU, wrapping.WSSE, wrapping.DS


def own(channel, soap="11", signer=None, **fields):
    """A message as the templates have it, not yet signed for transport."""
    made = Message(channel, sender_key=None, signer=signer, **fields)
    if soap == "12":
        made.plain = made.plain.replace(wrapping.SOAP["11"], wrapping.SOAP["12"])
    made.soap = soap
    return made


def foreign(channel, soap="11"):
    """What the attacker wants done: genuine in all but the transport signature, even its applicant's."""
    return own(channel, soap, applicant=NEGATIVE, messageId=f"{FOREIGN}-id", correlationId=f"{FOREIGN}-chain", requestNumber="66666666666666",
               purpose=FOREIGN).plain.encode()


def with_token(plain):
    """Signed by xmlsec1 the way CXF and WSS4J do: BinarySecurityToken, Timestamp, two References."""
    certificate = re.sub(r"-----[^-]+-----|\s", "", (PKI / "certs" / "system-portal.pem").read_text().split("-----END")[0])
    exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    reference = (f'<ds:Reference URI="#{{}}"><ds:Transforms><ds:Transform Algorithm="{exclusive}"/></ds:Transforms>'
                 '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>')
    profile = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
    header = (f'<S:Header><wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsse:BinarySecurityToken wsu:Id="tok" ValueType="{profile}">{certificate}'
              f'</wsse:BinarySecurityToken><wsu:Timestamp wsu:Id="ts"><wsu:Created>{moment()}</wsu:Created></wsu:Timestamp>'
              f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{exclusive}"/>'
              '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>' + reference.format("body") + reference.format("ts") +
              '</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#tok"/></wsse:SecurityTokenReference></ds:KeyInfo>'
              '</ds:Signature></wsse:Security></S:Header>')
    template = plain.replace("<S:Body>", header + f'<S:Body xmlns:wsu="{WSU}" wsu:Id="body">')
    with tempfile.TemporaryDirectory() as folder:
        source, made = pathlib.Path(folder) / "in.xml", pathlib.Path(folder) / "out.xml"
        source.write_text(template)
        subprocess.run(["xmlsec1", "--sign", "--privkey-pem", str(PKI / "keys" / "system-portal.key"), "--id-attr:Id", f"{wrapping.SOAP['11']}:Body",
                        "--id-attr:Id", f"{WSU}:Timestamp", "--output", str(made), str(source)], check=True, capture_output=True)
        return made.read_bytes()


def signed(message, key):
    return with_token(message.plain) if key == "token" else sign(message.plain, key, soap=True)


def post(lab, channel, soap, body):
    kind = TEXT_XML if soap == "11" else "application/soap+xml; charset=utf-8"
    return http_call(f"{lab.url}/shep/{channel}", "POST", body, {"Content-Type": kind, "SOAPAction": '""'})


KINDS = (("sync", "11", "system-portal"), ("sync", "12", "system-portal"), ("async", "11", "system-portal"), ("sync", "11", "gost-system-portal"),
         ("sync", "11", "token"))
seen = set()


def judge(lab, jobs):
    """jobs: (label, variant, group, send). Sent a few at a time; each must be refused as expected."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for (label, variant, group, _), (status, _, reason) in zip(jobs, pool.map(lambda j: j[3](j[1].body), jobs)):
            c.that(f"{label} {variant.name}", status >= 400 and reason in variant.expected(group), (status, reason, variant.expected(group)))
            seen.add(reason)
    return len(jobs)


def transport(lab):
    count = 0
    for channel, soap, key in KINDS:
        body = signed(own(channel, soap), key)
        jobs = [(f"{channel} {soap} {key}", v, "TRANSPORT", lambda b, ch=channel, s=soap: fault(post(lab, ch, s, b)))
                for v in wrapping.envelope_variants(body, foreign(channel, soap))]
        count += judge(lab, jobs)
        c.same(f"{channel} {soap} {key}: the untouched message is accepted after all that", post(lab, channel, soap, body).status, 200)
    return count


def sign_document(text, key, *options):
    done = subprocess.run([str(GATEWAY), "sign", "--key", PKI / "keys" / f"{key}.key", "--cert", PKI / "certs" / f"{key}.pem", *options, "/dev/stdin"],
                          input=text.encode(), capture_output=True, check=True)
    return done.stdout


def fields(**more):
    made = Message("rest", application="<x/>")
    return {**defaults(), "now": moment(), "requestNumber": made.number, **more}


def applicant(lab):
    theirs = filled("application", fields(declarantId=NEGATIVE, purpose=FOREIGN, requestNumber="66666666666666", providerBin="180760900016")).encode()
    count = 0
    for key, options in ((f"applicant-{APPLICANT}", ()), (f"gost-applicant-{APPLICANT}", ()), (f"applicant-{APPLICANT}", ("--xades",))):
        ours = sign_document(filled("application", fields()), key, *options)
        label = " ".join((key, *options))
        headers = {"Content-Type": "application/xml"}
        jobs = [(f"REST {label}", v, "APPLICANT", lambda b, n=n, label=label: problem(http_call(
            lab.tls_url + "/api/v1/requests", "POST", b, {**headers, "Idempotency-Key": f"{FOREIGN}-{label.replace(' ', '')}-{n}"}, "tls-portal")))
                for n, v in enumerate(wrapping.document_variants(ours, theirs))]
        count += judge(lab, jobs)
        count += judge(lab, [in_soap(lab, label, v) for v in list(wrapping.document_variants(ours, theirs))[::3]])
    return count


def in_soap(lab, label, variant):
    """The same inside a message that the portal has signed."""
    message = Message("sync", application=variant.body.decode())
    return f"SOAP {label}", variant, "APPLICANT", lambda _: fault(post(lab, "sync", "11", message.body))


def harmless(lab):
    names = [name for name, _ in wrapping.harmless(signed(own("sync"), "system-portal"))]
    for name in names:
        for key in ("system-portal", "gost-system-portal"):
            body = dict(wrapping.harmless(signed(own("sync"), key)))[name]
            answer = post(lab, "sync", "11", body)
            c.same(f"harmless: {name} {key}", (answer.status, b"SUCCESS" in answer.body), (200, True), answer)


def nowhere(lab, relays):
    """Neither a state system, nor the cabinet, nor the store has the foreign content, in any of its spellings."""
    c.within("everything is delivered", lambda: settled(lab))
    marks = [FOREIGN.encode(), b"66666666666666", NEGATIVE.encode(), base64.b64encode(FOREIGN.encode())]
    for name, relay in relays.items():
        c.that(f"{name} was asked at all", relay.bodies())
        c.that(f"{name} never saw foreign content", not any(mark in body for body in relay.bodies() for mark in marks))
    for path in [*lab.folder.glob("store.db*"), *lab.folder.rglob("cabinet/*")]:
        if path.is_file():
            held = path.read_bytes()
            c.that(f"{path.name} holds no foreign content", not any(mark in held for mark in marks), [m for m in marks if m in held])


relays = {name: Relay() for name in SYSTEMS}
# Refused messages are kept as evidence otherwise (test_refused), with whatever they hold.
with Lab(settings={"refusals": {"keep": "no"}, **{f"destination {name}": {"url": relay.url} for name, relay in relays.items()}}) as lab:
    for name, relay in relays.items():
        relay.upstream = lab.simulators[name]
        relay.up()
    total = sum((c.part(part, lab) or 0) for part in (transport, applicant))
    c.that("hundreds of variants", total >= 400, total)
    c.part(harmless, lab)
    c.part(nowhere, lab, relays)
    print(f"{total} variants, refused for {len(seen)} reasons: {', '.join(sorted(filter(None, seen)))}")
for relay in relays.values():
    relay.down()
c.finish()
