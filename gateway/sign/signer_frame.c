/* Frames between worker and signer process: no allocation, every length checked. */
#include "gateway/sign/signer_frame.h"

#include <string.h>

static uint32_t get_u32(const uint8_t *p)
{
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_u32(uint8_t *p, uint32_t v)
{
        p[0] = (uint8_t)v, p[1] = (uint8_t)(v >> 8), p[2] = (uint8_t)(v >> 16), p[3] = (uint8_t)(v >> 24);
}

enum signer_next signer_reader_next(struct signer_reader *reader, struct signer_frame *ret_frame)
{
        const uint8_t *p = reader->bytes + reader->used;
        size_t unread = reader->have - reader->used;
        if (unread < 4)
                return SIGNER_NEXT_MORE;
        uint32_t length = get_u32(p);
        if (length < SIGNER_FRAME_HEAD - 4 || length > SIGNER_FRAME_MAX - 4)
                return SIGNER_NEXT_BROKEN;
        if (unread < 4 + (size_t)length)
                return SIGNER_NEXT_MORE;
        *ret_frame = (struct signer_frame){get_u32(p + 4), p[8], span_of(p + SIGNER_FRAME_HEAD, 4 + (size_t)length - SIGNER_FRAME_HEAD)};
        reader->used += 4 + (size_t)length;
        return SIGNER_NEXT_FRAME;
}

uint8_t *signer_reader_room(struct signer_reader *reader, size_t *ret_size)
{
        size_t unread = reader->have - reader->used;
        memmove(reader->bytes, reader->bytes + reader->used, unread);
        reader->used = 0;
        reader->have = unread;
        *ret_size = sizeof reader->bytes - unread;
        return reader->bytes + unread;
}

void signer_writer_start(struct signer_writer *writer, uint32_t sequence, uint8_t verb)
{
        writer->n = SIGNER_FRAME_HEAD;
        writer->failed = false;
        put_u32(writer->bytes + 4, sequence);
        writer->bytes[8] = verb;
}

void signer_writer_byte(struct signer_writer *writer, uint8_t value)
{
        signer_writer_span(writer, span_of(&value, 1));
}

void signer_writer_i64(struct signer_writer *writer, int64_t value)
{
        uint8_t bytes[8];
        put_u32(bytes, (uint32_t)(uint64_t)value);
        put_u32(bytes + 4, (uint32_t)((uint64_t)value >> 32));
        signer_writer_span(writer, span_of(bytes, sizeof bytes));
}

int64_t signer_read_i64(const uint8_t bytes[8])
{
        return (int64_t)((uint64_t)get_u32(bytes) | (uint64_t)get_u32(bytes + 4) << 32);
}

void signer_writer_span(struct signer_writer *writer, struct span value)
{
        if (writer->failed || value.n > sizeof writer->bytes - writer->n) {
                writer->failed = true;
                return;
        }
        if (value.n)
                memcpy(writer->bytes + writer->n, value.p, value.n);
        writer->n += value.n;
}

struct span signer_writer_end(struct signer_writer *writer)
{
        if (writer->failed)
                return span_of(NULL, 0);
        put_u32(writer->bytes, (uint32_t)(writer->n - 4));
        return span_of(writer->bytes, writer->n);
}
