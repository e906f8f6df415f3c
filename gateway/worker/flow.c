/* One registered request on its way down: (revocation that was not known at its receipt →) collect → decide → issue → deliver. What people work on goes
 * no further here than its first notice: the rest is the inbox's.
 *
 * The only states kept here are those of the moment; each step ends in one piece of journal work. When a step fails the flow lets go: it
 * gives its lease back (or that runs out) and flow_resume() takes the request up from what the store holds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/issue/issue.h"
#include "gateway/reason.h"
#include "gateway/worker/flow.h"
#include "gateway/worker/intake.h"
#include "gateway/worker/outgoing.h"
#include "gateway/worker/people.h"
#include "gateway/worker/verdict.h"
#include "gateway/worker/stamp.h"

#define RESUME_BATCH 32
#define GIVE_BACK_MS 1000
#define WAKE_PAUSE_MS 10 /* for each request that was woken: after an outage answers come one by one, and most of those who wait wait for another */

struct flow {
        struct loop *loop;
        struct request_work work;
        const struct service *service;
        flow_done done;
        void *arg;
        struct delivery *delivery;
        struct outgoing out;
        bool notice_open, notice_lost; /* the REGISTERED notice is being written / could not be */
        bool answers_in, let_go;
        struct mono_time lease_over;
        uv_timer_t timer;              /* between attempts to give the lease back */
        struct collect_answer answers[COLLECT_SYSTEMS_MAX];
        size_t answer_count;
        struct wall_time now;          /* of the decision, or of the failed round */
        xmlDoc *case_doc;
        struct buf case_text, document;
        struct xades_place place;      /* of the document's time stamp */
        bool stamp_awaited;            /* the round ends because there is none */
        struct decision decision;
        struct revocation_record checked; /* CHECKING: what is known now */
        struct buf verdict;
        int refusal;                   /* a reason, when that was the end of it */
        char document_number[20];
};

static void flow_free(struct flow *f)
{
        outgoing_done(&f->out);
        for (size_t i = 0; i < f->answer_count; i++) {
                buf_done(&f->answers[i].envelope);
                buf_done(&f->answers[i].facts);
        }
        xmlFreeDoc(f->case_doc);
        buf_done(&f->case_text);
        buf_done(&f->document);
        buf_done(&f->verdict);
        revocation_record_done(&f->checked);
        xades_place_done(&f->place);
        request_work_done(&f->work);
        journal_expect(f->loop->shared->journal, -1);
        f->loop->flows--;
        free(f);
}

static int64_t lease_ms(const struct loop *loop)
{
        int64_t longest = 0;
        for (size_t i = 0; i < loop->shared->settings->destination_count; i++)
                if (loop->shared->settings->destinations[i].timeout_ms > longest)
                        longest = loop->shared->settings->destinations[i].timeout_ms;
        return 30000 + 2 * longest + loop->shared->settings->tsa.timeout_ms;
}

static void tell(struct flow *f, bool ready)
{
        if (!f->done)
                return;
        struct flow_outcome outcome = {
                .ready = ready,
                .state = f->work.state,
                .document = buf_span(&f->document),
                .outcome = f->work.outcome[0] ? f->work.outcome : NULL,
                .at = f->now,
        };
        flow_done done = f->done;
        f->done = NULL;
        done(f->arg, &outcome);
}

static void give_lease_back(struct flow *f);

static void on_delivered(void *arg)
{
        struct flow *f = arg;
        if (f->let_go)
                give_lease_back(f);
        else
                flow_free(f);
}

static void flow_end(struct flow *f)
{
        delivery_finish(f->delivery, on_delivered, f);
}

/* ---- letting go ---- */

static void on_timer_closed(uv_handle_t *handle)
{
        flow_free(handle->data);
}

static void on_again(uv_timer_t *timer)
{
        struct flow *f = timer->data;
        if (!f->loop->draining && mono_now().ms < f->lease_over.ms)
                give_lease_back(f);
        else
                uv_close((uv_handle_t *)timer, on_timer_closed);
}

static enum gw_rc give_back_work(struct store *store, void *arg, struct why *why)
{
        struct flow *f = arg;
        struct wall_time next = backoff_next(&f->loop->delivery.backoff, f->work.registered_at, f->work.attempts + 1, wall_now());
        return store_reschedule(store, f->work.id, next, why);
}

/* A full disk: tried again until the lease is over, which does the same, only later. */
static void on_given_back(void *arg, enum gw_rc rc, const struct why *why)
{
        struct flow *f = arg;
        gw_ignore(why->reason); /* GW_REJECT: it has been decided meanwhile */
        if (rc == GW_RETRY)
                uv_timer_start(&f->timer, on_again, GIVE_BACK_MS, 0);
        else
                uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}

static void give_lease_back(struct flow *f)
{
        journal_submit(f->loop->journal, give_back_work, on_given_back, f);
}

/* Something of ours failed, or the store cannot be written: the request is resumed after a pause. */
static void let_go(struct flow *f, const char *step, const struct why *why)
{
        bool waits = why->reason == REASON_APPLICANT_CERTIFICATE_REVOCATION_UNKNOWN;
        log_event(waits ? LOG_INFO : why->reason == REASON_STORE_UNAVAILABLE ? LOG_WARN : LOG_ERROR, f->work.number, "request.postponed", "step=%s reason=%s detail=\"%s\"", step,
                  reason_info(why->reason)->name, why->detail);
        tell(f, false);
        f->let_go = true;
        uv_timer_init(&f->loop->uv, &f->timer);
        f->timer.data = f;
        flow_end(f);
}

/* ---- outgoing rows ---- */

static enum gw_rc compose(struct flow *f, enum request_state state, struct wall_time at, struct why *why)
{
        const struct outgoing_about about = {.outcome = f->work.outcome, .refusal = f->refusal, .document_number = f->document_number, .document = buf_span(&f->document)};
        return outgoing_compose(&f->out, state, &about, at, why);
}

/* ---- a round that brought no decision: the request waits (I4) ---- */

static enum gw_rc record_answers(struct store *store, struct flow *f, struct why *why)
{
        for (size_t i = 0; i < f->answer_count; i++) {
                const struct collect_answer *a = &f->answers[i];
                enum gw_rc rc = a->rc == GW_OK
                                        ? store_answer(store, f->work.id, a->name, buf_span(&a->envelope), buf_span(&a->facts), f->now, why)
                                        : store_query_failed(store, f->work.id, a->name, reason_info(a->why.reason)->name, f->now, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static enum gw_rc wait_work(struct store *store, void *arg, struct why *why)
{
        struct flow *f = arg;
        enum gw_rc rc = record_answers(store, f, why);
        if (rc == GW_OK && f->out.count)
                rc = store_transition(store, f->work.id, f->work.state, REQUEST_AWAITING_DATA, "gateway",
                                      f->stamp_awaited ? "the time-stamping authority has not answered" : "a state system has not answered", f->now, why);
        if (rc == GW_OK)
                rc = outgoing_write(store, &f->out, why);
        if (rc != GW_OK)
                return rc;
        return store_reschedule(store, f->work.id, backoff_next(&f->loop->delivery.backoff, f->work.registered_at, f->work.attempts + 1, f->now), why);
}

static void on_waiting(void *arg, enum gw_rc rc, const struct why *why)
{
        struct flow *f = arg;
        if (rc != GW_OK) {
                let_go(f, "wait", why);
                return;
        }
        f->work.state = REQUEST_AWAITING_DATA;
        atomic_fetch_add(&f->loop->shared->counters.awaiting, 1);
        for (size_t i = 0; i < f->answer_count; i++)
                if (f->answers[i].rc != GW_OK)
                        log_event(LOG_WARN, f->work.number, "request.awaiting", "system=%s reason=%s round=%d detail=\"%s\"", f->answers[i].name,
                                  reason_info(f->answers[i].why.reason)->name, f->work.attempts + 1, f->answers[i].why.detail);
        tell(f, false);
        outgoing_push(&f->out);
        flow_end(f);
}

static void wait_for_data(struct flow *f)
{
        struct why why = WHY_INIT;
        if (f->work.state != REQUEST_AWAITING_DATA && compose(f, REQUEST_AWAITING_DATA, f->now, &why) != GW_OK) {
                let_go(f, "notice", &why);
                return;
        }
        journal_submit(f->loop->journal, wait_work, on_waiting, f);
}

/* ---- decision ---- */

static enum gw_rc build_case(struct flow *f, struct why *why)
{
        auto_xmldoc xmlDoc *application = NULL;
        enum gw_rc rc = xml_read(buf_span(&f->work.application), &xml_limits_default, &application, why);
        if (rc != GW_OK)
                return GW_FAULT; /* it was read when it was registered */
        struct case_fact facts[COLLECT_SYSTEMS_MAX];
        for (size_t i = 0; i < f->answer_count; i++)
                facts[i] = (struct case_fact){.system = f->answers[i].name, .facts = buf_span(&f->answers[i].facts)};
        struct case_input input = {
                .application = xmlDocGetRootElement(application),
                .number = f->work.number,
                .now = f->now,
                .data = f->service->data,
                .facts = facts,
                .fact_count = f->answer_count,
        };
        return case_build(&input, &f->case_doc, why);
}

static enum gw_rc make_document(struct flow *f, struct why *why)
{
        const struct settings *s = f->loop->shared->settings;
        /* Registration numbers are 101…, document numbers 201… with the same sequence: unique, because a request has one result (I3). */
        snprintf(f->document_number, sizeof f->document_number, "201%s", f->work.number + 3);
        struct issue_input input = {
                .service = f->service,
                .case_doc = f->case_doc,
                .decision = &f->decision,
                .document_number = f->document_number,
                .at = f->now,
                .issuer_name_kk = s->issuer.name_kk,
                .issuer_name_ru = s->issuer.name_ru,
                .issuer_bin = s->issuer.bin,
                .note_kk = s->issuer.note_kk,
                .note_ru = s->issuer.note_ru,
        };
        const struct signing_key *key = signer_key(f->loop->signer, f->service->provider_key);
        if (!key)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "the service's provider_key %s has no [key …]", f->service->provider_key);
        return issue_signed(&input, key, f->loop->shared->tsa ? &f->place : NULL, &f->document, why);
}

static enum gw_rc decided_work(struct store *store, void *arg, struct why *why)
{
        struct flow *f = arg;
        enum gw_rc rc = record_answers(store, f, why);
        struct outgoing_decision decision = {
                .from = f->work.state,
                .actor = "gateway",
                .detail = f->decision.rule->id,
                .out = &f->out,
                .record = {
                        .request_id = f->work.id,
                        .outcome = outcome_name(f->decision.outcome),
                        .rule = f->decision.rule->id,
                        .inputs = buf_span(&f->case_text),
                        .document_kind = "certificate",
                        .document_number = f->document_number,
                        .document = buf_span(&f->document),
                        .at = f->now,
                },
        };
        return rc == GW_OK ? outgoing_decided(store, &decision, why) : rc;
}

static void on_decided(void *arg, enum gw_rc rc, const struct why *why)
{
        struct flow *f = arg;
        if (rc != GW_OK) {
                let_go(f, "decision", why);
                return;
        }
        f->work.state = REQUEST_DECIDED;
        atomic_fetch_add(&f->loop->shared->counters.completed, 1);
        charts_latency(f->loop->shared->charts, LATENCY_decision, wall_now().ms - f->work.registered_at.ms, wall_now());
        log_event(LOG_INFO, f->work.number, "request.decided", "service=%s outcome=%s rule=%s document=%s", f->work.service_code, f->work.outcome, f->decision.rule->id, f->document_number);
        tell(f, true);
        outgoing_push(&f->out);
        flow_end(f);
}

static void finish(struct flow *f)
{
        struct why why = WHY_INIT;
        uint64_t since = stage_now();
        snprintf(f->work.outcome, sizeof f->work.outcome, "%s", outcome_name(f->decision.outcome));
        enum gw_rc rc = compose(f, REQUEST_DECIDED, f->now, &why);
        if (rc == GW_OK)
                rc = compose(f, REQUEST_RESULT_SENT, f->now, &why);
        stage_add(f->loop->shared, STAGE_DELIVER, since);
        if (rc == GW_OK)
                journal_submit(f->loop->journal, decided_work, on_decided, f);
        else
                let_go(f, "issue", &why);
}

/* Nothing is decided yet as far as the store knows: when the result has to wait for its stamp, so does the decision, and the next round makes both
 * anew, once (I3). */
static void on_stamp(void *arg, enum gw_rc rc, struct span token, const struct why *why)
{
        struct flow *f = arg;
        struct counters *counters = &f->loop->shared->counters;
        bool required = f->loop->shared->settings->tsa.required;
        if (rc == GW_OK) {
                atomic_fetch_add(&counters->stamped, 1);
                xml_sign_put_time_stamp(&f->document, &f->place, token);
                finish(f);
                return;
        }
        log_event(LOG_WARN, f->work.number, required ? "request.awaiting" : "result.unstamped", "system=tsa reason=%s round=%d detail=\"%s\"",
                  reason_info(why->reason)->name, f->work.attempts + 1, why->detail);
        if (!required) {
                atomic_fetch_add(&counters->unstamped, 1);
                finish(f);
                return;
        }
        f->stamp_awaited = true;
        wait_for_data(f);
}

static void decide_and_issue(struct flow *f)
{
        struct why why = WHY_INIT;
        uint64_t since = stage_now();
        enum gw_rc rc = build_case(f, &why);
        if (rc == GW_OK)
                rc = decide(f->service, f->case_doc, &f->decision, &why);
        since = stage_add(f->loop->shared, STAGE_DECIDE, since);
        if (rc == GW_OK && f->decision.outcome == OUTCOME_WAIT) {
                wait_for_data(f);
                return;
        }
        if (rc == GW_OK)
                rc = make_document(f, &why);
        if (rc == GW_OK && !xml_c14n(f->case_doc, &f->case_text))
                rc = why_set(&why, GW_FAULT, REASON_INTERNAL, "the case cannot be written");
        stage_add(f->loop->shared, STAGE_ISSUE, since);
        if (rc != GW_OK)
                let_go(f, "issue", &why);
        else if (f->loop->shared->tsa)
                stamp_ask(f->loop, buf_span(&f->place.stamped), on_stamp, f);
        else
                finish(f);
}

/* Both the answers and the fate of the REGISTERED notice are known: its row must exist before any later one. */
static void go_on(struct flow *f)
{
        if (f->notice_open || !f->answers_in)
                return;
        if (f->notice_lost) {
                struct why why = {REASON_STORE_UNAVAILABLE, "the notice could not be written"};
                let_go(f, "notice", &why);
                return;
        }
        if (f->stamp_awaited) {
                wait_for_data(f);
                return;
        }
        bool complete = true;
        for (size_t i = 0; i < f->answer_count; i++)
                complete = complete && f->answers[i].rc == GW_OK;
        if (complete)
                decide_and_issue(f);
        else
                wait_for_data(f);
}

static void on_answers(void *arg, struct collect_answer *answers, size_t count)
{
        struct flow *f = arg;
        f->answer_count = count;
        for (size_t i = 0; i < count; i++) {
                f->answers[i] = answers[i];
                answers[i].envelope = answers[i].facts = (struct buf)BUF_INIT;
        }
        f->answers_in = true;
        f->now = wall_now();
        go_on(f);
}

/* ---- start ---- */

static enum gw_rc notice_work(struct store *store, void *arg, struct why *why)
{
        struct flow *f = arg;
        enum gw_rc rc = outgoing_write(store, &f->out, why);
        return rc == GW_OK && f->work.by_people ? store_rest(store, f->work.id, why) : rc;
}

/* From here on it is the people's; the gateway comes back to it with their decision. */
static void hand_over(struct flow *f, enum gw_rc rc, const struct why *why)
{
        if (rc != GW_OK) {
                let_go(f, "notice", why);
                return;
        }
        outgoing_push(&f->out);
        flow_end(f);
}

static void on_notice(void *arg, enum gw_rc rc, const struct why *why)
{
        struct flow *f = arg;
        if (f->work.by_people) {
                hand_over(f, rc, why);
                return;
        }
        f->notice_open = false;
        f->notice_lost = rc != GW_OK;
        if (rc == GW_OK)
                outgoing_push(&f->out);
        go_on(f);
}

static void start_notice(struct flow *f)
{
        struct why why = WHY_INIT;
        uint64_t since = stage_now();
        if (compose(f, REQUEST_REGISTERED, f->work.registered_at, &why) == GW_OK) {
                f->notice_open = true;
                journal_submit(f->loop->journal, notice_work, on_notice, f);
        } else {
                f->notice_lost = true;
        }
        stage_add(f->loop->shared, STAGE_DELIVER, since);
}

/* What the service wants to be asked with: numbers out of the form. The application is read only when there are such. */
struct asked { char *iin, *account; };

static enum gw_rc read_asked(const struct flow *f, struct asked asked[COLLECT_SYSTEMS_MAX], struct why *why)
{
        auto_xmldoc xmlDoc *doc = NULL;
        for (size_t i = 0; i < f->service->system_count; i++) {
                const struct service_question *q = &f->service->questions[i];
                if (!doc && (q->iin_field || q->account_field)) {
                        enum gw_rc rc = xml_read(buf_span(&f->work.application), &xml_limits_default, &doc, why);
                        if (rc != GW_OK)
                                return rc;
                }
                const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
                asked[i].iin = q->iin_field ? application_field(root, q->iin_field) : xstrdup(f->work.declarant_iin);
                asked[i].account = q->account_field ? application_field(root, q->account_field) : NULL;
                if (!asked[i].iin || (q->account_field && !asked[i].account))
                        return why_set(why, GW_FAULT, REASON_INTERNAL, "the application lacks what %s is asked with", f->service->systems[i]);
        }
        return GW_OK;
}

static void asked_done(struct asked asked[COLLECT_SYSTEMS_MAX])
{
        for (size_t i = 0; i < COLLECT_SYSTEMS_MAX; i++) {
                free(asked[i].iin);
                free(asked[i].account);
        }
}

static void ask(struct flow *f, const struct asked asked[COLLECT_SYSTEMS_MAX])
{
        uint64_t since = stage_now();
        struct collect_question questions[COLLECT_SYSTEMS_MAX];
        for (size_t i = 0; i < f->service->system_count; i++)
                questions[i] = (struct collect_question){
                        .peer = shared_peer(f->loop->shared, f->service->questions[i].adapter), /* there: checked at start */
                        .name = f->service->systems[i],
                        .iin = asked[i].iin,
                        .account = asked[i].account,
                };
        struct collect_request request = {
                .questions = questions,
                .count = f->service->system_count,
                .number = f->work.number,
                .sender_id = f->loop->shared->settings->gateway.sender_id,
                .correlation_id = f->work.number,
                .key = signer_key(f->loop->signer, f->loop->shared->settings->gateway.system_key),
                .client = f->loop->client,
                .verifier = f->loop->shared->verifier,
        };
        collect_ask(&request, on_answers, f);
        stage_add(f->loop->shared, STAGE_COLLECT, since);
}

/* Without a time stamp there will be no result, so the state systems are not asked in vain. */
static bool stamp_is_out_of_reach(const struct loop *loop)
{
        const struct shared *s = loop->shared;
        return s->tsa && s->settings->tsa.required && destination_breaker(s->tsa, mono_now()) == BREAKER_OPEN;
}

static void wait_for_stamp(struct flow *f)
{
        log_event(LOG_WARN, f->work.number, "request.awaiting", "system=tsa reason=%s round=%d detail=\"its breaker is open\"",
                  reason_info(REASON_TIMESTAMP_UNAVAILABLE)->name, f->work.attempts + 1);
        f->stamp_awaited = f->answers_in = true;
        go_on(f);
}

static void start_people(struct flow *f)
{
        struct why why = WHY_INIT;
        tell(f, false);
        if (f->work.outbox_sequence == 0 && compose(f, REQUEST_REGISTERED, f->work.registered_at, &why) != GW_OK)
                let_go(f, "notice", &why);
        else
                journal_submit(f->loop->journal, notice_work, on_notice, f);
}

static void start_registered(struct flow *f)
{
        if (f->work.by_people) {
                start_people(f);
                return;
        }
        struct asked asked[COLLECT_SYSTEMS_MAX] = {0};
        struct why why = WHY_INIT;
        if (read_asked(f, asked, &why) != GW_OK) {
                let_go(f, "collect", &why);
        } else {
                if (f->work.outbox_sequence == 0)
                        start_notice(f);
                if (stamp_is_out_of_reach(f->loop))
                        wait_for_stamp(f);
                else
                        ask(f, asked);
        }
        asked_done(asked);
}

/* ---- revocation that was not known at the receipt ---- */

static enum gw_rc open_casework(struct store *store, const struct flow *f, struct why *why)
{
        const struct people_new people = {.request_id = f->work.id, .service = f->service, .channel = f->work.channel, .provider_bin = f->work.provider_bin,
                                          .registered_at = f->work.registered_at, .due_at = f->work.due_at};
        return people_open(store, f->loop->shared, &people, why);
}

static enum gw_rc checked_work(struct store *store, void *arg, struct why *why)
{
        struct flow *f = arg;
        struct evidence evidence[INTAKE_EVIDENCE_MAX];
        size_t count = intake_evidence(&f->checked, evidence);
        enum request_state to = f->refusal ? REQUEST_REJECTED_INTAKE : REQUEST_REGISTERED;
        const char *detail = f->refusal ? reason_info(f->refusal)->name : "not revoked at the instant of receipt";
        enum gw_rc rc = store_checked(store, f->work.id, buf_span(&f->verdict), evidence, count, why);
        if (rc == GW_OK)
                rc = store_transition(store, f->work.id, REQUEST_CHECKING, to, "gateway", detail, f->now, why);
        if (rc == GW_OK && f->work.by_people && !f->refusal)
                rc = open_casework(store, f, why);
        return rc == GW_OK ? outgoing_write(store, &f->out, why) : rc;
}

static void on_checked(void *arg, enum gw_rc rc, const struct why *why)
{
        struct flow *f = arg;
        if (rc != GW_OK) {
                let_go(f, "checked", why);
                return;
        }
        log_event(LOG_INFO, f->work.number, f->refusal ? "request.rejected" : "request.checked", "service=%s reason=%s", f->work.service_code,
                  f->refusal ? reason_info(f->refusal)->name : "OK");
        f->work.state = f->refusal ? REQUEST_REJECTED_INTAKE : REQUEST_REGISTERED;
        if (!f->refusal) {
                start_registered(f);
                return;
        }
        atomic_fetch_add(&f->loop->shared->counters.refused, 1);
        outgoing_push(&f->out);
        flow_end(f);
}

static void start_checking(struct flow *f)
{
        struct why why = WHY_INIT;
        uint64_t since = stage_now();
        enum gw_rc rc = verdict_check_again(f->loop, &f->work, &f->checked, &f->verdict, &why);
        stage_add(f->loop->shared, STAGE_VERIFY, since);
        if (rc == GW_REJECT) {
                f->refusal = why.reason;
                rc = compose(f, REQUEST_REJECTED_INTAKE, f->now, &why);
        }
        if (rc == GW_OK)
                journal_submit(f->loop->journal, checked_work, on_checked, f);
        else
                let_go(f, "check", &why);
}

void flow_start(struct loop *loop, struct request_work *work, flow_done done, void *arg)
{
        struct flow *f = xcalloc(1, sizeof *f);
        loop->flows++;
        journal_expect(loop->shared->journal, 1);
        f->loop = loop;
        f->work = *work;
        work->application = work->verdict = (struct buf)BUF_INIT;
        f->case_text = f->document = f->verdict = (struct buf)BUF_INIT;
        f->done = done;
        f->arg = arg;
        f->now = wall_now();
        f->lease_over = (struct mono_time){mono_now().ms + lease_ms(loop)};
        f->delivery = delivery_new(&loop->delivery, f->work.id, f->work.number);
        f->out = (struct outgoing){.loop = loop, .delivery = f->delivery, .work = &f->work};
        if (f->work.outbox_open)
                delivery_hold(f->delivery);
        f->service = catalogue_find(loop->shared->catalogue, f->work.service_code, f->work.registered_at);
        if (f->service && !f->service->automated)
                f->work.by_people = true; /* it may be in CHECKING still, where nobody works on it yet */
        if (!f->service || (!f->work.by_people && !f->service->system_count)) {
                struct why why = {REASON_CONFIGURATION, "the catalogue no longer has this service"};
                let_go(f, "service", &why);
                return;
        }
        if (f->work.state == REQUEST_CHECKING)
                start_checking(f);
        else
                start_registered(f);
}

/* ---- resume ---- */

struct resume {
        struct loop *loop;
        struct request_work rows[RESUME_BATCH];
        size_t count;
        bool wake;                     /* something about revocation has become known */
        uint64_t news;
        int woken;
};

static enum gw_rc resume_work(struct store *store, void *arg, struct why *why)
{
        struct resume *r = arg;
        struct wall_time now = wall_now();
        enum gw_rc rc = r->wake ? store_wake_checking(store, now, &r->woken, why) : GW_OK;
        if (rc != GW_OK)
                return rc;
        return store_request_claim(store, now, (struct wall_time){now.ms + lease_ms(r->loop)}, RESUME_BATCH, r->rows, &r->count, why);
}

static void on_resumed(void *arg, enum gw_rc rc, const struct why *why)
{
        struct resume *r = arg;
        gw_ignore(why->reason); /* the journal has logged a store that cannot be written */
        r->loop->resuming = false;
        if (rc == GW_OK && r->wake) {
                r->loop->revocation_news = r->news;
                r->loop->wake_at.ms = mono_now().ms + (int64_t)r->woken * WAKE_PAUSE_MS;
        }
        for (size_t i = 0; i < r->count; i++) {
                if (rc == GW_OK) {
                        log_event(LOG_INFO, r->rows[i].number, "request.resumed", "state=%s round=%d", request_state_info(r->rows[i].state)->code, r->rows[i].attempts + 1);
                        flow_start(r->loop, &r->rows[i], NULL, NULL);
                }
                request_work_done(&r->rows[i]); /* they were read even when the commit of their leases failed */
        }
        bool more = rc == GW_OK && r->count == RESUME_BATCH;
        struct loop *loop = r->loop;
        free(r);
        if (more)
                flow_resume(loop);
}

void flow_resume(struct loop *loop)
{
        if (loop->resuming || loop->draining || loop->flows > RESUME_BATCH * 4)
                return;
        struct resume *r = xcalloc(1, sizeof *r);
        r->loop = loop;
        uint64_t news = loop->shared->revocation ? revocation_news(loop->shared->revocation) : 0;
        r->news = news;
        r->wake = news != loop->revocation_news && mono_now().ms >= loop->wake_at.ms;
        loop->resuming = true;
        journal_submit(loop->journal, resume_work, on_resumed, r);
}
