/* Revocation without outages: what OCSP responders and CRLs have said, kept in memory and on disk, refreshed ahead of need by a thread of its own.
 *
 * The request path only looks up (revocation_ask): no network, no waiting. A certificate that nobody knows yet is noted, and its answer fetched. */
#ifndef GW_REVOCATION_REVOCATION_H
#define GW_REVOCATION_REVOCATION_H

#include "gateway/base/buf.h"
#include "gateway/base/why.h"
#include "gateway/pki/certificate.h"
#include "gateway/pki/path.h"
#include "gateway/pki/status.h"

struct revocation;
/* The hook of struct verify_policy. Thread-safe. Answers for `at` (normally now) from memory. */
void revocation_ask(struct revocation *revocation, const struct certificate *certificate, X509 *issuer, struct wall_time at, struct revocation_status *ret);

#endif
