/* CPU time by stage. */
#include <time.h>

#include "gateway/worker/loop.h"

const char *const stage_names[STAGE_COUNT] = {"accept", "verify", "register", "collect", "decide", "issue", "stamp", "deliver"};

uint64_t stage_now(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t stage_add(struct shared *shared, enum stage stage, uint64_t since)
{
        uint64_t now = stage_now();
        atomic_fetch_add_explicit(&shared->counters.stage_ns[stage], now - since, memory_order_relaxed);
        return now;
}

const struct collect_peer *shared_peer(const struct shared *shared, const char *system)
{
        for (size_t i = 0; i < shared->peer_count; i++)
                if (str_eq(shared->peers[i].adapter->name, system))
                        return &shared->peers[i];
        return NULL;
}
