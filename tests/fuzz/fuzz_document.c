/* verify_document: nothing but the application that was signed verifies, whatever is done to the document around it: not a comment, not a
 * namespace declaration more. */
#include "gateway/xml/xml.h"
#include "tests/fuzz/fuzz.h"

static struct verifier *verifier;
static struct wall_time at;
static struct buf signed_application = BUF_INIT;

static void setup(void)
{
        if (verifier)
                return;
        verifier = fuzz_verifier();
        at = fuzz_instant();
        auto_str char *text = fuzz_material("application.xml");
        auto_xmldoc xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        GW_ASSERT(xml_read(span_str(text), &xml_limits_default, &doc, &why) == GW_OK);
        GW_ASSERT(xml_c14n(doc, &signed_application));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        setup();
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        if (xml_read(span_of(data, size), &xml_limits_default, &doc, &why) != GW_OK)
                return 0;
        struct verified_document verified = {0};
        if (verify_document(verifier, doc, at, &verified, &why) != GW_OK) {
                GW_ASSERT(why.reason >= REASON_APPLICANT_SIGNATURE_MISSING && why.reason <= REASON_APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN);
                return 0;
        }
        auto_buf struct buf got = BUF_INIT;
        GW_ASSERT(verified.signer_count > 0 && verified.root == xmlDocGetRootElement(doc));
        GW_ASSERT(xml_c14n(doc, &got) && span_eq(buf_span(&got), buf_span(&signed_application)));
        verified_document_done(&verified);
        return 0;
}
