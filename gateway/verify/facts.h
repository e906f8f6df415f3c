/* What stands in a signature that was found good, for reports. Internal to verify/. */
#ifndef GW_VERIFY_FACTS_H
#define GW_VERIFY_FACTS_H

#include "gateway/verify/verify.h"

/* Adds the method and the References of ds:Signature to facts; what: a name for each Reference in its order, count of them. */
void facts_read(const xmlNode *signature, const char *const *what, size_t count, struct signature_facts *facts);

#endif
