/* The outbox: what must still go out, strictly in order within a request and destination, at least once.
 *
 * Only the first unsent row of a request for a destination is READY (or PARKED); the rows behind it are BLOCKED until it is sent. Destinations do not wait for
 * each other: a provider who is away holds back none of the cabinet's notices. A lease keeps others away from a row while somebody sends it: work_at is then
 * the end of the lease. */
#include <string.h>

#include "gateway/register/store_priv.h"

void outbox_row_done(struct outbox_row *row)
{
        buf_done(&row->payload);
}

/* What struct outbox_row can hold; all of it is ours. */
static enum gw_rc check_lengths(const struct outbox_new *row, struct why *why)
{
        const struct { const char *name, *text; size_t max; } texts[] = {
                {"destination", row->destination, 31}, {"kind", row->kind, 15}, {"state code", row->state_code, 23},
                {"message id", row->message_id, 63},
        };
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                if (!texts[i].text || !*texts[i].text || strlen(texts[i].text) > texts[i].max)
                        return why_set(why, GW_FAULT, REASON_INTERNAL, "outbox %s is empty or longer than %zu bytes", texts[i].name,
                                       texts[i].max);
        return GW_OK;
}

/* The highest sequence so far of the request for the destination, and whether such a row is still unsent. */
static enum gw_rc last_of(struct store *store, int64_t request_id, const char *destination, int *ret_sequence, bool *ret_unsent, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_LAST,
                "SELECT sequence, status FROM outbox WHERE request_id = ? AND destination = ? ORDER BY sequence DESC LIMIT 1");
        query_i64(&q, request_id);
        query_text(&q, destination);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        *ret_sequence = row ? (int)query_column_i64(&q, 0) : 0;
        *ret_unsent = row && query_column_i64(&q, 1) != OUTBOX_SENT; /* sent in order: the last is sent last */
        return GW_OK;
}

static enum gw_rc add_payload(struct store *store, int64_t id, struct span payload, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_PAYLOAD,
                "INSERT INTO outbox_payload (outbox_id, payload) VALUES (?, ?)");
        query_i64(&q, id);
        query_span(&q, payload);
        return query_run(&q, NULL, why);
}

static enum gw_rc add_row(struct store *store, const struct outbox_new *row, bool blocked, int64_t *ret_id, struct why *why)
{
        bool leased = row->lease_until.ms > row->at.ms;
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_ADD,
                "INSERT INTO outbox (request_id, sequence, status, work_at, leased, added_at, backoff_from, destination, kind, state_code,"
                " message_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10)");
        query_i64(&q, row->request_id);
        query_i64(&q, row->sequence);
        query_i64(&q, blocked ? OUTBOX_BLOCKED : OUTBOX_READY);
        query_i64(&q, leased ? row->lease_until.ms : row->at.ms);
        query_i64(&q, leased);
        query_i64(&q, row->at.ms);
        query_text(&q, row->destination);
        query_text(&q, row->kind);
        query_text(&q, row->state_code);
        query_text(&q, row->message_id);
        enum gw_rc rc = query_run(&q, NULL, why);
        if (rc == GW_OK)
                *ret_id = sqlite3_last_insert_rowid(store->db.handle);
        return rc;
}

enum gw_rc store_outbox_add(struct store *store, const struct outbox_new *row, int64_t *ret_id, struct why *why)
{
        enum gw_rc rc = check_lengths(row, why);
        if (rc != GW_OK)
                return rc;
        int last = 0;
        bool unsent = false;
        rc = last_of(store, row->request_id, row->destination, &last, &unsent, why);
        if (rc != GW_OK)
                return rc;
        if (row->sequence <= last)
                return why_set(why, GW_REJECT, REASON_INTERNAL, "outbox sequence %d of request %lld for %s: already at %d", row->sequence,
                               (long long)row->request_id, row->destination, last);
        int64_t id = 0;
        rc = add_row(store, row, unsent, &id, why);
        if (rc == GW_OK)
                rc = add_payload(store, id, row->payload, why);
        if (rc != GW_OK)
                return rc;
        store->ledger.tally[TALLY_OUTBOX_PENDING]++;
        *ret_id = id;
        return GW_OK;
}

enum gw_rc store_outbox_fill(struct store *store, int64_t id, struct span payload, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_FILL, "UPDATE outbox_payload SET payload = ? WHERE outbox_id = ? AND length(payload) = 0");
        query_span(&q, payload);
        query_i64(&q, id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc == GW_OK && changes == 0)
                return why_set(why, GW_REJECT, REASON_INTERNAL, "outbox row %lld is not without a payload", (long long)id);
        return rc;
}

static enum gw_rc refuse(int64_t id, const char *wanted, struct why *why)
{
        return why_set(why, GW_REJECT, REASON_INTERNAL, "outbox row %lld is not %s", (long long)id, wanted);
}

/* The row behind a sent one may go now; it keeps its lease, the sender of the first may be about to send it too. */
static enum gw_rc unblock_next(struct store *store, int64_t id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_NEXT,
                "UPDATE outbox SET status = 0 WHERE id = (SELECT n.id FROM outbox AS o JOIN outbox AS n ON n.request_id = o.request_id"
                " AND n.destination = o.destination AND n.sequence > o.sequence WHERE o.id = ? ORDER BY n.sequence LIMIT 1)");
        query_i64(&q, id);
        return query_run(&q, NULL, why);
}

enum gw_rc store_outbox_sent(struct store *store, int64_t id, struct wall_time at, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_SENT,
                "UPDATE outbox SET status = 2, finished_at = ?, leased = 0, last_error = '' WHERE id = ? AND status = 0");
        query_i64(&q, at.ms);
        query_i64(&q, id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc != GW_OK)
                return rc;
        if (changes == 0)
                return refuse(id, "waiting to be sent", why);
        store->ledger.tally[TALLY_OUTBOX_PENDING]--;
        store->ledger.tally[TALLY_OUTBOX_SENT]++;
        return unblock_next(store, id, why);
}

enum gw_rc store_outbox_retry(struct store *store, int64_t id, struct wall_time next, const char *error, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_RETRY,
                "UPDATE outbox SET attempts = attempts + 1, work_at = ?, leased = 0, last_error = ? WHERE id = ? AND status = 0");
        query_i64(&q, next.ms);
        query_text(&q, error);
        query_i64(&q, id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc == GW_OK && changes == 0)
                return refuse(id, "waiting to be sent", why);
        return rc;
}

enum gw_rc store_outbox_let_go(struct store *store, int64_t id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_LET_GO,
                "UPDATE outbox SET work_at = added_at, leased = 0 WHERE id = ? AND leased = 1 AND status IN (0, 1)");
        query_i64(&q, id);
        return query_run(&q, NULL, why);
}

enum gw_rc store_outbox_park(struct store *store, int64_t id, const char *error, struct wall_time at, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_PARK,
                "UPDATE outbox SET status = 3, attempts = attempts + 1, finished_at = ?, leased = 0, last_error = ?"
                " WHERE id = ? AND status = 0");
        query_i64(&q, at.ms);
        query_text(&q, error);
        query_i64(&q, id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc != GW_OK)
                return rc;
        if (changes == 0)
                return refuse(id, "waiting to be sent", why);
        store->ledger.tally[TALLY_OUTBOX_PENDING]--;
        store->ledger.tally[TALLY_OUTBOX_PARKED]++;
        return GW_OK;
}

enum gw_rc store_outbox_release(struct store *store, int64_t id, struct wall_time at, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_RELEASE,
                "UPDATE outbox SET status = 0, work_at = ?1, backoff_from = ?1, attempts_before = attempts_before + attempts, attempts = 0,"
                " finished_at = NULL WHERE id = ?2 AND status = 3");
        query_i64(&q, at.ms);
        query_i64(&q, id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc != GW_OK)
                return rc;
        if (changes == 0)
                return refuse(id, "parked", why);
        store->ledger.tally[TALLY_OUTBOX_PARKED]--;
        store->ledger.tally[TALLY_OUTBOX_PENDING]++;
        return GW_OK;
}

static enum gw_rc read_row(struct query *q, struct outbox_row *row, struct why *why)
{
        *row = (struct outbox_row){
                .id = query_column_i64(q, 0),
                .request_id = query_column_i64(q, 1),
                .sequence = (int)query_column_i64(q, 2),
                .attempts = (int)query_column_i64(q, 3),
                .created_at = {query_column_i64(q, 4)},
                .payload = BUF_INIT,
        };
        query_column_text(q, 5, row->destination, sizeof row->destination);
        query_column_text(q, 6, row->kind, sizeof row->kind);
        query_column_text(q, 7, row->state_code, sizeof row->state_code);
        query_column_text(q, 8, row->message_id, sizeof row->message_id);
        number_write(NUMBER_PREFIX_REQUEST, row->request_id, row->number);
        return query_column_buf(q, 9, &row->payload, why);
}

/* Fills rows[*count…]; what was filled is counted even on failure, so that the caller can free it. */
static enum gw_rc read_due(struct store *store, const char *destination, struct wall_time now, size_t max, struct outbox_row *rows,
                           size_t *count, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_DUE,
                "SELECT o.id, o.request_id, o.sequence, o.attempts, o.backoff_from, o.destination, o.kind, o.state_code, o.message_id,"
                " p.payload"
                " FROM outbox AS o INDEXED BY outbox_ready CROSS JOIN outbox_payload AS p ON p.outbox_id = o.id"
                " WHERE o.status = 0 AND o.destination = ? AND o.work_at <= ? ORDER BY o.work_at LIMIT ?");
        query_text(&q, destination);
        query_i64(&q, now.ms);
        query_i64(&q, (int64_t)max);
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                rc = read_row(&q, &rows[(*count)++], why);
                if (rc != GW_OK)
                        return rc;
        }
}

static enum gw_rc lease_row(struct store *store, int64_t id, struct wall_time until, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OUTBOX_LEASE, "UPDATE outbox SET work_at = ?, leased = 1 WHERE id = ?");
        query_i64(&q, until.ms);
        query_i64(&q, id);
        return query_run(&q, NULL, why);
}

enum gw_rc store_outbox_claim(struct store *store, const char *destination, struct wall_time now, struct wall_time lease_until, size_t max,
                              struct outbox_row *rows, size_t *ret_count, struct why *why)
{
        size_t count = 0;
        enum gw_rc rc = read_due(store, destination, now, max, rows, &count, why);
        for (size_t i = 0; i < count && rc == GW_OK; i++)
                rc = lease_row(store, rows[i].id, lease_until, why);
        if (rc == GW_OK) {
                *ret_count = count;
                return GW_OK;
        }
        for (size_t i = 0; i < count; i++)
                outbox_row_done(&rows[i]);
        return rc;
}

enum gw_rc store_outbox_is_due(struct store_reader *reader, const char *destination, struct wall_time now, bool *ret_due, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OUTBOX_IS_DUE,
                "SELECT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_ready WHERE status = 0 AND destination = ? AND work_at <= ?)");
        query_text(&q, destination);
        query_i64(&q, now.ms);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_due = query_column_i64(&q, 0) != 0;
        return rc;
}

enum gw_rc store_outbox_to(struct store_reader *reader, const char *message_id, char ret_destination[32], struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OUTBOX_TO, "SELECT destination FROM outbox WHERE message_id = ?");
        query_text(&q, message_id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK && !row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such message of ours");
        if (rc == GW_OK)
                query_column_text(&q, 0, ret_destination, 32);
        return rc;
}
