/* Messages to the cabinet that come with a transition (gateway/worker/outgoing.h). */
#include "gateway/worker/outgoing.h"

#include "gateway/deliver/cabinet.h"

void outgoing_done(struct outgoing *out)
{
        for (size_t i = 0; i < out->count; i++)
                buf_done(&out->rows[i].payload);
        out->count = 0;
}

/* Read here and not in the journal's work: the delivery belongs to the loop. */
static struct wall_time row_lease(const struct outgoing *out, struct wall_time at)
{
        /* Nothing is sent from memory after a failure: the scan may have the row at once. */
        if (delivery_failed(out->delivery))
                return at;
        return (struct wall_time){wall_now().ms + out->loop->shared->cabinet_settings->timeout_ms + 5000};
}

enum gw_rc outgoing_compose(struct outgoing *out, enum request_state state, const struct outgoing_about *about, struct wall_time at, struct why *why)
{
        GW_ASSERT(out->count < OUTGOING_MAX);
        struct request_work *work = out->work;
        const struct settings *s = out->loop->shared->settings;
        const struct destination_settings *cabinet = out->loop->shared->cabinet_settings;
        struct outgoing_row *o = &out->rows[out->count];
        *o = (struct outgoing_row){.state = state, .sequence = work->outbox_sequence + 1, .at = at, .lease_until = row_lease(out, at), .payload = BUF_INIT};
        bool result = state == REQUEST_RESULT_SENT;
        struct cabinet_message message = {
                .state = state,
                .message_id = cabinet_message_id(work->number, o->sequence, o->message_id),
                .service_id = cabinet->service_id ? cabinet->service_id : "EGOV_CABINET",
                .sender_id = s->gateway.sender_id,
                .correlation_id = work->correlation_id,
                .portal_number = work->portal_number,
                .number = work->number,
                .applicant_iin = work->applicant_iin,
                .provider_bin = work->provider_bin,
                .outcome = about->outcome && *about->outcome ? about->outcome : NULL,
                .refusal = about->refusal,
                .document_number = result ? about->document_number : NULL,
                .document = result ? about->document : span_of(NULL, 0),
                .date = at,
        };
        enum gw_rc rc = cabinet_envelope(&message, signer_key(out->loop->signer, s->gateway.system_key), &o->payload, why);
        if (rc != GW_OK) {
                buf_done(&o->payload);
                return rc;
        }
        work->outbox_sequence++;
        out->count++;
        return GW_OK;
}

enum gw_rc outgoing_write(struct store *store, struct outgoing *out, struct why *why)
{
        for (size_t i = 0; i < out->count; i++) {
                struct outgoing_row *o = &out->rows[i];
                struct outbox_new row = {
                        .request_id = out->work->id,
                        .sequence = o->sequence,
                        .destination = "cabinet",
                        .kind = cabinet_message_type(o->state),
                        .message_id = o->message_id,
                        .state_code = request_state_info(o->state)->code,
                        .payload = buf_span(&o->payload),
                        .at = o->at,
                        .lease_until = o->lease_until,
                };
                enum gw_rc rc = store_outbox_add(store, &row, &o->row_id, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

void outgoing_push(struct outgoing *out)
{
        uint64_t since = stage_now();
        for (size_t i = 0; i < out->count; i++) {
                struct outgoing_row *o = &out->rows[i];
                struct delivery_row row = {.id = o->row_id, .created_at = o->at, .state = o->state, .payload = o->payload};
                o->payload = (struct buf)BUF_INIT;
                delivery_push(out->delivery, &row);
                buf_done(&row.payload);
        }
        out->count = 0;
        stage_add(out->loop->shared, STAGE_DELIVER, since);
}

enum gw_rc outgoing_decided(struct store *store, struct outgoing_decision *decision, struct why *why)
{
        const struct decision_record *record = &decision->record;
        enum gw_rc rc = store_transition(store, record->request_id, decision->from, REQUEST_DECIDED, decision->actor, decision->detail, record->at, why);
        if (rc == GW_OK)
                rc = store_decision(store, record, why);
        return rc == GW_OK ? outgoing_write(store, decision->out, why) : rc;
}
