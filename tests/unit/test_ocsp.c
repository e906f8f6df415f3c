/* OCSP answers: good ones, and for each rule of RFC 6960 a sibling that breaks it. */
#include "tests/unit/helper_revocation.h"

#define GO "ncanode-go-testdata/"
#define NCA "ncanode-testdata/"

static const struct public_answer {
        const char *answer, *container, *password, *issuer, *at; /* the certificate is in the container of its key */
        enum revocation_answer want;
        int reason;
        const char *revoked_at;
} public_cases[] = {
        {NCA "ocsp/ocsp_response_individual_sign_2004.bin", NCA "testkeys/KEY_INDIVIDUAL_VALID_SIGN_2004.p12", "Qwerty12", NCA "ca/nca_rsa_test.crt",
         "2022-09-02T16:54:00Z", REVOCATION_GOOD, -1, "1970-01-01T00:00:00Z"},
        {NCA "ocsp/ocsp_response_ceo_sign_2004_revoked.bin", NCA "testkeys/KEY_CEO_SIGN_REVOKED_2004.p12", "Qwerty12", NCA "ca/nca_gost_test.crt",
         "2022-09-02T16:58:00Z", REVOCATION_BAD, 4, "2022-01-18T06:30:55Z"},
        {NCA "ocsp/ocsp_response_ceo_2015_revoked.bin", NCA "testkeys/KEY_CEO_REVOKED_2015.p12", "Aa123456", GO "nca_gost2022_test.cer",
         "2022-09-02T17:00:00Z", REVOCATION_BAD, 6, "2022-07-27T10:25:30Z"},
        {NCA "ocsp/ocsp_response_individual_2015.bin", NCA "testkeys/KEY_INDIVIDUAL_VALID_2015.p12", "Aa123456", GO "nca_gost2022_test.cer",
         "2022-09-02T16:59:00Z", REVOCATION_BAD, 6, "1970-01-01T00:00:00Z"}, /* "never issued" */
};

static X509 *certificate_in(const char *container, const char *password)
{
        auto_str char *path = vector_path(container);
        auto_str char *command = xasprintf("openssl pkcs12 -legacy -nokeys -clcerts -in '%s' -passin 'pass:%s' 2>/dev/null", path, password);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        X509 *x509 = PEM_read_X509(pipe, NULL, NULL, NULL);
        assert_int_equal(pclose(pipe), 0);
        assert_non_null(x509);
        return x509;
}

/* НУЦ's own answers: both generations of GOST, and RSA. One byte changed, sampled everywhere, and they are answers no more. */
static void public_answers(void **state GW_UNUSED)
{
        for (size_t i = 0; i < GW_COUNT(public_cases); i++) {
                const struct public_answer *one = &public_cases[i];
                auto_str char *path = vector_path(one->answer), *issuer_path = vector_path(one->issuer);
                if (!path || !issuer_path)
                        skip();
                auto_buf struct buf bytes = BUF_INIT;
                read_bytes(path, &bytes);
                gw_auto(x509) X509 *issuer = x509_read(issuer_path), *certificate = certificate_in(one->container, one->password);
                struct ocsp_rules rules = {.now = at_text(one->at), .age_max_ms = 600000, .id = OCSP_ID_SHA256};
                struct why why = WHY_INIT;
                struct revocation_status status;
                enum gw_rc rc = ocsp_check(buf_span(&bytes), certificate, issuer, &rules, &status, &why);
                assert_answer(one->answer, rc, &why, GW_OK, NULL);
                assert_int_equal(status.answer, one->want);
                assert_int_equal(status.reason, one->reason);
                assert_int_equal(status.revoked_at.ms, at_text(one->revoked_at).ms);
                assert_int_equal(status.source, REVOCATION_FROM_OCSP);
                for (size_t k = i; k < bytes.n; k += 37) {
                        bytes.p[k] ^= 0x10;
                        rc = ocsp_check(buf_span(&bytes), certificate, issuer, &rules, &status, &why);
                        if (rc == GW_OK)
                                fail_msg("%s: byte %zu", one->answer, k);
                        bytes.p[k] ^= 0x10;
                }
        }
}

/* ---- answers made by OpenSSL's own code ---- */

struct single_recipe {
        int status;            /* V_OCSP_CERTSTATUS_… */
        int reason;            /* of revoked; OCSP_REVOKED_STATUS_NOSTATUS: none */
        X509 *certificate;     /* NULL: the leaf */
        X509 *issuer;          /* NULL: the issuer */
        const EVP_MD *id;      /* NULL: SHA-256 */
        int64_t this_update;   /* seconds from now */
        int64_t next_update;   /* 0: none */
        const char *extension; /* OID of one whose value is NULL; "!" before it: critical */
};
struct answer_recipe {
        struct single_recipe singles[3];
        size_t count;              /* 0: one good one, a minute old, for an hour */
        X509 *signer;              /* NULL: the issuer */
        EVP_PKEY *key;             /* NULL: the issuer's */
        const char *digest;        /* NULL: SHA-256 */
        bool by_key;
        X509 *certificates[6];     /* on offer */
        int64_t produced_at;       /* seconds from now; 0: a minute ago */
        struct span nonce;
        const char *extension;     /* as in single_recipe */
};

static X509_EXTENSION *extension_of(const char *oid)
{
        bool critical = *oid == '!';
        ASN1_OBJECT *object = OBJ_txt2obj(oid + critical, 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        assert_true(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05", 2));
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
        assert_non_null(extension);
        ASN1_OBJECT_free(object);
        ASN1_OCTET_STRING_free(value);
        return extension;
}

static void add_single(OCSP_BASICRESP *basic, const struct single_recipe *recipe)
{
        OCSP_CERTID *id = OCSP_cert_to_id(recipe->id ? recipe->id : EVP_sha256(), recipe->certificate ? recipe->certificate : world.leaf,
                                          recipe->issuer ? recipe->issuer : world.issuer);
        ASN1_TIME *this_update = ASN1_GENERALIZEDTIME_set(NULL, from_now(recipe->this_update)), *revoked_at = ASN1_GENERALIZEDTIME_set(NULL, from_now(-DAY));
        ASN1_TIME *next_update = recipe->next_update ? ASN1_GENERALIZEDTIME_set(NULL, from_now(recipe->next_update)) : NULL;
        OCSP_SINGLERESP *single = OCSP_basic_add1_status(basic, id, recipe->status, recipe->reason, revoked_at, this_update, next_update);
        assert_non_null(single);
        if (recipe->extension) {
                X509_EXTENSION *extension = extension_of(recipe->extension);
                assert_true(OCSP_SINGLERESP_add_ext(single, extension, -1));
                X509_EXTENSION_free(extension);
        }
        OCSP_CERTID_free(id);
        ASN1_TIME_free(this_update);
        ASN1_TIME_free(next_update);
        ASN1_TIME_free(revoked_at);
}

static void put_response(const OCSP_BASICRESP *basic, int status, struct buf *out)
{
        unsigned char *der = NULL;
        OCSP_RESPONSE *response = OCSP_response_create(status, (OCSP_BASICRESP *)(uintptr_t)basic);
        int n = i2d_OCSP_RESPONSE(response, &der);
        assert_true(n > 0);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
        OCSP_RESPONSE_free(response);
}

static void put_answer(const struct answer_recipe *recipe, struct buf *out)
{
        static const struct single_recipe good = {.status = V_OCSP_CERTSTATUS_GOOD, .this_update = -MINUTE, .next_update = HOUR};
        OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
        for (size_t i = 0; i < recipe->count; i++)
                add_single(basic, &recipe->singles[i]);
        if (recipe->count == 0)
                add_single(basic, &good);
        unsigned char nonce[64];
        if (recipe->nonce.n > 0) {
                memcpy(nonce, recipe->nonce.p, recipe->nonce.n);
                assert_true(OCSP_basic_add1_nonce(basic, nonce, (int)recipe->nonce.n));
        }
        if (recipe->extension) {
                X509_EXTENSION *extension = extension_of(recipe->extension);
                assert_true(OCSP_BASICRESP_add_ext(basic, extension, -1));
                X509_EXTENSION_free(extension);
        }
        ASN1_GENERALIZEDTIME *produced_at = (ASN1_GENERALIZEDTIME *)(uintptr_t)OCSP_resp_get0_produced_at(basic);
        assert_non_null(ASN1_GENERALIZEDTIME_set(produced_at, from_now(recipe->produced_at ? recipe->produced_at : -MINUTE)));
        unsigned long flags = OCSP_NOCERTS | OCSP_NOTIME | (recipe->by_key ? OCSP_RESPID_KEY : 0);
        assert_true(OCSP_basic_sign(basic, recipe->signer ? recipe->signer : world.issuer, recipe->key ? recipe->key : world.key,
                                    EVP_get_digestbyname(recipe->digest ? recipe->digest : "SHA256"), NULL, flags));
        for (size_t i = 0; i < GW_COUNT(recipe->certificates) && recipe->certificates[i]; i++)
                assert_true(OCSP_basic_add1_cert(basic, recipe->certificates[i]));
        put_response(basic, OCSP_RESPONSE_STATUS_SUCCESSFUL, out);
        OCSP_BASICRESP_free(basic);
}

static struct ocsp_rules rules_now(void)
{
        return (struct ocsp_rules){.now = at_text(NOW_TEXT), .skew_ms = 5 * MINUTE * 1000, .id = OCSP_ID_SHA256};
}

/* want: of GW_OK the status in `answer`; else the detail. */
static void expect(const char *name, struct span answer, const struct ocsp_rules *rules, enum gw_rc want_rc, const char *want_detail, enum revocation_answer want)
{
        struct why why = WHY_INIT;
        struct revocation_status status = {.answer = REVOCATION_UNKNOWN};
        enum gw_rc rc = ocsp_check(answer, world.leaf, world.issuer, rules, &status, &why);
        assert_answer(name, rc, &why, want_rc, want_detail);
        if (status.answer != want)
                fail_msg("%s: answer %d, want %d", name, status.answer, want);
        assert_int_equal(ERR_peek_error(), 0);
}

#define REVOKED(why) .status = V_OCSP_CERTSTATUS_REVOKED, .reason = (why), .this_update = -MINUTE, .next_update = HOUR
#define GOOD .status = V_OCSP_CERTSTATUS_GOOD, .this_update = -MINUTE, .next_update = HOUR
#define UNKNOWN .status = V_OCSP_CERTSTATUS_UNKNOWN, .this_update = -MINUTE, .next_update = HOUR

static void statuses(void **state GW_UNUSED)
{
#define OTHER_ANSWER "the answer is about another certificate"
#define DIFFERENT "different answers for one certificate"
#define CRITICAL "an unknown critical extension in the answer"
        const struct {
                const char *name;
                struct single_recipe singles[3];
                size_t count;
                enum gw_rc rc;
                const char *detail;
                enum revocation_answer want;
        } cases[] = {
                {"good", {{GOOD}}, 1, GW_OK, NULL, REVOCATION_GOOD},
                {"revoked", {{REVOKED(OCSP_REVOKED_STATUS_KEYCOMPROMISE)}}, 1, GW_OK, NULL, REVOCATION_BAD},
                {"revoked, no reason", {{REVOKED(OCSP_REVOKED_STATUS_NOSTATUS)}}, 1, GW_OK, NULL, REVOCATION_BAD},
                {"on hold", {{REVOKED(OCSP_REVOKED_STATUS_CERTIFICATEHOLD)}}, 1, GW_OK, NULL, REVOCATION_BAD},
                {"revoked with removeFromCRL", {{REVOKED(OCSP_REVOKED_STATUS_REMOVEFROMCRL)}}, 1, GW_OK, NULL, REVOCATION_BAD},
                {"unknown", {{UNKNOWN}}, 1, GW_RETRY, "the responder does not know the certificate", REVOCATION_UNKNOWN},
                /* which certificate: serial, issuer's name, issuer's key */
                {"another serial", {{GOOD, .certificate = world.authority}}, 1, GW_REJECT, OTHER_ANSWER, REVOCATION_UNKNOWN},
                {"another key of the issuer", {{GOOD, .issuer = world.namesake}}, 1, GW_REJECT, OTHER_ANSWER, REVOCATION_UNKNOWN},
                {"another issuer", {{GOOD, .issuer = world.other}}, 1, GW_REJECT, OTHER_ANSWER, REVOCATION_UNKNOWN},
                {"ours among others", {{REVOKED(1), .certificate = world.authority}, {GOOD}, {REVOKED(1), .issuer = world.namesake}}, 3, GW_OK, NULL, REVOCATION_GOOD},
                {"nothing at all", {{GOOD, .certificate = world.authority}, {GOOD, .issuer = world.other}}, 2, GW_REJECT, OTHER_ANSWER, REVOCATION_UNKNOWN},
                /* the digest of CertID */
                {"SHA-1 where SHA-256 was asked", {{GOOD, .id = EVP_sha1()}}, 1, GW_REJECT, "the answer names the certificate by another digest than the question", REVOCATION_UNKNOWN},
                {"SHA-384", {{GOOD, .id = EVP_sha384()}}, 1, GW_REJECT, "the answer is ill-formed", REVOCATION_UNKNOWN},
                {"good, and revoked by a digest that is not read", {{GOOD}, {REVOKED(1), .id = EVP_sha384()}}, 2, GW_REJECT, "the answer is ill-formed", REVOCATION_UNKNOWN},
                {"both digests", {{GOOD, .id = EVP_sha1()}, {GOOD}}, 2, GW_OK, NULL, REVOCATION_GOOD},
                /* contradictions */
                {"good and good", {{GOOD}, {GOOD}}, 2, GW_OK, NULL, REVOCATION_GOOD},
                {"good and revoked", {{GOOD}, {REVOKED(1)}}, 2, GW_REJECT, DIFFERENT, REVOCATION_UNKNOWN},
                {"revoked and good", {{REVOKED(1)}, {GOOD}}, 2, GW_REJECT, DIFFERENT, REVOCATION_UNKNOWN},
                {"good and unknown", {{GOOD}, {UNKNOWN}}, 2, GW_REJECT, DIFFERENT, REVOCATION_UNKNOWN},
                {"good, and revoked by SHA-1", {{GOOD}, {REVOKED(1), .id = EVP_sha1()}}, 2, GW_REJECT, DIFFERENT, REVOCATION_UNKNOWN},
                /* extensions of the single answer */
                {"extension", {{GOOD, .extension = "1.2.3.4"}}, 1, GW_OK, NULL, REVOCATION_GOOD},
                {"critical extension", {{GOOD, .extension = "!1.2.3.4"}}, 1, GW_REJECT, CRITICAL, REVOCATION_UNKNOWN},
                {"critical extension for another", {{GOOD}, {GOOD, .certificate = world.authority, .extension = "!1.2.3.4"}}, 2, GW_OK, NULL, REVOCATION_GOOD},
        };
        struct ocsp_rules rules = rules_now();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct answer_recipe recipe = {.count = cases[i].count};
                memcpy(recipe.singles, cases[i].singles, sizeof recipe.singles);
                auto_buf struct buf answer = BUF_INIT;
                put_answer(&recipe, &answer);
                expect(cases[i].name, buf_span(&answer), &rules, cases[i].rc, cases[i].detail, cases[i].want);
        }
}

/* What was asked with SHA-1 is answered with SHA-1; a stored answer may have either. */
static void identifiers(void **state GW_UNUSED)
{
        auto_buf struct buf sha1 = BUF_INIT, sha256 = BUF_INIT;
        put_answer(&(struct answer_recipe){.singles = {{GOOD, .id = EVP_sha1()}}, .count = 1}, &sha1);
        put_answer(&(struct answer_recipe){.count = 0}, &sha256);
        struct ocsp_rules rules = rules_now();
        rules.id = OCSP_ID_SHA1;
        expect("asked with SHA-1", buf_span(&sha1), &rules, GW_OK, NULL, REVOCATION_GOOD);
        expect("SHA-256 where SHA-1 was asked", buf_span(&sha256), &rules, GW_REJECT, "the answer names the certificate by another digest than the question",
               REVOCATION_UNKNOWN);
        rules.id = OCSP_ID_ANY;
        expect("stored, SHA-1", buf_span(&sha1), &rules, GW_OK, NULL, REVOCATION_GOOD);
        expect("stored, SHA-256", buf_span(&sha256), &rules, GW_OK, NULL, REVOCATION_GOOD);
}

static void dates(void **state GW_UNUSED)
{
#define OLD "the answer is too old"
#define FUTURE "the answer is from the future"
#define CONTRADICTION "the answer's dates contradict each other"
        static const struct {
                const char *name;
                int64_t this_update, next_update, produced_at, age_max; /* seconds; the skew is five minutes */
                enum gw_rc rc;
                const char *detail;
        } cases[] = {
                {"now", -1, HOUR, -1, 0, GW_OK, NULL},
                {"within the skew ahead", 5 * MINUTE, HOUR, 5 * MINUTE, 0, GW_OK, NULL},
                {"thisUpdate ahead", 5 * MINUTE + 1, HOUR, 5 * MINUTE, 0, GW_REJECT, FUTURE},
                {"producedAt ahead", 5 * MINUTE, HOUR, 5 * MINUTE + 1, 0, GW_REJECT, FUTURE},
                {"within the skew behind", -HOUR, -5 * MINUTE, -HOUR, 0, GW_OK, NULL},
                {"nextUpdate passed", -HOUR, -5 * MINUTE - 1, -HOUR, 0, GW_RETRY, OLD},
                {"no nextUpdate, no age", -MINUTE, 0, -MINUTE, 0, GW_REJECT, "the answer does not say until when it counts, and no age is set"},
                {"no nextUpdate, age", -HOUR, 0, -HOUR, HOUR, GW_OK, NULL},
                {"no nextUpdate, older", -HOUR - 1, 0, -HOUR, HOUR, GW_RETRY, OLD},
                {"nextUpdate far, older", -HOUR - 1, DAY, -HOUR, HOUR, GW_RETRY, OLD},
                {"young, nextUpdate passed", -20 * MINUTE, -10 * MINUTE, -20 * MINUTE, HOUR, GW_RETRY, OLD},
                {"nextUpdate before thisUpdate", -MINUTE, -MINUTE - 1, -MINUTE, HOUR, GW_REJECT, CONTRADICTION},
                {"nextUpdate is thisUpdate", -MINUTE, -MINUTE, -MINUTE, 0, GW_OK, NULL},
                {"signed before it was known", -MINUTE, HOUR, -7 * MINUTE, 0, GW_REJECT, CONTRADICTION},
                {"signed long after", -HOUR, DAY, -MINUTE, 0, GW_OK, NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct ocsp_rules rules = rules_now();
                rules.age_max_ms = cases[i].age_max * 1000;
                auto_buf struct buf answer = BUF_INIT;
                put_answer(&(struct answer_recipe){.singles = {{.status = V_OCSP_CERTSTATUS_GOOD, .this_update = cases[i].this_update, .next_update = cases[i].next_update}},
                                                   .count = 1, .produced_at = cases[i].produced_at}, &answer);
                expect(cases[i].name, buf_span(&answer), &rules, cases[i].rc, cases[i].detail, cases[i].rc == GW_OK ? REVOCATION_GOOD : REVOCATION_UNKNOWN);
        }
        /* Of two good answers the younger one counts, whichever comes first. */
        struct single_recipe young = {GOOD}, old = {.status = V_OCSP_CERTSTATUS_GOOD, .this_update = -2 * DAY, .next_update = -DAY};
        struct ocsp_rules rules = rules_now();
        auto_buf struct buf one = BUF_INIT, other = BUF_INIT;
        put_answer(&(struct answer_recipe){.singles = {young, old}, .count = 2}, &one);
        put_answer(&(struct answer_recipe){.singles = {old, young}, .count = 2}, &other);
        expect("the younger first", buf_span(&one), &rules, GW_OK, NULL, REVOCATION_GOOD);
        expect("the older first", buf_span(&other), &rules, GW_OK, NULL, REVOCATION_GOOD);
}

/* What a good answer tells. */
static void facts(void **state GW_UNUSED)
{
        auto_buf struct buf answer = BUF_INIT;
        struct ocsp_rules rules = rules_now();
        struct revocation_status status;
        struct why why = WHY_INIT;
        uint8_t digest[32];
        put_answer(&(struct answer_recipe){.singles = {{REVOKED(OCSP_REVOKED_STATUS_SUPERSEDED)}}, .count = 1, .produced_at = -30}, &answer);
        assert_int_equal(ocsp_check(buf_span(&answer), world.leaf, world.issuer, &rules, &status, &why), GW_OK);
        text_sha256(buf_span(&answer), digest);
        assert_memory_equal(status.evidence_sha256, digest, sizeof digest);
        assert_int_equal(status.this_update.ms, from_now(-MINUTE) * 1000);
        assert_int_equal(status.next_update.ms, from_now(HOUR) * 1000);
        assert_int_equal(status.produced_at.ms, from_now(-30) * 1000);
        assert_int_equal(status.revoked_at.ms, from_now(-DAY) * 1000);
        assert_int_equal(status.reason, 4);
        assert_int_equal(status.source, REVOCATION_FROM_OCSP);
}

/* ---- who signed ---- */

#define DELEGATE {NID_authority_key_identifier, "keyid"}, {NID_ext_key_usage, "OCSPSigning"}, {NID_key_usage, "digitalSignature"}

static void signers(void **state GW_UNUSED)
{
        gw_auto(pkey) EVP_PKEY *key = key_new("P-256"), *weak = key_new("1024"), *strange = key_new("secp256k1"), *p521 = key_new("P-521"), *rsa = key_new("2048");
        gw_auto(pkey) EVP_PKEY *rsa_root = key_new("2048");
#define BY_ISSUER .issuer = world.issuer, .issuer_key = world.key
        const struct recipe delegates[] = {
                /*  0 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 100, .extensions = {DELEGATE}},
                /*  1 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 101, .extensions = {{NID_authority_key_identifier, "keyid"}, {NID_ext_key_usage, "OCSPSigning"}}},
                /*  2 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 102, .extensions = {DELEGATE, {NID_id_pkix_OCSP_noCheck, "ignored"}}},
                /*  3 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 103, .extensions = {{NID_ext_key_usage, "serverAuth,emailProtection"}, {NID_key_usage, "digitalSignature"}}},
                /*  4 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 104, .extensions = {{NID_key_usage, "digitalSignature"}}},
                /*  5 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 105, .extensions = {{NID_ext_key_usage, "anyExtendedKeyUsage"}}},
                /*  6 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 106, .extensions = {{NID_ext_key_usage, "OCSPSigning"}, {NID_key_usage, "keyCertSign"}}},
                /*  7 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 107, .from = -DAY, .until = -5 * MINUTE - 1, .extensions = {DELEGATE}},
                /*  8 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 108, .from = 5 * MINUTE + 1, .until = DAY, .extensions = {DELEGATE}},
                /*  9 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 109, .from = -DAY, .until = -5 * MINUTE + 1, .extensions = {DELEGATE}},
                /* 10 */ {.subject = "R", .key = key, .issuer = world.other, .issuer_key = world.other_key, .serial = 110, .extensions = {DELEGATE}},
                /* 11 */ {.subject = "R", .key = key, .issuer = world.namesake, .issuer_key = world.namesake_key, .serial = 111, .extensions = {DELEGATE}},
                /* 12 */ {.subject = "R", .key = key, .issuer = world.namesake, .issuer_key = world.namesake_key, .serial = 112, .extensions = {{NID_ext_key_usage, "OCSPSigning"}}},
                /* 13 */ {.subject = "R", .key = key, .serial = 113, .extensions = {{NID_ext_key_usage, "OCSPSigning"}}},
                /* 14 */ {.subject = "R", .key = key, .issuer = world.authority, .issuer_key = world.leaf_key, .serial = 114, .extensions = {DELEGATE}},
                /* 15 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 115, .digest = "SHA1", .extensions = {DELEGATE}},
                /* 16 */ {.subject = "R", .key = weak, BY_ISSUER, .serial = 116, .extensions = {DELEGATE}},
                /* 17 */ {.subject = "R", .key = strange, BY_ISSUER, .serial = 117, .extensions = {DELEGATE}},
                /* 18 */ {.subject = "R", .key = p521, BY_ISSUER, .serial = 118, .extensions = {DELEGATE}},
                /* 19 */ {.subject = "R", .key = rsa, BY_ISSUER, .serial = 119, .extensions = {DELEGATE}},
                /* 20 */ {.subject = "R", .key = key, BY_ISSUER, .serial = 120, .extensions = {DELEGATE, {NID_netscape_comment, "critical,x"}}},
                /* 21 */ {.subject = "АУТОРИТЕТ", .key = key, BY_ISSUER, .serial = 121, .extensions = {DELEGATE}}, /* the issuer's own name, another key */
                /* 22 */ {.subject = "X", .key = key, BY_ISSUER, .serial = 122, .extensions = {DELEGATE}},
        };
        X509 *made[GW_COUNT(delegates)];
        for (size_t i = 0; i < GW_COUNT(delegates); i++)
                made[i] = certificate_new(&delegates[i]);
#define FOREIGN "the responder's certificate is another authority's"
#define NOBODY "the signer is neither the issuer nor a responder in the answer"
#define NOT_CURRENT "the responder's certificate is not current"
#define NOT_FOR_OCSP "the responder's certificate is not for OCSP signing"
#define BY(i, with) made[i], with, NULL, false, {made[i]}
        const struct {
                const char *name;
                X509 *signer;
                EVP_PKEY *key;
                const char *digest;
                bool by_key;
                X509 *certificates[6];
                const char *detail; /* NULL: good */
        } cases[] = {
                {"the issuer, by name", NULL, NULL, NULL, false, {NULL}, NULL},
                {"the issuer, by key", NULL, NULL, NULL, true, {NULL}, NULL},
                {"the issuer, and its certificate is there", NULL, NULL, NULL, true, {world.issuer}, NULL},
                {"the issuer with SHA-512", NULL, NULL, "SHA512", false, {NULL}, NULL},
                {"the issuer with SHA-1", NULL, NULL, "SHA1", false, {NULL}, "signed with an algorithm that is not accepted: ecdsa-with-SHA1"},
                {"the issuer with SHA-224", NULL, NULL, "SHA224", false, {NULL}, "signed with an algorithm that is not accepted: ecdsa-with-SHA224"},
                {"a namesake of the issuer", world.namesake, world.namesake_key, NULL, false, {world.namesake},
                 "the responder's certificate is not signed by the issuer"},
                {"a namesake of the issuer, no certificate", world.namesake, world.namesake_key, NULL, false, {NULL}, "the signature is wrong"},
                {"another authority", world.other, world.other_key, NULL, false, {world.other}, FOREIGN},
                {"nobody who is there", made[0], key, NULL, false, {NULL}, NOBODY},
                {"delegate", BY(0, key), NULL},
                {"delegate, by key", made[0], key, NULL, true, {made[0]}, NULL},
                {"delegate behind others", made[0], key, NULL, false, {world.other, world.issuer, made[22], made[0]}, NULL},
                {"too many certificates", made[0], key, NULL, false, {world.other, world.issuer, world.namesake, world.authority, made[0]},
                 "the certificates in the answer are ill-formed or too many"},
                {"no key usage", BY(1, key), NULL},
                {"nocheck", BY(2, key), NULL},
                {"another purpose", BY(3, key), NOT_FOR_OCSP},
                {"no purpose", BY(4, key), NOT_FOR_OCSP},
                {"any purpose", BY(5, key), NOT_FOR_OCSP},
                {"key usage without signatures", BY(6, key), "the responder's key is not for signatures"},
                {"expired", BY(7, key), NOT_CURRENT},
                {"not yet", BY(8, key), NOT_CURRENT},
                {"expired within the skew", BY(9, key), NULL},
                {"of another authority", BY(10, key), FOREIGN},
                {"of a namesake", BY(11, key), FOREIGN},
                {"of a namesake, no key identifier", BY(12, key), "the responder's certificate is not signed by the issuer"},
                {"self-signed", BY(13, key), FOREIGN},
                {"of an authority below the issuer", made[14], key, NULL, false, {made[14], world.authority}, FOREIGN},
                {"its certificate is signed with SHA-1", BY(15, key), "the responder's certificate is not signed by the issuer"},
                {"RSA of 1024 bits", BY(16, weak), "the signer's key is too weak: 1024 bits"},
                {"a curve that is not accepted", BY(17, strange), "the signer's key is too weak: 256 bits"},
                {"P-521", BY(18, p521), NULL},
                {"RSA", BY(19, rsa), NULL},
                {"an unknown critical extension", BY(20, key), "the responder's certificate is ill-formed or has an unknown critical extension"},
                {"a delegate with the issuer's name", BY(21, key), NULL},
                {"another name than the signer's", made[22], key, NULL, false, {made[0]}, NOBODY},
                {"the certificate of another with that name", made[0], key, NULL, false, {made[19]}, "signed with EC, but the signer's key is of another kind"},
        };
        struct ocsp_rules rules = rules_now();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct answer_recipe recipe = {.signer = cases[i].signer, .key = cases[i].key, .digest = cases[i].digest, .by_key = cases[i].by_key};
                memcpy(recipe.certificates, cases[i].certificates, sizeof recipe.certificates);
                auto_buf struct buf answer = BUF_INIT;
                put_answer(&recipe, &answer);
                expect(cases[i].name, buf_span(&answer), &rules, cases[i].detail ? GW_REJECT : GW_OK, cases[i].detail, cases[i].detail ? REVOCATION_UNKNOWN : REVOCATION_GOOD);
        }
        for (size_t i = 0; i < GW_COUNT(delegates); i++)
                X509_free(made[i]);
}

/* The responder's own revocation (4.2.2.2.1). */
static void responder_revocation(void **state GW_UNUSED)
{
        gw_auto(pkey) EVP_PKEY *key = key_new("P-256");
        struct recipe recipe = {.subject = "R", .key = key, BY_ISSUER, .serial = 7, .extensions = {DELEGATE}};
        gw_auto(x509) X509 *plain = certificate_new(&recipe), *nocheck = NULL, *revoked = NULL;
        recipe.extensions[3].nid = NID_id_pkix_OCSP_noCheck;
        recipe.extensions[3].value = "ignored";
        nocheck = certificate_new(&recipe);
        recipe.serial = 8;
        revoked = certificate_new(&recipe);
        /* A list on which 8 is revoked. */
        X509_CRL *list = X509_CRL_new();
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_TIME *then = ASN1_TIME_set(NULL, from_now(-MINUTE)), *until = ASN1_TIME_set(NULL, from_now(HOUR));
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        assert_true(ASN1_INTEGER_set(serial, 8) && X509_REVOKED_set_serialNumber(entry, serial) && X509_REVOKED_set_revocationDate(entry, then));
        assert_true(X509_CRL_set_version(list, X509_CRL_VERSION_2) && X509_CRL_set_issuer_name(list, X509_get_subject_name(world.issuer)));
        assert_true(X509_CRL_set1_lastUpdate(list, then) && X509_CRL_set1_nextUpdate(list, until) && X509_CRL_add0_revoked(list, entry));
        assert_true(X509_CRL_sign(list, world.key, EVP_sha256()) > 0);
        unsigned char *der = NULL;
        int n = i2d_X509_CRL(list, &der);
        struct crl_rules crl_rules = {.now = at_text(NOW_TEXT)};
        auto_crl struct crl *crl = NULL;
        struct why why = WHY_INIT;
        assert_answer("list", crl_read(span_of(der, (size_t)n), world.issuer, &crl_rules, &crl, &why), &why, GW_OK, NULL);
        const struct {
                const char *name;
                X509 *responder;
                bool known;
                struct crl *crl;
                int64_t later; /* milliseconds */
                const char *detail;
        } cases[] = {
                {"nobody asks", plain, false, NULL, 0, NULL},
                {"nocheck", nocheck, true, NULL, 0, NULL},
                {"asked, nobody knows", plain, true, NULL, 0, "nobody says that the responder's certificate is not revoked"},
                {"asked, the list says good", plain, true, crl, 0, NULL},
                {"asked, the list is too old", plain, true, crl, (HOUR + 5 * MINUTE + 1) * 1000, "nobody says that the responder's certificate is not revoked"},
                {"revoked in spite of nocheck", revoked, false, crl, 0, "the responder's certificate is revoked"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct ocsp_rules rules = rules_now();
                rules.responder_known = cases[i].known;
                rules.responder_crl = cases[i].crl;
                rules.now.ms += cases[i].later;
                auto_buf struct buf answer = BUF_INIT;
                put_answer(&(struct answer_recipe){.signer = cases[i].responder, .key = key, .certificates = {cases[i].responder}}, &answer);
                expect(cases[i].name, buf_span(&answer), &rules, cases[i].detail ? GW_REJECT : GW_OK, cases[i].detail, cases[i].detail ? REVOCATION_UNKNOWN : REVOCATION_GOOD);
        }
        OPENSSL_free(der);
        ASN1_INTEGER_free(serial);
        ASN1_TIME_free(then);
        ASN1_TIME_free(until);
        X509_CRL_free(list);
}

/* ---- nonce, extensions, what the responder says of itself ---- */

static void nonces(void **state GW_UNUSED)
{
        static const char sent[] = "0123456789abcdef0123456789abcdef", other[] = "0123456789abcdef0123456789abcdeg";
        const struct {
                const char *name, *sent, *came;
                size_t came_length;
                bool required;
                enum gw_rc rc;
                const char *detail;
        } cases[] = {
                {"the same", sent, sent, 32, true, GW_OK, NULL},
                {"another", sent, other, 32, false, GW_REJECT, "the answer's nonce is not ours"},
                {"shorter", sent, sent, 31, false, GW_REJECT, "the answer's nonce is not ours"},
                {"longer", sent, "0123456789abcdef0123456789abcdef0", 33, false, GW_REJECT, "the answer's nonce is not ours"},
                {"none came", sent, NULL, 0, false, GW_OK, NULL},
                {"none came, required", sent, NULL, 0, true, GW_REJECT, "the answer has no nonce"},
                {"none sent, one came", NULL, other, 32, false, GW_OK, NULL},
                {"none sent, none came", NULL, NULL, 0, false, GW_OK, NULL},
                {"none sent, required", NULL, other, 32, true, GW_FAULT, "a nonce is required, but none was sent"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct ocsp_rules rules = rules_now();
                rules.nonce = cases[i].sent ? span_of(cases[i].sent, OCSP_NONCE_SIZE) : span_of(NULL, 0);
                rules.nonce_required = cases[i].required;
                auto_buf struct buf answer = BUF_INIT;
                put_answer(&(struct answer_recipe){.nonce = span_of(cases[i].came, cases[i].came_length)}, &answer);
                expect(cases[i].name, buf_span(&answer), &rules, cases[i].rc, cases[i].detail, cases[i].rc == GW_OK ? REVOCATION_GOOD : REVOCATION_UNKNOWN);
        }
}

static void extensions(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *extension, *detail;
        } cases[] = {
                {"unknown", "1.2.3.4", NULL},
                {"unknown and critical", "!1.2.3.4", CRITICAL},
                {"extended-revoke", "1.3.6.1.5.5.7.48.1.9", NULL},
                {"extended-revoke, critical", "!1.3.6.1.5.5.7.48.1.9", NULL},
                {"archive cutoff, critical", "!1.3.6.1.5.5.7.48.1.6", CRITICAL},
                {"a nonce that is none", "1.3.6.1.5.5.7.48.1.2", "the answer's nonce is not ours"},
        };
        struct ocsp_rules rules = rules_now();
        rules.nonce = span_str("0123456789abcdef0123456789abcdef");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf answer = BUF_INIT;
                put_answer(&(struct answer_recipe){.extension = cases[i].extension}, &answer);
                expect(cases[i].name, buf_span(&answer), &rules, cases[i].detail ? GW_REJECT : GW_OK, cases[i].detail, cases[i].detail ? REVOCATION_UNKNOWN : REVOCATION_GOOD);
        }
        /* The same nonce twice. */
        auto_buf struct buf answer = BUF_INIT;
        put_answer(&(struct answer_recipe){.nonce = rules.nonce, .extension = "1.3.6.1.5.5.7.48.1.2"}, &answer);
        expect("a nonce twice", buf_span(&answer), &rules, GW_REJECT, "the answer is ill-formed", REVOCATION_UNKNOWN);
}

static void response_statuses(void **state GW_UNUSED)
{
        static const struct {
                const char *der;
                size_t n;
                enum gw_rc rc;
                const char *detail;
        } cases[] = {
                {"\x30\x03\x0a\x01\x01", 5, GW_REJECT, "the responder answers malformedRequest"},
                {"\x30\x03\x0a\x01\x02", 5, GW_RETRY, "the responder answers internalError"},
                {"\x30\x03\x0a\x01\x03", 5, GW_RETRY, "the responder answers tryLater"},
                {"\x30\x03\x0a\x01\x04", 5, GW_REJECT, "the responder answers 4"},
                {"\x30\x03\x0a\x01\x05", 5, GW_REJECT, "the responder answers sigRequired"},
                {"\x30\x03\x0a\x01\x06", 5, GW_REJECT, "the responder answers unauthorized"},
                {"\x30\x03\x0a\x01\x07", 5, GW_REJECT, "the responder answers with an unknown status"},
                {"\x30\x03\x0a\x01\xff", 5, GW_REJECT, "not an OCSP response"},
                {"\x30\x03\x0a\x01\x00", 5, GW_REJECT, "not an OCSP response"}, /* successful, and nothing with it */
                {"\x30\x03\x0a\x01\x03\x00", 6, GW_REJECT, "not an OCSP response"},
                {"\x30\x03\x02\x01\x03", 5, GW_REJECT, "not an OCSP response"},
                {"\x30\x80\x0a\x01\x03\x00\x00", 7, GW_REJECT, "not an OCSP response"},
                {"\x30\x81\x03\x0a\x01\x03", 6, GW_REJECT, "not an OCSP response"},
                {"<html>busy</html>", 17, GW_REJECT, "not an OCSP response"},
                {"", 0, GW_REJECT, "not an OCSP response"},
        };
        struct ocsp_rules rules = rules_now();
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                expect(cases[i].detail, span_of(cases[i].der, cases[i].n), &rules, cases[i].rc, cases[i].detail, REVOCATION_UNKNOWN);
        /* A good answer under an error status is none. */
        auto_buf struct buf good = BUF_INIT;
        put_answer(&(struct answer_recipe){.count = 0}, &good);
        uint8_t *status = memmem(good.p, good.n, "\x0a\x01\x00", 3);
        assert_non_null(status);
        status[2] = 3;
        expect("tryLater with a good answer", buf_span(&good), &rules, GW_RETRY, "the responder answers tryLater", REVOCATION_UNKNOWN);
}

/* ---- bytes ---- */

/* The BasicOCSPResponse's tbs of an answer. */
static struct span tbs_of(struct span answer)
{
        struct span outer, bytes, typed, oid, octets, basic;
        unsigned status = 0;
        struct signed_parts parts;
        assert_true(der_take(&answer, DER_SEQUENCE, &outer) && parts_take_enumerated(&outer, &status) && der_take(&outer, 0xa0, &bytes));
        assert_true(der_take(&bytes, DER_SEQUENCE, &typed) && der_take(&typed, DER_OID, &oid) && der_take(&typed, DER_OCTET_STRING, &octets));
        assert_true(der_take(&octets, DER_SEQUENCE, &basic) && signed_take(&basic, &parts));
        return parts.tbs;
}

/* A whole response around a tbs, signed by the issuer. behind: after the signature's value. */
static void put_around(struct buf *out, struct span tbs, struct span algorithm, const char *type, struct span behind)
{
        auto_buf struct buf basic = BUF_INIT, octets = BUF_INIT, typed = BUF_INIT, bytes = BUF_INIT;
        put_signed(&basic, tbs, algorithm, world.key, behind);
        PUT(&octets, DER_OCTET_STRING, buf_span(&basic));
        PUT(&typed, DER_SEQUENCE, span_of("\x06\x09", 2), span_of(type, 9), buf_span(&octets));
        PUT(&bytes, 0xa0, buf_span(&typed));
        PUT(out, DER_SEQUENCE, span_of("\x0a\x01\x00", 3), buf_span(&bytes));
}

#define BASIC_TYPE "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
#define NONE span_of(NULL, 0)

/* Rightly signed, and yet not in the form. */
static void forms(void **state GW_UNUSED)
{
        auto_buf struct buf good = BUF_INIT;
        put_answer(&(struct answer_recipe){.count = 0}, &good);
        struct span tbs = tbs_of(buf_span(&good)), content, whole = tbs;
        assert_true(der_take(&whole, DER_SEQUENCE, &content));
        struct ocsp_rules rules = rules_now();
        const struct {
                const char *name;
                struct span before, behind; /* content of tbs */
                struct span algorithm;
                const char *type;
                struct span after_value;
                const char *detail;
        } cases[] = {
                {"as it was", NONE, NONE, ECDSA_SHA256, BASIC_TYPE, NONE, NULL},
                {"version 1 in full", span_of("\xa0\x03\x02\x01\x00", 5), NONE, ECDSA_SHA256, BASIC_TYPE, NONE, NULL},
                {"version 2", span_of("\xa0\x03\x02\x01\x01", 5), NONE, ECDSA_SHA256, BASIC_TYPE, NONE, "the answer is ill-formed"},
                {"version of two bytes", span_of("\xa0\x04\x02\x02\x00\x00", 6), NONE, ECDSA_SHA256, BASIC_TYPE, NONE, "the answer is ill-formed"},
                {"more behind the answers", NONE, span_of("\x05\x00", 2), ECDSA_SHA256, BASIC_TYPE, NONE, "the answer is ill-formed"},
                {"empty extensions", NONE, span_of("\xa1\x02\x30\x00", 4), ECDSA_SHA256, BASIC_TYPE, NONE, "the answer is ill-formed"},
                {"another response type", NONE, NONE, ECDSA_SHA256, "\x2b\x06\x01\x05\x05\x07\x30\x01\x03", NONE, "not an OCSP response"},
                {"empty certificates", NONE, NONE, ECDSA_SHA256, BASIC_TYPE, span_of("\xa0\x02\x30\x00", 4), NULL},
                {"more behind the signature", NONE, NONE, ECDSA_SHA256, BASIC_TYPE, span_of("\x05\x00", 2), "the answer is ill-formed"},
                {"ECDSA with NULL", NONE, NONE, span_of("\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00", 14), BASIC_TYPE, NONE,
                 "signed with an algorithm that is not accepted: ecdsa-with-SHA256"},
                {"RSA said", NONE, NONE, span_of("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00", 15), BASIC_TYPE, NONE,
                 "signed with RSA, but the signer's key is of another kind"},
                {"GOST said", NONE, NONE, span_of("\x30\x0c\x06\x0a\x2a\x83\x0e\x03\x0a\x01\x01\x02\x03\x02", 14), BASIC_TYPE, NONE,
                 "signed with GOST, but the signer's key is of another kind"},
                {"MD5 said", NONE, NONE, span_of("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04\x05\x00", 15), BASIC_TYPE, NONE,
                 "signed with an algorithm that is not accepted: md5WithRSAEncryption"},
                {"parameters", NONE, NONE, span_of("\x30\x0d\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x02\x01\x00", 15), BASIC_TYPE, NONE,
                 "signed with an algorithm that has parameters"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf changed = BUF_INIT, answer = BUF_INIT;
                PUT(&changed, DER_SEQUENCE, cases[i].before, content, cases[i].behind);
                put_around(&answer, buf_span(&changed), cases[i].algorithm, cases[i].type, cases[i].after_value);
                expect(cases[i].name, buf_span(&answer), &rules, cases[i].detail ? GW_REJECT : GW_OK, cases[i].detail, cases[i].detail ? REVOCATION_UNKNOWN : REVOCATION_GOOD);
        }
        /* Dates that are none, in place of thisUpdate 20260531235900Z. */
        static const char *const times[] = {"20260531235960Z", "20260532235900Z", "20261331235900Z", "20260531245900Z", "20260229235900Z", "2026053123590.Z", "20260531235900+"};
        for (size_t i = 0; i < GW_COUNT(times); i++) {
                auto_buf struct buf first = BUF_INIT, changed = BUF_INIT, answer = BUF_INIT;
                put_replaced(&first, tbs, span_str("20260531235900Z"), span_str(times[i]));
                put_around(&answer, buf_span(&first), ECDSA_SHA256, BASIC_TYPE, NONE);
                expect(times[i], buf_span(&answer), &rules, GW_REJECT, "the answer is ill-formed", REVOCATION_UNKNOWN);
        }
}

/* A good answer and a revoked one, each byte changed: never an answer. Cut anywhere, or with more behind: the same. */
static void changed_answers(void **state GW_UNUSED)
{
        struct ocsp_rules rules = rules_now();
        gw_auto(pkey) EVP_PKEY *key = key_new("P-256");
        gw_auto(x509) X509 *responder = certificate_new(&(struct recipe){.subject = "R", .key = key, BY_ISSUER, .serial = 7, .extensions = {DELEGATE}});
        for (int status = V_OCSP_CERTSTATUS_GOOD; status <= V_OCSP_CERTSTATUS_REVOKED; status++) {
                auto_buf struct buf answer = BUF_INIT;
                put_answer(&(struct answer_recipe){.singles = {{.status = status, .reason = 1, .this_update = -MINUTE, .next_update = HOUR}}, .count = 1,
                                                   .signer = responder, .key = key, .certificates = {responder}}, &answer);
                struct why why = WHY_INIT;
                struct revocation_status got;
                assert_int_equal(ocsp_check(buf_span(&answer), world.leaf, world.issuer, &rules, &got, &why), GW_OK);
                for (size_t i = 0; i < answer.n; i++) {
                        uint8_t bit = (uint8_t)(1 << i % 8);
                        answer.p[i] ^= bit;
                        if (ocsp_check(buf_span(&answer), world.leaf, world.issuer, &rules, &got, &why) == GW_OK)
                                fail_msg("byte %zu", i);
                        answer.p[i] ^= bit;
                        if (ocsp_check(span_of(answer.p, i), world.leaf, world.issuer, &rules, &got, &why) == GW_OK)
                                fail_msg("cut at %zu", i);
                }
                buf_add_char(&answer, 0);
                expect("one byte behind", buf_span(&answer), &rules, GW_REJECT, "not an OCSP response", REVOCATION_UNKNOWN);
        }
}

/* ---- the question ---- */

static void questions(void **state GW_UNUSED)
{
        static const char nonce[] = "0123456789abcdef0123456789abcdef";
        for (int sha1 = 0; sha1 <= 1; sha1++) {
                auto_buf struct buf out = BUF_INIT;
                assert_true(ocsp_request(world.leaf, world.issuer, sha1, span_of(nonce, OCSP_NONCE_SIZE), &out));
                const unsigned char *p = out.p;
                OCSP_REQUEST *request = d2i_OCSP_REQUEST(NULL, &p, (long)out.n);
                assert_true(request && p == out.p + out.n && OCSP_request_onereq_count(request) == 1);
                OCSP_CERTID *want = OCSP_cert_to_id(sha1 ? EVP_sha1() : EVP_sha256(), world.leaf, world.issuer);
                assert_int_equal(OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, 0)), want), 0);
                assert_non_null(memmem(out.p, out.n, "\x04\x22\x04\x20" "0123456789abcdef0123456789abcdef", 36)); /* RFC 8954: an OCTET STRING within */
                OCSP_CERTID_free(want);
                OCSP_REQUEST_free(request);
        }
        auto_buf struct buf out = BUF_INIT, small = BUF_LIMIT(10);
        assert_true(ocsp_request(world.leaf, world.issuer, false, NONE, &out));
        assert_null(memmem(out.p, out.n, "\x2b\x06\x01\x05\x05\x07\x30\x01\x02", 9));
        assert_false(ocsp_request(world.leaf, world.issuer, false, span_of("0123456789abcdef0123456789abcdef0", 33), &out));
        assert_false(ocsp_request(world.leaf, world.issuer, false, NONE, &small));
}

static void urls(void **state GW_UNUSED)
{
        static const struct {
                const char *value, *want;
        } cases[] = {
                {"OCSP;URI:http://a.test/ocsp/", "http://a.test/ocsp/"},
                {"OCSP;URI:HTTP://a.test", "HTTP://a.test"},
                {"OCSP;URI:https://a.test/,OCSP;URI:ldap://b.test/,OCSP;URI:http://c.test/", "http://c.test/"},
                {"caIssuers;URI:http://a.test/", NULL},
                {"OCSP;URI:http://", NULL},
                {"OCSP;URI:http://a b/", NULL},
                {"OCSP;URI:file:///etc/passwd", NULL},
                {"OCSP;DNS:a.test", NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                gw_auto(x509) X509 *x509 = certificate_new(&(struct recipe){.subject = "U", .key = world.leaf_key, .serial = 1, .extensions = {{NID_info_access, cases[i].value}}});
                auto_str char *url = NULL;
                if (ocsp_url(x509, &url) != (cases[i].want != NULL) || (cases[i].want && !str_eq(url, cases[i].want)))
                        fail_msg("%s: %s", cases[i].value, url);
        }
        auto_str char *url = NULL;
        assert_false(ocsp_url(world.issuer, &url));
        assert_true(ocsp_url(world.leaf, &url));
}

/* ---- hostile sizes: time is bounded ---- */

static double cpu_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Signed or not, whatever fits into the limit is refused or read in a blink. */
static void hostile_answers(void **state GW_UNUSED)
{
        struct ocsp_rules rules = rules_now();
        auto_buf struct buf good = BUF_INIT;
        put_answer(&(struct answer_recipe){.count = 0}, &good);
        struct span tbs = tbs_of(buf_span(&good)), content, name, at, singles;
        assert_true(der_take(&tbs, DER_SEQUENCE, &content) && der_take_whole(&content, 0xa1, &name) && der_take_whole(&content, 0x18, &at) &&
                    der_take(&content, DER_SEQUENCE, &singles));
        double start = cpu_ms();
        /* As many answers about us as fit. */
        auto_buf struct buf many = BUF_INIT, list = BUF_INIT, changed = BUF_INIT, answer = BUF_INIT;
        while (many.n + singles.n < 60000)
                buf_add_span(&many, singles);
        PUT(&list, DER_SEQUENCE, buf_span(&many));
        PUT(&changed, DER_SEQUENCE, name, at, buf_span(&list));
        put_around(&answer, buf_span(&changed), ECDSA_SHA256, BASIC_TYPE, NONE);
        expect("hundreds of answers", buf_span(&answer), &rules, GW_OK, NULL, REVOCATION_GOOD);
        /* Deep nesting everywhere. */
        auto_buf struct buf deep = BUF_INIT;
        for (size_t i = 0; i < 15000; i++)
                buf_add(&deep, "\x30\x83\x00\xff", 4);
        expect("deep", buf_span(&deep), &rules, GW_REJECT, "not an OCSP response", REVOCATION_UNKNOWN);
        /* A name of thousands of parts as ResponderID. */
        auto_buf struct buf parts = BUF_INIT, long_name = BUF_INIT, tagged = BUF_INIT, named = BUF_INIT, named_answer = BUF_INIT, single = BUF_INIT;
        while (parts.n < 50000)
                buf_add(&parts, "\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03xyz", 14);
        PUT(&long_name, DER_SEQUENCE, buf_span(&parts));
        PUT(&tagged, 0xa1, buf_span(&long_name));
        PUT(&single, DER_SEQUENCE, singles);
        PUT(&named, DER_SEQUENCE, buf_span(&tagged), at, buf_span(&single));
        put_around(&named_answer, buf_span(&named), ECDSA_SHA256, BASIC_TYPE, NONE);
        expect("a long name", buf_span(&named_answer), &rules, GW_REJECT, NOBODY, REVOCATION_UNKNOWN);
        /* Thousands of certificates on offer. */
        auto_buf struct buf certificates = BUF_INIT, offered = BUF_INIT, offer = BUF_INIT;
        while (certificates.n < 60000)
                buf_add(&certificates, "\x30\x00", 2);
        PUT(&offer, DER_SEQUENCE, buf_span(&certificates));
        auto_buf struct buf explicit_offer = BUF_INIT;
        PUT(&explicit_offer, 0xa0, buf_span(&offer));
        auto_buf struct buf other_name = BUF_INIT;
        PUT(&other_name, DER_SEQUENCE, span_of("\xa2\x16\x04\x14" "01234567890123456789", 24), at, buf_span(&single));
        put_around(&offered, buf_span(&other_name), ECDSA_SHA256, BASIC_TYPE, buf_span(&explicit_offer));
        expect("thousands of certificates", buf_span(&offered), &rules, GW_REJECT, "the certificates in the answer are ill-formed or too many", REVOCATION_UNKNOWN);
        double took = cpu_ms() - start;
        print_message("hostile answers: %.1f ms\n", took);
        assert_true(took < 1000);
        /* Too many bytes. */
        auto_buf struct buf large = BUF_INIT;
        memset(buf_room(&large, OCSP_BYTES_MAX + 1), 0, OCSP_BYTES_MAX + 1);
        buf_grew(&large, OCSP_BYTES_MAX + 1);
        expect("too large", buf_span(&large), &rules, GW_REJECT, "an answer of 65537 bytes", REVOCATION_UNKNOWN);
}

/* ---- a third opinion: `openssl ocsp` answers our question with the test PKI's index, we judge; and it judges what we took ---- */

static void openssl_responder(void **state GW_UNUSED)
{
        static const struct {
                const char *certificate;
                enum revocation_answer want;
        } cases[] = {{"applicant-850412390011", REVOCATION_GOOD}, {"bad-revoked", REVOCATION_BAD}};
        gw_auto(x509) X509 *issuer = pki_x509("ca", "issuing");
        auto_str char *index = pki_file("ca", "index", ".txt"), *ca = pki_file("ca", "issuing", ".pem"), *signer = pki_file("certs", "ocsp-responder", ".pem");
        auto_str char *key = pki_file("keys", "ocsp-responder", ".key"), *question_path = scratch_file(""), *answer_path = scratch_file("");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                gw_auto(x509) X509 *x509 = pki_x509("certs", cases[i].certificate);
                auto_buf struct buf question = BUF_INIT, answer = BUF_INIT;
                uint8_t nonce[OCSP_NONCE_SIZE];
                assert_true(RAND_bytes(nonce, sizeof nonce) == 1);
                assert_true(ocsp_request(x509, issuer, false, span_of(nonce, sizeof nonce), &question));
                assert_true(text_write_file(question_path, buf_span(&question), 0600));
                auto_str char *command = xasprintf("openssl ocsp -index '%s' -CA '%s' -rsigner '%s' -rkey '%s' -reqin '%s' -respout '%s' -nmin 5 >/dev/null 2>&1", index, ca,
                                                   signer, key, question_path, answer_path);
                assert_int_equal(system(command), 0);
                read_bytes(answer_path, &answer);
                struct ocsp_rules rules = {.now = wall_now(), .skew_ms = 60000, .age_max_ms = 600000, .nonce = span_of(nonce, sizeof nonce), .nonce_required = true,
                                           .id = OCSP_ID_SHA256, .responder_known = true};
                struct revocation_status status;
                struct why why = WHY_INIT;
                assert_answer(cases[i].certificate, ocsp_check(buf_span(&answer), x509, issuer, &rules, &status, &why), &why, GW_OK, NULL);
                assert_int_equal(status.answer, cases[i].want);
        }
        unlink(question_path);
        unlink(answer_path);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(public_answers), cmocka_unit_test(statuses),          cmocka_unit_test(identifiers),     cmocka_unit_test(dates),
                cmocka_unit_test(facts),          cmocka_unit_test(signers),           cmocka_unit_test(responder_revocation), cmocka_unit_test(nonces),
                cmocka_unit_test(extensions),     cmocka_unit_test(response_statuses), cmocka_unit_test(forms),           cmocka_unit_test(changed_answers),
                cmocka_unit_test(questions),      cmocka_unit_test(urls),              cmocka_unit_test(hostile_answers), cmocka_unit_test(openssl_responder),
        };
        return cmocka_run_group_tests(tests, world_make, world_free);
}
