/* ИС ЗАГС: the birth record of a child, and who its parents are.
 *
 *   z:BirthRequest{messageId, messageDate, senderCode, requestNumber, iin}
 *   z:BirthResponse{messageId, messageDate, messageResult{code,…}, iin,
 *     BirthAktRecord{zags, numberAkt, regDate, child{iin}, mother{iin}?, father{iin}?}*}
 *
 * BirthAktRecord and its fields were seen in public sources (services.md E); the envelope around them is ours. A record made again (adoption,
 * established fatherhood) stands beside the first one. */
#include "adapters/answer.h"
#include "adapters/zags/zags.h"

#define RECORDS_MAX 8

static const struct question_form question = {"z", ZAGS_NS, "BirthRequest", "iin"};

static void write_query(const struct query *query, struct buf *out)
{
        question_write(&question, query, out);
}

static enum gw_rc copy_parent(const xmlNode *record, const char *field, struct buf *facts, struct why *why)
{
        xmlNode *node = NULL;
        auto_str char *iin = NULL;
        enum gw_rc rc = answer_element(record, field, false, &node, why);
        if (rc != GW_OK || !node) /* not stated, or without an IIN: neither is a parent that could be compared */
                return rc;
        rc = answer_optional(node, "iin", &iin, why);
        if (rc == GW_OK && iin && !answer_is_iin(iin))
                rc = answer_invalid(why, field, "its iin is not an IIN");
        if (rc != GW_OK || !iin)
                return rc;
        canon_element(facts, "parent", iin);
        return GW_OK;
}

static enum gw_rc check_child(const struct query *query, const xmlNode *record, struct why *why)
{
        xmlNode *child = NULL;
        auto_str char *iin = NULL;
        enum gw_rc rc = answer_element(record, "child", true, &child, why);
        if (rc == GW_OK)
                rc = answer_iin(child, "iin", &iin, why);
        if (rc == GW_OK && !str_eq(iin, query->iin))
                rc = answer_invalid(why, "child/iin", "not the query's");
        return rc;
}

static enum gw_rc copy_record(const struct query *query, const xmlNode *record, struct buf *facts, struct why *why)
{
        auto_str char *date = NULL;
        enum gw_rc rc = check_child(query, record, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(facts, "<birth>");
        rc = answer_copy(record, "numberAkt", "number", true, facts, why);
        if (rc == GW_OK)
                rc = answer_date(record, "regDate", true, &date, why);
        if (rc != GW_OK)
                return rc;
        canon_element(facts, "date", date);
        rc = answer_copy(record, "zags", "office", false, facts, why);
        if (rc == GW_OK)
                rc = copy_parent(record, "mother", facts, why);
        if (rc == GW_OK)
                rc = copy_parent(record, "father", facts, why);
        buf_add_str(facts, "</birth>");
        return rc;
}

static const struct answer_list list = {
        .head = {ZAGS_NS, "BirthResponse", "iin"},
        .name = "zags",
        .entry = "BirthAktRecord",
        .entries_max = RECORDS_MAX,
        .copy_entry = copy_record,
};

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        return answer_list_read(&list, query, root, facts, why);
}

const struct adapter zags_adapter = {
        .name = "zags",
        .service_id = ZAGS_SERVICE_ID,
        .title_ru = "ИС «ЗАГС»",
        .write_query = write_query,
        .read_answer = read_answer,
};
