/* ds:Signature as text in canonical form: nothing is parsed or canonicalised to sign what we compose ourselves. */
#include "gateway/sign/signature_text.h"

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/soap/soap.h"

#define VALUE_TYPE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
#define ENCODING_TYPE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"

static void add_attribute(struct buf *out, const char *name, const char *value)
{
        if (!value)
                return;
        buf_printf(out, " %s=\"", name);
        canon_attribute_value(out, span_str(value));
        buf_add_char(out, '"');
}

/* Attributes in canonical order (C14N 2.2): Id, Type, URI. */
static void add_reference(struct buf *out, const struct signing_key *key, const struct signature_reference *reference)
{
        uint8_t digest[64];
        size_t digest_size = sign_digest(key->algorithm, reference->digested, digest);
        buf_add_str(out, "<ds:Reference");
        add_attribute(out, "Id", reference->id);
        add_attribute(out, "Type", reference->type);
        add_attribute(out, "URI", reference->uri);
        buf_add_str(out, "><ds:Transforms>");
        for (size_t i = 0; i < GW_COUNT(reference->transforms) && reference->transforms[i]; i++) {
                buf_add_str(out, "<ds:Transform Algorithm=\"");
                buf_add_str(out, reference->transforms[i]);
                buf_add_str(out, "\"></ds:Transform>");
        }
        buf_add_str(out, "</ds:Transforms><ds:DigestMethod Algorithm=\"");
        buf_add_str(out, sign_digest_uri(key->algorithm));
        buf_add_str(out, "\"></ds:DigestMethod><ds:DigestValue>");
        text_base64(out, span_of(digest, digest_size));
        buf_add_str(out, "</ds:DigestValue></ds:Reference>");
}

/* Everything in SignedInfo after "<ds:SignedInfo" and its namespaces. */
static void add_signed_info_rest(struct buf *out, const struct signing_key *key, const struct signature_text *text)
{
        buf_add_str(out, "><ds:CanonicalizationMethod Algorithm=\"");
        buf_add_str(out, text->c14n);
        buf_add_str(out, "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"");
        buf_add_str(out, sign_signature_uri(key->algorithm));
        buf_add_str(out, "\"></ds:SignatureMethod>");
        for (size_t i = 0; i < text->reference_count; i++)
                add_reference(out, key, &text->references[i]);
        buf_add_str(out, "</ds:SignedInfo>");
}

enum gw_rc signature_text_add(const struct signing_key *key, const struct signature_text *text, bool inherited, struct buf *out,
                              struct buf *value, struct why *why)
{
        auto_buf struct buf signed_info = BUF_INIT;
        buf_add_str(&signed_info, "<ds:SignedInfo");
        size_t start_tag = signed_info.n;
        buf_add_span(&signed_info, text->namespaces);
        size_t rest = signed_info.n;
        add_signed_info_rest(&signed_info, key, text);
        if (buf_failed(&signed_info))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "SignedInfo does not fit in memory");
        uint8_t digest[64];
        size_t digest_size = sign_digest(key->algorithm, buf_span(&signed_info), digest);
        auto_buf struct buf raw = BUF_INIT;
        enum gw_rc rc = key->sign(key->ctx, span_of(digest, digest_size), &raw, why);
        if (rc != GW_OK)
                return rc;
        buf_add(out, signed_info.p, inherited ? start_tag : rest);
        buf_add(out, signed_info.p + rest, signed_info.n - rest);
        buf_add_str(out, "<ds:SignatureValue>");
        text_base64(out, buf_span(&raw));
        buf_add_str(out, "</ds:SignatureValue>");
        if (value)
                text_base64(value, buf_span(&raw));
        return GW_OK;
}

enum gw_rc signature_text_add_wsse(const struct signing_key *key, const char *id, struct span digested, struct buf *out,
                                   struct why *why)
{
        auto_str char *uri = xasprintf("#%s", id);
        struct signature_text text = {
                .c14n = EXC_C14N_URI,
                .namespaces = span_str(" xmlns:ds=\"" DSIG_NS "\""),
                .references = {{.uri = uri, .transforms = {EXC_C14N_URI}, .digested = digested}},
                .reference_count = 1,
        };
        auto_buf struct buf signature = BUF_INIT;
        enum gw_rc rc = signature_text_add(key, &text, true, &signature, NULL, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(out, "<ds:Signature xmlns:ds=\"" DSIG_NS "\">");
        buf_add_span(out, buf_span(&signature));
        buf_add_str(out, "<ds:KeyInfo><wsse:SecurityTokenReference><wsse:KeyIdentifier EncodingType=\"" ENCODING_TYPE
                         "\" ValueType=\"" VALUE_TYPE "\">");
        buf_add_str(out, key->certificate_base64);
        buf_add_str(out, "</wsse:KeyIdentifier></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>");
        return GW_OK;
}
