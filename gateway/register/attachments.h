/* Files that an application brought with it. The bytes lie once each, by their SHA-256, outside the rows that name them. */
#ifndef GW_REGISTER_ATTACHMENTS_H
#define GW_REGISTER_ATTACHMENTS_H

#include "gateway/register/store.h"

/* Texts and bytes are borrowed. */
struct attachment_record {
        const char *name, *type, *document; /* "passport.pdf", "application/pdf", id of the service's document */
        uint8_t sha256[32];
        struct span bytes;
};
/* In the transaction that registers the request; numbered from 1 in this order. */
GW_MUST_CHECK enum gw_rc attachments_add(struct store *store, int64_t request_id, const struct attachment_record *records, size_t count, struct why *why);

struct attachment_view {
        int n;
        char name[128], type[32], document[33];
        int64_t size;
        uint8_t sha256[32];
};
/* In their order. */
typedef void (*attachment_fn)(void *arg, const struct attachment_view *attachment);
GW_MUST_CHECK enum gw_rc attachments_list(struct store_reader *reader, int64_t request_id, attachment_fn fn, void *arg, struct why *why);
/* One with its bytes (appended). GW_REJECT REQUEST_NOT_FOUND when there is none of that number. */
GW_MUST_CHECK enum gw_rc attachments_read(struct store_reader *reader, int64_t request_id, int n, struct attachment_view *ret_view, struct buf *ret_bytes, struct why *why);

#endif
