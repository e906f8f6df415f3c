#!/usr/bin/python3
"""I8: after every fixture, good and bad, nothing that the gateway logs, measures or prints for an operator names a person. And no private key is
in reach of the process that parses: not among its files, not in its memory, where the same search finds it in the signer's."""
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

from check import NEGATIVE, PKI, ROOT, Checks, Lab, Message, Relay, http_call, set_fault, settled, sign, status

c = Checks()
MAPPING_MAX = 256 << 20  # the sanitizers' shadow is larger, and holds no program's data


def secrets():
    """{what: text} of everything about the people of the fixtures and the holders of the test certificates."""
    found = {}
    for path in (ROOT / "fixtures" / "people").glob("*.xml"):
        for node in ElementTree.parse(path).getroot().iter():
            for key, value in node.attrib.items():
                if key in ("kk", "ru", "iin", "applicant", "number"):
                    found[f"{node.tag}/{key} {value}"] = value
    for name in os.listdir(PKI / "certs"):
        if name.startswith("applicant-"):
            subject = subprocess.run(["openssl", "x509", "-in", PKI / "certs" / name, "-noout", "-subject", "-nameopt", "utf8,sep_multiline,sname"],
                                     capture_output=True, text=True).stdout
            for line in subject.splitlines():
                key, _, value = line.strip().partition("=")
                if key in ("CN", "SN", "GN", "serialNumber", "emailAddress"):
                    found[f"certificate {key} {value}"] = value.removeprefix("IIN")
    for path in (ROOT / "fixtures").glob("*/*.case"):
        for iin in re.findall(r"\b\d{12}\b", path.read_text()):
            found[f"fixture {iin}"] = iin
    organisations = set(re.findall(r"\b\d{12}\b", (ROOT / "fixtures" / "README.md").read_text())) | {"160640900019", "180250900013", "180760900016",
                                                                                                     "091240900012"}
    return {what: text for what, text in found.items() if len(text) > 2 and text not in organisations}


def variants(text):
    """As it is, in small letters, and as it would look in JSON or a URL."""
    quoted = "".join(f"%{b:02X}" for b in text.encode())
    return {text, text.lower(), text.capitalize(), text.encode("ascii", "backslashreplace").decode(), quoted}


def free_of(name, text, hidden):
    c.that(f"{name}: there is something to search", len(text) > 200, text)
    there = [what for what, value in hidden.items() if any(v in text for v in variants(value))]
    c.same(f"{name} names nobody", there, [])


def run_all(lab):
    """Every fixture, then states an operator sees rarely: silent and nonsense systems, a cabinet that fails, a parked message, bad numbers."""
    done = lab.replay(ROOT / "fixtures", "--jobs", "4")
    c.same("all fixtures ran", done.returncode, 0, done.stdout[-600:])
    for system, kind in (("gbdfl", "wrong-iin"), ("socialaid", "soapfault"), ("gbdfl", "garbage"), ("cabinet", "soapfault"), ("cabinet", "cut"),
                         ("cabinet", "http500")):
        set_fault(lab, system, kind, count=1)
        Message("sync", applicant=NEGATIVE).send(lab)
        set_fault(lab, system, "none")
    for path in (f"/api/v1/requests/{NEGATIVE}", f"/api/v1/requests/101{NEGATIVE[1:]}", f"/{NEGATIVE}"):
        http_call(lab.tls_url + path, certificate="tls-portal")
    Message("sync", messageId=NEGATIVE, senderId=NEGATIVE, sender_key=None).send(lab)
    Message("rest", declarantId=NEGATIVE).send(lab)
    c.within("all is delivered", lambda: settled(lab), 30)


def outputs(lab, hidden):
    log = lab.log.read_text()
    c.that("the log speaks of every request", len(set(re.findall(r"\b101\d{11}\b", log))) >= sum(status(lab)["requests"].values()), "")
    free_of("gateway.log", log, hidden)
    c.same("the log has no 12 digits outside request numbers, ids and fingerprints", [n for n in re.findall(r"(?<![0-9A-Fa-f-])\d{12}(?![0-9A-Fa-f-])", log)], [])
    free_of("/metrics", http_call(lab.url + "/metrics").text, hidden)
    for command in (["status"], ["status", "--json"], ["outbox"], ["fsck"]):
        done = lab.run(command[0], "--conf", lab.conf, *command[1:])
        there = [what for what, value in hidden.items() if any(v in done.stdout + done.stderr for v in variants(value))]
        c.same(f"{' '.join(command)} names nobody", there, [])
    for name in ("pid", "listeners"):
        c.that(f"run/{name} names nobody", not re.search(r"\d{12}", (lab.folder / "run" / name).read_text()))


def control(lab, hidden):
    """The same search does find people where they belong: in the cabinet's files."""
    text = "".join(p.read_text() for p in (lab.folder / "cabinet").rglob("*.xml"))
    c.that("the search finds people where they are", sum(any(v in text for v in variants(value)) for value in hidden.values()) > 10)


# ---- keys ----

def key_numbers(name):
    """{name: bytes} of the secret parts of a private key, as numbers in the order of the file and of memory (BIGNUM words are little-endian)."""
    text = subprocess.run(["openssl", "pkey", "-in", PKI / "keys" / f"{name}.key", "-noout", "-text"], capture_output=True, text=True).stdout
    found = {}
    for part in ("privateExponent", "prime1", "prime2", "exponent1", "priv"):
        match = re.search(rf"^{part}:\n((?:    .*\n)+)", text, re.M)
        if match:
            number = bytes.fromhex(re.sub(r"[\s:]", "", match[1])).lstrip(b"\0")
            found[f"{name} {part}"], found[f"{name} {part}, reversed"] = number, number[::-1]
    pem = (PKI / "keys" / f"{name}.key").read_text().splitlines()
    found[f"{name} PEM"] = pem[len(pem) // 2].encode()
    return found


def mappings(pid):
    """The bytes of every readable mapping of a process that can be read."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            area, rights, *_ = line.split()
            start, end = (int(x, 16) for x in area.split("-"))
            if rights[0] != "r" or end - start > MAPPING_MAX or "[v" in line:
                continue
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except OSError:
                continue


def found_in(pid, secrets_):
    hits, size = set(), 0
    for data in mappings(pid):
        size += len(data)
        hits.update(name for name, number in secrets_.items() if number in data)
    return hits, size


def keys_out_of_reach(lab):
    children = lab.children()
    c.same("one signer, one worker", sorted(children), ["signer", "worker"])
    try:
        files = {role: [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")] for role, pid in children.items()}
    except PermissionError as error:
        c.skip("files and memory of the worker", f"only root sees them: {error}")
        return
    for role, names in files.items():
        c.same(f"the {role} has no key file open", [n for n in names if n.endswith(".key") or "/keys/" in n], [])
    c.that("the signer has no socket to the world, no store", not any("store.db" in n for n in files["signer"]), files["signer"])
    numbers = {}
    for key in ("system-gateway", "head-160640900019", "tls-gateway"):
        numbers.update(key_numbers(key))
    c.that("there is something to search for", len(numbers) >= 20 and all(len(n) >= 30 for n in numbers.values()),
           {k: len(v) for k, v in numbers.items()})
    try:
        signer, _ = found_in(children["signer"], numbers)
        worker, size = found_in(children["worker"], numbers)
    except PermissionError as error:
        c.skip("memory of the worker", f"not readable here: {error}")
        return
    for key in ("system-gateway", "head-160640900019", "tls-gateway"):
        c.that(f"the search finds {key} in the signer", any(name.startswith(key) for name in signer), signer)
    c.that("the worker's memory was searched", size > 1 << 20, size)
    c.same("no private key in the worker", sorted(worker), [])
    supervisor, _ = found_in(lab.processes["gateway"].pid, numbers)
    c.same("none in the supervisor", sorted(supervisor), [])
    environment = open(f"/proc/{children['worker']}/environ", "rb").read()
    c.that("none in its environment", b"PRIVATE" not in environment)


FAULT = """<?xml version="1.0"?>
<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Client</faultcode><faultstring>{0}</faultstring><detail>
<n:{1}Fault1_{1}Fault xmlns:n="http://bip.bee.kz/{2}Channel/v10/Types"><errorCode>{0}</errorCode><errorMessage>{0}</errorMessage>
<errorData>{0}</errorData><errorDate>2026-01-01T00:00:00+05:00</errorDate></n:{1}Fault1_{1}Fault></detail></S:Fault></S:Body></S:Envelope>"""


def talkative(hidden):
    """Systems whose signed faults name the person in every free text: a registry, then the cabinet."""
    registry, cabinet = Relay().up(), Relay().up()
    settings = {"retry": {"first_ms": 200, "longest_ms": 500}, "destination gbdfl": {"url": registry.url}, "destination cabinet": {"url": cabinet.url}}
    with Lab(settings=settings) as lab:
        registry.upstream, cabinet.upstream = lab.simulators["gbdfl"], lab.simulators["cabinet"]
        fault = sign(FAULT.format(NEGATIVE, "SendMessage", "Sync"), "system-gbdfl", soap=True)
        registry.answer = lambda body: (500, fault)
        Message("sync", applicant=NEGATIVE).send(lab)
        c.that("the registry's fault was taken as one", "reason=REGISTRY_FAULT" in lab.log.read_text(), lab.tail("gateway"))
        registry.answer = None
        c.within("it is answered later", lambda: settled(lab))
        refusal = sign(FAULT.format(NEGATIVE, "sendMessage", "Async"), "system-cabinet", soap=True)
        cabinet.answer = lambda body: (500, refusal)
        Message("async", applicant=NEGATIVE).send(lab)
        c.within("the cabinet's refusal parks", lambda: status(lab)["outbox"]["parked"] == 1)
        listed = lab.run("outbox", "--conf", lab.conf).stdout
        c.that("the outbox tells the operator", "PEER_REFUSED: ?" in listed, listed)
        free_of("talkative systems: gateway.log and outbox", lab.log.read_text() + listed, hidden)
    registry.down()
    cabinet.down()


def main():
    hidden = secrets()
    c.that("there are people to look for", len(hidden) > 60, sorted(hidden))
    settings = {"http": {"header_ms": 1500}, "gateway": {"log_level": "debug"}, "retry": {"first_ms": 200, "longest_ms": 500}}
    with Lab(settings=settings) as lab:
        c.part(run_all, lab)
        c.part(outputs, lab, hidden)
        c.part(control, lab, hidden)
        c.part(keys_out_of_reach, lab)
    c.part(talkative, hidden)


main()
c.finish()
