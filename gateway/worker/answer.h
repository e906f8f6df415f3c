/* Answers in the project's formats: SOAP (signed, or a fault) and JSON / problem+json. */
#ifndef GW_WORKER_ANSWER_H
#define GW_WORKER_ANSWER_H

#include <jansson.h>

#include "gateway/soap/shep.h"
#include "gateway/worker/loop.h"

/* Content of soap:Body → a signed envelope, status 200. When the signer does not answer: an unsigned fault, 500. */
void answer_soap(struct loop *loop, struct http_exchange *exchange, int soap_version, struct span body_content);
/* sign_it: only for senders whose own signature was verified, so that nobody can make us sign at will. */
struct soap_refusal {
        enum shep_operation in_reply_to;
        int soap_version;
        const char *correlation_id, *session_id;
        bool sign_it;
};
void answer_fault(struct loop *loop, struct http_exchange *exchange, const struct soap_refusal *refusal, const struct why *why);
/* Takes over json. */
void answer_json(struct http_exchange *exchange, int status, json_t *json);
void answer_json_with(struct http_exchange *exchange, int status, json_t *json, const struct http_header *header);
/* RFC 9457, with our reason, SHEP code and texts in kk, ru, en. */
void answer_problem(struct http_exchange *exchange, const char *correlation_id, const struct why *why);
/* … with further members; takes over more (NULL: none). */
void answer_problem_with(struct http_exchange *exchange, const char *correlation_id, const struct why *why, json_t *more);
void answer_text(struct http_exchange *exchange, int status, const char *content_type, struct span body);
/* A file for keeping and not for showing: never run, whatever its type and name. */
void answer_download(struct http_exchange *exchange, const char *content_type, const char *name, struct span body);
/* Carrier-level errors (the path tells which format) and those the server must give by itself. */
void answer_carrier(struct http_exchange *exchange, const char *correlation_id, int reason, const char *detail, const struct http_header *header);
void answer_error_writer(void *ctx, int status, const struct http_peer *peer, struct buf *body, const char **ret_content_type);

#endif
