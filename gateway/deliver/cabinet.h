/* Messages to the applicant's personal cabinet: SHEP async sendMessage with typedRequestFormImportData (interfaces 7.1, 7.2). One
 * NOTIFICATION per transition, kk and ru; the final RESPONSE carries the signed result. No names, no kind of aid, no income (I8). */
#ifndef GW_DELIVER_CABINET_H
#define GW_DELIVER_CABINET_H

#include "gateway/register/store.h"
#include "gateway/sign/signing_key.h"

struct cabinet_message {
        enum request_state state;     /* the state it tells about; REQUEST_RESULT_SENT makes it the RESPONSE */
        const char *message_id;       /* stable: the same row is always sent with the same id and bytes */
        const char *service_id;       /* of the cabinet on SHEP */
        const char *sender_id;        /* ours */
        const char *correlation_id, *portal_number, *number, *applicant_iin, *provider_bin;
        const char *outcome;          /* POSITIVE | NEGATIVE | REFUSED once decided, else NULL */
        int refusal;                  /* REQUEST_REJECTED_INTAKE only: the reason */
        const char *document_number;  /* RESPONSE only */
        struct span document;         /* RESPONSE only: the signed XML */
        struct wall_time date;
};
const char *cabinet_message_type(enum request_state state); /* "NOTIFICATION" | "RESPONSE" */
/* Stable id of the n-th message of a request. */
char *cabinet_message_id(const char *number, int sequence, char out[64]);
/* The whole signed envelope, ready to POST. */
GW_MUST_CHECK enum gw_rc cabinet_envelope(const struct cabinet_message *message, const struct signing_key *key, struct buf *out, struct why *why);

#endif
