/* Asks the state information systems of a request, all at once, and gives back one answer per system.
 *
 * Each question is a SHEP synchronous SendMessage, WS-Security signed by our system key; each answer must carry a valid signature of
 * the system's registered certificate (BIN). Silence, faults and answers that cannot be accepted are GW_RETRY: they never become a
 * "no" (I4); only an answer that was verified has facts. */
#ifndef GW_COLLECT_COLLECT_H
#define GW_COLLECT_COLLECT_H

#include "gateway/collect/adapter.h"
#include "gateway/net/http_client.h"
#include "gateway/sign/signing_key.h"
#include "gateway/verify/verify.h"

#define COLLECT_SYSTEMS_MAX 16

struct collect_peer {                 /* one per adapter in use; lives as long as the process */
        const struct adapter *adapter;
        struct destination *destination;
        const char *service_id;       /* serviceId on SHEP */
        const char *bin;              /* whose signature its answers carry */
};
struct collect_question {
        const struct collect_peer *peer;
        const char *name;             /* of the answer in the case; lives as long as the round */
        const char *iin;              /* whom it is about */
        const char *account;          /* IBAN, or NULL */
};
struct collect_answer {
        const char *name;             /* the question's */
        enum gw_rc rc;                /* GW_OK: facts are there; else why tells */
        struct why why;
        struct buf envelope, facts;   /* as received; as read */
};
struct collect_request {
        const struct collect_question *questions;
        size_t count;                 /* 1..COLLECT_SYSTEMS_MAX */
        const char *number, *sender_id, *correlation_id;
        const struct signing_key *key;
        struct http_client *client;
        struct verifier *verifier;
};
/* Called once, from the loop, when all have answered or failed. answers are freed after it returns (buffers may be taken). */
typedef void (*collect_done)(void *arg, struct collect_answer *answers, size_t count);
/* Strings are copied. When a question cannot be signed, its answer is GW_RETRY like a silence. */
void collect_ask(const struct collect_request *request, collect_done done, void *arg);

#endif
