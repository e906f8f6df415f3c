/* The fields of a service's own form, read from its schema components: what a page shows and asks. */
#include "gateway/catalogue/service_parts.h"

#include <stdlib.h>
#include <string.h>

#define XS_NS "http://www.w3.org/2001/XMLSchema"
#define DEPTH_MAX 16
#define FIELDS_MAX 200

struct walk {
        struct service *service;
        const struct place *place;
        unsigned depth;
};

static char **label_of(struct text3 *label, const char *language)
{
        return str_eq(language, "kk") ? &label->kk : str_eq(language, "ru") ? &label->ru : str_eq(language, "en") ? &label->en : NULL;
}

/* xs:documentation in all three languages. */
static enum gw_rc read_label(const xmlNode *node, const char *name, struct text3 *label, const struct place *place)
{
        const xmlNode *annotation = xml_child(node, XS_NS, "annotation");
        for (const xmlNode *item = xml_first_element(annotation); item; item = xml_next_element(item)) {
                auto_str char *language = xml_attribute(item, "http://www.w3.org/XML/1998/namespace", "lang");
                char **into = xml_is(item, XS_NS, "documentation") ? label_of(label, language) : NULL;
                if (into && !*into)
                        *into = xml_text(item);
        }
        const char *missing = !label->kk || !*label->kk ? "kk" : !label->ru || !*label->ru ? "ru" : !label->en || !*label->en ? "en" : NULL;
        return missing ? place_fail(place, xmlGetLineNo(node), "form: %s has no xs:documentation in %s", name, missing) : GW_OK;
}

static enum gw_rc read_values(const xmlNode *restriction, struct form_field *field, const struct place *place)
{
        size_t count = 0;
        for (const xmlNode *item = xml_first_element(restriction); item; item = xml_next_element(item))
                count += xml_is(item, XS_NS, "enumeration");
        if (!count)
                return GW_OK;
        field->values = xcalloc(count + 1, sizeof *field->values);
        field->value_labels = xcalloc(count, sizeof *field->value_labels);
        size_t i = 0;
        for (const xmlNode *item = xml_first_element(restriction); item; item = xml_next_element(item)) {
                if (!xml_is(item, XS_NS, "enumeration"))
                        continue;
                field->values[i] = xml_attribute(item, NULL, "value");
                enum gw_rc rc = read_label(item, field->values[i], &field->value_labels[i], place);
                i++;
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static char *plain_type(const xmlNode *node, const char *attribute)
{
        auto_str char *type = xml_attribute(node, NULL, attribute);
        const char *colon = type ? strchr(type, ':') : NULL;
        return colon ? xstrdup(colon + 1) : gw_take(&type);
}

static enum gw_rc read_field(const xmlNode *node, const char *path, struct form_field *field, const struct place *place)
{
        auto_str char *least = xml_attribute(node, NULL, "minOccurs");
        auto_str char *most = xml_attribute(node, NULL, "maxOccurs");
        const xmlNode *restriction = xml_child(xml_child(node, XS_NS, "simpleType"), XS_NS, "restriction");
        field->path = xstrdup(path);
        field->required = !str_eq(least, "0");
        field->repeated = most && !str_eq(most, "1") && !str_eq(most, "0");
        field->type = restriction ? plain_type(restriction, "base") : plain_type(node, "type");
        enum gw_rc rc = read_label(node, path, &field->label, place);
        return rc == GW_OK ? read_values(restriction, field, place) : rc;
}

/* Every xs:element below, in document order. */
static enum gw_rc read_below(struct walk *walk, const xmlNode *parent, const char *prefix)
{
        if (++walk->depth > DEPTH_MAX)
                return place_fail(walk->place, xmlGetLineNo(parent), "form: too deep");
        for (const xmlNode *node = xml_first_element(parent); node; node = xml_next_element(node)) {
                auto_str char *name = xml_is(node, XS_NS, "element") ? xml_attribute(node, NULL, "name") : NULL;
                auto_str char *path = name && *prefix ? xasprintf("%s/%s", prefix, name) : xstrdup(name ? name : prefix);
                enum gw_rc rc = GW_OK;
                if (name) {
                        struct service *service = walk->service;
                        if (service->field_count == FIELDS_MAX)
                                return place_fail(walk->place, xmlGetLineNo(node), "form: more than %d fields", FIELDS_MAX);
                        service->fields = xrealloc(service->fields, (service->field_count + 1) * sizeof *service->fields);
                        service->fields[service->field_count] = (struct form_field){.path = NULL};
                        rc = read_field(node, path, &service->fields[service->field_count++], walk->place);
                }
                if (rc == GW_OK)
                        rc = read_below(walk, node, path);
                if (rc != GW_OK)
                        return rc;
        }
        walk->depth--;
        return GW_OK;
}

enum gw_rc service_read_form(const xmlNode *form, struct service *service, const struct place *place)
{
        struct walk walk = {.service = service, .place = place};
        return read_below(&walk, form, "");
}

void service_form_done(struct service *service)
{
        for (size_t i = 0; i < service->field_count; i++) {
                struct form_field *field = &service->fields[i];
                free(field->path);
                free(field->type);
                text3_done(&field->label);
                for (size_t k = 0; field->values && field->values[k]; k++)
                        text3_done(&field->value_labels[k]);
                list_free(field->values);
                free(field->value_labels);
        }
        free(service->fields);
}
