/* `egov-gateway fsck`: is the record of events whole? */
#include <stdio.h>

#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/register/store.h"
#include "gateway/settings.h"

static int fsck_run(int argc, char **argv)
{
        const char *conf = NULL;
        const struct option_row rows[] = {{"conf", "FILE", "the gateway's configuration", &conf, NULL, true}};
        const struct options options = {"fsck", "", "Recomputes the hash chain over all events of the store: a changed, removed or inserted event breaks it.\nMay run beside the gateway.", NULL, rows,
                                        GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (first != argc)
                return options_mistake(&options, "takes no operands");
        auto_settings struct settings *settings = NULL;
        struct store_reader *reader = NULL;
        uint64_t events = 0;
        struct why why = WHY_INIT;
        enum gw_rc rc = settings_load(conf, &settings, &why);
        if (rc == GW_OK)
                rc = store_reader_open(settings->store.path, &reader, &why);
        if (rc != GW_OK)
                return options_mistake(&options, "%s", why.detail);
        rc = store_check_chain(reader, &events, &why);
        store_reader_close(reader);
        if (rc == GW_OK)
                printf("ok: %llu events, the chain is whole\n", (unsigned long long)events);
        else
                printf("BROKEN: %s\n", why.detail);
        return rc == GW_OK ? COMMAND_YES : COMMAND_NO;
}

const struct command command_fsck = {"fsck", "is the record of events whole?", fsck_run};
