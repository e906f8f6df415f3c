/* The simulated certification authority as egov-simulators sees it: made, opened, closed, its faults by name. Its paths and verbs: http.c. */
#ifndef EGOV_PKI_HTTP_H
#define EGOV_PKI_HTTP_H

#include "adapters/simulators/faults.h"

struct pki;
struct pki *pki_new(void); /* without keys; faults can be set */
GW_MUST_CHECK enum gw_rc pki_open(struct pki *pki, const char *folder, struct why *why);
void pki_close(struct pki *pki);
/* "ocsp": of every authority; "ocsp/rsa", "crl/issuing", "delta/gost", "tsa", "tsa/gost". Returns how many; all have the same kinds. */
#define PKI_FAULTS_MAX 32
size_t pki_faults(struct pki *pki, const char *name, struct fault *ret_faults[PKI_FAULTS_MAX]);

#endif
