/* Paths and anchors through their header; what PKITS asks is tested with hundreds of paths in tests/system/test_path.py, GOST in test_gost_trust.c. */
#include <sys/stat.h>

#include "gateway/pki/path.h"
#include "tests/unit/helper_gost.h"

#define YEAR_MS (365LL * 86400000)

/* A trust folder of its own: files of ca/ by name, or with text. */
static char *folder_new(void)
{
        char *folder = xstrdup("/tmp/egov-path-XXXXXX");
        assert_non_null(mkdtemp(folder));
        return folder;
}

static void folder_put(const char *folder, const char *name, const char *text)
{
        auto_str char *to = xasprintf("%s/%s", folder, name);
        assert_true(text_write_file(to, span_str(text), 0600));
}

static void folder_ca(const char *folder, const char *name)
{
        auto_str char *from = pki_file("ca", name, ".pem"), *text = read_file(from), *file = xasprintf("%s.pem", name);
        folder_put(folder, file, text);
}

static void folder_remove(char *folder)
{
        auto_str char *command = xasprintf("rm -rf '%s'", folder);
        assert_int_equal(system(command), 0);
        free(folder);
}
GW_DEFINE_AUTO(folder, char, folder_remove)

static struct anchors *load(const char *folder)
{
        struct anchors *anchors = NULL;
        struct why why = WHY_INIT;
        if (anchors_load(folder, &anchors, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return anchors;
}

static void anchor_sets(void **state GW_UNUSED)
{
        gw_auto(folder) char *folder = folder_new();
        struct why why = WHY_INIT;
        struct anchors *none = NULL;
        assert_int_equal(anchors_load(folder, &none, &why), GW_FAULT); /* nothing there */
        uint64_t empty = anchors_folder_mark(folder);
        folder_ca(folder, "issuing");
        assert_true(anchors_folder_mark(folder) != empty);
        auto_anchors struct anchors *one = load(folder);
        assert_int_equal(anchors_count(one), 1);
        folder_ca(folder, "root");
        auto_anchors struct anchors *two = load(folder);
        assert_int_equal(anchors_count(two), 2);
        gw_auto(x509) X509 *root = pki_x509("ca", "root");
        assert_true(anchors_have(two, root));
        assert_false(anchors_have(one, root)); /* a set never changes */
        assert_int_equal(anchors_count_current(two, wall_now()), 2);
        assert_int_equal(anchors_count_current(two, (struct wall_time){wall_now().ms + 20 * YEAR_MS}), 0);
        /* the sub-folder is on offer only, and looked at for changes */
        auto_str char *between = xasprintf("%s/intermediate", folder);
        uint64_t before = anchors_folder_mark(folder);
        assert_int_equal(mkdir(between, 0700), 0);
        folder_ca(between, "issuing-next");
        assert_true(anchors_folder_mark(folder) != before);
        auto_anchors struct anchors *still_two = load(folder);
        assert_int_equal(anchors_count(still_two), 2);
        /* one bad file and nothing is taken */
        auto_str char *leaf_path = pki_file("certs", "applicant-850412390011", ".pem"), *leaf = read_file(leaf_path);
        static const char *const bad[] = {"garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""};
        for (size_t i = 0; i < GW_COUNT(bad) + 1; i++) {
                folder_put(folder, "bad.pem", i < GW_COUNT(bad) ? bad[i] : leaf); /* at last: one that is no authority's */
                assert_int_equal(anchors_load(folder, &none, &why), GW_FAULT);
                assert_null(none);
        }
        assert_int_equal(anchors_load("/nowhere/at/all", &none, &why), GW_FAULT);
        assert_int_equal(anchors_folder_mark("/nowhere/at/all"), 0);
}

static enum path_problem judge(const struct anchors *anchors, const char *leaf, const struct path_rules *rules, size_t length)
{
        gw_auto(x509) X509 *x509 = pki_x509("certs", leaf);
        struct path path = {0};
        struct why why = WHY_INIT;
        enum path_problem problem = path_verify(anchors, x509, rules, &path, &why);
        if (problem == PATH_GOOD && length) {
                assert_int_equal(path.length, length);
                assert_int_equal(X509_cmp(path.certificates[0], x509), 0);
                assert_true(anchors_have(anchors, path.certificates[length - 1]));
                assert_true(path.authorities_from.ms < rules->at.ms && rules->at.ms < path.authorities_until.ms);
        }
        if (problem != PATH_GOOD)
                assert_true(why.detail[0] != '\0' && !strstr(why.detail, "850412390011"));
        path_done(&path);
        return problem;
}

static void dates_and_issuers(void **state GW_UNUSED)
{
        gw_auto(folder) char *folder = folder_new();
        folder_ca(folder, "issuing");
        auto_anchors struct anchors *anchors = load(folder);
        int64_t now = wall_now().ms;
        const struct { const char *leaf; struct path_rules rules; enum path_problem want; } cases[] = {
                {"applicant-850412390011", {.at = {now}}, PATH_GOOD},
                {"applicant-790321490015", {.at = {now}}, PATH_GOOD}, /* P-256 under RSA */
                {"bad-expired", {.at = {now}}, PATH_EXPIRED},
                {"bad-expired", {.at = {now}, .no_leaf_dates = true}, PATH_GOOD},
                {"bad-expired", {.at = {now}, .skew_ms = YEAR_MS}, PATH_GOOD},
                {"bad-notyet", {.at = {now}}, PATH_NOT_YET_VALID},
                {"applicant-850412390011", {.at = {now + 2 * YEAR_MS}}, PATH_EXPIRED},
                {"applicant-850412390011", {.at = {now + 20 * YEAR_MS}, .no_leaf_dates = true}, PATH_AUTHORITY_NOT_CURRENT},
                {"applicant-850412390011", {.at = {now - 5 * YEAR_MS}, .no_leaf_dates = true}, PATH_AUTHORITY_NOT_CURRENT},
                {"bad-weak", {.at = {now}}, PATH_WEAK},
                {"bad-sha1", {.at = {now}}, PATH_WEAK},
                {"bad-weak", {.at = {now}, .any_strength = true}, PATH_GOOD},
                {"bad-sha1", {.at = {now}, .any_strength = true}, PATH_GOOD},
                {"bad-foreign-ca", {.at = {now}}, PATH_UNTRUSTED},
                {"bad-selfsigned", {.at = {now}}, PATH_UNTRUSTED},
                {"next-applicant-850412390011", {.at = {now}}, PATH_UNTRUSTED}, /* same name, next key */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                enum path_problem got = judge(anchors, cases[i].leaf, &cases[i].rules, 2);
                if (got != cases[i].want)
                        fail_msg("case %zu, %s: %s", i, cases[i].leaf, path_problem_name(got));
        }
}

static void on_offer(void **state GW_UNUSED)
{
        gw_auto(folder) char *folder = folder_new();
        folder_ca(folder, "root");
        auto_anchors struct anchors *root = load(folder);
        auto_str char *between = xasprintf("%s/intermediate", folder);
        assert_int_equal(mkdir(between, 0700), 0);
        folder_ca(between, "issuing");
        auto_anchors struct anchors *with_offer = load(folder);
        struct path_rules rules = {.at = wall_now()};
        assert_int_equal(judge(root, "applicant-850412390011", &rules, 0), PATH_UNTRUSTED);
        assert_int_equal(judge(with_offer, "applicant-850412390011", &rules, 3), PATH_GOOD);
        gw_auto(x509) X509 *issuing = pki_x509("ca", "issuing"), *foreign = pki_x509("ca", "foreign-issuing");
        rules.untrusted = sk_X509_new_null();
        assert_true(sk_X509_push(rules.untrusted, issuing) > 0 && sk_X509_push(rules.untrusted, foreign) > 0);
        assert_int_equal(judge(root, "applicant-850412390011", &rules, 3), PATH_GOOD);
        assert_int_equal(judge(root, "bad-foreign-ca", &rules, 0), PATH_UNTRUSTED); /* to be on offer is not to be trusted */
        sk_X509_free(rules.untrusted);
}

static X509_CRL *crl_of(const char *name)
{
        auto_str char *path = pki_file("crl", name, ".crl"), *text = read_file(path);
        BIO *bio = BIO_new_mem_buf(text, -1);
        X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        BIO_free(bio);
        assert_non_null(crl);
        return crl;
}
GW_DEFINE_AUTO(x509_crl, X509_CRL, X509_CRL_free)

static void policies_and_lists(void **state GW_UNUSED)
{
        static const char *const sign[] = {"1.2.398.3.3.2.3"}, *const other[] = {"1.2.3.4"}, *const both[] = {"1.2.3.4", "1.2.398.3.3.2.3"};
        gw_auto(folder) char *folder = folder_new();
        folder_ca(folder, "issuing");
        auto_anchors struct anchors *anchors = load(folder);
        struct wall_time now = wall_now();
        const struct { struct path_rules rules; enum path_problem want; } cases[] = {
                {{.at = now, .policies = sign, .policy_count = 1, .explicit_policy = true}, PATH_GOOD},
                {{.at = now, .policies = both, .policy_count = 2, .explicit_policy = true}, PATH_GOOD},
                {{.at = now, .policies = other, .policy_count = 1, .explicit_policy = true}, PATH_POLICY},
                {{.at = now, .explicit_policy = true}, PATH_GOOD}, /* any policy, but one there must be */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                if (judge(anchors, "applicant-850412390011", &cases[i].rules, 2) != cases[i].want)
                        fail_msg("policies %zu", i);
        gw_auto(x509_crl) X509_CRL *own = crl_of("issuing"), *foreign = crl_of("foreign-issuing");
        for (int which = 0; which < 3; which++) { /* the right list, another authority's, none */
                STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
                if (which < 2)
                        assert_true(sk_X509_CRL_push(crls, which == 0 ? own : foreign) > 0);
                struct wall_time made;
                assert_true(x509_time(X509_CRL_get0_lastUpdate(own), &made));
                struct path_rules rules = {.at = now, .crls = crls}, early = {.at = {made.ms - 1000}, .no_leaf_dates = true, .crls = crls};
                assert_int_equal(judge(anchors, "applicant-850412390011", &rules, 2), which == 0 ? PATH_GOOD : PATH_REVOCATION_UNKNOWN);
                assert_int_equal(judge(anchors, "bad-revoked", &rules, 2), which == 0 ? PATH_REVOKED : PATH_REVOCATION_UNKNOWN);
                assert_int_equal(judge(anchors, "applicant-850412390011", &early, 2), PATH_REVOCATION_UNKNOWN); /* before any list was made */
                sk_X509_CRL_free(crls);
        }
}

int main(void)
{
        verify_init();
        const struct CMUnitTest tests[] = {cmocka_unit_test(anchor_sets), cmocka_unit_test(dates_and_issuers), cmocka_unit_test(on_offer), cmocka_unit_test(policies_and_lists)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
