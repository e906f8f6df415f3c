/* How often an address may ask, what a browser's forms hold, and the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/check/form.h"
#include "gateway/check/page.h"
#include "gateway/check/rate.h"

GW_DEFINE_AUTO(rate, struct rate, rate_free)

static unsigned taken(struct rate *rate, const char *address, int64_t ms, unsigned times)
{
        unsigned n = 0;
        for (unsigned i = 0; i < times; i++)
                n += rate_take(rate, address, (struct mono_time){ms});
        return n;
}

static void rate_bucket(void **state GW_UNUSED)
{
        gw_auto(rate) struct rate *rate = rate_new(6);
        assert_int_equal(taken(rate, "192.0.2.1:1", 1000, 10), 6);
        assert_int_equal(taken(rate, "192.0.2.1:2", 1000, 10), 0); /* another port is the same address */
        assert_int_equal(taken(rate, "192.0.2.2:1", 1000, 10), 6);
        assert_int_equal(taken(rate, "192.0.2.1:1", 10999, 10), 0);
        assert_int_equal(taken(rate, "192.0.2.1:1", 11001, 10), 1); /* one in ten seconds */
        assert_int_equal(taken(rate, "192.0.2.1:1", 1000000, 10), 6);
}

static void rate_of_networks(void **state GW_UNUSED)
{
        gw_auto(rate) struct rate *rate = rate_new(2);
        assert_int_equal(taken(rate, "[2001:db8::1]:1", 0, 3), 2);
        assert_int_equal(taken(rate, "[2001:db8::2:3]:1", 0, 3), 0);
        assert_int_equal(taken(rate, "[2001:db8:0:1::1]:1", 0, 3), 2);
        assert_int_equal(taken(rate, "[::ffff:192.0.2.1]:1", 0, 3), 2);
        assert_int_equal(taken(rate, "[::ffff:192.0.2.2]:1", 0, 3), 2);
}

/* More addresses than there is room for: still nobody asks without end. */
static void rate_full(void **state GW_UNUSED)
{
        gw_auto(rate) struct rate *rate = rate_new(1);
        for (unsigned i = 0; i < 40000; i++) {
                char address[32];
                snprintf(address, sizeof address, "10.%u.%u.%u:1", i >> 16 & 255, i >> 8 & 255, i & 255);
                assert_int_equal(taken(rate, address, 1, 1), 1);
        }
        assert_int_equal(taken(rate, "192.0.2.1:1", 2, 5), 1);
}

static void values(void **state GW_UNUSED)
{
        static const struct { const char *body, *name, *value; } cases[] = {
                {"number=123&iin=456", "number", "123"}, {"number=123&iin=456", "iin", "456"}, {"iin=+4+5%206", "iin", "456"}, {"iin=%34%35", "iin", "45"},
                {"iin=1&iin=2", "iin", "1"}, {"xiin=1&iin=2", "iin", "2"}, {"a&b&iin=1", "iin", "1"},
                {"", "iin", NULL}, {"iin", "iin", NULL}, {"iin=", "iin", NULL}, {"iin=%", "iin", NULL}, {"iin=%4", "iin", NULL}, {"iin=%zz", "iin", NULL},
                {"iin=%00", "iin", NULL}, {"iin=%d0%b0", "iin", NULL}, {"iin=12345678", "iin", NULL}, {"IIN=1", "iin", NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                char out[8] = "";
                bool found = form_value(span_str(cases[i].body), cases[i].name, out, sizeof out);
                if (found != (cases[i].value != NULL) || (found && !str_eq(out, cases[i].value)))
                        fail_msg("%s: %s", cases[i].body, out);
        }
}

#define PART(content) "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" content "\r\n"

static void parts(void **state GW_UNUSED)
{
        static const char type[] = "multipart/form-data; boundary=B";
        static const struct { const char *type, *body, *content; } cases[] = {
                {type, PART("abc") "--B--\r\n", "abc"},
                {"Multipart/Form-Data; boundary=\"B\"", PART("abc") "--B--", "abc"},
                {type, PART("") PART("def") "--B--", "def"},
                {type, PART("a\r\n-B\r\n--C") "--B--", "a\r\n-B\r\n--C"},
                {type, PART("") "--B--", NULL},
                {type, PART("abc"), NULL},
                {type, "--B--\r\n", NULL},
                {type, "--B\r\nabc", NULL},
                {type, "", NULL},
                {type, "abc", NULL},
                {"application/pdf", PART("abc") "--B--", NULL},
                {"multipart/form-data", PART("abc") "--B--", NULL},
                {"multipart/form-data; boundary=", PART("abc") "--B--", NULL},
                {"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890", PART("abc"), NULL},
                {NULL, PART("abc") "--B--", NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct span part = {NULL, 0};
                bool found = form_part(span_str(cases[i].body), cases[i].type, &part);
                if (found != (cases[i].content != NULL) || (found && !span_eq_str(part, cases[i].content)))
                        fail_msg("case %zu", i);
        }
}

static void languages(void **state GW_UNUSED)
{
        static const struct { const char *query, *header, *want; } cases[] = {
                {"", NULL, "kk"}, {"lang=ru", "kk", "ru"}, {"lang=en", NULL, "en"}, {"lang=de", "ru", "ru"}, {"lang=", "en-GB,en;q=0.5", "en"}, {"x=1", "de-DE, RU;q=0.3", "ru"},
                {"lang=russian", NULL, "kk"}, {"", "k,ru", "ru"}, {"", ",,;", "kk"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                assert_string_equal(check_page_language(cases[i].query, cases[i].header), cases[i].want);
}

/* Every verdict in every language; what is not ours is escaped. */
static void pages(void **state GW_UNUSED)
{
        static const char *const codes[] = {"kk", "ru", "en"};
        for (size_t l = 0; l < GW_COUNT(codes); l++)
                for (int v = 0; v < CHECK_VERDICT_COUNT; v++)
                        for (int file = 0; file < 2; file++) {
                                auto_buf struct buf out = BUF_INIT;
                                struct check_page page = {.language = codes[l], .verdict = (enum check_verdict)v, .uploaded = file, .number = "<\"'&>", .service = "<b>"};
                                check_page_write(&page, &out);
                                assert_null(strstr(buf_cstr(&out), "<b>"));
                                assert_null(strstr(buf_cstr(&out), "<\"'&>"));
                                assert_non_null(strstr(buf_cstr(&out), "&lt;&quot;&#39;&amp;&gt;"));
                                assert_int_equal(strstr(buf_cstr(&out), "role=\"status\"") != NULL, v != CHECK_ASKED);
                                assert_null(strstr(buf_cstr(&out), "(null)"));
                        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rate_bucket), cmocka_unit_test(rate_of_networks), cmocka_unit_test(rate_full), cmocka_unit_test(values),
                cmocka_unit_test(parts), cmocka_unit_test(languages), cmocka_unit_test(pages),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
