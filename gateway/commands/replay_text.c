/* Text tools of the replay: ${placeholders}, and elements found in text without a parser.
 *
 * Why not a parser: a broken sibling must differ from the good message in exactly what its case says; parsing and writing again
 * would change quotes, line ends and entities as well, and cannot make what is not well-formed. The templates are ours and tame. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"

/* ---- placeholders ---- */

void replay_vars_put(struct replay_vars *vars, const char *name, const char *value)
{
        for (size_t i = 0; i < vars->count; i++) {
                if (!str_eq(vars->items[i].name, name))
                        continue;
                char *old = vars->items[i].value; /* value may point into it */
                vars->items[i].value = xstrdup(value);
                free(old);
                return;
        }
        GW_ASSERT(vars->count < GW_COUNT(vars->items));
        vars->items[vars->count].name = xstrdup(name);
        vars->items[vars->count++].value = xstrdup(value);
}

const char *replay_vars_get(const struct replay_vars *vars, const char *name)
{
        for (size_t i = 0; i < vars->count; i++)
                if (str_eq(vars->items[i].name, name))
                        return vars->items[i].value;
        return NULL;
}

void replay_vars_done(struct replay_vars *vars)
{
        for (size_t i = 0; i < vars->count; i++) {
                free(vars->items[i].name);
                free(vars->items[i].value);
        }
        vars->count = 0;
}

/* "now", "now-25h", "now+10m"; the same with "today" */
static bool read_now(struct wall_time now, const char *word, const char *name, struct wall_time *ret_time)
{
        static const struct { char unit; int64_t ms; } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
        if (!str_starts(name, word))
                return false;
        name += strlen(word);
        if (!*name) {
                *ret_time = now;
                return true;
        }
        if (*name != '-' && *name != '+')
                return false;
        size_t n = strlen(name);
        if (n < 3)
                return false;
        auto_str char *digits = xstrndup(name + 1, n - 2);
        uint64_t amount = 0;
        if (!text_to_u64(digits, 0, 100000, &amount))
                return false;
        for (size_t i = 0; i < GW_COUNT(units); i++)
                if (units[i].unit == name[n - 1]) {
                        int64_t distance = (int64_t)amount * units[i].ms;
                        ret_time->ms = now.ms + (*name == '-' ? -distance : distance);
                        return true;
                }
        return false;
}

static enum gw_rc add_value(const struct replay_vars *vars, const char *name, bool escaped, struct buf *out, struct why *why)
{
        char text[TEXT_UUID_MAX + CLOCK_TEXT_MAX];
        struct wall_time time = vars->now;
        const char *value = replay_vars_get(vars, name);
        if (!value && read_now(vars->now, "now", name, &time))
                value = clock_iso(time, text);
        if (!value && read_now(vars->now, "today", name, &time))
                value = clock_date_iso(time, text);
        if (!value && str_eq(name, "uuid"))
                value = text_uuid(text);
        if (!value)
                return why_say(why, GW_REJECT, "${%s} stands for nothing", name);
        if (escaped && !str_eq(name, "data"))
                canon_text(out, span_str(value));
        else
                buf_add_str(out, value);
        return GW_OK;
}

enum gw_rc replay_expand(const struct replay_vars *vars, struct span text, bool escaped, struct buf *out, struct why *why)
{
        size_t at = 0;
        while (at < text.n) {
                const uint8_t *from = memmem(text.p + at, text.n - at, "${", 2);
                const uint8_t *to = from ? memchr(from, '}', (size_t)(text.p + text.n - from)) : NULL;
                if (!to)
                        break;
                buf_add(out, text.p + at, (size_t)(from - text.p) - at);
                auto_str char *name = span_dup(span_of(from + 2, (size_t)(to - from) - 2));
                enum gw_rc rc = add_value(vars, name, escaped, out, why);
                if (rc != GW_OK)
                        return rc;
                at = (size_t)(to - text.p) + 1;
        }
        buf_add(out, text.p + at, text.n - at);
        return buf_failed(out) ? why_say(why, GW_REJECT, "the filled text is too large") : GW_OK;
}

/* ---- elements in text ---- */

static bool ends_name(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '/' || c == '>';
}

/* The '>' that ends the tag starting at `at`; quoted values may hold '>'. text.n when there is none. */
static size_t tag_end(struct span text, size_t at)
{
        uint8_t quote = 0;
        for (; at < text.n; at++) {
                uint8_t c = text.p[at];
                if (quote)
                        quote = c == quote ? 0 : quote;
                else if (c == '"' || c == '\'')
                        quote = c;
                else if (c == '>')
                        return at;
        }
        return text.n;
}

static size_t name_end(struct span text, size_t at)
{
        while (at < text.n && !ends_name(text.p[at]))
                at++;
        return at;
}

/* Behind what stands at '<' and is no element: comment, CDATA, instruction. */
static size_t behind_other(struct span text, size_t at)
{
        static const struct { const char *from, *to; } kinds[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}};
        for (size_t i = 0; i < GW_COUNT(kinds); i++) {
                size_t n = strlen(kinds[i].from);
                if (text.n - at < n || memcmp(text.p + at, kinds[i].from, n) != 0)
                        continue;
                const uint8_t *end = memmem(text.p + at + n, text.n - at - n, kinds[i].to, strlen(kinds[i].to));
                return end ? (size_t)(end - text.p) + strlen(kinds[i].to) : text.n;
        }
        return at;
}

/* End tag of the element whose start tag has been read: counts elements of the same qualified name. */
static bool find_end(struct span text, struct replay_element *e)
{
        struct span name = span_of(text.p + e->name_from, e->name_to - e->name_from);
        unsigned depth = 1;
        for (size_t at = e->content_from; at < text.n; at++) {
                if (text.p[at] != '<')
                        continue;
                size_t other = behind_other(text, at);
                if (other > at) {
                        at = other - 1;
                        continue;
                }
                bool closing = at + 1 < text.n && text.p[at + 1] == '/';
                size_t from = at + 1 + closing, to = name_end(text, from), end = tag_end(text, at);
                if (end == text.n)
                        return false;
                if (span_eq(span_of(text.p + from, to - from), name))
                        depth += closing ? -1u : text.p[end - 1] == '/' ? 0u : 1u;
                if (depth == 0) {
                        e->content_to = at;
                        e->to = end + 1;
                        return true;
                }
                at = end;
        }
        return false;
}

static bool read_element(struct span text, size_t at, struct replay_element *e)
{
        *e = (struct replay_element){.from = at, .name_from = at + 1, .name_to = name_end(text, at + 1)};
        e->tag_end = tag_end(text, at);
        if (e->tag_end == text.n)
                return false;
        e->empty = text.p[e->tag_end - 1] == '/';
        e->content_from = e->content_to = e->to = e->tag_end + 1;
        return true;
}

bool replay_find(struct span text, size_t at, const char *local_name, struct replay_element *ret_element)
{
        for (; at < text.n; at++) {
                if (text.p[at] != '<' || at + 1 >= text.n || text.p[at + 1] == '/')
                        continue;
                size_t other = behind_other(text, at);
                if (other > at) {
                        at = other - 1;
                        continue;
                }
                struct replay_element e;
                if (!read_element(text, at, &e))
                        return false;
                const uint8_t *colon = memchr(text.p + e.name_from, ':', e.name_to - e.name_from);
                size_t local = colon ? (size_t)(colon - text.p) + 1 : e.name_from;
                if (span_eq_str(span_of(text.p + local, e.name_to - local), local_name)) {
                        if (!e.empty && !find_end(text, &e))
                                return false;
                        *ret_element = e;
                        return true;
                }
                at = e.tag_end;
        }
        return false;
}

void replay_splice(struct buf *text, size_t from, size_t to, struct span with)
{
        auto_buf struct buf out = BUF_LIMIT(text->max);
        buf_add(&out, text->p, from);
        buf_add_span(&out, with);
        buf_add(&out, text->p + to, text->n - to);
        struct buf old = *text;
        *text = out;
        out = old;
}
