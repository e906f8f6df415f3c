/* Payments already assigned for a person (АИС «Е-Собес» / «Социальная помощь», services.md E): against paying twice. */
#ifndef EGOV_ADAPTERS_PAYMENTS_H
#define EGOV_ADAPTERS_PAYMENTS_H

#include "gateway/collect/adapter.h"

#define PAYMENTS_NS "urn:egov-gateway:payments:1"
#define PAYMENTS_SERVICE_ID "ESOBES_DoublePayment"

extern const struct adapter payments_adapter;

#endif
