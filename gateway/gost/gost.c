/* GOST digests, keys and signatures (nettle), with the encodings of interfaces 4. */
#include "gateway/gost/gost.h"

#include <stdlib.h>
#include <string.h>

#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/gostdsa.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/gost/der.h"

/* Content bytes of the OIDs, under 1.2.398.3.10.1 (interfaces 4.1). */
#define KZ "\x2a\x83\x0e\x03\x0a\x01"
struct family {
        size_t size;
        const struct ecc_curve *(*curve)(void);
        struct span key, parameters, digest, signature;
};
#define OID(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const struct family families[] = {
        [GOST_2004] = {32, nettle_get_gost_gc256b, OID(KZ "\x01\x01\x01"), OID(KZ "\x01\x01\x01\x01"), OID(KZ "\x03\x01\x01\x00"),
                       OID(KZ "\x01\x01\x02")},
        [GOST_2015] = {64, nettle_get_gost_gc512a, OID(KZ "\x01\x02\x02"), OID(KZ "\x01\x02\x02\x01"), OID(KZ "\x03\x03"),
                       OID(KZ "\x01\x02\x03\x02")},
};

struct gost_public_key {
        enum gost_kind kind;
        uint8_t encoded[2 * GOST_SIZE_MAX];
        struct ecc_point point;
};

struct gost_private_key {
        struct ecc_scalar scalar;
        struct gost_public_key *public_key;
};

static const struct family *family_of(enum gost_kind kind)
{
        GW_ASSERT(kind == GOST_2004 || kind == GOST_2015);
        return &families[kind];
}

size_t gost_size(enum gost_kind kind)
{
        return family_of(kind)->size;
}

/* ---- digests ----------------------------------------------------------------------------------------------------- */

void gost_hash_start(struct gost_hash *hash, enum gost_kind kind)
{
        hash->kind = kind;
        if (kind == GOST_2015)
                streebog512_init(&hash->state.streebog);
        else
                gosthash94_init(&hash->state.hash94);
}

void gost_hash_add(struct gost_hash *hash, struct span bytes)
{
        if (bytes.n == 0)
                return;
        if (hash->kind == GOST_2015)
                streebog512_update(&hash->state.streebog, bytes.n, bytes.p);
        else
                gosthash94_update(&hash->state.hash94, bytes.n, bytes.p);
}

void gost_hash_end(struct gost_hash *hash, uint8_t digest[GOST_SIZE_MAX])
{
        if (hash->kind == GOST_2015)
                streebog512_digest(&hash->state.streebog, 64, digest);
        else
                gosthash94_digest(&hash->state.hash94, 32, digest);
}

size_t gost_digest(enum gost_kind kind, struct span in, uint8_t digest[GOST_SIZE_MAX])
{
        struct gost_hash hash;
        gost_hash_start(&hash, kind);
        gost_hash_add(&hash, in);
        gost_hash_end(&hash, digest);
        return gost_size(kind);
}

/* ---- algorithm identifiers --------------------------------------------------------------------------------------- */

enum gost_kind gost_signature_kind(struct span oid)
{
        for (enum gost_kind kind = GOST_2004; kind <= GOST_2015; kind++)
                if (span_eq(oid, families[kind].signature))
                        return kind;
        return GOST_NONE;
}

void gost_signature_algorithm(enum gost_kind kind, struct buf *out)
{
        auto_buf struct buf inner = BUF_INIT;
        der_put(&inner, DER_OID, family_of(kind)->signature);
        der_put(&inner, DER_NULL, span_of(NULL, 0));
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

/* AlgorithmIdentifier of a key: OID, SEQUENCE { curve, digest OPTIONAL }. */
static bool read_key_algorithm(struct span *in, enum gost_kind *ret_kind)
{
        struct span algorithm, parameters, oid, curve, digest;
        if (!der_take(in, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
            !der_take(&algorithm, DER_SEQUENCE, &parameters) || algorithm.n != 0 || !der_take(&parameters, DER_OID, &curve))
                return false;
        for (enum gost_kind kind = GOST_2004; kind <= GOST_2015; kind++) {
                const struct family *family = &families[kind];
                if (!span_eq(oid, family->key))
                        continue;
                if (!span_eq(curve, family->parameters))
                        return false;
                if (parameters.n > 0 && (!der_take(&parameters, DER_OID, &digest) || !span_eq(digest, family->digest)))
                        return false;
                *ret_kind = kind;
                return parameters.n == 0;
        }
        return false;
}

static void write_key_algorithm(const struct family *family, struct buf *out)
{
        auto_buf struct buf parameters = BUF_INIT, algorithm = BUF_INIT;
        der_put(&parameters, DER_OID, family->parameters);
        der_put(&parameters, DER_OID, family->digest);
        der_put(&algorithm, DER_OID, family->key);
        der_put(&algorithm, DER_SEQUENCE, buf_span(&parameters));
        der_put(out, DER_SEQUENCE, buf_span(&algorithm));
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* Little-endian, least significant byte first. */
static void import_number(mpz_t number, const uint8_t *p, size_t n)
{
        mpz_import(number, n, -1, 1, 0, 0, p);
}

static void export_number(const mpz_t number, uint8_t *out, size_t n)
{
        memset(out, 0, n);
        GW_ASSERT(mpz_sizeinbase(number, 2) <= 8 * n);
        mpz_export(out, NULL, -1, 1, 0, 0, number);
}

static void wipe_number(mpz_t number)
{
        size_t limbs = mpz_size(number);
        if (limbs > 0)
                OPENSSL_cleanse(mpz_limbs_modify(number, (mp_size_t)limbs), limbs * sizeof(mp_limb_t));
        mpz_clear(number);
}

/* ---- public keys ------------------------------------------------------------------------------------------------- */

static struct gost_public_key *new_public(enum gost_kind kind)
{
        struct gost_public_key *key = xcalloc(1, sizeof *key);
        key->kind = kind;
        ecc_point_init(&key->point, family_of(kind)->curve());
        return key;
}

void gost_public_free(struct gost_public_key *key)
{
        if (!key)
                return;
        ecc_point_clear(&key->point);
        free(key);
}

/* ecc_point_set() refuses coordinates that are not below p and points that are not on the curve. */
static bool set_point(struct gost_public_key *key, struct span encoded)
{
        size_t size = gost_size(key->kind);
        if (encoded.n != 2 * size)
                return false;
        memcpy(key->encoded, encoded.p, encoded.n);
        mpz_t x, y;
        mpz_inits(x, y, NULL);
        import_number(x, encoded.p, size);
        import_number(y, encoded.p + size, size);
        bool ok = ecc_point_set(&key->point, x, y) == 1;
        mpz_clears(x, y, NULL);
        return ok;
}

bool gost_public_read(struct span spki, struct gost_public_key **ret_key)
{
        struct span inner, bits, point;
        enum gost_kind kind = GOST_NONE;
        if (!der_take(&spki, DER_SEQUENCE, &inner) || spki.n != 0 || !read_key_algorithm(&inner, &kind) || !der_take_bits(&inner, &bits) ||
            inner.n != 0 || !der_take(&bits, DER_OCTET_STRING, &point) || bits.n != 0)
                return false;
        gw_auto(gost_public) struct gost_public_key *key = new_public(kind);
        if (!set_point(key, point))
                return false;
        *ret_key = gw_take(&key);
        return true;
}

enum gost_kind gost_public_kind(const struct gost_public_key *key)
{
        return key->kind;
}

struct span gost_public_point(const struct gost_public_key *key)
{
        return span_of(key->encoded, 2 * gost_size(key->kind));
}

bool gost_public_same(const struct gost_public_key *a, const struct gost_public_key *b)
{
        return a->kind == b->kind && span_eq(gost_public_point(a), gost_public_point(b));
}

void gost_public_write(const struct gost_public_key *key, struct buf *out)
{
        auto_buf struct buf bits = BUF_INIT, inner = BUF_INIT;
        buf_add_char(&bits, '\0'); /* no unused bits */
        der_put(&bits, DER_OCTET_STRING, gost_public_point(key));
        write_key_algorithm(family_of(key->kind), &inner);
        der_put(&inner, DER_BIT_STRING, buf_span(&bits));
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

/* gostdsa_verify() itself refuses r or s that is 0 or not below the order. */
bool gost_verify(const struct gost_public_key *key, struct span digest, struct span signature)
{
        size_t size = gost_size(key->kind);
        if (digest.n != size || signature.n != 2 * size)
                return false;
        struct dsa_signature value;
        dsa_signature_init(&value);
        import_number(value.r, signature.p, size);
        import_number(value.s, signature.p + size, size);
        bool good = gostdsa_verify(&key->point, digest.n, digest.p, &value) == 1;
        dsa_signature_clear(&value);
        return good;
}

/* ---- private keys ------------------------------------------------------------------------------------------------ */

static struct gost_private_key *new_private(void)
{
        struct gost_private_key *key = xcalloc(1, sizeof *key);
        ecc_scalar_init(&key->scalar, nettle_get_gost_gc512a());
        return key;
}

void gost_private_free(struct gost_private_key *key)
{
        if (!key)
                return;
        OPENSSL_cleanse(key->scalar.p, (size_t)ecc_size(key->scalar.ecc) * sizeof(mp_limb_t));
        ecc_scalar_clear(&key->scalar);
        gost_public_free(key->public_key);
        free(key);
}

static void make_public(struct gost_private_key *key)
{
        struct gost_public_key *made = new_public(GOST_2015);
        ecc_point_mul_g(&made->point, &key->scalar);
        mpz_t x, y;
        mpz_inits(x, y, NULL);
        ecc_point_get(&made->point, x, y);
        export_number(x, made->encoded, 64);
        export_number(y, made->encoded + 64, 64);
        mpz_clears(x, y, NULL);
        key->public_key = made;
}

static void random_bytes(void *ctx, size_t n, uint8_t *out)
{
        (void)ctx;
        GW_ASSERT(RAND_priv_bytes(out, (int)n) == 1); /* a signature with a guessable nonce gives the key away */
}

bool gost_private_read(struct span pkcs8, struct gost_private_key **ret_key)
{
        struct span inner, version, octets, value;
        enum gost_kind kind = GOST_NONE;
        if (!der_take(&pkcs8, DER_SEQUENCE, &inner) || pkcs8.n != 0 || !der_take(&inner, DER_INTEGER, &version) || version.n != 1 ||
            version.p[0] != 0 || !read_key_algorithm(&inner, &kind) || kind != GOST_2015)
                return false;
        if (!der_take(&inner, DER_OCTET_STRING, &octets) || inner.n != 0 || !der_take(&octets, DER_OCTET_STRING, &value) ||
            octets.n != 0 || value.n != 64)
                return false;
        gw_auto(gost_private) struct gost_private_key *key = new_private();
        mpz_t number;
        mpz_init2(number, 8 * 64); /* all limbs at once: growing would leave copies */
        import_number(number, value.p, value.n);
        bool ok = ecc_scalar_set(&key->scalar, number) == 1; /* between 1 and the order */
        wipe_number(number);
        if (!ok)
                return false;
        make_public(key);
        *ret_key = gw_take(&key);
        return true;
}

struct gost_private_key *gost_private_new(void)
{
        struct gost_private_key *key = new_private();
        ecc_scalar_random(&key->scalar, NULL, random_bytes);
        make_public(key);
        return key;
}

const struct gost_public_key *gost_private_public(const struct gost_private_key *key)
{
        return key->public_key;
}

void gost_private_write(const struct gost_private_key *key, struct buf *out)
{
        uint8_t value[64];
        mpz_t number;
        mpz_init2(number, 8 * 64);
        ecc_scalar_get(&key->scalar, number);
        export_number(number, value, sizeof value);
        wipe_number(number);
        __attribute__((cleanup(buf_wipe_done))) struct buf octets = BUF_INIT, inner = BUF_INIT;
        der_put(&octets, DER_OCTET_STRING, span_of(value, sizeof value));
        OPENSSL_cleanse(value, sizeof value);
        der_put(&inner, DER_INTEGER, span_of("", 1));
        write_key_algorithm(family_of(GOST_2015), &inner);
        der_put(&inner, DER_OCTET_STRING, buf_span(&octets));
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

bool gost_sign(const struct gost_private_key *key, struct span digest, struct buf *out)
{
        uint8_t *room = digest.n == 64 ? buf_room(out, 128) : NULL;
        if (!room)
                return false;
        struct dsa_signature value;
        dsa_signature_init(&value);
        gostdsa_sign(&key->scalar, NULL, random_bytes, digest.n, digest.p, &value);
        export_number(value.r, room, 64);
        export_number(value.s, room + 64, 64);
        dsa_signature_clear(&value);
        buf_grew(out, 128);
        return true;
}
