/* TEST social-assistance register: answers from the synthetic assignments (see client.c for the message). */
#include "adapters/answer.h"
#include "adapters/simulators/simulator.h"
#include "adapters/socialaid/socialaid.h"

static void write_member(const struct member *m, struct buf *data)
{
        buf_add_str(data, "<person>");
        canon_element(data, "iin", m->iin);
        canon_element(data, "fullName", m->full_name);
        canon_element(data, "relationship", m->relationship);
        buf_add_str(data, "</person>");
}

static void write_assignment(const struct assignment *a, struct wall_time now, struct buf *data)
{
        char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
        assignment_period(a, now, from, to);
        buf_add_str(data, "<assignment>");
        canon_element(data, "number", a->number);
        canon_element(data, "dateFrom", from);
        canon_element(data, "dateTo", to);
        canon_element(data, "applicantIin", a->applicant);
        buf_add_str(data, "<memberList>");
        for (size_t i = 0; i < a->member_count; i++)
                write_member(&a->members[i], data);
        buf_add_str(data, "</memberList></assignment>");
}

static enum gw_rc answer(const struct register_question *q, struct buf *data, struct why *why)
{
        struct register_head head;
        enum gw_rc rc = register_read(q, SOCIALAID_NS, "p06552Request", "requestorIin", &head, why);
        if (rc != GW_OK)
                return rc;
        const struct assignment *first = q->fault == FAULT_BUSY ? NULL : people_assignment(q->people, head.answer_iin, NULL);
        buf_add_str(data, "<sa:p06552Response xmlns:sa=\"" SOCIALAID_NS "\">");
        register_write_result(q, &head, q->fault == FAULT_BUSY ? ANSWER_CODE_BUSY : first ? ANSWER_CODE_FOUND : ANSWER_CODE_NONE, data);
        canon_element(data, "requestorIin", head.answer_iin);
        for (const struct assignment *a = first; a; a = people_assignment(q->people, head.answer_iin, a))
                write_assignment(a, q->now, data);
        buf_add_str(data, "</sa:p06552Response>");
        return GW_OK;
}

const struct register_simulator socialaid_simulator = {.service_id = SOCIALAID_SERVICE_ID, .answer = answer};
