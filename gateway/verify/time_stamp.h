/* Whether a time-stamp token proves that something was there at an instant: over these bytes, by an authority that we trust. */
#ifndef GW_VERIFY_TIME_STAMP_H
#define GW_VERIFY_TIME_STAMP_H

#include "gateway/base/buf.h"
#include "gateway/verify/problem.h"
#include "gateway/verify/verify.h"

struct time_stamp {
        struct wall_time at;          /* genTime: the trusted instant */
        int64_t accuracy_ms;          /* 0: the authority does not say */
        char policy[64], serial[80];
        const char *algorithm;        /* of the authority's signature: "rsa-sha256" … */
        struct certificate *authority; /* reference owned: time_stamp_done() */
};
/* token: DER (or BER) of its ContentInfo. stamped: the bytes it must be over (CAdES-T: the signature value; XAdES-T: the canonical SignatureValue element).
 * Trusted: the token's own signature; the authority's certificate has id-kp-timeStamping alone and critical (RFC 3161 2.3), leads to an anchor and was current at genTime,
 * and is not revoked by now; its policy is one of ours (verify_policy.stamp_policies); genTime is not later than `now` and the clock skew,
 * and exact to a minute at least.
 * Problem: TIMESTAMP, whatever is wrong; GW_RETRY with CERTIFICATE_REVOCATION_UNKNOWN when nothing is known about the authority now. What the stamp means for a
 * certificate's dates is trust_check_stamped()'s. */
GW_MUST_CHECK enum gw_rc time_stamp_check(struct verifier *verifier, enum sig_party party, struct span token, struct span stamped, struct wall_time now,
                                          struct time_stamp *ret, struct why *why);
void time_stamp_done(struct time_stamp *stamp);

#endif
