/* Listeners, how many connections there may be, drain. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/accept/http_priv.h"

enum {
        ACCEPTS_PER_EVENT = 64,
        ACCEPT_PAUSE_MS = 100,  /* after EMFILE: the backlog waits, the loop does not spin */
        REFUSALS_FREE = 32,     /* connections over the limit that are told 503; … */
        REFUSALS_SHARE = 8,     /* … plus this part of the limit; further ones are just closed */
};

const struct http_limits http_limits_default = {
        .header_bytes_max = 16 << 10,
        .header_count_max = 64,
        .body_max = 10 << 20,
        .handshake_ms = 5000,
        .header_ms = 10000,
        .body_ms = 30000,
        .idle_ms = 60000,
        .handler_ms = 60000,
        .connections_max = 4096,
        .connections_per_peer_max = 1024,
        .requests_per_connection_max = 10000,
        .buffered_max = 64 << 10,
};

static struct http_server *server_of(void *data)
{
        struct http_server *server = data;
        GW_ASSERT(server->magic == HTTP_SERVER_MAGIC);
        return server;
}

struct http_server *http_server_new(const struct http_server_options *options)
{
        struct http_server *server = xcalloc(1, sizeof(*server));
        server->magic = HTTP_SERVER_MAGIC;
        server->loop = options->loop;
        server->limits = *options->limits;
        server->handler = options->handler;
        server->error_writer = options->error_writer;
        server->ctx = options->ctx;
        GW_ASSERT(server->handler && server->limits.buffered_max > 0 && server->limits.header_bytes_max > 0);
        GW_ASSERT(uv_timer_init(server->loop, &server->timer) == 0);
        server->timer.data = server;
        return server;
}

unsigned http_server_connections(const struct http_server *server)
{
        return server->conn_count;
}

/* An IPv6 peer owns a /64 at least, so that is what counts as one address. */
static struct in6_addr key_of(const struct sockaddr_storage *address)
{
        struct in6_addr key = {0};
        if (address->ss_family == AF_INET)
                memcpy(&key.s6_addr[12], &((const struct sockaddr_in *)address)->sin_addr, 4);
        if (address->ss_family != AF_INET6)
                return key;
        key = ((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&key))
                memset(&key.s6_addr[10], 0, 2);
        else
                memset(&key.s6_addr[8], 0, 8);
        return key;
}

static void describe_peer(const struct sockaddr_storage *address, struct http_peer *peer)
{
        char host[INET6_ADDRSTRLEN] = "?";
        if (address->ss_family == AF_INET) {
                const struct sockaddr_in *in = (const struct sockaddr_in *)address;
                inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
                snprintf(peer->address, sizeof(peer->address), "%s:%u", host, (unsigned)ntohs(in->sin_port));
        } else if (address->ss_family == AF_INET6) {
                const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
                inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
                snprintf(peer->address, sizeof(peer->address), "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
        } else
                snprintf(peer->address, sizeof(peer->address), "local");
}

/* Where the count of this address hangs, or the empty place for it. */
static struct http_peer_count **find_peer(struct http_server *server, const struct in6_addr *key)
{
        uint32_t words[4];
        memcpy(words, key, sizeof(words));
        uint32_t hash = (words[0] ^ words[1] * 31 ^ words[2] ^ words[3]) * 2654435761u;
        struct http_peer_count **at = &server->peers[hash >> 24];
        while (*at && !IN6_ARE_ADDR_EQUAL(&(*at)->key, key))
                at = &(*at)->next;
        return at;
}

static bool count_in(struct http_server *server, const struct in6_addr *key)
{
        if (server->conn_count >= server->limits.connections_max)
                return false;
        struct http_peer_count **at = find_peer(server, key);
        if (!*at) {
                *at = xcalloc(1, sizeof(**at));
                (*at)->key = *key;
        } else if ((*at)->count >= server->limits.connections_per_peer_max)
                return false;
        (*at)->count++;
        server->conn_count++;
        return true;
}

static void count_out(struct http_server *server, const struct in6_addr *key)
{
        struct http_peer_count **at = find_peer(server, key);
        GW_ASSERT(*at && (*at)->count > 0 && server->conn_count > 0);
        server->conn_count--;
        if (--(*at)->count == 0) {
                struct http_peer_count *gone = *at;
                *at = gone->next;
                free(gone);
        }
}

static void on_drained(uv_timer_t *timer)
{
        struct http_server *server = server_of(timer->data);
        for (struct http_conn *conn = server->conns; conn; conn = conn->next)
                http_conn_close(conn);
        void (*drained)(void *arg) = server->drained;
        server->drained = NULL;
        if (drained)
                drained(server->drained_arg);
}

/* From the loop, not from here: the caller of the last close must not find the server freed. */
static void report_when_empty(struct http_server *server)
{
        if (server->drained && !server->conns)
                uv_timer_start(&server->timer, on_drained, 0, 0);
}

void http_server_forget(struct http_conn *conn)
{
        struct http_server *server = conn->server;
        if (conn->previous)
                conn->previous->next = conn->next;
        else
                server->conns = conn->next;
        if (conn->next)
                conn->next->previous = conn->previous;
        conn->server = NULL;
        if (conn->refused)
                server->refused_count--;
        else
                count_out(server, &conn->peer_key);
        report_when_empty(server);
}

static void admit(struct http_listener *listener, int fd, const struct sockaddr_storage *address)
{
        struct http_server *server = listener->server;
        struct in6_addr key = key_of(address);
        bool refused = !count_in(server, &key);
        if (refused && server->refused_count >= REFUSALS_FREE + server->limits.connections_max / REFUSALS_SHARE) {
                close(fd);
                return;
        }
        server->refused_count += refused;
        int on = 1;
        gw_ignore(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0); /* not TCP: no delay to switch off */
        struct http_peer peer = {0};
        describe_peer(address, &peer);
        struct http_conn *conn = http_conn_new(listener, fd, &peer, &key, refused);
        conn->next = server->conns;
        if (conn->next)
                conn->next->previous = conn;
        server->conns = conn;
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_accept_pause_over(uv_timer_t *timer)
{
        struct http_server *server = server_of(timer->data);
        for (struct http_listener *listener = server->listeners; listener; listener = listener->next)
                uv_poll_start(&listener->poll, UV_READABLE, on_connection);
}

/* False when there is nobody more to accept now. */
static bool accept_one(struct http_listener *listener)
{
        struct http_server *server = listener->server;
        struct sockaddr_storage address = {0};
        socklen_t n = sizeof(address);
        int fd = accept4(listener->fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
                admit(listener, fd, &address);
                return true;
        }
        if ((errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) && !server->draining) {
                for (struct http_listener *other = server->listeners; other; other = other->next)
                        uv_poll_stop(&other->poll);
                uv_timer_start(&server->timer, on_accept_pause_over, ACCEPT_PAUSE_MS, 0);
                return false;
        }
        return errno == ECONNABORTED || errno == EINTR;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
        struct http_listener *listener = poll->data;
        (void)events;
        for (int i = 0; status == 0 && i < ACCEPTS_PER_EVENT && accept_one(listener); i++)
                continue;
}

bool http_server_listen(struct http_server *server, const char *name, int fd, SSL_CTX *tls)
{
        struct http_listener *listener = xcalloc(1, sizeof(*listener));
        if (server->draining || uv_poll_init(server->loop, &listener->poll, fd) != 0) {
                free(listener);
                return false;
        }
        listener->server = server;
        listener->poll.data = listener;
        listener->fd = fd;
        listener->name = xstrdup(name);
        listener->tls = tls;
        if (tls)
                SSL_CTX_up_ref(tls);
        listener->next = server->listeners;
        server->listeners = listener;
        uv_poll_start(&listener->poll, UV_READABLE, on_connection);
        return true;
}

static void on_listener_closed(uv_handle_t *handle)
{
        struct http_listener *listener = handle->data;
        SSL_CTX_free(listener->tls);
        free(listener->name);
        free(listener);
}

static void stop_listening(struct http_server *server)
{
        while (server->listeners) {
                struct http_listener *listener = server->listeners;
                server->listeners = listener->next;
                uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
                close(listener->fd);
        }
}

void http_server_drain(struct http_server *server, int limit_ms, void (*done)(void *arg), void *arg)
{
        GW_ASSERT(!server->draining);
        /* Closing a listening socket resets whoever waits in its backlog: take them first. */
        for (struct http_listener *listener = server->listeners; listener; listener = listener->next)
                on_connection(&listener->poll, 0, UV_READABLE);
        server->draining = true;
        stop_listening(server);
        server->drained = done;
        server->drained_arg = arg;
        uv_update_time(server->loop);
        uv_timer_start(&server->timer, on_drained, (uint64_t)limit_ms, 0);
        for (struct http_conn *conn = server->conns; conn; conn = conn->next)
                http_conn_drain(conn);
        report_when_empty(server);
}

static void on_server_closed(uv_handle_t *handle)
{
        struct http_server *server = server_of(handle->data);
        server->magic = 0;
        free(server);
}

void http_server_free(struct http_server *server)
{
        if (!server)
                return;
        server->drained = NULL;
        stop_listening(server);
        while (server->conns) {
                struct http_conn *conn = server->conns;
                http_conn_close(conn); /* frees itself when libuv and, maybe, a late handler are done with it */
                http_server_forget(conn);
        }
        uv_close((uv_handle_t *)&server->timer, on_server_closed);
}
