/* What the simulated registers have in common: the head of a question, the head of an answer. */
#include <stdio.h>
#include <string.h>

#include "adapters/answer.h"
#include "adapters/simulators/simulator.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/reason.h"

/* Whom a register speaks of under FAULT_WRONG_IIN; somebody real in fixtures/people, but not the one asked about. */
#define OTHER_IIN "480509390010"
#define OTHER_IIN_2 "790321490015"

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
        const char *about = q->fault != FAULT_WRONG_IIN ? iin : str_eq(iin, OTHER_IIN) ? OTHER_IIN_2 : OTHER_IIN;
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
