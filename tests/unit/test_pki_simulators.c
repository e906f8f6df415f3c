/* The simulated certification authority without sockets: what it says when nothing is wrong is right, and each fault is what it is called.
 * Judges: gateway/pki, and OpenSSL's CMS for tokens. How it sounds over HTTP: tests/system/test_pki_simulators.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>

#include "adapters/pki/pki.h"
#include "adapters/simulators/simulator.h"
#include "gateway/base/text.h"
#include "gateway/gost/gost.h"
#include "gateway/pki/crl.h"
#include "gateway/pki/ocsp.h"
#include "gateway/pki/tsp.h"

GW_DEFINE_AUTO(x509, X509, X509_free)

static struct pki *pki;
static struct wall_time now;
static const char *const prefixes[BRANCH_COUNT] = {"", "gost-"};
static const char *const names[BRANCH_COUNT] = {"rsa", "gost"};

static const char *folder(void)
{
        return getenv("EGOV_PKI") ? getenv("EGOV_PKI") : "build/pki";
}

static X509 *certificate(enum branch branch, const char *name)
{
        auto_str char *path = xasprintf("%s/certs/%s%s.pem", folder(), prefixes[branch], name);
        FILE *file = fopen(path, "re");
        X509 *x509 = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
        if (file)
                fclose(file);
        if (!x509)
                fail_msg("%s cannot be read", path);
        return x509;
}

static void serial_of(const X509 *x509, char ret_serial[SERIAL_HEX_MAX])
{
        BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
        char *hex = BN_bn2hex(number);
        assert_true(status_serial(hex, ret_serial));
        OPENSSL_free(hex);
        BN_free(number);
}

static void set(struct authority *authority, const X509 *x509, enum known_status status, int reason, bool delta)
{
        struct entry entry = {.status = status, .reason = reason, .date = (time_t)(now.ms / 1000 - 60), .delta_only = delta};
        serial_of(x509, entry.serial);
        status_set(authority, &entry);
}

/* ---- OCSP ---- */

static enum gw_rc ask(struct authority *authority, const X509 *x509, unsigned fault, struct revocation_status *ret, struct why *why)
{
        uint8_t nonce[OCSP_NONCE_SIZE];
        auto_buf struct buf request = BUF_INIT, answer = BUF_INIT;
        GW_ASSERT(RAND_bytes(nonce, sizeof nonce) == 1);
        struct ocsp_rules rules = {.now = now, .skew_ms = 60000, .age_max_ms = 86400000, .nonce = span_of(nonce, sizeof nonce), .nonce_required = true,
                                   .id = OCSP_ID_SHA256};
        assert_true(ocsp_request(x509, authority->signer.x509, false, rules.nonce, &request));
        assert_ptr_equal(ocsp_authority(pki, buf_span(&request)), authority);
        ocsp_answer(pki, authority, buf_span(&request), fault, now, &answer);
        return ocsp_check(buf_span(&answer), x509, authority->signer.x509, &rules, ret, why);
}

static void test_ocsp_status(void **state GW_UNUSED)
{
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                struct authority *authority = pki_authority(pki, names[b]);
                gw_auto(x509) X509 *good = certificate(b, "applicant-850412390011"), *bad = certificate(b, "bad-revoked");
                struct revocation_status status;
                struct why why = WHY_INIT;
                assert_int_equal(ask(authority, good, PKI_NONE, &status, &why), GW_OK);
                assert_int_equal(status.answer, REVOCATION_GOOD);
                assert_int_equal(status.next_update.ms - status.this_update.ms, 3600000);
                assert_int_equal(ask(authority, bad, PKI_NONE, &status, &why), GW_OK);
                assert_int_equal(status.answer, REVOCATION_BAD);
                assert_int_equal(status.reason, 1);
                set(authority, good, KNOWN_REVOKED, 6, false);
                assert_int_equal(ask(authority, good, PKI_NONE, &status, &why), GW_OK);
                assert_int_equal(status.answer, REVOCATION_BAD);
                assert_int_equal(status.reason, 6);
                set(authority, good, KNOWN_UNKNOWN, -1, false);
                assert_int_equal(ask(authority, good, PKI_NONE, &status, &why), GW_RETRY);
                set(authority, good, KNOWN_GOOD, -1, false);
                assert_int_equal(ask(authority, good, PKI_NONE, &status, &why), GW_OK);
                assert_int_equal(status.answer, REVOCATION_GOOD);
        }
}

/* One name, two keys: the key's digest in CertID tells them apart, and neither speaks for the other. */
static void test_ocsp_next(void **state GW_UNUSED)
{
        struct authority *next = pki_authority(pki, "next"), *old = pki_authority(pki, "rsa");
        gw_auto(x509) X509 *leaf = certificate(BRANCH_RSA, "next-applicant-850412390011");
        struct revocation_status status;
        struct why why = WHY_INIT;
        assert_int_equal(ask(next, leaf, PKI_NONE, &status, &why), GW_OK);
        assert_int_equal(status.answer, REVOCATION_GOOD);
        auto_buf struct buf request = BUF_INIT, answer = BUF_INIT;
        assert_true(ocsp_request(leaf, next->signer.x509, true, span_str(""), &request));
        ocsp_answer(pki, old, buf_span(&request), PKI_NONE, now, &answer);
        static const uint8_t unauthorized[] = {0x30, 0x03, 0x0a, 0x01, 0x06};
        assert_true(span_eq(buf_span(&answer), span_of(unauthorized, sizeof unauthorized)));
}

static void test_ocsp_faults(void **state GW_UNUSED)
{
        static const struct { unsigned fault; enum gw_rc rc; } faults[] = {
                {PKI_NONE, GW_OK}, {PKI_BAD_SIGNATURE, GW_REJECT}, {OCSP_TRY_LATER, GW_RETRY}, {OCSP_INTERNAL_ERROR, GW_RETRY}, {OCSP_UNAUTHORIZED, GW_REJECT},
                {OCSP_MALFORMED, GW_REJECT}, {OCSP_WRONG_CERTIFICATE, GW_REJECT}, {OCSP_WRONG_ISSUER, GW_REJECT}, {OCSP_EXPIRED, GW_RETRY},
                {OCSP_FUTURE, GW_REJECT}, {OCSP_OLD, GW_RETRY}, {OCSP_OLD_PRODUCED, GW_REJECT}, {OCSP_NO_NEXT_UPDATE, GW_OK}, {OCSP_WRONG_NONCE, GW_REJECT},
                {OCSP_NO_NONCE, GW_REJECT}, {OCSP_CRITICAL, GW_REJECT}, {OCSP_CRITICAL_SINGLE, GW_REJECT}, {OCSP_GOOD_AND_REVOKED, GW_REJECT},
                {OCSP_EXTRA, GW_OK}, {OCSP_NO_SINGLE, GW_REJECT}, {OCSP_FOREIGN, GW_REJECT}, {OCSP_NO_EKU, GW_REJECT}, {OCSP_EXPIRED_RESPONDER, GW_REJECT},
                {OCSP_BY_LEAF, GW_REJECT}, {OCSP_BY_ISSUER, GW_OK}, {OCSP_NO_CERTIFICATE, GW_REJECT}, {OCSP_SHA1, GW_REJECT}, {OCSP_UNKNOWN, GW_RETRY},
        };
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                struct authority *authority = pki_authority(pki, names[b]);
                gw_auto(x509) X509 *leaf = certificate(b, "applicant-850412390011");
                for (size_t i = 0; i < GW_COUNT(faults); i++) {
                        struct revocation_status status;
                        struct why why = WHY_INIT;
                        enum gw_rc rc = ask(authority, leaf, faults[i].fault, &status, &why);
                        bool says_nothing = b == BRANCH_GOST && faults[i].fault == OCSP_SHA1;
                        if (rc != (says_nothing ? GW_OK : faults[i].rc))
                                print_error("%s: fault %u gives %d: %s\n", names[b], faults[i].fault, rc, why.detail);
                        assert_int_equal(rc, says_nothing ? GW_OK : faults[i].rc);
                }
        }
}

static void test_ocsp_malformed(void **state GW_UNUSED)
{
        static const uint8_t malformed[] = {0x30, 0x03, 0x0a, 0x01, 0x01};
        struct authority *authority = pki_authority(pki, "rsa");
        gw_auto(x509) X509 *leaf = certificate(BRANCH_RSA, "applicant-850412390011");
        auto_buf struct buf request = BUF_INIT;
        assert_true(ocsp_request(leaf, authority->signer.x509, false, span_str("0123456789abcdef"), &request));
        for (size_t n = 0; n < request.n; n++) {
                auto_buf struct buf answer = BUF_INIT;
                ocsp_answer(pki, authority, span_of(request.p, n), PKI_NONE, now, &answer);
                assert_true(span_eq(buf_span(&answer), span_of(malformed, sizeof malformed)));
        }
        for (size_t n = 0; n < request.n; n++) { /* anything may come of it, but an answer */
                auto_buf struct buf answer = BUF_INIT;
                request.p[n] ^= 0x5a;
                ocsp_answer(pki, authority, buf_span(&request), PKI_NONE, now, &answer);
                assert_true(answer.n >= sizeof malformed);
                request.p[n] ^= 0x5a;
        }
}

/* ---- lists ---- */

static const struct crl_rules *rules(void)
{
        static struct crl_rules r;
        r = (struct crl_rules){.now = now, .skew_ms = 60000, .age_max_ms = 0};
        return &r;
}

static enum gw_rc read_list(struct authority *authority, bool delta, unsigned fault, struct crl *base, struct crl **ret_crl, struct why *why)
{
        auto_buf struct buf bytes = BUF_INIT;
        crl_answer(pki, authority, delta, fault, now, &bytes);
        return delta ? crl_apply_delta(base, buf_span(&bytes), authority->signer.x509, rules(), ret_crl, why)
                     : crl_read(buf_span(&bytes), authority->signer.x509, rules(), ret_crl, why);
}

static enum revocation_answer listed(struct authority *authority, const X509 *x509, bool with_delta)
{
        auto_crl struct crl *base = NULL, *both = NULL;
        struct why why = WHY_INIT;
        struct revocation_status status;
        assert_int_equal(read_list(authority, false, PKI_NONE, NULL, &base, &why), GW_OK);
        if (with_delta)
                assert_int_equal(read_list(authority, true, PKI_NONE, base, &both, &why), GW_OK);
        crl_status(with_delta ? both : base, x509, rules(), &status);
        return status.answer;
}

static void test_lists(void **state GW_UNUSED)
{
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                struct authority *authority = pki_authority(pki, names[b]);
                gw_auto(x509) X509 *good = certificate(b, "applicant-850412390011"), *bad = certificate(b, "bad-revoked");
                assert_int_equal(listed(authority, good, false), REVOCATION_GOOD);
                assert_int_equal(listed(authority, bad, false), REVOCATION_BAD);
                /* only the delta knows, until the complete list is renewed */
                set(authority, good, KNOWN_REVOKED, 1, true);
                assert_int_equal(listed(authority, good, false), REVOCATION_GOOD);
                assert_int_equal(listed(authority, good, true), REVOCATION_BAD);
                status_renew(authority);
                assert_int_equal(listed(authority, good, false), REVOCATION_BAD);
                assert_int_equal(listed(authority, good, true), REVOCATION_BAD);
                /* released by the delta: removeFromCRL */
                set(authority, good, KNOWN_REVOKED, 6, false);
                set(authority, good, KNOWN_GOOD, -1, true);
                assert_int_equal(listed(authority, good, false), REVOCATION_BAD);
                assert_int_equal(listed(authority, good, true), REVOCATION_GOOD);
                status_renew(authority);
                assert_int_equal(listed(authority, good, false), REVOCATION_GOOD);
                /* frozen: the same bytes whatever happens */
                crl_freeze(pki, authority, true, now);
                set(authority, good, KNOWN_REVOKED, 1, false);
                assert_int_equal(listed(authority, good, true), REVOCATION_GOOD);
                crl_freeze(pki, authority, false, now);
                assert_int_equal(listed(authority, good, true), REVOCATION_BAD);
                set(authority, good, KNOWN_GOOD, -1, false);
                authority->fill = 300; /* beyond one byte of length */
                assert_int_equal(listed(authority, good, true), REVOCATION_GOOD);
                assert_int_equal(listed(authority, bad, true), REVOCATION_BAD);
                authority->fill = 0;
        }
}

static void test_list_faults(void **state GW_UNUSED)
{
        static const struct { unsigned fault; enum gw_rc base, delta; } faults[] = {
                {PKI_NONE, GW_OK, GW_OK}, {PKI_BAD_SIGNATURE, GW_REJECT, GW_REJECT}, {CRL_FUTURE, GW_REJECT, GW_REJECT}, {CRL_OTHER_ISSUER, GW_REJECT, GW_REJECT},
                {CRL_WRONG_KEY, GW_REJECT, GW_REJECT}, {CRL_CRITICAL, GW_REJECT, GW_REJECT}, {CRL_CRITICAL_ENTRY, GW_REJECT, GW_REJECT},
                {CRL_WRONG_BASE, GW_OK, GW_REJECT}, {CRL_INDIRECT, GW_REJECT, GW_REJECT}, {CRL_SOME_REASONS, GW_REJECT, GW_REJECT},
                {CRL_SWAPPED, GW_REJECT, GW_REJECT}, {CRL_NO_NUMBER, GW_OK, GW_REJECT}, {CRL_SHA1, GW_REJECT, GW_REJECT}, {CRL_CA_ONLY, GW_OK, GW_REJECT},
        };
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                struct authority *authority = pki_authority(pki, names[b]);
                for (size_t i = 0; i < GW_COUNT(faults); i++) {
                        auto_crl struct crl *base = NULL, *sound = NULL, *both = NULL;
                        struct why why = WHY_INIT;
                        bool says_nothing = b == BRANCH_GOST && faults[i].fault == CRL_SHA1;
                        assert_int_equal(read_list(authority, false, PKI_NONE, NULL, &sound, &why), GW_OK);
                        enum gw_rc first = read_list(authority, false, faults[i].fault, NULL, &base, &why);
                        enum gw_rc second = read_list(authority, true, faults[i].fault, sound, &both, &why);
                        if (first != (says_nothing ? GW_OK : faults[i].base) || second != (says_nothing ? GW_OK : faults[i].delta))
                                print_error("%s: fault %u gives %d, as delta %d: %s\n", names[b], faults[i].fault, first, second, why.detail);
                        assert_int_equal(first, says_nothing ? GW_OK : faults[i].base);
                        assert_int_equal(second, says_nothing ? GW_OK : faults[i].delta);
                }
                gw_auto(x509) X509 *leaf = certificate(b, "applicant-850412390011");
                static const unsigned silent[] = {CRL_EXPIRED, CRL_CA_ONLY}; /* read, but nothing follows for a person */
                for (size_t i = 0; i < GW_COUNT(silent); i++) {
                        auto_crl struct crl *list = NULL;
                        struct why why = WHY_INIT;
                        struct revocation_status status;
                        assert_int_equal(read_list(authority, false, silent[i], NULL, &list, &why), GW_OK);
                        crl_status(list, leaf, rules(), &status);
                        assert_int_equal(status.answer, REVOCATION_UNKNOWN);
                }
        }
}

/* ---- time stamps ---- */

struct stamp { int status; long failure; CMS_ContentInfo *token; TS_TST_INFO *info; };

static void stamp_done(struct stamp *stamp)
{
        CMS_ContentInfo_free(stamp->token);
        TS_TST_INFO_free(stamp->info);
}

static TS_REQ *question(const char *digest_oid, struct span imprint)
{
        TS_REQ *query = TS_REQ_new();
        TS_MSG_IMPRINT *made = TS_MSG_IMPRINT_new();
        X509_ALGOR *algorithm = X509_ALGOR_new();
        ASN1_INTEGER *nonce = ASN1_INTEGER_new();
        assert_true(query && made && algorithm && nonce && ASN1_INTEGER_set_uint64(nonce, 123456789));
        assert_true(X509_ALGOR_set0(algorithm, OBJ_txt2obj(digest_oid, 1), V_ASN1_NULL, NULL) && TS_MSG_IMPRINT_set_algo(made, algorithm));
        uint8_t bytes[64];
        memcpy(bytes, imprint.p, imprint.n);
        assert_true(TS_MSG_IMPRINT_set_msg(made, bytes, (int)imprint.n) && TS_REQ_set_version(query, 1) && TS_REQ_set_msg_imprint(query, made));
        assert_true(TS_REQ_set_nonce(query, nonce) && TS_REQ_set_cert_req(query, 1));
        TS_MSG_IMPRINT_free(made);
        X509_ALGOR_free(algorithm);
        ASN1_INTEGER_free(nonce);
        return query;
}

/* Verifies signature and chain with OpenSSL's CMS: an implementation other than the one that signs here. */
static bool token_holds(const struct stamp *stamp, enum branch branch)
{
        X509_STORE *store = X509_STORE_new();
        auto_str char *root = xasprintf("%s/ca/%sroot.pem", folder(), prefixes[branch]), *issuing = xasprintf("%s/ca/%sissuing.pem", folder(), prefixes[branch]);
        assert_true(store && X509_STORE_load_file(store, root) && X509_STORE_load_file(store, issuing));
        X509_STORE_set_purpose(store, X509_PURPOSE_TIMESTAMP_SIGN);
        bool good = CMS_verify(stamp->token, NULL, store, NULL, NULL, CMS_BINARY) == 1;
        X509_STORE_free(store);
        return good;
}

static void ask_stamp(enum branch branch, unsigned fault, const char *digest_oid, struct span imprint, struct stamp *ret)
{
        *ret = (struct stamp){.status = -1};
        TS_REQ *query = question(digest_oid, imprint);
        unsigned char *der = NULL;
        int n = i2d_TS_REQ(query, &der);
        auto_buf struct buf answer = BUF_INIT;
        tsa_answer(pki, branch, span_of(der, (size_t)n), fault, now, &answer);
        OPENSSL_free(der);
        TS_REQ_free(query);
        /* PKIStatusInfo by OpenSSL's type, the token by its CMS, as PKCS7 knows no national algorithms */
        const unsigned char *p = answer.p;
        long length = 0;
        int tag = 0, class = 0;
        assert_false(ASN1_get_object(&p, &length, &tag, &class, (long)answer.n) & 0x80);
        TS_STATUS_INFO *status = d2i_TS_STATUS_INFO(NULL, &p, (long)(answer.p + answer.n - p));
        assert_non_null(status);
        ret->status = (int)ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status));
        const ASN1_BIT_STRING *failure = TS_STATUS_INFO_get0_failure_info(status);
        for (long bit = 0; failure && bit < 32; bit++)
                if (ASN1_BIT_STRING_get_bit(failure, (int)bit))
                        ret->failure = bit;
        TS_STATUS_INFO_free(status);
        if (p < answer.p + answer.n) {
                ret->token = d2i_CMS_ContentInfo(NULL, &p, (long)(answer.p + answer.n - p));
                assert_non_null(ret->token);
                const ASN1_OCTET_STRING *content = *CMS_get0_content(ret->token);
                const unsigned char *in = ASN1_STRING_get0_data(content);
                ret->info = d2i_TS_TST_INFO(NULL, &in, ASN1_STRING_length(content));
                assert_non_null(ret->info);
        }
        assert_ptr_equal(p, answer.p + answer.n);
}

#define SHA256_OID "2.16.840.1.101.3.4.2.1"
static struct span imprint(void)
{
        static uint8_t bytes[32] = {1, 2, 3};
        return span_of(bytes, sizeof bytes);
}

static int64_t seconds_off(const TS_TST_INFO *info)
{
        struct tm tm = {0};
        assert_true(ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm));
        return timegm(&tm) - now.ms / 1000;
}

static void test_stamps(void **state GW_UNUSED)
{
        static uint8_t digest[64] = {7};
        const struct { const char *oid; struct span imprint; } imprints[] = {{SHA256_OID, imprint()}, {"1.2.398.3.10.1.3.3", span_of(digest, 64)},
                                                                             {"1.2.398.3.10.1.3.1", span_of(digest, 32)}};
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                for (size_t i = 0; i < GW_COUNT(imprints); i++) {
                        struct stamp stamp;
                        char policy[64], algorithm[64];
                        ask_stamp(b, PKI_NONE, imprints[i].oid, imprints[i].imprint, &stamp);
                        assert_int_equal(stamp.status, 0);
                        assert_true(token_holds(&stamp, b));
                        assert_int_equal(seconds_off(stamp.info), 0);
                        assert_int_equal(ASN1_INTEGER_get(TS_TST_INFO_get_nonce(stamp.info)), 123456789);
                        OBJ_obj2txt(policy, sizeof policy, TS_TST_INFO_get_policy_id(stamp.info), 1);
                        assert_string_equal(policy, TSA_POLICY);
                        TS_MSG_IMPRINT *made = TS_TST_INFO_get_msg_imprint(stamp.info);
                        OBJ_obj2txt(algorithm, sizeof algorithm, TS_MSG_IMPRINT_get_algo(made)->algorithm, 1);
                        assert_string_equal(algorithm, imprints[i].oid);
                        const ASN1_OCTET_STRING *bytes = TS_MSG_IMPRINT_get_msg(made);
                        assert_true(span_eq(span_of(ASN1_STRING_get0_data(bytes), (size_t)ASN1_STRING_length(bytes)), imprints[i].imprint));
                        stamp_done(&stamp);
                }
        }
}

static void test_stamp_faults(void **state GW_UNUSED)
{
        static const struct { unsigned fault; int status; bool holds; } faults[] = {
                {PKI_BAD_SIGNATURE, 0, false}, {TSA_REJECTION, 2, false}, {TSA_NO_TIME, 2, false}, {TSA_MODS, 1, true}, {TSA_WRONG_IMPRINT, 0, true},
                {TSA_WRONG_NONCE, 0, true}, {TSA_NO_NONCE, 0, true}, {TSA_WRONG_POLICY, 0, true}, {TSA_NO_CERTIFICATE, 0, false}, {TSA_NO_EKU, 0, false},
                {TSA_PLAIN_EKU, 0, false}, {TSA_FOREIGN, 0, false}, {TSA_EXPIRED, 0, false}, {TSA_FUTURE, 0, true}, {TSA_PAST, 0, true},
        };
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                for (size_t i = 0; i < GW_COUNT(faults); i++) {
                        struct stamp stamp;
                        unsigned fault = faults[i].fault;
                        ask_stamp(b, fault, SHA256_OID, imprint(), &stamp);
                        assert_int_equal(stamp.status, faults[i].status);
                        assert_int_equal(stamp.token != NULL, stamp.status < 2);
                        if (fault == TSA_NO_TIME)
                                assert_int_equal(stamp.failure, TS_INFO_TIME_NOT_AVAILABLE);
                        if (stamp.token) {
                                bool holds = token_holds(&stamp, b);
                                if (holds != faults[i].holds)
                                        print_error("%s: fault %u %s\n", names[b], fault, holds ? "holds" : "does not hold");
                                assert_int_equal(holds, faults[i].holds);
                                const ASN1_INTEGER *nonce = TS_TST_INFO_get_nonce(stamp.info);
                                assert_int_equal(nonce ? ASN1_INTEGER_get(nonce) : 0, fault == TSA_NO_NONCE ? 0 : fault == TSA_WRONG_NONCE ? 4711 : 123456789);
                                assert_int_equal(seconds_off(stamp.info), fault == TSA_FUTURE ? 86400 : fault == TSA_PAST ? -86400 : 0);
                                const ASN1_OCTET_STRING *bytes = TS_MSG_IMPRINT_get_msg(TS_TST_INFO_get_msg_imprint(stamp.info));
                                bool same = span_eq(span_of(ASN1_STRING_get0_data(bytes), 32), imprint());
                                assert_int_equal(same, fault != TSA_WRONG_IMPRINT);
                                char policy[64];
                                OBJ_obj2txt(policy, sizeof policy, TS_TST_INFO_get_policy_id(stamp.info), 1);
                                assert_int_equal(str_eq(policy, TSA_POLICY), fault != TSA_WRONG_POLICY);
                        }
                        stamp_done(&stamp);
                }
        }
}

/* The gateway's own reading of the same answers. Who may stamp is verify's question: those faults are none here. */
static void test_stamps_read(void **state GW_UNUSED)
{
        static const struct { unsigned fault; enum gw_rc rc; } faults[] = {
                {PKI_NONE, GW_OK}, {TSA_MODS, GW_OK}, {TSA_REJECTION, GW_REJECT}, {TSA_NO_TIME, GW_RETRY}, {TSA_WRONG_IMPRINT, GW_REJECT},
                {TSA_WRONG_NONCE, GW_REJECT}, {TSA_NO_NONCE, GW_REJECT}, {TSA_WRONG_POLICY, GW_REJECT}, {PKI_BAD_SIGNATURE, GW_REJECT},
                {TSA_NO_CERTIFICATE, GW_REJECT},
        };
        static const enum tsp_digest digests[BRANCH_COUNT] = {TSP_SHA256, TSP_GOST_2015};
        struct span data = span_str("what is stamped");
        for (enum branch b = BRANCH_RSA; b < BRANCH_COUNT; b++) {
                for (size_t i = 0; i < GW_COUNT(faults); i++) {
                        auto_buf struct buf request = BUF_INIT, answer = BUF_INIT, token = BUF_INIT;
                        struct why why = WHY_INIT;
                        assert_true(tsp_request(digests[b], data, TSA_POLICY, span_str("\x11\x22\x33\x44\x55\x66\x77\x88"), &request));
                        tsa_answer(pki, b, buf_span(&request), faults[i].fault, now, &answer);
                        enum gw_rc rc = tsp_response(buf_span(&answer), buf_span(&request), &token, &why);
                        if (rc != faults[i].rc)
                                print_error("%s: fault %u gives %d: %s\n", names[b], faults[i].fault, rc, why.detail);
                        assert_int_equal(rc, faults[i].rc);
                        if (rc != GW_OK)
                                continue;
                        auto_tsp_token struct tsp_token *read = NULL;
                        struct tsp_facts facts;
                        assert_int_equal(tsp_read(buf_span(&token), &read, &facts, &why), CMS_OK);
                        assert_true(tsp_covers(read, data));
                        assert_false(tsp_covers(read, span_str("what is not")));
                        assert_string_equal(facts.policy, TSA_POLICY);
                        assert_int_equal(facts.at.ms / 1000, now.ms / 1000);
                        assert_int_equal(facts.gost, b == BRANCH_GOST ? GOST_2015 : GOST_NONE);
                }
        }
}

static void test_stamp_malformed(void **state GW_UNUSED)
{
        struct stamp stamp;
        ask_stamp(BRANCH_RSA, PKI_NONE, "1.3.14.3.2.26", span_of(imprint().p, 20), &stamp); /* SHA-1 */
        assert_int_equal(stamp.status, 2);
        assert_int_equal(stamp.failure, TS_INFO_BAD_ALG);
        stamp_done(&stamp);
        TS_REQ *query = question(SHA256_OID, imprint());
        unsigned char *der = NULL;
        size_t n = (size_t)i2d_TS_REQ(query, &der);
        for (size_t i = 0; i < 2 * n; i++) { /* cut, then changed */
                auto_buf struct buf answer = BUF_INIT;
                if (i >= n)
                        der[i - n] ^= 0x5a;
                tsa_answer(pki, BRANCH_GOST, span_of(der, i < n ? i : n), PKI_NONE, now, &answer);
                assert_true(answer.n > 5);
                if (i >= n)
                        der[i - n] ^= 0x5a;
        }
        OPENSSL_free(der);
        TS_REQ_free(query);
}

/* ---- small things ---- */

static void test_serials(void **state GW_UNUSED)
{
        char serial[SERIAL_HEX_MAX];
        assert_true(status_serial("0a:bC", serial));
        assert_string_equal(serial, "0ABC");
        assert_true(status_serial("00000abc", serial));
        assert_string_equal(serial, "0ABC");
        assert_false(status_serial("", serial));
        assert_false(status_serial("xyz", serial));
        assert_false(status_serial("-1", serial));
        assert_false(status_serial("00112233445566778899aabbccddeeff0011223344", serial));
}

static void test_names(void **state GW_UNUSED)
{
        struct fault *faults[PKI_FAULTS_MAX];
        assert_int_equal(pki_faults(pki, "ocsp", faults), AUTHORITY_COUNT);
        assert_int_equal(pki_faults(pki, "crl/issuing", faults), 1);
        assert_int_equal(pki_faults(pki, "delta/gost", faults), 1);
        assert_int_equal(pki_faults(pki, "tsa", faults), 2);
        assert_int_equal(pki_faults(pki, "tsa/gost", faults), 1);
        assert_int_equal(pki_faults(pki, "tsa/next", faults), 0);
        assert_int_equal(pki_faults(pki, NULL, faults), 0);
        struct why why = WHY_INIT;
        assert_int_equal(pki_faults(pki, "crl/root", faults), 1);
        assert_int_equal(fault_parse("wrong-base,count=2", faults[0], &why), GW_OK);
        assert_int_equal(faults[0]->kind, CRL_WRONG_BASE);
        assert_int_equal(fault_parse("tryLater", faults[0], &why), GW_REJECT);
        assert_int_equal(fault_parse("none", faults[0], &why), GW_OK);
}

static int open_all(void **state GW_UNUSED)
{
        struct why why = WHY_INIT;
        verify_init();
        now = wall_now();
        pki = pki_new();
        if (pki_open(pki, folder(), &why) == GW_OK)
                return 0;
        print_error("%s\n", why.detail);
        return -1;
}

static int close_all(void **state GW_UNUSED)
{
        pki_close(pki);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ocsp_status),  cmocka_unit_test(test_ocsp_next),       cmocka_unit_test(test_ocsp_faults),
                cmocka_unit_test(test_ocsp_malformed), cmocka_unit_test(test_lists),         cmocka_unit_test(test_list_faults),
                cmocka_unit_test(test_stamps),       cmocka_unit_test(test_stamp_faults),    cmocka_unit_test(test_stamps_read),
                cmocka_unit_test(test_stamp_malformed),
                cmocka_unit_test(test_serials),      cmocka_unit_test(test_names),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
