/* Reads and checks one service file: schema, dates, form, rules, template. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/catalogue/service_file.h"
#include "gateway/catalogue/template.h"
#include "gateway/catalogue/xpath.h"
#include "gateway/reason.h"

#define CATALOGUE_NS "urn:egov-gateway:catalogue:1"
#define FILE_MAX ((size_t)1 << 20)

GW_DEFINE_AUTO(schema_parser, xmlSchemaParserCtxt, xmlSchemaFreeParserCtxt)
GW_DEFINE_AUTO(schema_valid, xmlSchemaValidCtxt, xmlSchemaFreeValidCtxt)

/* Where an error of the file is said. */
struct place {
        const char *name;
        struct why *why;
        bool said;
};

static enum gw_rc fail_at(const struct place *place, long line, const char *text)
{
        return why_set(place->why, GW_FAULT, REASON_CONFIGURATION, "%s:%ld: %.*s", place->name, line, (int)strcspn(text, "\n"), text);
}

/* libxml2's own words may be shown: the file is the operator's. */
static void note_error(void *ctx, xmlError *error)
{
        struct place *place = ctx;
        if (place->said)
                return;
        place->said = true;
        gw_ignore(fail_at(place, error->line, error->message ? error->message : "error")); /* the caller returns the rc */
}

static enum gw_rc read_xml(const char *folder, const char *name, xmlDoc **ret_doc, struct why *why)
{
        auto_str char *path = xasprintf("%s/%s", folder, name);
        auto_buf struct buf bytes = BUF_LIMIT(FILE_MAX);
        if (!text_read_file(path, &bytes))
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: cannot be read, or is larger than 1 MiB", name);
        struct why reading = WHY_INIT;
        if (xml_read(buf_span(&bytes), &xml_limits_default, ret_doc, &reading) != GW_OK)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: %s %s", name, reason_info(reading.reason)->name, reading.detail);
        return GW_OK;
}

/* The document must outlive the schema. Nothing is included or imported: xml_init() lets libxml2 load nothing. */
static enum gw_rc compile_schema(const char *name, xmlDoc *doc, xmlSchema **ret_schema, struct why *why)
{
        gw_auto(schema_parser) xmlSchemaParserCtxt *parser = xmlSchemaNewDocParserCtxt(doc);
        if (!parser)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        struct place place = {.name = name, .why = why};
        xmlSchemaSetParserStructuredErrors(parser, note_error, &place);
        xmlSchema *schema = xmlSchemaParse(parser);
        if (schema && !place.said) {
                *ret_schema = schema;
                return GW_OK;
        }
        xmlSchemaFree(schema);
        return place.said ? GW_FAULT : why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: not a schema", name);
}

/* application.xsd + the form's components, which keep the line numbers of the service file; without a form, an empty one. */
static xmlDoc *join_form(xmlDoc *application, const xmlNode *form)
{
        auto_xmldoc xmlDoc *joined = xmlCopyDoc(application, 1);
        xmlNode *root = joined ? xmlDocGetRootElement(joined) : NULL;
        if (!root)
                return NULL;
        if (!form) {
                xmlNode *empty = xmlNewChild(root, root->ns, (const xmlChar *)"complexType", NULL);
                if (!empty || !xmlNewProp(empty, (const xmlChar *)"name", (const xmlChar *)"form"))
                        return NULL;
        }
        for (xmlNode *part = xml_first_element(form); part; part = xml_next_element(part)) {
                xmlNode *copy = xmlDocCopyNode(part, joined, 1);
                if (!copy)
                        return NULL;
                xmlAddChild(root, copy);
        }
        return gw_take(&joined);
}

enum gw_rc service_schemas_open(const char *folder, struct service_schemas *schemas, struct why *why)
{
        enum gw_rc rc = read_xml(folder, "catalogue.xsd", &schemas->catalogue_doc, why);
        if (rc == GW_OK)
                rc = compile_schema("catalogue.xsd", schemas->catalogue_doc, &schemas->catalogue, why);
        if (rc == GW_OK)
                rc = read_xml(folder, "application.xsd", &schemas->application_doc, why);
        if (rc != GW_OK)
                return rc;
        /* Tried with an empty form, so that a mistake found later is the service file's. */
        auto_xmldoc xmlDoc *joined = join_form(schemas->application_doc, NULL);
        if (!joined)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        gw_auto(xmlschema) xmlSchema *schema = NULL;
        return compile_schema("application.xsd", joined, &schema, why);
}

void service_schemas_done(struct service_schemas *schemas)
{
        xmlSchemaFree(schemas->catalogue);
        xmlFreeDoc(schemas->catalogue_doc);
        xmlFreeDoc(schemas->application_doc);
}

static void texts_done(struct text3 *texts)
{
        free(texts->kk);
        free(texts->ru);
        free(texts->en);
}

static void list_free(char **list)
{
        for (char **at = list; at && *at; at++)
                free(*at);
        free(list);
}

void service_done(struct service *service)
{
        free(service->code);
        free(service->version);
        texts_done(&service->name);
        list_free(service->shep_service_ids);
        list_free(service->channels);
        list_free(service->systems);
        for (size_t i = 0; i < service->rule_count; i++) {
                struct service_rule *rule = &service->rules[i];
                free(rule->id);
                free(rule->outcome);
                xmlXPathFreeCompExpr(rule->test);
                texts_done(&rule->reason);
        }
        free(service->rules);
        xmlSchemaFree(service->schema);
        xmlFreeDoc(service->schema_doc);
        template_free(service->result_template);
        free(service->provider_key);
}

static struct text3 read_texts(const xmlNode *parent)
{
        return (struct text3){
                .kk = xml_child_text(parent, CATALOGUE_NS, "kk"),
                .ru = xml_child_text(parent, CATALOGUE_NS, "ru"),
                .en = xml_child_text(parent, CATALOGUE_NS, "en"),
        };
}

static size_t count_elements(const xmlNode *parent)
{
        size_t count = 0;
        for (const xmlNode *item = xml_first_element(parent); item; item = xml_next_element(item))
                count++;
        return count;
}

/* Texts of the children, NULL-terminated; an absent parent gives an empty list. */
static char **read_list(const xmlNode *parent, size_t *ret_count)
{
        size_t count = count_elements(parent);
        char **list = xcalloc(count + 1, sizeof *list);
        size_t i = 0;
        for (const xmlNode *item = xml_first_element(parent); item; item = xml_next_element(item))
                list[i++] = xml_text(item);
        if (ret_count)
                *ret_count = count;
        return list;
}

static enum gw_rc validate(xmlDoc *doc, const struct service_schemas *schemas, struct place *place)
{
        gw_auto(schema_valid) xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schemas->catalogue);
        if (!valid)
                return why_set(place->why, GW_FAULT, REASON_INTERNAL, "out of memory");
        xmlSchemaSetValidStructuredErrors(valid, note_error, place);
        if (xmlSchemaValidateDoc(valid, doc) == 0 && !place->said)
                return GW_OK;
        return place->said ? GW_FAULT : fail_at(place, 0, "not a service file");
}

/* `to` is the last day in force, valid_to the instant after it. */
static enum gw_rc read_validity(const xmlNode *validity, struct service *service, const struct place *place)
{
        auto_str char *from = xml_attribute(validity, NULL, "from");
        auto_str char *to = xml_attribute(validity, NULL, "to");
        if (clock_parse_date(from, &service->valid_from) != GW_OK)
                return fail_at(place, xmlGetLineNo(validity), "validity from: no such day");
        if (!to)
                return GW_OK;
        struct wall_time last;
        if (clock_parse_date(to, &last) != GW_OK)
                return fail_at(place, xmlGetLineNo(validity), "validity to: no such day");
        if (last.ms < service->valid_from.ms)
                return fail_at(place, xmlGetLineNo(validity), "validity to is before from");
        struct clock_fields day = clock_fields_of(last);
        service->valid_to = clock_from_fields(day.year, day.month, day.day + 1, 0);
        return GW_OK;
}

static enum gw_rc read_rule(const xmlNode *node, struct service_rule *rule, const struct place *place)
{
        rule->id = xml_attribute(node, NULL, "id");
        rule->outcome = xml_attribute(node, NULL, "outcome");
        rule->reason = read_texts(xml_child(node, CATALOGUE_NS, "reason"));
        auto_str char *test = xml_attribute(node, NULL, "test");
        struct why compiling = WHY_INIT;
        if (xpath_compile(test, XPATH_AS_BOOLEAN, NULL, &rule->test, &compiling) != GW_OK) {
                auto_str char *text = xasprintf("rule %s: %s", rule->id, compiling.detail);
                return fail_at(place, xmlGetLineNo(node), text);
        }
        if (!xml_next_element(node) && !str_eq(test, "true()"))
                return fail_at(place, xmlGetLineNo(node), "the last rule must be test=\"true()\", or some cases have no decision");
        if (xml_next_element(node) && str_eq(test, "true()"))
                return fail_at(place, xmlGetLineNo(node), "rules after test=\"true()\" are never asked");
        return GW_OK;
}

static enum gw_rc read_rules(const xmlNode *rules, struct service *service, const struct place *place)
{
        service->rule_count = count_elements(rules);
        service->rules = xcalloc(service->rule_count, sizeof *service->rules);
        size_t i = 0;
        for (const xmlNode *rule = xml_first_element(rules); rule; rule = xml_next_element(rule)) {
                enum gw_rc rc = read_rule(rule, &service->rules[i++], place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static enum gw_rc read_automated(const xmlNode *node, struct service *service, const struct place *place)
{
        service->automated = true;
        service->provider_key = xml_attribute(node, NULL, "providerKey");
        auto_str char *due = xml_attribute(node, NULL, "dueMinutes");
        uint64_t minutes = 0;
        if (!text_to_u64(due, 1, 525600, &minutes))
                return fail_at(place, xmlGetLineNo(node), "dueMinutes is not a plain number");
        service->due_minutes = (int)minutes;
        free(service->systems);
        service->systems = read_list(xml_child(node, CATALOGUE_NS, "systems"), &service->system_count);
        enum gw_rc rc = read_rules(xml_child(node, CATALOGUE_NS, "rules"), service, place);
        if (rc != GW_OK)
                return rc;
        long line = 0;
        struct why compiling = WHY_INIT;
        const xmlNode *result = xml_first_element(xml_child(node, CATALOGUE_NS, "result"));
        if (template_compile(result, &service->result_template, &line, &compiling) == GW_OK)
                return GW_OK;
        auto_str char *text = xasprintf("result: %s", compiling.detail);
        return fail_at(place, line, text);
}

/* Everything a service has that is not withdrawn. */
static enum gw_rc read_offer(const xmlNode *root, const struct service_schemas *schemas, struct service *service, const struct place *place)
{
        auto_str char *representatives = xml_attribute(xml_child(root, CATALOGUE_NS, "representatives"), NULL, "allowed");
        service->representatives = str_eq(representatives, "true") || str_eq(representatives, "1");
        service->schema_doc = join_form(schemas->application_doc, xml_child(root, CATALOGUE_NS, "form"));
        if (!service->schema_doc)
                return why_set(place->why, GW_FAULT, REASON_INTERNAL, "out of memory");
        enum gw_rc rc = compile_schema(place->name, service->schema_doc, &service->schema, place->why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *automated = xml_child(root, CATALOGUE_NS, "automated");
        return automated ? read_automated(automated, service, place) : GW_OK;
}

enum gw_rc service_file_read(const char *folder, const char *name, const struct service_schemas *schemas, struct service *service,
                             struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = read_xml(folder, name, &doc, why);
        if (rc != GW_OK)
                return rc;
        struct place place = {.name = name, .why = why};
        rc = validate(doc, schemas, &place);
        if (rc != GW_OK)
                return rc;
        const xmlNode *root = xmlDocGetRootElement(doc);
        service->code = xml_attribute(root, NULL, "code");
        service->version = xml_attribute(root, NULL, "version");
        service->name = read_texts(xml_child(root, CATALOGUE_NS, "name"));
        service->withdrawn = xml_child(root, CATALOGUE_NS, "withdrawn") != NULL;
        service->channels = read_list(xml_child(root, CATALOGUE_NS, "channels"), NULL);
        service->shep_service_ids = read_list(xml_child(root, CATALOGUE_NS, "shepServiceIds"), NULL);
        service->systems = read_list(NULL, NULL);
        rc = read_validity(xml_child(root, CATALOGUE_NS, "validity"), service, &place);
        if (rc != GW_OK || service->withdrawn)
                return rc;
        return read_offer(root, schemas, service, &place);
}
