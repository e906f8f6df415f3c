#!/usr/bin/python3
"""The console's pages as a browser's network sees them: headers, methods, validators, paths that are none; and what can be said of their text without a browser:
three languages with the same keys and placeholders, nothing from other hosts, no place where text could become markup. How they behave: tests/browser."""
import json
import re

from check import ROOT, Checks, Lab, http_call

c = Checks()
FOLDER = ROOT / "gateway" / "console"
FILES = sorted(p.name for p in FOLDER.iterdir() if p.suffix in (".html", ".css", ".js", ".svg"))
WORD = re.compile(r'^  ("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*"),$', re.M)
STRICT = {"x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
          "cross-origin-resource-policy": "same-origin", "cache-control": "no-cache"}


def served(lab):
    for name in FILES:
        answer = http_call(f"{lab.url}/console/{name}")
        c.that(f"{name} is served as it is", answer.status == 200 and answer.body == (FOLDER / name).read_bytes())
        c.same(f"{name}: strict headers", {k: answer.headers[k] for k in STRICT}, STRICT)
        policy = answer.headers["content-security-policy"]
        c.that(f"{name}: policy", policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "frame-ancestors 'none'" in policy, policy)
    page = http_call(f"{lab.url}/console/")
    c.that("the page", page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8" and b"<!doctype html>" in page.body)
    c.that("the page's sensors are off", "camera=()" in page.headers["permissions-policy"])
    moved = http_call(f"{lab.url}/console")
    c.same("without the slash", (moved.status, moved.headers["location"]), (308, "/console/"))
    config = json.loads(http_call(f"{lab.url}/console/config.json").body)
    c.same("config: NCALayer", config["ncalayer"], "wss://127.0.0.1:13579")
    c.that("config: who is here", {"160640900019": "PROVIDER", "130140900016": "AUTH_BODY", "170140900013": "CENTER"}.items() <= {one["bin"]: one["kind"] for one in config["organisations"]}.items(), config)


def validators(lab):
    first = http_call(f"{lab.url}/console/main.js")
    again = http_call(f"{lab.url}/console/main.js", headers={"if-none-match": first.headers["etag"]})
    c.same("held by the browser", (again.status, again.body), (304, b""))
    c.that("and still guarded", again.headers["content-security-policy"])
    c.same("another version", http_call(f"{lab.url}/console/main.js", headers={"if-none-match": '"other"'}).status, 200)
    head = http_call(f"{lab.url}/console/main.js", "HEAD")
    c.same("HEAD", (head.status, head.body, head.headers["content-length"]), (200, b"", str(len(first.body))))


def refused(lab):
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = http_call(f"{lab.url}/console/", method, b"" if method == "POST" else None)
        c.same(method, (answer.status, answer.headers["allow"]), (405, "GET, HEAD"))
    for path in ("console/none.js", "console/files.c", "console/README.md", "console/index.html/", "console//main.js", "console/MAIN.JS", "console/main.js%00"):
        c.that(path, http_call(f"{lab.url}/{path}").status in (400, 404))
    for path in ("console/../api/v1/session", "console/..%2fmain.js", "console/%2e%2e/main.js"):
        c.that(path, http_call(f"{lab.url}/{path}").status in (400, 401, 404))
    with Lab(settings={"console": {"enabled": "no"}}) as closed:
        for path in ("console", "console/", "console/main.js", "console/config.json"):
            c.same(f"switched off: {path}", http_call(f"{closed.url}/{path}").status, 404)


def words():
    languages = {name: {json.loads(k): json.loads(v) for k, v in WORD.findall((FOLDER / f"{name}.js").read_text())} for name in ("kk", "ru", "en")}
    for name, found in languages.items():
        lines = [line for line in (FOLDER / f"{name}.js").read_text().splitlines() if line.startswith('  "')]
        c.same(f"{name}: every line is read, no key is there twice", len(found), len(lines))
        c.same(f"{name}: the keys of kk", sorted(set(found) ^ set(languages["kk"])), [])
        c.same(f"{name}: nothing is empty", [k for k, v in found.items() if not v.strip()], [])
    for key, text in languages["kk"].items():
        holes = [sorted(re.findall(r"\{\w+\}", languages[name].get(key, ""))) for name in languages]
        c.that(f"{key}: the same placeholders", holes[0] == holes[1] == holes[2], text)
    used = set()
    for name in FILES:
        if name.endswith(".js") and name[:-3] not in languages:
            used |= set(re.findall(r'\bt\(\s*"([^"]+)"', (FOLDER / name).read_text()))
    c.same("every word that pages ask for is there", sorted(used - set(languages["kk"])), [])


def text():
    for name in FILES:
        content = (FOLDER / name).read_text()
        banned = [word for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "parseFromString", "srcdoc", "javascript:", " style=")
                  if word in content]
        c.same(f"{name}: nothing turns text into markup", banned, [])
        hosts = set(re.findall(r"(?:https?|wss?)://[\w.:-]+", content)) - {"http://www.w3.org", "wss://127.0.0.1:13579"}
        c.same(f"{name}: no other host", hosts, set())


with Lab() as laboratory:
    c.part(served, laboratory)
    c.part(validators, laboratory)
    c.part(refused, laboratory)
c.part(words)
c.part(text)
c.finish()
