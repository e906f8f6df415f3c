/* Sends the outbox rows of one request and records the outcome. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/deliver/delivery.h"
#include "gateway/deliver/push.h"
#include "gateway/reason.h"
#include "gateway/soap/shep.h"

#define ROWS_MAX 16

enum row_fate { ROW_WAITING, ROW_SENT, ROW_RETRY, ROW_PARK };

struct row {
        struct delivery_row given;
        enum row_fate fate;
        struct why why;
};

struct delivery {
        const struct delivery_env *env;
        int64_t request_id;
        char number[20];
        struct row rows[ROWS_MAX];
        size_t count, next; /* next: the row being sent or to be sent */
        bool sending, failed, finishing;
        delivery_done done;
        void *arg;
};

struct delivery *delivery_new(const struct delivery_env *env, int64_t request_id, const char *number)
{
        struct delivery *d = xcalloc(1, sizeof *d);
        d->env = env;
        d->request_id = request_id;
        memcpy(d->number, number, strnlen(number, sizeof d->number - 1));
        return d;
}

void delivery_hold(struct delivery *delivery)
{
        delivery->failed = true;
}

bool delivery_failed(const struct delivery *delivery)
{
        return delivery->failed;
}

static void delivery_free(struct delivery *d)
{
        for (size_t i = 0; i < d->count; i++)
                buf_done(&d->rows[i].given.payload);
        free(d);
}

/* ---- recording ---- */

static enum gw_rc record_sent(struct store *store, struct delivery *d, const struct row *r, struct why *why)
{
        struct wall_time now = wall_now();
        enum gw_rc rc = store_outbox_sent(store, r->given.id, now, why);
        if (rc != GW_OK || r->given.state != REQUEST_RESULT_SENT)
                return rc;
        /* GW_REJECT: the cabinet's delivery notification was quicker and has moved the request already. */
        rc = store_transition(store, d->request_id, REQUEST_DECIDED, REQUEST_RESULT_SENT, "gateway", "acknowledged by the cabinet", now, why);
        return rc == GW_REJECT ? GW_OK : rc;
}

static enum gw_rc record_row(struct store *store, struct delivery *d, const struct row *r, struct why *why)
{
        struct wall_time now = wall_now();
        char error[96];
        switch (r->fate) {
        case ROW_WAITING: /* behind a failed one */
                return store_outbox_let_go(store, r->given.id, why);
        case ROW_SENT:
                return record_sent(store, d, r, why);
        case ROW_RETRY:
        case ROW_PARK:
                snprintf(error, sizeof error, "%s: %.60s", reason_info(r->why.reason)->name, r->why.detail);
                if (r->fate == ROW_PARK)
                        return store_outbox_park(store, r->given.id, error, now, why);
                return store_outbox_retry(store, r->given.id, backoff_next(&d->env->backoff, r->given.created_at, r->given.attempts + 1, now), error, why);
        }
        return GW_FAULT;
}

static enum gw_rc record_work(struct store *store, void *arg, struct why *why)
{
        struct delivery *d = arg;
        for (size_t i = 0; i < d->count; i++) {
                enum gw_rc rc = record_row(store, d, &d->rows[i], why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static void log_row(const struct delivery *d, const struct row *r)
{
        if (r->fate == ROW_RETRY)
                log_event(LOG_INFO, d->number, "outbox.retry", "destination=%s attempts=%d reason=%s", destination_name(d->env->destination), r->given.attempts + 1, reason_info(r->why.reason)->name);
        if (r->fate == ROW_PARK)
                log_event(LOG_WARN, d->number, "outbox.parked", "destination=%s row=%lld reason=%s detail=\"%s\"", destination_name(d->env->destination), (long long)r->given.id, reason_info(r->why.reason)->name, r->why.detail);
}

static void on_recorded(void *arg, enum gw_rc rc, const struct why *why)
{
        struct delivery *d = arg;
        /* Not recorded: the rows are still pending in the store and will be sent again with the same id and bytes. */
        if (rc != GW_OK)
                log_event(LOG_WARN, d->number, "outbox.unrecorded", "reason=%s detail=\"%s\"", reason_info(why->reason)->name, why->detail);
        for (size_t i = 0; i < d->count && rc == GW_OK; i++) {
                log_row(d, &d->rows[i]);
                if (d->rows[i].fate == ROW_SENT && d->env->sent)
                        d->env->sent(d->env->sent_ctx, wall_now().ms - d->rows[i].given.created_at.ms);
        }
        delivery_done done = d->done;
        void *done_arg = d->arg;
        delivery_free(d);
        done(done_arg);
}

/* ---- sending ---- */

/* The peer's acknowledgement, verified. GW_REJECT only for a signed refusal that will not change: everything doubtful is tried again. */
static enum gw_rc read_acknowledgement(const struct delivery *d, struct span in, struct why *why)
{
        auto_soap struct soap *soap = NULL;
        auto_certificate struct certificate *certificate = NULL;
        auto_shep_message struct shep_message *message = NULL;
        struct sender_binding binding = {.bin = d->env->peer_bin};
        enum gw_rc rc = soap_parse(in, &xml_limits_default, &soap, why);
        if (rc == GW_OK)
                rc = verify_transport(d->env->verifier, soap, wall_now(), &certificate, why);
        if (rc == GW_OK)
                rc = verify_sender_allowed(certificate, &binding, why);
        if (rc == GW_OK)
                rc = shep_read(soap, &message, why);
        if (rc != GW_OK)
                return GW_RETRY;
        if (message->operation == SHEP_ASYNC_SEND_RESPONSE)
                return GW_OK;
        if (message->operation != SHEP_FAULT)
                return why_set(why, GW_RETRY, REASON_PEER_ANSWER_INVALID, "not an acknowledgement");
        bool theirs = str_eq(message->error_code, "SCE909");
        /* Of what the peer says only known words are kept: its free text could hold personal data (I8). */
        int reason = shep_fault_reason(message->error_data);
        return why_set(why, theirs ? GW_RETRY : GW_REJECT, REASON_PEER_REFUSED, "%s", reason > 0 ? reason_info(reason)->name : reason_known_shep_code(message->error_code));
}

/* A plain status proves nothing about who refuses: tried again, and parked after so many attempts. */
static enum gw_rc read_status(long status, struct why *why)
{
        return status >= 200 && status < 300 ? GW_OK : why_set(why, GW_RETRY, REASON_PEER_ANSWER_INVALID, "answered with status %ld", status);
}

static void send_next(struct delivery *d);

static void on_answer(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct delivery *d = arg;
        struct row *r = &d->rows[d->next];
        bool reached = rc == GW_OK;
        d->sending = false;
        if (reached) {
                rc = d->env->form == DELIVERY_WEBHOOK ? read_status(answer->status, &r->why) : read_acknowledgement(d, answer->body, &r->why);
        } else {
                why_set(&r->why, rc, REASON_PEER_UNREACHABLE, "%.200s", why->detail);
                rc = GW_RETRY;
        }
        if (rc == GW_OK) {
                r->fate = ROW_SENT;
                d->next++;
        } else {
                /* An outage, however long, parks nothing: when the destination is back the messages go without an operator. */
                bool park = rc == GW_REJECT || (reached && r->given.attempts + 1 >= d->env->park_after);
                r->fate = park ? ROW_PARK : ROW_RETRY;
                d->failed = true;
        }
        send_next(d);
}

static void post(struct delivery *d, const struct row *r)
{
        auto_str char *signature = NULL;
        struct http_post post = {
                .destination = d->env->destination,
                .content_type = "text/xml; charset=utf-8",
                .soap_action = "",
                .correlation_id = d->number,
                .body = buf_span(&r->given.payload),
                .done = on_answer,
                .arg = d,
        };
        if (d->env->form == DELIVERY_WEBHOOK && push_webhook_parts(post.body, &signature, &post.body)) {
                post.content_type = "application/json";
                post.soap_action = NULL;
                post.header = PUSH_SIGNATURE_HEADER;
                post.header_value = signature;
        }
        http_client_post(d->env->client, &post);
}

static void send_next(struct delivery *d)
{
        if (d->sending)
                return;
        if (!d->failed && d->next < d->count) {
                d->sending = true;
                post(d, &d->rows[d->next]);
                return;
        }
        if (d->finishing)
                journal_submit(d->env->journal, record_work, on_recorded, d);
}

void delivery_push(struct delivery *delivery, struct delivery_row *row)
{
        GW_ASSERT(delivery->count < ROWS_MAX && !delivery->finishing);
        struct row *r = &delivery->rows[delivery->count++];
        r->given = *row;
        row->payload = (struct buf)BUF_INIT;
        send_next(delivery);
}

void delivery_finish(struct delivery *delivery, delivery_done done, void *arg)
{
        delivery->finishing = true;
        delivery->done = done;
        delivery->arg = arg;
        send_next(delivery);
}
