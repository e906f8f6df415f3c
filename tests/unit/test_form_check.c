/* What of a form is told: the field by its path and its labels, the rule in three languages, and nothing that a person wrote. */
#include "tests/unit/service_fixture.h"

#include "gateway/catalogue/form_check.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

#define SCHOOL                                                                                                                                            \
        "<application xmlns=\"" APPLICATION_NS "\"><requestNumber>10100000000001</requestNumber><serviceCode>HOME_SCHOOL</serviceCode>"                  \
        "<requestDate>" NOW "</requestDate><language>kk</language><providerBin>160640900019</providerBin><declarantId>" ERLAN "</declarantId>"           \
        "<consent>true</consent><form><childIin>" NURLAN "</childIin><relation>PARENT</relation><conclusionNumber>TEST-PMPK-0001</conclusionNumber>"     \
        "<conclusionDate>2026-09-01</conclusionDate><conclusionUntil>2027-05-25</conclusionUntil><account>KZ619990000000TEST01</account></form></application>"

static const struct {
        const char *from, *to;
        enum form_rule rule;
        const char *path, *label; /* Kazakh; NULL: the path stands for it */
} cases[] = {
        {"<language>kk</language>", "", FORM_MISSING, "application/language", NULL},
        {"<language>kk<", "<language>en<", FORM_VALUES, "application/language", NULL},
        {"<consent>true</consent><form>", "<consent>true</consent><consent>true</consent><form>", FORM_UNEXPECTED, "application/consent", NULL},
        {"<consent>", "<representative><iin>" AIGUL "</iin></representative><consent>", FORM_MISSING, "application/representative/basis", NULL},
        {"<form>", "<attachments><attachment name=\"a\" size=\"0\" sha256=\"00\" document=\"D1\"/></attachments><form>", FORM_TYPE, "application/attachments/attachment", NULL},
        {"<form>", "<attachments/><form>", FORM_MISSING, "application/attachments/attachment", NULL},
        {"<childIin>" NURLAN "</childIin>", "", FORM_MISSING, "form/childIin", "Баланың ЖСН-і"},
        {"<childIin>" NURLAN "<", "<childIin>12022959001<", FORM_PATTERN, "form/childIin", "Баланың ЖСН-і"},
        {"<childIin>" NURLAN "<", "<childIin>120229590019<", FORM_IIN, "form/childIin", "Баланың ЖСН-і"},
        {"<relation>PARENT<", "<relation>UNCLE<", FORM_VALUES, "form/relation", "Өтініш берушінің балаға қатысы"},
        {"<conclusionDate>2026-09-01<", "<conclusionDate>2026-02-30<", FORM_TYPE, "form/conclusionDate", ""},
        {"<conclusionNumber>TEST-PMPK-0001<", "<conclusionNumber><", FORM_LENGTH, "form/conclusionNumber", ""},
        {"KZ619990000000TEST01", "KZ629990000000TEST01", FORM_IBAN, "form/account", ""},
        {"<account>KZ619990000000TEST01</account>", "", FORM_MISSING, "form/account", ""},
        {"</form>", "<salary>1</salary></form>", FORM_UNEXPECTED, "form/salary", NULL},
        {"<account>KZ619990000000TEST01</account>", "<account xmlns=\"urn:x\">1</account>", FORM_MISSING, "form/account", ""},
        {"<form>", "<form a=\"1\">", FORM_UNEXPECTED, "application/form", NULL},
};

static void first_mistake_is_named(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(catalogue_open(SERVICES, &catalogue, &why), GW_OK);
        const struct service *service = catalogue_find(catalogue, "HOME_SCHOOL", at(NOW));
        assert_non_null(service);
        auto_xmldoc xmlDoc *whole = parsed(SCHOOL);
        struct form_mistake mistake = {.path = ""};
        assert_int_equal(service_check_form(service, whole, &mistake, &why), GW_OK);
        assert_int_equal(mistake.rule, FORM_RULE_NONE);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *text = replaced(SCHOOL, cases[i].from, cases[i].to);
                auto_xmldoc xmlDoc *doc = parsed(text);
                mistake = (struct form_mistake){.path = ""};
                why = (struct why)WHY_INIT;
                assert_int_equal(service_check_form(service, doc, &mistake, &why), GW_REJECT);
                if (mistake.rule != cases[i].rule || strcmp(mistake.path, cases[i].path) != 0 || why.reason != REASON_FORM_INVALID || !str_starts(why.detail, cases[i].path))
                        fail_msg("%s -> %s: got %s of \"%s\", \"%s\"", cases[i].from, cases[i].to, form_rule_names[mistake.rule], mistake.path, why.detail);
                assert_int_equal(mistake.field != NULL, cases[i].label != NULL);
                if (cases[i].label && *cases[i].label)
                        assert_string_equal(mistake.field->label.kk, cases[i].label);
        }
}

static void told_in_three_languages(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = NULL;
        struct why why = WHY_INIT;
        struct form_mistake mistake = {.path = ""};
        assert_int_equal(catalogue_open(SERVICES, &catalogue, &why), GW_OK);
        assert_null(form_mistake_json(&mistake));
        auto_str char *text = replaced(SCHOOL, "<relation>PARENT<", "<relation>UNCLE<");
        auto_xmldoc xmlDoc *doc = parsed(text);
        assert_int_equal(service_check_form(catalogue_find(catalogue, "HOME_SCHOOL", at(NOW)), doc, &mistake, &why), GW_REJECT);
        json_t *json = form_mistake_json(&mistake);
        auto_str char *got = json_dumps(json, JSON_COMPACT);
        json_decref(json);
        assert_string_equal(got, "{\"field\":{\"path\":\"form/relation\",\"kk\":\"Өтініш берушінің балаға қатысы\",\"ru\":\"Кем заявитель приходится ребенку\",\"en\":\"What the applicant is to the child\","
                                 "\"rule\":\"VALUES\",\"ruleText\":{\"kk\":\"мәні рұқсат етілген тізімде жоқ\",\"ru\":\"значения нет в списке допустимых\","
                                 "\"en\":\"is not one of the values that are listed\"}}}");
        assert_null(strstr(got, "UNCLE"));
        assert_null(strstr(why.detail, "UNCLE"));
}

/* A name that does not fit, and more levels than are told, are cut. */
static void long_names_are_cut(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = NULL;
        struct why why = WHY_INIT;
        struct form_mistake mistake = {.path = ""};
        assert_int_equal(catalogue_open(SERVICES, &catalogue, &why), GW_OK);
        auto_buf struct buf name = BUF_INIT, to = BUF_INIT;
        for (int i = 0; i < 100; i++)
                buf_add_str(&name, "қ");
        buf_printf(&to, "<%s>1</%s></form>", buf_cstr(&name), buf_cstr(&name));
        auto_str char *text = replaced(SCHOOL, "</form>", buf_cstr(&to));
        auto_xmldoc xmlDoc *doc = parsed(text);
        assert_int_equal(service_check_form(catalogue_find(catalogue, "HOME_SCHOOL", at(NOW)), doc, &mistake, &why), GW_REJECT);
        assert_int_equal(strlen(mistake.path), strlen("form/") + 60);
        json_t *json = form_mistake_json(&mistake);
        assert_non_null(json);
        json_decref(json);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_mistake_is_named),
                cmocka_unit_test(told_in_three_languages),
                cmocka_unit_test(long_names_are_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
