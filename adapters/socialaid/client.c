/* Social assistance: is this person a recipient or a family member of one, and in which periods.
 *
 *   sa:p06552Request{messageId, messageDate, senderCode, requestNumber, requestorIin}
 *   sa:p06552Response{messageId, messageDate, messageResult{code,…}, requestorIin,
 *     assignment{number, dateFrom, dateTo, applicantIin, memberList{person{iin, fullName, relationship}+}}*} */
#include <string.h>

#include "adapters/answer.h"
#include "adapters/socialaid/socialaid.h"
#include "gateway/reason.h"

#define ASSIGNMENTS_MAX 64
#define MEMBERS_MAX 32

static const struct answer_head head = {SOCIALAID_NS, "p06552Response", "requestorIin"};

static void write_query(const struct query *query, struct buf *out)
{
        char date[CLOCK_TEXT_MAX];
        buf_add_str(out, "<sa:p06552Request xmlns:sa=\"" SOCIALAID_NS "\">");
        canon_element(out, "messageId", query->message_id);
        canon_element(out, "messageDate", clock_iso(query->now, date));
        canon_element(out, "senderCode", query->sender_id);
        canon_element(out, "requestNumber", query->number);
        canon_element(out, "requestorIin", query->iin);
        buf_add_str(out, "</sa:p06552Request>");
}

static bool relationship_known(const char *text)
{
        static const char *const known[] = {"SELF", "SPOUSE", "CHILD", "PARENT", "OTHER"};
        for (size_t i = 0; i < GW_COUNT(known); i++)
                if (str_eq(text, known[i]))
                        return true;
        return false;
}

static enum gw_rc copy_member(const xmlNode *node, const struct query *query, bool *concerns, struct buf *facts, struct why *why)
{
        auto_str char *iin = NULL, *name = NULL, *relationship = NULL;
        if (!xml_is(node, NULL, "person"))
                return answer_invalid(why, "memberList", "holds something else");
        enum gw_rc rc = answer_iin(node, "iin", &iin, why);
        if (rc == GW_OK)
                rc = answer_required(node, "fullName", &name, why);
        if (rc == GW_OK)
                rc = answer_required(node, "relationship", &relationship, why);
        if (rc == GW_OK && !relationship_known(relationship))
                rc = answer_invalid(why, "relationship", "unknown");
        if (rc != GW_OK)
                return rc;
        *concerns |= str_eq(iin, query->iin);
        buf_add_str(facts, "<member>");
        canon_element(facts, "iin", iin);
        canon_element(facts, "fullName", name);
        canon_element(facts, "relationship", relationship);
        buf_add_str(facts, "</member>");
        return GW_OK;
}

static enum gw_rc copy_members(const xmlNode *assignment, const struct query *query, bool *concerns, struct buf *facts, struct why *why)
{
        xmlNode *list = NULL;
        enum gw_rc rc = answer_element(assignment, "memberList", true, &list, why);
        if (rc != GW_OK)
                return rc;
        size_t count = 0;
        for (const xmlNode *node = xml_first_element(list); node && rc == GW_OK; node = xml_next_element(node)) {
                if (++count > MEMBERS_MAX)
                        return answer_invalid(why, "memberList", "too many");
                rc = copy_member(node, query, concerns, facts, why);
        }
        return rc == GW_OK && count == 0 ? answer_invalid(why, "memberList", "empty") : rc;
}

static enum gw_rc copy_assignment(const xmlNode *node, const struct query *query, struct buf *facts, struct why *why)
{
        auto_str char *number = NULL, *from = NULL, *to = NULL, *applicant = NULL;
        enum gw_rc rc = answer_required(node, "number", &number, why);
        if (rc == GW_OK)
                rc = answer_date(node, "dateFrom", true, &from, why);
        if (rc == GW_OK)
                rc = answer_date(node, "dateTo", true, &to, why);
        if (rc == GW_OK && strcmp(from, to) > 0)
                rc = answer_invalid(why, "dateTo", "before dateFrom");
        if (rc == GW_OK)
                rc = answer_iin(node, "applicantIin", &applicant, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(facts, "<assignment>");
        canon_element(facts, "number", number);
        canon_element(facts, "from", from);
        canon_element(facts, "to", to);
        canon_element(facts, "applicantIin", applicant);
        bool concerns = str_eq(applicant, query->iin);
        rc = copy_members(node, query, &concerns, facts, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(facts, "</assignment>");
        /* Somebody else's family must not get into this person's certificate. */
        return concerns ? GW_OK : answer_invalid(why, "assignment", "does not concern the person asked about");
}

static enum gw_rc copy_assignments(const xmlNode *root, const struct query *query, size_t *ret_count, struct buf *facts, struct why *why)
{
        size_t count = 0;
        for (const xmlNode *node = xml_first_element(root); node; node = xml_next_element(node)) {
                if (!xml_is(node, NULL, "assignment"))
                        continue;
                if (++count > ASSIGNMENTS_MAX)
                        return answer_invalid(why, "assignment", "too many");
                enum gw_rc rc = copy_assignment(node, query, facts, why);
                if (rc != GW_OK)
                        return rc;
        }
        *ret_count = count;
        return GW_OK;
}

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        bool found = false;
        enum gw_rc rc = answer_head_read(&head, query, root, &found, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf own = BUF_INIT; /* `facts` gets all or nothing */
        buf_printf(&own, "<socialaid found=\"%s\">", found ? "true" : "false");
        size_t count = 0;
        rc = copy_assignments(root, query, &count, &own, why);
        if (rc != GW_OK)
                return rc;
        if (found != (count > 0))
                return answer_invalid(why, "assignment",
                                      found ? "missing although the code says there is one" : "given although the code says there is none");
        buf_add_str(&own, "</socialaid>");
        buf_add_span(facts, buf_span(&own));
        return buf_failed(facts) || buf_failed(&own) ? why_set(why, GW_FAULT, REASON_INTERNAL, "the facts do not fit") : GW_OK;
}

const struct adapter socialaid_adapter = {
        .name = "socialaid",
        .service_id = SOCIALAID_SERVICE_ID,
        .title_ru = "АИС «Социальная помощь»",
        .write_query = write_query,
        .read_answer = read_answer,
};
