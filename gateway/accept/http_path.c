/* Splits, decodes and judges a request target. */
#include <string.h>
#include <strings.h>

#include "gateway/accept/http_path.h"
#include "gateway/base/text.h"

/* RFC 3986 forbids these in a target; parsers that repair them ('\' to '/') do not agree with those that do not. */
static bool is_path_char(uint8_t c)
{
        return c > 0x20 && c < 0x7f && !strchr("\"#<>?[\\]^`{|}", c);
}

/* Queries are looser: browsers send brackets, braces and bars raw. */
static bool is_query_char(uint8_t c)
{
        return c > 0x20 && c < 0x7f && c != '#';
}

/* "http://host/path?query" -> "/path?query"; an origin-form stays as it is. False for every other form. */
static bool strip_authority(struct span *target)
{
        if (target->n > 0 && target->p[0] == '/')
                return true;
        size_t scheme = 0;
        if (target->n > 7 && strncasecmp((const char *)target->p, "http://", 7) == 0)
                scheme = 7;
        else if (target->n > 8 && strncasecmp((const char *)target->p, "https://", 8) == 0)
                scheme = 8;
        if (scheme == 0)
                return false;
        size_t end = scheme;
        while (end < target->n && target->p[end] != '/' && target->p[end] != '?') {
                if (!is_path_char(target->p[end]) || target->p[end] == '@' || target->p[end] == '%')
                        return false;
                end++;
        }
        if (end == scheme)
                return false;
        *target = span_of(target->p + end, target->n - end);
        return true;
}

static int hex_digit(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes "%XX" at p[at]; -1 when it is broken or means what must not be hidden. */
static int decode_triplet(struct span path, size_t at)
{
        if (path.n - at < 3)
                return -1;
        int high = hex_digit(path.p[at + 1]), low = hex_digit(path.p[at + 2]);
        if (high < 0 || low < 0)
                return -1;
        int c = high << 4 | low;
        return c < 0x20 || c == 0x7f || c == '/' || c == '\\' ? -1 : c;
}

static bool decode_path(struct span path, struct buf *out)
{
        for (size_t i = 0; i < path.n; i++) {
                int c = path.p[i];
                if (c == '%') {
                        c = decode_triplet(path, i);
                        i += 2;
                } else if (!is_path_char(path.p[i]))
                        c = -1;
                if (c < 0)
                        return false;
                buf_add_char(out, (char)c);
        }
        return true;
}

/* No "", "." or ".." between slashes; a slash at the very end is fine. */
static bool segments_are_plain(const char *path)
{
        for (const char *segment = path + 1;;) {
                size_t n = strcspn(segment, "/");
                bool last = segment[n] == '\0';
                if ((n == 0 && !last) || (n == 1 && segment[0] == '.') || (n == 2 && segment[0] == '.' && segment[1] == '.'))
                        return false;
                if (last)
                        return true;
                segment += n + 1;
        }
}

bool http_target_parse(struct span target, struct buf *out, size_t *ret_query)
{
        if (!strip_authority(&target))
                return false;
        const uint8_t *mark = target.n ? memchr(target.p, '?', target.n) : NULL;
        size_t path_n = mark ? (size_t)(mark - target.p) : target.n;
        struct span path = path_n ? span_of(target.p, path_n) : span_str("/"); /* "http://host" means "http://host/" */
        size_t start = out->n;
        if (!decode_path(path, out) || buf_failed(out) || !text_is_utf8(span_of(out->p + start, out->n - start)) ||
            !segments_are_plain((const char *)out->p + start))
                return false;
        buf_add_char(out, '\0');
        size_t query = out->n;
        for (size_t i = path_n + 1; mark && i < target.n; i++) {
                if (!is_query_char(target.p[i]))
                        return false;
                buf_add_char(out, (char)target.p[i]);
        }
        buf_add_char(out, '\0');
        if (buf_failed(out))
                return false;
        *ret_query = query;
        return true;
}
