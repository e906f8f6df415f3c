/* What a person brings as the result that he has signed, after its signature is gone: either exactly the draft of this request, or refused with one of the reasons for that. And a text in a query. */
#include "gateway/check/form.h"
#include "gateway/provider/result.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"
#include "tests/fuzz/fuzz.h"

static const struct service *service_of(void)
{
        static struct catalogue *catalogue;
        struct why why = WHY_INIT;
        xml_init();
        if (!catalogue)
                GW_ASSERT(catalogue_open("conf/services", &catalogue, &why) == GW_OK);
        return catalogue_find(catalogue, "HOUSING_AID", wall_now());
}

static void text(struct span in)
{
        auto_buf struct buf out = BUF_LIMIT(4096);
        if (form_text(in, "textKk", &out))
                GW_ASSERT(out.n > 0 && text_is_utf8(buf_span(&out)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = span_of(data, size);
        const struct service *service = service_of();
        struct wall_time at = {1795855982959};
        struct result_facts facts = {
                .number = "20100000000007", .request_number = "10100000000007", .portal_number = "38452268157405", .service = service, .route = service_route(service, ROUTE_OFFICE),
                .provider_bin = "160640900019", .provider_kk = "Үлгі", .provider_ru = "Пример", .applicant_iin = "850412390011", .note_kk = "СЫНАҚ", .note_ru = "ТЕСТ"};
        struct result_said said;
        struct why why = WHY_INIT;
        text(in);
        if (result_match(&facts, "", "", in, at, &said, &why) != GW_OK) {
                bool known = why.reason == REASON_RESULT_NUMBER || why.reason == REASON_RESULT_TYPE || why.reason == REASON_RESULT_CONTENT || str_starts(reason_info(why.reason)->name, "XML_");
                GW_ASSERT(known);
                return 0;
        }
        /* Accepted: then it is what the gateway itself would write. */
        auto_buf struct buf draft = BUF_INIT;
        const struct service_paper *paper = NULL;
        facts.outcome = said.outcome;
        facts.ground = said.ground;
        facts.text_kk = said.text_kk;
        facts.text_ru = said.text_ru;
        facts.issued_at = said.issued_at;
        GW_ASSERT(result_write(&facts, &draft, &paper, &why) == GW_OK && paper == said.paper && span_eq(buf_span(&draft), in));
        result_said_done(&said);
        return 0;
}
