/* Working days and office hours of Kazakhstan, as data (conf/calendar), and the moments at which legal time limits end.
 *
 * Law No. 267 of 13.12.2001 names the holidays; a holiday on a day off moves to the next working day; the Government moves days off (services.md D.1). All of
 * that is written out day by day in days.csv, so that nobody has to trust a rule here. Days are days of legal time (clock.h). */
#ifndef GW_CALENDAR_CALENDAR_H
#define GW_CALENDAR_CALENDAR_H

#include "gateway/base/clock.h"
#include "gateway/base/why.h"

struct calendar; /* never changes once made; counted references */
/* folder holds
 *   days.csv    date;weekday;kind;name_kk;name_ru — every day that is not what its weekday says: HOLIDAY, OBSERVED, RELIGIOUS, TRANSFER (off); WORKING_DAY
 *   hours.csv   schedule;days;opens;closes;lunch_from;lunch_to — rows of a schedule for groups of weekdays ("Mon-Fri"); holidays: "no" unless a row says "holidays"
 * GW_FAULT CONFIGURATION, detail "FILE:LINE: what". */
GW_MUST_CHECK enum gw_rc calendar_load(const char *folder, struct calendar **ret_calendar, struct why *why);
struct calendar *calendar_ref(struct calendar *calendar);
void calendar_unref(struct calendar *calendar);
GW_DEFINE_AUTO(calendar, struct calendar, calendar_unref)
#define auto_calendar gw_auto(calendar)
/* Days between the first and the last of days.csv are known; outside them only Saturdays and Sundays are days off. */
bool calendar_covers(const struct calendar *calendar, struct wall_time t);
/* Is the day of that instant a working day of the five-day week? */
bool calendar_is_working_day(const struct calendar *calendar, struct wall_time t);
/* Name of the holiday of that day in kk or ru; NULL when it has none. Borrowed. */
const char *calendar_holiday(const struct calendar *calendar, struct wall_time t, bool kazakh);

/* A schedule of hours.csv: "office" is the provider's, others are reception calendars of channels. NULL when there is none of that name. */
struct schedule;
const struct schedule *calendar_schedule(const struct calendar *calendar, const char *name);
/* Open at that instant (lunch is closed). */
bool schedule_is_open(const struct calendar *calendar, const struct schedule *schedule, struct wall_time t);
/* When work on something that arrives at t begins: t itself while open; after the end of lunch, or at the opening of the next open day. */
struct wall_time schedule_begin(const struct calendar *calendar, const struct schedule *schedule, struct wall_time t);
/* The last moment at or before t at which it is open or has just closed. */
struct wall_time schedule_last_before(const struct calendar *calendar, const struct schedule *schedule, struct wall_time t);

/* ---- time limits (services.md D.3) ---- */
enum limit_unit {
        LIMIT_NONE,                /* the regulation states none */
        LIMIT_MINUTES,             /* run only while open */
        LIMIT_HOURS,
        LIMIT_WORKING_DAYS,        /* end at closing time of the last day */
        LIMIT_WITHIN_WORKING_DAY,  /* closing time of the day on which it begins */
        LIMIT_DAY,                 /* "1 (бір) күні" (No. 71, appendix 3, 6.3): counted as working days */
};
struct limit { unsigned amount; enum limit_unit unit; };
/* "5 min", "2 hour", "1 workday", "workday_within", "1 day" (steps.tsv); "" is NONE. False when it is none of these or the amount is 0 or over 1000. */
GW_MUST_CHECK bool limit_parse(const char *amount, const char *unit, struct limit *ret_limit);
/* The end of a limit that starts at `from`. What arrives outside opening hours is as if it arrived at the next opening. count_first_day: the day of arrival counts (days only). With
 * LIMIT_NONE from itself. */
struct wall_time limit_end(const struct calendar *calendar, const struct schedule *schedule, struct wall_time from, struct limit limit, bool count_first_day);
/* Limits one after the other from the same start: minutes and hours first run on, days are added up (a cumulative cap of the route is the caller's to compare). */
struct wall_time limit_end_of_all(const struct calendar *calendar, const struct schedule *schedule, struct wall_time from, const struct limit *limits, size_t count, bool count_first_day);

#endif
