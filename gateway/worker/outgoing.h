/* Messages to the cabinet that come with a transition: composed and signed on the loop, written in the transaction of the transition, sent from memory once that is durable.
 *
 *   struct outgoing out = {.loop = …, .delivery = …, .work = …};
 *   outgoing_compose(&out, …);  // one for each state told
 *   in journal work: the transition, then outgoing_write(store, &out, …)
 *   after its commit: outgoing_push(&out); in any case outgoing_done(&out) */
#ifndef GW_WORKER_OUTGOING_H
#define GW_WORKER_OUTGOING_H

#include "gateway/worker/loop.h"

#define OUTGOING_MAX 2
struct outgoing_row {
        enum request_state state;
        char message_id[64];
        int sequence;
        int64_t row_id;
        struct wall_time at, lease_until;
        struct buf payload;
};
struct outgoing {
        struct loop *loop;            /* borrowed, as the next two */
        struct delivery *delivery;
        struct request_work *work;    /* its outbox_sequence moves on */
        struct outgoing_row rows[OUTGOING_MAX];
        size_t count;
};
/* What a message tells beside the state. */
struct outgoing_about {
        const char *outcome;          /* NULL: not decided */
        int refusal;                  /* of REJECTED_INTAKE */
        const char *document_number;  /* of RESULT_SENT, as the next */
        struct span document;
};
GW_MUST_CHECK enum gw_rc outgoing_compose(struct outgoing *out, enum request_state state, const struct outgoing_about *about, struct wall_time at, struct why *why);
GW_MUST_CHECK enum gw_rc outgoing_write(struct store *store, struct outgoing *out, struct why *why);
void outgoing_push(struct outgoing *out);
void outgoing_done(struct outgoing *out);

/* The end of every way to a result, whoever decided: DECIDED, the decision with its document, and the messages that tell of it (I3, I5). Inside journal work. */
struct outgoing_decision {
        enum request_state from;
        const char *actor, *detail;   /* of the event */
        struct decision_record record;
        struct outgoing *out;
};
GW_MUST_CHECK enum gw_rc outgoing_decided(struct store *store, struct outgoing_decision *decision, struct why *why);

#endif
