/* A client that costs little: one thread, keep-alive connections on epoll, messages signed beforehand (presign.c).
 *
 *   load PORT PATH FILE FIRST COUNT CONNECTIONS   POSTs messages FIRST… of FILE to 127.0.0.1:PORT/PATH, one at a time per connection
 *
 * Prints JSON: ok (200 with SUCCESS), failed, seconds, p50_ms, p99_ms, max_ms. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/text.h"

#define CONNECTIONS_MAX 1024
#define ANSWER_MAX ((size_t)1 << 20)

struct connection {
        int fd;
        struct buf answer;
        size_t head, length; /* of the answer: size of its headers, of its body; head 0: not known yet */
        double began;
};

struct load {
        const char *path;
        uint16_t port;
        struct span *messages;
        size_t count, started, finished, ok;
        double *latencies;
        int epoll;
};

static double now_ms(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void fail(const char *what)
{
        fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
        exit(1);
}

/* Messages first … first + count - 1, borrowed from `file`. */
static struct span *find_messages(struct span file, size_t first, size_t count)
{
        struct span *messages = xcalloc(count, sizeof *messages);
        size_t at = 0;
        for (size_t i = 0; i < first + count; i++) {
                size_t n = at < file.n ? strtoul((const char *)file.p + at, NULL, 10) : 0;
                const uint8_t *end = at < file.n ? memchr(file.p + at, '\n', file.n - at) : NULL;
                if (!end || n == 0 || n > file.n - (size_t)(end + 1 - file.p)) {
                        fprintf(stderr, "load: only %zu messages in the file\n", i);
                        exit(1);
                }
                if (i >= first)
                        messages[i - first] = span_of(end + 1, n);
                at = (size_t)(end + 1 - file.p) + n;
        }
        return messages;
}

/* Blocking: a message fits in the socket's buffer. */
static void send_next(struct load *load, struct connection *c)
{
        if (load->started == load->count) {
                close(c->fd);
                c->fd = -1;
                return;
        }
        struct span message = load->messages[load->started++];
        auto_buf struct buf out = BUF_INIT;
        buf_printf(&out,
                   "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"\"\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   load->path, message.n);
        buf_add_span(&out, message);
        buf_reset(&c->answer);
        c->head = c->length = 0;
        c->began = now_ms();
        for (size_t sent = 0; sent < out.n;) {
                ssize_t n = send(c->fd, out.p + sent, out.n - sent, MSG_NOSIGNAL);
                if (n <= 0)
                        fail("send");
                sent += (size_t)n;
        }
}

static void open_connection(struct load *load, struct connection *c)
{
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(load->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int on = 1;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
                fail("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
                fail("epoll");
}

/* True when the answer is whole. */
static bool answer_whole(struct connection *c)
{
        if (!c->head) {
                const uint8_t *end = memmem(c->answer.p, c->answer.n, "\r\n\r\n", 4);
                if (!end)
                        return false;
                c->head = (size_t)(end - c->answer.p) + 4;
                const char *length = strcasestr(buf_cstr(&c->answer), "\r\ncontent-length:");
                c->length = length ? strtoul(length + strlen("\r\ncontent-length:"), NULL, 10) : 0;
        }
        return c->answer.n >= c->head + c->length;
}

static void take_answer(struct load *load, struct connection *c)
{
        load->latencies[load->finished++] = now_ms() - c->began;
        bool good = strncmp(buf_cstr(&c->answer), "HTTP/1.1 200", 12) == 0 && memmem(c->answer.p, c->answer.n, "<code>SUCCESS</code>", 20);
        load->ok += good;
        if (!good && load->finished - load->ok == 1)
                fprintf(stderr, "load: first failure: %.600s\n", buf_cstr(&c->answer));
        send_next(load, c);
}

static void on_readable(struct load *load, struct connection *c)
{
        uint8_t *room = buf_room(&c->answer, 65536);
        if (!room)
                fail("answer too large");
        ssize_t n = recv(c->fd, room, 65536, 0);
        if (n <= 0)
                fail("connection closed before the answer");
        buf_grew(&c->answer, (size_t)n);
        if (answer_whole(c))
                take_answer(load, c);
}

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return x < y ? -1 : x > y;
}

static void report(struct load *load, double seconds)
{
        qsort(load->latencies, load->count, sizeof *load->latencies, by_value);
        printf("{\"ok\": %zu, \"failed\": %zu, \"seconds\": %.3f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f}\n",
               load->ok, load->count - load->ok, seconds, load->latencies[load->count / 2], load->latencies[load->count * 99 / 100], load->latencies[load->count - 1]);
}

static void run(struct load *load, size_t connection_count)
{
        static struct connection connections[CONNECTIONS_MAX];
        double began = now_ms();
        for (size_t i = 0; i < connection_count; i++) {
                connections[i].answer = (struct buf)BUF_LIMIT(ANSWER_MAX);
                open_connection(load, &connections[i]);
        }
        for (size_t i = 0; i < connection_count; i++)
                send_next(load, &connections[i]);
        while (load->finished < load->count) {
                struct epoll_event events[64];
                int n = epoll_wait(load->epoll, events, 64, 30000);
                if (n == 0 || (n < 0 && errno != EINTR))
                        fail("no answer in 30 s");
                for (int i = 0; i < n; i++)
                        on_readable(load, events[i].data.ptr);
        }
        report(load, (now_ms() - began) / 1e3);
        for (size_t i = 0; i < connection_count; i++)
                buf_done(&connections[i].answer);
}

int main(int argc, char **argv)
{
        uint64_t port = 0, first = 0, count = 0, connections = 0;
        if (argc != 7 || !text_to_u64(argv[1], 1, 65535, &port) || !text_to_u64(argv[4], 0, 1000000, &first) ||
            !text_to_u64(argv[5], 1, 1000000, &count) || !text_to_u64(argv[6], 1, CONNECTIONS_MAX, &connections)) {
                fprintf(stderr, "usage: load PORT PATH FILE FIRST COUNT CONNECTIONS\n");
                return 2;
        }
        auto_buf struct buf file = BUF_LIMIT((size_t)1 << 30);
        if (!text_read_file(argv[3], &file))
                fail(argv[3]);
        struct load load = {.path = argv[2], .port = (uint16_t)port, .count = count, .epoll = epoll_create1(EPOLL_CLOEXEC)};
        load.messages = find_messages(buf_span(&file), first, count);
        load.latencies = xcalloc(count, sizeof *load.latencies);
        run(&load, connections < count ? connections : count);
        free(load.messages);
        free(load.latencies);
        close(load.epoll);
        return load.ok == count ? 0 : 1;
}
