/* НОБД, the national education database (services.md E): conclusions of the psychological, medical and pedagogical consultation (ПМПК). */
#ifndef EGOV_ADAPTERS_EDUCATION_H
#define EGOV_ADAPTERS_EDUCATION_H

#include "gateway/collect/adapter.h"

#define EDUCATION_NS "urn:egov-gateway:education:1"
#define EDUCATION_SERVICE_ID "NOBD_MonData"

extern const struct adapter education_adapter;

#endif
