/* GOST certificates and signatures through the verifier: the public samples, the test PKI, and broken siblings with the exact reason. */
#include "gateway/sign/xml_sign.h"
#include "gateway/pki/path.h"
#include "tests/unit/helper_gost.h"

GW_DEFINE_AUTO(local_key, struct signing_key, local_key_close)

/* ---- signatures of certificates ---- */

#define GO "ncanode-go-testdata/"
#define NCA "ncanode-testdata/"

static void public_certificates(void **state GW_UNUSED)
{
        static const struct {
                const char *subject, *issuer;
                enum gost_kind kind;
                bool good;
        } cases[] = {
                {GO "root_test_gost_2022.cer", GO "root_test_gost_2022.cer", GOST_2015, true}, /* by itself */
                {GO "nca_gost2022_test.cer", GO "root_test_gost_2022.cer", GOST_2015, true},
                {NCA "ca/nca_gost2015_test.cer", GO "root_test_gost_2022.cer", GOST_2015, true},
                {GO "individual_valid_individual_valid.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "individual_revoked_individual_revoked.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_valid_head.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_revoked_head.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_valid_employee.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_revoked_employee.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_valid_employee_signright.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_revoked_employee_signright.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_valid_infosystem.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_revoked_infosystem.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_valid_treasury_client.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {GO "legal_revoked_treasury_client.cer", GO "nca_gost2022_test.cer", GOST_2015, true},
                {NCA "certs/ceo_valid_sign_2004_gost.cer", NCA "ca/NCA_2004_GOST_CERT.cer", GOST_2004, true},
                {GO "legal_valid_head.cer", GO "root_test_gost_2022.cer", GOST_2015, false},        /* another key */
                {GO "legal_valid_head.cer", NCA "ca/NCA_2004_GOST_CERT.cer", GOST_2015, false},     /* of another kind */
                {NCA "ca/NCA_2004_RSA_CERT.cer", NCA "ca/NCA_2004_GOST_CERT.cer", GOST_NONE, false}, /* RSA */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *subject_path = vector_path(cases[i].subject), *issuer_path = vector_path(cases[i].issuer);
                if (!subject_path || !issuer_path)
                        skip();
                gw_auto(x509) X509 *subject = x509_read(subject_path), *issuer = x509_read(issuer_path);
                const ASN1_OBJECT *oid = OBJ_nid2obj(X509_get_signature_nid(subject));
                assert_int_equal(gost_signature_kind(span_of(OBJ_get0_data(oid), OBJ_length(oid))), cases[i].kind);
                if ((X509_verify(subject, X509_get0_pubkey(issuer)) == 1) != cases[i].good)
                        fail_msg("%s by %s", cases[i].subject, cases[i].issuer);
        }
}

/* Any byte of a certificate changed, and it is signed no more. */
static void changed_certificates(void **state GW_UNUSED)
{
        gw_auto(x509) X509 *issuer = pki_x509("ca", "gost-issuing"), *good = pki_x509("certs", "gost-applicant-870930490018");
        EVP_PKEY *key = X509_get0_pubkey(issuer);
        unsigned char *der = NULL;
        int n = i2d_X509(good, &der);
        assert_true(n > 0 && X509_verify(good, key) == 1);
        for (int i = 0; i < n; i += 5) {
                der[i] ^= 0x04;
                const unsigned char *p = der;
                gw_auto(x509) X509 *broken = d2i_X509(NULL, &p, n);
                if (broken && X509_verify(broken, key) == 1)
                        fail_msg("byte %d", i);
                der[i] ^= 0x04;
        }
        ERR_clear_error();
        OPENSSL_free(der);
}

/* ---- chains ---- */

/* A trust folder with these authorities of the test PKI. */
static struct anchors *anchors_of(const char *const *names, size_t count)
{
        char folder[] = "/tmp/egov-anchors-XXXXXX";
        assert_non_null(mkdtemp(folder));
        for (size_t i = 0; i < count && names[i]; i++) {
                auto_str char *from = pki_file("ca", names[i], ".pem"), *text = read_file(from), *to = xasprintf("%s/%s.pem", folder, names[i]);
                assert_true(text_write_file(to, span_str(text), 0600));
        }
        struct anchors *anchors = NULL;
        struct why why = WHY_INIT;
        if (anchors_load(folder, &anchors, &why) != GW_OK)
                fail_msg("%s", why.detail);
        for (size_t i = 0; i < count && names[i]; i++) {
                auto_str char *to = xasprintf("%s/%s.pem", folder, names[i]);
                unlink(to);
        }
        rmdir(folder);
        return anchors;
}

static void chains(void **state GW_UNUSED)
{
        static const struct {
                const char *leaf, *folder, *anchors[3], *untrusted;
                int want; /* enum path_problem */
                const char *issuer;
        } cases[] = {
                {"gost-applicant-870930490018", "certs", {"gost-issuing"}, NULL, PATH_GOOD, "gost-issuing"},
                {"gost-applicant-870930490018", "certs", {"gost-namesake", "gost-foreign", "gost-issuing"}, NULL, PATH_GOOD, "gost-issuing"},
                {"gost-applicant-870930490018", "certs", {"gost-root"}, "gost-issuing", PATH_GOOD, "gost-issuing"}, /* two levels */
                {"gost-issuing", "ca", {"gost-root"}, NULL, PATH_GOOD, "gost-root"},
                {"gost-root", "ca", {"gost-root"}, NULL, PATH_GOOD, NULL},
                {"gost-applicant-870930490018", "certs", {"gost-root"}, NULL, PATH_UNTRUSTED, NULL},
                {"gost-applicant-870930490018", "certs", {"gost-foreign"}, "gost-issuing", PATH_UNTRUSTED, NULL}, /* on offer is not trusted */
                {"gost-applicant-870930490018", "certs", {"root", "issuing"}, NULL, PATH_UNTRUSTED, NULL},
                /* right name, but AKI names another key */
                {"gost-applicant-870930490018", "certs", {"gost-namesake"}, NULL, PATH_UNTRUSTED, NULL},
                {"gost-bad-foreign-ca", "certs", {"gost-root", "gost-issuing"}, NULL, PATH_UNTRUSTED, NULL},
                {"gost-bad-foreign-ca", "certs", {"gost-foreign"}, NULL, PATH_GOOD, "gost-foreign"},
                /* right name, no AKI: only the signature tells */
                {"gost-bad-namesake", "certs", {"gost-issuing"}, NULL, PATH_UNTRUSTED, NULL},
                {"gost-bad-namesake", "certs", {"gost-issuing", "gost-namesake"}, NULL, PATH_GOOD, "gost-namesake"},
                {"gost-bad-namesake", "certs", {"gost-namesake", "gost-issuing"}, NULL, PATH_GOOD, "gost-namesake"},
                {"gost-bad-no-sign", "certs", {"gost-root"}, "gost-no-sign", PATH_UNTRUSTED, NULL},
                {"gost-bad-critical", "certs", {"gost-issuing"}, NULL, PATH_UNTRUSTED, NULL},
                {"gost-bad-ca-as-leaf", "certs", {"gost-issuing"}, NULL, PATH_GOOD, "gost-issuing"}, /* 4.2.1.9: the last one is not counted; USAGE refuses it */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_anchors struct anchors *anchors = anchors_of(cases[i].anchors, GW_COUNT(cases[i].anchors));
                gw_auto(x509) X509 *leaf = pki_x509(cases[i].folder, cases[i].leaf), *between = cases[i].untrusted ? pki_x509("ca", cases[i].untrusted) : NULL;
                STACK_OF(X509) *untrusted = sk_X509_new_null();
                if (between)
                        sk_X509_push(untrusted, between);
                struct path_rules rules = {.at = wall_now(), .untrusted = untrusted};
                struct path path = {0};
                struct why why = WHY_INIT;
                int got = (int)path_verify(anchors, leaf, &rules, &path, &why);
                sk_X509_free(untrusted);
                if (got != cases[i].want)
                        fail_msg("chain %zu (%s): got %s (%s), want %s", i, cases[i].leaf, path_problem_name((enum path_problem)got), why.detail,
                                 path_problem_name((enum path_problem)cases[i].want));
                gw_auto(x509) X509 *want = cases[i].issuer ? pki_x509("ca", cases[i].issuer) : NULL;
                assert_true(!want || X509_cmp(path.certificates[1], want) == 0);
                path_done(&path);
        }
}

/* ---- documents ---- */

static char *signed_by(const char *document, const char *name)
{
        auto_str char *key_path = pki_file("keys", name, ".key"), *path = pki_file("certs", name, ".pem");
        gw_auto(local_key) struct signing_key *key = NULL;
        struct why why = WHY_INIT;
        auto_buf struct buf out = BUF_INIT;
        if (local_key_open(key_path, path, &key, &why) != GW_OK || xml_sign_enveloped(key, span_str(document), &out, &why) != GW_OK)
                fail_msg("%s: %s", name, why.detail);
        return buf_take_str(&out);
}

static void expect_document(struct verifier *verifier, const char *name, const char *text, struct wall_time at, int want, size_t signers)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        struct verified_document verified = {0};
        assert_int_equal(xml_read(span_str(text), &xml_limits_default, &doc, &why), GW_OK);
        enum gw_rc rc = verify_document(verifier, doc, at, &verified, &why);
        int got = rc == GW_OK ? REASON_NONE : why.reason;
        if (got != want)
                fail_msg("%s: got %s (%s), want %s", name, reason_info(got)->name, why.detail, reason_info(want)->name);
        assert_int_equal(verified.signer_count, signers);
        verified_document_done(&verified);
}

#define DOCUMENT "<app xmlns=\"urn:app\"><iin>870930490018</iin></app>"
#define GOST_LEAF "gost-applicant-870930490018"

static void documents(void **state GW_UNUSED)
{
        static const struct {
                const char *first, *second;
                int want;
        } cases[] = {
                {GOST_LEAF, NULL, REASON_NONE},
                {GOST_LEAF, "applicant-850412390011", REASON_NONE},
                {"applicant-850412390011", GOST_LEAF, REASON_NONE},
                {GOST_LEAF, "gost-head-160640900019", REASON_NONE},
                {"gost-bad-expired", NULL, REASON_APPLICANT_CERTIFICATE_EXPIRED},
                {"gost-bad-notyet", NULL, REASON_APPLICANT_CERTIFICATE_NOT_YET_VALID},
                {"gost-bad-auth", NULL, REASON_APPLICANT_CERTIFICATE_USAGE},
                {"gost-bad-critical", NULL, REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {"gost-bad-ca-as-leaf", NULL, REASON_APPLICANT_CERTIFICATE_USAGE},
                {"gost-bad-foreign-ca", NULL, REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {"gost-bad-namesake", NULL, REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {"gost-bad-expired", "applicant-850412390011", REASON_APPLICANT_CERTIFICATE_EXPIRED}, /* the first signer counts too */
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *one = signed_by(DOCUMENT, cases[i].first);
                auto_str char *text = cases[i].second ? signed_by(one, cases[i].second) : xstrdup(one);
                expect_document(verifier, cases[i].first, text, wall_now(), cases[i].want, cases[i].want ? 0 : cases[i].second ? 2 : 1);
        }
}

/* Broken siblings of a good document; each is refused for the one thing that was changed. */
static void broken_documents(void **state GW_UNUSED)
{
#define URN "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"
        static const struct {
                const char *name, *from, *to;
                int want;
        } cases[] = {
                {"changed text", "870930490018", "870930490019", REASON_APPLICANT_SIGNATURE_DIGEST},
                {"SHA-256 digest", GOST_2015_DIGEST_URI, URI_ENC "sha256", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"digest of 2004", GOST_2015_DIGEST_URI, GOST_2004_DIGEST_URI, REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"digest of 256 bits", GOST_2015_DIGEST_URI, URN "gostr34112015-256", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"method of 256 bits", GOST_2015_METHOD_URI, URN "gostr34102015-gostr34112015-256", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"method of 2004", GOST_2015_METHOD_URI, GOST_2004_METHOD_URI, REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"method of RSA", GOST_2015_METHOD_URI, URI_MORE "rsa-sha256", REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"the Russian name", GOST_2015_METHOD_URI, "urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34102012-gostr34112012-512",
                 REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {"no value", "<ds:SignatureValue>", "<ds:SignatureValue>AA==</ds:SignatureValue><ds:SignatureValue>", REASON_APPLICANT_SIGNATURE_STRUCTURE},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *good = signed_by(DOCUMENT, GOST_LEAF);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *text = replaced(good, cases[i].from, cases[i].to);
                expect_document(verifier, cases[i].name, text, wall_now(), cases[i].want, 0);
        }
        /* The value: one byte of it, half of it, none of it. */
        char *value = strstr(good, "<ds:SignatureValue>") + strlen("<ds:SignatureValue>");
        for (size_t i = 0; i < 170; i += 17) {
                char kept = value[i];
                value[i] = kept == 'A' ? 'B' : 'A';
                expect_document(verifier, "changed value", good, wall_now(), REASON_APPLICANT_SIGNATURE_INVALID, 0);
                value[i] = kept;
        }
        auto_str char *whole = xstrndup(value, 172), *half = xstrndup(value, 84);
        auto_str char *shorter = replaced(good, whole, half);
        auto_str char *zeros = replaced(good, whole, "AAAA");
        expect_document(verifier, "half a value", shorter, wall_now(), REASON_APPLICANT_SIGNATURE_INVALID, 0);
        expect_document(verifier, "a value of zeros", zeros, wall_now(), REASON_APPLICANT_SIGNATURE_INVALID, 0);
        expect_document(verifier, "as it was", good, wall_now(), REASON_NONE, 1);
}

/* A certificate that is not the signer's: of another person, of RSA under a GOST method, of GOST under an RSA method. */
static void lent_certificates(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = open_test_verifier();
        auto_str char *gost = signed_by(DOCUMENT, GOST_LEAF), *rsa = signed_by(DOCUMENT, "applicant-850412390011");
        auto_str char *own = certificate_base64(GOST_LEAF), *other = certificate_base64("gost-applicant-850412390011");
        auto_str char *rsa_certificate = certificate_base64("applicant-850412390011");
        auto_str char *lent = replaced(gost, own, other), *rsa_in_gost = replaced(gost, own, rsa_certificate), *gost_in_rsa = replaced(rsa, rsa_certificate, own);
        expect_document(verifier, "another person's", lent, wall_now(), REASON_APPLICANT_SIGNATURE_INVALID, 0);
        expect_document(verifier, "RSA certificate, GOST method", rsa_in_gost, wall_now(), REASON_APPLICANT_SIGNATURE_KEY_MISMATCH, 0);
        expect_document(verifier, "GOST certificate, RSA method", gost_in_rsa, wall_now(), REASON_APPLICANT_SIGNATURE_KEY_MISMATCH, 0);
}

/* Dates of authorities, and the cache: a second look costs no chain and no decoding. */
static void authorities_and_cache(void **state GW_UNUSED)
{
        char folder[] = "/tmp/egov-trust-XXXXXX";
        assert_non_null(mkdtemp(folder));
        auto_str char *past_path = pki_file("ca", "gost-past", ".pem"), *past = read_file(past_path), *copy = xasprintf("%s/past.pem", folder);
        assert_true(text_write_file(copy, span_str(past), 0600));
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *old = open_verifier(folder, &policy), *verifier = open_test_verifier();
        auto_str char *text = signed_by(DOCUMENT, "gost-bad-past-ca"), *good = signed_by(DOCUMENT, GOST_LEAF);
        expect_document(old, "an authority of the past", text, wall_now(), REASON_APPLICANT_CERTIFICATE_UNTRUSTED, 0);
        struct wall_time at = wall_now();
        at.ms = at.ms / 600000 * 600000 + 1; /* in the middle of nothing: a slot begins */
        for (int i = 0; i < 3; i++)
                expect_document(verifier, "again", good, at, REASON_NONE, 1);
        assert_int_equal(verifier_counts(verifier).chains, 1);
        assert_int_equal(verifier_counts(verifier).decoded, 1);
        at.ms += 600000;
        expect_document(verifier, "in the next slot", good, at, REASON_NONE, 1);
        assert_int_equal(verifier_counts(verifier).chains, 2);
        unlink(copy);
        rmdir(folder);
}

/* ---- the public samples ---- */

/* All public authorities of both kinds in one folder. */
static struct verifier *public_verifier(const struct verify_policy *policy)
{
        auto_str char *trust = vector_path("ncanode-testdata/ca");
        if (!trust)
                skip();
        return open_verifier(trust, policy);
}

static void expect_envelope(struct verifier *verifier, const char *name, const char *text, const char *at, int want)
{
        struct why why = WHY_INIT;
        auto_soap struct soap *soap = NULL;
        auto_certificate struct certificate *certificate = NULL;
        enum gw_rc rc = soap_parse(span_str(text), &xml_limits_default, &soap, &why);
        if (rc == GW_OK)
                rc = verify_transport(verifier, soap, instant(at), &certificate, &why);
        int got = rc == GW_OK ? REASON_NONE : why.reason;
        if (got != want)
                fail_msg("%s: got %s (%s), want %s", name, reason_info(got)->name, why.detail, reason_info(want)->name);
        if (rc == GW_OK)
                assert_string_equal(certificate->bin, "123456789021");
}

/* The samples of SHEP's own contract, signed with GOST 34.310-2004 by its software. */
static void shep_samples(void **state GW_UNUSED)
{
        static const char *const names[] = {"shep-contract/example/request.xml", "shep-contract/example/response.xml"};
        struct verify_policy policy = test_policy(), ended = test_policy(), running = test_policy();
        ended.gost2004_until = instant("2019-10-01T00:00:00Z");
        running.gost2004_until = instant("2019-10-01T00:00:01Z");
        auto_verifier struct verifier *verifier = public_verifier(&policy), *after = public_verifier(&ended), *before = public_verifier(&running);
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                auto_str char *path = vector_path(names[i]);
                if (!path)
                        skip();
                auto_str char *good = read_file(path), *changed = replaced(good, "essageId>", "essageId> ");
                auto_str char *digest = replaced(good, GOST_2004_DIGEST_URI "\"", URI_ENC "sha256\"");
                auto_str char *newer = replaced(good, GOST_2004_DIGEST_URI "\"", GOST_2015_DIGEST_URI "\"");
                expect_envelope(verifier, names[i], good, "2019-10-01T00:00:00Z", REASON_NONE);
                expect_envelope(verifier, "changed", changed, "2019-10-01T00:00:00Z", REASON_TRANSPORT_SIGNATURE_DIGEST);
                expect_envelope(verifier, "SHA-256", digest, "2019-10-01T00:00:00Z", REASON_TRANSPORT_SIGNATURE_ALGORITHM);
                expect_envelope(verifier, "digest of 2015", newer, "2019-10-01T00:00:00Z", REASON_TRANSPORT_SIGNATURE_ALGORITHM);
                expect_envelope(verifier, "later", good, "2021-10-01T00:00:00Z", REASON_TRANSPORT_CERTIFICATE_EXPIRED);
                expect_envelope(verifier, "earlier", good, "2019-03-20T00:00:00Z", REASON_TRANSPORT_CERTIFICATE_NOT_YET_VALID);
                expect_envelope(verifier, "the authority has ended", good, "2025-10-01T00:00:00Z", REASON_TRANSPORT_CERTIFICATE_UNTRUSTED);
                expect_envelope(after, "the generation of 2004 refused", good, "2019-10-01T00:00:00Z", REASON_TRANSPORT_SIGNATURE_ALGORITHM);
                expect_envelope(before, "not refused yet", good, "2019-10-01T00:00:00Z", REASON_NONE);
        }
}

/* RSA first, then GOST, by Kalkan. The two certificates were never valid together: with both signatures verified, the first one's dates
 * are what is left to complain of. */
static void two_signers_sample(void **state GW_UNUSED)
{
        auto_str char *path = vector_path("ncanode-testdata/signed/XmlServiceTest.XML_SIGNED_VALID_STRING_TWO_SIGNERS.xml");
        if (!path)
                skip();
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *verifier = public_verifier(&policy);
        auto_str char *good = read_file(path), *changed = replaced(good, "test", "tesT");
        expect_document(verifier, "two signers", good, instant("2022-08-15T00:00:00Z"), REASON_APPLICANT_CERTIFICATE_EXPIRED, 0);
        assert_int_equal(verifier_counts(verifier).signatures, 2);
        expect_document(verifier, "changed", changed, instant("2022-08-15T00:00:00Z"), REASON_APPLICANT_SIGNATURE_DIGEST, 0);
        assert_int_equal(verifier_counts(verifier).signatures, 3); /* the GOST one, peeled first, is what fails */
        /* The second signature alone covers the first one, so it cannot stand without it. */
        const char *from = strstr(good, "<ds:Signature "), *to = strstr(from, "</ds:Signature>");
        auto_str char *first = xstrndup(from, (size_t)(to - from) + strlen("</ds:Signature>")), *alone = replaced(good, first, "");
        expect_document(verifier, "without the first", alone, instant("2022-08-15T00:00:00Z"), REASON_APPLICANT_SIGNATURE_DIGEST, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(public_certificates), cmocka_unit_test(changed_certificates),  cmocka_unit_test(chains),
                cmocka_unit_test(documents),           cmocka_unit_test(broken_documents),      cmocka_unit_test(lent_certificates),
                cmocka_unit_test(authorities_and_cache), cmocka_unit_test(shep_samples),        cmocka_unit_test(two_signers_sample),
        };
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
