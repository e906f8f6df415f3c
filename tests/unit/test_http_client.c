/* The HTTP client against our own server and against peers that follow a script: cut, garbage, silence, too much. */
#include "tests/unit/http_fixture.h"

#include <fcntl.h>
#include <time.h>

#include "gateway/net/http_client.h"
#include "gateway/reason.h"

/* A peer that reads one request per connection and answers the n-th connection with the n-th text (the last one for all
 * further ones). NULL = says nothing and keeps the connection open. */
struct script {
        const char *answers[4];
        int port, fd;
        pthread_t thread;
        _Atomic unsigned connections;
        int held[64];
        char request[16384];
};

static bool request_is_whole(const char *request)
{
        const char *end = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "content-length: ");
        return end && (!length || strlen(end + 4) >= (size_t)atoi(length + 16));
}

static void serve_one(struct script *s, int fd)
{
        size_t n = 0;
        ssize_t got;
        memset(s->request, 0, sizeof(s->request));
        while (!request_is_whole(s->request) && n < sizeof(s->request) - 1 && (got = recv(fd, s->request + n, sizeof(s->request) - 1 - n,
                0)) > 0)
                n += (size_t)got;
        unsigned i = s->connections++;
        while (i > 0 && (i >= GW_COUNT(s->answers) || (!s->answers[i] && s->answers[0])))
                i--;
        if (!s->answers[i]) {
                s->held[s->connections - 1] = fd;
                return;
        }
        send_text(fd, s->answers[i]);
        shutdown(fd, SHUT_WR);
        auto_buf struct buf rest = BUF_INIT;
        gw_ignore(read_until_closed(fd, 300, &rest));
        close(fd);
}

static void *script_thread(void *arg)
{
        struct script *s = arg;
        int fd;
        while ((fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
                serve_one(s, fd);
        return NULL;
}

static void script_start(struct script *s)
{
        char error[160];
        signal(SIGPIPE, SIG_IGN);
        assert_true(http_bind("127.0.0.1", 0, 1, &s->fd, &s->port, error));
        int flags = fcntl(s->fd, F_GETFL);
        fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK);
        pthread_create(&s->thread, NULL, script_thread, s);
}

static void script_stop(struct script *s)
{
        shutdown(s->fd, SHUT_RDWR);
        pthread_join(s->thread, NULL);
        close(s->fd);
        for (size_t i = 0; i < GW_COUNT(s->held); i++)
                if (s->held[i] > 0)
                        close(s->held[i]);
}

struct client_loop { uv_loop_t loop; struct http_client *client; };

static void client_open(struct client_loop *b)
{
        assert_int_equal(uv_loop_init(&b->loop), 0);
        b->client = http_client_new(&b->loop, NULL, NULL);
}

static void client_close(struct client_loop *b)
{
        http_client_free(b->client);
        uv_run(&b->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&b->loop), 0);
}

static struct destination *destination_at(const char *scheme, int port, const char *path, const struct destination_conf *with)
{
        auto_str char *url = xasprintf("%s://127.0.0.1:%d%s", scheme, port, path);
        struct destination_conf conf = *with;
        conf.name = conf.name ? conf.name : "peer";
        conf.url = url;
        conf.timeout_ms = conf.timeout_ms ? conf.timeout_ms : 3000;
        conf.connect_timeout_ms = conf.connect_timeout_ms ? conf.connect_timeout_ms : 2000;
        conf.answer_max = conf.answer_max ? conf.answer_max : 100000;
        conf.concurrency_max = conf.concurrency_max ? conf.concurrency_max : 4;
        conf.queue_max = conf.queue_max ? conf.queue_max : 100;
        conf.failures_max = conf.failures_max ? conf.failures_max : 1;
        conf.open_ms = conf.open_ms ? conf.open_ms : 10000;
        conf.open_ms_max = conf.open_ms_max ? conf.open_ms_max : 60000;
        return destination_new(&conf);
}
#define DESTINATION(port, path, ...) destination_at("http", port, path, &(struct destination_conf){__VA_ARGS__})

struct result { unsigned calls; enum gw_rc rc; long status; int reason; char type[80], body[20000],
        detail[240]; bool posting; unsigned order; };
static unsigned order_counter;

static void keep_result(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct result *r = arg;
        assert_false(r->posting); /* never from inside http_client_post() */
        r->calls++;
        r->rc = rc;
        r->status = answer->status;
        r->reason = why->reason;
        r->order = ++order_counter;
        snprintf(r->type, sizeof(r->type), "%s", answer->content_type ? answer->content_type : "");
        snprintf(r->body, sizeof(r->body), "%.*s", (int)answer->body.n, (const char *)answer->body.p);
        snprintf(r->detail, sizeof(r->detail), "%s", why->detail);
}

static void post(struct client_loop *b, struct destination *d, const char *body, struct result *r)
{
        r->posting = true;
        http_client_post(b->client, &(struct http_post){.destination = d, .content_type = "text/xml; charset=utf-8", .soap_action = "",
                                                        .correlation_id = "id-1", .body = span_str(body), .done = keep_result, .arg = r});
        r->posting = false;
}

static void run_until(struct client_loop *b, const struct result *r, unsigned calls)
{
        struct mono_time start = mono_now();
        while (r->calls < calls && elapsed_since(start) < 10000)
                uv_run(&b->loop, UV_RUN_ONCE);
        assert_int_equal(r->calls, calls);
}

struct answer_case { const char *name, *answer; enum gw_rc rc; int reason; long status; enum breaker_state breaker; const char *body; };
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
static const struct answer_case answer_cases[] = {
        {"good", OK_HEAD "Content-Length: 2\r\n\r\nok", GW_OK, 0, 200, BREAKER_CLOSED, "ok"},
        {"good, chunked", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", GW_OK, 0, 200, BREAKER_CLOSED, "ok"},
        {"good, ends with the connection", OK_HEAD "\r\nok", GW_OK, 0, 200, BREAKER_CLOSED, "ok"},
        {"continue first", "HTTP/1.1 100 Continue\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\nok", GW_OK, 0, 200, BREAKER_CLOSED, "ok"},
        {"exactly the limit", OK_HEAD "Content-Length: 20\r\n\r\n01234567890123456789", GW_OK, 0, 200, BREAKER_CLOSED,
         "01234567890123456789"},
        {"not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", GW_OK, 0, 404, BREAKER_CLOSED, ""},
        {"redirect is not followed", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", GW_OK, 0, 302,
         BREAKER_CLOSED, ""},
        {"soap fault", "HTTP/1.1 500 Error\r\nContent-Length: 5\r\n\r\nfault", GW_OK, 0, 500, BREAKER_CLOSED, "fault"},
        {"500 without body", "HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n", GW_OK, 0, 500, BREAKER_OPEN, ""},
        {"503 with body", "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", GW_OK, 0, 503, BREAKER_OPEN, "busy"},
        {"cut", OK_HEAD "Content-Length: 10\r\n\r\nok", GW_RETRY, REASON_PEER_UNREACHABLE, 0, BREAKER_OPEN, ""},
        {"cut chunks", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nok", GW_RETRY, REASON_PEER_UNREACHABLE, 0, BREAKER_OPEN, ""},
        {"nothing", "", GW_RETRY, REASON_PEER_UNREACHABLE, 0, BREAKER_OPEN, ""},
        {"garbage", "\x01\x02garbage\r\n\r\n", GW_RETRY, REASON_PEER_ANSWER_INVALID, 0, BREAKER_OPEN, ""},
        {"other protocol", "220 mail.test ESMTP\r\n", GW_RETRY, REASON_PEER_ANSWER_INVALID, 0, BREAKER_OPEN, ""},
        {"too large, announced", OK_HEAD "Content-Length: 21\r\n\r\n012345678901234567890", GW_REJECT, REASON_PEER_ANSWER_INVALID, 200,
         BREAKER_CLOSED, ""},
        {"too large, chunked", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n15\r\n012345678901234567890\r\n0\r\n\r\n", GW_REJECT,
         REASON_PEER_ANSWER_INVALID, 200, BREAKER_CLOSED, ""},
        {"too large, unannounced", OK_HEAD "\r\n0123456789012345678901234567890", GW_REJECT, REASON_PEER_ANSWER_INVALID, 200,
         BREAKER_CLOSED, ""},
        {"silence", NULL, GW_RETRY, REASON_PEER_UNREACHABLE, 0, BREAKER_OPEN, ""},
};

static void answers(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(answer_cases); i++) {
                const struct answer_case *c = &answer_cases[i];
                struct script s = {.answers = {c->answer}};
                struct result r = {0};
                struct client_loop b;
                script_start(&s);
                client_open(&b);
                struct destination *d = DESTINATION(s.port, "/x", .answer_max = 20, .timeout_ms = 500);
                struct mono_time start = mono_now();
                post(&b, d, "<a/>", &r);
                run_until(&b, &r, 1);
                if (r.rc != c->rc || r.reason != c->reason || r.status != c->status || strcmp(r.body, c->body) != 0 ||
                    destination_breaker(d, mono_now()) != c->breaker || elapsed_since(start) > 1500)
                        fail_msg("%s: rc %d reason %d status %ld body '%s' (%s)", c->name, (int)r.rc, r.reason, r.status, r.body, r.detail);
                if (c->rc != GW_OK)
                        assert_true(str_starts(r.detail, "peer: "));
                client_close(&b);
                destination_free(d);
                script_stop(&s);
        }
}

static void endless_headers(void **state)
{
        (void)state;
        auto_buf struct buf answer = BUF_INIT;
        buf_add_str(&answer, OK_HEAD);
        for (int i = 0; i < 5000; i++)
                buf_add_str(&answer, "X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
        struct script s = {.answers = {buf_cstr(&answer)}};
        struct result r = {0};
        struct client_loop b;
        script_start(&s);
        client_open(&b);
        struct destination *d = DESTINATION(s.port, "/x", .name = "peer");
        post(&b, d, "<a/>", &r);
        run_until(&b, &r, 1);
        assert_int_equal(r.rc, GW_RETRY);
        assert_int_equal(r.reason, REASON_PEER_ANSWER_INVALID);
        client_close(&b);
        destination_free(d);
        script_stop(&s);
}

static void what_is_sent(void **state)
{
        (void)state;
        struct script s = {.answers = {OK_HEAD "Content-Length: 2\r\n\r\nok"}};
        struct result r = {0};
        struct client_loop b;
        setenv("http_proxy", "http://127.0.0.1:1", 1);
        script_start(&s);
        client_open(&b);
        struct destination *d = DESTINATION(s.port, "/bip-sync?x=1", .name = "peer");
        post(&b, d, "<a/>", &r);
        run_until(&b, &r, 1);
        assert_string_equal(r.type, "text/xml");
        static const char *const wanted[] = {"POST /bip-sync?x=1 HTTP/1.1\r\n", "\r\nContent-Type: text/xml; charset=utf-8\r\n",
                "\r\nSOAPAction: \"\"\r\n",
                                             "\r\nX-Correlation-Id: id-1\r\n", "\r\nContent-Length: 4\r\n", "\r\n\r\n<a/>"};
        for (size_t i = 0; i < GW_COUNT(wanted); i++)
                if (!strstr(s.request, wanted[i]))
                        fail_msg("no '%s' in '%s'", wanted[i], s.request);
        assert_null(strcasestr(s.request, "expect:"));
        assert_null(strcasestr(s.request, "accept-encoding:"));
        /* a body over curl's limit for 100-continue, an action, an id that would be a header of its own */
        auto_str char *large = xasprintf("%08000d", 0);
        http_client_post(b.client, &(struct http_post){.destination = d, .content_type = "application/soap+xml", .soap_action = "urn:send",
                                                       .correlation_id = "a\r\nX-Injected: 1", .body = span_str(large),
                                                               .done = keep_result, .arg = &r});
        run_until(&b, &r, 2);
        assert_null(strcasestr(s.request, "expect:"));
        assert_null(strcasestr(s.request, "injected"));
        assert_null(strcasestr(s.request, "correlation"));
        assert_non_null(strstr(s.request, "\r\nSOAPAction: \"urn:send\"\r\n"));
        assert_non_null(strstr(s.request, large));
        unsetenv("http_proxy");
        client_close(&b);
        destination_free(d);
        script_stop(&s);
}

static void refused_then_open_then_back(void **state)
{
        (void)state;
        struct script s = {.answers = {"", "", OK_HEAD "Content-Length: 2\r\n\r\nok"}};
        struct result r = {0};
        struct client_loop b;
        script_start(&s);
        client_open(&b);
        struct destination *d = DESTINATION(s.port, "/", .failures_max = 2, .open_ms = 150);
        for (unsigned i = 1; i <= 2; i++) {
                post(&b, d, "x", &r);
                run_until(&b, &r, i);
                assert_int_equal(r.rc, GW_RETRY);
        }
        post(&b, d, "x", &r);
        run_until(&b, &r, 3);
        assert_string_equal(r.detail, "peer: circuit breaker is open");
        assert_int_equal(s.connections, 2); /* it was not bothered */
        usleep(200 * 1000);
        post(&b, d, "x", &r);
        run_until(&b, &r, 4);
        assert_int_equal(r.rc, GW_OK);
        assert_int_equal(destination_breaker(d, mono_now()), BREAKER_CLOSED);
        client_close(&b);
        destination_free(d);
        script_stop(&s);

        client_open(&b);
        d = DESTINATION(s.port, "/", .name = "nobody"); /* the port is free again */
        post(&b, d, "x", &r);
        run_until(&b, &r, 5);
        assert_int_equal(r.rc, GW_RETRY);
        assert_int_equal(r.reason, REASON_PEER_UNREACHABLE);
        client_close(&b);
        destination_free(d);
}

static void queue_and_order(void **state)
{
        (void)state;
        struct fixture f = {0};
        struct client_loop b;
        struct result r[7] = {0};
        fixture_start(&f);
        client_open(&b);
        struct destination *d = DESTINATION(f.port, "/slow?100", .concurrency_max = 1, .queue_max = 3);
        order_counter = 0;
        for (int i = 0; i < 7; i++)
                post(&b, d, "x", &r[i]);
        run_until(&b, &r[3], 1);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(r[i].rc, GW_OK);
                assert_int_equal(r[i].order, i + 4); /* after the three that found the queue full */
        }
        for (int i = 4; i < 7; i++) {
                assert_int_equal(r[i].rc, GW_RETRY);
                assert_string_equal(r[i].detail, "peer: too many calls are waiting");
        }
        assert_int_equal(f.connections, 1); /* and one connection did it all */
        assert_int_equal(destination_breaker(d, mono_now()), BREAKER_CLOSED);
        client_close(&b);
        destination_free(d);
        fixture_stop(&f);
}

/* A silent peer with a full lane does not delay another. */
static void one_destination_does_not_stall_another(void **state)
{
        (void)state;
        struct script silent = {.answers = {NULL}};
        struct fixture f = {0};
        struct client_loop b;
        struct result dead[6] = {0}, alive[20] = {0};
        script_start(&silent);
        fixture_start(&f);
        client_open(&b);
        struct destination *bad = DESTINATION(silent.port, "/", .timeout_ms = 1500, .concurrency_max = 2, .failures_max = 100);
        struct destination *good = DESTINATION(f.port, "/echo", .concurrency_max = 2);
        struct mono_time start = mono_now();
        for (int i = 0; i < 6; i++)
                post(&b, bad, "x", &dead[i]);
        for (int i = 0; i < 20; i++)
                post(&b, good, "y", &alive[i]);
        run_until(&b, &alive[19], 1);
        assert_true(elapsed_since(start) < 1000);
        assert_int_equal(dead[0].calls, 0);
        for (int i = 0; i < 20; i++)
                assert_int_equal(alive[i].rc, GW_OK);
        /* those that waited behind the silent ones give up too, and not one after the other */
        run_until(&b, &dead[5], 1);
        assert_true(elapsed_since(start) < 2500);
        client_close(&b); /* cancels nothing, all have ended */
        destination_free(bad);
        destination_free(good);
        fixture_stop(&f);
        script_stop(&silent);
}

static void freeing_cancels(void **state)
{
        (void)state;
        struct script silent = {.answers = {NULL}};
        struct client_loop b;
        struct result r[4] = {0};
        script_start(&silent);
        client_open(&b);
        struct destination *d = DESTINATION(silent.port, "/", .concurrency_max = 1, .queue_max = 2);
        for (int i = 0; i < 4; i++)
                post(&b, d, "x", &r[i]); /* running, waiting, waiting, refused and not yet told */
        for (int i = 0; i < 3; i++)
                uv_run(&b.loop, UV_RUN_NOWAIT);
        client_close(&b);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(r[i].calls, 1);
                assert_int_equal(r[i].rc, GW_RETRY);
        }
        assert_int_equal(r[0].reason, REASON_STOPPING);
        assert_int_equal(destination_breaker(d, mono_now()), BREAKER_CLOSED); /* not the peer's fault */
        destination_free(d);
        script_stop(&silent);
}

struct chain { struct client_loop *b; struct destination *d; unsigned left; bool frees; };

static void post_again(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct chain *chain = arg;
        (void)answer, (void)why;
        assert_int_equal(rc, GW_OK);
        if (--chain->left == 0) {
                if (chain->frees) {
                        http_client_free(chain->b->client);
                        chain->b->client = NULL;
                }
                return;
        }
        http_client_post(chain->b->client, &(struct http_post){.destination = chain->d, .content_type = "text/xml", .body = span_str("x"),
                                                               .done = post_again, .arg = chain});
}

static void done_may_post_and_free(void **state)
{
        (void)state;
        struct fixture f = {0};
        struct client_loop b;
        fixture_start(&f);
        client_open(&b);
        struct destination *d = DESTINATION(f.port, "/echo", .name = "peer");
        struct chain chain = {.b = &b, .d = d, .left = 51, .frees = true};
        struct why why = WHY_INIT;
        post_again(&chain, GW_OK, NULL, &why);
        while (b.client)
                uv_run(&b.loop, UV_RUN_ONCE);
        assert_int_equal(f.requests, 50);
        assert_int_equal(f.connections, 1);
        client_close(&b);
        destination_free(d);
        fixture_stop(&f);
}

static void https(void **state)
{
        (void)state;
        const char *pki = getenv("EGOV_PKI");
        if (!pki) {
                print_message("skipped: EGOV_PKI is not set\n");
                skip();
        }
        auto_str char *certificate = xasprintf("%s/certs/tls-gateway.pem", pki), *key = xasprintf("%s/keys/tls-gateway.key", pki);
        auto_str char *ca = xasprintf("%s/tls/ca.pem", pki), *other_ca = xasprintf("%s/ca/root.pem", pki);
        struct fixture f = {0};
        struct why why = WHY_INIT;
        assert_int_equal(tls_server_context_local(certificate, key, TLS_CLIENTS_OPTIONAL, ca, &f.tls, &why), GW_OK);
        fixture_start(&f);
        static const char *const names[] = {"the right CA", "another CA", "no CA", "no such file"};
        const char *const cas[] = {ca, other_ca, NULL, "/nonexistent.pem"};
        for (size_t i = 0; i < GW_COUNT(cas); i++) {
                struct client_loop b;
                struct result r = {0};
                client_open(&b);
                struct destination *d = destination_at("https", f.port, "/echo", &(struct destination_conf){.ca_file = cas[i]});
                post(&b, d, "x", &r);
                run_until(&b, &r, 1);
                if (r.rc != (i == 0 ? GW_OK : GW_RETRY))
                        fail_msg("%s: rc %d %s", names[i], (int)r.rc, r.detail);
                client_close(&b);
                destination_free(d);
        }
        struct client_loop b;
        struct result r = {0};
        auto_str char *large = xasprintf("%08000000d", 0); /* hundreds of TLS records, many of them inside OpenSSL at once */
        client_open(&b);
        struct destination *d = destination_at("https", f.port, "/status?200", &(struct destination_conf){.ca_file = ca});
        for (unsigned i = 1; i <= 3; i++) {
                post(&b, d, large, &r);
                run_until(&b, &r, i);
                assert_int_equal(r.status, 200);
        }
        client_close(&b);
        destination_free(d);
        fixture_stop(&f);
}

static void https_with_client_certificate(void **state)
{
        (void)state;
        const char *pki = getenv("EGOV_PKI");
        if (!pki)
                skip();
        auto_str char *certificate = xasprintf("%s/certs/tls-gateway.pem", pki), *key = xasprintf("%s/keys/tls-gateway.key", pki);
        auto_str char *ca = xasprintf("%s/tls/ca.pem", pki), *own = xasprintf("%s/certs/tls-gateway-client.pem", pki);
        auto_str char *own_key = xasprintf("%s/keys/tls-gateway-client.key", pki);
        struct fixture f = {0};
        struct why why = WHY_INIT;
        struct signing_key *client_key = NULL;
        assert_int_equal(local_key_open(own_key, own, &client_key, &why), GW_OK);
        assert_int_equal(tls_server_context_local(certificate, key, TLS_CLIENTS_REQUIRED, ca, &f.tls, &why), GW_OK);
        fixture_start(&f);
        for (int with = 1; with >= 0; with--) {
                struct client_loop b;
                struct result r = {0};
                assert_int_equal(uv_loop_init(&b.loop), 0);
                b.client = http_client_new(&b.loop, with ? tls_client_hook : NULL, own);
                tls_set_thread_key(client_key);
                struct destination *d = destination_at("https", f.port, "/echo", &(struct destination_conf){.ca_file = ca});
                post(&b, d, "x", &r);
                run_until(&b, &r, 1);
                if (r.rc != (with ? GW_OK : GW_RETRY))
                        fail_msg("with %d: %s", with, r.detail);
                if (with)
                        assert_null(strstr(r.body, "front tls -"));
                client_close(&b);
                destination_free(d);
        }
        tls_set_thread_key(NULL);
        local_key_close(client_key);
        fixture_stop(&f);
}

static double cpu_us(clockid_t clock)
{
        struct timespec t;
        clock_gettime(clock, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void count_down(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        (void)answer, (void)why;
        assert_int_equal(rc, GW_OK);
        --*(unsigned *)arg;
}

/* EGOV_MEASURE=1: CPU of one POST of 8 KB that is echoed, over keep-alive, on both sides. */
static void measure(void **state)
{
        (void)state;
        if (!getenv("EGOV_MEASURE")) {
                skip();
        }
        const char *pki = getenv("EGOV_PKI");
        auto_str char *certificate = xasprintf("%s/certs/tls-gateway.pem", pki), *key = xasprintf("%s/keys/tls-gateway.key", pki);
        auto_str char *ca = xasprintf("%s/tls/ca.pem", pki), *body = xasprintf("%08192d", 0);
        for (int tls = 0; tls <= 1 && pki; tls++) {
                struct fixture f = {0};
                struct why why = WHY_INIT;
                struct client_loop b;
                clockid_t server_clock;
                if (tls)
                        assert_int_equal(tls_server_context_local(certificate, key, TLS_CLIENTS_OFF, NULL, &f.tls, &why), GW_OK);
                fixture_start(&f);
                client_open(&b);
                struct destination *d = destination_at(tls ? "https" : "http", f.port, "/echo",
                                                       &(struct destination_conf){.ca_file = ca, .concurrency_max = 8, .queue_max = 1000});
                pthread_getcpuclockid(f.thread, &server_clock);
                double client = 0, server = 0;
                for (int round = 0; round < 21; round++) { /* the first one warms up */
                        unsigned left = 500;
                        if (round == 1)
                                client = cpu_us(CLOCK_THREAD_CPUTIME_ID), server = cpu_us(server_clock);
                        for (int i = 0; i < 500; i++)
                                http_client_post(b.client, &(struct http_post){.destination = d, .content_type = "text/xml",
                                        .body = span_str(body),
                                                                               .done = count_down, .arg = &left});
                        while (left)
                                uv_run(&b.loop, UV_RUN_ONCE);
                }
                print_message("%s: client %.1f us, server %.1f us a request\n", tls ? "https" : "http",
                              (cpu_us(CLOCK_THREAD_CPUTIME_ID) - client) / 10000, (cpu_us(server_clock) - server) / 10000);
                client_close(&b);
                destination_free(d);
                fixture_stop(&f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers),
                cmocka_unit_test(endless_headers),
                cmocka_unit_test(what_is_sent),
                cmocka_unit_test(refused_then_open_then_back),
                cmocka_unit_test(queue_and_order),
                cmocka_unit_test(one_destination_does_not_stall_another),
                cmocka_unit_test(freeing_cancels),
                cmocka_unit_test(done_may_post_and_free),
                cmocka_unit_test(https),
                cmocka_unit_test(https_with_client_certificate),
                cmocka_unit_test(measure),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
