/* The console's files, which are in the program, and config.json: what its pages need to know of this gateway before anybody has logged in. */
#include <string.h>

#include "gateway/console/files.h"
#include "gateway/reason.h"
#include "gateway/worker/answer.h"
#include "gateway/worker/endpoints.h"

#define FOLDER "/console/"

/* Compared whole: weak and listed validators are the business of caches, and browsers send back what they got. */
static bool is_held(const struct http_request *request, const char *etag)
{
        return str_eq(http_request_header(request, "if-none-match"), etag);
}

static void answer_file(struct loop *loop, struct http_exchange *exchange, const struct console_file *file)
{
        auto_buf struct buf policy = BUF_INIT;
        console_policy(loop->shared->settings->console.ncalayer, &policy);
        const struct http_header headers[] = {
                {"content-security-policy", buf_cstr(&policy)},
                {"x-content-type-options", "nosniff"},
                {"x-frame-options", "DENY"},
                {"referrer-policy", "no-referrer"},
                {"permissions-policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"},
                {"cross-origin-opener-policy", "same-origin"},
                {"cross-origin-resource-policy", "same-origin"},
                {"cache-control", "no-cache"}, /* kept, and asked about each time: after an upgrade no page mixes two versions */
                {"etag", file->etag},
        };
        bool held = is_held(http_exchange_request(exchange), file->etag);
        http_reply(exchange, &(struct http_reply){.status = held ? 304 : 200, .content_type = file->type, .body = held ? span_str("") : file->content, .headers = headers,
                                                  .header_count = GW_COUNT(headers)});
}

/* BIN, kind and name, as on every paper. */
static json_t *organisations_json(const struct settings *settings)
{
        json_t *list = json_array();
        for (size_t i = 0; i < settings->organisation_count; i++) {
                const struct organisation_settings *o = &settings->organisations[i];
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "bin", o->bin, "kind", o->kind, "nameKk", o->name_kk, "nameRu", o->name_ru));
        }
        return list;
}

void endpoint_console(struct loop *loop, struct http_exchange *exchange, const char *correlation_id)
{
        const struct http_request *request = http_exchange_request(exchange);
        const struct http_header location = {"location", FOLDER};
        if (str_eq(request->path, "/console")) {
                http_reply(exchange, &(struct http_reply){.status = 308, .headers = &location, .header_count = 1});
                return;
        }
        const char *name = request->path + strlen(FOLDER);
        const struct console_file *file = console_file(name);
        if (str_eq(name, "config.json"))
                answer_json(exchange, 200, json_pack("{s:s, s:o}", "ncalayer", loop->shared->settings->console.ncalayer, "organisations", organisations_json(loop->shared->settings)));
        else if (file)
                answer_file(loop, exchange, file);
        else
                answer_carrier(exchange, correlation_id, REASON_HTTP_NOT_FOUND, "there is no such page", NULL);
}
