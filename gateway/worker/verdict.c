/* Verdicts of the two signatures, kept. */
#include "gateway/worker/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/report/report.h"

#define WAITING_CMS "applicantCms" /* of a verdict in CHECKING: what verdict_check_again() verifies once more, beside the application */

struct applicant_signers verdict_signers_of_document(const struct verified_document *verified)
{
        struct applicant_signers by = {.form = "xml", .count = verified->signer_count};
        memcpy(by.certificates, verified->signers, sizeof verified->signers);
        memcpy(by.facts, verified->facts, sizeof verified->facts);
        return by;
}

struct applicant_signers verdict_signers_of_cms(const struct verified_cms *verified, struct span cms)
{
        struct applicant_signers by = {.form = "cms", .count = verified->signer_count, .cms = cms};
        for (size_t i = 0; i < verified->signer_count; i++) {
                by.certificates[i] = verified->signers[i].certificate;
                by.stampers[i] = verified->signers[i].has_stamp ? verified->signers[i].stamp.authority : NULL;
                verified_cms_facts(verified, i, &by.facts[i]);
        }
        return by;
}

static json_t *signers_report(struct verifier *verifier, const struct applicant_signers *by, const struct revocation_record *record)
{
        json_t *signers = json_array();
        for (size_t i = 0; i < by->count; i++) {
                json_t *signer = report_certificate(verifier, by->certificates[i], record);
                report_facts(signer, &by->facts[i]);
                if (by->stampers[i])
                        json_object_set_new(signer, "timeStampAuthority", report_certificate(verifier, by->stampers[i], record));
                json_array_append_new(signers, signer);
        }
        return signers;
}

static void dump(const json_t *report, struct buf *out)
{
        char *text = json_dumps(report, JSON_COMPACT);
        buf_add_str(out, text);
        free(text);
}

void verdict_write_signers(struct verifier *verifier, struct wall_time at, const struct applicant_signers *by, const struct revocation_record *record, struct buf *out)
{
        json_t *report = report_new(verifier, at);
        report_put(report, "code", "OK");
        report_put(report, "form", by->form);
        json_object_set_new(report, "signers", signers_report(verifier, by, record));
        dump(report, out);
        json_decref(report);
}

void verdict_write(struct intake *in, const struct certificate *transport, const struct applicant_signers *by)
{
        struct verifier *verifier = in->loop->shared->verifier;
        json_t *report = report_new(verifier, in->received_at);
        report_put(report, "code", in->revocation.unknown ? "APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN" : "OK");
        report_put(report, "applicantForm", by->form);
        json_object_set_new(report, "applicantSigners", signers_report(verifier, by, &in->revocation));
        if (in->revocation.unknown && by->cms.p) {
                auto_buf struct buf base64 = BUF_INIT;
                text_base64(&base64, by->cms);
                report_put(report, WAITING_CMS, buf_cstr(&base64));
        }
        if (transport) {
                json_t *sender = report_certificate(verifier, transport, &in->revocation);
                report_facts(sender, &in->transport_facts);
                json_object_set_new(report, "transport", sender);
        }
        dump(report, &in->verdict);
        json_decref(report);
}

void verdict_write_staff(struct verifier *verifier, struct wall_time at, const struct revocation_record *record, const struct applicant_signers *by, struct buf *out)
{
        json_t *report = report_new(verifier, at);
        report_put(report, "code", "OK");
        report_put(report, "staffForm", by->form);
        json_object_set_new(report, "staffSigners", signers_report(verifier, by, record));
        dump(report, out);
        json_decref(report);
}

/* ---- once more ---- */

static enum gw_rc check_xml_again(struct loop *loop, const struct request_work *work, const struct revocation_record *record, json_t **ret_signers, struct why *why)
{
        auto_xmldoc xmlDoc *document = NULL;
        struct verified_document verified = {0};
        if (xml_read(buf_span(&work->application), &xml_limits_default, &document, why) != GW_OK)
                return GW_FAULT; /* it was read when it was received */
        enum gw_rc rc = verify_document(loop->shared->verifier, document, work->registered_at, &verified, why);
        if (rc == GW_OK) {
                struct applicant_signers by = verdict_signers_of_document(&verified);
                *ret_signers = signers_report(loop->shared->verifier, &by, record);
        }
        verified_document_done(&verified);
        return rc;
}

/* The application is the content, whether it came inside or beside. */
static enum gw_rc check_cms_again(struct loop *loop, const struct request_work *work, const char *base64, const struct revocation_record *record, json_t **ret_signers,
                                  struct why *why)
{
        struct verified_cms verified = {.signer_count = 0};
        auto_buf struct buf cms = BUF_INIT; /* the bytes that came: DER, or base64 of it once more */
        if (!text_unbase64(&cms, span_str(base64)))
                return GW_FAULT; /* our own */
        enum gw_rc rc = verify_cms(loop->shared->verifier, buf_span(&cms), buf_span(&work->application), work->registered_at, &verified, why);
        if (rc == GW_OK) {
                struct applicant_signers by = verdict_signers_of_cms(&verified, buf_span(&cms));
                *ret_signers = signers_report(loop->shared->verifier, &by, record);
        }
        verified_cms_done(&verified);
        return rc;
}

static void renew_verdict(json_t *report, const char *code, json_t *signers, struct buf *out)
{
        char at[CLOCK_TEXT_MAX];
        json_object_set_new(report, "code", json_string(code));
        json_object_set_new(report, "revocationKnownAt", json_string(clock_iso(wall_now(), at)));
        if (signers)
                json_object_set_new(report, "applicantSigners", signers);
        dump(report, out);
}

enum gw_rc verdict_check_again(struct loop *loop, const struct request_work *work, struct revocation_record *record, struct buf *verdict, struct why *why)
{
        json_t *before = json_loadb((const char *)work->verdict.p, work->verdict.n, 0, NULL), *signers = NULL;
        GW_ASSERT(before); /* our own */
        const char *cms = json_string_value(json_object_get(before, WAITING_CMS));
        revocation_record_begin(record, false);
        enum gw_rc rc = cms ? check_cms_again(loop, work, cms, record, &signers, why) : check_xml_again(loop, work, record, &signers, why);
        revocation_record_end();
        json_object_del(before, WAITING_CMS);
        if (rc == GW_OK)
                renew_verdict(before, "OK", signers, verdict);
        else if (rc == GW_REJECT)
                renew_verdict(before, reason_info(why->reason)->name, report_revocations(record, wall_now()), verdict); /* a refusal has no verified document */
        json_decref(before);
        return rc;
}

