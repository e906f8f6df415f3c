/* Claims due rows and hands each to a delivery. */
#include <stdlib.h>
#include <string.h>

#include "gateway/deliver/outbox_scan.h"

#define BATCH 32

struct outbox_scan {
        const struct delivery_env *env;
        char destination[32];
        int64_t lease_ms;
        struct outbox_row rows[BATCH];
        size_t count, open;
        bool claiming, stopped;
};

struct outbox_scan *outbox_scan_new(const struct delivery_env *env, const char *destination, int64_t lease_ms)
{
        struct outbox_scan *s = xcalloc(1, sizeof *s);
        s->env = env;
        s->lease_ms = lease_ms;
        memcpy(s->destination, destination, strnlen(destination, sizeof s->destination - 1));
        return s;
}

static enum gw_rc claim(struct store *store, void *arg, struct why *why)
{
        struct outbox_scan *s = arg;
        struct wall_time now = wall_now();
        return store_outbox_claim(store, s->destination, now, (struct wall_time){now.ms + s->lease_ms}, BATCH, s->rows, &s->count, why);
}

static void on_delivered(void *arg)
{
        struct outbox_scan *s = arg;
        if (--s->open == 0 && s->count)
                outbox_scan_kick(s);
}

static void send_row(struct outbox_scan *s, struct outbox_row *row)
{
        struct delivery_row given = {.id = row->id, .attempts = row->attempts, .created_at = row->created_at, .payload = row->payload};
        row->payload = (struct buf)BUF_INIT;
        if (!request_state_parse(row->state_code, &given.state))
                given.state = REQUEST_CHECKING;
        struct delivery *d = delivery_new(s->env, row->request_id, row->number);
        delivery_push(d, &given);
        delivery_finish(d, on_delivered, s);
        outbox_row_done(row);
}

static void on_claimed(void *arg, enum gw_rc rc, const struct why *why)
{
        struct outbox_scan *s = arg;
        gw_ignore(why->reason); /* the journal has logged a store that cannot be written */
        s->claiming = false;
        if (rc != GW_OK) { /* they may have been read, and the commit of their leases failed */
                for (size_t i = 0; i < s->count; i++)
                        outbox_row_done(&s->rows[i]);
                s->count = 0;
        }
        s->open = s->count;
        for (size_t i = 0; i < s->count; i++)
                send_row(s, &s->rows[i]);
}

void outbox_scan_kick(struct outbox_scan *scan)
{
        /* While the breaker is open there is nobody to send to: rows keep their place and their attempts. */
        if (scan->stopped || !outbox_scan_idle(scan) || destination_breaker(scan->env->destination, mono_now()) == BREAKER_OPEN)
                return;
        scan->claiming = true;
        scan->count = 0;
        journal_submit(scan->env->journal, claim, on_claimed, scan);
}

bool outbox_scan_idle(const struct outbox_scan *scan)
{
        return !scan->claiming && scan->open == 0;
}

void outbox_scan_stop(struct outbox_scan *scan)
{
        scan->stopped = true;
}

void outbox_scan_free(struct outbox_scan *scan)
{
        free(scan);
}
