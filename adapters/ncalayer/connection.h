/* One browser's connection: TLS, the handshake of RFC 6455, then messages, answered one at a time. For adapters/ncalayer only. */
#ifndef EGOV_NCALAYER_CONNECTION_H
#define EGOV_NCALAYER_CONNECTION_H

#include <openssl/ssl.h>
#include <uv.h>

#include "adapters/ncalayer/frame.h"
#include "adapters/ncalayer/modules.h"
#include "gateway/accept/http_parse.h"

enum connection_state { CONNECTION_TLS, CONNECTION_HEAD, CONNECTION_OPEN, CONNECTION_ENDING, CONNECTION_GONE };

struct connections {
        uv_loop_t *loop;
        SSL_CTX *tls;
        struct modules *modules;
        struct http_limits limits;
        struct connection *first;
        unsigned count;
};
struct connection {
        struct connections *all;
        struct connection *previous, *next;
        uv_poll_t poll;
        uv_timer_t timer; /* the handshake's deadline; then of an answer that waits; then of the end */
        unsigned open_handles;
        int fd;
        SSL *ssl;
        enum connection_state state;
        struct http_parser parser;
        struct ws_reader reader;
        struct buf out, waiting; /* waiting: an answer for whose time the person "thinks" */
        size_t out_at;
        bool thinking;
};

/* Takes over the socket. Memory goes when libuv is done with it. */
void connection_start(struct connections *all, int fd);
/* Ends politely: a close frame when there is somebody to read it. */
void connection_end(struct connection *connection, unsigned status);

#endif
