/* ПШЭП: does this account belong to this person.
 *
 *   i:PEP_IBANCheckRequest{OrderNumber, IIN, RNN, IBAN, PaymentAccountType, OrderDate}
 *   i:PEP_IBANCheckResponse{OrderNumber, OrgOrderNumber?, OrderRunDate?, Status, IIN, IBAN, OrgBIC?, BranchName?}
 *
 * Fields of services.md E; OrderNumber is our message id, RNN was abolished in 2013 and goes empty. The answer must name person and account again: it is
 * matched to nothing else. BranchName is not read. */
#include "adapters/answer.h"
#include "adapters/iban/iban.h"
#include "gateway/reason.h"

static void write_query(const struct query *query, struct buf *out)
{
        char date[CLOCK_TEXT_MAX];
        buf_add_str(out, "<i:PEP_IBANCheckRequest xmlns:i=\"" IBAN_NS "\">");
        canon_element(out, "OrderNumber", query->message_id);
        canon_element(out, "IIN", query->iin);
        canon_element(out, "RNN", "");
        canon_element(out, "IBAN", query->account);
        canon_element(out, "PaymentAccountType", "CURRENT");
        canon_element(out, "OrderDate", clock_iso(query->now, date));
        buf_add_str(out, "</i:PEP_IBANCheckRequest>");
}

static enum gw_rc check_same(const xmlNode *root, const char *field, const char *want, struct why *why)
{
        auto_str char *got = NULL;
        enum gw_rc rc = answer_required(root, field, &got, why);
        if (rc == GW_OK && !str_eq(got, want))
                rc = answer_invalid(why, field, "not the query's");
        return rc;
}

static enum gw_rc read_status(const xmlNode *root, const char **ret_status, struct why *why)
{
        static const struct { const char *code, *fact; } statuses[] = {
                {IBAN_STATUS_OWN, "OWN"}, {IBAN_STATUS_FOREIGN, "FOREIGN"}, {IBAN_STATUS_NONE, "NONE"}, {IBAN_STATUS_CLOSED, "CLOSED"}};
        auto_str char *code = NULL;
        enum gw_rc rc = answer_required(root, "Status", &code, why);
        if (rc != GW_OK)
                return rc;
        if (str_eq(code, IBAN_STATUS_BUSY))
                return why_set(why, GW_RETRY, REASON_REGISTRY_FAULT, "the system says it cannot answer now");
        for (size_t i = 0; i < GW_COUNT(statuses); i++) {
                if (str_eq(code, statuses[i].code)) {
                        *ret_status = statuses[i].fact;
                        return GW_OK;
                }
        }
        return answer_invalid(why, "Status", "unknown");
}

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        const char *status = NULL;
        if (!root || !xml_is(root, IBAN_NS, "PEP_IBANCheckResponse"))
                return answer_invalid(why, "PEP_IBANCheckResponse", "not this element");
        enum gw_rc rc = check_same(root, "OrderNumber", query->message_id, why);
        if (rc == GW_OK)
                rc = read_status(root, &status, why);
        if (rc == GW_OK)
                rc = check_same(root, "IIN", query->iin, why);
        if (rc == GW_OK)
                rc = check_same(root, "IBAN", query->account, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf own = BUF_INIT; /* `facts` gets all or nothing */
        buf_printf(&own, "<iban found=\"%s\">", str_eq(status, "NONE") ? "false" : "true");
        canon_element(&own, "status", status);
        rc = answer_copy(root, "OrgBIC", "bank", false, &own, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(&own, "</iban>");
        buf_add_span(facts, buf_span(&own));
        return buf_failed(facts) || buf_failed(&own) ? why_set(why, GW_FAULT, REASON_INTERNAL, "the facts do not fit") : GW_OK;
}

const struct adapter iban_adapter = {
        .name = "iban",
        .service_id = IBAN_SERVICE_ID,
        .title_ru = "ПШЭП, проверка IBAN",
        .write_query = write_query,
        .read_answer = read_answer,
};
