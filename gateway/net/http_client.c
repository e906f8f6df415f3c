/* Runs POSTs (and GETs) on libcurl's multi interface, driven by libuv; queues them per destination; asks and tells the breaker. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "gateway/net/destination_priv.h"
#include "gateway/reason.h"

enum {
        POOLED_CONNECTIONS_MAX = 256, /* idle and busy, all destinations of this loop */
        ANSWER_HEADER_BYTES_MAX = 64 << 10,
        CORRELATION_ID_MAX = 200,
};

/* One destination as this loop sees it. */
struct lane {
        struct lane *next;
        struct destination *destination;
        unsigned running, queued;
        struct call *first, **last; /* waiting, oldest first */
        CURL **idle;                /* handles to use again: concurrency_max places */
        unsigned idle_count;
};

#define CALL_MAGIC 0x63616c6cu
struct call {
        unsigned magic;
        struct http_client *client;
        struct lane *lane;
        struct call *next, **here; /* `here` only while running: what points to it */
        struct mono_time asked_at;
        int timeout_ms;
        http_client_done done;
        void *arg;
        struct buf body, answer;
        char *url;
        size_t header_bytes;
        bool get, too_large;
        struct curl_slist *headers;
        CURL *easy;
        char error[CURL_ERROR_SIZE];
        /* of a call that ends without having begun */
        struct why why;
};

#define CLIENT_MAGIC 0x68636c69u
struct http_client {
        unsigned magic;
        uv_loop_t *loop;
        CURLM *multi;
        uv_timer_t timer;  /* libcurl's */
        uv_timer_t later;  /* runs `done` of the calls in `ended` */
        struct lane *lanes;
        struct call *running;
        struct call *ended, **ended_last;
        http_client_tls_hook hook;
        void *hook_ctx;
        unsigned open_handles;
        bool closing;
};

struct watched_socket {
        struct http_client *client;
        uv_poll_t poll;
        curl_socket_t fd;
};

static void on_later(uv_timer_t *timer);

static struct http_client *client_of(void *data)
{
        struct http_client *client = data;
        GW_ASSERT(client->magic == CLIENT_MAGIC);
        return client;
}

static struct call *call_of(void *data)
{
        struct call *call = data;
        GW_ASSERT(call->magic == CALL_MAGIC);
        return call;
}

static void free_call(struct call *call)
{
        free(call->url);
        buf_done(&call->body);
        buf_done(&call->answer);
        curl_slist_free_all(call->headers);
        call->magic = 0;
        free(call);
}

/* `done` may post again or free the client; the call is on no list any more. */
static void tell(struct call *call, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        http_client_done done = call->done;
        void *arg = call->arg;
        done(arg, rc, answer, why);
        free_call(call);
}

static void tell_unanswered(struct call *call)
{
        const struct http_answer none = {.body = {NULL, 0}};
        tell(call, GW_RETRY, &none, &call->why);
}

/* Ends a call that never began; its callback comes from the loop, never from inside http_client_post(). */
static void end_later(struct call *call, const char *what)
{
        struct http_client *client = call->client;
        gw_ignore(why_set(&call->why, GW_RETRY, REASON_PEER_UNREACHABLE, "%s: %s", destination_name(call->lane->destination), what));
        call->next = NULL;
        *client->ended_last = call;
        client->ended_last = &call->next;
        uv_timer_start(&client->later, on_later, 0, 0);
}

static size_t on_body(char *p, size_t size, size_t n, void *userp)
{
        struct call *call = call_of(userp);
        buf_add(&call->answer, p, size * n);
        call->too_large = buf_failed(&call->answer);
        return call->too_large ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *userp)
{
        struct call *call = call_of(userp);
        (void)p;
        call->header_bytes += size * n;
        return call->header_bytes > ANSWER_HEADER_BYTES_MAX ? 0 : size * n;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *userp)
{
        struct http_client *client = client_of(userp);
        (void)easy;
        return client->hook(client->hook_ctx, ssl_ctx) == 1 ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* Every curl handle of the gateway is made here. Nothing comes from the environment or from the system's trust store. */
static CURL *make_handle(struct http_client *client, const struct destination_conf *conf)
{
        CURL *easy = curl_easy_init();
        GW_ASSERT(easy);
#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)
        bool ok = SET(CURLOPT_PROTOCOLS_STR, "http,https") && SET(CURLOPT_REDIR_PROTOCOLS_STR, "https") &&
                  SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") && SET(CURLOPT_NOSIGNAL, 1L) &&
                  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(CURLOPT_HTTP09_ALLOWED, 0L) &&
                  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
                  SET(CURLOPT_SSL_VERIFYHOST, 2L) && SET(CURLOPT_CAINFO, conf->ca_file) && SET(CURLOPT_CAPATH, NULL) &&
                  SET(CURLOPT_CONNECTTIMEOUT_MS, (long)conf->connect_timeout_ms) && SET(CURLOPT_TCP_KEEPALIVE, 1L) &&
                  SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)conf->answer_max) &&
                  SET(CURLOPT_USERAGENT, "egov-gateway") && SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_HEADERFUNCTION, on_header);
        if (client->hook)
                ok = ok && SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) && SET(CURLOPT_SSL_CTX_DATA, client);
        GW_ASSERT(ok); /* an option this libcurl does not know would be a weaker handle than promised */
        return easy;
}

static void prepare_handle(struct call *call)
{
        CURL *easy = call->easy;
        bool ok = SET(CURLOPT_PRIVATE, (char *)call) && SET(CURLOPT_WRITEDATA, call) && SET(CURLOPT_HEADERDATA, call) &&
                  SET(CURLOPT_ERRORBUFFER, call->error) && SET(CURLOPT_HTTPHEADER, call->headers) && SET(CURLOPT_URL, call->url) &&
                  SET(CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
        if (call->get)
                ok = ok && SET(CURLOPT_HTTPGET, 1L);
        else
                ok = ok && SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n) && SET(CURLOPT_POSTFIELDS, buf_cstr(&call->body));
#undef SET
        GW_ASSERT(ok);
}

static void begin(struct call *call)
{
        struct lane *lane = call->lane;
        struct http_client *client = call->client;
        struct mono_time now = mono_now();
        if (now.ms - call->asked_at.ms >= call->timeout_ms) {
                end_later(call, "waited its whole time in the queue");
                return;
        }
        if (!destination_may_call(lane->destination, now)) {
                end_later(call, "circuit breaker is open");
                return;
        }
        call->easy = lane->idle_count ? lane->idle[--lane->idle_count] : make_handle(client, destination_conf(lane->destination));
        prepare_handle(call);
        lane->running++;
        call->next = client->running;
        call->here = &client->running;
        if (call->next)
                call->next->here = &call->next;
        client->running = call;
        GW_ASSERT(curl_multi_add_handle(client->multi, call->easy) == CURLM_OK);
}

static void begin_waiting(struct lane *lane)
{
        while (lane->first && lane->running < destination_conf(lane->destination)->concurrency_max) {
                struct call *call = lane->first;
                lane->first = call->next;
                if (!lane->first)
                        lane->last = &lane->first;
                lane->queued--;
                begin(call);
        }
}

/* Takes a running call off libcurl and gives its handle back. */
static void release(struct call *call)
{
        struct lane *lane = call->lane;
        curl_multi_remove_handle(call->client->multi, call->easy);
        *call->here = call->next;
        if (call->next)
                call->next->here = call->here;
        lane->running--;
        if (lane->idle_count < destination_conf(lane->destination)->concurrency_max)
                lane->idle[lane->idle_count++] = gw_take(&call->easy);
        else
                curl_easy_cleanup(gw_take(&call->easy));
}

static enum gw_rc judge(struct call *call, CURLcode code, long status, struct why *why)
{
        const char *name = destination_name(call->lane->destination);
        const char *text = *call->error ? call->error : curl_easy_strerror(code);
        if (code == CURLE_OK && status >= 200)
                return GW_OK;
        if (call->too_large || code == CURLE_FILESIZE_EXCEEDED)
                return why_set(why, GW_REJECT, REASON_PEER_ANSWER_INVALID, "%s: the answer is larger than allowed", name);
        bool garbage = code == CURLE_OK || code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
                code == CURLE_WRITE_ERROR;
        return why_set(why, GW_RETRY, garbage ? REASON_PEER_ANSWER_INVALID : REASON_PEER_UNREACHABLE, "%s: %.160s", name, text);
}

static void finish(struct call *call, CURLcode code)
{
        struct lane *lane = call->lane;
        struct why why = WHY_INIT;
        long status = 0;
        char *type = NULL;
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
        auto_str char *content_type = xstrdup(type); /* the handle goes to the next call before `done` */
        enum gw_rc rc = judge(call, code, status, &why);
        bool alive = rc != GW_RETRY && (status < 500 || (status == 500 && call->answer.n > 0)); /* SOAP faults are 500 with a body */
        release(call);
        destination_report(lane->destination, alive, mono_now());
        begin_waiting(lane);
        tell(call, rc, &(struct http_answer){
                .status = rc == GW_RETRY ? 0 : status,
                .content_type = content_type,
                .body = rc == GW_OK ? buf_span(&call->answer) : span_of(NULL, 0),
        }, &why);
}

/* Ends what libcurl has finished. A `done` may post again or free the client. */
static void harvest(struct http_client *client)
{
        int left;
        CURLMsg *message;
        while (!client->closing && (message = curl_multi_info_read(client->multi, &left))) {
                char *private = NULL;
                CURLcode code = message->data.result; /* gone after remove_handle */
                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
                finish(call_of(private), code);
        }
}

static void on_later(uv_timer_t *timer)
{
        struct http_client *client = client_of(timer->data);
        struct call *call = client->ended;
        client->ended = NULL;
        client->ended_last = &client->ended;
        while (call) {
                struct call *next = call->next;
                tell_unanswered(call); /* may free the client; the list is ours by now */
                call = next;
        }
}

static void on_curl_timer(uv_timer_t *timer)
{
        struct http_client *client = client_of(timer->data);
        int running;
        curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        harvest(client);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
        struct watched_socket *watched = poll->data;
        struct http_client *client = client_of(watched->client);
        int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
        int running;
        if (status < 0)
                flags = CURL_CSELECT_ERR;
        curl_multi_socket_action(client->multi, watched->fd, flags, &running);
        harvest(client);
}

static int set_timer(CURLM *multi, long timeout_ms, void *userp)
{
        struct http_client *client = client_of(userp);
        (void)multi;
        if (timeout_ms < 0)
                return uv_timer_stop(&client->timer);
        uv_update_time(client->loop);
        return client->closing ? 0 : uv_timer_start(&client->timer, on_curl_timer, (uint64_t)timeout_ms, 0);
}

static void on_handle_closed(uv_handle_t *handle)
{
        struct http_client *client = client_of(handle->data);
        if (--client->open_handles > 0)
                return;
        client->magic = 0;
        free(client);
}

static void on_socket_closed(uv_handle_t *handle)
{
        struct watched_socket *watched = handle->data;
        handle->data = watched->client;
        on_handle_closed(handle);
        free(watched);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *userp, void *socketp)
{
        struct http_client *client = client_of(userp);
        struct watched_socket *watched = socketp;
        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                if (watched) {
                        curl_multi_assign(client->multi, fd, NULL);
                        uv_close((uv_handle_t *)&watched->poll, on_socket_closed);
                }
                return 0;
        }
        if (!watched) {
                watched = xcalloc(1, sizeof(*watched));
                watched->client = client;
                watched->fd = fd;
                watched->poll.data = watched;
                GW_ASSERT(uv_poll_init_socket(client->loop, &watched->poll, fd) == 0);
                watched->poll.data = watched;
                client->open_handles++;
                curl_multi_assign(client->multi, fd, watched);
        }
        int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
        return uv_poll_start(&watched->poll, events, on_socket);
}

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
        GW_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

struct http_client *http_client_new(uv_loop_t *loop, http_client_tls_hook hook, void *hook_ctx)
{
        pthread_once(&curl_once, init_curl);
        struct http_client *client = xcalloc(1, sizeof(*client));
        client->magic = CLIENT_MAGIC;
        client->loop = loop;
        client->hook = hook;
        client->hook_ctx = hook_ctx;
        client->ended_last = &client->ended;
        client->open_handles = 2;
        GW_ASSERT(uv_timer_init(loop, &client->timer) == 0 && uv_timer_init(loop, &client->later) == 0);
        client->timer.data = client->later.data = client;
        client->multi = curl_multi_init();
        GW_ASSERT(client->multi);
        curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
        curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
        curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
        curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
        curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)POOLED_CONNECTIONS_MAX);
        return client;
}

static struct lane *lane_of(struct http_client *client, struct destination *destination)
{
        for (struct lane *lane = client->lanes; lane; lane = lane->next)
                if (lane->destination == destination)
                        return lane;
        unsigned concurrency_max = destination_conf(destination)->concurrency_max;
        GW_ASSERT(concurrency_max > 0);
        struct lane *lane = xcalloc(1, sizeof(*lane));
        lane->destination = destination;
        lane->last = &lane->first;
        lane->idle = xcalloc(concurrency_max, sizeof(CURL *));
        lane->next = client->lanes;
        client->lanes = lane;
        return lane;
}

static bool is_header_text(const char *value)
{
        for (const unsigned char *c = (const unsigned char *)value; *c; c++)
                if (*c < 0x20 || *c == 0x7f)
                        return false;
        return true;
}

static void add_header(struct call *call, const char *name, const char *quote, const char *value)
{
        auto_str char *line = xasprintf("%s: %s%s%s", name, quote, value, quote);
        struct curl_slist *more = curl_slist_append(call->headers, line);
        GW_ASSERT(more);
        call->headers = more;
}

static void add_headers(struct call *call, const struct http_post *post)
{
        GW_ASSERT((post->get || is_header_text(post->content_type)) && (!post->soap_action || is_header_text(post->soap_action))); /* our constants */
        if (!post->get)
                add_header(call, "Content-Type", "", post->content_type);
        if (post->soap_action)
                add_header(call, "SOAPAction", "\"", post->soap_action);
        /* This one may come from a peer's message: left out rather than trusted. */
        if (post->correlation_id && is_header_text(post->correlation_id) && strlen(post->correlation_id) <= CORRELATION_ID_MAX)
                add_header(call, "X-Correlation-Id", "", post->correlation_id);
        if (post->header && is_header_text(post->header_value))
                add_header(call, post->header, "", post->header_value);
        struct curl_slist *more = curl_slist_append(call->headers, "Expect:"); /* no 100-continue: it costs a round trip */
        GW_ASSERT(more);
        call->headers = more;
}

void http_client_post(struct http_client *client, const struct http_post *post)
{
        GW_ASSERT(!client->closing);
        struct lane *lane = lane_of(client, post->destination);
        const struct destination_conf *conf = destination_conf(post->destination);
        struct call *call = xcalloc(1, sizeof(*call));
        *call = (struct call){
                .magic = CALL_MAGIC, .client = client, .lane = lane, .asked_at = mono_now(), .done = post->done, .arg = post->arg,
                .get = post->get, .timeout_ms = post->timeout_ms ? post->timeout_ms : conf->timeout_ms,
                .body = BUF_LIMIT(post->body.n), .answer = BUF_LIMIT(conf->answer_max),
        };
        buf_add_span(&call->body, post->body);
        call->url = xasprintf("%s%s", conf->url, post->path ? post->path : "");
        add_headers(call, post);
        if (lane->running < conf->concurrency_max && !lane->first)
                begin(call);
        else if (lane->queued >= conf->queue_max)
                end_later(call, "too many calls are waiting");
        else {
                *lane->last = call;
                lane->last = &call->next;
                lane->queued++;
        }
}

static void cancel(struct call *call)
{
        gw_ignore(why_set(&call->why, GW_RETRY, REASON_STOPPING, "%s: stopped before an answer",
                destination_name(call->lane->destination)));
        tell_unanswered(call);
}

static void cancel_all(struct http_client *client)
{
        while (client->running) {
                struct call *call = client->running;
                release(call);
                destination_forget(call->lane->destination);
                cancel(call);
        }
        for (struct lane *lane = client->lanes; lane; lane = lane->next)
                while (lane->first) {
                        struct call *call = lane->first;
                        lane->first = call->next;
                        cancel(call);
                }
        while (client->ended) {
                struct call *call = client->ended;
                client->ended = call->next;
                tell_unanswered(call);
        }
}

void http_client_free(struct http_client *client)
{
        if (!client)
                return;
        client->closing = true;
        cancel_all(client);
        while (client->lanes) {
                struct lane *lane = client->lanes;
                client->lanes = lane->next;
                while (lane->idle_count)
                        curl_easy_cleanup(lane->idle[--lane->idle_count]);
                free(lane->idle);
                free(lane);
        }
        curl_multi_cleanup(client->multi);
        uv_close((uv_handle_t *)&client->timer, on_handle_closed);
        uv_close((uv_handle_t *)&client->later, on_handle_closed);
}
