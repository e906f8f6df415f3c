/* One cookie out of a request's Cookie headers (RFC 6265 4.2.1). */
#ifndef GW_PROVIDER_COOKIE_H
#define GW_PROVIDER_COOKIE_H

#include "gateway/accept/http_server.h"

enum cookie_state {
        COOKIE_NONE,
        COOKIE_FOUND,
        COOKIE_BAD, /* there twice (somebody else may have set one of them), too long, or not of letters and digits */
};
/* Whole names are compared, in their case. out is written when it is found; size counts the NUL. */
enum cookie_state cookie_read(const struct http_request *request, const char *name, char *out, size_t size);

#endif
