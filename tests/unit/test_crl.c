/* Revocation lists: good ones, and for each rule of RFC 5280 5 and 6.3.3 a sibling that breaks it. */
#include "tests/unit/helper_revocation.h"

#define GO "ncanode-go-testdata/"
#define NCA "ncanode-testdata/"

/* ---- НУЦ's own lists (interfaces 4.4) ---- */

static void public_lists(void **state GW_UNUSED)
{
        static const struct {
                const char *list, *issuer, *at, *number;
                size_t entries;
                struct { const char *certificate; enum revocation_answer want; int reason; } certificates[4];
        } cases[] = {
                {NCA "crl/nca_rsa_test.crl", NCA "ca/nca_rsa_test.crt", "2022-04-01T00:00:00Z", "09", 126,
                 {{NCA "certs/individual_valid_sign_2004_rsa.cer", REVOCATION_GOOD, -1}}},
                {NCA "crl/nca_gost_test.crl", NCA "ca/nca_gost_test.crt", "2022-04-01T00:00:00Z", "07", 31,
                 {{NCA "certs/ceo_valid_sign_2004_gost.cer", REVOCATION_GOOD, -1}}},
                {NCA "crl/nca_gost2022_test.crl", GO "nca_gost2022_test.cer", "2022-08-01T00:00:00Z", "04", 6,
                 {{GO "legal_valid_head.cer", REVOCATION_GOOD, -1}}},
                {GO "nca_gost2022_test.crl", GO "nca_gost2022_test.cer", "2026-09-01T00:00:00Z", "A6", 195,
                 {{GO "legal_valid_head.cer", REVOCATION_GOOD, -1}, {GO "legal_revoked_head.cer", REVOCATION_BAD, 6},
                  {GO "individual_revoked_individual_revoked.cer", REVOCATION_BAD, 6}, {GO "legal_revoked_infosystem.cer", REVOCATION_BAD, 6}}},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *list_path = vector_path(cases[i].list), *issuer_path = vector_path(cases[i].issuer);
                if (!list_path || !issuer_path)
                        skip();
                auto_buf struct buf bytes = BUF_INIT;
                read_bytes(list_path, &bytes);
                gw_auto(x509) X509 *issuer = x509_read(issuer_path);
                struct crl_rules rules = {.now = at_text(cases[i].at)};
                auto_crl struct crl *crl = NULL;
                struct why why = WHY_INIT;
                struct crl_facts facts;
                enum gw_rc rc = crl_read(buf_span(&bytes), issuer, &rules, &crl, &why);
                assert_answer(cases[i].list, rc, &why, GW_OK, NULL);
                crl_facts(crl, &facts);
                assert_string_equal(facts.number, cases[i].number);
                assert_int_equal(facts.entries, cases[i].entries);
                for (size_t k = 0; k < GW_COUNT(cases[i].certificates) && cases[i].certificates[k].certificate; k++) {
                        auto_str char *path = vector_path(cases[i].certificates[k].certificate);
                        gw_auto(x509) X509 *x509 = x509_read(path);
                        struct revocation_status status;
                        crl_status(crl, x509, &rules, &status);
                        assert_int_equal(status.answer, cases[i].certificates[k].want);
                        assert_int_equal(status.reason, cases[i].certificates[k].reason);
                }
        }
}

/* One byte changed, sampled everywhere, and a list is none any more. */
static void changed_public_lists(void **state GW_UNUSED)
{
        auto_str char *list_path = vector_path(NCA "crl/nca_gost2022_test.crl"), *issuer_path = vector_path(GO "nca_gost2022_test.cer");
        if (!list_path || !issuer_path)
                skip();
        auto_buf struct buf bytes = BUF_INIT;
        read_bytes(list_path, &bytes);
        gw_auto(x509) X509 *issuer = x509_read(issuer_path);
        struct crl_rules rules = {.now = at_text("2022-08-01T00:00:00Z")};
        struct why why = WHY_INIT;
        size_t taken = 0;
        for (size_t i = 0; i < bytes.n; i += 7) {
                bytes.p[i] ^= 0x10;
                auto_crl struct crl *crl = NULL;
                if (crl_read(buf_span(&bytes), issuer, &rules, &crl, &why) == GW_OK)
                        fail_msg("byte %zu", i);
                taken++;
                bytes.p[i] ^= 0x10;
        }
        assert_true(taken > 90);
}

/* ---- lists made by OpenSSL's own code ---- */

struct list_recipe {
        struct { uint64_t serial; int reason; const char *extension; } entries[5]; /* serial 0: end; reason -1: none; OID of an extension, "!" before it: critical */
        X509 *issuer;        /* NULL: the issuer; gives the name only */
        EVP_PKEY *key;       /* NULL: the issuer's */
        const char *digest;  /* NULL: SHA-256 */
        int64_t this_update, next_update; /* seconds from now; both 0: an hour ago, for a day; next_update alone 0: none */
        int64_t number, base; /* 0: none */
        const char *scope;   /* DER in hexadecimal of issuingDistributionPoint */
        X509 *key_of;        /* authorityKeyIdentifier of it; NULL: none */
        const char *extension;
        bool freshest;
};

static X509_EXTENSION *extension_of(const char *oid, struct span der)
{
        bool critical = *oid == '!';
        ASN1_OBJECT *object = OBJ_txt2obj(oid + critical, 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        assert_true(ASN1_OCTET_STRING_set(value, der.p, (int)der.n));
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
        assert_non_null(extension);
        ASN1_OBJECT_free(object);
        ASN1_OCTET_STRING_free(value);
        return extension;
}

static void add_extension(X509_CRL *list, const char *oid, struct span der)
{
        X509_EXTENSION *extension = extension_of(oid, der);
        assert_true(X509_CRL_add_ext(list, extension, -1));
        X509_EXTENSION_free(extension);
}

static void add_number(X509_CRL *list, const char *oid, int64_t number)
{
        ASN1_INTEGER *integer = ASN1_INTEGER_new();
        unsigned char *der = NULL;
        assert_true(ASN1_INTEGER_set_int64(integer, number));
        int n = i2d_ASN1_INTEGER(integer, &der);
        add_extension(list, oid, span_of(der, (size_t)n));
        ASN1_INTEGER_free(integer);
        OPENSSL_free(der);
}

static void add_entry(X509_CRL *list, uint64_t serial, int reason, const char *extension, int64_t at)
{
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *integer = ASN1_INTEGER_new();
        ASN1_TIME *then = ASN1_TIME_set(NULL, from_now(at));
        assert_true(ASN1_INTEGER_set_uint64(integer, serial) && X509_REVOKED_set_serialNumber(entry, integer) && X509_REVOKED_set_revocationDate(entry, then));
        if (reason >= 0) {
                ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
                assert_true(ASN1_ENUMERATED_set(value, reason) && X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) == 1);
                ASN1_ENUMERATED_free(value);
        }
        if (extension) {
                X509_EXTENSION *more = extension_of(extension, span_of("\x05", 2));
                assert_true(X509_REVOKED_add_ext(entry, more, -1));
                X509_EXTENSION_free(more);
        }
        assert_true(X509_CRL_add0_revoked(list, entry));
        ASN1_INTEGER_free(integer);
        ASN1_TIME_free(then);
}

static void add_extensions(X509_CRL *list, const struct list_recipe *recipe)
{
        if (recipe->number)
                add_number(list, "2.5.29.20", recipe->number);
        if (recipe->base)
                add_number(list, "!2.5.29.27", recipe->base);
        if (recipe->scope) {
                long n = 0;
                unsigned char *der = OPENSSL_hexstr2buf(recipe->scope, &n);
                assert_non_null(der);
                add_extension(list, "!2.5.29.28", span_of(der, (size_t)n));
                OPENSSL_free(der);
        }
        if (recipe->key_of) {
                AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
                id->keyid = X509_get_ext_d2i(recipe->key_of, NID_subject_key_identifier, NULL, NULL);
                assert_true(id->keyid && X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, id, 0, 0) == 1);
                AUTHORITY_KEYID_free(id);
        }
        if (recipe->freshest) /* SEQUENCE OF DistributionPoint: http://d */
                add_extension(list, "2.5.29.46", span_of("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08http://d", 18));
        if (recipe->extension)
                add_extension(list, recipe->extension, span_of("\x05", 2));
}

static void put_list(const struct list_recipe *recipe, struct buf *out)
{
        X509_CRL *list = X509_CRL_new();
        bool dated = recipe->this_update || recipe->next_update;
        ASN1_TIME *then = ASN1_TIME_set(NULL, from_now(dated ? recipe->this_update : -HOUR)), *until = ASN1_TIME_set(NULL, from_now(dated ? recipe->next_update : DAY));
        bool extended = recipe->number || recipe->base || recipe->scope || recipe->key_of || recipe->extension || recipe->freshest;
        for (size_t i = 0; i < GW_COUNT(recipe->entries) && recipe->entries[i].serial; i++) {
                add_entry(list, recipe->entries[i].serial, recipe->entries[i].reason, recipe->entries[i].extension, -DAY - (int64_t)i);
                extended = extended || recipe->entries[i].reason >= 0 || recipe->entries[i].extension;
        }
        assert_true(!extended || X509_CRL_set_version(list, X509_CRL_VERSION_2));
        assert_true(X509_CRL_set_issuer_name(list, X509_get_subject_name(recipe->issuer ? recipe->issuer : world.issuer)) && X509_CRL_set1_lastUpdate(list, then));
        assert_true((dated && !recipe->next_update) || X509_CRL_set1_nextUpdate(list, until));
        add_extensions(list, recipe);
        assert_true(X509_CRL_sign(list, recipe->key ? recipe->key : world.key, EVP_get_digestbyname(recipe->digest ? recipe->digest : "SHA256")) > 0);
        unsigned char *der = NULL;
        int n = i2d_X509_CRL(list, &der);
        assert_true(n > 0);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
        ASN1_TIME_free(then);
        ASN1_TIME_free(until);
        X509_CRL_free(list);
}

static struct crl_rules rules_now(void)
{
        return (struct crl_rules){.now = at_text(NOW_TEXT), .skew_ms = 5 * MINUTE * 1000};
}

/* NULL when the list is refused, for that reason. */
static struct crl *expect_list(const char *name, struct span bytes, X509 *issuer, const char *want_detail)
{
        struct crl_rules rules = rules_now();
        struct why why = WHY_INIT;
        struct crl *crl = NULL;
        enum gw_rc rc = crl_read(bytes, issuer, &rules, &crl, &why);
        assert_answer(name, rc, &why, want_detail ? GW_REJECT : GW_OK, want_detail);
        assert_int_equal(ERR_peek_error(), 0);
        return crl;
}

static void expect_status(const char *name, const struct crl *crl, const X509 *x509, const struct crl_rules *rules, enum revocation_answer want, int want_reason)
{
        struct revocation_status status;
        crl_status(crl, x509, rules, &status);
        if (status.answer != want || status.reason != want_reason)
                fail_msg("%s: answer %d reason %d, want %d reason %d", name, status.answer, status.reason, want, want_reason);
        assert_int_equal(ERR_peek_error(), 0);
}

static void lists(void **state GW_UNUSED)
{
#define KEY_OTHER "the list is of another key of the authority"
        gw_auto(pkey) EVP_PKEY *key = key_new("P-256");
        gw_auto(x509) X509 *no_usage = certificate_new(&(struct recipe){.subject = "АУТОРИТЕТ", .key = world.key, .serial = 2});
        gw_auto(x509) X509 *no_sign = certificate_new(&(struct recipe){.subject = "АУТОРИТЕТ", .key = world.key, .serial = 3,
                                                                       .extensions = {{NID_key_usage, "critical,keyCertSign,digitalSignature"}}});
        const struct {
                const char *name;
                struct list_recipe recipe;
                X509 *issuer;       /* NULL: the issuer */
                const char *detail; /* NULL: good */
                enum revocation_answer want;
                int reason;
        } cases[] = {
                {"version 1, no entry", {.number = 0}, NULL, NULL, REVOCATION_GOOD, -1},
                {"version 1", {.entries = {{5, -1, NULL}, {LEAF_SERIAL, -1, NULL}}}, NULL, NULL, REVOCATION_BAD, -1},
                {"numbered", {.number = 7, .entries = {{5, 1, NULL}}}, NULL, NULL, REVOCATION_GOOD, -1},
                {"revoked", {.number = 7, .entries = {{LEAF_SERIAL, 1, NULL}}}, NULL, NULL, REVOCATION_BAD, 1},
                {"on hold", {.number = 7, .entries = {{LEAF_SERIAL, 6, NULL}}}, NULL, NULL, REVOCATION_BAD, 6},
                {"removed, in a complete list", {.number = 7, .entries = {{LEAF_SERIAL, 8, NULL}}}, NULL, NULL, REVOCATION_BAD, 8},
                {"the same twice", {.number = 7, .entries = {{LEAF_SERIAL, 6, NULL}, {9, 1, NULL}, {LEAF_SERIAL, 1, NULL}}}, NULL, NULL, REVOCATION_BAD, 1},
                {"not in order", {.number = 7, .entries = {{9, 1, NULL}, {5, 1, NULL}, {LEAF_SERIAL, 3, NULL}, {7, 1, NULL}}}, NULL, NULL, REVOCATION_BAD, 3},
                /* who */
                {"key identifier", {.number = 7, .key_of = world.issuer}, NULL, NULL, REVOCATION_GOOD, -1},
                {"key identifier of another key", {.number = 7, .key_of = world.namesake}, NULL, KEY_OTHER, 0, 0},
                {"a namesake's key", {.number = 7, .key = world.namesake_key}, NULL, "the signature is wrong", 0, 0},
                {"another authority", {.number = 7, .issuer = world.other, .key = world.other_key}, NULL, "the list of another authority", 0, 0},
                {"another's name", {.number = 7, .issuer = world.other}, NULL, "the list of another authority", 0, 0},
                {"no key usage", {.number = 7}, no_usage, NULL, REVOCATION_GOOD, -1},
                {"key usage without cRLSign", {.number = 7}, no_sign, "the authority's key is not for revocation lists", 0, 0},
                {"SHA-1", {.number = 7, .digest = "SHA1"}, NULL, "signed with an algorithm that is not accepted: ecdsa-with-SHA1", 0, 0},
                {"SHA-512", {.number = 7, .digest = "SHA512"}, NULL, NULL, REVOCATION_GOOD, -1},
                /* when */
                {"from the future", {.this_update = 5 * MINUTE + 1, .next_update = DAY}, NULL, "the list is from the future", 0, 0},
                {"within the skew ahead", {.this_update = 5 * MINUTE, .next_update = DAY}, NULL, NULL, REVOCATION_GOOD, -1},
                {"nextUpdate before thisUpdate", {.this_update = -HOUR, .next_update = -HOUR - 1}, NULL, "the list's dates contradict each other", 0, 0},
                {"old", {.this_update = -DAY, .next_update = -5 * MINUTE - 1}, NULL, NULL, REVOCATION_UNKNOWN, -1},
                {"within the skew behind", {.this_update = -DAY, .next_update = -5 * MINUTE}, NULL, NULL, REVOCATION_GOOD, -1},
                {"no nextUpdate, no age", {.this_update = -DAY}, NULL, NULL, REVOCATION_UNKNOWN, -1},
                /* extensions */
                {"unknown extension", {.extension = "1.2.3.4"}, NULL, NULL, REVOCATION_GOOD, -1},
                {"unknown critical extension", {.extension = "!1.2.3.4"}, NULL, "an unknown critical extension in the list", 0, 0},
                {"issuerAltName, critical", {.extension = "!2.5.29.18"}, NULL, "an unknown critical extension in the list", 0, 0},
                {"a number that is none", {.extension = "2.5.29.20"}, NULL, "the list's number is ill-formed", 0, 0},
                {"a scope that is none", {.extension = "!2.5.29.28"}, NULL, "the list's scope is ill-formed or too long", 0, 0},
                {"a key identifier that is none", {.extension = "2.5.29.35"}, NULL, "the list's authority key identifier is ill-formed", 0, 0},
                {"a negative number", {.number = -7}, NULL, "the list's number is ill-formed", 0, 0},
                {"the number twice", {.number = 7, .extension = "2.5.29.20"}, NULL, "the list's extensions are ill-formed", 0, 0},
                {"a delta", {.number = 7, .base = 3}, NULL, "a delta where a complete list is wanted", 0, 0},
                {"unknown extension of an entry", {.entries = {{5, -1, "1.2.3.4"}}}, NULL, NULL, REVOCATION_GOOD, -1},
                {"unknown critical extension of an entry", {.entries = {{5, -1, "!1.2.3.4"}}}, NULL, "an unknown critical extension in an entry", 0, 0},
                {"certificateIssuer in an entry", {.entries = {{5, -1, "!2.5.29.29"}}}, NULL, "an unknown critical extension in an entry", 0, 0},
                {"invalidityDate, critical", {.entries = {{LEAF_SERIAL, -1, "!2.5.29.24"}}}, NULL, NULL, REVOCATION_BAD, -1},
                {"a reason that is none", {.entries = {{5, -1, "2.5.29.21"}}}, NULL, "an entry's reason is ill-formed", 0, 0},
                {"a reason twice", {.entries = {{5, 1, "2.5.29.21"}}}, NULL, "an entry's extensions are ill-formed", 0, 0},
        };
        struct crl_rules rules = rules_now();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf list = BUF_INIT;
                put_list(&cases[i].recipe, &list);
                auto_crl struct crl *crl = expect_list(cases[i].name, buf_span(&list), cases[i].issuer ? cases[i].issuer : world.issuer, cases[i].detail);
                if (crl)
                        expect_status(cases[i].name, crl, world.leaf, &rules, cases[i].want, cases[i].reason);
        }
}

/* issuingDistributionPoint (5.2.5) against who is asked about. The leaf's own point is http://crl.test/a.crl; the authority below has none. */
static void scopes(void **state GW_UNUSED)
{
#define POINT "A019A0178615687474703A2F2F63726C2E746573742F612E63726C" /* [0] { fullName { URI http://crl.test/a.crl } } */
#define OTHER_POINT "A019A0178615687474703A2F2F63726C2E746573742F622E63726C"
        gw_auto(x509) X509 *reasons = certificate_new(&(struct recipe){.subject = "Р", .key = world.leaf_key, .issuer = world.issuer, .issuer_key = world.key, .serial = 77});
        /* DistributionPoint with reasons { keyCompromise } */
        X509_EXTENSION *extension = extension_of("2.5.29.31", span_of("\x30\x21\x30\x1f\xa0\x19\xa0\x17\x86\x15http://crl.test/a.crl\x81\x02\x06\x40", 35));
        assert_true(X509_add_ext(reasons, extension, -1) && X509_sign(reasons, world.key, EVP_sha256()) > 0);
        X509_EXTENSION_free(extension);
        const struct {
                const char *name, *scope, *detail;
                enum revocation_answer leaf, authority, some_reasons;
        } cases[] = {
                {"none", NULL, NULL, REVOCATION_GOOD, REVOCATION_GOOD, REVOCATION_GOOD},
                {"users", "30038101FF", NULL, REVOCATION_GOOD, REVOCATION_UNKNOWN, REVOCATION_GOOD},
                {"authorities", "30038201FF", NULL, REVOCATION_UNKNOWN, REVOCATION_GOOD, REVOCATION_UNKNOWN},
                {"users and authorities", "30068101FF8201FF", "a list of no certificates at all", 0, 0, 0},
                {"attributes", "30038501FF", "a list of attribute certificates", 0, 0, 0},
                {"indirect", "30038401FF", "an indirect list", 0, 0, 0},
                {"some reasons", "300483020640", "a list of some reasons only", 0, 0, 0},
                {"the leaf's point", "301B" POINT, NULL, REVOCATION_GOOD, REVOCATION_UNKNOWN, REVOCATION_UNKNOWN},
                {"the leaf's point, users", "301E" POINT "8101FF", NULL, REVOCATION_GOOD, REVOCATION_UNKNOWN, REVOCATION_UNKNOWN},
                {"another point", "301B" OTHER_POINT, NULL, REVOCATION_UNKNOWN, REVOCATION_UNKNOWN, REVOCATION_UNKNOWN},
                {"ill-formed", "30058101FF", "the list's scope is ill-formed or too long", 0, 0, 0},
                {"more behind", "30038101FF0500", "the list's scope is ill-formed or too long", 0, 0, 0},
        };
        struct crl_rules rules = rules_now();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf list = BUF_INIT;
                put_list(&(struct list_recipe){.number = 1, .scope = cases[i].scope}, &list);
                auto_crl struct crl *crl = expect_list(cases[i].name, buf_span(&list), world.issuer, cases[i].detail);
                if (!crl)
                        continue;
                expect_status(cases[i].name, crl, world.leaf, &rules, cases[i].leaf, -1);
                expect_status(cases[i].name, crl, world.authority, &rules, cases[i].authority, -1);
                expect_status(cases[i].name, crl, reasons, &rules, cases[i].some_reasons, -1);
        }
}

/* The distribution point's name in its other forms: a directory name, and one relative to the CRL issuer. */
static void relative_points(void **state GW_UNUSED)
{
        static const char part[] = "\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "one"; /* RelativeDistinguishedName CN=one; [1] IMPLICIT leaves 0xa1 for 0x31 */
        const unsigned char *name = NULL;
        size_t n = 0;
        assert_int_equal(X509_NAME_get0_der(X509_get_subject_name(world.issuer), &name, &n), 1);
        struct span whole = span_of(name, n), names;
        assert_true(der_take(&whole, DER_SEQUENCE, &names));
        auto_buf struct buf full = BUF_INIT, directory = BUF_INIT, general = BUF_INIT, by_full = BUF_INIT, by_relative = BUF_INIT;
        PUT(&full, DER_SEQUENCE, names, span_of(part, 14));
        PUT(&directory, 0xa4, buf_span(&full));
        PUT(&general, 0xa0, buf_span(&directory));
        PUT(&by_full, 0xa0, buf_span(&general));
        PUT(&by_relative, 0xa0, span_of("\xa1\x0c", 2), span_of(part + 2, 12));
        const struct buf *forms[] = {&by_full, &by_relative};
        struct crl_rules rules = rules_now();
        for (size_t i = 0; i < 4; i++) {
                auto_buf struct buf point = BUF_INIT, points = BUF_INIT, scope = BUF_INIT, list = BUF_INIT, hex = BUF_INIT;
                PUT(&point, DER_SEQUENCE, buf_span(forms[i % 2]));
                PUT(&points, DER_SEQUENCE, buf_span(&point));
                PUT(&scope, DER_SEQUENCE, buf_span(forms[i / 2]));
                text_hex(&hex, buf_span(&scope));
                put_list(&(struct list_recipe){.number = 1, .scope = buf_cstr(&hex)}, &list);
                auto_crl struct crl *crl = expect_list("relative", buf_span(&list), world.issuer, NULL);
                gw_auto(x509) X509 *x509 = certificate_new(&(struct recipe){.subject = "Р", .key = world.leaf_key, .issuer = world.issuer, .issuer_key = world.key, .serial = 77});
                X509_EXTENSION *extension = extension_of("2.5.29.31", buf_span(&points));
                assert_true(X509_add_ext(x509, extension, -1) && X509_sign(x509, world.key, EVP_sha256()) > 0);
                X509_EXTENSION_free(extension);
                expect_status("the same name", crl, x509, &rules, REVOCATION_GOOD, -1);
                expect_status("another name", crl, world.leaf, &rules, REVOCATION_UNKNOWN, -1);
        }
}

static void subjects(void **state GW_UNUSED)
{
        auto_buf struct buf list = BUF_INIT;
        put_list(&(struct list_recipe){.number = 0x1f, .freshest = true, .this_update = -HOUR, .next_update = 180 * DAY, .entries = {{LEAF_SERIAL, 4, NULL}}}, &list);
        auto_crl struct crl *crl = expect_list("list", buf_span(&list), world.issuer, NULL), *again = crl_ref(crl);
        struct crl_rules rules = rules_now();
        struct revocation_status status;
        uint8_t digest[32];
        crl_status(again, world.leaf, &rules, &status);
        text_sha256(buf_span(&list), digest);
        assert_memory_equal(status.evidence_sha256, digest, sizeof digest);
        assert_int_equal(status.source, REVOCATION_FROM_CRL);
        assert_int_equal(status.revoked_at.ms, from_now(-DAY) * 1000);
        assert_int_equal(status.this_update.ms, from_now(-HOUR) * 1000);
        assert_int_equal(status.next_update.ms, from_now(180 * DAY) * 1000);
        struct crl_facts facts;
        crl_facts(crl, &facts);
        assert_string_equal(facts.number, "1F");
        assert_true(facts.has_delta && facts.entries == 1);
        assert_memory_equal(facts.base_sha256, digest, sizeof digest);
        /* "Too old" by age, although nextUpdate is half a year ahead; and a clock that went back. */
        rules.age_max_ms = HOUR * 1000;
        expect_status("young enough", crl, world.leaf, &rules, REVOCATION_BAD, 4);
        rules.age_max_ms--;
        expect_status("a millisecond too old", crl, world.leaf, &rules, REVOCATION_UNKNOWN, -1);
        rules = rules_now();
        rules.now.ms -= (HOUR + 5 * MINUTE) * 1000 + 1;
        expect_status("before thisUpdate", crl, world.leaf, &rules, REVOCATION_UNKNOWN, -1);
        /* Not this authority's: another name; the same name and another key. A serial number that no list can hold. */
        rules = rules_now();
        gw_auto(x509) X509 *foreign = certificate_new(&(struct recipe){.subject = "Б", .key = world.leaf_key, .issuer = world.other, .issuer_key = world.other_key, .serial = LEAF_SERIAL});
        gw_auto(x509) X509 *namesakes = certificate_new(&(struct recipe){.subject = "Н", .key = world.leaf_key, .issuer = world.namesake, .issuer_key = world.namesake_key,
                                                                         .serial = LEAF_SERIAL, .extensions = {{NID_authority_key_identifier, "keyid"}}});
        gw_auto(x509) X509 *longest = certificate_new(&(struct recipe){.subject = "Ұ", .key = world.leaf_key, .issuer = world.issuer, .issuer_key = world.key, .serial = 1});
        expect_status("another authority's", crl, foreign, &rules, REVOCATION_UNKNOWN, -1);
        expect_status("a namesake's", crl, namesakes, &rules, REVOCATION_UNKNOWN, -1);
        expect_status("another serial", crl, longest, &rules, REVOCATION_GOOD, -1);
        BIGNUM *big = BN_new();
        assert_true(BN_set_bit(big, 8 * 22 - 2) && BN_to_ASN1_INTEGER(big, X509_get_serialNumber(longest)));
        expect_status("22 bytes", crl, longest, &rules, REVOCATION_GOOD, -1);
        assert_true(BN_set_bit(big, 8 * 22) && BN_to_ASN1_INTEGER(big, X509_get_serialNumber(longest)));
        expect_status("23 bytes", crl, longest, &rules, REVOCATION_UNKNOWN, -1);
        BN_free(big);
}

/* ---- deltas ---- */

static void deltas(void **state GW_UNUSED)
{
        const struct list_recipe base = {.number = 10, .entries = {{5, 1, NULL}, {LEAF_SERIAL, 6, NULL}, {9, 1, NULL}}};
        const struct list_recipe clean = {.number = 10, .entries = {{5, 1, NULL}}};
        const struct list_recipe scoped = {.number = 10, .scope = "30038101FF"}, keyed = {.number = 10, .key_of = world.issuer}, unnumbered = {.entries = {{5, 1, NULL}}};
#define NEWER .this_update = -MINUTE, .next_update = HOUR
        const struct {
                const char *name;
                const struct list_recipe *base;
                struct list_recipe delta;
                const char *detail;
                enum revocation_answer want;
                int reason;
                size_t entries;
        } cases[] = {
                {"empty", &base, {.number = 11, .base = 10, NEWER}, NULL, REVOCATION_BAD, 6, 3},
                {"newly revoked", &clean, {.number = 11, .base = 10, NEWER, .entries = {{LEAF_SERIAL, 1, NULL}}}, NULL, REVOCATION_BAD, 1, 2},
                {"another revoked", &clean, {.number = 11, .base = 10, NEWER, .entries = {{6, 1, NULL}, {2, 1, NULL}}}, NULL, REVOCATION_GOOD, -1, 3},
                {"hold lifted", &base, {.number = 11, .base = 10, NEWER, .entries = {{LEAF_SERIAL, 8, NULL}}}, NULL, REVOCATION_GOOD, -1, 2},
                {"hold made final", &base, {.number = 11, .base = 10, NEWER, .entries = {{LEAF_SERIAL, 1, NULL}}}, NULL, REVOCATION_BAD, 1, 3},
                {"lifted, but never held", &clean, {.number = 11, .base = 10, NEWER, .entries = {{LEAF_SERIAL, 8, NULL}}}, NULL, REVOCATION_GOOD, -1, 1},
                {"for an older base", &base, {.number = 12, .base = 3, NEWER}, NULL, REVOCATION_BAD, 6, 3},
                {"for a newer base", &base, {.number = 12, .base = 11, NEWER}, "the delta is for a newer base", 0, 0, 0},
                {"the same number", &base, {.number = 10, .base = 10, NEWER}, "the delta is not newer than its base", 0, 0, 0},
                {"older", &base, {.number = 9, .base = 3, NEWER}, "the delta is not newer than its base", 0, 0, 0},
                {"no number", &base, {.base = 10, NEWER}, "the delta or its base has no number", 0, 0, 0},
                {"base without number", &unnumbered, {.number = 11, .base = 10, NEWER}, "the delta or its base has no number", 0, 0, 0},
                {"newer number, older date", &base, {.number = 11, .base = 10, .this_update = -HOUR - 1, .next_update = HOUR}, "the delta's dates contradict its number", 0, 0, 0},
                {"no delta", &base, {.number = 11, NEWER}, "a complete list where a delta is wanted", 0, 0, 0},
                {"another scope", &base, {.number = 11, .base = 10, NEWER, .scope = "30038101FF"}, "the delta has another scope than its base", 0, 0, 0},
                {"no scope", &scoped, {.number = 11, .base = 10, NEWER}, "the delta has another scope than its base", 0, 0, 0},
                {"the same scope", &scoped, {.number = 11, .base = 10, NEWER, .scope = "30038101FF", .entries = {{LEAF_SERIAL, 1, NULL}}}, NULL, REVOCATION_BAD, 1, 1},
                {"the key named once", &keyed, {.number = 11, .base = 10, NEWER}, "the delta and its base are of different authorities or keys", 0, 0, 0},
                {"the key named twice", &keyed, {.number = 11, .base = 10, NEWER, .key_of = world.issuer}, NULL, REVOCATION_GOOD, -1, 0},
                {"another's signature", &base, {.number = 11, .base = 10, NEWER, .key = world.namesake_key}, "the signature is wrong", 0, 0, 0},
                {"another authority's", &base, {.number = 11, .base = 10, NEWER, .issuer = world.other}, "the list of another authority", 0, 0, 0},
                {"from the future", &base, {.number = 11, .base = 10, .this_update = HOUR, .next_update = DAY}, "the list is from the future", 0, 0, 0},
                {"a serial number twice", &clean, {.number = 11, .base = 10, NEWER, .entries = {{LEAF_SERIAL, 1, NULL}, {LEAF_SERIAL, 8, NULL}}}, "a serial number twice in a delta", 0, 0, 0},
                {"unknown critical extension", &clean, {.number = 11, .base = 10, NEWER, .extension = "!1.2.3.4"}, "an unknown critical extension in the list", 0, 0, 0},
        };
        struct crl_rules rules = rules_now();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf base_list = BUF_INIT, delta_list = BUF_INIT;
                put_list(cases[i].base, &base_list);
                put_list(&cases[i].delta, &delta_list);
                auto_crl struct crl *crl = expect_list(cases[i].name, buf_span(&base_list), world.issuer, NULL), *both = NULL;
                struct why why = WHY_INIT;
                enum gw_rc rc = crl_apply_delta(crl, buf_span(&delta_list), world.issuer, &rules, &both, &why);
                assert_answer(cases[i].name, rc, &why, cases[i].detail ? GW_REJECT : GW_OK, cases[i].detail);
                if (!both)
                        continue;
                expect_status(cases[i].name, both, world.leaf, &rules, cases[i].want, cases[i].reason);
                struct crl_facts facts, base_facts;
                crl_facts(both, &facts);
                crl_facts(crl, &base_facts);
                if (facts.entries != cases[i].entries)
                        fail_msg("%s: %zu entries", cases[i].name, facts.entries);
                assert_int_equal(facts.this_update.ms, from_now(-MINUTE) * 1000);
                assert_int_equal(facts.next_update.ms, from_now(DAY) * 1000);
                assert_memory_equal(facts.base_sha256, base_facts.sha256, 32);
        }
}

/* Two deltas, one after the other; and the base is left as it was. */
static void delta_after_delta(void **state GW_UNUSED)
{
        auto_buf struct buf base = BUF_INIT, first = BUF_INIT, second = BUF_INIT;
        put_list(&(struct list_recipe){.number = 0xff, .entries = {{5, 1, NULL}}}, &base);
        put_list(&(struct list_recipe){.number = 0x100, .base = 0xff, NEWER, .entries = {{LEAF_SERIAL, 6, NULL}}}, &first);
        put_list(&(struct list_recipe){.number = 0x101, .base = 0xff, NEWER, .entries = {{LEAF_SERIAL, 8, NULL}, {6, 1, NULL}}}, &second);
        struct crl_rules rules = rules_now();
        struct why why = WHY_INIT;
        auto_crl struct crl *crl = expect_list("base", buf_span(&base), world.issuer, NULL), *one = NULL, *two = NULL, *back = NULL;
        assert_answer("first", crl_apply_delta(crl, buf_span(&first), world.issuer, &rules, &one, &why), &why, GW_OK, NULL);
        assert_answer("second", crl_apply_delta(one, buf_span(&second), world.issuer, &rules, &two, &why), &why, GW_OK, NULL);
        expect_status("base", crl, world.leaf, &rules, REVOCATION_GOOD, -1);
        expect_status("first", one, world.leaf, &rules, REVOCATION_BAD, 6);
        expect_status("second", two, world.leaf, &rules, REVOCATION_GOOD, -1);
        assert_answer("back", crl_apply_delta(two, buf_span(&first), world.issuer, &rules, &back, &why), &why, GW_REJECT, "the delta is not newer than its base");
        struct crl_facts facts;
        crl_facts(two, &facts);
        assert_string_equal(facts.number, "0101");
        assert_int_equal(facts.entries, 2);
        /* Of another issuer's base, even with a like name. */
        auto_buf struct buf others = BUF_INIT;
        put_list(&(struct list_recipe){.number = 0xff, .issuer = world.namesake, .key = world.namesake_key}, &others);
        auto_crl struct crl *other = expect_list("other", buf_span(&others), world.namesake, NULL);
        assert_answer("other", crl_apply_delta(other, buf_span(&first), world.issuer, &rules, &back, &why), &why, GW_REJECT,
                      "the delta and its base are of different authorities or keys");
}

/* ---- bytes ---- */

/* Rightly signed, and yet not in the form. */
static void forms(void **state GW_UNUSED)
{
#define HEAD "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define DATES "\x17\x0d" "260531230000Z" "\x17\x0d" "260602000000Z"
#define ENTRY "\x30\x12\x02\x01\x05\x17\x0d" "260501000000Z"
#define EMPTY ""
        const unsigned char *name = NULL;
        size_t name_length = 0;
        assert_int_equal(X509_NAME_get0_der(X509_get_subject_name(world.issuer), &name, &name_length), 1);
#define S(text) span_of(text, sizeof(text) - 1)
        const struct {
                const char *title;
                struct span version, algorithm, dates, rest, outer, behind;
                const char *detail;
        } cases[] = {
                {"version 1", S(EMPTY), S(HEAD), S(DATES), S("\x30\x14" ENTRY), S(HEAD), S(EMPTY), NULL},
                {"version 2", S("\x02\x01\x01"), S(HEAD), S(DATES), S("\x30\x14" ENTRY), S(HEAD), S(EMPTY), NULL},
                {"version 3", S("\x02\x01\x02"), S(HEAD), S(DATES), S(EMPTY), S(HEAD), S(EMPTY), "not a revocation list"},
                {"version 1 in full", S("\x02\x01\x00"), S(HEAD), S(DATES), S(EMPTY), S(HEAD), S(EMPTY), "not a revocation list"},
                {"extensions in version 1", S(EMPTY), S(HEAD), S(DATES), S("\xa0\x0e\x30\x0c\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x07"), S(HEAD), S(EMPTY),
                 "the list is ill-formed"},
                {"extensions of an entry in version 1", S(EMPTY), S(HEAD), S(DATES), S("\x30\x22\x30\x20\x02\x01\x05\x17\x0d" "260501000000Z" "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01"),
                 S(HEAD), S(EMPTY), "extensions in a list of version 1"},
                {"two algorithms", S(EMPTY), S("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"), S(DATES), S(EMPTY), S(HEAD), S(EMPTY), "not a revocation list"},
                {"an empty list in full", S("\x02\x01\x01"), S(HEAD), S(DATES), S("\x30\x00"), S(HEAD), S(EMPTY), NULL},
                {"empty extensions", S("\x02\x01\x01"), S(HEAD), S(DATES), S("\xa0\x02\x30\x00"), S(HEAD), S(EMPTY), "the list's extensions are ill-formed"},
                {"more behind the extensions", S("\x02\x01\x01"), S(HEAD), S(DATES), S("\x05\x00"), S(HEAD), S(EMPTY), "the list is ill-formed"},
                {"more behind the entries", S("\x02\x01\x01"), S(HEAD), S(DATES), S("\x30\x00\x05\x00"), S(HEAD), S(EMPTY), "the list is ill-formed"},
                {"more behind the signature", S(EMPTY), S(HEAD), S(DATES), S(EMPTY), S(HEAD), S("\x05\x00"), "not a revocation list"},
                {"a day that is none", S(EMPTY), S(HEAD), S("\x17\x0d" "260231230000Z"), S(EMPTY), S(HEAD), S(EMPTY), "the list's dates are ill-formed"},
                {"no seconds", S(EMPTY), S(HEAD), S("\x17\x0b" "2605312300Z"), S(EMPTY), S(HEAD), S(EMPTY), "the list's dates are ill-formed"},
                {"a zone", S(EMPTY), S(HEAD), S("\x17\x11" "260531230000+0500"), S(EMPTY), S(HEAD), S(EMPTY), "the list's dates are ill-formed"},
                {"dates in full", S(EMPTY), S(HEAD), S("\x18\x0f" "20260531230000Z" "\x18\x0f" "20260602000000Z"), S(EMPTY), S(HEAD), S(EMPTY), NULL},
                {"ends in 1970", S(EMPTY), S(HEAD), S("\x17\x0d" "260531230000Z" "\x17\x0d" "700101000000Z"), S(EMPTY), S(HEAD), S(EMPTY), "the list's dates are ill-formed"},
                {"an entry without date", S(EMPTY), S(HEAD), S(DATES), S("\x30\x05\x30\x03\x02\x01\x05"), S(HEAD), S(EMPTY), "an entry is ill-formed"},
                {"a serial number of no byte", S(EMPTY), S(HEAD), S(DATES), S("\x30\x13\x30\x11\x02\x00\x17\x0d" "260501000000Z"), S(HEAD), S(EMPTY), "an entry is ill-formed"},
                {"a serial number with a zero before", S(EMPTY), S(HEAD), S(DATES), S("\x30\x15\x30\x13\x02\x02\x00\x05\x17\x0d" "260501000000Z"), S(HEAD), S(EMPTY),
                 "an entry is ill-formed"},
                {"a serial number of 23 bytes", S(EMPTY), S(HEAD), S(DATES), S("\x30\x2a\x30\x28\x02\x17" "12345678901234567890123" "\x17\x0d" "260501000000Z"), S(HEAD), S(EMPTY),
                 "an entry's serial number has 23 bytes"},
                {"a serial number of 22 bytes", S(EMPTY), S(HEAD), S(DATES), S("\x30\x29\x30\x27\x02\x16" "1234567890123456789012" "\x17\x0d" "260501000000Z"), S(HEAD), S(EMPTY), NULL},
        };
        struct span issuer_name = span_of(name, name_length);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf tbs = BUF_INIT, list = BUF_INIT;
                PUT(&tbs, DER_SEQUENCE, cases[i].version, cases[i].algorithm, issuer_name, cases[i].dates, cases[i].rest);
                put_signed(&list, buf_span(&tbs), cases[i].outer, world.key, cases[i].behind);
                auto_crl struct crl *crl = expect_list(cases[i].title, buf_span(&list), world.issuer, cases[i].detail);
                assert_true((crl != NULL) == (cases[i].detail == NULL));
        }
}

static void put_pem(struct buf *out, const char *name, struct span der)
{
        auto_buf struct buf base64 = BUF_INIT;
        text_base64(&base64, der);
        buf_printf(out, "-----BEGIN %s-----\n", name);
        for (size_t i = 0; i < base64.n; i += 64)
                buf_printf(out, "%.64s\n", buf_cstr(&base64) + i);
        buf_printf(out, "-----END %s-----\n", name);
}

static void envelopes(void **state GW_UNUSED)
{
        auto_buf struct buf der = BUF_INIT, pem = BUF_INIT, wrong = BUF_INIT, two = BUF_INIT;
        put_list(&(struct list_recipe){.number = 1, .entries = {{LEAF_SERIAL, 1, NULL}}}, &der);
        put_pem(&pem, "X509 CRL", buf_span(&der));
        put_pem(&wrong, "CERTIFICATE", buf_span(&der));
        put_pem(&two, "X509 CRL", buf_span(&der));
        put_pem(&two, "X509 CRL", buf_span(&der));
        auto_crl struct crl *crl = expect_list("PEM", buf_span(&pem), world.issuer, NULL);
        struct crl_rules rules = rules_now();
        expect_status("PEM", crl, world.leaf, &rules, REVOCATION_BAD, 1);
        uint8_t digest[32];
        struct crl_facts facts;
        crl_facts(crl, &facts);
        text_sha256(buf_span(&der), digest);
        assert_memory_equal(facts.sha256, digest, sizeof digest);
        static const char no_list[] = "not a revocation list";
        assert_null(expect_list("another PEM", buf_span(&wrong), world.issuer, no_list));
        assert_null(expect_list("two PEM", buf_span(&two), world.issuer, no_list));
        assert_null(expect_list("text", span_str("<html>not found</html>"), world.issuer, no_list));
        assert_null(expect_list("nothing", span_of(NULL, 0), world.issuer, "a list of 0 bytes"));
        for (size_t i = 0; i < der.n; i++) {
                struct why why = WHY_INIT;
                struct crl *none = NULL;
                if (i > 0 && crl_read(span_of(der.p, i), world.issuer, &rules, &none, &why) == GW_OK)
                        fail_msg("cut at %zu", i);
                der.p[i] ^= (uint8_t)(1 << i % 8);
                if (crl_read(buf_span(&der), world.issuer, &rules, &none, &why) == GW_OK)
                        fail_msg("byte %zu", i);
                der.p[i] ^= (uint8_t)(1 << i % 8);
        }
        buf_add_char(&der, 0);
        assert_null(expect_list("one byte behind", buf_span(&der), world.issuer, no_list));
}

static void urls(void **state GW_UNUSED)
{
        static const struct {
                const char *value, *first, *second;
        } cases[] = {
                {"URI:http://a.test/a.crl", "http://a.test/a.crl", NULL},
                {"URI:http://a.test/a.crl,URI:http://b.test/a.crl", "http://a.test/a.crl", "http://b.test/a.crl"},
                {"URI:ldap://a.test/a,URI:https://a.test/,URI:http://b.test/a.crl", "http://b.test/a.crl", NULL},
                {"URI:file:///etc/passwd", NULL, NULL},
                {"DNS:a.test", NULL, NULL},
        };
        for (size_t i = 0; i < 2 * GW_COUNT(cases); i++) {
                bool freshest = i % 2 == 1;
                int nid = freshest ? NID_freshest_crl : NID_crl_distribution_points;
                gw_auto(x509) X509 *x509 = certificate_new(&(struct recipe){.subject = "U", .key = world.leaf_key, .serial = 1, .extensions = {{nid, cases[i / 2].value}}});
                assert_null(crl_urls(x509, !freshest));
                char **got = crl_urls(x509, freshest);
                assert_int_equal(got != NULL, cases[i / 2].first != NULL);
                if (!got)
                        continue;
                assert_string_equal(got[0], cases[i / 2].first);
                assert_true(cases[i / 2].second ? str_eq(got[1], cases[i / 2].second) : got[1] == NULL);
                for (char **one = got; *one; one++)
                        free(*one);
                free(got);
        }
}

/* ---- sizes ---- */

static double cpu_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t resident_kb(void)
{
        size_t pages = 0, resident = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        if (!file || fscanf(file, "%zu %zu", &pages, &resident) != 2)
                fail_msg("/proc/self/statm");
        fclose(file);
        return resident * 4;
}

/* A list of `count` entries in the order of a shuffled pack, each with a reason; serial numbers of 20 bytes. */
static void put_large(struct buf *out, size_t count, bool distinct)
{
        auto_buf struct buf entries = BUF_INIT, sequence = BUF_INIT, tbs = BUF_INIT;
        const unsigned char *name = NULL;
        size_t name_length = 0;
        assert_int_equal(X509_NAME_get0_der(X509_get_subject_name(world.issuer), &name, &name_length), 1);
        for (size_t i = 0; i < count; i++) {
                static const uint8_t entry[] = "\x30\x33\x02\x14" "12345678901234567890" "\x17\x0d" "260501000000Z" "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01";
                uint8_t *at = buf_room(&entries, sizeof entry - 1);
                assert_non_null(at);
                memcpy(at, entry, sizeof entry - 1);
                uint64_t mixed = (distinct ? i : 0) * 0x9e3779b97f4a7c15ull;
                memcpy(at + 12, &mixed, sizeof mixed);
                buf_grew(&entries, sizeof entry - 1);
        }
        PUT(&sequence, DER_SEQUENCE, buf_span(&entries));
        buf_done(&entries);
        PUT(&tbs, DER_SEQUENCE, span_of("\x02\x01\x01", 3), span_of(HEAD, 12), span_of(name, name_length), S(DATES), buf_span(&sequence));
        buf_done(&sequence);
        put_signed(out, buf_span(&tbs), ECDSA_SHA256, world.key, span_of(NULL, 0));
}

#define MANY ((size_t)1000000)
#define LOOKUPS 100000

static void a_million_entries(void **state GW_UNUSED)
{
        auto_buf struct buf list = BUF_INIT;
        put_large(&list, MANY, true);
        size_t before = resident_kb();
        double start = cpu_ms();
        auto_crl struct crl *crl = expect_list("a million", buf_span(&list), world.issuer, NULL);
        double loaded = cpu_ms();
        size_t after = resident_kb(), grown_mb = after > before ? (after - before) >> 10 : 0; /* a sanitizer may give memory back meanwhile */
        struct crl_facts facts;
        crl_facts(crl, &facts);
        assert_int_equal(facts.entries, MANY);
        struct crl_rules rules = rules_now();
        double found = cpu_ms();
        for (size_t i = 0; i < LOOKUPS; i++)
                expect_status("one of a million", crl, world.leaf, &rules, REVOCATION_GOOD, -1);
        double done = cpu_ms();
        print_message("%zu entries, %zu MB: read in %.0f ms, %zu MB more resident, a look-up %.2f us\n", MANY, list.n >> 20, loaded - start, grown_mb,
                      (done - found) * 1e3 / LOOKUPS);
        assert_true(grown_mb < 64);
        assert_true(loaded - start < 20000); /* under a sanitizer too */
}

/* The same serial number all the time; entries of the least size; extensions without end; a scope of many names. */
static void hostile_lists(void **state GW_UNUSED)
{
        double start = cpu_ms();
        auto_buf struct buf same = BUF_INIT;
        put_large(&same, 100000, false);
        auto_crl struct crl *crl = expect_list("the same serial", buf_span(&same), world.issuer, NULL);
        struct crl_facts facts;
        crl_facts(crl, &facts);
        assert_int_equal(facts.entries, 1);
        /* Nobody's signature: a million entries are not even looked at. */
        auto_buf struct buf foreign = BUF_INIT;
        buf_add_span(&foreign, buf_span(&same));
        foreign.p[foreign.n - 1] ^= 1;
        assert_null(expect_list("foreign", buf_span(&foreign), world.issuer, "the signature is wrong"));
        /* Deep. */
        auto_buf struct buf deep = BUF_INIT;
        for (size_t i = 0; i < 1000000; i++)
                buf_add(&deep, "\x30\x84\x00\xff\xff\xff", 6);
        assert_null(expect_list("deep", buf_span(&deep), world.issuer, "not a revocation list"));
        /* A scope and extensions that are too many. */
        auto_buf struct buf names = BUF_INIT, hex = BUF_INIT, scope = BUF_INIT, full = BUF_INIT, point = BUF_INIT, list = BUF_INIT;
        while (names.n < 5000)
                buf_add(&names, "\x86\x0ahttp://a/b", 12);
        PUT(&full, 0xa0, buf_span(&names));
        PUT(&point, 0xa0, buf_span(&full));
        PUT(&scope, DER_SEQUENCE, buf_span(&point));
        text_hex(&hex, buf_span(&scope));
        put_list(&(struct list_recipe){.number = 1, .scope = buf_cstr(&hex)}, &list);
        assert_null(expect_list("a long scope", buf_span(&list), world.issuer, "the list's scope is ill-formed or too long"));
        auto_buf struct buf extensions = BUF_INIT, sequence = BUF_INIT, explicit_sequence = BUF_INIT, tbs = BUF_INIT, many = BUF_INIT;
        for (size_t i = 0; i < 50000; i++) {
                uint8_t extension[] = {0x30, 0x09, 0x06, 0x05, 0x2a, 0x03, (uint8_t)(i >> 14 | 0x81), (uint8_t)(i >> 7 | 0x80), (uint8_t)(i & 0x7f), 0x04, 0x00};
                buf_add(&extensions, extension, sizeof extension);
        }
        const unsigned char *name = NULL;
        size_t name_length = 0;
        assert_int_equal(X509_NAME_get0_der(X509_get_subject_name(world.issuer), &name, &name_length), 1);
        PUT(&sequence, DER_SEQUENCE, buf_span(&extensions));
        PUT(&explicit_sequence, 0xa0, buf_span(&sequence));
        PUT(&tbs, DER_SEQUENCE, S("\x02\x01\x01"), S(HEAD), span_of(name, name_length), S(DATES), buf_span(&explicit_sequence));
        put_signed(&many, buf_span(&tbs), ECDSA_SHA256, world.key, span_of(NULL, 0));
        assert_null(expect_list("many extensions", buf_span(&many), world.issuer, "the list's extensions are ill-formed"));
        /* A name of a megabyte. */
        auto_buf struct buf parts = BUF_INIT, long_name = BUF_INIT, named = BUF_INIT, long_list = BUF_INIT;
        while (parts.n < 1000000)
                buf_add(&parts, "\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03xyz", 14);
        PUT(&long_name, DER_SEQUENCE, buf_span(&parts));
        PUT(&named, DER_SEQUENCE, S(HEAD), buf_span(&long_name), S(DATES));
        put_signed(&long_list, buf_span(&named), ECDSA_SHA256, world.key, span_of(NULL, 0));
        assert_null(expect_list("a long name", buf_span(&long_list), world.issuer, "the list of another authority"));
        double took = cpu_ms() - start;
        print_message("hostile lists: %.0f ms\n", took);
        assert_true(took < 5000);
        auto_buf struct buf large = BUF_LIMIT(CRL_BYTES_MAX + 16);
        assert_non_null(buf_room(&large, CRL_BYTES_MAX + 1));
        memset(large.p, 0x30, CRL_BYTES_MAX + 1);
        buf_grew(&large, CRL_BYTES_MAX + 1);
        assert_null(expect_list("too large", buf_span(&large), world.issuer, "a list of 67108865 bytes"));
}

/* ---- a second opinion: the test PKI's list by `openssl ca`, and `openssl verify -crl_check` on the same certificates ---- */

static void openssl_list(void **state GW_UNUSED)
{
        static const struct {
                const char *certificate;
                enum revocation_answer want;
        } cases[] = {{"applicant-850412390011", REVOCATION_GOOD}, {"head-160640900019-ec", REVOCATION_GOOD}, {"bad-revoked", REVOCATION_BAD},
                     {"bad-foreign-ca", REVOCATION_UNKNOWN}};
        auto_str char *der_path = pki_file("crl", "issuing", ".crl.der"), *pem_path = pki_file("crl", "issuing", ".crl"), *ca = pki_file("ca", "issuing", ".pem");
        gw_auto(x509) X509 *issuer = pki_x509("ca", "issuing");
        struct crl_rules rules = {.now = wall_now(), .skew_ms = 60000};
        for (size_t form = 0; form < 2; form++) {
                auto_buf struct buf bytes = BUF_INIT;
                read_bytes(form ? pem_path : der_path, &bytes);
                struct why why = WHY_INIT;
                auto_crl struct crl *crl = NULL;
                assert_answer("issuing.crl", crl_read(buf_span(&bytes), issuer, &rules, &crl, &why), &why, GW_OK, NULL);
                for (size_t i = 0; i < GW_COUNT(cases); i++) {
                        gw_auto(x509) X509 *x509 = pki_x509("certs", cases[i].certificate);
                        expect_status(cases[i].certificate, crl, x509, &rules, cases[i].want, cases[i].want == REVOCATION_BAD ? 1 : -1);
                        auto_str char *path = pki_file("certs", cases[i].certificate, ".pem");
                        auto_str char *command = xasprintf("openssl verify -partial_chain -trusted '%s' -crl_check -CRLfile '%s' '%s' >/dev/null 2>&1", ca, pem_path, path);
                        assert_int_equal(system(command) == 0, cases[i].want == REVOCATION_GOOD);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(public_lists),    cmocka_unit_test(changed_public_lists), cmocka_unit_test(lists), cmocka_unit_test(scopes),
                cmocka_unit_test(relative_points), cmocka_unit_test(subjects),             cmocka_unit_test(deltas), cmocka_unit_test(delta_after_delta),
                cmocka_unit_test(forms),           cmocka_unit_test(envelopes),            cmocka_unit_test(urls),  cmocka_unit_test(a_million_entries),
                cmocka_unit_test(hostile_lists),   cmocka_unit_test(openssl_list),
        };
        return cmocka_run_group_tests(tests, world_make, world_free);
}
