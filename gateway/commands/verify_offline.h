/* Revocation for `verify`: answers out of files, no network. */
#ifndef GW_COMMANDS_VERIFY_OFFLINE_H
#define GW_COMMANDS_VERIFY_OFFLINE_H

#include "gateway/revocation/revocation.h"

/* Arrays ended by NULL, of files and folders of files: CRLs and delta CRLs, OCSP answers; DER, CRLs also PEM. One that is none of these is no mistake here: it
 * says nothing about anybody. GW_REJECT: a file cannot be read. *ret: NULL when nothing is given. */
GW_MUST_CHECK enum gw_rc verify_offline_open(const char *const *crls, const char *const *ocsp, struct revocation **ret, struct why *why);

#endif
