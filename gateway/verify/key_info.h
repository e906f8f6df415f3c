/* Which certificate a signature says is its own. What it says is only a hint: trust comes from the signature and the chain. Internal to verify/. */
#ifndef GW_VERIFY_KEY_INFO_H
#define GW_VERIFY_KEY_INFO_H

#include <libxml/tree.h>

#include "gateway/base/buf.h"
#include "gateway/verify/trust.h"

static inline void key_info_chain_free(STACK_OF(X509) *chain)
{
        sk_X509_pop_free(chain, X509_free);
}
GW_DEFINE_AUTO(x509_chain, STACK_OF(X509), key_info_chain_free)

#define DSIG11_NS "http://www.w3.org/2009/xmldsig11#"
#define KEY_INFO_DER_MAX 16384
#define KEY_INFO_CHAIN_MAX 8

/* The certificate as base64 text of the element. Problem: CERTIFICATE_UNREADABLE. */
GW_MUST_CHECK enum gw_rc key_info_certificate(struct verifier *verifier, enum sig_party party, const xmlNode *node,
                                              struct certificate **ret_certificate, struct why *why);
/* ds:X509Data: with X509Certificate, that one, or of several the only one that is not an authority's (names beside certificates are not
 * looked at), the others becoming *ret_chain (untrusted, sk_X509_pop_free() by the caller; NULL: none); else X509IssuerSerial, X509SKI or
 * X509Digest, found among the known parties'. Problems: KEY_INFO, CERTIFICATE_UNREADABLE. */
GW_MUST_CHECK enum gw_rc key_info_x509_data(struct verifier *verifier, enum sig_party party, const xmlNode *x509_data,
                                            struct certificate **ret_certificate, STACK_OF(X509) **ret_chain, struct why *why);
/* The base64 text of the element is the name of a known certificate. Problem: KEY_INFO. */
GW_MUST_CHECK enum gw_rc key_info_named(struct verifier *verifier, enum sig_party party, enum known_by by, const xmlNode *node,
                                        struct certificate **ret_certificate, struct why *why);

#endif
