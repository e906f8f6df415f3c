/* Who is asked what when, and what becomes of the answers. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/pki/ocsp.h"
#include "gateway/reason.h"
#include "gateway/revocation/record.h"
#include "gateway/revocation/table.h"

#define AUTHORITIES_MAX 64
#define OFFERS_MAX 256
#define URGENT_MAX 1024
#define DOWN_AFTER 3                /* failures in a row */
#define FLOOR_MS 30000              /* what has just been fetched is not fetched again sooner, unless refresh_ms is shorter */
#define SCAN_MS 1000

const char *const revocation_kind_names[REVOCATION_KINDS] = {"ocsp", "crl", "delta"};

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)

struct revocation {
        const struct revocation_conf *conf;
        struct table table;
        uint8_t urgent[URGENT_MAX][32];     /* under the table's lock: certificates that somebody waits for */
        size_t urgent_count;
        struct wall_time scanned_at, bucket_at;
        int64_t bucket;                     /* thousandths of OCSP questions that may be put now */
        pthread_mutex_t authorities_lock;   /* for adding */
        struct authority *authorities[AUTHORITIES_MAX];
        _Atomic size_t authority_count;
        struct revocation_evidence *offers[OFFERS_MAX];
        size_t offer_count;
        struct fetcher *fetcher;
        void (*on_note)(void *arg);
        void *on_note_arg;
        _Atomic uint64_t news, answers[3][3], fetched[REVOCATION_KINDS], failed[REVOCATION_KINDS];
};

const struct revocation_conf *engine_conf(const struct revocation *r)
{
        return r->conf;
}

void engine_on_note(struct revocation *r, void (*fn)(void *arg), void *arg)
{
        pthread_mutex_lock(&r->table.lock);
        r->on_note = fn;
        r->on_note_arg = arg;
        pthread_mutex_unlock(&r->table.lock);
}

uint64_t revocation_news(const struct revocation *r)
{
        return r->news;
}

/* low to high per cent of ms, at random: so that answers asked for together are not renewed together. */
static int64_t part_of(int64_t ms, unsigned low, unsigned high)
{
        uint32_t dice = 0;
        GW_ASSERT(RAND_bytes((unsigned char *)&dice, sizeof dice) == 1);
        return ms / 100 * (int64_t)low + ms / 100 * (int64_t)(high - low) * (int64_t)(dice % 1024) / 1024;
}

/* ---- authorities ---- */

static struct authority *find_authority(struct revocation *r, const uint8_t key[FOLDER_KEY_SIZE])
{
        size_t count = r->authority_count;
        for (size_t i = 0; i < count; i++)
                if (span_eq(span_of(r->authorities[i]->key, FOLDER_KEY_SIZE), span_of(key, FOLDER_KEY_SIZE)))
                        return r->authorities[i];
        return NULL;
}

static const struct revocation_authority_conf *conf_of(const struct revocation *r, const X509 *issuer)
{
        for (size_t i = 0; i < r->conf->authority_count; i++)
                if (authority_matches(&r->conf->authorities[i], issuer))
                        return &r->conf->authorities[i];
        return NULL;
}

static void load_crl(struct revocation *r, struct authority *a, bool delta)
{
        enum folder_kind kind = delta ? FOLDER_DELTA : FOLDER_CRL;
        auto_buf struct buf bytes = BUF_LIMIT(r->conf->crl_bytes_max);
        struct why why = WHY_INIT;
        bool news = false;
        if (!folder_load(r->conf->folder, kind, a->key, &bytes))
                return;
        if (authority_take_crl(a, r->conf, delta, buf_span(&bytes), wall_now(), &news, &why) != GW_OK)
                folder_discard(r->conf->folder, kind, a->key, &why);
}

static void load_offers(struct revocation *r, struct authority *a)
{
        for (int delta = 0; delta < 2; delta++)
                for (size_t i = 0; i < r->offer_count; i++) {
                        struct why not_this_ones = WHY_INIT;
                        bool news = false;
                        struct span bytes = span_of(r->offers[i]->bytes, r->offers[i]->n);
                        gw_ignore(authority_take_crl(a, r->conf, delta, bytes, wall_now(), &news, &not_this_ones) != GW_OK);
                }
}

/* An operator who forgot an [authority …] must hear of it: whoever it certified would wait for an answer that nobody gives. */
static void tell_sourceless(const struct revocation_conf *conf, const struct authority *a)
{
        size_t urls = 0;
        for (size_t i = 0; i < REVOCATION_KINDS; i++)
                urls += a->sources[i].url_count;
        if (urls == 0 && !conf->offline)
                log_event(LOG_WARN, NULL, "revocation.no_source", "authority=%s effect=\"its certificates stay unknown until [authority] names an OCSP responder or a CRL\"", a->name);
}

/* Those of the folder are read at the start, by one thread, so that no request waits for a large CRL. */
static struct authority *add_authority(struct revocation *r, const struct revocation_authority_conf *conf, X509 *issuer, const struct certificate *certificate)
{
        if (r->authority_count == AUTHORITIES_MAX)
                return NULL;
        struct authority *a = authority_new(r->conf, conf ? conf : conf_of(r, issuer), issuer, certificate);
        tell_sourceless(r->conf, a);
        if (r->conf->crl) {
                load_crl(r, a, false);
                load_crl(r, a, true);
                load_offers(r, a);
        }
        r->authorities[r->authority_count] = a;
        r->authority_count++;
        return a;
}

static struct authority *authority_of(struct revocation *r, X509 *issuer, const struct certificate *certificate)
{
        uint8_t key[FOLDER_KEY_SIZE];
        authority_key(issuer, key);
        pthread_mutex_lock(&r->authorities_lock);
        struct authority *a = find_authority(r, key);
        bool known = a;
        if (!a)
                a = add_authority(r, NULL, issuer, certificate);
        pthread_mutex_unlock(&r->authorities_lock);
        if (known)
                authority_learn(a, r->conf, certificate);
        return a;
}

static void keep_issuer(const struct revocation *r, const struct authority *a)
{
        uint8_t *der = NULL;
        int n = r->conf->folder ? i2d_X509(a->issuer, &der) : 0;
        if (n > 0)
                folder_save(r->conf->folder, FOLDER_ISSUER, a->key, span_of(der, (size_t)n));
        OPENSSL_free(der);
}

/* ---- opening ---- */

static X509 *read_certificate(struct span bytes)
{
        const unsigned char *p = bytes.p;
        X509 *x509 = d2i_X509(NULL, &p, (long)bytes.n);
        gw_auto(bio) BIO *bio = x509 ? NULL : BIO_new_mem_buf(bytes.p, (int)bytes.n);
        return x509 ? x509 : bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

static enum gw_rc open_configured(struct revocation *r, const struct revocation_authority_conf *conf, struct why *why)
{
        if (!conf->certificate)
                return GW_OK; /* found by its key id when somebody asks about a certificate of it */
        auto_buf struct buf bytes = BUF_LIMIT((size_t)1 << 20);
        gw_auto(x509) X509 *x509 = text_read_file(conf->certificate, &bytes) ? read_certificate(buf_span(&bytes)) : NULL;
        if (!x509)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "[authority %s]: its certificate cannot be read", conf->name);
        uint8_t key[FOLDER_KEY_SIZE];
        authority_key(x509, key);
        if (find_authority(r, key) || !add_authority(r, conf, x509, NULL))
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "[authority %s] is there twice, or there are too many", conf->name);
        return GW_OK;
}

static void open_kept(void *arg, const uint8_t name[FOLDER_KEY_SIZE])
{
        struct revocation *r = arg;
        auto_buf struct buf bytes = BUF_LIMIT((size_t)1 << 20);
        if (find_authority(r, name) || !folder_load(r->conf->folder, FOLDER_ISSUER, name, &bytes))
                return;
        gw_auto(x509) X509 *x509 = read_certificate(buf_span(&bytes));
        uint8_t key[FOLDER_KEY_SIZE] = {0};
        if (x509)
                authority_key(x509, key);
        struct why why = {0, "not the certificate of this authority"};
        if (!x509 || !span_eq(span_of(key, sizeof key), span_of(name, sizeof key)))
                folder_discard(r->conf->folder, FOLDER_ISSUER, name, &why);
        else
                add_authority(r, NULL, x509, NULL);
}

enum gw_rc revocation_open(const struct revocation_conf *conf, struct revocation **ret_revocation, struct why *why)
{
        auto_revocation struct revocation *r = xcalloc(1, sizeof *r);
        r->conf = conf;
        table_init(&r->table, conf->certificates_max);
        GW_ASSERT(pthread_mutex_init(&r->authorities_lock, NULL) == 0);
        if (conf->folder && !folder_make(conf->folder))
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "the revocation folder cannot be made or written");
        for (size_t i = 0; i < conf->authority_count; i++) {
                enum gw_rc rc = open_configured(r, &conf->authorities[i], why);
                if (rc != GW_OK)
                        return rc;
        }
        folder_each(conf->folder, FOLDER_ISSUER, open_kept, r);
        *ret_revocation = gw_take(&r);
        return GW_OK;
}

void revocation_close(struct revocation *r)
{
        if (!r)
                return;
        revocation_stop(r);
        table_done(&r->table);
        for (size_t i = 0; i < r->authority_count; i++)
                authority_free(r->authorities[i]);
        for (size_t i = 0; i < r->offer_count; i++)
                evidence_unref(r->offers[i]);
        pthread_mutex_destroy(&r->authorities_lock);
        free(r);
}

void revocation_start(struct revocation *r)
{
        GW_ASSERT(!r->fetcher && !r->conf->offline);
        engine_tidy(r);
        r->fetcher = fetcher_new(r);
}

void revocation_stop(struct revocation *r)
{
        fetcher_free(gw_take(&r->fetcher));
}

void revocation_offer(struct revocation *r, struct span bytes)
{
        if (r->offer_count < OFFERS_MAX)
                r->offers[r->offer_count++] = evidence_new("crl", bytes);
}

void engine_tidy(struct revocation *r)
{
        folder_tidy(r->conf->folder, FOLDER_OCSP, r->conf->certificates_max);
        folder_tidy(r->conf->folder, FOLDER_ISSUER, AUTHORITIES_MAX);
        folder_tidy(r->conf->folder, FOLDER_CRL, AUTHORITIES_MAX);
        folder_tidy(r->conf->folder, FOLDER_DELTA, AUTHORITIES_MAX);
}

/* ---- one certificate ---- */

/* A kept answer is checked as of the day when it was given, signature and all; whether it is too old is asked later, as of any other. */
static struct wall_time produced_at(struct span bytes)
{
        const unsigned char *p = bytes.p;
        struct wall_time at = {0};
        OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)bytes.n);
        OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
        struct tm tm;
        if (basic && ASN1_TIME_to_tm(OCSP_resp_get0_produced_at(basic), &tm) == 1)
                at.ms = (int64_t)timegm(&tm) * 1000;
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(response);
        return at;
}

static enum gw_rc check_kept(const struct revocation *r, const struct authority *a, const struct certificate *certificate, struct span bytes, struct revocation_status *ret,
                             struct why *why)
{
        struct ocsp_rules rules = {.now = produced_at(bytes), .skew_ms = r->conf->skew_ms, .age_max_ms = (int64_t)1 << 50};
        if (rules.now.ms > wall_now().ms + r->conf->skew_ms)
                return why_set(why, GW_REJECT, 0, "an answer of the future");
        return ocsp_check(bytes, certificate->x509, a->issuer, &rules, ret, why);
}

/* What is kept or offered about it; UNKNOWN and NULL when nothing is. */
static struct revocation_evidence *load_ocsp(const struct revocation *r, const struct authority *a, const struct certificate *certificate, struct revocation_status *ret)
{
        struct why why = WHY_INIT;
        auto_buf struct buf bytes = BUF_LIMIT(OCSP_BYTES_MAX);
        if (folder_load(r->conf->folder, FOLDER_OCSP, certificate->sha256, &bytes)) {
                if (check_kept(r, a, certificate, buf_span(&bytes), ret, &why) == GW_OK)
                        return evidence_new("ocsp", buf_span(&bytes));
                folder_discard(r->conf->folder, FOLDER_OCSP, certificate->sha256, &why);
        }
        for (size_t i = 0; i < r->offer_count; i++) {
                struct span offer = span_of(r->offers[i]->bytes, r->offers[i]->n);
                if (check_kept(r, a, certificate, offer, ret, &why) == GW_OK)
                        return evidence_new("ocsp", offer);
        }
        *ret = (struct revocation_status){0};
        return NULL;
}

static int64_t lifetime_pause(const struct revocation *r, const struct revocation_status *status, struct wall_time now)
{
        int64_t floor = r->conf->refresh_ms < FLOOR_MS ? r->conf->refresh_ms : FLOOR_MS;
        int64_t left = part_of(answer_until(r->conf, status).ms - now.ms, 50, 75), most = part_of(r->conf->refresh_ms, 90, 100);
        int64_t pause = left < most ? left : most;
        return pause > floor ? pause : floor;
}

static int64_t failure_pause(const struct revocation *r, unsigned failures)
{
        int64_t pause = r->conf->retry_first_ms;
        for (unsigned i = 1; i < failures && pause < r->conf->retry_longest_ms; i++)
                pause *= 2;
        return part_of(pause < r->conf->retry_longest_ms ? pause : r->conf->retry_longest_ms, 80, 120);
}

/* The first question about it: a slot, with what is kept. */
static void get_to_know(struct revocation *r, const struct certificate *certificate, X509 *issuer, struct wall_time now)
{
        struct authority *a = authority_of(r, issuer, certificate);
        if (!a)
                return;
        struct revocation_status status = {0};
        struct revocation_evidence *evidence = r->conf->ocsp ? load_ocsp(r, a, certificate, &status) : NULL;
        pthread_mutex_lock(&r->table.lock);
        struct known *known = table_find(&r->table, certificate->sha256) ? NULL : table_add(&r->table, certificate, a);
        if (known) {
                known->ocsp = status;
                known->evidence = gw_take(&evidence);
                if (status.answer != REVOCATION_UNKNOWN && answer_current(r->conf, &status, now))
                        known->fetch_at.ms = now.ms + (answer_until(r->conf, &status).ms - now.ms > r->conf->refresh_ms ? part_of(FLOOR_MS, 10, 100) : 0);
        }
        pthread_mutex_unlock(&r->table.lock);
        evidence_unref(evidence);
}

struct look { struct authority *authority; struct revocation_status ocsp; struct revocation_evidence *evidence; };

static bool look_up(struct revocation *r, const struct certificate *certificate, struct wall_time now, struct look *ret)
{
        pthread_mutex_lock(&r->table.lock);
        struct known *known = table_find(&r->table, certificate->sha256);
        if (known) {
                known->asked_at = now;
                known->used_lately = true;
                *ret = (struct look){known->authority, known->ocsp, evidence_ref(known->evidence)};
        }
        pthread_mutex_unlock(&r->table.lock);
        return known;
}

/* Nothing current from OCSP: asked at once, as far as the rate allows. */
static void want(struct revocation *r, const struct certificate *certificate, bool missed, struct wall_time now)
{
        void (*tell)(void *arg) = NULL;
        void *arg = NULL;
        pthread_mutex_lock(&r->table.lock);
        struct known *known = table_find(&r->table, certificate->sha256);
        if (known && missed)
                known->missed = true;
        if (known && !known->under_way && known->fetch_at.ms <= now.ms && r->urgent_count < URGENT_MAX) {
                memcpy(r->urgent[r->urgent_count++], certificate->sha256, 32);
                tell = r->urgent_count == 1 ? r->on_note : NULL;
                arg = r->on_note_arg;
                if (tell)
                        tell(arg);
        }
        pthread_mutex_unlock(&r->table.lock);
}

void revocation_ask(void *ctx, const struct certificate *certificate, X509 *issuer, struct wall_time at, struct revocation_status *ret)
{
        struct revocation *r = ctx;
        struct wall_time now = r->conf->offline ? at : wall_now();
        struct look look = {0};
        if (issuer && !look_up(r, certificate, now, &look)) {
                get_to_know(r, certificate, issuer, now);
                gw_ignore(!look_up(r, certificate, now, &look)); /* no room: nothing is known */
        }
        struct crl_says crl[2] = {0};
        if (look.authority && r->conf->crl)
                authority_ask_crl(look.authority, certificate, crl);
        const struct revocation_status says[3] = {look.ocsp, crl[0].status, crl[1].status};
        struct revocation_evidence *const evidence[3][2] = {{look.evidence, NULL}, {crl[0].evidence[0], crl[0].evidence[1]}, {crl[1].evidence[0], NULL}};
        enum revocation_answer answer = REVOCATION_UNKNOWN;
        int decides = answers_judge(r->conf, says, certificate, at, now, &answer);
        *ret = decides >= 0 ? says[decides] : (struct revocation_status){0};
        ret->answer = answer;
        if (look.authority && r->conf->ocsp && !r->conf->offline && !(look.ocsp.answer != REVOCATION_UNKNOWN && answer_current(r->conf, &look.ocsp, now)))
                want(r, certificate, answer == REVOCATION_UNKNOWN, now);
        r->answers[ret->source][answer]++;
        static struct revocation_evidence *const nothing[2];
        record_note(certificate, decides >= 0 ? evidence[decides] : nothing, ret);
        evidence_unref(look.evidence);
        for (size_t i = 0; i < 2; i++)
                for (size_t k = 0; k < 2; k++)
                        evidence_unref(crl[i].evidence[k]);
}

/* ---- what is due ---- */

void errand_done(struct errand *errand)
{
        certificate_unref(gw_take(&errand->certificate));
        buf_done(&errand->request);
}

static bool due(const struct revocation *r, const struct known *known, struct wall_time now)
{
        return !known->under_way && known->fetch_at.ms <= now.ms && known->asked_at.ms + r->conf->keep_ms >= now.ms;
}

static bool may_ask_ocsp(struct revocation *r, struct wall_time now)
{
        int64_t most = (int64_t)r->conf->ocsp_per_second * 1000, passed = now.ms - r->bucket_at.ms;
        if (passed != 0) { /* clocks may also be set back */
                r->bucket = passed < 0 || passed > 1000 ? most : r->bucket + passed * r->conf->ocsp_per_second;
                r->bucket = r->bucket < most ? r->bucket : most;
                r->bucket_at = now;
        }
        if (r->bucket < 1000)
                return false;
        r->bucket -= 1000;
        return true;
}

/* The authority's lock is taken inside the table's, never the other way round. */
static bool set_out(struct revocation *r, struct known *known, struct wall_time now, struct errand *ret)
{
        struct authority *a = known->authority;
        pthread_rwlock_rdlock(&a->lock);
        const struct source *source = &a->sources[REVOCATION_OCSP];
        const char *url = source->url_count ? source->urls[(known->failures + source->failures / DOWN_AFTER) % source->url_count] : NULL;
        pthread_rwlock_unlock(&a->lock);
        if (!url || !may_ask_ocsp(r, now))
                return false;
        *ret = (struct errand){.kind = REVOCATION_OCSP, .authority = a, .url = url, .request = BUF_INIT};
        GW_ASSERT(RAND_bytes(ret->nonce, sizeof ret->nonce) == 1);
        if (!ocsp_request(known->certificate->x509, a->issuer, a->ocsp_sha1, span_of(ret->nonce, OCSP_NONCE_SIZE), &ret->request)) {
                buf_done(&ret->request);
                return false;
        }
        ret->certificate = certificate_ref(known->certificate);
        known->under_way = true;
        return true;
}

static size_t due_ocsp(struct revocation *r, struct wall_time now, struct errand *errands, size_t max)
{
        size_t count = 0, taken = 0;
        pthread_mutex_lock(&r->table.lock);
        for (; taken < r->urgent_count && count < max; taken++) {
                struct known *known = table_find(&r->table, r->urgent[taken]);
                if (known && due(r, known, now))
                        count += set_out(r, known, now, &errands[count]);
        }
        memmove(r->urgent, r->urgent[taken], (r->urgent_count - taken) * sizeof *r->urgent);
        r->urgent_count -= taken;
        if (now.ms - r->scanned_at.ms >= SCAN_MS || now.ms < r->scanned_at.ms) {
                struct table *t = &r->table;
                for (uint32_t i = 0; i < t->filled && count < max; i++, t->scanned++)
                        if (due(r, &t->slots[t->scanned % t->filled], now))
                                count += set_out(r, &t->slots[t->scanned % t->filled], now, &errands[count]);
                r->scanned_at = count < max ? now : r->scanned_at;
        }
        pthread_mutex_unlock(&r->table.lock);
        return count;
}

static size_t due_crl(struct revocation *r, struct wall_time now, struct errand *errands, size_t max)
{
        size_t count = 0, authorities = r->authority_count;
        for (size_t i = 0; i < authorities; i++) {
                struct authority *a = r->authorities[i];
                pthread_rwlock_wrlock(&a->lock);
                for (enum revocation_errand_kind kind = REVOCATION_CRL; kind <= REVOCATION_DELTA && count < max; kind++) {
                        struct source *s = &a->sources[kind];
                        if (!s->url_count || s->under_way || s->fetch_at.ms > now.ms || (kind == REVOCATION_DELTA && !a->base))
                                continue;
                        s->under_way = true;
                        errands[count++] = (struct errand){.kind = kind, .authority = a, .url = s->urls[s->failures % s->url_count], .request = BUF_INIT};
                }
                pthread_rwlock_unlock(&a->lock);
        }
        return count;
}

size_t engine_due(struct revocation *r, struct wall_time now, struct errand *errands, size_t max)
{
        size_t count = r->conf->crl ? due_crl(r, now, errands, max) : 0;
        return r->conf->ocsp ? count + due_ocsp(r, now, errands + count, max - count) : count;
}

/* ---- what came ---- */

/* One line per change, not per failure. */
static void note_health(struct authority *a, enum revocation_errand_kind kind, bool well, const struct why *why)
{
        pthread_rwlock_wrlock(&a->lock);
        struct source *s = &a->sources[kind];
        s->failures = well ? 0 : s->failures + 1;
        bool down = s->failures >= DOWN_AFTER, changed = down != s->down && (down || well);
        s->down = changed ? down : s->down;
        pthread_rwlock_unlock(&a->lock);
        if (changed && down)
                log_event(LOG_WARN, NULL, "revocation.down", "authority=%s source=%s detail=\"%s\"", a->name, revocation_kind_names[kind], why->detail);
        else if (changed)
                log_event(LOG_INFO, NULL, "revocation.up", "authority=%s source=%s", a->name, revocation_kind_names[kind]);
}

static enum gw_rc check_ocsp(const struct revocation *r, const struct errand *e, struct span answer, struct wall_time now, struct revocation_status *ret, struct why *why)
{
        auto_crl struct crl *crl = authority_crl(e->authority);
        struct ocsp_rules rules = {
                .now = now,
                .id = e->authority->ocsp_sha1 ? OCSP_ID_SHA1 : OCSP_ID_SHA256,
                .responder_crl = crl,
                .skew_ms = r->conf->skew_ms,
                .age_max_ms = r->conf->age_max_ms,
                .nonce = span_of(e->nonce, OCSP_NONCE_SIZE),
                .nonce_required = e->authority->nonce_required,
        };
        return ocsp_check(answer, e->certificate->x509, e->authority->issuer, &rules, ret, why);
}

static void done_ocsp(struct revocation *r, const struct errand *e, enum gw_rc rc, struct span answer, struct wall_time now, const struct why *carrier)
{
        struct revocation_status status = {0};
        struct why why = *carrier;
        if (rc == GW_OK)
                rc = check_ocsp(r, e, answer, now, &status, &why);
        struct revocation_evidence *evidence = rc == GW_OK ? evidence_new("ocsp", answer) : NULL;
        pthread_mutex_lock(&r->table.lock);
        struct known *known = table_find(&r->table, e->certificate->sha256); /* there: what is under way is not evicted */
        GW_ASSERT(known);
        known->under_way = false;
        if (rc == GW_OK && status.this_update.ms < known->ocsp.this_update.ms)
                rc = why_set(&why, GW_REJECT, 0, "an answer older than the one that is held");
        bool news = rc == GW_OK && known->missed;
        if (rc == GW_OK) {
                struct revocation_evidence *old = known->evidence;
                known->evidence = gw_take(&evidence);
                evidence = old;
                known->ocsp = status;
                known->missed = false;
                known->failures = 0;
                known->fetch_at.ms = now.ms + lifetime_pause(r, &status, now);
        } else {
                known->fetch_at.ms = now.ms + failure_pause(r, ++known->failures);
        }
        pthread_mutex_unlock(&r->table.lock);
        evidence_unref(evidence);
        note_health(e->authority, REVOCATION_OCSP, rc == GW_OK, &why);
        (rc == GW_OK ? r->fetched : r->failed)[REVOCATION_OCSP]++;
        if (rc != GW_OK) {
                log_event(LOG_DEBUG, NULL, "revocation.failed", "authority=%s source=ocsp serial=%s detail=\"%s\"", e->authority->name, e->certificate->serial, why.detail);
                return;
        }
        folder_save(r->conf->folder, FOLDER_OCSP, e->certificate->sha256, answer);
        if (news)
                r->news++;
}

static void done_crl(struct revocation *r, const struct errand *e, enum gw_rc rc, struct span answer, struct wall_time now, const struct why *carrier)
{
        struct authority *a = e->authority;
        struct why why = *carrier;
        bool news = false, delta = e->kind == REVOCATION_DELTA;
        if (rc == GW_OK)
                rc = authority_take_crl(a, r->conf, delta, answer, now, &news, &why);
        note_health(a, e->kind, rc == GW_OK, &why);
        (rc == GW_OK ? r->fetched : r->failed)[e->kind]++;
        struct crl_facts facts = {0};
        struct revocation_status age = {0};
        if (rc == GW_OK && authority_crl_facts(a, &facts))
                age = (struct revocation_status){.this_update = facts.this_update, .next_update = facts.next_update};
        pthread_rwlock_wrlock(&a->lock);
        struct source *s = &a->sources[e->kind];
        s->under_way = false;
        s->fetch_at.ms = now.ms + (rc == GW_OK ? lifetime_pause(r, &age, now) : failure_pause(r, s->failures));
        pthread_rwlock_unlock(&a->lock);
        if (rc != GW_OK)
                return;
        folder_save(r->conf->folder, delta ? FOLDER_DELTA : FOLDER_CRL, a->key, answer);
        if (!delta)
                keep_issuer(r, a);
        if (news)
                r->news++;
}

void engine_done(struct revocation *r, const struct errand *errand, enum gw_rc rc, struct span answer, struct wall_time now, const struct why *why)
{
        if (errand->kind == REVOCATION_OCSP)
                done_ocsp(r, errand, rc, answer, now, why);
        else
                done_crl(r, errand, rc, answer, now, why);
}

void engine_postpone(struct revocation *r, const struct errand *e, struct wall_time until)
{
        if (e->kind != REVOCATION_OCSP) {
                pthread_rwlock_wrlock(&e->authority->lock);
                e->authority->sources[e->kind].under_way = false;
                e->authority->sources[e->kind].fetch_at = until;
                pthread_rwlock_unlock(&e->authority->lock);
                return;
        }
        pthread_mutex_lock(&r->table.lock);
        struct known *known = table_find(&r->table, e->certificate->sha256);
        GW_ASSERT(known);
        known->under_way = false;
        known->fetch_at = until;
        pthread_mutex_unlock(&r->table.lock);
}

/* ---- for the operator ---- */

void revocation_count(struct revocation *r, struct revocation_counts *ret)
{
        *ret = (struct revocation_counts){0};
        for (size_t i = 0; i < 3; i++)
                for (size_t k = 0; k < 3; k++)
                        ret->answers[i][k] = r->answers[i][k];
        for (size_t k = 0; k < REVOCATION_KINDS; k++) {
                ret->fetched[k] = r->fetched[k];
                ret->failed[k] = r->failed[k];
        }
        pthread_mutex_lock(&r->table.lock);
        ret->certificates = r->table.filled;
        pthread_mutex_unlock(&r->table.lock);
}

static void view_authority(struct revocation *r, struct authority *a, struct revocation_authority_view *view)
{
        struct crl_facts facts = {0};
        memcpy(view->name, a->name, sizeof view->name);
        if (authority_crl_facts(a, &facts)) {
                struct revocation_status age = {.this_update = facts.this_update, .next_update = facts.next_update};
                view->this_update = facts.this_update;
                view->next_update = facts.next_update;
                view->entries = facts.entries;
                view->usable = answer_current(r->conf, &age, wall_now());
        }
        pthread_rwlock_rdlock(&a->lock);
        for (size_t k = 0; k < REVOCATION_KINDS; k++) {
                view->asked[k] = a->sources[k].url_count > 0 && (k == REVOCATION_OCSP ? r->conf->ocsp : r->conf->crl);
                view->down[k] = a->sources[k].down;
                view->refresh[k] = a->sources[k].fetch_at;
        }
        pthread_rwlock_unlock(&a->lock);
}

void revocation_each_authority(struct revocation *r, revocation_view_fn fn, void *arg)
{
        size_t count = r->authority_count;
        for (size_t i = 0; i < count; i++) {
                struct revocation_authority_view view = {0};
                view_authority(r, r->authorities[i], &view);
                fn(arg, &view);
        }
}

static void count_unsettled(void *arg, const struct revocation_authority_view *view)
{
        *(size_t *)arg += view->asked[REVOCATION_CRL] && !view->usable && view->refresh[REVOCATION_CRL].ms == 0;
}

void revocation_settle(struct revocation *r, int64_t wait_ms)
{
        struct mono_time until = {mono_now().ms + wait_ms};
        for (size_t open = 1; open && mono_now().ms < until.ms;) {
                open = 0;
                revocation_each_authority(r, count_unsettled, &open);
                if (open)
                        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        }
}
