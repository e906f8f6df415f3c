/* Command lines, by getopt_long and one table per subcommand. */
#include "gateway/commands/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/commands/command.h"

#define ROWS_MAX 32
#define HELP_VALUE 1000 /* getopt's val of --help; the rows have their index */

int options_mistake(const struct options *options, const char *format, ...)
{
        fprintf(stderr, "egov-gateway %s: ", options->command);
        va_list args;
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fprintf(stderr, "\nTry: egov-gateway %s --help\n", options->command);
        return COMMAND_USAGE;
}

static void print_row(const char *name, const char *argument, const char *help, bool required)
{
        auto_str char *left = xasprintf("--%s%s%s", name, argument ? " " : "", argument ? argument : "");
        int wide = 22; /* of columns, not of bytes */
        for (const char *p = left; *p; p++)
                wide += ((unsigned char)*p & 0xc0) == 0x80;
        printf("  %-*s %s%s\n", wide, left, help, required ? " (required)" : "");
}

static void print_help(const struct options *options)
{
        printf("egov-gateway %s [OPTION]…%s%s\n\n%s\n\nOptions:\n", options->command, *options->operands ? " " : "", options->operands,
               options->about);
        for (size_t i = 0; i < options->row_count; i++)
                print_row(options->rows[i].name, options->rows[i].argument, options->rows[i].help, options->rows[i].required);
        print_row("help", NULL, "this text", false);
        if (options->examples)
                printf("\nExamples:\n%s\n", options->examples);
}

/* False when there are too many. */
static bool take_another(const char **list, const char *value)
{
        size_t n = 0;
        while (list[n])
                n++;
        if (n == OPTIONS_REPEAT_MAX)
                return false;
        list[n] = value;
        return true;
}

static bool is_repeated(const char *argument)
{
        static const char mark[] = "…";
        size_t n = argument ? strlen(argument) : 0;
        return n >= sizeof mark - 1 && str_eq(argument + n - (sizeof mark - 1), mark);
}

/* NULL, or what is wrong. */
static const char *take(const struct options *options, int value, bool *seen)
{
        if (value == ':')
                return "an argument is missing behind";
        if (value < 0 || (size_t)value >= options->row_count)
                return "unknown option";
        const struct option_row *row = &options->rows[value];
        seen[value] = true;
        if (row->given)
                *row->given = true;
        if (is_repeated(row->argument))
                return take_another(row->value, optarg) ? NULL : "too many of";
        if (row->argument)
                *row->value = optarg;
        return NULL;
}

bool options_parse(const struct options *options, int argc, char **argv, int *ret_first, int *ret_exit)
{
        GW_ASSERT(options->row_count <= ROWS_MAX);
        struct option longs[ROWS_MAX + 2] = {{0}};
        bool seen[ROWS_MAX] = {false};
        for (size_t i = 0; i < options->row_count; i++)
                longs[i] = (struct option){options->rows[i].name, options->rows[i].argument ? required_argument : no_argument, NULL,
                                           (int)i};
        longs[options->row_count] = (struct option){"help", no_argument, NULL, HELP_VALUE};
        optind = 0; /* glibc: start over, whoever called getopt before */
        opterr = 0;
        for (int value; (value = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
                if (value == HELP_VALUE || value == 'h') {
                        print_help(options);
                        *ret_exit = COMMAND_YES;
                        return false;
                }
                const char *what = take(options, value, seen);
                if (what) {
                        *ret_exit = options_mistake(options, "%s %s", what, argv[optind - 1]);
                        return false;
                }
        }
        for (size_t i = 0; i < options->row_count; i++)
                if (options->rows[i].required && !seen[i]) {
                        *ret_exit = options_mistake(options, "--%s is required", options->rows[i].name);
                        return false;
                }
        *ret_first = optind;
        return true;
}
