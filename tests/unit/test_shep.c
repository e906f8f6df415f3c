/* SHEP messages: the samples of others, our own writing read back, and siblings broken in one place each. */
#include "tests/unit/helper_sign.h"

#include "gateway/soap/shep.h"

#define ENVELOPE(content) "<S:Envelope xmlns:S=\"" SOAP11_NS "\"><S:Body>" content "</S:Body></S:Envelope>"
#define SYNC_INFO                                                                                                                     \
        "<messageId>m1</messageId><correlationId>c1</correlationId><serviceId>S1</serviceId><messageDate>2026-11-22T10:00:00+05:00</" \
        "messageDate>"                                                                                                                \
        "<routeId>r1</routeId><sender><senderId>portal</senderId><password>hidden</password></sender>"                                \
        "<properties><key>k</key><value>v</value></properties><properties><key></key><value></value></properties>"                    \
        "<sessionId>{01234567-89ab-CDEF-0123-456789abcdef}</sessionId>"
#define SYNC                                                                                          \
        ENVELOPE("<t:SendMessage xmlns:t=\"" SHEP_SYNC_TYPES_NS "\"><request><requestInfo>" SYNC_INFO \
                 "</requestInfo><requestData><data>x</data>"                                          \
                 "</requestData></request></t:SendMessage>")
#define SYNC_ANSWER                                                                                                                 \
        ENVELOPE("<t:SendMessageResponse xmlns:t=\"" SHEP_SYNC_TYPES_NS "\"><response><responseInfo><messageId>a1</messageId>"      \
                 "<correlationId>c1</correlationId><responseDate>2026-11-22T10:00:01Z</responseDate><status><code>Success</code>"   \
                 "<message>OK</message></status><sessionId>SIGN_NOT_EXIST</sessionId></responseInfo><responseData><data>y</data></" \
                 "responseData>"                                                                                                    \
                 "</response></t:SendMessageResponse>")
#define ASYNC                                                                                                                       \
        ENVELOPE("<t:sendMessage xmlns:t=\"" SHEP_ASYNC_TYPES_NS "\"><request><messageInfo><messageId>m1</messageId>"               \
                 "<correlationId>c1</correlationId><serviceId>S1</serviceId><messageType>NOTIFICATION</messageType>"                \
                 "<messageDate>2026-11-22T10:00:00.5+05:00</messageDate><sender><senderId>portal</senderId></sender></messageInfo>" \
                 "<messageData><data>x</data></messageData></request></t:sendMessage>")
#define ASYNC_ANSWER                                                                                                              \
        ENVELOPE("<t:sendMessageResponse xmlns:t=\"" SHEP_ASYNC_TYPES_NS "\"><response><messageId>m1</messageId><correlationId/>" \
                 "<responseDate>2026-11-22T10:00:00Z</responseDate></response></t:sendMessageResponse>")
#define STATUS                                                                                                                          \
        ENVELOPE("<t:changeMassageStatusNotification xmlns:t=\"" SHEP_ASYNC_CLIENT_NS "\"><request><notification><notificationId>n1"    \
                 "</notificationId><messageId>m1</messageId><notificationDate>2026-11-22T10:00:00Z</notificationDate><messageState>"    \
                 "NOT_DELIVERED</messageState><status><statusCode>E1</statusCode><statusMessage></statusMessage><statusDate>"           \
                 "2026-11-22T10:00:00Z</statusDate></status><error><errorCode>E7</errorCode><errorMessage>no</errorMessage><errorDate>" \
                 "2026-11-22T10:00:00Z</errorDate></error></notification><requestDate>2026-11-22T10:00:00Z</requestDate></request>"     \
                 "</t:changeMassageStatusNotification>")
#define STATUS_ANSWER                                                                                                          \
        ENVELOPE("<t:changeMassageStatusNotificationResponse xmlns:t=\"" SHEP_ASYNC_CLIENT_NS "\"><response><responseDate>"    \
                 "2026-11-22T10:00:00Z</responseDate><sessionId>{01234567-89ab-CDEF-0123-456789abcdef}</sessionId></response>" \
                 "</t:changeMassageStatusNotificationResponse>")

struct got {
        struct soap *soap;
        struct shep_message *m;
};

static enum gw_rc read_text(const char *xml, struct got *got, struct why *why)
{
        *got = (struct got){NULL, NULL};
        enum gw_rc rc = soap_parse(span_str(xml), &xml_limits_default, &got->soap, why);
        return rc == GW_OK ? shep_read(got->soap, &got->m, why) : rc;
}

static struct got must_read(const char *xml)
{
        struct got got;
        struct why why = WHY_INIT;
        if (read_text(xml, &got, &why) != GW_OK)
                fail_msg("%s: %s\n%s", reason_info(why.reason)->name, why.detail, xml);
        return got;
}

static void drop(struct got *got)
{
        shep_message_free(got->m);
        soap_free(got->soap);
}

static void assert_field(const char *field, const char *got, const char *want)
{
        if (!str_eq(got, want) && (got || want))
                fail_msg("%s: got '%s', want '%s'", field, got ? got : "(absent)", want ? want : "(absent)");
}

static void the_operations_are_read(void **state)
{
        (void)state;
        struct got g = must_read(SYNC);
        assert_int_equal(g.m->operation, SHEP_SYNC_SEND);
        assert_field("messageId", g.m->message_id, "m1");
        assert_field("correlationId", g.m->correlation_id, "c1");
        assert_field("serviceId", g.m->service_id, "S1");
        assert_field("routeId", g.m->route_id, "r1");
        assert_field("senderId", g.m->sender_id, "portal");
        assert_field("sessionId", g.m->session_id, "{01234567-89ab-CDEF-0123-456789abcdef}");
        assert_true(g.m->message_date.ms == 1795323600000);
        assert_non_null(g.m->data);
        drop(&g);
        g = must_read(SYNC_ANSWER);
        assert_int_equal(g.m->operation, SHEP_SYNC_SEND_RESPONSE);
        assert_field("code", g.m->status_code, "Success");
        assert_field("message", g.m->status_message, "OK");
        assert_field("sessionId", g.m->session_id, "SIGN_NOT_EXIST");
        drop(&g);
        g = must_read(ASYNC);
        assert_int_equal(g.m->operation, SHEP_ASYNC_SEND);
        assert_field("messageType", g.m->message_type, "NOTIFICATION");
        assert_true(g.m->message_date.ms == 1795323600500);
        drop(&g);
        g = must_read(ASYNC_ANSWER);
        assert_int_equal(g.m->operation, SHEP_ASYNC_SEND_RESPONSE);
        assert_field("correlationId", g.m->correlation_id, NULL);
        drop(&g);
        g = must_read(STATUS);
        assert_int_equal(g.m->operation, SHEP_STATUS_NOTIFICATION);
        assert_field("notificationId", g.m->notification_id, "n1");
        assert_field("messageState", g.m->message_state, "NOT_DELIVERED");
        assert_field("statusCode", g.m->status_code, "E1");
        assert_field("errorCode", g.m->error_code, "E7");
        drop(&g);
        g = must_read(STATUS_ANSWER);
        assert_int_equal(g.m->operation, SHEP_STATUS_NOTIFICATION_RESPONSE);
        drop(&g);
}

/* What else must pass: each sibling of a good message changed in a way that the contract or real senders allow. */
static const struct {
        const char *name, *xml, *from, *to;
} allowed[] = {
        {"no correlationId", SYNC, "<correlationId>c1</correlationId>", ""},
        {"empty correlationId", SYNC, "<correlationId>c1</correlationId>", "<correlationId/>"},
        {"nil correlationId", SYNC, "<correlationId>c1</correlationId>",
         "<correlationId xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/>"},
        {"not nil", SYNC, "<messageId>", "<messageId xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"false\">"},
        {"no password", SYNC, "<password>hidden</password>", ""},
        {"no sessionId", SYNC, "<sessionId>{01234567-89ab-CDEF-0123-456789abcdef}</sessionId>", ""},
        {"no data", SYNC, "<data>x</data>", ""},
        {"qualified data", SYNC, "<data>x</data>", "<q:data xmlns:q=\"http://bip.bee.kz/SyncChannel/v10/Interfaces\">x</q:data>"},
        {"nil data", SYNC, "<data>x</data>", "<data xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"1\"/>"},
        {"blanks and comments", SYNC, "<requestInfo>", " \n<!-- c -->\t<requestInfo> <!-- d --> "},
        {"blanks in a value", SYNC, "<messageId>m1", "<messageId>\n m1 "},
        {"qualified data, async", ASYNC, "<data>x</data>", "<q:data xmlns:q=\"http://bip.bee.kz/AsyncChannel/v10/Interfaces\">x</q:data>"},
        {"REQUEST without correlationId", ASYNC, "<correlationId>c1</correlationId><serviceId>S1</serviceId><messageType>NOTIFICATION",
         "<serviceId>S1</serviceId><messageType>REQUEST"},
        {"messageId left to SHEP", ASYNC, "<messageId>m1</messageId>", ""},
        {"no data, async", ASYNC, "<data>x</data>", ""},
        {"no error", STATUS,
         "<error><errorCode>E7</errorCode><errorMessage>no</errorMessage><errorDate>2026-11-22T10:00:00Z</errorDate></error>", ""},
        {"empty status message", SYNC_ANSWER, "<message>OK</message>", "<message></message>"},
};

static void what_the_contract_allows_passes(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(allowed); i++) {
                auto_str char *xml = replaced(allowed[i].xml, allowed[i].from, allowed[i].to);
                struct got g;
                struct why why = WHY_INIT;
                assert_reason(allowed[i].name, read_text(xml, &g, &why), &why, GW_OK, REASON_NONE);
                if (str_starts(allowed[i].name, "no data") || str_starts(allowed[i].name, "nil data"))
                        assert_null(g.m->data);
                else if (g.m->operation == SHEP_SYNC_SEND || g.m->operation == SHEP_ASYNC_SEND)
                        assert_non_null(g.m->data);
                if (strstr(allowed[i].name, "correlationId"))
                        assert_field(allowed[i].name, g.m->correlation_id, NULL);
                if (g.m->message_id)
                        assert_field(allowed[i].name, g.m->message_id, str_eq(g.m->message_id, "a1") ? "a1" : "m1");
                drop(&g);
        }
}

#define XSI "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" "
static const struct {
        const char *name, *xml, *from, *to;
        int reason;
        const char *detail;
} broken[] = {
        {"no messageId", SYNC, "<messageId>m1</messageId>", "", REASON_SOAP_STRUCTURE, "requestInfo/messageId is missing"},
        {"empty messageId", SYNC, "<messageId>m1</messageId>", "<messageId/>", REASON_SOAP_STRUCTURE, "requestInfo/messageId is empty"},
        {"blank messageId", SYNC, "<messageId>m1</messageId>", "<messageId> </messageId>", REASON_SOAP_STRUCTURE,
         "requestInfo/messageId is empty"},
        {"nil messageId", SYNC, "<messageId>m1</messageId>", "<messageId " XSI "i:nil=\"true\"/>", REASON_SOAP_STRUCTURE,
         "messageId is nil"},
        {"nil, not empty", SYNC, "<correlationId>", "<correlationId " XSI "i:nil=\"true\">", REASON_SOAP_STRUCTURE, "nil but not empty"},
        {"nil of no kind", SYNC, "<correlationId>", "<correlationId " XSI "i:nil=\"yes\">", REASON_SOAP_STRUCTURE, "not a boolean"},
        {"messageId twice", SYNC, "<messageId>m1</messageId>", "<messageId>m1</messageId><messageId>m2</messageId>", REASON_SOAP_STRUCTURE,
         "serviceId is missing"},
        {"qualified messageId", SYNC, "<messageId>m1</messageId>", "<messageId xmlns=\"urn:x\">m1</messageId>", REASON_SOAP_STRUCTURE,
         "messageId is missing"},
        {"messageId with elements", SYNC, "<messageId>m1", "<messageId><b/>m1", REASON_SOAP_STRUCTURE, "holds elements"},
        {"order", SYNC, "<correlationId>c1</correlationId><serviceId>S1</serviceId>",
         "<serviceId>S1</serviceId><correlationId>c1</correlationId>", REASON_SOAP_STRUCTURE, "messageDate is missing or not in its place"},
        {"no serviceId", SYNC, "<serviceId>S1</serviceId>", "", REASON_SOAP_STRUCTURE, "serviceId is missing"},
        {"no messageDate", SYNC, "<messageDate>2026-11-22T10:00:00+05:00</messageDate>", "", REASON_SOAP_STRUCTURE,
         "messageDate is missing"},
        {"date without time", SYNC, "2026-11-22T10:00:00+05:00", "2026-11-22", REASON_SOAP_STRUCTURE, "messageDate is not a dateTime"},
        {"31 February", SYNC, "2026-11-22T", "2026-02-31T", REASON_SOAP_STRUCTURE, "messageDate is not a dateTime"},
        {"no sender", SYNC, "<sender><senderId>portal</senderId><password>hidden</password></sender>", "", REASON_SOAP_STRUCTURE,
         "sender is missing"},
        {"sender twice", SYNC, "</sender>", "</sender><sender><senderId>x</senderId></sender>", REASON_SOAP_STRUCTURE, "requestInfo/* "},
        {"no senderId", SYNC, "<senderId>portal</senderId>", "", REASON_SOAP_STRUCTURE, "sender/senderId is missing"},
        {"password twice", SYNC, "<password>hidden</password>", "<password>a</password><password>b</password>", REASON_SOAP_STRUCTURE,
         "sender/* "},
        {"password with elements", SYNC, "<password>hidden", "<password><b/>", REASON_SOAP_STRUCTURE, "password holds elements"},
        {"text in sender", SYNC, "<sender>", "<sender>x", REASON_SOAP_STRUCTURE, "sender holds text"},
        {"property without value", SYNC, "<key>k</key><value>v</value>", "<key>k</key>", REASON_SOAP_STRUCTURE,
         "properties/value is missing"},
        {"property key of 31", SYNC, "<key>k</key>", "<key>0123456789012345678901234567890</key>", REASON_SOAP_STRUCTURE,
         "properties/key is too long"},
        {"sessionId without braces", SYNC, "{01234567-89ab-CDEF-0123-456789abcdef}", "01234567-89ab-CDEF-0123-456789abcdef",
         REASON_SOAP_STRUCTURE, "sessionId is not a guid"},
        {"sessionId with a letter too far", SYNC, "CDEF", "CDEG", REASON_SOAP_STRUCTURE, "sessionId is not a guid"},
        {"unknown element at the end", SYNC, "</requestInfo>", "<x/></requestInfo>", REASON_SOAP_STRUCTURE, "requestInfo/* "},
        {"no requestInfo", SYNC, "<requestInfo>" SYNC_INFO "</requestInfo>", "", REASON_SOAP_STRUCTURE, "request/requestInfo is missing"},
        {"no requestData", SYNC, "<requestData><data>x</data></requestData>", "", REASON_SOAP_STRUCTURE, "request/requestData is missing"},
        {"data twice", SYNC, "<data>x</data>", "<data>x</data><data>x</data>", REASON_SOAP_STRUCTURE, "requestData/* "},
        {"data qualified and not", SYNC, "<data>x</data>",
         "<data>x</data><q:data xmlns:q=\"http://bip.bee.kz/SyncChannel/v10/Interfaces\"/>", REASON_SOAP_STRUCTURE, "requestData/* "},
        {"data of another namespace", SYNC, "<data>x</data>", "<data xmlns=\"urn:x\">x</data>", REASON_SOAP_STRUCTURE, "requestData/* "},
        {"data of the other channel", SYNC, "<data>x</data>", "<data xmlns=\"http://bip.bee.kz/AsyncChannel/v10/Interfaces\">x</data>",
         REASON_SOAP_STRUCTURE, "requestData/* "},
        {"nil data, not empty", SYNC, "<data>x", "<data " XSI "i:nil=\"true\">x", REASON_SOAP_STRUCTURE, "data is nil but not empty"},
        {"two requests", SYNC, "</request></t", "</request><request/></t", REASON_SOAP_STRUCTURE, "SendMessage/* "},
        {"nil request", ENVELOPE("<t:SendMessage xmlns:t=\"" SHEP_SYNC_TYPES_NS "\"><request/></t:SendMessage>"), "<request/>",
         "<request " XSI "i:nil=\"true\"/>", REASON_SOAP_STRUCTURE, "request is nil"},
        {"qualified request", SYNC, "<request>", "<request xmlns=\"" SHEP_SYNC_TYPES_NS "\">", REASON_SOAP_STRUCTURE, "request is missing"},
        {"unqualified operation", ENVELOPE("<SendMessage><request/></SendMessage>"), "<request/>", "<request></request>",
         REASON_SOAP_OPERATION, ""},
        {"operation of the other channel", ENVELOPE("<t:SendMessage xmlns:t=\"" SHEP_ASYNC_TYPES_NS "\"/>"), "t:SendMessage",
         "t:SendMessage", REASON_SOAP_OPERATION, ""},
        {"small s on the sync channel", ENVELOPE("<t:sendMessage xmlns:t=\"" SHEP_SYNC_TYPES_NS "\"/>"), "t:s", "t:s",
         REASON_SOAP_OPERATION, ""},
        {"spelt rightly", ENVELOPE("<t:changeMessageStatusNotification xmlns:t=\"" SHEP_ASYNC_CLIENT_NS "\"/>"),
         "t:", "t:", REASON_SOAP_OPERATION, ""},
        {"a 1.2 fault in 1.1", ENVELOPE("<f:Fault xmlns:f=\"" SOAP12_NS "\"/>"), "f:", "f:", REASON_SOAP_OPERATION, ""},
        {"unknown messageType", ASYNC, "NOTIFICATION", "NOTICE", REASON_SOAP_STRUCTURE, "messageType has a value"},
        {"messageType in small letters", ASYNC, "NOTIFICATION", "notification", REASON_SOAP_STRUCTURE, "messageType has a value"},
        {"NOTIFICATION without correlationId", ASYNC, "<correlationId>c1</correlationId>", "", REASON_SOAP_STRUCTURE,
         "correlationId is missing"},
        {"sync data in async", ASYNC, "<data>x</data>", "<data xmlns=\"http://bip.bee.kz/SyncChannel/v10/Interfaces\">x</data>",
         REASON_SOAP_STRUCTURE, "messageData/* "},
        {"no messageData", ASYNC, "<messageData><data>x</data></messageData>", "", REASON_SOAP_STRUCTURE, "messageData is missing"},
        {"answer without date", ASYNC_ANSWER, "<responseDate>2026-11-22T10:00:00Z</responseDate>", "", REASON_SOAP_STRUCTURE,
         "responseDate is missing"},
        {"answer without correlationId", ASYNC_ANSWER, "<correlationId/>", "", REASON_SOAP_STRUCTURE, "correlationId is missing"},
        {"answer without status", SYNC_ANSWER, "<status><code>Success</code><message>OK</message></status>", "", REASON_SOAP_STRUCTURE,
         "status is missing"},
        {"status without code", SYNC_ANSWER, "<code>Success</code>", "", REASON_SOAP_STRUCTURE, "status/code is missing"},
        {"unknown messageState", STATUS, "NOT_DELIVERED", "LOST", REASON_SOAP_STRUCTURE, "messageState has a value"},
        {"status without date", STATUS, "<statusDate>2026-11-22T10:00:00Z</statusDate>", "", REASON_SOAP_STRUCTURE,
         "statusDate is missing"},
        {"no requestDate", STATUS, "<requestDate>2026-11-22T10:00:00Z</requestDate>", "", REASON_SOAP_STRUCTURE, "requestDate is missing"},
        {"answer without sessionId", STATUS_ANSWER, "<sessionId>{01234567-89ab-CDEF-0123-456789abcdef}</sessionId>", "",
         REASON_SOAP_STRUCTURE, "sessionId is missing"},
};

static void broken_messages_are_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(broken); i++) {
                auto_str char *xml = replaced(broken[i].xml, broken[i].from, broken[i].to);
                struct got g;
                struct why why = WHY_INIT;
                assert_reason(broken[i].name, read_text(xml, &g, &why), &why, GW_REJECT, broken[i].reason);
                assert_null(g.m);
                if (!strstr(why.detail, broken[i].detail))
                        fail_msg("%s: detail '%s' does not say '%s'", broken[i].name, why.detail, broken[i].detail);
                assert_null(strstr(why.detail, "hidden"));
                drop(&g);
        }
}

/* 500 characters, not bytes. */
static void fields_have_a_longest(void **state)
{
        (void)state;
        for (size_t n = 500; n <= 501; n++) {
                auto_buf struct buf id = BUF_INIT;
                for (size_t i = 0; i < n; i++)
                        buf_add_str(&id, "қ");
                auto_str char *to = xasprintf("<messageId>%s<", buf_cstr(&id));
                auto_str char *xml = replaced(SYNC, "<messageId>m1<", to);
                struct got g;
                struct why why = WHY_INIT;
                assert_reason("length", read_text(xml, &g, &why), &why, n == 500 ? GW_OK : GW_REJECT,
                              n == 500 ? REASON_NONE : REASON_SOAP_STRUCTURE);
                drop(&g);
        }
}

static void the_password_is_not_kept(void **state)
{
        (void)state;
        struct got g = must_read(SYNC);
        const char *const fields[] = {g.m->message_id, g.m->correlation_id, g.m->service_id,
                                      g.m->route_id,   g.m->session_id,     g.m->sender_id};
        for (size_t i = 0; i < GW_COUNT(fields); i++)
                assert_true(fields[i] && !strstr(fields[i], "hidden"));
        drop(&g);
}

/* ---- data ---- */

#define BOM "\xef\xbb\xbf"
static const struct {
        const char *name, *data, *bytes;
} forms[] = {
        {"escaped text", "<data>&lt;a>қ&lt;/a></data>", "<a>қ</a>"},
        {"typed text", "<data xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" " XSI "i:type=\"xs:string\">&lt;a>қ&lt;/a></data>", "<a>қ</a>"},
        {"declaration", "<data>&lt;?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>&lt;a>қ&lt;/a></data>",
         "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><a>қ</a>"},
        {"BOM and declaration", "<data>" BOM "&lt;?xml version=\"1.0\"?>&lt;a>қ&lt;/a></data>", BOM "<?xml version=\"1.0\"?><a>қ</a>"},
        {"line ends around", "<data>\n\t &lt;?xml version=\"1.0\"?>&lt;a>қ&lt;/a>\n </data>", "<?xml version=\"1.0\"?><a>қ</a>"},
        {"CDATA", "<data><![CDATA[<a>қ</a>]]></data>", "<a>қ</a>"},
        {"CDATA with blanks around", "<data>\n  <![CDATA[\n<?xml version=\"1.0\"?><a>қ</a>]]>\n</data>", "<?xml version=\"1.0\"?><a>қ</a>"},
        {"CDATA in pieces", "<data><![CDATA[<a>]]>қ<![CDATA[</a>]]></data>", "<a>қ</a>"},
        {"a comment among text", "<data>&lt;a>қ<!-- &lt;b/> -->&lt;/a></data>", "<a>қ</a>"},
        {"child", "<data><a>қ</a></data>", "<a>қ</a>"},
        {"child with blanks and comments around", "<data>\n <!-- c --> <a>қ</a>\n</data>", "<a>қ</a>"},
        {"qualified data, child", "<q:data xmlns:q=\"http://bip.bee.kz/SyncChannel/v10/Interfaces\"><a>қ</a></q:data>", "<a>қ</a>"},
        {"child with a namespace from above", "<data xmlns:n=\"urn:n\" xmlns:unused=\"urn:u\"><n:a>қ</n:a></data>",
         "<n:a xmlns:n=\"urn:n\">қ</n:a>"},
};

static enum gw_rc data_of(const char *data, const struct xml_limits *limits, xmlDoc **ret_doc, struct buf *bytes, struct why *why)
{
        auto_str char *xml = replaced(SYNC, "<data>x</data>", data);
        struct got g = must_read(xml);
        enum gw_rc rc = shep_data_document(g.m->data, limits, ret_doc, bytes, why);
        drop(&g); /* the document is its own */
        return rc;
}

static void data_is_read_in_all_forms(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(forms); i++) {
                auto_xmldoc xmlDoc *doc = NULL;
                auto_buf struct buf bytes = BUF_INIT;
                struct why why = WHY_INIT;
                assert_reason(forms[i].name, data_of(forms[i].data, &xml_limits_default, &doc, &bytes, &why), &why, GW_OK, REASON_NONE);
                auto_str char *text = xml_text(xmlDocGetRootElement(doc));
                assert_field(forms[i].name, text, "қ");
                assert_field(forms[i].name, buf_cstr(&bytes), forms[i].bytes);
        }
}

static void other_data_is_refused(void **state)
{
        (void)state;
        static const struct {
                const char *name, *data;
                int reason;
        } cases[] = {
                {"absent", "", REASON_DATA_MISSING},
                {"empty", "<data/>", REASON_DATA_MISSING},
                {"blank", "<data> \n </data>", REASON_DATA_MISSING},
                {"blank CDATA", "<data><![CDATA[  ]]></data>", REASON_DATA_MISSING},
                {"comment only", "<data><!-- <a/> --></data>", REASON_DATA_MISSING},
                {"nil", "<data " XSI "i:nil=\"true\"/>", REASON_DATA_MISSING},
                {"words", "<data>hello</data>", REASON_DATA_FORM},
                {"base64", "<data>PGEvPg==</data>", REASON_DATA_FORM},
                {"BOM only", "<data>" BOM "</data>", REASON_DATA_FORM},
                {"words before", "<data>x&lt;a/></data>", REASON_DATA_FORM},
                {"two children", "<data><a/><b/></data>", REASON_DATA_FORM},
                {"typed message without a root of its own", "<data><messageId>1</messageId><iin>850412390011</iin></data>",
                 REASON_DATA_FORM},
                {"child and text", "<data><a/>x</data>", REASON_DATA_FORM},
                {"text and child", "<data>&lt;a/><a/></data>", REASON_DATA_FORM},
                {"child and CDATA", "<data><a/><![CDATA[<b/>]]></data>", REASON_DATA_FORM},
                {"not well-formed inside", "<data>&lt;a></data>", REASON_XML_NOT_WELL_FORMED},
                {"two roots inside", "<data>&lt;a/>&lt;b/></data>", REASON_XML_NOT_WELL_FORMED},
                {"words behind", "<data>&lt;a/>x</data>", REASON_XML_NOT_WELL_FORMED},
                {"DOCTYPE inside", "<data>&lt;!DOCTYPE a>&lt;a/></data>", REASON_XML_DOCTYPE},
                {"instruction inside", "<data>&lt;a>&lt;?x?>&lt;/a></data>", REASON_XML_PROCESSING_INSTRUCTION},
                {"another encoding inside", "<data>&lt;?xml version=\"1.0\" encoding=\"windows-1251\"?>&lt;a/></data>",
                 REASON_XML_ENCODING},
                {"escaped twice", "<data>&amp;lt;a/></data>", REASON_DATA_FORM},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                xmlDoc *doc = NULL;
                auto_buf struct buf bytes = BUF_INIT;
                struct why why = WHY_INIT;
                assert_reason(cases[i].name, data_of(cases[i].data, &xml_limits_default, &doc, &bytes, &why), &why, GW_REJECT,
                              cases[i].reason);
                assert_null(doc);
                assert_int_equal(bytes.n, 0);
        }
}

static void data_has_limits_of_its_own(void **state)
{
        (void)state;
        struct xml_limits small = xml_limits_default;
        xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        struct why why = WHY_INIT;
        small.bytes_max = 8;
        assert_reason("size", data_of("<data>&lt;a>123&lt;/a></data>", &small, &doc, &bytes, &why), &why, GW_REJECT, REASON_HTTP_TOO_LARGE);
        small = xml_limits_default;
        small.depth_max = 2;
        assert_reason("depth", data_of("<data>&lt;a>&lt;b>&lt;c/>&lt;/b>&lt;/a></data>", &small, &doc, &bytes, &why), &why, GW_REJECT,
                      REASON_XML_TOO_DEEP);
}

/* ---- writing ---- */

static const struct shep_property properties[] = {{"ADDL_CLIENT_KEY", "TSA & <co>"}};
#define LITERAL(text)                                  \
        {                                              \
                (const uint8_t *)text, sizeof text - 1 \
        }
#define NOON                  \
        {                     \
                1795330800123 \
        }
static const struct {
        struct shep_out out;
        const char *data; /* text of the document carried, when there is one */
} messages[] = {
        {{.operation = SHEP_SYNC_SEND,
          .message_id = "m&1",
          .correlation_id = "c1",
          .service_id = "S1",
          .sender_id = "gw",
          .date = NOON,
          .properties = properties,
          .property_count = 1,
          .data_xml = LITERAL("<a xmlns=\"urn:a\">қ</a>")},
         "қ"},
        {{.operation = SHEP_SYNC_SEND,
          .message_id = "m&1",
          .service_id = "S1",
          .sender_id = "gw",
          .date = NOON,
          .data_text = LITERAL("<?xml version=\"1.0\"?><a>қ\r\n&amp;</a>")},
         "қ\r\n&"},
        {{.operation = SHEP_SYNC_SEND_RESPONSE,
          .message_id = "m&1",
          .correlation_id = "c1",
          .date = NOON,
          .status_code = "Success",
          .status_message = "ОК"},
         NULL},
        {{.operation = SHEP_ASYNC_SEND,
          .message_id = "m&1",
          .correlation_id = "c1",
          .service_id = "S1",
          .message_type = "RESPONSE",
          .sender_id = "gw",
          .date = NOON,
          .properties = properties,
          .property_count = 1,
          .data_text = LITERAL("<a>қ</a>")},
         "қ"},
        {{.operation = SHEP_ASYNC_SEND_RESPONSE, .message_id = "m&1", .correlation_id = "c1", .date = NOON}, NULL},
        {{.operation = SHEP_STATUS_NOTIFICATION,
          .message_id = "m&1",
          .notification_id = "n1",
          .message_state = "DELIVERED",
          .date = NOON,
          .status_code = "OK",
          .status_message = "ОК"},
         NULL},
        {{.operation = SHEP_STATUS_NOTIFICATION_RESPONSE, .date = NOON, .session_id = "{01234567-89ab-cdef-0123-456789abcdef}"}, NULL},
        {{.operation = SHEP_STATUS_NOTIFICATION_RESPONSE, .date = NOON}, NULL},
        {{.operation = SHEP_DELIVERY_NOTIFICATION, .message_id = "m&1", .service_id = "S1", .message_state = "MESSAGE_NOT_ACCTEPTED", .date = NOON}, NULL},
        {{.operation = SHEP_DELIVERY_NOTIFICATION_RESPONSE, .notification_id = "n1", .date = NOON}, NULL},
};

/* As xml_sign_envelope() puts it: Body declares soap and wsu, Envelope also xs. */
static char *enveloped(const struct buf *content, const char *soap_ns)
{
        return xasprintf(
                "<soap:Envelope xmlns:soap=\"%s\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><soap:Body>%s</soap:Body></soap:Envelope>",
                soap_ns, buf_cstr(content));
}

static void assert_exclusive_canonical(const struct soap *soap, const char *soap_ns, const struct buf *content)
{
        auto_buf struct buf canonical = BUF_INIT;
        assert_true(xml_exc_c14n(soap->body, &canonical));
        auto_str char *want = xasprintf("<soap:Body xmlns:soap=\"%s\">%s</soap:Body>", soap_ns, buf_cstr(content));
        assert_field("canonical form", buf_cstr(&canonical), want);
}

static void what_is_written_reads_back(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(messages); i++) {
                const struct shep_out *out = &messages[i].out;
                auto_buf struct buf content = BUF_INIT;
                shep_write(&content, out);
                auto_str char *xml = enveloped(&content, SOAP11_NS);
                struct got g = must_read(xml);
                assert_exclusive_canonical(g.soap, SOAP11_NS, &content);
                assert_int_equal(g.m->operation, out->operation);
                assert_field("messageId", g.m->message_id, out->message_id);
                assert_field("correlationId", g.m->correlation_id, out->correlation_id);
                assert_field("serviceId", g.m->service_id, out->service_id);
                assert_field("messageType", g.m->message_type, out->message_type);
                assert_field("senderId", g.m->sender_id, out->sender_id);
                assert_field("status", g.m->status_code, out->status_code);
                assert_field("statusMessage", g.m->status_message, out->status_message);
                assert_field("messageState", g.m->message_state, out->message_state);
                assert_field("notificationId", g.m->notification_id, out->notification_id);
                if (out->session_id)
                        assert_field("sessionId", g.m->session_id, out->session_id);
                assert_true(g.m->message_date.ms == out->date.ms);
                if (messages[i].data) {
                        auto_xmldoc xmlDoc *doc = NULL;
                        auto_buf struct buf bytes = BUF_INIT;
                        struct why why = WHY_INIT;
                        assert_int_equal(shep_data_document(g.m->data, &xml_limits_default, &doc, &bytes, &why), GW_OK);
                        if (out->data_text.n)
                                assert_true(span_eq(buf_span(&bytes), out->data_text));
                } else
                        assert_null(g.m->data);
                drop(&g);
        }
}

static void a_long_status_message_is_clipped(void **state)
{
        (void)state;
        auto_buf struct buf text = BUF_INIT, content = BUF_INIT;
        for (int i = 0; i < 251; i++)
                buf_add_str(&text, "ә");
        struct shep_out out = {.operation = SHEP_SYNC_SEND_RESPONSE,
                               .message_id = "m",
                               .date = NOON,
                               .status_code = "S",
                               .status_message = buf_cstr(&text)};
        shep_write(&content, &out);
        auto_str char *xml = enveloped(&content, SOAP11_NS);
        struct got g = must_read(xml);
        assert_int_equal(strlen(g.m->status_message), 500); /* 250 letters of two bytes */
        drop(&g);
}

/* ---- faults ---- */

static const struct {
        enum shep_operation in_reply_to;
        int version, reason;
        const char *code, *element_ns, *element;
} faults[] = {
        {SHEP_SYNC_SEND, 11, REASON_TRANSPORT_SIGNATURE_MISSING, "soap:Client", SHEP_SYNC_TYPES_NS, "SendMessageFault1_SendMessageFault"},
        {SHEP_SYNC_SEND, 12, REASON_TRANSPORT_SIGNATURE_MISSING, "soap:Sender", SHEP_SYNC_TYPES_NS, "SendMessageFault1_SendMessageFault"},
        {SHEP_ASYNC_SEND, 11, REASON_OVERLOADED, "soap:Server", SHEP_ASYNC_TYPES_NS, "sendMessageFault1_sendMessageFault"},
        {SHEP_ASYNC_SEND, 12, REASON_OVERLOADED, "soap:Receiver", SHEP_ASYNC_TYPES_NS, "sendMessageFault1_sendMessageFault"},
        {SHEP_STATUS_NOTIFICATION, 11, REASON_XML_DOCTYPE, "soap:Client", SHEP_ASYNC_CLIENT_NS,
         "changeMassageStatusNotificationFault1_changeMassageStatusNotificationFault"},
        {SHEP_STATUS_NOTIFICATION, 12, REASON_INTERNAL, "soap:Receiver", SHEP_ASYNC_CLIENT_NS,
         "changeMassageStatusNotificationFault1_changeMassageStatusNotificationFault"},
};

/* SOAP 1.1 4.4: faultcode, faultstring, detail without a namespace. SOAP 1.2 part 1, 5.4: Code/Value, Reason/Text with xml:lang, Detail. */
static const xmlNode *fault_detail(const struct soap *soap, const char *want_code, const char *ns)
{
        const xmlNode *fault = soap->payload, *detail = NULL;
        assert_true(xml_is(fault, ns, "Fault"));
        auto_str char *code = NULL;
        if (soap->version == 11) {
                code = xml_child_text(fault, NULL, "faultcode");
                assert_true(xml_is(xml_first_element(fault), NULL, "faultcode"));
                assert_true(xml_is(xml_next_element(xml_child(fault, NULL, "faultcode")), NULL, "faultstring"));
                detail = xml_next_element(xml_child(fault, NULL, "faultstring"));
                assert_true(xml_is(detail, NULL, "detail"));
        } else {
                code = xml_child_text(xml_child(fault, ns, "Code"), ns, "Value");
                const xmlNode *text = xml_first_element(xml_child(fault, ns, "Reason"));
                static const char *const languages[] = {"en", "kk", "ru"};
                for (int i = 0; i < 3; i++, text = xml_next_element(text)) {
                        auto_str char *language = xml_attribute(text, "http://www.w3.org/XML/1998/namespace", "lang");
                        assert_field("xml:lang", language, languages[i]);
                }
                assert_null(text);
                detail = xml_next_element(xml_child(fault, ns, "Reason"));
                assert_true(xml_is(detail, ns, "Detail"));
        }
        assert_field("code", code, want_code);
        assert_null(xml_next_element(detail));
        return detail;
}

static void faults_have_the_shape_of_their_soap(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(faults); i++) {
                const char *ns = faults[i].version == 12 ? SOAP12_NS : SOAP11_NS;
                struct shep_fault fault = {.in_reply_to = faults[i].in_reply_to,
                                           .soap_version = faults[i].version,
                                           .reason = faults[i].reason,
                                           .detail = i % 2 ? "a < b" : NULL,
                                           .correlation_id = "c-1",
                                           .date = NOON,
                                           .session_id = i % 2 ? "{01234567-89ab-cdef-0123-456789abcdef}" : "not a guid"};
                auto_buf struct buf content = BUF_INIT;
                shep_write_fault(&content, &fault);
                auto_str char *xml = enveloped(&content, ns);
                struct got g = must_read(xml);
                assert_exclusive_canonical(g.soap, ns, &content);
                const xmlNode *element = xml_first_element(fault_detail(g.soap, faults[i].code, ns));
                assert_true(xml_is(element, faults[i].element_ns, faults[i].element));
                assert_int_equal(g.m->operation, SHEP_FAULT);
                assert_field("errorCode", g.m->error_code, reason_info(faults[i].reason)->shep_code);
                const char *const texts[] = {reason_info(faults[i].reason)->kk, reason_info(faults[i].reason)->ru,
                                             reason_info(faults[i].reason)->en};
                for (size_t t = 0; t < GW_COUNT(texts); t++)
                        assert_non_null(strstr(g.m->error_message, texts[t]));
                assert_int_equal(shep_fault_reason(g.m->error_data), faults[i].reason);
                assert_non_null(strstr(g.m->error_data, "correlationId=c-1"));
                assert_true(g.m->message_date.ms == fault.date.ms);
                assert_field("sessionId", g.m->session_id, i % 2 ? fault.session_id : NULL);
                drop(&g);
        }
}

static void faults_of_others_stay_readable(void **state)
{
        (void)state;
        static const struct {
                const char *xml, *code, *message;
        } cases[] = {
                {"<S:Envelope xmlns:S=\"" SOAP11_NS
                 "\"><S:Body><S:Fault><faultcode>S:Server</faultcode><faultstring>boom</faultstring></S:Fault></S:Body></S:Envelope>",
                 "S:Server", "boom"},
                {"<S:Envelope xmlns:S=\"" SOAP11_NS
                 "\"><S:Body><S:Fault><faultcode>S:Server</faultcode><faultstring>boom</faultstring><detail><x:any xmlns:x=\"urn:x\">"
                 "<errorCode>E1</errorCode><errorMessage>no</errorMessage></x:any></detail></S:Fault></S:Body></S:Envelope>",
                 "E1", "no"},
                {"<S:Envelope xmlns:S=\"" SOAP12_NS
                 "\"><S:Body><S:Fault><S:Code><S:Value>S:Sender</S:Value></S:Code><S:Reason><S:Text xml:lang=\"en\">bad</S:Text>"
                 "</S:Reason></S:Fault></S:Body></S:Envelope>",
                 "S:Sender", "bad"},
                {"<S:Envelope xmlns:S=\"" SOAP12_NS "\"><S:Body><S:Fault/></S:Body></S:Envelope>", NULL, NULL},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct got g = must_read(cases[i].xml);
                assert_int_equal(g.m->operation, SHEP_FAULT);
                assert_field("code", g.m->error_code, cases[i].code);
                assert_field("message", g.m->error_message, cases[i].message);
                drop(&g);
        }
        assert_int_equal(shep_fault_reason(NULL), -1);
        assert_int_equal(shep_fault_reason(""), -1);
        assert_int_equal(shep_fault_reason("reason=NO_SUCH; x"), -1);
        assert_int_equal(shep_fault_reason("INTERNAL"), -1);
        assert_int_equal(shep_fault_reason("reason=INTERNAL"), REASON_INTERNAL);
}

/* ---- samples of others ---- */

static void samples_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *file;
                enum shep_operation operation;
                const char *message_id, *service_id, *sender_id, *root; /* root element of the document in data */
                bool signature;
        } cases[] = {
                {"shep-contract/example/request.xml", SHEP_SYNC_SEND, "7ea6369f-18c5-4633-ad73-19de35883e0b", "TEST_SERVICE_ID", "senderId",
                 "request", true},
                {"shep-contract/example/response.xml", SHEP_SYNC_SEND_RESPONSE, "559eaf6e-4aee-4f9f-ad5a-df36ac7fb60b", NULL, NULL,
                 "response", true},
                {"shep-contract/example/async-samples/notification-in-processing.xml", SHEP_ASYNC_SEND,
                 "YzgtjaqW-TQvK-PqOu-57SN-70yBQmLZuZxv", "MON_ES_REQUEST_FORM_IMPORT", "es", "typedRequestFormImportData", false},
                {"ncanode-testdata/signed/WsseServiceTest.XML_VALID_STRING.xml", SHEP_SYNC_SEND, "ccb1010b-8446-4937-913f-c87a717f6809",
                 "GBDFL_UniversalServiceSync", "smartbridge", NULL, false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *path = vector_path(cases[i].file);
                auto_buf struct buf text = BUF_INIT, bytes = BUF_INIT;
                assert_true(text_read_file(path, &text));
                struct got g = must_read(buf_cstr(&text));
                assert_int_equal(g.m->operation, cases[i].operation);
                assert_field("messageId", g.m->message_id, cases[i].message_id);
                assert_field("serviceId", g.m->service_id, cases[i].service_id);
                assert_field("senderId", g.m->sender_id, cases[i].sender_id);
                assert_true((g.soap->security != NULL) == cases[i].signature);
                auto_xmldoc xmlDoc *doc = NULL;
                struct why why = WHY_INIT;
                enum gw_rc rc = shep_data_document(g.m->data, &xml_limits_default, &doc, &bytes, &why);
                if (cases[i].root)
                        assert_string_equal((const char *)xmlDocGetRootElement(doc)->name, cases[i].root);
                else /* a typed message: several elements straight in data */
                        assert_reason(cases[i].file, rc, &why, GW_REJECT, REASON_DATA_FORM);
                drop(&g);
        }
}

int main(void)
{
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_operations_are_read),
                cmocka_unit_test(what_the_contract_allows_passes),
                cmocka_unit_test(broken_messages_are_refused),
                cmocka_unit_test(fields_have_a_longest),
                cmocka_unit_test(the_password_is_not_kept),
                cmocka_unit_test(data_is_read_in_all_forms),
                cmocka_unit_test(other_data_is_refused),
                cmocka_unit_test(data_has_limits_of_its_own),
                cmocka_unit_test(what_is_written_reads_back),
                cmocka_unit_test(a_long_status_message_is_clipped),
                cmocka_unit_test(faults_have_the_shape_of_their_soap),
                cmocka_unit_test(faults_of_others_stay_readable),
                cmocka_unit_test(samples_are_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
