/* Configuration by tables: what is read, and every kind of mistake with its file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/conf.h"
#include "gateway/base/text.h"

struct item {
        char *label, *word;
        int64_t number;
};
struct root {
        struct {
                char *name, *colour, *note, *file;
                int64_t size;
                bool open;
        } main;
        struct item items[3];
        size_t item_count;
};

static const struct conf_key main_keys[] = {
        {"name", CONF_TEXT, offsetof(struct root, main.name), NULL, 0, 0, NULL, "what it is called"},
        {"colour", CONF_TEXT, offsetof(struct root, main.colour), "red", 0, 0, "red|green", "its colour"},
        {"note", CONF_TEXT, offsetof(struct root, main.note), "", 0, 0, NULL, "may be absent"},
        {"file", CONF_PATH, offsetof(struct root, main.file), "default.txt", 0, 0, NULL, "a file"},
        {"size", CONF_INT, offsetof(struct root, main.size), "7", -5, 100, NULL, "how large"},
        {"open", CONF_BOOL, offsetof(struct root, main.open), "no", 0, 0, NULL, "whether open"},
};
static const struct conf_key item_keys[] = {
        {"word", CONF_TEXT, offsetof(struct item, word), NULL, 0, 0, NULL, "a word"},
        {"number", CONF_INT, offsetof(struct item, number), "1", 0, INT64_MAX, NULL, "a number"},
};
static const struct conf_section sections[] = {
        {"main", main_keys, GW_COUNT(main_keys), false, 0, 0, 0, 0, 0},
        {"item", item_keys, GW_COUNT(item_keys), true, offsetof(struct root, items), sizeof(struct item), 3,
         offsetof(struct root, item_count), offsetof(struct item, label)},
};

static char path[] = "/tmp/egov-test-conf-XXXXXX";
static int make_file(void **state GW_UNUSED)
{
        int fd = mkstemp(path);
        return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state GW_UNUSED)
{
        return unlink(path);
}

static enum gw_rc load(struct span text, struct root *root, struct why *why)
{
        *root = (struct root){0};
        *why = (struct why)WHY_INIT;
        assert_true(text_write_file(path, text, 0600));
        return conf_load(path, sections, GW_COUNT(sections), root, why);
}

static void must_load(const char *text, struct root *root)
{
        struct why why;
        if (load(span_str(text), root, &why) != GW_OK)
                fail_msg("%s\n%s", why.detail, text);
}

static void everything_given(void **state GW_UNUSED)
{
        struct root root;
        must_load("\xef\xbb\xbf; a comment\n# another\n\n[main]\n"
                  "name = Ұлытау ауданы ; remark\ncolour=green\n  \nnote: a = b;c\nfile = sub/x.txt\n"
                  "size = -5\nopen = yes\n[item one]\nword = w1\nnumber = 9223372036854775807\n[item two]\nword=w2\n[item one]\n",
                  &root);
        assert_string_equal(root.main.name, "Ұлытау ауданы");
        assert_string_equal(root.main.colour, "green");
        assert_string_equal(root.main.note, "a = b;c");
        assert_string_equal(root.main.file, "/tmp/sub/x.txt");
        assert_int_equal(root.main.size, -5);
        assert_true(root.main.open);
        assert_int_equal(root.item_count, 2);
        assert_string_equal(root.items[0].label, "one");
        assert_string_equal(root.items[0].word, "w1");
        assert_true(root.items[0].number == INT64_MAX);
        assert_string_equal(root.items[1].label, "two");
        assert_int_equal(root.items[1].number, 1);
        conf_free(sections, GW_COUNT(sections), &root);
        assert_null(root.main.name);
        assert_null(root.items[0].label);
}

static void only_what_is_required(void **state GW_UNUSED)
{
        struct root root;
        must_load("[main]\nname=x\nnote =\n", &root);
        assert_string_equal(root.main.colour, "red");
        assert_null(root.main.note);
        assert_string_equal(root.main.file, "/tmp/default.txt");
        assert_int_equal(root.main.size, 7);
        assert_false(root.main.open);
        assert_int_equal(root.item_count, 0);
        conf_free(sections, GW_COUNT(sections), &root);
        must_load("[main]\nname=x\nfile=/abs/y", &root); /* no line end at the end */
        assert_string_equal(root.main.file, "/abs/y");
        conf_free(sections, GW_COUNT(sections), &root);
}

static void a_section_may_be_continued_later(void **state GW_UNUSED)
{
        struct root root;
        must_load("[item a]\nword=1\n[main]\nname=x\n[item b]\nword=2\n[item a]\nnumber=5\n", &root);
        assert_int_equal(root.item_count, 2);
        assert_int_equal(root.items[0].number, 5);
        conf_free(sections, GW_COUNT(sections), &root);
}

#define OK "[main]\nname = x\n"
#define TEN(x) x x x x x x x x x x
static const struct { const char *text, *want; } mistakes[] = {
        {"", "0: [main] name: is required"},
        {"[main]\nsize = 1\n", "0: [main] name: is required"},
        {OK "[item a]\nnumber = 1\n", "0: [item a] word: is required"},
        {"[main]\nname =\n", "2: name: is empty"},
        {"[main]\nname = ; only a remark\n", "2: name: is empty"},
        {OK "file =\n", "3: file: is empty"},
        {OK "size =\n", "3: size: is empty"},
        {OK "colour =\n", "3: colour: is empty"},
        {OK "colur = red\n", "3: colur: unknown key"},
        {OK "Colour = red\n", "3: Colour: unknown key"},
        {OK "= red\n", "3: : unknown key"},
        {OK "colour = blue\n", "3: colour: red|green"},
        {OK "colour = re\n", "3: colour: red|green"},
        {OK "colour = red|green\n", "3: colour: red|green"},
        {OK "colour = Red\n", "3: colour: red|green"},
        {OK "size = 101\n", "3: size: not a whole number"},
        {OK "size = -6\n", "3: size: not a whole number"},
        {OK "size = 1.5\n", "3: size: not a whole number"},
        {OK "size = 0x10\n", "3: size: not a whole number"},
        {OK "size = 10 ms\n", "3: size: not a whole number"},
        {OK "size = ten\n", "3: size: not a whole number"},
        {OK "size = 99999999999999999999\n", "3: size: not a whole number"},
        {OK "size = -99999999999999999999\n", "3: size: not a whole number"},
        {OK "open = true\n", "3: open: must be yes or no"},
        {OK "open = Yes\n", "3: open: must be yes or no"},
        {OK "open = 1\n", "3: open: must be yes or no"},
        {OK "name = y\n", "3: name: given twice"},
        {OK "[main]\nname = x\n", "4: name: given twice"},
        {OK " size = 1\n", "3: name: is gone on with by an indented line"}, /* it would swallow the key */
        {OK "size = 1\n 2\n", "4: size: cannot go on in a second line"},
        {OK "colour = red\n |green\n", "4: colour: cannot go on in a second line"},
        {OK "[item a]\nword = 1\nword = 2\n", "5: word: given twice"},
        {OK "[item a]\nword = 1\n[item a]\nword = 2\n", "6: word: given twice"},
        {OK "[other]\nx = 1\n", "4: other: unknown section"},
        {OK "[Main]\nsize = 1\n", "4: Main: unknown section"},
        {OK "[mai]\nsize = 1\n", "4: mai: unknown section"},
        {OK "[mainly]\nsize = 1\n", "4: mainly: unknown section"},
        {OK "[main x]\nsize = 1\n", "4: main x: unknown section"}, /* not one that is repeated */
        {OK "[item]\nword = 1\n", "4: item: unknown section"},     /* one that needs a label */
        {OK "[item ]\nword = 1\n", "4: item : unknown section"},
        {"name = x\n" OK, "1: : unknown section"},
        {OK "[item a]\nword=1\n[item b]\nword=1\n[item c]\nword=1\n[item d]\nword=1\n", "10: item: too many sections of this kind"},
        {OK "what is this\n", "3: syntax: not a key = value line"},
        {OK "[item a\nsize = 1\n", "3: syntax: not a key = value line"},
        {OK "note = " TEN("0123456789") TEN("0123456789") "\n", "3: line: longer than 198 bytes"},
        {OK "note = " TEN("0123456789") TEN("0123456789"), "3: line: longer than 198 bytes"},
        {OK "; " TEN("0123456789") TEN("0123456789") "\n[item a]\nword = 1\n", "3: line: longer than 198 bytes"},
        {OK "[item " TEN("0123456789") "]\nword = 1\n", "4: section: name is too long"},
};

static void mistakes_are_told_with_file_and_line(void **state GW_UNUSED)
{
        for (size_t i = 0; i < GW_COUNT(mistakes); i++) {
                struct root root;
                struct why why;
                enum gw_rc rc = load(span_str(mistakes[i].text), &root, &why);
                auto_str char *want = xasprintf("%s:%s", path, mistakes[i].want);
                if (rc != GW_REJECT || !str_starts(why.detail, want))
                        fail_msg("rc %d, \"%s\" instead of \"%s\" for\n%s", rc, why.detail, want, mistakes[i].text);
                conf_free(sections, GW_COUNT(sections), &root);
        }
}

static void bytes_that_are_no_text(void **state GW_UNUSED)
{
        struct root root;
        struct why why;
        static const char nul[] = OK "note = a\0b\nsize = 1\n";
        assert_int_equal(load(span_of(nul, sizeof nul - 1), &root, &why), GW_REJECT);
        assert_non_null(strstr(why.detail, ":3: line: longer than 198 bytes (go on in an indented line), or holds a NUL byte"));
        conf_free(sections, GW_COUNT(sections), &root);
}

static void a_text_goes_on_in_indented_lines(void **state GW_UNUSED)
{
        struct root root;
        must_load(OK "note = one,\n  two\n\tthree\nsize = 3\n", &root);
        assert_string_equal(root.main.note, "one, two three");
        assert_int_equal(root.main.size, 3);
        conf_free(sections, GW_COUNT(sections), &root);
}

/* The longest line there may be arrives whole. */
static void the_longest_line(void **state GW_UNUSED)
{
        for (size_t length = 190; length < 205; length++) {
                auto_buf struct buf text = BUF_INIT;
                buf_add_str(&text, OK "note=");
                for (size_t i = 5; i < length; i++)
                        buf_add_char(&text, 'n');
                buf_add_str(&text, "\nsize=3\n");
                struct root root;
                struct why why;
                enum gw_rc rc = load(buf_span(&text), &root, &why);
                assert_int_equal(rc, length <= 198 ? GW_OK : GW_REJECT);
                if (rc == GW_OK)
                        assert_int_equal(strlen(root.main.note), length - 5);
                conf_free(sections, GW_COUNT(sections), &root);
        }
}

static void files_that_are_not_there(void **state GW_UNUSED)
{
        struct root root = {0};
        struct why why = WHY_INIT;
        assert_int_equal(conf_load("/nowhere/x.conf", sections, GW_COUNT(sections), &root, &why), GW_REJECT);
        assert_string_equal(why.detail, "/nowhere/x.conf: cannot be read");
        assert_int_equal(conf_load("/tmp", sections, GW_COUNT(sections), &root, &why), GW_REJECT);
        conf_free(sections, GW_COUNT(sections), &root);
}

static void describes_every_key(void **state GW_UNUSED)
{
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        conf_describe(out, sections, GW_COUNT(sections));
        fclose(out);
        assert_string_equal(text, "[main]\n; what it is called\nname = \n"
                                  "; its colour (red|green)\n;colour = red\n; may be absent\n;note = \n"
                                  "; a file\n;file = default.txt\n; how large (-5..100)\n;size = 7\n; whether open\n;open = no\n"
                                  "\n[item NAME]\n; a word\nword = \n; a number (0..9223372036854775807)\n;number = 1\n");
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everything_given),
                cmocka_unit_test(only_what_is_required),
                cmocka_unit_test(a_section_may_be_continued_later),
                cmocka_unit_test(mistakes_are_told_with_file_and_line),
                cmocka_unit_test(bytes_that_are_no_text),
                cmocka_unit_test(a_text_goes_on_in_indented_lines),
                cmocka_unit_test(the_longest_line),
                cmocka_unit_test(files_that_are_not_there),
                cmocka_unit_test(describes_every_key),
        };
        return cmocka_run_group_tests(tests, make_file, remove_file);
}
