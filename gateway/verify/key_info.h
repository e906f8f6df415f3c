/* Where a signature says its certificate is. What it says is only a hint: trust comes from the chain. Internal to verify/. */
#ifndef GW_VERIFY_KEY_INFO_H
#define GW_VERIFY_KEY_INFO_H

#include <libxml/tree.h>

#include "gateway/base/buf.h"

#define KEY_INFO_DER_MAX 16384

/* Base64 text of the element, decoded and appended; false when it is not strict base64, empty or too long. */
GW_MUST_CHECK bool key_info_base64(const xmlNode *node, struct buf *der);
/* ds:X509Data with exactly one X509Certificate (names and serials beside it are ignored). */
GW_MUST_CHECK bool key_info_x509_data(const xmlNode *x509_data, struct buf *der);

#endif
