/* One call of the time-stamping authority (RFC 3161 section 3.4). It is believed no more than any peer: a token that does not verify as a stranger
 * would verify it is as good as none, and never gets near a result. */
#include <stdlib.h>

#include <openssl/rand.h>

#include "gateway/base/log.h"
#include "gateway/pki/tsp.h"
#include "gateway/reason.h"
#include "gateway/verify/time_stamp.h"
#include "gateway/worker/stamp.h"

#define NONCE_SIZE 16

struct stamping {
        struct loop *loop;
        struct buf stamped, request;
        struct wall_time asked_at;
        stamp_done done;
        void *arg;
};

static enum tsp_digest digest_of(const char *name)
{
        return str_eq(name, "gost2015") ? TSP_GOST_2015 : str_eq(name, "sha384") ? TSP_SHA384 : str_eq(name, "sha512") ? TSP_SHA512 : TSP_SHA256;
}

static enum gw_rc unavailable(struct why *why, const char *what, const char *detail)
{
        return why_set(why, GW_RETRY, REASON_TIMESTAMP_UNAVAILABLE, "%s: %s", what, detail);
}

static enum gw_rc judge(const struct stamping *s, const struct http_answer *answer, struct buf *token, struct why *why)
{
        struct why detail = WHY_INIT;
        if (answer->status != 200)
                return why_set(why, GW_RETRY, REASON_TIMESTAMP_UNAVAILABLE, "HTTP status %ld", answer->status);
        if (tsp_response(answer->body, buf_span(&s->request), token, &detail) != GW_OK)
                return unavailable(why, "the answer", detail.detail);
        struct time_stamp stamp = {0};
        if (time_stamp_check(s->loop->shared->verifier, SIG_TRANSPORT, buf_span(token), buf_span(&s->stamped), wall_now(), &stamp, &detail) != GW_OK)
                return unavailable(why, "the token", detail.detail);
        int64_t at = stamp.at.ms;
        time_stamp_done(&stamp);
        /* A clock that is behind would prove our signature older than it is; genTime is cut to seconds as a rule. */
        if (at + s->loop->shared->policy.clock_skew_ms < s->asked_at.ms)
                return unavailable(why, "the token", "it names an instant from before it was asked for");
        return GW_OK;
}

static void on_answer(void *arg, enum gw_rc rc, const struct http_answer *answer, const struct why *why)
{
        struct stamping *s = arg;
        struct why verdict = WHY_INIT;
        auto_buf struct buf token = BUF_INIT;
        uint64_t since = stage_now();
        rc = rc == GW_OK ? judge(s, answer, &token, &verdict) : unavailable(&verdict, "no answer", why->detail);
        stage_add(s->loop->shared, STAGE_STAMP, since);
        if (rc != GW_OK)
                atomic_fetch_add(&s->loop->shared->counters.stamp_failures, 1);
        s->done(s->arg, rc, buf_span(&token), &verdict);
        buf_done(&s->stamped);
        buf_done(&s->request);
        free(s);
}

void stamp_ask(struct loop *loop, struct span stamped, stamp_done done, void *arg)
{
        struct stamping *s = xcalloc(1, sizeof *s);
        *s = (struct stamping){.loop = loop, .stamped = BUF_INIT, .request = BUF_INIT, .asked_at = wall_now(), .done = done, .arg = arg};
        uint64_t since = stage_now();
        uint8_t nonce[NONCE_SIZE];
        GW_ASSERT(RAND_bytes(nonce, sizeof nonce) == 1);
        buf_add_span(&s->stamped, stamped);
        GW_ASSERT(tsp_request(digest_of(loop->shared->settings->tsa.digest), stamped, loop->shared->settings->tsa.policy, span_of(nonce, sizeof nonce), &s->request));
        struct http_post post = {
                .destination = loop->shared->tsa,
                .content_type = "application/timestamp-query",
                .body = buf_span(&s->request),
                .done = on_answer,
                .arg = s,
        };
        http_client_post(loop->client, &post);
        stage_add(loop->shared, STAGE_STAMP, since);
}
