/* One authority: its URLs and its CRLs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/pki/ocsp.h"
#include "gateway/revocation/authority.h"

/* ---- evidence ---- */

struct revocation_evidence *evidence_new(const char *kind, struct span bytes)
{
        struct revocation_evidence *evidence = xmalloc(sizeof *evidence + bytes.n);
        evidence->references = 1;
        evidence->kind = kind;
        evidence->n = bytes.n;
        if (bytes.n)
                memcpy(evidence->bytes, bytes.p, bytes.n);
        text_sha256(bytes, evidence->sha256);
        return evidence;
}

struct revocation_evidence *evidence_ref(struct revocation_evidence *evidence)
{
        if (evidence)
                evidence->references++;
        return evidence;
}

void evidence_unref(struct revocation_evidence *evidence)
{
        if (evidence && --evidence->references == 0)
                free(evidence);
}

static struct span bytes_of(const struct revocation_evidence *evidence)
{
        return evidence ? span_of(evidence->bytes, evidence->n) : span_of(NULL, 0);
}

/* ---- who it is ---- */

void authority_key(const X509 *issuer, uint8_t key[FOLDER_KEY_SIZE])
{
        auto_buf struct buf b = BUF_INIT;
        uint8_t *name = NULL, *spki = NULL;
        int n = i2d_X509_NAME(X509_get_subject_name(issuer), &name);
        int m = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &spki);
        GW_ASSERT(n > 0 && m > 0); /* it was decoded */
        buf_add(&b, name, (size_t)n);
        buf_add(&b, spki, (size_t)m);
        text_sha256(buf_span(&b), key);
        OPENSSL_free(name);
        OPENSSL_free(spki);
}

bool authority_matches(const struct revocation_authority_conf *conf, const X509 *issuer)
{
        if (!conf->key_id)
                return false;
        ASN1_OCTET_STRING *id = X509_get_ext_d2i(issuer, NID_subject_key_identifier, NULL, NULL);
        auto_buf struct buf hex = BUF_INIT;
        if (id)
                text_hex(&hex, span_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)));
        ASN1_OCTET_STRING_free(id);
        return hex.n > 0 && strcasecmp(buf_cstr(&hex), conf->key_id) == 0;
}

/* ---- where it is asked ---- */

static void add_url(struct source *source, const char *url, size_t n)
{
        if (n && source->url_count < REVOCATION_URLS_MAX)
                source->urls[source->url_count++] = xstrndup(url, n);
}

static void add_listed(struct source *source, const char *list)
{
        for (const char *p = list ? list : ""; *p;) {
                p += strspn(p, " ,");
                size_t n = strcspn(p, " ,");
                add_url(source, p, n);
                p += n;
        }
}

static void add_found(struct source *source, const struct revocation_conf *rules, const char *url)
{
        if (url_usable(url, rules->ca_file) && (rules->urls_of_certificates || url_host_listed(url, rules->hosts)))
                add_url(source, url, strlen(url));
}

static void add_points(struct source *source, const struct revocation_conf *rules, const X509 *x509, bool freshest)
{
        char **urls = crl_urls(x509, freshest);
        for (size_t i = 0; urls && urls[i]; i++) {
                add_found(source, rules, urls[i]);
                free(urls[i]);
        }
        free(urls);
}

void authority_learn(struct authority *a, const struct revocation_conf *rules, const struct certificate *certificate)
{
        if (rules->offline || (!rules->urls_of_certificates && !rules->hosts))
                return;
        char *url = NULL;
        pthread_rwlock_wrlock(&a->lock);
        struct source *s = a->sources;
        if (!s[REVOCATION_OCSP].url_count && ocsp_url(certificate->x509, &url))
                add_found(&s[REVOCATION_OCSP], rules, url);
        if (!s[REVOCATION_CRL].url_count)
                add_points(&s[REVOCATION_CRL], rules, certificate->x509, false);
        if (!s[REVOCATION_DELTA].url_count)
                add_points(&s[REVOCATION_DELTA], rules, certificate->x509, true);
        pthread_rwlock_unlock(&a->lock);
        free(url);
}

struct authority *authority_new(const struct revocation_conf *rules, const struct revocation_authority_conf *conf, X509 *issuer, const struct certificate *certificate)
{
        struct authority *a = xcalloc(1, sizeof *a);
        GW_ASSERT(pthread_rwlock_init(&a->lock, NULL) == 0 && X509_up_ref(issuer) == 1);
        a->issuer = issuer;
        authority_key(issuer, a->key);
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(a->key, 8));
        snprintf(a->name, sizeof a->name, "%s", conf ? conf->name : buf_cstr(&hex));
        if (conf) {
                a->ocsp_sha1 = conf->ocsp_sha1;
                a->nonce_required = conf->nonce_required;
                add_listed(&a->sources[REVOCATION_OCSP], conf->ocsp);
                add_listed(&a->sources[REVOCATION_CRL], conf->crl);
                add_listed(&a->sources[REVOCATION_DELTA], conf->delta);
        }
        if (certificate)
                authority_learn(a, rules, certificate);
        return a;
}

void authority_free(struct authority *a)
{
        if (!a)
                return;
        for (size_t k = 0; k < REVOCATION_KINDS; k++)
                for (size_t i = 0; i < a->sources[k].url_count; i++)
                        free(a->sources[k].urls[i]);
        crl_unref(a->base);
        crl_unref(a->combined);
        evidence_unref(a->base_bytes);
        evidence_unref(a->delta_bytes);
        pthread_rwlock_destroy(&a->lock);
        X509_free(a->issuer);
        free(a);
}

/* ---- its CRLs ---- */

static struct revocation_status age_of(const struct crl *crl)
{
        struct crl_facts facts;
        crl_facts(crl, &facts);
        return (struct revocation_status){.this_update = facts.this_update, .next_update = facts.next_update};
}

/* Called by the only thread that changes them, so that reading needs no lock here. */
static bool usable(const struct authority *a, const struct revocation_conf *rules, struct wall_time now)
{
        struct revocation_status combined = a->combined ? age_of(a->combined) : (struct revocation_status){0};
        struct revocation_status base = a->base ? age_of(a->base) : (struct revocation_status){0};
        return (a->combined && answer_current(rules, &combined, now)) || (a->base && answer_current(rules, &base, now));
}

static void install(struct authority *a, struct crl *base, struct crl *combined, struct revocation_evidence *base_bytes, struct revocation_evidence *delta_bytes)
{
        pthread_rwlock_wrlock(&a->lock);
        struct crl *old_base = a->base, *old_combined = a->combined;
        struct revocation_evidence *old_base_bytes = a->base_bytes, *old_delta_bytes = a->delta_bytes;
        a->base = base;
        a->combined = combined;
        a->base_bytes = base_bytes;
        a->delta_bytes = delta_bytes;
        pthread_rwlock_unlock(&a->lock);
        crl_unref(old_base);
        crl_unref(old_combined);
        evidence_unref(old_base_bytes);
        evidence_unref(old_delta_bytes);
}

static enum gw_rc refuse_older(struct why *why)
{
        return why_set(why, GW_REJECT, 0, "older than the one that is held");
}

static enum gw_rc take_base(struct authority *a, struct span bytes, const struct crl_rules *rules, struct why *why)
{
        auto_crl struct crl *base = NULL;
        enum gw_rc rc = crl_read(bytes, a->issuer, rules, &base, why);
        if (rc != GW_OK)
                return rc;
        if (a->base && age_of(base).this_update.ms < age_of(a->base).this_update.ms)
                return refuse_older(why);
        /* The delta that is held goes on top of the new base as long as it fits (RFC 5280 5.2.4). */
        struct why none = WHY_INIT;
        struct crl *combined = NULL;
        if (a->delta_bytes && crl_apply_delta(base, bytes_of(a->delta_bytes), a->issuer, rules, &combined, &none) != GW_OK)
                combined = NULL;
        if (combined && age_of(combined).this_update.ms < age_of(base).this_update.ms) {
                crl_unref(combined);
                combined = NULL;
        }
        install(a, gw_take(&base), combined, evidence_new("crl", bytes), combined ? evidence_ref(a->delta_bytes) : NULL);
        return GW_OK;
}

static enum gw_rc take_delta(struct authority *a, struct span bytes, const struct crl_rules *rules, struct why *why)
{
        if (!a->base)
                return why_set(why, GW_RETRY, 0, "a delta without its CRL");
        auto_crl struct crl *combined = NULL;
        enum gw_rc rc = crl_apply_delta(a->base, bytes, a->issuer, rules, &combined, why);
        if (rc != GW_OK)
                return rc;
        if (a->combined && age_of(combined).this_update.ms < age_of(a->combined).this_update.ms)
                return refuse_older(why);
        install(a, crl_ref(a->base), gw_take(&combined), evidence_ref(a->base_bytes), evidence_new("crl", bytes));
        return GW_OK;
}

enum gw_rc authority_take_crl(struct authority *a, const struct revocation_conf *rules, bool delta, struct span bytes, struct wall_time now, bool *ret_news, struct why *why)
{
        *ret_news = false;
        const struct revocation_evidence *held = delta ? a->delta_bytes : a->base_bytes;
        if (held && span_eq(bytes_of(held), bytes))
                return GW_OK;
        bool before = usable(a, rules, now);
        struct crl_rules crl_rules = {.now = now, .skew_ms = rules->skew_ms, .age_max_ms = rules->age_max_ms};
        enum gw_rc rc = delta ? take_delta(a, bytes, &crl_rules, why) : take_base(a, bytes, &crl_rules, why);
        *ret_news = rc == GW_OK && (!before || delta) && usable(a, rules, now);
        return rc;
}

/* Its age is judged elsewhere: here it is asked as of its own date. */
static void ask_one(const struct crl *crl, const struct certificate *certificate, struct revocation_status *ret)
{
        struct crl_rules as_of_itself = {.now = age_of(crl).this_update, .age_max_ms = (int64_t)1 << 50};
        crl_status(crl, certificate->x509, &as_of_itself, ret);
}

void authority_ask_crl(struct authority *a, const struct certificate *certificate, struct crl_says ret[2])
{
        memset(ret, 0, 2 * sizeof *ret);
        pthread_rwlock_rdlock(&a->lock);
        auto_crl struct crl *base = a->base ? crl_ref(a->base) : NULL;
        auto_crl struct crl *combined = a->combined ? crl_ref(a->combined) : NULL;
        if (base)
                ret[0].evidence[0] = evidence_ref(a->base_bytes);
        if (combined) {
                ret[0].evidence[1] = evidence_ref(a->delta_bytes);
                ret[1].evidence[0] = evidence_ref(a->base_bytes);
        }
        pthread_rwlock_unlock(&a->lock);
        if (base)
                ask_one(combined ? combined : base, certificate, &ret[0].status);
        if (combined)
                ask_one(base, certificate, &ret[1].status);
}

struct crl *authority_crl(struct authority *a)
{
        pthread_rwlock_rdlock(&a->lock);
        struct crl *crl = a->combined ? a->combined : a->base;
        crl = crl ? crl_ref(crl) : NULL;
        pthread_rwlock_unlock(&a->lock);
        return crl;
}

bool authority_crl_facts(struct authority *a, struct crl_facts *ret)
{
        auto_crl struct crl *crl = authority_crl(a);
        if (crl)
                crl_facts(crl, ret);
        return crl;
}
