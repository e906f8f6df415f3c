/* Reads conf/calendar. */
#include "gateway/calendar/calendar.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/calendar/schedule.h"
#include "gateway/reason.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define FIELDS_MAX 8

struct day {
        int date;          /* 20261122 */
        bool working;
        char *kk, *ru;     /* NULL when it is no holiday */
};

struct calendar {
        _Atomic int references;
        struct day *days;  /* by date */
        size_t day_count;
        struct schedule schedules[SCHEDULES_MAX];
        size_t schedule_count;
};

static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* ---- lines ---- */

struct csv {
        const char *file;
        unsigned line;
        char *fields[FIELDS_MAX];
        size_t count;
};

static enum gw_rc bad(const struct csv *csv, struct why *why, const char *what)
{
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "calendar/%s:%u: %s", csv->file, csv->line, what);
}

static void split(struct csv *csv, char *text)
{
        csv->count = 0;
        while (csv->count < FIELDS_MAX) {
                csv->fields[csv->count++] = text;
                char *end = strchr(text, ';');
                if (!end)
                        return;
                *end = '\0';
                text = end + 1;
        }
}

/* Every line but the first, which names the columns, comments and empty ones. */
static enum gw_rc each_line(const char *folder, const char *file, size_t columns, enum gw_rc (*take)(struct calendar *, struct csv *, struct why *), struct calendar *calendar,
                            struct why *why)
{
        struct csv csv = {.file = file};
        auto_str char *path = xasprintf("%s/%s", folder, file);
        auto_buf struct buf bytes = BUF_LIMIT(FILE_MAX_BYTES);
        if (!text_read_file(path, &bytes) || !text_is_utf8(buf_span(&bytes)) || memchr(bytes.p ? bytes.p : (const uint8_t *)"", 0, bytes.n))
                return bad(&csv, why, "cannot be read, or is not UTF-8");
        auto_str char *text = span_dup(buf_span(&bytes));
        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                csv.line++;
                line[strcspn(line, "\r")] = '\0';
                if (csv.line == 1 || *line == '\0' || *line == '#')
                        continue;
                split(&csv, line);
                if (csv.count != columns)
                        return bad(&csv, why, "another number of columns than the first line names");
                enum gw_rc rc = take(calendar, &csv, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* ---- days ---- */

static int date_of(struct wall_time t)
{
        struct clock_fields f = clock_fields_of(t);
        return f.year * 10000 + f.month * 100 + f.day;
}

int calendar_weekday(struct wall_time t)
{
        struct clock_fields f = clock_fields_of(t);
        int64_t day = (t.ms + (int64_t)f.offset_minutes * 60000) / 86400000;
        return (int)((day + 3) % 7); /* 1970-01-01 was a Thursday */
}

static enum gw_rc take_day(struct calendar *calendar, struct csv *csv, struct why *why)
{
        static const char *const off[] = {"HOLIDAY", "OBSERVED", "RELIGIOUS", "TRANSFER"};
        struct wall_time at;
        if (clock_parse_date(csv->fields[0], &at) != GW_OK)
                return bad(csv, why, "the date is not yyyy-mm-dd");
        if (!str_eq(csv->fields[1], weekdays[calendar_weekday(at)]))
                return bad(csv, why, "that date is another day of the week");
        struct day day = {.date = date_of(at), .working = str_eq(csv->fields[2], "WORKING_DAY")};
        bool known = day.working;
        for (size_t i = 0; i < GW_COUNT(off); i++)
                known = known || str_eq(csv->fields[2], off[i]);
        if (!known)
                return bad(csv, why, "kind is HOLIDAY, OBSERVED, RELIGIOUS, TRANSFER or WORKING_DAY");
        if (calendar->day_count > 0 && calendar->days[calendar->day_count - 1].date >= day.date)
                return bad(csv, why, "the dates must ascend, each once");
        if (!day.working) {
                day.kk = xstrdup(csv->fields[3]);
                day.ru = xstrdup(csv->fields[4]);
        }
        calendar->days = xrealloc(calendar->days, (calendar->day_count + 1) * sizeof *calendar->days);
        calendar->days[calendar->day_count++] = day;
        return GW_OK;
}

/* ---- hours ---- */

static bool read_days(const char *text, unsigned *ret_days)
{
        int first = -1, last = -1;
        for (int i = 0; i < 7; i++) {
                first = strncmp(text, weekdays[i], 3) == 0 ? i : first;
                last = strlen(text) == 7 && str_eq(text + 4, weekdays[i]) ? i : last;
        }
        if (first >= 0 && strlen(text) == 3)
                last = first;
        else if (strlen(text) != 7 || text[3] != '-')
                return false;
        *ret_days = 0;
        for (int i = first; i >= 0 && i <= last; i++)
                *ret_days |= 1u << i;
        return *ret_days != 0;
}

/* "09:00" to seconds; 24:00 is the end of the day. */
static bool read_hour(const char *text, int *ret_second)
{
        int hour = 0, minute = 0, used = 0;
        bool good = strlen(text) == 5 && sscanf(text, "%2d:%2d%n", &hour, &minute, &used) == 2 && used == 5 && hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 24 * 60;
        *ret_second = hour * 3600 + minute * 60;
        return good;
}

static struct schedule *schedule_of(struct calendar *calendar, const char *name)
{
        for (size_t i = 0; i < calendar->schedule_count; i++)
                if (str_eq(calendar->schedules[i].name, name))
                        return &calendar->schedules[i];
        if (calendar->schedule_count == SCHEDULES_MAX || strlen(name) == 0 || strlen(name) >= sizeof calendar->schedules[0].name)
                return NULL;
        struct schedule *made = &calendar->schedules[calendar->schedule_count++];
        memcpy(made->name, name, strlen(name) + 1);
        return made;
}

static enum gw_rc take_hours(struct calendar *calendar, struct csv *csv, struct why *why)
{
        struct schedule *schedule = schedule_of(calendar, csv->fields[0]);
        if (!schedule)
                return bad(csv, why, "the schedule's name is empty or too long, or there are too many schedules");
        unsigned days = 0;
        struct hours hours = {0};
        bool lunch = *csv->fields[4] || *csv->fields[5];
        if (!read_days(csv->fields[1], &days))
                return bad(csv, why, "days are written as Mon or Mon-Fri");
        if (!read_hour(csv->fields[2], &hours.opens) || !read_hour(csv->fields[3], &hours.closes) || hours.opens >= hours.closes)
                return bad(csv, why, "opens and closes are written as 09:00, one after the other");
        hours.lunch_from = hours.lunch_to = hours.closes;
        if (lunch && (!read_hour(csv->fields[4], &hours.lunch_from) || !read_hour(csv->fields[5], &hours.lunch_to) || hours.lunch_from <= hours.opens ||
                      hours.lunch_to <= hours.lunch_from || hours.lunch_to >= hours.closes))
                return bad(csv, why, "lunch lies between opens and closes");
        if (!str_eq(csv->fields[6], "closed") && !str_eq(csv->fields[6], "open"))
                return bad(csv, why, "holidays is closed or open");
        hours.on_holidays = str_eq(csv->fields[6], "open");
        for (int i = 0; i < 7; i++) {
                if (!(days & 1u << i))
                        continue;
                if (schedule->days[i].closes > 0)
                        return bad(csv, why, "that day of the week has hours already");
                schedule->days[i] = hours;
        }
        return GW_OK;
}

/* ---- the whole ---- */

enum gw_rc calendar_load(const char *folder, struct calendar **ret_calendar, struct why *why)
{
        auto_calendar struct calendar *calendar = xcalloc(1, sizeof *calendar);
        calendar->references = 1;
        enum gw_rc rc = each_line(folder, "days.csv", 5, take_day, calendar, why);
        if (rc == GW_OK)
                rc = each_line(folder, "hours.csv", 7, take_hours, calendar, why);
        if (rc == GW_OK && calendar->day_count == 0)
                rc = why_set(why, GW_FAULT, REASON_CONFIGURATION, "calendar/days.csv names no day");
        if (rc == GW_OK && !calendar_schedule(calendar, "office"))
                rc = why_set(why, GW_FAULT, REASON_CONFIGURATION, "calendar/hours.csv has no schedule `office`");
        if (rc == GW_OK)
                *ret_calendar = gw_take(&calendar);
        return rc;
}

struct calendar *calendar_ref(struct calendar *calendar)
{
        calendar->references++;
        return calendar;
}

void calendar_unref(struct calendar *calendar)
{
        if (!calendar || --calendar->references > 0)
                return;
        for (size_t i = 0; i < calendar->day_count; i++) {
                free(calendar->days[i].kk);
                free(calendar->days[i].ru);
        }
        free(calendar->days);
        free(calendar);
}

static int by_date(const void *key, const void *day)
{
        int date = *(const int *)key, other = ((const struct day *)day)->date;
        return (date > other) - (date < other);
}

static const struct day *find_day(const struct calendar *calendar, struct wall_time t)
{
        int date = date_of(t);
        return bsearch(&date, calendar->days, calendar->day_count, sizeof *calendar->days, by_date);
}

bool calendar_covers(const struct calendar *calendar, struct wall_time t)
{
        int year = date_of(t) / 10000;
        return year >= calendar->days[0].date / 10000 && year <= calendar->days[calendar->day_count - 1].date / 10000;
}

bool calendar_is_working_day(const struct calendar *calendar, struct wall_time t)
{
        const struct day *day = find_day(calendar, t);
        return day ? day->working : calendar_weekday(t) < 5;
}

const char *calendar_holiday(const struct calendar *calendar, struct wall_time t, bool kazakh)
{
        const struct day *day = find_day(calendar, t);
        return day ? kazakh ? day->kk : day->ru : NULL;
}

const struct schedule *calendar_schedule(const struct calendar *calendar, const char *name)
{
        for (size_t i = 0; i < calendar->schedule_count; i++)
                if (str_eq(calendar->schedules[i].name, name))
                        return &calendar->schedules[i];
        return NULL;
}
