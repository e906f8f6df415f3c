/* A hash table whose places are taken by salted digests of addresses: no address is kept. */
#include "gateway/check/rate.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

#define SLOTS 8192
#define PROBES 8
#define MINUTE_MS 60000

struct slot {
        uint64_t key;       /* 0: free */
        int64_t level;      /* questions left × MINUTE_MS */
        int64_t at_ms;
};
struct rate {
        pthread_mutex_t lock;
        int64_t per_minute;
        char salt[TEXT_UUID_MAX];
        struct slot slots[SLOTS];
};

struct rate *rate_new(unsigned per_minute)
{
        struct rate *rate = xcalloc(1, sizeof *rate);
        pthread_mutex_init(&rate->lock, NULL);
        rate->per_minute = per_minute;
        text_uuid(rate->salt);
        return rate;
}

void rate_free(struct rate *rate)
{
        if (!rate)
                return;
        pthread_mutex_destroy(&rate->lock);
        free(rate);
}

void rate_network(const char *address, struct buf *out)
{
        const char *colon = strrchr(address, ':');
        size_t n = colon ? (size_t)(colon - address) : strlen(address);
        bool bracket = n > 2 && address[0] == '[';
        auto_str char *host = bracket ? xstrndup(address + 1, n - 2) : xstrndup(address, n);
        uint8_t bytes[16];
        if (inet_pton(AF_INET6, host, bytes) == 1 && !str_starts(host, "::ffff:"))
                buf_add(out, bytes, 8);
        else
                buf_add_str(out, host);
}

static uint64_t key_of(const struct rate *rate, const char *address)
{
        auto_buf struct buf text = BUF_INIT;
        uint8_t digest[32];
        uint64_t key;
        buf_add_str(&text, rate->salt);
        rate_network(address, &text);
        text_sha256(buf_span(&text), digest);
        memcpy(&key, digest, sizeof key);
        return key ? key : 1;
}

static struct slot *slot_of(struct rate *rate, uint64_t key, struct mono_time now)
{
        struct slot *oldest = NULL;
        for (size_t i = 0; i < PROBES; i++) {
                struct slot *slot = &rate->slots[(key + i) % SLOTS];
                if (slot->key == key)
                        return slot;
                if (!oldest || !slot->key || (oldest->key && slot->at_ms < oldest->at_ms))
                        oldest = slot;
        }
        *oldest = (struct slot){.key = key, .level = rate->per_minute * MINUTE_MS, .at_ms = now.ms};
        return oldest;
}

bool rate_take(struct rate *rate, const char *address, struct mono_time now)
{
        uint64_t key = key_of(rate, address);
        pthread_mutex_lock(&rate->lock);
        struct slot *slot = slot_of(rate, key, now);
        int64_t full = rate->per_minute * MINUTE_MS, passed = now.ms - slot->at_ms;
        slot->level = passed >= MINUTE_MS || slot->level + passed * rate->per_minute > full ? full : slot->level + passed * rate->per_minute;
        slot->at_ms = now.ms;
        bool allowed = slot->level >= MINUTE_MS;
        if (allowed)
                slot->level -= MINUTE_MS;
        pthread_mutex_unlock(&rate->lock);
        return allowed;
}
