/* The bytes of one connection: the same five verbs over a plain socket and over TLS. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "gateway/accept/http_priv.h"

/* Sorts the result of an OpenSSL call; remembers when it must write before it can go on reading. */
static ssize_t ssl_result(struct http_conn *conn, int rc)
{
        conn->ssl_wants = 0;
        switch (SSL_get_error(conn->ssl, rc)) {
        case SSL_ERROR_NONE:
                return rc;
        case SSL_ERROR_ZERO_RETURN:
                return 0;
        case SSL_ERROR_WANT_READ:
                return HTTP_IO_AGAIN;
        case SSL_ERROR_WANT_WRITE:
                conn->ssl_wants = UV_WRITABLE;
                return HTTP_IO_AGAIN;
        default:
                ERR_clear_error();
                return HTTP_IO_ERROR;
        }
}

int http_io_handshake(struct http_conn *conn)
{
        ERR_clear_error();
        ssize_t rc = ssl_result(conn, SSL_accept(conn->ssl));
        return rc == 0 ? HTTP_IO_ERROR : (int)rc;
}

ssize_t http_io_read(struct http_conn *conn, uint8_t *to, size_t n)
{
        if (conn->ssl) {
                ERR_clear_error();
                return ssl_result(conn, SSL_read(conn->ssl, to, (int)n));
        }
        ssize_t got = recv(conn->fd, to, n, 0);
        if (got >= 0)
                return got;
        return errno == EAGAIN || errno == EINTR ? HTTP_IO_AGAIN : HTTP_IO_ERROR;
}

ssize_t http_io_write(struct http_conn *conn, const uint8_t *from, size_t n)
{
        if (conn->ssl) {
                ERR_clear_error();
                ssize_t rc = ssl_result(conn, SSL_write(conn->ssl, from, n > INT32_MAX ? INT32_MAX : (int)n));
                return rc == 0 ? HTTP_IO_ERROR : rc;
        }
        ssize_t put = send(conn->fd, from, n, MSG_NOSIGNAL);
        if (put >= 0)
                return put;
        return errno == EAGAIN || errno == EINTR ? HTTP_IO_AGAIN : HTTP_IO_ERROR;
}

bool http_io_pending(const struct http_conn *conn)
{
        return conn->ssl && SSL_has_pending(conn->ssl);
}

/* Below TLS on purpose: what comes after our last word is not decrypted. */
ssize_t http_io_discard(struct http_conn *conn)
{
        ssize_t got = recv(conn->fd, conn->server->scratch, sizeof(conn->server->scratch), 0);
        if (got >= 0)
                return got;
        return errno == EAGAIN || errno == EINTR ? HTTP_IO_AGAIN : HTTP_IO_ERROR;
}

void http_io_half_close(struct http_conn *conn)
{
        if (conn->ssl) {
                ERR_clear_error();
                SSL_shutdown(conn->ssl); /* close_notify; not waited for, and a full socket merely loses it */
                ERR_clear_error();
        }
        gw_ignore(shutdown(conn->fd, SHUT_WR) != 0); /* the peer may be gone already */
}
