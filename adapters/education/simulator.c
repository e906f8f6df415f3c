/* TEST НОБД: conclusions about the synthetic children (see client.c for the message). */
#include "adapters/education/education.h"
#include "adapters/simulators/simulator.h"

static void write_record(const struct person *child, const struct record *r, struct wall_time now, struct buf *data)
{
        buf_add_str(data, "<monData>");
        canon_element(data, "iin", child->iin);
        buf_add_str(data, "<conclusion>");
        canon_element(data, "number", r->number);
        register_write_period(r, "date", "endDate", now, data);
        canon_element(data, "form", r->word);
        buf_add_str(data, "</conclusion></monData>");
}

static const struct register_list list = {.prefix = "e",
                                          .ns = EDUCATION_NS,
                                          .request = "MonDataRequest",
                                          .response = "MonDataResponse",
                                          .iin_field = "iin",
                                          .kind = RECORD_CONCLUSION,
                                          .write_record = write_record};

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        return register_answer_list(q, &list, data, why);
}

const struct register_simulator education_simulator = {.service_id = EDUCATION_SERVICE_ID, .answer = answer};
