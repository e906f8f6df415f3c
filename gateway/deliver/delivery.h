/* Carries outbox rows of one request to their destination, strictly in order, and records what came of them.
 *
 * A delivery is the hint: rows just written go out at once from memory. The scan (outbox_scan.h) is the truth: whatever is still pending in
 * the store when its lease is over is claimed and sent. Losing every delivery object only costs time.
 *
 *   struct delivery *d = delivery_new(…);
 *   delivery_push(d, &row); … delivery_finish(d, done, arg);   // d is gone after done */
#ifndef GW_DELIVER_DELIVERY_H
#define GW_DELIVER_DELIVERY_H

#include "gateway/deliver/backoff.h"
#include "gateway/net/http_client.h"
#include "gateway/register/journal.h"
#include "gateway/verify/verify.h"

enum delivery_form {
        DELIVERY_SHEP,                /* a SOAP envelope; acknowledged by a signed sendMessageResponse */
        DELIVERY_WEBHOOK,             /* push_webhook(); acknowledged by any status 2xx: who answers is known by TLS */
};
struct outbox_row;
struct delivery_env {                 /* per loop; outlives its deliveries */
        struct http_client *client;
        struct journal_client *journal;
        struct verifier *verifier;
        struct destination *destination;
        enum delivery_form form;
        /* Makes the payload of a row that has none yet; NULL: there are no such rows. */
        enum gw_rc (*compose)(void *ctx, const struct outbox_row *row, struct buf *out, struct why *why);
        void *compose_ctx;
        const char *peer_bin;         /* whose signature the acknowledgements carry */
        struct backoff backoff;
        int park_after;               /* attempts */
        void (*sent)(void *ctx, int64_t took_ms); /* of each acknowledged row, from its writing; NULL: nobody wants to know */
        void *sent_ctx;
};
struct delivery_row {
        int64_t id;
        int attempts;                 /* so far */
        struct wall_time created_at;
        enum request_state state;     /* told by it; REQUEST_RESULT_SENT: its acknowledgement is the transition DECIDED → RESULT_SENT */
        struct buf payload;           /* taken over by delivery_push */
};
struct delivery;
struct delivery *delivery_new(const struct delivery_env *env, int64_t request_id, const char *number);
/* After a failed row, or when held, nothing more is sent from memory: later rows stay for the scan. */
void delivery_push(struct delivery *delivery, struct delivery_row *row);
/* An earlier row of the request is still unsent elsewhere: nothing goes from memory, all rows stay for the scan, in order. */
void delivery_hold(struct delivery *delivery);
bool delivery_failed(const struct delivery *delivery);
/* No more rows will come: once the last one was sent or failed, the outcome is recorded in one piece of journal work, then done(arg). */
typedef void (*delivery_done)(void *arg);
void delivery_finish(struct delivery *delivery, delivery_done done, void *arg);

#endif
