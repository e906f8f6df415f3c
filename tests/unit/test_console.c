/* The console's files in the program: all of the folder, as they are, and a policy with nothing from outside. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/console/files.h"

#define FOLDER "gateway/console"

static void the_whole_folder(void **state)
{
        (void)state;
        static const char *const others[] = {".c", ".h", ".md"};
        DIR *dir = opendir(FOLDER);
        size_t n = 0;
        if (!dir) { /* only the installed program is here */
                skip();
                return;
        }
        for (const struct dirent *entry; (entry = readdir(dir));) {
                const char *dot = strrchr(entry->d_name, '.');
                bool other = entry->d_name[0] == '.' || !dot;
                for (size_t i = 0; i < GW_COUNT(others) && !other; i++)
                        other = str_eq(dot, others[i]);
                if (other)
                        continue;
                auto_str char *path = xasprintf(FOLDER "/%s", entry->d_name);
                auto_buf struct buf on_disk = BUF_INIT;
                const struct console_file *file = console_file(entry->d_name);
                if (!file)
                        fail_msg("%s has no row in files.c", path);
                assert_true(text_read_file(path, &on_disk));
                assert_true(span_eq(file->content, buf_span(&on_disk)));
                n++;
        }
        closedir(dir);
        assert_true(n > 20);
}

static void names(void **state)
{
        (void)state;
        assert_string_equal(console_file("")->name, "index.html");
        assert_ptr_equal(console_file(""), console_file("index.html"));
        assert_string_equal(console_file("main.js")->type, "text/javascript; charset=utf-8");
        static const char *const none[] = {"/", "index.htm", "INDEX.HTML", "../console/index.html", "files.c", "README.md", "index.html/", "main.js?x", "."};
        for (size_t i = 0; i < GW_COUNT(none); i++)
                assert_null(console_file(none[i]));
}

static void tags_differ(void **state)
{
        (void)state;
        const char *one = console_file("kk.js")->etag, *other = console_file("ru.js")->etag;
        assert_int_equal(strlen(one), 34);
        assert_true(one[0] == '"' && one[33] == '"');
        assert_false(str_eq(one, other));
}

static void policy(void **state)
{
        (void)state;
        auto_buf struct buf got = BUF_INIT;
        console_policy("wss://127.0.0.1:13579", &got);
        assert_true(str_starts(buf_cstr(&got), "default-src 'none'; "));
        assert_non_null(strstr(buf_cstr(&got), "connect-src 'self' wss://127.0.0.1:13579;"));
        assert_non_null(strstr(buf_cstr(&got), "frame-ancestors 'none'"));
        assert_null(strstr(buf_cstr(&got), "unsafe"));
        assert_null(strstr(buf_cstr(&got), "http"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(the_whole_folder), cmocka_unit_test(names), cmocka_unit_test(tags_differ), cmocka_unit_test(policy)};
        return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
