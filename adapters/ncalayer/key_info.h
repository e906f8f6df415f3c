/* What NCALayer's getKeyInfo tells of the chosen key. */
#ifndef EGOV_NCALAYER_KEY_INFO_H
#define EGOV_NCALAYER_KEY_INFO_H

#include <jansson.h>

/* Of a certificate in PEM; the caller's. */
json_t *key_info(const char *pem);

#endif
