/* What somebody signs to log in, once: <login xmlns="urn:egov-gateway:login:1"> with nonce, audience and issuedAt, in canonical form.
 *
 * Nothing is kept of a challenge until somebody has logged in with it, so asking for many fills no memory: the nonce is 16 random bytes and the instant under a
 * MAC whose key lives and dies with this process, and the document can be written again from it. Any thread. */
#ifndef GW_PROVIDER_CHALLENGE_H
#define GW_PROVIDER_CHALLENGE_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

#define CHALLENGE_ID_MAX 113 /* 56 bytes in hex */
#define CHALLENGE_NS "urn:egov-gateway:login:1"

struct challenges;
struct challenge_options {
        const char *audience; /* copied */
        int64_t life_ms;
        size_t used_max;      /* used ones remembered, for life_ms each */
};
struct challenges *challenges_new(const struct challenge_options *options);
void challenges_free(struct challenges *challenges);
void challenge_make(const struct challenges *challenges, struct wall_time now, char ret_id[CHALLENGE_ID_MAX]);
/* The document of an id that we gave out and that is young enough, appended. CHALLENGE_UNKNOWN. */
GW_MUST_CHECK enum gw_rc challenge_write(const struct challenges *challenges, const char *id, struct wall_time now, struct buf *out, struct why *why);
/* Once per id, of those that challenge_write() accepts: the second time CHALLENGE_UNKNOWN. OVERLOADED (GW_RETRY) when too many were used of late. */
GW_MUST_CHECK enum gw_rc challenge_use(struct challenges *challenges, const char *id, struct wall_time now, struct why *why);

#endif
