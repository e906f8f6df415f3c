/* The applicant's signature as CMS/CAdES, attached or detached: every signer is verified and trusted as an XML signer would be. */
#ifndef GW_VERIFY_CMS_DOCUMENT_H
#define GW_VERIFY_CMS_DOCUMENT_H

#include "gateway/pki/cms.h"
#include "gateway/verify/time_stamp.h"

/* One per SignerInfo, in the order of the message, which says nothing about who was first: all signed the same content, side by side. */
struct verified_cms_signer {
        struct certificate *certificate;
        const char *algorithm;         /* "rsa-sha256", "gost34102015-512" … */
        struct wall_time signing_time; /* the signer's claim; .ms 0: none */
        bool has_stamp;
        struct time_stamp stamp;
};
struct verified_cms {
        struct span content; /* what all of them signed; borrowed from `cms`, or the detached bytes */
        struct verified_cms_signer signers[VERIFY_SIGNERS_MAX];
        size_t signer_count;
        struct cms *cms;
};
/* bytes: DER, base64 or PEM; detached: the content, or {NULL, 0} when it is inside. All signatures must be good. Reasons: CMS_MALFORMED when it is none,
 * APPLICANT_SIGNATURE_* and APPLICANT_CERTIFICATE_* of the first that is not good. Release with verified_cms_done(). */
GW_MUST_CHECK enum gw_rc verify_cms(struct verifier *verifier, struct span bytes, struct span detached, struct wall_time at, struct verified_cms *ret, struct why *why);
/* The same of another party: SIG_LOGIN with reasons LOGIN_…, SIG_RESULT with RESULT_SIGNATURE_… (or CMS_MALFORMED). */
GW_MUST_CHECK enum gw_rc verify_cms_of(struct verifier *verifier, enum sig_party party, struct span bytes, struct span detached, struct wall_time at, struct verified_cms *ret, struct why *why);
/* The same facts as of an XML signature; what is covered: the content, by a SHA-256 of our own. */
void verified_cms_facts(const struct verified_cms *verified, size_t i, struct signature_facts *ret_facts);
void verified_cms_done(struct verified_cms *verified);

#endif
