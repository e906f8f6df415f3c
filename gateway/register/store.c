/* The writer: opening the file, its transaction, the savepoint of each piece of work, and the ledger row. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/register/store_priv.h"

/* measurements.md 5: at 1000 pages p99 is about 5 ms at 1,500 requests a second; 4000 made it 16. */
#define CHECKPOINT_PAGES 1000
#define SEQUENCE_DIGITS 11
#define SEQUENCE_MAX 99999999999LL

/* Personal data: nobody else reads it. SQLite gives -wal and -shm the mode of the main file. The file is never opened here when it
 * exists: closing any descriptor of it would drop the POSIX locks of this process's readers. */
static enum gw_rc make_private(const char *path, struct why *why)
{
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) {
                close(fd);
                return GW_OK;
        }
        struct stat st;
        if (errno == EEXIST && stat(path, &st) == 0 && ((st.st_mode & 0077) == 0 || chmod(path, 0600) == 0))
                return GW_OK;
        int error = errno;
        bool full = error == ENOSPC || error == EDQUOT || error == EIO;
        return why_set(why, full ? GW_RETRY : GW_FAULT, REASON_STORE_UNAVAILABLE, "the store file cannot be made private: %s",
                       strerror(error));
}

static int note_wal_pages(void *arg, sqlite3 *handle, const char *name, int pages)
{
        (void)handle, (void)name;
        struct store *store = arg;
        store->wal_pages = pages;
        return SQLITE_OK;
}

/* A file system without shared memory silently keeps the old mode. */
static enum gw_rc switch_to_wal(struct db *db, struct why *why)
{
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(stmt);
        bool wal = code == SQLITE_ROW && str_eq((const char *)sqlite3_column_text(stmt, 0), "wal");
        sqlite3_finalize(stmt);
        if (code != SQLITE_ROW)
                return db_error(db, code, why);
        if (!wal)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "the file system of the store does not support a write-ahead log");
        return GW_OK;
}

static enum gw_rc configure(struct store *store, struct why *why)
{
        struct db *db = &store->db;
        /* temp_store: savepoints keep their undo pages in memory, not in temporary files. */
        enum gw_rc rc = db_exec(db,
                                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                                "PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;"
                                "PRAGMA cell_size_check = ON; PRAGMA wal_autocheckpoint = 0;", why);
        if (rc == GW_OK)
                rc = schema_prepare(db, why); /* first: a file that is not ours stays as it is */
        if (rc == GW_OK)
                rc = switch_to_wal(db, why);
        if (rc != GW_OK)
                return rc;
        sqlite3_wal_hook(db->handle, note_wal_pages, store);
        return ledger_load(db, &store->ledger, why);
}

enum gw_rc store_open(struct store *store, const char *path, struct why *why)
{
        *store = (struct store){.pushes = store->pushes};
        enum gw_rc rc = make_private(path, why);
        if (rc == GW_OK)
                rc = db_open(&store->db, path, SQLITE_OPEN_READWRITE, why);
        if (rc != GW_OK)
                return rc;
        rc = configure(store, why);
        if (rc != GW_OK)
                db_close(&store->db);
        return rc;
}

void store_close(struct store *store)
{
        db_close(&store->db);
}

enum gw_rc store_begin(struct store *store, struct why *why)
{
        return db_simple(&store->db, SQL_BEGIN, "BEGIN IMMEDIATE", why);
}

enum gw_rc store_commit(struct store *store, struct why *why)
{
        enum gw_rc rc = ledger_save(&store->db, &store->ledger, why);
        if (rc != GW_OK)
                return rc;
        return db_simple(&store->db, SQL_COMMIT, "COMMIT", why);
}

enum gw_rc store_piece_begin(struct store *store, struct why *why)
{
        store->before = store->ledger;
        store->db.fault = false;
        return db_simple(&store->db, SQL_SAVEPOINT, "SAVEPOINT piece", why);
}

enum gw_rc store_piece_keep(struct store *store, struct why *why)
{
        return db_simple(&store->db, SQL_RELEASE, "RELEASE piece", why);
}

enum gw_rc store_piece_drop(struct store *store, struct why *why)
{
        store->ledger = store->before;
        enum gw_rc rc = db_simple(&store->db, SQL_ROLLBACK_TO, "ROLLBACK TO piece", why);
        if (rc != GW_OK)
                return rc;
        return store_piece_keep(store, why);
}

bool store_is_broken(const struct store *store)
{
        /* Autocommit inside our transaction: SQLite has rolled it back by itself. */
        return store->db.broken || sqlite3_get_autocommit(store->db.handle);
}

void store_checkpoint(struct store *store)
{
        if (store->wal_pages < CHECKPOINT_PAGES)
                return;
        /* Its failure loses nothing: everything is in the log, and the next commit tries again. */
        sqlite3_wal_checkpoint_v2(store->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        store->wal_pages = 0;
}

enum gw_rc ledger_load(struct db *db, struct ledger *ret_ledger, struct why *why)
{
        auto_query struct query q = db_query(db, SQL_LEDGER_LOAD,
                "SELECT event_seq, event_hash, last_request, last_document, checking, registered, rejected_intake, awaiting_data, decided,"
                " result_sent, received, cancelled, failed_tech, outbox_pending, outbox_parked, outbox_sent FROM ledger WHERE id = 1");
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        struct span hash = row ? query_column_span(&q, 1) : span_of(NULL, 0);
        if (hash.n != sizeof ret_ledger->event_hash)
                return why_set(why, GW_FAULT, REASON_STORE_UNAVAILABLE, "the store's ledger row is missing or damaged");
        struct ledger ledger = {
                .event_seq = query_column_i64(&q, 0),
                .last_request = query_column_i64(&q, 2),
                .last_document = query_column_i64(&q, 3),
        };
        memcpy(ledger.event_hash, hash.p, hash.n);
        for (int i = 0; i < TALLY_COUNT; i++)
                ledger.tally[i] = query_column_i64(&q, 4 + i);
        *ret_ledger = ledger;
        return GW_OK;
}

enum gw_rc ledger_save(struct db *db, const struct ledger *ledger, struct why *why)
{
        auto_query struct query q = db_query(db, SQL_LEDGER_SAVE,
                "UPDATE ledger SET event_seq = ?, event_hash = ?, last_request = ?, last_document = ?, checking = ?, registered = ?,"
                " rejected_intake = ?, awaiting_data = ?, decided = ?, result_sent = ?, received = ?, cancelled = ?, failed_tech = ?,"
                " outbox_pending = ?, outbox_parked = ?, outbox_sent = ? WHERE id = 1");
        query_i64(&q, ledger->event_seq);
        query_span(&q, span_of(ledger->event_hash, sizeof ledger->event_hash));
        query_i64(&q, ledger->last_request);
        query_i64(&q, ledger->last_document);
        for (int i = 0; i < TALLY_COUNT; i++)
                query_i64(&q, ledger->tally[i]);
        return query_run(&q, NULL, why);
}

void number_write(const char *prefix, int64_t sequence, char out[20])
{
        GW_ASSERT(sequence > 0 && sequence <= SEQUENCE_MAX);
        snprintf(out, 20, "%s%0*lld", prefix, SEQUENCE_DIGITS, (long long)sequence);
}

char *store_request_number(int64_t request_id, char out[20])
{
        number_write(NUMBER_PREFIX_REQUEST, request_id, out);
        return out;
}

bool number_read(const char *prefix, const char *number, int64_t *ret_sequence)
{
        if (!number || !str_starts(number, prefix) || strlen(number) != strlen(prefix) + SEQUENCE_DIGITS)
                return false;
        uint64_t sequence = 0;
        if (!text_to_u64(number + strlen(prefix), 1, SEQUENCE_MAX, &sequence))
                return false;
        *ret_sequence = (int64_t)sequence;
        return true;
}
