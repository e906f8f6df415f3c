/* What happens to a registered request: transitions, answers of state systems, the decision and its document. */
#include "gateway/register/store_priv.h"

enum gw_rc store_refuse_moved(struct store *store, int64_t request_id, const char *what, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_REQUEST_EXISTS, "SELECT state FROM request WHERE id = ?");
        query_i64(&q, request_id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        if (!row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no request %lld", (long long)request_id);
        int64_t state = query_column_i64(&q, 0);
        return why_set(why, GW_REJECT, REASON_INTERNAL, "%s: request %lld is %s", what, (long long)request_id,
                       request_state_info((enum request_state)state)->code);
}

/* What becomes of work_at: a request whose collection goes on keeps its lease, one that comes back from a failure is due at once,
 * all others have nothing to be worked on. */
enum work { WORK_NONE, WORK_KEEP, WORK_NOW };
static enum work work_after(enum request_state from, enum request_state to)
{
        if (to == REQUEST_REGISTERED)
                return WORK_KEEP; /* whoever has found that the applicant's certificate is good goes on with it */
        if (to != REQUEST_AWAITING_DATA)
                return WORK_NONE;
        return from == REQUEST_FAILED_TECH ? WORK_NOW : WORK_KEEP;
}

enum gw_rc store_transition(struct store *store, int64_t request_id, enum request_state from, enum request_state to, const char *actor,
                            const char *detail, struct wall_time at, struct why *why)
{
        GW_ASSERT(request_transition_allowed(from, to));
        auto_query struct query q = db_query(&store->db, SQL_REQUEST_MOVE,
                "UPDATE request SET state = ?1, updated_at = ?2,"
                " work_at = CASE ?3 WHEN 0 THEN NULL WHEN 1 THEN work_at ELSE ?2 END, leased = CASE ?3 WHEN 1 THEN leased ELSE 0 END"
                " WHERE id = ?4 AND state = ?5");
        query_i64(&q, to);
        query_i64(&q, at.ms);
        query_i64(&q, work_after(from, to));
        query_i64(&q, request_id);
        query_i64(&q, from);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc != GW_OK)
                return rc;
        if (changes == 0)
                return store_refuse_moved(store, request_id, "transition dropped", why);
        struct event event = {.request_id = request_id, .at = at, .from = from, .to = to, .actor = actor, .detail = detail};
        rc = event_add(store, &event, why);
        if (rc != GW_OK)
                return rc;
        store->ledger.tally[from]--;
        store->ledger.tally[to]++;
        return casework_follow(store, request_id, to, at, why);
}

/* Only while the request may still be decided: what was decided on is evidence and stays as it was. */
#define QUERY_OPEN " WHERE request_id = ? AND system = ? AND (SELECT r.state FROM request AS r WHERE r.id = request_id) IN (1, 3, 8)"

static enum gw_rc mark_answered(struct store *store, int64_t request_id, const char *system, struct wall_time at, int64_t *ret_query,
                                struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_QUERY_ANSWERED,
                "UPDATE query SET answered_at = ?, last_error = ''" QUERY_OPEN " RETURNING id");
        query_i64(&q, at.ms);
        query_i64(&q, request_id);
        query_text(&q, system);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        if (!row)
                return store_refuse_moved(store, request_id, "no open query to this system", why);
        *ret_query = query_column_i64(&q, 0);
        return query_next(&q, &row, why); /* to its end: the update is finished only then */
}

enum gw_rc store_answer(struct store *store, int64_t request_id, const char *system, struct span envelope, struct span facts,
                        struct wall_time at, struct why *why)
{
        int64_t query_id = 0;
        enum gw_rc rc = mark_answered(store, request_id, system, at, &query_id, why);
        if (rc != GW_OK)
                return rc;
        /* A later round asks every system again: its answer takes the place of the older one, as it does in the decision. */
        auto_query struct query q = db_query(&store->db, SQL_ANSWER_ADD,
                "REPLACE INTO answer (query_id, facts, envelope) VALUES (?, ?, ?)");
        query_i64(&q, query_id);
        query_span(&q, facts);
        query_span(&q, envelope);
        return query_run(&q, NULL, why);
}

enum gw_rc store_query_failed(struct store *store, int64_t request_id, const char *system, const char *reason, struct wall_time at,
                              struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_QUERY_FAILED,
                "UPDATE query SET last_error = ?, last_at = ?, failures = failures + 1" QUERY_OPEN);
        query_text(&q, reason);
        query_i64(&q, at.ms);
        query_i64(&q, request_id);
        query_text(&q, system);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc == GW_OK && changes == 0)
                return store_refuse_moved(store, request_id, "no open query to this system", why);
        return rc;
}

enum gw_rc evidence_add(struct store *store, const struct evidence *evidence, size_t count, struct why *why)
{
        for (size_t i = 0; i < count; i++) {
                auto_query struct query q = db_query(&store->db, SQL_EVIDENCE_ADD,
                        "INSERT INTO evidence (sha256, kind, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
                query_span(&q, span_of(evidence[i].sha256, sizeof evidence[i].sha256));
                query_text(&q, evidence[i].kind);
                query_span(&q, evidence[i].bytes);
                enum gw_rc rc = query_run(&q, NULL, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

enum gw_rc store_checked(struct store *store, int64_t request_id, struct span verdict, const struct evidence *evidence, size_t count, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CHECKED,
                "UPDATE message_body SET verdict = ? WHERE request_id = ? AND (SELECT r.state FROM request AS r WHERE r.id = request_id) = 0");
        query_span(&q, verdict);
        query_i64(&q, request_id);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc == GW_OK && changes == 0)
                return store_refuse_moved(store, request_id, "not checked", why);
        return rc == GW_OK ? evidence_add(store, evidence, count, why) : rc;
}

enum gw_rc store_evidence(struct store *store, const struct evidence *evidence, size_t count, struct why *why)
{
        return evidence_add(store, evidence, count, why);
}

static enum gw_rc add_document(struct store *store, const struct decision_record *r, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_DOCUMENT_ADD,
                "INSERT INTO document (request_id, number, kind, content) VALUES (?, nullif(?, ''), ?, ?)");
        query_i64(&q, r->request_id);
        query_text(&q, r->document_number);
        query_text(&q, r->document_kind);
        query_span(&q, r->document);
        return query_run(&q, NULL, why);
}

enum gw_rc store_decision(struct store *store, const struct decision_record *record, struct why *why)
{
        /* Before or after the transition to DECIDED, in the same piece of work; never for a request that has ended or was answered. */
        auto_query struct query q = db_query(&store->db, SQL_DECISION_ADD,
                "INSERT INTO decision (request_id, outcome, rule, decided_at, inputs)"
                " SELECT id, ?2, ?3, ?4, ?5 FROM request WHERE id = ?1 AND state IN (1, 3, 4, 8) ON CONFLICT DO NOTHING");
        query_i64(&q, record->request_id);
        query_text(&q, record->outcome);
        query_text(&q, record->rule);
        query_i64(&q, record->at.ms);
        query_span(&q, record->inputs);
        int changes = 0;
        enum gw_rc rc = query_run(&q, &changes, why);
        if (rc != GW_OK)
                return rc;
        if (changes == 0)
                return store_refuse_moved(store, record->request_id, "decided already or ended", why);
        if (record->document.n == 0 && (!record->document_number || !*record->document_number))
                return GW_OK;
        return add_document(store, record, why);
}

enum gw_rc store_next_document_number(struct store *store, char ret_number[20], struct why *why)
{
        (void)why; /* nothing can fail before the commit */
        number_write(NUMBER_PREFIX_DOCUMENT, ++store->ledger.last_document, ret_number);
        return GW_OK;
}
