/* Sends one message and takes the answer: libcurl for whole requests, a bare socket (opened by libcurl) for raw bytes. */
#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"

#define ANSWER_BYTES_MAX ((size_t)32 << 20)
#define CHUNK_BYTES 777 /* small and odd, so that chunk borders fall inside tags and UTF-8 sequences */

GW_DEFINE_AUTO(curl, CURL, curl_easy_cleanup)
GW_DEFINE_AUTO(slist, struct curl_slist, curl_slist_free_all)

void replay_answer_done(struct replay_answer *answer)
{
        buf_done(&answer->body);
        free(answer->content_type);
        free(answer->error);
        free(answer->cookie);
        *answer = (struct replay_answer){.body = BUF_INIT};
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
        struct buf *body = ctx;
        buf_add(body, data, size * count);
        return buf_failed(body) ? 0 : size * count;
}

/* The first cookie, without its attributes. */
static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
        static const char name[] = "set-cookie:";
        struct replay_answer *answer = ctx;
        size_t n = size * count;
        if (!answer->cookie && n > strlen(name) && strncasecmp(data, name, strlen(name)) == 0) {
                auto_str char *value = xstrndup(data + strlen(name), n - strlen(name));
                const char *start = value + strspn(value, " ");
                answer->cookie = xstrndup(start, strcspn(start, ";\r\n"));
        }
        return n;
}

struct upload { struct span left; };

static size_t on_read(char *room, size_t size, size_t count, void *ctx)
{
        struct upload *upload = ctx;
        size_t n = size * count < CHUNK_BYTES ? size * count : CHUNK_BYTES;
        n = n < upload->left.n ? n : upload->left.n;
        memcpy(room, upload->left.p, n);
        upload->left = span_of(upload->left.p + n, upload->left.n - n);
        return n;
}

/* ---- headers ---- */

static void add_header(struct curl_slist **list, const char *header)
{
        struct curl_slist *longer = curl_slist_append(*list, header);
        GW_ASSERT(longer);
        *list = longer;
}

static bool names_header(const struct replay_case *c, const char *name)
{
        size_t n = strlen(name);
        for (size_t i = 0; i < c->headers.count; i++)
                if (strncasecmp(c->headers.items[i], name, n) == 0 && c->headers.items[i][n] == ':')
                        return true;
        return false;
}

/* A case's own header replaces ours of that name; "Name:" without a value leaves it out. */
static struct curl_slist *make_headers(const struct replay_case *c, const struct replay_message *message, const struct replay_session *session)
{
        struct curl_slist *list = NULL;
        if (session->cookie) {
                add_header(&list, session->cookie);
                add_header(&list, session->csrf);
        }
        auto_str char *type = xasprintf("Content-Type: %s", c->content_type);
        auto_str char *key = xasprintf("Idempotency-Key: %s", message->message_id);
        if (message->body.n > 0)
                add_header(&list, type);
        if ((c->channel == REPLAY_REST || c->channel == REPLAY_FRONT) && message->body.n > 0 && !names_header(c, "Idempotency-Key"))
                add_header(&list, key);
        if ((c->channel == REPLAY_SYNC || c->channel == REPLAY_ASYNC) && !names_header(c, "SOAPAction"))
                add_header(&list, "SOAPAction: \"\"");
        add_header(&list, c->expect_100 ? "Expect: 100-continue" : "Expect:");
        if (c->chunked)
                add_header(&list, "Transfer-Encoding: chunked");
        for (size_t i = 0; i < c->headers.count; i++)
                add_header(&list, c->headers.items[i]);
        return list;
}

/* ---- handles ---- */

static CURL *new_handle(const char *url, const struct replay_target *target, const char *client, struct buf *body)
{
        CURL *curl = curl_easy_init();
        GW_ASSERT(curl);
        auto_str char *ca = xasprintf("%s/tls/ca.pem", target->pki);
        auto_str char *certificate = xasprintf("%s/certs/%s.pem", target->pki, client ? client : "none");
        auto_str char *key = xasprintf("%s/keys/%s.key", target->pki, client ? client : "none");
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, target->timeout_ms);
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
        if (client && !str_eq(client, "none")) {
                curl_easy_setopt(curl, CURLOPT_SSLCERT, certificate);
                curl_easy_setopt(curl, CURLOPT_SSLKEY, key);
        }
        return curl;
}

static char *make_url(const struct replay_case *c, const struct replay_target *target, const char *path)
{
        const char *base = c->channel == REPLAY_REST ? target->tls : target->plain;
        size_t n = strlen(base);
        while (n > 0 && base[n - 1] == '/')
                n--;
        auto_str char *trimmed = xstrndup(base, n);
        return xasprintf("%s%s", trimmed, path);
}

static void perform(CURL *curl, struct replay_answer *answer)
{
        CURLcode code = curl_easy_perform(curl);
        const char *type = NULL;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
        curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
        answer->content_type = xstrdup(type ? type : "");
        /* An answer that came before the upload was finished counts: that is how 413 looks. */
        if (code != CURLE_OK && (answer->status == 0 || answer->body.n == 0))
                answer->error = xstrdup(curl_easy_strerror(code));
        if (answer->error)
                answer->status = 0;
}

static void set_method(CURL *curl, const struct replay_case *c, const struct replay_message *message, struct upload *upload)
{
        upload->left = buf_span(&message->body);
        if (message->body.n == 0 && str_eq(c->method, "GET"))
                return;
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, c->method);
        if (c->chunked) {
                curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
                curl_easy_setopt(curl, CURLOPT_READDATA, upload);
                return;
        }
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, message->body.n > 0 ? (const char *)message->body.p : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message->body.n);
}

static void send_http(const struct replay_case *c, const struct replay_target *target, const struct replay_message *message,
                      struct replay_answer *answer)
{
        struct replay_session session = {NULL, NULL};
        struct why why = WHY_INIT;
        if (c->channel == REPLAY_FRONT && !str_eq(c->login, "none") && replay_login(c, target, &session, &why) != GW_OK) {
                answer->error = xstrdup(why.detail);
                return;
        }
        auto_str char *url = make_url(c, target, c->http_path);
        gw_auto(curl) CURL *curl = new_handle(url, target, c->channel == REPLAY_REST ? c->client : NULL, &answer->body);
        gw_auto(slist) struct curl_slist *headers = make_headers(c, message, &session);
        struct upload upload;
        set_method(curl, c, message, &upload);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        perform(curl, answer);
        replay_session_done(&session);
}

void replay_get(const struct replay_case *c, const struct replay_target *target, const char *path, struct replay_answer *ret_answer)
{
        *ret_answer = (struct replay_answer){.body = BUF_LIMIT(ANSWER_BYTES_MAX)};
        auto_str char *url = make_url(c, target, path);
        gw_auto(curl) CURL *curl = new_handle(url, target, c->channel == REPLAY_REST ? c->client : NULL, &ret_answer->body);
        perform(curl, ret_answer);
}

void replay_post(const struct replay_case *c, const struct replay_target *target, const char *path, struct span json, struct replay_answer *ret_answer)
{
        *ret_answer = (struct replay_answer){.body = BUF_LIMIT(ANSWER_BYTES_MAX)};
        auto_str char *url = make_url(c, target, path);
        gw_auto(curl) CURL *curl = new_handle(url, target, NULL, &ret_answer->body);
        gw_auto(slist) struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.n ? (const char *)json.p : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)json.n);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, ret_answer);
        perform(curl, ret_answer);
}

/* ---- raw bytes ---- */

static bool wait_socket(CURL *curl, short events, struct mono_time until)
{
        curl_socket_t fd = CURL_SOCKET_BAD;
        curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd);
        int64_t left = until.ms - mono_now().ms;
        struct pollfd p = {.fd = fd, .events = events};
        return left > 0 && poll(&p, 1, (int)left) > 0;
}

static bool send_all(CURL *curl, struct span bytes, struct mono_time until)
{
        while (bytes.n > 0) {
                size_t n = 0;
                CURLcode code = curl_easy_send(curl, bytes.p, bytes.n, &n);
                if (code == CURLE_AGAIN && wait_socket(curl, POLLOUT, until))
                        continue;
                if (code != CURLE_OK)
                        return false;
                bytes = span_of(bytes.p + n, bytes.n - n);
        }
        return true;
}

/* Splits what came so far. False while the head, or a body of known length, is not whole. */
static bool read_head(const struct buf *in, long *ret_status, size_t *ret_body, char **ret_type)
{
        const char *text = buf_cstr(in);
        const char *end = strstr(text, "\r\n\r\n");
        if (!end || strncmp(text, "HTTP/1.", 7) != 0 || strlen(text) < 12)
                return false;
        *ret_status = strtol(text + 9, NULL, 10);
        *ret_body = (size_t)(end - text) + 4;
        const char *length = strcasestr(text, "\r\ncontent-length:");
        const char *type = strcasestr(text, "\r\ncontent-type:");
        if (ret_type && type && type < end) {
                type += strlen("\r\ncontent-type:");
                type += strspn(type, " ");
                *ret_type = xstrndup(type, strcspn(type, "\r\n"));
        }
        if (!length || length > end)
                return false;
        return in->n - *ret_body >= strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
}

/* Until the answer is whole, the peer closes, or time is over. */
static void receive(CURL *curl, struct buf *in, struct mono_time until)
{
        long status = 0;
        size_t body = 0;
        while (!read_head(in, &status, &body, NULL) && !buf_failed(in)) {
                char room[8192];
                size_t n = 0;
                CURLcode code = curl_easy_recv(curl, room, sizeof room, &n);
                if (code == CURLE_AGAIN && wait_socket(curl, POLLIN, until))
                        continue;
                if (code != CURLE_OK || n == 0)
                        return;
                buf_add(in, room, n);
        }
}

static void send_raw(const struct replay_case *c, const struct replay_target *target, const struct replay_message *message,
                     struct replay_answer *answer)
{
        auto_str char *url = make_url(c, target, "/");
        auto_buf struct buf in = BUF_LIMIT(ANSWER_BYTES_MAX);
        gw_auto(curl) CURL *curl = new_handle(url, target, NULL, &answer->body);
        curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
        struct mono_time until = {mono_now().ms + target->timeout_ms};
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK) {
                answer->error = xstrdup(curl_easy_strerror(code));
                return;
        }
        /* a peer that has heard enough may close before everything is sent: its answer counts */
        gw_ignore(send_all(curl, buf_span(&message->body), until));
        receive(curl, &in, until);
        size_t body = 0;
        gw_ignore(read_head(&in, &answer->status, &body, &answer->content_type));
        if (answer->status == 0)
                answer->error = xstrdup("the connection was closed, or nothing came, without an HTTP answer");
        else
                buf_add(&answer->body, in.p + body, in.n - body);
}

void replay_send(const struct replay_case *c, const struct replay_target *target, const struct replay_message *message,
                 struct replay_answer *ret_answer)
{
        *ret_answer = (struct replay_answer){.body = BUF_LIMIT(ANSWER_BYTES_MAX)};
        if (c->channel == REPLAY_RAW)
                send_raw(c, target, message, ret_answer);
        else
                send_http(c, target, message, ret_answer);
}
