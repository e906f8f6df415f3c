/* What http_client.c needs to know of a destination beyond its header. */
#ifndef GW_NET_DESTINATION_PRIV_H
#define GW_NET_DESTINATION_PRIV_H

#include "gateway/net/http_client.h"

const struct destination_conf *destination_conf(const struct destination *destination);
/* A permitted call ended without a verdict (cancelled): a half-open breaker may send its next probe. */
void destination_forget(struct destination *destination);

#endif
