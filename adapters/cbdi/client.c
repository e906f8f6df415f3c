/* ЦБДИ: is a disability established, and for which term.
 *
 *   c:p06560Request{messageId, messageDate, senderCode, requestNumber, requestorIin}
 *   c:p06560Response{messageId, messageDate, messageResult{code,…}, requestorIin,
 *     disablements{docNumber, disabledGroup, disabledStartDate, disabledEndDate?, reexaminationDate?, …}*}
 *
 * Group, cause and diagnosis are the most sensitive data there are (services.md H) and decide nothing here: only the term becomes a fact. Without
 * disabledEndDate it is for good. */
#include "adapters/answer.h"
#include "adapters/cbdi/cbdi.h"

#define DISABLEMENTS_MAX 32

static const struct question_form question = {"c", CBDI_NS, "p06560Request", "requestorIin"};

static void write_query(const struct query *query, struct buf *out)
{
        question_write(&question, query, out);
}

static enum gw_rc copy_disablement(const struct query *query GW_UNUSED, const xmlNode *disablement, struct buf *facts, struct why *why)
{
        auto_str char *number = NULL, *group = NULL;
        enum gw_rc rc = answer_required(disablement, "docNumber", &number, why);
        if (rc == GW_OK)
                rc = answer_required(disablement, "disabledGroup", &group, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(facts, "<disability>");
        rc = answer_period(disablement, "disabledStartDate", "disabledEndDate", false, facts, why);
        buf_add_str(facts, "</disability>");
        return rc;
}

static const struct answer_list list = {
        .head = {CBDI_NS, "p06560Response", "requestorIin"},
        .name = "cbdi",
        .entry = "disablements",
        .entries_max = DISABLEMENTS_MAX,
        .copy_entry = copy_disablement,
};

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        return answer_list_read(&list, query, root, facts, why);
}

const struct adapter cbdi_adapter = {
        .name = "cbdi",
        .service_id = CBDI_SERVICE_ID,
        .title_ru = "ЦБДИ",
        .write_query = write_query,
        .read_answer = read_answer,
};
