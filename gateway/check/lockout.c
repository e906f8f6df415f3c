/* Failures by key (gateway/check/lockout.h). */
#include "gateway/check/lockout.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

#define SLOTS 8192
#define PROBES 8

struct slot {
        uint64_t key; /* 0: free */
        unsigned failures;
        int64_t failed_ms, until_ms;
};
struct lockout {
        pthread_mutex_t lock;
        struct lockout_options options;
        char salt[TEXT_UUID_MAX];
        struct slot slots[SLOTS];
};

struct lockout *lockout_new(const struct lockout_options *options)
{
        struct lockout *lockout = xcalloc(1, sizeof *lockout);
        GW_ASSERT(pthread_mutex_init(&lockout->lock, NULL) == 0);
        lockout->options = *options;
        text_uuid(lockout->salt);
        return lockout;
}

void lockout_free(struct lockout *lockout)
{
        if (!lockout)
                return;
        pthread_mutex_destroy(&lockout->lock);
        free(lockout);
}

static uint64_t digest_of(const struct lockout *lockout, struct span key)
{
        auto_buf struct buf text = BUF_INIT;
        uint8_t digest[32];
        uint64_t short_one;
        buf_add_str(&text, lockout->salt);
        buf_add_span(&text, key);
        text_sha256(buf_span(&text), digest);
        memcpy(&short_one, digest, sizeof short_one);
        return short_one ? short_one : 1;
}

static struct slot *find(struct lockout *lockout, uint64_t key)
{
        for (size_t i = 0; i < PROBES; i++)
                if (lockout->slots[(key + i) % SLOTS].key == key)
                        return &lockout->slots[(key + i) % SLOTS];
        return NULL;
}

/* A free place, or that of the one whose pause ends first: who waits longest is forgotten last. */
static struct slot *take(struct lockout *lockout, uint64_t key)
{
        struct slot *best = NULL;
        for (size_t i = 0; i < PROBES; i++) {
                struct slot *slot = &lockout->slots[(key + i) % SLOTS];
                if (!best || (best->key && (!slot->key || slot->until_ms < best->until_ms)))
                        best = slot;
        }
        *best = (struct slot){.key = key};
        return best;
}

static int64_t pause_of(const struct lockout_options *options, unsigned failures)
{
        if (failures < options->failures_max)
                return 0;
        unsigned doublings = failures - options->failures_max;
        return doublings > 30 || options->first_ms << doublings > options->longest_ms ? options->longest_ms : options->first_ms << doublings;
}

int64_t lockout_left(struct lockout *lockout, struct span key, struct mono_time now)
{
        uint64_t digest = digest_of(lockout, key);
        pthread_mutex_lock(&lockout->lock);
        const struct slot *slot = find(lockout, digest);
        int64_t left = slot && slot->until_ms > now.ms ? slot->until_ms - now.ms : 0;
        pthread_mutex_unlock(&lockout->lock);
        return left;
}

void lockout_fail(struct lockout *lockout, struct span key, struct mono_time now)
{
        uint64_t digest = digest_of(lockout, key);
        pthread_mutex_lock(&lockout->lock);
        struct slot *slot = find(lockout, digest);
        if (!slot)
                slot = take(lockout, digest);
        int64_t quiet_since = slot->until_ms > slot->failed_ms ? slot->until_ms : slot->failed_ms;
        if (slot->failures && now.ms - quiet_since > lockout->options.longest_ms)
                slot->failures = 0;
        slot->failures++;
        slot->failed_ms = now.ms;
        slot->until_ms = now.ms + pause_of(&lockout->options, slot->failures);
        pthread_mutex_unlock(&lockout->lock);
}

void lockout_forget(struct lockout *lockout, struct span key)
{
        uint64_t digest = digest_of(lockout, key);
        pthread_mutex_lock(&lockout->lock);
        struct slot *slot = find(lockout, digest);
        if (slot)
                *slot = (struct slot){.key = 0};
        pthread_mutex_unlock(&lockout->lock);
}
