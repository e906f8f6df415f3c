/* Trust in time stamps: good tokens, and each thing that may be wrong with one. The authority is `openssl ts`. */
#include "gateway/verify/time_stamp.h"
#include "tests/unit/helper_cms.h"

#define STAMPED span_str("a signature value")

static struct verifier *verifier_with(void (*change)(struct verify_policy *policy))
{
        auto_str char *trust = pki_file("trust", "", "");
        struct verify_policy policy = test_policy();
        if (change)
                change(&policy);
        return open_verifier(trust, &policy);
}

static enum gw_rc check(struct verifier *verifier, struct span token, struct span stamped, int64_t later_ms, struct why *why)
{
        struct time_stamp stamp = {0};
        enum gw_rc rc = time_stamp_check(verifier, SIG_APPLICANT, token, stamped, (struct wall_time){wall_now().ms + later_ms}, &stamp, why);
        if (rc == GW_OK) {
                assert_string_equal(stamp.policy, "1.2.398.3.3.2.6.4");
                assert_string_equal(stamp.algorithm, "rsa-sha256");
                assert_string_equal(stamp.serial, "02");
                assert_true(llabs(wall_now().ms - stamp.at.ms) < 60000);
                assert_non_null(stamp.authority);
        }
        time_stamp_done(&stamp);
        return rc;
}

static void expect(const char *name, struct verifier *verifier, struct span token, struct span stamped, int64_t later_ms, enum gw_rc want_rc, int want, const char *detail)
{
        struct why why = WHY_INIT;
        enum gw_rc rc = check(verifier, token, stamped, later_ms, &why);
        if (rc != want_rc || why.reason != want || !strstr(why.detail, detail))
                fail_msg("%s: got %d %s (%s)", name, rc, reason_info(why.reason)->name, why.detail);
}

#define BAD GW_REJECT, REASON_APPLICANT_SIGNATURE_TIMESTAMP

static const char *const our_policies[] = {"1.2.3", "1.2.398.3.3.2.6.4"}, *const other_policies[] = {"1.2.398.3.3.2.6.1"};
static void ours(struct verify_policy *policy)
{
        policy->stamp_policies = our_policies;
        policy->stamp_policy_count = GW_COUNT(our_policies);
}
static void others(struct verify_policy *policy)
{
        policy->stamp_policies = other_policies;
        policy->stamp_policy_count = GW_COUNT(other_policies);
}

static enum revocation_answer answer;
static void hook(void *ctx GW_UNUSED, const struct certificate *certificate GW_UNUSED, X509 *issuer, struct wall_time at GW_UNUSED, struct revocation_status *ret)
{
        assert_non_null(issuer);
        ret->answer = answer;
}
static void asking(struct verify_policy *policy)
{
        policy->revocation = hook;
}

static void a_good_token(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = verifier_with(NULL), *with_ours = verifier_with(ours), *with_others = verifier_with(others);
        auto_buf struct buf response = BUF_INIT, sha1 = BUF_INIT;
        make_token(STAMPED, "-sha256", "tsa", "", &response);
        make_token(STAMPED, "-sha1", "tsa", "", &sha1);
        struct span token = token_of(&response);
        expect("good", verifier, token, STAMPED, 0, GW_OK, 0, "");
        expect("policy on the list", with_ours, token, STAMPED, 0, GW_OK, 0, "");
        expect("policy not on the list", with_others, token, STAMPED, 0, BAD, "policy");
        expect("other bytes", verifier, token, span_str("another value"), 0, BAD, "something else");
        expect("SHA-1", verifier, token_of(&sha1), STAMPED, 0, BAD, "digest");
        expect("within the skew", verifier, token, STAMPED, -30000, GW_OK, 0, "");
        expect("in the future", verifier, token, STAMPED, -120000, BAD, "future");
        expect("long after the authority's certificate has expired", verifier, token, STAMPED, 800 * 86400000LL, GW_OK, 0, "");
        auto_buf struct buf minute = BUF_INIT, vague = BUF_INIT;
        make_token(STAMPED, "-sha256", "tsa", "accuracy = secs:60", &minute);
        make_token(STAMPED, "-sha256", "tsa", "accuracy = secs:61", &vague);
        expect("exact to a minute", verifier, token_of(&minute), STAMPED, 0, GW_OK, 0, "");
        expect("exact to more than a minute", verifier, token_of(&vague), STAMPED, 0, BAD, "exact to 61 s only");
        expect("no token", verifier, span_str("MII"), STAMPED, 0, BAD, "");
}

static void authorities(void **state GW_UNUSED)
{
        static const struct { const char *signer, *detail; } cases[] = {
                {"bad-auth", "not for time stamps"}, {"applicant-850412390011", "not for time stamps"},
        };
        auto_verifier struct verifier *verifier = verifier_with(NULL);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                /* `openssl ts` itself refuses such a signer, so the token is put together as a CMS over TSTInfo. */
                auto_buf struct buf response = BUF_INIT, token = BUF_INIT, hex = BUF_INIT;
                make_token(STAMPED, "-sha256", "tsa", "", &response);
                struct why why = WHY_INIT;
                auto_cms struct cms *cms = NULL;
                assert_int_equal(cms_read(token_of(&response), TST_INFO_OID, &cms, &why), CMS_OK);
                struct span info = cms_content(cms);
                for (size_t k = 0; k < info.n; k++)
                        buf_printf(&hex, "\\x%02x", info.p[k]);
                auto_str char *command = xasprintf("/usr/bin/printf '%s' > $D/in; openssl cms -sign -binary -cades -nodetach -econtent_type 1.2.840.113549.1.9.16.1.4 -in $D/in -outform DER "
                                                   "-out $D/out -signer $PKI/certs/%s.pem -inkey $PKI/keys/%s.key", buf_cstr(&hex), cases[i].signer, cases[i].signer);
                shell(command, &token);
                expect(cases[i].signer, verifier, buf_span(&token), STAMPED, 0, BAD, cases[i].detail);
        }
        /* Another trust folder: the authority leads nowhere. */
        auto_str char *folder = xasprintf("/tmp/egov-trust-%d", getpid()), *make = NULL, *from = pki_file("ca", "foreign-root", ".pem");
        make = xasprintf("mkdir -p %s && cp %s %s/", folder, from, folder);
        assert_int_equal(system(make), 0);
        struct verify_policy policy = test_policy();
        auto_verifier struct verifier *foreign = open_verifier(folder, &policy);
        auto_buf struct buf response = BUF_INIT;
        make_token(STAMPED, "-sha256", "tsa", "", &response);
        expect("foreign", foreign, token_of(&response), STAMPED, 0, BAD, "");
        auto_str char *clean = xasprintf("rm -rf %s", folder);
        assert_int_equal(system(clean), 0);
}

static void revocation(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = verifier_with(asking);
        auto_buf struct buf response = BUF_INIT;
        make_token(STAMPED, "-sha256", "tsa", "", &response);
        struct span token = token_of(&response);
        answer = REVOCATION_GOOD;
        expect("good", verifier, token, STAMPED, 0, GW_OK, 0, "");
        answer = REVOCATION_BAD;
        expect("revoked", verifier, token, STAMPED, 0, BAD, "revoked");
        answer = REVOCATION_UNKNOWN;
        expect("unknown", verifier, token, STAMPED, 0, GW_RETRY, REASON_APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(a_good_token), cmocka_unit_test(authorities), cmocka_unit_test(revocation)};
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
