/* Files beside the application in `data` of a SHEP message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/reason.h"
#include "gateway/soap/package.h"
#include "gateway/xml/xml.h"

#define PACKAGE(content) "<data><requestPackage xmlns='urn:egov-gateway:package:1'>" content "</requestPackage></data>"
#define APPLICATION "<signedApplication>&lt;a/&gt;</signedApplication>"
#define FILE_A "<fileData><name>a.pdf</name><base64Data>Y21z</base64Data></fileData>"

static void free_files(struct attachment *files, size_t count)
{
        for (size_t i = 0; i < count; i++)
                attachment_done(&files[i]);
        free(files);
}

static enum gw_rc read_text(const char *text, char **ret_application, char **ret_first, size_t *ret_count, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        struct why unread = WHY_INIT;
        assert_int_equal(xml_read(span_str(text), &xml_limits_default, &doc, &unread), GW_OK);
        const xmlNode *application = NULL;
        struct attachment *files = NULL;
        enum gw_rc rc = package_read(xmlDocGetRootElement(doc), &application, &files, ret_count, why);
        if (rc == GW_OK) {
                *ret_application = xml_text(application);
                *ret_first = *ret_count ? xasprintf("%s=%s", files[0].name, buf_cstr(&files[0].bytes)) : NULL;
        }
        free_files(files, *ret_count);
        return rc;
}

static void good(void **state GW_UNUSED)
{
        static const struct { const char *text, *application, *first; size_t count; } cases[] = {
                {"<data>&lt;a/&gt;</data>", "<a/>", NULL, 0},
                {PACKAGE(APPLICATION), "<a/>", NULL, 0},
                {PACKAGE(APPLICATION FILE_A), "<a/>", "a.pdf=cms", 1},
                {PACKAGE("\n " APPLICATION "\n" FILE_A FILE_A), "<a/>", "a.pdf=cms", 2},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *application = NULL, *first = NULL;
                size_t count = 0;
                struct why why = WHY_INIT;
                if (read_text(cases[i].text, &application, &first, &count, &why) != GW_OK)
                        fail_msg("%s: %s", cases[i].text, why.detail);
                assert_string_equal(application, cases[i].application);
                assert_int_equal(count, cases[i].count);
                assert_true(cases[i].first ? str_eq(first, cases[i].first) : !first);
        }
}

static void bad(void **state GW_UNUSED)
{
        static const char *const cases[] = {
                PACKAGE(""), PACKAGE(FILE_A), PACKAGE(APPLICATION APPLICATION), PACKAGE(APPLICATION FILE_A APPLICATION), PACKAGE(APPLICATION "<other/>"),
                PACKAGE(APPLICATION "<fileData/>"), PACKAGE(APPLICATION "<fileData><name>a</name></fileData>"),
                PACKAGE(APPLICATION "<fileData><base64Data>Y21z</base64Data><name>a</name></fileData>"),
                PACKAGE(APPLICATION "<fileData><name>a</name><base64Data>!</base64Data></fileData>"),
                PACKAGE(APPLICATION "<fileData><name><b/></name><base64Data>Y21z</base64Data></fileData>"),
                PACKAGE(APPLICATION "<fileData><name>a</name><base64Data>Y21z</base64Data><x/></fileData>"),
                PACKAGE(APPLICATION "<fileData xmlns='urn:x'><name>a</name><base64Data>Y21z</base64Data></fileData>"),
                "<data><requestPackage xmlns='urn:egov-gateway:package:1'>" APPLICATION "</requestPackage><application/></data>",
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *application = NULL, *first = NULL;
                size_t count = 0;
                struct why why = WHY_INIT;
                if (read_text(cases[i], &application, &first, &count, &why) != GW_REJECT || why.reason != REASON_DATA_FORM)
                        fail_msg("%s: %s", cases[i], why.detail);
        }
}

static void too_many(void **state GW_UNUSED)
{
        auto_buf struct buf text = BUF_INIT;
        buf_add_str(&text, "<data><requestPackage xmlns='urn:egov-gateway:package:1'>" APPLICATION);
        for (int i = 0; i <= ATTACHMENTS_MAX; i++)
                buf_add_str(&text, FILE_A);
        buf_add_str(&text, "</requestPackage></data>");
        auto_str char *application = NULL, *first = NULL;
        size_t count = 0;
        struct why why = WHY_INIT;
        assert_int_equal(read_text(buf_cstr(&text), &application, &first, &count, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_DATA_FORM);
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad), cmocka_unit_test(too_many)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
