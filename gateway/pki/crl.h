/* Certificate revocation lists (RFC 5280 sections 5 and 6.3): signature checked once when read, serial numbers looked up after. */
#ifndef GW_PKI_CRL_H
#define GW_PKI_CRL_H

#include <openssl/x509.h>

#include "gateway/base/buf.h"
#include "gateway/base/why.h"
#include "gateway/pki/status.h"

#define CRL_BYTES_MAX ((size_t)64 << 20) /* 1.5 million entries with reasons; each takes 32 bytes of memory */

struct crl_rules {
        struct wall_time now;
        int64_t skew_ms;
        int64_t age_max_ms; /* as in ocsp_rules */
};
struct crl;
/* DER or PEM of a complete CRL of this issuer (which must have cRLSign when it has a key usage). GW_REJECT: unreadable, another issuer, bad signature,
 * an unknown critical extension, a delta, an indirect CRL, reasons or scope that we do not cover, thisUpdate in the future. GW_RETRY: memory is out. An old
 * list is read: crl_status() says that it is too old. Immutable, counted references. */
GW_MUST_CHECK enum gw_rc crl_read(struct span bytes, X509 *issuer, const struct crl_rules *rules, struct crl **ret_crl, struct why *why);
/* A new CRL: base with the changes of a delta CRL (RFC 5280 5.2.4: same issuer and scope, BaseCRLNumber <= base's CRLNumber < delta's). Its thisUpdate is the
 * delta's; it lasts until the later nextUpdate of the two, as the complete list alone would. `base` stays as it is. */
GW_MUST_CHECK enum gw_rc crl_apply_delta(const struct crl *base, struct span delta, X509 *issuer, const struct crl_rules *rules, struct crl **ret_crl,
                                         struct why *why);
struct crl *crl_ref(struct crl *crl);
void crl_unref(struct crl *crl);
GW_DEFINE_AUTO(crl, struct crl, crl_unref)
#define auto_crl gw_auto(crl)
/* GOOD, BAD, or UNKNOWN (too old, another issuer's certificate, or outside its scope: onlyContainsUserCerts, distribution point names). BAD says since when:
 * whether that is before the instant of interest is the caller's question. The list's dates are told in any case. */
void crl_status(const struct crl *crl, const X509 *certificate, const struct crl_rules *rules, struct revocation_status *ret);
struct crl_facts {
        struct wall_time this_update, next_update; /* next_update.ms 0: it does not say */
        size_t entries;
        char number[48];         /* cRLNumber in upper-case hex; "" when there is none */
        uint8_t sha256[32];      /* of the DER; after crl_apply_delta() the delta's */
        uint8_t base_sha256[32]; /* of the complete list; the same as sha256 without a delta */
        bool has_delta;          /* freshestCRL: the authority issues deltas for it */
};
void crl_facts(const struct crl *crl, struct crl_facts *ret);
/* Distribution points (4.2.1.15 freshestCRL when fresh), http only; the caller frees each and the array is terminated by NULL. NULL: none. */
char **crl_urls(const X509 *certificate, bool freshest);

#endif
