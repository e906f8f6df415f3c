/* XPath as service files may use it: the 1.0 core over a document without namespaces, checked when the gateway starts, limited when it
 * runs. Nothing beyond the core: no extension functions, no prefixes, no variables but the named ones. */
#ifndef GW_CATALOGUE_XPATH_H
#define GW_CATALOGUE_XPATH_H

#include <libxml/xpath.h>

#include "gateway/base/why.h"

GW_DEFINE_AUTO(xpath_expr, xmlXPathCompExpr, xmlXPathFreeCompExpr)
GW_DEFINE_AUTO(xpath_context, xmlXPathContext, xmlXPathFreeContext)
GW_DEFINE_AUTO(xpath_object, xmlXPathObject, xmlXPathFreeObject)

enum xpath_type { XPATH_AS_IS, XPATH_AS_STRING, XPATH_AS_BOOLEAN };
/* variables: NULL-terminated names that may be used, or NULL for none. The expression is the caller's; it may be shared by threads (what
 * evaluation caches in it is the address of a core function, the same for everyone). why->detail says what is wrong; reason untouched. */
GW_MUST_CHECK enum gw_rc xpath_compile(const char *text, enum xpath_type type, const char *const *variables, xmlXPathCompExpr **ret_expr,
                                       struct why *why);

/* A context over the document, root element as context node; silent, and with a budget of operations for its whole life, so that no rule
 * can hold a loop. NULL when memory is out. */
xmlXPathContext *xpath_context_new(xmlDoc *doc);

#endif
