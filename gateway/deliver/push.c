/* Composes what an organisation's own system is told (gateway/deliver/push.h). */
#include "gateway/deliver/push.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/cms_sign.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/soap/shep.h"

/* One table for both forms. */
struct fact { const char *name, *value; };
#define FACTS_MAX 32
struct facts {
        struct fact list[FACTS_MAX];
        size_t count;
        char step[16], times[5][CLOCK_TEXT_MAX];
};

static void add(struct facts *f, const char *name, const char *value)
{
        GW_ASSERT(f->count < FACTS_MAX);
        if (value && *value)
                f->list[f->count++] = (struct fact){name, value};
}

static void add_time(struct facts *f, size_t slot, const char *name, struct wall_time at)
{
        if (at.ms < WALL_NEVER_MS)
                add(f, name, clock_iso(at, f->times[slot]));
}

static void collect(struct facts *f, const struct push_message *m)
{
        f->count = 0;
        snprintf(f->step, sizeof f->step, "%d", m->step);
        add(f, "messageId", m->message_id);
        add_time(f, 0, "createdAt", m->date);
        add(f, "sender", m->sender_id);
        add(f, "recipientBin", m->to_bin);
        add(f, "recipientUrl", m->to_url);
        add(f, "number", m->number);
        add(f, "portalNumber", m->portal_number);
        add(f, "serviceCode", m->service_code);
        add(f, "serviceNameKk", m->service_kk);
        add(f, "serviceNameRu", m->service_ru);
        add(f, "route", m->route);
        add(f, "channel", m->channel);
        add(f, "language", m->language);
        add(f, "providerBin", m->provider_bin);
        add_time(f, 1, "registeredAt", m->registered_at);
        add_time(f, 2, "dueAt", m->due_at);
        add_time(f, 3, "resultDueAt", m->result_due);
        add(f, "step", f->step);
        add(f, "act", m->act);
        add(f, "role", m->role);
        add(f, "paragraph", m->paragraph);
        add(f, "actionKk", m->action_kk);
        add(f, "actionRu", m->action_ru);
        add_time(f, 4, "stepDueAt", m->step_due);
        add(f, "inbox", m->inbox);
}

enum gw_rc push_envelope(const struct push_message *m, const char *service_id, const struct signing_key *key, struct buf *out, struct why *why)
{
        struct facts facts;
        auto_buf struct buf data = BUF_INIT, body = BUF_INIT, application = BUF_INIT;
        collect(&facts, m);
        text_base64(&application, m->application);
        buf_add_str(&data, "<request xmlns=\"" PUSH_NS "\">");
        for (size_t i = 0; i < facts.count; i++)
                canon_element(&data, facts.list[i].name, facts.list[i].value);
        canon_element(&data, "application", buf_cstr(&application));
        buf_add_str(&data, "</request>");
        struct shep_out message = {
                .operation = SHEP_ASYNC_SEND,
                .message_id = m->message_id,
                .correlation_id = m->number,
                .service_id = service_id,
                .message_type = "REQUEST",
                .sender_id = m->sender_id,
                .date = m->date,
                .data_xml = buf_span(&data),
        };
        shep_write(&body, &message);
        if (buf_failed(&application) || buf_failed(&data) || buf_failed(&body))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the message does not fit");
        struct wsse_options options = {.soap_version = 11, .must_understand = true};
        return xml_sign_envelope(key, buf_span(&body), &options, out, why);
}

static char *json_of(const struct push_message *m)
{
        struct facts facts;
        auto_buf struct buf application = BUF_INIT;
        collect(&facts, m);
        text_base64(&application, m->application);
        json_t *json = json_pack("{s:s}", "type", PUSH_NS);
        for (size_t i = 0; i < facts.count; i++)
                json_object_set_new(json, facts.list[i].name, json_string(facts.list[i].value));
        json_object_set_new(json, "step", json_integer(m->step));
        json_object_set_new(json, "application", json_string(buf_cstr(&application)));
        char *text = json_dumps(json, JSON_COMPACT);
        json_decref(json);
        return text;
}

enum gw_rc push_webhook(const struct push_message *m, const struct signing_key *key, struct buf *out, struct why *why)
{
        auto_str char *body = json_of(m);
        auto_buf struct buf cms = BUF_INIT;
        if (!body)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the message cannot be written as JSON");
        enum gw_rc rc = cms_sign(&key, 1, span_str(body), true, m->date, &cms, why);
        if (rc != GW_OK)
                return rc;
        text_base64(out, buf_span(&cms));
        buf_add_char(out, '\n');
        buf_add_str(out, body);
        return buf_failed(out) ? why_set(why, GW_FAULT, REASON_INTERNAL, "the message does not fit") : GW_OK;
}

bool push_webhook_parts(struct span payload, char **ret_signature, struct span *ret_body)
{
        const uint8_t *end = payload.n ? memchr(payload.p, '\n', payload.n) : NULL;
        if (!end)
                return false;
        size_t n = (size_t)(end - payload.p);
        *ret_signature = span_dup(span_of(payload.p, n));
        *ret_body = span_of(end + 1, payload.n - n - 1);
        return true;
}
