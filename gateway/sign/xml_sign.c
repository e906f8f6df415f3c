/* Signs what we compose ourselves, as text: a SOAP envelope (WS-Security) and an enveloped signature in a canonical document. */
#include "gateway/sign/xml_sign.h"

#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/signature_text.h"
#include "gateway/soap/soap.h"

/* Body in exclusive canonical form: soap and wsu are visibly used by its own name and attribute, so both are rendered here
 * (exc-c14n 2.2), sorted by prefix; what the content declares stays with the content. */
static void add_body(struct buf *out, const char *soap_ns, const char *id, struct span content)
{
        buf_add_str(out, "<soap:Body xmlns:soap=\"");
        buf_add_str(out, soap_ns);
        buf_add_str(out, "\" xmlns:wsu=\"" WSU_NS "\" wsu:Id=\"");
        buf_add_str(out, id);
        buf_add_str(out, "\">");
        buf_add_span(out, content);
        buf_add_str(out, "</soap:Body>");
}

enum gw_rc xml_sign_envelope(const struct signing_key *key, struct span body_content, const struct wsse_options *options, struct buf *out,
                             struct why *why)
{
        GW_ASSERT(options->soap_version == 11 || options->soap_version == 12);
        const char *soap_ns = options->soap_version == 12 ? SOAP12_NS : SOAP11_NS;
        char uuid[TEXT_UUID_MAX];
        auto_str char *id = xasprintf("id-%s", text_uuid(uuid));
        auto_buf struct buf body = BUF_INIT;
        add_body(&body, soap_ns, id, body_content);
        if (buf_failed(&body))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the message is too large to send");
        auto_buf struct buf signature = BUF_INIT;
        enum gw_rc rc = signature_text_add_wsse(key, id, buf_span(&body), &signature, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"");
        buf_add_str(out, soap_ns);
        /* xs: for xsi:type="xs:string" in the body. Used only inside a value, it is no part of Body's canonical form. */
        buf_add_str(out, "\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><soap:Header><wsse:Security xmlns:wsse=\"" WSSE_NS "\"");
        buf_add_str(out, options->must_understand ? " soap:mustUnderstand=\"1\">" : ">");
        buf_add_span(out, buf_span(&signature));
        buf_add_str(out, "</wsse:Security></soap:Header>");
        buf_add_span(out, buf_span(&body));
        buf_add_str(out, "</soap:Envelope>");
        if (buf_failed(out) || buf_failed(&signature))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the message is too large to send");
        return GW_OK;
}

/* ---- enveloped: reading just enough of a canonical document ---- */

struct canonical {
        struct span text;
        size_t root;     /* of '<' of the root's start tag */
        size_t root_end; /* behind the root's end tag */
        size_t end_tag;  /* of "</root>" */
};

static bool starts_at(struct span text, size_t at, const char *what)
{
        size_t n = strlen(what);
        return at <= text.n && text.n - at >= n && memcmp(text.p + at, what, n) == 0;
}

/* Offset of the next `what` from `at` on, or text.n. */
static size_t find(struct span text, size_t at, const char *what)
{
        const uint8_t *hit = at < text.n ? memmem(text.p + at, text.n - at, what, strlen(what)) : NULL;
        return hit ? (size_t)(hit - text.p) : text.n;
}

/* Behind the comment or processing instruction that starts at `at`; `at` itself when there is neither; text.n when it does not end. */
static size_t behind_markup(struct span text, size_t at)
{
        const char *end = starts_at(text, at, "<!--") ? "-->" : starts_at(text, at, "<?") ? "?>" : NULL;
        if (!end)
                return at;
        size_t hit = find(text, at + 2, end);
        return hit == text.n ? text.n : hit + strlen(end);
}

/* Start of the comment or instruction that ends at `end`, or `end`. "<!--" cannot occur inside a comment, nor "<?" in an
 * instruction that we accept here: the document would be refused, not signed wrongly. */
static size_t before_markup(struct span text, size_t end)
{
        const char *start = NULL;
        if (end >= 7 && starts_at(text, end - 3, "-->"))
                start = "<!--";
        else if (end >= 4 && starts_at(text, end - 2, "?>"))
                start = "<?";
        for (size_t at = start ? end - strlen(start) : 0; at > 0; at--)
                if (starts_at(text, at, start))
                        return at;
        return end;
}

/* C14N 2.1-2.2: comments and instructions before the root end with LF, those after it start with LF; no XML declaration. */
static bool canonical_split(struct span text, struct canonical *ret_canonical)
{
        struct canonical c = {.text = text, .root_end = text.n};
        if (starts_at(text, 0, "<?xml "))
                return false;
        for (size_t next; (next = behind_markup(text, c.root)) != c.root; c.root = next + 1)
                if (next >= text.n || text.p[next] != '\n')
                        return false;
        for (size_t previous; c.root_end > c.root && (previous = before_markup(text, c.root_end)) != c.root_end; c.root_end = previous - 1)
                if (previous == 0 || text.p[previous - 1] != '\n')
                        return false;
        if (c.root_end < c.root + strlen("<a></a>") || text.p[c.root_end - 1] != '>')
                return false;
        c.end_tag = c.root_end - 1;
        while (c.end_tag > c.root && text.p[c.end_tag] != '<')
                c.end_tag--;
        if (text.p[c.root] != '<' || c.end_tag == c.root || !starts_at(text, c.end_tag, "</"))
                return false;
        *ret_canonical = c;
        return true;
}

/* XML-DSig 4.3.3.3: URI="" is the document without its comments, even when the transform after it says #WithComments. */
static void add_without_comments(struct buf *out, const struct canonical *c)
{
        size_t kept = 0;
        for (size_t at = find(c->text, 0, "<"); at < c->text.n; at = find(c->text, at, "<")) {
                size_t behind = behind_markup(c->text, at);
                if (!starts_at(c->text, at, "<!--")) {
                        at = behind > at ? behind : at + 1;
                        continue;
                }
                /* the LF that goes with a comment outside the root */
                size_t from = at >= c->root_end ? at - 1 : at;
                at = behind < c->root ? behind + 1 : behind;
                buf_add(out, c->text.p + kept, from - kept);
                kept = at;
        }
        buf_add(out, c->text.p + kept, c->text.n - kept);
}

/* One ` name="value"` of a canonical start tag; false at its '>'. */
static bool next_attribute(struct span text, size_t *at, struct span *ret_whole, struct span *ret_name)
{
        if (!starts_at(text, *at, " "))
                return false;
        size_t equals = find(text, *at, "=\"");
        size_t quote = find(text, equals + 2, "\"");
        if (quote >= text.n)
                return false;
        *ret_whole = span_of(text.p + *at, quote + 1 - *at);
        *ret_name = span_of(text.p + *at + 1, equals - *at - 1);
        *at = quote + 1;
        return true;
}

static bool span_starts(struct span s, const char *prefix)
{
        return starts_at(s, 0, prefix);
}

static const char ds_declaration[] = " xmlns:ds=\"" DSIG_NS "\"";

/* What inclusive canonicalisation renders in the start tag of SignedInfo: all namespaces in scope (the root's, and ds) in the order
 * of their prefixes, then the root's xml: attributes (C14N 2.4). *ret_bound: the root binds ds to XML-DSig already. */
static void add_inherited(struct buf *out, const struct canonical *c, bool *ret_bound)
{
        size_t at = c->root + 1;
        while (at < c->text.n && c->text.p[at] != ' ' && c->text.p[at] != '>')
                at++;
        struct span whole, name, ds = span_str("xmlns:ds");
        bool written = false, bound = false;
        while (next_attribute(c->text, &at, &whole, &name)) {
                bool is_ds = span_eq(name, ds);
                bool is_namespace = span_eq_str(name, "xmlns") || span_starts(name, "xmlns:");
                if (!is_namespace && !span_starts(name, "xml:"))
                        continue;
                bound = bound || (is_ds && span_eq_str(whole, ds_declaration));
                size_t shorter = name.n < ds.n ? name.n : ds.n;
                int order = memcmp(name.p, ds.p, shorter);
                bool behind_ds = !is_namespace || order > 0 || (order == 0 && name.n > ds.n);
                if (!written && (is_ds || behind_ds)) {
                        buf_add_str(out, ds_declaration);
                        written = true;
                }
                if (!is_ds)
                        buf_add_span(out, whole);
        }
        if (!written)
                buf_add_str(out, ds_declaration);
        *ret_bound = bound;
}

enum gw_rc xml_sign_enveloped(const struct signing_key *key, struct span canonical, struct buf *out, struct why *why)
{
        struct canonical c;
        if (!canonical_split(canonical, &c))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the document to be signed is not canonical XML");
        auto_buf struct buf digested = BUF_INIT, inherited = BUF_INIT;
        bool has_comments = find(canonical, 0, "<!--") < canonical.n, ds_bound = false;
        if (has_comments)
                add_without_comments(&digested, &c);
        add_inherited(&inherited, &c, &ds_bound);
        struct signature_text text = {
                .c14n = C14N_URI,
                .reference_uri = "",
                .transforms = {ENVELOPED_URI, C14N_URI "#WithComments"},
                .namespaces = buf_span(&inherited),
                .digested = has_comments ? buf_span(&digested) : canonical,
        };
        auto_buf struct buf signature = BUF_INIT;
        enum gw_rc rc = signature_text_add(key, &text, true, &signature, why);
        if (rc != GW_OK)
                return rc;
        /* Bytes that are canonical again, so that a further signer can take them as they are: no second declaration of ds. */
        buf_add(out, canonical.p, c.end_tag);
        buf_add_str(out, "<ds:Signature");
        buf_add_str(out, ds_bound ? "" : ds_declaration);
        buf_add_str(out, ">");
        buf_add_span(out, buf_span(&signature));
        buf_add_str(out, "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
        buf_add_str(out, key->certificate_base64);
        buf_add_str(out, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
        buf_add(out, canonical.p + c.end_tag, canonical.n - c.end_tag);
        if (buf_failed(out) || buf_failed(&signature) || buf_failed(&digested) || buf_failed(&inherited))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the document is too large to be signed");
        return GW_OK;
}
