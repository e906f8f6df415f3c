/* Everything that is kept about one request, for `egov-gateway evidence`: what no page shows. Bytes are borrowed during the callback. */
#ifndef GW_REGISTER_PROOF_H
#define GW_REGISTER_PROOF_H

#include "gateway/register/store.h"

/* Answers of the state systems: as received (signed envelope), and as the rules saw them. */
typedef void (*proof_answer_fn)(void *arg, const char *system, struct span envelope, struct span facts);
GW_MUST_CHECK enum gw_rc proof_answers(struct store_reader *reader, int64_t request_id, proof_answer_fn fn, void *arg, struct why *why);
/* The decision: fn is called once, or not at all when there is none. inputs: the case that the rules saw, or what a signed result was judged by. */
typedef void (*proof_decision_fn)(void *arg, const char *outcome, const char *rule, struct wall_time at, const char *document_number, struct span inputs, struct span document);
GW_MUST_CHECK enum gw_rc proof_decision(struct store_reader *reader, int64_t request_id, proof_decision_fn fn, void *arg, struct why *why);
/* Messages that went out about it, or wait to, in the order of their writing. */
typedef void (*proof_message_fn)(void *arg, int64_t id, const char *destination, const char *kind, struct span payload);
GW_MUST_CHECK enum gw_rc proof_messages(struct store_reader *reader, int64_t request_id, proof_message_fn fn, void *arg, struct why *why);
/* An OCSP answer or CRL by its SHA-256; false: there is none (ret_kind, out untouched). */
GW_MUST_CHECK enum gw_rc proof_bytes(struct store_reader *reader, const uint8_t sha256[32], bool *ret_found, char ret_kind[8], struct buf *out, struct why *why);
/* What came in: the three bodies of the request, borrowed. */
typedef void (*proof_body_fn)(void *arg, struct span application, struct span envelope, struct span verdict);
GW_MUST_CHECK enum gw_rc proof_body(struct store_reader *reader, int64_t request_id, proof_body_fn fn, void *arg, struct why *why);

#endif
