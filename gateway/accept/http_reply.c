/* Composes answers. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "gateway/accept/http_priv.h"

const char *http_request_header(const struct http_request *request, const char *lower_case_name)
{
        for (size_t i = 0; i < request->header_count; i++)
                if (str_eq(request->headers[i].name, lower_case_name))
                        return request->headers[i].value;
        return NULL;
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
        GW_ASSERT(exchange->open);
        return &exchange->request;
}

uv_loop_t *http_exchange_loop(const struct http_exchange *exchange)
{
        return exchange->conn->loop;
}

static const char *status_text(int status)
{
        static const struct { int status; const char *text; } texts[] = {
                {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {303, "See Other"}, {304, "Not Modified"}, {308, "Permanent Redirect"},
                {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
                {406, "Not Acceptable"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {412, "Precondition Failed"},
                {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {417, "Expectation Failed"}, {422, "Unprocessable Content"},
                {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
                {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
                {505, "HTTP Version Not Supported"},
        };
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                if (texts[i].status == status)
                        return texts[i].text;
        return "Other";
}

/* IMF-fixdate (RFC 9110 5.6.7), made once a second. */
static const char *date_text(struct http_server *server)
{
        time_t now = (time_t)(wall_now().ms / 1000);
        if (now != server->date_second) {
                static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
                static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
                struct tm t;
                gmtime_r(&now, &t);
                char text[sizeof(server->date) * 2];
                snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
                         t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
                memcpy(server->date, text, sizeof(server->date) - 1);
                server->date_second = now;
        }
        return server->date;
}

static bool is_clean(const char *value)
{
        for (const unsigned char *c = (const unsigned char *)value; *c; c++)
                if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
                        return false;
        return true;
}

/* A value with a line end would be another header, or another answer; and framing headers are only ours. */
static bool headers_are_sound(const struct http_reply *reply)
{
        static const char *const ours[] = {"content-length", "transfer-encoding", "connection", "date", "content-type"};
        if (reply->content_type && !is_clean(reply->content_type))
                return false;
        for (size_t i = 0; i < reply->header_count; i++) {
                const struct http_header *h = &reply->headers[i];
                if (!*h->name || strspn(h->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != strlen(h->name) ||
                    !is_clean(h->value))
                        return false;
                for (size_t k = 0; k < GW_COUNT(ours); k++)
                        if (strcasecmp(h->name, ours[k]) == 0)
                                return false;
        }
        return true;
}

static void add_header(struct buf *out, const char *name, const char *value)
{
        buf_add_str(out, name);
        buf_add(out, ": ", 2);
        buf_add_str(out, value);
        buf_add(out, "\r\n", 2);
}

void http_reply_compose(struct http_conn *conn, const struct http_reply *reply)
{
        struct buf *out = &conn->out;
        bool bodiless = reply->status == 204 || reply->status == 304; /* RFC 9110 8.6: no Content-Length in a 204 */
        conn->close_after = conn->close_after || reply->close;
        buf_add_str(out, "HTTP/1.1 ");
        buf_add_u64(out, (uint64_t)reply->status);
        buf_add_char(out, ' ');
        buf_add_str(out, status_text(reply->status));
        buf_add(out, "\r\n", 2);
        add_header(out, "Date", date_text(conn->server));
        if (reply->content_type && !bodiless)
                add_header(out, "Content-Type", reply->content_type);
        if (!bodiless) {
                buf_add_str(out, "Content-Length: ");
                buf_add_u64(out, reply->body.n);
                buf_add(out, "\r\n", 2);
        }
        for (size_t i = 0; i < reply->header_count; i++)
                add_header(out, reply->headers[i].name, reply->headers[i].value);
        if (conn->close_after)
                add_header(out, "Connection", "close");
        buf_add(out, "\r\n", 2);
        if (!bodiless && !conn->parser.head_method)
                buf_add_span(out, reply->body);
        GW_ASSERT(!buf_failed(out)); /* our own answer: larger than BUF_MAX_DEFAULT is a bug of ours */
}

void http_reply_error(struct http_conn *conn, int status)
{
        static const struct http_header retry_after = {"Retry-After", "5"};
        auto_buf struct buf body = BUF_INIT;
        const char *content_type = "text/plain; charset=utf-8";
        if (conn->server->error_writer)
                conn->server->error_writer(conn->server->ctx, status, &conn->peer, &body, &content_type);
        else
                buf_printf(&body, "%d %s\n", status, status_text(status));
        http_reply_compose(conn, &(struct http_reply){
                .status = status,
                .content_type = content_type,
                .body = buf_span(&body),
                .headers = &retry_after,
                .header_count = status == 503,
                .close = true,
        });
}

void http_reply(struct http_exchange *exchange, const struct http_reply *reply)
{
        struct http_conn *conn = exchange->conn;
        GW_ASSERT(conn->magic == HTTP_CONN_MAGIC && exchange->open);
        GW_ASSERT(reply->status >= 200 && reply->status <= 599);
        exchange->open = false;
        if (conn->state == CONN_WORKING) { /* else the peer is gone, or was told 503 at handler_ms */
                if (headers_are_sound(reply))
                        http_reply_compose(conn, reply);
                else
                        http_reply_error(conn, 500);
        }
        http_conn_replied(conn);
}
