/* The verifier: anchors, the certificate cache, and the question whether a certificate is trusted at an instant.
 *
 * Paths are pki/path.h's business, against our anchors only: xmlsec's store would trust every web CA of the system (measurements.md 2, pitfall 3). A good
 * verdict is kept with the certificate for a slot of time, as long as the anchors are the same. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "gateway/base/text.h"
#include "gateway/gost/provider.h"
#include "gateway/pki/cache.h"
#include "gateway/pki/path.h"
#include "gateway/verify/trust.h"

#define CACHE_CAPACITY 50000
#define SLOT_MS 600000 /* a chain verdict is good for at most this long */

struct verifier {
        char *folder;
        pthread_mutex_t lock;    /* of the next three, and of `chain` of every certificate in the cache; held for a reference only */
        struct anchors *anchors;
        uint64_t epoch;          /* counts the sets of anchors */
        char policy_id[VERIFY_POLICY_ID_MAX];
        struct certificate_cache *cache;
        struct known_certificates *known;
        struct verify_policy policy;
        _Atomic uint64_t signatures, decoded, chains;
};

GW_DEFINE_AUTO(verifier, struct verifier, verifier_close)
#define auto_chain gw_auto(certificate_chain)

void verify_init(void)
{
        gost_provider_load();
        sig_init();
}

/* ---- what a verdict was given by -------------------------------------------------------------------------------- */

static void add_list(struct buf *text, const char *name, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                buf_printf(text, "%s %s\n", name, words[i]);
}

static void make_policy_id(const struct verify_policy *p, const struct anchors *anchors, char ret_id[VERIFY_POLICY_ID_MAX])
{
        auto_buf struct buf text = BUF_INIT, hex = BUF_INIT;
        buf_printf(&text, "skew %d\nage %lld\nfuture %lld\ncheck digit %d\ngost2004 %lld\nrevocation %d\nstamp required %d\nexpired with stamp %d\nstamp age %lld\n", p->clock_skew_ms,
                   (long long)p->message_age_max_ms, (long long)p->message_future_max_ms, p->iin_check_digit, (long long)p->gost2004_until.ms, p->revocation != NULL,
                   p->stamp_required, p->expired_with_stamp, (long long)p->stamp_age_max_ms);
        add_list(&text, "policy", p->policies, p->policy_count);
        add_list(&text, "stamp policy", p->stamp_policies, p->stamp_policy_count);
        for (size_t i = 0; i < anchors_count(anchors); i++) {
                uint8_t digest[32];
                unsigned n = 0;
                GW_ASSERT(X509_digest(anchors_at(anchors, i), EVP_sha256(), digest, &n) == 1);
                text_hex(&text, span_of(digest, n));
        }
        uint8_t whole[32];
        text_sha256(buf_span(&text), whole);
        text_hex(&hex, span_of(whole, (VERIFY_POLICY_ID_MAX - 1) / 2));
        memcpy(ret_id, buf_cstr(&hex), VERIFY_POLICY_ID_MAX);
}

void verifier_policy_id(struct verifier *verifier, char ret_id[VERIFY_POLICY_ID_MAX])
{
        pthread_mutex_lock(&verifier->lock);
        memcpy(ret_id, verifier->policy_id, VERIFY_POLICY_ID_MAX);
        pthread_mutex_unlock(&verifier->lock);
}

/* ---- anchors ----------------------------------------------------------------------------------------------------- */

enum gw_rc verifier_open(const char *trust_dir, const struct verify_policy *policy, struct verifier **ret_verifier, struct why *why)
{
        gw_auto(verifier) struct verifier *verifier = xcalloc(1, sizeof *verifier);
        GW_ASSERT(pthread_mutex_init(&verifier->lock, NULL) == 0);
        verifier->policy = *policy;
        verifier->folder = xstrdup(trust_dir);
        enum gw_rc rc = anchors_load(trust_dir, &verifier->anchors, why);
        if (rc != GW_OK)
                return rc;
        rc = known_open(policy->certificates, &verifier->known, why);
        if (rc != GW_OK)
                return rc;
        make_policy_id(policy, verifier->anchors, verifier->policy_id);
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
        anchors_unref(verifier->anchors);
        pthread_mutex_destroy(&verifier->lock);
        free(verifier->folder);
        free(verifier);
}

enum gw_rc verifier_reload(struct verifier *verifier, struct why *why)
{
        struct anchors *fresh = NULL;
        enum gw_rc rc = anchors_load(verifier->folder, &fresh, why);
        if (rc != GW_OK)
                return rc;
        rc = known_reload(verifier->known, why);
        if (rc != GW_OK) { /* all or nothing: who is told that nothing has changed must not have new anchors */
                anchors_unref(fresh);
                return rc;
        }
        char policy_id[VERIFY_POLICY_ID_MAX];
        make_policy_id(&verifier->policy, fresh, policy_id);
        pthread_mutex_lock(&verifier->lock);
        struct anchors *old = verifier->anchors;
        verifier->anchors = fresh;
        memcpy(verifier->policy_id, policy_id, sizeof policy_id);
        verifier->epoch++;
        pthread_mutex_unlock(&verifier->lock);
        anchors_unref(old);
        return GW_OK;
}

static struct anchors *anchors_in_use(struct verifier *verifier, uint64_t *ret_epoch)
{
        pthread_mutex_lock(&verifier->lock);
        struct anchors *anchors = anchors_ref(verifier->anchors);
        *ret_epoch = verifier->epoch;
        pthread_mutex_unlock(&verifier->lock);
        return anchors;
}

struct anchors *verifier_anchors(struct verifier *verifier)
{
        uint64_t epoch = 0;
        return anchors_in_use(verifier, &epoch);
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

/* ---- the chain --------------------------------------------------------------------------------------------------- */

static bool signed_with_2004(const X509 *x509)
{
        const ASN1_OBJECT *oid = NULL;
        X509_ALGOR_get0(&oid, NULL, NULL, X509_get0_tbs_sigalg(x509));
        return gost_signature_kind(span_of(OBJ_get0_data(oid), OBJ_length(oid))) == GOST_2004;
}

/* An intermediate of a good path as a certificate of ours, for the question of revocation. */
static struct certificate *authority_of(struct verifier *verifier, enum sig_party party, const X509 *x509)
{
        struct why why = WHY_INIT;
        struct certificate *certificate = NULL;
        unsigned char *der = NULL;
        int n = i2d_X509(x509, &der);
        bool read = n > 0 && trust_certificate(verifier, party, span_of(der, (size_t)n), &certificate, &why) == GW_OK;
        OPENSSL_free(der);
        return read ? certificate : NULL;
}

static struct certificate_chain *chain_of(struct verifier *verifier, enum sig_party party, const struct path *path)
{
        auto_chain struct certificate_chain *chain = xcalloc(1, sizeof *chain);
        chain->references = 1;
        size_t count = path->length > 1 ? path->length - 1 : 1; /* an anchor alone vouches for itself */
        for (size_t i = 0; i < count; i++) {
                X509 *issuer = path->certificates[path->length > 1 ? i + 1 : 0];
                chain->gost2004 = chain->gost2004 || signed_with_2004(path->certificates[i]);
                chain->authorities[i] = i > 0 ? authority_of(verifier, party, path->certificates[i]) : NULL;
                if (i > 0 && !chain->authorities[i])
                        return NULL;
                GW_ASSERT(X509_up_ref(issuer) == 1);
                chain->issuers[i] = issuer;
                chain->count = i + 1;
        }
        return gw_take(&chain);
}
_Static_assert(CERTIFICATE_CHAIN_MAX >= PATH_LENGTH_MAX, "a chain has room for every path");

static enum gw_rc refuse_path(enum sig_party party, enum path_problem problem, const struct why *detail, struct why *why)
{
        if (problem == PATH_AUTHORITY_NOT_CURRENT)
                return sig_refuse(why, party, SIG_CERTIFICATE_UNTRUSTED, "an authority's certificate is not current");
        return sig_refuse(why, party, problem == PATH_POLICY ? SIG_CERTIFICATE_POLICY : SIG_CERTIFICATE_UNTRUSTED, "%s", detail->detail);
}

/* Dates of the leaf make a reason of their own (check_dates()), revocation has its own source (check_revocation()). With a list of policies one of them must
 * hold for the whole path (RFC 5280 6.1.1 (c), (e)). */
static enum gw_rc walk_path(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted, bool for_signer,
                            struct wall_time at, struct certificate_chain **ret_chain, struct why *why)
{
        uint64_t epoch = 0;
        auto_anchors struct anchors *anchors = anchors_in_use(verifier, &epoch);
        size_t policies = for_signer ? verifier->policy.policy_count : 0;
        struct path_rules rules = {.at = at, .no_leaf_dates = true, .untrusted = untrusted, .policies = verifier->policy.policies, .policy_count = policies,
                                   .explicit_policy = policies > 0};
        struct path path = {0};
        struct why detail = WHY_INIT;
        enum path_problem problem = path_verify(anchors, certificate->x509, &rules, &path, &detail);
        if (problem != PATH_GOOD)
                return refuse_path(party, problem, &detail, why);
        int64_t slot = at.ms / SLOT_MS;
        struct certificate_chain *chain = chain_of(verifier, party, &path);
        bool whole_slot = slot > 0 && path.authorities_from.ms <= slot * SLOT_MS && path.authorities_until.ms >= (slot + 1) * SLOT_MS;
        path_done(&path);
        if (!chain)
                return sig_refuse(why, party, SIG_CERTIFICATE_UNTRUSTED, "an intermediate certificate is ill-formed");
        chain->epoch = epoch;
        chain->for_signer = for_signer;
        chain->slot = whole_slot ? slot : 0;
        *ret_chain = chain;
        return GW_OK;
}

struct certificate_chain *verifier_chain(struct verifier *verifier, const struct certificate *certificate)
{
        pthread_mutex_lock(&verifier->lock);
        struct certificate_chain *chain = certificate->chain ? certificate_chain_ref(certificate->chain) : NULL;
        pthread_mutex_unlock(&verifier->lock);
        return chain;
}

/* The verdict from before, when it holds at this instant. */
static struct certificate_chain *known_chain(struct verifier *verifier, const struct certificate *certificate, bool for_signer, struct wall_time at)
{
        int64_t slot = at.ms / SLOT_MS;
        pthread_mutex_lock(&verifier->lock);
        struct certificate_chain *chain = certificate->chain;
        bool holds = slot > 0 && chain && chain->slot == slot && chain->epoch == verifier->epoch && (chain->for_signer || !for_signer);
        chain = holds ? certificate_chain_ref(chain) : NULL;
        pthread_mutex_unlock(&verifier->lock);
        return chain;
}

static void keep_chain(struct verifier *verifier, struct certificate *certificate, struct certificate_chain *chain)
{
        if (chain->slot == 0)
                return;
        pthread_mutex_lock(&verifier->lock);
        struct certificate_chain *old = certificate->chain;
        certificate->chain = certificate_chain_ref(chain);
        pthread_mutex_unlock(&verifier->lock);
        certificate_chain_unref(old);
        certificate_cache_put(verifier->cache, certificate);
        for (size_t i = 1; i < chain->count; i++)
                certificate_cache_put(verifier->cache, chain->authorities[i]);
}

static enum gw_rc check_chain(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted, bool for_signer,
                              struct wall_time at, struct certificate_chain **ret_chain, struct why *why)
{
        auto_chain struct certificate_chain *chain = known_chain(verifier, certificate, for_signer, at);
        if (!chain) {
                verifier->chains++;
                enum gw_rc rc = walk_path(verifier, party, certificate, untrusted, for_signer, at, &chain, why);
                if (rc != GW_OK)
                        return rc;
                keep_chain(verifier, certificate, chain);
        }
        if (chain->gost2004 && gost_refused(verifier, GOST_2004, at))
                return sig_refuse(why, party, SIG_CERTIFICATE_UNTRUSTED, "a certificate is signed with GOST 34.310-2004");
        *ret_chain = gw_take(&chain);
        return GW_OK;
}

/* ---- dates ------------------------------------------------------------------------------------------------------- */

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

/* ---- revocation -------------------------------------------------------------------------------------------------- */

/* Unknown never becomes good: it is "try again". */
static enum gw_rc check_status(const struct verifier *verifier, enum sig_party party, const struct certificate *certificate, X509 *issuer, struct wall_time at,
                               struct why *why)
{
        const struct verify_policy *policy = &verifier->policy;
        struct revocation_status status = {0};
        policy->revocation(policy->revocation_ctx, certificate, issuer, at, &status);
        if (status.answer == REVOCATION_GOOD || status.answer == REVOCATION_NOT_ASKED)
                return GW_OK;
        if (status.answer == REVOCATION_BAD)
                return sig_refuse(why, party, SIG_CERTIFICATE_REVOKED, "certificate %s has been revoked", certificate->serial);
        gw_ignore(sig_refuse(why, party, SIG_CERTIFICATE_REVOCATION_UNKNOWN, "no current answer about certificate %s", certificate->serial));
        return GW_RETRY;
}

/* Every certificate below the anchor. One that is revoked outdoes those of which nothing is known. */
static enum gw_rc check_revocation(const struct verifier *verifier, enum sig_party party, const struct certificate *certificate,
                                   const struct certificate_chain *chain, struct wall_time at, struct why *why)
{
        enum gw_rc worst = GW_OK;
        for (size_t i = 0; verifier->policy.revocation && i < chain->count; i++) {
                struct why one = WHY_INIT;
                enum gw_rc rc = check_status(verifier, party, i == 0 ? certificate : chain->authorities[i], chain->issuers[i], at, &one);
                if (rc == GW_OK || worst == GW_REJECT || (rc == GW_RETRY && worst == GW_RETRY))
                        continue;
                worst = rc;
                *why = one;
        }
        return worst;
}

enum gw_rc trust_check_dated(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted, struct wall_time dated,
                             struct wall_time at, struct why *why)
{
        auto_chain struct certificate_chain *chain = NULL;
        enum gw_rc rc = check_chain(verifier, party, certificate, untrusted, false, dated, &chain, why);
        if (rc == GW_OK)
                rc = check_dates(verifier, party, certificate, dated, why);
        return rc == GW_OK ? check_revocation(verifier, party, certificate, chain, at, why) : rc;
}

static enum gw_rc check_usage(enum sig_party party, const struct certificate *certificate, struct why *why)
{
        bool usable = certificate->for_signing || (party == SIG_LOGIN && certificate->for_authentication);
        if (certificate->is_ca || !usable)
                return sig_refuse(why, party, SIG_CERTIFICATE_USAGE, "certificate %s is not for %s (%s)", certificate->serial, party == SIG_LOGIN ? "logging in" : "signing",
                                  certificate->is_ca ? "it is an authority's" : "key usage or EKU");
        return GW_OK;
}

enum gw_rc trust_check_with(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted, struct wall_time at,
                            struct why *why)
{
        auto_chain struct certificate_chain *chain = NULL;
        enum gw_rc rc = check_chain(verifier, party, certificate, untrusted, true, at, &chain, why);
        if (rc == GW_OK)
                rc = check_dates(verifier, party, certificate, at, why);
        if (rc == GW_OK)
                rc = check_revocation(verifier, party, certificate, chain, at, why);
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

enum gw_rc trust_check_stamped(struct verifier *verifier, enum sig_party party, struct certificate *certificate, STACK_OF(X509) *untrusted, struct wall_time stamped,
                               struct wall_time at, struct why *why)
{
        bool expired = at.ms - verifier->policy.clock_skew_ms > certificate->not_after.ms;
        /* Its authority may have gone with it, so an expired one is judged as a whole at the stamp. */
        auto_chain struct certificate_chain *chain = NULL;
        enum gw_rc rc = check_chain(verifier, party, certificate, untrusted, true, expired ? stamped : at, &chain, why);
        if (rc == GW_OK)
                rc = check_dates(verifier, party, certificate, stamped, why);
        if (rc == GW_OK && expired)
                rc = check_expired_since(verifier, party, certificate, stamped, at, why);
        if (rc == GW_OK)
                rc = check_revocation(verifier, party, certificate, chain, at, why);
        return rc == GW_OK ? check_usage(party, certificate, why) : rc;
}

enum gw_rc verify_login_still(struct verifier *verifier, struct certificate *certificate, struct wall_time at, struct why *why)
{
        return trust_check_with(verifier, SIG_LOGIN, certificate, NULL, at, why);
}
