/* Certificates: what is read out of them, what is refused, and the cache. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "gateway/gost/provider.h"
#include "gateway/pki/cache.h"
#include "tests/unit/helper_xmlsec1.h"

static void decode_base64(const char *base64, struct buf *der)
{
        assert_true(text_unbase64(der, span_str(base64)));
}

static struct certificate *certificate_named(const char *name)
{
        auto_str char *base64 = certificate_base64(name);
        auto_buf struct buf der = BUF_INIT;
        decode_base64(base64, &der);
        struct certificate *certificate = NULL;
        struct why why = WHY_INIT;
        if (certificate_decode(buf_span(&der), &certificate, &why) != GW_OK)
                fail_msg("%s: %s", name, why.detail);
        return certificate;
}

static void subjects_and_roles(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *iin, *bin;
                unsigned roles;
                bool for_signing, is_ca;
                unsigned key_bits;
        } cases[] = {
                {"applicant-850412390011", "850412390011", "", ROLE_INDIVIDUAL, true, false, 2048},
                {"applicant-790321490015", "790321490015", "", ROLE_INDIVIDUAL, true, false, 256},
                {"applicant-850412390201", "850412390201", "", ROLE_INDIVIDUAL, true, false, 384},
                {"head-160640900019", "790321490015", "160640900019", ROLE_LEGAL | ROLE_HEAD, true, false, 2048},
                {"sign-160640900019", "000101590017", "160640900019", ROLE_LEGAL | ROLE_SIGN_RIGHT, true, false, 2048},
                {"employee-160640900019", "850412390021", "160640900019", ROLE_LEGAL | ROLE_EMPLOYEE, true, false, 2048},
                {"system-portal", "", "091240900012", ROLE_LEGAL | ROLE_SYSTEM, true, false, 2048},
                {"bad-auth", "850412390011", "", ROLE_INDIVIDUAL, false, false, 2048},
                {"bad-norole", "850412390011", "", 0, true, false, 2048},
                {"bad-noiin", "", "", ROLE_INDIVIDUAL, true, false, 2048},
                {"bad-weak", "850412390011", "", ROLE_INDIVIDUAL, true, false, 1024},
                {"bad-ca-as-leaf", "850412390011", "", ROLE_INDIVIDUAL, true, true, 2048},
                {"tsa", "", "", 0, false, false, 2048},
                {"tls-portal", "", "", 0, false, false, 256},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_certificate struct certificate *c = certificate_named(cases[i].name);
                assert_string_equal(c->iin, cases[i].iin);
                assert_string_equal(c->bin, cases[i].bin);
                assert_int_equal(c->roles, cases[i].roles);
                assert_int_equal(c->for_signing, cases[i].for_signing);
                assert_int_equal(c->is_ca, cases[i].is_ca);
                assert_int_equal(c->key_bits, cases[i].key_bits);
                assert_non_null(c->key);
                assert_non_null(strstr(c->common_name, "TEST"));
                assert_true(text_is_utf8(span_str(c->common_name)));
                assert_true(strlen(c->serial) > 0 && strspn(c->serial, "0123456789ABCDEF") == strlen(c->serial));
                assert_true(c->not_before.ms < c->not_after.ms);
        }
}

/* RFC 8017 3.1: both numbers are odd, the exponent is 3 or more. With 1 the signature is the padded digest itself, which anybody can write down. */
static void rsa_keys_that_are_none(void **state GW_UNUSED)
{
        auto_certificate struct certificate *good = certificate_named("applicant-850412390011");
        auto_str char *path = pki_file("keys", "applicant-850412390011", ".key");
        FILE *file = fopen(path, "r");
        EVP_PKEY *signer = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        fclose(file);
        static const struct { unsigned long exponent; bool even_modulus; unsigned bits; } cases[] = {{65537, false, 2048}, {3, false, 2048}, {1, false, 0}, {65536, false, 0}, {65537, true, 0}};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                BIGNUM *n = NULL, *e = BN_new();
                assert_int_equal(EVP_PKEY_get_bn_param(good->key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
                assert_true(BN_set_word(e, cases[i].exponent) == 1 && (!cases[i].even_modulus || BN_sub_word(n, 1) == 1));
                OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
                assert_true(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1);
                OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
                EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
                EVP_PKEY *key = NULL;
                assert_true(EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
                X509 *x509 = X509_dup(good->x509);
                assert_true(X509_set_pubkey(x509, key) == 1 && ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), -77) == 1 && X509_sign(x509, signer, EVP_sha256()) > 0);
                unsigned char *der = NULL;
                int size = i2d_X509(x509, &der);
                auto_certificate struct certificate *made = NULL;
                struct why why = WHY_INIT;
                assert_int_equal(certificate_decode(span_of(der, (size_t)size), &made, &why), GW_OK);
                assert_int_equal(made->key_bits, cases[i].bits);
                assert_string_equal(made->serial, "-4D"); /* negative numbers are read, and told apart */
                OPENSSL_free(der);
                X509_free(x509);
                EVP_PKEY_free(key);
                EVP_PKEY_CTX_free(ctx);
                OSSL_PARAM_free(params);
                OSSL_PARAM_BLD_free(builder);
                BN_free(n);
                BN_free(e);
        }
        EVP_PKEY_free(signer);
}

static void broken_der(void **state GW_UNUSED)
{
        auto_str char *base64 = certificate_base64("applicant-850412390011");
        auto_buf struct buf der = BUF_INIT, longer = BUF_INIT, huge = BUF_INIT;
        decode_base64(base64, &der);
        buf_add_span(&longer, buf_span(&der));
        buf_add_char(&longer, '\0');
        for (int i = 0; i < 20000; i++)
                buf_add_char(&huge, '0');
        const struct span cases[] = {
                {der.p, 0}, {der.p, der.n - 1}, {der.p, 4}, {der.p + 1, der.n - 1}, buf_span(&longer), buf_span(&huge), span_of("x", 1),
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct certificate *certificate = NULL;
                struct why why = WHY_INIT;
                assert_int_equal(certificate_decode(cases[i], &certificate, &why), GW_REJECT);
                assert_null(certificate);
                assert_int_not_equal(strlen(why.detail), 0);
        }
}

/* Flipping any one byte never crashes, and never gives the same fingerprint. */
static void flipped_bytes(void **state GW_UNUSED)
{
        auto_certificate struct certificate *good = certificate_named("applicant-790321490015");
        auto_str char *base64 = certificate_base64("applicant-790321490015");
        auto_buf struct buf der = BUF_INIT;
        decode_base64(base64, &der);
        for (size_t i = 0; i < der.n; i++) {
                der.p[i] ^= 0x55;
                auto_certificate struct certificate *other = NULL;
                struct why why = WHY_INIT;
                if (certificate_decode(buf_span(&der), &other, &why) == GW_OK)
                        assert_false(span_eq(span_of(other->sha256, 32), span_of(good->sha256, 32)));
                der.p[i] ^= 0x55;
        }
}

/* Both generations, by the provider. */
static void public_gost_certificates(void **state GW_UNUSED)
{
        static const struct {
                const char *path, *iin, *bin;
                unsigned roles, key_bits;
        } cases[] = {
                {"ncanode-go-testdata/individual_valid_individual_valid.cer", "123456789011", "", ROLE_INDIVIDUAL, 512},
                {"ncanode-go-testdata/legal_valid_head.cer", "123456789011", "123456789021", ROLE_LEGAL | ROLE_HEAD, 512},
                {"ncanode-testdata/certs/ceo_valid_sign_2004_gost.cer", "123456789011", "123456789021", ROLE_LEGAL | ROLE_HEAD, 256},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *path = vector_path(cases[i].path);
                if (!path)
                        return;
                auto_buf struct buf bytes = BUF_INIT, der = BUF_INIT;
                assert_true(text_read_file(path, &bytes));
                const char *pem = strstr(buf_cstr(&bytes), "-----BEGIN CERTIFICATE-----"), *end = pem ? strstr(pem, "-----END") : NULL;
                if (pem && end)
                        assert_true(text_unbase64(&der, span_of(pem + 27, (size_t)(end - pem) - 27)));
                else
                        buf_add_span(&der, buf_span(&bytes));
                auto_certificate struct certificate *c = NULL;
                struct why why = WHY_INIT;
                assert_int_equal(certificate_decode(buf_span(&der), &c, &why), GW_OK);
                assert_true(c->key && gost_provider_key(c->key) == c->gost);
                assert_non_null(c->gost);
                assert_int_equal(c->key_bits, cases[i].key_bits);
                assert_string_equal(c->iin, cases[i].iin);
                assert_string_equal(c->bin, cases[i].bin);
                assert_int_equal(c->roles, cases[i].roles);
                assert_true(c->for_signing);
        }
}

static void cache_keeps_and_evicts(void **state GW_UNUSED)
{
        static const char *const names[] = {"applicant-850412390011", "applicant-870930490018", "applicant-850412390021", "system-portal"};
        struct certificate *made[GW_COUNT(names)];
        for (size_t i = 0; i < GW_COUNT(names); i++)
                made[i] = certificate_named(names[i]);
        struct certificate_cache *cache = certificate_cache_new(3);
        assert_null(certificate_cache_get(cache, made[0]->sha256));
        for (size_t i = 0; i < 3; i++)
                certificate_cache_put(cache, made[i]);
        certificate_cache_put(cache, made[0]); /* twice is once */
        assert_int_equal(made[0]->references, 2);
        for (size_t i = 0; i < 3; i++) {
                auto_certificate struct certificate *got = certificate_cache_get(cache, made[i]->sha256);
                assert_ptr_equal(got, made[i]);
        }
        certificate_cache_put(cache, made[3]); /* full: one gives way, three stay */
        size_t kept = 0;
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                auto_certificate struct certificate *got = certificate_cache_get(cache, made[i]->sha256);
                kept += got != NULL;
        }
        assert_int_equal(kept, 3);
        auto_certificate struct certificate *newest = certificate_cache_get(cache, made[3]->sha256);
        assert_ptr_equal(newest, made[3]);
        certificate_cache_free(cache);
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                assert_int_equal(made[i]->references, made[i] == newest ? 2 : 1);
                certificate_unref(made[i]);
        }
}

/* Ten thousand puts into a small cache: chains of buckets stay whole under eviction. */
static void cache_under_pressure(void **state GW_UNUSED)
{
        struct certificate_cache *cache = certificate_cache_new(7);
        for (uint32_t i = 0; i < 10000; i++) {
                struct certificate *certificate = xcalloc(1, sizeof *certificate);
                certificate->references = 1;
                uint32_t key = i * 2654435761u % 97;
                memcpy(certificate->sha256, &key, sizeof key);
                auto_certificate struct certificate *known = certificate_cache_get(cache, certificate->sha256);
                if (!known)
                        certificate_cache_put(cache, certificate);
                else
                        assert_true(span_eq(span_of(known->sha256, 32), span_of(certificate->sha256, 32)));
                certificate_unref(certificate);
        }
        certificate_cache_free(cache);
}

static void expect_open_fails(const char *folder, const char *words)
{
        struct verify_policy policy = test_policy();
        struct verifier *verifier = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(verifier_open(folder, &policy, &verifier, &why), GW_FAULT);
        assert_int_equal(why.reason, REASON_CONFIGURATION);
        assert_null(verifier);
        if (!strstr(why.detail, words))
                fail_msg("%s: %s", words, why.detail);
}

static void trust_folders(void **state GW_UNUSED)
{
        char folder[] = "/tmp/egov-trust-XXXXXX";
        assert_non_null(mkdtemp(folder));
        auto_str char *file = xasprintf("%s/a.pem", folder), *leaf_path = pki_file("certs", "applicant-850412390011", ".pem"), *root_path = pki_file("ca", "root", ".pem");
        auto_str char *leaf = read_file(leaf_path), *root = read_file(root_path), *note = xasprintf("%s/README.txt", folder);
        expect_open_fails("/nonexistent/trust", "cannot be opened");
        assert_true(text_write_file(note, span_str("not a certificate"), 0600));
        expect_open_fails(folder, "no certificate");
        assert_true(text_write_file(file, span_str("not a certificate"), 0600));
        expect_open_fails(folder, "a.pem holds no certificate");
        assert_true(text_write_file(file, span_str(leaf), 0600));
        expect_open_fails(folder, "not a certificate of an authority");
        auto_str char *broken = replaced(root, "MII", "MIX"), *second = xasprintf("%s%s", root, broken);
        assert_true(text_write_file(file, span_str(second), 0600));
        expect_open_fails(folder, "unreadable");
        assert_true(text_write_file(file, span_str(root), 0600));
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *verifier = open_verifier(folder, &policy);
        assert_non_null(verifier);
        unlink(file);
        unlink(note);
        rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(subjects_and_roles),       cmocka_unit_test(rsa_keys_that_are_none),   cmocka_unit_test(broken_der),
                cmocka_unit_test(flipped_bytes),            cmocka_unit_test(public_gost_certificates),
                cmocka_unit_test(cache_keeps_and_evicts),   cmocka_unit_test(cache_under_pressure),
                cmocka_unit_test(trust_folders),
        };
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
