/* Papers that were handed over with a request: coupon, receipt, the request's part of a register. Written once, never changed. */
#ifndef GW_REGISTER_PAPERS_H
#define GW_REGISTER_PAPERS_H

#include "gateway/register/store.h"

/* The number that is printed on a paper, 14 digits: of a request's paper, a transfer register and a refusal receipt, each from its own range. */
#define PAPER_NUMBER_PREFIX "301"
#define REGISTER_NUMBER_PREFIX "401"
#define REFUSAL_NUMBER_PREFIX "501"
char *paper_number(const char *prefix, int64_t id, char out[20]);
bool paper_number_read(const char *prefix, const char *number, int64_t *ret_id);

struct paper_record {
        int64_t id;                   /* of papers_next(): the paper names it */
        int64_t request_id;
        const char *kind;             /* of the catalogue: "COUPON" */
        struct span content;          /* XML */
        struct wall_time at;
};
/* The id that the next paper of this transaction gets. */
GW_MUST_CHECK enum gw_rc papers_next(struct store *store, int64_t *ret_id, struct why *why);
GW_MUST_CHECK enum gw_rc papers_add(struct store *store, const struct paper_record *record, struct why *why);

struct paper_view {
        int64_t id, request_id;
        char kind[24];
        struct wall_time at;
};
/* Appends the XML. GW_REJECT REQUEST_NOT_FOUND, also when it is another request's. */
GW_MUST_CHECK enum gw_rc papers_view(struct store_reader *reader, int64_t request_id, int64_t id, struct paper_view *ret_view, struct buf *content, struct why *why);
/* In the order in which they were made. */
typedef void (*paper_fn)(void *arg, const struct paper_view *paper);
GW_MUST_CHECK enum gw_rc papers_list(struct store_reader *reader, int64_t request_id, paper_fn fn, void *arg, struct why *why);

#endif
