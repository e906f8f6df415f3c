/* cms_read and cms_check_signer: any bytes give a CMS whose parts lie within it, or a refusal; what is accepted without its own content is not accepted with another. */
#include "gateway/pki/cms.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct why why = WHY_INIT;
        auto_cms struct cms *cms = NULL;
        struct span none = span_of(NULL, 0), other = span_str("another content");
        gw_ignore(cms_looks_like(span_of(data, size)));
        if (cms_read(span_of(data, size), "1.2.840.113549.1.7.1", &cms, &why) != CMS_OK) {
                GW_ASSERT(!cms && *why.detail);
                return 0;
        }
        GW_ASSERT(cms_signer_count(cms) >= 1 && cms_signer_count(cms) <= CMS_SIGNERS_MAX);
        for (size_t i = 0; i < cms_signer_count(cms); i++) {
                struct cms_signer signer;
                cms_signer(cms, i, &signer);
                GW_ASSERT(signer.algorithm && signer.time_stamp.n <= size && signer.signature.n <= size);
                enum cms_problem problem = cms_check_signer(cms, i, signer.x509, none, &why);
                GW_ASSERT(problem != CMS_OK || (signer.x509 && cms_content(cms).p));
                problem = cms_check_signer(cms, i, signer.x509, other, &why);
                GW_ASSERT(problem != CMS_OK || span_eq(cms_content(cms), other) || !cms_content(cms).p);
        }
        return 0;
}
