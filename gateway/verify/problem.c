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
SAME_PLACE(SIG_DIGEST, SIGNATURE_DIGEST);
SAME_PLACE(SIG_SEVERAL, SIGNATURE_SEVERAL);
SAME_PLACE(SIG_STRUCTURE, SIGNATURE_STRUCTURE);
SAME_PLACE(SIG_REFERENCE, SIGNATURE_REFERENCE);
SAME_PLACE(SIG_TRANSFORM, SIGNATURE_TRANSFORM);
SAME_PLACE(SIG_ID_DUPLICATE, SIGNATURE_ID_DUPLICATE);
SAME_PLACE(SIG_WRAPPED, SIGNATURE_WRAPPED);
SAME_PLACE(SIG_COMMENT, SIGNATURE_COMMENT);
SAME_PLACE(SIG_KEY_INFO, SIGNATURE_KEY_INFO);
SAME_PLACE(SIG_KEY_MISMATCH, SIGNATURE_KEY_MISMATCH);
SAME_PLACE(SIG_HMAC, SIGNATURE_HMAC);
SAME_PLACE(SIG_PROPERTIES, SIGNATURE_PROPERTIES);
SAME_PLACE(SIG_TIMESTAMP, SIGNATURE_TIMESTAMP);
SAME_PLACE(SIG_TIMESTAMP_MISSING, SIGNATURE_TIMESTAMP_MISSING);
SAME_PLACE(SIG_CERTIFICATE_EXPIRED_SINCE, CERTIFICATE_EXPIRED_SINCE);
SAME_PLACE(SIG_CERTIFICATE_POLICY, CERTIFICATE_POLICY);
SAME_PLACE(SIG_CERTIFICATE_REVOCATION_UNKNOWN, CERTIFICATE_REVOCATION_UNKNOWN);

/* Whoever logs in, or takes in an application, must know whether to take another key or to sign anew; the rest is for the log. Both groups of reasons have this order. */
enum short_reason { SHORT_SIGNATURE, SHORT_CERTIFICATE, SHORT_EXPIRED, SHORT_REVOKED, SHORT_UNKNOWN };
#define SAME_SHORT(place, name)                                                                                  \
        _Static_assert((int)REASON_LOGIN_##name - (int)REASON_LOGIN_SIGNATURE == (int)(place), "order of reasons"); \
        _Static_assert((int)REASON_STAFF_##name - (int)REASON_STAFF_SIGNATURE == (int)(place), "order of reasons")
SAME_SHORT(SHORT_CERTIFICATE, CERTIFICATE);
SAME_SHORT(SHORT_EXPIRED, CERTIFICATE_EXPIRED);
SAME_SHORT(SHORT_REVOKED, CERTIFICATE_REVOKED);
SAME_SHORT(SHORT_UNKNOWN, REVOCATION_UNKNOWN);

static enum short_reason short_reason(enum sig_problem problem)
{
        static const enum short_reason others[] = {
                [SIG_CERTIFICATE_UNREADABLE] = SHORT_CERTIFICATE,
                [SIG_CERTIFICATE_EXPIRED] = SHORT_EXPIRED,
                [SIG_CERTIFICATE_NOT_YET_VALID] = SHORT_EXPIRED,
                [SIG_CERTIFICATE_UNTRUSTED] = SHORT_CERTIFICATE,
                [SIG_CERTIFICATE_REVOKED] = SHORT_REVOKED,
                [SIG_CERTIFICATE_USAGE] = SHORT_CERTIFICATE,
                [SIG_CERTIFICATE_ROLE] = SHORT_CERTIFICATE,
                [SIG_KEY_WEAK] = SHORT_CERTIFICATE,
                [SIG_CERTIFICATE_POLICY] = SHORT_CERTIFICATE,
                [SIG_CERTIFICATE_REVOCATION_UNKNOWN] = SHORT_UNKNOWN,
        };
        return (size_t)problem < GW_COUNT(others) ? others[problem] : SHORT_SIGNATURE;
}

static int reason_of(enum sig_party party, enum sig_problem problem)
{
        switch (party) {
        case SIG_TRANSPORT:
                return REASON_TRANSPORT_SIGNATURE_MISSING + (int)problem;
        case SIG_APPLICANT:
                return REASON_APPLICANT_SIGNATURE_MISSING + (int)problem;
        case SIG_STAFF:
                return REASON_STAFF_SIGNATURE + (int)short_reason(problem);
        case SIG_LOGIN:
                return REASON_LOGIN_SIGNATURE + (int)short_reason(problem);
        case SIG_RESULT:
                return problem == SIG_MISSING ? REASON_RESULT_SIGNATURE_MISSING : REASON_RESULT_SIGNATURE_INVALID + (int)short_reason(problem);
        }
        return REASON_INTERNAL;
}

enum gw_rc sig_refuse(struct why *why, enum sig_party party, enum sig_problem problem, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        vsnprintf(why->detail, sizeof why->detail, format, args);
        va_end(args);
        why->reason = reason_of(party, problem);
        return GW_REJECT;
}
