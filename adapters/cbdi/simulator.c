/* TEST ЦБДИ: disabilities of the synthetic people (see client.c for the message). */
#include "adapters/cbdi/cbdi.h"
#include "adapters/simulators/simulator.h"

static void write_record(const struct person *person GW_UNUSED, const struct record *r, struct wall_time now, struct buf *data)
{
        buf_add_str(data, "<disablements>");
        canon_element(data, "docNumber", r->number);
        canon_element(data, "disabledGroup", r->word);
        register_write_period(r, "disabledStartDate", "disabledEndDate", now, data);
        buf_add_str(data, "</disablements>");
}

static const struct register_list list = {.prefix = "c",
                                          .ns = CBDI_NS,
                                          .request = "p06560Request",
                                          .response = "p06560Response",
                                          .iin_field = "requestorIin",
                                          .kind = RECORD_DISABILITY,
                                          .write_record = write_record};

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        return register_answer_list(q, &list, data, why);
}

const struct register_simulator cbdi_simulator = {.service_id = CBDI_SERVICE_ID, .answer = answer};
