#!/usr/bin/python3
"""The operator's commands, run against a live gateway and against broken configurations: what they print and how they end.
(sign, verify, version and replay of a tester: test_cli.py; releasing parked messages: test_cabinet.py.)"""
import datetime
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess

from check import PKI, ROOT, Checks, Lab, Message, settled, sign, wait_for

c = Checks()
COMMANDS = ("serve", "check-conf", "verify", "diagnose", "sign", "replay", "status", "outbox", "fsck", "version")


def ended(name, done, code, *words, stream="stdout"):
    text = getattr(done, stream)
    return c.that(name, done.returncode == code and all(w in text for w in words),
                  f"exit {done.returncode}, want {code} with {words}: {done.stdout[-400:]}{done.stderr[-400:]}")


# ---- help and usage ----

def helps(lab):
    top = lab.run("--help")
    ended("--help", top, 0, "usage: egov-gateway COMMAND", *(f"\n  {name} " for name in COMMANDS))
    c.that("help is not an error", not top.stderr)
    c.same("help, -h and --help are one", (lab.run("help").stdout, lab.run("-h").stdout), (top.stdout, top.stdout))
    for name in COMMANDS:
        done = lab.run(name, "--help")
        ended(f"{name} --help", done, 0, f"egov-gateway {name} [OPTION]", "Options:", "--help")
        c.that(f"{name} --help explains itself", len(done.stdout.split("Options:")[0].splitlines()) >= 3 and not done.stderr, done.stdout)
        c.that(f"{name} --help fits a terminal", max(map(len, done.stdout.splitlines())) <= 140, done.stdout)
        c.same(f"{name} -h", lab.run(name, "-h").stdout, done.stdout)
        ended(f"{name} --nonsense", lab.run(name, "--nonsense"), 2,
              f"egov-gateway {name}: unknown option --nonsense\nTry: egov-gateway {name} --help\n", stream="stderr")
    ended("no command", lab.run(), 2, "usage:", stream="stderr")
    ended("unknown command", lab.run("frobnicate"), 2, "there is no command `frobnicate`", stream="stderr")
    ended("--version", lab.run("--version"), 0, "egov-gateway ", "OpenSSL")
    for name in ("serve", "status", "outbox", "fsck"):
        ended(f"{name} without --conf", lab.run(name), 2, "--conf is required", stream="stderr")
        ended(f"{name} --conf without a file", lab.run(name, "--conf"), 2, "an argument is missing behind --conf", stream="stderr")
        ended(f"{name} --conf of nothing", lab.run(name, "--conf", lab.folder / "none.conf"), 2, "none.conf: cannot be read", stream="stderr")
        ended(f"{name} with an operand", lab.run(name, "--conf", lab.conf, "17"), 2, stream="stderr")
    ended("check-conf without anything", lab.run("check-conf"), 2, "give --conf FILE or --describe", stream="stderr")
    ended("outbox --release without rows", lab.run("outbox", "--conf", lab.conf, "--release"), 2, "--release needs row numbers", stream="stderr")
    ended("outbox --release of a word", lab.run("outbox", "--conf", lab.conf, "--release", "x"), 2, "x is not the number of a row", stream="stderr")
    for name in ("gateway-signer", "signer-process", "worker-process"):
        c.same(f"{name} by hand does nothing", lab.run(name).returncode, 2)


# ---- check-conf ----

def variants(text, lab):
    """name → (configuration, words of the complaint); each is the good one with one mistake."""
    def put(section, line, after=True):
        return text.replace(f"[{section}]\n", f"[{section}]\n{line}\n", 1) if after else text

    def without(pattern):
        return re.sub(pattern, "", text, count=1, flags=re.M)

    other = PKI / "keys" / "system-portal.key"
    empty = lab.folder / "empty"
    empty.mkdir(exist_ok=True)
    return {
        "unknown key": (put("gateway", "colour = red"), "colour: unknown key"),
        "unknown section": (text + "\n[banana]\na = b\n", "banana: unknown section"),
        "key given twice": (put("gateway", "sender_id = x"), "sender_id: given twice"),
        "no key = value": (put("gateway", "hello"), "not a key = value line"),
        "number out of range": (put("http", "body_bytes = 10") if "[http]" in text else text + "\n[http]\nbody_bytes = 10\n",
                                "body_bytes: not a whole number within its range"),
        "number with letters": (text + "\n[retry]\nfirst_ms = 5s\n", "first_ms: not a whole number within its range"),
        "not one of the choices": (put("listener tls", "clients = maybe").replace("clients = optional\n", "", 1), "clients: off|optional|required"),
        "not yes or no": (text + "\n[verify]\niin_check_digit = true\n", "iin_check_digit: must be yes or no"),
        "line too long": (put("gateway", "log_level = " + "x" * 300), "longer than 198 bytes"),
        "required key missing": (without(r"^sender_id = .*\n"), "sender_id: is required"),
        "empty required key": (re.sub(r"^sender_id = .*$", "sender_id =", text, count=1, flags=re.M), "sender_id: is empty"),
        "no listener": (re.sub(r"\[listener \w+\]\n(?:.+\n)+", "", text), "there is no [listener …]"),
        "no cabinet": (re.sub(r"\[destination cabinet\]\n(?:.+\n)+", "", text), "there is no [destination cabinet]"),
        "https without ca": (re.sub(r"^url = http://", "url = https://", text, count=1, flags=re.M), "needs an http:// url, or https:// with ca"),
        "TLS without certificate": (re.sub(r"(\[listener tls\][^\[]*?)certificate = .*\n", r"\1", text), "[listener tls] has TLS but no certificate"),
        "client certificates without CA": (without(r"^client_ca = .*\n"), "asks for client certificates without tls = on and client_ca"),
        "system_key of nobody": (put("gateway", "system_key = nobody"), "system_key names [key nobody], which does not exist"),
        "sender without identity": (re.sub(r"(\[sender gbdfl\]\n)bin = .*\n", r"\1", text), "[sender gbdfl] needs bin or certificate_sha256"),
        "key of another certificate": (re.sub(r"^key = .*system-gateway.key$", f"key = {other}", text, count=1, flags=re.M),
                                       "BAD  [key system] belongs to its certificate"),
        "key that is not there": (re.sub(r"^key = .*system-gateway.key$", f"key = {lab.folder}/absent.key", text, count=1, flags=re.M),
                                  "BAD  [key system]"),
        "trust folder without certificates": (re.sub(r"^trust = .*$", f"trust = {empty}", text, count=1, flags=re.M), "BAD  trust folder"),
        "TLS certificate that is not there": (re.sub(r"(\[listener tls\][^\[]*?certificate = ).*\n", r"\1/nowhere.pem\n", text), "BAD  [listener tls] has a certificate"),
        "TLS certificate of an RSA key": (re.sub(r"(\[listener tls\][^\[]*?certificate = ).*\n", rf"\1{PKI}/certs/bad-expired.pem\n", text), "BAD  [listener tls] has a certificate"),
        "TLS certificate that has expired": (re.sub(r"(\[listener tls\][^\[]*?certificate = ).*\n", rf"\1{expired(lab.folder)}\n", text),
                                             "BAD  [listener tls] has a certificate: which has expired"),
        "no services": (re.sub(r"^services = /.*$", f"services = {empty}", text, count=1, flags=re.M), "BAD  service catalogue"),
        "a state system nobody serves": (re.sub(r"\[destination gbdfl\]\n(?:.+\n)+", "", text), "BAD  service HOME_SCHOOL asks gbdfl"),
    }


def expired(folder):
    """A certificate of an EC key that was valid until yesterday."""
    key, request, path = (folder / f"expired.{suffix}" for suffix in ("key", "csr", "pem"))
    for command in (["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", "/CN=expired", "-out", request],
                    ["x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out", path]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return path


def days_left(certificate):
    """By openssl."""
    said = subprocess.run(["openssl", "x509", "-in", PKI / "certs" / f"{certificate}.pem", "-noout", "-enddate"], check=True, capture_output=True, text=True).stdout
    end = datetime.datetime.strptime(said.strip(), "notAfter=%b %d %H:%M:%S %Y GMT").replace(tzinfo=datetime.timezone.utc)
    return (end - datetime.datetime.now(datetime.timezone.utc)).days


def check_conf(lab):
    good = lab.run("check-conf", "--conf", lab.conf)
    ended("check-conf of a good one", good, 0, "ok   trust folder", "ok   [key system]", "ok   [key head]", "ok   [key tls]",
          "ok   service catalogue")
    left = {name: days for days, name in re.findall(r"^     (-?\d+) days left: (.*)$", good.stdout, re.M)}
    for name, file in (("[key system]", "system-gateway"), ("[key head]", "head-160640900019"), ("[key tls]", "tls-gateway"), ("[listener tls]", "tls-gateway")):
        c.same(f"days left of {name}", left.get(name), str(days_left(file)), good.stdout)
    c.that("nothing BAD in it", "BAD" not in good.stdout, good.stdout)
    path = lab.folder / "variant.conf"
    for name, (text, words) in variants(lab.conf.read_text(), lab).items():
        c.that(f"{name}: is a variant", text != lab.conf.read_text())
        path.write_text(text)
        ended(f"check-conf: {name}", lab.run("check-conf", "--conf", path), 1, words)
        early = "BAD " not in words
        if early:
            ended(f"serve: {name}", lab.run("serve", "--conf", path), 2, words, stream="stderr")
    ended("check-conf of nothing", lab.run("check-conf", "--conf", lab.folder / "none.conf"), 2, "cannot be read")
    loose = lab.folder / "loose.key"
    shutil.copy(PKI / "keys" / "system-gateway.key", loose)
    loose.chmod(0o644)
    path.write_text(re.sub(r"^key = .*system-gateway.key$", f"key = {loose}", lab.conf.read_text(), count=1, flags=re.M))
    ended("check-conf: a key that others may read", lab.run("check-conf", "--conf", path), 1, "BAD  [key system]")
    described = lab.run("check-conf", "--describe")
    ended("--describe", described, 0, "[gateway]", "[sender NAME]", "sync_wait_ms = 15000", "(100..120000)")
    example = lab.run("check-conf", "--conf", ROOT / "conf" / "gateway.conf.example")
    c.that("the example can be read: what is wrong with it are the files it names", "unknown" not in example.stdout
           and "is required" not in example.stdout, example.stdout)


def bad_start(lab):
    """What check-conf calls BAD stops `serve` too, at once and with a word in the log."""
    path = lab.folder / "variant.conf"
    cases = variants(lab.conf.read_text(), lab)
    for name in ("key of another certificate", "trust folder without certificates", "no services", "a state system nobody serves"):
        text = cases[name][0].replace(f"{lab.folder}/run", f"{lab.folder}/run2").replace("store.db", "store2.db")
        path.write_text(text)
        done = lab.run("serve", "--conf", path, timeout=60)
        c.that(f"serve: {name}", done.returncode not in (0, -6, -11) and " error " in done.stderr, f"{done.returncode} {done.stderr[-600:]}")


# ---- status, outbox, fsck ----

def status_and_fsck(lab):
    done = lab.run("status", "--conf", lab.conf)
    ended("status", done, 0, f"gateway   running (pid {lab.processes['gateway'].pid})", "requests  RESULT_SENT 2",
          "outbox    pending 0, parked 0, sent 6", "events    6")
    seen = json.loads(lab.run("status", "--conf", lab.conf, "--json").stdout)
    c.same("status --json", (seen["running"], seen["pid"], seen["requests"]["RESULT_SENT"], seen["outbox"], seen["overdue"], seen["events"]),
           (True, lab.processes["gateway"].pid, 2, {"pending": 0, "parked": 0, "sent": 6}, 0, 6))
    ended("status: what it has of dates and sources", done, 0, f"days left {days_left('system-gateway')}, signing system", f"days left {days_left('tls-gateway')}, tls tls", " (RSA) TEST EGOV-GATEWAY",
          "authority rsa: CRL current, ocsp up, crl up, delta up", "authority gost: CRL current, ocsp up, crl up, delta up")
    told = {row["name"]: row for row in seen["health"]["certificates"]}
    c.same("the same for machines", (told["head"]["kind"], told["head"]["daysLeft"], {row["authority"] for row in seen["health"]["revocation"]}),
           ("signing", days_left("head-160640900019"), {"rsa", "gost"}))
    # A worker that does not move tells nothing; what it last said is not taken for the state of now.
    health = lab.folder / "run" / "health.json"
    text = health.read_text()
    for name, other in (("old", re.sub(r'"at":"[^"]*"', '"at":"2026-01-01T00:00:00Z"', text)), ("broken", text[:-1]), ("empty", "")):
        worker = lab.children()["worker"]
        os.kill(worker, signal.SIGSTOP)
        health.write_text(other)
        said = lab.run("status", "--conf", lab.conf)
        os.kill(worker, signal.SIGCONT)
        ended(f"status: {name} news", said, 0, "health    the gateway has told nothing for half a minute")
    ended("outbox", lab.run("outbox", "--conf", lab.conf), 0, "nothing is parked\n")
    ended("outbox --release of what is not parked", lab.run("outbox", "--conf", lab.conf, "--release", "1"), 1, "row 1: is not parked")
    ended("fsck beside the gateway", lab.run("fsck", "--conf", lab.conf), 0, "ok: 6 events, the chain is whole\n")


def verify_and_sign(lab, answer):
    """What the gateway signed, verified by its own command: the same verdict as its peers'."""
    path = lab.folder / "answer.xml"
    path.write_bytes(answer.body)
    ended("verify an answer", lab.run("verify", "--trust", PKI / "trust", path), 0, "answer.xml: valid")
    path.write_bytes(answer.body.replace(b"SUCCESS", b"FAILURE"))
    ended("verify a changed answer", lab.run("verify", "--trust", PKI / "trust", path), 1, "NOT VALID, TRANSPORT_SIGNATURE_DIGEST")
    path.write_bytes(sign(Message("sync", sender_key=None).plain, "system-portal", soap=True))
    ended("what `sign --soap` makes is valid", lab.run("verify", "--trust", PKI / "trust", path), 0, "answer.xml: valid")


def reload(lab):
    """SIGHUP with a broken configuration keeps the old one; the gateway goes on."""
    before, text = lab.children(), lab.conf.read_text()
    lab.conf.write_text(text.replace("[gateway]\n", "[gateway]\ncolour = red\n", 1))
    lab.processes["gateway"].send_signal(signal.SIGHUP)
    c.within("a broken configuration is refused in the log", lambda: "colour: unknown key" in lab.log.read_text())
    c.same("and changes nothing", lab.children(), before)
    lab.conf.write_text(text)
    c.same("the gateway goes on", Message("sync").send(lab).status, 200)
    wait_for("delivery", lambda: settled(lab))


def stopped(lab):
    c.same("SIGTERM ends it cleanly", lab.stop("gateway"), 0)
    c.same("the run files are gone", [p.name for p in (lab.folder / "run").iterdir() if p.is_file()], [])
    ended("status of a stopped gateway", lab.run("status", "--conf", lab.conf), 1, "gateway   not running", "RESULT_SENT 3")
    c.same("status --json of it", json.loads(lab.run("status", "--conf", lab.conf, "--json").stdout)["running"], False)
    ended("fsck of its store", lab.run("fsck", "--conf", lab.conf), 0, "ok: 9 events, the chain is whole\n")
    with sqlite3.connect(lab.folder / "store.db") as store:
        detail, = store.execute("SELECT detail FROM event WHERE seq = 5").fetchone()
        store.execute("UPDATE event SET detail = ? WHERE seq = 5", (detail + ".",))
    ended("fsck finds a changed event", lab.run("fsck", "--conf", lab.conf), 1, "BROKEN: ", "5")
    with sqlite3.connect(lab.folder / "store.db") as store:
        store.execute("UPDATE event SET detail = ? WHERE seq = 5", (detail,))
        row = store.execute("SELECT * FROM event WHERE seq = 9").fetchone()
        store.execute("DELETE FROM event WHERE seq = 9")
    ended("fsck finds that the last event is missing", lab.run("fsck", "--conf", lab.conf), 1, "BROKEN: ")
    with sqlite3.connect(lab.folder / "store.db") as store:
        store.execute(f"INSERT INTO event VALUES ({','.join('?' * len(row))})", row)
    ended("put back, the chain is whole", lab.run("fsck", "--conf", lab.conf), 0, "ok: 9 events")
    (lab.folder / "store.db").write_bytes(b"this is no database at all, but long enough to look at" * 100)
    for suffix in ("-wal", "-shm"):
        (lab.folder / f"store.db{suffix}").unlink(missing_ok=True)
    for name in ("status", "fsck", "outbox"):
        ended(f"{name} of a file that is no store", lab.run(name, "--conf", lab.conf), 2, "Try: egov-gateway", stream="stderr")
    (lab.folder / "store.db").unlink()
    for name in ("status", "fsck", "outbox"):
        ended(f"{name} without a store", lab.run(name, "--conf", lab.conf), 2, "Try: egov-gateway", stream="stderr")


def main():
    with Lab() as lab:
        answer = Message("sync").send(lab)
        Message("async").send(lab)
        wait_for("delivery", lambda: settled(lab))
        c.part(helps, lab)
        c.part(check_conf, lab)
        c.part(bad_start, lab)
        c.part(status_and_fsck, lab)
        c.part(verify_and_sign, lab, answer)
        c.part(reload, lab)
        c.part(stopped, lab)


main()
c.finish()
