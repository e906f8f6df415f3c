/* A key that can sign a digest, wherever it lives: in the signer process (gateway), in this process (simulators,
 * command line, replay). Whoever writes a signature needs no more than this. */
#ifndef GW_SIGN_SIGNING_KEY_H
#define GW_SIGN_SIGNING_KEY_H

#include "gateway/base/buf.h"
#include "gateway/base/why.h"

enum sign_algorithm { SIGN_RSA_SHA256, SIGN_ECDSA_P256_SHA256, SIGN_ECDSA_P384_SHA384, SIGN_GOST2015_512 };

struct signing_key {
        enum sign_algorithm algorithm;
        char *certificate_base64; /* DER of the certificate in base64 without line ends; owned by the key's maker */
        /* digest: 32, 48 or 64 bytes by algorithm. Appends the raw value XML-DSig wants (RSA: PKCS#1 v1.5 block; ECDSA:
         * r||s, RFC 4050/6931 fixed length; GOST: r||s, each little-endian). GW_RETRY + SIGNER_UNAVAILABLE when the signer process does not answer. */
        enum gw_rc (*sign)(void *ctx, struct span digest, struct buf *out, struct why *why);
        void *ctx;
};

/* XML-DSig URIs and the digest of an algorithm. */
const char *sign_signature_uri(enum sign_algorithm algorithm);
const char *sign_digest_uri(enum sign_algorithm algorithm);
size_t sign_digest(enum sign_algorithm algorithm, struct span in, uint8_t out[64]); /* returns 32, 48 or 64 */

/* A PEM key and its PEM certificate held in this process (command line, simulators, tests; the gateway's worker never does).
 * Refuses a key that does not belong to the certificate, and algorithms that are not in the enum. */
GW_MUST_CHECK enum gw_rc local_key_open(const char *key_path, const char *certificate_path, struct signing_key **ret_key, struct why *why);
/* The same for a key under a password, the first line of a file: PEM, or PKCS#12 as НУЦ gives them out (RSA or GOST; SHA-1, 3DES and RC2
 * are what they are protected with), whose certificate is inside (certificate_path NULL). */
GW_MUST_CHECK enum gw_rc local_key_open_password(const char *key_path, const char *certificate_path, const char *password_path,
                                                 struct signing_key **ret_key, struct why *why);
void local_key_close(struct signing_key *key);

#endif
