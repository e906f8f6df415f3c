/* Transfer registers (тізілім, реестр): the list with which a package goes from the front office to the provider, or a result back. Written with the acts of the
 * requests on it, in one transaction; accepted once. */
#ifndef GW_REGISTER_TRANSFER_H
#define GW_REGISTER_TRANSFER_H

#include "gateway/register/store.h"

#define TRANSFER_ENTRIES_MAX 200

struct transfer_record {
        int64_t id;                   /* of transfer_next(): the paper names it */
        const char *from_bin, *to_bin, *staff;
        const int64_t *requests;
        size_t request_count;
        struct span content;          /* the paper */
        struct wall_time at;
        const char *accepted_by;      /* staff id, when it is accepted with its making; else NULL */
};
/* The id that the next register of this transaction gets. */
GW_MUST_CHECK enum gw_rc transfer_next(struct store *store, int64_t *ret_id, struct why *why);
GW_MUST_CHECK enum gw_rc transfer_add(struct store *store, const struct transfer_record *record, struct why *why);
/* By the organisation it is for, and once: REQUEST_NOT_FOUND; REGISTER_INVALID when it is accepted already. */
GW_MUST_CHECK enum gw_rc transfer_accept(struct store *store, int64_t id, const char *to_bin, const char *staff, struct wall_time at, struct why *why);

struct transfer_view {
        int64_t id;
        char from_bin[13], to_bin[13], staff[64], accepted_by[64];
        struct wall_time at, accepted_at; /* accepted_at.ms 0: not yet */
        size_t entries;
};
/* content: appended; NULL: not asked for. GW_REJECT REQUEST_NOT_FOUND, also for registers between others (bin). */
GW_MUST_CHECK enum gw_rc transfer_view(struct store_reader *reader, int64_t id, const char *bin, struct transfer_view *ret_view, struct buf *content, struct why *why);
/* Registration numbers on it, in their order. */
typedef void (*transfer_entry_fn)(void *arg, int64_t request_id, const char *number);
GW_MUST_CHECK enum gw_rc transfer_entries(struct store_reader *reader, int64_t id, transfer_entry_fn fn, void *arg, struct why *why);
/* From or to an organisation, the latest first, older than `before` (0: from the end), at most max. */
typedef void (*transfer_fn)(void *arg, const struct transfer_view *view);
GW_MUST_CHECK enum gw_rc transfer_list(struct store_reader *reader, const char *bin, int64_t before, unsigned max, transfer_fn fn, void *arg, struct why *why);

#endif
