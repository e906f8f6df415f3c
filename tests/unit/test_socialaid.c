/* Social assistance: the question, and answers with their broken siblings. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/socialaid/socialaid.h"
#include "gateway/reason.h"

#define IIN "850412390011"
#define OTHER "480509390010"
#define ROOT "<sa:p06552Response xmlns:sa=\"urn:egov-gateway:socialaid:1\">"
#define HEAD(id, code, iin) ROOT "<messageId>" id "</messageId><messageResult><code>" code "</code></messageResult><requestorIin>" iin "</requestorIin>"
#define FOUND HEAD("q-1", "00000", IIN)
#define NONE HEAD("q-1", "00001", IIN)
#define TAIL "</sa:p06552Response>"
#define PERIOD "<dateFrom>2026-10-01</dateFrom><dateTo>2026-12-31</dateTo>"
#define MEMBER(iin, relationship) "<person><iin>" iin "</iin><fullName>АХМЕТОВ ЕРЛАН</fullName><relationship>" relationship "</relationship></person>"
#define ASSIGNMENT(applicant, members) "<assignment><number>TEST-1</number>" PERIOD "<applicantIin>" applicant "</applicantIin><memberList>" members "</memberList></assignment>"
#define GOOD ASSIGNMENT(IIN, MEMBER(IIN, "SELF") MEMBER("870930490018", "SPOUSE"))
#define FACT_MEMBER(iin, relationship) "<member><iin>" iin "</iin><fullName>АХМЕТОВ ЕРЛАН</fullName><relationship>" relationship "</relationship></member>"
#define FACT(applicant, members) "<assignment><number>TEST-1</number><from>2026-10-01</from><to>2026-12-31</to><applicantIin>" applicant "</applicantIin>" members "</assignment>"
#define BAD GW_REJECT, REASON_REGISTRY_ANSWER_INVALID

static const struct query query = {.iin = IIN, .number = "10000000000001", .message_id = "q-1", .sender_id = "gateway", .now = {1795000000000}};

static const struct {
        const char *name, *answer;
        enum gw_rc want_rc;
        int want_reason;
        const char *want;
} cases[] = {
        {"applicant", FOUND GOOD TAIL, GW_OK, 0, "<socialaid found=\"true\">" FACT(IIN, FACT_MEMBER(IIN, "SELF") FACT_MEMBER("870930490018", "SPOUSE")) "</socialaid>"},
        {"member", FOUND ASSIGNMENT(OTHER, MEMBER(OTHER, "SELF") MEMBER(IIN, "CHILD")) TAIL, GW_OK, 0,
         "<socialaid found=\"true\">" FACT(OTHER, FACT_MEMBER(OTHER, "SELF") FACT_MEMBER(IIN, "CHILD")) "</socialaid>"},
        {"two assignments", FOUND GOOD ASSIGNMENT(IIN, MEMBER(IIN, "SELF")) TAIL, GW_OK, 0,
         "<socialaid found=\"true\">" FACT(IIN, FACT_MEMBER(IIN, "SELF") FACT_MEMBER("870930490018", "SPOUSE")) FACT(IIN, FACT_MEMBER(IIN, "SELF")) "</socialaid>"},
        {"none", NONE TAIL, GW_OK, 0, "<socialaid found=\"false\"></socialaid>"},

        {"busy", ROOT "<messageId>q-1</messageId><messageResult><code>00090</code></messageResult>" TAIL, GW_RETRY, REASON_REGISTRY_FAULT, "cannot answer now"},
        {"unknown code", HEAD("q-1", "99999", IIN) TAIL, BAD, "messageResult/code: unknown"},
        {"no namespace", "<p06552Response/>", BAD, "p06552Response: not this element"},
        {"another message", HEAD("q-9", "00001", IIN) TAIL, BAD, "messageId: not the query's"},
        {"another IIN", HEAD("q-1", "00001", OTHER) TAIL, BAD, "requestorIin: not the query's"},
        {"no IIN", ROOT "<messageId>q-1</messageId><messageResult><code>00001</code></messageResult>" TAIL, BAD, "requestorIin: missing"},
        {"none but one", NONE GOOD TAIL, BAD, "assignment: given although"},
        {"found but none", FOUND TAIL, BAD, "assignment: missing although"},
        {"somebody else's family", FOUND ASSIGNMENT(OTHER, MEMBER(OTHER, "SELF")) TAIL, BAD, "does not concern"},
        {"second one somebody else's", FOUND GOOD ASSIGNMENT(OTHER, MEMBER(OTHER, "SELF")) TAIL, BAD, "does not concern"},
        {"no number", FOUND "<assignment>" PERIOD "<applicantIin>" IIN "</applicantIin><memberList>" MEMBER(IIN, "SELF") "</memberList></assignment>" TAIL, BAD, "number: missing"},
        {"no beginning", FOUND "<assignment><number>1</number><dateTo>2026-12-31</dateTo></assignment>" TAIL, BAD, "dateFrom: missing"},
        {"no end", FOUND "<assignment><number>1</number><dateFrom>2026-10-01</dateFrom></assignment>" TAIL, BAD, "dateTo: missing"},
        {"end before beginning", FOUND "<assignment><number>1</number><dateFrom>2026-10-01</dateFrom><dateTo>2026-09-30</dateTo></assignment>" TAIL, BAD, "dateTo: before"},
        {"not a day", FOUND "<assignment><number>1</number><dateFrom>2026-10-32</dateFrom><dateTo>2026-12-31</dateTo></assignment>" TAIL, BAD, "dateFrom: not a date"},
        {"no applicant", FOUND "<assignment><number>1</number>" PERIOD "</assignment>" TAIL, BAD, "applicantIin: missing"},
        {"no members", FOUND "<assignment><number>1</number>" PERIOD "<applicantIin>" IIN "</applicantIin></assignment>" TAIL, BAD, "memberList: missing"},
        {"empty members", FOUND ASSIGNMENT(IIN, "") TAIL, BAD, "memberList: empty"},
        {"unknown relationship", FOUND ASSIGNMENT(IIN, MEMBER(IIN, "BOSS")) TAIL, BAD, "relationship: unknown"},
        {"member without name", FOUND ASSIGNMENT(IIN, "<person><iin>" IIN "</iin><relationship>SELF</relationship></person>") TAIL, BAD, "fullName: missing"},
        {"member with half an IIN", FOUND ASSIGNMENT(IIN, MEMBER("850412", "SELF")) TAIL, BAD, "iin: not an IIN"},
        {"something else among members", FOUND ASSIGNMENT(IIN, "<dog/>") TAIL, BAD, "memberList: holds something else"},
};

static void test_answers(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_xmldoc xmlDoc *doc = xmlReadMemory(cases[i].answer, (int)strlen(cases[i].answer), NULL, NULL, XML_PARSE_NONET);
                auto_buf struct buf facts = BUF_INIT;
                struct why why = WHY_INIT;
                assert_non_null(doc);
                enum gw_rc rc = socialaid_adapter.read_answer(&query, xmlDocGetRootElement(doc), &facts, &why);
                const char *got = rc == GW_OK ? buf_cstr(&facts) : why.detail;
                bool same = rc == GW_OK ? str_eq(got, cases[i].want) : strstr(got, cases[i].want) != NULL;
                if (rc != cases[i].want_rc || (rc != GW_OK && why.reason != cases[i].want_reason) || !same)
                        fail_msg("%s: got rc %d \"%s\", want rc %d \"%s\"", cases[i].name, (int)rc, got, (int)cases[i].want_rc, cases[i].want);
                if (rc != GW_OK)
                        assert_int_equal(facts.n, 0);
        }
}

/* Limits: 64 assignments of 32 members. */
static void check_count(size_t assignments, size_t members, const char *want_detail)
{
        auto_buf struct buf answer = BUF_INIT;
        auto_buf struct buf facts = BUF_INIT;
        struct why why = WHY_INIT;
        buf_add_str(&answer, FOUND);
        for (size_t i = 0; i < assignments; i++) {
                buf_add_str(&answer, "<assignment><number>1</number>" PERIOD "<applicantIin>" IIN "</applicantIin><memberList>");
                for (size_t k = 0; k < members; k++)
                        buf_add_str(&answer, MEMBER(IIN, "SELF"));
                buf_add_str(&answer, "</memberList></assignment>");
        }
        buf_add_str(&answer, TAIL);
        auto_xmldoc xmlDoc *doc = xmlReadMemory(buf_cstr(&answer), (int)answer.n, NULL, NULL, XML_PARSE_NONET);
        assert_non_null(doc);
        enum gw_rc rc = socialaid_adapter.read_answer(&query, xmlDocGetRootElement(doc), &facts, &why);
        assert_int_equal(rc, want_detail ? GW_REJECT : GW_OK);
        if (want_detail)
                assert_string_equal(why.detail, want_detail);
}

static void test_limits(void **state)
{
        (void)state;
        check_count(64, 1, NULL);
        check_count(65, 1, "assignment: too many");
        check_count(1, 32, NULL);
        check_count(1, 33, "memberList: too many");
}

static void test_query(void **state)
{
        (void)state;
        auto_buf struct buf out = BUF_INIT;
        auto_buf struct buf canonical = BUF_INIT;
        socialaid_adapter.write_query(&query, &out);
        assert_string_equal(buf_cstr(&out), "<sa:p06552Request xmlns:sa=\"urn:egov-gateway:socialaid:1\"><messageId>q-1</messageId>"
                                            "<messageDate>2026-11-18T16:06:40.000+05:00</messageDate><senderCode>gateway</senderCode>"
                                            "<requestNumber>10000000000001</requestNumber><requestorIin>" IIN "</requestorIin></sa:p06552Request>");
        auto_xmldoc xmlDoc *doc = xmlReadMemory(buf_cstr(&out), (int)out.n, NULL, NULL, XML_PARSE_NONET);
        assert_true(xml_exc_c14n(xmlDocGetRootElement(doc), &canonical));
        assert_string_equal(buf_cstr(&canonical), buf_cstr(&out));
}

static void test_table(void **state)
{
        (void)state;
        size_t n = 0;
        for (; adapters_all[n]; n++) {
                assert_non_null(adapters_all[n]->name);
                assert_non_null(adapters_all[n]->service_id);
                assert_non_null(adapters_all[n]->title_ru);
        }
        assert_int_equal(n, 8);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_query),
                cmocka_unit_test(test_table),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
