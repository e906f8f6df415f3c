/* Lists of revoked certificates, complete and delta, made for each request unless they are frozen. */
#include <openssl/x509v3.h>

#include "adapters/pki/pki.h"
#include "gateway/gost/der.h"
#include "gateway/gost/gost.h"

#define HOUR 3600
#define DAY 86400
#define REMOVE_FROM_CRL 8

struct list_plan {
        const struct pki *pki;
        const struct authority *authority;
        bool delta;
        unsigned fault;
        time_t now;
};

/* ---- entries ---- */

static void add_reason(X509_REVOKED *revoked, int reason)
{
        ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
        GW_ASSERT(value && ASN1_ENUMERATED_set(value, reason) && X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, value, 0, 0) == 1);
        ASN1_ENUMERATED_free(value);
}

static X509_REVOKED *new_entry(const BIGNUM *number, time_t date, int reason, unsigned fault)
{
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
        ASN1_TIME *at = ASN1_TIME_set(NULL, date);
        GW_ASSERT(revoked && serial && at && X509_REVOKED_set_serialNumber(revoked, serial) && X509_REVOKED_set_revocationDate(revoked, at));
        if (reason >= 0)
                add_reason(revoked, reason);
        if (fault == CRL_CRITICAL_ENTRY) {
                X509_EXTENSION *extension = unknown_critical_extension();
                GW_ASSERT(X509_REVOKED_add_ext(revoked, extension, -1));
                X509_EXTENSION_free(extension);
        }
        ASN1_INTEGER_free(serial);
        ASN1_TIME_free(at);
        return revoked;
}

/* A released certificate is in the delta as removeFromCRL as long as the complete list has it (RFC 5280 5.3.1). */
static bool is_listed(const struct entry *e, bool delta, int *ret_reason)
{
        *ret_reason = e->reason;
        if (!delta)
                return (e->status == KNOWN_REVOKED && !e->delta_only) || (e->delta_only && e->in_base);
        if (!e->delta_only)
                return false;
        if (e->status != KNOWN_REVOKED)
                *ret_reason = REMOVE_FROM_CRL;
        return e->status == KNOWN_REVOKED || e->in_base;
}

static void add_entries(X509_CRL *crl, const struct list_plan *plan)
{
        for (const struct entry *e = plan->authority->entries; e; e = e->next) {
                int reason = -1;
                BIGNUM *number = NULL;
                if (!is_listed(e, plan->delta, &reason))
                        continue;
                GW_ASSERT(BN_hex2bn(&number, e->serial) > 0);
                GW_ASSERT(X509_CRL_add0_revoked(crl, new_entry(number, e->date, reason, plan->fault)));
                BN_free(number);
        }
        if (plan->fault == CRL_CRITICAL_ENTRY) { /* so that there is one */
                GW_ASSERT(X509_CRL_add0_revoked(crl, new_entry(BN_value_one(), plan->now, 1, plan->fault)));
        }
        for (uint64_t i = 0; i < plan->authority->fill && !plan->delta; i++) {
                BIGNUM *number = BN_new();
                GW_ASSERT(number && BN_set_word(number, i + 1) && BN_lshift(number, number, 100)); /* as long as real ones */
                GW_ASSERT(X509_CRL_add0_revoked(crl, new_entry(number, plan->now - DAY, 1, 0)));
                BN_free(number);
        }
        X509_CRL_sort(crl);
}

/* ---- extensions ---- */

static void add_number(X509_CRL *crl, int nid, bool critical, uint64_t number)
{
        ASN1_INTEGER *value = ASN1_INTEGER_new();
        GW_ASSERT(value && ASN1_INTEGER_set_uint64(value, number) && X509_CRL_add1_ext_i2d(crl, nid, value, critical, 0) == 1);
        ASN1_INTEGER_free(value);
}

static void add_key_id(X509_CRL *crl, const X509 *issuer)
{
        AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
        ASN1_OCTET_STRING *subject = X509_get_ext_d2i(issuer, NID_subject_key_identifier, NULL, NULL);
        GW_ASSERT(id && subject);
        id->keyid = subject;
        GW_ASSERT(X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, id, 0, 0) == 1);
        AUTHORITY_KEYID_free(id);
}

/* RFC 5280 5.2.5: always critical. */
static void add_scope(X509_CRL *crl, unsigned fault)
{
        ISSUING_DIST_POINT *point = ISSUING_DIST_POINT_new();
        GW_ASSERT(point);
        if (fault == CRL_INDIRECT)
                point->indirectCRL = 0xff;
        if (fault == CRL_CA_ONLY)
                point->onlyCA = 0xff;
        if (fault == CRL_SOME_REASONS) {
                point->onlysomereasons = ASN1_BIT_STRING_new();
                GW_ASSERT(point->onlysomereasons && ASN1_BIT_STRING_set_bit(point->onlysomereasons, 1, 1)); /* keyCompromise */
        }
        GW_ASSERT(X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, point, 1, 0) == 1);
        ISSUING_DIST_POINT_free(point);
}

/* RFC 5280 5.2.6: where the delta is. */
static void add_freshest(X509_CRL *crl, const struct authority *authority)
{
        auto_str char *url = xasprintf("URI:http://pki.example.invalid/crl/%s-delta.crl", authority->name);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_freshest_crl, url);
        GW_ASSERT(extension && X509_CRL_add_ext(crl, extension, -1));
        X509_EXTENSION_free(extension);
}

static void add_extensions(X509_CRL *crl, const struct list_plan *plan, const X509 *issuer)
{
        const struct authority *a = plan->authority;
        add_key_id(crl, issuer);
        if (plan->fault != CRL_NO_NUMBER)
                add_number(crl, NID_crl_number, false, plan->delta ? a->delta_number : a->base_number);
        if (plan->delta)
                add_number(crl, NID_delta_crl, true, plan->fault == CRL_WRONG_BASE ? a->base_number + 1000 : a->base_number);
        else
                add_freshest(crl, a);
        if (plan->fault == CRL_INDIRECT || plan->fault == CRL_CA_ONLY || plan->fault == CRL_SOME_REASONS)
                add_scope(crl, plan->fault);
        if (plan->fault == CRL_CRITICAL) {
                X509_EXTENSION *extension = unknown_critical_extension();
                GW_ASSERT(X509_CRL_add_ext(crl, extension, -1));
                X509_EXTENSION_free(extension);
        }
}

/* ---- the whole ---- */

static void set_times(X509_CRL *crl, const struct list_plan *plan)
{
        int64_t from = -plan->authority->crl_age_s, until = from + plan->authority->crl_life_s;
        if (plan->fault == CRL_EXPIRED) {
                from = -2 * DAY;
                until = -HOUR;
        } else if (plan->fault == CRL_FUTURE) {
                from = DAY;
                until = 2 * DAY;
        }
        ASN1_TIME *last = ASN1_TIME_set(NULL, plan->now + from), *next = ASN1_TIME_set(NULL, plan->now + until);
        GW_ASSERT(last && next && X509_CRL_set1_lastUpdate(crl, last));
        GW_ASSERT(plan->fault == CRL_NO_NEXT_UPDATE || X509_CRL_set1_nextUpdate(crl, next));
        ASN1_TIME_free(last);
        ASN1_TIME_free(next);
}

/* OpenSSL has no GOST keys: a stand-in signs, then the algorithm inside is replaced and the whole signed again (RFC 5280 5.1.1). */
static void put_gost(X509_CRL *crl, const struct signer *signer, struct buf *out)
{
        auto_buf struct buf tbs = BUF_INIT, inner = BUF_INIT, whole = BUF_INIT;
        PUT_DER(&tbs, i2d_re_X509_CRL_tbs, crl);
        const unsigned char *p = tbs.p;
        long length = 0;
        int tag = 0, class = 0;
        GW_ASSERT(!(ASN1_get_object(&p, &length, &tag, &class, (long)tbs.n) & 0x80));
        const unsigned char *end = p + length, *algorithm = p + 3; /* behind the version, INTEGER 1 */
        buf_add(&inner, p, 3);
        gost_signature_algorithm(GOST_2015, &inner);
        p = algorithm;
        GW_ASSERT(!(ASN1_get_object(&p, &length, &tag, &class, (long)(end - algorithm)) & 0x80));
        p += length;
        buf_add(&inner, p, (size_t)(end - p));
        put_tagged(&whole, DER_SEQUENCE, buf_span(&inner));
        auto_buf struct buf signature = BUF_INIT;
        signer_sign(signer, buf_span(&whole), true, &signature);
        buf_add_span(&whole, buf_span(&signature));
        put_tagged(out, DER_SEQUENCE, buf_span(&whole));
}

static void make(const struct list_plan *plan, struct buf *out)
{
        const struct authority *a = plan->authority;
        const struct signer *foreign = &plan->pki->foreign[a->branch];
        const struct signer *named = plan->fault == CRL_OTHER_ISSUER ? foreign : &a->signer;
        const struct signer *signer = plan->fault == CRL_WRONG_KEY ? foreign : named;
        X509_CRL *crl = X509_CRL_new();
        GW_ASSERT(crl && X509_CRL_set_version(crl, X509_CRL_VERSION_2) && X509_CRL_set_issuer_name(crl, X509_get_subject_name(named->x509)));
        set_times(crl, plan);
        add_entries(crl, plan);
        add_extensions(crl, plan, named->x509);
        GW_ASSERT(X509_CRL_sign(crl, signer->pkey ? signer->pkey : plan->pki->stand_in, plan->fault == CRL_SHA1 ? EVP_sha1() : EVP_sha256()));
        if (signer->pkey)
                PUT_DER(out, i2d_X509_CRL, crl);
        else
                put_gost(crl, signer, out);
        X509_CRL_free(crl);
        if (plan->fault == PKI_BAD_SIGNATURE && out->n > 0)
                out->p[out->n - 1] ^= 1; /* the signature stands last */
}

void crl_answer(struct pki *pki, struct authority *authority, bool delta, unsigned fault, struct wall_time at, struct buf *out)
{
        if (fault == CRL_SWAPPED)
                delta = !delta;
        if (authority->frozen && fault == PKI_NONE) {
                buf_add_span(out, buf_span(delta ? &authority->frozen_delta : &authority->frozen_base));
                return;
        }
        struct list_plan plan = {.pki = pki, .authority = authority, .delta = delta, .fault = fault, .now = (time_t)(at.ms / 1000)};
        make(&plan, out);
}

void crl_freeze(struct pki *pki, struct authority *authority, bool frozen, struct wall_time now)
{
        authority->frozen = false;
        buf_reset(&authority->frozen_base);
        buf_reset(&authority->frozen_delta);
        if (!frozen)
                return;
        crl_answer(pki, authority, false, PKI_NONE, now, &authority->frozen_base);
        crl_answer(pki, authority, true, PKI_NONE, now, &authority->frozen_delta);
        authority->frozen = true;
}
