/* [revocation] and [authority NAME] in the words of gateway/revocation/. */
#ifndef GW_WORKER_REVOCATION_CONF_H
#define GW_WORKER_REVOCATION_CONF_H

#include "gateway/revocation/revocation.h"
#include "gateway/settings.h"

struct revocation_settings { /* borrows from the settings; revocation_settings_done() */
        struct revocation_conf conf;
        struct revocation_authority_conf authorities[SETTINGS_AUTHORITIES_MAX];
        char *folder;
};
void revocation_settings_read(const struct settings *settings, struct revocation_settings *ret);
void revocation_settings_done(struct revocation_settings *settings);
bool revocation_is_asked(const struct settings *settings);

#endif
