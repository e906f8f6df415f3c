/* Compiles the general layouts. */
#include "gateway/print/layouts.h"

#include <stdlib.h>

#include "gateway/base/embed.h"
#include "gateway/catalogue/documents.h"
#include "gateway/catalogue/template.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

EMBED(layout_text_paper, "gateway/print/layout/paper.xml");
EMBED(layout_text_result, "gateway/print/layout/result.xml");

struct print_layouts {
        struct template *paper, *result;
};

static enum gw_rc compile(const char *text, struct template **ret, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        long line = 0;
        enum gw_rc rc = xml_read(span_str(text), &xml_limits_default, &doc, why);
        return rc == GW_OK ? template_compile(xmlDocGetRootElement(doc), ret, &line, why) : rc;
}

enum gw_rc print_layouts_new(struct print_layouts **ret_layouts, struct why *why)
{
        struct print_layouts *layouts = xcalloc(1, sizeof *layouts);
        enum gw_rc rc = compile(layout_text_paper, &layouts->paper, why);
        if (rc == GW_OK)
                rc = compile(layout_text_result, &layouts->result, why);
        if (rc == GW_OK)
                *ret_layouts = layouts;
        else
                print_layouts_free(layouts);
        return rc;
}

void print_layouts_free(struct print_layouts *layouts)
{
        if (!layouts)
                return;
        template_free(layouts->paper);
        template_free(layouts->result);
        free(layouts);
}

const struct template *print_layouts_of(const struct print_layouts *layouts, const xmlNode *root, bool *ret_paper)
{
        *ret_paper = xml_is(root, PAPER_NS, "paper");
        if (*ret_paper)
                return layouts->paper;
        return xml_is(root, RESULT_NS, "result") ? layouts->result : NULL;
}
