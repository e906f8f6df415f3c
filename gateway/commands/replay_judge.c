/* Reads answers and compares them with [expect]. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"
#include "gateway/soap/shep.h"

void replay_reading_done(struct replay_reading *r)
{
        char *texts[] = {r->reason, r->code, r->status_code, r->outcome, r->message_id, r->correlation_id, r->number, r->result_path,
                         r->signature};
        for (size_t i = 0; i < GW_COUNT(texts); i++)
                free(texts[i]);
        *r = (struct replay_reading){0};
}

/* ---- the result document ---- */

/* Certificates of other services may use other namespaces; the structure of interfaces 7.4 is what counts. */
static const xmlNode *child(const xmlNode *parent, const char *local_name)
{
        for (const xmlNode *node = xml_first_element(parent); node; node = xml_next_element(node))
                if (str_eq((const char *)node->name, local_name))
                        return node;
        return NULL;
}

static const char *outcome_of(const xmlNode *root)
{
        auto_str char *code = xml_text(child(child(root, "status"), "code"));
        if (str_eq(code, "REJECTED"))
                return "REFUSED";
        if (!str_eq(code, "APPROVED"))
                return "neither APPROVED nor REJECTED";
        if (child(child(root, "businessData"), "notification")) /* of an assignment: there is none of the opposite */
                return "POSITIVE";
        const xmlNode *information = child(child(root, "businessData"), "information"); /* about an assignment */
        if (information) {
                auto_str char *status = xml_text(child(child(information, "assignment"), "status"));
                return str_eq(status, "Выплачивается") ? "POSITIVE" : "NEGATIVE";
        }
        auto_str char *statement = xml_text(child(child(child(root, "businessData"), "certificate"), "statement"));
        if (!statement)
                return "without a statement";
        return strstr(statement, " не относится ") ? "NEGATIVE" : strstr(statement, " относится ") ? "POSITIVE" : "with another statement";
}

char *replay_outcome(struct verifier *verifier, struct span xml, struct wall_time now)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        struct verified_document verified = {0};
        if (xml_read(xml, &xml_limits_default, &doc, &why) != GW_OK || verify_document(verifier, doc, now, &verified, &why) != GW_OK)
                return xasprintf("result refused by us: %s", reason_info(why.reason)->name);
        bool provider = verified.signers[0]->roles & (ROLE_HEAD | ROLE_SIGN_RIGHT);
        char *outcome = xstrdup(provider ? outcome_of(verified.root) : "signed by nobody who signs for a provider");
        verified_document_done(&verified);
        return outcome;
}

/* ---- SOAP ---- */

static void read_data(const struct shep_message *m, struct verifier *verifier, struct wall_time now, struct replay_reading *r)
{
        struct why why = WHY_INIT;
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        if (!m->data)
                return;
        if (shep_data_document(m->data, &xml_limits_default, &doc, &bytes, &why) != GW_OK) {
                r->outcome = xasprintf("data unreadable: %s", reason_info(why.reason)->name);
                return;
        }
        r->has_data = true;
        text_sha256(buf_span(&bytes), r->data_sha256);
        r->outcome = replay_outcome(verifier, buf_span(&bytes), now);
}

static void read_soap(struct span body, struct verifier *verifier, struct wall_time now, struct replay_reading *r)
{
        struct why why = WHY_INIT;
        auto_soap struct soap *soap = NULL;
        auto_shep_message struct shep_message *m = NULL;
        auto_certificate struct certificate *signer = NULL;
        if (soap_parse(body, &xml_limits_default, &soap, &why) != GW_OK)
                return;
        bool valid = verify_transport(verifier, soap, now, &signer, &why) == GW_OK;
        r->signature = xstrdup(valid ? "valid" : reason_info(why.reason)->name);
        if (shep_read(soap, &m, &why) != GW_OK)
                return;
        r->message_id = xstrdup(m->message_id);
        r->correlation_id = xstrdup(m->correlation_id);
        r->status_code = xstrdup(m->status_code);
        r->code = xstrdup(m->error_code);
        int reason = m->error_data ? shep_fault_reason(m->error_data) : -1;
        if (reason >= 0)
                r->reason = xstrdup(reason_info(reason)->name);
        read_data(m, verifier, now, r);
}

/* ---- JSON ---- */

/* A path on the same server, whether it is given whole or as a path. */
static char *path_of(const char *link)
{
        const char *scheme = link ? strstr(link, "://") : NULL;
        const char *path = scheme ? strchr(scheme + 3, '/') : link;
        return xstrdup(path);
}

static void read_json(struct span body, struct replay_reading *r)
{
        json_t *root = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
        r->reason = xstrdup(json_string_value(json_object_get(root, "reason")));
        r->code = xstrdup(json_string_value(json_object_get(root, "code")));
        r->number = xstrdup(json_string_value(json_object_get(root, "number")));
        r->correlation_id = xstrdup(json_string_value(json_object_get(root, "correlationId")));
        r->result_path = path_of(json_string_value(json_object_get(json_object_get(root, "links"), "result")));
        json_decref(root);
}

void replay_read(const struct replay_answer *answer, struct verifier *verifier, struct wall_time now, struct replay_reading *ret_reading)
{
        *ret_reading = (struct replay_reading){0};
        if (!answer->content_type || answer->body.n == 0)
                return;
        if (strstr(answer->content_type, "json"))
                read_json(buf_span(&answer->body), ret_reading);
        else if (strstr(answer->content_type, "xml"))
                read_soap(buf_span(&answer->body), verifier, now, ret_reading);
}

/* ---- comparing ---- */

static void add_word(struct buf *out, const char *word)
{
        if (!word || !*word)
                return;
        if (out->n > 0)
                buf_add_char(out, ' ');
        buf_add_str(out, word);
}

char *replay_wanted_text(const struct replay_case *c)
{
        auto_buf struct buf out = BUF_INIT;
        add_word(&out, str_eq(c->repeat, "same") ? c->repeat_status : c->status);
        add_word(&out, c->code);
        add_word(&out, c->reason);
        add_word(&out, c->status_code);
        add_word(&out, c->outcome);
        add_word(&out, c->signed_answer ? "signed" : NULL);
        add_word(&out, c->same_answer ? "same" : NULL);
        return buf_take_str(&out);
}

char *replay_got_text(const struct replay_case *c, const struct replay_answer *answer, const struct replay_reading *r)
{
        auto_buf struct buf out = BUF_INIT;
        if (answer->error) {
                add_word(&out, answer->error);
                return buf_take_str(&out);
        }
        buf_printf(&out, "%ld", answer->status);
        add_word(&out, r->code);
        add_word(&out, r->reason);
        add_word(&out, r->status_code);
        add_word(&out, r->outcome);
        if (c->signed_answer)
                add_word(&out, str_eq(r->signature, "valid") ? "signed" : r->signature ? r->signature : "unsigned");
        return buf_take_str(&out);
}

char *replay_difference(const struct replay_case *c, bool repeated, const struct replay_answer *answer, const struct replay_reading *r)
{
        if (answer->error)
                return xasprintf("no answer: %s", answer->error);
        auto_str char *status = xasprintf("%ld", answer->status);
        const struct { const char *what, *wanted, *got; } rows[] = {
                {"HTTP status", repeated ? c->repeat_status : c->status, status},
                {"reason", c->reason, r->reason},
                {"code", c->code, r->code},
                {"status code", c->status_code, r->status_code},
                {"outcome", c->outcome, r->outcome},
                {"signature of the answer", c->signed_answer ? "valid" : NULL, r->signature},
        };
        for (size_t i = 0; i < GW_COUNT(rows); i++)
                if (rows[i].wanted && !str_eq(rows[i].wanted, rows[i].got))
                        return xasprintf("%s: expected %s, got %s", rows[i].what, rows[i].wanted, rows[i].got ? rows[i].got : "none");
        /* A good case that says nothing of a reason must not get one. */
        if (!c->reason && r->reason)
                return xasprintf("reason: expected none, got %s", r->reason);
        if (c->contains && !memmem(answer->body.p ? (const void *)answer->body.p : "", answer->body.n, c->contains, strlen(c->contains)))
                return xasprintf("the answer does not contain \"%s\"", c->contains);
        return NULL;
}

/* Absent on both sides counts as the same. */
static bool same_text(const char *a, const char *b)
{
        return (!a && !b) || str_eq(a, b);
}

char *replay_same(const struct replay_reading *first, const struct replay_reading *second)
{
        if (!same_text(first->number, second->number))
                return xstrdup("the second answer has another registration number");
        if (!same_text(first->message_id, second->message_id) || !same_text(first->correlation_id, second->correlation_id))
                return xstrdup("the second answer has other ids");
        if (!first->message_id && !first->number)
                return xstrdup("the first answer has neither an id nor a number");
        if (first->has_data && second->has_data && memcmp(first->data_sha256, second->data_sha256, sizeof first->data_sha256) != 0)
                return xstrdup("the second answer has another document");
        return NULL;
}
