#!/usr/bin/python3
"""The gateway's own keys: who can reach them, in which forms they come, and what happens when they change or go away."""
import ctypes
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

from check import PKI, ROOT, Checks, Lab, Message, http_call, wait_for
from memory import has_any, proc_status, secrets_of

IS_ROOT = os.geteuid() == 0
WORKER, SIGNER = "nobody", "daemon"  # accounts that every Debian has
WORKER_UID, SIGNER_UID = 65534, 1
PTRACE_ATTACH = 16
SANITIZED = "asan" in os.environ.get("EGOV_BUILD", "")


def own_folder(folder):
    """A lab folder with all that two accounts without rights need; the keys are root's or the signer's."""
    shutil.copytree(PKI / "trust", folder / "trust")
    shutil.copytree(PKI / "certs", folder / "certs")
    shutil.copytree(ROOT / "conf" / "services", folder / "services")
    shutil.copy(PKI / "tls" / "ca.pem", folder / "tls-ca.pem")
    (folder / "keys").mkdir()
    (folder / "data").mkdir()
    os.chown(folder / "data", WORKER_UID, WORKER_UID)
    os.chmod(folder, 0o755)
    settings = {"gateway": {"user": WORKER, "signer_user": SIGNER, "trust": folder / "trust", "services": folder / "services"},
                "listener tls": {"certificate": folder / "certs" / "tls-gateway.pem", "client_ca": folder / "tls-ca.pem"},
                "store": {"path": folder / "data" / "store.db"}}
    for name, certificate, owner, mode in (("system", "system-gateway", 0, 0o600), ("head", "head-160640900019", SIGNER_UID, 0o400), ("tls", "tls-gateway", 0, 0o400)):
        copied = shutil.copy(PKI / "keys" / f"{certificate}.key", folder / "keys")
        os.chown(copied, owner, owner)
        os.chmod(copied, mode)
        settings[f"key {name}"] = {"key": copied, "certificate": folder / "certs" / f"{certificate}.pem"}
    return settings


def as_account(uid, act):
    """What act() gives in a process of that account: its value as text, or the name of its error."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            said = str(act())
        except OSError as error:
            said = type(error).__name__
        os.write(writer, said.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        text = said.read().decode()
    os.waitpid(pid, 0)
    return text


def attach(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, pid, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return "attached"


def two_accounts(check):
    if not IS_ROOT:
        check.skip("signer and worker under two accounts", "only root can start with them")
        return
    lab = Lab()
    lab.settings = own_folder(lab.folder)
    with lab:
        pids = {"supervisor": lab.processes["gateway"].pid, **lab.children()}
        for role, uid in (("worker", WORKER_UID), ("signer", SIGNER_UID)):
            status = proc_status(pids[role])
            check.same(f"{role}: its own account", set(status["Uid"].split()), {str(uid)})
            check.same(f"{role}: no capabilities", int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0)
            check.same(f"{role}: gains none by exec", status["NoNewPrivs"], "1")
            check.that(f"{role}: no group of root's", "0" not in status["Groups"].split() + status["Gid"].split(), status["Groups"])
            if not SANITIZED:
                check.same(f"{role}: filtered", status["Seccomp"], "2")
        status = proc_status(pids["supervisor"])
        check.same("the supervisor's files are the worker's, not root's", status["Uid"].split(), ["0", "0", "0", str(WORKER_UID)])
        kept = (1 << 6) | (1 << 7) | (1 << 5) | (1 << 2)  # SETGID, SETUID, KILL, DAC_READ_SEARCH
        check.same("and it kept four capabilities", (int(status["CapPrm"], 16), int(status["CapBnd"], 16)), (kept, kept))
        check.same("a request works", Message("sync").send(lab).status, 200)

        keys = sorted((lab.folder / "keys").glob("*.key"))
        for key in keys:
            check.same(f"the worker's account cannot read {key.name}", as_account(WORKER_UID, key.read_bytes), "PermissionError")
        for path in ("mem", "environ", "maps", "fd/0", "exe"):
            for account, uid in (("worker", WORKER_UID), ("signer", SIGNER_UID)):
                check.same(f"/proc/SIGNER/{path} is closed to the {account}'s account", as_account(uid, lambda p=path: os.open(f"/proc/{pids['signer']}/{p}", os.O_RDONLY)), "PermissionError")
        for name, victim in pids.items():
            check.same(f"the worker's account cannot trace the {name}", as_account(WORKER_UID, lambda p=victim: attach(p)), "PermissionError")
        for name in ("supervisor", "signer"):
            check.same(f"nor signal the {name}", as_account(WORKER_UID, lambda p=pids[name]: os.kill(p, 0)), "PermissionError")
        check.same("the run folder is the worker's", os.stat(lab.folder / "run").st_uid, WORKER_UID)
        check.same("and so are the supervisor's files in it", {os.stat(lab.folder / "run" / f).st_uid for f in ("pid", "listeners")}, {WORKER_UID})

        for role in ("worker", "signer"):
            before = lab.log.read_text().count("serve.ready")
            os.kill(lab.children()[role], signal.SIGKILL)
            check.within(f"after the end of the {role} both are there again", lambda n=before: lab.log.read_text().count("serve.ready") > n)
        status = proc_status(lab.children()["signer"])
        check.same("under the same accounts", set(status["Uid"].split()), {str(SIGNER_UID)})
        check.same("and it works", Message("sync").send(lab).status, 200)
        check.same("ends well", lab.stop("gateway"), 0)
        check.same("and leaves nothing in its run folder", os.listdir(lab.folder / "run"), [])


def one_account_says_so(check):
    """`user` alone still works, with a word in the log; what cannot work stops the start."""
    with Lab() as lab:
        if IS_ROOT:
            check.that("root without accounts is told so", "serve.as_root" in lab.log.read_text())
        for name, values, want in (("signer_user alone", {"signer_user": SIGNER}, "signer_user needs a `user`"),
                                   ("one account twice", {"user": SIGNER, "signer_user": SIGNER}, "signer_user needs a `user`")):
            lab.settings = {"gateway": values}
            lab.write_conf()
            done = lab.run("check-conf", "--conf", lab.conf)
            check.that(f"{name}: refused", done.returncode == 1 and want in done.stdout, done.stdout)


def no_core(check):
    """With core dumps allowed all around: neither process leaves one, whatever ends it."""
    if SANITIZED:
        check.skip("core dumps", "a sanitizer catches these signals itself")
        return
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY if IS_ROOT else before[1],) * 2)
    except (ValueError, OSError):
        check.skip("core dumps", "not allowed here anyway")
        return
    with Lab() as lab:
        for role, number in (("signer", signal.SIGSEGV), ("signer", signal.SIGABRT), ("worker", signal.SIGSEGV)):
            # Of the generation that is ready now: an older worker may still be finishing.
            generations = re.findall(r"serve\.ready .*signer=(\d+) worker=(\d+)", lab.log.read_text())
            pid, starts = int(generations[-1][("signer", "worker").index(role)]), len(generations)
            os.kill(pid, number)
            check.within(f"{role}: replaced after {number.name}", lambda n=starts: lab.log.read_text().count("serve.ready") > n)
            line = [x for x in lab.log.read_text().splitlines() if "serve.child_ended" in x and f"pid={pid}" in x]
            check.that(f"{role}: ended by it, without a dump", len(line) == 1 and f"signal={int(number)}" in line[0] and "core dumped" not in line[0], line)
        check.same("works", Message("sync").send(lab).status, 200)
    resource.setrlimit(resource.RLIMIT_CORE, before)


# ---- where keys come from ----

def openssl(*args, **options):
    return subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, **options).stdout


def secret(path, content):
    path.write_text(content)
    os.chmod(path, 0o600)
    return path


def pkcs12(folder, name, password, *how):
    out = folder / f"{name}{len(list(folder.iterdir()))}.p12"
    openssl("pkcs12", "-export", "-inkey", PKI / "keys" / f"{name}.key", "-in", PKI / "certs" / f"{name}.pem", "-passout", f"pass:{password}", "-out", out, *how)
    os.chmod(out, 0o600)
    return out


def uses(lab):
    text = http_call(lab.url + "/metrics").text
    return {k: int(v) for k, v in re.findall(r'egov_key_uses_total\{key="([^"]+)"\} (\d+)', text)}


def main_job(check, lab, name):
    """One request with its result; the keys that signed."""
    before = uses(lab)
    answer = Message("sync").send(lab)
    check.that(f"{name}: the main job", answer.status == 200 and "SUCCESS" in answer.text, answer)
    after = uses(lab)
    return {k for k in after if after[k] > before.get(k, 0)}


def started(check, name, settings, part):
    lab = Lab()
    part(lab.folder, lab.settings)
    lab.settings.update(settings)
    with lab:
        check.same(f"{name}: signed by both", main_job(check, lab, name), {"system", "head"})
        done = lab.run("check-conf", "--conf", lab.conf)
        check.that(f"{name}: check-conf agrees", done.returncode == 0, done.stdout)
        return lab


def key_files(check):
    """PKCS#12 (as OpenSSL 3 writes it, and the legacy form), encrypted PEM; RSA, EC, GOST."""
    def legacy_rsa(folder, settings):
        word = secret(folder / "word", "Пароль-1\n")
        for key, name, how in (("system", "system-gateway", ("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES")), ("head", "head-160640900019", ())):
            settings[f"key {key}"] = {"key": pkcs12(folder, name, "Пароль-1", *how), "password_file": word, "certificate": ""}

    def encrypted(folder, settings):
        word = secret(folder / "word", "secret word\r\n")
        sealed = folder / "sealed.pem"
        openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", PKI / "keys" / "system-gateway.key", "-passout", "pass:secret word", "-out", sealed)
        os.chmod(sealed, 0o400)
        settings["key system"] = {"key": sealed, "password_file": word}
        settings["key head"] = {"key": pkcs12(folder, "head-160640900019-ec", "secret word"), "password_file": word, "certificate": PKI / "certs" / "head-160640900019-ec.pem"}

    started(check, "PKCS#12, legacy and of today", {}, legacy_rsa)
    started(check, "encrypted PEM, PKCS#12 of an EC key", {}, encrypted)


def refused(check, name, values, want):
    lab = Lab()
    try:
        lab.start_simulators()
        lab.settings = {"key head": values(lab.folder) if callable(values) else values}
        try:
            lab.start_gateway()
            check.that(f"{name}: does not start", False)
        except RuntimeError as error:
            said = str(error)
            check.that(f"{name}: does not start and says why", want in said, said)
            check.that(f"{name}: without the secret", "hemlig" not in said, said)
        done = lab.run("check-conf", "--conf", lab.conf)
        check.that(f"{name}: check-conf says so too", done.returncode == 1 and want in done.stdout, done.stdout)
    finally:
        lab.__exit__(None, None, None)


def key_files_refused(check):
    name = "head-160640900019"
    whole = PKI / "keys" / f"{name}.key"

    def container(word="hemlig\n", mode=0o600, word_mode=0o600):
        def make(folder):
            box = pkcs12(folder, name, "hemlig")
            os.chmod(box, mode)
            path = secret(folder / "word", word)
            os.chmod(path, word_mode)
            return {"key": box, "password_file": path, "certificate": ""}
        return make

    def copied(uid):
        def make(folder):
            key = shutil.copy(whole, folder / "copy.key")
            os.chmod(key, 0o600)
            os.chown(key, uid, uid)
            return {"key": key}
        return make

    refused(check, "wrong password", container("hemlig2\n"), "does not open with that password")
    refused(check, "container that others read", container(mode=0o640), "group or others")
    refused(check, "password that others read", container(word_mode=0o604), "group or others")
    refused(check, "no password file", {"key": whole, "password_file": "/nonexistent"}, "cannot be opened")
    refused(check, "somebody else's certificate", {"certificate": PKI / "certs" / "system-gateway.pem"}, "does not belong to its certificate")
    refused(check, "PEM without certificate", {"certificate": ""}, "needs its `certificate`")
    if IS_ROOT:
        refused(check, "another account's key", copied(12345), "belongs to another user")


# ---- tokens ----

MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
HAVE_TOKENS = MODULE.exists() and shutil.which("softhsm2-util") and shutil.which("pkcs11-tool")


class Token:
    """A SoftHSM token with keys of the test PKI."""

    def __init__(self, folder, pin="4711"):
        self.folder, self.pin = folder / "tokens", pin
        self.folder.mkdir()
        conf = folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(conf)
        self.tool("softhsm2-util", "--init-token", "--free", "--label", "egov", "--so-pin", "12345678", "--pin", pin)

    @staticmethod
    def tool(*command):
        return subprocess.run([str(c) for c in command], check=True, capture_output=True)

    def add(self, name, number, with_certificate):
        self.tool("softhsm2-util", "--import", PKI / "keys" / f"{name}.key", "--token", "egov", "--label", name, "--id", number, "--pin", self.pin)
        if with_certificate:
            der = self.folder.parent / f"{name}.der"
            openssl("x509", "-in", PKI / "certs" / f"{name}.pem", "-outform", "DER", "-out", der)
            self.tool("pkcs11-tool", "--module", MODULE, "--token-label", "egov", "--login", "--pin", self.pin, "--write-object", der, "--type", "cert", "--id", number, "--label", name)

    def key(self, name, folder, pin=None, certificate=""):
        return {"key": f"pkcs11:token=egov;object={name}", "module": MODULE, "pin_file": secret(folder / "pin", f"{pin or self.pin}\n"), "certificate": certificate}

    def count_low(self):
        return "user PIN count low" in self.tool("pkcs11-tool", "--module", MODULE, "--list-token-slots").stdout.decode()


def tokens(check):
    if not HAVE_TOKENS:
        check.skip("keys in a PKCS#11 token", "softhsm2 and opensc are not installed")
        return
    lab = Lab()
    token = Token(lab.folder)
    token.add("system-gateway", "01", True)
    token.add("head-160640900019-ec", "02", False)
    lab.settings = {"key system": token.key("system-gateway", lab.folder),
                    "key head": token.key("head-160640900019-ec", lab.folder, certificate=PKI / "certs" / "head-160640900019-ec.pem")}
    with lab:
        check.same("RSA and EC in a token", main_job(check, lab, "token"), {"system", "head"})
        if not SANITIZED:
            check.same("its signer is filtered, too", proc_status(lab.children()["signer"])["Seccomp"], "2")
        check.same("ready", http_call(lab.url + "/health/ready").status, 200)
        done = lab.run("check-conf", "--conf", lab.conf)
        check.that("check-conf logs in, too", done.returncode == 0, done.stdout)
        # away: the files of the token are somewhere else
        away = lab.folder / "away"
        [inside] = token.folder.iterdir()
        inside.rename(away)
        answer = Message("sync").send(lab)
        check.that("without the token: not now, and said so", answer.status >= 500 or "SCE9" in answer.text, answer)
        check.same("not ready", http_call(lab.url + "/health/ready").status, 503)
        away.rename(inside)
        check.within("the token is back: ready again", lambda: http_call(lab.url + "/health/ready").status == 200, 25)
        check.same("and signing", main_job(check, lab, "token is back"), {"system", "head"})
        check.same("by the same processes", lab.log.read_text().count("serve.ready"), 1)
        check.that("no PIN in the log", token.pin not in re.sub(r"\S+\[\d+\]|\d\d:\d\d:\S+|pid=\d+|=\d+", "", lab.log.read_text()))


def wrong_pin(check):
    if not HAVE_TOKENS:
        check.skip("a wrong PIN", "softhsm2 and opensc are not installed")
        return
    lab = Lab()
    token = Token(lab.folder)
    token.add("system-gateway", "01", True)
    lab.settings = {"key system": token.key("system-gateway", lab.folder)}
    with lab:
        main_job(check, lab, "right PIN")
        secret(lab.folder / "pin", "0000\n")
        os.kill(lab.children()["worker"], signal.SIGKILL)
        check.within("a generation that the token refuses is not started again", lambda: "serve.pin_refused" in lab.log.read_text())
        check.that("the PIN was tried once", lab.log.read_text().count("refuses the PIN") == 1 and token.count_low(), lab.tail("gateway"))
        lab.processes["gateway"].send_signal(signal.SIGHUP)
        check.within("asked again, it does not even try: the token remembers", lambda: lab.log.read_text().count("serve.pin_refused") == 2)
        check.that("and says so", "a wrong PIN has been entered" in lab.log.read_text() and lab.log.read_text().count("refuses the PIN") == 1, lab.tail("gateway"))
        secret(lab.folder / "pin", token.pin + "\n")
        token.tool("pkcs11-tool", "--module", MODULE, "--token-label", "egov", "--login", "--pin", token.pin, "--list-objects")
        lab.processes["gateway"].send_signal(signal.SIGHUP)
        check.within("after a login with the right one it starts", lambda: lab.log.read_text().count("serve.ready") == 2, 20)
        main_job(check, lab, "right PIN again")


# ---- what is in memory ----

def locked_memory(check):
    """With keys in every kind of file: nothing of them outside the signer, and there they are locked."""
    if not IS_ROOT:
        check.skip("key material in memory", "only root may look")
        return
    lab = Lab()
    word = secret(lab.folder / "word", "hemlig-lösen\n")
    lab.settings = {"key head": {"key": pkcs12(lab.folder, "head-160640900019", "hemlig-lösen"), "password_file": word, "certificate": ""}}
    with lab:
        main_job(check, lab, "memory")
        pids = {"supervisor": lab.processes["gateway"].pid, **lab.children()}
        for key in ("system-gateway", "head-160640900019", "tls-gateway"):
            needles, held = secrets_of(PKI / "keys" / f"{key}.key")
            check.that(f"the signer holds {key} (so the search finds keys)", has_any(pids["signer"], [held]))
            for role in ("worker", "supervisor"):
                check.that(f"nothing of {key} is in the {role}'s memory", not has_any(pids[role], needles))
        for role, pid in pids.items():
            check.that(f"the password is not in the {role}'s memory any more", not has_any(pid, ["hemlig-lösen".encode()]))
        check.that("the signer's memory is locked", int(proc_status(pids["signer"])["VmLck"].split()[0]) >= 256, proc_status(pids["signer"])["VmLck"])
        for role in ("signer", "worker"):
            check.same(f"{role}: not dumpable", os.stat(f"/proc/{pids[role]}/mem").st_uid, 0)


# ---- rollover ----

def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def rollover(check):
    next_key = {"key": PKI / "keys" / "head-160640900019-ec.key", "certificate": PKI / "certs" / "head-160640900019-ec.pem", "from": iso(5)}
    with Lab(settings={"key head": {"successor": "head-next"}, "key head-next": next_key}) as lab:
        first = Message("sync").send(lab)
        check.same("before the instant: the old key", uses(lab)["head-next"], 0)
        check.that("works", "SUCCESS" in first.text, first)
        time.sleep(5.5)
        check.same("after it: the new one", main_job(check, lab, "after the switch"), {"system", "head-next"})
        documents = wait_for("both documents", lambda: (found := sorted((lab.folder / "cabinet").glob("*/*.xml"))) and len(found) == 2 and found)
        for i, path in enumerate(documents):
            done = lab.run("verify", "--trust", PKI / "trust", path)
            check.that(f"document {i} verifies, whichever key signed it", done.returncode == 0, done.stdout[:300] + done.stderr)
    old = {"key": PKI / "keys" / "bad-expired.key", "certificate": PKI / "certs" / "bad-expired.pem"}
    with Lab(settings={"key head": {**old, "successor": "head-next"}, "key head-next": {**next_key, "from": iso(-60)}}) as lab:
        check.same("an expired key has given way to its successor", main_job(check, lab, "expired"), {"system", "head-next"})
        check.same("ready", http_call(lab.url + "/health/ready").status, 200)
    with Lab(settings={"key head": old}) as lab:
        check.that("an expired key is told of", "signer.key_expired" in lab.log.read_text())
        check.same("without a successor: not ready", http_call(lab.url + "/health/ready").status, 503)
        answer = Message("sync").send(lab)
        check.that("nothing is signed with it", uses(lab)["head"] == 0 and "SUCCESS" not in answer.text, answer)
        done = lab.run("check-conf", "--conf", lab.conf)
        check.that("check-conf says so", done.returncode == 1 and "has expired" in done.stdout, done.stdout)


def main():
    check = Checks()
    for part in (two_accounts, one_account_says_so, no_core, key_files, key_files_refused, tokens, wrong_pin, locked_memory, rollover):
        check.part(part, check)
    check.finish()


main()
