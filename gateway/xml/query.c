/* Small lookups in a parsed document. */
#include <string.h>

#include "gateway/xml/xml.h"

/* libxml2 2.9 takes xmlNode * where it only reads. */
static xmlNode *unconst(const xmlNode *node)
{
        union { const xmlNode *in; xmlNode *out; } view = {.in = node};
        return view.out;
}

bool xml_is(const xmlNode *node, const char *ns, const char *name)
{
        if (!node || node->type != XML_ELEMENT_NODE || !str_eq((const char *)node->name, name))
                return false;
        const char *got_ns = node->ns && node->ns->href ? (const char *)node->ns->href : "";
        return str_eq(got_ns, ns ? ns : "");
}

xmlNode *xml_next_in_tree(const xmlNode *root, xmlNode *node)
{
        if (node->type == XML_ELEMENT_NODE && node->children)
                return node->children;
        while (node != root && !node->next)
                node = node->parent;
        return node == root ? NULL : node->next;
}

xmlNode *xml_first_element(const xmlNode *parent)
{
        return parent && parent->type == XML_ELEMENT_NODE ? xmlFirstElementChild(unconst(parent)) : NULL;
}

xmlNode *xml_next_element(const xmlNode *node)
{
        return node ? xmlNextElementSibling(unconst(node)) : NULL;
}

xmlNode *xml_child_counted(const xmlNode *parent, const char *ns, const char *name, unsigned *ret_count)
{
        xmlNode *first = NULL;
        unsigned count = 0;
        for (xmlNode *node = xml_first_element(parent); node; node = xml_next_element(node)) {
                if (!xml_is(node, ns, name))
                        continue;
                if (!first)
                        first = node;
                count++;
        }
        *ret_count = count;
        return first;
}

xmlNode *xml_child(const xmlNode *parent, const char *ns, const char *name)
{
        for (xmlNode *node = xml_first_element(parent); node; node = xml_next_element(node))
                if (xml_is(node, ns, name))
                        return node;
        return NULL;
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span trim(struct span s)
{
        while (s.n > 0 && is_blank(s.p[0]))
                s = span_of(s.p + 1, s.n - 1);
        while (s.n > 0 && is_blank(s.p[s.n - 1]))
                s.n--;
        return s;
}

char *xml_text(const xmlNode *node)
{
        if (!node || node->type != XML_ELEMENT_NODE)
                return NULL;
        auto_buf struct buf text = BUF_INIT;
        for (const xmlNode *child = node->children; child; child = child->next) {
                if (child->type == XML_COMMENT_NODE)
                        continue;
                if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE)
                        return NULL;
                buf_add_str(&text, (const char *)child->content);
        }
        if (buf_failed(&text))
                return NULL;
        return span_dup(trim(buf_span(&text)));
}

char *xml_child_text(const xmlNode *parent, const char *ns, const char *name)
{
        return xml_text(xml_child(parent, ns, name));
}

/* Not xmlGetProp(): that one takes the first attribute of this local name, whatever its namespace. */
char *xml_attribute(const xmlNode *node, const char *ns, const char *name)
{
        if (!node || node->type != XML_ELEMENT_NODE)
                return NULL;
        const xmlChar *local = (const xmlChar *)name;
        xmlChar *value = ns ? xmlGetNsProp(unconst(node), local, (const xmlChar *)ns) : xmlGetNoNsProp(unconst(node), local);
        if (!value)
                return NULL;
        char *copy = xstrdup((const char *)value);
        xmlFree(value);
        return copy;
}

xmlDoc *xml_subtree_doc(const xmlNode *node)
{
        if (!node || node->type != XML_ELEMENT_NODE)
                return NULL;
        auto_xmldoc xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
        if (!doc)
                return NULL;
        /* Copies the declarations of the subtree; a namespace used in it but declared above is declared on the copy's root. */
        xmlNode *copy = xmlDocCopyNode(unconst(node), doc, 1);
        if (!copy)
                return NULL;
        xmlDocSetRootElement(doc, copy);
        return gw_take(&doc);
}
