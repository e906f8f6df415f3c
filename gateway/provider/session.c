/* Sessions (gateway/provider/session.h). */
#include "gateway/provider/session.h"

#include <stdlib.h>

#include "gateway/reason.h"

struct sessions {
        const struct settings *settings;
        struct staff_watch *staff;
};

struct sessions *sessions_new(const struct settings *settings, struct staff_watch *staff)
{
        struct sessions *sessions = xcalloc(1, sizeof *sessions);
        *sessions = (struct sessions){.settings = settings, .staff = staff};
        return sessions;
}

void sessions_free(struct sessions *sessions)
{
        free(sessions);
}

enum gw_rc session_actor(struct sessions *sessions, const struct http_request *request, struct actor *ret_actor, struct why *why)
{
        auto_staff struct staff *staff = staff_watch_use(sessions->staff);
        if (staff_system(staff, request->peer->certificate, ret_actor))
                return GW_OK;
        return why_set(why, GW_REJECT, REASON_LOGIN_REQUIRED, "no session, and no TLS client certificate of an organisation's system");
}

enum gw_rc session_need_role(const struct actor *actor, enum staff_role role, struct why *why)
{
        if (actor_has_role(actor, role))
                return GW_OK;
        return why_set(why, GW_REJECT, REASON_ROLE_REQUIRED, "this needs the role %s", staff_role_names[role]);
}
