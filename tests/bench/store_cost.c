/* What a request costs in the store, and whether it costs more when the store is large: µs of CPU per intake + two answers + decision
 * + three outbox rows + three sent marks (four pieces of work), 32 requests in flight.
 *
 *   store_cost [large]           50000 by default
 *
 * The machine wanders between fast and slow states, so the two sizes are measured in turns in one run: blocks of 2,000 requests on a
 * store of 1,000 and on one of `large`; what counts is the ratio. Files are made in the current folder: put it on a real disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/register/journal.h"

#define IN_FLIGHT 32
#define SMALL 1000
#define BLOCK_SIZE 2000
#define BLOCKS 6

static const char *const systems[] = {"gbdfl", "socialaid"};
static uint8_t bytes[16384]; /* payloads of the sizes that were measured: envelope 9.7 KB, application 4.2 KB, document 3.5 KB … */

struct request {
        struct bench *bench;
        char message_id[40];
        struct intake_result intake;
        int64_t rows[3];
};
struct bench {
        struct journal_client *client;
        int started, finished, total;
};

static enum gw_rc intake_work(struct store *store, void *arg, struct why *why)
{
        struct request *r = arg;
        struct wall_time now = wall_now();
        struct intake_record record = {
                .channel = "shep-sync", .sender_id = "egov-portal", .message_id = r->message_id, .received_at = now,
                .due_at = {now.ms + 1800000}, .service_code = "TSA_CERT", .service_version = "1", .shep_service_id = "TSA",
                .correlation_id = r->message_id, .portal_number = "10000000000000005765", .applicant_iin = "850412390011",
                .declarant_iin = "850412390011", .provider_bin = "160640900019", .language = "kk", .application = span_of(bytes, 4200),
                .envelope = span_of(bytes, 9700), .verdict = span_of(bytes, 1500), .systems = systems, .system_count = 2,
                .lease_until = {now.ms + 30000},
        };
        text_sha256(span_str(r->message_id), record.digest);
        return store_intake(store, &record, &r->intake, why);
}

static enum gw_rc add_row(struct store *store, struct request *r, int i, struct why *why)
{
        struct wall_time now = wall_now();
        char message_id[40];
        snprintf(message_id, sizeof message_id, "%s-%d", r->intake.number, i + 1);
        struct outbox_new row = {
                .request_id = r->intake.request_id, .sequence = i + 1, .destination = "cabinet",
                .kind = i == 2 ? "RESPONSE" : "NOTIFICATION",
                .message_id = message_id, .state_code = "DECIDED", .payload = span_of(bytes, i == 2 ? 9000 : 5000), .at = now,
                .lease_until = {now.ms + 15000},
        };
        return store_outbox_add(store, &row, &r->rows[i], why);
}

static enum gw_rc notice_work(struct store *store, void *arg, struct why *why)
{
        return add_row(store, arg, 0, why);
}

static enum gw_rc decide_work(struct store *store, void *arg, struct why *why)
{
        struct request *r = arg;
        int64_t id = r->intake.request_id;
        enum gw_rc rc = GW_OK;
        for (size_t i = 0; i < 2 && rc == GW_OK; i++)
                rc = store_answer(store, id, systems[i], span_of(bytes, 6000), span_of(bytes, 800), wall_now(), why);
        if (rc == GW_OK)
                rc = store_transition(store, id, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "rule", wall_now(), why);
        char number[20];
        if (rc == GW_OK)
                rc = store_next_document_number(store, number, why);
        struct decision_record decision = {
                .request_id = id, .outcome = "POSITIVE", .rule = "rule", .inputs = span_of(bytes, 5000), .document_kind = "certificate",
                .document_number = number, .document = span_of(bytes, 3500), .at = wall_now(),
        };
        if (rc == GW_OK)
                rc = store_decision(store, &decision, why);
        for (int i = 1; i < 3 && rc == GW_OK; i++)
                rc = add_row(store, r, i, why);
        return rc;
}

static enum gw_rc sent_work(struct store *store, void *arg, struct why *why)
{
        struct request *r = arg;
        enum gw_rc rc = GW_OK;
        for (int i = 0; i < 3 && rc == GW_OK; i++)
                rc = store_outbox_sent(store, r->rows[i], wall_now(), why);
        if (rc == GW_OK)
                rc = store_transition(store, r->intake.request_id, REQUEST_DECIDED, REQUEST_RESULT_SENT, "gateway", "", wall_now(), why);
        return rc;
}

static double seconds_of(struct timeval t)
{
        return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double cpu_now(void)
{
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static void start(struct bench *bench);

static void must(enum gw_rc rc, const struct why *why)
{
        if (rc == GW_OK)
                return;
        fprintf(stderr, "%s\n", why->detail);
        exit(1);
}

static void on_sent(void *arg, enum gw_rc rc, const struct why *why)
{
        struct request *r = arg;
        struct bench *b = r->bench;
        must(rc, why);
        free(r);
        b->finished++;
        if (b->started < b->total)
                start(b);
        if (b->finished == b->total)
                journal_client_free(gw_take(&b->client));
}

static void on_decided(void *arg, enum gw_rc rc, const struct why *why)
{
        struct request *r = arg;
        must(rc, why);
        journal_submit(r->bench->client, sent_work, on_sent, r);
}

static void on_notice(void *arg, enum gw_rc rc, const struct why *why)
{
        struct request *r = arg;
        must(rc, why);
        journal_submit(r->bench->client, decide_work, on_decided, r);
}

static void on_intake(void *arg, enum gw_rc rc, const struct why *why)
{
        struct request *r = arg;
        must(rc, why);
        journal_submit(r->bench->client, notice_work, on_notice, r);
}

static void start(struct bench *bench)
{
        struct request *r = xcalloc(1, sizeof *r);
        r->bench = bench;
        text_uuid(r->message_id);
        bench->started++;
        journal_submit(bench->client, intake_work, on_intake, r);
}

/* `count` more requests into the store; µs of CPU each. */
static double run(const char *path, int count)
{
        struct why why = WHY_INIT;
        struct journal_options options = {.path = path};
        struct journal *journal = NULL;
        must(journal_open(&options, &journal, &why), &why);
        uv_loop_t loop;
        uv_loop_init(&loop);
        double before = cpu_now();
        struct bench bench = {.client = journal_client_new(journal, &loop), .total = count};
        for (int i = 0; i < IN_FLIGHT && bench.started < bench.total; i++)
                start(&bench);
        uv_run(&loop, UV_RUN_DEFAULT);
        double us = (cpu_now() - before) * 1e6 / count;
        uv_loop_close(&loop);
        journal_close(journal);
        return us;
}

static void remove_store(const char *path)
{
        const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
        for (size_t i = 0; i < GW_COUNT(suffixes); i++) {
                auto_str char *file = xasprintf("%s%s", path, suffixes[i]);
                unlink(file);
        }
}

int main(int argc, char **argv)
{
        char dir[] = "store-cost-XXXXXX";
        if (!mkdtemp(dir))
                return 2;
        int large = argc > 1 ? atoi(argv[1]) : 50000;
        auto_str char *small_path = xasprintf("%s/small.db", dir), *large_path = xasprintf("%s/large.db", dir);
        memset(bytes, 'x', sizeof bytes);
        printf("filling: %.0f us CPU a request up to %d\n", run(large_path, large), large);
        double small_sum = 0, large_sum = 0;
        for (int block = 1; block <= BLOCKS; block++) {
                remove_store(small_path);
                run(small_path, SMALL);
                double at_small = run(small_path, BLOCK_SIZE), at_large = run(large_path, BLOCK_SIZE);
                printf("block %d: %.0f us CPU a request at %d stored, %.0f at %d\n", block, at_small, SMALL, at_large,
                       large + (block - 1) * BLOCK_SIZE);
                fflush(stdout);
                small_sum += at_small;
                large_sum += at_large;
        }
        printf("ratio large to small: %.2f\n", large_sum / small_sum);
        remove_store(small_path);
        remove_store(large_path);
        rmdir(dir);
        return 0;
}
