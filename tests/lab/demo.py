#!/usr/bin/python3
"""The main job, to be watched: a signed request goes in, a signed certificate lies in the applicant's personal cabinet.

usage: demo.py           replays the good fixture envelopes, shows what came of them, stops everything
       demo.py --keep    keeps everything running for a person to try (`make run`); Ctrl-C stops it
"""
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from lab import BUILD, PKI, ROOT, Lab, wait_for  # noqa: E402

FOLDER = ROOT / "build" / "demo"
APPLICANT = "850412390011"


def say(text=""):
    print(text, flush=True)


def counts(lab):
    import json
    return json.loads(lab.run("status", "--conf", lab.conf, "--json").stdout)


QUIET_S = 3


def all_delivered(lab, seen):
    """When nothing is under way any more, and nothing has moved for a while: what is left waits for people at a counter (paper applications)."""
    status = counts(lab)
    states = status["requests"]
    if seen.get("states") != states or states["AWAITING_DATA"] + states["DECIDED"] or status["outbox"]["pending"]:
        seen.update(states=states, since=time.monotonic())
    return status if time.monotonic() - seen["since"] > QUIET_S else None


def texts(document):
    """The sentences of a certificate, Kazakh and Russian, by the names of its elements."""
    found = {}
    for element in ElementTree.parse(document).getroot().iter():
        name = re.sub(r"\{.*\}", "", element.tag)
        for child in element:
            tag = re.sub(r"\{.*\}", "", child.tag)
            if name in ("certificate", "certificateKz") and tag in ("title", "statement", "number") and child.text:
                found[f"{'kk' if name.endswith('Kz') else 'ru'} {tag}"] = child.text.strip()
    return found


def start_provider(lab):
    """What is not automated is worked by the simulated provider: it looks through the inbox and does the regulation's steps, to the signed notification."""
    lab.control(f"/provider/work?inbox={lab.tls_url.rstrip('/')}&script=positive&pull=1", "POST")


def title_of(document):
    """The Russian title of any result document."""
    tree = ElementTree.parse(document).getroot()
    local = lambda e: re.sub(r"\{.*\}", "", e.tag)  # noqa: E731
    found = {local(parent): child.text for parent in tree.iter() for child in parent if local(child) == "title" and child.text and child.text.strip()}
    russian = [text for parent, text in found.items() if not parent.endswith("Kz")]
    if russian:
        return russian[0].strip()
    kind = [e.text for e in tree.iter() if local(e) == "kind"]  # signed by people (conf/services/result.xsd)
    return {"NOTIFICATION": "УВЕДОМЛЕНИЕ", "REASONED_REFUSAL": "МОТИВИРОВАННЫЙ ОТВЕТ ОБ ОТКАЗЕ", "CERTIFICATE": "СПРАВКА"}.get(kind[0], kind[0]) if kind else "?"


def sentence_of(document):
    """What a result says in Russian, without numbers: the statement, or the reason of a refusal."""
    for parent in ElementTree.parse(document).getroot().iter():
        for child in parent:
            if re.sub(r"\{.*\}", "", child.tag) in ("statement", "reason") and child.text and not parent.tag.endswith("Kz"):
                return re.sub(r"\d+", "…", child.text.strip())
    return ""


def xmlsec_command(document):
    return (f"xmlsec1 --verify --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties --trusted-pem build/pki/trust/issuing.pem --trusted-pem build/pki/trust/root.pem "
            f"{document.relative_to(ROOT)}")


def xmlsec_says(document):
    checked = subprocess.run(xmlsec_command(document).split(), cwd=ROOT, capture_output=True, text=True)
    verdict = (checked.stdout + checked.stderr).strip().splitlines()
    return verdict[0] if checked.returncode == 0 and verdict else "NOT VALID"


def show_kinds(lab):
    """How many results of each kind lie in the cabinets, with an example whose signature is verified; True: every example's is good."""
    kinds = {}
    for path in sorted((lab.folder / "cabinet").glob("*/*.xml")):
        service = [e.text for e in ElementTree.parse(path).getroot().iter() if e.tag.endswith("}serviceCode")]
        kinds.setdefault((title_of(path), service[0] if service else "", sentence_of(path)), []).append(path)
    say("\nIn the personal cabinets, with what xmlsec1 says of an example of each:")
    good = True
    for (title, service, sentence), paths in sorted(kinds.items()):
        said = xmlsec_says(paths[0])
        good = good and said == "OK"
        say(f"  {len(paths):3}  {title}{service and ' (' + service + ')'}  {said}  {paths[0].relative_to(ROOT)}")
        if sentence:
            say(f"       {sentence if len(sentence) <= 150 else sentence[:149] + '…'}")
    return good


def delivered_certificate(lab):
    """The newest certificate in the applicant's cabinet."""
    folder = lab.folder / "cabinet" / APPLICANT
    found = sorted((p for p in folder.glob("*.xml") if texts(p)), key=lambda p: p.stat().st_mtime)
    return found[0] if found else None


def show_certificate(path):
    say(f"\nDelivered to the personal cabinet of the applicant {APPLICANT[:2]}******{APPLICANT[8:]}:\n  {path.relative_to(ROOT)}")
    for key, text in sorted(texts(path).items()):
        say(f"  {key:13} {text}")
    say(f"\nVerify its signature yourself:\n  {xmlsec_command(path)}")
    said = xmlsec_says(path)
    say(f"  → {said}")
    return said == "OK"


def demo(lab):
    say(f"portal, state systems and cabinet are simulators; the gateway at {lab.url} is real\n")
    start_provider(lab)
    replay = subprocess.run([str(BUILD / "egov-gateway"), "replay", str(ROOT / "fixtures" / "good"), "--to", lab.url, "--to-tls", lab.tls_url, "--pki", str(PKI)], check=False)
    seen = {}
    status = wait_for("delivery to the cabinet", lambda: all_delivered(lab, seen), 120)
    say(f"\nrequests: {', '.join(f'{k} {v}' for k, v in status['requests'].items() if v)}; messages to the cabinet: {status['outbox']['sent']} sent")
    say(f"{status['requests']['REGISTERED']} of them are paper applications that wait at a counter for the next step: `make run` shows the console in which people do it")
    kinds_good = show_kinds(lab)
    certificate = delivered_certificate(lab)  # signed by the gateway for the provider
    if not certificate:
        say("no certificate was delivered")
        return False
    return show_certificate(certificate) and kinds_good and replay.returncode == 0


def keep(lab):
    say(f"""
The gateway runs:
  SOAP      {lab.url}/shep/sync  {lab.url}/shep/async   (WSDL: {lab.url}/shep/sync?wsdl)
  REST      {lab.tls_url}/api/v1/requests   (client certificate build/pki/certs/tls-portal.pem)
  console   {lab.url}/console/   signing in through NCALayer's stand-in ({lab.simulators['ncalayer']}): open {lab.simulators['ncalayer'].replace('wss', 'https')} once
            and accept its test certificate; or sign the file with egov-gateway sign
  health    {lab.url}/health/ready   metrics {lab.url}/metrics
  cabinet   {lab.simulators['control']}cabinet/state
  authority OCSP {lab.simulators['ocsp']}rsa  CRL {lab.simulators['crl']}issuing.crl  TSA {lab.simulators['tsa']}  (GOST: /ocsp/gost, gost-issuing.crl, /tsa-gost)
  files     {lab.folder.relative_to(ROOT)}/   (gateway.conf, gateway.log, store.db, cabinet/)
Try:
  build/egov-gateway replay fixtures --to {lab.url} --to-tls {lab.tls_url} --pki build/pki
  build/egov-gateway status --conf {lab.conf.relative_to(ROOT)}
  curl -X POST '{lab.simulators['control']}fault?system=gbdfl&kind=http500&count=10'
  curl -X POST '{lab.simulators['control']}fault?system=ocsp&kind=tryLater'
  curl -X POST '{lab.simulators['control']}ncalayer/person?sign=staff-clerk'   whose key signs (head-160640900019 first; tests/lab/staff.py names all)
Ctrl-C stops everything.""")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("stopping")
    return True


def ncalayer_options(keeping):
    """Where pages look for NCALayer; a real one may run there."""
    with socket.socket() as probe:
        free = probe.connect_ex(("127.0.0.1", 13579)) != 0
    return ["--ncalayer-port", "13579"] if keeping and free else []


def settings(lab):
    """The provider's own system may do everything here, signing too."""
    return {"tsa": {"url": lab.pki_urls()["tsa"]}, "organisation provider": {"system_roles": "CLERK, HEAD, EXECUTOR"}}


def main():
    keeping = "--keep" in sys.argv[1:]
    shutil.rmtree(FOLDER, ignore_errors=True)
    with Lab(folder=FOLDER, simulator_options=ncalayer_options(keeping), settings=settings) as lab:
        done = keep(lab) if keeping else demo(lab)
    return 0 if done else 1


sys.exit(main())
