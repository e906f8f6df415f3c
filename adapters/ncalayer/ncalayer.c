/* The TEST stand-in as a whole: its listener, and its verbs on the control listener. */
#include "adapters/ncalayer/ncalayer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/ncalayer/connection.h"
#include "adapters/simulators/simulator.h"
#include "gateway/accept/tls.h"

#define CONNECTIONS_MAX 64
#define FIRST_PERSON "head-160640900019"

struct ncalayer {
        struct connections connections;
        struct modules modules;
        uv_poll_t listener;
        int fd;
        const char *pki;
        bool listening;
};

struct ncalayer *ncalayer_new(void)
{
        struct ncalayer *n = xcalloc(1, sizeof *n);
        n->fd = -1;
        n->modules.fault = fault_none_of(&ncalayer_kinds);
        return n;
}

struct fault *ncalayer_fault(struct ncalayer *n)
{
        return &n->modules.fault;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
        struct ncalayer *n = poll->data;
        (void)events;
        int fd = status < 0 ? -1 : accept4(n->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && n->connections.count >= CONNECTIONS_MAX)
                close(fd);
        else if (fd >= 0)
                connection_start(&n->connections, fd);
}

enum gw_rc ncalayer_open(struct ncalayer *n, const struct ncalayer_options *options, int *ret_port, struct why *why)
{
        auto_str char *certificate = xasprintf("%s/certs/tls-simulators.pem", options->pki), *key = xasprintf("%s/keys/tls-simulators.key", options->pki);
        char error[160];
        n->pki = options->pki;
        n->connections = (struct connections){.loop = options->loop, .modules = &n->modules, .limits = http_limits_default};
        enum gw_rc rc = modules_choose(&n->modules, n->pki, FIRST_PERSON, FIRST_PERSON, why);
        if (rc == GW_OK)
                rc = tls_server_context_local(certificate, key, TLS_CLIENTS_OFF, NULL, &n->connections.tls, why);
        if (rc != GW_OK)
                return rc;
        if (!http_bind("127.0.0.1", options->port, 1, &n->fd, ret_port, error))
                return why_say(why, GW_FAULT, "ncalayer: %.150s", error);
        GW_ASSERT(uv_poll_init(options->loop, &n->listener, n->fd) == 0);
        n->listener.data = n;
        n->listening = true;
        uv_poll_start(&n->listener, UV_READABLE, on_connection);
        return GW_OK;
}

void ncalayer_stop(struct ncalayer *n)
{
        if (n->listening)
                uv_close((uv_handle_t *)&n->listener, NULL);
        n->listening = false;
        for (struct connection *c = n->connections.first, *next; c; c = next) {
                next = c->next;
                connection_end(c, WS_GOING_AWAY);
        }
}

void ncalayer_free(struct ncalayer *n)
{
        if (!n)
                return;
        if (n->fd >= 0)
                close(n->fd);
        SSL_CTX_free(n->connections.tls);
        modules_done(&n->modules);
        free(n);
}

/* ---- control ---- */

static void post_person(struct ncalayer *n, struct http_exchange *exchange, const char *query)
{
        auto_str char *sign = control_parameter(query, "sign"), *auth = control_parameter(query, "auth");
        struct why why = WHY_INIT;
        if (!sign) {
                control_reply_text(exchange, 400, "sign=NAME is needed, a certificate of the test PKI; auth=NAME too when another one logs in");
                return;
        }
        enum gw_rc rc = modules_choose(&n->modules, n->pki, sign, auth ? auth : sign, &why);
        control_reply_text(exchange, rc == GW_OK ? 200 : 400, rc == GW_OK ? n->modules.sign.name : why.detail);
}

void ncalayer_control(struct simulation *s, struct http_exchange *exchange)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct ncalayer *n = s->ncalayer;
        const struct modules *m = &n->modules;
        if (str_eq(request->path, "/ncalayer/person") && str_eq(request->method, "POST"))
                post_person(n, exchange, request->query);
        else if (str_eq(request->path, "/ncalayer/state") && str_eq(request->method, "GET"))
                control_reply_json(exchange, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:I}", "sign", m->sign.name, "auth", m->auth.name, "connections",
                                                       (json_int_t)n->connections.count, "requests", (json_int_t)m->requests, "signatures", (json_int_t)m->signatures, "fault",
                                                       fault_name(&m->fault), "faults", (json_int_t)m->fault.hits));
        else
                control_reply_text(exchange, 404, "GET /ncalayer/state, POST /ncalayer/person?sign=NAME&auth=NAME");
}
