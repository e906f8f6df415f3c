/* Rows of paper. */
#include "gateway/register/papers.h"

#include <string.h>

#include "gateway/register/store_priv.h"

char *paper_number(const char *prefix, int64_t id, char out[20])
{
        number_write(prefix, id, out);
        return out;
}

bool paper_number_read(const char *prefix, const char *number, int64_t *ret_id)
{
        return number_read(prefix, number, ret_id);
}

enum gw_rc papers_next(struct store *store, int64_t *ret_id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_PAPER_NEXT, "SELECT coalesce(max(id), 0) + 1 FROM paper");
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_id = query_column_i64(&q, 0);
        return rc;
}

enum gw_rc papers_add(struct store *store, const struct paper_record *record, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_PAPER_ADD, "INSERT INTO paper (id, request_id, kind, at, content) VALUES (?, ?, ?, ?, ?)");
        query_i64(&q, record->id);
        query_i64(&q, record->request_id);
        query_text(&q, record->kind);
        query_i64(&q, record->at.ms);
        query_span(&q, record->content);
        return query_run(&q, NULL, why);
}

static void read_row(struct query *q, struct paper_view *view)
{
        *view = (struct paper_view){.id = query_column_i64(q, 0), .request_id = query_column_i64(q, 1), .at = {query_column_i64(q, 3)}};
        query_column_text(q, 2, view->kind, sizeof view->kind);
}

enum gw_rc papers_view(struct store_reader *reader, int64_t request_id, int64_t id, struct paper_view *ret_view, struct buf *content, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_PAPER_VIEW, "SELECT id, request_id, kind, at, content FROM paper WHERE id = ? AND request_id = ?");
        query_i64(&q, id);
        query_i64(&q, request_id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK && !row)
                rc = why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "the request has no such paper");
        if (rc == GW_OK)
                rc = query_column_buf(&q, 4, content, why);
        if (rc == GW_OK)
                read_row(&q, ret_view);
        return rc;
}

enum gw_rc papers_list(struct store_reader *reader, int64_t request_id, paper_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_PAPER_LIST, "SELECT id, request_id, kind, at FROM paper WHERE request_id = ? ORDER BY id");
        query_i64(&q, request_id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        for (; rc == GW_OK && row; rc = query_next(&q, &row, why)) {
                struct paper_view view;
                read_row(&q, &view);
                fn(arg, &view);
        }
        return rc;
}
