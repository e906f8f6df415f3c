/* GET /api/v1/requests/NUMBER/result.pdf: drawn in libuv's thread pool, because ten milliseconds would hold up the requests of this loop; signed on the loop,
 * which owns the channel to the signer. Nothing is kept: the signed XML is the result, the PDF is a picture of it. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/print/print.h"
#include "gateway/reason.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"

/* Of a service whose results people sign: the PDF, which is only a picture, is signed by the key of the others. */
const char *results_key(const struct shared *shared, const struct service *service)
{
        if (service->provider_key)
                return service->provider_key;
        for (size_t i = 0; i < catalogue_count(shared->catalogue); i++)
                if (catalogue_at(shared->catalogue, i)->provider_key)
                        return catalogue_at(shared->catalogue, i)->provider_key;
        return shared->settings->gateway.system_key;
}

struct printing {
        uv_work_t work;
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX];
        const struct service *service;
        struct buf document, pdf;
        bool paper;                   /* is no result: not signed */
        enum gw_rc rc;
        struct why why;
};

static void work(uv_work_t *work)
{
        struct printing *p = work->data;
        const struct settings *settings = p->loop->shared->settings;
        struct print_request request = {
                .service = p->service,
                .document = buf_span(&p->document),
                .fonts = p->loop->shared->fonts,
                .layouts = p->loop->shared->layouts,
                .check_url = settings->check.enabled ? settings->check.url : NULL,
                .at = wall_now(),
                .room_for_signature = true,
        };
        p->rc = print_document(&request, &p->pdf, &p->why);
}

static void done(uv_work_t *work, int status GW_UNUSED)
{
        struct printing *p = work->data;
        p->loop->calls--;
        p->loop->printing--;
        const char *key_id = results_key(p->loop->shared, p->service);
        const struct signing_key *key = signer_key(p->loop->signer, key_id);
        if (p->rc == GW_OK && !p->paper)
                p->rc = key ? pdf_sign(&p->pdf, key, &p->why) : why_set(&p->why, GW_FAULT, REASON_SIGNER_UNAVAILABLE, "no key %s", key_id);
        if (p->rc == GW_OK) {
                answer_text(p->exchange, 200, "application/pdf", buf_span(&p->pdf));
        } else {
                log_event(LOG_WARN, p->id, "print.failed", "reason=%s detail=\"%s\"", reason_info(p->why.reason)->name, p->why.detail);
                answer_problem(p->exchange, p->id, &p->why);
        }
        buf_done(&p->document);
        buf_done(&p->pdf);
        free(p);
}

static void print(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const char *service_code, struct wall_time at, struct buf *document, bool paper)
{
        struct why why = WHY_INIT;
        enum gw_rc rc = GW_OK;
        const struct service *service = catalogue_find(loop->shared->catalogue, service_code, at);
        if (!service)
                rc = why_set(&why, GW_REJECT, REASON_RESULT_NOT_PRINTABLE, "service %s", service_code);
        else if (loop->draining)
                rc = why_set(&why, GW_RETRY, REASON_STOPPING, "stopping");
        else if (loop->printing >= PRINTING_MAX)
                rc = why_set(&why, GW_RETRY, REASON_OVERLOADED, "%u results are being printed", loop->printing);
        if (rc != GW_OK) {
                answer_problem(exchange, correlation_id, &why);
                return;
        }
        struct printing *p = xcalloc(1, sizeof *p);
        p->work.data = p;
        p->loop = loop;
        p->exchange = exchange;
        snprintf(p->id, sizeof p->id, "%s", correlation_id);
        p->service = service;
        p->document = *document;
        *document = (struct buf)BUF_INIT;
        p->pdf = (struct buf)BUF_INIT;
        p->paper = paper;
        loop->calls++;
        loop->printing++;
        GW_ASSERT(uv_queue_work(&loop->uv, &p->work, work, done) == 0);
}

void endpoint_print(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, struct request_view *view)
{
        print(loop, exchange, correlation_id, view->service_code, view->registered_at, &view->document, false);
}

void endpoint_print_paper(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const char *service_code, struct wall_time at, struct buf *document)
{
        print(loop, exchange, correlation_id, service_code, at, document, true);
        buf_done(document); /* when it was not taken */
}
