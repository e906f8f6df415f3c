/* Allocation that aborts, small string helpers, panic. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/base.h"

void gw_panic(const char *file, int line, const char *what)
{
        fprintf(stderr, "panic: %s:%d: %s\n", file, line, what);
        abort();
}

void *xmalloc(size_t size)
{
        void *p = malloc(size ? size : 1);
        if (!p)
                gw_panic(__FILE__, __LINE__, "out of memory");
        return p;
}

void *xcalloc(size_t count, size_t size)
{
        void *p = calloc(count ? count : 1, size ? size : 1);
        if (!p)
                gw_panic(__FILE__, __LINE__, "out of memory");
        return p;
}

void *xrealloc(void *p, size_t size)
{
        void *q = realloc(p, size ? size : 1);
        if (!q)
                gw_panic(__FILE__, __LINE__, "out of memory");
        return q;
}

char *xstrdup(const char *s)
{
        return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
        char *copy = xmalloc(n + 1);
        memcpy(copy, s, n);
        copy[n] = '\0';
        return copy;
}

char *xasprintf(const char *format, ...)
{
        char *text = NULL;
        va_list args;
        va_start(args, format);
        int n = vasprintf(&text, format, args);
        va_end(args);
        if (n < 0)
                gw_panic(__FILE__, __LINE__, "out of memory");
        return text;
}

void gw_free_str(char **p)
{
        free(*p);
        *p = NULL;
}

void gw_close_fd(int *fd)
{
        if (*fd >= 0) {
                int saved = errno;
                close(*fd);
                errno = saved;
        }
        *fd = -1;
}

bool str_eq(const char *a, const char *b)
{
        return a && b && strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
        return s && strncmp(s, prefix, strlen(prefix)) == 0;
}
