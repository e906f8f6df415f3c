/* ГБД ФЛ: the question, and answers with their broken siblings. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/gbdfl/gbdfl.h"
#include "gateway/reason.h"

#define IIN "850412390011"
#define HEAD "<cs:Response xmlns:cs=\"http://message.persistence.interactive.nat\"><messageId>q-1</messageId><messageDate>2026-11-22T10:00:00+05:00</messageDate>"
#define CODE(code) "<messageResult><code>" code "</code><nameRu>x</nameRu></messageResult>"
#define OK CODE("00000") "<iin>" IIN "</iin>"
#define NAMES "<surname>АХМЕТОВ</surname><name>ЕРЛАН</name><patronymic>СЕРІКҰЛЫ</patronymic>"
#define BIRTH "<birthDate>1985-04-12</birthDate>"
#define GENDER "<gender><code>1</code></gender>"
#define CITIZEN "<citizenship><code>398</code></citizenship>"
#define ALIVE "<lifeStatus><code>0</code></lifeStatus>"
#define DEAD "<lifeStatus><code>1</code></lifeStatus>"
#define PERSON_IIN "<iin>" IIN "</iin>"
#define GOOD PERSON_IIN NAMES BIRTH GENDER CITIZEN ALIVE
#define TAIL "</cs:Response>"
#define PERSON(inside) HEAD OK "<person>" inside "</person>" TAIL
#define ADDRESS                                                                                                                            \
        "<regAddress><district><nameRu>Костанайская область</nameRu><nameKz>Қостанай облысы</nameKz></district><region><nameRu>Р</nameRu>" \
        "<nameKz>А</nameKz></region><city><nameRu>г.Тобыл</nameRu><nameKz>Тобыл қ.</nameKz></city><building>23</building></regAddress>"
#define REPRESENTATIVE(iin, basis) "<representative><iin>" iin "</iin><basis><code>" basis "</code></basis></representative>"

#define FACTS_GOOD                                                                                                                     \
        "<iin>" IIN "</iin><surname>АХМЕТОВ</surname><name>ЕРЛАН</name><patronymic>СЕРІКҰЛЫ</patronymic><birthDate>1985-04-12</birthDate>" \
        "<gender>M</gender><citizenship>KAZ</citizenship><lifeStatus>ALIVE</lifeStatus>"

static const struct query query = {.iin = IIN, .number = "10000000000001", .message_id = "q-1", .sender_id = "gateway", .now = {1795000000000}};

struct answer_case {
        const char *name, *answer;
        enum gw_rc want_rc;
        int want_reason;
        const char *want; /* facts, or what the detail says */
};

static const struct answer_case cases[] = {
        {"a person", PERSON(GOOD), GW_OK, 0, "<gbdfl found=\"true\">" FACTS_GOOD "</gbdfl>"},
        {"nobody", HEAD CODE("00001") "<iin>" IIN "</iin>" TAIL, GW_OK, 0, "<gbdfl found=\"false\"><iin>" IIN "</iin></gbdfl>"},
        {"no patronymic", PERSON(PERSON_IIN "<surname>А</surname><name>Б &amp; В</name>" BIRTH GENDER CITIZEN ALIVE), GW_OK, 0,
         "<gbdfl found=\"true\"><iin>" IIN "</iin><surname>А</surname><name>Б &amp; В</name><patronymic></patronymic><birthDate>1985-04-12</birthDate>"
         "<gender>M</gender><citizenship>KAZ</citizenship><lifeStatus>ALIVE</lifeStatus></gbdfl>"},
        {"born before 1970, foreign, a woman", PERSON(PERSON_IIN NAMES "<birthDate>1941-01-15</birthDate><gender><code>2</code></gender><citizenship><code>643</code></citizenship>" ALIVE), GW_OK, 0,
         "<gbdfl found=\"true\"><iin>" IIN "</iin><surname>АХМЕТОВ</surname><name>ЕРЛАН</name><patronymic>СЕРІКҰЛЫ</patronymic><birthDate>1941-01-15</birthDate>"
         "<gender>F</gender><citizenship>643</citizenship><lifeStatus>ALIVE</lifeStatus></gbdfl>"},
        {"dead", PERSON(PERSON_IIN NAMES BIRTH "<deathDate>2025-02-28</deathDate>" GENDER CITIZEN DEAD), GW_OK, 0,
         "<gbdfl found=\"true\"><iin>" IIN "</iin><surname>АХМЕТОВ</surname><name>ЕРЛАН</name><patronymic>СЕРІКҰЛЫ</patronymic><birthDate>1985-04-12</birthDate>"
         "<deathDate>2025-02-28</deathDate><gender>M</gender><citizenship>KAZ</citizenship><lifeStatus>DEAD</lifeStatus></gbdfl>"},
        /* District is the область, Region the район. */
        {"an address", PERSON(GOOD ADDRESS), GW_OK, 0,
         "<gbdfl found=\"true\">" FACTS_GOOD "<address><region kk=\"Қостанай облысы\">Костанайская область</region><district kk=\"А\">Р</district>"
         "<settlement kk=\"Тобыл қ.\">г.Тобыл</settlement><street kk=\"\"></street><building>23</building><flat></flat></address></gbdfl>"},
        {"two representatives", PERSON(GOOD "<representatives>" REPRESENTATIVE("870930490018", "PARENT") REPRESENTATIVE("790321490015", "TRUSTEE") "</representatives>"), GW_OK, 0,
         "<gbdfl found=\"true\">" FACTS_GOOD "<representative><iin>870930490018</iin><basis>PARENT</basis></representative>"
         "<representative><iin>790321490015</iin><basis>TRUSTEE</basis></representative></gbdfl>"},

        {"busy", HEAD CODE("00090") TAIL, GW_RETRY, REASON_REGISTRY_FAULT, "cannot answer now"},
        {"unknown code", HEAD CODE("00002") "<iin>" IIN "</iin>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "messageResult/code: unknown"},
        {"no code", HEAD "<messageResult></messageResult><iin>" IIN "</iin>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "code: missing"},
        {"no result", HEAD "<iin>" IIN "</iin>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "messageResult: missing"},
        {"two results", HEAD CODE("00001") CODE("00000") "<iin>" IIN "</iin>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "messageResult: given more than once"},
        {"another root", "<Response><messageId>q-1</messageId></Response>", GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "Response: not this element"},
        {"another message", "<cs:Response xmlns:cs=\"http://message.persistence.interactive.nat\"><messageId>q-2</messageId>" OK "<person>" GOOD "</person>" TAIL, GW_REJECT,
         REASON_REGISTRY_ANSWER_INVALID, "messageId: not the query's"},
        {"no message id", "<cs:Response xmlns:cs=\"http://message.persistence.interactive.nat\">" OK "<person>" GOOD "</person>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "messageId: missing"},
        {"another IIN", HEAD CODE("00000") "<iin>480509390010</iin><person>" GOOD "</person>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "iin: not the query's"},
        {"another IIN, nobody", HEAD CODE("00001") "<iin>480509390010</iin>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "iin: not the query's"},
        {"another IIN in person", PERSON("<iin>480509390010</iin>" NAMES BIRTH GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "person/iin: not the query's"},
        {"found but no person", HEAD OK TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "person: missing"},
        {"two persons", HEAD OK "<person>" GOOD "</person><person>" GOOD "</person>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "person: given more than once"},
        {"nobody but a person", HEAD CODE("00001") "<iin>" IIN "</iin><person>" GOOD "</person>" TAIL, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "person: given although"},
        {"no surname", PERSON(PERSON_IIN "<name>Б</name>" BIRTH GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "surname: missing"},
        {"empty name", PERSON(PERSON_IIN "<surname>А</surname><name> </name>" BIRTH GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "name: missing"},
        {"two surnames", PERSON(PERSON_IIN "<surname>А</surname>" NAMES BIRTH GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "surname: given more than once"},
        {"elements in a name", PERSON(PERSON_IIN "<surname><b>А</b></surname><name>Б</name>" BIRTH GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "surname: not plain text"},
        {"no birth date", PERSON(PERSON_IIN NAMES GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "birthDate: missing"},
        {"not a date", PERSON(PERSON_IIN NAMES "<birthDate>1985-02-29</birthDate>" GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "birthDate: not a date"},
        {"a dateTime", PERSON(PERSON_IIN NAMES "<birthDate>1985-04-12T00:00:00</birthDate>" GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "birthDate: not a date"},
        {"no gender", PERSON(PERSON_IIN NAMES BIRTH CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "gender: missing"},
        {"unknown gender", PERSON(PERSON_IIN NAMES BIRTH "<gender><code>9</code></gender>" CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "gender: unknown code"},
        {"no life status", PERSON(PERSON_IIN NAMES BIRTH GENDER CITIZEN), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "lifeStatus: missing"},
        {"unknown life status", PERSON(PERSON_IIN NAMES BIRTH GENDER CITIZEN "<lifeStatus><code>7</code></lifeStatus>"), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "lifeStatus: unknown code"},
        {"dead and alive", PERSON(PERSON_IIN NAMES BIRTH "<deathDate>2025-02-28</deathDate>" GENDER CITIZEN ALIVE), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "lifeStatus: contradicts"},
        {"two addresses", PERSON(GOOD ADDRESS ADDRESS), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "regAddress: given more than once"},
        {"address without ru", PERSON(GOOD "<regAddress><district><nameKz>Қ</nameKz></district></regAddress>"), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "nameRu: missing"},
        {"representative without basis", PERSON(GOOD "<representatives><representative><iin>870930490018</iin></representative></representatives>"), GW_REJECT,
         REASON_REGISTRY_ANSWER_INVALID, "basis: missing"},
        {"representative of unknown basis", PERSON(GOOD "<representatives>" REPRESENTATIVE("870930490018", "FRIEND") "</representatives>"), GW_REJECT,
         REASON_REGISTRY_ANSWER_INVALID, "basis: unknown code"},
        {"representative without IIN", PERSON(GOOD "<representatives>" REPRESENTATIVE("8709304900", "PARENT") "</representatives>"), GW_REJECT,
         REASON_REGISTRY_ANSWER_INVALID, "iin: not an IIN"},
        {"a stranger among representatives", PERSON(GOOD "<representatives><person/></representatives>"), GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "holds something else"},
};

static void test_answers(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                const struct answer_case *c = &cases[i];
                auto_xmldoc xmlDoc *doc = xmlReadMemory(c->answer, (int)strlen(c->answer), NULL, NULL, XML_PARSE_NONET);
                auto_buf struct buf facts = BUF_INIT;
                struct why why = WHY_INIT;
                assert_non_null(doc);
                enum gw_rc rc = gbdfl_adapter.read_answer(&query, xmlDocGetRootElement(doc), &facts, &why);
                const char *got = rc == GW_OK ? buf_cstr(&facts) : why.detail;
                bool same = rc == GW_OK ? str_eq(got, c->want) : strstr(got, c->want) != NULL;
                if (rc != c->want_rc || (rc != GW_OK && why.reason != c->want_reason) || !same)
                        fail_msg("%s: got rc %d reason %s \"%s\", want rc %d \"%s\"", c->name, (int)rc, reason_info(why.reason)->name, got, (int)c->want_rc, c->want);
                if (rc != GW_OK) {
                        assert_int_equal(facts.n, 0);
                        assert_null(strstr(why.detail, IIN)); /* I8 */
                }
        }
}

static void test_no_answer(void **state)
{
        (void)state;
        auto_buf struct buf facts = BUF_INIT;
        struct why why = WHY_INIT;
        assert_int_equal(gbdfl_adapter.read_answer(&query, NULL, &facts, &why), GW_REJECT);
        assert_int_equal(why.reason, REASON_REGISTRY_ANSWER_INVALID);
}

static void test_long_text(void **state)
{
        (void)state;
        auto_buf struct buf answer = BUF_INIT;
        auto_buf struct buf facts = BUF_INIT;
        struct why why = WHY_INIT;
        buf_add_str(&answer, HEAD OK "<person>" PERSON_IIN "<surname>");
        for (int i = 0; i < 501; i++)
                buf_add_char(&answer, 'A');
        buf_add_str(&answer, "</surname></person>" TAIL);
        auto_xmldoc xmlDoc *doc = xmlReadMemory(buf_cstr(&answer), (int)answer.n, NULL, NULL, XML_PARSE_NONET);
        assert_int_equal(gbdfl_adapter.read_answer(&query, xmlDocGetRootElement(doc), &facts, &why), GW_REJECT);
        assert_string_equal(why.detail, "surname: too long");
}

static void test_query(void **state)
{
        (void)state;
        auto_buf struct buf out = BUF_INIT;
        auto_buf struct buf canonical = BUF_INIT;
        gbdfl_adapter.write_query(&query, &out);
        assert_string_equal(buf_cstr(&out), "<cs:Request xmlns:cs=\"http://message.persistence.interactive.nat\"><messageId>q-1</messageId>"
                                            "<messageDate>2026-11-18T16:06:40.000+05:00</messageDate><senderCode>gateway</senderCode><iin>" IIN "</iin></cs:Request>");
        auto_xmldoc xmlDoc *doc = xmlReadMemory(buf_cstr(&out), (int)out.n, NULL, NULL, XML_PARSE_NONET);
        assert_true(xml_exc_c14n(xmlDocGetRootElement(doc), &canonical));
        assert_string_equal(buf_cstr(&canonical), buf_cstr(&out));
        assert_string_equal(gbdfl_adapter.service_id, "GBDFL_UniversalServiceSync");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_no_answer),
                cmocka_unit_test(test_long_text),
                cmocka_unit_test(test_query),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
