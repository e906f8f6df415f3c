#!/usr/bin/python3
"""NIST's Public Key Interoperability Test Suite (PKITS) through `verify --certificate`. The suite is Debian's package python3-cryptography-vectors; its files say in
their names whether the path is valid, and the table below says what NIST's document says of those whose names do not, setting by setting."""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import tempfile

from check import GATEWAY, Checks

SUITE = pathlib.Path("/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data")
AT = "2011-06-01T00:00:00Z"
POLICIES = "2.16.840.1.101.3.2.1.48."
GOOD, NO = True, False

# name → [(initial policies by number, or none for any; explicit-policy, inhibit-mapping, inhibit-any), valid]
E, M, A = "--explicit-policy", "--inhibit-mapping", "--inhibit-any"
SETTINGS = {
    "ValidCertificatePathTest1EE": [((), [E], GOOD), ((1,), [E], GOOD), ((2,), [E], NO), ((1, 2), [E], GOOD)],       # 4.8.1
    "AllCertificatesNoPoliciesTest2EE": [((), [], GOOD), ((), [E], NO)],                                              # 4.8.2
    "DifferentPoliciesTest3EE": [((), [], GOOD), ((), [E], NO), ((1, 2), [E], NO)],
    "DifferentPoliciesTest4EE": [((), [], NO)],
    "DifferentPoliciesTest5EE": [((), [], NO)],
    "OverlappingPoliciesTest6EE": [((), [], GOOD), ((1,), [], GOOD), ((2,), [], NO)],
    "DifferentPoliciesTest7EE": [((), [], NO)],
    "DifferentPoliciesTest8EE": [((), [], NO)],
    "DifferentPoliciesTest9EE": [((), [], NO)],
    "AllCertificatesSamePoliciesTest10EE": [((1,), [], GOOD), ((2,), [], GOOD), ((), [], GOOD)],
    "AllCertificatesanyPolicyTest11EE": [((), [], GOOD), ((1,), [], GOOD)],
    "DifferentPoliciesTest12EE": [((), [], NO)],
    "AllCertificatesSamePoliciesTest13EE": [((1,), [], GOOD), ((2,), [], GOOD), ((3,), [], GOOD)],
    "AnyPolicyTest14EE": [((1,), [], GOOD), ((2,), [], NO)],
    "UserNoticeQualifierTest15EE": [((), [], GOOD)],
    "UserNoticeQualifierTest16EE": [((), [], GOOD)],
    "UserNoticeQualifierTest17EE": [((), [], GOOD)],
    "UserNoticeQualifierTest18EE": [((1,), [], GOOD), ((2,), [], GOOD)],
    "UserNoticeQualifierTest19EE": [((), [], GOOD)],
    "CPSPointerQualifierTest20EE": [((1,), [], GOOD), ((2,), [E], NO)],                                               # 4.8.20
    "ValidPolicyMappingTest1EE": [((1,), [], GOOD), ((2,), [], NO), ((), [M], NO)],                                   # 4.10
    "InvalidPolicyMappingTest2EE": [((), [], NO), ((), [M], NO)],
    "ValidPolicyMappingTest3EE": [((1,), [], NO), ((2,), [], GOOD)],
    "ValidPolicyMappingTest5EE": [((1,), [], GOOD), ((6,), [], NO)],
    "ValidPolicyMappingTest6EE": [((1,), [], GOOD), ((6,), [], NO)],
    "ValidPolicyMappingTest12EE": [((1,), [], GOOD), ((2,), [], GOOD)],
    "inhibitAnyPolicyTest3EE": [((), [], GOOD), ((), [A], NO)],                                                       # 4.12.3
}
# Where we answer otherwise than the suite, and why.
OTHERWISE = {
    "ValidDSASignaturesTest4EE": "CERTIFICATE_KEY_WEAK",                  # 4.1.4, 4.1.5: DSA of 1,024 bits
    "ValidDSAParameterInheritanceTest5EE": "CERTIFICATE_KEY_WEAK",
    "ValidcRLIssuerTest30EE": "CERTIFICATE_REVOCATION_UNKNOWN",           # 4.14.30: the list's signer is vouched for by that list alone; NIST lets it be left out
}
c = Checks()


def verdict(folder, name, policies, options):
    command = [GATEWAY, "verify", "--certificate", SUITE / "certs" / f"{name}.crt", "--trust", folder / "trust", "--untrusted", folder / "authorities", "--crl", SUITE / "crls",
               "--at", AT, *options]
    for number in policies:
        command += ["--policy-oid", f"{POLICIES}{number}"]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)


def cases(names):
    for name in names:
        if name in SETTINGS:
            yield from ((name, *one) for one in SETTINGS[name])
        elif c.that(f"{name}: its name says what must come", re.match("Valid|Invalid", name)):
            yield name, (), [], name.startswith("Valid")


def judge(folder, case):
    name, policies, options, valid = case
    return case, verdict(folder, name, policies, options)


def main():
    if not SUITE.is_dir():
        c.skip("PKITS", "python3-cryptography-vectors is not installed")
        c.finish()
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        (folder / "trust").mkdir()
        (folder / "authorities").mkdir()
        names = sorted(p.stem for p in (SUITE / "certs").glob("*EE.crt"))
        for path in (SUITE / "certs").glob("*.crt"):
            if path.stem not in names:
                shutil.copy(path, folder / ("trust" if path.stem == "TrustAnchorRootCertificate" else "authorities"))
        c.that("the whole suite is there", len(names) > 200, len(names))
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            for (name, policies, options, valid), done in pool.map(lambda case: judge(folder, case), list(cases(names))):
                said = done.stdout.split()[0].rstrip(":") if done.stdout else done.stderr
                wanted = OTHERWISE.get(name, "OK" if valid else None)
                good = said == wanted if wanted else done.returncode == 1 and said.startswith(("CERTIFICATE_", "AUTHORITY_"))
                c.that(f"{name} {policies} {' '.join(options)}", good, f"{said}, want {wanted or 'a refusal'}: {done.stdout[:200]}")
    c.finish()


if __name__ == "__main__":
    main()
