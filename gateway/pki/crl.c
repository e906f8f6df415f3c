/* Revocation lists: read once from their own bytes into a sorted table.
 *
 * d2i_X509_CRL() makes three allocations for every entry and X509_CRL_verify() runs again at every use; a list of a million entries is then 400 MB and
 * seconds. Here an entry is 32 bytes, found by bisection. */
#include "gateway/pki/crl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/pki/x509_parts.h"

#define SERIAL_MAX 22      /* RFC 5280 4.1.2.2: up to 20 octets */
#define NUMBER_MAX 20      /* 5.2.3 */
#define SCOPE_MAX 4096     /* bytes of issuingDistributionPoint: its names are compared with each of a certificate's */
#define URLS_MAX 8
#define CONTEXT(n) (0xa0 | (n)) /* [n] EXPLICIT */
#define REASON_REMOVE_FROM_CRL 8

GW_DEFINE_AUTO(name, X509_NAME, X509_NAME_free)
GW_DEFINE_AUTO(points, CRL_DIST_POINTS, CRL_DIST_POINTS_free)
GW_DEFINE_AUTO(akid, AUTHORITY_KEYID, AUTHORITY_KEYID_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(basic, BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free)

struct entry {
        uint8_t key[SERIAL_MAX + 1]; /* length of the serial number, its bytes, zeros */
        int8_t reason;               /* CRLReason, or -1 */
        int64_t at_ms;
};

struct number { /* an INTEGER that is not negative, without leading zeros */
        uint8_t bytes[NUMBER_MAX];
        size_t n;
        bool present;
};

struct crl {
        _Atomic int references;
        X509 *issuer; /* a reference */
        struct wall_time this_update, next_update;
        struct number number, base_number; /* base_number.present: it is a delta */
        ISSUING_DIST_POINT *scope;         /* owned; NULL: all certificates of the issuer, all reasons */
        uint8_t scope_sha256[32], key_id_sha256[32]; /* of the two extensions, which a delta must repeat; zeros: there is none */
        uint8_t sha256[32], base_sha256[32];
        bool has_delta;
        struct entry *entries; /* owned; sorted by key, each key once */
        size_t count;
};

struct crl *crl_ref(struct crl *crl)
{
        if (crl)
                crl->references++;
        return crl;
}

void crl_unref(struct crl *crl)
{
        if (!crl || --crl->references > 0)
                return;
        X509_free(crl->issuer);
        ISSUING_DIST_POINT_free(crl->scope);
        free(crl->entries);
        free(crl);
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

static int compare_keys(const struct entry *a, const struct entry *b)
{
        return memcmp(a->key, b->key, sizeof a->key);
}

/* Of one serial number the earliest date first: that is the one to keep. */
static int compare_entries(const void *one, const void *other)
{
        const struct entry *a = one, *b = other;
        int order = compare_keys(a, b);
        return order != 0 ? order : (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

/* RFC 5280 5.3: the list of which one entry has an unknown critical extension is of no use. certificateIssuer is such a one: it makes the list indirect. */
static enum gw_rc read_entry_extensions(struct span in, struct entry *entry, struct why *why)
{
        static const char reason_code[] = "\x55\x1d\x15", invalidity_date[] = "\x55\x1d\x18";
        struct extension_part list[PARTS_EXTENSIONS_MAX];
        size_t count = 0;
        if (!parts_extensions(in, list, &count))
                return why_say(why, GW_REJECT, "an entry's extensions are ill-formed");
        for (size_t i = 0; i < count; i++) {
                unsigned reason = 0;
                if (span_eq_str(list[i].oid, reason_code)) {
                        if (!parts_take_enumerated(&list[i].value, &reason) || list[i].value.n != 0)
                                return why_say(why, GW_REJECT, "an entry's reason is ill-formed");
                        entry->reason = (int8_t)reason;
                } else if (list[i].critical && !span_eq_str(list[i].oid, invalidity_date)) {
                        return why_say(why, GW_REJECT, "an unknown critical extension in an entry");
                }
        }
        return GW_OK;
}

static enum gw_rc read_entry(struct span *in, bool extensions, struct entry *ret, struct why *why)
{
        struct span one, serial;
        struct wall_time at;
        if (!der_take(in, DER_SEQUENCE, &one) || !parts_take_integer(&one, &serial) || !parts_take_time(&one, &at))
                return why_say(why, GW_REJECT, "an entry is ill-formed");
        if (serial.n > SERIAL_MAX)
                return why_say(why, GW_REJECT, "an entry's serial number has %zu bytes", serial.n);
        *ret = (struct entry){.reason = -1, .at_ms = at.ms};
        ret->key[0] = (uint8_t)serial.n;
        memcpy(ret->key + 1, serial.p, serial.n);
        if (one.n == 0)
                return GW_OK;
        return extensions ? read_entry_extensions(one, ret, why) : why_say(why, GW_REJECT, "extensions in a list of version 1");
}

/* Sorts, unless the authority has. A serial number listed twice is revoked since the earlier date; in a delta it says two things. */
static enum gw_rc sort_entries(struct crl *crl, struct why *why)
{
        bool sorted = true;
        for (size_t i = 1; i < crl->count && sorted; i++)
                sorted = compare_keys(&crl->entries[i - 1], &crl->entries[i]) < 0;
        if (sorted)
                return GW_OK;
        qsort(crl->entries, crl->count, sizeof *crl->entries, compare_entries);
        size_t kept = 1;
        for (size_t i = 1; i < crl->count; i++)
                if (compare_keys(&crl->entries[kept - 1], &crl->entries[i]) != 0)
                        crl->entries[kept++] = crl->entries[i];
        if (kept != crl->count && crl->base_number.present)
                return why_say(why, GW_REJECT, "a serial number twice in a delta");
        crl->count = kept;
        return GW_OK;
}

/* Sized by the peer, within CRL_BYTES_MAX: no memory for it is no reason to stop. */
static struct entry *allocate_entries(size_t count)
{
        return malloc((count ? count : 1) * sizeof(struct entry));
}

static enum gw_rc read_entries(struct span list, bool extensions, struct crl *crl, struct why *why)
{
        size_t count = 0;
        struct span rest = list, skipped;
        for (; rest.n > 0; count++)
                if (!der_take(&rest, DER_SEQUENCE, &skipped))
                        return why_say(why, GW_REJECT, "an entry is ill-formed");
        crl->entries = allocate_entries(count);
        if (!crl->entries)
                return why_say(why, GW_RETRY, "no memory for a list of %zu entries", count);
        for (; crl->count < count; crl->count++) {
                enum gw_rc rc = read_entry(&list, extensions, &crl->entries[crl->count], why);
                if (rc != GW_OK)
                        return rc;
        }
        return sort_entries(crl, why);
}

/* ---- extensions of the list (RFC 5280 5.2) ----------------------------------------------------------------------- */

static bool read_number(struct span value, struct number *ret)
{
        struct span content;
        if (!parts_take_integer(&value, &content) || value.n != 0 || content.p[0] >= 0x80)
                return false;
        while (content.n > 0 && content.p[0] == 0)
                content = span_of(content.p + 1, content.n - 1);
        if (content.n > NUMBER_MAX)
                return false;
        *ret = (struct number){.n = content.n, .present = true};
        if (content.n > 0)
                memcpy(ret->bytes, content.p, content.n);
        return true;
}

static int compare_numbers(const struct number *a, const struct number *b)
{
        return a->n != b->n ? (a->n > b->n) - (a->n < b->n) : memcmp(a->bytes, b->bytes, a->n);
}

/* 5.2.5. */
static enum gw_rc read_scope(struct span value, struct crl *crl, struct why *why)
{
        const unsigned char *p = value.p;
        if (value.n <= SCOPE_MAX)
                crl->scope = d2i_ISSUING_DIST_POINT(NULL, &p, (long)value.n);
        if (!crl->scope || p != value.p + value.n)
                return why_say(why, GW_REJECT, "the list's scope is ill-formed or too long");
        const ISSUING_DIST_POINT *scope = crl->scope;
        if (scope->indirectCRL > 0)
                return why_say(why, GW_REJECT, "an indirect list");
        if (scope->onlysomereasons)
                return why_say(why, GW_REJECT, "a list of some reasons only");
        if (scope->onlyattr > 0)
                return why_say(why, GW_REJECT, "a list of attribute certificates");
        if (scope->onlyuser > 0 && scope->onlyCA > 0)
                return why_say(why, GW_REJECT, "a list of no certificates at all");
        if (scope->distpoint && DIST_POINT_set_dpname(scope->distpoint, X509_get_subject_name(crl->issuer)) != 1)
                return why_say(why, GW_REJECT, "the list's scope is ill-formed or too long");
        text_sha256(value, crl->scope_sha256);
        return GW_OK;
}

/* 5.2.1: which key of the issuer it was. */
static enum gw_rc read_key_id(struct span value, struct crl *crl, struct why *why)
{
        const unsigned char *p = value.p;
        gw_auto(akid) AUTHORITY_KEYID *akid = d2i_AUTHORITY_KEYID(NULL, &p, (long)value.n);
        if (!akid || p != value.p + value.n)
                return why_say(why, GW_REJECT, "the list's authority key identifier is ill-formed");
        if (X509_check_akid(crl->issuer, akid) != X509_V_OK)
                return why_say(why, GW_REJECT, "the list is of another key of the authority");
        text_sha256(value, crl->key_id_sha256);
        return GW_OK;
}

static enum gw_rc read_extension(const struct extension_part *extension, struct crl *crl, struct why *why)
{
        struct span oid = extension->oid;
        if (oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x1d) { /* id-ce */
                switch (oid.p[2]) {
                case 20:
                        return read_number(extension->value, &crl->number) ? GW_OK : why_say(why, GW_REJECT, "the list's number is ill-formed");
                case 27:
                        return read_number(extension->value, &crl->base_number) ? GW_OK : why_say(why, GW_REJECT, "the delta's base number is ill-formed");
                case 28:
                        return read_scope(extension->value, crl, why);
                case 35:
                        return read_key_id(extension->value, crl, why);
                case 46:
                        crl->has_delta = true;
                        return GW_OK;
                default:
                        break;
                }
        }
        return extension->critical ? why_say(why, GW_REJECT, "an unknown critical extension in the list") : GW_OK;
}

static enum gw_rc read_extensions(struct span in, struct crl *crl, struct why *why)
{
        struct extension_part list[PARTS_EXTENSIONS_MAX];
        size_t count = 0;
        if (!parts_extensions(in, list, &count))
                return why_say(why, GW_REJECT, "the list's extensions are ill-formed");
        for (size_t i = 0; i < count; i++) {
                enum gw_rc rc = read_extension(&list[i], crl, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* ---- the list (5.1) ---------------------------------------------------------------------------------------------- */

struct list_parts {
        struct signed_parts parts;
        bool version2;
        struct span algorithm, issuer, entries, extensions; /* algorithm, issuer with their heads */
};

/* Up to the issuer: what is needed before the signature has been checked. *ret_rest is behind it. */
static bool read_head(struct span der, struct list_parts *ret, struct span *ret_rest)
{
        struct span outer, tbs, number;
        if (!der_take(&der, DER_SEQUENCE, &outer) || der.n != 0 || !signed_take(&outer, &ret->parts) || outer.n != 0)
                return false;
        tbs = ret->parts.tbs;
        if (!der_take(&tbs, DER_SEQUENCE, ret_rest))
                return false;
        ret->version2 = parts_take_integer(ret_rest, &number);
        if (ret->version2 && (number.n != 1 || number.p[0] != 1))
                return false;
        return der_take_whole(ret_rest, DER_SEQUENCE, &ret->algorithm) && signed_same_algorithm(ret->algorithm, ret->parts.algorithm) &&
               der_take_whole(ret_rest, DER_SEQUENCE, &ret->issuer);
}

static bool read_dates(struct span *rest, struct crl *crl)
{
        if (!parts_take_time(rest, &crl->this_update))
                return false;
        if (rest->n > 0 && rest->p[0] != DER_SEQUENCE && rest->p[0] != CONTEXT(0))
                return parts_take_time(rest, &crl->next_update) && crl->next_update.ms > 0; /* 0 would mean "does not say" */
        return true;
}

static enum gw_rc read_rest(struct span rest, bool version2, const struct crl_rules *rules, struct crl *crl, struct why *why)
{
        struct span entries = {NULL, 0}, extensions = {NULL, 0};
        if (!read_dates(&rest, crl))
                return why_say(why, GW_REJECT, "the list's dates are ill-formed");
        gw_ignore(der_take(&rest, DER_SEQUENCE, &entries)); /* no entry: no SEQUENCE */
        bool extended = der_take(&rest, CONTEXT(0), &extensions);
        if (rest.n != 0 || (extended && !version2))
                return why_say(why, GW_REJECT, "the list is ill-formed");
        if (crl->this_update.ms > rules->now.ms + rules->skew_ms)
                return why_say(why, GW_REJECT, "the list is from the future");
        if (crl->next_update.ms != 0 && crl->next_update.ms < crl->this_update.ms)
                return why_say(why, GW_REJECT, "the list's dates contradict each other");
        enum gw_rc rc = extended ? read_extensions(extensions, crl, why) : GW_OK;
        return rc == GW_OK ? read_entries(entries, version2, crl, why) : rc;
}

static bool is_issuer(struct span whole, const X509 *issuer)
{
        const unsigned char *p = whole.p;
        gw_auto(name) X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)whole.n);
        return name && X509_NAME_cmp(name, X509_get_subject_name(issuer)) == 0;
}

/* A complete list or a delta. The signature comes first: nobody else's entries are ever looked at. */
static enum gw_rc read_list(struct span der, X509 *issuer, const struct crl_rules *rules, struct crl **ret_crl, struct why *why)
{
        struct list_parts list = {0};
        struct span rest;
        if (!read_head(der, &list, &rest))
                return why_say(why, GW_REJECT, "not a revocation list");
        if (!is_issuer(list.issuer, issuer))
                return why_say(why, GW_REJECT, "the list of another authority");
        if (X509_check_purpose(issuer, -1, 0) != 1 || !(X509_get_key_usage(issuer) & KU_CRL_SIGN)) /* all bits when there is no key usage */
                return why_say(why, GW_REJECT, "the authority's key is not for revocation lists");
        enum gw_rc rc = signed_check(&list.parts, issuer, why);
        if (rc != GW_OK)
                return rc;
        auto_crl struct crl *crl = xcalloc(1, sizeof *crl);
        crl->references = 1;
        GW_ASSERT(X509_up_ref(issuer) == 1);
        crl->issuer = issuer;
        text_sha256(der, crl->sha256);
        memcpy(crl->base_sha256, crl->sha256, sizeof crl->base_sha256);
        rc = read_rest(rest, list.version2, rules, crl, why);
        if (rc == GW_OK)
                *ret_crl = gw_take(&crl);
        return rc;
}

/* Appends the DER of the one PEM block. */
static bool read_pem(struct span pem, struct buf *out)
{
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        char *name = NULL, *header = NULL;
        unsigned char *der = NULL;
        long n = 0;
        GW_ASSERT(bio);
        bool good = PEM_read_bio(bio, &name, &header, &der, &n) == 1 && str_eq(name, PEM_STRING_X509_CRL) && !*header;
        char *rest = NULL;
        long left = BIO_get_mem_data(bio, &rest);
        for (long i = 0; i < left; i++)
                good = good && isspace((unsigned char)rest[i]);
        if (good)
                buf_add(out, der, (size_t)n);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
        return good && !buf_failed(out);
}

static enum gw_rc read_any(struct span bytes, X509 *issuer, const struct crl_rules *rules, struct crl **ret_crl, struct why *why)
{
        auto_buf struct buf der = BUF_LIMIT(CRL_BYTES_MAX);
        if (bytes.n == 0 || bytes.n > CRL_BYTES_MAX)
                return why_say(why, GW_REJECT, "a list of %zu bytes", bytes.n);
        bool pem = bytes.p[0] != DER_SEQUENCE;
        enum gw_rc rc = pem && !read_pem(bytes, &der) ? why_say(why, GW_REJECT, "not a revocation list")
                                                      : read_list(pem ? buf_span(&der) : bytes, issuer, rules, ret_crl, why);
        ERR_clear_error();
        return rc;
}

enum gw_rc crl_read(struct span bytes, X509 *issuer, const struct crl_rules *rules, struct crl **ret_crl, struct why *why)
{
        auto_crl struct crl *crl = NULL;
        enum gw_rc rc = read_any(bytes, issuer, rules, &crl, why);
        if (rc != GW_OK)
                return rc;
        if (crl->base_number.present)
                return why_say(why, GW_REJECT, "a delta where a complete list is wanted");
        *ret_crl = gw_take(&crl);
        return GW_OK;
}

/* ---- deltas (5.2.4, 6.3.3 (c)) ----------------------------------------------------------------------------------- */

static enum gw_rc check_delta(const struct crl *base, const struct crl *delta, struct why *why)
{
        if (!delta->base_number.present)
                return why_say(why, GW_REJECT, "a complete list where a delta is wanted");
        if (X509_cmp(base->issuer, delta->issuer) != 0 || memcmp(base->key_id_sha256, delta->key_id_sha256, 32) != 0)
                return why_say(why, GW_REJECT, "the delta and its base are of different authorities or keys");
        if (memcmp(base->scope_sha256, delta->scope_sha256, 32) != 0)
                return why_say(why, GW_REJECT, "the delta has another scope than its base");
        if (!base->number.present || !delta->number.present)
                return why_say(why, GW_REJECT, "the delta or its base has no number");
        if (compare_numbers(&delta->base_number, &base->number) > 0)
                return why_say(why, GW_REJECT, "the delta is for a newer base");
        if (compare_numbers(&delta->number, &base->number) <= 0)
                return why_say(why, GW_REJECT, "the delta is not newer than its base");
        if (delta->this_update.ms < base->this_update.ms)
                return why_say(why, GW_REJECT, "the delta's dates contradict its number");
        return GW_OK;
}

/* Both sorted: one pass. What the delta says of a serial number takes the place of what the base said; removeFromCRL takes it out (5.3.1). */
static size_t merge(const struct crl *base, const struct crl *delta, struct entry *out)
{
        size_t n = 0, b = 0;
        for (size_t d = 0; d < delta->count; d++) {
                const struct entry *change = &delta->entries[d];
                for (; b < base->count && compare_keys(&base->entries[b], change) < 0; b++)
                        out[n++] = base->entries[b];
                if (b < base->count && compare_keys(&base->entries[b], change) == 0)
                        b++;
                if (change->reason != REASON_REMOVE_FROM_CRL)
                        out[n++] = *change;
        }
        for (; b < base->count; b++)
                out[n++] = base->entries[b];
        return n;
}

/* Takes entries and scope of the base into the delta, which becomes a complete list. */
static enum gw_rc complete(const struct crl *base, struct crl *delta, struct why *why)
{
        struct entry *entries = allocate_entries(base->count + delta->count);
        if (!entries)
                return why_say(why, GW_RETRY, "no memory for a list of %zu entries", base->count + delta->count);
        delta->count = merge(base, delta, entries);
        free(delta->entries);
        delta->entries = entries;
        delta->base_number.present = false;
        delta->has_delta = base->has_delta;
        if (base->next_update.ms > delta->next_update.ms) /* with the delta it cannot be worse than without */
                delta->next_update = base->next_update;
        memcpy(delta->base_sha256, base->base_sha256, sizeof delta->base_sha256);
        return GW_OK;
}

enum gw_rc crl_apply_delta(const struct crl *base, struct span delta, X509 *issuer, const struct crl_rules *rules, struct crl **ret_crl, struct why *why)
{
        auto_crl struct crl *crl = NULL;
        enum gw_rc rc = read_any(delta, issuer, rules, &crl, why);
        if (rc == GW_OK)
                rc = check_delta(base, crl, why);
        if (rc == GW_OK)
                rc = complete(base, crl, why);
        if (rc == GW_OK)
                *ret_crl = gw_take(&crl);
        return rc;
}

/* ---- what it says of a certificate ------------------------------------------------------------------------------- */

static bool is_authority(const X509 *certificate)
{
        gw_auto(basic) BASIC_CONSTRAINTS *basic = X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
        return basic && basic->ca;
}

/* One name of the list's distribution point among these? */
static bool has_name(const DIST_POINT_NAME *ours, const GENERAL_NAMES *theirs, const X509_NAME *their_relative)
{
        GENERAL_NAMES *own = ours->type == 0 ? ours->name.fullname : NULL;
        for (int i = 0; i < sk_GENERAL_NAME_num(theirs); i++) {
                GENERAL_NAME *their = sk_GENERAL_NAME_value(theirs, i);
                if (!own && their->type == GEN_DIRNAME && X509_NAME_cmp(ours->dpname, their->d.directoryName) == 0)
                        return true;
                for (int k = 0; k < sk_GENERAL_NAME_num(own); k++)
                        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(own, k), their) == 0)
                                return true;
        }
        for (int k = 0; their_relative && k < sk_GENERAL_NAME_num(own); k++) {
                const GENERAL_NAME *name = sk_GENERAL_NAME_value(own, k);
                if (name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, their_relative) == 0)
                        return true;
        }
        return their_relative && !own && X509_NAME_cmp(ours->dpname, their_relative) == 0;
}

/* 6.3.3 (b)(2)(i). Points for some reasons only, or of another CRL issuer, are served by lists that we refuse. */
static bool names_meet(const struct crl *crl, const X509 *certificate)
{
        gw_auto(points) CRL_DIST_POINTS *points = X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
        for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
                DIST_POINT *point = sk_DIST_POINT_value(points, i);
                DIST_POINT_NAME *name = point->distpoint;
                if (!name || point->reasons || point->CRLissuer || DIST_POINT_set_dpname(name, X509_get_issuer_name(certificate)) != 1)
                        continue;
                if (has_name(crl->scope->distpoint, name->type == 0 ? name->name.fullname : NULL, name->type == 1 ? name->dpname : NULL))
                        return true;
        }
        return false;
}

static bool covers(const struct crl *crl, const X509 *certificate)
{
        if (!parts_names_issuer(certificate, crl->issuer))
                return false;
        if (!crl->scope)
                return true;
        bool authority = is_authority(certificate);
        if ((crl->scope->onlyuser > 0 && authority) || (crl->scope->onlyCA > 0 && !authority))
                return false;
        return !crl->scope->distpoint || names_meet(crl, certificate);
}

static bool is_current(const struct crl *crl, const struct crl_rules *rules)
{
        int64_t now = rules->now.ms;
        bool ends = crl->next_update.ms != 0;
        if (crl->this_update.ms > now + rules->skew_ms || (!ends && rules->age_max_ms == 0))
                return false;
        return !(ends && crl->next_update.ms + rules->skew_ms < now) && !(rules->age_max_ms > 0 && crl->this_update.ms + rules->age_max_ms < now);
}

static const struct entry *find_entry(const struct crl *crl, const struct entry *wanted)
{
        size_t low = 0, high = crl->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (compare_keys(&crl->entries[middle], wanted) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < crl->count && compare_keys(&crl->entries[low], wanted) == 0 ? &crl->entries[low] : NULL;
}

void crl_status(const struct crl *crl, const X509 *certificate, const struct crl_rules *rules, struct revocation_status *ret)
{
        struct entry wanted = {0};
        size_t n = 0;
        *ret = (struct revocation_status){.answer = REVOCATION_UNKNOWN, .source = REVOCATION_FROM_CRL, .this_update = crl->this_update,
                                          .next_update = crl->next_update, .reason = -1};
        memcpy(ret->evidence_sha256, crl->sha256, sizeof ret->evidence_sha256);
        bool counts = is_current(crl, rules) && covers(crl, certificate) && parts_serial(certificate, wanted.key + 1, SERIAL_MAX, &n);
        ERR_clear_error(); /* an ill-formed extension of the certificate */
        if (!counts)
                return;
        wanted.key[0] = (uint8_t)n;
        const struct entry *entry = find_entry(crl, &wanted);
        ret->answer = entry ? REVOCATION_BAD : REVOCATION_GOOD;
        if (!entry)
                return;
        ret->reason = entry->reason;
        ret->revoked_at.ms = entry->at_ms;
}

void crl_facts(const struct crl *crl, struct crl_facts *ret)
{
        static const char hex[] = "0123456789ABCDEF";
        *ret = (struct crl_facts){.this_update = crl->this_update, .next_update = crl->next_update, .entries = crl->count, .has_delta = crl->has_delta};
        memcpy(ret->sha256, crl->sha256, sizeof ret->sha256);
        memcpy(ret->base_sha256, crl->base_sha256, sizeof ret->base_sha256);
        char *out = ret->number;
        for (size_t i = 0; i < crl->number.n; i++) {
                *out++ = hex[crl->number.bytes[i] >> 4];
                *out++ = hex[crl->number.bytes[i] & 15];
        }
        if (crl->number.present && crl->number.n == 0)
                memcpy(out, "00", 2);
}

/* ---- where lists are ---------------------------------------------------------------------------------------------- */

char **crl_urls(const X509 *certificate, bool freshest)
{
        char *urls[URLS_MAX];
        size_t count = 0;
        gw_auto(points) CRL_DIST_POINTS *points = X509_get_ext_d2i(certificate, freshest ? NID_freshest_crl : NID_crl_distribution_points, NULL, NULL);
        ERR_clear_error();
        for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
                const DIST_POINT *point = sk_DIST_POINT_value(points, i);
                if (!point->distpoint || point->distpoint->type != 0 || point->reasons || point->CRLissuer)
                        continue;
                for (int k = 0; k < sk_GENERAL_NAME_num(point->distpoint->name.fullname) && count < URLS_MAX; k++) {
                        urls[count] = parts_http_url(sk_GENERAL_NAME_value(point->distpoint->name.fullname, k));
                        count += urls[count] != NULL;
                }
        }
        if (count == 0)
                return NULL;
        char **list = xcalloc(count + 1, sizeof *list);
        memcpy(list, urls, count * sizeof *list);
        return list;
}
