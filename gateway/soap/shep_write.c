/* Writes SHEP messages in exclusive canonical form: ns2 is declared where it is used, the inside has no namespace. */
#include "gateway/soap/shep.h"

#include <string.h>

#include "gateway/soap/shep_names.h"

/* sessionId is mandatory in one answer; this one says that there was no session. */
#define NIL_GUID "{00000000-0000-0000-0000-000000000000}"

static void add_date(struct buf *out, const char *name, struct wall_time date)
{
        char text[CLOCK_TEXT_MAX];
        canon_element(out, name, clock_iso(date, text));
}

/* An element that the contract demands: empty rather than absent. */
static void add_needed(struct buf *out, const char *name, const char *value)
{
        canon_element(out, name, value ? value : "");
}

static void add_sender_and_properties(struct buf *out, const struct shep_out *m)
{
        buf_add_str(out, "<sender>");
        add_needed(out, "senderId", m->sender_id);
        buf_add_str(out, "</sender>");
        for (size_t i = 0; i < m->property_count; i++) {
                buf_add_str(out, "<properties>");
                add_needed(out, "key", m->properties[i].key);
                add_needed(out, "value", m->properties[i].value);
                buf_add_str(out, "</properties>");
        }
}

/* Text gets xsi:type="xs:string" so that a JAXB receiver has a string and not a DOM node. The prefix xs stands only inside the value,
 * so exc-c14n does not render it: xml_sign_envelope() declares it on the Envelope. */
static void add_data(struct buf *out, const struct shep_out *m, bool needed)
{
        GW_ASSERT(m->data_xml.n == 0 || m->data_text.n == 0);
        if (m->data_xml.n) {
                buf_add_str(out, "<data>");
                buf_add_span(out, m->data_xml);
                buf_add_str(out, "</data>");
        } else if (m->data_text.n) {
                buf_add_str(out, "<data xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">");
                canon_text(out, m->data_text);
                buf_add_str(out, "</data>");
        } else if (needed)
                buf_add_str(out, "<data></data>");
}

static void write_sync_send(struct buf *out, const struct shep_out *m)
{
        buf_add_str(out, "<requestInfo>");
        add_needed(out, "messageId", m->message_id);
        canon_element(out, "correlationId", m->correlation_id);
        add_needed(out, "serviceId", m->service_id);
        add_date(out, "messageDate", m->date);
        add_sender_and_properties(out, m);
        buf_add_str(out, "</requestInfo><requestData>");
        add_data(out, m, false);
        buf_add_str(out, "</requestData>");
}

static void write_sync_response(struct buf *out, const struct shep_out *m)
{
        const char *message = m->status_message ? m->status_message : "";
        buf_add_str(out, "<responseInfo>");
        add_needed(out, "messageId", m->message_id);
        canon_element(out, "correlationId", m->correlation_id);
        add_date(out, "responseDate", m->date);
        buf_add_str(out, "<status>");
        add_needed(out, "code", m->status_code);
        buf_add_str(out, "<message>");
        canon_text(out, span_of(message, shep_clip(message, SHEP_STATUS_MESSAGE_MAX)));
        buf_add_str(out, "</message></status></responseInfo><responseData>");
        add_data(out, m, false);
        buf_add_str(out, "</responseData>");
}

static void write_async_send(struct buf *out, const struct shep_out *m)
{
        buf_add_str(out, "<messageInfo>");
        canon_element(out, "messageId", m->message_id);
        canon_element(out, "correlationId", m->correlation_id);
        add_needed(out, "serviceId", m->service_id);
        add_needed(out, "messageType", m->message_type);
        add_date(out, "messageDate", m->date);
        add_sender_and_properties(out, m);
        buf_add_str(out, "</messageInfo><messageData>");
        add_data(out, m, true);
        buf_add_str(out, "</messageData>");
}

static void write_async_response(struct buf *out, const struct shep_out *m)
{
        add_needed(out, "messageId", m->message_id);
        add_needed(out, "correlationId", m->correlation_id);
        add_date(out, "responseDate", m->date);
}

static void write_status_notification(struct buf *out, const struct shep_out *m)
{
        buf_add_str(out, "<notification>");
        add_needed(out, "notificationId", m->notification_id);
        add_needed(out, "messageId", m->message_id);
        add_date(out, "notificationDate", m->date);
        add_needed(out, "messageState", m->message_state);
        buf_add_str(out, "<status>");
        add_needed(out, "statusCode", m->status_code);
        add_needed(out, "statusMessage", m->status_message);
        add_date(out, "statusDate", m->date);
        buf_add_str(out, "</status></notification>");
        add_date(out, "requestDate", m->date);
}

static void write_status_notification_response(struct buf *out, const struct shep_out *m)
{
        add_date(out, "responseDate", m->date);
        canon_element(out, "sessionId", shep_is_guid(m->session_id) ? m->session_id : NIL_GUID);
}

static void write_delivery_notification(struct buf *out, const struct shep_out *m)
{
        buf_add_str(out, "<notification>");
        add_needed(out, "messageId", m->message_id);
        add_needed(out, "serviceId", m->service_id);
        add_date(out, "notificationDate", m->date);
        buf_add_str(out, "<deliveryStatus>");
        add_needed(out, "receiveStatus", m->message_state);
        add_date(out, "statusDate", m->date);
        add_needed(out, "resendMessage", "NOT_RESEND");
        buf_add_str(out, "</deliveryStatus></notification>");
        add_date(out, "requestDate", m->date);
}

static void write_delivery_notification_response(struct buf *out, const struct shep_out *m)
{
        add_needed(out, "notificationId", m->notification_id);
        write_status_notification_response(out, m);
}

static void add_operation(struct buf *out, const char *ns, const char *name, const char *child,
                          void (*write)(struct buf *, const struct shep_out *), const struct shep_out *m)
{
        buf_printf(out, "<ns2:%s xmlns:ns2=\"%s\"><%s>", name, ns, child);
        write(out, m);
        buf_printf(out, "</%s></ns2:%s>", child, name);
}

void shep_write(struct buf *out, const struct shep_out *m)
{
        switch (m->operation) {
        case SHEP_SYNC_SEND:
                return add_operation(out, SHEP_SYNC_TYPES_NS, "SendMessage", "request", write_sync_send, m);
        case SHEP_SYNC_SEND_RESPONSE:
                return add_operation(out, SHEP_SYNC_TYPES_NS, "SendMessageResponse", "response", write_sync_response, m);
        case SHEP_ASYNC_SEND:
                return add_operation(out, SHEP_ASYNC_TYPES_NS, "sendMessage", "request", write_async_send, m);
        case SHEP_ASYNC_SEND_RESPONSE:
                return add_operation(out, SHEP_ASYNC_TYPES_NS, "sendMessageResponse", "response", write_async_response, m);
        case SHEP_STATUS_NOTIFICATION:
                return add_operation(out, SHEP_ASYNC_CLIENT_NS, "changeMassageStatusNotification", "request", write_status_notification, m);
        case SHEP_STATUS_NOTIFICATION_RESPONSE:
                return add_operation(out, SHEP_ASYNC_CLIENT_NS, "changeMassageStatusNotificationResponse", "response",
                                     write_status_notification_response, m);
        case SHEP_DELIVERY_NOTIFICATION:
                return add_operation(out, SHEP_ASYNC_TYPES_NS, "sendDeliveryNotification", "request", write_delivery_notification, m);
        case SHEP_DELIVERY_NOTIFICATION_RESPONSE:
                return add_operation(out, SHEP_ASYNC_TYPES_NS, "sendDeliveryNotificationResponse", "response", write_delivery_notification_response, m);
        case SHEP_FAULT:
                break; /* shep_write_fault() */
        }
        GW_ASSERT(!"an operation that can be written");
}
