/* What people are told about a request that they work on. */
#include <stdlib.h>
#include <string.h>

#include "gateway/provider/paper.h"
#include "gateway/reason.h"
#include "gateway/register/attachments.h"
#include "gateway/provider/front_office.h"
#include "gateway/register/papers.h"
#include "gateway/worker/inbox.h"

static void put(json_t *object, const char *name, const char *text)
{
        json_object_set_new(object, name, text && *text ? json_string(text) : json_null());
}

json_t *inbox_time_json(struct wall_time t)
{
        char text[CLOCK_TEXT_MAX];
        return t.ms <= 0 || t.ms >= WALL_NEVER_MS ? json_null() : json_string(clock_iso(t, text));
}

/* ---- CASE ---- */

static json_t *step_json(const struct people_case *people, const struct casework_row *row, struct wall_time now)
{
        const struct route_step *step = steps_at(people->steps.route, row->step);
        if (!step)
                return json_null();
        json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "n", row->step, "act", step_act_names[step->act], "role", row->role, "roleKk", step->role.kk, "roleRu",
                                 step->role.ru, "actionKk", step->action.kk, "actionRu", step->action.ru, "dueAt", inbox_time_json(row->step_due), "colour",
                                 steps_colour_names[steps_colour(row->step_near, row->step_due, now)]);
        put(json, "paragraph", step->paragraph);
        return json;
}

static json_t *claim_json(const struct casework_row *row, const struct actor *actor, struct wall_time now)
{
        if (!row->holder[0] || row->lease_until.ms <= now.ms)
                return json_null();
        return json_pack("{s:s, s:s, s:o, s:b}", "holder", row->holder, "role", row->holder_role, "leaseUntil", inbox_time_json(row->lease_until), "mine", str_eq(row->holder, actor->id));
}

json_t *inbox_case_json(const struct people_case *people, const struct casework_row *row, const struct actor *actor, struct wall_time now)
{
        const struct service *service = people->steps.service;
        const struct request_state_info *state = request_state_info(row->state);
        json_t *json = json_pack("{s:s, s:{s:s, s:s, s:s, s:s}, s:s, s:s, s:{s:s, s:s, s:s}, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "number", row->number, "service", "code", service->code,
                                 "nameKk", service->name.kk, "nameRu", service->name.ru, "nameEn", service->name.en, "route", row->route, "state", state->code, "stateName", "kk", state->kk,
                                 "ru", state->ru, "en", state->en, "registeredAt", inbox_time_json(row->registered_at), "dueAt", inbox_time_json(row->due_at), "resultDueAt",
                                 inbox_time_json(row->result_due), "step", step_json(people, row, now), "claim", claim_json(row, actor, now), "channel", row->channel, "language",
                                 row->language);
        GW_ASSERT(json);
        put(json, "executor", row->executor);
        put(json, "outcome", row->decided[0] ? row->decided : row->outcome);
        return json;
}

/* ---- the form ---- */

static const xmlNode *by_name(const xmlNode *parent, const char *name)
{
        return xml_child(parent, APPLICATION_NS, name);
}

const xmlNode *inbox_application(const xmlDoc *doc)
{
        xmlNode *root = xmlDocGetRootElement(doc);
        for (xmlNode *node = root; node; node = xml_next_in_tree(root, node))
                if (xml_is(node, APPLICATION_NS, "application"))
                        return node;
        return NULL;
}

static const struct form_field *field_of(const struct service *service, const char *path)
{
        for (size_t i = 0; i < service->field_count; i++)
                if (str_eq(service->fields[i].path, path))
                        return &service->fields[i];
        return NULL;
}

static void put_value(json_t *json, const struct form_field *field, const char *value)
{
        json_object_set_new(json, "value", json_string(value));
        for (size_t i = 0; field->values && field->values[i]; i++)
                if (str_eq(field->values[i], value)) {
                        put(json, "valueLabelKk", field->value_labels[i].kk);
                        put(json, "valueLabelRu", field->value_labels[i].ru);
                }
}

/* Depth is that of the form's own schema, by which the application was judged. */
static void add_fields(json_t *list, const struct service *service, const xmlNode *parent, const char *prefix)
{
        for (const xmlNode *node = xml_first_element(parent); node; node = xml_next_element(node)) {
                auto_str char *path = *prefix ? xasprintf("%s/%s", prefix, (const char *)node->name) : xstrdup((const char *)node->name);
                const struct form_field *field = field_of(service, path);
                auto_str char *value = xml_text(node);
                if (field && value && field->type) {
                        json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "path", path, "labelKk", field->label.kk, "labelRu", field->label.ru, "labelEn", field->label.en);
                        put_value(json, field, value);
                        json_array_append_new(list, json);
                }
                add_fields(list, service, node, path);
        }
}

/* ---- the parts of one ---- */

struct parts { /* while lists of the store are read */
        json_t *list;
        const struct service *service;
        const struct casework_row *row;
        struct casework_entry done[STEPS_MAX + 1]; /* by step: the last act that ended it */
        char staff[STEPS_MAX + 1][CASEWORK_STAFF_MAX];
};

static void add_attachment(void *arg, const struct attachment_view *a)
{
        struct parts *parts = arg;
        auto_buf struct buf sha = BUF_INIT;
        text_hex(&sha, span_of(a->sha256, sizeof a->sha256));
        json_array_append_new(parts->list, json_pack("{s:i, s:s, s:s, s:I, s:s, s:s}", "n", a->n, "name", a->name, "type", a->type, "size", (json_int_t)a->size, "sha256", buf_cstr(&sha), "document",
                                                     a->document));
}

static void add_paper(void *arg, const struct paper_view *p)
{
        struct parts *parts = arg;
        const struct service_paper *paper = paper_find(parts->service, p->kind);
        char number[20];
        json_t *json = json_pack("{s:I, s:s, s:s, s:o}", "id", (json_int_t)p->id, "number", paper_number(PAPER_NUMBER_PREFIX, p->id, number), "kind", p->kind, "at", inbox_time_json(p->at));
        put(json, "nameKk", paper ? paper->name.kk : p->kind);
        put(json, "nameRu", paper ? paper->name.ru : p->kind);
        json_array_append_new(parts->list, json);
}

static void add_entry(void *arg, const struct casework_entry *e)
{
        struct parts *parts = arg;
        json_t *json = json_pack("{s:o, s:s, s:i, s:s, s:s}", "at", inbox_time_json(e->at), "act", e->act, "step", e->step, "role", e->role, "staff", e->staff);
        put(json, "comment", e->comment);
        json_array_append_new(parts->list, json);
        bool ended = !str_eq(e->act, "RETURN") && !str_eq(e->act, "SUBSTITUTE") && !str_eq(e->act, "COMMENT");
        if (ended && e->step >= 1 && e->step <= STEPS_MAX) {
                parts->done[e->step] = *e;
                snprintf(parts->staff[e->step], sizeof parts->staff[e->step], "%s", e->staff);
        }
}

static json_t *limit_json(struct limit limit)
{
        static const char *const units[] = {NULL, "min", "hour", "workday", "workday_within", "day"};
        return limit.unit == LIMIT_NONE ? json_null() : json_pack("{s:i, s:s}", "amount", (int)limit.amount, "unit", units[limit.unit]);
}

/* The steps of the route that the provider takes within one step, for his own list (A.5 row 7). */
static json_t *through_json(const struct steps_case *c, const struct route_step *step)
{
        const struct route *route = step->through == ROUTE_NONE ? NULL : service_route(c->service, step->through);
        json_t *list = json_array();
        for (size_t i = 0; route && i < route->step_count; i++)
                if (route->steps[i].act != ACT_ISSUE && route->steps[i].branch == STEP_MAIN)
                        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:s}", "n", (int)i + 1, "roleKk", route->steps[i].role.kk, "roleRu", route->steps[i].role.ru, "actionKk",
                                                              route->steps[i].action.kk, "actionRu", route->steps[i].action.ru));
        return list;
}

/* Done: by its last act, and not returned to since. */
static void put_progress(json_t *json, const struct inbox_call *call, const struct parts *parts, int n)
{
        const struct casework_row *row = &call->row;
        bool done = n <= STEPS_MAX && parts->done[n].at.ms && (row->step == 0 || n < row->step);
        bool now = n == row->step;
        struct wall_time due = done ? parts->done[n].due : now ? row->step_due : steps_planned_due(&call->people.steps, n);
        json_object_set_new(json, "doneAt", done ? inbox_time_json(parts->done[n].at) : json_null());
        put(json, "by", done ? parts->staff[n] : NULL);
        json_object_set_new(json, "dueAt", inbox_time_json(due));
        enum casework_colour colour = now ? steps_colour(row->step_near, row->step_due, call->now) : done && parts->done[n].at.ms > due.ms ? CASEWORK_OVER : CASEWORK_OK;
        json_object_set_new(json, "colour", json_string(steps_colour_names[colour]));
}

static json_t *steps_json(const struct inbox_call *call, const struct parts *parts)
{
        const struct route *route = call->people.steps.route;
        json_t *list = json_array();
        for (int n = 1; n <= (int)route->step_count; n++) {
                const struct route_step *step = steps_at(route, n);
                json_t *json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "n", n, "act", step_act_names[step->act], "role", staff_role_names[step->by], "branch",
                                         step_branch_names[step->branch], "roleKk", step->role.kk, "roleRu", step->role.ru, "actionKk", step->action.kk, "actionRu", step->action.ru, "limit",
                                         limit_json(step->limit), "through", through_json(&call->people.steps, step));
                put(json, "paragraph", step->paragraph);
                put(json, "completionKk", step->completion.kk);
                put(json, "completionRu", step->completion.ru);
                if (step->branch != STEP_REFUSE_INTAKE)
                        put_progress(json, call, parts, n);
                json_array_append_new(list, json);
        }
        return list;
}

/* As a scan, or over a counter: then the registration says what was brought. */
static bool is_given(const json_t *attachments, const json_t *history, const char *id)
{
        size_t i;
        json_t *each;
        json_array_foreach(attachments, i, each)
                if (str_eq(json_string_value(json_object_get(each, "document")), id))
                        return true;
        json_array_foreach(history, i, each) {
                const char *comment = json_string_value(json_object_get(each, "comment"));
                if (str_eq(json_string_value(json_object_get(each, "act")), step_act_names[ACT_REGISTER]) && comment && front_office_describes(comment, id))
                        return true;
        }
        return false;
}

static json_t *documents_json(const struct steps_case *c, const json_t *attachments, const json_t *history)
{
        json_t *list = json_array();
        for (size_t i = 0; i < c->service->document_count; i++) {
                const struct service_document *d = &c->service->documents[i];
                if (d->routes && !(d->routes & 1U << c->route->kind))
                        continue;
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:b}", "id", d->id, "nameKk", d->name.kk, "nameRu", d->name.ru, "condition", document_condition_names[d->condition],
                                                      "given", is_given(attachments, history, d->id)));
        }
        return list;
}

static json_t *grounds_json(const struct steps_case *c)
{
        json_t *list = json_array();
        for (size_t i = 0; i < c->service->refusal_count; i++) {
                const struct refusal_ground *ground = steps_ground(c->service, c->route, c->service->refusals[i].id);
                if (!ground)
                        continue;
                json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "id", ground->id, "kk", ground->ground.kk, "ru", ground->ground.ru, "en", ground->ground.en);
                put(json, "paragraph", ground->paragraph);
                json_array_append_new(list, json);
        }
        return list;
}

static json_t *outcomes_json(const struct steps_case *c)
{
        static const char *const outcomes[] = {"POSITIVE", "NEGATIVE"};
        json_t *list = json_array();
        for (size_t i = 0; i < GW_COUNT(outcomes); i++)
                if (steps_result_paper(c->service, c->route, outcomes[i], NULL))
                        json_array_append_new(list, json_string(outcomes[i]));
        json_t *grounds = grounds_json(c);
        if (json_array_size(grounds))
                json_array_append_new(list, json_string("REFUSED"));
        json_decref(grounds);
        return list;
}

/* Who could be the executor: of the actor's own organisation. */
static json_t *staff_json(const struct inbox_call *call)
{
        auto_staff struct staff *staff = staff_watch_use(call->loop->shared->staff);
        json_t *list = json_array();
        for (size_t i = 0; i < staff_count(staff); i++) {
                struct actor person;
                if (!staff_at(staff, i, &person) || !str_eq(person.bin, call->actor.bin) || !(person.roles & (1U << STAFF_EXECUTOR | 1U << STAFF_AKIM_EXECUTOR)))
                        continue;
                json_t *roles = json_array();
                for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++)
                        if (person.roles & 1U << role)
                                json_array_append_new(roles, json_string(staff_role_names[role]));
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "id", person.id, "nameKk", person.name_kk, "nameRu", person.name_ru, "roles", roles));
        }
        return list;
}

static json_t *actions_json(const struct inbox_call *call)
{
        const struct casework_row *row = &call->row;
        unsigned verbs = steps_verbs(&call->people.steps, row, &call->actor);
        struct why why = WHY_INIT;
        enum staff_role role = STAFF_ROLE_COUNT;
        bool held = row->holder[0] && row->lease_until.ms > call->now.ms, mine = held && str_eq(row->holder, call->actor.id);
        json_t *list = json_array();
        if (row->step && steps_may(&call->people.steps, row, &call->actor, &role, &why) == GW_OK && (!held || mine))
                json_array_append_new(list, json_string(mine ? "release" : "claim"));
        for (enum steps_verb verb = 0; verb < STEPS_VERB_COUNT; verb++)
                if (verbs & 1U << verb)
                        json_array_append_new(list, json_string(verb == STEPS_COMPLETE && steps_by_register(&call->people.steps, row->step) ? "register" : steps_verb_names[verb]));
        return list;
}

static json_t *applicant_json(const xmlNode *application)
{
        json_t *json = json_object();
        auto_str char *iin = xml_child_text(application, APPLICATION_NS, "declarantId");
        const xmlNode *representative = by_name(application, "representative");
        auto_str char *his = representative ? xml_child_text(representative, APPLICATION_NS, "iin") : NULL;
        put(json, "iin", iin);
        put(json, "representativeIin", his);
        return json;
}

enum gw_rc inbox_whole_json(const struct inbox_call *call, const struct casework_body *body, json_t **ret_json, struct why *why)
{
        struct store_reader *reader = call->loop->reader;
        const struct steps_case *c = &call->people.steps;
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(buf_span(&body->application), &xml_limits_default, &doc, why);
        if (rc != GW_OK)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the stored application cannot be read");
        const xmlNode *application = inbox_application(doc);
        auto_json json_t *attachments = json_array(), *papers = json_array(), *history = json_array(), *form = json_array();
        struct parts parts = {.service = c->service, .row = &call->row, .list = attachments};
        rc = attachments_list(reader, call->row.request_id, add_attachment, &parts, why);
        parts.list = papers;
        if (rc == GW_OK)
                rc = papers_list(reader, call->row.request_id, add_paper, &parts, why);
        parts.list = history;
        if (rc == GW_OK)
                rc = casework_history(reader, call->row.request_id, add_entry, &parts, why);
        if (rc != GW_OK)
                return rc;
        add_fields(form, c->service, by_name(application, "form"), "");
        json_t *json = inbox_case_json(&call->people, &call->row, &call->actor, call->now);
        json_t *more = json_pack("{s:o, s:O, s:o, s:O, s:o, s:O, s:O, s:o, s:o, s:o, s:o}", "applicant", applicant_json(application), "form", form, "documents", documents_json(c, attachments, history),
                                 "attachments", attachments, "steps", steps_json(call, &parts), "papers", papers, "history", history, "refusalGrounds", grounds_json(c), "outcomes",
                                 outcomes_json(c), "staff", staff_json(call), "actions", actions_json(call));
        GW_ASSERT(json && more);
        json_object_update(json, more);
        json_decref(more);
        put(json, "ground", call->row.ground);
        *ret_json = json;
        return GW_OK;
}
