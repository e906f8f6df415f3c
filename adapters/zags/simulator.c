/* TEST ИС ЗАГС: birth records of the synthetic people (see client.c for the message). */
#include "adapters/simulators/simulator.h"
#include "adapters/zags/zags.h"

static void write_parent(const char *field, const char *iin, struct buf *data)
{
        if (!*iin)
                return;
        buf_printf(data, "<%s>", field);
        canon_element(data, "iin", iin);
        buf_printf(data, "</%s>", field);
}

static void write_record(const struct person *child, const struct record *r, struct wall_time now, struct buf *data)
{
        char date[DAY_TEXT_MAX];
        buf_add_str(data, "<BirthAktRecord>");
        canon_element(data, "zags", "ТЕСТ ЗАГС");
        canon_element(data, "numberAkt", r->number);
        canon_element(data, "regDate", day_text(&r->from, now, date));
        buf_add_str(data, "<child>");
        canon_element(data, "iin", child->iin);
        buf_add_str(data, "</child>");
        write_parent("mother", r->mother, data);
        write_parent("father", r->father, data);
        buf_add_str(data, "</BirthAktRecord>");
}

static const struct register_list list = {
        .prefix = "z", .ns = ZAGS_NS, .request = "BirthRequest", .response = "BirthResponse", .iin_field = "iin", .kind = RECORD_BIRTH, .write_record = write_record};

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        return register_answer_list(q, &list, data, why);
}

const struct register_simulator zags_simulator = {.service_id = ZAGS_SERVICE_ID, .answer = answer};
