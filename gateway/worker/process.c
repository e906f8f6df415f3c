/* Wires the worker: shared parts, then one thread per event loop. */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <curl/curl.h>
#include <openssl/pem.h>

#include "gateway/accept/tls.h"
#include "gateway/base/log.h"
#include "gateway/check/rate.h"
#include "gateway/deliver/release.h"
#include "gateway/print/layouts.h"
#include "gateway/print/page.h"
#include "gateway/reason.h"
#include "gateway/sandbox/sandbox.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/flow.h"
#include "gateway/worker/health.h"
#include "gateway/worker/people.h"
#include "gateway/worker/policy_conf.h"
#include "gateway/worker/refused.h"
#include "gateway/worker/process.h"
#include "gateway/worker/push.h"
#include "gateway/worker/revocation_conf.h"
#include "gateway/worker/trust_watch.h"

#define TICK_MS 1000
#define SIGNER_TIMEOUT_MS 5000

struct worker {
        struct shared shared;
        struct policy_settings policy;
        const struct worker_channels *channels;
        struct loop *loops;
        SSL_CTX *tls[SETTINGS_LISTENERS_MAX];
        struct revocation_settings revocation;
};

/* ---- shared parts ---- */

static void open_tsa(struct shared *s)
{
        struct destination_conf conf = {
                .name = "tsa",
                .url = s->settings->tsa.url,
                .ca_file = s->settings->tsa.ca,
                .timeout_ms = (int)s->settings->tsa.timeout_ms,
                .connect_timeout_ms = (int)s->settings->tsa.connect_timeout_ms,
                .answer_max = (size_t)64 << 10,
                .concurrency_max = (unsigned)s->settings->tsa.concurrency,
                .queue_max = 10000,
                .failures_max = (unsigned)s->settings->tsa.failures_max,
                .open_ms = (int)s->settings->tsa.open_ms,
                .open_ms_max = (int)s->settings->tsa.open_ms_max,
        };
        if (conf.url)
                s->tsa = s->destinations[s->destination_count++] = destination_new(&conf);
}

static enum gw_rc open_destinations(struct shared *s, const struct adapter *const *adapters, struct why *why)
{
        for (size_t i = 0; i < s->settings->destination_count; i++) {
                const struct destination_settings *d = &s->settings->destinations[i];
                struct destination_conf conf = {
                        .name = d->name,
                        .url = d->url,
                        .ca_file = d->ca,
                        .timeout_ms = (int)d->timeout_ms,
                        .connect_timeout_ms = (int)d->connect_timeout_ms,
                        .answer_max = (size_t)2 << 20,
                        .concurrency_max = (unsigned)d->concurrency,
                        .queue_max = 10000,
                        .failures_max = (unsigned)d->failures_max,
                        .open_ms = (int)d->open_ms,
                        .open_ms_max = (int)d->open_ms_max,
                };
                struct destination *destination = destination_new(&conf);
                s->destinations[s->destination_count++] = destination;
                if (str_eq(d->name, "cabinet")) {
                        s->cabinet = destination;
                        s->cabinet_settings = d;
                        continue;
                }
                const struct adapter *adapter = NULL;
                for (size_t k = 0; adapters[k]; k++)
                        if (str_eq(adapters[k]->name, d->name))
                                adapter = adapters[k];
                if (!adapter)
                        return why_set(why, GW_REJECT, REASON_CONFIGURATION, "[destination %s]: there is no adapter of this name", d->name);
                s->peers[s->peer_count++] = (struct collect_peer){
                        .adapter = adapter,
                        .destination = destination,
                        .service_id = d->service_id ? d->service_id : adapter->service_id,
                        .bin = d->bin,
                };
        }
        open_tsa(s);
        push_destinations(s);
        return GW_OK;
}

/* Every system that a service asks must be reachable by an adapter and a destination, and its results signed by a key that is there. */
static enum gw_rc check_catalogue(const struct shared *s, struct why *why)
{
        for (size_t i = 0; i < catalogue_count(s->catalogue); i++) {
                const struct service *service = catalogue_at(s->catalogue, i);
                if (service->automated && !service->withdrawn && !settings_has_key(s->settings, service->provider_key))
                        return why_set(why, GW_REJECT, REASON_CONFIGURATION, "service %s signs with [key %s], which does not exist", service->code,
                                       service->provider_key);
                for (size_t k = 0; k < service->system_count; k++)
                        if (!shared_peer(s, service->questions[k].adapter))
                                return why_set(why, GW_REJECT, REASON_CONFIGURATION, "service %s asks %s, which has no [destination %s]", service->code, service->questions[k].adapter, service->questions[k].adapter);
        }
        return GW_OK;
}

static struct http_limits limits_of(const struct settings *settings)
{
        struct http_limits l = http_limits_default;
        l.header_bytes_max = (size_t)settings->http.header_bytes;
        l.body_max = (size_t)settings->http.body_bytes;
        l.handshake_ms = (int)settings->http.handshake_ms;
        l.header_ms = (int)settings->http.header_ms;
        l.body_ms = (int)settings->http.body_ms;
        l.idle_ms = (int)settings->http.idle_ms;
        l.connections_max = (unsigned)settings->http.connections;
        l.connections_per_peer_max = (unsigned)settings->http.connections_per_peer;
        l.handler_ms = (int)settings->gateway.sync_wait_ms + 30000;
        return l;
}

static enum gw_rc open_tls(struct worker *w, struct why *why)
{
        for (size_t i = 0; i < w->shared.settings->listener_count; i++) {
                const struct listener_settings *l = &w->shared.settings->listeners[i];
                if (!str_eq(l->tls, "on"))
                        continue;
                enum tls_client_certificates clients = str_eq(l->clients, "required") ? TLS_CLIENTS_REQUIRED : str_eq(l->clients, "optional") ? TLS_CLIENTS_OPTIONAL : TLS_CLIENTS_OFF;
                enum gw_rc rc = tls_server_context(l->certificate, clients, l->client_ca, &w->tls[i], why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* A known responder is given its time once, so that the first requests after a start are not kept waiting for what comes in a moment. */
static enum gw_rc open_revocation(struct worker *w, struct why *why)
{
        struct shared *s = &w->shared;
        if (!revocation_is_asked(s->settings))
                return GW_OK;
        revocation_settings_read(s->settings, &w->revocation);
        enum gw_rc rc = revocation_open(&w->revocation.conf, &s->revocation, why);
        if (rc != GW_OK)
                return rc;
        s->policy.revocation = revocation_ask;
        s->policy.revocation_ctx = s->revocation;
        revocation_start(s->revocation);
        revocation_settle(s->revocation, w->revocation.conf.timeout_ms);
        return GW_OK;
}

static enum gw_rc open_shared(struct worker *w, const struct settings *settings, const struct adapter *const *adapters, struct why *why)
{
        struct shared *s = &w->shared;
        s->settings = settings;
        s->limits = limits_of(settings);
        s->charts = charts_new();
        s->fonts = page_fonts_new(settings->print.font);
        s->checks = settings->check.enabled ? rate_new((unsigned)settings->check.per_minute) : NULL;
        enum gw_rc rc = policy_settings_read(settings, &w->policy, why);
        s->policy = w->policy.policy;
        if (rc == GW_OK)
                rc = open_revocation(w, why);
        if (rc == GW_OK)
                rc = verifier_open(settings->gateway.trust, &s->policy, &s->verifier, why);
        if (rc == GW_OK)
                rc = print_layouts_new(&s->layouts, why);
        if (rc == GW_OK)
                rc = catalogue_open(settings->gateway.services, &s->catalogue, why);
        if (rc == GW_OK)
                rc = calendar_watch_open(settings->gateway.calendar, s->catalogue, &s->calendar, why);
        if (rc == GW_OK)
                rc = staff_watch_open(settings, &s->staff, why);
        if (rc == GW_OK)
                s->sessions = sessions_new(settings, s->staff, s->verifier);
        if (rc == GW_OK)
                rc = open_destinations(s, adapters, why);
        if (rc == GW_OK)
                rc = check_catalogue(s, why);
        if (rc == GW_OK)
                rc = open_tls(w, why);
        struct journal_options options = {.path = settings->store.path, .group_max = (unsigned)settings->store.group, .queue_max = (size_t)settings->store.queue,
                                          .pushes = {s->push_targets, s->push_count}};
        return rc == GW_OK ? journal_open(&options, &s->journal, why) : rc;
}

/* ---- one loop ---- */

static void on_sent(void *ctx, int64_t took_ms)
{
        charts_latency(ctx, LATENCY_delivery, took_ms, wall_now());
}

static void count_minute(struct shared *s)
{
        const uint64_t totals[CHART_EVENT_COUNT] = {
                [CHART_accepted] = s->counters.accepted, [CHART_repeated] = s->counters.repeated, [CHART_refused] = s->counters.refused, [CHART_decided] = s->counters.completed,
                [CHART_waiting] = s->counters.awaiting,
        };
        charts_count(s->charts, totals, wall_now());
}

static void on_tick(uv_timer_t *timer)
{
        struct loop *loop = timer->data;
        count_minute(loop->shared);
        release_take(loop->shared->settings->gateway.run_folder, loop->journal);
        flow_resume(loop);
        refused_purge(loop);
        outbox_scan_look(loop->scan, loop->reader);
        pushes_look(loop->pushes);
        trust_watch_tick(loop->watch);
        calendar_watch_tick(loop->shared->calendar);
        people_warn(loop);
        staff_watch_tick(loop->shared->staff);
        if (mono_now().ms >= loop->health_at.ms) {
                loop->health_at.ms = mono_now().ms + HEALTH_EVERY_MS;
                health_write(loop);
        }
}

static void on_drained(void *arg)
{
        struct loop *loop = arg;
        uv_stop(&loop->uv);
}

static void on_stop(uv_async_t *handle)
{
        struct loop *loop = handle->data;
        int64_t drain_ms = loop->shared->settings->gateway.drain_ms;
        if (loop->scan) {
                outbox_scan_stop(loop->scan);
                pushes_stop(loop->pushes);
        }
        /* Requests that have arrived already are taken in as ever, by the call below; later ones are refused. */
        http_server_drain(loop->server, (int)drain_ms, on_drained, loop);
        loop->hurry_at = (struct mono_time){mono_now().ms + drain_ms / 2};
        loop->draining = true;
}

static bool idle(const struct loop *loop)
{
        return !loop->flows && !loop->calls && !journal_pending(loop->journal) && (!loop->scan || (outbox_scan_idle(loop->scan) && pushes_idle(loop->pushes)));
}

/* After the listeners are drained: what was registered goes on to its end, as far as the time allows; the store holds the rest. */
static bool finish_flows(struct loop *loop, struct mono_time until)
{
        while (!idle(loop) && mono_now().ms < until.ms) {
                uv_run(&loop->uv, UV_RUN_NOWAIT);
                usleep(1000);
        }
        return idle(loop);
}

static enum gw_rc open_loop(struct worker *w, struct loop *loop, struct why *why)
{
        struct shared *s = &w->shared;
        loop->shared = s;
        uv_loop_init(&loop->uv);
        uv_async_init(&loop->uv, &loop->stop, on_stop);
        loop->stop.data = loop;
        enum gw_rc rc = signer_attach(w->channels->signers[loop->index], SIGNER_TIMEOUT_MS, &loop->signer, why);
        if (rc == GW_OK)
                rc = store_reader_open(s->settings->store.path, &loop->reader, why);
        if (rc != GW_OK)
                return rc;
        loop->client = http_client_new(&loop->uv, NULL, NULL);
        loop->journal = journal_client_new(s->journal, &loop->uv);
        loop->delivery = (struct delivery_env){
                .client = loop->client,
                .journal = loop->journal,
                .verifier = s->verifier,
                .destination = s->cabinet,
                .peer_bin = s->cabinet_settings->bin,
                .backoff = {s->settings->retry.first_ms, s->settings->retry.longest_ms},
                .park_after = (int)s->settings->retry.park_after,
                .sent = on_sent,
                .sent_ctx = s->charts,
        };
        struct http_server_options options = {
                .loop = &loop->uv,
                .limits = &s->limits,
                .handler = endpoints_handle,
                .error_writer = answer_error_writer,
                .ctx = loop,
        };
        loop->server = http_server_new(&options);
        for (size_t i = 0; i < s->settings->listener_count; i++)
                if (!http_server_listen(loop->server, s->settings->listeners[i].name, w->channels->listeners[i * w->channels->loops + loop->index], w->tls[i]))
                        return why_set(why, GW_FAULT, REASON_INTERNAL, "listener %s cannot be watched", s->settings->listeners[i].name);
        if (loop->index == 0) {
                loop->scan = outbox_scan_new(&loop->delivery, "cabinet", s->cabinet_settings->timeout_ms + 5000);
                loop->pushes = pushes_new(loop);
                loop->watch = trust_watch_new(loop);
                uv_timer_init(&loop->uv, &loop->tick);
                loop->tick.data = loop;
                uv_timer_start(&loop->tick, on_tick, 1, TICK_MS);
        }
        return GW_OK;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
        gw_ignore(arg != NULL);
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

static void close_loop(struct loop *loop)
{
        loop->clean = finish_flows(loop, (struct mono_time){mono_now().ms + loop->shared->settings->gateway.drain_ms});
        log_event(LOG_INFO, NULL, "loop.stopped", "loop=%u unfinished=%u", loop->index, loop->flows);
        if (!loop->clean)
                return; /* callbacks may still come: the process ends in a moment, the store holds what is unfinished */
        http_server_free(loop->server);
        http_client_free(loop->client);
        journal_client_free(loop->journal);
        outbox_scan_free(loop->scan);
        pushes_free(loop->pushes);
        trust_watch_free(loop->watch);
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        uv_walk(&loop->uv, close_handle, NULL);
        for (int i = 0; i < 100 && uv_run(&loop->uv, UV_RUN_NOWAIT); i++)
                ;
        uv_loop_close(&loop->uv);
        store_reader_close(loop->reader);
        signer_detach(loop->signer);
}

static void run_loop(void *arg)
{
        struct loop *loop = arg;
        tls_set_thread_key(signer_key(loop->signer, loop->shared->settings->gateway.tls_key));
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        close_loop(loop);
}

/* ---- process ---- */

static void protect_process(void)
{
        if (!sandbox_harden())
                log_event(LOG_WARN, NULL, "worker.not_hardened", "core dumps or new privileges cannot be ruled out");
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

static _Noreturn void tell_failure(const struct worker_channels *channels, const struct why *why)
{
        dprintf(channels->ready_fd, "%s: %s\n", reason_info(why->reason)->name, why->detail);
        _exit(1); /* half open, threads and all; nothing was accepted */
}

static enum gw_rc clear_leases(struct store *store, void *arg, struct why *why)
{
        gw_ignore(arg != NULL);
        return store_leases_clear(store, why);
}

static void close_shared(struct worker *w)
{
        struct shared *s = &w->shared;
        journal_close(s->journal);
        for (size_t i = 0; i < s->destination_count; i++)
                destination_free(s->destinations[i]);
        sessions_free(s->sessions);
        staff_watch_close(s->staff);
        calendar_watch_close(s->calendar);
        catalogue_close(s->catalogue);
        print_layouts_free(s->layouts);
        page_fonts_free(s->fonts);
        rate_free(s->checks);
        charts_free(s->charts);
        verifier_close(s->verifier);
        revocation_close(s->revocation);
        revocation_settings_done(&w->revocation);
        for (size_t i = 0; i < GW_COUNT(w->tls); i++)
                SSL_CTX_free(w->tls[i]);
        policy_settings_done(&w->policy);
}

static void wait_for_signal(const sigset_t *signals)
{
        int number = 0;
        while (sigwait(signals, &number) != 0)
                ;
        log_event(LOG_INFO, NULL, "worker.stopping", "signal=%d", number);
}

int worker_process_main(const struct settings *settings, const struct worker_channels *channels, const struct adapter *const *adapters)
{
        struct worker *w = xcalloc(1, sizeof *w);
        struct why why = WHY_INIT;
        w->channels = channels;
        protect_process();
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        curl_global_init(CURL_GLOBAL_DEFAULT);
        verify_init();
        enum gw_rc rc = open_shared(w, settings, adapters, &why);
        if (rc == GW_OK)
                rc = journal_run(w->shared.journal, clear_leases, NULL, &why);
        w->loops = w->shared.loops = xcalloc(channels->loops, sizeof *w->loops);
        w->shared.loop_count = channels->loops;
        for (size_t i = 0; i < channels->loops && rc == GW_OK; i++) {
                w->loops[i].index = (unsigned)i;
                rc = open_loop(w, &w->loops[i], &why);
        }
        if (rc == GW_OK) /* listening, journal and keys are there; what comes from outside is not */
                rc = sandbox_enter(SANDBOX_WORKER, &why);
        if (rc != GW_OK)
                tell_failure(channels, &why);
        for (size_t i = 0; i < channels->loops; i++)
                uv_thread_create(&w->loops[i].thread, run_loop, &w->loops[i]);
        /* Nobody there to be told: the supervisor ended before PR_SET_PDEATHSIG could tell us. */
        bool heard = write(channels->ready_fd, "R", 1) == 1;
        close(channels->ready_fd);
        if (heard)
                wait_for_signal(&signals);
        for (size_t i = 0; i < channels->loops; i++)
                uv_async_send(&w->loops[i].stop);
        bool clean = true;
        for (size_t i = 0; i < channels->loops; i++) {
                uv_thread_join(&w->loops[i].thread);
                clean = clean && w->loops[i].clean;
        }
        log_event(LOG_INFO, NULL, "worker.stopped", "clean=%s", clean ? "yes" : "no");
        if (!clean)
                _exit(0); /* callbacks of unfinished flows would touch what is about to be freed; the store holds them */
        close_shared(w);
        free(w->loops);
        free(w);
        curl_global_cleanup();
        return 0;
}
