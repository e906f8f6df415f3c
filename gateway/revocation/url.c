/* Which URLs are asked. They come from the operator, or from certificates: then whoever writes certificates could make us call our own neighbours. */
#include <string.h>

#include "gateway/revocation/engine.h"

#define URL_MAX 500

static const char *host_of(const char *url)
{
        const char *slashes = strstr(url, "://");
        return slashes ? slashes + 3 : NULL;
}

bool url_usable(const char *url, bool https)
{
        if (!str_starts(url, "http://") && !(https && str_starts(url, "https://")))
                return false;
        if (strlen(url) > URL_MAX)
                return false;
        for (const char *c = url; *c; c++)
                if (*c <= 0x20 || *c > 0x7e || strchr("\\\"<>", *c))
                        return false;
        const char *host = host_of(url);
        size_t n = strcspn(host, "/?#");
        return n > 0 && host[0] != ':' && !memchr(host, '@', n);
}

bool url_host_listed(const char *url, const char *hosts)
{
        const char *host = host_of(url);
        if (!host || !hosts)
                return false;
        size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
        for (const char *p = hosts; *p;) {
                p += strspn(p, " ,");
                size_t length = strcspn(p, " ,");
                if (length == n && strncasecmp(p, host, n) == 0)
                        return true;
                p += length;
        }
        return false;
}
