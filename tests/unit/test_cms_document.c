/* The applicant's signature as CMS: trust, time stamps and their policies. All signatures are OpenSSL's. */
#include "gateway/verify/cms_document.h"
#include "tests/unit/helper_cms.h"

#define DAY_MS 86400000LL
#define NOTHING span_of(NULL, 0)

static struct verify_policy policy;
static const char *trust_folder; /* NULL: the test PKI's */
static enum revocation_answer answer;
static void hook(void *ctx GW_UNUSED, const struct certificate *certificate, X509 *issuer GW_UNUSED, struct wall_time at GW_UNUSED, struct revocation_status *ret)
{
        ret->answer = *certificate->iin ? answer : REVOCATION_GOOD; /* the authority of the stamps is good */
}

static int verify_at(struct span bytes, struct span detached, int64_t later_ms, struct verified_cms *ret, struct why *why)
{
        auto_str char *trust = pki_file("trust", "", "");
        auto_verifier struct verifier *verifier = open_verifier(trust_folder ? trust_folder : trust, &policy);
        enum gw_rc rc = verify_cms(verifier, bytes, detached, (struct wall_time){wall_now().ms + later_ms}, ret, why);
        assert_int_equal(rc == GW_OK, why->reason == REASON_NONE);
        return why->reason;
}

static void expect(const char *name, struct span bytes, struct span detached, int64_t later_ms, int want)
{
        struct verified_cms verified = {.signer_count = 0};
        struct why why = WHY_INIT;
        int got = verify_at(bytes, detached, later_ms, &verified, &why);
        if (got != want)
                fail_msg("%s: got %s (%s), want %s", name, reason_info(got)->name, why.detail, reason_info(want)->name);
        if (got == REASON_NONE)
                assert_true(span_eq_str(verified.content, CONTENT));
        else
                assert_int_equal(verified.signer_count, 0);
        verified_cms_done(&verified);
}

static void signers(void **state GW_UNUSED)
{
        static const struct { const char *command; int want; } cases[] = {
                {OPENSSL_CMS "-nodetach -cades" BY(RSA_SIGNER), REASON_NONE},
                {OPENSSL_CMS "-nodetach" BY(RSA_SIGNER), REASON_NONE},
                {OPENSSL_CMS "-nodetach -stream" BY(RSA_SIGNER), REASON_NONE},
                {OPENSSL_CMS "-nodetach" BY(RSA_SIGNER) BY("applicant-870930490018"), REASON_NONE},
                {OPENSSL_CMS "-nodetach" BY("applicant-790321490015"), REASON_NONE},
                {OPENSSL_CMS "-nodetach" BY(RSA_SIGNER) BY("bad-expired"), REASON_APPLICANT_CERTIFICATE_EXPIRED},
                {OPENSSL_CMS "-nodetach" BY("bad-expired"), REASON_APPLICANT_CERTIFICATE_EXPIRED},
                {OPENSSL_CMS "-nodetach" BY("bad-notyet"), REASON_APPLICANT_CERTIFICATE_NOT_YET_VALID},
                {OPENSSL_CMS "-nodetach" BY("bad-auth"), REASON_APPLICANT_CERTIFICATE_USAGE},
                {OPENSSL_CMS "-nodetach" BY("bad-ca-as-leaf"), REASON_APPLICANT_CERTIFICATE_USAGE},
                {OPENSSL_CMS "-nodetach" BY("bad-foreign-ca"), REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {OPENSSL_CMS "-nodetach" BY("bad-selfsigned"), REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {OPENSSL_CMS "-nodetach" BY("bad-weak"), REASON_APPLICANT_KEY_WEAK},
                {OPENSSL_CMS "-nodetach -md sha1" BY(RSA_SIGNER), REASON_APPLICANT_SIGNATURE_ALGORITHM},
                {OPENSSL_CMS "-nodetach -noattr" BY(RSA_SIGNER), REASON_APPLICANT_SIGNATURE_PROPERTIES},
                {OPENSSL_CMS "-nodetach -nocerts" BY(RSA_SIGNER), REASON_APPLICANT_CERTIFICATE_UNREADABLE},
                {OPENSSL_CMS BY(RSA_SIGNER), REASON_APPLICANT_SIGNATURE_COVERAGE},
                {OPENSSL_CMS "-nodetach -econtent_type 1.2.3.4" BY(RSA_SIGNER), REASON_APPLICANT_SIGNATURE_STRUCTURE},
                {"cp $D/in $D/out", REASON_CMS_MALFORMED},
                {OPENSSL_CMS "-nodetach" BY("applicant-850412390011") BY("applicant-870930490018") BY("applicant-850412390021") BY("applicant-480509390010") BY("applicant-410115490012"),
                 REASON_APPLICANT_SIGNATURE_SEVERAL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf der = BUF_INIT;
                shell(cases[i].command, &der);
                expect(cases[i].command, buf_span(&der), NOTHING, 0, cases[i].want);
        }
}

static void detached(void **state GW_UNUSED)
{
        auto_buf struct buf der = BUF_INIT;
        shell(OPENSSL_CMS "-cades" BY(RSA_SIGNER), &der);
        expect("its content", buf_span(&der), span_str(CONTENT), 0, REASON_NONE);
        expect("another", buf_span(&der), span_str("other"), 0, REASON_APPLICANT_SIGNATURE_DIGEST);
        expect("none", buf_span(&der), NOTHING, 0, REASON_APPLICANT_SIGNATURE_COVERAGE);
}

static void stamped_cms_with(const char *signer, const char *query, const char *options, const char *token_options, struct buf *out)
{
        auto_str char *command = xasprintf(OPENSSL_CMS "-nodetach -cades %s -signer $PKI/certs/%s.pem -inkey $PKI/keys/%s.key", options, signer, signer);
        auto_buf struct buf der = BUF_INIT, value = BUF_INIT, response = BUF_INIT;
        shell(command, &der);
        signature_of(buf_span(&der), &value);
        make_token(buf_span(&value), query, "tsa", token_options, &response);
        add_stamp(buf_span(&der), token_of(&response), out);
}

static void stamped_cms(const char *signer, const char *query, struct buf *out)
{
        stamped_cms_with(signer, query, "", "", out);
}

/* RFC 5652 5.1: the bag holds what paths need; with the root alone as anchor only it leads there, and it is trusted no more than that. */
static void intermediates(void **state GW_UNUSED)
{
        static const struct { const char *command; int want; } cases[] = {
                {OPENSSL_CMS "-nodetach" BY(RSA_SIGNER), REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {OPENSSL_CMS "-nodetach -certfile $PKI/trust/gost-issuing.pem" BY(RSA_SIGNER), REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {OPENSSL_CMS "-nodetach -certfile $PKI/ca/foreign-root.pem" BY("bad-foreign-ca"), REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
                {OPENSSL_CMS "-nodetach -certfile $PKI/trust/issuing.pem" BY(RSA_SIGNER), REASON_NONE},
        };
        auto_str char *folder = root_alone(), *issuer = with_issuer();
        trust_folder = folder;
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf der = BUF_INIT;
                shell(cases[i].command, &der);
                expect(cases[i].command, buf_span(&der), NOTHING, 0, cases[i].want);
        }
        auto_buf struct buf bare = BUF_INIT, signers = BUF_INIT, both = BUF_INIT;
        stamped_cms_with(RSA_SIGNER, "-sha256", "", issuer, &bare);
        stamped_cms_with(RSA_SIGNER, "-sha256", "-certfile $PKI/trust/issuing.pem", "", &signers);
        stamped_cms_with(RSA_SIGNER, "-sha256", "-certfile $PKI/trust/issuing.pem", issuer, &both);
        expect("stamped, only the token has its issuer", buf_span(&bare), NOTHING, 0, REASON_APPLICANT_CERTIFICATE_UNTRUSTED);
        expect("stamped, the token has no issuer", buf_span(&signers), NOTHING, 0, REASON_APPLICANT_SIGNATURE_TIMESTAMP);
        expect("stamped, both have theirs", buf_span(&both), NOTHING, 0, REASON_NONE);
        trust_folder = NULL;
        remove_trust(folder);
}

/* Issue "Time": the verdict is for the instant of receipt, or of a trusted time stamp. */
static void time_stamps(void **state GW_UNUSED)
{
        auto_buf struct buf der = BUF_INIT, sha1 = BUF_INIT, plain = BUF_INIT, expired = BUF_INIT, foreign = BUF_INIT, response = BUF_INIT;
        stamped_cms(RSA_SIGNER, "-sha256", &der);
        stamped_cms(RSA_SIGNER, "-sha1", &sha1);
        stamped_cms("bad-expired", "-sha256", &expired);
        shell(OPENSSL_CMS "-nodetach -cades" BY(RSA_SIGNER), &plain);
        make_token(span_str("another signature"), "-sha256", "tsa", "", &response);
        add_stamp(buf_span(&plain), token_of(&response), &foreign);
        struct verified_cms verified = {.signer_count = 0};
        struct why why = WHY_INIT;
        assert_int_equal(verify_at(buf_span(&der), NOTHING, 0, &verified, &why), REASON_NONE);
        assert_true(verified.signers[0].has_stamp);
        assert_true(wall_now().ms - verified.signers[0].stamp.at.ms < 60000);
        verified_cms_done(&verified);
        expect("a bad stamp is never ignored", buf_span(&sha1), NOTHING, 0, REASON_APPLICANT_SIGNATURE_TIMESTAMP);
        expect("of another signature", buf_span(&foreign), NOTHING, 0, REASON_APPLICANT_SIGNATURE_TIMESTAMP);
        expect("expired at the stamp already", buf_span(&expired), NOTHING, 0, REASON_APPLICANT_CERTIFICATE_EXPIRED);
        expect("no stamp, not required", buf_span(&plain), NOTHING, 0, REASON_NONE);
        policy.stamp_required = true;
        expect("no stamp, required", buf_span(&plain), NOTHING, 0, REASON_APPLICANT_SIGNATURE_TIMESTAMP_MISSING);
        expect("a stamp, required", buf_span(&der), NOTHING, 0, REASON_NONE);
        policy.stamp_required = false;
        expect("expired since, without a stamp", buf_span(&plain), NOTHING, 400 * DAY_MS, REASON_APPLICANT_CERTIFICATE_EXPIRED);
        expect("expired since", buf_span(&der), NOTHING, 400 * DAY_MS, REASON_APPLICANT_CERTIFICATE_EXPIRED_SINCE);
        policy.expired_with_stamp = true;
        expect("expired since, which policy accepts", buf_span(&der), NOTHING, 400 * DAY_MS, REASON_NONE);
        policy.stamp_age_max_ms = 300 * DAY_MS;
        expect("the stamp is too old to stand in", buf_span(&der), NOTHING, 400 * DAY_MS, REASON_APPLICANT_CERTIFICATE_EXPIRED_SINCE);
        expect("an old stamp of a current certificate", buf_span(&der), NOTHING, 320 * DAY_MS, REASON_NONE);
        policy = test_policy();
        policy.revocation = hook;
        answer = REVOCATION_BAD;
        expect("revoked, whenever", buf_span(&der), NOTHING, 0, REASON_APPLICANT_CERTIFICATE_REVOKED);
        answer = REVOCATION_UNKNOWN;
        expect("unknown is not good", buf_span(&der), NOTHING, 0, REASON_APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN);
        answer = REVOCATION_GOOD;
        expect("good", buf_span(&der), NOTHING, 0, REASON_NONE);
        policy = test_policy();
}

/* The public vectors against the public test authorities, at an instant when their signers were current. */
static void national_vectors(void **state GW_UNUSED)
{
        static const struct { const char *file, *detached, *at; size_t signers; int want; } cases[] = {
                {"CmsServiceTest.SIGNED_CMS_ONE_SIGNER.p7s", NULL, "2021-06-01T00:00:00Z", 1, REASON_NONE},
                {"CmsServiceTest.SIGNED_CMS_ONE_SIGNER.p7s", NULL, "2022-06-01T00:00:00Z", 1, REASON_APPLICANT_CERTIFICATE_EXPIRED},
                /* The two signers were never current together; the GOST authority is of 2022. */
                {"CmsServiceTest.SIGNED_CMS.two-signers.p7s", NULL, "2022-09-01T00:00:00Z", 2, REASON_APPLICANT_CERTIFICATE_EXPIRED},
                {"CmsServiceTest.SIGNED_CMS.two-signers.p7s", NULL, "2021-09-01T00:00:00Z", 2, REASON_APPLICANT_CERTIFICATE_UNTRUSTED},
        };
        auto_str char *ca = vector_path("ncanode-testdata/ca"), *gost = vector_path("ncanode-go-testdata/nca_gost2022_test.cer");
        if (!ca || !gost)
                return;
        auto_str char *folder = xasprintf("/tmp/egov-ca-%d", getpid()), *make = xasprintf("mkdir -p %s && cp %s/nca_rsa_test.crt %s %s/", folder, ca, gost, folder);
        auto_str char *clean = xasprintf("rm -rf %s", folder);
        assert_int_equal(system(make), 0);
        struct verify_policy rules = test_policy();
        auto_verifier struct verifier *verifier = open_verifier(folder, &rules);
        assert_int_equal(system(clean), 0);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *name = xasprintf("ncanode-testdata/signed/%s", cases[i].file), *path = vector_path(name);
                auto_buf struct buf der = BUF_INIT;
                assert_true(text_read_file(path, &der));
                struct verified_cms verified = {.signer_count = 0};
                struct why why = WHY_INIT;
                enum gw_rc rc = verify_cms(verifier, buf_span(&der), NOTHING, instant(cases[i].at), &verified, &why);
                if (why.reason != cases[i].want || (rc == GW_OK) != (cases[i].want == REASON_NONE))
                        fail_msg("%s: got %s (%s)", cases[i].file, reason_info(why.reason)->name, why.detail);
                if (rc == GW_OK)
                        assert_string_equal(verified.signers[0].certificate->iin, "123456789011");
                verified_cms_done(&verified);
        }
}

static int setup(void **state)
{
        policy = test_policy();
        return setup_verify(state);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(signers), cmocka_unit_test(detached), cmocka_unit_test(intermediates), cmocka_unit_test(time_stamps), cmocka_unit_test(national_vectors)};
        return cmocka_run_group_tests(tests, setup, NULL);
}
