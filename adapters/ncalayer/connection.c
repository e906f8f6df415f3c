/* Every event ends in pump(): read what there is, answer, write what fits, then poll for what is missing. */
#include "adapters/ncalayer/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/err.h>

#include "gateway/base/text.h"

#define HANDSHAKE_MS 10000
#define END_MS 1000
#define MESSAGE_MAX ((size_t)32 << 20) /* a signed document of 10 MiB in base64 in JSON, with room */
#define WELCOME "{\"result\":{\"version\":\"1.4\"}}"

static void on_poll(uv_poll_t *poll, int status, int events);
static void pump(struct connection *c);

static void on_handle_closed(uv_handle_t *handle)
{
        struct connection *c = handle->data;
        if (--c->open_handles > 0)
                return;
        http_parser_done(&c->parser);
        ws_reader_done(&c->reader);
        buf_done(&c->out);
        buf_done(&c->waiting);
        free(c);
}

static void drop(struct connection *c)
{
        if (c->state == CONNECTION_GONE)
                return;
        c->state = CONNECTION_GONE;
        *(c->previous ? &c->previous->next : &c->all->first) = c->next;
        if (c->next)
                c->next->previous = c->previous;
        c->all->count--;
        uv_close((uv_handle_t *)&c->poll, on_handle_closed);
        uv_close((uv_handle_t *)&c->timer, on_handle_closed);
        SSL_free(c->ssl);
        close(c->fd);
}

/* ---- bytes ---- */

enum { IO_AGAIN = 0, IO_ENDED = -1 };

/* > 0 bytes, IO_AGAIN, or IO_ENDED. */
static int sort_result(struct connection *c, int rc)
{
        int error = SSL_get_error(c->ssl, rc);
        if (rc > 0)
                return rc;
        ERR_clear_error();
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? IO_AGAIN : IO_ENDED;
}

/* False when the connection is gone. */
static bool flush(struct connection *c)
{
        while (c->out_at < c->out.n) {
                size_t left = c->out.n - c->out_at;
                int put = sort_result(c, SSL_write(c->ssl, c->out.p + c->out_at, left > 1 << 20 ? 1 << 20 : (int)left));
                if (put == IO_ENDED)
                        drop(c);
                if (put <= 0)
                        return put == IO_AGAIN;
                c->out_at += (size_t)put;
        }
        buf_reset(&c->out);
        c->out_at = 0;
        if (c->state == CONNECTION_ENDING) {
                SSL_shutdown(c->ssl);
                drop(c);
                return false;
        }
        return true;
}

/* ---- messages ---- */

static void on_end(uv_timer_t *timer)
{
        drop(timer->data);
}

void connection_end(struct connection *c, unsigned status)
{
        if (c->state == CONNECTION_GONE || c->state == CONNECTION_ENDING)
                return;
        if (c->state == CONNECTION_OPEN)
                ws_write_close(&c->out, status);
        c->state = CONNECTION_ENDING;
        uv_timer_start(&c->timer, on_end, END_MS, 0);
        gw_ignore(flush(c)); /* what does not fit now goes by the poll, until the timer */
}

static void on_thought(uv_timer_t *timer)
{
        struct connection *c = timer->data;
        c->thinking = false;
        ws_write(&c->out, WS_TEXT, buf_span(&c->waiting));
        buf_reset(&c->waiting);
        pump(c);
}

static void answer(struct connection *c, struct span message)
{
        struct modules_answer a;
        modules_answer(c->all->modules, message, &a);
        if (a.cut)
                drop(c);
        else if (a.delay_ms == 0)
                ws_write(&c->out, WS_TEXT, buf_span(&a.text));
        else {
                buf_add_span(&c->waiting, buf_span(&a.text));
                c->thinking = true;
                uv_timer_start(&c->timer, on_thought, (uint64_t)a.delay_ms, 0);
        }
        buf_done(&a.text);
}

static void take_messages(struct connection *c)
{
        struct span payload;
        unsigned status = 0;
        while (c->state == CONNECTION_OPEN && !c->thinking) {
                switch (ws_next(&c->reader, &payload, &status)) {
                case WS_NEED_MORE:
                        return;
                case WS_MESSAGE:
                        answer(c, payload);
                        break;
                case WS_PINGED:
                        ws_write(&c->out, WS_PONG, payload);
                        break;
                case WS_CLOSED:
                case WS_BROKEN:
                        connection_end(c, status);
                        return;
                }
        }
}

/* ---- the handshake ---- */

/* Whether a comma-separated header holds the word. */
static bool lists(const char *value, const char *word)
{
        size_t n = strlen(word);
        for (const char *p = value; p && *p; p += strcspn(p, ","), p += *p == ',') {
                p += strspn(p, " \t");
                size_t length = strcspn(p, ", \t");
                if (length == n && strncasecmp(p, word, n) == 0)
                        return true;
        }
        return false;
}

static void refuse(struct connection *c, const char *status, const char *headers)
{
        const char *text = "NCALayer TEST: this is a WebSocket for the pages of the console.\n";
        buf_printf(&c->out, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n%s", status, strlen(text), headers, text);
        connection_end(c, 0);
}

/* RFC 6455 4.2.1. A person who opens the address in a browser, to trust its certificate, gets a page. */
static void shake_hands(struct connection *c)
{
        struct http_request request = {0};
        auto_buf struct buf accept = BUF_LIMIT(64);
        http_parser_request(&c->parser, &request);
        const char *key = http_request_header(&request, "sec-websocket-key");
        if (!str_eq(request.method, "GET") || !str_eq(request.path, "/")) {
                refuse(c, "404 Not Found", "");
                return;
        }
        if (!lists(http_request_header(&request, "upgrade"), "websocket")) {
                refuse(c, "200 OK", "");
                return;
        }
        if (!str_eq(http_request_header(&request, "sec-websocket-version"), "13")) {
                refuse(c, "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n");
                return;
        }
        if (!lists(http_request_header(&request, "connection"), "upgrade") || !key || !ws_accept(key, &accept)) {
                refuse(c, "400 Bad Request", "");
                return;
        }
        buf_printf(&c->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", buf_cstr(&accept));
        ws_write(&c->out, WS_TEXT, span_str(WELCOME));
        c->state = CONNECTION_OPEN;
        uv_timer_stop(&c->timer);
}

static void take_head(struct connection *c, struct span bytes)
{
        size_t taken = http_parser_feed(&c->parser, bytes);
        if (c->parser.state == HTTP_PARSE_REFUSED)
                refuse(c, "400 Bad Request", "");
        else if (c->parser.state == HTTP_PARSE_DONE)
                shake_hands(c);
        if (c->state == CONNECTION_OPEN)
                ws_feed(&c->reader, span_of(bytes.p + taken, bytes.n - taken));
}

/* ---- events ---- */

static bool finish_tls(struct connection *c)
{
        int rc = sort_result(c, SSL_accept(c->ssl));
        if (rc == IO_ENDED)
                drop(c);
        if (rc > 0)
                c->state = CONNECTION_HEAD;
        return rc > 0;
}

static void pump(struct connection *c)
{
        uint8_t bytes[16384];
        ERR_clear_error();
        if (c->state == CONNECTION_TLS && !finish_tls(c))
                return;
        take_messages(c); /* what came while the person was thinking */
        while ((c->state == CONNECTION_HEAD || c->state == CONNECTION_OPEN) && !c->thinking) {
                int got = sort_result(c, SSL_read(c->ssl, bytes, sizeof bytes));
                if (got == IO_ENDED)
                        drop(c);
                if (got <= 0)
                        break;
                if (c->state == CONNECTION_HEAD)
                        take_head(c, span_of(bytes, (size_t)got));
                else
                        ws_feed(&c->reader, span_of(bytes, (size_t)got));
                take_messages(c);
        }
        if (c->state == CONNECTION_GONE || !flush(c))
                return;
        /* A level-triggered poll would not rest while the person thinks and bytes wait; a peer that goes meanwhile is noticed with the answer. */
        int events = (c->thinking ? 0 : UV_READABLE) | (c->out.n > c->out_at ? UV_WRITABLE : 0);
        if (events)
                uv_poll_start(&c->poll, events, on_poll);
        else
                uv_poll_stop(&c->poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
        struct connection *c = poll->data;
        (void)events;
        if (status < 0)
                drop(c);
        else if (c->state == CONNECTION_ENDING)
                gw_ignore(flush(c)); /* it frees itself with the last byte */
        else
                pump(c);
}

void connection_start(struct connections *all, int fd)
{
        struct connection *c = xcalloc(1, sizeof *c);
        *c = (struct connection){.all = all, .next = all->first, .open_handles = 2, .fd = fd, .ssl = SSL_new(all->tls), .out = BUF_INIT, .waiting = BUF_INIT};
        GW_ASSERT(c->ssl && SSL_set_fd(c->ssl, fd) == 1);
        SSL_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        http_parser_init(&c->parser, &all->limits);
        ws_reader_init(&c->reader, MESSAGE_MAX);
        GW_ASSERT(uv_poll_init(all->loop, &c->poll, fd) == 0 && uv_timer_init(all->loop, &c->timer) == 0);
        c->poll.data = c->timer.data = c;
        if (all->first)
                all->first->previous = c;
        all->first = c;
        all->count++;
        uv_timer_start(&c->timer, on_end, HANDSHAKE_MS, 0);
        uv_poll_start(&c->poll, UV_READABLE, on_poll);
}
