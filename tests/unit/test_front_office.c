/* Paper applications: what is read of one, and every reason for which it is not taken in. */
#include "tests/unit/service_fixture.h"

#include "gateway/provider/front_office.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)

#define PROVIDER "160640900019"
#define CENTER "170140900013"
#define AKIM "140140900018"
#define BODY "130140900016"
#define DAY "2026-11-22"

/* ---- who and where ---- */

#define ORGANISATION(id, kind, bin, more) "[organisation " id "]\nbin = " bin "\nkind = " kind "\nname_kk = k\nname_ru = r\n" more
#define CONF                                                                                                                                                      \
        "[gateway]\ntrust = trust\nsender_id = us\n[issuer]\nbin = " PROVIDER "\nname_kk = k\nname_ru = r\n[store]\npath = s.db\n[listener a]\nport = 0\n"         \
        "[key system]\nkey = s.key\ncertificate = s.pem\n[destination cabinet]\nurl = http://h/\nbin = 091240900012\n[revocation]\nmode = off\n"                  \
        ORGANISATION("center", "CENTER", CENTER, "kato = 391010000, 395400000\n") ORGANISATION("akim", "AKIM", AKIM, "")                                          \
        ORGANISATION("statecorp", "STATECORP", "160741900019", "") ORGANISATION("csc", "CSC", "150240900013", "services = HOME_CARE_2013\n")                      \
        ORGANISATION("body", "AUTH_BODY", BODY, "")

static struct settings *settings_of(void)
{
        struct settings *settings = NULL;
        struct why why = WHY_INIT;
        FILE *in = fmemopen((void *)(uintptr_t)CONF, strlen(CONF), "r");
        if (settings_read(in, "/x/gateway.conf", &settings, &why) != GW_OK)
                fail_msg("%s", why.detail);
        fclose(in);
        return settings;
}

static struct actor actor_of(const struct settings *settings, const char *organisation, unsigned roles)
{
        const struct organisation_settings *o = settings_organisation(settings, organisation);
        assert_non_null(o);
        struct actor actor = {.kind = organisation_kind_of(o), .roles = roles};
        snprintf(actor.id, sizeof actor.id, "somebody");
        snprintf(actor.organisation, sizeof actor.organisation, "%s", organisation);
        snprintf(actor.bin, sizeof actor.bin, "%s", o->bin);
        return actor;
}

/* ---- applications ---- */

#define DOCUMENT(id) "<document id=\"" id "\" pages=\"2\" originalShown=\"true\"/>"
#define CONSENT "<consent written=\"true\" date=\"" DAY "\"/>"
#define INNER(code, bin, iin, more, form)                                                                                                                          \
        "<application xmlns=\"" APPLICATION_NS "\"><requestNumber>20261122000001</requestNumber><serviceCode>" code "</serviceCode><requestDate>" NOW              \
        "</requestDate><language>kk</language><providerBin>" bin "</providerBin><declarantId>" iin "</declarantId>" more "<consent>true</consent><form>" form     \
        "</form></application>"
#define PAPER(route, head, documents, tail, inner)                                                                                                                 \
        "<paperApplication xmlns=\"" FRONT_OFFICE_NS "\"><route>" route "</route>" head "<applicantName>Ахметов Ерлан Серікұлы</applicantName><documents>"        \
        documents "</documents>" tail inner "</paperApplication>"
#define FIVE DOCUMENT("D1") DOCUMENT("D2") DOCUMENT("D3") DOCUMENT("D4") DOCUMENT("D5")
#define ASSIGN INNER("TSA_ASSIGN", PROVIDER, ERLAN, "", "")
#define CARE INNER("HOME_CARE_2013", BODY, ERLAN, "", "<category>DISABLED</category>")
#define CERT INNER("TSA_CERT", PROVIDER, ERLAN, "", "<purpose>Мектепке</purpose>")
#define BY_CENTER PAPER("CENTER", "", FIVE, CONSENT, ASSIGN)
#define RESIDENCE(kato) "<residence kato=\"" kato "\"/>"

static enum gw_rc read_text(const char *text, struct front_application **ret, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(span_str(text), &xml_limits_default, &doc, why);
        return rc == GW_OK ? front_application_read(xmlDocGetRootElement(doc), ret, why) : rc;
}

/* ---- reading ---- */

static void everything_is_read(void **state GW_UNUSED)
{
        struct why why = WHY_INIT;
        auto_front_application struct front_application *a = NULL;
        auto_str char *text = replaced(PAPER("AKIM", RESIDENCE("395430100"), FIVE, CONSENT "<acceptIncomplete>true</acceptIncomplete>", ASSIGN), "pages=\"2\"", "validUntil=\"2027-01-31\" pages=\"3\"");
        assert_int_equal(read_text(text, &a, &why), GW_OK);
        assert_int_equal(a->route, ROUTE_AKIM);
        assert_string_equal(a->residence, "395430100");
        assert_string_equal(a->applicant_name, "Ахметов Ерлан Серікұлы");
        assert_int_equal(a->document_count, 5);
        assert_string_equal(a->documents[0].id, "D1");
        assert_int_equal(a->documents[0].pages, 3);
        assert_true(a->documents[0].original_shown && a->documents[0].valid_until.ms && !a->documents[1].valid_until.ms);
        assert_true(a->consent_written && a->accept_incomplete);
        assert_string_equal(a->application->service_code, "TSA_ASSIGN");
        /* the application stands by itself: as if it had come alone */
        assert_true(str_starts(buf_cstr(&a->bytes), "<application xmlns=\"" APPLICATION_NS "\"><requestNumber>"));
}

static void what_is_not_one(void **state GW_UNUSED)
{
        static const struct { const char *from, *to, *want; } cases[] = {
                {"<paperApplication xmlns=\"urn:egov-gateway:front-office:1\">", "<paperApplication xmlns=\"urn:egov-gateway:front-office:2\">", "not a paperApplication"},
                {"<route>CENTER</route>", "", "route is missing"},
                {"<route>CENTER</route>", "<route>CENTRE</route>", "route is none of the known ones"},
                {"<route>CENTER</route>", "<route>CENTER</route><route>CENTER</route>", "applicantName is missing"},
                {"<applicantName>", RESIDENCE("123") "<applicantName>", "residence has no valid kato"},
                {"<applicantName>", "<residence/><applicantName>", "residence has no valid kato"},
                {"Ахметов Ерлан Серікұлы", "", "applicantName must have 1 to 200 bytes"},
                {"Ахметов Ерлан", "Ахметов\tЕрлан", "applicantName has a control character"},
                {"Ахметов Ерлан", "<b>Ахметов</b>", "applicantName must have"},
                {"<document id=\"D1\"", "<document", "document 1 has no id"},
                {"<document id=\"D1\"", "<paper id=\"D1\"", "document 1 has no id"},
                {"pages=\"2\"", "pages=\"0\"", "document 1: pages must be 1 to 9999"},
                {"pages=\"2\"", "pages=\"two\"", "document 1: pages must be 1 to 9999"},
                {"originalShown=\"true\"", "originalShown=\"yes\"", "document 1: originalShown must be true or false"},
                {"originalShown=\"true\"", "", "document 1: originalShown must be true or false"},
                {"pages=\"2\"", "pages=\"2\" validUntil=\"31.01.2027\"", "document 1: validUntil must be yyyy-mm-dd"},
                {"written=\"true\"", "written=\"\"", "consent: written must be true or false"},
                {"date=\"2026-11-22\"", "", "consent: date must be yyyy-mm-dd"},
                {"<application xmlns", "<acceptIncomplete>perhaps</acceptIncomplete><application xmlns", "acceptIncomplete must be true or false"},
                {"</application></paperApplication>", "</application><route>CENTER</route></paperApplication>", "something after"},
                {"<serviceCode>TSA_ASSIGN</serviceCode>", "", "serviceCode is missing"},
                {ASSIGN, "", "application is missing"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *text = replaced(BY_CENTER, cases[i].from, cases[i].to);
                auto_front_application struct front_application *a = NULL;
                struct why why = WHY_INIT;
                auto_str char *closed = strstr(cases[i].to, "<paper id") ? xstrdup(text) : NULL;
                enum gw_rc rc = read_text(closed ? closed : text, &a, &why);
                if (rc != GW_REJECT || why.reason != REASON_DATA_FORM || !strstr(why.detail, cases[i].want))
                        fail_msg("case %zu: rc %d %s \"%s\", want \"%s\"", i, rc, reason_info(why.reason)->name, why.detail, cases[i].want);
        }
}

/* ---- judging ---- */

struct judged {
        const char *text, *organisation;
        unsigned role;
        enum step_act act;
        int want_reason;              /* NONE: taken */
        const char *want_detail;
};
#define BIT(role) (1u << STAFF_##role)

static void judge(const struct settings *settings, const struct catalogue *catalogue, const struct judged *row, size_t number)
{
        struct actor actor = actor_of(settings, row->organisation, row->role);
        const struct front_question question = {.settings = settings, .catalogue = catalogue, .actor = &actor, .at = at(NOW), .act = row->act, .iin_check_digit = true};
        auto_front_application struct front_application *a = NULL;
        struct front_verdict verdict;
        struct why why = WHY_INIT;
        if (read_text(row->text, &a, &why) != GW_OK)
                fail_msg("row %zu: %s", number, why.detail);
        enum gw_rc rc = front_office_judge(&question, a, &verdict, &why);
        if (rc != (row->want_reason ? GW_REJECT : GW_OK) || (row->want_reason && why.reason != row->want_reason) || (row->want_detail && !strstr(why.detail, row->want_detail)))
                fail_msg("row %zu: rc %d %s \"%s\", want %s \"%s\"", number, rc, reason_info(why.reason)->name, why.detail, reason_info(row->want_reason)->name,
                         row->want_detail ? row->want_detail : "");
}

static void judge_all(const struct judged *rows, size_t count)
{
        gw_auto(catalogue) struct catalogue *catalogue = opened(SERVICES);
        auto_settings struct settings *settings = settings_of();
        for (size_t i = 0; i < count; i++)
                judge(settings, catalogue, &rows[i], i);
}

#define REGISTER_OK(text, organisation, role) {text, organisation, BIT(role), ACT_REGISTER, REASON_NONE, NULL}

static void taken_in(void **state GW_UNUSED)
{
        static const struct judged rows[] = {
                REGISTER_OK(BY_CENTER, "center", CENTER_WORKER),
                REGISTER_OK(PAPER("AKIM", RESIDENCE("396030100"), FIVE, CONSENT, ASSIGN), "akim", AKIM_WORKER),
                REGISTER_OK(PAPER("CENTER", "", DOCUMENT("D1"), CONSENT, CERT), "center", CENTER_WORKER),
                REGISTER_OK(PAPER("STATECORP", "", DOCUMENT("D1"), CONSENT, CERT), "statecorp", STATECORP_WORKER),
                REGISTER_OK(PAPER("OFFICE", "", DOCUMENT("D1"), CONSENT, CERT), "issuer", CLERK),
                REGISTER_OK(PAPER("OFFICE", "", DOCUMENT("D1"), CONSENT, INNER("TSA_CERT", AKIM, ERLAN, "", "<purpose>Мектепке</purpose>")), "akim", CLERK), /* A.5 row 6 */
                REGISTER_OK(PAPER("CSC", "", DOCUMENT("D1") DOCUMENT("D2") DOCUMENT("D3") DOCUMENT("D4") DOCUMENT("D5") DOCUMENT("D6"), CONSENT, CARE), "csc", CSC_INSPECTOR),
                REGISTER_OK(PAPER("AUTH_BODY", "", DOCUMENT("D1") DOCUMENT("D2") DOCUMENT("D3") DOCUMENT("D4") DOCUMENT("D5") DOCUMENT("D6"), CONSENT, CARE), "body", EXECUTOR),
                /* the act has no refusal at intake there: registered when the employee says so */
                REGISTER_OK(PAPER("AUTH_BODY", "", DOCUMENT("D1"), CONSENT "<acceptIncomplete>true</acceptIncomplete>", CARE), "body", EXECUTOR),
                REGISTER_OK(PAPER("OFFICE", "", "", CONSENT, INNER("LOCAL_AID", PROVIDER, ERLAN, "", "")), "issuer", CLERK),
        };
        judge_all(rows, GW_COUNT(rows));
}

#define LATE "<document id=\"D2\" pages=\"1\" originalShown=\"true\" validUntil=\"2026-11-21\"/>"

static void not_taken_in(void **state GW_UNUSED)
{
        static const struct judged rows[] = {
                /* the service and the way */
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_NEW", PROVIDER, ERLAN, "", "")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_SERVICE_UNKNOWN, "no service has this code"},
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("REMOVED_1_2", PROVIDER, ERLAN, "", "")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_SERVICE_UNKNOWN, "withdrawn"},
                {PAPER("OFFICE", "", FIVE, CONSENT, ASSIGN), "issuer", BIT(CLERK), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE, "ruled out by paragraph 4, 5 of act No. 71"},
                {PAPER("STATECORP", "", FIVE, CONSENT, ASSIGN), "statecorp", BIT(STATECORP_WORKER), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE, "ruled out by paragraph 6 of act No. 71"},
                {PAPER("PORTAL", "", FIVE, CONSENT, ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE, "ruled out by paragraph 10 of act No. 71"},
                {PAPER("PORTAL", "", "", CONSENT, CARE), "csc", BIT(CSC_INSPECTOR), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE, "ruled out by paragraph 3, 4 of act No. 01/04"},
                {PAPER("PORTAL", "", DOCUMENT("D1"), CONSENT, CERT), "issuer", BIT(CLERK), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE, "no route PORTAL over a counter"},
                {PAPER("AKIM", RESIDENCE("391010000"), DOCUMENT("D1"), CONSENT, CERT), "akim", BIT(AKIM_WORKER), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE, "no route AKIM"},
                /* an akim only where there is no Centre */
                {PAPER("AKIM", RESIDENCE("391010000"), FIVE, CONSENT, ASSIGN), "akim", BIT(AKIM_WORKER), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE,
                 "paragraph 8: only where there is no CENTER at the place of residence; there is one (center)"},
                {PAPER("AKIM", RESIDENCE("395430100"), FIVE, CONSENT, ASSIGN), "akim", BIT(AKIM_WORKER), ACT_REGISTER, REASON_SERVICE_NOT_AVAILABLE, "there is one (center)"}, /* inside of its district */
                {PAPER("AKIM", "", FIVE, CONSENT, ASSIGN), "akim", BIT(AKIM_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "residence is needed"},
                /* who */
                {BY_CENTER, "akim", BIT(AKIM_WORKER), ACT_REGISTER, REASON_ORGANISATION_ROUTE, "akim is of kind AKIM"},
                {BY_CENTER, "csc", BIT(CSC_INSPECTOR), ACT_REGISTER, REASON_ORGANISATION_ROUTE, "csc does not work on TSA_ASSIGN"},
                {BY_CENTER, "issuer", BIT(CLERK), ACT_REGISTER, REASON_ORGANISATION_ROUTE, "issuer is of kind PROVIDER"},
                {BY_CENTER, "center", 0, ACT_REGISTER, REASON_ROLE_REQUIRED, "REGISTER is for CENTER_WORKER"},
                {PAPER("OFFICE", "", DOCUMENT("D1"), CONSENT, CERT), "issuer", BIT(HEAD), ACT_REGISTER, REASON_ROLE_REQUIRED, "REGISTER is for CLERK"},
                {PAPER("CSC", "", "", CONSENT, CARE), "csc", BIT(CSC_ACCUMULATOR), ACT_REGISTER, REASON_ROLE_REQUIRED, "REGISTER is for CSC_INSPECTOR"},
                /* what is written in it */
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_ASSIGN", PROVIDER, ERLAN, "", "<account>KZ1</account>")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "account"},
                {PAPER("CENTER", "", FIVE, "", ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_CONSENT_MISSING, "no written consent"},
                {PAPER("CENTER", "", FIVE, "<consent written=\"false\" date=\"" DAY "\"/>", ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_CONSENT_MISSING, "no written consent"},
                {PAPER("CENTER", "", FIVE, "<consent written=\"true\" date=\"2026-11-23\"/>", ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_CONSENT_MISSING, "in the future"},
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_ASSIGN", PROVIDER, "850412390012", "", "")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_APPLICANT_IIN_INVALID, "declarantId"},
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_ASSIGN", PROVIDER, ERLAN, "<representative><iin>" AIGUL "</iin><basis>GUARDIAN</basis></representative>", "")), "center",
                 BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "application/representative"},
                {PAPER("STATECORP", "", DOCUMENT("D1") DOCUMENT("D2"), CONSENT,
                       INNER("TSA_CERT", PROVIDER, NURLAN, "<representative><iin>850412390012</iin><basis>PARENT</basis></representative>", "<purpose>Мектепке</purpose>")),
                 "statecorp", BIT(STATECORP_WORKER), ACT_REGISTER, REASON_APPLICANT_IIN_INVALID, "representative/iin"},
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_ASSIGN", CENTER, ERLAN, "", "")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "providerBin is not a provider"},
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_ASSIGN", AKIM, ERLAN, "", "")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "providerBin is not a provider"},
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_ASSIGN", BODY, ERLAN, "", "")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "providerBin is not a provider"},
                {PAPER("CENTER", "", FIVE, CONSENT, INNER("TSA_ASSIGN", "091240900012", ERLAN, "", "")), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "providerBin is not a provider"},
                {PAPER("CSC", "", "", CONSENT, INNER("HOME_CARE_2013", PROVIDER, ERLAN, "", "<category>DISABLED</category>")), "csc", BIT(CSC_INSPECTOR), ACT_REGISTER, REASON_FORM_INVALID,
                 "providerBin is not a provider that decides on the route CSC"},
                {PAPER("OFFICE", "", DOCUMENT("D1"), CONSENT, INNER("TSA_CERT", AKIM, ERLAN, "", "<purpose>Мектепке</purpose>")), "issuer", BIT(CLERK), ACT_REGISTER, REASON_FORM_INVALID,
                 "providerBin must be the organisation itself"},
                /* what was brought */
                {PAPER("CENTER", "", DOCUMENT("D1") DOCUMENT("D2") DOCUMENT("D3") DOCUMENT("D4"), CONSENT, ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_DOCUMENT_MISSING, "D5 missing (ALWAYS)"},
                {PAPER("CENTER", "", DOCUMENT("D1") LATE DOCUMENT("D3") DOCUMENT("D4") DOCUMENT("D5"), CONSENT, ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_DOCUMENT_EXPIRED, "D2 expired (ALWAYS)"},
                {PAPER("CENTER", "", DOCUMENT("D1"), CONSENT "<acceptIncomplete>true</acceptIncomplete>", ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_DOCUMENT_MISSING, "D2 missing"},
                {PAPER("AUTH_BODY", "", DOCUMENT("D1"), CONSENT, CARE), "body", BIT(EXECUTOR), ACT_REGISTER, REASON_DOCUMENT_MISSING, "D2 missing (ALWAYS, 13(2))"},
                {PAPER("CENTER", "", FIVE DOCUMENT("D9"), CONSENT, ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "document 6 of the package is none of service TSA_ASSIGN"},
                {PAPER("CENTER", "", FIVE DOCUMENT("D1"), CONSENT, ASSIGN), "center", BIT(CENTER_WORKER), ACT_REGISTER, REASON_FORM_INVALID, "document D1 is there twice"},
        };
        judge_all(rows, GW_COUNT(rows));
}

static void refused_with_a_receipt(void **state GW_UNUSED)
{
        static const struct judged rows[] = {
                {PAPER("CENTER", "", DOCUMENT("D1"), CONSENT, ASSIGN), "center", BIT(CENTER_WORKER), ACT_REFUSE_INTAKE, REASON_NONE, NULL},
                {PAPER("AKIM", RESIDENCE("396030100"), DOCUMENT("D1") LATE DOCUMENT("D3") DOCUMENT("D4") DOCUMENT("D5"), CONSENT, ASSIGN), "akim", BIT(AKIM_WORKER), ACT_REFUSE_INTAKE, REASON_NONE, NULL},
                {PAPER("STATECORP", "", "", CONSENT, CERT), "statecorp", BIT(STATECORP_WORKER), ACT_REFUSE_INTAKE, REASON_NONE, NULL},
                {PAPER("CENTER", "", "", CONSENT, CERT), "center", BIT(CENTER_WORKER), ACT_REFUSE_INTAKE, REASON_NONE, NULL},
                {BY_CENTER, "center", BIT(CENTER_WORKER), ACT_REFUSE_INTAKE, REASON_REFUSAL_WITHOUT_GROUND, "nothing that the act names"},
                /* §4 6.1a names the incomplete package alone */
                {PAPER("STATECORP", "", "<document id=\"D1\" pages=\"1\" originalShown=\"true\" validUntil=\"2026-11-01\"/>", CONSENT, CERT), "statecorp", BIT(STATECORP_WORKER), ACT_REFUSE_INTAKE,
                 REASON_REFUSAL_WITHOUT_GROUND, "nothing that the act names"},
                {PAPER("OFFICE", "", "", CONSENT, CERT), "issuer", BIT(CLERK), ACT_REFUSE_INTAKE, REASON_REFUSAL_WITHOUT_GROUND, "no refusal at intake on the route OFFICE"},
                {PAPER("AUTH_BODY", "", "", CONSENT, CARE), "body", BIT(EXECUTOR), ACT_REFUSE_INTAKE, REASON_REFUSAL_WITHOUT_GROUND, "no refusal at intake on the route AUTH_BODY"},
                {PAPER("CENTER", "", DOCUMENT("D1"), CONSENT, ASSIGN), "center", 0, ACT_REFUSE_INTAKE, REASON_ROLE_REQUIRED, "REFUSE_INTAKE is for CENTER_WORKER"},
        };
        judge_all(rows, GW_COUNT(rows));
}

static void package_in_words(void **state GW_UNUSED)
{
        struct why why = WHY_INIT;
        auto_front_application struct front_application *a = NULL;
        assert_int_equal(read_text(BY_CENTER, &a, &why), GW_OK);
        auto_buf struct buf text = BUF_INIT;
        front_office_describe(a, &text);
        assert_string_equal(buf_cstr(&text), "documents 5: D1, D2, D3, D4, D5");
        assert_int_equal(front_office_described(buf_cstr(&text)), 5);
        assert_true(front_office_describes(buf_cstr(&text), "D1") && front_office_describes(buf_cstr(&text), "D5"));
        static const char *const others[] = {"D", "D11", "D6", "", "documents"};
        for (size_t i = 0; i < GW_COUNT(others); i++)
                assert_false(front_office_describes(buf_cstr(&text), others[i]));
        static const char *const nothing[] = {"", "documents", "documents x: D1", "documents 0:", "brought: D1"};
        for (size_t i = 0; i < GW_COUNT(nothing); i++)
                assert_true(front_office_described(nothing[i]) == 0 && !front_office_describes(nothing[i], "D1"));
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everything_is_read), cmocka_unit_test(what_is_not_one), cmocka_unit_test(taken_in), cmocka_unit_test(not_taken_in), cmocka_unit_test(refused_with_a_receipt), cmocka_unit_test(package_in_words),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
