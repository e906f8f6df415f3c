/* What people work on: a request's place on its route, who has it in hand, and everything that was done with it.
 *
 * A request that people work on has one row from its registration on: casework_open() → (casework_claim() → casework_act())… → step 0: nothing is left. Which
 * act is legal is decided above (gateway/provider/steps.h); here each act names the step and the fencing token that it was decided on, and is refused when
 * either has moved on. Every act, and every reading by a person, is an event of the request's chain; acts also move `seq`, by which others see changes.
 *
 * Texts are borrowed by the verbs. Nothing here is personal data but the ids of staff, which are names of accounts. */
#ifndef GW_REGISTER_CASEWORK_H
#define GW_REGISTER_CASEWORK_H

#include "gateway/register/store.h"

#define CASEWORK_STAFF_MAX 64
#define CASEWORK_COMMENT_MAX 1000 /* bytes */

/* A place on the route: the step to be done next, by whom, from when, from when its end is near, and until when. due.ms WALL_NEVER_MS: no limit. */
struct casework_place {
        int step;                     /* 1…; 0: nothing is left */
        const char *role;             /* who does it; "GATEWAY": done by the gateway when the cabinet has the result */
        const char *executor;         /* staff id whose step it is, or "" */
        struct wall_time from, near, due;
};
/* An act, for the record. */
struct casework_entry {
        int step;
        const char *act;              /* "REGISTER", …, of the step; "RETURN", "SUBSTITUTE", "COMMENT" */
        const char *role, *staff;     /* in which role, and who: staff id, or "gateway" */
        const char *comment;          /* what was said, or "" */
        struct wall_time at, from, due; /* from, due: of the step */
};

/* ---- writing: inside journal work ---- */
struct casework_new {
        int64_t request_id;
        const char *service, *route, *provider_bin, *front_bin; /* front_bin: who took it in; the provider's own when it was himself or the Portal */
        struct wall_time result_due;  /* of the service */
        struct casework_place place;
        const struct casework_entry *done; /* steps taken until then, registration among them; no events of their own */
        size_t done_count;
};
GW_MUST_CHECK enum gw_rc casework_open(struct store *store, const struct casework_new *record, struct why *why);

struct casework_claim {
        int64_t token;
        struct wall_time lease_until;
};
struct casework_who {
        const char *staff, *role, *bin; /* bin: of his organisation */
        struct wall_time at;
};
/* The request is this person's until then. Whoever has it already keeps its token and gets more time. CLAIM_HELD: another has it; REQUEST_NOT_FOUND; STEP_NOT_NEXT:
 * nothing is left to be done, or `step` is not what comes next. */
GW_MUST_CHECK enum gw_rc casework_claim(struct store *store, int64_t request_id, int step, const struct casework_who *who, struct wall_time lease_until, struct casework_claim *ret_claim, struct why *why);
/* Gives it back. CLAIM_STALE when the token is no longer the claim's. */
GW_MUST_CHECK enum gw_rc casework_release(struct store *store, int64_t request_id, int64_t token, const struct casework_who *who, struct why *why);

struct casework_act {
        int64_t request_id, token;    /* token 0: the act needs no claim (and takes it from whoever has it, when the place changes) */
        int step;                     /* the one that was next when it was decided */
        struct casework_entry entry;
        const struct casework_place *next; /* NULL: the place stays, and so does the claim */
        const char *outcome, *ground; /* of the draft; NULL: as they were */
        const char *detail;           /* of the event: "step 3 PREPARE" */
};
/* One act, whole: row, event, place. The claim ends when the place changes. *ret_repeated: the same act (token, step, act, person) was done before; nothing is
 * written then. CLAIM_STALE: the token is old or its time is over; STEP_NOT_NEXT: the step is not what comes next. */
GW_MUST_CHECK enum gw_rc casework_act(struct store *store, const struct casework_act *act, bool *ret_repeated, struct why *why);
/* Reading, and whatever else moves nothing: only an event. actor: "staff:ID ROLE". */
GW_MUST_CHECK enum gw_rc casework_note(struct store *store, int64_t request_id, const char *actor, const char *detail, struct wall_time at, struct why *why);

/* Whose end is near, or past, and who has not been told: each once per step. */
struct casework_warning {
        int64_t request_id;
        char number[20], service[32], route[16], role[24];
        int step;
        bool over;
        struct wall_time due;
};
GW_MUST_CHECK enum gw_rc casework_warn(struct store *store, struct wall_time now, size_t max, struct casework_warning *rows, size_t *ret_count, struct why *why);

/* ---- reading ---- */
/* Is there anybody to warn? */
GW_MUST_CHECK enum gw_rc casework_warnings_wait(struct store_reader *reader, struct wall_time now, bool *ret_wait, struct why *why);
struct casework_row {
        int64_t request_id, token, seq;
        char number[20], service[32], service_version[16], route[16], provider_bin[13], front_bin[13], declarant_iin[13];
        int step;
        char role[24], executor[CASEWORK_STAFF_MAX], holder[CASEWORK_STAFF_MAX], holder_role[24], outcome[16], ground[64], channel[16], language[3], portal_number[32];
        char decided[16];             /* outcome of the decision, or "" */
        struct wall_time step_from, step_near, step_due, result_due, registered_at, due_at, lease_until;
        enum request_state state;
};
/* REQUEST_NOT_FOUND, the same for a number that is not there, one that nobody works on, and one of other organisations (bin). */
GW_MUST_CHECK enum gw_rc casework_view(struct store_reader *reader, const char *number, const char *bin, struct casework_row *ret_row, struct why *why);

enum casework_which { CASEWORK_OPEN, CASEWORK_DONE, CASEWORK_ALL };
enum casework_colour { CASEWORK_ANY, CASEWORK_OK, CASEWORK_NEAR, CASEWORK_OVER };
struct casework_filter {
        const char *bin;              /* the organisation's: provider, or front office */
        enum casework_which which;
        bool newest_first;            /* by registration; else by the moment at which the step is due (open ones only) */
        const char *service, *route, *executor, *number; /* "" or NULL: any; number: its beginning */
        const char *roles;            /* " HEAD CLERK " with blanks around each: any of them; "" or NULL: any role */
        const char *me;               /* with roles: of the steps that have an executor only his; NULL: whoever's */
        enum casework_colour colour;
        struct wall_time now;
        int64_t after_due, after_id;  /* the last row of the page before; 0, 0: the first page */
        size_t limit;
};
/* Up to limit rows, in order. */
GW_MUST_CHECK enum gw_rc casework_list(struct store_reader *reader, const struct casework_filter *filter, struct casework_row *rows, size_t *ret_count, struct why *why);
struct casework_counts { int64_t open, mine, near, over; };
/* Of the open ones of the organisation; mine: by roles and me of the filter. Nothing else of the filter counts. */
GW_MUST_CHECK enum gw_rc casework_counts(struct store_reader *reader, const struct casework_filter *filter, struct casework_counts *ret_counts, struct why *why);

/* Did that person end that step with that token already? */
GW_MUST_CHECK enum gw_rc casework_was_done(struct store_reader *reader, int64_t request_id, int64_t token, int step, const char *staff, bool *ret_done, struct why *why);
typedef void (*casework_entry_fn)(void *arg, const struct casework_entry *entry);
GW_MUST_CHECK enum gw_rc casework_history(struct store_reader *reader, int64_t request_id, casework_entry_fn fn, void *arg, struct why *why);
/* Numbers of the organisation's requests that changed after `since`, at most max; *ret_seq: to ask with next. since < 0: none, only where the sequence stands. */
GW_MUST_CHECK enum gw_rc casework_changes(struct store_reader *reader, const char *bin, int64_t since, size_t max, char (*numbers)[20], size_t *ret_count, int64_t *ret_seq, struct why *why);

/* What came with the request, as it came. */
struct casework_body { struct buf application, verdict, envelope; };
void casework_body_done(struct casework_body *body);
GW_MUST_CHECK enum gw_rc casework_body(struct store_reader *reader, int64_t request_id, struct casework_body *ret_body, struct why *why);

#endif
