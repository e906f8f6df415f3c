/* `egov-gateway outbox`: messages that could not be delivered and wait for an operator. */
#include <stdio.h>

#include "gateway/base/text.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/deliver/release.h"
#include "gateway/settings.h"

static void print_parked(void *arg, int64_t id, const char *number, const char *destination, const char *kind, int attempts, const char *error, struct wall_time parked_at)
{
        size_t *count = arg;
        char at[CLOCK_TEXT_MAX];
        if ((*count)++ == 0)
                printf("%-10s %-15s %-12s %-13s %8s  %-17s %s\n", "row", "request", "destination", "kind", "attempts", "parked", "why");
        printf("%-10lld %-15s %-12s %-13s %8d  %-17s %s\n", (long long)id, number, destination, kind, attempts, clock_datetime_people(parked_at, at), error);
}

static int list(const struct settings *settings, const struct options *options)
{
        struct store_reader *reader = NULL;
        struct why why = WHY_INIT;
        size_t count = 0;
        enum gw_rc rc = store_reader_open(settings->store.path, &reader, &why);
        if (rc == GW_OK)
                rc = store_parked(reader, print_parked, &count, &why);
        store_reader_close(reader);
        if (rc != GW_OK)
                return options_mistake(options, "%s", why.detail);
        if (!count)
                puts("nothing is parked");
        return COMMAND_YES;
}

struct wanted {
        int64_t row;
        bool parked;
};

static void note_parked(void *arg, int64_t id, const char *number, const char *destination, const char *kind, int attempts, const char *error, struct wall_time parked_at)
{
        struct wanted *wanted = arg;
        gw_ignore(!number || !destination || !kind || attempts < 0 || !error || parked_at.ms < 0); /* only the row matters here */
        wanted->parked = wanted->parked || id == wanted->row;
}

static enum gw_rc ask_release(const struct settings *settings, int64_t row, struct why *why)
{
        struct store_reader *reader = NULL;
        struct wanted wanted = {.row = row};
        enum gw_rc rc = store_reader_open(settings->store.path, &reader, why);
        if (rc == GW_OK)
                rc = store_parked(reader, note_parked, &wanted, why);
        store_reader_close(reader);
        if (rc == GW_OK && !wanted.parked)
                return why_say(why, GW_REJECT, "is not parked");
        return rc == GW_OK ? release_ask(settings->gateway.run_folder, row, why) : rc;
}

static int release(const struct settings *settings, const struct options *options, char **ids, int id_count)
{
        int status = COMMAND_YES;
        for (int i = 0; i < id_count; i++) {
                uint64_t id;
                struct why why = WHY_INIT;
                if (!text_to_u64(ids[i], 1, INT64_MAX, &id))
                        return options_mistake(options, "%s is not the number of a row", ids[i]);
                if (ask_release(settings, (int64_t)id, &why) == GW_OK) {
                        printf("row %s will be sent again\n", ids[i]);
                        continue;
                }
                printf("row %s: %s\n", ids[i], why.detail);
                status = COMMAND_NO;
        }
        return status;
}

static int outbox_run(int argc, char **argv)
{
        const char *conf = NULL;
        bool releasing = false;
        const struct option_row rows[] = {
                {"conf", "FILE", "the gateway's configuration", &conf, NULL, true},
                {"release", NULL, "send the named rows again", NULL, &releasing, false},
        };
        const struct options options = {"outbox", "[ROW…]",
                                        "Lists the messages that were parked: refused by their destination, or tried too often. Later messages of the same\n"
                                        "request wait behind them. --release sends rows again; the running gateway takes them up within a second.",
                                        "  egov-gateway outbox --conf gateway.conf\n  egov-gateway outbox --conf gateway.conf --release 17 18\n", rows, GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (releasing != (first < argc))
                return options_mistake(&options, releasing ? "--release needs row numbers" : "row numbers go with --release");
        auto_settings struct settings *settings = NULL;
        struct why why = WHY_INIT;
        if (settings_load(conf, &settings, &why) != GW_OK)
                return options_mistake(&options, "%s", why.detail);
        return releasing ? release(settings, &options, argv + first, argc - first) : list(settings, &options);
}

const struct command command_outbox = {"outbox", "undeliverable messages: list and release", outbox_run};
