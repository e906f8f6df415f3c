/* One service of the catalogue in words. */
#ifndef GW_COMMANDS_SERVICES_REPORT_H
#define GW_COMMANDS_SERVICES_REPORT_H

#include <stdio.h>

#include "gateway/catalogue/service_json.h"

void services_print(const struct service *service, FILE *out);
/* "5 min", "1 workday", "within the working day"; "" when there is none. */
#define SERVICES_LIMIT_MAX 40
char *services_limit(struct limit limit, char out[SERVICES_LIMIT_MAX]);

#endif
