/* Long options of a subcommand from a table: parsing by getopt_long, and --help written from the same rows. */
#ifndef GW_COMMANDS_OPTIONS_H
#define GW_COMMANDS_OPTIONS_H

#include "gateway/base/base.h"

#define OPTIONS_REPEAT_MAX 64
struct option_row {
        const char *name;     /* without "--" */
        const char *argument; /* "FILE"; NULL for a switch; "FILE…": may be given several times, and value is an array of OPTIONS_REPEAT_MAX + 1 NULLs */
        const char *help;     /* one line */
        const char **value;   /* where the argument goes (borrowed from argv); last one wins */
        bool *given;          /* set when the option is there; may be NULL */
        bool required;
};

struct options {
        const char *command;  /* "verify" */
        const char *operands; /* "FILE…", or "" when none are taken */
        const char *about;    /* what it does, in words a stranger understands; may have several lines */
        const char *examples; /* indented lines, or NULL */
        const struct option_row *rows;
        size_t row_count;
};

/* Options may stand before or after the operands. On true, argv[*ret_first..argc-1] are the operands. On false the command is to return
 * *ret_exit at once: help was printed (0, standard output) or the mistake was (2, standard error). */
GW_MUST_CHECK bool options_parse(const struct options *options, int argc, char **argv, int *ret_first, int *ret_exit);
/* Says what is wrong, with the command's name in front and a pointer to --help; returns 2. */
int options_mistake(const struct options *options, const char *format, ...) GW_PRINTF(2, 3);

#endif
