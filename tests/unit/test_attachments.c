/* Attachments in the store: with their request or not at all, each content once, read back to the byte. */
#include "tests/unit/helper_store.h"

#include "gateway/register/attachments.h"

static struct attachment_record record_of(const char *name, const char *content)
{
        struct attachment_record record = {.name = name, .type = "application/pdf", .document = "D1", .bytes = span_str(content)};
        text_sha256(record.bytes, record.sha256);
        return record;
}

static void note(void *arg, const struct attachment_view *view)
{
        buf_printf(arg, "%d %s %s %s %lld;", view->n, view->name, view->type, view->document, (long long)view->size);
}

static void kept_and_read(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t first = registered(f, "m-1"), second = registered(f, "m-2");
        const struct attachment_record records[] = {record_of("a.pdf", "one"), record_of("b.pdf", "two")}, same = record_of("c.pdf", "one");
        is_ok(attachments_add(borrow(f), first, records, 2, &why), &why);
        keep(f);
        is_ok(attachments_add(borrow(f), second, &same, 1, &why), &why);
        keep(f);
        auto_buf struct buf list = BUF_INIT, bytes = BUF_INIT;
        is_ok(attachments_list(f->reader, first, note, &list, &why), &why);
        assert_string_equal(buf_cstr(&list), "1 a.pdf application/pdf D1 3;2 b.pdf application/pdf D1 3;");
        struct attachment_view view;
        is_ok(attachments_read(f->reader, first, 2, &view, &bytes, &why), &why);
        assert_string_equal(buf_cstr(&bytes), "two");
        assert_memory_equal(view.sha256, records[1].sha256, 32);
        buf_reset(&bytes);
        is_ok(attachments_read(f->reader, second, 1, &view, &bytes, &why), &why);
        assert_string_equal(buf_cstr(&bytes), "one");
        assert_int_equal(ask(f, "SELECT count(*) FROM attachment_body"), 2);
}

static void what_is_not_there(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        int64_t id = registered(f, "m-1");
        const struct attachment_record record = record_of("a.pdf", "one");
        is_ok(attachments_add(borrow(f), id, &record, 1, &why), &why);
        keep(f);
        const struct { int64_t request; int n; } cases[] = {{id, 0}, {id, 2}, {id + 1, 1}, {id, -1}};
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                auto_buf struct buf bytes = BUF_INIT;
                struct attachment_view view;
                struct why missing = WHY_INIT;
                is_refused(attachments_read(f->reader, cases[i].request, cases[i].n, &view, &bytes, &missing), &missing, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no attachment");
                assert_int_equal(bytes.n, 0);
        }
        auto_buf struct buf list = BUF_INIT;
        is_ok(attachments_list(f->reader, id + 1, note, &list, &why), &why);
        assert_int_equal(list.n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(kept_and_read, fixture_setup, fixture_teardown),
                cmocka_unit_test_setup_teardown(what_is_not_there, fixture_setup, fixture_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
