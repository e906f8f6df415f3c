/* ГБД ФЛ: the question by IIN, and the person in the words of the decision rules.
 *
 * The answer modelled here holds the fields seen in public generated classes (services.md E), none of them a contract:
 *   cs:Response{messageId, messageDate, messageResult{code,…}, iin, person{iin, surname, name, patronymic?, birthDate, deathDate?,
 *     gender{code}, citizenship{code}, lifeStatus{code}, regAddress{district, region, city, street, building, flat}?,
 *     representatives{representative{iin, basis{code}}*}?}?} */
#include "adapters/answer.h"
#include "adapters/gbdfl/gbdfl.h"
#include "gateway/reason.h"

#define REPRESENTATIVES_MAX 8

static const struct answer_head head = {GBDFL_NS, "Response", "iin"};

static void write_query(const struct query *query, struct buf *out)
{
        char date[CLOCK_TEXT_MAX];
        buf_add_str(out, "<cs:Request xmlns:cs=\"" GBDFL_NS "\">");
        canon_element(out, "messageId", query->message_id);
        canon_element(out, "messageDate", clock_iso(query->now, date));
        canon_element(out, "senderCode", query->sender_id);
        canon_element(out, "iin", query->iin);
        buf_add_str(out, "</cs:Request>");
}

/* A dictionary value: <gender><code>1</code>…</gender> becomes <gender>M</gender>. */
struct word { const char *code, *fact; };

static enum gw_rc copy_code(const xmlNode *person, const char *field, const struct word *words, struct buf *facts, struct why *why)
{
        xmlNode *node = NULL;
        enum gw_rc rc = answer_element(person, field, true, &node, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *code = NULL;
        rc = answer_required(node, "code", &code, why);
        if (rc != GW_OK)
                return rc;
        for (; words->code; words++) {
                if (str_eq(code, words->code)) {
                        canon_element(facts, field, words->fact);
                        return GW_OK;
                }
        }
        /* A row {NULL, ""} at the end lets any other code through as it is. */
        if (!words->fact)
                return answer_invalid(why, field, "unknown code");
        canon_element(facts, field, code);
        return GW_OK;
}

static enum gw_rc copy_text(const xmlNode *from, const char *field, const char *fact, bool required, struct buf *facts, struct why *why)
{
        auto_str char *text = NULL;
        enum gw_rc rc = required ? answer_required(from, field, &text, why) : answer_optional(from, field, &text, why);
        if (rc != GW_OK)
                return rc;
        canon_element(facts, fact, text ? text : "");
        return GW_OK;
}

static enum gw_rc copy_date(const xmlNode *person, const char *field, bool required, struct buf *facts, struct why *why)
{
        auto_str char *text = NULL;
        enum gw_rc rc = answer_date(person, field, required, &text, why);
        if (rc != GW_OK)
                return rc;
        canon_element(facts, field, text);
        return GW_OK;
}

/* <district><nameRu/><nameKz/></district> becomes <region kk="…">ru</region>. */
static enum gw_rc copy_place(const xmlNode *address, const char *field, const char *fact, struct buf *facts, struct why *why)
{
        xmlNode *place = NULL;
        enum gw_rc rc = answer_element(address, field, false, &place, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *ru = NULL, *kk = NULL;
        rc = place ? answer_required(place, "nameRu", &ru, why) : GW_OK;
        if (rc == GW_OK && place)
                rc = answer_required(place, "nameKz", &kk, why);
        if (rc != GW_OK)
                return rc;
        buf_printf(facts, "<%s kk=\"", fact);
        canon_attribute_value(facts, span_str(kk));
        buf_add_str(facts, "\">");
        canon_text(facts, span_str(ru));
        buf_printf(facts, "</%s>", fact);
        return GW_OK;
}

static enum gw_rc copy_address(const xmlNode *person, struct buf *facts, struct why *why)
{
        xmlNode *address = NULL;
        enum gw_rc rc = answer_element(person, "regAddress", false, &address, why);
        if (rc != GW_OK || !address) /* children may have none */
                return rc;
        /* In this register District is the область and Region the район (services.md C.4). */
        static const struct { const char *field, *fact; } places[] = {
                {"district", "region"}, {"region", "district"}, {"city", "settlement"}, {"street", "street"},
        };
        buf_add_str(facts, "<address>");
        for (size_t i = 0; i < GW_COUNT(places) && rc == GW_OK; i++)
                rc = copy_place(address, places[i].field, places[i].fact, facts, why);
        if (rc == GW_OK)
                rc = copy_text(address, "building", "building", false, facts, why);
        if (rc == GW_OK)
                rc = copy_text(address, "flat", "flat", false, facts, why);
        buf_add_str(facts, "</address>");
        return rc;
}

static enum gw_rc copy_representative(const xmlNode *representative, struct buf *facts, struct why *why)
{
        static const struct word bases[] = {{"PARENT", "PARENT"}, {"GUARDIAN", "GUARDIAN"}, {"TRUSTEE", "TRUSTEE"}, {NULL, NULL}};
        if (!xml_is(representative, NULL, "representative"))
                return answer_invalid(why, "representatives", "holds something else");
        auto_str char *iin = NULL;
        enum gw_rc rc = answer_iin(representative, "iin", &iin, why);
        if (rc != GW_OK)
                return rc;
        buf_add_str(facts, "<representative>");
        canon_element(facts, "iin", iin);
        rc = copy_code(representative, "basis", bases, facts, why);
        buf_add_str(facts, "</representative>");
        return rc;
}

static enum gw_rc copy_representatives(const xmlNode *person, struct buf *facts, struct why *why)
{
        xmlNode *list = NULL;
        enum gw_rc rc = answer_element(person, "representatives", false, &list, why);
        if (rc != GW_OK || !list)
                return rc;
        size_t count = 0;
        for (const xmlNode *node = xml_first_element(list); node && rc == GW_OK; node = xml_next_element(node)) {
                if (++count > REPRESENTATIVES_MAX)
                        return answer_invalid(why, "representatives", "too many");
                rc = copy_representative(node, facts, why);
        }
        return rc;
}

/* Death is told twice (status and date); a record that contradicts itself is no ground for any decision. */
static enum gw_rc check_life(const xmlNode *person, struct why *why)
{
        auto_str char *died = xml_child_text(person, NULL, "deathDate");
        auto_str char *status = xml_child_text(xml_child(person, NULL, "lifeStatus"), NULL, "code");
        if (died && *died && !str_eq(status, GBDFL_DEAD))
                return answer_invalid(why, "lifeStatus", "contradicts deathDate");
        return GW_OK;
}

static enum gw_rc copy_person(const struct query *query, const xmlNode *person, struct buf *facts, struct why *why)
{
        static const struct word genders[] = {{GBDFL_MALE, "M"}, {GBDFL_FEMALE, "F"}, {NULL, NULL}};
        static const struct word citizenships[] = {{GBDFL_KAZAKHSTAN, "KAZ"}, {NULL, ""}};
        static const struct word lives[] = {{GBDFL_ALIVE, "ALIVE"}, {GBDFL_DEAD, "DEAD"}, {GBDFL_MISSING, "MISSING"}, {NULL, NULL}};
        auto_str char *iin = NULL;
        enum gw_rc rc = answer_iin(person, "iin", &iin, why);
        if (rc == GW_OK && !str_eq(iin, query->iin))
                rc = answer_invalid(why, "person/iin", "not the query's");
        if (rc == GW_OK)
                rc = check_life(person, why);
        if (rc != GW_OK)
                return rc;
        canon_element(facts, "iin", iin);
        rc = copy_text(person, "surname", "surname", true, facts, why);
        if (rc == GW_OK)
                rc = copy_text(person, "name", "name", true, facts, why);
        if (rc == GW_OK)
                rc = copy_text(person, "patronymic", "patronymic", false, facts, why);
        if (rc == GW_OK)
                rc = copy_date(person, "birthDate", true, facts, why);
        if (rc == GW_OK)
                rc = copy_date(person, "deathDate", false, facts, why);
        if (rc == GW_OK)
                rc = copy_code(person, "gender", genders, facts, why);
        if (rc == GW_OK)
                rc = copy_code(person, "citizenship", citizenships, facts, why);
        if (rc == GW_OK)
                rc = copy_code(person, "lifeStatus", lives, facts, why);
        if (rc == GW_OK)
                rc = copy_address(person, facts, why);
        return rc == GW_OK ? copy_representatives(person, facts, why) : rc;
}

static enum gw_rc read_answer(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        bool found = false;
        enum gw_rc rc = answer_head_read(&head, query, root, &found, why);
        if (rc != GW_OK)
                return rc;
        xmlNode *person = NULL;
        rc = answer_element(root, "person", found, &person, why);
        if (rc != GW_OK)
                return rc;
        if (!found && person)
                return answer_invalid(why, "person", "given although the code says there is none");
        /* Built aside: `facts` gets all or nothing. */
        auto_buf struct buf own = BUF_INIT;
        buf_printf(&own, "<gbdfl found=\"%s\">", found ? "true" : "false");
        if (found)
                rc = copy_person(query, person, &own, why);
        else
                canon_element(&own, "iin", query->iin);
        if (rc != GW_OK)
                return rc;
        buf_add_str(&own, "</gbdfl>");
        buf_add_span(facts, buf_span(&own));
        return buf_failed(facts) || buf_failed(&own) ? why_set(why, GW_FAULT, REASON_INTERNAL, "the facts do not fit") : GW_OK;
}

const struct adapter gbdfl_adapter = {
        .name = "gbdfl",
        .service_id = GBDFL_SERVICE_ID,
        .title_ru = "ГБД «Физические лица»",
        .write_query = write_query,
        .read_answer = read_answer,
};
