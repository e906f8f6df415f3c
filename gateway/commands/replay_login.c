/* Logs a person in before a case of a front office is sent: challenge, signature by a key of the test PKI, session. */
#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"
#include "gateway/provider/session.h"
#include "gateway/sign/xml_sign.h"

GW_DEFINE_AUTO(json, json_t, json_decref)

/* {"id", "xml"} of a challenge. */
static enum gw_rc ask_challenge(const struct replay_case *c, const struct replay_target *target, json_t **ret_json, struct why *why)
{
        struct replay_answer answer;
        json_error_t error;
        replay_post(c, target, "/api/v1/session/challenge", span_of(NULL, 0), &answer);
        *ret_json = answer.body.n ? json_loadb((const char *)answer.body.p, answer.body.n, 0, &error) : NULL;
        enum gw_rc rc = answer.status == 201 && json_is_string(json_object_get(*ret_json, "xml")) ? GW_OK : why_say(why, GW_REJECT, "no challenge: HTTP %ld", answer.status);
        replay_answer_done(&answer);
        return rc;
}

/* {"id", "signature"} */
static enum gw_rc answer_challenge(const struct replay_case *c, const struct replay_target *target, const json_t *challenge, struct buf *out, struct why *why)
{
        gw_auto(signing_key) struct signing_key *key = NULL;
        auto_buf struct buf signed_text = BUF_INIT;
        enum gw_rc rc = replay_key(target->pki, c->login, &key, why);
        if (rc == GW_OK)
                rc = xml_sign_enveloped(key, span_str(json_string_value(json_object_get(challenge, "xml"))), &signed_text, why);
        if (rc != GW_OK)
                return rc;
        gw_auto(json) json_t *json = json_pack("{s:O, s:s}", "id", json_object_get(challenge, "id"), "signature", buf_cstr(&signed_text));
        char *text = json_dumps(json, JSON_COMPACT);
        buf_add_str(out, text);
        free(text);
        return GW_OK;
}

enum gw_rc replay_login(const struct replay_case *c, const struct replay_target *target, struct replay_session *ret_session, struct why *why)
{
        gw_auto(json) json_t *challenge = NULL;
        auto_buf struct buf body = BUF_INIT;
        json_error_t error;
        enum gw_rc rc = ask_challenge(c, target, &challenge, why);
        if (rc == GW_OK)
                rc = answer_challenge(c, target, challenge, &body, why);
        if (rc != GW_OK)
                return rc;
        struct replay_answer answer;
        replay_post(c, target, "/api/v1/session", buf_span(&body), &answer);
        gw_auto(json) json_t *session = answer.body.n ? json_loadb((const char *)answer.body.p, answer.body.n, 0, &error) : NULL;
        const char *csrf = json_string_value(json_object_get(session, "csrf"));
        if (answer.status == 201 && csrf && answer.cookie) {
                ret_session->cookie = xasprintf("Cookie: %s", answer.cookie);
                ret_session->csrf = xasprintf(SESSION_CSRF_HEADER ": %s", csrf);
        } else {
                rc = why_say(why, GW_REJECT, "%s was not let in: HTTP %ld", c->login, answer.status);
        }
        replay_answer_done(&answer);
        return rc;
}

void replay_session_done(struct replay_session *session)
{
        free(session->cookie);
        free(session->csrf);
        *session = (struct replay_session){NULL, NULL};
}
