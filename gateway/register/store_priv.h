/* What the files of gateway/register/ share; nobody else includes it.
 *
 * db: one SQLite connection with its prepared statements. ledger: the one row that is rewritten once per commit (end of the event
 * chain, last numbers given out, totals); in between it lives in memory, so that a piece of work costs no update of its own for it.
 * store: the writer = connection + ledger; used by the journal's thread only. */
#ifndef GW_REGISTER_STORE_PRIV_H
#define GW_REGISTER_STORE_PRIV_H

#include <sqlite3.h>

#include "gateway/reason.h"
#include "gateway/register/push.h"
#include "gateway/register/store.h"

/* ---- statements: the text stands beside its verb, the id is its place in the connection's cache ---- */
enum sql_id {
        SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK, SQL_SAVEPOINT, SQL_RELEASE, SQL_ROLLBACK_TO,
        SQL_LEDGER_LOAD, SQL_LEDGER_SAVE,
        SQL_INTAKE_SEEN, SQL_INTAKE_SAME, SQL_INTAKE_OPEN, SQL_INTAKE_APPLIED, SQL_INTAKE_APPLY, SQL_ATTACHMENT_BODY, SQL_ATTACHMENT_ADD, SQL_ATTACHMENT_LIST, SQL_ATTACHMENT_READ, SQL_INTAKE_REQUEST, SQL_INTAKE_MESSAGE, SQL_INTAKE_BODY, SQL_INTAKE_QUERY,
        SQL_EVIDENCE_ADD, SQL_CHECKED, SQL_CHECKING_WAKE,
        SQL_EVENT_ADD, SQL_EVENT_CHAIN, SQL_EVENT_LIST,
        SQL_REQUEST_MOVE, SQL_REQUEST_EXISTS, SQL_REQUEST_RESCHEDULE, SQL_REQUEST_REST, SQL_REQUEST_DUE, SQL_WORK_VIEW, SQL_REQUEST_LEASE, SQL_REQUEST_UNLEASE,
        SQL_QUERY_ANSWERED, SQL_QUERY_FAILED, SQL_ANSWER_ADD, SQL_FACTS,
        SQL_DECISION_ADD, SQL_DOCUMENT_ADD,
        SQL_OUTBOX_LAST, SQL_OUTBOX_ADD, SQL_OUTBOX_PAYLOAD, SQL_OUTBOX_SENT, SQL_OUTBOX_NEXT, SQL_OUTBOX_RETRY, SQL_OUTBOX_PARK,
        SQL_OUTBOX_RELEASE, SQL_OUTBOX_DUE, SQL_OUTBOX_LEASE, SQL_OUTBOX_LET_GO, SQL_OUTBOX_UNLEASE_BLOCKED, SQL_OUTBOX_UNLEASE, SQL_OUTBOX_PARKED,
        SQL_OUTBOX_FILL, SQL_OUTBOX_IS_DUE, SQL_OUTBOX_TO, SQL_PUSH_NEXT, SQL_PUSH_FROM,
        SQL_OPERATOR_HEAD, SQL_OPERATOR_PARKED, SQL_OPERATOR_WAITING, SQL_OPERATOR_ROWS, SQL_OPERATOR_QUEUES, SQL_OPERATOR_DUE, SQL_OPERATOR_STEPS, SQL_OPERATOR_FIND,
        SQL_PROOF_ANSWERS, SQL_PROOF_DECISION, SQL_PROOF_MESSAGES, SQL_PROOF_BYTES, SQL_PROOF_BODY,
        SQL_CASEWORK_OPEN, SQL_CASEWORK_ENTRY, SQL_CASEWORK_CLAIMED, SQL_CASEWORK_CLAIM, SQL_CASEWORK_RELEASE, SQL_CASEWORK_LAST, SQL_CASEWORK_MOVE, SQL_CASEWORK_TOUCH,
        SQL_CASEWORK_WARN, SQL_CASEWORK_WARNED, SQL_CASEWORK_ISSUED, SQL_CASEWORK_END,
        SQL_CASEWORK_VIEW, SQL_CASEWORK_DUE, SQL_CASEWORK_NEWEST_OPEN, SQL_CASEWORK_NEWEST, SQL_CASEWORK_COUNTS, SQL_CASEWORK_WAIT, SQL_CASEWORK_DONE, SQL_CASEWORK_HISTORY, SQL_CASEWORK_CHANGES, SQL_CASEWORK_BODY,
        SQL_VIEW_BY_ID, SQL_VIEW_BY_OUTBOX, SQL_DOCUMENT, SQL_ISSUED, SQL_OVERDUE,
        SQL_TRANSFER_NEXT, SQL_TRANSFER_ADD, SQL_TRANSFER_ENTRY, SQL_TRANSFER_ACCEPT, SQL_TRANSFER_VIEW, SQL_TRANSFER_ENTRIES, SQL_TRANSFER_LIST,
        SQL_PAPER_NEXT, SQL_PAPER_ADD, SQL_PAPER_VIEW, SQL_PAPER_LIST,
        SQL_REFUSAL_NEXT, SQL_REFUSAL_SEEN, SQL_REFUSAL_ADD, SQL_REFUSAL_ROOM, SQL_REFUSAL_PURGE, SQL_REFUSAL_COUNT, SQL_REFUSAL_VIEW, SQL_REFUSAL_LIST,
        SQL_COUNT
};

struct db {
        sqlite3 *handle;                      /* NULL: not open */
        sqlite3_stmt *statements[SQL_COUNT];  /* prepared at first use */
        int broken;                           /* SQLite code of a failure of the disk or file: the transaction cannot stand */
        bool fault;                           /* a statement of ours was wrong: the piece of work cannot stand */
};
GW_MUST_CHECK enum gw_rc db_open(struct db *db, const char *path, int flags, struct why *why);
void db_close(struct db *db);
GW_MUST_CHECK enum gw_rc db_exec(struct db *db, const char *sql, struct why *why);
GW_MUST_CHECK enum gw_rc db_pragma_i64(struct db *db, const char *sql, int64_t *ret_value, struct why *why);
/* Sorts an SQLite error into broken or fault and says it in why (never values: SQLite's texts name tables and columns only). */
GW_MUST_CHECK enum gw_rc db_error(struct db *db, int code, struct why *why);
/* One of the statements that have no parameters and no rows. */
GW_MUST_CHECK enum gw_rc db_simple(struct db *db, enum sql_id id, const char *sql, struct why *why);

/* A statement in use: parameters are bound in the order of the calls (and borrowed), errors stick until query_next or query_run;
 * auto_query resets it at scope end, so that no read transaction stays open. */
struct query {
        struct db *db;
        sqlite3_stmt *stmt;
        int bound, code;
};
struct query db_query(struct db *db, enum sql_id id, const char *sql);
void query_done(struct query *q);
#define auto_query __attribute__((cleanup(query_done)))
void query_i64(struct query *q, int64_t value);
void query_text(struct query *q, const char *text); /* NULL is bound as "" */
void query_optional_text(struct query *q, const char *text); /* NULL is NULL */
void query_span(struct query *q, struct span bytes);
GW_MUST_CHECK enum gw_rc query_next(struct query *q, bool *ret_row, struct why *why);
/* For INSERT, UPDATE, DELETE. ret_changes: rows touched; NULL when every number is fine. */
GW_MUST_CHECK enum gw_rc query_run(struct query *q, int *ret_changes, struct why *why);
int64_t query_column_i64(struct query *q, int column);
void query_column_text(struct query *q, int column, char *out, size_t size);
struct span query_column_span(struct query *q, int column); /* valid until the next step */
GW_MUST_CHECK enum gw_rc query_column_buf(struct query *q, int column, struct buf *out, struct why *why);

/* ---- schema ---- */
#define STORE_SCHEMA_VERSION 5
/* Makes the tables in an empty file, brings older ones up to date; refuses files of newer gateways and files that are not ours. */
GW_MUST_CHECK enum gw_rc schema_prepare(struct db *db, struct why *why);
/* For readers: GW_RETRY while the tables are not there yet. */
GW_MUST_CHECK enum gw_rc schema_check(struct db *db, struct why *why);

/* Row states of the outbox, as stored. Only the first unsent row of a request for a destination is READY or PARKED, all after it are BLOCKED: the
 * claim never has to look at rows that may not go yet. */
enum outbox_status { OUTBOX_READY, OUTBOX_BLOCKED, OUTBOX_SENT, OUTBOX_PARKED };

/* ---- ledger ---- */
enum tally { TALLY_OUTBOX_PENDING = REQUEST_STATE_COUNT, TALLY_OUTBOX_PARKED, TALLY_OUTBOX_SENT, TALLY_COUNT }; /* before: one per state */
struct ledger {
        int64_t event_seq;                    /* last event; 0 when there is none */
        uint8_t event_hash[32];               /* its hash; zeros when there is none */
        int64_t last_request, last_document;  /* last numbers given out */
        int64_t tally[TALLY_COUNT];
};
GW_MUST_CHECK enum gw_rc ledger_load(struct db *db, struct ledger *ret_ledger, struct why *why);
GW_MUST_CHECK enum gw_rc ledger_save(struct db *db, const struct ledger *ledger, struct why *why);

/* ---- the writer and its transaction ---- */
struct store {
        struct db db;
        struct ledger ledger;
        struct ledger before;                 /* the ledger when the piece of work began */
        int wal_pages;                        /* in the write-ahead log after the last commit */
        struct push_targets pushes;
};
/* Opens or makes the file, loads the ledger. Nothing is left open on failure. */
GW_MUST_CHECK enum gw_rc store_open(struct store *store, const char *path, struct why *why);
void store_close(struct store *store);
GW_MUST_CHECK enum gw_rc store_begin(struct store *store, struct why *why);
GW_MUST_CHECK enum gw_rc store_commit(struct store *store, struct why *why);
GW_MUST_CHECK enum gw_rc store_piece_begin(struct store *store, struct why *why);
GW_MUST_CHECK enum gw_rc store_piece_keep(struct store *store, struct why *why);
GW_MUST_CHECK enum gw_rc store_piece_drop(struct store *store, struct why *why);
/* True when the transaction as a whole is lost, whatever the work said. */
bool store_is_broken(const struct store *store);
/* Moves the write-ahead log into the file when it is long. */
void store_checkpoint(struct store *store);

/* Kept once each. */
GW_MUST_CHECK enum gw_rc evidence_add(struct store *store, const struct evidence *evidence, size_t count, struct why *why);

/* Numbers: prefix and eleven digits (services.md G shows the 14-digit space). */
#define NUMBER_PREFIX_REQUEST "101"
#define NUMBER_PREFIX_DOCUMENT "201"
void number_write(const char *prefix, int64_t sequence, char out[20]);
bool number_read(const char *prefix, const char *number, int64_t *ret_sequence);

/* GW_REJECT: REQUEST_NOT_FOUND when there is no such request, else "it has moved on". */
GW_MUST_CHECK enum gw_rc store_refuse_moved(struct store *store, int64_t request_id, const char *what, struct why *why);

/* ---- events ---- */
struct event {
        int64_t seq, request_id;
        struct wall_time at;
        enum request_state from, to;
        const char *actor, *detail;
};
/* hash = SHA-256(previous || version || each field with its length in front). */
void event_hash(const uint8_t previous[32], const struct event *event, uint8_t out[32]);
/* Appends (seq is given here) and moves the end of the chain. */
GW_MUST_CHECK enum gw_rc event_add(struct store *store, const struct event *event, struct why *why);

/* Appends what was done with a request that stays in its state. REQUEST_NOT_FOUND. */
GW_MUST_CHECK enum gw_rc event_note(struct store *store, int64_t request_id, const char *actor, const char *detail, struct wall_time at, struct why *why);

/* Of every transition: what it means for the people who work on the request. */
GW_MUST_CHECK enum gw_rc casework_follow(struct store *store, int64_t request_id, enum request_state to, struct wall_time at, struct why *why);

struct store_reader {
        struct db db;
};

/* ---- pushes ---- */
struct push_sides { char provider_bin[13], front_bin[13]; };
struct casework_place;
/* The place of a request is now this one: a row for the organisation whose step it is, when it has a system to be told and the step before was not its own. from_role: of
 * that step; NULL: there was none, or it does not matter. */
GW_MUST_CHECK enum gw_rc push_reached(struct store *store, int64_t request_id, const struct push_sides *sides, const char *from_role, const struct casework_place *place, struct wall_time at,
                                      struct why *why);
/* The same just before the place moves, by the row as it still is. act: what moves it, or NULL. */
GW_MUST_CHECK enum gw_rc push_moved(struct store *store, int64_t request_id, const struct casework_place *place, const char *act, struct wall_time at, struct why *why);

#endif
