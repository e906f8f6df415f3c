/* Variants of what was signed. */
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "gateway/base/text.h"
#include "gateway/diagnose/forms.h"
#include "gateway/gost/gost.h"
#include "gateway/soap/soap.h"

/* ---- trees ---- */

/* The same place in a copy of the document. */
static xmlNode *counterpart(const xmlNode *node, xmlDoc *copy)
{
        size_t place = 0;
        for (const xmlNode *before = node->prev; before; before = before->prev)
                place++;
        xmlNode *parent = node->parent->type == XML_ELEMENT_NODE ? counterpart(node->parent, copy) : (xmlNode *)copy;
        xmlNode *found = parent->children;
        while (place-- > 0 && found)
                found = found->next;
        return found;
}

static xmlNode *next_in(const xmlNode *root, xmlNode *node)
{
        if (node->type == XML_ELEMENT_NODE && node->children)
                return node->children;
        while (node != root && !node->next)
                node = node->parent;
        return node == root ? NULL : node->next;
}

static void drop(xmlNode *node)
{
        xmlUnlinkNode(node);
        xmlFreeNode(node);
}

static bool is_text(const xmlNode *node)
{
        return node && (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE);
}

static bool drop_blanks(xmlNode *root)
{
        bool changed = false;
        for (xmlNode *node = root, *next; node; node = next) {
                next = next_in(root, node);
                if (is_text(node) && xmlIsBlankNode(node) && (node->prev || node->next)) {
                        drop(node);
                        changed = true;
                }
        }
        return changed;
}

static void indent(xmlNode *element, const char *unit, unsigned depth)
{
        if (!xml_first_element(element) || depth > 64)
                return;
        auto_buf struct buf inner = BUF_INIT, outer = BUF_INIT;
        buf_add_char(&inner, '\n');
        buf_add_char(&outer, '\n');
        for (unsigned i = 0; i <= depth; i++)
                buf_add_str(i < depth ? &outer : &inner, unit);
        for (unsigned i = 0; i < depth; i++)
                buf_add_str(&inner, unit);
        for (xmlNode *child = xml_first_element(element); child; child = xml_next_element(child)) {
                xmlAddPrevSibling(child, xmlNewDocText(element->doc, (const xmlChar *)buf_cstr(&inner)));
                indent(child, unit, depth + 1);
        }
        xmlAddChild(element, xmlNewDocText(element->doc, (const xmlChar *)buf_cstr(&outer)));
}

static bool each_text(xmlNode *root, char *(*change)(const char *))
{
        bool changed = false;
        for (xmlNode *node = root; node; node = next_in(root, node)) {
                if (!is_text(node) || !node->content)
                        continue;
                auto_str char *other = change((const char *)node->content);
                if (!other)
                        continue;
                auto_buf struct buf escaped = BUF_INIT; /* xmlNodeSetContentLen would read entities; a text node's content is taken as it is */
                buf_add_str(&escaped, other);
                xmlNodeSetContent(node, (const xmlChar *)"");
                xmlNodeAddContent(node, (const xmlChar *)buf_cstr(&escaped));
                changed = true;
        }
        return changed;
}

static char *with_crlf(const char *text)
{
        if (!strchr(text, '\n'))
                return NULL;
        auto_buf struct buf out = BUF_INIT;
        for (; *text; text++) {
                if (*text == '\n')
                        buf_add_char(&out, '\r');
                buf_add_char(&out, *text);
        }
        return buf_take_str(&out);
}

/* Characters that came from bytes of UTF-8 read in another encoding: back to the bytes. NULL when they cannot have. */
static char *reread(const char *text, const char *encoding)
{
        size_t n = strlen(text), room = n + 1;
        iconv_t way = iconv_open(encoding, "UTF-8");
        if (way == (iconv_t)-1)
                return NULL;
        auto_str char *in = xstrdup(text), *out = xcalloc(1, room);
        char *from = in, *to = out;
        size_t left = n;
        bool fits = iconv(way, &from, &left, &to, &room) != (size_t)-1 && left == 0;
        iconv_close(way);
        size_t made = (size_t)(to - out);
        return fits && made < n && text_is_utf8(span_of(out, made)) ? gw_take(&out) : NULL;
}

static char *from_cp1251(const char *text)
{
        return reread(text, "CP1251");
}

static char *from_latin1(const char *text)
{
        return reread(text, "ISO-8859-1");
}

static bool drop_ids(xmlNode *element)
{
        bool changed = false;
        for (xmlAttr *attr = element->properties, *next; attr; attr = next) {
                next = attr->next;
                if (strcasecmp((const char *)attr->name, "id") == 0) {
                        xmlRemoveProp(attr);
                        changed = true;
                }
        }
        return changed;
}

static bool drop_signatures(xmlNode *root)
{
        bool changed = false;
        for (xmlNode *child = xml_first_element(root), *next; child; child = next) {
                next = xml_next_element(child);
                if (xml_is(child, DSIG_NS, "Signature")) {
                        drop(child);
                        changed = true;
                }
        }
        return changed;
}

/* What a signer has who digests his template: the Signature with no values in it yet. */
static bool empty_values(xmlNode *signature)
{
        static const char *const names[] = {"DigestValue", "SignatureValue"};
        for (xmlNode *node = signature; node; node = next_in(signature, node))
                for (size_t i = 0; i < GW_COUNT(names); i++)
                        if (xml_is(node, DSIG_NS, names[i]))
                                while (node->children)
                                        drop(node->children);
        return true;
}

static bool drop_blanks_beside(xmlNode *signature)
{
        xmlNode *around[] = {signature->prev, signature->next};
        bool changed = false;
        for (size_t i = 0; i < GW_COUNT(around); i++)
                if (is_text(around[i]) && xmlIsBlankNode(around[i])) {
                        drop(around[i]);
                        changed = true;
                }
        return changed;
}

static bool change(xmlDoc *doc, xmlNode *root, xmlNode *signature, enum form_tree tree)
{
        static const char *const units[] = {[TREE_INDENT_2] = "  ", [TREE_INDENT_4] = "    ", [TREE_INDENT_TAB] = "\t"};
        switch (tree) {
        case TREE_AS_IS:
                return true;
        case TREE_NO_BLANKS:
                return drop_blanks(root);
        case TREE_INDENT_2:
        case TREE_INDENT_4:
        case TREE_INDENT_TAB:
                drop_blanks(xmlDocGetRootElement(doc));
                indent(xmlDocGetRootElement(doc), units[tree], 0);
                return true;
        case TREE_CRLF:
                return each_text(root, with_crlf);
        case TREE_NO_ID:
                return drop_ids(root);
        case TREE_ALONE:
                return false; /* not a change of the copy but another document */
        case TREE_SIGNATURE_BLANKS:
                return signature && drop_blanks_beside(signature);
        case TREE_WITH_SIGNATURE:
                return signature && empty_values(signature);
        case TREE_WITHOUT_SIGNATURES:
                return signature && drop_signatures(root);
        case TREE_CP1251:
                return each_text(root, from_cp1251);
        case TREE_LATIN1:
                return each_text(root, from_latin1);
        case TREE_COUNT:
                break;
        }
        return false;
}

xmlDoc *form_tree_make(const struct form_source *source, enum form_tree tree, xmlNode **ret_node)
{
        if (tree == TREE_ALONE) {
                xmlDoc *alone = source->node ? xml_subtree_doc(source->node) : NULL;
                *ret_node = NULL;
                return alone;
        }
        auto_xmldoc xmlDoc *copy = xmlCopyDoc(source->doc, 1);
        if (!copy)
                return NULL;
        xmlNode *node = source->node ? counterpart(source->node, copy) : NULL;
        xmlNode *signature = source->signature ? counterpart(source->signature, copy) : NULL;
        bool indents = tree == TREE_INDENT_2 || tree == TREE_INDENT_4 || tree == TREE_INDENT_TAB;
        if (signature && indents) { /* it was appended after the indentation was there */
                drop(signature);
                signature = NULL;
        }
        if (!change(copy, node ? node : xmlDocGetRootElement(copy), signature, tree))
                return NULL;
        if (signature && tree != TREE_WITH_SIGNATURE && tree != TREE_WITHOUT_SIGNATURES)
                drop(signature);
        *ret_node = node;
        return gw_take(&copy);
}

/* ---- texts ---- */

static bool raw(xmlDoc *doc, xmlNode *node, bool declaration, struct buf *out)
{
        xmlBuffer *text = xmlBufferCreate();
        int n = text ? xmlNodeDump(text, doc, node ? node : xmlDocGetRootElement(doc), 0, 0) : -1;
        if (n >= 0 && declaration)
                buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        if (n >= 0)
                buf_add(out, xmlBufferContent(text), (size_t)n);
        xmlBufferFree(text);
        return n >= 0 && !buf_failed(out);
}

bool form_text_make(xmlDoc *doc, xmlNode *node, enum form_text text, xmlChar **prefixes, struct buf *out)
{
        bool exclusive = text == TEXT_EXC || text == TEXT_EXC_COMMENTS, comments = text == TEXT_EXC_COMMENTS || text == TEXT_INC_COMMENTS;
        if (text == TEXT_RAW || text == TEXT_RAW_DECLARATION)
                return raw(doc, node, text == TEXT_RAW_DECLARATION, out);
        return xml_canonical(doc, node, exclusive, comments, exclusive ? prefixes : NULL, out);
}

static bool ends_with(const char *text, const char *end)
{
        size_t n = strlen(text), m = strlen(end);
        return n >= m && str_eq(text + n - m, end);
}

enum form_text form_text_of(const char *uri, enum form_text none)
{
        static const struct { const char *end; enum form_text text; } ends[] = {
                {"xml-exc-c14n#", TEXT_EXC}, {"xml-exc-c14n#WithComments", TEXT_EXC_COMMENTS}, {"REC-xml-c14n-20010315", TEXT_INC},
                {"REC-xml-c14n-20010315#WithComments", TEXT_INC_COMMENTS}, {"xml-c14n11", TEXT_INC}, {"xml-c14n11#WithComments", TEXT_INC_COMMENTS},
        };
        for (size_t i = 0; uri && i < GW_COUNT(ends); i++)
                if (ends_with(uri, ends[i].end))
                        return ends[i].text;
        return none;
}

const char *form_text_name(enum form_text text)
{
        static const char *const names[] = {"exclusive C14N", "C14N 1.0", "exclusive C14N with comments", "C14N 1.0 with comments", "the text of the element", "the text with its XML declaration"};
        return names[text];
}

/* ---- hashes ---- */

static const struct { const char *name, *end; enum gost_kind gost; } hashes[HASH_COUNT] = {
        [HASH_SHA256] = {"SHA-256", "sha256", GOST_NONE}, [HASH_SHA384] = {"SHA-384", "sha384", GOST_NONE}, [HASH_SHA512] = {"SHA-512", "sha512", GOST_NONE},
        [HASH_GOST_2015] = {"GOST 34.11-2015-512", "gostr34112015-512", GOST_2015}, [HASH_GOST_2004] = {"GOST 34.311-95", "gost34311", GOST_2004}, [HASH_SHA1] = {"SHA-1", "sha1", GOST_NONE},
};

enum form_hash form_hash_of(const char *uri)
{
        for (size_t i = 0; uri && i < HASH_COUNT; i++)
                if (ends_with(uri, hashes[i].end))
                        return (enum form_hash)i;
        return HASH_UNKNOWN;
}

const char *form_hash_name(enum form_hash hash)
{
        return hash < HASH_COUNT ? hashes[hash].name : "?";
}

size_t form_hash_make(enum form_hash hash, struct span in, uint8_t digest[FORM_DIGEST_MAX])
{
        if (hash >= HASH_COUNT)
                return 0;
        if (hashes[hash].gost != GOST_NONE)
                return gost_digest(hashes[hash].gost, in, digest);
        size_t n = 0;
        return EVP_Q_digest(NULL, hashes[hash].name, NULL, in.p, in.n, digest, &n) == 1 ? n : 0;
}
