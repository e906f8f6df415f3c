/* OCSP (RFC 6960, 5019, 8954) for one certificate: the question, and what an answer is worth. No network here. */
#ifndef GW_PKI_OCSP_H
#define GW_PKI_OCSP_H

#include <openssl/x509.h>

#include "gateway/base/buf.h"
#include "gateway/base/why.h"
#include "gateway/pki/crl.h"
#include "gateway/pki/status.h"

#define OCSP_NONCE_SIZE 32
#define OCSP_BYTES_MAX ((size_t)64 << 10) /* of a response; НУЦ's have 2-3 KB */

enum ocsp_id { /* by which digest an answer names the certificate */
        OCSP_ID_ANY, /* of a stored answer: SHA-256 or SHA-1 */
        OCSP_ID_SHA256,
        OCSP_ID_SHA1,
};
struct ocsp_rules {
        struct wall_time now;
        int64_t skew_ms;
        int64_t age_max_ms;      /* "too old": thisUpdate + age_max_ms < now; 0: only nextUpdate counts (and must then be there) */
        struct span nonce;       /* what was sent; empty: none was */
        bool nonce_required;     /* an answer without it is not taken (stored answers are checked without nonce) */
        enum ocsp_id id;         /* what was asked with */
        /* The revocation of a delegated responder's own certificate (RFC 6960 4.2.2.2.1): id-pkix-ocsp-nocheck is the authority's word that nobody need ask.
         * НУЦ's responders of the kind of 2004 have none. */
        bool responder_known;    /* without nocheck, responder_crl must say GOOD */
        struct crl *responder_crl; /* may be NULL; when it says BAD the responder is refused in any case */
};
/* Appends the DER of a request with one CertID (SHA-256; sha1 for responders that know no other) and the nonce, when there is one. */
GW_MUST_CHECK bool ocsp_request(const X509 *certificate, const X509 *issuer, bool sha1, struct span nonce, struct buf *out);
/* Judges the DER of a response. GW_OK: *ret says GOOD or BAD (revoked, or on hold; also "never issued", which RFC 6960 2.2 spells as a hold since 1970).
 * GW_RETRY: the responder says tryLater, internalError, "unknown", or it is too old: nothing is known, another may be asked. GW_REJECT: it is no answer to
 * believe (signature, delegation, another certificate, dates, unknown critical extension, different answers for one certificate, nonce), or the responder does
 * not answer such a question (malformedRequest, sigRequired, unauthorized). Signed by the issuer itself or by a certificate that the issuer itself signed,
 * current, with id-kp-OCSPSigning (RFC 6960 4.2.2.2). why->detail says which. */
GW_MUST_CHECK enum gw_rc ocsp_check(struct span response, const X509 *certificate, X509 *issuer, const struct ocsp_rules *rules, struct revocation_status *ret, struct why *why);
/* authorityInfoAccess, id-ad-ocsp, http only: false when there is none. *ret_url is the caller's. */
GW_MUST_CHECK bool ocsp_url(const X509 *certificate, char **ret_url);

#endif
