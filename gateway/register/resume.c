/* Unfinished requests: who works on which until when, and what they have so far. */
#include "gateway/register/store_priv.h"

void request_work_done(struct request_work *work)
{
        buf_done(&work->application);
        buf_done(&work->verdict);
}

enum gw_rc store_reschedule(struct store *store, int64_t request_id, struct wall_time next, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REQUEST_RESCHEDULE,
                "UPDATE request SET work_at = ?, leased = 0, attempts = attempts + 1 WHERE id = ? AND state IN (0, 1, 3)");
        query_i64(&q, next.ms);
        query_i64(&q, request_id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc == GW_OK && changes == 0)
                return store_refuse_moved(store, request_id, "not rescheduled", why);
        return rc;
}

enum gw_rc store_rest(struct store *store, int64_t request_id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REQUEST_REST, "UPDATE request SET work_at = NULL, leased = 0 WHERE id = ?");
        query_i64(&q, request_id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc == GW_OK && changes == 0)
                return store_refuse_moved(store, request_id, "not at rest", why);
        return rc;
}

static enum gw_rc read_work(struct query *q, struct request_work *work, struct why *why)
{
        *work = (struct request_work){
                .id = query_column_i64(q, 0),
                .state = (enum request_state)query_column_i64(q, 1),
                .registered_at = {query_column_i64(q, 2)},
                .due_at = {query_column_i64(q, 3)},
                .attempts = (int)query_column_i64(q, 4),
                .outbox_sequence = (int)query_column_i64(q, 5),
                .outbox_open = query_column_i64(q, 6) != 0,
                .by_people = query_column_i64(q, 7) != 0,
                .application = BUF_INIT,
                .verdict = BUF_INIT,
        };
        number_write(NUMBER_PREFIX_REQUEST, work->id, work->number);
        const struct { char *out; size_t size; } texts[] = {
                {work->service_code, sizeof work->service_code}, {work->service_version, sizeof work->service_version},
                {work->correlation_id, sizeof work->correlation_id}, {work->sender_id, sizeof work->sender_id},
                {work->portal_number, sizeof work->portal_number}, {work->applicant_iin, sizeof work->applicant_iin},
                {work->declarant_iin, sizeof work->declarant_iin}, {work->provider_bin, sizeof work->provider_bin},
                {work->language, sizeof work->language}, {work->outcome, sizeof work->outcome}, {work->channel, sizeof work->channel},
        };
        for (int i = 0; i < (int)GW_COUNT(texts); i++)
                query_column_text(q, 8 + i, texts[i].out, texts[i].size);
        enum gw_rc rc = query_column_buf(q, 8 + (int)GW_COUNT(texts), &work->application, why);
        return rc == GW_OK ? query_column_buf(q, 9 + (int)GW_COUNT(texts), &work->verdict, why) : rc;
}

#define WORK_COLUMNS                                                                                                                     \
        "r.id, r.state, r.registered_at, r.due_at, r.attempts,"                                                                          \
        " coalesce((SELECT max(o.sequence) FROM outbox AS o WHERE o.request_id = r.id AND o.destination = 'cabinet'), 0),"               \
        " EXISTS (SELECT 1 FROM outbox AS u WHERE u.request_id = r.id AND u.destination = 'cabinet' AND u.status <> 2),"                 \
        " EXISTS (SELECT 1 FROM casework AS w WHERE w.request_id = r.id),"                                                               \
        " r.service_code, r.service_version, r.correlation_id, r.sender_id, r.portal_number, r.applicant_iin, r.declarant_iin,"          \
        " r.provider_bin, r.language, coalesce((SELECT d.outcome FROM decision AS d WHERE d.request_id = r.id), ''),"                    \
        " (SELECT m.channel FROM message AS m WHERE m.request_id = r.id), b.application, CASE r.state WHEN 0 THEN b.verdict ELSE x'' END"

/* Fills rows[*count…]; what was filled is counted even on failure, so that the caller can free it. */
static enum gw_rc read_due(struct store *store, struct wall_time now, size_t max, struct request_work *rows, size_t *count, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REQUEST_DUE,
                "SELECT " WORK_COLUMNS
                " FROM request AS r INDEXED BY request_work CROSS JOIN message_body AS b ON b.request_id = r.id"
                " WHERE r.work_at <= ? ORDER BY r.work_at LIMIT ?");
        query_i64(&q, now.ms);
        query_i64(&q, (int64_t)max);
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                rc = read_work(&q, &rows[(*count)++], why);
                if (rc != GW_OK)
                        return rc;
        }
}

enum gw_rc store_work_view(struct store_reader *reader, const char *number, struct request_work *ret_work, struct why *why)
{
        int64_t id = 0;
        bool row = false;
        if (!number_read(NUMBER_PREFIX_REQUEST, number, &id))
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such number");
        auto_query struct query q = db_query(&reader->db, SQL_WORK_VIEW, "SELECT " WORK_COLUMNS " FROM request AS r JOIN message_body AS b ON b.request_id = r.id WHERE r.id = ?");
        query_i64(&q, id);
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK && !row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no such number");
        if (rc == GW_OK)
                rc = read_work(&q, ret_work, why);
        if (rc != GW_OK && row)
                request_work_done(ret_work);
        return rc;
}

static enum gw_rc lease_request(struct store *store, int64_t id, struct wall_time until, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REQUEST_LEASE, "UPDATE request SET work_at = ?, leased = 1 WHERE id = ?");
        query_i64(&q, until.ms);
        query_i64(&q, id);
        return query_run(&q, NULL, why);
}

enum gw_rc store_request_claim(struct store *store, struct wall_time now, struct wall_time lease_until, size_t max,
                               struct request_work *rows, size_t *ret_count, struct why *why)
{
        size_t count = 0;
        enum gw_rc rc = read_due(store, now, max, rows, &count, why);
        for (size_t i = 0; i < count && rc == GW_OK; i++)
                rc = lease_request(store, rows[i].id, lease_until, why);
        if (rc == GW_OK) {
                *ret_count = count;
                return GW_OK;
        }
        for (size_t i = 0; i < count; i++)
                request_work_done(&rows[i]);
        return rc;
}

enum gw_rc store_wake_checking(struct store *store, struct wall_time now, int *ret_woken, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CHECKING_WAKE,
                "UPDATE request INDEXED BY request_work SET work_at = ?1 WHERE work_at > ?1 AND work_at IS NOT NULL AND leased = 0 AND state = 0");
        query_i64(&q, now.ms);
        return query_run(&q, ret_woken, why);
}

/* A leased row was due when it was leased, so it is due now: work_at = 0. Finished rows are never touched (partial indices). */
enum gw_rc store_leases_clear(struct store *store, struct why *why)
{
        enum gw_rc rc = db_simple(&store->db, SQL_REQUEST_UNLEASE,
                "UPDATE request INDEXED BY request_work SET work_at = 0, leased = 0 WHERE work_at IS NOT NULL AND leased = 1", why);
        if (rc != GW_OK)
                return rc;
        /* Blocked rows are found through the row that blocks them. */
        rc = db_simple(&store->db, SQL_OUTBOX_UNLEASE_BLOCKED,
                "UPDATE outbox SET work_at = added_at, leased = 0 WHERE status = 1 AND leased = 1 AND request_id IN"
                " (SELECT request_id FROM outbox INDEXED BY outbox_ready WHERE status = 0"
                "  UNION ALL SELECT request_id FROM outbox INDEXED BY outbox_parked WHERE status = 3)", why);
        if (rc != GW_OK)
                return rc;
        return db_simple(&store->db, SQL_OUTBOX_UNLEASE,
                "UPDATE outbox INDEXED BY outbox_ready SET work_at = 0, leased = 0 WHERE status = 0 AND leased = 1", why);
}

enum gw_rc store_facts(struct store *store, int64_t request_id, store_fact_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_FACTS,
                "SELECT q.system, a.facts FROM query AS q JOIN answer AS a ON a.query_id = q.id WHERE q.request_id = ? ORDER BY q.system");
        query_i64(&q, request_id);
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                fn(arg, (const char *)sqlite3_column_text(q.stmt, 0), query_column_span(&q, 1));
        }
}
