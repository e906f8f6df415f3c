/* /api/v1/inbox…: who calls, which request, pages of many; the rest is in inbox_*.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/check/form.h"
#include "gateway/reason.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/inbox.h"

#define PAGE_MAX 100
#define PAGE_USUAL 50

void inbox_call_free(struct inbox_call *call)
{
        people_case_done(&call->people);
        free(call->state);
        call->loop->calls--;
        free(call);
}

static void refuse(struct http_exchange *exchange, const char *id, const char *number, const char *staff, const struct why *why, json_t *more)
{
        log_event(reason_info(why->reason)->http_status >= 500 ? LOG_WARN : LOG_INFO, *number ? number : id, "inbox.refused", "staff=%s reason=%s detail=\"%s\" call=%s", *staff ? staff : "-",
                  reason_info(why->reason)->name, why->detail, id);
        answer_problem_with(exchange, id, why, more);
}

void inbox_refuse(struct inbox_call *call, const struct why *why)
{
        json_t *more = NULL;
        struct casework_row row;
        struct why ignored = WHY_INIT;
        bool claim = why->reason == REASON_CLAIM_HELD || why->reason == REASON_CLAIM_STALE;
        if (claim && casework_view(call->loop->reader, call->number, call->actor.bin, &row, &ignored) == GW_OK && row.holder[0])
                more = json_pack("{s:s, s:o}", "holderRole", row.holder_role, "leaseUntil", inbox_time_json(row.lease_until));
        refuse(call->exchange, call->id, call->number, call->actor.id, why, more);
        inbox_call_free(call);
}

void inbox_answer_case(struct inbox_call *call, int status)
{
        struct why why = WHY_INIT;
        enum gw_rc rc = casework_view(call->loop->reader, call->number, call->actor.bin, &call->row, &why);
        if (rc != GW_OK) {
                inbox_refuse(call, &why);
                return;
        }
        answer_json(call->exchange, status, inbox_case_json(&call->people, &call->row, &call->actor, wall_now()));
        inbox_call_free(call);
}

enum gw_rc inbox_body(const struct http_request *request, const char *const *members, json_t **ret_json, struct why *why)
{
        json_error_t error;
        if (request->body.n > INBOX_JSON_MAX)
                return why_set(why, GW_REJECT, REASON_HTTP_TOO_LARGE, "more than %zu bytes", INBOX_JSON_MAX);
        struct span body = request->body.n ? request->body : span_str("{}");
        auto_json json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(json))
                return why_set(why, GW_REJECT, REASON_JSON_FORM, "not a JSON object");
        const char *key;
        json_t *value;
        json_object_foreach(json, key, value) {
                bool known = false;
                for (const char *const *m = members; *m; m++)
                        known = known || str_eq(*m, key);
                if (!known)
                        return why_set(why, GW_REJECT, REASON_JSON_FORM, "a member that is not known here");
        }
        *ret_json = gw_take(&json);
        return GW_OK;
}

/* ---- pages ---- */

struct page {
        struct casework_filter filter;
        char service[40], route[16], executor[CASEWORK_STAFF_MAX], number[20], roles[400];
};

static bool in_list(const char *value, const char *const *words, int *ret_index)
{
        for (int i = 0; words[i]; i++)
                if (str_eq(words[i], value)) {
                        *ret_index = i;
                        return true;
                }
        return false;
}

/* " HEAD CLERK PROVIDER " */
static void list_roles(const struct actor *actor, char *out, size_t size)
{
        size_t n = (size_t)snprintf(out, size, " ");
        for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++)
                if (actor_has_role(actor, role))
                        n += (size_t)snprintf(out + n, size - n, "%s ", staff_role_names[role]);
}

static enum gw_rc bad_filter(struct why *why, const char *name)
{
        return why_set(why, GW_REJECT, REASON_STEP_INPUT, "%s: not a value that is known here", name);
}

/* True: the query has it, and it fits. */
static bool ask(const char *query, const char *name, char *out, size_t size)
{
        return form_value(span_str(query), name, out, size);
}

static enum gw_rc read_words(const char *query, struct page *page, const struct actor *actor, struct why *why)
{
        static const char *const which[] = {"open", "done", "all", NULL}, *const colours[] = {"any", "ok", "near", "over", NULL}, *const sorts[] = {"due", "registered", NULL};
        char word[48];
        int index = 0;
        struct casework_filter *f = &page->filter;
        if (ask(query, "state", word, sizeof word) && !in_list(word, which, &index))
                return bad_filter(why, "state");
        f->which = (enum casework_which)index;
        index = 0;
        if (ask(query, "due", word, sizeof word) && !in_list(word, colours, &index))
                return bad_filter(why, "due");
        f->colour = (enum casework_colour)index;
        index = 0;
        if (ask(query, "sort", word, sizeof word) && !in_list(word, sorts, &index))
                return bad_filter(why, "sort");
        f->newest_first = index == 1 || f->which != CASEWORK_OPEN;
        f->roles = NULL;
        f->me = NULL;
        if (!ask(query, "role", word, sizeof word) || str_eq(word, "all"))
                return GW_OK;
        if (str_eq(word, "mine")) {
                f->roles = page->roles;
                f->me = actor->machine ? "" : actor->id;
                return GW_OK;
        }
        if (staff_role_of(word) == STAFF_ROLE_COUNT)
                return bad_filter(why, "role");
        snprintf(page->roles, sizeof page->roles, " %s ", word);
        f->roles = page->roles;
        return GW_OK;
}

/* "DUE.ID" of the last row of the page before. */
static enum gw_rc read_cursor(const char *query, struct casework_filter *f, struct why *why)
{
        char word[48];
        uint64_t due = 0, id = 0;
        if (!ask(query, "cursor", word, sizeof word))
                return GW_OK;
        char *dot = strchr(word, '.');
        if (!dot)
                return bad_filter(why, "cursor");
        *dot = '\0';
        if (!text_to_u64(word, 0, INT64_MAX, &due) || !text_to_u64(dot + 1, 1, INT64_MAX, &id))
                return bad_filter(why, "cursor");
        f->after_due = (int64_t)due;
        f->after_id = (int64_t)id;
        return GW_OK;
}

static enum gw_rc read_page(const char *query, const struct actor *actor, struct wall_time now, struct page *page, struct why *why)
{
        char word[48];
        uint64_t limit = PAGE_USUAL;
        *page = (struct page){.filter = {.bin = actor->bin, .now = now, .service = page->service, .route = page->route, .executor = page->executor, .number = page->number}};
        list_roles(actor, page->roles, sizeof page->roles);
        if (ask(query, "limit", word, sizeof word) && !text_to_u64(word, 1, PAGE_MAX, &limit))
                return bad_filter(why, "limit");
        page->filter.limit = (size_t)limit;
        const struct { const char *name; char *out; size_t size; } texts[] = {
                {"service", page->service, sizeof page->service}, {"route", page->route, sizeof page->route}, {"executor", page->executor, sizeof page->executor},
                {"q", page->number, sizeof page->number},
        };
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                if (!ask(query, texts[i].name, texts[i].out, texts[i].size))
                        texts[i].out[0] = '\0';
        if (str_eq(page->executor, "me"))
                snprintf(page->executor, sizeof page->executor, "%s", actor->id);
        enum gw_rc rc = read_words(query, page, actor, why);
        return rc == GW_OK ? read_cursor(query, &page->filter, why) : rc;
}

static json_t *items_json(struct loop *loop, const struct actor *actor, const struct casework_row *rows, size_t count, struct wall_time now)
{
        json_t *items = json_array();
        for (size_t i = 0; i < count; i++) {
                struct people_case people;
                struct why why = WHY_INIT;
                if (people_case_of(loop->shared, &rows[i], &people, &why) != GW_OK) { /* told by whoever opens it; the others are still shown */
                        log_event(LOG_ERROR, rows[i].number, "inbox.service_lost", "detail=\"%s\"", why.detail);
                        continue;
                }
                json_array_append_new(items, inbox_case_json(&people, &rows[i], actor, now));
                people_case_done(&people);
        }
        return items;
}

static enum gw_rc counts_json(struct loop *loop, const struct actor *actor, struct wall_time now, json_t **ret_json, struct why *why)
{
        char roles[400];
        struct casework_counts counts;
        list_roles(actor, roles, sizeof roles);
        struct casework_filter filter = {.bin = actor->bin, .roles = roles, .me = actor->machine ? "" : actor->id, .now = now};
        enum gw_rc rc = casework_counts(loop->reader, &filter, &counts, why);
        if (rc == GW_OK)
                *ret_json = json_pack("{s:I, s:I, s:I, s:I}", "open", (json_int_t)counts.open, "mine", (json_int_t)counts.mine, "near", (json_int_t)counts.near, "over", (json_int_t)counts.over);
        return rc;
}

static void list(struct loop *loop, struct http_exchange *exchange, const char *id, const struct actor *actor)
{
        struct casework_row rows[PAGE_MAX];
        struct wall_time now = wall_now();
        struct page page;
        struct why why = WHY_INIT;
        size_t count = 0;
        json_t *counts = NULL;
        enum gw_rc rc = read_page(http_exchange_request(exchange)->query, actor, now, &page, &why);
        if (rc == GW_OK)
                rc = casework_list(loop->reader, &page.filter, rows, &count, &why);
        if (rc == GW_OK)
                rc = counts_json(loop, actor, now, &counts, &why);
        if (rc != GW_OK) {
                refuse(exchange, id, "", actor->id, &why, NULL);
                return;
        }
        json_t *json = json_pack("{s:o, s:o}", "items", items_json(loop, actor, rows, count, now), "counts", counts);
        auto_str char *cursor = count == page.filter.limit ? xasprintf("%lld.%lld", (long long)rows[count - 1].step_due.ms, (long long)rows[count - 1].request_id) : NULL;
        json_object_set_new(json, "next", cursor ? json_string(cursor) : json_null());
        answer_json(exchange, 200, json);
}

/* ---- one ---- */

/* "/NUMBER" and the rest. */
static bool split_path(struct inbox_call *call)
{
        const char *number = call->request->path + strlen(INBOX_PATH "/");
        if (strspn(number, "0123456789") != 14 || (number[14] && number[14] != '/'))
                return false;
        memcpy(call->number, number, 14);
        call->rest = number + 14;
        return true;
}

static void one(struct loop *loop, struct http_exchange *exchange, const char *id, const struct actor *actor)
{
        struct why why = WHY_INIT;
        struct inbox_call *call = xcalloc(1, sizeof *call);
        loop->calls++;
        call->loop = loop;
        call->exchange = exchange;
        call->request = http_exchange_request(exchange);
        call->actor = *actor;
        call->now = wall_now();
        snprintf(call->id, sizeof call->id, "%s", id);
        enum gw_rc rc = split_path(call) ? casework_view(loop->reader, call->number, actor->bin, &call->row, &why) : why_set(&why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        if (rc == GW_OK)
                rc = people_case_of(loop->shared, &call->row, &call->people, &why);
        bool reads = str_eq(call->request->method, "GET") || str_eq(call->request->method, "HEAD");
        if (rc == GW_OK && !reads && loop->draining)
                rc = why_set(&why, GW_RETRY, REASON_STOPPING, "stopping");
        if (rc != GW_OK)
                inbox_refuse(call, &why);
        else if (reads && str_starts(call->rest, "/result-draft"))
                inbox_draft(call);
        else if (reads)
                inbox_read(call);
        else if (inbox_is_result_path(call->rest))
                inbox_result(call);
        else
                inbox_act(call);
}

void endpoint_inbox(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        bool reads = str_eq(request->method, "GET") || str_eq(request->method, "HEAD");
        struct actor actor;
        struct why why = WHY_INIT;
        if (session_actor(loop->shared->sessions, request, &actor, &why) != GW_OK || session_need_work(&actor, &why) != GW_OK)
                refuse(exchange, correlation_id, "", "", &why, NULL);
        else if (reads && str_eq(request->path, INBOX_PATH))
                list(loop, exchange, correlation_id, &actor);
        else if (reads && str_eq(request->path, INBOX_PATH "/changes"))
                inbox_changes(loop, exchange, correlation_id, &actor);
        else
                one(loop, exchange, correlation_id, &actor);
}
