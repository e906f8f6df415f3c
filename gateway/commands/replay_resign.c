/* Changes that need a key or canonical form: what makes a broken sibling well signed again, so that it is the policy that must refuse
 * it and not a digest that happens to differ. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"
#include "gateway/sign/signing_key.h"
#include "gateway/soap/soap.h"

GW_DEFINE_AUTO(pkey, EVP_PKEY, EVP_PKEY_free)
GW_DEFINE_AUTO(md_context, EVP_MD_CTX, EVP_MD_CTX_free)

#define EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define TOKEN_PROFILE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
#define MESSAGE_SECURITY "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"

enum gw_rc replay_key(const char *pki, const char *name, struct signing_key **ret_key, struct why *why)
{
        if (strchr(name, '/'))
                return why_say(why, GW_REJECT, "%s is not the name of a key", name);
        auto_str char *key = xasprintf("%s/keys/%s.key", pki, name);
        auto_str char *certificate = xasprintf("%s/certs/%s.pem", pki, name);
        return local_key_open(key, certificate, ret_key, why);
}

static EVP_PKEY *load_pkey(const char *pki, const char *name)
{
        auto_str char *path = xasprintf("%s/keys/%s.key", pki, name);
        FILE *file = fopen(path, "re");
        if (!file)
                return NULL;
        EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        fclose(file);
        return key;
}

static xmlNode *find_node(xmlNode *node, const char *ns, const char *name)
{
        if (xml_is(node, ns, name))
                return node;
        for (xmlNode *child = xml_first_element(node); child; child = xml_next_element(child)) {
                xmlNode *found = find_node(child, ns, name);
                if (found)
                        return found;
        }
        return NULL;
}

/* The text as a document: canonical form is needed of what is there now. */
static enum gw_rc parse(const struct buf *text, xmlDoc **ret_doc, struct why *why)
{
        enum gw_rc rc = xml_read(buf_span(text), &xml_limits_default, ret_doc, why);
        return rc == GW_OK ? rc : why_say(why, GW_REJECT, "redigest and resign need well-formed XML");
}

static enum gw_rc set_content(struct buf *text, const char *element, struct span content, struct why *why)
{
        struct replay_element e;
        if (!replay_find(buf_span(text), 0, element, &e) || e.empty)
                return why_say(why, GW_REJECT, "there is no %s", element);
        replay_splice(text, e.content_from, e.content_to, content);
        return GW_OK;
}

/* ---- DigestValue ---- */

/* What the (first) Reference covers: the Body of an envelope, else the document without its last signature. */
static bool canonical_target(xmlDoc *doc, struct buf *out)
{
        xmlNode *root = xmlDocGetRootElement(doc);
        if (str_eq((const char *)root->name, "Envelope")) {
                xmlNode *body = xml_child(root, (const char *)root->ns->href, "Body");
                return body && xml_exc_c14n(body, out);
        }
        xmlNode *signature = xmlLastElementChild(root);
        if (!xml_is(signature, DSIG_NS, "Signature"))
                return false;
        xmlUnlinkNode(signature);
        xmlFreeNode(signature);
        return xml_c14n(doc, out);
}

enum gw_rc replay_redigest(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = parse(text, &doc, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf canonical = BUF_INIT, base64 = BUF_INIT;
        if (!canonical_target(doc, &canonical))
                return why_say(why, GW_REJECT, "there is nothing to digest");
        uint8_t digest[32];
        bool sha1 = str_eq(args, "sha1");
        if (sha1)
                SHA1(canonical.p, canonical.n, digest);
        else
                text_sha256(buf_span(&canonical), digest);
        text_base64(&base64, span_of(digest, sha1 ? 20 : 32));
        return set_content(text, "DigestValue", buf_span(&base64), why);
}

/* ---- SignatureValue ---- */

static bool sign_sha1(const char *pki, const char *name, struct span in, struct buf *out)
{
        gw_auto(pkey) EVP_PKEY *key = load_pkey(pki, name);
        gw_auto(md_context) EVP_MD_CTX *md = EVP_MD_CTX_new();
        uint8_t value[1024];
        size_t n = sizeof value;
        if (!key || !md || EVP_DigestSignInit(md, NULL, EVP_sha1(), NULL, key) != 1 || EVP_DigestSign(md, value, &n, in.p, in.n) != 1)
                return false;
        buf_add(out, value, n);
        return true;
}

/* The classic confusion: HMAC keyed with what everybody can read, the certificate. */
static bool sign_hmac(const struct signing_key *key, struct span in, struct buf *out)
{
        auto_buf struct buf certificate = BUF_INIT;
        uint8_t value[32];
        unsigned n = sizeof value;
        if (!text_unbase64(&certificate, span_str(key->certificate_base64)) ||
            !HMAC(EVP_sha256(), certificate.p, (int)certificate.n, in.p, in.n, value, &n))
                return false;
        buf_add(out, value, n);
        return true;
}

static enum gw_rc sign_value(const struct replay_context *context, const char *name, const char *method, struct span in, struct buf *out,
                             struct why *why)
{
        gw_auto(signing_key) struct signing_key *key = NULL;
        enum gw_rc rc = replay_key(context->pki, name, &key, why);
        if (rc != GW_OK)
                return rc;
        if (str_eq(method, "sha1"))
                return sign_sha1(context->pki, name, in, out) ? GW_OK : why_say(why, GW_REJECT, "SHA-1 could not be signed");
        if (str_eq(method, "hmac"))
                return sign_hmac(key, in, out) ? GW_OK : why_say(why, GW_REJECT, "HMAC could not be computed");
        uint8_t digest[64];
        size_t n = sign_digest(key->algorithm, in, digest);
        return key->sign(key->ctx, span_of(digest, n), out, why);
}

static bool canonical_signed_info(xmlDoc *doc, struct buf *out)
{
        xmlNode *info = find_node(xmlDocGetRootElement(doc), DSIG_NS, "SignedInfo");
        xmlNode *method = xml_child(info, DSIG_NS, "CanonicalizationMethod");
        auto_str char *algorithm = xml_attribute(method, NULL, "Algorithm");
        return str_eq(algorithm, EXC_C14N) ? xml_exc_c14n(info, out) : info && xml_inc_c14n(info, out);
}

enum gw_rc replay_resign(const struct replay_context *context, const char *args, struct buf *text, struct why *why)
{
        auto_str char *name = xstrndup(args, strcspn(args, " "));
        const char *method = args + strlen(name) + strspn(args + strlen(name), " ");
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = parse(text, &doc, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf canonical = BUF_INIT, value = BUF_INIT, base64 = BUF_INIT;
        if (!canonical_signed_info(doc, &canonical))
                return why_say(why, GW_REJECT, "there is no SignedInfo");
        rc = sign_value(context, name, method, buf_span(&canonical), &value, why);
        if (rc != GW_OK)
                return rc;
        text_base64(&base64, buf_span(&value));
        return set_content(text, "SignatureValue", buf_span(&base64), why);
}

/* ---- where the certificate is carried (interfaces 2): KeyInfo is not signed, so the message stays valid ---- */

enum gw_rc replay_key_info(const struct replay_context *context GW_UNUSED, const char *args, struct buf *text, struct why *why)
{
        struct replay_element key_info, identifier, security;
        if (!replay_find(buf_span(text), 0, "Security", &security) || !replay_find(buf_span(text), security.from, "KeyInfo", &key_info) ||
            !replay_find(buf_span(text), key_info.from, "KeyIdentifier", &identifier))
                return why_say(why, GW_REJECT, "there is no KeyIdentifier to replace");
        auto_str char *base64 = span_dup(span_of(text->p + identifier.content_from, identifier.content_to - identifier.content_from));
        auto_str char *inside = NULL, *token = NULL;
        if (str_eq(args, "x509-data")) {
                inside = xasprintf("<x:X509Data xmlns:x=\"" DSIG_NS "\"><x:X509Certificate>%s</x:X509Certificate></x:X509Data>", base64);
        } else if (str_eq(args, "binary-security-token")) {
                char uuid[TEXT_UUID_MAX];
                text_uuid(uuid);
                inside = xasprintf("<w:SecurityTokenReference xmlns:w=\"" WSSE_NS "\"><w:Reference URI=\"#token-%s\""
                                   " ValueType=\"" TOKEN_PROFILE "\"/></w:SecurityTokenReference>", uuid);
                token = xasprintf("<w:BinarySecurityToken xmlns:w=\"" WSSE_NS "\" xmlns:u=\"" WSU_NS "\" EncodingType=\"" MESSAGE_SECURITY
                                  "\" ValueType=\"" TOKEN_PROFILE "\" u:Id=\"token-%s\">%s</w:BinarySecurityToken>", uuid, base64);
        } else {
                return why_say(why, GW_REJECT, "key-info is x509-data or binary-security-token");
        }
        replay_splice(text, key_info.content_from, key_info.content_to, span_str(inside));
        replay_splice(text, security.content_from, security.content_from, span_str(token));
        return GW_OK;
}

/* ---- Timestamp ---- */

static char *utc(struct wall_time t)
{
        time_t seconds = (time_t)(t.ms / 1000);
        struct tm tm;
        char text[32];
        gmtime_r(&seconds, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return xstrdup(text);
}

enum gw_rc replay_timestamp(const struct replay_context *context, const char *args, struct buf *text, struct why *why)
{
        struct replay_element security, info;
        if (!replay_find(buf_span(text), 0, "Security", &security) || !replay_find(buf_span(text), 0, "SignedInfo", &info))
                return why_say(why, GW_REJECT, "there is no transport signature");
        char uuid[TEXT_UUID_MAX];
        text_uuid(uuid);
        auto_str char *created = utc(context->vars.now);
        auto_str char *expires = utc((struct wall_time){context->vars.now.ms + 5 * 60 * 1000});
        /* as it stands it is its own exclusive canonical form */
        auto_str char *stamp = xasprintf("<wsu:Timestamp xmlns:wsu=\"" WSU_NS "\" wsu:Id=\"TS-%s\"><wsu:Created>%s</wsu:Created>"
                                         "<wsu:Expires>%s</wsu:Expires></wsu:Timestamp>", uuid, created, expires);
        uint8_t digest[32];
        text_sha256(span_str(stamp), digest);
        auto_buf struct buf base64 = BUF_INIT;
        text_base64(&base64, span_of(digest, sizeof digest));
        auto_str char *reference = xasprintf("<r:Reference xmlns:r=\"" DSIG_NS "\" URI=\"#TS-%s\">"
                                             "<r:Transforms><r:Transform Algorithm=\"" EXC_C14N "\"/></r:Transforms>"
                                             "<r:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>"
                                             "<r:DigestValue>%s</r:DigestValue></r:Reference>", uuid, buf_cstr(&base64));
        replay_splice(text, info.content_to, info.content_to, span_str(reference)); /* the later place first */
        replay_splice(text, security.content_from, security.content_from, span_str(stamp));
        return replay_resign(context, args, text, why);
}
