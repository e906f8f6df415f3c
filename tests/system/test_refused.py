#!/usr/bin/python3
"""What a known sender brought and did not get in is kept, once, before it is answered; strangers leave a line in the log alone; not more than the settings want, not longer."""
from check import PKI, Checks, Lab, Message, Store, fault, http_call, moment, problem, said, status

c = Checks()
A = "850412390011"
COLUMNS = "channel, sender_id, message_id, service_code, reason, applicant_iin, staff"


def rows(lab):
    return Store(lab).rows(f"SELECT {COLUMNS} FROM refusal ORDER BY id")


def kept(lab):
    soap = Message("sync", signer=f"applicant-870930490018")  # an application about A that another person signed
    c.same("refused", fault(soap.send(lab))[2], "APPLICANT_IIN_MISMATCH")
    want = [("shep-sync", "pep", soap.id, "TSA_CERT", "APPLICANT_IIN_MISMATCH", A, "gateway")]
    c.same("kept, with who and why", rows(lab), want)
    c.same("as it came", Store(lab).value("SELECT message FROM refusal"), soap.body)
    c.same("the same again", fault(soap.send(lab))[2], "APPLICANT_IIN_MISMATCH")
    c.same("is one row", rows(lab), want)
    rest = Message("rest", requestDate=moment(hours=-30))
    c.same("REST", problem(rest.send(lab))[2], "MESSAGE_DATE_STALE")
    unsigned = Message("rest", application="<application/>")
    c.same("not even an application", problem(unsigned.send(lab))[2], "APPLICANT_SIGNATURE_MISSING")
    c.same("all are kept", [(r[0], r[4], r[5]) for r in rows(lab)],
           [("shep-sync", "APPLICANT_IIN_MISMATCH", A), ("rest", "MESSAGE_DATE_STALE", A), ("rest", "APPLICANT_SIGNATURE_MISSING", "")])
    c.same("status counts them", status(lab)["refusals"], 3)
    return len(rows(lab))


def strangers(lab, before):
    c.same("a stranger's signature", said(Message(sender_key="bad-foreign-ca").send(lab)), "TRANSPORT_CERTIFICATE_UNTRUSTED")
    c.same("no signature", said(Message(sender_key=None).send(lab)), "TRANSPORT_SIGNATURE_MISSING")
    nobody = http_call(f"{lab.tls_url}/api/v1/requests", "POST", b"<a/>", {"Content-Type": "application/xml", "Idempotency-Key": "k"})
    c.same("no certificate", problem(nobody)[2], "CLIENT_CERTIFICATE_REQUIRED")
    c.same("are not kept", len(rows(lab)), before)
    good = Message("rest")
    c.same("nor what is accepted", (good.send(lab).status, len(rows(lab))), (201, before))


def limits():
    def settings(lab):
        return {"refusals": {"rows": 2, "message_bytes": 100, "days": 1}}
    with Lab(settings=settings) as lab:
        for i in range(4):
            c.same(f"refused {i}", problem(Message("rest", application="<application/>" + " " * i * 200).send(lab))[2], "APPLICANT_SIGNATURE_MISSING")
        c.same("two rows, no more; long messages are left out", Store(lab).rows("SELECT length(message) FROM refusal ORDER BY id"), [(14,), (0,)])
        c.same("stopped", lab.stop("gateway"), 0)
    with Lab(settings={"refusals": {"keep": "no"}}) as lab:
        c.same("none are wanted", problem(Message("rest", application="<application/>").send(lab))[2], "APPLICANT_SIGNATURE_MISSING")
        c.same("none are there", rows(lab), [])


with Lab() as lab:
    count = c.part(kept, lab)
    c.part(strangers, lab, count)
    c.that("no IIN in the log", A not in lab.log.read_text())
    lab.look_for_sanitizers()
c.part(limits)
c.finish()
