/* The store: what was received, what became of it, what must still go out. SQLite, WAL, synchronous=FULL.
 *
 * Writing verbs run only inside journal work (journal.h), on the journal's one thread and inside its transaction; reading verbs
 * take a reader, one per thread. Storage does not schedule: back-off and leases are decided by the callers. */
#ifndef GW_REGISTER_STORE_H
#define GW_REGISTER_STORE_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"

/* Request states (design.md; labels kk/ru in services.md B). */
enum request_state {
        REQUEST_CHECKING, /* received and verified, but for the revocation of an applicant's certificate; all others pass it in the transaction of their birth */
        REQUEST_REGISTERED,
        REQUEST_REJECTED_INTAKE,
        REQUEST_AWAITING_DATA,
        REQUEST_DECIDED,
        REQUEST_RESULT_SENT,
        REQUEST_RECEIVED,
        REQUEST_CANCELLED,
        REQUEST_FAILED_TECH,
        REQUEST_STATE_COUNT
};
struct request_state_info { const char *code, *kk, *ru, *en; bool terminal; };
const struct request_state_info *request_state_info(enum request_state state);
bool request_state_parse(const char *code, enum request_state *ret_state);
/* The one table of legal transitions. */
bool request_transition_allowed(enum request_state from, enum request_state to);

/* Writer handle: exists only inside journal work. */
struct store;
/* Reader handle: one per thread, read-only connection. */
struct store_reader;
GW_MUST_CHECK enum gw_rc store_reader_open(const char *path, struct store_reader **ret_reader, struct why *why);
void store_reader_close(struct store_reader *reader);

/* ---- evidence ---- */
/* What a verdict names by its SHA-256 (I7): OCSP answers and CRLs as received. Kept once, however many requests it speaks for. */
struct evidence {
        uint8_t sha256[32];
        const char *kind;             /* "ocsp" | "crl" */
        struct span bytes;
};

GW_MUST_CHECK enum gw_rc store_evidence(struct store *store, const struct evidence *evidence, size_t count, struct why *why);

/* ---- intake ---- */
#define INTAKE_ONCE_SIZE 16
struct intake_record {
        /* message */
        const char *channel;          /* "shep-sync" | "shep-async" | "rest" | "front-office" */
        const char *actor;            /* of the first event; NULL: the gateway */
        const char *sender_id, *message_id;
        uint8_t digest[32];           /* SHA-256 over what "same bytes" means on that channel (the verified payload and identity) */
        struct wall_time received_at, due_at;
        /* request */
        const char *service_code, *service_version, *shep_service_id;
        const char *correlation_id;   /* the sender's chain id, or the message id when it gave none */
        const char *portal_number;    /* requestNumber of the application */
        const char *applicant_iin, *declarant_iin, *provider_bin, *language;
        const char *subject;          /* whose request it is (service_subject()); while one of the same service and subject is open there is no second; NULL or "": any number */
        struct span once;             /* INTAKE_ONCE_SIZE bytes that name what the applicant signed; empty: he signed nothing here */
        struct span application;      /* verified bytes of the signed application */
        struct span envelope;         /* evidence: the received message as it came */
        struct span verdict;          /* JSON report of both verifications */
        const struct evidence *evidence;
        size_t evidence_count;
        bool checking;                /* a certificate's revocation is not known: stays CHECKING, without a lease, due at once */
        const char *const *systems;   /* names of the state systems to ask: one query row each */
        size_t system_count;
        struct wall_time lease_until; /* the caller works on it until then */
};
enum intake_outcome { INTAKE_NEW, INTAKE_REPEATED };
/* The registration number of a request, 14 digits. */
char *store_request_number(int64_t request_id, char out[20]);
struct intake_result {
        enum intake_outcome outcome;
        int64_t request_id;
        char number[20];              /* registration number, 14 digits, unique */
        enum request_state state;     /* now, when repeated */
        struct wall_time registered_at, due_at;
};
/* Records message + request (CHECKING → REGISTERED, one event; CHECKING alone has none yet) + query rows, or finds the same message again (I2): same digest →
 * INTAKE_REPEATED; other bytes → GW_REJECT MESSAGE_ID_REUSED, another open request of the subject → GW_REJECT REQUEST_DUPLICATE, and nothing is written. What was
 * signed once (`once`) is registered once, whoever sends it under whatever message id: else GW_REJECT APPLICATION_REPEATED. */
GW_MUST_CHECK enum gw_rc store_intake(struct store *store, const struct intake_record *record, struct intake_result *ret_result, struct why *why);

/* The same message once more, to the byte, of whoever claims to be that sender: what was judged when it was received holds, whatever became of certificates and
 * dates since (I2). ret_service: code of its service. GW_REJECT REQUEST_NOT_FOUND when it was not registered, or is not the same. */
GW_MUST_CHECK enum gw_rc store_same_message(struct store_reader *reader, const char *sender_id, const char *message_id, struct span envelope, struct intake_result *ret_result,
                                            char ret_service[32], struct why *why);

/* ---- progress ---- */
/* One legal transition: state, updated_at, one hash-chained event. Any other aborts (I5). GW_REJECT when the request is not in `from`
 * any more (somebody else moved it): the caller drops its work. detail: short, no personal data. */
GW_MUST_CHECK enum gw_rc store_transition(struct store *store, int64_t request_id, enum request_state from, enum request_state to, const char *actor, const char *detail, struct wall_time at, struct why *why);
/* The answer of one state system as received (signed envelope) and as read (canonical XML the rules see). A later answer of the same
 * system takes its place until the request is decided; then, or for a system that is not asked: GW_REJECT. */
GW_MUST_CHECK enum gw_rc store_answer(struct store *store, int64_t request_id, const char *system, struct span envelope, struct span facts, struct wall_time at, struct why *why);
/* A failed attempt: counted, with its reason name. */
GW_MUST_CHECK enum gw_rc store_query_failed(struct store *store, int64_t request_id, const char *system, const char *reason, struct wall_time at, struct why *why);
/* When the request is to be worked on next (CHECKING, REGISTERED or AWAITING_DATA): at `next`, its lease given back, one more failed round. */
GW_MUST_CHECK enum gw_rc store_reschedule(struct store *store, int64_t request_id, struct wall_time next, struct why *why);
/* The gateway has nothing to do with it for now (people have): not due, its lease given back. */
GW_MUST_CHECK enum gw_rc store_rest(struct store *store, int64_t request_id, struct why *why);
/* The verdict on a request in CHECKING, with what it rests on, in the place of the one from its intake. */
GW_MUST_CHECK enum gw_rc store_checked(struct store *store, int64_t request_id, struct span verdict, const struct evidence *evidence, size_t count, struct why *why);
/* Something about revocation has become known: requests in CHECKING that nobody works on, and that were not due, are due now; so many were they. */
GW_MUST_CHECK enum gw_rc store_wake_checking(struct store *store, struct wall_time now, int *ret_woken, struct why *why);
/* Decision with its inputs (outcome code, rule id, JSON/XML evidence) and the issued document. One result per request (I3): a second
 * call for the same request is GW_REJECT. document may be empty. */
struct decision_record {
        int64_t request_id;
        const char *outcome;          /* POSITIVE | NEGATIVE | REFUSED */
        const char *rule;
        struct span inputs;           /* the case the rules saw */
        const char *document_kind;    /* "certificate" */
        const char *document_number;
        struct span document;
        struct wall_time at;
};
GW_MUST_CHECK enum gw_rc store_decision(struct store *store, const struct decision_record *record, struct why *why);
/* A number for a document of a service, unique and never reused, from the same transaction: 14 digits. */
/* (The registration number and document numbers come from different ranges.) */
GW_MUST_CHECK enum gw_rc store_next_document_number(struct store *store, char ret_number[20], struct why *why);

/* ---- outbox ---- */
struct outbox_new {
        int64_t request_id;
        int sequence;                 /* order within the request and destination: 1, 2, 3 …; sent strictly in this order */
        const char *destination;      /* "cabinet" */
        const char *kind;             /* NOTIFICATION | RESPONSE */
        const char *message_id;       /* stable idempotency key */
        const char *state_code;       /* request state the message tells about */
        struct span payload;          /* the signed envelope, ready to POST; its bytes never change. Empty: given by store_outbox_fill() before it is sent first */
        struct wall_time at, lease_until;
};
/* *ret_id: row id. Sequences of a request for a destination only grow: a repeated or lower one is GW_REJECT. */
GW_MUST_CHECK enum gw_rc store_outbox_add(struct store *store, const struct outbox_new *row, int64_t *ret_id, struct why *why);
/* Once. GW_REJECT when it has one. */
GW_MUST_CHECK enum gw_rc store_outbox_fill(struct store *store, int64_t id, struct span payload, struct why *why);
GW_MUST_CHECK enum gw_rc store_outbox_sent(struct store *store, int64_t id, struct wall_time at, struct why *why);
GW_MUST_CHECK enum gw_rc store_outbox_retry(struct store *store, int64_t id, struct wall_time next, const char *error, struct why *why); /* attempts + 1, lease given back */
GW_MUST_CHECK enum gw_rc store_outbox_park(struct store *store, int64_t id, const char *error, struct wall_time at, struct why *why);
/* Operator: parked → pending now, attempts kept in history, created_at of back-off renewed and its attempts back at 0. GW_REJECT when it
 * is not parked. The three above: GW_REJECT when the row is not the first unsent one of its request for its destination, or parked; park counts an attempt. */
GW_MUST_CHECK enum gw_rc store_outbox_release(struct store *store, int64_t id, struct wall_time at, struct why *why);
/* Gives back the lease of an unsent row that its holder will not send after all: it may go as soon as nothing is in front of it. */
GW_MUST_CHECK enum gw_rc store_outbox_let_go(struct store *store, int64_t id, struct why *why);
struct outbox_row {
        int64_t id, request_id;
        int sequence, attempts;
        char destination[32], kind[16], state_code[24], message_id[64], number[20];
        struct wall_time created_at;
        struct buf payload;           /* owned */
};
void outbox_row_done(struct outbox_row *row);
/* Leases up to max due rows of a destination until lease_until: pending, next_attempt_at <= now, lease over, and no earlier unsent row of
 * the same request for the same destination (a parked one blocks too). */
GW_MUST_CHECK enum gw_rc store_outbox_claim(struct store *store, const char *destination, struct wall_time now, struct wall_time lease_until, size_t max, struct outbox_row *rows, size_t *ret_count, struct why *why);

/* Is there anything to claim? Costs no transaction of the journal. */
GW_MUST_CHECK enum gw_rc store_outbox_is_due(struct store_reader *reader, const char *destination, struct wall_time now, bool *ret_due, struct why *why);
/* Where the message with that id goes. REQUEST_NOT_FOUND. */
GW_MUST_CHECK enum gw_rc store_outbox_to(struct store_reader *reader, const char *message_id, char ret_destination[32], struct why *why);

/* ---- work to resume ---- */
struct request_work {
        int64_t id;
        char number[20], service_code[32], service_version[16], correlation_id[128], sender_id[64], portal_number[32];
        char applicant_iin[13], declarant_iin[13], provider_bin[13], language[3];
        enum request_state state;
        struct wall_time registered_at, due_at;
        int attempts;                 /* failed rounds of collection so far */
        int outbox_sequence;          /* highest used of those for the cabinet */
        bool outbox_open;             /* one of its rows for the cabinet is still unsent */
        bool by_people;               /* they work on it (casework.h) */
        char channel[16];
        char outcome[16];             /* decided: POSITIVE … else "" */
        struct buf application;       /* owned */
        struct buf verdict;           /* owned; of intake, in CHECKING only */
};
void request_work_done(struct request_work *work);
/* Leases up to max unfinished requests (CHECKING, REGISTERED or AWAITING_DATA, due now, lease over). */
GW_MUST_CHECK enum gw_rc store_request_claim(struct store *store, struct wall_time now, struct wall_time lease_until, size_t max, struct request_work *rows, size_t *ret_count, struct why *why);
/* One request as it is now, without a lease: for what somebody else than the gateway's own flow does with it. Its outbox_sequence may be overtaken by the flow until the
 * transaction that uses it: store_outbox_add() refuses then. REQUEST_NOT_FOUND. request_work_done() after GW_OK. */
GW_MUST_CHECK enum gw_rc store_work_view(struct store_reader *reader, const char *number, struct request_work *ret_work, struct why *why);
/* At start-up, when this process has the store alone: every lease is over. */
GW_MUST_CHECK enum gw_rc store_leases_clear(struct store *store, struct why *why);
/* facts already answered: fn is called per system with its canonical XML. */
typedef void (*store_fact_fn)(void *arg, const char *system, struct span facts);
GW_MUST_CHECK enum gw_rc store_facts(struct store *store, int64_t request_id, store_fact_fn fn, void *arg, struct why *why);

/* ---- reading (readers) ---- */
struct request_view {
        int64_t id;
        char number[20], service_code[32], sender_id[64], correlation_id[128], outcome[16], document_number[20], portal_number[32];
        char refusal[64];             /* REJECTED_INTAKE: the reason's name, else "" */
        enum request_state state;
        bool by_people;
        struct wall_time registered_at, due_at, updated_at, decided_at; /* decided_at.ms 0: not yet */
        struct buf document;          /* owned; empty when there is none or with_document was false */
};
void request_view_done(struct request_view *view);
/* GW_REJECT REQUEST_NOT_FOUND. By registration number; by (sender, message id); by (correlation id of our cabinet messages). */
GW_MUST_CHECK enum gw_rc store_view_by_number(struct store_reader *reader, const char *number, bool with_document, struct request_view *ret_view, struct why *why);
GW_MUST_CHECK enum gw_rc store_view_by_id(struct store_reader *reader, int64_t id, bool with_document, struct request_view *ret_view, struct why *why);
/* The request an outbox message id belongs to (for delivery notifications of the cabinet). */
GW_MUST_CHECK enum gw_rc store_view_by_outbox_message(struct store_reader *reader, const char *message_id, struct request_view *ret_view, struct why *why);
/* The document of that number and what is told about it, when its request was about that person (declarant_iin NULL: whoever). GW_REJECT REQUEST_NOT_FOUND otherwise,
 * which of the two is wrong cannot be told. */
struct issued_document {
        char service_code[32];
        struct wall_time registered_at, decided_at;
        struct buf content;           /* owned */
};
GW_MUST_CHECK enum gw_rc store_issued_document(struct store_reader *reader, const char *number, const char *declarant_iin, struct issued_document *ret_document, struct why *why);
void issued_document_done(struct issued_document *document);
struct store_totals {
        int64_t requests[REQUEST_STATE_COUNT];
        int64_t outbox_pending, outbox_parked, outbox_sent, overdue, events;
};
GW_MUST_CHECK enum gw_rc store_totals(struct store_reader *reader, struct wall_time now, struct store_totals *ret_totals, struct why *why);
typedef void (*store_parked_fn)(void *arg, int64_t id, const char *number, const char *destination, const char *kind, int attempts, const char *error, struct wall_time parked_at);
GW_MUST_CHECK enum gw_rc store_parked(struct store_reader *reader, store_parked_fn fn, void *arg, struct why *why);
typedef void (*store_event_fn)(void *arg, int64_t seq, struct wall_time at, enum request_state from, enum request_state to, const char *actor, const char *detail);
GW_MUST_CHECK enum gw_rc store_events(struct store_reader *reader, int64_t request_id, store_event_fn fn, void *arg, struct why *why);
/* Recomputes the event hash chain from the start: GW_OK, or GW_FAULT with the first broken event id in detail. */
GW_MUST_CHECK enum gw_rc store_check_chain(struct store_reader *reader, uint64_t *ret_events, struct why *why);

#endif
