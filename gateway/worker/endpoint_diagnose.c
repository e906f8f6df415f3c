/* POST /api/v1/diagnose: gateway/diagnose over HTTP. It costs up to a second of CPU, so it runs in libuv's thread pool, and one at a time per loop: this is a help for
 * integrators of a test installation, not a service. */
#include <stdlib.h>
#include <string.h>

#include "gateway/diagnose/diagnose.h"
#include "gateway/reason.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"

struct diagnosing {
        uv_work_t work;
        struct loop *loop;
        struct http_exchange *exchange;
        struct diagnose_request request;
        struct buf message;
        json_t *report;
};

static void work(uv_work_t *work)
{
        struct diagnosing *d = work->data;
        d->report = diagnose(d->loop->shared->verifier, &d->request);
}

static void done(uv_work_t *work, int status GW_UNUSED)
{
        struct diagnosing *d = work->data;
        d->loop->calls--;
        d->loop->diagnosing = false;
        answer_json(d->exchange, 200, d->report);
        buf_done(&d->message);
        free(d);
}

static const char *language_of(const char *query)
{
        static const struct { const char *query, *language; } known[] = {{"lang=kk", "kk"}, {"lang=ru", "ru"}, {"lang=en", "en"}, {"", "en"}};
        for (size_t i = 0; i < GW_COUNT(known); i++)
                if (str_eq(query, known[i].query))
                        return known[i].language;
        return NULL;
}

void endpoint_diagnose(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct why why = WHY_INIT;
        const char *language = language_of(request->query);
        enum gw_rc rc = GW_OK;
        if (!language)
                rc = why_set(&why, GW_REJECT, REASON_HTTP_MALFORMED, "the query may be lang=kk, lang=ru or lang=en");
        else if (loop->draining)
                rc = why_set(&why, GW_RETRY, REASON_STOPPING, "stopping");
        else if (loop->diagnosing)
                rc = why_set(&why, GW_RETRY, REASON_OVERLOADED, "another diagnosis is being made");
        if (rc != GW_OK) {
                answer_problem(exchange, correlation_id, &why);
                return;
        }
        struct diagnosing *d = xcalloc(1, sizeof *d);
        d->work.data = d;
        d->loop = loop;
        d->exchange = exchange;
        d->message = (struct buf)BUF_INIT;
        buf_add_span(&d->message, request->body);
        d->request = (struct diagnose_request){.message = buf_span(&d->message), .at = request->received_at, .language = language, .policy = &loop->shared->policy};
        loop->calls++;
        loop->diagnosing = true;
        GW_ASSERT(uv_queue_work(&loop->uv, &d->work, work, done) == 0);
}
