/* NCALayer's XML signature, line end by line end.
 *
 * gateway/sign/xml_sign.c writes the same signature in canonical text; here it goes through a tree, as in NCALayer, so that the gateway meets the line ends, the
 * self-closing tags and the &#13; that browsers will really bring. */
#include "adapters/ncalayer/document.h"

#include <string.h>

#include "gateway/base/text.h"
#include "gateway/sign/cms_sign.h"
#include "gateway/soap/soap.h"
#include "gateway/xml/xml.h"

#define LINE 76
#define C14N "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"

void document_base64_lines(struct buf *out, struct span bytes, const char *line_end)
{
        auto_buf struct buf text = BUF_INIT;
        text_base64(&text, bytes);
        for (size_t at = 0; at < text.n; at += LINE) {
                if (at > 0)
                        buf_add_str(out, line_end);
                buf_add(out, text.p + at, text.n - at < LINE ? text.n - at : LINE);
        }
}

static void write_signature(const struct signing_key *key, struct span digest, struct buf *out)
{
        auto_buf struct buf certificate = BUF_INIT;
        buf_printf(out,
                   "<ds:Signature xmlns:ds=\"" DSIG_NS "\">\n<ds:SignedInfo>\n<ds:CanonicalizationMethod Algorithm=\"" C14N "\"/>\n<ds:SignatureMethod Algorithm=\"%s\"/>\n"
                   "<ds:Reference URI=\"\">\n<ds:Transforms>\n<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\n"
                   "<ds:Transform Algorithm=\"" C14N "#WithComments\"/>\n</ds:Transforms>\n<ds:DigestMethod Algorithm=\"%s\"/>\n<ds:DigestValue>",
                   sign_signature_uri(key->algorithm), sign_digest_uri(key->algorithm));
        document_base64_lines(out, digest, "&#13;\n");
        buf_add_str(out, "</ds:DigestValue>\n</ds:Reference>\n</ds:SignedInfo>\n<ds:SignatureValue></ds:SignatureValue>\n<ds:KeyInfo>\n<ds:X509Data>\n<ds:X509Certificate>\n");
        GW_ASSERT(text_unbase64(&certificate, span_str(key->certificate_base64)));
        document_base64_lines(out, buf_span(&certificate), "&#13;\n");
        buf_add_str(out, "\n</ds:X509Certificate>\n</ds:X509Data>\n</ds:KeyInfo>\n</ds:Signature>");
}

/* The signature as the last child of the root; NULL when it does not fit. */
static xmlNode *append_signature(const struct signing_key *key, xmlDoc *doc, struct why *why)
{
        auto_buf struct buf canonical = BUF_INIT, text = BUF_INIT;
        auto_xmldoc xmlDoc *made = NULL;
        uint8_t digest[64];
        if (!xml_canonical(doc, NULL, false, false, NULL, &canonical)) /* XML-DSig 4.4.3.3: URI="" leaves comments out */
                return NULL;
        size_t n = sign_digest(key->algorithm, buf_span(&canonical), digest);
        write_signature(key, span_of(digest, n), &text);
        if (buf_failed(&text) || xml_read(buf_span(&text), &xml_limits_default, &made, why) != GW_OK)
                return NULL;
        xmlNode *copy = xmlDocCopyNode(xmlDocGetRootElement(made), doc, 1);
        return copy ? xmlAddChild(xmlDocGetRootElement(doc), copy) : NULL;
}

static enum gw_rc fill_value(const struct signing_key *key, xmlNode *signature, struct why *why)
{
        auto_buf struct buf canonical = BUF_INIT, raw = BUF_INIT, value = BUF_INIT;
        uint8_t digest[64];
        if (!xml_inc_c14n(xml_child(signature, DSIG_NS, "SignedInfo"), &canonical))
                return why_say(why, GW_FAULT, "SignedInfo cannot be canonicalised");
        size_t n = sign_digest(key->algorithm, buf_span(&canonical), digest);
        enum gw_rc rc = key->sign(key->ctx, span_of(digest, n), &raw, why);
        if (rc != GW_OK)
                return rc;
        buf_add_char(&value, '\n');
        document_base64_lines(&value, buf_span(&raw), "\r\n");
        buf_add_char(&value, '\n');
        xmlNodeAddContent(xml_child(signature, DSIG_NS, "SignatureValue"), (const xmlChar *)buf_cstr(&value));
        return GW_OK;
}

enum gw_rc document_sign_xml(const struct signing_key *key, struct span xml, struct buf *out, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(xml, &xml_limits_default, &doc, why);
        if (rc != GW_OK)
                return rc;
        xmlNode *signature = append_signature(key, doc, why);
        rc = signature ? fill_value(key, signature, why) : why_say(why, GW_FAULT, "the signature cannot be put in");
        if (rc != GW_OK)
                return rc;
        xmlChar *text = NULL;
        int n = 0;
        doc->standalone = 0;
        xmlDocDumpMemoryEnc(doc, &text, &n, "utf-8");
        buf_add(out, text, n > 0 ? (size_t)n : 0);
        xmlFree(text);
        return n > 0 ? GW_OK : why_say(why, GW_FAULT, "the document cannot be written");
}

enum gw_rc document_sign_cms(const struct signing_key *key, struct span content, bool attached, struct buf *out, struct why *why)
{
        const struct signing_key *const keys[] = {key};
        return cms_sign(keys, GW_COUNT(keys), content, !attached, wall_now(), out, why);
}
