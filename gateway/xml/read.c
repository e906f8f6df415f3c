/* Reading of untrusted XML by libxml2, behind the pre-scan. */
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <limits.h>

#include "gateway/reason.h"
#include "gateway/xml/xml.h"

GW_DEFINE_AUTO(parser, xmlParserCtxt, xmlFreeParserCtxt)

/* Nothing is ever fetched while XML is read, neither a DTD nor a schema by its location: callers that trust a file read
 * its bytes themselves (text_read_file) and parse them from memory. */
static xmlParserInput *load_nothing(const char *url GW_UNUSED, const char *id GW_UNUSED, xmlParserCtxt *parser GW_UNUSED)
{
        return NULL;
}

static void say_nothing(void *ctx GW_UNUSED, const char *format GW_UNUSED, ...)
{
}

void xml_init(void)
{
        xmlInitParser();
        xmlSetExternalEntityLoader(load_nothing);
        xmlThrDefSetGenericErrorFunc(NULL, say_nothing); /* threads started later */
        xmlSetGenericErrorFunc(NULL, say_nothing);       /* this one */
}

struct complaint {
        int code, line;
};

/* Remembers the first thing libxml2 dislikes. Its words are dropped: they quote the document (I8). Errors of every level
 * count, warnings only for relative namespace URIs, on which canonical XML is void (C14N 1.0, 1.3). */
static void note_error(void *ctx, xmlError *error)
{
        struct complaint *complaint = ((xmlParserCtxt *)ctx)->_private;
        if (complaint->code != 0)
                return;
        if (error->level < XML_ERR_ERROR && error->code != XML_WAR_NS_URI_RELATIVE && error->code != XML_WAR_NS_URI)
                return;
        *complaint = (struct complaint){error->code, error->line};
}

static const char *complaint_words(int code)
{
        switch (code) {
        case XML_NS_ERR_UNDEFINED_NAMESPACE:
                return "undeclared prefix";
        case XML_WAR_NS_URI_RELATIVE:
                return "relative namespace URI";
        case XML_WAR_NS_URI:
                return "ill-formed namespace URI";
        case XML_ERR_ATTRIBUTE_REDEFINED:
        case XML_NS_ERR_ATTRIBUTE_REDEFINED:
                return "duplicate attribute";
        case XML_ERR_UNDECLARED_ENTITY:
                return "undeclared entity";
        case XML_DTD_ID_REDEFINED:
                return "xml:id is repeated";
        case XML_DTD_XMLID_VALUE:
                return "xml:id is not a name";
        case XML_ERR_TAG_NAME_MISMATCH:
                return "mismatched tags";
        default: /* int, not an enum: libxml2 has hundreds */
                return "not well-formed";
        }
}

/* Namespaces in XML 1.0, which libxml2 mostly only warns about. */
static int complaint_reason(int code)
{
        switch (code) {
        case XML_NS_ERR_XML_NAMESPACE:
        case XML_NS_ERR_UNDEFINED_NAMESPACE:
        case XML_NS_ERR_QNAME:
        case XML_NS_ERR_ATTRIBUTE_REDEFINED:
        case XML_NS_ERR_EMPTY:
        case XML_NS_ERR_COLON:
        case XML_WAR_NS_URI_RELATIVE:
        case XML_WAR_NS_URI:
                return REASON_XML_NAMESPACE;
        default:
                return REASON_XML_NOT_WELL_FORMED;
        }
}

enum gw_rc xml_read(struct span in, const struct xml_limits *limits, xmlDoc **ret_doc, struct why *why)
{
        enum gw_rc rc = xml_prescan(in, limits, why);
        if (rc != GW_OK)
                return rc;
        if (in.n > INT_MAX)
                return why_set(why, GW_REJECT, REASON_XML_TOO_COMPLEX, "too large");
        gw_auto(parser) xmlParserCtxt *parser = xmlNewParserCtxt();
        if (!parser)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        struct complaint complaint = {0, 0};
        parser->_private = &complaint;
        parser->sax->serror = note_error;
        /* Pedantic: only then relative URIs of prefixed namespaces are noticed too. */
        const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_PEDANTIC;
        auto_xmldoc xmlDoc *doc = xmlCtxtReadMemory(parser, (const char *)in.p, (int)in.n, NULL, "UTF-8", options);
        if (!doc || !parser->wellFormed || !parser->nsWellFormed || complaint.code != 0)
                return why_set(why, GW_REJECT, complaint_reason(complaint.code), "%s (line %d, libxml2 error %d)",
                               complaint_words(complaint.code), complaint.line, complaint.code);
        if (doc->intSubset || doc->extSubset)
                return why_set(why, GW_REJECT, REASON_XML_DOCTYPE, "seen by the parser");
        *ret_doc = gw_take(&doc);
        return GW_OK;
}
