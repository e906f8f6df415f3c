/* The proof of a login: one signature, XML-DSig in the document or CMS around or beside it, over exactly the challenge. */
#ifndef GW_PROVIDER_LOGIN_H
#define GW_PROVIDER_LOGIN_H

#include "gateway/verify/verify.h"

#define LOGIN_PROOF_MAX ((size_t)64 << 10)

struct login_proof {
        struct span challenge;  /* the document in canonical form, as it was given out */
        struct span signature;  /* the signed XML; or CMS as DER, base64 or PEM, with the challenge inside or without */
        bool sign_certificates; /* also by a certificate that is for signing only */
};
/* ret_certificate: whose it is, good at `at` with path, dates and revocation; certificate_unref() by the caller. Reasons: LOGIN_SIGNATURE, LOGIN_CERTIFICATE…,
 * LOGIN_REVOCATION_UNKNOWN (GW_RETRY), CHALLENGE_UNKNOWN (something else was signed), CMS_MALFORMED, XML_…. */
GW_MUST_CHECK enum gw_rc login_verify(struct verifier *verifier, const struct login_proof *proof, struct wall_time at, struct certificate **ret_certificate, struct why *why);

#endif
