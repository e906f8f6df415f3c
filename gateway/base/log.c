/* One line per event on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"

static struct {
        char process[32];
        enum log_level level;
} state = {"gateway", LOG_INFO};

static const char *const names[] = {"error", "warn", "info", "debug"};

void log_open(const char *process_name, enum log_level level)
{
        snprintf(state.process, sizeof state.process, "%s", process_name);
        state.level = level;
}

bool log_level_parse(const char *name, enum log_level *ret_level)
{
        for (size_t i = 0; i < GW_COUNT(names); i++) {
                if (str_eq(names[i], name)) {
                        *ret_level = (enum log_level)i;
                        return true;
                }
        }
        return false;
}

void log_event(enum log_level level, const char *id, const char *verb, const char *format, ...)
{
        if (level > state.level)
                return;
        char when[CLOCK_TEXT_MAX], line[1024];
        int n = snprintf(line, sizeof line, "%s %s[%ld] %s %.64s %s ", clock_iso(wall_now(), when), state.process, (long)getpid(),
                         names[level], id ? id : "-", verb);
        va_list args;
        va_start(args, format);
        int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
        va_end(args);
        size_t length = strnlen(line, sizeof line - 2);
        if (m < 0)
                length = (size_t)n;
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
                        line[i] = '?';
        line[length] = '\n';
        /* One write: lines of several threads do not mix. */
        gw_ignore(write(STDERR_FILENO, line, length + 1) < 0);
}
