/* A service for machines: every member of the catalogue's structs under its name; what is not there is left out. */
#include "gateway/catalogue/service_json.h"

const char *service_kind(const struct service *service)
{
        return service->withdrawn ? "withdrawn" : service->generic.kk ? "generic" : service->automated ? "automated" : "not automated";
}

static void put(json_t *object, const char *name, const char *text)
{
        if (text)
                json_object_set_new(object, name, json_string(text));
}

static void put_day(json_t *object, const char *name, struct wall_time day)
{
        char text[CLOCK_TEXT_MAX];
        if (day.ms != 0)
                put(object, name, clock_date_iso(day, text));
}

static void put_last_day(json_t *object, const char *name, struct wall_time after)
{
        put_day(object, name, (struct wall_time){after.ms == 0 ? 0 : after.ms - 1});
}

static void put_text2(json_t *object, const char *name, const struct text2 *text)
{
        if (text->kk)
                json_object_set_new(object, name, json_pack("{s:s, s:s}", "kk", text->kk, "ru", text->ru));
}

json_t *service_text3_json(const struct text3 *text)
{
        return json_pack("{s:s, s:s, s:s}", "kk", text->kk, "ru", text->ru, "en", text->en);
}

static void put_kind(json_t *object, const char *name, enum route_kind kind)
{
        if (kind != ROUTE_NONE)
                put(object, name, route_kind_names[kind]);
}

static void put_kinds(json_t *object, unsigned kinds)
{
        json_t *list = json_array();
        for (int kind = 0; kind < ROUTE_KIND_COUNT; kind++)
                if (kinds & 1u << kind)
                        json_array_append_new(list, json_string(route_kind_names[kind]));
        if (kinds)
                json_object_set(object, "routes", list);
        json_decref(list);
}

static void put_limit(json_t *object, const char *name, struct limit limit)
{
        static const char *const units[] = {"", "min", "hour", "workday", "workday_within", "day"};
        if (limit.unit != LIMIT_NONE)
                json_object_set_new(object, name, json_pack("{s:i, s:s}", "amount", (int)limit.amount, "unit", units[limit.unit]));
}

static json_t *act_json(const struct legal_act *act)
{
        json_t *json = json_pack("{s:s, s:o}", "number", act->number, "name", service_text3_json(&act->name));
        put_day(json, "date", act->date);
        put(json, "registered", act->registered);
        put_day(json, "from", act->from);
        put_last_day(json, "to", act->to);
        put(json, "repealedBy", act->repealed_by);
        return json;
}

static json_t *step_json(const struct route_step *step)
{
        json_t *json = json_pack("{s:s, s:s, s:s}", "branch", step_branch_names[step->branch], "by", staff_role_names[step->by], "act", step_act_names[step->act]);
        put(json, "paragraph", step->paragraph);
        put_text2(json, "role", &step->role);
        put_text2(json, "action", &step->action);
        put_text2(json, "completion", &step->completion);
        put_text2(json, "printedAction", &step->printed_action);
        put_text2(json, "printedCompletion", &step->printed_completion);
        put_limit(json, "limit", step->limit);
        if (step->instead_of)
                json_object_set_new(json, "insteadOf", json_integer((json_int_t)step->instead_of));
        if (step->shares_limit)
                json_object_set_new(json, "sharesLimit", json_true());
        put_kind(json, "through", step->through);
        put(json, "paper", step->paper);
        return json;
}

static json_t *route_json(const struct route *route)
{
        json_t *json = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b}", "kind", route_kind_names[route->kind], "schedule", route->schedule, "receptionDay",
                                 reception_day_names[route->reception_day], "issueDayCounts", route->issue_day_counts, "consent", route->consent, "offered", route->offered, "generic",
                                 route->generic);
        put(json, "paragraph", route->paragraph);
        put_kind(json, "onlyWithout", route->only_without);
        put_kind(json, "limitsOf", route->limits_of);
        put_limit(json, "term", route->term);
        if (route->before_end_hours)
                json_object_set_new(json, "resultBeforeEnd", json_pack("{s:i, s:i, s:s}", "hours", (int)route->before_end_hours, "step", (int)route->before_end_step, "paragraph",
                                                                       route->before_end_paragraph));
        if (route->queue_minutes)
                json_object_set_new(json, "atTheWindow", json_pack("{s:i, s:i}", "queueMinutes", (int)route->queue_minutes, "serviceMinutes", (int)route->service_minutes));
        json_t *steps = json_array();
        for (size_t i = 0; i < route->step_count; i++)
                json_array_append_new(steps, step_json(&route->steps[i]));
        json_object_set_new(json, "steps", steps);
        return json;
}

static json_t *document_json(const struct service_document *d)
{
        json_t *json = json_pack("{s:s, s:s, s:s, s:o}", "id", d->id, "condition", document_condition_names[d->condition], "basis", basis_names[d->basis], "name", service_text3_json(&d->name));
        put(json, "paragraph", d->paragraph);
        put_kinds(json, d->routes);
        return json;
}

static json_t *paper_json(const struct service_paper *paper)
{
        json_t *fields = json_array();
        for (size_t i = 0; i < paper->field_count; i++)
                json_array_append_new(fields, json_pack("{s:s, s:o}", "id", paper->fields[i].id, "name", service_text3_json(&paper->fields[i].name)));
        json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", paper->id, "kind", paper_kind_names[paper->kind], "basis", basis_names[paper->basis], "name", service_text3_json(&paper->name),
                                 "fields", fields);
        put(json, "form", paper->form);
        put(json, "paragraph", paper->paragraph);
        return json;
}

static json_t *refusal_json(const struct refusal_ground *r)
{
        json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "id", r->id, "stage", refusal_stage_names[r->stage], "paper", r->paper, "basis", basis_names[r->basis], "inUse", r->in_use,
                                 "ground", service_text3_json(&r->ground));
        put(json, "paragraph", r->paragraph);
        put_kinds(json, r->routes);
        return json;
}

static json_t *field_json(const struct form_field *field)
{
        json_t *json = json_pack("{s:s, s:b, s:b, s:o}", "path", field->path, "required", field->required, "repeated", field->repeated, "label", service_text3_json(&field->label));
        put(json, "type", field->type);
        json_t *values = json_array();
        for (size_t i = 0; field->values && field->values[i]; i++)
                json_array_append_new(values, json_pack("{s:s, s:o}", "value", field->values[i], "label", service_text3_json(&field->value_labels[i])));
        if (field->values)
                json_object_set(json, "values", values);
        json_decref(values);
        return json;
}

#define PUT_LIST(json, name, array, count, of)                                 \
        do {                                                                   \
                json_t *list_ = json_array();                                  \
                for (size_t i_ = 0; i_ < (count); i_++)                        \
                        json_array_append_new(list_, of(&(array)[i_]));        \
                json_object_set_new(json, name, list_);                        \
        } while (0)

static json_t *provider_json(const struct service_provider *provider)
{
        json_t *json = json_pack("{s:s, s:o}", "kind", provider_kind_names[provider->kind], "name", service_text3_json(&provider->name));
        put(json, "paragraph", provider->paragraph);
        put_kind(json, "route", provider->route);
        return json;
}

static json_t *applicant_json(const struct service_applicant *applicant)
{
        json_t *json = json_pack("{s:s, s:s, s:o}", "kind", applicant_kind_names[applicant->kind], "basis", basis_names[applicant->basis], "name", service_text3_json(&applicant->name));
        put(json, "paragraph", applicant->paragraph);
        return json;
}

static json_t *excluded_json(const struct excluded_route *excluded)
{
        return json_pack("{s:s, s:s, s:o}", "kind", route_kind_names[excluded->kind], "paragraph", excluded->paragraph, "text", service_text3_json(&excluded->text));
}

static json_t *channels_json(const struct service *s)
{
        json_t *list = json_array();
        for (size_t i = 0; s->channels[i]; i++)
                json_array_append_new(list, json_pack("{s:s, s:s}", "name", s->channels[i], "route", route_kind_names[s->channel_routes[i]->kind]));
        return list;
}

json_t *service_json(const struct service *s)
{
        json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o}", "code", s->code, "version", s->version, "file", s->file, "kind", service_kind(s), "name", service_text3_json(&s->name));
        PUT_LIST(json, "acts", s->acts, s->act_count, act_json);
        put_day(json, "from", s->valid_from);
        put_last_day(json, "to", s->valid_to);
        if (s->withdrawn) {
                json_object_set_new(json, "withdrawn", service_text3_json(&s->withdrawn_by));
                return json;
        }
        if (s->generic.kk)
                json_object_set_new(json, "generic", service_text3_json(&s->generic));
        PUT_LIST(json, "providers", s->providers, s->provider_count, provider_json);
        json_object_set_new(json, "forms", json_pack("{s:b, s:b, s:b}", "electronic", s->electronic, "paper", s->paper, "automated", s->called_automated));
        PUT_LIST(json, "applicants", s->applicants, s->applicant_count, applicant_json);
        json_object_set_new(json, "representatives", json_boolean(s->representatives));
        if (s->one_open)
                json_object_set_new(json, "openRequests", s->one_per ? json_pack("{s:s, s:s}", "atOnce", "one", "per", s->one_per) : json_pack("{s:s}", "atOnce", "one"));
        json_object_set_new(json, "channels", channels_json(s));
        PUT_LIST(json, "routes", s->routes, s->route_count, route_json);
        PUT_LIST(json, "excluded", s->excluded, s->excluded_count, excluded_json);
        PUT_LIST(json, "documents", s->documents, s->document_count, document_json);
        json_object_set_new(json, "originalsReturned", json_boolean(s->originals_returned));
        PUT_LIST(json, "papers", s->papers, s->paper_count, paper_json);
        PUT_LIST(json, "refusals", s->refusals, s->refusal_count, refusal_json);
        PUT_LIST(json, "form", s->fields, s->field_count, field_json);
        return json;
}
