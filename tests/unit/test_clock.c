/* Legal time of Kazakhstan: UTC+6 until 2024-02-29T18:00Z, UTC+5 since (services.md D.4); reading and writing of instants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <time.h>

#include "gateway/base/clock.h"

#define CHANGE_MS 1709229600000 /* 2024-02-29T18:00:00Z */

static void iso_of_known_instants(void **state GW_UNUSED)
{
        static const struct { int64_t ms; const char *iso, *date, *people, *minute; } cases[] = {
                {0, "1970-01-01T06:00:00.000+06:00", "1970-01-01", "01.01.1970", "01.01.1970 06:00"},
                {1, "1970-01-01T06:00:00.001+06:00", "1970-01-01", "01.01.1970", "01.01.1970 06:00"},
                {CHANGE_MS - 1, "2024-02-29T23:59:59.999+06:00", "2024-02-29", "29.02.2024", "29.02.2024 23:59"},
                {CHANGE_MS, "2024-02-29T23:00:00.000+05:00", "2024-02-29", "29.02.2024", "29.02.2024 23:00"},
                {CHANGE_MS + 3600000, "2024-03-01T00:00:00.000+05:00", "2024-03-01", "01.03.2024", "01.03.2024 00:00"},
                {951847200000, "2000-03-01T00:00:00.000+06:00", "2000-03-01", "01.03.2000", "01.03.2000 00:00"},
                {951847199999, "2000-02-29T23:59:59.999+06:00", "2000-02-29", "29.02.2000", "29.02.2000 23:59"},
                {1795357837123, "2026-11-22T19:30:37.123+05:00", "2026-11-22", "22.11.2026", "22.11.2026 19:30"},
                {4107524400000, "2100-03-01T00:00:00.000+05:00", "2100-03-01", "01.03.2100", "01.03.2100 00:00"},
                {253402282799999, "9999-12-31T23:59:59.999+05:00", "9999-12-31", "31.12.9999", "31.12.9999 23:59"},
        };
        char out[CLOCK_TEXT_MAX];
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct wall_time t = {cases[i].ms};
                assert_string_equal(clock_iso(t, out), cases[i].iso);
                assert_string_equal(clock_date_iso(t, out), cases[i].date);
                assert_string_equal(clock_date_people(t, out), cases[i].people);
                assert_string_equal(clock_datetime_people(t, out), cases[i].minute);
        }
}

static void iso_is_read_back(void **state GW_UNUSED)
{
        char text[CLOCK_TEXT_MAX];
        for (int64_t ms = 0; ms < 253402282800000; ms += 86400000LL * 37 + 12345677) {
                struct wall_time got;
                assert_int_equal(clock_parse_iso(clock_iso((struct wall_time){ms}, text), &got), GW_OK);
                assert_int_equal(got.ms, ms);
        }
        for (int64_t ms = CHANGE_MS - 7200000; ms < CHANGE_MS + 7200000; ms += 60000) {
                struct wall_time got;
                assert_int_equal(clock_parse_iso(clock_iso((struct wall_time){ms}, text), &got), GW_OK);
                assert_int_equal(got.ms, ms);
        }
}

/* Every day agrees with the C library's calendar, which is fed with the legal offset. */
static void every_day_agrees_with_gmtime(void **state GW_UNUSED)
{
        for (int64_t day = 0; day < 366 * 150; day++) {
                struct clock_fields f = clock_fields_of((struct wall_time){day * 86400000});
                assert_int_equal(f.offset_minutes, day * 86400000 < CHANGE_MS ? 360 : 300);
                time_t local = (time_t)(day * 86400 + f.offset_minutes * 60);
                struct tm tm;
                assert_non_null(gmtime_r(&local, &tm));
                assert_int_equal(f.year, tm.tm_year + 1900);
                assert_int_equal(f.month, tm.tm_mon + 1);
                assert_int_equal(f.day, tm.tm_mday);
                assert_int_equal(f.second_of_day, tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
                assert_int_equal(clock_from_fields(f.year, f.month, f.day, f.second_of_day).ms, day * 86400000);
        }
}

static void what_is_read(void **state GW_UNUSED)
{
        static const struct { const char *text; int64_t want; } cases[] = {
                {"1970-01-01T00:00:00Z", 0},
                {"1970-01-01T00:00:00.5Z", 500},
                {"1970-01-01T00:00:00.123456789Z", 123},
                {"1970-01-01T00:00:00.999999999999Z", 999},
                {"2026-11-22T19:30:37.123+05:00", 1795357837123},
                {"2026-11-22T20:30:37.123+06:00", 1795357837123},
                {"2026-11-22T14:30:37.123Z", 1795357837123},
                {"2026-11-22T04:30:37.123-10:00", 1795357837123},
                {"2026-11-23T04:30:37.123+14:00", 1795357837123},
                {"2026-11-22T14:00:37.123-00:30", 1795357837123},
                {"2026-11-22T19:30:37.123", 1795357837123}, /* no offset: legal time */
                {"2024-02-29T22:59:59", CHANGE_MS - 3600000 - 1000},
                {"2024-02-29T23:30:00", CHANGE_MS + 1800000}, /* lived twice: the later */
                {"2024-02-29T23:30:00+06:00", CHANGE_MS - 1800000},
                {"2024-03-01T00:00:00", CHANGE_MS + 3600000},
                {"2000-02-29T00:00:00Z", 951782400000},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct wall_time got = {-1};
                if (clock_parse_iso(cases[i].text, &got) != GW_OK || got.ms != cases[i].want)
                        fail_msg("%s: got %lld, want %lld", cases[i].text, (long long)got.ms, (long long)cases[i].want);
        }
}

static void what_is_refused(void **state GW_UNUSED)
{
        static const char *const cases[] = {
                NULL, "", "2026", "2026-11-22", "2026-11-22T", "2026-11-22 10:00:00Z", "2026-11-22t10:00:00z", "2026-11-22T10:00Z",
                "2026-11-22T10:00:00z", "2026-11-22T10:00:00 Z", " 2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z ", "2026-11-22T10:00:00Zx",
                "2026-11-22T10:00:00.Z", "2026-11-22T10:00:00.", "2026-11-22T10:00:00,5Z", "2026-11-22T10:00:00.1234567890123Z",
                "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z", "2026-11-22T10:00:60Z", "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z",
                "2026-01-00T10:00:00Z", "2026-01-32T10:00:00Z", "2026-04-31T10:00:00Z", "2026-02-29T10:00:00Z", "2100-02-29T10:00:00Z",
                "2024-02-30T10:00:00Z", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-2026-11-22T10:00:00Z",
                "+2026-11-22T10:00:00Z", "26-11-22T10:00:00Z", "2026-1-22T10:00:00Z", "2026-11-2T10:00:00Z", "2026-11-22T1:00:00Z",
                "2026-11-22T10:00:00+5:00", "2026-11-22T10:00:00+0500", "2026-11-22T10:00:00+05", "2026-11-22T10:00:00+05:60",
                "2026-11-22T10:00:00+15:00", "2026-11-22T10:00:00-99:00", "2026-11-22T10:00:00+", "2026-11-22T10:00:00+05:00Z",
                "2026/11/22T10:00:00Z", "2026-11-22T10.00.00Z", "202a-11-22T10:00:00Z", "2026-11-22T10:00:0aZ", "22.11.2026", "now",
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct wall_time got = {4711};
                if (clock_parse_iso(cases[i], &got) != GW_REJECT || got.ms != 4711)
                        fail_msg("\"%s\" was read as %lld", cases[i] ? cases[i] : "NULL", (long long)got.ms);
        }
}

static void dates(void **state GW_UNUSED)
{
        struct wall_time got = {4711};
        assert_int_equal(clock_parse_date("2024-03-01", &got), GW_OK);
        assert_int_equal(got.ms, CHANGE_MS + 3600000);
        assert_int_equal(clock_parse_date("2024-02-29", &got), GW_OK);
        assert_int_equal(got.ms, CHANGE_MS - 86400000);
        assert_int_equal(clock_parse_date("2026-11-22", &got), GW_OK);
        assert_int_equal(got.ms, 1795287600000);
        static const char *const bad[] = {NULL, "", "2023-02-29", "2026-11-22T", "2026-11-22 ", "2026-11-31",
                                          "1969-12-31", "2026-1-1", "22.11.2026"};
        for (size_t i = 0; i < GW_COUNT(bad); i++)
                if (clock_parse_date(bad[i], &got) != GW_REJECT)
                        fail_msg("\"%s\" was read", bad[i] ? bad[i] : "NULL");
        assert_int_equal(got.ms, 1795287600000);
}

static void times_before_1970_do_not_break(void **state GW_UNUSED)
{
        char out[CLOCK_TEXT_MAX];
        assert_string_equal(clock_iso((struct wall_time){-1}, out), "1970-01-01T05:59:59.999+06:00");
        assert_string_equal(clock_iso((struct wall_time){-21600001}, out), "1969-12-31T23:59:59.999+06:00");
}

static void clocks_run(void **state GW_UNUSED)
{
        struct mono_time a = mono_now(), b = mono_now();
        assert_true(b.ms >= a.ms);
        assert_true(llabs(wall_now().ms - (long long)time(NULL) * 1000) < 5000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(iso_of_known_instants),
                cmocka_unit_test(iso_is_read_back),
                cmocka_unit_test(every_day_agrees_with_gmtime),
                cmocka_unit_test(what_is_read),
                cmocka_unit_test(what_is_refused),
                cmocka_unit_test(dates),
                cmocka_unit_test(times_before_1970_do_not_break),
                cmocka_unit_test(clocks_run),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
