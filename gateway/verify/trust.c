/* The verifier: anchors, the certificate cache, and the question whether a certificate is trusted at an instant.
 *
 * Chains are OpenSSL's business (chain_gost.c's for GOST, which it does not know), against our anchors only: xmlsec's store would trust every web CA of the system
 * (measurements.md 2, pitfall 3). */
#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/gost/provider.h"
#include "gateway/pki/cache.h"
#include "gateway/pki/chain_gost.h"
#include "gateway/verify/trust.h"

#define CACHE_CAPACITY 50000
#define SLOT_MS 600000   /* a chain verdict is good for at most this long */
#define SECURITY_LEVEL 2 /* 112 bits: no SHA-1, no RSA below 2048 anywhere in the chain */
#define ANCHOR_FILE_MAX ((size_t)1 << 20)

struct verifier {
        X509_STORE *anchors;
        struct chain_gost *gost_anchors;
        struct certificate_cache *cache;
        struct known_certificates *known;
        struct verify_policy policy;
        _Atomic uint64_t signatures, decoded, chains;
};

GW_DEFINE_AUTO(verifier, struct verifier, verifier_close)
GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(store_ctx, X509_STORE_CTX, X509_STORE_CTX_free)
GW_DEFINE_AUTO(dir, DIR, closedir)

void verify_init(void)
{
        gost_provider_load();
        sig_init();
}

/* ---- anchors ----------------------------------------------------------------------------------------------------- */

static bool is_certificate_file(const char *name)
{
        static const char *const ends[] = {".pem", ".crt", ".cer", ".der"};
        size_t n = strlen(name);
        for (size_t i = 0; i < GW_COUNT(ends); i++)
                if (n > 4 && name[0] != '.' && strcasecmp(name + n - 4, ends[i]) == 0)
                        return true;
        return false;
}

/* A leaf here would make itself trusted (partial chains), so only authorities are let in. */
static enum gw_rc add_anchor(struct verifier *verifier, X509 *x509, const char *name, struct why *why)
{
        if (X509_check_ca(x509) == 0)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust: %.80s is not a certificate of an authority", name);
        if (X509_STORE_add_cert(verifier->anchors, x509) != 1)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust: %.80s cannot be added", name);
        chain_gost_add_anchor(verifier->gost_anchors, x509);
        return GW_OK;
}

static enum gw_rc add_pem(struct verifier *verifier, struct span text, const char *name, size_t *count, struct why *why)
{
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
        for (;;) {
                gw_auto(x509) X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
                if (!x509)
                        break;
                enum gw_rc rc = add_anchor(verifier, x509, name, why);
                if (rc != GW_OK)
                        return rc;
                ++*count;
        }
        bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        ERR_clear_error();
        return ended ? GW_OK : why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust: %.80s holds an unreadable certificate", name);
}

static enum gw_rc add_file(struct verifier *verifier, const char *folder, const char *name, size_t *count, struct why *why)
{
        auto_str char *path = xasprintf("%s/%s", folder, name);
        auto_buf struct buf bytes = BUF_LIMIT(ANCHOR_FILE_MAX);
        if (!text_read_file(path, &bytes))
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust: %.80s cannot be read", name);
        size_t before = *count;
        const unsigned char *p = bytes.p;
        gw_auto(x509) X509 *der = d2i_X509(NULL, &p, (long)bytes.n);
        ERR_clear_error();
        enum gw_rc rc = der ? add_anchor(verifier, der, name, why) : add_pem(verifier, buf_span(&bytes), name, count, why);
        if (rc != GW_OK)
                return rc;
        if (der)
                ++*count;
        return *count > before ? GW_OK : why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust: %.80s holds no certificate", name);
}

static enum gw_rc load_anchors(struct verifier *verifier, const char *folder, struct why *why)
{
        gw_auto(dir) DIR *dir = opendir(folder);
        if (!dir)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust folder cannot be opened");
        size_t count = 0;
        for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                if (!is_certificate_file(entry->d_name))
                        continue;
                enum gw_rc rc = add_file(verifier, folder, entry->d_name, &count, why);
                if (rc != GW_OK)
                        return rc;
        }
        return count > 0 ? GW_OK : why_set(why, GW_FAULT, REASON_CONFIGURATION, "trust folder holds no certificate");
}

/* Dates are ours to judge: the leaf's make a reason of their own, the authorities' are checked by authorities_current(). */
static void set_rules(X509_STORE *store)
{
        X509_VERIFY_PARAM *rules = X509_STORE_get0_param(store);
        X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT | X509_V_FLAG_NO_CHECK_TIME);
        X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
        X509_VERIFY_PARAM_set_depth(rules, 4);
}

enum gw_rc verifier_open(const char *trust_dir, const struct verify_policy *policy, struct verifier **ret_verifier, struct why *why)
{
        gw_auto(verifier) struct verifier *verifier = xcalloc(1, sizeof *verifier);
        verifier->policy = *policy;
        verifier->anchors = X509_STORE_new();
        verifier->gost_anchors = chain_gost_new();
        if (!verifier->anchors)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        set_rules(verifier->anchors);
        enum gw_rc rc = load_anchors(verifier, trust_dir, why);
        if (rc != GW_OK)
                return rc;
        rc = known_open(policy->certificates, &verifier->known, why);
        if (rc != GW_OK)
                return rc;
        verifier->cache = certificate_cache_new(CACHE_CAPACITY);
        *ret_verifier = gw_take(&verifier);
        return GW_OK;
}

void verifier_close(struct verifier *verifier)
{
        if (!verifier)
                return;
        certificate_cache_free(verifier->cache);
        known_close(verifier->known);
        chain_gost_free(verifier->gost_anchors);
        X509_STORE_free(verifier->anchors);
        free(verifier);
}

const struct verify_policy *trust_policy(const struct verifier *verifier)
{
        return &verifier->policy;
}

void trust_count_signature(struct verifier *verifier)
{
        verifier->signatures++;
}

struct verify_counts verifier_counts(const struct verifier *verifier)
{
        return (struct verify_counts){verifier->signatures, verifier->decoded, verifier->chains};
}

/* ---- one certificate --------------------------------------------------------------------------------------------- */

enum gw_rc trust_certificate(struct verifier *verifier, enum sig_party party, struct span der, struct certificate **ret_certificate,
                             struct why *why)
{
        uint8_t sha256[32];
        text_sha256(der, sha256);
        struct certificate *known = certificate_cache_get(verifier->cache, sha256);
        if (known) {
                *ret_certificate = known;
                return GW_OK;
        }
        verifier->decoded++;
        struct why detail = WHY_INIT;
        if (certificate_decode(der, ret_certificate, &detail) != GW_OK)
                return sig_refuse(why, party, SIG_CERTIFICATE_UNREADABLE, "%s", detail.detail);
        return GW_OK;
}

enum gw_rc trust_known(struct verifier *verifier, enum sig_party party, const struct known_name *name, struct certificate **ret_certificate,
                       struct why *why)
{
        size_t count = known_find(verifier->known, name, ret_certificate);
        if (count != 1)
                return sig_refuse(why, party, SIG_KEY_INFO, "KeyInfo names %s known certificate", count == 0 ? "no" : "more than one");
        return GW_OK;
}

/* Whether policy has set an end to the generation of 2004 (0: none), and `at` is beyond it. */
static bool gost_refused(const struct verifier *verifier, enum gost_kind kind, struct wall_time at)
{
        int64_t until = verifier->policy.gost2004_until.ms;
        return kind == GOST_2004 && until != 0 && at.ms >= until;
}

enum gw_rc trust_check_method(const struct verifier *verifier, const struct sig_shape *shape, struct wall_time at, struct why *why)
{
        return trust_check_gost(verifier, shape->party, sig_gost_kind(shape), at, why);
}

enum gw_rc trust_check_gost(const struct verifier *verifier, enum sig_party party, enum gost_kind kind, struct wall_time at, struct why *why)
{
        if (gost_refused(verifier, kind, at))
                return sig_refuse(why, party, SIG_ALGORITHM, "GOST 34.310-2004 is not accepted any more");
        return GW_OK;
}

static bool current_between(const X509 *x509, struct wall_time from, struct wall_time until)
{
        time_t first = (time_t)(from.ms / 1000), last = (time_t)(until.ms / 1000);
        return X509_cmp_time(X509_get0_notBefore(x509), &first) < 0 && X509_cmp_time(X509_get0_notAfter(x509), &last) > 0;
}

/* Every authority of the chain; the leaf, first in it, is judged elsewhere. */
static bool authorities_current(X509_STORE_CTX *ctx, struct wall_time from, struct wall_time until)
{
        const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
        for (int i = 1; i < sk_X509_num(chain); i++)
                if (!current_between(sk_X509_value(chain, i), from, until))
                        return false;
        return true;
}

/* Remembered with the certificate, first come: revocation is asked of it at every message. */
static void keep_issuer(struct certificate *certificate, X509 *issuer)
{
        X509 *none = NULL;
        GW_ASSERT(X509_up_ref(issuer) == 1);
        if (!atomic_compare_exchange_strong(&certificate->issuer, &none, issuer))
                X509_free(issuer);
}

static enum gw_rc authority_not_current(enum sig_party party, struct why *why)
{
        return sig_refuse(why, party, SIG_CERTIFICATE_UNTRUSTED, "an authority's certificate is not current");
}

static struct wall_time slot_start(int64_t slot)
{
        return (struct wall_time){slot * SLOT_MS};
}

/* Critical extensions that OpenSSL does not know end here too. *ret_keep: the verdict holds for the whole slot. */
static enum gw_rc check_openssl_chain(const struct verifier *verifier, enum sig_party party, struct certificate *certificate,
                                      struct wall_time at, bool *ret_keep, struct why *why)
{
        gw_auto(store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        if (!ctx || X509_STORE_CTX_init(ctx, verifier->anchors, certificate->x509, NULL) != 1)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "no chain context");
        bool good = X509_verify_cert(ctx) == 1;
        ERR_clear_error();
        if (!good)
                return sig_refuse(why, party, SIG_CERTIFICATE_UNTRUSTED, "%s",
                                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
        if (!authorities_current(ctx, at, at))
                return authority_not_current(party, why);
        int64_t slot = at.ms / SLOT_MS;
        *ret_keep = authorities_current(ctx, slot_start(slot), slot_start(slot + 1));
        const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
        keep_issuer(certificate, sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0));
        return GW_OK;
}

static enum gw_rc check_gost_chain(const struct verifier *verifier, enum sig_party party, struct certificate *certificate,
                                   struct wall_time at, bool *ret_keep, struct why *why)
{
        int error = X509_V_OK;
        X509 *issuer = chain_gost_issuer(verifier->gost_anchors, certificate->x509, &error);
        if (!issuer)
                return sig_refuse(why, party, SIG_CERTIFICATE_UNTRUSTED, "%s", X509_verify_cert_error_string(error));
        if (!current_between(issuer, at, at))
                return authority_not_current(party, why);
        int64_t slot = at.ms / SLOT_MS;
        *ret_keep = current_between(issuer, slot_start(slot), slot_start(slot + 1));
        keep_issuer(certificate, issuer);
        return GW_OK;
}

static enum gw_rc check_chain(struct verifier *verifier, enum sig_party party, struct certificate *certificate, struct wall_time at,
                              struct why *why)
{
        int64_t slot = at.ms / SLOT_MS;
        enum gost_kind gost = chain_gost_kind(certificate->x509);
        if (gost_refused(verifier, gost, at))
                return sig_refuse(why, party, SIG_CERTIFICATE_UNTRUSTED, "the certificate is signed with GOST 34.310-2004");
        if (slot > 0 && certificate->chain_good_slot == slot)
                return GW_OK;
        verifier->chains++;
        bool keep = false;
        enum gw_rc rc = gost == GOST_NONE ? check_openssl_chain(verifier, party, certificate, at, &keep, why)
                                          : check_gost_chain(verifier, party, certificate, at, &keep, why);
        if (rc != GW_OK || !keep)
                return rc;
        certificate->chain_good_slot = slot;
        certificate_cache_put(verifier->cache, certificate);
        return GW_OK;
}

static enum gw_rc check_dates(const struct verifier *verifier, enum sig_party party, const struct certificate *certificate,
                              struct wall_time at, struct why *why)
{
        int64_t skew = verifier->policy.clock_skew_ms;
        if (at.ms + skew < certificate->not_before.ms)
                return sig_refuse(why, party, SIG_CERTIFICATE_NOT_YET_VALID, "certificate %s is not valid yet", certificate->serial);
        if (at.ms - skew > certificate->not_after.ms)
                return sig_refuse(why, party, SIG_CERTIFICATE_EXPIRED, "certificate %s has expired", certificate->serial);
        return GW_OK;
}

/* Unknown never becomes good: it is "try again". */
static enum gw_rc check_revocation(const struct verifier *verifier, enum sig_party party, const struct certificate *certificate, struct wall_time at,
                                   struct why *why)
{
        const struct verify_policy *policy = &verifier->policy;
        if (!policy->revocation)
                return GW_OK;
        struct revocation_status status = {0};
        policy->revocation(policy->revocation_ctx, certificate, certificate->issuer, at, &status);
        if (status.answer == REVOCATION_GOOD || status.answer == REVOCATION_NOT_ASKED)
                return GW_OK;
        if (status.answer == REVOCATION_BAD)
                return sig_refuse(why, party, SIG_CERTIFICATE_REVOKED, "certificate %s has been revoked", certificate->serial);
        sig_refuse(why, party, SIG_CERTIFICATE_REVOCATION_UNKNOWN, "no current answer about certificate %s", certificate->serial);
        return GW_RETRY;
}

enum gw_rc trust_check_dated(struct verifier *verifier, enum sig_party party, struct certificate *certificate, struct wall_time dated, struct wall_time at,
                             struct why *why)
{
        enum gw_rc rc = check_chain(verifier, party, certificate, dated, why);
        if (rc == GW_OK)
                rc = check_dates(verifier, party, certificate, dated, why);
        return rc == GW_OK ? check_revocation(verifier, party, certificate, at, why) : rc;
}

static enum gw_rc check_usage(enum sig_party party, const struct certificate *certificate, struct why *why)
{
        if (certificate->is_ca || !certificate->for_signing)
                return sig_refuse(why, party, SIG_CERTIFICATE_USAGE, "certificate %s is not for signing (%s)", certificate->serial,
                                  certificate->is_ca ? "it is an authority's" : "key usage or EKU");
        return GW_OK;
}

enum gw_rc trust_check(struct verifier *verifier, enum sig_party party, struct certificate *certificate, struct wall_time at,
                       struct why *why)
{
        enum gw_rc rc = trust_check_dated(verifier, party, certificate, at, at, why);
        return rc == GW_OK ? check_usage(party, certificate, why) : rc;
}

static enum gw_rc check_expired_since(const struct verifier *verifier, enum sig_party party, const struct certificate *certificate, struct wall_time stamped,
                                      struct wall_time at, struct why *why)
{
        const struct verify_policy *policy = &verifier->policy;
        if (!policy->expired_with_stamp)
                return sig_refuse(why, party, SIG_CERTIFICATE_EXPIRED_SINCE, "certificate %s has expired since the time stamp", certificate->serial);
        if (policy->stamp_age_max_ms > 0 && at.ms - stamped.ms > policy->stamp_age_max_ms)
                return sig_refuse(why, party, SIG_CERTIFICATE_EXPIRED_SINCE, "certificate %s has expired, and the time stamp is too old to stand in", certificate->serial);
        return GW_OK;
}

enum gw_rc trust_check_stamped(struct verifier *verifier, enum sig_party party, struct certificate *certificate, struct wall_time stamped, struct wall_time at,
                               struct why *why)
{
        bool expired = at.ms - verifier->policy.clock_skew_ms > certificate->not_after.ms;
        /* Its authority may have gone with it, so an expired one is judged as a whole at the stamp. */
        enum gw_rc rc = check_chain(verifier, party, certificate, expired ? stamped : at, why);
        if (rc == GW_OK)
                rc = check_dates(verifier, party, certificate, stamped, why);
        if (rc == GW_OK && expired)
                rc = check_expired_since(verifier, party, certificate, stamped, at, why);
        if (rc == GW_OK)
                rc = check_revocation(verifier, party, certificate, at, why);
        return rc == GW_OK ? check_usage(party, certificate, why) : rc;
}
