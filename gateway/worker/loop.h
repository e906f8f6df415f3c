/* One event loop of the worker and what it shares with the others. Everything here is wired by process.c. */
#ifndef GW_WORKER_LOOP_H
#define GW_WORKER_LOOP_H

#include <stdatomic.h>
#include <uv.h>

#include "gateway/accept/http_server.h"
#include "gateway/catalogue/catalogue.h"
#include "gateway/collect/collect.h"
#include "gateway/deliver/delivery.h"
#include "gateway/deliver/outbox_scan.h"
#include "gateway/provider/session.h"
#include "gateway/register/journal.h"
#include "gateway/revocation/revocation.h"
#include "gateway/settings.h"
#include "gateway/sign/signer.h"
#include "gateway/verify/verify.h"
#include "gateway/worker/calendar_watch.h"
#include "gateway/worker/charts.h"

/* CPU time by stage, for /metrics and `make bench`. */
enum stage { STAGE_ACCEPT, STAGE_VERIFY, STAGE_REGISTER, STAGE_COLLECT, STAGE_DECIDE, STAGE_ISSUE, STAGE_STAMP, STAGE_DELIVER, STAGE_COUNT };
extern const char *const stage_names[STAGE_COUNT];

struct counters {
        _Atomic uint64_t stage_ns[STAGE_COUNT];
        _Atomic uint64_t accepted, repeated, refused, completed, awaiting, stamped, unstamped, stamp_failures, steps_near, steps_over, logins, logins_refused;
};

/* Read-only after start, or safe for several threads. */
struct shared {
        const struct settings *settings;
        struct catalogue *catalogue;
        struct calendar_watch *calendar;
        struct staff_watch *staff;
        struct sessions *sessions;
        struct verifier *verifier;
        struct verify_policy policy;
        struct revocation *revocation; /* NULL: mode = off */
        struct journal *journal;
        struct collect_peer peers[COLLECT_SYSTEMS_MAX];
        size_t peer_count;
        struct destination *destinations[SETTINGS_DESTINATIONS_MAX + 1 + SETTINGS_ORGANISATIONS_MAX]; /* and the time-stamping authority, and organisations that are told */
        size_t destination_count;
        struct destination *cabinet;
        const struct destination_settings *cabinet_settings;
        struct destination *tsa;      /* time-stamping authority, one of the destinations; NULL: none */
        struct push_target push_targets[SETTINGS_ORGANISATIONS_MAX]; /* organisations that are told, and their destinations (worker/push.h) */
        struct destination *push_destinations[SETTINGS_ORGANISATIONS_MAX];
        size_t push_count;
        struct http_limits limits;
        struct page_fonts *fonts;     /* of printed results */
        struct print_layouts *layouts; /* general ones */
        struct rate *checks;          /* how often an address may ask whether a document is genuine; NULL: [check] is off */
        struct counters counters;
        struct charts *charts;
        struct loop *loops;           /* for counting signatures */
        size_t loop_count;
};

struct loop {
        struct shared *shared;
        unsigned index;
        uv_loop_t uv;
        uv_thread_t thread;
        uv_async_t stop;
        uv_timer_t tick;              /* loop 0: scans */
        struct http_server *server;
        struct http_client *client;
        struct journal_client *journal;
        struct signer *signer;
        struct store_reader *reader;
        struct delivery_env delivery;
        struct outbox_scan *scan;     /* loop 0, else NULL: the cabinet's */
        struct pushes *pushes;        /* loop 0, else NULL */
        struct trust_watch *watch;    /* loop 0, else NULL */
        struct mono_time purge_at;    /* loop 0: when old refusals are looked for */
        struct mono_time health_at;   /* loop 0: when its health file is due */
        unsigned flows;               /* requests under way here */
        unsigned calls;               /* HTTP exchanges under way here */
        unsigned printing;            /* PDFs being made beside this loop */
        unsigned waiters;             /* for changes of the inbox */
        bool diagnosing;              /* one at a time */
        uint64_t revocation_news;     /* loop 0: as of the last waking of requests in CHECKING */
        struct mono_time wake_at;     /* loop 0: not before */
        struct mono_time warn_at;     /* loop 0: steps that are near their end */
        bool warning;
        bool resuming, draining, clean; /* clean: stopped with nothing unfinished, all freed */
        struct mono_time hurry_at;    /* draining: from then on callers are no longer kept waiting for results */
};

/* CPU nanoseconds of this thread; stage_add() books what passed since `since` and returns now. */
uint64_t stage_now(void);
uint64_t stage_add(struct shared *shared, enum stage stage, uint64_t since);
const struct collect_peer *shared_peer(const struct shared *shared, const char *system);

#endif
