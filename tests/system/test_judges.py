#!/usr/bin/python3
"""Two independent judges, xmlsec1 and the JDK, over everything that leaves the gateway signed: the certificate as delivered, the answers on
both channels, the messages to the cabinet and to the state systems, a signed refusal. One changed byte, and both refuse."""
import base64
import re
import shutil
import ssl
import subprocess

from check import NEGATIVE, PKI, ROOT, Checks, Lab, Message, Relay, Store, complaints, moment, settled, wait_for

c = Checks()
TRUST = PKI / "trust"


def xmlsec1(path):
    """OK when xmlsec1 says so: documents with the CA as trust; envelopes with the certificate they carry, which must lead to the CA."""
    data = path.read_bytes()
    soap = re.search(rb"<[a-zA-Z0-9]*:?Envelope", data[:300]) is not None
    if not soap:
        command = ["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--trusted-pem", TRUST / "root.pem", "--trusted-pem", TRUST / "issuing.pem", path]
    else:
        held = re.findall(rb"<(?:[a-z]+:)?(?:KeyIdentifier|BinarySecurityToken|X509Certificate)[^>]*>([^<]+)<", data)
        if len(held) != 1:
            return f"{len(held)} certificates"
        pem = path.with_suffix(".pem")
        pem.write_text(ssl.DER_cert_to_PEM_cert(base64.b64decode(held[0])))
        chain = subprocess.run(["openssl", "verify", "-CAfile", TRUST / "root.pem", "-untrusted", TRUST / "issuing.pem", pem], capture_output=True,
                               text=True)
        if chain.returncode:
            return chain.stderr
        command = ["xmlsec1", "--verify", "--id-attr:Id", "http://schemas.xmlsoap.org/soap/envelope/:Body", "--pubkey-cert-pem", pem, path]
    done = subprocess.run(command, capture_output=True, text=True)
    first = (done.stdout + done.stderr).splitlines()[0] if done.stdout + done.stderr else ""
    return "OK" if done.returncode == 0 and first == "OK" else first or str(done.returncode)


def jdk(paths):
    """{name: verdict} for all files in one start of the JVM."""
    done = subprocess.run(["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", ROOT / "tests" / "system" / "VerifyXml.java", TRUST / "root.pem",
                           TRUST / "issuing.pem", *paths],
                          capture_output=True, text=True)
    c.same("the JDK's judge ran", done.returncode, 0, done.stderr)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def collect(lab, relays):
    """{name: bytes} of one thing of every kind that we sign."""
    sent = {"positive": Message("sync"), "negative": Message("sync", applicant=NEGATIVE), "refused": Message("sync", applicant="850412390021"),
            "async": Message("async"),
            "rest": Message("rest")}
    answers = {name: message.send(lab) for name, message in sent.items()}
    c.same("all were taken", {n: a.status for n, a in answers.items()}, {"positive": 200, "negative": 200, "refused": 200, "async": 200, "rest": 201})
    wait_for("delivery", lambda: settled(lab))
    found = {f"answer-{n}": answers[n].body for n in ("positive", "negative", "refused", "async")}
    found["answer-fault"] = Message("sync", messageDate=moment(hours=-30)).send(lab).body  # the sender is known by then, so the refusal is signed
    for name in ("positive", "negative", "refused", "async", "rest"):
        found[f"certificate-{name}"] = lab.control(f"/cabinet/document?number={sent[name].number}")
    store = Store(lab)
    for message_id, payload in store.rows("SELECT o.message_id, p.payload FROM outbox AS o JOIN outbox_payload AS p ON p.outbox_id = o.id"):
        found["cabinet-" + message_id] = payload
        c.that(f"{message_id}: what was sent is what is stored", payload in relays["cabinet"].bodies())
    for name in ("gbdfl", "socialaid"):
        for i, body in enumerate(relays[name].bodies()):
            found[f"question-{name}-{i}"] = body
    c.same("how many", {kind: sum(n.startswith(kind) for n in found) for kind in ("answer", "certificate", "cabinet", "question")},
           {"answer": 5, "certificate": 5, "cabinet": 15, "question": 10})
    return found


def spoilt(data):
    """One character of what is signed becomes another, far from the signature."""
    for mark in (rb"<requestNumber>\d", rb"<registrationNumber>\d", rb"<messageId>.", rb"<correlationId>.", rb"<errorCode>S", rb"<serviceId>."):
        at = re.search(mark, data)
        if at:
            last = at.end() - 1
            return data[:last] + (b"7" if data[last:last + 1] != b"7" else b"8") + data[last + 1:]
    raise ValueError("nothing to change")


def judge_all(folder, found):
    folder.mkdir()
    files = {}
    for name, data in found.items():
        for suffix, bytes_ in (("", data), ("-changed", spoilt(data))):
            files[name + suffix] = folder / f"{name}{suffix}.xml"
            files[name + suffix].write_bytes(bytes_)
    has_jdk = shutil.which("java") is not None
    verdicts = jdk(files.values()) if has_jdk else {}
    if not has_jdk:
        c.skip("the JDK", "there is none")
    for name, path in files.items():
        changed = name.endswith("-changed")
        said = xmlsec1(path)
        c.that(f"xmlsec1, {name}", (said == "OK") != changed and "certificates" not in said, said)
        if has_jdk:
            said = verdicts.get(path.name, "nothing")
            wanted = "NO digest" if changed else "OK XAdES RSA" if name.startswith("certificate") else "OK Body RSA"
            c.that(f"JDK, {name}", said.startswith(wanted), said)


def elliptic():
    """The same with P-256 keys of the provider's head and of the gateway."""
    with Lab(keys={"system": "system-gateway-ec", "head": "head-160640900019-ec"}) as lab:
        message = Message("sync")
        answer = message.send(lab)
        c.same("EC: 200", answer.status, 200, answer)
        wait_for("EC: delivery", lambda: settled(lab))
        paths = {"ec-answer": lab.folder / "ec-answer.xml", "ec-certificate": lab.folder / "ec-certificate.xml"}
        paths["ec-answer"].write_bytes(answer.body)
        paths["ec-certificate"].write_bytes(lab.control(f"/cabinet/document?number={message.number}"))
        for name, path in paths.items():
            c.same(f"xmlsec1, {name}", xmlsec1(path), "OK")
        if shutil.which("java"):
            for name, said in jdk(paths.values()).items():
                c.that(f"JDK, {name}", re.match("OK (Body|document) EC ", said), said)


def main():
    relays = {name: Relay().up() for name in ("gbdfl", "socialaid", "cabinet")}
    settings = {f"destination {name}": {"url": relay.url} for name, relay in relays.items()}
    with Lab(settings=lambda lab: {**settings, "tsa": {"url": lab.pki_urls()["tsa"]}}) as lab:
        for name, relay in relays.items():
            relay.upstream = lab.simulators[name]
        found = c.part(collect, lab, relays)
        if found:
            c.part(judge_all, lab.folder / "judged", found)
        c.same("no complaints in the log", complaints(lab), [])
    c.part(elliptic)


main()
c.finish()
