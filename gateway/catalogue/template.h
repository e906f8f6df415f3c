/* Result templates: compiled when the gateway starts, filled per request straight into Canonical XML 1.0.
 *
 * Any XML whose namespaces are all declared on its root. {xpath} in text and attribute values is replaced by the string value over the case
 * ("{{" and "}}" stand for braces); t:if="xpath" keeps an element only when true; t:each="xpath" repeats it with each node as context, and
 * its t:if is asked anew for each (t = urn:egov-gateway:template:1). Blanks in text are collapsed and trimmed, comments dropped. */
#ifndef GW_CATALOGUE_TEMPLATE_H
#define GW_CATALOGUE_TEMPLATE_H

#include <libxml/tree.h>

#include "gateway/base/buf.h"
#include "gateway/base/why.h"

#define TEMPLATE_NS "urn:egov-gateway:template:1"

/* X(constant, name in expressions) */
#define TEMPLATE_VARIABLES                                                                                          \
        X(NUMBER, "number")                   /* of the document */                                                 \
        X(OUTCOME, "outcome")                 /* POSITIVE | NEGATIVE | REFUSED */                                   \
        X(RULE, "rule")                       /* id of the rule that decided */                                     \
        X(REASON_KK, "reason-kk") X(REASON_RU, "reason-ru") X(REASON_EN, "reason-en")                               \
        X(DATE, "date")                       /* dd.mm.yyyy */                                                      \
        X(DATETIME, "datetime")               /* ISO 8601 with offset */                                            \
        X(QUARTER_KK, "quarter-kk")           /* of the case, in words: "төртінші" */                               \
        X(QUARTER_RU, "quarter-ru")           /* "четвёртый" */                                                     \
        X(SERVICE_NAME_KK, "service-name-kk") X(SERVICE_NAME_RU, "service-name-ru")                                 \
        X(SERVICE_NAME_EN, "service-name-en")                                                                       \
        X(ISSUER_NAME_KK, "issuer-name-kk") X(ISSUER_NAME_RU, "issuer-name-ru") X(ISSUER_BIN, "issuer-bin")         \
        X(NOTE_KK, "note-kk") X(NOTE_RU, "note-ru")
enum template_variable {
#define X(constant, name) TEMPLATE_##constant,
        TEMPLATE_VARIABLES
#undef X
        TEMPLATE_VARIABLE_COUNT
};

struct template;
/* root: the template's element in the service file, not kept. GW_FAULT with the line in *ret_line (written on failure only) and the detail;
 * reason untouched. */
GW_MUST_CHECK enum gw_rc template_compile(const xmlNode *root, struct template **ret_template, long *ret_line, struct why *why);
void template_free(struct template *template);
GW_DEFINE_AUTO(template, struct template, template_free)

/* values: borrowed, NULL reads as "". Must be UTF-8 without control characters. Appends; on failure out keeps what was written until
 * then. */
GW_MUST_CHECK enum gw_rc template_fill(const struct template *template, xmlDoc *case_doc, const char *const values[TEMPLATE_VARIABLE_COUNT],
                                       struct buf *out, struct why *why);

#endif
