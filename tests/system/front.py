"""Paper applications for system tests: what a front office's page makes of a counter, signed by the employee."""
import base64
import hashlib
import json
import re
import uuid
from datetime import datetime, timedelta, timezone

from check import http_call
from session import signed
from staff import ORGANISATIONS, STAFF

APPLICATIONS = "/api/v1/front-office/applications"
REFUSALS = "/api/v1/front-office/refusals"
PROVIDER, BODY = ORGANISATIONS["provider"][1], ORGANISATIONS["body"][1]
ZONE = timezone(timedelta(hours=5))
FORMS = {"TSA_ASSIGN": "", "TSA_CERT": "<purpose>Мектепке ұсыну үшін</purpose>", "HOME_CARE_2013": "<category>DISABLED</category>",
         "HOME_SCHOOL": ("<childIin>120229590018</childIin><relation>PARENT</relation><conclusionNumber>17</conclusionNumber><conclusionDate>2026-09-01</conclusionDate>"
                                                                         "<conclusionUntil>2027-06-30</conclusionUntil><account>KZ86125KZT5004100100</account>"), "HOUSING_AID": "", "LOCAL_AID": ""}


def person(n):
    """IIN of a synthetic adult, another for each n: serials of the 9001 block (no real person's)."""
    day = datetime(1970, 1, 1) + timedelta(days=n)
    digits = f"{day:%y%m%d}39001"
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        rest = sum(int(d) * w for d, w in zip(digits, weights)) % 11
        if rest < 10:
            return f"{digits}{rest}"
    return person(n + 5000)


def today(days=0):
    return (datetime.now(ZONE) + timedelta(days=days)).date().isoformat()


def document(id_, pages=1, until=None, shown=True):
    return f'<document id="{id_}" pages="{pages}" originalShown="{"true" if shown else "false"}"{f" validUntil={chr(34)}{until}{chr(34)}" if until else ""}/>'


def application(service, provider=PROVIDER, iin="850412390011", form=None, more="", attachments="", consent=True, at=None):
    moment = (at or datetime.now(ZONE)).isoformat(timespec="milliseconds")
    return ('<application xmlns="urn:egov-gateway:application:1">'
            f"<requestNumber>{datetime.now(ZONE):%Y%m%d%H%M%S}</requestNumber><serviceCode>{service}</serviceCode><requestDate>{moment}</requestDate><language>kk</language>"
            f"<providerBin>{provider}</providerBin><declarantId>{iin}</declarantId>{more}{'<consent>true</consent>' if consent else ''}{attachments}"
            f"<form>{FORMS.get(service, '') if form is None else form}</form></application>")


def paper(route, service, documents, residence=None, consent=True, incomplete=False, name="Ахметов Ерлан Серікұлы", **options):
    """documents: ids, or what document() made."""
    brought = "".join(d if d.startswith("<") else document(d) for d in documents)
    return ('<paperApplication xmlns="urn:egov-gateway:front-office:1">'
            f"<route>{route}</route>{f'<residence kato={chr(34)}{residence}{chr(34)}/>' if residence else ''}<applicantName>{name}</applicantName><documents>{brought}</documents>"
            f"{f'<consent written={chr(34)}true{chr(34)} date={chr(34)}{today()}{chr(34)}/>' if consent else ''}{'<acceptIncomplete>true</acceptIncomplete>' if incomplete else ''}"
            + application(service, **options) + "</paperApplication>")


def attachment(name, data, document_):
    return f'<attachment name="{name}" size="{len(data)}" sha256="{hashlib.sha256(data).hexdigest()}" document="{document_}"/>'


def send(session, text, path=APPLICATIONS, certificate=None, form="xml", key=None, files=None, headers=None):
    """Signed by the session's person (or another certificate) in one of the forms of REST: xml, cms, detached; files: {name: bytes}, sent as JSON."""
    certificate = certificate or STAFF[session.person].certificate
    proof = signed(text, certificate, form)
    sent = {"Idempotency-Key": key or str(uuid.uuid4()), **(headers or {})}
    if files is not None or form == "detached":
        body = {"application": base64.b64encode((text if form == "detached" else proof).encode()).decode()}
        if form == "detached":
            body["signature"] = proof
        if files is not None:
            body["attachments"] = [{"name": n, "content": base64.b64encode(data).decode()} for n, data in files.items()]
        return session.call(path, "POST", json.dumps(body).encode(), {**sent, "Content-Type": "application/json"})
    if form == "cms":
        return session.call(path, "POST", base64.b64decode(proof), {**sent, "Content-Type": "application/pkcs7-mime"})
    return session.call(path, "POST", proof.encode(), {**sent, "Content-Type": "application/xml"})


def fields(xml):
    """[(id, value in Kazakh, value in Russian)] of a paper."""
    found = []
    for id_, inner in re.findall(r'<field id="([^"]*)">(.*?)</field>', xml, re.S):
        inner = re.sub(r"<label>.*?</label>", "", inner, flags=re.S)
        found.append((id_, ", ".join(re.findall(r"<(?:kk|count)>(.*?)</", inner)), ", ".join(re.findall(r"<(?:ru|count)>(.*?)</", inner))))
    return found


def system_call(url, path, certificate, method="GET", body=None, headers=None):
    return http_call(url + path, method, body, headers, certificate=certificate)
