/* Challenges (gateway/provider/challenge.h). */
#include "gateway/provider/challenge.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

#define RANDOM_BYTES 16
#define STAMP_BYTES 8
#define MAC_BYTES 32
#define SIGNED_BYTES (RANDOM_BYTES + STAMP_BYTES)
#define ID_BYTES (SIGNED_BYTES + MAC_BYTES)
#define REFUSE(...) why_set(why, GW_REJECT, REASON_CHALLENGE_UNKNOWN, __VA_ARGS__)

struct used {
        uint8_t random[RANDOM_BYTES];
        int64_t until_ms; /* 0: free */
};
struct challenges {
        uint8_t key[32];
        char *audience;
        int64_t life_ms;
        pthread_mutex_t lock; /* of what follows */
        struct used *used;
        size_t used_max;
};

struct challenges *challenges_new(const struct challenge_options *options)
{
        struct challenges *c = xcalloc(1, sizeof *c);
        GW_ASSERT(RAND_bytes(c->key, sizeof c->key) == 1);
        GW_ASSERT(pthread_mutex_init(&c->lock, NULL) == 0);
        c->audience = xstrdup(options->audience);
        c->life_ms = options->life_ms;
        c->used_max = options->used_max;
        c->used = xcalloc(c->used_max, sizeof *c->used);
        return c;
}

void challenges_free(struct challenges *challenges)
{
        if (!challenges)
                return;
        OPENSSL_cleanse(challenges->key, sizeof challenges->key);
        pthread_mutex_destroy(&challenges->lock);
        free(challenges->audience);
        free(challenges->used);
        free(challenges);
}

static void put_mac(const struct challenges *c, uint8_t id[ID_BYTES])
{
        unsigned n = 0;
        GW_ASSERT(HMAC(EVP_sha256(), c->key, sizeof c->key, id, SIGNED_BYTES, id + SIGNED_BYTES, &n) && n == MAC_BYTES);
}

void challenge_make(const struct challenges *challenges, struct wall_time now, char ret_id[CHALLENGE_ID_MAX])
{
        uint8_t id[ID_BYTES];
        auto_buf struct buf hex = BUF_INIT;
        GW_ASSERT(RAND_bytes(id, RANDOM_BYTES) == 1);
        for (int i = 0; i < STAMP_BYTES; i++)
                id[RANDOM_BYTES + i] = (uint8_t)((uint64_t)now.ms >> (8 * (STAMP_BYTES - 1 - i)));
        put_mac(challenges, id);
        text_hex(&hex, span_of(id, sizeof id));
        memcpy(ret_id, buf_cstr(&hex), CHALLENGE_ID_MAX);
}

static int digit_of(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower case only, so that there is one way to write an id. */
static bool read_hex(const char *text, uint8_t *out, size_t n)
{
        if (strlen(text) != 2 * n)
                return false;
        for (size_t i = 0; i < n; i++) {
                int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
                if (high < 0 || low < 0)
                        return false;
                out[i] = (uint8_t)(high << 4 | low);
        }
        return true;
}

static enum gw_rc read_id(const struct challenges *c, const char *text, struct wall_time now, uint8_t id[ID_BYTES], struct wall_time *ret_issued, struct why *why)
{
        uint8_t own[ID_BYTES];
        if (!read_hex(text, id, ID_BYTES))
                return REFUSE("not an id of a challenge");
        memcpy(own, id, SIGNED_BYTES);
        put_mac(c, own);
        if (CRYPTO_memcmp(own, id, ID_BYTES) != 0)
                return REFUSE("not given out by this gateway since its last start");
        uint64_t ms = 0;
        for (int i = 0; i < STAMP_BYTES; i++)
                ms = ms << 8 | id[RANDOM_BYTES + i];
        if (now.ms - (int64_t)ms > c->life_ms)
                return REFUSE("older than %lld seconds", (long long)c->life_ms / 1000);
        *ret_issued = (struct wall_time){(int64_t)ms};
        return GW_OK;
}

enum gw_rc challenge_write(const struct challenges *challenges, const char *id, struct wall_time now, struct buf *out, struct why *why)
{
        uint8_t bytes[ID_BYTES];
        struct wall_time issued;
        char text[CLOCK_TEXT_MAX];
        enum gw_rc rc = read_id(challenges, id, now, bytes, &issued, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(out, "<login xmlns=\"" CHALLENGE_NS "\">");
        canon_element(out, "nonce", id);
        canon_element(out, "audience", challenges->audience);
        canon_element(out, "issuedAt", clock_iso(issued, text));
        buf_add_str(out, "</login>");
        return GW_OK;
}

/* Under the lock. The place of one that nobody can use any more; NULL: none is free. */
static struct used *find_place(struct challenges *c, const uint8_t *random, struct wall_time now, bool *ret_known)
{
        struct used *place = NULL;
        for (size_t i = 0; i < c->used_max; i++) {
                struct used *u = &c->used[i];
                if (u->until_ms && CRYPTO_memcmp(u->random, random, RANDOM_BYTES) == 0)
                        *ret_known = true;
                if (!place && u->until_ms < now.ms)
                        place = u;
        }
        return place;
}

enum gw_rc challenge_use(struct challenges *challenges, const char *id, struct wall_time now, struct why *why)
{
        uint8_t bytes[ID_BYTES];
        struct wall_time issued;
        bool known = false;
        enum gw_rc rc = read_id(challenges, id, now, bytes, &issued, why);
        if (rc != GW_OK)
                return rc;
        pthread_mutex_lock(&challenges->lock);
        struct used *place = find_place(challenges, bytes, now, &known);
        if (!known && place) {
                memcpy(place->random, bytes, RANDOM_BYTES);
                place->until_ms = issued.ms + challenges->life_ms + 1;
        }
        pthread_mutex_unlock(&challenges->lock);
        if (known)
                return REFUSE("used already");
        return place ? GW_OK : why_set(why, GW_RETRY, REASON_OVERLOADED, "too many logins of late");
}
