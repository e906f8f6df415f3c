/* What a request costs in the store, and whether it costs more when the store is large: µs of CPU per intake + two answers + decision
 * + three outbox rows + three sent marks (four pieces of work), in groups of `in flight` pieces.
 *
 *   store_cost [total]           50000 by default; a line per 5,000 requests; the folder is the current one (put it on a real disk) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/register/journal.h"

#define IN_FLIGHT 32

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
        double cpu_start, wall_start;
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
                .request_id = r->intake.request_id, .sequence = i + 1, .destination = "cabinet", .kind = i == 2 ? "RESPONSE" : "NOTIFICATION",
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

static void report(struct bench *b)
{
        int step = b->finished <= 1000 ? 1000 : b->finished <= 5000 ? 4000 : 5000;
        double cpu = cpu_now(), wall = (double)mono_now().ms / 1000;
        printf("%6d stored: %5.0f us CPU a request, %5.0f requests/s\n", b->finished, (cpu - b->cpu_start) * 1e6 / step, step / (wall - b->wall_start));
        fflush(stdout);
        b->cpu_start = cpu;
        b->wall_start = wall;
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
        if (b->finished == 1000 || b->finished % 5000 == 0)
                report(b);
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

int main(int argc, char **argv)
{
        char dir[] = "store-cost-XXXXXX", path[64], extra[80];
        if (!mkdtemp(dir))
                return 2;
        snprintf(path, sizeof path, "%s/store.db", dir);
        memset(bytes, 'x', sizeof bytes);
        struct why why = WHY_INIT;
        struct journal_options options = {.path = path};
        struct journal *journal = NULL;
        must(journal_open(&options, &journal, &why), &why);
        uv_loop_t loop;
        uv_loop_init(&loop);
        struct bench bench = {.client = journal_client_new(journal, &loop), .total = argc > 1 ? atoi(argv[1]) : 50000};
        bench.cpu_start = cpu_now();
        bench.wall_start = (double)mono_now().ms / 1000;
        for (int i = 0; i < IN_FLIGHT && bench.started < bench.total; i++)
                start(&bench);
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
        journal_close(journal);
        const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
        for (size_t i = 0; i < GW_COUNT(suffixes); i++) {
                snprintf(extra, sizeof extra, "%s%s", path, suffixes[i]);
                unlink(extra);
        }
        rmdir(dir);
        return 0;
}
