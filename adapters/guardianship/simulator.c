/* TEST guardianship: decisions about the synthetic children (see client.c for the message). */
#include "adapters/guardianship/guardianship.h"
#include "adapters/simulators/simulator.h"

static void write_record(const struct person *child GW_UNUSED, const struct record *r, struct wall_time now, struct buf *data)
{
        buf_add_str(data, "<guardianship>");
        canon_element(data, "number", r->number);
        canon_element(data, "kind", r->word);
        register_write_period(r, "dateFrom", "dateTo", now, data);
        if (*r->iin)
                canon_element(data, "iin", r->iin);
        buf_add_str(data, "</guardianship>");
}

static const struct register_list list = {.prefix = "g",
                                          .ns = GUARDIANSHIP_NS,
                                          .request = "GetGuardianshipRequest",
                                          .response = "GetGuardianshipResponse",
                                          .iin_field = "iin",
                                          .kind = RECORD_GUARDIANSHIP,
                                          .write_record = write_record};

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        return register_answer_list(q, &list, data, why);
}

const struct register_simulator guardianship_simulator = {.service_id = GUARDIANSHIP_SERVICE_ID, .answer = answer};
