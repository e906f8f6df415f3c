/* POST /api/v1/requests/NUMBER/cancel: the applicant's signed cancellation, brought by the sender of the application. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/cancellation.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/intake.h"
#include "gateway/worker/submission.h"

struct call {
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX];
};

static void refuse(const struct call *c, const struct why *why)
{
        atomic_fetch_add(&c->loop->shared->counters.refused, 1);
        log_event(reason_info(why->reason)->http_status >= 500 ? LOG_WARN : LOG_INFO, c->id, "cancel.refused", "channel=rest reason=%s detail=\"%s\"",
                  reason_info(why->reason)->name, why->detail);
        answer_problem(c->exchange, c->id, why);
}

static void call_free(struct call *c)
{
        c->loop->calls--;
        free(c);
}

static void on_cancelled(void *arg, enum gw_rc rc, const struct why *why, const char *number)
{
        struct call *c = arg;
        const struct request_state_info *info = request_state_info(REQUEST_CANCELLED);
        auto_str char *self = xasprintf("/api/v1/requests/%s", number);
        if (rc != GW_OK)
                refuse(c, why);
        else
                answer_json(c->exchange, 200, json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s}}", "number", number, "state", info->code, "stateName", "kk", info->kk, "ru", info->ru, "en",
                                                        info->en, "links", "self", self));
        call_free(c);
}

/* "…/10100000000001/cancel" */
static bool number_of(const char *path, char number[15])
{
        const char *rest = path + strlen("/api/v1/requests/");
        if (strspn(rest, "0123456789") != 14)
                return false;
        memcpy(number, rest, 14);
        number[14] = '\0';
        return true;
}

static enum gw_rc start(struct call *c, const struct http_request *request, const struct submission *s, struct why *why)
{
        char number[15];
        const struct sender_settings *sender = intake_tls_sender(c->loop->shared->settings, request->peer);
        if (!sender)
                return why_set(why, GW_REJECT, REASON_CLIENT_CERTIFICATE_REQUIRED, "no TLS client certificate of a registered sender");
        if (!number_of(request->path, number))
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such number");
        if (s->file_count > 0)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "a cancellation brings no files");
        const struct cancellation_form form = {s->xml, s->cms, s->detached};
        return cancellation_start(c->loop, sender->id, number, &form, request->received_at, on_cancelled, c, why);
}

void endpoint_rest_cancel(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct why why = WHY_INIT;
        struct submission submission;
        struct call *c = xcalloc(1, sizeof *c);
        *c = (struct call){.loop = loop, .exchange = exchange};
        memcpy(c->id, correlation_id, sizeof c->id);
        loop->calls++;
        enum gw_rc rc = loop->draining ? why_set(&why, GW_RETRY, REASON_STOPPING, "stopping") : GW_OK;
        if (rc == GW_OK) {
                rc = submission_read(submission_form_of(http_request_header(request, "content-type")), request->body, &submission, &why);
                if (rc == GW_OK)
                        rc = start(c, request, &submission, &why);
                submission_done(&submission);
        }
        if (rc != GW_OK) {
                refuse(c, &why);
                call_free(c);
        }
}
