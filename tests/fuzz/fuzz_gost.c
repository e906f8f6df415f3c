/* gost_public_read, gost_private_read: what they take is a key that works, and is written as it was read. */
#include <string.h>

#include "gateway/gost/gost.h"
#include "tests/fuzz/fuzz.h"

/* The digest OID among the parameters may be absent; writing puts it there. So: what is written is read again, as the same key. */
static void public_property(struct span in)
{
        gw_auto(gost_public) struct gost_public_key *key = NULL, *again = NULL;
        if (!gost_public_read(in, &key)) {
                GW_ASSERT(!key);
                return;
        }
        auto_buf struct buf out = BUF_INIT;
        gost_public_write(key, &out);
        GW_ASSERT(out.n >= in.n && gost_public_read(buf_span(&out), &again) && gost_public_same(key, again));
        size_t size = gost_size(gost_public_kind(key));
        GW_ASSERT(gost_public_point(key).n == 2 * size);
        /* The point's own bytes as a signature: any answer, no crash. */
        gw_ignore(gost_verify(key, span_of(gost_public_point(key).p, size), gost_public_point(key)));
}

static void private_property(struct span in)
{
        gw_auto(gost_private) struct gost_private_key *key = NULL;
        if (!gost_private_read(in, &key)) {
                GW_ASSERT(!key);
                return;
        }
        uint8_t digest[GOST_SIZE_MAX];
        size_t n = gost_digest(GOST_2015, in, digest);
        auto_buf struct buf value = BUF_INIT, out = BUF_INIT;
        GW_ASSERT(gost_sign(key, span_of(digest, n), &value) && value.n == 2 * n);
        GW_ASSERT(gost_verify(gost_private_public(key), span_of(digest, n), buf_span(&value)));
        value.p[value.n / 2] ^= 1;
        GW_ASSERT(!gost_verify(gost_private_public(key), span_of(digest, n), buf_span(&value)));
        gost_private_write(key, &out);
        GW_ASSERT(out.n >= in.n && memcmp(out.p + out.n - 64, in.p + in.n - 64, 64) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        public_property(span_of(data, size));
        private_property(span_of(data, size));
        return 0;
}
