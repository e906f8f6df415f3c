/* Who is calling: an organisation's own system by its TLS client certificate, or a person by the cookie of a session. */
#ifndef GW_PROVIDER_SESSION_H
#define GW_PROVIDER_SESSION_H

#include "gateway/accept/http_server.h"
#include "gateway/provider/staff.h"

struct sessions;
/* Borrows both, for as long as it lives. */
struct sessions *sessions_new(const struct settings *settings, struct staff_watch *staff);
void sessions_free(struct sessions *sessions);
/* Any thread. A person who was taken out of the staff file since is nobody. Reasons: LOGIN_REQUIRED. */
GW_MUST_CHECK enum gw_rc session_actor(struct sessions *sessions, const struct http_request *request, struct actor *ret_actor, struct why *why);
/* GW_OK when the actor has the role; else ROLE_REQUIRED, naming it. */
GW_MUST_CHECK enum gw_rc session_need_role(const struct actor *actor, enum staff_role role, struct why *why);

#endif
