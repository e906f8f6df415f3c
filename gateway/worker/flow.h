/* Drives one registered request down the stages: collect → decide → issue → deliver.
 *
 * All durable steps are pieces of journal work; whatever is lost with the process is taken up again from the store by flow_resume(). */
#ifndef GW_WORKER_FLOW_H
#define GW_WORKER_FLOW_H

#include "gateway/worker/loop.h"

/* What a waiting synchronous caller is told, once: the document when there is one (borrowed), else that the request goes on without it. */
struct flow_outcome {
        bool ready;
        enum request_state state;
        struct span document;
        const char *outcome;          /* POSITIVE … or NULL */
        struct wall_time at;          /* of the decision */
};
typedef void (*flow_done)(void *arg, const struct flow_outcome *outcome);

/* Takes over work's contents. done may be NULL; it is called as soon as the result is durable, or the request has to wait for data, or
 * something failed; delivery to the cabinet goes on after it. */
void flow_start(struct loop *loop, struct request_work *work, flow_done done, void *arg);
/* Claims and starts what the store holds unfinished; called by loop 0's tick. */
void flow_resume(struct loop *loop);

#endif
