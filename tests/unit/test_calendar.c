/* Working days, office hours and the ends of time limits (services.md D). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/calendar/calendar.h"

static struct calendar *open_calendar(void)
{
        struct why why = WHY_INIT;
        struct calendar *calendar = NULL;
        if (calendar_load("conf/calendar", &calendar, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return calendar;
}

static struct wall_time at(const char *iso)
{
        struct wall_time t;
        assert_int_equal(clock_parse_iso(iso, &t), GW_OK);
        return t;
}

static void same(struct wall_time got, const char *want, const char *what)
{
        char text[CLOCK_TEXT_MAX];
        struct wall_time wanted = at(want);
        if (got.ms != wanted.ms)
                fail_msg("%s: got %s, want %s", what, clock_iso(got, text), want);
}

/* The vectors of services.md D.3: reception day not counted, the end at 18:00. */
static void regulation_vectors(void **state GW_UNUSED)
{
        static const struct { const char *accepted; unsigned days; const char *due; } rows[] = {
                {"2018-03-16T10:00:00", 10, "2018-04-04T18:00:00"}, {"2018-04-27T10:00:00", 10, "2018-05-16T18:00:00"},
                {"2018-05-05T10:00:00", 10, "2018-05-23T18:00:00"}, {"2018-12-27T10:00:00", 10, "2019-01-15T18:00:00"},
                {"2018-03-20T10:00:00", 6, "2018-04-02T18:00:00"},  {"2018-04-25T10:00:00", 21, "2018-05-29T18:00:00"},
                {"2018-08-20T10:00:00", 21, "2018-09-20T18:00:00"}, {"2025-10-23T10:00:00", 8, "2025-11-05T18:00:00"},
        };
        auto_calendar struct calendar *calendar = open_calendar();
        const struct schedule *office = calendar_schedule(calendar, "office");
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                same(limit_end(calendar, office, at(rows[i].accepted), (struct limit){rows[i].days, LIMIT_WORKING_DAYS}, false), rows[i].due, rows[i].accepted);
                same(limit_end(calendar, office, at(rows[i].accepted), (struct limit){rows[i].days + 1, LIMIT_WORKING_DAYS}, true), rows[i].due, "first day counted");
        }
}

/* Five-day working days of the years (services.md D.1). */
static void working_days_of_years(void **state GW_UNUSED)
{
        static const int want[] = {245, 246, 246, 246, 245, 246, 246, 249, 246, 246};
        auto_calendar struct calendar *calendar = open_calendar();
        for (int year = 2017; year <= 2026; year++) {
                int count = 0;
                for (int month = 1; month <= 12; month++)
                        for (int day = 1; day <= 31; day++) {
                                struct wall_time t = clock_from_fields(year, month, day, 43200);
                                struct clock_fields f = clock_fields_of(t);
                                if (f.month == month && f.day == day)
                                        count += calendar_is_working_day(calendar, t);
                        }
                if (count != want[year - 2017])
                        fail_msg("%d: %d working days, want %d", year, count, want[year - 2017]);
        }
        assert_true(calendar_covers(calendar, at("2017-01-01T00:00:00")));
        assert_false(calendar_covers(calendar, at("2016-12-31T23:59:59")));
        assert_false(calendar_covers(calendar, at("2027-01-01T00:00:00")));
        assert_string_equal(calendar_holiday(calendar, at("2026-05-27T12:00:00"), false), "Первый день Курбан-айта");
        assert_string_equal(calendar_holiday(calendar, at("2026-10-25T12:00:00"), true), "Республика күні");
        assert_null(calendar_holiday(calendar, at("2018-04-28T12:00:00"), true)); /* a Saturday that was worked */
        assert_null(calendar_holiday(calendar, at("2026-05-28T12:00:00"), true));
        assert_true(calendar_is_working_day(calendar, at("2018-04-28T12:00:00")));
        assert_false(calendar_is_working_day(calendar, at("2018-04-30T12:00:00")));
        assert_true(calendar_is_working_day(calendar, at("2022-12-16T12:00:00")) == false && calendar_is_working_day(calendar, at("2022-12-19T12:00:00")));
}

static void minutes_and_hours(void **state GW_UNUSED)
{
        static const struct { const char *from; unsigned amount; enum limit_unit unit; const char *due; } rows[] = {
                {"2026-11-23T09:00:00", 5, LIMIT_MINUTES, "2026-11-23T09:05:00"},
                {"2026-11-23T12:50:00", 15, LIMIT_MINUTES, "2026-11-23T14:05:00"}, /* over lunch */
                {"2026-11-23T12:45:00", 15, LIMIT_MINUTES, "2026-11-23T13:00:00"},
                {"2026-11-23T13:20:00", 15, LIMIT_MINUTES, "2026-11-23T14:15:00"}, /* during lunch */
                {"2026-11-23T17:50:00", 25, LIMIT_MINUTES, "2026-11-24T09:15:00"}, /* over night */
                {"2026-11-20T17:50:00", 25, LIMIT_MINUTES, "2026-11-23T09:15:00"}, /* over a week-end */
                {"2026-11-21T10:00:00", 10, LIMIT_MINUTES, "2026-11-23T09:10:00"}, /* on a Saturday */
                {"2026-11-23T07:00:00", 10, LIMIT_MINUTES, "2026-11-23T09:10:00"},
                {"2026-11-23T18:00:00", 10, LIMIT_MINUTES, "2026-11-24T09:10:00"}, /* closing time is closed */
                {"2026-11-23T16:30:00", 2, LIMIT_HOURS, "2026-11-24T09:30:00"},
                {"2026-11-23T10:00:00", 1, LIMIT_WITHIN_WORKING_DAY, "2026-11-23T18:00:00"},
                {"2026-11-23T19:00:00", 1, LIMIT_WITHIN_WORKING_DAY, "2026-11-24T18:00:00"},
                {"2024-02-29T17:00:00", 2, LIMIT_HOURS, "2024-03-01T10:00:00"},    /* the night in which the offset changed (D.4) */
                {"2026-03-20T17:00:00", 2, LIMIT_HOURS, "2026-03-26T10:00:00"},    /* Nauryz and its transferred days off */
                {"2026-11-23T10:00:00", 0, LIMIT_NONE, "2026-11-23T10:00:00"},
                {"2026-11-23T10:00:00", 1, LIMIT_DAY, "2026-11-24T18:00:00"},
        };
        auto_calendar struct calendar *calendar = open_calendar();
        const struct schedule *office = calendar_schedule(calendar, "office");
        for (size_t i = 0; i < GW_COUNT(rows); i++)
                same(limit_end(calendar, office, at(rows[i].from), (struct limit){rows[i].amount, rows[i].unit}, false), rows[i].due, rows[i].from);
        const struct schedule *portal = calendar_schedule(calendar, "portal"), *statecorp = calendar_schedule(calendar, "statecorp");
        same(limit_end(calendar, portal, at("2026-01-01T23:50:00"), (struct limit){25, LIMIT_MINUTES}, false), "2026-01-02T00:15:00", "the Portal never closes");
        same(limit_end(calendar, statecorp, at("2026-11-21T12:55:00"), (struct limit){10, LIMIT_MINUTES}, false), "2026-11-23T09:05:00", "Saturday until 13:00");
        assert_true(schedule_is_open(calendar, statecorp, at("2026-11-21T12:59:59")) && !schedule_is_open(calendar, statecorp, at("2026-11-21T13:00:00")));
        assert_false(schedule_is_open(calendar, statecorp, at("2025-08-30T10:00:00"))); /* Constitution Day, a Saturday */
        assert_null(calendar_schedule(calendar, "nowhere"));
}

/* TSA_ASSIGN, Employment Centre: 5, 10 min, 1 and 5 working days, 5 min (No. 71, appendix 1, p. 7). */
static void a_whole_route(void **state GW_UNUSED)
{
        static const struct limit route[] = {{5, LIMIT_MINUTES}, {10, LIMIT_MINUTES}, {1, LIMIT_WORKING_DAYS}, {5, LIMIT_WORKING_DAYS}, {5, LIMIT_MINUTES}};
        auto_calendar struct calendar *calendar = open_calendar();
        const struct schedule *office = calendar_schedule(calendar, "office");
        same(limit_end_of_all(calendar, office, at("2018-03-20T10:00:00"), route, GW_COUNT(route), false), "2018-04-02T18:00:00", "six working days");
        same(limit_end_of_all(calendar, office, at("2018-03-20T10:00:00"), route, 2, false), "2018-03-20T10:15:00", "fifteen minutes");
}

/* Properties over ten years: a limit never ends while closed or before it began, more is never earlier, and one day after another is two days. */
static void properties(void **state GW_UNUSED)
{
        auto_calendar struct calendar *calendar = open_calendar();
        const struct schedule *office = calendar_schedule(calendar, "office");
        uint64_t random = 7;
        for (int i = 0; i < 20000; i++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                struct wall_time from = {1483207200000 + (int64_t)(random >> 20) % 315000000000};
                struct limit days = {1 + (unsigned)(random % 30), LIMIT_WORKING_DAYS}, minutes = {1 + (unsigned)(random % 600), LIMIT_MINUTES};
                struct wall_time day_end = limit_end(calendar, office, from, days, false), minute_end = limit_end(calendar, office, from, minutes, false);
                assert_true(day_end.ms > from.ms && minute_end.ms > from.ms);
                assert_int_equal(clock_fields_of(day_end).second_of_day, 18 * 3600);
                assert_true(calendar_is_working_day(calendar, day_end) && calendar_is_working_day(calendar, minute_end));
                assert_true(schedule_is_open(calendar, office, (struct wall_time){minute_end.ms - 1000}));
                days.amount++;
                assert_true(limit_end(calendar, office, from, days, false).ms > day_end.ms);
                days.amount = 1;
                struct limit two = {2, LIMIT_WORKING_DAYS};
                struct wall_time one = limit_end(calendar, office, from, days, false);
                assert_int_equal(limit_end(calendar, office, (struct wall_time){one.ms - 1000}, days, false).ms, limit_end(calendar, office, from, two, false).ms);
        }
}

static void limits_are_read(void **state GW_UNUSED)
{
        static const struct { const char *amount, *unit; bool good; unsigned n; enum limit_unit want; } rows[] = {
                {"5", "min", true, 5, LIMIT_MINUTES}, {"2", "hour", true, 2, LIMIT_HOURS}, {"10", "workday", true, 10, LIMIT_WORKING_DAYS}, {"1", "day", true, 1, LIMIT_DAY},
                {"1", "workday_within", true, 1, LIMIT_WITHIN_WORKING_DAY}, {"", "workday_within", true, 1, LIMIT_WITHIN_WORKING_DAY}, {"", "", true, 0, LIMIT_NONE},
                {"0", "min", false, 0, LIMIT_NONE}, {"-1", "min", false, 0, LIMIT_NONE}, {"1001", "min", false, 0, LIMIT_NONE}, {"5", "", false, 0, LIMIT_NONE},
                {"", "min", false, 0, LIMIT_NONE}, {"5", "weeks", false, 0, LIMIT_NONE}, {"2", "workday_within", false, 0, LIMIT_NONE}, {"5 ", "min", false, 0, LIMIT_NONE},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                struct limit limit;
                if (limit_parse(rows[i].amount, rows[i].unit, &limit) != rows[i].good)
                        fail_msg("\"%s\" \"%s\"", rows[i].amount, rows[i].unit);
                if (rows[i].good)
                        assert_true(limit.amount == rows[i].n && limit.unit == rows[i].want);
        }
}

#define DAYS_HEAD "date;weekday;kind;name_kk;name_ru\n"
#define HOURS_HEAD "schedule;days;opens;closes;lunch_from;lunch_to;holidays\n"
#define GOOD_DAY "2026-01-01;Thu;HOLIDAY;a;b\n"
#define GOOD_HOURS "office;Mon-Fri;09:00;18:00;13:00;14:00;closed\n"

/* A mistake names file, line and reason. */
static void mistakes(void **state GW_UNUSED)
{
        static const struct { const char *days, *hours, *want; } rows[] = {
                {GOOD_DAY, GOOD_HOURS, NULL},
                {"# comment\n\n" GOOD_DAY, GOOD_HOURS, NULL},
                {"", GOOD_HOURS, "days.csv names no day"},
                {"2026-01-01;Fri;HOLIDAY;a;b\n", GOOD_HOURS, "days.csv:2: that date is another day of the week"},
                {"2026-02-30;Mon;HOLIDAY;a;b\n", GOOD_HOURS, "days.csv:2: the date is not yyyy-mm-dd"},
                {GOOD_DAY GOOD_DAY, GOOD_HOURS, "days.csv:3: the dates must ascend"},
                {"2026-01-01;Thu;FEAST;a;b\n", GOOD_HOURS, "days.csv:2: kind is"},
                {"2026-01-01;Thu;HOLIDAY;a\n", GOOD_HOURS, "days.csv:2: another number of columns"},
                {"2026-01-01;Thu;HOLIDAY;\xff;b\n", GOOD_HOURS, "days.csv:0: cannot be read, or is not UTF-8"},
                {GOOD_DAY, "", "has no schedule `office`"},
                {GOOD_DAY, GOOD_HOURS "office;Fri;09:00;18:00;;;closed\n", "hours.csv:3: that day of the week has hours already"},
                {GOOD_DAY, "office;Mon-Fry;09:00;18:00;;;closed\n", "hours.csv:2: days are written"},
                {GOOD_DAY, "office;Fri-Mon;09:00;18:00;;;closed\n", "hours.csv:2: days are written"},
                {GOOD_DAY, "office;Mon;18:00;09:00;;;closed\n", "hours.csv:2: opens and closes"},
                {GOOD_DAY, "office;Mon;09:00;24:01;;;closed\n", "hours.csv:2: opens and closes"},
                {GOOD_DAY, "office;Mon;09:00;18:00;18:00;19:00;closed\n", "hours.csv:2: lunch lies"},
                {GOOD_DAY, "office;Mon;09:00;18:00;13:00;;closed\n", "hours.csv:2: lunch lies"},
                {GOOD_DAY, "office;Mon;09:00;18:00;;;maybe\n", "hours.csv:2: holidays is"},
                {GOOD_DAY, ";Mon;09:00;18:00;;;closed\n", "hours.csv:2: the schedule's name"},
        };
        char folder[] = "/tmp/calendar-XXXXXX";
        assert_non_null(mkdtemp(folder));
        auto_str char *days = xasprintf("%s/days.csv", folder), *hours = xasprintf("%s/hours.csv", folder);
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_str char *day_text = xasprintf(DAYS_HEAD "%s", rows[i].days), *hour_text = xasprintf(HOURS_HEAD "%s", rows[i].hours);
                assert_true(text_write_file(days, span_str(day_text), 0600) && text_write_file(hours, span_str(hour_text), 0600));
                struct why why = WHY_INIT;
                auto_calendar struct calendar *calendar = NULL;
                enum gw_rc rc = calendar_load(folder, &calendar, &why);
                if (rows[i].want ? rc != GW_FAULT || !strstr(why.detail, rows[i].want) : rc != GW_OK)
                        fail_msg("row %zu: %s", i, why.detail);
        }
        unlink(days);
        unlink(hours);
        struct why why = WHY_INIT;
        struct calendar *calendar = NULL;
        assert_int_equal(calendar_load(folder, &calendar, &why), GW_FAULT);
        rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(regulation_vectors), cmocka_unit_test(working_days_of_years), cmocka_unit_test(minutes_and_hours), cmocka_unit_test(a_whole_route),
                cmocka_unit_test(properties),         cmocka_unit_test(limits_are_read),       cmocka_unit_test(mistakes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
