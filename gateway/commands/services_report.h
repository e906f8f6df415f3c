/* One service of the catalogue in words and as JSON. */
#ifndef GW_COMMANDS_SERVICES_REPORT_H
#define GW_COMMANDS_SERVICES_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "gateway/catalogue/catalogue.h"

const char *services_kind(const struct service *service); /* withdrawn | generic | automated | not automated */
void services_print(const struct service *service, FILE *out);
json_t *services_json(const struct service *service); /* the caller's */
/* "5 min", "1 workday", "within the working day"; "" when there is none. */
#define SERVICES_LIMIT_MAX 40
char *services_limit(struct limit limit, char out[SERVICES_LIMIT_MAX]);

#endif
