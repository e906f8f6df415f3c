/* Owned, bounded byte buffers with a sticky error, and borrowed spans. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "gateway/base/buf.h"

struct span span_str(const char *s)
{
        return span_of(s, s ? strlen(s) : 0);
}

bool span_eq(struct span a, struct span b)
{
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool span_eq_str(struct span a, const char *s)
{
        return span_eq(a, span_str(s));
}

char *span_dup(struct span s)
{
        char *copy = xmalloc(s.n + 1);
        if (s.n)
                memcpy(copy, s.p, s.n);
        copy[s.n] = '\0';
        return copy;
}

void buf_done(struct buf *b)
{
        free(b->p);
        b->p = NULL;
        b->n = b->cap = 0;
        b->failed = false;
}

void buf_wipe_done(struct buf *b)
{
        if (b->p)
                OPENSSL_cleanse(b->p, b->cap);
        buf_done(b);
}

void buf_reset(struct buf *b)
{
        b->n = 0;
        b->failed = false;
        if (b->p)
                b->p[0] = '\0';
}

bool buf_failed(const struct buf *b)
{
        return b->failed;
}

struct span buf_span(const struct buf *b)
{
        return span_of(b->p, b->n);
}

const char *buf_cstr(const struct buf *b)
{
        return b->p ? (const char *)b->p : "";
}

char *buf_take_str(struct buf *b)
{
        char *text = b->p ? (char *)gw_take(&b->p) : xstrdup("");
        b->n = b->cap = 0;
        b->failed = false;
        return text;
}

uint8_t *buf_room(struct buf *b, size_t n)
{
        if (b->failed)
                return NULL;
        if (n > b->max - b->n) {
                b->failed = true;
                return NULL;
        }
        if (b->n + n + 1 > b->cap) {
                size_t cap = b->cap ? b->cap * 2 : 256;
                if (cap < b->n + n + 1)
                        cap = b->n + n + 1;
                uint8_t *p = realloc(b->p, cap);
                if (!p) {
                        b->failed = true;
                        return NULL;
                }
                b->p = p;
                b->cap = cap;
                b->p[b->n] = '\0';
        }
        return b->p + b->n;
}

void buf_grew(struct buf *b, size_t n)
{
        GW_ASSERT(b->n + n < b->cap);
        b->n += n;
        b->p[b->n] = '\0';
}

void buf_add(struct buf *b, const void *p, size_t n)
{
        uint8_t *room = buf_room(b, n);
        if (!room)
                return;
        if (n)
                memcpy(room, p, n);
        buf_grew(b, n);
}

void buf_add_span(struct buf *b, struct span s)
{
        buf_add(b, s.p, s.n);
}

void buf_add_str(struct buf *b, const char *s)
{
        buf_add(b, s, s ? strlen(s) : 0);
}

void buf_add_char(struct buf *b, char c)
{
        buf_add(b, &c, 1);
}

void buf_add_u64(struct buf *b, uint64_t v)
{
        char digits[24];
        char *p = digits + sizeof digits;
        do {
                *--p = (char)('0' + v % 10);
                v /= 10;
        } while (v);
        buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

void buf_printf(struct buf *b, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        char *text = NULL;
        int n = vasprintf(&text, format, args);
        va_end(args);
        if (n < 0) {
                b->failed = true;
                return;
        }
        buf_add(b, text, (size_t)n);
        free(text);
}
