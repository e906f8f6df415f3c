/* The diagnosis: the verdict by the gateway's own verification, then the signature read again, generously. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/diagnose/diagnose.h"
#include "gateway/diagnose/digest_search.h"
#include "gateway/diagnose/value_search.h"
#include "gateway/soap/package.h"
#include "gateway/soap/shep.h"

#define REFERENCES_MAX 4
#define PREFIXES_MAX 16
#define CERTIFICATE_BYTES_MAX 16384

struct diagnosis {
        struct verifier *verifier;
        const struct diagnose_request *request;
        struct notes notes;
        json_t *report, *parts;
};

/* ---- verdicts ---- */

static void put_reason(const struct diagnosis *d, json_t *into, enum gw_rc rc, const struct why *why)
{
        json_object_set_new(into, "valid", json_boolean(rc == GW_OK));
        json_object_set_new(into, "code", json_string(rc == GW_OK ? "OK" : reason_info(why->reason)->name));
        if (rc == GW_OK)
                return;
        const struct reason_info *info = reason_info(why->reason);
        struct reason_advice advice = reason_advice(why->reason);
        notes_put(into, "side", advice.side_name);
        notes_put(into, "explanation", notes_language(d->notes.language, info->kk, info->ru, info->en));
        notes_put(into, "advice", notes_language(d->notes.language, advice.kk, advice.ru, advice.en));
        notes_put(into, "detail", why->detail);
}

static void add_part(struct diagnosis *d, const char *name, enum gw_rc rc, const struct why *why)
{
        json_t *part = json_pack("{s:s}", "part", name);
        put_reason(d, part, rc, why);
        json_array_append_new(d->parts, part);
        d->notes.part = name;
}

/* The whole is as good as its first bad part. */
static void finish(struct diagnosis *d)
{
        size_t i;
        json_t *part;
        json_array_foreach(d->parts, i, part) {
                if (json_is_true(json_object_get(part, "valid")))
                        continue;
                json_object_update_missing(d->report, part);
                json_object_del(d->report, "part");
                return;
        }
        put_reason(d, d->report, GW_OK, NULL);
}

/* ---- certificates of the message ---- */

static void take_certificate(const xmlNode *node, struct certificate **keys, size_t *count)
{
        struct why why = WHY_INIT;
        auto_str char *text = xml_text(node);
        auto_buf struct buf der = BUF_LIMIT(CERTIFICATE_BYTES_MAX);
        struct certificate *made = NULL;
        if (*count == VALUE_KEYS_MAX || !text || !text_unbase64(&der, span_str(text)) || certificate_decode(buf_span(&der), &made, &why) != GW_OK)
                return;
        for (size_t i = 0; i < *count; i++)
                if (span_eq(span_of(keys[i]->sha256, sizeof keys[i]->sha256), span_of(made->sha256, sizeof made->sha256))) {
                        certificate_unref(made);
                        return;
                }
        keys[(*count)++] = made;
}

static bool may_hold_certificate(const xmlNode *node)
{
        return xml_is(node, DSIG_NS, "X509Certificate") || xml_is(node, WSSE_NS, "KeyIdentifier") || xml_is(node, WSSE_NS, "BinarySecurityToken");
}

static xmlNode *next_element(const xmlNode *root, xmlNode *node)
{
        if (xml_first_element(node))
                return xml_first_element(node);
        while (node != root && !xml_next_element(node))
                node = node->parent;
        return node == root ? NULL : xml_next_element(node);
}

static void take_certificates(xmlNode *root, struct certificate **keys, size_t *count)
{
        for (xmlNode *node = root; node; node = next_element(root, node))
                if (may_hold_certificate(node))
                        take_certificate(node, keys, count);
}

static void put_certificate(struct diagnosis *d, const xmlNode *key_info, const struct certificate *c)
{
        char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX], issuer[256] = "";
        json_t *facts = notes_add(&d->notes, FINDING_CERTIFICATE_FACTS, key_info);
        X509_NAME_get_text_by_NID(X509_get_issuer_name(c->x509), NID_commonName, issuer, sizeof issuer);
        notes_put(facts, "serial", c->serial);
        notes_put(facts, "issuer", issuer);
        notes_put(facts, "notBefore", clock_iso(c->not_before, from));
        notes_put(facts, "notAfter", clock_iso(c->not_after, to));
}

/* ---- one signature ---- */

struct reading {
        xmlDoc *doc;
        const struct soap *soap;   /* NULL: an enveloped signature of the document */
        xmlNode *signature, *signed_info, *key_info;
};

static bool has_id(const xmlNode *node, const char *id)
{
        for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
                xmlChar *value = strcasecmp((const char *)attr->name, "id") == 0 ? xmlNodeListGetString(node->doc, attr->children, 1) : NULL;
                bool same = value && str_eq((const char *)value, id);
                xmlFree(value);
                if (same)
                        return true;
        }
        return false;
}

static xmlNode *find_id(xmlDoc *doc, const char *id, unsigned *ret_count)
{
        xmlNode *root = xmlDocGetRootElement(doc), *found = NULL;
        *ret_count = 0;
        for (xmlNode *node = root; node; node = next_element(root, node)) {
                if (!has_id(node, id))
                        continue;
                found = found ? found : node;
                ++*ret_count;
        }
        return found;
}

static char *algorithm_of(const xmlNode *parent, const char *name)
{
        return xml_attribute(xml_child(parent, DSIG_NS, name), NULL, "Algorithm");
}

/* What the gateway would not even compute. */
static void check_algorithm(struct diagnosis *d, const xmlNode *parent, const char *name, enum form_hash hash)
{
        auto_str char *uri = algorithm_of(parent, name);
        bool hmac = uri && strcasestr(uri, "hmac");
        if (hash != HASH_UNKNOWN && hash != HASH_SHA1 && !hmac)
                return;
        json_t *found = notes_add(&d->notes, FINDING_ALGORITHM_REFUSED, xml_child(parent, DSIG_NS, name));
        notes_put(found, "found", uri);
        notes_put(found, "expected", "…#rsa-sha256 (384, 512), …#ecdsa-sha256 (384), …gostr34102015-gostr34112015-512; …xmlenc#sha256");
}

static void read_prefixes(const xmlNode *transform, char **ret_list, xmlChar *prefixes[PREFIXES_MAX + 1])
{
        const xmlNode *inclusive = xml_first_element(transform);
        char *save = NULL;
        size_t n = 0;
        *ret_list = inclusive ? xml_attribute(inclusive, NULL, "PrefixList") : NULL;
        for (char *word = *ret_list ? strtok_r(*ret_list, " \t\r\n", &save) : NULL; word && n < PREFIXES_MAX; word = strtok_r(NULL, " \t\r\n", &save))
                prefixes[n++] = (xmlChar *)word;
        prefixes[n] = NULL;
}

/* The element that a Reference is to, and what is wrong with that; false when there is none to look at. */
static bool find_target(struct diagnosis *d, const struct reading *r, const xmlNode *reference, xmlNode **ret_target)
{
        auto_str char *uri = xml_attribute(reference, NULL, "URI");
        *ret_target = NULL;
        if (uri && *uri == '\0' && !r->soap)
                return true;
        if (!uri || *uri != '#' || strchr(uri, '(')) {
                json_t *found = notes_add(&d->notes, FINDING_URI_FORM, reference);
                notes_put(found, "found", uri);
                notes_put(found, "expected", r->soap ? "URI=\"#…\", the wsu:Id of Body" : "URI=\"\"");
                return false;
        }
        unsigned count = 0;
        *ret_target = find_id(r->doc, uri + 1, &count);
        if (count != 1) {
                json_t *found = notes_add(&d->notes, count == 0 ? FINDING_ID_UNKNOWN : FINDING_ID_AMBIGUOUS, reference);
                notes_put(found, "found", uri);
                return false;
        }
        const xmlNode *timestamp = r->soap ? xml_child(r->soap->security, WSU_NS, "Timestamp") : NULL;
        if (r->soap && *ret_target != r->soap->body && *ret_target != timestamp)
                notes_put(notes_add(&d->notes, FINDING_ID_ELSEWHERE, *ret_target), "found", uri);
        return true;
}

static void diagnose_reference(struct diagnosis *d, const struct reading *r, const xmlNode *reference)
{
        struct digest_claim claim = {.source = {.doc = r->doc}, .text = r->soap ? TEXT_EXC : TEXT_INC, .reference = reference, .signed_bytes = d->request->signed_bytes};
        if (!find_target(d, r, reference, &claim.source.node))
                return;
        if (!claim.source.node)
                claim.source.signature = r->signature;
        auto_str char *list = NULL;
        xmlChar *prefixes[PREFIXES_MAX + 1] = {NULL};
        const xmlNode *transforms = xml_child(reference, DSIG_NS, "Transforms");
        for (const xmlNode *node = xml_first_element(transforms); node; node = xml_next_element(node)) {
                auto_str char *uri = xml_attribute(node, NULL, "Algorithm");
                claim.text = form_text_of(uri, claim.text);
                free(list);
                read_prefixes(node, &list, prefixes);
        }
        claim.source.prefixes = list ? prefixes : NULL;
        auto_str char *digest = algorithm_of(reference, "DigestMethod"), *value = xml_child_text(reference, DSIG_NS, "DigestValue");
        claim.hash = form_hash_of(digest);
        claim.value = value ? value : "";
        check_algorithm(d, reference, "DigestMethod", claim.hash);
        digest_search(&d->notes, &claim);
}

static void check_body(struct diagnosis *d, const struct reading *r)
{
        auto_str char *id = xml_attribute(r->soap->body, WSU_NS, "Id");
        auto_str char *example = xasprintf("<%s:Body xmlns:wsu=\"" WSU_NS "\" wsu:Id=\"id-…\"> … Reference URI=\"#id-…\"",
                                           r->soap->body->ns && r->soap->body->ns->prefix ? (const char *)r->soap->body->ns->prefix : "soap");
        if (!id) {
                notes_put(notes_add(&d->notes, FINDING_BODY_WITHOUT_ID, r->soap->body), "expected", example);
                return;
        }
        for (const xmlNode *node = xml_first_element(r->signed_info); node; node = xml_next_element(node)) {
                auto_str char *uri = xml_attribute(node, NULL, "URI");
                if (uri && *uri == '#' && str_eq(uri + 1, id))
                        return;
        }
        json_t *found = notes_add(&d->notes, FINDING_BODY_UNSIGNED, r->soap->body);
        notes_put(found, "found", id);
        notes_put(found, "expected", example);
}

/* A BinarySecurityToken that KeyInfo points to stands elsewhere in the header. */
static bool key_is_named(const struct reading *r, size_t in_key_info)
{
        const xmlNode *reference = xml_child(xml_child(r->key_info, WSSE_NS, "SecurityTokenReference"), WSSE_NS, "Reference");
        return in_key_info > 0 || reference;
}

static void diagnose_value(struct diagnosis *d, const struct reading *r, xmlNode *content)
{
        struct certificate *keys[VALUE_KEYS_MAX] = {NULL};
        size_t count = 0;
        if (r->key_info)
                take_certificates(r->key_info, keys, &count);
        bool named = key_is_named(r, count);
        take_certificates(r->soap ? xmlDocGetRootElement(r->doc) : r->signature, keys, &count);
        auto_str char *c14n = algorithm_of(r->signed_info, "CanonicalizationMethod"), *method = algorithm_of(r->signed_info, "SignatureMethod"), *list = NULL;
        auto_str char *text = xml_child_text(r->signature, DSIG_NS, "SignatureValue");
        auto_buf struct buf value = BUF_LIMIT(4096);
        xmlChar *prefixes[PREFIXES_MAX + 1] = {NULL};
        read_prefixes(xml_child(r->signed_info, DSIG_NS, "CanonicalizationMethod"), &list, prefixes);
        struct value_claim claim = {.signed_info = r->signed_info, .text = form_text_of(c14n, r->soap ? TEXT_EXC : TEXT_INC), .prefixes = list ? prefixes : NULL,
                                    .hash = form_hash_of(method), .content = content, .keys = keys, .key_count = count, .named = named};
        check_algorithm(d, r->signed_info, "SignatureMethod", claim.hash);
        if (count == 0 || !named)
                notes_add(&d->notes, FINDING_CERTIFICATE_ABSENT, r->key_info ? r->key_info : r->signature);
        else
                put_certificate(d, r->key_info, keys[0]);
        if (text && text_unbase64(&value, span_str(text)) && value.n > 0) {
                claim.value = buf_span(&value);
                value_search(&d->notes, &claim);
        }
        for (size_t i = 0; i < count; i++)
                certificate_unref(keys[i]);
}

static void diagnose_signature(struct diagnosis *d, struct reading *r)
{
        xmlNode *content = r->soap ? r->soap->body : NULL;
        size_t references = 0;
        r->signed_info = xml_child(r->signature, DSIG_NS, "SignedInfo");
        r->key_info = xml_child(r->signature, DSIG_NS, "KeyInfo");
        if (!r->signed_info)
                return;
        if (r->soap)
                check_body(d, r);
        for (const xmlNode *node = xml_first_element(r->signed_info); node && references < REFERENCES_MAX; node = xml_next_element(node))
                if (xml_is(node, DSIG_NS, "Reference")) {
                        diagnose_reference(d, r, node);
                        references++;
                }
        diagnose_value(d, r, content);
}

/* ---- parts ---- */

static void diagnose_transport(struct diagnosis *d, const struct soap *soap)
{
        struct why why = WHY_INIT;
        auto_certificate struct certificate *signer = NULL;
        enum gw_rc rc = verify_transport(d->verifier, soap, d->request->at, &signer, &why);
        add_part(d, "transport", rc, &why);
        unsigned count = 0;
        struct reading r = {.doc = soap->doc, .soap = soap, .signature = xml_child_counted(soap->security, DSIG_NS, "Signature", &count)};
        if (count == 0)
                notes_put(notes_add(&d->notes, FINDING_NO_SIGNATURE, soap->security ? soap->security : soap->header), "expected", "Envelope/Header/wsse:Security/ds:Signature");
        if (count > 1)
                notes_add(&d->notes, FINDING_SEVERAL_SIGNATURES, soap->security);
        if (count == 1)
                diagnose_signature(d, &r);
}

static xmlNode *last_signature(const xmlNode *root)
{
        xmlNode *last = xmlLastElementChild((xmlNode *)(uintptr_t)root);
        return xml_is(last, DSIG_NS, "Signature") ? last : NULL;
}

static void diagnose_document(struct diagnosis *d, xmlDoc *doc)
{
        struct why why = WHY_INIT;
        struct verified_document verified = {0};
        auto_xmldoc xmlDoc *copy = xmlCopyDoc(doc, 1); /* verification takes the signatures off */
        enum gw_rc rc = copy ? verify_document(d->verifier, copy, d->request->at, &verified, &why) : why_set(&why, GW_FAULT, REASON_INTERNAL, "out of memory");
        if (rc == GW_OK)
                verified_document_done(&verified);
        add_part(d, "document", rc, &why);
        const xmlNode *root = xmlDocGetRootElement(doc);
        if (!last_signature(root))
                notes_put(notes_add(&d->notes, FINDING_NO_SIGNATURE, root), "expected", "ds:Signature as the last child of the root");
        for (unsigned i = 0; i < VERIFY_SIGNERS_MAX && last_signature(root); i++) {
                struct reading r = {.doc = doc, .signature = last_signature(root)};
                diagnose_signature(d, &r);
                xmlUnlinkNode(r.signature); /* the one before it did not cover it */
                xmlFreeNode(r.signature);
        }
}

static void diagnose_date(struct diagnosis *d, const struct soap *soap, const struct shep_message *message)
{
        struct why why = WHY_INIT;
        char found[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
        const struct verify_policy *policy = d->request->policy;
        enum gw_rc rc = verify_fresh(policy, message->message_date, d->request->at, &why);
        add_part(d, "date", rc, &why);
        json_t *note = notes_add(&d->notes, rc == GW_OK ? FINDING_MESSAGE_DATE_GOOD : FINDING_MESSAGE_DATE, soap->payload);
        auto_str char *window = xasprintf("-%lld s … +%lld s", (long long)(policy->message_age_max_ms / 1000), (long long)(policy->message_future_max_ms / 1000));
        notes_put(note, "found", clock_iso(message->message_date, found));
        notes_put(note, "now", clock_iso(d->request->at, now));
        notes_put(note, "window", window);
        json_object_set_new(note, "ageSeconds", json_integer((d->request->at.ms - message->message_date.ms) / 1000));
}

static void diagnose_soap(struct diagnosis *d, const struct soap *soap)
{
        struct why why = WHY_INIT;
        auto_shep_message struct shep_message *message = NULL;
        auto_xmldoc xmlDoc *data = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        diagnose_transport(d, soap);
        if (shep_read(soap, &message, &why) != GW_OK) {
                add_part(d, "contract", GW_REJECT, &why);
                notes_put(notes_add(&d->notes, FINDING_NOT_SHEP, soap->payload), "detail", why.detail);
                return;
        }
        if (message->message_date.ms != 0)
                diagnose_date(d, soap, message);
        if (!message->data)
                return;
        enum gw_rc rc = shep_data_document(package_application(message->data), &xml_limits_default, &data, &bytes, &why);
        if (rc != GW_OK)
                add_part(d, "data", rc, &why);
        else
                diagnose_document(d, data);
}

static void diagnose_bytes(struct diagnosis *d)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        auto_soap struct soap *soap = NULL;
        enum gw_rc rc = GW_OK;
        if (d->request->message.n > DIAGNOSE_BYTES_MAX)
                rc = why_set(&why, GW_REJECT, REASON_HTTP_TOO_LARGE, "a diagnosis is made of at most %zu KiB", DIAGNOSE_BYTES_MAX >> 10);
        if (rc == GW_OK)
                rc = xml_read(d->request->message, &xml_limits_default, &doc, &why);
        if (rc != GW_OK) {
                add_part(d, "message", rc, &why);
                notes_put(notes_add(&d->notes, FINDING_NOT_READABLE, NULL), "detail", why.detail);
                return;
        }
        const xmlNode *root = xmlDocGetRootElement(doc);
        if (!xml_is(root, SOAP11_NS, "Envelope") && !xml_is(root, SOAP12_NS, "Envelope")) {
                diagnose_document(d, doc);
                return;
        }
        rc = soap_of_doc(doc, &soap, &why);
        if (rc != GW_OK) {
                add_part(d, "envelope", rc, &why);
                return;
        }
        gw_ignore(gw_take(&doc)); /* it is the soap's now */
        diagnose_soap(d, soap);
}

json_t *diagnose(struct verifier *verifier, const struct diagnose_request *request)
{
        struct diagnosis d = {.verifier = verifier, .request = request, .report = json_object(), .parts = json_array(),
                              .notes = {.findings = json_array(), .language = request->language, .part = "message"}};
        diagnose_bytes(&d);
        finish(&d);
        json_object_set_new(d.report, "parts", d.parts);
        json_object_set_new(d.report, "findings", d.notes.findings);
        return d.report;
}
