/* One certification path (RFC 5280 section 6): OpenSSL builds and judges it, we say by which rules and name what was wrong.
 *
 * X509_V_FLAG_X509_STRICT is not set. It asks more than section 6 does: a critical basicConstraints (NIST PKITS 4.6.4 is a valid path without), subject
 * and authority key identifiers in every certificate, and more of section 4 that binds authorities, not those who validate. What it would
 * add in security is there without it: intermediates must be v3 with CA:TRUE and keyCertSign, unknown critical extensions are refused. The digest
 * and key strength of the whole path is a rule of its own here (auth level 2: 112 bits). */
#include "gateway/pki/path.h"

#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "gateway/gost/der.h"
#include "gateway/pki/anchors_priv.h"
#include "gateway/pki/x509_parts.h"

#define AUTH_LEVEL 2
#define SECURITY_BITS 112
#define WALKS_MAX 8

GW_DEFINE_AUTO(store_ctx, X509_STORE_CTX, X509_STORE_CTX_free)

static void free_shallow(STACK_OF(X509) *list)
{
        sk_X509_free(list);
}
static void free_crls(STACK_OF(X509_CRL) *list)
{
        sk_X509_CRL_free(list);
}
GW_DEFINE_AUTO(certificates, STACK_OF(X509), free_shallow)
GW_DEFINE_AUTO(crls, STACK_OF(X509_CRL), free_crls)

/* Of one attempt; what the callback has found. */
struct attempt {
        bool by_signature; /* first: anchors.c reads it through a pointer to the whole */
        int revocation;    /* the first X509_V_ERR_… about revocation; REVOKED outdoes unknown */
        int unusable_depth; /* the last certificate whose list does not count; what such a list says does not either */
};

const char *path_problem_name(enum path_problem problem)
{
        static const char *const list[] = {
                [PATH_GOOD] = "OK",
                [PATH_UNTRUSTED] = "CERTIFICATE_UNTRUSTED",
                [PATH_EXPIRED] = "CERTIFICATE_EXPIRED",
                [PATH_NOT_YET_VALID] = "CERTIFICATE_NOT_YET_VALID",
                [PATH_AUTHORITY_NOT_CURRENT] = "AUTHORITY_NOT_CURRENT",
                [PATH_REVOKED] = "CERTIFICATE_REVOKED",
                [PATH_REVOCATION_UNKNOWN] = "CERTIFICATE_REVOCATION_UNKNOWN",
                [PATH_POLICY] = "CERTIFICATE_POLICY",
                [PATH_WEAK] = "CERTIFICATE_KEY_WEAK",
        };
        return list[problem];
}

bool x509_time(const ASN1_TIME *from, struct wall_time *ret_time)
{
        struct tm tm = {0};
        if (!from || ASN1_TIME_to_tm(from, &tm) != 1)
                return false;
        ret_time->ms = (int64_t)timegm(&tm) * 1000;
        return true;
}

/* ---- what is wrong ----------------------------------------------------------------------------------------------- */

static enum path_problem problem_of(int error, int depth)
{
        switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return depth == 0 ? PATH_EXPIRED : PATH_AUTHORITY_NOT_CURRENT;
        case X509_V_ERR_CERT_NOT_YET_VALID: return depth == 0 ? PATH_NOT_YET_VALID : PATH_AUTHORITY_NOT_CURRENT;
        case X509_V_ERR_NO_EXPLICIT_POLICY:
        case X509_V_ERR_INVALID_POLICY_EXTENSION: return PATH_POLICY;
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK: return PATH_WEAK;
        case X509_V_ERR_CERT_REVOKED: return PATH_REVOKED;
        default: return PATH_UNTRUSTED;
        }
}

/* Errors about a CRL: there is none that counts (RFC 5280 6.3.3), so nothing is known. */
static bool is_revocation(int error)
{
        switch (error) {
        case X509_V_ERR_CERT_REVOKED:
        case X509_V_ERR_UNABLE_TO_GET_CRL:
        case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
        case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
        case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        case X509_V_ERR_CRL_NOT_YET_VALID:
        case X509_V_ERR_CRL_HAS_EXPIRED:
        case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
        case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
        case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
        case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
        case X509_V_ERR_DIFFERENT_CRL_SCOPE:
        case X509_V_ERR_CRL_PATH_VALIDATION_ERROR: return true;
        default: return false;
        }
}

static void note_revocation(X509_STORE_CTX *ctx, struct attempt *attempt, int error, int depth)
{
        if (depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1)
                return; /* the anchor */
        bool revoked = error == X509_V_ERR_CERT_REVOKED;
        if (!revoked && error != X509_V_ERR_UNABLE_TO_GET_CRL)
                attempt->unusable_depth = depth;
        if (!attempt->revocation || (revoked && depth != attempt->unusable_depth))
                attempt->revocation = error;
}

/* OpenSSL asks for CRLs before it checks signatures and dates. A certificate that nobody issued must not be called revoked, so revocation is only noted here
 * and told when all else is well. The anchor is trusted as it is (6.1.1 (d)). The leaf's dates are judged with the skew, afterwards. */
static int on_verdict(int ok, X509_STORE_CTX *ctx)
{
        if (ok || X509_STORE_CTX_get0_parent_ctx(ctx)) /* the second: the path of a CRL's signer; never lenient */
                return ok;
        struct attempt *attempt = X509_STORE_CTX_get_app_data(ctx);
        int error = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
        if (is_revocation(error)) {
                note_revocation(ctx, attempt, error, depth);
        } else if (depth != 0 || (error != X509_V_ERR_CERT_HAS_EXPIRED && error != X509_V_ERR_CERT_NOT_YET_VALID)) {
                return 0;
        }
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
        return 1;
}

/* ---- the rules --------------------------------------------------------------------------------------------------- */

/* No policy at all would be an empty set for OpenSSL, and nothing would satisfy a demand for a policy; "any" is a policy of that name (RFC 5280 6.1.1 (c)). */
static bool set_policies(X509_VERIFY_PARAM *param, const struct path_rules *rules)
{
        static const char *const any[] = {"2.5.29.32.0"};
        const char *const *policies = rules->policy_count > 0 ? rules->policies : any;
        for (size_t i = 0; i < (rules->policy_count > 0 ? rules->policy_count : GW_COUNT(any)); i++) {
                ASN1_OBJECT *oid = OBJ_txt2obj(policies[i], 1);
                if (!oid || X509_VERIFY_PARAM_add0_policy(param, oid) != 1) {
                        ASN1_OBJECT_free(oid);
                        return false;
                }
        }
        return true;
}

/* Policies are always processed: an authority may itself demand one (policyConstraints). Names of hosts in CN are no names under RFC 5280's constraints. */
static bool set_rules(X509_STORE_CTX *ctx, const struct path_rules *rules)
{
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
        if (rules->explicit_policy)
                flags |= X509_V_FLAG_EXPLICIT_POLICY;
        if (rules->inhibit_any_policy)
                flags |= X509_V_FLAG_INHIBIT_ANY;
        if (rules->inhibit_policy_mapping)
                flags |= X509_V_FLAG_INHIBIT_MAP;
        if (rules->crls)
                flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS;
        X509_VERIFY_PARAM_set_time(param, (time_t)(rules->at.ms / 1000));
        X509_VERIFY_PARAM_set_auth_level(param, rules->any_strength ? 0 : AUTH_LEVEL);
        X509_VERIFY_PARAM_set_depth(param, PATH_LENGTH_MAX - 2); /* intermediates */
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        return X509_VERIFY_PARAM_set_flags(param, flags) == 1 && set_policies(param, rules);
}

/* OpenSSL does not ask how strong the signature of a CRL is. */
static bool strong(const X509_CRL *crl)
{
        int digest = NID_undef;
        if (!OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, NULL))
                return false;
        const EVP_MD *md = digest == NID_undef || digest == NID_sha1 ? NULL : EVP_get_digestbynid(digest);
        return md && EVP_MD_get_size(md) * 4 >= SECURITY_BITS;
}

/* Without nextUpdate a CRL would be current for ever (5.1.2.5: it must be there). */
static STACK_OF(X509_CRL) *usable_crls(const struct path_rules *rules)
{
        STACK_OF(X509_CRL) *usable = sk_X509_CRL_new_null();
        GW_ASSERT(usable);
        for (int i = 0; i < sk_X509_CRL_num(rules->crls); i++) {
                X509_CRL *crl = sk_X509_CRL_value(rules->crls, i);
                if (X509_CRL_get0_nextUpdate(crl) && (rules->any_strength || strong(crl)))
                        GW_ASSERT(sk_X509_CRL_push(usable, crl) > 0);
        }
        return usable;
}

static STACK_OF(X509) *all_untrusted(const struct anchors *anchors, const struct path_rules *rules)
{
        STACK_OF(X509) *all = sk_X509_dup(anchors->intermediates);
        GW_ASSERT(all);
        for (int i = 0; i < sk_X509_num(rules->untrusted); i++)
                GW_ASSERT(sk_X509_push(all, sk_X509_value(rules->untrusted, i)) > 0);
        return all;
}

/* ---- the path ---------------------------------------------------------------------------------------------------- */

static bool take_path(X509_STORE_CTX *ctx, struct path *path)
{
        const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
        int n = sk_X509_num(chain);
        if (n < 1 || n > PATH_LENGTH_MAX)
                return false;
        *path = (struct path){.authorities_from = {INT64_MIN}, .authorities_until = {INT64_MAX}};
        for (int i = 0; i < n; i++) {
                X509 *x509 = sk_X509_value(chain, i);
                struct wall_time from, until;
                if (i > 0 && (!x509_time(X509_get0_notBefore(x509), &from) || !x509_time(X509_get0_notAfter(x509), &until)))
                        return false;
                if (i > 0 && from.ms > path->authorities_from.ms)
                        path->authorities_from = from;
                if (i > 0 && until.ms < path->authorities_until.ms)
                        path->authorities_until = until;
                path->certificates[i] = x509;
        }
        path->length = (size_t)n;
        for (size_t i = 0; i < path->length; i++)
                GW_ASSERT(X509_up_ref(path->certificates[i]) == 1);
        return true;
}

void path_done(struct path *path)
{
        for (size_t i = 0; i < path->length; i++)
                X509_free(path->certificates[i]);
        path->length = 0;
}

static enum path_problem judge_leaf_dates(const X509 *leaf, const struct path_rules *rules, struct why *detail)
{
        struct wall_time from, until;
        if (!x509_time(X509_get0_notBefore(leaf), &from) || !x509_time(X509_get0_notAfter(leaf), &until)) {
                gw_ignore(why_say(detail, GW_REJECT, "the certificate's dates are ill-formed"));
                return PATH_UNTRUSTED;
        }
        bool early = rules->at.ms + rules->skew_ms < from.ms, late = rules->at.ms - rules->skew_ms > until.ms;
        if (rules->no_leaf_dates || (!early && !late))
                return PATH_GOOD;
        gw_ignore(why_say(detail, GW_REJECT, "%s", X509_verify_cert_error_string(early ? X509_V_ERR_CERT_NOT_YET_VALID : X509_V_ERR_CERT_HAS_EXPIRED)));
        return early ? PATH_NOT_YET_VALID : PATH_EXPIRED;
}

/* Of those on offer the one that led astray: where the walk ended, or below. NULL: none did. */
static X509 *misleading(X509_STORE_CTX *ctx, STACK_OF(X509) *offered, int depth)
{
        const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
        for (int i = depth > 0 ? depth : 1; i > 0; i--)
                if (i < sk_X509_num(chain) && sk_X509_find(offered, sk_X509_value(chain, i)) >= 0)
                        return sk_X509_value(chain, i);
        return NULL;
}

/* One walk, with these intermediates on offer. *ret_error (X509_V_ERR_…) and *ret_misled are for the decision whether another walk makes sense. */
static enum path_problem walk(const struct anchors *anchors, X509 *leaf, const struct path_rules *rules, STACK_OF(X509) *offered, struct attempt *attempt, struct path *path,
                              int *ret_error, X509 **ret_misled, struct why *detail)
{
        gw_auto(crls) STACK_OF(X509_CRL) *crls = rules->crls ? usable_crls(rules) : NULL;
        gw_auto(store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        *ret_error = X509_V_ERR_UNSPECIFIED;
        *ret_misled = NULL;
        if (!ctx || X509_STORE_CTX_init(ctx, anchors->store, leaf, offered) != 1 || X509_STORE_CTX_set_app_data(ctx, attempt) != 1 || !set_rules(ctx, rules)) {
                gw_ignore(why_say(detail, GW_FAULT, "the rules cannot be set (a policy that is no OID?)"));
                return PATH_UNTRUSTED;
        }
        X509_STORE_CTX_set_verify_cb(ctx, on_verdict);
        if (crls)
                X509_STORE_CTX_set0_crls(ctx, crls);
        bool good = X509_verify_cert(ctx) == 1;
        int depth = X509_STORE_CTX_get_error_depth(ctx);
        *ret_error = X509_STORE_CTX_get_error(ctx);
        if (!good) {
                *ret_misled = misleading(ctx, offered, depth);
                gw_ignore(why_say(detail, GW_REJECT, "%s (certificate %d of the path)", X509_verify_cert_error_string(*ret_error), depth));
                return problem_of(*ret_error, depth);
        }
        enum path_problem problem = judge_leaf_dates(leaf, rules, detail);
        if (problem != PATH_GOOD)
                return problem;
        if (attempt->revocation) {
                gw_ignore(why_say(detail, GW_REJECT, "%s", X509_verify_cert_error_string(attempt->revocation)));
                return attempt->revocation == X509_V_ERR_CERT_REVOKED ? PATH_REVOKED : PATH_REVOCATION_UNKNOWN;
        }
        if (take_path(ctx, path))
                return PATH_GOOD;
        gw_ignore(why_say(detail, GW_REJECT, "an authority's dates are ill-formed"));
        return PATH_UNTRUSTED;
}

/* What no other path would change: it is about the leaf, or about the path that there is. */
static bool is_final(enum path_problem problem)
{
        return problem != PATH_UNTRUSTED && problem != PATH_AUTHORITY_NOT_CURRENT && problem != PATH_POLICY && problem != PATH_WEAK;
}

/* OpenSSL takes the first certificate that names and key identifiers allow, and has no second thought. When it was the wrong key, the walk is done again with
 * issuers found by their signature: more costly, so only then. When one on offer has led astray (a cross-certificate of another root), again without it. Each
 * walk is a whole validation. */
enum path_problem path_verify(const struct anchors *anchors, X509 *leaf, const struct path_rules *rules, struct path *ret_path, struct why *detail)
{
        gw_auto(certificates) STACK_OF(X509) *offered = all_untrusted(anchors, rules);
        enum path_problem problem = PATH_UNTRUSTED;
        bool by_signature = false;
        for (int walks = 0; walks < WALKS_MAX; walks++) {
                struct attempt attempt = {.by_signature = by_signature, .unusable_depth = -1};
                struct why said = WHY_INIT;
                int error = 0;
                X509 *misled = NULL;
                enum path_problem found = walk(anchors, leaf, rules, offered, &attempt, ret_path, &error, &misled, &said);
                if (walks == 0 || is_final(found) || (problem == PATH_UNTRUSTED && found != PATH_UNTRUSTED)) {
                        problem = found;
                        *detail = said;
                }
                bool wrong_key = error == X509_V_ERR_CERT_SIGNATURE_FAILURE || error == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
                if (is_final(found) || (!misled && (by_signature || !wrong_key)))
                        break;
                if (wrong_key && !by_signature)
                        by_signature = true;
                else
                        sk_X509_delete_ptr(offered, misled);
        }
        ERR_clear_error();
        return problem;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* The list with one spelling of its algorithm; false when it has one already, or is no list. */
static bool respell(struct span der, struct buf *out)
{
        struct span outer, rest, tbs, inside, number, inner;
        struct signed_parts parts;
        if (!der_take(&der, DER_SEQUENCE, &outer))
                return false;
        rest = outer;
        if (!signed_take(&rest, &parts) || rest.n != 0)
                return false;
        tbs = parts.tbs;
        if (!der_take(&tbs, DER_SEQUENCE, &inside))
                return false;
        gw_ignore(parts_take_integer(&inside, &number)); /* version, of version 2 lists */
        if (!der_take_whole(&inside, DER_SEQUENCE, &inner) || span_eq(inner, parts.algorithm) || !signed_same_algorithm(inner, parts.algorithm))
                return false;
        size_t before = (size_t)(parts.algorithm.p - outer.p), after = before + parts.algorithm.n;
        auto_buf struct buf content = BUF_INIT;
        buf_add(&content, outer.p, before);
        buf_add_span(&content, inner);
        buf_add(&content, outer.p + after, outer.n - after);
        der_put(out, DER_SEQUENCE, buf_span(&content));
        return !buf_failed(&content) && !buf_failed(out);
}

X509_CRL *path_crl(struct span der)
{
        auto_buf struct buf other = BUF_INIT;
        if (respell(der, &other))
                der = buf_span(&other);
        const unsigned char *p = der.p;
        X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.n);
        ERR_clear_error();
        return crl;
}
