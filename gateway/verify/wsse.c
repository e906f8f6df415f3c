/* The transport signature: WS-Security over this envelope's own Body (interfaces 2). */
#include <stdlib.h>
#include <string.h>

#include "gateway/verify/key_info.h"
#include "gateway/verify/trust.h"

#define X509_TOKEN_PROFILE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#"
#define THUMBPRINT_SHA1 "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
#define BASE64_BINARY "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"

/* What of the Security header takes part, found by position and never by id. */
struct security {
        xmlNode *signature;
        xmlNode *timestamp;    /* NULL when absent */
        xmlAttr *targets[SIG_REFERENCES_MAX]; /* ids of what is signed, in the order of the References */
};

#define REFUSE(problem, ...) sig_refuse(why, SIG_TRANSPORT, problem, __VA_ARGS__)

static xmlNode *root_of(const struct soap *soap)
{
        return xmlDocGetRootElement(soap->doc);
}

static bool is_within(const xmlNode *node, const xmlNode *ancestor)
{
        while (node && node != ancestor)
                node = node->parent;
        return node && ancestor;
}

/* Whether WS-Security stands anywhere but in the Security header that is for us: that header was moved, wrapped, or given another role. */
static bool security_elsewhere(const struct soap *soap)
{
        for (xmlNode *node = root_of(soap); node; node = xml_next_in_tree(root_of(soap), node))
                if (node->type == XML_ELEMENT_NODE && node->ns && str_eq((const char *)node->ns->href, WSSE_NS) && !is_within(node, soap->security))
                        return true;
        return false;
}

static enum gw_rc no_signature(const struct soap *soap, struct why *why)
{
        if (security_elsewhere(soap))
                return REFUSE(SIG_WRAPPED, "a part of WS-Security stands outside the Security header, or is for another role");
        return REFUSE(SIG_MISSING, soap->security ? "no Signature in the Security header" : "no Security header");
}

/* The header must be understood as a whole: tokens that we do not check (UsernameToken, SAML, EncryptedKey, SignatureConfirmation, which
 * is of an answer) would seem to have been. */
static enum gw_rc check_children(const xmlNode *security, struct why *why)
{
        for (const xmlNode *node = xml_first_element(security); node; node = xml_next_element(node))
                if (!xml_is(node, DSIG_NS, "Signature") && !xml_is(node, WSU_NS, "Timestamp") && !xml_is(node, WSSE_NS, "BinarySecurityToken") &&
                    !xml_is(node, WSSE_NS, "SecurityTokenReference"))
                        return REFUSE(SIG_STRUCTURE, "the Security header holds something else than Timestamp, X.509 tokens and Signature");
        return GW_OK;
}

static enum gw_rc find_parts(const struct soap *soap, struct security *ret, struct why *why)
{
        unsigned signatures = 0, timestamps = 0;
        xmlNode *signature = xml_child_counted(soap->security, DSIG_NS, "Signature", &signatures);
        xmlNode *timestamp = xml_child_counted(soap->security, WSU_NS, "Timestamp", &timestamps);
        if (signatures == 0)
                return no_signature(soap, why);
        if (signatures > 1)
                return REFUSE(SIG_SEVERAL, "%u Signatures in the Security header", signatures);
        if (timestamps > 1)
                return REFUSE(SIG_SEVERAL, "%u Timestamps in the Security header", timestamps);
        *ret = (struct security){.signature = signature, .timestamp = timestamp};
        return check_children(soap->security, why);
}

static xmlAttr *wsu_id(const xmlNode *node)
{
        for (xmlAttr *attr = node ? node->properties : NULL; attr; attr = attr->next)
                if (attr->ns && str_eq((const char *)attr->name, "Id") && str_eq((const char *)attr->ns->href, WSU_NS))
                        return attr;
        return NULL;
}

static bool has_value(const xmlAttr *attr, const char *value)
{
        xmlChar *text = attr ? xmlNodeListGetString(attr->doc, attr->children, 1) : NULL;
        bool same = text && str_eq((const char *)text, value);
        xmlFree(text);
        return same;
}

/* Attributes that one stack or another takes for an id, whatever their namespace: Id, ID, id (wsu:Id, xml:id among them), and SAML 1.x's. */
static bool is_id_name(const xmlChar *name)
{
        static const char *const saml[] = {"AssertionID", "RequestID", "ResponseID"};
        bool found = strcasecmp((const char *)name, "id") == 0;
        for (size_t i = 0; i < GW_COUNT(saml); i++)
                found = found || str_eq((const char *)name, saml[i]);
        return found;
}

static unsigned count_own_ids(const xmlNode *node, const char *value)
{
        unsigned count = 0;
        for (const xmlAttr *attr = node->type == XML_ELEMENT_NODE ? node->properties : NULL; attr; attr = attr->next)
                count += is_id_name(attr->name) && has_value(attr, value);
        return count;
}

/* How many attributes of the document that anyone may take for an id have this value. */
static unsigned count_ids(const xmlDoc *doc, const char *value)
{
        const xmlNode *root = xmlDocGetRootElement(doc);
        unsigned count = 0;
        for (xmlNode *node = xmlDocGetRootElement(doc); node; node = xml_next_in_tree(root, node))
                count += count_own_ids(node, value);
        return count;
}

static const xmlNode *id_owner(const xmlDoc *doc, const char *value)
{
        const xmlNode *root = xmlDocGetRootElement(doc);
        for (xmlNode *node = xmlDocGetRootElement(doc); node; node = xml_next_in_tree(root, node))
                if (count_own_ids(node, value) > 0)
                        return node;
        return NULL;
}

/* A second element with the id of a signed one is what signature wrapping needs (measurements.md 2, pitfall 7). */
static enum gw_rc check_unique(const struct soap *soap, const struct sig_shape *shape, struct why *why)
{
        for (size_t i = 0; i < shape->reference_count; i++) {
                unsigned count = count_ids(soap->doc, shape->ids[i]);
                if (count > 1)
                        return REFUSE(SIG_ID_DUPLICATE, "a signed id is not unique in the message");
                if (count == 0)
                        return REFUSE(SIG_REFERENCE, "a Reference is to an id that nothing has");
        }
        return GW_OK;
}

static bool refers_to(const struct sig_shape *shape, const xmlAttr *id)
{
        for (size_t i = 0; i < shape->reference_count; i++)
                if (has_value(id, shape->ids[i]))
                        return true;
        return false;
}

/* Neither Body nor Timestamp has the id, so some other element has it. The Body itself: by an attribute that is no wsu:Id. */
static enum gw_rc other_element(const struct soap *soap, const struct sig_shape *shape, const char *id, struct why *why)
{
        const xmlNode *node = id_owner(soap->doc, id);
        if (node == soap->body)
                return REFUSE(SIG_REFERENCE, "the Body is referred to by an attribute that is not wsu:Id");
        if (node && (node->parent == soap->header || node->parent == soap->security) && refers_to(shape, wsu_id(soap->body)))
                return REFUSE(SIG_COVERAGE, "a header block, or a token of the Security header, is signed beside the Body");
        return REFUSE(SIG_WRAPPED, "a Reference is neither to this envelope's Body nor to its Timestamp");
}

/* The References must be to the Body and to the Timestamp when there is one: each once, nothing else. */
static enum gw_rc match_references(const struct soap *soap, const struct sig_shape *shape, struct security *security, struct why *why)
{
        xmlAttr *body = wsu_id(soap->body), *timestamp = wsu_id(security->timestamp);
        bool body_covered = false, timestamp_covered = false;
        for (size_t i = 0; i < shape->reference_count; i++) {
                if (has_value(body, shape->ids[i]) && !body_covered) {
                        body_covered = true;
                        security->targets[i] = body;
                } else if (has_value(timestamp, shape->ids[i]) && !timestamp_covered) {
                        timestamp_covered = true;
                        security->targets[i] = timestamp;
                } else if (has_value(body, shape->ids[i]) || has_value(timestamp, shape->ids[i])) {
                        return REFUSE(SIG_COVERAGE, "an element is signed twice");
                } else {
                        return other_element(soap, shape, shape->ids[i], why);
                }
        }
        if (!body_covered)
                return REFUSE(SIG_COVERAGE, "the Body is not signed");
        if (security->timestamp && !timestamp_covered)
                return REFUSE(SIG_COVERAGE, "the Timestamp is not signed");
        return GW_OK;
}

/* ---- the certificate --------------------------------------------------------------------------------------------- */

/* An encoding that is not named is Base64Binary (WSS SOAP Message Security 1.1, 6.3 and 7.3). */
static bool is_base64(const xmlNode *node)
{
        auto_str char *encoding = xml_attribute(node, NULL, "EncodingType");
        return !encoding || str_eq(encoding, BASE64_BINARY);
}

/* X509PKIPathv1 and PKCS7 tokens are several certificates in other wrappings: no national sender makes them. */
static enum gw_rc read_token(struct verifier *verifier, const xmlNode *node, struct certificate **ret_certificate, struct why *why)
{
        auto_str char *type = xml_attribute(node, NULL, "ValueType");
        if (str_eq(type, X509_TOKEN_PROFILE "X509PKIPathv1") || str_eq(type, X509_TOKEN_PROFILE "PKCS7"))
                return REFUSE(SIG_KEY_INFO, "the token is a PKIPath or PKCS7, not an X509v3 certificate");
        if (!str_eq(type, X509_TOKEN_PROFILE "X509v3") || !is_base64(node))
                return REFUSE(SIG_KEY_INFO, "%s is not an X509v3 certificate in base64", (const char *)node->name);
        return key_info_certificate(verifier, SIG_TRANSPORT, node, ret_certificate, why);
}

/* wsse:KeyIdentifier: the certificate itself, as SHEP has it, or the name of a known one (X.509 Token Profile 1.1, 3.2). */
static enum gw_rc read_key_identifier(struct verifier *verifier, const xmlNode *node, struct certificate **ret_certificate, struct why *why)
{
        auto_str char *type = xml_attribute(node, NULL, "ValueType");
        bool by_ski = str_eq(type, X509_TOKEN_PROFILE "X509SubjectKeyIdentifier"), by_thumbprint = str_eq(type, THUMBPRINT_SHA1);
        if (!by_ski && !by_thumbprint)
                return read_token(verifier, node, ret_certificate, why);
        if (!is_base64(node))
                return REFUSE(SIG_KEY_INFO, "KeyIdentifier is not in base64");
        return key_info_named(verifier, SIG_TRANSPORT, by_ski ? KNOWN_BY_KEY_IDENTIFIER : KNOWN_BY_SHA1, node, ret_certificate, why);
}

/* wsse:Reference URI="#id" to a BinarySecurityToken of the same header. */
static enum gw_rc read_direct_reference(struct verifier *verifier, const struct soap *soap, const xmlNode *reference,
                                        struct certificate **ret_certificate, struct why *why)
{
        auto_str char *uri = xml_attribute(reference, NULL, "URI");
        if (!uri || *uri != '#')
                return REFUSE(SIG_KEY_INFO, "the token reference leads out of the message");
        if (count_ids(soap->doc, uri + 1) > 1)
                return REFUSE(SIG_ID_DUPLICATE, "the token's id is not unique in the message");
        for (const xmlNode *node = xml_first_element(soap->security); node; node = xml_next_element(node))
                if (xml_is(node, WSSE_NS, "BinarySecurityToken") && has_value(wsu_id(node), uri + 1))
                        return read_token(verifier, node, ret_certificate, why);
        return REFUSE(SIG_KEY_INFO, "the token reference is not to a BinarySecurityToken of this Security header");
}

/* KeyInfo holds one of: SecurityTokenReference{KeyIdentifier | Reference | X509Data}, X509Data. */
static enum gw_rc read_certificate(struct verifier *verifier, const struct soap *soap, const xmlNode *key_info,
                                   struct certificate **ret_certificate, STACK_OF(X509) **ret_chain, struct why *why)
{
        const xmlNode *node = xml_first_element(key_info);
        bool several = xml_next_element(node);
        if (xml_is(node, WSSE_NS, "SecurityTokenReference")) {
                node = xml_first_element(node);
                several = several || xml_next_element(node);
        }
        if (several)
                return REFUSE(SIG_KEY_INFO, "KeyInfo points to more than one thing");
        if (xml_is(node, WSSE_NS, "KeyIdentifier"))
                return read_key_identifier(verifier, node, ret_certificate, why);
        if (xml_is(node, WSSE_NS, "Reference"))
                return read_direct_reference(verifier, soap, node, ret_certificate, why);
        return key_info_x509_data(verifier, SIG_TRANSPORT, node, ret_certificate, ret_chain, why);
}

/* ---- Timestamp --------------------------------------------------------------------------------------------------- */

static bool read_instant(const xmlNode *timestamp, const char *name, bool *ret_present, struct wall_time *ret_time)
{
        unsigned count = 0;
        const xmlNode *node = xml_child_counted(timestamp, WSU_NS, name, &count);
        *ret_present = count > 0;
        if (count == 0)
                return true;
        auto_str char *text = xml_text(node);
        return count == 1 && text && clock_parse_iso(text, ret_time) == GW_OK;
}

/* Created like a message date; Expires must not have passed. */
static enum gw_rc check_timestamp(const struct verify_policy *policy, const xmlNode *timestamp, struct wall_time at, struct why *why)
{
        if (!timestamp)
                return GW_OK;
        bool has_created = false, has_expires = false;
        struct wall_time created = {0}, expires = {0};
        if (!read_instant(timestamp, "Created", &has_created, &created) || !read_instant(timestamp, "Expires", &has_expires, &expires))
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "the Timestamp's dates are ill-formed");
        if (has_expires && at.ms - policy->clock_skew_ms >= expires.ms)
                return why_set(why, GW_REJECT, REASON_MESSAGE_DATE_STALE, "the Timestamp has expired");
        return has_created ? verify_fresh(policy, created, at, why) : GW_OK;
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

static enum gw_rc read_message(const struct soap *soap, struct sig_shape *shape, struct security *security, struct why *why)
{
        enum gw_rc rc = find_parts(soap, security, why);
        if (rc == GW_OK)
                rc = sig_read(SIG_TRANSPORT, SIG_FORM_DETACHED, security->signature, shape, why);
        if (rc == GW_OK)
                rc = check_unique(soap, shape, why);
        if (rc == GW_OK)
                rc = match_references(soap, shape, security, why);
        if (rc == GW_OK)
                rc = sig_check_text(SIG_TRANSPORT, security->signature, false, why);
        if (rc == GW_OK)
                rc = sig_check_text(SIG_TRANSPORT, soap->body, true, why);
        return rc;
}

enum gw_rc verify_transport(struct verifier *verifier, const struct soap *soap, struct wall_time at, struct certificate **ret_certificate,
                            struct why *why)
{
        struct sig_shape shape;
        struct security security;
        enum gw_rc rc = read_message(soap, &shape, &security, why);
        if (rc == GW_OK)
                rc = trust_check_method(verifier, &shape, at, why);
        if (rc != GW_OK)
                return rc;
        auto_certificate struct certificate *certificate = NULL;
        gw_auto(x509_chain) STACK_OF(X509) *chain = NULL;
        rc = read_certificate(verifier, soap, shape.key_info, &certificate, &chain, why);
        if (rc != GW_OK)
                return rc;
        rc = sig_check_key(&shape, certificate, why);
        if (rc != GW_OK)
                return rc;
        trust_count_signature(verifier);
        rc = sig_verify(&shape, certificate, security.targets, why);
        if (rc != GW_OK)
                return rc;
        rc = trust_check_with(verifier, SIG_TRANSPORT, certificate, chain, at, why);
        if (rc != GW_OK)
                return rc;
        rc = check_timestamp(trust_policy(verifier), security.timestamp, at, why);
        if (rc != GW_OK)
                return rc;
        *ret_certificate = gw_take(&certificate);
        return GW_OK;
}
