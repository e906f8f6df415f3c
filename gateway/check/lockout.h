/* Who has failed too often waits: after so many failures a pause, twice as long with every further one. Memory is fixed, as in rate.h; keys are kept as salted digests.
 * Any thread. */
#ifndef GW_CHECK_LOCKOUT_H
#define GW_CHECK_LOCKOUT_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"

struct lockout;
struct lockout_options {
        unsigned failures_max;      /* the last of them begins the first pause */
        int64_t first_ms, longest_ms; /* a key that has not failed for longest_ms after its pause is forgotten */
};
struct lockout *lockout_new(const struct lockout_options *options);
void lockout_free(struct lockout *lockout);
/* Milliseconds to wait; 0: go on. Asking while one waits costs nothing. */
int64_t lockout_left(struct lockout *lockout, struct span key, struct mono_time now);
void lockout_fail(struct lockout *lockout, struct span key, struct mono_time now);
void lockout_forget(struct lockout *lockout, struct span key);

#endif
