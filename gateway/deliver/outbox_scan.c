/* Claims due rows, has those composed that have no payload yet, and hands each to a delivery. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/deliver/outbox_scan.h"
#include "gateway/reason.h"

#define BATCH 32

struct outbox_scan {
        const struct delivery_env *env;
        char destination[32];
        int64_t lease_ms;
        struct outbox_row rows[BATCH];
        bool composed[BATCH];         /* just now: its payload is to be kept before it is sent */
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

static void forget_rows(struct outbox_scan *s)
{
        for (size_t i = 0; i < s->count; i++)
                outbox_row_done(&s->rows[i]);
        s->count = 0;
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

static void send_rows(struct outbox_scan *s)
{
        s->claiming = false;
        s->open = s->count;
        for (size_t i = 0; i < s->count; i++)
                send_row(s, &s->rows[i]);
}

/* ---- payloads that are made when they are sent first ---- */

static enum gw_rc fill(struct store *store, void *arg, struct why *why)
{
        struct outbox_scan *s = arg;
        for (size_t i = 0; i < s->count; i++) {
                enum gw_rc rc = s->composed[i] ? store_outbox_fill(store, s->rows[i].id, buf_span(&s->rows[i].payload), why) : GW_OK;
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* Kept before it is sent: a repetition has the same bytes. */
static void on_filled(void *arg, enum gw_rc rc, const struct why *why)
{
        struct outbox_scan *s = arg;
        gw_ignore(why->reason); /* a store that cannot be written: the leases run out, and the rows come again */
        if (rc != GW_OK)
                forget_rows(s);
        send_rows(s);
}

/* A row that cannot be composed now (the signer is away) keeps its place: its lease runs out, and it comes again. */
static bool compose_rows(struct outbox_scan *s)
{
        size_t kept = 0;
        bool any = false;
        for (size_t i = 0; i < s->count; i++) {
                struct outbox_row *row = &s->rows[i];
                struct why why = WHY_INIT;
                bool missing = row->payload.n == 0 && s->env->compose;
                if (missing && s->env->compose(s->env->compose_ctx, row, &row->payload, &why) != GW_OK) {
                        log_event(LOG_WARN, row->number, "outbox.uncomposed", "destination=%s row=%lld reason=%s detail=\"%s\"", s->destination, (long long)row->id,
                                  reason_info(why.reason)->name, why.detail);
                        outbox_row_done(row);
                        continue;
                }
                s->composed[kept] = missing;
                any |= missing;
                s->rows[kept++] = *row;
        }
        s->count = kept;
        return any;
}

static void on_claimed(void *arg, enum gw_rc rc, const struct why *why)
{
        struct outbox_scan *s = arg;
        gw_ignore(why->reason); /* the journal has logged a store that cannot be written */
        if (rc != GW_OK) /* they may have been read, and the commit of their leases failed */
                forget_rows(s);
        if (compose_rows(s))
                journal_submit(s->env->journal, fill, on_filled, s);
        else
                send_rows(s);
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

void outbox_scan_look(struct outbox_scan *scan, struct store_reader *reader)
{
        struct why why = WHY_INIT;
        bool due = true; /* a reader that fails tells nothing */
        gw_ignore(store_outbox_is_due(reader, scan->destination, wall_now(), &due, &why));
        if (due)
                outbox_scan_kick(scan);
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
