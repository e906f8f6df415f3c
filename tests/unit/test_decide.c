/* The rules of TSA_CERT (services.md F.1), day by day, and what a case holds. */
#include "tests/unit/service_fixture.h"

#include <time.h>

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

struct want { const char *outcome, *rule; };
static const struct want positive = {"POSITIVE", "assignment-in-force"}, negative = {"NEGATIVE", "no-assignment-in-force"},
                         unknown = {"REFUSED", "person-not-registered"}, deceased = {"REFUSED", "person-deceased"},
                         unconfirmed = {"REFUSED", "representative-not-confirmed"}, wait = {"WAIT", "answers-not-usable"};

static const struct decided {
        const char *about, *application, *gbdfl, *socialaid, *today;
        const struct want *want;
} decided[] = {
        {"member of a family with an assignment", APPLICATION, GBDFL, AID_NOW, "2026-11-22", &positive},
        {"first day", APPLICATION, GBDFL, AID_NOW, "2026-10-01", &positive},
        {"last day", APPLICATION, GBDFL, AID_NOW, "2026-12-31", &positive},
        {"day before", APPLICATION, GBDFL, AID_NOW, "2026-09-30", &negative},
        {"day after", APPLICATION, GBDFL, AID_NOW, "2027-01-01", &negative},
        {"one day long", APPLICATION, GBDFL, AID(ASSIGNMENT("2026-11-22", "2026-11-22")), "2026-11-22", &positive},
        {"ended and not begun", APPLICATION, GBDFL, AID(ASSIGNMENT("2025-01-01", "2025-03-31") ASSIGNMENT("2027-01-01", "2027-03-31")),
         "2026-11-22", &negative},
        {"the second of two", APPLICATION, GBDFL, AID(ASSIGNMENT("2025-01-01", "2025-03-31") ASSIGNMENT("2026-11-01", "2027-01-31")),
         "2026-11-22", &positive},
        {"no assignment at all", APPLICATION, GBDFL, AID_NONE, "2026-11-22", &negative},
        {"not in the register", APPLICATION, GBDFL_NONE, AID_NONE, "2026-11-22", &unknown},
        {"not in the register, yet assigned", APPLICATION, GBDFL_NONE, AID_NOW, "2026-11-22", &unknown},
        {"deceased", APPLICATION, GBDFL_DEAD, AID_NOW, "2026-11-22", &deceased},
        {"deceased, no assignment", APPLICATION, GBDFL_DEAD, AID_NONE, "2026-11-22", &deceased},
        {"parent for a child", APPLICATION_CHILD, GBDFL_CHILD(ERLAN), AID_NOW, "2026-11-22", &positive},
        {"parent for a child, none", APPLICATION_CHILD, GBDFL_CHILD(ERLAN), AID_NONE, "2026-11-22", &negative},
        {"a stranger for a child", APPLICATION_CHILD, GBDFL_CHILD(AIGUL), AID_NOW, "2026-11-22", &unconfirmed},
        {"a parent who says that he is the guardian", APPLICATION_HEAD "<declarantId>" NURLAN "</declarantId><representative><iin>" ERLAN
         "</iin><basis>GUARDIAN</basis></representative><consent>true</consent><form></form></application>", GBDFL_CHILD(ERLAN), AID_NOW, "2026-11-22", &unconfirmed},
        {"a stranger, no assignment", APPLICATION_CHILD, PERSON(NURLAN, "НҰРЛАН", ""), AID_NONE, "2026-11-22", &unconfirmed},
        {"answer about another person", APPLICATION, PERSON(AIGUL, "АЙГҮЛ", ""), AID_NONE, "2026-11-22", &wait},
        {"found without assignment", APPLICATION, GBDFL, AID(""), "2026-11-22", &wait},
        {"date without end", APPLICATION, GBDFL, AID(ASSIGNMENT("2026-10-01", "")), "2026-11-22", &wait},
        {"date of another form", APPLICATION, GBDFL, AID(ASSIGNMENT("01.10.2026", "2026-12-31")), "2026-11-22", &wait},
        {"answer that does not say found", APPLICATION, GBDFL, "<socialaid></socialaid>", "2026-11-22", &wait},
        {"person that does not say found", APPLICATION, "<gbdfl></gbdfl>", AID_NONE, "2026-11-22", &wait},
        {"a name that looks like markup", APPLICATION, PERSON(ERLAN, "&lt;deathDate>2026&lt;/deathDate>", ""), AID_NOW, "2026-11-22",
         &positive},
};

static void rules_of_tsa_cert(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        for (size_t i = 0; i < GW_COUNT(decided); i++) {
                const struct decided *row = &decided[i];
                struct wall_time now = {0};
                assert_int_equal(clock_parse_date(row->today, &now), GW_OK);
                auto_xmldoc xmlDoc *case_doc = case_of(row->application, row->gbdfl, row->socialaid, now);
                struct why why = WHY_INIT;
                struct decision got = {0};
                if (decide(service, case_doc, &got, &why) != GW_OK)
                        fail_msg("%s: %s", row->about, why.detail);
                if (!str_eq(outcome_name(got.outcome), row->want->outcome) || !str_eq(got.rule->id, row->want->rule))
                        fail_msg("%s: wanted %s, got %s %s", row->about, row->want->rule, outcome_name(got.outcome), got.rule->id);
        }
}

/* The day is Kazakhstan's, not UTC's: 19:00Z is already tomorrow at UTC+5. */
static void day_is_local(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        static const struct { const char *now; enum outcome want; } rows[] = {
                {"2026-12-31T18:59:59.999Z", OUTCOME_POSITIVE}, {"2026-12-31T19:00:00.000Z", OUTCOME_NEGATIVE},
                {"2026-09-30T18:59:59.999Z", OUTCOME_NEGATIVE}, {"2026-09-30T19:00:00.000Z", OUTCOME_POSITIVE}};
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_xmldoc xmlDoc *case_doc = case_of(APPLICATION, GBDFL, AID_NOW, at(rows[i].now));
                struct why why = WHY_INIT;
                struct decision got = {0};
                assert_int_equal(decide(service, case_doc, &got, &why), GW_OK);
                assert_int_equal(got.outcome, rows[i].want);
        }
}

/* I4: silence is never an answer. */
static void silence_decides_nothing(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_CERT", at(NOW));
        static const struct { const char *gbdfl, *socialaid, *want; } rows[] = {
                {GBDFL, NULL, "socialaid has not answered: nothing may be decided"},
                {NULL, AID_NONE, "gbdfl has not answered: nothing may be decided"},
                {GBDFL_NONE, NULL, "socialaid has not answered: nothing may be decided"},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_xmldoc xmlDoc *case_doc = case_of(APPLICATION, rows[i].gbdfl, rows[i].socialaid, at(NOW));
                struct why why = WHY_INIT;
                struct decision got = {0};
                assert_int_equal(decide(service, case_doc, &got, &why), GW_FAULT);
                assert_string_equal(why.detail, rows[i].want);
        }
}

static void case_has_no_namespaces(void **state GW_UNUSED)
{
        auto_str char *text = replaced(APPLICATION, "<form>", "<x:declarantId xmlns:x=\"urn:x\">1</x:declarantId><form>");
        auto_xmldoc xmlDoc *case_doc = case_of(text, GBDFL_NONE, AID_NONE, at(NOW));
        auto_buf struct buf got = BUF_INIT;
        assert_true(xml_c14n(case_doc, &got));
        assert_string_equal(buf_cstr(&got),
                            "<case now=\"2026-11-22T19:30:37.123+05:00\" number=\"2026-000001\" quarter=\"4\" quarterEnd=\"2026-12-31\" "
                            "quarterStart=\"2026-10-01\" today=\"2026-11-22\"><application><requestNumber>10100000000001</requestNumber>"
                            "<serviceCode>TSA_CERT</serviceCode><requestDate>2026-11-22T19:30:37.123+05:00</requestDate>"
                            "<language>kk</language><providerBin>160640900019</providerBin><declarantId>850412390011</declarantId>"
                            "<consent>true</consent><form><purpose>Мектепке ұсыну үшін</purpose></form></application>"
                            "<gbdfl found=\"false\"></gbdfl><socialaid found=\"false\"></socialaid></case>");
}

static void quarters(void **state GW_UNUSED)
{
        static const struct { const char *today, *quarter, *start, *end; } rows[] = {
                {"2024-01-01", "1", "2024-01-01", "2024-03-31"}, {"2024-03-31", "1", "2024-01-01", "2024-03-31"},
                {"2026-04-01", "2", "2026-04-01", "2026-06-30"}, {"2026-06-30", "2", "2026-04-01", "2026-06-30"},
                {"2026-07-01", "3", "2026-07-01", "2026-09-30"}, {"2026-12-31", "4", "2026-10-01", "2026-12-31"}};
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                struct wall_time now = {0};
                assert_int_equal(clock_parse_date(rows[i].today, &now), GW_OK);
                auto_xmldoc xmlDoc *case_doc = case_of(APPLICATION, NULL, NULL, now);
                auto_str char *quarter = xml_attribute(xmlDocGetRootElement(case_doc), NULL, "quarter");
                auto_str char *start = xml_attribute(xmlDocGetRootElement(case_doc), NULL, "quarterStart");
                auto_str char *end = xml_attribute(xmlDocGetRootElement(case_doc), NULL, "quarterEnd");
                assert_string_equal(quarter, rows[i].quarter);
                assert_string_equal(start, rows[i].start);
                assert_string_equal(end, rows[i].end);
        }
}

static void facts_that_are_not(void **state GW_UNUSED)
{
        static const struct { const char *facts, *want; } rows[] = {
                {"", "facts of gbdfl: XML_NOT_WELL_FORMED"},
                {"<gbdfl found=\"true\">", "facts of gbdfl: XML_NOT_WELL_FORMED"},
                {"<gbdfl/><gbdfl/>", "facts of gbdfl: XML_NOT_WELL_FORMED"},
                {"</case><case><gbdfl/>", "facts of gbdfl: XML_NOT_WELL_FORMED"},
                {"<!DOCTYPE gbdfl><gbdfl/>", "facts of gbdfl: XML_DOCTYPE"},
                {"<socialaid/>", "facts of gbdfl: another root element"},
                {"<gbdfl xmlns=\"urn:x\"/>", "facts of gbdfl: another root element"},
        };
        auto_xmldoc xmlDoc *doc = parsed(APPLICATION);
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                const struct case_fact fact = {"gbdfl", span_str(rows[i].facts)};
                const struct case_input input = {
                        .application = xmlDocGetRootElement(doc), .number = "1", .now = at(NOW), .facts = &fact, .fact_count = 1};
                struct why why = WHY_INIT;
                xmlDoc *case_doc = NULL;
                assert_int_equal(case_build(&input, &case_doc, &why), GW_FAULT);
                assert_null(case_doc);
                if (!str_eq(why.detail, rows[i].want))
                        fail_msg("%s: got \"%s\"", rows[i].facts, why.detail);
        }
}

static void facts_given_twice(void **state GW_UNUSED)
{
        auto_xmldoc xmlDoc *doc = parsed(APPLICATION);
        const struct case_fact facts[] = {{"gbdfl", span_str(GBDFL_NONE)}, {"gbdfl", span_str(GBDFL)}};
        const struct case_input input = {
                .application = xmlDocGetRootElement(doc), .number = "1", .now = at(NOW), .facts = facts, .fact_count = 2};
        struct why why = WHY_INIT;
        xmlDoc *case_doc = NULL;
        assert_int_equal(case_build(&input, &case_doc, &why), GW_FAULT);
        assert_string_equal(why.detail, "facts of gbdfl: given twice");
}

static int start(void **state GW_UNUSED)
{
        xml_init();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_of_tsa_cert),  cmocka_unit_test(day_is_local),
                cmocka_unit_test(silence_decides_nothing), cmocka_unit_test(case_has_no_namespaces),
                cmocka_unit_test(quarters),           cmocka_unit_test(facts_that_are_not),
                cmocka_unit_test(facts_given_twice),
        };
        return cmocka_run_group_tests(tests, start, NULL);
}
