/* The simulators over real sockets: answers that the adapters read, each fault as its peer sees it, the cabinet's refusals and counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/gbdfl/gbdfl.h"
#include "adapters/simulators/simulator.h"
#include "adapters/socialaid/socialaid.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/deliver/cabinet.h"
#include "gateway/reason.h"
#include "gateway/sign/xml_sign.h"

#define BIN_GBDFL "180250900013"
#define BIN_SOCIALAID "180760900016"
#define BIN_CABINET "091240900012"
#define BIN_PROVIDER "160640900019"
#define ERLAN "850412390011"

struct fixture {
        char *pki, *folder, *ports, *base[4]; /* gbdfl, socialaid, cabinet, control */
        pid_t child;
        struct verifier *verifier;
        struct signing_key *gateway, *stranger, *head, *employee;
        int receipts_fd, receipts_port;
};
enum { AT_GBDFL, AT_SOCIALAID, AT_CABINET, AT_CONTROL };
struct reply { CURLcode code; long status; struct buf body; };

/* ---- set up ---- */

static struct signing_key *key_of(const char *pki, const char *name)
{
        auto_str char *key = xasprintf("%s/keys/%s.key", pki, name), *certificate = xasprintf("%s/certs/%s.pem", pki, name);
        struct signing_key *opened = NULL;
        struct why why = WHY_INIT;
        if (local_key_open(key, certificate, &opened, &why) != GW_OK)
                fail_msg("%s", why.detail);
        return opened;
}

static int listen_for_receipts(int *ret_port)
{
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof in;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&in, size) != 0 || listen(fd, 8) != 0 ||
            getsockname(fd, (struct sockaddr *)&in, &size) != 0)
                return -1;
        *ret_port = ntohs(in.sin_port);
        return fd;
}

static void run_child(const struct fixture *f)
{
        auto_str char *receipts = xasprintf("http://127.0.0.1:%d/shep/async", f->receipts_port);
        struct options options = {
                .pki = f->pki,
                .people = "fixtures/people",
                .out = f->ports,
                .cabinet_dir = f->folder,
                .receipts = receipts,
                .verify = true,
                .generate = true,
                .seed = 1,
                .receipt_delay_ms = 10,
        };
        struct simulation simulation;
        close(f->receipts_fd);
        simulation_init(&simulation, &options);
        signal(SIGPIPE, SIG_IGN);
        log_open("simulators", LOG_ERROR);
        verify_init();
        exit(simulation_run(&simulation));
}

static bool read_ports(struct fixture *f)
{
        static const char *const names[] = {"gbdfl=", "socialaid=", "cabinet=", "control="};
        auto_buf struct buf text = BUF_INIT;
        for (int i = 0; i < 300 && !text_read_file(f->ports, &text); i++)
                usleep(20000);
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                const char *line = strstr(buf_cstr(&text), names[i]);
                if (!line)
                        return false;
                line += strlen(names[i]);
                f->base[i] = xstrndup(line, strcspn(line, "\n"));
        }
        return true;
}

static const char *pki_folder(void)
{
        return getenv("EGOV_PKI") ? getenv("EGOV_PKI") : "build/pki";
}

static int set_up(void **state)
{
        struct fixture *f = xcalloc(1, sizeof *f);
        static char folder[] = "/tmp/test_simulators.XXXXXX";
        f->pki = xstrdup(pki_folder());
        f->folder = xstrdup(mkdtemp(folder));
        f->ports = xasprintf("%s/ports", f->folder);
        f->receipts_fd = listen_for_receipts(&f->receipts_port);
        fflush(NULL);
        f->child = fork();
        if (f->child == 0)
                run_child(f);
        *state = f;
        verify_init();
        static const struct verify_policy policy = {.clock_skew_ms = 60000};
        auto_str char *trust = xasprintf("%s/trust", f->pki);
        struct why why = WHY_INIT;
        if (!read_ports(f) || verifier_open(trust, &policy, &f->verifier, &why) != GW_OK)
                return -1;
        f->gateway = key_of(f->pki, "system-gateway");
        f->stranger = key_of(f->pki, "system-stranger");
        f->head = key_of(f->pki, "head-" BIN_PROVIDER);
        f->employee = key_of(f->pki, "employee-" BIN_PROVIDER);
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;
        int status = -1;
        kill(f->child, SIGTERM);
        waitpid(f->child, &status, 0);
        local_key_close(f->gateway);
        local_key_close(f->stranger);
        local_key_close(f->head);
        local_key_close(f->employee);
        verifier_close(f->verifier);
        close(f->receipts_fd);
        auto_str char *remove = xasprintf("rm -rf '%s'", f->folder);
        gw_ignore(system(remove)); /* a leftover in /tmp harms nobody */
        for (size_t i = 0; i < 4; i++)
                free(f->base[i]);
        free(f->pki);
        free(f->folder);
        free(f->ports);
        free(f);
        if (status != 0)
                fprintf(stderr, "the simulators ended with status %d\n", status);
        return status;
}

/* ---- talking ---- */

static size_t collect(char *p, size_t size, size_t n, void *out)
{
        buf_add(out, p, size * n);
        return size * n;
}

static struct reply request(const char *url, const char *post, size_t post_size, long timeout_ms)
{
        struct reply r = {.body = BUF_INIT};
        CURL *easy = curl_easy_init();
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/xml; charset=utf-8");
        headers = curl_slist_append(headers, "Expect:");
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &r.body);
        if (post) {
                curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)post_size);
        }
        r.code = curl_easy_perform(easy);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &r.status);
        curl_slist_free_all(headers);
        curl_easy_cleanup(easy);
        return r;
}

static long control(const struct fixture *f, const char *path, bool post, json_t **ret_json)
{
        auto_str char *url = xasprintf("%s%s", f->base[AT_CONTROL], path);
        struct reply r = request(url, post ? "" : NULL, 0, 5000);
        assert_int_equal(r.code, CURLE_OK);
        if (ret_json) {
                *ret_json = json_loadb((const char *)r.body.p, r.body.n, 0, NULL);
                assert_non_null(*ret_json);
        }
        buf_done(&r.body);
        return r.status;
}

static void set_fault(const struct fixture *f, const char *parameters)
{
        auto_str char *path = xasprintf("fault?%s", parameters);
        assert_int_equal(control(f, path, true, NULL), 200);
}

static void sign(const struct signing_key *key, const struct shep_out *message, struct buf *out)
{
        auto_buf struct buf body = BUF_INIT;
        struct wsse_options options = {.soap_version = 11, .must_understand = true};
        struct why why = WHY_INIT;
        shep_write(&body, message);
        assert_int_equal(xml_sign_envelope(key, buf_span(&body), &options, out, &why), GW_OK);
}

static void write_question(const struct adapter *adapter, const struct query *query, const struct signing_key *key, struct buf *out)
{
        auto_buf struct buf data = BUF_INIT;
        adapter->write_query(query, &data);
        struct shep_out message = {.operation = SHEP_SYNC_SEND,
                                   .message_id = query->message_id,
                                   .service_id = adapter->service_id,
                                   .sender_id = "gateway",
                                   .date = query->now,
                                   .data_xml = buf_span(&data)};
        sign(key, &message, out);
}

/* What the gateway makes of an answer: signature, binding, SHEP, adapter. Faults come back as their own reason. */
static enum gw_rc read_reply(const struct fixture *f, const struct adapter *adapter, const struct query *query, const char *bin,
                             struct span in, struct buf *facts, struct why *why)
{
        auto_soap struct soap *soap = NULL;
        auto_certificate struct certificate *certificate = NULL;
        auto_shep_message struct shep_message *message = NULL;
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        struct sender_binding binding = {.bin = bin};
        enum gw_rc rc = soap_parse(in, &xml_limits_default, &soap, why);
        if (rc == GW_OK)
                rc = verify_transport(f->verifier, soap, wall_now(), &certificate, why);
        if (rc == GW_OK)
                rc = verify_sender_allowed(certificate, &binding, why);
        if (rc == GW_OK)
                rc = shep_read(soap, &message, why);
        if (rc == GW_OK && message->operation == SHEP_FAULT) {
                auto_str char *data = xstrdup(message->error_data ? message->error_data : "");
                char *semicolon = strchr(data, ';');
                if (semicolon)
                        *semicolon = '\0';
                return why_set(why, GW_REJECT, reason_by_name(str_starts(data, "reason=") ? data + 7 : ""), "%.100s",
                               message->error_message);
        }
        if (rc == GW_OK && !adapter)
                return message->operation == SHEP_ASYNC_SEND_RESPONSE ? GW_OK : GW_FAULT;
        if (rc == GW_OK)
                rc = shep_data_document(message->data, &xml_limits_default, &doc, &bytes, why);
        return rc == GW_OK ? adapter->read_answer(query, xmlDocGetRootElement(doc), facts, why) : rc;
}

static struct query query_about(const char *iin, char id[TEXT_UUID_MAX])
{
        return (struct query){
                .iin = iin, .number = "10000000000001", .message_id = text_uuid(id), .sender_id = "gateway", .now = wall_now()};
}

/* ---- registers ---- */

static void test_people(void **state)
{
        const struct fixture *f = *state;
        static const struct { const char *iin; const char *gbdfl, *socialaid;
        } cases[] = {
                {ERLAN, "<name>ЕРЛАН</name>", "<relationship>CHILD</relationship>"},
                {"850412390021", "<gbdfl found=\"false\"><iin>850412390021</iin></gbdfl>", "<socialaid found=\"false\"></socialaid>"},
                {"850412390201", "<lifeStatus>DEAD</lifeStatus>", "<socialaid found=\"false\"></socialaid>"},
                {"190601590012", "<representative><iin>870930490018</iin><basis>GUARDIAN</basis></representative>",
                 "<socialaid found=\"false\"></socialaid>"},
                {"000101590017", "<birthDate>2000-01-01</birthDate>", "<applicantIin>790321490015</applicantIin>"},
                {"991231190016", "<surname>ТЕСТОВ</surname>", "<socialaid found=\"false\"></socialaid>"}, /* --generate */
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                for (int at = AT_GBDFL; at <= AT_SOCIALAID; at++) {
                        const struct adapter *adapter = at == AT_GBDFL ? &gbdfl_adapter : &socialaid_adapter;
                        const char *want = at == AT_GBDFL ? cases[i].gbdfl : cases[i].socialaid;
                        char id[TEXT_UUID_MAX];
                        struct query query = query_about(cases[i].iin, id);
                        auto_buf struct buf question = BUF_INIT;
                        auto_buf struct buf facts = BUF_INIT;
                        struct why why = WHY_INIT;
                        write_question(adapter, &query, f->gateway, &question);
                        struct reply r = request(f->base[at], (const char *)question.p, question.n, 5000);
                        assert_int_equal(r.code, CURLE_OK);
                        assert_int_equal(r.status, 200);
                        enum gw_rc rc = read_reply(f, adapter, &query, at == AT_GBDFL ? BIN_GBDFL : BIN_SOCIALAID, buf_span(&r.body),
                                                   &facts, &why);
                        if (rc != GW_OK || !strstr(buf_cstr(&facts), want))
                                fail_msg("%s %s: rc %d %s \"%s\", want \"%s\"", adapter->name, cases[i].iin, (int)rc, why.detail,
                                         buf_cstr(&facts), want);
                        buf_done(&r.body);
                }
        }
}

static void test_faults(void **state)
{
        const struct fixture *f = *state;
        static const struct { const char *fault; CURLcode want_code; long want_status; enum gw_rc want_rc; int want_reason; } cases[] = {
                {"kind=none", CURLE_OK, 200, GW_OK, 0},
                {"kind=delay&ms=150", CURLE_OK, 200, GW_OK, 0},
                {"kind=timeout", CURLE_OPERATION_TIMEDOUT, 0, GW_OK, 0},
                {"kind=http500", CURLE_OK, 500, GW_REJECT, REASON_XML_NOT_WELL_FORMED},
                {"kind=soapfault", CURLE_OK, 500, GW_REJECT, REASON_INTERNAL},
                {"kind=cut", CURLE_PARTIAL_FILE, 200, GW_OK, 0},
                {"kind=refuse", CURLE_GOT_NOTHING, 0, GW_OK, 0},
                {"kind=garbage", CURLE_OK, 200, GW_REJECT, REASON_XML_ENCODING},
                {"kind=wrong-signature", CURLE_OK, 200, GW_REJECT, REASON_TRANSPORT_SIGNATURE_INVALID},
                {"kind=unsigned", CURLE_OK, 200, GW_REJECT, REASON_TRANSPORT_SIGNATURE_MISSING},
                {"kind=wrong-iin", CURLE_OK, 200, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID},
                {"kind=busy", CURLE_OK, 200, GW_RETRY, REASON_REGISTRY_FAULT},
                {"kind=huge", CURLE_OK, 200, GW_REJECT, REASON_XML_TOO_COMPLEX},
                {"kind=slow&ms=5", CURLE_OPERATION_TIMEDOUT, 200, GW_OK, 0},
                {"kind=none", CURLE_OK, 200, GW_OK, 0},
        };
        for (size_t i = 0; i < GW_COUNT(cases) * 2; i++) {
                int at = i % 2 ? AT_SOCIALAID : AT_GBDFL;
                const struct adapter *adapter = at == AT_GBDFL ? &gbdfl_adapter : &socialaid_adapter;
                auto_str char *parameters = xasprintf("system=%s&%s&count=1", adapter->name, cases[i / 2].fault);
                char id[TEXT_UUID_MAX];
                struct query query = query_about(ERLAN, id);
                auto_buf struct buf question = BUF_INIT;
                auto_buf struct buf facts = BUF_INIT;
                struct why why = WHY_INIT;
                set_fault(f, parameters);
                write_question(adapter, &query, f->gateway, &question);
                struct mono_time start = mono_now();
                struct reply r = request(f->base[at], (const char *)question.p, question.n,
                                         cases[i / 2].want_code == CURLE_OPERATION_TIMEDOUT ? 400 : 10000);
                int64_t took_ms = mono_now().ms - start.ms;
                if (r.code != cases[i / 2].want_code || r.status != cases[i / 2].want_status)
                        fail_msg("%s: got curl %d (%s) status %ld, want %d %ld", parameters, (int)r.code, curl_easy_strerror(r.code),
                                 r.status, (int)cases[i / 2].want_code, cases[i / 2].want_status);
                if (r.code == CURLE_OK) {
                        enum gw_rc rc = read_reply(f, adapter, &query, at == AT_GBDFL ? BIN_GBDFL : BIN_SOCIALAID, buf_span(&r.body),
                                                   &facts, &why);
                        if (rc != cases[i / 2].want_rc || (rc != GW_OK && why.reason != cases[i / 2].want_reason))
                                fail_msg("%s: got rc %d %s \"%s\"", parameters, (int)rc, reason_info(why.reason)->name, why.detail);
                }
                if (strstr(parameters, "delay"))
                        assert_true(took_ms >= 120);
                buf_done(&r.body);
        }
}

/* What a register refuses: one cause each. */
static void test_refusals(void **state)
{
        const struct fixture *f = *state;
        char id[TEXT_UUID_MAX];
        struct query query = query_about(ERLAN, id);
        struct query long_id = query, bad_iin = query;
        long_id.message_id = "a-message-id-of-thirty-seven-letters-";
        bad_iin.iin = "850412390012";
        const struct {
                const char *name;
                const struct query *query;
                const struct adapter *adapter;
                const struct signing_key *key;
                char spoil;
                int want;
        } cases[] = {
                {"stranger", &query, &gbdfl_adapter, f->stranger, 0, REASON_SENDER_CERTIFICATE_MISMATCH},
                {"a person's signature", &query, &gbdfl_adapter, f->head, 0, REASON_TRANSPORT_CERTIFICATE_ROLE},
                {"changed byte", &query, &gbdfl_adapter, f->gateway, 'x', REASON_TRANSPORT_SIGNATURE_DIGEST},
                {"long message id", &long_id, &gbdfl_adapter, f->gateway, 0, REASON_FORM_INVALID},
                {"IIN that cannot be", &bad_iin, &gbdfl_adapter, f->gateway, 0, REASON_FORM_INVALID},
                {"the other system's question", &query, &socialaid_adapter, f->gateway, 0, REASON_SERVICE_UNKNOWN},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf question = BUF_INIT;
                auto_buf struct buf facts = BUF_INIT;
                struct why why = WHY_INIT;
                write_question(cases[i].adapter, cases[i].query, cases[i].key, &question);
                uint8_t *sender = memmem(question.p, question.n, "<senderCode>gateway", 19);
                assert_non_null(sender);
                if (cases[i].spoil)
                        sender[12] = (uint8_t)cases[i].spoil;
                struct reply r = request(f->base[AT_GBDFL], (const char *)question.p, question.n, 5000);
                assert_int_equal(r.status, 500);
                enum gw_rc rc = read_reply(f, &gbdfl_adapter, &query, BIN_GBDFL, buf_span(&r.body), &facts, &why);
                if (rc != GW_REJECT || why.reason != cases[i].want)
                        fail_msg("%s: got rc %d %s, want %s", cases[i].name, (int)rc, reason_info(why.reason)->name,
                                 reason_info(cases[i].want)->name);
                buf_done(&r.body);
        }
}

static void test_control(void **state)
{
        const struct fixture *f = *state;
        json_t *json = NULL;
        assert_int_equal(control(f, "fault?system=gbdfl&kind=explode", true, NULL), 400);
        assert_int_equal(control(f, "fault?system=moon&kind=cut", true, NULL), 400);
        assert_int_equal(control(f, "fault?system=gbdfl", true, NULL), 400);
        assert_int_equal(control(f, "fault?system=gbdfl&kind=cut&ms=%zz", true, NULL), 400);
        assert_int_equal(control(f, "fault?system=cabinet&kind=wrong-iin", true, NULL), 400);
        assert_int_equal(control(f, "fault?system=gbdfl&kind=cut", false, NULL), 404);
        assert_int_equal(control(f, "cabinet/document?number=1", false, NULL), 404);
        assert_int_equal(control(f, "cabinet/state?limit=x", false, NULL), 400);
        assert_int_equal(control(f, "fault?system=gbdfl&kind=c%75t&count=1", true, NULL), 200);
        assert_int_equal(control(f, "state", false, &json), 200);
        assert_string_equal(json_string_value(json_object_get(json_object_get(json, "gbdfl"), "fault")), "cut");
        assert_string_equal(json_string_value(json_object_get(json, "mark")), "TEST");
        json_decref(json);
        set_fault(f, "system=gbdfl&kind=none");
}

/* ---- cabinet ---- */

#define NUMBER "10100000000001"


static void make_document(const struct signing_key *key, const char *number, struct buf *out)
{
        auto_str char *canonical = xasprintf(
                "<response xmlns=\"urn:egov-gateway:certificate:1\"><requestNumber>%s</requestNumber></response>", number);
        struct why why = WHY_INIT;
        assert_int_equal(xml_sign_enveloped(key, span_str(canonical), out, &why), GW_OK);
}

/* The gateway's own message (deliver/cabinet.c). */
static void make_message(const struct fixture *f, enum request_state state, const char *correlation, const char *message_id,
                         struct buf *out)
{
        auto_buf struct buf document = BUF_INIT;
        struct why why = WHY_INIT;
        bool response = state == REQUEST_RESULT_SENT;
        if (response)
                make_document(f->head, NUMBER, &document);
        struct cabinet_message m = {
                .state = state,
                .message_id = message_id,
                .service_id = "EGOV_CABINET",
                .sender_id = "gateway",
                .correlation_id = correlation,
                .portal_number = NUMBER,
                .number = "20000000000001",
                .applicant_iin = ERLAN,
                .provider_bin = BIN_PROVIDER,
                .outcome = response ? "POSITIVE" : NULL,
                .document_number = response ? "30000000000001" : NULL,
                .document = buf_span(&document),
                .date = wall_now(),
        };
        assert_int_equal(cabinet_envelope(&m, f->gateway, out, &why), GW_OK);
}

/* Reason of the refusal, 0 when taken, -1 when there was no readable answer. */
static int deliver(const struct fixture *f, struct span envelope)
{
        struct reply r = request(f->base[AT_CABINET], (const char *)envelope.p, envelope.n, 5000);
        struct why why = WHY_INIT;
        int reason = -1;
        if (r.code == CURLE_OK) {
                enum gw_rc rc = read_reply(f, NULL, NULL, BIN_CABINET, buf_span(&r.body), NULL, &why);
                reason = rc == GW_OK ? 0 : why.reason;
        }
        buf_done(&r.body);
        return reason;
}

static json_t *chain_state(const struct fixture *f, const char *correlation)
{
        auto_str char *path = xasprintf("cabinet/state?correlationId=%s", correlation);
        json_t *json = NULL;
        assert_int_equal(control(f, path, false, &json), 200);
        return json;
}

static json_int_t number_at(const json_t *list_item, const char *name)
{
        return json_integer_value(json_object_get(list_item, name));
}

static void test_delivery(void **state)
{
        const struct fixture *f = *state;
        static const enum request_state states[] = {REQUEST_REGISTERED, REQUEST_DECIDED, REQUEST_RESULT_SENT};
        auto_buf struct buf envelope = BUF_INIT;
        for (size_t i = 0; i < 3; i++) {
                auto_str char *id = xasprintf("delivery-%zu", i);
                buf_reset(&envelope);
                make_message(f, states[i], "chain-delivery", id, &envelope);
                assert_int_equal(deliver(f, buf_span(&envelope)), 0);
        }
        assert_int_equal(deliver(f, buf_span(&envelope)), 0); /* again, the same bytes */
        auto_buf struct buf other = BUF_INIT;
        auto_buf struct buf second = BUF_INIT;
        make_message(f, REQUEST_RECEIVED, "chain-delivery", "delivery-0", &other);
        assert_int_equal(deliver(f, buf_span(&other)), REASON_MESSAGE_ID_REUSED);
        make_message(f, REQUEST_RESULT_SENT, "chain-delivery", "delivery-9", &second);
        assert_int_equal(deliver(f, buf_span(&second)), REASON_DATA_FORM);

        json_t *json = chain_state(f, "chain-delivery"), *one = json_array_get(json_object_get(json, "list"), 0);
        assert_int_equal(json_array_size(json_object_get(json, "list")), 1);
        auto_str char *order = json_dumps(json_object_get(one, "states"), JSON_COMPACT);
        assert_string_equal(order, "[\"REGISTERED\",\"DECIDED\",\"RESULT_SENT\"]");
        assert_int_equal(number_at(one, "responses"), 1);
        assert_int_equal(number_at(one, "duplicates"), 1);
        assert_int_equal(number_at(one, "refused"), 2);
        assert_string_equal(json_string_value(json_object_get(one, "document")), "30000000000001.xml");
        json_decref(json);

        auto_str char *url = xasprintf("%scabinet/document?number=" NUMBER, f->base[AT_CONTROL]),
                      *path = xasprintf("%s/" ERLAN "/" NUMBER ".xml", f->folder);
        struct reply r = request(url, NULL, 0, 5000);
        auto_buf struct buf file = BUF_INIT;
        assert_int_equal(r.status, 200);
        assert_true(text_read_file(path, &file));
        assert_true(span_eq(buf_span(&file), buf_span(&r.body)));
        assert_non_null(strstr(buf_cstr(&file), "SignatureValue"));
        buf_done(&r.body);
}

static void replace(struct buf *text, const char *from, const char *to)
{
        const char *at = strstr(buf_cstr(text), from);
        assert_non_null(at);
        auto_buf struct buf out = BUF_INIT;
        buf_add(&out, text->p, (size_t)(at - (const char *)text->p));
        buf_add_str(&out, to);
        buf_add_str(&out, at + strlen(from));
        buf_reset(text);
        buf_add_span(text, buf_span(&out));
}

#define NOTICE                                                                                                                                             \
        "<typedRequestFormImportData><importSource>EGOV_GATEWAY</importSource><updatedValues><code>processing_status</code><values>"                       \
        "<domainItemData><code>REGISTERED</code><kkValue>Тіркелді</kkValue><ruValue>Зарегистрировано</ruValue></domainItemData></" \
        "values></updatedValues>"                                                                                                                          \
        "<externalRequestChainId>chain-broken</externalRequestChainId><externalRequestId>" NUMBER "</externalRequestId>"                                   \
        "<processingStatus>IN_PROGRESS</processingStatus><requesterIin>" ERLAN "</requesterIin><serviceProviderBin>" BIN_PROVIDER                          \
        "</serviceProviderBin>"                                                                                                                            \
        "<resolutionType>NO_RESOLUTION</resolutionType>@FILE@</typedRequestFormImportData>"

struct broken { const char *name, *from, *to; const char *type, *correlation, *service; int signer; int want; };
enum { DOC_NONE, DOC_HEAD, DOC_EMPLOYEE, DOC_OTHER_NUMBER, DOC_CHANGED, DOC_NOT_BASE64 };

static void add_file(const struct fixture *f, int which, struct buf *data)
{
        auto_buf struct buf document = BUF_INIT;
        auto_buf struct buf file = BUF_INIT;
        if (which == DOC_NONE)
                return replace(data, "@FILE@", "");
        make_document(which == DOC_EMPLOYEE ? f->employee : f->head, which == DOC_OTHER_NUMBER ? "10100000000002" : NUMBER, &document);
        if (which == DOC_CHANGED)
                *(uint8_t *)memmem(document.p, document.n, "10100000000001", 14) = '2';
        buf_add_str(&file, "<fileData><base64Data>");
        text_base64(&file, buf_span(&document));
        buf_add_str(&file, which == DOC_NOT_BASE64 ? "!</base64Data>" : "</base64Data>");
        buf_add_str(&file, "<name>1.xml</name></fileData>");
        replace(data, "@FILE@", buf_cstr(&file));
}

static int deliver_broken(const struct fixture *f, const struct broken *b, const char *id)
{
        auto_buf struct buf data = BUF_INIT;
        auto_buf struct buf envelope = BUF_INIT;
        buf_add_str(&data, NOTICE);
        if (str_eq(b->type, "RESPONSE")) {
                replace(&data, "IN_PROGRESS", "COMPLETED");
                replace(&data, "NO_RESOLUTION", "POSITIVE");
        }
        add_file(f, b->signer, &data);
        if (b->from)
                replace(&data, b->from, b->to);
        struct shep_out message = {.operation = SHEP_ASYNC_SEND,
                                   .message_id = id,
                                   .correlation_id = b->correlation,
                                   .service_id = b->service,
                                   .message_type = b->type,
                                   .sender_id = "gateway",
                                   .date = wall_now(),
                                   .data_xml = buf_span(&data)};
        sign(f->gateway, &message, &envelope);
        return deliver(f, buf_span(&envelope));
}

static void test_broken_deliveries(void **state)
{
        const struct fixture *f = *state;
#define N "NOTIFICATION", "chain-broken", "EGOV_CABINET"
#define R "RESPONSE", "chain-broken", "EGOV_CABINET"
        static const struct broken cases[] = {
                {"good notice", NULL, NULL, N, DOC_NONE, 0},
                {"no correlationId", NULL, NULL, "NOTIFICATION", NULL, "EGOV_CABINET", DOC_NONE, REASON_SOAP_STRUCTURE},
                {"another chain", NULL, NULL, "NOTIFICATION", "chain-other", "EGOV_CABINET", DOC_NONE, REASON_DATA_FORM},
                {"a request", NULL, NULL, "REQUEST", "chain-broken", "EGOV_CABINET", DOC_NONE, REASON_SOAP_STRUCTURE},
                {"another service", NULL, NULL, "NOTIFICATION", "chain-broken", "TSA_CERT", DOC_NONE, REASON_SERVICE_UNKNOWN},
                {"another source", "EGOV_GATEWAY", "EGOV_PORTAL", N, DOC_NONE, REASON_DATA_FORM},
                {"unknown state", "REGISTERED", "RESTING", N, DOC_NONE, REASON_DATA_FORM},
                {"no kk", "<kkValue>Тіркелді</kkValue>", "", N, DOC_NONE, REASON_DATA_FORM},
                {"IIN in the notice", "Тіркелді", "Тіркелді " ERLAN, N, DOC_NONE, REASON_DATA_FORM},
                {"another person in the chain", "<requesterIin>" ERLAN, "<requesterIin>480509390010", N, DOC_NONE, REASON_DATA_FORM},
                {"IIN that cannot be", "<requesterIin>" ERLAN, "<requesterIin>850412390012", N, DOC_NONE, REASON_DATA_FORM},
                {"short number", NUMBER, "1010000000000", N, DOC_NONE, REASON_DATA_FORM},
                {"BIN that cannot be", "<serviceProviderBin>1606", "<serviceProviderBin>1607", N, DOC_NONE, REASON_DATA_FORM},
                {"unknown status", "IN_PROGRESS", "SOMEHOW", N, DOC_NONE, REASON_DATA_FORM},
                {"unknown resolution", "NO_RESOLUTION", "MAYBE", N, DOC_NONE, REASON_DATA_FORM},
                {"a document in a notice", NULL, NULL, N, DOC_HEAD, REASON_DATA_FORM},
                {"RESPONSE in progress", "COMPLETED", "IN_PROGRESS", R, DOC_HEAD, REASON_DATA_FORM},
                {"RESPONSE without resolution", "POSITIVE", "NO_RESOLUTION", R, DOC_HEAD, REASON_DATA_FORM},
                {"RESPONSE without document", NULL, NULL, R, DOC_NONE, REASON_DATA_FORM},
                {"signed by an employee", NULL, NULL, R, DOC_EMPLOYEE, REASON_DATA_FORM},
                {"another request's document", NULL, NULL, R, DOC_OTHER_NUMBER, REASON_DATA_FORM},
                {"changed document", NULL, NULL, R, DOC_CHANGED, REASON_APPLICANT_SIGNATURE_DIGEST},
                {"not base64", NULL, NULL, R, DOC_NOT_BASE64, REASON_DATA_FORM},
                {"good response", NULL, NULL, R, DOC_HEAD, 0},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_str char *id = xasprintf("broken-%zu", i);
                int got = deliver_broken(f, &cases[i], id);
                if (got != cases[i].want)
                        fail_msg("%s: got %s, want %s", cases[i].name, got < 0 ? "no answer" : reason_info(got)->name,
                                 reason_info(cases[i].want)->name);
        }
        json_t *json = chain_state(f, "chain-broken"), *one = json_array_get(json_object_get(json, "list"), 0);
        auto_str char *order = json_dumps(json_object_get(one, "states"), JSON_COMPACT);
        assert_string_equal(order, "[\"REGISTERED\",\"REGISTERED\"]");
        assert_int_equal(number_at(one, "responses"), 1);
        json_decref(json);
}

/* The acknowledgement is lost after the cabinet has taken the message: sent again, it counts once. */
static void test_lost_acknowledgement(void **state)
{
        const struct fixture *f = *state;
        static const char *const lost[] = {"cut", "garbage", "wrong-signature", "unsigned"}, *const not_taken[] = {"refuse", "http500",
                                                                                                                   "soapfault", "busy"};
        for (size_t i = 0; i < GW_COUNT(lost) * 2; i++) {
                bool taken = i < GW_COUNT(lost);
                const char *kind = taken ? lost[i] : not_taken[i - GW_COUNT(lost)];
                auto_str char *parameters = xasprintf("system=cabinet&kind=%s&count=1", kind), *chain = xasprintf("lost-%s", kind);
                auto_buf struct buf envelope = BUF_INIT;
                make_message(f, REQUEST_RESULT_SENT, chain, chain, &envelope);
                set_fault(f, parameters);
                assert_int_not_equal(deliver(f, buf_span(&envelope)), 0);
                assert_int_equal(deliver(f, buf_span(&envelope)), 0);
                json_t *json = chain_state(f, chain), *one = json_array_get(json_object_get(json, "list"), 0);
                if (number_at(one, "responses") != 1 || number_at(one, "duplicates") != taken)
                        fail_msg("%s: responses %lld duplicates %lld", kind, (long long)number_at(one, "responses"),
                                 (long long)number_at(one, "duplicates"));
                json_decref(json);
        }
}

/* The applicant opens the results delivered above: signed status notifications, retried until taken. */
static bool take_receipt(int fd, int status, struct buf *in)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 5000) != 1)
                return false;
        auto_fd int peer = accept(fd, NULL, NULL);
        char text[4096], answer[120];
        buf_reset(in);
        for (ssize_t n; !strstr(buf_cstr(in), "</soap:Envelope>") && (n = read(peer, text, sizeof text)) > 0;)
                buf_add(in, text, (size_t)n);
        int n = snprintf(answer, sizeof answer, "HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
        return write(peer, answer, (size_t)n) == n;
}

static void test_receipts(void **state)
{
        const struct fixture *f = *state;
        auto_buf struct buf in = BUF_INIT;
        auto_buf struct buf envelope = BUF_INIT;
        make_message(f, REQUEST_RESULT_SENT, "chain-receipt", "receipt-1", &envelope);
        assert_int_equal(deliver(f, buf_span(&envelope)), 0);
        bool refused_once = false, taken = false;
        for (int i = 0; i < 20 && !taken; i++) {
                assert_true(take_receipt(f->receipts_fd, refused_once ? 200 : 503, &in));
                taken = refused_once && strstr(buf_cstr(&in), "receipt-1");
                refused_once = true;
        }
        assert_true(taken);
        const char *xml = strstr(buf_cstr(&in), "<?xml");
        auto_soap struct soap *soap = NULL;
        auto_certificate struct certificate *certificate = NULL;
        auto_shep_message struct shep_message *message = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(soap_parse(span_str(xml), &xml_limits_default, &soap, &why), GW_OK);
        assert_int_equal(verify_transport(f->verifier, soap, wall_now(), &certificate, &why), GW_OK);
        assert_string_equal(certificate->bin, BIN_CABINET);
        assert_int_equal(shep_read(soap, &message, &why), GW_OK);
        assert_int_equal(message->operation, SHEP_STATUS_NOTIFICATION);
        assert_string_equal(message->message_state, "DELIVERED");
        assert_string_equal(message->message_id, "receipt-1");
        bool opened = false;
        for (int i = 0; i < 50 && !opened; i++) {
                usleep(20000);
                json_t *json = chain_state(f, "chain-receipt");
                opened = json_is_true(json_object_get(json_array_get(json_object_get(json, "list"), 0), "opened"));
                json_decref(json);
        }
        assert_true(opened);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_people),
                cmocka_unit_test(test_faults),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_control),
                cmocka_unit_test(test_delivery),
                cmocka_unit_test(test_broken_deliveries),
                cmocka_unit_test(test_lost_acknowledgement),
                cmocka_unit_test(test_receipts),
        };
        if (access(pki_folder(), R_OK) != 0) {
                fprintf(stderr, "test_simulators: skipped, there is no test PKI (EGOV_PKI)\n");
                return 0;
        }
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
