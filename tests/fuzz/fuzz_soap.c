/* From bytes to a SHEP message and the document that its data carries. */
#include "gateway/soap/shep.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct why why = WHY_INIT;
        auto_soap struct soap *soap = NULL;
        auto_shep_message struct shep_message *message = NULL;
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        xml_init();
        enum gw_rc rc = soap_parse(span_of(data, size), &xml_limits_default, &soap, &why);
        if (rc == GW_OK) {
                GW_ASSERT(soap->payload && soap->payload->parent == soap->body && soap->body->parent == xmlDocGetRootElement(soap->doc));
                GW_ASSERT(soap->version == 11 || soap->version == 12);
                rc = shep_read(soap, &message, &why);
        }
        if (rc == GW_OK && message->operation != SHEP_FAULT && message->data)
                rc = shep_data_document(message->data, &xml_limits_default, &doc, &bytes, &why);
        if (rc == GW_OK && doc) {
                GW_ASSERT(xmlDocGetRootElement(doc) && !doc->intSubset);
                /* What is kept as evidence is the document that is read. */
                auto_xmldoc xmlDoc *again = NULL;
                GW_ASSERT(xml_read(buf_span(&bytes), &xml_limits_default, &again, &why) == GW_OK);
        }
        GW_ASSERT(rc == GW_OK || (rc == GW_REJECT && why.reason != REASON_NONE && text_is_utf8(span_str(why.detail))));
        return 0;
}
