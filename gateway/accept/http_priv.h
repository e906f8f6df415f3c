/* Shared by http_server.c (listeners, counting, drain), http_connection.c (one connection's states and deadlines),
 * http_io.c (its bytes) and http_reply.c (composing answers). Nobody else includes it. */
#ifndef GW_ACCEPT_HTTP_PRIV_H
#define GW_ACCEPT_HTTP_PRIV_H

#include <netinet/in.h>

#include "gateway/accept/http_parse.h"
#include "gateway/accept/http_server.h"

/* handshake → reading ⇄ (working → writing) → lingering → gone; any state may go to gone. */
enum conn_state {
        CONN_HANDSHAKE,
        CONN_READING,  /* idle, head or body: the parser knows which */
        CONN_WORKING,  /* the handler has the request */
        CONN_WRITING,
        CONN_LINGERING, /* answered and half-closed; what still comes is thrown away so that the answer is not reset */
        CONN_GONE,      /* socket closed; memory waits for libuv's handles and for the handler's answer */
};

struct http_exchange {
        struct http_conn *conn;
        struct http_request request;
        bool open; /* from the handler's call until http_reply() */
};

#define HTTP_CONN_MAGIC 0x68636f6eu
struct http_conn {
        unsigned magic;
        struct http_server *server;    /* NULL once the server is freed */
        struct http_conn *previous, *next;
        uv_loop_t *loop;
        uv_poll_t poll;
        uv_timer_t timer;
        unsigned open_handles;
        int fd;
        SSL *ssl;
        int ssl_wants;                 /* UV_WRITABLE when OpenSSL cannot go on reading before it has written; else 0 */
        enum conn_state state;
        struct http_peer peer;
        struct in6_addr peer_key;
        char *listener_name;
        struct http_parser parser;
        struct buf in;                 /* received, not parsed: at most limits.buffered_max */
        size_t in_at;
        struct buf out;
        size_t out_at;
        size_t lingered;
        unsigned requests, turn;       /* in all; in this event */
        bool refused;                  /* accepted over the limit only to be told 503 */
        bool peer_eof, close_after, running;
        bool unread;                   /* reading stopped although the socket (or OpenSSL) may hold more */
        int armed, events;             /* what timer and poll are set for, so that deadlines count from a phase's start */
        struct http_exchange exchange;
};

struct http_listener {
        struct http_listener *next;
        struct http_server *server;
        uv_poll_t poll;
        int fd;
        char *name;
        SSL_CTX *tls;
};

#define HTTP_PEER_BUCKETS 256
struct http_peer_count {
        struct http_peer_count *next;
        struct in6_addr key;
        unsigned count;
};

#define HTTP_SERVER_MAGIC 0x68747470u
struct http_server {
        unsigned magic;
        uv_loop_t *loop;
        struct http_limits limits;
        http_handler handler;
        http_error_writer error_writer;
        void *ctx;
        struct http_listener *listeners;
        struct http_conn *conns;
        unsigned conn_count, refused_count;
        struct http_peer_count *peers[HTTP_PEER_BUCKETS];
        uv_timer_t timer;              /* drain's limit and its report; before drain: resumes accepting after EMFILE */
        bool draining;
        void (*drained)(void *arg);
        void *drained_arg;
        int64_t date_second;
        char date[40];
        uint8_t scratch[64 << 10];     /* one read of any connection; nothing lives here between events */
};

/* http_server.c */
void http_server_forget(struct http_conn *conn); /* the connection's socket and memory are gone */

/* http_connection.c */
struct http_conn *http_conn_new(struct http_listener *listener, int fd, const struct http_peer *peer, const struct in6_addr *key,
        bool refused);
void http_conn_drain(struct http_conn *conn);
void http_conn_close(struct http_conn *conn);   /* at once */
void http_conn_replied(struct http_conn *conn); /* the answer lies in conn->out */

/* http_io.c: > 0 bytes, 0 = end of stream, HTTP_IO_AGAIN, HTTP_IO_ERROR */
enum { HTTP_IO_AGAIN = -1, HTTP_IO_ERROR = -2 };
int http_io_handshake(struct http_conn *conn); /* 1 = done */
ssize_t http_io_read(struct http_conn *conn, uint8_t *to, size_t n);
ssize_t http_io_write(struct http_conn *conn, const uint8_t *from, size_t n);
bool http_io_pending(const struct http_conn *conn); /* bytes already taken from the socket but not read */
ssize_t http_io_discard(struct http_conn *conn);
void http_io_half_close(struct http_conn *conn);

/* http_reply.c */
void http_reply_compose(struct http_conn *conn, const struct http_reply *reply);
void http_reply_error(struct http_conn *conn, int status); /* in the project's error format; always closes */

#endif
