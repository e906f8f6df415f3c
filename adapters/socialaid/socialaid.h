/* АИС «Социальная помощь» / «Е-Собес», the register of social-assistance recipients (services.md E): its messages.
 *
 * The real schema is not public. Ours follows message p06552 (status of recipient) and the member list of p06581. */
#ifndef EGOV_ADAPTERS_SOCIALAID_H
#define EGOV_ADAPTERS_SOCIALAID_H

#include "gateway/collect/adapter.h"

#define SOCIALAID_NS "urn:egov-gateway:socialaid:1"
#define SOCIALAID_SERVICE_ID "SOCIALAID_p06552"

extern const struct adapter socialaid_adapter;

#endif
