/* The circuit breaker's life with a clock of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/net/http_client.h"

static struct destination *make(void)
{
        return destination_new(&(struct destination_conf){
                .name = "gbdfl", .url = "http://127.0.0.1:1/", .timeout_ms = 2000, .connect_timeout_ms = 500, .answer_max = 1000,
                .concurrency_max = 2, .queue_max = 2, .failures_max = 3, .open_ms = 1000, .open_ms_max = 5000,
        });
}

enum verb { MAY, MAY_NOT, FAIL, SUCCEED, STATE };
struct step { int at_ms; enum verb verb; enum breaker_state state; };

static void play(const char *name, const struct step *steps, size_t count)
{
        struct destination *d = make();
        for (size_t i = 0; i < count; i++) {
                struct mono_time now = {1000000 + steps[i].at_ms};
                bool ok = true;
                switch (steps[i].verb) {
                case MAY:
                        ok = destination_may_call(d, now);
                        break;
                case MAY_NOT:
                        ok = !destination_may_call(d, now);
                        break;
                case FAIL:
                        destination_report(d, false, now);
                        break;
                case SUCCEED:
                        destination_report(d, true, now);
                        break;
                case STATE:
                        ok = destination_breaker(d, now) == steps[i].state;
                        break;
                }
                if (!ok)
                        fail_msg("%s: step %zu at %d ms", name, i, steps[i].at_ms);
        }
        destination_free(d);
}
#define PLAY(...) play(__func__, (const struct step[]){__VA_ARGS__}, GW_COUNT(((const struct step[]){__VA_ARGS__})))

static void opens_after_failures_in_a_row(void **state)
{
        (void)state;
        PLAY({0, MAY, 0}, {0, FAIL, 0}, {0, MAY, 0}, {0, FAIL, 0}, {0, STATE, BREAKER_CLOSED}, {0, MAY, 0}, {0, FAIL, 0},
             {0, STATE, BREAKER_OPEN}, {0, MAY_NOT, 0}, {999, MAY_NOT, 0}, {999, STATE, BREAKER_OPEN});
}

static void success_between_failures_starts_the_count_again(void **state)
{
        (void)state;
        PLAY({0, FAIL, 0}, {0, FAIL, 0}, {0, SUCCEED, 0}, {0, FAIL, 0}, {0, FAIL, 0}, {0, STATE, BREAKER_CLOSED}, {0, MAY, 0},
             {0, FAIL, 0}, {0, STATE, BREAKER_OPEN});
}

static void one_probe_then_closed(void **state)
{
        (void)state;
        PLAY({0, FAIL, 0}, {0, FAIL, 0}, {0, FAIL, 0}, {1000, STATE, BREAKER_HALF_OPEN}, {1000, MAY, 0}, {1000, MAY_NOT, 0},
             {1500, MAY_NOT, 0}, {1600, SUCCEED, 0}, {1600, STATE, BREAKER_CLOSED}, {1600, MAY, 0}, {1600, MAY, 0});
}

static void failed_probes_double_up_to_the_limit(void **state)
{
        (void)state;
        PLAY({0, FAIL, 0}, {0, FAIL, 0}, {0, FAIL, 0},
             {1000, MAY, 0}, {1000, FAIL, 0}, {2999, MAY_NOT, 0},
             {3000, MAY, 0}, {3000, FAIL, 0}, {6999, MAY_NOT, 0},
             {7000, MAY, 0}, {7000, FAIL, 0}, {11999, MAY_NOT, 0}, /* 5,000 and not 8,000 */
             {12000, MAY, 0}, {12000, FAIL, 0}, {16999, MAY_NOT, 0},
             {17000, MAY, 0}, {17000, SUCCEED, 0},
             /* and the doubling is forgotten */
             {17000, FAIL, 0}, {17000, FAIL, 0}, {17000, FAIL, 0}, {17999, MAY_NOT, 0}, {18000, MAY, 0});
}

static void a_lost_probe_does_not_keep_it_shut(void **state)
{
        (void)state;
        PLAY({0, FAIL, 0}, {0, FAIL, 0}, {0, FAIL, 0}, {1000, MAY, 0}, {3999, MAY_NOT, 0}, {4000, MAY, 0}, {4000, MAY_NOT, 0},
             {4000, SUCCEED, 0}, {4000, MAY, 0});
}

static void late_results_of_earlier_calls(void **state)
{
        (void)state;
        /* failures change nothing once it is open; a success closes it */
        PLAY({0, FAIL, 0}, {0, FAIL, 0}, {0, FAIL, 0}, {500, FAIL, 0}, {900, FAIL, 0}, {1000, MAY, 0});
        PLAY({0, FAIL, 0}, {0, FAIL, 0}, {0, FAIL, 0}, {500, SUCCEED, 0}, {500, STATE, BREAKER_CLOSED}, {500, MAY, 0});
}

static void keeps_its_own_name(void **state)
{
        (void)state;
        char name[] = "cabinet";
        struct destination *d = destination_new(&(struct destination_conf){.name = name, .url = "http://127.0.0.1/", .failures_max = 1});
        name[0] = 'X';
        assert_string_equal(destination_name(d), "cabinet");
        destination_free(d);
        destination_free(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(opens_after_failures_in_a_row),
                cmocka_unit_test(success_between_failures_starts_the_count_again),
                cmocka_unit_test(one_probe_then_closed),
                cmocka_unit_test(failed_probes_double_up_to_the_limit),
                cmocka_unit_test(a_lost_probe_does_not_keep_it_shut),
                cmocka_unit_test(late_results_of_earlier_calls),
                cmocka_unit_test(keeps_its_own_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
