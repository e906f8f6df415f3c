/* Guardianship (еАкимат / АСУКИ, services.md E): who is guardian or trustee of a child, whether the state supports it fully, who is deprived of parental rights. */
#ifndef EGOV_ADAPTERS_GUARDIANSHIP_H
#define EGOV_ADAPTERS_GUARDIANSHIP_H

#include "gateway/collect/adapter.h"

#define GUARDIANSHIP_NS "urn:egov-gateway:guardianship:1"
#define GUARDIANSHIP_SERVICE_ID "EAKIMAT_GetGuardianship"

extern const struct adapter guardianship_adapter;

#endif
