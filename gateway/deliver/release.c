/* Wishes of the operator, as files. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/deliver/release.h"
#include "gateway/reason.h"

#define BATCH 64

enum gw_rc release_ask(const char *run_folder, int64_t row, struct why *why)
{
        auto_str char *folder = xasprintf("%s/release", run_folder);
        auto_str char *path = xasprintf("%s/%lld", folder, (long long)row);
        gw_ignore(mkdir(folder, 0700) != 0); /* it may be there already */
        if (text_write_file(path, span_of(NULL, 0), 0600))
                return GW_OK;
        return why_set(why, GW_FAULT, REASON_INTERNAL, "%s cannot be written: %s", path, strerror(errno));
}

struct wish {
        int64_t row;
        char *path;
};

static enum gw_rc release_work(struct store *store, void *arg, struct why *why)
{
        const struct wish *wish = arg;
        return store_outbox_release(store, wish->row, wall_now(), why);
}

static void on_released(void *arg, enum gw_rc rc, const struct why *why)
{
        struct wish *wish = arg;
        /* GW_RETRY: the store cannot be written now; the file stays for the next tick. */
        if (rc != GW_RETRY) {
                log_event(LOG_INFO, NULL, rc == GW_OK ? "outbox.released" : "outbox.release_refused", "row=%lld %s", (long long)wish->row, rc == GW_OK ? "" : why->detail);
                gw_ignore(unlink(wish->path) != 0); /* a file that stays is refused next time: the row is not parked any more */
        }
        free(wish->path);
        free(wish);
}

void release_take(const char *run_folder, struct journal_client *journal)
{
        auto_str char *folder = xasprintf("%s/release", run_folder);
        DIR *dir = opendir(folder);
        if (!dir)
                return;
        size_t count = 0;
        for (struct dirent *entry; count < BATCH && (entry = readdir(dir));) {
                uint64_t row;
                if (!text_to_u64(entry->d_name, 1, INT64_MAX, &row))
                        continue;
                struct wish *wish = xcalloc(1, sizeof *wish);
                *wish = (struct wish){.row = (int64_t)row, .path = xasprintf("%s/%s", folder, entry->d_name)};
                journal_submit(journal, release_work, on_released, wish);
                count++;
        }
        closedir(dir);
}
