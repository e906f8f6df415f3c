/* Canonical XML: reading it out of libxml2, and writing it straight as text. */
#include <libxml/c14n.h>
#include <libxml/xmlIO.h>

#include "gateway/xml/xml.h"

static int append(void *ctx, const char *bytes, int n)
{
        buf_add(ctx, bytes, (size_t)n);
        return buf_failed(ctx) ? -1 : n;
}

/* Namespaces are asked about with the element they are seen on as parent, attributes with their element. */
static int is_below_apex(void *ctx, xmlNode *node, xmlNode *parent)
{
        const xmlNode *apex = ctx;
        const xmlNode *from = !node || node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE ? parent : node;
        for (; from; from = from->parent)
                if (from == apex)
                        return 1;
        return 0;
}

bool xml_canonical(xmlDoc *doc, xmlNode *apex, bool exclusive, bool comments, xmlChar **prefixes, struct buf *out)
{
        xmlOutputBuffer *sink = xmlOutputBufferCreateIO(append, NULL, out, NULL);
        if (!sink)
                return false;
        int rc = xmlC14NExecute(doc, apex ? is_below_apex : NULL, apex, exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0, prefixes, comments, sink);
        int closed = xmlOutputBufferClose(sink);
        return rc >= 0 && closed >= 0 && !buf_failed(out);
}

bool xml_c14n(xmlDoc *doc, struct buf *out)
{
        return xml_canonical(doc, NULL, false, true, NULL, out);
}

bool xml_exc_c14n(xmlNode *apex, struct buf *out)
{
        return xml_canonical(apex->doc, apex, true, false, NULL, out);
}

bool xml_inc_c14n(xmlNode *apex, struct buf *out)
{
        return xml_canonical(apex->doc, apex, false, false, NULL, out);
}

static const char *text_escape(uint8_t c)
{
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '\r':
                return "&#xD;";
        default:
                return NULL;
        }
}

static const char *attribute_escape(uint8_t c)
{
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '"':
                return "&quot;";
        case '\t':
                return "&#x9;";
        case '\n':
                return "&#xA;";
        case '\r':
                return "&#xD;";
        default:
                return NULL;
        }
}

/* Runs without special characters are appended whole: base64 and Cyrillic text have hardly any. */
static void add_escaped(struct buf *out, struct span value, const char *(*escape)(uint8_t))
{
        size_t from = 0;
        for (size_t i = 0; i < value.n; i++) {
                const char *instead = escape(value.p[i]);
                if (!instead)
                        continue;
                buf_add(out, value.p + from, i - from);
                buf_add_str(out, instead);
                from = i + 1;
        }
        if (from < value.n)
                buf_add(out, value.p + from, value.n - from);
}

void canon_text(struct buf *out, struct span value)
{
        add_escaped(out, value, text_escape);
}

void canon_attribute_value(struct buf *out, struct span value)
{
        add_escaped(out, value, attribute_escape);
}

void canon_element(struct buf *out, const char *name, const char *value)
{
        if (!value)
                return;
        buf_add_char(out, '<');
        buf_add_str(out, name);
        buf_add_char(out, '>');
        canon_text(out, span_str(value));
        buf_add_str(out, "</");
        buf_add_str(out, name);
        buf_add_char(out, '>');
}
