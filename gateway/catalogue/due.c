/* When the limits of a route end (services.md D.3). */
#include "gateway/catalogue/catalogue.h"
#include "gateway/reason.h"

#define LIMITS_MAX 32 /* catalogue.xsd: steps of a route */

/* MAIN limits of the first `steps` steps; a limit that is shared is counted once. */
static size_t list_limits(const struct route *route, size_t steps, struct limit limits[LIMITS_MAX])
{
        size_t count = 0;
        for (size_t i = 0; i < route->step_count && i < steps; i++) {
                const struct route_step *step = &route->steps[i];
                if (step->branch == STEP_MAIN && !step->shares_limit && step->limit.unit != LIMIT_NONE && count < LIMITS_MAX)
                        limits[count++] = step->limit;
        }
        return count;
}

bool route_has_limits(const struct route *route)
{
        struct limit limits[LIMITS_MAX];
        return route->limits->term.unit != LIMIT_NONE || list_limits(route->limits, LIMITS_MAX, limits) > 0;
}

static const struct schedule *schedule_of(const struct route *route, const struct calendar *calendar)
{
        const struct schedule *schedule = calendar_schedule(calendar, route->schedule);
        GW_ASSERT(schedule); /* catalogue_check_calendar() */
        return schedule;
}

struct wall_time route_step_due(const struct route *route, size_t steps, const struct calendar *calendar, struct wall_time from)
{
        struct limit limits[LIMITS_MAX];
        size_t count = list_limits(route->limits, steps, limits);
        return limit_end_of_all(calendar, schedule_of(route, calendar), from, limits, count, route->limits->reception_day == RECEPTION_COUNTS);
}

struct wall_time route_due(const struct route *route, const struct calendar *calendar, struct wall_time from)
{
        const struct route *by = route->limits;
        if (by->term.unit != LIMIT_NONE)
                return limit_end(calendar, schedule_of(route, calendar), from, by->term, by->reception_day == RECEPTION_COUNTS);
        return route_step_due(route, LIMITS_MAX, calendar, from);
}

struct wall_time route_result_due(const struct route *route, const struct calendar *calendar, struct wall_time from)
{
        struct wall_time due = route_due(route, calendar, from);
        if (!route->limits->before_end_hours)
                return due;
        return schedule_last_before(calendar, schedule_of(route, calendar), (struct wall_time){due.ms - (int64_t)route->limits->before_end_hours * 3600000});
}

enum gw_rc catalogue_check_calendar(const struct catalogue *catalogue, const struct calendar *calendar, struct why *why)
{
        for (size_t i = 0; i < catalogue_count(catalogue); i++) {
                const struct service *service = catalogue_at(catalogue, i);
                for (size_t k = 0; k < service->route_count; k++)
                        if (!calendar_schedule(calendar, service->routes[k].schedule))
                                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "calendar/hours.csv has no schedule `%s`, which %s uses", service->routes[k].schedule, service->file);
        }
        return GW_OK;
}
