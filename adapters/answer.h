/* Strict reading of the answers of state systems: each helper either gives a checked value or says REGISTRY_ANSWER_INVALID with
 * the name of the field (never its value). Fields are unqualified elements, as SHEP's own. */
#ifndef EGOV_ADAPTERS_ANSWER_H
#define EGOV_ADAPTERS_ANSWER_H

#include "gateway/collect/adapter.h"

#define ANSWER_TEXT_MAX 500 /* bytes; the longest text of the contract (interfaces 1.2) */

/* messageResult/code of our messages. 00000 is what the systems were seen to send (interfaces 1.6); the others are assumed. */
#define ANSWER_CODE_FOUND "00000"
#define ANSWER_CODE_NONE "00001"
#define ANSWER_CODE_BUSY "00090"

enum gw_rc answer_invalid(struct why *why, const char *field, const char *problem);

/* Exactly one element of that name with 1..500 bytes of text; the text is the caller's. */
GW_MUST_CHECK enum gw_rc answer_required(const xmlNode *parent, const char *name, char **ret_text, struct why *why);
/* The same, but NULL when absent or empty. */
GW_MUST_CHECK enum gw_rc answer_optional(const xmlNode *parent, const char *name, char **ret_text, struct why *why);
/* The element itself, at most once; NULL when absent and not required. */
GW_MUST_CHECK enum gw_rc answer_element(const xmlNode *parent, const char *name, bool required, xmlNode **ret_node, struct why *why);
GW_MUST_CHECK enum gw_rc answer_date(const xmlNode *parent, const char *name, bool required, char **ret_text, struct why *why);
GW_MUST_CHECK enum gw_rc answer_iin(const xmlNode *parent, const char *name, char **ret_text, struct why *why);

/* What both systems put first: the root's name, messageId of the query, the result code, and the IIN asked about (in `iin_field`).
 * *ret_found: 00000 or 00001. Busy is GW_RETRY REGISTRY_FAULT; it needs no IIN. */
struct answer_head { const char *ns, *root, *iin_field; };
GW_MUST_CHECK enum gw_rc answer_head_read(const struct answer_head *head, const struct query *query, const xmlNode *root, bool *ret_found,
                                          struct why *why);

/* ---- systems that know a person by a list of records ---- */

/* The usual question: the root with messageId, messageDate, senderCode, requestNumber and the IIN in `iin_field`. */
struct question_form { const char *prefix, *ns, *root, *iin_field; };
void question_write(const struct question_form *form, const struct query *query, struct buf *out);

/* The usual answer: the head, then `entry` elements, none exactly when the code says that there is none. Facts: <NAME found="…">, what copy_entry()
 * appends for each, </NAME>; all or nothing. */
struct answer_list {
        struct answer_head head;
        const char *name;             /* of the system */
        const char *entry;
        size_t entries_max;
        enum gw_rc (*copy_entry)(const struct query *query, const xmlNode *entry, struct buf *facts, struct why *why);
};
GW_MUST_CHECK enum gw_rc answer_list_read(const struct answer_list *list, const struct query *query, const xmlNode *root, struct buf *facts,
                                          struct why *why);

/* A period of days as facts <from/><to/>; without an end <to></to>, which no rule may take for a day in the past. */
GW_MUST_CHECK enum gw_rc answer_period(const xmlNode *entry, const char *from, const char *to, bool to_required, struct buf *facts, struct why *why);
/* Copies a text that must be there, or (not required) may be: then an empty fact. */
GW_MUST_CHECK enum gw_rc answer_copy(const xmlNode *entry, const char *field, const char *fact, bool required, struct buf *facts, struct why *why);
/* The same for one of the NULL-terminated words. */
GW_MUST_CHECK enum gw_rc answer_copy_word(const xmlNode *entry, const char *field, const char *fact, const char *const *words, struct buf *facts,
                                          struct why *why);

/* Real calendar date yyyy-mm-dd of the years 1800-2199 (clock_parse_date() knows none before 1970; people were born before). */
bool answer_is_date(const char *text);
bool answer_is_iin(const char *text); /* twelve digits */

#endif
