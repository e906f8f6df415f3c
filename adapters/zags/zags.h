/* ИС ЗАГС (РАГС), the register of acts of civil status (services.md E): birth records; its messages, for the client and the simulator beside it. */
#ifndef EGOV_ADAPTERS_ZAGS_H
#define EGOV_ADAPTERS_ZAGS_H

#include "gateway/collect/adapter.h"

#define ZAGS_NS "http://birth.info.zags.kz"
#define ZAGS_SERVICE_ID "ZAGS_BirthAktRecord"

extern const struct adapter zags_adapter;

#endif
