/* The applicant's signature: enveloped XML-DSig of NCALayer's shape (interfaces 5). */
#include <stdio.h>
#include <string.h>

#include "gateway/verify/facts.h"
#include "gateway/verify/key_info.h"
#include "gateway/verify/time_stamp.h"
#include "gateway/verify/trust.h"
#include "gateway/verify/xades.h"

#define REFUSE(problem, ...) sig_refuse(why, party, problem, __VA_ARGS__)

static unsigned count_signatures(xmlNode *root)
{
        unsigned count = 0;
        for (xmlNode *node = root; node; node = xml_next_in_tree(root, node))
                count += xml_is(node, DSIG_NS, "Signature");
        return count;
}

static xmlNode *last_signature(const xmlNode *root)
{
        xmlNode *last = xmlGetLastChild(root);
        while (last && last->type != XML_ELEMENT_NODE)
                last = last->prev;
        return last && xml_is(last, DSIG_NS, "Signature") ? last : NULL;
}

/* Level T: the stamp proves that the signature was there at an instant. */
static enum gw_rc check_stamp(struct verifier *verifier, const struct sig_shape *shape, const struct xades *xades, struct wall_time at,
                              struct signature_facts *facts, struct why *why)
{
        auto_buf struct buf token = BUF_INIT, stamped = BUF_INIT;
        struct time_stamp stamp = {0};
        enum gw_rc rc = xades_read_stamp(shape, xades, &token, &stamped, why);
        if (rc == GW_OK)
                rc = time_stamp_check(verifier, shape->party, buf_span(&token), buf_span(&stamped), at, &stamp, why);
        if (rc != GW_OK)
                return rc;
        facts->level = "XAdES-T";
        facts->stamped_at = stamp.at;
        snprintf(facts->stamp_policy, sizeof facts->stamp_policy, "%s", stamp.policy);
        snprintf(facts->stamp_authority, sizeof facts->stamp_authority, "%s", stamp.authority->common_name);
        time_stamp_done(&stamp);
        return GW_OK;
}

/* Whether the signer is trusted: for the instant of the stamp when there is one, else for that of receipt. */
static enum gw_rc check_signer(struct verifier *verifier, const struct sig_shape *shape, const struct xades *xades, struct certificate *signer,
                               STACK_OF(X509) *chain, struct wall_time at, struct signature_facts *facts, struct why *why)
{
        enum sig_party party = shape->party;
        const char *what[SIG_REFERENCES_MAX];
        for (size_t i = 0; i < shape->reference_count; i++)
                what[i] = *shape->ids[i] ? "SignedProperties" : "document";
        *facts = (struct signature_facts){.level = shape->object ? "XAdES-BES" : "XML-DSig", .signing_time = xades->signing_time};
        facts_read(shape->signature, what, shape->reference_count, facts);
        if (xades->stamp && party != SIG_LOGIN) {
                enum gw_rc rc = check_stamp(verifier, shape, xades, at, facts, why);
                return rc == GW_OK ? trust_check_stamped(verifier, party, signer, chain, facts->stamped_at, at, why) : rc;
        }
        if (trust_policy(verifier)->stamp_required && party != SIG_LOGIN)
                return REFUSE(SIG_TIMESTAMP_MISSING, "policy wants a time stamp");
        return trust_check_with(verifier, party, signer, chain, at, why);
}

static enum gw_rc verify_one(struct verifier *verifier, enum sig_party party, xmlNode *signature, struct wall_time at, struct certificate **ret_signer,
                             struct signature_facts *ret_facts, struct why *why)
{
        struct sig_shape shape;
        struct xades xades = {0};
        enum gw_rc rc = sig_read(party, SIG_FORM_ENVELOPED, signature, &shape, why);
        if (rc == GW_OK && shape.object)
                rc = xades_read(&shape, &xades, why);
        if (rc == GW_OK)
                rc = trust_check_method(verifier, &shape, at, why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *data = xml_first_element(shape.key_info);
        if (xml_next_element(data))
                return REFUSE(SIG_KEY_INFO, "KeyInfo holds more than one element");
        auto_certificate struct certificate *signer = NULL;
        gw_auto(x509_chain) STACK_OF(X509) *chain = NULL;
        rc = key_info_x509_data(verifier, party, data, &signer, &chain, why);
        if (rc != GW_OK)
                return rc;
        rc = sig_check_key(&shape, signer, why);
        if (rc == GW_OK && shape.object)
                rc = xades_check_certificate(&shape, &xades, signer, why);
        if (rc != GW_OK)
                return rc;
        trust_count_signature(verifier);
        xmlAttr *targets[SIG_REFERENCES_MAX] = {NULL};
        targets[shape.properties_reference] = xades.id;
        rc = sig_verify(&shape, signer, targets, why);
        if (rc != GW_OK)
                return rc;
        rc = check_signer(verifier, &shape, &xades, signer, chain, at, ret_facts, why);
        if (rc != GW_OK)
                return rc;
        *ret_signer = gw_take(&signer);
        return GW_OK;
}

/* From the last to the first: each further signer appended a sibling that covers the earlier ones, and the enveloped transform
 * takes away only the signature it stands in. */
static enum gw_rc peel(struct verifier *verifier, enum sig_party party, xmlNode *root, struct wall_time at, struct verified_document *peeled, struct why *why)
{
        for (xmlNode *signature = last_signature(root); signature; signature = last_signature(root)) {
                if (peeled->signer_count == VERIFY_SIGNERS_MAX)
                        return REFUSE(SIG_SEVERAL, "more than %d signers", VERIFY_SIGNERS_MAX);
                enum gw_rc rc = verify_one(verifier, party, signature, at, &peeled->signers[peeled->signer_count], &peeled->facts[peeled->signer_count], why);
                if (rc != GW_OK)
                        return rc;
                peeled->signer_count++;
                xmlUnlinkNode(signature);
                xmlFreeNode(signature);
        }
        return GW_OK;
}

static void reverse_signers(struct verified_document *document)
{
        for (size_t i = 0; i < document->signer_count / 2; i++) {
                struct certificate **a = &document->signers[i], **b = &document->signers[document->signer_count - 1 - i];
                struct certificate *kept = *a;
                *a = *b;
                *b = kept;
                struct signature_facts facts = document->facts[i];
                document->facts[i] = document->facts[document->signer_count - 1 - i];
                document->facts[document->signer_count - 1 - i] = facts;
        }
}

static enum gw_rc verify_root(struct verifier *verifier, enum sig_party party, xmlNode *root, struct wall_time at, struct verified_document *peeled,
                              struct why *why)
{
        if (root->doc->children != root || root->next)
                return REFUSE(SIG_COMMENT, "something beside the root element");
        enum gw_rc rc = sig_check_text(party, root, false, why);
        if (rc != GW_OK)
                return rc;
        if (count_signatures(root) == 0)
                return REFUSE(SIG_MISSING, "no Signature in the document");
        if (xml_is(root, DSIG_NS, "Signature"))
                return REFUSE(SIG_WRAPPED, "the Signature is the root");
        rc = peel(verifier, party, root, at, peeled, why);
        if (rc != GW_OK)
                return rc;
        if (xml_child(root, DSIG_NS, "Signature"))
                return REFUSE(SIG_COVERAGE, "something follows a Signature in the root element");
        if (count_signatures(root) > 0)
                return REFUSE(SIG_WRAPPED, "a Signature is not at the end of the root element");
        return GW_OK;
}

enum gw_rc verify_document(struct verifier *verifier, xmlDoc *doc, struct wall_time at, struct verified_document *ret, struct why *why)
{
        return verify_document_of(verifier, SIG_APPLICANT, doc, at, ret, why);
}

enum gw_rc verify_document_of(struct verifier *verifier, enum sig_party party, xmlDoc *doc, struct wall_time at, struct verified_document *ret, struct why *why)
{
        xmlNode *root = xmlDocGetRootElement(doc);
        if (!root)
                return REFUSE(SIG_MISSING, "an empty document");
        struct verified_document peeled = {.root = root};
        enum gw_rc rc = verify_root(verifier, party, root, at, &peeled, why);
        if (rc != GW_OK) {
                verified_document_done(&peeled);
                return rc;
        }
        reverse_signers(&peeled);
        *ret = peeled;
        return GW_OK;
}

void verified_document_done(struct verified_document *verified)
{
        for (size_t i = 0; i < verified->signer_count; i++)
                certificate_unref(verified->signers[i]);
        *verified = (struct verified_document){0};
}
