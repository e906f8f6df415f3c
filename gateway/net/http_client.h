/* Outbound HTTP(S) on an event loop: libcurl multi on libuv, keep-alive, one pool, one breaker and one concurrency limit per
 * destination. Used by collect/, deliver/ and revocation/; every curl handle is made by one helper that sets time-outs, size cap, TLS
 * verification, no redirects, no proxies from the environment. */
#ifndef GW_NET_HTTP_CLIENT_H
#define GW_NET_HTTP_CLIENT_H

#include <uv.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

/* One per peer system and process, shared by the loops (atomics inside): its circuit breaker and its limits.
 * Closed → open after failures_max consecutive failures; open → one probe after open_ms (half-open), which closes it or opens
 * it again with open_ms doubled up to open_ms_max: it always comes back by itself. */
struct destination_conf {
        const char *name;         /* "cabinet", "gbdfl" */
        const char *url;
        const char *ca_file;      /* for https; NULL only for http:// */
        int timeout_ms, connect_timeout_ms;
        size_t answer_max;
        unsigned concurrency_max; /* per loop; further calls queue */
        unsigned queue_max;       /* per loop; beyond it: GW_RETRY at once */
        unsigned failures_max;
        int open_ms, open_ms_max;
};
struct destination;
struct destination *destination_new(const struct destination_conf *conf); /* conf strings are copied */
void destination_free(struct destination *destination);
const char *destination_name(const struct destination *destination);
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
enum breaker_state destination_breaker(const struct destination *destination, struct mono_time now);
/* Pure parts, for tests: may a call go now? and what its outcome does. */
bool destination_may_call(struct destination *destination, struct mono_time now);
void destination_report(struct destination *destination, bool success, struct mono_time now);

struct http_client; /* one per loop */
/* ssl_ctx hook for client certificates whose key lives in the signer: called for each new TLS context; may be NULL. */
typedef int (*http_client_tls_hook)(void *hook_ctx, void *ssl_ctx);
struct http_client *http_client_new(uv_loop_t *loop, http_client_tls_hook hook, void *hook_ctx);
/* Cancels what is under way (callbacks get GW_RETRY with REASON_STOPPING, from inside this call, and must not post again)
 * and frees once the loop has run its close callbacks. */
void http_client_free(struct http_client *client);

struct http_answer {
        long status;              /* HTTP status; 0 when there was no answer */
        const char *content_type; /* borrowed, may be NULL */
        struct span body;         /* borrowed during the callback */
};
/* rc: GW_OK = an HTTP answer of any status arrived whole; GW_RETRY = no answer (refused, time-out, cut, breaker open, queue full);
 * GW_REJECT = an answer over answer_max. Success for the breaker: any answer with status < 500, and 500 with a body (SOAP faults). */
typedef void (*http_client_done)(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why);
struct http_post {
        struct destination *destination;
        bool get;                     /* GET instead, without body and content type */
        const char *path;             /* what comes behind the destination's URL, or NULL; ours, or made of checked parts */
        const char *content_type;
        const char *soap_action;      /* header value without quotes ("" is sent as ""), or NULL for no header */
        const char *correlation_id;   /* X-Correlation-Id, or NULL */
        const char *header, *header_value; /* one more header, or NULL; text of ours without control characters */
        struct span body;             /* copied */
        int timeout_ms;               /* 0 = the destination's */
        http_client_done done;
        void *arg;
};
/* done is called exactly once, later, from the loop (never from inside this call). */
void http_client_post(struct http_client *client, const struct http_post *post);

#endif
