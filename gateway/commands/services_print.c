/* A service for people. */
#include <string.h>

#include "gateway/commands/services_report.h"

char *services_limit(struct limit limit, char out[SERVICES_LIMIT_MAX])
{
        static const char *const words[] = {"", "min", "hour", "working days", "within the working day", "day"};
        if (limit.unit == LIMIT_NONE || limit.unit == LIMIT_WITHIN_WORKING_DAY)
                snprintf(out, SERVICES_LIMIT_MAX, "%s", words[limit.unit]);
        else
                snprintf(out, SERVICES_LIMIT_MAX, "%u %s", limit.amount, words[limit.unit]);
        return out;
}

static void print_texts(FILE *out, const char *label, const struct text3 *text)
{
        fprintf(out, "%s\n    kk %s\n    ru %s\n    en %s\n", label, text->kk, text->ru, text->en);
}

static const char *or_nothing(const char *text)
{
        return text ? text : "";
}

static void print_acts(FILE *out, const struct service *s)
{
        fprintf(out, "acts\n");
        for (size_t i = 0; i < s->act_count; i++) {
                const struct legal_act *act = &s->acts[i];
                char date[CLOCK_TEXT_MAX];
                fprintf(out, "    No. %s of %s  %s", act->number, clock_date_people(act->date, date), act->name.en);
                if (act->registered)
                        fprintf(out, "; registered %s", act->registered);
                if (act->repealed_by)
                        fprintf(out, "; repealed by %s", act->repealed_by);
                fprintf(out, "\n");
        }
}

static void print_people(FILE *out, const struct service *s)
{
        fprintf(out, "provided by\n");
        for (size_t i = 0; i < s->provider_count; i++)
                fprintf(out, "    %s  %s%s%s\n", provider_kind_names[s->providers[i].kind], s->providers[i].name.en, s->providers[i].route == ROUTE_NONE ? "" : ", by the steps of ",
                        s->providers[i].route == ROUTE_NONE ? "" : route_kind_names[s->providers[i].route]);
        fprintf(out, "form      %s%s%s%s\n", s->electronic ? "electronic" : "", s->called_automated ? " (fully automated)" : "", s->electronic && s->paper ? ", " : "", s->paper ? "paper" : "");
        fprintf(out, "who may apply\n");
        for (size_t i = 0; i < s->applicant_count; i++)
                fprintf(out, "    %s  %s (%s)\n", applicant_kind_names[s->applicants[i].kind], s->applicants[i].name.en, basis_names[s->applicants[i].basis]);
}

static void print_step(FILE *out, const struct route_step *step, size_t number)
{
        char limit[SERVICES_LIMIT_MAX];
        fprintf(out, "    %zu. [%s] %s by %s: %s: %s%s%s", number, or_nothing(step->paragraph), step_act_names[step->act], staff_role_names[step->by], step->role.ru, step->action.ru, step->completion.ru ? " → " : "", or_nothing(step->completion.ru));
        if (step->limit.unit != LIMIT_NONE)
                fprintf(out, "; %s", services_limit(step->limit, limit));
        if (step->shares_limit)
                fprintf(out, " (shared with the step before)");
        if (step->branch == STEP_REFUSE_INTAKE)
                fprintf(out, " [refusal, instead of step %u]", step->instead_of);
        if (step->branch == STEP_CAP)
                fprintf(out, " [cap of the service so far]");
        if (step->through != ROUTE_NONE)
                fprintf(out, " [through the steps of %s]", route_kind_names[step->through]);
        if (step->printed_action.ru)
                fprintf(out, " [the act prints: %s]", step->printed_action.ru);
        if (step->printed_completion.ru)
                fprintf(out, " [the act prints: → %s]", step->printed_completion.ru);
        fprintf(out, "\n");
}

static void print_route(FILE *out, const struct route *route)
{
        char limit[SERVICES_LIMIT_MAX];
        fprintf(out, "route %s%s%s%s; hours of %s; day of reception: %s%s%s%s%s\n", route_kind_names[route->kind], route->paragraph ? ", paragraph " : "", or_nothing(route->paragraph),
                route->generic ? " (generic)" : "", route->schedule, reception_day_names[route->reception_day], route->issue_day_counts ? "" : "; day of issue: not",
                route->offered ? "" : "; NOT OFFERED YET", route->only_without == ROUTE_NONE ? "" : "; only where there is no ",
                route->only_without == ROUTE_NONE ? "" : route_kind_names[route->only_without]);
        if (route->term.unit != LIMIT_NONE)
                fprintf(out, "    term of the service: %s (%s)\n", services_limit(route->term, limit), route->term_paragraph);
        if (route->limits_of != ROUTE_NONE)
                fprintf(out, "    limits: those of %s\n", route_kind_names[route->limits_of]);
        if (route->before_end_hours)
                fprintf(out, "    the result of step %u at least %u hours before the term ends (%s)\n", route->before_end_step, route->before_end_hours, route->before_end_paragraph);
        if (route->queue_minutes)
                fprintf(out, "    at the window: queue %u min, service %u min (%s)\n", route->queue_minutes, route->service_minutes, route->window_paragraph);
        for (size_t i = 0; i < route->step_count; i++)
                print_step(out, &route->steps[i], i + 1);
}

static void print_kinds(FILE *out, unsigned kinds)
{
        for (int kind = 0; kind < ROUTE_KIND_COUNT; kind++)
                if (kinds & 1u << kind)
                        fprintf(out, " %s", route_kind_names[kind]);
}

static void print_papers(FILE *out, const struct service *s)
{
        fprintf(out, "documents%s\n", s->originals_returned ? " (originals are given back)" : "");
        for (size_t i = 0; i < s->document_count; i++) {
                const struct service_document *d = &s->documents[i];
                fprintf(out, "    %-4s %s: %s (%s)", d->id, document_condition_names[d->condition], d->name.en, basis_names[d->basis]);
                print_kinds(out, d->routes);
                fprintf(out, "\n");
        }
        fprintf(out, "papers\n");
        for (size_t i = 0; i < s->paper_count; i++) {
                const struct service_paper *paper = &s->papers[i];
                fprintf(out, "    %s  %s", paper->id, paper->name.en);
                for (size_t k = 0; k < paper->field_count; k++)
                        fprintf(out, "%s %s", k ? ";" : ":", paper->fields[k].name.en);
                fprintf(out, "\n");
        }
        fprintf(out, "refusals\n");
        for (size_t i = 0; i < s->refusal_count; i++) {
                const struct refusal_ground *r = &s->refusals[i];
                fprintf(out, "    %s  %s: %s → %s%s", r->id, refusal_stage_names[r->stage], r->ground.en, r->paper, r->in_use ? "" : " (not in use)");
                print_kinds(out, r->routes);
                fprintf(out, "\n");
        }
}

static void print_fields(FILE *out, const struct service *s)
{
        fprintf(out, "form\n");
        for (size_t i = 0; i < s->field_count; i++) {
                const struct form_field *field = &s->fields[i];
                fprintf(out, "    %s  %s%s%s%s\n", field->path, field->label.en, field->type ? ", " : "", or_nothing(field->type), field->required ? "" : ", optional");
        }
}

void services_print(const struct service *s, FILE *out)
{
        char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX] = "open";
        if (s->valid_to.ms != 0)
                clock_date_people((struct wall_time){s->valid_to.ms - 1}, to);
        fprintf(out, "%s version %s (%s), %s, handled from %s to %s\n", s->code, s->version, s->file, service_kind(s), clock_date_people(s->valid_from, from), to);
        print_texts(out, "name", &s->name);
        print_acts(out, s);
        if (s->withdrawn) {
                print_texts(out, "withdrawn", &s->withdrawn_by);
                return;
        }
        if (s->generic.kk)
                print_texts(out, "generic", &s->generic);
        print_people(out, s);
        for (size_t i = 0; i < s->route_count; i++)
                print_route(out, &s->routes[i]);
        for (size_t i = 0; i < s->excluded_count; i++)
                fprintf(out, "ruled out: %s, paragraph %s: %s\n", route_kind_names[s->excluded[i].kind], s->excluded[i].paragraph, s->excluded[i].text.en);
        print_papers(out, s);
        print_fields(out, s);
}
