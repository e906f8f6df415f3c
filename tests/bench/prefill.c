/* Fills a store with requests that were delivered, through the register's own API, so that a benchmark can begin with a large one.
 *
 *   prefill STORE COUNT     many requests in one piece of work; payloads are small: the rows and the indexes count */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/register/journal.h"

#define BATCH 1000

struct batch {
        uint64_t count;
        uint8_t bytes[1024];
};

static const char *const systems[] = {"gbdfl", "socialaid"};

static enum gw_rc take_in(struct store *store, const struct batch *b, struct intake_result *ret_intake, struct why *why)
{
        struct wall_time now = wall_now();
        char message_id[TEXT_UUID_MAX];
        struct intake_record record = {
                .channel = "shep-sync", .sender_id = "pep", .message_id = text_uuid(message_id), .received_at = now,
                .due_at = {now.ms + 1800000}, .service_code = "TSA_CERT", .service_version = "1", .shep_service_id = "TSA_CERT",
                .correlation_id = message_id, .portal_number = "10100000000001", .applicant_iin = "850412390011",
                .declarant_iin = "850412390011", .provider_bin = "160640900019", .language = "ru", .application = span_of(b->bytes, 500),
                .envelope = span_of(b->bytes, 1000), .verdict = span_of(b->bytes, 200), .systems = systems,
                .system_count = GW_COUNT(systems), .lease_until = {now.ms + 30000},
        };
        text_sha256(span_str(message_id), record.digest);
        return store_intake(store, &record, ret_intake, why);
}

static enum gw_rc decide(struct store *store, const struct batch *b, const struct intake_result *intake, struct why *why)
{
        struct wall_time now = wall_now();
        enum gw_rc rc = GW_OK;
        for (size_t i = 0; i < GW_COUNT(systems) && rc == GW_OK; i++)
                rc = store_answer(store, intake->request_id, systems[i], span_of(b->bytes, 600), span_of(b->bytes, 100), now, why);
        if (rc == GW_OK)
                rc = store_transition(store, intake->request_id, REQUEST_REGISTERED, REQUEST_DECIDED, "gateway", "rule", now, why);
        char number[20];
        snprintf(number, sizeof number, "201%s", intake->number + 3);
        struct decision_record decision = {
                .request_id = intake->request_id, .outcome = "POSITIVE", .rule = "rule", .inputs = span_of(b->bytes, 500),
                .document_kind = "certificate", .document_number = number, .document = span_of(b->bytes, 400), .at = now,
        };
        return rc == GW_OK ? store_decision(store, &decision, why) : rc;
}

static enum gw_rc deliver(struct store *store, const struct batch *b, const struct intake_result *intake, struct why *why)
{
        enum gw_rc rc = GW_OK;
        int64_t rows[3];
        for (int i = 0; i < 3 && rc == GW_OK; i++) {
                char message_id[40];
                snprintf(message_id, sizeof message_id, "%s-%d", intake->number, i + 1);
                struct wall_time now = wall_now();
                struct outbox_new row = {
                        .request_id = intake->request_id, .sequence = i + 1, .destination = "cabinet",
                        .kind = i == 2 ? "RESPONSE" : "NOTIFICATION",
                        .message_id = message_id, .state_code = "DECIDED", .payload = span_of(b->bytes, i == 2 ? 900 : 500), .at = now,
                        .lease_until = {now.ms + 15000},
                };
                rc = store_outbox_add(store, &row, &rows[i], why);
        }
        for (int i = 0; i < 3 && rc == GW_OK; i++)
                rc = store_outbox_sent(store, rows[i], wall_now(), why);
        if (rc != GW_OK)
                return rc;
        return store_transition(store, intake->request_id, REQUEST_DECIDED, REQUEST_RESULT_SENT, "gateway", "", wall_now(), why);
}

static enum gw_rc fill(struct store *store, void *arg, struct why *why)
{
        const struct batch *b = arg;
        enum gw_rc rc = GW_OK;
        for (uint64_t i = 0; i < b->count && rc == GW_OK; i++) {
                struct intake_result intake;
                rc = take_in(store, b, &intake, why);
                if (rc == GW_OK)
                        rc = decide(store, b, &intake, why);
                if (rc == GW_OK)
                        rc = deliver(store, b, &intake, why);
        }
        return rc;
}

int main(int argc, char **argv)
{
        uint64_t count = 0;
        if (argc != 3 || !text_to_u64(argv[2], 1, 10000000, &count)) {
                fprintf(stderr, "usage: prefill STORE COUNT\n");
                return 2;
        }
        struct why why = WHY_INIT;
        struct journal_options options = {.path = argv[1]};
        struct journal *journal = NULL;
        enum gw_rc rc = journal_open(&options, &journal, &why);
        struct batch batch;
        memset(batch.bytes, 'x', sizeof batch.bytes);
        for (uint64_t done = 0; done < count && rc == GW_OK; done += batch.count) {
                batch.count = count - done < BATCH ? count - done : BATCH;
                rc = journal_run(journal, fill, &batch, &why);
        }
        journal_close(journal);
        if (rc != GW_OK)
                fprintf(stderr, "prefill: %s\n", why.detail);
        return rc == GW_OK ? 0 : 1;
}
