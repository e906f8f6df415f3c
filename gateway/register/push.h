/* Whose own systems are told when a request reaches them: which organisations, and the outbox row of each telling.
 *
 * The row is added by casework.c in the very transaction in which the request's place moves to an organisation (registered, transferred, returned), without a payload: what
 * it says is composed and signed when it is sent first, and kept from then on (gateway/worker/push.h). So a step of people costs no signature of a system that is away. */
#ifndef GW_REGISTER_PUSH_H
#define GW_REGISTER_PUSH_H

#include "gateway/base/base.h"

#define PUSH_PREFIX "push:"           /* of the destination; then the organisation's id */

struct push_target {
        char bin[13], destination[32];
};
struct push_targets {
        const struct push_target *list; /* borrowed, as long as the journal is open */
        size_t count;
};

#endif
