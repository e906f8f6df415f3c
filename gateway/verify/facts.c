/* Facts of good signatures, read from where they stand. */
#include "gateway/verify/facts.h"

#include <stdio.h>
#include <string.h>

/* The end of an algorithm's URI is its name: "…xmldsig-more#rsa-sha256", "urn:…:gostr34112015-512". */
static void copy_name(const xmlNode *node, char *out, size_t size)
{
        auto_str char *uri = xml_attribute(node, NULL, "Algorithm");
        const char *name = uri ? strrchr(uri, '#') : NULL;
        if (uri && !name)
                name = strrchr(uri, ':');
        snprintf(out, size, "%s", name ? name + 1 : "");
}

void facts_read(const xmlNode *signature, const char *const *what, size_t count, struct signature_facts *facts)
{
        const xmlNode *info = xml_child(signature, DSIG_NS, "SignedInfo"), *reference = xml_child(info, DSIG_NS, "Reference");
        copy_name(xml_child(info, DSIG_NS, "SignatureMethod"), facts->algorithm, sizeof facts->algorithm);
        for (size_t i = 0; reference && i < count && i < SIGNATURE_COVERED_MAX; i++, reference = xml_next_element(reference)) {
                struct covered *covered = &facts->covered[facts->covered_count++];
                auto_str char *digest = xml_child_text(reference, DSIG_NS, "DigestValue");
                covered->what = what[i];
                copy_name(xml_child(reference, DSIG_NS, "DigestMethod"), covered->hash, sizeof covered->hash);
                snprintf(covered->digest, sizeof covered->digest, "%s", digest ? digest : "");
        }
}

/* The order is the message's: a Reference is to the Body when its URI is the Body's id (verify_transport() has seen to it that it is to one of the two). */
void verify_transport_facts(const struct soap *soap, struct signature_facts *ret_facts)
{
        const xmlNode *signature = xml_child(soap->security, DSIG_NS, "Signature");
        const xmlNode *reference = xml_child(xml_child(signature, DSIG_NS, "SignedInfo"), DSIG_NS, "Reference");
        auto_str char *body = xml_attribute(soap->body, WSU_NS, "Id");
        const char *what[SIGNATURE_COVERED_MAX] = {NULL};
        size_t count = 0;
        for (; reference && count < SIGNATURE_COVERED_MAX; reference = xml_next_element(reference)) {
                auto_str char *uri = xml_attribute(reference, NULL, "URI");
                what[count++] = uri && *uri == '#' && str_eq(uri + 1, body) ? "Body" : "Timestamp";
        }
        *ret_facts = (struct signature_facts){.level = "WS-Security"};
        facts_read(signature, what, count, ret_facts);
}
