/* On which grounds a service is refused, and by what paper. */
#ifndef GW_CATALOGUE_REFUSALS_H
#define GW_CATALOGUE_REFUSALS_H

#include <stdbool.h>

#include "gateway/catalogue/texts.h"

enum refusal_stage { REFUSAL_INTAKE, REFUSAL_DECISION };
extern const char *const refusal_stage_names[3];
struct refusal_ground {
        char *id, *paragraph, *paper; /* paper: its id */
        enum refusal_stage stage;
        struct text3 ground;
        unsigned routes;              /* bits 1 << enum route_kind; 0: all */
        enum basis basis;
        bool in_use;                  /* false: known, but not used */
};

#endif
