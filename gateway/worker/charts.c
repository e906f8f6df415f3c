/* The last hour by the minute (gateway/worker/charts.h). */
#include "gateway/worker/charts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define X(name) #name,
const char *const chart_event_names[] = {CHART_EVENTS NULL};
const char *const chart_latency_names[] = {CHART_LATENCIES NULL};
#undef X

struct charts {
        pthread_mutex_t lock;
        uint64_t before[CHART_EVENT_COUNT];
        struct chart_minute ring[CHART_MINUTES];
};

struct charts *charts_new(void)
{
        struct charts *c = xcalloc(1, sizeof *c);
        GW_ASSERT(pthread_mutex_init(&c->lock, NULL) == 0);
        return c;
}

void charts_free(struct charts *c)
{
        if (!c)
                return;
        pthread_mutex_destroy(&c->lock);
        free(c);
}

/* The place of that minute, emptied of what was there an hour ago. A clock that goes back finds newer minutes and leaves them alone. */
static struct chart_minute *minute_of(struct charts *c, struct wall_time now)
{
        int64_t minute = now.ms / 60000;
        struct chart_minute *m = &c->ring[minute % CHART_MINUTES];
        if (m->minute < minute) {
                memset(m, 0, sizeof *m);
                m->minute = minute;
        }
        return m;
}

void charts_count(struct charts *c, const uint64_t totals[CHART_EVENT_COUNT], struct wall_time now)
{
        pthread_mutex_lock(&c->lock);
        struct chart_minute *m = minute_of(c, now);
        for (int i = 0; i < CHART_EVENT_COUNT; i++) {
                m->events[i] += (uint32_t)(totals[i] - c->before[i]);
                c->before[i] = totals[i];
        }
        pthread_mutex_unlock(&c->lock);
}

void charts_latency(struct charts *c, enum chart_latency which, int64_t ms, struct wall_time now)
{
        int class = 0;
        int64_t took = ms < 0 ? 0 : ms; /* the clock was set back meanwhile */
        while (class < CHART_CLASSES - 1 && (int64_t)1 << class < took)
                class++;
        pthread_mutex_lock(&c->lock);
        struct chart_latencies *l = &minute_of(c, now)->latencies[which];
        l->classes[class]++;
        l->count++;
        if (took > l->longest_ms)
                l->longest_ms = took;
        pthread_mutex_unlock(&c->lock);
}

void charts_read(struct charts *c, struct wall_time now, struct chart_minute ret_minutes[CHART_MINUTES])
{
        int64_t last = now.ms / 60000;
        pthread_mutex_lock(&c->lock);
        for (int i = 0; i < CHART_MINUTES; i++) {
                int64_t minute = last - CHART_MINUTES + 1 + i;
                const struct chart_minute *m = &c->ring[minute % CHART_MINUTES];
                ret_minutes[i] = m->minute == minute ? *m : (struct chart_minute){.minute = minute};
        }
        pthread_mutex_unlock(&c->lock);
}

int64_t charts_percentile(const struct chart_latencies *l, unsigned percent)
{
        uint64_t wanted = ((uint64_t)l->count * percent + 99) / 100, seen = 0;
        for (int i = 0; i < CHART_CLASSES && l->count; i++) {
                seen += l->classes[i];
                if (seen >= wanted)
                        return i == CHART_CLASSES - 1 || (int64_t)1 << i > l->longest_ms ? l->longest_ms : (int64_t)1 << i;
        }
        return 0;
}
