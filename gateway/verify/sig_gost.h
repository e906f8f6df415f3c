/* The GOST algorithms as xmlsec wants them: transform classes and a key class. Internal to verify/sig.c. */
#ifndef GW_VERIFY_SIG_GOST_H
#define GW_VERIFY_SIG_GOST_H

#include <stdbool.h>

#include <xmlsec/xmlsec.h>

#include <xmlsec/keys.h>
#include <xmlsec/transforms.h>

#include "gateway/gost/gost.h"

xmlSecTransformId sig_gost_2004_method(void);
xmlSecTransformId sig_gost_2015_method(void);
xmlSecTransformId sig_gost_2004_digest(void);
xmlSecTransformId sig_gost_2015_digest(void);

/* A bare key, which borrows the GOST key; NULL when memory is short. */
xmlSecKeyPtr sig_gost_key_new(const struct gost_public_key *key);

/* Once, after xmlSecInit(): xmlsec finds algorithms of a document only among what is registered. */
bool sig_gost_register(void);

#endif
