#!/usr/bin/python3
"""Another canonicaliser judges ours: documents and envelopes made at random out of what canonical XML is difficult about (namespaces declared again and undeclared, xml: attributes,
CDATA, references, white space, attributes in any order) are canonicalised and signed by tests/attack/forge.py, over expat, and must verify here; with one thing changed none may."""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from check import APPLICANT, GATEWAY, PKI, ROOT, Checks

sys.path.insert(0, str(ROOT / "tests" / "attack"))
import forge  # noqa: E402
from forge import C14N, EXC_C14N  # noqa: E402

DOCUMENTS, SEED = int(os.environ.get("CANONICAL_DOCUMENTS", 150)), int(os.environ.get("CANONICAL_SEED", 20180))
URIS = ["urn:a", "urn:b", "http://x/%D1%91", "urn:a", "urn:c?d=1", EXC_C14N]
PREFIXES = ["", "p", "q", "r", "п", "xs"]
TEXTS = ["plain", "&#13;", "&#xD;\r\n", "\r\n", "\r", "\n", "\t", "&#9;", "&#10;", "&lt;&gt;&amp;", "]]&gt;", "<![CDATA[<x>&amp;\r\n]]>", "<![CDATA[]]]]><![CDATA[>]]>", "әңғ",
         "&#x10FFFF;", "\u2028", "&quot;&apos;", "&#x85;", "\u0085", "  ", "'\"", "\ufeff", "&#xFFFD;"]
VALUES = ["v", "  a  b ", "a\tb", "a\nb", "a\r\nb", "&#13;&#10;&#9;", "&lt;&amp;&quot;&gt;'", "&#x20;&#x20;", "әi", "\u0085", "&#38;lt;"]
c, chance = Checks(), random.Random(SEED)


def quoted(value):
    if '"' in value:
        return f"'{value}'" if "'" not in value else '"' + value.replace('"', "&quot;") + '"'
    quote = '"' if "'" in value else chance.choice("'\"")
    return quote + value + quote


def attributes(scope, usable):
    """At random, none of them twice by its expanded name."""
    seen, made = set(), []
    for _ in range(chance.randint(0, 4)):
        key = chance.choice(["x", "y", "Id", "xml:lang", "xml:space", "xml:base", "lang", *(f"{p}:{local}" for p in usable if p for local in ("x", "a"))])
        prefix, _, local = key.rpartition(":")
        expanded = (scope.get(prefix, prefix) if prefix else "", local)
        if expanded in seen:
            continue
        seen.add(expanded)
        value = {"xml:space": "preserve", "xml:base": "http://h/a/../b", "xml:lang": chance.choice(["kk", "ru", ""])}.get(key) or chance.choice(VALUES)
        made.append(" " + key + chance.choice(["=", " = ", "\n="]) + quoted(value))
    return made


def element(depth, scope, room):
    scope, declarations = dict(scope), []
    for prefix in PREFIXES:
        if room[0] > 0 and chance.random() < 0.25:
            room[0] -= 1
            scope[prefix] = "" if not prefix and chance.random() < 0.4 else chance.choice(URIS)
            declarations.append(f' xmlns{":" if prefix else ""}{prefix}={quoted(scope[prefix])}')
    usable = [p for p in scope if not p or scope[p]]
    prefix = chance.choice(usable)
    name = (prefix + ":" if prefix else "") + chance.choice(["a", "b", "Ж", "a.b", "a-1", "_x", "Id"])
    inside = attributes(scope, usable) + declarations
    chance.shuffle(inside)
    start = f"<{name}{''.join(inside)}" + chance.choice(["", " ", "\n"])
    count = chance.randint(0, 4) if depth < 5 else 0
    if count == 0 and depth > 0 and chance.random() < 0.5:
        return start + "/>"
    content = "".join(chance.choice(TEXTS) if chance.random() < 0.5 else element(depth + 1, scope, room) for _ in range(count))
    return f"{start}>{content}</{name}" + chance.choice(["", " "]) + ">"


def document(person):
    head = chance.choice(["", '<?xml version="1.0"?>\n', "\ufeff", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'])
    text = head + element(0, {"": ""}, [18]) + chance.choice(["", "\n"])
    return forge.enveloped(text, person, chance.choice([C14N, EXC_C14N]), chance.choice([C14N, EXC_C14N, C14N + "#WithComments"]), chance.choice(["ds", "", "p", "dsig"]))


def envelope(system):
    """The Body is signed exclusively, so what is above it matters by the list of prefixes alone."""
    above, scope = "", {"": ""}
    for prefix in PREFIXES:
        if chance.random() < 0.4:
            scope[prefix] = chance.choice(["urn:a", "urn:b"] + ([""] if not prefix else []))
            above += f' xmlns{":" if prefix else ""}{prefix}="{scope[prefix]}"'
    above += chance.choice(["", ' xml:lang="kk"', ' xml:space="preserve"', ' xml:base="http://e/"'])
    prefixes = [p for p in ("p", "q", "r", "xs", "S", "#default", "zz") if chance.random() < 0.25]
    return forge.soap(element(1, scope, [10]), system, above, chance.choice(["", "xmlns='urn:z'", "xml:lang=''", "xmlns=''"]), prefixes)


def changed(text):
    """One letter of the first of our texts that it has, or another order of what matters."""
    for was, now in (("plain", "plaim"), ("әңғ", "әнғ"), ("]]&gt;", "]] &gt;"), ("&#9;", "&#10;"), ("<![CDATA[<x>", "<![CDATA[<y>")):
        if was in text:
            return text.replace(was, now, 1)
    return None


def verdicts(folder, texts):
    paths = []
    for i, text in enumerate(texts):
        paths.append(folder / f"{i}.xml")
        paths[-1].write_bytes(text.encode())
    done = subprocess.run([str(GATEWAY), "verify", "--trust", str(PKI / "trust"), "--json", *map(str, paths)], capture_output=True, text=True, timeout=300)
    return [((r.get("parts") or [r])[0]) for r in json.loads(done.stdout)]  # of an envelope: the transport signature


def judge(folder, make, party, reason):
    texts = [make(party) for _ in range(DOCUMENTS)]
    for i, part in enumerate(verdicts(folder, texts)):
        c.that(f"{make.__name__} {i} of seed {SEED} verifies", part["code"] == "OK", f"{part['code']} {part.get('detail')}\n{texts[i]}")
    others = [t for t in map(changed, texts) if t]
    c.that(f"{make.__name__}: most could be changed", len(others) > DOCUMENTS // 3, len(others))
    for i, part in enumerate(verdicts(folder, others)):
        c.that(f"{make.__name__} {i} of seed {SEED}, changed, does not", part["code"] == reason, f"{part['code']} {part.get('detail')}\n{others[i]}")


with tempfile.TemporaryDirectory(prefix="egov-canonical-") as scratch:
    c.part(judge, pathlib.Path(scratch), document, forge.Party(PKI, f"applicant-{APPLICANT}"), "APPLICANT_SIGNATURE_DIGEST")
    c.part(judge, pathlib.Path(scratch), envelope, forge.Party(PKI, "system-portal"), "TRANSPORT_SIGNATURE_DIGEST")
c.finish()
