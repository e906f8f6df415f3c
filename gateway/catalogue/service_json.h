/* A service of the catalogue for machines: of the command line and of GET /api/v1/services. */
#ifndef GW_CATALOGUE_SERVICE_JSON_H
#define GW_CATALOGUE_SERVICE_JSON_H

#include <jansson.h>

#include "gateway/catalogue/catalogue.h"

const char *service_kind(const struct service *service); /* withdrawn | generic | automated | not automated; static */
json_t *service_json(const struct service *service);     /* the caller's */
json_t *service_text3_json(const struct text3 *text);

#endif
