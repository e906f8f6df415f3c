/* Guardianship: decisions about a child.
 *
 *   g:GetGuardianshipRequest{messageId, messageDate, senderCode, requestNumber, iin}
 *   g:GetGuardianshipResponse{messageId, messageDate, messageResult{code,…}, iin,
 *     guardianship{number, kind, dateFrom, dateTo?, iin}*}
 *   kind: GUARDIAN, TRUSTEE (iin: theirs), DEPRIVED (of parental rights; iin: the parent's), STATE (fully supported by the state; no iin)
 *
 * Only the name of the answer is known in public (services.md E); the fields are ours. */
#include "adapters/answer.h"
#include "adapters/guardianship/guardianship.h"

#define DECISIONS_MAX 16

static const struct question_form question = {"g", GUARDIANSHIP_NS, "GetGuardianshipRequest", "iin"};

static void write_query(const struct query *query, struct buf *out)
{
        question_write(&question, query, out);
}

static enum gw_rc copy_person(const xmlNode *decision, struct buf *facts, struct why *why)
{
        auto_str char *kind = xml_child_text(decision, NULL, "kind"), *iin = NULL;
        if (str_eq(kind, "STATE"))
                return xml_child(decision, NULL, "iin") ? answer_invalid(why, "iin", "given although it is the state") : GW_OK;
        enum gw_rc rc = answer_iin(decision, "iin", &iin, why);
        if (rc != GW_OK)
                return rc;
        canon_element(facts, "iin", iin);
        return GW_OK;
}

static enum gw_rc copy_decision(const struct query *query GW_UNUSED, const xmlNode *decision, struct buf *facts, struct why *why)
{
        static const char *const kinds[] = {"GUARDIAN", "TRUSTEE", "DEPRIVED", "STATE", NULL};
        buf_add_str(facts, "<decision>");
        enum gw_rc rc = answer_copy(decision, "number", "number", true, facts, why);
        if (rc == GW_OK)
                rc = answer_copy_word(decision, "kind", "kind", kinds, facts, why);
        if (rc == GW_OK)
                rc = answer_period(decision, "dateFrom", "dateTo", false, facts, why);
        if (rc == GW_OK)
                rc = copy_person(decision, facts, why);
        buf_add_str(facts, "</decision>");
        return rc;
}

static const struct answer_list list = {
        .head = {GUARDIANSHIP_NS, "GetGuardianshipResponse", "iin"},
        .name = "guardianship",
        .entry = "guardianship",
        .entries_max = DECISIONS_MAX,
        .copy_entry = copy_decision,
};

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        return answer_list_read(&list, query, root, facts, why);
}

const struct adapter guardianship_adapter = {
        .name = "guardianship",
        .service_id = GUARDIANSHIP_SERVICE_ID,
        .title_ru = "еАкимат «Опека и попечительство»",
        .write_query = write_query,
        .read_answer = read_answer,
};
