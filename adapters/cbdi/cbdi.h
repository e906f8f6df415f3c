/* ЦБДИ, the central data bank of persons with disabilities (services.md E, message p06560): its messages, for the client and the simulator beside it. */
#ifndef EGOV_ADAPTERS_CBDI_H
#define EGOV_ADAPTERS_CBDI_H

#include "gateway/collect/adapter.h"

#define CBDI_NS "urn:egov-gateway:cbdi:1"
#define CBDI_SERVICE_ID "CBDI_p06560"

extern const struct adapter cbdi_adapter;

#endif
