/* Paths, methods and types: a column of guards in front of the channels. */
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/office.h"
#include "gateway/worker/openapi.h"
#include "gateway/worker/trust_watch.h"

enum endpoint { E_SHEP, E_SUBMIT, E_DIAGNOSE, E_CHECK, E_VERIFY, E_SESSION, E_CHALLENGE, E_INBOX, E_CANCEL, E_OFFICE, E_OPERATOR, E_CONSOLE, E_READ, E_OPENAPI, E_LIVE, E_READY, E_METRICS, E_NONE };

static bool ends_with(const char *text, const char *end)
{
        size_t n = strlen(text), m = strlen(end);
        return n >= m && str_eq(text + n - m, end);
}

static enum endpoint endpoint_of(const struct settings *settings, const char *path)
{
        if (str_eq(path, "/shep/sync") || str_eq(path, "/shep/async"))
                return E_SHEP;
        if (str_eq(path, "/api/v1/requests"))
                return E_SUBMIT;
        if (settings->gateway.diagnose && str_eq(path, "/api/v1/diagnose"))
                return E_DIAGNOSE;
        if (settings->check.enabled && (str_eq(path, "/check") || str_starts(path, "/check/")))
                return E_CHECK;
        if (settings->check.enabled && str_eq(path, "/api/v1/verify"))
                return E_VERIFY;
        if (str_eq(path, "/api/v1/session"))
                return E_SESSION;
        if (str_eq(path, "/api/v1/session/challenge"))
                return E_CHALLENGE;
        if (settings->console.enabled && (str_eq(path, "/console") || str_starts(path, "/console/")))
                return E_CONSOLE;
        if (office_path(path))
                return E_OFFICE;
        if (str_eq(path, "/api/v1/inbox") || str_starts(path, "/api/v1/inbox/"))
                return E_INBOX;
        if (str_starts(path, "/api/v1/operator/"))
                return E_OPERATOR;
        if (str_starts(path, "/api/v1/requests/"))
                return ends_with(path, "/cancel") ? E_CANCEL : E_READ;
        if (str_eq(path, "/api/v1/openapi.json"))
                return E_OPENAPI;
        if (str_eq(path, "/health/live"))
                return E_LIVE;
        if (str_eq(path, "/health/ready"))
                return E_READY;
        return str_eq(path, "/metrics") ? E_METRICS : E_NONE;
}

/* Media type alone, without parameters, and no charset but UTF-8. */
static bool type_is(const struct http_request *request, const char *const *types)
{
        const char *value = http_request_header(request, "content-type");
        if (!value)
                return false;
        const char *charset = strcasestr(value, "charset=");
        if (charset) {
                charset += strlen("charset=");
                charset += *charset == '"';
                if (strncasecmp(charset, "utf-8", 5) != 0 && strncasecmp(charset, "us-ascii", 8) != 0)
                        return false;
        }
        size_t n = strcspn(value, "; \t");
        for (; *types; types++)
                if (strlen(*types) == n && strncasecmp(*types, value, n) == 0)
                        return true;
        return false;
}

static void not_allowed(struct http_exchange *x, const char *correlation_id, const char *allow)
{
        struct http_header header = {"allow", allow};
        answer_carrier(x, correlation_id, REASON_HTTP_METHOD, "use another method", &header);
}

static void shep(struct loop *loop, struct http_exchange *x, const char *correlation_id)
{
        static const char *const types[] = {"text/xml", "application/soap+xml", NULL};
        const struct http_request *request = http_exchange_request(x);
        if (str_eq(request->method, "GET") && strcasecmp(request->query, "wsdl") == 0)
                endpoint_shep_wsdl(loop, x);
        else if (!str_eq(request->method, "POST"))
                not_allowed(x, correlation_id, "GET, POST");
        else if (!type_is(request, types))
                answer_carrier(x, correlation_id, REASON_HTTP_TYPE, "use text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2), UTF-8", NULL);
        else
                endpoint_shep(loop, x, correlation_id);
}

/* A signed document as the body: an application, or its cancellation. */
static void submit(struct loop *loop, struct http_exchange *x, const char *correlation_id, void (*endpoint)(struct loop *, struct http_exchange *, const char *))
{
        static const char *const types[] = {"application/xml", "text/xml", "application/pkcs7-mime", "application/cms", "application/pkcs7-signature", "application/json", NULL};
        const struct http_request *request = http_exchange_request(x);
        if (!str_eq(request->method, "POST"))
                not_allowed(x, correlation_id, "POST");
        else if (!type_is(request, types))
                answer_carrier(x, correlation_id, REASON_HTTP_TYPE, "use application/xml (UTF-8), application/pkcs7-mime, application/cms, or application/json", NULL);
        else
                endpoint(loop, x, correlation_id);
}

static bool is_get(const struct http_request *request)
{
        return str_eq(request->method, "GET") || str_eq(request->method, "HEAD");
}

static void session(struct loop *loop, struct http_exchange *x, const char *correlation_id)
{
        static const char *const types[] = {"application/json", NULL};
        const struct http_request *request = http_exchange_request(x);
        bool post = str_eq(request->method, "POST");
        if (!post && !is_get(request) && !str_eq(request->method, "DELETE"))
                not_allowed(x, correlation_id, "GET, HEAD, POST, DELETE");
        else if (post && !type_is(request, types))
                answer_carrier(x, correlation_id, REASON_HTTP_TYPE, "use application/json", NULL);
        else
                endpoint_session(loop, x, correlation_id);
}

/* Which key it is, is for the log and the metrics, not for whoever asks. */
static void ready(struct loop *loop, struct http_exchange *exchange)
{
        const char *key = NULL;
        if (loop->draining) {
                answer_text(exchange, 503, "text/plain", span_str("stopping\n"));
        } else if (trust_watch_current(loop) == 0) {
                answer_text(exchange, 503, "text/plain", span_str("NO_TRUST_ANCHORS\n"));
        } else if (!signer_ready(loop->signer, &key)) {
                log_event(LOG_WARN, NULL, "ready.key", "key=%s cannot sign: its certificate is not valid now, or its token is away", key);
                answer_text(exchange, 503, "text/plain", span_str("a key cannot sign\n"));
        } else {
                answer_text(exchange, 200, "text/plain", span_str("ready\n"));
        }
}

void endpoints_handle(void *ctx, struct http_exchange *exchange)
{
        struct loop *loop = ctx;
        const struct http_request *request = http_exchange_request(exchange);
        char correlation_id[TEXT_UUID_MAX];
        text_uuid(correlation_id);
        enum endpoint endpoint = endpoint_of(loop->shared->settings, request->path);
        if (endpoint >= E_CONSOLE && endpoint != E_NONE && !is_get(request)) {
                not_allowed(exchange, correlation_id, "GET, HEAD");
                return;
        }
        switch (endpoint) {
        case E_SHEP:
                shep(loop, exchange, correlation_id);
                return;
        case E_SUBMIT:
                submit(loop, exchange, correlation_id, endpoint_rest_submit);
                return;
        case E_CANCEL:
                submit(loop, exchange, correlation_id, endpoint_rest_cancel);
                return;
        case E_DIAGNOSE:
                if (str_eq(request->method, "POST"))
                        endpoint_diagnose(loop, exchange, correlation_id);
                else
                        not_allowed(exchange, correlation_id, "POST");
                return;
        case E_CHECK:
                if (is_get(request) || str_eq(request->method, "POST"))
                        endpoint_check(loop, exchange, correlation_id);
                else
                        not_allowed(exchange, correlation_id, "GET, HEAD, POST");
                return;
        case E_VERIFY:
                if (str_eq(request->method, "POST"))
                        endpoint_verify(loop, exchange, correlation_id);
                else
                        not_allowed(exchange, correlation_id, "POST");
                return;
        case E_SESSION:
                session(loop, exchange, correlation_id);
                return;
        case E_CHALLENGE:
                if (str_eq(request->method, "POST"))
                        endpoint_session(loop, exchange, correlation_id);
                else
                        not_allowed(exchange, correlation_id, "POST");
                return;
        case E_INBOX:
                if (is_get(request) || str_eq(request->method, "POST"))
                        endpoint_inbox(loop, exchange, correlation_id);
                else
                        not_allowed(exchange, correlation_id, "GET, HEAD, POST");
                return;
        case E_CONSOLE:
                endpoint_console(loop, exchange, correlation_id);
                return;
        case E_OFFICE:
                endpoint_office(loop, exchange, correlation_id);
                return;
        case E_OPERATOR:
                endpoint_operator(loop, exchange, correlation_id);
                return;
        case E_READ:
                endpoint_rest_read(loop, exchange, correlation_id);
                return;
        case E_OPENAPI:
                answer_text(exchange, 200, "application/json", openapi_document());
                return;
        case E_LIVE:
                answer_text(exchange, 200, "text/plain", span_str("live\n"));
                return;
        case E_READY:
                ready(loop, exchange);
                return;
        case E_METRICS:
                endpoint_metrics(loop, exchange);
                return;
        case E_NONE:
                answer_carrier(exchange, correlation_id, REASON_HTTP_NOT_FOUND, "see README for the paths", NULL);
                return;
        }
}
