/* Reads ASN.1 elements (X.690). */
#include "gateway/pki/ber.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "gateway/gost/der.h"

#define DEPTH_MAX 16
#define CONSTRUCTED 0x20

GW_DEFINE_AUTO(object, ASN1_OBJECT, ASN1_OBJECT_free)

struct head {
        uint8_t tag;
        size_t size, length; /* of the head; of the content when definite */
        bool indefinite;
};

static bool read_head(struct span in, struct head *ret)
{
        if (in.n < 2 || (in.p[0] & 0x1f) == 0x1f) /* no tag of several bytes is expected anywhere */
                return false;
        *ret = (struct head){.tag = in.p[0], .size = 2, .length = in.p[1]};
        if (ret->length == 0x80) {
                ret->indefinite = true;
                ret->length = 0;
                return (ret->tag & CONSTRUCTED) != 0;
        }
        if (ret->length > 0x80) {
                size_t count = ret->length & 0x7f, length = 0;
                if (count > 3 || in.n < 2 + count || in.p[2] == 0)
                        return false;
                for (size_t i = 0; i < count; i++)
                        length = length << 8 | in.p[2 + i];
                if (length < 0x80)
                        return false; /* a shorter form exists */
                ret->length = length;
                ret->size += count;
        }
        return in.n - ret->size >= ret->length;
}

/* How many bytes the element at the front takes. One pass for each level, and levels are few. */
static bool measure(struct span in, unsigned depth, size_t *ret_size)
{
        struct head head;
        if (depth > DEPTH_MAX || !read_head(in, &head))
                return false;
        size_t at = head.size + head.length;
        while (head.indefinite) {
                size_t inner = 0;
                if (in.n - at >= 2 && in.p[at] == 0 && in.p[at + 1] == 0) {
                        at += 2;
                        break;
                }
                if (!measure(span_of(in.p + at, in.n - at), depth + 1, &inner))
                        return false;
                at += inner;
        }
        *ret_size = at;
        return true;
}

bool ber_any(struct span *in, struct ber *ret)
{
        struct head head;
        size_t size = 0;
        /* Tag 0 is end-of-contents, which is no element. */
        if (!read_head(*in, &head) || head.tag == 0 || !measure(*in, 0, &size))
                return false;
        ret->tag = head.tag;
        ret->whole = span_of(in->p, size);
        ret->content = span_of(in->p + head.size, size - head.size - (head.indefinite ? 2 : 0));
        *in = span_of(in->p + size, in->n - size);
        return true;
}

bool ber_take(struct span *in, uint8_t tag, struct span *ret_content)
{
        struct ber element;
        if (in->n == 0 || in->p[0] != tag || !ber_any(in, &element))
                return false;
        *ret_content = element.content;
        return true;
}

uint8_t ber_peek(struct span in)
{
        return in.n > 0 ? in.p[0] : 0;
}

bool ber_optional(struct span *in, uint8_t tag, bool *ret_there, struct span *ret_content)
{
        *ret_there = ber_peek(*in) == tag;
        return !*ret_there || ber_take(in, tag, ret_content);
}

static bool der_below(struct span in, unsigned depth)
{
        while (in.n > 0) {
                struct head head;
                if (depth > DEPTH_MAX || !read_head(in, &head) || head.indefinite || head.tag == 0)
                        return false;
                if ((head.tag & CONSTRUCTED) && !der_below(span_of(in.p + head.size, head.length), depth + 1))
                        return false;
                size_t size = head.size + head.length;
                in = span_of(in.p + size, in.n - size);
        }
        return true;
}

bool ber_is_der(struct span in)
{
        return der_below(in, 0);
}

bool ber_octets(struct span *in, struct buf *store, struct span *ret_bytes)
{
        struct span rest = *in, pieces, piece;
        if (ber_peek(rest) == DER_OCTET_STRING) {
                if (!ber_take(&rest, DER_OCTET_STRING, ret_bytes))
                        return false;
        } else {
                if (!ber_take(&rest, DER_OCTET_STRING | CONSTRUCTED, &pieces))
                        return false;
                while (pieces.n > 0) {
                        if (!ber_take(&pieces, DER_OCTET_STRING, &piece))
                                return false;
                        buf_add_span(store, piece);
                }
                if (buf_failed(store))
                        return false;
                *ret_bytes = store->n > 0 ? buf_span(store) : span_of("", 0); /* there, and empty */
        }
        *in = rest;
        return true;
}

static bool digits(struct span *in, size_t count, int *ret_value)
{
        if (in->n < count)
                return false;
        *ret_value = 0;
        for (size_t i = 0; i < count; i++) {
                if (in->p[i] < '0' || in->p[i] > '9')
                        return false;
                *ret_value = *ret_value * 10 + (in->p[i] - '0');
        }
        *in = span_of(in->p + count, in->n - count);
        return true;
}

/* ".125" → 125 ms; what is finer is cut off. DER: no trailing zero. */
static bool fraction(struct span *in, int *ret_ms)
{
        *ret_ms = 0;
        if (in->n < 2 || in->p[0] != '.')
                return true;
        size_t n = 1;
        int unit = 100;
        for (; n < in->n && in->p[n] >= '0' && in->p[n] <= '9'; n++, unit /= 10)
                *ret_ms += unit * (in->p[n] - '0');
        if (n == 1 || n > 10 || in->p[n - 1] == '0')
                return false;
        *in = span_of(in->p + n, in->n - n);
        return true;
}

bool ber_time(struct span *in, struct wall_time *ret_time)
{
        struct span rest = *in, text;
        bool utc = ber_peek(rest) == BER_UTC_TIME;
        if (!ber_take(&rest, utc ? BER_UTC_TIME : BER_GENERALIZED_TIME, &text))
                return false;
        struct tm tm = {0};
        int year = 0, ms = 0;
        if (!digits(&text, utc ? 2 : 4, &year) || !digits(&text, 2, &tm.tm_mon) || !digits(&text, 2, &tm.tm_mday) || !digits(&text, 2, &tm.tm_hour) ||
            !digits(&text, 2, &tm.tm_min) || !digits(&text, 2, &tm.tm_sec) || (!utc && !fraction(&text, &ms)) || !span_eq_str(text, "Z"))
                return false;
        tm.tm_year = utc ? year + (year < 50 ? 100 : 0) : year - 1900; /* RFC 5280 4.1.2.5.1 */
        tm.tm_mon--;
        struct tm normal = tm;
        int64_t seconds = timegm(&normal);
        /* A 31st of February would come back as another day. */
        if (normal.tm_mon != tm.tm_mon || normal.tm_mday != tm.tm_mday || normal.tm_hour != tm.tm_hour || normal.tm_min != tm.tm_min || seconds <= 0)
                return false;
        ret_time->ms = seconds * 1000 + ms;
        *in = rest;
        return true;
}

bool ber_small(struct span *in, int64_t *ret_value)
{
        struct span rest = *in, content;
        if (!ber_take(&rest, DER_INTEGER, &content) || content.n < 1 || content.n > 7 || (content.p[0] & 0x80) ||
            (content.n > 1 && content.p[0] == 0 && !(content.p[1] & 0x80)))
                return false;
        int64_t value = 0;
        for (size_t i = 0; i < content.n; i++)
                value = value << 8 | content.p[i];
        *ret_value = value;
        *in = rest;
        return true;
}

char *ber_oid_text(struct span oid, char *out, size_t size)
{
        out[0] = '\0';
        auto_buf struct buf der = BUF_INIT;
        if (oid.n == 0 || oid.n > 64)
                return out;
        der_put(&der, DER_OID, oid);
        const unsigned char *p = der.p;
        gw_auto(object) ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &p, (long)der.n);
        int n = object ? OBJ_obj2txt(out, (int)size, object, 1) : 0;
        if (n <= 0 || (size_t)n >= size)
                out[0] = '\0';
        ERR_clear_error();
        return out;
}

bool ber_oid_content(const char *dotted, struct buf *out)
{
        gw_auto(object) ASN1_OBJECT *object = OBJ_txt2obj(dotted, 1);
        ERR_clear_error();
        if (!object)
                return false;
        buf_add(out, OBJ_get0_data(object), OBJ_length(object));
        return true;
}
