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
import sys

from check import PKI, ROOT, Checks, Lab, Message, http_call

IS_ROOT = os.geteuid() == 0
WORKER, SIGNER = "nobody", "daemon"  # accounts that every Debian has
WORKER_UID, SIGNER_UID = 65534, 1
PTRACE_ATTACH = 16
SANITIZED = "asan" in os.environ.get("EGOV_BUILD", "")


def proc_status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


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
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY if IS_ROOT else before[1],) * 2)
    except (ValueError, OSError):
        check.skip("core dumps", "not allowed here anyway")
        return
    with Lab() as lab:
        for role, number in (("signer", signal.SIGSEGV), ("signer", signal.SIGABRT), ("worker", signal.SIGSEGV)):
            pid, starts = lab.children()[role], lab.log.read_text().count("serve.ready")
            os.kill(pid, number)
            check.within(f"{role}: replaced after {number.name}", lambda n=starts: lab.log.read_text().count("serve.ready") > n)
            line = [x for x in lab.log.read_text().splitlines() if "serve.child_ended" in x and f"pid={pid}" in x]
            if not SANITIZED:  # which catches SIGSEGV itself
                check.that(f"{role}: ended by it, without a dump", len(line) == 1 and f"signal={int(number)}" in line[0] and "core dumped" not in line[0], line)
        check.same("works", Message("sync").send(lab).status, 200)
    resource.setrlimit(resource.RLIMIT_CORE, before)


def main():
    check = Checks()
    for part in (two_accounts, one_account_says_so, no_core):
        check.part(part, check)
    check.finish()


main()
