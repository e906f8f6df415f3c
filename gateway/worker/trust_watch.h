/* The trust folder while the gateway runs, and the days that certificates of ours have left. */
#ifndef GW_WORKER_TRUST_WATCH_H
#define GW_WORKER_TRUST_WATCH_H

#include "gateway/worker/loop.h"

struct trust_watch;
/* Loop 0's; tick() is cheap: every few seconds it looks whether the folder has changed (then the verifier gets the new set), every hour at the days left
 * (one log line per certificate and threshold: 60, 30, 7 days, expired). */
struct trust_watch *trust_watch_new(struct loop *loop);
void trust_watch_tick(struct trust_watch *watch);
void trust_watch_free(struct trust_watch *watch);

/* Anchors and the certificates of our own keys, for metrics; any loop, of its own signer. */
void trust_watch_metrics(struct loop *loop, struct buf *out);
/* Anchors that are current now; 0: nothing can be verified, so the gateway is not ready. */
size_t trust_watch_current(struct loop *loop);

#endif
