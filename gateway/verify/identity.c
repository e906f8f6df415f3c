/* Is it allowed: who may sign this. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/verify/trust.h"

/* ---- numbers (services.md C.1, C.2) ------------------------------------------------------------------------------ */

static bool is_twelve_digits(const char *number)
{
        return number && strlen(number) == 12 && strspn(number, "0123456789") == 12;
}

static int digit(const char *number, int i)
{
        return number[i] - '0';
}

/* Two rows of weights; when both give 10, the number was never assigned. */
static bool check_digit_right(const char *number)
{
        for (int shift = 0; shift <= 2; shift += 2) {
                int sum = 0;
                for (int i = 0; i < 11; i++)
                        sum += digit(number, i) * ((i + shift) % 11 + 1);
                if (sum % 11 < 10)
                        return sum % 11 == digit(number, 11);
        }
        return false;
}

static int month_days(int year, int month)
{
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return days[month - 1] + (month == 2 && leap);
}

bool verify_iin(const char *iin, bool check_digit)
{
        if (!is_twelve_digits(iin))
                return false;
        int century = digit(iin, 6);
        if (century < 1 || century > 6)
                return false;
        int year = 1800 + (century - 1) / 2 * 100 + digit(iin, 0) * 10 + digit(iin, 1);
        int month = digit(iin, 2) * 10 + digit(iin, 3), day = digit(iin, 4) * 10 + digit(iin, 5);
        if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
                return false;
        return !check_digit || check_digit_right(iin);
}

bool verify_bin(const char *bin, bool check_digit)
{
        if (!is_twelve_digits(bin))
                return false;
        int month = digit(bin, 2) * 10 + digit(bin, 3), type = digit(bin, 4), feature = digit(bin, 5);
        if (month < 1 || month > 12 || type < 4 || type > 6 || feature > 3)
                return false;
        return !check_digit || check_digit_right(bin);
}

/* ---- the applicant ----------------------------------------------------------------------------------------------- */

/* With the check digit switched off only the form is asked for: the people of НУЦ's test certificates have no real dates either. */
static bool iin_acceptable(const struct verify_policy *policy, const char *iin)
{
        return policy->iin_check_digit ? verify_iin(iin, true) : is_twelve_digits(iin);
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
