/* The state information systems the gateway can ask: one row each. */
#include "adapters/gbdfl/gbdfl.h"
#include "adapters/socialaid/socialaid.h"

const struct adapter *const adapters_all[] = {
        &gbdfl_adapter,
        &socialaid_adapter,
        NULL,
};
