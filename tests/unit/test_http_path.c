/* Request targets: what is accepted, what it becomes, and the siblings that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/accept/http_path.h"

struct good { const char *target, *path, *query; };
static const struct good good[] = {
        {"/", "/", ""},
        {"/shep/sync", "/shep/sync", ""},
        {"/shep/sync?wsdl", "/shep/sync", "wsdl"},
        {"/shep/sync?", "/shep/sync", ""},
        {"/a/?x=1&y=%2F?z", "/a/", "x=1&y=%2F?z"},
        {"/a?next=/../b//c", "/a", "next=/../b//c"},
        {"/a?v[]={|}", "/a", "v[]={|}"},
        {"/api/v1/requests/%31%32", "/api/v1/requests/12", ""},
        {"/%D2%9A%D0%90%D0%97", "/\xd2\x9a\xd0\x90\xd0\x97", ""},
        {"/a%20b", "/a b", ""},
        {"/a%253Fb", "/a%3Fb", ""}, /* decoded once, not twice */
        {"/a%252e%252e/b", "/a%2e%2e/b", ""},
        {"/a%3Fb", "/a?b", ""},
        {"/a;v=1,2:3@x$&'()*+!=~-_.", "/a;v=1,2:3@x$&'()*+!=~-_.", ""},
        {"/...", "/...", ""},
        {"/.well-known/x", "/.well-known/x", ""},
        {"http://gateway.test/shep/sync?wsdl", "/shep/sync", "wsdl"},
        {"HTTPS://gateway.test:8443/x", "/x", ""},
        {"http://gateway.test", "/", ""},
        {"http://gateway.test?q", "/", "q"},
};

static const char *const bad[] = {
        "", "*", "gateway.test:443", "shep/sync", "?wsdl",
        "/..", "/../etc", "/a/../b", "/a/..", "/.", "/a/./b", "/%2e%2e/b", "/a/%2E", "/a/.%2e/b",
        "//", "//a", "/a//b", "/a//",
        "/a%2fb", "/a%2Fb", "/a%5cb", "/a%5Cb", "/a%00b", "/a%0ab", "/a%0d%0ab", "/a%1f", "/a%7f",
        "/a%", "/a%2", "/a%zz", "/a%2g", "/%", "/a%-1",
        "/a\\b", "/a#b", "/a?b#c", "/a b", "/a\tb", "/a\x7f", "/a<b>", "/a\"b", "/a{b}", "/a|b", "/a^b", "/a`b", "/a[b]",
        "/a?b c", "/a?b\x01", "/a?\xd2\x9a", "/\xd2\x9a",
        "/%D2", "/%ff%fe", "/%C0%AE%C0%AE/x", "/%ED%A0%80",
        "http://", "http:///x", "http://user@host/x", "http://ho st/x", "http://host\\x", "ftp://host/x", "file:///etc/passwd",
        "http:/x", "http//x", "javascript:x",
};

static void accepts(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(good); i++) {
                auto_buf struct buf out = BUF_INIT;
                size_t query = 0;
                if (!http_target_parse(span_str(good[i].target), &out, &query))
                        fail_msg("refused: %s", good[i].target);
                assert_string_equal((const char *)out.p, good[i].path);
                assert_string_equal((const char *)out.p + query, good[i].query);
        }
}

static void refuses(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(bad); i++) {
                auto_buf struct buf out = BUF_INIT;
                size_t query = 12345;
                if (http_target_parse(span_str(bad[i]), &out, &query))
                        fail_msg("accepted: %s", bad[i]);
                assert_int_equal(query, 12345);
        }
        auto_buf struct buf out = BUF_INIT;
        size_t query = 0;
        assert_false(http_target_parse(span_of("/a\0b", 4), &out, &query));
}

static void respects_the_limit_of_its_output(void **state)
{
        (void)state;
        auto_buf struct buf out = BUF_LIMIT(6);
        size_t query = 0;
        assert_true(http_target_parse(span_str("/abc"), &out, &query));
        auto_buf struct buf small = BUF_LIMIT(5);
        assert_false(http_target_parse(span_str("/abc"), &small, &query));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepts),
                cmocka_unit_test(refuses),
                cmocka_unit_test(respects_the_limit_of_its_output),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
