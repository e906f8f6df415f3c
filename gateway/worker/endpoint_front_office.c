/* Front office over HTTP: what a package lacks, registration of paper applications, refusals with their receipts, the services for the page. Whoever calls is a
 * person with a session or an organisation's own system (gateway/provider/session.h). */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/catalogue/service_json.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"
#include "gateway/register/refusals.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/front_intake.h"
#include "gateway/worker/office.h"

GW_DEFINE_AUTO(json, json_t, json_decref)

#define CHECK_MAX 65536 /* a question is small */

struct call {
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX];
};

static void refuse_with(struct http_exchange *exchange, const char *id, const char *verb, const struct why *why, json_t *more)
{
        log_event(reason_info(why->reason)->http_status >= 500 ? LOG_WARN : LOG_INFO, id, verb, "channel=front-office reason=%s detail=\"%s\"", reason_info(why->reason)->name, why->detail);
        answer_problem_with(exchange, id, why, more);
}

void office_refuse(struct http_exchange *exchange, const char *id, const char *verb, const struct why *why)
{
        refuse_with(exchange, id, verb, why, NULL);
}

/* ---- registration and refusal ---- */

static json_t *papers_json(const struct front_intake *in)
{
        json_t *papers = json_array();
        for (size_t i = 0; i < in->paper_count; i++)
                json_array_append_new(papers, office_paper_json(in->result.number, in->papers[i].id, in->papers[i].paper, in->received_at));
        return papers;
}

static void listed(void *arg, const struct paper_view *view)
{
        json_array_append_new(arg, office_paper_view_json(view));
}

static void answer_registered(struct call *c, const struct front_intake *in)
{
        char registered[CLOCK_TEXT_MAX], due[CLOCK_TEXT_MAX];
        struct why why = WHY_INIT;
        json_t *papers = papers_json(in);
        if (in->repeated && papers_list(c->loop->reader, in->result.request_id, listed, papers, &why) != GW_OK) {
                json_decref(papers);
                office_refuse(c->exchange, c->id, "application.refused", &why);
                return;
        }
        json_t *json = json_pack("{s:s, s:s, s:s, s:o}", "number", in->result.number, "state", request_state_info(in->result.state)->code, "registeredAt",
                                 clock_iso(in->result.registered_at, registered), "papers", papers);
        GW_ASSERT(json);
        json_object_set_new(json, "dueAt", in->result.due_at.ms == WALL_NEVER_MS ? json_null() : json_string(clock_iso(in->result.due_at, due)));
        answer_json(c->exchange, in->repeated ? 200 : 201, json);
}

static void answer_refused(struct call *c, const struct front_intake *in)
{
        char number[20];
        auto_str char *link = xasprintf("/api/v1/front-office/refusals/%lld/paper", (long long)in->refusal_id), *xml = xasprintf("%s.xml", link), *pdf = xasprintf("%s.pdf", link);
        answer_json(c->exchange, in->repeated ? 200 : 201, json_pack("{s:I, s:{s:s, s:s, s:{s:s, s:s}}}", "refusal", (json_int_t)in->refusal_id, "paper", "number",
                    paper_number(REFUSAL_NUMBER_PREFIX, in->refusal_id, number), "kind", paper_kind_names[PAPER_REFUSAL_RECEIPT], "links", "xml", xml, "pdf", pdf));
}

static void on_written(void *arg, struct front_intake *in, enum gw_rc rc, const struct why *why)
{
        struct call *c = arg;
        bool registered = in->act == ACT_REGISTER;
        if (rc != GW_OK) {
                atomic_fetch_add(&c->loop->shared->counters.refused, 1);
                office_refuse(c->exchange, c->id, registered ? "application.refused" : "refusal.refused", why);
        } else {
                if (registered)
                        atomic_fetch_add(in->repeated ? &c->loop->shared->counters.repeated : &c->loop->shared->counters.accepted, 1);
                log_event(LOG_INFO, registered ? in->result.number : c->id, registered ? (in->repeated ? "request.repeated" : "request.registered") : "application.turned_away",
                          "channel=front-office service=%s route=%s organisation=%s staff=%s call=%s", in->verdict.service->code, route_kind_names[in->verdict.route->kind],
                          in->signer.organisation, in->signer.id, c->id);
                if (registered)
                        answer_registered(c, in);
                else
                        answer_refused(c, in);
        }
        front_intake_free(in);
        c->loop->calls--;
        free(c);
}

/* The notice and all that follows is loop 0's next round: a person at a counter does not wait for it. */
void office_submit(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, enum step_act act)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct why why = WHY_INIT;
        auto_front_intake struct front_intake *in = front_intake_new(loop, act, actor, request->received_at);
        uint64_t since = stage_now();
        enum gw_rc rc = GW_OK;
        if (loop->draining)
                rc = why_set(&why, GW_RETRY, REASON_STOPPING, "stopping");
        if (rc == GW_OK)
                rc = front_intake_check(in, request->body, submission_form_of(http_request_header(request, "content-type")), http_request_header(request, "idempotency-key"), &why);
        stage_add(loop->shared, STAGE_VERIFY, since);
        if (rc != GW_OK) {
                atomic_fetch_add(&loop->shared->counters.refused, 1);
                refuse_with(exchange, correlation_id, act == ACT_REGISTER ? "application.refused" : "refusal.refused", &why,
                            why.reason == REASON_FORM_INVALID ? form_mistake_json(&in->verdict.mistake) : NULL);
                return;
        }
        struct call *c = xcalloc(1, sizeof *c);
        c->loop = loop;
        c->exchange = exchange;
        memcpy(c->id, correlation_id, sizeof c->id);
        loop->calls++;
        in->done = on_written;
        in->arg = c;
        front_intake_write(gw_take(&in));
}

/* ---- what is missing ---- */

/* {"service", "route", "declarantId", "representative"?, "residence"?, "form"?: {field: value}, "documents": ["D1", {"id": "D2", "validUntil": "2027-01-31"}]} */
struct question {
        const char *service, *residence;
        enum route_kind route;
        struct completeness_facts facts;
        struct document_given given[SERVICE_DOCUMENTS_MAX];
        size_t given_count;
};

static bool read_document(const json_t *value, struct document_given *ret)
{
        const json_t *until = json_object_get(value, "validUntil");
        *ret = (struct document_given){.id = json_string_value(json_is_string(value) ? value : json_object_get(value, "id"))};
        return ret->id && (!until || (json_is_string(until) && clock_parse_date(json_string_value(until), &ret->valid_until) == GW_OK));
}

static enum gw_rc read_documents(const json_t *list, struct question *q, struct why *why)
{
        size_t i;
        json_t *value;
        json_array_foreach(list, i, value) {
                if (q->given_count == SERVICE_DOCUMENTS_MAX || !read_document(value, &q->given[q->given_count]))
                        return why_set(why, GW_REJECT, REASON_DATA_FORM, "documents[%zu] is neither an id nor {id, validUntil}", i);
                q->given_count++;
        }
        return GW_OK;
}

/* Borrows from json. */
static enum gw_rc read_question(const json_t *json, struct wall_time at, struct question *q, struct why *why)
{
        const json_t *form = json_object_get(json, "form"), *documents = json_object_get(json, "documents");
        *q = (struct question){
                .service = json_string_value(json_object_get(json, "service")), .residence = json_string_value(json_object_get(json, "residence")),
                .route = front_office_route_kind(json_string_value(json_object_get(json, "route"))),
                .facts = {.declarant_iin = json_string_value(json_object_get(json, "declarantId")), .representative = json_is_true(json_object_get(json, "representative")), .at = at},
        };
        if (!q->service || q->route == ROUTE_NONE || !q->facts.declarant_iin || (documents && !json_is_array(documents)) || (form && !json_is_object(form)))
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "needed: \"service\", \"route\", \"declarantId\", \"documents\": [], \"form\": {}");
        if (q->residence && !kato_valid(q->residence, NULL))
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "\"residence\" is no KATO code");
        for (size_t i = 0; completeness_fields[i]; i++) {
                const json_t *value = json_object_get(form, completeness_fields[i]);
                completeness_note(&q->facts, completeness_fields[i], json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : json_string_value(value));
        }
        return read_documents(documents, q, why);
}

static json_t *document_json(const struct service_document *document, const char *state)
{
        json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", document->id, "kk", document->name.kk, "ru", document->name.ru, "en", document->name.en, "condition",
                                 document_condition_names[document->condition]);
        GW_ASSERT(json);
        json_object_set_new(json, "paragraph", document->paragraph ? json_string(document->paragraph) : json_null());
        if (state)
                json_object_set_new(json, "state", json_string(state));
        return json;
}

static json_t *completeness_json(const struct completeness *c)
{
        json_t *missing = json_array(), *required = json_array();
        for (size_t i = 0; i < c->gap_count; i++)
                json_array_append_new(missing, document_json(c->gaps[i].document, c->gaps[i].expired ? "expired" : "missing"));
        for (size_t i = 0; i < c->required_count; i++)
                json_array_append_new(required, document_json(c->required[i], NULL));
        return json_pack("{s:b, s:b, s:o, s:o}", "complete", c->gap_count == 0, "refused", c->refused, "missing", missing, "required", required);
}

void office_check(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor)
{
        const struct http_request *request = http_exchange_request(exchange);
        const struct shared *s = loop->shared;
        const struct front_question where = {.settings = s->settings, .catalogue = s->catalogue, .actor = actor, .at = request->received_at, .act = ACT_REGISTER};
        json_error_t error;
        struct why why = WHY_INIT;
        struct question q;
        struct front_verdict verdict;
        struct completeness completeness;
        gw_auto(json) json_t *json = request->body.n <= CHECK_MAX ? json_loadb((const char *)request->body.p, request->body.n, JSON_REJECT_DUPLICATES, &error) : NULL;
        enum gw_rc rc = json_is_object(json) ? read_question(json, request->received_at, &q, &why)
                                             : why_set(&why, GW_REJECT, REASON_DATA_FORM, "not a JSON object of at most %d bytes", CHECK_MAX);
        if (rc == GW_OK)
                rc = front_office_route(&where, q.service, q.route, q.residence, &verdict, &why);
        if (rc == GW_OK)
                rc = completeness_check(verdict.service, q.route, &q.facts, q.given, q.given_count, &completeness, &why);
        if (rc == GW_OK)
                answer_json(exchange, 200, completeness_json(&completeness));
        else
                office_refuse(exchange, correlation_id, "check.refused", &why);
}

/* ---- the services ---- */

void office_services(struct loop *loop, struct http_exchange *exchange)
{
        const struct catalogue *catalogue = loop->shared->catalogue;
        json_t *list = json_array();
        for (size_t i = 0; i < catalogue_count(catalogue); i++) {
                const struct service *service = catalogue_at(catalogue, i);
                if (catalogue_find(catalogue, service->code, wall_now()) == service)
                        json_array_append_new(list, service_json(service));
        }
        answer_json(exchange, 200, json_pack("{s:o}", "items", list));
}

/* ---- refusals read back ---- */

static void add_refusal(void *arg, const struct refusal_view *r)
{
        char at[CLOCK_TEXT_MAX], number[20];
        auto_str char *pdf = xasprintf("/api/v1/front-office/refusals/%lld/paper.pdf", (long long)r->id);
        json_array_append_new(arg, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s}}", "refusal", (json_int_t)r->id, "number", paper_number(REFUSAL_NUMBER_PREFIX, r->id, number), "at",
                                             clock_iso(r->at, at), "service", r->service_code, "route", r->route, "reason", r->reason, "detail", r->detail, "staff", r->staff, "links", "pdf", pdf));
}

void office_refusals(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor)
{
        struct why why = WHY_INIT;
        struct office_page page = office_page_of(http_exchange_request(exchange)->query);
        json_t *items = json_array();
        if (refusals_list(loop->reader, actor->bin, page.before, page.limit, add_refusal, items, &why) == GW_OK) {
                answer_json(exchange, 200, json_pack("{s:o}", "items", items));
                return;
        }
        json_decref(items);
        office_refuse(exchange, correlation_id, "refusals.refused", &why);
}
