/* Builds and signs messages beforehand, as replay would send them: for tests that send many, or the same bytes again and again.
 *
 *   prepare PKI COUNT OUT CASE…   COUNT messages, taking the case files in turn
 *
 * OUT is a row of messages, each behind a line "CHANNEL MESSAGE-ID BYTES". */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/text.h"
#include "gateway/commands/replay.h"

#define CASES_MAX 16

static bool say(const struct why *why)
{
        fprintf(stderr, "prepare: %s\n", why->detail);
        return false;
}

static bool write_message(FILE *out, const struct replay_case *c, const char *pki)
{
        struct why why = WHY_INIT;
        struct replay_message message = {.body = BUF_INIT};
        if (replay_build(c, pki, wall_now(), NULL, &message, &why) != GW_OK)
                return say(&why);
        fprintf(out, "%s %s %zu\n", c->channel_text, message.message_id, message.body.n);
        bool written = fwrite(message.body.p, 1, message.body.n, out) == message.body.n;
        replay_message_done(&message);
        return written;
}

static bool write_all(const char *path, struct replay_case *const *cases, size_t case_count, const char *pki, uint64_t count)
{
        FILE *out = fopen(path, "we");
        bool good = out != NULL;
        for (uint64_t i = 0; good && i < count; i++)
                good = write_message(out, cases[i % case_count], pki);
        if (out && fclose(out) != 0)
                good = false;
        return good;
}

int main(int argc, char **argv)
{
        uint64_t count = 0;
        if (argc < 5 || argc > 4 + CASES_MAX || !text_to_u64(argv[2], 1, 100000, &count)) {
                fprintf(stderr, "usage: prepare PKI COUNT OUT CASE...\n");
                return 2;
        }
        verify_init();
        struct replay_case *cases[CASES_MAX] = {NULL};
        struct why why = WHY_INIT;
        size_t n = 0;
        bool good = true;
        while (good && n < (size_t)argc - 4) {
                good = replay_case_load(argv[4 + n], &cases[n], &why) == GW_OK || say(&why);
                n += good;
        }
        good = good && write_all(argv[3], cases, n, argv[1], count);
        for (size_t i = 0; i < n; i++)
                replay_case_free(cases[i]);
        return good ? 0 : 1;
}
