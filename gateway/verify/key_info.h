/* Where a signature says its certificate is. What it says is only a hint: trust comes from the chain. Internal to verify/. */
#ifndef GW_VERIFY_KEY_INFO_H
#define GW_VERIFY_KEY_INFO_H

#include <libxml/tree.h>

#include "gateway/base/buf.h"
#include "gateway/verify/problem.h"

#define KEY_INFO_DER_MAX 16384

/* Base64 text of the element, decoded and appended. Problem: CERTIFICATE_UNREADABLE (not strict base64, empty or too long). */
GW_MUST_CHECK enum gw_rc key_info_base64(enum sig_party party, const xmlNode *node, struct buf *der, struct why *why);
/* ds:X509Data with exactly one X509Certificate (names and serials beside it are ignored). Problems: KEY_INFO, CERTIFICATE_UNREADABLE. */
GW_MUST_CHECK enum gw_rc key_info_x509_data(enum sig_party party, const xmlNode *x509_data, struct buf *der, struct why *why);

#endif
