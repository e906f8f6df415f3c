/* Papers of requests. */
#include "tests/unit/helper_store.h"

#include "gateway/register/papers.h"

static int64_t add(struct fixture *f, int64_t request_id, const char *kind, const char *content)
{
        struct why why = WHY_INIT;
        struct store *store = borrow(f);
        struct paper_record record = {.request_id = request_id, .kind = kind, .content = span_str(content), .at = AT(5)};
        is_ok(papers_next(store, &record.id, &why), &why);
        is_ok(papers_add(store, &record, &why), &why);
        keep(f);
        return record.id;
}

static void note(void *arg, const struct paper_view *paper)
{
        buf_printf(arg, "%lld %s;", (long long)paper->id, paper->kind);
}

static void kept_in_order(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t one = registered(f, "m-1"), two = registered(f, "m-2");
        int64_t coupon = add(f, one, "COUPON", "<paper/>");
        add(f, two, "ACCEPTANCE_RECEIPT", "<paper/>");
        add(f, one, "NOTIFICATION", "<p/>");
        auto_buf struct buf got = BUF_INIT, content = BUF_INIT;
        is_ok(papers_list(f->reader, one, note, &got, &why), &why);
        assert_string_equal(buf_cstr(&got), "1 COUPON;3 NOTIFICATION;");
        struct paper_view view;
        is_ok(papers_view(f->reader, one, coupon, &view, &content, &why), &why);
        assert_string_equal(buf_cstr(&content), "<paper/>");
        assert_string_equal(view.kind, "COUPON");
        assert_int_equal(view.request_id, one);
        assert_int_equal(view.at.ms, AT(5).ms);
        /* another request's paper, and none */
        is_refused(papers_view(f->reader, two, coupon, &view, &content, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such paper");
        is_refused(papers_view(f->reader, one, 99, &view, &content, &why), &why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such paper");
}

static void numbers(void **state GW_UNUSED)
{
        char number[20];
        int64_t id = 0;
        assert_string_equal(paper_number(PAPER_NUMBER_PREFIX, 7, number), "30100000000007");
        assert_true(paper_number_read(PAPER_NUMBER_PREFIX, number, &id));
        assert_int_equal(id, 7);
        static const char *const bad[] = {"40100000000007", "3010000000000", "301000000000071", "3010000000000x", ""};
        for (size_t i = 0; i < GW_COUNT(bad); i++)
                assert_false(paper_number_read(PAPER_NUMBER_PREFIX, bad[i], &id));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(kept_in_order, fixture_setup, fixture_teardown),
                cmocka_unit_test(numbers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
