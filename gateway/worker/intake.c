/* verify → look up → register. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/x509.h>

#include "gateway/base/text.h"
#include "gateway/register/attachments.h"
#include "gateway/soap/package.h"
#include "gateway/verify/cms_document.h"
#include "gateway/verify/problem.h"
#include "gateway/worker/intake.h"
#include "gateway/worker/people.h"
#include "gateway/worker/verdict.h"

#define INTAKE_LEASE_MS 120000

struct intake *intake_new(struct loop *loop, const char *channel, struct wall_time received_at)
{
        struct intake *in = xcalloc(1, sizeof *in);
        in->loop = loop;
        in->channel = channel;
        in->received_at = received_at;
        in->envelope = in->application_bytes = in->verdict = (struct buf)BUF_INIT;
        return in;
}

void intake_free(struct intake *intake)
{
        if (!intake)
                return;
        free(intake->message_id);
        free(intake->correlation_id);
        free(intake->shep_service_id);
        free(intake->subject);
        buf_done(&intake->envelope);
        buf_done(&intake->application_bytes);
        buf_done(&intake->verdict);
        application_free(intake->application);
        for (size_t i = 0; i < intake->file_count; i++)
                attachment_done(&intake->files[i]);
        free(intake->files);
        revocation_record_done(&intake->revocation);
        free(intake);
}

/* ---- verify ---- */

size_t intake_evidence(const struct revocation_record *record, struct evidence ret[INTAKE_EVIDENCE_MAX])
{
        size_t count = 0;
        for (size_t i = 0; i < record->count; i++)
                for (size_t k = 0; k < GW_COUNT(record->notes[i].evidence) && record->notes[i].evidence[k]; k++) {
                        const struct revocation_evidence *e = record->notes[i].evidence[k];
                        ret[count] = (struct evidence){.kind = e->kind, .bytes = span_of(e->bytes, e->n)};
                        memcpy(ret[count++].sha256, e->sha256, sizeof e->sha256);
                }
        return count;
}

static enum gw_rc check_sender(struct intake *in, const char *sender_id, const struct certificate *certificate, struct why *why)
{
        in->sender = settings_sender(in->loop->shared->settings, sender_id);
        if (!in->sender)
                return why_set(why, GW_REJECT, REASON_SENDER_UNKNOWN, "senderId is not registered");
        struct sender_binding binding = {.bin = in->sender->bin, .certificate_sha256 = in->sender->certificate_sha256};
        return verify_sender_allowed(certificate, &binding, why);
}

/* ---- look up ---- */

/* No channel of the Portal leads to this service. */
static enum gw_rc refuse_by_route(const struct service *service, struct why *why)
{
        for (size_t i = 0; i < service->excluded_count; i++)
                if (service->excluded[i].kind == ROUTE_PORTAL)
                        return why_set(why, GW_REJECT, REASON_SERVICE_NOT_AVAILABLE, "ruled out by paragraph %s of act No. %.40s: %.120s", service->excluded[i].paragraph,
                                       service->acts[service->act_count - 1].number, service->excluded[i].text.en);
        const struct route *portal = service_route(service, ROUTE_PORTAL);
        return why_set(why, GW_REJECT, REASON_SERVICE_NOT_AVAILABLE, "%s", portal && !portal->offered ? "the Portal's route is not offered yet" : "the service is not given through the Portal");
}

static enum gw_rc look_up(struct intake *in, xmlDoc *document, struct why *why)
{
        const struct application *a = in->application;
        const struct catalogue *catalogue = in->loop->shared->catalogue;
        in->service = catalogue_find(catalogue, a->service_code, in->received_at);
        if (!in->service) {
                why->reason = REASON_SERVICE_UNKNOWN;
                catalogue_explain(catalogue, a->service_code, in->received_at, why);
                return GW_REJECT;
        }
        snprintf(in->service_code, sizeof in->service_code, "%s", in->service->code);
        if (!in->service->channels[0])
                return refuse_by_route(in->service, why);
        if (in->shep_service_id && !service_has_shep_id(in->service, in->shep_service_id))
                return why_set(why, GW_REJECT, REASON_SERVICE_UNKNOWN, "serviceId does not belong to the service of the application");
        if (!service_has_channel(in->service, in->channel))
                return why_set(why, GW_REJECT, REASON_SERVICE_NOT_AVAILABLE, "not through %s", in->channel);
        if (in->sender->services && !settings_list_has(in->sender->services, in->service->code))
                return why_set(why, GW_REJECT, REASON_SENDER_SERVICE_FORBIDDEN, "not among the sender's services");
        enum gw_rc rc = service_check_form(in->service, document, &in->mistake, why);
        if (rc == GW_OK && !in->service->automated)
                return people_check_provider(in->loop->shared->settings, in->service, a->provider_bin, why);
        if (rc == GW_OK && !str_eq(a->provider_bin, in->loop->shared->settings->issuer.bin))
                rc = why_set(why, GW_REJECT, REASON_FORM_INVALID, "providerBin is not the provider that this gateway serves");
        return rc;
}

/* The files that came are those that the applicant signed for, and the service knows what they are. */
static enum gw_rc check_files(struct intake *in, struct why *why)
{
        const struct settings *s = in->loop->shared->settings;
        const struct attachment_limits limits = {(size_t)s->attachments.count, (size_t)s->attachments.file_bytes, (size_t)s->attachments.total_bytes};
        enum gw_rc rc = service_check_attachments(in->service, service_channel_route(in->service, in->channel), in->application, why);
        if (rc != GW_OK)
                return rc;
        return attachments_match(in->application->attachments, in->application->attachment_count, in->files, in->file_count, &limits, in->file_order, why);
}

/* The applicant among the signers: of XML the first, of CMS whichever may. */
static enum gw_rc find_applicant(struct intake *in, const struct applicant_signers *by, struct why *why)
{
        const struct application *a = in->application;
        size_t candidates = str_eq(by->form, "cms") ? by->count : 1;
        enum gw_rc rc = GW_REJECT;
        for (size_t i = 0; rc != GW_OK && i < candidates; i++) {
                struct why other = WHY_INIT;
                rc = verify_applicant_allowed(in->loop->shared->verifier, by->certificates[i], a->declarant_iin, a->representative_iin, i == 0 ? why : &other);
                if (rc == GW_OK)
                        memcpy(in->applicant_iin, by->certificates[i]->iin, sizeof in->applicant_iin);
        }
        if (rc == GW_OK)
                *why = (struct why)WHY_INIT; /* of an earlier candidate */
        return rc;
}

/* The verified application: fields, who may, service. */
static enum gw_rc check_application(struct intake *in, xmlDoc *document, const xmlNode *root, const struct applicant_signers *by, const struct certificate *transport,
                                    struct why *why)
{
        enum gw_rc rc = application_read(root, &in->application, why);
        if (rc == GW_OK)
                rc = find_applicant(in, by, why);
        if (rc == GW_OK) {
                verdict_write(in, transport, by);
                rc = look_up(in, document, why);
        }
        if (rc == GW_OK)
                in->subject = service_subject(in->service, root);
        return rc == GW_OK ? check_files(in, why) : rc;
}

/* From here on it is about the applicant's certificates, of which nothing may be known for now. */
static void may_wait(struct intake *in)
{
        in->revocation.defer = str_eq(in->loop->shared->settings->revocation.unknown, "wait");
}

/* Signed as XML; `document` was read from application_bytes. */
static enum gw_rc check_xml(struct intake *in, xmlDoc *document, const struct certificate *transport, struct why *why)
{
        struct verified_document verified = {0};
        may_wait(in);
        enum gw_rc rc = verify_document(in->loop->shared->verifier, document, in->received_at, &verified, why);
        if (rc != GW_OK)
                return rc;
        struct applicant_signers by = verdict_signers_of_document(&verified);
        rc = check_application(in, document, verified.root, &by, transport, why);
        verified_document_done(&verified);
        return rc;
}

/* Depth is bounded by xml_read(). */
static bool has_signature(const xmlNode *node)
{
        for (const xmlNode *child = xml_first_element(node); child; child = xml_next_element(child))
                if (xml_is(child, DSIG_NS, "Signature") || has_signature(child))
                        return true;
        return false;
}

/* The content of a verified CMS. A signature inside would be a second opinion about who the applicant is: one form or the other. */
static enum gw_rc check_cms_content(struct intake *in, const struct verified_cms *verified, struct span cms, const struct certificate *transport, struct why *why)
{
        auto_xmldoc xmlDoc *document = NULL;
        enum gw_rc rc = xml_read(verified->content, &xml_limits_default, &document, why);
        if (rc != GW_OK)
                return rc;
        const xmlNode *root = xmlDocGetRootElement(document);
        if (xml_is(root, DSIG_NS, "Signature") || has_signature(root))
                return sig_refuse(why, SIG_APPLICANT, SIG_SEVERAL, "an XML signature inside a CMS");
        struct applicant_signers by = verdict_signers_of_cms(verified, cms);
        buf_add_span(&in->application_bytes, verified->content);
        return check_application(in, document, root, &by, transport, why);
}

/* Signed as CMS, with the content inside or beside it: what later stages read is the content, the CMS stays in the envelope. */
static enum gw_rc check_cms(struct intake *in, struct span cms, struct span detached, const struct certificate *transport, struct why *why)
{
        struct verified_cms verified = {.signer_count = 0};
        may_wait(in);
        enum gw_rc rc = verify_cms(in->loop->shared->verifier, cms, detached, in->received_at, &verified, why);
        if (rc != GW_OK)
                return rc;
        rc = check_cms_content(in, &verified, cms, transport, why);
        verified_cms_done(&verified);
        return rc;
}

static enum gw_rc check_data(struct intake *in, const xmlNode *whole, const struct certificate *transport, struct why *why)
{
        const xmlNode *data = NULL;
        enum gw_rc rc = package_read(whole, &data, &in->files, &in->file_count, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf text = BUF_LIMIT(xml_limits_default.bytes_max);
        if (shep_data_other_text(data, &text) && cms_looks_like(buf_span(&text)))
                return check_cms(in, buf_span(&text), span_of(NULL, 0), transport, why);
        auto_xmldoc xmlDoc *document = NULL;
        rc = shep_data_document(data, &xml_limits_default, &document, &in->application_bytes, why);
        return rc == GW_OK ? check_xml(in, document, transport, why) : rc;
}

/* What "the same bytes" means (I2): what the sender asked for, not how often it signed or framed it. */
static void make_digest(struct intake *in, struct wall_time message_date)
{
        auto_buf struct buf b = BUF_INIT;
        buf_printf(&b, "%s\n%s\n%s\n%lld\n", in->channel, in->shep_service_id ? in->shep_service_id : "", in->correlation_id ? in->correlation_id : "",
                   (long long)message_date.ms);
        buf_add_span(&b, buf_span(&in->application_bytes));
        text_sha256(buf_span(&b), in->digest);
}

static enum gw_rc check_envelope(struct intake *in, const struct soap *soap, const struct shep_message *m, struct certificate **ret_transport, struct why *why)
{
        struct shared *s = in->loop->shared;
        enum gw_rc rc = verify_transport(s->verifier, soap, in->received_at, ret_transport, why);
        if (rc == GW_OK)
                verify_transport_facts(soap, &in->transport_facts);
        if (rc == GW_OK)
                rc = check_sender(in, m->sender_id, *ret_transport, why);
        if (rc == GW_OK)
                rc = verify_fresh(&s->policy, m->message_date, in->received_at, why);
        if (rc != GW_OK)
                return rc;
        if (!m->message_id || !m->message_id[0] || strlen(m->message_id) > 100)
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "messageId must have 1 to 100 characters");
        if (m->correlation_id && strlen(m->correlation_id) > 100)
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "correlationId must have at most 100 characters");
        in->message_id = xstrdup(m->message_id);
        in->correlation_id = xstrdup(m->correlation_id && m->correlation_id[0] ? m->correlation_id : m->message_id);
        in->shep_service_id = xstrdup(m->service_id);
        return GW_OK;
}

static enum gw_rc check_shep(struct intake *in, const struct soap *soap, const struct shep_message *m, struct why *why)
{
        auto_certificate struct certificate *transport = NULL;
        enum gw_rc rc = check_envelope(in, soap, m, &transport, why);
        if (rc == GW_OK && m->operation == SHEP_ASYNC_SEND && !str_eq(m->message_type, "REQUEST"))
                rc = why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "messageType must be REQUEST, or UPDATE with a cancellation");
        if (rc == GW_OK)
                rc = check_data(in, m->data, transport, why);
        if (rc == GW_OK) /* an old application in a new envelope is old */
                rc = verify_fresh(&in->loop->shared->policy, in->application->request_date, in->received_at, why);
        if (rc == GW_OK)
                make_digest(in, m->message_date);
        return rc;
}

enum gw_rc intake_check_envelope(struct intake *in, const struct soap *soap, const struct shep_message *m, struct why *why)
{
        auto_certificate struct certificate *transport = NULL;
        revocation_record_begin(&in->revocation, false);
        enum gw_rc rc = check_envelope(in, soap, m, &transport, why);
        revocation_record_end();
        return rc;
}

enum gw_rc intake_check_shep(struct intake *in, const struct soap *soap, const struct shep_message *m, struct why *why)
{
        revocation_record_begin(&in->revocation, false); /* a transport certificate that nobody knows about waits outside */
        enum gw_rc rc = check_shep(in, soap, m, why);
        revocation_record_end();
        return rc;
}

const struct sender_settings *intake_tls_sender(const struct settings *settings, const struct http_peer *peer)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        if (!peer->certificate || X509_digest(peer->certificate, EVP_sha256(), digest, &n) != 1)
                return NULL;
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(digest, n));
        for (size_t i = 0; i < settings->sender_count; i++)
                if (settings_list_has(settings->senders[i].tls_sha256, buf_cstr(&hex)))
                        return &settings->senders[i];
        return NULL;
}

static enum gw_rc check_submission(struct intake *in, struct submission *submission, struct why *why)
{
        in->files = gw_take(&submission->files);
        in->file_count = submission->file_count;
        submission->file_count = 0;
        if (submission->cms.p)
                return check_cms(in, submission->cms, submission->detached, NULL, why);
        auto_xmldoc xmlDoc *document = NULL;
        enum gw_rc rc = xml_read(submission->xml, &xml_limits_default, &document, why);
        if (rc != GW_OK)
                return rc;
        buf_add_span(&in->application_bytes, submission->xml);
        return check_xml(in, document, NULL, why);
}

static enum gw_rc check_rest(struct intake *in, struct span body, enum submission_form form, const char *idempotency_key, const struct http_peer *peer, struct why *why)
{
        struct shared *s = in->loop->shared;
        in->sender = intake_tls_sender(s->settings, peer);
        if (!in->sender)
                return why_set(why, GW_REJECT, REASON_CLIENT_CERTIFICATE_REQUIRED, "no TLS client certificate of a registered sender");
        if (!submission_key_usable(idempotency_key))
                return why_set(why, GW_REJECT, REASON_SOAP_STRUCTURE, "header Idempotency-Key must hold 1 to 100 visible characters");
        in->message_id = xstrdup(idempotency_key);
        in->correlation_id = xstrdup(idempotency_key);
        struct submission submission;
        enum gw_rc rc = submission_read(form, body, &submission, why);
        if (rc == GW_OK)
                rc = check_submission(in, &submission, why);
        submission_done(&submission);
        if (rc == GW_OK)
                rc = verify_fresh(&s->policy, in->application->request_date, in->received_at, why);
        if (rc == GW_OK)
                make_digest(in, in->application->request_date);
        return rc;
}

enum gw_rc intake_check_rest(struct intake *in, struct span body, enum submission_form form, const char *idempotency_key, const struct http_peer *peer, struct why *why)
{
        revocation_record_begin(&in->revocation, false);
        enum gw_rc rc = check_rest(in, body, form, idempotency_key, peer, why);
        revocation_record_end();
        return rc;
}

/* ---- received before ---- */

bool intake_find_repeated(struct intake *in, const char *sender_id, const char *message_id, const char *correlation_id, struct span envelope)
{
        struct why why = WHY_INIT;
        struct intake_result result;
        const struct sender_settings *sender = settings_sender(in->loop->shared->settings, sender_id);
        if (!sender || !message_id || store_same_message(in->loop->reader, sender_id, message_id, envelope, &result, in->service_code, &why) != GW_OK)
                return false;
        in->sender = sender;
        in->result = result;
        free(in->message_id);
        free(in->correlation_id);
        in->message_id = xstrdup(message_id);
        in->correlation_id = xstrdup(correlation_id && *correlation_id ? correlation_id : message_id);
        return true;
}

/* ---- register ---- */

static enum gw_rc register_files(struct store *store, const struct intake *in, struct why *why)
{
        struct attachment_record records[ATTACHMENTS_MAX];
        for (size_t i = 0; i < in->application->attachment_count; i++) {
                const struct attachment_listed *listed = &in->application->attachments[i];
                const struct span bytes = buf_span(&in->files[in->file_order[i]].bytes);
                records[i] = (struct attachment_record){.name = listed->name, .type = attachment_type(bytes), .document = listed->document, .bytes = bytes};
                memcpy(records[i].sha256, listed->sha256, sizeof records[i].sha256);
        }
        return attachments_add(store, in->result.request_id, records, in->application->attachment_count, why);
}

/* What the applicant signed, however it is spelt or enveloped: the number and the moment that he put on it. */
static void name_application(const struct application *a, const char *service_code, uint8_t out[INTAKE_ONCE_SIZE])
{
        auto_buf struct buf b = BUF_INIT;
        uint8_t hash[32];
        buf_printf(&b, "%s\n%s\n%s\n%lld", a->declarant_iin, service_code, a->request_number, (long long)a->request_date.ms);
        text_sha256(buf_span(&b), hash);
        memcpy(out, hash, INTAKE_ONCE_SIZE);
}

static enum gw_rc register_work(struct store *store, void *arg, struct why *why)
{
        struct intake *in = arg;
        const struct application *a = in->application;
        const char *systems[COLLECT_SYSTEMS_MAX];
        for (size_t i = 0; i < in->service->system_count; i++)
                systems[i] = in->service->systems[i];
        struct evidence evidence[INTAKE_EVIDENCE_MAX];
        uint8_t once[INTAKE_ONCE_SIZE];
        name_application(a, in->service->code, once);
        struct intake_record record = {
                .once = span_of(once, sizeof once),
                .evidence = evidence,
                .evidence_count = intake_evidence(&in->revocation, evidence),
                .checking = in->revocation.unknown,
                .channel = in->channel,
                .sender_id = in->sender->id,
                .message_id = in->message_id,
                .received_at = in->received_at,
                .due_at = calendar_watch_due(in->loop->shared->calendar, service_channel_route(in->service, in->channel), in->received_at),
                .service_code = in->service->code,
                .service_version = in->service->version,
                .shep_service_id = in->shep_service_id,
                .correlation_id = in->correlation_id,
                .portal_number = a->request_number,
                .applicant_iin = in->applicant_iin,
                .declarant_iin = a->declarant_iin,
                .provider_bin = a->provider_bin,
                .language = a->language,
                .subject = in->subject,
                .application = buf_span(&in->application_bytes),
                .envelope = buf_span(&in->envelope),
                .verdict = buf_span(&in->verdict),
                .systems = systems,
                .system_count = in->service->system_count,
                .lease_until = {in->received_at.ms + INTAKE_LEASE_MS},
        };
        memcpy(record.digest, in->digest, sizeof record.digest);
        enum gw_rc rc = store_intake(store, &record, &in->result, why);
        if (rc != GW_OK || in->result.outcome == INTAKE_REPEATED)
                return rc;
        rc = register_files(store, in, why);
        if (rc != GW_OK || in->service->automated || record.checking)
                return rc;
        const struct people_new people = {.request_id = in->result.request_id, .service = in->service, .channel = in->channel, .provider_bin = a->provider_bin,
                                          .registered_at = record.received_at, .due_at = record.due_at};
        return people_open(store, in->loop->shared, &people, why);
}

static void on_registered(void *arg, enum gw_rc rc, const struct why *why)
{
        struct intake *in = arg;
        if (rc == GW_OK && in->result.outcome == INTAKE_NEW)
                charts_latency(in->loop->shared->charts, LATENCY_registered, wall_now().ms - in->received_at.ms, wall_now());
        in->done(in->arg, in, rc, why);
}

void intake_register(struct intake *intake)
{
        journal_submit(intake->loop->journal, register_work, on_registered, intake);
}

#define COPY(to, from) snprintf(to, sizeof(to), "%s", (from) ? (from) : "")

void intake_work(const struct intake *intake, struct request_work *ret_work)
{
        const struct application *a = intake->application;
        struct request_work *w = ret_work;
        *w = (struct request_work){
                .id = intake->result.request_id,
                .state = REQUEST_REGISTERED,
                .registered_at = intake->result.registered_at,
                .due_at = intake->result.due_at,
                .application = BUF_INIT,
                .verdict = BUF_INIT,
        };
        COPY(w->number, intake->result.number);
        w->by_people = !intake->service->automated;
        COPY(w->channel, intake->channel);
        COPY(w->service_code, intake->service->code);
        COPY(w->service_version, intake->service->version);
        COPY(w->correlation_id, intake->correlation_id);
        COPY(w->sender_id, intake->sender->id);
        COPY(w->portal_number, a->request_number);
        COPY(w->applicant_iin, intake->applicant_iin);
        COPY(w->declarant_iin, a->declarant_iin);
        COPY(w->provider_bin, a->provider_bin);
        COPY(w->language, a->language);
        buf_add_span(&w->application, buf_span(&intake->application_bytes));
}
