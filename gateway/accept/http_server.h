/* The HTTP/1.1 (and TLS) server: llhttp in strict mode on libuv, OpenSSL for TLS. It knows bytes, limits and deadlines;
 * what a path means is the handler's business.
 *
 * A connection has deadlines for TLS handshake, headers, body and idle keep-alive, each counted from its start and not from the
 * last byte (slow-loris). Malformed HTTP (two Content-Length, Content-Length with Transfer-Encoding, bare LF, folded header lines,
 * bad chunk, unknown transfer coding, missing or double Host, control characters …) gets 400 and the connection is closed.
 * `Expect: 100-continue` is answered once the headers are accepted (a too large Content-Length gets 413 instead); chunked bodies are
 * joined. Pipelined requests are answered in order, one at a time. HTTP/1.0 is answered and closed. Upgrade is ignored, trailers
 * are refused; any method token reaches the handler. SIGPIPE must be ignored by the process (TLS writes). */
#ifndef GW_ACCEPT_HTTP_SERVER_H
#define GW_ACCEPT_HTTP_SERVER_H

#include <openssl/ssl.h>
#include <uv.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"

struct http_limits {
        size_t header_bytes_max;  /* 16 KiB: request line and headers together; beyond: 431 */
        unsigned header_count_max; /* 64 */
        size_t body_max;          /* 10 MiB; beyond: 413 */
        int handshake_ms, header_ms, body_ms, idle_ms; /* 5,000 10,000 30,000 60,000 */
        int handler_ms;           /* longest a handler may take before 503: 60,000 */
        unsigned connections_max;          /* per server object (loop); beyond: 503 + Retry-After and closed */
        unsigned connections_per_peer_max; /* per source address and loop */
        unsigned requests_per_connection_max; /* 10,000: then Connection: close */
        size_t buffered_max;      /* bytes of unparsed pipelined input kept while a handler works: 64 KiB, then reading stops */
};
extern const struct http_limits http_limits_default;

struct http_header { const char *name, *value; }; /* name in lower case */
struct http_peer {
        char address[64];             /* "127.0.0.1:51000" */
        const char *listener;         /* its name in the configuration */
        bool tls;
        X509 *certificate;            /* verified client certificate, or NULL; borrowed for the life of the request */
};
struct http_request {
        const char *method;           /* "GET" … upper case */
        const char *path;             /* decoded once; "/.." segments, encoded slashes, NUL and control characters were refused */
        const char *query;            /* raw, without '?'; "" when absent */
        const struct http_header *headers;
        size_t header_count;
        struct span body;
        const struct http_peer *peer;
        struct wall_time received_at;
};
const char *http_request_header(const struct http_request *request, const char *lower_case_name); /* NULL when absent */

/* One request and its answer. Valid from the handler's call until http_reply(), even when the peer is gone by then (the answer
 * is then dropped). Reply exactly once, from the same loop's thread, inside the handler or any time later. */
struct http_exchange;
const struct http_request *http_exchange_request(const struct http_exchange *exchange);
uv_loop_t *http_exchange_loop(const struct http_exchange *exchange);
struct http_reply {
        int status;
        const char *content_type;
        struct span body;             /* copied */
        const struct http_header *headers; /* further headers; values are checked for CR/LF */
        size_t header_count;
        bool close;
};
void http_reply(struct http_exchange *exchange, const struct http_reply *reply);

typedef void (*http_handler)(void *ctx, struct http_exchange *exchange);
/* Answers that the server itself must give (400, 408, 413, 417, 431, 500, 503, 505): called to fill the body in the project's
 * error format. */
typedef void (*http_error_writer)(void *ctx, int status, const struct http_peer *peer, struct buf *body, const char **ret_content_type);

struct http_server; /* one per loop */
struct http_server_options {
        uv_loop_t *loop;
        const struct http_limits *limits; /* copied */
        http_handler handler;
        http_error_writer error_writer;   /* may be NULL */
        void *ctx;
};
struct http_server *http_server_new(const struct http_server_options *options);
/* Takes over a listening socket (already bound and listening). tls: NULL for plain; the SSL_CTX is up-ref'd. */
GW_MUST_CHECK bool http_server_listen(struct http_server *server, const char *name, int fd, SSL_CTX *tls);
/* Stops accepting, closes idle connections, answers what is in flight with Connection: close; done() once no connection is left
 * or after limit_ms, when what is left is closed. */
void http_server_drain(struct http_server *server, int limit_ms, void (*done)(void *arg), void *arg);
void http_server_free(struct http_server *server); /* after drain's done */
unsigned http_server_connections(const struct http_server *server);

/* Binds and listens: address, port (0 = any; *ret_port tells), count sockets with SO_REUSEPORT, TCP_NODELAY, CLOEXEC, non-blocking. */
GW_MUST_CHECK bool http_bind(const char *address, int port, size_t count, int *ret_fds, int *ret_port, char error[160]);

#endif
