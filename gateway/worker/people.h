/* Requests that people work on, on their way between the channels, the store and the inbox. */
#ifndef GW_WORKER_PEOPLE_H
#define GW_WORKER_PEOPLE_H

#include "gateway/provider/steps.h"
#include "gateway/worker/loop.h"

/* What steps.h needs to know of a request; calendar: in use now, the holder's reference. */
struct people_case {
        struct steps_case steps;
        struct calendar *calendar;
};
void people_case_done(struct people_case *c);
/* Of a request at the gateway. CONFIGURATION when the catalogue has lost its service or route. */
GW_MUST_CHECK enum gw_rc people_case_of(const struct shared *shared, const struct casework_row *row, struct people_case *ret_case, struct why *why);

/* Opens the work on a request, in the transaction that registers it: on the channel's route, registered by the gateway; or, over a counter, on that route by that person. */
struct people_new {
        int64_t request_id;
        const struct service *service;
        const char *channel, *provider_bin;
        struct wall_time registered_at, due_at;
        const struct route *route;    /* over a counter, as the next three; NULL: through a channel */
        const char *front_bin, *comment; /* comment: on the registration */
        const struct actor *by;
};
GW_MUST_CHECK enum gw_rc people_open(struct store *store, const struct shared *shared, const struct people_new *record, struct why *why);
/* Does that organisation decide on the service? FORM_INVALID: providerBin is not one of the providers that this gateway serves. */
GW_MUST_CHECK enum gw_rc people_check_provider(const struct settings *settings, const struct service *service, const char *bin, struct why *why);

/* Loop 0: tells, once each, whose step is near its end or past it. */
void people_warn(struct loop *loop);

#endif
