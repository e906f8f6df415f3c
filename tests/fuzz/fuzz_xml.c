/* xml_prescan and xml_read: what the scan of bytes lets through must be what it took it for when libxml2 reads it. */
#include <libxml/parser.h>

#include "gateway/xml/xml.h"
#include "tests/fuzz/fuzz.h"

/* The limits hold in the tree, too. */
static unsigned count_elements(const xmlNode *node, unsigned depth, unsigned *namespaces)
{
        GW_ASSERT(depth <= xml_limits_default.depth_max);
        unsigned elements = 0;
        for (; node; node = node->next) {
                if (node->type != XML_ELEMENT_NODE)
                        continue;
                unsigned attributes = 0;
                for (const xmlAttr *a = node->properties; a; a = a->next)
                        attributes++;
                for (const xmlNs *ns = node->nsDef; ns; ns = ns->next, ++*namespaces)
                        attributes++;
                GW_ASSERT(attributes <= xml_limits_default.attributes_max);
                elements += 1 + count_elements(node->children, depth + 1, namespaces);
        }
        return elements;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct why why = WHY_INIT, read_why = WHY_INIT;
        struct span in = span_of(data, size);
        xml_init();
        bool passed = xml_prescan(in, &xml_limits_default, &why) == GW_OK;
        /* A reader of no care at all: even it finds no DOCTYPE and no processing instruction. */
        const int options = XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET;
        auto_xmldoc xmlDoc *plain = xmlReadMemory((const char *)data, (int)size, NULL, NULL, options);
        if (passed && plain) {
                unsigned namespaces = 0;
                GW_ASSERT(!plain->intSubset && !plain->extSubset);
                GW_ASSERT(count_elements(plain->children, 1, &namespaces) <= xml_limits_default.elements_max);
                GW_ASSERT(namespaces <= xml_limits_default.namespaces_max);
        }
        auto_xmldoc xmlDoc *doc = NULL;
        if (xml_read(in, &xml_limits_default, &doc, &read_why) != GW_OK) {
                GW_ASSERT(!doc && read_why.reason != REASON_NONE);
                return 0;
        }
        GW_ASSERT(passed && plain);
        /* Canonical text is a fixed point. */
        auto_buf struct buf once = BUF_INIT, twice = BUF_INIT;
        auto_xmldoc xmlDoc *again = NULL;
        GW_ASSERT(xml_c14n(doc, &once));
        GW_ASSERT(xml_read(buf_span(&once), &xml_limits_default, &again, &why) == GW_OK && xml_c14n(again, &twice));
        GW_ASSERT(span_eq(buf_span(&once), buf_span(&twice)));
        return 0;
}
