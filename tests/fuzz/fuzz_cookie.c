/* Cookie headers, one per line: a value is found once, whole and of letters and digits, or it is none. */
#include <string.h>

#include "gateway/provider/cookie.h"
#include "tests/fuzz/fuzz.h"

#define LINES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        auto_str char *text = xstrndup((const char *)data, size);
        struct http_header headers[LINES_MAX];
        size_t count = 0;
        char *rest = text;
        for (char *line; count < LINES_MAX && (line = strsep(&rest, "\n"));)
                headers[count++] = (struct http_header){"cookie", line};
        struct http_request request = {.headers = headers, .header_count = count};
        char value[65] = "x";
        enum cookie_state state = cookie_read(&request, "egov_session", value, sizeof value);
        if (state != COOKIE_FOUND) {
                GW_ASSERT(state == COOKIE_BAD || state == COOKIE_NONE);
                return 0;
        }
        size_t n = strlen(value), times = 0;
        GW_ASSERT(n > 0 && n < sizeof value && strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n);
        auto_str char *pair = xasprintf("egov_session=%s", value);
        for (size_t i = 0; i < count; i++)
                times += strstr(headers[i].value, pair) != NULL;
        GW_ASSERT(times >= 1);
        return 0;
}
