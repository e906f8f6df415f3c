/* Results that people sign: the draft by its schema, and everything that is not that draft. */
#include "tests/unit/service_fixture.h"

#include <libxml/xmlschemas.h>

#include "gateway/provider/result.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

static struct catalogue *catalogue;

static int group_setup(void **state GW_UNUSED)
{
        catalogue = opened(SERVICES);
        return 0;
}

static int group_teardown(void **state GW_UNUSED)
{
        catalogue_close(catalogue);
        return 0;
}

static struct result_facts facts_of(const char *code, enum route_kind route)
{
        const struct service *service = catalogue_find(catalogue, code, at(NOW));
        return (struct result_facts){
                .number = "20100000000007", .request_number = "10100000000007", .portal_number = "38452268157405", .service = service, .route = service_route(service, route),
                .provider_bin = "160640900019", .provider_kk = "«ҮЛГІ» бөлімі", .provider_ru = "Отдел «ПРИМЕР» & Co", .applicant_iin = "850412390011", .issued_at = at(NOW),
                .note_kk = "СЫНАҚ", .note_ru = "ТЕСТ"};
}

static char *draft_of(const struct result_facts *facts)
{
        struct buf out = BUF_INIT;
        struct why why = WHY_INIT;
        const struct service_paper *paper = NULL;
        if (result_write(facts, &out, &paper, &why) != GW_OK)
                fail_msg("%s", why.detail);
        assert_non_null(paper);
        return buf_take_str(&out);
}

static void assert_valid(const char *text)
{
        auto_xmldoc xmlDoc *schema_doc = xmlReadFile(SERVICES "/result.xsd", NULL, XML_PARSE_NONET), *doc = parsed(text);
        xmlSchemaParserCtxt *parser = xmlSchemaNewDocParserCtxt(schema_doc);
        xmlSchema *schema = xmlSchemaParse(parser);
        assert_non_null(schema);
        xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schema);
        if (xmlSchemaValidateDoc(valid, doc) != 0)
                fail_msg("not by result.xsd: %s", text);
        xmlSchemaFreeValidCtxt(valid);
        xmlSchemaFree(schema);
        xmlSchemaFreeParserCtxt(parser);
}

static void drafts_follow_the_schema(void **state GW_UNUSED)
{
        static const struct { const char *code; enum route_kind route; const char *outcome, *ground, *kind; } cases[] = {
                {"HOUSING_AID", ROUTE_OFFICE, "POSITIVE", NULL, "<kind>NOTIFICATION</kind>"},
                {"HOUSING_AID", ROUTE_OFFICE, "REFUSED", "UNTRUE", "<kind>NOTIFICATION</kind>"},
                {"HOME_CARE_2013", ROUTE_CSC, "REFUSED", "CONTRAINDICATION", "<kind>REASONED_REFUSAL</kind>"},
                {"TSA_CERT", ROUTE_CENTER, "NEGATIVE", NULL, "<kind>CERTIFICATE</kind>"},
                {"TSA_ASSIGN", ROUTE_AKIM, "POSITIVE", NULL, "<kind>NOTIFICATION</kind>"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct result_facts facts = facts_of(cases[i].code, cases[i].route);
                facts.outcome = cases[i].outcome;
                facts.ground = cases[i].ground;
                auto_str char *text = draft_of(&facts);
                assert_non_null(strstr(text, cases[i].kind));
                assert_int_equal(strstr(text, "<ground>") != NULL, cases[i].ground != NULL);
                assert_valid(text);
                /* what is signed is what is read: already canonical */
                auto_xmldoc xmlDoc *doc = parsed(text);
                auto_buf struct buf canonical = BUF_INIT;
                assert_true(xml_c14n(doc, &canonical));
                assert_string_equal(buf_cstr(&canonical), text);
        }
        struct result_facts bare = facts_of("HOUSING_AID", ROUTE_OFFICE);
        bare.outcome = "POSITIVE";
        bare.note_kk = bare.note_ru = bare.portal_number = NULL;
        auto_str char *text = draft_of(&bare);
        assert_null(strstr(text, "<note>"));
        assert_null(strstr(text, "portalNumber"));
        assert_valid(text);
        auto_buf struct buf with = BUF_INIT;
        result_with_cms(span_str(text), span_str("\x30\x03"), &with);
        assert_non_null(strstr(buf_cstr(&with), "<cms>MAM=</cms></result>"));
        assert_valid(buf_cstr(&with));
}

static void texts_of_the_signer(void **state GW_UNUSED)
{
        struct result_facts facts = facts_of("HOUSING_AID", ROUTE_OFFICE);
        facts.outcome = "POSITIVE";
        facts.text_kk = "  бір\nекі <&>  ";
        auto_str char *text = draft_of(&facts);
        assert_non_null(strstr(text, "<text><kk>бір\nекі &lt;&amp;&gt;</kk><ru>По вашему заявлению принято положительное решение.</ru></text>"));
        char longest[RESULT_TEXT_MAX + 2];
        memset(longest, 'a', sizeof longest);
        longest[RESULT_TEXT_MAX + 1] = '\0';
        static const char *const bad[] = {"a\x01", "a\tb", "a\rb", "\xff", "a\x7f"};
        struct buf out = BUF_INIT;
        const struct service_paper *paper = NULL;
        for (size_t i = 0; i <= GW_COUNT(bad); i++) {
                struct why why = WHY_INIT;
                facts.text_kk = i < GW_COUNT(bad) ? bad[i] : longest;
                assert_int_equal(result_write(&facts, &out, &paper, &why), GW_REJECT);
                assert_int_equal(why.reason, REASON_STEP_INPUT);
                assert_non_null(strstr(why.detail, "textKk"));
        }
        longest[RESULT_TEXT_MAX] = '\0';
        auto_str char *fits = draft_of(&facts);
        assert_valid(fits);
}

static void no_such_result(void **state GW_UNUSED)
{
        static const struct { const char *outcome, *ground; } cases[] = {{"NEGATIVE", NULL}, {"REFUSED", NULL}, {"REFUSED", "NONE"}, {"POSITIVE", "UNTRUE"}, {"", NULL}, {NULL, NULL}};
        struct result_facts facts = facts_of("HOUSING_AID", ROUTE_OFFICE);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                auto_buf struct buf out = BUF_INIT;
                const struct service_paper *paper = NULL;
                facts.outcome = cases[i].outcome;
                facts.ground = cases[i].ground;
                assert_int_equal(result_write(&facts, &out, &paper, &why), GW_REJECT);
                assert_int_equal(why.reason, REASON_STEP_INPUT);
                assert_null(paper);
        }
}

static enum gw_rc match(const char *text, const char *prepared, const char *ground, int64_t later_ms, struct result_said *said, struct why *why)
{
        struct result_facts facts = facts_of("HOUSING_AID", ROUTE_OFFICE);
        return result_match(&facts, prepared, ground, span_str(text), (struct wall_time){at(NOW).ms + later_ms}, said, why);
}

static void what_is_not_the_draft(void **state GW_UNUSED)
{
        static const struct { const char *from, *to; int reason; const char *detail; } cases[] = {
                {"<number>201", "<number>202", REASON_RESULT_NUMBER, "number"},
                {"<requestNumber>10100000000007", "<requestNumber>10100000000008", REASON_RESULT_NUMBER, "requestNumber"},
                {"<number>20100000000007</number>", "", REASON_RESULT_NUMBER, "number"},
                {"<serviceCode>HOUSING_AID", "<serviceCode>LOCAL_AID", REASON_RESULT_TYPE, "serviceCode"},
                {"<kind>NOTIFICATION", "<kind>CERTIFICATE", REASON_RESULT_TYPE, "kind"},
                {"<outcome>REFUSED", "<outcome>POSITIVE", REASON_RESULT_TYPE, "outcome"},
                {"<id>UNTRUE", "<id>NOT_ENTITLED", REASON_RESULT_CONTENT, "not the draft: ground"},
                {"Недостоверность", "Достоверность", REASON_RESULT_CONTENT, "not the draft: ground"},
                {"<iin>850412390011", "<iin>850412390012", REASON_RESULT_CONTENT, "not the draft: applicant"},
                {"<bin>160640900019", "<bin>160640900018", REASON_RESULT_CONTENT, "not the draft: provider"},
                {"38452268157405", "38452268157406", REASON_RESULT_CONTENT, "not the draft: portalNumber"},
                {"<kk>СЫНАҚ</kk>", "<kk>ШЫН</kk>", REASON_RESULT_CONTENT, "not the draft: note"},
                {"</result>", "<more></more></result>", REASON_RESULT_CONTENT, "something that is not in the draft"},
                {"</result>", " </result>", REASON_RESULT_CONTENT, "something that is not in the draft"},
                {"</note>", "</note><!-- x -->", REASON_RESULT_CONTENT, "something that is not in the draft"},
                {"urn:egov-gateway:result:1", "urn:egov-gateway:result:2", REASON_RESULT_TYPE, "not a result document"},
                {"<issuedAt>", "<issuedAt>x", REASON_RESULT_CONTENT, "issuedAt"},
                {"<issuedAt>2026", "<issuedAt>2025", REASON_RESULT_CONTENT, "issuedAt: the draft is older than a day"},
                {"<issuedAt>2026", "<issuedAt>2036", REASON_RESULT_CONTENT, "issuedAt"},
                {"<text><kk>", "<text><kk>\x7f", REASON_RESULT_CONTENT, "textKk"},
        };
        struct result_facts facts = facts_of("HOUSING_AID", ROUTE_OFFICE);
        facts.outcome = "REFUSED";
        facts.ground = "UNTRUE";
        auto_str char *draft = draft_of(&facts);
        struct result_said said;
        struct why good = WHY_INIT;
        assert_int_equal(match(draft, "REFUSED", "UNTRUE", 60000, &said, &good), GW_OK);
        assert_string_equal(said.outcome, "REFUSED");
        assert_string_equal(said.ground, "UNTRUE");
        assert_string_equal(said.paper->id, "NOTIFICATION");
        result_said_done(&said);
        assert_int_equal(match(draft, "", "", 60000, &said, &good), GW_OK); /* decided in one */
        result_said_done(&said);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                auto_str char *other = replaced(draft, cases[i].from, cases[i].to);
                enum gw_rc rc = match(other, "", "", 60000, &said, &why);
                if (rc != GW_REJECT || why.reason != cases[i].reason || !strstr(why.detail, cases[i].detail))
                        fail_msg("%s → %s: rc %d %s \"%s\"", cases[i].from, cases[i].to, rc, reason_info(why.reason)->name, why.detail);
        }
        static const struct { const char *prepared, *ground; int64_t later; int reason; } others[] = {
                {"POSITIVE", "", 60000, REASON_RESULT_TYPE}, {"REFUSED", "NOT_ENTITLED", 60000, REASON_RESULT_TYPE}, {"REFUSED", "UNTRUE", RESULT_DRAFT_AGE_MS + 1, REASON_RESULT_CONTENT},
                {"REFUSED", "UNTRUE", -600000, REASON_RESULT_CONTENT},
        };
        for (size_t i = 0; i < GW_COUNT(others); i++) {
                struct why why = WHY_INIT;
                assert_int_equal(match(draft, others[i].prepared, others[i].ground, others[i].later, &said, &why), GW_REJECT);
                assert_int_equal(why.reason, others[i].reason);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(drafts_follow_the_schema),
                cmocka_unit_test(texts_of_the_signer),
                cmocka_unit_test(no_such_result),
                cmocka_unit_test(what_is_not_the_draft),
        };
        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
