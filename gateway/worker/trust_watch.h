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

/* Anchors and the certificates of our own keys, successors too; any loop, of its own signer. */
struct trust_dated {
        const char *kind; /* anchor | signing | tls */
        char name[128];   /* an anchor's common name; of a key its id in the configuration */
        char serial[48];
        struct wall_time until;
};
typedef void trust_dated_fn(void *ctx, const struct trust_dated *dated);
void trust_watch_each(struct loop *loop, trust_dated_fn *each, void *ctx);
/* Whole days; negative when it is over. */
long long trust_days_left(struct wall_time until);
/* The same for metrics. */
void trust_watch_metrics(struct loop *loop, struct buf *out);
/* Anchors that are current now; 0: nothing can be verified, so the gateway is not ready. */
size_t trust_watch_current(struct loop *loop);

#endif
