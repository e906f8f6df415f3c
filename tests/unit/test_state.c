/* The states: codes, labels, and every one of the 81 possible transitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/register/store.h"

struct pair { enum request_state from, to; };
static const struct pair legal[] = {
        {REQUEST_CHECKING, REQUEST_REGISTERED}, {REQUEST_CHECKING, REQUEST_REJECTED_INTAKE}, {REQUEST_CHECKING, REQUEST_CANCELLED},
        {REQUEST_REGISTERED, REQUEST_AWAITING_DATA}, {REQUEST_REGISTERED, REQUEST_DECIDED},
        {REQUEST_REGISTERED, REQUEST_FAILED_TECH}, {REQUEST_REGISTERED, REQUEST_CANCELLED},
        {REQUEST_AWAITING_DATA, REQUEST_DECIDED}, {REQUEST_AWAITING_DATA, REQUEST_FAILED_TECH},
        {REQUEST_FAILED_TECH, REQUEST_AWAITING_DATA}, {REQUEST_FAILED_TECH, REQUEST_DECIDED},
        {REQUEST_DECIDED, REQUEST_RESULT_SENT}, {REQUEST_RESULT_SENT, REQUEST_RECEIVED},
};

static bool is_legal(enum request_state from, enum request_state to)
{
        for (size_t i = 0; i < GW_COUNT(legal); i++)
                if (legal[i].from == from && legal[i].to == to)
                        return true;
        return false;
}

static void transitions_are_the_table(void **state)
{
        (void)state;
        for (int from = -1; from <= REQUEST_STATE_COUNT; from++)
                for (int to = -1; to <= REQUEST_STATE_COUNT; to++) {
                        bool got = request_transition_allowed((enum request_state)from, (enum request_state)to);
                        bool want = is_legal((enum request_state)from, (enum request_state)to);
                        if (got != want)
                                fail_msg("%d -> %d: got %d, want %d", from, to, got, want);
                }
}

static void terminal_states_have_no_way_out(void **state)
{
        (void)state;
        for (int from = 0; from < REQUEST_STATE_COUNT; from++) {
                bool out = false;
                for (int to = 0; to < REQUEST_STATE_COUNT; to++)
                        out = out || request_transition_allowed((enum request_state)from, (enum request_state)to);
                if (request_state_info((enum request_state)from)->terminal == out)
                        fail_msg("%s", request_state_info((enum request_state)from)->code);
        }
}

static void labels_are_complete_and_codes_unique(void **state)
{
        (void)state;
        for (int i = 0; i < REQUEST_STATE_COUNT; i++) {
                const struct request_state_info *info = request_state_info((enum request_state)i);
                const char *const texts[] = {info->code, info->kk, info->ru, info->en};
                for (size_t t = 0; t < GW_COUNT(texts); t++)
                        assert_true(texts[t] && *texts[t] && text_is_utf8(span_str(texts[t])));
                assert_true(strlen(info->code) < 24); /* struct outbox_row */
                enum request_state back = REQUEST_STATE_COUNT;
                assert_true(request_state_parse(info->code, &back));
                assert_int_equal(back, i);
        }
        /* services.md B, word for word */
        assert_string_equal(request_state_info(REQUEST_AWAITING_DATA)->kk, "Ақпараттық жүйелерден мәліметтер күтілуде");
        assert_string_equal(request_state_info(REQUEST_RESULT_SENT)->ru, "Результат направлен в личный кабинет");
}

static void unknown_codes_are_refused(void **state)
{
        (void)state;
        const char *const bad[] = {NULL, "", "registered", "REGISTERED ", "OVERDUE", "DRAFT"};
        for (size_t i = 0; i < GW_COUNT(bad); i++) {
                enum request_state kept = REQUEST_RECEIVED;
                assert_false(request_state_parse(bad[i], &kept));
                assert_int_equal(kept, REQUEST_RECEIVED);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(transitions_are_the_table),
                cmocka_unit_test(terminal_states_have_no_way_out),
                cmocka_unit_test(labels_are_complete_and_codes_unique),
                cmocka_unit_test(unknown_codes_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
