/* Who is calling: an organisation's own system by its TLS client certificate, or a person by the cookie of a session that began with an EDS.
 *
 * challenge → signed by the person → session. A session is 32 random bytes in a cookie, of which only the SHA-256 is kept, in memory: a restart ends all. It ends
 * by logout, silence, age, when its person is taken out of the staff file, and when the certificate has expired or been revoked meanwhile. Whoever fails too
 * often waits: by address, and by person once the EDS has proved who it is. Any thread. */
#ifndef GW_PROVIDER_SESSION_H
#define GW_PROVIDER_SESSION_H

#include "gateway/accept/http_server.h"
#include "gateway/provider/challenge.h"
#include "gateway/provider/staff.h"
#include "gateway/verify/verify.h"

#define SESSION_COOKIE "egov_session"
#define SESSION_TOKEN_MAX 65
#define SESSION_CSRF_MAX 33
#define SESSION_CSRF_HEADER "x-csrf-token"
#define SESSION_POLLED "/api/v1/inbox/changes" /* what pages ask by themselves does not put off the end of a silent session; */
#define SESSION_BACKGROUND_HEADER "x-background" /* nor does what has this header */

struct sessions;
/* Borrows all three, for as long as it lives. */
struct sessions *sessions_new(const struct settings *settings, struct staff_watch *staff, struct verifier *verifier);
void sessions_free(struct sessions *sessions);

/* Both clocks of one moment: pauses and ages are monotonic, certificates and challenges have dates. */
struct session_now { struct mono_time mono; struct wall_time wall; };
struct session_now session_now(void);

/* A challenge, and the document to sign, appended. LOGIN_LOCKED: this address has failed too often, or asks too often. */
GW_MUST_CHECK enum gw_rc session_challenge(struct sessions *sessions, const char *address, struct session_now now, char ret_id[CHALLENGE_ID_MAX], struct buf *xml, struct why *why);

struct session_facts {
        struct actor actor;
        char csrf[SESSION_CSRF_MAX];  /* "" of a system */
        struct wall_time expires_at;  /* if nothing happens; of a system not set */
};
struct session_login {
        const struct http_request *request; /* its address; the session of its cookie, if any, ends */
        const char *id;                     /* of the challenge */
        struct span signature;
};
/* ret_token is for the cookie and nobody else. Reasons: LOGIN_LOCKED, CHALLENGE_UNKNOWN, those of login_verify(), LOGIN_REFUSED (staff.h; also, in the same words, for
 * people who exist nowhere), OVERLOADED (GW_RETRY). */
GW_MUST_CHECK enum gw_rc session_begin(struct sessions *sessions, const struct session_login *login, struct session_now now, char ret_token[SESSION_TOKEN_MAX], struct session_facts *ret_facts,
                                       struct why *why);
/* Ends the session of the request's cookie. */
void session_end(struct sessions *sessions, const struct http_request *request);

/* Who calls. A system needs no more than its certificate; a person a session, and, for any method but GET and HEAD, its token in X-CSRF-Token.
 * Reasons: LOGIN_REQUIRED, SESSION_EXPIRED, CSRF_TOKEN. */
GW_MUST_CHECK enum gw_rc session_actor(struct sessions *sessions, const struct http_request *request, struct actor *ret_actor, struct why *why);
/* The same at a given moment, and with the facts of the session. */
GW_MUST_CHECK enum gw_rc session_look(struct sessions *sessions, const struct http_request *request, struct session_now now, struct session_facts *ret_facts, struct why *why);
/* GW_OK when the actor has the role; else ROLE_REQUIRED, naming it. */
GW_MUST_CHECK enum gw_rc session_need_role(const struct actor *actor, enum staff_role role, struct why *why);
/* GW_OK when the actor has any role in working on requests; ROLE_REQUIRED for whoever only runs the gateway: applicants' data are not his business. */
GW_MUST_CHECK enum gw_rc session_need_work(const struct actor *actor, struct why *why);
size_t sessions_count(struct sessions *sessions);

#endif
