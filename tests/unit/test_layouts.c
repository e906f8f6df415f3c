/* The general layouts: papers and signed results of any service, long ones too. */
#include "tests/unit/service_fixture.h"

#include "gateway/print/print.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)
GW_DEFINE_AUTO(layouts, struct print_layouts, print_layouts_free)
GW_DEFINE_AUTO(fonts, struct page_fonts, page_fonts_free)

#define PAPER_HEAD "<paper xmlns=\"" PAPER_NS "\" at=\"2026-11-22T19:30:37.123+05:00\" form=\"№ 320\" id=\"30100000000007\" kind=\"COUPON\" paper=\"COUPON\" service=\"TSA_ASSIGN\">" \
                   "<name><kk>Талон</kk><ru>Талон</ru></name><note><kk>ТЕСТ</kk><ru>ТЕСТ</ru></note><issuer><bin>160441900018</bin><kk>Орталық</kk><ru>Центр</ru></issuer>"
#define LABEL "<label><kk>Тіркеу күні</kk><ru>Дата регистрации</ru></label>"
#define PAPER                                                                                                                                                     \
        PAPER_HEAD "<field id=\"registered\">" LABEL "<value><kk>22.11.2026</kk><ru>22.11.2026</ru></value></field><field id=\"documents\">" LABEL                \
                   "<count>1</count><item document=\"D1\"><kk>Өтініш</kk><ru>Заявление</ru></item></field><field id=\"grounds\">" LABEL                           \
                   "<gap condition=\"ALWAYS\" document=\"D1\" state=\"missing\"><kk>Өтініш</kk><ru>Заявление</ru></gap></field><field id=\"signature\">" LABEL    \
                   "<line></line></field></paper>"
#define RESULT(text)                                                                                                                                              \
        "<result xmlns=\"" RESULT_NS "\"><number>20100000000003</number><requestNumber>10100000000003</requestNumber><serviceCode>TSA_ASSIGN</serviceCode>"      \
        "<serviceName><kk>Тағайындау</kk><ru>Назначение</ru></serviceName><kind>NOTIFICATION</kind><outcome>REFUSED</outcome><ground><id>NOT_ENTITLED</id>"       \
        "<kk>Құқығы жоқ</kk><ru>Нет права</ru><paragraph>3</paragraph></ground><text><kk>" text "</kk><ru>" text "</ru></text><provider><bin>160640900019</bin>" \
        "<nameKk>Бөлім</nameKk><nameRu>Отдел</nameRu></provider><applicant><iin>" ERLAN "</iin></applicant><issuedAt>2026-11-22T19:30:37.123+05:00</issuedAt>"   \
        "<note><kk>ТЕСТ</kk><ru>ТЕСТ</ru></note></result>"

static enum gw_rc print(const char *code, const char *document, bool room, struct buf *out, struct why *why)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        gw_auto(layouts) struct print_layouts *layouts = NULL;
        assert_int_equal(print_layouts_new(&layouts, why), GW_OK);
        gw_auto(fonts) struct page_fonts *fonts = page_fonts_new("DejaVu Sans");
        struct print_request request = {
                .service = catalogue_find(catalogue, code, at(NOW)), .document = span_str(document), .fonts = fonts, .layouts = layouts, .check_url = "https://gateway.example.kz",
                .at = at(NOW), .room_for_signature = room,
        };
        return print_document(&request, out, why);
}

static size_t count(struct span in, const char *what)
{
        size_t n = 0, length = strlen(what);
        for (size_t i = 0; i + length <= in.n; i++)
                n += memcmp(in.p + i, what, length) == 0;
        return n;
}

/* A paper is no result: it has the XML with it, and neither codes nor a place for a signature. */
static void papers(void **state GW_UNUSED)
{
        auto_buf struct buf pdf = BUF_INIT, back = BUF_INIT;
        struct why why = WHY_INIT;
        assert_int_equal(print("TSA_ASSIGN", PAPER, true, &pdf, &why), GW_OK);
        assert_int_equal(count(buf_span(&pdf), "/ByteRange"), 0);
        assert_int_equal(pdf_attachment(buf_span(&pdf), &back, &why), GW_OK);
        assert_string_equal(buf_cstr(&back), PAPER);
}

static void results(void **state GW_UNUSED)
{
        auto_buf struct buf pdf = BUF_INIT, back = BUF_INIT;
        struct why why = WHY_INIT;
        assert_int_equal(print("TSA_ASSIGN", RESULT("Тағайындалмады. Не назначено."), true, &pdf, &why), GW_OK);
        assert_int_equal(count(buf_span(&pdf), "/ByteRange"), 1);
        assert_int_equal(pdf_attachment(buf_span(&pdf), &back, &why), GW_OK);
        assert_string_equal(buf_cstr(&back), RESULT("Тағайындалмады. Не назначено."));
        /* an automated service's people may sign too: the general layout, not the certificate's */
        buf_reset(&pdf);
        assert_int_equal(print("TSA_CERT", RESULT("Қазақ"), true, &pdf, &why), GW_OK);
}

static void long_result(void **state GW_UNUSED)
{
        auto_buf struct buf text = BUF_INIT, pdf = BUF_INIT;
        struct why why = WHY_INIT;
        for (int i = 0; i < 1500; i++)
                buf_add_str(&text, "негіздеме ");
        auto_str char *document = replaced(RESULT("@"), "<kk>@</kk>", "<kk>@@</kk>"), *whole = replaced(document, "@@", buf_cstr(&text));
        assert_int_equal(print("TSA_ASSIGN", whole, false, &pdf, &why), GW_OK); /* three pages and more, which pdfinfo counts in test_front_office.py */
}

static void not_printable(void **state GW_UNUSED)
{
        static const struct { const char *code, *document, *want; } cases[] = {
                {"TSA_ASSIGN", "<response><requestNumber>10100000000003</requestNumber></response>", "service TSA_ASSIGN has no print layout"},
                {"TSA_ASSIGN", "<paper><name/></paper>", "service TSA_ASSIGN has no print layout"}, /* of no namespace */
                {"TSA_ASSIGN", "<paper xmlns=\"" PAPER_NS "\" id=\"7\"/>", "the document has no number"},
                {"TSA_ASSIGN", "<result xmlns=\"" RESULT_NS "\"><number>20100000000003</number></result>", "the document has no number"},
                {"TSA_CERT", "<response/>", "the document has no number"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf pdf = BUF_INIT;
                struct why why = WHY_INIT;
                assert_int_equal(print(cases[i].code, cases[i].document, false, &pdf, &why), GW_REJECT);
                assert_int_equal(why.reason, REASON_RESULT_NOT_PRINTABLE);
                if (!strstr(why.detail, cases[i].want))
                        fail_msg("case %zu: %s", i, why.detail);
        }
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {cmocka_unit_test(papers), cmocka_unit_test(results), cmocka_unit_test(long_result), cmocka_unit_test(not_printable)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
