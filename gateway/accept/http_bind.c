/* Binds listening sockets: before privileges are dropped, without a loop. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/accept/http_server.h"

enum { BACKLOG = 1024 };

static int bound_port(int fd)
{
        struct sockaddr_storage address = {0};
        socklen_t n = sizeof(address);
        if (getsockname(fd, (struct sockaddr *)&address, &n) != 0)
                return -1;
        return address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                                             : ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int bind_one(const struct addrinfo *where)
{
        auto_fd int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int on = 1;
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
            setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 || /* inherited by what is accepted */
            bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
                return -1;
        int bound = fd;
        fd = -1;
        return bound;
}

static struct addrinfo *resolve(const char *address, int port, char error[160])
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
        struct addrinfo *found = NULL;
        char service[16];
        snprintf(service, sizeof(service), "%d", port);
        int rc = port < 0 || port > 65535 ? EAI_SERVICE : getaddrinfo(address, service, &hints, &found);
        if (rc != 0)
                snprintf(error, 160, "cannot listen on %.60s port %d: %.60s", address, port, gai_strerror(rc));
        return found;
}

/* SO_REUSEPORT would let a second gateway of the same account take its share of the first one's connections: a plain bind tells. */
static bool port_is_free(const struct addrinfo *where)
{
        auto_fd int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;
        return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
               bind(fd, where->ai_addr, where->ai_addrlen) == 0;
}

bool http_bind(const char *address, int port, size_t count, int *ret_fds, int *ret_port, char error[160])
{
        for (size_t i = 0; i < count; i++) {
                struct addrinfo *where = resolve(address, port, error); /* again, for the port that the first one got */
                if (!where)
                        return false;
                ret_fds[i] = i > 0 || port == 0 || port_is_free(where) ? bind_one(where) : -1;
                int bind_errno = errno;
                freeaddrinfo(where);
                if (ret_fds[i] < 0 || (port == 0 && (port = bound_port(ret_fds[i])) <= 0)) {
                        snprintf(error, 160, "cannot listen on %.60s port %d: %.60s", address, port, strerror(bind_errno));
                        for (size_t k = 0; k <= i; k++)
                                gw_close_fd(&ret_fds[k]);
                        return false;
                }
        }
        *ret_port = port;
        return true;
}
