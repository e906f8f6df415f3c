/* Rows of refusal: written once, never changed. */
#include "gateway/register/refusals.h"

#include "gateway/register/store_priv.h"

#define COLUMNS "SELECT id, at, channel, sender_id, service_code, route, reason, detail, applicant_iin, front_bin, staff, paper FROM refusal"

void refusal_view_done(struct refusal_view *view)
{
        buf_done(&view->paper);
}

enum gw_rc refusals_next(struct store *store, int64_t *ret_id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REFUSAL_NEXT, "SELECT coalesce(max(id), 0) + 1 FROM refusal");
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_id = query_column_i64(&q, 0);
        return rc;
}

/* The row of that message, or none. */
static enum gw_rc find_same(struct store *store, const struct refusal_record *r, int64_t *ret_id, bool *ret_found, struct why *why)
{
        *ret_found = false;
        if (!r->message_id || !*r->message_id)
                return GW_OK;
        auto_query struct query q = db_query(&store->db, SQL_REFUSAL_SEEN,
                "SELECT id, message = ?3 FROM refusal WHERE sender_id = ?1 AND message_id = ?2 AND message_id <> '' ORDER BY 2 DESC LIMIT 1");
        query_text(&q, r->sender_id);
        query_text(&q, r->message_id);
        query_span(&q, r->message);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK || !row)
                return rc;
        *ret_found = query_column_i64(&q, 1) == 1;
        *ret_id = query_column_i64(&q, 0);
        if (!*ret_found && str_eq(r->channel, "front-office"))
                return why_set(why, GW_REJECT, REASON_MESSAGE_ID_REUSED, "the same Idempotency-Key, other content");
        return GW_OK;
}

enum gw_rc refusals_add(struct store *store, const struct refusal_record *record, int64_t *ret_id, bool *ret_repeated, struct why *why)
{
        int64_t id = record->id;
        enum gw_rc rc = find_same(store, record, ret_id, ret_repeated, why);
        if (rc != GW_OK || *ret_repeated)
                return rc;
        if (!id)
                rc = refusals_next(store, &id, why);
        if (rc != GW_OK)
                return rc;
        auto_query struct query q = db_query(&store->db, SQL_REFUSAL_ADD,
                "INSERT INTO refusal (id, at, channel, sender_id, message_id, service_code, route, reason, detail, applicant_iin, front_bin, staff, message, paper)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        query_i64(&q, id);
        query_i64(&q, record->at.ms);
        const char *texts[] = {record->channel, record->sender_id, record->message_id, record->service_code, record->route,
                               record->reason, record->detail, record->applicant_iin, record->front_bin, record->staff};
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                query_text(&q, texts[i]);
        query_span(&q, record->message);
        query_span(&q, record->paper);
        rc = query_run(&q, NULL, why);
        if (rc == GW_OK)
                *ret_id = id;
        return rc;
}

/* Both ends of the primary key are found without a scan. */
enum gw_rc refusals_have_room(struct store *store, int64_t rows_max, bool *ret_room, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REFUSAL_ROOM, "SELECT coalesce((SELECT max(id) FROM refusal) - (SELECT min(id) FROM refusal) + 1, 0)");
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_room = query_column_i64(&q, 0) < rows_max;
        return rc;
}

enum gw_rc refusals_purge(struct store *store, struct wall_time before, int max, int *ret_count, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REFUSAL_PURGE, "DELETE FROM refusal WHERE id IN (SELECT id FROM refusal ORDER BY id LIMIT ?2) AND at < ?1");
        query_i64(&q, before.ms);
        query_i64(&q, max);
        return query_run(&q, ret_count, why);
}

enum gw_rc refusals_count(struct store_reader *reader, int64_t *ret_count, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_REFUSAL_COUNT, "SELECT count(*) FROM refusal");
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_count = query_column_i64(&q, 0);
        return rc;
}

static void read_row(struct query *q, struct refusal_view *view)
{
        *view = (struct refusal_view){.id = query_column_i64(q, 0), .at = {query_column_i64(q, 1)}, .paper = BUF_INIT};
        const struct { char *out; size_t size; } texts[] = {
                {view->channel, sizeof view->channel}, {view->sender_id, sizeof view->sender_id}, {view->service_code, sizeof view->service_code},
                {view->route, sizeof view->route}, {view->reason, sizeof view->reason}, {view->detail, sizeof view->detail},
                {view->applicant_iin, sizeof view->applicant_iin}, {view->front_bin, sizeof view->front_bin}, {view->staff, sizeof view->staff},
        };
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                query_column_text(q, (int)i + 2, texts[i].out, texts[i].size);
}

enum gw_rc refusals_view(struct store_reader *reader, int64_t id, const char *front_bin, struct refusal_view *ret_view, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_REFUSAL_VIEW, COLUMNS " WHERE id = ? AND (?2 = '' OR front_bin = ?2)");
        query_i64(&q, id);
        query_text(&q, front_bin);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK && !row)
                rc = why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such refusal");
        if (rc != GW_OK)
                return rc;
        struct refusal_view view;
        read_row(&q, &view);
        rc = query_column_buf(&q, 11, &view.paper, why);
        if (rc == GW_OK)
                *ret_view = view;
        else
                refusal_view_done(&view);
        return rc;
}

enum gw_rc refusals_list(struct store_reader *reader, const char *front_bin, int64_t before, unsigned max, refusal_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_REFUSAL_LIST, COLUMNS " WHERE front_bin = ? AND id < ? ORDER BY id DESC LIMIT ?");
        query_text(&q, front_bin);
        query_i64(&q, before > 0 ? before : INT64_MAX);
        query_i64(&q, max);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        for (; rc == GW_OK && row; rc = query_next(&q, &row, why)) {
                struct refusal_view view;
                read_row(&q, &view);
                fn(arg, &view);
        }
        return rc;
}
