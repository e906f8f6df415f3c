/* verify_transport: no other payload than the signed one verifies (signature wrapping included). */
#include "gateway/soap/soap.h"
#include "tests/fuzz/fuzz.h"

static struct verifier *verifier;
static struct wall_time at;
static struct buf signed_payload = BUF_INIT;

static void setup(void)
{
        if (verifier)
                return;
        verifier = fuzz_verifier();
        at = fuzz_instant();
        auto_str char *text = fuzz_material("envelope.xml");
        auto_soap struct soap *soap = NULL;
        struct why why = WHY_INIT;
        GW_ASSERT(soap_parse(span_str(text), &xml_limits_default, &soap, &why) == GW_OK);
        GW_ASSERT(xml_exc_c14n(soap->payload, &signed_payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        setup();
        struct why why = WHY_INIT;
        auto_soap struct soap *soap = NULL;
        auto_certificate struct certificate *certificate = NULL;
        if (soap_parse(span_of(data, size), &xml_limits_default, &soap, &why) != GW_OK)
                return 0;
        if (verify_transport(verifier, soap, at, &certificate, &why) != GW_OK) {
                GW_ASSERT(why.reason >= REASON_TRANSPORT_SIGNATURE_MISSING && why.reason <= REASON_TRANSPORT_CERTIFICATE_REVOCATION_UNKNOWN);
                return 0;
        }
        auto_buf struct buf got = BUF_INIT;
        GW_ASSERT(certificate && xml_exc_c14n(soap->payload, &got) && span_eq(buf_span(&got), buf_span(&signed_payload)));
        return 0;
}
