/* Papers: every one that a service declares, with exactly its fields, by the schema; initials; papers with a hole. */
#include "tests/unit/service_fixture.h"

#include <libxml/xmlschemas.h>

#include "gateway/provider/paper.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)
GW_DEFINE_AUTO(schema, xmlSchema, xmlSchemaFree)
GW_DEFINE_AUTO(schema_valid, xmlSchemaValidCtxt, xmlSchemaFreeValidCtxt)

/* ---- facts ---- */

static struct completeness gaps;
static struct document_given given[2];
static const struct service_document *brought[SERVICE_DOCUMENTS_MAX];
static const struct paper_application rows[] = {
        {"10100000000012", {1795376197123}, ERLAN, "Үйде күтім", "Уход на дому", 6}, {"10100000000013", {1795376197123}, AIGUL, "Үйде күтім", "Уход на дому", 5},
};

static struct paper_facts facts_of(const struct service *service)
{
        memset(&gaps, 0, sizeof gaps);
        for (size_t i = 0; i < service->document_count; i++)
                brought[i] = &service->documents[i];
        for (; gaps.gap_count < 2 && gaps.gap_count < service->document_count; gaps.gap_count++) {
                gaps.gaps[gaps.gap_count] = (struct document_gap){.document = brought[gaps.gap_count], .expired = gaps.gap_count == 1};
                given[gaps.gap_count] = (struct document_given){.id = brought[gaps.gap_count]->id, .valid_until = at("2026-11-01T00:00:00+05:00")};
        }
        return (struct paper_facts){
                .service = service, .number = "30100000000007", .request_number = "10100000000012", .at = at(NOW), .registered_at = at(NOW),
                .due_at = at("2026-12-01T18:00:00+05:00"),
                .organisation = {"160441900018", "«Халықты жұмыспен қамту орталығы» КММ", "КГУ «Центр занятости населения»", "Тобыл қ., Абай к-сі 1", "г. Тобыл, ул. Абая 1"},
                .receiver = {"160640900019", "Жұмыспен қамту бөлімі", "Отдел занятости", NULL, NULL}, .staff_kk = "Серікова Айгүл Маратқызы", .staff_ru = "Серикова Айгуль Маратовна",
                .applicant_name = "Ахметов Ерлан Серікұлы", .applicant_iin = ERLAN, .documents = brought, .document_count = service->document_count, .completeness = &gaps,
                .given = given, .given_count = gaps.gap_count, .applications = rows, .application_count = GW_COUNT(rows),
        };
}

static xmlDoc *written(const struct service *service, const char *paper, const struct paper_facts *facts)
{
        auto_buf struct buf out = BUF_INIT, canonical = BUF_INIT;
        struct why why = WHY_INIT;
        xmlDoc *doc = NULL;
        if (paper_write(paper_find(service, paper), facts, &out, &why) != GW_OK || xml_read(buf_span(&out), &xml_limits_default, &doc, &why) != GW_OK)
                fail_msg("%s of %s: %s", paper, service->code, why.detail);
        assert_true(xml_c14n(doc, &canonical));
        assert_string_equal(buf_cstr(&canonical), buf_cstr(&out));
        return doc;
}

/* Of the field's value: "value/ru", "line", … */
static char *text_of(const xmlDoc *doc, const char *id, const char *element, const char *language)
{
        for (const xmlNode *field = xml_first_element(xmlDocGetRootElement(doc)); field; field = xml_next_element(field)) {
                auto_str char *got = xml_attribute(field, NULL, "id");
                if (str_eq(got, id))
                        return language ? xml_child_text(xml_child(field, PAPER_NS, element), PAPER_NS, language) : xml_child_text(field, PAPER_NS, element);
        }
        return NULL;
}

/* ---- tests ---- */

static xmlSchema *paper_schema(void)
{
        auto_buf struct buf text = BUF_INIT;
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        assert_true(text_read_file("conf/services/paper.xsd", &text));
        assert_int_equal(xml_read(buf_span(&text), &xml_limits_default, &doc, &why), GW_OK);
        xmlSchemaParserCtxt *parser = xmlSchemaNewDocParserCtxt(doc);
        xmlSchema *schema = xmlSchemaParse(parser);
        xmlSchemaFreeParserCtxt(parser);
        assert_non_null(schema);
        return schema;
}

/* Exactly the fields of the catalogue, in its order. */
static void check_fields(const struct service_paper *paper, const xmlDoc *doc)
{
        size_t n = 0;
        for (const xmlNode *field = xml_first_element(xmlDocGetRootElement(doc)); field; field = xml_next_element(field)) {
                if (!xml_is(field, PAPER_NS, "field"))
                        continue;
                auto_str char *id = xml_attribute(field, NULL, "id"), *kk = xml_child_text(xml_child(field, PAPER_NS, "label"), PAPER_NS, "kk");
                assert_true(n < paper->field_count);
                assert_string_equal(id, paper->fields[n].id);
                assert_string_equal(kk, paper->fields[n].name.kk);
                n++;
        }
        assert_int_equal(n, paper->field_count);
}

static bool is_result(const struct service_paper *paper)
{
        return paper->kind == PAPER_CERTIFICATE || paper->kind == PAPER_NOTIFICATION || paper->kind == PAPER_REASONED_REFUSAL;
}

static void every_paper_of_every_service(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        gw_auto(schema) xmlSchema *schema = paper_schema();
        size_t papers = 0;
        for (size_t i = 0; i < catalogue_count(catalogue); i++) {
                const struct service *service = catalogue_at(catalogue, i);
                for (size_t k = 0; k < service->paper_count; k++) {
                        const struct service_paper *paper = &service->papers[k];
                        if (is_result(paper))
                                continue;
                        struct paper_facts facts = facts_of(service);
                        auto_xmldoc xmlDoc *doc = written(service, paper->id, &facts);
                        gw_auto(schema_valid) xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schema);
                        if (xmlSchemaValidateDoc(valid, doc) != 0)
                                fail_msg("%s of %s is not valid by paper.xsd", paper->id, service->code);
                        check_fields(paper, doc);
                        assert_true(paper->field_count > 0);
                        papers++;
                }
        }
        assert_int_equal(papers, 9);
}

/* No. 71, appendix 1, 7.1c and 8.1a: day of registration, day on which the service is received, surname and initials. */
static void coupon_of_tsa_assign(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_ASSIGN", at(NOW));
        struct paper_facts facts = facts_of(service);
        facts.note_kk = "ТЕСТ";
        facts.note_ru = "ТЕСТ";
        auto_xmldoc xmlDoc *doc = written(service, "COUPON", &facts);
        auto_str char *registered = text_of(doc, "registered", "value", "kk"), *day = text_of(doc, "service-date", "value", "ru"), *kk = text_of(doc, "accepted-by", "value", "kk"),
                      *ru = text_of(doc, "accepted-by", "value", "ru"), *note = xml_child_text(xml_child(xmlDocGetRootElement(doc), PAPER_NS, "note"), PAPER_NS, "ru");
        assert_string_equal(registered, "22.11.2026");
        assert_string_equal(day, "01.12.2026");
        assert_string_equal(kk, "Серікова А. М.");
        assert_string_equal(ru, "Серикова А. М.");
        assert_string_equal(note, "ТЕСТ");
        assert_int_equal(paper_find(service, "COUPON")->field_count, 3);
        for (size_t i = 0; i < service->route_count; i++) { /* both routes end registration with it */
                bool coupon = false;
                for (size_t k = 0; k < service->routes[i].step_count; k++)
                        coupon |= service->routes[i].steps[k].act == ACT_REGISTER && str_eq(service->routes[i].steps[k].paper, "COUPON");
                assert_true(coupon);
        }
}

/* Ulytau No. 01/04, p. 12(2). */
static void receipt_of_home_care(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "HOME_CARE_2013", at(NOW));
        struct paper_facts facts = facts_of(service);
        auto_xmldoc xmlDoc *doc = written(service, "ACCEPTANCE_RECEIPT", &facts);
        auto_str char *number = text_of(doc, "number-and-date", "value", "ru"), *kind = text_of(doc, "service", "value", "kk"), *count = text_of(doc, "documents", "count", NULL),
                      *title = text_of(doc, "documents", "item", "ru"), *issue = text_of(doc, "issue", "value", "ru"), *who = text_of(doc, "accepted-by-full", "value", "ru");
        assert_string_equal(number, "№ 10100000000012, 22.11.2026");
        assert_string_equal(kind, service->name.kk);
        assert_string_equal(count, "9");
        assert_string_equal(title, "Письменное заявление потребителя");
        assert_string_equal(issue, "01.12.2026 18:00, КГУ «Центр занятости населения», г. Тобыл, ул. Абая 1");
        assert_string_equal(who, "Серикова Айгуль Маратовна");
}

static void receipt_of_refusal(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_ASSIGN", at(NOW));
        struct paper_facts facts = facts_of(service);
        facts.request_number = NULL; /* a refused package is not registered */
        facts.paragraph = "8.1b";
        auto_xmldoc xmlDoc *doc = written(service, "REFUSAL_RECEIPT", &facts);
        auto_str char *number = text_of(doc, "number-and-date", "value", "kk"), *law = text_of(doc, "law", "value", "ru"), *law_kk = text_of(doc, "law", "value", "kk"),
                      *applicant = text_of(doc, "applicant", "value", "kk"), *gap = text_of(doc, "grounds", "gap", "ru"), *form = xml_attribute(xmlDocGetRootElement(doc), NULL, "form");
        assert_string_equal(number, "№ 30100000000007, 22.11.2026");
        assert_string_equal(law, "Постановление акимата Костанайской области, приложение 1 (новая редакция), 16.02.2018, № 71, пункт 8.1b");
        assert_string_equal(law_kk, "Қостанай облысы әкімдігінің қаулысы, 1-қосымша (жаңа редакция), 16.02.2018, № 71, 8.1b-тармақ");
        assert_string_equal(applicant, "Ахметов Ерлан Серікұлы, ЖСН " ERLAN);
        assert_string_equal(gap, "Заявление");
        assert_string_equal(form, "№ 320, 05.05.2015, 4");
        auto_buf struct buf text = BUF_INIT;
        assert_true(xml_c14n(doc, &text));
        assert_non_null(strstr(buf_cstr(&text), "<gap condition=\"ALWAYS\" document=\"D1\" paragraph=\"7.1a\" state=\"missing\">"));
        assert_non_null(strstr(buf_cstr(&text), "<gap condition=\"ALWAYS\" document=\"D2\" state=\"expired\" validUntil=\"01.11.2026\">"));
}

/* What would leave a hole. */
static void without_facts(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *assign = catalogue_find(catalogue, "TSA_ASSIGN", at(NOW)), *care = catalogue_find(catalogue, "HOME_CARE_2013", at(NOW));
        const struct paper_facts whole_assign = facts_of(assign), whole_care = facts_of(care);
        struct paper_facts broken[] = {whole_assign, whole_assign, whole_assign, whole_assign, whole_care, whole_care, whole_care, whole_assign};
        static const struct { const char *paper, *want; } cases[] = {
                {"COUPON", "nothing is known for the field registered"}, {"COUPON", "nothing is known for the field service-date"},
                {"COUPON", "nothing is known for the field accepted-by"}, {"REFUSAL_RECEIPT", "nothing is known for the field applicant"},
                {"TRANSFER_REGISTER", "nothing is known for the field applications"}, {"TRANSFER_REGISTER", "nothing is known for the field receiver"},
                {"ACCEPTANCE_RECEIPT", "nothing is known for the field issue"}, {"COUPON", "has no number or no organisation"},
        };
        broken[0].registered_at.ms = broken[1].due_at.ms = broken[6].due_at.ms = 0;
        broken[2].staff_ru = NULL;
        broken[3].applicant_name = NULL;
        broken[4].application_count = 0;
        broken[5].receiver.ru = "";
        broken[7].number = NULL;
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf out = BUF_INIT;
                struct why why = WHY_INIT;
                assert_int_equal(paper_write(paper_find(broken[i].service, cases[i].paper), &broken[i], &out, &why), GW_FAULT);
                if (why.reason != REASON_INTERNAL || !strstr(why.detail, cases[i].want))
                        fail_msg("case %zu: %s", i, why.detail);
        }
        assert_null(paper_find(assign, "ACCEPTANCE_RECEIPT"));
}

static void initials(void **state GW_UNUSED)
{
        static const struct { const char *name, *want; } cases[] = {
                {"Ахметов Ерлан Серікұлы", "Ахметов Е. С."}, {"Қасымова  Ұлжан", "Қасымова Ұ."}, {"Ахметов", "Ахметов"}, {"Ахметов Е.С.", "Ахметов Е.С."}, {"А. Омаров", "А. Омаров"},
                {"Smith John ", "Smith J."}, {"", ""},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf got = BUF_INIT;
                paper_initials(cases[i].name, &got);
                assert_string_equal(buf_cstr(&got), cases[i].want);
        }
}

/* Names are other people's words: they stay text. */
static void hostile_names(void **state GW_UNUSED)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        const struct service *service = catalogue_find(catalogue, "TSA_ASSIGN", at(NOW));
        struct paper_facts facts = facts_of(service);
        facts.applicant_name = "</kk><line/>&amp; \"<![CDATA[";
        auto_xmldoc xmlDoc *doc = written(service, "REFUSAL_RECEIPT", &facts);
        auto_str char *applicant = text_of(doc, "applicant", "value", "ru");
        assert_string_equal(applicant, "</kk><line/>&amp; \"<![CDATA[, ИИН " ERLAN);
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_paper_of_every_service), cmocka_unit_test(coupon_of_tsa_assign), cmocka_unit_test(receipt_of_home_care), cmocka_unit_test(receipt_of_refusal),
                cmocka_unit_test(without_facts), cmocka_unit_test(initials), cmocka_unit_test(hostile_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
