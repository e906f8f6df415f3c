/* Sessions (gateway/provider/session.h). */
#include "gateway/provider/session.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/check/lockout.h"
#include "gateway/check/rate.h"
#include "gateway/provider/cookie.h"
#include "gateway/provider/login.h"
#include "gateway/reason.h"

#define LOGINS_PER_MINUTE 60      /* one person */
#define SESSIONS_PER_PERSON 10
#define USED_MAX 8192             /* challenges */
#define LOOK_AGAIN_MS 30000       /* at the certificate of a session in use */
#define HOUR_MS 3600000
#define MINUTE_MS 60000

struct session {
        uint8_t digest[32];         /* SHA-256 of the token */
        bool used;
        char csrf[SESSION_CSRF_MAX];
        char staff_id[STAFF_ID_MAX];
        struct certificate *certificate;
        struct mono_time begun, seen, judged;
};
struct sessions {
        const struct settings *settings;
        struct staff_watch *staff;
        struct verifier *verifier;
        struct challenges *challenges;
        struct rate *challenge_rate, *login_rate;
        struct lockout *addresses, *persons;
        pthread_mutex_t lock;       /* of what follows */
        struct session *items;
        size_t max;
};

static struct lockout *lockout_of(const struct settings *s, int64_t failures_max)
{
        struct lockout_options options = {.failures_max = (unsigned)failures_max, .first_ms = s->login.lock_s * 1000, .longest_ms = s->login.lock_longest_s * 1000};
        return lockout_new(&options);
}

struct sessions *sessions_new(const struct settings *settings, struct staff_watch *staff, struct verifier *verifier)
{
        struct sessions *s = xcalloc(1, sizeof *s);
        struct challenge_options options = {
                .audience = settings->login.audience ? settings->login.audience : settings->gateway.sender_id,
                .life_ms = settings->login.challenge_s * 1000,
                .used_max = USED_MAX,
        };
        *s = (struct sessions){.settings = settings, .staff = staff, .verifier = verifier, .max = (size_t)settings->login.sessions_max};
        s->challenges = challenges_new(&options);
        s->challenge_rate = rate_new((unsigned)settings->login.challenges_per_minute);
        s->login_rate = rate_new(LOGINS_PER_MINUTE);
        s->addresses = lockout_of(settings, settings->login.address_failures_max);
        s->persons = lockout_of(settings, settings->login.failures_max);
        GW_ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
        s->items = xcalloc(s->max, sizeof *s->items);
        return s;
}

/* Under the lock. */
static void drop(struct session *session)
{
        certificate_unref(session->certificate);
        OPENSSL_cleanse(session, sizeof *session);
        *session = (struct session){.used = false};
}

void sessions_free(struct sessions *sessions)
{
        if (!sessions)
                return;
        for (size_t i = 0; i < sessions->max; i++)
                drop(&sessions->items[i]);
        pthread_mutex_destroy(&sessions->lock);
        challenges_free(sessions->challenges);
        rate_free(sessions->challenge_rate);
        rate_free(sessions->login_rate);
        lockout_free(sessions->addresses);
        lockout_free(sessions->persons);
        free(sessions->items);
        free(sessions);
}

struct session_now session_now(void)
{
        return (struct session_now){mono_now(), wall_now()};
}

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static bool is_over(const struct sessions *s, const struct session *session, struct mono_time now)
{
        return now.ms - session->seen.ms > s->settings->login.idle_minutes * MINUTE_MS || now.ms - session->begun.ms > s->settings->login.hours * HOUR_MS;
}

/* Under the lock; every place is looked at, whatever it holds. */
static struct session *find(struct sessions *s, const uint8_t digest[32])
{
        struct session *found = NULL;
        for (size_t i = 0; i < s->max; i++)
                if (s->items[i].used && CRYPTO_memcmp(s->items[i].digest, digest, 32) == 0)
                        found = &s->items[i];
        return found;
}

/* Under the lock. A free place, or that of a session that is over; else of the one that has been silent longest, of this person when he has many. */
static struct session *find_place(struct sessions *s, const char *staff_id, struct mono_time now)
{
        struct session *idlest = &s->items[0], *own = NULL, *vacant = NULL;
        size_t owned = 0;
        for (size_t i = 0; i < s->max; i++) {
                struct session *at = &s->items[i];
                if (!at->used || is_over(s, at, now)) {
                        vacant = at;
                        continue;
                }
                if (!idlest->used || at->seen.ms < idlest->seen.ms)
                        idlest = at;
                if (!str_eq(at->staff_id, staff_id))
                        continue;
                owned++;
                if (!own || at->seen.ms < own->seen.ms)
                        own = at;
        }
        return owned >= SESSIONS_PER_PERSON ? own : vacant ? vacant : idlest;
}

static bool digest_of_cookie(const struct http_request *request, uint8_t digest[32], enum cookie_state *ret_state)
{
        char token[SESSION_TOKEN_MAX];
        *ret_state = cookie_read(request, SESSION_COOKIE, token, sizeof token);
        if (*ret_state == COOKIE_FOUND)
                text_sha256(span_str(token), digest);
        OPENSSL_cleanse(token, sizeof token);
        return *ret_state == COOKIE_FOUND;
}

static void end_by_digest(struct sessions *s, const uint8_t digest[32])
{
        pthread_mutex_lock(&s->lock);
        struct session *session = find(s, digest);
        if (session)
                drop(session);
        pthread_mutex_unlock(&s->lock);
}

void session_end(struct sessions *sessions, const struct http_request *request)
{
        uint8_t digest[32];
        enum cookie_state state;
        if (digest_of_cookie(request, digest, &state))
                end_by_digest(sessions, digest);
}

size_t sessions_count(struct sessions *sessions)
{
        size_t count = 0;
        struct mono_time now = mono_now();
        pthread_mutex_lock(&sessions->lock);
        for (size_t i = 0; i < sessions->max; i++)
                count += sessions->items[i].used && !is_over(sessions, &sessions->items[i], now);
        pthread_mutex_unlock(&sessions->lock);
        return count;
}

/* ---- login -------------------------------------------------------------------------------------------------------- */

static enum gw_rc check_lock(struct lockout *lockout, struct span key, struct mono_time now, struct why *why)
{
        int64_t left = lockout_left(lockout, key, now);
        return left ? why_set(why, GW_REJECT, REASON_LOGIN_LOCKED, "for %lld seconds more", (long long)(left + 999) / 1000) : GW_OK;
}

enum gw_rc session_challenge(struct sessions *sessions, const char *address, struct session_now now, char ret_id[CHALLENGE_ID_MAX], struct buf *xml, struct why *why)
{
        auto_buf struct buf network = BUF_INIT;
        rate_network(address, &network);
        enum gw_rc rc = check_lock(sessions->addresses, buf_span(&network), now.mono, why);
        if (rc == GW_OK && !rate_take(sessions->challenge_rate, address, now.mono))
                rc = why_set(why, GW_REJECT, REASON_LOGIN_LOCKED, "more than %lld challenges in a minute", (long long)sessions->settings->login.challenges_per_minute);
        if (rc != GW_OK)
                return rc;
        challenge_make(sessions->challenges, now.wall, ret_id);
        return challenge_write(sessions->challenges, ret_id, now.wall, xml, why);
}

static enum gw_rc prove(struct sessions *s, const struct session_login *login, struct session_now now, struct certificate **ret_certificate, struct why *why)
{
        auto_buf struct buf challenge = BUF_INIT;
        enum gw_rc rc = challenge_write(s->challenges, login->id, now.wall, &challenge, why);
        struct login_proof proof = {.challenge = buf_span(&challenge), .signature = login->signature, .sign_certificates = s->settings->login.sign_certificates};
        return rc == GW_OK ? login_verify(s->verifier, &proof, now.wall, ret_certificate, why) : rc;
}

/* The person is proven; now: is he one of ours, not locked out, and the challenge new? */
static enum gw_rc admit(struct sessions *s, const struct session_login *login, const struct certificate *certificate, struct session_now now, struct actor *ret_actor, struct why *why)
{
        auto_str char *key = xasprintf("%s at %s", certificate->iin, certificate->bin);
        enum gw_rc rc = check_lock(s->persons, span_str(key), now.mono, why);
        if (rc != GW_OK)
                return rc;
        auto_staff struct staff *staff = staff_watch_use(s->staff);
        rc = staff_certificate_actor(staff, certificate, ret_actor, why);
        if (rc != GW_OK) {
                lockout_fail(s->persons, span_str(key), now.mono);
                return rc;
        }
        if (!rate_take(s->login_rate, ret_actor->id, now.mono))
                return why_set(why, GW_REJECT, REASON_LOGIN_LOCKED, "more than %d logins in a minute", LOGINS_PER_MINUTE);
        rc = challenge_use(s->challenges, login->id, now.wall, why);
        if (rc == GW_OK)
                lockout_forget(s->persons, span_str(key));
        return rc;
}

static void put_random(char *out, size_t bytes)
{
        uint8_t random[32];
        auto_buf struct buf hex = BUF_INIT;
        GW_ASSERT(bytes <= sizeof random && RAND_bytes(random, (int)bytes) == 1);
        text_hex(&hex, span_of(random, bytes));
        memcpy(out, buf_cstr(&hex), 2 * bytes + 1);
        OPENSSL_cleanse(random, sizeof random);
        OPENSSL_cleanse(hex.p, hex.n);
}

static void store(struct sessions *s, const char *token, const char *csrf, const struct actor *actor, struct certificate *certificate, struct mono_time now)
{
        pthread_mutex_lock(&s->lock);
        struct session *place = find_place(s, actor->id, now);
        drop(place);
        text_sha256(span_str(token), place->digest);
        memcpy(place->csrf, csrf, SESSION_CSRF_MAX);
        memcpy(place->staff_id, actor->id, sizeof place->staff_id);
        place->certificate = certificate_ref(certificate);
        place->begun = place->seen = place->judged = now;
        place->used = true;
        pthread_mutex_unlock(&s->lock);
}

static struct wall_time expiry(const struct sessions *s, const struct session *session, struct session_now now)
{
        int64_t idle = session->seen.ms + s->settings->login.idle_minutes * MINUTE_MS - now.mono.ms, whole = session->begun.ms + s->settings->login.hours * HOUR_MS - now.mono.ms;
        int64_t end = now.wall.ms + (idle < whole ? idle : whole);
        return (struct wall_time){end < session->certificate->not_after.ms ? end : session->certificate->not_after.ms};
}

enum gw_rc session_begin(struct sessions *sessions, const struct session_login *login, struct session_now now, char ret_token[SESSION_TOKEN_MAX], struct session_facts *ret_facts,
                         struct why *why)
{
        auto_buf struct buf network = BUF_INIT;
        auto_certificate struct certificate *certificate = NULL;
        struct session_facts facts = {.csrf = ""};
        rate_network(login->request->peer->address, &network);
        enum gw_rc rc = check_lock(sessions->addresses, buf_span(&network), now.mono, why);
        if (rc != GW_OK)
                return rc;
        rc = prove(sessions, login, now, &certificate, why);
        if (rc == GW_OK)
                rc = admit(sessions, login, certificate, now, &facts.actor, why);
        if (rc == GW_REJECT && why->reason != REASON_LOGIN_LOCKED)
                lockout_fail(sessions->addresses, buf_span(&network), now.mono);
        if (rc != GW_OK)
                return rc;
        session_end(sessions, login->request); /* what a stranger may have planted in the browser is worth nothing afterwards */
        put_random(ret_token, 32);
        put_random(facts.csrf, 16);
        store(sessions, ret_token, facts.csrf, &facts.actor, certificate, now.mono);
        struct session fresh = {.certificate = certificate, .begun = now.mono, .seen = now.mono};
        facts.expires_at = expiry(sessions, &fresh, now);
        *ret_facts = facts;
        return GW_OK;
}

/* ---- who calls ---------------------------------------------------------------------------------------------------- */

static enum gw_rc expired(struct why *why)
{
        return why_set(why, GW_REJECT, REASON_SESSION_EXPIRED, "the session is not known, or over");
}

/* An open page asks for changes by itself, and says so of what else it does by itself: no sign that anybody sits before it. */
static bool is_by_a_person(const struct http_request *request)
{
        return !str_eq(request->path, SESSION_POLLED) && !http_request_header(request, SESSION_BACKGROUND_HEADER);
}

/* A copy of the session with a reference to its certificate, marked as seen. */
static bool take_copy(struct sessions *s, const uint8_t digest[32], bool by_a_person, struct session_now now, struct session *ret_copy, bool *ret_judge)
{
        pthread_mutex_lock(&s->lock);
        struct session *session = find(s, digest);
        if (session && is_over(s, session, now.mono)) {
                drop(session);
                session = NULL;
        }
        if (session) {
                *ret_judge = now.mono.ms - session->judged.ms >= LOOK_AGAIN_MS || now.wall.ms > session->certificate->not_after.ms;
                session->seen = by_a_person ? now.mono : session->seen;
                session->judged = *ret_judge ? now.mono : session->judged;
                *ret_copy = *session;
                certificate_ref(ret_copy->certificate);
        }
        pthread_mutex_unlock(&s->lock);
        return session != NULL;
}

/* The staff file as it is now, and every so often the certificate. */
static enum gw_rc judge(struct sessions *s, const struct session *session, bool certificate_too, struct session_now now, struct actor *ret_actor, struct why *why)
{
        auto_staff struct staff *staff = staff_watch_use(s->staff);
        enum gw_rc rc = staff_certificate_actor(staff, session->certificate, ret_actor, why);
        if (rc == GW_OK && certificate_too && verify_login_still(s->verifier, session->certificate, now.wall, why) == GW_REJECT)
                rc = GW_REJECT; /* what is not known just now ends no session */
        if (rc == GW_OK && !str_eq(ret_actor->id, session->staff_id))
                rc = why_set(why, GW_REJECT, REASON_LOGIN_REFUSED, "another row by now");
        return rc;
}

static bool csrf_is_right(const struct http_request *request, const struct session *session)
{
        const char *given = http_request_header(request, SESSION_CSRF_HEADER);
        bool safe = str_eq(request->method, "GET") || str_eq(request->method, "HEAD");
        return safe || (given && strlen(given) == SESSION_CSRF_MAX - 1 && CRYPTO_memcmp(given, session->csrf, SESSION_CSRF_MAX - 1) == 0);
}

static enum gw_rc look_up(struct sessions *s, const struct http_request *request, const uint8_t digest[32], struct session_now now, struct session_facts *ret, struct why *why)
{
        struct session session;
        bool judge_it = false;
        struct why ended = WHY_INIT;
        if (!take_copy(s, digest, is_by_a_person(request), now, &session, &judge_it))
                return expired(why);
        auto_certificate struct certificate *certificate = session.certificate; /* the copy's reference */
        if (judge(s, &session, judge_it, now, &ret->actor, &ended) != GW_OK) {
                end_by_digest(s, digest);
                log_event(LOG_INFO, NULL, "session.ended", "staff=%s reason=%s detail=\"%s\"", session.staff_id, reason_info(ended.reason)->name, ended.detail);
                return expired(why);
        }
        if (!csrf_is_right(request, &session))
                return why_set(why, GW_REJECT, REASON_CSRF_TOKEN, "X-CSRF-Token is missing, or is not this session's");
        memcpy(ret->csrf, session.csrf, sizeof ret->csrf);
        ret->expires_at = expiry(s, &session, now);
        return GW_OK;
}

enum gw_rc session_look(struct sessions *sessions, const struct http_request *request, struct session_now now, struct session_facts *ret_facts, struct why *why)
{
        struct session_facts facts = {.csrf = ""};
        uint8_t digest[32];
        enum cookie_state state;
        auto_staff struct staff *staff = staff_watch_use(sessions->staff);
        if (staff_system(staff, request->peer->certificate, &facts.actor)) {
                *ret_facts = facts;
                return GW_OK;
        }
        if (!digest_of_cookie(request, digest, &state))
                return state == COOKIE_BAD ? expired(why) : why_set(why, GW_REJECT, REASON_LOGIN_REQUIRED, "no session, and no TLS client certificate of an organisation's system");
        enum gw_rc rc = look_up(sessions, request, digest, now, &facts, why);
        if (rc == GW_OK)
                *ret_facts = facts;
        return rc;
}

enum gw_rc session_actor(struct sessions *sessions, const struct http_request *request, struct actor *ret_actor, struct why *why)
{
        struct session_facts facts;
        enum gw_rc rc = session_look(sessions, request, session_now(), &facts, why);
        if (rc == GW_OK)
                *ret_actor = facts.actor;
        return rc;
}

enum gw_rc session_need_role(const struct actor *actor, enum staff_role role, struct why *why)
{
        if (actor_has_role(actor, role))
                return GW_OK;
        return why_set(why, GW_REJECT, REASON_ROLE_REQUIRED, "this needs the role %s", staff_role_names[role]);
}

enum gw_rc session_need_work(const struct actor *actor, struct why *why)
{
        return actor->roles ? GW_OK : why_set(why, GW_REJECT, REASON_ROLE_REQUIRED, "this is for those who work on requests");
}
