/* The event chain: one event per transition, each hash over the one before it and over all fields of the event (I5).
 *
 * The chain is global, in commit order. The ledger row holds its end and is written in the same transaction, so that cutting events off
 * is found as well as changing one. Somebody who can rewrite the whole file can rewrite the whole chain: against that, copy the end
 * of the chain elsewhere from time to time. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/register/store_priv.h"

#define EVENT_FORMAT "egov-gateway event 1"

/* Length first, so that no two different events have the same bytes. */
static void add_field(struct buf *b, struct span field)
{
        uint8_t length[4] = {(uint8_t)(field.n >> 24), (uint8_t)(field.n >> 16), (uint8_t)(field.n >> 8), (uint8_t)field.n};
        buf_add(b, length, sizeof length);
        buf_add_span(b, field);
}

static void add_number(struct buf *b, int64_t value)
{
        uint8_t bytes[8];
        for (int i = 0; i < 8; i++)
                bytes[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
        add_field(b, span_of(bytes, sizeof bytes));
}

void event_hash(const uint8_t previous[32], const struct event *event, uint8_t out[32])
{
        auto_buf struct buf b = BUF_INIT;
        buf_add(&b, previous, 32);
        add_field(&b, span_str(EVENT_FORMAT));
        add_number(&b, event->seq);
        add_number(&b, event->request_id);
        add_number(&b, event->at.ms);
        add_number(&b, (int64_t)event->from);
        add_number(&b, (int64_t)event->to);
        add_field(&b, span_str(event->actor));
        add_field(&b, span_str(event->detail));
        GW_ASSERT(!buf_failed(&b));
        text_sha256(buf_span(&b), out);
}

enum gw_rc event_add(struct store *store, const struct event *event, struct why *why)
{
        struct event numbered = *event;
        numbered.seq = store->ledger.event_seq + 1;
        uint8_t hash[32];
        event_hash(store->ledger.event_hash, &numbered, hash);
        auto_query struct query q = db_query(&store->db, SQL_EVENT_ADD,
                "INSERT INTO event (seq, request_id, at, from_state, to_state, actor, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        query_i64(&q, numbered.seq);
        query_i64(&q, numbered.request_id);
        query_i64(&q, numbered.at.ms);
        query_i64(&q, (int64_t)numbered.from);
        query_i64(&q, (int64_t)numbered.to);
        query_text(&q, numbered.actor);
        query_text(&q, numbered.detail);
        query_span(&q, span_of(hash, sizeof hash));
        enum gw_rc rc = query_run(&q, NULL, why);
        if (rc != GW_OK)
                return rc;
        store->ledger.event_seq = numbered.seq;
        memcpy(store->ledger.event_hash, hash, sizeof hash);
        return GW_OK;
}

enum gw_rc event_note(struct store *store, int64_t request_id, const char *actor, const char *detail, struct wall_time at, struct why *why)
{
        enum request_state state;
        {
                auto_query struct query q = db_query(&store->db, SQL_REQUEST_EXISTS, "SELECT state FROM request WHERE id = ?");
                query_i64(&q, request_id);
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK)
                        return rc;
                if (!row)
                        return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "no request %lld", (long long)request_id);
                state = (enum request_state)query_column_i64(&q, 0);
        }
        struct event event = {.request_id = request_id, .at = at, .from = state, .to = state, .actor = actor, .detail = detail};
        return event_add(store, &event, why);
}

/* State of a walk along the chain. */
struct walk {
        int64_t seq;
        uint8_t hash[32];
};

static const char *text_of(struct query *q, int column)
{
        const char *text = (const char *)sqlite3_column_text(q->stmt, column);
        return text ? text : "";
}

/* One row, columns as in store_check_chain. NULL when it continues the chain, else what is wrong. */
static const char *continue_chain(struct query *q, struct walk *walk)
{
        struct event event = {
                .seq = query_column_i64(q, 2),
                .request_id = query_column_i64(q, 3),
                .at = {query_column_i64(q, 4)},
                .from = (enum request_state)query_column_i64(q, 5),
                .to = (enum request_state)query_column_i64(q, 6),
                .actor = text_of(q, 7),
                .detail = text_of(q, 8),
        };
        if (event.seq != ++walk->seq)
                return "is missing";
        if (event.from != event.to && !request_transition_allowed(event.from, event.to)) /* the same: an act or reading of people */
                return "is not a legal transition";
        /* The C strings that were hashed must be all of the text. */
        if (strlen(event.actor) != query_column_span(q, 7).n || strlen(event.detail) != query_column_span(q, 8).n)
                return "was changed";
        event_hash(walk->hash, &event, walk->hash);
        if (!span_eq(query_column_span(q, 9), span_of(walk->hash, sizeof walk->hash)))
                return "was changed";
        return NULL;
}

enum gw_rc store_check_chain(struct store_reader *reader, uint64_t *ret_events, struct why *why)
{
        /* One statement = one snapshot: the end of the chain cannot move on meanwhile. */
        auto_query struct query q = db_query(&reader->db, SQL_EVENT_CHAIN,
                "SELECT l.event_seq, l.event_hash, e.seq, e.request_id, e.at, e.from_state, e.to_state, e.actor, e.detail, e.hash"
                " FROM ledger AS l LEFT JOIN event AS e WHERE l.id = 1 ORDER BY e.seq");
        struct walk walk = {.seq = 0}, end = {.seq = 0};
        bool row = false, any = false;
        for (;;) {
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK)
                        return rc;
                if (!row)
                        break;
                any = true;
                end.seq = query_column_i64(&q, 0);
                struct span hash = query_column_span(&q, 1);
                if (hash.n == sizeof end.hash)
                        memcpy(end.hash, hash.p, hash.n);
                if (sqlite3_column_type(q.stmt, 2) == SQLITE_NULL)
                        break; /* no events at all */
                const char *wrong = continue_chain(&q, &walk);
                if (wrong)
                        return why_set(why, GW_FAULT, REASON_INTERNAL, "event %lld %s", (long long)walk.seq, wrong);
        }
        if (!any)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the ledger row is missing");
        if (walk.seq < end.seq)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "event %lld is missing", (long long)walk.seq + 1);
        if (walk.seq > end.seq)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "event %lld was added", (long long)end.seq + 1);
        if (!span_eq(span_of(walk.hash, sizeof walk.hash), span_of(end.hash, sizeof end.hash)))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "event %lld is not the one the ledger knows", (long long)end.seq);
        *ret_events = (uint64_t)walk.seq;
        return GW_OK;
}
