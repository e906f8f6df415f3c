/* Prometheus text: counters of the whole worker. No identifiers (I8). */
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"

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

static void write_store(struct buf *out, struct loop *loop)
{
        struct why why = WHY_INIT;
        struct store_totals totals;
        if (store_totals(loop->reader, wall_now(), &totals, &why) != GW_OK)
                return;
        buf_add_str(out, "# HELP egov_requests Stored requests by state\n# TYPE egov_requests gauge\n");
        for (int i = 0; i < REQUEST_STATE_COUNT; i++)
                buf_printf(out, "egov_requests{state=\"%s\"} %lld\n", request_state_info((enum request_state)i)->code, (long long)totals.requests[i]);
        buf_printf(out, "# HELP egov_outbox Outbox rows by state\n# TYPE egov_outbox gauge\negov_outbox{state=\"pending\"} %lld\negov_outbox{state=\"parked\"} %lld\n",
                   (long long)totals.outbox_pending, (long long)totals.outbox_parked);
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
        counter(&out, "signatures_verified_total", "Signatures checked", v.signatures);
        counter(&out, "certificates_decoded_total", "Certificates decoded", v.decoded);
        counter(&out, "chains_checked_total", "Certificate chains checked", v.chains);
        counter(&out, "signatures_made_total", "Signatures asked from the signer", signatures_made(s));
        struct journal_counts j = journal_counts(s->journal);
        counter(&out, "journal_pieces_total", "Pieces of work done by the journal", j.pieces);
        counter(&out, "journal_commits_total", "Commits they took", j.commits);
        buf_add_str(&out, "# HELP egov_stage_cpu_seconds_total CPU time of the event loops by stage\n# TYPE egov_stage_cpu_seconds_total counter\n");
        for (int i = 0; i < STAGE_COUNT; i++)
                buf_printf(&out, "egov_stage_cpu_seconds_total{stage=\"%s\"} %.6f\n", stage_names[i], (double)s->counters.stage_ns[i] / 1e9);
        buf_add_str(&out, "# HELP egov_breaker Breaker by destination (0 closed, 1 open, 2 half-open)\n# TYPE egov_breaker gauge\n");
        for (size_t i = 0; i < s->destination_count; i++)
                buf_printf(&out, "egov_breaker{destination=\"%s\"} %d\n", destination_name(s->destinations[i]), (int)destination_breaker(s->destinations[i], mono_now()));
        write_store(&out, loop);
        answer_text(exchange, 200, "text/plain; version=0.0.4", buf_span(&out));
}
