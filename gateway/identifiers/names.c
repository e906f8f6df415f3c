/* Names in Kazakh and Russian, folded so that both spellings compare equal (services.md C.5). */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/buf.h"
#include "gateway/identifiers/identifiers.h"

#define NAME_BYTES_MAX 200

/* One character of UTF-8 up to U+07FF, which is all that Cyrillic needs; 0 for anything longer or broken. */
static unsigned take_character(const char **text)
{
        unsigned char first = (unsigned char)**text;
        if (first < 0x80) {
                ++*text;
                return first;
        }
        unsigned char second = (unsigned char)(*text)[1];
        if (first < 0xC2 || first > 0xDF || (second & 0xC0) != 0x80)
                return 0;
        *text += 2;
        return (unsigned)(first & 0x1F) << 6 | (second & 0x3F);
}

static void put_character(struct buf *out, unsigned c)
{
        if (c >= 0x80) {
                buf_add_char(out, (char)(0xC0 | c >> 6));
                c = 0x80 | (c & 0x3F);
        }
        buf_add_char(out, (char)c);
}

/* Upper case, Russian; 0: dropped; ~0: not a letter of a name. */
static unsigned fold(unsigned c)
{
        static const struct { unsigned kazakh, russian; } letters[] = {
                {0x4D8, 0x410}, {0x492, 0x413}, {0x49A, 0x41A}, {0x4A2, 0x41D}, {0x4E8, 0x41E}, /* Ә Ғ Қ Ң Ө */
                {0x4B0, 0x423}, {0x4AE, 0x423}, {0x4BA, 0x425}, {0x406, 0x418}, {0x401, 0x415}, /* Ұ Ү Һ І Ё */
        };
        if (c >= 0x430 && c <= 0x44F)
                c -= 0x20;
        else if (c >= 0x450 && c <= 0x45F)
                c -= 0x50;
        else if (c >= 0x490 && c <= 0x4FF)
                c &= ~1u; /* capitals are even in this part of Unicode */
        if (c == 0x42C || c == 0x42A) /* Ь Ъ */
                return 0;
        for (size_t i = 0; i < GW_COUNT(letters); i++)
                if (c == letters[i].kazakh)
                        return letters[i].russian;
        return c >= 0x410 && c <= 0x42F ? c : ~0u;
}

bool name_fold(const char *name, char **ret_folded)
{
        auto_buf struct buf out = BUF_LIMIT(NAME_BYTES_MAX);
        bool gap = false;
        if (!name || strlen(name) > NAME_BYTES_MAX)
                return false;
        while (*name) {
                unsigned c = take_character(&name);
                if (c == ' ' || c == '-') {
                        gap = true;
                        continue;
                }
                unsigned folded = c == '\'' ? 0 : fold(c);
                if (c == 0 || folded == ~0u)
                        return false;
                if (folded == 0)
                        continue;
                if (gap && out.n > 0)
                        buf_add_char(&out, ' ');
                gap = false;
                put_character(&out, folded);
        }
        if (out.n == 0 || buf_failed(&out))
                return false;
        *ret_folded = buf_take_str(&out);
        return true;
}

bool name_same(const char *a, const char *b)
{
        char *first = NULL, *second = NULL;
        bool same = name_fold(a, &first) && name_fold(b, &second) && str_eq(first, second);
        free(first);
        free(second);
        return same;
}
