/* Which answer counts, what is asked when, what is kept: the engine of gateway/revocation/ with errands carried by the test. */
#include <dirent.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/revocation/authority.h"
#include "gateway/revocation/record.h"
#include "tests/unit/helper_revocation.h"

#define YEARS (20 * 365 * DAY) /* the engine looks at the clock */
#define LEAVES 12

static struct { EVP_PKEY *key, *leaf_key; X509 *issuer; struct certificate *leafs[LEAVES]; char folder[64]; } ours;

static struct certificate *leaf_new(uint64_t serial)
{
        X509 *x509 = certificate_new(&(struct recipe){.subject = "ТЕСТ", .key = ours.leaf_key, .issuer = ours.issuer, .issuer_key = ours.key, .serial = serial, .from = -YEARS, .until = YEARS,
                                                      .extensions = {{NID_info_access, "OCSP;URI:http://ocsp.test/"}, {NID_crl_distribution_points, "URI:http://crl.test/a.crl"}}});
        uint8_t *der = NULL;
        int n = i2d_X509(x509, &der);
        struct certificate *certificate = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(certificate_decode(span_of(der, (size_t)n), &certificate, &why), GW_OK);
        OPENSSL_free(der);
        X509_free(x509);
        return certificate;
}

static int make(void **state GW_UNUSED)
{
        ours.key = key_new("P-256");
        ours.leaf_key = key_new("P-256");
        ours.issuer = certificate_new(&(struct recipe){.subject = "АУТОРИТЕТ", .key = ours.key, .serial = 1, .from = -YEARS, .until = YEARS, .extensions = {CA_EXTENSIONS}});
        for (size_t i = 0; i < LEAVES; i++)
                ours.leafs[i] = leaf_new(100 + i);
        snprintf(ours.folder, sizeof ours.folder, "/tmp/egov-test-revocation-XXXXXX");
        return mkdtemp(ours.folder) ? 0 : -1;
}

static void empty_folder(void)
{
        DIR *dir = opendir(ours.folder);
        for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
                if (entry->d_name[0] != '.')
                        unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
}

static int unmake(void **state GW_UNUSED)
{
        for (size_t i = 0; i < LEAVES; i++)
                certificate_unref(ours.leafs[i]);
        X509_free(ours.issuer);
        EVP_PKEY_free(ours.key);
        EVP_PKEY_free(ours.leaf_key);
        empty_folder();
        return rmdir(ours.folder);
}

/* ---- what responders say ---- */

static void put_ocsp(struct buf *out, const struct certificate *of, int status, int64_t age_ms, const struct errand *errand)
{
        time_t at = (time_t)((wall_now().ms - age_ms) / 1000);
        OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
        OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha256(), of->x509, ours.issuer);
        ASN1_TIME *this_update = ASN1_GENERALIZEDTIME_set(NULL, at), *revoked_at = ASN1_GENERALIZEDTIME_set(NULL, at - 3600);
        assert_non_null(OCSP_basic_add1_status(basic, id, status == V_OCSP_CERTSTATUS_GOOD ? status : V_OCSP_CERTSTATUS_REVOKED, status == 6 ? 6 : 1, revoked_at, this_update, NULL));
        uint8_t nonce[OCSP_NONCE_SIZE];
        if (errand) {
                memcpy(nonce, errand->nonce, sizeof nonce);
                assert_true(OCSP_basic_add1_nonce(basic, nonce, sizeof nonce));
        }
        ASN1_GENERALIZEDTIME *produced_at = (ASN1_GENERALIZEDTIME *)(uintptr_t)OCSP_resp_get0_produced_at(basic);
        assert_non_null(ASN1_GENERALIZEDTIME_set(produced_at, at));
        assert_true(OCSP_basic_sign(basic, ours.issuer, ours.key, EVP_sha256(), NULL, OCSP_NOCERTS | OCSP_NOTIME));
        OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
        uint8_t *der = NULL;
        int n = i2d_OCSP_RESPONSE(response, &der);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
        OCSP_RESPONSE_free(response);
        OCSP_BASICRESP_free(basic);
        OCSP_CERTID_free(id);
        ASN1_TIME_free(this_update);
        ASN1_TIME_free(revoked_at);
}

static void put_crl(struct buf *out, const struct certificate *revoked, int64_t age_ms, uint64_t number)
{
        time_t at = (time_t)((wall_now().ms - age_ms) / 1000);
        X509_CRL *crl = X509_CRL_new();
        ASN1_TIME *this_update = ASN1_TIME_set(NULL, at), *next_update = ASN1_TIME_set(NULL, at + 30 * DAY);
        ASN1_INTEGER *crl_number = ASN1_INTEGER_new();
        assert_true(X509_CRL_set_version(crl, X509_CRL_VERSION_2) && X509_CRL_set_issuer_name(crl, X509_get_subject_name(ours.issuer)) &&
                    X509_CRL_set1_lastUpdate(crl, this_update) && X509_CRL_set1_nextUpdate(crl, next_update) && ASN1_INTEGER_set_uint64(crl_number, number) &&
                    X509_CRL_add1_ext_i2d(crl, NID_crl_number, crl_number, 0, 0));
        if (revoked) {
                X509_REVOKED *entry = X509_REVOKED_new();
                assert_true(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509)) && X509_REVOKED_set_revocationDate(entry, this_update) &&
                            X509_CRL_add0_revoked(crl, entry));
        }
        assert_true(X509_CRL_sign(crl, ours.key, EVP_sha256()) > 0);
        uint8_t *der = NULL;
        int n = i2d_X509_CRL(crl, &der);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
        ASN1_TIME_free(this_update);
        ASN1_TIME_free(next_update);
        ASN1_INTEGER_free(crl_number);
        X509_CRL_free(crl);
}

/* ---- asking ---- */

static struct revocation_conf conf_of(bool ocsp, bool crl)
{
        return (struct revocation_conf){
                .ocsp = ocsp, .crl = crl, .age_max_ms = 3600000, .skew_ms = 2000, .refresh_ms = 600000, .keep_ms = 1200000, .retry_first_ms = 1000, .retry_longest_ms = 8000,
                .timeout_ms = 1000, .connect_timeout_ms = 1000, .certificates_max = 100, .crl_bytes_max = 1 << 20, .ocsp_per_second = 100, .urls_of_certificates = true,
        };
}

static struct revocation *open_with(const struct revocation_conf *conf)
{
        struct revocation *r = NULL;
        struct why why = WHY_INIT;
        if (revocation_open(conf, &r, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return r;
}

static enum revocation_answer answer_at(struct revocation *r, size_t leaf, struct wall_time at)
{
        struct revocation_status status;
        revocation_ask(r, ours.leafs[leaf], ours.issuer, at, &status);
        return status.answer;
}

static enum revocation_answer answer(struct revocation *r, size_t leaf)
{
        return answer_at(r, leaf, wall_now());
}

/* The one errand of that kind that is due now or has become due by then. */
static struct errand due_one(struct revocation *r, enum revocation_errand_kind kind, int64_t in_ms)
{
        struct errand errands[16], found = {.url = NULL};
        size_t n = engine_due(r, (struct wall_time){wall_now().ms + in_ms}, errands, GW_COUNT(errands));
        for (size_t i = 0; i < n; i++) {
                if (errands[i].kind == kind && !found.url) {
                        found = errands[i];
                        continue;
                }
                engine_postpone(r, &errands[i], (struct wall_time){wall_now().ms + in_ms});
                errand_done(&errands[i]);
        }
        return found;
}

static void fetch_ocsp(struct revocation *r, int status, int64_t age_ms, int64_t in_ms)
{
        struct why why = WHY_INIT;
        auto_buf struct buf bytes = BUF_INIT;
        struct errand e = due_one(r, REVOCATION_OCSP, in_ms);
        assert_non_null(e.url);
        put_ocsp(&bytes, e.certificate, status, age_ms, &e);
        engine_done(r, &e, GW_OK, buf_span(&bytes), wall_now(), &why);
        errand_done(&e);
}

static void fetch_crl(struct revocation *r, const struct certificate *revoked, int64_t age_ms, uint64_t number, int64_t in_ms)
{
        struct why why = WHY_INIT;
        auto_buf struct buf bytes = BUF_INIT;
        struct errand e = due_one(r, REVOCATION_CRL, in_ms);
        assert_non_null(e.url);
        put_crl(&bytes, revoked, age_ms, number);
        engine_done(r, &e, GW_OK, buf_span(&bytes), wall_now(), &why);
        errand_done(&e);
}

static struct revocation_counts counts_of(struct revocation *r)
{
        struct revocation_counts counts;
        revocation_count(r, &counts);
        return counts;
}

/* ---- the rules ---- */

#define HOUR_MS 3600000
#define SAYS(from, what, age_h, why, since_h) \
        {.answer = REVOCATION_##what, .source = REVOCATION_FROM_##from, .this_update = {(100 - (age_h)) * (int64_t)HOUR_MS}, .reason = why, .revoked_at = {(100 - (since_h)) * (int64_t)HOUR_MS}}
#define NOTHING {.answer = REVOCATION_UNKNOWN}

static void rules_of_judging(void **state GW_UNUSED)
{
        struct revocation_conf rules = {.age_max_ms = 10 * HOUR_MS};
        const struct { const char *name; struct revocation_status says[3]; enum revocation_answer want; int decides; } cases[] = {
                {"nobody", {NOTHING, NOTHING, NOTHING}, REVOCATION_UNKNOWN, -1},
                {"OCSP good", {SAYS(OCSP, GOOD, 1, -1, 0), NOTHING, NOTHING}, REVOCATION_GOOD, 0},
                {"OCSP too old", {SAYS(OCSP, GOOD, 11, -1, 0), NOTHING, NOTHING}, REVOCATION_UNKNOWN, -1},
                {"OCSP of the future", {SAYS(OCSP, GOOD, -1, -1, 0), NOTHING, NOTHING}, REVOCATION_UNKNOWN, -1},
                {"CRL in its place", {SAYS(OCSP, GOOD, 11, -1, 0), SAYS(CRL, GOOD, 2, -1, 0), NOTHING}, REVOCATION_GOOD, 1},
                {"both good: OCSP", {SAYS(OCSP, GOOD, 3, -1, 0), SAYS(CRL, GOOD, 2, -1, 0), NOTHING}, REVOCATION_GOOD, 0},
                {"bad in the CRL", {SAYS(OCSP, GOOD, 1, -1, 0), SAYS(CRL, BAD, 2, 1, 5), NOTHING}, REVOCATION_BAD, 1},
                {"bad by OCSP", {SAYS(OCSP, BAD, 2, 1, 5), SAYS(CRL, GOOD, 1, -1, 0), NOTHING}, REVOCATION_BAD, 0},
                {"revoked stays so", {SAYS(OCSP, BAD, 30, 1, 50), SAYS(CRL, GOOD, 1, -1, 0), NOTHING}, REVOCATION_BAD, 0},
                {"without a reason too", {SAYS(OCSP, BAD, 30, -1, 50), NOTHING, NOTHING}, REVOCATION_BAD, 0},
                {"a hold gets old", {SAYS(OCSP, BAD, 30, 6, 50), NOTHING, NOTHING}, REVOCATION_UNKNOWN, -1},
                {"and yields to what is newer", {SAYS(OCSP, BAD, 30, 6, 50), SAYS(CRL, GOOD, 1, -1, 0), NOTHING}, REVOCATION_GOOD, 1},
                {"not to what is older", {SAYS(OCSP, BAD, 11, 6, 50), SAYS(CRL, GOOD, 12, -1, 0), NOTHING}, REVOCATION_UNKNOWN, -1},
                {"a hold in a CRL counts while current", {SAYS(OCSP, GOOD, 1, -1, 0), SAYS(CRL, BAD, 9, 6, 50), NOTHING}, REVOCATION_BAD, 1},
                {"released by the delta", {NOTHING, SAYS(CRL, GOOD, 1, -1, 0), SAYS(CRL, BAD, 5, 6, 50)}, REVOCATION_GOOD, 1},
                {"held by the delta", {NOTHING, SAYS(CRL, BAD, 1, 6, 2), SAYS(CRL, GOOD, 5, -1, 0)}, REVOCATION_BAD, 1},
                {"revoked after the instant", {SAYS(OCSP, BAD, -2, 1, -1), NOTHING, NOTHING}, REVOCATION_GOOD, 0},
                {"of a date that is still to come when it is said", {SAYS(OCSP, BAD, 1, 1, -5), NOTHING, NOTHING}, REVOCATION_BAD, 0},
                {"the same in a CRL", {NOTHING, SAYS(CRL, BAD, 1, -1, -5), NOTHING}, REVOCATION_BAD, 1},
                {"revoked at the instant", {SAYS(OCSP, BAD, 1, 1, 0), NOTHING, NOTHING}, REVOCATION_BAD, 0},
        };
        struct certificate certificate = {.not_after = {1000 * (int64_t)HOUR_MS}};
        struct wall_time now = {100 * (int64_t)HOUR_MS};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                enum revocation_answer got;
                int decides = answers_judge(&rules, cases[i].says, &certificate, now, now, &got);
                if (got != cases[i].want || decides != cases[i].decides)
                        fail_msg("%s: got %d by %d, want %d by %d", cases[i].name, got, decides, cases[i].want, cases[i].decides);
        }
        /* a CRL that was made after the certificate's end says nothing good, OCSP does */
        enum revocation_answer got;
        certificate.not_after.ms = 98 * (int64_t)HOUR_MS;
        const struct revocation_status crl[3] = {NOTHING, SAYS(CRL, GOOD, 1, -1, 0), NOTHING}, older[3] = {NOTHING, SAYS(CRL, GOOD, 3, -1, 0), NOTHING};
        assert_int_equal(answers_judge(&rules, crl, &certificate, now, now, &got), -1);
        assert_int_equal(answers_judge(&rules, older, &certificate, now, now, &got), 1);
        /* nextUpdate, when it is earlier; and alone */
        struct revocation_status next[3] = {SAYS(OCSP, GOOD, 5, -1, 0), NOTHING, NOTHING};
        next[0].next_update.ms = 99 * (int64_t)HOUR_MS;
        assert_int_equal(answers_judge(&rules, next, &certificate, now, now, &got), -1);
        next[0].next_update.ms = 101 * (int64_t)HOUR_MS;
        assert_int_equal(answers_judge(&rules, next, &certificate, now, now, &got), 0);
        rules.age_max_ms = 0;
        assert_int_equal(answers_judge(&rules, next, &certificate, now, now, &got), 0);
        next[0].next_update.ms = 0;
        assert_int_equal(answers_judge(&rules, next, &certificate, now, now, &got), -1);
}

static void urls(void **state GW_UNUSED)
{
        static const struct { const char *url; bool https, want; } cases[] = {
                {"http://a/", false, true}, {"http://a:80/x?y", false, true}, {"https://a/", true, true},
                {"https://a/", false, false}, {"ftp://a/", true, false}, {"file:///etc/passwd", true, false}, {"http://", false, false}, {"http:///x", false, false},
                {"http://:80/", false, false}, {"http://user@a/", false, false}, {"http://a b/", false, false}, {"http://a/\r\nX: y", false, false}, {"http://a\\b/", false, false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                if (url_usable(cases[i].url, cases[i].https) != cases[i].want)
                        fail_msg("%s", cases[i].url);
        assert_true(url_host_listed("http://OCSP.test:8080/x", "a, ocsp.test"));
        assert_true(url_host_listed("http://[::1]:80/", "[::1]"));
        assert_false(url_host_listed("http://ocsp.test.evil/", "ocsp.test"));
        assert_false(url_host_listed("http://evil/ocsp.test", "ocsp.test"));
        assert_false(url_host_listed("http://a/", NULL));
}

/* ---- the engine ---- */

static void unknown_is_noted_fetched_and_known(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, false);
        auto_revocation struct revocation *r = open_with(&conf);
        assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN);
        assert_int_equal(revocation_news(r), 0);
        struct errand e = due_one(r, REVOCATION_OCSP, 0);
        assert_string_equal(e.url, "http://ocsp.test/");
        assert_null(due_one(r, REVOCATION_OCSP, 0).url); /* under way */
        struct why why = WHY_INIT;
        auto_buf struct buf bytes = BUF_INIT;
        put_ocsp(&bytes, ours.leafs[0], V_OCSP_CERTSTATUS_GOOD, 60000, &e);
        engine_done(r, &e, GW_OK, buf_span(&bytes), wall_now(), &why);
        errand_done(&e);
        assert_int_equal(answer(r, 0), REVOCATION_GOOD);
        assert_int_equal(revocation_news(r), 1);
        assert_null(due_one(r, REVOCATION_OCSP, 0).url);
        /* within refresh_ms, and only because it was asked for lately */
        fetch_ocsp(r, 1, 0, 601000);
        assert_int_equal(answer(r, 0), REVOCATION_BAD);
        assert_int_equal(answer_at(r, 0, (struct wall_time){wall_now().ms - 2 * HOUR_MS}), REVOCATION_GOOD);
        assert_null(due_one(r, REVOCATION_OCSP, 1300000).url);
        assert_int_equal(counts_of(r).fetched[REVOCATION_OCSP], 2);
}

static void lies_are_failures(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, false);
        auto_revocation struct revocation *r = open_with(&conf);
        assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN);
        for (int i = 0; i < 4; i++) {
                struct why why = WHY_INIT;
                auto_buf struct buf bytes = BUF_INIT;
                struct errand e = due_one(r, REVOCATION_OCSP, (i + 1) * 20000);
                assert_non_null(e.url);
                /* of another; without a signature that fits; too old; with another's nonce */
                struct errand other = e;
                other.nonce[0] ^= 1;
                put_ocsp(&bytes, ours.leafs[i == 0], V_OCSP_CERTSTATUS_GOOD, i == 2 ? 2 * HOUR_MS : 0, i == 3 ? &other : &e);
                if (i == 1)
                        bytes.p[bytes.n - 1] ^= 1;
                engine_done(r, &e, GW_OK, buf_span(&bytes), wall_now(), &why);
                errand_done(&e);
                assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN);
        }
        assert_int_equal(counts_of(r).failed[REVOCATION_OCSP], 4);
        assert_int_equal(counts_of(r).fetched[REVOCATION_OCSP], 0);
        /* back-off: not at once, but within the longest pause */
        assert_null(due_one(r, REVOCATION_OCSP, 0).url);
        fetch_ocsp(r, V_OCSP_CERTSTATUS_GOOD, 0, 100000);
        assert_int_equal(answer(r, 0), REVOCATION_GOOD);
}

/* Somebody on the way keeps a good answer and gives it again after the revocation. */
static void older_answers_are_not_taken(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, true);
        auto_revocation struct revocation *r = open_with(&conf);
        gw_ignore(answer(r, 0) != REVOCATION_UNKNOWN);
        fetch_ocsp(r, 6, 0, 0);
        assert_int_equal(answer(r, 0), REVOCATION_BAD);
        fetch_ocsp(r, V_OCSP_CERTSTATUS_GOOD, 60000, 601000);
        assert_int_equal(answer(r, 0), REVOCATION_BAD);
        assert_int_equal(counts_of(r).failed[REVOCATION_OCSP], 1);
        fetch_crl(r, ours.leafs[1], 0, 7, 602000);
        assert_int_equal(answer(r, 1), REVOCATION_BAD);
        fetch_crl(r, NULL, 60000, 6, 1210000);
        assert_int_equal(answer(r, 1), REVOCATION_BAD);
        assert_int_equal(counts_of(r).failed[REVOCATION_CRL], 1);
}

static void a_crl_is_the_reserve(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, true);
        auto_revocation struct revocation *r = open_with(&conf);
        assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN);
        fetch_crl(r, ours.leafs[1], 60000, 1, 0);
        assert_int_equal(revocation_news(r), 1);
        assert_int_equal(answer(r, 0), REVOCATION_GOOD);
        assert_int_equal(answer(r, 1), REVOCATION_BAD);
        assert_int_equal(counts_of(r).answers[REVOCATION_FROM_CRL][REVOCATION_GOOD], 1);
        /* nextUpdate is a month away, and the list is too old all the same */
        auto_revocation struct revocation *other = open_with(&conf);
        gw_ignore(answer(other, 0) != REVOCATION_UNKNOWN);
        fetch_crl(other, NULL, 2 * HOUR_MS, 1, 0);
        assert_int_equal(answer(other, 0), REVOCATION_UNKNOWN);
}

static void floods_are_bounded(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, false);
        conf.certificates_max = 4;
        conf.ocsp_per_second = 3;
        auto_revocation struct revocation *r = open_with(&conf);
        for (size_t i = 0; i < LEAVES; i++)
                assert_int_equal(answer(r, i), REVOCATION_UNKNOWN);
        assert_int_equal(counts_of(r).certificates, 4);
        struct errand errands[16];
        struct wall_time now = wall_now();
        size_t n = engine_due(r, now, errands, GW_COUNT(errands));
        assert_int_equal(n, 3); /* of four that have room; the rate */
        for (size_t i = 0; i < LEAVES; i++) /* what is under way keeps its place */
                gw_ignore(answer(r, i) != REVOCATION_UNKNOWN);
        for (size_t i = 0; i < n; i++) {
                struct why why = {0, "refused"};
                engine_done(r, &errands[i], GW_RETRY, span_of(NULL, 0), now, &why);
                errand_done(&errands[i]);
        }
        assert_int_equal(counts_of(r).failed[REVOCATION_OCSP], 3);
}

static void urls_of_certificates_only_when_allowed(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, true);
        conf.urls_of_certificates = false;
        conf.hosts = "crl.test";
        auto_revocation struct revocation *r = open_with(&conf);
        assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN);
        assert_null(due_one(r, REVOCATION_OCSP, 0).url);
        assert_string_equal(due_one(r, REVOCATION_CRL, 0).url, "http://crl.test/a.crl");
        conf.hosts = NULL;
        auto_revocation struct revocation *none = open_with(&conf);
        assert_int_equal(answer(none, 0), REVOCATION_UNKNOWN);
        struct errand errands[4];
        assert_int_equal(engine_due(none, wall_now(), errands, GW_COUNT(errands)), 0);
}

static void configured_authority_by_key_id(void **state GW_UNUSED)
{
        const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(ours.issuer);
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)));
        const struct revocation_authority_conf authority = {.name = "nca", .key_id = buf_cstr(&hex), .ocsp = "http://first/, http://second/", .nonce_required = true};
        struct revocation_conf conf = conf_of(true, false);
        conf.authorities = &authority;
        conf.authority_count = 1;
        auto_revocation struct revocation *r = open_with(&conf);
        assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN);
        struct why why = {0, "refused"};
        struct errand e = due_one(r, REVOCATION_OCSP, 0);
        assert_string_equal(e.url, "http://first/");
        engine_done(r, &e, GW_RETRY, span_of(NULL, 0), wall_now(), &why);
        errand_done(&e);
        e = due_one(r, REVOCATION_OCSP, 5000);
        assert_string_equal(e.url, "http://second/");
        auto_buf struct buf bytes = BUF_INIT;
        put_ocsp(&bytes, ours.leafs[0], V_OCSP_CERTSTATUS_GOOD, 0, NULL);
        engine_done(r, &e, GW_OK, buf_span(&bytes), wall_now(), &why);
        errand_done(&e);
        assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN); /* without the nonce that is required */
}

/* ---- the folder ---- */

static size_t files(const char *ending)
{
        size_t n = 0;
        DIR *dir = opendir(ours.folder);
        for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
                n += strstr(entry->d_name, ending) != NULL;
        closedir(dir);
        return n;
}

static void answers_outlive_a_restart(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, true);
        conf.folder = ours.folder;
        struct revocation *r = open_with(&conf);
        gw_ignore(answer(r, 0) != REVOCATION_UNKNOWN);
        fetch_ocsp(r, V_OCSP_CERTSTATUS_GOOD, 60000, 0);
        fetch_crl(r, ours.leafs[2], 60000, 1, 0);
        revocation_close(r);
        assert_true(files(".ocsp") == 1 && files(".crl") == 1 && files(".issuer") == 1 && files(".tmp") == 0);

        r = open_with(&conf);
        assert_int_equal(answer(r, 0), REVOCATION_GOOD);
        assert_int_equal(counts_of(r).answers[REVOCATION_FROM_OCSP][REVOCATION_GOOD], 1);
        assert_int_equal(answer(r, 1), REVOCATION_GOOD);
        assert_int_equal(answer(r, 2), REVOCATION_BAD);
        revocation_close(r);

        /* what somebody has changed is not believed: an answer under another's name, a list that is cut */
        auto_buf struct buf bytes = BUF_INIT;
        assert_true(folder_load(ours.folder, FOLDER_OCSP, ours.leafs[0]->sha256, &bytes));
        folder_save(ours.folder, FOLDER_OCSP, ours.leafs[2]->sha256, buf_span(&bytes));
        uint8_t key[FOLDER_KEY_SIZE];
        authority_key(ours.issuer, key);
        auto_buf struct buf list = BUF_INIT;
        assert_true(folder_load(ours.folder, FOLDER_CRL, key, &list));
        folder_save(ours.folder, FOLDER_CRL, key, span_of(list.p, list.n - 1));
        r = open_with(&conf);
        assert_int_equal(answer(r, 0), REVOCATION_GOOD);
        assert_int_equal(answer(r, 2), REVOCATION_UNKNOWN);
        assert_true(files(".ocsp") == 1 && files(".crl") == 0);
        revocation_close(r);

        /* another's certificate in the place of the authority's */
        folder_save(ours.folder, FOLDER_ISSUER, key, span_str("nonsense"));
        revocation_close(open_with(&conf));
        assert_int_equal(files(".issuer"), 0);
        folder_tidy(ours.folder, FOLDER_OCSP, 0);
        assert_int_equal(files(".ocsp"), 0);
        empty_folder();
}

/* ---- offline, and what a verification is told ---- */

static void offered_answers_are_judged_as_of_the_instant(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, true);
        conf.offline = true;
        auto_revocation struct revocation *r = open_with(&conf);
        auto_buf struct buf ocsp = BUF_INIT;
        auto_buf struct buf crl = BUF_INIT;
        put_ocsp(&ocsp, ours.leafs[0], V_OCSP_CERTSTATUS_GOOD, 100 * (int64_t)HOUR_MS, NULL);
        put_crl(&crl, ours.leafs[1], 100 * (int64_t)HOUR_MS, 1);
        revocation_offer(r, buf_span(&crl));
        revocation_offer(r, buf_span(&ocsp));
        struct wall_time then = {wall_now().ms - 100 * (int64_t)HOUR_MS + 60000}, before = {then.ms - HOUR_MS / 2};
        assert_int_equal(answer_at(r, 0, then), REVOCATION_GOOD);
        assert_int_equal(answer_at(r, 0, before), REVOCATION_GOOD); /* not revoked later: not revoked then */
        assert_int_equal(answer_at(r, 0, wall_now()), REVOCATION_UNKNOWN);
        assert_int_equal(answer_at(r, 1, then), REVOCATION_BAD);
        assert_int_equal(answer_at(r, 1, before), REVOCATION_GOOD);
        struct errand errands[4];
        assert_int_equal(engine_due(r, wall_now(), errands, GW_COUNT(errands)), 0);
}

static void records(void **state GW_UNUSED)
{
        struct revocation_conf conf = conf_of(true, false);
        auto_revocation struct revocation *r = open_with(&conf);
        struct revocation_record record;
        revocation_record_begin(&record, false);
        assert_int_equal(answer(r, 0), REVOCATION_UNKNOWN);
        assert_false(record.unknown);
        record.defer = true;
        assert_int_equal(answer(r, 0), REVOCATION_NOT_ASKED);
        assert_true(record.unknown);
        revocation_record_end();
        assert_int_equal(record.count, 1);
        assert_int_equal(record.notes[0].status.answer, REVOCATION_UNKNOWN);
        revocation_record_done(&record);
        fetch_ocsp(r, V_OCSP_CERTSTATUS_GOOD, 0, 0);
        revocation_record_begin(&record, true);
        assert_int_equal(answer(r, 0), REVOCATION_GOOD);
        revocation_record_end();
        assert_false(record.unknown);
        assert_non_null(record.notes[0].evidence[0]);
        assert_memory_equal(record.notes[0].evidence[0]->sha256, record.notes[0].status.evidence_sha256, 32);
        assert_string_equal(record.notes[0].evidence[0]->kind, "ocsp");
        revocation_record_done(&record);
        assert_int_equal(answer(r, 1), REVOCATION_UNKNOWN); /* no record, nothing deferred */
}

int main(void)
{
        log_open("test", LOG_ERROR);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_of_judging),
                cmocka_unit_test(urls),
                cmocka_unit_test(unknown_is_noted_fetched_and_known),
                cmocka_unit_test(lies_are_failures),
                cmocka_unit_test(older_answers_are_not_taken),
                cmocka_unit_test(a_crl_is_the_reserve),
                cmocka_unit_test(floods_are_bounded),
                cmocka_unit_test(urls_of_certificates_only_when_allowed),
                cmocka_unit_test(configured_authority_by_key_id),
                cmocka_unit_test(answers_outlive_a_restart),
                cmocka_unit_test(offered_answers_are_judged_as_of_the_instant),
                cmocka_unit_test(records),
        };
        return cmocka_run_group_tests(tests, make, unmake);
}
