/* `egov-gateway evidence`: everything that is kept about a request, as a folder that can be checked again without this gateway. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/deliver/push.h"
#include "gateway/reason.h"
#include "gateway/register/attachments.h"
#include "gateway/register/casework.h"
#include "gateway/register/papers.h"
#include "gateway/register/proof.h"
#include "gateway/settings.h"

#define SETTINGS_BYTES ((size_t)4 << 20)

struct export {
        struct store_reader *reader;
        struct request_view view;
        const char *folder;
        struct buf sums, named;       /* SHA256SUMS; all text that may name evidence by its digest */
        json_t *events, *history;
        size_t files;
        enum gw_rc rc;                /* sticky, with why */
        struct why why;
};

static bool is_xml(struct span bytes)
{
        struct span trimmed = text_trim(bytes);
        return trimmed.n && trimmed.p[0] == '<';
}

static void put(struct export *e, const char *name, struct span bytes)
{
        auto_str char *path = xasprintf("%s/%s", e->folder, name);
        uint8_t digest[32];
        if (e->rc != GW_OK || !bytes.n)
                return;
        if (!text_write_file(path, bytes, 0600)) {
                e->rc = why_say(&e->why, GW_FAULT, "%.150s cannot be written: %s", path, strerror(errno));
                return;
        }
        text_sha256(bytes, digest);
        text_hex(&e->sums, span_of(digest, sizeof digest));
        buf_printf(&e->sums, "  %s\n", name);
        e->files++;
}

static void put_json(struct export *e, const char *name, json_t *json)
{
        char *text = json_dumps(json, JSON_INDENT(2));
        put(e, name, span_str(text ? text : ""));
        free(text);
        json_decref(json);
}

static void make_folder(struct export *e, const char *name)
{
        auto_str char *path = *name ? xasprintf("%s/%s", e->folder, name) : xstrdup(e->folder);
        if (e->rc == GW_OK && mkdir(path, 0700) != 0)
                e->rc = why_say(&e->why, GW_REJECT, "%.150s: %s", path, strerror(errno));
}

static void keep(struct export *e, enum gw_rc rc)
{
        if (e->rc == GW_OK)
                e->rc = rc;
}

/* ---- parts ---- */

static void on_body(void *arg, struct span application, struct span envelope, struct span verdict)
{
        struct export *e = arg;
        put(e, is_xml(application) ? "application.xml" : "application.bin", application);
        put(e, is_xml(envelope) ? "message.xml" : "message.bin", envelope);
        put(e, "verdict.json", verdict);
        buf_add_span(&e->named, verdict);
}

static void on_answer(void *arg, const char *system, struct span envelope, struct span facts)
{
        auto_str char *name = xasprintf("answers/%s.xml", system), *read = xasprintf("answers/%s.facts.xml", system);
        put(arg, name, envelope);
        put(arg, read, facts);
}

static void on_decision(void *arg, const char *outcome, const char *rule, struct wall_time at, const char *document_number, struct span inputs, struct span document)
{
        struct export *e = arg;
        char when[CLOCK_TEXT_MAX];
        put_json(e, "decision.json", json_pack("{s:s, s:s, s:s, s:s}", "outcome", outcome, "rule", rule, "decidedAt", clock_iso(at, when), "documentNumber", document_number));
        put(e, is_xml(inputs) ? "decision-inputs.xml" : "decision-inputs.json", inputs);
        put(e, "result.xml", document);
        buf_add_span(&e->named, inputs);
}

/* A webhook is its body and the CMS over it, as openssl cms wants them. */
static void on_message(void *arg, int64_t id, const char *destination, const char *kind, struct span payload)
{
        struct export *e = arg;
        auto_str char *where = xstrdup(destination), *signature = NULL;
        auto_buf struct buf der = BUF_INIT;
        struct span body;
        for (char *c = where; *c; c++)
                *c = *c == ':' ? '-' : *c;
        auto_str char *base = xasprintf("messages/%lld-%s-%s", (long long)id, where, kind);
        if (is_xml(payload) || !push_webhook_parts(payload, &signature, &body) || !text_unbase64(&der, span_str(signature))) {
                auto_str char *name = xasprintf("%s.xml", base);
                put(e, name, payload);
                return;
        }
        auto_str char *json = xasprintf("%s.json", base), *cms = xasprintf("%s.json.p7s", base);
        put(e, json, body);
        put(e, cms, buf_span(&der));
}

static void on_event(void *arg, int64_t seq, struct wall_time at, enum request_state from, enum request_state to, const char *actor, const char *detail)
{
        struct export *e = arg;
        char when[CLOCK_TEXT_MAX];
        json_array_append_new(e->events, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "seq", (json_int_t)seq, "at", clock_iso(at, when), "from", request_state_info(from)->code, "to",
                                                   request_state_info(to)->code, "actor", actor, "detail", detail));
}

static void on_entry(void *arg, const struct casework_entry *entry)
{
        struct export *e = arg;
        char when[CLOCK_TEXT_MAX];
        json_array_append_new(e->history, json_pack("{s:s, s:i, s:s, s:s, s:s, s:s}", "at", clock_iso(entry->at, when), "step", entry->step, "act", entry->act, "role", entry->role, "staff", entry->staff,
                                                    "comment", entry->comment));
}

static void on_paper(void *arg, const struct paper_view *paper)
{
        struct export *e = arg;
        auto_str char *name = xasprintf("papers/%lld-%s.xml", (long long)paper->id, paper->kind);
        auto_buf struct buf content = BUF_INIT;
        struct paper_view view;
        keep(e, papers_view(e->reader, e->view.id, paper->id, &view, &content, &e->why));
        put(e, name, buf_span(&content));
}

/* By their number: the names are the applicant's. */
static void on_attachment(void *arg, const struct attachment_view *attachment)
{
        struct export *e = arg;
        auto_str char *name = xasprintf("attachments/%d.bin", attachment->n);
        auto_buf struct buf bytes = BUF_INIT;
        struct attachment_view view;
        keep(e, attachments_read(e->reader, e->view.id, attachment->n, &view, &bytes, &e->why));
        put(e, name, buf_span(&bytes));
}

static void put_evidence(struct export *e, const char *hex)
{
        uint8_t digest[32];
        char kind[8] = "";
        bool found = false;
        auto_buf struct buf bytes = BUF_INIT;
        for (size_t i = 0; i < sizeof digest; i++) {
                const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
                digest[i] = (uint8_t)strtoul(pair, NULL, 16);
        }
        keep(e, proof_bytes(e->reader, digest, &found, kind, &bytes, &e->why));
        auto_str char *name = xasprintf("revocation/%.16s.%s", hex, kind);
        auto_str char *there = xasprintf("  %s\n", name);
        if (found && !strstr(buf_cstr(&e->sums), there))
                put(e, name, buf_span(&bytes));
}

/* Whatever the verdict and the decision name by 64 hexadecimal digits, when it is kept. */
static void put_named_evidence(struct export *e)
{
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *text = buf_cstr(&e->named);
        while (*text) {
                text += strcspn(text, digits);
                size_t n = strspn(text, digits);
                if (n == 64)
                        put_evidence(e, text);
                text += n;
        }
}

/* The rules of verification, as `verify --policy` reads them: the section of the configuration, and nothing else of it. */
static void put_policy(struct export *e, const char *conf)
{
        auto_buf struct buf text = BUF_LIMIT(SETTINGS_BYTES), section = BUF_INIT;
        if (!text_read_file(conf, &text))
                return;
        buf_add_str(&section, "[verify]\n");
        const char *at = strstr(buf_cstr(&text), "\n[verify]\n");
        for (at = at ? at + strlen("\n[verify]\n") : ""; *at && *at != '[';) {
                size_t n = strcspn(at, "\n");
                buf_add(&section, at, n);
                buf_add_char(&section, '\n');
                at += n + (at[n] == '\n');
        }
        put(e, "policy.conf", buf_span(&section));
}

static void put_readme(struct export *e)
{
        auto_buf struct buf text = BUF_INIT;
        char at[CLOCK_TEXT_MAX];
        clock_iso(e->view.registered_at, at);
        buf_printf(&text, "Everything that the gateway keeps about request %s. It holds personal data.\n\n"
                          "sha256sum -c SHA256SUMS\n"
                          "    nothing here was changed since the export\n"
                          "egov-gateway verify --trust TRUST --policy policy.conf --crl revocation --ocsp revocation --at %s application.xml\n"
                          "    the applicant's signature, as of the receipt, by the answers about revocation that were known then\n"
                          "egov-gateway verify --trust TRUST --policy policy.conf --at %s message.xml\n"
                          "    the sender's signature (a SOAP message)\n"
                          "egov-gateway verify --trust TRUST result.xml; xmlsec1 --verify --trusted-pem TRUST/ISSUER.pem result.xml\n"
                          "    the signature of the result\n"
                          "openssl cms -verify -inform DER -in messages/N.json.p7s -content messages/N.json -binary -CAfile TRUST.pem -purpose any\n"
                          "    a webhook\n\n"
                          "message: as received. application: what was verified of it. verdict.json: the report. revocation/: OCSP answers and CRLs that it and the decision rest on.\n"
                          "answers/: of state systems, as received and as read. decision*, result.xml: what was decided, out of what. messages/: what was sent.\n"
                          "events.json: the record, hash-chained in the store (egov-gateway fsck). history.json, papers/, attachments/: of people's work.\n", e->view.number, at, at);
        put(e, "README.txt", buf_span(&text));
}

/* ---- the whole ---- */

static void put_request(struct export *e)
{
        char registered[CLOCK_TEXT_MAX], due[CLOCK_TEXT_MAX];
        put_json(e, "request.json", json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "number", e->view.number, "service", e->view.service_code, "state", request_state_info(e->view.state)->code,
                                              "registeredAt", clock_iso(e->view.registered_at, registered), "dueAt", e->view.due_at.ms >= WALL_NEVER_MS ? "" : clock_iso(e->view.due_at, due), "sender",
                                              e->view.sender_id, "correlationId", e->view.correlation_id, "portalNumber", e->view.portal_number));
}

static void export_all(struct export *e, const char *conf)
{
        static const char *const folders[] = {"", "answers", "messages", "revocation", "papers", "attachments"};
        for (size_t i = 0; i < GW_COUNT(folders); i++)
                make_folder(e, folders[i]);
        put_request(e);
        if (e->rc == GW_OK)
                keep(e, proof_body(e->reader, e->view.id, on_body, e, &e->why));
        if (e->rc == GW_OK)
                keep(e, proof_answers(e->reader, e->view.id, on_answer, e, &e->why));
        if (e->rc == GW_OK)
                keep(e, proof_decision(e->reader, e->view.id, on_decision, e, &e->why));
        if (e->rc == GW_OK)
                keep(e, proof_messages(e->reader, e->view.id, on_message, e, &e->why));
        if (e->rc == GW_OK)
                keep(e, store_events(e->reader, e->view.id, on_event, e, &e->why));
        if (e->rc == GW_OK)
                keep(e, casework_history(e->reader, e->view.id, on_entry, e, &e->why));
        if (e->rc == GW_OK)
                keep(e, papers_list(e->reader, e->view.id, on_paper, e, &e->why));
        if (e->rc == GW_OK)
                keep(e, attachments_list(e->reader, e->view.id, on_attachment, e, &e->why));
        put_json(e, "events.json", json_incref(e->events));
        put_json(e, "history.json", json_incref(e->history));
        put_named_evidence(e);
        put_policy(e, conf);
        put_readme(e);
        auto_buf struct buf sums = BUF_INIT;
        buf_add_span(&sums, buf_span(&e->sums));
        put(e, "SHA256SUMS", buf_span(&sums));
}

static int evidence_run(int argc, char **argv)
{
        const char *conf = NULL, *out = NULL;
        const struct option_row rows[] = {
                {"conf", "FILE", "the gateway's configuration", &conf, NULL, true},
                {"out", "FOLDER", "where to; it must not exist yet (evidence-NUMBER)", &out, NULL, false},
        };
        const struct options options = {"evidence", "NUMBER",
                                        "Writes everything that is kept about a request into a folder: the message as received, the application, the report of its verification with the OCSP answers and CRLs\n"
                                        "it rests on, answers of state systems, what was decided out of what, the result, all messages, events, papers, attachments, the rules. Its README.txt says how\n"
                                        "each is checked again without this gateway. The folder holds personal data: only its owner can read it. May run beside the gateway.",
                                        "  egov-gateway evidence --conf gateway.conf 10100000000001\n", rows, GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (argc - first != 1)
                return options_mistake(&options, "takes one registration number");
        auto_settings struct settings *settings = NULL;
        auto_str char *folder = out ? xstrdup(out) : xasprintf("evidence-%.20s", argv[first]);
        struct export e = {.folder = folder, .sums = BUF_INIT, .named = BUF_INIT, .view = {.document = BUF_INIT}, .why = WHY_INIT};
        enum gw_rc rc = settings_load(conf, &settings, &e.why);
        if (rc == GW_OK)
                rc = store_reader_open(settings->store.path, &e.reader, &e.why);
        if (rc == GW_OK)
                rc = store_view_by_number(e.reader, argv[first], false, &e.view, &e.why);
        if (rc != GW_OK) {
                store_reader_close(e.reader);
                return options_mistake(&options, "%s", e.why.detail);
        }
        e.events = json_array();
        e.history = json_array();
        export_all(&e, conf);
        json_decref(e.events);
        json_decref(e.history);
        buf_done(&e.sums);
        buf_done(&e.named);
        request_view_done(&e.view);
        store_reader_close(e.reader);
        if (e.rc != GW_OK)
                return options_mistake(&options, "%s", e.why.detail);
        printf("%s: %zu files; README.txt says how to check them\n", folder, e.files);
        return COMMAND_YES;
}

const struct command command_evidence = {"evidence", "everything that is kept about a request, to be checked again elsewhere", evidence_run};
