/* Trust in time-stamp tokens. */
#include "gateway/verify/time_stamp.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "gateway/pki/tsp.h"
#include "gateway/verify/trust.h"

#define ACCURACY_MS_MAX 60000 /* EN 319 421 wants a second; a stamp that may be off by days proves nothing about a certificate's dates */

#define REFUSE(...) sig_refuse(why, party, SIG_TIMESTAMP, __VA_ARGS__)

GW_DEFINE_AUTO(usage, EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)
static void free_der(unsigned char *der)
{
        OPENSSL_free(der);
}
GW_DEFINE_AUTO(der, unsigned char, free_der)
static void free_list(STACK_OF(X509) *list)
{
        sk_X509_free(list);
}
GW_DEFINE_AUTO(certificates, STACK_OF(X509), free_list)

/* RFC 3161 2.3: critical, and no other purpose beside it. OpenSSL's own check overlooks purposes it has no name for. */
static bool is_for_time_stamps(X509 *x509)
{
        int critical = -1;
        gw_auto(usage) EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x509, NID_ext_key_usage, &critical, NULL);
        bool alone = usage && critical == 1 && sk_ASN1_OBJECT_num(usage) == 1 && OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, 0)) == NID_time_stamp;
        ERR_clear_error();
        return alone && X509_check_purpose(x509, X509_PURPOSE_TIMESTAMP_SIGN, 0) == 1;
}

static bool policy_accepted(const struct verify_policy *policy, const char *oid)
{
        for (size_t i = 0; i < policy->stamp_policy_count; i++)
                if (str_eq(policy->stamp_policies[i], oid))
                        return true;
        return policy->stamp_policy_count == 0;
}

/* The authority's certificate as verify/ knows certificates: through the cache. */
static enum gw_rc load_authority(struct verifier *verifier, enum sig_party party, X509 *x509, struct certificate **ret, struct why *why)
{
        gw_auto(der) unsigned char *der = NULL;
        int n = i2d_X509(x509, &der);
        struct why detail = WHY_INIT;
        if (n <= 0 || trust_certificate(verifier, party, span_of(der, (size_t)n), ret, &detail) != GW_OK)
                return REFUSE("the authority's certificate: %s", detail.detail);
        return GW_OK;
}

#define RSA_BITS_MIN 2048

/* Path and dates at genTime; revocation by now, which is what the hook can tell. */
static enum gw_rc check_authority(struct verifier *verifier, enum sig_party party, struct certificate *authority, STACK_OF(X509) *untrusted, enum gost_kind gost,
                                  struct wall_time at, struct wall_time now, struct why *why)
{
        if (!is_for_time_stamps(authority->x509))
                return REFUSE("the authority's certificate is not for time stamps alone");
        if (authority->key && EVP_PKEY_is_a(authority->key, "RSA") && authority->key_bits < RSA_BITS_MIN)
                return REFUSE("the authority's key is weak: RSA with %u bits", authority->key_bits);
        struct why detail = WHY_INIT;
        enum gw_rc rc = trust_check_gost(verifier, party, gost, now, &detail);
        if (rc == GW_OK)
                rc = trust_check_dated(verifier, party, authority, untrusted, at, now, &detail);
        if (rc == GW_RETRY) {
                *why = detail;
                return rc;
        }
        return rc == GW_OK ? GW_OK : REFUSE("the authority's certificate: %s", detail.detail);
}

enum gw_rc time_stamp_check(struct verifier *verifier, enum sig_party party, struct span token, struct span stamped, struct wall_time now, struct time_stamp *ret,
                            struct why *why)
{
        const struct verify_policy *policy = trust_policy(verifier);
        auto_tsp_token struct tsp_token *read = NULL;
        struct tsp_facts facts;
        struct why detail = WHY_INIT;
        if (tsp_read(token, &read, &facts, &detail) != CMS_OK)
                return REFUSE("%s", detail.detail);
        if (!tsp_covers(read, stamped))
                return REFUSE("the time stamp is over something else, or by a digest that is not allowed");
        if (!policy_accepted(policy, facts.policy))
                return REFUSE("the time stamp's policy %s is not accepted", facts.policy);
        if (facts.at.ms > now.ms + policy->clock_skew_ms)
                return REFUSE("the time stamp lies in the future");
        if (facts.accuracy_ms > ACCURACY_MS_MAX)
                return REFUSE("the time stamp is exact to %lld s only", (long long)(facts.accuracy_ms / 1000));
        auto_certificate struct certificate *authority = NULL;
        gw_auto(certificates) STACK_OF(X509) *untrusted = tsp_certificates(read);
        enum gw_rc rc = load_authority(verifier, party, facts.x509, &authority, why);
        if (rc == GW_OK)
                rc = check_authority(verifier, party, authority, untrusted, facts.gost, facts.at, now, why);
        if (rc != GW_OK)
                return rc;
        trust_count_signature(verifier);
        *ret = (struct time_stamp){.at = facts.at, .accuracy_ms = facts.accuracy_ms, .algorithm = facts.algorithm};
        memcpy(ret->policy, facts.policy, sizeof ret->policy);
        memcpy(ret->serial, facts.serial, sizeof ret->serial);
        ret->authority = gw_take(&authority);
        return GW_OK;
}

void time_stamp_done(struct time_stamp *stamp)
{
        certificate_unref(stamp->authority);
        *stamp = (struct time_stamp){0};
}
