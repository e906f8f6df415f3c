/* The notebook of a diagnosis. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/diagnose/notes.h"

#define TEXT_MAX_BYTES 400
#define AROUND 48 /* bytes shown on either side of a difference */

static const struct {
        const char *name, *severity, *kk, *ru, *en;
} table[] = {
#define ERROR "error"
#define NOTE "note"
#define X(name, severity, kk, ru, en) {#name, severity, kk, ru, en},
#include "gateway/diagnose/finding_list.h"
#undef X
#undef ERROR
#undef NOTE
};

const char *notes_language(const char *language, const char *kk, const char *ru, const char *en)
{
        if (str_eq(language, "kk"))
                return kk;
        return str_eq(language, "ru") ? ru : en;
}

void notes_put(json_t *finding, const char *name, const char *value)
{
        if (!value)
                return;
        size_t n = strlen(value);
        if (n > TEXT_MAX_BYTES)
                for (n = TEXT_MAX_BYTES; n > 0 && ((uint8_t)value[n] & 0xC0) == 0x80; n--)
                        ;
        json_t *text = json_stringn(value, n);
        json_object_set_new(finding, name, text ? text : json_string("?"));
}

json_t *notes_add(struct notes *notes, enum finding finding, const xmlNode *node)
{
        json_t *made = json_pack("{s:s, s:s, s:s, s:s}", "code", table[finding].name, "severity", table[finding].severity, "part", notes->part, "text",
                                 notes_language(notes->language, table[finding].kk, table[finding].ru, table[finding].en));
        GW_ASSERT(made);
        if (node) {
                auto_str char *path = notes_path(node);
                notes_put(made, "where", path);
                json_object_set_new(made, "line", json_integer(xmlGetLineNo(node)));
        }
        json_array_append_new(notes->findings, made);
        return made;
}

static void add_step(struct buf *out, const xmlNode *node)
{
        if (node->parent && node->parent->type == XML_ELEMENT_NODE)
                add_step(out, node->parent);
        buf_printf(out, "/%s%s%s", node->ns && node->ns->prefix ? (const char *)node->ns->prefix : "", node->ns && node->ns->prefix ? ":" : "", (const char *)node->name);
        unsigned place = 1, same = 0;
        for (const xmlNode *other = node->parent ? node->parent->children : NULL; other; other = other->next) {
                if (other->type != XML_ELEMENT_NODE || !str_eq((const char *)other->name, (const char *)node->name))
                        continue;
                same++;
                if (other == node)
                        place = same;
        }
        if (same > 1)
                buf_printf(out, "[%u]", place);
}

char *notes_path(const xmlNode *node)
{
        auto_buf struct buf out = BUF_LIMIT(4096);
        add_step(&out, node);
        return buf_failed(&out) ? xstrdup("…") : buf_take_str(&out);
}

/* ---- the first difference ---- */

/* Whole characters of UTF-8 around the offset, line ends and tabs made visible. */
static char *around(struct span text, size_t offset)
{
        size_t from = offset > AROUND ? offset - AROUND : 0, until = offset + AROUND < text.n ? offset + AROUND : text.n;
        while (from > 0 && (text.p[from] & 0xC0) == 0x80)
                from--;
        while (until < text.n && (text.p[until] & 0xC0) == 0x80)
                until++;
        auto_buf struct buf out = BUF_INIT;
        buf_add_str(&out, from > 0 ? "…" : "");
        for (size_t i = from; i < until; i++) {
                if (i == offset)
                        buf_add_str(&out, "⟦"); /* the first byte that differs stands behind this mark */
                if (text.p[i] == '\n')
                        buf_add_str(&out, "\\n");
                else if (text.p[i] == '\t')
                        buf_add_str(&out, "\\t");
                else
                        buf_add_char(&out, (char)text.p[i]);
        }
        buf_add_str(&out, offset >= text.n ? "⟦end" : until < text.n ? "…" : "");
        return buf_take_str(&out);
}

/* Name of the innermost element that is open at the offset of a canonical text: every tag there is written out, so counting is enough. */
static char *element_at(struct span text, size_t offset)
{
        struct {
                size_t from, n;
        } open[256];
        size_t depth = 0;
        for (size_t i = 0; i < offset && i < text.n; i++) {
                if (text.p[i] != '<' || i + 1 >= text.n)
                        continue;
                if (text.p[i + 1] == '/') {
                        depth -= depth > 0;
                } else if (text.p[i + 1] != '!' && text.p[i + 1] != '?' && depth < GW_COUNT(open)) {
                        size_t n = 0;
                        while (i + 1 + n < text.n && !memchr(" >/\n", text.p[i + 1 + n], 4))
                                n++;
                        open[depth].from = i + 1;
                        open[depth++].n = n;
                }
        }
        return depth > 0 ? span_dup(span_of(text.p + open[depth - 1].from, open[depth - 1].n)) : NULL;
}

void notes_put_difference(json_t *finding, struct span signed_bytes, struct span received)
{
        size_t at = 0, line = 1;
        while (at < signed_bytes.n && at < received.n && signed_bytes.p[at] == received.p[at])
                line += signed_bytes.p[at++] == '\n';
        /* Inside a character of several bytes: its start is what people see. */
        while (at > 0 && ((at < received.n && (received.p[at] & 0xC0) == 0x80) || (at < signed_bytes.n && (signed_bytes.p[at] & 0xC0) == 0x80)))
                at--;
        auto_str char *theirs = around(signed_bytes, at), *ours = around(received, at), *element = element_at(received, at);
        json_t *difference = json_pack("{s:I, s:I, s:I, s:I}", "offset", (json_int_t)at, "line", (json_int_t)line, "signedBytes", (json_int_t)signed_bytes.n, "receivedBytes",
                                       (json_int_t)received.n);
        notes_put(difference, "element", element);
        notes_put(difference, "signed", theirs);
        notes_put(difference, "received", ours);
        json_object_set_new(finding, "firstDifference", difference);
}
