/* The certificate cache: chained buckets over a fixed array of slots, second-chance ("clock") eviction, one mutex. The lock is
 * held for a lookup only, about 0.1 µs; decoding happens outside. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/pki/cache.h"

#define NONE UINT32_MAX

struct slot {
        struct certificate *certificate; /* NULL: never used */
        uint32_t next;                   /* in its bucket */
        bool used_lately;
};

struct certificate_cache {
        pthread_mutex_t lock;
        struct slot *slots;
        uint32_t *buckets;
        uint32_t capacity, filled, hand;
};

struct certificate_cache *certificate_cache_new(size_t capacity)
{
        GW_ASSERT(capacity > 0 && capacity < NONE);
        struct certificate_cache *cache = xcalloc(1, sizeof *cache);
        GW_ASSERT(pthread_mutex_init(&cache->lock, NULL) == 0);
        cache->capacity = (uint32_t)capacity;
        cache->slots = xcalloc(capacity, sizeof *cache->slots);
        cache->buckets = xmalloc(capacity * sizeof *cache->buckets);
        for (size_t i = 0; i < capacity; i++)
                cache->buckets[i] = NONE;
        return cache;
}

void certificate_cache_free(struct certificate_cache *cache)
{
        if (!cache)
                return;
        for (uint32_t i = 0; i < cache->filled; i++)
                certificate_unref(cache->slots[i].certificate);
        pthread_mutex_destroy(&cache->lock);
        free(cache->slots);
        free(cache->buckets);
        free(cache);
}

/* The digest is as good as random already. Only certificates of a trusted chain get in, so nobody can choose them to collide. */
static uint32_t *bucket_of(const struct certificate_cache *cache, const uint8_t sha256[32])
{
        uint32_t head;
        memcpy(&head, sha256, sizeof head);
        return &cache->buckets[head % cache->capacity];
}

static bool same_digest(const uint8_t a[32], const uint8_t b[32])
{
        return span_eq(span_of(a, 32), span_of(b, 32));
}

static struct slot *find(const struct certificate_cache *cache, const uint8_t sha256[32])
{
        for (uint32_t i = *bucket_of(cache, sha256); i != NONE; i = cache->slots[i].next)
                if (same_digest(cache->slots[i].certificate->sha256, sha256))
                        return &cache->slots[i];
        return NULL;
}

struct certificate *certificate_cache_get(struct certificate_cache *cache, const uint8_t sha256[32])
{
        pthread_mutex_lock(&cache->lock);
        struct slot *slot = find(cache, sha256);
        struct certificate *found = slot ? certificate_ref(slot->certificate) : NULL;
        if (slot)
                slot->used_lately = true;
        pthread_mutex_unlock(&cache->lock);
        return found;
}

static void unlink_slot(struct certificate_cache *cache, uint32_t index)
{
        uint32_t *link = bucket_of(cache, cache->slots[index].certificate->sha256);
        while (*link != index)
                link = &cache->slots[*link].next;
        *link = cache->slots[index].next;
}

/* A slot to write to; *ret_evicted is what was in it. */
static uint32_t make_room(struct certificate_cache *cache, struct certificate **ret_evicted)
{
        if (cache->filled < cache->capacity)
                return cache->filled++;
        while (cache->slots[cache->hand].used_lately) {
                cache->slots[cache->hand].used_lately = false;
                cache->hand = (cache->hand + 1) % cache->capacity;
        }
        uint32_t index = cache->hand;
        cache->hand = (cache->hand + 1) % cache->capacity;
        unlink_slot(cache, index);
        *ret_evicted = cache->slots[index].certificate;
        return index;
}

void certificate_cache_put(struct certificate_cache *cache, struct certificate *certificate)
{
        struct certificate *evicted = NULL;
        pthread_mutex_lock(&cache->lock);
        if (!find(cache, certificate->sha256)) {
                uint32_t index = make_room(cache, &evicted);
                uint32_t *bucket = bucket_of(cache, certificate->sha256);
                cache->slots[index] = (struct slot){certificate_ref(certificate), *bucket, true};
                *bucket = index;
        }
        pthread_mutex_unlock(&cache->lock);
        certificate_unref(evicted);
}
