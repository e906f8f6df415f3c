/* `egov-gateway verify --certificate`: is there a good path from this certificate to an anchor (RFC 5280 section 6)? Nothing else is asked. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/pki/path.h"
#include "gateway/verify/verify.h"

#define FILE_MAX ((size_t)64 << 20) /* complete revocation lists are large */

struct given {
        const char *certificate, *trust, *at;
        const char *untrusted[OPTIONS_REPEAT_MAX + 1], *crls[OPTIONS_REPEAT_MAX + 1], *policies[OPTIONS_REPEAT_MAX + 1];
        bool explicit_policy, inhibit_any, inhibit_mapping, any_strength, json;
};

static void free_x509s(STACK_OF(X509) *list)
{
        sk_X509_pop_free(list, X509_free);
}
static void free_crls(STACK_OF(X509_CRL) *list)
{
        sk_X509_CRL_pop_free(list, X509_CRL_free);
}
GW_DEFINE_AUTO(x509s, STACK_OF(X509), free_x509s)
GW_DEFINE_AUTO(crls, STACK_OF(X509_CRL), free_crls)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(dir, DIR, closedir)

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* What one file holds goes on a list; false when it holds none, or something else. */
typedef bool take_bytes(void *list, struct span bytes);

static bool take_x509s(void *list, struct span bytes)
{
        const unsigned char *p = bytes.p;
        X509 *one = d2i_X509(NULL, &p, (long)bytes.n);
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
        int count = 0;
        for (X509 *x509 = one ? one : PEM_read_bio_X509(bio, NULL, NULL, NULL); x509; x509 = one ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL))
                count = sk_X509_push(list, x509);
        ERR_clear_error();
        return count > 0;
}

static bool take_crls(void *list, struct span bytes)
{
        X509_CRL *one = path_crl(bytes);
        int count = one ? sk_X509_CRL_push(list, one) : 0;
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
        char *name = NULL, *head = NULL;
        unsigned char *der = NULL;
        long n = 0;
        while (!one && PEM_read_bio(bio, &name, &head, &der, &n) == 1) {
                X509_CRL *crl = str_eq(name, PEM_STRING_X509_CRL) ? path_crl(span_of(der, (size_t)n)) : NULL;
                count = crl ? sk_X509_CRL_push(list, crl) : count;
                OPENSSL_free(name);
                OPENSSL_free(head);
                OPENSSL_free(der);
        }
        ERR_clear_error();
        return count > 0;
}

static bool read_file(const char *path, take_bytes *take, void *list)
{
        auto_buf struct buf bytes = BUF_LIMIT(FILE_MAX);
        if (text_read_file(path, &bytes) && bytes.n > 0 && take(list, buf_span(&bytes)))
                return true;
        fprintf(stderr, "egov-gateway verify: %s: cannot be read, or holds nothing of the kind\n", path);
        return false;
}

/* A file, or every file of a folder that is not hidden. */
static bool read_path(const char *path, take_bytes *take, void *list)
{
        struct stat facts;
        if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode))
                return read_file(path, take, list);
        gw_auto(dir) DIR *dir = opendir(path);
        for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
                auto_str char *file = xasprintf("%s/%s", path, entry->d_name);
                if (entry->d_name[0] != '.' && stat(file, &facts) == 0 && S_ISREG(facts.st_mode) && !read_file(file, take, list))
                        return false;
        }
        return dir != NULL;
}

static bool read_paths(const char *const *paths, take_bytes *take, void *list)
{
        for (; *paths; paths++)
                if (!read_path(*paths, take, list))
                        return false;
        return true;
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static json_t *name_part(const X509_NAME *name, int nid)
{
        int at = X509_NAME_get_index_by_NID(name, nid, -1);
        unsigned char *utf8 = NULL;
        int n = at < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        json_t *part = n >= 0 ? json_stringn((const char *)utf8, (size_t)n) : NULL;
        OPENSSL_free(utf8);
        return part;
}

static char *serial_of(X509 *x509)
{
        const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
        return buf_take_str(&hex);
}

/* The leaf by its serial number alone: it may be a person's. */
static json_t *step_report(const struct path *path, size_t i, bool crls)
{
        X509 *x509 = path->certificates[i];
        const X509_NAME *subject = X509_get_subject_name(x509);
        bool anchor = i + 1 == path->length;
        auto_str char *serial = serial_of(x509);
        json_t *step = json_pack("{s:s, s:s}", "role", anchor ? "anchor" : i == 0 ? "leaf" : "authority", "serial", serial);
        if (i > 0) {
                json_t *organisation = name_part(subject, NID_organizationName), *name = name_part(subject, NID_commonName);
                json_object_set_new(step, "organisation", organisation ? organisation : json_null());
                json_object_set_new(step, "commonName", name ? name : json_null());
        }
        json_object_set_new(step, "revocation", json_string(anchor ? "an anchor is not asked about" : crls ? "CRL" : "not asked"));
        return step;
}

static json_t *report_of(enum path_problem problem, const struct why *detail, const struct path *path, bool crls)
{
        json_t *steps = json_array();
        for (size_t i = 0; i < path->length; i++)
                json_array_append_new(steps, step_report(path, i, crls));
        return json_pack("{s:b, s:s, s:s, s:o}", "valid", problem == PATH_GOOD, "code", path_problem_name(problem), "detail", detail->detail, "path", steps);
}

static void print_text(const json_t *report)
{
        printf("%s", json_string_value(json_object_get(report, "code")));
        const char *detail = json_string_value(json_object_get(report, "detail"));
        printf("%s%s\n", *detail ? ": " : "", detail);
        size_t i = 0;
        const json_t *step = NULL;
        json_array_foreach(json_object_get(report, "path"), i, step) {
                const char *name = json_string_value(json_object_get(step, "commonName"));
                printf("  %-9s %s  revocation: %s%s%s\n", json_string_value(json_object_get(step, "role")), json_string_value(json_object_get(step, "serial")),
                       json_string_value(json_object_get(step, "revocation")), name ? "  " : "", name ? name : "");
        }
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int judge(const struct given *given, struct wall_time at)
{
        struct why why = WHY_INIT;
        auto_anchors struct anchors *anchors = NULL;
        gw_auto(x509s) STACK_OF(X509) *leaf = sk_X509_new_null(), *untrusted = sk_X509_new_null();
        gw_auto(crls) STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
        GW_ASSERT(leaf && untrusted && crls);
        if (anchors_load(given->trust, &anchors, &why) != GW_OK) {
                fprintf(stderr, "egov-gateway verify: %s\n", why.detail);
                return COMMAND_USAGE;
        }
        if (!read_file(given->certificate, take_x509s, leaf) || !read_paths(given->untrusted, take_x509s, untrusted) || !read_paths(given->crls, take_crls, crls))
                return COMMAND_USAGE;
        size_t policies = 0;
        while (given->policies[policies])
                policies++;
        struct path_rules rules = {
                .at = at, .any_strength = given->any_strength, .policies = given->policies, .policy_count = policies, .explicit_policy = given->explicit_policy,
                .inhibit_any_policy = given->inhibit_any, .inhibit_policy_mapping = given->inhibit_mapping, .untrusted = untrusted, .crls = given->crls[0] ? crls : NULL,
        };
        struct path path = {0};
        enum path_problem problem = path_verify(anchors, sk_X509_value(leaf, 0), &rules, &path, &why);
        json_t *report = report_of(problem, &why, &path, rules.crls != NULL);
        path_done(&path);
        if (given->json) {
                json_dumpf(report, stdout, JSON_INDENT(2));
                putchar('\n');
        } else {
                print_text(report);
        }
        json_decref(report);
        return problem == PATH_GOOD ? COMMAND_YES : COMMAND_NO;
}

static bool oids_are_oids(const char *const *policies)
{
        for (; *policies; policies++) {
                ASN1_OBJECT *oid = OBJ_txt2obj(*policies, 1);
                if (!oid)
                        return false;
                ASN1_OBJECT_free(oid);
        }
        return true;
}

int verify_certificate_run(int argc, char **argv)
{
        struct given given = {0};
        const struct option_row rows[] = {
                {"certificate", "FILE", "the certificate, PEM or DER", &given.certificate, NULL, true},
                {"trust", "DIR", "the anchors: a folder of certificates of authorities, or one file", &given.trust, NULL, true},
                {"untrusted", "FILE…", "intermediate certificates on offer (repeatable; a folder too)", given.untrusted, NULL, false},
                {"crl", "FILE…", "revocation lists, complete and delta; all below the anchor are then asked about (repeatable; a folder too)", given.crls, NULL, false},
                {"at", "TIME", "judge as of this time, e.g. 2026-11-22T19:30:00+05:00 (now)", &given.at, NULL, false},
                {"policy-oid", "OID…", "user-initial-policy-set (repeatable); none: any policy", given.policies, NULL, false},
                {"explicit-policy", NULL, "initial-explicit-policy: a policy must hold for the whole path", NULL, &given.explicit_policy, false},
                {"inhibit-any", NULL, "initial-any-policy-inhibit", NULL, &given.inhibit_any, false},
                {"inhibit-mapping", NULL, "initial-policy-mapping-inhibit", NULL, &given.inhibit_mapping, false},
                {"any-strength", NULL, "accept keys and digests below 112 bits, SHA-1 for instance", NULL, &given.any_strength, false},
                {"json", NULL, "a report for machines", NULL, &given.json, false},
        };
        const struct options options = {
                "verify", "", "Judges the certification path of one certificate by RFC 5280 section 6, for RSA, ECDSA and GOST. What it may be used for is not asked, and\n"
                "revocation only by --crl. Codes: OK, CERTIFICATE_UNTRUSTED, CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID, AUTHORITY_NOT_CURRENT,\n"
                "CERTIFICATE_REVOKED, CERTIFICATE_REVOCATION_UNKNOWN, CERTIFICATE_POLICY, CERTIFICATE_KEY_WEAK.\n"
                "Exit status: 0 a good path, 1 none, 2 usage or unreadable.",
                "  egov-gateway verify --certificate leaf.pem --untrusted issuing.pem --trust anchors/ --crl lists/ --json\n", rows, GW_COUNT(rows),
        };
        int first = 0, status = 0;
        for (int i = 1; i < argc; i++)
                if (str_eq(argv[i], "--help"))
                        argc = 2, argv[1] = argv[i]; /* also behind --certificate, which wants an argument */
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        struct wall_time at = wall_now();
        if (first != argc)
                return options_mistake(&options, "takes no operands with --certificate");
        if (given.at && clock_parse_iso(given.at, &at) != GW_OK)
                return options_mistake(&options, "--at is no date and time of ISO 8601");
        if (!oids_are_oids(given.policies))
                return options_mistake(&options, "--policy-oid is no dotted object identifier");
        verify_init();
        return judge(&given, at);
}
