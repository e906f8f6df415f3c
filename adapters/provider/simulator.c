/* What the TEST provider takes: pushes over SHEP and as webhooks, verified; the same message again is told from another. */
#include <stdlib.h>
#include <string.h>

#include "adapters/provider/provider.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/deliver/push.h"
#include "gateway/reason.h"
#include "gateway/verify/cms_document.h"

#define RECEIVED_MAX 5000

struct received {
        struct received *next;
        char *message_id, *number, *form;
        uint8_t digest[32];
        int step;
        unsigned times;
        bool application_verified;
};
struct provider {
        struct simulation *simulation;
        struct jobs *jobs;
        struct received *first, **last;
        size_t count;
};

struct provider *provider_new(void)
{
        struct provider *p = xcalloc(1, sizeof *p);
        p->last = &p->first;
        return p;
}

void provider_open(struct provider *p, struct simulation *simulation)
{
        p->simulation = simulation;
        p->jobs = jobs_new(simulation);
}

void provider_stop(struct provider *p)
{
        jobs_stop(p->jobs);
}

void provider_free(struct provider *p)
{
        while (p->first) {
                struct received *r = p->first;
                p->first = r->next;
                free(r->message_id);
                free(r->number);
                free(r->form);
                free(r);
        }
        jobs_free(p->jobs);
        free(p);
}

/* ---- keeping ---- */

struct told { /* one push, borrowed */
        const char *form, *message_id, *number;
        int step;
        struct span bytes;            /* what "the same message" means */
        struct span application;
};

/* The applicant's own signature came along whole. */
static bool application_is_good(const struct simulation *s, struct span application, struct wall_time now)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        struct verified_document verified = {0};
        if (xml_read(application, &xml_limits_default, &doc, &why) != GW_OK || verify_document(s->verifier, doc, now, &verified, &why) != GW_OK)
                return false;
        verified_document_done(&verified);
        return true;
}

static struct received *find(const struct provider *p, const char *message_id)
{
        struct received *r = p->first;
        while (r && !str_eq(r->message_id, message_id))
                r = r->next;
        return r;
}

static enum gw_rc keep(struct provider *p, const struct told *told, struct wall_time now, struct why *why)
{
        uint8_t digest[32];
        text_sha256(told->bytes, digest);
        struct received *r = find(p, told->message_id);
        if (r && memcmp(r->digest, digest, sizeof digest) != 0)
                return why_set(why, GW_REJECT, REASON_MESSAGE_ID_REUSED, "received before with other bytes");
        if (!r && p->count < RECEIVED_MAX) {
                r = xcalloc(1, sizeof *r);
                *r = (struct received){.message_id = xstrdup(told->message_id), .number = xstrdup(told->number), .form = xstrdup(told->form), .step = told->step,
                                       .application_verified = application_is_good(p->simulation, told->application, now)};
                memcpy(r->digest, digest, sizeof digest);
                *p->last = r;
                p->last = &r->next;
                p->count++;
        }
        if (r)
                r->times++;
        jobs_told(p->jobs, told->number);
        return GW_OK;
}

static bool is_number(const char *text)
{
        return text && strlen(text) == 14 && strspn(text, "0123456789") == 14;
}

/* ---- SHEP ---- */

enum gw_rc provider_take(struct transaction *t, const struct shep_message *message, struct span bytes, struct buf *content, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf data = BUF_INIT, application = BUF_INIT;
        enum gw_rc rc = shep_data_document(message->data, &xml_limits_default, &doc, &data, why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *root = xmlDocGetRootElement(doc);
        auto_str char *number = xml_child_text(root, PUSH_NS, "number"), *step = xml_child_text(root, PUSH_NS, "step"), *base64 = xml_child_text(root, PUSH_NS, "application"),
                      *id = xml_child_text(root, PUSH_NS, "messageId");
        if (!xml_is(root, PUSH_NS, "request") || !str_eq(message->message_type, "REQUEST") || !is_number(number) || !str_eq(id, message->message_id) || !base64 ||
            !text_unbase64(&application, span_str(base64)))
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "not a request to this system");
        struct told told = {.form = "shep", .message_id = id, .number = number, .step = step ? (int)strtol(step, NULL, 10) : 0, .bytes = bytes, .application = buf_span(&application)};
        rc = keep(t->simulation->provider, &told, t->now, why);
        if (rc != GW_OK)
                return rc;
        struct shep_out out = {.operation = SHEP_ASYNC_SEND_RESPONSE, .message_id = message->message_id, .correlation_id = message->correlation_id, .date = t->now};
        shep_write(content, &out);
        return GW_OK;
}

/* ---- webhook ---- */

static enum gw_rc check_cms(const struct simulation *s, const struct http_request *request, struct why *why)
{
        const char *signature = http_request_header(request, "x-signature-cms");
        struct verified_cms verified = {.signer_count = 0};
        if (!s->options.verify)
                return GW_OK;
        if (!signature)
                return why_set(why, GW_REJECT, REASON_CMS_MALFORMED, "not signed");
        enum gw_rc rc = verify_cms(s->verifier, span_str(signature), request->body, request->received_at, &verified, why);
        struct sender_binding binding = {.bin = SIMULATORS_GATEWAY_BIN};
        if (rc == GW_OK && verified.signer_count)
                rc = verify_sender_allowed(verified.signers[0].certificate, &binding, why);
        if (rc == GW_OK)
                verified_cms_done(&verified);
        return rc;
}

static enum gw_rc take_json(struct simulation *s, const struct http_request *request, struct why *why)
{
        enum gw_rc rc = check_cms(s, request, why);
        if (rc != GW_OK)
                return rc;
        json_t *json = json_loadb((const char *)request->body.p, request->body.n, JSON_REJECT_DUPLICATES, NULL);
        const char *id = json_string_value(json_object_get(json, "messageId")), *number = json_string_value(json_object_get(json, "number")),
                   *type = json_string_value(json_object_get(json, "type")), *base64 = json_string_value(json_object_get(json, "application"));
        auto_buf struct buf application = BUF_INIT;
        if (!id || !str_eq(type, PUSH_NS) || !is_number(number) || !base64 || !text_unbase64(&application, span_str(base64)))
                rc = why_set(why, GW_REJECT, REASON_DATA_FORM, "not a request to this system");
        struct told told = {.form = "webhook", .message_id = id, .number = number, .step = (int)json_integer_value(json_object_get(json, "step")), .bytes = request->body,
                            .application = buf_span(&application)};
        if (rc == GW_OK)
                rc = keep(s->provider, &told, request->received_at, why);
        json_decref(json);
        return rc;
}

void provider_webhook(struct simulation *s, struct system *system, struct http_exchange *exchange)
{
        const struct http_request *request = http_exchange_request(exchange);
        enum fault_kind fault = fault_next(&system->fault, &s->random);
        struct answering answering = {.simulation = s, .exchange = exchange, .manner = fault, .ms = system->fault.ms, .content_type = "application/json"};
        struct why why = WHY_INIT;
        system->seen.requests++;
        if (fault == FAULT_HTTP500 || fault == FAULT_REFUSE || fault == FAULT_BUSY || fault == FAULT_SOAPFAULT) {
                answering_send(&answering, 500, span_str("{\"error\":\"a fault on demand\"}"));
                return;
        }
        if (take_json(s, request, &why) == GW_OK) {
                answering_send(&answering, 200, span_str("{}"));
                return;
        }
        system->seen.refused++;
        log_event(LOG_DEBUG, NULL, "simulator.refused", "system=provider reason=%s detail=\"%s\"", reason_info(why.reason)->name, why.detail);
        answering_send(&answering, 422, span_str("{\"error\":\"refused\"}"));
}

/* ---- control ---- */

static bool script_of(const char *name, enum provider_script *ret_script)
{
        for (int i = 0; i < SCRIPT_COUNT; i++)
                if (str_eq(provider_script_names[i], name)) {
                        *ret_script = (enum provider_script)i;
                        return true;
                }
        return false;
}

static void post_work(struct provider *p, struct http_exchange *exchange, const char *query)
{
        auto_str char *url = control_parameter(query, "inbox"), *script = control_parameter(query, "script"), *ms = control_parameter(query, "ms"), *pull = control_parameter(query, "pull");
        struct jobs_settings settings = {.url = url, .script = SCRIPT_positive, .pull = str_eq(pull, "1")};
        uint64_t pause = 0;
        struct why why = WHY_INIT;
        if ((script && !script_of(script, &settings.script)) || (ms && !text_to_u64(ms, 0, 3600000, &pause)))
                return control_reply_text(exchange, 400, "script is absent, positive, negative, refuse, return, wrong_signature, wrong_bin, wrong_number or hostile; ms a number");
        settings.pause_ms = (int)pause;
        if (jobs_set(p->jobs, &settings, &why) != GW_OK)
                return control_reply_text(exchange, 400, why.detail);
        control_reply_text(exchange, 200, provider_script_names[settings.script]);
}

static void post_job(struct provider *p, struct http_exchange *exchange, const char *query)
{
        auto_str char *number = control_parameter(query, "number"), *script = control_parameter(query, "script");
        enum provider_script which = SCRIPT_positive;
        if (!is_number(number) || (script && !script_of(script, &which)))
                return control_reply_text(exchange, 400, "number is 14 digits, script one of those of /provider/work");
        jobs_start(p->jobs, number, which);
        control_reply_text(exchange, 200, provider_script_names[which]);
}

static void get_state(const struct provider *p, struct http_exchange *exchange)
{
        json_t *list = json_array();
        for (const struct received *r = p->first; r; r = r->next)
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:b}", "messageId", r->message_id, "number", r->number, "form", r->form, "step", r->step, "times", (int)r->times,
                                                      "applicationVerified", (int)r->application_verified));
        control_reply_json(exchange, json_pack("{s:s, s:o, s:o}", "mark", "TEST", "received", list, "jobs", jobs_state(p->jobs)));
}

void provider_control(struct simulation *simulation, struct http_exchange *exchange)
{
        const struct http_request *request = http_exchange_request(exchange);
        bool post = str_eq(request->method, "POST");
        if (post && str_eq(request->path, "/provider/work"))
                return post_work(simulation->provider, exchange, request->query);
        if (post && str_eq(request->path, "/provider/job"))
                return post_job(simulation->provider, exchange, request->query);
        if (str_eq(request->method, "GET") && str_eq(request->path, "/provider/state"))
                return get_state(simulation->provider, exchange);
        control_reply_text(exchange, 404, "POST /provider/work, POST /provider/job, GET /provider/state");
}
