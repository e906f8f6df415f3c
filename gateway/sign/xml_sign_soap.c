/* Adds the transport signature to a SOAP document of any shape. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/signature_text.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/soap/soap.h"

GW_DEFINE_AUTO(xmlchar, xmlChar, xmlFree)

#define X(text) ((const xmlChar *)(text))

struct parts {
        xmlNode *envelope, *header, *security, *body;
};

static enum gw_rc find_parts(xmlDoc *doc, struct parts *ret_parts, struct why *why)
{
        struct parts parts = {.envelope = xmlDocGetRootElement(doc)};
        if (!xml_is(parts.envelope, SOAP11_NS, "Envelope") && !xml_is(parts.envelope, SOAP12_NS, "Envelope"))
                return why_set(why, GW_REJECT, REASON_SOAP_NOT_ENVELOPE, "the root is not a SOAP envelope");
        const char *ns = (const char *)parts.envelope->ns->href;
        unsigned headers = 0, bodies = 0;
        parts.header = xml_child_counted(parts.envelope, ns, "Header", &headers);
        parts.body = xml_child_counted(parts.envelope, ns, "Body", &bodies);
        if (bodies != 1 || headers > 1)
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "the envelope needs one Body and at most one Header");
        parts.security = parts.header ? xml_child(parts.header, WSSE_NS, "Security") : NULL;
        if (parts.security && xml_child(parts.security, DSIG_NS, "Signature"))
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "the message carries a transport signature already");
        *ret_parts = parts;
        return GW_OK;
}

/* A prefix that means nothing else at `node`: wsu, wsu1, wsu2 … */
static xmlNs *declare(xmlNode *node, const char *href, const char *wanted)
{
        xmlNs *ns = xmlSearchNsByHref(node->doc, node, X(href));
        if (ns && ns->prefix)
                return ns;
        auto_str char *prefix = xstrdup(wanted);
        for (unsigned i = 1; xmlSearchNs(node->doc, node, X(prefix)); i++) {
                free(prefix);
                prefix = xasprintf("%s%u", wanted, i);
        }
        return xmlNewNs(node, X(href), X(prefix));
}

static char *body_id(xmlNode *body)
{
        char *id = xml_attribute(body, WSU_NS, "Id");
        if (id && *id)
                return id;
        free(id);
        char uuid[TEXT_UUID_MAX];
        id = xasprintf("id-%s", text_uuid(uuid));
        GW_ASSERT(xmlSetNsProp(body, declare(body, WSU_NS, "wsu"), X("Id"), X(id)));
        return id;
}

/* The Security header as a document of its own: text is easier to read than a column of node calls. */
static enum gw_rc make_security(const struct signing_key *key, xmlNode *body, const char *id, xmlDoc **ret_doc, struct why *why)
{
        auto_buf struct buf canonical = BUF_INIT, text = BUF_INIT;
        if (!xml_exc_c14n(body, &canonical))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "Body cannot be canonicalised");
        buf_add_str(&text, "<wsse:Security xmlns:wsse=\"" WSSE_NS "\">");
        enum gw_rc rc = signature_text_add_wsse(key, id, buf_span(&canonical), &text, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(&text, "</wsse:Security>");
        return xml_read(buf_span(&text), &xml_limits_default, ret_doc, why);
}

static xmlNode *add_header(const struct parts *parts)
{
        xmlNode *header = xmlNewDocNode(parts->envelope->doc, parts->envelope->ns, X("Header"), NULL);
        xmlNode *first = parts->envelope->children; /* not NULL: there is a Body */
        GW_ASSERT(header && xmlAddPrevSibling(first, header));
        return header;
}

/* Puts the made header in place, or only its Signature when the message has a Security header (with a time stamp, say). The copy of
 * the Signature then declares the prefix wsse itself: the existing header may use another one. */
static void place(const struct parts *parts, xmlDoc *security_doc)
{
        xmlDoc *doc = parts->envelope->doc;
        xmlNode *made = xmlDocGetRootElement(security_doc);
        xmlNode *copy = xmlDocCopyNode(parts->security ? xml_first_element(made) : made, doc, 1);
        xmlNode *parent = parts->security ? parts->security : parts->header ? parts->header : add_header(parts);
        GW_ASSERT(copy && xmlAddChild(parent, copy));
        if (parts->security)
                return;
        /* an attribute needs a prefix even where the envelope's namespace is the default one */
        xmlNs *soap_ns = declare(copy, (const char *)parts->envelope->ns->href, "soap");
        GW_ASSERT(xmlSetNsProp(copy, soap_ns, X("mustUnderstand"), X("1")));
}

enum gw_rc xml_sign_soap_document(const struct signing_key *key, xmlDoc *doc, struct buf *out, struct why *why)
{
        struct parts parts = {NULL, NULL, NULL, NULL};
        enum gw_rc rc = find_parts(doc, &parts, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *id = body_id(parts.body);
        auto_xmldoc xmlDoc *security = NULL;
        rc = make_security(key, parts.body, id, &security, why);
        if (rc != GW_OK)
                return rc;
        place(&parts, security);
        gw_auto(xmlchar) xmlChar *text = NULL;
        int size = 0;
        xmlDocDumpFormatMemoryEnc(doc, &text, &size, "UTF-8", 0);
        if (!text || size <= 0)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the signed message cannot be written");
        buf_add(out, text, (size_t)size);
        if (buf_failed(out))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the signed message is too large");
        return GW_OK;
}
