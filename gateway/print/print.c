/* Wires template, codes, pages and PDF. */
#include "gateway/print/print.h"

#include <ctype.h>
#include <string.h>

#include "gateway/catalogue/template.h"
#include "gateway/reason.h"

#define CATALOGUE_NS "urn:egov-gateway:catalogue:1"
#define DSIG_NS "http://www.w3.org/2000/09/xmldsig#"
#define FILLED_MAX ((size_t)4 << 20)

/* XPath in service files knows no namespaces; signatures are not printed. */
static void bare(xmlDoc *doc)
{
        xmlNode *root = xmlDocGetRootElement(doc), *next;
        for (xmlNode *child = xml_first_element(root); child; child = next) {
                next = xml_next_element(child);
                if (xml_is(child, DSIG_NS, "Signature")) {
                        xmlUnlinkNode(child);
                        xmlFreeNode(child);
                }
        }
        for (xmlNode *node = root; node; node = xml_next_in_tree(root, node))
                node->ns = NULL;
}

static const struct xml_limits filled_limits = {.bytes_max = FILLED_MAX, .depth_max = 16, .elements_max = 100000, .attributes_max = 16, .namespaces_max = 8};

static enum gw_rc fill(const struct print_request *request, xmlDoc **ret_layout, bool *ret_paper, struct why *why)
{
        static const char *const values[TEMPLATE_VARIABLE_COUNT];
        auto_xmldoc xmlDoc *document = NULL;
        auto_buf struct buf filled = BUF_LIMIT(FILLED_MAX);
        enum gw_rc rc = xml_read(request->document, &xml_limits_default, &document, why);
        if (rc != GW_OK)
                return rc;
        const struct template *layout = print_layouts_of(request->layouts, xmlDocGetRootElement(document), ret_paper);
        if (!layout)
                layout = request->service->print_template;
        if (!layout)
                return why_set(why, GW_REJECT, REASON_RESULT_NOT_PRINTABLE, "service %s has no print layout", request->service->code);
        bare(document);
        rc = template_fill(layout, document, values, &filled, why);
        return rc == GW_OK ? xml_read(buf_span(&filled), &filled_limits, ret_layout, why) : rc;
}

static bool is_number(const char *text)
{
        return text && strlen(text) == 14 && strspn(text, "0123456789") == 14;
}

static enum gw_rc draw(const struct print_request *request, const xmlNode *layout, bool paper, struct buf *out, struct why *why)
{
        auto_str char *title = xml_attribute(layout, NULL, "title"), *number = xml_attribute(layout, NULL, "number"), *favor = xml_attribute(layout, NULL, "favor"),
                      *name = xasprintf("%s.xml", number);
        if (!is_number(number) || !is_number(favor))
                return why_set(why, GW_REJECT, REASON_RESULT_NOT_PRINTABLE, "the document has no number: it is no result of %s", request->service->code);
        auto_str char *url = !paper && request->check_url && *request->check_url ? xasprintf("%s/check/%s", request->check_url, number) : NULL;
        struct barcodes codes = {.count = 0};
        auto_buf struct buf pages = BUF_INIT;
        enum gw_rc rc = paper ? GW_OK : barcodes_make(request->document, favor, request->at, &codes, why);
        if (rc != GW_OK)
                return rc;
        struct page_input input = {.layout = layout, .codes = &codes, .number = number, .check_url = url, .fonts = request->fonts};
        rc = page_draw(&input, &pages, why);
        barcodes_done(&codes);
        if (rc != GW_OK)
                return rc;
        auto_str char *issuer = xml_child_text(xml_child(layout, CATALOGUE_NS, "section"), CATALOGUE_NS, "issuer");
        struct pdf_parts parts = {
                .pages = buf_span(&pages),
                .attachment = request->document,
                .attachment_name = name,
                .title = title ? title : number,
                .author = issuer ? issuer : request->service->code,
                .language = "kk",
                .at = request->at,
                .room_for_signature = request->room_for_signature && !paper,
        };
        return pdf_assemble(&parts, out, why);
}

enum gw_rc print_document(const struct print_request *request, struct buf *out, struct why *why)
{
        auto_xmldoc xmlDoc *layout = NULL;
        bool paper = false;
        enum gw_rc rc = fill(request, &layout, &paper, why);
        return rc == GW_OK ? draw(request, xmlDocGetRootElement(layout), paper, out, why) : rc;
}
