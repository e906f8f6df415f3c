/* What a state information system looks like from the gateway: an adapter is a const struct. Transport, signatures, time-outs and
 * retries are collect/'s business; the adapter knows only the system's own question and answer. */
#ifndef GW_COLLECT_ADAPTER_H
#define GW_COLLECT_ADAPTER_H

#include "gateway/base/clock.h"
#include "gateway/xml/xml.h"

struct query {
        const char *iin;              /* of the person asked about */
        const char *number;           /* our registration number: purpose of the query (services.md H) */
        const char *message_id;
        const char *sender_id;
        const char *account;          /* IBAN out of the application where the service's question names one; else NULL */
        struct wall_time now;
};
struct adapter {
        const char *name;             /* "gbdfl": element name of its facts, destination name, folder name */
        const char *service_id;       /* default SHEP serviceId */
        const char *title_ru;
        /* The content of `data`, exclusive canonical, one self-contained element. */
        void (*write_query)(const struct query *query, struct buf *out);
        /* Reads the verified `data` of the answer (as an XML document of its own or as the data element's child) and appends its facts:
         * <NAME …>…</NAME> in canonical form without namespaces. "No such person" is an answer with facts, not a failure.
         * GW_RETRY REGISTRY_FAULT when the system says it cannot answer now; GW_REJECT REGISTRY_ANSWER_INVALID when it is not an answer to this query
         * (another IIN, missing fields). */
        enum gw_rc (*read_answer)(const struct query *query, const xmlNode *root, struct buf *facts, struct why *why);
};
/* NULL-terminated; defined by adapters/adapters.c; only main.c and the command wiring name it. */
extern const struct adapter *const adapters_all[];

#endif
