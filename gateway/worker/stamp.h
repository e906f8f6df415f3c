/* Asks the time-stamping authority, and proves what comes back before anybody uses it. */
#ifndef GW_WORKER_STAMP_H
#define GW_WORKER_STAMP_H

#include "gateway/worker/loop.h"

/* GW_OK: the DER of a good token over what was given (borrowed during the call). Else GW_RETRY with TIMESTAMP_UNAVAILABLE, whether the authority was
 * silent, refused, or sent something that is no good time stamp. */
typedef void (*stamp_done)(void *arg, enum gw_rc rc, struct span token, const struct why *why);
/* Called once, later, from the loop. There is an authority: loop->shared->tsa. */
void stamp_ask(struct loop *loop, struct span stamped, stamp_done done, void *arg);

#endif
