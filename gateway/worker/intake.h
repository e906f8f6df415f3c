/* The way of a message from its bytes to its registration: verify → look up → register. Shared by the channels. */
#ifndef GW_WORKER_INTAKE_H
#define GW_WORKER_INTAKE_H

#include "gateway/catalogue/form_check.h"
#include "gateway/soap/shep.h"
#include "gateway/worker/loop.h"
#include "gateway/worker/submission.h"

struct intake {
        struct loop *loop;
        const char *channel;          /* "shep-sync" | "shep-async" | "rest" */
        struct wall_time received_at;
        const struct sender_settings *sender;
        char *message_id, *correlation_id, *shep_service_id, *subject; /* owned; subject: service_subject() */
        struct buf envelope;          /* owned: as received */
        struct buf application_bytes; /* owned: the signed application; of CMS its content */
        struct application *application;
        struct attachment *files;     /* owned: what came beside it */
        size_t file_count;
        size_t file_order[ATTACHMENTS_MAX]; /* which of them each of application->attachments is */
        const struct service *service;
        char applicant_iin[13];       /* who signed */
        char service_code[32];        /* of `service`, or of a message that was received before */
        uint8_t digest[32];
        struct form_mistake mistake;  /* of a refused form: which field, by which rule */
        struct buf verdict;           /* JSON report (verdict.h) */
        struct signature_facts transport_facts;
        struct revocation_record revocation; /* what was told while it was verified; unknown: to be registered as CHECKING */
        struct intake_result result;  /* after registration */
        /* registration's continuation */
        void (*done)(void *arg, struct intake *intake, enum gw_rc rc, const struct why *why);
        void *arg;
};
struct intake *intake_new(struct loop *loop, const char *channel, struct wall_time received_at);
void intake_free(struct intake *intake);
GW_DEFINE_AUTO(intake, struct intake, intake_free)
#define auto_intake gw_auto(intake)

/* A SHEP envelope: transport signature, sender, freshness; then the application in its data. `message` is read from `soap`. */
GW_MUST_CHECK enum gw_rc intake_check_shep(struct intake *intake, const struct soap *soap, const struct shep_message *message, struct why *why);
/* The envelope alone, whatever it brings: transport signature, sender, freshness, ids. Sets sender, message_id, correlation_id, shep_service_id. */
GW_MUST_CHECK enum gw_rc intake_check_envelope(struct intake *intake, const struct soap *soap, const struct shep_message *message, struct why *why);
/* A signed application by itself (REST), in one of the forms of submission.h; the sender is the one of the TLS client certificate. */
GW_MUST_CHECK enum gw_rc intake_check_rest(struct intake *intake, struct span body, enum submission_form form, const char *idempotency_key, const struct http_peer *peer, struct why *why);
/* The sender of a TLS client certificate, or NULL. */
const struct sender_settings *intake_tls_sender(const struct settings *settings, const struct http_peer *peer);

/* After a refusal: whether the message is, to the byte, one that was registered before; then it is answered as then (I2), and the intake holds what that needs.
 * sender_id: as it says itself; over REST that of its TLS certificate. It says nothing new to anybody: whoever has the bytes had them verified once. */
bool intake_find_repeated(struct intake *intake, const char *sender_id, const char *message_id, const char *correlation_id, struct span envelope);

/* Writes it to the store; done on this loop, once it is durable. The intake stays the caller's. */
void intake_register(struct intake *intake);
/* What the store keeps of it; borrowed from the record. */
#define INTAKE_EVIDENCE_MAX (2 * REVOCATION_RECORD_MAX)
size_t intake_evidence(const struct revocation_record *record, struct evidence ret[INTAKE_EVIDENCE_MAX]);
/* The work that a new registration starts; for flow_start(). */
void intake_work(const struct intake *intake, struct request_work *ret_work);

#endif
