/* Prometheus text: counters of the whole worker. No identifiers (I8). */
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"
#include "gateway/worker/trust_watch.h"

static void counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
        buf_printf(out, "# HELP egov_%s %s\n# TYPE egov_%s counter\negov_%s %llu\n", name, help, name, name, (unsigned long long)value);
}

static uint64_t signatures_made(const struct shared *s)
{
        uint64_t sum = 0;
        for (size_t i = 0; i < s->loop_count; i++)
                sum += signer_count(s->loops[i].signer);
        return sum;
}

static uint64_t uses_of_key(const struct shared *s, size_t index)
{
        uint64_t sum = 0;
        struct signer_key_facts facts;
        for (size_t i = 0; i < s->loop_count; i++)
                if (signer_key_facts(s->loops[i].signer, index, &facts))
                        sum += facts.uses;
        return sum;
}

static void write_keys(struct buf *out, const struct loop *loop)
{
        struct signer_key_facts facts;
        buf_add_str(out, "# HELP egov_key_uses_total Signatures made with each of our keys\n# TYPE egov_key_uses_total counter\n");
        for (size_t i = 0; signer_key_facts(loop->signer, i, &facts); i++)
                buf_printf(out, "egov_key_uses_total{key=\"%s\"} %llu\n", facts.id, (unsigned long long)uses_of_key(loop->shared, i));
}

static void write_store(struct buf *out, struct loop *loop)
{
        struct why why = WHY_INIT;
        struct store_totals totals;
        if (store_totals(loop->reader, wall_now(), &totals, &why) != GW_OK)
                return;
        buf_add_str(out, "# HELP egov_requests Stored requests by state\n# TYPE egov_requests gauge\n");
        for (int i = 0; i < REQUEST_STATE_COUNT; i++)
                buf_printf(out, "egov_requests{state=\"%s\"} %lld\n", request_state_info((enum request_state)i)->code, (long long)totals.requests[i]);
        buf_printf(out, "# HELP egov_requests_overdue Requests not decided in time\n# TYPE egov_requests_overdue gauge\negov_requests_overdue %lld\n", (long long)totals.overdue);
        buf_printf(out, "# HELP egov_outbox Outbox rows by state\n# TYPE egov_outbox gauge\negov_outbox{state=\"pending\"} %lld\negov_outbox{state=\"parked\"} %lld\n",
                   (long long)totals.outbox_pending, (long long)totals.outbox_parked);
}

static void write_authority(void *arg, const struct revocation_authority_view *view)
{
        struct buf *out = arg;
        int64_t now = wall_now().ms;
        if (view->this_update.ms) {
                buf_printf(out, "egov_revocation_crl_age_seconds{authority=\"%s\"} %lld\n", view->name, (long long)(now - view->this_update.ms) / 1000);
                buf_printf(out, "egov_revocation_crl_entries{authority=\"%s\"} %zu\n", view->name, view->entries);
        }
        buf_printf(out, "egov_revocation_crl_usable{authority=\"%s\"} %d\n", view->name, view->usable);
        for (int kind = 0; kind < REVOCATION_KINDS; kind++) {
                if (!view->asked[kind])
                        continue;
                const char *source = revocation_kind_names[kind];
                buf_printf(out, "egov_revocation_source_up{authority=\"%s\",source=\"%s\"} %d\n", view->name, source, !view->down[kind]);
                if (kind != REVOCATION_OCSP)
                        buf_printf(out, "egov_revocation_refresh_in_seconds{authority=\"%s\",source=\"%s\"} %lld\n", view->name, source, (long long)(view->refresh[kind].ms - now) / 1000);
        }
}

static void write_revocation(struct buf *out, struct revocation *revocation)
{
        static const char *const answers[] = {"unknown", "good", "bad"}, *const sources[] = {"none", "ocsp", "crl"};
        struct revocation_counts counts;
        revocation_count(revocation, &counts);
        buf_add_str(out, "# HELP egov_revocation_answers_total Questions of the request path about certificates, by the source that decided\n# TYPE egov_revocation_answers_total counter\n");
        for (int source = 0; source < 3; source++)
                for (int answer = 0; answer < 3; answer++)
                        buf_printf(out, "egov_revocation_answers_total{source=\"%s\",answer=\"%s\"} %llu\n", sources[source], answers[answer],
                                   (unsigned long long)counts.answers[source][answer]);
        buf_add_str(out, "# HELP egov_revocation_fetches_total Answers fetched, and attempts that failed\n# TYPE egov_revocation_fetches_total counter\n");
        for (int kind = 0; kind < REVOCATION_KINDS; kind++)
                buf_printf(out, "egov_revocation_fetches_total{source=\"%s\",result=\"taken\"} %llu\negov_revocation_fetches_total{source=\"%s\",result=\"failed\"} %llu\n",
                           revocation_kind_names[kind], (unsigned long long)counts.fetched[kind], revocation_kind_names[kind], (unsigned long long)counts.failed[kind]);
        buf_printf(out, "# HELP egov_revocation_certificates Certificates whose answers are held or fetched\n# TYPE egov_revocation_certificates gauge\negov_revocation_certificates %zu\n",
                   counts.certificates);
        revocation_each_authority(revocation, write_authority, out);
}

void endpoint_metrics(struct loop *loop, struct http_exchange *exchange)
{
        struct shared *s = loop->shared;
        struct verify_counts v = verifier_counts(s->verifier);
        auto_buf struct buf out = BUF_INIT;
        counter(&out, "requests_accepted_total", "Requests registered", s->counters.accepted);
        counter(&out, "requests_repeated_total", "Repetitions answered alike", s->counters.repeated);
        counter(&out, "requests_refused_total", "Messages refused", s->counters.refused);
        counter(&out, "requests_decided_total", "Requests decided", s->counters.completed);
        counter(&out, "requests_postponed_total", "Rounds that ended in waiting for data", s->counters.awaiting);
        counter(&out, "results_stamped_total", "Results with a time stamp", s->counters.stamped);
        counter(&out, "results_unstamped_total", "Results delivered without the time stamp that was asked for", s->counters.unstamped);
        counter(&out, "stamp_failures_total", "Calls of the time-stamping authority that gave no good time stamp", s->counters.stamp_failures);
        counter(&out, "steps_near_total", "Steps of people whose end came near", s->counters.steps_near);
        counter(&out, "steps_over_total", "Steps of people whose time ran out", s->counters.steps_over);
        counter(&out, "signatures_verified_total", "Signatures checked", v.signatures);
        counter(&out, "certificates_decoded_total", "Certificates decoded", v.decoded);
        counter(&out, "chains_checked_total", "Certificate chains checked", v.chains);
        counter(&out, "signatures_made_total", "Signatures asked from the signer", signatures_made(s));
        counter(&out, "logins_total", "Sessions begun with an EDS", s->counters.logins);
        counter(&out, "logins_refused_total", "Logins and challenges refused", s->counters.logins_refused);
        buf_printf(&out, "# HELP egov_sessions People who are logged in\n# TYPE egov_sessions gauge\negov_sessions %zu\n", sessions_count(s->sessions));
        struct journal_counts j = journal_counts(s->journal);
        counter(&out, "journal_pieces_total", "Pieces of work done by the journal", j.pieces);
        counter(&out, "journal_commits_total", "Commits they took", j.commits);
        buf_add_str(&out, "# HELP egov_stage_cpu_seconds_total CPU time of the event loops by stage\n# TYPE egov_stage_cpu_seconds_total counter\n");
        for (int i = 0; i < STAGE_COUNT; i++)
                buf_printf(&out, "egov_stage_cpu_seconds_total{stage=\"%s\"} %.6f\n", stage_names[i], (double)s->counters.stage_ns[i] / 1e9);
        buf_add_str(&out, "# HELP egov_breaker Breaker by destination (0 closed, 1 open, 2 half-open)\n# TYPE egov_breaker gauge\n");
        for (size_t i = 0; i < s->destination_count; i++)
                buf_printf(&out, "egov_breaker{destination=\"%s\"} %d\n", destination_name(s->destinations[i]), (int)destination_breaker(s->destinations[i], mono_now()));
        if (s->revocation)
                write_revocation(&out, s->revocation);
        trust_watch_metrics(loop, &out);
        write_keys(&out, loop);
        write_store(&out, loop);
        answer_text(exchange, 200, "text/plain; version=0.0.4", buf_span(&out));
}
