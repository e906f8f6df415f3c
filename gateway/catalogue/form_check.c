/* A form against the service's schema: libxml2 validates, we say which field and which rule in words of our own. */
#include "gateway/catalogue/form_check.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"

#define DEPTH_MAX 16
#define NAME_MAX_BYTES 60
#define EXPECTED_MAX 32

GW_DEFINE_AUTO(schema_valid, xmlSchemaValidCtxt, xmlSchemaFreeValidCtxt)

const char *const form_rule_names[] = {"NONE", "MISSING", "UNEXPECTED", "VALUES", "PATTERN", "LENGTH", "RANGE", "TYPE", "IIN", "IBAN"};

static const struct { const char *kk, *ru, *en; } rule_texts[FORM_RULE_COUNT] = {
        [FORM_RULE_NONE] = {"дұрыс толтырылмаған", "заполнено неверно", "is not filled in correctly"},
        [FORM_MISSING] = {"толтырылмаған", "не заполнено", "is missing"},
        [FORM_UNEXPECTED] = {"бұл жерде мұндай өріс болмауы тиіс", "такого поля здесь быть не должно", "is not expected here"},
        [FORM_VALUES] = {"мәні рұқсат етілген тізімде жоқ", "значения нет в списке допустимых", "is not one of the values that are listed"},
        [FORM_PATTERN] = {"талап етілген үлгіде жазылмаған", "записано не по установленному образцу", "is not written in the form that is asked for"},
        [FORM_LENGTH] = {"тым қысқа немесе тым ұзын", "слишком короткое или слишком длинное", "is too short or too long"},
        [FORM_RANGE] = {"рұқсат етілген шектен тыс", "вне допустимых пределов", "is outside the limits"},
        [FORM_TYPE] = {"күн, сан немесе «иә/жоқ» мәні ретінде оқылмайды", "не читается как дата, число или «да/нет»", "cannot be read as a date, a number, or yes or no"},
        [FORM_IIN] = {"ЖСН қате", "ИИН указан неверно", "is not an IIN"},
        [FORM_IBAN] = {"шот нөмірі (IBAN) қате", "номер счёта (IBAN) указан неверно", "is not an IBAN"},
};

/* ---- what libxml2 says, in our words ---- */

/* The first one. */
struct complaint {
        const struct service *service;
        bool noted;
        struct form_mistake mistake;
        char parent[FORM_PATH_MAX]; /* where an expected element would stand */
};

static enum form_rule rule_of(int code)
{
        switch (code) {
        case XML_SCHEMAV_ELEMENT_CONTENT:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_4:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2:
        case XML_SCHEMAV_CVC_ELT_1:
                return FORM_UNEXPECTED;
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_4:
                return FORM_MISSING;
        case XML_SCHEMAV_CVC_ENUMERATION_VALID:
                return FORM_VALUES;
        case XML_SCHEMAV_CVC_PATTERN_VALID:
                return FORM_PATTERN;
        case XML_SCHEMAV_CVC_LENGTH_VALID:
        case XML_SCHEMAV_CVC_MINLENGTH_VALID:
        case XML_SCHEMAV_CVC_MAXLENGTH_VALID:
                return FORM_LENGTH;
        case XML_SCHEMAV_CVC_MININCLUSIVE_VALID:
        case XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID:
        case XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID:
        case XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID:
        case XML_SCHEMAV_CVC_TOTALDIGITS_VALID:
        case XML_SCHEMAV_CVC_FRACTIONDIGITS_VALID:
                return FORM_RANGE;
        case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1:
        case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2:
        case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3:
                return FORM_TYPE;
        default: /* int, not an enum: libxml2 has hundreds */
                return FORM_RULE_NONE;
        }
}

/* A name cut to fit, at a character border. */
static size_t name_bytes(const xmlChar *name)
{
        size_t n = strlen((const char *)name);
        if (n > NAME_MAX_BYTES)
                for (n = NAME_MAX_BYTES; n > 0 && (name[n] & 0xC0) == 0x80;)
                        n--;
        return n;
}

static bool is_element(const xmlNode *node)
{
        return node && node->type == XML_ELEMENT_NODE;
}

/* "form/childIin", "application/language", "application/attachments/attachment/@name"; what does not fit is left out from its beginning. */
static void write_path(const xmlNode *node, char out[FORM_PATH_MAX])
{
        size_t at = FORM_PATH_MAX - 1;
        char text[FORM_PATH_MAX] = "";
        for (unsigned depth = 0; node && (is_element(node) || node->type == XML_ATTRIBUTE_NODE) && depth < DEPTH_MAX; node = node->parent, depth++) {
                size_t n = name_bytes(node->name);
                bool attribute = node->type == XML_ATTRIBUTE_NODE, form = depth > 0 && str_eq((const char *)node->name, "form");
                if (n + 2 > at)
                        break;
                if (depth)
                        text[--at] = '/';
                at -= n;
                memcpy(text + at, node->name, n);
                if (attribute)
                        text[--at] = '@';
                if (form)
                        break;
        }
        snprintf(out, FORM_PATH_MAX, "%s", text + at);
}

static const struct form_field *field_of(const struct service *service, const char *path)
{
        for (size_t i = 0; str_starts(path, "form/") && i < service->field_count; i++)
                if (str_eq(service->fields[i].path, path + strlen("form/")))
                        return &service->fields[i];
        return NULL;
}

/* The next name after "Expected is", without its namespace; false: no more. What stands there comes out of the schema, but it is read with care all the same. */
static bool next_expected(const char **text, char name[NAME_MAX_BYTES + 1])
{
        const char *p = *text;
        while (*p == ' ' || *p == ',')
                p++;
        if (*p == '{')
                p = strchr(p, '}') ? strchr(p, '}') + 1 : "";
        size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
        if (n == 0 || n > NAME_MAX_BYTES)
                return false;
        memcpy(name, p, n);
        name[n] = '\0';
        *text = p + n;
        return true;
}

static const char *after_last(const char *text, const char *words)
{
        const char *found = NULL;
        for (const char *p = text; (p = strstr(p, words)); p += strlen(words))
                found = p + strlen(words);
        return found;
}

/* Of several that could come next, the one that must: a required field of the form; elsewhere the last, since those before it are optional. */
static bool find_missing(const struct complaint *complaint, const xmlNode *parent, const char *message, char out[FORM_PATH_MAX])
{
        const char *text = after_last(message, "Expected is");
        text = text ? strchr(text, '(') : NULL;
        if (!text)
                return false;
        text++;
        char name[NAME_MAX_BYTES + 1], path[FORM_PATH_MAX];
        bool missing = false, in_form = str_starts(complaint->parent, "form") || str_eq(complaint->parent, "application/form");
        for (int i = 0; i < EXPECTED_MAX && !(in_form && missing) && next_expected(&text, name); i++) {
                snprintf(path, sizeof path, "%s/%s", str_eq(complaint->parent, "application/form") ? "form" : complaint->parent, name);
                const struct form_field *field = field_of(complaint->service, path);
                missing = !xml_child(parent, APPLICATION_NS, name) && (!in_form || !field || field->required);
        }
        if (missing)
                memcpy(out, path, sizeof path);
        return missing;
}

/* Only names are kept: libxml2's message quotes the value (I8). */
static void note_error(void *ctx, xmlError *error)
{
        struct complaint *complaint = ctx;
        const xmlNode *node = error->node;
        if (complaint->noted || !node)
                return;
        complaint->noted = true;
        struct form_mistake *mistake = &complaint->mistake;
        mistake->rule = rule_of(error->code);
        write_path(node, mistake->path);
        if (error->code == XML_SCHEMAV_ELEMENT_CONTENT) {
                /* "Missing child element(s)" is about the parent, "not expected" about the child that came instead. */
                const xmlNode *parent = strstr(error->message, "Missing child element") && !strstr(error->message, "This element is not expected") ? node : node->parent;
                if (is_element(parent)) {
                        write_path(parent, complaint->parent);
                        if (find_missing(complaint, parent, error->message, mistake->path))
                                mistake->rule = FORM_MISSING;
                }
        }
        mistake->field = field_of(complaint->service, mistake->path);
}

/* ---- beyond the schema ---- */

static enum gw_rc refuse(const struct form_mistake *mistake, struct form_mistake *ret_mistake, struct why *why)
{
        if (ret_mistake)
                *ret_mistake = *mistake;
        return why_set(why, GW_REJECT, REASON_FORM_INVALID, "%s: %s", mistake->path, rule_texts[mistake->rule].en);
}

/* What no pattern can say of a number: dates and check digits. Of fields of the types app:iin and app:iban that stand once. */
static enum gw_rc check_numbers(const struct service *service, const xmlNode *root, struct form_mistake *ret_mistake, struct why *why)
{
        for (size_t i = 0; i < service->field_count; i++) {
                const struct form_field *field = &service->fields[i];
                bool iin = str_eq(field->type, "iin");
                if (field->repeated || (!iin && !str_eq(field->type, "iban")))
                        continue;
                auto_str char *text = application_field(root, field->path);
                if (!text || (iin ? iin_valid(text, true, NULL) : iban_valid(text)))
                        continue;
                struct form_mistake mistake = {.rule = iin ? FORM_IIN : FORM_IBAN, .field = field};
                snprintf(mistake.path, sizeof mistake.path, "form/%s", field->path);
                return refuse(&mistake, ret_mistake, why);
        }
        return GW_OK;
}

static enum gw_rc check_schema(const struct service *service, xmlDoc *application, struct form_mistake *ret_mistake, struct why *why)
{
        gw_auto(schema_valid) xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(service->schema);
        if (!service->schema || !valid)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the form's schema cannot be used");
        struct complaint complaint = {.service = service, .mistake = {.path = "application"}};
        xmlSchemaSetValidStructuredErrors(valid, note_error, &complaint);
        int result = xmlSchemaValidateDoc(valid, application);
        if (result < 0)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the form's schema cannot be used");
        return result > 0 ? refuse(&complaint.mistake, ret_mistake, why) : GW_OK;
}

enum gw_rc service_check_form(const struct service *service, xmlDoc *application, struct form_mistake *ret_mistake, struct why *why)
{
        enum gw_rc rc = check_schema(service, application, ret_mistake, why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *root = xmlDocGetRootElement(application);
        rc = check_numbers(service, root, ret_mistake, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *consent = xml_child_text(root, APPLICATION_NS, "consent");
        if (!str_eq(consent, "true") && !str_eq(consent, "1"))
                return why_set(why, GW_REJECT, REASON_CONSENT_MISSING, "consent is not true");
        if (!service->representatives && xml_child(root, APPLICATION_NS, "representative"))
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "application/representative: this service is only for the person");
        return GW_OK;
}

/* ---- told ---- */

json_t *form_mistake_json(const struct form_mistake *mistake)
{
        if (!mistake->path[0])
                return NULL;
        const struct text3 *label = mistake->field ? &mistake->field->label : NULL;
        const char *path = mistake->path;
        return json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}}}", "field", "path", path, "kk", label ? label->kk : path, "ru", label ? label->ru : path, "en", label ? label->en : path,
                         "rule", form_rule_names[mistake->rule], "ruleText", "kk", rule_texts[mistake->rule].kk, "ru", rule_texts[mistake->rule].ru, "en", rule_texts[mistake->rule].en);
}
