/* For whoever runs the gateway, /api/v1/operator/…: what waits and why, what is late, what will expire, how the last hour was; release and park. Nothing personal is shown. Acts are
 * events of their requests and lines of the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/check/form.h"
#include "gateway/reason.h"
#include "gateway/register/casework.h"
#include "gateway/register/operator.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/health.h"

GW_DEFINE_AUTO(json, json_t, json_decref)
#define auto_json gw_auto(json)

#define PREFIX "/api/v1/operator/"
#define LIMIT_MAX 500
#define LIMIT_USUAL 100
#define HOURS_USUAL 8
#define HOURS_MAX (31 * 24)

struct query_call { /* a GET */
        struct loop *loop;
        const struct http_request *request;
        const char *rest;             /* of the path, behind the name of the page: "" or "/NUMBER" */
};

static json_t *time_json(struct wall_time t)
{
        char text[CLOCK_TEXT_MAX];
        return t.ms <= 0 || t.ms >= WALL_NEVER_MS ? json_null() : json_string(clock_iso(t, text));
}

static void refuse(struct http_exchange *exchange, const char *id, const char *staff, const struct why *why)
{
        log_event(reason_info(why->reason)->http_status >= 500 ? LOG_WARN : LOG_INFO, id, "operator.refused", "staff=%s reason=%s detail=\"%s\"", staff, reason_info(why->reason)->name, why->detail);
        answer_problem(exchange, id, why);
}

/* Absent: usual. */
static enum gw_rc number_of(const struct query_call *c, const char *name, uint64_t max, uint64_t usual, uint64_t *ret_number, struct why *why)
{
        char text[24];
        *ret_number = usual;
        if (form_value(span_str(c->request->query), name, text, sizeof text) && !text_to_u64(text, 1, max, ret_number))
                return why_set(why, GW_REJECT, REASON_STEP_INPUT, "%s: a number from 1 to %llu", name, (unsigned long long)max);
        return GW_OK;
}

/* ---- outbox ---- */

static void add_row(void *arg, const struct operator_row *row)
{
        bool ended = str_eq(row->state, "parked") || str_eq(row->state, "sent");
        json_array_append_new(arg, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:o, s:o, s:o}", "id", (json_int_t)row->id, "number", row->number, "destination", row->destination, "kind",
                                             row->kind, "tells", row->state_code, "state", row->state, "sequence", row->sequence, "attempts", row->attempts, "error", row->error, "addedAt",
                                             time_json(row->added_at), "nextAt", ended ? json_null() : time_json(row->at), "endedAt", ended ? time_json(row->at) : json_null()));
}

static void add_queue(void *arg, const struct operator_queue *queue)
{
        json_array_append_new(arg, json_pack("{s:s, s:I, s:I, s:o, s:o}", "destination", queue->destination, "waiting", (json_int_t)queue->waiting, "parked", (json_int_t)queue->parked,
                                             "waitingSince", time_json(queue->waiting_since), "parkedSince", time_json(queue->parked_since)));
}

static enum gw_rc which_of(const struct query_call *c, enum operator_which *ret_which, struct why *why)
{
        char text[16];
        *ret_which = OPERATOR_ALL;
        if (!form_value(span_str(c->request->query), "state", text, sizeof text))
                return GW_OK;
        for (int i = 0; i < OPERATOR_WHICH_COUNT; i++)
                if (str_eq(operator_which_names[i], text)) {
                        *ret_which = (enum operator_which)i;
                        return GW_OK;
                }
        return why_set(why, GW_REJECT, REASON_STEP_INPUT, "state: parked, waiting or all");
}

static enum gw_rc get_outbox(const struct query_call *c, json_t **ret_json, struct why *why)
{
        char destination[32] = "";
        enum operator_which which = OPERATOR_ALL;
        uint64_t limit = 0;
        auto_json json_t *queues = json_array(), *rows = json_array();
        gw_ignore(form_value(span_str(c->request->query), "destination", destination, sizeof destination)); /* absent: all */
        enum gw_rc rc = which_of(c, &which, why);
        if (rc == GW_OK)
                rc = number_of(c, "limit", LIMIT_MAX, LIMIT_USUAL, &limit, why);
        if (rc == GW_OK)
                rc = operator_queues(c->loop->reader, add_queue, queues, why);
        if (rc == GW_OK)
                rc = operator_outbox(c->loop->reader, which, destination, (size_t)limit, add_row, rows, why);
        if (rc == GW_OK)
                *ret_json = json_pack("{s:s, s:O, s:O}", "state", operator_which_names[which], "items", rows, "queues", queues);
        return rc;
}

/* ---- destinations, certificates ---- */

static enum gw_rc get_destinations(const struct query_call *c, json_t **ret_json, struct why *why)
{
        static const char *const breakers[] = {[BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half-open"};
        const struct shared *s = c->loop->shared;
        auto_json json_t *queues = json_array();
        enum gw_rc rc = operator_queues(c->loop->reader, add_queue, queues, why);
        if (rc != GW_OK)
                return rc;
        json_t *list = json_array();
        for (size_t i = 0; i < s->destination_count; i++) {
                const char *name = destination_name(s->destinations[i]);
                json_t *one = json_pack("{s:s, s:s, s:i, s:i}", "name", name, "breaker", breakers[destination_breaker(s->destinations[i], mono_now())], "waiting", 0, "parked", 0);
                size_t k;
                json_t *queue;
                json_array_foreach(queues, k, queue)
                        if (str_eq(json_string_value(json_object_get(queue, "destination")), name)) {
                                json_object_set(one, "waiting", json_object_get(queue, "waiting"));
                                json_object_set(one, "parked", json_object_get(queue, "parked"));
                        }
                json_array_append_new(list, one);
        }
        *ret_json = json_pack("{s:o}", "items", list);
        return GW_OK;
}

static enum gw_rc get_certificates(const struct query_call *c, json_t **ret_json, struct why *why)
{
        gw_ignore(why != NULL);
        *ret_json = health_json(c->loop);
        return GW_OK;
}

/* ---- what is due ---- */

static void add_due(void *arg, const struct operator_due *due)
{
        const struct request_state_info *state = request_state_info(due->state);
        json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:o, s:o}", "number", due->number, "service", due->service, "providerBin", due->provider_bin, "state", state->code,
                                 "stateName", "kk", state->kk, "ru", state->ru, "en", state->en, "registeredAt", time_json(due->registered_at), "dueAt", time_json(due->due_at));
        json_object_set_new(json, "step", due->step ? json_integer(due->step) : json_null());
        json_object_set_new(json, "role", due->step ? json_string(due->role) : json_null());
        json_array_append_new(arg, json);
}

static enum gw_rc get_overdue(const struct query_call *c, json_t **ret_json, struct why *why)
{
        char which[8] = "over";
        uint64_t limit = 0, hours = 0;
        struct wall_time now = wall_now();
        auto_json json_t *items = json_array();
        enum gw_rc rc = number_of(c, "limit", LIMIT_MAX, LIMIT_USUAL, &limit, why);
        if (rc == GW_OK)
                rc = number_of(c, "hours", HOURS_MAX, HOURS_USUAL, &hours, why);
        if (rc == GW_OK && form_value(span_str(c->request->query), "which", which, sizeof which) && !str_eq(which, "over") && !str_eq(which, "near"))
                rc = why_set(why, GW_REJECT, REASON_STEP_INPUT, "which: over or near");
        bool near = str_eq(which, "near");
        struct wall_time from = {near ? now.ms : 0}, until = {near ? now.ms + (int64_t)hours * 3600000 : now.ms};
        if (rc == GW_OK)
                rc = operator_due_requests(c->loop->reader, from, until, (size_t)limit, add_due, items, why);
        if (rc == GW_OK)
                rc = operator_due_steps(c->loop->reader, from, until, (size_t)limit, add_due, items, why);
        if (rc == GW_OK)
                *ret_json = json_pack("{s:s, s:O}", "which", near ? "near" : "over", "items", items);
        return rc;
}

/* ---- the last hour ---- */

static json_t *latency_json(const struct chart_latencies *l)
{
        return json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)l->count, "p50", (json_int_t)charts_percentile(l, 50), "p95", (json_int_t)charts_percentile(l, 95), "longest",
                         (json_int_t)l->longest_ms);
}

static void add_latencies(struct chart_latencies *sum, const struct chart_latencies *l)
{
        for (int i = 0; i < CHART_CLASSES; i++)
                sum->classes[i] += l->classes[i];
        sum->count += l->count;
        sum->longest_ms = l->longest_ms > sum->longest_ms ? l->longest_ms : sum->longest_ms;
}

/* {NAME: [{at, value} …]}, the oldest minute first. */
static void add_point(json_t *series, const char *name, int64_t minute, json_int_t value)
{
        if (!json_object_get(series, name))
                json_object_set_new(series, name, json_array());
        json_array_append_new(json_object_get(series, name), json_pack("{s:o, s:I}", "at", time_json((struct wall_time){minute * 60000}), "value", value));
}

static enum gw_rc get_charts(const struct query_call *c, json_t **ret_json, struct why *why)
{
        struct chart_minute minutes[CHART_MINUTES];
        struct chart_latencies sums[CHART_LATENCY_COUNT];
        memset(sums, 0, sizeof sums);
        gw_ignore(why != NULL);
        charts_read(c->loop->shared->charts, wall_now(), minutes);
        json_t *series = json_object(), *hour = json_object();
        for (int i = 0; i < CHART_MINUTES; i++) {
                for (int k = 0; k < CHART_EVENT_COUNT; k++)
                        add_point(series, chart_event_names[k], minutes[i].minute, minutes[i].events[k]);
                for (int k = 0; k < CHART_LATENCY_COUNT; k++) {
                        auto_str char *name = xasprintf("%sP95Ms", chart_latency_names[k]);
                        add_point(series, name, minutes[i].minute, charts_percentile(&minutes[i].latencies[k], 95));
                        add_latencies(&sums[k], &minutes[i].latencies[k]);
                }
        }
        for (int k = 0; k < CHART_LATENCY_COUNT; k++)
                json_object_set_new(hour, chart_latency_names[k], latency_json(&sums[k]));
        *ret_json = json_pack("{s:o, s:o}", "series", series, "latenciesMs", hour);
        return GW_OK;
}

/* ---- one request ---- */

static void add_event(void *arg, int64_t seq, struct wall_time at, enum request_state from, enum request_state to, const char *actor, const char *detail)
{
        json_array_append_new(arg, json_pack("{s:I, s:o, s:s, s:s, s:s, s:s}", "seq", (json_int_t)seq, "at", time_json(at), "from", request_state_info(from)->code, "to",
                                             request_state_info(to)->code, "actor", actor, "detail", detail));
}

static enum gw_rc request_json(const struct query_call *c, const struct request_view *view, json_t **ret_json, struct why *why)
{
        const struct request_state_info *state = request_state_info(view->state);
        auto_json json_t *events = json_array(), *rows = json_array();
        enum gw_rc rc = store_events(c->loop->reader, view->id, add_event, events, why);
        if (rc == GW_OK)
                rc = operator_rows_of(c->loop->reader, view->id, add_row, rows, why);
        if (rc != GW_OK)
                return rc;
        *ret_json = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:o, s:o, s:o, s:s, s:s, s:s, s:O, s:O}", "number", view->number, "service", view->service_code, "state", state->code,
                              "stateName", "kk", state->kk, "ru", state->ru, "en", state->en, "registeredAt", time_json(view->registered_at), "dueAt", time_json(view->due_at), "decidedAt",
                              time_json(view->decided_at), "sender", view->sender_id, "outcome", view->outcome, "documentNumber", view->document_number, "events", events, "outbox", rows);
        return GW_OK;
}

static enum gw_rc get_request(const struct query_call *c, json_t **ret_json, struct why *why)
{
        char number[20];
        struct request_view view = {.document = BUF_INIT};
        enum gw_rc rc = operator_find(c->loop->reader, c->rest[0] == '/' ? c->rest + 1 : "", number, why);
        if (rc == GW_OK)
                rc = store_view_by_number(c->loop->reader, number, false, &view, why);
        if (rc == GW_OK)
                rc = request_json(c, &view, ret_json, why);
        request_view_done(&view);
        return rc;
}

/* ---- acts ---- */

struct act { /* release or park, under way */
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX], staff[STAFF_ID_MAX], number[20];
        int64_t row;
        bool park;
};

static enum gw_rc act_work(struct store *store, void *arg, struct why *why)
{
        struct act *a = arg;
        auto_str char *actor = xasprintf("staff:%s OPERATOR", a->staff);
        return a->park ? operator_park(store, a->row, actor, wall_now(), a->number, why) : operator_release(store, a->row, actor, wall_now(), a->number, why);
}

static void on_acted(void *arg, enum gw_rc rc, const struct why *why)
{
        struct act *a = arg;
        if (rc != GW_OK) {
                refuse(a->exchange, a->id, a->staff, why);
        } else {
                log_event(LOG_INFO, a->number, a->park ? "outbox.parked_by" : "outbox.released_by", "staff=%s row=%lld call=%s", a->staff, (long long)a->row, a->id);
                answer_json(a->exchange, 200, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)a->row, "number", a->number, "state", a->park ? "parked" : "waiting"));
        }
        a->loop->calls--;
        free(a);
}

/* "outbox/17/release" */
static bool read_act(const char *path, struct act *a)
{
        char id[24];
        if (!str_starts(path, "outbox/"))
                return false;
        const char *tail = path + strlen("outbox/");
        size_t n = strcspn(tail, "/");
        uint64_t row = 0;
        if (n == 0 || n >= sizeof id)
                return false;
        snprintf(id, sizeof id, "%.*s", (int)n, tail);
        a->park = str_eq(tail + n, "/park");
        if (!text_to_u64(id, 1, INT64_MAX, &row) || (!a->park && !str_eq(tail + n, "/release")))
                return false;
        a->row = (int64_t)row;
        return true;
}

static void act(struct loop *loop, struct http_exchange *exchange, const struct act *wanted)
{
        struct act *a = xcalloc(1, sizeof *a);
        *a = *wanted;
        loop->calls++;
        a->loop = loop;
        a->exchange = exchange;
        journal_submit(loop->journal, act_work, on_acted, a);
}

/* ---- entry ---- */

static const struct page {
        const char *name;
        bool has_number;
        enum gw_rc (*get)(const struct query_call *call, json_t **ret_json, struct why *why);
} pages[] = {
        {"outbox", false, get_outbox}, {"destinations", false, get_destinations}, {"certificates", false, get_certificates}, {"overdue", false, get_overdue}, {"charts", false, get_charts},
        {"requests", true, get_request},
};

static const struct page *page_of(const char *path, const char **ret_rest)
{
        size_t n = strcspn(path, "/");
        for (size_t i = 0; i < GW_COUNT(pages); i++)
                if (strlen(pages[i].name) == n && strncmp(pages[i].name, path, n) == 0 && pages[i].has_number == (path[n] == '/')) {
                        *ret_rest = path + n;
                        return &pages[i];
                }
        return NULL;
}

static enum gw_rc check_operator(struct loop *loop, const struct http_request *request, struct actor *ret_actor, struct why *why)
{
        enum gw_rc rc = session_actor(loop->shared->sessions, request, ret_actor, why);
        if (rc == GW_OK && !ret_actor->is_operator)
                return why_set(why, GW_REJECT, REASON_ROLE_REQUIRED, "role OPERATOR is needed");
        return rc;
}

static void show(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const struct page *page, const char *rest)
{
        struct query_call call = {.loop = loop, .request = http_exchange_request(exchange), .rest = rest};
        struct why why = WHY_INIT;
        json_t *json = NULL;
        if (page->get(&call, &json, &why) == GW_OK)
                answer_json(exchange, 200, json);
        else
                refuse(exchange, correlation_id, actor->id, &why);
}

void endpoint_operator(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        const char *path = request->path + strlen(PREFIX), *rest = "";
        bool reads = str_eq(request->method, "GET") || str_eq(request->method, "HEAD"), post = str_eq(request->method, "POST");
        const struct page *page = page_of(path, &rest);
        struct act wanted = {.row = 0};
        bool is_act = read_act(path, &wanted);
        struct actor actor;
        struct why why = WHY_INIT;
        if (!page && !is_act) {
                answer_carrier(exchange, correlation_id, REASON_HTTP_NOT_FOUND, "no such page of the operator", NULL);
        } else if (page ? !reads : !post) {
                struct http_header allow = {"allow", page ? "GET, HEAD" : "POST"};
                answer_carrier(exchange, correlation_id, REASON_HTTP_METHOD, "use another method", &allow);
        } else if (check_operator(loop, request, &actor, &why) != GW_OK) {
                refuse(exchange, correlation_id, "-", &why);
        } else if (page) {
                show(loop, exchange, correlation_id, &actor, page, rest);
        } else {
                snprintf(wanted.id, sizeof wanted.id, "%s", correlation_id);
                snprintf(wanted.staff, sizeof wanted.staff, "%s", actor.id);
                act(loop, exchange, &wanted);
        }
}
