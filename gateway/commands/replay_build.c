/* Builds the message of a case: application → applicant's signatures → data → envelope → transport signature, with the case's changes
 * between the steps. Message ids, request numbers and dates are fresh, so what is sent is never stale. */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"
#include "gateway/identifiers/identifiers.h"
#include "gateway/sign/xml_sign.h"
#include "gateway/soap/shep.h"

#define TEMPLATE_BYTES_MAX ((size_t)1 << 20)
#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

void replay_message_done(struct replay_message *message)
{
        buf_done(&message->body);
        free(gw_take(&message->message_id));
}

static enum gw_rc fill_template(const struct replay_case *c, const char *name, const char *folder, const struct replay_context *context,
                                struct buf *out, struct why *why)
{
        auto_str char *path = xasprintf("%s/%s%s.xml", c->folder, folder, name);
        auto_buf struct buf text = BUF_LIMIT(TEMPLATE_BYTES_MAX);
        if (!text_read_file(path, &text))
                return why_say(why, GW_REJECT, "%s cannot be read", path);
        while (text.n > 0 && text.p[text.n - 1] == '\n') /* the editor's last line end is no part of the message */
                text.p[--text.n] = '\0';
        return replay_expand(&context->vars, buf_span(&text), true, out, why);
}

static enum gw_rc change(const struct replay_case *c, enum replay_stage stage, const struct replay_context *context, struct buf *text,
                         struct why *why)
{
        const struct replay_list *list = &c->mutations[stage];
        for (size_t i = 0; i < list->count; i++) {
                enum gw_rc rc = replay_mutate(context, list->items[i], text, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

/* ---- values ---- */

/* The portal's number: 14 digits (interfaces 7.1). */
static enum gw_rc add_request_number(struct replay_vars *vars, struct why *why)
{
        uint8_t random[8];
        if (RAND_bytes(random, sizeof random) != 1)
                return why_say(why, GW_FAULT, "no random numbers");
        uint64_t value = 0;
        for (size_t i = 0; i < sizeof random; i++)
                value = value << 8 | random[i];
        auto_str char *number = xasprintf("101%011llu", (unsigned long long)(value % 100000000000ull));
        replay_vars_put(vars, "requestNumber", number);
        return GW_OK;
}

/* An adult who does not exist: a day of 1970 to 1999, a serial of the 9001 block (services.md C.1), another at every call. A person has one open request of most services. */
static enum gw_rc add_somebody(struct replay_vars *vars, struct why *why)
{
        uint8_t random[4];
        char iin[13];
        do {
                if (RAND_bytes(random, sizeof random) != 1)
                        return why_say(why, GW_FAULT, "no random numbers");
                snprintf(iin, sizeof iin, "%02u%02u%02u39%03u", 70 + random[0] % 30u, 1 + random[1] % 12u, 1 + random[2] % 28u, 1 + random[3] % 9u);
        } while (!iin_complete(iin));
        replay_vars_put(vars, "somebody", iin);
        return GW_OK;
}

/* [set] over the generated values; a value may use placeholders of those before it. */
static enum gw_rc fill_vars(const struct replay_case *c, const char *message_id, struct replay_vars *vars, struct why *why)
{
        char uuid[TEXT_UUID_MAX];
        replay_vars_put(vars, "messageId", message_id ? message_id : text_uuid(uuid));
        replay_vars_put(vars, "correlationId", text_uuid(uuid));
        enum gw_rc rc = add_request_number(vars, why);
        if (rc == GW_OK)
                rc = add_somebody(vars, why);
        for (size_t i = 0; rc == GW_OK && i < c->set.count; i++) {
                auto_buf struct buf value = BUF_INIT;
                rc = replay_expand(vars, span_str(c->set.items[i].value), false, &value, why);
                if (rc == GW_OK && !(message_id && str_eq(c->set.items[i].name, "messageId")))
                        replay_vars_put(vars, c->set.items[i].name, buf_cstr(&value));
        }
        return rc;
}

/* ---- application ---- */

/* time_stamp: "none", or an authority of the test PKI and, when it is not now, the instant. */
static enum gw_rc put_stamp(const struct replay_context *context, const char *time_stamp, const struct xades_place *place, struct buf *document,
                            struct why *why)
{
        auto_buf struct buf value = BUF_INIT, token = BUF_INIT;
        enum gw_rc rc = replay_expand(&context->vars, span_str(time_stamp), false, &value, why);
        if (rc != GW_OK || str_eq(buf_cstr(&value), "none"))
                return rc;
        size_t n = strcspn(buf_cstr(&value), " ");
        auto_str char *name = xstrndup(buf_cstr(&value), n);
        struct wall_time at = context->vars.now;
        if (buf_cstr(&value)[n] && clock_parse_iso(buf_cstr(&value) + n + 1, &at) != GW_OK)
                return why_say(why, GW_REJECT, "time_stamp: %s is no instant", buf_cstr(&value) + n + 1);
        rc = replay_stamp(context->pki, name, buf_span(&place->stamped), at, &token, why);
        if (rc == GW_OK)
                xml_sign_put_time_stamp(document, place, buf_span(&token));
        return rc;
}

static enum gw_rc sign_xades(const struct replay_case *c, const struct replay_context *context, const struct signing_key *key, struct span canonical,
                             struct buf *out, struct why *why)
{
        struct xades_place place = {.stamped = BUF_INIT};
        enum gw_rc rc = xml_sign_xades(key, canonical, context->vars.now, out, &place, why);
        if (rc == GW_OK)
                rc = put_stamp(context, c->time_stamp, &place, out, why);
        xades_place_done(&place);
        return rc;
}

static enum gw_rc sign_once(const struct replay_case *c, const struct replay_context *context, const char *name, struct buf *text, struct why *why)
{
        gw_auto(signing_key) struct signing_key *key = NULL;
        enum gw_rc rc = replay_key(context->pki, name, &key, why);
        if (rc != GW_OK)
                return rc;
        auto_xmldoc xmlDoc *doc = NULL;
        rc = xml_read(buf_span(text), &xml_limits_default, &doc, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf canonical = BUF_INIT, out = BUF_INIT;
        if (!xml_c14n(doc, &canonical))
                return why_say(why, GW_FAULT, "the application cannot be canonicalised");
        rc = str_eq(c->signature_form, "xades") ? sign_xades(c, context, key, buf_span(&canonical), &out, why)
                                                : xml_sign_enveloped(key, buf_span(&canonical), &out, why);
        if (rc == GW_OK)
                replay_splice(text, 0, text->n, buf_span(&out));
        return rc;
}

static enum gw_rc build_application(const struct replay_case *c, const struct replay_context *context, struct buf *out, struct why *why)
{
        enum gw_rc rc = fill_template(c, c->application, "../templates/", context, out, why);
        if (rc == GW_OK)
                rc = change(c, REPLAY_BEFORE_APPLICATION_SIGNATURE, context, out, why);
        auto_buf struct buf signers = BUF_INIT;
        if (rc == GW_OK)
                rc = replay_expand(&context->vars, span_str(c->application_signer), false, &signers, why);
        for (const char *at = buf_cstr(&signers); rc == GW_OK && *at && !str_eq(at, "none") && !replay_form_is_cms(c);) {
                auto_str char *name = xstrndup(at, strcspn(at, ", "));
                rc = sign_once(c, context, name, out, why);
                at += strlen(name);
                at += strspn(at, ", ");
        }
        if (rc == GW_OK)
                rc = change(c, REPLAY_AFTER_APPLICATION_SIGNATURE, context, out, why);
        return rc == GW_OK ? replay_put_form(c, context, buf_cstr(&signers), out, why) : rc;
}

/* ---- data, in the forms that were seen (interfaces 1.1) ---- */

static void add_cdata(struct buf *out, struct span text)
{
        buf_add_str(out, "<![CDATA[");
        for (const uint8_t *end; (end = memmem(text.p, text.n, "]]>", 3));) {
                size_t n = (size_t)(end - text.p) + 2;
                buf_add(out, text.p, n);
                buf_add_str(out, "]]><![CDATA[");
                text = span_of(text.p + n, text.n - n);
        }
        buf_add_span(out, text);
        buf_add_str(out, "]]>");
}

/* The application and, beside it, files: ${files} as they stand in the case. */
static enum gw_rc add_package(const struct replay_context *context, struct span application, struct buf *out, struct why *why)
{
        buf_add_str(out, "<data><requestPackage xmlns=\"urn:egov-gateway:package:1\"><signedApplication>");
        canon_text(out, application);
        buf_add_str(out, "</signedApplication>");
        enum gw_rc rc = replay_expand(&context->vars, span_str("${files}"), false, out, why);
        buf_add_str(out, "</requestPackage></data>");
        return rc;
}

static void add_data(const char *form, struct span application, struct buf *out)
{
        bool qualified = str_eq(form, "qualified"), child = str_eq(form, "child"), xml = application.n > 0 && application.p[0] == '<';
        const char *name = qualified ? "ns4:data" : "data";
        buf_printf(out, "<%s", name);
        if (qualified)
                buf_add_str(out, " xmlns:ns4=\"" SHEP_SYNC_INTERFACES_NS "\"");
        if (!child)
                buf_add_str(out, " xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                                 " xsi:type=\"xs:string\"");
        buf_add_char(out, '>');
        auto_buf struct buf text = BUF_INIT;
        buf_add_str(&text, child || !xml ? "" : str_eq(form, "escaped-bom") ? "\xEF\xBB\xBF" XML_DECLARATION : XML_DECLARATION);
        buf_add_span(&text, application);
        if (child)
                buf_add_span(out, application);
        else if (str_eq(form, "cdata"))
                add_cdata(out, buf_span(&text));
        else
                canon_text(out, buf_span(&text));
        buf_printf(out, "</%s>", name);
}

/* ---- envelope ---- */

static enum gw_rc sign_envelope(const struct replay_case *c, const struct replay_context *context, struct buf *text, struct why *why)
{
        if (str_eq(c->sender_key, "none"))
                return GW_OK;
        gw_auto(signing_key) struct signing_key *key = NULL;
        enum gw_rc rc = replay_key(context->pki, c->sender_key, &key, why);
        if (rc != GW_OK)
                return rc;
        auto_xmldoc xmlDoc *doc = NULL;
        rc = xml_read(buf_span(text), &xml_limits_default, &doc, why);
        if (rc != GW_OK)
                return rc;
        auto_buf struct buf out = BUF_INIT;
        rc = xml_sign_soap_document(key, doc, &out, why);
        if (rc == GW_OK)
                replay_splice(text, 0, text->n, buf_span(&out));
        return rc;
}

static enum gw_rc build_envelope(const struct replay_case *c, struct replay_context *context, struct span application, struct buf *out,
                                 struct why *why)
{
        auto_buf struct buf data = BUF_INIT;
        enum gw_rc rc = GW_OK;
        if (str_eq(c->data_form, "package"))
                rc = add_package(context, application, &data, why);
        else
                add_data(c->data_form, application, &data);
        if (rc != GW_OK)
                return rc;
        replay_vars_put(&context->vars, "data", buf_cstr(&data));
        rc = fill_template(c, c->template, "../templates/", context, out, why);
        if (rc == GW_OK)
                rc = change(c, REPLAY_BEFORE_TRANSPORT_SIGNATURE, context, out, why);
        return rc == GW_OK ? sign_envelope(c, context, out, why) : rc;
}

/* Raw HTTP: a text file with ${placeholders}, line ends as CRLF unless it says otherwise by \n (bare LF) itself. */
static enum gw_rc build_raw(const struct replay_case *c, const struct replay_context *context, struct buf *out, struct why *why)
{
        auto_str char *path = xasprintf("%s/%s", c->folder, c->raw);
        auto_buf struct buf text = BUF_LIMIT(TEMPLATE_BYTES_MAX), filled = BUF_INIT;
        if (!text_read_file(path, &text))
                return why_say(why, GW_REJECT, "%s cannot be read", path);
        enum gw_rc rc = replay_expand(&context->vars, buf_span(&text), false, &filled, why);
        for (size_t i = 0; rc == GW_OK && i < filled.n; i++) {
                bool escape = filled.p[i] == '\\' && i + 1 < filled.n && filled.p[i + 1] == 'n';
                if (filled.p[i] == '\n')
                        buf_add_str(out, "\r\n");
                else
                        buf_add_char(out, escape ? '\n' : (char)filled.p[i]);
                i += escape;
        }
        return rc;
}

static enum gw_rc build(const struct replay_case *c, struct replay_context *context, struct buf *out, struct why *why)
{
        if (c->channel == REPLAY_RAW)
                return build_raw(c, context, out, why);
        if (c->channel == REPLAY_HTTP || str_eq(c->application, "none"))
                return GW_OK; /* nothing but a request line */
        auto_buf struct buf application = BUF_INIT;
        enum gw_rc rc = build_application(c, context, &application, why);
        if (rc != GW_OK)
                return rc;
        if (c->channel != REPLAY_REST && c->channel != REPLAY_FRONT)
                return build_envelope(c, context, buf_span(&application), out, why);
        buf_add_span(out, buf_span(&application));
        return GW_OK;
}

enum gw_rc replay_build(const struct replay_case *c, const char *pki, struct wall_time now, const char *message_id,
                        struct replay_message *ret_message, struct why *why)
{
        struct replay_context context = {.pki = pki, .vars = {.now = now}};
        struct replay_message message = {.body = BUF_INIT};
        enum gw_rc rc = fill_vars(c, message_id, &context.vars, why);
        if (rc == GW_OK)
                rc = build(c, &context, &message.body, why);
        if (rc == GW_OK)
                rc = change(c, REPLAY_AFTER_TRANSPORT_SIGNATURE, &context, &message.body, why);
        message.message_id = xstrdup(replay_vars_get(&context.vars, "messageId"));
        replay_vars_done(&context.vars);
        if (rc != GW_OK) {
                replay_message_done(&message);
                return rc;
        }
        *ret_message = message;
        return GW_OK;
}
