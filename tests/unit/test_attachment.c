/* Files of an application: what they are by their bytes, their names, and whether they are those that were signed for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/files/attachment.h"
#include "gateway/reason.h"

#define PDF "%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
#define PNG "\x89PNG\r\n\x1A\n...."
#define BYTES(text) span_of(text, sizeof(text) - 1)

static void types(void **state GW_UNUSED)
{
        auto_buf struct buf late = BUF_INIT;
        buf_add_str(&late, "%PDF-1.7\n%%EOF\n");
        while (late.n < 4000)
                buf_add_char(&late, ' ');
        const struct { const char *name; struct span bytes; const char *want; } cases[] = {
                {"PDF", BYTES(PDF), "application/pdf"},
                {"JPEG", BYTES("\xFF\xD8\xFF\xE0JFIF"), "image/jpeg"},
                {"PNG", BYTES(PNG), "image/png"},
                {"TIFF, little-endian", BYTES("II*\0...."), "image/tiff"},
                {"TIFF, big-endian", BYTES("MM\0*...."), "image/tiff"},
                {"PDF without its end", BYTES("%PDF-1.7\n1 0 obj"), NULL},
                {"PDF that ended long ago", buf_span(&late), NULL},
                {"a page that becomes a PDF later", BYTES("<html><script>alert(1)</script>" PDF), NULL},
                {"a blank before the mark", BYTES(" " PDF), NULL},
                {"HTML", BYTES("<!DOCTYPE html><p>"), NULL},
                {"SVG", BYTES("<svg xmlns='http://www.w3.org/2000/svg'/>"), NULL},
                {"a program", BYTES("\x7F" "ELF\2\1\1"), NULL},
                {"a Windows program", BYTES("MZ\x90"), NULL},
                {"an archive", BYTES("PK\3\4"), NULL},
                {"a picture with an archive behind it", BYTES(PNG "PK\5\6" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL},
                {"a PDF with one whose comment ends it", BYTES("%PDF-1.7 PK\5\6" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0" "%%EOF"), NULL},
                {"a picture with its letters by chance", BYTES(PNG "PK\5\6" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7\0" "%%EOF"), "image/png"},
                {"GIF", BYTES("GIF89a"), NULL},
                {"BigTIFF", BYTES("II+\0"), NULL},
                {"half a mark", BYTES("\x89PN"), NULL},
                {"nothing", span_of(NULL, 0), NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                const char *got = attachment_type(cases[i].bytes);
                if ((got != NULL) != (cases[i].want != NULL) || (got && !str_eq(got, cases[i].want)))
                        fail_msg("%s: %s", cases[i].name, got ? got : "none");
        }
}

static void names(void **state GW_UNUSED)
{
        static const char *const good[] = {"a.pdf", "Анықтама № 5 (көшірме).pdf", "scan_01-02.JPEG", "Қ.png", "é.tif"};
        static const char *const bad[] = {"", " a.pdf", ".pdf", "../a.pdf", "a/b.pdf", "a\\b.pdf", "a..pdf", "a\n.pdf", "a\x7F.pdf", "a\".pdf", "<b>.pdf", "a;b.pdf", "\xD0.pdf", "\xC0\xAE.pdf",
                                          "\xE2\x80\xAE" "fdp.exe", "\xF0\x9F\x98\x80.pdf", "a%00.pdf", "C:a.pdf"};
        for (size_t i = 0; i < GW_COUNT(good); i++)
                if (!attachment_name_usable(good[i]))
                        fail_msg("%s", good[i]);
        for (size_t i = 0; i < GW_COUNT(bad); i++)
                if (attachment_name_usable(bad[i]))
                        fail_msg("%zu: %s", i, bad[i]);
        assert_false(attachment_name_usable(NULL));
        char longest[ATTACHMENT_NAME_MAX + 2];
        memset(longest, 'a', sizeof longest - 1);
        longest[ATTACHMENT_NAME_MAX] = '\0';
        assert_true(attachment_name_usable(longest));
        longest[ATTACHMENT_NAME_MAX] = 'a';
        longest[ATTACHMENT_NAME_MAX + 1] = '\0';
        assert_false(attachment_name_usable(longest));
        assert_true(attachment_name_fits("a.PDF", "application/pdf") && attachment_name_fits("a.b.jpg", "image/jpeg") && attachment_name_fits("a.tiff", "image/tiff"));
        assert_false(attachment_name_fits("a.pdf", "image/png") || attachment_name_fits("pdf", "application/pdf") || attachment_name_fits("a.pdf.exe", "application/pdf"));
}

/* Two files, and the list that goes with them. */
struct set {
        struct attachment files[3];
        struct attachment_listed listed[3];
        size_t files_n, listed_n;
        struct attachment_limits limits;
};

static void put(struct set *set, size_t i, const char *name, struct span bytes)
{
        set->files[i] = (struct attachment){xstrdup(name), BUF_INIT};
        buf_add_span(&set->files[i].bytes, bytes);
        set->listed[i] = (struct attachment_listed){.name = xstrdup(name), .document = xstrdup("D1"), .size = bytes.n};
        text_sha256(bytes, set->listed[i].sha256);
}

static void set_new(struct set *set)
{
        *set = (struct set){.files_n = 2, .listed_n = 2, .limits = {2, 1000, 1500}};
        put(set, 0, "a.pdf", BYTES(PDF));
        put(set, 1, "b.png", BYTES(PNG));
        put(set, 2, "c.pdf", BYTES(PDF "\n"));
}

static void set_done(struct set *set)
{
        for (size_t i = 0; i < 3; i++) {
                attachment_done(&set->files[i]);
                attachment_listed_done(&set->listed[i]);
        }
}

static void rename_file(struct set *set, size_t i, const char *name)
{
        free(set->files[i].name);
        free(set->listed[i].name);
        set->files[i].name = xstrdup(name);
        set->listed[i].name = xstrdup(name);
}

static void list_again(struct set *set, size_t i)
{
        text_sha256(buf_span(&set->files[i].bytes), set->listed[i].sha256);
        set->listed[i].size = set->files[i].bytes.n;
}

static void replace(struct set *set, size_t i, struct span bytes)
{
        buf_reset(&set->files[i].bytes);
        buf_add_span(&set->files[i].bytes, bytes);
}

static void no_change(struct set *s GW_UNUSED) { }
static void byte(struct set *s) { s->files[0].bytes.p[9]++; }
static void size(struct set *s) { s->listed[0].size++; }
static void other_name(struct set *s) { s->listed[0].name[0] = 'x'; }
static void one_less(struct set *s) { s->files_n = 1; }
static void one_more(struct set *s) { s->files_n = 3; s->limits.count = 3; }
static void twice_listed(struct set *s) { memcpy(s->listed[1].sha256, s->listed[0].sha256, 32); }
static void same_name(struct set *s) { rename_file(s, 1, "a.pdf"); }
static void twice_sent(struct set *s) { replace(s, 1, BYTES(PDF)); free(s->files[1].name); s->files[1].name = xstrdup("a.pdf"); }
static void disguised(struct set *s) { rename_file(s, 0, "a.png"); }
static void a_page(struct set *s) { replace(s, 0, BYTES("<html>")); list_again(s, 0); }
static void empty(struct set *s) { replace(s, 0, span_of(NULL, 0)); list_again(s, 0); }
static void path(struct set *s) { rename_file(s, 0, "../a.pdf"); }
static void file_size(struct set *s) { s->limits.bytes = s->files[0].bytes.n - 1; }
static void total_size(struct set *s) { s->limits.total_bytes = s->files[0].bytes.n + s->files[1].bytes.n - 1; }
static void too_many(struct set *s) { s->limits.count = 1; }
static void none_wanted(struct set *s) { s->listed_n = 0; }
static void nothing_at_all(struct set *s) { s->listed_n = s->files_n = 0; }

static void matching(void **state GW_UNUSED)
{
        static const struct { const char *name; void (*change)(struct set *); int want; } cases[] = {
                {"as signed", no_change, REASON_NONE},
                {"no files", nothing_at_all, REASON_NONE},
                {"a byte changed", byte, REASON_ATTACHMENT_DIFFERS},
                {"another size", size, REASON_ATTACHMENT_DIFFERS},
                {"another name", other_name, REASON_ATTACHMENT_DIFFERS},
                {"a file too many", one_more, REASON_ATTACHMENT_DIFFERS},
                {"no list", none_wanted, REASON_ATTACHMENT_DIFFERS},
                {"one content listed twice", twice_listed, REASON_ATTACHMENT_DIFFERS},
                {"one name twice", same_name, REASON_ATTACHMENT_DIFFERS},
                {"sent twice", twice_sent, REASON_ATTACHMENT_DIFFERS},
                {"a file too few", one_less, REASON_ATTACHMENT_MISSING},
                {"a PDF called .png", disguised, REASON_ATTACHMENT_TYPE},
                {"a page called .pdf", a_page, REASON_ATTACHMENT_TYPE},
                {"an empty file", empty, REASON_ATTACHMENT_TYPE},
                {"a path", path, REASON_ATTACHMENT_NAME},
                {"too large", file_size, REASON_ATTACHMENT_TOO_LARGE},
                {"too large together", total_size, REASON_ATTACHMENT_TOO_LARGE},
                {"too many", too_many, REASON_ATTACHMENT_TOO_LARGE},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct set set;
                struct why why = WHY_INIT;
                size_t order[ATTACHMENTS_MAX];
                set_new(&set);
                cases[i].change(&set);
                enum gw_rc rc = attachments_match(set.listed, set.listed_n, set.files, set.files_n, &set.limits, order, &why);
                if ((rc == GW_OK) != (cases[i].want == REASON_NONE) || (rc != GW_OK && why.reason != cases[i].want))
                        fail_msg("%s: %s", cases[i].name, why.detail);
                set_done(&set);
        }
}

static void order_is_that_of_the_list(void **state GW_UNUSED)
{
        struct set set;
        struct why why = WHY_INIT;
        size_t order[ATTACHMENTS_MAX];
        set_new(&set);
        struct attachment first = set.files[0];
        set.files[0] = set.files[1];
        set.files[1] = first;
        assert_int_equal(attachments_match(set.listed, 2, set.files, 2, &set.limits, order, &why), GW_OK);
        assert_true(order[0] == 1 && order[1] == 0);
        set_done(&set);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(types), cmocka_unit_test(names), cmocka_unit_test(matching), cmocka_unit_test(order_is_that_of_the_list)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
