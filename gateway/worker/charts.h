/* What the operator's page draws: the last hour by the minute, in memory, in rings of fixed size. A restart begins anew.
 *
 * Events: how many requests were registered, repeated, refused, decided, and so on. Latencies: how long it took from receipt to registration, from registration to the decision of an
 * automated service, and from the writing of a message to its acknowledgement, as counts in classes that double. Any thread. */
#ifndef GW_WORKER_CHARTS_H
#define GW_WORKER_CHARTS_H

#include "gateway/base/clock.h"

#define CHART_MINUTES 60
#define CHART_EVENTS X(accepted) X(repeated) X(refused) X(decided) X(waiting)
enum chart_event {
#define X(name) CHART_##name,
        CHART_EVENTS
#undef X
        CHART_EVENT_COUNT
};
extern const char *const chart_event_names[CHART_EVENT_COUNT + 1];
#define CHART_LATENCIES X(registered) X(decision) X(delivery)
enum chart_latency {
#define X(name) LATENCY_##name,
        CHART_LATENCIES
#undef X
        CHART_LATENCY_COUNT
};
extern const char *const chart_latency_names[CHART_LATENCY_COUNT + 1];
#define CHART_CLASSES 24 /* class i: up to 2^i ms; the last: longer */

struct chart_latencies {
        uint32_t classes[CHART_CLASSES], count;
        int64_t longest_ms;
};
struct chart_minute {
        int64_t minute;               /* since 1970; 0: nothing happened in this place yet */
        uint32_t events[CHART_EVENT_COUNT];
        struct chart_latencies latencies[CHART_LATENCY_COUNT];
};
struct charts;
struct charts *charts_new(void);
void charts_free(struct charts *charts);
/* totals: the counters since the start, as they are now; what they grew by since the last call falls into the minute of `now`. One caller, every second or so. */
void charts_count(struct charts *charts, const uint64_t totals[CHART_EVENT_COUNT], struct wall_time now);
void charts_latency(struct charts *charts, enum chart_latency which, int64_t ms, struct wall_time now);
/* The last CHART_MINUTES minutes, the oldest first, each with its number, empty ones too. */
void charts_read(struct charts *charts, struct wall_time now, struct chart_minute ret_minutes[CHART_MINUTES]);
/* Upper end of the class in which the share (0-100) of all is reached; 0 when there are none. */
int64_t charts_percentile(const struct chart_latencies *latencies, unsigned percent);

#endif
