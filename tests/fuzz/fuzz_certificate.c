/* certificate_decode: any DER gives a certificate with well-formed identity, or a refusal. */
#include <string.h>

#include "tests/fuzz/fuzz.h"

static bool is_number_or_empty(const char text[13])
{
        size_t n = strnlen(text, 13);
        return (n == 0 || n == 12) && strspn(text, "0123456789") == n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct why why = WHY_INIT;
        auto_certificate struct certificate *c = NULL;
        static bool ready;
        if (!ready)
                verify_init();
        ready = true;
        if (certificate_decode(span_of(data, size), &c, &why) != GW_OK) {
                GW_ASSERT(!c);
                return 0;
        }
        uint8_t digest[32];
        text_sha256(span_of(data, size), digest);
        GW_ASSERT(memcmp(c->sha256, digest, sizeof digest) == 0);
        GW_ASSERT(is_number_or_empty(c->iin) && is_number_or_empty(c->bin));
        GW_ASSERT(text_is_utf8(span_of(c->common_name, strnlen(c->common_name, sizeof c->common_name))));
        GW_ASSERT(text_is_utf8(span_of(c->organisation, strnlen(c->organisation, sizeof c->organisation))));
        GW_ASSERT(memchr(c->common_name, 0, sizeof c->common_name) && memchr(c->organisation, 0, sizeof c->organisation));
        GW_ASSERT(memchr(c->serial, 0, sizeof c->serial) && (c->key || c->gost || c->key_bits == 0));
        return 0;
}
