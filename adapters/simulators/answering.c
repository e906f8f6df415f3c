/* Sends an answer, on time or late, whole or not.
 *
 * What HTTP cannot express (half an answer, no answer, a drip) is done on the connection's own socket, which is found by its peer
 * address; the HTTP server then sees a broken connection, as its peer does. Under TLS no plain bytes may be mixed in: cut and slow then
 * close without any. This costs nothing as long as nobody asks for a fault. */
#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/simulators/simulator.h"
#include "gateway/base/text.h"

#define TIMEOUT_HOLD_MS 600000 /* longer than anybody waits */

struct held {
        struct held **list, *previous, *next;
        uv_timer_t timer;
        struct http_exchange *exchange;
        int status;
        const char *content_type; /* static */
        struct buf body;
        int fd;          /* slow: a duplicate of the connection's socket, else -1 */
        size_t at;
};

static void reply(struct http_exchange *exchange, const char *content_type, int status, struct span body)
{
        http_reply(exchange, &(struct http_reply){.status = status, .content_type = content_type, .body = body});
}

/* ---- the socket under an exchange ---- */

static bool is_peer(int fd, const char *address)
{
        struct sockaddr_in in;
        socklen_t size = sizeof in;
        char host[INET_ADDRSTRLEN], text[64];
        if (getpeername(fd, (struct sockaddr *)&in, &size) != 0 || size != sizeof in || in.sin_family != AF_INET)
                return false;
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        snprintf(text, sizeof text, "%s:%u", host, (unsigned)ntohs(in.sin_port));
        return str_eq(text, address);
}

/* A duplicate, so that it stays ours whatever the server does; -1 when the peer is gone. */
static int socket_of(const struct http_exchange *exchange)
{
        const char *address = http_exchange_request(exchange)->peer->address;
        DIR *dir = opendir("/proc/self/fd");
        int found = -1;
        for (const struct dirent *entry; dir && found < 0 && (entry = readdir(dir));) {
                uint64_t fd = 0;
                if (text_to_u64(entry->d_name, 0, INT32_MAX, &fd) && is_peer((int)fd, address))
                        found = dup((int)fd);
        }
        if (dir)
                closedir(dir);
        return found;
}

static void write_head(struct buf *out, const char *content_type, int status, size_t length)
{
        buf_printf(out, "HTTP/1.1 %d On Demand\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status, content_type, length);
}

/* Half of the answer (cut) or nothing (refuse), then the end of the connection. */
static void break_off(const struct answering *a, int status, struct span body)
{
        auto_fd int fd = socket_of(a->exchange);
        if (fd >= 0 && a->manner == FAULT_CUT && !http_exchange_request(a->exchange)->peer->tls) {
                auto_buf struct buf out = BUF_INIT;
                write_head(&out, a->content_type, status, body.n);
                buf_add(&out, body.p, body.n / 2);
                gw_ignore(send(fd, out.p, out.n, MSG_NOSIGNAL) < 0); /* the peer may be gone: the same to us */
        }
        if (fd >= 0)
                shutdown(fd, SHUT_RDWR);
        http_reply(a->exchange, &(struct http_reply){.status = status, .content_type = "text/plain", .close = true});
}

/* ---- answers that wait ---- */

static void on_closed(uv_handle_t *handle)
{
        struct held *h = handle->data;
        buf_done(&h->body);
        free(h);
}

static void finish(struct held *h)
{
        if (h->fd >= 0) {
                shutdown(h->fd, SHUT_RDWR);
                close(h->fd);
        }
        reply(h->exchange, h->content_type, h->status, buf_span(&h->body));
        if (h->next)
                h->next->previous = h->previous;
        *(h->previous ? &h->previous->next : h->list) = h->next;
        uv_close((uv_handle_t *)&h->timer, on_closed);
}

static void on_time(uv_timer_t *timer)
{
        finish(timer->data);
}

static void on_drip(uv_timer_t *timer)
{
        struct held *h = timer->data;
        if (h->fd < 0 || h->at >= h->body.n || send(h->fd, h->body.p + h->at, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
                finish(h);
                return;
        }
        h->at++;
}

static struct held *hold(const struct answering *a, int status, struct span body)
{
        struct simulation *s = a->simulation;
        struct held *h = xcalloc(1, sizeof *h);
        *h = (struct held){.list = &s->held, .next = s->held, .exchange = a->exchange, .status = status, .content_type = a->content_type, .body = BUF_INIT, .fd = -1};
        buf_add_span(&h->body, body);
        if (s->held)
                s->held->previous = h;
        s->held = h;
        GW_ASSERT(uv_timer_init(&s->loop, &h->timer) == 0);
        h->timer.data = h;
        return h;
}

static void drip(const struct answering *a, int status, struct span body)
{
        auto_buf struct buf all = BUF_INIT;
        bool tls = http_exchange_request(a->exchange)->peer->tls;
        write_head(&all, a->content_type, status, body.n);
        buf_add_span(&all, body);
        struct held *h = hold(a, 500, buf_span(&all));
        h->fd = socket_of(a->exchange);
        if (tls) /* nothing can be written: hold as long as the drip would have taken for a few bytes, then close */
                h->at = h->body.n;
        uint64_t ms = a->ms > 0 ? (uint64_t)a->ms : 1;
        uv_timer_start(&h->timer, on_drip, tls ? ms * 10 : 0, ms);
}

void answering_send(const struct answering *a, int status, struct span body)
{
        switch (a->manner) {
        case FAULT_DELAY:
                uv_timer_start(&hold(a, status, body)->timer, on_time, (uint64_t)a->ms, 0);
                return;
        case FAULT_TIMEOUT:
                uv_timer_start(&hold(a, 503, span_str(""))->timer, on_time, TIMEOUT_HOLD_MS, 0);
                return;
        case FAULT_CUT:
        case FAULT_REFUSE:
                break_off(a, status, body);
                return;
        case FAULT_SLOW:
                drip(a, status, body);
                return;
        case FAULT_GARBAGE: {
                static const uint8_t garbage[] = "\x89PNG\r\n\x1a\n\xff\xfe<soap:Envelope><soap:Bo\x01\x02\x03 this is no SOAP \xc3\x28";
                reply(a->exchange, a->content_type, 200, span_of(garbage, sizeof garbage - 1));
                return;
        }
        case FAULT_NONE:
        case FAULT_HTTP500:
        case FAULT_SOAPFAULT:
        case FAULT_WRONG_SIGNATURE:
        case FAULT_UNSIGNED:
        case FAULT_WRONG_IIN:
        case FAULT_BUSY:
        case FAULT_HUGE:
        case FAULT_KIND_COUNT:
                break;
        }
        reply(a->exchange, a->content_type, status, body);
}

void answering_release_all(struct simulation *simulation)
{
        while (simulation->held) {
                struct held *h = simulation->held;
                uv_timer_stop(&h->timer);
                finish(h);
        }
}
