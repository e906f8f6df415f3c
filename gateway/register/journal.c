/* The journal thread: takes what is queued, runs it in one transaction, commits, and hands the completions back.
 *
 * One lock guards the queue and every client's list of completions: it is held for pointer moves only, never during SQLite's work. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/register/journal.h"
#include "gateway/register/lock_file.h"
#include "gateway/register/store_priv.h"

#define LOCK_WAIT_MS 3000
#define CLIENT_MAGIC 0x4a434c49u
#define GROUP_MAX_DEFAULT 256
#define QUEUE_MAX_DEFAULT 4096

/* Work on its way: queued, then in the group of the thread, then in its client's list (or with its waiter). */
struct piece {
        struct piece *next;
        struct journal_client *client; /* NULL: journal_run waits for it */
        bool finished;                 /* for that waiter */
        journal_work work;
        journal_done done;
        void *arg;
        enum gw_rc rc;
        struct why why;
};

struct list {
        struct piece *first, *last;
        size_t count;
};

struct journal {
        pthread_mutex_t lock;
        pthread_cond_t wake;           /* the thread: work has come, or stop */
        pthread_cond_t finished;       /* journal_run: something is finished */
        struct list queue;
        bool stopping;
        unsigned clients, runners;     /* runners: threads inside journal_run */
        /* below: constant after opening, or the thread's alone */
        pthread_t thread;
        char *path;
        int lock_fd;
        unsigned group_max;
        size_t queue_max;
        struct store store;
        bool unavailable;              /* the last group failed; logged when it changes */
        _Atomic uint64_t pieces, commits;
        _Atomic int expected;          /* jobs under way that will bring more work */
};

struct journal_client {
        unsigned magic;
        struct journal *journal;
        uv_async_t wake;
        size_t pending;                /* the loop's alone */
        struct list completed;         /* under the journal's lock */
};

static void list_add(struct list *list, struct piece *piece)
{
        piece->next = NULL;
        if (list->last)
                list->last->next = piece;
        else
                list->first = piece;
        list->last = piece;
        list->count++;
}

static struct piece *list_take(struct list *list)
{
        struct piece *piece = list->first;
        if (!piece)
                return NULL;
        list->first = piece->next;
        if (!list->first)
                list->last = NULL;
        list->count--;
        return piece;
}

static struct list list_take_all(struct list *list)
{
        struct list all = *list;
        *list = (struct list){NULL, NULL, 0};
        return all;
}

/* ---- the thread ---- */

/* One piece under its savepoint. Anything but GW_OK means that the whole transaction is lost; the piece's own verdict is in it. */
static enum gw_rc run_piece(struct store *store, struct piece *piece, struct why *why)
{
        enum gw_rc rc = store_piece_begin(store, why);
        if (rc != GW_OK)
                return rc;
        piece->why = (struct why)WHY_INIT;
        piece->rc = piece->work(store, piece->arg, &piece->why);
        if (store_is_broken(store)) {
                *why = piece->why; /* the verb that met the error said it there */
                return GW_RETRY;
        }
        if (piece->rc == GW_OK && store->db.fault) /* the work overlooked a failed verb: half of it must not stay */
                piece->rc = why_set(&piece->why, GW_FAULT, REASON_INTERNAL, "a step of the work failed and was overlooked");
        return piece->rc == GW_OK ? store_piece_keep(store, why) : store_piece_drop(store, why);
}

static enum gw_rc run_pieces(struct journal *j, struct list *group, struct why *why)
{
        if (!j->store.db.handle) {
                enum gw_rc rc = store_open(&j->store, j->path, why);
                if (rc != GW_OK)
                        return rc;
        }
        enum gw_rc rc = store_begin(&j->store, why);
        for (struct piece *p = group->first; p && rc == GW_OK; p = p->next)
                rc = run_piece(&j->store, p, why);
        if (rc != GW_OK)
                return rc;
        return store_commit(&j->store, why);
}

static void note_condition(struct journal *j, bool unavailable, const struct why *why)
{
        if (j->unavailable == unavailable)
                return;
        j->unavailable = unavailable;
        if (unavailable)
                log_event(LOG_ERROR, NULL, "store.unavailable", "error=\"%s\" effect=\"nothing is accepted until it works again\"",
                          why->detail);
        else
                log_event(LOG_WARN, NULL, "store.available", "effect=\"requests are accepted again\"");
}

/* Runs the group and leaves every piece's verdict in it. */
static void run_group(struct journal *j, struct list *group)
{
        struct why why = WHY_INIT;
        enum gw_rc rc = run_pieces(j, group, &why);
        note_condition(j, rc != GW_OK, &why);
        if (rc == GW_OK) {
                j->pieces += group->count;
                j->commits++;
                return;
        }
        /* Closing rolls back. The next group opens the file anew and reads the ledger from it: whatever the disk did with the commit that
         * failed, memory and file agree again. */
        store_close(&j->store);
        for (struct piece *p = group->first; p; p = p->next) {
                p->why = (struct why)WHY_INIT;
                p->rc = why_set(&p->why, GW_RETRY, REASON_STORE_UNAVAILABLE, "%s", why.detail);
        }
}

/* Under the lock. The wake-up is sent under it too: once it is given back the client may be freed. */
static void complete(struct journal *j, struct piece *piece)
{
        struct journal_client *client = piece->client;
        if (!client) {
                piece->finished = true;
                pthread_cond_broadcast(&j->finished);
                return;
        }
        bool first = client->completed.count == 0;
        list_add(&client->completed, piece);
        if (first)
                GW_ASSERT(uv_async_send(&client->wake) == 0);
}

/* A commit costs about the same for one piece as for twenty. When many jobs are under way more work comes within a moment, so the first
 * piece waits for it; when few are, nobody would come and it goes at once. */
#define LINGER_EXPECTED 8
#define LINGER_NS 4000000

/* Under the lock, which is given back meanwhile. */
static void linger(struct journal *j)
{
        if (j->stopping || j->expected < LINGER_EXPECTED || j->queue.count >= j->group_max)
                return;
        pthread_mutex_unlock(&j->lock);
        nanosleep(&(struct timespec){.tv_nsec = LINGER_NS}, NULL);
        pthread_mutex_lock(&j->lock);
}

/* Under the lock. Up to group_max pieces; empty only when stopping. */
static struct list next_group(struct journal *j)
{
        while (!j->queue.first && !j->stopping)
                pthread_cond_wait(&j->wake, &j->lock);
        linger(j);
        struct list group = {NULL, NULL, 0};
        while (j->queue.first && group.count < j->group_max)
                list_add(&group, list_take(&j->queue));
        return group;
}

static void *journal_thread(void *arg)
{
        struct journal *j = arg;
        pthread_setname_np(pthread_self(), "journal"); /* for top(1) and `make bench` */
        pthread_mutex_lock(&j->lock);
        for (;;) {
                struct list group = next_group(j);
                if (!group.first)
                        break;
                pthread_mutex_unlock(&j->lock);
                run_group(j, &group);
                pthread_mutex_lock(&j->lock);
                for (struct piece *p = list_take(&group); p; p = list_take(&group))
                        complete(j, p);
                pthread_mutex_unlock(&j->lock);
                /* After the answers, so that nobody waits for it. */
                if (j->store.db.handle)
                        store_checkpoint(&j->store);
                pthread_mutex_lock(&j->lock);
        }
        pthread_mutex_unlock(&j->lock);
        return NULL;
}

/* ---- its owner ---- */

static void journal_destroy(struct journal *j)
{
        if (j->store.db.handle) {
                /* Leaves one file behind; the log alone would do as well. */
                sqlite3_wal_checkpoint_v2(j->store.db.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
                store_close(&j->store);
        }
        gw_close_fd(&j->lock_fd);
        pthread_cond_destroy(&j->finished);
        pthread_cond_destroy(&j->wake);
        pthread_mutex_destroy(&j->lock);
        free(j->path);
        free(j);
}
GW_DEFINE_AUTO(journal, struct journal, journal_destroy)

enum gw_rc journal_open(const struct journal_options *options, struct journal **ret_journal, struct why *why)
{
        gw_auto(journal) struct journal *j = xcalloc(1, sizeof *j);
        j->lock_fd = -1;
        j->path = xstrdup(options->path);
        j->store.pushes = options->pushes;
        j->group_max = options->group_max ? options->group_max : GROUP_MAX_DEFAULT;
        j->queue_max = options->queue_max ? options->queue_max : QUEUE_MAX_DEFAULT;
        pthread_mutex_init(&j->lock, NULL);
        pthread_cond_init(&j->wake, NULL);
        pthread_cond_init(&j->finished, NULL);
        enum gw_rc rc = lock_file_take(j->path, LOCK_WAIT_MS, &j->lock_fd, why);
        if (rc == GW_OK)
                rc = store_open(&j->store, j->path, why);
        if (rc != GW_OK)
                return rc;
        if (pthread_create(&j->thread, NULL, journal_thread, j) != 0)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the journal's thread cannot be started");
        *ret_journal = gw_take(&j);
        return GW_OK;
}

void journal_close(struct journal *journal)
{
        if (!journal)
                return;
        pthread_mutex_lock(&journal->lock);
        GW_ASSERT(journal->clients == 0);
        journal->stopping = true;
        pthread_cond_signal(&journal->wake);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->thread, NULL);
        /* Their work is done; they may still be on their way out. */
        pthread_mutex_lock(&journal->lock);
        while (journal->runners)
                pthread_cond_wait(&journal->finished, &journal->lock);
        pthread_mutex_unlock(&journal->lock);
        journal_destroy(journal);
}

/* ---- its clients ---- */

static void deliver(uv_async_t *wake)
{
        struct journal_client *client = wake->data;
        GW_ASSERT(client->magic == CLIENT_MAGIC);
        pthread_mutex_lock(&client->journal->lock);
        struct list completed = list_take_all(&client->completed);
        pthread_mutex_unlock(&client->journal->lock);
        /* The callback of the last piece may free the client: it is not touched after that. */
        for (struct piece *p = list_take(&completed); p; p = list_take(&completed)) {
                client->pending--;
                p->done(p->arg, p->rc, &p->why);
                free(p);
        }
}

struct journal_client *journal_client_new(struct journal *journal, uv_loop_t *loop)
{
        struct journal_client *client = xcalloc(1, sizeof *client);
        client->magic = CLIENT_MAGIC;
        client->journal = journal;
        client->wake.data = client;
        GW_ASSERT(uv_async_init(loop, &client->wake, deliver) == 0);
        pthread_mutex_lock(&journal->lock);
        journal->clients++;
        pthread_mutex_unlock(&journal->lock);
        return client;
}

static void client_closed(uv_handle_t *handle)
{
        struct journal_client *client = handle->data;
        client->magic = 0;
        free(client);
}

void journal_client_free(struct journal_client *client)
{
        if (!client)
                return;
        GW_ASSERT(client->magic == CLIENT_MAGIC && client->pending == 0);
        pthread_mutex_lock(&client->journal->lock);
        client->journal->clients--;
        pthread_mutex_unlock(&client->journal->lock);
        uv_close((uv_handle_t *)&client->wake, client_closed);
}

void journal_submit(struct journal_client *client, journal_work work, journal_done done, void *arg)
{
        GW_ASSERT(client->magic == CLIENT_MAGIC);
        struct journal *j = client->journal;
        struct piece *piece = xmalloc(sizeof *piece);
        *piece = (struct piece){.client = client, .work = work, .done = done, .arg = arg, .why = WHY_INIT};
        client->pending++;
        pthread_mutex_lock(&j->lock);
        if (j->queue.count >= j->queue_max) {
                piece->rc = why_set(&piece->why, GW_RETRY, REASON_OVERLOADED, "%zu pieces of work are waiting for the store",
                                    j->queue.count);
                complete(j, piece);
        } else {
                if (!j->queue.first)
                        pthread_cond_signal(&j->wake);
                list_add(&j->queue, piece);
        }
        pthread_mutex_unlock(&j->lock);
}

void journal_expect(struct journal *journal, int change)
{
        journal->expected += change;
}

struct journal_counts journal_counts(const struct journal *journal)
{
        return (struct journal_counts){journal->pieces, journal->commits};
}

size_t journal_pending(const struct journal_client *client)
{
        return client->pending;
}

enum gw_rc journal_run(struct journal *journal, journal_work work, void *arg, struct why *why)
{
        struct piece piece = {.work = work, .arg = arg, .why = WHY_INIT};
        pthread_mutex_lock(&journal->lock);
        journal->runners++;
        list_add(&journal->queue, &piece);
        pthread_cond_signal(&journal->wake);
        while (!piece.finished)
                pthread_cond_wait(&journal->finished, &journal->lock);
        journal->runners--;
        pthread_cond_broadcast(&journal->finished);
        pthread_mutex_unlock(&journal->lock);
        if (piece.rc != GW_OK)
                *why = piece.why;
        return piece.rc;
}
