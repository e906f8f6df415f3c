/* The way of a paper application from its bytes to its registration, or to the receipt of its refusal: verify → judge → register. What intake.h is for the channels. */
#ifndef GW_WORKER_FRONT_INTAKE_H
#define GW_WORKER_FRONT_INTAKE_H

#include "gateway/provider/front_office.h"
#include "gateway/register/papers.h"
#include "gateway/worker/loop.h"
#include "gateway/worker/submission.h"

#define FRONT_PAPERS_MAX 4
struct front_paper {
        int64_t id;
        const struct service_paper *paper; /* borrowed from the catalogue */
};
struct front_intake {
        struct loop *loop;
        struct wall_time received_at;
        enum step_act act;            /* ACT_REGISTER or ACT_REFUSE_INTAKE */
        struct actor caller, signer;  /* who sent it; who signed it, a person */
        char *key, *sender_id;        /* owned: Idempotency-Key, and whose */
        char *subject;                /* owned: of service_subject(), or NULL */
        struct front_application *application;
        struct front_verdict verdict;
        struct attachment *files;     /* owned: scans */
        size_t file_count, file_order[ATTACHMENTS_MAX];
        struct buf envelope, report;  /* as received; who signed it, by which rules */
        struct revocation_record revocation;
        uint8_t digest[32];
        /* registered */
        struct intake_result result;
        struct front_paper papers[FRONT_PAPERS_MAX];
        size_t paper_count;
        /* refused */
        int64_t refusal_id;
        bool repeated;
        /* the continuation */
        void (*done)(void *arg, struct front_intake *intake, enum gw_rc rc, const struct why *why);
        void *arg;
};
struct front_intake *front_intake_new(struct loop *loop, enum step_act act, const struct actor *caller, struct wall_time received_at);
void front_intake_free(struct front_intake *intake);
GW_DEFINE_AUTO(front_intake, struct front_intake, front_intake_free)
#define auto_front_intake gw_auto(front_intake)
/* Everything that needs no writing. Reasons: SOAP_STRUCTURE (the key), DATA_FORM, STAFF_…, STAFF_SIGNER, MESSAGE_DATE_…, those of front_office_judge(), ATTACHMENT_…. */
GW_MUST_CHECK enum gw_rc front_intake_check(struct front_intake *intake, struct span body, enum submission_form form, const char *idempotency_key, struct why *why);
/* Writes it: the request with its work and papers, or the refusal with its receipt, in one transaction. done on this loop, once that is durable. */
void front_intake_write(struct front_intake *intake);

#endif
