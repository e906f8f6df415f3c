/* What was not accepted: no request, no registration number, but kept, with the paper that the applicant was given (services.md A.5 row 14) or, for a message of
 * the portal, the answer that it got. */
#ifndef GW_REGISTER_REFUSALS_H
#define GW_REGISTER_REFUSALS_H

#include "gateway/register/store.h"

/* Texts are borrowed; NULL reads as "". */
struct refusal_record {
        int64_t id;                   /* of refusals_next(), when the paper had to know it; 0: given here */
        struct wall_time at;
        const char *channel;          /* "shep-sync" | "shep-async" | "rest" | "front-office" */
        const char *sender_id, *message_id;
        const char *service_code, *route; /* "TSA_ASSIGN", "CENTER" */
        const char *reason;           /* its name, "DOCUMENT_MISSING" */
        const char *detail;           /* of the reason: no personal data */
        const char *applicant_iin;    /* "" when nobody is known to have applied */
        const char *front_bin, *staff; /* organisation and person who refused; "" and "gateway" for a message */
        struct span message;          /* as received; evidence */
        struct span paper;            /* XML; empty when none is handed over */
};
/* The id that the next refusal of this transaction gets. */
GW_MUST_CHECK enum gw_rc refusals_next(struct store *store, int64_t *ret_id, struct why *why);
/* *ret_repeated: the same message of the same sender had been refused before: that row's id, and nothing is written. The same message id with other bytes is another
 * refusal of a portal's message, but MESSAGE_ID_REUSED from the front office, whose receipts are handed over once. */
GW_MUST_CHECK enum gw_rc refusals_add(struct store *store, const struct refusal_record *record, int64_t *ret_id, bool *ret_repeated, struct why *why);

/* May one more be kept? By the span of ids in use: rows go from the oldest on. */
GW_MUST_CHECK enum gw_rc refusals_have_room(struct store *store, int64_t rows_max, bool *ret_room, struct why *why);
/* Deletes what is older, the oldest first, at most max; papers of the front office go with their rows. */
GW_MUST_CHECK enum gw_rc refusals_purge(struct store *store, struct wall_time before, int max, int *ret_count, struct why *why);
GW_MUST_CHECK enum gw_rc refusals_count(struct store_reader *reader, int64_t *ret_count, struct why *why);

struct refusal_view {
        int64_t id;
        struct wall_time at;
        char channel[16], sender_id[64], service_code[41], route[16], reason[64], detail[240], applicant_iin[13], front_bin[13], staff[64];
        struct buf paper;             /* owned; empty: none */
};
void refusal_view_done(struct refusal_view *view);
/* front_bin: of whoever asks, NULL: any. GW_REJECT REQUEST_NOT_FOUND, also for another organisation's. */
GW_MUST_CHECK enum gw_rc refusals_view(struct store_reader *reader, int64_t id, const char *front_bin, struct refusal_view *ret_view, struct why *why);
/* Of one organisation, the latest first, older than `before` (0: from the end), at most max; papers are left out. */
typedef void (*refusal_fn)(void *arg, const struct refusal_view *refusal);
GW_MUST_CHECK enum gw_rc refusals_list(struct store_reader *reader, const char *front_bin, int64_t before, unsigned max, refusal_fn fn, void *arg, struct why *why);

#endif
