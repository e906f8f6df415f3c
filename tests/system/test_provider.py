#!/usr/bin/python3
"""Providers with a system of their own: told of requests that come to them (SHEP, webhook) or pulling the inbox, working them by every script, and all that goes wrong on the way.

The simulated provider (adapters/provider) verifies what it is told, works through the inbox with its TLS client certificate and submits results that its head has signed.
"""
import base64
import json
import pathlib
import subprocess
import tempfile
import uuid

from check import PKI, TEXT_XML, Checks, Lab, Message, Store, cabinet, defaults, fault, filled, http_call, moment, number_of, set_fault, sign, state_of

checks = Checks()
ROLES = "CLERK, HEAD, EXECUTOR"


def pushed(form):
    """The provider's section: told in that form, and with all roles for its own system."""
    return lambda lab: {"organisation provider": {"push": form, "push_url": lab.simulators["provider"], "system_roles": ROLES, "push_timeout_ms": 2000, "push_open_ms": 200, "push_open_ms_max": 1000},
                        "retry": {"first_ms": 200, "longest_ms": 1000, "park_after": 5}}


def aid(channel="rest", applicant="850412390011"):
    """An application for housing assistance."""
    values = {**defaults(), "applicant": applicant, "declarantId": applicant, "serviceCode": "HOUSING_AID", "requestNumber": f"{uuid.uuid4().int % 10**13:013d}".rjust(14, "2")}
    application = sign(filled("application-plain", {**values, "now": moment()}), f"applicant-{applicant}").decode()
    return Message(channel, application=application, serviceId="HOUSING_AID", requestNumber=values["requestNumber"])


def provider(lab):
    return json.loads(lab.control("/provider/state"))


def work(lab, script, **settings):
    query = "".join(f"&{k}={v}" for k, v in settings.items())
    lab.control(f"/provider/work?inbox={lab.tls_url.rstrip('/')}&script={script}{query}", "POST")


def received(lab, number):
    return [r for r in provider(lab)["received"] if r["number"] == number]


def job(lab, number):
    found = [j for j in provider(lab)["jobs"] if j["number"] == number]
    return found[0] if found else None


def sent_in(lab, message):
    answer = message.send(lab)
    checks.that("an application for housing assistance is accepted", answer.status in (200, 201), answer)
    return number_of(answer)


# ---- being told ----

def told(lab, form):
    message = aid()
    number = sent_in(lab, message)
    checks.within(f"{form}: the provider is told", lambda: received(lab, number))
    push = received(lab, number)[0]
    checks.same(f"{form}: once, at the head's step, with the applicant's signature whole", (push["form"], push["times"], push["step"], push["applicationVerified"]), (form, 1, 2, True))
    checks.same(f"{form}: its id is the outbox's", push["messageId"], f"push-{number}-1-provider")
    row = lambda: Store(lab).rows("SELECT status, attempts FROM outbox WHERE message_id = ?", push["messageId"])  # noqa: E731
    checks.within(f"{form}: acknowledged", lambda: row() == [(2, 0)])
    return number


def repeated(lab, form):
    """Whatever becomes of the answer, the same bytes come again, and an outage parks nothing."""
    for kind, count in (("cut", 2), ("http500", 2), ("garbage", 1) if form == "shep" else ("refuse", 1)):
        set_fault(lab, "provider", kind, count=count)
        number = sent_in(lab, aid())
        checks.within(f"{form}: told in spite of {kind}", lambda: Store(lab).rows("SELECT status FROM outbox WHERE message_id = ?", f"push-{number}-1-provider") == [(2,)])
        times = [r["times"] for r in received(lab, number)]
        checks.that(f"{form}: {kind}: one push, however often it came", len(times) == 1 and times[0] >= 1, times)
    set_fault(lab, "provider", "none")


def away(lab, form):
    """A provider that is away holds back none of the cabinet's notices; what is for him goes when he is back."""
    set_fault(lab, "provider", "refuse")
    message = aid(channel="async")
    number = sent_in(lab, message)
    notice = lambda: (cabinet(lab, message.correlation_id) or {}).get("states")  # noqa: E731
    checks.within(f"{form}: the cabinet has its notice while the provider is away", lambda: notice() == ["REGISTERED"])
    checks.that(f"{form}: the provider has nothing", not received(lab, number))
    checks.same(f"{form}: its row waits", Store(lab).value("SELECT status FROM outbox WHERE message_id = ?", f"push-{number}-1-provider"), 0)
    set_fault(lab, "provider", "none")
    checks.within(f"{form}: and comes when he is back", lambda: received(lab, number))


def notified(lab):
    """The provider's system says that it has the message: an event of the request."""
    number = sent_in(lab, aid())
    checks.within("told", lambda: received(lab, number))
    body = (f'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><n:changeMassageStatusNotification xmlns:n="http://bip.bee.kz/AsyncChannel/v10/Types/Client">'
            f"<request><notification><notificationId>n-1</notificationId><messageId>push-{number}-1-provider</messageId><notificationDate>2026-11-28T10:00:00+05:00</notificationDate>"
            "<messageState>DELIVERED</messageState><status><statusCode>OK</statusCode><statusMessage/><statusDate>2026-11-28T10:00:00+05:00</statusDate></status></notification>"
            "<requestDate>2026-11-28T10:00:00+05:00</requestDate></request></n:changeMassageStatusNotification></soap:Body></soap:Envelope>")
    detail = lambda: Store(lab).value("SELECT count(*) FROM event WHERE request_id = ? AND actor = 'push:provider' AND detail = 'delivery notification: DELIVERED'", int(number[3:]))  # noqa: E731
    for key, want in (("system-cabinet", "SENDER_CERTIFICATE_MISMATCH"), (None, "TRANSPORT_SIGNATURE_MISSING"), ("system-gateway", None)):
        answer = http_call(lab.url + "/shep/async", "POST", sign(body, key, soap=True) if key else body.encode(), {"Content-Type": TEXT_XML, "SOAPAction": '""'})
        if want is None:
            checks.that("its delivery notification is taken", answer.status == 200, answer)
            checks.within("and is an event", lambda: detail() == 1)
        else:
            checks.same(f"a delivery notification signed by {key} is refused", (fault(answer)[2], detail()), (want, 0))
    sent = ('<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><n:sendDeliveryNotification xmlns:n="http://bip.bee.kz/AsyncChannel/v10/Types">'
            f"<request><notification><messageId>push-{number}-1-provider</messageId><serviceId>HOUSING_AID</serviceId><notificationDate>2026-11-28T10:00:00+05:00</notificationDate><deliveryStatus>"
            "<receiveStatus>MESSAGE_ACCEPTED</receiveStatus><statusDate>2026-11-28T10:00:00+05:00</statusDate><resendMessage>NOT_RESEND</resendMessage></deliveryStatus></notification>"
            "<requestDate>2026-11-28T10:00:00+05:00</requestDate></request></n:sendDeliveryNotification></soap:Body></soap:Envelope>")
    post = lambda text, key: http_call(lab.url + "/shep/async", "POST", sign(text, key, soap=True), {"Content-Type": TEXT_XML, "SOAPAction": '""'})  # noqa: E731
    for text, key, want in ((sent, "system-gateway", None), (sent, "system-cabinet", "SENDER_CERTIFICATE_MISMATCH"), (sent.replace("_ACCEPTED", "_TAKEN"), "system-gateway", "SOAP_STRUCTURE"),
                            (sent.replace(f"push-{number}-1", "push-1"), "system-cabinet", "REQUEST_NOT_FOUND"), (sent.replace("<resendMessage>NOT_RESEND</resendMessage>", ""), "system-gateway", "SOAP_STRUCTURE")):
        answer = post(text, key)
        checks.same(f"sendDeliveryNotification by {key}: {want or 'taken'}", (answer.status, fault(answer)[2]), (500 if want else 200, want), answer)
    checks.same("accepted: an event", Store(lab).value("SELECT count(*) FROM event WHERE request_id = ? AND detail = 'delivery notification: MESSAGE_ACCEPTED'", int(number[3:])), 1)


def by_openssl(lab):
    """What README says: openssl verifies a webhook by its bytes alone."""
    with tempfile.TemporaryDirectory() as folder:
        payload = Store(lab).value("SELECT p.payload FROM outbox AS o JOIN outbox_payload AS p ON p.outbox_id = o.id WHERE o.destination = 'push:provider' AND o.status = 2 LIMIT 1")
        signature, body = payload.split(b"\n", 1)
        folder = pathlib.Path(folder)
        (folder / "s.der").write_bytes(base64.b64decode(signature))
        (folder / "body.json").write_bytes(body)
        (folder / "changed.json").write_bytes(body.replace(b"HOUSING_AID", b"HOUSING_AIM"))
        trust = folder / "trust.pem"
        trust.write_text("".join(p.read_text() for p in sorted((PKI / "trust").glob("*.pem"))))
        command = lambda name: subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in", folder / "s.der", "-content", folder / name, "-binary", "-CAfile", trust,  # noqa: E731
                                               "-partial_chain", "-purpose", "any", "-out", "/dev/null"], capture_output=True, text=True)
        checks.that("openssl verifies a webhook", command("body.json").returncode == 0, command("body.json").stderr)
        checks.that("and not a changed one", command("changed.json").returncode != 0)


# ---- working ----

def worked(lab, script, outcome=None, channel="async"):
    """One request by that script, from the portal to the cabinet."""
    work(lab, script)
    message = aid(channel)
    number = sent_in(lab, message)
    done = lambda: (job(lab, number) or {}).get("end")  # noqa: E731
    checks.within(f"{script}: the provider comes to an end", done, 60)
    if outcome is None:
        return message, number
    checks.same(f"{script}: without a refusal", (done(), job(lab, number)["reason"]), ("done", ""))
    checks.within(f"{script}: the applicant has the result", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"))
    checks.same(f"{script}: outcome", Store(lab).value("SELECT outcome FROM decision WHERE request_id = ?", int(number[3:])), outcome)
    delivered = cabinet(lab, message.correlation_id)
    checks.same(f"{script}: notices, one result", (delivered["states"], delivered["responses"], delivered["refused"]), (["REGISTERED", "DECIDED", "RESULT_SENT"], 1, 0))
    return message, number


def refused_results(lab):
    """Results with one thing wrong are refused by the exact reason, the request stays where it is, and the right one is taken afterwards."""
    for script, reasons in (("wrong_signature", {"RESULT_SIGNATURE_INVALID"}), ("wrong_bin", {"RESULT_SIGNER_BIN"}), ("wrong_number", {"RESULT_NUMBER"})):
        _, number = worked(lab, script)
        got = job(lab, number)
        checks.that(f"{script}: refused", got["end"] == "refused" and got["status"] in (403, 422), got)
        checks.that(f"{script}: by its reason", got["reason"] in reasons, got)
        checks.same(f"{script}: nothing is decided", (state_of(lab, number), Store(lab).value("SELECT count(*) FROM decision WHERE request_id = ?", int(number[3:]))), ("REGISTERED", 0))
        lab.control(f"/provider/job?number={number}&script=positive", "POST")
        checks.within(f"{script}: the right one is taken", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"), 60)


def told_again(lab):
    """A return is told anew; what the provider's own people hand on among themselves is not."""
    _, number = worked(lab, "return", "POSITIVE")
    rows = Store(lab).rows("SELECT state_code FROM outbox WHERE request_id = ? AND destination = 'push:provider' ORDER BY sequence", int(number[3:]))
    checks.same("told of the registration and of the return", rows, [("STEP_2",), ("STEP_2",)])
    events = [d for (d,) in Store(lab).rows("SELECT detail FROM event WHERE request_id = ? AND actor LIKE 'staff:provider %'", int(number[3:]))]
    checks.that("every act of its system is an event", any("RETURN" in e for e in events) and any("SIGN" in e for e in events), events)


def hostile(lab):
    """Texts that would hurt a careless page come out as text everywhere."""
    _, number = worked(lab, "hostile", "POSITIVE")
    document = Store(lab).value("SELECT content FROM document WHERE request_id = ?", int(number[3:]))
    checks.that("the result says it as text", b"&lt;script&gt;" in document and b"<script>" not in document, document[:300])
    checks.that("the log does not repeat it", "<script>" not in lab.log.read_text())
    checks.same("the chain of events holds", lab.run("fsck", "--conf", lab.conf).returncode, 0)


def busy(lab):
    """Many at once, with a gateway that is killed in between: each has its one result."""
    work(lab, "positive")
    messages = [aid("async") for _ in range(12)]
    numbers = []
    for i, message in enumerate(messages):
        numbers.append(sent_in(lab, message))
        if i == 6:
            import os
            import signal
            os.kill(lab.children()["worker"], signal.SIGKILL)
            checks.within("the gateway is back", lambda: alive(lab))
            work(lab, "positive")
    checks.within("all have their result", lambda: all(state_of(lab, n) in ("RESULT_SENT", "RECEIVED") for n in numbers), 90)
    checks.same("one each", [cabinet(lab, m.correlation_id)["responses"] for m in messages], [1] * len(messages))


def alive(lab):
    try:
        return http_call(lab.url + "/health/ready").status == 200
    except OSError:
        return False


def pulled(lab):
    """No pushes: the system looks through the inbox itself, by its TLS certificate."""
    work(lab, "positive", pull=1)
    message = aid("async")
    number = sent_in(lab, message)
    checks.within("found in the inbox and worked", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"), 60)
    checks.same("nobody told it", received(lab, number), [])
    refused = aid("async")
    work(lab, "refuse", pull=1)
    number = sent_in(lab, refused)
    checks.within("refused with a ground", lambda: state_of(lab, number) in ("RESULT_SENT", "RECEIVED"), 60)
    checks.same("as the applicant learns it", json.loads(lab.control(f"/cabinet/state?correlationId={refused.correlation_id}"))["list"][0]["resolutionType"], "NEGATIVE")


def main():
    for form in ("shep", "webhook"):
        with Lab(settings=pushed(form)) as lab:
            checks.part(told, lab, form)
            checks.part(repeated, lab, form)
            checks.part(away, lab, form)
            if form == "shep":
                checks.part(notified, lab)
                checks.part(worked, lab, "positive", "POSITIVE")
                checks.part(told_again, lab)
                checks.part(hostile, lab)
            else:
                checks.part(by_openssl, lab)
                checks.part(worked, lab, "refuse", "REFUSED")
                checks.part(refused_results, lab)
                checks.part(busy, lab)
    with Lab(settings={"organisation provider": {"system_roles": ROLES}}) as lab:
        checks.part(pulled, lab)
    checks.finish()


if __name__ == "__main__":
    main()
