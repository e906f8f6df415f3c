/* Telling organisations' own systems what has come to them: their destinations, and on loop 0 a scan of the outbox for each. */
#ifndef GW_WORKER_PUSH_H
#define GW_WORKER_PUSH_H

#include "gateway/worker/loop.h"

/* For each organisation with push: a destination among the shared ones, and a target for the journal (gateway/register/push.h). */
void push_destinations(struct shared *shared);
struct pushes;
struct pushes *pushes_new(struct loop *loop);
/* Every tick. */
void pushes_look(struct pushes *pushes);
/* No more claims from now on. */
void pushes_stop(struct pushes *pushes);
bool pushes_idle(const struct pushes *pushes);
void pushes_free(struct pushes *pushes); /* when idle; NULL is fine */

#endif
