/* The pause before the next attempt. */
#include "gateway/deliver/backoff.h"

struct wall_time backoff_next(const struct backoff *backoff, struct wall_time created, int attempts, struct wall_time failed)
{
        int64_t pause = backoff->first_ms;
        for (int i = 1; i < attempts && pause < backoff->longest_ms; i++)
                pause *= 2;
        if (pause > backoff->longest_ms)
                pause = backoff->longest_ms;
        /* Fibonacci hashing of (created, attempts): well spread and always the same. */
        uint64_t h = ((uint64_t)created.ms + (uint64_t)attempts * 40503u) * 0x9E3779B97F4A7C15u;
        int64_t spread = (int64_t)(h >> 56) - 128; /* -128..127 */
        return (struct wall_time){failed.ms + pause + pause * spread / 1024};
}
