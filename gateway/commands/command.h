/* The subcommands of egov-gateway: one file each, one row each in main.c's table.
 *
 * run() gets what stands behind the subcommand's name, with argv[0] the name itself, and returns the exit status: 0 yes or done, 1 no,
 * 2 usage or unreadable. `--help` is answered by each one (options.h). */
#ifndef GW_COMMANDS_COMMAND_H
#define GW_COMMANDS_COMMAND_H

#include "gateway/base/base.h"

enum { COMMAND_YES = 0, COMMAND_NO = 1, COMMAND_USAGE = 2 };

struct command {
        const char *name;
        const char *help; /* one line for `egov-gateway --help` */
        int (*run)(int argc, char **argv);
};

extern const struct command command_replay;
extern const struct command command_verify;
extern const struct command command_diagnose;
extern const struct command command_sign;
extern const struct command command_print;
extern const struct command command_version;
extern const struct command command_serve;
extern const struct command command_check_conf;
extern const struct command command_services;
extern const struct command command_status;
extern const struct command command_outbox;
extern const struct command command_evidence;
extern const struct command command_fsck;

/* `verify --certificate …`, verify_certificate.c. */
int verify_certificate_run(int argc, char **argv);

#endif
