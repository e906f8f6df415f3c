/* The thread that carries errands: a loop of its own, so that neither a slow responder nor the check of a large CRL holds up a request. */
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "gateway/net/http_client.h"
#include "gateway/pki/ocsp.h"
#include "gateway/reason.h"
#include "gateway/revocation/engine.h"

#define TICK_MS 200
#define TIDY_MS 600000
#define ERRANDS_MAX 32    /* under way at once */
#define RESPONDERS_MAX 128
#define BREAKER_FAILURES 5
#define POSTPONE_MS 1000

struct responder {
        char *url;
        enum revocation_errand_kind kind;
        struct destination *destination;
};

struct fetcher {
        struct revocation *revocation;
        uv_thread_t thread;
        uv_loop_t loop;
        uv_async_t wake, stop;
        uv_timer_t tick;
        struct http_client *client;
        struct responder responders[RESPONDERS_MAX];
        size_t responder_count;
        size_t under_way;
        struct mono_time tidied_at;
        bool stopping;
};

struct trip { struct fetcher *fetcher; struct errand errand; };

static struct destination *destination_of(struct fetcher *f, const struct errand *e)
{
        for (size_t i = 0; i < f->responder_count; i++)
                if (str_eq(f->responders[i].url, e->url) && f->responders[i].kind == e->kind)
                        return f->responders[i].destination;
        if (f->responder_count == RESPONDERS_MAX)
                return NULL;
        const struct revocation_conf *conf = engine_conf(f->revocation);
        struct destination_conf destination = {
                .name = revocation_kind_names[e->kind],
                .url = e->url,
                .ca_file = conf->ca_file,
                .timeout_ms = conf->timeout_ms,
                .connect_timeout_ms = conf->connect_timeout_ms,
                .answer_max = e->kind == REVOCATION_OCSP ? OCSP_BYTES_MAX : conf->crl_bytes_max,
                .concurrency_max = e->kind == REVOCATION_OCSP ? 8 : 1,
                .queue_max = ERRANDS_MAX,
                .failures_max = BREAKER_FAILURES,
                .open_ms = (int)conf->retry_first_ms,
                .open_ms_max = (int)conf->retry_longest_ms,
        };
        struct responder *r = &f->responders[f->responder_count++];
        *r = (struct responder){xstrdup(e->url), e->kind, destination_new(&destination)};
        return r->destination;
}

static void run_errands(struct fetcher *f);

static void on_answer(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct trip *trip = arg;
        struct fetcher *f = trip->fetcher;
        struct why judged = *why;
        if (rc == GW_OK && answer->status != 200) /* a redirection too: where it leads is not what was configured */
                rc = why_set(&judged, GW_RETRY, 0, "HTTP status %ld", answer->status);
        if (judged.reason == REASON_STOPPING)
                engine_postpone(f->revocation, &trip->errand, wall_now());
        else
                engine_done(f->revocation, &trip->errand, rc, answer->body, wall_now(), &judged);
        errand_done(&trip->errand);
        free(trip);
        f->under_way--;
        if (!f->stopping)
                run_errands(f);
}

static void carry(struct fetcher *f, struct errand *e)
{
        struct destination *destination = destination_of(f, e);
        if (!destination || destination_breaker(destination, mono_now()) == BREAKER_OPEN) {
                engine_postpone(f->revocation, e, (struct wall_time){wall_now().ms + POSTPONE_MS});
                errand_done(e);
                return;
        }
        struct trip *trip = xcalloc(1, sizeof *trip);
        *trip = (struct trip){f, *e};
        struct http_post post = {
                .destination = destination,
                .get = e->kind != REVOCATION_OCSP,
                .content_type = "application/ocsp-request",
                .body = buf_span(&trip->errand.request),
                .done = on_answer,
                .arg = trip,
        };
        f->under_way++;
        http_client_post(f->client, &post);
}

static void run_errands(struct fetcher *f)
{
        struct errand errands[ERRANDS_MAX];
        size_t count = f->under_way < ERRANDS_MAX ? engine_due(f->revocation, wall_now(), errands, ERRANDS_MAX - f->under_way) : 0;
        for (size_t i = 0; i < count; i++)
                carry(f, &errands[i]);
}

static void on_tick(uv_timer_t *timer)
{
        struct fetcher *f = timer->data;
        run_errands(f);
        if (mono_now().ms - f->tidied_at.ms < TIDY_MS)
                return;
        f->tidied_at = mono_now();
        engine_tidy(f->revocation);
}

static void on_wake(uv_async_t *async)
{
        struct fetcher *f = async->data;
        if (!f->stopping)
                run_errands(f);
}

static void on_stop(uv_async_t *async)
{
        struct fetcher *f = async->data;
        f->stopping = true;
        http_client_free(f->client);
        uv_close((uv_handle_t *)&f->wake, NULL);
        uv_close((uv_handle_t *)&f->stop, NULL);
        uv_close((uv_handle_t *)&f->tick, NULL);
}

static void run_loop(void *arg)
{
        struct fetcher *f = arg;
        uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void tell(void *arg)
{
        struct fetcher *f = arg;
        uv_async_send(&f->wake);
}

struct fetcher *fetcher_new(struct revocation *revocation)
{
        struct fetcher *f = xcalloc(1, sizeof *f);
        f->revocation = revocation;
        f->tidied_at = mono_now();
        GW_ASSERT(uv_loop_init(&f->loop) == 0 && uv_async_init(&f->loop, &f->wake, on_wake) == 0 && uv_async_init(&f->loop, &f->stop, on_stop) == 0);
        uv_timer_init(&f->loop, &f->tick);
        f->wake.data = f->stop.data = f->tick.data = f;
        f->client = http_client_new(&f->loop, NULL, NULL);
        uv_timer_start(&f->tick, on_tick, 0, TICK_MS);
        engine_on_note(revocation, tell, f);
        GW_ASSERT(uv_thread_create(&f->thread, run_loop, f) == 0);
        return f;
}

void fetcher_free(struct fetcher *f)
{
        if (!f)
                return;
        engine_on_note(f->revocation, NULL, NULL);
        uv_async_send(&f->stop);
        uv_thread_join(&f->thread);
        uv_loop_close(&f->loop);
        for (size_t i = 0; i < f->responder_count; i++) {
                destination_free(f->responders[i].destination);
                free(f->responders[i].url);
        }
        free(f);
}
