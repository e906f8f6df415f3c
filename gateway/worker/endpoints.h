/* What each path means. */
#ifndef GW_WORKER_ENDPOINTS_H
#define GW_WORKER_ENDPOINTS_H

#include "gateway/worker/loop.h"

/* http_handler of every listener; ctx is the struct loop. */
void endpoints_handle(void *ctx, struct http_exchange *exchange);

/* By channel; correlation_id identifies this call in answers and log. */
void endpoint_shep(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
void endpoint_shep_wsdl(struct loop *loop, struct http_exchange *exchange);
void endpoint_rest_submit(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
void endpoint_rest_cancel(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
void endpoint_rest_read(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
/* POST /api/v1/diagnose?lang=kk|ru|en, when the settings have it on: the report of gateway/diagnose, made beside the loop. */
void endpoint_diagnose(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
/* The rest of GET …/result.pdf once it is known who asks: takes over the view. Drawn beside the loop, signed on it. */
#define PRINTING_MAX 16 /* PDFs made and read at a time beside one loop; libuv has four threads for them */
void endpoint_print(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, struct request_view *view);
/* The same of a paper, which is no result and not signed: of that service at that time. Takes over the document. */
void endpoint_print_paper(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const char *service_code, struct wall_time at, struct buf *document);
/* Id of the key that signs the PDF of a service's results. */
const char *results_key(const struct shared *shared, const struct service *service);
/* For anybody, when [check] is enabled: /check and /check/NUMBER (a page), POST /api/v1/verify (JSON; a page for the page's form). */
void endpoint_check(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
void endpoint_verify(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
/* /api/v1/session and /api/v1/session/challenge, methods and types checked. */
void endpoint_session(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
/* /console and what is below it, when [console] is enabled; GET and HEAD. */
void endpoint_console(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
/* /api/v1/inbox and what is below it, for those who work on requests. */
void endpoint_inbox(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
/* /api/v1/operator/…: for whoever has the role OPERATOR; methods are its business. */
void endpoint_operator(struct loop *loop, struct http_exchange *exchange, const char *correlation_id);
void endpoint_metrics(struct loop *loop, struct http_exchange *exchange);

#endif
