/* How often one address may ask: a bucket of so many questions, filled again evenly within a minute. Memory is fixed: when more addresses ask than there is room for,
 * the one that has been silent longest is forgotten. Any thread. */
#ifndef GW_CHECK_RATE_H
#define GW_CHECK_RATE_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"

struct rate;
struct rate *rate_new(unsigned per_minute);
void rate_free(struct rate *rate);
/* address: "192.0.2.1:51000" or "[2001:db8::1]:51000". Of IPv6 the first 64 bits count: whoever has one address has all of them. False: too often. */
GW_MUST_CHECK bool rate_take(struct rate *rate, const char *address, struct mono_time now);
/* What counts of an address, appended: without the port; of IPv6 the network. */
void rate_network(const char *address, struct buf *out);

#endif
