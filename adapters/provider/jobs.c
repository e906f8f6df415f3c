/* Works requests through the gateway's inbox: looks, claims, does the step, looks again, until nothing is left that a provider does. */
#include <stdlib.h>
#include <string.h>

#include "adapters/provider/provider.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

enum { TICK_MS = 50, PULL_MS = 500, RETRY_MS = 500, ATTEMPTS_MAX = 120, JOBS_MAX = 5000 };
#define HOSTILE "<script>alert(1)</script> \"'&amp; ]]> \xe2\x80\xae \\u0000 ${7*7} '; DROP TABLE request; --"

struct job {
        struct job *next;
        struct jobs *all;
        char number[20], act[24], executor[64], ground[64], reason[64];
        enum provider_script script;
        int64_t token;
        int step, acts;
        unsigned attempts;
        long status;                  /* of the last answer */
        struct mono_time due;
        bool busy, ended, returned;
        const char *end;              /* "done" | "refused" | "given up" */
};
struct jobs {
        struct simulation *simulation;
        struct job *first;
        size_t count;
        char *url, *ca;
        struct destination *destination;
        struct http_client *client;
        uv_timer_t timer;
        struct mono_time pull_at;
        struct jobs_settings settings;
        bool pulling, stopping;
};

#define X(name) #name,
const char *const provider_script_names[] = {PROVIDER_SCRIPTS NULL};
#undef X

static struct job *job_of(const struct jobs *all, const char *number)
{
        struct job *j = all->first;
        while (j && !str_eq(j->number, number))
                j = j->next;
        return j;
}

/* ---- calls ---- */

static void end(struct job *j, const char *how)
{
        j->ended = true;
        j->end = how;
        log_event(LOG_INFO, NULL, "provider.job", "TEST number=%s script=%s end=%s status=%ld reason=%s", j->number, provider_script_names[j->script], how, j->status, *j->reason ? j->reason : "-");
}

static void later(struct job *j, int ms)
{
        j->busy = false;
        j->due = (struct mono_time){mono_now().ms + ms};
}

/* False: no answer that can be worked with; the job has its next moment, or its end. */
static bool usable(struct job *j, enum gw_rc rc, const struct http_answer *answer)
{
        j->status = rc == GW_OK ? answer->status : 0;
        if (rc == GW_OK && answer->status >= 200 && answer->status < 300)
                return true;
        json_t *problem = rc == GW_OK && answer->body.n ? json_loadb((const char *)answer->body.p, answer->body.n, 0, NULL) : NULL;
        const char *reason = json_string_value(json_object_get(problem, "reason"));
        snprintf(j->reason, sizeof j->reason, "%s", reason ? reason : "");
        json_decref(problem);
        later(j, RETRY_MS);
        if (rc == GW_OK && answer->status < 500)
                end(j, "refused");
        else if (++j->attempts >= ATTEMPTS_MAX)
                end(j, "given up");
        return false;
}

static void call(struct job *j, const char *tail, json_t *body, http_client_done done)
{
        auto_str char *path = xasprintf("/%s%s", j->number, tail);
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        struct http_post post = {
                .destination = j->all->destination,
                .get = !body,
                .path = path,
                .content_type = "application/json",
                .body = span_str(text),
                .done = done,
                .arg = j,
        };
        j->busy = true;
        http_client_post(j->all->client, &post);
        free(text);
        json_decref(body);
}

/* ---- the result ---- */

static void on_done(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct job *j = arg;
        (void)why;
        if (!usable(j, rc, answer))
                return;
        j->acts++;
        j->attempts = 0;
        later(j, j->all->settings.pause_ms);
}

static void on_draft(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct job *j = arg;
        auto_buf struct buf out = BUF_INIT;
        struct why problem = WHY_INIT;
        (void)why;
        if (!usable(j, rc, answer))
                return;
        if (result_sign(j->all->simulation->options.pki, j->script, answer->body, &out, &problem) != GW_OK) {
                log_event(LOG_WARN, NULL, "provider.unsigned", "TEST number=%s detail=\"%s\"", j->number, problem.detail);
                end(j, "given up");
                return;
        }
        auto_str char *path = xasprintf("/%s/result", j->number), *token = xasprintf("%lld", (long long)j->token);
        struct http_post post = {
                .destination = j->all->destination,
                .path = path,
                .content_type = "application/xml",
                .header = "X-Claim-Token",
                .header_value = token,
                .body = buf_span(&out),
                .done = on_done,
                .arg = j,
        };
        http_client_post(j->all->client, &post);
}

static const char *outcome_of(const struct job *j)
{
        return j->script == SCRIPT_refuse ? "REFUSED" : j->script == SCRIPT_negative ? "NEGATIVE" : "POSITIVE";
}

static void add_encoded(struct buf *out, const char *name, const char *value)
{
        buf_printf(out, "&%s=", name);
        for (const unsigned char *c = (const unsigned char *)value; *c; c++)
                buf_printf(out, "%%%02X", *c);
}

static void ask_draft(struct job *j)
{
        auto_buf struct buf tail = BUF_INIT;
        buf_printf(&tail, "/result-draft?outcome=%s", outcome_of(j));
        if (j->script == SCRIPT_refuse)
                add_encoded(&tail, "ground", j->ground);
        if (j->script == SCRIPT_hostile) {
                add_encoded(&tail, "textKk", HOSTILE);
                add_encoded(&tail, "textRu", HOSTILE);
        }
        call(j, buf_cstr(&tail), NULL, on_draft);
}

/* ---- one step ---- */

static void act(struct job *j)
{
        if (str_eq(j->act, "SIGN") || str_eq(j->act, "DECIDE")) {
                ask_draft(j);
                return;
        }
        json_t *body = json_pack("{s:I}", "token", (json_int_t)j->token);
        bool prepare = str_eq(j->act, "PREPARE");
        if (prepare && j->script == SCRIPT_return && !j->returned) {
                j->returned = true;
                json_object_set_new(body, "step", json_integer(j->step - 1));
                json_object_set_new(body, "comment", json_string("нақтылауға / на уточнение"));
                call(j, "/return", body, on_done);
                return;
        }
        if (str_eq(j->act, "RESOLVE"))
                json_object_set_new(body, "executor", json_string(j->executor));
        if (prepare)
                json_object_set_new(body, "outcome", json_string(outcome_of(j)));
        if (prepare && j->script == SCRIPT_refuse)
                json_object_set_new(body, "ground", json_string(j->ground));
        if (j->script == SCRIPT_hostile)
                json_object_set_new(body, "comment", json_string(HOSTILE));
        auto_str char *tail = xasprintf("/steps/%d", j->step);
        call(j, tail, body, on_done);
}

static void on_claim(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct job *j = arg;
        (void)why;
        if (!usable(j, rc, answer))
                return;
        json_t *json = json_loadb((const char *)answer->body.p, answer->body.n, 0, NULL);
        j->token = json_integer_value(json_object_get(json, "token"));
        json_decref(json);
        act(j);
}

static void copy(char *out, size_t size, const json_t *text)
{
        snprintf(out, size, "%s", json_string_value(text) ? json_string_value(text) : "");
}

/* The first of the possible executors, and the first ground for a refusal of the decision. */
static void read_choices(struct job *j, const json_t *json)
{
        size_t i;
        json_t *person;
        json_array_foreach(json_object_get(json, "staff"), i, person) {
                size_t k;
                json_t *role;
                json_array_foreach(json_object_get(person, "roles"), k, role)
                        if (!*j->executor && str_eq(json_string_value(role), "EXECUTOR"))
                                copy(j->executor, sizeof j->executor, json_object_get(person, "id"));
        }
        copy(j->ground, sizeof j->ground, json_object_get(json_array_get(json_object_get(json, "refusalGrounds"), 0), "id"));
}

static void on_case(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct job *j = arg;
        (void)why;
        if (!usable(j, rc, answer))
                return;
        json_t *json = json_loadb((const char *)answer->body.p, answer->body.n, 0, NULL);
        const json_t *step = json_object_get(json, "step");
        const char *role = json_string_value(json_object_get(step, "role"));
        j->step = (int)json_integer_value(json_object_get(step, "n"));
        copy(j->act, sizeof j->act, json_object_get(step, "act"));
        read_choices(j, json);
        j->reason[0] = '\0';
        if (!j->step || str_eq(role, "GATEWAY") || str_eq(role, "RECIPIENT")) {
                end(j, "done");
                later(j, 0);
        } else
                call(j, "/claim", json_object(), on_claim);
        json_decref(json);
}

/* ---- which ---- */

static struct job *add_job(struct jobs *all, const char *number)
{
        struct job *j = xcalloc(1, sizeof *j);
        j->all = all;
        snprintf(j->number, sizeof j->number, "%s", number);
        j->next = all->first;
        all->first = j;
        all->count++;
        return j;
}

void jobs_start(struct jobs *all, const char *number, enum provider_script script)
{
        struct job *j = job_of(all, number);
        if (!j && all->count < JOBS_MAX)
                j = add_job(all, number);
        if (!j || j->busy)
                return;
        j->script = script;
        j->ended = j->returned = false;
        j->attempts = 0;
        j->end = NULL;
        later(j, all->settings.pause_ms);
}

void jobs_told(struct jobs *all, const char *number)
{
        const struct job *j = job_of(all, number);
        if (all->settings.script != SCRIPT_absent && (!j || j->ended))
                jobs_start(all, number, all->settings.script);
}

static void on_page(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct jobs *all = arg;
        (void)why;
        all->pulling = false;
        json_t *json = rc == GW_OK && answer->status == 200 ? json_loadb((const char *)answer->body.p, answer->body.n, 0, NULL) : NULL;
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(json, "items"), i, item) {
                const char *number = json_string_value(json_object_get(item, "number"));
                if (number && !job_of(all, number))
                        jobs_start(all, number, all->settings.script);
        }
        json_decref(json);
}

static void pull(struct jobs *all)
{
        struct http_post post = {.destination = all->destination, .get = true, .path = "?state=open&role=mine&limit=100", .done = on_page, .arg = all};
        all->pulling = true;
        all->pull_at.ms = mono_now().ms + PULL_MS;
        http_client_post(all->client, &post);
}

static void on_tick(uv_timer_t *timer)
{
        struct jobs *all = timer->data;
        struct mono_time now = mono_now();
        if (!all->client || all->stopping)
                return;
        if (all->settings.pull && !all->pulling && all->pull_at.ms <= now.ms)
                pull(all);
        for (struct job *j = all->first; j; j = j->next)
                if (!j->busy && !j->ended && j->due.ms <= now.ms)
                        call(j, "", NULL, on_case);
}

/* ---- life ---- */

static int use_client_certificate(void *ctx, void *ssl_ctx)
{
        const struct jobs *all = ctx;
        const char *pki = all->simulation->options.pki;
        auto_str char *certificate = xasprintf("%s/certs/tls-provider.pem", pki), *key = xasprintf("%s/keys/tls-provider.key", pki);
        return SSL_CTX_use_certificate_chain_file(ssl_ctx, certificate) == 1 && SSL_CTX_use_PrivateKey_file(ssl_ctx, key, SSL_FILETYPE_PEM) == 1;
}

static void disconnect(struct jobs *all)
{
        http_client_free(gw_take(&all->client)); /* calls under way end as unanswered */
        destination_free(gw_take(&all->destination));
        free(gw_take(&all->url));
}

static void connect_to(struct jobs *all, const char *url)
{
        size_t n = strlen(url);
        disconnect(all);
        all->url = xasprintf("%.*s/api/v1/inbox", (int)(url[n - 1] == '/' ? n - 1 : n), url);
        struct destination_conf conf = {
                .name = "gateway",
                .url = all->url,
                .ca_file = all->ca,
                .timeout_ms = 30000,
                .connect_timeout_ms = 2000,
                .answer_max = 16 << 20,
                .concurrency_max = 8,
                .queue_max = JOBS_MAX,
                .failures_max = 1000000, /* a gateway that is being restarted is asked again and again */
                .open_ms = 100,
                .open_ms_max = 100,
        };
        all->destination = destination_new(&conf);
        all->client = http_client_new(&all->simulation->loop, use_client_certificate, all);
}

enum gw_rc jobs_set(struct jobs *all, const struct jobs_settings *settings, struct why *why)
{
        if (settings->url && !str_starts(settings->url, "https://"))
                return why_say(why, GW_REJECT, "inbox is an https:// URL of the gateway: it knows its organisations by their TLS certificates");
        if (settings->url)
                connect_to(all, settings->url);
        all->settings = *settings;
        all->settings.url = NULL;
        return GW_OK;
}

struct jobs *jobs_new(struct simulation *simulation)
{
        struct jobs *all = xcalloc(1, sizeof *all);
        all->simulation = simulation;
        all->ca = xasprintf("%s/tls/ca.pem", simulation->options.pki);
        GW_ASSERT(uv_timer_init(&simulation->loop, &all->timer) == 0);
        all->timer.data = all;
        uv_timer_start(&all->timer, on_tick, TICK_MS, TICK_MS);
        return all;
}

void jobs_stop(struct jobs *all)
{
        if (!all || all->stopping)
                return;
        all->stopping = true;
        uv_close((uv_handle_t *)&all->timer, NULL);
        disconnect(all);
}

void jobs_free(struct jobs *all)
{
        if (!all)
                return;
        while (all->first) {
                struct job *j = all->first;
                all->first = j->next;
                free(j);
        }
        free(all->ca);
        free(all);
}

json_t *jobs_state(const struct jobs *all)
{
        json_t *list = json_array();
        for (const struct job *j = all->first; j; j = j->next)
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s}", "number", j->number, "script", provider_script_names[j->script], "end", j->ended ? j->end : "", "step",
                                                      j->step, "acts", j->acts, "status", (int)j->status, "reason", j->reason));
        return list;
}
