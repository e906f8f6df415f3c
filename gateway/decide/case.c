/* Puts the application and the collected facts together into the case document. */
#include <stdio.h>

#include "gateway/decide/decide.h"
#include "gateway/reason.h"

static enum gw_rc out_of_memory(struct why *why)
{
        return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
}

/* Element, text and attributes without namespaces. What is of another namespace is not the application's and is left out: without its
 * namespace it could pass for a field. Depth is bounded by xml_read(). */
static bool copy_plain(xmlNode *parent, const xmlNode *from)
{
        for (const xmlNode *node = from; node; node = node->next) {
                if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
                        if (!xmlAddChild(parent, xmlNewDocText(parent->doc, node->content)))
                                return false;
                }
                if (!xml_is(node, APPLICATION_NS, (const char *)node->name))
                        continue;
                xmlNode *copy = xmlNewDocNode(parent->doc, NULL, node->name, NULL);
                if (!copy)
                        return false;
                xmlAddChild(parent, copy);
                for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
                        auto_str char *value = attr->ns ? NULL : xml_attribute(node, NULL, (const char *)attr->name);
                        if (value && !xmlNewProp(copy, attr->name, (const xmlChar *)value))
                                return false;
                }
                if (!copy_plain(copy, node->children))
                        return false;
        }
        return true;
}

/* Copies node itself, not its siblings. */
static bool add_application(xmlNode *root, const xmlNode *application)
{
        xmlNode *copy = xmlNewDocNode(root->doc, NULL, (const xmlChar *)"application", NULL);
        if (!copy)
                return false;
        xmlAddChild(root, copy);
        return copy_plain(copy, application->children);
}

static enum gw_rc add_fact(xmlNode *root, const struct case_fact *fact, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        struct why reading = WHY_INIT;
        if (xml_read(fact->facts, &xml_limits_default, &doc, &reading) != GW_OK)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "facts of %s: %s", fact->system, reason_info(reading.reason)->name);
        xmlNode *facts = xmlDocGetRootElement(doc);
        if (!xml_is(facts, NULL, fact->system))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "facts of %s: another root element", fact->system);
        if (xml_child(root, NULL, fact->system))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "facts of %s: given twice", fact->system);
        xmlNode *copy = xmlDocCopyNode(facts, root->doc, 1);
        if (!copy)
                return out_of_memory(why);
        xmlAddChild(root, copy);
        return GW_OK;
}

static bool add_attribute(xmlNode *node, const char *name, const char *value)
{
        return xmlNewProp(node, (const xmlChar *)name, (const xmlChar *)value) != NULL;
}

static bool add_moment(xmlNode *root, const struct case_input *input)
{
        static const struct { const char *start, *end; } quarters[] = {
                {"01-01", "03-31"}, {"04-01", "06-30"}, {"07-01", "09-30"}, {"10-01", "12-31"}};
        struct clock_fields now = clock_fields_of(input->now);
        int quarter = (now.month - 1) / 3;
        char today[CLOCK_TEXT_MAX], iso[CLOCK_TEXT_MAX], number[2] = {(char)('1' + quarter), '\0'};
        char start[CLOCK_TEXT_MAX], end[CLOCK_TEXT_MAX];
        snprintf(start, sizeof start, "%04d-%s", now.year, quarters[quarter].start);
        snprintf(end, sizeof end, "%04d-%s", now.year, quarters[quarter].end);
        return add_attribute(root, "today", clock_date_iso(input->now, today)) && add_attribute(root, "now", clock_iso(input->now, iso)) &&
               add_attribute(root, "number", input->number) && add_attribute(root, "quarter", number) &&
               add_attribute(root, "quarterStart", start) && add_attribute(root, "quarterEnd", end);
}

enum gw_rc case_build(const struct case_input *input, xmlDoc **ret_case, struct why *why)
{
        if (!xml_is(input->application, APPLICATION_NS, "application"))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the case needs an application");
        auto_xmldoc xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
        xmlNode *root = doc ? xmlNewDocNode(doc, NULL, (const xmlChar *)"case", NULL) : NULL;
        if (!root)
                return out_of_memory(why);
        xmlDocSetRootElement(doc, root);
        if (!add_moment(root, input) || !add_application(root, input->application))
                return out_of_memory(why);
        xmlNode *data = input->data ? xmlDocCopyNode(input->data, doc, 1) : NULL;
        if (input->data && !data)
                return out_of_memory(why);
        if (data)
                xmlAddChild(root, data);
        for (size_t i = 0; i < input->fact_count; i++) {
                enum gw_rc rc = add_fact(root, &input->facts[i], why);
                if (rc != GW_OK)
                        return rc;
        }
        *ret_case = gw_take(&doc);
        return GW_OK;
}
