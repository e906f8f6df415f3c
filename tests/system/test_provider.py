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

from check import PKI, TEXT_XML, Checks, Lab, Message, Store, cabinet, defaults, fault, filled, http_call, moment, number_of, set_fault, sign

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


def main():
    for form in ("shep", "webhook"):
        with Lab(settings=pushed(form)) as lab:
            checks.part(told, lab, form)
            checks.part(repeated, lab, form)
            checks.part(away, lab, form)
            if form == "shep":
                checks.part(notified, lab)
            else:
                checks.part(by_openssl, lab)
    checks.finish()


if __name__ == "__main__":
    main()
