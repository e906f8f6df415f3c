/* Payments: which assistance has been assigned for this person, of which kind and in which periods.
 *
 *   p:PaymentsRequest{messageId, messageDate, senderCode, requestNumber, requestorIin}
 *   p:PaymentsResponse{messageId, messageDate, messageResult{code,…}, requestorIin,
 *     payment{number, help_type_id, dateFrom, dateTo?, monthlyAmount?, childIin?}*}
 *
 * requestorIin and help_type_id are fields of p06581 (services.md E); there is no public message of a check for double payment: this one is ours.
 * help_type_id is the code of our catalogue for the services in it. What is paid to a recipient has the amount in tenge a month and the child it is for. */
#include <string.h>

#include "adapters/answer.h"
#include "adapters/payments/payments.h"

#define PAYMENTS_MAX 64
#define AMOUNT_DIGITS_MAX 9

static const struct question_form question = {"p", PAYMENTS_NS, "PaymentsRequest", "requestorIin"};

static void write_query(const struct query *query, struct buf *out)
{
        question_write(&question, query, out);
}

/* Whole tenge: it will be printed and reckoned with. */
static enum gw_rc copy_amount(const xmlNode *payment, struct buf *facts, struct why *why)
{
        auto_str char *amount = NULL;
        enum gw_rc rc = answer_required(payment, "monthlyAmount", &amount, why);
        if (rc != GW_OK)
                return rc;
        if (strlen(amount) > AMOUNT_DIGITS_MAX || strspn(amount, "0123456789") != strlen(amount) || amount[0] == '0')
                return answer_invalid(why, "monthlyAmount", "not an amount");
        buf_printf(facts, "<monthly>%s</monthly>", amount);
        return GW_OK;
}

static enum gw_rc copy_child(const xmlNode *payment, struct buf *facts, struct why *why)
{
        auto_str char *iin = NULL;
        enum gw_rc rc = answer_iin(payment, "childIin", &iin, why);
        if (rc == GW_OK)
                buf_printf(facts, "<childIin>%s</childIin>", iin);
        return rc;
}

static enum gw_rc copy_payment(const struct query *query GW_UNUSED, const xmlNode *payment, struct buf *facts, struct why *why)
{
        buf_add_str(facts, "<payment>");
        enum gw_rc rc = answer_copy(payment, "number", "number", true, facts, why);
        if (rc == GW_OK)
                rc = answer_copy(payment, "help_type_id", "kind", true, facts, why);
        if (rc == GW_OK)
                rc = answer_period(payment, "dateFrom", "dateTo", false, facts, why);
        if (rc == GW_OK && xml_child(payment, NULL, "monthlyAmount"))
                rc = copy_amount(payment, facts, why);
        if (rc == GW_OK && xml_child(payment, NULL, "childIin"))
                rc = copy_child(payment, facts, why);
        buf_add_str(facts, "</payment>");
        return rc;
}

static const struct answer_list list = {
        .head = {PAYMENTS_NS, "PaymentsResponse", "requestorIin"},
        .name = "payments",
        .entry = "payment",
        .entries_max = PAYMENTS_MAX,
        .copy_entry = copy_payment,
};

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        return answer_list_read(&list, query, root, facts, why);
}

const struct adapter payments_adapter = {
        .name = "payments",
        .service_id = PAYMENTS_SERVICE_ID,
        .title_ru = "АИС «Е-Собес», назначенные выплаты",
        .write_query = write_query,
        .read_answer = read_answer,
};
