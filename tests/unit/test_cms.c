/* CMS SignedData: what OpenSSL and the national signers write is read; broken siblings are refused with the exact problem. */
#include "tests/unit/helper_cms.h"

#define AUTH "bad-auth"

static enum cms_problem judge(struct span bytes, struct span detached, char *detail)
{
        struct why why = WHY_INIT;
        auto_cms struct cms *cms = NULL;
        enum cms_problem problem = cms_read(bytes, DATA_OID, &cms, &why);
        for (size_t i = 0; problem == CMS_OK && i < cms_signer_count(cms); i++) {
                struct cms_signer signer;
                cms_signer(cms, i, &signer);
                problem = cms_check_signer(cms, i, signer.x509, detached, &why);
        }
        memcpy(detail, why.detail, sizeof why.detail);
        return problem;
}

static void expect(const char *name, struct span bytes, struct span detached, enum cms_problem want)
{
        char detail[sizeof((struct why){0}.detail)];
        enum cms_problem got = judge(bytes, detached, detail);
        if (got != want)
                fail_msg("%s: got %d (%s), want %d", name, got, detail, want);
}

#define NOTHING span_of(NULL, 0)

static void openssl_signs(void **state GW_UNUSED)
{
        static const struct { const char *command; bool detached; enum cms_problem want; } cases[] = {
                {OPENSSL_CMS "-nodetach" BY(RSA_SIGNER), false, CMS_OK},
                {OPENSSL_CMS "-nodetach -cades" BY(RSA_SIGNER), false, CMS_OK},
                {OPENSSL_CMS "-cades" BY(RSA_SIGNER), true, CMS_OK},
                {OPENSSL_CMS BY(RSA_SIGNER), false, CMS_CONTENT_MISSING},
                {OPENSSL_CMS "-nodetach -keyid" BY(RSA_SIGNER), false, CMS_OK}, /* sid by key identifier, version 3 */
                {OPENSSL_CMS "-nodetach -stream -cades" BY(RSA_SIGNER), false, CMS_OK}, /* BER around a content in pieces */
                {OPENSSL_CMS "-nodetach -md sha384 -cades" BY(RSA_SIGNER), false, CMS_OK},
                {OPENSSL_CMS "-nodetach -md sha512" BY("applicant-790321490015"), false, CMS_OK},
                {OPENSSL_CMS "-nodetach -md sha384" BY("applicant-850412390201"), false, CMS_OK},
                {OPENSSL_CMS "-nodetach" BY(RSA_SIGNER) BY("applicant-870930490018") BY("applicant-790321490015"), false, CMS_OK},
                {"openssl cms -sign -binary -in $D/in -outform PEM -nodetach -out $D/out" BY(RSA_SIGNER), false, CMS_OK},
                {OPENSSL_CMS "-nodetach" BY(AUTH), false, CMS_OK}, /* who may sign is another question */
                {OPENSSL_CMS "-nodetach -noattr" BY(RSA_SIGNER), false, CMS_PROPERTIES},
                {OPENSSL_CMS "-nodetach -nocerts" BY(RSA_SIGNER), false, CMS_CERTIFICATE_MISSING},
                {OPENSSL_CMS "-nodetach -md sha1" BY(RSA_SIGNER), false, CMS_ALGORITHM},
                {OPENSSL_CMS "-nodetach -md md5" BY(RSA_SIGNER), false, CMS_ALGORITHM},
                {OPENSSL_CMS "-nodetach -md sha224" BY(RSA_SIGNER), false, CMS_ALGORITHM},
                {OPENSSL_CMS "-nodetach" BY(RSA_SIGNER) "-keyopt rsa_padding_mode:pss", false, CMS_ALGORITHM},
                {OPENSSL_CMS "-nodetach -econtent_type 1.2.3.4" BY(RSA_SIGNER), false, CMS_STRUCTURE},
                {"openssl cms -digest_create -binary -in $D/in -outform DER -out $D/out", false, CMS_UNREADABLE},
                {"openssl cms -data_create -binary -in $D/in -outform DER -out $D/out", false, CMS_UNREADABLE},
                {"openssl crl2pkcs7 -nocrl -certfile $PKI/certs/" RSA_SIGNER ".pem -outform DER -out $D/out", false, CMS_STRUCTURE}, /* nobody signed */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf der = BUF_INIT;
                shell(cases[i].command, &der);
                expect(cases[i].command, buf_span(&der), cases[i].detached ? span_str(CONTENT) : NOTHING, cases[i].want);
        }
}

static void content(void **state GW_UNUSED)
{
        auto_buf struct buf attached = BUF_INIT, detached = BUF_INIT, pieces = BUF_INIT;
        shell(OPENSSL_CMS "-nodetach -cades" BY(RSA_SIGNER), &attached);
        shell(OPENSSL_CMS "-cades" BY(RSA_SIGNER), &detached);
        shell("head -c 100000 /dev/zero > $D/in; " OPENSSL_CMS "-nodetach -stream" BY(RSA_SIGNER), &pieces);
        expect("both, equal", buf_span(&attached), span_str(CONTENT), CMS_OK);
        expect("both, not equal", buf_span(&attached), span_str("other"), CMS_COVERAGE);
        expect("another detached content", buf_span(&detached), span_str(CONTENT " "), CMS_DIGEST);
        expect("an empty detached content", buf_span(&detached), span_str(""), CMS_DIGEST);
        expect("pieces", buf_span(&pieces), NOTHING, CMS_OK);
        struct why why = WHY_INIT;
        auto_cms struct cms *a = NULL, *d = NULL, *p = NULL;
        assert_int_equal(cms_read(buf_span(&attached), DATA_OID, &a, &why), CMS_OK);
        assert_int_equal(cms_read(buf_span(&detached), DATA_OID, &d, &why), CMS_OK);
        assert_int_equal(cms_read(buf_span(&pieces), DATA_OID, &p, &why), CMS_OK);
        assert_true(span_eq_str(cms_content(a), CONTENT));
        assert_null(cms_content(d).p);
        assert_int_equal(cms_content(p).n, 100000);
        struct cms_signer signer;
        cms_signer(a, 0, &signer);
        assert_string_equal(signer.algorithm, "rsa-sha256");
        assert_true(signer.names_certificate);
        assert_true(signer.signing_time.ms > 0);
        assert_null(signer.time_stamp.p);
        assert_int_equal(signer.signature.n, 256);
}

static void copy_of(const struct buf *in, struct buf *out)
{
        buf_reset(out);
        buf_add_span(out, buf_span(in));
}

/* The same bytes with `from` replaced by `to` of the same length, at the n-th place (0: first). */
static void patch(const struct buf *in, struct span from, struct span to, unsigned n, struct buf *out)
{
        assert_int_equal(from.n, to.n);
        copy_of(in, out);
        uint8_t *at = out->p;
        for (unsigned k = 0;; k++) {
                at = memmem(at, out->n - (size_t)(at - out->p), from.p, from.n);
                assert_non_null(at);
                if (k == n)
                        break;
                at++;
        }
        memcpy(at, to.p, to.n);
}

#define BYTES(text) {(const uint8_t *)(text), sizeof(text) - 1}
static void broken_siblings(void **state GW_UNUSED)
{
        static const struct { const char *name; struct span from, to; unsigned n; enum cms_problem want; } cases[] = {
                {"content changed", {(const uint8_t *)"attached", 8}, {(const uint8_t *)"detached", 8}, 0, CMS_DIGEST},
                {"messageDigest gone", {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04", 9}, {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x7f", 9}, 0, CMS_PROPERTIES},
                {"contentType gone", {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03", 9}, {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x7f", 9}, 0, CMS_PROPERTIES},
                {"messageDigest twice", {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05", 9}, {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04", 9}, 0, CMS_STRUCTURE},
                {"counter-signature signed", {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f", 9}, {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x06", 9}, 0, CMS_PROPERTIES},
                {"contentType of another content", {(const uint8_t *)"\x31\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 13}, {(const uint8_t *)"\x31\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 13}, 0, CMS_PROPERTIES},
                {"not DER inside", {(const uint8_t *)"\x31\x0b\x06\x09", 4}, {(const uint8_t *)"\x31\x80\x06\x09", 4}, 0, CMS_STRUCTURE},
        };
        auto_buf struct buf good = BUF_INIT, bad = BUF_INIT;
        shell(OPENSSL_CMS "-nodetach -cades" BY(RSA_SIGNER), &good);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                patch(&good, cases[i].from, cases[i].to, cases[i].n, &bad);
                expect(cases[i].name, buf_span(&bad), NOTHING, cases[i].want);
        }
        copy_of(&good, &bad);
        bad.p[bad.n - 1] ^= 1;
        expect("value changed", buf_span(&bad), NOTHING, CMS_VALUE);
        copy_of(&good, &bad);
        buf_add_char(&bad, '\0');
        expect("a byte behind", buf_span(&bad), NOTHING, CMS_STRUCTURE);
        for (size_t n = 0; n < good.n; n += 7)
                assert_int_not_equal(judge(span_of(good.p, n), NOTHING, (char[sizeof((struct why){0}.detail)]){0}), CMS_OK);
        expect("nothing", NOTHING, NOTHING, CMS_UNREADABLE);
        expect("text", span_str("MIIB!"), NOTHING, CMS_UNREADABLE);
}

/* The attribute names a certificate: another one with the same key and name must not do. */
static void other_certificate(void **state GW_UNUSED)
{
        auto_buf struct buf der = BUF_INIT;
        shell(OPENSSL_CMS "-nodetach -cades" BY(RSA_SIGNER), &der);
        struct why why = WHY_INIT;
        auto_cms struct cms *cms = NULL;
        assert_int_equal(cms_read(buf_span(&der), DATA_OID, &cms, &why), CMS_OK);
        gw_auto(x509) X509 *other = pki_x509("certs", "applicant-870930490018");
        assert_int_equal(cms_check_signer(cms, 0, other, NOTHING, &why), CMS_CERTIFICATE_MISSING);
        /* A byte of the hash in signingCertificateV2 (SHA-256 is its default, so the OCTET STRING follows at once). */
        auto_buf struct buf bad = BUF_INIT;
        copy_of(&der, &bad);
        uint8_t *at = memmem(bad.p, bad.n, "\x09\x10\x02\x2f", 4);
        uint8_t *hash = memmem(at, 40, "\x04\x20", 2);
        assert_non_null(hash);
        hash[5] ^= 1;
        expect("another hash", buf_span(&bad), NOTHING, CMS_PROPERTIES);
}

/* No single byte can be changed so that something else than the original content passes. */
static void every_byte(void **state GW_UNUSED)
{
        auto_buf struct buf good = BUF_INIT;
        shell(OPENSSL_CMS "-nodetach -cades" BY(RSA_SIGNER), &good);
        unsigned passed = 0;
        for (size_t i = 0; i < good.n; i++) {
                char detail[sizeof((struct why){0}.detail)];
                good.p[i] ^= 0x15;
                passed += judge(buf_span(&good), NOTHING, detail) == CMS_OK;
                good.p[i] ^= 0x15;
        }
        /* The OIDs of the unsigned list of digests have 9 bytes, and nobody relies on it. */
        if (passed > 12)
                fail_msg("%u bytes may be changed", passed);
}

static void national_vectors(void **state GW_UNUSED)
{
        static const struct { const char *file, *detached, *first, *content; size_t signers; } cases[] = {
                {"CmsIntegrationTest.SIGNED_CMS.p7s", NULL, "rsa-sha256", "lol_kek", 1},
                {"CmsServiceTest.SIGNED_CMS_ONE_SIGNER.p7s", NULL, "rsa-sha256", "test123", 1},
                {"CmsServiceTest.SIGNED_CMS.two-signers.p7s", NULL, "gost34102015-512", "test123", 2},
                {"CmsServiceTest.SIGNED_DETACHED_CMS.p7s", "test123", "gost34102015-512", NULL, 2},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *name = xasprintf("ncanode-testdata/signed/%s", cases[i].file), *path = vector_path(name);
                if (!path)
                        return;
                auto_buf struct buf der = BUF_INIT;
                assert_true(text_read_file(path, &der));
                struct span detached = cases[i].detached ? span_str(cases[i].detached) : NOTHING;
                expect(cases[i].file, buf_span(&der), detached, CMS_OK);
                struct why why = WHY_INIT;
                auto_cms struct cms *cms = NULL;
                assert_int_equal(cms_read(buf_span(&der), DATA_OID, &cms, &why), CMS_OK);
                assert_int_equal(cms_signer_count(cms), cases[i].signers);
                struct cms_signer signer;
                cms_signer(cms, 0, &signer);
                assert_string_equal(signer.algorithm, cases[i].first);
                if (cases[i].content)
                        assert_true(span_eq_str(cms_content(cms), cases[i].content));
                auto_buf struct buf base64 = BUF_INIT;
                text_base64(&base64, buf_span(&der));
                assert_true(cms_looks_like(buf_span(&base64)));
                expect("the same in base64", buf_span(&base64), detached, CMS_OK);
                der.p[der.n - 1] ^= 1;
                expect("a byte changed", buf_span(&der), detached, CMS_VALUE);
        }
}

static void looks(void **state GW_UNUSED)
{
        assert_false(cms_looks_like(span_str("<a/>")));
        assert_false(cms_looks_like(span_str("My application")));
        assert_false(cms_looks_like(span_str("0")));
        assert_false(cms_looks_like(NOTHING));
        assert_true(cms_looks_like(span_str("-----BEGIN CMS-----\n")));
        assert_true(cms_looks_like(span_str(" MIIE")));
}

/* ---- ASN.1 ---- */

static void elements(void **state GW_UNUSED)
{
        static const struct { struct span in; bool any, der; } cases[] = {
                {BYTES("\x30\x00"), true, true},
                {BYTES("\x30\x80\x00\x00"), true, false},
                {BYTES("\x30\x80\x02\x01\x05\x00\x00"), true, false},
                {BYTES("\x30\x80\x02\x01\x05"), false, false},
                {BYTES("\x04\x80\x00\x00"), false, false},     /* primitive and indefinite */
                {BYTES("\x04\x81\x01x"), false, false},        /* a shorter form exists */
                {BYTES("\x04\x82\x00\x01x"), false, false},
                {BYTES("\x04\x02x"), false, false},
                {BYTES("\x1f\x01x"), false, false},            /* a tag of several bytes */
                {BYTES("\x00\x00"), false, false},
                {BYTES("\x30\x84\x00\x00\x00\x00"), false, false},
                {BYTES("\x30\x02\x04\x01"), true, false},      /* the inner one is cut */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct span in = cases[i].in;
                struct ber element;
                assert_int_equal(ber_any(&in, &element), cases[i].any);
                assert_int_equal(ber_is_der(cases[i].in), cases[i].der);
        }
        auto_buf struct buf deep = BUF_INIT;
        for (unsigned i = 0; i < 100000; i++)
                buf_add(&deep, "\x30\x80", 2);
        for (unsigned i = 0; i < 100000; i++)
                buf_add(&deep, "\x00\x00", 2);
        struct span in = buf_span(&deep);
        struct ber element;
        assert_false(ber_any(&in, &element));
}

static void times(void **state GW_UNUSED)
{
        static const struct { struct span in; int64_t ms; } cases[] = {
                {BYTES("\x17\x0d" "220928120000Z"), 1664366400000},
                {BYTES("\x18\x0f" "20220928120000Z"), 1664366400000},
                {BYTES("\x18\x13" "20220928120000.125Z"), 1664366400125},
                {BYTES("\x18\x13" "20220928120000.120Z"), 0}, /* DER: no trailing zero */
                {BYTES("\x18\x10" "20220928120000.Z"), 0},
                {BYTES("\x17\x0d" "220931120000Z"), 0},
                {BYTES("\x17\x0d" "220928126000Z"), 0},
                {BYTES("\x17\x0b" "2209281200Z"), 0},
                {BYTES("\x17\x11" "220928120000+0500"), 0},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct span in = cases[i].in;
                struct wall_time time = {0};
                assert_int_equal(ber_time(&in, &time), cases[i].ms != 0);
                assert_int_equal(time.ms, cases[i].ms);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(openssl_signs), cmocka_unit_test(content),  cmocka_unit_test(broken_siblings), cmocka_unit_test(other_certificate),
                cmocka_unit_test(every_byte),    cmocka_unit_test(looks),    cmocka_unit_test(elements),        cmocka_unit_test(times),
                cmocka_unit_test(national_vectors),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
