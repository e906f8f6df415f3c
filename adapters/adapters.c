/* The state information systems the gateway can ask: one row each. */
#include "adapters/cbdi/cbdi.h"
#include "adapters/education/education.h"
#include "adapters/gbdfl/gbdfl.h"
#include "adapters/guardianship/guardianship.h"
#include "adapters/iban/iban.h"
#include "adapters/payments/payments.h"
#include "adapters/socialaid/socialaid.h"
#include "adapters/zags/zags.h"

const struct adapter *const adapters_all[] = {
        &gbdfl_adapter,
        &socialaid_adapter,
        &zags_adapter,
        &guardianship_adapter,
        &cbdi_adapter,
        &education_adapter,
        &iban_adapter,
        &payments_adapter,
        NULL,
};
