/* WebSocket frames: taken apart by RFC 6455 5.2 and 5.4, every rule of it kept, because what connects is a browser with a page from anywhere. */
#include "adapters/ncalayer/frame.h"

#include <string.h>

#include <openssl/evp.h>

#include "gateway/base/text.h"

#define NO_STATUS 1005
#define CONTROL_MAX 125
#define FRAME_HEAD_MAX 14

struct frame {
        unsigned opcode;
        bool final;
        size_t head, size; /* bytes before the payload, and of it */
        uint8_t mask[4];
};

void ws_reader_init(struct ws_reader *reader, size_t message_max)
{
        *reader = (struct ws_reader){.in = BUF_LIMIT(message_max + FRAME_HEAD_MAX + (64 << 10)), .message = BUF_LIMIT(message_max), .max = message_max};
}

void ws_reader_done(struct ws_reader *reader)
{
        buf_done(&reader->in);
        buf_done(&reader->message);
}

void ws_feed(struct ws_reader *reader, struct span bytes)
{
        if (!reader->over)
                buf_add_span(&reader->in, bytes);
}

static enum ws_event broken(struct ws_reader *reader, unsigned status, unsigned *ret_status)
{
        reader->over = true;
        *ret_status = status;
        return WS_BROKEN;
}

static bool is_control(unsigned opcode)
{
        return opcode >= WS_CLOSE;
}

/* What the two first bytes of a frame say wrong; 0 when nothing. */
static unsigned judge(const struct ws_reader *reader, const struct frame *f, uint8_t first, uint8_t second)
{
        bool known = f->opcode <= WS_BINARY || (f->opcode >= WS_CLOSE && f->opcode <= WS_PONG);
        if ((first & 0x70) || !(second & 0x80) || !known) /* no extension was agreed; a client masks */
                return WS_PROTOCOL;
        if (is_control(f->opcode))
                return f->final && (second & 0x7f) <= CONTROL_MAX ? 0 : WS_PROTOCOL;
        if (reader->fragmented != (f->opcode == WS_CONTINUATION)) /* 5.4: fragments of two messages are not mixed */
                return WS_PROTOCOL;
        return f->opcode == WS_BINARY ? WS_UNACCEPTABLE : 0;
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
        uint64_t value = 0;
        for (size_t i = 0; i < n; i++)
                value = value << 8 | p[i];
        return value;
}

/* The frame at the start of reader->in. false: more bytes are needed, or *ret_status says what is wrong. */
static bool read_head(const struct ws_reader *reader, struct frame *f, unsigned *ret_status)
{
        const uint8_t *p = reader->in.p;
        *ret_status = 0;
        if (reader->in.n < 2)
                return false;
        *f = (struct frame){.opcode = p[0] & 0x0f, .final = p[0] & 0x80};
        *ret_status = judge(reader, f, p[0], p[1]);
        size_t length = p[1] & 0x7f, wide = length == 126 ? 2 : length == 127 ? 8 : 0;
        f->head = 2 + wide + sizeof f->mask;
        if (*ret_status || reader->in.n < f->head)
                return false;
        uint64_t size = wide ? big_endian(p + 2, wide) : length;
        if ((wide == 2 && size <= CONTROL_MAX) || (wide == 8 && (size <= UINT16_MAX || size >> 63))) /* 5.2: the shortest form */
                *ret_status = WS_PROTOCOL;
        else if (size > reader->max - reader->message.n)
                *ret_status = WS_TOO_BIG;
        f->size = (size_t)size;
        memcpy(f->mask, p + f->head - sizeof f->mask, sizeof f->mask);
        return *ret_status == 0 && reader->in.n - f->head >= f->size;
}

static void unmask(const struct ws_reader *reader, const struct frame *f, struct buf *out)
{
        for (size_t i = 0; i < f->size; i++)
                buf_add_char(out, (char)(reader->in.p[f->head + i] ^ f->mask[i & 3]));
}

static void drop_frame(struct ws_reader *reader, const struct frame *f)
{
        size_t used = f->head + f->size;
        memmove(reader->in.p, reader->in.p + used, reader->in.n - used);
        reader->in.n -= used;
}

/* 5.5.1 and 7.4: nothing, or a status that may be sent and a reason in UTF-8. */
static enum ws_event closed(struct ws_reader *reader, struct span payload, unsigned *ret_status)
{
        unsigned status = payload.n >= 2 ? (unsigned)big_endian(payload.p, 2) : NO_STATUS;
        bool sendable = (status >= 1000 && status <= 1003) || (status >= 1007 && status <= 1014) || (status >= 3000 && status <= 4999);
        if (payload.n == 1 || (payload.n > 1 && (!sendable || !text_is_utf8(span_of(payload.p + 2, payload.n - 2)))))
                return broken(reader, WS_PROTOCOL, ret_status);
        reader->over = true;
        *ret_status = status;
        return WS_CLOSED;
}

static enum ws_event control(struct ws_reader *reader, const struct frame *f, struct span *ret_payload, unsigned *ret_status)
{
        static _Thread_local uint8_t kept[CONTROL_MAX]; /* the frame's place in the buffer goes at once */
        auto_buf struct buf payload = BUF_LIMIT(CONTROL_MAX);
        unmask(reader, f, &payload);
        drop_frame(reader, f);
        if (f->opcode == WS_CLOSE)
                return closed(reader, buf_span(&payload), ret_status);
        if (payload.n)
                memcpy(kept, payload.p, payload.n);
        *ret_payload = span_of(kept, payload.n);
        return WS_PINGED;
}

enum ws_event ws_next(struct ws_reader *reader, struct span *ret_payload, unsigned *ret_status)
{
        struct frame f;
        if (reader->over)
                return WS_NEED_MORE;
        if (!reader->fragmented)
                buf_reset(&reader->message);
        while (read_head(reader, &f, ret_status)) {
                if (f.opcode == WS_PONG) { /* 5.5.3: asks for nothing */
                        drop_frame(reader, &f);
                        continue;
                }
                if (is_control(f.opcode))
                        return control(reader, &f, ret_payload, ret_status);
                unmask(reader, &f, &reader->message);
                drop_frame(reader, &f);
                reader->fragmented = !f.final;
                if (!f.final)
                        continue;
                if (!text_is_utf8(buf_span(&reader->message)))
                        return broken(reader, WS_NOT_UTF8, ret_status);
                *ret_payload = buf_span(&reader->message);
                return WS_MESSAGE;
        }
        if (*ret_status == 0 && buf_failed(&reader->in))
                *ret_status = WS_TOO_BIG;
        return *ret_status ? broken(reader, *ret_status, ret_status) : WS_NEED_MORE;
}

void ws_write(struct buf *out, enum ws_opcode opcode, struct span payload)
{
        size_t wide = payload.n <= CONTROL_MAX ? 0 : payload.n <= UINT16_MAX ? 2 : 8;
        buf_add_char(out, (char)(0x80 | opcode));
        buf_add_char(out, (char)(wide == 0 ? payload.n : wide == 2 ? 126 : 127));
        for (size_t i = wide; i > 0; i--)
                buf_add_char(out, (char)(payload.n >> (8 * (i - 1))));
        buf_add_span(out, payload);
}

void ws_write_close(struct buf *out, unsigned status)
{
        const uint8_t payload[] = {(uint8_t)(status >> 8), (uint8_t)status};
        ws_write(out, WS_CLOSE, span_of(payload, status == NO_STATUS ? 0 : sizeof payload));
}

bool ws_accept(const char *key, struct buf *out)
{
        auto_buf struct buf nonce = BUF_LIMIT(64);
        auto_str char *joined = xasprintf("%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        if (!text_unbase64(&nonce, span_str(key)) || nonce.n != 16)
                return false;
        GW_ASSERT(EVP_Digest(joined, strlen(joined), digest, &n, EVP_sha1(), NULL) == 1); /* the protocol's, and no protection */
        text_base64(out, span_of(digest, n));
        return true;
}
