/* The text of XAdES properties (ETSI EN 319 132-1). For gateway/sign only. */
#ifndef GW_SIGN_XADES_TEXT_H
#define GW_SIGN_XADES_TEXT_H

#include "gateway/base/clock.h"
#include "gateway/sign/signing_key.h"

#define XADES_DECLARATION " xmlns:xades=\"" XADES_NS "\""

struct xades_text {
        const char *properties_id, *document_reference_id; /* Ids of SignedProperties and of the Reference to the document */
        struct wall_time signing_time;
        uint8_t certificate_sha256[32];
};
/* xades:SignedProperties: SigningTime, SigningCertificateV2, DataObjectFormat, what baseline level B asks for (EN 319 132-1 6.3).
 * `alone`: in exclusive canonical form, that is with the declarations that its context would have made. */
void xades_text_add(const struct xades_text *text, bool alone, struct buf *out);

#endif
