/* Time stamps (RFC 3161): the question to a time-stamping authority, its answer, and what a token says. Whether the authority is trusted is
 * verify/time_stamp.h's question. No network here. */
#ifndef GW_PKI_TSP_H
#define GW_PKI_TSP_H

#include "gateway/base/buf.h"
#include "gateway/pki/cms.h"

enum tsp_digest { TSP_SHA256, TSP_SHA384, TSP_SHA512, TSP_GOST_2004, TSP_GOST_2015 };
/* Appends the DER of a TimeStampReq over `imprinted` with certReq; policy: dotted OID or NULL; nonce may be empty. */
GW_MUST_CHECK bool tsp_request(enum tsp_digest digest, struct span imprinted, const char *policy, struct span nonce, struct buf *out);
/* The token of a TimeStampResp with status granted (or grantedWithMods), its nonce, imprint and policy those of the request. Appends the DER of its ContentInfo.
 * GW_RETRY: the authority says it cannot now; GW_REJECT: it refuses, or answers something else. */
GW_MUST_CHECK enum gw_rc tsp_response(struct span response, struct span request, struct buf *token, struct why *why);

struct tsp_token; /* a parsed token */
struct tsp_facts {
        struct wall_time at;       /* genTime */
        int64_t accuracy_ms;       /* 0: not said */
        char policy[64], serial[80]; /* serial: hex */
        X509 *x509;                /* the authority's certificate, borrowed; NULL when it is not inside */
        enum gost_kind gost;
        const char *algorithm;     /* as in struct cms_signer */
};
/* Reads the token and checks: one signer, its signature over TSTInfo, signingCertificate(V2) (RFC 3161 2.4.2), version, no critical extension. */
GW_MUST_CHECK enum cms_problem tsp_read(struct span token, struct tsp_token **ret_token, struct tsp_facts *ret_facts, struct why *detail);
/* cms_certificates() of the token. */
STACK_OF(X509) *tsp_certificates(const struct tsp_token *token);
/* Is it over these bytes, by a digest of the list above (SHA-1 is not on it)? */
GW_MUST_CHECK bool tsp_covers(const struct tsp_token *token, struct span imprinted);
void tsp_free(struct tsp_token *token);
GW_DEFINE_AUTO(tsp_token, struct tsp_token, tsp_free)
#define auto_tsp_token gw_auto(tsp_token)

#endif
