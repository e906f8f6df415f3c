/* REST: the same job with the application as the body, and reading back. The sender is the holder of the TLS client certificate; a
 * sender sees its own requests alone, and what belongs to others does not exist for it. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/flow.h"
#include "gateway/worker/intake.h"
#include "gateway/worker/refused.h"

struct call {
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX];
        struct intake *intake;
};

static void count_refusal(struct loop *loop, const char *id, const struct why *why)
{
        atomic_fetch_add(&loop->shared->counters.refused, 1);
        log_event(reason_info(why->reason)->http_status >= 500 ? LOG_WARN : LOG_INFO, id, "request.refused", "channel=rest reason=%s detail=\"%s\"",
                  reason_info(why->reason)->name, why->detail);
}

/* Of reading: nothing to keep. */
static void refuse(struct loop *loop, struct http_exchange *exchange, const char *id, const struct why *why)
{
        count_refusal(loop, id, why);
        answer_problem(exchange, id, why);
}

static void call_free(struct call *c)
{
        intake_free(c->intake);
        c->loop->calls--;
        free(c);
}

static void answer_refusal(void *arg, const struct why *why)
{
        struct call *c = arg;
        answer_problem_with(c->exchange, c->id, why, why->reason == REASON_FORM_INVALID ? form_mistake_json(&c->intake->mistake) : NULL);
        call_free(c);
}

/* Of what was submitted: kept, then answered; the call is gone with it. */
static void refuse_call(struct call *c, const struct why *why)
{
        count_refusal(c->loop, c->id, why);
        if (!refused_keep(c->intake, http_exchange_request(c->exchange)->body, why, answer_refusal, c))
                answer_refusal(c, why);
}

static json_t *request_json(const char *number, enum request_state state, const char *outcome, struct wall_time registered_at, struct wall_time due_at, struct wall_time now)
{
        char registered[CLOCK_TEXT_MAX], due[CLOCK_TEXT_MAX];
        const struct request_state_info *info = request_state_info(state);
        auto_str char *self = xasprintf("/api/v1/requests/%s", number);
        json_t *json = json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:s?, s:b, s:{s:s}}", "number", number, "state", info->code, "stateName", "kk", info->kk, "ru", info->ru,
                                 "en", info->en, "registeredAt", clock_iso(registered_at, registered), "dueAt", due_at.ms >= WALL_NEVER_MS ? NULL : clock_iso(due_at, due), "overdue",
                                 !info->terminal && (state == REQUEST_CHECKING || state == REQUEST_REGISTERED || state == REQUEST_AWAITING_DATA) && now.ms > due_at.ms, "links", "self", self);
        GW_ASSERT(json);
        if (outcome && *outcome) {
                auto_str char *result = xasprintf("%s/result.xml", self);
                json_object_set_new(json, "outcome", json_string(outcome));
                json_object_set_new(json_object_get(json, "links"), "result", json_string(result));
        }
        return json;
}

/* Why a request that waited in CHECKING was not accepted; false: it was. */
static bool was_rejected(struct loop *loop, const struct intake_result *result, struct why *why)
{
        struct request_view view = {.document = BUF_INIT};
        struct why reading = WHY_INIT;
        if (result->outcome != INTAKE_REPEATED || result->state != REQUEST_REJECTED_INTAKE || store_view_by_id(loop->reader, result->request_id, false, &view, &reading) != GW_OK)
                return false;
        int reason = view.refusal[0] ? reason_by_name(view.refusal) : -1;
        request_view_done(&view);
        if (reason < 0)
                return false;
        gw_ignore(why_set(why, GW_REJECT, reason, "the request was not accepted"));
        return true;
}

static void on_registered(void *arg, struct intake *intake, enum gw_rc rc, const struct why *why)
{
        struct call *c = arg;
        struct shared *s = c->loop->shared;
        struct why rejected = WHY_INIT;
        if (rc != GW_OK) {
                refuse_call(c, why);
                return;
        }
        if (was_rejected(c->loop, &intake->result, &rejected)) {
                count_refusal(c->loop, c->id, &rejected);
                answer_refusal(c, &rejected);
                return;
        }
        bool repeated = intake->result.outcome == INTAKE_REPEATED;
        atomic_fetch_add(repeated ? &s->counters.repeated : &s->counters.accepted, 1);
        bool checking = intake->result.state == REQUEST_CHECKING;
        log_event(LOG_INFO, intake->result.number, repeated ? "request.repeated" : checking ? "request.checking" : "request.registered", "channel=rest sender=%s service=%s call=%s",
                  intake->sender->id, intake->service_code, c->id);
        answer_json(c->exchange, repeated ? 200 : checking ? 202 : 201,
                    request_json(intake->result.number, intake->result.state, NULL, intake->result.registered_at, intake->result.due_at, wall_now()));
        if (!repeated && !checking) {
                struct request_work work;
                intake_work(intake, &work);
                flow_start(c->loop, &work, NULL, NULL);
        }
        call_free(c);
}

static enum gw_rc check_submitted(struct loop *loop, struct intake *intake, const struct http_request *request, const char *key, struct why *why)
{
        if (loop->draining)
                return why_set(why, GW_RETRY, REASON_STOPPING, "stopping");
        if (loop->flows >= (unsigned)loop->shared->settings->gateway.inflight_max)
                return why_set(why, GW_RETRY, REASON_OVERLOADED, "too many requests under way");
        return intake_check_rest(intake, request->body, submission_form_of(http_request_header(request, "content-type")), key, request->peer, why);
}

void endpoint_rest_submit(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        const char *key = http_request_header(request, "idempotency-key");
        struct why why = WHY_INIT;
        struct call *c = xcalloc(1, sizeof *c);
        *c = (struct call){.loop = loop, .exchange = exchange, .intake = intake_new(loop, "rest", request->received_at)};
        memcpy(c->id, correlation_id, sizeof c->id);
        loop->calls++;
        uint64_t since = stage_now();
        enum gw_rc rc = check_submitted(loop, c->intake, request, key, &why);
        stage_add(loop->shared, STAGE_VERIFY, since);
        if (rc != GW_OK && c->intake->sender && intake_find_repeated(c->intake, c->intake->sender->id, key, key, request->body)) {
                on_registered(c, c->intake, GW_OK, &why);
                return;
        }
        if (rc != GW_OK) {
                refuse_call(c, &why);
                return;
        }
        buf_add_span(&c->intake->envelope, request->body);
        c->intake->done = on_registered;
        c->intake->arg = c;
        intake_register(c->intake);
}

/* ---- reading ---- */

enum wanted { WANTED_STATE, WANTED_XML, WANTED_PDF };

/* "NUMBER", "NUMBER/result.xml" or "NUMBER/result.pdf"; the number is 14 digits. */
static bool split_path(const char *path, char number[15], enum wanted *ret_wanted)
{
        const char *rest = path + strlen("/api/v1/requests/");
        if (strspn(rest, "0123456789") != 14)
                return false;
        memcpy(number, rest, 14);
        number[14] = '\0';
        *ret_wanted = str_eq(rest + 14, "/result.xml") ? WANTED_XML : str_eq(rest + 14, "/result.pdf") ? WANTED_PDF : WANTED_STATE;
        return rest[14] == '\0' || *ret_wanted != WANTED_STATE;
}

static json_t *view_json(const struct request_view *view)
{
        json_t *json = request_json(view->number, view->state, view->outcome, view->registered_at, view->due_at, wall_now());
        int reason = view->refusal[0] ? reason_by_name(view->refusal) : -1;
        if (reason >= 0) {
                const struct reason_info *info = reason_info(reason);
                json_object_set_new(json, "reason", json_pack("{s:s, s:s, s:s, s:s}", "code", info->name, "kk", info->kk, "ru", info->ru, "en", info->en));
        }
        return json;
}

/* The same words for every kind: what belongs to another sender must look like what does not exist. */
static enum gw_rc not_found(struct why *why)
{
        return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such number");
}

void endpoint_rest_read(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct why why = WHY_INIT;
        const struct sender_settings *sender = intake_tls_sender(loop->shared->settings, request->peer);
        if (!sender) {
                why_set(&why, GW_REJECT, REASON_CLIENT_CERTIFICATE_REQUIRED, "no TLS client certificate of a registered sender");
                refuse(loop, exchange, correlation_id, &why);
                return;
        }
        char number[15];
        enum wanted wanted = WANTED_STATE;
        struct request_view view = {.document = BUF_INIT};
        enum gw_rc rc = not_found(&why);
        if (split_path(request->path, number, &wanted))
                rc = store_view_by_number(loop->reader, number, wanted != WANTED_STATE, &view, &why);
        if ((rc == GW_OK && !str_eq(view.sender_id, sender->id)) || (rc != GW_OK && why.reason == REASON_REQUEST_NOT_FOUND))
                rc = not_found(&why);
        if (rc == GW_OK && wanted != WANTED_STATE && !view.document.n)
                rc = why_set(&why, GW_REJECT, REASON_RESULT_NOT_READY, "state %s", request_state_info(view.state)->code);
        if (rc != GW_OK)
                refuse(loop, exchange, correlation_id, &why);
        else if (wanted == WANTED_PDF)
                endpoint_print(loop, exchange, correlation_id, &view);
        else if (wanted == WANTED_XML)
                answer_text(exchange, 200, "application/xml; charset=utf-8", buf_span(&view.document));
        else
                answer_json(exchange, 200, view_json(&view));
        request_view_done(&view);
}
