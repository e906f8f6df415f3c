/* GOST: digests against published answers, keys and signatures against the public certificates and against the gost engine of OpenSSL,
 * and what must be refused. */
#include <time.h>

#include <openssl/rand.h>

#include "gateway/sign/private_key.h"
#include "tests/unit/helper_gost.h"

GW_DEFINE_AUTO(local_key, struct signing_key, local_key_close)

static void expect_digest(enum gost_kind kind, const char *text, const char *want)
{
        uint8_t digest[GOST_SIZE_MAX];
        auto_buf struct buf hex = BUF_INIT;
        size_t n = gost_digest(kind, span_str(text), digest);
        assert_int_equal(n, gost_size(kind));
        text_hex(&hex, span_of(digest, n));
        assert_string_equal(buf_cstr(&hex), want);
        struct gost_hash hash; /* byte by byte is the same, twice in one context too */
        uint8_t again[GOST_SIZE_MAX];
        gost_hash_start(&hash, kind);
        for (int round = 0; round < 2; round++) {
                for (const char *c = text; *c; c++)
                        gost_hash_add(&hash, span_of(c, 1));
                gost_hash_end(&hash, again);
                assert_memory_equal(again, digest, n);
        }
}

/* RFC 6986 section 10 (M1), and the published answers of 34.311-95 with the Test S-box. */
static void digests(void **state GW_UNUSED)
{
        expect_digest(GOST_2015, "012345678901234567890123456789012345678901234567890123456789012",
                      "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48");
        expect_digest(GOST_2015, "",
                      "8e945da209aa869f0455928529bcae4679e9873ab707b55315f56ceb98bef0a7362f715528356ee83cda5f2aac4c6ad2ba3a715c1bcd81cb8e9f90bf4c1c1a8a");
        expect_digest(GOST_2004, "", "ce85b99cc46752fffee35cab9a7b0278abb4c2d2055cff685af4912c49490f8d");
        expect_digest(GOST_2004, "a", "d42c539e367c66e9c88a801f6649349c21871b4344c6a573f849fdce62f314dd");
        expect_digest(GOST_2004, "message digest", "ad4434ecb18f2c99b60cbe59ec3d2469582b65273f48de72db2fde16a4889a4d");
}

/* ---- strict DER ---- */

static void der(void **state GW_UNUSED)
{
        static const struct {
                const char *bytes;
                size_t n;
                bool good;
        } cases[] = {
                {"\x04\x01x", 3, true},        {"\x04\x00", 2, true},          {"\x04\x01x_", 4, true}, /* the rest stays */
                {"\x04\x02x", 3, false},       {"\x04", 1, false},             {"", 0, false},
                {"\x05\x01x", 3, false},       {"\x04\x80x\0\0", 5, false},    /* indefinite */
                {"\x04\x81\x01x", 4, false},   {"\x04\x82\x00\x01x", 5, false}, /* not the shortest */
                {"\x04\x83\x00\x00\x01x", 6, false}, {"\x04\x84\xff\xff\xff\xff", 6, false}, {"\x04\x82\xff", 3, false},
                {"\x04\xff", 2, false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct span in = span_of(cases[i].bytes, cases[i].n), content = {NULL, 0};
                assert_int_equal(der_take(&in, DER_OCTET_STRING, &content), cases[i].good);
                if (!cases[i].good)
                        assert_ptr_equal(in.p, cases[i].bytes);
        }
        struct span bits = span_of("\x03\x02\x01x", 4), bytes = {NULL, 0};
        assert_false(der_take_bits(&bits, &bytes)); /* seven bits are no bytes */
        static const size_t sizes[] = {0, 1, 127, 128, 255, 256, 65535};
        static const uint8_t zeros[65535];
        for (size_t i = 0; i < GW_COUNT(sizes); i++) {
                auto_buf struct buf out = BUF_INIT;
                der_put(&out, DER_SEQUENCE, span_of(zeros, sizes[i]));
                struct span in = buf_span(&out), whole = in, content;
                assert_true(der_take_whole(&in, DER_SEQUENCE, &content) && in.n == 0 && content.n == out.n);
                assert_true(der_take(&whole, DER_SEQUENCE, &content) && content.n == sizes[i]);
        }
}

/* ---- public keys ---- */

static void spki(void **state GW_UNUSED)
{
        gw_auto(x509) X509 *x509 = pki_x509("certs", "gost-applicant-870930490018");
        auto_buf struct buf good = BUF_INIT, again = BUF_INIT, longer = BUF_INIT;
        spki_of(x509, &good);
        gw_auto(gost_public) struct gost_public_key *key = NULL;
        assert_true(gost_public_read(buf_span(&good), &key));
        assert_int_equal(gost_public_kind(key), GOST_2015);
        gost_public_write(key, &again);
        assert_true(span_eq(buf_span(&good), buf_span(&again)));
        buf_add_span(&longer, buf_span(&good));
        buf_add_char(&longer, '\0');
        gw_auto(gost_public) struct gost_public_key *none = NULL;
        assert_false(gost_public_read(buf_span(&longer), &none));
        for (size_t n = 0; n < good.n; n++)
                assert_false(gost_public_read(span_of(good.p, n), &none));
        /* Every byte matters: the point leaves the curve, or the structure is another. */
        for (size_t i = 0; i < good.n; i++)
                for (unsigned bit = 1; bit < 256; bit *= 16) {
                        good.p[i] ^= (uint8_t)bit;
                        if (gost_public_read(buf_span(&good), &none))
                                fail_msg("byte %zu changed, and it is a key", i);
                        good.p[i] ^= (uint8_t)bit;
                }
        assert_null(none);
        /* X + p is the same residue, but not below p: p of 512-A is 2^512 - 569, so all ones is out of range; and (0, 0). */
        memset(good.p + good.n - 128, 0xff, 128);
        assert_false(gost_public_read(buf_span(&good), &none));
        memset(good.p + good.n - 128, 0, 128);
        assert_false(gost_public_read(buf_span(&good), &none));
}

/* The digest OID among the parameters may be absent; another one, or another curve, may not be there. */
static void spki_parameters(void **state GW_UNUSED)
{
        gw_auto(x509) X509 *x509 = pki_x509("certs", "gost-applicant-870930490018");
        auto_buf struct buf spki_bytes = BUF_INIT;
        spki_of(x509, &spki_bytes);
        struct span point = span_of(spki_bytes.p + spki_bytes.n - 135, 135); /* BIT STRING and all */
#define KEY_OID "\x06\x09\x2a\x83\x0e\x03\x0a\x01\x01\x02\x02"
#define CURVE_OID "\x06\x0a\x2a\x83\x0e\x03\x0a\x01\x01\x02\x02\x01"
        static const struct {
                const char *algorithm;
                bool good;
        } cases[] = {
                {KEY_OID "\x30\x16" CURVE_OID "\x06\x08\x2a\x83\x0e\x03\x0a\x01\x03\x03", true},
                {KEY_OID "\x30\x0c" CURVE_OID, true},
                {KEY_OID, false},
                {KEY_OID "\x05", false},
                {KEY_OID CURVE_OID, false},
                {KEY_OID "\x30\x16" CURVE_OID "\x06\x08\x2a\x83\x0e\x03\x0a\x01\x03\x02", false},
                {KEY_OID "\x30\x0c\x06\x0a\x2a\x83\x0e\x03\x0a\x01\x01\x02\x02\x02", false},
                {"\x06\x09\x2a\x83\x0e\x03\x0a\x01\x01\x01\x01\x30\x0c" CURVE_OID, false}, /* 2004's key on 2015's curve */
                {"\x06\x08\x2a\x85\x03\x07\x01\x01\x01\x02\x30\x0c" CURVE_OID, false},     /* the Russian OID */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf inner = BUF_INIT, out = BUF_INIT;
                der_put(&inner, DER_SEQUENCE, span_str(cases[i].algorithm));
                buf_add_span(&inner, point);
                der_put(&out, DER_SEQUENCE, buf_span(&inner));
                gw_auto(gost_public) struct gost_public_key *key = NULL;
                if (gost_public_read(buf_span(&out), &key) != cases[i].good)
                        fail_msg("parameters %zu", i);
        }
}

/* ---- signatures ---- */

static struct gost_private_key *pki_private(const char *name)
{
        auto_buf struct buf pkcs8 = BUF_INIT;
        pki_pkcs8(name, &pkcs8);
        struct gost_private_key *key = NULL;
        assert_true(gost_private_read(buf_span(&pkcs8), &key));
        return key;
}

static void signatures(void **state GW_UNUSED)
{
        gw_auto(gost_private) struct gost_private_key *key = pki_private("gost-head-160640900019"), *other = gost_private_new();
        const struct gost_public_key *public_key = gost_private_public(key);
        for (int round = 0; round < 8; round++) {
                uint8_t digest[64];
                assert_int_equal(RAND_bytes(digest, sizeof digest), 1);
                if (round == 0)
                        memset(digest, 0, sizeof digest); /* GOST 34.10-2012, 6.1 step 2: 0 counts as 1 */
                struct span d = span_of(digest, 64);
                auto_buf struct buf value = BUF_INIT, second = BUF_INIT;
                assert_true(gost_sign(key, d, &value) && gost_sign(key, d, &second));
                assert_int_equal(value.n, 128);
                assert_false(span_eq(buf_span(&value), buf_span(&second))); /* a nonce of its own each time */
                assert_true(gost_verify(public_key, d, buf_span(&value)));
                assert_false(gost_verify(gost_private_public(other), d, buf_span(&value)));
                assert_false(gost_verify(public_key, span_of(digest, 32), buf_span(&value)));
                assert_false(gost_verify(public_key, d, span_of(value.p, 127)));
                value.p[round * 16] ^= 1;
                assert_false(gost_verify(public_key, d, buf_span(&value)));
                value.p[round * 16] ^= 1;
                digest[round] ^= 2;
                assert_false(gost_verify(public_key, d, buf_span(&value)));
        }
        auto_buf struct buf out = BUF_INIT;
        assert_false(gost_sign(key, span_of("x", 1), &out));
        assert_int_equal(out.n, 0);
}

/* r and s must lie between 1 and q - 1; q of 512-A in little-endian. */
static void ranges(void **state GW_UNUSED)
{
        static const uint8_t q[64] = {0x75, 0xb2, 0x10, 0x1f, 0x41, 0xb1, 0xcd, 0xca, 0x5d, 0xb8, 0xd2, 0xfa, 0xab, 0x38, 0x4b, 0x9b, 0x60, 0x60, 0x05, 0x4e, 0x8d,
                                      0x2b, 0xf2, 0x6f, 0x11, 0x89, 0x8d, 0xf4, 0x32, 0x95, 0xe6, 0x27, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
        static const uint8_t zero[64], one[64] = {1};
        gw_auto(gost_private) struct gost_private_key *key = pki_private("gost-head-160640900019");
        uint8_t digest[64] = {5};
        auto_buf struct buf good = BUF_INIT;
        assert_true(gost_sign(key, span_of(digest, 64), &good));
        const uint8_t *const bad[] = {zero, q, one};
        for (size_t i = 0; i < GW_COUNT(bad); i++)
                for (size_t half = 0; half < 2; half++) {
                        uint8_t value[128];
                        memcpy(value, good.p, sizeof value);
                        memcpy(value + 64 * half, bad[i], 64);
                        assert_false(gost_verify(gost_private_public(key), span_of(digest, 64), span_of(value, 128)));
                }
        /* Private values: 0 and q are none, q - 1 is. */
        auto_buf struct buf pkcs8 = BUF_INIT;
        gost_private_write(key, &pkcs8);
        uint8_t *secret = pkcs8.p + pkcs8.n - 64;
        gw_auto(gost_private) struct gost_private_key *read = NULL;
        memcpy(secret, zero, 64);
        assert_false(gost_private_read(buf_span(&pkcs8), &read));
        memcpy(secret, q, 64);
        assert_false(gost_private_read(buf_span(&pkcs8), &read));
        secret[0]--;
        assert_true(gost_private_read(buf_span(&pkcs8), &read));
}

static void pkcs8(void **state GW_UNUSED)
{
        auto_buf struct buf good = BUF_INIT, again = BUF_INIT;
        pki_pkcs8("gost-head-160640900019", &good);
        gw_auto(gost_private) struct gost_private_key *key = NULL, *none = NULL;
        assert_true(gost_private_read(buf_span(&good), &key));
        gost_private_write(key, &again);
        assert_true(span_eq(buf_span(&good), buf_span(&again)));
        gw_auto(x509) X509 *x509 = pki_x509("certs", "gost-head-160640900019");
        gw_auto(gost_public) struct gost_public_key *own = public_of(x509);
        assert_true(gost_public_same(own, gost_private_public(key)));
        for (size_t n = 0; n < good.n; n++)
                assert_false(gost_private_read(span_of(good.p, n), &none));
        for (size_t i = 0; i < good.n - 64; i++) { /* the structure; every value is a key */
                good.p[i] ^= 1;
                if (gost_private_read(buf_span(&good), &none))
                        fail_msg("byte %zu changed, and it is a key", i);
                good.p[i] ^= 1;
        }
}

/* ---- an independent judge: OpenSSL's gost engine, with Russian OIDs and the bytes turned round (interfaces 4.3) ---- */

static void turn(const uint8_t *in, size_t n, struct buf *out)
{
        while (n > 0)
                buf_add_char(out, (char)in[--n]);
}

static void write_russian_key(const struct gost_public_key *key, const char *path)
{
        static const char algorithm[] = "\x06\x08\x2a\x85\x03\x07\x01\x01\x01\x02\x30\x15\x06\x09\x2a\x85\x03\x07\x01\x02\x01\x02\x01\x06\x08\x2a\x85\x03\x07\x01\x01\x02\x03";
        auto_buf struct buf bits = BUF_INIT, inner = BUF_INIT, out = BUF_INIT;
        buf_add_char(&bits, '\0');
        der_put(&bits, DER_OCTET_STRING, gost_public_point(key));
        der_put(&inner, DER_SEQUENCE, span_of(algorithm, sizeof algorithm - 1));
        der_put(&inner, DER_BIT_STRING, buf_span(&bits));
        der_put(&out, DER_SEQUENCE, buf_span(&inner));
        BIO *bio = BIO_new_file(path, "w");
        assert_true(bio && PEM_write_bio(bio, "PUBLIC KEY", "", out.p, (long)out.n) > 0);
        BIO_free(bio);
}

static int engine(const char *key, const char *signature, const char *message)
{
        auto_str char *command = xasprintf("openssl dgst -engine gost -md_gost12_512 -verify %s -signature %s %s >/dev/null 2>&1", key, signature, message);
        return system(command);
}

static void gost_engine_agrees(void **state GW_UNUSED)
{
        if (system("openssl engine -t gost 2>/dev/null | grep -q '\\[ available \\]'") != 0) {
                print_message("skipped: libengine-gost-openssl is not installed\n");
                skip();
        }
        gw_auto(gost_private) struct gost_private_key *key = gost_private_new();
        auto_str char *message = scratch_file("the message"), *other = scratch_file("another"), *pem = scratch_file(""), *file = scratch_file("");
        write_russian_key(gost_private_public(key), pem);
        for (int round = 0; round < 4; round++) {
                uint8_t digest[GOST_SIZE_MAX];
                size_t n = gost_digest(GOST_2015, span_str("the message"), digest);
                auto_buf struct buf value = BUF_INIT, turned = BUF_INIT;
                assert_true(gost_sign(key, span_of(digest, n), &value));
                turn(value.p, value.n, &turned);
                assert_true(text_write_file(file, buf_span(&turned), 0600));
                assert_int_equal(engine(pem, file, message), 0);
                assert_int_not_equal(engine(pem, file, other), 0);
        }
        unlink(message), unlink(other), unlink(pem), unlink(file);
}

/* ---- containers ---- */

static void containers(void **state GW_UNUSED)
{
        static const struct {
                const char *path, *password, *problem;
                enum sign_algorithm algorithm;
        } cases[] = {
                {"ncanode-go-testdata/legal_valid_head.p12", "Qwerty12", NULL, SIGN_GOST2015_512},
                {"ncanode-go-testdata/individual_valid_individual_valid.p12", "Qwerty12\n", NULL, SIGN_GOST2015_512},
                {"ncanode-go-testdata/legal_valid_treasury_client.p12", "Qwerty12\r\nsecond line", NULL, SIGN_GOST2015_512},
                {"ncanode-testdata/testkeys/KEY_INDIVIDUAL_VALID_2015.p12", "Aa123456", NULL, SIGN_GOST2015_512},
                {"ncanode-testdata/testkeys/KEY_INDIVIDUAL_VALID_SIGN_2004.p12", "Qwerty12", NULL, SIGN_RSA_SHA256},
                {"ncanode-testdata/testkeys/KEY_CEO_SIGN_REVOKED_2004.p12", "Qwerty12", "only verified", SIGN_RSA_SHA256},
                {"ncanode-go-testdata/legal_valid_head.p12", "qwerty12", "does not open", SIGN_RSA_SHA256},
                {"ncanode-go-testdata/legal_valid_head.p12", "", "does not open", SIGN_RSA_SHA256},
                {"ncanode-go-testdata/legal_valid_head.cer", "Qwerty12", "not a PKCS#12", SIGN_RSA_SHA256},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *path = vector_path(cases[i].path), *password = scratch_file(cases[i].password);
                if (!path)
                        skip();
                gw_auto(local_key) struct signing_key *key = NULL;
                struct why why = WHY_INIT;
                enum gw_rc rc = local_key_open_password(path, NULL, password, &key, &why);
                unlink(password);
                if (cases[i].problem) {
                        assert_int_equal(rc, GW_FAULT);
                        assert_int_equal(why.reason, REASON_CONFIGURATION);
                        if (!strstr(why.detail, cases[i].problem))
                                fail_msg("%s: %s", cases[i].path, why.detail);
                        continue;
                }
                if (rc != GW_OK)
                        fail_msg("%s: %s", cases[i].path, why.detail);
                assert_int_equal(key->algorithm, cases[i].algorithm);
                uint8_t digest[64];
                size_t n = sign_digest(key->algorithm, span_str("x"), digest);
                auto_buf struct buf value = BUF_INIT;
                assert_int_equal(key->sign(key->ctx, span_of(digest, n), &value, &why), GW_OK);
        }
}

/* Every byte of a container may be broken: refused or read, never a crash. */
static void broken_containers(void **state GW_UNUSED)
{
        auto_str char *path = vector_path("ncanode-go-testdata/legal_valid_head.p12"), *password = scratch_file("Qwerty12");
        if (!path)
                skip();
        auto_buf struct buf bytes = BUF_INIT;
        assert_true(text_read_file(path, &bytes));
        auto_str char *broken = scratch_file("");
        for (size_t i = 0; i < bytes.n; i += 61) {
                bytes.p[i] ^= 0x41;
                assert_true(text_write_file(broken, buf_span(&bytes), 0600));
                bytes.p[i] ^= 0x41;
                gw_auto(local_key) struct signing_key *key = NULL;
                struct why why = WHY_INIT;
                if (local_key_open_password(broken, NULL, password, &key, &why) != GW_OK)
                        assert_int_equal(why.reason, REASON_CONFIGURATION);
        }
        unlink(broken);
        unlink(password);
}

static void keys_and_certificates_belong_together(void **state GW_UNUSED)
{
        static const struct {
                const char *key, *certificate;
                bool good;
        } cases[] = {
                {"gost-head-160640900019", "gost-head-160640900019", true},
                {"gost-head-160640900019", "gost-system-gateway", false},
                {"gost-head-160640900019", "head-160640900019", false},
                {"head-160640900019", "gost-head-160640900019", false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *key_path = pki_file("keys", cases[i].key, ".key"), *path = pki_file("certs", cases[i].certificate, ".pem");
                gw_auto(local_key) struct signing_key *key = NULL;
                struct why why = WHY_INIT;
                assert_int_equal(local_key_open(key_path, path, &key, &why), cases[i].good ? GW_OK : GW_FAULT);
                assert_true(cases[i].good || strstr(why.detail, "does not belong"));
        }
}

static void measured(void **state GW_UNUSED)
{
        gw_auto(gost_private) struct gost_private_key *key = gost_private_new();
        uint8_t digest[64] = {1};
        auto_buf struct buf value = BUF_INIT;
        clock_t start = clock();
        for (int i = 0; i < 20; i++) {
                buf_reset(&value);
                assert_true(gost_sign(key, span_of(digest, 64), &value));
        }
        clock_t signed_at = clock();
        for (int i = 0; i < 20; i++)
                assert_true(gost_verify(gost_private_public(key), span_of(digest, 64), buf_span(&value)));
        print_message("GOST 2015-512: sign %ld us, verify %ld us\n", (long)(signed_at - start) / 20, (long)(clock() - signed_at) / 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(digests), cmocka_unit_test(der), cmocka_unit_test(spki), cmocka_unit_test(spki_parameters),
                cmocka_unit_test(signatures), cmocka_unit_test(ranges), cmocka_unit_test(pkcs8), cmocka_unit_test(gost_engine_agrees),
                cmocka_unit_test(containers), cmocka_unit_test(broken_containers), cmocka_unit_test(keys_and_certificates_belong_together),
                cmocka_unit_test(measured),
        };
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
