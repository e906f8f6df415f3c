/* Runs a harness over every file of its corpus: `replay_NAME [FOLDER | FILE]`. A broken property aborts, as under libFuzzer. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static bool replay_file(const char *path)
{
        auto_buf struct buf content = BUF_INIT;
        if (!text_read_file(path, &content)) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                return false;
        }
        /* No NUL behind, so that reading too far is seen. */
        uint8_t *exact = xmalloc(content.n);
        if (content.n)
                memcpy(exact, content.p, content.n);
        /* Told before: when it aborts, the last line names the input. */
        fprintf(stderr, "%s\n", path);
        LLVMFuzzerTestOneInput(exact, content.n);
        free(exact);
        return true;
}

static int not_hidden(const struct dirent *entry)
{
        return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
        const char *name = strstr(argv[0], "replay_");
        auto_str char *own = xasprintf("tests/fuzz/corpus/%s", name ? name + strlen("replay_") : "");
        const char *place = argc > 1 ? argv[1] : own;
        struct dirent **entries = NULL;
        int count = scandir(place, &entries, not_hidden, alphasort), passed = 0, failed = 0;
        if (count < 0 && errno == ENOTDIR)
                failed += !replay_file(place), passed += !failed;
        for (int i = 0; i < count; i++) {
                auto_str char *path = xasprintf("%s/%s", place, entries[i]->d_name);
                *(replay_file(path) ? &passed : &failed) += 1;
                free(entries[i]);
        }
        free(entries);
        failed += passed + failed == 0;
        printf("%d passed, %d failed\n", passed, failed);
        return failed != 0;
}
