/* The national algorithms for OpenSSL: a provider built into the program, on nettle.
 *
 * After gost_provider_load() OpenSSL's own code (X509_verify_cert, X509_CRL_verify, OCSP_basic_verify, CMS_verify, TS_…) reads keys and
 * verifies signatures under the Kazakh OIDs (interfaces 4.1). Verification only; signing stays with gateway/sign. */
#ifndef GW_GOST_PROVIDER_H
#define GW_GOST_PROVIDER_H

#include <openssl/evp.h>

#include "gateway/gost/gost.h"

/* Once per process, before any other thread; loads OpenSSL's default provider beside it. */
void gost_provider_load(void);
/* The key inside an EVP_PKEY that the provider made; NULL when it is another's. Borrowed from the EVP_PKEY. */
const struct gost_public_key *gost_provider_key(const EVP_PKEY *key);

#endif
