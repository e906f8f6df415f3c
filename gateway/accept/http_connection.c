/* One connection: its states, its deadlines, and the order read → parse → handler → write.
 *
 * Every event ends in pump(), which runs the connection as far as it goes without blocking and then sets poll and timer for
 * the state it stopped in. Nothing below frees a connection in the middle of an event: closing is libuv's later callback. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "gateway/accept/http_priv.h"

enum {
        LINGER_MS = 2000,
        LINGER_BYTES_MAX = 16 << 20, /* a peer that sends its 10 MiB before it reads its 413 still gets it */
        READS_PER_EVENT = 16,        /* then the other connections have their turn; … */
        REQUESTS_PER_EVENT = 16,     /* … likewise after so many pipelined requests, each of which may cost a millisecond */
        KEPT_BUFFER_MAX = 64 << 10,
};

static void receive(struct http_conn *conn);
static void on_poll(uv_poll_t *poll, int status, int events);
static void on_deadline(uv_timer_t *timer);

static struct http_conn *conn_of(void *data)
{
        struct http_conn *conn = data;
        GW_ASSERT(conn->magic == HTTP_CONN_MAGIC);
        return conn;
}

/* Memory goes when libuv is done with the handles and the handler with the request. */
static void free_when_unused(struct http_conn *conn)
{
        if (conn->open_handles > 0 || conn->exchange.open)
                return;
        if (conn->server)
                http_server_forget(conn);
        X509_free(conn->peer.certificate);
        free(conn->listener_name);
        http_parser_done(&conn->parser);
        buf_done(&conn->in);
        buf_done(&conn->out);
        conn->magic = 0;
        free(conn);
}

static void on_handle_closed(uv_handle_t *handle)
{
        struct http_conn *conn = conn_of(handle->data);
        conn->open_handles--;
        free_when_unused(conn);
}

void http_conn_close(struct http_conn *conn)
{
        if (conn->state == CONN_GONE)
                return;
        conn->state = CONN_GONE;
        uv_close((uv_handle_t *)&conn->poll, on_handle_closed);
        uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
        SSL_free(gw_take(&conn->ssl));
        close(conn->fd);
        conn->fd = -1;
}

static size_t buffered(const struct http_conn *conn)
{
        return conn->in.n - conn->in_at;
}

static void drop_input(struct http_conn *conn)
{
        buf_done(&conn->in);
        conn->in_at = 0;
        conn->unread = false;
}

static void linger(struct http_conn *conn)
{
        if (conn->peer_eof) {
                http_io_half_close(conn);
                http_conn_close(conn);
                return;
        }
        drop_input(conn);
        http_io_half_close(conn);
        conn->state = CONN_LINGERING;
}

/* True when everything is written. */
static bool flush(struct http_conn *conn)
{
        while (conn->out_at < conn->out.n) {
                ssize_t put = http_io_write(conn, conn->out.p + conn->out_at, conn->out.n - conn->out_at);
                if (put == HTTP_IO_ERROR)
                        http_conn_close(conn);
                if (put < 0)
                        return false;
                conn->out_at += (size_t)put;
        }
        conn->out_at = 0;
        buf_reset(&conn->out);
        if (conn->out.cap > KEPT_BUFFER_MAX)
                buf_done(&conn->out);
        return true;
}

static void answer_error(struct http_conn *conn, int status)
{
        http_reply_error(conn, status);
        conn->state = CONN_WRITING;
}

static void dispatch(struct http_conn *conn)
{
        struct http_server *server = conn->server;
        conn->requests++;
        conn->turn++;
        if (!conn->parser.keep_alive || server->draining || conn->requests >= server->limits.requests_per_connection_max)
                conn->close_after = true;
        http_parser_request(&conn->parser, &conn->exchange.request);
        conn->exchange.request.peer = &conn->peer;
        conn->exchange.request.received_at = wall_now();
        conn->exchange.conn = conn;
        conn->exchange.open = true;
        conn->state = CONN_WORKING;
        server->handler(server->ctx, &conn->exchange);
}

static void feed_buffered(struct http_conn *conn)
{
        if (buffered(conn) == 0)
                return;
        conn->in_at += http_parser_feed(&conn->parser, span_of(conn->in.p + conn->in_at, buffered(conn)));
        if (buffered(conn) == 0) {
                buf_done(&conn->in);
                conn->in_at = 0;
        }
}

/* RFC 9110 10.1.1: once the head is accepted, unless the body is already on its way. */
static void send_continue(struct http_conn *conn)
{
        if (!conn->parser.continue_expected)
                return;
        conn->parser.continue_expected = false;
        if (conn->parser.framed_bytes > 0)
                return;
        buf_add_str(&conn->out, "HTTP/1.1 100 Continue\r\n\r\n");
        gw_ignore(flush(conn)); /* the rest goes when the socket takes it */
}

/* True when the state changed. */
static bool step_reading(struct http_conn *conn)
{
        if (conn->turn >= REQUESTS_PER_EVENT && buffered(conn) > 0)
                return false;
        if (conn->parser.state != HTTP_PARSE_DONE && conn->parser.state != HTTP_PARSE_REFUSED)
                feed_buffered(conn);
        switch (conn->parser.state) {
        case HTTP_PARSE_DONE:
                dispatch(conn);
                return true;
        case HTTP_PARSE_REFUSED:
                answer_error(conn, conn->parser.refused);
                return true;
        case HTTP_PARSE_IDLE:
                if (conn->peer_eof)
                        http_conn_close(conn);
                return false;
        case HTTP_PARSE_HEAD:
        case HTTP_PARSE_BODY:
                send_continue(conn);
                if (conn->peer_eof && conn->state == CONN_READING) {
                        answer_error(conn, 400); /* cut short */
                        return true;
                }
                return false;
        }
        return false;
}

static bool step_writing(struct http_conn *conn)
{
        if (!flush(conn))
                return false;
        if (conn->close_after) {
                linger(conn);
                return false;
        }
        http_parser_reset(&conn->parser);
        conn->state = CONN_READING;
        return true;
}

/* As far as it goes with what has been received. Pipelined requests come one after the other through here. */
static void run(struct http_conn *conn)
{
        bool on = true;
        conn->running = true;
        while (on) {
                if (conn->state == CONN_READING)
                        on = step_reading(conn);
                else
                        on = conn->state == CONN_WRITING && step_writing(conn);
        }
        conn->running = false;
}

/* The parser takes what it can straight from the read buffer; what lies behind a whole request waits in conn->in. */
static void take(struct http_conn *conn, struct span got)
{
        size_t taken = 0;
        if (conn->state == CONN_READING && buffered(conn) == 0)
                taken = http_parser_feed(&conn->parser, got);
        if (taken == got.n)
                return;
        if (conn->in_at > 0) {
                memmove(conn->in.p, conn->in.p + conn->in_at, buffered(conn));
                conn->in.n -= conn->in_at;
                conn->in_at = 0;
        }
        buf_add(&conn->in, got.p + taken, got.n - taken);
        GW_ASSERT(!buf_failed(&conn->in)); /* reads are never larger than its room */
}

/* One read; false when there is nothing more to do now. */
static bool receive_once(struct http_conn *conn)
{
        struct http_server *server = conn->server;
        size_t room = server->limits.buffered_max - buffered(conn);
        if (room > sizeof(server->scratch))
                room = sizeof(server->scratch);
        if (room == 0) {
                conn->unread = true;
                return false;
        }
        ssize_t got = http_io_read(conn, server->scratch, room);
        if (got == HTTP_IO_ERROR)
                http_conn_close(conn);
        if (got < 0)
                return false;
        conn->peer_eof = got == 0;
        take(conn, span_of(server->scratch, (size_t)got));
        run(conn);
        if (http_io_pending(conn))
                conn->unread = true; /* OpenSSL holds bytes that no poll will report */
        return got > 0 && ((size_t)got == room || conn->unread);
}

static void receive(struct http_conn *conn)
{
        for (int i = 0; i < READS_PER_EVENT; i++) {
                if (conn->peer_eof || (conn->state != CONN_READING && conn->state != CONN_WORKING))
                        return;
                conn->unread = false;
                if (!receive_once(conn))
                        return;
        }
}

enum phase { PHASE_HANDSHAKE, PHASE_FRESH, PHASE_IDLE, PHASE_HEAD, PHASE_BODY, PHASE_WORKING, PHASE_WRITING, PHASE_LINGERING, PHASE_COUNT };

static enum phase phase_of(const struct http_conn *conn)
{
        switch (conn->state) {
        case CONN_HANDSHAKE:
                return PHASE_HANDSHAKE;
        case CONN_READING:
                if (conn->parser.state == HTTP_PARSE_IDLE)
                        return conn->requests == 0 ? PHASE_FRESH : PHASE_IDLE;
                return conn->parser.state == HTTP_PARSE_HEAD ? PHASE_HEAD : PHASE_BODY;
        case CONN_WORKING:
                return PHASE_WORKING;
        case CONN_WRITING:
                return PHASE_WRITING;
        case CONN_LINGERING:
        case CONN_GONE:
                return PHASE_LINGERING;
        }
        return PHASE_LINGERING;
}

/* The timer is set when a phase begins and never pushed on by single bytes. */
static void arm_timer(struct http_conn *conn)
{
        const struct http_limits *limits = &conn->server->limits;
        const int limit_ms[PHASE_COUNT] = {
                [PHASE_HANDSHAKE] = limits->handshake_ms, [PHASE_FRESH] = limits->header_ms, [PHASE_IDLE] = limits->idle_ms,
                [PHASE_HEAD] = limits->header_ms,         [PHASE_BODY] = limits->body_ms,    [PHASE_WORKING] = limits->handler_ms,
                [PHASE_WRITING] = limits->body_ms,        [PHASE_LINGERING] = LINGER_MS,
        };
        enum phase phase = phase_of(conn);
        int armed = 1 + (int)phase + PHASE_COUNT * (int)conn->requests;
        if (armed == conn->armed)
                return;
        conn->armed = armed;
        uv_update_time(conn->loop); /* a handler may have kept the loop for a while */
        uv_timer_start(&conn->timer, on_deadline, (uint64_t)limit_ms[phase], 0);
}

static int events_of(const struct http_conn *conn)
{
        int unsent = conn->out.n > conn->out_at ? UV_WRITABLE : 0;
        switch (conn->state) {
        case CONN_HANDSHAKE:
                return conn->ssl_wants ? conn->ssl_wants : UV_READABLE;
        case CONN_READING:
                /* Work left inside us: a socket that can be written to is the way to be called again. */
                return UV_READABLE | unsent | conn->ssl_wants | (conn->unread || buffered(conn) > 0 ? UV_WRITABLE : 0);
        case CONN_WORKING:
                if (conn->peer_eof || buffered(conn) >= conn->server->limits.buffered_max)
                        return unsent;
                return UV_READABLE | unsent | conn->ssl_wants;
        case CONN_WRITING:
                return conn->ssl && SSL_want_read(conn->ssl) ? UV_READABLE : UV_WRITABLE;
        case CONN_LINGERING:
                return UV_READABLE;
        case CONN_GONE:
                break;
        }
        return 0;
}

static void arm_poll(struct http_conn *conn)
{
        int events = events_of(conn);
        if (events == conn->events)
                return;
        conn->events = events;
        if (events == 0)
                uv_poll_stop(&conn->poll);
        else
                uv_poll_start(&conn->poll, events, on_poll);
}

static void pump(struct http_conn *conn)
{
        if (conn->running) /* a handler called back in; run() goes on after it */
                return;
        run(conn);
        if (conn->unread && conn->state == CONN_READING)
                receive(conn);
        if (conn->state == CONN_GONE)
                return;
        arm_timer(conn);
        arm_poll(conn);
}

static void start_reading(struct http_conn *conn)
{
        conn->state = CONN_READING;
        conn->unread = conn->ssl != NULL; /* a request may have come with the handshake's last bytes */
        if (conn->refused)
                answer_error(conn, 503);
}

static void shake_hands(struct http_conn *conn)
{
        int rc = http_io_handshake(conn);
        if (rc == HTTP_IO_ERROR)
                http_conn_close(conn); /* OpenSSL has sent its alert */
        if (rc < 0)
                return;
        /* An invalid certificate has failed the handshake; a resumed session carries the certificate it was made with. */
        if (SSL_get_verify_result(conn->ssl) == X509_V_OK)
                conn->peer.certificate = SSL_get1_peer_certificate(conn->ssl);
        start_reading(conn);
}

static void discard(struct http_conn *conn)
{
        for (int i = 0; i < READS_PER_EVENT; i++) {
                ssize_t got = http_io_discard(conn);
                if (got == HTTP_IO_AGAIN)
                        return;
                conn->lingered += got > 0 ? (size_t)got : 0;
                if (got <= 0 || conn->lingered > LINGER_BYTES_MAX) {
                        http_conn_close(conn);
                        return;
                }
        }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
        struct http_conn *conn = conn_of(poll->data);
        conn->turn = 0;
        if (status < 0)
                http_conn_close(conn);
        else if (conn->state == CONN_HANDSHAKE)
                shake_hands(conn);
        else if (conn->state == CONN_LINGERING)
                discard(conn);
        else {
                if (conn->state != CONN_WRITING && (events & UV_WRITABLE))
                        gw_ignore(flush(conn)); /* a "100 Continue" that did not fit */
                receive(conn);
        }
        if (conn->state != CONN_GONE)
                pump(conn);
}

static void on_deadline(uv_timer_t *timer)
{
        struct http_conn *conn = conn_of(timer->data);
        switch (conn->state) {
        case CONN_READING:
                if (conn->parser.state == HTTP_PARSE_IDLE)
                        http_conn_close(conn);
                else
                        answer_error(conn, 408);
                break;
        case CONN_WORKING:
                answer_error(conn, 503); /* the exchange stays valid until the handler's late answer, which is dropped */
                break;
        case CONN_HANDSHAKE:
        case CONN_WRITING:
        case CONN_LINGERING:
        case CONN_GONE:
                http_conn_close(conn);
                break;
        }
        if (conn->state != CONN_GONE)
                pump(conn);
}

void http_conn_replied(struct http_conn *conn)
{
        if (conn->state == CONN_GONE) {
                free_when_unused(conn);
                return;
        }
        if (conn->state == CONN_WORKING)
                conn->state = CONN_WRITING;
        if (!conn->running)
                conn->turn = 0;
        pump(conn);
}

void http_conn_drain(struct http_conn *conn)
{
        if (conn->state == CONN_GONE)
                return;
        if (conn->state == CONN_HANDSHAKE) {
                http_conn_close(conn);
                return;
        }
        /* A request may lie in the socket already: it is answered rather than reset. */
        if (conn->state == CONN_READING && conn->parser.state == HTTP_PARSE_IDLE)
                receive(conn);
        conn->close_after = true;
        if (conn->state == CONN_READING && conn->parser.state == HTTP_PARSE_IDLE)
                http_conn_close(conn);
        if (conn->state != CONN_GONE)
                pump(conn);
}

struct http_conn *http_conn_new(struct http_listener *listener, int fd, const struct http_peer *peer, const struct in6_addr *key,
        bool refused)
{
        struct http_server *server = listener->server;
        struct http_conn *conn = xcalloc(1, sizeof(*conn));
        char *name = xstrdup(listener->name); /* a listener goes at drain, its connections later */
        *conn = (struct http_conn){
                .magic = HTTP_CONN_MAGIC, .server = server, .loop = server->loop, .open_handles = 2, .fd = fd,
                .state = CONN_HANDSHAKE, .peer = *peer, .peer_key = *key, .refused = refused,
                .in = BUF_LIMIT(server->limits.buffered_max), .out = BUF_INIT, .listener_name = name,
        };
        conn->peer.listener = name;
        conn->peer.tls = listener->tls != NULL;
        http_parser_init(&conn->parser, &server->limits);
        GW_ASSERT(uv_poll_init(server->loop, &conn->poll, fd) == 0 && uv_timer_init(server->loop, &conn->timer) == 0);
        conn->poll.data = conn->timer.data = conn;
        if (listener->tls) {
                ERR_clear_error();
                conn->ssl = SSL_new(listener->tls);
                if (!conn->ssl || SSL_set_fd(conn->ssl, fd) != 1)
                        http_conn_close(conn);
                else
                        SSL_set_mode(conn->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        } else
                start_reading(conn);
        if (conn->state != CONN_GONE)
                pump(conn);
        return conn;
}
