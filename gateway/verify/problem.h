/* What may be wrong with a signature, whoever made it: one list, told per party as TRANSPORT_… or APPLICANT_… reasons. */
#ifndef GW_VERIFY_PROBLEM_H
#define GW_VERIFY_PROBLEM_H

#include "gateway/base/why.h"
#include "gateway/reason.h"

/* In the order of both groups of gateway/reason_list.h (problem.c proves it at compile time). */
enum sig_problem {
        SIG_MISSING,
        SIG_INVALID,
        SIG_COVERAGE,
        SIG_ALGORITHM,
        SIG_CERTIFICATE_UNREADABLE,
        SIG_CERTIFICATE_EXPIRED,
        SIG_CERTIFICATE_NOT_YET_VALID,
        SIG_CERTIFICATE_UNTRUSTED,
        SIG_CERTIFICATE_REVOKED,
        SIG_CERTIFICATE_USAGE,
        SIG_CERTIFICATE_ROLE,
        SIG_KEY_WEAK,
};

enum sig_party { SIG_TRANSPORT, SIG_APPLICANT };

/* Fills why with the party's reason and returns GW_REJECT. The detail never quotes the message. */
enum gw_rc sig_refuse(struct why *why, enum sig_party party, enum sig_problem problem, const char *format, ...) GW_PRINTF(4, 5);

#endif
