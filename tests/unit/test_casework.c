/* What people work on, in the store: opening, claims with their tokens, acts, pages, counts, what changed. */
#include "tests/unit/helper_store.h"

#include "gateway/base/clock.h"
#include "gateway/register/casework.h"

#define PROVIDER "160640900019"
#define FRONT "990240003456"
#define HOUR 3600000LL

static const struct casework_place first = {.step = 2, .role = "HEAD", .executor = "", .from = {T0}, .near = {T0 + 8 * HOUR}, .due = {T0 + 10 * HOUR}};

static struct casework_new new_of(int64_t id)
{
        static const struct casework_entry done = {.step = 1, .act = "REGISTER", .role = "GATEWAY", .staff = "gateway", .at = {T0}, .from = {T0}, .due = {WALL_NEVER_MS}};
        return (struct casework_new){.request_id = id, .service = "HOUSING_AID", .route = "OFFICE", .provider_bin = PROVIDER, .front_bin = PROVIDER, .result_due = {T0 + 100 * HOUR},
                                     .place = first, .done = &done, .done_count = 1};
}

static int64_t opened(struct fixture *f, const char *message_id)
{
        struct why why = WHY_INIT;
        struct intake_record record = intake_of(message_id);
        struct intake_result result;
        struct store *store = borrow(f);
        is_ok(store_intake(store, &record, &result, &why), &why);
        struct casework_new new = new_of(result.request_id);
        is_ok(casework_open(store, &new, &why), &why);
        keep(f);
        return result.request_id;
}

static struct casework_who who(const char *staff, const char *role, int64_t at)
{
        return (struct casework_who){.staff = staff, .role = role, .bin = PROVIDER, .at = AT(at)};
}

static int64_t claimed(struct fixture *f, int64_t id, int step, const char *staff, const char *role, int64_t at)
{
        struct why why = WHY_INIT;
        struct casework_claim claim = {0};
        struct casework_who by = who(staff, role, at);
        is_ok(casework_claim(borrow(f), id, step, &by, AT(at + HOUR), &claim, &why), &why);
        keep(f);
        assert_int_equal(claim.lease_until.ms, T0 + at + HOUR);
        return claim.token;
}

static void claim_is_refused(struct fixture *f, int64_t id, int step, struct casework_who by, int reason, const char *detail)
{
        struct why why = WHY_INIT;
        struct casework_claim claim = {0};
        is_refused(casework_claim(borrow(f), id, step, &by, AT(9 * HOUR), &claim, &why), &why, GW_REJECT, reason, detail);
        gw_ignore(give_back(f, GW_REJECT));
        assert_int_equal(claim.token, 0);
}

static const struct casework_place third = {.step = 3, .role = "EXECUTOR", .executor = "p.ex1", .from = {T0 + 1000}, .near = {T0 + 20 * HOUR}, .due = {T0 + 30 * HOUR}};

/* Step 2 done by the head. */
static struct casework_act resolved(int64_t id, int64_t token, int64_t at)
{
        return (struct casework_act){.request_id = id, .token = token, .step = 2, .next = &third, .detail = "step 2 RESOLVE",
                                     .entry = {.step = 2, .act = "RESOLVE", .role = "HEAD", .staff = "p.head", .comment = "", .at = AT(at), .from = {T0}, .due = {T0 + 10 * HOUR}}};
}

static void act_is_refused(struct fixture *f, struct casework_act act, int reason, const char *detail)
{
        struct why why = WHY_INIT;
        bool repeated = false;
        is_refused(casework_act(borrow(f), &act, &repeated, &why), &why, GW_REJECT, reason, detail);
        gw_ignore(give_back(f, GW_REJECT));
}

static void act(struct fixture *f, struct casework_act act, bool want_repeated)
{
        struct why why = WHY_INIT;
        bool repeated = !want_repeated;
        is_ok(casework_act(borrow(f), &act, &repeated, &why), &why);
        keep(f);
        assert_int_equal(repeated, want_repeated);
}

static struct casework_row viewed(struct fixture *f, int64_t id)
{
        struct why why = WHY_INIT;
        struct casework_row row;
        auto_str char *number = xasprintf("101%011lld", (long long)id);
        is_ok(casework_view(f->reader, number, PROVIDER, &row, &why), &why);
        return row;
}

/* ---- one request ---- */

static void opened_and_seen(void **state)
{
        struct fixture *f = *state;
        int64_t id = opened(f, "m-1");
        struct casework_row row = viewed(f, id);
        assert_string_equal(row.number, "10100000000001");
        assert_string_equal(row.service, "HOUSING_AID");
        assert_string_equal(row.route, "OFFICE");
        assert_string_equal(row.role, "HEAD");
        assert_string_equal(row.channel, "shep-sync");
        assert_string_equal(row.language, "kk");
        assert_string_equal(row.portal_number, "10000000000000005765");
        assert_string_equal(row.executor, "");
        assert_string_equal(row.holder, "");
        assert_string_equal(row.decided, "");
        assert_int_equal(row.step, 2);
        assert_int_equal(row.state, REQUEST_REGISTERED);
        assert_int_equal(row.step_due.ms, T0 + 10 * HOUR);
        assert_int_equal(row.step_near.ms, T0 + 8 * HOUR);
        assert_int_equal(row.result_due.ms, T0 + 100 * HOUR);
        assert_int_equal(row.registered_at.ms, T0);
        assert_int_equal(row.seq, 1);
        struct why why = WHY_INIT;
        is_refused(casework_view(f->reader, "10100000000001", FRONT, &row, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        is_refused(casework_view(f->reader, "10100000000002", PROVIDER, &row, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        is_refused(casework_view(f->reader, "x", PROVIDER, &row, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        registered(f, "m-2"); /* nobody works on that one */
        is_refused(casework_view(f->reader, "10100000000002", PROVIDER, &row, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
}

static void claims_exclude_each_other(void **state)
{
        struct fixture *f = *state;
        int64_t id = opened(f, "m-1");
        assert_int_equal(claimed(f, id, 2, "p.head", "HEAD", 0), 1);
        /* the same person again: the same token, more time */
        assert_int_equal(claimed(f, id, 2, "p.head", "HEAD", 60000), 1);
        claim_is_refused(f, id, 2, who("p.other", "HEAD", 60000), REASON_CLAIM_HELD, "HEAD has it until ");
        claim_is_refused(f, id, 2, who("p.head", "CLERK", 60000), REASON_CLAIM_HELD, "HEAD has it until ");
        claim_is_refused(f, id, 3, who("p.head", "HEAD", 60000), REASON_STEP_NOT_NEXT, "step 2 comes next");
        claim_is_refused(f, id + 1, 2, who("p.head", "HEAD", 60000), REASON_REQUEST_NOT_FOUND, "nobody works on this request");
        struct casework_row row = viewed(f, id);
        assert_string_equal(row.holder, "p.head");
        assert_string_equal(row.holder_role, "HEAD");
        assert_int_equal(row.lease_until.ms, T0 + 60000 + HOUR);
        /* over: another may have it, and so the first one's token is old */
        assert_int_equal(claimed(f, id, 2, "p.other", "HEAD", 2 * HOUR), 2);
        act_is_refused(f, resolved(id, 1, 2 * HOUR + 1), REASON_CLAIM_STALE, "HEAD has it until ");
        act_is_refused(f, resolved(id, 3, 2 * HOUR + 1), REASON_CLAIM_STALE, "HEAD has it until ");
        act_is_refused(f, resolved(id, 2, 4 * HOUR), REASON_CLAIM_STALE, ", which is over");
        assert_int_equal(ask(f, "SELECT count(*) FROM casework_act"), 1);
}

static void given_back(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = opened(f, "m-1");
        int64_t token = claimed(f, id, 2, "p.head", "HEAD", 0);
        struct casework_who other = who("p.other", "HEAD", 1000), by = who("p.head", "HEAD", 1000);
        is_refused(casework_release(borrow(f), id, token, &other, &why), &why, GW_REJECT, REASON_CLAIM_STALE, "HEAD has it until ");
        gw_ignore(give_back(f, GW_REJECT));
        is_refused(casework_release(borrow(f), id, token + 1, &by, &why), &why, GW_REJECT, REASON_CLAIM_STALE, "HEAD has it until ");
        gw_ignore(give_back(f, GW_REJECT));
        is_ok(casework_release(borrow(f), id, token, &by, &why), &why);
        keep(f);
        is_refused(casework_release(borrow(f), id, token, &by, &why), &why, GW_REJECT, REASON_CLAIM_STALE, "nobody has claimed it");
        gw_ignore(give_back(f, GW_REJECT));
        act_is_refused(f, resolved(id, token, 2000), REASON_CLAIM_STALE, "nobody has claimed it");
        assert_int_equal(claimed(f, id, 2, "p.other", "HEAD", 2000), token + 1);
}

static void acts_move_the_request(void **state)
{
        struct fixture *f = *state;
        int64_t id = opened(f, "m-1");
        int64_t token = claimed(f, id, 2, "p.head", "HEAD", 0);
        act(f, resolved(id, token, 1000), false);
        act(f, resolved(id, token, 2000), true); /* its answer was lost */
        struct casework_row row = viewed(f, id);
        assert_int_equal(row.step, 3);
        assert_string_equal(row.role, "EXECUTOR");
        assert_string_equal(row.executor, "p.ex1");
        assert_string_equal(row.holder, "");
        assert_int_equal(row.step_due.ms, T0 + 30 * HOUR);
        act_is_refused(f, resolved(id, token + 1, 2000), REASON_CLAIM_STALE, "nobody has claimed it");
        int64_t next = claimed(f, id, 3, "p.ex1", "EXECUTOR", 3000);
        assert_int_equal(next, token + 1);
        act_is_refused(f, resolved(id, next, 4000), REASON_CLAIM_STALE, "EXECUTOR has it until "); /* the right number in the wrong hand */
        struct casework_act again = resolved(id, next, 4000);
        again.entry.staff = "p.ex1";
        act_is_refused(f, again, REASON_STEP_NOT_NEXT, "step 3 comes next");
        /* a comment keeps the place and the claim */
        struct casework_act said = {.request_id = id, .step = 3, .detail = "comment",
                                    .entry = {.step = 3, .act = "COMMENT", .role = "HEAD", .staff = "p.head", .comment = "көріңіз", .at = AT(5000)}};
        act(f, said, false);
        act(f, said, false); /* without a token it is another one */
        assert_string_equal(viewed(f, id).holder, "p.ex1");
        /* a substitute ends the claim of whoever had it */
        struct casework_place to_other = third;
        to_other.executor = "p.ex2";
        struct casework_act substitute = {.request_id = id, .step = 3, .next = &to_other, .detail = "substituted",
                                          .entry = {.step = 3, .act = "SUBSTITUTE", .role = "HEAD", .staff = "p.head", .comment = "ауырып қалды", .at = AT(6000)}};
        act(f, substitute, false);
        row = viewed(f, id);
        assert_string_equal(row.executor, "p.ex2");
        assert_string_equal(row.holder, "");
        struct casework_act prepared = {.request_id = id, .token = next, .step = 3, .next = &first, .outcome = "REFUSED", .ground = "UNTRUE", .detail = "step 3 PREPARE",
                                        .entry = {.step = 3, .act = "PREPARE", .role = "EXECUTOR", .staff = "p.ex1", .comment = "", .at = AT(7000)}};
        act_is_refused(f, prepared, REASON_CLAIM_STALE, "nobody has claimed it");
        prepared.token = claimed(f, id, 3, "p.ex2", "EXECUTOR", 7000);
        act_is_refused(f, prepared, REASON_CLAIM_STALE, "EXECUTOR has it until ");
        prepared.entry.staff = "p.ex2";
        act(f, prepared, false);
        row = viewed(f, id);
        assert_string_equal(row.outcome, "REFUSED");
        assert_string_equal(row.ground, "UNTRUE");
        assert_int_equal(row.step, 2);
}

static void bounds_of_an_act(void **state)
{
        struct fixture *f = *state;
        int64_t id = opened(f, "m-1");
        char comment[CASEWORK_COMMENT_MAX + 2];
        memset(comment, 'a', sizeof comment - 1);
        comment[sizeof comment - 1] = '\0';
        struct casework_act said = {.request_id = id, .step = 2, .detail = "comment", .entry = {.step = 2, .act = "COMMENT", .role = "HEAD", .staff = "p.head", .comment = comment, .at = AT(1)}};
        act_is_refused(f, said, REASON_STEP_INPUT, "comment: longer than 1000 bytes");
        comment[CASEWORK_COMMENT_MAX] = '\0';
        act(f, said, false);
        struct why why = WHY_INIT;
        bool repeated = false;
        said.entry.staff = "0123456789012345678901234567890123456789012345678901234567890123";
        is_refused(casework_act(borrow(f), &said, &repeated, &why), &why, GW_FAULT, REASON_INTERNAL, "a staff id is longer");
        gw_ignore(give_back(f, GW_FAULT));
        said.entry.staff = "p.head";
        said.request_id = id + 1;
        act_is_refused(f, said, REASON_REQUEST_NOT_FOUND, "nobody works on this request");
}

static void count_entry(void *arg, const struct casework_entry *entry)
{
        struct buf *out = arg;
        buf_printf(out, "%d %s %s %s %lld;", entry->step, entry->act, entry->role, entry->staff, (long long)(entry->at.ms - T0));
}

static void everything_is_kept_and_chained(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = opened(f, "m-1");
        act(f, resolved(id, claimed(f, id, 2, "p.head", "HEAD", 0), 1000), false);
        is_ok(casework_note(borrow(f), id, "staff:p.ex1 EXECUTOR", "read", AT(2000), &why), &why);
        keep(f);
        is_refused(casework_note(borrow(f), id + 1, "staff:p.ex1 EXECUTOR", "read", AT(2000), &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no request");
        gw_ignore(give_back(f, GW_REJECT));
        auto_buf struct buf out = BUF_INIT;
        is_ok(casework_history(f->reader, id, count_entry, &out, &why), &why);
        assert_string_equal(buf_cstr(&out), "1 REGISTER GATEWAY gateway 0;2 RESOLVE HEAD p.head 1000;");
        assert_int_equal(ask(f, "SELECT count(*) FROM event WHERE from_state = 1 AND to_state = 1 AND actor = 'staff:p.head HEAD'"), 2);
        uint64_t events = 0;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, 4);
        tamper(f, "UPDATE event SET actor = 'staff:p.other HEAD' WHERE detail = 'step 2 RESOLVE'");
        is_refused(store_check_chain(f->reader, &events, &why), &why, GW_FAULT, REASON_INTERNAL, "event 3 was changed");
}

/* Claims and places outlive the gateway: a lease is a person's, not a process's. */
static void a_restart_changes_nothing(void **state)
{
        struct fixture *f = *state;
        int64_t id = opened(f, "m-1");
        int64_t token = claimed(f, id, 2, "p.head", "HEAD", 0);
        fixture_close(f);
        fixture_open(f);
        claim_is_refused(f, id, 2, who("p.other", "HEAD", 1000), REASON_CLAIM_HELD, "HEAD has it until ");
        act(f, resolved(id, token, 2000), false);
        fixture_close(f);
        fixture_open(f);
        assert_int_equal(viewed(f, id).step, 3);
        act(f, resolved(id, token, 3000), true);
}

/* The Portal's: the last step is the gateway's, done when the cabinet has the result. */
static void issued_to_the_cabinet(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = opened(f, "m-1"), other = opened(f, "m-2");
        struct casework_place last = {.step = 5, .role = "GATEWAY", .executor = "", .from = AT(1000), .near = {WALL_NEVER_MS}, .due = {WALL_NEVER_MS}};
        struct casework_act signed_act = resolved(id, claimed(f, id, 2, "p.head", "HEAD", 0), 1000);
        signed_act.next = &last;
        act(f, signed_act, false);
        for (int64_t each = id; each <= other; each++) {
                struct store *store = borrow(f);
                is_ok(store_transition(store, each, REQUEST_REGISTERED, REQUEST_DECIDED, "staff:p.head HEAD", "POSITIVE", AT(2000), &why), &why);
                is_ok(store_transition(store, each, REQUEST_DECIDED, REQUEST_RESULT_SENT, "gateway", "", AT(3000), &why), &why);
                keep(f);
        }
        assert_int_equal(viewed(f, id).step, 0);
        assert_int_equal(viewed(f, other).step, 2); /* a person's step stays a person's */
        auto_buf struct buf out = BUF_INIT;
        is_ok(casework_history(f->reader, id, count_entry, &out, &why), &why);
        assert_non_null(strstr(buf_cstr(&out), "5 ISSUE GATEWAY gateway 3000;"));
        claim_is_refused(f, id, 5, who("p.head", "HEAD", 4000), REASON_STEP_NOT_NEXT, "nothing is left to be done");
        is_ok(store_transition(borrow(f), id, REQUEST_RESULT_SENT, REQUEST_RECEIVED, "cabinet", "", AT(5000), &why), &why);
        keep(f);
}

static void withdrawn_ends_the_work(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = opened(f, "m-1");
        is_ok(store_transition(borrow(f), id, REQUEST_REGISTERED, REQUEST_CANCELLED, "applicant", "", AT(2000), &why), &why);
        keep(f);
        assert_int_equal(viewed(f, id).step, 0);
}

static void warned_once_each(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = opened(f, "m-1");
        struct casework_warning rows[4];
        size_t count = 9;
        static const struct { int64_t at; size_t count; bool over; } cases[] = {{HOUR, 0, false}, {8 * HOUR, 1, false}, {9 * HOUR, 0, false}, {10 * HOUR, 1, true}, {11 * HOUR, 0, true}};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                is_ok(casework_warn(borrow(f), AT(cases[i].at), 4, rows, &count, &why), &why);
                keep(f);
                assert_int_equal(count, cases[i].count);
                if (count)
                        assert_true(rows[0].over == cases[i].over && rows[0].request_id == id && rows[0].step == 2 && rows[0].due.ms == T0 + 10 * HOUR);
        }
        assert_string_equal(rows[0].number, "10100000000001");
        assert_string_equal(rows[0].role, "HEAD");
        /* the next step is told anew */
        act(f, resolved(id, claimed(f, id, 2, "p.head", "HEAD", 12 * HOUR), 12 * HOUR), false);
        is_ok(casework_warn(borrow(f), AT(40 * HOUR), 4, rows, &count, &why), &why);
        keep(f);
        assert_true(count == 1 && rows[0].over && rows[0].step == 3);
}

/* ---- many ---- */

struct many_arg { int count; };

static enum gw_rc add_many(struct store *store, void *arg, struct why *why)
{
        const struct many_arg *many = arg;
        for (int i = 0; i < many->count; i++) {
                auto_str char *message_id = xasprintf("many-%d", i);
                struct intake_record record = intake_of(message_id);
                record.received_at = AT(i);
                struct intake_result result;
                enum gw_rc rc = store_intake(store, &record, &result, why);
                if (rc != GW_OK)
                        return rc;
                struct casework_new new = new_of(result.request_id);
                new.provider_bin = i % 2 ? PROVIDER : "000000000001";
                new.front_bin = i % 3 ? "000000000002" : PROVIDER;
                new.service = i % 5 ? "HOUSING_AID" : "LOCAL_AID";
                new.place.due = AT((i * 37 % 1000) * HOUR + i);
                new.place.near = AT((i * 37 % 1000) * HOUR + i - HOUR);
                new.place.executor = i % 7 ? "" : "p.ex1";
                new.place.role = i % 7 ? "HEAD" : "EXECUTOR";
                new.place.step = i % 11 ? 2 : 0;
                rc = casework_open(store, &new, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static void fill(struct fixture *f, int count)
{
        struct why why = WHY_INIT;
        struct many_arg many = {count};
        is_ok(journal_run(f->journal, add_many, &many, &why), &why);
}

/* All pages one after another; how many rows, each once and in order. */
static size_t walk(struct fixture *f, struct casework_filter filter)
{
        static struct casework_row rows[100];
        struct why why = WHY_INIT;
        size_t total = 0, count = 0;
        struct casework_row before = {0};
        do {
                is_ok(casework_list(f->reader, &filter, rows, &count, &why), &why);
                for (size_t i = 0; i < count; i++) {
                        bool ordered = !before.request_id || (filter.newest_first || filter.which != CASEWORK_OPEN
                                                                      ? rows[i].request_id < before.request_id
                                                                      : rows[i].step_due.ms > before.step_due.ms || (rows[i].step_due.ms == before.step_due.ms && rows[i].request_id > before.request_id));
                        if (!ordered)
                                fail_msg("row %zu: %s after %s", total + i, rows[i].number, before.number);
                        before = rows[i];
                }
                total += count;
                filter.after_due = before.step_due.ms;
                filter.after_id = before.request_id;
        } while (count == filter.limit);
        return total;
}

static void pages_and_filters(void **state)
{
        struct fixture *f = *state;
        fill(f, 2310);
        static const struct { struct casework_filter filter; const char *want; } cases[] = {
                {{.which = CASEWORK_OPEN}, "step > 0"},
                {{.which = CASEWORK_OPEN, .newest_first = true}, "step > 0"},
                {{.which = CASEWORK_DONE}, "step = 0"},
                {{.which = CASEWORK_ALL}, "1"},
                {{.which = CASEWORK_OPEN, .service = "LOCAL_AID"}, "step > 0 AND service = 'LOCAL_AID'"},
                {{.which = CASEWORK_OPEN, .route = "CSC"}, "0"},
                {{.which = CASEWORK_OPEN, .executor = "p.ex1"}, "step > 0 AND executor = 'p.ex1'"},
                {{.which = CASEWORK_OPEN, .roles = " CLERK EXECUTOR ", .me = "p.ex1"}, "step > 0 AND role = 'EXECUTOR'"},
                {{.which = CASEWORK_OPEN, .roles = " CLERK EXECUTOR ", .me = "p.ex2"}, "0"},
                {{.which = CASEWORK_OPEN, .roles = " HEAD ", .newest_first = true}, "step > 0 AND role = 'HEAD'"},
                {{.which = CASEWORK_OPEN, .roles = " EAD "}, "0"},
                {{.which = CASEWORK_OPEN, .colour = CASEWORK_OK}, "step > 0 AND step_near > 1795000000000 + 500 * 3600000"},
                {{.which = CASEWORK_OPEN, .colour = CASEWORK_NEAR}, "step > 0 AND step_near <= 1795000000000 + 500 * 3600000 AND step_due > 1795000000000 + 500 * 3600000"},
                {{.which = CASEWORK_OPEN, .colour = CASEWORK_OVER}, "step > 0 AND step_due <= 1795000000000 + 500 * 3600000"},
                {{.which = CASEWORK_ALL, .number = "1010000000002"}, "request_id BETWEEN 20 AND 29"},
                {{.which = CASEWORK_ALL, .number = "10100000001"}, "request_id BETWEEN 1000 AND 1999"},
                {{.which = CASEWORK_ALL, .number = "10100000000021"}, "request_id = 21"},
                {{.which = CASEWORK_ALL, .number = "10"}, "1"},
                {{.which = CASEWORK_ALL, .number = "101"}, "1"},
                {{.which = CASEWORK_ALL, .number = "102"}, "0"},
                {{.which = CASEWORK_ALL, .number = "101x"}, "0"},
                {{.which = CASEWORK_ALL, .number = "101000000000211"}, "0"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct casework_filter filter = cases[i].filter;
                filter.bin = PROVIDER;
                filter.now = AT(500 * HOUR);
                filter.limit = i % 2 ? 7 : 100;
                auto_str char *sql = xasprintf("SELECT count(*) FROM casework WHERE '" PROVIDER "' IN (provider_bin, front_bin) AND %s", cases[i].want);
                size_t got = walk(f, filter);
                if ((int64_t)got != ask(f, sql))
                        fail_msg("case %zu: %zu rows, want %lld", i, got, (long long)ask(f, sql));
        }
        struct casework_counts counts;
        struct why why = WHY_INIT;
        struct casework_filter filter = {.bin = PROVIDER, .roles = " HEAD EXECUTOR ", .me = "p.ex2", .now = AT(500 * HOUR)};
        is_ok(casework_counts(f->reader, &filter, &counts, &why), &why);
        assert_int_equal(counts.open, ask(f, "SELECT count(*) FROM casework WHERE '" PROVIDER "' IN (provider_bin, front_bin) AND step > 0"));
        assert_int_equal(counts.mine, ask(f, "SELECT count(*) FROM casework WHERE '" PROVIDER "' IN (provider_bin, front_bin) AND step > 0 AND executor = ''"));
        assert_int_equal(counts.over, ask(f, "SELECT count(*) FROM casework WHERE '" PROVIDER "' IN (provider_bin, front_bin) AND step > 0 AND step_due <= 1795000000000 + 500 * 3600000"));
        assert_true(counts.near > 0 && counts.near < counts.over);
}

static void changes_are_told_in_order(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t a = opened(f, "m-1"), b = opened(f, "m-2"), seq = 0;
        char numbers[2][20];
        size_t count = 9;
        is_ok(casework_changes(f->reader, PROVIDER, -1, 2, numbers, &count, &seq, &why), &why);
        assert_true(count == 0 && seq == 2);
        int64_t token = claimed(f, a, 2, "p.head", "HEAD", 0);
        is_ok(casework_changes(f->reader, PROVIDER, seq, 2, numbers, &count, &seq, &why), &why);
        assert_true(count == 1 && seq == 3);
        assert_string_equal(numbers[0], "10100000000001");
        is_ok(casework_changes(f->reader, PROVIDER, seq, 2, numbers, &count, &seq, &why), &why);
        assert_true(count == 0 && seq == 3);
        claimed(f, b, 2, "p.head", "HEAD", 0);
        act(f, resolved(a, token, 1000), false);
        opened(f, "m-3");
        is_ok(casework_changes(f->reader, PROVIDER, seq, 2, numbers, &count, &seq, &why), &why); /* more than fit: the rest comes next */
        assert_true(count == 2 && seq == 5);
        assert_string_equal(numbers[0], "10100000000002");
        assert_string_equal(numbers[1], "10100000000001");
        is_ok(casework_changes(f->reader, PROVIDER, seq, 2, numbers, &count, &seq, &why), &why);
        assert_true(count == 1 && seq == 6);
        is_ok(casework_changes(f->reader, FRONT, 0, 2, numbers, &count, &seq, &why), &why);
        assert_true(count == 0);
        /* reading is no change */
        is_ok(casework_note(borrow(f), a, "staff:p.ex1 EXECUTOR", "read", AT(2000), &why), &why);
        keep(f);
        is_ok(casework_changes(f->reader, PROVIDER, 6, 2, numbers, &count, &seq, &why), &why);
        assert_true(count == 0);
}

static void what_came_is_kept(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct casework_body body;
        is_ok(casework_body(f->reader, opened(f, "m-1"), &body, &why), &why);
        assert_string_equal(buf_cstr(&body.application), "<application/>");
        assert_string_equal(buf_cstr(&body.envelope), "<Envelope/>");
        assert_string_equal(buf_cstr(&body.verdict), "{}");
        casework_body_done(&body);
        is_refused(casework_body(f->reader, 99, &body, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
}

static void measure_pages(void **state)
{
        struct fixture *f = *state;
        fill(f, 20000);
        static struct casework_row rows[50];
        struct why why = WHY_INIT;
        size_t count = 0;
        static const struct { const char *name; struct casework_filter filter; } cases[] = {
                {"first page by due", {.which = CASEWORK_OPEN}}, {"newest open", {.which = CASEWORK_OPEN, .newest_first = true}}, {"newest of all", {.which = CASEWORK_ALL}},
                {"one role", {.which = CASEWORK_OPEN, .roles = " EXECUTOR ", .me = "p.ex1"}}, {"nothing fits", {.which = CASEWORK_OPEN, .route = "CSC"}},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct casework_filter filter = cases[i].filter;
                filter.bin = PROVIDER;
                filter.limit = 50;
                struct mono_time start = mono_now();
                for (int k = 0; k < 20; k++)
                        is_ok(casework_list(f->reader, &filter, rows, &count, &why), &why);
                printf("%s of %lld open: %.2f ms\n", cases[i].name, (long long)ask(f, "SELECT count(*) FROM casework WHERE '" PROVIDER "' IN (provider_bin, front_bin) AND step > 0"),
                       (double)(mono_now().ms - start.ms) / 20);
        }
        struct casework_counts counts;
        struct casework_filter filter = {.bin = PROVIDER, .roles = " HEAD ", .now = AT(0)};
        struct mono_time start = mono_now();
        for (int k = 0; k < 20; k++)
                is_ok(casework_counts(f->reader, &filter, &counts, &why), &why);
        printf("counts: %.2f ms\n", (double)(mono_now().ms - start.ms) / 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(opened_and_seen),
                TEST(claims_exclude_each_other),
                TEST(given_back),
                TEST(acts_move_the_request),
                TEST(bounds_of_an_act),
                TEST(everything_is_kept_and_chained),
                TEST(a_restart_changes_nothing),
                TEST(issued_to_the_cabinet),
                TEST(withdrawn_ends_the_work),
                TEST(warned_once_each),
                TEST(pages_and_filters),
                TEST(changes_are_told_in_order),
                TEST(what_came_is_kept),
                TEST(measure_pages),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
