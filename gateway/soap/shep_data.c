/* The XML document that a `data` element carries, in whichever of the seen forms (interfaces 1.1). */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/soap/shep.h"

enum content { CONTENT_NOTHING, CONTENT_TEXT, CONTENT_CHILD, CONTENT_OTHER };

/* Comments are no content: exclusive canonicalisation leaves them out, so the sender's signature does not cover them and a stranger can
 * add or remove them. Text around one is put together, as the signature sees it. */
static enum content look(const xmlNode *data, const xmlNode **ret_child)
{
        const xmlNode *child = NULL;
        bool text = false;
        for (const xmlNode *n = data->children; n; n = n->next) {
                if (n->type == XML_COMMENT_NODE || ((n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) && xmlIsBlankNode(n)))
                        continue;
                if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
                        text = true;
                else if (n->type == XML_ELEMENT_NODE && !child)
                        child = n;
                else
                        return CONTENT_OTHER;
        }
        if (child && text)
                return CONTENT_OTHER;
        *ret_child = child;
        return child ? CONTENT_CHILD : text ? CONTENT_TEXT : CONTENT_NOTHING;
}

static bool looks_like_xml(struct span s)
{
        static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
        size_t at = s.n >= sizeof bom && span_eq(span_of(s.p, sizeof bom), span_of(bom, sizeof bom)) ? sizeof bom : 0;
        return s.n > at && s.p[at] == '<';
}

static void add_text(const xmlNode *data, struct buf *out)
{
        for (const xmlNode *n = data->children; n; n = n->next)
                if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
                        buf_add_str(out, (const char *)n->content);
}

bool shep_data_other_text(const xmlNode *data, struct buf *out)
{
        const xmlNode *child = NULL;
        if (!data || look(data, &child) != CONTENT_TEXT)
                return false;
        add_text(data, out);
        return !buf_failed(out) && !looks_like_xml(text_trim(buf_span(out)));
}

static enum gw_rc document_of_text(const xmlNode *data, const struct xml_limits *limits, xmlDoc **ret_doc, struct buf *bytes,
                                   struct why *why)
{
        auto_buf struct buf all = BUF_LIMIT(limits->bytes_max);
        add_text(data, &all);
        if (buf_failed(&all))
                return why_set(why, GW_REJECT, REASON_HTTP_TOO_LARGE, "the text in data is larger than %zu bytes", limits->bytes_max);
        struct span text = text_trim(buf_span(&all)); /* senders put line ends around the document: before the XML declaration it would not be well-formed */
        if (!looks_like_xml(text))
                return why_set(why, GW_REJECT, REASON_DATA_FORM, "the text in data is not an XML document");
        enum gw_rc rc = xml_read(text, limits, ret_doc, why);
        if (rc == GW_OK)
                buf_add_span(bytes, text);
        return rc;
}

static enum gw_rc document_of_child(const xmlNode *child, xmlDoc **ret_doc, struct buf *bytes, struct why *why)
{
        auto_xmldoc xmlDoc *doc = xml_subtree_doc(child);
        auto_buf struct buf text = BUF_INIT;
        if (!doc || !xml_c14n(doc, &text))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the document in data cannot be copied");
        buf_add_span(bytes, buf_span(&text));
        *ret_doc = gw_take(&doc);
        return GW_OK;
}

enum gw_rc shep_data_document(const xmlNode *data, const struct xml_limits *limits, xmlDoc **ret_doc, struct buf *bytes, struct why *why)
{
        const xmlNode *child = NULL;
        switch (data ? look(data, &child) : CONTENT_NOTHING) {
        case CONTENT_NOTHING:
                return why_set(why, GW_REJECT, REASON_DATA_MISSING, data ? "data is empty" : "there is no data element");
        case CONTENT_TEXT:
                return document_of_text(data, limits, ret_doc, bytes, why);
        case CONTENT_CHILD:
                return document_of_child(child, ret_doc, bytes, why);
        case CONTENT_OTHER:
                break;
        }
        return why_set(why, GW_REJECT, REASON_DATA_FORM, "data holds more than one element, or text beside an element");
}
