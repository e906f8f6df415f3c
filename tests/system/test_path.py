#!/usr/bin/python3
"""Certification paths (RFC 5280 section 6) after the sections of NIST PKITS: for each a good path and broken ones, with our exact code and OpenSSL's opinion beside it."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from check import GATEWAY, ROOT, Checks

VECTORS = pathlib.Path(os.environ.get("EGOV_VECTORS", ROOT.parent / "shared" / "vectors"))
UNTRUSTED, EXPIRED, EARLY, AUTHORITY = "CERTIFICATE_UNTRUSTED", "CERTIFICATE_EXPIRED", "CERTIFICATE_NOT_YET_VALID", "AUTHORITY_NOT_CURRENT"
REVOKED, UNKNOWN, POLICY, WEAK = "CERTIFICATE_REVOKED", "CERTIFICATE_REVOCATION_UNKNOWN", "CERTIFICATE_POLICY", "CERTIFICATE_KEY_WEAK"
AT = "2030-06-01T00:00:00Z"
AT_SECONDS = "1906502400"
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
IDS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
P1, P2, ANY = "1.2.398.9.9.1", "1.2.398.9.9.2", "2.5.29.32.0"
LEAF = "keyUsage=critical,digitalSignature,nonRepudiation\n"
c = Checks()


def openssl(*args, check=True):
    return subprocess.run(["openssl", *map(str, args)], check=check, capture_output=True, text=True)


def serial_of(path):
    return openssl("x509", "-in", path, "-noout", "-serial").stdout.strip().split("=")[1]


class Certificate:
    def __init__(self, key, path, subject):
        self.key, self.path, self.subject = key, path, subject
        self.serial = serial_of(path)


class Authority:
    """Makes what a test asks for, in one folder; nothing is ever reused by accident because every file has a number."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0

    def file(self, suffix, text=None):
        self.count += 1
        path = self.folder / f"{self.count}.{suffix}"
        if text is not None:
            path.write_text(text)
        return path

    def conf(self, extensions, db="", number="01", digest="sha256"):
        database = self.file("db", db)
        self.file("unused", "")
        pathlib.Path(f"{database}.attr").write_text("unique_subject=no\n")
        crlnumber = self.file("number", number + "\n")
        return self.file("conf", f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nnew_certs_dir={self.folder}\ndefault_md={digest}\npolicy=p\nrand_serial=yes\nx509_extensions=e\n"
                                 f"crlnumber={crlnumber}\nemail_in_dn=yes\n[p]\ncountryName=optional\norganizationName=optional\norganizationalUnitName=optional\ncommonName=optional\n"
                                 f"emailAddress=optional\n[req]\ndistinguished_name=n\nprompt=no\nutf8=yes\n[n]\n[e]\n{extensions}")

    def key(self, kind=("EC", "ec_paramgen_curve:P-256")):
        path = self.file("key")
        openssl("genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", path)
        return path

    def make(self, name, issuer=None, extensions=LEAF, since="20250101000000Z", until="20400101000000Z", key=None, digest="sha256", identifiers=True, kind=None):
        subject = name if name.startswith("/") else f"/C=KZ/O=PATH TEST/CN={name}"
        key = key or (self.key(kind) if kind else self.key())
        conf, request, path = self.conf((IDS if identifiers else "") + extensions, digest=digest), self.file("csr"), self.file("pem")
        openssl("req", "-new", "-config", conf, "-key", key, "-subj", subject, "-out", request)
        by = ["-selfsign", "-keyfile", key] if issuer is None else ["-cert", issuer.path, "-keyfile", issuer.key]
        openssl("ca", "-batch", "-notext", "-preserveDN", "-config", conf, *by, "-in", request, "-startdate", since, "-enddate", until, "-out", path)
        return Certificate(key, path, subject)

    def crl(self, issuer, revoked=(), extensions="", last="20300501000000Z", until="20300701000000Z", number="05", digest="sha256"):
        db = "".join(f"R\t400101000000Z\t300301000000Z\t{one.serial}\tunknown\t/CN=x\n" for one in revoked)
        conf, path = self.conf("authorityKeyIdentifier=keyid\n" + extensions, db, number, digest), self.file("crl")
        openssl("ca", "-gencrl", "-config", conf, "-crlexts", "e", "-cert", issuer.path, "-keyfile", issuer.key, "-crl_lastupdate", last, "-crl_nextupdate", until, "-out", path)
        return path

    def broken(self, certificate):
        """One bit of the signature changed."""
        der = bytearray(subprocess.run(["openssl", "x509", "-in", certificate.path, "-outform", "DER"], check=True, capture_output=True).stdout)
        der[-5] ^= 1
        path = self.file("der")
        path.write_bytes(der)
        return path


OURS_TO_OPENSSL = {"--explicit-policy": "-explicit_policy", "--inhibit-any": "-inhibit_any", "--inhibit-mapping": "-inhibit_map"}


def judge(name, want, leaf, trust, untrusted=(), crls=(), options=(), agree=True):
    path = lambda one: str(getattr(one, "path", one))
    ours = [GATEWAY, "verify", "--json", "--certificate", path(leaf), "--trust", path(trust), "--at", AT]
    theirs = ["verify", "-partial_chain", "-no-CApath", "-no-CAstore", "-CAfile", path(trust), "-attime", AT_SECONDS, "-policy_check"]
    for one in untrusted:
        ours += ["--untrusted", path(one)]
        theirs += ["-untrusted", path(one)]
    for one in crls:
        ours += ["--crl", path(one)]
        theirs += ["-CRLfile", path(one)]
    if crls:
        theirs += ["-crl_check_all", "-extended_crl", "-use_deltas"]
    if "--policy-oid" not in options:
        theirs += ["-policy", ANY]
    theirs += ["-auth_level", "0" if "--any-strength" in options else "2"]
    ours += options
    for i, option in enumerate(options):
        if option in OURS_TO_OPENSSL:
            theirs.append(OURS_TO_OPENSSL[option])
        elif option == "--policy-oid":
            theirs += ["-policy", options[i + 1]]
    done = subprocess.run(list(map(str, ours)), capture_output=True, text=True)
    said = json.loads(done.stdout) if done.stdout else {"code": done.stderr}
    c.same(name, (said["code"], done.returncode), (want, 0 if want == "OK" else 1), said.get("detail", ""))
    if agree:
        other = openssl(*theirs, path(leaf), check=False)
        c.same(f"{name}: OpenSSL's opinion", other.returncode == 0, want == "OK", other.stdout + other.stderr)
    return said


def signatures_dates_names(a, root):
    sub = a.make("Sub", root, CA)
    leaf = a.make("Leaf", sub)
    said = judge("4.1 two levels", "OK", leaf, root, [sub])
    c.same("roles of the path", [step["role"] for step in said["path"]], ["leaf", "authority", "anchor"])
    c.that("the leaf has no name in the report", "commonName" not in said["path"][0] and said["path"][1]["commonName"] == "Sub", said)
    judge("4.1 an issuing authority as anchor", "OK", leaf, sub)
    judge("4.1 the intermediate is missing", UNTRUSTED, leaf, root)
    judge("4.1 the leaf's signature", UNTRUSTED, a.broken(leaf), root, [sub])
    judge("4.1 the authority's signature", UNTRUSTED, leaf, root, [a.broken(sub)])
    judge("4.1 SHA-1 in the path", WEAK, a.make("Leaf", sub, digest="sha1"), root, [sub])
    judge("4.1 SHA-1, any strength", "OK", a.make("Leaf", sub, digest="sha1"), root, [sub], options=["--any-strength"])
    judge("4.1 RSA with 1024 bits", WEAK, a.make("Leaf", sub, kind=("RSA", "rsa_keygen_bits:1024")), root, [sub])
    judge("4.2 UTCTime before 2000", "OK", a.make("Leaf", sub, since="19500101120000Z"), root, [sub])
    judge("4.2 notAfter of 1999", EXPIRED, a.make("Leaf", sub, since="19700101120000Z", until="19990101120000Z"), root, [sub])
    judge("4.2 GeneralizedTime", "OK", a.make("Leaf", sub, until="20500101120000Z"), root, [sub])
    judge("4.2 GeneralizedTime notBefore of 2050", EARLY, a.make("Leaf", sub, since="20500101120000Z", until="20510101120000Z"), root, [sub])
    judge("4.2 the leaf has expired", EXPIRED, a.make("Leaf", sub, until="20300101000000Z"), root, [sub])
    old, new = a.make("Sub", root, CA, until="20300101000000Z"), a.make("Sub", root, CA, since="20350101000000Z")
    judge("4.2 the authority has expired", AUTHORITY, a.make("Leaf", old), root, [old])
    judge("4.2 the authority of the future", AUTHORITY, a.make("Leaf", new), root, [new])
    stranger = a.make("Stranger", None, CA)
    judge("4.3 another issuer's name", UNTRUSTED, leaf, stranger, [sub])
    spaced = a.make("Sub  Of   THE root", root, CA)
    twin = a.make("/C=KZ/O=path test/CN=sub of the ROOT", root, CA, key=spaced.key)
    judge("4.3 case and blanks of names", "OK", a.make("Leaf", spaced), root, [twin])
    namesake = a.make("Sub", stranger, CA)
    judge("4.3 the same name, another key", UNTRUSTED, leaf, root, [namesake])
    both = a.make("Leaf", sub, identifiers=False)
    # OpenSSL takes the first one of a name when no key identifier tells; we look for the one whose signature it is.
    other = a.make("Sub", root, CA)
    judge("4.3 two of one name, no key identifier (first)", "OK", both, root, [other, sub], agree=False)
    judge("4.3 two of one name, no key identifier (second)", "OK", both, root, [sub, other], agree=False)
    # A cross-certificate of the same authority leads to a root that we do not have. OpenSSL has no second thought.
    cross = a.make("Sub", stranger, CA, key=sub.key)
    limited = a.make("Sub", root, CA + "nameConstraints=critical,permitted;email:.nowhere.example,excluded;dirName:x\n[x]\nC=KZ\n", key=sub.key)
    for name, offered in {"a cross-certificate first": [cross, sub], "a cross-certificate last": [sub, cross], "its root, too": [cross, stranger, sub],
                          "one with constraints first": [limited, sub]}.items():
        judge(f"4.3 {name}", "OK", leaf, root, offered, agree=False)
    judge("4.3 a cross-certificate alone", UNTRUSTED, leaf, root, [cross])
    judge("4.3 one with constraints alone", UNTRUSTED, leaf, root, [limited])
    judge("4.3 more cross-certificates than are tried", UNTRUSTED, leaf, root, [a.make("Sub", stranger, CA, key=sub.key) for _ in range(9)] + [sub], agree=False)


def constraints(a, root):
    leaf_of = lambda issuer, **more: a.make("Leaf", issuer, **more)
    for name, extensions, want in (("no basicConstraints", "keyUsage=critical,keyCertSign,cRLSign\n", UNTRUSTED),
                                   ("CA:FALSE, critical", "basicConstraints=critical,CA:FALSE\nkeyUsage=keyCertSign\n", UNTRUSTED),
                                   ("CA:FALSE", "basicConstraints=CA:FALSE\nkeyUsage=keyCertSign\n", UNTRUSTED),
                                   ("basicConstraints that are not critical", "basicConstraints=CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n", "OK"),
                                   ("no key usage", "basicConstraints=critical,CA:TRUE\n", "OK"),
                                   ("key usage without keyCertSign", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign,digitalSignature\n", UNTRUSTED)):
        sub = a.make("Sub " + name, root, extensions)
        judge(f"4.6/4.7 {name}", want, leaf_of(sub), root, [sub])
    zero = a.make("Zero", root, "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")
    below = a.make("Below", zero, CA)
    itself = a.make("Zero", zero, CA)
    judge("4.6 pathLen 0 and a leaf", "OK", leaf_of(zero), root, [zero])
    judge("4.6 pathLen 0 and an authority below", UNTRUSTED, leaf_of(below), root, [zero, below])
    judge("4.6 the last certificate is not counted, though an authority's", "OK", below, root, [zero])
    judge("4.6 a self-issued one is not counted", "OK", leaf_of(itself), root, [zero, itself])
    rolled = a.make("Zero", root, CA)
    judge("4.5 self-issued: the old key vouches for the new", "OK", leaf_of(itself), root, [itself, zero, rolled])
    unknown = "1.2.398.9.9.9=%sASN1:UTF8String:x\n"
    judge("4.16 an unknown extension", "OK", leaf_of(zero, extensions=LEAF + unknown % ""), root, [zero])
    judge("4.16 an unknown critical extension", UNTRUSTED, leaf_of(zero, extensions=LEAF + unknown % "critical,"), root, [zero])
    odd = a.make("Odd", root, CA + unknown % "critical,")
    judge("4.16 an unknown critical extension of an authority", UNTRUSTED, leaf_of(odd), root, [odd])


def names(a, root):
    def limited(rule, leaf, extensions, want):
        sub = a.make("Names", root, CA + f"nameConstraints=critical,{rule}\n")
        judge(f"4.13 {rule}: {leaf} {extensions}", want, a.make(leaf, sub, LEAF + (f"subjectAltName={extensions}\n" if extensions else "")), root, [sub])

    directory = "dirName:dn\n[dn]\nC=KZ\nO=PATH TEST\nOU=inside"
    for permitted, inside, outside in ((True, "OK", UNTRUSTED), (False, UNTRUSTED, "OK")):
        kind = "permitted" if permitted else "excluded"
        limited(f"{kind};{directory}", "/C=KZ/O=PATH TEST/OU=inside/CN=x", "", inside)
        limited(f"{kind};{directory}", "/C=KZ/O=PATH TEST/OU=outside/CN=x", "", outside)
        for form, good, bad in (("email:.example.kz", "email:a@mail.example.kz", "email:a@example.org"), ("DNS:example.kz", "DNS:www.example.kz", "DNS:example.org"),
                                ("URI:.example.kz", "URI:http://www.example.kz/x", "URI:http://example.org/x")):
            limited(f"{kind};{form}", "Leaf", good, inside)
            limited(f"{kind};{form}", "Leaf", bad, outside)
    limited("permitted;email:example.kz", "/C=KZ/CN=x/emailAddress=a@example.org", "", UNTRUSTED)
    limited("permitted;email:example.kz", "/C=KZ/CN=x/emailAddress=a@example.kz", "", "OK")


def policies(a, root):
    def sub(name, extensions, issuer=root):
        return a.make(name, issuer, CA + extensions)

    def leaf(issuer, *oids):
        return a.make("Leaf", issuer, LEAF + (f"certificatePolicies={','.join(oids)}\n" if oids else ""))

    one = sub("One", f"certificatePolicies={P1}\n")
    good, other, none = leaf(one, P1), leaf(one, P2), leaf(one)
    explicit = ["--explicit-policy"]
    judge("4.8 the same policy", "OK", good, root, [one], options=explicit)
    judge("4.8 the same policy, asked for", "OK", good, root, [one], options=[*explicit, "--policy-oid", P1])
    judge("4.8 one of two asked for", "OK", good, root, [one], options=[*explicit, "--policy-oid", P2, "--policy-oid", P1])
    judge("4.8 another policy asked for", POLICY, good, root, [one], options=[*explicit, "--policy-oid", P2])
    judge("4.8 different policies, none demanded", "OK", other, root, [one])
    judge("4.8 different policies", POLICY, other, root, [one], options=explicit)
    judge("4.8 no policy", POLICY, none, root, [one], options=explicit)
    anything = sub("Any", f"certificatePolicies={ANY}\n")
    judge("4.8 anyPolicy", "OK", leaf(anything, P1), root, [anything], options=[*explicit, "--policy-oid", P1])
    judge("4.12 anyPolicy inhibited from the start", POLICY, leaf(anything, P1), root, [anything], options=[*explicit, "--inhibit-any"])
    inhibit = sub("Inhibit", f"certificatePolicies={P1}\ninhibitAnyPolicy=critical,0\n")
    judge("4.12 inhibitAnyPolicy", POLICY, leaf(inhibit, ANY), root, [inhibit], options=explicit)
    judge("4.12 inhibitAnyPolicy, named", "OK", leaf(inhibit, P1), root, [inhibit], options=explicit)
    demand = sub("Demand", f"certificatePolicies={P1}\npolicyConstraints=critical,requireExplicitPolicy:0\n")
    judge("4.9 requireExplicitPolicy", POLICY, leaf(demand), root, [demand])
    judge("4.9 requireExplicitPolicy, there", "OK", leaf(demand, P1), root, [demand])
    mapping = sub("Mapping", f"certificatePolicies={P1}\npolicyMappings=critical,{P1}:{P2}\n")
    judge("4.10 a mapping", "OK", leaf(mapping, P2), root, [mapping], options=[*explicit, "--policy-oid", P1])
    judge("4.10 without what is mapped", POLICY, leaf(mapping, P1), root, [mapping], options=[*explicit, "--policy-oid", P1])
    judge("4.11 mapping inhibited from the start", POLICY, leaf(mapping, P2), root, [mapping], options=[*explicit, "--inhibit-mapping"])
    never = sub("Never", f"certificatePolicies={P1}\npolicyConstraints=critical,inhibitPolicyMapping:0\n")
    below = sub("Below", f"certificatePolicies={P1}\npolicyMappings=critical,{P1}:{P2}\n", never)
    judge("4.11 inhibitPolicyMapping", POLICY, leaf(below, P2), root, [never, below], options=explicit)
    wrong = sub("Wrong", f"certificatePolicies={ANY}\npolicyMappings=critical,{ANY}:{P2}\n")
    judge("4.10 a mapping of anyPolicy", POLICY, leaf(wrong, P2), root, [wrong], options=explicit)


def revocation(a, root):
    sub = a.make("Revoking", root, CA)
    good, bad = a.make("Leaf", sub), a.make("Leaf", sub)
    of_root, of_sub = a.crl(root), a.crl(sub, [bad])
    judge("4.4 lists for all", "OK", good, root, [sub], [of_root, of_sub])
    judge("4.4 the leaf is revoked", REVOKED, bad, root, [sub], [of_root, of_sub])
    judge("4.4 the authority is revoked", REVOKED, good, root, [sub], [a.crl(root, [sub]), of_sub])
    judge("4.4 no list of the issuer", UNKNOWN, good, root, [sub], [of_root])
    judge("4.4 no list about the authority", UNKNOWN, good, root, [sub], [of_sub])
    judge("4.4 an anchor is not asked about", "OK", good, sub, [], [of_sub], agree=False)
    judge("4.4 a list that has expired", UNKNOWN, good, root, [sub], [of_root, a.crl(sub, until="20300515000000Z")])
    judge("4.4 what an expired list says does not count", UNKNOWN, bad, root, [sub], [of_root, a.crl(sub, [bad], until="20300515000000Z")])
    judge("4.4 a list of tomorrow", UNKNOWN, good, root, [sub], [of_root, a.crl(sub, last="20300615000000Z")])
    namesake = a.make("Revoking", None, CA)
    judge("4.4 a list with another key", UNKNOWN, bad, root, [sub], [of_root, a.crl(namesake, [bad])])
    judge("4.4 an unknown critical extension of a list", UNKNOWN, good, root, [sub], [of_root, a.crl(sub, extensions="1.2.398.9.9.9=critical,ASN1:UTF8String:x\n")])
    judge("4.4 a list signed with SHA-1", UNKNOWN, good, root, [sub], [of_root, a.crl(sub, digest="sha1")], agree=False)
    mute = a.make("Mute", root, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
    judge("4.7 key usage without cRLSign", UNKNOWN, a.make("Leaf", mute), root, [mute], [of_root, a.crl(mute)])
    forged = a.broken(bad)
    judge("a forged certificate is not called revoked", UNTRUSTED, forged, root, [sub], [of_root, of_sub])
    # 4.14: scope
    idp = "issuingDistributionPoint=critical,@idp\n[idp]\n"
    judge("4.14 onlyContainsUserCerts", "OK", good, root, [sub], [of_root, a.crl(sub, extensions=idp + "onlyuser=TRUE\n")])
    judge("4.14 onlyContainsCACerts for a leaf", UNKNOWN, good, root, [sub], [of_root, a.crl(sub, extensions=idp + "onlyCA=TRUE\n")])
    judge("4.14 onlyContainsAttributeCerts", UNKNOWN, good, root, [sub], [of_root, a.crl(sub, extensions=idp + "onlyAA=TRUE\n")])
    judge("4.14 only some reasons", UNKNOWN, good, root, [sub], [of_root, a.crl(sub, extensions=idp + "onlysomereasons=keyCompromise\n")])
    pointed = a.make("Leaf", sub, LEAF + "crlDistributionPoints=URI:http://crl.example.kz/a.crl\n")
    judge("4.14 the distribution point", "OK", pointed, root, [sub], [of_root, a.crl(sub, extensions=idp + "fullname=URI:http://crl.example.kz/a.crl\n")])
    judge("4.14 another distribution point", UNKNOWN, pointed, root, [sub], [of_root, a.crl(sub, extensions=idp + "fullname=URI:http://crl.example.kz/b.crl\n")])
    lister = a.make("Lister", root, CA)
    indirect = a.make("Leaf", sub, LEAF + "crlDistributionPoints=dp\n[dp]\nCRLissuer=dirName:lister\n[lister]\nC=KZ\nO=PATH TEST\nCN=Lister\n")
    judge("4.14 an indirect list", "OK", indirect, root, [sub, lister], [of_root, a.crl(lister, extensions=idp + "indirectCRL=TRUE\n")])
    judge("4.14 another's list that is not indirect", UNKNOWN, indirect, root, [sub, lister], [of_root, a.crl(lister)])
    # 4.15: deltas
    fresh = a.make("Leaf", sub, LEAF + "freshestCRL=URI:http://crl.example.kz/d.crl\n")
    delta = lambda revoked, base="05", number="06": a.crl(sub, revoked, f"2.5.29.27=critical,ASN1:INTEGER:0x{base}\n", number=number)
    judge("4.15 a delta without news", "OK", fresh, root, [sub], [of_root, of_sub, delta([])])
    judge("4.15 revoked by the delta", REVOKED, fresh, root, [sub], [of_root, of_sub, delta([fresh])])
    judge("4.15 a delta alone", UNKNOWN, fresh, root, [sub], [of_root, delta([])])
    judge("4.15 a delta of a later base", "OK", fresh, root, [sub], [of_root, of_sub, delta([fresh], base="07", number="08")])


def public_vectors():
    go, nca = VECTORS / "ncanode-go-testdata", VECTORS / "ncanode-testdata"
    if not go.is_dir():
        c.skip("public certificates", f"{VECTORS} is not there")
        return

    def said(leaf, trust, at, *more):
        done = subprocess.run([GATEWAY, "verify", "--json", "--certificate", leaf, "--trust", trust, "--at", at, *more], capture_output=True, text=True)
        return json.loads(done.stdout)["code"] if done.stdout else done.stderr

    root, issuing, crl = go / "root_test_gost_2022.cer", go / "nca_gost2022_test.cer", go / "nca_gost2022_test.crl"
    listed = openssl("crl", "-inform", "DER", "-in", crl, "-noout", "-text").stdout
    for leaf in sorted(go.glob("*_*.cer")):
        if leaf in (root, issuing):
            continue
        c.same(f"{leaf.name} below the root", said(leaf, root, "2026-10-01T00:00:00Z", "--untrusted", issuing), "OK")
        c.same(f"{leaf.name} and the list", said(leaf, issuing, "2026-10-01T00:00:00Z", "--crl", crl), REVOKED if serial_of(leaf) in listed else "OK")
    valid = go / "legal_valid_head.cer"
    c.same("later", said(valid, issuing, "2027-10-01T00:00:00Z"), EXPIRED)
    c.same("earlier", said(valid, issuing, "2026-01-01T00:00:00Z"), EARLY)
    c.same("the list is too old", said(valid, issuing, "2027-03-01T00:00:00Z", "--crl", crl), UNKNOWN)
    c.same("GOST of 2004", said(nca / "certs" / "ceo_valid_sign_2004_gost.cer", nca / "ca" / "NCA_2004_GOST_CERT.cer", "2022-01-01T00:00:00Z") in ("OK", EXPIRED, EARLY), True)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="egov-path-"))
    try:
        a = Authority(folder)
        root = a.make("Root", None, CA)
        for part in (signatures_dates_names, constraints, names, policies, revocation):
            c.part(part, a, root)
        c.part(public_vectors)
    finally:
        shutil.rmtree(folder)


started = time.monotonic()
main()
print(f"{time.monotonic() - started:.1f} s")
c.finish()
