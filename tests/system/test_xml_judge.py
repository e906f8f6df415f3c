#!/usr/bin/python3
"""expat judges our reading of XML: small documents, changed at random places by what is dear to parsers, must be well-formed for both or for neither."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import xml.parsers.expat

from check import GATEWAY, PKI, Checks

DOCUMENTS = int(os.environ.get("XML_JUDGE_DOCUMENTS", 3000))
BATCH = 250
BASES = [
    '<?xml version="1.0" encoding="UTF-8"?><a xmlns="urn:a" xmlns:b="urn:b"><!-- c --><b:c d="1" b:e=\'&lt;&#10;2\'>t &amp; &#x41; қ<![CDATA[ x ]] > ]]></b:c><f/></a>'.encode(),
    b'<a><b x="1" y="2">text</b>\n<c xmlns:p="urn:p" p:q="z"/>&gt;&quot;&apos;</a>\n<!-- end -->\n',
    b'\xef\xbb\xbf<r><x:y xmlns:x="http://x/"><x:z/></x:y></r>',
]
PIECES = [p if isinstance(p, bytes) else p.encode() for p in (
    "<", ">", "&", ";", '"', "'", "=", "/", "!", "-", "--", "]]>", "<![CDATA[", "<!--", "-->", "&#0;", "&#x1;", "&#xFFFE;", "&#x110000;", "&#xD800;", "&lt", "&foo;", " ", "\n", "\r",
    "\t", "\0", "\1", "\x7f", "\x80", "\ufffe", "\uffff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", "xmlns", 'xmlns:b=""', ' xmlns:xml="urn:q"', ' xmlns:xmlns="urn:q"',
    ' xml:lang="kk"', ' xmlns:z="http://www.w3.org/XML/1998/namespace"', ":", "<:a/>", "<a:b:c/>", ' b:=""', ' d="1"', "\xa0", "×", "\u0300", "1", ".", "a", "</a>", "\u2028",
    'version="1.1"', 'standalone="yes"', "encoding='utf-8'")]
# What we refuse on purpose though it is well-formed: prefixes bound to what is no absolute URI (C14N 1.0 section 1.3), versions of XML that are not 1.0, instructions,
# and namespaces whose names are spelt with references (libxml2 keeps those of '&' undecoded, so that no two programs would agree on the canonical form).
ON_PURPOSE = ("ill-formed namespace URI", "relative namespace URI", "a reference in the name of a namespace", "the XML version is not 1.0")
# A name of UTF-8 that some systems write and expat does not know.
ALIAS = b'encoding="UTF8"'
c = Checks()


def changed(chance):
    document = bytearray(chance.choice(BASES))
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        kind, place = chance.random(), chance.randrange(len(document) + 1)
        if kind < 0.6:
            document[place:place] = chance.choice(PIECES)
        elif kind < 0.8:
            del document[place:place + chance.choice([1, 1, 2, 5])]
        else:
            document[place:place + 1] = chance.choice(PIECES)
    return bytes(document)


def expat_accepts(document):
    try:
        xml.parsers.expat.ParserCreate(namespace_separator="|").Parse(document, True)
        return True
    except (xml.parsers.expat.ExpatError, LookupError, ValueError):  # the latter two: an encoding that does not exist
        return False


def judge(folder, documents):
    paths = []
    for i, document in enumerate(documents):
        paths.append(folder / f"{i}.xml")
        paths[-1].write_bytes(document)
    done = subprocess.run([str(GATEWAY), "verify", "--trust", str(PKI / "trust"), "--json", *map(str, paths)], capture_output=True, text=True, timeout=300)
    accepted = refused = 0
    for document, said in zip(documents, json.loads(done.stdout), strict=True):
        ours, theirs = not said["code"].startswith("XML_"), expat_accepts(document)
        on_purpose = said["code"] == "XML_PROCESSING_INSTRUCTION" or any(words in said.get("detail", "") for words in ON_PURPOSE)
        if ours != theirs and not (theirs and on_purpose) and ALIAS not in document:
            c.that("the same judgement", False, f"{said['code']} {said.get('detail')}; expat {'accepts' if theirs else 'refuses'} {document!r}")
        accepted, refused = accepted + ours, refused + (not ours)
    return accepted, refused


chance = random.Random(20261128)
counts = [0, 0]
with tempfile.TemporaryDirectory() as work:
    for at in range(0, DOCUMENTS, BATCH):
        for i, n in enumerate(judge(pathlib.Path(work), [changed(chance) for _ in range(min(BATCH, DOCUMENTS - at))])):
            counts[i] += n
c.that(f"{DOCUMENTS} documents, many of each kind", min(counts) > DOCUMENTS // 20, counts)
c.finish()
