/* `egov-gateway status`: what the store holds and whether the gateway runs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "gateway/base/buf.h"
#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/register/refusals.h"
#include "gateway/register/refusals.h"
#include "gateway/settings.h"
#include "gateway/worker/health.h"

/* The supervisor's pid, or 0. */
static long running_pid(const struct settings *s)
{
        auto_str char *path = xasprintf("%s/pid", s->gateway.run_folder);
        auto_buf struct buf b = BUF_LIMIT(32);
        if (!text_read_file(path, &b))
                return 0;
        long pid = strtol(buf_cstr(&b), NULL, 10);
        return pid > 1 && kill((pid_t)pid, 0) == 0 ? pid : 0;
}

/* ---- what the running gateway tells of itself ---- */

/* NULL when there is nothing, or nothing new. */
static json_t *health_of(const struct settings *s)
{
        auto_str char *path = xasprintf("%s/" HEALTH_FILE, s->gateway.run_folder);
        auto_buf struct buf text = BUF_LIMIT(HEALTH_BYTES_MAX);
        struct wall_time at;
        if (!text_read_file(path, &text))
                return NULL;
        json_t *health = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
        const char *told = json_string_value(json_object_get(health, "at"));
        if (told && clock_parse_iso(told, &at) == GW_OK && wall_now().ms - at.ms < 10 * HEALTH_EVERY_MS)
                return health;
        json_decref(health);
        return NULL;
}

/* A string that is not the terminal's to obey. */
static void print_string(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        for (text = text ? text : "?"; *text; text++)
                putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

static void print_health(const json_t *health)
{
        size_t i;
        json_t *one, *value;
        const char *source;
        json_array_foreach(json_object_get(health, "certificates"), i, one) {
                printf("days left %lld, ", (long long)json_integer_value(json_object_get(one, "daysLeft")));
                print_string(one, "kind");
                putchar(' ');
                print_string(one, "name");
                putchar('\n');
        }
        json_array_foreach(json_object_get(health, "revocation"), i, one) {
                printf("authority ");
                print_string(one, "authority");
                printf(": CRL %s", json_is_true(json_object_get(one, "crlUsable")) ? "current" : "not current");
                json_t *sources = json_object_get(one, "sources");
                json_object_foreach(sources, source, value) {
                        printf(", %s ", source);
                        print_string(sources, source);
                }
                putchar('\n');
        }
}

/* ---- the store ---- */

static json_t *totals_json(const struct store_totals *t, long pid)
{
        json_t *states = json_object();
        for (int i = 0; i < REQUEST_STATE_COUNT; i++)
                json_object_set_new(states, request_state_info((enum request_state)i)->code, json_integer(t->requests[i]));
        return json_pack("{s:b, s:I, s:o, s:I, s:{s:I, s:I, s:I}, s:I}", "running", pid != 0, "pid", (json_int_t)pid, "requests", states, "overdue", (json_int_t)t->overdue, "outbox",
                         "pending", (json_int_t)t->outbox_pending, "parked", (json_int_t)t->outbox_parked, "sent", (json_int_t)t->outbox_sent, "events", (json_int_t)t->events);
}

static void print_text(const struct store_totals *t, long pid)
{
        printf("gateway   %s", pid ? "running" : "not running");
        if (pid)
                printf(" (pid %ld)", pid);
        printf("\nrequests");
        for (int i = 0; i < REQUEST_STATE_COUNT; i++)
                if (t->requests[i])
                        printf("  %s %lld", request_state_info((enum request_state)i)->code, (long long)t->requests[i]);
        printf("\noverdue   %lld\noutbox    pending %lld, parked %lld, sent %lld\nevents    %lld\n", (long long)t->overdue, (long long)t->outbox_pending,
               (long long)t->outbox_parked, (long long)t->outbox_sent, (long long)t->events);
}

static int status_run(int argc, char **argv)
{
        const char *conf = NULL;
        bool json = false;
        const struct option_row rows[] = {
                {"conf", "FILE", "the gateway's configuration", &conf, NULL, true},
                {"json", NULL, "for machines", NULL, &json, false},
        };
        const struct options options = {"status", "", "Tells whether the gateway runs, and what is in its store: requests by state, overdue ones, the outbox.\nOf a running gateway also: the days that our certificates and the anchors have left, and which sources of revocation answer.\nExit status 1 when it does not run.", NULL,
                                        rows, GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (first != argc)
                return options_mistake(&options, "takes no operands");
        auto_settings struct settings *settings = NULL;
        struct store_reader *reader = NULL;
        struct store_totals totals = {0};
        struct why why = WHY_INIT;
        enum gw_rc rc = settings_load(conf, &settings, &why);
        if (rc == GW_OK)
                rc = store_reader_open(settings->store.path, &reader, &why);
        if (rc == GW_OK)
                rc = store_totals(reader, wall_now(), &totals, &why);
        int64_t refusals = 0;
        if (rc == GW_OK)
                rc = refusals_count(reader, &refusals, &why);
        store_reader_close(reader);
        if (rc != GW_OK)
                return options_mistake(&options, "%s", why.detail);
        long pid = running_pid(settings);
        json_t *health = pid ? health_of(settings) : NULL;
        if (json) {
                json_t *root = totals_json(&totals, pid);
                json_object_set_new(root, "refusals", json_integer(refusals));
                if (health)
                        json_object_set(root, "health", health);
                json_dumpf(root, stdout, JSON_INDENT(2));
                putchar('\n');
                json_decref(root);
        } else {
                print_text(&totals, pid);
                printf("refused   %lld kept\n", (long long)refusals);
                if (health)
                        print_health(health);
                else if (pid)
                        puts("health    the gateway has told nothing for half a minute");
        }
        json_decref(health);
        return pid ? COMMAND_YES : COMMAND_NO;
}

const struct command command_status = {"status", "does it run, and what is in the store?", status_run};
