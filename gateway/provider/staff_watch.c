/* The staff file of the running gateway (gateway/provider/staff.h). */
#include <pthread.h>
#include <stdlib.h>

#include "gateway/base/file_mark.h"
#include "gateway/base/log.h"
#include "gateway/provider/staff.h"

#define LOOK_EVERY_MS 1000

struct staff_watch {
        const struct settings *settings;
        struct file_mark mark;
        struct mono_time look_at;
        pthread_mutex_t lock; /* of the next; held for a reference only */
        struct staff *staff;
};
GW_DEFINE_AUTO(staff_watch, struct staff_watch, staff_watch_close)

static struct file_mark mark_of(const struct settings *settings)
{
        return settings->gateway.staff ? file_mark_of(settings->gateway.staff) : (struct file_mark){.size = -1};
}

enum gw_rc staff_watch_open(const struct settings *settings, struct staff_watch **ret_watch, struct why *why)
{
        gw_auto(staff_watch) struct staff_watch *watch = xcalloc(1, sizeof *watch);
        GW_ASSERT(pthread_mutex_init(&watch->lock, NULL) == 0);
        watch->settings = settings;
        watch->mark = mark_of(settings); /* before reading: what changes meanwhile is seen */
        enum gw_rc rc = staff_load(settings, &watch->staff, why);
        if (rc == GW_OK)
                *ret_watch = gw_take(&watch);
        return rc;
}

void staff_watch_close(struct staff_watch *watch)
{
        if (!watch)
                return;
        staff_unref(watch->staff);
        pthread_mutex_destroy(&watch->lock);
        free(watch);
}

void staff_watch_tick(struct staff_watch *watch)
{
        struct mono_time now = mono_now();
        if (now.ms < watch->look_at.ms)
                return;
        watch->look_at.ms = now.ms + LOOK_EVERY_MS;
        struct file_mark mark = mark_of(watch->settings);
        if (file_mark_same(&mark, &watch->mark))
                return;
        watch->mark = mark;
        struct why why = WHY_INIT;
        struct staff *fresh = NULL;
        if (staff_load(watch->settings, &fresh, &why) != GW_OK) {
                log_event(LOG_ERROR, NULL, "staff.kept", "the file has changed, and the old one stays in use: %s", why.detail);
                return;
        }
        size_t count = staff_count(fresh);
        pthread_mutex_lock(&watch->lock);
        struct staff *old = watch->staff;
        watch->staff = fresh;
        pthread_mutex_unlock(&watch->lock);
        staff_unref(old);
        log_event(LOG_INFO, NULL, "staff.reloaded", "persons=%zu", count);
}

struct staff *staff_watch_use(struct staff_watch *watch)
{
        pthread_mutex_lock(&watch->lock);
        struct staff *staff = staff_ref(watch->staff);
        pthread_mutex_unlock(&watch->lock);
        return staff;
}
