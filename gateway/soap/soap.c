/* SOAP envelopes: exactly Envelope{Header?, Body{one element}}. What is in the header or the payload is others' business. */
#include "gateway/soap/soap.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/reason.h"

/* SOAP 1.1 4.2.2, SOAP 1.2 part 1, 2.2: blocks for these (or for nobody by name) are for us, who are the last in the chain. */
static const char *const our_roles[] = {
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
};

void soap_free(struct soap *soap)
{
        if (!soap)
                return;
        xmlFreeDoc(soap->doc);
        free(soap);
}

static const char *soap_ns(const struct soap *soap)
{
        return soap->version == 12 ? SOAP12_NS : SOAP11_NS;
}

static enum gw_rc bad(struct why *why, const char *what)
{
        return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "%s", what);
}

/* Only elements, comments and blanks. */
static bool element_content(const xmlNode *parent)
{
        for (const xmlNode *n = parent->children; n; n = n->next) {
                if (n->type == XML_ELEMENT_NODE || n->type == XML_COMMENT_NODE)
                        continue;
                if (n->type != XML_TEXT_NODE || !xmlIsBlankNode(n))
                        return false;
        }
        return true;
}

static enum gw_rc find_parts(struct soap *soap, const xmlNode *envelope, struct why *why)
{
        if (!element_content(envelope))
                return bad(why, "Envelope holds text");
        xmlNode *node = xml_first_element(envelope);
        if (xml_is(node, soap_ns(soap), "Header")) {
                soap->header = node;
                node = xml_next_element(node);
        }
        if (!xml_is(node, soap_ns(soap), "Body"))
                return bad(why, soap->header ? "Body does not follow Header" : "Envelope starts with neither Header nor Body");
        soap->body = node;
        if (xml_next_element(node))
                return bad(why, "an element follows Body");
        soap->payload = xml_first_element(soap->body);
        if (!element_content(soap->body))
                return bad(why, "Body holds text");
        if (!soap->payload)
                return bad(why, "Body is empty");
        if (xml_next_element(soap->payload))
                return bad(why, "Body holds more than one element");
        return GW_OK;
}

static bool is_for_us(const struct soap *soap, const xmlNode *block)
{
        auto_str char *role = xml_attribute(block, soap_ns(soap), soap->version == 12 ? "role" : "actor");
        for (size_t i = 0; i < GW_COUNT(our_roles); i++)
                if (!role || str_eq(role, our_roles[i]))
                        return true;
        return false;
}

/* 1 or 0, or -1 when the attribute is none of xsd:boolean. */
static int must_understand(const struct soap *soap, const xmlNode *block)
{
        auto_str char *value = xml_attribute(block, soap_ns(soap), "mustUnderstand");
        if (!value || str_eq(value, "0") || str_eq(value, "false"))
                return 0;
        return str_eq(value, "1") || str_eq(value, "true") ? 1 : -1;
}

static enum gw_rc read_header(struct soap *soap, struct why *why)
{
        if (!element_content(soap->header))
                return bad(why, "Header holds text");
        for (xmlNode *block = xml_first_element(soap->header); block; block = xml_next_element(block)) {
                int must = must_understand(soap, block);
                if (must < 0)
                        return bad(why, "mustUnderstand is not a boolean");
                if (!is_for_us(soap, block))
                        continue;
                if (!xml_is(block, WSSE_NS, "Security")) {
                        if (must)
                                return why_set(why, GW_REJECT, REASON_SOAP_MUST_UNDERSTAND,
                                               "a header block other than wsse:Security must be understood");
                        continue;
                }
                if (soap->security)
                        return why_set(why, GW_REJECT, REASON_TRANSPORT_SIGNATURE_SEVERAL, "more than one Security header"); /* WS-Security 1.1, 5 */
                soap->security = block;
        }
        return GW_OK;
}

enum gw_rc soap_of_doc(xmlDoc *doc, struct soap **ret_soap, struct why *why)
{
        const xmlNode *envelope = xmlDocGetRootElement(doc);
        int version = xml_is(envelope, SOAP11_NS, "Envelope") ? 11 : xml_is(envelope, SOAP12_NS, "Envelope") ? 12 : 0;
        if (!version)
                return why_set(why, GW_REJECT, REASON_SOAP_NOT_ENVELOPE, "the root is not the Envelope of SOAP 1.1 or 1.2");
        auto_soap struct soap *soap = xcalloc(1, sizeof *soap);
        soap->version = version;
        enum gw_rc rc = find_parts(soap, envelope, why);
        if (rc == GW_OK && soap->header)
                rc = read_header(soap, why);
        if (rc != GW_OK)
                return rc;
        soap->doc = doc;
        *ret_soap = gw_take(&soap);
        return GW_OK;
}

enum gw_rc soap_parse(struct span in, const struct xml_limits *limits, struct soap **ret_soap, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(in, limits, &doc, why);
        if (rc != GW_OK)
                return rc;
        rc = soap_of_doc(doc, ret_soap, why);
        if (rc == GW_OK)
                (void)gw_take(&doc);
        return rc;
}
