/* The control listener: faults on demand, and what the simulators have seen. Plain HTTP, loopback, no authentication: TEST only.
 *
 *   GET  /state                                    counters and CPU time of every system
 *   POST /fault?system=gbdfl&kind=delay&ms=500&count=10&percent=50    sets the fault of a system (kind=none clears it)
 *   GET  /cabinet/state?correlationId=…|requestNumber=…|limit=…       what the cabinet has received
 *   GET  /cabinet/document?number=…                a delivered document
 *   /pki/…                                         adapters/pki/http.c
 *   /provider/…                                    adapters/provider/provider.h
 *   /ncalayer/…                                    adapters/ncalayer/ncalayer.h */
#include <stdlib.h>
#include <string.h>

#include "adapters/cabinet/mailbox.h"
#include "adapters/provider/provider.h"
#include "adapters/simulators/simulator.h"
#include "gateway/base/text.h"

#define LIST_DEFAULT 1000
#define VALUE_MAX 300

void control_reply_text(struct http_exchange *exchange, int status, const char *text)
{
        auto_str char *line = xasprintf("%s\n", text);
        http_reply(exchange, &(struct http_reply){.status = status, .content_type = "text/plain; charset=utf-8", .body = span_str(line)});
}

void control_reply_json(struct http_exchange *exchange, json_t *json)
{
        GW_ASSERT(json);
        char *text = json_dumps(json, JSON_INDENT(2));
        json_decref(json);
        GW_ASSERT(text);
        http_reply(exchange, &(struct http_reply){.status = 200, .content_type = "application/json", .body = span_str(text)});
        free(text);
}

static int hex(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decoded; NULL when malformed or with a NUL. */
static char *decode(const char *p, size_t n)
{
        auto_buf struct buf out = BUF_LIMIT(VALUE_MAX);
        for (size_t i = 0; i < n; i++) {
                int high = 0, low = 0;
                if (p[i] != '%') {
                        buf_add_char(&out, p[i] == '+' ? ' ' : p[i]);
                        continue;
                }
                if (i + 2 >= n || (high = hex(p[i + 1])) < 0 || (low = hex(p[i + 2])) < 0 || high + low == 0)
                        return NULL;
                buf_add_char(&out, (char)(high << 4 | low));
                i += 2;
        }
        return buf_failed(&out) ? NULL : xstrdup(buf_cstr(&out));
}

/* Calls fn for each key=value; false when one is malformed or fn says so. */
static bool each_parameter(const char *query, bool (*fn)(void *ctx, const char *key, const char *value), void *ctx)
{
        while (*query) {
                size_t n = strcspn(query, "&"), k = strcspn(query, "=&");
                auto_str char *key = decode(query, k < n ? k : n), *value = k < n ? decode(query + k + 1, n - k - 1) : xstrdup("");
                if (!key || !value || !fn(ctx, key, value))
                        return false;
                query += n;
                query += *query == '&';
        }
        return true;
}

struct wanted { const char *key; char *value; };

static bool match(void *ctx, const char *key, const char *value)
{
        struct wanted *w = ctx;
        if (str_eq(key, w->key) && !w->value)
                w->value = xstrdup(value);
        return true;
}

char *control_parameter(const char *query, const char *key)
{
        struct wanted w = {.key = key};
        gw_ignore(each_parameter(query, match, &w)); /* what is malformed is absent */
        return w.value;
}

/* ---- faults ---- */

struct fault_request { struct fault fault; struct why why; bool kind_given; };

static bool set_parameter(void *ctx, const char *key, const char *value)
{
        struct fault_request *r = ctx;
        r->kind_given |= str_eq(key, "kind");
        return str_eq(key, "system") || fault_set(&r->fault, key, value, &r->why) == GW_OK;
}

static struct system *system_named(struct simulation *s, const char *name)
{
        for (size_t i = 0; i < SYSTEM_COUNT; i++)
                if (str_eq(s->systems[i].name, name))
                        return &s->systems[i];
        return NULL;
}

size_t simulation_faults(struct simulation *s, const char *name, struct fault *ret_faults[PKI_FAULTS_MAX])
{
        struct system *system = system_named(s, name);
        if (!system && !str_eq(name, "ncalayer"))
                return pki_faults(s->pki, name, ret_faults);
        ret_faults[0] = system ? &system->fault : ncalayer_fault(s->ncalayer);
        return 1;
}

static void post_fault(struct simulation *s, struct http_exchange *exchange, const char *query)
{
        auto_str char *name = control_parameter(query, "system");
        struct system *system = system_named(s, name);
        struct fault *faults[PKI_FAULTS_MAX];
        size_t n = simulation_faults(s, name, faults);
        if (n == 0)
                return control_reply_text(exchange, 400, "system is gbdfl, socialaid, cabinet, provider, ncalayer, ocsp, crl, delta, tsa, or one of those of an authority: ocsp/rsa");
        struct fault_request r = {.fault = fault_none_of(faults[0]->of), .why = WHY_INIT};
        if (!each_parameter(query, set_parameter, &r))
                return control_reply_text(exchange, 400, *r.why.detail ? r.why.detail : "malformed query");
        if (!r.kind_given)
                return control_reply_text(exchange, 400, "kind is missing");
        if (system && r.fault.kind == FAULT_WRONG_IIN && !system->registers)
                return control_reply_text(exchange, 400, "only registers have wrong-iin");
        for (size_t i = 0; i < n; i++) {
                r.fault.hits = faults[i]->hits;
                *faults[i] = r.fault;
        }
        control_reply_text(exchange, 200, fault_name(&r.fault));
}

/* ---- looking ---- */

static json_t *describe(const struct system *system)
{
        const struct fault *f = &system->fault;
        return json_pack("{sI sI sI sI sI ss sI}", "requests", (json_int_t)system->seen.requests, "refused",
                         (json_int_t)system->seen.refused, "work_us", (json_int_t)system->seen.work_us, "verify_us",
                         (json_int_t)system->seen.verify_us, "sign_us", (json_int_t)system->seen.sign_us, "fault",
                         f->left ? fault_name(f) : "none", "faults", (json_int_t)f->hits);
}

static void get_state(struct simulation *s, struct http_exchange *exchange)
{
        json_t *state = json_pack("{ss sI}", "mark", "TEST", "people", (json_int_t)people_count(s->people));
        for (size_t i = 0; i < SYSTEM_COUNT; i++)
                json_object_set_new(state, s->systems[i].name, describe(&s->systems[i]));
        control_reply_json(exchange, state);
}

static void get_cabinet(struct simulation *s, struct http_exchange *exchange, const char *query)
{
        auto_str char *correlation = control_parameter(query, "correlationId"), *number = control_parameter(query, "requestNumber"),
                      *limit = control_parameter(query, "limit");
        uint64_t max = LIST_DEFAULT;
        if (limit && !text_to_u64(limit, 0, 1000000, &max))
                return control_reply_text(exchange, 400, "limit is 0 to 1000000");
        struct mailbox_filter filter = {.correlation_id = correlation, .request_number = number, .limit = max};
        json_t *state = mailbox_state(s->mailbox, &filter);
        struct receipt_counts receipts = receipts_counts(s->receipts);
        json_object_set_new(state, "receipts",
                            json_pack("{sI sI sI}", "waiting", (json_int_t)receipts.waiting, "sent", (json_int_t)receipts.sent, "givenUp",
                                      (json_int_t)receipts.given_up));
        control_reply_json(exchange, state);
}

static void get_document(struct simulation *s, struct http_exchange *exchange, const char *query)
{
        auto_str char *number = control_parameter(query, "number");
        struct span document;
        if (!mailbox_document(s->mailbox, number, &document))
                return control_reply_text(exchange, 404, "no such document");
        http_reply(exchange, &(struct http_reply){.status = 200, .content_type = "application/xml", .body = document});
}

void control_handle(struct simulation *s, struct http_exchange *exchange)
{
        const struct http_request *request = http_exchange_request(exchange);
        bool get = str_eq(request->method, "GET"), post = str_eq(request->method, "POST");
        if (post && str_eq(request->path, "/fault"))
                return post_fault(s, exchange, request->query);
        if (get && str_eq(request->path, "/state"))
                return get_state(s, exchange);
        if (get && str_eq(request->path, "/cabinet/state"))
                return get_cabinet(s, exchange, request->query);
        if (get && str_eq(request->path, "/cabinet/document"))
                return get_document(s, exchange, request->query);
        if (str_starts(request->path, "/pki/"))
                return pki_control(s, exchange);
        if (str_starts(request->path, "/provider/"))
                return provider_control(s, exchange);
        if (str_starts(request->path, "/ncalayer/"))
                return ncalayer_control(s, exchange);
        control_reply_text(exchange, 404, "GET /state, /pki/…, /ncalayer/…, /provider/…, POST /fault, GET /cabinet/state, GET /cabinet/document");
}
