/* The result by a person: its draft, and the signed one, which decides the request. Signature and content are judged on the loop; then one piece of journal work writes the
 * transition, the decision with the document, the messages to the cabinet, and the step, or nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/check/form.h"
#include "gateway/provider/result.h"
#include "gateway/reason.h"
#include "gateway/worker/inbox.h"
#include "gateway/worker/intake.h"
#include "gateway/worker/outgoing.h"
#include "gateway/worker/verdict.h"

#define RESULT_BYTES_MAX ((size_t)512 << 10)
#define PAUSE_MS 100
#define TRIES_MAX 50

/* What both need to know of the request. */
struct subject {
        struct request_work work;
        struct result_facts facts;
        char document_number[20];
};

static void subject_done(struct subject *s)
{
        request_work_done(&s->work);
}

static enum gw_rc subject_of(const struct inbox_call *call, struct subject *ret, struct why *why)
{
        const struct settings *settings = call->loop->shared->settings;
        const struct organisation_settings *provider = settings_organisation_of_bin(settings, call->row.provider_bin);
        if (!provider)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "no [organisation] has the provider's BIN any more");
        enum gw_rc rc = store_work_view(call->loop->reader, call->number, &ret->work, why);
        if (rc != GW_OK)
                return rc;
        /* As of automated results: 201 and the digits of the request's number, unique because a request has one result (I3). */
        snprintf(ret->document_number, sizeof ret->document_number, "201%s", call->row.number + 3);
        ret->facts = (struct result_facts){
                .number = ret->document_number,
                .request_number = call->row.number,
                .portal_number = ret->work.portal_number,
                .service = call->people.steps.service,
                .route = call->people.steps.route,
                .provider_bin = provider->bin,
                .provider_kk = provider->name_kk,
                .provider_ru = provider->name_ru,
                .applicant_iin = ret->work.declarant_iin,
                .note_kk = settings->issuer.note_kk,
                .note_ru = settings->issuer.note_ru,
        };
        return GW_OK;
}

/* ---- the draft ---- */

struct drafting {
        char actor[CASEWORK_STAFF_MAX + 40];
        struct buf draft;
};

static enum gw_rc write_draft(const struct inbox_call *call, struct buf *out, struct why *why)
{
        struct span query = span_str(call->request->query);
        char outcome[16] = "", ground[64] = "";
        auto_buf struct buf kk = BUF_LIMIT(2 * RESULT_TEXT_MAX), ru = BUF_LIMIT(2 * RESULT_TEXT_MAX);
        bool given = form_value(query, "outcome", outcome, sizeof outcome);
        struct subject subject = {.document_number = ""};
        const struct service_paper *paper = NULL;
        enum gw_rc rc = given ? GW_OK : why_set(why, GW_REJECT, REASON_STEP_INPUT, "outcome: is missing");
        if (rc == GW_OK)
                rc = subject_of(call, &subject, why);
        if (rc == GW_OK) {
                subject.facts.outcome = outcome;
                subject.facts.ground = form_value(query, "ground", ground, sizeof ground) ? ground : NULL;
                subject.facts.text_kk = form_text(query, "textKk", &kk) ? buf_cstr(&kk) : NULL;
                subject.facts.text_ru = form_text(query, "textRu", &ru) ? buf_cstr(&ru) : NULL;
                subject.facts.issued_at = call->now;
                rc = result_write(&subject.facts, out, &paper, why);
        }
        subject_done(&subject);
        return rc;
}

static enum gw_rc draft_work(struct store *store, void *arg, struct why *why)
{
        const struct inbox_call *call = arg;
        const struct drafting *d = call->state;
        return casework_note(store, call->row.request_id, d->actor, "read result-draft", call->now, why);
}

static void on_drafted(void *arg, enum gw_rc rc, const struct why *why)
{
        struct inbox_call *call = arg;
        struct drafting *d = call->state;
        if (rc == GW_OK)
                answer_text(call->exchange, 200, "application/xml; charset=utf-8", buf_span(&d->draft));
        buf_done(&d->draft);
        if (rc == GW_OK)
                inbox_call_free(call);
        else
                inbox_refuse(call, why);
}

void inbox_draft(struct inbox_call *call)
{
        struct drafting *d = xcalloc(1, sizeof *d);
        struct why why = WHY_INIT;
        call->state = d;
        d->draft = (struct buf)BUF_INIT;
        enum gw_rc rc = str_eq(call->rest, "/result-draft") ? GW_OK : why_set(&why, GW_REJECT, REASON_REQUEST_NOT_FOUND, "there is no such part of a request");
        if (rc == GW_OK && !steps_role_fits(&call->actor, &call->row, STAFF_PROVIDER))
                rc = why_set(&why, GW_REJECT, REASON_ROLE_REQUIRED, "role PROVIDER of the provider is needed");
        if (rc == GW_OK)
                rc = write_draft(call, &d->draft, &why);
        if (rc != GW_OK) {
                buf_done(&d->draft);
                inbox_refuse(call, &why);
                return;
        }
        snprintf(d->actor, sizeof d->actor, "staff:%s PROVIDER", call->actor.id);
        journal_submit(call->loop->journal, draft_work, on_drafted, call);
}

/* ---- the signed one ---- */

struct deciding {
        struct subject subject;
        int64_t token;
        struct buf bare, document, inputs; /* without the signature; as it goes out; what it was judged by */
        struct result_said said;
        struct revocation_record revocation;
        struct steps_plan plan;
        struct delivery *delivery;
        struct outgoing out;
        char actor[CASEWORK_STAFF_MAX + 40];
        bool repeated;
        int tries;
};

bool inbox_is_result_path(const char *rest)
{
        return str_eq(rest, "/result");
}

static void deciding_done(struct deciding *d)
{
        subject_done(&d->subject);
        buf_done(&d->bare);
        buf_done(&d->document);
        buf_done(&d->inputs);
        result_said_done(&d->said);
        revocation_record_done(&d->revocation);
        outgoing_done(&d->out);
}

static void refuse(struct inbox_call *call, const struct why *why)
{
        deciding_done(call->state);
        inbox_refuse(call, why);
}

static enum gw_rc one_signer(size_t count, struct why *why)
{
        return count == 1 ? GW_OK : why_set(why, GW_REJECT, REASON_RESULT_SIGNATURE_INVALID, "%zu signers: one person signs a result", count);
}

/* The content, then the signer: whoever signs another document is told that first. */
static enum gw_rc judge(struct inbox_call *call, const struct applicant_signers *by, struct why *why)
{
        struct deciding *d = call->state;
        auto_staff struct staff *staff = staff_watch_use(call->loop->shared->staff);
        enum gw_rc rc = one_signer(by->count, why);
        if (rc == GW_OK)
                rc = result_match(&d->subject.facts, call->row.outcome, call->row.ground, buf_span(&d->bare), call->now, &d->said, why);
        if (rc == GW_OK)
                rc = result_signer(staff, by->certificates[0], call->row.provider_bin, &call->actor, why);
        if (rc == GW_OK)
                verdict_write_signers(call->loop->shared->verifier, call->now, by, &d->revocation, &d->inputs);
        return rc;
}

static enum gw_rc judge_xml(struct inbox_call *call, struct why *why)
{
        struct deciding *d = call->state;
        struct verified_document verified = {.root = NULL};
        auto_xmldoc xmlDoc *doc = NULL;
        enum gw_rc rc = xml_read(call->request->body, &xml_limits_default, &doc, why);
        if (rc == GW_OK)
                rc = verify_document_of(call->loop->shared->verifier, SIG_RESULT, doc, call->now, &verified, why);
        if (rc != GW_OK)
                return rc;
        struct applicant_signers by = verdict_signers_of_document(&verified);
        if (xml_c14n(doc, &d->bare))
                rc = judge(call, &by, why);
        else
                rc = why_set(why, GW_FAULT, REASON_INTERNAL, "the result cannot be written");
        verified_document_done(&verified);
        buf_add_span(&d->document, call->request->body);
        return rc;
}

static enum gw_rc judge_cms(struct inbox_call *call, struct why *why)
{
        struct deciding *d = call->state;
        struct verified_cms verified = {.signer_count = 0};
        enum gw_rc rc = verify_cms_of(call->loop->shared->verifier, SIG_RESULT, call->request->body, span_of(NULL, 0), call->now, &verified, why);
        if (rc != GW_OK)
                return rc;
        struct applicant_signers by = verdict_signers_of_cms(&verified, call->request->body);
        buf_add_span(&d->bare, verified.content);
        rc = judge(call, &by, why);
        if (rc == GW_OK)
                result_with_cms(buf_span(&d->bare), call->request->body, &d->document);
        verified_cms_done(&verified);
        return rc;
}

static enum gw_rc judge_body(struct inbox_call *call, struct why *why)
{
        struct deciding *d = call->state;
        enum submission_form form = submission_form_of(http_request_header(call->request, "content-type"));
        if (form != SUBMISSION_XML && form != SUBMISSION_CMS)
                return why_set(why, GW_REJECT, REASON_HTTP_TYPE, "use application/xml or application/cms");
        if (call->request->body.n > RESULT_BYTES_MAX)
                return why_set(why, GW_REJECT, REASON_HTTP_TOO_LARGE, "more than %zu bytes", RESULT_BYTES_MAX);
        revocation_record_begin(&d->revocation, false);
        enum gw_rc rc = form == SUBMISSION_XML ? judge_xml(call, why) : judge_cms(call, why);
        revocation_record_end();
        return rc;
}

/* The messages come after the request's first notice, in the order of their numbers. */
static enum gw_rc compose(struct inbox_call *call, struct why *why)
{
        struct deciding *d = call->state;
        struct loop *loop = call->loop;
        request_work_done(&d->subject.work);
        enum gw_rc rc = store_work_view(loop->reader, call->number, &d->subject.work, why);
        if (rc == GW_OK && d->subject.work.outbox_sequence == 0)
                rc = why_set(why, GW_RETRY, REASON_OVERLOADED, "the first notice is still being written");
        if (rc != GW_OK)
                return rc;
        d->delivery = delivery_new(&loop->delivery, call->row.request_id, call->number);
        if (d->subject.work.outbox_open)
                delivery_hold(d->delivery);
        d->out = (struct outgoing){.loop = loop, .delivery = d->delivery, .work = &d->subject.work};
        const struct outgoing_about about = {.outcome = d->said.outcome, .document_number = d->subject.document_number, .document = buf_span(&d->document)};
        rc = outgoing_compose(&d->out, REQUEST_DECIDED, &about, call->now, why);
        return rc == GW_OK ? outgoing_compose(&d->out, REQUEST_RESULT_SENT, &about, call->now, why) : rc;
}

static enum gw_rc decide_work(struct store *store, void *arg, struct why *why)
{
        struct inbox_call *call = arg;
        struct deciding *d = call->state;
        const struct casework_act act = {
                .request_id = call->row.request_id,
                .token = d->token,
                .step = call->row.step,
                .entry = d->plan.entry,
                .next = &d->plan.place,
                .outcome = d->plan.outcome,
                .ground = d->plan.ground,
                .detail = d->plan.detail,
        };
        enum gw_rc rc = casework_act(store, &act, &d->repeated, why);
        if (rc != GW_OK || d->repeated)
                return rc;
        struct evidence evidence[INTAKE_EVIDENCE_MAX];
        rc = store_evidence(store, evidence, intake_evidence(&d->revocation, evidence), why);
        struct outgoing_decision decision = {
                .from = call->row.state,
                .actor = d->actor,
                .detail = d->said.outcome,
                .out = &d->out,
                .record = {
                        .request_id = call->row.request_id,
                        .outcome = d->said.outcome,
                        .rule = d->said.ground ? d->said.ground : "",
                        .inputs = buf_span(&d->inputs),
                        .document_kind = paper_kind_names[d->said.paper->kind],
                        .document_number = d->subject.document_number,
                        .document = buf_span(&d->document),
                        .at = call->now,
                },
        };
        return rc == GW_OK ? outgoing_decided(store, &decision, why) : rc;
}

/* Everything is told; what is left is between the delivery and the cabinet. */
static void on_delivered(void *arg)
{
        struct loop *loop = arg;
        loop->calls--;
}

static void start_deciding(struct inbox_call *call);

/* A moment, after which it is tried again: the first notice was being written. */
struct pause {
        uv_timer_t timer;
        struct inbox_call *call;
};

static void on_pause_closed(uv_handle_t *handle)
{
        free(handle->data);
}

static void on_paused(uv_timer_t *timer)
{
        struct pause *p = timer->data;
        struct inbox_call *call = p->call;
        uv_close((uv_handle_t *)timer, on_pause_closed);
        start_deciding(call);
}

static void pause_and_try(struct inbox_call *call)
{
        struct pause *p = xcalloc(1, sizeof *p);
        p->call = call;
        uv_timer_init(&call->loop->uv, &p->timer);
        p->timer.data = p;
        uv_timer_start(&p->timer, on_paused, PAUSE_MS, 0);
}

/* What was composed is not sent. */
static void drop_composed(struct inbox_call *call)
{
        struct deciding *d = call->state;
        outgoing_done(&d->out);
        if (!d->delivery)
                return;
        call->loop->calls++; /* until the delivery is over */
        delivery_finish(gw_take(&d->delivery), on_delivered, call->loop);
}

/* A row with the number of ours has come in between (INTERNAL), or the first is not there yet: both pass. */
static bool passes(const struct inbox_call *call, enum gw_rc rc, const struct why *why)
{
        const struct deciding *d = call->state;
        bool soon = (rc == GW_REJECT && why->reason == REASON_INTERNAL) || (rc == GW_RETRY && why->reason == REASON_OVERLOADED);
        return soon && d->tries < TRIES_MAX && !call->loop->draining;
}

static void on_decided(void *arg, enum gw_rc rc, const struct why *why)
{
        struct inbox_call *call = arg;
        struct deciding *d = call->state;
        struct loop *loop = call->loop;
        if (passes(call, rc, why)) {
                d->tries++;
                drop_composed(call);
                pause_and_try(call);
                return;
        }
        if (rc == GW_OK && !d->repeated) {
                atomic_fetch_add(&loop->shared->counters.completed, 1);
                log_event(LOG_INFO, call->number, "request.decided", "service=%s outcome=%s by=%s document=%s call=%s", call->row.service, d->said.outcome, call->actor.id,
                          d->subject.document_number, call->id);
                outgoing_push(&d->out);
        }
        drop_composed(call); /* nothing is left of it once it was pushed */
        if (rc != GW_OK) {
                refuse(call, why);
                return;
        }
        deciding_done(d);
        inbox_answer_case(call, 201);
}

/* The same document with the same token once more, by the same person: the answer was lost. */
static bool was_decided_so(const struct inbox_call *call)
{
        const struct deciding *d = call->state;
        const struct route *route = call->people.steps.route;
        int step = steps_of_act(route, ACT_SIGN) ? steps_of_act(route, ACT_SIGN) : steps_of_act(route, ACT_DECIDE);
        struct request_view view = {.document = BUF_INIT};
        struct why why = WHY_INIT;
        bool done = false;
        if (casework_was_done(call->loop->reader, call->row.request_id, d->token, step, call->actor.id, &done, &why) != GW_OK || !done ||
            store_view_by_id(call->loop->reader, call->row.request_id, true, &view, &why) != GW_OK)
                return false;
        auto_buf struct buf base64 = BUF_INIT;
        text_base64(&base64, call->request->body);
        struct span stored = buf_span(&view.document);
        bool same = call->request->body.n && (span_eq(stored, call->request->body) || (stored.n && memmem(stored.p, stored.n, base64.p, base64.n)));
        request_view_done(&view);
        return same;
}

static enum gw_rc read_token(const struct inbox_call *call, int64_t *ret_token, struct why *why)
{
        const char *header = http_request_header(call->request, "x-claim-token");
        uint64_t token = 0;
        if (!header || !text_to_u64(header, 1, INT64_MAX, &token))
                return why_set(why, GW_REJECT, REASON_STEP_INPUT, "X-Claim-Token: is missing; claim the request first");
        *ret_token = (int64_t)token;
        return GW_OK;
}

/* Who may at all comes before what he has signed. */
static enum gw_rc plan(struct inbox_call *call, const char *outcome, const char *ground, struct why *why)
{
        struct deciding *d = call->state;
        const struct steps_input input = {.step = call->row.step, .outcome = outcome, .ground = ground};
        return steps_plan(&call->people.steps, &call->row, &call->actor, STEPS_RESULT, &input, call->now, &d->plan, why);
}

static enum gw_rc check_right(const struct inbox_call *call, struct why *why)
{
        enum staff_role role = STAFF_ROLE_COUNT;
        const struct route_step *step = steps_at(call->people.steps.route, call->row.step);
        if (!step || (step->act != ACT_SIGN && step->act != ACT_DECIDE))
                return why_set(why, GW_REJECT, REASON_STEP_NOT_NEXT, "step %d is not one of signing", call->row.step);
        enum gw_rc rc = steps_may(&call->people.steps, &call->row, &call->actor, &role, why);
        if (rc == GW_OK)
                snprintf(((struct deciding *)call->state)->actor, sizeof((struct deciding *)0)->actor, "staff:%s %s", call->actor.id, staff_role_names[role]);
        return rc;
}

void inbox_result(struct inbox_call *call)
{
        struct deciding *d = xcalloc(1, sizeof *d);
        struct why why = WHY_INIT;
        call->state = d;
        d->bare = d->document = d->inputs = (struct buf)BUF_INIT;
        enum gw_rc rc = read_token(call, &d->token, &why);
        if (rc == GW_OK && was_decided_so(call)) {
                deciding_done(d);
                inbox_answer_case(call, 201);
                return;
        }
        if (rc == GW_OK)
                rc = check_right(call, &why);
        if (rc == GW_OK)
                rc = subject_of(call, &d->subject, &why);
        if (rc == GW_OK)
                rc = judge_body(call, &why);
        if (rc == GW_OK)
                rc = plan(call, d->said.outcome, d->said.ground, &why);
        if (rc != GW_OK) {
                refuse(call, &why);
                return;
        }
        start_deciding(call);
}

static void start_deciding(struct inbox_call *call)
{
        struct why why = WHY_INIT;
        enum gw_rc rc = compose(call, &why);
        if (rc == GW_OK)
                journal_submit(call->loop->journal, decide_work, on_decided, call);
        else
                on_decided(call, rc, &why);
}
