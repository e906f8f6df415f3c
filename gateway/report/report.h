/* The report of a verdict: one form for the command line and for what is kept with a request (invariant I7).
 *
 * No name of a person and no full IIN, not even for machines (I8): who needs them has the certificates. Objects are the caller's. */
#ifndef GW_REPORT_REPORT_H
#define GW_REPORT_REPORT_H

#include <jansson.h>

#include "gateway/revocation/revocation.h"
#include "gateway/verify/cms_document.h"
#include "gateway/verify/verify.h"

/* A member that is text; nothing when it is NULL or empty, "?" when it is not UTF-8. */
void report_put(json_t *report, const char *name, const char *value);
/* {at, policy}: when and by which rules. */
json_t *report_new(struct verifier *verifier, struct wall_time at);
/* {valid, code} and of a refusal {explanation, detail, side, advice}. */
void report_verdict(json_t *report, enum gw_rc rc, const struct why *why);
/* {roles, iin (masked), bin, organisation, system, serial, sha256, notBefore, notAfter, keyBits, chain: [{subject, serial, sha256, notAfter}], revocation}. record: what was
 * told about revocation meanwhile; NULL: it was not asked. */
json_t *report_certificate(struct verifier *verifier, const struct certificate *certificate, const struct revocation_record *record);
/* Adds {level, algorithm, covered: [{what, hash, digest}], claimedSigningTime, timeStamp: {time, authority, policy}} to a signer. */
void report_facts(json_t *signer, const struct signature_facts *facts);
/* {answer, source, thisUpdate, nextUpdate, producedAt, revokedAt, ageSeconds, evidence: [SHA-256]} */
json_t *report_revocation(const struct revocation_note *note, struct wall_time at);
/* Every note with its certificate: what is left to say about a refusal. */
json_t *report_revocations(const struct revocation_record *record, struct wall_time at);

#endif
