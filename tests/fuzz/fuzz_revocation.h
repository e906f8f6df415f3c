/* What fuzz_ocsp and fuzz_crl share. An input is what a peer would send, judged against the authority whose keys nobody has; or, with a '!' before it, the part
 * under a signature, which is then signed here: no fuzzer would ever get past a signature otherwise. That authority's key is the number 1, CN=fuzz. */
#ifndef TESTS_FUZZ_FUZZ_REVOCATION_H
#define TESTS_FUZZ_FUZZ_REVOCATION_H

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "gateway/pki/crl.h"
#include "gateway/pki/ocsp.h"
#include "tests/fuzz/fuzz.h"

#define FUZZ_SERIAL 0x1234
GW_DEFINE_AUTO(fuzz_md, EVP_MD_CTX, EVP_MD_CTX_free)

/* The instant of all dates in the seeds of the second kind. */
GW_UNUSED static struct wall_time fuzz_now(void)
{
        struct wall_time now;
        GW_ASSERT(clock_parse_iso("2026-06-01T00:00:00Z", &now) == GW_OK);
        return now;
}

GW_UNUSED static X509 *fuzz_certificate(const char *name)
{
        auto_str char *pem = fuzz_material(name);
        BIO *bio = BIO_new_mem_buf(pem, -1);
        X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        GW_ASSERT(x509);
        return x509;
}

/* P-256, private value 1: the public point is the generator. */
GW_UNUSED static EVP_PKEY *fuzz_key(void)
{
        static const unsigned char point[] = "\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
                                             "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
        BIGNUM *one = BN_new();
        OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        EVP_PKEY *key = NULL;
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        GW_ASSERT(BN_one(one) && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
                  OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 65) && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, one));
        OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
        GW_ASSERT(EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
        OSSL_PARAM_free(parameters);
        OSSL_PARAM_BLD_free(builder);
        EVP_PKEY_CTX_free(ctx);
        BN_free(one);
        return key;
}

/* CN=fuzz, or a leaf of it with one distribution point. */
GW_UNUSED static X509 *fuzz_make(EVP_PKEY *key, bool leaf)
{
        X509 *x509 = X509_new();
        X509_NAME *name = X509_NAME_new();
        X509V3_CTX ctx;
        GW_ASSERT(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"fuzz", -1, -1, 0) && X509_set_issuer_name(x509, name));
        GW_ASSERT(X509_set_version(x509, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(x509), leaf ? FUZZ_SERIAL : 1));
        GW_ASSERT((leaf || X509_set_subject_name(x509, name)) && X509_set_pubkey(x509, key));
        GW_ASSERT(ASN1_TIME_set(X509_getm_notBefore(x509), 1700000000) && ASN1_TIME_set(X509_getm_notAfter(x509), 1900000000));
        X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
        X509_EXTENSION *points = X509V3_EXT_conf_nid(NULL, &ctx, NID_crl_distribution_points, "URI:http://a.test/a.crl");
        GW_ASSERT(points && X509_add_ext(x509, points, -1) && X509_sign(x509, key, EVP_sha256()) > 0);
        X509_EXTENSION_free(points);
        X509_NAME_free(name);
        return x509;
}

/* Head of an element with `n` bytes of content. */
GW_UNUSED static void fuzz_head(struct buf *out, uint8_t tag, size_t n)
{
        GW_ASSERT(n <= 0xffff);
        const uint8_t head[] = {tag, 0x82, (uint8_t)(n >> 8), (uint8_t)n};
        if (n >= 0x100) {
                buf_add(out, head, 4);
                return;
        }
        buf_add_char(out, (char)tag);
        if (n >= 0x80)
                buf_add_char(out, (char)0x81);
        buf_add_char(out, (char)n);
}

/* SEQUENCE { tbs, ecdsa-with-SHA256, BIT STRING }. */
GW_UNUSED static void fuzz_signed(struct buf *out, struct span tbs, EVP_PKEY *key)
{
        uint8_t value[128];
        size_t n = sizeof value;
        gw_auto(fuzz_md) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        GW_ASSERT(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestSign(ctx, value, &n, tbs.p, tbs.n) == 1);
        fuzz_head(out, 0x30, tbs.n + 12 + 3 + n);
        buf_add_span(out, tbs);
        buf_add(out, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12);
        fuzz_head(out, 0x03, n + 1);
        buf_add_char(out, 0);
        buf_add(out, value, n);
}

#endif
