/* The closed list of stable reason codes: what an integrator can rely on. Each row carries the SHEP error code
 * (ErrorInfo.errorCode, interfaces 1.6), the HTTP status for REST, and a polite sentence in kk, ru and en. */
#ifndef GW_REASON_H
#define GW_REASON_H

#include "gateway/base/base.h"

/* X(NAME, shep_code, http_status, kk, ru, en) lives in reason_list.h */
enum reason {
#define X(name, shep, http, kk, ru, en) REASON_##name,
#include "gateway/reason_list.h"
#undef X
        REASON_COUNT
};

enum reason_side { REASON_SIDE_SENDER, REASON_SIDE_APPLICANT, REASON_SIDE_PEER, REASON_SIDE_GATEWAY };

struct reason_info {
        const char *name;      /* "BODY_NOT_SIGNED": the stable code */
        const char *shep_code; /* "SCE007" */
        int http_status;
        const char *kk, *ru, *en;
};
/* Whose matter it is, and what that side can do (reason_side_list.h, reason_advice_list.h). */
struct reason_advice {
        enum reason_side side;
        const char *side_name;      /* "sender", "applicant", "peer", "gateway" */
        const char *kk, *ru, *en;
};
struct reason_advice reason_advice(int reason); /* unknown numbers give INTERNAL's */

const struct reason_info *reason_info(int reason); /* unknown numbers give INTERNAL's row; never NULL */
int reason_by_name(const char *name);              /* -1 when there is none */
/* A peer's errorCode when it is one that our list knows, else "?": a peer's free text could hold personal data and must not reach the log or
 * the outbox (I8). NULL is fine. */
const char *reason_known_shep_code(const char *code);

#endif
