#include <stdlib.h>
#include <string.h>

#include "gateway/revocation/table.h"

#define NONE UINT32_MAX

void table_init(struct table *table, size_t capacity)
{
        GW_ASSERT(capacity > 0 && capacity < NONE);
        GW_ASSERT(pthread_mutex_init(&table->lock, NULL) == 0);
        table->capacity = (uint32_t)capacity;
        table->slots = xcalloc(capacity, sizeof *table->slots);
        table->buckets = xmalloc(capacity * sizeof *table->buckets);
        memset(table->buckets, 0xff, capacity * sizeof *table->buckets);
}

void table_done(struct table *table)
{
        for (uint32_t i = 0; i < table->filled; i++) {
                certificate_unref(table->slots[i].certificate);
                evidence_unref(table->slots[i].evidence);
        }
        free(table->slots);
        free(table->buckets);
        pthread_mutex_destroy(&table->lock);
}

static uint32_t *bucket_of(const struct table *table, const uint8_t sha256[32])
{
        uint32_t head;
        memcpy(&head, sha256, sizeof head);
        return &table->buckets[head % table->capacity];
}

struct known *table_find(struct table *table, const uint8_t sha256[32])
{
        for (uint32_t i = *bucket_of(table, sha256); i != NONE; i = table->slots[i].next)
                if (span_eq(span_of(table->slots[i].certificate->sha256, 32), span_of(sha256, 32)))
                        return &table->slots[i];
        return NULL;
}

static void take_out(struct table *table, struct known *known)
{
        uint32_t *link = bucket_of(table, known->certificate->sha256);
        while (&table->slots[*link] != known)
                link = &table->slots[*link].next;
        *link = known->next;
        certificate_unref(known->certificate);
        evidence_unref(known->evidence);
}

static struct known *free_slot(struct table *table)
{
        if (table->filled < table->capacity)
                return &table->slots[table->filled++];
        for (uint32_t tried = 0; tried < 2 * table->capacity; tried++) {
                struct known *known = &table->slots[table->hand];
                table->hand = (table->hand + 1) % table->capacity;
                if (!known->under_way && !known->used_lately) {
                        take_out(table, known);
                        return known;
                }
                known->used_lately = false;
        }
        return NULL;
}

struct known *table_add(struct table *table, const struct certificate *certificate, struct authority *authority)
{
        struct known *known = free_slot(table);
        if (!known)
                return NULL;
        union { const struct certificate *in; struct certificate *out; } shared = {certificate}; /* counting references does not change it */
        *known = (struct known){.certificate = certificate_ref(shared.out), .authority = authority, .used_lately = true};
        uint32_t *bucket = bucket_of(table, certificate->sha256);
        known->next = *bucket;
        *bucket = (uint32_t)(known - table->slots);
        return known;
}
