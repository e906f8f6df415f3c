/* Reports: what they say, and what they must not (I8). */
#include "gateway/report/report.h"
#include "tests/unit/helper_gost.h"

#define IIN "850412390011"
#define NAME "АХМЕТОВ" /* of the applicant in the test PKI */

GW_DEFINE_AUTO(json, json_t, json_decref)

static struct verifier *verifier_of(bool gost_2004)
{
        struct verify_policy policy = {.iin_check_digit = true, .gost2004_until = {gost_2004 ? 0 : 1}};
        struct verifier *verifier = NULL;
        struct why why = WHY_INIT;
        auto_str char *trust = pki_file("trust", "", "");
        if (verifier_open(trust, &policy, &verifier, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return verifier;
}

static const char *text_at(const json_t *object, const char *key)
{
        return json_string_value(json_object_get(object, key));
}

static void texts(void **state GW_UNUSED)
{
        gw_auto(json) json_t *o = json_object();
        report_put(o, "none", NULL);
        report_put(o, "empty", "");
        report_put(o, "text", "«ҮЛГІ»\n");
        report_put(o, "broken", "\xd0");
        assert_int_equal(json_object_size(o), 2);
        assert_string_equal(text_at(o, "text"), "«ҮЛГІ»\n");
        assert_string_equal(text_at(o, "broken"), "?");
}

static void verdicts(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = verifier_of(true), *other = verifier_of(false);
        gw_auto(json) json_t *good = report_new(verifier, (struct wall_time){1790000000000}), *bad = report_new(other, (struct wall_time){1790000000000}), *same = report_new(verifier, wall_now());
        struct why why = WHY_INIT;
        report_verdict(good, GW_OK, &why);
        assert_true(json_is_true(json_object_get(good, "valid")));
        assert_string_equal(text_at(good, "code"), "OK");
        assert_string_equal(text_at(good, "at"), "2026-09-21T19:13:20.000+05:00");
        assert_null(json_object_get(good, "advice"));
        enum gw_rc rc = why_set(&why, GW_REJECT, REASON_APPLICANT_SIGNATURE_DIGEST, "the content of Reference 1 was changed");
        report_verdict(bad, rc, &why);
        assert_true(json_is_false(json_object_get(bad, "valid")));
        assert_string_equal(text_at(bad, "code"), "APPLICANT_SIGNATURE_DIGEST");
        assert_string_equal(text_at(bad, "detail"), "the content of Reference 1 was changed");
        assert_non_null(text_at(bad, "explanation"));
        assert_non_null(text_at(bad, "side"));
        assert_non_null(text_at(bad, "advice"));
        /* other rules, another name */
        assert_string_equal(text_at(good, "policy"), text_at(same, "policy"));
        assert_string_not_equal(text_at(good, "policy"), text_at(bad, "policy"));
}

static struct revocation_record *record_of(const struct certificate *c)
{
        struct revocation_record *record = xcalloc(1, sizeof *record);
        struct revocation_note *note = &record->notes[record->count++];
        memcpy(note->certificate_sha256, c->sha256, 32);
        snprintf(note->serial, sizeof note->serial, "%s", c->serial);
        note->status = (struct revocation_status){.answer = REVOCATION_BAD, .source = REVOCATION_FROM_CRL, .this_update = {1790000000000}, .next_update = {1790086400000}, .revoked_at = {1789000000000}};
        note->evidence[0] = xcalloc(1, sizeof *note->evidence[0]);
        note->evidence[0]->references = 1;
        note->evidence[0]->sha256[0] = 0xab;
        return record;
}

static void certificates(void **state GW_UNUSED)
{
        auto_verifier struct verifier *verifier = verifier_of(true);
        auto_str char *base64 = certificate_base64("applicant-" IIN);
        auto_buf struct buf der = BUF_INIT;
        struct why why = WHY_INIT;
        auto_certificate struct certificate *c = NULL;
        assert_true(text_unbase64(&der, span_str(base64)));
        assert_int_equal(certificate_decode(buf_span(&der), &c, &why), GW_OK);
        gw_auto(json) json_t *unasked = report_certificate(verifier, c, NULL);
        assert_null(json_object_get(unasked, "revocation"));
        struct revocation_record *record = record_of(c);
        gw_auto(json) json_t *report = report_certificate(verifier, c, record), *rest = report_revocations(record, (struct wall_time){1790000060000});
        assert_string_equal(text_at(report, "iin"), "85******0011");
        assert_string_equal(text_at(report, "serial"), c->serial);
        assert_string_equal(json_string_value(json_array_get(json_object_get(report, "roles"), 0)), "individual");
        assert_int_equal(json_integer_value(json_object_get(report, "keyBits")), 2048);
        const json_t *revocation = json_object_get(json_array_get(rest, 0), "revocation");
        assert_string_equal(text_at(json_object_get(report, "revocation"), "answer"), "BAD");
        assert_string_equal(text_at(revocation, "source"), "CRL");
        assert_int_equal(json_integer_value(json_object_get(revocation, "ageSeconds")), 60);
        assert_null(json_object_get(revocation, "producedAt"));
        assert_int_equal(json_array_size(json_object_get(revocation, "evidence")), 1);
        assert_int_equal(strncmp(json_string_value(json_array_get(json_object_get(revocation, "evidence"), 0)), "ab00", 4), 0);
        /* another certificate's note is not this one's */
        record->notes[0].certificate_sha256[0] ^= 1;
        gw_auto(json) json_t *other = report_certificate(verifier, c, record);
        assert_null(json_object_get(other, "revocation"));
        auto_str char *all = json_dumps(report, 0);
        assert_null(strstr(all, IIN));
        assert_null(strstr(all, NAME));
        revocation_record_done(record);
        free(record);
}

static void facts(void **state GW_UNUSED)
{
        struct signature_facts f = {.level = "CAdES-T", .algorithm = "rsa-sha256", .covered_count = 1, .covered = {{"content", "sha256", "AAAA"}}, .signing_time = {1790000000000},
                                    .stamped_at = {1790000001000}, .stamp_policy = "1.2.398.3.3.2.6.4", .stamp_authority = "TSA"};
        gw_auto(json) json_t *stamped = json_object(), *bare = json_object();
        report_facts(stamped, &f);
        assert_string_equal(text_at(json_object_get(stamped, "timeStamp"), "time"), "2026-09-21T19:13:21.000+05:00");
        assert_string_equal(text_at(json_object_get(stamped, "timeStamp"), "policy"), "1.2.398.3.3.2.6.4");
        assert_string_equal(text_at(json_array_get(json_object_get(stamped, "covered"), 0), "digest"), "AAAA");
        f.stamped_at.ms = f.signing_time.ms = 0;
        report_facts(bare, &f);
        assert_null(json_object_get(bare, "timeStamp"));
        assert_null(json_object_get(bare, "claimedSigningTime"));
}

int main(void)
{
        verify_init();
        const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(verdicts), cmocka_unit_test(certificates), cmocka_unit_test(facts)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
