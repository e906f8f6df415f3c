/* When to try again: a pure function, so that a restart, a second process or an operator computes the same. */
#ifndef GW_DELIVER_BACKOFF_H
#define GW_DELIVER_BACKOFF_H

#include "gateway/base/clock.h"

struct backoff { int64_t first_ms, longest_ms; };
/* The instant of the next attempt after `attempts` failures of something created at `created`, the last of them at `failed`: first_ms doubled
 * per failure up to longest_ms, spread by up to ±12 % by a hash of created, so that what failed together does not return together. */
struct wall_time backoff_next(const struct backoff *backoff, struct wall_time created, int attempts, struct wall_time failed);

#endif
