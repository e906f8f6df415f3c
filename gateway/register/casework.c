/* What people do with a request: claims and acts, each one piece of work with its event. */
#include <stdio.h>
#include <string.h>

#include "gateway/register/casework.h"
#include "gateway/register/store_priv.h"

enum gw_rc casework_note(struct store *store, int64_t request_id, const char *actor, const char *detail, struct wall_time at, struct why *why)
{
        return event_note(store, request_id, actor, detail, at, why);
}

static enum gw_rc add_entry(struct store *store, int64_t request_id, int64_t token, const struct casework_entry *entry, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_ENTRY,
                "INSERT INTO casework_act (request_id, seq, step, act, role, staff, at, from_at, due_at, comment, token)"
                " VALUES (?1, coalesce((SELECT max(seq) FROM casework_act WHERE request_id = ?1), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        query_i64(&q, request_id);
        query_i64(&q, entry->step);
        query_text(&q, entry->act);
        query_text(&q, entry->role);
        query_text(&q, entry->staff);
        query_i64(&q, entry->at.ms);
        query_i64(&q, entry->from.ms);
        query_i64(&q, entry->due.ms);
        query_text(&q, entry->comment);
        query_i64(&q, token);
        return query_run(&q, NULL, why);
}

enum gw_rc casework_open(struct store *store, const struct casework_new *record, struct why *why)
{
        {
                auto_query struct query q = db_query(&store->db, SQL_CASEWORK_OPEN,
                        "INSERT INTO casework (request_id, service, route, provider_bin, front_bin, result_due, step, role, executor, step_from, step_near, step_due, changed_seq)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
                query_i64(&q, record->request_id);
                query_text(&q, record->service);
                query_text(&q, record->route);
                query_text(&q, record->provider_bin);
                query_text(&q, record->front_bin);
                query_i64(&q, record->result_due.ms);
                query_i64(&q, record->place.step);
                query_text(&q, record->place.role);
                query_text(&q, record->place.executor);
                query_i64(&q, record->place.from.ms);
                query_i64(&q, record->place.near.ms);
                query_i64(&q, record->place.due.ms);
                query_i64(&q, store->ledger.event_seq);
                enum gw_rc rc = query_run(&q, NULL, why);
                if (rc != GW_OK)
                        return rc;
        }
        for (size_t i = 0; i < record->done_count; i++) {
                enum gw_rc rc = add_entry(store, record->request_id, 0, &record->done[i], why);
                if (rc != GW_OK)
                        return rc;
        }
        struct push_sides sides;
        snprintf(sides.provider_bin, sizeof sides.provider_bin, "%s", record->provider_bin);
        snprintf(sides.front_bin, sizeof sides.front_bin, "%s", record->front_bin);
        return push_reached(store, record->request_id, &sides, NULL, &record->place, record->place.from, why);
}

/* ---- the claim ---- */

struct claimed { /* the row as an act finds it */
        int step;
        int64_t token;
        struct wall_time lease_until;
        char holder[CASEWORK_STAFF_MAX], holder_role[24];
};

static enum gw_rc read_claimed(struct store *store, int64_t request_id, struct claimed *ret_claimed, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_CLAIMED, "SELECT step, token, lease_until, holder, holder_role FROM casework WHERE request_id = ?");
        query_i64(&q, request_id);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc != GW_OK)
                return rc;
        if (!row)
                return why_set(why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "nobody works on this request");
        ret_claimed->step = (int)query_column_i64(&q, 0);
        ret_claimed->token = query_column_i64(&q, 1);
        ret_claimed->lease_until.ms = query_column_i64(&q, 2);
        query_column_text(&q, 3, ret_claimed->holder, sizeof ret_claimed->holder);
        query_column_text(&q, 4, ret_claimed->holder_role, sizeof ret_claimed->holder_role);
        return GW_OK;
}

/* Says who has it: role and time, not the person. */
static enum gw_rc refuse_claim(const struct claimed *claimed, struct wall_time at, int reason, struct why *why)
{
        char until[CLOCK_TEXT_MAX];
        if (!claimed->holder[0])
                return why_set(why, GW_REJECT, reason, "nobody has claimed it");
        return why_set(why, GW_REJECT, reason, "%s has it until %s%s", claimed->holder_role, clock_iso(claimed->lease_until, until), claimed->lease_until.ms > at.ms ? "" : ", which is over");
}

static enum gw_rc refuse_step(const struct claimed *claimed, struct why *why)
{
        if (claimed->step == 0)
                return why_set(why, GW_REJECT, REASON_STEP_NOT_NEXT, "nothing is left to be done");
        return why_set(why, GW_REJECT, REASON_STEP_NOT_NEXT, "step %d comes next", claimed->step);
}

/* Others learn of it by changed_seq. */
static enum gw_rc add_event(struct store *store, int64_t request_id, const char *staff, const char *role, const char *detail, struct wall_time at, struct why *why)
{
        auto_str char *actor = str_eq(staff, "gateway") ? xstrdup(staff) : xasprintf("staff:%s %s", staff, role);
        return event_note(store, request_id, actor, detail, at, why);
}

static enum gw_rc write_claim(struct store *store, int64_t request_id, const struct casework_claim *claim, const char *holder, const char *role, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_CLAIM,
                "UPDATE casework SET holder = ?, holder_role = ?, lease_until = ?, token = ?, changed_seq = ? WHERE request_id = ?");
        query_text(&q, holder);
        query_text(&q, role);
        query_i64(&q, claim->lease_until.ms);
        query_i64(&q, claim->token);
        query_i64(&q, store->ledger.event_seq);
        query_i64(&q, request_id);
        return query_run(&q, NULL, why);
}

enum gw_rc casework_claim(struct store *store, int64_t request_id, int step, const struct casework_who *who, struct wall_time lease_until, struct casework_claim *ret_claim, struct why *why)
{
        struct claimed claimed;
        enum gw_rc rc = read_claimed(store, request_id, &claimed, why);
        if (rc != GW_OK)
                return rc;
        if (claimed.step == 0 || claimed.step != step)
                return refuse_step(&claimed, why);
        bool held = claimed.holder[0] && claimed.lease_until.ms > who->at.ms, mine = str_eq(claimed.holder, who->staff) && str_eq(claimed.holder_role, who->role);
        if (held && !mine)
                return refuse_claim(&claimed, who->at, REASON_CLAIM_HELD, why);
        struct casework_claim claim = {.token = held ? claimed.token : claimed.token + 1, .lease_until = lease_until};
        auto_str char *detail = xasprintf("step %d claimed", step);
        rc = add_event(store, request_id, who->staff, who->role, detail, who->at, why);
        if (rc == GW_OK)
                rc = write_claim(store, request_id, &claim, who->staff, who->role, why);
        if (rc == GW_OK)
                *ret_claim = claim;
        return rc;
}

/* Tokens are numbers that anybody can guess: they count in the hand of who was given them. */
static enum gw_rc check_token(const struct claimed *claimed, int64_t token, const char *staff, struct wall_time at, struct why *why)
{
        if (!claimed->holder[0] || token != claimed->token || !str_eq(claimed->holder, staff) || claimed->lease_until.ms <= at.ms)
                return refuse_claim(claimed, at, REASON_CLAIM_STALE, why);
        return GW_OK;
}

enum gw_rc casework_release(struct store *store, int64_t request_id, int64_t token, const struct casework_who *who, struct why *why)
{
        struct claimed claimed;
        enum gw_rc rc = read_claimed(store, request_id, &claimed, why);
        if (rc == GW_OK)
                rc = check_token(&claimed, token, who->staff, who->at, why);
        if (rc != GW_OK)
                return rc;
        auto_str char *detail = xasprintf("step %d given back", claimed.step);
        rc = add_event(store, request_id, who->staff, who->role, detail, who->at, why);
        struct casework_claim claim = {.token = claimed.token};
        return rc == GW_OK ? write_claim(store, request_id, &claim, "", "", why) : rc;
}

/* ---- acts ---- */

/* The last act is this one: its answer was lost, and it is asked for again. */
static enum gw_rc find_repeated(struct store *store, const struct casework_act *act, bool *ret_repeated, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_LAST,
                "SELECT token = ?2 AND step = ?3 AND act = ?4 AND staff = ?5 AND comment = ?6 FROM casework_act WHERE request_id = ?1 ORDER BY seq DESC LIMIT 1");
        query_i64(&q, act->request_id);
        query_i64(&q, act->token);
        query_i64(&q, act->entry.step);
        query_text(&q, act->entry.act);
        query_text(&q, act->entry.staff);
        query_text(&q, act->entry.comment);
        bool row = false;
        enum gw_rc rc = query_next(&q, &row, why);
        if (rc == GW_OK)
                *ret_repeated = row && act->token != 0 && query_column_i64(&q, 0) != 0;
        return rc;
}

/* The place, and with it the end of the claim: its token can no longer be used, and is never given again. */
static enum gw_rc move(struct store *store, const struct casework_act *act, struct why *why)
{
        const struct casework_place *next = act->next;
        enum gw_rc rc = push_moved(store, act->request_id, next, act->entry.act, next->from, why);
        if (rc != GW_OK)
                return rc;
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_MOVE,
                "UPDATE casework SET step = ?, role = ?, executor = ?, step_from = ?, step_near = ?, step_due = ?, changed_seq = ?, outcome = coalesce(?, outcome), ground = coalesce(?, ground),"
                " holder = '', holder_role = '', lease_until = 0, warned = 0 WHERE request_id = ?");
        query_i64(&q, next->step);
        query_text(&q, next->role);
        query_text(&q, next->executor);
        query_i64(&q, next->from.ms);
        query_i64(&q, next->near.ms);
        query_i64(&q, next->due.ms);
        query_i64(&q, store->ledger.event_seq);
        query_optional_text(&q, act->outcome);
        query_optional_text(&q, act->ground);
        query_i64(&q, act->request_id);
        return query_run(&q, NULL, why);
}

static enum gw_rc touch(struct store *store, int64_t request_id, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_TOUCH, "UPDATE casework SET changed_seq = ? WHERE request_id = ?");
        query_i64(&q, store->ledger.event_seq);
        query_i64(&q, request_id);
        return query_run(&q, NULL, why);
}

static enum gw_rc check_length(const struct casework_act *act, struct why *why)
{
        if (strlen(act->entry.staff) >= CASEWORK_STAFF_MAX || (act->next && strlen(act->next->executor) >= CASEWORK_STAFF_MAX))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "a staff id is longer than %d bytes", CASEWORK_STAFF_MAX - 1);
        if (act->entry.comment && strlen(act->entry.comment) > CASEWORK_COMMENT_MAX)
                return why_set(why, GW_REJECT, REASON_STEP_INPUT, "comment: longer than %d bytes", CASEWORK_COMMENT_MAX);
        return GW_OK;
}

enum gw_rc casework_act(struct store *store, const struct casework_act *act, bool *ret_repeated, struct why *why)
{
        struct claimed claimed;
        bool repeated = false;
        enum gw_rc rc = check_length(act, why);
        if (rc == GW_OK)
                rc = read_claimed(store, act->request_id, &claimed, why);
        if (rc == GW_OK)
                rc = find_repeated(store, act, &repeated, why);
        if (rc != GW_OK)
                return rc;
        *ret_repeated = repeated;
        if (repeated)
                return GW_OK;
        if (act->token)
                rc = check_token(&claimed, act->token, act->entry.staff, act->entry.at, why);
        if (rc == GW_OK && claimed.step != act->step)
                rc = refuse_step(&claimed, why);
        if (rc == GW_OK)
                rc = add_entry(store, act->request_id, act->token, &act->entry, why);
        if (rc == GW_OK)
                rc = add_event(store, act->request_id, act->entry.staff, act->entry.role, act->detail, act->entry.at, why);
        if (rc != GW_OK)
                return rc;
        return act->next ? move(store, act, why) : touch(store, act->request_id, why);
}

/* ---- what the gateway itself does ---- */

/* The last step of a request of the Portal is done when the cabinet has the result. */
static enum gw_rc issue(struct store *store, int64_t request_id, struct wall_time at, struct why *why)
{
        struct casework_entry entry = {.act = "ISSUE", .role = "GATEWAY", .staff = "gateway", .at = at};
        {
                auto_query struct query q = db_query(&store->db, SQL_CASEWORK_ISSUED, "SELECT step, step_from, step_due FROM casework WHERE request_id = ? AND step > 0 AND role = 'GATEWAY'");
                query_i64(&q, request_id);
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                entry.step = (int)query_column_i64(&q, 0);
                entry.from.ms = query_column_i64(&q, 1);
                entry.due.ms = query_column_i64(&q, 2);
        }
        enum gw_rc rc = add_entry(store, request_id, 0, &entry, why);
        if (rc != GW_OK)
                return rc;
        const struct casework_place end = {.step = 0, .role = "", .executor = "", .from = at, .near = {WALL_NEVER_MS}, .due = {WALL_NEVER_MS}};
        struct casework_act act = {.request_id = request_id, .next = &end};
        return move(store, &act, why);
}

enum gw_rc casework_follow(struct store *store, int64_t request_id, enum request_state to, struct wall_time at, struct why *why)
{
        if (to == REQUEST_RESULT_SENT)
                return issue(store, request_id, at, why);
        if (to != REQUEST_CANCELLED && to != REQUEST_REJECTED_INTAKE)
                return GW_OK;
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_END, "UPDATE casework SET step = 0, holder = '', lease_until = 0, changed_seq = ? WHERE request_id = ?");
        query_i64(&q, store->ledger.event_seq);
        query_i64(&q, request_id);
        return query_run(&q, NULL, why);
}

/* ---- warnings ---- */

static enum gw_rc read_warnings(struct store *store, struct wall_time now, size_t max, struct casework_warning *rows, size_t *ret_count, struct why *why)
{
        auto_query struct query q = db_query(&store->db, SQL_CASEWORK_WARN,
                "SELECT request_id, service, route, role, step, step_due FROM casework WHERE step > 0 AND warned < 2 AND step_due <= ?1"
                " UNION ALL SELECT request_id, service, route, role, step, step_due FROM casework WHERE step > 0 AND warned = 0 AND step_near <= ?1 AND step_due > ?1 LIMIT ?2");
        query_i64(&q, now.ms);
        query_i64(&q, (int64_t)max);
        for (;;) {
                bool row = false;
                enum gw_rc rc = query_next(&q, &row, why);
                if (rc != GW_OK || !row)
                        return rc;
                struct casework_warning *w = &rows[(*ret_count)++];
                *w = (struct casework_warning){.request_id = query_column_i64(&q, 0), .step = (int)query_column_i64(&q, 4), .due = {query_column_i64(&q, 5)}};
                w->over = w->due.ms <= now.ms;
                number_write(NUMBER_PREFIX_REQUEST, w->request_id, w->number);
                query_column_text(&q, 1, w->service, sizeof w->service);
                query_column_text(&q, 2, w->route, sizeof w->route);
                query_column_text(&q, 3, w->role, sizeof w->role);
        }
}

enum gw_rc casework_warn(struct store *store, struct wall_time now, size_t max, struct casework_warning *rows, size_t *ret_count, struct why *why)
{
        *ret_count = 0;
        enum gw_rc rc = read_warnings(store, now, max, rows, ret_count, why);
        for (size_t i = 0; i < *ret_count && rc == GW_OK; i++) {
                auto_query struct query q = db_query(&store->db, SQL_CASEWORK_WARNED, "UPDATE casework SET warned = ? WHERE request_id = ?");
                query_i64(&q, rows[i].over ? 2 : 1);
                query_i64(&q, rows[i].request_id);
                rc = query_run(&q, NULL, why);
        }
        return rc;
}
