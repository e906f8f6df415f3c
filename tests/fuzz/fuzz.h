/* What the harnesses share. A harness is one function; libFuzzer calls it with inputs of its own making (`make fuzz`), replay.c with the
 * files of corpus/NAME (`make test`). Both run from the repo root. A broken property aborts through GW_ASSERT. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "gateway/base/text.h"
#include "gateway/verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_MATERIAL "tests/fuzz/material/"

GW_DEFINE_AUTO(fuzz_verifier, struct verifier, verifier_close)

/* A file that make-corpus.py wrote beside the corpora, to be freed. */
GW_UNUSED static char *fuzz_material(const char *name)
{
        auto_str char *path = xasprintf(FUZZ_MATERIAL "%s", name);
        auto_buf struct buf bytes = BUF_INIT;
        GW_ASSERT(text_read_file(path, &bytes));
        return buf_take_str(&bytes);
}

/* The instant at which the signatures in the corpora were made: they never grow old. */
GW_UNUSED static struct wall_time fuzz_instant(void)
{
        auto_str char *text = fuzz_material("at");
        struct wall_time at;
        GW_ASSERT(clock_parse_iso(text, &at) == GW_OK);
        return at;
}

/* Trusts the authority of the corpora, whose keys nobody has: whatever verifies was signed by make-corpus.py. */
GW_UNUSED static struct verifier *fuzz_verifier(void)
{
        static struct verify_policy policy = {.clock_skew_ms = 60000, .iin_check_digit = true};
        struct verifier *verifier = NULL;
        struct why why = WHY_INIT;
        verify_init();
        GW_ASSERT(verifier_open(FUZZ_MATERIAL "trust", &policy, &verifier, &why) == GW_OK);
        return verifier;
}

#endif
