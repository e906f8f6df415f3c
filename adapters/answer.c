/* Strict reading of the answers of state systems. */
#include <string.h>

#include "adapters/answer.h"
#include "gateway/reason.h"

enum gw_rc answer_invalid(struct why *why, const char *field, const char *problem)
{
        return why_set(why, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "%s: %s", field, problem);
}

enum gw_rc answer_element(const xmlNode *parent, const char *name, bool required, xmlNode **ret_node, struct why *why)
{
        unsigned count = 0;
        xmlNode *node = xml_child_counted(parent, NULL, name, &count);
        if (count > 1)
                return answer_invalid(why, name, "given more than once");
        if (required && count == 0)
                return answer_invalid(why, name, "missing");
        *ret_node = count ? node : NULL;
        return GW_OK;
}

enum gw_rc answer_optional(const xmlNode *parent, const char *name, char **ret_text, struct why *why)
{
        xmlNode *node = NULL;
        enum gw_rc rc = answer_element(parent, name, false, &node, why);
        if (rc != GW_OK)
                return rc;
        if (!node) {
                *ret_text = NULL;
                return GW_OK;
        }
        auto_str char *text = xml_text(node);
        if (!text)
                return answer_invalid(why, name, "not plain text");
        if (strlen(text) > ANSWER_TEXT_MAX)
                return answer_invalid(why, name, "too long");
        *ret_text = *text ? gw_take(&text) : NULL;
        return GW_OK;
}

enum gw_rc answer_required(const xmlNode *parent, const char *name, char **ret_text, struct why *why)
{
        auto_str char *text = NULL;
        enum gw_rc rc = answer_optional(parent, name, &text, why);
        if (rc != GW_OK)
                return rc;
        if (!text)
                return answer_invalid(why, name, "missing");
        *ret_text = gw_take(&text);
        return GW_OK;
}

bool answer_is_iin(const char *text)
{
        return text && strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

static int number(const char *p, size_t n)
{
        int v = 0;
        for (size_t i = 0; i < n; i++)
                v = v * 10 + (p[i] - '0');
        return v;
}

bool answer_is_date(const char *text)
{
        static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (!text || strlen(text) != 10)
                return false;
        for (size_t i = 0; i < 10; i++)
                if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
                        return false;
        int year = number(text, 4), month = number(text + 5, 2), day = number(text + 8, 2);
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return year >= 1800 && year < 2200 && month >= 1 && month <= 12 && day >= 1 && day <= length[month - 1] + (month == 2 && leap);
}

enum gw_rc answer_date(const xmlNode *parent, const char *name, bool required, char **ret_text, struct why *why)
{
        auto_str char *text = NULL;
        enum gw_rc rc = required ? answer_required(parent, name, &text, why) : answer_optional(parent, name, &text, why);
        if (rc != GW_OK)
                return rc;
        if (text && !answer_is_date(text))
                return answer_invalid(why, name, "not a date");
        *ret_text = gw_take(&text);
        return GW_OK;
}

enum gw_rc answer_iin(const xmlNode *parent, const char *name, char **ret_text, struct why *why)
{
        auto_str char *text = NULL;
        enum gw_rc rc = answer_required(parent, name, &text, why);
        if (rc != GW_OK)
                return rc;
        if (!answer_is_iin(text))
                return answer_invalid(why, name, "not an IIN");
        *ret_text = gw_take(&text);
        return GW_OK;
}

static enum gw_rc read_code(const xmlNode *root, bool *ret_found, struct why *why)
{
        xmlNode *result = NULL;
        enum gw_rc rc = answer_element(root, "messageResult", true, &result, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *code = NULL;
        rc = answer_required(result, "code", &code, why);
        if (rc != GW_OK)
                return rc;
        if (str_eq(code, ANSWER_CODE_BUSY))
                return why_set(why, GW_RETRY, REASON_REGISTRY_FAULT, "the system says it cannot answer now");
        /* Any other code is not known to mean "no such person": taking it so could produce a wrong "no" (I4). */
        if (!str_eq(code, ANSWER_CODE_FOUND) && !str_eq(code, ANSWER_CODE_NONE))
                return answer_invalid(why, "messageResult/code", "unknown");
        *ret_found = str_eq(code, ANSWER_CODE_FOUND);
        return GW_OK;
}

static enum gw_rc check_same(const xmlNode *root, const char *field, const char *want, struct why *why)
{
        auto_str char *got = NULL;
        enum gw_rc rc = answer_required(root, field, &got, why);
        if (rc != GW_OK)
                return rc;
        return str_eq(got, want) ? GW_OK : answer_invalid(why, field, "not the query's");
}

enum gw_rc answer_head_read(const struct answer_head *head, const struct query *query, const xmlNode *root, bool *ret_found,
                            struct why *why)
{
        if (!root || !xml_is(root, head->ns, head->root))
                return answer_invalid(why, head->root, "not this element");
        enum gw_rc rc = check_same(root, "messageId", query->message_id, why);
        if (rc != GW_OK)
                return rc;
        bool found = false;
        rc = read_code(root, &found, why);
        if (rc != GW_OK)
                return rc;
        rc = check_same(root, head->iin_field, query->iin, why);
        if (rc != GW_OK)
                return rc;
        *ret_found = found;
        return GW_OK;
}

/* ---- lists ---- */

void question_write(const struct question_form *form, const struct query *query, struct buf *out)
{
        char date[CLOCK_TEXT_MAX];
        buf_printf(out, "<%s:%s xmlns:%s=\"%s\">", form->prefix, form->root, form->prefix, form->ns);
        canon_element(out, "messageId", query->message_id);
        canon_element(out, "messageDate", clock_iso(query->now, date));
        canon_element(out, "senderCode", query->sender_id);
        canon_element(out, "requestNumber", query->number);
        canon_element(out, form->iin_field, query->iin);
        buf_printf(out, "</%s:%s>", form->prefix, form->root);
}

static enum gw_rc copy_entries(const struct answer_list *list, const struct query *query, const xmlNode *root, size_t *ret_count, struct buf *facts,
                               struct why *why)
{
        size_t count = 0;
        for (const xmlNode *node = xml_first_element(root); node; node = xml_next_element(node)) {
                if (!xml_is(node, NULL, list->entry))
                        continue;
                if (++count > list->entries_max)
                        return answer_invalid(why, list->entry, "too many");
                enum gw_rc rc = list->copy_entry(query, node, facts, why);
                if (rc != GW_OK)
                        return rc;
        }
        *ret_count = count;
        return GW_OK;
}

enum gw_rc answer_list_read(const struct answer_list *list, const struct query *query, const xmlNode *root, struct buf *facts, struct why *why)
{
        bool found = false;
        enum gw_rc rc = answer_head_read(&list->head, query, root, &found, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf own = BUF_INIT; /* `facts` gets all or nothing */
        buf_printf(&own, "<%s found=\"%s\">", list->name, found ? "true" : "false");
        size_t count = 0;
        rc = copy_entries(list, query, root, &count, &own, why);
        if (rc != GW_OK)
                return rc;
        if (found != (count > 0))
                return answer_invalid(why, list->entry, found ? "missing although the code says there is one" : "given although the code says there is none");
        buf_printf(&own, "</%s>", list->name);
        buf_add_span(facts, buf_span(&own));
        return buf_failed(facts) || buf_failed(&own) ? why_set(why, GW_FAULT, REASON_INTERNAL, "the facts do not fit") : GW_OK;
}

enum gw_rc answer_period(const xmlNode *entry, const char *from, const char *to, bool to_required, struct buf *facts, struct why *why)
{
        auto_str char *first = NULL, *last = NULL;
        enum gw_rc rc = answer_date(entry, from, true, &first, why);
        if (rc == GW_OK)
                rc = answer_date(entry, to, to_required, &last, why);
        if (rc == GW_OK && last && strcmp(first, last) > 0)
                rc = answer_invalid(why, to, "before the beginning");
        if (rc != GW_OK)
                return rc;
        canon_element(facts, "from", first);
        canon_element(facts, "to", last ? last : "");
        return GW_OK;
}

enum gw_rc answer_copy(const xmlNode *entry, const char *field, const char *fact, bool required, struct buf *facts, struct why *why)
{
        auto_str char *text = NULL;
        enum gw_rc rc = required ? answer_required(entry, field, &text, why) : answer_optional(entry, field, &text, why);
        if (rc != GW_OK)
                return rc;
        canon_element(facts, fact, text ? text : "");
        return GW_OK;
}

enum gw_rc answer_copy_word(const xmlNode *entry, const char *field, const char *fact, const char *const *words, struct buf *facts, struct why *why)
{
        auto_str char *text = NULL;
        enum gw_rc rc = answer_required(entry, field, &text, why);
        if (rc != GW_OK)
                return rc;
        for (; *words; words++) {
                if (str_eq(text, *words)) {
                        canon_element(facts, fact, text);
                        return GW_OK;
                }
        }
        return answer_invalid(why, field, "unknown");
}
