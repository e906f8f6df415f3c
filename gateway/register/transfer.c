/* Rows of transfer_register and transfer_entry. */
#include "gateway/register/transfer.h"

#include "gateway/register/store_priv.h"

enum gw_rc transfer_next(struct store *store, int64_t *ret_id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_TRANSFER_NEXT, "SELECT coalesce(max(id), 0) + 1 FROM transfer_register");
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_id = query_column_i64(&q, 0);
        return rc;
}

static enum gw_rc add_entry(struct store *store, int64_t register_id, int64_t request_id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_TRANSFER_ENTRY, "INSERT INTO transfer_entry (register_id, request_id) VALUES (?, ?)");
        query_i64(&q, register_id);
        query_i64(&q, request_id);
        return query_run(&q, NULL, why);
}

static enum gw_rc add_register(struct store *store, const struct transfer_record *record, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_TRANSFER_ADD,
                "INSERT INTO transfer_register (id, from_bin, to_bin, staff, at, accepted_by, accepted_at, content) VALUES (?, ?, ?, ?, ?5, ?6, CASE ?6 WHEN '' THEN NULL ELSE ?5 END, ?7)");
        query_i64(&q, record->id);
        query_text(&q, record->from_bin);
        query_text(&q, record->to_bin);
        query_text(&q, record->staff);
        query_i64(&q, record->at.ms);
        query_text(&q, record->accepted_by);
        query_span(&q, record->content);
        return query_run(&q, NULL, why);
}

enum gw_rc transfer_add(struct store *store, const struct transfer_record *record, struct why *why)
{
        enum gw_rc rc = add_register(store, record, why);
        for (size_t i = 0; i < record->request_count && rc == GW_OK; i++)
                rc = add_entry(store, record->id, record->requests[i], why);
        return rc;
}

enum gw_rc transfer_accept(struct store *store, int64_t id, const char *to_bin, const char *staff, struct wall_time at, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_TRANSFER_ACCEPT, "UPDATE transfer_register SET accepted_by = ?3, accepted_at = ?4 WHERE id = ?1 AND to_bin = ?2 AND accepted_at IS NULL");
        query_i64(&q, id);
        query_text(&q, to_bin);
        query_text(&q, staff);
        query_i64(&q, at.ms);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc == GW_OK && changes != 1)
                rc = why_set(why, GW_REJECT, REASON_REGISTER_INVALID, "the register is accepted already");
        return rc;
}

#define COLUMNS                                                                                                                 \
        "SELECT id, from_bin, to_bin, staff, accepted_by, at, coalesce(accepted_at, 0),"                                        \
        " (SELECT count(*) FROM transfer_entry AS e WHERE e.register_id = t.id), content FROM transfer_register AS t"

static void read_row(struct query *q, struct transfer_view *view)
{
        *view = (struct transfer_view){
                .id = query_column_i64(q, 0), .at = {query_column_i64(q, 5)}, .accepted_at = {query_column_i64(q, 6)}, .entries = (size_t)query_column_i64(q, 7)};
        query_column_text(q, 1, view->from_bin, sizeof view->from_bin);
        query_column_text(q, 2, view->to_bin, sizeof view->to_bin);
        query_column_text(q, 3, view->staff, sizeof view->staff);
        query_column_text(q, 4, view->accepted_by, sizeof view->accepted_by);
}

enum gw_rc transfer_view(struct store_reader *reader, int64_t id, const char *bin, struct transfer_view *ret_view, struct buf *content, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_TRANSFER_VIEW, COLUMNS " WHERE id = ?1 AND (from_bin = ?2 OR to_bin = ?2)");
        query_i64(&q, id);
        query_text(&q, bin);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK && !row)
                rc = why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such register");
        if (rc == GW_OK && content)
                rc = query_column_buf(&q, 8, content, why);
        if (rc == GW_OK)
                read_row(&q, ret_view);
        return rc;
}

enum gw_rc transfer_entries(struct store_reader *reader, int64_t id, transfer_entry_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_TRANSFER_ENTRIES, "SELECT request_id FROM transfer_entry WHERE register_id = ? ORDER BY request_id");
        query_i64(&q, id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        for (; rc == GW_OK && row; rc = query_next(&q, &row, why)) {
                char number[20];
                number_write(NUMBER_PREFIX_REQUEST, query_column_i64(&q, 0), number);
                fn(arg, query_column_i64(&q, 0), number);
        }
        return rc;
}

enum gw_rc transfer_list(struct store_reader *reader, const char *bin, int64_t before, unsigned max, transfer_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_TRANSFER_LIST, COLUMNS " WHERE (from_bin = ?1 OR to_bin = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3");
        query_text(&q, bin);
        query_i64(&q, before > 0 ? before : INT64_MAX);
        query_i64(&q, max);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        for (; rc == GW_OK && row; rc = query_next(&q, &row, why)) {
                struct transfer_view view;
                read_row(&q, &view);
                fn(arg, &view);
        }
        return rc;
}
