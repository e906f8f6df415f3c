/* A store in a folder of its own, and a way to call the writing verbs one after another from a test: the journal's thread lends its
 * struct store to the test (it waits inside a piece of work meanwhile) until the test gives it back with the verdict of the work. */
#ifndef HELPER_STORE_H
#define HELPER_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>
#include <sqlite3.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/register/journal.h"

#define T0 1795000000000LL /* 2026-11-18 */
#define AT(offset_ms) ((struct wall_time){T0 + (offset_ms)})

struct fixture {
        char dir[64], path[96];
        struct journal *journal;
        struct store_reader *reader;
        struct push_targets pushes;
        /* lending */
        pthread_t borrower;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct store *lent;
        bool back;
        enum gw_rc verdict, result;
        struct why why;
};

static inline void fixture_open(struct fixture *f)
{
        struct why why = WHY_INIT;
        struct journal_options options = {.path = f->path, .group_max = 256, .queue_max = 4096, .pushes = f->pushes};
        if (journal_open(&options, &f->journal, &why) != GW_OK || store_reader_open(f->path, &f->reader, &why) != GW_OK)
                fail_msg("the store was not opened: %s", why.detail);
}

static inline void fixture_close(struct fixture *f)
{
        store_reader_close(gw_take(&f->reader));
        journal_close(gw_take(&f->journal));
}

static inline int fixture_setup(void **state)
{
        struct fixture *f = xcalloc(1, sizeof *f);
        snprintf(f->dir, sizeof f->dir, "/tmp/egov-store-XXXXXX");
        assert_non_null(mkdtemp(f->dir));
        snprintf(f->path, sizeof f->path, "%s/store.db", f->dir);
        pthread_mutex_init(&f->lock, NULL);
        pthread_cond_init(&f->changed, NULL);
        fixture_open(f);
        *state = f;
        return 0;
}

static inline int fixture_teardown(void **state)
{
        struct fixture *f = *state;
        fixture_close(f);
        const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "store.db.lock"};
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                auto_str char *path = xasprintf("%s/%s", f->dir, names[i]);
                unlink(path);
        }
        rmdir(f->dir);
        pthread_cond_destroy(&f->changed);
        pthread_mutex_destroy(&f->lock);
        free(f);
        return 0;
}

static inline enum gw_rc fixture_lend(struct store *store, void *arg, struct why *why)
{
        (void)why;
        struct fixture *f = arg;
        pthread_mutex_lock(&f->lock);
        f->lent = store;
        pthread_cond_broadcast(&f->changed);
        while (!f->back)
                pthread_cond_wait(&f->changed, &f->lock);
        enum gw_rc verdict = f->verdict;
        pthread_mutex_unlock(&f->lock);
        return verdict;
}

static inline void *fixture_borrower(void *arg)
{
        struct fixture *f = arg;
        f->why = (struct why)WHY_INIT;
        f->result = journal_run(f->journal, fixture_lend, f, &f->why);
        return NULL;
}

/* The store inside one piece of work. */
static inline struct store *borrow(struct fixture *f)
{
        f->lent = NULL;
        f->back = false;
        assert_int_equal(pthread_create(&f->borrower, NULL, fixture_borrower, f), 0);
        pthread_mutex_lock(&f->lock);
        while (!f->lent)
                pthread_cond_wait(&f->changed, &f->lock);
        pthread_mutex_unlock(&f->lock);
        return f->lent;
}

/* Ends that piece; what the journal said of it. */
static inline enum gw_rc give_back(struct fixture *f, enum gw_rc verdict)
{
        pthread_mutex_lock(&f->lock);
        f->verdict = verdict;
        f->back = true;
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->borrower, NULL);
        return f->result;
}

static inline void keep(struct fixture *f)
{
        enum gw_rc rc = give_back(f, GW_OK);
        if (rc != GW_OK)
                fail_msg("not committed: rc %d, %s", rc, f->why.detail);
}

static inline void is_ok(enum gw_rc rc, const struct why *why)
{
        if (rc != GW_OK)
                fail_msg("rc %d, reason %s: %s", rc, reason_info(why->reason)->name, why->detail);
}

static inline void is_refused(enum gw_rc rc, const struct why *why, enum gw_rc want_rc, int want_reason, const char *want_detail)
{
        if (rc != want_rc || why->reason != want_reason || !strstr(why->detail, want_detail))
                fail_msg("got rc %d %s \"%s\", want rc %d %s \"…%s…\"", rc, reason_info(why->reason)->name, why->detail, want_rc,
                         reason_info(want_reason)->name, want_detail);
}

static const char *const fixture_systems[] = {"gbdfl", "socialaid"};

/* A synthetic intake; message_id is borrowed. */
static inline struct intake_record intake_of(const char *message_id)
{
        struct intake_record record = {
                .channel = "shep-sync",
                .sender_id = "egov-portal",
                .message_id = message_id,
                .received_at = AT(0),
                .due_at = AT(1800000),
                .service_code = "TSA_CERT",
                .service_version = "1",
                .shep_service_id = "GBDULINFO",
                .correlation_id = "10000000000000005764",
                .portal_number = "10000000000000005765",
                .applicant_iin = "850412390011",
                .declarant_iin = "850412390011",
                .provider_bin = "160640900019",
                .language = "kk",
                .application = span_str("<application/>"),
                .envelope = span_str("<Envelope/>"),
                .verdict = span_str("{}"),
                .systems = fixture_systems,
                .system_count = GW_COUNT(fixture_systems),
                .lease_until = AT(30000),
        };
        text_sha256(span_str(message_id), record.digest);
        return record;
}

/* One registered request, committed. */
static inline int64_t registered(struct fixture *f, const char *message_id)
{
        struct why why = WHY_INIT;
        struct intake_record record = intake_of(message_id);
        struct intake_result result;
        is_ok(store_intake(borrow(f), &record, &result, &why), &why);
        keep(f);
        assert_int_equal(result.outcome, INTAKE_NEW);
        return result.request_id;
}

/* Changes the file behind the gateway's back. */
static inline void tamper(struct fixture *f, const char *sql)
{
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
                fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        sqlite3_close(db);
}

/* One number out of the file. */
static inline int64_t ask(struct fixture *f, const char *sql)
{
        sqlite3 *db = NULL;
        sqlite3_stmt *stmt = NULL;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
                fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        int64_t value = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        return value;
}

#endif
