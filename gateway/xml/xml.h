/* Untrusted XML: a byte-level pre-scan, then libxml2, then small lookups.
 *
 * Why the pre-scan: canonicalisation in libxml2 is cubic in namespace declarations (64 KB took 22 s), so size,
 * depth, counts, DOCTYPE and encodings are judged on the bytes before any parser sees them. */
#ifndef GW_XML_XML_H
#define GW_XML_XML_H

#include <libxml/tree.h>

#include "gateway/base/buf.h"
#include "gateway/base/why.h"

struct xml_limits {
        size_t bytes_max;      /* 10 MiB */
        unsigned depth_max;    /* 64 */
        unsigned elements_max; /* 5,000 */
        unsigned attributes_max; /* per tag, xmlns included: 32; in the whole document four times elements_max */
        unsigned namespaces_max; /* xmlns declarations in the whole document: 24 */
};
extern const struct xml_limits xml_limits_default;

GW_DEFINE_AUTO(xmldoc, xmlDoc, xmlFreeDoc)
#define auto_xmldoc gw_auto(xmldoc)

/* Once per process, before threads (libxml2 initialisation, no entity loader, no network). */
void xml_init(void);

/* Bytes only: UTF-8 (a BOM is fine; UTF-16/32, other declared encodings and ill-formed UTF-8 are XML_ENCODING), no
 * DOCTYPE, no processing instructions but the XML declaration at the very start, limits. GW_REJECT with XML_*. */
GW_MUST_CHECK enum gw_rc xml_prescan(struct span in, const struct xml_limits *limits, struct why *why);
/* Pre-scan, then parse without entities, DTD, network or XML_PARSE_HUGE. Namespace errors that libxml2 only warns
 * about (undeclared prefix, …) count as not well-formed; so do relative namespace URIs (C14N is void on them).
 * The document is the caller's (xmlFreeDoc). */
GW_MUST_CHECK enum gw_rc xml_read(struct span in, const struct xml_limits *limits, xmlDoc **ret_doc, struct why *why);

/* First child element with that namespace (NULL = no namespace) and local name, or NULL. */
xmlNode *xml_child(const xmlNode *parent, const char *ns, const char *name);
/* The same, and *ret_count tells how many there are: duplicates of a singular element must be refused by the caller. */
xmlNode *xml_child_counted(const xmlNode *parent, const char *ns, const char *name, unsigned *ret_count);
xmlNode *xml_first_element(const xmlNode *parent);
xmlNode *xml_next_element(const xmlNode *node);
bool xml_is(const xmlNode *node, const char *ns, const char *name);
/* Document order within the subtree of root, children before siblings; NULL after the last. */
xmlNode *xml_next_in_tree(const xmlNode *root, xmlNode *node);
/* Text of an element that holds only text/CDATA (comments skipped), trimmed of XML blanks; owned by the caller; NULL when the
 * element is NULL or holds elements. */
char *xml_text(const xmlNode *node);
/* xml_text(xml_child(…)) */
char *xml_child_text(const xmlNode *parent, const char *ns, const char *name);
/* Attribute value in that namespace (NULL = none), owned by the caller, or NULL. */
char *xml_attribute(const xmlNode *node, const char *ns, const char *name);
/* A new document whose root is a copy of the subtree, with only the namespaces it declares or uses (not those merely in
 * scope): what a child-XML `data` was before it was embedded, so that its enveloped signature still verifies. */
xmlDoc *xml_subtree_doc(const xmlNode *node);
/* Canonical XML 1.0 with comments of the subtree-free document (whole doc); appended. */
GW_MUST_CHECK bool xml_c14n(xmlDoc *doc, struct buf *out);
/* Exclusive C14N without comments of one subtree; appended. */
GW_MUST_CHECK bool xml_exc_c14n(xmlNode *apex, struct buf *out);
/* Inclusive C14N 1.0 without comments of one subtree, its inherited namespaces included; appended. */
GW_MUST_CHECK bool xml_inc_c14n(xmlNode *apex, struct buf *out);

/* Any of the canonical forms: of the whole document (apex NULL) or of a subtree with what it inherits. prefixes: InclusiveNamespaces PrefixList of the
 * exclusive form, ended by NULL, or NULL. Appended. */
GW_MUST_CHECK bool xml_canonical(xmlDoc *doc, xmlNode *apex, bool exclusive, bool comments, xmlChar **prefixes, struct buf *out);

/* Canonical text writing: what we send is written in canonical form at once, so that it can be digested without being
 * parsed again. Values are escaped as Canonical XML demands (text: & < > CR; attribute: & < " TAB LF CR). */
void canon_text(struct buf *out, struct span value);
void canon_attribute_value(struct buf *out, struct span value);
/* <name>value</name>; nothing when value is NULL. name may carry a prefix declared further up. */
void canon_element(struct buf *out, const char *name, const char *value);

#endif
