/* XAdES-BES and -T (ETSI TS 101 903 v1.3.2, EN 319 132-1) in an enveloped signature: what is in its ds:Object. Internal to verify/.
 *
 * Exactly the elements of a baseline signature are accepted, each in its place under this very Signature; what is signed and not understood
 * is refused, what is not signed is not read, but for the time stamp, which vouches for itself. */
#ifndef GW_VERIFY_XADES_H
#define GW_VERIFY_XADES_H

#include "gateway/verify/sig.h"

struct xades {                          /* borrowed from the document */
        xmlAttr *id;                    /* of SignedProperties: the target of the second Reference */
        const xmlNode *certificates;    /* SigningCertificate or SigningCertificateV2 */
        const xmlNode *stamp;           /* SignatureTimeStamp; NULL: level BES */
        struct wall_time signing_time;  /* what the signer claims; nothing is decided by it; .ms 0: nothing */
};
/* Reads and judges the structure, before any cryptography; shape->object must be there. Problems: PROPERTIES, ID_DUPLICATE, TIMESTAMP. */
GW_MUST_CHECK enum gw_rc xades_read(const struct sig_shape *shape, struct xades *ret_xades, struct why *why);
/* The signed reference to the signer's certificate must lead to this one: its digest, and issuer and serial number where they are said.
 * Problems: PROPERTIES, ALGORITHM. */
GW_MUST_CHECK enum gw_rc xades_check_certificate(const struct sig_shape *shape, const struct xades *xades, const struct certificate *certificate,
                                                 struct why *why);
/* Level T: appends the DER of the token, and the bytes that it must be over. Problem: TIMESTAMP. */
GW_MUST_CHECK enum gw_rc xades_read_stamp(const struct sig_shape *shape, const struct xades *xades, struct buf *token, struct buf *stamped,
                                          struct why *why);

#endif
