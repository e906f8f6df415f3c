/* The systems behind teaching at home (ЗАГС, guardianship, ЦБДИ, НОБД, ПШЭП, payments): their questions, and answers with their broken siblings. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/cbdi/cbdi.h"
#include "adapters/education/education.h"
#include "adapters/guardianship/guardianship.h"
#include "adapters/iban/iban.h"
#include "adapters/payments/payments.h"
#include "adapters/zags/zags.h"
#include "gateway/reason.h"

#define IIN "120229590018"
#define OTHER "480509390010"
#define MOTHER "870930490018"
#define FATHER "850412390011"
#define ACCOUNT "KZ619990000000TEST01"
#define HEAD(root, ns, id, code) "<x:" root " xmlns:x=\"" ns "\"><messageId>" id "</messageId><messageResult><code>" code "</code></messageResult>"
#define BAD GW_REJECT, REASON_REGISTRY_ANSWER_INVALID

#define Z(code, iin, inside) HEAD("BirthResponse", ZAGS_NS, "q-1", code) "<iin>" iin "</iin>" inside "</x:BirthResponse>"
#define RECORD(child, parents) "<BirthAktRecord><zags>З</zags><numberAkt>1</numberAkt><regDate>2012-03-07</regDate><child><iin>" child "</iin></child>" parents "</BirthAktRecord>"
#define PARENT(role, iin) "<" role "><iin>" iin "</iin></" role ">"
#define BIRTH(parents) "<birth><number>1</number><date>2012-03-07</date><office>З</office>" parents "</birth>"

#define G(code, inside) HEAD("GetGuardianshipResponse", GUARDIANSHIP_NS, "q-1", code) "<iin>" IIN "</iin>" inside "</x:GetGuardianshipResponse>"
#define DECISION(kind, dates, who) "<guardianship><number>1</number><kind>" kind "</kind>" dates who "</guardianship>"
#define SINCE "<dateFrom>2020-01-01</dateFrom>"
#define WHO "<iin>" MOTHER "</iin>"

#define C(code, inside) HEAD("p06560Response", CBDI_NS, "q-1", code) "<requestorIin>" IIN "</requestorIin>" inside "</x:p06560Response>"
#define DISABLED(dates) "<disablements><docNumber>1</docNumber><disabledGroup>2</disabledGroup><disabledCauseRU>secret</disabledCauseRU>" dates "</disablements>"
#define STARTS "<disabledStartDate>2020-02-29</disabledStartDate>"

#define E(code, inside) HEAD("MonDataResponse", EDUCATION_NS, "q-1", code) "<iin>" IIN "</iin>" inside "</x:MonDataResponse>"
#define PUPIL(iin, inside) "<monData><iin>" iin "</iin>" inside "</monData>"
#define CONCLUSION(end, form) "<conclusion><number>N 1</number><date>2026-09-01</date><endDate>" end "</endDate><form>" form "</form></conclusion>"

#define P(code, inside) HEAD("PaymentsResponse", PAYMENTS_NS, "q-1", code) "<requestorIin>" IIN "</requestorIin>" inside "</x:PaymentsResponse>"
#define PAYMENT(inside) "<payment><number>1</number><help_type_id>HOME_SCHOOL</help_type_id>" inside "</payment>"

#define I(number, status, iin, iban) \
        "<x:PEP_IBANCheckResponse xmlns:x=\"" IBAN_NS "\"><OrderNumber>" number "</OrderNumber><Status>" status "</Status><IIN>" iin "</IIN><IBAN>" iban \
        "</IBAN><OrgBIC>TESTKZKA</OrgBIC></x:PEP_IBANCheckResponse>"

static const struct query query = {
        .iin = IIN, .number = "10000000000001", .message_id = "q-1", .sender_id = "gateway", .account = ACCOUNT, .now = {1795000000000}};

static const struct {
        const struct adapter *adapter;
        const char *name, *answer;
        enum gw_rc want_rc;
        int want_reason;
        const char *want; /* facts, or what the detail says */
} cases[] = {
        {&zags_adapter, "both parents", Z("00000", IIN, RECORD(IIN, PARENT("mother", MOTHER) PARENT("father", FATHER))), GW_OK, 0,
         "<zags found=\"true\">" BIRTH("<parent>" MOTHER "</parent><parent>" FATHER "</parent>") "</zags>"},
        {&zags_adapter, "one parent, the other without an IIN", Z("00000", IIN, RECORD(IIN, PARENT("mother", MOTHER) PARENT("father", ""))), GW_OK, 0,
         "<zags found=\"true\">" BIRTH("<parent>" MOTHER "</parent>") "</zags>"},
        {&zags_adapter, "recorded again", Z("00000", IIN, RECORD(IIN, PARENT("mother", MOTHER)) RECORD(IIN, PARENT("mother", OTHER))), GW_OK, 0,
         "<zags found=\"true\">" BIRTH("<parent>" MOTHER "</parent>") BIRTH("<parent>" OTHER "</parent>") "</zags>"},
        {&zags_adapter, "none", Z("00001", IIN, ""), GW_OK, 0, "<zags found=\"false\"></zags>"},
        {&zags_adapter, "busy", HEAD("BirthResponse", ZAGS_NS, "q-1", "00090") "</x:BirthResponse>", GW_RETRY, REASON_REGISTRY_FAULT, "cannot answer now"},
        {&zags_adapter, "unknown code", Z("1", IIN, ""), BAD, "messageResult/code: unknown"},
        {&zags_adapter, "another child", Z("00001", OTHER, ""), BAD, "iin: not the query's"},
        {&zags_adapter, "another child's record", Z("00000", IIN, RECORD(OTHER, PARENT("mother", MOTHER))), BAD, "child/iin: not the query's"},
        {&zags_adapter, "a record that is none", Z("00001", IIN, RECORD(IIN, "")), BAD, "BirthAktRecord: given although"},
        {&zags_adapter, "no record that is one", Z("00000", IIN, ""), BAD, "BirthAktRecord: missing although"},
        {&zags_adapter, "two mothers", Z("00000", IIN, RECORD(IIN, PARENT("mother", MOTHER) PARENT("mother", OTHER))), BAD, "mother: given more than once"},
        {&zags_adapter, "half an IIN", Z("00000", IIN, RECORD(IIN, PARENT("father", "8504"))), BAD, "father: its iin is not an IIN"},
        {&zags_adapter, "no day", Z("00000", IIN, "<BirthAktRecord><numberAkt>1</numberAkt><regDate>2012-02-30</regDate><child><iin>" IIN "</iin></child></BirthAktRecord>"), BAD,
         "regDate: not a date"},
        {&zags_adapter, "another system", C("00001", ""), BAD, "BirthResponse: not this element"},
        {&zags_adapter, "another message", HEAD("BirthResponse", ZAGS_NS, "q-2", "00001") "<iin>" IIN "</iin></x:BirthResponse>", BAD, "messageId: not the query's"},

        {&guardianship_adapter, "guardian", G("00000", DECISION("GUARDIAN", SINCE, WHO)), GW_OK, 0,
         "<guardianship found=\"true\"><decision><number>1</number><kind>GUARDIAN</kind><from>2020-01-01</from><to></to><iin>" MOTHER "</iin></decision></guardianship>"},
        {&guardianship_adapter, "the state", G("00000", DECISION("STATE", SINCE "<dateTo>2020-01-01</dateTo>", "")), GW_OK, 0,
         "<guardianship found=\"true\"><decision><number>1</number><kind>STATE</kind><from>2020-01-01</from><to>2020-01-01</to></decision></guardianship>"},
        {&guardianship_adapter, "none", G("00001", ""), GW_OK, 0, "<guardianship found=\"false\"></guardianship>"},
        {&guardianship_adapter, "unknown kind", G("00000", DECISION("FRIEND", SINCE, WHO)), BAD, "kind: unknown"},
        {&guardianship_adapter, "guardian without IIN", G("00000", DECISION("TRUSTEE", SINCE, "")), BAD, "iin: missing"},
        {&guardianship_adapter, "the state with an IIN", G("00000", DECISION("STATE", SINCE, WHO)), BAD, "iin: given although"},
        {&guardianship_adapter, "no beginning", G("00000", DECISION("GUARDIAN", "", WHO)), BAD, "dateFrom: missing"},
        {&guardianship_adapter, "end before beginning", G("00000", DECISION("GUARDIAN", SINCE "<dateTo>2019-12-31</dateTo>", WHO)), BAD, "dateTo: before"},
        {&guardianship_adapter, "found nothing", G("00000", ""), BAD, "guardianship: missing although"},

        /* Group and cause do not get into the facts. */
        {&cbdi_adapter, "for a term", C("00000", DISABLED(STARTS "<disabledEndDate>2028-02-29</disabledEndDate>")), GW_OK, 0,
         "<cbdi found=\"true\"><disability><from>2020-02-29</from><to>2028-02-29</to></disability></cbdi>"},
        {&cbdi_adapter, "for good", C("00000", DISABLED(STARTS)), GW_OK, 0, "<cbdi found=\"true\"><disability><from>2020-02-29</from><to></to></disability></cbdi>"},
        {&cbdi_adapter, "none", C("00001", ""), GW_OK, 0, "<cbdi found=\"false\"></cbdi>"},
        {&cbdi_adapter, "no beginning", C("00000", DISABLED("")), BAD, "disabledStartDate: missing"},
        {&cbdi_adapter, "no such day", C("00000", DISABLED("<disabledStartDate>2021-02-29</disabledStartDate>")), BAD, "disabledStartDate: not a date"},
        {&cbdi_adapter, "no group", C("00000", "<disablements><docNumber>1</docNumber>" STARTS "</disablements>"), BAD, "disabledGroup: missing"},
        {&cbdi_adapter, "none but one", C("00001", DISABLED(STARTS)), BAD, "disablements: given although"},

        {&education_adapter, "a conclusion", E("00000", PUPIL(IIN, CONCLUSION("2027-05-25", "HOME"))), GW_OK, 0,
         "<education found=\"true\"><conclusion><number>N 1</number><from>2026-09-01</from><to>2027-05-25</to><form>HOME</form></conclusion></education>"},
        {&education_adapter, "a pupil without one", E("00000", PUPIL(IIN, "<enterDate>2019-09-01</enterDate>")), GW_OK, 0, "<education found=\"true\"></education>"},
        {&education_adapter, "none", E("00001", ""), GW_OK, 0, "<education found=\"false\"></education>"},
        {&education_adapter, "another pupil", E("00000", PUPIL(OTHER, CONCLUSION("2027-05-25", "HOME"))), BAD, "monData/iin: not the query's"},
        {&education_adapter, "no end", E("00000", PUPIL(IIN, CONCLUSION("", "HOME"))), BAD, "endDate: missing"},
        {&education_adapter, "end before beginning", E("00000", PUPIL(IIN, CONCLUSION("2026-08-31", "HOME"))), BAD, "endDate: before"},
        {&education_adapter, "unknown form", E("00000", PUPIL(IIN, CONCLUSION("2027-05-25", "MOON"))), BAD, "form: unknown"},
        {&education_adapter, "no number", E("00000", PUPIL(IIN, "<conclusion/>")), BAD, "number: missing"},

        {&payments_adapter, "one that goes on", P("00000", PAYMENT("<dateFrom>2026-09-01</dateFrom>")), GW_OK, 0,
         "<payments found=\"true\"><payment><number>1</number><kind>HOME_SCHOOL</kind><from>2026-09-01</from><to></to></payment></payments>"},
        {&payments_adapter, "what a recipient is paid", P("00000", PAYMENT("<dateFrom>2026-09-01</dateFrom><monthlyAmount>8650</monthlyAmount><childIin>151107690019</childIin>")), GW_OK, 0,
         "<payments found=\"true\"><payment><number>1</number><kind>HOME_SCHOOL</kind><from>2026-09-01</from><to></to><monthly>8650</monthly><childIin>151107690019</childIin></payment></payments>"},
        {&payments_adapter, "an amount that is none", P("00000", PAYMENT("<dateFrom>2026-09-01</dateFrom><monthlyAmount>8650.5</monthlyAmount>")), BAD, "monthlyAmount: not an amount"},
        {&payments_adapter, "an amount too many", P("00000", PAYMENT("<dateFrom>2026-09-01</dateFrom><monthlyAmount>1</monthlyAmount><monthlyAmount>2</monthlyAmount>")), BAD, "monthlyAmount: given more"},
        {&payments_adapter, "a child that is none", P("00000", PAYMENT("<dateFrom>2026-09-01</dateFrom><childIin>1511</childIin>")), BAD, "childIin"},
        {&payments_adapter, "none", P("00001", ""), GW_OK, 0, "<payments found=\"false\"></payments>"},
        {&payments_adapter, "no kind", P("00000", "<payment><number>1</number></payment>"), BAD, "help_type_id: missing"},
        {&payments_adapter, "no period", P("00000", PAYMENT("")), BAD, "dateFrom: missing"},
        {&payments_adapter, "found nothing", P("00000", ""), BAD, "payment: missing although"},

        {&iban_adapter, "own", I("q-1", "0", IIN, ACCOUNT), GW_OK, 0, "<iban found=\"true\"><status>OWN</status><bank>TESTKZKA</bank></iban>"},
        {&iban_adapter, "somebody else's", I("q-1", "1", IIN, ACCOUNT), GW_OK, 0, "<iban found=\"true\"><status>FOREIGN</status><bank>TESTKZKA</bank></iban>"},
        {&iban_adapter, "no such account", I("q-1", "2", IIN, ACCOUNT), GW_OK, 0, "<iban found=\"false\"><status>NONE</status><bank>TESTKZKA</bank></iban>"},
        {&iban_adapter, "closed", I("q-1", "3", IIN, ACCOUNT), GW_OK, 0, "<iban found=\"true\"><status>CLOSED</status><bank>TESTKZKA</bank></iban>"},
        {&iban_adapter, "busy", "<x:PEP_IBANCheckResponse xmlns:x=\"" IBAN_NS "\"><OrderNumber>q-1</OrderNumber><Status>9</Status></x:PEP_IBANCheckResponse>", GW_RETRY,
         REASON_REGISTRY_FAULT, "cannot answer now"},
        {&iban_adapter, "unknown status", I("q-1", "OK", IIN, ACCOUNT), BAD, "Status: unknown"},
        {&iban_adapter, "another order", I("q-2", "0", IIN, ACCOUNT), BAD, "OrderNumber: not the query's"},
        {&iban_adapter, "another person", I("q-1", "0", OTHER, ACCOUNT), BAD, "IIN: not the query's"},
        {&iban_adapter, "another account", I("q-1", "0", IIN, "KZ349990000000TEST02"), BAD, "IBAN: not the query's"},
        {&iban_adapter, "another element", "<PEP_IBANCheckResponse/>", BAD, "PEP_IBANCheckResponse: not this element"},
};

static void test_answers(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_xmldoc xmlDoc *doc = xmlReadMemory(cases[i].answer, (int)strlen(cases[i].answer), NULL, NULL, XML_PARSE_NONET);
                auto_buf struct buf facts = BUF_INIT;
                struct why why = WHY_INIT;
                assert_non_null(doc);
                enum gw_rc rc = cases[i].adapter->read_answer(&query, xmlDocGetRootElement(doc), &facts, &why);
                const char *got = rc == GW_OK ? buf_cstr(&facts) : why.detail;
                bool same = rc == GW_OK ? str_eq(got, cases[i].want) : strstr(got, cases[i].want) != NULL;
                if (rc != cases[i].want_rc || (rc != GW_OK && why.reason != cases[i].want_reason) || !same)
                        fail_msg("%s, %s: got rc %d \"%s\", want rc %d \"%s\"", cases[i].adapter->name, cases[i].name, (int)rc, got, (int)cases[i].want_rc, cases[i].want);
                if (rc != GW_OK) {
                        assert_int_equal(facts.n, 0);
                        assert_null(strstr(why.detail, OTHER)); /* the detail goes into logs */
                }
        }
}

static void test_silence(void **state)
{
        (void)state;
        for (const struct adapter *const *a = adapters_all; *a; a++) {
                auto_buf struct buf facts = BUF_INIT;
                struct why why = WHY_INIT;
                assert_int_equal((*a)->read_answer(&query, NULL, &facts, &why), GW_REJECT);
                assert_int_equal(why.reason, REASON_REGISTRY_ANSWER_INVALID);
                assert_int_equal(facts.n, 0);
        }
}

/* So many entries are read, one more is refused. */
static void check_count(const struct adapter *adapter, const char *before, const char *entry, const char *after, size_t most)
{
        for (size_t n = most; n <= most + 1; n++) {
                auto_buf struct buf answer = BUF_INIT;
                auto_buf struct buf facts = BUF_INIT;
                struct why why = WHY_INIT;
                buf_add_str(&answer, before);
                for (size_t i = 0; i < n; i++)
                        buf_add_str(&answer, entry);
                buf_add_str(&answer, after);
                auto_xmldoc xmlDoc *doc = xmlReadMemory(buf_cstr(&answer), (int)answer.n, NULL, NULL, XML_PARSE_NONET);
                enum gw_rc rc = adapter->read_answer(&query, xmlDocGetRootElement(doc), &facts, &why);
                assert_int_equal(rc, n == most ? GW_OK : GW_REJECT);
                if (rc != GW_OK)
                        assert_non_null(strstr(why.detail, "too many"));
        }
}

static void test_limits(void **state)
{
        (void)state;
        check_count(&zags_adapter, HEAD("BirthResponse", ZAGS_NS, "q-1", "00000") "<iin>" IIN "</iin>", RECORD(IIN, ""), "</x:BirthResponse>", 8);
        check_count(&guardianship_adapter, HEAD("GetGuardianshipResponse", GUARDIANSHIP_NS, "q-1", "00000") "<iin>" IIN "</iin>", DECISION("GUARDIAN", SINCE, WHO),
                    "</x:GetGuardianshipResponse>", 16);
        check_count(&cbdi_adapter, HEAD("p06560Response", CBDI_NS, "q-1", "00000") "<requestorIin>" IIN "</requestorIin>", DISABLED(STARTS), "</x:p06560Response>", 32);
        check_count(&education_adapter, HEAD("MonDataResponse", EDUCATION_NS, "q-1", "00000") "<iin>" IIN "</iin>", PUPIL(IIN, ""), "</x:MonDataResponse>", 8);
        check_count(&education_adapter, HEAD("MonDataResponse", EDUCATION_NS, "q-1", "00000") "<iin>" IIN "</iin><monData><iin>" IIN "</iin>",
                    CONCLUSION("2027-05-25", "HOME"), "</monData></x:MonDataResponse>", 32);
        check_count(&payments_adapter, HEAD("PaymentsResponse", PAYMENTS_NS, "q-1", "00000") "<requestorIin>" IIN "</requestorIin>",
                    PAYMENT("<dateFrom>2026-09-01</dateFrom>"), "</x:PaymentsResponse>", 64);
}

static void test_queries(void **state)
{
        (void)state;
#define ASKED "<messageId>q-1</messageId><messageDate>2026-11-18T16:06:40.000+05:00</messageDate><senderCode>gateway</senderCode><requestNumber>10000000000001</requestNumber>"
        static const struct { const struct adapter *adapter; const char *want; } rows[] = {
                {&zags_adapter, "<z:BirthRequest xmlns:z=\"" ZAGS_NS "\">" ASKED "<iin>" IIN "</iin></z:BirthRequest>"},
                {&guardianship_adapter, "<g:GetGuardianshipRequest xmlns:g=\"" GUARDIANSHIP_NS "\">" ASKED "<iin>" IIN "</iin></g:GetGuardianshipRequest>"},
                {&cbdi_adapter, "<c:p06560Request xmlns:c=\"" CBDI_NS "\">" ASKED "<requestorIin>" IIN "</requestorIin></c:p06560Request>"},
                {&education_adapter, "<e:MonDataRequest xmlns:e=\"" EDUCATION_NS "\">" ASKED "<iin>" IIN "</iin></e:MonDataRequest>"},
                {&payments_adapter, "<p:PaymentsRequest xmlns:p=\"" PAYMENTS_NS "\">" ASKED "<requestorIin>" IIN "</requestorIin></p:PaymentsRequest>"},
                {&iban_adapter, "<i:PEP_IBANCheckRequest xmlns:i=\"" IBAN_NS "\"><OrderNumber>q-1</OrderNumber><IIN>" IIN "</IIN><RNN></RNN><IBAN>" ACCOUNT
                                "</IBAN><PaymentAccountType>CURRENT</PaymentAccountType><OrderDate>2026-11-18T16:06:40.000+05:00</OrderDate></i:PEP_IBANCheckRequest>"},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_buf struct buf out = BUF_INIT;
                auto_buf struct buf canonical = BUF_INIT;
                rows[i].adapter->write_query(&query, &out);
                assert_string_equal(buf_cstr(&out), rows[i].want);
                auto_xmldoc xmlDoc *doc = xmlReadMemory(buf_cstr(&out), (int)out.n, NULL, NULL, XML_PARSE_NONET);
                assert_true(xml_exc_c14n(xmlDocGetRootElement(doc), &canonical));
                assert_string_equal(buf_cstr(&canonical), buf_cstr(&out));
        }
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_silence),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_queries),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
