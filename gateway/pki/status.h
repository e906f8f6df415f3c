/* What is known about the revocation of a certificate: three-valued, with where it comes from and how old it is. */
#ifndef GW_PKI_STATUS_H
#define GW_PKI_STATUS_H

#include "gateway/base/clock.h"

enum revocation_answer {
        REVOCATION_UNKNOWN, /* nobody whom we may believe has said anything current; never good */
        REVOCATION_GOOD,
        REVOCATION_BAD,     /* revoked, or on hold */
        REVOCATION_NOT_ASKED, /* policy does not ask */
};
enum revocation_source { REVOCATION_FROM_NOWHERE, REVOCATION_FROM_OCSP, REVOCATION_FROM_CRL };

struct revocation_status {
        enum revocation_answer answer;
        enum revocation_source source;
        struct wall_time this_update, next_update, produced_at; /* of the answer; .ms 0: it does not say */
        struct wall_time revoked_at;                            /* BAD: since when, as the authority says */
        int reason;                                             /* BAD: CRLReason, or -1 */
        uint8_t evidence_sha256[32];                            /* of the OCSP response or CRL; zeros: none */
};

#endif
