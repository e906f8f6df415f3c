/* What the running gateway alone knows of its own state, told to `egov-gateway status` by a file in the run folder: as good for a gateway that nobody can reach
 * over HTTP. Nothing personal (I8). */
#ifndef GW_WORKER_HEALTH_H
#define GW_WORKER_HEALTH_H

#include "gateway/worker/loop.h"

#define HEALTH_FILE "health.json"
#define HEALTH_BYTES_MAX ((size_t)1 << 20)
#define HEALTH_EVERY_MS 3000

struct json_t;
/* Writes the file anew: {at, certificates: [{kind: anchor | signing | tls, name, serial, notAfter, daysLeft}], revocation: [{authority, crlUsable, crlThisUpdate,
 * crlNextUpdate, sources: {ocsp | crl | delta: up | down}}]}. The thread of `loop`, whose signer is asked for its keys. */
void health_write(struct loop *loop);
/* The same, for the caller to keep; any loop. */
struct json_t *health_json(struct loop *loop);

#endif
