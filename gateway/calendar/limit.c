/* Where a time limit ends (services.md D.3). */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/calendar/schedule.h"

#define DAYS_AHEAD_MAX 4000 /* ten years of days off: a schedule that is never open ends here */

static struct wall_time start_of_day(struct wall_time t)
{
        struct clock_fields f = clock_fields_of(t);
        return clock_from_fields(f.year, f.month, f.day, 0);
}

/* By the calendar and not by 24 hours: on 01.03.2024 the offset changed. */
static struct wall_time next_day(struct wall_time t)
{
        struct wall_time noon = {start_of_day(t).ms + 36 * 3600000LL};
        return start_of_day(noon);
}

static struct wall_time at_second(struct wall_time day, int second)
{
        struct clock_fields f = clock_fields_of(day);
        return second == 86400 ? next_day(day) : clock_from_fields(f.year, f.month, f.day, second);
}

/* The hours of that day, or NULL when it is closed. A Saturday that the Government made a working day has Friday's hours (it stands for a weekday). */
static const struct hours *hours_of(const struct calendar *calendar, const struct schedule *schedule, struct wall_time t)
{
        int weekday = calendar_weekday(t);
        bool working = calendar_is_working_day(calendar, t);
        const struct hours *hours = &schedule->days[weekday];
        if (weekday >= 5 && working && hours->closes == 0)
                hours = &schedule->days[4];
        bool holiday = weekday < 5 ? !working : calendar_holiday(calendar, t, false) != NULL;
        return hours->closes == 0 || (holiday && !hours->on_holidays) ? NULL : hours;
}

bool schedule_is_open(const struct calendar *calendar, const struct schedule *schedule, struct wall_time t)
{
        const struct hours *hours = hours_of(calendar, schedule, t);
        int second = clock_fields_of(t).second_of_day;
        return hours && second >= hours->opens && second < hours->closes && !(second >= hours->lunch_from && second < hours->lunch_to);
}

struct wall_time schedule_begin(const struct calendar *calendar, const struct schedule *schedule, struct wall_time t)
{
        if (schedule_is_open(calendar, schedule, t))
                return t;
        struct wall_time day = t;
        for (unsigned i = 0; i < DAYS_AHEAD_MAX; i++, day = next_day(day)) {
                const struct hours *hours = hours_of(calendar, schedule, day);
                int second = i == 0 ? clock_fields_of(t).second_of_day : -1;
                if (hours && second < hours->opens)
                        return at_second(day, hours->opens);
                if (hours && second >= hours->lunch_from && second < hours->lunch_to)
                        return at_second(day, hours->lunch_to);
        }
        return t;
}

struct wall_time schedule_last_before(const struct calendar *calendar, const struct schedule *schedule, struct wall_time t)
{
        struct wall_time day = t;
        for (unsigned i = 0; i < DAYS_AHEAD_MAX; i++) {
                const struct hours *hours = hours_of(calendar, schedule, day);
                int second = i == 0 ? clock_fields_of(t).second_of_day : 86400;
                if (hours && second >= hours->closes)
                        return at_second(day, hours->closes);
                if (hours && second >= hours->lunch_from && second < hours->lunch_to)
                        return at_second(day, hours->lunch_from);
                if (hours && second >= hours->opens)
                        return t;
                day = (struct wall_time){start_of_day(day).ms - 1};
        }
        return t;
}

bool limit_parse(const char *amount, const char *unit, struct limit *ret_limit)
{
        static const struct { const char *name; enum limit_unit unit; } units[] = {
                {"min", LIMIT_MINUTES}, {"hour", LIMIT_HOURS}, {"workday", LIMIT_WORKING_DAYS}, {"day", LIMIT_DAY},
        };
        uint64_t n = 0;
        *ret_limit = (struct limit){0, LIMIT_NONE};
        if (!*amount && !*unit)
                return true;
        if (str_eq(unit, "workday_within")) {
                *ret_limit = (struct limit){1, LIMIT_WITHIN_WORKING_DAY};
                return !*amount || str_eq(amount, "1");
        }
        if (!text_to_u64(amount, 1, 1000, &n))
                return false;
        for (size_t i = 0; i < GW_COUNT(units); i++)
                if (str_eq(unit, units[i].name)) {
                        *ret_limit = (struct limit){(unsigned)n, units[i].unit};
                        return true;
                }
        return false;
}

/* Seconds that run only while it is open. */
static struct wall_time run_open_time(const struct calendar *calendar, const struct schedule *schedule, struct wall_time from, int64_t seconds)
{
        struct wall_time t = schedule_begin(calendar, schedule, from);
        for (unsigned i = 0; i < 2 * DAYS_AHEAD_MAX; i++) {
                const struct hours *hours = hours_of(calendar, schedule, t);
                if (!hours)
                        return t;
                int second = clock_fields_of(t).second_of_day;
                int until = second < hours->lunch_from ? hours->lunch_from : hours->closes;
                if (seconds <= until - second)
                        return (struct wall_time){t.ms + seconds * 1000};
                seconds -= until - second;
                t = schedule_begin(calendar, schedule, at_second(t, until));
        }
        return t;
}

static struct wall_time closing(const struct calendar *calendar, const struct schedule *schedule, struct wall_time day)
{
        const struct hours *hours = hours_of(calendar, schedule, day);
        return hours ? at_second(day, hours->closes) : day;
}

/* The n-th working day: the day of arrival is not counted (Civil Code art. 173; No. 71, appendix 3, 6.3), unless the service says so. Days are those of the five-day week
 * whatever the reception's hours are; the last one ends with the office. */
static struct wall_time run_days(const struct calendar *calendar, const struct schedule *schedule, struct wall_time from, unsigned days, bool count_first_day)
{
        struct wall_time day = schedule_begin(calendar, schedule, from);
        unsigned left = days - (count_first_day && calendar_is_working_day(calendar, day) ? 1 : 0);
        for (unsigned i = 0; left > 0 && i < DAYS_AHEAD_MAX; i++) {
                day = next_day(day);
                left -= calendar_is_working_day(calendar, day);
        }
        return closing(calendar, schedule, day);
}

struct wall_time limit_end(const struct calendar *calendar, const struct schedule *schedule, struct wall_time from, struct limit limit, bool count_first_day)
{
        switch (limit.unit) {
        case LIMIT_NONE:
                break;
        case LIMIT_MINUTES:
                return run_open_time(calendar, schedule, from, (int64_t)limit.amount * 60);
        case LIMIT_HOURS:
                return run_open_time(calendar, schedule, from, (int64_t)limit.amount * 3600);
        case LIMIT_WORKING_DAYS:
        case LIMIT_DAY:
                return run_days(calendar, schedule, from, limit.amount, count_first_day);
        case LIMIT_WITHIN_WORKING_DAY:
                return closing(calendar, schedule, schedule_begin(calendar, schedule, from));
        }
        return from;
}

struct wall_time limit_end_of_all(const struct calendar *calendar, const struct schedule *schedule, struct wall_time from, const struct limit *limits, size_t count, bool count_first_day)
{
        unsigned days = 0;
        struct wall_time t = from;
        for (size_t i = 0; i < count; i++) {
                if (limits[i].unit == LIMIT_WORKING_DAYS || limits[i].unit == LIMIT_DAY)
                        days += limits[i].amount;
                else
                        t = limit_end(calendar, schedule, t, limits[i], count_first_day);
        }
        return days > 0 ? run_days(calendar, schedule, t, days, count_first_day) : t;
}
