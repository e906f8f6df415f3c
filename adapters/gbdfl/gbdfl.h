/* ГБД ФЛ, the state database of natural persons (services.md E): its messages, for the client and the simulator beside it. */
#ifndef EGOV_ADAPTERS_GBDFL_H
#define EGOV_ADAPTERS_GBDFL_H

#include "gateway/collect/adapter.h"

#define GBDFL_NS "http://message.persistence.interactive.nat"
#define GBDFL_SERVICE_ID "GBDFL_UniversalServiceSync"
/* Codes of the register's dictionaries as we model them. */
#define GBDFL_KAZAKHSTAN "398"
#define GBDFL_MALE "1"
#define GBDFL_FEMALE "2"
#define GBDFL_ALIVE "0"
#define GBDFL_DEAD "1"
#define GBDFL_MISSING "2"

extern const struct adapter gbdfl_adapter;

#endif
