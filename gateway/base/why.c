/* Code and one line for a refusal. */
#include <stdarg.h>
#include <stdio.h>

#include "gateway/base/why.h"

enum gw_rc why_set(struct why *why, enum gw_rc rc, int reason, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        vsnprintf(why->detail, sizeof why->detail, format, args);
        va_end(args);
        why->reason = reason;
        return rc;
}

enum gw_rc why_say(struct why *why, enum gw_rc rc, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        vsnprintf(why->detail, sizeof why->detail, format, args);
        va_end(args);
        return rc;
}
