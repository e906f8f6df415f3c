/* The byte-level pre-scan: a strict tokenizer that counts, and builds nothing.
 *
 * One pass, linear. It must never take for text what libxml2 would take for markup, so it follows the productions of
 * XML 1.0 for tags, attributes, comments and CDATA, and whatever does not fit them is refused here: the parser then
 * never sees it. What it does not look at (names' alphabets, entity references, matching of tag names, duplicate
 * attributes) is left to the parser, which refuses it, because none of that can hide markup from us. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

const struct xml_limits xml_limits_default = {
        .bytes_max = (size_t)10 << 20,
        .depth_max = 64,
        .elements_max = 5000,
        .attributes_max = 32,
        .namespaces_max = 24,
};

/* On average. libxml2's dictionary of names has 16,384 slots at most: beyond a few times that many names it is quadratic. */
#define ATTRIBUTES_PER_ELEMENT 4u

struct scan {
        const uint8_t *at, *end;
        const uint8_t *start;
        const struct xml_limits *limits;
        unsigned depth, elements, attributes, namespaces;
        bool root_seen;
        struct why *why;
};

static enum gw_rc malformed(const struct scan *scan, const char *what)
{
        return why_set(scan->why, GW_REJECT, REASON_XML_NOT_WELL_FORMED, "%s at byte %zu", what, (size_t)(scan->at - scan->start));
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes a name may consist of, as far as telling tokens apart goes; its real alphabet is the parser's business. */
static bool is_name_byte(uint8_t c)
{
        static const bool table[256] = {
                ['a' ... 'z'] = true, ['A' ... 'Z'] = true, [0x80 ... 0xff] = true, ['0' ... '9'] = true,
                [':'] = true,         ['_'] = true,         ['-'] = true,           ['.'] = true,
        };
        return table[c];
}

static bool at_text(const struct scan *scan, const char *text)
{
        size_t n = strlen(text);
        return (size_t)(scan->end - scan->at) >= n && strncmp((const char *)scan->at, text, n) == 0;
}

static bool skip_blanks(struct scan *scan)
{
        const uint8_t *from = scan->at;
        while (scan->at < scan->end && is_blank(*scan->at))
                scan->at++;
        return scan->at > from;
}

static struct span take_name(struct scan *scan)
{
        const uint8_t *from = scan->at;
        while (scan->at < scan->end && is_name_byte(*scan->at))
                scan->at++;
        return span_of(from, (size_t)(scan->at - from));
}

/* Moves behind `text`; false when it never comes. */
static bool skip_past(struct scan *scan, const char *text)
{
        size_t n = strlen(text);
        const uint8_t *found = memmem(scan->at, (size_t)(scan->end - scan->at), text, n);
        if (!found)
                return false;
        scan->at = found + n;
        return true;
}

/* name = "value" (production 10, 25). The value comes without its quotes. */
static enum gw_rc take_attribute(struct scan *scan, struct span *ret_name, struct span *ret_value)
{
        struct span name = take_name(scan);
        if (name.n == 0)
                return malformed(scan, "an attribute has no name");
        gw_ignore(skip_blanks(scan)); /* blanks around '=' are optional */
        if (scan->at == scan->end || *scan->at != '=')
                return malformed(scan, "an attribute has no value");
        scan->at++;
        gw_ignore(skip_blanks(scan));
        if (scan->at == scan->end || (*scan->at != '"' && *scan->at != '\''))
                return malformed(scan, "an attribute value is not quoted");
        uint8_t quote = *scan->at++;
        const uint8_t *from = scan->at;
        const uint8_t *close = memchr(from, quote, (size_t)(scan->end - from));
        if (!close)
                return malformed(scan, "an attribute value does not end");
        if (memchr(from, '<', (size_t)(close - from)))
                return malformed(scan, "'<' in an attribute value");
        scan->at = close + 1;
        *ret_name = name;
        *ret_value = span_of(from, (size_t)(close - from));
        return GW_OK;
}

static bool is_utf8_name(struct span value)
{
        static const char *const names[] = {"utf-8", "utf8", "us-ascii", "ascii"};
        for (size_t i = 0; i < GW_COUNT(names); i++)
                if (value.n == strlen(names[i]) && strncasecmp((const char *)value.p, names[i], value.n) == 0)
                        return true;
        return false;
}

/* <?xml version="1.0" encoding="…" standalone="…"?> in this order (production 23). */
static enum gw_rc scan_declaration(struct scan *scan)
{
        static const char *const order[] = {"version", "encoding", "standalone"};
        scan->at += strlen("<?xml");
        size_t next = 0;
        bool version_seen = false;
        while (skip_blanks(scan) && !at_text(scan, "?>")) {
                struct span name, value;
                enum gw_rc rc = take_attribute(scan, &name, &value);
                if (rc != GW_OK)
                        return rc;
                while (next < GW_COUNT(order) && !span_eq_str(name, order[next]))
                        next++;
                if (next == GW_COUNT(order))
                        return malformed(scan, "the XML declaration is wrong");
                if (next == 0 && !span_eq_str(value, "1.0"))
                        return malformed(scan, "the XML version is not 1.0");
                if (next == 1 && !is_utf8_name(value))
                        return why_set(scan->why, GW_REJECT, REASON_XML_ENCODING, "the declared encoding is not UTF-8");
                if (next == 2 && !span_eq_str(value, "yes") && !span_eq_str(value, "no"))
                        return malformed(scan, "the XML declaration is wrong");
                version_seen = version_seen || next == 0;
                next++;
        }
        if (!version_seen || !at_text(scan, "?>"))
                return malformed(scan, "the XML declaration is wrong");
        scan->at += 2;
        return GW_OK;
}

/* <!-- … -->; "--" inside is not allowed (production 15). */
static enum gw_rc scan_comment(struct scan *scan)
{
        scan->at += strlen("<!--");
        if (!skip_past(scan, "--"))
                return malformed(scan, "a comment does not end");
        if (scan->at == scan->end || *scan->at != '>')
                return malformed(scan, "'--' in a comment");
        scan->at++;
        return GW_OK;
}

static enum gw_rc scan_cdata(struct scan *scan)
{
        if (scan->depth == 0)
                return malformed(scan, "CDATA outside the root element");
        scan->at += strlen("<![CDATA[");
        return skip_past(scan, "]]>") ? GW_OK : malformed(scan, "a CDATA section does not end");
}

static enum gw_rc scan_end_tag(struct scan *scan)
{
        scan->at += 2;
        struct span name = take_name(scan);
        gw_ignore(skip_blanks(scan));
        if (name.n == 0 || scan->at == scan->end || *scan->at != '>' || scan->depth == 0)
                return malformed(scan, "an end tag is wrong");
        scan->at++;
        scan->depth--;
        return GW_OK;
}

static bool is_namespace_declaration(struct span name)
{
        return span_eq_str(name, "xmlns") || (name.n > 6 && strncmp((const char *)name.p, "xmlns:", 6) == 0);
}

static enum gw_rc too_complex(const struct scan *scan, const char *what, unsigned limit)
{
        return why_set(scan->why, GW_REJECT, REASON_XML_TOO_COMPLEX, "more than %u %s", limit, what);
}

/* The attributes of a start tag, up to its '>' or '/'. */
static enum gw_rc scan_attributes(struct scan *scan)
{
        for (unsigned count = 0;; count++) {
                bool blank = skip_blanks(scan);
                if (scan->at == scan->end)
                        return malformed(scan, "a tag does not end");
                if (*scan->at == '>' || *scan->at == '/')
                        return GW_OK;
                if (!blank)
                        return malformed(scan, "no blank before an attribute");
                struct span name, value;
                enum gw_rc rc = take_attribute(scan, &name, &value);
                if (rc != GW_OK)
                        return rc;
                if (count == scan->limits->attributes_max)
                        return too_complex(scan, "attributes in one tag", scan->limits->attributes_max);
                if (++scan->attributes > ATTRIBUTES_PER_ELEMENT * scan->limits->elements_max)
                        return too_complex(scan, "attributes", ATTRIBUTES_PER_ELEMENT * scan->limits->elements_max);
                if (!is_namespace_declaration(name))
                        continue;
                if (++scan->namespaces > scan->limits->namespaces_max)
                        return too_complex(scan, "namespace declarations", scan->limits->namespaces_max);
                if (memchr(value.p, '&', value.n))
                        return why_set(scan->why, GW_REJECT, REASON_XML_NAMESPACE, "a reference in the name of a namespace");
        }
}

static enum gw_rc scan_start_tag(struct scan *scan)
{
        if (scan->depth == 0 && scan->root_seen)
                return malformed(scan, "a second root element");
        scan->root_seen = true;
        if (scan->depth == scan->limits->depth_max)
                return why_set(scan->why, GW_REJECT, REASON_XML_TOO_DEEP, "deeper than %u", scan->limits->depth_max);
        if (scan->elements == scan->limits->elements_max)
                return too_complex(scan, "elements", scan->limits->elements_max);
        scan->elements++;
        scan->at++;
        if (take_name(scan).n == 0)
                return malformed(scan, "'<' without a name");
        enum gw_rc rc = scan_attributes(scan);
        if (rc != GW_OK)
                return rc;
        bool empty = *scan->at == '/';
        if (empty)
                scan->at++;
        if (scan->at == scan->end || *scan->at != '>')
                return malformed(scan, "a tag does not end");
        scan->at++;
        if (!empty)
                scan->depth++;
        return GW_OK;
}

static enum gw_rc scan_markup(struct scan *scan)
{
        uint8_t second = scan->end - scan->at > 1 ? scan->at[1] : 0;
        if (is_name_byte(second))
                return scan_start_tag(scan);
        if (second == '/')
                return scan_end_tag(scan);
        if (at_text(scan, "<!--"))
                return scan_comment(scan);
        if (at_text(scan, "<![CDATA["))
                return scan_cdata(scan);
        if (at_text(scan, "<!"))
                return why_set(scan->why, GW_REJECT, REASON_XML_DOCTYPE, "at byte %zu", (size_t)(scan->at - scan->start));
        if (at_text(scan, "<?"))
                return why_set(scan->why, GW_REJECT, REASON_XML_PROCESSING_INSTRUCTION, "at byte %zu", (size_t)(scan->at - scan->start));
        return scan_start_tag(scan);
}

/* Text up to the next '<'; outside the root element only blanks. */
static enum gw_rc scan_text(struct scan *scan)
{
        const uint8_t *next = memchr(scan->at, '<', (size_t)(scan->end - scan->at));
        if (scan->depth == 0) {
                gw_ignore(skip_blanks(scan)); /* none is fine */
                if (scan->at != (next ? next : scan->end))
                        return malformed(scan, "text outside the root element");
        }
        scan->at = next ? next : scan->end;
        return GW_OK;
}

static bool has_wide_encoding(struct span in)
{
        static const uint8_t marks[][4] = {
                {0xff, 0xfe}, {0xfe, 0xff}, {0x00, 0x3c}, {0x3c, 0x00}, {0x4c, 0x6f}, /* UTF-16, UTF-16 without BOM, EBCDIC */
        };
        for (size_t i = 0; i < GW_COUNT(marks); i++)
                if (in.n >= 2 && in.p[0] == marks[i][0] && in.p[1] == marks[i][1])
                        return true;
        return in.n >= 4 && in.p[0] == 0 && in.p[1] == 0; /* UTF-32, big-endian */
}

struct byte_kinds {
        bool control; /* outside production 2: C0 but TAB, LF, CR. (0x7F and C1 are allowed, if discouraged.) */
        bool high;    /* not ASCII */
};

static void note_byte(struct byte_kinds *kinds, uint8_t c)
{
        kinds->high = kinds->high || c >= 0x80;
        kinds->control = kinds->control || (c < 0x20 && !is_blank(c));
}

/* Eight bytes at a time: byte by byte this was most of the pre-scan. */
static struct byte_kinds kinds_of(struct span in)
{
        const uint64_t tops = 0x8080808080808080, blanks = 0x2020202020202020;
        struct byte_kinds kinds = {false, false};
        size_t i = 0;
        for (; i + 8 <= in.n; i += 8) {
                uint64_t word;
                memcpy(&word, in.p + i, 8);
                kinds.high = kinds.high || (word & tops) != 0;
                if (((word - blanks) & ~word & tops) == 0) /* no byte below 0x20 */
                        continue;
                for (size_t k = i; k < i + 8; k++)
                        note_byte(&kinds, in.p[k]);
        }
        for (; i < in.n; i++)
                note_byte(&kinds, in.p[i]);
        return kinds;
}

static enum gw_rc check_bytes(struct span in, const struct xml_limits *limits, struct why *why)
{
        if (in.n > limits->bytes_max)
                return why_set(why, GW_REJECT, REASON_XML_TOO_COMPLEX, "more than %zu bytes", limits->bytes_max);
        if (has_wide_encoding(in))
                return why_set(why, GW_REJECT, REASON_XML_ENCODING, "UTF-16, UTF-32 or EBCDIC");
        struct byte_kinds kinds = kinds_of(in);
        if (kinds.high && !text_is_utf8(in))
                return why_set(why, GW_REJECT, REASON_XML_ENCODING, "ill-formed UTF-8");
        if (kinds.control)
                return why_set(why, GW_REJECT, REASON_XML_NOT_WELL_FORMED, "control characters");
        return GW_OK;
}

enum gw_rc xml_prescan(struct span in, const struct xml_limits *limits, struct why *why)
{
        enum gw_rc rc = check_bytes(in, limits, why);
        if (rc != GW_OK)
                return rc;
        if (in.n == 0)
                return why_set(why, GW_REJECT, REASON_XML_NOT_WELL_FORMED, "empty");
        struct scan scan = {.at = in.p, .end = in.p + in.n, .start = in.p, .limits = limits, .why = why};
        if (at_text(&scan, "\xef\xbb\xbf"))
                scan.at += 3;
        if (at_text(&scan, "<?xml") && scan.end - scan.at > 5 && is_blank(scan.at[5])) {
                rc = scan_declaration(&scan);
                if (rc != GW_OK)
                        return rc;
        }
        while (scan.at < scan.end) {
                rc = *scan.at == '<' ? scan_markup(&scan) : scan_text(&scan);
                if (rc != GW_OK)
                        return rc;
        }
        if (!scan.root_seen || scan.depth != 0)
                return malformed(&scan, "the document is cut short");
        return GW_OK;
}
