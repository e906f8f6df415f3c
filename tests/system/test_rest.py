#!/usr/bin/python3
"""REST: submit, read, fetch the result, under a TLS client certificate; what is refused, and how it is said."""
import ssl
import subprocess
import uuid

from check import APPLICANT, NEGATIVE, PKI, Checks, Lab, Message, cabinet, complaints, http_call, moment, problem, said, set_fault, wait_for
from lab import fingerprint

c = Checks()
XML = {"Content-Type": "application/xml"}
OTHER = "tls-gateway-client"  # a registered sender too, but another one


def post(lab, body, key=None, certificate="tls-portal", **headers):
    sent = {**XML, **({"Idempotency-Key": key} if key else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
    return http_call(lab.tls_url + "/api/v1/requests", "POST", body, sent, certificate)


def get(lab, path, certificate="tls-portal", method="GET"):
    return http_call(lab.tls_url + path, method, certificate=certificate)


def verified(lab, body, name):
    path = lab.folder / f"{name}.xml"
    path.write_bytes(body)
    done = subprocess.run(["xmlsec1", "--verify", "--trusted-pem", PKI / "trust" / "root.pem", "--trusted-pem", PKI / "trust" / "issuing.pem", path],
                          capture_output=True, text=True)
    return done.returncode == 0 and (done.stdout + done.stderr).startswith("OK")


def whole_way(lab):
    """201, the states up to RESULT_SENT, the signed result; the outcome of each kind."""
    for applicant, outcome in ((APPLICANT, "POSITIVE"), (NEGATIVE, "NEGATIVE"), ("850412390021", "REFUSED")):
        message = Message("rest", applicant=applicant)
        answer = message.send(lab)
        c.same(f"{outcome}: 201", (answer.status, answer.headers["content-type"], answer.headers["cache-control"]),
               (201, "application/json", "no-store"), answer)
        first = answer.json
        self_link = first["links"]["self"]
        c.that(f"{outcome}: number of 14 digits", len(first["number"]) == 14 and first["number"].isdigit() and first["number"].startswith("101"),
               first)
        c.same(f"{outcome}: link", self_link, f"/api/v1/requests/{first['number']}")
        c.same(f"{outcome}: state", (first["state"], first["overdue"], set(first["stateName"])), ("REGISTERED", False, {"kk", "ru", "en"}))
        c.that(f"{outcome}: due after registration", first["dueAt"] > first["registeredAt"], first)
        last = wait_for("the result is sent", lambda: (a := get(lab, self_link).json)["state"] == "RESULT_SENT" and a)
        c.same(f"{outcome}: outcome", (last["outcome"], last["links"]["result"]), (outcome, self_link + "/result.xml"))
        c.same(f"{outcome}: same dates and number", [last[k] for k in ("number", "registeredAt", "dueAt")],
               [first[k] for k in ("number", "registeredAt", "dueAt")])
        result = get(lab, last["links"]["result"])
        c.same(f"{outcome}: result.xml", (result.status, result.headers["content-type"]), (200, "application/xml; charset=utf-8"))
        c.that(f"{outcome}: xmlsec1 verifies the result", verified(lab, result.body, outcome), result.text[:300])
        c.that(f"{outcome}: it speaks of the portal's number", f"<requestNumber>{message.number}</requestNumber>" in result.text, result.text[:600])
        again = get(lab, last["links"]["result"])
        c.same(f"{outcome}: the same bytes again", again.body, result.body)
        box = wait_for("cabinet", lambda m=message: (b := cabinet(lab, m.correlation_id if m.channel != "rest" else m.id)) and b["responses"] and b)
        c.same(f"{outcome}: the cabinet has it under the Idempotency-Key", (box["requestNumber"], box["responses"]), (message.number, 1))
    return first["number"]


def head(lab, number):
    for path in (f"/api/v1/requests/{number}", f"/api/v1/requests/{number}/result.xml", "/health/live", "/metrics"):
        full, bare = get(lab, path), get(lab, path, method="HEAD")
        same = path == "/metrics" or full.headers["content-length"] == bare.headers["content-length"]
        c.that(f"HEAD {path}", (bare.status, bare.body) == (200, b"") and same and bare.headers["content-type"] == full.headers["content-type"], bare)
    answer = get(lab, "/api/v1/requests/10199999999999", method="HEAD")
    c.same("HEAD of an unknown number", (answer.status, answer.body), (404, b""))


def who_may(lab, number):
    """No certificate: 403. Another sender: as if it did not exist. A certificate of a foreign authority: no TLS."""
    path = f"/api/v1/requests/{number}"
    message = Message("rest")
    c.same("no certificate: POST", problem(post(lab, message.body, message.id, None)), (403, "SCE007", "CLIENT_CERTIFICATE_REQUIRED"))
    c.same("no certificate: GET", problem(get(lab, path, None)), (403, "SCE007", "CLIENT_CERTIFICATE_REQUIRED"))
    c.same("no certificate: result", problem(get(lab, path + "/result.xml", None)), (403, "SCE007", "CLIENT_CERTIFICATE_REQUIRED"))
    c.same("on the plain listener", problem(http_call(lab.url + path)), (403, "SCE007", "CLIENT_CERTIFICATE_REQUIRED"))
    c.same("a good certificate of nobody registered", problem(get(lab, path, "tls-stranger")), (403, "SCE007", "CLIENT_CERTIFICATE_REQUIRED"))
    for name, suffix in (("request", ""), ("result", "/result.xml")):
        other, unknown = get(lab, path + suffix, OTHER), get(lab, "/api/v1/requests/10199999999999" + suffix)
        c.same(f"another sender's {name}", problem(other), (404, "SCE004", "REQUEST_NOT_FOUND"))
        c.same(f"another sender's {name} looks like none", {k: v for k, v in other.json.items() if k != "correlationId"},
               {k: v for k, v in unknown.json.items() if k != "correlationId"})
    try:
        answer = get(lab, path, "tls-foreign")
        c.that("a client certificate of a foreign authority: no TLS", False, answer)
    except (ssl.SSLError, ConnectionError) as error:
        c.that("a client certificate of a foreign authority: no TLS", "unknown ca" in str(error).lower() or isinstance(error, ConnectionError), error)


def wrong_numbers(lab):
    for tail in ("1", "101000000000012", "1010000000000x", "10100000000001/", "10100000000001/result.pdx", "10100000000001/result.xml/", "%31%30%31",
                 "00000000000000",
                 "99999999999999", ""):
        answer = get(lab, "/api/v1/requests/" + tail)
        c.same(f"GET requests/{tail}", problem(answer), (404, "SCE004", "REQUEST_NOT_FOUND"), answer)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = get(lab, "/api/v1/requests/10100000000001", method=method)
        c.same(f"{method} of a request", (problem(answer), answer.headers["allow"]), ((405, "SCE001", "HTTP_METHOD"), "GET, HEAD"))


def idempotency(lab):
    message = Message("rest")
    for name, key in (("missing", None), ("empty", ""), ("with a blank", "a b"), ("not ASCII", "ключ".encode().decode("latin-1")),
                      ("too long", "k" * 101)):
        sent = {**XML, **({} if key is None else {"Idempotency-Key": key})}
        answer = http_call(lab.tls_url + message.path, "POST", message.body, sent, "tls-portal")
        c.same(f"Idempotency-Key {name}", problem(answer), (400, "SCE001", "SOAP_STRUCTURE"), answer)
    first = post(lab, message.body, message.id)
    c.same("first", first.status, 201)
    again = post(lab, message.body, message.id)
    c.same("the same again: 200, the same number", (again.status, again.json["number"], again.json["registeredAt"]),
           (200, first.json["number"], first.json["registeredAt"]))
    other = Message("rest", applicant=NEGATIVE)
    c.same("the same key, another application", problem(post(lab, other.body, message.id)), (409, "SCE001", "MESSAGE_ID_REUSED"))
    c.same("the same application, resigned", problem(post(lab, Message("rest", requestNumber=message.number, requestDate=moment(minutes=-1)).body,
                                                          message.id)), (409, "SCE001", "MESSAGE_ID_REUSED"))
    longest = post(lab, other.body, "k" * 100)
    c.same("a key of 100 characters", longest.status, 201, longest)
    c.same("the same application under another key", problem(post(lab, message.body, "another-key")), (409, "SCE001", "APPLICATION_REPEATED"))
    c.same("the same application by another sender", problem(post(lab, message.body, "another-key", OTHER)), (409, "SCE001", "APPLICATION_REPEATED"))
    c.same("the same application, written in another way", problem(post(lab, message.body.replace(b"\n", b"\r\n"), "another-key")), (409, "SCE001", "APPLICATION_REPEATED"))
    c.same("the same application over SHEP", said(Message("sync", application=message.application).send(lab)), "APPLICATION_REPEATED")
    c.same("the key of another sender is another key", post(lab, Message("rest").body, message.id, OTHER).status, 201)


def bodies(lab):
    """problem+json in three languages, for every kind of wrong body."""
    good = Message("rest")
    text = good.body.decode()
    cases = {
        "empty": ("", 400, "SCE001", "XML_NOT_WELL_FORMED"),
        "not XML": ("hello", 400, "SCE001", "XML_NOT_WELL_FORMED"),
        "DOCTYPE": ("<!DOCTYPE a []>" + text, 400, "SCE001", "XML_DOCTYPE"),
        "too deep": ("<a>" * 200 + "</a>" * 200, 400, "SCE001", "XML_TOO_DEEP"),
        "not signed": ("<application xmlns='urn:egov-gateway:application:1'/>", 422, "SCE017", "APPLICANT_SIGNATURE_MISSING"),
        "changed": (text.replace("школу", "шкалу"), 422, "SCE016", "APPLICANT_SIGNATURE_DIGEST"),
        "stale": (Message("rest", requestDate=moment(hours=-25)).body, 422, "SCE001", "MESSAGE_DATE_STALE"),
        "future": (Message("rest", requestDate=moment(minutes=10)).body, 422, "SCE001", "MESSAGE_DATE_FUTURE"),
        "foreign IIN": (Message("rest", declarantId=NEGATIVE).body, 422, "SCE016", "APPLICANT_IIN_MISMATCH"),
        "unknown service": (Message("rest", serviceCode="NO_SUCH").body, 404, "SCE004", "SERVICE_UNKNOWN"),
        "no consent": (Message("rest", consent="false").body, 422, "SCE001", "CONSENT_MISSING"),
    }
    for name, (body, *want) in cases.items():
        answer = post(lab, body.encode() if isinstance(body, str) else body, f"k-{uuid.uuid4()}")
        if not c.same(f"body {name}", problem(answer), tuple(want), answer):
            continue
        said = answer.json
        c.same(f"body {name}: fields", set(said), {"type", "title", "status", "detail", "reason", "code", "correlationId", "messages", "side", "advice"})
        c.that(f"body {name}: three languages", set(said["messages"]) == {"kk", "ru", "en"} and len(set(said["messages"].values())) == 3
               and all(said["messages"].values()) and set(said["advice"]) == {"kk", "ru", "en"} and all(said["advice"].values()), said)
        c.that(f"body {name}: whose matter it is", said["side"] in ("sender", "applicant"), said)
        c.that(f"body {name}: status, title, id", said["status"] == answer.status and said["title"] == said["messages"]["en"]
               and uuid.UUID(said["correlationId"]), said)
    c.same("each answer has its own correlation id", len({post(lab, b"x", "k").json["correlationId"] for _ in range(3)}), 3)
    for type_ in ("text/xml", "application/xml; charset=utf-8", 'application/xml; charset="UTF-8"'):
        answer = http_call(lab.tls_url + good.path, "POST", good.body, {"Content-Type": type_, "Idempotency-Key": good.id}, "tls-portal")
        c.that(f"type {type_}", answer.status in (200, 201), answer)
    for type_ in ("application/pdf", "application/xml; charset=windows-1251", "multipart/form-data", "application/xmlx", None):
        answer = http_call(lab.tls_url + good.path, "POST", good.body, {"Idempotency-Key": good.id, **({"Content-Type": type_} if type_ else {})},
                           "tls-portal")
        c.same(f"type {type_}", problem(answer), (415, "SCE001", "HTTP_TYPE"))


def not_ready(lab):
    set_fault(lab, "gbdfl", "delay", ms=800)
    message = Message("rest")
    answer = message.send(lab)
    path = answer.json["links"]["self"]
    c.same("201 before the state systems have answered", (answer.status, answer.json["state"]), (201, "REGISTERED"))
    c.same("result.xml before there is one", problem(get(lab, path + "/result.xml")), (404, "SCE004", "RESULT_NOT_READY"))
    c.that("no outcome yet", "outcome" not in get(lab, path).json and "result" not in get(lab, path).json["links"])
    set_fault(lab, "gbdfl", "none")
    c.within("then there is one", lambda: get(lab, path + "/result.xml").status == 200)


def main():
    senders = {"sender other": {"bin": "091240900012", "tls_sha256": fingerprint(PKI / "certs" / f"{OTHER}.pem")}}
    with Lab(settings=senders) as lab:
        number = c.part(whole_way, lab)
        c.part(head, lab, number)
        c.part(who_may, lab, number)
        for part in (wrong_numbers, idempotency, bodies, not_ready):
            c.part(part, lab)
        c.same("no errors in the log", complaints(lab), [])


main()
c.finish()
