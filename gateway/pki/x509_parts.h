/* What certificates, revocation lists and OCSP answers have in common, read strictly from their own bytes: what is signed and by which
 * algorithm, dates, extensions, numbers.
 *
 * Nothing is encoded again before a signature is checked: OpenSSL's i2d_… of a structure is not always what was signed. */
#ifndef GW_PKI_X509_PARTS_H
#define GW_PKI_X509_PARTS_H

#include <openssl/x509v3.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

/* ---- SIGNED{…} (RFC 5280 4.1.1, 5.1.1; RFC 6960 4.2.1) ---- */
struct signed_parts {
        struct span tbs;       /* with its head: the bytes under the signature */
        struct span algorithm; /* AlgorithmIdentifier with its head */
        struct span value;
};
/* Takes the three from the front of *in. */
GW_MUST_CHECK bool signed_take(struct span *in, struct signed_parts *ret_parts);
/* Is the value the signer's over tbs? RSA from 2048 bits and ECDSA (P-256, P-384, P-521) with SHA-256/384/512, both national algorithms; anything else is
 * GW_REJECT with its name in the detail. Says nothing of whether the signer may sign. */
GW_MUST_CHECK enum gw_rc signed_check(const struct signed_parts *parts, const X509 *signer, struct why *why);

/* The algorithm is named within tbs too. The same OID, the parameters absent or NULL: НУЦ's lists have the one inside and the other outside. */
GW_MUST_CHECK bool signed_same_algorithm(struct span inner, struct span outer);

/* ---- pieces; each takes one element from the front of *in, false leaves *in as it was ---- */
/* UTCTime or GeneralizedTime in the forms of RFC 5280 4.1.2.5: seconds, Z, no fraction. */
GW_MUST_CHECK bool parts_take_time(struct span *in, struct wall_time *ret_time);
GW_MUST_CHECK bool parts_take_generalized_time(struct span *in, struct wall_time *ret_time);
/* INTEGER in its shortest form (X.690 8.3.2): the content bytes. */
GW_MUST_CHECK bool parts_take_integer(struct span *in, struct span *ret_content);
/* ENUMERATED of one byte. */
GW_MUST_CHECK bool parts_take_enumerated(struct span *in, unsigned *ret_value);

/* ---- Extensions ---- */
#define PARTS_EXTENSIONS_MAX 16
struct extension_part {
        struct span oid, value; /* content of OBJECT IDENTIFIER and of OCTET STRING */
        bool critical;
};
/* The whole SEQUENCE OF Extension, and nothing after it. False: ill-formed, empty, too many, or one extension twice (RFC 5280 4.2). */
GW_MUST_CHECK bool parts_extensions(struct span in, struct extension_part ret_list[PARTS_EXTENSIONS_MAX], size_t *ret_count);

/* ---- certificates ---- */
/* Content bytes of the serial number's INTEGER; false when it has more than `max`. */
GW_MUST_CHECK bool parts_serial(const X509 *x509, uint8_t *out, size_t max, size_t *ret_length);
/* True unless the certificate's authorityKeyIdentifier names another key than the issuer's (RFC 5280 4.2.1.1), or it has another issuer's name. */
bool parts_names_issuer(const X509 *x509, X509 *issuer);
/* False: an RSA key with which anybody can sign (exponent 1), or that is none (even exponent or modulus; RFC 8017 3.1). */
GW_MUST_CHECK bool parts_rsa_sound(const EVP_PKEY *key);
/* A copy when it is an http URL of printable ASCII and at most 1024 bytes; else NULL. */
char *parts_http_url(const GENERAL_NAME *name);

#endif
