/* Logging in: challenges that are good once, pauses after failures, cookies, and sessions from their first to their last moment. */
#include "tests/unit/helper_sign.h"

#include "gateway/check/lockout.h"
#include "gateway/provider/cookie.h"
#include "gateway/provider/session.h"
#include "gateway/sign/cms_sign.h"
#include "gateway/sign/xml_sign.h"

#define CONF "[gateway]\ntrust = trust\nsender_id = us\nstaff = %s\n[issuer]\nbin = 160640900019\nname_kk = k\nname_ru = r\n[store]\npath = s.db\n[listener a]\nport = 0\n" \
        "[key system]\nkey = s.key\ncertificate = s.pem\n[destination cabinet]\nurl = http://h/\nbin = 091240900012\n[revocation]\nmode = off\n[login]\n%s"
#define CLERK "[person clerk]\niin = 830511490012\norganisation = issuer\nroles = CLERK\nname_kk = k\nname_ru = r\n"
#define DEPUTY "[person deputy]\niin = 000101590017\norganisation = issuer\nroles = EXECUTOR\nname_kk = k\nname_ru = r\n"
#define LEAST "failures_max = 3\naddress_failures_max = 6\nlock_s = 30\nlock_longest_s = 100\n"

/* ---- the pieces ---- */

static struct challenges *challenges(const char *audience, size_t used_max)
{
        return challenges_new(&(struct challenge_options){.audience = audience, .life_ms = 120000, .used_max = used_max});
}

static void check_challenge(struct challenges *c, const char *id, int64_t now_ms, const char *want)
{
        auto_buf struct buf xml = BUF_INIT;
        struct why why = WHY_INIT;
        enum gw_rc rc = challenge_write(c, id, (struct wall_time){now_ms}, &xml, &why);
        if (want)
                assert_reason(want, rc, &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        else
                assert_int_equal(rc, GW_OK);
        if (want && !strstr(why.detail, want))
                fail_msg("\"%s\", want \"%s\"", why.detail, want);
}

static void challenges_are_ours_young_and_of_one_form(void **state GW_UNUSED)
{
        struct challenges *ours = challenges("us & them", 8), *others = challenges("us & them", 8);
        const int64_t now = 1800000000000;
        char id[CHALLENGE_ID_MAX], second[CHALLENGE_ID_MAX];
        challenge_make(ours, (struct wall_time){now}, id);
        challenge_make(ours, (struct wall_time){now}, second);
        assert_string_not_equal(id, second);
        auto_buf struct buf xml = BUF_INIT;
        struct why why = WHY_INIT;
        assert_int_equal(challenge_write(ours, id, (struct wall_time){now}, &xml, &why), GW_OK);
        auto_str char *want = xasprintf("<login xmlns=\"urn:egov-gateway:login:1\"><nonce>%s</nonce><audience>us &amp; them</audience><issuedAt>2027-01-15T13:00:00.000+05:00</issuedAt></login>", id);
        assert_string_equal(buf_cstr(&xml), want);
        check_challenge(ours, id, now + 120000, NULL);
        check_challenge(ours, id, now + 120001, "older than 120 seconds");
        check_challenge(others, id, now, "not given out by this gateway");
        for (size_t i = 0; i < strlen(id); i++) { /* no digit of it can be changed */
                char broken[CHALLENGE_ID_MAX];
                memcpy(broken, id, sizeof broken);
                broken[i] = broken[i] == '0' ? '1' : '0';
                check_challenge(ours, broken, now, "not given out by this gateway");
        }
        check_challenge(ours, "", now, "not an id");
        check_challenge(ours, "../../etc/passwd", now, "not an id");
        auto_str char *longer = xasprintf("%s0", id), *upper = xstrdup(id);
        for (char *p = upper; *p; p++)
                *p = *p >= 'a' ? (char)(*p - 32) : *p;
        check_challenge(ours, longer, now, "not an id");
        if (!str_eq(upper, id))
                check_challenge(ours, upper, now, "not an id");
        challenges_free(ours);
        challenges_free(others);
}

static void a_challenge_is_used_once(void **state GW_UNUSED)
{
        struct challenges *c = challenges("us", 3);
        struct wall_time now = {1800000000000};
        char ids[4][CHALLENGE_ID_MAX];
        struct why why = WHY_INIT;
        for (int i = 0; i < 4; i++)
                challenge_make(c, now, ids[i]);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(challenge_use(c, ids[i], now, &why), GW_OK);
                assert_reason("again", challenge_use(c, ids[i], now, &why), &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        }
        assert_reason("no room", challenge_use(c, ids[3], now, &why), &why, GW_RETRY, REASON_OVERLOADED);
        struct wall_time later = {now.ms + 120000};
        assert_reason("again, late", challenge_use(c, ids[0], later, &why), &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        char fresh[CHALLENGE_ID_MAX];
        struct wall_time after = {now.ms + 120002}; /* those of before cannot be used any more: their places are free */
        challenge_make(c, after, fresh);
        assert_int_equal(challenge_use(c, fresh, after, &why), GW_OK);
        challenges_free(c);
}

static void failures_make_longer_and_longer_pauses(void **state GW_UNUSED)
{
        struct lockout *l = lockout_new(&(struct lockout_options){.failures_max = 3, .first_ms = 1000, .longest_ms = 5000});
        struct span a = span_str("a"), b = span_str("b");
        struct mono_time now = {50000};
        static const int64_t want[] = {0, 0, 1000, 2000, 4000, 5000, 5000};
        for (size_t i = 0; i < GW_COUNT(want); i++) {
                lockout_fail(l, a, now);
                assert_int_equal(lockout_left(l, a, now), want[i]);
                assert_int_equal(lockout_left(l, a, (struct mono_time){now.ms + want[i]}), 0);
                now.ms += want[i];
        }
        assert_int_equal(lockout_left(l, b, now), 0);
        lockout_forget(l, a);
        lockout_fail(l, a, now);
        assert_int_equal(lockout_left(l, a, now), 0);
        lockout_fail(l, a, now);
        now.ms += 5001; /* quiet for so long: from the beginning */
        lockout_fail(l, a, now);
        assert_int_equal(lockout_left(l, a, now), 0);
        for (int i = 0; i < 100000; i++) { /* strangers fill the table; it does not grow, and whoever waits longest is forgotten last */
                char name[16];
                snprintf(name, sizeof name, "s%d", i);
                lockout_fail(l, span_str(name), now);
        }
        lockout_free(l);
}

static void cookies_are_read_whole_or_not_at_all(void **state GW_UNUSED)
{
        static const struct { const char *first, *second; enum cookie_state want; const char *value; } cases[] = {
                {"egov_session=ab12", NULL, COOKIE_FOUND, "ab12"},
                {"x=1; egov_session=ab12; y=2", NULL, COOKIE_FOUND, "ab12"},
                {"x=1;egov_session=ab12", NULL, COOKIE_FOUND, "ab12"},
                {"x=egov_session=1; egov_session=ab12", NULL, COOKIE_FOUND, "ab12"},
                {"x=1", "egov_session=ab12", COOKIE_FOUND, "ab12"},
                {NULL, NULL, COOKIE_NONE, ""},
                {"", NULL, COOKIE_NONE, ""},
                {";;; ;", NULL, COOKIE_NONE, ""},
                {"egov_session", NULL, COOKIE_NONE, ""},
                {"Egov_Session=ab12", NULL, COOKIE_NONE, ""},
                {"xegov_session=ab12", NULL, COOKIE_NONE, ""},
                {"egov_sessions=ab12", NULL, COOKIE_NONE, ""},
                {"egov_session =ab12", NULL, COOKIE_NONE, ""},
                {"egov_session=", NULL, COOKIE_BAD, ""},
                {"egov_session=\"ab12\"", NULL, COOKIE_BAD, ""},
                {"egov_session=ab12 ", NULL, COOKIE_BAD, ""},
                {"egov_session=ab-12", NULL, COOKIE_BAD, ""},
                {"egov_session=aaaaaaaaaaaaaaaa", NULL, COOKIE_BAD, ""},
                {"egov_session=ab12; egov_session=ab12", NULL, COOKIE_BAD, ""},
                {"egov_session=ab12; egov_session=cd34", NULL, COOKIE_BAD, ""},
                {"egov_session=ab12", "egov_session=cd34", COOKIE_BAD, ""},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct http_header headers[] = {{"cookie", cases[i].first}, {"cookie", cases[i].second}};
                struct http_request request = {.headers = headers, .header_count = (size_t)(cases[i].first != NULL) + (cases[i].second != NULL)};
                char value[16] = "";
                enum cookie_state got = cookie_read(&request, "egov_session", value, sizeof value);
                if (got != cases[i].want || (got == COOKIE_FOUND && !str_eq(value, cases[i].value)))
                        fail_msg("case %zu \"%s\": %d \"%s\"", i, cases[i].first, got, value);
        }
}

/* ---- sessions ---- */

struct door {
        struct settings *settings;
        struct staff_watch *staff;
        struct verifier *verifier;
        struct sessions *sessions;
        char *staff_path;
        struct http_peer peer;
        struct session_now now;
};

static void write_people(struct door *d, const char *text)
{
        assert_true(text_write_file(d->staff_path, span_str(text), 0600));
}

static struct door *door_open(const char *login_settings)
{
        struct door *d = xcalloc(1, sizeof *d);
        struct why why = WHY_INIT;
        struct verify_policy policy = {.clock_skew_ms = 60000, .iin_check_digit = true};
        d->staff_path = scratch_path("staff.conf");
        write_people(d, CLERK DEPUTY);
        auto_str char *conf = xasprintf(CONF, d->staff_path, login_settings);
        auto_str char *trust = pki_path("trust", "", "");
        FILE *in = fmemopen(conf, strlen(conf), "r");
        if (settings_read(in, "/x/gateway.conf", &d->settings, &why) != GW_OK || staff_watch_open(d->settings, &d->staff, &why) != GW_OK ||
            verifier_open(trust, &policy, &d->verifier, &why) != GW_OK)
                fail_msg("%s", why.detail);
        fclose(in);
        d->sessions = sessions_new(d->settings, d->staff, d->verifier);
        d->peer = (struct http_peer){.address = "192.0.2.1:50000", .listener = "a"};
        d->now = session_now();
        return d;
}

static void door_close(struct door *d)
{
        sessions_free(d->sessions);
        staff_watch_close(d->staff);
        verifier_close(d->verifier);
        settings_free(d->settings);
        free(d->staff_path);
        free(d);
}
GW_DEFINE_AUTO(door, struct door, door_close)
#define auto_door gw_auto(door)

static void pass(struct door *d, int64_t ms)
{
        d->now.mono.ms += ms;
        d->now.wall.ms += ms;
}

enum form { FORM_XML, FORM_CMS, FORM_DETACHED };
struct key_once { char id[CHALLENGE_ID_MAX]; struct buf signature; };

static void sign_text(const char *name, enum form form, struct span text, struct wall_time at, struct buf *out)
{
        gw_auto(local_key) struct signing_key *key = pki_key(name);
        const struct signing_key *keys[] = {key};
        struct why why = WHY_INIT;
        auto_buf struct buf der = BUF_INIT;
        enum gw_rc rc = form == FORM_XML ? xml_sign_enveloped(key, text, out, &why) : cms_sign(keys, 1, text, form == FORM_DETACHED, at, &der, &why);
        if (rc != GW_OK)
                fail_msg("%s", why.detail);
        if (form != FORM_XML)
                text_base64(out, buf_span(&der));
}

/* A fresh challenge signed with a key of the test PKI. */
static struct key_once challenge_signed(struct door *d, const char *name, enum form form)
{
        struct key_once once = {.signature = BUF_INIT};
        auto_buf struct buf xml = BUF_INIT;
        struct why why = WHY_INIT;
        if (session_challenge(d->sessions, d->peer.address, d->now, once.id, &xml, &why) != GW_OK)
                fail_msg("%s", why.detail);
        sign_text(name, form, buf_span(&xml), d->now.wall, &once.signature);
        return once;
}

struct visit {
        char token[SESSION_TOKEN_MAX];
        struct session_facts facts;
};

static enum gw_rc begin(struct door *d, const char *cookie, const char *id, struct span signature, struct visit *ret, struct why *why)
{
        auto_str char *header = xasprintf(SESSION_COOKIE "=%s", cookie ? cookie : "");
        struct http_header headers[] = {{"cookie", header}};
        struct http_request request = {.method = "POST", .path = "/api/v1/session", .query = "", .headers = headers, .header_count = cookie ? 1 : 0, .peer = &d->peer};
        struct session_login login = {.request = &request, .id = id, .signature = signature};
        return session_begin(d->sessions, &login, d->now, ret->token, &ret->facts, why);
}

static enum gw_rc try_log_in(struct door *d, const char *name, enum form form, struct visit *ret, struct why *why)
{
        struct key_once once = challenge_signed(d, name, form);
        enum gw_rc rc = begin(d, NULL, once.id, buf_span(&once.signature), ret, why);
        buf_done(&once.signature);
        return rc;
}

static struct visit log_in(struct door *d, const char *name)
{
        struct visit visit = {.token = ""};
        struct why why = WHY_INIT;
        if (try_log_in(d, name, FORM_XML, &visit, &why) != GW_OK)
                fail_msg("%s: %s %s", name, reason_info(why.reason)->name, why.detail);
        return visit;
}

static enum gw_rc look(struct door *d, const char *method, const char *token, const char *csrf, struct session_facts *ret, struct why *why)
{
        auto_str char *cookie = xasprintf(SESSION_COOKIE "=%s", token);
        struct http_header headers[] = {{"cookie", cookie}, {SESSION_CSRF_HEADER, csrf}};
        struct http_request request = {.method = method, .path = "/", .query = "", .headers = headers, .header_count = csrf ? 2 : 1, .peer = &d->peer};
        *why = (struct why)WHY_INIT;
        return session_look(d->sessions, &request, d->now, ret, why);
}

static bool inside(struct door *d, const struct visit *visit)
{
        struct session_facts facts;
        struct why why;
        return look(d, "GET", visit->token, NULL, &facts, &why) == GW_OK;
}

static void every_form_and_key_opens_the_door(void **state GW_UNUSED)
{
        static const struct { const char *key; const char *want_id; bool want_sign; } cases[] = {
                {"staff-clerk", "clerk", false}, {"staff-clerk-auth", "clerk", false}, {"gost-staff-clerk", "clerk", false}, {"gost-staff-clerk-auth", "clerk", false},
                {"sign-160640900019", "deputy", true}, {"head-160640900019", "issuer.head", true}, {"head-160640900019-ec", "issuer.head", true},
                {"gost-head-160640900019", "issuer.head", true}, {"staff-head-auth", "issuer.head", true},
        };
        auto_door struct door *d = door_open("");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                for (enum form form = FORM_XML; form <= FORM_DETACHED; form++) {
                        struct visit visit;
                        struct why why = WHY_INIT;
                        if (try_log_in(d, cases[i].key, form, &visit, &why) != GW_OK)
                                fail_msg("%s form %d: %s %s", cases[i].key, form, reason_info(why.reason)->name, why.detail);
                        assert_string_equal(visit.facts.actor.id, cases[i].want_id);
                        assert_int_equal(visit.facts.actor.may_sign, cases[i].want_sign);
                        assert_int_equal(strlen(visit.token), 64);
                        assert_int_equal(strlen(visit.facts.csrf), 32);
                        assert_true(inside(d, &visit));
                }
        }
}

static void whoever_may_not_is_refused_by_reason(void **state GW_UNUSED)
{
        static const struct { const char *key; int want; } cases[] = {
                {"staff-nobody", REASON_LOGIN_REFUSED}, {"staff-stranger", REASON_LOGIN_REFUSED}, {"applicant-850412390011", REASON_LOGIN_REFUSED},
                {"system-gateway", REASON_LOGIN_REFUSED}, {"bad-auth", REASON_LOGIN_REFUSED}, {"head-expired", REASON_LOGIN_CERTIFICATE_EXPIRED},
                {"bad-foreign-ca", REASON_LOGIN_CERTIFICATE}, {"bad-weak", REASON_LOGIN_CERTIFICATE}, {"bad-ca-as-leaf", REASON_LOGIN_CERTIFICATE},
                {"bad-selfsigned", REASON_LOGIN_CERTIFICATE}, {"gost-staff-foreign-ca", REASON_LOGIN_CERTIFICATE}, {"tls-portal", REASON_LOGIN_CERTIFICATE},
        };
        auto_door struct door *d = door_open("failures_max = 1000\naddress_failures_max = 1000\n");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                for (enum form form = FORM_XML; form <= FORM_DETACHED; form++) {
                        struct visit visit = {.token = ""};
                        struct why why = WHY_INIT;
                        enum gw_rc rc = try_log_in(d, cases[i].key, form, &visit, &why);
                        assert_reason(cases[i].key, rc, &why, GW_REJECT, cases[i].want);
                        assert_string_equal(visit.token, "");
                }
        }
        assert_int_equal(sessions_count(d->sessions), 0);
}

static void only_the_challenge_itself_counts(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("failures_max = 1000\naddress_failures_max = 1000\n");
        struct visit visit;
        struct why why = WHY_INIT;
        struct key_once once = challenge_signed(d, "staff-clerk", FORM_XML), other = challenge_signed(d, "staff-clerk", FORM_XML), cms = challenge_signed(d, "staff-clerk", FORM_CMS);
        assert_reason("another challenge's signature", begin(d, NULL, other.id, buf_span(&once.signature), &visit, &why), &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        assert_reason("another challenge's CMS", begin(d, NULL, other.id, buf_span(&cms.signature), &visit, &why), &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        auto_str char *changed = replaced(buf_cstr(&once.signature), "<audience>us<", "<audience>me<");
        assert_reason("changed", begin(d, NULL, once.id, span_str(changed), &visit, &why), &why, GW_REJECT, REASON_LOGIN_SIGNATURE);
        static const struct { const char *from, *to; } others[] = {{"<audience>us<", "<audience>bank<"}, {"<issuedAt>2", "<issuedAt>3"}, {"</login>", "<more></more></login>"}, {"<login xmlns=\"urn:egov-gateway:login:1\"", "<login xmlns=\"urn:egov-gateway:login:2\""}};
        for (size_t i = 0; i < GW_COUNT(others); i++) { /* signed by the right person, but something else, with our nonce in it */
                for (enum form form = FORM_XML; form <= FORM_DETACHED; form++) {
                        char id[CHALLENGE_ID_MAX];
                        auto_buf struct buf xml = BUF_INIT, signature = BUF_INIT;
                        assert_int_equal(session_challenge(d->sessions, d->peer.address, d->now, id, &xml, &why), GW_OK);
                        auto_str char *text = replaced(buf_cstr(&xml), others[i].from, others[i].to);
                        sign_text("staff-clerk", form, span_str(text), d->now.wall, &signature);
                        int want = form == FORM_DETACHED ? REASON_LOGIN_SIGNATURE : REASON_CHALLENGE_UNKNOWN;
                        assert_reason(others[i].to, begin(d, NULL, id, buf_span(&signature), &visit, &why), &why, GW_REJECT, want);
                }
        }
        static const struct { const char *text; int want; } rubbish[] = {
                {"", REASON_LOGIN_SIGNATURE}, {" \n", REASON_LOGIN_SIGNATURE}, {"<login", REASON_XML_NOT_WELL_FORMED}, {"<a/>", REASON_LOGIN_SIGNATURE},
                {"<!DOCTYPE a><a/>", REASON_XML_DOCTYPE}, {"AAAA", REASON_CMS_MALFORMED}, {"{}", REASON_CMS_MALFORMED},
        };
        for (size_t i = 0; i < GW_COUNT(rubbish); i++)
                assert_reason(rubbish[i].text, begin(d, NULL, once.id, span_str(rubbish[i].text), &visit, &why), &why, GW_REJECT, rubbish[i].want);
        assert_int_equal(begin(d, NULL, once.id, buf_span(&once.signature), &visit, &why), GW_OK); /* none of that has used it up */
        assert_reason("replayed", begin(d, NULL, once.id, buf_span(&once.signature), &visit, &why), &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        pass(d, 121000);
        assert_reason("late", begin(d, NULL, other.id, buf_span(&other.signature), &visit, &why), &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        buf_done(&once.signature);
        buf_done(&other.signature);
        buf_done(&cms.signature);
}

static void sign_keys_can_be_shut_out(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("sign_certificates = no\n");
        struct visit visit;
        struct why why = WHY_INIT;
        assert_reason("SIGN", try_log_in(d, "staff-clerk", FORM_XML, &visit, &why), &why, GW_REJECT, REASON_LOGIN_CERTIFICATE);
        assert_int_equal(try_log_in(d, "staff-clerk-auth", FORM_XML, &visit, &why), GW_OK);
}

static void sessions_end_by_silence_age_and_logout(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("");
        struct visit idle = log_in(d, "staff-clerk"), busy = log_in(d, "staff-clerk"), out = log_in(d, "staff-clerk");
        struct session_facts facts;
        struct why why;
        assert_string_not_equal(idle.token, busy.token);
        assert_string_not_equal(idle.facts.csrf, busy.facts.csrf);
        assert_int_equal(idle.facts.expires_at.ms, d->now.wall.ms + 30 * 60000);
        auto_str char *cookie = xasprintf(SESSION_COOKIE "=%s", out.token);
        struct http_header header = {"cookie", cookie};
        session_end(d->sessions, &(struct http_request){.headers = &header, .header_count = 1});
        assert_reason("logged out", look(d, "GET", out.token, NULL, &facts, &why), &why, GW_REJECT, REASON_SESSION_EXPIRED);
        for (int minutes = 0; minutes < 8 * 60; minutes += 30) {
                assert_true(inside(d, &busy));
                pass(d, 30 * 60000);
        }
        assert_true(inside(d, &busy));
        pass(d, 1);
        assert_reason("eight hours", look(d, "GET", busy.token, NULL, &facts, &why), &why, GW_REJECT, REASON_SESSION_EXPIRED);
        assert_reason("silence", look(d, "GET", idle.token, NULL, &facts, &why), &why, GW_REJECT, REASON_SESSION_EXPIRED);
        assert_reason("nothing", look(d, "GET", "0000", NULL, &facts, &why), &why, GW_REJECT, REASON_SESSION_EXPIRED);
        struct http_request bare = {.method = "GET", .peer = &d->peer};
        assert_reason("no cookie", session_look(d->sessions, &bare, d->now, &facts, &why), &why, GW_REJECT, REASON_LOGIN_REQUIRED);
}

/* An open page that nobody sits before is silent, however often it asks what has changed. */
static void a_page_that_asks_by_itself_keeps_nobody_inside(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("");
        struct visit visit = log_in(d, "staff-clerk");
        auto_str char *cookie = xasprintf(SESSION_COOKIE "=%s", visit.token);
        struct http_header headers[] = {{"cookie", cookie}, {SESSION_BACKGROUND_HEADER, "yes"}};
        const struct http_request changes = {.method = "GET", .path = "/api/v1/inbox/changes", .query = "wait=25", .headers = headers, .header_count = 1, .peer = &d->peer};
        const struct http_request refresh = {.method = "GET", .path = "/api/v1/operator/charts", .query = "", .headers = headers, .header_count = 2, .peer = &d->peer};
        struct wall_time until = visit.facts.expires_at;
        struct session_facts facts;
        struct why why = WHY_INIT;
        for (int minutes = 0; minutes < 30; minutes++) {
                pass(d, 60000);
                assert_int_equal(session_look(d->sessions, minutes % 2 ? &changes : &refresh, d->now, &facts, &why), GW_OK);
                assert_int_equal(facts.expires_at.ms, until.ms);
        }
        pass(d, 1);
        assert_reason("silence", session_look(d->sessions, &changes, d->now, &facts, &why), &why, GW_REJECT, REASON_SESSION_EXPIRED);
}

static void what_changes_something_needs_the_token(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("");
        struct visit mine = log_in(d, "staff-clerk"), other = log_in(d, "sign-160640900019");
        struct session_facts facts;
        struct why why;
        auto_str char *cut = xstrndup(mine.facts.csrf, 31);
        static const char *const methods[] = {"POST", "DELETE", "PUT", "PATCH", "OPTIONS", "get"};
        for (size_t i = 0; i < GW_COUNT(methods); i++) {
                assert_reason("missing", look(d, methods[i], mine.token, NULL, &facts, &why), &why, GW_REJECT, REASON_CSRF_TOKEN);
                assert_reason("empty", look(d, methods[i], mine.token, "", &facts, &why), &why, GW_REJECT, REASON_CSRF_TOKEN);
                assert_reason("cut", look(d, methods[i], mine.token, cut, &facts, &why), &why, GW_REJECT, REASON_CSRF_TOKEN);
                assert_reason("another's", look(d, methods[i], mine.token, other.facts.csrf, &facts, &why), &why, GW_REJECT, REASON_CSRF_TOKEN);
                assert_int_equal(look(d, methods[i], mine.token, mine.facts.csrf, &facts, &why), GW_OK);
        }
        assert_int_equal(look(d, "HEAD", mine.token, NULL, &facts, &why), GW_OK);
        assert_string_equal(facts.csrf, mine.facts.csrf);
}

static void a_login_ends_the_session_before_it(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("");
        struct visit before = log_in(d, "staff-clerk"), after;
        struct why why = WHY_INIT;
        struct key_once once = challenge_signed(d, "sign-160640900019", FORM_XML);
        assert_int_equal(begin(d, before.token, once.id, buf_span(&once.signature), &after, &why), GW_OK);
        assert_string_not_equal(before.token, after.token);
        assert_false(inside(d, &before));
        assert_true(inside(d, &after));
        buf_done(&once.signature);
}

static void change_people(struct door *d, const char *text)
{
        write_people(d, text);
        for (int i = 0; i < 3; i++) {
                usleep(1100000);
                staff_watch_tick(d->staff);
        }
}

static void who_is_taken_out_is_outside_at_once(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("");
        struct visit clerk = log_in(d, "staff-clerk"), deputy = log_in(d, "sign-160640900019"), head = log_in(d, "head-160640900019");
        struct session_facts facts;
        struct why why;
        change_people(d, DEPUTY "active = no\n" CLERK "right_to_sign = yes\n");
        assert_int_equal(look(d, "GET", clerk.token, NULL, &facts, &why), GW_OK);
        assert_true(facts.actor.may_sign); /* what the file says now */
        assert_true(inside(d, &head));
        assert_false(inside(d, &deputy));
        change_people(d, DEPUTY "[person h]\niin = 790321490015\norganisation = issuer\nname_kk = k\nname_ru = r\nactive = no\n");
        assert_false(inside(d, &clerk));
        assert_false(inside(d, &deputy)); /* his session does not come back with him */
        assert_false(inside(d, &head));
        struct visit again = log_in(d, "sign-160640900019");
        change_people(d, "[person other]\niin = 000101590017\norganisation = issuer\nroles = EXECUTOR\nname_kk = k\nname_ru = r\n");
        assert_false(inside(d, &again)); /* the same man by another id: what he did was somebody else's */
}

static void failures_lock_out_an_address_and_a_proven_person(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open(LEAST);
        struct visit visit;
        struct why why = WHY_INIT;
        for (int i = 0; i < 3; i++) {
                snprintf(d->peer.address, sizeof d->peer.address, "198.51.100.%d:1", i); /* from anywhere */
                assert_reason("nobody", try_log_in(d, "staff-nobody", FORM_XML, &visit, &why), &why, GW_REJECT, REASON_LOGIN_REFUSED);
        }
        snprintf(d->peer.address, sizeof d->peer.address, "198.51.100.9:1");
        assert_reason("person", try_log_in(d, "staff-nobody", FORM_XML, &visit, &why), &why, GW_REJECT, REASON_LOGIN_LOCKED);
        assert_int_equal(try_log_in(d, "staff-clerk", FORM_XML, &visit, &why), GW_OK); /* nobody else is locked */
        snprintf(d->peer.address, sizeof d->peer.address, "192.0.2.1:1");
        for (int i = 0; i < 6; i++) /* a captured signature cannot lock its owner out: only the address pays */
                assert_reason("rubbish", begin(d, NULL, "00", span_str("<a/>"), &visit, &why), &why, GW_REJECT, REASON_CHALLENGE_UNKNOWN);
        char id[CHALLENGE_ID_MAX];
        auto_buf struct buf xml = BUF_INIT;
        snprintf(d->peer.address, sizeof d->peer.address, "192.0.2.1:2"); /* another port of it */
        assert_reason("address", session_challenge(d->sessions, d->peer.address, d->now, id, &xml, &why), &why, GW_REJECT, REASON_LOGIN_LOCKED);
        assert_reason("address", begin(d, NULL, "00", span_str("<a/>"), &visit, &why), &why, GW_REJECT, REASON_LOGIN_LOCKED);
        snprintf(d->peer.address, sizeof d->peer.address, "192.0.2.2:1");
        assert_int_equal(try_log_in(d, "staff-clerk", FORM_XML, &visit, &why), GW_OK);
        pass(d, 30001);
        snprintf(d->peer.address, sizeof d->peer.address, "192.0.2.1:3");
        assert_int_equal(try_log_in(d, "staff-clerk", FORM_XML, &visit, &why), GW_OK);
}

static void sessions_are_bounded(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("sessions_max = 3\n");
        struct visit clerk[3], deputy;
        for (int i = 0; i < 3; i++) {
                clerk[i] = log_in(d, "staff-clerk");
                pass(d, 1000);
        }
        assert_true(inside(d, &clerk[0])); /* used a moment ago: the second has been silent longest */
        pass(d, 1000);
        deputy = log_in(d, "sign-160640900019");
        assert_true(inside(d, &clerk[0]) && !inside(d, &clerk[1]) && inside(d, &clerk[2]) && inside(d, &deputy));
        assert_int_equal(sessions_count(d->sessions), 3);
}

static void one_person_cannot_take_all_places(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("sessions_max = 100\n");
        struct visit deputy = log_in(d, "sign-160640900019"), first = log_in(d, "staff-clerk");
        for (int i = 0; i < 30; i++) {
                pass(d, 1000);
                log_in(d, "staff-clerk");
        }
        assert_int_equal(sessions_count(d->sessions), 11);
        assert_true(inside(d, &deputy));
        assert_false(inside(d, &first));
}

static void a_certificate_that_expires_ends_its_sessions(void **state GW_UNUSED)
{
        auto_door struct door *d = door_open("hours = 24\nidle_minutes = 1440\n");
        gw_auto(local_key) struct signing_key *key = pki_key("staff-clerk");
        auto_buf struct buf der = BUF_INIT;
        auto_certificate struct certificate *certificate = NULL;
        struct why why = WHY_INIT;
        assert_true(text_unbase64(&der, span_str(key->certificate_base64)));
        assert_int_equal(certificate_decode(buf_span(&der), &certificate, &why), GW_OK);
        pass(d, certificate->not_after.ms - d->now.wall.ms - 3600000); /* its last hour */
        struct visit visit = log_in(d, "staff-clerk");
        assert_int_equal(visit.facts.expires_at.ms, certificate->not_after.ms);
        pass(d, 3500000);
        assert_true(inside(d, &visit));
        pass(d, 200000);
        assert_false(inside(d, &visit));
}

static int setup(void **state GW_UNUSED)
{
        verify_init();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(challenges_are_ours_young_and_of_one_form),
                cmocka_unit_test(a_challenge_is_used_once),
                cmocka_unit_test(failures_make_longer_and_longer_pauses),
                cmocka_unit_test(cookies_are_read_whole_or_not_at_all),
                cmocka_unit_test(every_form_and_key_opens_the_door),
                cmocka_unit_test(whoever_may_not_is_refused_by_reason),
                cmocka_unit_test(only_the_challenge_itself_counts),
                cmocka_unit_test(sign_keys_can_be_shut_out),
                cmocka_unit_test(sessions_end_by_silence_age_and_logout),
                cmocka_unit_test(a_page_that_asks_by_itself_keeps_nobody_inside),
                cmocka_unit_test(what_changes_something_needs_the_token),
                cmocka_unit_test(a_login_ends_the_session_before_it),
                cmocka_unit_test(who_is_taken_out_is_outside_at_once),
                cmocka_unit_test(failures_lock_out_an_address_and_a_proven_person),
                cmocka_unit_test(sessions_are_bounded),
                cmocka_unit_test(one_person_cannot_take_all_places),
                cmocka_unit_test(a_certificate_that_expires_ends_its_sessions),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
