/* The table of named changes. Each changes exactly what it says, in the text as it will be sent (tests/unit/test_replay.c proves it). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"
#include "gateway/soap/soap.h"

#define AMOUNT_MAX (64u << 20)

/* ---- arguments ---- */

/* First word, or NULL; *rest is what follows it. */
static char *take_word(const char **rest)
{
        const char *from = *rest + strspn(*rest, " ");
        size_t n = strcspn(from, " ");
        if (n == 0)
                return NULL;
        *rest = from + n + strspn(from + n, " ");
        return xstrndup(from, n);
}

static enum gw_rc find_first(const char **args, const struct buf *text, struct replay_element *ret_element, struct why *why)
{
        auto_str char *name = take_word(args);
        if (!name)
                return why_say(why, GW_REJECT, "the change needs the name of an element");
        if (!replay_find(buf_span(text), 0, name, ret_element))
                return why_say(why, GW_REJECT, "there is no element %s to change", name);
        return GW_OK;
}

static enum gw_rc find_and_count(const char *args, const struct buf *text, struct replay_element *ret_element, uint64_t *ret_amount,
                                 struct why *why)
{
        enum gw_rc rc = find_first(&args, text, ret_element, why);
        if (rc == GW_OK && !text_to_u64(args, 1, AMOUNT_MAX, ret_amount))
                return why_say(why, GW_REJECT, "the change needs a number");
        return rc;
}

/* An element that must have content. */
static enum gw_rc find_filled(const char **args, const struct buf *text, struct replay_element *ret_element, struct why *why)
{
        enum gw_rc rc = find_first(args, text, ret_element, why);
        if (rc == GW_OK && ret_element->content_from == ret_element->content_to)
                return why_say(why, GW_REJECT, "the element is empty");
        return rc;
}

/* ---- text of an element ---- */

/* Another character of the same kind, so that base64 stays base64 and a date stays a number. */
static uint8_t other_character(uint8_t c)
{
        if (isdigit(c))
                return (uint8_t)('0' + (c - '0' + 1) % 10);
        if (isupper(c))
                return (uint8_t)('A' + (c - 'A' + 1) % 26);
        return (uint8_t)('a' + (c - 'a' + 1) % 26);
}

static enum gw_rc flip_byte(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_filled(&args, text, &e, why);
        if (rc != GW_OK)
                return rc;
        for (size_t at = e.content_from + (e.content_to - e.content_from) / 2; at < e.content_to; at++)
                if (text->p[at] < 0x80 && isalnum(text->p[at])) {
                        text->p[at] = other_character(text->p[at]);
                        return GW_OK;
                }
        return why_say(why, GW_REJECT, "the element has no letter or digit to change");
}

static enum gw_rc set_text(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_filled(&args, text, &e, why);
        if (rc == GW_OK)
                replay_splice(text, e.content_from, e.content_to, span_str(args));
        return rc;
}

static enum gw_rc comment(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_filled(&args, text, &e, why);
        size_t middle = rc == GW_OK ? e.content_from + (e.content_to - e.content_from) / 2 : 0;
        if (rc == GW_OK)
                replay_splice(text, middle, middle, span_str("<!--x-->"));
        return rc;
}

/* ---- elements ---- */

static enum gw_rc remove_element(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_first(&args, text, &e, why);
        if (rc == GW_OK)
                replay_splice(text, e.from, e.to, span_of(NULL, 0));
        return rc;
}

static enum gw_rc duplicate(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_first(&args, text, &e, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *copy = span_dup(span_of(text->p + e.from, e.to - e.from));
        replay_splice(text, e.to, e.to, span_str(copy));
        return GW_OK;
}

static enum gw_rc rename_element(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_first(&args, text, &e, why);
        if (rc != GW_OK)
                return rc;
        if (!*args)
                return why_say(why, GW_REJECT, "rename needs the new name");
        const uint8_t *colon = memchr(text->p + e.name_from, ':', e.name_to - e.name_from);
        size_t local = colon ? (size_t)(colon - text->p) + 1 : e.name_from;
        if (!e.empty) /* the end tag first: it stands behind, so the offsets in front stay */
                replay_splice(text, e.content_to + 2 + (local - e.name_from), e.to - 1, span_str(args));
        replay_splice(text, local, e.name_to, span_str(args));
        return GW_OK;
}

static enum gw_rc set_attribute(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_first(&args, text, &e, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *name = take_word(&args);
        if (!name)
                return why_say(why, GW_REJECT, "set-attribute needs an attribute's name");
        auto_str char *start = xasprintf(" %s=\"", name);
        auto_str char *whole = xasprintf(" %s=\"%s\"", name, args);
        const uint8_t *at = memmem(text->p + e.name_to, e.tag_end - e.name_to, start, strlen(start));
        size_t from = at ? (size_t)(at - text->p) : e.name_to, to = e.name_to;
        if (at) {
                const uint8_t *quote = memchr(at + strlen(start), '"', e.tag_end - from - strlen(start));
                if (!quote)
                        return why_say(why, GW_REJECT, "the attribute does not end");
                to = (size_t)(quote - text->p) + 1;
        }
        replay_splice(text, from, to, span_str(whole));
        return GW_OK;
}

static enum gw_rc insert(const char *args, struct buf *text, bool first, struct why *why)
{
        struct replay_element e;
        enum gw_rc rc = find_first(&args, text, &e, why);
        if (rc != GW_OK)
                return rc;
        if (e.empty || !*args)
                return why_say(why, GW_REJECT, "nothing can be put into that element");
        size_t at = first ? e.content_from : e.content_to;
        replay_splice(text, at, at, span_str(args));
        return GW_OK;
}

static enum gw_rc append(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        return insert(args, text, false, why);
}

static enum gw_rc prepend(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        return insert(args, text, true, why);
}

static enum gw_rc nest(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        uint64_t count = 0;
        enum gw_rc rc = find_and_count(args, text, &e, &count, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf deep = BUF_INIT;
        for (uint64_t i = 0; i < count; i++)
                buf_add_str(&deep, "<n>");
        for (uint64_t i = 0; i < count; i++)
                buf_add_str(&deep, "</n>");
        replay_splice(text, e.content_to, e.content_to, buf_span(&deep));
        return GW_OK;
}

static enum gw_rc elements(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        uint64_t count = 0;
        enum gw_rc rc = find_and_count(args, text, &e, &count, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf many = BUF_INIT;
        for (uint64_t i = 0; i < count; i++)
                buf_add_str(&many, "<n/>");
        replay_splice(text, e.content_to, e.content_to, buf_span(&many));
        return GW_OK;
}

static enum gw_rc namespaces(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element e;
        uint64_t count = 0;
        enum gw_rc rc = find_and_count(args, text, &e, &count, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf many = BUF_INIT;
        for (uint64_t i = 0; i < count; i++)
                buf_printf(&many, " xmlns:n%u=\"urn:n%u\"", (unsigned)i, (unsigned)i);
        replay_splice(text, e.name_to, e.name_to, buf_span(&many));
        return GW_OK;
}

/* ---- the whole text ---- */

/* Behind the XML declaration, where a DOCTYPE or an instruction may stand. */
static enum gw_rc before_root(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        if (!*args)
                return why_say(why, GW_REJECT, "before-root needs a text");
        const char *start = buf_cstr(text);
        const char *end = str_starts(start, "<?xml ") ? strstr(start, "?>") : NULL;
        size_t at = end ? (size_t)(end - start) + 2 : 0;
        replay_splice(text, at, at, span_str(args));
        return GW_OK;
}

static enum gw_rc replace_all(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why GW_UNUSED)
{
        replay_splice(text, 0, text->n, span_str(args));
        return GW_OK;
}

static enum gw_rc truncate_text(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        uint64_t count = 0;
        if (!text_to_u64(args, 1, text->n, &count))
                return why_say(why, GW_REJECT, "truncate needs a number of bytes that are there");
        replay_splice(text, text->n - (size_t)count, text->n, span_of(NULL, 0));
        return GW_OK;
}

static enum gw_rc bom(const struct replay_context *context GW_UNUSED, const char *args GW_UNUSED, struct buf *text,
                      struct why *why GW_UNUSED)
{
        replay_splice(text, 0, 0, span_str("\xEF\xBB\xBF"));
        return GW_OK;
}

/* A character of well-formed UTF-8 in the basic plane (the templates have no other). */
static size_t read_character(const uint8_t *p, unsigned *ret_value)
{
        if (p[0] < 0x80) {
                *ret_value = p[0];
                return 1;
        }
        if (p[0] < 0xE0) {
                *ret_value = (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
                return 2;
        }
        *ret_value = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
        return 3;
}

/* Little-endian with BOM, and the declaration says so: a document that another parser would take. */
static enum gw_rc utf16(const struct replay_context *context GW_UNUSED, const char *args GW_UNUSED, struct buf *text, struct why *why)
{
        if (!text_is_utf8(buf_span(text)))
                return why_say(why, GW_REJECT, "the text is not UTF-8");
        uint8_t *declared = text->n > 60 ? memmem(text->p, 60, "\"UTF-8\"", 7) : NULL;
        if (declared)
                replay_splice(text, (size_t)(declared - text->p), (size_t)(declared - text->p) + 7, span_str("\"UTF-16\""));
        auto_buf struct buf wide = BUF_INIT;
        buf_add(&wide, "\xFF\xFE", 2);
        for (size_t at = 0; at < text->n;) {
                unsigned value = 0;
                at += read_character(text->p + at, &value);
                buf_add_char(&wide, (char)(value & 0xFF));
                buf_add_char(&wide, (char)(value >> 8));
        }
        replay_splice(text, 0, text->n, buf_span(&wide));
        return GW_OK;
}

/* Blanks behind the root: harmless to every signature, so size alone is what is wrong. */
static enum gw_rc pad_to(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        uint64_t size = 0;
        if (!text_to_u64(args, text->n, AMOUNT_MAX, &size))
                return why_say(why, GW_REJECT, "pad-to needs a size above the present one");
        size_t more = (size_t)size - text->n;
        uint8_t *room = buf_room(text, more);
        if (!room)
                return why_say(why, GW_REJECT, "the padded text is too large");
        memset(room, ' ', more);
        buf_grew(text, more);
        return GW_OK;
}

/* ---- signature wrapping ---- */

/* The signed Body goes into a header block; what is left as Body asks for something else under another id, or the same one. */
static enum gw_rc wrap_body(struct buf *text, bool same_id, struct why *why)
{
        struct replay_element body, header, id;
        if (!replay_find(buf_span(text), 0, "Body", &body) || !replay_find(buf_span(text), 0, "Header", &header) || header.empty)
                return why_say(why, GW_REJECT, "there is no signed Body to move");
        auto_str char *signed_body = span_dup(span_of(text->p + body.from, body.to - body.from));
        auto_str char *wrapped = xasprintf("<wrapped xmlns=\"urn:example:wrapped\">%s</wrapped>", signed_body);
        char uuid[TEXT_UUID_MAX];
        if (!replay_find(buf_span(text), body.from, "messageId", &id))
                return why_say(why, GW_REJECT, "the Body has no messageId");
        replay_splice(text, id.content_from, id.content_to, span_str(text_uuid(uuid)));
        const uint8_t *attribute = memmem(text->p + body.from, body.tag_end - body.from, "Id=\"", 4);
        if (!attribute)
                return why_say(why, GW_REJECT, "the Body has no Id");
        size_t at = (size_t)(attribute - text->p) + 4;
        if (!same_id)
                replay_splice(text, at, at, span_str("other-"));
        replay_splice(text, header.content_to, header.content_to, span_str(wrapped));
        return GW_OK;
}

static enum gw_rc move_body(const struct replay_context *context GW_UNUSED, const char *args GW_UNUSED, struct buf *text, struct why *why)
{
        return wrap_body(text, false, why);
}

static enum gw_rc duplicate_body_id(const struct replay_context *context GW_UNUSED, const char *args GW_UNUSED, struct buf *text,
                                    struct why *why)
{
        return wrap_body(text, true, why);
}

/* ---- the table ---- */

typedef enum gw_rc (*mutator)(const struct replay_context *context, const char *args, struct buf *text, struct why *why);

static const struct { const char *name, *help; mutator mutate; } mutations[] = {
        {"flip-byte", "flip-byte ELEMENT: one letter or digit in the middle of its text becomes another", flip_byte},
        {"set-text", "set-text ELEMENT TEXT: replaces its content", set_text},
        {"comment", "comment ELEMENT: puts <!--x--> into the middle of its text", comment},
        {"remove", "remove ELEMENT: takes it out with its content (Signature, Security …)", remove_element},
        {"duplicate", "duplicate ELEMENT: a copy right behind it", duplicate},
        {"rename", "rename ELEMENT NAME: another local name, same prefix", rename_element},
        {"set-attribute", "set-attribute ELEMENT NAME VALUE: replaces or adds the attribute", set_attribute},
        {"append", "append ELEMENT XML: as its last child", append},
        {"prepend", "prepend ELEMENT XML: as its first child", prepend},
        {"nest", "nest ELEMENT N: N elements inside each other, as its last child", nest},
        {"elements", "elements ELEMENT N: N empty elements, as its last children", elements},
        {"namespaces", "namespaces ELEMENT N: N namespace declarations in its start tag", namespaces},
        {"before-root", "before-root TEXT: in front of the root, e.g. a DOCTYPE or <?pi?>", before_root},
        {"replace-all", "replace-all TEXT: something else altogether", replace_all},
        {"truncate", "truncate N: cuts the last N bytes", truncate_text},
        {"bom", "bom: the UTF-8 byte order mark in front", bom},
        {"utf16", "utf16: the same characters in UTF-16", utf16},
        {"pad-to", "pad-to N: blanks behind the end until it has N bytes", pad_to},
        {"move-body", "move-body: the signed Body goes into a header block, another Body takes its place", move_body},
        {"duplicate-body-id", "duplicate-body-id: the same, and the new Body has the same Id", duplicate_body_id},
        {"redigest", "redigest [sha1]: DigestValue is computed again (SHA-256 unless said), SignatureValue stays", replay_redigest},
        {"resign", "resign KEY [sha1|hmac]: SignatureValue over the SignedInfo as it stands now", replay_resign},
        {"key-info", "key-info x509-data|binary-security-token: carries the certificate in another form", replay_key_info},
        {"timestamp", "timestamp KEY: a wsu:Timestamp in Security, covered by a second Reference", replay_timestamp},
};

const char *replay_mutation_help(size_t index)
{
        return index < GW_COUNT(mutations) ? mutations[index].help : NULL;
}

enum gw_rc replay_mutate(const struct replay_context *context, const char *mutation, struct buf *text, struct why *why)
{
        const char *rest = mutation;
        auto_str char *name = take_word(&rest);
        auto_buf struct buf args = BUF_INIT;
        enum gw_rc rc = replay_expand(&context->vars, span_str(rest), true, &args, why);
        if (rc != GW_OK)
                return rc;
        for (size_t i = 0; name && i < GW_COUNT(mutations); i++) {
                if (!str_eq(mutations[i].name, name))
                        continue;
                rc = mutations[i].mutate(context, buf_cstr(&args), text, why);
                if (rc == GW_OK && buf_failed(text))
                        return why_say(why, GW_REJECT, "%s makes the message too large", name);
                return rc;
        }
        return why_say(why, GW_REJECT, "there is no change called %s", name ? name : "\"\"");
}
