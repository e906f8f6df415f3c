/* Transfer registers over HTTP: made of requests whose papers are handed over by register, and accepted by whoever receives them. Each takes its steps in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/provider/front_office.h"
#include "gateway/provider/paper.h"
#include "gateway/reason.h"
#include "gateway/register/transfer.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/office.h"
#include "gateway/worker/people.h"

GW_DEFINE_AUTO(json, json_t, json_decref)

#define BODY_MAX 16384 /* 200 numbers */

/* One request on the register, with the act that is planned for it. */
struct entry {
        struct casework_row row;
        struct people_case work;
        struct steps_plan plan;
        struct steps_input input;
        const struct service_paper *paper; /* that its step ends with; NULL: none */
        size_t documents;
};
struct transfer {
        struct loop *loop;
        struct http_exchange *exchange;
        char id[TEXT_UUID_MAX];
        struct actor actor;
        struct wall_time now;
        struct entry entries[TRANSFER_ENTRIES_MAX];
        size_t count;
        bool back;                    /* of results, to the front office: accepted with its making */
        int64_t register_id;          /* to be accepted; or, once written, of the new one */
        int64_t requests[TRANSFER_ENTRIES_MAX];
};

static void transfer_free(struct transfer *t)
{
        if (!t)
                return;
        for (size_t i = 0; i < t->count; i++)
                people_case_done(&t->entries[i].work);
        free(t);
}
GW_DEFINE_AUTO(transfer, struct transfer, transfer_free)

static struct transfer *transfer_of(struct loop *loop, struct http_exchange *exchange, const char *id, const struct actor *actor)
{
        struct transfer *t = xcalloc(1, sizeof *t);
        t->loop = loop;
        t->exchange = exchange;
        t->actor = *actor;
        t->now = wall_now();
        snprintf(t->id, sizeof t->id, "%s", id);
        return t;
}

/* ---- what goes on it ---- */

static void count_documents(void *arg, const struct casework_entry *entry)
{
        size_t *count = arg;
        if (str_eq(entry->act, step_act_names[ACT_REGISTER]))
                *count = front_office_described(entry->comment);
}

/* Plans the step that is next for it. */
static enum gw_rc add_entry(struct transfer *t, const char *number, struct why *why)
{
        if (t->count == TRANSFER_ENTRIES_MAX)
                return why_set(why, GW_REJECT, REASON_REGISTER_INVALID, "more than %d requests", TRANSFER_ENTRIES_MAX);
        for (size_t i = 0; i < t->count; i++)
                if (str_eq(t->entries[i].row.number, number))
                        return why_set(why, GW_REJECT, REASON_REGISTER_INVALID, "%s is there twice", number);
        struct entry *e = &t->entries[t->count];
        enum gw_rc rc = casework_view(t->loop->reader, number, t->actor.bin, &e->row, why);
        if (rc == GW_OK)
                rc = people_case_of(t->loop->shared, &e->row, &e->work, why);
        if (rc != GW_OK)
                return rc;
        t->requests[t->count++] = e->row.request_id;
        const struct route_step *step = steps_at(e->work.steps.route, e->row.step);
        e->paper = step && step->paper ? paper_find(e->work.steps.service, step->paper) : NULL;
        e->input = (struct steps_input){.step = e->row.step};
        rc = casework_history(t->loop->reader, e->row.request_id, count_documents, &e->documents, why);
        return rc == GW_OK ? steps_plan(&e->work.steps, &e->row, &t->actor, STEPS_COMPLETE, &e->input, t->now, &e->plan, why) : rc;
}

/* All of one direction, between the same two organisations, of a service that knows such a register. */
static enum gw_rc check_entries(struct transfer *t, struct why *why)
{
        for (size_t i = 0; i < t->count; i++) {
                const struct entry *e = &t->entries[i], *first = &t->entries[0];
                enum step_act act = steps_at(e->work.steps.route, e->row.step)->act;
                if ((act != ACT_TRANSFER && act != ACT_ACCEPT) || !e->paper || e->paper->kind != PAPER_TRANSFER_REGISTER)
                        return why_set(why, GW_REJECT, REASON_REGISTER_INVALID, "%s: its step %d ends with no transfer register", e->row.number, e->row.step);
                t->back = act == ACT_ACCEPT;
                if (act != steps_at(first->work.steps.route, first->row.step)->act || !str_eq(e->row.provider_bin, first->row.provider_bin) || !str_eq(e->row.front_bin, first->row.front_bin))
                        return why_set(why, GW_REJECT, REASON_REGISTER_INVALID, "%s goes another way than %s", e->row.number, first->row.number);
        }
        return t->count ? GW_OK : why_set(why, GW_REJECT, REASON_REGISTER_INVALID, "there is no number");
}

static enum gw_rc read_numbers(struct transfer *t, struct span body, struct why *why)
{
        json_error_t error;
        gw_auto(json) json_t *json = body.n <= BODY_MAX ? json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &error) : NULL;
        const json_t *numbers = json_object_get(json, "numbers");
        size_t i;
        json_t *value;
        if (!json_is_array(numbers) || json_object_size(json) != 1)
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "not a JSON object of \"numbers\": []");
        json_array_foreach(numbers, i, value) {
                enum gw_rc rc = json_is_string(value) ? add_entry(t, json_string_value(value), why) : why_set(why, GW_REJECT, REASON_DATA_FORM, "numbers[%zu] is no string", i);
                if (rc != GW_OK)
                        return rc;
        }
        return check_entries(t, why);
}

/* ---- writing ---- */

static enum gw_rc take_steps(struct store *store, struct transfer *t, struct why *why)
{
        for (size_t i = 0; i < t->count; i++) {
                const struct entry *e = &t->entries[i];
                const struct casework_act act = {.request_id = e->row.request_id, .token = 0, .step = e->row.step, .entry = e->plan.entry, .next = e->plan.moves ? &e->plan.place : NULL,
                                                 .outcome = e->plan.outcome, .ground = e->plan.ground, .detail = e->plan.detail};
                bool repeated = false;
                enum gw_rc rc = casework_act(store, &act, &repeated, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static struct paper_side side_of(const struct settings *settings, const char *bin)
{
        const struct organisation_settings *o = settings_organisation_of_bin(settings, bin);
        return o ? (struct paper_side){o->bin, o->name_kk, o->name_ru, o->place_kk, o->place_ru} : (struct paper_side){.bin = bin};
}

static enum gw_rc write_register(const struct transfer *t, int64_t id, const char *from, const char *to, struct buf *out, struct why *why)
{
        const struct settings *settings = t->loop->shared->settings;
        struct paper_application rows[TRANSFER_ENTRIES_MAX];
        char number[20];
        for (size_t i = 0; i < t->count; i++) {
                const struct entry *e = &t->entries[i];
                rows[i] = (struct paper_application){e->row.number, e->row.registered_at, e->row.declarant_iin, e->work.steps.service->name.kk, e->work.steps.service->name.ru, e->documents};
        }
        const struct paper_facts facts = {
                .service = t->entries[0].work.steps.service, .number = paper_number(REGISTER_NUMBER_PREFIX, id, number), .at = t->now, .organisation = side_of(settings, from),
                .receiver = side_of(settings, to), .staff_kk = t->actor.name_kk, .staff_ru = t->actor.name_ru, .applications = rows, .application_count = t->count,
                .note_kk = settings->issuer.note_kk, .note_ru = settings->issuer.note_ru,
        };
        return paper_write(t->entries[0].paper, &facts, out, why);
}

static enum gw_rc make_work(struct store *store, void *arg, struct why *why)
{
        struct transfer *t = arg;
        const struct casework_row *row = &t->entries[0].row;
        const char *from = t->back ? row->provider_bin : row->front_bin, *to = t->back ? row->front_bin : row->provider_bin;
        auto_buf struct buf content = BUF_INIT;
        struct transfer_record record = {.from_bin = from, .to_bin = to, .staff = t->actor.id, .requests = t->requests, .request_count = t->count, .at = t->now,
                                         .accepted_by = t->back ? t->actor.id : NULL};
        enum gw_rc rc = transfer_next(store, &record.id, why);
        if (rc == GW_OK)
                rc = write_register(t, record.id, from, to, &content, why);
        record.content = buf_span(&content);
        if (rc == GW_OK)
                rc = transfer_add(store, &record, why);
        t->register_id = record.id;
        return rc == GW_OK ? take_steps(store, t, why) : rc;
}

static enum gw_rc accept_work(struct store *store, void *arg, struct why *why)
{
        struct transfer *t = arg;
        enum gw_rc rc = transfer_accept(store, t->register_id, t->actor.bin, t->actor.id, t->now, why);
        return rc == GW_OK ? take_steps(store, t, why) : rc;
}

/* ---- answers ---- */

static json_t *register_json(const struct transfer_view *v)
{
        char at[CLOCK_TEXT_MAX], accepted[CLOCK_TEXT_MAX], number[20];
        auto_str char *pdf = xasprintf("/api/v1/registers/%lld.pdf", (long long)v->id);
        json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:{s:s}}", "id", (json_int_t)v->id, "number", paper_number(REGISTER_NUMBER_PREFIX, v->id, number), "from", v->from_bin, "to",
                                 v->to_bin, "staff", v->staff, "at", clock_iso(v->at, at), "count", (json_int_t)v->entries, "links", "pdf", pdf);
        GW_ASSERT(json);
        json_object_set_new(json, "acceptedAt", v->accepted_at.ms ? json_string(clock_iso(v->accepted_at, accepted)) : json_null());
        json_object_set_new(json, "acceptedBy", v->accepted_at.ms ? json_string(v->accepted_by) : json_null());
        return json;
}

static void add_number(void *arg, int64_t request_id GW_UNUSED, const char *number)
{
        json_array_append_new(arg, json_string(number));
}

static void answer_register(struct loop *loop, struct http_exchange *exchange, const char *id, int status, int64_t register_id, const char *bin)
{
        struct transfer_view view;
        struct why why = WHY_INIT;
        json_t *numbers = json_array();
        enum gw_rc rc = transfer_view(loop->reader, register_id, bin, &view, NULL, &why);
        if (rc == GW_OK)
                rc = transfer_entries(loop->reader, register_id, add_number, numbers, &why);
        if (rc != GW_OK) {
                json_decref(numbers);
                office_refuse(exchange, id, "register.refused", &why);
                return;
        }
        json_t *json = register_json(&view);
        json_object_set_new(json, "numbers", numbers);
        answer_json(exchange, status, json);
}

static void finish(struct transfer *t, enum gw_rc rc, const struct why *why, int status, const char *verb)
{
        if (rc == GW_OK) {
                log_event(LOG_INFO, t->id, verb, "register=%lld requests=%zu organisation=%s staff=%s", (long long)t->register_id, t->count, t->actor.organisation, t->actor.id);
                answer_register(t->loop, t->exchange, t->id, status, t->register_id, t->actor.bin);
        } else {
                office_refuse(t->exchange, t->id, "register.refused", why);
        }
        t->loop->calls--;
        transfer_free(t);
}

static void on_made(void *arg, enum gw_rc rc, const struct why *why)
{
        finish(arg, rc, why, 201, "register.made");
}

static void on_accepted(void *arg, enum gw_rc rc, const struct why *why)
{
        finish(arg, rc, why, 200, "register.accepted");
}

void office_register_new(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor)
{
        struct why why = WHY_INIT;
        gw_auto(transfer) struct transfer *t = transfer_of(loop, exchange, correlation_id, actor);
        if (read_numbers(t, http_exchange_request(exchange)->body, &why) != GW_OK) {
                office_refuse(exchange, correlation_id, "register.refused", &why);
                return;
        }
        loop->calls++;
        journal_submit(loop->journal, make_work, on_made, gw_take(&t));
}

/* ---- accepting ---- */

struct collecting { struct transfer *transfer; enum gw_rc rc; struct why *why; };

static void collect(void *arg, int64_t request_id GW_UNUSED, const char *number)
{
        struct collecting *c = arg;
        if (c->rc == GW_OK)
                c->rc = add_entry(c->transfer, number, c->why);
}

static enum gw_rc read_accept(struct transfer *t, const char *rest, struct why *why)
{
        uint64_t id = 0;
        size_t n = strspn(rest, "0123456789");
        auto_str char *digits = xstrndup(rest, n);
        struct transfer_view view;
        if (!str_eq(rest + n, "/accept") || !text_to_u64(digits, 1, INT64_MAX, &id))
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such register");
        t->register_id = (int64_t)id;
        enum gw_rc rc = transfer_view(t->loop->reader, t->register_id, t->actor.bin, &view, NULL, why);
        if (rc == GW_OK && (view.accepted_at.ms || !str_eq(view.to_bin, t->actor.bin)))
                rc = why_set(why, GW_REJECT, REASON_REGISTER_INVALID, "%s", view.accepted_at.ms ? "the register is accepted already" : "the register is for another organisation");
        struct collecting collecting = {.transfer = t, .rc = rc, .why = why};
        if (rc == GW_OK)
                rc = transfer_entries(t->loop->reader, t->register_id, collect, &collecting, why);
        return rc == GW_OK ? collecting.rc : rc;
}

void office_register_accept(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *rest)
{
        struct why why = WHY_INIT;
        gw_auto(transfer) struct transfer *t = transfer_of(loop, exchange, correlation_id, actor);
        if (read_accept(t, rest, &why) != GW_OK) {
                office_refuse(exchange, correlation_id, "register.refused", &why);
                return;
        }
        loop->calls++;
        journal_submit(loop->journal, accept_work, on_accepted, gw_take(&t));
}

/* ---- reading ---- */

static void add_register(void *arg, const struct transfer_view *view)
{
        json_array_append_new(arg, register_json(view));
}

void office_registers(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor)
{
        struct why why = WHY_INIT;
        struct office_page page = office_page_of(http_exchange_request(exchange)->query);
        json_t *items = json_array();
        if (transfer_list(loop->reader, actor->bin, page.before, page.limit, add_register, items, &why) == GW_OK) {
                answer_json(exchange, 200, json_pack("{s:o}", "items", items));
                return;
        }
        json_decref(items);
        office_refuse(exchange, correlation_id, "registers.refused", &why);
}

/* The service of its first request: whose layout and dates it has. */
static void first_number(void *arg, int64_t request_id GW_UNUSED, const char *number)
{
        char *first = arg;
        if (!*first)
                snprintf(first, 20, "%s", number);
}

static void show_register(struct loop *loop, struct http_exchange *exchange, const char *id, const struct actor *actor, int64_t register_id, enum office_form form)
{
        struct why why = WHY_INIT;
        struct transfer_view view;
        struct casework_row row;
        char first[20] = "";
        auto_buf struct buf content = BUF_INIT;
        enum gw_rc rc = transfer_view(loop->reader, register_id, actor->bin, &view, &content, &why);
        if (rc == GW_OK)
                rc = transfer_entries(loop->reader, register_id, first_number, first, &why);
        if (rc == GW_OK)
                rc = casework_view(loop->reader, first, actor->bin, &row, &why);
        if (rc != GW_OK) {
                office_refuse(exchange, id, "register.refused", &why);
                return;
        }
        log_event(LOG_INFO, id, "register.read", "register=%lld staff=%s organisation=%s", (long long)register_id, actor->id, actor->organisation);
        office_show(loop, exchange, id, row.service, row.registered_at, &content, form);
}

void office_register_read(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct actor *actor, const char *rest)
{
        int64_t id = 0;
        uint64_t plain = 0;
        enum office_form form = office_form_of(rest, &id);
        struct why why = WHY_INIT;
        if (form != OFFICE_NEITHER) {
                show_register(loop, exchange, correlation_id, actor, id, form);
        } else if (text_to_u64(rest, 1, INT64_MAX, &plain)) {
                answer_register(loop, exchange, correlation_id, 200, (int64_t)plain, actor->bin);
        } else {
                gw_ignore(why_set(&why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such register"));
                office_refuse(exchange, correlation_id, "register.refused", &why);
        }
}
