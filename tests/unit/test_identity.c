/* Allowed and fresh: numbers, applicant, sender, dates. */
#include "tests/unit/helper_xmlsec1.h"

static struct certificate person(const char *number, unsigned roles, bool for_signing)
{
        struct certificate certificate = {.roles = roles, .for_signing = for_signing};
        snprintf(certificate.iin, sizeof certificate.iin, "%s", number);
        return certificate;
}

static void applicant(void **state GW_UNUSED)
{
        static const struct {
                const char *name, *signer;
                unsigned roles;
                bool for_signing;
                const char *declarant, *representative;
                int want;
        } cases[] = {
                {"declarant", "850412390011", ROLE_INDIVIDUAL, true, "850412390011", NULL, REASON_NONE},
                {"declarant, though a representative is named", "850412390011", ROLE_INDIVIDUAL, true, "850412390011", "870930490018", REASON_NONE},
                {"representative", "870930490018", ROLE_INDIVIDUAL, true, "850412390011", "870930490018", REASON_NONE},
                {"stranger", "850412390021", ROLE_INDIVIDUAL, true, "850412390011", NULL, REASON_APPLICANT_IIN_MISMATCH},
                {"stranger, with a representative", "850412390021", ROLE_INDIVIDUAL, true, "850412390011", "870930490018", REASON_APPLICANT_IIN_MISMATCH},
                {"no declarant", "850412390011", ROLE_INDIVIDUAL, true, NULL, NULL, REASON_APPLICANT_IIN_INVALID},
                {"declarant's number wrong", "850412390011", ROLE_INDIVIDUAL, true, "850412390012", NULL, REASON_APPLICANT_IIN_INVALID},
                {"representative's number wrong", "850412390011", ROLE_INDIVIDUAL, true, "850412390011", "870930490019", REASON_APPLICANT_IIN_INVALID},
                {"signer's number wrong", "123456789011", ROLE_INDIVIDUAL, true, "123456789011", NULL, REASON_APPLICANT_IIN_INVALID},
                {"AUTH", "850412390011", ROLE_INDIVIDUAL, false, "850412390011", NULL, REASON_APPLICANT_CERTIFICATE_USAGE},
                {"no role", "850412390011", 0, true, "850412390011", NULL, REASON_APPLICANT_CERTIFICATE_ROLE},
                {"legal", "850412390011", ROLE_LEGAL | ROLE_EMPLOYEE, true, "850412390011", NULL, REASON_APPLICANT_CERTIFICATE_ROLE},
                {"both roles", "850412390011", ROLE_INDIVIDUAL | ROLE_LEGAL, true, "850412390011", NULL, REASON_APPLICANT_CERTIFICATE_ROLE},
                {"no IIN", "", ROLE_INDIVIDUAL, true, "850412390011", NULL, REASON_APPLICANT_CERTIFICATE_ROLE},
        };
        auto_verifier struct verifier *verifier = open_test_verifier();
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct certificate signer = person(cases[i].signer, cases[i].roles, cases[i].for_signing);
                struct why why = WHY_INIT;
                enum gw_rc rc = verify_applicant_allowed(verifier, &signer, cases[i].declarant, cases[i].representative, &why);
                int got = rc == GW_OK ? REASON_NONE : why.reason;
                if (got != cases[i].want)
                        fail_msg("%s: got %s (%s)", cases[i].name, reason_info(got)->name, why.detail);
        }
}

/* НУЦ's test people have numbers with neither a real date nor a right check digit. */
static void test_people_when_switched_off(void **state GW_UNUSED)
{
        struct verify_policy policy = test_policy();
        policy.iin_check_digit = false;
        auto_str char *trust = pki_file("trust", "", "");
        auto_verifier struct verifier *verifier = open_verifier(trust, &policy);
        struct certificate signer = person("123456789011", ROLE_INDIVIDUAL, true);
        struct why why = WHY_INIT;
        assert_int_equal(verify_applicant_allowed(verifier, &signer, "123456789011", NULL, &why), GW_OK);
        assert_int_equal(verify_applicant_allowed(verifier, &signer, "123456789012", NULL, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_APPLICANT_IIN_MISMATCH);
        assert_int_equal(verify_applicant_allowed(verifier, &signer, "12345678901", NULL, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_APPLICANT_IIN_INVALID);
}

static void sender(void **state GW_UNUSED)
{
        static const char own[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        static const char other[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
        static const char both[] = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB, AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,";
        static const char longer[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        static const struct {
                const char *name, *bin, *fingerprints;
                unsigned roles;
                bool for_signing;
                int want;
        } cases[] = {
                {"by BIN", "091240900012", NULL, ROLE_SYSTEM, true, REASON_NONE},
                {"by fingerprint", NULL, own, ROLE_SYSTEM, true, REASON_NONE},
                {"one of two fingerprints", "", both, ROLE_SYSTEM, true, REASON_NONE},
                {"by both", "091240900012", own, ROLE_SYSTEM | ROLE_LEGAL, true, REASON_NONE},
                {"nothing bound", NULL, NULL, ROLE_SYSTEM, true, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"empty binding", "", "", ROLE_SYSTEM, true, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"another BIN", "160640900019", NULL, ROLE_SYSTEM, true, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"BIN right, fingerprint wrong", "091240900012", other, ROLE_SYSTEM, true, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"fingerprint right, BIN wrong", "160640900019", own, ROLE_SYSTEM, true, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"only a prefix", NULL, "aaaa", ROLE_SYSTEM, true, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"longer", NULL, longer, ROLE_SYSTEM, true, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"not a system", "091240900012", own, ROLE_LEGAL | ROLE_HEAD, true, REASON_TRANSPORT_CERTIFICATE_ROLE},
                {"not for signing", "091240900012", own, ROLE_SYSTEM, false, REASON_TRANSPORT_CERTIFICATE_USAGE},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct certificate certificate = {.roles = cases[i].roles, .for_signing = cases[i].for_signing, .bin = "091240900012", .serial = "01"};
                memset(certificate.sha256, 0xaa, sizeof certificate.sha256);
                struct sender_binding binding = {cases[i].bin, cases[i].fingerprints};
                struct why why = WHY_INIT;
                enum gw_rc rc = verify_sender_allowed(&certificate, &binding, &why);
                int got = rc == GW_OK ? REASON_NONE : why.reason;
                if (got != cases[i].want)
                        fail_msg("%s: got %s (%s)", cases[i].name, reason_info(got)->name, why.detail);
        }
        struct certificate nobody = {.roles = ROLE_SYSTEM, .for_signing = true};
        struct why why = WHY_INIT;
        assert_int_equal(verify_sender_allowed(&nobody, &(struct sender_binding){"", NULL}, &why), GW_REJECT); /* "" is not a BIN */
}

static void fresh(void **state GW_UNUSED)
{
        struct verify_policy policy = test_policy();
        const int64_t now = 1790000000000, age = policy.message_age_max_ms, future = policy.message_future_max_ms;
        const struct {
                int64_t date;
                int want;
        } cases[] = {
                {now, REASON_NONE},           {now - age, REASON_NONE},       {now - age - 1, REASON_MESSAGE_DATE_STALE}, {0, REASON_MESSAGE_DATE_STALE},
                {now + future, REASON_NONE},  {now + future + 1, REASON_MESSAGE_DATE_FUTURE},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                enum gw_rc rc = verify_fresh(&policy, (struct wall_time){cases[i].date}, (struct wall_time){now}, &why);
                assert_int_equal(rc == GW_OK ? REASON_NONE : why.reason, cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(applicant),
                cmocka_unit_test(test_people_when_switched_off),
                cmocka_unit_test(sender),
                cmocka_unit_test(fresh),
        };
        return cmocka_run_group_tests(tests, setup_verify, NULL);
}
