/* TEST ГБД ФЛ: answers from the synthetic people, in the register's words (see client.c for the message). */
#include "adapters/answer.h"
#include "adapters/gbdfl/gbdfl.h"
#include "adapters/simulators/simulator.h"

static void write_code(const char *field, const char *code, struct buf *data)
{
        buf_printf(data, "<%s>", field);
        canon_element(data, "code", code);
        buf_printf(data, "</%s>", field);
}

static void write_place(const char *field, const struct text2 *place, struct buf *data)
{
        if (!place->ru)
                return;
        buf_printf(data, "<%s>", field);
        canon_element(data, "nameRu", place->ru);
        canon_element(data, "nameKz", place->kk);
        buf_printf(data, "</%s>", field);
}

/* District is the область here and Region the район (services.md C.4). */
static void write_address(const struct address *address, struct buf *data)
{
        buf_add_str(data, "<regAddress>");
        write_code("country", GBDFL_KAZAKHSTAN, data);
        write_place("district", &address->region, data);
        write_place("region", &address->district, data);
        write_place("city", &address->settlement, data);
        write_place("street", &address->street, data);
        canon_element(data, "building", address->building);
        canon_element(data, "flat", address->flat);
        buf_add_str(data, "</regAddress>");
}

static void write_representatives(const struct person *p, struct buf *data)
{
        if (!p->representative_count)
                return;
        buf_add_str(data, "<representatives>");
        for (size_t i = 0; i < p->representative_count; i++) {
                buf_add_str(data, "<representative>");
                canon_element(data, "iin", p->representatives[i].iin);
                write_code("basis", p->representatives[i].basis, data);
                buf_add_str(data, "</representative>");
        }
        buf_add_str(data, "</representatives>");
}

static void write_person(const struct person *p, struct wall_time now, struct buf *data)
{
        char date[DAY_TEXT_MAX];
        buf_add_str(data, "<person>");
        canon_element(data, "iin", p->iin);
        canon_element(data, "surname", p->surname.kk);
        canon_element(data, "name", p->name.kk);
        canon_element(data, "patronymic", p->patronymic.kk);
        canon_element(data, "birthDate", p->birth_date);
        canon_element(data, "deathDate", p->dead ? day_text(&p->death, now, date) : NULL);
        write_code("gender", p->female ? GBDFL_FEMALE : GBDFL_MALE, data);
        write_code("citizenship", GBDFL_KAZAKHSTAN, data);
        write_code("lifeStatus", p->dead ? GBDFL_DEAD : GBDFL_ALIVE, data);
        if (p->has_address)
                write_address(&p->address, data);
        write_representatives(p, data);
        buf_add_str(data, "</person>");
}

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        struct register_head head;
        enum gw_rc rc = register_read(q, GBDFL_NS, "Request", "iin", &head, why);
        if (rc != GW_OK)
                return rc;
        auto_person struct person *invented = NULL;
        const struct person *p = people_find(q->people, head.answer_iin);
        if (!p && q->generate)
                p = invented = person_generate(head.answer_iin);
        bool known = p && !p->unknown;
        buf_add_str(data, "<cs:Response xmlns:cs=\"" GBDFL_NS "\">");
        register_write_result(q, &head, q->fault == FAULT_BUSY ? ANSWER_CODE_BUSY : known ? ANSWER_CODE_FOUND : ANSWER_CODE_NONE, data);
        canon_element(data, "iin", head.answer_iin);
        if (known && q->fault != FAULT_BUSY)
                write_person(p, q->now, data);
        buf_add_str(data, "</cs:Response>");
        return GW_OK;
}

const struct register_simulator gbdfl_simulator = {.service_id = GBDFL_SERVICE_ID, .answer = answer};
