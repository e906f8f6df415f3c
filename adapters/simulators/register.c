/* What the simulated registers have in common: the head of a question, the head of an answer, lists of records. */
#include <stdio.h>
#include <string.h>

#include "adapters/answer.h"
#include "adapters/simulators/simulator.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"

/* Whom a register speaks of under FAULT_WRONG_IIN; somebody real in fixtures/people, but not the one asked about. */
#define OTHER_IIN "480509390010"
#define OTHER_IIN_2 "790321490015"

const char *register_other_iin(const char *iin)
{
        return str_eq(iin, OTHER_IIN) ? OTHER_IIN_2 : OTHER_IIN;
}

enum gw_rc register_read(const struct register_question *q, const char *ns, const char *root, const char *iin_field,
                         struct register_head *ret_head, struct why *why)
{
        auto_str char *id = NULL, *date = NULL, *sender = NULL, *iin = NULL;
        struct register_head head;
        struct wall_time sent;
        if (!xml_is(q->root, ns, root))
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "not a %s", root);
        if (answer_required(q->root, "messageId", &id, why) != GW_OK || answer_required(q->root, "messageDate", &date, why) != GW_OK ||
            answer_required(q->root, "senderCode", &sender, why) != GW_OK || answer_iin(q->root, iin_field, &iin, why) != GW_OK) {
                why->reason = REASON_FORM_INVALID;
                return GW_REJECT;
        }
        if (strlen(id) > 36) /* services.md E: at most 36 Latin characters */
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "messageId: longer than 36");
        if (clock_parse_iso(date, &sent) != GW_OK)
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "messageDate: not a date");
        if (!iin_valid(iin, true, NULL))
                return why_set(why, GW_REJECT, REASON_FORM_INVALID, "%s: not valid", iin_field);
        snprintf(head.message_id, sizeof head.message_id, "%s", id);
        memcpy(head.iin, iin, sizeof head.iin);
        const char *about = q->fault != FAULT_WRONG_IIN ? iin : register_other_iin(iin);
        memcpy(head.answer_iin, about, sizeof head.answer_iin);
        *ret_head = head;
        return GW_OK;
}

void register_write_result(const struct register_question *q, const struct register_head *head, const char *code, struct buf *data)
{
        bool found = str_eq(code, ANSWER_CODE_FOUND), none = str_eq(code, ANSWER_CODE_NONE);
        char date[CLOCK_TEXT_MAX];
        canon_element(data, "messageId", head->message_id);
        canon_element(data, "messageDate", clock_iso(q->now, date));
        buf_add_str(data, "<messageResult>");
        canon_element(data, "code", code);
        canon_element(data, "nameRu",
                      found  ? "Запрос обработан успешно"
                      : none ? "Сведения не найдены"
                             : "Система занята, повторите позже");
        canon_element(data, "nameKz",
                      found  ? "Сұрау сәтті өңделді"
                      : none ? "Мәліметтер табылмады"
                             : "Жүйе бос емес, кейінірек қайталаңыз");
        buf_add_str(data, "</messageResult>");
}

enum gw_rc register_answer_list(const struct register_question *q, const struct register_list *list, struct buf *data, struct why *why)
{
        struct register_head head;
        enum gw_rc rc = register_read(q, list->ns, list->request, list->iin_field, &head, why);
        if (rc != GW_OK)
                return rc;
        bool busy = q->fault == FAULT_BUSY;
        const struct person *p = busy ? NULL : people_find(q->people, head.answer_iin);
        const struct record *first = p ? record_next(p, list->kind, NULL) : NULL;
        buf_printf(data, "<%s:%s xmlns:%s=\"%s\">", list->prefix, list->response, list->prefix, list->ns);
        register_write_result(q, &head, busy ? ANSWER_CODE_BUSY : first ? ANSWER_CODE_FOUND : ANSWER_CODE_NONE, data);
        canon_element(data, list->iin_field, head.answer_iin);
        for (const struct record *r = first; r; r = record_next(p, list->kind, r))
                list->write_record(p, r, q->now, data);
        buf_printf(data, "</%s:%s>", list->prefix, list->response);
        return GW_OK;
}

void register_write_period(const struct record *r, const char *from, const char *to, struct wall_time now, struct buf *data)
{
        char date[DAY_TEXT_MAX];
        canon_element(data, from, day_text(&r->from, now, date));
        if (r->ends)
                canon_element(data, to, day_text(&r->to, now, date));
}
