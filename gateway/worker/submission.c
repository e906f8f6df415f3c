/* Forms of a REST body. */
#include "gateway/worker/submission.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/xml/xml.h"

GW_DEFINE_AUTO(json, json_t, json_decref)

#define REFUSE(...) why_set(why, GW_REJECT, REASON_DATA_FORM, __VA_ARGS__)

enum submission_form submission_form_of(const char *content_type)
{
        static const struct { const char *type; enum submission_form form; } types[] = {
                {"application/xml", SUBMISSION_XML}, {"text/xml", SUBMISSION_XML}, {"application/pkcs7-mime", SUBMISSION_CMS},
                {"application/cms", SUBMISSION_CMS}, {"application/pkcs7-signature", SUBMISSION_CMS}, {"application/json", SUBMISSION_JSON},
        };
        size_t n = content_type ? strcspn(content_type, "; \t") : 0;
        for (size_t i = 0; i < GW_COUNT(types); i++)
                if (strlen(types[i].type) == n && strncasecmp(types[i].type, content_type, n) == 0)
                        return types[i].form;
        return SUBMISSION_NONE;
}

/* A string of strict base64, or {NULL, 0} when the key is not there. */
static enum gw_rc take_base64(const json_t *object, const char *key, struct buf *store, struct span *ret, struct why *why)
{
        const json_t *value = json_object_get(object, key);
        *ret = span_of(NULL, 0);
        if (!value)
                return GW_OK;
        if (!json_is_string(value) || !text_unbase64(store, span_of(json_string_value(value), json_string_length(value))) || store->n == 0)
                return REFUSE("\"%s\" is not base64 of something", key);
        *ret = buf_span(store);
        return GW_OK;
}

static enum gw_rc read_file(const json_t *row, struct attachment *ret, struct why *why)
{
        const json_t *name = json_object_get(row, "name"), *content = json_object_get(row, "content");
        if (!json_is_string(name) || !json_is_string(content) || json_object_size(row) != 2 || strlen(json_string_value(name)) != json_string_length(name))
                return REFUSE("an attachment is {\"name\": …, \"content\": base64}");
        ret->name = xstrdup(json_string_value(name));
        if (!text_unbase64(&ret->bytes, span_of(json_string_value(content), json_string_length(content))))
                return REFUSE("an attachment's \"content\" is not base64");
        return GW_OK;
}

static enum gw_rc read_files(const json_t *list, struct submission *s, struct why *why)
{
        if (!json_is_array(list) || json_array_size(list) > ATTACHMENTS_MAX)
                return REFUSE("\"attachments\" is an array of at most %d", ATTACHMENTS_MAX);
        s->files = xcalloc(ATTACHMENTS_MAX, sizeof *s->files);
        size_t i;
        const json_t *row;
        json_array_foreach(list, i, row) {
                s->files[i].bytes = (struct buf)BUF_LIMIT(xml_limits_default.bytes_max);
                s->file_count = i + 1;
                enum gw_rc rc = read_file(row, &s->files[i], why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

static enum gw_rc read_json(struct span body, struct submission *s, struct why *why)
{
        json_error_t error;
        gw_auto(json) json_t *object = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &error);
        if (!object || !json_is_object(object))
                return REFUSE(object ? "not a JSON object" : "not JSON, or a key is there twice");
        struct span application, signature, attached;
        const json_t *files = json_object_get(object, "attachments");
        bool is_attached = json_object_get(object, "cms") != NULL;
        size_t known = (files != NULL) + (is_attached ? 1u : (json_object_get(object, "application") != NULL) + (size_t)(json_object_get(object, "signature") != NULL));
        if (json_object_size(object) != known || (!is_attached && !json_object_get(object, "application")))
                return REFUSE("the object has \"cms\", or \"application\", or \"application\" and \"signature\", and nothing else but \"attachments\"");
        enum gw_rc rc = files ? read_files(files, s, why) : GW_OK;
        if (rc == GW_OK)
                rc = take_base64(object, "cms", &s->store[0], &attached, why);
        if (rc == GW_OK && !is_attached)
                rc = take_base64(object, "application", &s->store[0], &application, why);
        if (rc == GW_OK && !is_attached)
                rc = take_base64(object, "signature", &s->store[1], &signature, why);
        if (rc != GW_OK)
                return rc;
        if (is_attached) {
                s->cms = attached;
        } else if (signature.p) {
                s->cms = signature;
                s->detached = application;
        } else {
                s->xml = application;
        }
        return GW_OK;
}

enum gw_rc submission_read(enum submission_form form, struct span body, struct submission *ret, struct why *why)
{
        struct submission *s = ret;
        *s = (struct submission){.store = {BUF_LIMIT(xml_limits_default.bytes_max), BUF_LIMIT(xml_limits_default.bytes_max)}};
        switch (form) {
        case SUBMISSION_XML:
                s->xml = body;
                return GW_OK;
        case SUBMISSION_CMS:
                s->cms = body;
                return GW_OK;
        case SUBMISSION_JSON:
                return read_json(body, s, why);
        case SUBMISSION_NONE:
                break;
        }
        return why_set(why, GW_REJECT, REASON_HTTP_TYPE, "not a Content-Type of an application");
}

void submission_done(struct submission *submission)
{
        buf_done(&submission->store[0]);
        buf_done(&submission->store[1]);
        for (size_t i = 0; i < submission->file_count; i++)
                attachment_done(&submission->files[i]);
        free(submission->files);
}

bool submission_key_usable(const char *key)
{
        size_t n = key ? strlen(key) : 0;
        if (n < 1 || n > 100)
                return false;
        for (size_t i = 0; i < n; i++)
                if (key[i] < 0x21 || key[i] > 0x7E)
                        return false;
        return true;
}
