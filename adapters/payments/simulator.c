/* TEST payments: what has been assigned for the synthetic people (see client.c for the message). */
#include "adapters/payments/payments.h"
#include "adapters/simulators/simulator.h"

static void write_record(const struct person *person GW_UNUSED, const struct record *r, struct wall_time now, struct buf *data)
{
        buf_add_str(data, "<payment>");
        canon_element(data, "number", r->number);
        canon_element(data, "help_type_id", r->word);
        register_write_period(r, "dateFrom", "dateTo", now, data);
        if (r->monthly)
                canon_element(data, "monthlyAmount", r->monthly);
        if (r->iin[0])
                canon_element(data, "childIin", r->iin);
        buf_add_str(data, "</payment>");
}

static const struct register_list list = {.prefix = "p",
                                          .ns = PAYMENTS_NS,
                                          .request = "PaymentsRequest",
                                          .response = "PaymentsResponse",
                                          .iin_field = "requestorIin",
                                          .kind = RECORD_PAYMENT,
                                          .write_record = write_record};

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        return register_answer_list(q, &list, data, why);
}

const struct register_simulator payments_simulator = {.service_id = PAYMENTS_SERVICE_ID, .answer = answer};
