/* Conversions: numbers, base64 (strict), hex, UTF-8, UUID, masking; whole files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "gateway/base/text.h"

static void trim(void **state GW_UNUSED)
{
        static const struct { const char *in, *out; } rows[] = {{"", ""}, {" \t\r\n", ""}, {"a", "a"}, {"\r\n a b \t", "a b"}, {"\va", "\va"}};
        for (size_t i = 0; i < GW_COUNT(rows); i++)
                assert_true(span_eq_str(text_trim(span_str(rows[i].in)), rows[i].out));
}

static void u64_is_whole_decimal_and_in_range(void **state GW_UNUSED)
{
        static const struct { const char *text; uint64_t min, max; bool want; uint64_t value; } cases[] = {
                {"0", 0, 10, true, 0},
                {"10", 0, 10, true, 10},
                {"007", 0, 10, true, 7},
                {"18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX},
                {"18446744073709551616", 0, UINT64_MAX, false, 0},
                {"18446744073709551619", 0, UINT64_MAX, false, 0},
                {"99999999999999999999", 0, UINT64_MAX, false, 0},
                {"28446744073709551615", 0, UINT64_MAX, false, 0},
                {"11", 0, 10, false, 0},
                {"4", 5, 10, false, 0},
                {"5", 5, 10, true, 5},
                {"", 0, 10, false, 0},
                {NULL, 0, 10, false, 0},
                {"+1", 0, 10, false, 0},
                {"-1", 0, UINT64_MAX, false, 0},
                {" 1", 0, 10, false, 0},
                {"1 ", 0, 10, false, 0},
                {"1\n", 0, 10, false, 0},
                {"0x1", 0, 10, false, 0},
                {"1e1", 0, 10, false, 0},
                {"1.0", 0, 10, false, 0},
                {"\xd9\xa1", 0, 10, false, 0}, /* ARABIC-INDIC DIGIT ONE */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                uint64_t got = 4711;
                bool ok = text_to_u64(cases[i].text, cases[i].min, cases[i].max, &got);
                if (ok != cases[i].want || got != (ok ? cases[i].value : 4711))
                        fail_msg("\"%s\": got %d %llu", cases[i].text ? cases[i].text : "NULL", ok, (unsigned long long)got);
        }
}

/* RFC 4648 section 10. */
static const struct { const char *plain, *coded; } base64_vectors[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfb", "//77"}, {"\xfb\xef\xbe", "++++"},
};

static void base64_both_ways(void **state GW_UNUSED)
{
        for (size_t i = 0; i < GW_COUNT(base64_vectors); i++) {
                auto_buf struct buf coded = BUF_INIT, plain = BUF_INIT;
                text_base64(&coded, span_str(base64_vectors[i].plain));
                assert_string_equal(buf_cstr(&coded), base64_vectors[i].coded);
                assert_true(text_unbase64(&plain, buf_span(&coded)));
                assert_true(span_eq_str(buf_span(&plain), base64_vectors[i].plain));
        }
        for (size_t n = 0; n < 300; n++) {
                uint8_t bytes[300];
                for (size_t i = 0; i < n; i++)
                        bytes[i] = (uint8_t)(i * 37 + n * 11);
                auto_buf struct buf coded = BUF_INIT, plain = BUF_INIT;
                text_base64(&coded, span_of(bytes, n));
                assert_int_equal(coded.n, (n + 2) / 3 * 4);
                assert_true(text_unbase64(&plain, buf_span(&coded)));
                assert_true(span_eq(buf_span(&plain), span_of(bytes, n)));
        }
}

static void base64_appends(void **state GW_UNUSED)
{
        auto_buf struct buf out = BUF_INIT;
        buf_add_str(&out, "<");
        text_base64(&out, span_str("foo"));
        assert_true(text_unbase64(&out, span_str("Zm8=")));
        assert_string_equal(buf_cstr(&out), "<Zm9vfo");
        auto_buf struct buf small = BUF_LIMIT(2);
        assert_false(text_unbase64(&small, span_str("Zm9v")));
        auto_buf struct buf tiny = BUF_LIMIT(3);
        text_base64(&tiny, span_str("foo"));
        assert_true(buf_failed(&tiny));
}

static void base64_is_strict(void **state GW_UNUSED)
{
        static const struct { const char *coded; bool want; } cases[] = {
                {"Zm9v\r\nYmFy", true},
                {" Z m 9 v\t", true},
                {"Zg=\n=", true},
                {"Zg==\n", true},
                {"", true},
                {" \r\n", true},
                {"Z", false},
                {"Zg", false},
                {"Zg=", false},
                {"Zm8", false},
                {"Zm8==", false},
                {"Zg===", false},
                {"Z===", false},
                {"=", false},
                {"====", false},
                {"Zm9v=", false},
                {"Zm9v====", false},
                {"Zg==Zg==", false},   /* nothing after padding */
                {"Z=g=", false},
                {"=Zg=", false},
                {"Zh==", false},       /* bits left over must be zero: one text for one value */
                {"Zm9=", false},
                {"Zm-v", false},       /* URL alphabet */
                {"Zm_v", false},
                {"Zm9v!", false},
                {"Zm9v\xc2\xa0", false},
                {"Zm9v\x0b", false},
                {"Zm,v", false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf out = BUF_INIT;
                if (text_unbase64(&out, span_str(cases[i].coded)) != cases[i].want)
                        fail_msg("\"%s\" should be %s", cases[i].coded, cases[i].want ? "read" : "refused");
        }
        auto_buf struct buf out = BUF_INIT;
        assert_false(text_unbase64(&out, span_of("Zm9\0v", 5)));
        for (int c = 0; c < 256; c++) {
                uint8_t text[4] = {'A', 'A', (uint8_t)c, 'A'};
                bool letter = c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c);
                assert_int_equal(text_unbase64(&out, span_of(text, 4)), letter);
        }
}

static void hex_and_sha256(void **state GW_UNUSED)
{
        uint8_t digest[32];
        static const struct { const char *in, *want; } cases[] = { /* FIPS 180-2 appendix B, and the empty message */
                {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                {NULL, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf out = BUF_INIT;
                text_sha256(span_str(cases[i].in), digest);
                text_hex(&out, span_of(digest, 32));
                assert_string_equal(buf_cstr(&out), cases[i].want);
        }
}

/* The Unicode Standard, table 3-7, with the neighbours of every border. */
static void utf8_by_the_table(void **state GW_UNUSED)
{
        static const struct { const char *bytes; bool want; } cases[] = {
                {"", true}, {"plain", true}, {"\x7f", true}, {"Қазақстан", true},
                {"\xc2\x80", true}, {"\xdf\xbf", true}, {"\xc0\x80", false}, {"\xc1\xbf", false}, {"\xc2\x7f", false}, {"\xc2\xc0", false},
                {"\xe0\xa0\x80", true}, {"\xe0\x9f\xbf", false}, {"\xe0\x80\xaf", false}, {"\xe1\x80\x80", true}, {"\xec\xbf\xbf", true},
                {"\xed\x9f\xbf", true}, {"\xed\xa0\x80", false}, {"\xed\xbf\xbf", false}, {"\xee\x80\x80", true}, {"\xef\xbf\xbf", true},
                {"\xf0\x90\x80\x80", true}, {"\xf0\x8f\xbf\xbf", false}, {"\xf0\x80\x80\xaf", false}, {"\xf3\xbf\xbf\xbf", true},
                {"\xf4\x8f\xbf\xbf", true}, {"\xf4\x90\x80\x80", false}, {"\xf5\x80\x80\x80", false}, {"\xff", false}, {"\xfe", false},
                {"\x80", false}, {"\xbf", false}, {"a\x80", false},
                {"\xc2", false}, {"\xe1\x80", false}, {"\xf1\x80\x80", false},
                {"\xe1\x80" "a", false}, {"\xf1\x80\x80" "a", false}, {"\xf1\x80" "aa", false},
                {"\xf8\x88\x80\x80\x80", false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++)
                if (text_is_utf8(span_str(cases[i].bytes)) != cases[i].want)
                        fail_msg("case %zu should be %s", i, cases[i].want ? "UTF-8" : "refused");
        assert_true(text_is_utf8(span_of("a\0b", 3)));
        /* A cut never reads past its end: the byte behind would make it whole. */
        assert_false(text_is_utf8(span_of("\xd2\x9a", 1)));
}

static void uuids_are_random_version_4(void **state GW_UNUSED)
{
        char a[TEXT_UUID_MAX], b[TEXT_UUID_MAX];
        for (int i = 0; i < 1000; i++) {
                assert_ptr_equal(text_uuid(a), a);
                assert_int_equal(strlen(a), 36);
                for (size_t k = 0; k < 36; k++) {
                        bool dash = k == 8 || k == 13 || k == 18 || k == 23;
                        assert_true(dash ? a[k] == '-' : strchr("0123456789abcdef", a[k]) != NULL);
                }
                assert_int_equal(a[14], '4');
                assert_non_null(strchr("89ab", a[19]));
                assert_string_not_equal(a, text_uuid(b));
        }
}

static void iin_is_masked(void **state GW_UNUSED)
{
        char out[16];
        assert_string_equal(text_mask_iin("850412390011", out), "85******0011");
        assert_string_equal(text_mask_iin(NULL, out), "??******????");
        assert_string_equal(text_mask_iin("", out), "??******????");
        assert_string_equal(text_mask_iin("8504123900111", out), "??******????");
        assert_string_equal(text_mask_iin("85041239001", out), "??******????");
}

static char folder[] = "/tmp/egov-test-text-XXXXXX";
static int make_folder(void **state GW_UNUSED)
{
        return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state GW_UNUSED)
{
        auto_str char *file = xasprintf("%s/file", folder);
        unlink(file);
        return rmdir(folder);
}

static void files_are_written_whole(void **state GW_UNUSED)
{
        auto_str char *path = xasprintf("%s/file", folder);
        assert_true(text_write_file(path, span_str("first version"), 0600));
        assert_true(text_write_file(path, span_of("a\0b", 3), 0600));
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        auto_buf struct buf out = BUF_INIT;
        assert_true(text_read_file(path, &out));
        assert_true(span_eq(buf_span(&out), span_of("a\0b", 3)));
        auto_buf struct buf empty = BUF_INIT;
        assert_true(text_write_file(path, span_str(""), 0600));
        assert_true(text_read_file(path, &empty));
        assert_int_equal(empty.n, 0);
}

static void failed_writes_leave_nothing(void **state GW_UNUSED)
{
        auto_str char *nowhere = xasprintf("%s/no/file", folder);
        assert_false(text_write_file(nowhere, span_str("x"), 0600));
        assert_false(text_write_file(folder, span_str("x"), 0600)); /* a folder is in the way: the rename fails */
        auto_str char *temp = xasprintf("%s.tmp%ld", folder, (long)getpid());
        assert_int_not_equal(access(temp, F_OK), 0);
}

static void reading_keeps_to_the_limit(void **state GW_UNUSED)
{
        auto_str char *path = xasprintf("%s/file", folder);
        size_t sizes[] = {1, 10, 65535, 65536, 65537, 200000};
        for (size_t i = 0; i < GW_COUNT(sizes); i++) {
                auto_buf struct buf content = BUF_INIT, exact = BUF_LIMIT(sizes[i]), less = BUF_LIMIT(sizes[i] - 1);
                memset(buf_room(&content, sizes[i]), 'x', sizes[i]);
                buf_grew(&content, sizes[i]);
                assert_true(text_write_file(path, buf_span(&content), 0600));
                assert_true(text_read_file(path, &exact));
                assert_true(span_eq(buf_span(&exact), buf_span(&content)));
                assert_false(text_read_file(path, &less));
                assert_int_equal(errno, EFBIG);
        }
        auto_buf struct buf out = BUF_INIT;
        auto_str char *missing = xasprintf("%s/missing", folder);
        assert_false(text_read_file(missing, &out));
        assert_false(text_read_file(folder, &out)); /* a folder cannot be read */
        assert_false(text_read_file("", &out));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(trim),
                cmocka_unit_test(u64_is_whole_decimal_and_in_range),
                cmocka_unit_test(base64_both_ways),
                cmocka_unit_test(base64_appends),
                cmocka_unit_test(base64_is_strict),
                cmocka_unit_test(hex_and_sha256),
                cmocka_unit_test(utf8_by_the_table),
                cmocka_unit_test(uuids_are_random_version_4),
                cmocka_unit_test(iin_is_masked),
                cmocka_unit_test(files_are_written_whole),
                cmocka_unit_test(failed_writes_leave_nothing),
                cmocka_unit_test(reading_keeps_to_the_limit),
        };
        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
