#!/usr/bin/python3
"""An applicant takes an application back: before its check has ended, or before anybody has begun to work on it; signed like the application, by the same person, through the
same sender; told to the cabinet once. Everything else is refused with its reason."""
import base64
import json

from check import PKI, TEXT_XML, Checks, Lab, Message, Store, cabinet, defaults, fault, filled, http_call, moment, number_of, problem, said, sign, state_of, wait_for
from lab import fingerprint

c = Checks()
A, B = "850412390011", "870930490018"
OTHER = "tls-gateway-client"


def settings(lab):
    return {**lab.revocation_sections(mode="ocsp", refresh_ms=3600000, retry_first_ms=100, retry_longest_ms=400, timeout_ms=1000, connect_timeout_ms=500),
            "gateway": {"sync_wait_ms": 400}, "retry": {"first_ms": 100, "longest_ms": 1000},
            "sender other": {"bin": "091240900012", "tls_sha256": fingerprint(PKI / "certs" / f"{OTHER}.pem")}}


def document(number, signer=A, date=None, change=lambda text: text):
    text = f'<cancellation xmlns="urn:egov-gateway:application:1"><number>{number}</number><requestDate>{date or moment()}</requestDate></cancellation>'
    return sign(change(text), f"applicant-{signer}")


def rest(lab, number, body, certificate="tls-portal", content_type="application/xml"):
    return http_call(f"{lab.tls_url}/api/v1/requests/{number}/cancel", "POST", body, {"Content-Type": content_type}, certificate)


def update(lab, body):
    """SHEP: sendMessage with messageType UPDATE."""
    message = Message("async", application=body.decode())
    message.plain = message.plain.replace("<messageType>REQUEST</messageType>", "<messageType>UPDATE</messageType>")
    return http_call(lab.url + "/shep/async", "POST", sign(message.plain, "system-portal", soap=True), {"Content-Type": TEXT_XML, "SOAPAction": '""'})


def housing(lab, channel="rest", applicant=A):
    fields = {"serviceId": "HOUSING_AID", "serviceCode": "HOUSING_AID", "applicant": applicant, "declarantId": applicant}
    number = Message(channel).number
    text = filled("application-plain", {**defaults(), "now": moment(), "requestNumber": number, **fields})
    message = Message(channel, application=sign(text, f"applicant-{applicant}").decode(), **{**fields, "requestNumber": number})
    return message, message.send(lab)


def told(lab, message):
    """The states that the cabinet was told of."""
    found = cabinet(lab, message.id if message.channel == "rest" else message.correlation_id)
    return found["states"] if found else []


def while_checking(lab):
    c.within("the portal and the registries are known", lambda: said(Message(applicant=A).send(lab)) == "SUCCESS")
    lab.pki_fault("ocsp", "http500")
    messages = [Message(channel, applicant=B) for channel in ("rest", "async", "sync")]
    numbers = [number_of(m.send(lab)) for m in messages]
    c.same("three wait for revocation", [state_of(lab, n) for n in numbers], ["CHECKING"] * 3)
    c.same("cancelling waits for revocation too", problem(rest(lab, numbers[0], document(numbers[0], B))), (503, "SCE909", "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN"))
    c.same("and nothing was done", state_of(lab, numbers[0]), "CHECKING")
    return numbers


def before_the_check_ends(lab):
    """The application is signed with GOST, whose responder is away; the same person cancels with RSA."""
    c.within("RSA is known", lambda: said(Message(applicant=B).send(lab)) == "SUCCESS")
    lab.pki_fault("ocsp/gost", "http500")
    cancelled = []
    for channel in ("rest", "async"):
        message = Message(channel, applicant=B, signer=f"gost-applicant-{B}")
        number = number_of(message.send(lab))
        c.same(f"{channel}: being checked", state_of(lab, number), "CHECKING")
        done = rest(lab, number, document(number, B)) if channel == "rest" else update(lab, document(number, B))
        c.same(f"{channel}: cancelled", (done.status, state_of(lab, number)), (200, "CANCELLED"), done.body[:300])
        c.within(f"{channel}: the cabinet is told that alone", lambda: told(lab, message) == ["CANCELLED"])
        cancelled.append((message, number))
    lab.pki_fault("ocsp/gost")
    for message, number in cancelled:
        c.same(f"{message.channel}: the application repeated finds it so", (number_of(message.send(lab)), state_of(lab, number)), (number, "CANCELLED"))


def by_people(lab):
    message, answer = housing(lab)
    number = answer.json["number"]
    c.same("registered", state_of(lab, number), "REGISTERED")
    done = rest(lab, number, document(number))
    c.same("cancelled", (done.status, done.json["number"], done.json["state"], done.json["stateName"]["ru"]), (200, number, "CANCELLED", "Отозвано заявителем"))
    c.same("once more: the same", (rest(lab, number, document(number)).status, state_of(lab, number)), (200, "CANCELLED"))
    c.within("the cabinet is told, once", lambda: told(lab, message) == ["REGISTERED", "CANCELLED"])
    c.same("nobody has it to do any more", Store(lab).value("SELECT step FROM casework WHERE request_id = ?", int(number[3:])), 0)
    c.same("who did it", Store(lab).rows("SELECT from_state, to_state, actor FROM event WHERE request_id = ? AND to_state = 7", int(number[3:])), [(1, 7, "applicant")])
    c.same("and there is no result", problem(http_call(f"{lab.tls_url}/api/v1/requests/{number}/result.xml", certificate="tls-portal"))[2], "RESULT_NOT_READY")
    message, answer = housing(lab, "async")
    number = number_of(answer)
    answer = update(lab, document(number))
    c.that("SHEP: acknowledged with the number", answer.status == 200 and number_of(answer) == number, answer.body[:300])
    c.within("SHEP: told", lambda: told(lab, message) == ["REGISTERED", "CANCELLED"])
    c.same("SHEP: again", number_of(update(lab, document(number))), number)
    for name, body, content_type in (("CMS", None, "application/cms"), ("JSON", None, "application/json")):
        message, answer = housing(lab)
        number = answer.json["number"]
        plain = lab.folder / "cancel.xml"
        plain.write_text(f'<cancellation xmlns="urn:egov-gateway:application:1"><number>{number}</number><requestDate>{moment()}</requestDate></cancellation>')
        detached = ["--detached"] if name == "JSON" else []
        lab.run("sign", "--key", PKI / "keys" / f"applicant-{A}.key", "--cert", PKI / "certs" / f"applicant-{A}.pem", "--cms", *detached, "--out", lab.folder / "cancel.p7s", plain)
        body = (lab.folder / "cancel.p7s").read_bytes()
        if name == "JSON":
            body = json.dumps({"application": base64.b64encode(plain.read_bytes()).decode(), "signature": base64.b64encode(body).decode()}).encode()
        done = rest(lab, number, body, content_type=content_type)
        c.same(f"signed as {name}", (done.status, state_of(lab, number)), (200, "CANCELLED"), done.body[:300])


def refused(lab):
    _, answer = housing(lab)
    number = answer.json["number"]
    decided = Message("rest", applicant=A).send(lab).json["number"]
    c.within("an automated one is decided", lambda: state_of(lab, decided) == "RESULT_SENT")
    foreign = "10199999999999"
    unsigned = f'<cancellation xmlns="urn:egov-gateway:application:1"><number>{number}</number><requestDate>{moment()}</requestDate></cancellation>'.encode()
    cases = [
        ("decided already", decided, document(decided), "tls-portal", (409, "SCE001", "CANCEL_TOO_LATE")),
        ("signed by somebody else", number, document(number, B), "tls-portal", (422, "SCE016", "APPLICANT_IIN_MISMATCH")),
        ("not signed", number, unsigned, "tls-portal", (422, "SCE017", "APPLICANT_SIGNATURE_MISSING")),
        ("changed after it was signed", number, document(foreign).replace(foreign.encode(), number.encode()), "tls-portal", (422, "SCE016", "APPLICANT_SIGNATURE_DIGEST")),
        ("for another address", number, document(decided), "tls-portal", (422, "SCE001", "DATA_FORM")),
        ("no such request", foreign, document(foreign), "tls-portal", (404, "SCE004", "REQUEST_NOT_FOUND")),
        ("through another sender", number, document(number), OTHER, (404, "SCE004", "REQUEST_NOT_FOUND")),
        ("through nobody", number, document(number), None, (403, "SCE007", "CLIENT_CERTIFICATE_REQUIRED")),
        ("an old one", number, document(number, date=moment(hours=-25)), "tls-portal", (422, "SCE001", "MESSAGE_DATE_STALE")),
        ("without a date", number, document(number, change=lambda t: t.replace("requestDate", "date")), "tls-portal", (422, "SCE001", "DATA_FORM")),
        ("an application in its place", number, Message("rest", applicant=A).body, "tls-portal", (422, "SCE001", "DATA_FORM")),
        ("not XML", number, b"cancel it", "tls-portal", (400, "SCE001", "XML_NOT_WELL_FORMED")),
    ]
    for name, where, body, certificate, want in cases:
        got = problem(rest(lab, where, body, certificate))
        c.that(name, got[2] == want[2] and got[1] == want[1], (got, want))
    c.same("no number", problem(rest(lab, "1", document(number)))[2], "REQUEST_NOT_FOUND")
    c.same("only POST", http_call(f"{lab.tls_url}/api/v1/requests/{number}/cancel", certificate="tls-portal").status, 405)
    c.same("SHEP: by somebody else", fault(update(lab, document(number, B)))[2], "APPLICANT_IIN_MISMATCH")
    c.same("SHEP: an application as an UPDATE", fault(update(lab, Message("rest", applicant=A).body))[2], "DATA_FORM")
    c.same("it stands as it stood", state_of(lab, number), "REGISTERED")


with Lab(settings=settings) as lab:
    numbers = c.part(while_checking, lab)
    lab.pki_fault("ocsp")
    c.within("those go on when the responder does", lambda: all(state_of(lab, n) == "RESULT_SENT" for n in numbers))
    c.part(before_the_check_ends, lab)
    c.part(by_people, lab)
    c.part(refused, lab)
    lab.look_for_sanitizers()
c.finish()
