#!/usr/bin/python3
"""A laboratory: the test PKI, the simulators and the real gateway on loopback ports of their own choosing, in one folder.

Used by `make demo`, `make run`, the system tests and the benchmarks. Python's standard library only.
"""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import staff  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("EGOV_BUILD", ROOT / "build")).resolve()
PKI = pathlib.Path(os.environ.get("EGOV_PKI", ROOT / "build" / "pki")).resolve()
GATEWAY = BUILD / "egov-gateway"
SIMULATORS = BUILD / "egov-simulators"
ISSUER_BIN = "160640900019"
# The simulated systems, and whose signature their answers carry.
SYSTEMS = {"gbdfl": "180250900013", "socialaid": "180760900016", "zags": "190140900017", "guardianship": "190240900010", "cbdi": "190340900014",
           "education": "190440900018", "iban": "190540900011", "payments": "190640900015", "cabinet": "091240900012"}


def fingerprint(certificate):
    if not pathlib.Path(certificate).exists():
        raise RuntimeError(f"{certificate} is missing: the test PKI is of an earlier version; `make pki` makes it anew")
    text = pathlib.Path(certificate).read_text()
    first = text[text.index("-----BEGIN CERTIFICATE-----"):text.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def serial_of(certificate):
    """Serial number in hex."""
    said = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout", "-serial"], check=True, capture_output=True, text=True)
    return said.stdout.strip().split("=")[1]


def wait_for(what, test, seconds=20.0):
    """Polls until test() gives something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.02)


def read_pairs(path):
    return dict(line.strip().split("=", 1) for line in pathlib.Path(path).read_text().splitlines() if "=" in line)


class Lab:
    """with Lab() as lab: lab.url, lab.tls_url, lab.simulators["control"], …

    settings: {section: {name: value}} over those of write_conf(), or a function of the lab that returns such, called when the simulators run:
    Lab(settings=lambda lab: {"tsa": {"url": lab.pki_urls()["tsa"]}})."""

    def __init__(self, folder=None, settings=None, simulator_options=(), keys=None, senders="", receipts=False):
        self.temporary = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="egov-lab-")).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings or {}
        self.simulator_options = list(simulator_options)
        self.keys = {"system": "system-gateway", "head": "head-160640900019", "tls": "tls-gateway", **(keys or {})}
        self.extra = senders
        self.simulators = {}
        self.processes = {}
        self.conf = self.folder / "gateway.conf"
        self.log = self.folder / "gateway.log"

    # ---- simulators ----
    def start_simulators(self, again=False):
        ports = self.folder / "ports"
        if again:
            ports.rename(self.folder / "ports.before")
        ports.unlink(missing_ok=True)
        (self.folder / "cabinet").mkdir(exist_ok=True)
        command = [SIMULATORS, "--pki", PKI, "--people", ROOT / "fixtures" / "people", "--out", ports, "--cabinet-dir", self.folder / "cabinet", *self.simulator_options,
                   *(["--same-ports", self.folder / "ports.before"] if again else [])]
        self.processes["simulators"] = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=open(self.folder / "simulators.log", "ab"),
                                                        stderr=subprocess.STDOUT)
        wait_for("simulators", lambda: ports.exists() or self.died("simulators"))
        self.simulators = read_pairs(ports)
        for name, path in (("ocsp", "ocsp/"), ("crl", "crl/"), ("tsa", "tsa"), ("tsa-gost", "tsa-gost")):
            self.simulators[name] = self.simulators["pki"] + path

    def restart_simulators(self):
        """After they were killed: the same ports, an empty memory."""
        del self.processes["simulators"]
        self.start_simulators(again=True)

    def died(self, name):
        code = self.processes[name].poll()
        if code is not None:
            raise RuntimeError(f"{name} ended with {code}: see {self.folder}\n" + self.tail(name))
        return False

    def tail(self, name, lines=15):
        path = self.folder / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def control(self, path, method="GET"):
        request = urllib.request.Request(self.simulators["control"].rstrip("/") + path, method=method, data=b"" if method == "POST" else None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    # ---- the simulated certification authority ----
    def pki_urls(self, authority="rsa"):
        """Where its answers come from; authorities: rsa, gost, next, root, gost-root. Certificates name hosts that do not exist."""
        url = self.simulators["pki"]
        return {"ocsp": f"{url}ocsp/{authority}", "crl": f"{url}crl/{authority}.crl", "delta": f"{url}crl/{authority}-delta.crl",
                "tsa": url + ("tsa-gost" if authority.startswith("gost") else "tsa")}

    def revocation_sections(self, authorities=("rsa", "gost"), **settings):
        """[revocation] and an [authority NAME] each; what every lab has, or, with other settings, a part of Lab(settings=FUNCTION)."""
        sections = {"revocation": {"mode": "both", **settings}}
        for name in authorities:
            file = {"rsa": "issuing", "gost": "gost-issuing", "next": "issuing-next"}.get(name, name)
            urls = self.pki_urls(name)
            sections[f"authority {name}"] = {"certificate": PKI / "ca" / f"{file}.pem", **{k: urls[k] for k in ("ocsp", "crl", "delta")}}
        return sections

    def _pki(self, verb, authority, settings):
        query = "".join(f"&{key}={int(value) if isinstance(value, bool) else value}" for key, value in settings.items())
        return self.control(f"/pki/{verb}?authority={authority}{query}", "POST")

    def set_status(self, certificate, status, authority="rsa", **settings):
        """status: revoked, hold, good, unknown; settings: reason (CRLReason), ago (seconds), delta (only the delta CRL says so).
        certificate: a name in the test PKI, or a serial number in hex."""
        path = PKI / "certs" / f"{certificate}.pem"
        serial = serial_of(path) if path.exists() else certificate
        self._pki("status", authority, {"serial": serial, "status": status, **settings})

    def revoke(self, certificate, authority="rsa", **settings):
        self.set_status(certificate, "revoked", authority, **settings)

    def release(self, certificate, authority="rsa", **settings):
        self.set_status(certificate, "good", authority, **settings)

    def set_lists(self, authority="rsa", **settings):
        """age and life (seconds: thisUpdate = now - age, nextUpdate = thisUpdate + life), fill (so many entries more), frozen, renew."""
        self._pki("lists", authority, settings)

    def set_ocsp(self, authority="rsa", **settings):
        """age and life of answers in seconds; life=0: no nextUpdate."""
        self._pki("ocsp", authority, settings)

    def pki_fault(self, endpoint, kind="none", **settings):
        """endpoint: ocsp, crl, delta, tsa, or of one authority: ocsp/rsa. Kinds: adapters/README.md; settings: ms, count, percent."""
        query = "".join(f"&{key}={value}" for key, value in settings.items())
        self.control(f"/fault?system={endpoint}&kind={kind}{query}", "POST")

    def pki_state(self):
        """Counters: {"requests": all, "ocsp/rsa": {"requests": n, …}, …}"""
        return json.loads(self.control("/pki/state"))

    # ---- gateway ----
    def write_conf(self):
        sections = {
            "gateway": {"run_folder": self.folder / "run", "services": ROOT / "conf" / "services", "calendar": ROOT / "conf" / "calendar",
                        "trust": PKI / "trust", "sender_id": "egov-gateway", "staff": self.folder / "staff.conf"},
            "issuer": {"bin": ISSUER_BIN, "name_kk": "«ҮЛГІ» жұмыспен қамту және әлеуметтік бағдарламалар бөлімі (СЫНАҚ)",
                       "name_ru": "Отдел занятости и социальных программ «ПРИМЕР» (ТЕСТ)", "note_kk": "СЫНАҚ ДЕРЕКТЕРІ", "note_ru": "ТЕСТОВЫЕ ДАННЫЕ"},
            "http": {"header_ms": 2000},  # one of the fixtures drips its headers and waits to be closed
            "store": {"path": self.folder / "store.db"},
            **self.revocation_sections(),
            "listener plain": {"port": 0},
            "listener tls": {"port": 0, "tls": "on", "clients": "optional", "certificate": PKI / "certs" / "tls-gateway.pem", "client_ca": PKI / "tls" / "ca.pem"},
            "sender pep": {"bin": "091240900012", "tls_sha256": fingerprint(PKI / "certs" / "tls-portal.pem")},
            "sender gbdfl": {"bin": "180250900013", "services": "NONE"},
            **staff.sections(lambda name: fingerprint(PKI / "certs" / f"{name}.pem")),
        }
        for name, certificate in self.keys.items():
            sections[f"key {name}"] = {"key": PKI / "keys" / f"{certificate}.key", "certificate": PKI / "certs" / f"{certificate}.pem"}
        for name, bin_ in SYSTEMS.items():
            sections[f"destination {name}"] = {"url": self.simulators[name], "bin": bin_}
        settings = self.settings(self) if callable(self.settings) else self.settings
        for section, values in settings.items():
            sections.setdefault(section, {}).update(values)
        if not (self.folder / "staff.conf").exists():
            self.write_staff()
        with open(self.conf, "w", encoding="utf-8") as out:
            for section, values in sections.items():
                out.write(f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in values.items()) + "\n")

    def write_staff(self, *args, **options):
        """staff.conf as of staff.staff_file(); the gateway reads it again by itself. Renamed into place, so that it is never half."""
        fresh = self.folder / "staff.conf.new"
        fresh.write_text(staff.staff_file(*args, **options), encoding="utf-8")
        fresh.chmod(0o644)  # whatever account the gateway of a test has
        fresh.rename(self.folder / "staff.conf")

    def start_gateway(self):
        self.write_conf()
        listeners = self.folder / "run" / "listeners"
        listeners.unlink(missing_ok=True)
        self.processes["gateway"] = subprocess.Popen([str(GATEWAY), "serve", "--conf", str(self.conf)], stdin=subprocess.DEVNULL,
                                                     stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        wait_for("gateway", lambda: listeners.exists() or self.died("gateway"), 60)
        urls = read_pairs(listeners)
        self.url, self.tls_url = urls["plain"], urls["tls"]

    def stop(self, name, number=signal.SIGTERM, seconds=30):
        process = self.processes.pop(name, None)
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"{name} did not stop within {seconds} s")

    def children(self):
        """{'signer': pid, 'worker': pid} of the running gateway."""
        parent = self.processes["gateway"].pid
        found = {}
        for pid in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            try:
                role = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1].decode()
            except (OSError, IndexError):
                continue
            found[role.replace("-process", "")] = int(pid)
        return found

    def run(self, *args, check=False, **options):
        """One command of the gateway; returns CompletedProcess with text output."""
        return subprocess.run([str(GATEWAY), *map(str, args)], check=check, capture_output=True, text=True, **options)

    def replay(self, *args, **options):
        return self.run("replay", *args, "--to", self.url, "--to-tls", self.tls_url, "--pki", PKI, **options)

    def look_for_sanitizers(self):
        """A sanitizer's report is a failure, even of a process that nobody waits for."""
        for name in ("gateway", "simulators"):
            path = self.folder / f"{name}.log"
            text = path.read_text(errors="replace") if path.exists() else ""
            # Who may not be traced cannot look for leaks: that is no finding.
            text = text.replace("LeakSanitizer has encountered a fatal error", "").replace("LeakSanitizer does not work under ptrace", "")
            at = min((i for i in (text.find(mark) for mark in ("Sanitizer:", "runtime error:")) if i >= 0), default=-1)
            if at >= 0:
                raise RuntimeError(f"{name}.log in {self.folder}: {text[max(0, at - 200):at + 3000]}")

    def __enter__(self):
        try:
            self.start_simulators()
            self.start_gateway()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def sanitizer_reports(self):
        """What the sanitizers wrote into the logs: a leak shows only when a process ends, and nobody looks at its exit status."""
        return [line for name in ("gateway", "simulators") if (path := self.folder / f"{name}.log").exists()
                for line in path.read_text(errors="replace").splitlines() if "runtime error:" in line or "ERROR: " in line and "Sanitizer" in line]

    def __exit__(self, kind, value, trace):
        for name in ("gateway", "simulators"):
            try:
                self.stop(name)
            except RuntimeError as error:
                print(error, file=sys.stderr)
        if kind is None and self.sanitizer_reports():
            print(f"lab kept in {self.folder}", file=sys.stderr)
            raise RuntimeError("\n".join(self.sanitizer_reports()))
        if kind is None:
            self.look_for_sanitizers()
        if self.temporary and kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif kind is not None:
            print(f"lab kept in {self.folder}", file=sys.stderr)
