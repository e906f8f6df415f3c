/* What the operator sees of the store and does in it, and the last hour by the minute. */
#include "tests/unit/helper_store.h"

#include "gateway/register/casework.h"
#include "gateway/register/operator.h"
#include "gateway/worker/charts.h"

#define ACTOR "staff:operator OPERATOR"

static int64_t add(struct fixture *f, int64_t request, const char *destination, int sequence)
{
        struct why why = WHY_INIT;
        int64_t id = 0;
        auto_str char *message_id = xasprintf("%s-%lld-%d", destination, (long long)request, sequence);
        struct outbox_new row = {.request_id = request, .sequence = sequence, .destination = destination, .kind = "NOTIFICATION", .message_id = message_id, .state_code = "REGISTERED",
                                 .payload = span_str("<x/>"), .at = AT(sequence)};
        is_ok(store_outbox_add(borrow(f), &row, &id, &why), &why);
        keep(f);
        return id;
}

static void write_row(void *arg, const struct operator_row *row)
{
        buf_printf(arg, "%lld %s %s %s %d\n", (long long)row->id, row->number, row->destination, row->state, row->attempts);
}

static void write_queue(void *arg, const struct operator_queue *queue)
{
        buf_printf(arg, "%s %lld %lld %lld %lld\n", queue->destination, (long long)queue->waiting, (long long)queue->parked, (long long)(queue->waiting_since.ms ? queue->waiting_since.ms - T0 : -1),
                   (long long)(queue->parked_since.ms ? queue->parked_since.ms - T0 : -1));
}

static void rows_are(struct fixture *f, enum operator_which which, const char *destination, const char *want)
{
        auto_buf struct buf got = BUF_INIT;
        struct why why = WHY_INIT;
        is_ok(operator_outbox(f->reader, which, destination, 10, write_row, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), want);
}

static void rows_and_queues_are_seen(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t a = registered(f, "m-1");
        int64_t c1 = add(f, a, "cabinet", 1);
        add(f, a, "cabinet", 2);
        add(f, a, "push:provider", 3);
        rows_are(f, OPERATOR_WAITING, NULL, "1 10100000000001 cabinet waiting 0\n3 10100000000001 push:provider waiting 0\n");
        rows_are(f, OPERATOR_WAITING, "push:provider", "3 10100000000001 push:provider waiting 0\n");
        rows_are(f, OPERATOR_PARKED, NULL, "");
        is_ok(store_outbox_park(borrow(f), c1, "PEER_REFUSED", AT(9), &why), &why);
        keep(f);
        rows_are(f, OPERATOR_PARKED, "cabinet", "1 10100000000001 cabinet parked 1\n");
        rows_are(f, OPERATOR_ALL, NULL, "1 10100000000001 cabinet parked 1\n3 10100000000001 push:provider waiting 0\n");
        rows_are(f, OPERATOR_PARKED, "nobody", "");
        auto_buf struct buf got = BUF_INIT;
        is_ok(operator_queues(f->reader, write_queue, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), "cabinet 0 1 -1 9\npush:provider 1 0 3 -1\n");
        buf_reset(&got);
        is_ok(operator_rows_of(f->reader, a, write_row, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), "1 10100000000001 cabinet parked 1\n2 10100000000001 cabinet blocked 0\n3 10100000000001 push:provider waiting 0\n");
}

static void acts_are_events(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        char number[20] = "";
        int64_t a = registered(f, "m-1");
        int64_t first = add(f, a, "cabinet", 1), second = add(f, a, "cabinet", 2);
        const struct { int64_t row; bool park; int reason; const char *detail; } refused[] = {
                {first, false, REASON_OUTBOX_STATE, "not parked"}, {second, true, REASON_OUTBOX_STATE, "not what waits"}, {99, true, REASON_REQUEST_NOT_FOUND, "no such message"},
                {99, false, REASON_REQUEST_NOT_FOUND, "no such message"},
        };
        for (size_t i = 0; i < GW_COUNT(refused); i++) {
                struct store *s = borrow(f);
                is_refused(refused[i].park ? operator_park(s, refused[i].row, ACTOR, AT(5), number, &why) : operator_release(s, refused[i].row, ACTOR, AT(5), number, &why), &why, GW_REJECT,
                           refused[i].reason, refused[i].detail);
                gw_ignore(give_back(f, GW_REJECT));
        }
        is_ok(operator_park(borrow(f), first, ACTOR, AT(5), number, &why), &why);
        keep(f);
        assert_string_equal(number, "10100000000001");
        is_ok(operator_release(borrow(f), first, ACTOR, AT(6), number, &why), &why);
        keep(f);
        assert_int_equal(ask(f, "SELECT count(*) FROM event WHERE actor = '" ACTOR "' AND detail IN ('outbox row 1 parked', 'outbox row 1 released') AND from_state = to_state"), 2);
        uint64_t events = 0;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        struct outbox_row row;
        size_t count = 0;
        struct store *s = borrow(f);
        is_ok(store_outbox_claim(s, "cabinet", AT(6), AT(100), 1, &row, &count, &why), &why);
        assert_int_equal(count, 1);
        outbox_row_done(&row);
        is_refused(operator_park(s, first, ACTOR, AT(50), number, &why), &why, GW_REJECT, REASON_OUTBOX_STATE, "being sent");
        is_ok(operator_park(s, first, ACTOR, AT(101), number, &why), &why); /* its lease is over */
        keep(f);
}

static void write_due(void *arg, const struct operator_due *due)
{
        buf_printf(arg, "%s %s %s %d %s\n", due->number, due->service, request_state_info(due->state)->code, due->step, due->role);
}

static void late_ones_are_listed(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t a = registered(f, "m-1"); /* due at 1,800,000 */
        struct casework_new new = {.request_id = a, .service = "HOUSING_AID", .route = "OFFICE", .provider_bin = "160640900019", .front_bin = "160640900019", .result_due = AT(9000000),
                                   .place = {.step = 2, .role = "HEAD", .executor = "", .from = AT(0), .near = AT(500), .due = AT(1000)}};
        is_ok(casework_open(borrow(f), &new, &why), &why);
        keep(f);
        static const struct { int64_t from, until; const char *requests, *steps; } cases[] = {
                {-T0, 999, "", ""},
                {-T0, 1000, "", "10100000000001 HOUSING_AID REGISTERED 2 HEAD\n"},
                {1000, 1799999, "", ""},
                {1000, 1800000, "10100000000001 TSA_CERT REGISTERED 0 \n", ""},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf requests = BUF_INIT, steps = BUF_INIT;
                is_ok(operator_due_requests(f->reader, AT(cases[i].from), AT(cases[i].until), 10, write_due, &requests, &why), &why);
                is_ok(operator_due_steps(f->reader, AT(cases[i].from), AT(cases[i].until), 10, write_due, &steps, &why), &why);
                assert_string_equal(buf_cstr(&requests), cases[i].requests);
                assert_string_equal(buf_cstr(&steps), cases[i].steps);
        }
        char number[20];
        is_ok(operator_find(f->reader, "10100000000001", number, &why), &why);
        assert_string_equal(number, "10100000000001");
        is_refused(operator_find(f->reader, "20100000000001", number, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such");
}

/* ---- charts ---- */

#define MINUTE 60000LL
static void minutes_are_counted(void **state)
{
        (void)state;
        struct charts *c = charts_new();
        struct chart_minute m[CHART_MINUTES];
        const struct wall_time now = {100000 * MINUTE + 5000};
        charts_count(c, (const uint64_t[CHART_EVENT_COUNT]){3, 0, 1}, now);
        charts_count(c, (const uint64_t[CHART_EVENT_COUNT]){5, 0, 1}, now);
        charts_count(c, (const uint64_t[CHART_EVENT_COUNT]){6, 0, 1}, (struct wall_time){now.ms + MINUTE});
        charts_read(c, (struct wall_time){now.ms + MINUTE}, m);
        assert_int_equal(m[CHART_MINUTES - 1].events[CHART_accepted], 1);
        assert_int_equal(m[CHART_MINUTES - 2].events[CHART_accepted], 5);
        assert_int_equal(m[CHART_MINUTES - 2].events[CHART_refused], 1);
        assert_int_equal(m[CHART_MINUTES - 3].events[CHART_accepted], 0);
        assert_int_equal(m[0].minute, 100000 + 1 - CHART_MINUTES + 1);
        charts_read(c, (struct wall_time){now.ms + 62 * MINUTE}, m); /* an hour later nothing is left of it */
        for (int i = 0; i < CHART_MINUTES; i++)
                assert_int_equal(m[i].events[CHART_accepted], 0);
        charts_count(c, (const uint64_t[CHART_EVENT_COUNT]){7, 0, 1}, (struct wall_time){now.ms + 60 * MINUTE}); /* takes the place of the first */
        charts_read(c, (struct wall_time){now.ms + 60 * MINUTE}, m);
        assert_int_equal(m[CHART_MINUTES - 1].events[CHART_accepted], 1);
        charts_free(c);
        charts_free(NULL);
}

static void latencies_have_classes(void **state)
{
        (void)state;
        struct charts *c = charts_new();
        struct chart_minute m[CHART_MINUTES];
        const struct wall_time now = {100000 * MINUTE};
        for (int i = 0; i < 98; i++)
                charts_latency(c, LATENCY_registered, 7, now);
        charts_latency(c, LATENCY_registered, -5, now); /* the clock went back */
        charts_latency(c, LATENCY_registered, INT64_MAX, now);
        charts_read(c, now, m);
        const struct chart_latencies *l = &m[CHART_MINUTES - 1].latencies[LATENCY_registered];
        assert_int_equal(l->count, 100);
        assert_int_equal(charts_percentile(l, 50), 8);
        assert_int_equal(charts_percentile(l, 99), 8);
        assert_int_equal(charts_percentile(l, 100), INT64_MAX);
        assert_int_equal(charts_percentile(l, 1), 1);
        assert_int_equal(charts_percentile(&m[0].latencies[LATENCY_registered], 50), 0);
        charts_latency(c, LATENCY_decision, 5, now);
        charts_read(c, now, m);
        assert_int_equal(charts_percentile(&m[CHART_MINUTES - 1].latencies[LATENCY_decision], 95), 5); /* no class ends above the longest */
        charts_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(rows_and_queues_are_seen), TEST(acts_are_events), TEST(late_ones_are_listed), cmocka_unit_test(minutes_are_counted), cmocka_unit_test(latencies_have_classes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
