/* The tables, and which files are ours.
 *
 * Hot rows (request, query, outbox) stay small; what is big and rarely read (envelopes, answers, documents, payloads) lies in side
 * tables under the same id. Indices for work are partial: they hold only what is unfinished, so that their size, and with it the cost
 * of a request, does not grow with the number of requests that are done. */
#include "gateway/register/store_priv.h"

#define APPLICATION_ID 0x45474f56 /* "EGOV" in the SQLite header */

#define REQUEST_OPEN "CREATE INDEX request_open ON request (due_at) WHERE state IN (0, 1, 3, 4, 8);"
/* OCSP answers and CRLs that verdicts name (I7); not tied to a request: one CRL speaks for thousands. */
#define EVIDENCE "CREATE TABLE evidence (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;"

/* Version 3: what people work on (gateway/provider). casework: the request's place on its route; step 0: nothing is left to be done. holder,
 * lease_until, token: the claim and its fencing token. warned: 1 when its people were told that the step's end is near, 2 that it is past. The two long indices
 * also hold what the counts of a page ask for. */
#define CASEWORK \
        "CREATE TABLE casework (" \
        "  request_id INTEGER PRIMARY KEY REFERENCES request (id)," \
        "  service TEXT NOT NULL, route TEXT NOT NULL, provider_bin TEXT NOT NULL, front_bin TEXT NOT NULL," \
        "  step INTEGER NOT NULL CHECK (step >= 0), step_from INTEGER NOT NULL, step_near INTEGER NOT NULL, step_due INTEGER NOT NULL, result_due INTEGER NOT NULL," \
        "  role TEXT NOT NULL, executor TEXT NOT NULL, warned INTEGER NOT NULL DEFAULT 0," \
        "  holder TEXT NOT NULL DEFAULT '', holder_role TEXT NOT NULL DEFAULT '', lease_until INTEGER NOT NULL DEFAULT 0, token INTEGER NOT NULL DEFAULT 0," \
        "  outcome TEXT NOT NULL DEFAULT '', ground TEXT NOT NULL DEFAULT '', changed_seq INTEGER NOT NULL DEFAULT 0" \
        ") STRICT;" \
        "CREATE INDEX casework_provider_due ON casework (provider_bin, step_due, request_id, step_near, role, executor) WHERE step > 0;" \
        "CREATE INDEX casework_front_due ON casework (front_bin, step_due, request_id, step_near, role, executor, provider_bin) WHERE step > 0;" \
        "CREATE INDEX casework_provider_open ON casework (provider_bin) WHERE step > 0;" \
        "CREATE INDEX casework_front_open ON casework (front_bin) WHERE step > 0;" \
        "CREATE INDEX casework_provider ON casework (provider_bin);" \
        "CREATE INDEX casework_front ON casework (front_bin);" \
        "CREATE INDEX casework_changed ON casework (changed_seq);" \
        "CREATE INDEX casework_near ON casework (step_near) WHERE step > 0 AND warned = 0;" \
        "CREATE INDEX casework_over ON casework (step_due) WHERE step > 0 AND warned < 2;" \
        "CREATE TABLE casework_act (" \
        "  request_id INTEGER NOT NULL REFERENCES casework (request_id), seq INTEGER NOT NULL, step INTEGER NOT NULL," \
        "  act TEXT NOT NULL, role TEXT NOT NULL, staff TEXT NOT NULL, at INTEGER NOT NULL, from_at INTEGER NOT NULL, due_at INTEGER NOT NULL," \
        "  comment TEXT NOT NULL, token INTEGER NOT NULL, PRIMARY KEY (request_id, seq)" \
        ") STRICT;" \
        "CREATE TABLE paper (" \
        "  id INTEGER PRIMARY KEY, request_id INTEGER REFERENCES request (id), kind TEXT NOT NULL, at INTEGER NOT NULL, content BLOB NOT NULL" \
        ") STRICT;" \
        "CREATE INDEX paper_request ON paper (request_id);" \
        "CREATE TABLE transfer_register (" \
        "  id INTEGER PRIMARY KEY, from_bin TEXT NOT NULL, to_bin TEXT NOT NULL, staff TEXT NOT NULL, at INTEGER NOT NULL," \
        "  accepted_by TEXT NOT NULL DEFAULT '', accepted_at INTEGER, content BLOB NOT NULL" \
        ") STRICT;" \
        "CREATE TABLE transfer_entry (" \
        "  register_id INTEGER NOT NULL REFERENCES transfer_register (id), request_id INTEGER NOT NULL REFERENCES request (id)," \
        "  PRIMARY KEY (register_id, request_id)" \
        ") STRICT;" \
        "CREATE INDEX transfer_from ON transfer_register (from_bin, id);" \
        "CREATE INDEX transfer_to ON transfer_register (to_bin, id);"
/* What an application brought with it. The bytes lie by their SHA-256, outside the row. */
#define ATTACHMENTS \
        "CREATE TABLE attachment (" \
        "  request_id INTEGER NOT NULL REFERENCES request (id), n INTEGER NOT NULL," \
        "  name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL, document TEXT NOT NULL, sha256 BLOB NOT NULL," \
        "  PRIMARY KEY (request_id, n)" \
        ") STRICT;" \
        "CREATE TABLE attachment_body (sha256 BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
/* What was not accepted: no request, no registration number, but kept with its paper (services.md A.5 row 14). */
#define REFUSALS \
        "CREATE TABLE refusal (" \
        "  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, channel TEXT NOT NULL, sender_id TEXT NOT NULL, message_id TEXT NOT NULL," \
        "  service_code TEXT NOT NULL, route TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, applicant_iin TEXT NOT NULL," \
        "  front_bin TEXT NOT NULL, staff TEXT NOT NULL, message BLOB NOT NULL, paper BLOB NOT NULL" \
        ") STRICT;" \
        "CREATE INDEX refusal_front ON refusal (front_bin, id);" \
        "CREATE INDEX refusal_message ON refusal (sender_id, message_id) WHERE message_id <> '';"
/* Whose request it is, of services that a person may have one open request of; '' for others, which the index leaves out. */
#define REQUEST_SUBJECT "CREATE INDEX request_subject ON request (subject, service_code) WHERE subject <> '' AND state IN (0, 1, 3, 8);"

/* What applicants have signed, by the digest that intake_record.once is: an index of fixed small entries again. */
#define APPLIED "CREATE TABLE applied (once BLOB PRIMARY KEY, request_id INTEGER NOT NULL REFERENCES request (id)) STRICT, WITHOUT ROWID;"

static const char schema[] =
        "CREATE TABLE ledger ("
        "  id INTEGER PRIMARY KEY CHECK (id = 1),"
        "  event_seq INTEGER NOT NULL, event_hash BLOB NOT NULL,"
        "  last_request INTEGER NOT NULL, last_document INTEGER NOT NULL,"
        /* how many are in each state, in the order of the states' numbers; then the outbox */
        "  checking INTEGER NOT NULL, registered INTEGER NOT NULL, rejected_intake INTEGER NOT NULL, awaiting_data INTEGER NOT NULL,"
        "  decided INTEGER NOT NULL, result_sent INTEGER NOT NULL, received INTEGER NOT NULL, cancelled INTEGER NOT NULL,"
        "  failed_tech INTEGER NOT NULL,"
        "  outbox_pending INTEGER NOT NULL, outbox_parked INTEGER NOT NULL, outbox_sent INTEGER NOT NULL"
        ") STRICT;"
        "INSERT INTO ledger VALUES (1, 0, zeroblob(32), 0, 0, 0,0,0,0,0,0,0,0,0, 0,0,0);"

        /* id is the sequence in the registration number. work_at: when somebody may work on it next (end of the lease while leased);
         * NULL: nothing to do. */
        "CREATE TABLE request ("
        "  id INTEGER PRIMARY KEY CHECK (id > 0),"
        "  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 8),"
        "  registered_at INTEGER NOT NULL, due_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
        "  work_at INTEGER, leased INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
        "  service_code TEXT NOT NULL, service_version TEXT NOT NULL, shep_service_id TEXT NOT NULL,"
        "  sender_id TEXT NOT NULL, correlation_id TEXT NOT NULL, portal_number TEXT NOT NULL,"
        "  applicant_iin TEXT NOT NULL, declarant_iin TEXT NOT NULL, provider_bin TEXT NOT NULL, language TEXT NOT NULL,"
        "  subject TEXT NOT NULL DEFAULT ''"
        ") STRICT;"
        "CREATE INDEX request_work ON request (work_at) WHERE work_at IS NOT NULL;"
        REQUEST_OPEN REQUEST_SUBJECT CASEWORK ATTACHMENTS REFUSALS

        /* identity: the first 16 bytes of SHA-256 over sender and message id: an index of fixed small entries */
        "CREATE TABLE message ("
        "  request_id INTEGER PRIMARY KEY REFERENCES request (id),"
        "  identity BLOB NOT NULL UNIQUE, digest BLOB NOT NULL,"
        "  channel TEXT NOT NULL, sender_id TEXT NOT NULL, message_id TEXT NOT NULL, received_at INTEGER NOT NULL"
        ") STRICT;"
        APPLIED
        "CREATE TABLE message_body ("
        "  request_id INTEGER PRIMARY KEY REFERENCES request (id),"
        "  application BLOB NOT NULL, verdict BLOB NOT NULL, envelope BLOB NOT NULL"
        ") STRICT;"

        EVIDENCE

        "CREATE TABLE query ("
        "  id INTEGER PRIMARY KEY,"
        "  request_id INTEGER NOT NULL REFERENCES request (id), system TEXT NOT NULL,"
        "  failures INTEGER NOT NULL DEFAULT 0, last_error TEXT NOT NULL DEFAULT '', last_at INTEGER, answered_at INTEGER,"
        "  UNIQUE (request_id, system)"
        ") STRICT;"
        "CREATE TABLE answer ("
        "  query_id INTEGER PRIMARY KEY REFERENCES query (id), facts BLOB NOT NULL, envelope BLOB NOT NULL"
        ") STRICT;"

        "CREATE TABLE decision ("
        "  request_id INTEGER PRIMARY KEY REFERENCES request (id),"
        "  outcome TEXT NOT NULL, rule TEXT NOT NULL, decided_at INTEGER NOT NULL, inputs BLOB NOT NULL"
        ") STRICT;"
        "CREATE TABLE document ("
        "  request_id INTEGER PRIMARY KEY REFERENCES decision (request_id),"
        "  number TEXT UNIQUE, kind TEXT NOT NULL, content BLOB NOT NULL"
        ") STRICT;"

        "CREATE TABLE event ("
        "  seq INTEGER PRIMARY KEY,"
        "  request_id INTEGER NOT NULL REFERENCES request (id), at INTEGER NOT NULL,"
        "  from_state INTEGER NOT NULL, to_state INTEGER NOT NULL, actor TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL"
        ") STRICT;"
        "CREATE INDEX event_request ON event (request_id);"

        /* status: enum outbox_status. attempts: since backoff_from; those before a release are in attempts_before. */
        "CREATE TABLE outbox ("
        "  id INTEGER PRIMARY KEY,"
        "  request_id INTEGER NOT NULL REFERENCES request (id), sequence INTEGER NOT NULL CHECK (sequence > 0),"
        "  status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3),"
        "  work_at INTEGER NOT NULL, leased INTEGER NOT NULL,"
        "  attempts INTEGER NOT NULL DEFAULT 0, attempts_before INTEGER NOT NULL DEFAULT 0,"
        "  added_at INTEGER NOT NULL, backoff_from INTEGER NOT NULL, finished_at INTEGER,"
        "  destination TEXT NOT NULL, kind TEXT NOT NULL, state_code TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE,"
        "  last_error TEXT NOT NULL DEFAULT '',"
        "  UNIQUE (request_id, destination, sequence)"
        ") STRICT;"
        "CREATE INDEX outbox_ready ON outbox (destination, work_at) WHERE status = 0;"
        "CREATE INDEX outbox_parked ON outbox (finished_at) WHERE status = 3;"
        "CREATE TABLE outbox_payload ("
        "  outbox_id INTEGER PRIMARY KEY REFERENCES outbox (id), payload BLOB NOT NULL"
        ") STRICT;";

static enum gw_rc create(struct db *db, struct why *why)
{
        auto_str char *sql = xasprintf("BEGIN EXCLUSIVE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;", schema,
                                       APPLICATION_ID, STORE_SCHEMA_VERSION);
        return db_exec(db, sql, why);
}

/* From version 1: state 0 is stored too. The one word in the CHECK is changed in place, as SQLite's ALTER TABLE page describes it for
 * constraints: copying the table would take as long as it is large. */
static enum gw_rc upgrade_1(struct db *db, struct why *why)
{
        enum gw_rc rc = db_exec(db,
                "BEGIN EXCLUSIVE; PRAGMA writable_schema = ON;"
                "UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (state BETWEEN 1 AND 8)', 'CHECK (state BETWEEN 0 AND 8)') WHERE type = 'table' AND name = 'request';"
                "PRAGMA writable_schema = RESET;"
                "DROP INDEX request_open;" REQUEST_OPEN EVIDENCE "PRAGMA user_version = 2; COMMIT;", why);
        if (rc != GW_OK)
                gw_ignore(sqlite3_exec(db->handle, "ROLLBACK; PRAGMA writable_schema = OFF", NULL, NULL, NULL)); /* nothing was begun, perhaps */
        return rc;
}

static enum gw_rc upgrade_2(struct db *db, struct why *why)
{
        enum gw_rc rc = db_exec(db, "BEGIN EXCLUSIVE; ALTER TABLE request ADD COLUMN subject TEXT NOT NULL DEFAULT '';" REQUEST_SUBJECT CASEWORK ATTACHMENTS REFUSALS "PRAGMA user_version = 3; COMMIT;", why);
        if (rc != GW_OK)
                gw_ignore(sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL));
        return rc;
}

/* Version 4: the outbox keeps its order within (request, destination). As above in place; the index behind the constraint is then made anew from the table. */
static enum gw_rc upgrade_3(struct db *db, struct why *why)
{
        enum gw_rc rc = db_exec(db,
                "BEGIN EXCLUSIVE; PRAGMA writable_schema = ON;"
                "UPDATE sqlite_schema SET sql = replace(sql, 'UNIQUE (request_id, sequence)', 'UNIQUE (request_id, destination, sequence)') WHERE type = 'table' AND name = 'outbox';"
                "PRAGMA writable_schema = RESET; REINDEX outbox; PRAGMA user_version = 4; COMMIT;", why);
        if (rc != GW_OK)
                gw_ignore(sqlite3_exec(db->handle, "ROLLBACK; PRAGMA writable_schema = OFF", NULL, NULL, NULL));
        return rc;
}

static enum gw_rc upgrade_4(struct db *db, struct why *why)
{
        enum gw_rc rc = db_exec(db, "BEGIN EXCLUSIVE;" APPLIED "PRAGMA user_version = 5; COMMIT;", why);
        if (rc != GW_OK)
                gw_ignore(sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL));
        return rc;
}

static enum gw_rc read_identity(struct db *db, int64_t *ret_version, int64_t *ret_application, struct why *why)
{
        enum gw_rc rc = db_pragma_i64(db, "PRAGMA user_version", ret_version, why);
        if (rc != GW_OK)
                return rc;
        return db_pragma_i64(db, "PRAGMA application_id", ret_application, why);
}

static enum gw_rc check_identity(int64_t version, int64_t application, struct why *why)
{
        if (application != APPLICATION_ID)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "the store file is not one of egov-gateway");
        if (version > STORE_SCHEMA_VERSION)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION,
                               "the store file has version %lld, written by a newer gateway; this one knows %d", (long long)version,
                               STORE_SCHEMA_VERSION);
        if (version < STORE_SCHEMA_VERSION)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "the store file has the unknown version %lld", (long long)version);
        return GW_OK;
}

enum gw_rc schema_prepare(struct db *db, struct why *why)
{
        int64_t version = 0, application = 0, tables = 0;
        enum gw_rc rc = read_identity(db, &version, &application, why);
        if (rc == GW_OK)
                rc = db_pragma_i64(db, "SELECT count(*) FROM sqlite_schema", &tables, why);
        if (rc != GW_OK)
                return rc;
        /* A crash while it was being made leaves an empty file: made again. */
        if (version == 0 && application == 0 && tables == 0)
                return create(db, why);
        if (version == 1 && application == APPLICATION_ID) {
                rc = upgrade_1(db, why);
                version = 2;
        }
        if (rc == GW_OK && version == 2 && application == APPLICATION_ID) {
                rc = upgrade_2(db, why);
                version = 3;
        }
        if (rc == GW_OK && version == 3 && application == APPLICATION_ID) {
                rc = upgrade_3(db, why);
                version = 4;
        }
        if (rc == GW_OK && version == 4 && application == APPLICATION_ID) {
                rc = upgrade_4(db, why);
                version = STORE_SCHEMA_VERSION;
        }
        if (rc != GW_OK)
                return rc;
        return check_identity(version, application, why);
}

enum gw_rc schema_check(struct db *db, struct why *why)
{
        int64_t version = 0, application = 0;
        enum gw_rc rc = read_identity(db, &version, &application, why);
        if (rc != GW_OK)
                return rc;
        if (version == 0 && application == 0)
                return why_set(why, GW_RETRY, REASON_STORE_UNAVAILABLE, "the store is being made");
        return check_identity(version, application, why);
}
