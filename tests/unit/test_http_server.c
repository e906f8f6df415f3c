/* The server on real sockets: order, deadlines, limits, drain. What is malformed is in test_http_parse.c and, over the
 * wire, in tests/system/http_malformed.py, which is run here against a plain and a TLS listener. */
#include "tests/unit/http_fixture.h"

#define HOST "Host: gateway.test\r\n"

/* One exchange on a connection of its own: sends, half-closes, takes everything. */
static void ask(struct fixture *f, const char *request, struct buf *out)
{
        auto_fd int fd = connect_to(f->port);
        send_text(fd, request);
        shutdown(fd, SHUT_WR);
        assert_true(read_until_closed(fd, 4000, out));
}

static void expect_contains(const struct buf *got, const char *want)
{
        if (!strstr(buf_cstr(got), want))
                fail_msg("wanted '%s' in '%s'", want, buf_cstr(got));
}

struct answer_case { const char *name, *request; const char *want[4]; };
static const struct answer_case answer_cases[] = {
        {"echo", "POST /x?q HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", {"HTTP/1.1 200 OK\r\n", "X-Method: POST\r\n",
         "POST /x?q 3 front plain -\nabc"}},
        {"length", "GET /close HTTP/1.1\r\n" HOST "\r\n", {"Content-Length: 0\r\n", "Connection: close\r\n"}},
        {"date", "GET / HTTP/1.1\r\n" HOST "\r\n", {"\r\nDate: ", " GMT\r\n"}},
        {"1.0 closes", "GET / HTTP/1.0\r\n\r\n", {"HTTP/1.1 200 OK\r\n", "Connection: close\r\n"}},
        {"head", "HEAD /x HTTP/1.1\r\n" HOST "\r\n", {"Content-Length: 25\r\n", "X-Method: HEAD\r\n\r\n"}},
        {"204", "GET /status?204 HTTP/1.1\r\n" HOST "\r\n", {"HTTP/1.1 204 No Content\r\nDate: "}},
        {"own status", "GET /status?422 HTTP/1.1\r\n" HOST "\r\n", {"HTTP/1.1 422 Unprocessable Content\r\n", "\r\n\r\ntext"}},
        {"header injection", "GET /split HTTP/1.1\r\n" HOST "\r\n", {"HTTP/1.1 500 ", "Connection: close\r\n"}},
        {"error format", "GET / HTTP/1.1\r\n\r\n", {"HTTP/1.1 400 Bad Request\r\n", "Content-Type: application/problem+json\r\n",
         "Connection: close\r\n",
                                                     "\r\n\r\n{\"status\":400}"}},
        {"later answer", "GET /slow?50 HTTP/1.1\r\n" HOST "\r\n", {"\r\n\r\nlate"}},
        {"cut request", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab", {"HTTP/1.1 400 "}},
        {"cut head", "POST / HTTP/1.1\r\nHo", {"HTTP/1.1 400 "}},
        {"two pipelined", "GET /slow?50 HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n", {"late", "GET /b"}},
        {"after close ignored", "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n", {"GET /a"}},
};

static void answers(void **state)
{
        (void)state;
        struct fixture f = {0};
        fixture_start(&f);
        for (size_t i = 0; i < GW_COUNT(answer_cases); i++) {
                const struct answer_case *c = &answer_cases[i];
                auto_buf struct buf got = BUF_INIT;
                ask(&f, c->request, &got);
                for (size_t k = 0; k < GW_COUNT(c->want) && c->want[k]; k++)
                        if (!strstr(buf_cstr(&got), c->want[k]))
                                fail_msg("%s: no '%s' in '%s'", c->name, c->want[k], buf_cstr(&got));
                if (strstr(buf_cstr(&got), "X-Injected") || (i == 13 && strstr(buf_cstr(&got), "/b")))
                        fail_msg("%s: '%s'", c->name, buf_cstr(&got));
                if (str_eq(c->name, "204") && strstr(buf_cstr(&got), "Content-Length"))
                        fail_msg("204 with Content-Length");
                if (str_eq(c->name, "head") && !strstr(buf_cstr(&got), "\r\n\r\n\0"))
                        fail_msg("HEAD with body");
        }
        fixture_stop(&f);
}

/* 5,000 requests in one go, far more than is buffered: all answered, in order. */
static void long_pipeline_in_order(void **state)
{
        (void)state;
        struct fixture f = {0};
        fixture_start(&f);
        int fd = connect_to(f.port);
        auto_buf struct buf in = BUF_INIT, out = BUF_INIT;
        for (int i = 0; i < 5000; i++)
                buf_printf(&in, "GET /%s%d HTTP/1.1\r\n" HOST "%s\r\n", i % 100 == 50 ? "slow?1&" : "p", i,
                        i == 4999 ? "Connection: close\r\n" : "");
        pid_t child = fork();
        if (child == 0) {
                send_text(fd, buf_cstr(&in));
                _exit(0);
        }
        assert_true(read_until_closed(fd, 5000, &out));
        close(fd);
        assert_int_equal(count_text(buf_cstr(&out), "HTTP/1.1 200 OK"), 5000);
        const char *at = buf_cstr(&out);
        for (int i = 0; i < 5000; i++) {
                char want[32];
                snprintf(want, sizeof(want), i % 100 == 50 ? "late" : "GET /p%d?", i);
                at = strstr(at, want);
                if (!at)
                        fail_msg("answer %d is missing or out of order", i);
        }
        fixture_stop(&f);
}

/* Sends `first`, then one byte of `drip` every 100 ms: the deadline counts from the start, so it ends in time. */
static void drips_end_in_408(void **state)
{
        (void)state;
        static const struct { const char *name, *first, *want; } cases[] = {
                {"nothing at all", "", ""},
                {"head", "GET / HTTP/1.1\r\nX: ", "HTTP/1.1 408 "},
                {"body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", "HTTP/1.1 408 "},
                {"chunks", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e8\r\n", "HTTP/1.1 408 "},
                {"idle after an answer", "GET / HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 "},
        };
        struct fixture f = {.limits = http_limits_default};
        f.limits.header_ms = f.limits.body_ms = f.limits.idle_ms = 500;
        fixture_start(&f);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_fd int fd = connect_to(f.port);
                auto_buf struct buf got = BUF_INIT;
                struct mono_time start = mono_now();
                bool drip = i >= 1 && i <= 3, closed = false;
                send_text(fd, cases[i].first);
                while (!closed && elapsed_since(start) < 3000) {
                        if (drip)
                                send_text(fd, "a");
                        closed = read_until_closed(fd, 100, &got);
                }
                if (!closed || elapsed_since(start) < 350 || elapsed_since(start) > 1500)
                        fail_msg("%s: closed %d after %d ms", cases[i].name, (int)closed, (int)elapsed_since(start));
                expect_contains(&got, cases[i].want);
                assert_int_equal(got.n == 0, cases[i].want[0] == '\0');
        }
        fixture_stop(&f);
}

static void a_handler_that_never_answers(void **state)
{
        (void)state;
        struct fixture f = {.limits = http_limits_default};
        f.limits.handler_ms = 200;
        fixture_start(&f);
        auto_buf struct buf got = BUF_INIT;
        ask(&f, "GET /hold HTTP/1.1\r\n" HOST "\r\n", &got);
        expect_contains(&got, "HTTP/1.1 503 ");
        expect_contains(&got, "Retry-After: ");
        fixture_stop(&f); /* answers the held exchange: dropped, nothing breaks */
}

/* A peer that never reads its answer does not keep it for ever. */
static void a_peer_that_never_reads(void **state)
{
        (void)state;
        struct fixture f = {.limits = http_limits_default};
        f.limits.body_ms = 400;
        fixture_start(&f);
        auto_fd int fd = connect_to(f.port);
        send_text(fd, "GET /large?50000000 HTTP/1.1\r\n" HOST "\r\n");
        usleep(900 * 1000);
        auto_buf struct buf got = BUF_INIT;
        assert_true(read_until_closed(fd, 2000, &got));
        assert_true(got.n > 0 && got.n < 50000000);
        fixture_stop(&f);
}

static void a_large_answer_arrives_whole(void **state)
{
        (void)state;
        struct fixture f = {0};
        fixture_start(&f);
        auto_buf struct buf got = BUF_INIT;
        ask(&f, "GET /large?20000000 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", &got);
        const char *body = strstr(buf_cstr(&got), "\r\n\r\n");
        assert_non_null(body);
        assert_int_equal(strlen(body + 4), 20000000);
        fixture_stop(&f);
}

/* The client vanishes while the handler works: the answer is dropped, memory is not. */
static void the_client_is_gone(void **state)
{
        (void)state;
        struct fixture f = {0};
        fixture_start(&f);
        for (int i = 0; i < 20; i++) {
                int fd = connect_to(f.port);
                struct linger reset = {.l_onoff = 1, .l_linger = 0};
                send_text(fd, i % 2 ? "GET /hold HTTP/1.1\r\n" HOST "\r\n" : "GET /slow?100 HTTP/1.1\r\n" HOST "\r\n");
                while (f.requests <= (unsigned)i)
                        usleep(1000);
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
                close(fd);
        }
        auto_buf struct buf got = BUF_INIT;
        ask(&f, "GET /still HTTP/1.1\r\n" HOST "\r\n", &got);
        expect_contains(&got, "GET /still");
        fixture_stop(&f);
}

static void asks_for_the_body(void **state)
{
        (void)state;
        static const struct { const char *head, *body, *want; } cases[] = {
                {"Content-Length: 3\r\n", "abc", "\nabc"},
                {"Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "\nabcde"},
        };
        struct fixture f = {0};
        fixture_start(&f);
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_fd int fd = connect_to(f.port);
                auto_buf struct buf got = BUF_INIT;
                send_text(fd, "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n");
                send_text(fd, cases[i].head);
                send_text(fd, "\r\n");
                assert_false(read_until_closed(fd, 150, &got));
                assert_string_equal(buf_cstr(&got), "HTTP/1.1 100 Continue\r\n\r\n");
                send_text(fd, cases[i].body);
                shutdown(fd, SHUT_WR);
                assert_true(read_until_closed(fd, 2000, &got));
                expect_contains(&got, cases[i].want);
        }
        fixture_stop(&f);
}

/* 413 must be read by a client that first sends everything it has. */
static void too_large_is_really_received(void **state)
{
        (void)state;
        struct fixture f = {.limits = http_limits_default};
        f.limits.body_max = 1 << 20;
        fixture_start(&f);
        for (int chunked = 0; chunked <= 1; chunked++) {
                auto_fd int fd = connect_to(f.port);
                auto_buf struct buf got = BUF_INIT;
                auto_str char *block = xasprintf("%0*d", 4 << 20, 0);
                send_text(fd, chunked ? "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n400000\r\n"
                                      : "POST / HTTP/1.1\r\n" HOST "Content-Length: 4194304\r\n\r\n");
                send_text(fd, block);
                assert_true(read_until_closed(fd, 3000, &got));
                expect_contains(&got, "HTTP/1.1 413 ");
        }
        fixture_stop(&f);
}

static void over_the_limit_of_connections(void **state)
{
        (void)state;
        static int fds[1000];
        struct fixture f = {.limits = http_limits_default};
        f.limits.connections_max = f.limits.connections_per_peer_max = 1000;
        fixture_start(&f);
        for (size_t i = 0; i < GW_COUNT(fds); i++)
                fds[i] = connect_to(f.port);
        for (size_t i = 0; i < GW_COUNT(fds); i += 999) { /* first and last are served */
                auto_buf struct buf got = BUF_INIT;
                send_text(fds[i], "GET /in HTTP/1.1\r\n" HOST "\r\n");
                assert_false(read_until_closed(fds[i], 200, &got));
                expect_contains(&got, "GET /in");
        }
        assert_int_equal(f.connections, 1000);
        for (int i = 0; i < 5; i++) {
                auto_buf struct buf got = BUF_INIT;
                ask(&f, "GET /out HTTP/1.1\r\n" HOST "\r\n", &got);
                expect_contains(&got, "HTTP/1.1 503 ");
                expect_contains(&got, "Retry-After: 5\r\n");
        }
        for (size_t i = 0; i < GW_COUNT(fds); i++)
                close(fds[i]);
        usleep(200 * 1000);
        auto_buf struct buf got = BUF_INIT;
        ask(&f, "GET /again HTTP/1.1\r\n" HOST "\r\n", &got);
        expect_contains(&got, "GET /again");
        fixture_stop(&f);
}

static void over_the_limit_of_one_peer(void **state)
{
        (void)state;
        struct fixture f = {.limits = http_limits_default};
        f.limits.connections_per_peer_max = 2;
        fixture_start(&f);
        auto_fd int one = connect_to(f.port);
        auto_fd int two = connect_to(f.port);
        auto_buf struct buf got = BUF_INIT;
        ask(&f, "GET /out HTTP/1.1\r\n" HOST "\r\n", &got);
        expect_contains(&got, "HTTP/1.1 503 ");
        fixture_stop(&f);
}

static void closes_after_so_many_requests(void **state)
{
        (void)state;
        struct fixture f = {.limits = http_limits_default};
        f.limits.requests_per_connection_max = 3;
        fixture_start(&f);
        auto_fd int fd = connect_to(f.port);
        auto_buf struct buf got = BUF_INIT;
        for (int i = 0; i < 4; i++)
                send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
        assert_true(read_until_closed(fd, 2000, &got));
        assert_int_equal(count_text(buf_cstr(&got), "HTTP/1.1 200 OK"), 3);
        assert_int_equal(count_text(buf_cstr(&got), "Connection: close"), 1);
        fixture_stop(&f);
}

/* Stop: idle connections go at once, what is in flight is answered with Connection: close. */
static void drains(void **state)
{
        (void)state;
        struct fixture f = {.held_answers_ms = 300};
        fixture_start(&f);
        auto_fd int idle = connect_to(f.port);
        auto_fd int busy = connect_to(f.port);
        auto_fd int half = connect_to(f.port);
        auto_buf struct buf got = BUF_INIT, got_busy = BUF_INIT, got_half = BUF_INIT;
        send_text(busy, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
        send_text(half, "POST /half HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\na");
        while (f.requests < 1)
                usleep(1000);
        usleep(50 * 1000);
        struct mono_time start = mono_now();
        fixture_tell_stop(&f);
        assert_true(read_until_closed(idle, 2000, &got));
        assert_true(elapsed_since(start) < 200);
        assert_int_equal(got.n, 0);
        send_text(half, "bc");
        assert_true(read_until_closed(half, 2000, &got_half));
        expect_contains(&got_half, "\nabc");
        expect_contains(&got_half, "Connection: close\r\n");
        assert_true(read_until_closed(busy, 2000, &got_busy));
        expect_contains(&got_busy, "Connection: close\r\n");
        expect_contains(&got_busy, "held");
        gw_close_fd(&idle), gw_close_fd(&busy), gw_close_fd(&half);
        fixture_join(&f);
        assert_true(elapsed_since(start) < 1500);
}

static void drain_has_an_end(void **state)
{
        (void)state;
        struct fixture f = {.held_answers_ms = 600, .drain_ms = 200};
        fixture_start(&f);
        auto_fd int fd = connect_to(f.port);
        auto_buf struct buf got = BUF_INIT;
        send_text(fd, "GET /slow?600 HTTP/1.1\r\n" HOST "\r\n"); /* its answer comes when the server is freed already */
        while (f.requests < 1)
                usleep(1000);
        struct mono_time start = mono_now();
        fixture_tell_stop(&f);
        assert_true(read_until_closed(fd, 2000, &got));
        assert_true(elapsed_since(start) >= 150 && elapsed_since(start) < 450);
        assert_int_equal(got.n, 0);
        fixture_join(&f);
}

static void binds(void **state)
{
        (void)state;
        int fds[3], port = 0, other = 0;
        char error[160] = "";
        assert_true(http_bind("127.0.0.1", 0, 3, fds, &port, error));
        assert_true(port > 0);
        /* A second gateway must not take a share of the first one's connections. */
        int taken[3];
        assert_false(http_bind("127.0.0.1", port, 3, taken, &other, error));
        assert_non_null(strstr(error, "in use"));
        for (int i = 0; i < 3; i++)
                close(fds[i]);
        assert_true(http_bind("127.0.0.1", port, 3, fds, &other, error));
        assert_int_equal(other, port);
        other = 0;
        for (int i = 0; i < 3; i++)
                close(fds[i]);
        assert_false(http_bind("localhost.invalid", 0, 1, fds, &other, error));
        assert_true(strlen(error) > 10);
        assert_false(http_bind("127.0.0.1", 70000, 1, fds, &other, error));
        assert_int_equal(other, 0);
}

static void run_malformed(struct fixture *f, const char *option)
{
        auto_str char *command = xasprintf("python3 tests/system/http_malformed.py 127.0.0.1 %d /echo %s --body-max 1048576", f->port,
                option);
        int rc = system(command);
        fixture_stop(f);
        assert_int_equal(rc, 0);
}

static void malformed_over_the_wire(void **state)
{
        (void)state;
        struct fixture f = {.limits = http_limits_default};
        f.limits.body_max = 1 << 20;
        fixture_start(&f);
        run_malformed(&f, "");
}

static void malformed_over_tls(void **state)
{
        (void)state;
        const char *pki = getenv("EGOV_PKI");
        if (!pki) {
                print_message("skipped: EGOV_PKI is not set\n");
                skip();
        }
        auto_str char *certificate = xasprintf("%s/certs/tls-gateway.pem", pki), *key = xasprintf("%s/keys/tls-gateway.key", pki);
        struct fixture f = {.limits = http_limits_default};
        struct why why = WHY_INIT;
        f.limits.body_max = 1 << 20;
        if (tls_server_context_local(certificate, key, TLS_CLIENTS_OFF, NULL, &f.tls, &why) != GW_OK)
                fail_msg("%s", why.detail);
        fixture_start(&f);
        run_malformed(&f, "--tls");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers),
                cmocka_unit_test(long_pipeline_in_order),
                cmocka_unit_test(drips_end_in_408),
                cmocka_unit_test(a_handler_that_never_answers),
                cmocka_unit_test(a_peer_that_never_reads),
                cmocka_unit_test(a_large_answer_arrives_whole),
                cmocka_unit_test(the_client_is_gone),
                cmocka_unit_test(asks_for_the_body),
                cmocka_unit_test(too_large_is_really_received),
                cmocka_unit_test(over_the_limit_of_connections),
                cmocka_unit_test(over_the_limit_of_one_peer),
                cmocka_unit_test(closes_after_so_many_requests),
                cmocka_unit_test(drains),
                cmocka_unit_test(drain_has_an_end),
                cmocka_unit_test(binds),
                cmocka_unit_test(malformed_over_the_wire),
                cmocka_unit_test(malformed_over_tls),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
