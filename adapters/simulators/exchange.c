/* One exchange with a simulated system: SOAP in, signature, message, answer, signature, SOAP out. */
#include <string.h>
#include <time.h>

#include "adapters/provider/provider.h"
#include "adapters/simulators/simulator.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/xml_sign.h"

#define HUGE_BYTES ((size_t)11 << 20) /* over the 10 MiB that anybody accepts */

uint64_t cpu_us(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- checks ---- */

static enum gw_rc check_signature(const struct transaction *t, const struct soap *soap, struct why *why)
{
        if (!t->simulation->options.verify)
                return GW_OK;
        uint64_t start = cpu_us();
        auto_certificate struct certificate *certificate = NULL;
        struct sender_binding binding = {.bin = SIMULATORS_GATEWAY_BIN};
        enum gw_rc rc = verify_transport(t->simulation->verifier, soap, t->now, &certificate, why);
        if (rc == GW_OK)
                rc = verify_sender_allowed(certificate, &binding, why);
        t->system->seen.verify_us += cpu_us() - start;
        return rc;
}

static enum gw_rc check_message(const struct transaction *t, const struct shep_message *message, struct why *why)
{
        const char *sender = t->simulation->options.sender;
        bool cabinet = !t->system->registers;
        if (message->operation != (cabinet ? SHEP_ASYNC_SEND : SHEP_SYNC_SEND))
                return why_set(why, GW_REJECT, REASON_SOAP_OPERATION, "not an operation of this channel");
        if (!message->message_id || !*message->message_id)
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "messageId: missing");
        if (!message->sender_id || !*message->sender_id || (sender && !str_eq(sender, message->sender_id)))
                return why_set(why, GW_REJECT, REASON_SENDER_UNKNOWN, "senderId");
        return GW_OK;
}

/* ---- work ---- */

static enum gw_rc ask_register(const struct transaction *t, const struct shep_message *message, struct buf *content, struct why *why)
{
        const struct register_simulator *r = t->system->registers;
        if (!str_eq(message->service_id, r->service_id))
                return why_set(why, GW_REJECT, REASON_SERVICE_UNKNOWN, "serviceId");
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        auto_buf struct buf data = BUF_INIT;
        enum gw_rc rc = shep_data_document(message->data, &xml_limits_default, &doc, &bytes, why);
        if (rc != GW_OK)
                return rc;
        struct register_question question = {
                .people = t->simulation->people,
                .generate = t->simulation->options.generate,
                .fault = t->fault,
                .now = t->now,
                .root = xmlDocGetRootElement(doc),
        };
        rc = r->answer(&question, &data, why);
        if (rc != GW_OK)
                return rc;
        char id[TEXT_UUID_MAX];
        struct shep_out out = {
                .operation = SHEP_SYNC_SEND_RESPONSE,
                .message_id = text_uuid(id),
                .correlation_id = message->message_id,
                .date = t->now,
                .status_code = "SUCCESS",
                .status_message = "Success",
                .data_xml = buf_span(&data),
        };
        shep_write(content, &out);
        return GW_OK;
}

static enum gw_rc work(struct transaction *t, struct span bytes, int *soap_version, struct buf *content, struct why *why)
{
        auto_soap struct soap *soap = NULL;
        auto_shep_message struct shep_message *message = NULL;
        enum gw_rc rc = soap_parse(bytes, &xml_limits_default, &soap, why);
        if (rc != GW_OK)
                return rc;
        *soap_version = soap->version;
        rc = check_signature(t, soap, why);
        if (rc == GW_OK)
                rc = shep_read(soap, &message, why);
        if (rc == GW_OK)
                rc = check_message(t, message, why);
        if (rc != GW_OK)
                return rc;
        return t->system->registers ? ask_register(t, message, content, why) : t->system->take(t, message, bytes, content, why);
}

/* ---- the answer's envelope ---- */

static void write_unsigned(struct span content, int soap_version, struct buf *out)
{
        buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"%s\"><soap:Body>",
                   soap_version == 12 ? SOAP12_NS : SOAP11_NS);
        buf_add_span(out, content);
        buf_add_str(out, "</soap:Body></soap:Envelope>");
}

/* Another character in the middle of the SignatureValue: still base64, no longer a signature. */
static void spoil_signature(struct buf *out)
{
        static const char mark[] = "SignatureValue>";
        uint8_t *at = out->n ? memmem(out->p, out->n, mark, strlen(mark)) : NULL;
        GW_ASSERT(at && (size_t)(at - out->p) + strlen(mark) + 40 < out->n);
        at += strlen(mark) + 20;
        *at = *at == 'A' ? 'B' : 'A';
}

static bool write_envelope(const struct transaction *t, struct span content, int soap_version, struct buf *out)
{
        if (t->fault == FAULT_UNSIGNED) {
                write_unsigned(content, soap_version, out);
                return true;
        }
        struct wsse_options options = {.soap_version = soap_version, .must_understand = false};
        struct why why = WHY_INIT;
        uint64_t start = cpu_us();
        enum gw_rc rc = xml_sign_envelope(t->system->key, content, &options, out, &why);
        t->system->seen.sign_us += cpu_us() - start;
        if (rc != GW_OK) {
                log_event(LOG_ERROR, NULL, "simulator.unsigned", "system=%s detail=\"%s\"", t->system->name, why.detail);
                return false;
        }
        if (t->fault == FAULT_WRONG_SIGNATURE)
                spoil_signature(out);
        if (t->fault == FAULT_HUGE)
                for (size_t n = 0; n < HUGE_BYTES; n += 64)
                        buf_add_str(out, "                                                                ");
        return true;
}

static void write_fault(const struct transaction *t, int soap_version, const struct why *why, struct buf *content)
{
        struct shep_fault fault = {
                .in_reply_to = t->operation,
                .soap_version = soap_version,
                .reason = why->reason ? why->reason : REASON_INTERNAL,
                .detail = why->detail,
                .date = t->now,
        };
        shep_write_fault(content, &fault);
}

static void send_answer(struct transaction *t, int status, struct span body)
{
        struct answering answering = {.simulation = t->simulation, .exchange = t->exchange, .manner = t->fault, .ms = t->system->fault.ms,
                                      .content_type = "text/xml; charset=utf-8"};
        answering_send(&answering, status, body);
}

static void answer_post(struct transaction *t, struct span bytes)
{
        auto_buf struct buf content = BUF_INIT;
        auto_buf struct buf out = BUF_INIT;
        struct why why = WHY_INIT;
        int soap_version = 11;
        bool busy_cabinet = t->fault == FAULT_BUSY && !t->system->registers;
        enum gw_rc rc = t->fault == FAULT_SOAPFAULT || busy_cabinet ? why_set(&why, GW_RETRY, REASON_INTERNAL, "a fault on demand")
                                                                     : work(t, bytes, &soap_version, &content, &why);
        if (rc != GW_OK) {
                if (rc == GW_REJECT) {
                        t->system->seen.refused++;
                        log_event(LOG_DEBUG, NULL, "simulator.refused", "system=%s reason=%s detail=\"%s\"", t->system->name,
                                  reason_info(why.reason)->name, why.detail);
                }
                buf_reset(&content);
                write_fault(t, soap_version, &why, &content);
        }
        if (!write_envelope(t, buf_span(&content), soap_version, &out) || buf_failed(&out)) {
                send_answer(t, 500, span_str("cannot answer\n"));
                return;
        }
        send_answer(t, rc == GW_OK ? 200 : 500, buf_span(&out));
}

void exchange_handle(struct simulation *simulation, struct system *system, struct http_exchange *exchange)
{
        const struct http_request *request = http_exchange_request(exchange);
        uint64_t start = cpu_us();
        if (!str_eq(request->method, "POST")) {
                http_reply(exchange, &(struct http_reply){.status = 405, .content_type = "text/plain", .body = span_str("POST only\n")});
                return;
        }
        const char *type = http_request_header(request, "content-type");
        if (system->take == provider_take && type && str_starts(type, "application/json")) {
                provider_webhook(simulation, system, exchange);
                return;
        }
        system->seen.requests++;
        struct transaction t = {
                .simulation = simulation,
                .system = system,
                .exchange = exchange,
                .fault = fault_next(&system->fault, &simulation->random),
                .now = request->received_at,
                .operation = system->registers ? SHEP_SYNC_SEND : SHEP_ASYNC_SEND,
        };
        if (t.fault == FAULT_HTTP500 || t.fault == FAULT_REFUSE)
                send_answer(&t, 500, span_str("Internal Server Error (a fault on demand)\n"));
        else
                answer_post(&t, request->body);
        system->seen.work_us += cpu_us() - start;
}
