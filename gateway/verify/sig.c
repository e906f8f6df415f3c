/* Checks one XML signature. With sig_gost.c, the only file that uses xmlsec.
 *
 * Policy comes from us, not from the message: the shape is read and judged first, by our own code, so that xmlsec is only
 * ever given signatures in which it has nothing left to decide. Its own defaults accept SHA-1, HMAC, XPath, XSLT, file
 * URIs and whatever key KeyInfo brings (measurements.md 2, pitfalls 1-11); its enable lists are set as a second wall. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <xmlsec/xmlsec.h>

#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>

#include "gateway/base/text.h"
#include "gateway/soap/soap.h"
#include "gateway/verify/sig.h"
#include "gateway/verify/sig_gost.h"
#include "gateway/xml/xml.h"

#define DSIG_MORE "http://www.w3.org/2001/04/xmldsig-more#"
#define XMLENC "http://www.w3.org/2001/04/xmlenc#"
#define C14N_10 "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"

#define PREFIX_LIST_MAX 256 /* .NET, CXF and WSS4J list what is in scope: a few prefixes */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* more only burns our time */

enum key_kind { KEY_OTHER, KEY_RSA, KEY_EC_P256, KEY_EC_P384, KEY_GOST_2004, KEY_GOST_2015 };
enum method_family { FAMILY_NONE, FAMILY_RSA, FAMILY_ECDSA, FAMILY_GOST_2004, FAMILY_GOST_2015 };

/* The allow-lists: a row is everything there is to accepting an algorithm. The GOST rows (URIs: interfaces 4.2) have transform classes
 * of our own over nettle (sig_gost.c). CMS signatures have a file of their own beside this one, and share sig_check_key()'s view of
 * keys. */
struct sig_method {
        const char *uri;
        enum method_family family;
        enum gost_kind gost;
        xmlSecTransformId (*klass)(void);
};
static const struct sig_method methods[] = {
        {DSIG_MORE "rsa-sha256", FAMILY_RSA, GOST_NONE, xmlSecOpenSSLTransformRsaSha256GetKlass},
        {DSIG_MORE "rsa-sha384", FAMILY_RSA, GOST_NONE, xmlSecOpenSSLTransformRsaSha384GetKlass},
        {DSIG_MORE "rsa-sha512", FAMILY_RSA, GOST_NONE, xmlSecOpenSSLTransformRsaSha512GetKlass},
        {DSIG_MORE "ecdsa-sha256", FAMILY_ECDSA, GOST_NONE, xmlSecOpenSSLTransformEcdsaSha256GetKlass},
        {DSIG_MORE "ecdsa-sha384", FAMILY_ECDSA, GOST_NONE, xmlSecOpenSSLTransformEcdsaSha384GetKlass},
        {DSIG_MORE "ecdsa-sha512", FAMILY_ECDSA, GOST_NONE, xmlSecOpenSSLTransformEcdsaSha512GetKlass},
        {GOST_2004_METHOD_URI, FAMILY_GOST_2004, GOST_2004, sig_gost_2004_method},
        {GOST_2015_METHOD_URI, FAMILY_GOST_2015, GOST_2015, sig_gost_2015_method},
};

struct algorithm {
        const char *uri;
        xmlSecTransformId (*klass)(void);
        bool detached; /* allowed in a WS-Security signature; all are in an enveloped one */
        enum gost_kind gost; /* of a digest: the methods it goes with */
};
static const struct algorithm digests[] = {
        {XMLENC "sha256", xmlSecOpenSSLTransformSha256GetKlass, true, GOST_NONE},
        {DSIG_MORE "sha384", xmlSecOpenSSLTransformSha384GetKlass, true, GOST_NONE},
        {XMLENC "sha512", xmlSecOpenSSLTransformSha512GetKlass, true, GOST_NONE},
        {GOST_2004_DIGEST_URI, sig_gost_2004_digest, true, GOST_2004},
        {GOST_2015_DIGEST_URI, sig_gost_2015_digest, true, GOST_2015},
};
static const struct algorithm canonicalisations[] = {
        {EXC_C14N, xmlSecTransformExclC14NGetKlass, true, GOST_NONE},
        {C14N_10, xmlSecTransformInclC14NGetKlass, false, GOST_NONE},
        {C14N_10 "#WithComments", xmlSecTransformInclC14NWithCommentsGetKlass, false, GOST_NONE},
};
static const char enveloped_uri[] = DSIG_NS "enveloped-signature";

/* Refused by name, so that an integrator reads what to change; anything else is just not on the list. */
static const struct {
        const char *part, *words;
} refused[] = {
        {"hmac", "HMAC"},           {"rsa-sha1", "RSA with SHA-1"}, {"ecdsa-sha1", "ECDSA with SHA-1"},
        {"sha224", "SHA-224"},      {"#dsa-", "DSA"},               {"#sha1", "SHA-1"},
        {"md5", "MD5"},             {"ripemd", "RIPEMD-160"},       {"xslt", "XSLT"},
        {"xpath", "XPath"},         {"xptr", "XPointer"},           {"#base64", "base64"},
        {"rsa-mgf1", "RSA-PSS"},    {"xml-c14n", "this canonicalisation"},
        {"gostr34112015-256", "GOST 34.10-2015 with 256 bits"}, {"gost", "GOST by another name"},
};

static const char *refused_words(const char *uri)
{
        for (size_t i = 0; uri && i < GW_COUNT(refused); i++)
                if (strcasestr(uri, refused[i].part))
                        return refused[i].words;
        return "not on the list, or with parameters";
}

void sig_init(void)
{
        xml_init();
        GW_ASSERT(xmlSecInit() == 0 && xmlSecCheckVersion() == 1);
        GW_ASSERT(xmlSecOpenSSLAppInit(NULL) == 0 && xmlSecOpenSSLInit() == 0);
        GW_ASSERT(sig_gost_register());
        xmlSecErrorsDefaultCallbackEnableOutput(0); /* its words quote the message */
        xmlSecIOCleanupCallbacks();                 /* no way to open any URI, whatever slips through */
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static bool is_value(const xmlNode *node)
{
        return xml_is(node, DSIG_NS, "DigestValue") || xml_is(node, DSIG_NS, "SignatureValue");
}

/* Each element's children are looked at once, however many comments there are. */
static bool has_plain_text(const xmlNode *element, bool between_elements)
{
        bool comment = false, text = false;
        for (const xmlNode *child = element->children; child; child = child->next) {
                bool is_text = child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE;
                if (child->type != XML_ELEMENT_NODE && child->type != XML_COMMENT_NODE && !is_text)
                        return false;
                comment = comment || child->type == XML_COMMENT_NODE;
                text = text || (is_text && !xmlIsBlankNode(child));
        }
        return !comment || (between_elements && !text);
}

enum gw_rc sig_check_text(enum sig_party party, const xmlNode *root, bool between_elements, struct why *why)
{
        union { const xmlNode *in; xmlNode *out; } start = {.in = root}; /* only read, as all of libxml2's functions do here */
        for (xmlNode *node = start.out; node; node = xml_next_in_tree(root, node)) {
                if (node->type != XML_ELEMENT_NODE || has_plain_text(node, between_elements))
                        continue;
                if (is_value(node))
                        return sig_refuse(why, party, SIG_STRUCTURE, "%s holds something else than text", (const char *)node->name);
                return sig_refuse(why, party, SIG_COMMENT, "a comment, or something else than elements and text");
        }
        return GW_OK;
}

/* ---- reading the shape ------------------------------------------------------------------------------------------- */

#define REFUSE(problem, ...) sig_refuse(why, shape->party, problem, __VA_ARGS__)

/* Only these attributes, in no namespace. xmlsec reads attributes by local name alone (xmlGetProp), so a second Algorithm in some
 * namespace would show it another value than us. */
static bool only_attributes(const xmlNode *node, const char *first, const char *second, const char *third)
{
        for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
                const char *name = (const char *)attr->name;
                if (attr->ns || !(str_eq(name, first) || (second && str_eq(name, second)) || (third && str_eq(name, third))))
                        return false;
        }
        return true;
}

/* libxml2 compares every namespace of every node with every prefix of the list (5,000 nodes and 1 MB of list: minutes), so it is short. A
 * prefix in it adds a declaration to what is digested and can take nothing away (exclusive C14N, 2.1 and 3). */
static bool is_short_list(const xmlNode *node)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-# ";
        auto_str char *list = xml_attribute(node, NULL, "PrefixList");
        return list && strlen(list) <= PREFIX_LIST_MAX && strspn(list, plain) == strlen(list);
}

/* True when the element carries nothing but its Algorithm. InclusiveNamespaces (exclusive C14N, section 4) is the one child
 * there may be, and only exclusive C14N has it. */
static bool is_plain(const xmlNode *node, const char *uri)
{
        if (!uri || !only_attributes(node, "Algorithm", NULL, NULL))
                return false;
        const xmlNode *child = xml_first_element(node);
        if (!child)
                return true;
        return str_eq(uri, EXC_C14N) && xml_is(child, EXC_C14N, "InclusiveNamespaces") && only_attributes(child, "PrefixList", NULL, NULL) && is_short_list(child) &&
               !xml_first_element(child) && !xml_next_element(child);
}

static const struct algorithm *listed(const struct algorithm *list, size_t count, enum sig_form form, const char *uri)
{
        for (size_t i = 0; i < count; i++)
                if (str_eq(list[i].uri, uri) && (form == SIG_FORM_ENVELOPED || list[i].detached))
                        return &list[i];
        return NULL;
}

static enum gw_rc read_canonicalisation(const struct sig_shape *shape, const xmlNode *node, const char *where, struct why *why)
{
        auto_str char *uri = xml_attribute(node, NULL, "Algorithm");
        if (!is_plain(node, uri) || !listed(canonicalisations, GW_COUNT(canonicalisations), shape->form, uri))
                return REFUSE(SIG_TRANSFORM, "%s: %s", where, refused_words(uri));
        return GW_OK;
}

/* HMAC has a code of its own: with a public key for a secret everybody can make one (and truncate it to a bit, CVE-2009-0217). */
static enum gw_rc read_method(struct sig_shape *shape, const xmlNode *node, struct why *why)
{
        auto_str char *uri = xml_attribute(node, NULL, "Algorithm");
        if ((uri && strcasestr(uri, "hmac")) || xml_child(node, DSIG_NS, "HMACOutputLength"))
                return REFUSE(SIG_HMAC, "SignatureMethod: HMAC");
        bool plain = is_plain(node, uri);
        for (size_t i = 0; plain && i < GW_COUNT(methods); i++)
                if (str_eq(methods[i].uri, uri))
                        shape->method = &methods[i];
        return shape->method ? GW_OK : REFUSE(SIG_ALGORITHM, "SignatureMethod: %s", refused_words(uri));
}

static enum gw_rc read_enveloped(const struct sig_shape *shape, const xmlNode *node, struct why *why)
{
        auto_str char *uri = xml_attribute(node, NULL, "Algorithm");
        if (str_eq(uri, enveloped_uri) && is_plain(node, uri))
                return GW_OK;
        if (!node || listed(canonicalisations, GW_COUNT(canonicalisations), shape->form, uri))
                return REFUSE(SIG_TRANSFORM, "the first transform is not enveloped-signature");
        return REFUSE(SIG_TRANSFORM, "Transform: %s", refused_words(uri));
}

/* Whole document: enveloped-signature, then at most one C14N (absent means C14N 1.0, XML-DSig 4.4.3.2). XAdES properties: the same without
 * the first. Detached: exclusive C14N, once. */
static enum gw_rc read_transforms(const struct sig_shape *shape, const xmlNode *transforms, bool whole, struct why *why)
{
        const xmlNode *node = xml_first_element(transforms);
        for (const xmlNode *each = node; each; each = xml_next_element(each))
                if (!xml_is(each, DSIG_NS, "Transform"))
                        return REFUSE(SIG_STRUCTURE, "Transforms: unexpected element");
        if (whole) {
                enum gw_rc rc = read_enveloped(shape, node, why);
                if (rc != GW_OK)
                        return rc;
                node = xml_next_element(node);
        }
        if (!node)
                return shape->form == SIG_FORM_ENVELOPED ? GW_OK : REFUSE(SIG_TRANSFORM, "no transform");
        enum gw_rc rc = read_canonicalisation(shape, node, "Transform", why);
        if (rc != GW_OK)
                return rc;
        return xml_next_element(node) ? REFUSE(SIG_TRANSFORM, "more transforms than expected") : GW_OK;
}

/* "" or "#id" with a plain id: xpointer, other documents and clever characters are refused. */
static enum gw_rc read_uri(struct sig_shape *shape, const char *uri, bool whole, struct why *why)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
        if (!uri)
                return REFUSE(SIG_REFERENCE, "a Reference has no URI");
        if (whole)
                return *uri == '\0' ? GW_OK : REFUSE(SIG_REFERENCE, "the Reference is not to the whole document");
        if (*uri != '#')
                return REFUSE(SIG_REFERENCE, *uri ? "a Reference leads out of the message" : "the Reference is to the whole document");
        size_t n = strlen(uri + 1);
        if (n == 0 || n >= SIG_ID_MAX || strspn(uri + 1, plain) != n)
                return REFUSE(SIG_REFERENCE, "a Reference is not to a plain id");
        memcpy(shape->ids[shape->reference_count], uri + 1, n + 1);
        return GW_OK;
}

static size_t references_max(const struct sig_shape *shape)
{
        return shape->form == SIG_FORM_DETACHED || shape->object ? SIG_REFERENCES_MAX : 1;
}

/* The Reference to XAdES properties says so by its Type (EN 319 132-1 4.4.2). */
static bool is_to_properties(const struct sig_shape *shape, const xmlNode *reference)
{
        auto_str char *type = shape->object ? xml_attribute(reference, NULL, "Type") : NULL;
        return str_eq(type, XADES_SIGNED_PROPERTIES_TYPE);
}

/* DigestValue, SignatureValue: text and nothing else. A comment, a CDATA section or an element in it is read by one program and skipped
 * by another (CVE-2025-29775), so there is none. Its size is the algorithm's business. */
static enum gw_rc check_value(const struct sig_shape *shape, const xmlNode *node, struct why *why)
{
        if (!only_attributes(node, "Id", NULL, NULL))
                return REFUSE(SIG_STRUCTURE, "%s has unexpected attributes", (const char *)node->name);
        for (const xmlNode *child = node->children; child; child = child->next)
                if (child->type != XML_TEXT_NODE)
                        return REFUSE(SIG_STRUCTURE, "%s holds something else than text", (const char *)node->name);
        auto_str char *text = xml_text(node);
        auto_buf struct buf value = BUF_LIMIT(RSA_BITS_MAX / 8);
        if (!text || !text_unbase64(&value, span_str(text)) || value.n == 0)
                return REFUSE(SIG_STRUCTURE, "%s is not base64", (const char *)node->name);
        return GW_OK;
}

/* Reference: Transforms, DigestMethod, DigestValue. */
static enum gw_rc read_reference(struct sig_shape *shape, const xmlNode *reference, struct why *why)
{
        bool properties = is_to_properties(shape, reference), whole = shape->form == SIG_FORM_ENVELOPED && !properties;
        if (shape->reference_count == references_max(shape))
                return REFUSE(SIG_COVERAGE, "more References than expected");
        if (!only_attributes(reference, "URI", "Id", properties ? "Type" : NULL))
                return REFUSE(SIG_STRUCTURE, "a Reference has unexpected attributes");
        auto_str char *uri = xml_attribute(reference, NULL, "URI");
        enum gw_rc rc = read_uri(shape, uri, whole, why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *transforms = xml_first_element(reference);
        if (!xml_is(transforms, DSIG_NS, "Transforms") || !only_attributes(transforms, "", NULL, NULL))
                return REFUSE(SIG_TRANSFORM, "a Reference has no Transforms");
        rc = read_transforms(shape, transforms, whole, why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *method = xml_next_element(transforms), *value = xml_next_element(method);
        if (!xml_is(method, DSIG_NS, "DigestMethod") || !xml_is(value, DSIG_NS, "DigestValue") || xml_next_element(value))
                return REFUSE(SIG_STRUCTURE, "a Reference is not Transforms, DigestMethod, DigestValue");
        auto_str char *digest = xml_attribute(method, NULL, "Algorithm");
        const struct algorithm *found = is_plain(method, digest) ? listed(digests, GW_COUNT(digests), shape->form, digest) : NULL;
        if (!found)
                return REFUSE(SIG_ALGORITHM, "DigestMethod: %s", refused_words(digest));
        if (found->gost != shape->method->gost)
                return REFUSE(SIG_ALGORITHM, "DigestMethod does not go with SignatureMethod");
        if (properties)
                shape->properties_reference = shape->reference_count;
        shape->reference_count++;
        return check_value(shape, value, why);
}

/* SignedInfo: CanonicalizationMethod, SignatureMethod, Reference+. */
static enum gw_rc read_signed_info(struct sig_shape *shape, const xmlNode *signed_info, struct why *why)
{
        const xmlNode *c14n = xml_first_element(signed_info), *method = xml_next_element(c14n);
        if (!xml_is(c14n, DSIG_NS, "CanonicalizationMethod") || !xml_is(method, DSIG_NS, "SignatureMethod") ||
            !only_attributes(signed_info, "Id", NULL, NULL))
                return REFUSE(SIG_STRUCTURE, "SignedInfo is not CanonicalizationMethod, SignatureMethod, Reference");
        enum gw_rc rc = read_canonicalisation(shape, c14n, "CanonicalizationMethod", why);
        if (rc == GW_OK)
                rc = read_method(shape, method, why);
        for (const xmlNode *node = xml_next_element(method); rc == GW_OK && node; node = xml_next_element(node))
                rc = xml_is(node, DSIG_NS, "Reference") ? read_reference(shape, node, why) : REFUSE(SIG_STRUCTURE, "unexpected element in SignedInfo");
        if (rc != GW_OK)
                return rc;
        if (shape->object && (shape->reference_count != 2 || !*shape->ids[shape->properties_reference] || *shape->ids[1 - shape->properties_reference]))
                return REFUSE(SIG_COVERAGE, "XAdES needs one Reference to the document and one to its signed properties");
        return shape->reference_count > 0 ? GW_OK : REFUSE(SIG_COVERAGE, "no Reference");
}

enum gw_rc sig_read(enum sig_party party, enum sig_form form, xmlNode *signature, struct sig_shape *ret_shape, struct why *why)
{
        struct sig_shape made = {.party = party, .form = form, .signature = signature}, *shape = &made;
        const xmlNode *signed_info = xml_first_element(signature), *value = xml_next_element(signed_info);
        shape->key_info = xml_next_element(value);
        if (!xml_is(signature, DSIG_NS, "Signature") || !only_attributes(signature, "Id", NULL, NULL) ||
            !xml_is(signed_info, DSIG_NS, "SignedInfo") || !xml_is(value, DSIG_NS, "SignatureValue"))
                return REFUSE(SIG_STRUCTURE, "Signature is not SignedInfo, SignatureValue, KeyInfo");
        if (!shape->key_info)
                return REFUSE(SIG_KEY_INFO, "no KeyInfo");
        xmlNode *object = xml_next_element(shape->key_info);
        if (form == SIG_FORM_ENVELOPED && xml_is(object, DSIG_NS, "Object") && xml_is(xml_first_element(object), XADES_NS, "QualifyingProperties"))
                shape->object = object;
        if (!xml_is(shape->key_info, DSIG_NS, "KeyInfo") || xml_next_element(shape->object ? object : shape->key_info))
                return REFUSE(SIG_STRUCTURE, "unexpected element in Signature (Object, Manifest …)");
        enum gw_rc rc = read_signed_info(shape, signed_info, why);
        if (rc == GW_OK)
                rc = check_value(shape, value, why);
        if (rc == GW_OK)
                *ret_shape = made;
        return rc;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static enum key_kind ec_kind(const EVP_PKEY *key)
{
        char group[32] = "";
        int explicit_parameters = 0;
        if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) != 1)
                return KEY_OTHER;
        /* A curve spelt out in the key is not the named curve, even when it looks like it (CVE-2020-0601). */
        if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters) == 1 && explicit_parameters)
                return KEY_OTHER;
        return str_eq(group, "prime256v1") ? KEY_EC_P256 : str_eq(group, "secp384r1") ? KEY_EC_P384 : KEY_OTHER;
}

static enum key_kind gost_key_kind(const struct gost_public_key *key)
{
        switch (gost_public_kind(key)) {
        case GOST_2004:
                return KEY_GOST_2004;
        case GOST_2015:
                return KEY_GOST_2015;
        case GOST_NONE:
                break;
        }
        return KEY_OTHER;
}

static enum method_family family_of(enum key_kind kind)
{
        switch (kind) {
        case KEY_RSA:
                return FAMILY_RSA;
        case KEY_EC_P256:
        case KEY_EC_P384:
                return FAMILY_ECDSA;
        case KEY_GOST_2004:
                return FAMILY_GOST_2004;
        case KEY_GOST_2015:
                return FAMILY_GOST_2015;
        case KEY_OTHER:
                break;
        }
        return FAMILY_NONE;
}

static enum key_kind key_kind(const EVP_PKEY *key)
{
        if (!key)
                return KEY_OTHER;
        int id = EVP_PKEY_get_base_id(key);
        return id == EVP_PKEY_RSA ? KEY_RSA : id == EVP_PKEY_EC ? ec_kind(key) : KEY_OTHER;
}

enum gost_kind sig_gost_kind(const struct sig_shape *shape)
{
        return shape->method->gost;
}

enum gw_rc sig_check_key(const struct sig_shape *shape, const struct certificate *certificate, struct why *why)
{
        enum key_kind kind = certificate->gost ? gost_key_kind(certificate->gost) : key_kind(certificate->key);
        if (kind == KEY_RSA && certificate->key_bits < RSA_BITS_MIN)
                return REFUSE(SIG_KEY_WEAK, "RSA with %u bits", certificate->key_bits);
        if (kind == KEY_OTHER || (kind == KEY_RSA && certificate->key_bits > RSA_BITS_MAX))
                return REFUSE(SIG_ALGORITHM, "the certificate's key is not RSA, P-256, P-384 or GOST");
        if (family_of(kind) != shape->method->family)
                return REFUSE(SIG_KEY_MISMATCH, "SignatureMethod does not fit the certificate's key");
        return GW_OK;
}

/* Bare: a key with its certificate attached would be decoded again at every duplication (91 µs, measurements.md 2). */
static xmlSecKey *evp_key_new(EVP_PKEY *key)
{
        if (EVP_PKEY_up_ref(key) != 1)
                return NULL;
        xmlSecKeyData *data = xmlSecOpenSSLEvpKeyAdopt(key);
        if (!data) {
                EVP_PKEY_free(key);
                return NULL;
        }
        xmlSecKey *made = xmlSecKeyCreate();
        if (made && xmlSecKeySetValue(made, data) == 0)
                return made;
        xmlSecKeyDataDestroy(data);
        if (made)
                xmlSecKeyDestroy(made);
        return NULL;
}

/* Kept with the certificate, so that it is made once. */
struct sig_key {
        struct certificate_attachment attachment;
        xmlSecKey *key;
};

static void free_sig_key(struct certificate_attachment *attachment)
{
        struct sig_key *kept = (struct sig_key *)attachment;
        xmlSecKeyDestroy(kept->key);
        free(kept);
}

/* Borrowed; NULL when memory is short. Threads may meet here: one of them leaves its key with the certificate. */
static xmlSecKey *key_of(const struct certificate *certificate)
{
        struct certificate *owner = (struct certificate *)(uintptr_t)certificate; /* an attachment changes nothing that anybody reads */
        struct certificate_attachment *there = owner->attachment;
        if (there)
                return ((struct sig_key *)there)->key;
        xmlSecKey *key = certificate->gost ? sig_gost_key_new(certificate->gost) : evp_key_new(certificate->key);
        if (!key)
                return NULL;
        struct sig_key *made = xcalloc(1, sizeof *made);
        *made = (struct sig_key){{free_sig_key}, key};
        if (atomic_compare_exchange_strong(&owner->attachment, &there, &made->attachment))
                return key;
        free_sig_key(&made->attachment);
        return ((struct sig_key *)there)->key;
}

/* ---- the check itself -------------------------------------------------------------------------------------------- */

/* The key is lent, so it is taken back before the context goes. */
static void free_context(xmlSecDSigCtx *ctx)
{
        ctx->signKey = NULL;
        xmlSecDSigCtxDestroy(ctx);
}
GW_DEFINE_AUTO(dsig, xmlSecDSigCtx, free_context)

static bool enable(xmlSecDSigCtx *ctx, const struct sig_shape *shape)
{
        bool ok = xmlSecDSigCtxEnableSignatureTransform(ctx, shape->method->klass()) == 0;
        for (size_t i = 0; i < GW_COUNT(canonicalisations); i++) {
                if (shape->form == SIG_FORM_DETACHED && !canonicalisations[i].detached)
                        continue;
                ok = ok && xmlSecDSigCtxEnableSignatureTransform(ctx, canonicalisations[i].klass()) == 0 &&
                     xmlSecDSigCtxEnableReferenceTransform(ctx, canonicalisations[i].klass()) == 0;
        }
        for (size_t i = 0; i < GW_COUNT(digests); i++)
                ok = ok && xmlSecDSigCtxEnableReferenceTransform(ctx, digests[i].klass()) == 0;
        if (shape->form == SIG_FORM_ENVELOPED)
                ok = ok && xmlSecDSigCtxEnableReferenceTransform(ctx, xmlSecTransformEnvelopedGetKlass()) == 0;
        return ok;
}

static xmlSecDSigCtx *new_context(const struct sig_shape *shape, const struct certificate *certificate)
{
        xmlSecDSigCtx *ctx = xmlSecDSigCtxCreate(NULL); /* no keys manager, ever */
        if (!ctx)
                return NULL;
        /* "Visa3D": an id is looked up as an id, not evaluated as an XPointer. Manifests are refused by sig_read() already. */
        ctx->flags |= XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK | XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
        ctx->enabledReferenceUris = shape->form == SIG_FORM_DETACHED ? xmlSecTransformUriTypeSameDocument
                                  : shape->object ? xmlSecTransformUriTypeEmpty | xmlSecTransformUriTypeSameDocument : xmlSecTransformUriTypeEmpty;
        ctx->signKey = key_of(certificate);
        if (!ctx->signKey || !enable(ctx, shape)) { /* without a key of ours xmlsec would take the one that KeyInfo brings */
                free_context(ctx);
                return NULL;
        }
        return ctx;
}

/* What xmlsec digested must be what we think it digested: as many References as read, each verified, each with our URI, and the
 * id still leading to our node. */
static bool digested_as_expected(xmlSecDSigCtx *ctx, const struct sig_shape *shape, xmlAttr *const *targets)
{
        if (xmlSecPtrListGetSize(&ctx->signedInfoReferences) != shape->reference_count ||
            xmlSecPtrListGetSize(&ctx->manifestReferences) != 0)
                return false;
        for (size_t i = 0; i < shape->reference_count; i++) {
                const xmlSecDSigReferenceCtx *reference = xmlSecPtrListGetItem(&ctx->signedInfoReferences, (xmlSecSize)i);
                if (!reference || reference->status != xmlSecDSigStatusSucceeded || !reference->uri)
                        return false;
                const char *uri = (const char *)reference->uri;
                if (!*shape->ids[i]) {
                        if (*uri != '\0')
                                return false;
                        continue;
                }
                if (*uri != '#' || !str_eq(uri + 1, shape->ids[i]))
                        return false;
                if (xmlGetID(shape->signature->doc, (const xmlChar *)shape->ids[i]) != targets[i])
                        return false;
        }
        return true;
}

/* The Reference whose digest does not match, or -1. Each is digested before the value is looked at (XML-DSig 3.2). */
static int changed_reference(xmlSecDSigCtx *ctx)
{
        for (xmlSecSize i = 0; i < xmlSecPtrListGetSize(&ctx->signedInfoReferences); i++) {
                const xmlSecDSigReferenceCtx *reference = xmlSecPtrListGetItem(&ctx->signedInfoReferences, i);
                if (!reference || reference->status != xmlSecDSigStatusSucceeded)
                        return (int)i;
        }
        return -1;
}

/* xmlSecDSigCtxVerify() returning 0 only means that it ran to its end; the verdict is in ctx->status (style.md 6). */
static enum gw_rc run(const struct sig_shape *shape, const struct certificate *certificate, xmlAttr *const *targets, struct why *why)
{
        gw_auto(dsig) xmlSecDSigCtx *ctx = new_context(shape, certificate);
        if (!ctx)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "no signature context");
        if (xmlSecDSigCtxVerify(ctx, shape->signature) < 0)
                return REFUSE(SIG_INVALID, "the signature cannot be processed");
        if (ctx->status != xmlSecDSigStatusSucceeded && changed_reference(ctx) >= 0)
                return REFUSE(SIG_DIGEST, "the content of Reference %d was changed", changed_reference(ctx) + 1);
        if (ctx->status != xmlSecDSigStatusSucceeded)
                return REFUSE(SIG_INVALID, "the signature value does not match");
        if (ctx->signKey != key_of(certificate) || !digested_as_expected(ctx, shape, targets))
                return REFUSE(SIG_WRAPPED, "something else than expected was digested");
        return GW_OK;
}

enum gw_rc sig_verify(const struct sig_shape *shape, const struct certificate *certificate, xmlAttr *const *targets, struct why *why)
{
        size_t registered = 0;
        enum gw_rc rc = GW_OK;
        for (; registered < shape->reference_count && rc == GW_OK; registered++) {
                if (!*shape->ids[registered])
                        continue;
                /* NULL: some other node of the document has this id already, and xmlGetID would find that one (pitfall 7). */
                if (!xmlAddID(NULL, shape->signature->doc, (const xmlChar *)shape->ids[registered], targets[registered])) {
                        rc = REFUSE(SIG_ID_DUPLICATE, "an id is not unique");
                        break;
                }
        }
        if (rc == GW_OK)
                rc = run(shape, certificate, targets, why);
        while (registered > 0)
                if (*shape->ids[--registered])
                        xmlRemoveID(shape->signature->doc, targets[registered]);
        return rc;
}
