/* Wiring only: which subcommands there are, and which adapters the gateway has. */
#include <stdio.h>

#include "gateway/collect/adapter.h"
#include "gateway/commands/command.h"
#include "gateway/commands/serve.h"

static const struct command *const commands[] = {
        &command_serve, &command_check_conf, &command_services, &command_verify, &command_diagnose, &command_sign, &command_print, &command_replay, &command_status, &command_outbox, &command_evidence, &command_fsck, &command_version,
};

static void print_help(FILE *out)
{
        fputs("egov-gateway: takes EDS-signed requests for state services, answers the automated ones, delivers signed results.\n\n"
              "usage: egov-gateway COMMAND [OPTION…]\n\n",
              out);
        for (size_t i = 0; i < GW_COUNT(commands); i++)
                fprintf(out, "  %-11s %s\n", commands[i]->name, commands[i]->help);
        fputs("\n`egov-gateway COMMAND --help` explains each. Exit status: 0 yes or done, 1 no, 2 usage or unreadable.\n", out);
}

int main(int argc, char **argv)
{
        if (serve_is_child(argc, argv))
                return serve_child(argc, argv, adapters_all);
        if (argc < 2) {
                print_help(stderr);
                return COMMAND_USAGE;
        }
        if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h") || str_eq(argv[1], "help")) {
                print_help(stdout);
                return COMMAND_YES;
        }
        if (str_eq(argv[1], "--version"))
                return command_version.run(1, argv + 1);
        for (size_t i = 0; i < GW_COUNT(commands); i++)
                if (str_eq(commands[i]->name, argv[1]))
                        return commands[i]->run(argc - 1, argv + 1);
        fprintf(stderr, "egov-gateway: there is no command `%s`; try --help\n", argv[1]);
        return COMMAND_USAGE;
}
