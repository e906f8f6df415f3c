/* Adds the GOST branch to a test PKI that make-pki.sh made: authorities and leafs with keys and signatures of GOST 34.10-2015-512, which
 * the openssl command cannot make.
 *
 *   make-gost-pki OUTDIR      does nothing when the branch is there
 *
 * Everything here is TEST material; the numbers are synthetic. See certs/README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/gost/gost.h"

#define VERSION "gost branch 3\n"
#define DAY 86400
#define SIGN "digitalSignature,nonRepudiation"
#define MAIL "emailProtection,"
#define ROLE "1.2.398.3.3.4.1"
#define URL "http://pki.example.invalid"
#define LIST_DAYS 365
#define CONTAINER_PASSWORD "TEST-egov" /* as in p12/password of make-pki.sh */

enum profile {
        PROFILE_CA, PROFILE_CA_LAST, PROFILE_CA_NO_SIGN, PROFILE_PERSON, PROFILE_AUTH, PROFILE_HEAD, PROFILE_EMPLOYEE, PROFILE_EMPLOYEE_AUTH, PROFILE_SYSTEM, PROFILE_CRITICAL, PROFILE_SUB_CA,
        PROFILE_OCSP, PROFILE_TSA, PROFILE_TSA_PLAIN, PROFILE_SERVICE,
};

static const struct {
        const char *basic, *usage, *extended;
} profiles[] = {
        [PROFILE_CA] = {"critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL},
        [PROFILE_CA_LAST] = {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", NULL},
        [PROFILE_CA_NO_SIGN] = {"critical,CA:TRUE", "critical,cRLSign", NULL},
        [PROFILE_PERSON] = {"CA:FALSE", "critical," SIGN, MAIL ROLE ".1"},
        [PROFILE_AUTH] = {"CA:FALSE", "critical,digitalSignature,keyEncipherment", "clientAuth," ROLE ".1"},
        [PROFILE_HEAD] = {"CA:FALSE", "critical," SIGN, MAIL ROLE ".2," ROLE ".2.1"},
        [PROFILE_EMPLOYEE] = {"CA:FALSE", "critical," SIGN, MAIL ROLE ".2," ROLE ".2.5"},
        [PROFILE_EMPLOYEE_AUTH] = {"CA:FALSE", "critical,digitalSignature,keyEncipherment", "clientAuth," ROLE ".2," ROLE ".2.5"},
        [PROFILE_SYSTEM] = {"CA:FALSE", "critical," SIGN, MAIL ROLE ".2," ROLE ".2.6"},
        [PROFILE_CRITICAL] = {"CA:FALSE", "critical," SIGN, MAIL ROLE ".1"},
        [PROFILE_SUB_CA] = {"critical,CA:TRUE", "critical," SIGN ",keyCertSign", MAIL ROLE ".1"},
        [PROFILE_OCSP] = {"CA:FALSE", "critical,digitalSignature", "OCSPSigning"},
        [PROFILE_TSA] = {"CA:FALSE", "critical," SIGN, "critical,timeStamping"},
        [PROFILE_TSA_PLAIN] = {"CA:FALSE", "critical," SIGN, "timeStamping"},
        [PROFILE_SERVICE] = {"CA:FALSE", "critical," SIGN, "emailProtection"},
};

/* Issuers before what they issue. Days are counted from now. */
static const struct row {
        const char *name, *issuer; /* "self", or the name of a row above */
        enum profile profile;
        const char *subject; /* openssl's -subj */
        int from, until;
} rows[] = {
#define ERLAN "/CN=АХМЕТОВ ЕРЛАН TEST/SN=АХМЕТОВ/serialNumber=IIN850412390011/C=KZ/GN=СЕРІКҰЛЫ"
#define PORTAL "/UID=1.2.398.6.10.1.1/CN=ИС \"ПОРТАЛ\" TEST/C=KZ/O=Оператор портала TEST/OU=BIN091240900012"
#define OFFICE "/O=Отдел занятости и социальных программ TEST/OU=BIN160640900019"
        {"gost-root", "self", PROFILE_CA, "/C=KZ/CN=НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) TEST EGOV-GATEWAY", -730, 3650},
        {"gost-issuing", "gost-root", PROFILE_CA_LAST, "/C=KZ/CN=ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) TEST EGOV-GATEWAY", -730, 3650},
        {"gost-foreign", "self", PROFILE_CA, "/C=KZ/CN=БӨТЕН ОРТАЛЫҚ (GOST) TEST EGOV-GATEWAY", -730, 3650},
        /* the name of the issuing authority, another key */
        {"gost-namesake", "self", PROFILE_CA, "/C=KZ/CN=ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) TEST EGOV-GATEWAY", -730, 3650},
        {"gost-no-sign", "self", PROFILE_CA_NO_SIGN, "/C=KZ/CN=ҚОЛ ҚОЙМАЙТЫН ОРТАЛЫҚ (GOST) TEST EGOV-GATEWAY", -730, 3650},
        {"gost-past", "self", PROFILE_CA, "/C=KZ/CN=ӨТКЕН ОРТАЛЫҚ (GOST) TEST EGOV-GATEWAY", -730, -30},
        {"gost-applicant-850412390011", "gost-issuing", PROFILE_PERSON, ERLAN, -1, 365},
        {"gost-applicant-870930490018", "gost-issuing", PROFILE_PERSON,
         "/CN=СЕРІКОВА АЙГҮЛ TEST/SN=СЕРІКОВА/serialNumber=IIN870930490018/C=KZ/GN=МАРАТҚЫЗЫ", -1, 365},
        {"gost-head-160640900019", "gost-issuing", PROFILE_HEAD,
         "/CN=МҰХАМБЕТОВА САУЛЕ TEST/SN=МҰХАМБЕТОВА/serialNumber=IIN790321490015/C=KZ/GN=ҚАЙРАТҚЫЗЫ" OFFICE, -1, 365},
#define CLERK "/CN=ҚАСЫМОВА ГҮЛНАР TEST/SN=ҚАСЫМОВА/serialNumber=IIN830511490012/C=KZ/GN=БОЛАТҚЫЗЫ" OFFICE
        {"gost-staff-clerk", "gost-issuing", PROFILE_EMPLOYEE, CLERK, -1, 365},
        {"gost-staff-clerk-auth", "gost-issuing", PROFILE_EMPLOYEE_AUTH, CLERK, -1, 365},
        {"gost-staff-executor1", "gost-issuing", PROFILE_EMPLOYEE, "/CN=ОМАРОВ БЕРІК TEST/SN=ОМАРОВ/serialNumber=IIN850412390021/C=KZ/GN=БАЗЫЛҰЛЫ" OFFICE, -1, 365},
        {"gost-staff-foreign-ca", "gost-foreign", PROFILE_EMPLOYEE, CLERK, -1, 365},
        {"gost-staff-revoked", "gost-issuing", PROFILE_EMPLOYEE, CLERK, -1, 365},
        {"gost-system-portal", "gost-issuing", PROFILE_SYSTEM, PORTAL, -1, 365},
        {"gost-system-gateway", "gost-issuing", PROFILE_SYSTEM, "/UID=1.2.398.6.10.1.1/CN=ИС \"ШЛЮЗ\" TEST/C=KZ" OFFICE, -1, 365},
        {"gost-bad-expired", "gost-issuing", PROFILE_PERSON, ERLAN, -400, -30},
        {"gost-bad-notyet", "gost-issuing", PROFILE_PERSON, ERLAN, 1825, 2190},
        {"gost-bad-auth", "gost-issuing", PROFILE_AUTH, ERLAN, -1, 365},
        {"gost-bad-critical", "gost-issuing", PROFILE_CRITICAL, ERLAN, -1, 365},
        {"gost-bad-ca-as-leaf", "gost-issuing", PROFILE_SUB_CA, ERLAN, -1, 365},
        {"gost-bad-foreign-ca", "gost-foreign", PROFILE_PERSON, ERLAN, -1, 365},
        {"gost-bad-namesake", "gost-namesake", PROFILE_PERSON, ERLAN, -1, 365},
        {"gost-bad-no-sign", "gost-no-sign", PROFILE_PERSON, ERLAN, -1, 365},
        {"gost-bad-past-ca", "gost-past", PROFILE_PERSON, ERLAN, -1, 365},
        {"gost-system-portal-foreign-ca", "gost-foreign", PROFILE_SYSTEM, PORTAL, -1, 365},
        /* what ends in -revoked is on the list of its issuer */
        {"gost-bad-revoked", "gost-issuing", PROFILE_PERSON, ERLAN, -1, 365},
        {"gost-system-portal-revoked", "gost-issuing", PROFILE_SYSTEM, PORTAL, -1, 365},
#define SERVICE(name) "/CN=" name " TEST/C=KZ/O=EGOV-GATEWAY TEST"
        {"gost-ocsp-responder", "gost-issuing", PROFILE_OCSP, SERVICE("gost-ocsp-responder"), -1, 365},
        {"gost-ocsp-foreign", "gost-foreign", PROFILE_OCSP, SERVICE("gost-ocsp-foreign"), -1, 365},
        {"gost-ocsp-noeku", "gost-issuing", PROFILE_SERVICE, SERVICE("gost-ocsp-noeku"), -1, 365},
        {"gost-ocsp-expired", "gost-issuing", PROFILE_OCSP, SERVICE("gost-ocsp-expired"), -400, -30},
        {"gost-tsa", "gost-issuing", PROFILE_TSA, SERVICE("gost-tsa"), -1, 365},
        {"gost-tsa-foreign", "gost-foreign", PROFILE_TSA, SERVICE("gost-tsa-foreign"), -1, 365},
        {"gost-tsa-noeku", "gost-issuing", PROFILE_SERVICE, SERVICE("gost-tsa-noeku"), -1, 365},
        {"gost-tsa-plain-eku", "gost-issuing", PROFILE_TSA_PLAIN, SERVICE("gost-tsa-plain-eku"), -1, 365},
        {"gost-tsa-expired", "gost-issuing", PROFILE_TSA, SERVICE("gost-tsa-expired"), -400, -30},
};

/* Of these there is a list of revoked certificates. */
static const char *const lists[] = {"gost-root", "gost-issuing", "gost-foreign"};

struct made {
        struct gost_private_key *key;
        X509_NAME *subject;
        uint8_t key_id[20], serial[16];
};

static _Noreturn void die(const char *what, const char *name)
{
        fprintf(stderr, "make-gost-pki: %s: %s\n", name, what);
        exit(1);
}

/* ---- names and extensions ---- */

static void add_entry(X509_NAME *name, const char *type, const char *value, size_t n)
{
        /* C is a PrintableString, serialNumber too; the rest UTF-8, as the authority writes them. */
        if (X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)value, (int)n, -1, 0) != 1)
                die("subject", type);
}

/* "/CN=…/SN=…" */
static X509_NAME *parse_name(const char *text)
{
        X509_NAME *name = X509_NAME_new();
        while (name && *text == '/') {
                const char *equals = strchr(text, '='), *end = equals ? strchr(equals, '/') : NULL;
                if (!equals)
                        die("subject", text);
                size_t n = end ? (size_t)(end - equals - 1) : strlen(equals + 1);
                auto_str char *type = xstrndup(text + 1, (size_t)(equals - text - 1));
                add_entry(name, type, equals + 1, n);
                text = equals + 1 + n;
        }
        return name;
}

static void add_extension(STACK_OF(X509_EXTENSION) **list, int nid, const char *value)
{
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
        if (!extension || !X509v3_add_ext(list, extension, -1))
                die("extension", value);
        X509_EXTENSION_free(extension);
}

static void add_authority(STACK_OF(X509_EXTENSION) **list, const uint8_t key_id[20])
{
        AUTHORITY_KEYID *akid = AUTHORITY_KEYID_new();
        akid->keyid = ASN1_OCTET_STRING_new();
        if (!ASN1_OCTET_STRING_set(akid->keyid, key_id, 20) ||
            X509V3_add1_i2d(list, NID_authority_key_identifier, akid, 0, X509V3_ADD_APPEND) != 1)
                die("extension", "authorityKeyIdentifier");
        AUTHORITY_KEYID_free(akid);
}

/* The host does not exist: where a simulator listens is said by the configuration. */
static void add_urls(STACK_OF(X509_EXTENSION) **list, const char *issuer)
{
        auto_str char *crl = xasprintf("URI:" URL "/crl/%s.crl", issuer), *delta = xasprintf("URI:" URL "/crl/%s-delta.crl", issuer);
        auto_str char *ocsp = xasprintf("OCSP;URI:" URL "/ocsp/%s", issuer);
        add_extension(list, NID_crl_distribution_points, crl);
        add_extension(list, NID_freshest_crl, delta);
        add_extension(list, NID_info_access, ocsp);
}

static void add_policy(STACK_OF(X509_EXTENSION) **list)
{
        CERTIFICATEPOLICIES *policies = sk_POLICYINFO_new_null();
        POLICYINFO *policy = POLICYINFO_new();
        ASN1_OBJECT_free(policy->policyid);
        policy->policyid = OBJ_txt2obj("1.2.398.3.3.2", 1);
        if (!sk_POLICYINFO_push(policies, policy) || X509V3_add1_i2d(list, NID_certificate_policies, policies, 0, X509V3_ADD_APPEND) != 1)
                die("extension", "certificatePolicies");
        CERTIFICATEPOLICIES_free(policies);
}

/* One that nobody knows, and critical. */
static void add_unknown(STACK_OF(X509_EXTENSION) **list)
{
        ASN1_OBJECT *oid = OBJ_txt2obj("1.2.398.3.3.5.99", 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        if (!ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2))
                die("extension", "unknown");
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
        if (!extension || !X509v3_add_ext(list, extension, -1))
                die("extension", "unknown");
        X509_EXTENSION_free(extension);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(oid);
}

static void put_extensions(struct buf *out, const struct row *row, const struct made *made, const struct made *issuer)
{
        STACK_OF(X509_EXTENSION) *list = NULL;
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(made->key_id, sizeof made->key_id));
        add_extension(&list, NID_basic_constraints, profiles[row->profile].basic);
        add_extension(&list, NID_key_usage, profiles[row->profile].usage);
        add_extension(&list, NID_subject_key_identifier, buf_cstr(&hex));
        if (!str_eq(row->name, "gost-bad-namesake")) /* it says nothing of the key, so that only the signature tells */
                add_authority(&list, issuer->key_id);
        if (profiles[row->profile].extended) {
                add_extension(&list, NID_ext_key_usage, profiles[row->profile].extended);
                add_urls(&list, row->issuer);
                if (row->profile == PROFILE_OCSP)
                        add_extension(&list, NID_id_pkix_OCSP_noCheck, "ignored");
                add_policy(&list);
        }
        if (row->profile == PROFILE_CRITICAL)
                add_unknown(&list);
        unsigned char *der = NULL;
        int n = i2d_X509_EXTENSIONS(list, &der);
        if (n <= 0)
                die("extensions", row->name);
        der_put(out, 0xa3, span_of(der, (size_t)n)); /* [3] EXPLICIT */
        OPENSSL_free(der);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

/* ---- the certificate, RFC 5280 4.1 ---- */

static void put_name(struct buf *out, X509_NAME *name)
{
        unsigned char *der = NULL;
        int n = i2d_X509_NAME(name, &der);
        if (n <= 0)
                die("name", "cannot be encoded");
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
}

static void put_time(struct buf *out, int day)
{
        ASN1_TIME *at = ASN1_TIME_adj(NULL, time(NULL), day, 0);
        unsigned char *der = NULL;
        int n = i2d_ASN1_TIME(at, &der);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
        ASN1_TIME_free(at);
}

static void put_validity(struct buf *out, const struct row *row)
{
        auto_buf struct buf inner = BUF_INIT;
        put_time(&inner, row->from);
        put_time(&inner, row->until);
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

/* tbs: all that stands in the signed part. */
static void put_signed(struct buf *out, struct span tbs, const struct made *issuer)
{
        auto_buf struct buf inner = BUF_INIT, bits = BUF_INIT;
        der_put(&inner, DER_SEQUENCE, tbs);
        uint8_t digest[GOST_SIZE_MAX];
        size_t n = gost_digest(GOST_2015, buf_span(&inner), digest);
        buf_add_char(&bits, '\0');
        GW_ASSERT(gost_sign(issuer->key, span_of(digest, n), &bits));
        gost_signature_algorithm(GOST_2015, &inner);
        der_put(&inner, DER_BIT_STRING, buf_span(&bits));
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

static void make_certificate(const struct row *row, struct made *made, const struct made *issuer, struct buf *out)
{
        auto_buf struct buf tbs = BUF_INIT;
        buf_add(&tbs, "\xa0\x03\x02\x01\x02", 5); /* version 3 */
        GW_ASSERT(RAND_bytes(made->serial, sizeof made->serial) == 1);
        made->serial[0] = (made->serial[0] & 0x3f) | 0x40; /* positive, and all 16 bytes of it */
        der_put(&tbs, DER_INTEGER, span_of(made->serial, sizeof made->serial));
        gost_signature_algorithm(GOST_2015, &tbs);
        put_name(&tbs, issuer->subject);
        put_validity(&tbs, row);
        put_name(&tbs, made->subject);
        gost_public_write(gost_private_public(made->key), &tbs);
        put_extensions(&tbs, row, made, issuer);
        put_signed(out, buf_span(&tbs), issuer);
}

/* ---- the list of revoked certificates, RFC 5280 5.1 ---- */

static bool is_on_list(const struct row *row, const char *issuer)
{
        size_t n = strlen(row->name), tail = strlen("-revoked");
        return str_eq(row->issuer, issuer) && n > tail && str_eq(row->name + n - tail, "-revoked");
}

static void put_entries(struct buf *out, const char *issuer, const struct made *all)
{
        auto_buf struct buf entries = BUF_INIT;
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                if (!is_on_list(&rows[i], issuer))
                        continue;
                auto_buf struct buf entry = BUF_INIT;
                der_put(&entry, DER_INTEGER, span_of(all[i].serial, sizeof all[i].serial));
                put_time(&entry, 0);
                /* crlEntryExtensions: reasonCode 1, keyCompromise */
                buf_add(&entry, "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01", 14);
                der_put(&entries, DER_SEQUENCE, buf_span(&entry));
        }
        if (entries.n > 0) /* absent when there is none */
                der_put(out, DER_SEQUENCE, buf_span(&entries));
}

static void make_list(const char *issuer_name, const struct made *issuer, const struct made *all, struct buf *out)
{
        auto_buf struct buf tbs = BUF_INIT;
        STACK_OF(X509_EXTENSION) *list = NULL;
        buf_add(&tbs, "\x02\x01\x01", 3); /* version 2 */
        gost_signature_algorithm(GOST_2015, &tbs);
        put_name(&tbs, issuer->subject);
        put_time(&tbs, 0);
        put_time(&tbs, LIST_DAYS);
        put_entries(&tbs, issuer_name, all);
        add_authority(&list, issuer->key_id);
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        if (!ASN1_INTEGER_set(number, 1) || X509V3_add1_i2d(&list, NID_crl_number, number, 0, X509V3_ADD_APPEND) != 1)
                die("extension", "cRLNumber");
        ASN1_INTEGER_free(number);
        unsigned char *der = NULL;
        int n = i2d_X509_EXTENSIONS(list, &der);
        der_put(&tbs, 0xa0, span_of(der, (size_t)n)); /* [0] EXPLICIT */
        OPENSSL_free(der);
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
        put_signed(out, buf_span(&tbs), issuer);
}

/* ---- files ---- */

static void write_pem(const char *path, const char *label, struct span der, unsigned mode)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        if (!bio || PEM_write_bio(bio, label, "", der.p, (long)der.n) <= 0)
                die("cannot be written as PEM", path);
        long n = BIO_get_mem_data(bio, &text);
        if (!text_write_file(path, span_of(text, (size_t)n), mode))
                die("cannot be written", path);
        BIO_free_all(bio);
}

static void make_row(const char *folder, const struct row *row, struct made *all)
{
        struct made *made = &all[row - rows];
        made->key = gost_private_new();
        made->subject = parse_name(row->subject);
        struct span point = gost_public_point(gost_private_public(made->key));
        SHA1(point.p, point.n, made->key_id);
        const struct made *issuer = made;
        for (const struct row *other = rows; !str_eq(row->issuer, "self") && other < row; other++)
                if (str_eq(other->name, row->issuer))
                        issuer = &all[other - rows];
        auto_buf struct buf certificate = BUF_INIT;
        __attribute__((cleanup(buf_wipe_done))) struct buf key = BUF_INIT;
        make_certificate(row, made, issuer, &certificate);
        gost_private_write(made->key, &key);
        bool authority = !profiles[row->profile].extended;
        auto_str char *certificate_path = xasprintf("%s/%s/%s.pem", folder, authority ? "ca" : "certs", row->name);
        auto_str char *key_path = xasprintf("%s/keys/%s%s.key", folder, authority ? "ca-" : "", row->name);
        write_pem(certificate_path, PEM_STRING_X509, buf_span(&certificate), 0644);
        write_pem(key_path, PEM_STRING_PKCS8INF, buf_span(&key), 0600);
        if (str_eq(row->name, "gost-root") || str_eq(row->name, "gost-issuing")) {
                auto_str char *trust_path = xasprintf("%s/trust/%s.pem", folder, row->name);
                write_pem(trust_path, PEM_STRING_X509, buf_span(&certificate), 0644);
        }
}

static void make_lists(const char *folder, const struct made *all)
{
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                for (size_t k = 0; k < GW_COUNT(lists); k++) {
                        if (!str_eq(rows[i].name, lists[k]))
                                continue;
                        auto_buf struct buf list = BUF_INIT;
                        make_list(lists[k], &all[i], all, &list);
                        auto_str char *pem = xasprintf("%s/crl/%s.crl", folder, lists[k]), *der = xasprintf("%s.der", pem);
                        write_pem(pem, PEM_STRING_X509_CRL, buf_span(&list), 0644);
                        if (!text_write_file(der, buf_span(&list), 0644))
                                die("cannot be written", der);
                }
        }
}

/* ---- PKCS#12 (RFC 7292): OpenSSL carries keys that it cannot use ---- */

static void write_container(const char *path, const struct row *row, const char *folder, const struct made *made, bool legacy)
{
        __attribute__((cleanup(buf_wipe_done))) struct buf key = BUF_INIT;
        auto_str char *certificate_path = xasprintf("%s/certs/%s.pem", folder, row->name);
        gost_private_write(made->key, &key);
        int protection = legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_aes_256_cbc; /* AES means PBES2 */
        const unsigned char *p = key.p;
        PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)key.n);
        BIO *in = BIO_new_file(certificate_path, "r");
        X509 *certificate = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
        STACK_OF(PKCS12_SAFEBAG) *keys = sk_PKCS12_SAFEBAG_new_null(), *certificates = NULL;
        STACK_OF(PKCS7) *safes = NULL;
        PKCS12_SAFEBAG *bag = info ? PKCS12_SAFEBAG_create_pkcs8_encrypt(protection, CONTAINER_PASSWORD, -1, NULL, 0,
                                                                         PKCS12_DEFAULT_ITER, info) : NULL;
        if (!bag || !certificate || !sk_PKCS12_SAFEBAG_push(keys, bag) || !PKCS12_add_cert(&certificates, certificate) ||
            !PKCS12_add_safe(&safes, certificates, protection, PKCS12_DEFAULT_ITER, CONTAINER_PASSWORD) ||
            !PKCS12_add_safe(&safes, keys, -1, 0, NULL))
                die("PKCS#12", path);
        PKCS12 *container = PKCS12_add_safes(safes, 0);
        if (!container || !PKCS12_set_mac(container, CONTAINER_PASSWORD, -1, NULL, 0, PKCS12_DEFAULT_ITER, legacy ? EVP_sha1() : EVP_sha256()))
                die("PKCS#12", path);
        unsigned char *der = NULL;
        int n = i2d_PKCS12(container, &der);
        if (n <= 0 || !text_write_file(path, span_of(der, (size_t)n), 0600))
                die("cannot be written", path);
        OPENSSL_clear_free(der, (size_t)n);
        PKCS12_free(container);
        sk_PKCS7_pop_free(safes, PKCS7_free);
        sk_PKCS12_SAFEBAG_pop_free(keys, PKCS12_SAFEBAG_free);
        sk_PKCS12_SAFEBAG_pop_free(certificates, PKCS12_SAFEBAG_free);
        PKCS8_PRIV_KEY_INFO_free(info);
        X509_free(certificate);
        BIO_free(in);
}

static void make_containers(const char *folder, const struct made *all)
{
        static const struct { const char *row, *name; } containers[] = {{"gost-head-160640900019", "gost-head"}, {"gost-system-gateway", "gost-system"}};
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                for (size_t k = 0; k < GW_COUNT(containers); k++) {
                        if (!str_eq(rows[i].name, containers[k].row))
                                continue;
                        auto_str char *modern = xasprintf("%s/p12/%s.p12", folder, containers[k].name);
                        auto_str char *legacy = xasprintf("%s/p12/%s-legacy.p12", folder, containers[k].name);
                        write_container(modern, &rows[i], folder, &all[i], false);
                        write_container(legacy, &rows[i], folder, &all[i], true);
                }
        }
}

int main(int argc, char **argv)
{
        if (argc != 2)
                die("usage: make-gost-pki OUTDIR", "one argument is needed");
        auto_str char *base_path = xasprintf("%s/stamp", argv[1]), *stamp_path = xasprintf("%s/gost.stamp", argv[1]);
        auto_buf struct buf base = BUF_INIT, stamp = BUF_INIT, want = BUF_INIT;
        if (!text_read_file(base_path, &base))
                die("is no test PKI; run certs/make-pki.sh first", argv[1]);
        /* The branch goes when make-pki.sh makes the PKI anew, and is as old as the PKI it stands in. */
        buf_add_str(&want, VERSION);
        buf_add_span(&want, buf_span(&base));
        if (access(stamp_path, R_OK) == 0 && text_read_file(stamp_path, &stamp) && span_eq(buf_span(&stamp), buf_span(&want)))
                return 0;
        struct made all[GW_COUNT(rows)];
        memset(all, 0, sizeof all);
        for (size_t i = 0; i < GW_COUNT(rows); i++)
                make_row(argv[1], &rows[i], all);
        make_lists(argv[1], all);
        make_containers(argv[1], all);
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                gost_private_free(all[i].key);
                X509_NAME_free(all[i].subject);
        }
        if (!text_write_file(stamp_path, buf_span(&want), 0644))
                die("cannot be written", stamp_path);
        return 0;
}
