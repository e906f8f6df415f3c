/* Readers: read-only connections, one per thread, that never wait for the writer (WAL). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/register/store_priv.h"

enum gw_rc store_reader_open(const char *path, struct store_reader **ret_reader, struct why *why)
{
        if (access(path, F_OK) != 0)
                return why_set(why, errno == ENOENT ? GW_RETRY : GW_FAULT, REASON_STORE_UNAVAILABLE, "the store file cannot be read: %s",
                               strerror(errno));
        struct store_reader *reader = xcalloc(1, sizeof *reader);
        enum gw_rc rc = db_open(&reader->db, path, SQLITE_OPEN_READONLY, why);
        if (rc == GW_OK)
                rc = db_exec(&reader->db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;", why);
        if (rc == GW_OK)
                rc = schema_check(&reader->db, why);
        if (rc != GW_OK) {
                store_reader_close(reader);
                return rc;
        }
        *ret_reader = reader;
        return GW_OK;
}

void store_reader_close(struct store_reader *reader)
{
        if (!reader)
                return;
        db_close(&reader->db);
        free(reader);
}

void request_view_done(struct request_view *view)
{
        buf_done(&view->document);
}

#define VIEW_SELECT                                                                                                                    \
        "SELECT r.id, r.state, r.registered_at, r.due_at, r.updated_at, r.service_code, r.sender_id, r.correlation_id, r.portal_number,"\
        " coalesce(d.outcome, ''), coalesce(c.number, ''), coalesce(d.decided_at, 0),"                                                 \
        " coalesce((SELECT e.detail FROM event AS e WHERE r.state = 2 AND e.request_id = r.id AND e.to_state = 2), ''),"                  \
        " EXISTS (SELECT 1 FROM casework AS w WHERE w.request_id = r.id)"                                                              \
        " FROM request AS r LEFT JOIN decision AS d ON d.request_id = r.id LEFT JOIN document AS c ON c.request_id = r.id"

static void read_view(struct query *q, struct request_view *view)
{
        *view = (struct request_view){
                .id = query_column_i64(q, 0),
                .state = (enum request_state)query_column_i64(q, 1),
                .registered_at = {query_column_i64(q, 2)},
                .due_at = {query_column_i64(q, 3)},
                .updated_at = {query_column_i64(q, 4)},
                .decided_at = {query_column_i64(q, 11)},
                .document = BUF_INIT,
        };
        number_write(NUMBER_PREFIX_REQUEST, view->id, view->number);
        query_column_text(q, 5, view->service_code, sizeof view->service_code);
        query_column_text(q, 6, view->sender_id, sizeof view->sender_id);
        query_column_text(q, 7, view->correlation_id, sizeof view->correlation_id);
        query_column_text(q, 8, view->portal_number, sizeof view->portal_number);
        query_column_text(q, 9, view->outcome, sizeof view->outcome);
        query_column_text(q, 10, view->document_number, sizeof view->document_number);
        query_column_text(q, 12, view->refusal, sizeof view->refusal);
        view->by_people = query_column_i64(q, 13) != 0;
}

static enum gw_rc read_one(struct query *q, struct request_view *ret_view, struct why *why)
{
        bool row = false;
        enum gw_rc rc = query_next(q, &row, why);
        if (rc != GW_OK)
                return rc;
        if (!row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        read_view(q, ret_view);
        return GW_OK;
}

static enum gw_rc read_document(struct store_reader *reader, int64_t id, struct buf *out, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_DOCUMENT, "SELECT content FROM document WHERE request_id = ?");
        query_i64(&q, id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK || !row)
                return rc;
        return query_column_buf(&q, 0, out, why);
}

void issued_document_done(struct issued_document *document)
{
        buf_done(&document->content);
}

enum gw_rc store_issued_document(struct store_reader *reader, const char *number, const char *declarant_iin, struct issued_document *ret_document, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_ISSUED,
                "SELECT r.service_code, r.registered_at, d.decided_at, c.content FROM document AS c JOIN request AS r ON r.id = c.request_id"
                " JOIN decision AS d ON d.request_id = c.request_id WHERE c.number = ?1 AND (?2 = '' OR r.declarant_iin = ?2)");
        query_text(&q, number);
        query_text(&q, declarant_iin ? declarant_iin : "");
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        if (!row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such document");
        struct issued_document document = {.registered_at = {query_column_i64(&q, 1)}, .decided_at = {query_column_i64(&q, 2)}, .content = BUF_INIT};
        query_column_text(&q, 0, document.service_code, sizeof document.service_code);
        rc = query_column_buf(&q, 3, &document.content, why);
        if (rc == GW_OK)
                *ret_document = document;
        else
                issued_document_done(&document);
        return rc;
}

enum gw_rc store_view_by_id(struct store_reader *reader, int64_t id, bool with_document, struct request_view *ret_view, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_VIEW_BY_ID, VIEW_SELECT " WHERE r.id = ?");
        query_i64(&q, id);
        struct request_view view;
        enum gw_rc rc = read_one(&q, &view, why);
        if (rc != GW_OK)
                return rc;
        if (with_document)
                rc = read_document(reader, id, &view.document, why);
        if (rc != GW_OK) {
                request_view_done(&view);
                return rc;
        }
        *ret_view = view;
        return GW_OK;
}

enum gw_rc store_view_by_number(struct store_reader *reader, const char *number, bool with_document, struct request_view *ret_view,
                                struct why *why)
{
        int64_t id = 0;
        if (!number_read(NUMBER_PREFIX_REQUEST, number, &id))
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "not a registration number");
        return store_view_by_id(reader, id, with_document, ret_view, why);
}

enum gw_rc store_view_by_outbox_message(struct store_reader *reader, const char *message_id, struct request_view *ret_view, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_VIEW_BY_OUTBOX,
                VIEW_SELECT " WHERE r.id = (SELECT o.request_id FROM outbox AS o WHERE o.message_id = ?)");
        query_text(&q, message_id);
        return read_one(&q, ret_view, why);
}

/* Overdue is computed, never stored: open (not yet answered) and past its day. */
static enum gw_rc count_overdue(struct store_reader *reader, struct wall_time now, int64_t *ret_count, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OVERDUE,
                "SELECT count(*) FROM request INDEXED BY request_open WHERE state IN (0, 1, 3, 4, 8) AND due_at < ?");
        query_i64(&q, now.ms);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_count = query_column_i64(&q, 0);
        return rc;
}

enum gw_rc store_totals(struct store_reader *reader, struct wall_time now, struct store_totals *ret_totals, struct why *why)
{
        struct ledger ledger;
        enum gw_rc rc = ledger_load(&reader->db, &ledger, why);
        if (rc != GW_OK)
                return rc;
        struct store_totals totals = {
                .outbox_pending = ledger.tally[TALLY_OUTBOX_PENDING],
                .outbox_parked = ledger.tally[TALLY_OUTBOX_PARKED],
                .outbox_sent = ledger.tally[TALLY_OUTBOX_SENT],
                .events = ledger.event_seq,
        };
        for (int i = 0; i < REQUEST_STATE_COUNT; i++)
                totals.requests[i] = ledger.tally[i];
        rc = count_overdue(reader, now, &totals.overdue, why);
        if (rc == GW_OK)
                *ret_totals = totals;
        return rc;
}

enum gw_rc store_parked(struct store_reader *reader, store_parked_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_OUTBOX_PARKED,
                "SELECT id, request_id, destination, kind, attempts_before + attempts, last_error, finished_at"
                " FROM outbox INDEXED BY outbox_parked WHERE status = 3 ORDER BY finished_at");
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                char number[20], destination[32], kind[16];
                number_write(NUMBER_PREFIX_REQUEST, query_column_i64(&q, 1), number);
                query_column_text(&q, 2, destination, sizeof destination);
                query_column_text(&q, 3, kind, sizeof kind);
                fn(arg, query_column_i64(&q, 0), number, destination, kind, (int)query_column_i64(&q, 4),
                   (const char *)sqlite3_column_text(q.stmt, 5), (struct wall_time){query_column_i64(&q, 6)});
        }
}

enum gw_rc store_events(struct store_reader *reader, int64_t request_id, store_event_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_EVENT_LIST,
                "SELECT seq, at, from_state, to_state, actor, detail FROM event WHERE request_id = ? ORDER BY seq");
        query_i64(&q, request_id);
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                fn(arg, query_column_i64(&q, 0), (struct wall_time){query_column_i64(&q, 1)}, (enum request_state)query_column_i64(&q, 2),
                   (enum request_state)query_column_i64(&q, 3), (const char *)sqlite3_column_text(q.stmt, 4),
                   (const char *)sqlite3_column_text(q.stmt, 5));
        }
}
