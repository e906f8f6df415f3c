/* One SQLite connection: its prepared statements, binding, stepping, and the sorting of its errors. */
#include <string.h>

#include "gateway/register/store_priv.h"

/* Only a stranger's shell on the file can make us wait: our own writers exclude each other by the lock file. */
#define BUSY_TIMEOUT_MS 2000

enum gw_rc db_error(struct db *db, int code, struct why *why)
{
        switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_ERROR:
        case SQLITE_MISUSE:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
                db->fault = true;
                return why_set(why, GW_FAULT, REASON_INTERNAL, "store: %s", sqlite3_errmsg(db->handle));
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                db->broken = code;
                return why_set(why, GW_FAULT, REASON_STORE_UNAVAILABLE, "store: %s (%d)", sqlite3_errstr(code), code);
        default: /* FULL, IOERR, READONLY, CANTOPEN, BUSY, NOMEM …: SQLite's codes are plain numbers, there is no enum to exhaust */
                db->broken = code;
                return why_set(why, GW_RETRY, REASON_STORE_UNAVAILABLE, "store: %s (%d, errno %d)", sqlite3_errstr(code), code,
                               db->handle ? sqlite3_system_errno(db->handle) : 0);
        }
}

enum gw_rc db_open(struct db *db, const char *path, int flags, struct why *why)
{
        *db = (struct db){.handle = NULL};
        /* NOMUTEX: a connection never serves two threads at once. */
        int code = sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
        if (code == SQLITE_OK)
                return GW_OK;
        enum gw_rc rc = db_error(db, code, why);
        db_close(db);
        return rc;
}

void db_close(struct db *db)
{
        for (size_t i = 0; i < SQL_COUNT; i++)
                sqlite3_finalize(db->statements[i]);
        if (db->handle)
                GW_ASSERT(sqlite3_close(db->handle) == SQLITE_OK);
        *db = (struct db){.handle = NULL};
}

enum gw_rc db_exec(struct db *db, const char *sql, struct why *why)
{
        int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
        return code == SQLITE_OK ? GW_OK : db_error(db, code, why);
}

enum gw_rc db_pragma_i64(struct db *db, const char *sql, int64_t *ret_value, struct why *why)
{
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(stmt);
        int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
        sqlite3_finalize(stmt);
        if (code != SQLITE_ROW)
                return db_error(db, code, why);
        *ret_value = value;
        return GW_OK;
}

enum gw_rc db_simple(struct db *db, enum sql_id id, const char *sql, struct why *why)
{
        auto_query struct query q = db_query(db, id, sql);
        return query_run(&q, NULL, why);
}

struct query db_query(struct db *db, enum sql_id id, const char *sql)
{
        struct query q = {.db = db, .code = SQLITE_OK};
        if (!db->statements[id])
                q.code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->statements[id], NULL);
        q.stmt = db->statements[id];
        GW_ASSERT(!q.stmt || !sqlite3_stmt_busy(q.stmt)); /* the same statement inside its own loop */
        return q;
}

void query_done(struct query *q)
{
        if (!q->stmt)
                return;
        sqlite3_reset(q->stmt); /* repeats the error that query_next or query_run reported */
        sqlite3_clear_bindings(q->stmt);
        q->stmt = NULL;
}

static void keep_code(struct query *q, int code)
{
        if (q->code == SQLITE_OK)
                q->code = code;
}

void query_i64(struct query *q, int64_t value)
{
        keep_code(q, sqlite3_bind_int64(q->stmt, ++q->bound, value));
}

void query_text(struct query *q, const char *text)
{
        keep_code(q, sqlite3_bind_text(q->stmt, ++q->bound, text ? text : "", -1, SQLITE_STATIC));
}

void query_optional_text(struct query *q, const char *text)
{
        keep_code(q, text ? sqlite3_bind_text(q->stmt, ++q->bound, text, -1, SQLITE_STATIC) : sqlite3_bind_null(q->stmt, ++q->bound));
}

void query_span(struct query *q, struct span bytes)
{
        /* A NULL pointer would be bound as SQL NULL. */
        keep_code(q, sqlite3_bind_blob64(q->stmt, ++q->bound, bytes.n ? (const void *)bytes.p : "", bytes.n, SQLITE_STATIC));
}

enum gw_rc query_next(struct query *q, bool *ret_row, struct why *why)
{
        if (q->code == SQLITE_OK) {
                int code = sqlite3_step(q->stmt);
                if (code == SQLITE_ROW || code == SQLITE_DONE) {
                        *ret_row = code == SQLITE_ROW;
                        return GW_OK;
                }
                q->code = code;
        }
        return db_error(q->db, q->code, why);
}

enum gw_rc query_run(struct query *q, int *ret_changes, struct why *why)
{
        bool row = false;
        enum gw_rc rc = query_next(q, &row, why);
        if (rc != GW_OK)
                return rc;
        GW_ASSERT(!row);
        if (ret_changes)
                *ret_changes = sqlite3_changes(q->db->handle);
        return GW_OK;
}

int64_t query_column_i64(struct query *q, int column)
{
        return sqlite3_column_int64(q->stmt, column);
}

void query_column_text(struct query *q, int column, char *out, size_t size)
{
        const char *text = (const char *)sqlite3_column_text(q->stmt, column);
        size_t n = text ? strlen(text) : 0;
        if (n >= size)
                n = size - 1; /* cannot be: lengths are checked when they are written */
        if (n)
                memcpy(out, text, n);
        out[n] = '\0';
}

struct span query_column_span(struct query *q, int column)
{
        const void *bytes = sqlite3_column_blob(q->stmt, column);
        return span_of(bytes, (size_t)sqlite3_column_bytes(q->stmt, column));
}

enum gw_rc query_column_buf(struct query *q, int column, struct buf *out, struct why *why)
{
        buf_add_span(out, query_column_span(q, column));
        if (buf_failed(out))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "store: a stored document does not fit into memory");
        return GW_OK;
}
