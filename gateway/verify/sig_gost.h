/* The GOST algorithms as xmlsec wants them: transform classes and a key class. Internal to verify/sig.c. */
#ifndef GW_VERIFY_SIG_GOST_H
#define GW_VERIFY_SIG_GOST_H

#include <stdbool.h>

#include <xmlsec/xmlsec.h>

#include <xmlsec/transforms.h>

/* Interfaces 4.2 (pkigovkz xmldsig). The pair with 256 bits is not here: nobody's certificate has such a key. */
#define SIG_GOST_2004_METHOD "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311"
#define SIG_GOST_2004_DIGEST "http://www.w3.org/2001/04/xmldsig-more#gost34311"
#define SIG_GOST_2015_METHOD "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512"
#define SIG_GOST_2015_DIGEST "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512"

xmlSecTransformId sig_gost_2004_method(void);
xmlSecTransformId sig_gost_2015_method(void);
xmlSecTransformId sig_gost_2004_digest(void);
xmlSecTransformId sig_gost_2015_digest(void);

/* Once, after xmlSecInit(): xmlsec finds algorithms of a document only among what is registered. */
bool sig_gost_register(void);

#endif
