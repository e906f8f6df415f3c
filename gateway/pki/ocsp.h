/* OCSP (RFC 6960) for one certificate: the question, and what an answer is worth. No network here. */
#ifndef GW_PKI_OCSP_H
#define GW_PKI_OCSP_H

#include <openssl/x509.h>

#include "gateway/base/buf.h"
#include "gateway/base/why.h"
#include "gateway/pki/status.h"

#define OCSP_NONCE_SIZE 32
struct ocsp_rules {
        struct wall_time now;
        int64_t skew_ms;
        int64_t age_max_ms;      /* "too old": thisUpdate + age_max_ms < now; 0: only nextUpdate counts (and must then be there) */
        struct span nonce;       /* what was sent; empty: none was */
        bool nonce_required;     /* an answer without it is not taken (stored answers are checked without nonce) */
};
/* Appends the DER of a request with one CertID (SHA-256; sha1 for responders that know no other) and the nonce, when there is one. */
GW_MUST_CHECK bool ocsp_request(const X509 *certificate, const X509 *issuer, bool sha1, struct span nonce, struct buf *out);
/* Judges the DER of a response. GW_OK: *ret says GOOD or BAD. GW_RETRY: the responder says tryLater, internalError, "unknown", or it is too
 * old: nothing is known, another may be asked. GW_REJECT: it is no answer to believe (signature, delegation, another certificate, dates,
 * unknown critical extension, a good and a revoked answer for one certificate, nonce). Signed by the issuer itself or by a certificate that the issuer
 * itself signed, current, with id-kp-OCSPSigning (RFC 6960 4.2.2.2). why->detail says which. */
GW_MUST_CHECK enum gw_rc ocsp_check(struct span response, const X509 *certificate, X509 *issuer, const struct ocsp_rules *rules, struct revocation_status *ret, struct why *why);
/* authorityInfoAccess, id-ad-ocsp, http only: false when there is none. *ret_url is the caller's. */
GW_MUST_CHECK bool ocsp_url(const X509 *certificate, char **ret_url);

#endif
