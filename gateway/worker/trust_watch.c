/* Looks after the trust folder and after dates (gateway/worker/trust_watch.h). */
#include "gateway/worker/trust_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/pki/path.h"

#define LOOK_EVERY_MS 2000
#define DATES_EVERY_MS 3600000
#define DAY_MS 86400000
#define TOLD_MAX 256

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)

struct told {
        char serial[48];
        size_t stage;
};

struct trust_watch {
        struct loop *loop;
        uint64_t mark;
        struct mono_time look_at, dates_at;
        struct told told[TOLD_MAX]; /* more certificates than that are told again every hour */
        size_t told_count;
};

/* ---- what has dates ---------------------------------------------------------------------------------------------- */

/* name: NULL for an authority's own. */
static void see(const char *kind, const char *name, X509 *x509, trust_dated_fn *each, void *ctx)
{
        struct trust_dated dated = {.kind = kind};
        const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
        if (hex.n >= sizeof dated.serial || !x509_time(X509_get0_notAfter(x509), &dated.until))
                return;
        memcpy(dated.serial, buf_cstr(&hex), hex.n + 1);
        if (name)
                snprintf(dated.name, sizeof dated.name, "%s", name);
        else
                X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, dated.name, sizeof dated.name);
        each(ctx, &dated);
}

static void see_own(struct loop *loop, trust_dated_fn *each, void *ctx)
{
        const struct settings *settings = loop->shared->settings;
        struct signer_key_facts key;
        for (size_t i = 0; signer_key_facts(loop->signer, i, &key); i++) { /* successors, too */
                auto_buf struct buf der = BUF_INIT;
                if (!text_unbase64(&der, span_str(key.certificate_base64)))
                        continue;
                const unsigned char *p = der.p;
                gw_auto(x509) X509 *x509 = d2i_X509(NULL, &p, (long)der.n);
                if (x509)
                        see(str_eq(key.id, settings->gateway.tls_key) ? "tls" : "signing", key.id, x509, each, ctx);
        }
}

void trust_watch_each(struct loop *loop, trust_dated_fn *each, void *ctx)
{
        auto_anchors struct anchors *anchors = verifier_anchors(loop->shared->verifier);
        for (size_t i = 0; i < anchors_count(anchors); i++)
                see("anchor", NULL, anchors_at(anchors, i), each, ctx);
        see_own(loop, each, ctx);
}

long long trust_days_left(struct wall_time until)
{
        int64_t left = until.ms - wall_now().ms;
        return (long long)(left / DAY_MS - (left < 0 && left % DAY_MS != 0));
}

static void add_metric(void *ctx, const struct trust_dated *dated)
{
        buf_printf(ctx, "egov_certificate_expires_seconds{kind=\"%s\",serial=\"%s\"} %lld\n", dated->kind, dated->serial, (long long)(dated->until.ms - wall_now().ms) / 1000);
}

void trust_watch_metrics(struct loop *loop, struct buf *out)
{
        buf_add_str(out, "# HELP egov_certificate_expires_seconds Time until a certificate of ours or an anchor expires\n# TYPE egov_certificate_expires_seconds gauge\n");
        trust_watch_each(loop, add_metric, out);
}

size_t trust_watch_current(struct loop *loop)
{
        auto_anchors struct anchors *anchors = verifier_anchors(loop->shared->verifier);
        return anchors_count_current(anchors, wall_now());
}

/* ---- days left --------------------------------------------------------------------------------------------------- */

static struct told *told_of(struct trust_watch *watch, const char *serial)
{
        for (size_t i = 0; i < watch->told_count; i++)
                if (str_eq(watch->told[i].serial, serial))
                        return &watch->told[i];
        if (watch->told_count == TOLD_MAX)
                watch->told_count = 0;
        struct told *told = &watch->told[watch->told_count++];
        *told = (struct told){.stage = 0};
        memcpy(told->serial, serial, strlen(serial) + 1);
        return told;
}

static void tell_days(void *ctx, const struct trust_dated *dated)
{
        static const int64_t days[] = {60, 30, 7, 0};
        int64_t left = dated->until.ms - wall_now().ms;
        size_t stage = 0;
        while (stage < GW_COUNT(days) && left < days[stage] * DAY_MS)
                stage++;
        struct told *told = told_of(ctx, dated->serial);
        if (stage > told->stage)
                log_event(stage == GW_COUNT(days) ? LOG_ERROR : LOG_WARN, NULL, left < 0 ? "certificate.expired" : "certificate.expires", "kind=%s serial=%s days=%lld", dated->kind,
                          dated->serial, trust_days_left(dated->until));
        told->stage = stage;
}

/* ---- the folder -------------------------------------------------------------------------------------------------- */

static void tell_difference(const struct anchors *some, const struct anchors *others, const char *verb)
{
        for (size_t i = 0; i < anchors_count(some); i++) {
                X509 *x509 = anchors_at(some, i);
                if (anchors_have(others, x509))
                        continue;
                gw_auto(bio) BIO *text = BIO_new(BIO_s_mem());
                char subject[400] = "";
                GW_ASSERT(text && X509_NAME_print_ex(text, X509_get_subject_name(x509), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0);
                gw_ignore(BIO_read(text, subject, sizeof subject - 1) < 0);
                log_event(LOG_INFO, NULL, verb, "subject=%s", subject); /* an authority's: nothing personal */
        }
}

static void look(struct trust_watch *watch)
{
        struct verifier *verifier = watch->loop->shared->verifier;
        uint64_t mark = anchors_folder_mark(watch->loop->shared->settings->gateway.trust);
        if (mark == watch->mark)
                return;
        watch->mark = mark;
        struct why why = WHY_INIT;
        auto_anchors struct anchors *before = verifier_anchors(verifier);
        if (verifier_reload(verifier, &why) != GW_OK) {
                log_event(LOG_ERROR, NULL, "trust.kept", "the folder has changed, and the old anchors stay in use: %s", why.detail);
                return;
        }
        auto_anchors struct anchors *after = verifier_anchors(verifier);
        tell_difference(after, before, "trust.added");
        tell_difference(before, after, "trust.removed");
        log_event(LOG_INFO, NULL, "trust.reloaded", "anchors=%zu", anchors_count(after));
        watch->dates_at = mono_now();
}

struct trust_watch *trust_watch_new(struct loop *loop)
{
        struct trust_watch *watch = xcalloc(1, sizeof *watch);
        watch->loop = loop;
        watch->mark = anchors_folder_mark(loop->shared->settings->gateway.trust);
        return watch;
}

void trust_watch_tick(struct trust_watch *watch)
{
        struct mono_time now = mono_now();
        if (now.ms >= watch->look_at.ms) {
                watch->look_at.ms = now.ms + LOOK_EVERY_MS;
                look(watch);
        }
        if (now.ms >= watch->dates_at.ms) {
                watch->dates_at.ms = now.ms + DATES_EVERY_MS;
                trust_watch_each(watch->loop, tell_days, watch);
        }
}

void trust_watch_free(struct trust_watch *watch)
{
        free(watch);
}
