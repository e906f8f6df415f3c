#!/usr/bin/python3
"""OCSP answers and revocation lists made by tests/attack/forge.py from RFC 6960 and 5280: what authorities may write, and what somebody between them and us would. Each differs
from a good one in one thing; `verify` says what it comes to: good, revoked, or nothing known. Unknown is never good."""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

from check import APPLICANT, GATEWAY, PKI, ROOT, Checks

sys.path.insert(0, str(ROOT / "tests" / "attack"))
from forge import (GOOD, NULL, SHA1, SHA1_RSA, SHA512, UNKNOWN, Certificate, Party, certificate, certificate_id, context, crl, digest, entry, enveloped,  # noqa: E402
                   extension, inside, integer, name, ocsp, octets, oid, revoked, seq, single, tlv)

c = Checks()
NOW = datetime.now(timezone.utc).replace(microsecond=0)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
ME, OTHER, CA, NEXT = Party(PKI, f"applicant-{APPLICANT}"), Party(PKI, "applicant-870930490018"), Party(PKI, "issuing", True), Party(PKI, "issuing-next", True)
RESPONDER, ROOT_CA = Party(PKI, "ocsp-responder"), Party(PKI, "root", True)
SERIAL = ME.certificate.serial
CODES = {"good": "OK", "bad": "APPLICANT_CERTIFICATE_REVOKED", "unknown": "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN"}
BAD = revoked(NOW - HOUR)


def said(status=GOOD, of=ME.certificate, by=CA, this=NOW - MINUTE, until=NOW + HOUR, extensions=(), **how):
    return single(certificate_id(of, by, **how), status, this, until, extensions)


def answer(*singles, signer=CA, produced=NOW - MINUTE, **how):
    return ocsp(signer, singles or [said()], produced, **how)


def answers():
    delegated = [RESPONDER.certificate.der]
    yield "by the authority", answer(), "good"
    yield "by the authority, by key", answer(by_key=True), "good"
    yield "by its responder", answer(signer=RESPONDER, certificates=delegated), "good"
    yield "by its responder, by key, foreign certificates before", answer(signer=RESPONDER, certificates=[OTHER.certificate.der, *delegated], by_key=True), "good"
    for reason in (None, 0, 1, 6, 7, 8):
        yield f"revoked, reason {reason}", answer(said(revoked(NOW - HOUR, reason))), "bad"
    yield "revoked since tomorrow", answer(said(revoked(NOW + DAY, 1))), "bad"
    yield "revoked, never issued", answer(said(revoked(datetime(1970, 1, 1), 6)), extensions=[extension("1.3.6.1.5.5.7.48.1.9", NULL)]), "bad"
    yield "unknown to the responder", answer(said(UNKNOWN)), "unknown"

    # several SingleResponses
    yield "good, then revoked", answer(said(), said(BAD)), "unknown"
    yield "revoked, then good", answer(said(BAD), said()), "unknown"
    yield "good, then unknown", answer(said(), said(UNKNOWN)), "unknown"
    yield "good by SHA-1, revoked by SHA-256", answer(said(hash_=SHA1), said(BAD)), "unknown"
    yield "good by SHA-256, revoked by SHA-512", answer(said(), said(BAD, hash_=SHA512)), "unknown"
    yield "old and good, young and revoked", answer(said(this=NOW - 2 * HOUR, until=NOW - HOUR), said(BAD)), "unknown"
    yield "another good, this revoked", answer(said(of=OTHER.certificate), said(BAD)), "bad"
    yield "another revoked, this good", answer(said(BAD, of=OTHER.certificate), said()), "good"
    yield "only another", answer(said(of=OTHER.certificate)), "unknown"
    yield "about nobody", ocsp(CA, [], NOW - MINUTE), "unknown"

    # the name of the certificate
    yield "the name of another authority", answer(said(name_hash=b"x" * 32)), "unknown"
    yield "the key of another authority", answer(said(key_hash=b"x" * 32)), "unknown"
    yield "the same number of another authority", answer(said(by=NEXT)), "unknown"
    yield "named by SHA-512", answer(said(hash_=SHA512)), "unknown"
    yield "SHA-256 under the name of SHA-1", answer(single(seq(seq(oid(SHA1), NULL), octets(digest(ME.certificate.issuer)), octets(digest(CA.certificate.public_bits)), SERIAL), GOOD,
                                                           NOW - MINUTE, NOW + HOUR)), "unknown"
    yield "the digest without NULL", answer(said(parameters=b"")), "good"
    yield "the digest with parameters", answer(said(parameters=octets(b"x"))), "unknown"
    yield "the number with a zero before it", answer(said(serial=tlv(2, b"\0" + inside(SERIAL)))), "unknown"

    # who signed
    yield "by the applicant himself", answer(signer=ME, certificates=[ME.certificate.der]), "unknown"
    for wrong in ("ocsp-noeku", "ocsp-expired", "ocsp-foreign"):
        party = Party(PKI, wrong)
        yield f"by {wrong}", answer(signer=party, certificates=[party.certificate.der]), "unknown"
    yield "by the responder, its certificate is missing", answer(signer=RESPONDER), "unknown"
    yield "by the responder in the authority's name", answer(signer=RESPONDER, certificates=delegated, responder=context(1, CA.certificate.subject)), "unknown"
    yield "by the authority in the responder's name", answer(certificates=delegated, responder=context(1, RESPONDER.certificate.subject)), "unknown"
    yield "by another authority", answer(signer=NEXT, certificates=[NEXT.certificate.der]), "unknown"
    yield "by another authority in this one's name", answer(signer=NEXT, certificates=[NEXT.certificate.der], responder=context(1, CA.certificate.subject)), "unknown"
    yield "the responder behind five others", answer(signer=RESPONDER, certificates=[OTHER.certificate.der] * 5 + delegated), "unknown"
    yield "with SHA-1", answer(algorithm_=SHA1_RSA, hash_=SHA1), "unknown"

    # dates
    yield "of the future", answer(said(this=NOW + HOUR, until=NOW + 2 * HOUR)), "unknown"
    yield "produced in the future", answer(produced=NOW + HOUR), "unknown"
    yield "produced before it was so", answer(produced=NOW - 3 * HOUR), "unknown"
    yield "nextUpdate has passed", answer(said(this=NOW - 2 * HOUR, until=NOW - HOUR)), "unknown"
    yield "nextUpdate before thisUpdate", answer(said(until=NOW - 2 * MINUTE)), "unknown"
    yield "no nextUpdate", answer(said(until=None)), "good"
    yield "no nextUpdate, of last month", answer(said(this=NOW - 30 * DAY, until=None), produced=NOW - 30 * DAY), "unknown"
    yield "of last month, until next month", answer(said(this=NOW - 30 * DAY, until=NOW + 30 * DAY)), "unknown"

    # form
    critical = extension("1.2.3.4", NULL, True)
    yield "a critical extension", answer(extensions=[critical]), "unknown"
    yield "a critical extension of this certificate", answer(said(extensions=[critical])), "unknown"
    yield "a critical extension of another certificate", answer(said(of=OTHER.certificate, extensions=[critical]), said()), "good"
    yield "an extension", answer(said(extensions=[extension("1.2.3.4", NULL)])), "good"
    yield "an extension twice", answer(extensions=[extension("1.2.3.4", NULL)] * 2), "unknown"
    for status in (1, 2, 3, 4, 5, 6, 7):
        yield f"status {status}, with an answer all the same", answer(status=status), "unknown"
    yield "version 2", answer(version=context(0, integer(1))), "unknown"
    yield "of another type", answer(kind="1.2.3.4"), "unknown"
    yield "a byte behind", answer() + b"\0", "unknown"


def delegates(folder):
    key_id = extension("2.5.29.35", seq(tlv(0x80, CA.certificate.key_id())))
    purpose, unchecked = extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.9"))), extension("1.3.6.1.5.5.7.48.1.5", NULL)

    def by(*extensions, **how):
        der = certificate(how.pop("issuer", CA), name("a responder of its own"), RESPONDER.certificate.spki, 4711, extensions, **how)
        path = folder / "responder.pem"
        path.write_text(f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n")
        party = Party(PKI, "ocsp-responder")
        party.certificate = Certificate(path)
        return answer(signer=party, certificates=[der])

    yield "good", by(key_id, purpose, unchecked), "good"
    yield "may do other things too", by(key_id, extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.4"), oid("1.3.6.1.5.5.7.3.9"))), unchecked), "good"
    yield "no key identifier", by(purpose, unchecked), "good"
    yield "without purpose", by(key_id, unchecked), "unknown"
    yield "for any purpose", by(key_id, extension("2.5.29.37", seq(oid("2.5.29.37.0"))), unchecked), "unknown"
    yield "its purpose twice", by(key_id, purpose, purpose, unchecked), "unknown"
    yield "its key is for encryption", by(key_id, purpose, unchecked, extension("2.5.29.15", tlv(3, b"\5\x20"), True)), "unknown"
    yield "an unknown critical extension", by(key_id, purpose, unchecked, extension("1.2.3.4", NULL, True)), "unknown"
    yield "expired", by(key_id, purpose, unchecked, start=NOW - 40 * DAY), "unknown"
    yield "not valid yet", by(key_id, purpose, unchecked, start=NOW + DAY), "unknown"
    yield "of the root", by(purpose, unchecked, issuer=ROOT_CA), "unknown"
    yield "of another key of the authority", by(extension("2.5.29.35", seq(tlv(0x80, b"x" * 20))), purpose, unchecked), "unknown"
    yield "signed with SHA-1", by(key_id, purpose, unchecked, algorithm=SHA1_RSA, hash_=SHA1), "unknown"


def lists():
    number = extension("2.5.29.20", integer(5))
    mine = entry(SERIAL, NOW - HOUR)

    def of(*entries, this=NOW - MINUTE, until=NOW + HOUR, by=CA, extensions=(number,), **how):
        return crl(by, this, until, entries, extensions, **how)

    def why(code):
        return extension("2.5.29.21", tlv(10, bytes([code])))

    def scope(*parts, critical=True):
        return of(extensions=[number, extension("2.5.29.28", seq(*parts), critical)])

    yield "empty", of(), "good"
    yield "without a number", of(extensions=[]), "good"
    yield "of version 1", of(version=b"", extensions=[]), "good"
    yield "of version 1, with extensions", of(version=b""), "unknown"
    yield "of version 3", of(version=b"\2\1\2"), "unknown"
    yield "he is in it", of(mine), "bad"
    yield "he is in one of version 1", of(mine, version=b"", extensions=[]), "bad"
    for code in (0, 1, 6, 7, 8, 99):
        yield f"he is in it, reason {code}", of(entry(SERIAL, NOW - HOUR, [why(code)])), "bad"
    yield "he is in it, a reason of two bytes", of(entry(SERIAL, NOW - HOUR, [extension("2.5.29.21", tlv(10, b"\1\x08"))])), "unknown"
    yield "he is in it, since tomorrow", of(entry(SERIAL, NOW + DAY)), "bad"
    yield "he is in it twice", of(mine, entry(SERIAL, NOW + DAY)), "bad"
    yield "removed, and revoked", of(entry(SERIAL, NOW - 2 * HOUR, [why(8)]), mine), "bad"
    yield "his number with a zero before it", of(entry(tlv(2, b"\0" + inside(SERIAL)), NOW - HOUR)), "unknown"
    critical = extension("1.2.3.4", NULL, True)
    yield "another entry has a critical extension", of(entry(77, NOW - HOUR, [critical])), "unknown"
    yield "his entry has a critical extension", of(entry(SERIAL, NOW - HOUR, [critical])), "unknown"
    yield "an entry has an extension", of(entry(77, NOW - HOUR, [extension("1.2.3.4", NULL)])), "good"
    yield "an entry is of another authority", of(entry(77, NOW - HOUR, [extension("2.5.29.29", seq(context(4, NEXT.certificate.subject)), True)]), mine), "unknown"
    yield "a critical extension", of(extensions=[number, critical]), "unknown"
    yield "an extension", of(extensions=[number, extension("1.2.3.4", NULL)]), "good"
    yield "an extension twice", of(extensions=[number, number]), "unknown"
    yield "a delta in the place of a list", of(mine, extensions=[number, extension("2.5.29.27", integer(4), True)]), "unknown"
    for what, serial, want in (("of 20 bytes", 2 ** 158, "good"), ("of 30 bytes", 2 ** 240, "unknown"), ("negative", -5, "good"), ("zero", 0, "good")):
        yield f"a serial number {what}", of(entry(serial, NOW - HOUR)), want
    for what, value, want in (("of 20 bytes", 2 ** 159 - 1, "good"), ("of 21 bytes", 2 ** 166, "unknown"), ("negative", -1, "unknown")):
        yield f"its number {what}", of(extensions=[extension("2.5.29.20", integer(value))]), want
    yes = b"\xff"
    yield "of persons", scope(tlv(0x81, yes)), "good"
    yield "of authorities", scope(tlv(0x82, yes)), "unknown"
    yield "of both, so of none", scope(tlv(0x81, yes), tlv(0x82, yes)), "unknown"
    yield "of some reasons", scope(tlv(0x83, b"\1\x40")), "unknown"
    yield "indirect", scope(tlv(0x84, yes)), "unknown"
    yield "indirect, as it says in passing", scope(tlv(0x84, yes), critical=False), "unknown"
    yield "of attribute certificates", scope(tlv(0x85, yes)), "unknown"
    yield "of another distribution point", scope(context(0, context(0, tlv(0x86, b"http://lists.example/other.crl")))), "unknown"
    yield "of another key of the authority", of(extensions=[number, extension("2.5.29.35", seq(tlv(0x80, b"x" * 20)))]), "unknown"
    yield "by another authority", of(by=NEXT), "unknown"
    yield "by another authority in this one's name", of(by=NEXT, issuer=CA.certificate.subject), "unknown"
    yield "by the applicant in the authority's name", of(by=ME, issuer=CA.certificate.subject), "unknown"
    yield "with SHA-1", of(algorithm_=SHA1_RSA, hash_=SHA1), "unknown"
    yield "another algorithm inside", of(inner="1.2.840.113549.1.1.13"), "unknown"
    yield "of the future", of(this=NOW + HOUR, until=NOW + 2 * HOUR), "unknown"
    yield "too old", of(this=NOW - 2 * HOUR, until=NOW - HOUR), "unknown"
    yield "nextUpdate before thisUpdate", of(until=NOW - 2 * HOUR), "unknown"
    yield "no nextUpdate, of last month", of(this=NOW - 30 * DAY, until=None), "unknown"


def judge(folder, kind, cases):
    document = folder / "application.xml"
    document.write_text(enveloped("<application>hello</application>", ME), newline="")
    for title, der, want in cases:
        path = folder / "given.der"
        path.write_bytes(der)
        done = subprocess.run([str(GATEWAY), "verify", "--trust", str(PKI / "trust"), f"--{kind}", str(path), "--json", str(document)], capture_output=True, text=True, timeout=60)
        code = json.loads(done.stdout)[0]["code"] if done.stdout else done.stderr
        c.same(f"{kind}: {title}", code, CODES[want])


with tempfile.TemporaryDirectory(prefix="egov-forged-") as scratch:
    scratch = pathlib.Path(scratch)
    for each in (("ocsp", answers()), ("ocsp", delegates(scratch)), ("crl", lists())):
        c.part(judge, scratch, *each)
c.finish()
