/* One round of questions to the state information systems. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/collect/collect.h"
#include "gateway/reason.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/soap/shep.h"

struct question {
        struct round *round;
        const struct collect_peer *peer;
        const char *name;
        char *iin, *account;
        char message_id[TEXT_UUID_MAX];
};

struct round {
        struct verifier *verifier;
        char *number, *sender_id, *correlation_id;
        struct question questions[COLLECT_SYSTEMS_MAX];
        struct collect_answer answers[COLLECT_SYSTEMS_MAX];
        size_t count, open;
        collect_done done;
        void *arg;
};

static struct query query_of(const struct question *q, struct wall_time now)
{
        return (struct query){
                .iin = q->iin, .account = q->account, .number = q->round->number, .message_id = q->message_id, .sender_id = q->round->sender_id, .now = now};
}

static enum gw_rc write_envelope(const struct question *q, const struct signing_key *key, struct buf *out, struct why *why)
{
        auto_buf struct buf data = BUF_INIT;
        auto_buf struct buf body = BUF_INIT;
        struct wall_time now = wall_now();
        struct query query = query_of(q, now);
        q->peer->adapter->write_query(&query, &data);
        struct shep_out message = {
                .operation = SHEP_SYNC_SEND,
                .message_id = q->message_id,
                .service_id = q->peer->service_id,
                .sender_id = q->round->sender_id,
                .date = now,
                .data_xml = buf_span(&data),
        };
        shep_write(&body, &message);
        if (buf_failed(&data) || buf_failed(&body))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the question does not fit");
        struct wsse_options options = {.soap_version = 11, .must_understand = true};
        return xml_sign_envelope(key, buf_span(&body), &options, out, why);
}

/* Valid, and from the system we asked. */
static enum gw_rc check_signature(const struct question *q, const struct soap *soap, struct why *why)
{
        auto_certificate struct certificate *certificate = NULL;
        enum gw_rc rc = verify_transport(q->round->verifier, soap, wall_now(), &certificate, why);
        if (rc != GW_OK)
                return rc;
        struct sender_binding binding = {.bin = q->peer->bin};
        return verify_sender_allowed(certificate, &binding, why);
}

/* <gbdfl …>…</gbdfl> into <child …>…</child>, where the case knows an answer by another name than the adapter's. */
static void rename_facts(const struct question *q, struct span facts, struct buf *out)
{
        size_t n = strlen(q->peer->adapter->name);
        GW_ASSERT(facts.n > 2 * n + 4); /* what adapters write: <NAME …</NAME> */
        buf_printf(out, "<%s", q->name);
        buf_add(out, facts.p + 1 + n, facts.n - 2 * n - 2);
        buf_printf(out, "%s>", q->name);
}

static enum gw_rc read_facts(const struct question *q, const xmlNode *root, struct buf *facts, struct why *why)
{
        auto_buf struct buf own = BUF_INIT;
        struct query query = query_of(q, wall_now());
        enum gw_rc rc = q->peer->adapter->read_answer(&query, root, &own, why);
        if (rc != GW_OK)
                return rc;
        rename_facts(q, buf_span(&own), facts);
        return buf_failed(facts) ? why_set(why, GW_FAULT, REASON_INTERNAL, "the facts do not fit") : GW_OK;
}

static enum gw_rc read_envelope(const struct question *q, struct span in, struct buf *facts, struct why *why)
{
        auto_soap struct soap *soap = NULL;
        enum gw_rc rc = soap_parse(in, &xml_limits_default, &soap, why);
        if (rc == GW_OK)
                rc = check_signature(q, soap, why);
        auto_shep_message struct shep_message *message = NULL;
        if (rc == GW_OK)
                rc = shep_read(soap, &message, why);
        if (rc != GW_OK)
                return rc;
        if (message->operation == SHEP_FAULT)
                return why_set(why, GW_RETRY, REASON_REGISTRY_FAULT, "fault %s", reason_known_shep_code(message->error_code));
        if (message->operation != SHEP_SYNC_SEND_RESPONSE)
                return why_set(why, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "not an answer");
        if (message->correlation_id && !str_eq(message->correlation_id, q->message_id))
                return why_set(why, GW_REJECT, REASON_REGISTRY_ANSWER_INVALID, "answers another message");
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        rc = shep_data_document(message->data, &xml_limits_default, &doc, &bytes, why);
        if (rc != GW_OK)
                return rc;
        return read_facts(q, xmlDocGetRootElement(doc), facts, why);
}

/* Whatever is wrong with an answer, the request waits: the system's silence or nonsense is never the citizen's "no". */
static void read_answer(const struct question *q, enum gw_rc rc, const struct http_answer *http, struct collect_answer *answer)
{
        if (rc != GW_OK) {
                answer->rc = GW_RETRY;
                answer->why.reason = answer->why.reason == REASON_PEER_ANSWER_INVALID ? REASON_REGISTRY_ANSWER_INVALID : REASON_REGISTRY_SILENT;
                return;
        }
        enum gw_rc read = read_envelope(q, http->body, &answer->facts, &answer->why);
        if (read == GW_OK) {
                buf_add_span(&answer->envelope, http->body);
                answer->rc = GW_OK;
                return;
        }
        buf_reset(&answer->facts);
        answer->rc = GW_RETRY;
        if (read == GW_RETRY || answer->why.reason == REASON_REGISTRY_FAULT)
                return;
        char detail[sizeof answer->why.detail];
        memcpy(detail, answer->why.detail, sizeof detail);
        why_set(&answer->why, GW_RETRY, REASON_REGISTRY_ANSWER_INVALID, "http %ld, %s: %.160s", http->status, reason_info(answer->why.reason)->name, detail);
}

static void round_finish(struct round *r)
{
        r->done(r->arg, r->answers, r->count);
        for (size_t i = 0; i < r->count; i++) {
                buf_done(&r->answers[i].envelope);
                buf_done(&r->answers[i].facts);
        }
        for (size_t i = 0; i < r->count; i++) {
                free(r->questions[i].iin);
                free(r->questions[i].account);
        }
        free(r->number);
        free(r->sender_id);
        free(r->correlation_id);
        free(r);
}

static void on_answer(void *arg, enum gw_rc rc, const struct http_answer *http, const struct why *why)
{
        struct question *q = arg;
        struct round *r = q->round;
        struct collect_answer *answer = &r->answers[q - r->questions];
        if (rc != GW_OK)
                answer->why = *why;
        read_answer(q, rc, http, answer);
        if (--r->open == 0)
                round_finish(r);
}

static const struct why SILENT = {REASON_SIGNER_UNAVAILABLE, "the question could not be signed"};

void collect_ask(const struct collect_request *request, collect_done done, void *arg)
{
        GW_ASSERT(request->count > 0 && request->count <= COLLECT_SYSTEMS_MAX);
        struct round *r = xcalloc(1, sizeof *r);
        *r = (struct round){
                .verifier = request->verifier,
                .number = xstrdup(request->number),
                .sender_id = xstrdup(request->sender_id),
                .correlation_id = xstrdup(request->correlation_id),
                .count = request->count,
                .open = request->count,
                .done = done,
                .arg = arg,
        };
        struct buf envelopes[COLLECT_SYSTEMS_MAX];
        for (size_t i = 0; i < r->count; i++) {
                envelopes[i] = (struct buf)BUF_INIT;
                const struct collect_question *asked = &request->questions[i];
                r->questions[i] = (struct question){
                        .round = r, .peer = asked->peer, .name = asked->name, .iin = xstrdup(asked->iin), .account = asked->account ? xstrdup(asked->account) : NULL};
                text_uuid(r->questions[i].message_id);
                r->answers[i] = (struct collect_answer){.name = asked->name, .rc = GW_RETRY, .why = SILENT, .envelope = BUF_INIT, .facts = BUF_INIT};
                if (write_envelope(&r->questions[i], request->key, &envelopes[i], &r->answers[i].why) != GW_OK)
                        buf_reset(&envelopes[i]);
        }
        /* A question that could not be signed is not asked; its answer already says so. */
        size_t unsigned_count = 0;
        for (size_t i = 0; i < r->count; i++) {
                if (!envelopes[i].n) {
                        unsigned_count++;
                        continue;
                }
                struct http_post post = {
                        .destination = request->questions[i].peer->destination,
                        .content_type = "text/xml; charset=utf-8",
                        .soap_action = "",
                        .correlation_id = r->correlation_id,
                        .body = buf_span(&envelopes[i]),
                        .done = on_answer,
                        .arg = &r->questions[i],
                };
                http_client_post(request->client, &post);
        }
        for (size_t i = 0; i < r->count; i++)
                buf_done(&envelopes[i]);
        r->open -= unsigned_count;
        if (r->open == 0)
                round_finish(r);
}
