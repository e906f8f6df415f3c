/* A peer system: its address, its limits, and the circuit breaker that all loops of the process share. */
#include <pthread.h>
#include <stdlib.h>

#include "gateway/net/destination_priv.h"

enum { PROBE_GRACE_MS = 1000 };

/* A mutex, not atomics: the breaker's four fields change together, and it is taken twice per call of 100 µs and more. */
struct destination {
        struct destination_conf conf;
        char *name, *url, *ca_file;
        pthread_mutex_t *lock; /* behind a pointer so that a const destination can be looked at */
        enum breaker_state state;
        unsigned failures;     /* in a row, while closed */
        struct mono_time since; /* of open or half-open */
        int open_ms;           /* this opening's length */
};

struct destination *destination_new(const struct destination_conf *conf)
{
        struct destination *d = xcalloc(1, sizeof(*d));
        d->conf = *conf;
        d->conf.name = d->name = xstrdup(conf->name);
        d->conf.url = d->url = xstrdup(conf->url);
        d->conf.ca_file = d->ca_file = xstrdup(conf->ca_file);
        d->open_ms = conf->open_ms;
        d->lock = xmalloc(sizeof(*d->lock));
        GW_ASSERT(pthread_mutex_init(d->lock, NULL) == 0);
        return d;
}

void destination_free(struct destination *d)
{
        if (!d)
                return;
        pthread_mutex_destroy(d->lock);
        free(d->lock);
        free(d->name);
        free(d->url);
        free(d->ca_file);
        free(d);
}

const char *destination_name(const struct destination *d)
{
        return d->conf.name;
}

const struct destination_conf *destination_conf(const struct destination *d)
{
        return &d->conf;
}

static bool passed(struct mono_time since, int ms, struct mono_time now)
{
        return now.ms - since.ms >= ms;
}

enum breaker_state destination_breaker(const struct destination *d, struct mono_time now)
{
        pthread_mutex_lock(d->lock);
        enum breaker_state state = d->state;
        if (state == BREAKER_OPEN && passed(d->since, d->open_ms, now))
                state = BREAKER_HALF_OPEN; /* the next call is the probe */
        pthread_mutex_unlock(d->lock);
        return state;
}

/* Half-open lets one probe out. A probe that was never reported (its loop died) counts as lost after the time it could
 * have taken, so that nothing can keep a breaker shut for ever. */
bool destination_may_call(struct destination *d, struct mono_time now)
{
        bool may = false;
        pthread_mutex_lock(d->lock);
        switch (d->state) {
        case BREAKER_CLOSED:
                may = true;
                break;
        case BREAKER_OPEN:
                may = passed(d->since, d->open_ms, now);
                break;
        case BREAKER_HALF_OPEN:
                may = passed(d->since, d->conf.timeout_ms + PROBE_GRACE_MS, now);
                break;
        }
        if (may && d->state != BREAKER_CLOSED) {
                d->state = BREAKER_HALF_OPEN;
                d->since = now;
        }
        pthread_mutex_unlock(d->lock);
        return may;
}

static void open_breaker(struct destination *d, int open_ms, struct mono_time now)
{
        d->state = BREAKER_OPEN;
        d->since = now;
        d->open_ms = open_ms < d->conf.open_ms_max ? open_ms : d->conf.open_ms_max;
}

static void note_failure(struct destination *d, struct mono_time now)
{
        switch (d->state) {
        case BREAKER_CLOSED:
                if (++d->failures >= d->conf.failures_max)
                        open_breaker(d, d->conf.open_ms, now);
                break;
        case BREAKER_HALF_OPEN:
                open_breaker(d, d->open_ms > d->conf.open_ms_max / 2 ? d->conf.open_ms_max : d->open_ms * 2, now);
                break;
        case BREAKER_OPEN: /* a call that began before it opened */
                break;
        }
}

/* Any success closes, also that of a call which began before the breaker opened: the peer lives. */
void destination_report(struct destination *d, bool success, struct mono_time now)
{
        pthread_mutex_lock(d->lock);
        if (success) {
                d->state = BREAKER_CLOSED;
                d->failures = 0;
                d->open_ms = d->conf.open_ms;
        } else
                note_failure(d, now);
        pthread_mutex_unlock(d->lock);
}

void destination_forget(struct destination *d)
{
        pthread_mutex_lock(d->lock);
        if (d->state == BREAKER_HALF_OPEN) {
                d->state = BREAKER_OPEN;
                d->since.ms -= d->open_ms; /* its opening is served already */
        }
        pthread_mutex_unlock(d->lock);
}
