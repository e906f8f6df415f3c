/* The SHEP channels: ISyncChannel SendMessage waits for the result inside the wait limit; IAsyncChannelClient sendMessage is acknowledged
 * as soon as the request is durable; changeMassageStatusNotification tells that the applicant has the result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/register/casework.h"
#include "gateway/soap/wsdl.h"
#include "gateway/verify/cms_document.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/cancellation.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/flow.h"
#include "gateway/worker/intake.h"
#include "gateway/worker/refused.h"

#define POLL_MS 50
#define WAIT_TICK_MS 250

/* One SOAP call under way. It ends when it was answered and nobody will call back any more. */
struct call {
        struct loop *loop;
        struct http_exchange *exchange;
        struct soap_refusal refusal;
        char id[TEXT_UUID_MAX];
        struct intake *intake;
        uv_timer_t timer;
        struct mono_time deadline;
        bool answered, flow_open, timer_open, keeping; /* keeping: its refusal is being written */
        /* status notification */
        struct request_view view;
        struct wall_time at;
        char destination[32], detail[64]; /* of the message that it is about; what is noted */
};

static void call_end(struct call *c)
{
        if (!c->answered || c->flow_open || c->timer_open || c->keeping)
                return;
        intake_free(c->intake);
        request_view_done(&c->view);
        c->loop->calls--;
        free(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
        struct call *c = handle->data;
        c->timer_open = false;
        call_end(c);
}

static void answered(struct call *c)
{
        c->answered = true;
        if (c->timer_open && !uv_is_closing((uv_handle_t *)&c->timer))
                uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

static void answer_refusal(struct call *c, const struct why *why)
{
        answer_fault(c->loop, c->exchange, &c->refusal, why);
        answered(c);
}

static void on_refusal_kept(void *arg, const struct why *why)
{
        struct call *c = arg;
        c->keeping = false;
        answer_refusal(c, why);
        call_end(c);
}

static void refuse(struct call *c, const struct why *why)
{
        atomic_fetch_add(&c->loop->shared->counters.refused, 1);
        log_event(reason_info(why->reason)->http_status >= 500 ? LOG_WARN : LOG_INFO, c->id, "request.refused", "channel=%s reason=%s detail=\"%s\"",
                  c->refusal.in_reply_to == SHEP_SYNC_SEND ? "shep-sync" : "shep-async", reason_info(why->reason)->name, why->detail);
        c->keeping = refused_keep(c->intake, http_exchange_request(c->exchange)->body, why, on_refusal_kept, c);
        if (!c->keeping)
                answer_refusal(c, why);
}

/* ---- answers ---- */

/* The result, or that the request goes on: always the same for the same request, so a repetition is answered alike (I2). */
static void answer_sync(struct call *c, const char *code, const char *message, struct wall_time at, struct span document)
{
        auto_buf struct buf body = BUF_INIT;
        struct shep_out out = {
                .operation = SHEP_SYNC_SEND_RESPONSE,
                .message_id = c->intake->result.number,
                .correlation_id = c->intake->message_id,
                .date = at,
                .status_code = code,
                .status_message = message,
                .data_text = document,
        };
        shep_write(&body, &out);
        answer_soap(c->loop, c->exchange, c->refusal.soap_version, buf_span(&body));
        answered(c);
}

static void answer_in_progress(struct call *c)
{
        answer_sync(c, "IN_PROGRESS", "Сұрау тіркелді, нәтиже жеке кабинетке жіберіледі / Запрос зарегистрирован, результат будет направлен в личный кабинет",
                    c->intake->result.registered_at, span_of(NULL, 0));
}

static void answer_checking(struct call *c)
{
        answer_sync(c, "IN_PROGRESS",
                    "Сұрау тіркелді, өтініш берушінің сертификаты тексерілуде, нәтиже жеке кабинетке жіберіледі / "
                    "Запрос зарегистрирован, сертификат заявителя проверяется, результат будет направлен в личный кабинет",
                    c->intake->result.registered_at, span_of(NULL, 0));
}

static void answer_result(struct call *c, struct wall_time at, struct span document)
{
        answer_sync(c, "SUCCESS", "Сұраныс орындалды / Запрос выполнен", at, document);
}

static void answer_async(struct call *c)
{
        auto_buf struct buf body = BUF_INIT;
        struct shep_out out = {
                .operation = SHEP_ASYNC_SEND_RESPONSE,
                .message_id = c->intake->result.number,
                .correlation_id = c->intake->correlation_id,
                .date = c->intake->result.registered_at,
        };
        shep_write(&body, &out);
        answer_soap(c->loop, c->exchange, c->refusal.soap_version, buf_span(&body));
        answered(c);
}

/* ---- waiting for a result ---- */

static void on_flow_done(void *arg, const struct flow_outcome *outcome)
{
        struct call *c = arg;
        c->flow_open = false;
        if (!c->answered) {
                if (outcome->ready)
                        answer_result(c, outcome->at, outcome->document);
                else
                        answer_in_progress(c);
        }
        call_end(c);
}

/* When the wait limit is reached, or the worker stops and must let its callers go with an answer. */
static bool wait_is_over(const struct call *c)
{
        struct mono_time now = mono_now();
        return now.ms >= c->deadline.ms || (c->loop->draining && now.ms >= c->loop->hurry_at.ms);
}

static int64_t wait_tick(const struct call *c)
{
        int64_t wait_ms = c->loop->shared->settings->gateway.sync_wait_ms;
        return wait_ms < WAIT_TICK_MS ? wait_ms : WAIT_TICK_MS;
}

static void on_wait_tick(uv_timer_t *timer)
{
        struct call *c = timer->data;
        if (!c->answered && wait_is_over(c))
                answer_in_progress(c);
        call_end(c);
}

/* A repetition looks into the store until the first call's result is there; so does the first call of a request in CHECKING. */
static void on_poll(uv_timer_t *timer)
{
        struct call *c = timer->data;
        struct why why = WHY_INIT;
        struct request_view view = {.document = BUF_INIT};
        enum gw_rc rc = store_view_by_id(c->loop->reader, c->intake->result.request_id, true, &view, &why);
        if (rc == GW_OK && view.document.n)
                answer_result(c, view.decided_at, buf_span(&view.document));
        else if (rc == GW_OK && view.state == REQUEST_REJECTED_INTAKE)
                answer_refusal(c, &(struct why){reason_by_name(view.refusal), "the request was not accepted"});
        else if (view.state == REQUEST_CHECKING && wait_is_over(c))
                answer_checking(c);
        else if (view.state == REQUEST_AWAITING_DATA || (view.by_people && view.state == REQUEST_REGISTERED) || wait_is_over(c))
                answer_in_progress(c);
        request_view_done(&view);
        call_end(c);
}

static void start_timer(struct call *c, uv_timer_cb callback, int64_t first_ms, int64_t repeat_ms)
{
        c->deadline = (struct mono_time){mono_now().ms + c->loop->shared->settings->gateway.sync_wait_ms};
        uv_timer_init(&c->loop->uv, &c->timer);
        c->timer.data = c;
        c->timer_open = true;
        uv_timer_start(&c->timer, callback, (uint64_t)first_ms, (uint64_t)repeat_ms);
}

static void on_registered(void *arg, struct intake *intake, enum gw_rc rc, const struct why *why)
{
        struct call *c = arg;
        struct shared *s = c->loop->shared;
        if (rc != GW_OK) {
                refuse(c, why);
                call_end(c);
                return;
        }
        bool repeated = intake->result.outcome == INTAKE_REPEATED, sync = c->refusal.in_reply_to == SHEP_SYNC_SEND;
        atomic_fetch_add(repeated ? &s->counters.repeated : &s->counters.accepted, 1);
        bool checking = intake->result.state == REQUEST_CHECKING;
        log_event(LOG_INFO, intake->result.number, repeated ? "request.repeated" : checking ? "request.checking" : "request.registered", "channel=%s sender=%s service=%s call=%s", intake->channel,
                  intake->sender->id, intake->service_code, c->id);
        if (!sync)
                answer_async(c);
        else if (repeated || checking)
                start_timer(c, on_poll, 0, POLL_MS);
        else
                start_timer(c, on_wait_tick, wait_tick(c), wait_tick(c));
        if (!repeated && !checking) { /* a request in CHECKING is taken up by flow_resume() */
                struct request_work work;
                intake_work(intake, &work);
                c->flow_open = sync;
                flow_start(c->loop, &work, sync ? on_flow_done : NULL, c);
        }
        call_end(c);
}

/* ---- the applicant has the result ---- */

static enum gw_rc received_work(struct store *store, void *arg, struct why *why)
{
        struct call *c = arg;
        /* The notification may overtake our own note that the cabinet has acknowledged the RESPONSE. */
        enum gw_rc rc = store_transition(store, c->view.id, REQUEST_DECIDED, REQUEST_RESULT_SENT, "cabinet", "known by its delivery notification", c->at, why);
        if (rc == GW_OK || rc == GW_REJECT)
                rc = store_transition(store, c->view.id, REQUEST_RESULT_SENT, REQUEST_RECEIVED, "cabinet", "delivery notification", c->at, why);
        return rc == GW_REJECT ? GW_OK : rc; /* told before: the same answer again */
}

static void answer_notification(struct call *c)
{
        auto_buf struct buf body = BUF_INIT;
        bool delivery = c->refusal.in_reply_to == SHEP_DELIVERY_NOTIFICATION;
        struct shep_out out = {.operation = delivery ? SHEP_DELIVERY_NOTIFICATION_RESPONSE : SHEP_STATUS_NOTIFICATION_RESPONSE, .notification_id = c->id, .date = c->at};
        shep_write(&body, &out);
        answer_soap(c->loop, c->exchange, c->refusal.soap_version, buf_span(&body));
        answered(c);
}

static void on_received(void *arg, enum gw_rc rc, const struct why *why)
{
        struct call *c = arg;
        if (rc == GW_OK)
                answer_notification(c);
        else
                refuse(c, why);
        call_end(c);
}

/* ---- an organisation's system has what it was told ---- */

static enum gw_rc noted_work(struct store *store, void *arg, struct why *why)
{
        struct call *c = arg;
        return casework_note(store, c->view.id, c->destination, c->detail, c->at, why);
}

/* Whose word counts: his whom the message went to; of an organisation that is not configured any more, nobody's. */
static const char *peer_bin(const struct call *c)
{
        if (!str_starts(c->destination, PUSH_PREFIX))
                return c->loop->shared->cabinet_settings->bin;
        const struct organisation_settings *o = settings_organisation(c->loop->shared->settings, c->destination + strlen(PUSH_PREFIX));
        return o ? o->bin : "-";
}

static enum gw_rc check_peer(struct call *c, const struct soap *soap, struct why *why)
{
        auto_certificate struct certificate *certificate = NULL;
        struct sender_binding binding = {.bin = peer_bin(c)};
        enum gw_rc rc = verify_transport(c->loop->shared->verifier, soap, c->at, &certificate, why);
        return rc == GW_OK ? verify_sender_allowed(certificate, &binding, why) : rc;
}

static enum gw_rc take_notification(struct call *c, const struct soap *soap, const struct shep_message *m, struct why *why)
{
        const char *message_id = m->message_id ? m->message_id : "", *state = m->message_state ? m->message_state : "?";
        struct why unknown = WHY_INIT;
        gw_ignore(store_outbox_to(c->loop->reader, message_id, c->destination, &unknown)); /* what is not there is told below, to a peer that is known */
        enum gw_rc rc = check_peer(c, soap, why);
        if (rc != GW_OK)
                return rc;
        c->refusal.sign_it = true;
        rc = store_view_by_outbox_message(c->loop->reader, message_id, &c->view, why);
        if (rc != GW_OK)
                return rc;
        log_event(LOG_INFO, c->view.number, "peer.notified", "destination=%s state=%s", c->destination, state);
        if (!str_eq(c->destination, "cabinet")) {
                snprintf(c->detail, sizeof c->detail, "delivery notification: %s", state);
                journal_submit(c->loop->journal, noted_work, on_received, c);
        } else if (str_eq(m->message_state, "DELIVERED"))
                journal_submit(c->loop->journal, received_work, on_received, c);
        else
                answer_notification(c);
        return GW_OK;
}

/* ---- an application taken back: UPDATE ---- */

static void on_cancelled(void *arg, enum gw_rc rc, const struct why *why, const char *number)
{
        struct call *c = arg;
        if (rc != GW_OK) {
                refuse(c, why);
        } else {
                snprintf(c->intake->result.number, sizeof c->intake->result.number, "%s", number);
                c->intake->result.registered_at = c->at;
                answer_async(c);
        }
        call_end(c);
}

/* The cancellation in `data`, in the forms of an application. */
static enum gw_rc cancel(struct call *c, const xmlNode *data, struct why *why)
{
        auto_buf struct buf text = BUF_LIMIT(xml_limits_default.bytes_max), bytes = BUF_LIMIT(xml_limits_default.bytes_max);
        auto_xmldoc xmlDoc *document = NULL;
        struct cancellation_form form = {.xml = span_of(NULL, 0)};
        enum gw_rc rc = GW_OK;
        if (shep_data_other_text(data, &text) && cms_looks_like(buf_span(&text))) {
                form.cms = buf_span(&text);
        } else {
                rc = shep_data_document(data, &xml_limits_default, &document, &bytes, why);
                form.xml = buf_span(&bytes);
        }
        return rc == GW_OK ? cancellation_start(c->loop, c->intake->sender->id, NULL, &form, c->at, on_cancelled, c, why) : rc;
}

static enum gw_rc take_update(struct call *c, const struct soap *soap, const struct shep_message *m, struct why *why)
{
        c->intake = intake_new(c->loop, "shep-async", c->at);
        enum gw_rc rc = intake_check_envelope(c->intake, soap, m, why);
        c->refusal.sign_it = c->intake->sender != NULL;
        return rc == GW_OK ? cancel(c, m->data, why) : rc;
}

/* ---- entry ---- */

static bool is_notification(enum shep_operation operation)
{
        return operation == SHEP_STATUS_NOTIFICATION || operation == SHEP_DELIVERY_NOTIFICATION;
}

static bool operation_fits(const char *path, enum shep_operation operation)
{
        if (str_eq(path, "/shep/sync"))
                return operation == SHEP_SYNC_SEND;
        return operation == SHEP_ASYNC_SEND || is_notification(operation);
}

static enum gw_rc take_request(struct call *c, const struct http_request *request, const struct soap *soap, const struct shep_message *m, struct why *why)
{
        struct loop *loop = c->loop;
        if (loop->draining)
                return why_set(why, GW_RETRY, REASON_STOPPING, "stopping");
        if (loop->flows >= (unsigned)loop->shared->settings->gateway.inflight_max)
                return why_set(why, GW_RETRY, REASON_OVERLOADED, "too many requests under way");
        c->intake = intake_new(loop, m->operation == SHEP_SYNC_SEND ? "shep-sync" : "shep-async", request->received_at);
        uint64_t since = stage_now();
        enum gw_rc rc = intake_check_shep(c->intake, soap, m, why);
        stage_add(loop->shared, STAGE_VERIFY, since);
        c->refusal.sign_it = c->intake->sender != NULL;
        if (rc != GW_OK && intake_find_repeated(c->intake, m->sender_id, m->message_id, m->correlation_id, request->body)) {
                on_registered(c, c->intake, GW_OK, why);
                return GW_OK;
        }
        if (rc != GW_OK)
                return rc;
        buf_add_span(&c->intake->envelope, request->body);
        c->intake->done = on_registered;
        c->intake->arg = c;
        intake_register(c->intake);
        return GW_OK;
}

static enum gw_rc take(struct call *c, const struct http_request *request, struct why *why)
{
        uint64_t since = stage_now();
        auto_soap struct soap *soap = NULL;
        auto_shep_message struct shep_message *message = NULL;
        enum gw_rc rc = soap_parse(request->body, &xml_limits_default, &soap, why);
        if (rc == GW_OK) {
                c->refusal.soap_version = soap->version;
                rc = shep_read(soap, &message, why);
        }
        stage_add(c->loop->shared, STAGE_ACCEPT, since);
        if (rc != GW_OK)
                return rc;
        if (!operation_fits(request->path, message->operation))
                return why_set(why, GW_REJECT, REASON_SOAP_OPERATION, "not an operation of this address");
        c->refusal.in_reply_to = message->operation;
        if (is_notification(message->operation))
                return take_notification(c, soap, message, why);
        if (message->operation == SHEP_ASYNC_SEND && str_eq(message->message_type, "UPDATE"))
                return c->loop->draining ? why_set(why, GW_RETRY, REASON_STOPPING, "stopping") : take_update(c, soap, message, why);
        return take_request(c, request, soap, message, why);
}

void endpoint_shep(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct call *c = xcalloc(1, sizeof *c);
        c->loop = loop;
        loop->calls++;
        c->exchange = exchange;
        c->at = request->received_at;
        c->view.document = (struct buf)BUF_INIT;
        memcpy(c->id, correlation_id, sizeof c->id);
        c->refusal = (struct soap_refusal){
                .in_reply_to = str_eq(request->path, "/shep/sync") ? SHEP_SYNC_SEND : SHEP_ASYNC_SEND,
                .soap_version = 11,
                .correlation_id = c->id,
        };
        struct why why = WHY_INIT;
        if (take(c, request, &why) != GW_OK) {
                refuse(c, &why);
                call_end(c);
        }
}

void endpoint_shep_wsdl(struct loop *loop, struct http_exchange *exchange)
{
        gw_ignore(loop == NULL);
        const struct http_request *request = http_exchange_request(exchange);
        const char *host = http_request_header(request, "host");
        auto_str char *address = xasprintf("%s://%s%s", request->peer->tls ? "https" : "http", host ? host : "localhost", request->path);
        auto_buf struct buf out = BUF_INIT;
        wsdl_write(&out, str_eq(request->path, "/shep/sync") ? wsdl_sync() : wsdl_async(), address);
        answer_text(exchange, 200, "text/xml; charset=utf-8", buf_span(&out));
}
