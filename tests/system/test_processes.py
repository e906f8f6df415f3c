#!/usr/bin/python3
"""The three processes: who holds the keys, what they may do, how they stop, reload and come back."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

from check import GATEWAY, PKI, ROOT, Checks, Lab, Message, Store, fault, http_call, set_fault, settled, wait_for
from memory import has_any, proc_status, secrets_of
from traffic import ASYNC, SYNC, Client, Traffic, prepare

IS_ROOT = os.geteuid() == 0


# ---- rights ----

def descriptors(pid):
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
    return found


def keys_and_rights(check):
    with Lab() as lab:
        check.same("a request works", Message("sync").send(lab).status, 200)
        pids = {"supervisor": lab.processes["gateway"].pid, **lab.children()}
        keys = [PKI / "keys" / f"{name}.key" for name in lab.keys.values()]
        check.same("the worker has no key file open", [f for f in descriptors(pids["worker"]) if f.endswith(".key")], [])
        check.that("nor mapped", ".key" not in pathlib.Path(f"/proc/{pids['worker']}/maps").read_text())
        inodes = {re.sub(r"\D", "", f) for f in descriptors(pids["signer"]) if f.startswith("socket:")}
        unix = {line.split()[6] for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]}
        check.that("the signer has only its channels, no way to the world", inodes and inodes <= unix, inodes - unix)
        for role in ("signer", "worker"):
            limits = pathlib.Path(f"/proc/{pids[role]}/limits").read_text()
            check.that(f"{role}: no core dumps", re.search(r"Max core file size\s+0\s+0\s", limits), limits)
        check.same("the worker gains no rights by exec", proc_status(pids["worker"])["NoNewPrivs"], "1")
        if not IS_ROOT:
            check.skip("private keys in memory", "only root may look")
            return
        for key in keys:
            needles, held = secrets_of(key)
            check.that(f"the signer holds {key.stem} (so the search finds keys)", has_any(pids["signer"], [held]))
            for role in ("worker", "supervisor"):
                check.that(f"nothing of {key.stem} is in the {role}'s memory", not has_any(pids[role], needles))


# ---- privileges ----

def own_folder(folder):
    """A lab folder with all that an account without rights needs."""
    shutil.copytree(PKI / "trust", folder / "trust")
    shutil.copytree(PKI / "certs", folder / "certs")
    shutil.copytree(ROOT / "conf" / "services", folder / "services")
    (folder / "keys").mkdir()
    settings = {"gateway": {"user": "nobody", "trust": folder / "trust", "services": folder / "services"},
                "listener tls": {"certificate": folder / "certs" / "tls-gateway.pem", "client_ca": folder / "tls-ca.pem"}}
    shutil.copy(PKI / "tls" / "ca.pem", folder / "tls-ca.pem")
    for name, certificate in (("system", "system-gateway"), ("head", "head-160640900019"), ("tls", "tls-gateway")):
        copied = shutil.copy(PKI / "keys" / f"{certificate}.key", folder / "keys")
        os.chown(copied, 65534, 65534)
        os.chmod(copied, 0o600)
        settings[f"key {name}"] = {"key": copied, "certificate": folder / "certs" / f"{certificate}.pem"}
    (folder / "data").mkdir()
    os.chown(folder / "data", 65534, 65534)
    settings["store"] = {"path": folder / "data" / "store.db"}
    os.chmod(folder, 0o755)
    return settings


def dropped(check):
    if not IS_ROOT:
        check.skip("privileges are dropped", "only root can start with them")
        return
    lab = Lab()
    lab.settings = own_folder(lab.folder)
    with lab:
        pids = {"supervisor": lab.processes["gateway"].pid, **lab.children()}
        for role, pid in pids.items():
            status = proc_status(pid)
            check.same(f"{role}: user", set(status["Uid"].split()), {"65534"})
            check.same(f"{role}: group", set(status["Gid"].split()), {"65534"})
            check.that(f"{role}: no other groups", set(status["Groups"].split()) <= {"65534"}, status["Groups"])
            check.same(f"{role}: no capabilities", int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0)
            if role != "supervisor":
                check.same(f"{role}: its account cannot look into it (not dumpable)", os.stat(f"/proc/{pid}/mem").st_uid, 0)
        check.same("the run folder is its own", os.stat(lab.folder / "run").st_uid, 65534)
        check.same("the store is its own and private", (os.stat(lab.folder / "data" / "store.db").st_uid, os.stat(lab.folder / "data" / "store.db").st_mode & 0o777),
                   (65534, 0o600))
        check.same("it works", Message("sync").send(lab).status, 200)
        os.kill(pids["worker"], signal.SIGKILL)
        check.within("a child can be started again without rights", lambda: lab.children().get("worker") not in (None, pids["worker"]), 20)
        check.within("and works", lambda: lab.log.read_text().count("serve.ready") == 2 and http_call(lab.url + "/health/ready").status == 200)
        check.same("ends well", lab.stop("gateway"), 0)
        check.same("and leaves nothing in its run folder", os.listdir(lab.folder / "run"), [])


# ---- stopping ----

def send_all(lab, messages):
    """Each on a connection of its own, at once; {index: (status, body)} once the threads are joined."""
    answers = {}

    def one(i, message):
        try:
            answers[i] = Client(lab).send(message)
        except Exception as error:  # noqa: BLE001 judged by the caller
            answers[i] = (0, repr(error).encode())

    threads = [threading.Thread(target=one, args=pair, daemon=True) for pair in enumerate(messages)]
    for thread in threads:
        thread.start()
    return threads, answers


def stop_in_flight(check):
    with Lab() as lab:
        set_fault(lab, "gbdfl", "delay", ms=700)
        threads, answers = send_all(lab, prepare(lab, 16, SYNC, ASYNC))
        wait_for("all are registered", lambda: (Store(lab).value("SELECT count(*) FROM request") or 0) == 16)
        begin = time.monotonic()
        check.same("SIGTERM: exit 0", lab.stop("gateway"), 0)
        took = time.monotonic() - begin
        for thread in threads:
            thread.join(20)
        check.same("whoever was in flight has his answer", sorted(status for status, _ in answers.values()), [200] * 16)
        check.same("the synchronous ones their result", sum(b"SUCCESS" in body for _, body in answers.values()), 8)
        check.that("as soon as all is done", took < 8, took)
        check.that("with nothing unfinished", "clean=yes" in lab.tail("gateway", 5), lab.tail("gateway", 5))
        check.same("everything delivered before the end", Store(lab).value("SELECT count(*) FROM outbox WHERE status <> 2"), 0)


def stop_with_a_silent_register(check):
    with Lab(settings={"gateway": {"drain_ms": 2000}}) as lab:
        set_fault(lab, "gbdfl", "timeout")
        threads, answers = send_all(lab, prepare(lab, 8, SYNC))
        wait_for("all are registered", lambda: (Store(lab).value("SELECT count(*) FROM request") or 0) == 8)
        begin = time.monotonic()
        check.same("exit 0 all the same", lab.stop("gateway"), 0)
        check.that("within twice the limit", time.monotonic() - begin < 6, time.monotonic() - begin)
        for thread in threads:
            thread.join(20)
        check.same("every caller is told that his request goes on", sum(b"IN_PROGRESS" in body for _, body in answers.values()), 8)
        set_fault(lab, "gbdfl", "none")
        lab.start_gateway()
        check.within("the next start takes them up", lambda: settled(lab), 30)


# ---- reload ----

def hang_up(lab, add, event="serve.reloaded"):
    """The configuration with `add` behind it, and SIGHUP; waits for the event."""
    before = lab.log.read_text().count(event)
    lab.write_conf()
    with open(lab.conf, "a", encoding="utf-8") as conf:
        conf.write(add)
    lab.processes["gateway"].send_signal(signal.SIGHUP)
    wait_for(event, lambda: lab.log.read_text().count(event) > before, 60)


def reload_in_traffic(check):
    with Lab() as lab:
        urls = lab.url, lab.tls_url
        check.same("before: unknown", fault(Message("async", senderId="pep2").send(lab))[2], "SENDER_UNKNOWN")
        messages = prepare(lab, 240, SYNC, ASYNC)
        traffic = Traffic(lab, messages, threads=6, keep_alive=False)
        traffic.release(80)
        traffic.start()
        time.sleep(0.05)
        hang_up(lab, "[sender pep2]\nbin = 091240900012\n")
        traffic.release(160)
        time.sleep(0.02)
        hang_up(lab, "[sender pep2]\nbin = 091240900012\n")
        traffic.release(240)
        traffic.join(60)
        check.same("no wrong answer", traffic.errors, [])
        check.same("all acknowledged", len(traffic.acknowledged()), 240)
        check.that("no connection was refused", "refused connection" not in traffic.seen, traffic.seen)
        print(f"reload: {traffic.seen}")
        check.same("after: known", Message("async", senderId="pep2").send(lab).status, 200)
        check.same("same addresses", (lab.url, lab.tls_url), urls)


def broken_configurations(check):
    with Lab() as lab:
        worker = lab.children()["worker"]
        hang_up(lab, "[gateway]\nno_such_key = 1\n", "serve.reload_refused")
        check.same("a mistake in the file: the same worker goes on", lab.children()["worker"], worker)
        check.that("the log says where", re.search(r"serve.reload_refused .*gateway.conf:\d+", lab.log.read_text()), lab.tail("gateway", 3))
        check.same("and works", Message("sync").send(lab).status, 200)
        os.kill(worker, signal.SIGKILL)
        check.within("a crash meets the good configuration, not the broken file", lambda: lab.log.read_text().count("serve.ready") == 2)
        check.same("and works", Message("sync").send(lab).status, 200)
        lab.keys["system"] = "no-such-key"
        hang_up(lab, "", "serve.reload_refused")
        check.within("nothing starts with it: the previous one goes on", lambda: lab.log.read_text().count("serve.ready") == 3)
        check.same("and works", Message("sync").send(lab).status, 200)


# ---- two gateways, crash loops ----

def second(lab, **sections):
    """Starts another gateway beside it and waits for its end: (exit status, its lines)."""
    other = Lab(folder=lab.folder / "other", settings=sections)
    other.simulators = lab.simulators
    other.write_conf()
    done = subprocess.run([str(GATEWAY), "serve", "--conf", str(other.conf)], capture_output=True, text=True, timeout=60)
    lines = [line for line in done.stderr.splitlines() if "serve.as_root" not in line]
    return done.returncode, lines


def two_gateways(check):
    with Lab() as lab:
        port = lab.url.rsplit(":", 1)[1]
        code, lines = second(lab, **{"listener plain": {"port": port}})
        check.same("port in use: exit 1", code, 1)
        check.that("one line that says so", len(lines) == 1 and "in use" in lines[0] and port in lines[0], lines)
        code, lines = second(lab, store={"path": lab.folder / "store.db"})
        check.same("store in use: exit 1", code, 1)
        check.that("naming its holder", len(lines) == 1 and f"process {lab.children()['worker']}" in lines[0], lines)
        code, lines = second(lab, gateway={"run_folder": lab.folder / "run"})
        check.same("run folder in use: exit 1", code, 1)
        check.that("naming its holder", len(lines) == 1 and str(lab.processes["gateway"].pid) in lines[0], lines)
        check.same("the first keeps its files", sorted(set(os.listdir(lab.folder / "run")) - {"health.json"}), ["listeners", "pid"])
        check.same("and works", Message("sync").send(lab).status, 200)
        check.same("every connection of twenty reaches it", [http_call(lab.url + "/health/ready").status for _ in range(20)], [200] * 20)


def crash_loop(check):
    lab = Lab()
    shutil.copytree(PKI / "trust", lab.folder / "trust")
    lab.settings = {"gateway": {"trust": lab.folder / "trust"}}
    with lab:
        time.sleep(1.1)
        (lab.folder / "trust").rename(lab.folder / "away")
        os.kill(lab.children()["worker"], signal.SIGKILL)
        time.sleep(3.0)
        tries = lab.log.read_text().count("serve.child_failed")
        check.that("what does not start is tried less and less often", 3 <= tries <= 6, tries)
        (lab.folder / "away").rename(lab.folder / "trust")
        check.within("and comes back by itself", lambda: lab.log.read_text().count("serve.ready") == 2, 20)
        check.same("works", Message("sync").send(lab).status, 200)
        check.same("ends well", lab.stop("gateway"), 0)


def main():
    check = Checks()
    for part in (keys_and_rights, dropped, stop_in_flight, stop_with_a_silent_register, reload_in_traffic, broken_configurations, two_gateways, crash_loop):
        begin = time.monotonic()
        check.part(part, check)
        print(f"{part.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
    check.finish()


main()
