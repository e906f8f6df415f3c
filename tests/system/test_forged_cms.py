#!/usr/bin/python3
"""CMS signatures and time stamps made by tests/attack/forge.py from RFC 5652, 5035, 3161 and X.690, not by any library: what honest signers may write and what only an attacker
would, each with the exact reason and the words behind it. Each case differs from a good one in one thing."""
import json
import pathlib
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

from check import APPLICANT, GATEWAY, PKI, ROOT, Checks

sys.path.insert(0, str(ROOT / "tests" / "attack"))
from forge import (CERTIFICATE_V2, CONTENT_TYPE, COUNTER_SIGNATURE, DATA, MESSAGE_DIGEST, NULL, RSA, SHA1, SHA256, SHA256_RSA, SHA512, SIGNED_DATA, SIGNING_TIME,  # noqa: E402
                   TIME_STAMP_TOKEN, TRUE, TST_INFO, Party, SignerInfo, algorithm, attribute, certificate, cms, context, crl, digest, extension, indefinite, inside, integer,
                   octets, oid, seq, signing_certificate_v2, time_stamp, tlv, tst_info, utc)

c = Checks()
DOC, NOW = b"<application>hello</application>", datetime.now(timezone.utc)
ME, OTHER = Party(PKI, f"applicant-{APPLICANT}"), Party(PKI, "applicant-870930490018")
TSA, CA = Party(PKI, "tsa"), Party(PKI, "issuing", authority=True)
MINE = [ME.certificate.der]
STRUCTURE, PROPERTIES, INVALID, ALGORITHM = ("APPLICANT_SIGNATURE_" + word for word in ("STRUCTURE", "PROPERTIES", "INVALID", "ALGORITHM"))
STAMP = "APPLICANT_SIGNATURE_TIMESTAMP"


def info(content=DOC, party=ME, **fields):
    """A good SignerInfo but for these fields."""
    made = SignerInfo(party, content)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def one(content=DOC, **fields):
    return cms([info(content, **fields)], content, MINE)


class Raw:
    def __init__(self, *parts):
        self.parts = parts

    def bytes(self):
        return seq(*self.parts)


GOOD = info()
TYPE, DIGEST, NAMED = GOOD.attributes
KEY_ID = tlv(0x80, ME.certificate.key_id())
UNSORTED = list(reversed(sorted(GOOD.attributes)))
SHA512_ATTRIBUTES = [TYPE, attribute(MESSAGE_DIGEST, octets(digest(DOC, SHA512)))]


def raw(attributes=None, value=None, behind=b""):
    return cms([Raw(integer(1), GOOD.sid, GOOD.digest_algorithm, attributes or context(0, GOOD.signed_attributes()), GOOD.method, value or octets(GOOD.signature()), behind)], DOC, MINE)


def namesake():
    """Another key under the issuer and serial number of the applicant's certificate, as if its authority had signed it."""
    forger = Party(PKI, "issuing", authority=True)
    forger.key = OTHER.key
    return certificate(forger, ME.certificate.subject, OTHER.certificate.spki, int.from_bytes(inside(ME.certificate.serial), "big"), [extension("2.5.29.15", tlv(3, b"\x06\xc0"), True)])


def named(*ids, policies=b""):
    return one(attributes=[TYPE, DIGEST, attribute(CERTIFICATE_V2, seq(seq(*ids), policies))])


def counter(value=None):
    made = info(GOOD.signature(), OTHER, attributes=[attribute(MESSAGE_DIGEST, octets(digest(GOOD.signature())))], value=value)
    return attribute(COUNTER_SIGNATURE, made.bytes())


def signers():
    plain = info(attributes=[TYPE, DIGEST])
    yield "two by one certificate", cms([info(), plain], DOC, MINE), "OK", ""
    yield "the second of them is wrong", cms([info(), info(value=b"x" * 256)], DOC, MINE), INVALID, "signature value"
    yield "five", cms([info(attributes=[TYPE, DIGEST, attribute(f"1.2.3.{i}", NULL)]) for i in range(5)], DOC, MINE), "APPLICANT_SIGNATURE_SEVERAL", "more than 4"
    yield "nobody", cms([], DOC, MINE), STRUCTURE, "nobody has signed"
    yield "by key identifier", cms([info(version=3, sid=KEY_ID)], DOC, MINE, version=3), "OK", ""
    yield "by key identifier, version 1", one(sid=KEY_ID), STRUCTURE, "version and signer identifier"
    yield "by issuer, version 3", one(version=3), STRUCTURE, "version and signer identifier"
    yield "a key identifier of nobody here", cms([info(version=3, sid=tlv(0x80, OTHER.certificate.key_id()))], DOC, MINE, version=3), "APPLICANT_CERTIFICATE_UNREADABLE", "not inside"
    for version in (0, 2, 4, 5):
        yield f"SignedData of version {version}", cms([info()], DOC, MINE, version=version), STRUCTURE, "version"
    yield "another certificate of that name, behind", cms([info()], DOC, MINE + [namesake()]), STRUCTURE, "names two certificates"
    yield "another certificate of that name, before", cms([info()], DOC, [namesake()] + MINE), STRUCTURE, "names two certificates"
    yield "signed by that other key", cms([info(party=OTHER, sid=GOOD.sid, attributes=[TYPE, DIGEST])], DOC, [namesake()]), "APPLICANT_CERTIFICATE_UNTRUSTED", ""
    yield "the certificate twice", cms([info()], DOC, MINE * 2), "OK", ""
    yield "more certificates", cms([info()], DOC, MINE + [OTHER.certificate.der, CA.certificate.der]), "OK", ""
    yield "an attribute certificate", cms([info()], DOC, MINE + [context(1)]), STRUCTURE, "something else than X.509"
    yield "a list inside", cms([info()], DOC, MINE, extra=context(1, crl(CA, NOW, NOW + timedelta(1), []))), "OK", ""


def attributes():
    yield "messageDigest twice", one(attributes=[*GOOD.attributes, attribute(MESSAGE_DIGEST, octets(digest(b"x")))]), STRUCTURE, "there twice"
    yield "the same attribute twice", one(attributes=[*GOOD.attributes, DIGEST]), STRUCTURE, "there twice"
    yield "messageDigest of two values", one(attributes=[TYPE, attribute(MESSAGE_DIGEST, octets(digest(DOC)), octets(digest(b"x")))]), STRUCTURE, "several values"
    yield "messageDigest of no value", one(attributes=[TYPE, attribute(MESSAGE_DIGEST)]), STRUCTURE, "ill-formed"
    yield "two signing times", one(attributes=[TYPE, DIGEST, attribute(SIGNING_TIME, utc(NOW), utc(NOW - timedelta(1)))]), STRUCTURE, "several values"
    yield "signing time in local time", one(attributes=[TYPE, DIGEST, attribute(SIGNING_TIME, tlv(0x17, b"2611281200+0500"))]), STRUCTURE, "signingTime"
    yield "contentType of another", one(attributes=[attribute(CONTENT_TYPE, oid(TST_INFO)), DIGEST]), PROPERTIES, "contentType"
    yield "no messageDigest", one(attributes=[TYPE]), PROPERTIES, "messageDigest is missing"
    yield "none at all, signed over the content", one(attributes=[], signed_over=DOC), PROPERTIES, "no signed attributes"
    as_content = tlv(0x31, GOOD.signed_attributes())
    yield "none, and the content is a set of attributes that he has signed elsewhere", one(as_content, attributes=[], value=GOOD.signature()), PROPERTIES, "no signed attributes"
    yield "signed with their tag as sent", one(signed_over=context(0, GOOD.signed_attributes())), INVALID, "signature value"
    yield "signed sorted, sent unsorted", one(attributes=UNSORTED, ordered=False, signed_over=tlv(0x31, *sorted(UNSORTED))), INVALID, "signature value"
    yield "primitive", raw(tlv(0x80, GOOD.signed_attributes())), STRUCTURE, "ill-formed"
    yield "of indefinite length", raw(indefinite(0xa0, GOOD.signed_attributes())), STRUCTURE, "not DER"
    yield "an unknown one", one(attributes=[*GOOD.attributes, attribute("1.2.3.4.5", integer(1), integer(2))]), "OK", ""
    yield "a counter-signature among them", one(attributes=[*GOOD.attributes, counter()]), PROPERTIES, "counter-signature"
    yield "a counter-signature where it belongs", one(unsigned=[counter()]), "OK", ""
    yield "a wrong one, which vouches for nothing", one(unsigned=[counter(b"z" * 256)]), "OK", ""
    for what, stray in (("messageDigest", attribute(MESSAGE_DIGEST, octets(digest(b"x")))), ("contentType", TYPE), ("signingTime", attribute(SIGNING_TIME, utc(NOW))),
                        ("signingCertificateV2", signing_certificate_v2(OTHER.certificate))):
        yield f"{what} among the unsigned", one(unsigned=[stray]), STRUCTURE, "must be signed"
    mine, other = (seq(octets(digest(p.certificate.der))) for p in (ME, OTHER))
    yield "signingCertificateV2 of another", named(other), PROPERTIES, "another certificate"
    yield "signingCertificateV2: his is the second", named(other, mine), PROPERTIES, "another certificate"
    yield "signingCertificateV2: and his authority's", named(mine, other), "OK", ""
    yield "signingCertificateV2 with policies", named(mine, policies=seq(seq(oid("1.2.3")))), "OK", ""
    yield "signingCertificateV2 of none", named(), PROPERTIES, "another certificate"
    for serial, want, words in ((ME.certificate.serial, "OK", ""), (integer(5), PROPERTIES, "another certificate")):
        yield f"signingCertificateV2, serial number {want}", named(seq(octets(digest(ME.certificate.der)), seq(seq(context(4, ME.certificate.issuer)), serial))), want, words


def algorithms():
    rsa512 = algorithm("1.2.840.113549.1.1.13")
    yield "SHA-512", one(method=rsa512, digest_algorithm=algorithm(SHA512), hash=SHA512, attributes=SHA512_ATTRIBUTES), "OK", ""
    yield "rsaEncryption", one(method=algorithm(RSA)), "OK", ""
    yield "without NULL", one(method=algorithm(SHA256_RSA, False), digest_algorithm=algorithm(SHA256, False)), "OK", ""
    yield "a method of another digest", one(method=rsa512), ALGORITHM, "do not fit"
    yield "a digest of another method", one(digest_algorithm=algorithm(SHA512), attributes=SHA512_ATTRIBUTES), ALGORITHM, "do not fit"
    yield "SHA-1 for the content alone", one(digest_algorithm=algorithm(SHA1), attributes=[TYPE, attribute(MESSAGE_DIGEST, octets(digest(DOC, SHA1)))]), ALGORITHM, "SHA-1"
    weak = Party(PKI, "bad-weak")
    yield "a weak key", cms([SignerInfo(weak, DOC)], DOC, [weak.certificate.der]), "APPLICANT_KEY_WEAK", "1024"


def encodings():
    good = one()
    pieces = [octets(DOC[:5]), octets(b""), octets(DOC[5:])]
    yield "indefinite lengths", cms([info()], DOC, MINE, outer=lambda *parts: indefinite(0x30, *parts)), "OK", ""
    yield "the content in pieces", cms([info()], None, MINE, encapsulated=indefinite(0xa0, indefinite(0x24, *pieces))), "OK", ""
    yield "pieces in pieces", cms([info()], None, MINE, encapsulated=context(0, tlv(0x24, tlv(0x24, *pieces)))), STRUCTURE, "not one OCTET STRING"
    yield "two contents", cms([info()], None, MINE, encapsulated=context(0, octets(DOC), octets(DOC))), STRUCTURE, "not one OCTET STRING"
    yield "a SEQUENCE as content, as PKCS #7 has it", cms([info()], None, MINE, encapsulated=context(0, seq(DOC))), STRUCTURE, "not one OCTET STRING"
    yield "no content", cms([info()], None, MINE), "APPLICANT_SIGNATURE_COVERAGE", "not inside"
    yield "SignedData inside", cms([info(good, attributes=[attribute(CONTENT_TYPE, oid(SIGNED_DATA))])], good, MINE, content_type=SIGNED_DATA), STRUCTURE, "another type"
    yield "the value in pieces", raw(value=tlv(0x24, octets(GOOD.signature()))), STRUCTURE, "ill-formed"
    yield "the value with a zero before it", one(value=b"\0" + GOOD.signature()), INVALID, "signature value"
    yield "something behind the unsigned attributes", raw(behind=context(1) + integer(1)), STRUCTURE, "ill-formed"
    yield "a byte behind", good + b"\0", STRUCTURE, "bytes after"
    yield "a length with a zero before it", b"\x30\x83" + (len(good) - 4).to_bytes(3, "big") + good[4:], "CMS_MALFORMED", "not a whole"


def stamps():
    value = GOOD.signature()

    def token(info_, signer=TSA, content_type=TST_INFO, **fields):
        made = SignerInfo(signer, info_, content_type)
        for field, changed in fields.items():
            setattr(made, field, changed)
        return made

    def with_stamp(*tokens):
        return one(unsigned=[attribute(TIME_STAMP_TOKEN, *tokens)])

    def stamped(info_):
        return with_stamp(time_stamp(TSA, info_))

    good = tst_info(value, NOW)
    yield "good", stamped(good), "OK", ""
    yield "of SHA-512", stamped(tst_info(value, NOW, SHA512)), "OK", ""
    yield "over the content", stamped(tst_info(DOC, NOW)), STAMP, "over something else"
    yield "over the digest of the value", stamped(tst_info(digest(value), NOW)), STAMP, "over something else"
    yield "of SHA-1", stamped(tst_info(value, NOW, SHA1)), STAMP, "not allowed"
    yield "the imprint of one digest under the name of another", stamped(tst_info(value, NOW, imprint=seq(algorithm(SHA512), octets(digest(value))))), STAMP, "over something else"
    yield "of tomorrow", stamped(tst_info(value, NOW + timedelta(1))), STAMP, "future"
    yield "from before its authority", stamped(tst_info(value, NOW - timedelta(days=3000))), STAMP, "not current"
    yield "of version 2", stamped(tst_info(value, NOW, version=2)), STAMP, "version"
    yield "accuracy, ordering, nonce", stamped(tst_info(value, NOW, after=seq(integer(1), tlv(0x80, b"\1\xf4"), tlv(0x81, b"\x64")) + TRUE + integer(99))), "OK", ""
    yield "exact to a year", stamped(tst_info(value, NOW, after=seq(integer(31536000)))), STAMP, "exact to 31536000 s only"
    yield "exact to 2^55 s", stamped(tst_info(value, NOW, after=seq(integer(2 ** 55 - 1)))), STAMP, "exact to"
    yield "accuracy of 1000 ms", stamped(tst_info(value, NOW, after=seq(tlv(0x80, b"\3\xe8")))), STAMP, "accuracy"
    yield "fields out of order", stamped(tst_info(value, NOW, after=integer(99) + TRUE)), STAMP, "extensions"
    yield "a field behind", stamped(tst_info(value, NOW, after=octets(b"x"))), STAMP, "extensions"
    yield "a critical extension", stamped(tst_info(value, NOW, after=context(1, extension("1.2.3.4", NULL, True)))), STAMP, "extensions"
    yield "an extension", stamped(tst_info(value, NOW, after=context(1, extension("1.2.3.4", NULL)))), "OK", ""
    yield "UTCTime", stamped(tst_info(value, utc(NOW))), STAMP, "time"
    for text, want in (("%Y%m%d%H%M%S.5Z", "OK"), ("%Y%m%d%H%M%S.50Z", STAMP), ("%Y%m%d%H%M%S", STAMP), ("%Y%m%d%H%M%S+0500", STAMP), ("%Y%m%d%H%MZ", STAMP)):
        yield f"time as {text}", stamped(tst_info(value, tlv(0x18, NOW.strftime(text).encode()))), want, ""
    for signer, words in (("tsa-expired", "has expired"), ("tsa-foreign", "issuer"), ("tsa-noeku", "for time stamps alone"), ("tsa-plain-eku", "for time stamps alone"),
                          (f"applicant-{APPLICANT}", "for time stamps alone")):
        yield f"by {signer}", with_stamp(time_stamp(Party(PKI, signer), good)), STAMP, words
    yield "two tokens in the attribute", with_stamp(time_stamp(TSA, good), time_stamp(TSA, tst_info(value, NOW, serial=8))), STRUCTURE, "exactly one time stamp"
    second = attribute(TIME_STAMP_TOKEN, time_stamp(TSA, tst_info(value, NOW, serial=8)))
    yield "two attributes", one(unsigned=[attribute(TIME_STAMP_TOKEN, time_stamp(TSA, good)), second]), STRUCTURE, "exactly one time stamp"
    theirs = [TSA.certificate.der]
    unnamed = token(good)
    yield "that does not name its authority", with_stamp(cms([token(good, attributes=unnamed.attributes[:2])], good, theirs, TST_INFO, 3)), STAMP, "does not name"
    yield "whose content is plain data", with_stamp(cms([token(good, content_type=DATA)], good, theirs)), STAMP, "another type"
    yield "without its content", with_stamp(cms([token(good)], None, theirs, TST_INFO, 3)), STAMP, "without TSTInfo"
    yield "of two signers", with_stamp(cms([token(good), token(good, ME)], good, theirs + MINE, TST_INFO, 3)), STAMP, "several signers"


def judge(folder, part):
    cases = [("good", one(), "OK", ""), *part()]
    paths = []
    for i, (_, der, _, _) in enumerate(cases):
        paths.append(folder / f"{part.__name__}{i}")
        paths[-1].write_bytes(der)
    done = subprocess.run([str(GATEWAY), "verify", "--trust", str(PKI / "trust"), "--json", *map(str, paths)], capture_output=True, text=True, timeout=120)
    for (name, _, want, words), said in zip(cases, json.loads(done.stdout), strict=True):
        detail = said.get("detail") or "".join(p.get("detail") or "" for p in said.get("parts") or [])
        c.that(f"{part.__name__}: {name}", said["code"] == want and words in detail, f"{said['code']} ({detail}), want {want} ({words})")


with tempfile.TemporaryDirectory(prefix="egov-forged-") as scratch:
    for each in (signers, attributes, algorithms, encodings, stamps):
        c.part(judge, pathlib.Path(scratch), each)
c.finish()
