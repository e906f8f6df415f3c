/* Strict DER (X.690 section 10). */
#include "gateway/gost/der.h"

/* Reads tag and length; *ret_head is how many bytes they take. */
static bool read_head(struct span in, uint8_t tag, size_t *ret_head, size_t *ret_length)
{
        if (in.n < 2 || in.p[0] != tag)
                return false;
        size_t head = 2, length = in.p[1];
        if (length >= 0x80) {
                size_t count = length & 0x7f;
                if (count < 1 || count > 4 || in.n < 2 + count)
                        return false;
                length = 0;
                for (size_t i = 0; i < count; i++)
                        length = length << 8 | in.p[2 + i];
                if (length < 0x80 || length >> 8 * (count - 1) == 0)
                        return false; /* a shorter form exists */
                head += count;
        }
        if (in.n - head < length)
                return false;
        *ret_head = head;
        *ret_length = length;
        return true;
}

bool der_take(struct span *in, uint8_t tag, struct span *ret_content)
{
        size_t head = 0, length = 0;
        if (!read_head(*in, tag, &head, &length))
                return false;
        *ret_content = span_of(in->p + head, length);
        *in = span_of(in->p + head + length, in->n - head - length);
        return true;
}

bool der_take_whole(struct span *in, uint8_t tag, struct span *ret_whole)
{
        struct span before = *in, content;
        if (!der_take(in, tag, &content))
                return false;
        *ret_whole = span_of(before.p, before.n - in->n);
        return true;
}

bool der_take_bits(struct span *in, struct span *ret_bytes)
{
        struct span rest = *in, content;
        if (!der_take(&rest, DER_BIT_STRING, &content) || content.n < 1 || content.p[0] != 0)
                return false;
        *ret_bytes = span_of(content.p + 1, content.n - 1);
        *in = rest;
        return true;
}

void der_put(struct buf *out, uint8_t tag, struct span content)
{
        GW_ASSERT(content.n <= 0xffffff);
        buf_add_char(out, (char)tag);
        if (content.n >= 0x10000) {
                buf_add_char(out, (char)0x83);
                buf_add_char(out, (char)(content.n >> 16));
                buf_add_char(out, (char)(content.n >> 8 & 0xff));
        } else if (content.n >= 0x100) {
                buf_add_char(out, (char)0x82);
                buf_add_char(out, (char)(content.n >> 8));
        } else if (content.n >= 0x80) {
                buf_add_char(out, (char)0x81);
        }
        buf_add_char(out, (char)(content.n & 0xff));
        buf_add_span(out, content);
}

void der_put_unsigned(struct span number, struct buf *out)
{
        auto_buf struct buf content = BUF_INIT;
        while (number.n > 1 && number.p[0] == 0)
                number = span_of(number.p + 1, number.n - 1);
        if (number.p[0] & 0x80)
                buf_add_char(&content, '\0');
        buf_add_span(&content, number);
        der_put(out, DER_INTEGER, buf_span(&content));
}
