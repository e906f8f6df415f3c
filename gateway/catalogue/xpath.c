/* Checks, compiles and bounds the XPath expressions of service files. */
#include <ctype.h>
#include <string.h>

#include "gateway/catalogue/xpath.h"

/* Rules and templates of a case need some thousands; libxml2's fuzzers use half a million as "too much". */
#define OPERATIONS_MAX 500000

/* What may stand before "(": XPath 1.0 core functions (id() left out: it needs a DTD), node tests, operators. */
static const char *const callable[] = {
        "last", "position", "count", "name", "local-name", "namespace-uri", "string", "concat", "starts-with", "contains",
        "substring-before", "substring-after", "substring", "string-length", "normalize-space", "translate", "boolean", "not", "true",
        "false", "lang", "number", "sum", "floor", "ceiling", "round", "node", "text", "comment", "and", "or", "div", "mod", NULL,
};

static bool is_name_start(char c)
{
        return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t name_length(const char *p)
{
        size_t n = 0;
        while (is_name_start(p[n]) || isdigit((unsigned char)p[n]) || p[n] == '-' || p[n] == '.')
                n++;
        return n;
}

static bool is_listed(const char *name, size_t n, const char *const *list)
{
        for (; list && *list; list++)
                if (strlen(*list) == n && strncmp(*list, name, n) == 0)
                        return true;
        return false;
}

/* p is at a name: a function, a node test, an operator, or a plain name that needs no check. */
static enum gw_rc check_name(const char *p, size_t n, struct why *why)
{
        const char *after = p + n + strspn(p + n, " \t\r\n");
        if (after[0] == ':' && after[1] != ':')
                return why_say(why, GW_FAULT, "prefix \"%.*s:\" in an XPath expression: the case has no namespaces", (int)n, p);
        if (after[0] == '(' && !is_listed(p, n, callable))
                return why_say(why, GW_FAULT, "function %.*s() is not in the XPath core", (int)n, p);
        return GW_OK;
}

/* Only words are looked at; whether they make an expression is for libxml2 to say. */
static enum gw_rc check_words(const char *text, const char *const *variables, struct why *why)
{
        for (const char *p = text; *p;) {
                if (*p == '"' || *p == '\'') {
                        const char *end = strchr(p + 1, *p);
                        p = end ? end + 1 : p + strlen(p);
                        continue;
                }
                bool variable = *p == '$';
                p += variable;
                size_t n = is_name_start(*p) ? name_length(p) : 0;
                if (variable && !is_listed(p, n, variables))
                        return why_say(why, GW_FAULT, "there is no variable $%.*s here", (int)n, p);
                if (!variable && n > 0 && check_name(p, n, why) != GW_OK)
                        return GW_FAULT;
                p += n > 0 ? n : *p != '\0';
        }
        return GW_OK;
}

static void note_error(void *ctx, xmlError *error)
{
        int *position = ctx;
        if (*position < 0)
                *position = error->int1;
}

/* Without a context a mistake has no position, but a context costs ten times the compiling: it is made only to tell the mistake. */
static enum gw_rc compile_text(const char *text, xmlXPathCompExpr **ret_expr, struct why *why)
{
        *ret_expr = xmlXPathCtxtCompile(NULL, (const xmlChar *)text);
        if (*ret_expr)
                return GW_OK;
        gw_auto(xpath_context) xmlXPathContext *context = xmlXPathNewContext(NULL);
        if (!context)
                return why_say(why, GW_FAULT, "out of memory");
        int position = -1;
        context->error = note_error;
        context->userData = &position;
        xmlXPathCompExpr *expr = xmlXPathCtxtCompile(context, (const xmlChar *)text);
        if (!expr)
                return why_say(why, GW_FAULT, "not an XPath expression (character %d): %.120s", position + 1, text);
        *ret_expr = expr;
        return GW_OK;
}

enum gw_rc xpath_compile(const char *text, enum xpath_type type, const char *const *variables, xmlXPathCompExpr **ret_expr, struct why *why)
{
        if (check_words(text, variables, why) != GW_OK)
                return GW_FAULT;
        gw_auto(xpath_expr) xmlXPathCompExpr *bare = NULL;
        if (compile_text(text, &bare, why) != GW_OK)
                return GW_FAULT;
        if (type == XPATH_AS_IS) {
                *ret_expr = gw_take(&bare);
                return GW_OK;
        }
        auto_str char *wrapped = xasprintf("%s(%s)", type == XPATH_AS_STRING ? "string" : "boolean", text);
        return compile_text(wrapped, ret_expr, why);
}

static void ignore_error(void *ctx GW_UNUSED, xmlError *error GW_UNUSED)
{
}

xmlXPathContext *xpath_context_new(xmlDoc *doc)
{
        gw_auto(xpath_context) xmlXPathContext *context = xmlXPathNewContext(doc);
        if (!context)
                return NULL;
        /* No object cache (xmlXPathContextSetCache): measured, it gains nothing here. */
        context->error = ignore_error;
        context->opLimit = OPERATIONS_MAX;
        context->node = xmlDocGetRootElement(doc);
        context->contextSize = context->proximityPosition = 1;
        return gw_take(&context);
}
