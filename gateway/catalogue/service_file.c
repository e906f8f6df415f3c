/* Reads and checks one service file: schema, dates, form, rules, template. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/catalogue/service_file.h"
#include "gateway/catalogue/service_parts.h"
#include "gateway/catalogue/template.h"
#include "gateway/catalogue/xpath.h"
#include "gateway/reason.h"

#define FILE_MAX ((size_t)1 << 20)

GW_DEFINE_AUTO(schema_parser, xmlSchemaParserCtxt, xmlSchemaFreeParserCtxt)
GW_DEFINE_AUTO(schema_valid, xmlSchemaValidCtxt, xmlSchemaFreeValidCtxt)

/* libxml2's own words may be shown: the file is the operator's. */
static void note_error(void *ctx, xmlError *error)
{
        struct place *place = ctx;
        if (place->said)
                return;
        place->said = true;
        gw_ignore(place_fail(place, error->line, "%s", error->message ? error->message : "error")); /* the caller returns the rc */
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

void service_done(struct service *service)
{
        free(service->code);
        free(service->version);
        free(service->file);
        text3_done(&service->name);
        text3_done(&service->withdrawn_by);
        text3_done(&service->generic);
        service_passport_done(service);
        service_routes_done(service);
        service_papers_done(service);
        service_form_done(service);
        list_free(service->shep_service_ids);
        list_free(service->channels);
        for (size_t i = 0; i < service->system_count && service->questions; i++) {
                free(service->questions[i].adapter);
                free(service->questions[i].iin_field);
                free(service->questions[i].account_field);
        }
        free(service->questions);
        xmlFreeDoc(service->data_doc);
        list_free(service->systems);
        for (size_t i = 0; i < service->rule_count; i++) {
                struct service_rule *rule = &service->rules[i];
                free(rule->id);
                free(rule->outcome);
                xmlXPathFreeCompExpr(rule->test);
                text3_done(&rule->reason);
        }
        free(service->rules);
        xmlSchemaFree(service->schema);
        xmlFreeDoc(service->schema_doc);
        template_free(service->result_template);
        template_free(service->print_template);
        free(service->provider_key);
        free(service->one_per);
}

/* Texts of the children, NULL-terminated; an absent parent gives an empty list. */
static char **read_list(const xmlNode *parent, size_t *ret_count)
{
        size_t count = count_elements(parent, NULL);
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
        return place->said ? GW_FAULT : place_fail(place, 0, "not a service file");
}

/* `to` is the last day in force, valid_to the instant after it. */
static enum gw_rc read_validity(const xmlNode *validity, struct service *service, const struct place *place)
{
        enum gw_rc rc = read_day(validity, "from", false, &service->valid_from, place);
        if (rc == GW_OK)
                rc = read_day(validity, "to", true, &service->valid_to, place);
        if (rc == GW_OK && service->valid_to.ms != 0 && service->valid_to.ms <= service->valid_from.ms)
                rc = place_fail(place, xmlGetLineNo(validity), "validity to is before from");
        return rc;
}

static enum gw_rc read_rule(const xmlNode *node, struct service_rule *rule, const struct place *place)
{
        rule->id = xml_attribute(node, NULL, "id");
        rule->outcome = xml_attribute(node, NULL, "outcome");
        rule->reason = read_texts(xml_child(node, CATALOGUE_NS, "reason"));
        auto_str char *test = xml_attribute(node, NULL, "test");
        struct why compiling = WHY_INIT;
        if (xpath_compile(test, XPATH_AS_BOOLEAN, NULL, &rule->test, &compiling) != GW_OK)
                return place_fail(place, xmlGetLineNo(node), "rule %s: %s", rule->id, compiling.detail);
        if (!xml_next_element(node) && !str_eq(test, "true()"))
                return place_fail(place, xmlGetLineNo(node), "the last rule must be test=\"true()\", or some cases have no decision");
        if (xml_next_element(node) && str_eq(test, "true()"))
                return place_fail(place, xmlGetLineNo(node), "rules after test=\"true()\" are never asked");
        return GW_OK;
}

static enum gw_rc read_rules(const xmlNode *rules, struct service *service, const struct place *place)
{
        service->rule_count = count_elements(rules, NULL);
        service->rules = xcalloc(service->rule_count, sizeof *service->rules);
        size_t i = 0;
        for (const xmlNode *rule = xml_first_element(rules); rule; rule = xml_next_element(rule)) {
                enum gw_rc rc = read_rule(rule, &service->rules[i++], place);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static enum gw_rc read_template(const xmlNode *node, const char *what, struct template **ret_template, const struct place *place)
{
        long line = 0;
        struct why compiling = WHY_INIT;
        if (template_compile(node, ret_template, &line, &compiling) == GW_OK)
                return GW_OK;
        return place_fail(place, line, "%s: %s", what, compiling.detail);
}

static bool is_field(const struct service *service, const char *path)
{
        for (size_t i = 0; i < service->field_count; i++)
                if (str_eq(service->fields[i].path, path))
                        return service->fields[i].required && !service->fields[i].repeated && service->fields[i].type;
        return false;
}

static enum gw_rc read_questions(const xmlNode *systems, struct service *service, const struct place *place)
{
        service->systems = read_list(systems, &service->system_count);
        service->questions = xcalloc(service->system_count, sizeof *service->questions);
        size_t i = 0;
        for (const xmlNode *node = xml_first_element(systems); node; node = xml_next_element(node), i++) {
                struct service_question *q = &service->questions[i];
                q->adapter = xml_attribute(node, NULL, "adapter");
                if (!q->adapter)
                        q->adapter = xstrdup(service->systems[i]);
                q->iin_field = xml_attribute(node, NULL, "iin");
                q->account_field = xml_attribute(node, NULL, "account");
                const char *fields[] = {q->iin_field, q->account_field};
                for (size_t k = 0; k < GW_COUNT(fields); k++)
                        if (fields[k] && !is_field(service, fields[k]))
                                return place_fail(place, xmlGetLineNo(node), "system %s: %s is no field of the form that is always there once", service->systems[i], fields[k]);
                if (str_eq(service->systems[i], "application") || str_eq(service->systems[i], "data"))
                        return place_fail(place, xmlGetLineNo(node), "system %s: the case has an element of this name already", service->systems[i]);
        }
        return GW_OK;
}

/* Elements and attributes without a namespace, as rules and templates name them. Depth is bounded by xml_read(). */
static bool copy_data(xmlNode *parent, const xmlNode *from)
{
        for (const xmlNode *node = xml_first_element(from); node; node = xml_next_element(node)) {
                xmlNode *copy = xmlNewDocNode(parent->doc, NULL, node->name, NULL);
                if (!copy)
                        return false;
                xmlAddChild(parent, copy);
                for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
                        auto_str char *value = xml_attribute(node, NULL, (const char *)attr->name);
                        if (value && !xmlNewProp(copy, attr->name, (const xmlChar *)value))
                                return false;
                }
                if (!copy_data(copy, node))
                        return false;
        }
        return true;
}

static enum gw_rc read_data(const xmlNode *data, struct service *service, const struct place *place)
{
        if (!data)
                return GW_OK;
        service->data_doc = xmlNewDoc((const xmlChar *)"1.0");
        service->data = service->data_doc ? xmlNewDocNode(service->data_doc, NULL, (const xmlChar *)"data", NULL) : NULL;
        if (service->data)
                xmlDocSetRootElement(service->data_doc, service->data);
        return service->data && copy_data(service->data, data) ? GW_OK : why_set(place->why, GW_FAULT, REASON_INTERNAL, "out of memory");
}

static enum gw_rc read_automated(const xmlNode *node, struct service *service, const struct place *place)
{
        service->automated = true;
        service->provider_key = xml_attribute(node, NULL, "providerKey");
        free(service->systems);
        enum gw_rc rc = read_questions(xml_child(node, CATALOGUE_NS, "systems"), service, place);
        if (rc == GW_OK)
                rc = read_data(xml_child(node, CATALOGUE_NS, "data"), service, place);
        if (rc != GW_OK)
                return rc;
        rc = read_rules(xml_child(node, CATALOGUE_NS, "rules"), service, place);
        if (rc != GW_OK)
                return rc;
        rc = read_template(xml_first_element(xml_child(node, CATALOGUE_NS, "result")), "result", &service->result_template, place);
        const xmlNode *print = xml_child(node, CATALOGUE_NS, "print");
        return rc == GW_OK && print ? read_template(print, "print", &service->print_template, place) : rc;
}

static enum gw_rc read_open_requests(const xmlNode *node, struct service *service, const struct place *place)
{
        if (!node)
                return GW_OK;
        service->one_open = true;
        service->one_per = xml_attribute(node, NULL, "per");
        if (service->one_per && !is_field(service, service->one_per))
                return place_fail(place, xmlGetLineNo(node), "openRequests: %s is no field of the form that is always there once", service->one_per);
        return GW_OK;
}

/* Everything a service has that is not withdrawn. */
static enum gw_rc read_offer(const xmlNode *root, const struct service_schemas *schemas, struct service *service, const struct place *place)
{
        const xmlNode *form = xml_child(root, CATALOGUE_NS, "form"), *automated = xml_child(root, CATALOGUE_NS, "automated");
        service->representatives = read_bool(xml_child(root, CATALOGUE_NS, "representatives"), "allowed", false);
        service->generic = read_texts(xml_child(root, CATALOGUE_NS, "generic"));
        service_read_passport(root, service);
        enum gw_rc rc = service_read_papers(root, service, place);
        if (rc != GW_OK)
                return rc;
        service->schema_doc = join_form(schemas->application_doc, form);
        if (!service->schema_doc)
                return why_set(place->why, GW_FAULT, REASON_INTERNAL, "out of memory");
        rc = compile_schema(place->name, service->schema_doc, &service->schema, place->why);
        if (rc == GW_OK)
                rc = service_read_form(form, service, place);
        if (rc == GW_OK)
                rc = read_open_requests(xml_child(root, CATALOGUE_NS, "openRequests"), service, place);
        if (rc == GW_OK)
                rc = service_read_routes(root, service, place);
        if (rc == GW_OK)
                rc = service_check_parts(root, service, place);
        if (rc == GW_OK && automated)
                rc = read_automated(automated, service, place);
        return rc == GW_OK ? service_read_channels(root, service, place) : rc;
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
        service->file = xstrdup(name);
        service->name = read_texts(xml_child(root, CATALOGUE_NS, "name"));
        service->withdrawn = xml_child(root, CATALOGUE_NS, "withdrawn") != NULL;
        service->withdrawn_by = read_texts(xml_child(root, CATALOGUE_NS, "withdrawn"));
        service->channels = read_list(xml_child(root, CATALOGUE_NS, "channels"), NULL);
        service->shep_service_ids = read_list(xml_child(root, CATALOGUE_NS, "shepServiceIds"), NULL);
        service->systems = read_list(NULL, NULL);
        rc = service_read_acts(root, service, &place);
        if (rc == GW_OK)
                rc = read_validity(xml_child(root, CATALOGUE_NS, "validity"), service, &place);
        if (rc != GW_OK || service->withdrawn)
                return rc;
        return read_offer(root, schemas, service, &place);
}
