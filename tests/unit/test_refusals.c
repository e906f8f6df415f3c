/* The register of what was not accepted. */
#include "tests/unit/helper_store.h"

#include "gateway/register/refusals.h"

static struct refusal_record refusal_of(const char *channel, const char *message_id, const char *message)
{
        return (struct refusal_record){
                .at = AT(0), .channel = channel, .sender_id = "160441900018", .message_id = message_id, .service_code = "TSA_ASSIGN", .route = "CENTER",
                .reason = "DOCUMENT_MISSING", .detail = "D3", .applicant_iin = "850412390011", .front_bin = "160441900018", .staff = "center-1",
                .message = span_str(message), .paper = span_str("<paper/>"),
        };
}

static int64_t add(struct fixture *f, const struct refusal_record *record, bool want_repeated)
{
        struct why why = WHY_INIT;
        int64_t id = 0;
        bool repeated = !want_repeated;
        is_ok(refusals_add(borrow(f), record, &id, &repeated, &why), &why);
        keep(f);
        assert_int_equal(repeated, want_repeated);
        return id;
}

static void kept_whole(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct refusal_record record = refusal_of("front-office", "k-1", "<m/>");
        int64_t id = add(f, &record, false);
        struct refusal_view view;
        is_ok(refusals_view(f->reader, id, "160441900018", &view, &why), &why);
        assert_int_equal(view.at.ms, T0);
        assert_string_equal(view.channel, "front-office");
        assert_string_equal(view.sender_id, "160441900018");
        assert_string_equal(view.service_code, "TSA_ASSIGN");
        assert_string_equal(view.route, "CENTER");
        assert_string_equal(view.reason, "DOCUMENT_MISSING");
        assert_string_equal(view.detail, "D3");
        assert_string_equal(view.applicant_iin, "850412390011");
        assert_string_equal(view.front_bin, "160441900018");
        assert_string_equal(view.staff, "center-1");
        assert_string_equal(buf_cstr(&view.paper), "<paper/>");
        refusal_view_done(&view);
        /* it is no request */
        assert_int_equal(ask(f, "SELECT count(*) FROM request"), 0);
        /* of another organisation, and of none: the same answer */
        is_refused(refusals_view(f->reader, id, "130140900016", &view, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such refusal");
        is_refused(refusals_view(f->reader, id + 1, NULL, &view, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such refusal");
}

static void number_known_before(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct refusal_record record = refusal_of("front-office", "k-1", "<m/>");
        assert_int_equal(add(f, &record, false), 1);
        struct store *store = borrow(f);
        int64_t next = 0, id = 0;
        bool repeated = true;
        is_ok(refusals_next(store, &next, &why), &why);
        record = refusal_of("front-office", "k-2", "<m/>");
        record.id = next;
        is_ok(refusals_add(store, &record, &id, &repeated, &why), &why);
        keep(f);
        assert_int_equal(next, 2);
        assert_int_equal(id, 2);
}

static void same_message_once(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        struct refusal_record record = refusal_of("front-office", "k-1", "<m/>");
        int64_t id = add(f, &record, false);
        assert_int_equal(add(f, &record, true), id);
        struct refusal_record other = refusal_of("front-office", "k-1", "<n/>");
        bool repeated = false;
        enum gw_rc rc = refusals_add(borrow(f), &other, &id, &repeated, &why);
        give_back(f, rc);
        is_refused(rc, &why, GW_REJECT, REASON_MESSAGE_ID_REUSED, "other content");
        /* a message of the portal may be mended and sent again under its id, and be refused again */
        record = refusal_of("rest", "p-1", "<m/>");
        other = refusal_of("rest", "p-1", "<n/>");
        assert_int_equal(add(f, &record, false), 2);
        assert_int_equal(add(f, &other, false), 3);
        assert_int_equal(add(f, &record, true), 2);
        assert_int_equal(add(f, &other, true), 3);
        /* without an id nothing is the same */
        record.message_id = NULL;
        assert_int_equal(add(f, &record, false), 4);
        assert_int_equal(add(f, &record, false), 5);
}

static void note(void *arg, const struct refusal_view *refusal)
{
        buf_printf(arg, "%lld ", (long long)refusal->id);
}

static void listed_by_organisation(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        for (int i = 0; i < 5; i++) {
                struct refusal_record record = refusal_of("front-office", NULL, "<m/>");
                record.front_bin = i == 2 ? "130140900016" : record.front_bin;
                add(f, &record, false);
        }
        static const struct { const char *bin; int64_t before; unsigned max; const char *want; } cases[] = {
                {"160441900018", 0, 50, "5 4 2 1 "}, {"160441900018", 0, 2, "5 4 "}, {"160441900018", 4, 2, "2 1 "}, {"130140900016", 0, 50, "3 "}, {"091240900012", 0, 50, ""},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf got = BUF_INIT;
                is_ok(refusals_list(f->reader, cases[i].bin, cases[i].before, cases[i].max, note, &got, &why), &why);
                assert_string_equal(buf_cstr(&got), cases[i].want);
        }
}

/* By age, from the oldest on; and no more than the settings want. */
static void room_and_term(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        bool room = false;
        int count = 0;
        int64_t kept = 0;
        for (int i = 0; i < 5; i++) {
                auto_str char *id = xasprintf("m-%d", i);
                struct refusal_record record = refusal_of("rest", id, "<m/>");
                record.at = AT(i * 1000);
                add(f, &record, false);
        }
        is_ok(refusals_have_room(borrow(f), 6, &room, &why), &why);
        keep(f);
        assert_true(room);
        is_ok(refusals_have_room(borrow(f), 5, &room, &why), &why);
        keep(f);
        assert_false(room);
        is_ok(refusals_purge(borrow(f), AT(3000), 2, &count, &why), &why);
        keep(f);
        assert_int_equal(count, 2);
        is_ok(refusals_purge(borrow(f), AT(3000), 100, &count, &why), &why);
        keep(f);
        assert_int_equal(count, 1);
        is_ok(refusals_have_room(borrow(f), 3, &room, &why), &why);
        keep(f);
        assert_true(room);
        is_ok(refusals_count(f->reader, &kept, &why), &why);
        assert_int_equal(kept, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(kept_whole, fixture_setup, fixture_teardown), cmocka_unit_test_setup_teardown(room_and_term, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(number_known_before, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(same_message_once, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(listed_by_organisation, fixture_setup, fixture_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
