/* The verbs of the store, each with its broken siblings, and the invariants under random sequences. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/helper_store.h"

/* ---- intake ---- */

static void intake_registers(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct intake_record record = intake_of("m-1");
        struct intake_result result;
        is_ok(store_intake(borrow(f), &record, &result, &why), &why);
        keep(f);
        assert_int_equal(result.outcome, INTAKE_NEW);
        assert_string_equal(result.number, "10100000000001");
        assert_int_equal(result.state, REQUEST_REGISTERED);
        assert_int_equal(result.due_at.ms, record.due_at.ms);

        struct request_view view;
        is_ok(store_view_by_number(f->reader, result.number, true, &view, &why), &why);
        assert_int_equal(view.id, result.request_id);
        assert_int_equal(view.state, REQUEST_REGISTERED);
        assert_string_equal(view.service_code, "TSA_CERT");
        assert_string_equal(view.sender_id, "egov-portal");
        assert_string_equal(view.correlation_id, "10000000000000005764");
        assert_string_equal(view.portal_number, "10000000000000005765");
        assert_string_equal(view.outcome, "");
        assert_string_equal(view.document_number, "");
        assert_int_equal(view.decided_at.ms, 0);
        assert_int_equal(view.registered_at.ms, T0);
        assert_int_equal(view.document.n, 0);
        request_view_done(&view);
        struct store_totals totals;
        is_ok(store_totals(f->reader, AT(0), &totals, &why), &why);
        assert_int_equal(totals.requests[REQUEST_REGISTERED], 1);
        assert_int_equal(totals.events, 1);
        assert_int_equal(totals.overdue, 0);
        is_ok(store_totals(f->reader, AT(1800001), &totals, &why), &why);
        assert_int_equal(totals.overdue, 1);
}

static void intake_repeats(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = registered(f, "m-1");
        is_ok(store_transition(borrow(f), id, REQUEST_REGISTERED, REQUEST_AWAITING_DATA, "test", "", AT(1), &why), &why);
        keep(f);
        struct intake_record again = intake_of("m-1");
        again.received_at = AT(5000);
        again.due_at = AT(9000000);
        struct intake_result result;
        is_ok(store_intake(borrow(f), &again, &result, &why), &why);
        keep(f);
        assert_int_equal(result.outcome, INTAKE_REPEATED);
        assert_int_equal(result.request_id, id);
        assert_string_equal(result.number, "10100000000001");
        assert_int_equal(result.state, REQUEST_AWAITING_DATA);
        assert_int_equal(result.registered_at.ms, T0);
        assert_int_equal(result.due_at.ms, AT(1800000).ms);
        assert_int_equal(ask(f, "SELECT count(*) FROM request"), 1);
        /* within one transaction too */
        struct store *s = borrow(f);
        struct intake_record twin = intake_of("m-2");
        is_ok(store_intake(s, &twin, &result, &why), &why);
        assert_int_equal(result.outcome, INTAKE_NEW);
        is_ok(store_intake(s, &twin, &result, &why), &why);
        assert_int_equal(result.outcome, INTAKE_REPEATED);
        keep(f);
}

/* Revocation is not known: CHECKING is stored, found again (I2), claimed at once, and leaves no event until it passes. */
static int64_t checking(struct fixture *f, const char *message_id)
{
        struct why why = WHY_INIT;
        struct intake_record record = intake_of(message_id);
        record.checking = true;
        struct intake_result result, again;
        is_ok(store_intake(borrow(f), &record, &result, &why), &why);
        keep(f);
        assert_int_equal(result.state, REQUEST_CHECKING);
        is_ok(store_intake(borrow(f), &record, &again, &why), &why);
        keep(f);
        assert_int_equal(again.outcome, INTAKE_REPEATED);
        assert_int_equal(again.state, REQUEST_CHECKING);
        assert_string_equal(again.number, result.number);
        return result.request_id;
}

static void checking_waits_and_passes(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int woken = 0;
        int64_t id = checking(f, "m-1");
        assert_int_equal(ask(f, "SELECT count(*) FROM event"), 0);
        struct request_work work;
        size_t count = 0;
        is_ok(store_request_claim(borrow(f), AT(1), AT(1000), 1, &work, &count, &why), &why);
        keep(f);
        assert_int_equal(count, 1);
        assert_int_equal(work.state, REQUEST_CHECKING);
        assert_true(span_eq_str(buf_span(&work.verdict), "{}"));
        request_work_done(&work);
        is_ok(store_reschedule(borrow(f), id, AT(60000), &why), &why);
        keep(f);
        is_ok(store_request_claim(borrow(f), AT(2), AT(1000), 1, &work, &count, &why), &why);
        keep(f);
        assert_int_equal(count, 0);
        is_ok(store_wake_checking(borrow(f), AT(3), &woken, &why), &why);
        assert_int_equal(woken, 1);
        keep(f);
        is_ok(store_request_claim(borrow(f), AT(3), AT(1000), 1, &work, &count, &why), &why);
        keep(f);
        assert_int_equal(count, 1);
        request_work_done(&work);
        /* whoever works on it is not woken up */
        is_ok(store_wake_checking(borrow(f), AT(4), &woken, &why), &why);
        assert_int_equal(woken, 0);
        keep(f);
        assert_int_equal(ask(f, "SELECT work_at - 1000 FROM request"), T0);

        struct evidence evidence[] = {{{1}, "ocsp", span_str("answer")}, {{2}, "crl", span_str("list")}, {{1}, "ocsp", span_str("answer")}};
        struct store *s = borrow(f);
        is_ok(store_checked(s, id, span_str("{\"code\":\"OK\"}"), evidence, GW_COUNT(evidence), &why), &why);
        is_ok(store_transition(s, id, REQUEST_CHECKING, REQUEST_REGISTERED, "gateway", "", AT(5), &why), &why);
        keep(f);
        assert_int_equal(ask(f, "SELECT count(*) FROM evidence"), 2);
        assert_int_equal(ask(f, "SELECT leased FROM request"), 1);
        assert_int_equal(ask(f, "SELECT length(verdict) FROM message_body"), 13);
        struct store_totals totals;
        is_ok(store_totals(f->reader, AT(6), &totals, &why), &why);
        assert_int_equal(totals.requests[REQUEST_CHECKING], 0);
        assert_int_equal(totals.requests[REQUEST_REGISTERED], 1);
        /* the verdict on what has passed stays */
        is_refused(store_checked(borrow(f), id, span_str("{}"), NULL, 0, &why), &why, GW_REJECT, REASON_INTERNAL, "not checked");
        gw_ignore(give_back(f, GW_REJECT));
        assert_int_equal(ask(f, "SELECT length(verdict) FROM message_body"), 13);
}

static void checking_may_end_in_refusal(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = checking(f, "m-1");
        is_ok(store_transition(borrow(f), id, REQUEST_CHECKING, REQUEST_REJECTED_INTAKE, "gateway", "APPLICANT_CERTIFICATE_REVOKED", AT(5), &why), &why);
        keep(f);
        struct request_view view;
        is_ok(store_view_by_id(f->reader, id, false, &view, &why), &why);
        assert_int_equal(view.state, REQUEST_REJECTED_INTAKE);
        assert_string_equal(view.refusal, "APPLICANT_CERTIFICATE_REVOKED");
        request_view_done(&view);
        struct request_work work;
        size_t count = 0;
        is_ok(store_request_claim(borrow(f), AT(100000), AT(200000), 1, &work, &count, &why), &why);
        keep(f);
        assert_int_equal(count, 0);
}

static void intake_with_other_bytes_is_refused(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        registered(f, "m-1");
        for (size_t byte = 0; byte < 32; byte += 31) {
                struct intake_record other = intake_of("m-1");
                other.digest[byte] ^= 1;
                struct intake_result result = {.request_id = -1};
                enum gw_rc rc = store_intake(borrow(f), &other, &result, &why);
                is_refused(rc, &why, GW_REJECT, REASON_MESSAGE_ID_REUSED, "other content");
                assert_int_equal(result.request_id, -1);
                keep(f); /* even a caller that overlooks the verdict writes nothing */
                assert_int_equal(ask(f, "SELECT count(*) FROM request"), 1);
                assert_int_equal(ask(f, "SELECT count(*) FROM event"), 1);
        }
}

/* What the applicant signed once is one request, whoever sends it and under whatever message id. */
static void what_was_signed_once_is_registered_once(void **state)
{
        struct fixture *f = *state;
        static const uint8_t once[INTAKE_ONCE_SIZE] = "signed once", other[INTAKE_ONCE_SIZE] = "signed again";
        const struct { const char *sender, *message; struct span once; enum gw_rc want; } cases[] = {
                {"pep", "m-1", span_of(once, sizeof once), GW_OK},
                {"pep", "m-1", span_of(once, sizeof once), GW_OK}, /* the same message again */
                {"pep", "m-2", span_of(once, sizeof once), GW_REJECT},
                {"other", "m-1", span_of(once, sizeof once), GW_REJECT},
                {"pep", "m-2", span_of(other, sizeof other), GW_OK}, /* what was refused has taken no message id */
                {"pep", "m-3", span_of(NULL, 0), GW_OK},
                {"pep", "m-4", span_of(NULL, 0), GW_OK},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                struct intake_record record = intake_of(cases[i].message);
                struct intake_result result = {.request_id = -1};
                record.sender_id = cases[i].sender;
                record.once = cases[i].once;
                enum gw_rc rc = store_intake(borrow(f), &record, &result, &why);
                keep(f);
                if (cases[i].want == GW_OK)
                        is_ok(rc, &why);
                else
                        is_refused(rc, &why, GW_REJECT, REASON_APPLICATION_REPEATED, "another message id");
                assert_int_equal(result.request_id >= 0, rc == GW_OK);
        }
        assert_int_equal(ask(f, "SELECT count(*) FROM request"), 4);
        assert_int_equal(ask(f, "SELECT count(*) FROM applied"), 2);
        assert_int_equal(ask(f, "SELECT count(*) FROM message"), 4);
}

static void intake_identity_is_sender_and_message(void **state)
{
        struct fixture *f = *state;
        const char *const senders[] = {"ab", "a", "egov"}, *const messages[] = {"c", "bc", "c"};
        for (size_t i = 0; i < 3; i++) {
                struct why why = WHY_INIT;
                struct intake_record record = intake_of(messages[i]);
                record.sender_id = senders[i];
                struct intake_result result;
                is_ok(store_intake(borrow(f), &record, &result, &why), &why);
                keep(f);
                assert_int_equal(result.outcome, INTAKE_NEW);
        }
}

static void intake_lengths(void **state)
{
        struct fixture *f = *state;
        char text[200];
        memset(text, 'x', sizeof text);
        text[199] = '\0';
        const struct { size_t field, max; enum gw_rc rc; int reason; const char *detail; } cases[] = {
                {offsetof(struct intake_record, sender_id), 63, GW_REJECT, REASON_SOAP_STRUCTURE, "senderId is longer than 63"},
                {offsetof(struct intake_record, message_id), 127, GW_REJECT, REASON_SOAP_STRUCTURE, "messageId is longer"},
                {offsetof(struct intake_record, correlation_id), 127, GW_REJECT, REASON_SOAP_STRUCTURE, "correlationId is longer"},
                {offsetof(struct intake_record, portal_number), 31, GW_REJECT, REASON_SOAP_STRUCTURE, "requestNumber is longer"},
                {offsetof(struct intake_record, service_code), 31, GW_FAULT, REASON_INTERNAL, "service code"},
                {offsetof(struct intake_record, service_version), 15, GW_FAULT, REASON_INTERNAL, "service version"},
                {offsetof(struct intake_record, applicant_iin), 12, GW_FAULT, REASON_INTERNAL, "applicant"},
                {offsetof(struct intake_record, declarant_iin), 12, GW_FAULT, REASON_INTERNAL, "declarant"},
                {offsetof(struct intake_record, provider_bin), 12, GW_FAULT, REASON_INTERNAL, "provider"},
                {offsetof(struct intake_record, language), 2, GW_FAULT, REASON_INTERNAL, "language"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                char id[16];
                snprintf(id, sizeof id, "m-%zu", i);
                struct intake_record record = intake_of(id);
                const char **field = (const char **)((char *)&record + cases[i].field);
                struct intake_result result;
                *field = text + sizeof text - 1 - cases[i].max; /* just fits */
                struct store *s = borrow(f);
                is_ok(store_intake(s, &record, &result, &why), &why);
                (*field)--;
                is_refused(store_intake(s, &record, &result, &why), &why, cases[i].rc, cases[i].reason, cases[i].detail);
                keep(f);
        }
        struct why why = WHY_INIT;
        struct intake_record record = intake_of("");
        struct intake_result result;
        is_refused(store_intake(borrow(f), &record, &result, &why), &why, GW_REJECT, REASON_SOAP_STRUCTURE, "empty");
        keep(f);
}

/* ---- transitions ---- */

static void transition_moves_once(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = registered(f, "m-1");
        struct store *s = borrow(f);
        is_ok(store_transition(s, id, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "rule-1", AT(10), &why), &why);
        enum gw_rc rc = store_transition(s, id, REQUEST_REGISTERED, REQUEST_CANCELLED, "applicant", "", AT(11), &why);
        is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "is DECIDED");
        rc = store_transition(s, id, REQUEST_CHECKING, REQUEST_REGISTERED, "gateway", "", AT(11), &why);
        is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "is DECIDED");
        rc = store_transition(s, 99, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "", AT(11), &why);
        is_refused(rc, &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no request 99");
        keep(f);
        struct request_view view;
        is_ok(store_view_by_id(f->reader, id, false, &view, &why), &why);
        assert_int_equal(view.state, REQUEST_DECIDED);
        assert_int_equal(view.updated_at.ms, AT(10).ms);
        assert_int_equal(ask(f, "SELECT count(*) FROM event"), 2);
}

static enum gw_rc illegal_work(struct store *store, void *arg, struct why *why)
{
        return store_transition(store, *(int64_t *)arg, REQUEST_REGISTERED, REQUEST_RECEIVED, "x", "", AT(1), why);
}

/* I5: any transition that is not in the table aborts. In a child with a store of its own. */
static void illegal_transition_aborts(void **state)
{
        struct fixture *f = *state;
        int64_t id = registered(f, "m-1");
        fixture_close(f);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct why why = WHY_INIT;
                struct journal_options options = {.path = f->path};
                int null = open("/dev/null", O_WRONLY);
                dup2(null, 2);
                signal(SIGABRT, SIG_DFL);
                if (journal_open(&options, &f->journal, &why) != GW_OK)
                        _exit(1);
                gw_ignore(journal_run(f->journal, illegal_work, &id, &why)); /* does not come back */
                _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        fixture_open(f);
        assert_int_equal(ask(f, "SELECT state FROM request"), REQUEST_REGISTERED);
}

static void event_collect(void *arg, int64_t seq, struct wall_time at, enum request_state from, enum request_state to, const char *actor,
                          const char *detail)
{
        buf_printf(arg, "%lld@%lld %s>%s %s:%s\n", (long long)seq, (long long)(at.ms - T0), request_state_info(from)->code,
                   request_state_info(to)->code, actor, detail);
}

static void events_are_listed(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        registered(f, "m-0");
        int64_t id = registered(f, "m-1");
        struct store *s = borrow(f);
        is_ok(store_transition(s, id, REQUEST_REGISTERED, REQUEST_FAILED_TECH, "gateway", "disk", AT(10), &why), &why);
        is_ok(store_transition(s, id, REQUEST_FAILED_TECH, REQUEST_AWAITING_DATA, "operator", NULL, AT(20), &why), &why);
        keep(f);
        auto_buf struct buf got = BUF_INIT;
        is_ok(store_events(f->reader, id, event_collect, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), "2@0 CHECKING>REGISTERED gateway:shep-sync\n3@10 REGISTERED>FAILED_TECH gateway:disk\n"
                                            "4@20 FAILED_TECH>AWAITING_DATA operator:\n");
        buf_reset(&got);
        is_ok(store_events(f->reader, 99, event_collect, &got, &why), &why);
        assert_int_equal(got.n, 0);
}

/* ---- answers ---- */

static void fact_collect(void *arg, const char *system, struct span facts)
{
        buf_printf(arg, "%s=%.*s\n", system, (int)facts.n, (const char *)facts.p);
}

static void answers_are_facts(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = registered(f, "m-1");
        auto_buf struct buf got = BUF_INIT;
        struct store *s = borrow(f);
        is_ok(store_query_failed(s, id, "gbdfl", "REGISTRY_SILENT", AT(1), &why), &why);
        is_ok(store_query_failed(s, id, "gbdfl", "REGISTRY_SILENT", AT(2), &why), &why);
        is_ok(store_facts(s, id, fact_collect, &got, &why), &why);
        assert_int_equal(got.n, 0);
        is_ok(store_answer(s, id, "socialaid", span_str("<e/>"), span_str("<s/>"), AT(3), &why), &why);
        is_ok(store_answer(s, id, "gbdfl", span_str("<e/>"), span_str("<g/>"), AT(3), &why), &why);
        is_ok(store_answer(s, id, "gbdfl", span_str("<e2/>"), span_str("<g2/>"), AT(4), &why), &why);
        is_ok(store_facts(s, id, fact_collect, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), "gbdfl=<g2/>\nsocialaid=<s/>\n");

        enum gw_rc rc = store_answer(s, id, "zags", span_str(""), span_str(""), AT(5), &why);
        is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "no open query");
        rc = store_query_failed(s, id, "zags", "X", AT(5), &why);
        is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "no open query");
        rc = store_answer(s, 99, "gbdfl", span_str(""), span_str(""), AT(5), &why);
        is_refused(rc, &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "99");
        /* after the decision the evidence stays as it was */
        is_ok(store_transition(s, id, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "", AT(6), &why), &why);
        rc = store_answer(s, id, "gbdfl", span_str(""), span_str("<late/>"), AT(7), &why);
        is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "is DECIDED");
        rc = store_query_failed(s, id, "gbdfl", "X", AT(7), &why);
        is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "is DECIDED");
        keep(f);
        assert_int_equal(ask(f, "SELECT failures FROM query WHERE system = 'gbdfl'"), 2);
        assert_int_equal(ask(f, "SELECT count(*) FROM answer"), 2);
}

/* ---- decision ---- */

static struct decision_record decision_of(int64_t id, const char *number)
{
        return (struct decision_record){
                .request_id = id,
                .outcome = "POSITIVE",
                .rule = "assigned",
                .inputs = span_str("<case/>"),
                .document_kind = "certificate",
                .document_number = number,
                .document = span_str("<certificate/>"),
                .at = AT(100),
        };
}

static void decision_is_made_once(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = registered(f, "m-1");
        char number[20];
        struct store *s = borrow(f);
        is_ok(store_next_document_number(s, number, &why), &why);
        assert_string_equal(number, "20100000000001");
        struct decision_record record = decision_of(id, number);
        is_ok(store_decision(s, &record, &why), &why);
        is_refused(store_decision(s, &record, &why), &why, GW_REJECT, REASON_INTERNAL, "decided already");
        is_ok(store_transition(s, id, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "", AT(100), &why), &why);
        is_refused(store_decision(s, &record, &why), &why, GW_REJECT, REASON_INTERNAL, "is DECIDED");
        record.request_id = 99;
        is_refused(store_decision(s, &record, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "99");
        keep(f);
        struct request_view view;
        is_ok(store_view_by_id(f->reader, id, true, &view, &why), &why);
        assert_string_equal(view.outcome, "POSITIVE");
        assert_string_equal(view.document_number, "20100000000001");
        assert_int_equal(view.decided_at.ms, AT(100).ms);
        assert_string_equal(buf_cstr(&view.document), "<certificate/>");
        request_view_done(&view);
        is_ok(store_view_by_id(f->reader, id, false, &view, &why), &why);
        assert_int_equal(view.document.n, 0);
}

static void decision_not_after_the_end(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = registered(f, "m-1");
        struct store *s = borrow(f);
        is_ok(store_transition(s, id, REQUEST_REGISTERED, REQUEST_CANCELLED, "applicant", "", AT(1), &why), &why);
        struct decision_record record = decision_of(id, "20100000000009");
        is_refused(store_decision(s, &record, &why), &why, GW_REJECT, REASON_INTERNAL, "is CANCELLED");
        keep(f);
}

static void document_numbers_are_unique(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t a = registered(f, "m-1"), b = registered(f, "m-2"), c = registered(f, "m-3"), d = registered(f, "m-4");
        struct decision_record first = decision_of(a, "20100000000007"), second = decision_of(b, "20100000000007");
        struct store *s = borrow(f);
        is_ok(store_decision(s, &first, &why), &why);
        is_refused(store_decision(s, &second, &why), &why, GW_FAULT, REASON_INTERNAL, "document.number");
        /* a work that overlooks it does not leave half a decision */
        assert_int_equal(give_back(f, GW_OK), GW_FAULT);
        is_refused(f->result, &f->why, GW_FAULT, REASON_INTERNAL, "overlooked");
        assert_int_equal(ask(f, "SELECT count(*) FROM decision"), 0);
        /* no document, no number: as often as wanted */
        s = borrow(f);
        struct decision_record bare = decision_of(c, ""), bare2 = decision_of(d, NULL);
        bare.document = bare2.document = span_str(NULL);
        is_ok(store_decision(s, &bare, &why), &why);
        is_ok(store_decision(s, &bare2, &why), &why);
        keep(f);
}

static void numbers_are_not_reused(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char number[20];
        is_ok(store_next_document_number(borrow(f), number, &why), &why);
        keep(f);
        registered(f, "m-1");
        fixture_close(f);
        fixture_open(f);
        is_ok(store_next_document_number(borrow(f), number, &why), &why);
        keep(f);
        assert_string_equal(number, "20100000000002");
        assert_int_equal(registered(f, "m-2"), 2);
        /* a piece that was not kept had no number: nobody has seen it */
        is_ok(store_next_document_number(borrow(f), number, &why), &why);
        assert_int_equal(give_back(f, GW_REJECT), GW_REJECT);
        is_ok(store_next_document_number(borrow(f), number, &why), &why);
        keep(f);
        assert_string_equal(number, "20100000000003");
}

/* ---- outbox ---- */

static struct outbox_new row_of(int64_t request, int sequence, const char *message_id)
{
        return (struct outbox_new){
                .request_id = request,
                .sequence = sequence,
                .destination = "cabinet",
                .kind = "NOTIFICATION",
                .message_id = message_id,
                .state_code = "REGISTERED",
                .payload = span_str("<Envelope/>"),
                .at = AT(0),
        };
}

static int64_t add(struct store *s, int64_t request, int sequence, const char *message_id, int64_t lease_ms)
{
        struct why why = WHY_INIT;
        int64_t id = 0;
        struct outbox_new row = row_of(request, sequence, message_id);
        row.lease_until = AT(lease_ms);
        is_ok(store_outbox_add(s, &row, &id, &why), &why);
        return id;
}

static int64_t add_to(struct store *s, const char *destination, int64_t request, int sequence, const char *message_id)
{
        struct why why = WHY_INIT;
        int64_t id = 0;
        struct outbox_new row = row_of(request, sequence, message_id);
        row.destination = destination;
        is_ok(store_outbox_add(s, &row, &id, &why), &why);
        return id;
}

/* Claims at `now` and says the ids as text: "3 5 ". */
static const char *claim_for(struct store *s, const char *destination, int64_t now, int64_t until, size_t max, char out[64])
{
        struct outbox_row rows[8];
        size_t count = 0, n = 0;
        struct why why = WHY_INIT;
        is_ok(store_outbox_claim(s, destination, AT(now), AT(until), max, rows, &count, &why), &why);
        out[0] = '\0';
        for (size_t i = 0; i < count; i++) {
                n += (size_t)snprintf(out + n, 64 - n, "%lld ", (long long)rows[i].id);
                outbox_row_done(&rows[i]);
        }
        return out;
}

static const char *claim(struct store *s, int64_t now, int64_t until, size_t max, char out[64])
{
        return claim_for(s, "cabinet", now, until, max, out);
}

static void outbox_row_comes_back_whole(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = registered(f, "m-1");
        struct store *s = borrow(f);
        add(s, id, 1, "n-1", 0);
        struct outbox_row rows[2];
        size_t count = 0;
        is_ok(store_outbox_claim(s, "nobody", AT(1), AT(2), 2, rows, &count, &why), &why);
        assert_int_equal(count, 0);
        is_ok(store_outbox_claim(s, "cabinet", AT(-1), AT(2), 2, rows, &count, &why), &why);
        assert_int_equal(count, 0);
        is_ok(store_outbox_claim(s, "cabinet", AT(1), AT(2), 2, rows, &count, &why), &why);
        keep(f);
        assert_int_equal(count, 1);
        assert_int_equal(rows[0].request_id, id);
        assert_int_equal(rows[0].sequence, 1);
        assert_int_equal(rows[0].attempts, 0);
        assert_string_equal(rows[0].destination, "cabinet");
        assert_string_equal(rows[0].kind, "NOTIFICATION");
        assert_string_equal(rows[0].state_code, "REGISTERED");
        assert_string_equal(rows[0].message_id, "n-1");
        assert_string_equal(rows[0].number, "10100000000001");
        assert_int_equal(rows[0].created_at.ms, T0);
        assert_string_equal(buf_cstr(&rows[0].payload), "<Envelope/>");
        outbox_row_done(&rows[0]);
        struct request_view view;
        is_ok(store_view_by_outbox_message(f->reader, "n-1", &view, &why), &why);
        assert_int_equal(view.id, id);
        is_refused(store_view_by_outbox_message(f->reader, "n-2", &view, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such");
}

static void outbox_keeps_the_order(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char text[64];
        int64_t a = registered(f, "m-1"), b = registered(f, "m-2");
        struct store *s = borrow(f);
        int64_t a1 = add(s, a, 1, "a1", 0), a2 = add(s, a, 2, "a2", 0), a3 = add(s, a, 3, "a3", 0), b1 = add(s, b, 1, "b1", 0);
        assert_string_equal(claim(s, 1, 100, 8, text), "1 4 ");
        assert_string_equal(claim(s, 1, 100, 8, text), ""); /* leased */
        assert_string_equal(claim(s, 99, 100, 8, text), "");
        is_refused(store_outbox_sent(s, a2, AT(2), &why), &why, GW_REJECT, REASON_INTERNAL, "not waiting");
        is_refused(store_outbox_retry(s, a2, AT(2), "E", &why), &why, GW_REJECT, REASON_INTERNAL, "not waiting");
        is_refused(store_outbox_park(s, a3, "E", AT(2), &why), &why, GW_REJECT, REASON_INTERNAL, "not waiting");
        is_ok(store_outbox_sent(s, a1, AT(2), &why), &why);
        is_refused(store_outbox_sent(s, a1, AT(2), &why), &why, GW_REJECT, REASON_INTERNAL, "not waiting");
        assert_string_equal(claim(s, 3, 100, 8, text), "2 ");
        is_ok(store_outbox_retry(s, a2, AT(50), "PEER_UNREACHABLE", &why), &why);
        assert_string_equal(claim(s, 49, 200, 8, text), "");
        assert_string_equal(claim(s, 50, 200, 1, text), "2 ");
        is_ok(store_outbox_sent(s, b1, AT(60), &why), &why);
        is_ok(store_outbox_sent(s, a2, AT(60), &why), &why);
        assert_string_equal(claim(s, 70, 200, 8, text), "3 ");
        assert_string_equal(claim(s, 200, 300, 8, text), "3 "); /* its lease is over */
        is_ok(store_outbox_sent(s, a3, AT(60), &why), &why);
        assert_string_equal(claim(s, 9999, 10000, 8, text), "");
        keep(f);
        struct store_totals totals;
        is_ok(store_totals(f->reader, AT(0), &totals, &why), &why);
        assert_int_equal(totals.outbox_sent, 4);
        assert_int_equal(totals.outbox_pending, 0);
        assert_int_equal(ask(f, "SELECT count(*) FROM outbox_payload"), 4); /* kept as evidence */
}

/* Whoever is away holds back only what is for him. */
static void outbox_destinations_do_not_wait_for_each_other(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char text[64];
        int64_t a = registered(f, "m-1");
        struct store *s = borrow(f);
        int64_t p1 = add_to(s, "provider", a, 1, "p1"), c1 = add_to(s, "cabinet", a, 1, "c1"), p2 = add_to(s, "provider", a, 2, "p2"), c2 = add_to(s, "cabinet", a, 2, "c2");
        assert_string_equal(claim_for(s, "provider", 1, 100, 8, text), "1 ");
        assert_string_equal(claim(s, 1, 100, 8, text), "2 ");
        is_ok(store_outbox_park(s, p1, "PEER_REFUSED", AT(2), &why), &why);
        is_ok(store_outbox_sent(s, c1, AT(2), &why), &why); /* frees c2, not p2 */
        is_refused(store_outbox_sent(s, p2, AT(2), &why), &why, GW_REJECT, REASON_INTERNAL, "not waiting");
        assert_string_equal(claim_for(s, "provider", 3, 100, 8, text), "");
        assert_string_equal(claim(s, 3, 100, 8, text), "4 ");
        is_ok(store_outbox_sent(s, c2, AT(4), &why), &why);
        struct request_work rows[1];
        size_t count = 0;
        is_ok(store_request_claim(s, AT(60000), AT(70000), 1, rows, &count, &why), &why);
        assert_int_equal(count, 1);
        assert_int_equal(rows[0].outbox_sequence, 2); /* of the cabinet's alone */
        assert_false(rows[0].outbox_open);
        request_work_done(&rows[0]);
        is_ok(store_outbox_release(s, p1, AT(5), &why), &why);
        is_ok(store_outbox_sent(s, p1, AT(6), &why), &why);
        assert_string_equal(claim_for(s, "provider", 7, 100, 8, text), "3 ");
        keep(f);
}

static void outbox_lease_of_a_blocked_row_lasts(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char text[64];
        int64_t a = registered(f, "m-1");
        struct store *s = borrow(f);
        int64_t a1 = add(s, a, 1, "a1", 1000);
        add(s, a, 2, "a2", 1000);
        assert_string_equal(claim(s, 10, 20, 8, text), "");
        is_ok(store_outbox_sent(s, a1, AT(10), &why), &why);
        assert_string_equal(claim(s, 999, 2000, 8, text), ""); /* who sent the first sends the second too */
        is_ok(store_leases_clear(s, &why), &why);
        assert_string_equal(claim(s, 20, 2000, 8, text), "2 ");
        keep(f);
}

static void parked_collect(void *arg, int64_t id, const char *number, const char *destination, const char *kind, int attempts,
                           const char *error, struct wall_time parked_at)
{
        buf_printf(arg, "%lld %s %s %s %d %s @%lld\n", (long long)id, number, destination, kind, attempts, error, (long long)(parked_at.ms - T0));
}

static void outbox_parks_and_releases(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char text[64];
        int64_t a = registered(f, "m-1");
        struct store *s = borrow(f);
        int64_t a1 = add(s, a, 1, "a1", 0);
        add(s, a, 2, "a2", 0);
        is_refused(store_outbox_release(s, a1, AT(1), &why), &why, GW_REJECT, REASON_INTERNAL, "not parked");
        is_ok(store_outbox_retry(s, a1, AT(5), "E1", &why), &why);
        is_ok(store_outbox_park(s, a1, "PEER_REFUSED", AT(10), &why), &why);
        is_refused(store_outbox_park(s, a1, "E", AT(10), &why), &why, GW_REJECT, REASON_INTERNAL, "not waiting");
        assert_string_equal(claim(s, 9999, 10000, 8, text), ""); /* a parked row blocks those behind it */
        keep(f);
        auto_buf struct buf got = BUF_INIT;
        is_ok(store_parked(f->reader, parked_collect, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), "1 10100000000001 cabinet NOTIFICATION 2 PEER_REFUSED @10\n");
        struct store_totals totals;
        is_ok(store_totals(f->reader, AT(0), &totals, &why), &why);
        assert_int_equal(totals.outbox_parked, 1);
        assert_int_equal(totals.outbox_pending, 1);
        s = borrow(f);
        is_ok(store_outbox_release(s, a1, AT(500), &why), &why);
        is_refused(store_outbox_release(s, a1, AT(500), &why), &why, GW_REJECT, REASON_INTERNAL, "not parked");
        struct outbox_row row;
        size_t count = 0;
        is_ok(store_outbox_claim(s, "cabinet", AT(500), AT(600), 1, &row, &count, &why), &why);
        assert_int_equal(count, 1);
        assert_int_equal(row.attempts, 0);
        assert_int_equal(row.created_at.ms, AT(500).ms);
        outbox_row_done(&row);
        is_ok(store_outbox_park(s, a1, "AGAIN", AT(700), &why), &why);
        keep(f);
        buf_reset(&got);
        is_ok(store_parked(f->reader, parked_collect, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), "1 10100000000001 cabinet NOTIFICATION 3 AGAIN @700\n");
}

static void outbox_refuses(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char text[100];
        memset(text, 'x', sizeof text);
        text[64] = '\0';
        int64_t a = registered(f, "m-1"), id = -1;
        struct store *s = borrow(f);
        add(s, a, 2, "a2", 0);
        const int repeated[] = {2, 1, 0, -1};
        for (size_t i = 0; i < GW_COUNT(repeated); i++) {
                struct outbox_new row = row_of(a, repeated[i], "other");
                is_refused(store_outbox_add(s, &row, &id, &why), &why, GW_REJECT, REASON_INTERNAL, "already at 2");
        }
        keep(f);
        const struct { struct outbox_new row; const char *detail; } cases[] = {
                {row_of(a, 3, "a2"), "outbox.message_id"},
                {row_of(99, 1, "b1"), "FOREIGN KEY"},
                {row_of(a, 3, text), "message id is empty or longer than 63"},
                {row_of(a, 3, ""), "message id is empty"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                is_refused(store_outbox_add(borrow(f), &cases[i].row, &id, &why), &why, GW_FAULT, REASON_INTERNAL, cases[i].detail);
                assert_int_equal(give_back(f, GW_FAULT), GW_FAULT);
        }
        assert_int_equal(id, -1);
        assert_int_equal(ask(f, "SELECT count(*) FROM outbox"), 1);
}

/* ---- work ---- */

static size_t claim_requests(struct store *s, int64_t now, int64_t until, struct request_work *rows)
{
        struct why why = WHY_INIT;
        size_t count = 0;
        is_ok(store_request_claim(s, AT(now), AT(until), 4, rows, &count, &why), &why);
        for (size_t i = 0; i < count; i++)
                request_work_done(&rows[i]);
        return count;
}

static void requests_are_claimed(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t a = registered(f, "m-1"); /* leased for 30 s */
        struct request_work rows[4];
        size_t count = 0;
        struct store *s = borrow(f);
        assert_int_equal(claim_requests(s, 29999, 60000, rows), 0);
        int64_t first = add(s, a, 1, "a1", 0);
        is_ok(store_request_claim(s, AT(30000), AT(60000), 4, rows, &count, &why), &why);
        assert_int_equal(count, 1);
        assert_int_equal(rows[0].id, a);
        assert_int_equal(rows[0].state, REQUEST_REGISTERED);
        assert_string_equal(rows[0].number, "10100000000001");
        assert_string_equal(rows[0].service_code, "TSA_CERT");
        assert_string_equal(rows[0].service_version, "1");
        assert_string_equal(rows[0].correlation_id, "10000000000000005764");
        assert_string_equal(rows[0].sender_id, "egov-portal");
        assert_string_equal(rows[0].portal_number, "10000000000000005765");
        assert_string_equal(rows[0].applicant_iin, "850412390011");
        assert_string_equal(rows[0].declarant_iin, "850412390011");
        assert_string_equal(rows[0].provider_bin, "160640900019");
        assert_string_equal(rows[0].language, "kk");
        assert_string_equal(rows[0].outcome, "");
        assert_int_equal(rows[0].outbox_sequence, 1);
        assert_true(rows[0].outbox_open);
        assert_int_equal(rows[0].attempts, 0);
        assert_string_equal(buf_cstr(&rows[0].application), "<application/>");
        request_work_done(&rows[0]);
        /* waits: lease kept over the transition, then given back with a time */
        is_ok(store_transition(s, a, REQUEST_REGISTERED, REQUEST_AWAITING_DATA, "gateway", "", AT(30001), &why), &why);
        assert_int_equal(claim_requests(s, 59999, 90000, rows), 0);
        is_ok(store_reschedule(s, a, AT(40000), &why), &why);
        is_ok(store_outbox_sent(s, first, AT(30002), &why), &why);
        assert_int_equal(claim_requests(s, 39999, 90000, rows), 0);
        assert_int_equal(claim_requests(s, 40000, 90000, rows), 1);
        assert_int_equal(rows[0].attempts, 1);
        assert_false(rows[0].outbox_open);
        assert_int_equal(rows[0].state, REQUEST_AWAITING_DATA);
        /* a start-up ends every lease, not the waiting */
        is_ok(store_leases_clear(s, &why), &why);
        assert_int_equal(claim_requests(s, 40001, 90000, rows), 1);
        is_ok(store_reschedule(s, a, AT(70000), &why), &why);
        is_ok(store_leases_clear(s, &why), &why);
        assert_int_equal(claim_requests(s, 69999, 90000, rows), 0);
        keep(f);
}

static void finished_requests_are_not_claimed(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct request_work rows[4];
        int64_t a = registered(f, "m-1"), b = registered(f, "m-2");
        struct store *s = borrow(f);
        is_ok(store_transition(s, a, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "", AT(1), &why), &why);
        is_ok(store_transition(s, b, REQUEST_REGISTERED, REQUEST_FAILED_TECH, "gateway", "", AT(1), &why), &why);
        assert_int_equal(claim_requests(s, 9999999, 19999999, rows), 0);
        is_refused(store_reschedule(s, a, AT(1), &why), &why, GW_REJECT, REASON_INTERNAL, "is DECIDED");
        is_refused(store_reschedule(s, b, AT(1), &why), &why, GW_REJECT, REASON_INTERNAL, "is FAILED_TECH");
        is_refused(store_reschedule(s, 99, AT(1), &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "99");
        is_ok(store_transition(s, b, REQUEST_FAILED_TECH, REQUEST_AWAITING_DATA, "operator", "", AT(50), &why), &why);
        assert_int_equal(claim_requests(s, 49, 60, rows), 0);
        assert_int_equal(claim_requests(s, 50, 60, rows), 1);
        assert_int_equal(rows[0].id, b);
        keep(f);
}

/* ---- the chain ---- */

static void chain_finds_every_change(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        uint64_t events = 77;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, 0);
        for (int i = 0; i < 4; i++) {
                char id[8];
                snprintf(id, sizeof id, "m-%d", i);
                registered(f, id);
        }
        is_ok(store_transition(borrow(f), 2, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "rule", AT(9), &why), &why);
        keep(f);
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, 5);
        const struct { const char *change, *undo, *detail; } cases[] = {
                {"UPDATE event SET request_id = 1 WHERE seq = 3", "UPDATE event SET request_id = 3 WHERE seq = 3", "event 3 was changed"},
                {"UPDATE event SET at = at + 1 WHERE seq = 1", "UPDATE event SET at = at - 1 WHERE seq = 1", "event 1 was changed"},
                {"UPDATE event SET to_state = 2 WHERE seq = 4", "UPDATE event SET to_state = 1 WHERE seq = 4", "event 4 was changed"},
                {"UPDATE event SET from_state = 3 WHERE seq = 5", "UPDATE event SET from_state = 1 WHERE seq = 5", "event 5 was changed"},
                {"UPDATE event SET to_state = 6 WHERE seq = 5", "UPDATE event SET to_state = 4 WHERE seq = 5", "not a legal transition"},
                {"UPDATE event SET actor = 'operator' WHERE seq = 2", "UPDATE event SET actor = 'gateway' WHERE seq = 2", "event 2 was"},
                {"UPDATE event SET detail = '' WHERE seq = 5", "UPDATE event SET detail = 'rule' WHERE seq = 5", "event 5 was changed"},
                {"UPDATE event SET detail = 'rule' || char(0) || 'x' WHERE seq = 5", "UPDATE event SET detail = 'rule' WHERE seq = 5", "event 5 was"},
                {"UPDATE event SET actor = 'gatewayr', detail = 'ule' WHERE seq = 5",
                 "UPDATE event SET actor = 'gateway', detail = 'rule' WHERE seq = 5", "event 5 was changed"},
                {"UPDATE event SET seq = 9 WHERE seq = 3", "UPDATE event SET seq = 3 WHERE seq = 9", "event 3 is missing"},
                {"UPDATE event SET seq = 6 WHERE seq = 5", "UPDATE event SET seq = 5 WHERE seq = 6", "event 5 is missing"},
                {"CREATE TABLE k AS SELECT * FROM event; DELETE FROM event WHERE seq = 5", "INSERT INTO event SELECT * FROM k WHERE seq = 5",
                 "event 5 is missing"},
                {"DELETE FROM event WHERE seq = 1", "INSERT INTO event SELECT * FROM k WHERE seq = 1", "event 1 is missing"},
                {"DELETE FROM event", "INSERT INTO event SELECT * FROM k", "event 1 is missing"},
                {"UPDATE ledger SET event_seq = 4", "UPDATE ledger SET event_seq = 5", "event 5 was added"},
                {"UPDATE ledger SET event_hash = zeroblob(32)", "UPDATE ledger SET event_hash = (SELECT hash FROM event WHERE seq = 5)", "ledger"},
                {"UPDATE event SET hash = zeroblob(32) WHERE seq = 2", "UPDATE event SET hash = k.hash FROM k WHERE k.seq = event.seq", "event 2"},
                {"UPDATE event SET hash = zeroblob(31) WHERE seq = 5", "UPDATE event SET hash = k.hash FROM k WHERE k.seq = event.seq", "event 5"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                tamper(f, cases[i].change);
                is_refused(store_check_chain(f->reader, &events, &why), &why, GW_FAULT, REASON_INTERNAL, cases[i].detail);
                tamper(f, cases[i].undo);
                is_ok(store_check_chain(f->reader, &events, &why), &why);
        }
}

/* ---- files and readers ---- */

static void reader_numbers(void **state)
{
        struct fixture *f = *state;
        registered(f, "m-1");
        const char *const bad[] = {"", "1", "10100000000002", "20100000000001", "1010000000001", "101000000000001", "10100000000000",
                                   "101-0000000001", "10100000000001 ", "101 0000000001", NULL};
        for (size_t i = 0; i < GW_COUNT(bad); i++) {
                struct why why = WHY_INIT;
                struct request_view view;
                is_refused(store_view_by_number(f->reader, bad[i], true, &view, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "");
        }
}

static void reader_before_the_file(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct store_reader *reader = NULL;
        auto_str char *missing = xasprintf("%s/none.db", f->dir);
        is_refused(store_reader_open(missing, &reader, &why), &why, GW_RETRY, REASON_STORE_UNAVAILABLE, "cannot be read");
        close(open(missing, O_CREAT | O_WRONLY, 0600)); /* made, its tables not yet */
        is_refused(store_reader_open(missing, &reader, &why), &why, GW_RETRY, REASON_STORE_UNAVAILABLE, "being made");
        unlink(missing);
        assert_null(reader);
}

static void files_are_private(void **state)
{
        struct fixture *f = *state;
        registered(f, "m-1");
        const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
        for (size_t i = 0; i < GW_COUNT(suffixes); i++) {
                auto_str char *path = xasprintf("%s%s", f->path, suffixes[i]);
                struct stat st;
                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 0777, 0600);
        }
        fixture_close(f);
        chmod(f->path, 0644);
        fixture_open(f);
        struct stat st;
        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
}

static void files_of_others_are_refused(void **state)
{
        struct fixture *f = *state;
        const struct { const char *change, *undo, *detail; } cases[] = {
                {"PRAGMA user_version = 6", "PRAGMA user_version = 5", "newer gateway"},
                {"PRAGMA user_version = 0", "PRAGMA user_version = 5", "unknown version 0"},
                {"PRAGMA application_id = 7", "PRAGMA application_id = 1162301270", "not one of egov-gateway"},
        };
        fixture_close(f);
        struct journal_options options = {.path = f->path};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                struct journal *journal = NULL;
                struct store_reader *reader = NULL;
                tamper(f, cases[i].change);
                is_refused(journal_open(&options, &journal, &why), &why, GW_FAULT, REASON_CONFIGURATION, cases[i].detail);
                is_refused(store_reader_open(f->path, &reader, &why), &why, GW_FAULT, REASON_CONFIGURATION, cases[i].detail);
                assert_true(!journal && !reader);
                tamper(f, cases[i].undo);
        }
        fixture_open(f);
        registered(f, "m-1");
}

/* I2, by bytes: only the whole envelope of that sender and id finds what was registered. */
static void same_message_is_found_by_its_bytes(void **state)
{
        struct fixture *f = *state;
        struct intake_record record = intake_of("m-1");
        int64_t id = registered(f, "m-1");
        const struct { const char *name, *sender, *message; struct span envelope; enum gw_rc want; } cases[] = {
                {"the same", record.sender_id, "m-1", record.envelope, GW_OK},
                {"a byte less", record.sender_id, "m-1", span_of(record.envelope.p, record.envelope.n - 1), GW_REJECT},
                {"nothing", record.sender_id, "m-1", span_of(NULL, 0), GW_REJECT},
                {"another id", record.sender_id, "m-2", record.envelope, GW_REJECT},
                {"another sender", "somebody", "m-1", record.envelope, GW_REJECT},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct why why = WHY_INIT;
                struct intake_result result = {.request_id = -1};
                char service[32] = "";
                enum gw_rc rc = store_same_message(f->reader, cases[i].sender, cases[i].message, cases[i].envelope, &result, service, &why);
                if (rc != cases[i].want || (rc != GW_OK && (why.reason != REASON_REQUEST_NOT_FOUND || result.request_id != -1)))
                        fail_msg("%s: %d %s", cases[i].name, rc, why.detail);
                if (rc == GW_OK) {
                        assert_int_equal(result.request_id, id);
                        assert_int_equal(result.outcome, INTAKE_REPEATED);
                        assert_int_equal(result.registered_at.ms, record.received_at.ms);
                        assert_string_equal(service, record.service_code);
                }
        }
}

/* One open request of a service and subject, inside the transaction that would make the second; told with its number to its own sender alone. */
static void one_open_request_of_a_subject(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct intake_result result;
        struct intake_record first = intake_of("m-1");
        first.subject = "850412390011:120229590018";
        is_ok(store_intake(borrow(f), &first, &result, &why), &why);
        keep(f);
        struct intake_record second = intake_of("m-2");
        second.subject = first.subject;
        is_refused(store_intake(borrow(f), &second, &result, &why), &why, GW_REJECT, REASON_REQUEST_DUPLICATE, "its number is 10100000000001");
        gw_ignore(give_back(f, GW_REJECT));
        second.sender_id = "another";
        is_refused(store_intake(borrow(f), &second, &result, &why), &why, GW_REJECT, REASON_REQUEST_DUPLICATE, "it came in another way");
        gw_ignore(give_back(f, GW_REJECT));
        second.service_code = "OTHER";
        is_ok(store_intake(borrow(f), &second, &result, &why), &why);
        keep(f);
        struct intake_record child = intake_of("m-3");
        child.subject = "850412390011:151107690019";
        is_ok(store_intake(borrow(f), &child, &result, &why), &why);
        keep(f);
        is_ok(store_intake(borrow(f), &first, &result, &why), &why); /* the same message again is no second request */
        keep(f);
        assert_int_equal(result.outcome, INTAKE_REPEATED);
        is_ok(store_transition(borrow(f), 1, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "r", AT(5), &why), &why);
        keep(f);
        struct intake_record next = intake_of("m-4");
        next.subject = first.subject;
        is_ok(store_intake(borrow(f), &next, &result, &why), &why);
        keep(f);
        assert_int_equal(result.outcome, INTAKE_NEW);
}

/* What a file of version 1 looked like, made out of one of today. */
static void files_of_version_1_are_brought_up_to_date(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char text[64];
        int64_t id = registered(f, "m-1");
        struct store *s = borrow(f);
        add(s, id, 1, "n-1", 0);
        add(s, id, 2, "n-2", 0);
        keep(f);
        fixture_close(f);
        tamper(f, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'BETWEEN 0 AND 8', 'BETWEEN 1 AND 8') WHERE name = 'request';"
                  "PRAGMA writable_schema = RESET; DROP INDEX request_open; CREATE INDEX request_open ON request (due_at) WHERE state IN (1, 3, 4, 8);"
                  "DROP TABLE evidence; DROP INDEX request_subject; ALTER TABLE request DROP COLUMN subject; DROP TABLE casework_act; DROP TABLE transfer_entry; DROP TABLE transfer_register; DROP TABLE paper;"
                  "DROP TABLE applied; DROP TABLE casework; DROP TABLE attachment; DROP TABLE attachment_body; DROP TABLE refusal;"
                  "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '(request_id, destination, sequence)', '(request_id, sequence)') WHERE name = 'outbox';"
                  "PRAGMA writable_schema = RESET; REINDEX outbox; PRAGMA user_version = 1");
        fixture_open(f);
        assert_int_equal(ask(f, "PRAGMA user_version"), 5);
        assert_int_equal(ask(f, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
        assert_int_equal(ask(f, "SELECT count(*) FROM sqlite_schema WHERE name IN ('casework', 'attachment', 'refusal', 'request_subject', 'applied')"), 5);
        assert_int_equal(ask(f, "SELECT state FROM request WHERE id = 1"), REQUEST_REGISTERED);
        assert_int_equal(id, 1);
        s = borrow(f);
        add_to(s, "provider", id, 1, "p-1");
        is_ok(store_outbox_sent(s, 1, AT(1), &why), &why);
        assert_string_equal(claim(s, 1, 2, 8, text), "2 ");
        keep(f);
        struct intake_result result;
        struct intake_record record = intake_of("m-2");
        record.checking = true;
        is_ok(store_intake(borrow(f), &record, &result, &why), &why);
        keep(f);
        struct store_totals totals;
        is_ok(store_totals(f->reader, AT(1800001), &totals, &why), &why);
        assert_int_equal(totals.overdue, 2);
        uint64_t events = 0;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, 1);
}

/* A text file in the store's place is neither overwritten nor accepted. */
static void file_that_is_no_store(void **state)
{
        struct fixture *f = *state;
        fixture_close(f);
        auto_str char *text = xasprintf("%s.txt", f->path);
        auto_str char *lock = xasprintf("%s.lock", text);
        assert_true(text_write_file(text, span_str("These are notes of somebody, long enough to be taken for a header of a page."), 0600));
        struct why why = WHY_INIT;
        struct journal *journal = NULL;
        struct journal_options options = {.path = text};
        is_refused(journal_open(&options, &journal, &why), &why, GW_FAULT, REASON_STORE_UNAVAILABLE, "not a database");
        unlink(text);
        unlink(lock);
        fixture_open(f);
}

/* ---- random sequences ---- */

#define MODEL_REQUESTS 400
#define MODEL_ROWS 8

static const char *const model_destinations[] = {"cabinet", "provider"};
#define MODEL_DESTINATIONS GW_COUNT(model_destinations)

/* What the test believes of one request, and of its rows for each destination. */
struct model_lane {
        int rows, sent;                       /* rows 1..rows exist, 1..sent are sent */
        bool parked;                          /* the row sent + 1 */
        int64_t ids[MODEL_ROWS + 1];
};
struct model {
        enum request_state state;
        bool decided;
        struct model_lane lanes[MODEL_DESTINATIONS];
};
struct world {
        struct model requests[MODEL_REQUESTS + 1];
        int count;
        uint64_t events;
        int messages;
};

static uint64_t dice_state;
static unsigned dice(unsigned sides) /* xorshift64*: the same sequences in every run */
{
        dice_state ^= dice_state >> 12;
        dice_state ^= dice_state << 25;
        dice_state ^= dice_state >> 27;
        return (unsigned)((dice_state * 2685821657736338717ULL) >> 33) % sides;
}

static void step_intake(struct store *s, struct world *w)
{
        struct why why = WHY_INIT;
        char id[24];
        bool repeat = w->count > 0 && dice(4) == 0;
        if (!repeat && w->count == MODEL_REQUESTS)
                return;
        snprintf(id, sizeof id, "p-%d", repeat ? 1 + (int)dice((unsigned)w->count) : w->count + 1);
        struct intake_record record = intake_of(id);
        bool forged = repeat && dice(2);
        if (forged)
                record.digest[dice(32)] ^= 0x40;
        struct intake_result result;
        enum gw_rc rc = store_intake(s, &record, &result, &why);
        if (forged) {
                is_refused(rc, &why, GW_REJECT, REASON_MESSAGE_ID_REUSED, "");
                return;
        }
        is_ok(rc, &why);
        assert_int_equal(result.outcome, repeat ? INTAKE_REPEATED : INTAKE_NEW);
        assert_int_equal(result.request_id, atoi(id + 2)); /* never reused, no gap: the model's own count */
        if (repeat) {
                assert_int_equal(result.state, w->requests[result.request_id].state);
                return;
        }
        w->requests[++w->count] = (struct model){.state = REQUEST_REGISTERED};
        w->events++;
}

static void step_transition(struct store *s, struct world *w, int r)
{
        struct why why = WHY_INIT;
        struct model *m = &w->requests[r];
        enum request_state from = dice(3) ? m->state : (enum request_state)dice(REQUEST_STATE_COUNT);
        enum request_state to = (enum request_state)dice(REQUEST_STATE_COUNT);
        if (!request_transition_allowed(from, to))
                return;
        enum gw_rc rc = store_transition(s, r, from, to, "test", "random", AT(w->events), &why);
        if (from != m->state) {
                is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "dropped");
                return;
        }
        is_ok(rc, &why);
        m->state = to;
        w->events++;
}

static void step_decision(struct store *s, struct world *w, int r)
{
        struct why why = WHY_INIT;
        struct model *m = &w->requests[r];
        bool open = m->state == REQUEST_REGISTERED || m->state == REQUEST_AWAITING_DATA || m->state == REQUEST_DECIDED ||
                    m->state == REQUEST_FAILED_TECH;
        char number[20];
        is_ok(store_next_document_number(s, number, &why), &why);
        struct decision_record record = decision_of(r, number);
        enum gw_rc rc = store_decision(s, &record, &why);
        if (!open || m->decided) {
                is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "");
                return;
        }
        is_ok(rc, &why);
        m->decided = true;
}

static void step_outbox_add(struct store *s, struct world *w, int r)
{
        struct why why = WHY_INIT;
        unsigned lane = dice(MODEL_DESTINATIONS);
        struct model_lane *m = &w->requests[r].lanes[lane];
        char id[24];
        snprintf(id, sizeof id, "o-%d", ++w->messages);
        bool repeat = m->rows > 0 && dice(4) == 0;
        if (!repeat && m->rows == MODEL_ROWS)
                return;
        struct outbox_new row = row_of(r, repeat ? m->rows : m->rows + 1, id);
        row.destination = model_destinations[lane];
        int64_t row_id = 0;
        enum gw_rc rc = store_outbox_add(s, &row, &row_id, &why);
        if (repeat) {
                is_refused(rc, &why, GW_REJECT, REASON_INTERNAL, "already");
                return;
        }
        is_ok(rc, &why);
        m->ids[++m->rows] = row_id;
}

static void step_outbox_move(struct store *s, struct world *w, int r)
{
        struct why why = WHY_INIT;
        struct model_lane *m = &w->requests[r].lanes[dice(MODEL_DESTINATIONS)];
        if (m->rows == 0)
                return;
        int n = 1 + (int)dice((unsigned)m->rows);
        bool head = n == m->sent + 1, ready = head && !m->parked;
        enum gw_rc rc = GW_OK;
        bool want = ready;
        switch (dice(4)) {
        case 0:
                rc = store_outbox_sent(s, m->ids[n], AT(1), &why);
                m->sent += ready;
                break;
        case 1:
                rc = store_outbox_retry(s, m->ids[n], AT(2), "E", &why);
                break;
        case 2:
                rc = store_outbox_park(s, m->ids[n], "E", AT(2), &why);
                m->parked = m->parked || ready;
                break;
        default:
                want = head && m->parked;
                rc = store_outbox_release(s, m->ids[n], AT(3), &why);
                m->parked = m->parked && !want;
        }
        assert_int_equal(rc, want ? GW_OK : GW_REJECT);
}

/* Every row that comes is the first unsent one of its request for that destination, and not parked. */
static void step_claim(struct store *s, const struct world *w)
{
        struct why why = WHY_INIT;
        struct outbox_row rows[8];
        size_t count = 0;
        unsigned lane = dice(MODEL_DESTINATIONS);
        is_ok(store_outbox_claim(s, model_destinations[lane], AT(1000000), AT(900000), 8, rows, &count, &why), &why);
        for (size_t i = 0; i < count; i++) {
                const struct model_lane *m = &w->requests[rows[i].request_id].lanes[lane];
                assert_int_equal(rows[i].sequence, m->sent + 1);
                assert_false(m->parked);
                outbox_row_done(&rows[i]);
        }
}

static void random_sequence(struct fixture *f, struct world *w)
{
        struct world before = *w;
        struct store *s = borrow(f);
        unsigned steps = 1 + dice(12);
        for (unsigned i = 0; i < steps; i++) {
                int r = w->count ? 1 + (int)dice((unsigned)w->count) : 0;
                switch (r ? dice(6) : 0) {
                case 0: step_intake(s, w); break;
                case 1: step_transition(s, w, r); break;
                case 2: step_decision(s, w, r); break;
                case 3: step_outbox_add(s, w, r); break;
                case 4: step_outbox_move(s, w, r); break;
                default: step_claim(s, w);
                }
        }
        if (dice(5)) {
                keep(f);
                return;
        }
        assert_int_equal(give_back(f, GW_REJECT), GW_REJECT);
        *w = before;
}

static void compare(struct fixture *f, const struct world *w)
{
        struct why why = WHY_INIT;
        struct store_totals got, want = {.events = (int64_t)w->events};
        for (int r = 1; r <= w->count; r++) {
                const struct model *m = &w->requests[r];
                struct request_view view;
                is_ok(store_view_by_id(f->reader, r, true, &view, &why), &why);
                assert_int_equal(view.state, m->state);
                assert_int_equal(view.outcome[0] != '\0', m->decided);
                assert_int_equal(view.document.n != 0, m->decided);
                request_view_done(&view);
                want.requests[m->state]++;
                for (size_t i = 0; i < MODEL_DESTINATIONS; i++) {
                        want.outbox_sent += m->lanes[i].sent;
                        want.outbox_parked += m->lanes[i].parked;
                        want.outbox_pending += m->lanes[i].rows - m->lanes[i].sent - m->lanes[i].parked;
                }
        }
        is_ok(store_totals(f->reader, AT(0), &got, &why), &why);
        assert_memory_equal(&got, &want, sizeof got);
        uint64_t events = 0;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, w->events);
        assert_int_equal(ask(f, "SELECT count(*) FROM request AS r WHERE r.state <> (SELECT to_state FROM event WHERE request_id = r.id"
                                " ORDER BY seq DESC LIMIT 1)"), 0);
        assert_int_equal(ask(f, "SELECT count(*) FROM event AS e WHERE e.from_state <> coalesce((SELECT p.to_state FROM event AS p"
                                " WHERE p.request_id = e.request_id AND p.seq < e.seq ORDER BY p.seq DESC LIMIT 1), 0)"), 0);
        assert_int_equal(ask(f, "SELECT count(number) - count(DISTINCT number) FROM document"), 0);
        assert_int_equal(ask(f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_int_equal(ask(f, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void random_sequences_keep_the_invariants(void **state)
{
        struct fixture *f = *state;
        struct world *w = xcalloc(1, sizeof *w);
        dice_state = 0x9e3779b97f4a7c15ULL;
        for (int i = 1; i <= 2000; i++) {
                random_sequence(f, w);
                if (i % 500 == 0) {
                        compare(f, w);
                        fixture_close(f); /* and over a restart */
                        fixture_open(f);
                }
        }
        assert_int_equal(w->count, MODEL_REQUESTS);
        free(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(intake_registers), TEST(intake_repeats), TEST(intake_with_other_bytes_is_refused), TEST(checking_waits_and_passes), TEST(checking_may_end_in_refusal),
                TEST(intake_identity_is_sender_and_message), TEST(intake_lengths), TEST(what_was_signed_once_is_registered_once),
                TEST(transition_moves_once), TEST(illegal_transition_aborts), TEST(events_are_listed), TEST(answers_are_facts),
                TEST(decision_is_made_once), TEST(decision_not_after_the_end), TEST(document_numbers_are_unique), TEST(numbers_are_not_reused),
                TEST(outbox_row_comes_back_whole), TEST(outbox_keeps_the_order), TEST(outbox_destinations_do_not_wait_for_each_other), TEST(outbox_lease_of_a_blocked_row_lasts),
                TEST(outbox_parks_and_releases), TEST(outbox_refuses),
                TEST(requests_are_claimed), TEST(finished_requests_are_not_claimed), TEST(chain_finds_every_change),
                TEST(reader_numbers), TEST(reader_before_the_file), TEST(files_are_private), TEST(files_of_others_are_refused), TEST(files_of_version_1_are_brought_up_to_date),
                TEST(same_message_is_found_by_its_bytes), TEST(one_open_request_of_a_subject),
                TEST(same_message_is_found_by_its_bytes),
                TEST(file_that_is_no_store), TEST(random_sequences_keep_the_invariants),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
