/* Keeps the calendar of the running gateway up to date (gateway/worker/calendar_watch.h). */
#include "gateway/worker/calendar_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "gateway/base/file_mark.h"
#include "gateway/base/log.h"

#define LOOK_EVERY_MS 2000

struct folder_mark { struct file_mark days, hours; };

struct calendar_watch {
        char *folder;
        const struct catalogue *catalogue;
        struct folder_mark mark;
        struct mono_time look_at;
        pthread_mutex_t lock;      /* of the next; held for a reference only */
        struct calendar *calendar;
        _Atomic int told_year;     /* outside the calendar, told already */
};
GW_DEFINE_AUTO(calendar_watch, struct calendar_watch, calendar_watch_close)

static struct file_mark mark_of(const char *folder, const char *name)
{
        auto_str char *path = xasprintf("%s/%s", folder, name);
        return file_mark_of(path);
}

static struct folder_mark mark_folder(const char *folder)
{
        return (struct folder_mark){mark_of(folder, "days.csv"), mark_of(folder, "hours.csv")};
}

static enum gw_rc load(const struct calendar_watch *watch, struct calendar **ret_calendar, struct why *why)
{
        auto_calendar struct calendar *calendar = NULL;
        enum gw_rc rc = calendar_load(watch->folder, &calendar, why);
        if (rc == GW_OK)
                rc = catalogue_check_calendar(watch->catalogue, calendar, why);
        if (rc == GW_OK)
                *ret_calendar = gw_take(&calendar);
        return rc;
}

enum gw_rc calendar_watch_open(const char *folder, const struct catalogue *catalogue, struct calendar_watch **ret_watch, struct why *why)
{
        gw_auto(calendar_watch) struct calendar_watch *watch = xcalloc(1, sizeof *watch);
        GW_ASSERT(pthread_mutex_init(&watch->lock, NULL) == 0);
        watch->folder = xstrdup(folder);
        watch->catalogue = catalogue;
        watch->mark = mark_folder(folder); /* before reading: what changes meanwhile is seen */
        enum gw_rc rc = load(watch, &watch->calendar, why);
        if (rc == GW_OK)
                *ret_watch = gw_take(&watch);
        return rc;
}

void calendar_watch_close(struct calendar_watch *watch)
{
        if (!watch)
                return;
        calendar_unref(watch->calendar);
        pthread_mutex_destroy(&watch->lock);
        free(watch->folder);
        free(watch);
}

void calendar_watch_tick(struct calendar_watch *watch)
{
        struct mono_time now = mono_now();
        if (now.ms < watch->look_at.ms)
                return;
        watch->look_at.ms = now.ms + LOOK_EVERY_MS;
        struct folder_mark mark = mark_folder(watch->folder);
        if (file_mark_same(&mark.days, &watch->mark.days) && file_mark_same(&mark.hours, &watch->mark.hours))
                return;
        watch->mark = mark;
        struct why why = WHY_INIT;
        struct calendar *fresh = NULL;
        if (load(watch, &fresh, &why) != GW_OK) {
                log_event(LOG_ERROR, NULL, "calendar.kept", "the files have changed, and the old calendar stays in use: %s", why.detail);
                return;
        }
        pthread_mutex_lock(&watch->lock);
        struct calendar *old = watch->calendar;
        watch->calendar = fresh;
        pthread_mutex_unlock(&watch->lock);
        calendar_unref(old);
        watch->told_year = 0;
        log_event(LOG_INFO, NULL, "calendar.reloaded", "folder=%s", watch->folder);
}

struct calendar *calendar_watch_use(struct calendar_watch *watch)
{
        pthread_mutex_lock(&watch->lock);
        struct calendar *calendar = calendar_ref(watch->calendar);
        pthread_mutex_unlock(&watch->lock);
        return calendar;
}

struct wall_time calendar_watch_due(struct calendar_watch *watch, const struct route *route, struct wall_time from)
{
        if (!route_has_limits(route))
                return (struct wall_time){WALL_NEVER_MS};
        auto_calendar struct calendar *calendar = calendar_watch_use(watch);
        struct wall_time due = route_due(route, calendar, from);
        int year = clock_fields_of(due).year;
        if (!calendar_covers(calendar, due) && atomic_exchange(&watch->told_year, year) != year)
                log_event(LOG_WARN, NULL, "calendar.year_missing", "year=%d: no holidays are known, only Saturdays and Sundays are days off", year);
        return due;
}
