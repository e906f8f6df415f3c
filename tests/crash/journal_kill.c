/* kill -9 of a process that acknowledges over a pipe what its journal has committed: intakes, decisions with their outbox rows, and
 * sent marks. Whatever was acknowledged must be there afterwards, nothing may be there by half, the event chain must be whole (I1, I3).
 *
 *   journal_kill [rounds]        100 by default; prints "N passed, N failed", exit 0 when nothing failed */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "gateway/base/text.h"
#include "gateway/register/journal.h"

#define CHAINS 16 /* in flight at once */
#define KILL_AFTER_US_MAX 60000
#define T0 1795000000000LL

static const char *const systems[] = {"gbdfl", "socialaid"};

static struct wall_time at(int64_t ms)
{
        return (struct wall_time){T0 + ms};
}

/* ---- the process that is killed ---- */

struct chain {
        struct child *child;
        char message_id[32];
        struct intake_result intake;
        char document_number[20];
        int64_t rows[3];
        int sent;
};
struct child {
        int round, count, ack_fd;
        struct journal_client *client;
};

static void acknowledge(struct child *child, const char *line)
{
        size_t n = strlen(line);
        if (write(child->ack_fd, line, n) != (ssize_t)n)
                _exit(3);
}

static struct intake_record record_of(const char *message_id)
{
        struct intake_record record = {
                .channel = "shep-async", .sender_id = "egov-portal", .message_id = message_id, .received_at = at(0), .due_at = at(1800000),
                .service_code = "TSA_CERT", .service_version = "1", .applicant_iin = "850412390011", .provider_bin = "160640900019",
                .language = "ru", .application = span_str("<application/>"), .envelope = span_str("<Envelope/>"), .verdict = span_str("{}"),
                .systems = systems, .system_count = GW_COUNT(systems), .lease_until = at(30000),
        };
        text_sha256(span_str(message_id), record.digest);
        return record;
}

static enum gw_rc intake_work(struct store *store, void *arg, struct why *why)
{
        struct chain *c = arg;
        struct intake_record record = record_of(c->message_id);
        return store_intake(store, &record, &c->intake, why);
}

static enum gw_rc add_row(struct store *store, struct chain *c, int i, struct why *why)
{
        char message_id[48];
        snprintf(message_id, sizeof message_id, "%s-%d", c->intake.number, i + 1);
        struct outbox_new row = {
                .request_id = c->intake.request_id, .sequence = i + 1, .destination = "cabinet",
                .kind = i == 2 ? "RESPONSE" : "NOTIFICATION",
                .message_id = message_id, .state_code = "DECIDED", .payload = span_str("<Envelope/>"),
                .at = at(1), .lease_until = at(30000),
        };
        return store_outbox_add(store, &row, &c->rows[i], why);
}

static enum gw_rc decide_work(struct store *store, void *arg, struct why *why)
{
        struct chain *c = arg;
        int64_t id = c->intake.request_id;
        enum gw_rc rc = GW_OK;
        for (size_t i = 0; i < GW_COUNT(systems) && rc == GW_OK; i++)
                rc = store_answer(store, id, systems[i], span_str("<Envelope/>"), span_str("<facts/>"), at(1), why);
        if (rc == GW_OK)
                rc = store_transition(store, id, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "rule", at(1), why);
        if (rc == GW_OK)
                rc = store_next_document_number(store, c->document_number, why);
        struct decision_record decision = {
                .request_id = id, .outcome = "POSITIVE", .rule = "rule", .inputs = span_str("<case/>"), .document_kind = "certificate",
                .document_number = c->document_number, .document = span_str("<certificate/>"), .at = at(1),
        };
        if (rc == GW_OK)
                rc = store_decision(store, &decision, why);
        for (int i = 0; i < 3 && rc == GW_OK; i++)
                rc = add_row(store, c, i, why);
        return rc;
}

static enum gw_rc sent_work(struct store *store, void *arg, struct why *why)
{
        struct chain *c = arg;
        enum gw_rc rc = store_outbox_sent(store, c->rows[c->sent], at(2), why);
        if (rc == GW_OK && c->sent == 2)
                rc = store_transition(store, c->intake.request_id, REQUEST_DECIDED, REQUEST_RESULT_SENT, "gateway", "", at(2), why);
        return rc;
}

static void must(enum gw_rc rc, const struct why *why)
{
        if (rc == GW_OK)
                return;
        fprintf(stderr, "the child's work failed: %s\n", why->detail);
        _exit(4);
}

static void start(struct child *child);

static void on_sent(void *arg, enum gw_rc rc, const struct why *why)
{
        struct chain *c = arg;
        char line[64];
        must(rc, why);
        snprintf(line, sizeof line, "S %lld\n", (long long)c->rows[c->sent]);
        acknowledge(c->child, line);
        if (++c->sent < 3) {
                journal_submit(c->child->client, sent_work, on_sent, c);
                return;
        }
        struct child *child = c->child;
        free(c);
        start(child);
}

static void on_decided(void *arg, enum gw_rc rc, const struct why *why)
{
        struct chain *c = arg;
        char line[96];
        must(rc, why);
        snprintf(line, sizeof line, "D %lld %s\n", (long long)c->intake.request_id, c->document_number);
        acknowledge(c->child, line);
        journal_submit(c->child->client, sent_work, on_sent, c);
}

static void on_intake(void *arg, enum gw_rc rc, const struct why *why)
{
        struct chain *c = arg;
        char line[96];
        must(rc, why);
        snprintf(line, sizeof line, "I %s %s\n", c->message_id, c->intake.number);
        acknowledge(c->child, line);
        journal_submit(c->child->client, decide_work, on_decided, c);
}

static void start(struct child *child)
{
        struct chain *c = xcalloc(1, sizeof *c);
        c->child = child;
        snprintf(c->message_id, sizeof c->message_id, "r%d-%d", child->round, ++child->count);
        journal_submit(child->client, intake_work, on_intake, c);
}

static _Noreturn void child_main(const char *path, int round, int ack_fd)
{
        struct why why = WHY_INIT;
        struct journal_options options = {.path = path, .group_max = 8};
        struct journal *journal = NULL;
        must(journal_open(&options, &journal, &why), &why);
        uv_loop_t loop;
        uv_loop_init(&loop);
        struct child child = {.round = round, .ack_fd = ack_fd, .client = journal_client_new(journal, &loop)};
        for (int i = 0; i < CHAINS; i++)
                start(&child);
        uv_run(&loop, UV_RUN_DEFAULT);
        _exit(5); /* it is killed before */
}

/* ---- the judge ---- */

struct judge {
        char dir[64], path[96];
        sqlite3 *db;
        int passed, failed;
        int64_t intakes, decisions, sends; /* acknowledged in all rounds */
};

static void check(struct judge *j, bool good, int round, const char *what)
{
        if (good) {
                j->passed++;
                return;
        }
        j->failed++;
        printf("round %d: %s\n", round, what);
}

static int64_t ask(struct judge *j, const char *sql, const char *text, int64_t number)
{
        sqlite3_stmt *stmt = NULL;
        GW_ASSERT(sqlite3_prepare_v2(j->db, sql, -1, &stmt, NULL) == SQLITE_OK);
        int parameters = sqlite3_bind_parameter_count(stmt);
        if (parameters >= 1)
                sqlite3_bind_int64(stmt, 1, number);
        if (parameters >= 2)
                sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
        int64_t value = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
        sqlite3_finalize(stmt);
        return value;
}

/* One acknowledged line against the file. */
static bool is_there(struct judge *j, const char *line)
{
        char a[64] = "", b[64] = "";
        if (sscanf(line + 1, " %63s %63s", a, b) < 1)
                return false;
        switch (line[0]) {
        case 'I':
                j->intakes++;
                return ask(j, "SELECT count(*) FROM message JOIN request ON id = request_id WHERE request_id = ? AND message_id = ?", a,
                           atoll(b + 3)) == 1;
        case 'D':
                j->decisions++;
                return ask(j, "SELECT count(*) FROM decision JOIN document USING (request_id) WHERE request_id = ? AND number = ?", b,
                           atoll(a)) == 1;
        case 'S':
                j->sends++;
                return ask(j, "SELECT status = 2 FROM outbox WHERE id = ?", NULL, atoll(a)) == 1;
        default:
                return false;
        }
}

static void check_acknowledged(struct judge *j, int round, struct buf *acks)
{
        bool all = true;
        char *save = NULL;
        char *last = strrchr((char *)acks->p, '\n'); /* an unfinished line was not acknowledged */
        if (last)
                last[1] = '\0';
        for (char *line = strtok_r((char *)acks->p, "\n", &save); last && line; line = strtok_r(NULL, "\n", &save)) {
                if (is_there(j, line))
                        continue;
                all = false;
                printf("lost: %s\n", line);
        }
        check(j, all, round, "something acknowledged was lost");
}

/* Each row counts what must not exist. */
static const struct { const char *what, *sql; } half_done[] = {
        {"a request without its message, body, queries or birth",
         "SELECT count(*) FROM request AS r WHERE (SELECT count(*) FROM message WHERE request_id = r.id) <> 1"
         " OR (SELECT count(*) FROM message_body WHERE request_id = r.id) <> 1 OR (SELECT count(*) FROM query WHERE request_id = r.id) <> 2"
         " OR (SELECT count(*) FROM event WHERE request_id = r.id AND from_state = 0) <> 1"},
        {"half a decision",
         "SELECT count(*) FROM request AS r WHERE (r.state IN (4, 5)) * 2 <> (SELECT count(*) FROM query JOIN answer ON query_id = id"
         " WHERE request_id = r.id) OR (r.state IN (4, 5)) <> (SELECT count(*) FROM decision JOIN document USING (request_id)"
         " WHERE request_id = r.id) OR (r.state IN (4, 5)) * 3 <> (SELECT count(*) FROM outbox JOIN outbox_payload ON outbox_id = id"
         " WHERE request_id = r.id)"},
        {"a state without its event",
         "SELECT count(*) FROM request AS r WHERE r.state <> (SELECT to_state FROM event WHERE request_id = r.id"
         " ORDER BY seq DESC LIMIT 1)"},
        {"a row sent before the one in front of it, or a result that is not sent",
         "SELECT count(*) FROM outbox AS o JOIN request AS r ON r.id = o.request_id WHERE (o.status = 2 AND EXISTS ("
         "SELECT 1 FROM outbox AS e WHERE e.request_id = o.request_id AND e.sequence < o.sequence AND e.status <> 2))"
         " OR (o.sequence = 3 AND (o.status = 2) <> (r.state = 5))"},
        {"a ledger that does not count what is there",
         "SELECT count(*) FROM ledger WHERE registered <> (SELECT count(*) FROM request WHERE state = 1)"
         " OR result_sent <> (SELECT count(*) FROM request WHERE state = 5) OR last_request <> (SELECT coalesce(max(id), 0) FROM request)"
         " OR outbox_sent <> (SELECT count(*) FROM outbox WHERE status = 2)"
         " OR outbox_pending <> (SELECT count(*) FROM outbox WHERE status < 2)"},
};

static enum gw_rc again_work(struct store *store, void *arg, struct why *why)
{
        struct chain *c = arg;
        struct intake_record record = record_of(c->message_id);
        return store_intake(store, &record, &c->intake, why);
}

/* The store opens after the kill, and the first message of the round, if it was registered, is known again (I2). */
static void check_resumes(struct judge *j, int round)
{
        struct why why = WHY_INIT;
        struct journal_options options = {.path = j->path};
        struct journal *journal = NULL;
        enum gw_rc rc = journal_open(&options, &journal, &why);
        check(j, rc == GW_OK, round, why.detail);
        if (rc != GW_OK)
                return;
        GW_ASSERT(sqlite3_open_v2(j->path, &j->db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK); /* only now the tables are there for sure */
        struct chain c = {.sent = 0};
        snprintf(c.message_id, sizeof c.message_id, "r%d-1", round);
        int64_t known = ask(j, "SELECT request_id FROM message WHERE ? AND message_id = ?", c.message_id, 1);
        if (known > 0) {
                rc = journal_run(journal, again_work, &c, &why);
                bool same = rc == GW_OK && c.intake.outcome == INTAKE_REPEATED && c.intake.request_id == known;
                check(j, same, round, "a known message was not known again");
        }
        journal_close(journal);
}

static void check_store(struct judge *j, int round, struct buf *acks)
{
        check_resumes(j, round);
        if (!j->db)
                return;
        check_acknowledged(j, round, acks);
        for (size_t i = 0; i < GW_COUNT(half_done); i++)
                check(j, ask(j, half_done[i].sql, NULL, 0) == 0, round, half_done[i].what);
        struct why why = WHY_INIT;
        struct store_reader *reader = NULL;
        uint64_t events = 0;
        enum gw_rc rc = store_reader_open(j->path, &reader, &why);
        if (rc == GW_OK)
                rc = store_check_chain(reader, &events, &why);
        check(j, rc == GW_OK, round, why.detail);
        store_reader_close(reader);
        sqlite3_close(gw_take(&j->db));
}

/* Lets a child work for some time, kills it, returns what it had acknowledged. */
static void run_and_kill(struct judge *j, int round, useconds_t after, struct buf *acks)
{
        int ends[2];
        GW_ASSERT(pipe(ends) == 0);
        pid_t pid = fork();
        GW_ASSERT(pid >= 0);
        if (pid == 0) {
                close(ends[0]);
                child_main(j->path, round, ends[1]);
        }
        close(ends[1]);
        pid_t killer = fork();
        GW_ASSERT(killer >= 0);
        if (killer == 0) {
                usleep(after);
                kill(pid, SIGKILL);
                _exit(0);
        }
        char chunk[8192];
        for (ssize_t n; (n = read(ends[0], chunk, sizeof chunk)) > 0;)
                buf_add(acks, chunk, (size_t)n);
        buf_add_str(acks, "");
        close(ends[0]);
        int status = 0;
        waitpid(pid, &status, 0);
        waitpid(killer, NULL, 0);
        check(j, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, round, "the child ended by itself");
}

static void remove_files(const struct judge *j)
{
        const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
        for (size_t i = 0; i < GW_COUNT(suffixes); i++) {
                auto_str char *path = xasprintf("%s%s", j->path, suffixes[i]);
                unlink(path);
        }
        rmdir(j->dir);
}

int main(int argc, char **argv)
{
        int rounds = argc > 1 ? atoi(argv[1]) : 100;
        struct judge j = {.db = NULL};
        snprintf(j.dir, sizeof j.dir, "/tmp/egov-kill-XXXXXX");
        GW_ASSERT(mkdtemp(j.dir));
        snprintf(j.path, sizeof j.path, "%s/store.db", j.dir);
        srandom(20261122);
        struct buf acks = BUF_INIT;
        for (int round = 1; round <= rounds; round++) {
                buf_reset(&acks);
                run_and_kill(&j, round, (useconds_t)(random() % KILL_AFTER_US_MAX), &acks);
                check_store(&j, round, &acks);
        }
        buf_done(&acks);
        remove_files(&j);
        printf("%d kills; acknowledged and found again: %lld intakes, %lld decisions, %lld sent marks\n", rounds, (long long)j.intakes,
               (long long)j.decisions, (long long)j.sends);
        printf("%d passed, %d failed\n", j.passed, j.failed);
        return j.failed ? 1 : 0;
}
