#!/usr/bin/python3
"""openapi.json against the running gateway: every path and method that it describes answers as it says, every answer fits its schema, and no path of the code is missing in it."""
import json
import re
import urllib.parse
import uuid

import jsonschema

from check import APPLICANT, ROOT, Checks, Lab, Message, defaults, filled, http_call, moment, set_fault, sign, state_of
from session import Session, signed

c = Checks()
XML = {"Content-Type": "application/xml"}
SETTINGS = {"gateway": {"diagnose": "yes"}, "check": {"enabled": "yes", "per_minute": "1000"}, "console": {"enabled": "yes"}, "retry": {"first_ms": 200, "longest_ms": 500, "park_after": 2}}


class Surface:
    """Calls the gateway and holds every answer against the description."""

    def __init__(self, lab):
        self.lab = lab
        answer = http_call(lab.url + "/api/v1/openapi.json")
        c.same("the description is served", (answer.status, answer.headers.get_content_type()), (200, "application/json"))
        self.document = answer.json
        self.resolver = jsonschema.RefResolver("", self.document)
        self.seen = {}

    def operations(self):
        return [(path, method) for path, item in self.document["paths"].items() for method in item]

    def schema_of(self, path, method, answer):
        """None when nothing is said about the body; raises KeyError when the answer is not described."""
        responses = self.document["paths"][path][method]["responses"]
        response = responses.get(str(answer.status)) or responses["default"]
        if "$ref" in response:
            response = self.resolver.resolve(response["$ref"])[1]
        content = response.get("content")
        if content is None:
            return None
        media = content.get(answer.headers.get_content_type()) or content["*/*"]
        return media["schema"]

    def hold(self, path, method, answer):
        name = f"{method.upper()} {path} {answer.status}"
        self.seen.setdefault((path, method), set()).add(answer.status)
        try:
            schema = self.schema_of(path, method, answer)
        except KeyError as missing:
            c.that(f"{name} is described", False, f"{missing} {answer}")
            return answer
        if schema and answer.headers.get_content_type().endswith("json") and answer.body:
            errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in jsonschema.Draft202012Validator(schema, resolver=self.resolver).iter_errors(answer.json)]
            c.that(f"{name} fits its schema", not errors, errors[:3])
        return answer

    def call(self, path, method="get", session=None, parts=None, query="", body=None, headers=None, certificate=None, tls=False):
        """parts: what stands for {…} in the path; body: bytes, or what is sent as JSON."""
        real = path
        for key, value in (parts or {}).items():
            real = real.replace("{" + key + "}", urllib.parse.quote(str(value)))
        real += query
        if session:
            return self.hold(path, method, session.call(real, method.upper(), body, headers))
        if body is not None and not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}
        url = self.lab.tls_url if tls or certificate else self.lab.url
        return self.hold(path, method, http_call(url.rstrip("/") + real, method.upper(), body, headers or {}, certificate))


# ---- the document itself ----

def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def is_sound(surface):
    d = surface.document
    c.that("OpenAPI 3.1", re.fullmatch(r"3\.1\.\d+", d["openapi"]) and d["info"]["title"] and d["info"]["version"])
    for reference in set(references(d)):
        c.that(f"{reference} is there", surface.resolver.resolve(reference)[1] is not None)
    for name, schema in d["components"]["schemas"].items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
            c.that(f"schema {name}", True)
        except jsonschema.SchemaError as wrong:
            c.that(f"schema {name}", False, wrong.message)
    used = {r.rsplit("/", 1)[1] for r in references(d)}
    c.same("no schema without a use", set(d["components"]["schemas"]) - used, set())
    ids = [d["paths"][p][m]["operationId"] for p, m in surface.operations()]
    c.same("operation ids are unique", len(ids), len(set(ids)))
    tags = {t["name"] for t in d["tags"]}
    for path, method in surface.operations():
        operation = d["paths"][path][method]
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        c.same(f"{method} {path}: its parts are declared", declared, set(re.findall(r"{(\w+)}", path)))
        c.that(f"{method} {path}: tag, summary, security, answers", set(operation["tags"]) <= tags and operation["summary"] and "default" in operation["responses"]
               and all(set(s) <= set(d["components"]["securitySchemes"]) for s in operation["security"]))
    reasons = re.findall(r"^X\((\w+),", (ROOT / "gateway" / "reason_list.h").read_text(), re.M)
    c.same("all reasons, and no other", set(d["components"]["schemas"]["Reason"]["enum"]), set(reasons) - {"NONE"})


def nothing_is_left_out(surface):
    """Every literal of the code that is a path, or the rest of one, is in a described path."""
    described = "\n".join(surface.document["paths"]) + "/paper.xml /paper.pdf"  # the values of {paper}
    for file in sorted((ROOT / "gateway" / "worker").glob("*.c")):
        if not re.match(r"(endpoint|inbox)", file.name):
            continue
        for literal in re.findall(r'"(/(?:api|shep|check|console|health|metrics)[^"%\s]*|/[a-z][a-z.-]*/?)"', file.read_text()):
            c.that(f"{file.name}: {literal}", literal.rstrip("/") in described, literal)


def other_methods(surface):
    for path in surface.document["paths"]:
        if path.startswith(("/console", "/check", "/shep")):  # pages and SOAP
            continue
        real = re.sub(r"{number}", "10100000000001", re.sub(r"{(n|id)}", "1", path)).replace("{paper}", "paper.pdf" if "refusals" in path else "1.pdf")
        answer = http_call(surface.lab.url + real, "PATCH", b"")
        c.that(f"PATCH {path} is refused", answer.status in (401, 403, 404, 405) and "reason" in answer.json, answer)
        c.that("by a Problem", not list(jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Problem"}, resolver=surface.resolver).iter_errors(answer.json)), answer)


# ---- the portal ----

def aid(applicant=APPLICANT):
    number = f"{uuid.uuid4().int % 10**13:013d}".rjust(14, "2")
    values = {**defaults(), "now": moment(), "applicant": applicant, "declarantId": applicant, "serviceCode": "HOUSING_AID", "requestNumber": number}
    return Message("rest", application=sign(filled("application-plain", values), f"applicant-{applicant}").decode(), requestNumber=number)


def submit(surface, message):
    return surface.call("/api/v1/requests", "post", body=message.body, headers={**XML, "Idempotency-Key": message.id}, certificate="tls-portal")


def portal(surface):
    lab, message = surface.lab, Message("rest", applicant=APPLICANT)
    first = submit(surface, message)
    c.same("registered, then the same", (first.status, submit(surface, message).status), (201, 200))
    number = {"number": first.json["number"]}
    c.within("decided", lambda: state_of(lab, number["number"]) in ("RESULT_SENT", "RECEIVED"))
    for path in ("", "/result.xml", "/result.pdf"):
        c.same(f"read{path}", surface.call("/api/v1/requests/{number}" + path, parts=number, certificate="tls-portal").status, 200)
    c.same("of nobody else", surface.call("/api/v1/requests/{number}", parts=number).status, 403)
    c.same("too late to take it back", surface.call("/api/v1/requests/{number}/cancel", "post", parts=number, body=b"<x/>", headers=XML, certificate="tls-portal").status >= 400, True)
    result = http_call(lab.tls_url + f"/api/v1/requests/{number['number']}/result.xml", certificate="tls-portal").body
    c.same("genuine", surface.call("/api/v1/verify", "post", body=result, headers=XML).json["genuine"], True)
    c.same("not genuine", surface.call("/api/v1/verify", "post", body=result.replace(b"201000", b"201001"), headers=XML).json["genuine"], False)
    c.same("diagnosed", surface.call("/api/v1/diagnose", "post", body=Message("sync").body, headers={"Content-Type": "text/xml"}).status, 200)
    for path in ("/check", "/check/{number}"):
        c.same(f"page {path}", surface.call(path, parts=number).status, 200)
        surface.call(path, "post", parts=number, body=f"number={number['number']}&iin={APPLICANT}".encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    for channel in ("sync", "async"):
        soap = Message(channel, applicant="870930490018", declarantId="870930490018")
        c.same(f"SOAP {channel}", surface.call(f"/shep/{channel}", "post", body=soap.body, headers={"Content-Type": "text/xml"}).status, 200)
        c.same(f"a fault of {channel}", surface.call(f"/shep/{channel}", "post", body=b"<x/>", headers={"Content-Type": "text/xml"}).status, 500)
        c.same(f"WSDL {channel}", surface.call(f"/shep/{channel}", query="?wsdl").status, 200)


def machines(surface):
    for path in ("/health/live", "/health/ready", "/metrics", "/api/v1/openapi.json", "/console/"):
        c.same(path, surface.call(path).status, 200)
    c.same("a file of the console", surface.call("/console/{file}", parts={"file": "main.js"}).status, 200)


# ---- people ----

def sessions(surface):
    lab = surface.lab
    asked = surface.call("/api/v1/session/challenge", "post", body=b"").json
    surface.call("/api/v1/session", "post", body={"id": asked["id"], "signature": signed(asked["xml"], "staff-clerk")})
    c.same("used up", surface.call("/api/v1/session", "post", body={"id": asked["id"], "signature": signed(asked["xml"], "staff-clerk")}).status, 422)
    clerk = Session(lab, "clerk")
    c.same("who am I", surface.call("/api/v1/session", session=clerk).status, 200)
    c.same("logged out", surface.call("/api/v1/session", "delete", session=clerk).status, 200)
    c.same("nobody", surface.call("/api/v1/session").status, 401)
    c.same("a system", surface.call("/api/v1/session", certificate="tls-provider").json["machine"], True)


def inbox(surface):
    """One request through all its steps by people, everything read on the way."""
    lab = surface.lab
    people = {name: Session(lab, name) for name in ("head", "executor1", "clerk")}
    number = submit(surface, aid()).json["number"]
    at, base = {"number": number}, "/api/v1/inbox/{number}"
    since = surface.call("/api/v1/inbox/changes", session=people["head"], query="?wait=0").json["seq"]
    c.same("listed", [i["number"] for i in surface.call("/api/v1/inbox", session=people["head"], query="?state=open&role=mine&limit=5").json["items"]], [number])
    c.same("a bad filter", surface.call("/api/v1/inbox", session=people["head"], query="?state=x").status, 422)

    def step(who, n, **body):
        token = surface.call(base + "/claim", "post", people[who], at, body={}).json["token"]
        return token, surface.call(base + "/steps/{n}", "post", people[who], {**at, "n": n}, body={"token": token, **body})

    token = surface.call(base + "/claim", "post", people["head"], at, body={}).json["token"]
    c.same("given back", surface.call(base + "/release", "post", people["head"], at, body={"token": token}).status, 200)
    c.same("resolved", step("head", 2, executor="executor1")[1].status, 200)
    c.same("another executor", surface.call(base + "/substitute", "post", people["head"], at, body={"executor": "executor2", "comment": "кезек"}).status, 200)
    c.same("and back", surface.call(base + "/substitute", "post", people["head"], at, body={"executor": "executor1", "comment": "кезек"}).status, 200)
    token = surface.call(base + "/claim", "post", people["executor1"], at, body={}).json["token"]
    c.same("held", surface.call(base + "/claim", "post", people["head"], at, body={}).status >= 400, True)
    c.same("returned", surface.call(base + "/return", "post", people["executor1"], at, body={"token": token, "step": 2, "comment": "қайта"}).status, 200)
    c.same("resolved again", step("head", 2, executor="executor1")[1].status, 200)
    c.same("an incomplete step", step("executor1", 3)[1].status, 422)
    c.same("prepared", step("executor1", 3, outcome="POSITIVE")[1].status, 200)
    c.that("a comment", surface.call(base + "/comments", "post", people["clerk"], at, body={"comment": "дайын"}).status in (200, 201))
    draft = surface.call(base + "/result-draft", session=people["head"], parts=at, query="?outcome=POSITIVE")
    token = surface.call(base + "/claim", "post", people["head"], at, body={}).json["token"]
    result = sign(draft.text, "head-160640900019")
    headers = {**XML, "X-Claim-Token": str(token)}
    c.same("a result that is none", surface.call(base + "/result", "post", people["head"], at, body=b"<x/>", headers=headers).status >= 400, True)
    c.that("the result", surface.call(base + "/result", "post", people["head"], at, body=result, headers=headers).status in (200, 201))
    for part in ("", "/application.xml", "/envelope", "/verdict", "/history"):
        c.same(f"read{part}", surface.call(base + part, session=people["head"], parts=at).status, 200)
    c.same("no such attachment", surface.call(base + "/attachments/{n}", session=people["head"], parts={**at, "n": 1}).status, 404)
    c.same("no such paper", surface.call(base + "/papers/{paper}", session=people["head"], parts={**at, "paper": "9.pdf"}).status, 404)
    c.that("changes are told", number in surface.call("/api/v1/inbox/changes", session=people["head"], query=f"?since={since}&wait=1").json["numbers"])
    c.same("nobody's", surface.call(base, session=people["head"], parts={"number": "10199999999999"}).status, 404)


def front_office(surface):
    worker = Session(surface.lab, "center1")
    for path in ("/api/v1/services", "/api/v1/front-office/refusals", "/api/v1/registers"):
        c.same(path, surface.call(path, session=worker).status, 200)
    surface.call("/api/v1/front-office/check", "post", worker, body={})
    for path in ("/api/v1/front-office/applications", "/api/v1/front-office/refusals"):
        c.that(f"{path}: what is no application", surface.call(path, "post", worker, body=b"<x/>", headers={**XML, "Idempotency-Key": "o-1"}).status in (400, 403, 422))
    c.that("a register of nothing", surface.call("/api/v1/registers", "post", worker, body={"numbers": ["10199999999999"]}).status >= 400)
    c.same("no such register", surface.call("/api/v1/registers/{id}", session=worker, parts={"id": 999}).status, 404)
    c.same("nor to be accepted", surface.call("/api/v1/registers/{id}/accept", "post", worker, {"id": 999}, body=b"").status, 404)
    c.same("no such receipt", surface.call("/api/v1/front-office/refusals/{id}/{paper}", session=worker, parts={"id": 999, "paper": "paper.pdf"}).status, 404)


def operator(surface):
    lab, who = surface.lab, Session(surface.lab, "operator")
    set_fault(lab, "cabinet", "soapfault")
    message = Message("rest", applicant="480509390010", declarantId="480509390010")
    number = submit(surface, message).json["number"]
    parked = lambda: [r for r in surface.call("/api/v1/operator/outbox", session=who, query="?state=parked").json["items"] if r["number"] == number]  # noqa: E731
    c.within("a parked message", parked)
    row = {"id": parked()[0]["id"]}
    set_fault(lab, "cabinet", "none")
    c.same("released", surface.call("/api/v1/operator/outbox/{id}/release", "post", who, row, body={}).status, 200)
    c.same("not to be parked any more, or not yet", surface.call("/api/v1/operator/outbox/{id}/park", "post", who, {"id": 99999}, body={}).status, 404)
    for page in ("outbox", "destinations", "certificates", "overdue", "charts"):
        c.same(page, surface.call(f"/api/v1/operator/{page}", session=who).status, 200)
    c.same("near ones", surface.call("/api/v1/operator/overdue", session=who, query="?which=near&hours=744").status, 200)
    c.same("one", surface.call("/api/v1/operator/requests/{number}", session=who, parts={"number": number}).status, 200)


def main():
    with Lab(settings=SETTINGS) as lab:
        surface = Surface(lab)
        for part in (is_sound, nothing_is_left_out, machines, portal, sessions, inbox, front_office, operator, other_methods):
            c.part(part, surface)
        for path, method in surface.operations():
            c.that(f"{method.upper()} {path} was called", (path, method) in surface.seen)
    c.finish()


if __name__ == "__main__":
    main()
