/* From a problem of a signature to the reason its party is told. */
#include <stdarg.h>
#include <stdio.h>

#include "gateway/verify/problem.h"

#define SAME_PLACE(problem, name)                                                                                                    \
        _Static_assert((int)REASON_TRANSPORT_##name - (int)REASON_TRANSPORT_SIGNATURE_MISSING == (int)(problem), "order of reasons"); \
        _Static_assert((int)REASON_APPLICANT_##name - (int)REASON_APPLICANT_SIGNATURE_MISSING == (int)(problem), "order of reasons")
SAME_PLACE(SIG_MISSING, SIGNATURE_MISSING);
SAME_PLACE(SIG_INVALID, SIGNATURE_INVALID);
SAME_PLACE(SIG_COVERAGE, SIGNATURE_COVERAGE);
SAME_PLACE(SIG_ALGORITHM, SIGNATURE_ALGORITHM);
SAME_PLACE(SIG_CERTIFICATE_UNREADABLE, CERTIFICATE_UNREADABLE);
SAME_PLACE(SIG_CERTIFICATE_EXPIRED, CERTIFICATE_EXPIRED);
SAME_PLACE(SIG_CERTIFICATE_NOT_YET_VALID, CERTIFICATE_NOT_YET_VALID);
SAME_PLACE(SIG_CERTIFICATE_UNTRUSTED, CERTIFICATE_UNTRUSTED);
SAME_PLACE(SIG_CERTIFICATE_REVOKED, CERTIFICATE_REVOKED);
SAME_PLACE(SIG_CERTIFICATE_USAGE, CERTIFICATE_USAGE);
SAME_PLACE(SIG_CERTIFICATE_ROLE, CERTIFICATE_ROLE);
SAME_PLACE(SIG_KEY_WEAK, KEY_WEAK);

enum gw_rc sig_refuse(struct why *why, enum sig_party party, enum sig_problem problem, const char *format, ...)
{
        int first = party == SIG_TRANSPORT ? REASON_TRANSPORT_SIGNATURE_MISSING : REASON_APPLICANT_SIGNATURE_MISSING;
        va_list args;
        va_start(args, format);
        vsnprintf(why->detail, sizeof why->detail, format, args);
        va_end(args);
        why->reason = first + (int)problem;
        return GW_REJECT;
}
