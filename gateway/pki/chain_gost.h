/* The chain of a certificate with a GOST signature, which OpenSSL cannot check. Internal to pki/ and verify/. */
#ifndef GW_PKI_CHAIN_GOST_H
#define GW_PKI_CHAIN_GOST_H

#include <openssl/x509.h>

#include "gateway/gost/gost.h"

/* How the certificate is signed; GOST_NONE: not with GOST, OpenSSL's business. */
enum gost_kind chain_gost_kind(const X509 *x509);
/* True when both places of the certificate name one GOST algorithm and its signature is this key's. */
GW_MUST_CHECK bool chain_gost_signed_by(const X509 *x509, const struct gost_public_key *key);

struct chain_gost;
struct chain_gost *chain_gost_new(void);
void chain_gost_free(struct chain_gost *anchors);
/* Keeps a reference when it has a GOST key; others are none of its business. */
void chain_gost_add_anchor(struct chain_gost *anchors, X509 *x509);
/* The anchor that issued it, borrowed; NULL when there is none, with an error of X509_verify_cert_error_string(). The anchor must be a CA
 * that may sign certificates and subordinates of this depth, its key must verify the signature, and neither certificate may have a
 * critical extension unknown to OpenSSL. Dates are the caller's. A chain is two certificates long, as it is for RSA: nobody hands us
 * intermediate ones, every authority is an anchor. */
GW_MUST_CHECK X509 *chain_gost_issuer(const struct chain_gost *anchors, X509 *x509, int *ret_error);

#endif
