/* Certificates that somebody asked about, by their SHA-256: chained buckets over a fixed array of slots, second-chance ("clock") eviction, one mutex, as
 * in pki/cache.c. Only certificates of a good chain get here, so nobody can choose digests, and a flood of them costs others at most their place. */
#ifndef GW_REVOCATION_TABLE_H
#define GW_REVOCATION_TABLE_H

#include <pthread.h>

#include "gateway/revocation/authority.h"

struct known {
        struct certificate *certificate;       /* a reference; NULL: the slot was never used */
        struct authority *authority;
        struct revocation_status ocsp;         /* UNKNOWN: there is no answer */
        struct revocation_evidence *evidence;  /* a reference: the answer */
        struct wall_time asked_at, fetch_at;
        unsigned failures;                     /* in a row */
        bool under_way, used_lately;
        bool missed;                           /* somebody was told UNKNOWN since the last answer */
        uint32_t next;                         /* in its bucket */
};
struct table {
        pthread_mutex_t lock;                  /* over everything; the caller takes it */
        struct known *slots;
        uint32_t *buckets;
        uint32_t capacity, filled, hand, scanned;
};
void table_init(struct table *table, size_t capacity);
void table_done(struct table *table);
struct known *table_find(struct table *table, const uint8_t sha256[32]);
/* The certificate's slot, emptied of another when all are in use; NULL when each of them is under way. */
struct known *table_add(struct table *table, const struct certificate *certificate, struct authority *authority);

#endif
