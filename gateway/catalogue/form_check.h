/* The filled-in form of an application against the service's own schema, and what of it is told to people: which field, by which rule, in their language; never what
 * they wrote (I8). */
#ifndef GW_CATALOGUE_FORM_CHECK_H
#define GW_CATALOGUE_FORM_CHECK_H

#include <jansson.h>

#include "gateway/catalogue/catalogue.h"

enum form_rule {
        FORM_RULE_NONE, /* it is about something else than a field */
        FORM_MISSING,
        FORM_UNEXPECTED,
        FORM_VALUES,    /* one of a list */
        FORM_PATTERN,
        FORM_LENGTH,
        FORM_RANGE,
        FORM_TYPE,      /* a date, a number, yes or no */
        FORM_IIN,
        FORM_IBAN,
        FORM_RULE_COUNT
};
extern const char *const form_rule_names[];   /* "MISSING"; stable */

#define FORM_PATH_MAX 160
struct form_mistake {
        enum form_rule rule;
        char path[FORM_PATH_MAX];        /* "form/childIin", "application/language" */
        const struct form_field *field;  /* of the service; NULL: one that every application has, or none of the form's */
};
/* Of a verified application. Reasons: FORM_INVALID, the detail has field and rule, and the first mistake is in *ret_mistake (when not NULL); CONSENT_MISSING. */
GW_MUST_CHECK enum gw_rc service_check_form(const struct service *service, xmlDoc *application, struct form_mistake *ret_mistake, struct why *why);
/* For a problem: {"field": {"path", "kk", "ru", "en", "rule", "ruleText": {"kk", "ru", "en"}}}: the field's label and the rule; the path stands for a label that the service does not have. NULL: no
 * mistake was noted, or its name cannot be told as JSON. */
json_t *form_mistake_json(const struct form_mistake *mistake);

#endif
