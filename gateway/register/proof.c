/* Everything that is kept about one request (gateway/register/proof.h). */
#include "gateway/register/proof.h"

#include "gateway/register/store_priv.h"

static const char *text_of(struct query *q, int column)
{
        const char *text = (const char *)sqlite3_column_text(q->stmt, column);
        return text ? text : "";
}

enum gw_rc proof_answers(struct store_reader *reader, int64_t request_id, proof_answer_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_PROOF_ANSWERS,
                "SELECT q.system, a.envelope, a.facts FROM query AS q JOIN answer AS a ON a.query_id = q.id WHERE q.request_id = ? ORDER BY q.system");
        query_i64(&q, request_id);
        for (;;) {
                bool found = false;
                enum gw_rc rc = query_next(&q, &found, why);
                if (rc != GW_OK || !found)
                        return rc;
                fn(arg, text_of(&q, 0), query_column_span(&q, 1), query_column_span(&q, 2));
        }
}

enum gw_rc proof_decision(struct store_reader *reader, int64_t request_id, proof_decision_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_PROOF_DECISION,
                "SELECT d.outcome, d.rule, d.decided_at, coalesce(c.number, ''), d.inputs, coalesce(c.content, x'') FROM decision AS d LEFT JOIN document AS c ON c.request_id = d.request_id"
                " WHERE d.request_id = ?");
        query_i64(&q, request_id);
        bool found = false;
        enum gw_rc rc = query_next(&q, &found, why);
        if (rc == GW_OK && found)
                fn(arg, text_of(&q, 0), text_of(&q, 1), (struct wall_time){query_column_i64(&q, 2)}, text_of(&q, 3), query_column_span(&q, 4), query_column_span(&q, 5));
        return rc;
}

enum gw_rc proof_messages(struct store_reader *reader, int64_t request_id, proof_message_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_PROOF_MESSAGES,
                "SELECT o.id, o.destination, o.kind, p.payload FROM outbox AS o JOIN outbox_payload AS p ON p.outbox_id = o.id WHERE o.request_id = ? ORDER BY o.id");
        query_i64(&q, request_id);
        for (;;) {
                bool found = false;
                enum gw_rc rc = query_next(&q, &found, why);
                if (rc != GW_OK || !found)
                        return rc;
                fn(arg, query_column_i64(&q, 0), text_of(&q, 1), text_of(&q, 2), query_column_span(&q, 3));
        }
}

enum gw_rc proof_bytes(struct store_reader *reader, const uint8_t sha256[32], bool *ret_found, char ret_kind[8], struct buf *out, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_PROOF_BYTES, "SELECT kind, bytes FROM evidence WHERE sha256 = ?");
        query_span(&q, span_of(sha256, 32));
        enum gw_rc rc = query_next(&q, ret_found, why);
        if (rc == GW_OK && *ret_found) {
                query_column_text(&q, 0, ret_kind, 8);
                buf_add_span(out, query_column_span(&q, 1));
        }
        return rc;
}

enum gw_rc proof_body(struct store_reader *reader, int64_t request_id, proof_body_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_PROOF_BODY, "SELECT application, envelope, verdict FROM message_body WHERE request_id = ?");
        query_i64(&q, request_id);
        bool found = false;
        enum gw_rc rc = query_next(&q, &found, why);
        if (rc == GW_OK && found)
                fn(arg, query_column_span(&q, 0), query_column_span(&q, 1), query_column_span(&q, 2));
        return rc;
}
