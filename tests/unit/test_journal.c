/* The journal: group commit from several loops, isolation of the pieces, overload, the lock, and disks that fill up. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/helper_store.h"

/* ---- two loops, 5,000 submissions ---- */

#define LOOPS 2
#define SUBMISSIONS 5000
#define IN_FLIGHT 64
#define IDENTITIES 2000 /* so that both loops often submit the same message at the same time */

struct submission {
        struct side *side;
        int n;
        char message_id[16];
        bool forged;                 /* other bytes under that id */
        struct intake_result result;
};
struct side {
        struct fixture *f;
        uv_loop_t loop;
        uv_thread_t thread;
        struct journal_client *client;
        int first, submitted, finished, registered, repeated, refused;
        int64_t *ids;                /* request of each identity, as this side saw it */
};

static enum gw_rc submission_work(struct store *store, void *arg, struct why *why)
{
        struct submission *s = arg;
        struct intake_record record = intake_of(s->message_id);
        if (s->forged)
                record.digest[0] ^= 1;
        return store_intake(store, &record, &s->result, why);
}

static void side_submit(struct side *side);

static void submission_done(void *arg, enum gw_rc rc, const struct why *why)
{
        struct submission *s = arg;
        struct side *side = s->side;
        side->finished++;
        if (rc == GW_OK) {
                int64_t *id = &side->ids[atoi(s->message_id + 2)];
                GW_ASSERT(*id == 0 || *id == s->result.request_id);
                *id = s->result.request_id;
                side->registered += s->result.outcome == INTAKE_NEW;
                side->repeated += s->result.outcome == INTAKE_REPEATED;
        } else {
                GW_ASSERT(rc == GW_REJECT && why->reason == REASON_MESSAGE_ID_REUSED);
                side->refused++;
        }
        free(s);
        if (side->submitted < SUBMISSIONS / LOOPS)
                side_submit(side);
        if (side->finished == SUBMISSIONS / LOOPS) {
                GW_ASSERT(journal_pending(side->client) == 0);
                journal_client_free(gw_take(&side->client));
        }
}

static void side_submit(struct side *side)
{
        struct submission *s = xcalloc(1, sizeof *s);
        s->side = side;
        s->n = side->submitted++;
        /* Message n is forged the second time around only on side 0: the first to come is always the true one on side 1. */
        snprintf(s->message_id, sizeof s->message_id, "j-%d", (side->first + s->n) % IDENTITIES);
        s->forged = side->first == 0 && s->n >= IDENTITIES;
        journal_submit(side->client, submission_work, submission_done, s);
}

static void side_run(void *arg)
{
        struct side *side = arg;
        GW_ASSERT(uv_loop_init(&side->loop) == 0);
        side->client = journal_client_new(side->f->journal, &side->loop);
        for (int i = 0; i < IN_FLIGHT; i++)
                side_submit(side);
        uv_run(&side->loop, UV_RUN_DEFAULT);
        GW_ASSERT(uv_loop_close(&side->loop) == 0);
}

static void two_loops_submit(void **state)
{
        struct fixture *f = *state;
        struct side sides[LOOPS] = {{.f = f, .first = 0}, {.f = f, .first = 32}};
        for (int i = 0; i < LOOPS; i++) {
                sides[i].ids = xcalloc(IDENTITIES, sizeof(int64_t));
                assert_int_equal(uv_thread_create(&sides[i].thread, side_run, &sides[i]), 0);
        }
        for (int i = 0; i < LOOPS; i++)
                uv_thread_join(&sides[i].thread);
        assert_int_equal(sides[0].finished + sides[1].finished, SUBMISSIONS);
        assert_int_equal(sides[0].registered + sides[1].registered, IDENTITIES);
        assert_int_equal(sides[0].refused, SUBMISSIONS / LOOPS - IDENTITIES);
        assert_int_equal(sides[1].refused, 0);
        for (int i = 0; i < IDENTITIES; i++)
                assert_int_equal(sides[0].ids[i], sides[1].ids[i]);
        assert_int_equal(ask(f, "SELECT count(*) FROM request"), IDENTITIES);
        struct why why = WHY_INIT;
        uint64_t events = 0;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, IDENTITIES);
        for (int i = 0; i < LOOPS; i++)
                free(sides[i].ids);
}

/* ---- pieces do not touch each other ---- */

struct probe {
        const char *message_id;
        enum gw_rc verdict;          /* what the work says after it has registered the message */
        struct intake_result result;
        bool done;
        enum gw_rc rc;
        struct why why;
};

static enum gw_rc probe_work(struct store *store, void *arg, struct why *why)
{
        struct probe *p = arg;
        struct intake_record record = intake_of(p->message_id);
        enum gw_rc rc = store_intake(store, &record, &p->result, why);
        if (rc != GW_OK || p->verdict == GW_OK)
                return rc;
        return why_set(why, p->verdict, REASON_FORM_INVALID, "as told");
}

static void probe_done(void *arg, enum gw_rc rc, const struct why *why)
{
        struct probe *p = arg;
        p->done = true;
        p->rc = rc;
        p->why = *why;
}

static void run_until_idle(uv_loop_t *loop, struct journal_client *client)
{
        while (journal_pending(client))
                uv_run(loop, UV_RUN_ONCE);
}

static void client_end(uv_loop_t *loop, struct journal_client *client)
{
        journal_client_free(client);
        uv_run(loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(loop), 0);
}

static void refused_pieces_are_undone_alone(void **state)
{
        struct fixture *f = *state;
        uv_loop_t loop;
        uv_loop_init(&loop);
        struct journal_client *client = journal_client_new(f->journal, &loop);
        struct probe probes[] = {
                {.message_id = "a"}, {.message_id = "b", .verdict = GW_REJECT}, {.message_id = "c"}, {.message_id = "d", .verdict = GW_FAULT},
                {.message_id = "e", .verdict = GW_RETRY}, {.message_id = "f"}, {.message_id = "a"},
        };
        gw_ignore(borrow(f)); /* the thread is busy: all of them become one group */
        for (size_t i = 0; i < GW_COUNT(probes); i++)
                journal_submit(client, probe_work, probe_done, &probes[i]);
        assert_int_equal(journal_pending(client), GW_COUNT(probes));
        keep(f);
        run_until_idle(&loop, client);
        for (size_t i = 0; i < GW_COUNT(probes); i++) {
                assert_true(probes[i].done);
                assert_int_equal(probes[i].rc, probes[i].verdict);
                assert_int_equal(probes[i].why.reason, probes[i].verdict == GW_OK ? REASON_NONE : REASON_FORM_INVALID);
        }
        assert_int_equal(probes[0].result.request_id, 1);
        assert_int_equal(probes[2].result.request_id, 2); /* b's number was not used up */
        assert_int_equal(probes[5].result.request_id, 3);
        assert_int_equal(probes[6].result.outcome, INTAKE_REPEATED);
        assert_int_equal(probes[6].result.request_id, 1);
        struct why why = WHY_INIT;
        uint64_t events = 0;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, 3);
        client_end(&loop, client);
}

static void full_queue_answers_at_once(void **state)
{
        struct fixture *f = *state;
        fixture_close(f);
        struct why why = WHY_INIT;
        struct journal_options options = {.path = f->path, .queue_max = 3};
        is_ok(journal_open(&options, &f->journal, &why), &why);
        uv_loop_t loop;
        uv_loop_init(&loop);
        struct journal_client *client = journal_client_new(f->journal, &loop);
        struct probe probes[5] = {{.message_id = "a"}, {.message_id = "b"}, {.message_id = "c"}, {.message_id = "d"}, {.message_id = "e"}};
        gw_ignore(borrow(f));
        for (size_t i = 0; i < 5; i++)
                journal_submit(client, probe_work, probe_done, &probes[i]);
        assert_false(probes[3].done); /* never from inside journal_submit */
        uv_run(&loop, UV_RUN_ONCE);
        for (size_t i = 3; i < 5; i++) {
                assert_true(probes[i].done);
                is_refused(probes[i].rc, &probes[i].why, GW_RETRY, REASON_OVERLOADED, "3 pieces");
        }
        assert_false(probes[0].done);
        keep(f);
        run_until_idle(&loop, client);
        assert_int_equal(probes[2].rc, GW_OK);
        client_end(&loop, client);
        is_ok(store_reader_open(f->path, &f->reader, &why), &why);
}

static enum gw_rc read_while_writing(struct store *store, void *arg, struct why *why)
{
        struct fixture *f = arg;
        struct intake_record record = intake_of("unseen");
        struct intake_result result;
        enum gw_rc rc = store_intake(store, &record, &result, why);
        if (rc != GW_OK)
                return rc;
        struct request_view view;
        struct why none = WHY_INIT;
        GW_ASSERT(store_view_by_number(f->reader, result.number, false, &view, &none) == GW_REJECT);
        return GW_OK;
}

static void readers_see_only_commits(void **state)
{
        struct fixture *f = *state;
        struct why why = WHY_INIT;
        is_ok(journal_run(f->journal, read_while_writing, f, &why), &why);
        struct request_view view;
        is_ok(store_view_by_number(f->reader, "10100000000001", false, &view, &why), &why);
}

/* What is queued when the journal is closed is still written. */
struct late { struct journal *journal; struct probe probe; };

static void *closer(void *arg)
{
        journal_close(arg);
        return NULL;
}

static void *late_runner(void *arg)
{
        struct late *late = arg;
        late->probe.rc = journal_run(late->journal, probe_work, &late->probe, &late->probe.why);
        return NULL;
}

static void closing_finishes_the_queue(void **state)
{
        struct fixture *f = *state;
        struct late late = {.journal = f->journal, .probe = {.message_id = "late"}};
        pthread_t runner, close_thread;
        gw_ignore(borrow(f));
        pthread_create(&runner, NULL, late_runner, &late);
        usleep(50000); /* it waits in the queue behind the borrower */
        pthread_create(&close_thread, NULL, closer, gw_take(&f->journal));
        usleep(20000);
        keep(f);
        pthread_join(runner, NULL);
        pthread_join(close_thread, NULL);
        assert_int_equal(late.probe.rc, GW_OK);
        assert_int_equal(ask(f, "SELECT count(*) FROM message WHERE message_id = 'late'"), 1);
        store_reader_close(gw_take(&f->reader));
        fixture_open(f);
}

/* ---- one writer ---- */

/* A child that opens the store, says so, and holds it until its pipe is closed (or for hold_ms). */
static pid_t start_holder(struct fixture *f, int *ret_close_fd, int hold_ms)
{
        int ready[2], stop[2];
        assert_int_equal(pipe(ready), 0);
        assert_int_equal(pipe(stop), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct why why = WHY_INIT;
                struct journal_options options = {.path = f->path};
                struct journal *journal = NULL;
                close(stop[1]);
                char byte = journal_open(&options, &journal, &why) == GW_OK ? 'y' : 'n';
                gw_ignore(write(ready[1], &byte, 1) != 1);
                if (hold_ms)
                        usleep((useconds_t)hold_ms * 1000);
                else
                        gw_ignore(read(stop[0], &byte, 1) < 0);
                journal_close(journal);
                _exit(0);
        }
        close(ready[1]);
        close(stop[0]);
        char byte = 0;
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(byte, 'y');
        close(ready[0]);
        *ret_close_fd = stop[1];
        return pid;
}

static void second_writer_is_refused(void **state)
{
        struct fixture *f = *state;
        fixture_close(f);
        int stop = -1;
        pid_t pid = start_holder(f, &stop, 0);
        struct why why = WHY_INIT;
        struct journal_options options = {.path = f->path};
        char want[32];
        snprintf(want, sizeof want, "in use by process %d", (int)pid);
        int64_t since = mono_now().ms;
        is_refused(journal_open(&options, &f->journal, &why), &why, GW_FAULT, REASON_STORE_UNAVAILABLE, want);
        assert_true(mono_now().ms - since >= 2900); /* a successor waits for its predecessor */
        assert_null(f->journal);
        close(stop);
        waitpid(pid, NULL, 0);
        fixture_open(f);
}

static void successor_waits_for_its_predecessor(void **state)
{
        struct fixture *f = *state;
        fixture_close(f);
        int stop = -1;
        pid_t pid = start_holder(f, &stop, 300);
        fixture_open(f); /* fails the test when refused */
        close(stop);
        waitpid(pid, NULL, 0);
        registered(f, "m-1");
        /* killed without a word: the kernel gives the lock back */
        fixture_close(f);
        pid = start_holder(f, &stop, 0);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(stop);
        fixture_open(f);
        assert_int_equal(registered(f, "m-2"), 2);
}

/* ---- disks that fill up ---- */

/* Runs fn with standard error in a file; counts the lines that hold `word`. */
struct captured { int saved, file; };
static struct captured capture_begin(void)
{
        struct captured c = {.saved = dup(2)};
        char path[] = "/tmp/egov-journal-log-XXXXXX";
        c.file = mkstemp(path);
        assert_true(c.file >= 0);
        unlink(path);
        dup2(c.file, 2);
        return c;
}

static void capture_end(struct captured *c, struct buf *out)
{
        dup2(c->saved, 2);
        close(c->saved);
        char chunk[4096];
        lseek(c->file, 0, SEEK_SET);
        for (ssize_t n; (n = read(c->file, chunk, sizeof chunk)) > 0;)
                buf_add(out, chunk, (size_t)n);
        close(c->file);
}

static int count_of(const char *text, const char *word)
{
        int n = 0;
        for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
                n++;
        return n;
}

struct big_probe { struct probe probe; struct span envelope; };
static enum gw_rc big_work(struct store *store, void *arg, struct why *why)
{
        struct big_probe *p = arg;
        struct intake_record record = intake_of(p->probe.message_id);
        record.envelope = p->envelope;
        return store_intake(store, &record, &p->probe.result, why);
}

/* Fills the disk with intakes until one is refused; returns how many were acknowledged. */
static int fill(struct fixture *f, struct span envelope, struct why *why)
{
        for (int i = 0; i < 10000; i++) {
                char id[16];
                snprintf(id, sizeof id, "fill-%d", i);
                struct big_probe p = {.probe = {.message_id = id}, .envelope = envelope};
                enum gw_rc rc = journal_run(f->journal, big_work, &p, why);
                if (rc == GW_OK)
                        continue;
                is_refused(rc, why, GW_RETRY, REASON_STORE_UNAVAILABLE, "store:");
                return i;
        }
        fail_msg("the disk never filled up");
        return -1;
}

/* While it is full: everything is refused, in groups too, nothing of it stays, readers go on. */
static void refuse_while_full(struct fixture *f, struct span envelope, int acknowledged)
{
        uv_loop_t loop;
        uv_loop_init(&loop);
        struct journal_client *client = journal_client_new(f->journal, &loop);
        struct big_probe probes[6];
        char ids[6][16];
        for (size_t i = 0; i < GW_COUNT(probes); i++) {
                snprintf(ids[i], sizeof ids[i], "full-%zu", i);
                probes[i] = (struct big_probe){.probe = {.message_id = ids[i]}, .envelope = envelope};
                journal_submit(client, big_work, probe_done, &probes[i].probe);
        }
        run_until_idle(&loop, client);
        for (size_t i = 0; i < GW_COUNT(probes); i++)
                is_refused(probes[i].probe.rc, &probes[i].probe.why, GW_RETRY, REASON_STORE_UNAVAILABLE, "store:");
        client_end(&loop, client);
        struct why why = WHY_INIT;
        struct store_totals totals;
        is_ok(store_totals(f->reader, AT(0), &totals, &why), &why);
        assert_int_equal(totals.requests[REQUEST_REGISTERED], acknowledged);
}

static void works_again(struct fixture *f, int acknowledged)
{
        struct why why = WHY_INIT;
        struct probe again = {.message_id = "full-3"}, seen = {.message_id = "fill-0"};
        is_ok(journal_run(f->journal, probe_work, &again, &why), &why);
        assert_int_equal(again.result.outcome, INTAKE_NEW);
        assert_int_equal(again.result.request_id, acknowledged + 1);
        is_ok(journal_run(f->journal, probe_work, &seen, &why), &why);
        assert_int_equal(seen.result.outcome, INTAKE_REPEATED);
        uint64_t events = 0;
        is_ok(store_check_chain(f->reader, &events, &why), &why);
        assert_int_equal(events, acknowledged + 1);
}

static void check_log(const char *log)
{
        if (count_of(log, "store.unavailable") != 1 || count_of(log, "store.available") != 1)
                fail_msg("want one line when it starts and one when it ends, got:\n%s", log);
}

static void file_size_limit_and_recovery(void **state)
{
        struct fixture *f = *state;
        auto_str char *text = xcalloc(1, 100001);
        memset(text, 'e', 100000);
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit before, small;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = before;
        small.rlim_cur = 1 << 20;
        struct captured log = capture_begin();
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        struct why why = WHY_INIT;
        int acknowledged = fill(f, span_str(text), &why);
        refuse_while_full(f, span_str(text), acknowledged);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(acknowledged >= 5);
        works_again(f, acknowledged);
        auto_buf struct buf out = BUF_INIT;
        capture_end(&log, &out);
        check_log(buf_cstr(&out));
}

/* The same with ENOSPC of a real file system, in a mount namespace of a child. Exit codes: 0 good, 77 no rights. */
static void full_disk_child(struct fixture *f)
{
        if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("tmpfs", f->dir, "tmpfs", 0, "size=3m") != 0)
                _exit(77);
        auto_str char *text = xcalloc(1, 100001);
        memset(text, 'e', 100000);
        fixture_open(f);
        auto_str char *ballast = xasprintf("%s/ballast", f->dir);
        auto_str char *megabyte = xcalloc(1, 1 << 20);
        assert_true(text_write_file(ballast, span_of(megabyte, 1 << 20), 0600));
        struct captured log = capture_begin();
        struct why why = WHY_INIT;
        int acknowledged = fill(f, span_str(text), &why);
        assert_non_null(strstr(why.detail, "full"));
        refuse_while_full(f, span_str(text), acknowledged);
        unlink(ballast);
        works_again(f, acknowledged);
        auto_buf struct buf out = BUF_INIT;
        capture_end(&log, &out);
        check_log(buf_cstr(&out));
        fixture_close(f);
}

static void full_disk_and_recovery(void **state)
{
        struct fixture *f = *state;
        fixture_close(f);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                full_disk_child(f);
                _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        fixture_open(f);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
                print_message("skipped: mounting a small tmpfs needs rights that this user has not\n");
                skip();
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* Somebody's shell holds the file's write lock: refused after the wait, and good again afterwards. */
static void foreign_write_lock(void **state)
{
        struct fixture *f = *state;
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        struct captured log = capture_begin();
        struct why why = WHY_INIT;
        struct probe p = {.message_id = "a"};
        enum gw_rc rc = journal_run(f->journal, probe_work, &p, &why);
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        sqlite3_close(db);
        is_refused(rc, &why, GW_RETRY, REASON_STORE_UNAVAILABLE, "locked");
        is_ok(journal_run(f->journal, probe_work, &p, &why), &why);
        auto_buf struct buf out = BUF_INIT;
        capture_end(&log, &out);
        check_log(buf_cstr(&out));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(two_loops_submit), TEST(refused_pieces_are_undone_alone), TEST(full_queue_answers_at_once), TEST(readers_see_only_commits),
                TEST(closing_finishes_the_queue), TEST(second_writer_is_refused), TEST(successor_waits_for_its_predecessor),
                TEST(file_size_limit_and_recovery), TEST(full_disk_and_recovery), TEST(foreign_write_lock),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
