/* Is it allowed: who may sign this. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/verify/trust.h"

/* ---- the applicant ----------------------------------------------------------------------------------------------- */

/* With the check digit switched off only the form is asked for: the people of НУЦ's test certificates have no real dates either. */
static bool iin_acceptable(const struct verify_policy *policy, const char *iin)
{
        return policy->iin_check_digit ? iin_valid(iin, true, NULL) : strlen(iin) == 12 && strspn(iin, "0123456789") == 12;
}

enum gw_rc verify_applicant_allowed(const struct verifier *verifier, const struct certificate *signer, const char *declarant_iin,
                                    const char *representative_iin, struct why *why)
{
        const struct verify_policy *policy = trust_policy(verifier);
        if (!signer->for_signing)
                return sig_refuse(why, SIG_APPLICANT, SIG_CERTIFICATE_USAGE, "not a certificate for signing");
        if (!(signer->roles & ROLE_INDIVIDUAL) || (signer->roles & ROLE_LEGAL) || !*signer->iin)
                return sig_refuse(why, SIG_APPLICANT, SIG_CERTIFICATE_ROLE, "%s",
                                  *signer->iin ? "no role of an individual" : "no IIN in the certificate");
        if (!iin_acceptable(policy, signer->iin))
                return why_set(why, GW_REJECT, REASON_APPLICANT_IIN_INVALID, "the IIN of the certificate is not valid");
        if (!iin_acceptable(policy, declarant_iin))
                return why_set(why, GW_REJECT, REASON_APPLICANT_IIN_INVALID, "the declarant's IIN is not valid");
        if (representative_iin && !iin_acceptable(policy, representative_iin))
                return why_set(why, GW_REJECT, REASON_APPLICANT_IIN_INVALID, "the representative's IIN is not valid");
        if (!str_eq(signer->iin, declarant_iin) && !(representative_iin && str_eq(signer->iin, representative_iin)))
                return why_set(why, GW_REJECT, REASON_APPLICANT_IIN_MISMATCH, "the signer is neither declarant nor named representative");
        return GW_OK;
}

/* ---- the sender -------------------------------------------------------------------------------------------------- */

/* One of the fingerprints in the list: hex of either case, separated by commas and blanks. */
static bool fingerprint_listed(const char *list, const uint8_t sha256[32])
{
        auto_buf struct buf want = BUF_INIT;
        text_hex(&want, span_of(sha256, 32));
        for (const char *at = list + strspn(list, ", \t"); *at; at += strspn(at, ", \t")) {
                size_t n = strcspn(at, ", \t");
                if (n == want.n && strncasecmp(at, buf_cstr(&want), n) == 0)
                        return true;
                at += n;
        }
        return false;
}

enum gw_rc verify_sender_allowed(const struct certificate *certificate, const struct sender_binding *binding, struct why *why)
{
        if (!certificate->for_signing)
                return sig_refuse(why, SIG_TRANSPORT, SIG_CERTIFICATE_USAGE, "not a certificate for signing");
        if (!(certificate->roles & ROLE_SYSTEM))
                return sig_refuse(why, SIG_TRANSPORT, SIG_CERTIFICATE_ROLE, "no role of an information system");
        bool by_bin = binding->bin && *binding->bin, by_fingerprint = binding->certificate_sha256 && *binding->certificate_sha256;
        if (!by_bin && !by_fingerprint)
                return why_set(why, GW_REJECT, REASON_SENDER_CERTIFICATE_MISMATCH, "no certificate is bound to this sender");
        if (by_bin && !str_eq(certificate->bin, binding->bin))
                return why_set(why, GW_REJECT, REASON_SENDER_CERTIFICATE_MISMATCH, "the certificate's BIN is not the sender's");
        if (by_fingerprint && !fingerprint_listed(binding->certificate_sha256, certificate->sha256))
                return why_set(why, GW_REJECT, REASON_SENDER_CERTIFICATE_MISMATCH, "certificate %s is not registered for this sender",
                               certificate->serial);
        return GW_OK;
}
