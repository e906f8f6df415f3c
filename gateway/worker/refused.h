/* What a known sender brought and did not get in: kept before it is told, so that "you refused it" can be looked up (services.md A.5 row 14, H). Of strangers there is
 * a line in the log and no row: they could fill the disk. */
#ifndef GW_WORKER_REFUSED_H
#define GW_WORKER_REFUSED_H

#include "gateway/worker/intake.h"

/* Called once the row is durable, or could not be written (that is told in the log and changes nothing of the answer). */
typedef void (*refused_done)(void *arg, const struct why *why);
/* True when it will be kept: done comes later, from the loop, with a copy of why. Else the caller answers at once: the sender is not known, the reason is of ours or will pass
 * (5xx), the settings say no, or as many as may be are there. message: as received; longer ones than the settings want are left out of the row. */
bool refused_keep(const struct intake *intake, struct span message, const struct why *why, refused_done done, void *arg);
/* Loop 0's tick: rows past their term go, a batch at a time. */
void refused_purge(struct loop *loop);

#endif
