/* Intake: a verified message becomes a registered request, or is found to be one already (I2). */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/register/store_priv.h"

#define IDENTITY_SIZE 16

/* What the fixed fields of request_work and request_view can hold: a longer text would come back cut. The peer's own texts are its
 * fault, the others ours. */
static enum gw_rc check_lengths(const struct intake_record *r, struct why *why)
{
        const struct { const char *name, *text; size_t max; bool peer; } texts[] = {
                {"senderId", r->sender_id, 63, true},
                {"messageId", r->message_id, 127, true},
                {"correlationId", r->correlation_id, 127, true},
                {"requestNumber", r->portal_number, 31, true},
                {"service code", r->service_code, 31, false},
                {"service version", r->service_version, 15, false},
                {"applicant", r->applicant_iin, 12, false},
                {"declarant", r->declarant_iin, 12, false},
                {"provider", r->provider_bin, 12, false},
                {"language", r->language, 2, false},
                {"subject", r->subject, 255, false},
        };
        for (size_t i = 0; i < GW_COUNT(texts); i++) {
                if (!texts[i].text || strlen(texts[i].text) <= texts[i].max)
                        continue;
                return why_set(why, texts[i].peer ? GW_REJECT : GW_FAULT, texts[i].peer ? REASON_SOAP_STRUCTURE : REASON_INTERNAL,
                               "%s is longer than %zu bytes", texts[i].name, texts[i].max);
        }
        if (!r->sender_id || !*r->sender_id || !r->message_id || !*r->message_id)
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "senderId or messageId is empty");
        return GW_OK;
}

static void identity_of(const char *sender_id, const char *message_id, uint8_t out[IDENTITY_SIZE])
{
        auto_buf struct buf b = BUF_INIT;
        buf_add_u64(&b, strlen(sender_id)); /* so that ("ab", "c") is not ("a", "bc") */
        buf_add_char(&b, ':');
        buf_add_str(&b, sender_id);
        buf_add_str(&b, message_id);
        uint8_t hash[32];
        text_sha256(buf_span(&b), hash);
        memcpy(out, hash, IDENTITY_SIZE);
}

/* Columns 0 to 3: id, state, registered_at, due_at. */
static void read_seen(struct query *q, struct intake_result *ret_result)
{
        *ret_result = (struct intake_result){
                .outcome = INTAKE_REPEATED,
                .request_id = query_column_i64(q, 0),
                .state = (enum request_state)query_column_i64(q, 1),
                .registered_at = {query_column_i64(q, 2)},
                .due_at = {query_column_i64(q, 3)},
        };
        number_write(NUMBER_PREFIX_REQUEST, ret_result->request_id, ret_result->number);
}

static enum gw_rc find_seen(struct store *store, const struct intake_record *r, const uint8_t identity[IDENTITY_SIZE],
                            struct intake_result *ret_result, bool *ret_seen, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_INTAKE_SEEN,
                "SELECT m.request_id, r.state, r.registered_at, r.due_at, m.digest"
                " FROM message AS m JOIN request AS r ON r.id = m.request_id WHERE m.identity = ?");
        query_span(&q, span_of(identity, IDENTITY_SIZE));
        enum gw_rc rc = query_next(&q, ret_seen, why);
        if (rc != GW_OK || !*ret_seen)
                return rc;
        if (!span_eq(query_column_span(&q, 4), span_of(r->digest, sizeof r->digest)))
                return why_set(why, GW_REJECT, REASON_MESSAGE_ID_REUSED, "the same sender and message id, other content");
        read_seen(&q, ret_result);
        return GW_OK;
}

/* A person's open request of the same service, told with its number to the sender who brought it, and to nobody else. */
static enum gw_rc refuse_second(struct store *store, const struct intake_record *r, struct why *why)
{
        if (!r->subject || !*r->subject)
                return GW_OK;
        auto_query struct query q = db_query(&store->db, SQL_INTAKE_OPEN,
                "SELECT id, sender_id FROM request WHERE subject <> '' AND state IN (0, 1, 3, 8) AND subject = ? AND service_code = ? LIMIT 1");
        query_text(&q, r->subject);
        query_text(&q, r->service_code);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK || !row)
                return rc;
        char sender[64], number[20];
        query_column_text(&q, 1, sender, sizeof sender);
        number_write(NUMBER_PREFIX_REQUEST, query_column_i64(&q, 0), number);
        if (str_eq(sender, r->sender_id))
                return why_set(why, GW_REJECT, REASON_REQUEST_DUPLICATE, "its number is %s", number);
        return why_set(why, GW_REJECT, REASON_REQUEST_DUPLICATE, "it came in another way");
}

/* A signature says what the applicant wants, not through whom: somebody who holds it could send it again as a message of his own. */
static enum gw_rc check_applied(struct store *store, const struct intake_record *r, struct why *why)
{
        bool found = false;
        if (r->once.n == 0)
                return GW_OK;
        auto_query struct query q = db_query(&store->db, SQL_INTAKE_APPLIED, "SELECT 1 FROM applied WHERE once = ?");
        query_span(&q, r->once);
        enum gw_rc rc = query_next(&q, &found, why);
        return rc == GW_OK && found ? why_set(why, GW_REJECT, REASON_APPLICATION_REPEATED, "registered before, under another message id") : rc;
}

static enum gw_rc add_applied(struct store *store, const struct intake_record *r, int64_t id, struct why *why)
{
        if (r->once.n == 0)
                return GW_OK;
        auto_query struct query q = db_query(&store->db, SQL_INTAKE_APPLY, "INSERT INTO applied (once, request_id) VALUES (?, ?)");
        query_span(&q, r->once);
        query_i64(&q, id);
        return query_run(&q, NULL, why);
}

static enum gw_rc add_request(struct store *store, const struct intake_record *r, int64_t id, struct why *why)
{
        bool leased = !r->checking && r->lease_until.ms > r->received_at.ms;
        auto_query struct query q = db_query(&store->db, SQL_INTAKE_REQUEST,
                "INSERT INTO request (id, state, registered_at, due_at, updated_at, work_at, leased, service_code, service_version,"
                " shep_service_id, sender_id, correlation_id, portal_number, applicant_iin, declarant_iin, provider_bin, language, subject)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        query_i64(&q, id);
        query_i64(&q, r->checking ? REQUEST_CHECKING : REQUEST_REGISTERED);
        query_i64(&q, r->received_at.ms);
        query_i64(&q, r->due_at.ms);
        query_i64(&q, r->received_at.ms);
        query_i64(&q, leased ? r->lease_until.ms : r->received_at.ms);
        query_i64(&q, leased);
        const char *texts[] = {r->service_code, r->service_version, r->shep_service_id, r->sender_id, r->correlation_id,
                               r->portal_number, r->applicant_iin, r->declarant_iin, r->provider_bin, r->language, r->subject};
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                query_text(&q, texts[i]);
        return query_run(&q, NULL, why);
}

static enum gw_rc add_message(struct store *store, const struct intake_record *r, const uint8_t identity[IDENTITY_SIZE], int64_t id,
                              struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_INTAKE_MESSAGE,
                "INSERT INTO message (request_id, identity, digest, channel, sender_id, message_id, received_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)");
        query_i64(&q, id);
        query_span(&q, span_of(identity, IDENTITY_SIZE));
        query_span(&q, span_of(r->digest, sizeof r->digest));
        query_text(&q, r->channel);
        query_text(&q, r->sender_id);
        query_text(&q, r->message_id);
        query_i64(&q, r->received_at.ms);
        return query_run(&q, NULL, why);
}

static enum gw_rc add_body(struct store *store, const struct intake_record *r, int64_t id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_INTAKE_BODY,
                "INSERT INTO message_body (request_id, application, verdict, envelope) VALUES (?, ?, ?, ?)");
        query_i64(&q, id);
        query_span(&q, r->application);
        query_span(&q, r->verdict);
        query_span(&q, r->envelope);
        return query_run(&q, NULL, why);
}

static enum gw_rc add_queries(struct store *store, const struct intake_record *r, int64_t id, struct why *why)
{
        for (size_t i = 0; i < r->system_count; i++) {
                auto_query struct query q = db_query(&store->db, SQL_INTAKE_QUERY, "INSERT INTO query (request_id, system) VALUES (?, ?)");
                query_i64(&q, id);
                query_text(&q, r->systems[i]);
                enum gw_rc rc = query_run(&q, NULL, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* Passing CHECKING is an event; staying there is none yet. */
static enum gw_rc add_birth(struct store *store, const struct intake_record *r, int64_t id, struct why *why)
{
        if (r->checking) {
                store->ledger.tally[REQUEST_CHECKING]++;
                return GW_OK;
        }
        struct event birth = {
                .request_id = id,
                .at = r->received_at,
                .from = REQUEST_CHECKING,
                .to = REQUEST_REGISTERED,
                .actor = r->actor ? r->actor : "gateway",
                .detail = r->channel,
        };
        enum gw_rc rc = event_add(store, &birth, why);
        if (rc != GW_OK)
                return rc;
        store->ledger.tally[REQUEST_REGISTERED]++;
        return GW_OK;
}

enum gw_rc store_intake(struct store *store, const struct intake_record *record, struct intake_result *ret_result, struct why *why)
{
        enum gw_rc rc = check_lengths(record, why);
        if (rc != GW_OK)
                return rc;
        uint8_t identity[IDENTITY_SIZE];
        identity_of(record->sender_id, record->message_id, identity);
        bool seen = false;
        rc = find_seen(store, record, identity, ret_result, &seen, why);
        if (rc != GW_OK || seen)
                return rc;
        rc = check_applied(store, record, why);
        if (rc != GW_OK)
                return rc;

        int64_t id = store->ledger.last_request + 1;
        rc = refuse_second(store, record, why);
        if (rc == GW_OK)
                rc = add_request(store, record, id, why);
        if (rc == GW_OK)
                rc = add_message(store, record, identity, id, why);
        if (rc == GW_OK)
                rc = add_applied(store, record, id, why);
        if (rc == GW_OK)
                rc = add_body(store, record, id, why);
        if (rc == GW_OK)
                rc = evidence_add(store, record->evidence, record->evidence_count, why);
        if (rc == GW_OK)
                rc = add_queries(store, record, id, why);
        if (rc == GW_OK)
                rc = add_birth(store, record, id, why);
        if (rc != GW_OK)
                return rc;
        store->ledger.last_request = id;
        *ret_result = (struct intake_result){
                .outcome = INTAKE_NEW,
                .request_id = id,
                .state = record->checking ? REQUEST_CHECKING : REQUEST_REGISTERED,
                .registered_at = record->received_at,
                .due_at = record->due_at,
        };
        number_write(NUMBER_PREFIX_REQUEST, id, ret_result->number);
        return GW_OK;
}

enum gw_rc store_same_message(struct store_reader *reader, const char *sender_id, const char *message_id, struct span envelope, struct intake_result *ret_result,
                              char ret_service[32], struct why *why)
{
        uint8_t identity[IDENTITY_SIZE];
        identity_of(sender_id, message_id, identity);
        auto_query struct query q = db_query(&reader->db, SQL_INTAKE_SAME,
                "SELECT m.request_id, r.state, r.registered_at, r.due_at, b.envelope, r.service_code"
                " FROM message AS m JOIN request AS r ON r.id = m.request_id JOIN message_body AS b ON b.request_id = m.request_id WHERE m.identity = ?");
        query_span(&q, span_of(identity, IDENTITY_SIZE));
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        if (!row || !span_eq(query_column_span(&q, 4), envelope))
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "not received before");
        read_seen(&q, ret_result);
        query_column_text(&q, 5, ret_service, 32);
        return GW_OK;
}
