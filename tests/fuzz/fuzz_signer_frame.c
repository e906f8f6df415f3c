/* Frames of the signer's channel: the same frames however the bytes arrive, and written again they are the same bytes. */
#include <string.h>

#include "gateway/sign/signer_frame.h"
#include "tests/fuzz/fuzz.h"

/* Reads all frames, at most `piece` bytes at a time; appends them written again, and how it ended. */
static void read_frames(struct span in, size_t piece, struct buf *out)
{
        struct signer_reader *reader = xcalloc(1, sizeof *reader);
        struct signer_writer *writer = xcalloc(1, sizeof *writer);
        struct signer_frame frame;
        enum signer_next next;
        size_t used = 0;
        for (;;) {
                while ((next = signer_reader_next(reader, &frame)) == SIGNER_NEXT_FRAME) {
                        signer_writer_start(writer, frame.sequence, frame.verb);
                        signer_writer_span(writer, frame.body);
                        struct span again = signer_writer_end(writer);
                        GW_ASSERT(again.n == SIGNER_FRAME_HEAD + frame.body.n);
                        buf_add_span(out, again);
                }
                size_t room = 0;
                uint8_t *p = next == SIGNER_NEXT_MORE ? signer_reader_room(reader, &room) : NULL;
                if (!p || used == in.n)
                        break;
                GW_ASSERT(room > 0);
                size_t n = in.n - used < piece ? in.n - used : piece;
                n = n < room ? n : room;
                memcpy(p, in.p + used, n);
                reader->have += n;
                used += n;
        }
        GW_ASSERT(out->n <= in.n && span_eq(buf_span(out), span_of(in.p, out->n)));
        buf_add_char(out, next == SIGNER_NEXT_MORE ? 'm' : 'b');
        free(reader);
        free(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        auto_buf struct buf whole = BUF_INIT, pieces = BUF_INIT, bytes = BUF_INIT;
        read_frames(span_of(data, size), SIZE_MAX, &whole);
        read_frames(span_of(data, size), 11, &pieces);
        read_frames(span_of(data, size), 1, &bytes);
        GW_ASSERT(span_eq(buf_span(&whole), buf_span(&pieces)) && span_eq(buf_span(&whole), buf_span(&bytes)));
        return 0;
}
