/* Reads a cookie (gateway/provider/cookie.h). */
#include "gateway/provider/cookie.h"

#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* One header: "a=1; b=2". */
static enum cookie_state read_header(const char *value, const char *name, enum cookie_state state, char *out, size_t size)
{
        size_t name_n = strlen(name);
        for (const char *at = value + strspn(value, "; \t"); *at; at += strspn(at, "; \t")) {
                size_t n = strcspn(at, ";");
                const char *equals = memchr(at, '=', n);
                if (equals && (size_t)(equals - at) == name_n && strncmp(at, name, name_n) == 0) {
                        size_t value_n = n - name_n - 1;
                        bool plain = value_n > 0 && value_n < size && strspn(equals + 1, PLAIN) == value_n;
                        if (state != COOKIE_NONE || !plain)
                                return COOKIE_BAD;
                        memcpy(out, equals + 1, value_n);
                        out[value_n] = '\0';
                        state = COOKIE_FOUND;
                }
                at += n;
        }
        return state;
}

enum cookie_state cookie_read(const struct http_request *request, const char *name, char *out, size_t size)
{
        enum cookie_state state = COOKIE_NONE;
        for (size_t i = 0; i < request->header_count && state != COOKIE_BAD; i++)
                if (str_eq(request->headers[i].name, "cookie"))
                        state = read_header(request->headers[i].value, name, state, out, size);
        return state;
}
