/* The table, JSON and JUnit XML of a replay. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/commands/replay.h"
#include "gateway/xml/xml.h"

static const char *const verdict_names[] = {[REPLAY_PASSED] = "passed", [REPLAY_FAILED] = "failed", [REPLAY_SKIPPED] = "skipped"};
static const char *const verdict_marks[] = {[REPLAY_PASSED] = "ok  ", [REPLAY_FAILED] = "FAIL", [REPLAY_SKIPPED] = "skip"};

void replay_result_done(struct replay_result *result)
{
        free(result->wanted);
        free(result->got);
        free(result->note);
}

static size_t count_of(const struct replay_result *results, size_t count, enum replay_verdict verdict)
{
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
                n += results[i].verdict == verdict;
        return n;
}

static int width_of(const char *text, int width)
{
        int n = text ? (int)strlen(text) : 0;
        return n > width ? n : width;
}

void replay_print_table(struct replay_case *const *cases, const struct replay_result *results, size_t count, int64_t wall_ms)
{
        int name = 4, wanted = 8, got = 3;
        for (size_t i = 0; i < count; i++) {
                name = width_of(cases[i]->name, name);
                wanted = width_of(results[i].wanted, wanted);
                got = width_of(results[i].got, got);
        }
        got = got > 60 ? 60 : got;
        printf("     %-*s  %-*s  %-*s  %6s\n", name, "case", wanted, "expected", got, "got", "ms");
        for (size_t i = 0; i < count; i++) {
                const struct replay_result *r = &results[i];
                printf("%s %-*s  %-*s  %-*s  %6lld\n", verdict_marks[r->verdict], name, cases[i]->name, wanted, r->wanted, got,
                       r->got ? r->got : "-", (long long)r->ms);
                if (r->note)
                        printf("       %s\n       (%s)\n", r->note, cases[i]->title);
        }
        printf("%zu as expected, %zu not, %zu skipped, of %zu in %.1f s\n", count_of(results, count, REPLAY_PASSED),
               count_of(results, count, REPLAY_FAILED), count_of(results, count, REPLAY_SKIPPED), count, (double)wall_ms / 1000);
}

void replay_print_json(struct replay_case *const *cases, const struct replay_result *results, size_t count)
{
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++) {
                const struct replay_result *r = &results[i];
                json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:I, s:s?}", "name", cases[i]->name, "title", cases[i]->title, "verdict",
                                        verdict_names[r->verdict], "expected", r->wanted, "got", r->got, "ms", (json_int_t)r->ms, "note",
                                        r->note);
                json_array_append_new(list, row);
        }
        json_t *root = json_object();
        for (size_t v = 0; v < GW_COUNT(verdict_names); v++)
                json_object_set_new(root, verdict_names[v], json_integer((json_int_t)count_of(results, count, (enum replay_verdict)v)));
        json_object_set_new(root, "cases", list);
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(root);
}

/* Characters that XML 1.0 cannot hold become '?': what a broken server said may end up here. */
static void add_attribute(struct buf *out, const char *name, const char *value)
{
        auto_str char *clean = xstrdup(value ? value : "");
        for (char *p = clean; *p; p++)
                if ((unsigned char)*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r')
                        *p = '?';
        buf_printf(out, " %s=\"", name);
        canon_attribute_value(out, span_str(clean));
        buf_add_char(out, '"');
}

static void add_testcase(struct buf *out, const struct replay_case *c, const struct replay_result *r)
{
        buf_add_str(out, "  <testcase classname=\"replay\"");
        add_attribute(out, "name", c->name);
        buf_printf(out, " time=\"%lld.%03lld\">", (long long)r->ms / 1000, (long long)r->ms % 1000);
        if (r->verdict == REPLAY_FAILED) {
                buf_add_str(out, "<failure type=\"unexpected\"");
                add_attribute(out, "message", r->note);
                buf_add_str(out, ">");
                auto_str char *text = xasprintf("%s\nexpected: %s\ngot: %s", c->title, r->wanted, r->got ? r->got : "-");
                canon_text(out, span_str(text));
                buf_add_str(out, "</failure>");
        }
        if (r->verdict == REPLAY_SKIPPED) {
                buf_add_str(out, "<skipped");
                add_attribute(out, "message", r->note);
                buf_add_str(out, "/>");
        }
        buf_add_str(out, "</testcase>\n");
}

void replay_write_junit(struct buf *out, struct replay_case *const *cases, const struct replay_result *results, size_t count,
                        int64_t wall_ms)
{
        buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite name=\"egov-gateway replay\"");
        buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"", count, count_of(results, count, REPLAY_FAILED),
                   count_of(results, count, REPLAY_SKIPPED));
        buf_printf(out, " time=\"%lld.%03lld\">\n", (long long)wall_ms / 1000, (long long)wall_ms % 1000);
        for (size_t i = 0; i < count; i++)
                add_testcase(out, cases[i], &results[i]);
        buf_add_str(out, " </testsuite>\n</testsuites>\n");
}
