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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(public_lists),
        };
        return cmocka_run_group_tests(tests, world_make, world_free);
}
