/* The state of the gateway as a file. */
#include "gateway/worker/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <jansson.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/report/report.h"
#include "gateway/worker/trust_watch.h"

static void put_instant(json_t *object, const char *name, struct wall_time at)
{
        char text[CLOCK_TEXT_MAX];
        if (at.ms != 0)
                report_put(object, name, clock_iso(at, text));
}

static void add_certificate(void *ctx, const struct trust_dated *dated)
{
        json_t *one = json_object();
        report_put(one, "kind", dated->kind);
        report_put(one, "name", dated->name);
        report_put(one, "serial", dated->serial);
        put_instant(one, "notAfter", dated->until);
        json_object_set_new(one, "daysLeft", json_integer(trust_days_left(dated->until)));
        json_array_append_new(ctx, one);
}

static void add_authority(void *ctx, const struct revocation_authority_view *view)
{
        json_t *one = json_object(), *sources = json_object();
        report_put(one, "authority", view->name);
        json_object_set_new(one, "crlUsable", json_boolean(view->usable));
        put_instant(one, "crlThisUpdate", view->this_update);
        put_instant(one, "crlNextUpdate", view->next_update);
        for (int kind = 0; kind < REVOCATION_KINDS; kind++)
                if (view->asked[kind])
                        report_put(sources, revocation_kind_names[kind], view->down[kind] ? "down" : "up");
        json_object_set_new(one, "sources", sources);
        json_array_append_new(ctx, one);
}

/* Not text_write_file(): after a crash nobody wants this file, so the loop does not wait for the disk. */
static bool replace(const char *path, const char *text)
{
        auto_str char *temp = xasprintf("%s.new", path);
        FILE *file = fopen(temp, "we");
        if (!file)
                return false;
        bool written = fchmod(fileno(file), 0644) == 0 && fputs(text, file) >= 0;
        return fclose(file) == 0 && written && rename(temp, path) == 0;
}

json_t *health_json(struct loop *loop)
{
        const struct shared *s = loop->shared;
        json_t *health = json_object(), *certificates = json_array(), *revocation = json_array();
        put_instant(health, "at", wall_now());
        trust_watch_each(loop, add_certificate, certificates);
        if (s->revocation)
                revocation_each_authority(s->revocation, add_authority, revocation);
        json_object_set_new(health, "certificates", certificates);
        json_object_set_new(health, "revocation", revocation);
        return health;
}

void health_write(struct loop *loop)
{
        json_t *health = health_json(loop);
        auto_str char *path = xasprintf("%s/" HEALTH_FILE, loop->shared->settings->gateway.run_folder);
        auto_str char *text = json_dumps(health, JSON_COMPACT);
        json_decref(health);
        if (!text || !replace(path, text))
                log_event(LOG_WARN, NULL, "serve.health", "%s cannot be written", path);
}
