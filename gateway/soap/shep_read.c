/* Reads SHEP messages: a cursor walks the children of each element in the order of the contract, and whatever is missing, doubled,
 * out of order or unknown stops it with the name of the field. */
#include <stdlib.h>
#include <string.h>

#include "gateway/reason.h"
#include "gateway/soap/shep.h"
#include "gateway/soap/shep_names.h"

#define XSI_NS "http://www.w3.org/2001/XMLSchema-instance"
#define TEXT_MAX 500

enum presence {
        OPTIONAL,      /* empty counts as absent */
        NEEDED,        /* present and not empty */
        MAY_BE_EMPTY,  /* present */
};

/* Sticky: after the first failure every take gives NULL and the first reason stays. */
struct walk {
        const char *name; /* of the element walked through, for the detail */
        xmlNode *next;
        enum gw_rc *rc;
        struct why *why;
};

void shep_message_free(struct shep_message *m)
{
        if (!m)
                return;
        char *const owned[] = {
                m->message_id,    m->correlation_id, m->service_id,      m->route_id,   m->session_id,    m->message_type, m->sender_id,
                m->status_code,   m->status_message, m->message_state,   m->notification_id, m->error_code, m->error_message, m->error_data,
        };
        for (size_t i = 0; i < GW_COUNT(owned); i++)
                free(owned[i]);
        free(m);
}

static void fail(struct walk *w, const char *field, const char *what)
{
        if (*w->rc == GW_OK)
                *w->rc = why_set(w->why, GW_REJECT, REASON_SOAP_STRUCTURE, "%s/%s %s", w->name, field, what);
}

/* XML Schema part 1, 2.6.2. A nil element must be empty; nil counts as absent (.NET writes absent optional elements that way). */
static bool is_nil(struct walk *w, const xmlNode *node)
{
        auto_str char *nil = xml_attribute(node, XSI_NS, "nil");
        if (!nil || str_eq(nil, "false") || str_eq(nil, "0"))
                return false;
        if (!str_eq(nil, "true") && !str_eq(nil, "1"))
                fail(w, (const char *)node->name, "has an xsi:nil that is not a boolean");
        else if (node->children)
                fail(w, (const char *)node->name, "is nil but not empty");
        return true;
}

/* The next element when it has that name, else NULL. */
static xmlNode *take_any(struct walk *w, const char *ns, const char *name)
{
        if (*w->rc != GW_OK || !xml_is(w->next, ns, name))
                return NULL;
        xmlNode *node = w->next;
        w->next = xml_next_element(node);
        return node;
}

static xmlNode *take(struct walk *w, const char *name, enum presence presence)
{
        xmlNode *node = take_any(w, NULL, name);
        bool nil = node && is_nil(w, node);
        if ((!node || nil) && presence != OPTIONAL)
                fail(w, name, nil ? "is nil" : "is missing or not in its place");
        return *w->rc == GW_OK && !nil ? node : NULL;
}

/* Goes down into an element of elements. When it is absent the inner walk has nothing to take; the failure is set already. */
static struct walk enter(struct walk *w, xmlNode *node, const char *name)
{
        struct walk inner = {name, NULL, w->rc, w->why};
        if (!node)
                return inner;
        for (const xmlNode *n = node->children; n; n = n->next)
                if (n->type != XML_ELEMENT_NODE && n->type != XML_COMMENT_NODE && !(n->type == XML_TEXT_NODE && xmlIsBlankNode(n))) {
                        fail(w, name, "holds text beside its elements");
                        return inner;
                }
        inner.next = xml_first_element(node);
        return inner;
}

static struct walk enter_needed(struct walk *w, const char *name)
{
        return enter(w, take(w, name, NEEDED), name);
}

/* Nothing may be left: a doubled, misplaced or unknown element. Its name is the peer's, so it is not repeated here. */
static void leave(struct walk *w)
{
        if (*w->rc == GW_OK && w->next)
                fail(w, "*", "an element is doubled, out of order or unknown");
}

static size_t utf8_length(const char *s)
{
        size_t n = 0;
        for (; *s; s++)
                n += ((unsigned char)*s & 0xc0) != 0x80;
        return n;
}

/* Text of at most `max` characters; NULL when absent (or empty and OPTIONAL) and on failure. */
static char *take_text_max(struct walk *w, const char *name, enum presence presence, size_t max)
{
        const xmlNode *node = take(w, name, presence);
        if (!node)
                return NULL;
        auto_str char *text = xml_text(node);
        if (!text)
                fail(w, name, "holds elements instead of text");
        else if (!*text && presence == NEEDED)
                fail(w, name, "is empty");
        else if (utf8_length(text) > max)
                fail(w, name, "is too long");
        if (*w->rc != GW_OK || (!*text && presence == OPTIONAL))
                return NULL;
        return gw_take(&text);
}

static char *take_text(struct walk *w, const char *name, enum presence presence)
{
        return take_text_max(w, name, presence, TEXT_MAX);
}

static char *take_one_of(struct walk *w, const char *name, const char *const *values)
{
        auto_str char *text = take_text(w, name, NEEDED);
        if (!text)
                return NULL;
        for (; *values; values++)
                if (str_eq(text, *values))
                        return gw_take(&text);
        fail(w, name, "has a value that the contract does not know");
        return NULL;
}

static struct wall_time take_date(struct walk *w, const char *name, enum presence presence)
{
        struct wall_time date = {0};
        auto_str char *text = take_text(w, name, presence);
        if (text && clock_parse_iso(text, &date) != GW_OK)
                fail(w, name, "is not a dateTime");
        return date;
}

/* guid, braces included (interfaces 1.2). */
bool shep_is_guid(const char *s)
{
        static const char pattern[] = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";
        if (!s || strlen(s) != sizeof pattern - 1)
                return false;
        for (size_t i = 0; pattern[i]; i++)
                if (pattern[i] == 'x' ? !strchr("0123456789abcdefABCDEF", s[i]) : s[i] != pattern[i])
                        return false;
        return true;
}

static char *take_guid(struct walk *w, const char *name)
{
        auto_str char *text = take_text(w, name, OPTIONAL);
        if (text && !shep_is_guid(text))
                fail(w, name, "is not a guid in braces");
        return *w->rc == GW_OK ? gw_take(&text) : NULL;
}

/* The password is stepped over without being copied. */
static char *take_sender(struct walk *w)
{
        struct walk sender = enter_needed(w, "sender");
        char *id = take_text(&sender, "senderId", NEEDED);
        const xmlNode *password = take(&sender, "password", OPTIONAL);
        if (password && xml_first_element(password))
                fail(&sender, "password", "holds elements instead of text");
        leave(&sender);
        return id;
}

/* Checked and dropped: nothing of ours depends on them. */
static void take_properties(struct walk *w)
{
        for (xmlNode *node; (node = take(w, "properties", OPTIONAL));) {
                struct walk property = enter(w, node, "properties");
                auto_str char *key = take_text_max(&property, "key", MAY_BE_EMPTY, 30);
                auto_str char *value = take_text_max(&property, "value", MAY_BE_EMPTY, 500);
                leave(&property);
        }
}

/* `data` without a namespace, or qualified as SmartBridge does it (interfaces 1.1). Absent is for shep_data_document() to refuse. */
static xmlNode *take_data(struct walk *w, const char *const *namespaces)
{
        xmlNode *node = take_any(w, NULL, "data");
        for (; !node && *namespaces; namespaces++)
                node = take_any(w, *namespaces, "data");
        return node && !is_nil(w, node) ? node : NULL;
}

static const char *const sync_data_namespaces[] = {SHEP_SYNC_INTERFACES_NS, NULL};
static const char *const async_data_namespaces[] = {SHEP_ASYNC_INTERFACES_NS, SHEP_ASYNC_INTERFACES_NS "/Client", NULL};

static void read_sync_send(struct walk *request, struct shep_message *m)
{
        struct walk info = enter_needed(request, "requestInfo");
        m->message_id = take_text(&info, "messageId", NEEDED);
        m->correlation_id = take_text(&info, "correlationId", OPTIONAL);
        m->service_id = take_text(&info, "serviceId", NEEDED);
        m->message_date = take_date(&info, "messageDate", NEEDED);
        m->route_id = take_text(&info, "routeId", OPTIONAL);
        m->sender_id = take_sender(&info);
        take_properties(&info);
        m->session_id = take_guid(&info, "sessionId");
        leave(&info);
        struct walk data = enter_needed(request, "requestData");
        m->data = take_data(&data, sync_data_namespaces);
        leave(&data);
}

/* sessionId of an answer is any text: the reference server writes words into it (interfaces 1.6). */
static void read_sync_response(struct walk *response, struct shep_message *m)
{
        struct walk info = enter_needed(response, "responseInfo");
        m->message_id = take_text(&info, "messageId", NEEDED);
        m->correlation_id = take_text(&info, "correlationId", OPTIONAL);
        m->message_date = take_date(&info, "responseDate", NEEDED);
        struct walk status = enter_needed(&info, "status");
        m->status_code = take_text(&status, "code", NEEDED);
        m->status_message = take_text_max(&status, "message", MAY_BE_EMPTY, SHEP_STATUS_MESSAGE_MAX);
        leave(&status);
        m->session_id = take_text(&info, "sessionId", OPTIONAL);
        leave(&info);
        struct walk data = enter_needed(response, "responseData");
        m->data = take_data(&data, sync_data_namespaces);
        leave(&data);
}

/* correlationId is mandatory for all but the first message of a chain (interfaces 1.4). */
static void read_async_send(struct walk *request, struct shep_message *m)
{
        static const char *const types[] = {"REQUEST", "UPDATE", "NOTIFICATION", "RESPONSE", NULL};
        struct walk info = enter_needed(request, "messageInfo");
        m->message_id = take_text(&info, "messageId", OPTIONAL);
        m->correlation_id = take_text(&info, "correlationId", OPTIONAL);
        m->service_id = take_text(&info, "serviceId", NEEDED);
        m->message_type = take_one_of(&info, "messageType", types);
        m->route_id = take_text(&info, "routeId", OPTIONAL);
        m->message_date = take_date(&info, "messageDate", NEEDED);
        m->sender_id = take_sender(&info);
        take_properties(&info);
        m->session_id = take_guid(&info, "sessionId");
        leave(&info);
        if (m->message_type && !str_eq(m->message_type, "REQUEST") && !m->correlation_id)
                fail(&info, "correlationId", "is missing in a message that is not a REQUEST");
        struct walk data = enter_needed(request, "messageData");
        m->data = take_data(&data, async_data_namespaces);
        leave(&data);
}

static void read_async_response(struct walk *response, struct shep_message *m)
{
        m->message_id = take_text(response, "messageId", NEEDED);
        auto_str char *correlation_id = take_text(response, "correlationId", MAY_BE_EMPTY);
        if (correlation_id && *correlation_id)
                m->correlation_id = gw_take(&correlation_id);
        m->message_date = take_date(response, "responseDate", NEEDED);
        m->session_id = take_text(response, "sessionId", OPTIONAL);
}

/* ErrorInfo of a peer: what is there, clipped. A fault must stay readable even when it is not quite as it should be. */
static char *clipped(const xmlNode *parent, const char *ns, const char *name)
{
        auto_str char *text = parent ? xml_child_text(parent, ns, name) : NULL;
        return text ? xstrndup(text, shep_clip(text, TEXT_MAX)) : NULL;
}

static void read_error_info(const xmlNode *info, struct shep_message *m)
{
        m->error_code = clipped(info, NULL, "errorCode");
        m->error_message = clipped(info, NULL, "errorMessage");
        m->error_data = clipped(info, NULL, "errorData");
        auto_str char *date = clipped(info, NULL, "errorDate");
        if (date)
                gw_ignore(clock_parse_iso(date, &m->message_date)); /* 0 when unreadable */
        if (!m->session_id)
                m->session_id = clipped(info, NULL, "sessionId");
}

static void read_status_notification(struct walk *request, struct shep_message *m)
{
        static const char *const states[] = {"ON_DELIVERY", "DELIVERED", "NOT_DELIVERED", "DELIVERY_STOPPED", NULL};
        struct walk notification = enter_needed(request, "notification");
        m->notification_id = take_text(&notification, "notificationId", NEEDED);
        m->message_id = take_text(&notification, "messageId", NEEDED);
        m->message_date = take_date(&notification, "notificationDate", NEEDED);
        m->message_state = take_one_of(&notification, "messageState", states);
        struct walk status = enter_needed(&notification, "status");
        m->status_code = take_text(&status, "statusCode", NEEDED);
        m->status_message = take_text(&status, "statusMessage", MAY_BE_EMPTY);
        (void)take_date(&status, "statusDate", NEEDED);
        leave(&status);
        const xmlNode *error = take(&notification, "error", OPTIONAL);
        leave(&notification);
        (void)take_date(request, "requestDate", NEEDED);
        m->session_id = take_guid(request, "sessionId");
        if (error)
                read_error_info(error, m);
}

static void read_status_notification_response(struct walk *response, struct shep_message *m)
{
        m->message_date = take_date(response, "responseDate", NEEDED);
        m->session_id = take_text(response, "sessionId", MAY_BE_EMPTY);
}

static void read_delivery_notification(struct walk *request, struct shep_message *m)
{
        static const char *const states[] = {"MESSAGE_ACCEPTED", "MESSAGE_NOT_ACCTEPTED", NULL}, *const again[] = {"RESEND", "NOT_RESEND", NULL};
        struct walk notification = enter_needed(request, "notification");
        m->message_id = take_text(&notification, "messageId", NEEDED);
        m->service_id = take_text(&notification, "serviceId", NEEDED);
        m->message_date = take_date(&notification, "notificationDate", NEEDED);
        struct walk status = enter_needed(&notification, "deliveryStatus");
        m->message_state = take_one_of(&status, "receiveStatus", states);
        (void)take_date(&status, "statusDate", NEEDED);
        auto_str char *resend = take_one_of(&status, "resendMessage", again); /* repetition is the outbox's own business */
        const xmlNode *error = take(&status, "error", OPTIONAL);
        leave(&status);
        leave(&notification);
        (void)take_date(request, "requestDate", NEEDED);
        if (*request->rc == GW_OK && xml_is(request->next, NULL, "sender"))
                m->sender_id = take_sender(request);
        if (error)
                read_error_info(error, m);
}

static void read_delivery_notification_response(struct walk *response, struct shep_message *m)
{
        m->notification_id = take_text(response, "notificationId", NEEDED);
        m->message_date = take_date(response, "responseDate", NEEDED);
        m->session_id = take_text(response, "sessionId", MAY_BE_EMPTY);
}

static const struct form {
        enum shep_operation operation;
        const char *ns, *name, *child;
        void (*read)(struct walk *w, struct shep_message *m);
} forms[] = {
        {SHEP_SYNC_SEND, SHEP_SYNC_TYPES_NS, "SendMessage", "request", read_sync_send},
        {SHEP_SYNC_SEND_RESPONSE, SHEP_SYNC_TYPES_NS, "SendMessageResponse", "response", read_sync_response},
        {SHEP_ASYNC_SEND, SHEP_ASYNC_TYPES_NS, "sendMessage", "request", read_async_send},
        {SHEP_ASYNC_SEND_RESPONSE, SHEP_ASYNC_TYPES_NS, "sendMessageResponse", "response", read_async_response},
        {SHEP_STATUS_NOTIFICATION, SHEP_ASYNC_CLIENT_NS, "changeMassageStatusNotification", "request", read_status_notification},
        {SHEP_STATUS_NOTIFICATION_RESPONSE, SHEP_ASYNC_CLIENT_NS, "changeMassageStatusNotificationResponse", "response",
         read_status_notification_response},
        {SHEP_DELIVERY_NOTIFICATION, SHEP_ASYNC_TYPES_NS, "sendDeliveryNotification", "request", read_delivery_notification},
        {SHEP_DELIVERY_NOTIFICATION_RESPONSE, SHEP_ASYNC_TYPES_NS, "sendDeliveryNotificationResponse", "response", read_delivery_notification_response},
};

/* SOAP 1.1 4.4 (unqualified children) and SOAP 1.2 part 1, 5.4. */
static void read_fault(const struct soap *soap, struct shep_message *m)
{
        const xmlNode *fault = soap->payload;
        const char *ns = soap->version == 12 ? SOAP12_NS : NULL;
        const xmlNode *detail = xml_child(fault, ns, soap->version == 12 ? "Detail" : "detail");
        for (const xmlNode *info = detail ? xml_first_element(detail) : NULL; info; info = xml_next_element(info))
                if (xml_child(info, NULL, "errorCode")) {
                        read_error_info(info, m);
                        return;
                }
        if (soap->version == 12) {
                m->error_code = clipped(xml_child(fault, ns, "Code"), ns, "Value");
                m->error_message = clipped(xml_child(fault, ns, "Reason"), ns, "Text");
        } else {
                m->error_code = clipped(fault, NULL, "faultcode");
                m->error_message = clipped(fault, NULL, "faultstring");
        }
}

enum gw_rc shep_read(const struct soap *soap, struct shep_message **ret_message, struct why *why)
{
        auto_shep_message struct shep_message *m = xcalloc(1, sizeof *m);
        if (xml_is(soap->payload, soap->version == 12 ? SOAP12_NS : SOAP11_NS, "Fault")) {
                m->operation = SHEP_FAULT;
                read_fault(soap, m);
                *ret_message = gw_take(&m);
                return GW_OK;
        }
        const struct form *form = NULL;
        for (size_t i = 0; i < GW_COUNT(forms) && !form; i++)
                if (xml_is(soap->payload, forms[i].ns, forms[i].name))
                        form = &forms[i];
        if (!form)
                return why_set(why, GW_REJECT, REASON_SOAP_OPERATION, "the element in Body is no operation of SHEP");
        m->operation = form->operation;
        enum gw_rc rc = GW_OK;
        struct walk top = {"Body", NULL, &rc, why};
        struct walk operation = enter(&top, soap->payload, form->name);
        struct walk child = enter_needed(&operation, form->child);
        form->read(&child, m);
        leave(&child);
        leave(&operation);
        if (rc != GW_OK)
                return rc;
        *ret_message = gw_take(&m);
        return GW_OK;
}
