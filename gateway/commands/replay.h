/* Replay of fixture envelopes: what the files replay_*.c share. Private to the replay command and its tests.
 *
 * A case file is INI: a comment in plain words first, then [request], [set], [expect] (fixtures/README.md has every key). From it a
 * message is built in four stages, signed fresh, sent, and its answer compared with what the file expects. */
#ifndef GW_COMMANDS_REPLAY_H
#define GW_COMMANDS_REPLAY_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"
#include "gateway/sign/signing_key.h"
#include "gateway/verify/verify.h"

/* ---- replay_case.c: the files ---- */

enum replay_channel {
        REPLAY_SYNC,  /* POST /shep/sync */
        REPLAY_ASYNC, /* POST /shep/async */
        REPLAY_REST,  /* POST /api/v1/requests on the TLS listener */
        REPLAY_FRONT, /* POST /api/v1/front-office/applications on the plain listener, by a person who has logged in */
        REPLAY_HTTP,  /* any method and path on the plain listener, without an envelope */
        REPLAY_RAW,   /* bytes of a file, over a bare socket */
};

/* When a change is made: before or after which signature. */
enum replay_stage {
        REPLAY_BEFORE_APPLICATION_SIGNATURE,
        REPLAY_AFTER_APPLICATION_SIGNATURE,
        REPLAY_BEFORE_TRANSPORT_SIGNATURE,
        REPLAY_AFTER_TRANSPORT_SIGNATURE, /* also the very last bytes of REST and raw */
        REPLAY_STAGES,
};

#define REPLAY_LIST_MAX 32
struct replay_list {
        char *items[REPLAY_LIST_MAX];
        size_t count;
};
struct replay_pairs { /* [set] */
        struct { char *name, *value; } items[REPLAY_LIST_MAX];
        size_t count;
};

struct replay_case {
        char *path;   /* of the file */
        char *folder; /* where the file lies; templates are in ../templates from here */
        char *name;   /* "bad/07-body-moved": last folder and file name */
        char *title;  /* first sentence of the comment */
        enum replay_channel channel;
        char *channel_text, *template, *application, *application_signer, *signature_form, *time_stamp, *sender_key, *data_form, *application_form, *cms_change;
        char *login; /* whose session it is: a name of the test PKI */
        char *method, *http_path, *content_type, *client, *raw, *repeat, *queue;
        bool chunked, expect_100;
        struct replay_list headers, mutations[REPLAY_STAGES];
        struct replay_pairs set;
        /* expectations; NULL = not looked at */
        char *status, *repeat_status, *reason, *code, *status_code, *outcome, *contains;
        bool signed_answer, same_answer;
};
void replay_case_free(struct replay_case *c);
GW_DEFINE_AUTO(replay_case, struct replay_case, replay_case_free)

/* ../templates/defaults.ini is read first, then the file over it. GW_REJECT with "file:line: …" for an unknown section or key, a key
 * given twice, a value out of its choices, a case without comment, or a line over 190 bytes (inih would cut it). */
GW_MUST_CHECK enum gw_rc replay_case_load(const char *path, struct replay_case **ret_case, struct why *why);
/* Files as they are; folders give their *.case, sorted, subfolders included. Paths are owned. GW_REJECT names what cannot be read. */
struct replay_paths { char **items; size_t count; };
GW_MUST_CHECK enum gw_rc replay_paths_find(char **operands, size_t count, struct replay_paths *ret_paths, struct why *why);
void replay_paths_done(struct replay_paths *paths);

/* ---- replay_text.c: placeholders, and finding elements in text ---- */

/* Values that ${name} stands for. ${now}, ${now-25h}, ${now+10m}, ${now-3d}, ${today} and ${uuid} are always there. */
struct replay_vars {
        struct { char *name, *value; } items[2 * REPLAY_LIST_MAX];
        size_t count;
        struct wall_time now;
};
void replay_vars_put(struct replay_vars *vars, const char *name, const char *value); /* replaces */
const char *replay_vars_get(const struct replay_vars *vars, const char *name);       /* NULL when absent */
void replay_vars_done(struct replay_vars *vars);
/* Appends `text` with its placeholders filled; escaped = values are written as XML text, except ${data}. GW_REJECT: unknown name. */
GW_MUST_CHECK enum gw_rc replay_expand(const struct replay_vars *vars, struct span text, bool escaped, struct buf *out, struct why *why);

/* Offsets of the first element of that local name; content_from = content_to = end of the tag when it is <empty/>. */
struct replay_element { size_t from, name_from, name_to, tag_end, content_from, content_to, to; bool empty; };
GW_MUST_CHECK bool replay_find(struct span text, size_t at, const char *local_name, struct replay_element *ret_element);
/* Replaces text[from..to) by `with`. */
void replay_splice(struct buf *text, size_t from, size_t to, struct span with);

/* ---- replay_mutate.c, replay_resign.c: named changes ---- */

struct replay_context {
        const char *pki; /* folder of make-pki.sh */
        struct replay_vars vars;
};
/* "flip-byte messageId": a name of the table and its arguments. GW_REJECT when there is no such change or nothing to change. */
GW_MUST_CHECK enum gw_rc replay_mutate(const struct replay_context *context, const char *mutation, struct buf *text, struct why *why);
/* Name, arguments and help of each, for --help and the tests; NULL behind the last. */
const char *replay_mutation_help(size_t index);

/* redigest, resign, key-info, timestamp: changes that need a key or canonical form. args as in the table. */
enum gw_rc replay_redigest(const struct replay_context *context, const char *args, struct buf *text, struct why *why);
enum gw_rc replay_resign(const struct replay_context *context, const char *args, struct buf *text, struct why *why);
enum gw_rc replay_key_info(const struct replay_context *context, const char *args, struct buf *text, struct why *why);
enum gw_rc replay_timestamp(const struct replay_context *context, const char *args, struct buf *text, struct why *why);
/* ---- replay_stamp.c: a time-stamping authority of the tester's own ---- */

/* Appends the DER of a token over those bytes by the authority PKI/keys/NAME.key, as of that instant. */
GW_MUST_CHECK enum gw_rc replay_stamp(const char *pki, const char *name, struct span stamped, struct wall_time at, struct buf *token, struct why *why);

/* PKI/keys/NAME.key and PKI/certs/NAME.pem. */
GW_MUST_CHECK enum gw_rc replay_key(const char *pki, const char *name, struct signing_key **ret_key, struct why *why);
GW_DEFINE_AUTO(signing_key, struct signing_key, local_key_close)

/* ---- replay_cms.c ---- */

/* Puts the application, signed as XML already or about to be signed by these names as CMS, into the form of the case. */
GW_MUST_CHECK enum gw_rc replay_put_form(const struct replay_case *c, const struct replay_context *context, const char *signers, struct buf *text, struct why *why);
bool replay_form_is_cms(const struct replay_case *c);

/* ---- replay_build.c ---- */

struct replay_message {
        struct buf body;
        char *message_id; /* also the Idempotency-Key of REST */
};
void replay_message_done(struct replay_message *message);
/* message_id NULL: a fresh one. */
GW_MUST_CHECK enum gw_rc replay_build(const struct replay_case *c, const char *pki, struct wall_time now, const char *message_id,
                                      struct replay_message *ret_message, struct why *why);

/* ---- replay_send.c ---- */

struct replay_target {
        const char *plain, *tls; /* base URLs without a path; tls may be NULL */
        const char *pki;
        long timeout_ms;
};
struct replay_answer {
        long status; /* 0: no HTTP answer */
        struct buf body;
        char *content_type;
        char *error; /* why there is no answer */
        char *cookie; /* "name=value", when it sets one */
};
void replay_answer_done(struct replay_answer *answer);
/* Never fails: what went wrong is in answer->error. */
void replay_send(const struct replay_case *c, const struct replay_target *target, const struct replay_message *message,
                 struct replay_answer *ret_answer);
/* POST of JSON to a path on the plain listener. */
void replay_post(const struct replay_case *c, const struct replay_target *target, const char *path, struct span json, struct replay_answer *ret_answer);
/* ---- replay_login.c ---- */

struct replay_session { char *cookie, *csrf; }; /* header lines, owned */
GW_MUST_CHECK enum gw_rc replay_login(const struct replay_case *c, const struct replay_target *target, struct replay_session *ret_session, struct why *why);
void replay_session_done(struct replay_session *session);

/* ---- replay_send.c, again ---- */

/* GET of a path on the listener of the case's channel (REST results). */
void replay_get(const struct replay_case *c, const struct replay_target *target, const char *path, struct replay_answer *ret_answer);

/* ---- replay_judge.c ---- */

/* What an answer says, in the words of [expect]. */
struct replay_reading {
        char *reason, *code, *status_code, *outcome, *message_id, *correlation_id, *number, *result_path;
        char *signature; /* of the answer: "valid", or the reason why not; NULL when it is no SOAP */
        uint8_t data_sha256[32];
        bool has_data;
};
void replay_reading_done(struct replay_reading *reading);
void replay_read(const struct replay_answer *answer, struct verifier *verifier, struct wall_time now, struct replay_reading *ret_reading);
/* The result document (a signed certificate): POSITIVE, NEGATIVE, REFUSED, or why it is none. Owned by the caller. */
char *replay_outcome(struct verifier *verifier, struct span xml, struct wall_time now);
/* "500 SCE006 TRANSPORT_SIGNATURE_INVALID" */
char *replay_wanted_text(const struct replay_case *c);
char *replay_got_text(const struct replay_case *c, const struct replay_answer *answer, const struct replay_reading *reading);
/* NULL when the answer is as expected; else one line. Owned by the caller. */
char *replay_difference(const struct replay_case *c, bool repeated, const struct replay_answer *answer,
                        const struct replay_reading *reading);
/* NULL when the second answer is the first one again (invariant I2); else one line. */
char *replay_same(const struct replay_reading *first, const struct replay_reading *second);

/* ---- replay_report.c ---- */

enum replay_verdict { REPLAY_PASSED, REPLAY_FAILED, REPLAY_SKIPPED };
struct replay_result {
        enum replay_verdict verdict;
        char *wanted, *got, *note; /* note: the difference, or why it was skipped */
        int64_t ms;
};
void replay_result_done(struct replay_result *result);
/* cases[i] belongs to results[i]. */
void replay_print_table(struct replay_case *const *cases, const struct replay_result *results, size_t count, int64_t wall_ms);
void replay_print_json(struct replay_case *const *cases, const struct replay_result *results, size_t count);
void replay_write_junit(struct buf *out, struct replay_case *const *cases, const struct replay_result *results, size_t count,
                        int64_t wall_ms);

#endif
