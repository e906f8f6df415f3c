/* The whole of the simulators: opens what they need, listens, stops. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/cabinet/mailbox.h"
#include "adapters/provider/provider.h"
#include "adapters/simulators/simulator.h"
#include "gateway/accept/tls.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define DRAIN_MS 2000

void simulation_init(struct simulation *s, const struct options *options)
{
        *s = (struct simulation){
                .options = *options,
                .systems = {{.name = "gbdfl", .registers = &gbdfl_simulator},
                            {.name = "socialaid", .registers = &socialaid_simulator},
                            {.name = "zags", .registers = &zags_simulator},
                            {.name = "guardianship", .registers = &guardianship_simulator},
                            {.name = "cbdi", .registers = &cbdi_simulator},
                            {.name = "education", .registers = &education_simulator},
                            {.name = "iban", .registers = &iban_simulator},
                            {.name = "payments", .registers = &payments_simulator},
                            {.name = "cabinet", .take = cabinet_take},
                            {.name = "provider", .take = provider_take, .key_name = "system-gateway"}}, /* the department's own, as the gateway is */
                .random = options->seed,
        };
        for (size_t i = 0; i < SYSTEM_COUNT; i++)
                s->systems[i].fault = fault_none();
        s->pki = pki_new();
        s->ncalayer = ncalayer_new();
        s->provider = provider_new();
}

/* ---- start ---- */

static enum gw_rc open_parts(struct simulation *s, struct why *why)
{
        static const struct verify_policy policy = {
                .clock_skew_ms = 60000, .message_age_max_ms = 86400000, .message_future_max_ms = 300000, .iin_check_digit = true};
        auto_str char *trust = xasprintf("%s/trust", s->options.pki);
        enum gw_rc rc = verifier_open(trust, &policy, &s->verifier, why);
        if (rc == GW_OK)
                rc = people_load(s->options.people, &s->people, why);
        for (size_t i = 0; i < SYSTEM_COUNT && rc == GW_OK; i++) {
                auto_str char *name = s->systems[i].key_name ? xstrdup(s->systems[i].key_name) : xasprintf("system-%s", s->systems[i].name);
                auto_str char *key = xasprintf("%s/keys/%s.key", s->options.pki, name), *certificate = xasprintf("%s/certs/%s.pem", s->options.pki, name);
                rc = local_key_open(key, certificate, &s->systems[i].key, why);
        }
        if (rc == GW_OK)
                rc = pki_open(s->pki, s->options.pki, why);
        if (rc == GW_OK)
                provider_open(s->provider, s);
        if (rc == GW_OK && s->options.receipts)
                rc = receipts_new(s, &s->receipts, why);
        return rc;
}

static void on_request(void *ctx, struct http_exchange *exchange)
{
        struct simulation *s = ctx;
        const char *listener = http_exchange_request(exchange)->peer->listener;
        for (size_t i = 0; i < SYSTEM_COUNT; i++) {
                if (str_eq(s->systems[i].name, listener)) {
                        exchange_handle(s, &s->systems[i], exchange);
                        return;
                }
        }
        if (str_eq(listener, "pki"))
                pki_serve(s, exchange);
        else
                control_handle(s, exchange);
}

/* The port of a system in the text of an earlier --out file; 0 (any) when it is not there. */
static int port_of(struct span earlier, const char *name)
{
        auto_str char *text = xstrndup((const char *)earlier.p, earlier.n), *head = xasprintf("%s=", name);
        const char *line = strstr(text, head), *colon = line ? strstr(line, "1:") : NULL; /* …//127.0.0.1:PORT/ */
        return colon ? (int)strtol(colon + 2, NULL, 10) : 0;
}

static enum gw_rc listen_as(struct simulation *s, const char *name, SSL_CTX *tls, struct buf *ports, struct why *why)
{
        auto_buf struct buf earlier = BUF_LIMIT(4096);
        int fd = -1, port = 0;
        char error[160];
        int want = s->options.same_ports && text_read_file(s->options.same_ports, &earlier) ? port_of(buf_span(&earlier), name) : 0;
        if (!http_bind("127.0.0.1", want, 1, &fd, &port, error))
                return why_say(why, GW_FAULT, "%s: %.150s", name, error);
        if (!http_server_listen(s->server, name, fd, tls))
                return why_say(why, GW_FAULT, "%s: cannot listen", name);
        buf_printf(ports, "%s=%s://127.0.0.1:%d/\n", name, tls ? "https" : "http", port);
        return GW_OK;
}

static enum gw_rc open_ncalayer(struct simulation *s, struct buf *ports, struct why *why)
{
        struct ncalayer_options options = {.loop = &s->loop, .pki = s->options.pki, .port = s->options.ncalayer_port};
        auto_buf struct buf earlier = BUF_LIMIT(4096);
        int port = 0;
        if (options.port == 0 && s->options.same_ports && text_read_file(s->options.same_ports, &earlier))
                options.port = port_of(buf_span(&earlier), "ncalayer");
        enum gw_rc rc = ncalayer_open(s->ncalayer, &options, &port, why);
        if (rc == GW_OK)
                buf_printf(ports, "ncalayer=wss://127.0.0.1:%d/\n", port);
        return rc;
}

static enum gw_rc open_tls(const struct simulation *s, SSL_CTX **ret_tls, struct why *why)
{
        if (!s->options.tls) {
                *ret_tls = NULL;
                return GW_OK;
        }
        auto_str char *certificate = xasprintf("%s/certs/tls-simulators.pem", s->options.pki),
                      *key = xasprintf("%s/keys/tls-simulators.key", s->options.pki);
        auto_str char *ca = xasprintf("%s/tls/ca.pem", s->options.pki);
        return tls_server_context_local(certificate, key, TLS_CLIENTS_OPTIONAL, ca, ret_tls, why);
}

static enum gw_rc listen_all(struct simulation *s, struct why *why)
{
        struct http_limits limits = http_limits_default;
        limits.body_max = 16 << 20;
        limits.handler_ms = 3600000; /* faults hold answers back */
        limits.idle_ms = 3600000;
        limits.connections_per_peer_max = limits.connections_max;
        limits.requests_per_connection_max = UINT32_MAX;
        struct http_server_options options = {.loop = &s->loop, .limits = &limits, .handler = on_request, .ctx = s};
        s->server = http_server_new(&options);
        SSL_CTX *tls = NULL;
        auto_buf struct buf ports = BUF_INIT;
        enum gw_rc rc = open_tls(s, &tls, why);
        for (size_t i = 0; i < SYSTEM_COUNT && rc == GW_OK; i++)
                rc = listen_as(s, s->systems[i].name, tls, &ports, why);
        SSL_CTX_free(tls);
        if (rc == GW_OK) /* answers of authorities are signed: they come without TLS */
                rc = listen_as(s, "pki", NULL, &ports, why);
        if (rc == GW_OK)
                rc = listen_as(s, "control", NULL, &ports, why);
        if (rc == GW_OK)
                rc = open_ncalayer(s, &ports, why);
        if (rc != GW_OK)
                return rc;
        if (s->options.out && !text_write_file(s->options.out, buf_span(&ports), 0644))
                return why_say(why, GW_FAULT, "%.180s: cannot be written", s->options.out);
        if (!s->options.out) {
                fputs(buf_cstr(&ports), stdout);
                fflush(stdout);
        }
        return GW_OK;
}

/* ---- stop ---- */

static void on_handle_left(uv_handle_t *handle, void *arg)
{
        (void)arg;
        if (!uv_is_closing(handle) && handle->type == UV_SIGNAL)
                uv_close(handle, NULL);
}

static void on_drained(void *arg)
{
        struct simulation *s = arg;
        uv_walk(&s->loop, on_handle_left, NULL);
        http_server_free(gw_take(&s->server));
}

static void on_signal(uv_signal_t *signal, int number)
{
        struct simulation *s = signal->data;
        (void)number;
        if (s->stopping || !s->server)
                return;
        s->stopping = true;
        answering_release_all(s);
        receipts_stop(s->receipts);
        provider_stop(s->provider);
        ncalayer_stop(s->ncalayer);
        http_server_drain(s->server, DRAIN_MS, on_drained, s);
}

static void tell_work(const struct simulation *s)
{
        for (size_t i = 0; i < SYSTEM_COUNT; i++) {
                const struct system *system = &s->systems[i];
                uint64_t n = system->seen.requests ? system->seen.requests : 1;
                log_event(LOG_INFO, NULL, "simulator.stopped",
                          "TEST system=%s requests=%llu refused=%llu faults=%llu us_per_request=%llu verify_us=%llu sign_us=%llu",
                          system->name, (unsigned long long)system->seen.requests, (unsigned long long)system->seen.refused,
                          (unsigned long long)system->fault.hits, (unsigned long long)(system->seen.work_us / n),
                          (unsigned long long)(system->seen.verify_us / n), (unsigned long long)(system->seen.sign_us / n));
        }
}

static void close_parts(struct simulation *s)
{
        for (size_t i = 0; i < SYSTEM_COUNT; i++)
                local_key_close(s->systems[i].key);
        pki_close(s->pki);
        ncalayer_free(s->ncalayer);
        provider_free(s->provider);
        receipts_free(s->receipts);
        mailbox_free(s->mailbox);
        people_free(s->people);
        verifier_close(s->verifier);
}

int simulation_run(struct simulation *s)
{
        struct why why = WHY_INIT;
        GW_ASSERT(uv_loop_init(&s->loop) == 0);
        s->mailbox = mailbox_new(s->options.cabinet_dir);
        uv_signal_t signals[2];
        const int numbers[2] = {SIGTERM, SIGINT};
        for (size_t i = 0; i < GW_COUNT(signals); i++) {
                GW_ASSERT(uv_signal_init(&s->loop, &signals[i]) == 0);
                signals[i].data = s;
                GW_ASSERT(uv_signal_start(&signals[i], on_signal, numbers[i]) == 0);
        }
        enum gw_rc rc = open_parts(s, &why);
        if (rc == GW_OK)
                rc = listen_all(s, &why);
        if (rc == GW_OK) {
                log_event(LOG_INFO, NULL, "simulators.ready", "TEST people=%zu verify=%d tls=%d", people_count(s->people),
                          s->options.verify, s->options.tls);
        } else {
                fprintf(stderr, "egov-simulators: %s\n", why.detail);
                receipts_stop(s->receipts);
                provider_stop(s->provider);
                ncalayer_stop(s->ncalayer);
                if (s->server)
                        http_server_drain(s->server, 0, on_drained, s);
                else
                        uv_walk(&s->loop, on_handle_left, NULL);
        }
        uv_run(&s->loop, UV_RUN_DEFAULT);
        if (rc == GW_OK)
                tell_work(s);
        close_parts(s);
        GW_ASSERT(uv_loop_close(&s->loop) == 0);
        return rc == GW_OK ? 0 : 2;
}

