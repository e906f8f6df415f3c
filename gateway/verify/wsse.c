/* The transport signature: WS-Security over this envelope's own Body (interfaces 2). */
#include <stdlib.h>
#include <string.h>

#include "gateway/verify/key_info.h"
#include "gateway/verify/trust.h"

#define X509_TOKEN_PROFILE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#"
#define BASE64_BINARY "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"

/* What of the Security header takes part, found by position and never by id. */
struct security {
        xmlNode *signature;
        xmlNode *timestamp;    /* NULL when absent */
        xmlAttr *targets[SIG_REFERENCES_MAX]; /* ids of what is signed, in the order of the References */
};

#define REFUSE(problem, ...) sig_refuse(why, SIG_TRANSPORT, problem, __VA_ARGS__)

static enum gw_rc find_parts(const struct soap *soap, struct security *ret, struct why *why)
{
        unsigned signatures = 0, timestamps = 0;
        xmlNode *signature = xml_child_counted(soap->security, DSIG_NS, "Signature", &signatures);
        xmlNode *timestamp = xml_child_counted(soap->security, WSU_NS, "Timestamp", &timestamps);
        if (signatures == 0)
                return REFUSE(SIG_MISSING, soap->security ? "no Signature in the Security header" : "no Security header");
        if (signatures > 1)
                return REFUSE(SIG_COVERAGE, "%u Signatures in the Security header", signatures);
        if (timestamps > 1)
                return REFUSE(SIG_COVERAGE, "%u Timestamps in the Security header", timestamps);
        *ret = (struct security){.signature = signature, .timestamp = timestamp};
        return GW_OK;
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
                } else {
                        return REFUSE(SIG_COVERAGE, "a Reference is neither to this envelope's Body nor to its Timestamp");
                }
        }
        if (!body_covered)
                return REFUSE(SIG_COVERAGE, "the Body is not signed");
        if (security->timestamp && !timestamp_covered)
                return REFUSE(SIG_COVERAGE, "the Timestamp is not signed");
        return GW_OK;
}

static xmlNode *next_in_document(xmlNode *node)
{
        if (node->type == XML_ELEMENT_NODE && node->children)
                return node->children;
        while (node && !node->next)
                node = node->parent && node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
        return node ? node->next : NULL;
}

/* How many attributes of the document, whatever their namespace, that anyone may take for an id (Id, ID, id) have this value. */
static unsigned count_ids(const xmlDoc *doc, const char *value)
{
        unsigned count = 0;
        for (xmlNode *node = doc->children; node; node = next_in_document(node)) {
                if (node->type != XML_ELEMENT_NODE)
                        continue;
                for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
                        if (strcasecmp((const char *)attr->name, "id") == 0 && has_value(attr, value))
                                count++;
        }
        return count;
}

/* A second element with the id of a signed one is what signature wrapping needs (measurements.md 2, pitfall 7). */
static enum gw_rc check_unique(const struct soap *soap, const struct sig_shape *shape, struct why *why)
{
        for (size_t i = 0; i < shape->reference_count; i++)
                if (count_ids(soap->doc, shape->ids[i]) != 1)
                        return REFUSE(SIG_COVERAGE, "a signed id is not unique in the message");
        return GW_OK;
}

/* ---- the certificate --------------------------------------------------------------------------------------------- */

/* An encoding that is not named is Base64Binary (WSS SOAP Message Security 1.1, 6.3 and 7.3). */
static bool is_x509_base64(const xmlNode *node)
{
        auto_str char *type = xml_attribute(node, NULL, "ValueType");
        auto_str char *encoding = xml_attribute(node, NULL, "EncodingType");
        return str_eq(type, X509_TOKEN_PROFILE "X509v3") && (!encoding || str_eq(encoding, BASE64_BINARY));
}

/* wsse:Reference URI="#id" to a BinarySecurityToken of the same header. */
static bool read_direct_reference(const struct soap *soap, const xmlNode *reference, struct buf *der)
{
        auto_str char *uri = xml_attribute(reference, NULL, "URI");
        if (!uri || *uri != '#' || count_ids(soap->doc, uri + 1) != 1)
                return false;
        for (const xmlNode *node = xml_first_element(soap->security); node; node = xml_next_element(node))
                if (xml_is(node, WSSE_NS, "BinarySecurityToken") && has_value(wsu_id(node), uri + 1))
                        return is_x509_base64(node) && key_info_base64(node, der);
        return false;
}

/* KeyInfo holds one of: SecurityTokenReference{KeyIdentifier | Reference | X509Data}, X509Data. An X509IssuerSerial alone has no
 * certificate in it. */
static bool read_certificate(const struct soap *soap, const xmlNode *key_info, struct buf *der)
{
        const xmlNode *node = xml_first_element(key_info);
        if (xml_next_element(node))
                return false;
        if (xml_is(node, WSSE_NS, "SecurityTokenReference")) {
                node = xml_first_element(node);
                if (xml_next_element(node))
                        return false;
        }
        if (xml_is(node, WSSE_NS, "KeyIdentifier"))
                return is_x509_base64(node) && key_info_base64(node, der);
        if (xml_is(node, WSSE_NS, "Reference"))
                return read_direct_reference(soap, node, der);
        return key_info_x509_data(node, der);
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
                rc = match_references(soap, shape, security, why);
        if (rc == GW_OK)
                rc = check_unique(soap, shape, why);
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
        auto_buf struct buf der = BUF_LIMIT(2 * KEY_INFO_DER_MAX);
        if (!read_certificate(soap, shape.key_info, &der))
                return REFUSE(SIG_CERTIFICATE_UNREADABLE, "KeyInfo does not carry one X.509 certificate");
        auto_certificate struct certificate *certificate = NULL;
        rc = trust_certificate(verifier, SIG_TRANSPORT, buf_span(&der), &certificate, why);
        if (rc != GW_OK)
                return rc;
        rc = sig_check_key(&shape, certificate, why);
        if (rc != GW_OK)
                return rc;
        trust_count_signature(verifier);
        rc = sig_verify(&shape, certificate, security.targets, why);
        if (rc != GW_OK)
                return rc;
        rc = trust_check(verifier, SIG_TRANSPORT, certificate, at, why);
        if (rc != GW_OK)
                return rc;
        rc = check_timestamp(trust_policy(verifier), security.timestamp, at, why);
        if (rc != GW_OK)
                return rc;
        *ret_certificate = gw_take(&certificate);
        return GW_OK;
}
