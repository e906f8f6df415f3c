/* What whoever runs the gateway sees of the store and does in it (gateway/register/operator.h). */
#include "gateway/register/operator.h"

#include <stdio.h>
#include <string.h>

#include "gateway/register/store_priv.h"

const char *const operator_which_names[] = {"all", "parked", "waiting", NULL};

/* ---- acts ---- */

struct head { int64_t request_id; int status; bool sending; };

static enum gw_rc read_head(struct store *store, int64_t row, struct wall_time at, struct head *ret_head, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_OPERATOR_HEAD, "SELECT request_id, status, leased = 1 AND work_at > ? FROM outbox WHERE id = ?");
        query_i64(&q, at.ms);
        query_i64(&q, row);
        bool found = false;
        enum gw_rc rc = query_next(&q, &found, why);
        if (rc == GW_OK && !found)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such message");
        if (rc == GW_OK)
                *ret_head = (struct head){query_column_i64(&q, 0), (int)query_column_i64(&q, 1), query_column_i64(&q, 2) != 0};
        return rc;
}

static enum gw_rc note(struct store *store, const struct head *head, int64_t row, const char *what, const char *actor, struct wall_time at, char ret_number[20], struct why *why)
{
        char detail[64];
        snprintf(detail, sizeof detail, "outbox row %lld %s", (long long)row, what);
        number_write(NUMBER_PREFIX_REQUEST, head->request_id, ret_number);
        return event_note(store, head->request_id, actor, detail, at, why);
}

enum gw_rc operator_release(struct store *store, int64_t row, const char *actor, struct wall_time at, char ret_number[20], struct why *why)
{
        struct head head;
        enum gw_rc rc = read_head(store, row, at, &head, why);
        if (rc == GW_OK && head.status != OUTBOX_PARKED)
                rc = why_set(why, GW_REJECT, REASON_OUTBOX_STATE, "it is not parked");
        if (rc == GW_OK)
                rc = store_outbox_release(store, row, at, why);
        return rc == GW_OK ? note(store, &head, row, "released", actor, at, ret_number, why) : rc;
}

enum gw_rc operator_park(struct store *store, int64_t row, const char *actor, struct wall_time at, char ret_number[20], struct why *why)
{
        struct head head;
        enum gw_rc rc = read_head(store, row, at, &head, why);
        if (rc == GW_OK && (head.status != OUTBOX_READY || head.sending))
                rc = why_set(why, GW_REJECT, REASON_OUTBOX_STATE, head.sending ? "it is being sent at this moment" : "it is not what waits to be sent next");
        if (rc == GW_OK)
                rc = store_outbox_park(store, row, "OPERATOR", at, why);
        return rc == GW_OK ? note(store, &head, row, "parked", actor, at, ret_number, why) : rc;
}

/* ---- the outbox ---- */

#define ROW_COLUMNS "id, request_id, destination, kind, state_code, last_error, status, sequence, attempts_before + attempts, added_at, coalesce(finished_at, work_at), leased"

static void read_row(struct query *q, struct operator_row *row)
{
        static const char *const names[] = {[OUTBOX_READY] = "waiting", [OUTBOX_BLOCKED] = "blocked", [OUTBOX_SENT] = "sent", [OUTBOX_PARKED] = "parked"};
        *row = (struct operator_row){
                .id = query_column_i64(q, 0),
                .state = names[query_column_i64(q, 6)],
                .sequence = (int)query_column_i64(q, 7),
                .attempts = (int)query_column_i64(q, 8),
                .added_at = {query_column_i64(q, 9)},
                .at = {query_column_i64(q, 10)},
        };
        if (query_column_i64(q, 6) == OUTBOX_READY && query_column_i64(q, 11))
                row->state = "sending";
        number_write(NUMBER_PREFIX_REQUEST, query_column_i64(q, 1), row->number);
        query_column_text(q, 2, row->destination, sizeof row->destination);
        query_column_text(q, 3, row->kind, sizeof row->kind);
        query_column_text(q, 4, row->state_code, sizeof row->state_code);
        query_column_text(q, 5, row->error, sizeof row->error);
}

static enum gw_rc each_row(struct query *q, operator_row_fn fn, void *arg, struct why *why)
{
        for (;;) {
                bool found = false;
                struct operator_row row;
                enum gw_rc rc = query_next(q, &found, why);
                if (rc != GW_OK || !found)
                        return rc;
                read_row(q, &row);
                fn(arg, &row);
        }
}

enum gw_rc operator_outbox(struct store_reader *reader, enum operator_which which, const char *destination, size_t limit, operator_row_fn fn, void *arg, struct why *why)
{
        if (which == OPERATOR_ALL) {
                enum gw_rc rc = operator_outbox(reader, OPERATOR_PARKED, destination, limit, fn, arg, why);
                return rc == GW_OK ? operator_outbox(reader, OPERATOR_WAITING, destination, limit, fn, arg, why) : rc;
        }
        auto_query struct query q = which == OPERATOR_PARKED ? db_query(&reader->db, SQL_OPERATOR_PARKED,
                "SELECT " ROW_COLUMNS " FROM outbox INDEXED BY outbox_parked WHERE status = 3 AND (?1 = '' OR destination = ?1) ORDER BY finished_at LIMIT ?2")
                                           : db_query(&reader->db, SQL_OPERATOR_WAITING,
                "SELECT " ROW_COLUMNS " FROM outbox INDEXED BY outbox_ready WHERE status = 0 AND (?1 = '' OR destination = ?1) ORDER BY added_at LIMIT ?2");
        query_text(&q, destination);
        query_i64(&q, (int64_t)limit);
        return each_row(&q, fn, arg, why);
}

enum gw_rc operator_rows_of(struct store_reader *reader, int64_t request_id, operator_row_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OPERATOR_ROWS, "SELECT " ROW_COLUMNS " FROM outbox WHERE request_id = ? ORDER BY id");
        query_i64(&q, request_id);
        return each_row(&q, fn, arg, why);
}

enum gw_rc operator_queues(struct store_reader *reader, operator_queue_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OPERATOR_QUEUES,
                "SELECT destination, sum(waiting), sum(parked), coalesce(min(CASE WHEN waiting THEN since END), 0), coalesce(min(CASE WHEN parked THEN since END), 0) FROM ("
                " SELECT destination, 1 AS waiting, 0 AS parked, added_at AS since FROM outbox INDEXED BY outbox_ready WHERE status = 0"
                " UNION ALL SELECT destination, 0, 1, finished_at FROM outbox INDEXED BY outbox_parked WHERE status = 3) GROUP BY destination");
        for (;;) {
                bool found = false;
                enum gw_rc rc = query_next(&q, &found, why);
                if (rc != GW_OK || !found)
                        return rc;
                struct operator_queue queue = {.waiting = query_column_i64(&q, 1), .parked = query_column_i64(&q, 2), .waiting_since = {query_column_i64(&q, 3)},
                                               .parked_since = {query_column_i64(&q, 4)}};
                query_column_text(&q, 0, queue.destination, sizeof queue.destination);
                fn(arg, &queue);
        }
}

/* ---- what is due ---- */

static enum gw_rc each_due(struct query *q, operator_due_fn fn, void *arg, struct why *why)
{
        for (;;) {
                bool found = false;
                enum gw_rc rc = query_next(q, &found, why);
                if (rc != GW_OK || !found)
                        return rc;
                struct operator_due due = {.step = (int)query_column_i64(q, 4), .state = (enum request_state)query_column_i64(q, 5), .registered_at = {query_column_i64(q, 6)},
                                           .due_at = {query_column_i64(q, 7)}};
                number_write(NUMBER_PREFIX_REQUEST, query_column_i64(q, 0), due.number);
                query_column_text(q, 1, due.service, sizeof due.service);
                query_column_text(q, 2, due.provider_bin, sizeof due.provider_bin);
                query_column_text(q, 3, due.role, sizeof due.role);
                fn(arg, &due);
        }
}

enum gw_rc operator_due_requests(struct store_reader *reader, struct wall_time from, struct wall_time until, size_t limit, operator_due_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OPERATOR_DUE,
                "SELECT id, service_code, provider_bin, '', 0, state, registered_at, due_at FROM request INDEXED BY request_open"
                " WHERE state IN (0, 1, 3, 4, 8) AND due_at > ? AND due_at <= ? ORDER BY due_at LIMIT ?");
        query_i64(&q, from.ms);
        query_i64(&q, until.ms);
        query_i64(&q, (int64_t)limit);
        return each_due(&q, fn, arg, why);
}

/* The index leads with the provider, so it is walked from end to end: as many entries as there are open ones. */
enum gw_rc operator_due_steps(struct store_reader *reader, struct wall_time from, struct wall_time until, size_t limit, operator_due_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OPERATOR_STEPS,
                "SELECT w.request_id, w.service, w.provider_bin, w.role, w.step, r.state, r.registered_at, w.step_due FROM casework AS w INDEXED BY casework_provider_due"
                " CROSS JOIN request AS r ON r.id = w.request_id WHERE w.step > 0 AND w.step_due > ? AND w.step_due <= ? ORDER BY w.step_due LIMIT ?");
        query_i64(&q, from.ms);
        query_i64(&q, until.ms);
        query_i64(&q, (int64_t)limit);
        return each_due(&q, fn, arg, why);
}

enum gw_rc operator_find(struct store_reader *reader, const char *number, char ret_number[20], struct why *why)
{
        int64_t id = 0;
        if (number_read(NUMBER_PREFIX_REQUEST, number, &id)) {
                number_write(NUMBER_PREFIX_REQUEST, id, ret_number);
                return GW_OK;
        }
        auto_query struct query q = db_query(&reader->db, SQL_OPERATOR_FIND, "SELECT request_id FROM document WHERE number = ?");
        query_text(&q, number);
        bool found = false;
        enum gw_rc rc = query_next(&q, &found, why);
        if (rc == GW_OK && !found)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request and no such document");
        if (rc == GW_OK)
                number_write(NUMBER_PREFIX_REQUEST, query_column_i64(&q, 0), ret_number);
        return rc;
}
