/* The journal: the one thread that writes the store, many pieces of work in one transaction and one fsync (group commit).
 *
 * A loop submits work; the journal runs it inside the current transaction, each piece under its own savepoint, commits, and only then
 * are the done callbacks run, each on the loop that submitted it. Nothing that was not committed is ever reported as done (I1).
 * When the disk is full or failing, the whole group answers GW_RETRY STORE_UNAVAILABLE, one log line is written per change
 * of condition (not per request), and the next group tries again: it recovers by itself. */
#ifndef GW_REGISTER_JOURNAL_H
#define GW_REGISTER_JOURNAL_H

#include <uv.h>

#include "gateway/register/push.h"
#include "gateway/register/store.h"

struct journal;
struct journal_options {
        const char *path;             /* the SQLite file; made 0600 with its schema when missing; taken exclusively (flock on path.lock) */
        unsigned group_max;           /* pieces of work in one transaction: 256 */
        size_t queue_max;             /* pieces waiting; beyond: GW_RETRY OVERLOADED at once (through done, on the loop) */
        struct push_targets pushes;   /* none by default */
};
GW_MUST_CHECK enum gw_rc journal_open(const struct journal_options *options, struct journal **ret_journal, struct why *why);
/* Finishes what is queued, checkpoints, closes. All clients must be gone. */
void journal_close(struct journal *journal);

struct journal_client; /* one per loop; uses a uv_async on it */
struct journal_client *journal_client_new(struct journal *journal, uv_loop_t *loop);
/* Freed by its close callback; no work of this client may be pending. */
void journal_client_free(struct journal_client *client);

/* Runs on the journal's thread. GW_REJECT or GW_FAULT rolls back this piece alone. Must not touch the loop. */
typedef enum gw_rc (*journal_work)(struct store *store, void *arg, struct why *why);
/* Runs on the client's loop, after the commit is durable (or the work was refused). */
typedef void (*journal_done)(void *arg, enum gw_rc rc, const struct why *why);
void journal_submit(struct journal_client *client, journal_work work, journal_done done, void *arg);
/* Tells how many jobs are under way that will bring more work (change: +1, -1): with many, a commit waits a few ms for company. Only a hint. */
void journal_expect(struct journal *journal, int change);
size_t journal_pending(const struct journal_client *client);
/* Pieces of work done and commits they took, since the start. */
struct journal_counts { uint64_t pieces, commits; };
struct journal_counts journal_counts(const struct journal *journal);

/* The same for command-line tools and tests, without a loop: blocks until it is durable; never OVERLOADED. */
GW_MUST_CHECK enum gw_rc journal_run(struct journal *journal, journal_work work, void *arg, struct why *why);

#endif
