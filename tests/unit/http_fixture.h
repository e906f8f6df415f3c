/* A server on a thread of its own, and a client that speaks raw bytes: shared by the tests of the network edge. */
#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/accept/http_server.h"
#include "gateway/accept/tls.h"

struct fixture {
        struct http_limits limits;
        SSL_CTX *tls;
        const struct signing_key *thread_key;
        int drain_ms;
        int port;
        /* below: the server's thread */
        pthread_t thread;
        uv_loop_t loop;
        uv_async_t stop;
        struct http_server *server;
        struct http_exchange *held[64]; /* requests to /hold, answered when the server is told to stop */
        unsigned held_count;
        _Atomic unsigned requests, drained, connections;
        int held_answers_ms;            /* 0: at once at stop; else later */
        uv_timer_t later;
};

struct delayed { uv_timer_t timer; struct http_exchange *exchange; };

GW_UNUSED static void reply_text(struct http_exchange *exchange, int status, const char *text)
{
        http_reply(exchange, &(struct http_reply){.status = status, .content_type = "text/plain", .body = span_str(text)});
}

static void free_delayed(uv_handle_t *handle)
{
        free(handle->data);
}

static void on_delay(uv_timer_t *timer)
{
        struct delayed *delayed = timer->data;
        reply_text(delayed->exchange, 200, "late");
        uv_close((uv_handle_t *)timer, free_delayed);
}

/* Says back what the request was: "METHOD path?query LENGTH listener tls|plain subject\nbody". */
static void reply_echo(struct http_exchange *exchange)
{
        const struct http_request *r = http_exchange_request(exchange);
        auto_buf struct buf out = BUF_INIT;
        char subject[200] = "-";
        if (r->peer->certificate)
                X509_NAME_get_text_by_NID(X509_get_subject_name(r->peer->certificate), NID_commonName, subject, sizeof(subject));
        buf_printf(&out, "%s %s?%s %zu %s %s %s\n", r->method, r->path, r->query, r->body.n, r->peer->listener,
                r->peer->tls ? "tls" : "plain", subject);
        buf_add_span(&out, r->body);
        const struct http_header extra = {"X-Method", r->method};
        http_reply(exchange, &(struct http_reply){.status = 200, .content_type = "text/plain; charset=utf-8", .body = buf_span(&out),
                                                  .headers = &extra, .header_count = 1});
}

static void reply_large(struct http_exchange *exchange, size_t n)
{
        char *text = malloc(n);
        memset(text, 'L', n);
        http_reply(exchange, &(struct http_reply){.status = 200, .content_type = "text/plain", .body = span_of(text, n)});
        free(text);
}

static void fixture_handler(void *ctx, struct http_exchange *exchange)
{
        struct fixture *f = ctx;
        const struct http_request *r = http_exchange_request(exchange);
        f->requests++;
        f->connections = http_server_connections(f->server);
        if (str_eq(r->path, "/hold"))
                f->held[f->held_count++] = exchange;
        else if (str_eq(r->path, "/slow")) {
                struct delayed *delayed = calloc(1, sizeof(*delayed));
                delayed->exchange = exchange;
                delayed->timer.data = delayed;
                uv_timer_init(http_exchange_loop(exchange), &delayed->timer);
                uv_timer_start(&delayed->timer, on_delay, (uint64_t)atoi(r->query), 0);
        } else if (str_eq(r->path, "/large"))
                reply_large(exchange, (size_t)atoi(r->query));
        else if (str_eq(r->path, "/status"))
                reply_text(exchange, atoi(r->query), str_eq(r->query, "204") ? "" : "text");
        else if (str_eq(r->path, "/split")) {
                const struct http_header bad = {"X-Bad", "a\r\nX-Injected: yes"};
                http_reply(exchange, &(struct http_reply){.status = 200, .headers = &bad, .header_count = 1});
        } else if (str_eq(r->path, "/close"))
                http_reply(exchange, &(struct http_reply){.status = 200, .close = true});
        else
                reply_echo(exchange);
}

static void fixture_errors(void *ctx, int status, const struct http_peer *peer, struct buf *body, const char **ret_content_type)
{
        (void)ctx, (void)peer;
        buf_printf(body, "{\"status\":%d}", status);
        *ret_content_type = "application/problem+json";
}

static void on_server_drained(void *arg)
{
        struct fixture *f = arg;
        f->drained++;
        http_server_free(f->server);
        uv_close((uv_handle_t *)&f->stop, NULL);
        uv_close((uv_handle_t *)&f->later, NULL);
}

static void answer_held(uv_timer_t *timer)
{
        struct fixture *f = timer->data;
        for (unsigned i = 0; i < f->held_count; i++)
                reply_text(f->held[i], 200, "held");
        f->held_count = 0;
}

static void on_stop(uv_async_t *async)
{
        struct fixture *f = async->data;
        http_server_drain(f->server, f->drain_ms ? f->drain_ms : 3000, on_server_drained, f);
        uv_timer_start(&f->later, answer_held, (uint64_t)f->held_answers_ms, 0);
}

static void *fixture_thread(void *arg)
{
        struct fixture *f = arg;
        tls_set_thread_key(f->thread_key);
        uv_run(&f->loop, UV_RUN_DEFAULT);
        return NULL;
}

GW_UNUSED static void fixture_start(struct fixture *f)
{
        char error[160];
        int fd;
        signal(SIGPIPE, SIG_IGN);
        if (f->limits.header_bytes_max == 0)
                f->limits = http_limits_default;
        assert_int_equal(uv_loop_init(&f->loop), 0);
        f->server = http_server_new(&(struct http_server_options){
                .loop = &f->loop, .limits = &f->limits, .handler = fixture_handler, .error_writer = fixture_errors, .ctx = f});
        if (!http_bind("127.0.0.1", 0, 1, &fd, &f->port, error))
                fail_msg("%s", error);
        assert_true(http_server_listen(f->server, "front", fd, f->tls));
        f->stop.data = f->later.data = f;
        uv_async_init(&f->loop, &f->stop, on_stop);
        uv_timer_init(&f->loop, &f->later);
        f->later.data = f;
        pthread_create(&f->thread, NULL, fixture_thread, f);
}

GW_UNUSED static void fixture_tell_stop(struct fixture *f)
{
        uv_async_send(&f->stop);
}

GW_UNUSED static void fixture_join(struct fixture *f)
{
        pthread_join(f->thread, NULL);
        assert_int_equal(uv_loop_close(&f->loop), 0); /* no handle is left behind */
        assert_int_equal(f->drained, 1);
        SSL_CTX_free(f->tls);
        f->tls = NULL;
}

GW_UNUSED static void fixture_stop(struct fixture *f)
{
        fixture_tell_stop(f);
        fixture_join(f);
}

GW_UNUSED static int connect_to(int port)
{
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
                fail_msg("connect: %s", strerror(errno));
        return fd;
}

/* Sends all, or as much as the peer takes. */
GW_UNUSED static void send_text(int fd, const char *text)
{
        size_t n = strlen(text);
        while (n > 0) {
                ssize_t put = send(fd, text, n, MSG_NOSIGNAL);
                if (put <= 0)
                        return;
                text += put;
                n -= (size_t)put;
        }
}

/* Reads until the peer closes (true) or nothing has come for quiet_ms (false). */
GW_UNUSED static bool read_until_closed(int fd, int quiet_ms, struct buf *out)
{
        for (;;) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                char part[65536];
                if (poll(&p, 1, quiet_ms) <= 0)
                        return false;
                ssize_t got = recv(fd, part, sizeof(part), 0);
                if (got <= 0)
                        return true;
                buf_add(out, part, (size_t)got);
        }
}

GW_UNUSED static unsigned count_text(const char *in, const char *what)
{
        unsigned count = 0;
        for (const char *at = strstr(in, what); at; at = strstr(at + strlen(what), what))
                count++;
        return count;
}

GW_UNUSED static int64_t elapsed_since(struct mono_time start)
{
        return mono_now().ms - start.ms;
}

#endif
