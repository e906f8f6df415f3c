/* Signs what we compose ourselves, as text: a SOAP envelope (WS-Security) and an enveloped signature in a canonical document. */
#include "gateway/sign/xml_sign.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/signature_text.h"
#include "gateway/sign/xades_text.h"
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

/* Behind the name in the root's start tag. */
static size_t root_attributes(const struct canonical *c)
{
        size_t at = c->root + 1;
        while (at < c->text.n && c->text.p[at] != ' ' && c->text.p[at] != '>')
                at++;
        return at;
}

/* Whether the root's start tag holds this very declaration. */
static bool root_declares(const struct canonical *c, const char *declaration)
{
        size_t at = root_attributes(c);
        struct span whole, name;
        while (next_attribute(c->text, &at, &whole, &name))
                if (span_eq_str(whole, declaration))
                        return true;
        return false;
}

/* What inclusive canonicalisation renders in the start tag of SignedInfo: all namespaces in scope (the root's, and ds) in the order
 * of their prefixes, then the root's xml: attributes (C14N 2.4). */
static void add_inherited(struct buf *out, const struct canonical *c)
{
        size_t at = root_attributes(c);
        struct span whole, name, ds = span_str("xmlns:ds");
        bool written = false;
        while (next_attribute(c->text, &at, &whole, &name)) {
                bool is_ds = span_eq(name, ds);
                bool is_namespace = span_eq_str(name, "xmlns") || span_starts(name, "xmlns:");
                if (!is_namespace && !span_starts(name, "xml:"))
                        continue;
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
}

/* XAdES makes the difference between the two enveloped forms. */
struct properties {
        char signature_id[TEXT_UUID_MAX + 8], properties_id[TEXT_UUID_MAX + 24], document_reference_id[TEXT_UUID_MAX + 24];
        struct xades_text text;
        struct buf signed_bytes; /* SignedProperties in exclusive canonical form: the same wherever the document may be put */
};

static enum gw_rc prepare_properties(const struct signing_key *key, struct wall_time signing_time, struct properties *p, struct why *why)
{
        char uuid[TEXT_UUID_MAX];
        snprintf(p->signature_id, sizeof p->signature_id, "xades-%s", text_uuid(uuid));
        snprintf(p->properties_id, sizeof p->properties_id, "%s-properties", p->signature_id);
        snprintf(p->document_reference_id, sizeof p->document_reference_id, "%s-document", p->signature_id);
        p->text = (struct xades_text){.properties_id = p->properties_id, .document_reference_id = p->document_reference_id, .signing_time = signing_time};
        auto_buf struct buf certificate = BUF_INIT;
        if (!text_unbase64(&certificate, span_str(key->certificate_base64)))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the key's certificate is not base64");
        text_sha256(buf_span(&certificate), p->text.certificate_sha256);
        xades_text_add(&p->text, true, &p->signed_bytes);
        return GW_OK;
}

static void add_object(struct buf *out, const struct canonical *c, const struct properties *p, size_t *ret_at)
{
        buf_add_str(out, "<ds:Object><xades:QualifyingProperties");
        buf_add_str(out, root_declares(c, XADES_DECLARATION) ? "" : XADES_DECLARATION);
        buf_printf(out, " Target=\"#%s\">", p->signature_id);
        xades_text_add(&p->text, false, out);
        *ret_at = out->n;
        buf_add_str(out, "</xades:QualifyingProperties></ds:Object>");
}

static void describe_references(struct signature_text *text, struct span digested, const struct properties *p, const char *properties_uri)
{
        text->references[text->reference_count++] = (struct signature_reference){
                .uri = "", .id = p ? p->document_reference_id : NULL, .transforms = {ENVELOPED_URI, C14N_URI "#WithComments"}, .digested = digested};
        if (p)
                text->references[text->reference_count++] = (struct signature_reference){
                        .uri = properties_uri, .type = XADES_SIGNED_PROPERTIES_TYPE, .transforms = {EXC_C14N_URI}, .digested = buf_span(&p->signed_bytes)};
}

/* p NULL: without XAdES; then place is not looked at. */
static enum gw_rc sign_enveloped(const struct signing_key *key, struct span canonical, const struct properties *p, struct buf *out,
                                 struct xades_place *place, struct why *why)
{
        struct canonical c;
        if (!canonical_split(canonical, &c))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the document to be signed is not canonical XML");
        auto_buf struct buf digested = BUF_INIT, inherited = BUF_INIT, signature = BUF_INIT, value = BUF_INIT;
        bool has_comments = find(canonical, 0, "<!--") < canonical.n;
        if (has_comments)
                add_without_comments(&digested, &c);
        add_inherited(&inherited, &c);
        auto_str char *properties_uri = p ? xasprintf("#%s", p->properties_id) : NULL;
        struct signature_text text = {.c14n = C14N_URI, .namespaces = buf_span(&inherited)};
        describe_references(&text, has_comments ? buf_span(&digested) : canonical, p, properties_uri);
        enum gw_rc rc = signature_text_add(key, &text, true, &signature, &value, why);
        if (rc != GW_OK)
                return rc;
        /* Bytes that are canonical again, so that a further signer can take them as they are: no second declaration of ds. */
        buf_add(out, canonical.p, c.end_tag);
        buf_add_str(out, "<ds:Signature");
        buf_add_str(out, root_declares(&c, ds_declaration) ? "" : ds_declaration);
        if (p)
                buf_printf(out, " Id=\"%s\"", p->signature_id);
        buf_add_str(out, ">");
        buf_add_span(out, buf_span(&signature));
        buf_add_str(out, "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
        buf_add_str(out, key->certificate_base64);
        buf_add_str(out, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>");
        if (p) {
                add_object(out, &c, p, &place->at);
                buf_printf(&place->stamped, "<ds:SignatureValue%s>%s</ds:SignatureValue>", ds_declaration, buf_cstr(&value));
        }
        buf_add_str(out, "</ds:Signature>");
        buf_add(out, canonical.p + c.end_tag, canonical.n - c.end_tag);
        if (buf_failed(out) || buf_failed(&signature) || buf_failed(&digested) || buf_failed(&inherited))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the document is too large to be signed");
        return GW_OK;
}

enum gw_rc xml_sign_enveloped(const struct signing_key *key, struct span canonical, struct buf *out, struct why *why)
{
        return sign_enveloped(key, canonical, NULL, out, NULL, why);
}

enum gw_rc xml_sign_xades(const struct signing_key *key, struct span canonical, struct wall_time signing_time, struct buf *out,
                          struct xades_place *ret_place, struct why *why)
{
        struct properties properties = {.signed_bytes = BUF_INIT};
        struct xades_place place = {.stamped = BUF_INIT};
        enum gw_rc rc = prepare_properties(key, signing_time, &properties, why);
        if (rc == GW_OK)
                rc = sign_enveloped(key, canonical, &properties, out, &place, why);
        buf_done(&properties.signed_bytes);
        if (rc == GW_OK)
                *ret_place = place;
        else
                xades_place_done(&place);
        return rc;
}

void xades_place_done(struct xades_place *place)
{
        buf_done(&place->stamped);
}

void xml_sign_put_time_stamp(struct buf *document, const struct xades_place *place, struct span token)
{
        GW_ASSERT(place->at <= document->n);
        auto_buf struct buf tail = BUF_INIT;
        buf_add(&tail, document->p + place->at, document->n - place->at);
        document->n = place->at;
        buf_add_str(document, "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
                              "<ds:CanonicalizationMethod Algorithm=\"" EXC_C14N_URI "\"></ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>");
        text_base64(document, token);
        buf_add_str(document, "</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>");
        buf_add_span(document, buf_span(&tail));
}
