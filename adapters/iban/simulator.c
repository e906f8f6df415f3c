/* TEST ПШЭП: whose account it is, out of the synthetic people (see client.c for the message). */
#include "adapters/answer.h"
#include "adapters/iban/iban.h"
#include "adapters/simulators/simulator.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"

static enum gw_rc bad(const char *field, struct why *why)
{
        return why_set(why, GW_REJECT, REASON_FORM_INVALID, "%s: not usable", field);
}

static const char *status_of(const struct register_question *q, const char *iin, const char *iban)
{
        if (q->fault == FAULT_BUSY)
                return IBAN_STATUS_BUSY;
        const struct person *owner = people_account(q->people, iban);
        if (!owner && q->generate && !people_find(q->people, iin))
                return IBAN_STATUS_OWN;
        return !owner ? IBAN_STATUS_NONE : str_eq(owner->iin, iin) ? IBAN_STATUS_OWN : IBAN_STATUS_FOREIGN;
}

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        auto_str char *number = NULL, *iin = NULL, *iban = NULL;
        char date[CLOCK_TEXT_MAX];
        if (!xml_is(q->root, IBAN_NS, "PEP_IBANCheckRequest"))
                return bad("PEP_IBANCheckRequest", why);
        if (answer_required(q->root, "OrderNumber", &number, why) != GW_OK)
                return bad("OrderNumber", why);
        if (answer_iin(q->root, "IIN", &iin, why) != GW_OK || !iin_valid(iin, true, NULL))
                return bad("IIN", why);
        if (answer_required(q->root, "IBAN", &iban, why) != GW_OK || !iban_valid(iban))
                return bad("IBAN", why);
        buf_add_str(data, "<i:PEP_IBANCheckResponse xmlns:i=\"" IBAN_NS "\">");
        canon_element(data, "OrderNumber", number);
        canon_element(data, "OrderRunDate", clock_iso(q->now, date));
        canon_element(data, "Status", status_of(q, iin, iban));
        canon_element(data, "IIN", q->fault == FAULT_WRONG_IIN ? register_other_iin(iin) : iin);
        canon_element(data, "IBAN", iban);
        canon_element(data, "OrgBIC", "TESTKZKA");
        buf_add_str(data, "</i:PEP_IBANCheckResponse>");
        return GW_OK;
}

const struct register_simulator iban_simulator = {.service_id = IBAN_SERVICE_ID, .answer = answer};
