/* Strict base64: what is read is what would be written, so one value has one text. */
#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        auto_buf struct buf plain = BUF_INIT, again = BUF_INIT, bare = BUF_INIT;
        if (text_unbase64(&plain, span_of(data, size))) {
                for (size_t i = 0; i < size; i++)
                        if (!memchr(" \t\r\n", data[i], 4))
                                buf_add_char(&bare, (char)data[i]);
                text_base64(&again, buf_span(&plain));
                GW_ASSERT(span_eq(buf_span(&again), buf_span(&bare)));
        }
        auto_buf struct buf coded = BUF_INIT, back = BUF_INIT;
        text_base64(&coded, span_of(data, size));
        GW_ASSERT(text_unbase64(&back, buf_span(&coded)) && span_eq(buf_span(&back), span_of(data, size)));
        return 0;
}
