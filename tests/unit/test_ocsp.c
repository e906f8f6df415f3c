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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(public_answers),
        };
        return cmocka_run_group_tests(tests, world_make, world_free);
}
