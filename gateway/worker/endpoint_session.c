/* Logging in and out: a challenge, the person's signature over it, a cookie. */
#include <string.h>

#include <openssl/crypto.h>

#include "gateway/base/log.h"
#include "gateway/provider/login.h"
#include "gateway/reason.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"

GW_DEFINE_AUTO(json, json_t, json_decref)

#define BODY_MAX (2 * LOGIN_PROOF_MAX) /* the signature as a JSON string */

static void refuse(struct http_exchange *exchange, const char *id, const char *verb, struct why *why)
{
        log_event(reason_info(why->reason)->http_status >= 500 ? LOG_WARN : LOG_INFO, id, verb, "reason=%s detail=\"%s\"", reason_info(why->reason)->name, why->detail);
        if (why->reason == REASON_LOGIN_REFUSED)
                why->detail[0] = '\0'; /* who is known here is for the log alone */
        answer_problem(exchange, id, why);
}

static json_t *roles_json(const struct actor *actor)
{
        json_t *roles = json_array();
        for (enum staff_role role = 0; role < STAFF_ROLE_COUNT; role++)
                if (actor->roles & 1U << role)
                        json_array_append_new(roles, json_string(staff_role_names[role]));
        return roles;
}

static json_t *facts_json(const struct settings *settings, const struct session_facts *facts)
{
        const struct actor *a = &facts->actor;
        const struct organisation_settings *o = settings_organisation(settings, a->organisation);
        char expires[CLOCK_TEXT_MAX] = "";
        if (!a->machine)
                clock_iso(facts->expires_at, expires);
        json_t *json = json_pack("{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s}, s:o, s:b, s:b, s:b}", "staff", "id", a->id, "nameKk", a->name_kk, "nameRu", a->name_ru, "organisation", "id",
                                 a->organisation, "bin", a->bin, "kind", organisation_kind_names[a->kind], "nameKk", o->name_kk, "nameRu", o->name_ru, "roles", roles_json(a), "maySign",
                                 a->may_sign, "operator", a->is_operator, "machine", a->machine);
        GW_ASSERT(json);
        json_object_set_new(json, "csrf", a->machine ? json_null() : json_string(facts->csrf));
        json_object_set_new(json, "expiresAt", a->machine ? json_null() : json_string(expires));
        return json;
}

static void challenge(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct session_now now = session_now();
        struct why why = WHY_INIT;
        char id[CHALLENGE_ID_MAX], expires[CLOCK_TEXT_MAX];
        auto_buf struct buf xml = BUF_INIT;
        if (session_challenge(loop->shared->sessions, request->peer->address, now, id, &xml, &why) != GW_OK) {
                atomic_fetch_add(&loop->shared->counters.logins_refused, 1);
                refuse(exchange, correlation_id, "session.challenge_refused", &why);
                return;
        }
        clock_iso((struct wall_time){now.wall.ms + loop->shared->settings->login.challenge_s * 1000}, expires);
        answer_json(exchange, 201, json_pack("{s:s, s:s, s:s}", "id", id, "xml", buf_cstr(&xml), "expiresAt", expires));
}

/* {"id": …, "signature": …} and nothing else; both borrow from *ret_json. */
static enum gw_rc read_login(const struct http_request *request, json_t **ret_json, struct session_login *ret, struct why *why)
{
        json_error_t error;
        if (request->body.n > BODY_MAX)
                return why_set(why, GW_REJECT, REASON_HTTP_TOO_LARGE, "more than %zu bytes", BODY_MAX);
        gw_auto(json) json_t *json = json_loadb((const char *)request->body.p, request->body.n, JSON_REJECT_DUPLICATES, &error);
        const json_t *id = json_object_get(json, "id"), *signature = json_object_get(json, "signature");
        if (!json_is_string(id) || !json_is_string(signature) || json_object_size(json) != 2)
                return why_set(why, GW_REJECT, REASON_JSON_FORM, "not a JSON object of \"id\" and \"signature\"");
        *ret = (struct session_login){.request = request, .id = json_string_value(id), .signature = span_of(json_string_value(signature), json_string_length(signature))};
        *ret_json = gw_take(&json);
        return GW_OK;
}

static void set_cookie(const struct settings *settings, const struct http_request *request, const char *token, char out[200])
{
        bool secure = request->peer->tls || str_eq(settings->login.secure, "always");
        snprintf(out, 200, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", SESSION_COOKIE, token, secure ? "; Secure" : "", *token ? "" : "; Max-Age=0");
}

static void begin(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        const struct settings *settings = loop->shared->settings;
        gw_auto(json) json_t *json = NULL;
        struct session_login login;
        struct session_facts facts;
        struct why why = WHY_INIT;
        char token[SESSION_TOKEN_MAX], cookie[200];
        enum gw_rc rc = read_login(request, &json, &login, &why);
        if (rc == GW_OK)
                rc = session_begin(loop->shared->sessions, &login, session_now(), token, &facts, &why);
        atomic_fetch_add(rc == GW_OK ? &loop->shared->counters.logins : &loop->shared->counters.logins_refused, 1);
        if (rc != GW_OK) {
                refuse(exchange, correlation_id, "session.refused", &why);
                return;
        }
        log_event(LOG_INFO, correlation_id, "session.begun", "staff=%s organisation=%s", facts.actor.id, facts.actor.organisation);
        set_cookie(settings, request, token, cookie);
        struct http_header header = {"set-cookie", cookie};
        answer_json_with(exchange, 201, facts_json(settings, &facts), &header);
        OPENSSL_cleanse(token, sizeof token);
        OPENSSL_cleanse(cookie, sizeof cookie);
}

static void end(struct loop *loop, struct http_exchange *exchange, const char *correlation_id, const struct session_facts *facts)
{
        const struct http_request *request = http_exchange_request(exchange);
        char cookie[200];
        session_end(loop->shared->sessions, request);
        log_event(LOG_INFO, correlation_id, "session.ended", "staff=%s organisation=%s reason=logout", facts->actor.id, facts->actor.organisation);
        set_cookie(loop->shared->settings, request, "", cookie);
        struct http_header header = {"set-cookie", cookie};
        answer_json_with(exchange, 200, json_pack("{s:b}", "ended", true), &header);
}

void endpoint_session(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct session_facts facts;
        struct why why = WHY_INIT;
        if (str_eq(request->path, "/api/v1/session/challenge")) {
                challenge(loop, exchange, correlation_id);
                return;
        }
        if (str_eq(request->method, "POST")) {
                begin(loop, exchange, correlation_id);
                return;
        }
        if (session_look(loop->shared->sessions, request, session_now(), &facts, &why) != GW_OK)
                refuse(exchange, correlation_id, "session.refused", &why);
        else if (str_eq(request->method, "DELETE"))
                end(loop, exchange, correlation_id, &facts);
        else
                answer_json(exchange, 200, facts_json(loop->shared->settings, &facts));
}
