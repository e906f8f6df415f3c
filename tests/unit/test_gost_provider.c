/* OpenSSL's own code over the national algorithms: certificates, paths at security level 2, CRLs, OCSP, CMS, digests, keys. Each good case has a sibling with one
 * byte changed. */
#include <pthread.h>

#include <openssl/cms.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "gateway/gost/provider.h"
#include "gateway/pki/path.h"
#include "tests/unit/helper_gost.h"

GW_DEFINE_AUTO(crl, X509_CRL, X509_CRL_free)
GW_DEFINE_AUTO(store, X509_STORE, X509_STORE_free)
GW_DEFINE_AUTO(ctx, X509_STORE_CTX, X509_STORE_CTX_free)
GW_DEFINE_AUTO(md_ctx, EVP_MD_CTX, EVP_MD_CTX_free)
GW_DEFINE_AUTO(md, EVP_MD, EVP_MD_free)
GW_DEFINE_AUTO(pkey_ctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
GW_DEFINE_AUTO(cms_info, CMS_ContentInfo, CMS_ContentInfo_free)
GW_DEFINE_AUTO(response, OCSP_RESPONSE, OCSP_RESPONSE_free)
GW_DEFINE_AUTO(basic, OCSP_BASICRESP, OCSP_BASICRESP_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)

#define GO "ncanode-go-testdata/"
#define NCA "ncanode-testdata/"
#define LEAF "gost-applicant-870930490018"

/* NULL: the vectors are not there. */
static X509 *vector_x509(const char *name)
{
        auto_str char *path = vector_path(name);
        if (!path) {
                print_message("without %s\n", name);
                skip();
        }
        return x509_read(path);
}

static void vector_bytes(const char *name, struct buf *out)
{
        auto_str char *path = vector_path(name);
        if (!path) {
                print_message("without %s\n", name);
                skip();
        }
        assert_true(text_read_file(path, out));
}

static X509 *changed_x509(X509 *good, int from_end)
{
        unsigned char *der = NULL;
        int n = i2d_X509(good, &der);
        assert_true(n > from_end);
        der[n - from_end] ^= 0x10;
        const unsigned char *p = der;
        X509 *changed = d2i_X509(NULL, &p, n);
        OPENSSL_free(der);
        assert_non_null(changed);
        return changed;
}

/* ---- keys and digests ---- */

static void keys(void **state GW_UNUSED)
{
        static const struct {
                const char *name;
                enum gost_kind kind;
                int bits;
        } cases[] = {{GO "legal_valid_head.cer", GOST_2015, 512}, {NCA "certs/ceo_valid_sign_2004_gost.cer", GOST_2004, 256}};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                gw_auto(x509) X509 *x509 = vector_x509(cases[i].name), *again = vector_x509(cases[i].name);
                EVP_PKEY *key = X509_get0_pubkey(x509);
                assert_non_null(key);
                const struct gost_public_key *inner = gost_provider_key(key);
                assert_non_null(inner);
                assert_int_equal(gost_public_kind(inner), cases[i].kind);
                gw_auto(gost_public) struct gost_public_key *direct = public_of(x509);
                assert_true(gost_public_same(inner, direct));
                assert_int_equal(EVP_PKEY_get_bits(key), cases[i].bits);
                assert_int_equal(EVP_PKEY_get_security_bits(key), cases[i].bits / 2);
                assert_int_equal(EVP_PKEY_get_size(key), cases[i].bits / 4);
                assert_int_equal(EVP_PKEY_eq(key, X509_get0_pubkey(again)), 1);
                EVP_PKEY *copy = EVP_PKEY_dup(key);
                assert_int_equal(EVP_PKEY_eq(key, copy), 1);
                EVP_PKEY_free(copy);
                int bits = 0;
                assert_int_equal(X509_get_signature_info(x509, NULL, NULL, &bits, NULL), 1);
                assert_int_equal(bits, cases[i].bits == 512 ? 256 : 128);
        }
        gw_auto(x509) X509 *one = pki_x509("certs", LEAF), *other = pki_x509("ca", "gost-issuing"), *rsa = pki_x509("ca", "root");
        assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(one), X509_get0_pubkey(other)), 1);
        assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(one), X509_get0_pubkey(rsa)), 1);
        assert_null(gost_provider_key(X509_get0_pubkey(rsa)));
        assert_null(gost_provider_key(NULL));
}

/* A point off the curve, other parameters, a byte too many: no key. */
static void broken_keys(void **state GW_UNUSED)
{
        gw_auto(x509) X509 *x509 = pki_x509("certs", LEAF);
        auto_buf struct buf spki = BUF_INIT;
        spki_of(x509, &spki);
        for (size_t i = 0; i < spki.n; i++) {
                const unsigned char *p = spki.p;
                spki.p[i] ^= 0x01;
                EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
                if (key && gost_provider_key(key))
                        fail_msg("byte %zu", i);
                EVP_PKEY_free(key);
                spki.p[i] ^= 0x01;
        }
        const unsigned char *p = spki.p;
        EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
        assert_non_null(gost_provider_key(key));
        EVP_PKEY_free(key);
        ERR_clear_error();
}

static void digests(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *oid;
                enum gost_kind kind;
        } cases[] = {{"GOST-34.311-95", "1.2.398.3.10.1.3.1", GOST_2004}, {"GOST-34.11-2015-512", "1.2.398.3.10.1.3.3", GOST_2015}};
        const char *text = "this is the message, and it is longer than one block of either digest: sixty-four bytes";
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                uint8_t want[GOST_SIZE_MAX], got[EVP_MAX_MD_SIZE];
                size_t n = gost_digest(cases[i].kind, span_str(text), want);
                gw_auto(md) EVP_MD *fetched = EVP_MD_fetch(NULL, cases[i].oid, NULL);
                const EVP_MD *older = EVP_get_digestbyname(cases[i].name);
                assert_non_null(fetched);
                assert_non_null(older);
                assert_int_equal(EVP_MD_get_type(fetched), OBJ_txt2nid(cases[i].oid));
                assert_int_equal(EVP_MD_get_type(older), OBJ_txt2nid(cases[i].oid));
                const EVP_MD *both[] = {fetched, older};
                for (size_t k = 0; k < GW_COUNT(both); k++) {
                        unsigned size = 0;
                        gw_auto(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new(), *copy = EVP_MD_CTX_new();
                        assert_true(EVP_DigestInit_ex(ctx, both[k], NULL) == 1 && EVP_DigestUpdate(ctx, text, 7) == 1 && EVP_MD_CTX_copy_ex(copy, ctx) == 1);
                        assert_true(EVP_DigestUpdate(ctx, "x", 1) == 1); /* the copy does not see it */
                        assert_true(EVP_DigestUpdate(copy, text + 7, strlen(text) - 7) == 1 && EVP_DigestFinal_ex(copy, got, &size) == 1);
                        assert_int_equal(size, n);
                        assert_memory_equal(got, want, n);
                        assert_true(EVP_Digest(text, strlen(text), got, &size, both[k], NULL) == 1);
                        assert_memory_equal(got, want, n);
                }
        }
}

/* Signed by gateway/gost itself, checked by EVP in each of its ways. */
static void signatures(void **state GW_UNUSED)
{
        gw_auto(gost_private) struct gost_private_key *private_key = gost_private_new();
        auto_buf struct buf spki = BUF_INIT, signature = BUF_INIT;
        gost_public_write(gost_private_public(private_key), &spki);
        const unsigned char *p = spki.p;
        EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);
        assert_non_null(key);
        uint8_t text[] = "one text, signed once", digest[GOST_SIZE_MAX];
        size_t n = gost_digest(GOST_2015, span_of(text, sizeof text), digest);
        assert_true(gost_sign(private_key, span_of(digest, n), &signature));
        for (int broken = 0; broken < 3; broken++) {
                int want = broken == 0;
                text[3] ^= broken == 1;
                digest[3] ^= broken == 1;
                signature.p[100] ^= broken == 2;
                gw_auto(md_ctx) EVP_MD_CTX *once = EVP_MD_CTX_new(), *stream = EVP_MD_CTX_new(), *copy = EVP_MD_CTX_new(), *named = EVP_MD_CTX_new();
                gw_auto(pkey_ctx) EVP_PKEY_CTX *ready = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
                assert_int_equal(EVP_DigestVerifyInit(once, NULL, NULL, NULL, key), 1);
                assert_int_equal(EVP_DigestVerify(once, signature.p, signature.n, text, sizeof text) == 1, want);
                assert_int_equal(EVP_DigestVerifyInit(stream, NULL, EVP_get_digestbyname("GOST-34.11-2015-512"), NULL, key), 1);
                assert_int_equal(EVP_DigestVerifyUpdate(stream, text, 5), 1);
                assert_int_equal(EVP_MD_CTX_copy_ex(copy, stream), 1);
                assert_int_equal(EVP_DigestVerifyUpdate(copy, text + 5, sizeof text - 5), 1);
                assert_int_equal(EVP_DigestVerifyFinal(copy, signature.p, signature.n) == 1, want);
                assert_int_equal(EVP_DigestVerifyFinal(stream, signature.p, signature.n) == 1, 0); /* only half of it */
                assert_int_equal(EVP_DigestVerifyInit_ex(named, NULL, "1.2.398.3.10.1.3.3", NULL, NULL, key, NULL), 1);
                assert_int_equal(EVP_DigestVerify(named, signature.p, signature.n, text, sizeof text) == 1, want);
                assert_int_equal(EVP_PKEY_verify_init(ready), 1);
                assert_int_equal(EVP_PKEY_CTX_set_signature_md(ready, EVP_get_digestbyname("GOST-34.11-2015-512")), 1);
                assert_int_equal(EVP_PKEY_verify(ready, signature.p, signature.n, digest, n) == 1, want);
                assert_int_not_equal(EVP_PKEY_verify(ready, signature.p, signature.n - 1, digest, n), 1);
                assert_int_not_equal(EVP_PKEY_verify(ready, signature.p, signature.n, digest, n / 2), 1);
                text[3] ^= broken == 1;
                digest[3] ^= broken == 1;
                signature.p[100] ^= broken == 2;
        }
        /* Another digest is not this key's: of the other generation, of another family. */
        static const char *const others[] = {"GOST-34.311-95", "SHA512"};
        for (size_t i = 0; i < GW_COUNT(others); i++) {
                gw_auto(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
                assert_int_not_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_get_digestbyname(others[i]), NULL, key), 1);
        }
        EVP_PKEY_free(key);
        ERR_clear_error();
}

/* ---- certificates ---- */

static const struct {
        const char *leaf, *issuer, *root;
        const char *at;
} public_paths[] = {
        {GO "legal_valid_head.cer", GO "nca_gost2022_test.cer", GO "root_test_gost_2022.cer", "2026-11-01T00:00:00Z"},
        {GO "individual_valid_individual_valid.cer", GO "nca_gost2022_test.cer", GO "root_test_gost_2022.cer", "2026-11-01T00:00:00Z"},
        {GO "legal_valid_infosystem.cer", GO "nca_gost2022_test.cer", GO "root_test_gost_2022.cer", "2026-11-01T00:00:00Z"},
        {NCA "certs/ceo_valid_sign_2004_gost.cer", NCA "ca/NCA_2004_GOST_CERT.cer", NULL, NULL},
};

static int verify_path(X509 *leaf, X509 *intermediate, X509 *anchor, time_t at)
{
        gw_auto(store) X509_STORE *store = X509_STORE_new();
        gw_auto(ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        STACK_OF(X509) *untrusted = sk_X509_new_null();
        if (intermediate)
                sk_X509_push(untrusted, intermediate);
        X509_STORE_add_cert(store, anchor);
        X509_VERIFY_PARAM *rules = X509_STORE_get0_param(store);
        X509_VERIFY_PARAM_set_auth_level(rules, 2);
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CHECK_SS_SIGNATURE | (at ? 0 : X509_V_FLAG_NO_CHECK_TIME));
        if (at)
                X509_VERIFY_PARAM_set_time(rules, at);
        assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, untrusted), 1);
        int good = X509_verify_cert(ctx), error = X509_STORE_CTX_get_error(ctx);
        sk_X509_free(untrusted);
        ERR_clear_error();
        return good == 1 ? X509_V_OK : error;
}

static time_t instant_of(const char *text)
{
        struct wall_time at;
        assert_int_equal(clock_parse_iso(text, &at), GW_OK);
        return (time_t)(at.ms / 1000);
}

static void certificates(void **state GW_UNUSED)
{
        for (size_t i = 0; i < GW_COUNT(public_paths); i++) {
                gw_auto(x509) X509 *leaf = vector_x509(public_paths[i].leaf), *issuer = vector_x509(public_paths[i].issuer);
                gw_auto(x509) X509 *changed = changed_x509(leaf, 20);
                assert_int_equal(X509_verify(leaf, X509_get0_pubkey(issuer)), 1);
                assert_int_not_equal(X509_verify(changed, X509_get0_pubkey(issuer)), 1);
                assert_int_not_equal(X509_verify(leaf, X509_get0_pubkey(leaf)), 1);
                gw_auto(x509) X509 *root = public_paths[i].root ? vector_x509(public_paths[i].root) : NULL;
                time_t at = public_paths[i].at ? instant_of(public_paths[i].at) : 0;
                assert_int_equal(verify_path(leaf, root ? issuer : NULL, root ? root : issuer, at), X509_V_OK);
                assert_int_equal(verify_path(changed, root ? issuer : NULL, root ? root : issuer, at), X509_V_ERR_CERT_SIGNATURE_FAILURE);
        }
}

static void test_pki(void **state GW_UNUSED)
{
        gw_auto(x509) X509 *leaf = pki_x509("certs", LEAF), *issuing = pki_x509("ca", "gost-issuing"), *root = pki_x509("ca", "gost-root");
        gw_auto(x509) X509 *changed = changed_x509(leaf, 20), *changed_issuing = changed_x509(issuing, 20), *changed_root = changed_x509(root, 20);
        gw_auto(x509) X509 *rsa = pki_x509("ca", "root");
        time_t now = time(NULL);
        assert_int_equal(verify_path(leaf, issuing, root, now), X509_V_OK);
        assert_int_equal(verify_path(leaf, NULL, issuing, now), X509_V_OK);
        assert_int_equal(verify_path(changed, issuing, root, now), X509_V_ERR_CERT_SIGNATURE_FAILURE);
        assert_int_equal(verify_path(leaf, changed_issuing, root, now), X509_V_ERR_CERT_SIGNATURE_FAILURE);
        assert_int_equal(verify_path(leaf, issuing, changed_root, now), X509_V_ERR_CERT_SIGNATURE_FAILURE); /* CHECK_SS_SIGNATURE */
        assert_int_not_equal(verify_path(leaf, issuing, rsa, now), X509_V_OK);
        assert_int_not_equal(X509_verify(leaf, X509_get0_pubkey(rsa)), 1);
        ERR_clear_error();
}

static void crls(void **state GW_UNUSED)
{
        static const struct {
                const char *crl, *issuer, *other;
        } cases[] = {
                {GO "nca_gost2022_test.crl", GO "nca_gost2022_test.cer", GO "root_test_gost_2022.cer"},
                {NCA "crl/nca_gost2022_test.crl", GO "nca_gost2022_test.cer", GO "root_test_gost_2022.cer"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf der = BUF_INIT;
                vector_bytes(cases[i].crl, &der);
                gw_auto(x509) X509 *issuer = vector_x509(cases[i].issuer), *other = vector_x509(cases[i].other);
                gw_auto(crl) X509_CRL *good = path_crl(buf_span(&der)); /* d2i_X509_CRL() alone will not do from OpenSSL 3.0.22 on: see path.h */
                assert_non_null(good);
                assert_int_equal(X509_CRL_verify(good, X509_get0_pubkey(issuer)), 1);
                assert_int_not_equal(X509_CRL_verify(good, X509_get0_pubkey(other)), 1);
                der.p[der.n - 20] ^= 1;
                gw_auto(crl) X509_CRL *bad = path_crl(buf_span(&der));
                assert_non_null(bad);
                assert_int_not_equal(X509_CRL_verify(bad, X509_get0_pubkey(issuer)), 1);
        }
        ERR_clear_error();
}

/* The responder's certificate is in the answer, signed by NCA; its own key signed the answer. */
static int ocsp_good(const struct buf *der, X509 *issuer)
{
        const unsigned char *p = der->p;
        gw_auto(response) OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der->n);
        gw_auto(basic) OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
        assert_non_null(basic);
        gw_auto(store) X509_STORE *store = X509_STORE_new();
        X509_STORE_add_cert(store, issuer);
        X509_VERIFY_PARAM *rules = X509_STORE_get0_param(store);
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
        X509_VERIFY_PARAM_set_auth_level(rules, 2);
        int good = OCSP_basic_verify(basic, NULL, store, 0);
        ERR_clear_error();
        return good;
}

static void ocsp(void **state GW_UNUSED)
{
        static const char *const names[] = {NCA "ocsp/ocsp_response_individual_2015.bin", NCA "ocsp/ocsp_response_ceo_2015_revoked.bin"};
        static const char *const issuers[] = {NCA "ca/nca_gost2015_test.cer", NCA "ca/NCA_2015_CERT.cer", GO "nca_gost2022_test.cer"};
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                auto_buf struct buf der = BUF_INIT;
                vector_bytes(names[i], &der);
                X509 *right = NULL;
                for (size_t k = 0; k < GW_COUNT(issuers); k++) {
                        X509 *issuer = vector_x509(issuers[k]);
                        if (!right && ocsp_good(&der, issuer) == 1)
                                right = issuer;
                        else
                                X509_free(issuer);
                }
                assert_non_null(right);
                der.p[100] ^= 1; /* within tbsResponseData: a letter of the responder's name */
                assert_int_not_equal(ocsp_good(&der, right), 1);
                X509_free(right);
        }
}

/* ---- CMS ---- */

static int cms_signer_good(const struct buf *der, int which, const char *content)
{
        const unsigned char *p = der->p;
        gw_auto(cms_info) CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der->n);
        assert_non_null(cms);
        STACK_OF(X509) *certificates = CMS_get1_certs(cms);
        CMS_set1_signers_certs(cms, certificates, 0);
        CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), which);
        assert_non_null(signer);
        int good = CMS_SignerInfo_verify(signer);
        if (good == 1 && content) {
                gw_auto(bio) BIO *detached = BIO_new_mem_buf(content, -1);
                good = CMS_verify(cms, NULL, NULL, detached, NULL, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY);
        }
        sk_X509_pop_free(certificates, X509_free);
        ERR_clear_error();
        return good;
}

static void cms(void **state GW_UNUSED)
{
        static const char *const names[] = {NCA "signed/CmsServiceTest.SIGNED_CMS.two-signers.p7s", NCA "signed/CmsServiceTest.SIGNED_DETACHED_CMS.p7s"};
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                auto_buf struct buf der = BUF_INIT;
                vector_bytes(names[i], &der);
                assert_int_equal(cms_signer_good(&der, 0, NULL), 1);
                assert_int_equal(cms_signer_good(&der, 1, NULL), 1);
                der.p[der.n - 10] ^= 1; /* the value of the last one */
                assert_int_not_equal(cms_signer_good(&der, 0, NULL) == 1 && cms_signer_good(&der, 1, NULL) == 1, 1);
        }
        auto_buf struct buf der = BUF_INIT;
        vector_bytes(names[0], &der);
        const unsigned char *p = der.p;
        gw_auto(cms_info) CMS_ContentInfo *inside = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
        assert_int_equal(CMS_verify(inside, NULL, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY), 1); /* the digests of both, too */
        ERR_clear_error();
}

/* ---- threads ---- */

static void *one_thread(void *arg)
{
        const struct buf *der = arg;
        size_t good = 0;
        for (int i = 0; i < 20; i++) {
                const unsigned char *p = der[0].p, *q = der[1].p;
                X509 *leaf = d2i_X509(NULL, &p, (long)der[0].n), *issuer = d2i_X509(NULL, &q, (long)der[1].n);
                good += leaf && issuer && X509_verify(leaf, X509_get0_pubkey(issuer)) == 1;
                X509_free(leaf);
                X509_free(issuer);
        }
        return (void *)(uintptr_t)good;
}

static void add_der(const X509 *x509, struct buf *out)
{
        unsigned char *der = NULL;
        int n = i2d_X509(x509, &der);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
}

static void threads(void **state GW_UNUSED)
{
        gw_auto(x509) X509 *leaf = pki_x509("certs", LEAF), *issuing = pki_x509("ca", "gost-issuing");
        struct buf der[2] = {BUF_INIT, BUF_INIT};
        add_der(leaf, &der[0]);
        add_der(issuing, &der[1]);
        pthread_t ids[4];
        for (size_t i = 0; i < GW_COUNT(ids); i++)
                assert_int_equal(pthread_create(&ids[i], NULL, one_thread, der), 0);
        for (size_t i = 0; i < GW_COUNT(ids); i++) {
                void *good = NULL;
                assert_int_equal(pthread_join(ids[i], &good), 0);
                assert_int_equal((uintptr_t)good, 20);
        }
        buf_done(&der[0]);
        buf_done(&der[1]);
}

static int setup(void **state GW_UNUSED)
{
        gost_provider_load();
        gost_provider_load(); /* twice is once */
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys),         cmocka_unit_test(broken_keys), cmocka_unit_test(digests), cmocka_unit_test(signatures),
                cmocka_unit_test(certificates), cmocka_unit_test(test_pki),    cmocka_unit_test(crls),    cmocka_unit_test(ocsp),
                cmocka_unit_test(cms),          cmocka_unit_test(threads),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
