/* Three records around a deflated text: APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16. */
#include "gateway/print/zip.h"

#define ZLIB_CONST /* else it wants to write where it reads */
#include <zlib.h>

#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22
#define LOCAL_SIGNATURE 0x04034b50u
#define CENTRAL_SIGNATURE 0x02014b50u
#define END_SIGNATURE 0x06054b50u
#define NAME "one"
#define NAME_SIZE 3
#define DEFLATED 8
#define DATE_1980_01_01 0x21 /* MS-DOS; no moment is told, so that equal documents give equal codes */
#define ENTRY_MAX ((size_t)16 << 20)

static void put(struct buf *out, uint32_t value, unsigned bytes)
{
        for (unsigned i = 0; i < bytes; i++)
                buf_add_char(out, (char)(value >> 8 * i & 0xff));
}

static uint32_t get(struct span in, size_t at, unsigned bytes)
{
        uint32_t value = 0;
        for (unsigned i = 0; i < bytes; i++)
                value |= (uint32_t)in.p[at + i] << 8 * i;
        return value;
}

static bool deflate_raw(struct span content, struct buf *out)
{
        z_stream z = {0};
        if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
                return false;
        size_t bound = deflateBound(&z, content.n);
        uint8_t *room = buf_room(out, bound);
        z.next_in = content.p;
        z.avail_in = (uInt)content.n;
        z.next_out = room;
        z.avail_out = (uInt)bound;
        bool done = room && deflate(&z, Z_FINISH) == Z_STREAM_END;
        if (done)
                buf_grew(out, bound - z.avail_out);
        deflateEnd(&z);
        return done;
}

/* From `version needed` to `extra length`: the same in both headers. */
static void put_common(struct buf *out, uint32_t crc, size_t packed, size_t size)
{
        put(out, 20, 2);
        put(out, 0, 2);
        put(out, DEFLATED, 2);
        put(out, 0, 2);
        put(out, DATE_1980_01_01, 2);
        put(out, crc, 4);
        put(out, (uint32_t)packed, 4);
        put(out, (uint32_t)size, 4);
        put(out, NAME_SIZE, 2);
        put(out, 0, 2);
}

bool zip_one_write(struct span content, struct buf *out)
{
        auto_buf struct buf packed = BUF_INIT;
        if (content.n > ENTRY_MAX || !deflate_raw(content, &packed))
                return false;
        uint32_t crc = (uint32_t)crc32(0, content.p, (uInt)content.n);
        put(out, LOCAL_SIGNATURE, 4);
        put_common(out, crc, packed.n, content.n);
        buf_add_str(out, NAME);
        buf_add_span(out, buf_span(&packed));
        size_t central = LOCAL_SIZE + NAME_SIZE + packed.n;
        put(out, CENTRAL_SIGNATURE, 4);
        put(out, 20, 2);
        put_common(out, crc, packed.n, content.n);
        put(out, 0, 2);  /* comment */
        put(out, 0, 2);  /* disk */
        put(out, 0, 2);  /* attributes */
        put(out, 0, 4);
        put(out, 0, 4);  /* where its local header is */
        buf_add_str(out, NAME);
        put(out, END_SIGNATURE, 4);
        put(out, 0, 4);
        put(out, 1, 2);
        put(out, 1, 2);
        put(out, CENTRAL_SIZE + NAME_SIZE, 4);
        put(out, (uint32_t)central, 4);
        put(out, 0, 2);
        return !buf_failed(out);
}

static bool inflate_raw(struct span packed, size_t size, struct buf *out)
{
        uint8_t *room = size <= ENTRY_MAX ? buf_room(out, size + 1) : NULL;
        z_stream z = {0};
        if (!room || inflateInit2(&z, -MAX_WBITS) != Z_OK)
                return false;
        z.next_in = packed.p;
        z.avail_in = (uInt)packed.n;
        z.next_out = room;
        z.avail_out = (uInt)size + 1; /* one byte more than is told: who writes it lied */
        bool whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 1;
        inflateEnd(&z);
        if (whole)
                buf_grew(out, size);
        return whole;
}

/* Sizes are those of the central directory: writers that stream leave them out of the local header. */
bool zip_one_read(struct span zip, struct buf *out)
{
        if (zip.n < LOCAL_SIZE + CENTRAL_SIZE + END_SIZE + 2 * NAME_SIZE || zip.n > ENTRY_MAX)
                return false;
        size_t end = zip.n - END_SIZE;
        if (get(zip, end, 4) != END_SIGNATURE || get(zip, end + 4, 4) != 0 || get(zip, end + 8, 2) != 1 || get(zip, end + 10, 2) != 1)
                return false;
        size_t at = get(zip, end + 16, 4);
        if (at > end || end - at < CENTRAL_SIZE + NAME_SIZE || get(zip, at, 4) != CENTRAL_SIGNATURE || get(zip, at + 28, 2) != NAME_SIZE ||
            !span_eq_str(span_of(zip.p + at + CENTRAL_SIZE, NAME_SIZE), NAME))
                return false;
        uint32_t method = get(zip, at + 10, 2), encrypted = get(zip, at + 8, 2) & 1, crc = get(zip, at + 16, 4);
        size_t packed = get(zip, at + 20, 4), size = get(zip, at + 24, 4), local = get(zip, at + 42, 4);
        if (encrypted || local > at || at - local < LOCAL_SIZE || get(zip, local, 4) != LOCAL_SIGNATURE)
                return false;
        size_t data = local + LOCAL_SIZE + get(zip, local + 26, 2) + get(zip, local + 28, 2);
        if (data > at || at - data < packed)
                return false;
        size_t before = out->n;
        if (method == DEFLATED) {
                if (!inflate_raw(span_of(zip.p + data, packed), size, out))
                        return false;
        } else if (method == 0 && packed == size) {
                buf_add(out, zip.p + data, packed);
        } else {
                return false;
        }
        return !buf_failed(out) && crc32(0, out->p + before, (uInt)size) == crc;
}
