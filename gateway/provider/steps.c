/* The way of a request along its route (gateway/provider/steps.h): order and due moments. */
#include "gateway/provider/steps.h"

const char *const steps_colour_names[] = {"any", "ok", "near", "over"};

const struct route_step *steps_at(const struct route *route, int n)
{
        return n >= 1 && (size_t)n <= route->step_count ? &route->steps[n - 1] : NULL;
}

int steps_next(const struct route *route, int n)
{
        for (size_t i = (size_t)n; i < route->step_count; i++)
                if (route->steps[i].branch != STEP_REFUSE_INTAKE)
                        return (int)i + 1;
        return 0;
}

int steps_of_act(const struct route *route, enum step_act act)
{
        for (size_t i = 0; i < route->step_count; i++)
                if (route->steps[i].act == act)
                        return (int)i + 1;
        return 0;
}

static bool ends_with_register(const struct service *service, const struct route_step *step)
{
        for (size_t i = 0; step && i < service->paper_count; i++)
                if (str_eq(service->papers[i].id, step->paper))
                        return service->papers[i].kind == PAPER_TRANSFER_REGISTER;
        return false;
}

bool steps_by_register(const struct steps_case *c, int n)
{
        const struct route_step *step = steps_at(c->route, n);
        return ends_with_register(c->service, step) || (step && step->act == ACT_ACCEPT && ends_with_register(c->service, steps_at(c->route, n - 1)));
}

/* ---- moments ---- */

static struct wall_time earlier(struct wall_time a, struct wall_time b)
{
        return a.ms < b.ms ? a : b;
}

struct wall_time steps_service_due(const struct route *route, const struct calendar *calendar, struct wall_time registered_at)
{
        return route_has_limits(route) ? route_due(route, calendar, registered_at) : (struct wall_time){WALL_NEVER_MS};
}

struct wall_time steps_result_due(const struct steps_case *c)
{
        return route_has_limits(c->route) ? route_result_due(c->route, c->calendar, c->registered_at) : c->due_at;
}

/* The last step of a route on which the day of issue does not count may come after the end of the term. */
static bool may_end_late(const struct steps_case *c, const struct route_step *step)
{
        return step->act == ACT_ISSUE && !c->route->issue_day_counts;
}

static struct wall_time own_limit(const struct steps_case *c, const struct route_step *step, struct wall_time from)
{
        if (step->branch == STEP_CAP || step->limit.unit == LIMIT_NONE)
                return c->due_at;
        const struct schedule *schedule = calendar_schedule(c->calendar, c->route->schedule);
        GW_ASSERT(schedule); /* catalogue_check_calendar() */
        return limit_end(c->calendar, schedule, from, step->limit, c->route->reception_day == RECEPTION_COUNTS);
}

static struct wall_time due_of(const struct steps_case *c, int n, struct wall_time from)
{
        const struct route_step *step = steps_at(c->route, n);
        struct wall_time due = own_limit(c, step, from);
        if (!may_end_late(c, step))
                due = earlier(due, c->due_at);
        if ((unsigned)n <= c->route->before_end_step)
                due = earlier(due, steps_result_due(c));
        return due;
}

/* Four fifths of the time, or the beginning of the last day when there is more than one. */
static struct wall_time near_of(struct wall_time from, struct wall_time due)
{
        if (due.ms >= WALL_NEVER_MS)
                return due;
        if (due.ms <= from.ms)
                return from;
        struct wall_time near = {from.ms + (due.ms - from.ms) / 5 * 4};
        struct clock_fields last = clock_fields_of(due), first = clock_fields_of(from);
        struct wall_time last_day = clock_from_fields(last.year, last.month, last.day, 0);
        bool same_day = first.year == last.year && first.month == last.month && first.day == last.day;
        return same_day ? near : earlier(near, last_day);
}

struct steps_moments steps_moments(const struct steps_case *c, int n, struct wall_time from)
{
        struct wall_time due = due_of(c, n, from);
        const struct schedule *schedule = calendar_schedule(c->calendar, c->route->schedule);
        GW_ASSERT(schedule);
        return (struct steps_moments){.near = near_of(schedule_begin(c->calendar, schedule, from), due), .due = due};
}

struct wall_time steps_planned_due(const struct steps_case *c, int n)
{
        const struct route_step *step = steps_at(c->route, n);
        if (step->branch == STEP_CAP || !route_has_limits(c->route))
                return c->due_at;
        struct wall_time due = route_step_due(c->route, (size_t)n, c->calendar, c->registered_at);
        return may_end_late(c, step) ? due : earlier(due, c->due_at);
}

enum casework_colour steps_colour(struct wall_time near, struct wall_time due, struct wall_time now)
{
        return due.ms <= now.ms ? CASEWORK_OVER : near.ms <= now.ms ? CASEWORK_NEAR : CASEWORK_OK;
}

/* ---- opening ---- */

void steps_open(const struct steps_case *c, const struct actor *by, struct wall_time now, struct steps_opening *ret_opening)
{
        *ret_opening = (struct steps_opening){.done_count = 0};
        int registered = steps_of_act(c->route, ACT_REGISTER), n = 0;
        GW_ASSERT(registered > 0); /* of every route but the Portal's: service_check_acts() */
        for (n = steps_next(c->route, 0); n != 0 && n <= registered; n = steps_next(c->route, n)) {
                const struct route_step *step = steps_at(c->route, n);
                ret_opening->done[ret_opening->done_count++] = (struct casework_entry){
                        .step = n, .act = step_act_names[step->act], .role = by ? staff_role_names[step->by] : "GATEWAY", .staff = by ? by->id : "gateway",
                        .comment = "", .at = now, .from = c->registered_at, .due = due_of(c, n, c->registered_at),
                };
        }
        struct steps_moments moments = steps_moments(c, n, now);
        ret_opening->place = (struct casework_place){
                .step = n, .role = staff_role_names[steps_at(c->route, n)->by], .executor = "", .from = now, .near = moments.near, .due = moments.due};
}

/* ---- results ---- */

const struct refusal_ground *steps_ground(const struct service *service, const struct route *route, const char *id)
{
        for (size_t i = 0; id && i < service->refusal_count; i++) {
                const struct refusal_ground *ground = &service->refusals[i];
                if (str_eq(ground->id, id) && ground->stage == REFUSAL_DECISION && ground->in_use && (!ground->routes || ground->routes & 1U << route->kind))
                        return ground;
        }
        return NULL;
}

static const struct service_paper *paper_of_kind(const struct service *service, enum paper_kind kind)
{
        for (size_t i = 0; i < service->paper_count; i++)
                if (service->papers[i].kind == kind)
                        return &service->papers[i];
        return NULL;
}

static const struct service_paper *paper_of_id(const struct service *service, const char *id)
{
        for (size_t i = 0; i < service->paper_count; i++)
                if (str_eq(service->papers[i].id, id))
                        return &service->papers[i];
        return NULL;
}

const struct service_paper *steps_result_paper(const struct service *service, const struct route *route, const char *outcome, const char *ground)
{
        const struct service_paper *certificate = paper_of_kind(service, PAPER_CERTIFICATE);
        bool grounded = ground && *ground;
        if (str_eq(outcome, "REFUSED")) {
                const struct refusal_ground *refusal = steps_ground(service, route, ground);
                return refusal ? paper_of_id(service, refusal->paper) : NULL;
        }
        if (grounded)
                return NULL;
        if (str_eq(outcome, "POSITIVE"))
                return certificate ? certificate : paper_of_kind(service, PAPER_NOTIFICATION);
        return str_eq(outcome, "NEGATIVE") ? certificate : NULL;
}
