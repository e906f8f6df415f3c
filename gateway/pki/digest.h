/* Digest algorithms by their ASN.1 names: what CMS, time stamps and certificate identifiers may use. Internal to pki/. */
#ifndef GW_PKI_DIGEST_H
#define GW_PKI_DIGEST_H

#include <openssl/evp.h>

#include "gateway/base/buf.h"
#include "gateway/gost/gost.h"

enum pki_digest { PKI_DIGEST_OTHER, PKI_SHA1, PKI_SHA256, PKI_SHA384, PKI_SHA512, PKI_GOST_2004, PKI_GOST_2015 };

/* Of an AlgorithmIdentifier's content: OID with NULL or nothing (RFC 5754 2). PKI_SHA1 is there to be refused by name, and for signingCertificate (v1). */
enum pki_digest pki_digest_read(struct span algorithm);
/* Appends an AlgorithmIdentifier. */
void pki_digest_write(enum pki_digest digest, struct buf *out);
/* Returns the size: 20 to 64; 0 for PKI_DIGEST_OTHER, or when the library refuses. */
size_t pki_digest_make(enum pki_digest digest, struct span in, uint8_t out[64]);
const EVP_MD *pki_digest_md(enum pki_digest digest); /* NULL: not OpenSSL's */

#endif
