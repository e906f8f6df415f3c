/* CMS by our own keys, read back by our own reader and, as the judge that is not ours, by OpenSSL (RSA, ECDSA; it knows no GOST). */
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>

#include "gateway/sign/cms_sign.h"
#include "tests/unit/helper_cms.h"

GW_DEFINE_AUTO(local_key, struct signing_key, local_key_close)

#define SIGNED_TEXT "<application/>"
static const struct wall_time now = {1790000000000}; /* 2026-09-21 */

static struct signing_key *pki_key(const char *name)
{
        auto_str char *key_path = pki_file("keys", name, ".key"), *path = pki_file("certs", name, ".pem");
        struct signing_key *key = NULL;
        struct why why = WHY_INIT;
        if (local_key_open(key_path, path, &key, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return key;
}

static void make(const char *const *names, size_t count, bool detached, struct wall_time at, struct buf *out)
{
        struct signing_key *keys[CMS_SIGN_KEYS_MAX];
        struct why why = WHY_INIT;
        for (size_t i = 0; i < count; i++)
                keys[i] = pki_key(names[i]);
        if (cms_sign((const struct signing_key *const *)keys, count, span_str(SIGNED_TEXT), detached, at, out, &why) != GW_OK)
                fail_msg("%s", why.detail);
        for (size_t i = 0; i < count; i++)
                local_key_close(keys[i]);
}

static enum cms_problem judge(struct span der, size_t i, const char *content)
{
        auto_cms struct cms *cms = NULL;
        struct cms_signer signer;
        struct why why = WHY_INIT;
        enum cms_problem problem = cms_read(der, DATA_OID, &cms, &why);
        if (problem != CMS_OK)
                return problem;
        cms_signer(cms, i, &signer);
        return cms_check_signer(cms, i, signer.x509, content ? span_str(content) : span_of(NULL, 0), &why);
}

static bool openssl_agrees(struct span der, const char *content)
{
        const unsigned char *p = der.p;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
        BIO *in = content ? BIO_new_mem_buf(content, -1) : NULL, *out = BIO_new(BIO_s_mem());
        bool good = cms && p == der.p + der.n && CMS_verify(cms, NULL, NULL, in, out, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
        BIO_free(in);
        BIO_free(out);
        CMS_ContentInfo_free(cms);
        ERR_clear_error();
        return good;
}

static void every_key(void **state GW_UNUSED)
{
        static const struct { const char *name, *algorithm; bool openssl; } cases[] = {
                {"applicant-850412390011", "rsa-sha256", true},
                {"applicant-790321490015", "ecdsa-sha256", true},
                {"applicant-850412390201", "ecdsa-sha384", true},
                {"gost-applicant-850412390011", "gost34102015-512", false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                for (int detached = 0; detached < 2; detached++) {
                        auto_buf struct buf der = BUF_INIT;
                        make(&cases[i].name, 1, detached, now, &der);
                        const char *beside = detached ? SIGNED_TEXT : NULL;
                        assert_int_equal(judge(buf_span(&der), 0, beside), CMS_OK);
                        assert_true(!cases[i].openssl || openssl_agrees(buf_span(&der), beside));
                        auto_cms struct cms *cms = NULL;
                        struct cms_signer signer;
                        struct why why = WHY_INIT;
                        assert_int_equal(cms_read(buf_span(&der), DATA_OID, &cms, &why), CMS_OK);
                        cms_signer(cms, 0, &signer);
                        assert_string_equal(signer.algorithm, cases[i].algorithm);
                        assert_int_equal(signer.signing_time.ms, now.ms);
                        assert_true(signer.names_certificate);
                        assert_int_equal(cms_content(cms).p == NULL, detached);
                        /* broken siblings */
                        assert_int_equal(judge(buf_span(&der), 0, detached ? NULL : "<other/>"), detached ? CMS_CONTENT_MISSING : CMS_COVERAGE);
                        if (detached)
                                assert_int_equal(judge(buf_span(&der), 0, "<other/>"), CMS_DIGEST);
                        der.p[der.n - 1] ^= 1;
                        assert_int_equal(judge(buf_span(&der), 0, beside), CMS_VALUE);
                        assert_true(!cases[i].openssl || !openssl_agrees(buf_span(&der), beside));
                }
}

static void side_by_side(void **state GW_UNUSED)
{
        static const char *const names[] = {"applicant-850412390011", "gost-applicant-870930490018", "applicant-790321490015"};
        auto_buf struct buf der = BUF_INIT;
        auto_cms struct cms *cms = NULL;
        struct why why = WHY_INIT;
        make(names, GW_COUNT(names), false, now, &der);
        assert_int_equal(cms_read(buf_span(&der), DATA_OID, &cms, &why), CMS_OK);
        assert_int_equal(cms_signer_count(cms), GW_COUNT(names));
        for (size_t i = 0; i < GW_COUNT(names); i++)
                assert_int_equal(judge(buf_span(&der), i, NULL), CMS_OK);
        /* RSA signatures are the same every time, and so is all of their CMS (DER). */
        auto_buf struct buf once = BUF_INIT, again = BUF_INIT;
        make(names, 1, false, now, &once);
        make(names, 1, false, now, &again);
        assert_true(span_eq(buf_span(&once), buf_span(&again)));
}

/* RFC 5652 11.3: UTCTime through 2049, GeneralizedTime from 2050 on. */
static void signing_times(void **state GW_UNUSED)
{
        static const char *const name = "applicant-850412390011";
        static const struct { int64_t seconds; const char *text; } cases[] = {{2524607999, "491231235959Z"}, {2524608000, "20500101000000Z"}};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf der = BUF_INIT;
                make(&name, 1, false, (struct wall_time){cases[i].seconds * 1000}, &der);
                assert_non_null(memmem(der.p, der.n, cases[i].text, strlen(cases[i].text)));
                assert_int_equal(judge(buf_span(&der), 0, NULL), CMS_OK);
        }
}

static enum gw_rc no_signature(void *ctx, struct span digest, struct buf *out, struct why *why)
{
        gw_ignore(ctx != NULL || digest.n == 0 || out == NULL);
        return why_set(why, GW_RETRY, REASON_SIGNER_UNAVAILABLE, "gone");
}

static void refusals(void **state GW_UNUSED)
{
        gw_auto(local_key) struct signing_key *key = pki_key("applicant-850412390011");
        const struct signing_key silent = {.algorithm = key->algorithm, .certificate_base64 = key->certificate_base64, .sign = no_signature};
        char garbage[] = "AAAA", none[] = "%";
        const struct signing_key other = {.algorithm = key->algorithm, .certificate_base64 = garbage, .sign = key->sign, .ctx = key->ctx},
                                 unreadable = {.algorithm = key->algorithm, .certificate_base64 = none, .sign = key->sign, .ctx = key->ctx};
        const struct { const struct signing_key *second; struct span content; enum gw_rc rc; int reason; } cases[] = {
                {&silent, span_str("x"), GW_RETRY, REASON_SIGNER_UNAVAILABLE},
                {&other, span_str("x"), GW_FAULT, REASON_INTERNAL},
                {&unreadable, span_str("x"), GW_FAULT, REASON_INTERNAL},
                {key, span_of("", CMS_SIGN_CONTENT_MAX + 1), GW_FAULT, REASON_INTERNAL}, /* refused by its size before it is looked at */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                const struct signing_key *const both[] = {key, cases[i].second};
                auto_buf struct buf out = BUF_INIT;
                struct why why = WHY_INIT;
                assert_int_equal(cms_sign(both, 2, cases[i].content, false, now, &out, &why), cases[i].rc);
                assert_int_equal(why.reason, cases[i].reason);
                assert_int_equal(out.n, 0);
        }
}

int main(void)
{
        verify_init();
        const struct CMUnitTest tests[] = {cmocka_unit_test(every_key), cmocka_unit_test(side_by_side), cmocka_unit_test(signing_times), cmocka_unit_test(refusals)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
