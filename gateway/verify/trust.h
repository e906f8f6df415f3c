/* Whether a certificate may vouch for a signature: chain, dates, revocation, usage. Internal to verify/. */
#ifndef GW_VERIFY_TRUST_H
#define GW_VERIFY_TRUST_H

#include "gateway/verify/known.h"
#include "gateway/verify/sig.h"
#include "gateway/verify/verify.h"

const struct verify_policy *trust_policy(const struct verifier *verifier);
/* Whether policy accepts the signature's algorithm at that instant, before anything is computed. Problem: ALGORITHM. */
GW_MUST_CHECK enum gw_rc trust_check_method(const struct verifier *verifier, const struct sig_shape *shape, struct wall_time at,
                                            struct why *why);
/* From the cache, or decoded. ret_certificate is the caller's. Problem: CERTIFICATE_UNREADABLE. */
GW_MUST_CHECK enum gw_rc trust_certificate(struct verifier *verifier, enum sig_party party, struct span der,
                                           struct certificate **ret_certificate, struct why *why);
/* Problems: CERTIFICATE_UNTRUSTED, _POLICY, _EXPIRED, _NOT_YET_VALID, _REVOKED, _REVOCATION_UNKNOWN (GW_RETRY), _USAGE, asked in this order. What has a good
 * chain is cached. untrusted: intermediate certificates that came with the message: they may lead to an anchor, and are trusted no more than that. NULL: none. */
GW_MUST_CHECK enum gw_rc trust_check_with(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted,
                                          struct wall_time at, struct why *why);
/* Without the question of usage, for a time-stamping authority: chain and dates at one instant, revocation at another. */
GW_MUST_CHECK enum gw_rc trust_check_dated(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted, struct wall_time dated,
                                           struct wall_time at, struct why *why);
/* trust_check_with() of a certificate whose signature is proven by a trusted time stamp to be older than `stamped`, received at `at`. Its dates are judged at the stamp; has it
 * expired since, policy decides (CERTIFICATE_EXPIRED_SINCE). Revocation is judged at `at`: a new request is no archive, so it must not have been revoked after the
 * stamp either. */
GW_MUST_CHECK enum gw_rc trust_check_stamped(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted,
                                             struct wall_time stamped, struct wall_time at, struct why *why);
/* Policy's refusal of a generation by now, for signatures that are no XML. Problem: ALGORITHM. */
GW_MUST_CHECK enum gw_rc trust_check_gost(const struct verifier *verifier, enum sig_party party, enum gost_kind kind, struct wall_time at, struct why *why);
/* One of the known parties', by name. Problem: KEY_INFO (none, or several). */
GW_MUST_CHECK enum gw_rc trust_known(struct verifier *verifier, enum sig_party party, const struct known_name *name,
                                     struct certificate **ret_certificate, struct why *why);
void trust_count_signature(struct verifier *verifier);

#endif
