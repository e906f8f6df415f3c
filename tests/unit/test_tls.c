/* TLS with a key held elsewhere, client certificates, resumption, and what must not be possible. */
#include "tests/unit/http_fixture.h"

#include <time.h>

#include <openssl/err.h>

#include "gateway/reason.h"

static const char *pki;

static char *certificate_path(const char *name)
{
        return xasprintf("%s/certs/%s.pem", pki, name);
}

static char *tls_ca_path(void)
{
        return xasprintf("%s/tls/ca.pem", pki);
}

static struct signing_key *open_key(const char *name)
{
        struct signing_key *key = NULL;
        struct why why = WHY_INIT;
        auto_str char *certificate = certificate_path(name), *path = xasprintf("%s/keys/%s.key", pki, name);
        if (local_key_open(path, certificate, &key, &why) != GW_OK)
                fail_msg("%s: %s", name, why.detail);
        return key;
}

static SSL_CTX *remote_context(const char *name, enum tls_client_certificates clients)
{
        SSL_CTX *ctx = NULL;
        struct why why = WHY_INIT;
        auto_str char *certificate = certificate_path(name), *ca = tls_ca_path();
        if (tls_server_context(certificate, clients, ca, &ctx, &why) != GW_OK)
                fail_msg("%s: %s", name, why.detail);
        return ctx;
}

static SSL_CTX *client_context(int version, const char *certificate_name)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        auto_str char *ca = tls_ca_path();
        assert_int_equal(SSL_CTX_load_verify_file(ctx, ca), 1);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        if (version <= TLS1_1_VERSION)
                SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, version);
        SSL_CTX_set_max_proto_version(ctx, version);
        if (certificate_name) {
                auto_str char *certificate = certificate_path(certificate_name), *key = xasprintf("%s/keys/%s.key", pki, certificate_name);
                assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, certificate), 1);
                assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM), 1);
        }
        return ctx;
}

struct outcome { bool answered, resumed; char text[400]; SSL_SESSION *session; };

/* One request over TLS; `session` is offered when given. */
static struct outcome get_over_tls(int port, SSL_CTX *ctx, SSL_SESSION *session)
{
        static const char request[] = "GET /x HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";
        struct outcome outcome = {0};
        int fd = connect_to(port);
        struct timeval limit = {.tv_sec = 5};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        SSL *ssl = SSL_new(ctx);
        SSL_set_fd(ssl, fd);
        if (session)
                SSL_set_session(ssl, session);
        if (SSL_connect(ssl) == 1 && SSL_write(ssl, request, sizeof(request) - 1) > 0) {
                size_t n = 0;
                int got;
                while (n < sizeof(outcome.text) - 1 && (got = SSL_read(ssl, outcome.text + n, (int)(sizeof(outcome.text) - 1 - n))) > 0)
                        n += (size_t)got;
                outcome.answered = str_starts(outcome.text, "HTTP/1.1 200 OK");
                outcome.resumed = SSL_session_reused(ssl) == 1;
                SSL_shutdown(ssl);
                outcome.session = SSL_get1_session(ssl);
        }
        SSL_free(ssl);
        close(fd);
        ERR_clear_error();
        return outcome;
}

static bool get_works(int port, SSL_CTX *ctx, const char *want)
{
        struct outcome outcome = get_over_tls(port, ctx, NULL);
        SSL_SESSION_free(outcome.session);
        SSL_CTX_free(ctx);
        if (outcome.answered && want && !strstr(outcome.text, want))
                fail_msg("no '%s' in '%s'", want, outcome.text);
        return outcome.answered;
}

static void key_held_elsewhere(void **state)
{
        (void)state;
        struct signing_key *key = open_key("tls-gateway");
        struct fixture f = {.tls = remote_context("tls-gateway", TLS_CLIENTS_OFF), .thread_key = key};
        fixture_start(&f);
        assert_true(get_works(f.port, client_context(TLS1_3_VERSION, NULL), " front tls -"));
        assert_true(get_works(f.port, client_context(TLS1_2_VERSION, NULL), " front tls -"));
        assert_false(get_works(f.port, client_context(TLS1_1_VERSION, NULL), NULL));
        assert_false(get_works(f.port, client_context(TLS1_VERSION, NULL), NULL));
        fixture_stop(&f);
        local_key_close(key);
}

static void p384_too(void **state)
{
        (void)state;
        struct signing_key *key = open_key("applicant-850412390201"); /* any P-384 certificate: the client does not verify here */
        struct fixture f = {.tls = remote_context("applicant-850412390201", TLS_CLIENTS_OFF), .thread_key = key};
        fixture_start(&f);
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
                SSL_CTX *ctx = client_context(version, NULL);
                SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
                assert_true(get_works(f.port, ctx, NULL));
        }
        fixture_stop(&f);
        local_key_close(key);
}

static void no_key_or_another_key(void **state)
{
        (void)state;
        static const char *const keys[] = {NULL, "tls-simulators", "applicant-850412390201", "system-gateway"};
        for (size_t i = 0; i < GW_COUNT(keys); i++) {
                struct signing_key *key = keys[i] ? open_key(keys[i]) : NULL;
                struct fixture f = {.tls = remote_context("tls-gateway", TLS_CLIENTS_OFF), .thread_key = key};
                fixture_start(&f);
                assert_false(get_works(f.port, client_context(TLS1_3_VERSION, NULL), NULL));
                assert_false(get_works(f.port, client_context(TLS1_2_VERSION, NULL), NULL));
                fixture_stop(&f);
                local_key_close(key);
        }
}

static enum gw_rc refuse_to_sign(void *ctx, struct span digest, struct buf *out, struct why *why)
{
        (void)ctx, (void)digest, (void)out;
        return why_set(why, GW_RETRY, REASON_SIGNER_UNAVAILABLE, "not now");
}

/* A signer that does not answer fails that handshake; the server lives and the next one works. */
static void signer_does_not_answer(void **state)
{
        (void)state;
        struct signing_key *key = open_key("tls-gateway");
        struct signing_key changing = *key;
        struct fixture f = {.tls = remote_context("tls-gateway", TLS_CLIENTS_OFF), .thread_key = &changing};
        fixture_start(&f);
        changing.sign = refuse_to_sign;
        assert_false(get_works(f.port, client_context(TLS1_3_VERSION, NULL), NULL));
        changing.sign = key->sign;
        assert_true(get_works(f.port, client_context(TLS1_3_VERSION, NULL), NULL));
        fixture_stop(&f);
        local_key_close(key);
}

struct client_case { enum tls_client_certificates clients; const char *certificate; bool works; const char *want; };

static void client_certificates(void **state)
{
        (void)state;
        static const struct client_case cases[] = {
                {TLS_CLIENTS_REQUIRED, "tls-portal", true, " front tls "},
                {TLS_CLIENTS_REQUIRED, NULL, false, NULL},
                {TLS_CLIENTS_REQUIRED, "tls-foreign", false, NULL},
                {TLS_CLIENTS_REQUIRED, "system-portal", false, NULL}, /* good for signatures, of no TLS authority */
                {TLS_CLIENTS_REQUIRED, "tls-simulators", false, NULL}, /* a server's certificate */
                {TLS_CLIENTS_OPTIONAL, "tls-portal", true, " front tls "},
                {TLS_CLIENTS_OPTIONAL, NULL, true, " front tls -"},
                {TLS_CLIENTS_OPTIONAL, "tls-foreign", false, NULL},
                {TLS_CLIENTS_OFF, "tls-portal", true, " front tls -"},
        };
        struct signing_key *key = open_key("tls-gateway");
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct fixture f = {.tls = remote_context("tls-gateway", cases[i].clients), .thread_key = key};
                fixture_start(&f);
                for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
                        SSL_CTX *ctx = client_context(version, cases[i].certificate);
                        if (get_works(f.port, ctx, cases[i].want) != cases[i].works)
                                fail_msg("case %zu: %s", i, cases[i].certificate ? cases[i].certificate : "no certificate");
                }
                fixture_stop(&f);
        }
        local_key_close(key);
}

/* The server sees who it is, also in a resumed session. */
static void the_peer_is_named(void **state)
{
        (void)state;
        struct signing_key *key = open_key("tls-gateway");
        struct fixture f = {.tls = remote_context("tls-gateway", TLS_CLIENTS_REQUIRED), .thread_key = key};
        fixture_start(&f);
        SSL_CTX *ctx = client_context(TLS1_3_VERSION, "tls-portal");
        struct outcome first = get_over_tls(f.port, ctx, NULL);
        struct outcome second = get_over_tls(f.port, ctx, first.session);
        assert_true(first.answered && second.answered && second.resumed);
        const char *name = strstr(first.text, " front tls ");
        assert_non_null(name);
        assert_null(strstr(name, " front tls -"));
        assert_non_null(strstr(second.text, name));
        SSL_SESSION_free(first.session);
        SSL_SESSION_free(second.session);
        SSL_CTX_free(ctx);
        fixture_stop(&f);
        local_key_close(key);
}

/* Two loops of one process share a context: what one began the other resumes. Another context does not. */
static void resumes_on_another_loop(void **state)
{
        (void)state;
        struct signing_key *key = open_key("tls-gateway");
        SSL_CTX *shared = remote_context("tls-gateway", TLS_CLIENTS_OFF);
        SSL_CTX_up_ref(shared);
        struct fixture one = {.tls = shared, .thread_key = key}, two = {.tls = shared, .thread_key = key};
        struct fixture other = {.tls = remote_context("tls-gateway", TLS_CLIENTS_OFF), .thread_key = key};
        fixture_start(&one);
        fixture_start(&two);
        fixture_start(&other);
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
                SSL_CTX *ctx = client_context(version, NULL);
                struct outcome a = get_over_tls(one.port, ctx, NULL), b = get_over_tls(two.port, ctx, a.session);
                struct outcome c = get_over_tls(other.port, ctx, b.session);
                assert_true(a.answered && !a.resumed);
                assert_true(b.answered && b.resumed);
                assert_true(c.answered && !c.resumed);
                SSL_SESSION_free(a.session), SSL_SESSION_free(b.session), SSL_SESSION_free(c.session);
                SSL_CTX_free(ctx);
        }
        fixture_stop(&one);
        fixture_stop(&two);
        fixture_stop(&other);
        local_key_close(key);
}

static void client_key_held_elsewhere(void **state)
{
        (void)state;
        struct signing_key *server_key = open_key("tls-simulators"), *client_key = open_key("tls-gateway-client");
        auto_str char *chain = certificate_path("tls-gateway-client"), *rsa = certificate_path("system-gateway");
        struct fixture f = {.tls = remote_context("tls-simulators", TLS_CLIENTS_REQUIRED), .thread_key = server_key};
        fixture_start(&f);
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
                SSL_CTX *ctx = client_context(version, NULL);
                tls_set_thread_key(client_key);
                assert_int_equal(tls_client_hook(chain, ctx), 1);
                assert_true(get_works(f.port, ctx, " front tls "));
                tls_set_thread_key(server_key); /* not the certificate's key */
                ctx = client_context(version, NULL);
                assert_int_equal(tls_client_hook(chain, ctx), 1);
                assert_false(get_works(f.port, ctx, NULL));
        }
        SSL_CTX *ctx = client_context(TLS1_3_VERSION, NULL);
        assert_int_equal(tls_client_hook(rsa, ctx), 0);
        assert_int_equal(tls_client_hook((char[]){"/nonexistent"}, ctx), 0);
        SSL_CTX_free(ctx);
        tls_set_thread_key(NULL);
        fixture_stop(&f);
        local_key_close(server_key);
        local_key_close(client_key);
}

static void peers_we_do_not_serve(void **state)
{
        (void)state;
        struct signing_key *key = open_key("tls-gateway");
        struct fixture f = {.tls = remote_context("tls-gateway", TLS_CLIENTS_OFF), .thread_key = key};
        fixture_start(&f);
        SSL_CTX *ctx = client_context(TLS1_3_VERSION, NULL);
        SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2", 3);
        assert_false(get_works(f.port, ctx, NULL));
        ctx = client_context(TLS1_3_VERSION, NULL);
        SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2\x08http/1.1", 12);
        assert_true(get_works(f.port, ctx, NULL));
        ctx = client_context(TLS1_3_VERSION, NULL);
        assert_int_equal(SSL_CTX_ctrl(ctx, SSL_CTRL_SET_SIGALGS_LIST, 0, (char[]){"rsa_pss_rsae_sha256"}), 1);
        assert_false(get_works(f.port, ctx, NULL));
        ctx = client_context(TLS1_2_VERSION, NULL);
        SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-SHA256"); /* CBC */
        assert_false(get_works(f.port, ctx, NULL));
        fixture_stop(&f);
        local_key_close(key);
}

/* A handshake that drips, and plain bytes. */
static void not_a_handshake(void **state)
{
        (void)state;
        struct signing_key *key = open_key("tls-gateway");
        struct fixture f = {.tls = remote_context("tls-gateway", TLS_CLIENTS_OFF), .thread_key = key, .limits = http_limits_default};
        f.limits.handshake_ms = 400;
        fixture_start(&f);
        auto_fd int slow = connect_to(f.port);
        auto_fd int plain = connect_to(f.port);
        auto_buf struct buf got = BUF_INIT;
        struct mono_time start = mono_now();
        bool closed = false;
        gw_ignore(send(slow, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, MSG_NOSIGNAL) < 0);
        while (!closed && elapsed_since(start) < 3000) {
                send_text(slow, "a");
                closed = read_until_closed(slow, 100, &got);
        }
        assert_true(closed && elapsed_since(start) >= 300 && elapsed_since(start) < 1200);
        send_text(plain, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(read_until_closed(plain, 1000, &got));
        assert_true(get_works(f.port, client_context(TLS1_3_VERSION, NULL), NULL));
        fixture_stop(&f);
        local_key_close(key);
}

static void wrong_files(void **state)
{
        (void)state;
        auto_str char *ec = certificate_path("tls-gateway"), *rsa = certificate_path("system-gateway"), *ca = tls_ca_path();
        auto_str char *ec_key = xasprintf("%s/keys/tls-gateway.key", pki), *other_key = xasprintf("%s/keys/tls-simulators.key", pki);
        const struct { const char *certificate, *key, *ca; enum tls_client_certificates clients; bool works; } cases[] = {
                {ec, NULL, NULL, TLS_CLIENTS_OFF, true},
                {ec, ec_key, NULL, TLS_CLIENTS_OFF, true},
                {ec, NULL, ca, TLS_CLIENTS_REQUIRED, true},
                {rsa, NULL, NULL, TLS_CLIENTS_OFF, false},
                {"/nonexistent.pem", NULL, NULL, TLS_CLIENTS_OFF, false},
                {ec_key, NULL, NULL, TLS_CLIENTS_OFF, false},
                {ec, NULL, NULL, TLS_CLIENTS_OPTIONAL, false},
                {ec, NULL, "/nonexistent.pem", TLS_CLIENTS_REQUIRED, false},
                {ec, other_key, NULL, TLS_CLIENTS_OFF, false},
                {ec, "/nonexistent.key", NULL, TLS_CLIENTS_OFF, false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                SSL_CTX *ctx = NULL;
                struct why why = WHY_INIT;
                enum gw_rc rc = cases[i].key ? tls_server_context_local(cases[i].certificate, cases[i].key, cases[i].clients, cases[i].ca,
                        &ctx, &why)
                                             : tls_server_context(cases[i].certificate, cases[i].clients, cases[i].ca, &ctx, &why);
                if ((rc == GW_OK) != cases[i].works || (ctx != NULL) != cases[i].works)
                        fail_msg("case %zu: %s", i, why.detail);
                if (rc != GW_OK) {
                        assert_int_equal(rc, GW_FAULT);
                        assert_int_equal(why.reason, REASON_CONFIGURATION);
                }
                SSL_CTX_free(ctx);
        }
}

static double server_cpu_us(const struct fixture *f)
{
        clockid_t clock;
        struct timespec t;
        pthread_getcpuclockid(f->thread, &clock);
        clock_gettime(clock, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* EGOV_MEASURE=1: what a full and a resumed handshake (with one request) cost the server. */
static void measure(void **state)
{
        (void)state;
        if (!getenv("EGOV_MEASURE"))
                skip();
        struct signing_key *key = open_key("tls-gateway");
        for (int clients = TLS_CLIENTS_OFF; clients <= TLS_CLIENTS_REQUIRED; clients += TLS_CLIENTS_REQUIRED) {
                struct fixture f = {.tls = remote_context("tls-gateway", (enum tls_client_certificates)clients), .thread_key = key};
                fixture_start(&f);
                for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
                        SSL_CTX *ctx = client_context(version, clients == TLS_CLIENTS_OFF ? NULL : "tls-portal");
                        double us[2] = {0};
                        for (int resume = 0; resume <= 1; resume++) {
                                double start = server_cpu_us(&f);
                                SSL_SESSION *session = NULL;
                                for (int i = 0; i < 300; i++) {
                                        struct outcome o = get_over_tls(f.port, ctx, resume ? session : NULL);
                                        assert_true(o.answered && o.resumed == (resume && i > 0));
                                        SSL_SESSION_free(session);
                                        session = o.session;
                                }
                                SSL_SESSION_free(session);
                                us[resume] = (server_cpu_us(&f) - start) / 300;
                        }
                        print_message("%s%s: full %.0f us, resumed %.0f us\n", version == TLS1_2_VERSION ? "TLS 1.2" : "TLS 1.3",
                                      clients == TLS_CLIENTS_OFF ? "" : " with client certificate", us[0], us[1]);
                        SSL_CTX_free(ctx);
                }
                fixture_stop(&f);
        }
        local_key_close(key);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(key_held_elsewhere),
                cmocka_unit_test(p384_too),
                cmocka_unit_test(no_key_or_another_key),
                cmocka_unit_test(signer_does_not_answer),
                cmocka_unit_test(client_certificates),
                cmocka_unit_test(the_peer_is_named),
                cmocka_unit_test(resumes_on_another_loop),
                cmocka_unit_test(client_key_held_elsewhere),
                cmocka_unit_test(peers_we_do_not_serve),
                cmocka_unit_test(not_a_handshake),
                cmocka_unit_test(wrong_files),
                cmocka_unit_test(measure),
        };
        pki = getenv("EGOV_PKI");
        if (!pki) {
                print_message("skipped: EGOV_PKI is not set\n");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
