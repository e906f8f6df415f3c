/* The scan of the outbox for one destination: claims what is due in the store and sends it. Runs on one loop. A wake-up is only a hint. */
#ifndef GW_DELIVER_OUTBOX_SCAN_H
#define GW_DELIVER_OUTBOX_SCAN_H

#include "gateway/deliver/delivery.h"

struct outbox_scan;
struct outbox_scan *outbox_scan_new(const struct delivery_env *env, const char *destination, int64_t lease_ms);
/* Claims and sends up to a batch, unless a batch is under way; when a batch moved something, the next follows at once. */
void outbox_scan_kick(struct outbox_scan *scan);
/* The same when the reader says that something is due: what a tick calls, for many destinations at no cost. */
void outbox_scan_look(struct outbox_scan *scan, struct store_reader *reader);
bool outbox_scan_idle(const struct outbox_scan *scan);
/* No more claims from now on. */
void outbox_scan_stop(struct outbox_scan *scan);
void outbox_scan_free(struct outbox_scan *scan); /* when idle */

#endif
