/* ПШЭП IBANService, the portal payment gateway's check of an account (services.md E): its messages, for the client and the simulator beside it. */
#ifndef EGOV_ADAPTERS_IBAN_H
#define EGOV_ADAPTERS_IBAN_H

#include "gateway/collect/adapter.h"

#define IBAN_NS "http://epay.gov.kz/IBANService"
#define IBAN_SERVICE_ID "PEP_IBANService"
/* Status. The dictionary is not public; these are ours. */
#define IBAN_STATUS_OWN "0"
#define IBAN_STATUS_FOREIGN "1" /* an account of somebody else */
#define IBAN_STATUS_NONE "2"    /* no such account */
#define IBAN_STATUS_CLOSED "3"
#define IBAN_STATUS_BUSY "9"

extern const struct adapter iban_adapter;

#endif
