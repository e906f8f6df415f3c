/* `egov-gateway services`: what services are there, by which acts, on which routes, with what limits, documents and refusals. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/catalogue/catalogue.h"
#include "gateway/commands/command.h"
#include "gateway/commands/options.h"
#include "gateway/commands/services_report.h"
#include "gateway/settings.h"

GW_DEFINE_AUTO(catalogue, struct catalogue, catalogue_close)
GW_DEFINE_AUTO(json, json_t, json_decref)

#define DEFAULT_FOLDER "conf/services"

/* CODE or CODE@VERSION */
static bool is_wanted(const struct service *service, const char *wanted)
{
        const char *at = strchr(wanted, '@');
        size_t n = at ? (size_t)(at - wanted) : strlen(wanted);
        return strlen(service->code) == n && strncmp(service->code, wanted, n) == 0 && (!at || str_eq(service->version, at + 1));
}

static void print_list(const struct catalogue *catalogue)
{
        printf("%-16s %-8s %-24s %-13s %s\n", "code", "version", "in force", "kind", "routes");
        for (size_t i = 0; i < catalogue_count(catalogue); i++) {
                const struct service *s = catalogue_at(catalogue, i);
                char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX] = "";
                if (s->valid_to.ms != 0)
                        clock_date_iso((struct wall_time){s->valid_to.ms - 1}, to);
                auto_str char *days = xasprintf("%s..%s", clock_date_iso(s->valid_from, from), to);
                printf("%-16s %-8s %-24s %-13s", s->code, s->version, days, service_kind(s));
                for (size_t k = 0; k < s->route_count; k++)
                        printf(" %s%s", route_kind_names[s->routes[k].kind], s->routes[k].offered ? "" : "(not offered)");
                printf("\n");
        }
}

/* True when there was one. */
static bool print_wanted(const struct catalogue *catalogue, const char *wanted, bool json)
{
        bool found = false;
        gw_auto(json) json_t *list = json_array();
        for (size_t i = 0; i < catalogue_count(catalogue); i++) {
                const struct service *service = catalogue_at(catalogue, i);
                if (wanted && !is_wanted(service, wanted))
                        continue;
                if (json)
                        json_array_append_new(list, service_json(service));
                else
                        services_print(service, stdout);
                found = true;
        }
        if (json && found) {
                json_dumpf(list, stdout, JSON_INDENT(1));
                putchar('\n');
        }
        return found;
}

static int check_folder(const struct options *options, const char *folder)
{
        struct why why = WHY_INIT;
        gw_auto(catalogue) struct catalogue *catalogue = NULL;
        if (access(folder, R_OK | X_OK) != 0)
                return options_mistake(options, "%s cannot be read", folder);
        if (catalogue_open(folder, &catalogue, &why) != GW_OK) {
                printf("BAD  %s\n", why.detail);
                return COMMAND_NO;
        }
        printf("ok   %zu service files\n", catalogue_count(catalogue));
        return COMMAND_YES;
}

static int show(const struct options *options, const char *folder, const char *wanted, bool json)
{
        struct why why = WHY_INIT;
        gw_auto(catalogue) struct catalogue *catalogue = NULL;
        if (catalogue_open(folder, &catalogue, &why) != GW_OK)
                return options_mistake(options, "%s", why.detail);
        if (!wanted && !json) {
                print_list(catalogue);
                return COMMAND_YES;
        }
        if (print_wanted(catalogue, wanted, json))
                return COMMAND_YES;
        fprintf(stderr, "egov-gateway services: there is no %s in %s\n", wanted, folder);
        return COMMAND_NO;
}

static int services_run(int argc, char **argv)
{
        const char *conf = NULL, *folder = NULL, *wanted = NULL, *checked = NULL;
        bool json = false;
        const struct option_row rows[] = {
                {"conf", "FILE", "take the folder from this configuration", &conf, NULL, false},
                {"folder", "FOLDER", "the folder itself; without either " DEFAULT_FOLDER, &folder, NULL, false},
                {"show", "CODE[@VERSION]", "everything about one service", &wanted, NULL, false},
                {"check", "FOLDER", "only say whether every file of that folder is right", &checked, NULL, false},
                {"json", NULL, "for machines: everything, of all services or the one that --show names", NULL, &json, false},
        };
        const struct options options = {"services", "",
                                        "Lists the services of the catalogue, or shows one: acts, who may apply, routes with every step and limit, documents,\npapers, refusals, fields of the form.\n"
                                        "Exit status: 0 shown or right, 1 no such service or a mistake in a file, 2 usage or unreadable.",
                                        "  egov-gateway services\n  egov-gateway services --show HOME_SCHOOL\n  egov-gateway services --check conf/services\n", rows, GW_COUNT(rows)};
        int first = 0, status = 0;
        if (!options_parse(&options, argc, argv, &first, &status))
                return status;
        if (first != argc || (conf && folder) || (checked && (wanted || json || conf || folder)))
                return options_mistake(&options, "takes no operands; --conf or --folder; --check alone");
        xml_init();
        if (checked)
                return check_folder(&options, checked);
        auto_settings struct settings *settings = NULL;
        struct why why = WHY_INIT;
        if (conf && settings_load(conf, &settings, &why) != GW_OK)
                return options_mistake(&options, "%s", why.detail);
        return show(&options, settings ? settings->gateway.services : folder ? folder : DEFAULT_FOLDER, wanted, json);
}

const struct command command_services = {"services", "the services of the catalogue: acts, routes, steps, limits, documents, refusals", services_run};
