/* What the simulated personal cabinet has received: idempotent by message id, counted per request. In memory, and as files for a
 * person to look at when a folder is given. */
#ifndef EGOV_ADAPTERS_CABINET_MAILBOX_H
#define EGOV_ADAPTERS_CABINET_MAILBOX_H

#include <jansson.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

struct cabinet_delivery {         /* one checked message; everything borrowed */
        const char *message_id, *correlation_id;
        const char *request_number, *registration_number, *iin; /* digits only: they become file names */
        const char *state, *kk, *ru, *resolution;
        bool response;
        const char *document_name;
        struct span document;     /* the signed XML; may be empty */
        uint8_t digest[32];       /* of the whole message: what "same bytes" means */
        struct wall_time at;
};

struct mailbox;
struct mailbox *mailbox_new(const char *folder); /* NULL: no files */
void mailbox_free(struct mailbox *mailbox);

struct mailbox_receipt { bool repeated; struct wall_time at; /* of the first time */ };
/* Same id and bytes: GW_OK again, nothing changes but the count of duplicates. Same id, other bytes: GW_REJECT MESSAGE_ID_REUSED. A second
 * RESPONSE of a request (I3), another person or number than before: GW_REJECT DATA_FORM. GW_RETRY INTERNAL: the file cannot be written. */
GW_MUST_CHECK enum gw_rc mailbox_put(struct mailbox *mailbox, const struct cabinet_delivery *delivery, struct mailbox_receipt *ret_receipt,
                                     struct why *why);
/* correlation_id may be NULL or unknown. */
void mailbox_count_refused(struct mailbox *mailbox, const char *correlation_id);
void mailbox_count_opened(struct mailbox *mailbox, const char *message_id);

struct mailbox_filter { const char *correlation_id, *request_number; size_t limit; };
/* Counters and the list of requests, oldest first; the caller owns it. */
json_t *mailbox_state(const struct mailbox *mailbox, const struct mailbox_filter *filter);
/* Newest document of that request number, registration number or correlation id. */
bool mailbox_document(const struct mailbox *mailbox, const char *number, struct span *ret_document);

#endif
