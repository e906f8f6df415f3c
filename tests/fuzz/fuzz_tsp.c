/* Time stamps: any bytes as a token, as a response to a request of ours. */
#include "gateway/pki/tsp.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct why why = WHY_INIT;
        struct span in = span_of(data, size), imprinted = span_str("a signature value");
        auto_tsp_token struct tsp_token *token = NULL;
        struct tsp_facts facts;
        if (tsp_read(in, &token, &facts, &why) == CMS_OK) {
                GW_ASSERT(facts.x509 && *facts.policy && *facts.serial && facts.at.ms > 0);
                gw_ignore(tsp_covers(token, imprinted));
        }
        auto_buf struct buf request = BUF_INIT, out = BUF_INIT;
        GW_ASSERT(tsp_request(TSP_SHA256, imprinted, NULL, span_of(NULL, 0), &request));
        enum gw_rc rc = tsp_response(in, buf_span(&request), &out, &why);
        GW_ASSERT((rc == GW_OK) == (out.n > 0) && rc != GW_FAULT);
        return 0;
}
