/* [verify] in the words of gateway/verify/: the same for the gateway and for `egov-gateway verify --policy`. */
#ifndef GW_WORKER_POLICY_CONF_H
#define GW_WORKER_POLICY_CONF_H

#include "gateway/settings.h"
#include "gateway/verify/verify.h"

#define POLICY_OIDS_MAX 32
struct policy_settings { /* borrows from the settings; policy_settings_done() also after a failure */
        struct verify_policy policy; /* who is asked about revocation is not in it */
        char *certificate_policies[POLICY_OIDS_MAX], *stamp_policies[POLICY_OIDS_MAX];
};
/* CONFIGURATION: a list of OIDs cannot be read. */
GW_MUST_CHECK enum gw_rc policy_settings_read(const struct settings *settings, struct policy_settings *ret, struct why *why);
void policy_settings_done(struct policy_settings *settings);

#endif
