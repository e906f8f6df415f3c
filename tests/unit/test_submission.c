/* The body of a REST request taken apart by its Content-Type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/worker/submission.h"

static void content_types(void **state GW_UNUSED)
{
        static const struct { const char *type; enum submission_form want; } cases[] = {
                {"application/xml", SUBMISSION_XML}, {"text/xml; charset=utf-8", SUBMISSION_XML}, {"Application/XML;charset=utf-8", SUBMISSION_XML},
                {"application/cms", SUBMISSION_CMS}, {"application/pkcs7-mime; smime-type=signed-data", SUBMISSION_CMS}, {"application/pkcs7-signature", SUBMISSION_CMS},
                {"application/json", SUBMISSION_JSON}, {"application/json ; charset=utf-8", SUBMISSION_JSON},
                {NULL, SUBMISSION_NONE}, {"", SUBMISSION_NONE}, {";", SUBMISSION_NONE}, {"application/jso", SUBMISSION_NONE}, {"application/json5", SUBMISSION_NONE},
                {"application/pdf", SUBMISSION_NONE}, {" application/xml", SUBMISSION_NONE}, {"application/xml,application/json", SUBMISSION_NONE},
                {"application/problem+json", SUBMISSION_NONE},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                if (submission_form_of(cases[i].type) != cases[i].want)
                        fail_msg("%s", cases[i].type ? cases[i].type : "(null)");
}

/* want: xml, cms and detached as text; NULL: there is none. */
static void expect(enum submission_form form, const char *body, const char *xml, const char *cms, const char *detached)
{
        struct submission s;
        struct why why = WHY_INIT;
        if (submission_read(form, span_str(body), &s, &why) != GW_OK)
                fail_msg("%s: %s", body, why.detail);
        const struct { struct span got; const char *want; } parts[] = {{s.xml, xml}, {s.cms, cms}, {s.detached, detached}};
        for (size_t i = 0; i < GW_COUNT(parts); i++) {
                assert_int_equal(parts[i].got.p != NULL, parts[i].want != NULL);
                assert_true(!parts[i].want || span_eq(parts[i].got, span_str(parts[i].want)));
        }
        submission_done(&s);
}

static void refused(enum submission_form form, struct span body, int reason)
{
        struct submission s;
        struct why why = WHY_INIT;
        if (submission_read(form, body, &s, &why) != GW_REJECT || why.reason != reason)
                fail_msg("%.*s: %s", (int)(body.n < 60 ? body.n : 60), (const char *)body.p, why.detail);
        assert_null(strstr(why.detail, "secret")); /* I8: no value is quoted */
        submission_done(&s);
}

static void forms(void **state GW_UNUSED)
{
        expect(SUBMISSION_XML, "<a/>", "<a/>", NULL, NULL);
        expect(SUBMISSION_CMS, "MII=", NULL, "MII=", NULL); /* as it came: DER, base64 or PEM is the CMS reader's business */
        expect(SUBMISSION_JSON, "{\"application\": \"PGEvPg==\"}", "<a/>", NULL, NULL);
        expect(SUBMISSION_JSON, "{\"application\": \"PGEvPg==\", \"signature\": \"Y21z\"}", NULL, "cms", "<a/>");
        expect(SUBMISSION_JSON, "{\"signature\": \"Y21z\", \"application\": \"PGEvPg==\"}", NULL, "cms", "<a/>");
        expect(SUBMISSION_JSON, " {\"cms\": \"Y21z\"}\n", NULL, "cms", NULL);
        expect(SUBMISSION_JSON, "{\"cms\": \"Y2\\r\\n1z\"}", NULL, "cms", NULL); /* line ends in base64 */
}

static void broken_siblings(void **state GW_UNUSED)
{
        static const char *const cases[] = {
                "", "{", "[]", "null", "\"cms\"", "{}", "{\"cms\": 1}", "{\"cms\": null}", "{\"cms\": \"\"}", "{\"cms\": \"%secret\"}", "{\"cms\": [\"Y21z\"]}",
                "{\"cms\": \"Y21z\", \"cms\": \"Y21z\"}", "{\"cms\": \"Y21z\", \"application\": \"PGEvPg==\"}", "{\"cms\": \"Y21z\", \"signature\": \"Y21z\"}",
                "{\"cms\": \"Y21z\", \"other\": 1}", "{\"signature\": \"Y21z\"}", "{\"application\": \"PGEvPg==\", \"signature\": \"\"}",
                "{\"application\": \"PGEvPg==\", \"signature\": null}", "{\"application\": \"\", \"signature\": \"Y21z\"}", "{\"application\": \"PGEvPg==\", \"secret\": \"x\"}",
                "{\"application\": \"<a/>\"}", "{\"cms\": \"Y21z\"}x", "{\"cms\": \"Y21z\"}{}", "{\"CMS\": \"Y21z\"}", "{\"cms\": \"\\ud800\"}", "{\"cms\": \"Y21\\u0000z\"}",
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                refused(SUBMISSION_JSON, span_str(cases[i]), REASON_DATA_FORM);
        refused(SUBMISSION_JSON, span_of("{\"cms\": \"Y21z\"}\0", 16), REASON_DATA_FORM);
        refused(SUBMISSION_NONE, span_str("<a/>"), REASON_HTTP_TYPE);
        auto_buf struct buf deep = BUF_INIT;
        for (int i = 0; i < 100000; i++)
                buf_add_char(&deep, '[');
        refused(SUBMISSION_JSON, buf_span(&deep), REASON_DATA_FORM);
}

/* The number of files that come with it. */
static size_t files_of(const char *body)
{
        struct submission s;
        struct why why = WHY_INIT;
        if (submission_read(SUBMISSION_JSON, span_str(body), &s, &why) != GW_OK)
                fail_msg("%s: %s", body, why.detail);
        size_t count = s.file_count;
        if (count > 0) {
                assert_string_equal(s.files[0].name, "a.pdf");
                assert_true(span_eq(buf_span(&s.files[0].bytes), span_str("cms")));
        }
        submission_done(&s);
        return count;
}

static void files(void **state GW_UNUSED)
{
#define APPLICATION "{\"application\": \"PGEvPg==\", \"attachments\": "
        assert_int_equal(files_of(APPLICATION "[]}"), 0);
        assert_int_equal(files_of(APPLICATION "[{\"name\": \"a.pdf\", \"content\": \"Y21z\"}]}"), 1);
        assert_int_equal(files_of(APPLICATION "[{\"name\": \"a.pdf\", \"content\": \"Y21z\"}, {\"name\": \"b\", \"content\": \"\"}]}"), 2);
        assert_int_equal(files_of("{\"cms\": \"MII=\", \"attachments\": [{\"name\": \"a.pdf\", \"content\": \"Y21z\"}]}"), 1);
        static const char *const bad[] = {
                "{\"attachments\": []}", APPLICATION "{}}", APPLICATION "null}", APPLICATION "[1]}", APPLICATION "[{\"name\": \"a\"}]}",
                APPLICATION "[{\"name\": 1, \"content\": \"Y21z\"}]}", APPLICATION "[{\"name\": \"secret\", \"content\": \"Y21\"}]}",
                APPLICATION "[{\"name\": \"a\", \"content\": \"Y21z\", \"type\": \"x\"}]}", APPLICATION "[{\"name\": \"a\\u0000b\", \"content\": \"Y21z\"}]}",
        };
        for (size_t i = 0; i < GW_COUNT(bad); i++)
                refused(SUBMISSION_JSON, span_str(bad[i]), REASON_DATA_FORM);
        auto_buf struct buf many = BUF_INIT;
        buf_add_str(&many, APPLICATION "[{\"name\": \"a.pdf\", \"content\": \"Y21z\"}");
        for (int i = 0; i < ATTACHMENTS_MAX; i++)
                buf_add_str(&many, ", {\"name\": \"a.pdf\", \"content\": \"Y21z\"}");
        buf_add_str(&many, "]}");
        refused(SUBMISSION_JSON, buf_span(&many), REASON_DATA_FORM);
#undef APPLICATION
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(content_types), cmocka_unit_test(forms), cmocka_unit_test(files), cmocka_unit_test(broken_siblings)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
