/* Messages to the personal cabinet: read back, verified as the cabinet would, and nothing personal in them but the IIN. */
#include "tests/unit/helper_sign.h"

#include "gateway/deliver/cabinet.h"
#include "gateway/soap/shep.h"
#include "gateway/verify/verify.h"

GW_DEFINE_AUTO(verifier, struct verifier, verifier_close)

#define DOCUMENT "<certificate>Абай & \"Құнанбаев\" ]]&gt;</certificate>"
static const struct cabinet_message notification = {
        .state = REQUEST_AWAITING_DATA,
        .message_id = "egov-gateway-20261122000017-3",
        .service_id = "PEP_CABINET",
        .sender_id = "egov-gateway",
        .correlation_id = "chain <1> & \"2\"",
        .portal_number = "10100000000017",
        .number = "20261122000017",
        .applicant_iin = "850412390011",
        .provider_bin = "160640900019",
        .date = {1795357837123},
};

static struct cabinet_message response(const char *outcome)
{
        struct cabinet_message m = notification;
        m.state = REQUEST_RESULT_SENT;
        m.outcome = outcome;
        m.document_number = "TSA-17/1";
        m.document = span_str(DOCUMENT);
        return m;
}

/* What the cabinet sees: the signature verified, the message read, the data a document of its own. */
struct seen {
        struct soap *soap;
        struct shep_message *shep;
        xmlDoc *doc;
        struct buf bytes;
};
static void seen_done(struct seen *seen)
{
        soap_free(seen->soap);
        shep_message_free(seen->shep);
        xmlFreeDoc(seen->doc);
        buf_done(&seen->bytes);
}
#define auto_seen __attribute__((cleanup(seen_done)))

static void check_signature(const struct soap *soap)
{
        auto_str char *trust = pki_path("trust", "", "");
        struct verify_policy policy = {.clock_skew_ms = 60000};
        gw_auto(verifier) struct verifier *verifier = NULL;
        auto_certificate struct certificate *certificate = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(verifier_open(trust, &policy, &verifier, &why), GW_OK);
        enum gw_rc rc = verify_transport(verifier, soap, wall_now(), &certificate, &why);
        if (rc == GW_OK)
                rc = verify_sender_allowed(certificate, &(struct sender_binding){.bin = certificate->bin}, &why);
        assert_reason("cabinet's verification", rc, &why, GW_OK, REASON_NONE);
        assert_string_not_equal(certificate->bin, "");
}

static struct buf envelope_of(const struct cabinet_message *m, const char *key_name)
{
        gw_auto(local_key) struct signing_key *key = pki_key(key_name);
        struct buf out = BUF_INIT;
        struct why why = WHY_INIT;
        assert_reason("cabinet_envelope", cabinet_envelope(m, key, &out, &why), &why, GW_OK, REASON_NONE);
        return out;
}

static struct seen see(struct span envelope)
{
        struct seen seen = {.bytes = BUF_INIT};
        struct why why = WHY_INIT;
        assert_reason("soap_parse", soap_parse(envelope, &xml_limits_default, &seen.soap, &why), &why, GW_OK, REASON_NONE);
        check_signature(seen.soap);
        assert_reason("shep_read", shep_read(seen.soap, &seen.shep, &why), &why, GW_OK, REASON_NONE);
        enum gw_rc rc = shep_data_document(seen.shep->data, &xml_limits_default, &seen.doc, &seen.bytes, &why);
        assert_reason("shep_data_document", rc, &why, GW_OK, REASON_NONE);
        return seen;
}

/* want NULL: it is not there */
static void assert_field(const struct seen *seen, const char *name, const char *want)
{
        auto_str char *got = xml_child_text(xmlDocGetRootElement(seen->doc), NULL, name);
        if (got != want && !str_eq(got, want))
                fail_msg("%s: got \"%s\", want \"%s\"", name, got ? got : "NULL", want ? want : "NULL");
}

static void check_common(const struct seen *seen, const struct cabinet_message *m)
{
        assert_int_equal(seen->soap->version, 11);
        assert_int_equal(seen->shep->operation, SHEP_ASYNC_SEND);
        assert_string_equal(seen->shep->message_id, m->message_id);
        assert_string_equal(seen->shep->correlation_id, m->correlation_id);
        assert_string_equal(seen->shep->service_id, m->service_id);
        assert_string_equal(seen->shep->sender_id, m->sender_id);
        assert_int_equal(seen->shep->message_date.ms, m->date.ms);
        assert_true(xml_is(xmlDocGetRootElement(seen->doc), NULL, "typedRequestFormImportData"));
        assert_field(seen, "externalRequestChainId", m->correlation_id);
        assert_field(seen, "externalRequestId", m->portal_number);
        assert_field(seen, "registrationNumber", m->number);
        assert_field(seen, "requesterIin", m->applicant_iin);
        assert_field(seen, "serviceProviderBin", m->provider_bin);
}

static void check_status(const struct seen *seen, enum request_state state)
{
        const struct request_state_info *info = request_state_info(state);
        const struct { const char *name, *want; } fields[] = {{"code", info->code}, {"kkValue", info->kk}, {"ruValue", info->ru}};
        xmlNode *updated = xml_child(xmlDocGetRootElement(seen->doc), NULL, "updatedValues");
        auto_str char *code = xml_child_text(updated, NULL, "code");
        assert_string_equal(code, "processing_status");
        xmlNode *item = xml_child(xml_child(updated, NULL, "values"), NULL, "domainItemData");
        for (size_t i = 0; i < GW_COUNT(fields); i++) {
                auto_str char *got = xml_child_text(item, NULL, fields[i].name);
                assert_string_equal(got, fields[i].want);
        }
}

static void every_state_has_its_notification(void **state GW_UNUSED)
{
        for (int i = REQUEST_REGISTERED; i < REQUEST_STATE_COUNT; i++) {
                struct cabinet_message m = notification;
                m.state = (enum request_state)i;
                m.refusal = REASON_APPLICANT_CERTIFICATE_REVOKED;
                auto_buf struct buf out = envelope_of(&m, i % 2 ? "system-gateway" : "system-gateway-ec");
                auto_seen struct seen seen = see(buf_span(&out));
                check_common(&seen, &m);
                check_status(&seen, m.state);
                bool last = i == REQUEST_RESULT_SENT;
                assert_string_equal(seen.shep->message_type, last ? "RESPONSE" : "NOTIFICATION");
                assert_string_equal(cabinet_message_type(m.state), seen.shep->message_type);
                bool refused = i == REQUEST_REJECTED_INTAKE;
                assert_field(&seen, "processingStatus", last || refused || i == REQUEST_CANCELLED ? "COMPLETED" : "IN_PROGRESS");
                assert_field(&seen, "resolutionType", refused ? "NEGATIVE" : "NO_RESOLUTION");
                const struct reason_info *reason = reason_info(m.refusal);
                assert_field(&seen, "negativeResolutionReasonKk", refused ? reason->kk : NULL);
                assert_field(&seen, "negativeResolutionReasonRu", refused ? reason->ru : NULL);
                assert_null(xml_child(xmlDocGetRootElement(seen.doc), NULL, "fileData"));
        }
}

static void the_response_carries_the_document(void **state GW_UNUSED)
{
        static const struct { const char *outcome, *want; } cases[] = {
                {"POSITIVE", "POSITIVE"}, {"NEGATIVE", "POSITIVE"}, {"REFUSED", "NEGATIVE"}};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct cabinet_message m = response(cases[i].outcome);
                auto_buf struct buf out = envelope_of(&m, "system-gateway");
                auto_seen struct seen seen = see(buf_span(&out));
                check_common(&seen, &m);
                assert_field(&seen, "resolutionType", cases[i].want);
                assert_field(&seen, "processingStatus", "COMPLETED");
                xmlNode *file = xml_child(xmlDocGetRootElement(seen.doc), NULL, "fileData");
                auto_str char *name = xml_child_text(file, NULL, "name"), *base64 = xml_child_text(file, NULL, "base64Data");
                assert_string_equal(name, "TSA-17/1.xml");
                auto_buf struct buf document = BUF_INIT;
                assert_true(text_unbase64(&document, span_str(base64)));
                assert_string_equal(buf_cstr(&document), DOCUMENT);
        }
}

/* I8: the data has these elements and no others; the caller cannot pass a name, a kind of aid or an income in. */
static void has_no_other_elements(void **state GW_UNUSED)
{
        static const char *const known[] = {"importSource", "updatedValues", "externalRequestChainId", "externalRequestId",
                                            "registrationNumber", "processingStatus", "requesterIin", "serviceProviderBin", "resolutionType", "fileData"};
        struct cabinet_message messages[] = {notification, response("POSITIVE")};
        for (size_t i = 0; i < GW_COUNT(messages); i++) {
                auto_buf struct buf out = envelope_of(&messages[i], "system-gateway");
                auto_seen struct seen seen = see(buf_span(&out));
                size_t count = 0;
                for (xmlNode *node = xml_first_element(xmlDocGetRootElement(seen.doc)); node; node = xml_next_element(node), count++) {
                        bool found = false;
                        for (size_t k = 0; k < GW_COUNT(known); k++)
                                found = found || xml_is(node, NULL, known[k]);
                        if (!found)
                                fail_msg("<%s> is not expected in a notice", (const char *)node->name);
                }
                assert_int_equal(count, i ? GW_COUNT(known) : GW_COUNT(known) - 1);
        }
        auto_buf struct buf out = envelope_of(&notification, "system-gateway");
        static const char *const never[] = {"surname", "firstName", "fullName", "declarantName", "iban", "KZ", "password", "Абай"};
        auto_seen struct seen seen = see(buf_span(&out)); /* what is said, not the base64 of the signature around it */
        for (size_t i = 0; i < GW_COUNT(never); i++)
                assert_null(strstr(buf_cstr(&seen.bytes), never[i]));
}

/* What is said about a row never changes; the signature's ids do, so the outbox keeps the envelope itself. */
static void the_same_row_says_the_same(void **state GW_UNUSED)
{
        struct cabinet_message m = response("POSITIVE");
        auto_buf struct buf once = envelope_of(&m, "system-gateway");
        auto_buf struct buf again = envelope_of(&m, "system-gateway");
        auto_seen struct seen a = see(buf_span(&once)), b = see(buf_span(&again));
        assert_true(span_eq(buf_span(&a.bytes), buf_span(&b.bytes)));
        assert_string_equal(a.shep->message_id, b.shep->message_id);
}

static void a_changed_notice_is_refused(void **state GW_UNUSED)
{
        auto_buf struct buf out = envelope_of(&notification, "system-gateway");
        auto_str char *text = replaced(buf_cstr(&out), "850412390011", "850412390021");
        auto_soap struct soap *soap = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(soap_parse(span_str(text), &xml_limits_default, &soap, &why), GW_OK);
        auto_str char *trust = pki_path("trust", "", "");
        struct verify_policy policy = {.clock_skew_ms = 60000};
        gw_auto(verifier) struct verifier *verifier = NULL;
        auto_certificate struct certificate *certificate = NULL;
        assert_int_equal(verifier_open(trust, &policy, &verifier, &why), GW_OK);
        enum gw_rc rc = verify_transport(verifier, soap, wall_now(), &certificate, &why);
        assert_reason("one digit changed", rc, &why, GW_REJECT, REASON_TRANSPORT_SIGNATURE_DIGEST);
}

static void ids_are_stable(void **state GW_UNUSED)
{
        char a[64], b[64];
        assert_string_equal(cabinet_message_id("20261122000017", 3, a), "egov-gateway-20261122000017-3");
        assert_string_equal(cabinet_message_id("20261122000017", 3, b), a);
        assert_string_not_equal(cabinet_message_id("20261122000017", 4, b), a);
        assert_string_not_equal(cabinet_message_id("20261122000018", 3, b), a);
}

static int setup(void **state GW_UNUSED)
{
        verify_init();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_state_has_its_notification),
                cmocka_unit_test(the_response_carries_the_document),
                cmocka_unit_test(has_no_other_elements),
                cmocka_unit_test(the_same_row_says_the_same),
                cmocka_unit_test(a_changed_notice_is_refused),
                cmocka_unit_test(ids_are_stable),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
