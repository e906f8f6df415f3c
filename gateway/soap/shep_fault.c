/* SOAP faults with the ErrorInfo of SHEP, and the way back from one of ours to its reason code. */
#include <string.h>

#include "gateway/reason.h"
#include "gateway/soap/shep.h"
#include "gateway/soap/shep_names.h"

#define REASON_KEY "reason="

size_t shep_clip(const char *s, size_t max_characters)
{
        size_t i = 0;
        for (size_t characters = 0; s[i]; i++)
                if (((unsigned char)s[i] & 0xc0) != 0x80 && ++characters > max_characters)
                        break;
        return i;
}

struct fault_element {
        const char *ns, *name;
};

/* <operation>Fault1_<operation>Fault in the namespace of the operation's element (interfaces 1.2, 1.4). */
static struct fault_element fault_element_of(enum shep_operation operation)
{
        switch (operation) {
        case SHEP_ASYNC_SEND:
        case SHEP_ASYNC_SEND_RESPONSE:
                return (struct fault_element){SHEP_ASYNC_TYPES_NS, "sendMessageFault1_sendMessageFault"};
        case SHEP_STATUS_NOTIFICATION:
        case SHEP_STATUS_NOTIFICATION_RESPONSE:
                return (struct fault_element){SHEP_ASYNC_CLIENT_NS,
                                              "changeMassageStatusNotificationFault1_changeMassageStatusNotificationFault"};
        case SHEP_DELIVERY_NOTIFICATION:
        case SHEP_DELIVERY_NOTIFICATION_RESPONSE:
                return (struct fault_element){SHEP_ASYNC_TYPES_NS, "sendDeliveryNotificationFault1_sendDeliveryNotificationFault"};
        case SHEP_SYNC_SEND:
        case SHEP_SYNC_SEND_RESPONSE:
        case SHEP_FAULT:
                break;
        }
        return (struct fault_element){SHEP_SYNC_TYPES_NS, "SendMessageFault1_SendMessageFault"};
}

static void add_error_info(struct buf *out, const struct shep_fault *fault)
{
        const struct reason_info *info = reason_info(fault->reason);
        struct fault_element element = fault_element_of(fault->in_reply_to);
        char date[CLOCK_TEXT_MAX];
        auto_str char *message = xasprintf("%s / %s / %s [%s]", info->kk, info->ru, info->en, info->name);
        auto_str char *data = xasprintf(REASON_KEY "%s; correlationId=%s", info->name, fault->correlation_id ? fault->correlation_id : "-");
        buf_printf(out, "<ns2:%s xmlns:ns2=\"%s\">", element.name, element.ns);
        canon_element(out, "errorCode", info->shep_code);
        canon_element(out, "errorMessage", message);
        canon_element(out, "errorData", data);
        canon_element(out, "errorDate", clock_iso(fault->date, date));
        canon_element(out, "sessionId", shep_is_guid(fault->session_id) ? fault->session_id : NULL);
        buf_printf(out, "</ns2:%s>", element.name);
}

static void add_text(struct buf *out, const char *language, const char *text)
{
        buf_printf(out, "<soap:Text xml:lang=\"%s\">", language);
        canon_text(out, span_str(text));
        buf_add_str(out, "</soap:Text>");
}

/* The prefix soap is bound by the Envelope and rendered on Body, so canonical form does not declare it again here. */
void shep_write_fault(struct buf *out, const struct shep_fault *fault)
{
        const struct reason_info *info = reason_info(fault->reason);
        bool detailed = fault->detail && *fault->detail, ours = info->http_status >= 500;
        auto_str char *english = detailed ? xasprintf("%s (%s)", info->en, fault->detail) : xstrdup(info->en);
        if (fault->soap_version == 12) { /* SOAP 1.2 part 1, 5.4: one Text per language */
                buf_printf(out, "<soap:Fault><soap:Code><soap:Value>soap:%s</soap:Value></soap:Code><soap:Reason>",
                           ours ? "Receiver" : "Sender");
                add_text(out, "en", english);
                add_text(out, "kk", info->kk);
                add_text(out, "ru", info->ru);
                buf_add_str(out, "</soap:Reason><soap:Detail>");
                add_error_info(out, fault);
                buf_add_str(out, "</soap:Detail></soap:Fault>");
                return;
        }
        buf_printf(out, "<soap:Fault><faultcode>soap:%s</faultcode>", ours ? "Server" : "Client");
        canon_element(out, "faultstring", english);
        buf_add_str(out, "<detail>");
        add_error_info(out, fault);
        buf_add_str(out, "</detail></soap:Fault>");
}

int shep_fault_reason(const char *error_data)
{
        if (!str_starts(error_data, REASON_KEY))
                return -1;
        const char *name = error_data + strlen(REASON_KEY);
        auto_str char *copy = xstrndup(name, strcspn(name, ";"));
        return reason_by_name(copy);
}
