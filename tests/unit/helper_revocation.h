/* What test_ocsp.c and test_crl.c share: a small authority made by OpenSSL for each test program, and signing again what was changed. */
#ifndef TESTS_UNIT_HELPER_REVOCATION_H
#define TESTS_UNIT_HELPER_REVOCATION_H

#include <openssl/ocsp.h>
#include <openssl/rand.h>

#include "gateway/pki/crl.h"
#include "gateway/pki/ocsp.h"
#include "gateway/pki/x509_parts.h"
#include "tests/unit/helper_gost.h"

GW_DEFINE_AUTO(pkey, EVP_PKEY, EVP_PKEY_free)

/* All dates of the tests are around this instant. */
#define NOW_TEXT "2026-06-01T00:00:00Z"
#define MINUTE ((int64_t)60)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

GW_UNUSED static struct wall_time at_text(const char *text)
{
        struct wall_time at;
        assert_int_equal(clock_parse_iso(text, &at), GW_OK);
        return at;
}

/* Seconds from the tests' now. */
GW_UNUSED static time_t from_now(int64_t seconds)
{
        return (time_t)(at_text(NOW_TEXT).ms / 1000 + seconds);
}

GW_UNUSED static void read_bytes(const char *path, struct buf *out)
{
        if (!text_read_file(path, out))
                fail_msg("%s cannot be read", path);
}

/* ---- keys and certificates ---- */

/* "P-256", "P-521", "secp256k1" …, or the bits of an RSA key. */
GW_UNUSED static EVP_PKEY *key_new(const char *kind)
{
        EVP_PKEY *key = kind[0] >= '0' && kind[0] <= '9' ? EVP_RSA_gen((unsigned)strtoul(kind, NULL, 10)) : EVP_EC_gen(kind);
        assert_non_null(key);
        return key;
}

struct recipe {
        const char *subject; /* CN */
        EVP_PKEY *key;       /* whose certificate it is */
        X509 *issuer;        /* NULL: by itself */
        EVP_PKEY *issuer_key;
        const char *digest;  /* NULL: SHA-256 */
        uint64_t serial;
        int64_t from, until; /* seconds from now; 0, 0: a year each way */
        struct { int nid; const char *value; } extensions[10];
};

GW_UNUSED static X509 *certificate_new(const struct recipe *recipe)
{
        X509 *x509 = X509_new();
        X509_NAME *name = X509_NAME_new();
        bool dated = recipe->from || recipe->until;
        X509V3_CTX ctx;
        assert_true(X509_set_version(x509, X509_VERSION_3) && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), recipe->serial));
        const unsigned char *text = (const unsigned char *)recipe->subject;
        assert_true(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) && X509_set_subject_name(x509, name));
        assert_true(X509_set_issuer_name(x509, recipe->issuer ? X509_get_subject_name(recipe->issuer) : name) && X509_set_pubkey(x509, recipe->key));
        assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), from_now(dated ? recipe->from : -365 * DAY)));
        assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), from_now(dated ? recipe->until : 365 * DAY)));
        X509V3_set_ctx(&ctx, recipe->issuer ? recipe->issuer : x509, x509, NULL, NULL, 0);
        X509V3_set_ctx_nodb(&ctx);
        for (size_t i = 0; i < GW_COUNT(recipe->extensions) && recipe->extensions[i].value; i++) {
                X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, recipe->extensions[i].nid, recipe->extensions[i].value);
                if (!extension)
                        fail_msg("extension %s", recipe->extensions[i].value);
                assert_true(X509_add_ext(x509, extension, -1));
                X509_EXTENSION_free(extension);
        }
        const EVP_MD *digest = EVP_get_digestbyname(recipe->digest ? recipe->digest : "SHA256");
        assert_true(X509_sign(x509, recipe->issuer ? recipe->issuer_key : recipe->key, digest) > 0);
        X509_NAME_free(name);
        return x509;
}

/* The authority, a namesake of it with another key, another authority, and who is asked about. */
static struct {
        EVP_PKEY *key, *namesake_key, *other_key, *leaf_key, *rsa_key;
        X509 *issuer, *namesake, *other, *leaf, *authority;
} world;

#define CA_EXTENSIONS {NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "critical,keyCertSign,cRLSign"}, {NID_subject_key_identifier, "hash"}
#define LEAF_SERIAL 0x80abcdef1234ull

GW_UNUSED static int world_make(void **state GW_UNUSED)
{
        world.key = key_new("P-256");
        world.namesake_key = key_new("P-256");
        world.other_key = key_new("P-384");
        world.leaf_key = key_new("P-256");
        world.rsa_key = key_new("2048");
        world.issuer = certificate_new(&(struct recipe){.subject = "АУТОРИТЕТ", .key = world.key, .serial = 1, .extensions = {CA_EXTENSIONS}});
        world.namesake = certificate_new(&(struct recipe){.subject = "АУТОРИТЕТ", .key = world.namesake_key, .serial = 1, .extensions = {CA_EXTENSIONS}});
        world.other = certificate_new(&(struct recipe){.subject = "БӨТЕН", .key = world.other_key, .serial = 1, .extensions = {CA_EXTENSIONS}});
        struct recipe leaf = {.subject = "ТЕСТ", .key = world.leaf_key, .issuer = world.issuer, .issuer_key = world.key, .serial = LEAF_SERIAL,
                              .extensions = {{NID_authority_key_identifier, "keyid"}, {NID_basic_constraints, "CA:FALSE"},
                                             {NID_info_access, "OCSP;URI:http://ocsp.test/"},
                                             {NID_crl_distribution_points, "URI:http://crl.test/a.crl"}, {NID_freshest_crl, "URI:http://crl.test/d.crl"}}};
        world.leaf = certificate_new(&leaf);
        struct recipe authority = {.subject = "КІШІ", .key = world.leaf_key, .issuer = world.issuer, .issuer_key = world.key, .serial = LEAF_SERIAL + 1,
                                   .extensions = {CA_EXTENSIONS, {NID_authority_key_identifier, "keyid"}}};
        world.authority = certificate_new(&authority);
        return 0;
}

GW_UNUSED static int world_free(void **state GW_UNUSED)
{
        EVP_PKEY *keys[] = {world.key, world.namesake_key, world.other_key, world.leaf_key, world.rsa_key};
        X509 *certificates[] = {world.issuer, world.namesake, world.other, world.leaf, world.authority};
        for (size_t i = 0; i < GW_COUNT(keys); i++) {
                EVP_PKEY_free(keys[i]);
                X509_free(certificates[i]);
        }
        return 0;
}

/* ---- signed things, changed and signed again ---- */

#define PUT_MAX 8
/* Appends one element around the given pieces. */
GW_UNUSED static void put(struct buf *out, uint8_t tag, const struct span *pieces, size_t count)
{
        auto_buf struct buf content = BUF_INIT;
        for (size_t i = 0; i < count; i++)
                buf_add_span(&content, pieces[i]);
        size_t n = content.n;
        buf_add_char(out, (char)tag);
        if (n >= 0x80) {
                unsigned bytes = n >= 0x1000000 ? 4 : n >= 0x10000 ? 3 : n >= 0x100 ? 2 : 1;
                buf_add_char(out, (char)(0x80 | bytes));
                for (unsigned i = bytes; i-- > 0;)
                        buf_add_char(out, (char)(n >> 8 * i & 0xff));
        } else {
                buf_add_char(out, (char)n);
        }
        buf_add_span(out, buf_span(&content));
}
#define PUT(out, tag, ...) put(out, tag, (const struct span[]){__VA_ARGS__}, sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

/* ecdsa-with-SHA256 */
#define ECDSA_SHA256 span_of("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12)

/* SEQUENCE { tbs, algorithm, BIT STRING }, and what follows in it (may be empty), signed with ECDSA and SHA-256 whatever `algorithm` says. */
GW_UNUSED static void put_signed(struct buf *out, struct span tbs, struct span algorithm, EVP_PKEY *key, struct span behind)
{
        uint8_t value[1024];
        size_t n = sizeof value;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestSign(ctx, value, &n, tbs.p, tbs.n) == 1);
        EVP_MD_CTX_free(ctx);
        auto_buf struct buf bits = BUF_INIT;
        PUT(&bits, DER_BIT_STRING, span_of("", 1), span_of(value, n));
        PUT(out, DER_SEQUENCE, tbs, algorithm, buf_span(&bits), behind);
}

/* A copy of `in` with the first `from` (hexadecimal) replaced by `to`, which must be as long. */
GW_UNUSED static void put_replaced(struct buf *out, struct span in, struct span from, struct span to)
{
        const uint8_t *hit = memmem(in.p, in.n, from.p, from.n);
        assert_true(hit && from.n == to.n);
        size_t before = (size_t)(hit - in.p);
        buf_add(out, in.p, before);
        buf_add_span(out, to);
        buf_add(out, hit + from.n, in.n - before - from.n);
}

GW_UNUSED static void assert_answer(const char *name, enum gw_rc got_rc, const struct why *got, enum gw_rc want_rc, const char *want_detail)
{
        if (got_rc != want_rc || (got_rc != GW_OK && !str_eq(got->detail, want_detail)))
                fail_msg("%s: got rc %d \"%s\", want rc %d \"%s\"", name, got_rc, got_rc == GW_OK ? "" : got->detail, want_rc, want_detail ? want_detail : "");
}

#endif
