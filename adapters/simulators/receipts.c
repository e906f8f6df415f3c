/* The applicant opens the result: changeMassageStatusNotification DELIVERED for the RESPONSE (interfaces 1.4), signed by the cabinet's
 * system and posted to the gateway, again and again until it is taken. */
#include <stdlib.h>

#include "adapters/cabinet/mailbox.h"
#include "adapters/simulators/simulator.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/net/http_client.h"
#include "gateway/sign/xml_sign.h"

enum { TICK_MS = 20, RETRY_MS = 1000, ATTEMPTS_MAX = 120, AT_ONCE = 16 };

struct receipt {
        struct receipt *next;
        struct receipts *receipts;
        char *message_id;
        unsigned attempts;
        struct mono_time due;
};
struct receipts {
        struct simulation *simulation;
        uv_timer_t timer;
        struct destination *destination;
        struct http_client *client;
        char *ca_file;
        struct receipt *first, **last;
        unsigned running;
        uint64_t waiting, sent, given_up;
        bool stopping;
};

static void receipt_free(struct receipt *r)
{
        free(r->message_id);
        free(r);
}

static void enqueue(struct receipts *all, struct receipt *r, int delay_ms)
{
        r->due = (struct mono_time){mono_now().ms + delay_ms};
        r->next = NULL;
        *all->last = r;
        all->last = &r->next;
        all->waiting++;
}

static void on_answer(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct receipt *r = arg;
        struct receipts *all = r->receipts;
        (void)why;
        all->running--;
        if (all->stopping) {
                receipt_free(r);
                return;
        }
        if (rc == GW_OK && answer->status == 200) {
                all->sent++;
                mailbox_count_opened(all->simulation->mailbox, r->message_id);
                receipt_free(r);
        } else if (++r->attempts < ATTEMPTS_MAX) {
                enqueue(all, r, RETRY_MS);
        } else {
                all->given_up++;
                log_event(LOG_WARN, NULL, "receipt.given_up", "status=%ld", rc == GW_OK ? answer->status : 0L);
                receipt_free(r);
        }
}

static void post(struct receipts *all, struct receipt *r)
{
        char id[TEXT_UUID_MAX];
        auto_buf struct buf content = BUF_INIT;
        auto_buf struct buf envelope = BUF_INIT;
        struct why why = WHY_INIT;
        struct shep_out out = {
                .operation = SHEP_STATUS_NOTIFICATION,
                .notification_id = text_uuid(id),
                .message_id = r->message_id,
                .message_state = "DELIVERED",
                .status_code = "OPENED",
                .status_message = "Нәтиже алынды / Результат получен",
                .date = wall_now(),
        };
        struct wsse_options options = {.soap_version = 11, .must_understand = true};
        shep_write(&content, &out);
        GW_ASSERT(xml_sign_envelope(all->simulation->systems[SYSTEM_CABINET].key, buf_span(&content), &options, &envelope, &why) == GW_OK);
        struct http_post http = {
                .destination = all->destination,
                .content_type = "text/xml; charset=utf-8",
                .soap_action = "",
                .body = buf_span(&envelope),
                .done = on_answer,
                .arg = r,
        };
        all->running++;
        http_client_post(all->client, &http);
}

static void on_tick(uv_timer_t *timer)
{
        struct receipts *all = timer->data;
        struct mono_time now = mono_now();
        while (all->first && all->first->due.ms <= now.ms && all->running < AT_ONCE) {
                struct receipt *r = all->first;
                all->first = r->next;
                if (!all->first)
                        all->last = &all->first;
                all->waiting--;
                post(all, r);
        }
}

/* The gateway may want a client certificate: the portal's own. */
static int use_client_certificate(void *ctx, void *ssl_ctx)
{
        const struct receipts *all = ctx;
        const char *pki = all->simulation->options.pki;
        auto_str char *certificate = xasprintf("%s/certs/tls-portal.pem", pki), *key = xasprintf("%s/keys/tls-portal.key", pki);
        return SSL_CTX_use_certificate_chain_file(ssl_ctx, certificate) == 1 &&
               SSL_CTX_use_PrivateKey_file(ssl_ctx, key, SSL_FILETYPE_PEM) == 1;
}

enum gw_rc receipts_new(struct simulation *s, struct receipts **ret_receipts, struct why *why)
{
        const char *url = s->options.receipts;
        bool tls = str_starts(url, "https://");
        if (!tls && !str_starts(url, "http://"))
                return why_say(why, GW_REJECT, "--receipts wants the URL of the gateway's /shep/async");
        struct receipts *all = xcalloc(1, sizeof *all);
        all->simulation = s;
        all->last = &all->first;
        all->ca_file = tls ? xasprintf("%s/tls/ca.pem", s->options.pki) : NULL;
        struct destination_conf conf = {
                .name = "gateway",
                .url = url,
                .ca_file = all->ca_file,
                .timeout_ms = 10000,
                .connect_timeout_ms = 2000,
                .answer_max = 1 << 20,
                .concurrency_max = AT_ONCE,
                .queue_max = AT_ONCE,
                .failures_max = 1000000, /* a gateway that is being restarted is asked every second */
                .open_ms = 100,
                .open_ms_max = 100,
        };
        all->destination = destination_new(&conf);
        all->client = http_client_new(&s->loop, tls ? use_client_certificate : NULL, all);
        GW_ASSERT(uv_timer_init(&s->loop, &all->timer) == 0);
        all->timer.data = all;
        uv_timer_start(&all->timer, on_tick, TICK_MS, TICK_MS);
        *ret_receipts = all;
        return GW_OK;
}

void receipts_schedule(struct receipts *all, const char *message_id)
{
        struct receipt *r = xcalloc(1, sizeof *r);
        r->receipts = all;
        r->message_id = xstrdup(message_id);
        enqueue(all, r, all->simulation->options.receipt_delay_ms);
}

struct receipt_counts receipts_counts(const struct receipts *all)
{
        if (!all)
                return (struct receipt_counts){0};
        return (struct receipt_counts){.waiting = all->waiting + all->running, .sent = all->sent, .given_up = all->given_up};
}

void receipts_stop(struct receipts *all)
{
        if (!all || all->stopping)
                return;
        all->stopping = true;
        uv_close((uv_handle_t *)&all->timer, NULL);
        http_client_free(gw_take(&all->client));
}

void receipts_free(struct receipts *all)
{
        if (!all)
                return;
        while (all->first) {
                struct receipt *r = all->first;
                all->first = r->next;
                receipt_free(r);
        }
        destination_free(all->destination);
        free(all->ca_file);
        free(all);
}
