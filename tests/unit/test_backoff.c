/* The pause before the next attempt: doubled, bounded, spread, and always the same for the same message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/deliver/backoff.h"

static const struct backoff retry = {.first_ms = 5000, .longest_ms = 600000};
static const struct wall_time created = {1795357837123};

static int64_t pause_of(const struct backoff *backoff, int64_t created_ms, int attempts)
{
        struct wall_time failed = {created_ms + 999};
        return backoff_next(backoff, (struct wall_time){created_ms}, attempts, failed).ms - failed.ms;
}

static int64_t middle(const struct backoff *backoff, int attempts)
{
        int64_t pause = backoff->first_ms;
        for (int i = 1; i < attempts && pause < backoff->longest_ms; i++)
                pause *= 2;
        return pause < backoff->longest_ms ? pause : backoff->longest_ms;
}

static void is_a_pure_function(void **state GW_UNUSED)
{
        for (int attempts = 0; attempts < 50; attempts++) {
                int64_t once = pause_of(&retry, created.ms, attempts);
                for (int k = 0; k < 5; k++)
                        assert_int_equal(pause_of(&retry, created.ms, attempts), once);
                /* The pause does not depend on when it failed, only on how often. */
                struct wall_time later = {created.ms + 86400000};
                assert_int_equal(backoff_next(&retry, created, attempts, later).ms - later.ms, once);
        }
}

static void stays_within_its_bounds(void **state GW_UNUSED)
{
        for (int64_t ms = 0; ms < 2000; ms++) {
                for (int attempts = 1; attempts < 20; attempts++) {
                        int64_t got = pause_of(&retry, created.ms + ms * 37, attempts), want = middle(&retry, attempts);
                        if (got < want - want / 8 || got > want + want / 8)
                                fail_msg("attempt %d: %lld is not within an eighth of %lld", attempts, (long long)got, (long long)want);
                }
        }
}

/* The longest pause of n attempts is shorter than the shortest of n + 1, until the limit is reached. */
static void grows_until_the_limit(void **state GW_UNUSED)
{
        for (int attempts = 1; attempts < 7; attempts++) {
                int64_t longest = 0, shortest = INT64_MAX;
                for (int64_t ms = 0; ms < 1000; ms++) {
                        int64_t here = pause_of(&retry, ms * 101, attempts), next = pause_of(&retry, ms * 101, attempts + 1);
                        longest = here > longest ? here : longest;
                        shortest = next < shortest ? next : shortest;
                }
                assert_true(longest < shortest);
        }
}

static void never_stops_coming_back(void **state GW_UNUSED)
{
        static const int many[] = {100, 10000, INT32_MAX};
        for (size_t i = 0; i < GW_COUNT(many); i++) {
                int64_t got = pause_of(&retry, created.ms, many[i]);
                assert_true(got >= 600000 - 75000 && got <= 600000 + 75000);
        }
        assert_true(pause_of(&retry, created.ms, 0) > 0);
        assert_true(pause_of(&retry, 0, 1) > 0);
}

static void odd_settings(void **state GW_UNUSED)
{
        static const struct backoff upside_down = {.first_ms = 1000, .longest_ms = 10}, equal = {.first_ms = 10, .longest_ms = 10},
                                    day = {.first_ms = 86400000, .longest_ms = 86400000};
        for (int attempts = 0; attempts < 100; attempts++) {
                assert_in_range(pause_of(&upside_down, created.ms, attempts), 8, 12);
                assert_in_range(pause_of(&equal, created.ms, attempts), 8, 12);
                assert_in_range(pause_of(&day, created.ms, attempts), 86400000 - 10800000, 86400000 + 10800000);
        }
}

/* A thousand messages that failed in the same moment come back over the whole quarter, not in one burst. */
static void what_failed_together_returns_spread(void **state GW_UNUSED)
{
        int bins[8] = {0};
        for (int64_t ms = 0; ms < 1000; ms++) {
                int64_t got = pause_of(&retry, created.ms + ms, 8), low = 600000 - 75000;
                bins[(got - low) * 8 / 150001]++;
        }
        for (size_t i = 0; i < GW_COUNT(bins); i++)
                assert_in_range(bins[i], 90, 160);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(is_a_pure_function),
                cmocka_unit_test(stays_within_its_bounds),
                cmocka_unit_test(grows_until_the_limit),
                cmocka_unit_test(never_stops_coming_back),
                cmocka_unit_test(odd_settings),
                cmocka_unit_test(what_failed_together_returns_spread),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
