/* Our service descriptions: complete, compilable by libxml2, in agreement with our writers and with others' samples. */
#include "tests/unit/helper_sign.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "gateway/soap/shep.h"
#include "gateway/soap/wsdl.h"

#define XS_NS "http://www.w3.org/2001/XMLSchema"
#define WSDL_NS "http://schemas.xmlsoap.org/wsdl/"
#define WSDL_SOAP_NS "http://schemas.xmlsoap.org/wsdl/soap/"
#define SCHEMAS_MAX 8

GW_DEFINE_AUTO(schema, xmlSchema, xmlSchemaFree)

static xmlExternalEntityLoader files; /* libxml2's own, which xml_init() replaces by one that opens nothing */
static unsigned complaints;           /* warnings of libxml2 count as failures too */

GW_PRINTF(2, 3) static void complain(void *ctx, const char *format, ...)
{
        char line[400];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof line, format, args);
        va_end(args);
        complaints++;
        if (ctx)
                print_message("%s", line);
}

static xmlDoc *parse(struct span xml)
{
        xmlDoc *doc = xmlReadMemory((const char *)xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET);
        assert_non_null(doc);
        return doc;
}

static xmlNode *child(const xmlNode *parent, const char *ns, const char *name)
{
        xmlNode *node = parent ? xml_child(parent, ns, name) : NULL;
        if (!node)
                fail_msg("no %s", name);
        return node;
}

/* libxml2 finds imported schemas by place only, so each inline schema becomes a file and each import gets its place. */
static char *write_schemas(xmlDoc *wsdl)
{
        const xmlNode *schemas[SCHEMAS_MAX];
        char *namespaces[SCHEMAS_MAX];
        size_t count = 0;
        auto_buf struct buf all = BUF_INIT;
        buf_add_str(&all, "<xs:schema xmlns:xs=\"" XS_NS "\">");
        for (const xmlNode *n = xml_first_element(child(xmlDocGetRootElement(wsdl), WSDL_NS, "types")); n; n = xml_next_element(n)) {
                assert_true(xml_is(n, XS_NS, "schema") && count < SCHEMAS_MAX);
                schemas[count] = n;
                namespaces[count] = xml_attribute(n, NULL, "targetNamespace");
                buf_printf(&all, "<xs:import namespace=\"%s\" schemaLocation=\"%zu.xsd\"/>", namespaces[count], count);
                count++;
        }
        buf_add_str(&all, "</xs:schema>");
        for (size_t i = 0; i < count; i++) {
                auto_xmldoc xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
                xmlNode *wild = NULL;
                memcpy(&wild, &schemas[i], sizeof wild);
                xmlDocSetRootElement(doc, xmlDocCopyNode(wild, doc, 1));
                for (xmlNode *n = xml_first_element(xmlDocGetRootElement(doc)); n && xml_is(n, XS_NS, "import"); n = xml_next_element(n)) {
                        auto_str char *wanted = xml_attribute(n, NULL, "namespace");
                        size_t at = 0;
                        while (at < count && !str_eq(namespaces[at], wanted))
                                at++;
                        assert_true(at < count && at != i); /* every import is answered inline */
                        auto_str char *place = xasprintf("%zu.xsd", at);
                        xmlSetProp(n, (const xmlChar *)"schemaLocation", (const xmlChar *)place);
                }
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(namespaces[i], namespaces[j]);
                auto_str char *name = xasprintf("%zu.xsd", i), *path = scratch_path(name);
                assert_true(xmlSaveFile(path, doc) > 0);
        }
        for (size_t i = 0; i < count; i++)
                free(namespaces[i]);
        return scratch_write("all.xsd", buf_span(&all));
}

static xmlSchema *compile(const char *path)
{
        xmlSchemaParserCtxt *ctxt = xmlSchemaNewParserCtxt(path);
        complaints = 0;
        xmlSchemaSetParserErrors(ctxt, complain, complain, ctxt);
        xmlExternalEntityLoader none = xmlGetExternalEntityLoader();
        xmlSetExternalEntityLoader(files);
        xmlSchema *schema = xmlSchemaParse(ctxt);
        xmlSetExternalEntityLoader(none);
        xmlSchemaFreeParserCtxt(ctxt);
        if (!schema)
                fail_msg("%s does not compile", path);
        return schema;
}

static xmlSchema *schema_of(const char *wsdl)
{
        auto_xmldoc xmlDoc *doc = parse(span_str(wsdl));
        auto_str char *path = write_schemas(doc);
        return compile(path);
}

/* What xmllint --schema says of one element. */
static bool valid_element(xmlSchema *schema, const xmlNode *element, bool show)
{
        xmlSchemaValidCtxt *ctxt = xmlSchemaNewValidCtxt(schema);
        xmlSchemaSetValidErrors(ctxt, complain, complain, show ? ctxt : NULL);
        xmlNode *wild = NULL;
        memcpy(&wild, &element, sizeof wild);
        bool valid = xmlSchemaValidateOneElement(ctxt, wild) == 0;
        xmlSchemaFreeValidCtxt(ctxt);
        return valid;
}

static void assert_payload(xmlSchema *schema, bool want, const char *name, struct span envelope)
{
        auto_soap struct soap *soap = NULL;
        struct why why = WHY_INIT;
        assert_reason(name, soap_parse(envelope, &xml_limits_default, &soap, &why), &why, GW_OK, REASON_NONE);
        const xmlNode *element = soap->payload;
        if (xml_is(element, SOAP11_NS, "Fault"))
                element = xml_first_element(child(element, NULL, "detail"));
        if (valid_element(schema, element, want) != want)
                fail_msg("%s should be %s by our schema:\n%.*s", name, want ? "valid" : "invalid", (int)envelope.n,
                         (const char *)envelope.p);
}

static const char *(*const descriptions[])(void) = {wsdl_sync, wsdl_async};

static void descriptions_are_complete(void **state)
{
        (void)state;
        static const char *const services[] = {"ISyncChannelHttpService", "AsyncChannelClientHttpService"};
        static const char *const ports[] = {"ISyncChannel", "IAsyncChannelClient"};
        for (size_t i = 0; i < GW_COUNT(descriptions); i++) {
                auto_xmldoc xmlDoc *doc = parse(span_str(descriptions[i]()));
                const xmlNode *root = xmlDocGetRootElement(doc);
                assert_true(xml_is(root, WSDL_NS, "definitions"));
                assert_null(xml_child(root, WSDL_NS, "import"));
                auto_str char *service = xml_attribute(child(root, WSDL_NS, "service"), NULL, "name");
                auto_str char *port = xml_attribute(child(root, WSDL_NS, "portType"), NULL, "name");
                assert_string_equal(service, services[i]);
                assert_string_equal(port, ports[i]);
                gw_auto(schema) xmlSchema *schema = schema_of(descriptions[i]());
                assert_int_equal(complaints, 0);
        }
}

static void the_address_is_put_in(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(descriptions); i++) {
                const char *text = descriptions[i]();
                const char *hole = strstr(text, WSDL_ADDRESS_PLACEHOLDER);
                assert_non_null(hole);
                assert_null(strstr(hole + 1, WSDL_ADDRESS_PLACEHOLDER));
                auto_buf struct buf out = BUF_INIT;
                wsdl_write(&out, text, "https://[::1]:8443/shep?a=1&b=\"2\"");
                auto_xmldoc xmlDoc *doc = parse(buf_span(&out));
                const xmlNode *port = child(child(xmlDocGetRootElement(doc), WSDL_NS, "service"), WSDL_NS, "port");
                auto_str char *got = xml_attribute(child(port, WSDL_SOAP_NS, "address"), NULL, "location");
                assert_string_equal(got, "https://[::1]:8443/shep?a=1&b=\"2\"");
                assert_null(strstr(buf_cstr(&out), WSDL_ADDRESS_PLACEHOLDER));
        }
}

static char *enveloped(const struct buf *content)
{
        return xasprintf("<soap:Envelope xmlns:soap=\"" SOAP11_NS "\" xmlns:xs=\"" XS_NS "\"><soap:Body>%s</soap:Body></soap:Envelope>",
                         buf_cstr(content));
}

static const struct shep_property property = {"key", "value"};
#define NOON                  \
        {                     \
                1795330800123 \
        }
#define TEXT(text)                                     \
        {                                              \
                (const uint8_t *)text, sizeof text - 1 \
        }
static const struct {
        size_t wsdl;
        struct shep_out out;
        const char *from, *to; /* makes it invalid */
} messages[] = {
        {0,
         {.operation = SHEP_SYNC_SEND,
          .message_id = "m",
          .correlation_id = "c",
          .service_id = "S",
          .sender_id = "gw",
          .date = NOON,
          .properties = &property,
          .property_count = 1,
          .data_xml = TEXT("<a xmlns=\"urn:a\">x</a>")},
         "<serviceId>S</serviceId>",
         ""},
        {0,
         {.operation = SHEP_SYNC_SEND, .message_id = "m", .service_id = "S", .sender_id = "gw", .date = NOON, .data_text = TEXT("<a/>")},
         "<sender>",
         "<sender><x/>"},
        {0,
         {.operation = SHEP_SYNC_SEND, .message_id = "m", .service_id = "S", .sender_id = "gw", .date = NOON},
         "<request>",
         "<request xmlns=\"urn:x\">"},
        {0,
         {.operation = SHEP_SYNC_SEND_RESPONSE, .message_id = "m", .date = NOON, .status_code = "Success", .status_message = "OK"},
         "<code>Success</code>",
         ""},
        {1,
         {.operation = SHEP_ASYNC_SEND,
          .message_id = "m",
          .correlation_id = "c",
          .service_id = "S",
          .message_type = "RESPONSE",
          .sender_id = "gw",
          .date = NOON,
          .properties = &property,
          .property_count = 1,
          .data_text = TEXT("<a/>")},
         "RESPONSE",
         "ANSWER"},
        {1,
         {.operation = SHEP_ASYNC_SEND, .service_id = "S", .message_type = "REQUEST", .sender_id = "gw", .date = NOON},
         "<data></data>",
         ""},
        {1, {.operation = SHEP_ASYNC_SEND_RESPONSE, .message_id = "m", .date = NOON}, "<correlationId></correlationId>", ""},
        {1,
         {.operation = SHEP_STATUS_NOTIFICATION,
          .message_id = "m",
          .notification_id = "n",
          .message_state = "DELIVERED",
          .date = NOON,
          .status_code = "OK",
          .status_message = "OK"},
         "DELIVERED",
         "LOST"},
        {1, {.operation = SHEP_STATUS_NOTIFICATION_RESPONSE, .date = NOON}, "{0000", "0000"},
};

static void what_we_write_is_valid(void **state)
{
        (void)state;
        gw_auto(schema) xmlSchema *sync = schema_of(wsdl_sync());
        gw_auto(schema) xmlSchema *async = schema_of(wsdl_async());
        for (size_t i = 0; i < GW_COUNT(messages); i++) {
                xmlSchema *schema = messages[i].wsdl ? async : sync;
                auto_buf struct buf content = BUF_INIT;
                shep_write(&content, &messages[i].out);
                auto_str char *xml = enveloped(&content);
                assert_payload(schema, true, "written", span_str(xml));
                auto_str char *broken = replaced(xml, messages[i].from, messages[i].to);
                assert_payload(schema, false, messages[i].from, span_str(broken));
                assert_payload(messages[i].wsdl ? sync : async, false, "the other channel", span_str(xml));
        }
}

static void our_faults_are_valid(void **state)
{
        (void)state;
        static const enum shep_operation operations[] = {SHEP_SYNC_SEND, SHEP_ASYNC_SEND, SHEP_STATUS_NOTIFICATION};
        gw_auto(schema) xmlSchema *sync = schema_of(wsdl_sync());
        gw_auto(schema) xmlSchema *async = schema_of(wsdl_async());
        for (size_t i = 0; i < GW_COUNT(operations); i++) {
                struct shep_fault fault = {.in_reply_to = operations[i],
                                           .soap_version = 11,
                                           .reason = REASON_FORM_INVALID,
                                           .detail = "field 2",
                                           .correlation_id = "c",
                                           .session_id = i ? "{01234567-89ab-cdef-0123-456789abcdef}" : NULL,
                                           .date = NOON};
                auto_buf struct buf content = BUF_INIT;
                shep_write_fault(&content, &fault);
                auto_str char *xml = enveloped(&content);
                assert_payload(i ? async : sync, true, "fault", span_str(xml));
                auto_str char *broken = replaced(xml, "<errorDate>", "<errorDate>x");
                assert_payload(i ? async : sync, false, "fault", span_str(broken));
        }
}

static void samples_are_valid(void **state)
{
        (void)state;
        static const struct {
                const char *file, *from, *to;
                size_t wsdl;
        } cases[] = {
                {"shep-contract/example/request.xml", "<serviceId>TEST_SERVICE_ID</serviceId>", "", 0},
                {"shep-contract/example/response.xml", "<code>Success</code>", "", 0},
                {"shep-contract/example/async-samples/notification-in-processing.xml", ">NOTIFICATION<", ">NOTICE<", 1},
        };
        gw_auto(schema) xmlSchema *sync = schema_of(wsdl_sync());
        gw_auto(schema) xmlSchema *async = schema_of(wsdl_async());
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *path = vector_path(cases[i].file);
                auto_buf struct buf text = BUF_INIT;
                assert_true(text_read_file(path, &text));
                assert_payload(cases[i].wsdl ? async : sync, true, cases[i].file, buf_span(&text));
                auto_str char *broken = replaced(buf_cstr(&text), cases[i].from, cases[i].to);
                assert_payload(cases[i].wsdl ? async : sync, false, cases[i].file, span_str(broken));
        }
}

/* Our sendMessage by the schemas of a deployed IAsyncChannel (what we deliver to is described so). */
static void a_deployed_description_accepts_ours(void **state)
{
        (void)state;
        auto_str char *path = vector_path("nobdsoap/IAsyncChannelImport.wsdl");
        auto_buf struct buf text = BUF_INIT;
        assert_true(text_read_file(path, &text));
        gw_auto(schema) xmlSchema *schema = schema_of(buf_cstr(&text));
        for (size_t i = 0; i < GW_COUNT(messages); i++) {
                enum shep_operation operation = messages[i].out.operation;
                if (operation != SHEP_ASYNC_SEND && operation != SHEP_ASYNC_SEND_RESPONSE)
                        continue;
                auto_buf struct buf content = BUF_INIT;
                shep_write(&content, &messages[i].out);
                auto_str char *xml = enveloped(&content);
                assert_payload(schema, true, "by the deployed schema", span_str(xml));
        }
}

static void zeep_loads_both(void **state)
{
        (void)state;
        auto_str char *sync = scratch_write("sync.wsdl", span_str(wsdl_sync())),
                      *async = scratch_write("async.wsdl", span_str(wsdl_async()));
        const char *const probe[] = {"/usr/bin/python3", "-c", "import zeep", NULL};
        if (run(probe) != 0) {
                print_message("skipped: python3-zeep is not here\n");
                skip();
        }
        const char *const argv[] = {"/usr/bin/python3", "tests/system/wsdl_zeep.py", sync, async, NULL};
        int status = run(argv);
        if (status != 0)
                show_output();
        assert_int_equal(status, 0);
        auto_str char *broken = replaced(wsdl_sync(), "<xs:complexType name=\"SenderInfo\">", "<xs:complexType name=\"Sender\">");
        auto_str char *path = scratch_write("broken.wsdl", span_str(broken));
        const char *const broken_argv[] = {"/usr/bin/python3", "tests/system/wsdl_zeep.py", path, async, NULL};
        assert_int_not_equal(run(broken_argv), 0);
}

int main(void)
{
        files = xmlGetExternalEntityLoader();
        xml_init();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(descriptions_are_complete), cmocka_unit_test(the_address_is_put_in),
                cmocka_unit_test(what_we_write_is_valid),    cmocka_unit_test(our_faults_are_valid),
                cmocka_unit_test(samples_are_valid),         cmocka_unit_test(a_deployed_description_accepts_ours),
                cmocka_unit_test(zeep_loads_both),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
