/* The national algorithms of Kazakhstan on nettle: GOST 34.10-2015-512 with 34.11-2015-512, and GOST 34.310-2004 with 34.311-95.
 *
 * They are the Russian algorithms under other OIDs and in another byte order (interfaces 4.3): curve tc26-512-A with Streebog-512, and
 * curve CryptoPro-A with the hash of 1994 on the Test S-box. Every number on the wire is little-endian: X, Y, r, s, the private value
 * and the digest read as a number. Both curves have a prime order, so a point on the curve is a point of the group. */
#ifndef GW_GOST_GOST_H
#define GW_GOST_GOST_H

#include <nettle/gosthash94.h>
#include <nettle/streebog.h>

#include "gateway/base/buf.h"

enum gost_kind {
        GOST_NONE,
        GOST_2004, /* 34.310-2004 with 34.311-95: read only, nothing new is signed with it */
        GOST_2015, /* 34.10-2015-512 with 34.11-2015-512 */
};
#define GOST_SIZE_MAX 64

/* Names in XML-DSig (interfaces 4.2, pkigovkz xmldsig). The pair with 256 bits is not here: nobody's certificate has such a key. */
#define GOST_2004_METHOD_URI "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311"
#define GOST_2004_DIGEST_URI "http://www.w3.org/2001/04/xmldsig-more#gost34311"
#define GOST_2015_METHOD_URI "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512"
#define GOST_2015_DIGEST_URI "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512"

/* Bytes of a digest, a coordinate, half a signature: 32 or 64. */
size_t gost_size(enum gost_kind kind);

struct gost_hash {
        enum gost_kind kind;
        union {
                struct gosthash94_ctx hash94;
                struct streebog512_ctx streebog;
        } state;
};
void gost_hash_start(struct gost_hash *hash, enum gost_kind kind);
void gost_hash_add(struct gost_hash *hash, struct span bytes);
/* Writes gost_size() bytes; the hash is then as after gost_hash_start(). */
void gost_hash_end(struct gost_hash *hash, uint8_t digest[GOST_SIZE_MAX]);
/* All at once; returns gost_size(). */
size_t gost_digest(enum gost_kind kind, struct span in, uint8_t digest[GOST_SIZE_MAX]);

/* Content bytes of an OBJECT IDENTIFIER that names a signature algorithm; GOST_NONE for any other, the 256-bit form of 2015 too. */
enum gost_kind gost_signature_kind(struct span oid);
/* The AlgorithmIdentifier of a signature as certificates carry it: that OID with NULL. Appended. */
void gost_signature_algorithm(enum gost_kind kind, struct buf *out);

/* ---- public keys: read-only once made, usable by many threads ---- */

struct gost_public_key;
/* From DER of SubjectPublicKeyInfo, strictly; false when it is no key of the two kinds, its parameters are others, or the point is not on
 * the curve. */
GW_MUST_CHECK bool gost_public_read(struct span spki, struct gost_public_key **ret_key);
void gost_public_free(struct gost_public_key *key);
GW_DEFINE_AUTO(gost_public, struct gost_public_key, gost_public_free)
enum gost_kind gost_public_kind(const struct gost_public_key *key);
bool gost_public_same(const struct gost_public_key *a, const struct gost_public_key *b);
/* Appends SubjectPublicKeyInfo. */
void gost_public_write(const struct gost_public_key *key, struct buf *out);
/* The point alone, X and Y: what a key identifier is the digest of. */
struct span gost_public_point(const struct gost_public_key *key);
/* True when signature (r, s) is this key's over the digest; lengths and ranges are checked. */
GW_MUST_CHECK bool gost_verify(const struct gost_public_key *key, struct span digest, struct span signature);

/* ---- private keys of the kind of 2015 ----
 *
 * What nettle gives against timing: the multiplication of the base point by the secret nonce and the two modular products of the
 * signature run in constant time and touch memory in an order that does not depend on secrets ("side-channel silent" in nettle's
 * words). Not covered: reading the key (once, GMP), rejecting a nonce out of range, and GMP numbers that hold the finished signature.
 * The nonce is random, from OpenSSL's generator for secrets. Memory of keys is wiped; nettle's scratch memory, which held the nonce, is
 * only freed (the signer process locks its memory and leaves no core). */

struct gost_private_key;
/* From DER of an unencrypted PKCS#8 PrivateKeyInfo (OCTET STRING within, little-endian, as НУЦ's containers have it). */
GW_MUST_CHECK bool gost_private_read(struct span pkcs8, struct gost_private_key **ret_key);
/* A new key of 2015 (test PKI). */
struct gost_private_key *gost_private_new(void);
void gost_private_free(struct gost_private_key *key);
GW_DEFINE_AUTO(gost_private, struct gost_private_key, gost_private_free)
/* Borrowed. */
const struct gost_public_key *gost_private_public(const struct gost_private_key *key);
/* Appends PKCS#8. `out` should be wiped by its owner. */
void gost_private_write(const struct gost_private_key *key, struct buf *out);
/* Appends r, s. False when the digest has another length. */
GW_MUST_CHECK bool gost_sign(const struct gost_private_key *key, struct span digest, struct buf *out);

#endif
