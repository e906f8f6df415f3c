/* Composes the cabinet's messages. */
#include <stdio.h>

#include "gateway/base/text.h"
#include "gateway/deliver/cabinet.h"
#include "gateway/reason.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/soap/shep.h"

const char *cabinet_message_type(enum request_state state)
{
        return state == REQUEST_RESULT_SENT ? "RESPONSE" : "NOTIFICATION";
}

char *cabinet_message_id(const char *number, int sequence, char out[64])
{
        snprintf(out, 64, "egov-gateway-%s-%d", number, sequence);
        return out;
}

/* resolutionType: what the applicant's cabinet shows. A certificate that says "not a recipient" is a result like any other; only a refusal is
 * negative (services.md A.5 row 8). */
static const char *resolution_of(const struct cabinet_message *m)
{
        if (m->state == REQUEST_REJECTED_INTAKE)
                return "NEGATIVE";
        if (!m->outcome)
                return "NO_RESOLUTION";
        return str_eq(m->outcome, "REFUSED") ? "NEGATIVE" : "POSITIVE";
}

static void write_file(struct buf *data, const struct cabinet_message *m)
{
        if (!m->document.n)
                return;
        auto_buf struct buf base64 = BUF_INIT;
        text_base64(&base64, m->document);
        buf_add_str(data, "<fileData>");
        canon_element(data, "base64Data", buf_cstr(&base64));
        buf_add_str(data, "<name>");
        canon_text(data, span_str(m->document_number));
        buf_add_str(data, ".xml</name></fileData>");
}

static void write_refusal(struct buf *data, const struct cabinet_message *m)
{
        if (m->state != REQUEST_REJECTED_INTAKE)
                return;
        canon_element(data, "negativeResolutionReasonKk", reason_info(m->refusal)->kk);
        canon_element(data, "negativeResolutionReasonRu", reason_info(m->refusal)->ru);
}

static void write_data(struct buf *data, const struct cabinet_message *m)
{
        const struct request_state_info *state = request_state_info(m->state);
        buf_add_str(data, "<typedRequestFormImportData><importSource>EGOV_GATEWAY</importSource><updatedValues><code>processing_status</code>"
                          "<values><domainItemData>");
        canon_element(data, "code", state->code);
        canon_element(data, "kkValue", state->kk);
        canon_element(data, "ruValue", state->ru);
        buf_add_str(data, "</domainItemData></values></updatedValues>");
        canon_element(data, "externalRequestChainId", m->correlation_id);
        canon_element(data, "externalRequestId", m->portal_number);
        canon_element(data, "registrationNumber", m->number);
        canon_element(data, "processingStatus", m->state == REQUEST_RESULT_SENT || m->state == REQUEST_REJECTED_INTAKE || m->state == REQUEST_CANCELLED ? "COMPLETED" : "IN_PROGRESS");
        canon_element(data, "requesterIin", m->applicant_iin);
        canon_element(data, "serviceProviderBin", m->provider_bin);
        canon_element(data, "resolutionType", resolution_of(m));
        write_refusal(data, m);
        write_file(data, m);
        buf_add_str(data, "</typedRequestFormImportData>");
}

enum gw_rc cabinet_envelope(const struct cabinet_message *m, const struct signing_key *key, struct buf *out, struct why *why)
{
        auto_buf struct buf data = BUF_INIT;
        auto_buf struct buf body = BUF_INIT;
        write_data(&data, m);
        struct shep_out message = {
                .operation = SHEP_ASYNC_SEND,
                .message_id = m->message_id,
                .correlation_id = m->correlation_id,
                .service_id = m->service_id,
                .message_type = cabinet_message_type(m->state),
                .sender_id = m->sender_id,
                .date = m->date,
                .data_xml = buf_span(&data),
        };
        shep_write(&body, &message);
        if (buf_failed(&data) || buf_failed(&body))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the message does not fit");
        struct wsse_options options = {.soap_version = 11, .must_understand = true};
        return xml_sign_envelope(key, buf_span(&body), &options, out, why);
}
