/* Attachments in the store. */
#include <string.h>

#include "gateway/register/attachments.h"
#include "gateway/register/store_priv.h"

static enum gw_rc add_body(struct store *store, const struct attachment_record *record, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_ATTACHMENT_BODY, "INSERT INTO attachment_body (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING");
        query_span(&q, span_of(record->sha256, sizeof record->sha256));
        query_span(&q, record->bytes);
        return query_run(&q, NULL, why);
}

static enum gw_rc add_row(struct store *store, int64_t request_id, size_t n, const struct attachment_record *record, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_ATTACHMENT_ADD,
                "INSERT INTO attachment (request_id, n, name, type, size, document, sha256) VALUES (?, ?, ?, ?, ?, ?, ?)");
        query_i64(&q, request_id);
        query_i64(&q, (int64_t)n);
        query_text(&q, record->name);
        query_text(&q, record->type);
        query_i64(&q, (int64_t)record->bytes.n);
        query_text(&q, record->document);
        query_span(&q, span_of(record->sha256, sizeof record->sha256));
        return query_run(&q, NULL, why);
}

enum gw_rc attachments_add(struct store *store, int64_t request_id, const struct attachment_record *records, size_t count, struct why *why)
{
        enum gw_rc rc = GW_OK;
        for (size_t i = 0; rc == GW_OK && i < count; i++) {
                rc = add_body(store, &records[i], why);
                if (rc == GW_OK)
                        rc = add_row(store, request_id, i + 1, &records[i], why);
        }
        return rc;
}

#define VIEW_COLUMNS "a.n, a.name, a.type, a.size, a.document, a.sha256"

static void read_view(struct query *q, struct attachment_view *view)
{
        *view = (struct attachment_view){.n = (int)query_column_i64(q, 0), .size = query_column_i64(q, 3)};
        query_column_text(q, 1, view->name, sizeof view->name);
        query_column_text(q, 2, view->type, sizeof view->type);
        query_column_text(q, 4, view->document, sizeof view->document);
        struct span sha256 = query_column_span(q, 5);
        if (sha256.n == sizeof view->sha256)
                memcpy(view->sha256, sha256.p, sha256.n);
}

enum gw_rc attachments_list(struct store_reader *reader, int64_t request_id, attachment_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_ATTACHMENT_LIST, "SELECT " VIEW_COLUMNS " FROM attachment AS a WHERE a.request_id = ? ORDER BY a.n");
        query_i64(&q, request_id);
        bool row = false;
        enum gw_rc rc;
        while ((rc = query_next(&q, &row, why)) == GW_OK && row) {
                struct attachment_view view;
                read_view(&q, &view);
                fn(arg, &view);
        }
        return rc;
}

enum gw_rc attachments_read(struct store_reader *reader, int64_t request_id, int n, struct attachment_view *ret_view, struct buf *ret_bytes, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_ATTACHMENT_READ,
                "SELECT " VIEW_COLUMNS ", b.bytes FROM attachment AS a JOIN attachment_body AS b USING (sha256) WHERE a.request_id = ? AND a.n = ?");
        query_i64(&q, request_id);
        query_i64(&q, n);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK && !row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no attachment of that number");
        if (rc != GW_OK)
                return rc;
        read_view(&q, ret_view);
        return query_column_buf(&q, 6, ret_bytes, why);
}
