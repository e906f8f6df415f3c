/* Transfer registers. */
#include "tests/unit/helper_store.h"

#include "gateway/register/transfer.h"

#define CSC "150240900013"
#define BODY "130140900016"

static int64_t add(struct fixture *f, const int64_t *requests, size_t count, const char *accepted_by)
{
        struct why why = WHY_INIT;
        struct store *store = borrow(f);
        struct transfer_record record = {.from_bin = CSC, .to_bin = BODY, .staff = "csc-accumulator", .requests = requests, .request_count = count, .content = span_str("<paper/>"),
                                         .at = AT(1), .accepted_by = accepted_by};
        is_ok(transfer_next(store, &record.id, &why), &why);
        is_ok(transfer_add(store, &record, &why), &why);
        keep(f);
        return record.id;
}

static void note_entry(void *arg, int64_t request_id GW_UNUSED, const char *number)
{
        buf_printf(arg, "%s;", number);
}

static void note(void *arg, const struct transfer_view *view)
{
        buf_printf(arg, "%lld:%zu;", (long long)view->id, view->entries);
}

static void made_and_accepted(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t requests[] = {registered(f, "m-1"), registered(f, "m-2")};
        int64_t id = add(f, requests, 2, NULL);
        struct transfer_view view;
        auto_buf struct buf content = BUF_INIT, entries = BUF_INIT;
        is_ok(transfer_view(f->reader, id, BODY, &view, &content, &why), &why);
        assert_string_equal(buf_cstr(&content), "<paper/>");
        assert_string_equal(view.from_bin, CSC);
        assert_string_equal(view.staff, "csc-accumulator");
        assert_int_equal(view.entries, 2);
        assert_int_equal(view.accepted_at.ms, 0);
        is_ok(transfer_entries(f->reader, id, note_entry, &entries, &why), &why);
        assert_string_equal(buf_cstr(&entries), "10100000000001;10100000000002;");
        is_ok(transfer_accept(borrow(f), id, BODY, "body-executor", AT(2), &why), &why);
        keep(f);
        is_ok(transfer_view(f->reader, id, CSC, &view, NULL, &why), &why);
        assert_string_equal(view.accepted_by, "body-executor");
        assert_int_equal(view.accepted_at.ms, AT(2).ms);
        /* once, and by whom it is for */
        enum gw_rc rc = transfer_accept(borrow(f), id, BODY, "body-executor", AT(3), &why);
        give_back(f, rc);
        is_refused(rc, &why, GW_REJECT, REASON_REGISTER_INVALID, "accepted already");
        int64_t other = add(f, requests, 1, NULL);
        rc = transfer_accept(borrow(f), other, CSC, "csc-issuer", AT(3), &why);
        give_back(f, rc);
        assert_int_equal(rc, GW_REJECT);
        is_refused(transfer_view(f->reader, id, "160640900019", &view, NULL, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such register");
}

static void accepted_at_once(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t request = registered(f, "m-1");
        int64_t id = add(f, &request, 1, "csc-accumulator");
        struct transfer_view view;
        is_ok(transfer_view(f->reader, id, BODY, &view, NULL, &why), &why);
        assert_int_equal(view.accepted_at.ms, AT(1).ms);
}

static void listed(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t requests[] = {registered(f, "m-1"), registered(f, "m-2")};
        for (int i = 0; i < 4; i++)
                add(f, requests, i % 2 ? 1 : 2, NULL);
        static const struct { const char *bin; int64_t before; unsigned max; const char *want; } cases[] = {
                {CSC, 0, 10, "4:1;3:2;2:1;1:2;"}, {BODY, 0, 2, "4:1;3:2;"}, {BODY, 3, 10, "2:1;1:2;"}, {"160640900019", 0, 10, ""},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf got = BUF_INIT;
                is_ok(transfer_list(f->reader, cases[i].bin, cases[i].before, cases[i].max, note, &got, &why), &why);
                assert_string_equal(buf_cstr(&got), cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(made_and_accepted, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(accepted_at_once, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(listed, fixture_setup, fixture_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
