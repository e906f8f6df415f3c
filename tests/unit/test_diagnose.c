/* diagnose/ through its headers: forms, search, report. Every usual mistake, made by signers of our own, is in tests/system/test_diagnose.py. */
#include "gateway/diagnose/diagnose.h"
#include "gateway/diagnose/digest_search.h"
#include "gateway/sign/xml_sign.h"
#include "tests/unit/helper_gost.h"

GW_DEFINE_AUTO(json, json_t, json_decref)
GW_DEFINE_AUTO(local_key, struct signing_key, local_key_close)
#define DOCUMENT "<a xmlns=\"urn:a\"><b Id=\"x\">1</b><c/></a>"

#define CANONICAL "<a xmlns=\"urn:a\"><b Id=\"x\">1</b><c></c></a>"

static xmlDoc *read_xml(const char *text)
{
        xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        if (xml_read(span_str(text), &xml_limits_default, &doc, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return doc;
}

static void names(void **state GW_UNUSED)
{
        assert_int_equal(form_hash_of("http://www.w3.org/2001/04/xmlenc#sha256"), HASH_SHA256);
        assert_int_equal(form_hash_of("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"), HASH_SHA512);
        assert_int_equal(form_hash_of("urn:none"), HASH_UNKNOWN);
        assert_int_equal(form_hash_of(""), HASH_UNKNOWN);
        assert_int_equal(form_text_of(URI_EXC, TEXT_COUNT), TEXT_EXC);
        assert_int_equal(form_text_of(URI_C14N, TEXT_COUNT), TEXT_INC);
        assert_int_equal(form_text_of("urn:none", TEXT_COUNT), TEXT_COUNT);
        assert_string_equal(notes_language("ru", "kk", "ru", "en"), "ru");
        assert_string_equal(notes_language("xx", "kk", "ru", "en"), "en");
}

/* What a claim is found to be: the codes, comma-separated. */
static char *search(const char *document, struct span digested, const char *hexadecimal, struct span own, bool want)
{
        auto_xmldoc xmlDoc *doc = read_xml(document);
        uint8_t digest[FORM_DIGEST_MAX];
        auto_buf struct buf value = BUF_INIT, codes = BUF_INIT;
        size_t n = form_hash_make(HASH_SHA256, digested, digest);
        if (hexadecimal)
                buf_add_str(&value, hexadecimal);
        else
                text_base64(&value, span_of(digest, n));
        struct notes notes = {.findings = json_array(), .language = "en", .part = "document"};
        struct digest_claim claim = {.source = {.doc = doc}, .text = TEXT_INC, .hash = HASH_SHA256, .value = buf_cstr(&value), .signed_bytes = own, .reference = xmlDocGetRootElement(doc)};
        assert_int_equal(digest_search(&notes, &claim), want);
        size_t i;
        json_t *one;
        json_array_foreach(notes.findings, i, one)
                buf_printf(&codes, "%s%s", i ? "," : "", json_string_value(json_object_get(one, "code")));
        json_decref(notes.findings);
        return buf_take_str(&codes);
}

static void searches(void **state GW_UNUSED)
{
        const struct { const char *digested, *hexadecimal, *own, *want; bool right; } cases[] = {
                {CANONICAL, NULL, "", "COVERED", true},
                {DOCUMENT, NULL, "", "DIGEST_NOT_CANONICAL", false},
                {"<a xmlns=\"urn:a\">\n  <b Id=\"x\">1</b>\n  <c></c>\n</a>", NULL, "", "DIGEST_BLANKS_REMOVED", false},
                {"something else", NULL, "", "DIGEST_UNEXPLAINED", false},
                {"something else", NULL, "something else", "DIGEST_OWN_BYTES", false},
                {"something else", NULL, "and not that", "DIGEST_OWN_BYTES_OTHER", false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *got = search(DOCUMENT, span_str(cases[i].digested), cases[i].hexadecimal, span_str(cases[i].own), cases[i].right);
                if (!str_eq(got, cases[i].want))
                        fail_msg("%zu: %s", i, got);
        }
        auto_str char *empty = search(DOCUMENT, span_str(CANONICAL), "", span_of(NULL, 0), false), *garbage = search(DOCUMENT, span_str(CANONICAL), "%%", span_of(NULL, 0), false);
        assert_string_equal(empty, "DIGEST_UNEXPLAINED");
        assert_string_equal(garbage, "DIGEST_UNEXPLAINED");
}

/* ---- the report ---- */

static json_t *report_of(struct verifier *verifier, const char *text, const char *language)
{
        static const struct verify_policy policy = {.message_age_max_ms = 86400000, .message_future_max_ms = 300000};
        struct diagnose_request request = {.message = span_str(text), .at = wall_now(), .language = language, .policy = &policy};
        return diagnose(verifier, &request);
}

static bool has_error(const json_t *report, const char *code)
{
        size_t i;
        json_t *one;
        json_array_foreach(json_object_get(report, "findings"), i, one)
                if (str_eq(json_string_value(json_object_get(one, "code")), code))
                        return true;
        return false;
}

static void reports(void **state GW_UNUSED)
{
        struct verify_policy policy = {.iin_check_digit = true};
        auto_verifier struct verifier *verifier = NULL;
        struct why why = WHY_INIT;
        auto_str char *trust = pki_file("trust", "", ""), *key_path = pki_file("keys", "applicant-850412390011", ".key"), *path = pki_file("certs", "applicant-850412390011", ".pem");
        gw_auto(local_key) struct signing_key *key = NULL;
        auto_buf struct buf out = BUF_INIT;
        assert_int_equal(verifier_open(trust, &policy, &verifier, &why), GW_OK);
        assert_int_equal(local_key_open(key_path, path, &key, &why), GW_OK);
        assert_int_equal(xml_sign_enveloped(key, span_str(CANONICAL), &out, &why), GW_OK);
        auto_str char *good = buf_take_str(&out), *changed = replaced(good, ">1<", ">2<"), *indented = replaced(good, "<c", "\n  <c");
        gw_auto(json) json_t *valid = report_of(verifier, good, "en"), *other = report_of(verifier, changed, "ru"), *blanks = report_of(verifier, indented, "en"),
                             *garbage = report_of(verifier, "<a", "kk"), *unsigned_one = report_of(verifier, DOCUMENT, "en");
        assert_true(json_is_true(json_object_get(valid, "valid")));
        assert_true(has_error(valid, "COVERED") && has_error(valid, "VALUE_GOOD"));
        assert_string_equal(json_string_value(json_object_get(other, "code")), "APPLICANT_SIGNATURE_DIGEST");
        assert_true(has_error(other, "DIGEST_UNEXPLAINED"));
        assert_true(has_error(blanks, "DIGEST_BLANKS_ADDED"));
        assert_string_equal(json_string_value(json_object_get(garbage, "code")), "XML_NOT_WELL_FORMED");
        assert_string_equal(json_string_value(json_object_get(unsigned_one, "code")), "APPLICANT_SIGNATURE_MISSING");
        assert_true(has_error(unsigned_one, "NO_SIGNATURE"));
        /* more than it is willing to look at */
        auto_buf struct buf large = BUF_INIT;
        buf_add_str(&large, "<a>");
        while (large.n <= DIAGNOSE_BYTES_MAX)
                buf_add_str(&large, "0123456789abcdef");
        buf_add_str(&large, "</a>");
        gw_auto(json) json_t *too_large = report_of(verifier, buf_cstr(&large), "en");
        assert_string_equal(json_string_value(json_object_get(too_large, "code")), "HTTP_TOO_LARGE");
}

int main(void)
{
        verify_init();
        const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(searches), cmocka_unit_test(reports)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
