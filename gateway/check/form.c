/* Two small readers; nothing is allocated. */
#include "gateway/check/form.h"

#include <ctype.h>
#include <string.h>

#include "gateway/base/text.h"

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

static int hex_digit(uint8_t c)
{
        return isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character at *i, which moves to its last byte; -1 when it is none. */
static int next_character(struct span value, size_t *i)
{
        int c = value.p[*i] == '+' ? ' ' : value.p[*i];
        if (c != '%')
                return c;
        int high = *i + 2 < value.n ? hex_digit(value.p[*i + 1]) : -1, low = high >= 0 ? hex_digit(value.p[*i + 2]) : -1;
        *i += 2;
        return low < 0 ? -1 : high << 4 | low;
}

static bool decode(struct span value, char *out, size_t size)
{
        size_t n = 0;
        for (size_t i = 0; i < value.n; i++) {
                int c = next_character(value, &i);
                if (c == ' ')
                        continue;
                if (c < 0x21 || c > 0x7e || n + 1 >= size)
                        return false;
                out[n++] = (char)c;
        }
        out[n] = '\0';
        return n > 0;
}

/* Still encoded; false when there is no such field. */
static bool find_field(struct span body, const char *name, struct span *ret_value)
{
        size_t length = strlen(name);
        while (body.n > 0) {
                const uint8_t *end = memchr(body.p, '&', body.n);
                size_t n = end ? (size_t)(end - body.p) : body.n;
                if (n > length && body.p[length] == '=' && span_eq_str(span_of(body.p, length), name)) {
                        *ret_value = span_of(body.p + length + 1, n - length - 1);
                        return true;
                }
                body = end ? span_of(end + 1, body.n - n - 1) : span_of(NULL, 0);
        }
        return false;
}

bool form_value(struct span body, const char *name, char *out, size_t size)
{
        struct span value;
        return find_field(body, name, &value) && decode(value, out, size);
}

bool form_text(struct span body, const char *name, struct buf *out)
{
        struct span value;
        if (!find_field(body, name, &value))
                return false;
        size_t before = out->n;
        for (size_t i = 0; i < value.n; i++) {
                int c = next_character(value, &i);
                if (c <= 0)
                        return false;
                buf_add_char(out, (char)c);
        }
        return !buf_failed(out) && out->n > before && text_is_utf8(span_of(out->p + before, out->n - before));
}

/* "\r\n--" and the boundary. */
static bool read_boundary(const char *content_type, char out[BOUNDARY_MAX + 5])
{
        const char *at = content_type && strncasecmp(content_type, "multipart/form-data", 19) == 0 ? strcasestr(content_type, "boundary=") : NULL;
        if (!at)
                return false;
        at += strlen("boundary=");
        bool quoted = *at == '"';
        size_t n = strcspn(at + quoted, quoted ? "\"" : "; \t");
        if (n == 0 || n > BOUNDARY_MAX)
                return false;
        memcpy(out, "\r\n--", 4);
        memcpy(out + 4, at + quoted, n);
        out[4 + n] = '\0';
        return true;
}

static const uint8_t *find(struct span in, const char *word)
{
        return in.n ? memmem(in.p, in.n, word, strlen(word)) : NULL;
}

static struct span behind(struct span in, const uint8_t *at, size_t n)
{
        size_t from = (size_t)(at - in.p) + n;
        return from < in.n ? span_of(in.p + from, in.n - from) : span_of(in.p, 0);
}

bool form_part(struct span body, const char *content_type, struct span *ret_part)
{
        char boundary[BOUNDARY_MAX + 5];
        if (!read_boundary(content_type, boundary))
                return false;
        size_t length = strlen(boundary);
        if (body.n < length - 2 || !span_eq_str(span_of(body.p, length - 2), boundary + 2))
                return false;
        for (body = span_of(body.p + length - 2, body.n - length + 2);;) {
                const uint8_t *head = find(body, "\r\n\r\n");
                if (!head)
                        return false;
                struct span content = behind(body, head, 4);
                const uint8_t *end = find(content, boundary);
                if (!end)
                        return false;
                if (end > content.p) {
                        *ret_part = span_of(content.p, (size_t)(end - content.p));
                        return true;
                }
                body = behind(content, end, length);
        }
}
