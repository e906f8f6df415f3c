/* The routes of a service and what must hold within and between them. */
#include "gateway/catalogue/service_parts.h"

#include <stdlib.h>
#include <string.h>

#define X(name) #name,
const char *const route_kind_names[] = {ROUTE_KINDS NULL};
#undef X
const char *const step_branch_names[] = {"MAIN", "REFUSE_INTAKE", "CAP", NULL};
const char *const reception_day_names[] = {"counts", "not", "unstated", NULL};

static bool is_days(struct limit limit)
{
        return limit.unit == LIMIT_WORKING_DAYS || limit.unit == LIMIT_DAY;
}

static bool same_limit(struct limit a, struct limit b)
{
        return a.amount == b.amount && a.unit == b.unit;
}

static enum gw_rc read_limit(const xmlNode *node, struct limit *ret_limit, const struct place *place)
{
        auto_str char *amount = xml_attribute(node, NULL, "amount");
        auto_str char *unit = xml_attribute(node, NULL, "unit");
        if (limit_parse(amount ? amount : "", unit ? unit : "", ret_limit))
                return GW_OK;
        return place_fail(place, xmlGetLineNo(node), "%s: amount and unit are no limit together", (const char *)node->name);
}

/* ---- steps ---- */

static enum gw_rc read_step(const xmlNode *node, const struct route *route, struct route_step *step, const struct place *place)
{
        step->paragraph = xml_attribute(node, NULL, "paragraph");
        step->by = (enum staff_role)read_word(node, "by", staff_role_names, STAFF_ROLE_COUNT);
        step->act = (enum step_act)read_word(node, "act", step_act_names, STEP_ACT_COUNT);
        step->role = read_texts2(xml_child(node, CATALOGUE_NS, "role"));
        step->action = read_texts2(xml_child(node, CATALOGUE_NS, "action"));
        step->completion = read_texts2(xml_child(node, CATALOGUE_NS, "completion"));
        step->branch = (enum step_branch)read_word(node, "branch", step_branch_names, STEP_MAIN);
        step->instead_of = read_number(node, "insteadOf");
        step->shares_limit = read_bool(node, "sharesLimit", false);
        step->through = (enum route_kind)read_word(node, "through", route_kind_names, ROUTE_NONE);
        step->paper = xml_attribute(node, NULL, "paper");
        each_element(printed, node, "printed") {
                auto_str char *of = xml_attribute(printed, NULL, "of");
                struct text2 *into = str_eq(of, "action") ? &step->printed_action : &step->printed_completion;
                if (into->kk || (into == &step->printed_completion && !step->completion.kk))
                        return place_fail(place, xmlGetLineNo(printed), "printed of %s: %s", of, into->kk ? "twice" : "the step has none");
                *into = read_texts2(printed);
        }
        if (!step->paragraph && !route->generic)
                return place_fail(place, xmlGetLineNo(node), "a step names the paragraph of the act, unless its route is generic");
        return read_limit(node, &step->limit, place);
}

static enum gw_rc check_step(const xmlNode *node, const struct route *route, size_t index, const struct place *place)
{
        const struct route_step *step = &route->steps[index];
        long line = xmlGetLineNo(node);
        if ((step->branch == STEP_REFUSE_INTAKE) != (step->instead_of != 0))
                return place_fail(place, line, "insteadOf belongs to the branch REFUSE_INTAKE, and to no other");
        if (step->instead_of != 0 && (step->instead_of > route->step_count || route->steps[step->instead_of - 1].branch != STEP_MAIN))
                return place_fail(place, line, "insteadOf=\"%u\" is no MAIN step of this route", step->instead_of);
        if (step->shares_limit && (index == 0 || step->limit.unit == LIMIT_NONE || !same_limit(step->limit, step[-1].limit)))
                return place_fail(place, line, "sharesLimit, but the step before has another limit");
        if (step->branch == STEP_CAP && (step->limit.unit == LIMIT_NONE || !same_limit(step->limit, route->term)))
                return place_fail(place, line, "a CAP step repeats the term of its route");
        return GW_OK;
}

static enum gw_rc read_steps(const xmlNode *node, struct route *route, const struct place *place)
{
        route->steps = xcalloc(count_elements(node, "step"), sizeof *route->steps);
        each_element(step, node, "step") {
                enum gw_rc rc = read_step(step, route, &route->steps[route->step_count++], place);
                if (rc != GW_OK)
                        return rc;
        }
        size_t index = 0;
        each_element(step, node, "step") {
                enum gw_rc rc = check_step(step, route, index++, place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* ---- a route ---- */

static enum gw_rc read_term(const xmlNode *node, struct route *route, const struct place *place)
{
        const xmlNode *term = xml_child(node, CATALOGUE_NS, "term");
        if (!term)
                return GW_OK;
        route->term_paragraph = xml_attribute(term, NULL, "paragraph");
        return read_limit(term, &route->term, place);
}

static enum gw_rc check_term(const xmlNode *node, const struct route *route, const struct place *place)
{
        unsigned days = 0;
        for (size_t i = 0; i < route->step_count; i++)
                if (route->steps[i].branch == STEP_MAIN && is_days(route->steps[i].limit) && !route->steps[i].shares_limit)
                        days += route->steps[i].limit.amount;
        if (is_days(route->term) && days > route->term.amount)
                return place_fail(place, xmlGetLineNo(xml_child(node, CATALOGUE_NS, "term")), "the steps take %u working days, the term is %u", days, route->term.amount);
        const xmlNode *before = xml_child(node, CATALOGUE_NS, "resultBeforeEnd");
        unsigned step = route->before_end_step;
        if (before && (step > route->step_count || route->steps[step - 1].branch != STEP_MAIN))
                return place_fail(place, xmlGetLineNo(before), "resultBeforeEnd step=\"%u\" is no MAIN step of this route", step);
        return GW_OK;
}

static enum gw_rc read_route(const xmlNode *node, struct route *route, const struct place *place)
{
        const xmlNode *before = xml_child(node, CATALOGUE_NS, "resultBeforeEnd"), *window = xml_child(node, CATALOGUE_NS, "atTheWindow");
        *route = (struct route){
                .kind = (enum route_kind)read_word(node, "kind", route_kind_names, ROUTE_NONE),
                .paragraph = xml_attribute(node, NULL, "paragraph"),
                .schedule = xml_attribute(node, NULL, "schedule"),
                .reception_day = (enum reception_day)read_word(node, "receptionDay", reception_day_names, RECEPTION_UNSTATED),
                .issue_day_counts = read_word(node, "issueDay", reception_day_names, RECEPTION_COUNTS) == RECEPTION_COUNTS,
                .consent = read_bool(node, "consent", true),
                .offered = read_bool(node, "offered", true),
                .generic = read_bool(node, "generic", false),
                .only_without = (enum route_kind)read_word(node, "onlyWithout", route_kind_names, ROUTE_NONE),
                .limits_of = (enum route_kind)read_word(node, "limitsOf", route_kind_names, ROUTE_NONE),
                .before_end_hours = before ? read_number(before, "hours") : 0,
                .before_end_step = before ? read_number(before, "step") : 0,
                .before_end_paragraph = before ? xml_attribute(before, NULL, "paragraph") : NULL,
                .queue_minutes = window ? read_number(window, "queueMinutes") : 0,
                .service_minutes = window ? read_number(window, "serviceMinutes") : 0,
                .window_paragraph = window ? xml_attribute(window, NULL, "paragraph") : NULL,
        };
        route->limits = route;
        enum gw_rc rc = read_term(node, route, place);
        if (rc == GW_OK)
                rc = read_steps(node, route, place);
        if (rc == GW_OK)
                rc = check_term(node, route, place);
        return rc == GW_OK ? service_check_acts(node, route, place) : rc;
}

/* ---- between routes ---- */

static const struct route *other_route(const struct service *service, const struct route *route, enum route_kind kind)
{
        return kind == route->kind ? NULL : service_route(service, kind);
}

static enum gw_rc check_between(const xmlNode *node, const struct service *service, struct route *route, const struct place *place)
{
        long line = xmlGetLineNo(node);
        if (route->generic != (service->generic.kk != NULL))
                return place_fail(place, line, route->generic ? "a generic route needs the element generic, which says why" : "the service is generic, and this route is not");
        if (route->only_without != ROUTE_NONE && !other_route(service, route, route->only_without))
                return place_fail(place, line, "onlyWithout: the service has no other route %s", route_kind_names[route->only_without]);
        for (size_t i = 0; i < route->step_count; i++)
                if (route->steps[i].through != ROUTE_NONE && !other_route(service, route, route->steps[i].through))
                        return place_fail(place, line, "step %zu through: the service has no other route %s", i + 1, route_kind_names[route->steps[i].through]);
        if (route->limits_of == ROUTE_NONE)
                return GW_OK;
        if (route_has_limits(route))
                return place_fail(place, line, "limitsOf, but the route has limits of its own");
        route->limits = other_route(service, route, route->limits_of);
        if (!route->limits || route->limits->limits_of != ROUTE_NONE || !route_has_limits(route->limits))
                return place_fail(place, line, "limitsOf: the service has no other route %s with limits of its own", route_kind_names[route->limits_of]);
        return GW_OK;
}

static enum gw_rc check_routes(const xmlNode *routes, struct service *service, const struct place *place)
{
        size_t index = 0;
        each_element(node, routes, "route") {
                enum gw_rc rc = check_between(node, service, &service->routes[index++], place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

enum gw_rc service_read_routes(const xmlNode *root, struct service *service, const struct place *place)
{
        const xmlNode *routes = xml_child(root, CATALOGUE_NS, "routes");
        service->routes = xcalloc(count_elements(routes, "route"), sizeof *service->routes);
        service->excluded = xcalloc(count_elements(routes, "excluded"), sizeof *service->excluded);
        each_element(node, routes, "route") {
                enum gw_rc rc = read_route(node, &service->routes[service->route_count++], place);
                if (rc != GW_OK)
                        return rc;
        }
        each_element(node, routes, "excluded")
                service->excluded[service->excluded_count++] = (struct excluded_route){
                        .kind = (enum route_kind)read_word(node, "kind", route_kind_names, ROUTE_NONE),
                        .paragraph = xml_attribute(node, NULL, "paragraph"),
                        .text = read_texts(node),
                };
        return check_routes(routes, service, place);
}

const struct route *service_route(const struct service *service, enum route_kind kind)
{
        for (size_t i = 0; i < service->route_count; i++)
                if (service->routes[i].kind == kind)
                        return &service->routes[i];
        return NULL;
}

static void step_done(struct route_step *step)
{
        free(step->paragraph);
        text2_done(&step->role);
        text2_done(&step->action);
        text2_done(&step->completion);
        text2_done(&step->printed_action);
        text2_done(&step->printed_completion);
        free(step->paper);
}

void service_routes_done(struct service *service)
{
        for (size_t i = 0; i < service->route_count; i++) {
                struct route *route = &service->routes[i];
                for (size_t k = 0; k < route->step_count; k++)
                        step_done(&route->steps[k]);
                free(route->steps);
                free(route->paragraph);
                free(route->schedule);
                free(route->term_paragraph);
                free(route->before_end_paragraph);
                free(route->window_paragraph);
        }
        for (size_t i = 0; i < service->excluded_count; i++) {
                free(service->excluded[i].paragraph);
                text3_done(&service->excluded[i].text);
        }
        free(service->routes);
        free(service->excluded);
}
