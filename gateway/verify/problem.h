/* What may be wrong with a signature, whoever made it: one list, told per party as TRANSPORT_…, APPLICANT_…, STAFF_…, RESULT_SIGNATURE_… or LOGIN_… reasons. */
#ifndef GW_VERIFY_PROBLEM_H
#define GW_VERIFY_PROBLEM_H

#include "gateway/base/why.h"
#include "gateway/reason.h"

/* In the order of the first two parties' groups of gateway/reason_list.h (problem.c proves it at compile time). */
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
        SIG_DIGEST, /* what was signed has been changed */
        SIG_SEVERAL, /* more Signatures or Security headers than one */
        SIG_STRUCTURE, /* SignedInfo twice, foreign elements, comments in values … */
        SIG_REFERENCE, /* URI that is external, relative, an XPointer, or empty where an id must be */
        SIG_TRANSFORM, /* XPath, XSLT, base64, decrypt, a canonicalisation of another kind */
        SIG_ID_DUPLICATE,
        SIG_WRAPPED, /* the element is not the one that is read: moved, wrapped, another namespace or role */
        SIG_COMMENT, /* comments or anything else but elements and text */
        SIG_KEY_INFO, /* none, several, unknown, or elsewhere */
        SIG_KEY_MISMATCH, /* the method is not one of this key */
        SIG_HMAC,
        SIG_PROPERTIES, /* XAdES and CAdES signed properties */
        SIG_TIMESTAMP,
        SIG_TIMESTAMP_MISSING,
        SIG_CERTIFICATE_EXPIRED_SINCE, /* valid at the time stamp, expired at receipt, and policy wants both */
        SIG_CERTIFICATE_POLICY,
        SIG_CERTIFICATE_REVOCATION_UNKNOWN, /* the only one with GW_RETRY: neither good nor bad now */
};

enum sig_party {
        SIG_TRANSPORT,
        SIG_APPLICANT,
        SIG_STAFF, /* of an employee, over what he took in for an applicant. Fewer reasons, like the next */
        SIG_LOGIN, /* of a challenge: also by a certificate for authentication; good at this moment, whatever a time stamp says. Fewer reasons: details tell */
        SIG_RESULT, /* of a result, by one of the provider's people; as strict as of an applicant. Fewer reasons too */
};

/* Fills why with the party's reason and returns GW_REJECT. The detail never quotes the message. */
enum gw_rc sig_refuse(struct why *why, enum sig_party party, enum sig_problem problem, const char *format, ...) GW_PRINTF(4, 5);

#endif
