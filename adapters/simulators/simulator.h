/* The parts of egov-simulators and how they hang together: one event loop, one HTTP server, a listener per system. */
#ifndef EGOV_SIMULATORS_SIMULATOR_H
#define EGOV_SIMULATORS_SIMULATOR_H

#include <jansson.h>

#include "adapters/ncalayer/ncalayer.h"
#include "adapters/pki/http.h"
#include "adapters/simulators/faults.h"
#include "adapters/simulators/people.h"
#include "gateway/accept/http_server.h"
#include "gateway/sign/signing_key.h"
#include "gateway/soap/shep.h"
#include "gateway/verify/verify.h"

#define SIMULATORS_GATEWAY_BIN "160640900019" /* the registered system whose signature they want (certs/README.md) */

/* ---- a register: what one state system says to a question ---- */
struct register_question {
        const struct people *people;
        bool generate;                /* answer with an invented person for IINs that no file speaks of */
        enum fault_kind fault;        /* FAULT_BUSY and FAULT_WRONG_IIN are the register's own */
        struct wall_time now;
        const xmlNode *root;          /* the verified question */
};
struct register_simulator {
        const char *service_id;
        /* Appends the content of `data`. GW_REJECT FORM_INVALID when it is not a question to this system. */
        enum gw_rc (*answer)(const struct register_question *question, struct buf *data, struct why *why);
};
extern const struct register_simulator gbdfl_simulator, socialaid_simulator, zags_simulator, guardianship_simulator, cbdi_simulator, education_simulator,
        iban_simulator, payments_simulator;

/* What the registers read and write alike. */
struct register_head { char message_id[64], iin[13], answer_iin[13]; };
GW_MUST_CHECK enum gw_rc register_read(const struct register_question *question, const char *ns, const char *root, const char *iin_field,
                                       struct register_head *ret_head, struct why *why);
void register_write_result(const struct register_question *question, const struct register_head *head, const char *code, struct buf *data);

const char *register_other_iin(const char *iin); /* of whom a register speaks under FAULT_WRONG_IIN */

/* A register that answers with the records of one kind that a person has. */
struct register_list {
        const char *prefix, *ns, *request, *response, *iin_field;
        enum record_kind kind;
        void (*write_record)(const struct person *person, const struct record *record, struct wall_time now, struct buf *data);
};
GW_MUST_CHECK enum gw_rc register_answer_list(const struct register_question *question, const struct register_list *list, struct buf *data, struct why *why);
void register_write_period(const struct record *record, const char *from, const char *to, struct wall_time now, struct buf *data);

/* ---- the systems ---- */
enum system_id {
        SYSTEM_GBDFL,
        SYSTEM_SOCIALAID,
        SYSTEM_ZAGS,
        SYSTEM_GUARDIANSHIP,
        SYSTEM_CBDI,
        SYSTEM_EDUCATION,
        SYSTEM_IBAN,
        SYSTEM_PAYMENTS,
        SYSTEM_CABINET,
        SYSTEM_PROVIDER,
        SYSTEM_COUNT
};
struct simulation;
struct transaction;
struct system {
        const char *name;
        const struct register_simulator *registers; /* NULL: the cabinet, the provider */
        /* What these do with an async message: checks and keeps it, fills the answer. */
        enum gw_rc (*take)(struct transaction *t, const struct shep_message *message, struct span bytes, struct buf *content, struct why *why);
        const char *key_name;         /* NULL: "system-" and its name */
        struct signing_key *key;
        struct fault fault;
        struct { uint64_t requests, refused, work_us, verify_us, sign_us; } seen;
};
struct options {
        const char *pki, *people, *out, *receipts, *cabinet_dir, *sender, *same_ports;
        bool tls, verify, generate;
        uint64_t seed;
        int receipt_delay_ms, ncalayer_port;
};
struct mailbox;
struct receipts;
struct provider;
struct held;
struct simulation {
        struct options options;
        uv_loop_t loop;
        struct http_server *server;
        struct verifier *verifier;
        struct people *people;
        struct system systems[SYSTEM_COUNT];
        struct pki *pki;              /* OCSP, CRL and TSA */
        struct ncalayer *ncalayer;
        uint64_t random;
        struct mailbox *mailbox;      /* the cabinet's */
        struct receipts *receipts;    /* NULL without --receipts */
        struct provider *provider;    /* adapters/provider */
        struct held *held;            /* answers that wait, answering.c */
        bool stopping;
};

/* simulation.c. verify_init() and ignoring SIGPIPE are the program's business. Runs until SIGTERM or SIGINT; exit status: 0 stopped
 * cleanly, 2 could not start (said on standard error). Faults of the command line go into systems[].fault between the two. */
void simulation_init(struct simulation *simulation, const struct options *options);
int simulation_run(struct simulation *simulation);

/* One request being worked on. */
struct transaction {
        struct simulation *simulation;
        struct system *system;
        struct http_exchange *exchange;
        enum fault_kind fault;
        struct wall_time now;
        enum shep_operation operation; /* for faults */
};

/* exchange.c: SOAP in, checks, SOAP out. Answers every exchange of a system, whatever comes. */
void exchange_handle(struct simulation *simulation, struct system *system, struct http_exchange *exchange);
uint64_t cpu_us(void); /* CPU time of this thread */

/* The cabinet's part of it (cabinet/simulator.c): checks and keeps the message, fills the answer. */
enum gw_rc cabinet_take(struct transaction *t, const struct shep_message *message, struct span bytes, struct buf *content, struct why *why);

/* answering.c: sends an answer the way the fault wants it. body is copied. */
struct answering {
        struct simulation *simulation;
        struct http_exchange *exchange;
        enum fault_kind manner;       /* those that are a matter of sending; others send it as it is */
        int ms;
        const char *content_type;     /* a literal */
};
void answering_send(const struct answering *answering, int status, struct span body);
void answering_release_all(struct simulation *simulation); /* at stop: whatever is held is answered now */

/* control.c */
void control_handle(struct simulation *simulation, struct http_exchange *exchange);
/* By the name that faults are set with: one for a system, one or several for the simulated authority; none for an unknown name. */
size_t simulation_faults(struct simulation *simulation, const char *name, struct fault *ret_faults[PKI_FAULTS_MAX]);
char *control_parameter(const char *query, const char *key); /* decoded, the caller's; NULL when absent or malformed */
void control_reply_text(struct http_exchange *exchange, int status, const char *text);
void control_reply_json(struct http_exchange *exchange, json_t *json); /* takes json */

/* pki/http.c: the simulated authority's paths, and its verbs under /pki/ of the control listener. */
void pki_serve(struct simulation *simulation, struct http_exchange *exchange);
void pki_control(struct simulation *simulation, struct http_exchange *exchange);

/* receipts.c: "the applicant opened it": signed changeMassageStatusNotification to the gateway. */
GW_MUST_CHECK enum gw_rc receipts_new(struct simulation *simulation, struct receipts **ret_receipts, struct why *why);
void receipts_schedule(struct receipts *receipts, const char *message_id);
struct receipt_counts { uint64_t waiting, sent, given_up; };
struct receipt_counts receipts_counts(const struct receipts *receipts); /* NULL gives zeros */
void receipts_stop(struct receipts *receipts); /* cancels what is under way */
void receipts_free(struct receipts *receipts); /* after the loop has run out */

#endif
