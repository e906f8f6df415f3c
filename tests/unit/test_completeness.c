/* Which documents are asked for, condition by condition and service by service, and what is missing of them or has expired. */
#include "tests/unit/service_fixture.h"

#include "gateway/provider/completeness.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

#define CHILD "151107690019"     /* girl, 07.11.2015 */
#define PENSIONER "480509390010" /* man, 09.05.1948 */

static const struct service *service_of(const struct catalogue *catalogue, const char *code)
{
        const struct service *service = catalogue_find(catalogue, code, at(NOW));
        assert_non_null(service);
        return service;
}

static char *required_of(const struct service *service, enum route_kind route, const struct completeness_facts *facts)
{
        struct why why = WHY_INIT;
        struct completeness c;
        assert_int_equal(completeness_check(service, route, facts, NULL, 0, &c, &why), GW_OK);
        struct buf list = BUF_INIT;
        for (size_t i = 0; i < c.required_count; i++)
                buf_printf(&list, "%s%s", i ? " " : "", c.required[i]->id);
        assert_int_equal(c.gap_count, c.required_count);
        return buf_take_str(&list);
}

/* ---- services ---- */

static const struct asked {
        const char *service;
        enum route_kind route;
        struct completeness_facts facts;
        const char *want;
} asked[] = {
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = ERLAN, .elderly = ELDERLY_NO}, "D1 D2 D3 D4 D5 D6"},
        {"HOME_CARE_2013", ROUTE_CSC, {.declarant_iin = ERLAN, .elderly = ELDERLY_NO}, "D1 D2 D3 D4 D5 D6"},
        {"HOME_CARE_2013", ROUTE_CSC, {.declarant_iin = ERLAN, .elderly = ELDERLY_NO, .veteran = true}, "D1 D2 D3 D4 D5 D6 D8"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = ERLAN, .elderly = ELDERLY_NO, .incapable = true}, "D1a D2 D3 D4 D5 D6"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = ERLAN, .elderly = ELDERLY_NO, .representative = true}, "D1a D2 D3 D4 D5 D6"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = CHILD, .elderly = ELDERLY_NO}, "D1a D2 D3 D4 D5 D6"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = PENSIONER, .elderly = ELDERLY_YES}, "D1 D2 D3 D5 D7"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = PENSIONER, .elderly = ELDERLY_YES, .veteran = true}, "D1 D2 D3 D5 D7 D8"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = PENSIONER, .elderly = ELDERLY_NO}, "D1 D2 D3 D4 D5 D6 D7"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = PENSIONER}, "D1 D2 D3 D5 D7"},
        {"HOME_CARE_2013", ROUTE_AUTH_BODY, {.declarant_iin = ERLAN}, "D1 D2 D3 D4 D5 D6"},
        {"TSA_ASSIGN", ROUTE_CENTER, {.declarant_iin = ERLAN}, "D1 D2 D3 D4 D5"},
        {"TSA_ASSIGN", ROUTE_AKIM, {.declarant_iin = ERLAN}, "D1 D2 D3 D4 D5"},
        {"TSA_CERT", ROUTE_STATECORP, {.declarant_iin = ERLAN}, "D1"},
        {"TSA_CERT", ROUTE_CENTER, {.declarant_iin = CHILD, .representative = true}, "D1 D2"},
        {"TSA_CERT", ROUTE_OFFICE, {.declarant_iin = ERLAN}, "D1"},
        {"TSA_CERT", ROUTE_PORTAL, {.declarant_iin = ERLAN}, ""},
        {"HOME_SCHOOL", ROUTE_STATECORP, {.declarant_iin = ERLAN}, "D1 D2 D3 D4 D5 D6 D7"},
        {"HOME_SCHOOL", ROUTE_STATECORP, {.declarant_iin = ERLAN, .representative = true}, "D1 D2 D3 D4 D5 D6 D7 D8"},
        {"HOME_SCHOOL", ROUTE_PORTAL, {.declarant_iin = ERLAN}, ""},
        {"HOME_SCHOOL", ROUTE_PORTAL, {.declarant_iin = ERLAN, .no_data = true}, "D9 D10"},
        {"HOUSING_AID", ROUTE_OFFICE, {.declarant_iin = ERLAN}, "D1 D2 D3 D4"},
        {"LOCAL_AID", ROUTE_OFFICE, {.declarant_iin = ERLAN}, ""},
        {"RURAL_FUEL", ROUTE_OFFICE, {.declarant_iin = ERLAN}, ""},
};

static void every_service(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        for (size_t i = 0; i < GW_COUNT(asked); i++) {
                struct completeness_facts facts = asked[i].facts;
                facts.at = at(NOW);
                auto_str char *got = required_of(service_of(catalogue, asked[i].service), asked[i].route, &facts);
                if (strcmp(got, asked[i].want) != 0)
                        fail_msg("row %zu, %s: got \"%s\", want \"%s\"", i, asked[i].service, got, asked[i].want);
        }
}

/* ---- conditions ---- */

/* The day on which a condition begins, and the day before. */
static const struct day {
        const char *iin, *day;
        enum document_condition condition;
        bool want;
} days[] = {
        {CHILD, "2033-11-06", DOCUMENT_MINOR_OR_INCAPABLE, true}, {CHILD, "2033-11-07", DOCUMENT_MINOR_OR_INCAPABLE, false},
        {CHILD, "2033-11-06", DOCUMENT_ADULT, false}, {CHILD, "2033-11-07", DOCUMENT_ADULT, true},
        {NURLAN, "2030-02-28", DOCUMENT_ADULT, false}, {NURLAN, "2030-03-01", DOCUMENT_ADULT, true}, /* born on 29 February */
        {ERLAN, "2048-04-11", DOCUMENT_PENSION_AGE, false}, {ERLAN, "2048-04-12", DOCUMENT_PENSION_AGE, true}, /* 63 */
        {AIGUL, "2050-09-29", DOCUMENT_PENSION_AGE, false}, {AIGUL, "2050-09-30", DOCUMENT_PENSION_AGE, true}, /* 63 since 2031 */
        {"600101490016", "2018-06-30", DOCUMENT_PENSION_AGE, false}, {"600101490016", "2018-07-01", DOCUMENT_PENSION_AGE, true}, /* a woman, 58 and a half in 2018 */
        {"590101490011", "2017-01-01", DOCUMENT_PENSION_AGE, true}, {"590101490011", "2016-12-31", DOCUMENT_PENSION_AGE, false}, /* 58 until 2017 */
        {PENSIONER, "2012-06-01", DOCUMENT_PENSION_AGE, false}, /* before the table: not known, so not asked */
        {PENSIONER, "2026-11-22", DOCUMENT_NOT_ELDERLY, false}, {ERLAN, "2026-11-22", DOCUMENT_NOT_ELDERLY, true},
};

static void every_condition_on_its_day(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = service_of(catalogue, "HOME_CARE_2013");
        for (size_t i = 0; i < GW_COUNT(days); i++) {
                struct service_document document = {.id = NULL, .condition = days[i].condition};
                struct completeness_facts facts = {.declarant_iin = days[i].iin};
                assert_int_equal(clock_parse_date(days[i].day, &facts.at), GW_OK);
                if (completeness_requires(service, &document, ROUTE_CSC, &facts) != days[i].want)
                        fail_msg("row %zu: %s of %s on %s", i, document_condition_names[days[i].condition], days[i].iin, days[i].day);
        }
}

static void other_conditions(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = service_of(catalogue, "HOME_CARE_2013");
        const struct completeness_facts plain = {.declarant_iin = ERLAN, .at = at(NOW)};
        static const bool want_plain[DOCUMENT_CONDITION_COUNT] = {[DOCUMENT_ALWAYS] = true, [DOCUMENT_ADULT] = true, [DOCUMENT_NOT_ELDERLY] = true};
        struct completeness_facts all = {.declarant_iin = PENSIONER, .at = at(NOW), .representative = true, .veteran = true, .no_data = true};
        static const bool want_all[DOCUMENT_CONDITION_COUNT] = {
                [DOCUMENT_ALWAYS] = true, [DOCUMENT_MINOR_OR_INCAPABLE] = true, [DOCUMENT_PENSION_AGE] = true, [DOCUMENT_VETERAN] = true, [DOCUMENT_REPRESENTATIVE] = true,
                [DOCUMENT_NO_DATA] = true,
        };
        for (int i = 0; i < DOCUMENT_CONDITION_COUNT; i++) {
                struct service_document document = {.id = NULL, .condition = (enum document_condition)i};
                if (completeness_requires(service, &document, ROUTE_CSC, &plain) != want_plain[i] || completeness_requires(service, &document, ROUTE_CSC, &all) != want_all[i])
                        fail_msg("condition %s", document_condition_names[i]);
        }
        /* on its routes alone */
        struct service_document document = {.id = NULL, .condition = DOCUMENT_ALWAYS, .routes = 1u << ROUTE_CSC};
        assert_true(completeness_requires(service, &document, ROUTE_CSC, &plain));
        assert_false(completeness_requires(service, &document, ROUTE_AUTH_BODY, &plain));
}

static void fields_of_the_form(void **state GW_UNUSED)
{
        struct completeness_facts facts = {.declarant_iin = ERLAN};
        completeness_note(&facts, "incapable", "true");
        completeness_note(&facts, "veteran", "1");
        completeness_note(&facts, "category", "ELDERLY");
        completeness_note(&facts, "telephone", "true");
        assert_true(facts.incapable && facts.veteran && facts.elderly == ELDERLY_YES && !facts.representative);
        completeness_note(&facts, "incapable", "false");
        completeness_note(&facts, "veteran", NULL);
        completeness_note(&facts, "category", "DISABLED");
        assert_true(!facts.incapable && !facts.veteran && facts.elderly == ELDERLY_NO);
        completeness_note(&facts, "category", NULL);
        assert_int_equal(facts.elderly, ELDERLY_NO);
}

/* ---- gaps ---- */

static void gaps_are_named(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = service_of(catalogue, "TSA_ASSIGN");
        struct completeness_facts facts = {.declarant_iin = ERLAN, .at = at(NOW)};
        struct document_given given[] = {{.id = "D1"}, {.id = "D2", .valid_until = {0}}, {.id = "D3"}, {.id = "D4"}, {.id = "D5"}};
        struct completeness c;
        struct why why = WHY_INIT;
        assert_int_equal(completeness_check(service, ROUTE_CENTER, &facts, given, 5, &c, &why), GW_OK);
        assert_int_equal(c.gap_count, 0);
        assert_false(c.refused);
        assert_int_equal(completeness_refuse(&c, &why), GW_OK);
        /* one away */
        assert_int_equal(completeness_check(service, ROUTE_CENTER, &facts, given, 4, &c, &why), GW_OK);
        assert_true(c.refused);
        assert_int_equal(completeness_refuse(&c, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_DOCUMENT_MISSING);
        assert_string_equal(why.detail, "D5 missing (ALWAYS)");
        /* its last day is today: good; yesterday: over, and said before what is missing */
        assert_int_equal(clock_parse_date("2026-11-22", &given[1].valid_until), GW_OK);
        assert_int_equal(completeness_check(service, ROUTE_CENTER, &facts, given, 5, &c, &why), GW_OK);
        assert_int_equal(c.gap_count, 0);
        assert_int_equal(clock_parse_date("2026-11-21", &given[1].valid_until), GW_OK);
        assert_int_equal(completeness_check(service, ROUTE_CENTER, &facts, given, 4, &c, &why), GW_OK);
        assert_int_equal(completeness_refuse(&c, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_DOCUMENT_EXPIRED);
        assert_string_equal(why.detail, "D2 expired (ALWAYS); D5 missing (ALWAYS)");
}

/* TSA_CERT names the incomplete package alone (§4 6.1a), its office nothing, and HOME_CARE_2013 makes it a matter of the decision (10(2)). */
static void gaps_that_end_the_intake(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        static const struct { const char *service; enum route_kind route; bool missing, expired; } rows[] = {
                {"TSA_ASSIGN", ROUTE_CENTER, true, true}, {"TSA_ASSIGN", ROUTE_AKIM, true, true}, {"TSA_CERT", ROUTE_STATECORP, true, false}, {"TSA_CERT", ROUTE_CENTER, true, false},
                {"TSA_CERT", ROUTE_OFFICE, false, false}, {"HOME_SCHOOL", ROUTE_STATECORP, true, true}, {"HOME_CARE_2013", ROUTE_AUTH_BODY, false, false},
                {"HOME_CARE_2013", ROUTE_CSC, false, false},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                const struct service *service = service_of(catalogue, rows[i].service);
                struct completeness_facts facts = {.declarant_iin = ERLAN, .at = at(NOW)};
                struct completeness c;
                struct why why = WHY_INIT;
                assert_int_equal(completeness_ground(service, rows[i].route, false) != NULL, rows[i].missing);
                assert_int_equal(completeness_ground(service, rows[i].route, true) != NULL, rows[i].expired);
                assert_int_equal(completeness_check(service, rows[i].route, &facts, NULL, 0, &c, &why), GW_OK);
                assert_int_equal(c.refused, rows[i].missing);
                assert_int_not_equal(c.gap_count, 0);
        }
}

static void wrong_packages(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = service_of(catalogue, "TSA_ASSIGN");
        const struct document_given unknown[] = {{.id = "D1"}, {.id = "D77"}}, twice[] = {{.id = "D1"}, {.id = "D2"}, {.id = "D1"}};
        struct completeness_facts facts = {.declarant_iin = ERLAN, .at = at(NOW)};
        struct completeness c;
        struct why why = WHY_INIT;
        assert_int_equal(completeness_check(service, ROUTE_CENTER, &facts, unknown, 2, &c, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_FORM_INVALID);
        assert_string_equal(why.detail, "document 2 of the package is none of service TSA_ASSIGN");
        assert_int_equal(completeness_check(service, ROUTE_CENTER, &facts, twice, 3, &c, &why), GW_REJECT);
        assert_string_equal(why.detail, "document D1 is there twice");
        facts.declarant_iin = "850432390011";
        assert_int_equal(completeness_check(service, ROUTE_CENTER, &facts, NULL, 0, &c, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_APPLICANT_IIN_INVALID);
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_service), cmocka_unit_test(every_condition_on_its_day), cmocka_unit_test(other_conditions), cmocka_unit_test(fields_of_the_form),
                cmocka_unit_test(gaps_are_named), cmocka_unit_test(gaps_that_end_the_intake), cmocka_unit_test(wrong_packages),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
