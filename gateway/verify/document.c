/* The applicant's signature: enveloped XML-DSig of NCALayer's shape (interfaces 5). */
#include <string.h>

#include "gateway/verify/key_info.h"
#include "gateway/verify/trust.h"
#include "gateway/verify/xades.h"

#define REFUSE(problem, ...) sig_refuse(why, SIG_APPLICANT, problem, __VA_ARGS__)

static xmlNode *next_in_tree(const xmlNode *root, xmlNode *node)
{
        if (node->type == XML_ELEMENT_NODE && node->children)
                return node->children;
        while (node != root && !node->next)
                node = node->parent;
        return node == root ? NULL : node->next;
}

/* Reference URI="" means the document without comments, even when a transform says #WithComments (XML-DSig 4.4.3.3): a comment may
 * be added or taken away after signing, and splits text for careless readers. So there must be none; nor anything else but
 * elements and text. *ret_signatures counts ds:Signature anywhere. */
static bool only_elements_and_text(xmlNode *root, unsigned *ret_signatures)
{
        if (root->doc->children != root || root->next)
                return false;
        unsigned signatures = 0;
        for (xmlNode *node = root; node; node = next_in_tree(root, node)) {
                if (node->type != XML_ELEMENT_NODE && node->type != XML_TEXT_NODE && node->type != XML_CDATA_SECTION_NODE)
                        return false;
                signatures += xml_is(node, DSIG_NS, "Signature");
        }
        *ret_signatures = signatures;
        return true;
}

static xmlNode *last_signature(const xmlNode *root)
{
        xmlNode *last = xmlGetLastChild(root);
        while (last && last->type != XML_ELEMENT_NODE)
                last = last->prev;
        return last && xml_is(last, DSIG_NS, "Signature") ? last : NULL;
}

static enum gw_rc verify_one(struct verifier *verifier, xmlNode *signature, struct wall_time at, struct certificate **ret_signer,
                             struct why *why)
{
        struct sig_shape shape;
        struct xades xades = {0};
        enum gw_rc rc = sig_read(SIG_APPLICANT, SIG_FORM_ENVELOPED, signature, &shape, why);
        if (rc == GW_OK && shape.object)
                rc = xades_read(&shape, &xades, why);
        if (rc == GW_OK)
                rc = trust_check_method(verifier, &shape, at, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf der = BUF_LIMIT(2 * KEY_INFO_DER_MAX);
        const xmlNode *data = xml_first_element(shape.key_info);
        if (xml_next_element(data) || !key_info_x509_data(data, &der))
                return REFUSE(SIG_CERTIFICATE_UNREADABLE, "KeyInfo does not carry one X.509 certificate");
        auto_certificate struct certificate *signer = NULL;
        rc = trust_certificate(verifier, SIG_APPLICANT, buf_span(&der), &signer, why);
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
        rc = trust_check(verifier, SIG_APPLICANT, signer, at, why);
        if (rc != GW_OK)
                return rc;
        *ret_signer = gw_take(&signer);
        return GW_OK;
}

/* From the last to the first: each further signer appended a sibling that covers the earlier ones, and the enveloped transform
 * takes away only the signature it stands in. */
static enum gw_rc peel(struct verifier *verifier, xmlNode *root, struct wall_time at, struct verified_document *peeled, struct why *why)
{
        for (xmlNode *signature = last_signature(root); signature; signature = last_signature(root)) {
                if (peeled->signer_count == VERIFY_SIGNERS_MAX)
                        return REFUSE(SIG_COVERAGE, "more than %d signers", VERIFY_SIGNERS_MAX);
                enum gw_rc rc = verify_one(verifier, signature, at, &peeled->signers[peeled->signer_count], why);
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
        }
}

static enum gw_rc verify_root(struct verifier *verifier, xmlNode *root, struct wall_time at, struct verified_document *peeled,
                              struct why *why)
{
        unsigned signatures = 0;
        if (!only_elements_and_text(root, &signatures))
                return REFUSE(SIG_COVERAGE, "something else than elements and text (a comment) in the document");
        if (signatures == 0)
                return REFUSE(SIG_MISSING, "no Signature in the document");
        if (xml_is(root, DSIG_NS, "Signature"))
                return REFUSE(SIG_COVERAGE, "the Signature is the root");
        enum gw_rc rc = peel(verifier, root, at, peeled, why);
        if (rc != GW_OK)
                return rc;
        if (peeled->signer_count != signatures)
                return REFUSE(SIG_COVERAGE, "a Signature is not at the end of the root element");
        return GW_OK;
}

enum gw_rc verify_document(struct verifier *verifier, xmlDoc *doc, struct wall_time at, struct verified_document *ret, struct why *why)
{
        xmlNode *root = xmlDocGetRootElement(doc);
        if (!root)
                return REFUSE(SIG_MISSING, "an empty document");
        struct verified_document peeled = {.root = root};
        enum gw_rc rc = verify_root(verifier, root, at, &peeled, why);
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
