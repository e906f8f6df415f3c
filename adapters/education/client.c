/* НОБД: the consultation's conclusions about a child: number, date, term, and the form of teaching that it recommends.
 *
 *   e:MonDataRequest{messageId, messageDate, senderCode, requestNumber, iin}
 *   e:MonDataResponse{messageId, messageDate, messageResult{code,…}, iin,
 *     monData{iin, enterDate?, graduateDate?, conclusion{number, date, endDate, form}*}*}
 *   form: HOME, SCHOOL, BOARDING
 *
 * monData{iin, birthDate, enterDate, graduateDate, entData} was seen in public sources (services.md E); how it holds a conclusion is our model. */
#include "adapters/answer.h"
#include "adapters/education/education.h"

#define PUPILS_MAX 8
#define CONCLUSIONS_MAX 32

static const struct question_form question = {"e", EDUCATION_NS, "MonDataRequest", "iin"};

static void write_query(const struct query *query, struct buf *out)
{
        question_write(&question, query, out);
}

static enum gw_rc copy_conclusion(const xmlNode *conclusion, struct buf *facts, struct why *why)
{
        static const char *const forms[] = {"HOME", "SCHOOL", "BOARDING", NULL};
        buf_add_str(facts, "<conclusion>");
        enum gw_rc rc = answer_copy(conclusion, "number", "number", true, facts, why);
        if (rc == GW_OK)
                rc = answer_period(conclusion, "date", "endDate", true, facts, why);
        if (rc == GW_OK)
                rc = answer_copy_word(conclusion, "form", "form", forms, facts, why);
        buf_add_str(facts, "</conclusion>");
        return rc;
}

static enum gw_rc copy_pupil(const struct query *query, const xmlNode *pupil, struct buf *facts, struct why *why)
{
        auto_str char *iin = NULL;
        enum gw_rc rc = answer_iin(pupil, "iin", &iin, why);
        if (rc == GW_OK && !str_eq(iin, query->iin))
                rc = answer_invalid(why, "monData/iin", "not the query's");
        size_t count = 0;
        for (const xmlNode *node = xml_first_element(pupil); node && rc == GW_OK; node = xml_next_element(node)) {
                if (!xml_is(node, NULL, "conclusion"))
                        continue;
                if (++count > CONCLUSIONS_MAX)
                        return answer_invalid(why, "conclusion", "too many");
                rc = copy_conclusion(node, facts, why);
        }
        return rc;
}

static const struct answer_list list = {
        .head = {EDUCATION_NS, "MonDataResponse", "iin"},
        .name = "education",
        .entry = "monData",
        .entries_max = PUPILS_MAX,
        .copy_entry = copy_pupil,
};

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        return answer_list_read(&list, query, root, facts, why);
}

const struct adapter education_adapter = {
        .name = "education",
        .service_id = EDUCATION_SERVICE_ID,
        .title_ru = "НОБД",
        .write_query = write_query,
        .read_answer = read_answer,
};
