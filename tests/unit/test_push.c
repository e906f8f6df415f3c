/* Telling organisations' own systems: which moves of a request make a row, and what the row says in both forms. */
#include "tests/unit/helper_store.h"
#include "tests/unit/helper_sign.h"

#include <jansson.h>

#include "gateway/deliver/push.h"
#include "gateway/pki/cms.h"
#include "gateway/register/casework.h"
#include "gateway/soap/shep.h"
#include "gateway/verify/verify.h"

GW_DEFINE_AUTO(verifier, struct verifier, verifier_close)

#define PROVIDER "160640900019"
#define FRONT "990240003456"
static const struct push_target targets[] = {{PROVIDER, "push:provider"}, {FRONT, "push:centre"}};

static int setup(void **state)
{
        fixture_setup(state);
        struct fixture *f = *state;
        fixture_close(f);
        f->pushes = (struct push_targets){targets, GW_COUNT(targets)};
        fixture_open(f);
        return 0;
}

/* ---- rows ---- */

static struct casework_place place_of(int step, const char *role)
{
        return (struct casework_place){.step = step, .role = role, .executor = "", .from = AT(0), .near = AT(1000), .due = AT(2000)};
}

static int64_t opened(struct fixture *f, const char *message_id, const char *front_bin, int step, const char *role)
{
        struct why why = WHY_INIT;
        struct intake_record record = intake_of(message_id);
        struct intake_result result;
        struct store *store = borrow(f);
        is_ok(store_intake(store, &record, &result, &why), &why);
        struct casework_new new = {.request_id = result.request_id, .service = "HOUSING_AID", .route = "OFFICE", .provider_bin = PROVIDER, .front_bin = front_bin, .result_due = AT(9000),
                                   .place = place_of(step, role)};
        is_ok(casework_open(store, &new, &why), &why);
        keep(f);
        return result.request_id;
}

static void move(struct fixture *f, int64_t id, int from, const char *act, int to, const char *role)
{
        struct why why = WHY_INIT;
        bool repeated = false;
        struct casework_place next = place_of(to, role);
        struct casework_act a = {.request_id = id, .step = from, .next = &next, .detail = "step",
                                 .entry = {.step = from, .act = act, .role = "HEAD", .staff = "p.head", .comment = "", .at = AT(from), .from = AT(0), .due = AT(2000)}};
        is_ok(casework_act(borrow(f), &a, &repeated, &why), &why);
        keep(f);
}

static void rows_are(struct fixture *f, const char *destination, const char *want)
{
        auto_str char *sql = xasprintf("SELECT coalesce(group_concat(state_code, ' '), '') = '%s' FROM (SELECT state_code FROM outbox WHERE destination = '%s' AND kind = 'REQUEST' ORDER BY id)",
                                       want, destination);
        if (ask(f, sql) != 1)
                fail_msg("the rows for %s are not \"%s\"", destination, want);
}

static void told_when_it_comes_to_them(void **state)
{
        struct fixture *f = *state;
        int64_t id = opened(f, "m-1", PROVIDER, 2, "HEAD");
        rows_are(f, "push:provider", "STEP_2");
        move(f, id, 2, "RESOLVE", 3, "EXECUTOR"); /* their own people go on */
        rows_are(f, "push:provider", "STEP_2");
        move(f, id, 3, "RETURN", 2, "HEAD");      /* what they took for done is to be done again */
        rows_are(f, "push:provider", "STEP_2 STEP_2");
        move(f, id, 2, "SIGN", 4, "GATEWAY");
        move(f, id, 4, "ISSUE", 0, "");
        rows_are(f, "push:provider", "STEP_2 STEP_2");
        rows_are(f, "push:centre", "");
}

static void told_when_it_is_handed_over(void **state)
{
        struct fixture *f = *state;
        int64_t id = opened(f, "m-1", FRONT, 3, "CENTER_WORKER");
        rows_are(f, "push:centre", "STEP_3");
        rows_are(f, "push:provider", "");
        move(f, id, 3, "TRANSFER", 4, "CLERK");
        rows_are(f, "push:provider", "STEP_4");
        move(f, id, 4, "RETURN", 3, "CENTER_WORKER");
        move(f, id, 3, "TRANSFER", 4, "CLERK");
        rows_are(f, "push:centre", "STEP_3 STEP_3");
        rows_are(f, "push:provider", "STEP_4 STEP_4");
        assert_int_equal(ask(f, "SELECT count(*) FROM outbox WHERE message_id = 'push-10100000000001-2-centre' AND sequence = 2"), 1);
}

static void nobody_is_told_who_did_not_ask(void **state)
{
        struct fixture *f = *state;
        opened(f, "m-1", "091240900012", 3, "AKIM_WORKER");
        opened(f, "m-2", PROVIDER, 4, "GATEWAY");
        opened(f, "m-3", PROVIDER, 1, "RECIPIENT");
        opened(f, "m-4", PROVIDER, 0, "");
        assert_int_equal(ask(f, "SELECT count(*) FROM outbox"), 0);
        fixture_close(f);
        f->pushes.count = 0;
        fixture_open(f);
        opened(f, "m-5", PROVIDER, 2, "HEAD");
        assert_int_equal(ask(f, "SELECT count(*) FROM outbox"), 0);
}

static void payload_is_given_once(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        opened(f, "m-1", PROVIDER, 2, "HEAD");
        struct outbox_row row;
        size_t count = 0;
        bool due = false;
        is_ok(store_outbox_is_due(f->reader, "push:provider", AT(-1), &due, &why), &why);
        assert_false(due);
        is_ok(store_outbox_is_due(f->reader, "push:provider", AT(0), &due, &why), &why);
        assert_true(due);
        struct store *store = borrow(f);
        is_ok(store_outbox_claim(store, "push:provider", AT(0), AT(100), 1, &row, &count, &why), &why);
        assert_int_equal(count, 1);
        assert_int_equal(row.payload.n, 0);
        is_ok(store_outbox_fill(store, row.id, span_str("<x/>"), &why), &why);
        is_refused(store_outbox_fill(store, row.id, span_str("<y/>"), &why), &why, GW_REJECT, REASON_INTERNAL, "not without");
        is_refused(store_outbox_fill(store, 99, span_str("<y/>"), &why), &why, GW_REJECT, REASON_INTERNAL, "not without");
        outbox_row_done(&row);
        is_ok(store_outbox_claim(store, "push:provider", AT(100), AT(200), 1, &row, &count, &why), &why);
        assert_string_equal(buf_cstr(&row.payload), "<x/>");
        outbox_row_done(&row);
        keep(f);
        is_ok(store_outbox_is_due(f->reader, "push:provider", AT(150), &due, &why), &why);
        assert_false(due); /* leased */
        char destination[32];
        is_ok(store_outbox_to(f->reader, "push-10100000000001-1-provider", destination, &why), &why);
        assert_string_equal(destination, "push:provider");
        is_refused(store_outbox_to(f->reader, "push-10100000000001-2-provider", destination, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such");
}

/* ---- messages ---- */

#define APPLICATION "<application xmlns=\"urn:a\">Абай &amp; \"Ко\"</application>"
static struct push_message message_of(void)
{
        return (struct push_message){
                .message_id = "push-10100000000001-1-provider", .sender_id = "egov-gateway", .to_bin = PROVIDER, .to_url = "https://provider.example/in?a=1&b=2", .number = "10100000000001",
                .portal_number = "", .service_code = "HOUSING_AID", .service_kk = "Тұрғын үй көмегі", .service_ru = "Жилищная помощь <b>", .route = "OFFICE", .channel = "rest", .language = "kk",
                .provider_bin = PROVIDER, .step = 2, .act = "RESOLVE", .role = "HEAD", .action_kk = "қарайды", .action_ru = "рассматривает \"дело\"", .inbox = "/api/v1/inbox/10100000000001",
                .registered_at = AT(0), .due_at = AT(5000), .step_due = AT(2000), .result_due = {WALL_NEVER_MS}, .date = wall_now(), .application = span_str(APPLICATION),
        };
}

static void envelope_is_signed_and_whole(void **state)
{
        (void)state;
        gw_auto(local_key) struct signing_key *key = pki_key("system-gateway");
        struct push_message m = message_of();
        auto_buf struct buf out = BUF_INIT, bytes = BUF_INIT, application = BUF_INIT;
        struct why why = WHY_INIT;
        is_ok(push_envelope(&m, "HOUSING", key, &out, &why), &why);
        auto_soap struct soap *soap = NULL;
        auto_shep_message struct shep_message *shep = NULL;
        auto_certificate struct certificate *certificate = NULL;
        auto_xmldoc xmlDoc *doc = NULL;
        gw_auto(verifier) struct verifier *verifier = NULL;
        auto_str char *trust = pki_path("trust", "", "");
        struct verify_policy policy = {.clock_skew_ms = 60000};
        is_ok(verifier_open(trust, &policy, &verifier, &why), &why);
        is_ok(soap_parse(buf_span(&out), &xml_limits_default, &soap, &why), &why);
        is_ok(verify_transport(verifier, soap, wall_now(), &certificate, &why), &why);
        is_ok(shep_read(soap, &shep, &why), &why);
        assert_string_equal(shep->message_type, "REQUEST");
        assert_string_equal(shep->message_id, m.message_id);
        assert_string_equal(shep->service_id, "HOUSING");
        is_ok(shep_data_document(shep->data, &xml_limits_default, &doc, &bytes, &why), &why);
        const xmlNode *root = xmlDocGetRootElement(doc);
        const struct { const char *name, *want; } fields[] = {
                {"number", m.number}, {"recipientUrl", m.to_url}, {"serviceNameRu", m.service_ru}, {"actionRu", m.action_ru}, {"step", "2"}, {"resultDueAt", NULL}, {"portalNumber", NULL},
        };
        for (size_t i = 0; i < GW_COUNT(fields); i++) {
                auto_str char *got = xml_child_text(root, PUSH_NS, fields[i].name);
                if (got != fields[i].want && !str_eq(got, fields[i].want))
                        fail_msg("%s: got %s", fields[i].name, got ? got : "nothing");
        }
        auto_str char *base64 = xml_child_text(root, PUSH_NS, "application");
        assert_true(text_unbase64(&application, span_str(base64)));
        assert_string_equal(buf_cstr(&application), APPLICATION);
}

static enum cms_problem checked(const char *signature, struct span body)
{
        auto_cms struct cms *cms = NULL;
        struct why why = WHY_INIT;
        struct cms_signer signer;
        assert_int_equal(cms_read(span_str(signature), "1.2.840.113549.1.7.1", &cms, &why), CMS_OK);
        assert_int_equal(cms_signer_count(cms), 1);
        cms_signer(cms, 0, &signer);
        assert_non_null(signer.x509);
        assert_true(signer.names_certificate);
        return cms_check_signer(cms, 0, signer.x509, body, &why);
}

static void webhook_is_signed_and_whole(void **state)
{
        (void)state;
        static const char *const keys[] = {"system-gateway", "system-gateway-ec"};
        for (size_t i = 0; i < GW_COUNT(keys); i++) {
                gw_auto(local_key) struct signing_key *key = pki_key(keys[i]);
                struct push_message m = message_of();
                auto_buf struct buf out = BUF_INIT;
                struct why why = WHY_INIT;
                is_ok(push_webhook(&m, key, &out, &why), &why);
                auto_str char *signature = NULL;
                struct span body;
                assert_true(push_webhook_parts(buf_span(&out), &signature, &body));
                assert_int_equal(checked(signature, body), CMS_OK);
                json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
                assert_non_null(json);
                assert_string_equal(json_string_value(json_object_get(json, "type")), PUSH_NS);
                assert_string_equal(json_string_value(json_object_get(json, "recipientBin")), PROVIDER);
                assert_string_equal(json_string_value(json_object_get(json, "serviceNameRu")), m.service_ru);
                assert_int_equal(json_integer_value(json_object_get(json, "step")), 2);
                assert_null(json_object_get(json, "resultDueAt"));
                auto_buf struct buf application = BUF_INIT;
                assert_true(text_unbase64(&application, span_str(json_string_value(json_object_get(json, "application")))));
                assert_string_equal(buf_cstr(&application), APPLICATION);
                json_decref(json);
                auto_str char *changed = span_dup(body);
                *strstr(changed, "HOUSING_AID") = 'X';
                assert_int_equal(checked(signature, span_str(changed)), CMS_DIGEST);
        }
        auto_str char *signature = NULL;
        struct span body;
        assert_false(push_webhook_parts(span_str("no line end"), &signature, &body));
        assert_false(push_webhook_parts(span_of(NULL, 0), &signature, &body));
}

#define ROWS(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
        verify_init();
        const struct CMUnitTest tests[] = {
                ROWS(told_when_it_comes_to_them), ROWS(told_when_it_is_handed_over), ROWS(nobody_is_told_who_did_not_ask), ROWS(payload_is_given_once),
                cmocka_unit_test(envelope_is_signed_and_whole), cmocka_unit_test(webhook_is_signed_and_whole),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
