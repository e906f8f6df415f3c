#!/usr/bin/python3
"""The trust folder of a running gateway: read again without a restart, kept when it is bad, not ready when all anchors have expired; days left are told."""
import datetime
import shutil
import subprocess
import urllib.error
import urllib.request

from check import GATEWAY, PKI, Checks, Lab, Message

c = Checks()


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def make_root(path, name, days_from, days_to):
    """A self-signed authority that is valid between so many days from now."""
    folder = path.parent.parent
    (folder / "ca.conf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=%s/db\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nrand_serial=yes\nx509_extensions=e\nunique_subject=no\n"
                                    "[p]\ncommonName=supplied\n[e]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                                    "[req]\ndistinguished_name=n\n[n]\n" % (folder, folder))
    (folder / "db").write_text("")
    now = datetime.datetime.now(datetime.timezone.utc)
    when = [(now + datetime.timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in (days_from, days_to)]
    key, request = folder / "root.key", folder / "root.csr"
    for command in (["req", "-new", "-config", folder / "ca.conf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", f"/CN={name}",
                     "-out", request],
                    ["ca", "-batch", "-notext", "-config", folder / "ca.conf", "-selfsign", "-keyfile", key, "-in", request, "-startdate", when[0], "-enddate", when[1], "-out", path]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)


def swaps(lab, trust):
    def logged(*words):
        return lambda: all(word in lab.log.read_text() for word in words)

    ready = lab.url + "/health/ready"
    c.same("a message of a known authority", Message("sync").send(lab).status, 200)
    c.same("ready", get(ready), (200, "ready\n"))
    # Bad content: nothing changes, and it is told.
    (trust / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    c.within("a bad folder is told", logged("trust.kept", "bad.pem"))
    c.same("and the old anchors are in use", Message("sync").send(lab).status, 200)
    (trust / "bad.pem").unlink()
    # The authority goes: cached good verdicts go with it.
    moved = [path for path in trust.iterdir() if path.is_file()]
    (trust / ".away").mkdir()
    make_root(trust / "soon.pem", "EXPIRES SOON", -10, 20)
    for path in moved:
        path.rename(trust / ".away" / path.name)
    c.within("what was removed is told", logged("trust.removed", "trust.added", "EXPIRES SOON"))
    c.within("the days left are told", logged("certificate.expires", "kind=anchor", "days=19"))
    answer = Message("sync").send(lab)
    c.that("its signatures are refused now, known certificates too", "TRANSPORT_CERTIFICATE_UNTRUSTED" in answer.text, answer.text[:400])
    status, metrics = get(lab.url + "/metrics")
    lines = [line for line in metrics.splitlines() if line.startswith("egov_certificate_expires_seconds{")]
    c.that("a metric for each", sum('kind="anchor"' in line for line in lines) == 1 and any('kind="signing"' in line for line in lines) and any('kind="tls"' in line for line in lines), lines)
    c.that("with seconds", any('kind="anchor"' in line and 19 * 86400 < int(line.split()[-1]) <= 20 * 86400 for line in lines), lines)
    # Only expired ones: not ready, by name.
    make_root(trust / "past.pem", "HAS EXPIRED", -20, -1)
    (trust / "soon.pem").unlink()
    c.within("not ready without a current anchor", lambda: get(ready) == (503, "NO_TRUST_ANCHORS\n"))
    c.within("expiry is told", logged("certificate.expired", "kind=anchor"))
    # None at all: the (expired) set stays, nothing crashes.
    (trust / "past.pem").unlink()
    c.within("an empty folder is told", logged("holds no certificate"))
    # Back, beside a new one.
    make_root(trust / "soon.pem", "EXPIRES SOON", -10, 20)
    for path in moved:
        (trust / ".away" / path.name).rename(path)
    c.within("ready again", lambda: get(ready) == (200, "ready\n"))
    c.same("and the first authority is back", Message("sync").send(lab).status, 200)
    # An authority on offer only, below a root that is an anchor: the chain has two levels.
    issuing = [path for path in moved if path.name.startswith("issuing")]
    if c.that("the test PKI has an issuing authority", issuing, moved):
        (trust / "intermediate").mkdir()
        shutil.copy(PKI / "ca" / "root.pem", trust / "root.pem")
        for path in issuing:
            path.rename(trust / "intermediate" / path.name)
        c.within("the root came", logged("trust.removed"))
        c.within("a path over the intermediate is good", lambda: Message("sync").send(lab).status == 200 and not (trust / issuing[0].name).exists())


def main():
    import pathlib
    import tempfile
    trust = pathlib.Path(tempfile.mkdtemp(prefix="egov-trust-")) / "trust"
    shutil.copytree(PKI / "trust", trust)
    with Lab(settings={"gateway": {"trust": trust}}) as lab:
        c.part(swaps, lab, trust)
    shutil.rmtree(trust.parent)
    # The start with none fails, as ever.
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run([GATEWAY, "verify", "--trust", empty, __file__], capture_output=True, text=True)
        c.that("no anchors at all", done.returncode == 2 and "holds no certificate" in done.stderr, done.stderr)


main()
c.finish()
