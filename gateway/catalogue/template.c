/* Compiles result templates into a flat list of steps and runs it.
 *
 * Canonical form is decided here once: attributes are sorted and literal text is escaped at start, so filling is copying bytes and
 * evaluating expressions. */
#include <stdlib.h>
#include <string.h>

#include <libxml/xpathInternals.h>

#include "gateway/base/text.h"
#include "gateway/catalogue/template.h"
#include "gateway/catalogue/xpath.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

enum op_kind {
        OP_LITERAL,   /* bytes from..from+n */
        OP_TEXT,      /* string value, escaped as text */
        OP_ATTRIBUTE, /* string value, escaped as attribute value */
        OP_IF,        /* false: go to end */
        OP_EACH,      /* runs the steps up to end for each node */
};
struct op {
        enum op_kind kind;
        size_t from, n;
        size_t end;
        xmlXPathCompExpr *expr;
        long line;
};
struct template {
        struct op *ops;
        size_t op_count, op_cap;
        struct buf literals;
};

static const char *const variable_names[] = {
#define X(constant, name) name,
        TEMPLATE_VARIABLES
#undef X
        NULL,
};

void template_free(struct template *template)
{
        if (!template)
                return;
        for (size_t i = 0; i < template->op_count; i++)
                xmlXPathFreeCompExpr(template->ops[i].expr);
        free(template->ops);
        buf_done(&template->literals);
        free(template);
}

/* ---- at start ---- */

struct compiler {
        struct template *template;
        const xmlNode *root;
        size_t jump_end; /* steps before this one are closed: a jump leads here */
        long line;       /* where the mistake is */
        struct why *why;
};

static struct op *add_op(struct compiler *c, enum op_kind kind)
{
        struct template *t = c->template;
        if (t->op_count == t->op_cap) {
                t->op_cap = t->op_cap ? t->op_cap * 2 : 64;
                t->ops = xrealloc(t->ops, t->op_cap * sizeof *t->ops);
        }
        t->ops[t->op_count] = (struct op){.kind = kind, .line = c->line};
        return &t->ops[t->op_count++];
}

/* Bytes appended to the literals since `from` become a step, or part of the one before. */
static void end_literal(struct compiler *c, size_t from)
{
        struct template *t = c->template;
        size_t last = t->op_count - 1;
        if (t->op_count > c->jump_end && t->ops[last].kind == OP_LITERAL) {
                t->ops[last].n = t->literals.n - t->ops[last].from;
                return;
        }
        if (t->literals.n == from)
                return;
        struct op *op = add_op(c, OP_LITERAL);
        op->from = from;
        op->n = t->literals.n - from;
}

static void add_literal(struct compiler *c, const char *text)
{
        size_t from = c->template->literals.n;
        buf_add_str(&c->template->literals, text);
        end_literal(c, from);
}

static void add_escaped(struct compiler *c, enum op_kind kind, struct span text)
{
        size_t from = c->template->literals.n;
        if (kind == OP_ATTRIBUTE)
                canon_attribute_value(&c->template->literals, text);
        else
                canon_text(&c->template->literals, text);
        end_literal(c, from);
}

static enum gw_rc add_expr(struct compiler *c, enum op_kind kind, struct span text)
{
        auto_str char *copy = span_dup(text);
        enum xpath_type type = kind == OP_EACH ? XPATH_AS_IS : kind == OP_IF ? XPATH_AS_BOOLEAN : XPATH_AS_STRING;
        xmlXPathCompExpr *expr = NULL;
        enum gw_rc rc = xpath_compile(copy, type, variable_names, &expr, c->why);
        if (rc != GW_OK)
                return rc;
        add_op(c, kind)->expr = expr;
        return GW_OK;
}

/* The "}" that ends the expression, string literals skipped; NULL when there is none. */
static const char *expression_end(const char *p)
{
        while (*p && *p != '}') {
                const char *quoted = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : p;
                if (!quoted)
                        return NULL;
                p = quoted + 1;
        }
        return *p ? p : NULL;
}

static enum gw_rc compile_value(struct compiler *c, enum op_kind kind, const char *text)
{
        for (const char *p = text; *p;) {
                size_t n = strcspn(p, "{}");
                add_escaped(c, kind, span_of(p, n));
                p += n;
                if (!*p)
                        break;
                if (p[0] == p[1]) {
                        add_escaped(c, kind, span_of(p, 1));
                        p += 2;
                        continue;
                }
                const char *end = *p == '{' ? expression_end(p + 1) : NULL;
                if (!end)
                        return why_say(c->why, GW_FAULT, "%s", *p == '{' ? "\"{\" without \"}\"" : "\"}\" without \"{\"");
                enum gw_rc rc = add_expr(c, kind, span_of(p + 1, (size_t)(end - p - 1)));
                if (rc != GW_OK)
                        return rc;
                p = end + 1;
        }
        return GW_OK;
}

static char *collapse(const char *text)
{
        struct buf out = BUF_INIT;
        for (const char *p = text; *p;) {
                size_t blank = strspn(p, " \t\r\n");
                size_t word = strcspn(p + blank, " \t\r\n");
                if (blank > 0 && out.n > 0 && word > 0)
                        buf_add_char(&out, ' ');
                buf_add(&out, p + blank, word);
                p += blank + word;
        }
        return buf_take_str(&out);
}

static bool is_template_ns(const xmlNs *ns)
{
        return ns && str_eq((const char *)ns->href, TEMPLATE_NS);
}

/* Canonical XML declares a namespace where it appears first: on the root only keeps that place the same whatever t:if leaves out. */
static bool is_declared_on_root(const struct compiler *c, const xmlNs *ns)
{
        for (const xmlNs *at = c->root->nsDef; at; at = at->next)
                if (at == ns)
                        return true;
        return ns && str_eq((const char *)ns->prefix, "xml");
}

static void add_name(struct buf *out, const xmlNs *ns, const xmlChar *name)
{
        if (ns && ns->prefix) {
                buf_add_str(out, (const char *)ns->prefix);
                buf_add_char(out, ':');
        }
        buf_add_str(out, (const char *)name);
}

static int compare_text(const void *a, const void *b)
{
        const char *left = a ? a : "", *right = b ? b : "";
        return strcmp(left, right);
}

static int compare_ns(const void *a, const void *b)
{
        const xmlNs *const *left = a, *const *right = b;
        return compare_text((*left)->prefix, (*right)->prefix);
}

/* C14N 1.0, 2.2: by namespace URI (none first), then local name. */
static int compare_attributes(const void *a, const void *b)
{
        const xmlAttr *const *left = a, *const *right = b;
        int order = compare_text((*left)->ns ? (*left)->ns->href : NULL, (*right)->ns ? (*right)->ns->href : NULL);
        return order ? order : compare_text((*left)->name, (*right)->name);
}

#define ATTRIBUTES_MAX 32 /* xml_limits_default has no more per tag */

static enum gw_rc compile_namespaces(struct compiler *c)
{
        const xmlNs *sorted[ATTRIBUTES_MAX];
        size_t count = 0;
        for (const xmlNs *ns = c->root->nsDef; ns; ns = ns->next)
                if (!is_template_ns(ns) && count < GW_COUNT(sorted))
                        sorted[count++] = ns;
        qsort(sorted, count, sizeof sorted[0], compare_ns);
        struct buf *out = &c->template->literals;
        size_t from = out->n;
        for (size_t i = 0; i < count; i++) {
                buf_add_str(out, sorted[i]->prefix ? " xmlns:" : " xmlns");
                buf_add_str(out, (const char *)sorted[i]->prefix);
                buf_add_str(out, "=\"");
                canon_attribute_value(out, span_str((const char *)sorted[i]->href));
                buf_add_char(out, '"');
        }
        end_literal(c, from);
        return GW_OK;
}

static enum gw_rc compile_attribute(struct compiler *c, const xmlNode *node, const xmlAttr *attr)
{
        struct buf *out = &c->template->literals;
        size_t from = out->n;
        buf_add_char(out, ' ');
        add_name(out, attr->ns, attr->name);
        buf_add_str(out, "=\"");
        end_literal(c, from);
        auto_str char *value = xml_attribute(node, attr->ns ? (const char *)attr->ns->href : NULL, (const char *)attr->name);
        enum gw_rc rc = compile_value(c, OP_ATTRIBUTE, value ? value : "");
        if (rc == GW_OK)
                add_literal(c, "\"");
        return rc;
}

static enum gw_rc compile_attributes(struct compiler *c, const xmlNode *node)
{
        const xmlAttr *sorted[ATTRIBUTES_MAX];
        size_t count = 0;
        for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
                if (is_template_ns(attr->ns)) {
                        if (!str_eq((const char *)attr->name, "if") && !str_eq((const char *)attr->name, "each"))
                                return why_say(c->why, GW_FAULT, "there is no t:%s", (const char *)attr->name);
                        continue;
                }
                if (attr->ns && !is_declared_on_root(c, attr->ns))
                        return why_say(c->why, GW_FAULT, "a template's namespaces are declared on its root element only");
                if (count < GW_COUNT(sorted))
                        sorted[count++] = attr;
        }
        qsort(sorted, count, sizeof sorted[0], compare_attributes);
        for (size_t i = 0; i < count; i++) {
                enum gw_rc rc = compile_attribute(c, node, sorted[i]);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static enum gw_rc compile_element(struct compiler *c, const xmlNode *node);

static enum gw_rc compile_children(struct compiler *c, const xmlNode *node)
{
        for (const xmlNode *child = node->children; child; child = child->next) {
                enum gw_rc rc = GW_OK;
                c->line = xmlGetLineNo(child);
                if (child->type == XML_ELEMENT_NODE) {
                        rc = compile_element(c, child);
                } else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
                        auto_str char *text = collapse((const char *)child->content);
                        rc = compile_value(c, OP_TEXT, text);
                }
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static enum gw_rc compile_tag(struct compiler *c, const xmlNode *node)
{
        struct buf *out = &c->template->literals;
        size_t from = out->n;
        buf_add_char(out, '<');
        add_name(out, node->ns, node->name);
        end_literal(c, from);
        enum gw_rc rc = node == c->root ? compile_namespaces(c) : GW_OK;
        if (rc == GW_OK)
                rc = compile_attributes(c, node);
        if (rc != GW_OK)
                return rc;
        add_literal(c, ">");
        rc = compile_children(c, node);
        if (rc != GW_OK)
                return rc;
        from = out->n;
        buf_add_str(out, "</");
        add_name(out, node->ns, node->name);
        buf_add_char(out, '>');
        end_literal(c, from);
        return GW_OK;
}

/* t:each or t:if of the element; *ret_op is the step whose end is still open, or SIZE_MAX. */
static enum gw_rc compile_condition(struct compiler *c, const xmlNode *node, const char *name, enum op_kind kind, size_t *ret_op)
{
        *ret_op = SIZE_MAX;
        auto_str char *text = xml_attribute(node, TEMPLATE_NS, name);
        if (!text)
                return GW_OK;
        if (node == c->root)
                return why_say(c->why, GW_FAULT, "t:%s cannot be on the root element", name);
        enum gw_rc rc = add_expr(c, kind, span_str(text));
        if (rc == GW_OK)
                *ret_op = c->template->op_count - 1;
        return rc;
}

static enum gw_rc compile_element(struct compiler *c, const xmlNode *node)
{
        c->line = xmlGetLineNo(node);
        if (is_template_ns(node->ns))
                return why_say(c->why, GW_FAULT, "there is no element t:%s", (const char *)node->name);
        if ((node != c->root && node->nsDef) || (node->ns && !is_declared_on_root(c, node->ns)))
                return why_say(c->why, GW_FAULT, "a template's namespaces are declared on its root element only");
        size_t each, condition;
        enum gw_rc rc = compile_condition(c, node, "each", OP_EACH, &each);
        if (rc == GW_OK)
                rc = compile_condition(c, node, "if", OP_IF, &condition);
        if (rc == GW_OK)
                rc = compile_tag(c, node);
        if (rc != GW_OK)
                return rc;
        struct template *t = c->template;
        if (condition != SIZE_MAX)
                t->ops[condition].end = t->op_count;
        if (each != SIZE_MAX)
                t->ops[each].end = t->op_count;
        if (condition != SIZE_MAX || each != SIZE_MAX)
                c->jump_end = t->op_count;
        return GW_OK;
}

enum gw_rc template_compile(const xmlNode *root, struct template **ret_template, long *ret_line, struct why *why)
{
        gw_auto(template) struct template *template = xcalloc(1, sizeof *template);
        template->literals = (struct buf)BUF_INIT;
        struct compiler c = {.template = template, .root = root, .why = why};
        enum gw_rc rc = compile_element(&c, root);
        if (rc == GW_OK && buf_failed(&template->literals))
                rc = why_say(why, GW_FAULT, "the template is too large");
        if (rc != GW_OK) {
                *ret_line = c.line;
                return rc;
        }
        *ret_template = gw_take(&template);
        return GW_OK;
}

/* ---- per request ---- */

struct filler {
        const struct template *template;
        xmlXPathContext *xpath;
        struct buf *out;
        struct why *why;
};

static xmlXPathObject *variable_value(void *ctx, const xmlChar *name, const xmlChar *ns GW_UNUSED)
{
        const char *const *values = ctx;
        for (size_t i = 0; i < TEMPLATE_VARIABLE_COUNT; i++)
                if (str_eq((const char *)name, variable_names[i]))
                        return xmlXPathNewCString(values[i] ? values[i] : "");
        return NULL;
}

static enum gw_rc fault(const struct filler *f, const struct op *op)
{
        return why_set(f->why, GW_FAULT, REASON_INTERNAL, "the template's expression in line %ld cannot be evaluated", op->line);
}

static enum gw_rc run(struct filler *f, size_t from, size_t to);

static enum gw_rc run_each(struct filler *f, size_t index)
{
        const struct op *op = &f->template->ops[index];
        gw_auto(xpath_object) xmlXPathObject *found = xmlXPathCompiledEval(op->expr, f->xpath);
        if (!found || found->type != XPATH_NODESET)
                return fault(f, op);
        xmlNode *outer = f->xpath->node;
        int outer_size = f->xpath->contextSize, outer_position = f->xpath->proximityPosition;
        int count = found->nodesetval ? found->nodesetval->nodeNr : 0;
        enum gw_rc rc = GW_OK;
        for (int i = 0; i < count && rc == GW_OK; i++) {
                f->xpath->node = found->nodesetval->nodeTab[i];
                f->xpath->contextSize = count;
                f->xpath->proximityPosition = i + 1;
                rc = run(f, index + 1, op->end);
        }
        f->xpath->node = outer;
        f->xpath->contextSize = outer_size;
        f->xpath->proximityPosition = outer_position;
        return rc;
}

static enum gw_rc run_value(struct filler *f, const struct op *op)
{
        gw_auto(xpath_object) xmlXPathObject *value = xmlXPathCompiledEval(op->expr, f->xpath);
        if (!value || value->type != XPATH_STRING || !value->stringval)
                return fault(f, op);
        struct span text = span_str((const char *)value->stringval);
        if (op->kind == OP_ATTRIBUTE)
                canon_attribute_value(f->out, text);
        else
                canon_text(f->out, text);
        return GW_OK;
}

static enum gw_rc run(struct filler *f, size_t from, size_t to)
{
        for (size_t i = from; i < to;) {
                const struct op *op = &f->template->ops[i];
                enum gw_rc rc = GW_OK;
                int truth;
                switch (op->kind) {
                case OP_LITERAL:
                        buf_add(f->out, f->template->literals.p + op->from, op->n);
                        i++;
                        break;
                case OP_TEXT:
                case OP_ATTRIBUTE:
                        rc = run_value(f, op);
                        i++;
                        break;
                case OP_IF:
                        truth = xmlXPathCompiledEvalToBoolean(op->expr, f->xpath);
                        rc = truth < 0 ? fault(f, op) : GW_OK;
                        i = truth > 0 ? i + 1 : op->end;
                        break;
                case OP_EACH:
                        rc = run_each(f, i);
                        i = op->end;
                        break;
                }
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* What stands in conf must not break the document: XML 1.0 has no control characters but these three. */
static bool is_xml_text(const char *value)
{
        if (!value)
                return true;
        for (const char *p = value; *p; p++)
                if ((unsigned char)*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r')
                        return false;
        return text_is_utf8(span_str(value));
}

enum gw_rc template_fill(const struct template *template, xmlDoc *case_doc, const char *const values[TEMPLATE_VARIABLE_COUNT],
                         struct buf *out, struct why *why)
{
        for (size_t i = 0; i < TEMPLATE_VARIABLE_COUNT; i++)
                if (!is_xml_text(values[i]))
                        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "$%s is not UTF-8 text", variable_names[i]);
        gw_auto(xpath_context) xmlXPathContext *xpath = xpath_context_new(case_doc);
        if (!xpath)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        /* libxml2 takes void * for what it only hands back. */
        union { const char *const *in; void *out; } data = {.in = values};
        xmlXPathRegisterVariableLookup(xpath, variable_value, data.out);
        struct filler f = {.template = template, .xpath = xpath, .out = out, .why = why};
        enum gw_rc rc = run(&f, 0, template->op_count);
        if (rc != GW_OK)
                return rc;
        if (buf_failed(out))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the result document is too large");
        return GW_OK;
}
