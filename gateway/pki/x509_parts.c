/* The common pieces of X.509, from their own bytes. */
#include "gateway/pki/x509_parts.h"

#include <string.h>
#include <strings.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "gateway/gost/der.h"
#include "gateway/gost/gost.h"

GW_DEFINE_AUTO(bignum, BIGNUM, BN_free)
GW_DEFINE_AUTO(md_ctx, EVP_MD_CTX, EVP_MD_CTX_free)
GW_DEFINE_AUTO(akid, AUTHORITY_KEYID, AUTHORITY_KEYID_free)
static void free_der(unsigned char *der)
{
        OPENSSL_free(der);
}
GW_DEFINE_AUTO(der, unsigned char, free_der)

#define DER_BOOLEAN 0x01
#define DER_ENUMERATED 0x0a
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define RSA_BITS_MIN 2048
#define URL_MAX 1024

/* ---- pieces ------------------------------------------------------------------------------------------------------ */

bool parts_take_integer(struct span *in, struct span *ret_content)
{
        struct span rest = *in, content;
        if (!der_take(&rest, DER_INTEGER, &content) || content.n == 0)
                return false;
        if (content.n > 1 && ((content.p[0] == 0 && content.p[1] < 0x80) || (content.p[0] == 0xff && content.p[1] >= 0x80)))
                return false;
        *in = rest;
        *ret_content = content;
        return true;
}

bool parts_take_enumerated(struct span *in, unsigned *ret_value)
{
        struct span rest = *in, content;
        if (!der_take(&rest, DER_ENUMERATED, &content) || content.n != 1 || content.p[0] >= 0x80)
                return false;
        *in = rest;
        *ret_value = content.p[0];
        return true;
}

/* Days since 1970-01-01 in the Gregorian calendar; timegm() is too slow for a list of a million dates. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
        year -= month <= 2;
        int64_t era = year / 400, of_era = year - era * 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int two_digits(const uint8_t *p)
{
        return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? (p[0] - '0') * 10 + p[1] - '0' : -1;
}

/* text: MMDDhhmmssZ */
static bool time_in_year(int year, const uint8_t *text, struct wall_time *ret_time)
{
        static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int month = two_digits(text), day = two_digits(text + 2), hour = two_digits(text + 4), minute = two_digits(text + 6), second = two_digits(text + 8);
        if (text[10] != 'Z' || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
                return false;
        bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if (day > month_days[month - 1] + leap)
                return false;
        ret_time->ms = (((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000;
        return true;
}

bool parts_take_generalized_time(struct span *in, struct wall_time *ret_time)
{
        struct span rest = *in, text;
        if (!der_take(&rest, DER_GENERALIZED_TIME, &text) || text.n != 15)
                return false;
        int century = two_digits(text.p), year = two_digits(text.p + 2);
        if (century < 0 || year < 0 || !time_in_year(century * 100 + year, text.p + 4, ret_time))
                return false;
        *in = rest;
        return true;
}

bool parts_take_time(struct span *in, struct wall_time *ret_time)
{
        struct span rest = *in, text;
        if (!der_take(&rest, DER_UTC_TIME, &text))
                return parts_take_generalized_time(in, ret_time);
        int year = text.n == 13 ? two_digits(text.p) : -1;
        if (year < 0 || !time_in_year(year + (year < 50 ? 2000 : 1900), text.p + 2, ret_time))
                return false;
        *in = rest;
        return true;
}

/* ---- extensions -------------------------------------------------------------------------------------------------- */

/* A critical flag that says FALSE in full is not DER, but common, and says nothing else. */
static bool take_extension(struct span *list, struct extension_part *ret)
{
        struct span one, flag = {NULL, 0};
        if (!der_take(list, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &ret->oid) || ret->oid.n == 0)
                return false;
        bool flagged = der_take(&one, DER_BOOLEAN, &flag);
        if (flagged && (flag.n != 1 || (flag.p[0] != 0 && flag.p[0] != 0xff)))
                return false;
        ret->critical = flagged && flag.p[0] != 0;
        return der_take(&one, DER_OCTET_STRING, &ret->value) && one.n == 0;
}

bool parts_extensions(struct span in, struct extension_part ret_list[PARTS_EXTENSIONS_MAX], size_t *ret_count)
{
        struct span list;
        size_t count = 0;
        if (!der_take(&in, DER_SEQUENCE, &list) || in.n != 0)
                return false;
        for (; list.n > 0; count++) {
                if (count == PARTS_EXTENSIONS_MAX || !take_extension(&list, &ret_list[count]))
                        return false;
                for (size_t i = 0; i < count; i++)
                        if (span_eq(ret_list[i].oid, ret_list[count].oid))
                                return false;
        }
        *ret_count = count;
        return count > 0;
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */

static const struct algorithm {
        const char *oid; /* content bytes */
        const char *digest, *key;
        bool null_allowed; /* as parameters (RFC 4055 5; RFC 5758 3.2: ECDSA has none) */
} algorithms[] = {
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "SHA2-256", "RSA", true}, /* sha256WithRSAEncryption */
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", "SHA2-384", "RSA", true},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", "SHA2-512", "RSA", true},
        {"\x2a\x86\x48\xce\x3d\x04\x03\x02", "SHA2-256", "EC", false}, /* ecdsa-with-SHA256 */
        {"\x2a\x86\x48\xce\x3d\x04\x03\x03", "SHA2-384", "EC", false},
        {"\x2a\x86\x48\xce\x3d\x04\x03\x04", "SHA2-512", "EC", false},
};

bool signed_take(struct span *in, struct signed_parts *ret_parts)
{
        struct span rest = *in;
        if (!der_take_whole(&rest, DER_SEQUENCE, &ret_parts->tbs) || !der_take_whole(&rest, DER_SEQUENCE, &ret_parts->algorithm) ||
            !der_take_bits(&rest, &ret_parts->value))
                return false;
        *in = rest;
        return true;
}

/* The OID, and whether NULL follows; anything else among the parameters is none of ours. */
static bool read_algorithm(struct span whole, struct span *ret_oid, bool *ret_null)
{
        struct span content, null;
        if (!der_take(&whole, DER_SEQUENCE, &content) || !der_take(&content, DER_OID, ret_oid))
                return false;
        *ret_null = der_take(&content, DER_NULL, &null);
        return content.n == 0 && (!*ret_null || null.n == 0);
}

bool signed_same_algorithm(struct span inner, struct span outer)
{
        struct span a, b;
        bool null = false;
        return read_algorithm(inner, &a, &null) && read_algorithm(outer, &b, &null) && span_eq(a, b);
}

bool parts_rsa_sound(const EVP_PKEY *key)
{
        gw_auto(bignum) BIGNUM *modulus = NULL, *exponent = NULL;
        bool read = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
        return read && BN_is_odd(modulus) && BN_is_odd(exponent) && !BN_is_one(exponent);
}

static bool key_is_strong(const EVP_PKEY *key)
{
        if (EVP_PKEY_is_a(key, "RSA"))
                return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN && parts_rsa_sound(key);
        char group[32] = "";
        return EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
               (str_eq(group, SN_X9_62_prime256v1) || str_eq(group, SN_secp384r1) || str_eq(group, SN_secp521r1));
}

static enum gw_rc check_openssl(const struct algorithm *algorithm, const struct signed_parts *parts, const X509 *signer, struct why *why)
{
        EVP_PKEY *key = X509_get0_pubkey(signer);
        if (!key || !EVP_PKEY_is_a(key, algorithm->key))
                return why_say(why, GW_REJECT, "signed with %s, but the signer's key is of another kind", algorithm->key);
        if (!key_is_strong(key))
                return why_say(why, GW_REJECT, "the signer's key is too weak: %d bits", EVP_PKEY_get_bits(key));
        gw_auto(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        GW_ASSERT(ctx);
        bool good = EVP_DigestVerifyInit_ex(ctx, NULL, algorithm->digest, NULL, NULL, key, NULL) == 1 &&
                    EVP_DigestVerify(ctx, parts->value.p, parts->value.n, parts->tbs.p, parts->tbs.n) == 1;
        return good ? GW_OK : why_say(why, GW_REJECT, "the signature is wrong");
}

static enum gw_rc check_gost(enum gost_kind kind, const struct signed_parts *parts, const X509 *signer, struct why *why)
{
        gw_auto(der) unsigned char *spki = NULL;
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(signer), &spki);
        gw_auto(gost_public) struct gost_public_key *key = NULL;
        if (n <= 0 || !gost_public_read(span_of(spki, (size_t)n), &key) || gost_public_kind(key) != kind)
                return why_say(why, GW_REJECT, "signed with GOST, but the signer's key is of another kind");
        uint8_t digest[GOST_SIZE_MAX];
        size_t size = gost_digest(kind, parts->tbs, digest);
        return gost_verify(key, span_of(digest, size), parts->value) ? GW_OK : why_say(why, GW_REJECT, "the signature is wrong");
}

static enum gw_rc refuse_algorithm(struct span oid, struct why *why)
{
        char name[80] = "";
        ASN1_OBJECT *object = NULL;
        auto_buf struct buf der = BUF_INIT;
        if (oid.n > 0 && oid.n <= 32) {
                der_put(&der, DER_OID, oid);
                const unsigned char *p = der.p;
                object = d2i_ASN1_OBJECT(NULL, &p, (long)der.n);
        }
        if (object)
                OBJ_obj2txt(name, sizeof name, object, 0);
        ASN1_OBJECT_free(object);
        return why_say(why, GW_REJECT, "signed with an algorithm that is not accepted: %s", *name ? name : "unreadable");
}

static enum gw_rc check_by_algorithm(const struct signed_parts *parts, const X509 *signer, struct why *why)
{
        struct span oid = {NULL, 0};
        bool null = false;
        if (!read_algorithm(parts->algorithm, &oid, &null))
                return why_say(why, GW_REJECT, "signed with an algorithm that has parameters");
        for (size_t i = 0; i < GW_COUNT(algorithms); i++)
                if (span_eq_str(oid, algorithms[i].oid) && (!null || algorithms[i].null_allowed))
                        return check_openssl(&algorithms[i], parts, signer, why);
        enum gost_kind kind = gost_signature_kind(oid);
        return kind == GOST_NONE ? refuse_algorithm(oid, why) : check_gost(kind, parts, signer, why);
}

enum gw_rc signed_check(const struct signed_parts *parts, const X509 *signer, struct why *why)
{
        enum gw_rc rc = check_by_algorithm(parts, signer, why);
        ERR_clear_error(); /* a key or value that OpenSSL cannot read leaves its complaint in this thread's queue */
        return rc;
}

/* ---- certificates ------------------------------------------------------------------------------------------------ */

bool parts_serial(const X509 *x509, uint8_t *out, size_t max, size_t *ret_length)
{
        gw_auto(der) unsigned char *der = NULL;
        int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &der);
        struct span in = span_of(der, n > 0 ? (size_t)n : 0), content;
        if (!parts_take_integer(&in, &content) || content.n > max)
                return false;
        memcpy(out, content.p, content.n);
        *ret_length = content.n;
        return true;
}

bool parts_names_issuer(const X509 *x509, X509 *issuer)
{
        if (X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(issuer)) != 0)
                return false;
        /* Decodes the extensions: until then X509_check_akid() sees no subject key identifier, and agrees to everything. */
        if (X509_check_purpose(issuer, -1, 0) != 1)
                return false;
        int critical = -1; /* -1 after the call: the certificate has no such extension; -2: it has two */
        gw_auto(akid) AUTHORITY_KEYID *akid = X509_get_ext_d2i(x509, NID_authority_key_identifier, &critical, NULL);
        return akid ? X509_check_akid(issuer, akid) == X509_V_OK : critical == -1;
}

char *parts_http_url(const GENERAL_NAME *name)
{
        int type = 0;
        const ASN1_IA5STRING *text = GENERAL_NAME_get0_value(name, &type);
        if (type != GEN_URI)
                return NULL;
        struct span url = span_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
        if (url.n <= strlen("http://") || url.n > URL_MAX)
                return NULL;
        for (size_t i = 0; i < url.n; i++)
                if (url.p[i] <= ' ' || url.p[i] >= 0x7f)
                        return NULL;
        auto_str char *copy = span_dup(url);
        return strncasecmp(copy, "http://", strlen("http://")) == 0 ? gw_take(&copy) : NULL;
}
