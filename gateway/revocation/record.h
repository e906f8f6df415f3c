#ifndef GW_REVOCATION_RECORD_H
#define GW_REVOCATION_RECORD_H

#include "gateway/revocation/authority.h"

/* Into this thread's record, when there is one; there UNKNOWN may become NOT_ASKED. */
void record_note(const struct certificate *certificate, struct revocation_evidence *const evidence[2], struct revocation_status *status);

#endif
