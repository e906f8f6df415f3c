/* Reading what people work on: one, pages of many, counts, history, what changed.
 *
 * An organisation sees a request as its provider or as the front office that took it in. Each of the two is one part of a UNION ALL over its own index, in the
 * order of the page, so that a page costs what it holds and not what is open. */
#include <stdio.h>
#include <string.h>

#include "gateway/register/casework.h"
#include "gateway/register/store_priv.h"

#define COLUMNS \
        "w.request_id, w.token, w.changed_seq, w.step, w.step_from, w.step_near, w.step_due, w.result_due, w.lease_until, w.service, w.route, w.provider_bin, w.front_bin," \
        " w.role, w.executor, w.holder, w.holder_role, w.outcome, w.ground"
#define OF_REQUEST \
        ", r.state, r.registered_at, r.due_at, r.service_version, r.language, r.portal_number, r.declarant_iin, m.channel," \
        " coalesce((SELECT d.outcome FROM decision AS d WHERE d.request_id = r.id), '')"
#define JOINED " JOIN request AS r ON r.id = w.request_id JOIN message AS m ON m.request_id = w.request_id"

static void read_row(struct query *q, struct casework_row *row)
{
        int c = 0;
        *row = (struct casework_row){.request_id = 0};
        row->request_id = query_column_i64(q, c++);
        row->token = query_column_i64(q, c++);
        row->seq = query_column_i64(q, c++);
        row->step = (int)query_column_i64(q, c++);
        struct wall_time *times[] = {&row->step_from, &row->step_near, &row->step_due, &row->result_due, &row->lease_until};
        for (size_t i = 0; i < GW_COUNT(times); i++)
                times[i]->ms = query_column_i64(q, c++);
        const struct { char *out; size_t size; } texts[] = {
                {row->service, sizeof row->service}, {row->route, sizeof row->route}, {row->provider_bin, sizeof row->provider_bin}, {row->front_bin, sizeof row->front_bin},
                {row->role, sizeof row->role}, {row->executor, sizeof row->executor}, {row->holder, sizeof row->holder}, {row->holder_role, sizeof row->holder_role},
                {row->outcome, sizeof row->outcome}, {row->ground, sizeof row->ground},
        };
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                query_column_text(q, c++, texts[i].out, texts[i].size);
        row->state = (enum request_state)query_column_i64(q, c++);
        row->registered_at.ms = query_column_i64(q, c++);
        row->due_at.ms = query_column_i64(q, c++);
        const struct { char *out; size_t size; } more[] = {
                {row->service_version, sizeof row->service_version}, {row->language, sizeof row->language}, {row->portal_number, sizeof row->portal_number}, {row->declarant_iin, sizeof row->declarant_iin},
                {row->channel, sizeof row->channel}, {row->decided, sizeof row->decided},
        };
        for (size_t i = 0; i < GW_COUNT(more); i++)
                query_column_text(q, c++, more[i].out, more[i].size);
        number_write(NUMBER_PREFIX_REQUEST, row->request_id, row->number);
}

enum gw_rc casework_view(struct store_reader *reader, const char *number, const char *bin, struct casework_row *ret_row, struct why *why)
{
        int64_t id = 0;
        if (!number_read(NUMBER_PREFIX_REQUEST, number, &id))
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        auto_query struct query q = db_query(&reader->db, SQL_CASEWORK_VIEW,
                "SELECT " COLUMNS OF_REQUEST " FROM casework AS w" JOINED " WHERE w.request_id = ?1 AND ?2 IN (w.provider_bin, w.front_bin)");
        query_i64(&q, id);
        query_text(&q, bin);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        if (!row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        read_row(&q, ret_row);
        return GW_OK;
}

/* ---- pages ---- */

/* Every statement names every one of its parameters: 1 bin, 2 service, 3 route, 4 executor, 5 first id, 6 last id, 7 roles, 8 me, 9 colour, 10 now, 11 after_due, 12 after_id, 13 limit, 14 which. */
/* Of a step by an executor only his own; other steps keep the name of the executor too. */
#define HIS(me) "(" me " = '' OR substr(role, -8) <> 'EXECUTOR' OR executor IN ('', " me "))"
#define MINE(me) "(?7 = '' OR (instr(?7, ' ' || role || ' ') > 0 AND " HIS(me) "))"
#define FILTER \
        "(?2 = '' OR service = ?2) AND (?3 = '' OR route = ?3) AND (?4 = '' OR executor = ?4) AND request_id BETWEEN ?5 AND ?6 AND " MINE("?8") \
        " AND CASE ?9 WHEN 0 THEN 1 WHEN 1 THEN step_near > ?10 WHEN 2 THEN step_near <= ?10 AND step_due > ?10 ELSE step_due <= ?10 END"
#define SIDES(select, provider, front, filter) \
        select " FROM casework INDEXED BY " provider " WHERE provider_bin = ?1 AND " filter \
        " UNION ALL " select " FROM casework INDEXED BY " front " WHERE front_bin = ?1 AND provider_bin <> ?1 AND " filter
#define PAGE(sides, order, outer) \
        "SELECT " COLUMNS OF_REQUEST " FROM (" sides " ORDER BY " order " LIMIT ?13) AS k CROSS JOIN casework AS w ON w.request_id = k.request_id" JOINED " ORDER BY " outer

static const struct { enum sql_id id; const char *sql; } pages[] = {
        {SQL_CASEWORK_DUE, PAGE(SIDES("SELECT step_due, request_id", "casework_provider_due", "casework_front_due", "step > 0 AND (step_due, request_id) > (?11, ?12) AND ?14 = 0 AND " FILTER),
                                "step_due, request_id", "k.step_due, k.request_id")},
        {SQL_CASEWORK_NEWEST_OPEN, PAGE(SIDES("SELECT request_id", "casework_provider_open", "casework_front_open", "step > 0 AND request_id < ?12 AND ?11 = 0 AND ?14 = 0 AND " FILTER), "request_id DESC", "k.request_id DESC")},
        {SQL_CASEWORK_NEWEST, PAGE(SIDES("SELECT request_id", "casework_provider", "casework_front", "(step = 0 OR ?14 = 2) AND request_id < ?12 AND ?11 = 0 AND " FILTER), "request_id DESC", "k.request_id DESC")},
};

/* Ids of the numbers that begin so; none when no number can. */
static void prefix_range(const char *prefix, int64_t *ret_first, int64_t *ret_last)
{
        char low[20], high[20];
        size_t n = prefix ? strlen(prefix) : 0;
        *ret_first = 1;
        *ret_last = n ? 0 : INT64_MAX;
        if (n == 0 || n > 14)
                return;
        memset(low, '0', 14);
        memset(high, '9', 14);
        low[14] = high[14] = '\0';
        size_t head = strlen(NUMBER_PREFIX_REQUEST);
        memcpy(low, NUMBER_PREFIX_REQUEST, head);
        memcpy(high, NUMBER_PREFIX_REQUEST, head);
        if (strncmp(prefix, NUMBER_PREFIX_REQUEST, n < head ? n : head) != 0 || strspn(prefix, "0123456789") != n)
                return;
        if (n > head) {
                memcpy(low, prefix, n);
                memcpy(high, prefix, n);
        }
        gw_ignore(number_read(NUMBER_PREFIX_REQUEST, high, ret_last) ? GW_OK : GW_REJECT); /* stays 0: none */
        if (!number_read(NUMBER_PREFIX_REQUEST, low, ret_first))
                *ret_first = 1; /* number 0 is none, all after it are */
}

static void bind_filter(struct query *q, const struct casework_filter *f)
{
        int64_t first = 0, last = 0;
        prefix_range(f->number, &first, &last);
        query_text(q, f->bin);
        query_text(q, f->service);
        query_text(q, f->route);
        query_text(q, f->executor);
        query_i64(q, first);
        query_i64(q, last);
        query_text(q, f->roles);
        query_text(q, f->me);
        query_i64(q, f->colour);
        query_i64(q, f->now.ms);
}

enum gw_rc casework_list(struct store_reader *reader, const struct casework_filter *filter, struct casework_row *rows, size_t *ret_count, struct why *why)
{
        bool by_due = !filter->newest_first && filter->which == CASEWORK_OPEN;
        size_t page = by_due ? 0 : filter->which == CASEWORK_OPEN ? 1 : 2;
        auto_query struct query q = db_query(&reader->db, pages[page].id, pages[page].sql);
        bind_filter(&q, filter);
        query_i64(&q, by_due ? filter->after_due : 0);
        query_i64(&q, by_due || filter->after_id ? filter->after_id : INT64_MAX);
        query_i64(&q, (int64_t)filter->limit);
        query_i64(&q, filter->which);
        size_t count = 0;
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK)
                        return rc;
                if (!row)
                        break;
                GW_ASSERT(count < filter->limit);
                read_row(&q, &rows[count++]);
        }
        *ret_count = count;
        return GW_OK;
}

enum gw_rc casework_counts(struct store_reader *reader, const struct casework_filter *filter, struct casework_counts *ret_counts, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_CASEWORK_COUNTS,
                "SELECT count(*), coalesce(sum(mine), 0), coalesce(sum(near), 0), coalesce(sum(past), 0) FROM ("
                SIDES("SELECT instr(?2, ' ' || role || ' ') > 0 AND " HIS("?3") " AS mine, step_near <= ?4 AND step_due > ?4 AS near, step_due <= ?4 AS past",
                      "casework_provider_due", "casework_front_due", "step > 0") ")");
        query_text(&q, filter->bin);
        query_text(&q, filter->roles);
        query_text(&q, filter->me);
        query_i64(&q, filter->now.ms);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_counts = (struct casework_counts){query_column_i64(&q, 0), query_column_i64(&q, 1), query_column_i64(&q, 2), query_column_i64(&q, 3)};
        return rc;
}

/* ---- what was done ---- */

enum gw_rc casework_warnings_wait(struct store_reader *reader, struct wall_time now, bool *ret_wait, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_CASEWORK_WAIT,
                "SELECT EXISTS (SELECT 1 FROM casework WHERE step > 0 AND warned < 2 AND step_due <= ?1) OR EXISTS (SELECT 1 FROM casework WHERE step > 0 AND warned = 0 AND step_near <= ?1)");
        query_i64(&q, now.ms);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_wait = query_column_i64(&q, 0) != 0;
        return rc;
}

/* By that token, of that step, by that person: an act whose answer was lost. */
enum gw_rc casework_was_done(struct store_reader *reader, int64_t request_id, int64_t token, int step, const char *staff, bool *ret_done, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_CASEWORK_DONE,
                "SELECT EXISTS (SELECT 1 FROM casework_act WHERE request_id = ? AND token = ? AND step = ? AND staff = ?)");
        query_i64(&q, request_id);
        query_i64(&q, token);
        query_i64(&q, step);
        query_text(&q, staff);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_done = token != 0 && query_column_i64(&q, 0) != 0;
        return rc;
}


enum gw_rc casework_history(struct store_reader *reader, int64_t request_id, casework_entry_fn fn, void *arg, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_CASEWORK_HISTORY,
                "SELECT step, act, role, staff, comment, at, from_at, due_at FROM casework_act WHERE request_id = ? ORDER BY seq");
        query_i64(&q, request_id);
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                struct casework_entry entry = {
                        .step = (int)query_column_i64(&q, 0),
                        .act = (const char *)sqlite3_column_text(q.stmt, 1),
                        .role = (const char *)sqlite3_column_text(q.stmt, 2),
                        .staff = (const char *)sqlite3_column_text(q.stmt, 3),
                        .comment = (const char *)sqlite3_column_text(q.stmt, 4),
                        .at = {query_column_i64(&q, 5)},
                        .from = {query_column_i64(&q, 6)},
                        .due = {query_column_i64(&q, 7)},
                };
                fn(arg, &entry);
        }
}

/* One statement, one snapshot: what is not told now has a sequence above *ret_seq. */
enum gw_rc casework_changes(struct store_reader *reader, const char *bin, int64_t since, size_t max, char (*numbers)[20], size_t *ret_count, int64_t *ret_seq, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_CASEWORK_CHANGES,
                "SELECT l.event_seq, w.request_id, w.changed_seq FROM ledger AS l LEFT JOIN"
                " (SELECT request_id, changed_seq FROM casework WHERE changed_seq > ?1 AND ?2 IN (provider_bin, front_bin) AND ?1 >= 0 ORDER BY changed_seq LIMIT ?3) AS w WHERE l.id = 1 ORDER BY w.changed_seq");
        query_i64(&q, since);
        query_text(&q, bin);
        query_i64(&q, (int64_t)max);
        size_t count = 0;
        int64_t seq = since;
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK)
                        return rc;
                if (!row)
                        break;
                if (sqlite3_column_type(q.stmt, 1) == SQLITE_NULL) {
                        seq = query_column_i64(&q, 0);
                        break;
                }
                number_write(NUMBER_PREFIX_REQUEST, query_column_i64(&q, 1), numbers[count++]);
                seq = query_column_i64(&q, 2);
        }
        *ret_count = count;
        *ret_seq = seq;
        return GW_OK;
}

/* ---- what came ---- */

void casework_body_done(struct casework_body *body)
{
        buf_done(&body->application);
        buf_done(&body->verdict);
        buf_done(&body->envelope);
}

enum gw_rc casework_body(struct store_reader *reader, int64_t request_id, struct casework_body *ret_body, struct why *why)
{
        auto_query struct query q = db_query(&reader->db, SQL_CASEWORK_BODY, "SELECT application, verdict, envelope FROM message_body WHERE request_id = ?");
        query_i64(&q, request_id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK && !row)
                rc = why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such request");
        if (rc != GW_OK)
                return rc;
        struct casework_body body = {BUF_INIT, BUF_INIT, BUF_INIT};
        struct buf *parts[] = {&body.application, &body.verdict, &body.envelope};
        for (size_t i = 0; i < GW_COUNT(parts) && rc == GW_OK; i++)
                rc = query_column_buf(&q, (int)i, parts[i], why);
        if (rc == GW_OK)
                *ret_body = body;
        else
                casework_body_done(&body);
        return rc;
}
