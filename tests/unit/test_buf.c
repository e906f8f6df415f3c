/* Byte buffers: the limit and the sticky error, NUL behind the content, ownership; borrowed spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/buf.h"

static void appends_and_keeps_a_nul_behind(void **state GW_UNUSED)
{
        auto_buf struct buf b = BUF_INIT;
        assert_string_equal(buf_cstr(&b), "");
        assert_int_equal(buf_span(&b).n, 0);
        buf_add_str(&b, "a");
        buf_add_str(&b, NULL);
        buf_add_char(&b, 'b');
        buf_add_u64(&b, 0);
        buf_add_u64(&b, UINT64_MAX);
        buf_add_span(&b, span_str("|"));
        buf_add(&b, NULL, 0);
        buf_printf(&b, "%s-%d", "x", -7);
        assert_string_equal(buf_cstr(&b), "ab018446744073709551615|x--7");
        assert_int_equal(b.n, strlen(buf_cstr(&b)));
        assert_false(buf_failed(&b));
}

static void keeps_bytes_after_a_nul(void **state GW_UNUSED)
{
        auto_buf struct buf b = BUF_INIT;
        buf_add(&b, "a\0b", 3);
        assert_int_equal(b.n, 3);
        assert_memory_equal(b.p, "a\0b\0", 4);
        auto_str char *copy = span_dup(buf_span(&b));
        assert_memory_equal(copy, "a\0b\0", 4);
}

static void grows_over_many_appends(void **state GW_UNUSED)
{
        auto_buf struct buf b = BUF_INIT;
        for (int i = 0; i < 100000; i++)
                buf_add_char(&b, (char)('a' + i % 26));
        assert_int_equal(b.n, 100000);
        for (size_t i = 0; i < b.n; i++)
                assert_int_equal(b.p[i], 'a' + (int)(i % 26));
        assert_int_equal(b.p[b.n], 0);
        assert_true(b.cap > b.n);
}

/* Each append that does not fit fails alone and leaves what was there; the error stays although the next would fit. */
static void limit_is_exact_and_sticky(void **state GW_UNUSED)
{
        for (size_t limit = 0; limit < 600; limit++) {
                auto_buf struct buf b = BUF_LIMIT(limit);
                for (size_t i = 0; i < limit; i++)
                        buf_add_char(&b, 'x');
                assert_false(buf_failed(&b));
                assert_int_equal(b.n, limit);
                buf_add_char(&b, 'y');
                assert_true(buf_failed(&b));
                assert_int_equal(b.n, limit);
                buf_add(&b, "", 0);
                assert_true(buf_failed(&b));
                assert_null(buf_room(&b, 0));
                assert_null(strchr(buf_cstr(&b), 'y'));
        }
        auto_buf struct buf whole = BUF_LIMIT(4);
        buf_add_str(&whole, "12345");
        buf_add_str(&whole, "1");
        assert_true(buf_failed(&whole));
        assert_int_equal(whole.n, 0);
        auto_buf struct buf formatted = BUF_LIMIT(4);
        buf_printf(&formatted, "%d", 12345);
        assert_true(buf_failed(&formatted));
}

static void huge_sizes_do_not_wrap(void **state GW_UNUSED)
{
        auto_buf struct buf b = BUF_INIT;
        buf_add_str(&b, "abc");
        assert_null(buf_room(&b, SIZE_MAX));
        buf_reset(&b);
        buf_add_str(&b, "abc");
        assert_null(buf_room(&b, SIZE_MAX - 3));
        assert_true(buf_failed(&b));
        assert_string_equal(buf_cstr(&b), "abc");
}

static void room_is_written_then_told(void **state GW_UNUSED)
{
        auto_buf struct buf b = BUF_LIMIT(5);
        uint8_t *room = buf_room(&b, 5);
        assert_non_null(room);
        memcpy(room, "hello", 5);
        buf_grew(&b, 2);
        assert_string_equal(buf_cstr(&b), "he");
        assert_null(buf_room(&b, 4));
}

static void reset_keeps_memory_and_clears_the_error(void **state GW_UNUSED)
{
        auto_buf struct buf b = BUF_LIMIT(3);
        buf_add_str(&b, "abc");
        const uint8_t *before = b.p;
        buf_add_char(&b, 'd');
        buf_reset(&b);
        assert_false(buf_failed(&b));
        assert_ptr_equal(b.p, before);
        assert_string_equal(buf_cstr(&b), "");
        buf_add_str(&b, "xyz");
        assert_string_equal(buf_cstr(&b), "xyz");
}

static void take_hands_over(void **state GW_UNUSED)
{
        auto_buf struct buf b = BUF_INIT;
        auto_str char *empty = buf_take_str(&b);
        assert_string_equal(empty, "");
        buf_add_str(&b, "mine");
        auto_str char *text = buf_take_str(&b);
        assert_string_equal(text, "mine");
        assert_null(b.p);
        assert_int_equal(b.n, 0);
        buf_add_str(&b, "again");
        assert_string_equal(buf_cstr(&b), "again");
}

static void done_can_be_used_again(void **state GW_UNUSED)
{
        struct buf b = BUF_LIMIT(4);
        buf_add_str(&b, "12345");
        buf_done(&b);
        assert_false(buf_failed(&b));
        buf_add_str(&b, "1234");
        assert_string_equal(buf_cstr(&b), "1234");
        buf_wipe_done(&b);
        assert_null(b.p);
        buf_wipe_done(&b);
}

static void spans_compare_by_bytes(void **state GW_UNUSED)
{
        assert_true(span_eq(span_str(NULL), span_of("x", 0)));
        assert_true(span_eq_str(span_of("abc", 2), "ab"));
        assert_false(span_eq_str(span_of("abc", 2), "abc"));
        assert_false(span_eq_str(span_of("ab\0", 3), "ab"));
        assert_false(span_eq(span_str("ab"), span_str("aB")));
        assert_true(span_eq_str(span_str(""), NULL));
        auto_str char *nothing = span_dup(span_str(NULL));
        assert_string_equal(nothing, "");
}

static void strings_are_null_safe(void **state GW_UNUSED)
{
        assert_true(str_eq("a", "a"));
        assert_false(str_eq(NULL, NULL));
        assert_false(str_eq("a", NULL));
        assert_true(str_starts("abc", "ab"));
        assert_true(str_starts("abc", ""));
        assert_false(str_starts("a", "ab"));
        assert_false(str_starts(NULL, ""));
        assert_null(xstrdup(NULL));
        char *owner = xstrdup("x");
        auto_str char *taken = gw_take(&owner);
        assert_null(owner);
        assert_string_equal(taken, "x");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(appends_and_keeps_a_nul_behind),
                cmocka_unit_test(keeps_bytes_after_a_nul),
                cmocka_unit_test(grows_over_many_appends),
                cmocka_unit_test(limit_is_exact_and_sticky),
                cmocka_unit_test(huge_sizes_do_not_wrap),
                cmocka_unit_test(room_is_written_then_told),
                cmocka_unit_test(reset_keeps_memory_and_clears_the_error),
                cmocka_unit_test(take_hands_over),
                cmocka_unit_test(done_can_be_used_again),
                cmocka_unit_test(spans_compare_by_bytes),
                cmocka_unit_test(strings_are_null_safe),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
