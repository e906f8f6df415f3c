/* Takes PATH.lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/register/lock_file.h"

#define POLL_MS 50

static enum gw_rc held(int fd, struct why *why)
{
        char text[16] = "";
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        uint64_t pid = 0;
        if (!text_to_u64(text, 1, INT32_MAX, &pid))
                return why_set(why, GW_FAULT, REASON_STORE_UNAVAILABLE, "the store is in use by another process");
        return why_set(why, GW_FAULT, REASON_STORE_UNAVAILABLE, "the store is in use by process %d", (int)pid);
}

/* The process id is only a help for people: a full disk must not keep us from starting. */
static void write_pid(int fd)
{
        char text[16];
        int n = snprintf(text, sizeof text, "%d", (int)getpid());
        gw_ignore(ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n);
}

enum gw_rc lock_file_take(const char *store_path, int wait_ms, int *ret_fd, struct why *why)
{
        auto_str char *path = xasprintf("%s.lock", store_path);
        auto_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return why_set(why, GW_FAULT, REASON_STORE_UNAVAILABLE, "the lock file of the store cannot be opened: %s", strerror(errno));
        const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
        for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += POLL_MS) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return why_set(why, GW_FAULT, REASON_STORE_UNAVAILABLE, "the store cannot be locked: %s", strerror(errno));
                if (waited >= wait_ms)
                        return held(fd, why);
                nanosleep(&pause, NULL);
        }
        write_pid(fd);
        *ret_fd = fd;
        fd = -1;
        return GW_OK;
}
