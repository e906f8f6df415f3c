/* NCALayer's two modules: kz.gov.pki.knca.commonUtils (positional arguments, code 200) and kz.gov.pki.knca.basics (named ones, status true). */
#include "adapters/ncalayer/modules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "adapters/ncalayer/document.h"
#include "adapters/ncalayer/key_info.h"
#include "gateway/base/text.h"

GW_DEFINE_AUTO(json, json_t, json_decref)

#define CANCELLED "action.canceled"
#define CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

static const char *const names[NCALAYER_FAULT_COUNT] = {
        [NCALAYER_NONE] = "none", [NCALAYER_CANCELLED] = "cancelled", [NCALAYER_CANCELLED_SILENT] = "cancelled-silent", [NCALAYER_WRONG_KEY] = "wrong-key",
        [NCALAYER_SLOW] = "slow", [NCALAYER_CUT] = "cut", [NCALAYER_GARBAGE] = "garbage", [NCALAYER_OLD] = "old",
};
const struct fault_kinds ncalayer_kinds = {names, GW_COUNT(names)};

/* ---- whose keys ---- */

static void person_key_done(struct person_key *key)
{
        local_key_close(key->key);
        free(key->pem);
        *key = (struct person_key){0};
}

static enum gw_rc person_key_load(const char *pki, const char *name, struct person_key *key, struct why *why)
{
        size_t n = strlen(name);
        if (n == 0 || n >= sizeof key->name || strspn(name, NAME_CHARACTERS) != n)
                return why_say(why, GW_REJECT, "a person is a name in the test PKI");
        auto_str char *private = xasprintf("%s/keys/%s.key", pki, name), *certificate = xasprintf("%s/certs/%s.pem", pki, name);
        auto_buf struct buf pem = BUF_LIMIT(65536);
        if (!text_read_file(certificate, &pem))
                return why_say(why, GW_REJECT, "%.60s: there is no such certificate", name);
        enum gw_rc rc = local_key_open(private, certificate, &key->key, why);
        if (rc != GW_OK)
                return rc;
        snprintf(key->name, sizeof key->name, "%s", name);
        key->pem = buf_take_str(&pem);
        return GW_OK;
}

enum gw_rc modules_choose(struct modules *modules, const char *pki, const char *sign, const char *auth, struct why *why)
{
        struct person_key first = {0}, second = {0};
        enum gw_rc rc = person_key_load(pki, sign, &first, why);
        if (rc == GW_OK)
                rc = person_key_load(pki, auth, &second, why);
        if (rc != GW_OK) {
                person_key_done(&first);
                return rc;
        }
        modules_done(modules);
        modules->sign = first;
        modules->auth = second;
        return GW_OK;
}

void modules_done(struct modules *modules)
{
        person_key_done(&modules->sign);
        person_key_done(&modules->auth);
}

/* ---- signing ---- */

enum form { FORM_XML, FORM_CMS, FORM_CMS_PEM };
struct signing {
        struct modules *modules;
        bool auth;         /* by the key for authentication */
        unsigned fault;
        enum form form;
        bool attached, decode; /* CMS: the content inside; it came as base64 */
};

static enum gw_rc sign_spoilt(void *ctx, struct span digest, struct buf *out, struct why *why)
{
        const struct signing_key *right = ctx;
        enum gw_rc rc = right->sign(right->ctx, digest, out, why);
        if (rc == GW_OK && out->n)
                out->p[out->n - 1] ^= 1;
        return rc;
}

static void write_cms(enum form form, struct span der, struct buf *out)
{
        if (form == FORM_CMS) {
                text_base64(out, der);
                return;
        }
        buf_add_str(out, "-----BEGIN CMS-----\n");
        document_base64_lines(out, der, "\n");
        buf_add_str(out, "\n-----END CMS-----\n");
}

static enum gw_rc sign_content(const struct signing *s, const struct signing_key *key, const char *data, struct buf *out, struct why *why)
{
        auto_buf struct buf decoded = BUF_LIMIT(8 << 20), der = BUF_INIT;
        if (s->form == FORM_XML)
                return document_sign_xml(key, span_str(data), out, why);
        if (s->decode && !text_unbase64(&decoded, span_str(data)))
                return why_say(why, GW_REJECT, "the content is not base64");
        if (!s->decode)
                buf_add_str(&decoded, data);
        enum gw_rc rc = document_sign_cms(key, buf_span(&decoded), s->attached, &der, why);
        if (rc == GW_OK)
                write_cms(s->form, buf_span(&der), out);
        return rc;
}

/* The signed text as a JSON string; NULL: why says. */
static json_t *sign_one(const struct signing *s, const json_t *data, struct why *why)
{
        const struct person_key *person = s->auth ? &s->modules->auth : &s->modules->sign;
        struct signing_key key = *person->key;
        auto_buf struct buf out = BUF_LIMIT(24 << 20);
        if (!json_is_string(data)) {
                gw_ignore(why_say(why, GW_REJECT, "there is nothing to sign"));
                return NULL;
        }
        if (s->fault == NCALAYER_WRONG_KEY) {
                key.sign = sign_spoilt;
                key.ctx = person->key;
        }
        if (sign_content(s, &key, json_string_value(data), &out, why) != GW_OK)
                return NULL;
        s->modules->signatures++;
        return json_stringn((const char *)out.p, out.n);
}

/* ---- kz.gov.pki.knca.commonUtils: [storage, key type, …] ---- */

static json_t *common_failed(const char *message)
{
        return json_pack("{s:s, s:s}", "code", "500", "message", message);
}

static json_t *common_done(json_t *object)
{
        return json_pack("{s:s, s:o}", "code", "200", "responseObject", object);
}

static json_t *common_sign(struct signing *s, const char *method, const json_t *args)
{
        const char *type = json_string_value(json_array_get(args, 1));
        struct why why = WHY_INIT;
        if (!str_eq(type, "SIGNATURE") && !str_eq(type, "AUTHENTICATION"))
                return common_failed("key.type.invalid");
        s->auth = str_eq(type, "AUTHENTICATION");
        s->form = str_eq(method, "signXml") ? FORM_XML : FORM_CMS;
        s->decode = true;
        s->attached = json_is_true(json_array_get(args, 3));
        json_t *result = sign_one(s, json_array_get(args, 2), &why);
        return result ? common_done(result) : common_failed(why.detail);
}

static json_t *common_answer(struct signing *s, const char *method, const json_t *args)
{
        static const char *const signing_methods[] = {"signXml", "createCAdESFromBase64", "createCMSSignatureFromBase64"};
        if (str_eq(method, "getActiveTokens"))
                return common_done(json_array());
        if (!json_is_string(json_array_get(args, 0)))
                return common_failed("storage.empty");
        if (s->fault == NCALAYER_CANCELLED || s->fault == NCALAYER_CANCELLED_SILENT)
                return common_failed(CANCELLED);
        if (str_eq(method, "getKeyInfo"))
                return common_done(key_info(s->modules->sign.pem));
        for (size_t i = 0; i < GW_COUNT(signing_methods); i++)
                if (str_eq(method, signing_methods[i]))
                        return common_sign(s, method, args);
        return common_failed("method.not.found");
}

/* ---- kz.gov.pki.knca.basics: {allowedStorages, format, data, signingParams, signerParams, locale} ---- */

static json_t *basics_failed(const char *code, const char *message)
{
        return json_pack("{s:b, s:s, s:s}", "status", false, "code", code, "message", message);
}

static bool wants_auth(const json_t *signer)
{
        const json_t *oids = json_object_get(signer, "extKeyUsageOids");
        for (size_t i = 0; i < json_array_size(oids); i++)
                if (str_eq(json_string_value(json_array_get(oids, i)), CLIENT_AUTH))
                        return true;
        return false;
}

static json_t *basics_sign(struct signing *s, const json_t *data)
{
        gw_auto(json) json_t *results = json_array();
        size_t n = json_is_array(data) ? json_array_size(data) : 1;
        struct why why = WHY_INIT;
        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(results, sign_one(s, json_is_array(data) ? json_array_get(data, i) : data, &why)) != 0)
                        return basics_failed("500", why.detail);
        return json_pack("{s:b, s:{s:O}}", "status", true, "body", "result", results);
}

static json_t *basics_answer(struct signing *s, const char *method, const json_t *args)
{
        const json_t *params = json_object_get(args, "signingParams");
        const char *format = json_string_value(json_object_get(args, "format"));
        if (!str_eq(method, "sign"))
                return basics_failed("METHOD_NOT_FOUND", "there is no such method");
        if (json_array_size(json_object_get(args, "allowedStorages")) == 0 || (!str_eq(format, "xml") && !str_eq(format, "cms")))
                return basics_failed("500", "allowedStorages and format are needed");
        if (s->fault == NCALAYER_CANCELLED)
                return basics_failed("500", CANCELLED);
        if (s->fault == NCALAYER_CANCELLED_SILENT)
                return json_pack("{s:b, s:{}}", "status", true, "body");
        s->auth = wants_auth(json_object_get(args, "signerParams"));
        s->form = str_eq(format, "xml") ? FORM_XML : FORM_CMS_PEM;
        s->decode = json_is_true(json_object_get(params, "decode"));
        s->attached = json_is_true(json_object_get(params, "encapsulate"));
        return basics_sign(s, json_object_get(args, "data"));
}

/* ---- one message ---- */

static json_t *answer_json(struct signing *s, struct span message)
{
        gw_auto(json) json_t *request = json_loadb((const char *)message.p, message.n, JSON_REJECT_DUPLICATES, NULL);
        const char *module = json_string_value(json_object_get(request, "module")), *method = json_string_value(json_object_get(request, "method"));
        const json_t *args = json_object_get(request, "args");
        if (!module || !method)
                return common_failed("module and method are needed");
        if (str_eq(module, "kz.gov.pki.knca.commonUtils"))
                return common_answer(s, method, args);
        if (str_eq(module, "kz.gov.pki.knca.basics") && s->fault != NCALAYER_OLD)
                return basics_answer(s, method, args);
        return basics_failed("MODULE_NOT_FOUND", "there is no such module");
}

void modules_answer(struct modules *modules, struct span message, struct modules_answer *answer)
{
        struct signing s = {.modules = modules, .fault = fault_next(&modules->fault, &modules->random)};
        *answer = (struct modules_answer){.text = BUF_INIT, .delay_ms = s.fault == NCALAYER_SLOW ? modules->fault.ms : 0, .cut = s.fault == NCALAYER_CUT};
        modules->requests++;
        if (s.fault == NCALAYER_GARBAGE) {
                buf_add_str(&answer->text, "<html>this is no JSON");
                return;
        }
        gw_auto(json) json_t *json = answer_json(&s, message);
        auto_str char *text = json_dumps(json, JSON_COMPACT);
        GW_ASSERT(text);
        buf_add_str(&answer->text, text);
}
