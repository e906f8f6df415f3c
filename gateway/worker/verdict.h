/* The verdict about a request as it is kept with it (invariant I7), and the second look at one that had to wait for revocation. */
#ifndef GW_WORKER_VERDICT_H
#define GW_WORKER_VERDICT_H

#include "gateway/verify/cms_document.h"
#include "gateway/worker/intake.h"

/* Who signed the application, in either form of signature; borrowed. */
struct applicant_signers {
        const char *form; /* "xml": one after the other; "cms": side by side, in no order */
        const struct certificate *certificates[VERIFY_SIGNERS_MAX];
        struct signature_facts facts[VERIFY_SIGNERS_MAX];
        const struct certificate *stampers[VERIFY_SIGNERS_MAX]; /* the time-stamping authority, when its certificate is at hand; NULL: none */
        size_t count;
        struct span cms; /* as it came */
};
struct applicant_signers verdict_signers_of_document(const struct verified_document *verified);
struct applicant_signers verdict_signers_of_cms(const struct verified_cms *verified, struct span cms);

/* {at, policy, code, form, signers}: who signed a result, by which certificates and rules. Appends. */
void verdict_write_signers(struct verifier *verifier, struct wall_time at, const struct applicant_signers *by, const struct revocation_record *record, struct buf *out);
/* Writes intake->verdict: who signed what, by which certificates, when, by which rules, what is known about revocation. No name, no full IIN: the certificates
 * are in the stored envelope. transport: NULL without one. */
void verdict_write(struct intake *intake, const struct certificate *transport, const struct applicant_signers *by);

/* The same about the employee who took an application in; appended. */
void verdict_write_staff(struct verifier *verifier, struct wall_time at, const struct revocation_record *record, const struct applicant_signers *by, struct buf *out);

/* A request in CHECKING once more: the signed application as it was received, by the same rules, as of its receipt. GW_RETRY: revocation is still not known.
 * verdict: the JSON report from intake with what is known now; on GW_REJECT with the reason. record: revocation_record_done(). */
GW_MUST_CHECK enum gw_rc verdict_check_again(struct loop *loop, const struct request_work *work, struct revocation_record *record, struct buf *verdict, struct why *why);

#endif
