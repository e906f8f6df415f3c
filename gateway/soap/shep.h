/* The SHEP (ШЭП) v10 contract: reading and writing of its messages (interfaces 1). Only the operation element is qualified,
 * everything inside has no namespace; the typos of the contract (changeMassage…, MESSAGE_NOT_ACCTEPTED) are the contract. */
#ifndef GW_SOAP_SHEP_H
#define GW_SOAP_SHEP_H

#include "gateway/base/clock.h"
#include "gateway/soap/soap.h"

#define SHEP_SYNC_TYPES_NS "http://bip.bee.kz/SyncChannel/v10/Types"
#define SHEP_SYNC_INTERFACES_NS "http://bip.bee.kz/SyncChannel/v10/Interfaces"
#define SHEP_ASYNC_TYPES_NS "http://bip.bee.kz/AsyncChannel/v10/Types"
#define SHEP_ASYNC_CLIENT_NS "http://bip.bee.kz/AsyncChannel/v10/Types/Client"
#define SHEP_COMMON_NS "http://bip.bee.kz/common/v10/Types"

enum shep_operation {
        SHEP_SYNC_SEND,              /* SendMessage */
        SHEP_SYNC_SEND_RESPONSE,     /* SendMessageResponse */
        SHEP_ASYNC_SEND,             /* sendMessage */
        SHEP_ASYNC_SEND_RESPONSE,    /* sendMessageResponse */
        SHEP_STATUS_NOTIFICATION,    /* changeMassageStatusNotification */
        SHEP_STATUS_NOTIFICATION_RESPONSE,
        SHEP_DELIVERY_NOTIFICATION,  /* sendDeliveryNotification: whoever was sent a message says whether he took it */
        SHEP_DELIVERY_NOTIFICATION_RESPONSE,
        SHEP_FAULT,                  /* soap:Fault with ErrorInfo */
};

/* One parsed message; strings are owned, `data` is borrowed from the soap it came from. Absent optional fields are NULL. */
struct shep_message {
        enum shep_operation operation;
        char *message_id, *correlation_id, *service_id, *route_id, *session_id;
        char *message_type;            /* async: REQUEST | UPDATE | NOTIFICATION | RESPONSE */
        char *sender_id;               /* the password is never kept */
        struct wall_time message_date; /* messageDate or responseDate or notificationDate */
        char *status_code, *status_message; /* sync response status; status notification: statusCode, statusMessage */
        char *message_state;           /* status notification: ON_DELIVERY | DELIVERED | NOT_DELIVERED | DELIVERY_STOPPED; delivery notification: MESSAGE_ACCEPTED | MESSAGE_NOT_ACCTEPTED */
        char *notification_id;
        char *error_code, *error_message, *error_data; /* fault: ErrorInfo, or faultcode/faultstring when there is none */
        xmlNode *data;                 /* the `data` element, qualified or not; NULL when absent */
};
void shep_message_free(struct shep_message *message);
GW_DEFINE_AUTO(shep_message, struct shep_message, shep_message_free)
#define auto_shep_message gw_auto(shep_message)

/* Order, cardinality, types and lengths as in the contract; duplicated singular elements are refused; text fields <= 500 characters.
 * Reasons SOAP_OPERATION (not an operation of SHEP), SOAP_STRUCTURE (detail names the field). */
GW_MUST_CHECK enum gw_rc shep_read(const struct soap *soap, struct shep_message **ret_message, struct why *why);

/* The XML document carried by `data`, whatever the form (interfaces 1.1): escaped text or CDATA (with or without BOM and XML
 * declaration), or exactly one child element. Text is pre-scanned and parsed; a child becomes a document of its own
 * (xml_subtree_doc). bytes: the document's bytes as carried (text) or serialised (child). Reasons DATA_MISSING, DATA_FORM, XML_*. */
GW_MUST_CHECK enum gw_rc shep_data_document(const xmlNode *data, const struct xml_limits *limits, xmlDoc **ret_doc, struct buf *bytes,
                                             struct why *why);
/* True when data is text that is no XML (base64 of a CMS, perhaps); then it is appended. */
GW_MUST_CHECK bool shep_data_other_text(const xmlNode *data, struct buf *out);

/* Writers append the content of soap:Body in exclusive canonical form, ready for xml_sign_envelope(). `data_xml` is placed as
 * child XML (must be exclusive canonical and self-contained), `data_text` as escaped text; at most one of them. */
struct shep_out {
        enum shep_operation operation;
        const char *message_id, *correlation_id, *service_id, *message_type, *sender_id;
        struct wall_time date;
        const char *status_code, *status_message;
        const char *message_state, *notification_id;
        const char *session_id; /* only in the answer to a status notification, which must have one; NULL writes the nil guid */
        struct span data_xml, data_text;
        const struct shep_property { const char *key, *value; } *properties;
        size_t property_count;
};
void shep_write(struct buf *out, const struct shep_out *message);

/* Content of soap:Body for a Fault: faultcode Client/Server (1.1) or Sender/Receiver (1.2), faultstring in en, detail ErrorInfo in the
 * element the operation demands. errorMessage holds kk / ru / en and our reason code; errorData our reason code and the correlation id.
 * `in_reply_to` picks the fault element's namespace and name (interfaces 1.2, 1.4). */
struct shep_fault {
        enum shep_operation in_reply_to;
        int soap_version;
        int reason;                 /* enum reason */
        const char *detail;         /* one line, no personal data; may be NULL */
        const char *correlation_id;
        const char *session_id;     /* guid with braces, or NULL */
        struct wall_time date;
};
void shep_write_fault(struct buf *out, const struct shep_fault *fault);
/* The enum reason that one of our faults carries in errorData ("reason=NAME; correlationId=ID"), or -1 when it is not one of ours. */
int shep_fault_reason(const char *error_data);

#endif
