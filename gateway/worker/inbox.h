/* The inbox of those who work on requests, /api/v1/inbox…: what its files share (endpoint_inbox.c takes calls in, the others answer them).
 *
 * Everything about a request that is not the actor's organisation's is answered like a number that does not exist. What a person reads of a request, and every act, is an
 * event of its chain before it is answered. */
#ifndef GW_WORKER_INBOX_H
#define GW_WORKER_INBOX_H

#include <jansson.h>

#include "gateway/base/text.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/people.h"

GW_DEFINE_AUTO(json, json_t, json_decref)
#define auto_json gw_auto(json)

#define INBOX_PATH "/api/v1/inbox"
#define INBOX_LEASE_MS (30 * 60 * 1000) /* of a claim */
#define INBOX_WAITERS_MAX 256           /* of changes, on one loop */
#define INBOX_JSON_MAX ((size_t)16 << 10)

/* One call about one request: who, which, where it stands. Lives until it is answered. */
struct inbox_call {
        struct loop *loop;
        struct http_exchange *exchange;
        const struct http_request *request;
        char id[TEXT_UUID_MAX];       /* of the call */
        char number[20];
        const char *rest;             /* of the path, after the number: "", "/claim" …; borrowed from the request */
        struct actor actor;
        struct casework_row row;
        struct people_case people;
        struct wall_time now;
        void *state;                  /* of the one that answers; free() with the call */
};
void inbox_call_free(struct inbox_call *call); /* the exchange must have its answer */

/* Logged once, answered as problem+json; of a claim that somebody else has, with "holderRole" and "leaseUntil". Frees the call. */
void inbox_refuse(struct inbox_call *call, const struct why *why);
/* The row as it is now: 200 and the case. Frees the call. */
void inbox_answer_case(struct inbox_call *call, int status);

/* ---- the answers; each takes over the call ---- */
void inbox_read(struct inbox_call *call);    /* GET of a number and of what belongs to it; false paths are answered too */
void inbox_act(struct inbox_call *call);     /* POST claim, release, steps/{n}, return, substitute, comments */
void inbox_result(struct inbox_call *call);  /* POST result */
void inbox_draft(struct inbox_call *call);   /* GET result-draft */
bool inbox_is_result_path(const char *rest);
/* GET changes?since=&wait=: not about one request. */
void inbox_changes(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor);

/* ---- JSON ---- */
/* CASE as pages show it. */
json_t *inbox_case_json(const struct people_case *people, const struct casework_row *row, const struct actor *actor, struct wall_time now);
/* … and everything about one. body: what came with it. GW_FAULT when the store cannot be read. */
GW_MUST_CHECK enum gw_rc inbox_whole_json(const struct inbox_call *call, const struct casework_body *body, json_t **ret_json, struct why *why);
json_t *inbox_time_json(struct wall_time t); /* null for "never" and for 0 */

/* Whole body as a JSON object of at most INBOX_JSON_MAX bytes with no members but those named (NULL-terminated). JSON_FORM. */
GW_MUST_CHECK enum gw_rc inbox_body(const struct http_request *request, const char *const *members, json_t **ret_json, struct why *why);
/* The application in what the store holds of the request: its root, or the element of that name in what a front office wrapped around it. NULL: there is none. */
const xmlNode *inbox_application(const xmlDoc *doc);

#endif
