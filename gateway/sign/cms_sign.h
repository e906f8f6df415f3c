/* Writes CMS SignedData with CAdES-BES attributes (RFC 5652, ETSI EN 319 122-1 5.2), in DER: contentType, messageDigest, signingTime, signingCertificateV2. */
#ifndef GW_SIGN_CMS_SIGN_H
#define GW_SIGN_CMS_SIGN_H

#include "gateway/base/clock.h"
#include "gateway/sign/signing_key.h"

#define CMS_SIGN_KEYS_MAX 8
#define CMS_SIGN_CONTENT_MAX ((size_t)7 << 20)

/* All keys sign the same content, side by side. detached: the content is not inside. at.ms 0: no signingTime (a PDF tells it beside, ETSI EN 319 142-1 6.3). Appended. GW_FAULT and INTERNAL when it is too large, else what a key says. */
GW_MUST_CHECK enum gw_rc cms_sign(const struct signing_key *const *keys, size_t count, struct span content, bool detached, struct wall_time at, struct buf *out,
                                  struct why *why);

#endif
