/* Paper applications: verify → judge → register. */
#include "gateway/worker/front_intake.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/provider/paper.h"
#include "gateway/register/attachments.h"
#include "gateway/register/refusals.h"
#include "gateway/verify/cms_document.h"
#include "gateway/verify/problem.h"
#include "gateway/worker/intake.h"
#include "gateway/worker/people.h"
#include "gateway/worker/verdict.h"

struct front_intake *front_intake_new(struct loop *loop, enum step_act act, const struct actor *caller, struct wall_time received_at)
{
        struct front_intake *in = xcalloc(1, sizeof *in);
        in->loop = loop;
        in->act = act;
        in->caller = *caller;
        in->received_at = received_at;
        in->envelope = in->report = (struct buf)BUF_INIT;
        return in;
}

void front_intake_free(struct front_intake *intake)
{
        if (!intake)
                return;
        free(intake->key);
        free(intake->sender_id);
        free(intake->subject);
        front_application_free(intake->application);
        for (size_t i = 0; i < intake->file_count; i++)
                attachment_done(&intake->files[i]);
        free(intake->files);
        buf_done(&intake->envelope);
        buf_done(&intake->report);
        revocation_record_done(&intake->revocation);
        free(intake);
}

/* ---- verify ---- */

/* The person who is logged in; of an organisation's system any of its people. */
static enum gw_rc check_signer(struct front_intake *in, const struct certificate *certificate, struct why *why)
{
        auto_staff struct staff *staff = staff_watch_use(in->loop->shared->staff);
        if (staff_certificate_actor(staff, certificate, &in->signer, why) != GW_OK) {
                why->reason = REASON_STAFF_SIGNER; /* the detail tells why he is nobody here */
                return GW_REJECT;
        }
        bool same = in->caller.machine ? str_eq(in->signer.organisation, in->caller.organisation) : str_eq(in->signer.id, in->caller.id);
        return same ? GW_OK : why_set(why, GW_REJECT, REASON_STAFF_SIGNER, "signed by %s, sent by %s", in->signer.id, in->caller.id);
}

/* root: the verified element. */
static enum gw_rc check_element(struct front_intake *in, const xmlNode *root, const struct applicant_signers *by, struct why *why)
{
        if (by->count != 1)
                return why_set(why, GW_REJECT, REASON_STAFF_SIGNATURE, "%zu signers: one employee takes an application in", by->count);
        enum gw_rc rc = check_signer(in, by->certificates[0], why);
        if (rc != GW_OK)
                return rc;
        verdict_write_staff(in->loop->shared->verifier, in->received_at, &in->revocation, by, &in->report);
        auto_buf struct buf canonical = BUF_INIT;
        if (!xml_c14n(root->doc, &canonical))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "out of memory");
        text_sha256(buf_span(&canonical), in->digest); /* the signature is gone: signed anew it is the same application */
        return front_application_read(root, &in->application, why);
}

static enum gw_rc check_xml(struct front_intake *in, struct span xml, struct why *why)
{
        auto_xmldoc xmlDoc *document = NULL;
        struct verified_document verified = {.root = NULL};
        enum gw_rc rc = xml_read(xml, &xml_limits_default, &document, why);
        if (rc == GW_OK)
                rc = verify_document_of(in->loop->shared->verifier, SIG_STAFF, document, in->received_at, &verified, why);
        if (rc != GW_OK)
                return rc;
        struct applicant_signers by = verdict_signers_of_document(&verified);
        rc = check_element(in, verified.root, &by, why);
        verified_document_done(&verified);
        return rc;
}

static enum gw_rc check_cms(struct front_intake *in, struct span cms, struct span detached, struct why *why)
{
        auto_xmldoc xmlDoc *document = NULL;
        struct verified_cms verified = {.signer_count = 0};
        enum gw_rc rc = verify_cms_of(in->loop->shared->verifier, SIG_STAFF, cms, detached, in->received_at, &verified, why);
        if (rc != GW_OK)
                return rc;
        rc = xml_read(verified.content, &xml_limits_default, &document, why);
        if (rc == GW_OK) {
                struct applicant_signers by = verdict_signers_of_cms(&verified, cms);
                rc = check_element(in, xmlDocGetRootElement(document), &by, why);
        }
        verified_cms_done(&verified);
        return rc;
}

static enum gw_rc check_submission(struct front_intake *in, struct submission *submission, struct why *why)
{
        in->files = gw_take(&submission->files);
        in->file_count = submission->file_count;
        submission->file_count = 0;
        return submission->cms.p ? check_cms(in, submission->cms, submission->detached, why) : check_xml(in, submission->xml, why);
}

static enum gw_rc check_files(struct front_intake *in, struct why *why)
{
        const struct settings *s = in->loop->shared->settings;
        const struct application *a = in->application->application;
        const struct attachment_limits limits = {(size_t)s->attachments.count, (size_t)s->attachments.file_bytes, (size_t)s->attachments.total_bytes};
        return attachments_match(a->attachments, a->attachment_count, in->files, in->file_count, &limits, in->file_order, why);
}

static enum gw_rc check_all(struct front_intake *in, struct span body, enum submission_form form, struct why *why)
{
        const struct shared *s = in->loop->shared;
        struct submission submission;
        enum gw_rc rc = submission_read(form, body, &submission, why);
        if (rc == GW_OK)
                rc = check_submission(in, &submission, why);
        submission_done(&submission);
        if (rc == GW_OK)
                rc = verify_fresh(&s->policy, in->application->application->request_date, in->received_at, why);
        if (rc != GW_OK)
                return rc;
        const struct front_question question = {.settings = s->settings, .catalogue = s->catalogue, .actor = &in->signer, .at = in->received_at, .act = in->act,
                                                .iin_check_digit = s->settings->verify.iin_check_digit};
        rc = front_office_judge(&question, in->application, &in->verdict, why);
        if (rc == GW_OK)
                in->subject = service_subject(in->verdict.service, xmlDocGetRootElement(in->application->document));
        return rc == GW_OK ? check_files(in, why) : rc;
}

enum gw_rc front_intake_check(struct front_intake *in, struct span body, enum submission_form form, const char *idempotency_key, struct why *why)
{
        if (!submission_key_usable(idempotency_key))
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "header Idempotency-Key must hold 1 to 100 visible characters");
        in->key = xstrdup(idempotency_key);
        in->sender_id = xasprintf(FRONT_OFFICE_CHANNEL "/%s", in->caller.organisation); /* ids of senders have no slash */
        buf_add_span(&in->envelope, body);
        revocation_record_begin(&in->revocation, false); /* the employee waits at the counter: unknown is told at once */
        enum gw_rc rc = check_all(in, body, form, why);
        revocation_record_end();
        return rc;
}

/* ---- papers ---- */

static struct paper_side side_of(const struct settings *settings, const char *organisation)
{
        const struct organisation_settings *o = settings_organisation(settings, organisation);
        return (struct paper_side){o->bin, o->name_kk, o->name_ru, o->place_kk, o->place_ru};
}

/* documents: those of the package as the catalogue has them; room for all. */
static struct paper_facts paper_facts_of(const struct front_intake *in, const char *number, const struct service_document **documents)
{
        const struct settings *settings = in->loop->shared->settings;
        const struct front_application *a = in->application;
        size_t count = 0;
        for (size_t i = 0; i < a->document_count; i++)
                documents[count++] = completeness_document(in->verdict.service, a->documents[i].id); /* judged: the service knows it */
        return (struct paper_facts){
                .service = in->verdict.service, .number = number, .at = in->received_at, .organisation = side_of(settings, in->signer.organisation),
                .staff_kk = in->signer.name_kk, .staff_ru = in->signer.name_ru, .applicant_name = a->applicant_name, .applicant_iin = a->application->declarant_iin,
                .documents = documents, .document_count = count, .completeness = &in->verdict.completeness, .paragraph = in->verdict.step->paragraph, .given = in->verdict.given,
                .given_count = a->document_count, .note_kk = settings->issuer.note_kk, .note_ru = settings->issuer.note_ru,
        };
}

static enum gw_rc add_paper(struct store *store, struct front_intake *in, const struct service_paper *paper, struct why *why)
{
        const struct service_document *documents[SERVICE_DOCUMENTS_MAX];
        char number[20];
        auto_buf struct buf content = BUF_INIT;
        struct paper_record record = {.request_id = in->result.request_id, .kind = paper_kind_names[paper->kind], .at = in->received_at};
        enum gw_rc rc = papers_next(store, &record.id, why);
        if (rc != GW_OK)
                return rc;
        struct paper_facts facts = paper_facts_of(in, paper_number(PAPER_NUMBER_PREFIX, record.id, number), documents);
        facts.request_number = in->result.number;
        facts.registered_at = in->result.registered_at;
        facts.due_at = in->result.due_at.ms == WALL_NEVER_MS ? (struct wall_time){0} : in->result.due_at;
        rc = paper_write(paper, &facts, &content, why);
        record.content = buf_span(&content);
        if (rc == GW_OK)
                rc = papers_add(store, &record, why);
        if (rc == GW_OK)
                in->papers[in->paper_count++] = (struct front_paper){record.id, paper};
        return rc;
}

/* Those of the steps that are done with the registration. */
static enum gw_rc add_papers(struct store *store, struct front_intake *in, struct why *why)
{
        const struct route *route = in->verdict.route;
        for (const struct route_step *step = route->steps; step <= in->verdict.step && in->paper_count < FRONT_PAPERS_MAX; step++) {
                const struct service_paper *paper = step->paper && step->branch == STEP_MAIN ? paper_find(in->verdict.service, step->paper) : NULL;
                enum gw_rc rc = paper ? add_paper(store, in, paper, why) : GW_OK;
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* ---- register ---- */

static enum gw_rc add_files(struct store *store, const struct front_intake *in, struct why *why)
{
        struct attachment_record records[ATTACHMENTS_MAX];
        const struct application *a = in->application->application;
        for (size_t i = 0; i < a->attachment_count; i++) {
                const struct attachment_listed *listed = &a->attachments[i];
                const struct span bytes = buf_span(&in->files[in->file_order[i]].bytes);
                records[i] = (struct attachment_record){.name = listed->name, .type = attachment_type(bytes), .document = listed->document, .bytes = bytes};
                memcpy(records[i].sha256, listed->sha256, sizeof records[i].sha256);
        }
        return attachments_add(store, in->result.request_id, records, a->attachment_count, why);
}

static enum gw_rc open_work(struct store *store, struct front_intake *in, struct why *why)
{
        auto_buf struct buf package = BUF_INIT;
        front_office_describe(in->application, &package);
        const struct people_new people = {.request_id = in->result.request_id, .service = in->verdict.service, .channel = FRONT_OFFICE_CHANNEL,
                                          .provider_bin = in->application->application->provider_bin, .registered_at = in->result.registered_at, .due_at = in->result.due_at,
                                          .route = in->verdict.route, .front_bin = in->signer.bin, .by = &in->signer, .comment = buf_cstr(&package)};
        return people_open(store, in->loop->shared, &people, why);
}

static enum gw_rc register_work(struct store *store, void *arg, struct why *why)
{
        struct front_intake *in = arg;
        const struct application *a = in->application->application;
        struct evidence evidence[INTAKE_EVIDENCE_MAX];
        auto_str char *actor = xasprintf("staff:%s %s", in->signer.id, staff_role_names[in->verdict.step->by]);
        struct intake_record record = {
                .actor = actor, .subject = in->subject, .channel = FRONT_OFFICE_CHANNEL, .sender_id = in->sender_id, .message_id = in->key, .correlation_id = in->key, .received_at = in->received_at,
                .due_at = calendar_watch_due(in->loop->shared->calendar, in->verdict.route, in->received_at),
                .service_code = in->verdict.service->code, .service_version = in->verdict.service->version, .portal_number = a->request_number,
                .applicant_iin = a->representative_iin ? a->representative_iin : a->declarant_iin, .declarant_iin = a->declarant_iin, .provider_bin = a->provider_bin,
                .language = a->language, .application = buf_span(&in->application->bytes), .envelope = buf_span(&in->envelope), .verdict = buf_span(&in->report),
                .evidence = evidence, .evidence_count = intake_evidence(&in->revocation, evidence),
        };
        memcpy(record.digest, in->digest, sizeof record.digest);
        enum gw_rc rc = store_intake(store, &record, &in->result, why);
        in->repeated = rc == GW_OK && in->result.outcome == INTAKE_REPEATED;
        if (rc != GW_OK || in->repeated)
                return rc;
        rc = add_files(store, in, why);
        if (rc == GW_OK)
                rc = open_work(store, in, why);
        return rc == GW_OK ? add_papers(store, in, why) : rc;
}

/* ---- refuse ---- */

static enum gw_rc refuse_work(struct store *store, void *arg, struct why *why)
{
        struct front_intake *in = arg;
        const struct application *a = in->application->application;
        const struct service_document *documents[SERVICE_DOCUMENTS_MAX];
        char number[20];
        auto_buf struct buf paper = BUF_INIT;
        struct why gap = WHY_INIT;
        gw_ignore(completeness_refuse(&in->verdict.completeness, &gap)); /* judged: there is a gap, and gap says which */
        struct refusal_record record = {
                .at = in->received_at, .channel = FRONT_OFFICE_CHANNEL, .sender_id = in->sender_id, .message_id = in->key, .service_code = in->verdict.service->code,
                .route = route_kind_names[in->verdict.route->kind], .reason = reason_info(gap.reason)->name, .detail = gap.detail, .applicant_iin = a->declarant_iin,
                .front_bin = in->signer.bin, .staff = in->signer.id, .message = buf_span(&in->envelope),
        };
        enum gw_rc rc = refusals_next(store, &record.id, why);
        if (rc != GW_OK)
                return rc;
        const struct service_paper *receipt = paper_find(in->verdict.service, in->verdict.step->paper);
        const struct paper_facts facts = paper_facts_of(in, paper_number(REFUSAL_NUMBER_PREFIX, record.id, number), documents);
        rc = paper_write(receipt, &facts, &paper, why);
        record.paper = buf_span(&paper);
        return rc == GW_OK ? refusals_add(store, &record, &in->refusal_id, &in->repeated, why) : rc;
}

static void on_written(void *arg, enum gw_rc rc, const struct why *why)
{
        struct front_intake *in = arg;
        in->done(in->arg, in, rc, why);
}

void front_intake_write(struct front_intake *intake)
{
        journal_submit(intake->loop->journal, intake->act == ACT_REGISTER ? register_work : refuse_work, on_written, intake);
}
