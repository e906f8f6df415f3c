/* What the endpoints of front offices share: GET /api/v1/services, /api/v1/front-office/…, /api/v1/registers…, papers of requests. For endpoint_front_office.c,
 * endpoint_registers.c and endpoint_papers.c; endpoint_office() is what the others call. */
#ifndef GW_WORKER_OFFICE_H
#define GW_WORKER_OFFICE_H

#include <jansson.h>

#include "gateway/provider/session.h"
#include "gateway/register/papers.h"
#include "gateway/worker/loop.h"

/* Is that one of their paths? */
bool office_path(const char *path);
void endpoint_office(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
/* …/inbox/NUMBER/papers/ID.xml or .pdf, or NUMBER/result.xml or .pdf, for whose organisations work on the request; the reading is an event. rest: what follows the number. */
void endpoint_paper(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *number, const char *rest);

void office_refuse(struct http_exchange *exchange, const char *id, const char *verb, const struct why *why);
/* ?before=ID&limit=N */
struct office_page { int64_t before; unsigned limit; };
struct office_page office_page_of(const char *query);
json_t *office_paper_json(const char *number, int64_t id, const struct service_paper *paper, struct wall_time at);
json_t *office_paper_view_json(const struct paper_view *view);

void office_submit(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, enum step_act act);
void office_check(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor);
void office_services(struct loop *loop, struct http_exchange *exchange);
void office_refusals(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor);
/* rest: "7/paper.pdf" */
void office_refusal_paper(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *rest);
void office_registers(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor);
void office_register_new(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor);
/* rest: "3", "3.pdf", "3.xml"; of POST "3/accept" */
void office_register_read(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *rest);
void office_register_accept(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *rest);
/* XML as it is, or its PDF: drawn beside the loop. service_code, at: whose paper. Takes over the document. */
enum office_form { OFFICE_XML, OFFICE_PDF, OFFICE_NEITHER };
/* "7.pdf": the number and the form. */
enum office_form office_form_of(const char *text, int64_t *ret_id);
void office_show(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const char *service_code, struct wall_time at, struct buf *document, enum office_form form);

#endif
