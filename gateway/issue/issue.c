/* Gives the template its values, and the result its signature. */
#include "gateway/catalogue/template.h"
#include "gateway/issue/issue.h"
#include "gateway/reason.h"

#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

struct quarter_words { const char *kk, *ru; };

/* In words, because a digit in a sentence is easily altered on paper. */
static struct quarter_words quarter_words(xmlDoc *case_doc)
{
        static const struct quarter_words words[] = {
                {"бірінші", "первый"}, {"екінші", "второй"}, {"үшінші", "третий"}, {"төртінші", "четвёртый"}};
        auto_str char *quarter = xml_attribute(xmlDocGetRootElement(case_doc), NULL, "quarter");
        GW_ASSERT(quarter && quarter[0] >= '1' && quarter[0] <= '4'); /* case_build() wrote it */
        return words[quarter[0] - '1'];
}

enum gw_rc issue_write(const struct issue_input *input, struct buf *out, struct why *why)
{
        if (input->decision->outcome == OUTCOME_WAIT || !input->service->result_template)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "there is nothing to issue");
        char date[CLOCK_TEXT_MAX], datetime[CLOCK_TEXT_MAX];
        struct quarter_words quarter = quarter_words(input->case_doc);
        const struct service_rule *rule = input->decision->rule;
        const char *const values[TEMPLATE_VARIABLE_COUNT] = {
                [TEMPLATE_NUMBER] = input->document_number,
                [TEMPLATE_OUTCOME] = outcome_name(input->decision->outcome),
                [TEMPLATE_RULE] = rule->id,
                [TEMPLATE_REASON_KK] = rule->reason.kk,
                [TEMPLATE_REASON_RU] = rule->reason.ru,
                [TEMPLATE_REASON_EN] = rule->reason.en,
                [TEMPLATE_DATE] = clock_date_people(input->at, date),
                [TEMPLATE_DATETIME] = clock_iso(input->at, datetime),
                [TEMPLATE_QUARTER_KK] = quarter.kk,
                [TEMPLATE_QUARTER_RU] = quarter.ru,
                [TEMPLATE_SERVICE_NAME_KK] = input->service->name.kk,
                [TEMPLATE_SERVICE_NAME_RU] = input->service->name.ru,
                [TEMPLATE_SERVICE_NAME_EN] = input->service->name.en,
                [TEMPLATE_ISSUER_NAME_KK] = input->issuer_name_kk,
                [TEMPLATE_ISSUER_NAME_RU] = input->issuer_name_ru,
                [TEMPLATE_ISSUER_BIN] = input->issuer_bin,
                [TEMPLATE_NOTE_KK] = input->note_kk,
                [TEMPLATE_NOTE_RU] = input->note_ru,
        };
        return template_fill(input->service->result_template, input->case_doc, values, out, why);
}

enum gw_rc issue_signed(const struct issue_input *input, const struct signing_key *key, struct xades_place *place, struct buf *out,
                        struct why *why)
{
        auto_buf struct buf unsigned_document = BUF_INIT;
        enum gw_rc rc = issue_write(input, &unsigned_document, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(out, XML_DECLARATION);
        if (!place)
                return xml_sign_enveloped(key, buf_span(&unsigned_document), out, why);
        return xml_sign_xades(key, buf_span(&unsigned_document), input->at, out, place, why);
}
