/* What whoever runs the gateway sees of the store and does in it: messages that wait or are parked, requests late or nearly so, one request without its contents.
 * Nothing personal: numbers, states, moments, ids of staff. */
#ifndef GW_REGISTER_OPERATOR_H
#define GW_REGISTER_OPERATOR_H

#include "gateway/register/store.h"

/* ---- writing: inside journal work; each act is an event of the request, by "staff:ID OPERATOR" ---- */
/* Parked → waiting, now. REQUEST_NOT_FOUND: there is no such row; OUTBOX_STATE: it is not parked. ret_number: of the row's request. */
GW_MUST_CHECK enum gw_rc operator_release(struct store *store, int64_t row, const char *actor, struct wall_time at, char ret_number[20], struct why *why);
/* Waiting → parked. OUTBOX_STATE: it is not what waits to be sent next, or is being sent at this moment. */
GW_MUST_CHECK enum gw_rc operator_park(struct store *store, int64_t row, const char *actor, struct wall_time at, char ret_number[20], struct why *why);

/* ---- reading ---- */
enum operator_which { OPERATOR_ALL, OPERATOR_PARKED, OPERATOR_WAITING, OPERATOR_WHICH_COUNT };
extern const char *const operator_which_names[OPERATOR_WHICH_COUNT + 1]; /* "all", "parked", "waiting" */
struct operator_row {
        int64_t id;
        char number[20], destination[32], kind[16], state_code[24], error[120];
        const char *state;            /* "parked", "waiting", "sending", "blocked", "sent" */
        int sequence, attempts;       /* attempts: all of them */
        struct wall_time added_at, at; /* at: parked or sent then, or next attempt */
};
typedef void (*operator_row_fn)(void *arg, const struct operator_row *row);
/* Rows of one kind, of one destination (NULL: all), the oldest first, parked ones before waiting ones, at most limit of each. What is behind them (blocked) is not listed. */
GW_MUST_CHECK enum gw_rc operator_outbox(struct store_reader *reader, enum operator_which which, const char *destination, size_t limit, operator_row_fn fn, void *arg, struct why *why);
/* By destination: so many that may go (or are being sent), so many parked, since when the oldest of each has been there. */
struct operator_queue {
        char destination[32];
        int64_t waiting, parked;
        struct wall_time waiting_since, parked_since; /* .ms 0: none */
};
typedef void (*operator_queue_fn)(void *arg, const struct operator_queue *queue);
GW_MUST_CHECK enum gw_rc operator_queues(struct store_reader *reader, operator_queue_fn fn, void *arg, struct why *why);
/* All rows of a request, in order. */
GW_MUST_CHECK enum gw_rc operator_rows_of(struct store_reader *reader, int64_t request_id, operator_row_fn fn, void *arg, struct why *why);

/* Open requests, and steps of people, by the moment at which they are due: from `from` on (exclusive), up to `until`. */
struct operator_due {
        char number[20], service[32], provider_bin[13], role[24]; /* role: of a step, else "" */
        int step;
        enum request_state state;
        struct wall_time registered_at, due_at;
};
typedef void (*operator_due_fn)(void *arg, const struct operator_due *due);
GW_MUST_CHECK enum gw_rc operator_due_requests(struct store_reader *reader, struct wall_time from, struct wall_time until, size_t limit, operator_due_fn fn, void *arg, struct why *why);
GW_MUST_CHECK enum gw_rc operator_due_steps(struct store_reader *reader, struct wall_time from, struct wall_time until, size_t limit, operator_due_fn fn, void *arg, struct why *why);
/* Number of the request that has this registration number or document number. REQUEST_NOT_FOUND. */
GW_MUST_CHECK enum gw_rc operator_find(struct store_reader *reader, const char *number, char ret_number[20], struct why *why);

#endif
