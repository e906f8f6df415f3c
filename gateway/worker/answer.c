/* How the gateway answers. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/worker/answer.h"

#define SOAP11_TYPE "text/xml; charset=utf-8"
#define SOAP12_TYPE "application/soap+xml; charset=utf-8"

static const struct http_header RETRY_AFTER = {"retry-after", "5"};
static const struct http_header NO_STORE = {"cache-control", "no-store"};
static const struct http_header LOG_IN = {"www-authenticate", "EDS realm=\"egov-gateway\""}; /* RFC 9110 15.5.2 wants one; browsers know no such scheme and stay quiet */

static const char *soap_type(int version)
{
        return version == 12 ? SOAP12_TYPE : SOAP11_TYPE;
}

/* header: one more, or NULL. */
static void reply_with(struct http_exchange *x, int status, const char *type, struct span body, const struct http_header *header)
{
        struct http_header headers[3] = {NO_STORE};
        size_t count = 1;
        if (status == 503)
                headers[count++] = RETRY_AFTER;
        if (status == 401)
                headers[count++] = LOG_IN;
        if (header)
                headers[count++] = *header;
        struct http_reply r = {.status = status, .content_type = type, .body = body, .headers = headers, .header_count = count};
        http_reply(x, &r);
}

static void reply(struct http_exchange *x, int status, const char *type, struct span body)
{
        reply_with(x, status, type, body, NULL);
}

void answer_text(struct http_exchange *exchange, int status, const char *content_type, struct span body)
{
        reply(exchange, status, content_type, body);
}

/* filename= in ASCII for old readers, filename*= whole (RFC 6266); any byte that could end a token is encoded. */
static void write_disposition(struct buf *out, const char *name)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        buf_add_str(out, "attachment; filename=\"");
        for (const char *p = name; *p; p++)
                buf_add_char(out, strchr(plain, *p) ? *p : '_');
        buf_add_str(out, "\"; filename*=UTF-8''");
        for (const char *p = name; *p; p++)
                if (strchr(plain, *p))
                        buf_add_char(out, *p);
                else
                        buf_printf(out, "%%%02X", (unsigned char)*p);
}

void answer_download(struct http_exchange *exchange, const char *content_type, const char *name, struct span body)
{
        auto_buf struct buf disposition = BUF_INIT;
        write_disposition(&disposition, name);
        const struct http_header headers[] = {
                NO_STORE, {"content-disposition", buf_cstr(&disposition)}, {"x-content-type-options", "nosniff"}, {"content-security-policy", "sandbox; default-src 'none'"}};
        struct http_reply r = {.status = 200, .content_type = content_type, .body = body, .headers = headers, .header_count = GW_COUNT(headers)};
        http_reply(exchange, &r);
}

static enum gw_rc sign_envelope(struct loop *loop, int version, struct span content, struct buf *out, struct why *why)
{
        /* No mustUnderstand in answers: clients that do not process the header would fail on it (interfaces 2). */
        struct wsse_options options = {.soap_version = version, .must_understand = false};
        return xml_sign_envelope(signer_key(loop->signer, loop->shared->settings->gateway.system_key), content, &options, out, why);
}

static void write_unsigned(struct buf *out, int version, struct span content)
{
        buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"%s\"><soap:Body>", version == 12 ? SOAP12_NS : SOAP11_NS);
        buf_add_span(out, content);
        buf_add_str(out, "</soap:Body></soap:Envelope>");
}

static void write_fault(struct buf *content, const struct soap_refusal *refusal, const struct why *why)
{
        struct shep_fault fault = {
                .in_reply_to = refusal->in_reply_to,
                .soap_version = refusal->soap_version,
                .reason = why->reason,
                .detail = why->detail,
                .correlation_id = refusal->correlation_id,
                .session_id = refusal->session_id,
                .date = wall_now(),
        };
        shep_write_fault(content, &fault);
}

/* SOAP 1.1 over HTTP (6.2) and SOAP 1.2 (7.5.2.2 for receiver faults) answer 500; a 1.2 sender fault is 400; overload stays 503 for everyone. */
static int fault_status(const struct soap_refusal *refusal, int reason)
{
        int status = reason_info(reason)->http_status;
        if (status == 503)
                return 503;
        return refusal->soap_version == 12 && status < 500 ? 400 : 500;
}

void answer_fault(struct loop *loop, struct http_exchange *exchange, const struct soap_refusal *refusal, const struct why *why)
{
        auto_buf struct buf content = BUF_INIT;
        auto_buf struct buf out = BUF_INIT;
        struct why ignored = WHY_INIT;
        write_fault(&content, refusal, why);
        if (!refusal->sign_it || sign_envelope(loop, refusal->soap_version, buf_span(&content), &out, &ignored) != GW_OK) {
                buf_reset(&out);
                write_unsigned(&out, refusal->soap_version, buf_span(&content));
        }
        reply(exchange, fault_status(refusal, why->reason), soap_type(refusal->soap_version), buf_span(&out));
}

void answer_soap(struct loop *loop, struct http_exchange *exchange, int soap_version, struct span body_content)
{
        auto_buf struct buf out = BUF_INIT;
        struct why why = WHY_INIT;
        if (sign_envelope(loop, soap_version, body_content, &out, &why) != GW_OK) {
                log_event(LOG_ERROR, NULL, "answer.unsigned", "reason=%s detail=\"%s\"", reason_info(why.reason)->name, why.detail);
                struct soap_refusal refusal = {.in_reply_to = SHEP_SYNC_SEND, .soap_version = soap_version};
                answer_fault(loop, exchange, &refusal, &why);
                return;
        }
        reply(exchange, 200, soap_type(soap_version), buf_span(&out));
}

void answer_json_with(struct http_exchange *exchange, int status, json_t *json, const struct http_header *header)
{
        char *text = json_dumps(json, JSON_COMPACT);
        reply_with(exchange, status, "application/json", span_str(text), header);
        free(text);
        json_decref(json);
}

void answer_json(struct http_exchange *exchange, int status, json_t *json)
{
        answer_json_with(exchange, status, json, NULL);
}

/* more: further members, or NULL. */
static void write_problem(struct buf *out, const char *correlation_id, int status, const struct why *why, json_t *more)
{
        const struct reason_info *info = reason_info(why->reason);
        struct reason_advice advice = reason_advice(why->reason);
        json_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s?, s:{s:s, s:s, s:s}, s:s, s:{s:s, s:s, s:s}}", "type", "about:blank", "title", info->en, "status", status, "detail",
                                    why->detail[0] ? why->detail : info->en, "reason", info->name, "code", info->shep_code, "correlationId", correlation_id, "messages",
                                    "kk", info->kk, "ru", info->ru, "en", info->en, "side", advice.side_name, "advice", "kk", advice.kk, "ru", advice.ru, "en", advice.en);
        if (more)
                json_object_update(problem, more);
        /* The detail may quote a name out of the message: jansson refuses what is not UTF-8. */
        char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;
        buf_add_str(out, text ? text : "{}");
        free(text);
        json_decref(problem);
}

void answer_problem_with(struct http_exchange *exchange, const char *correlation_id, const struct why *why, json_t *more)
{
        auto_buf struct buf out = BUF_INIT;
        int status = reason_info(why->reason)->http_status;
        write_problem(&out, correlation_id, status, why, more);
        json_decref(more);
        reply(exchange, status, "application/problem+json", buf_span(&out));
}

void answer_problem(struct http_exchange *exchange, const char *correlation_id, const struct why *why)
{
        answer_problem_with(exchange, correlation_id, why, NULL);
}

static enum shep_operation operation_of_path(const char *path)
{
        return str_eq(path, "/shep/async") ? SHEP_ASYNC_SEND : SHEP_SYNC_SEND;
}

void answer_carrier(struct http_exchange *exchange, const char *correlation_id, int reason, const char *detail, const struct http_header *header)
{
        const struct http_request *request = http_exchange_request(exchange);
        struct why why = WHY_INIT;
        why_set(&why, GW_REJECT, reason, "%s", detail);
        auto_buf struct buf out = BUF_INIT;
        int status = reason_info(reason)->http_status;
        const char *type = "application/problem+json";
        if (str_starts(request->path, "/shep/")) {
                auto_buf struct buf content = BUF_INIT;
                struct soap_refusal refusal = {.in_reply_to = operation_of_path(request->path), .soap_version = 11, .correlation_id = correlation_id};
                write_fault(&content, &refusal, &why);
                write_unsigned(&out, 11, buf_span(&content));
                type = SOAP11_TYPE;
        } else {
                write_problem(&out, correlation_id, status, &why, NULL);
        }
        reply_with(exchange, status, type, buf_span(&out), header);
}

static int reason_of_status(int status)
{
        switch (status) {
        case 408:
                return REASON_HTTP_TIMEOUT;
        case 413:
                return REASON_HTTP_TOO_LARGE;
        case 431:
                return REASON_HTTP_HEADERS_TOO_LARGE;
        case 503:
                return REASON_OVERLOADED;
        default:
                return REASON_HTTP_MALFORMED;
        }
}

/* What the server refuses before there is a request: the path is not known, so both kinds of client get problem+json. */
void answer_error_writer(void *ctx, int status, const struct http_peer *peer, struct buf *body, const char **ret_content_type)
{
        struct loop *loop = ctx;
        struct why why = WHY_INIT;
        char id[TEXT_UUID_MAX];
        text_uuid(id);
        why.reason = reason_of_status(status);
        atomic_fetch_add(&loop->shared->counters.refused, 1);
        log_event(LOG_INFO, id, "http.refused", "status=%d listener=%s", status, peer && peer->listener ? peer->listener : "?");
        write_problem(body, id, status, &why, NULL);
        *ret_content_type = "application/problem+json";
}
