/* Time of day in Kazakhstan's legal time, and its texts. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"

#define DAY_S 86400
/* 2024-03-01T00:00 local = 2024-02-29T18:00Z: from then on UTC+5 (services.md D.4, tzdata Asia/Almaty). */
#define OFFSET_CHANGE_S 1709229600
#define OFFSET_BEFORE_MIN 360
#define OFFSET_AFTER_MIN 300

struct wall_time wall_now(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        return (struct wall_time){(int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000};
}

struct mono_time mono_now(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (struct mono_time){(int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000};
}

static int offset_minutes(int64_t utc_s)
{
        return utc_s < OFFSET_CHANGE_S ? OFFSET_BEFORE_MIN : OFFSET_AFTER_MIN;
}

/* Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_from_civil(int year, int month, int day)
{
        int64_t y = month <= 2 ? year - 1 : year;
        int64_t era = (y >= 0 ? y : y - 399) / 400;
        int64_t yoe = y - era * 400;
        int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
        days += 719468;
        int64_t era = (days >= 0 ? days : days - 146096) / 146097;
        int64_t doe = days - era * 146097;
        int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        int64_t mp = (5 * doy + 2) / 153;
        *day = (int)(doy - (153 * mp + 2) / 5 + 1);
        *month = (int)(mp < 10 ? mp + 3 : mp - 9);
        *year = (int)(yoe + era * 400 + (*month <= 2));
}

static int64_t floor_div(int64_t a, int64_t b)
{
        int64_t q = a / b;
        return (a % b < 0) ? q - 1 : q;
}

struct clock_fields clock_fields_of(struct wall_time t)
{
        struct clock_fields f = {0};
        int64_t utc_s = floor_div(t.ms, 1000);
        f.offset_minutes = offset_minutes(utc_s);
        int64_t local = utc_s + f.offset_minutes * 60;
        int64_t days = floor_div(local, DAY_S);
        civil_from_days(days, &f.year, &f.month, &f.day);
        f.second_of_day = (int)(local - days * DAY_S);
        return f;
}

struct wall_time clock_from_fields(int year, int month, int day, int second_of_day)
{
        int64_t local = days_from_civil(year, month, day) * DAY_S + second_of_day;
        /* Local times of the hour that was lived twice on 2024-03-01 are taken as the later one. */
        int64_t utc = local - OFFSET_AFTER_MIN * 60;
        if (utc < OFFSET_CHANGE_S)
                utc = local - OFFSET_BEFORE_MIN * 60;
        return (struct wall_time){utc * 1000};
}

char *clock_iso(struct wall_time t, char out[CLOCK_TEXT_MAX])
{
        struct clock_fields f = clock_fields_of(t);
        int ms = (int)(t.ms - floor_div(t.ms, 1000) * 1000);
        snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03d+%02d:%02d", f.year, f.month, f.day, f.second_of_day / 3600,
                 f.second_of_day / 60 % 60, f.second_of_day % 60, ms, f.offset_minutes / 60, f.offset_minutes % 60);
        return out;
}

char *clock_date_people(struct wall_time t, char out[CLOCK_TEXT_MAX])
{
        struct clock_fields f = clock_fields_of(t);
        snprintf(out, CLOCK_TEXT_MAX, "%02d.%02d.%04d", f.day, f.month, f.year);
        return out;
}

char *clock_datetime_people(struct wall_time t, char out[CLOCK_TEXT_MAX])
{
        struct clock_fields f = clock_fields_of(t);
        snprintf(out, CLOCK_TEXT_MAX, "%02d.%02d.%04d %02d:%02d", f.day, f.month, f.year, f.second_of_day / 3600, f.second_of_day / 60 % 60);
        return out;
}

char *clock_date_iso(struct wall_time t, char out[CLOCK_TEXT_MAX])
{
        struct clock_fields f = clock_fields_of(t);
        snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02d", f.year, f.month, f.day);
        return out;
}

static bool digits(const char **p, int count, int *ret_value)
{
        int v = 0;
        for (int i = 0; i < count; i++) {
                char c = (*p)[i];
                if (c < '0' || c > '9')
                        return false;
                v = v * 10 + (c - '0');
        }
        *p += count;
        *ret_value = v;
        return true;
}

static bool literal(const char **p, char c)
{
        if (**p != c)
                return false;
        (*p)++;
        return true;
}

static bool date_is_real(int year, int month, int day)
{
        static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (year < 1970 || month < 1 || month > 12 || day < 1)
                return false;
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return day <= length[month - 1] + (month == 2 && leap);
}

static bool parse_date(const char **p, int *year, int *month, int *day)
{
        return digits(p, 4, year) && literal(p, '-') && digits(p, 2, month) && literal(p, '-') && digits(p, 2, day) &&
               date_is_real(*year, *month, *day);
}

/* Fraction of a second in ms; further digits are cut off. */
static bool parse_fraction(const char **p, int *ms)
{
        *ms = 0;
        if (**p != '.')
                return true;
        (*p)++;
        int n = 0;
        for (int scale = 100; **p >= '0' && **p <= '9'; (*p)++, n++, scale /= 10)
                *ms += (**p - '0') * scale;
        return n > 0 && n <= 12;
}

static bool parse_offset(const char **p, bool *given, int *minutes)
{
        *given = **p != '\0';
        *minutes = 0;
        if (!*given || literal(p, 'Z'))
                return true;
        int sign = **p == '-' ? -1 : 1;
        if (**p != '+' && **p != '-')
                return false;
        (*p)++;
        int h = 0, m = 0;
        if (!digits(p, 2, &h) || !literal(p, ':') || !digits(p, 2, &m) || h > 14 || m > 59)
                return false;
        *minutes = sign * (h * 60 + m);
        return true;
}

enum gw_rc clock_parse_iso(const char *text, struct wall_time *ret_time)
{
        const char *p = text ? text : "";
        int year, month, day, hour, minute, second, ms, offset;
        bool offset_given;
        if (!parse_date(&p, &year, &month, &day) || !literal(&p, 'T') || !digits(&p, 2, &hour) || !literal(&p, ':') ||
            !digits(&p, 2, &minute) || !literal(&p, ':') || !digits(&p, 2, &second) || !parse_fraction(&p, &ms) ||
            !parse_offset(&p, &offset_given, &offset) || *p != '\0' || hour > 23 || minute > 59 || second > 59)
                return GW_REJECT;
        int of_day = hour * 3600 + minute * 60 + second;
        struct wall_time t = clock_from_fields(year, month, day, of_day);
        if (offset_given)
                t.ms = (days_from_civil(year, month, day) * DAY_S + of_day - offset * 60) * 1000;
        t.ms += ms;
        *ret_time = t;
        return GW_OK;
}

enum gw_rc clock_parse_date(const char *text, struct wall_time *ret_time)
{
        const char *p = text ? text : "";
        int year, month, day;
        if (!parse_date(&p, &year, &month, &day) || *p != '\0')
                return GW_REJECT;
        *ret_time = clock_from_fields(year, month, day, 0);
        return GW_OK;
}
