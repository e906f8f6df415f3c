/* The simulated NCALayer without sockets: WebSocket frames by RFC 6455 and their broken siblings; what its modules answer. Its signatures over a real socket, judged
 * by the gateway and xmlsec1: tests/system/test_ncalayer.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "adapters/ncalayer/frame.h"
#include "adapters/ncalayer/modules.h"
#include "gateway/base/text.h"
#include "gateway/verify/verify.h"

#define SIZE_LIMIT 70000
#define XML_SIGN "{\"module\":\"kz.gov.pki.knca.commonUtils\",\"method\":\"signXml\",\"args\":[\"PKCS12\",\"SIGNATURE\",\"<a>1</a>\",\"\",\"\"]}"
#define BASICS_SIGN                                                                                                                                       \
        "{\"module\":\"kz.gov.pki.knca.basics\",\"method\":\"sign\",\"args\":{\"allowedStorages\":[\"PKCS12\"],\"format\":\"xml\",\"data\":\"<a>1</a>\"," \
        "\"signingParams\":{},\"signerParams\":{\"extKeyUsageOids\":[\"%s\"]},\"locale\":\"kk\"}}"

/* ---- frames ---- */

/* A client's frame: masked, the first byte as given. */
static void put_frame(struct buf *out, uint8_t first, struct span payload)
{
        static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
        size_t wide = payload.n <= 125 ? 0 : payload.n <= UINT16_MAX ? 2 : 8;
        buf_add_char(out, (char)first);
        buf_add_char(out, (char)(0x80 | (wide == 0 ? payload.n : wide == 2 ? 126 : 127)));
        for (size_t i = wide; i > 0; i--)
                buf_add_char(out, (char)(payload.n >> (8 * (i - 1))));
        buf_add(out, mask, sizeof mask);
        for (size_t i = 0; i < payload.n; i++)
                buf_add_char(out, (char)(payload.p[i] ^ mask[i & 3]));
}

static void accept_key(void **state)
{
        (void)state;
        auto_buf struct buf got = BUF_INIT;
        assert_true(ws_accept("dGhlIHNhbXBsZSBub25jZQ==", &got)); /* RFC 6455 1.3 */
        assert_string_equal(buf_cstr(&got), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_false(ws_accept("dGhlIHNhbXBsZSBub25j", &got));
        assert_false(ws_accept("not base64!", &got));
}

static void example_of_the_rfc(void **state)
{
        (void)state;
        static const uint8_t hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}; /* 5.7 */
        struct ws_reader reader;
        struct span payload;
        unsigned status = 0;
        ws_reader_init(&reader, SIZE_LIMIT);
        for (size_t i = 0; i < sizeof hello; i++) {
                assert_int_equal(ws_next(&reader, &payload, &status), WS_NEED_MORE);
                ws_feed(&reader, span_of(hello + i, 1));
        }
        assert_int_equal(ws_next(&reader, &payload, &status), WS_MESSAGE);
        assert_true(span_eq_str(payload, "Hello"));
        assert_int_equal(ws_next(&reader, &payload, &status), WS_NEED_MORE);
        ws_reader_done(&reader);
}

static void sizes_and_back(void **state)
{
        (void)state;
        static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, SIZE_LIMIT};
        for (size_t i = 0; i < GW_COUNT(sizes); i++) {
                auto_buf struct buf frame = BUF_INIT, written = BUF_INIT;
                auto_str char *text = xmalloc(sizes[i] + 1);
                struct ws_reader reader;
                struct span payload;
                unsigned status = 0;
                memset(text, 'x', sizes[i]);
                ws_reader_init(&reader, SIZE_LIMIT);
                put_frame(&frame, 0x81, span_of(text, sizes[i]));
                ws_feed(&reader, buf_span(&frame));
                assert_int_equal(ws_next(&reader, &payload, &status), WS_MESSAGE);
                assert_int_equal(payload.n, sizes[i]);
                ws_write(&written, WS_TEXT, payload);
                assert_int_equal(written.n, frame.n - 4); /* a server does not mask */
                assert_int_equal(written.p[1], frame.p[1] & 0x7f);
                ws_reader_done(&reader);
        }
}

static void fragments_with_a_ping_between(void **state)
{
        (void)state;
        auto_buf struct buf in = BUF_INIT;
        struct ws_reader reader;
        struct span payload;
        unsigned status = 0;
        ws_reader_init(&reader, SIZE_LIMIT);
        put_frame(&in, 0x01, span_str("\xd2"));       /* "Ұ", cut in the middle of the letter */
        put_frame(&in, 0x89, span_str("are you there"));
        put_frame(&in, 0x8a, span_str("a pong nobody asked for"));
        put_frame(&in, 0x80, span_str("\xb0"));
        put_frame(&in, 0x88, span_str("\x03\xe8"));
        ws_feed(&reader, buf_span(&in));
        assert_int_equal(ws_next(&reader, &payload, &status), WS_PINGED);
        assert_true(span_eq_str(payload, "are you there"));
        assert_int_equal(ws_next(&reader, &payload, &status), WS_MESSAGE);
        assert_true(span_eq_str(payload, "Ұ"));
        assert_int_equal(ws_next(&reader, &payload, &status), WS_CLOSED);
        assert_int_equal(status, WS_NORMAL);
        ws_reader_done(&reader);
}

static void broken_frames(void **state)
{
        (void)state;
        static const struct { const char *name, *bytes; size_t n; unsigned want; } cases[] = {
#define CASE(name, bytes, want) {name, bytes, sizeof bytes - 1, want}
                CASE("not masked", "\x81\x01x", WS_PROTOCOL),
                CASE("reserved bit", "\xc1\x81mmmmx", WS_PROTOCOL),
                CASE("unknown opcode", "\x83\x81mmmmx", WS_PROTOCOL),
                CASE("unknown control", "\x8b\x80mmmm", WS_PROTOCOL),
                CASE("binary", "\x82\x81mmmmx", WS_UNACCEPTABLE),
                CASE("continues nothing", "\x80\x81mmmmx", WS_PROTOCOL),
                CASE("a second beginning", "\x01\x80mmmm\x01\x80mmmm", WS_PROTOCOL),
                CASE("fragmented ping", "\x09\x80mmmm", WS_PROTOCOL),
                CASE("long ping", "\x89\xfe\x01\x00mmmm", WS_PROTOCOL),
                CASE("not the shortest, 16 bits", "\x81\xfe\x00\x7dmmmm", WS_PROTOCOL),
                CASE("not the shortest, 64 bits", "\x81\xff\x00\x00\x00\x00\x00\x00\xff\xffmmmm", WS_PROTOCOL),
                CASE("negative", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xffmmmm", WS_PROTOCOL),
                CASE("too big", "\x81\xff\x00\x00\x00\x00\x00\x02\x00\x00mmmm", WS_TOO_BIG),
                CASE("no UTF-8", "\x81\x81\x00\x00\x00\x00\xff", WS_NOT_UTF8),
                CASE("half a close status", "\x88\x81\x00\x00\x00\x00\x03", WS_PROTOCOL),
                CASE("a close status nobody may send", "\x88\x82\x00\x00\x00\x00\x03\xed", WS_PROTOCOL),
                CASE("a close reason that is no UTF-8", "\x88\x83\x00\x00\x00\x00\x03\xe8\xff", WS_PROTOCOL),
#undef CASE
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct ws_reader reader;
                struct span payload;
                unsigned status = 0;
                ws_reader_init(&reader, SIZE_LIMIT);
                ws_feed(&reader, span_of(cases[i].bytes, cases[i].n));
                if (ws_next(&reader, &payload, &status) != WS_BROKEN || status != cases[i].want)
                        fail_msg("%s: got %u, want %u", cases[i].name, status, cases[i].want);
                ws_feed(&reader, span_str("more"));
                assert_int_equal(ws_next(&reader, &payload, &status), WS_NEED_MORE); /* nothing is read after it */
                ws_reader_done(&reader);
        }
}

/* ---- modules ---- */

static struct modules modules;

static json_t *ask(const char *text, struct modules_answer *answer)
{
        modules_answer(&modules, span_str(text), answer);
        json_t *json = json_loadb((const char *)answer->text.p, answer->text.n, 0, NULL);
        buf_done(&answer->text);
        return json;
}

static const char *string_at(const json_t *json, const char *a, const char *b)
{
        const json_t *inner = json_object_get(json, a);
        return json_string_value(b ? json_object_get(inner, b) : inner);
}

static void old_module(void **state)
{
        (void)state;
        struct modules_answer answer;
        json_t *json = ask(XML_SIGN, &answer);
        assert_string_equal(string_at(json, "code", NULL), "200");
        assert_non_null(strstr(string_at(json, "responseObject", NULL), "&#13;\n"));
        assert_non_null(strstr(string_at(json, "responseObject", NULL), "<ds:SignedInfo>\n<ds:CanonicalizationMethod"));
        json_decref(json);
        json = ask("{\"module\":\"kz.gov.pki.knca.commonUtils\",\"method\":\"getActiveTokens\"}", &answer);
        assert_int_equal(json_array_size(json_object_get(json, "responseObject")), 0);
        json_decref(json);
        json = ask("{\"module\":\"kz.gov.pki.knca.commonUtils\",\"method\":\"getKeyInfo\",\"args\":[\"PKCS12\"]}", &answer);
        assert_non_null(strstr(string_at(json, "responseObject", "subjectDn"), "IIN790321490015"));
        assert_non_null(strstr(string_at(json, "responseObject", "subjectCn"), "МҰХАМБЕТОВА"));
        json_decref(json);
}

static void new_module(void **state)
{
        (void)state;
        struct modules_answer answer;
        auto_str char *text = xasprintf(BASICS_SIGN, "1.3.6.1.5.5.7.3.4");
        json_t *json = ask(text, &answer);
        assert_true(json_is_true(json_object_get(json, "status")));
        assert_int_equal(json_array_size(json_object_get(json_object_get(json, "body"), "result")), 1);
        json_decref(json);
}

static void what_is_asked_wrongly(void **state)
{
        (void)state;
        static const struct { const char *text, *code; } cases[] = {
                {"no JSON", "500"},
                {"{}", "500"},
                {"{\"module\":\"kz.gov.pki.knca.commonUtils\",\"method\":\"signXml\",\"args\":[]}", "500"},
                {"{\"module\":\"kz.gov.pki.knca.commonUtils\",\"method\":\"signXml\",\"args\":[\"PKCS12\",\"NONE\",\"<a/>\",\"\",\"\"]}", "500"},
                {"{\"module\":\"kz.gov.pki.knca.commonUtils\",\"method\":\"signXml\",\"args\":[\"PKCS12\",\"SIGNATURE\",\"<a>\",\"\",\"\"]}", "500"},
                {"{\"module\":\"kz.gov.pki.knca.commonUtils\",\"method\":\"other\",\"args\":[\"PKCS12\"]}", "500"},
                {"{\"module\":\"kz.gov.pki.knca.basics\",\"method\":\"other\"}", "METHOD_NOT_FOUND"},
                {"{\"module\":\"kz.gov.pki.knca.basics\",\"method\":\"sign\",\"args\":{\"format\":\"xml\"}}", "500"},
                {"{\"module\":\"another\",\"method\":\"sign\"}", "MODULE_NOT_FOUND"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct modules_answer answer;
                json_t *json = ask(cases[i].text, &answer);
                assert_string_equal(string_at(json, "code", NULL), cases[i].code);
                assert_true(*string_at(json, "message", NULL));
                json_decref(json);
        }
}

static void faults(void **state)
{
        (void)state;
        struct modules_answer answer;
        struct why why = WHY_INIT;
        auto_str char *basics = xasprintf(BASICS_SIGN, "1.3.6.1.5.5.7.3.4");
        static const struct { const char *fault; bool basics; const char *code; } cases[] = {
                {"cancelled,count=1", false, "500"}, {"cancelled,count=1", true, "500"}, {"cancelled-silent,count=1", false, "500"}, {"old,count=1", true, "MODULE_NOT_FOUND"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                assert_int_equal(fault_parse(cases[i].fault, &modules.fault, &why), GW_OK);
                json_t *json = ask(cases[i].basics ? basics : XML_SIGN, &answer);
                assert_string_equal(string_at(json, "code", NULL), cases[i].code);
                json_decref(json);
        }
        assert_int_equal(fault_parse("cancelled-silent,count=1", &modules.fault, &why), GW_OK);
        json_t *json = ask(basics, &answer);
        assert_int_equal(json_object_size(json_object_get(json, "body")), 0);
        json_decref(json);
        assert_int_equal(fault_parse("slow,ms=7,count=1", &modules.fault, &why), GW_OK);
        json_decref(ask(basics, &answer));
        assert_int_equal(answer.delay_ms, 7);
        assert_int_equal(fault_parse("cut,count=1", &modules.fault, &why), GW_OK);
        json_decref(ask(basics, &answer));
        assert_true(answer.cut);
        assert_int_equal(fault_parse("garbage,count=1", &modules.fault, &why), GW_OK);
        assert_null(ask(basics, &answer));
        assert_int_equal(fault_parse("late", &modules.fault, &why), GW_REJECT);
}

static const char *pki(void)
{
        return getenv("EGOV_PKI") ? getenv("EGOV_PKI") : "build/pki";
}

static void who_is_chosen(void **state)
{
        (void)state;
        struct why why = WHY_INIT;
        static const char *const wrong[] = {"", "../keys/ca-root", "nobody-here", "Head"};
        for (size_t i = 0; i < GW_COUNT(wrong); i++) {
                assert_int_equal(modules_choose(&modules, pki(), wrong[i], wrong[i], &why), GW_REJECT);
                assert_string_equal(modules.sign.name, "head-160640900019");
        }
        assert_int_equal(modules_choose(&modules, pki(), "gost-head-160640900019", "head-160640900019", &why), GW_OK);
        struct modules_answer answer;
        json_t *json = ask(XML_SIGN, &answer);
        assert_non_null(strstr(string_at(json, "responseObject", NULL), "gostr34102015-gostr34112015-512"));
        json_decref(json);
        auto_str char *text = xasprintf(BASICS_SIGN, "1.3.6.1.5.5.7.3.2"); /* the other key logs in */
        json = ask(text, &answer);
        assert_non_null(strstr(json_string_value(json_array_get(json_object_get(json_object_get(json, "body"), "result"), 0)), "rsa-sha256"));
        json_decref(json);
}

static int setup(void **state)
{
        (void)state;
        struct why why = WHY_INIT;
        verify_init();
        modules.fault = fault_none_of(&ncalayer_kinds);
        return modules_choose(&modules, pki(), "head-160640900019", "head-160640900019", &why) == GW_OK ? 0 : -1;
}

static int teardown(void **state)
{
        (void)state;
        modules_done(&modules);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accept_key),    cmocka_unit_test(example_of_the_rfc), cmocka_unit_test(sizes_and_back), cmocka_unit_test(fragments_with_a_ping_between),
                cmocka_unit_test(broken_frames), cmocka_unit_test(old_module),         cmocka_unit_test(new_module),     cmocka_unit_test(what_is_asked_wrongly),
                cmocka_unit_test(faults),        cmocka_unit_test(who_is_chosen),
        };
        return cmocka_run_group_tests_name("ncalayer", tests, setup, teardown);
}
