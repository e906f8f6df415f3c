/* The replay: its case files, its changes, and what it builds, judged by the verifier itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/catalogue/catalogue.h"
#include "gateway/commands/replay.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/soap/package.h"
#include "gateway/soap/shep.h"
#include "gateway/verify/problem.h"

GW_DEFINE_AUTO(verifier, struct verifier, verifier_close)

static const char *pki(void)
{
        const char *dir = getenv("EGOV_PKI");
        return dir && *dir ? dir : "build/pki";
}

static const struct verify_policy policy = {
        .clock_skew_ms = 60000,
        .message_age_max_ms = 24 * 3600 * 1000,
        .message_future_max_ms = 300000,
        .iin_check_digit = true,
};

static struct verifier *open_verifier(void)
{
        struct verifier *verifier = NULL;
        struct why why = WHY_INIT;
        auto_str char *trust = xasprintf("%s/trust", pki());
        if (verifier_open(trust, &policy, &verifier, &why) != GW_OK)
                fail_msg("no verifier: %s", why.detail);
        return verifier;
}

/* ---- changes ---- */

static const char sample[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                             "<a:r xmlns:a=\"urn:a\"><a:b k=\"1\" m=\"2\">AZ9xyz</a:b><c/><b>q</b></a:r>";

/* What the text becomes; NULL: the change must be refused. */
static const struct { const char *change, *before, *after; } changes[] = {
        {"flip-byte b", sample,
         "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a:r xmlns:a=\"urn:a\"><a:b k=\"1\" m=\"2\">AZ9yyz</a:b><c/><b>q</b></a:r>"},
        {"flip-byte b", "<b>9</b>", "<b>0</b>"},
        {"flip-byte b", "<b>Z</b>", "<b>A</b>"},
        {"flip-byte b", "<b>--</b>", NULL},
        {"flip-byte c", sample, NULL},
        {"flip-byte", sample, NULL},
        {"set-text b new text", "<r><b>old</b></r>", "<r><b>new text</b></r>"},
        {"set-text x new", "<r><b>old</b></r>", NULL},
        {"comment b", "<b>1234</b>", "<b>12<!--x-->34</b>"},
        {"remove b", sample, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a:r xmlns:a=\"urn:a\"><c/><b>q</b></a:r>"},
        {"remove c", "<r><c/><c/></r>", "<r><c/></r>"},
        {"remove b", "<r><b>1<b>2</b>3</b>4</r>", "<r>4</r>"},
        {"remove b", "<r><!--<b>no</b>--><b>yes</b></r>", "<r><!--<b>no</b>--></r>"},
        {"remove b", "<r><![CDATA[<b>no</b>]]><b x=\">\">yes</b></r>", "<r><![CDATA[<b>no</b>]]></r>"},
        {"remove nothing", sample, NULL},
        {"duplicate b", "<r><b>1</b></r>", "<r><b>1</b><b>1</b></r>"},
        {"rename b new", "<a:r><a:b>1</a:b></a:r>", "<a:r><a:new>1</a:new></a:r>"},
        {"rename c d", "<r><c/></r>", "<r><d/></r>"},
        {"rename c", "<r><c/></r>", NULL},
        {"set-attribute b k 5", sample,
         "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a:r xmlns:a=\"urn:a\"><a:b k=\"5\" m=\"2\">AZ9xyz</a:b><c/><b>q</b></a:r>"},
        {"set-attribute c z 1 2", "<r><c/></r>", "<r><c z=\"1 2\"/></r>"},
        {"append r <x/>", "<r>1</r>", "<r>1<x/></r>"},
        {"append c <x/>", "<r><c/></r>", NULL},
        {"prepend r <x/>", "<r>1</r>", "<r><x/>1</r>"},
        {"nest r 2", "<r>1</r>", "<r>1<n><n></n></n></r>"},
        {"nest r 0", "<r>1</r>", NULL},
        {"elements r 3", "<r>1</r>", "<r>1<n/><n/><n/></r>"},
        {"namespaces r 2", "<r>1</r>", "<r xmlns:n0=\"urn:n0\" xmlns:n1=\"urn:n1\">1</r>"},
        {"before-root <!DOCTYPE r>", "<?xml version=\"1.0\"?><r/>", "<?xml version=\"1.0\"?><!DOCTYPE r><r/>"},
        {"before-root <?pi?>", "<r/>", "<?pi?><r/>"},
        {"replace-all nothing", "<r/>", "nothing"},
        {"truncate 2", "<r/>", "<r"},
        {"truncate 5", "<r/>", NULL},
        {"bom", "<r/>", "\xEF\xBB\xBF<r/>"},
        {"pad-to 6", "<r/>", "<r/>  "},
        {"pad-to 3", "<r/>", NULL},
        {"redigest", "<r/>", NULL},
        {"resign system-portal", "<r/>", NULL},
        {"key-info x509-data", "<r/>", NULL},
        {"timestamp system-portal", "<r/>", NULL},
        {"move-body", "<r/>", NULL},
        {"set-text b ${unheard-of}", sample, NULL},
        {"no-such-change b", sample, NULL},
        {"", sample, NULL},
};

static void changes_do_exactly_what_they_say(void **state)
{
        (void)state;
        struct replay_context context = {.pki = pki()};
        for (size_t i = 0; i < GW_COUNT(changes); i++) {
                auto_buf struct buf text = BUF_INIT;
                struct why why = WHY_INIT;
                buf_add_str(&text, changes[i].before);
                enum gw_rc rc = replay_mutate(&context, changes[i].change, &text, &why);
                if (!changes[i].after) {
                        if (rc != GW_REJECT || !*why.detail)
                                fail_msg("'%s' must be refused with a word why", changes[i].change);
                        continue;
                }
                if (rc != GW_OK || !str_eq(buf_cstr(&text), changes[i].after))
                        fail_msg("'%s': want %s, got %s (%s)", changes[i].change, changes[i].after, buf_cstr(&text), why.detail);
        }
}

static void utf16_is_the_same_text(void **state)
{
        (void)state;
        struct replay_context context = {.pki = pki()};
        struct why why = WHY_INIT;
        auto_buf struct buf text = BUF_INIT;
        buf_add_str(&text, "<r>\xD2\x9A\xE2\x82\xAC</r>"); /* Қ, € */
        assert_int_equal(replay_mutate(&context, "utf16", &text, &why), GW_OK);
        static const char want[] = "\xFF\xFE<\0r\0>\0\x9A\x04\xAC\x20<\0/\0r\0>\0";
        assert_int_equal(text.n, sizeof want - 1);
        assert_memory_equal(text.p, want, sizeof want - 1);
}

static void every_change_is_listed(void **state)
{
        (void)state;
        size_t count = 0;
        while (replay_mutation_help(count))
                count++;
        assert_true(count >= 20);
}

/* ---- placeholders ---- */

static void placeholders(void **state)
{
        (void)state;
        struct replay_vars vars = {.now = clock_from_fields(2026, 11, 22, 19 * 3600)};
        struct why why = WHY_INIT;
        replay_vars_put(&vars, "a", "<1>");
        replay_vars_put(&vars, "data", "<x/>");
        static const struct { const char *text, *want; } rows[] = {
                {"${a}|${data}", "&lt;1&gt;|<x/>"},
                {"${now}", "2026-11-22T19:00:00.000+05:00"},
                {"${now-25h}", "2026-11-21T18:00:00.000+05:00"},
                {"${now+10m}", "2026-11-22T19:10:00.000+05:00"},
                {"${now-1d}${now+2s}", "2026-11-21T19:00:00.000+05:002026-11-22T19:00:02.000+05:00"},
                {"${today}", "2026-11-22"},
                {"none $ { }", "none $ { }"},
                {"${b}", NULL}, {"${now-}", NULL}, {"${now-1}", NULL}, {"${now-1y}", NULL}, {"${nowhere}", NULL},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_buf struct buf out = BUF_INIT;
                enum gw_rc rc = replay_expand(&vars, span_str(rows[i].text), true, &out, &why);
                assert_int_equal(rc, rows[i].want ? GW_OK : GW_REJECT);
                if (rows[i].want)
                        assert_string_equal(buf_cstr(&out), rows[i].want);
        }
        replay_vars_done(&vars);
}

/* ---- case files ---- */

static char *temporary_folder(void)
{
        char *folder = xstrdup("/tmp/test_replay.XXXXXX");
        assert_non_null(mkdtemp(folder));
        return folder;
}

static void write_text(const char *folder, const char *name, const char *text)
{
        auto_str char *path = xasprintf("%s/%s", folder, name);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        fputs(text, file);
        assert_int_equal(fclose(file), 0);
}

static void run_command(const char *format, const char *folder)
{
        auto_str char *command = xasprintf("%s %s", format, folder);
        assert_int_equal(system(command), 0);
}

#define GOOD_TEXT "; A case.\n[request]\nchannel = sync\n[expect]\nstatus = 200\n"
static const struct { const char *text, *problem; } files[] = {
        {GOOD_TEXT, NULL},
        {GOOD_TEXT "[set]\nx = 1\n", NULL},
        {GOOD_TEXT "[set]\nfrom_defaults = 1\n", NULL},
        {GOOD_TEXT "[set]\nx = 1\nx = 2\n", ":8: x: is set twice"},
        {GOOD_TEXT "colour = red\n", ":6: colour: is not a key"},
        {GOOD_TEXT "reason = NO_SUCH_REASON\n", "NO_SUCH_REASON is not a reason code"},
        {GOOD_TEXT "[reqest]\nchannel = sync\n", ":7: channel: is not a key"},
        {GOOD_TEXT "status = 500\n", ":6: status: is given twice"},
        {GOOD_TEXT "signed = maybe\n", ":6: signed: is yes or no"},
        {GOOD_TEXT "outcome = GOOD\n", ":6: outcome: is none of its choices"},
        {GOOD_TEXT "outcome = POSITIVE|NEGATIVE\n", ":6: outcome: is none of its choices"},
        {GOOD_TEXT "neither section nor key\n", ":6: is not a section"},
        {"[request]\nchannel = sync\n[expect]\nstatus = 200\n", ":1: a case starts with a comment"},
        {"; A case.\n[expect]\nstatus = 200\n", "channel is missing"},
        {"; A case.\n[request]\nchannel = sync\n", "says no status"},
        {"; A case.\n[request]\nchannel = post\n", ":3: channel: is none of its choices"},
        {"; A case.\n[request]\nchannel = raw\n[expect]\nstatus = 400\n", "needs the key raw"},
};

static void mistakes_in_case_files(void **state)
{
        (void)state;
        auto_str char *folder = temporary_folder();
        auto_str char *templates = xasprintf("%s/templates %s/good", folder, folder);
        run_command("mkdir -p", templates);
        write_text(folder, "templates/defaults.ini", "[request]\ndata_form = cdata\n[set]\nfrom_defaults = 0\n");
        auto_str char *path = xasprintf("%s/good/01-x.case", folder);
        for (size_t i = 0; i < GW_COUNT(files); i++) {
                struct why why = WHY_INIT;
                struct replay_case *c = NULL;
                write_text(folder, "good/01-x.case", files[i].text);
                enum gw_rc rc = replay_case_load(path, &c, &why);
                if (files[i].problem) {
                        if (rc != GW_REJECT || !strstr(why.detail, files[i].problem))
                                fail_msg("want '%s', got '%s'", files[i].problem, why.detail);
                        continue;
                }
                assert_int_equal(rc, GW_OK);
                assert_string_equal(c->name, "good/01-x");
                assert_string_equal(c->title, "A case.");
                assert_string_equal(c->data_form, "cdata");
                assert_string_equal(c->http_path, "/shep/sync");
                replay_case_free(c);
        }
        auto_str char *long_line = xasprintf("; A case.\n; %0191d\n", 0);
        write_text(folder, "good/01-x.case", long_line);
        struct why why = WHY_INIT;
        struct replay_case *c = NULL;
        assert_int_equal(replay_case_load(path, &c, &why), GW_REJECT);
        assert_non_null(strstr(why.detail, ":2: the line is longer"));
        run_command("rm -r", folder);
}

/* ---- what is built, judged by the verifier ---- */

struct files {
        struct attachment *items;
        size_t count;
};

static void files_done(struct files *brought)
{
        for (size_t i = 0; i < brought->count; i++)
                attachment_done(&brought->items[i]);
        free(brought->items);
}

static enum gw_rc judge_files(const struct application *application, const struct files *brought, struct why *why)
{
        static const struct attachment_limits limits = {.count = 8, .bytes = 4096, .total_bytes = 8192};
        size_t order[ATTACHMENTS_MAX];
        return attachments_match(application->attachments, application->attachment_count, brought->items, brought->count, &limits, order, why);
}

static enum gw_rc judge_application(struct verifier *verifier, xmlDoc *doc, const struct files *brought, struct wall_time now, struct wall_time *ret_date,
                                    struct why *why)
{
        struct verified_document verified = {0};
        auto_application struct application *application = NULL;
        enum gw_rc rc = verify_document(verifier, doc, now, &verified, why);
        if (rc != GW_OK)
                return rc;
        rc = application_read(verified.root, &application, why);
        if (rc == GW_OK)
                rc = verify_applicant_allowed(verifier, verified.signers[0], application->declarant_iin, application->representative_iin,
                                              why);
        if (rc == GW_OK)
                rc = judge_files(application, brought, why);
        if (rc == GW_OK)
                *ret_date = application->request_date;
        verified_document_done(&verified);
        return rc;
}

/* The gateway's own order (worker/intake.c): transport, sender, date, data, application. */
static enum gw_rc judge_soap(struct verifier *verifier, struct span body, struct wall_time now, struct why *why)
{
        auto_soap struct soap *soap = NULL;
        auto_shep_message struct shep_message *message = NULL;
        auto_certificate struct certificate *sender = NULL;
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        struct wall_time date;
        struct sender_binding binding = {.bin = "091240900012"};
        enum gw_rc rc = soap_parse(body, &xml_limits_default, &soap, why);
        if (rc == GW_OK)
                rc = shep_read(soap, &message, why);
        if (rc == GW_OK)
                rc = verify_transport(verifier, soap, now, &sender, why);
        if (rc == GW_OK)
                rc = verify_sender_allowed(sender, &binding, why);
        if (rc == GW_OK)
                rc = verify_fresh(&policy, message->message_date, now, why);
        const xmlNode *data = NULL;
        struct files brought = {NULL, 0};
        if (rc == GW_OK)
                rc = package_read(message->data, &data, &brought.items, &brought.count, why);
        if (rc == GW_OK)
                rc = shep_data_document(data, &xml_limits_default, &doc, &bytes, why);
        if (rc == GW_OK)
                rc = judge_application(verifier, doc, &brought, now, &date, why);
        files_done(&brought);
        return rc == GW_OK ? verify_fresh(&policy, date, now, why) : rc;
}

static enum gw_rc judge_rest(struct verifier *verifier, struct span body, struct wall_time now, struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        struct wall_time date = now;
        enum gw_rc rc = xml_read(body, &xml_limits_default, &doc, why);
        if (rc == GW_OK)
                rc = judge_application(verifier, doc, &(struct files){NULL, 0}, now, &date, why);
        return rc == GW_OK ? verify_fresh(&policy, date, now, why) : rc;
}

/* What verification alone cannot know: the carrier, the registers, the forms, what was sent before. */
static bool is_decided_later(const char *reason)
{
        static const char *const prefixes[] = {"HTTP_", "SERVICE_", "FORM_", "CONSENT_", "SENDER_UNKNOWN", "SENDER_SERVICE",
                                               "MESSAGE_ID_", "CLIENT_", "REQUEST_"};
        for (size_t i = 0; i < GW_COUNT(prefixes); i++)
                if (str_starts(reason, prefixes[i]))
                        return true;
        return false;
}

/* Two cases whose reason the intake gives for a value, not the structure. */
static bool is_for_the_worker(const struct replay_case *c)
{
        bool other_form = c->application_form && !str_eq(c->application_form, "xml");
        bool revoked = c->reason && strstr(c->reason, "CERTIFICATE_REVOKED"); /* the verifier here asks nobody */
        return strstr(c->name, "soap-async-update") || strstr(c->name, "rest-no-key") || c->channel == REPLAY_FRONT || other_form || revoked;
}

static void check_built(struct verifier *verifier, const struct replay_case *c, unsigned *judged)
{
        struct why why = WHY_INIT;
        struct replay_message message = {.body = BUF_INIT};
        struct wall_time now = wall_now();
        if (replay_build(c, pki(), now, NULL, &message, &why) != GW_OK)
                fail_msg("%s cannot be built: %s", c->name, why.detail);
        bool soap = c->channel == REPLAY_SYNC || c->channel == REPLAY_ASYNC;
        bool later = (c->reason && is_decided_later(c->reason)) || is_for_the_worker(c);
        if (!later && message.body.n > 0 && c->channel != REPLAY_RAW) {
                struct span body = buf_span(&message.body);
                enum gw_rc rc = soap ? judge_soap(verifier, body, now, &why) : judge_rest(verifier, body, now, &why);
                const char *got = rc == GW_OK ? "OK" : reason_info(why.reason)->name, *want = c->reason ? c->reason : "OK";
                if (!str_eq(got, want))
                        fail_msg("%s: want %s, got %s (%s)", c->name, want, got, why.detail);
                ++*judged;
        }
        replay_message_done(&message);
}

/* SOAP faults are 500 (1.2: 400 for the sender's fault); everything else is what the reason's row says (gateway/reason_list.h). */
static void check_consistent(const struct replay_case *c)
{
        if (!c->reason)
                return;
        const struct reason_info *info = reason_info(reason_by_name(c->reason));
        if (!str_eq(c->code, info->shep_code))
                fail_msg("%s: %s has the code %s", c->name, c->reason, info->shep_code);
        bool soap = (c->channel == REPLAY_SYNC || c->channel == REPLAY_ASYNC) && !str_starts(c->reason, "HTTP_");
        auto_str char *status = xasprintf("%d", !soap ? info->http_status : strstr(c->name, "soap12") ? 400 : 500);
        if (!str_eq(c->status, status))
                fail_msg("%s: the status should be %s", c->name, status);
}

static unsigned judge_folder(const char *folder, bool bad, unsigned *ret_count)
{
        gw_auto(verifier) struct verifier *verifier = open_verifier();
        struct replay_paths paths = {NULL, 0};
        struct why why = WHY_INIT;
        unsigned judged = 0;
        char *operand = xstrdup(folder);
        assert_int_equal(replay_paths_find(&operand, 1, &paths, &why), GW_OK);
        free(operand);
        for (size_t i = 0; i < paths.count; i++) {
                struct replay_case *c = NULL;
                if (replay_case_load(paths.items[i], &c, &why) != GW_OK)
                        fail_msg("%s", why.detail);
                if (bad != (c->reason != NULL))
                        fail_msg("%s: bad cases have a reason, good ones have none", c->name);
                check_consistent(c);
                check_built(verifier, c, &judged);
                replay_case_free(c);
        }
        *ret_count = (unsigned)paths.count;
        replay_paths_done(&paths);
        return judged;
}

static void good_cases_verify(void **state)
{
        (void)state;
        unsigned count = 0, judged = judge_folder("fixtures/good", false, &count);
        print_message("%u good cases, %u judged by verification\n", count, judged);
        assert_true(count >= 15 && judged >= 15);
}

static void bad_cases_get_their_reason(void **state)
{
        (void)state;
        unsigned count = 0, judged = judge_folder("fixtures/bad", true, &count);
        print_message("%u bad cases, %u judged by verification\n", count, judged);
        assert_true(count >= 40 && judged >= 40);
}

/* Policies and revocation take more than a change in a case: their own tests do it. */
static bool needs_more_than_a_change(int reason)
{
        if (reason < REASON_APPLICANT_SIGNATURE_MISSING) /* an envelope has neither properties nor time stamps */
                return reason >= REASON_TRANSPORT_SIGNATURE_PROPERTIES && reason <= REASON_TRANSPORT_CERTIFICATE_REVOCATION_UNKNOWN;
        return reason == REASON_APPLICANT_SIGNATURE_TIMESTAMP_MISSING || reason == REASON_APPLICANT_CERTIFICATE_POLICY ||
               reason == REASON_APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN;
}

/* Every reason that a signature can be refused for and that can be provoked today is provoked by a case (revocation comes later). */
static void signature_reasons_are_covered(void **state)
{
        (void)state;
        struct replay_paths paths = {NULL, 0};
        struct why why = WHY_INIT;
        bool seen[REASON_COUNT] = {false};
        char operand[] = "fixtures/bad", *operands[] = {operand};
        assert_int_equal(replay_paths_find(operands, 1, &paths, &why), GW_OK);
        for (size_t i = 0; i < paths.count; i++) {
                struct replay_case *c = NULL;
                assert_int_equal(replay_case_load(paths.items[i], &c, &why), GW_OK);
                seen[reason_by_name(c->reason)] = true;
                replay_case_free(c);
        }
        replay_paths_done(&paths);
        for (int reason = REASON_XML_NOT_WELL_FORMED; reason <= REASON_APPLICANT_IIN_INVALID; reason++) {
                bool own_test = str_starts(reason_info(reason)->name, "DOCUMENT_") || str_starts(reason_info(reason)->name, "ATTACHMENT_") || str_starts(reason_info(reason)->name, "APPLICATION_REPEATED") ||
                                reason == REASON_REQUEST_DUPLICATE; /* front office; files; an open request */
                bool not_yet = own_test || reason == REASON_TRANSPORT_CERTIFICATE_REVOKED || reason == REASON_APPLICANT_CERTIFICATE_REVOKED ||
                               reason == REASON_CMS_MALFORMED || needs_more_than_a_change(reason);
                if (!seen[reason] && !not_yet)
                        fail_msg("no case provokes %s", reason_info(reason)->name);
        }
}

static void messages_are_fresh(void **state)
{
        (void)state;
        struct why why = WHY_INIT;
        struct replay_case *c = NULL;
        struct replay_message a = {.body = BUF_INIT}, b = {.body = BUF_INIT}, again = {.body = BUF_INIT};
        assert_int_equal(replay_case_load("fixtures/good/01-sync-positive.case", &c, &why), GW_OK);
        assert_int_equal(replay_build(c, pki(), wall_now(), NULL, &a, &why), GW_OK);
        assert_int_equal(replay_build(c, pki(), wall_now(), NULL, &b, &why), GW_OK);
        assert_int_equal(replay_build(c, pki(), wall_now(), a.message_id, &again, &why), GW_OK);
        assert_string_not_equal(a.message_id, b.message_id);
        assert_string_equal(a.message_id, again.message_id);
        assert_non_null(strstr(buf_cstr(&again.body), a.message_id));
        assert_false(span_eq(buf_span(&a.body), buf_span(&again.body)));
        replay_message_done(&a);
        replay_message_done(&b);
        replay_message_done(&again);
        replay_case_free(c);
}

/* ---- answers ---- */

static struct replay_answer answer_of(long status, const char *type, struct span body)
{
        struct replay_answer answer = {.status = status, .body = BUF_INIT, .content_type = xstrdup(type)};
        buf_add_span(&answer.body, body);
        return answer;
}

static void sign_answer(const char *key_name, struct span content, struct buf *out)
{
        struct why why = WHY_INIT;
        gw_auto(signing_key) struct signing_key *key = NULL;
        struct wsse_options options = {.soap_version = 11};
        assert_int_equal(replay_key(pki(), key_name, &key, &why), GW_OK);
        assert_int_equal(xml_sign_envelope(key, content, &options, out, &why), GW_OK);
}

static void reads_soap_faults(void **state)
{
        (void)state;
        gw_auto(verifier) struct verifier *verifier = open_verifier();
        auto_buf struct buf content = BUF_INIT, out = BUF_INIT;
        struct shep_fault fault = {.in_reply_to = SHEP_SYNC_SEND, .soap_version = 11, .reason = REASON_FORM_INVALID,
                                   .correlation_id = "c-1", .date = wall_now()};
        shep_write_fault(&content, &fault);
        sign_answer("system-gateway", buf_span(&content), &out);
        struct replay_answer answer = answer_of(500, "text/xml; charset=utf-8", buf_span(&out));
        struct replay_reading reading;
        replay_read(&answer, verifier, wall_now(), &reading);
        assert_string_equal(reading.reason, "FORM_INVALID");
        assert_string_equal(reading.code, "SCE001");
        assert_string_equal(reading.signature, "valid");
        replay_reading_done(&reading);
        replay_answer_done(&answer);

        buf_reset(&out);
        sign_answer("system-portal-foreign-ca", buf_span(&content), &out);
        answer = answer_of(500, "text/xml", buf_span(&out));
        replay_read(&answer, verifier, wall_now(), &reading);
        assert_string_equal(reading.signature, "TRANSPORT_CERTIFICATE_UNTRUSTED");
        replay_reading_done(&reading);
        replay_answer_done(&answer);
}

#define CERTIFICATE(code, statement)                                                                                                     \
        "<response xmlns=\"urn:x\"><status><code>" code "</code></status><businessData><certificate><statement>" statement                  \
        "</statement></certificate></businessData></response>"
static const struct { const char *key, *xml, *want; } results[] = {
        {"head-160640900019", CERTIFICATE("APPROVED", "заявитель (семья) относится к получателям"), "POSITIVE"},
        {"head-160640900019-ec", CERTIFICATE("APPROVED", "заявитель (семья) не относится к получателям"), "NEGATIVE"},
        {"sign-160640900019", CERTIFICATE("REJECTED", "-"), "REFUSED"},
        {"head-160640900019", CERTIFICATE("APPROVED", "-"), "with another statement"},
        {"head-160640900019", CERTIFICATE("", "-"), "neither APPROVED nor REJECTED"},
        {"head-160640900019", "<response/>", "neither APPROVED nor REJECTED"},
        {"employee-160640900019", CERTIFICATE("APPROVED", "-"), "signed by nobody who signs for a provider"},
        {"head-expired", CERTIFICATE("APPROVED", "-"), "result refused by us: APPLICANT_CERTIFICATE_EXPIRED"},
        {NULL, CERTIFICATE("APPROVED", "-"), "result refused by us: APPLICANT_SIGNATURE_MISSING"},
};

static void sign_result(const char *key_name, const char *xml, struct buf *out)
{
        struct why why = WHY_INIT;
        gw_auto(signing_key) struct signing_key *key = NULL;
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf canonical = BUF_INIT;
        if (!key_name) {
                buf_add_str(out, xml);
                return;
        }
        assert_int_equal(replay_key(pki(), key_name, &key, &why), GW_OK);
        assert_int_equal(xml_read(span_str(xml), &xml_limits_default, &doc, &why), GW_OK);
        assert_true(xml_c14n(doc, &canonical));
        assert_int_equal(xml_sign_enveloped(key, buf_span(&canonical), out, &why), GW_OK);
}

static void reads_result_documents(void **state)
{
        (void)state;
        gw_auto(verifier) struct verifier *verifier = open_verifier();
        for (size_t i = 0; i < GW_COUNT(results); i++) {
                auto_buf struct buf document = BUF_INIT, content = BUF_INIT, out = BUF_INIT;
                sign_result(results[i].key, results[i].xml, &document);
                struct shep_out message = {.operation = SHEP_SYNC_SEND_RESPONSE, .message_id = "m", .correlation_id = "c",
                                           .date = wall_now(),
                                           .status_code = "SUCCESS", .status_message = "-", .data_text = buf_span(&document)};
                shep_write(&content, &message);
                sign_answer("system-gateway", buf_span(&content), &out);
                struct replay_answer answer = answer_of(200, "text/xml", buf_span(&out));
                struct replay_reading reading;
                replay_read(&answer, verifier, wall_now(), &reading);
                if (!str_eq(reading.outcome, results[i].want))
                        fail_msg("want %s, got %s", results[i].want, reading.outcome);
                assert_string_equal(reading.status_code, "SUCCESS");
                replay_reading_done(&reading);
                replay_answer_done(&answer);
        }
}

static void assert_text(const char *got, const char *want)
{
        if (!str_eq(got, want) && (got || want))
                fail_msg("want %s, got %s", want ? want : "none", got ? got : "none");
}

static void reads_json(void **state)
{
        (void)state;
        static const struct { const char *json, *reason, *number, *path; } rows[] = {
                {"{\"reason\":\"FORM_INVALID\",\"code\":\"SCE001\"}", "FORM_INVALID", NULL, NULL},
                {"{\"number\":\"7\",\"links\":{\"result\":\"/api/v1/requests/7/result.xml\"}}", NULL, "7", "/api/v1/requests/7/result.xml"},
                {"{\"number\":\"7\",\"links\":{\"result\":\"https://x:1/r\"}}", NULL, "7", "/r"},
                {"{\"reason\":\"A\",\"reason\":\"B\"}", NULL, NULL, NULL},
                {"[]", NULL, NULL, NULL}, {"garbage", NULL, NULL, NULL},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                struct replay_answer answer = answer_of(400, "application/problem+json", span_str(rows[i].json));
                struct replay_reading reading;
                replay_read(&answer, NULL, wall_now(), &reading);
                assert_text(reading.reason, rows[i].reason);
                assert_text(reading.number, rows[i].number);
                assert_text(reading.result_path, rows[i].path);
                replay_reading_done(&reading);
                replay_answer_done(&answer);
        }
}

static char text_200[] = "200", text_yes[] = "POSITIVE", text_reason[] = "FORM_INVALID", text_code[] = "SCE001", text_no[] = "no",
        text_valid[] = "valid";

static void differences(void **state)
{
        (void)state;
        struct replay_case wants_good = {.status = text_200, .outcome = text_yes, .signed_answer = true, .repeat = text_no};
        struct replay_case wants_reason = {.status = text_200, .reason = text_reason, .code = text_code, .repeat = text_no};
        struct replay_answer answer = answer_of(200, "text/xml", span_str(""));
        struct replay_reading good = {.outcome = text_yes, .signature = text_valid};
        struct replay_reading refused = {.reason = text_reason, .code = text_code};
        struct replay_reading nothing = {0};
        const struct { const struct replay_case *c; const struct replay_reading *reading; const char *want; } rows[] = {
                {&wants_good, &good, NULL},
                {&wants_reason, &refused, NULL},
                {&wants_good, &nothing, "outcome: expected POSITIVE, got none"},
                {&wants_good, &refused, "outcome: expected POSITIVE, got none"},
                {&wants_reason, &nothing, "reason: expected FORM_INVALID, got none"},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_str char *difference = replay_difference(rows[i].c, false, &answer, rows[i].reading);
                assert_text(difference, rows[i].want);
        }
        answer.status = 500;
        auto_str char *status = replay_difference(&wants_good, false, &answer, &good);
        assert_string_equal(status, "HTTP status: expected 200, got 500");
        replay_answer_done(&answer);
}

static void same_answers(void **state)
{
        (void)state;
        char a[] = "a", b[] = "b";
        const struct { struct replay_reading first, second; bool same; } rows[] = {
                {{.message_id = a, .correlation_id = a}, {.message_id = a, .correlation_id = a}, true},
                {{.message_id = a, .correlation_id = a}, {.message_id = b, .correlation_id = a}, false},
                {{.message_id = a, .correlation_id = a}, {.message_id = a, .correlation_id = b}, false},
                {{.number = a}, {.number = a}, true},
                {{.number = a}, {.number = b}, false},
                {{.number = a}, {.number = NULL}, false},
                {{.number = NULL}, {.number = NULL}, false},
                {{.message_id = a, .has_data = true}, {.message_id = a, .has_data = true, .data_sha256 = {1}}, false},
                {{.message_id = a, .has_data = true}, {.message_id = a}, true},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++) {
                auto_str char *difference = replay_same(&rows[i].first, &rows[i].second);
                assert_int_equal(difference == NULL, rows[i].same);
        }
}

static void junit_is_xml(void **state)
{
        (void)state;
        char name[] = "bad/01-<x>", title[] = "Title & more", wanted[] = "500", got[] = "200 \x01\"quoted\"", note[] = "reason: a\x02<b>";
        struct replay_case c = {.name = name, .title = title};
        struct replay_case *cases[] = {&c, &c, &c};
        struct replay_result rows[] = {
                {.verdict = REPLAY_PASSED, .wanted = wanted, .got = wanted, .ms = 1234},
                {.verdict = REPLAY_FAILED, .wanted = wanted, .got = got, .note = note},
                {.verdict = REPLAY_SKIPPED, .wanted = wanted, .note = note},
        };
        auto_buf struct buf out = BUF_INIT;
        got[4] = ' ';
        replay_write_junit(&out, cases, rows, 3, 1500);
        auto_xmldoc xmlDoc *doc = NULL;
        struct why why = WHY_INIT;
        if (xml_read(buf_span(&out), &xml_limits_default, &doc, &why) != GW_OK)
                fail_msg("%s\n%s", why.detail, buf_cstr(&out));
        assert_non_null(strstr(buf_cstr(&out), "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.500\""));
        assert_non_null(strstr(buf_cstr(&out), "time=\"1.234\""));
}

static int set_up(void **state)
{
        (void)state;
        verify_init();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(changes_do_exactly_what_they_say),
                cmocka_unit_test(utf16_is_the_same_text),
                cmocka_unit_test(every_change_is_listed),
                cmocka_unit_test(placeholders),
                cmocka_unit_test(mistakes_in_case_files),
                cmocka_unit_test(good_cases_verify),
                cmocka_unit_test(bad_cases_get_their_reason),
                cmocka_unit_test(signature_reasons_are_covered),
                cmocka_unit_test(messages_are_fresh),
                cmocka_unit_test(reads_soap_faults),
                cmocka_unit_test(reads_result_documents),
                cmocka_unit_test(reads_json),
                cmocka_unit_test(differences),
                cmocka_unit_test(same_answers),
                cmocka_unit_test(junit_is_xml),
        };
        return cmocka_run_group_tests(tests, set_up, NULL);
}
