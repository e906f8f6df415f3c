/* Whether a file has been changed or replaced since it was last looked at. */
#ifndef GW_BASE_FILE_MARK_H
#define GW_BASE_FILE_MARK_H

#include <sys/types.h>
#include <time.h>

#include "gateway/base/base.h"

struct file_mark {
        struct timespec changed;
        off_t size; /* -1: there is no such file */
        ino_t inode;
};
struct file_mark file_mark_of(const char *path);
bool file_mark_same(const struct file_mark *a, const struct file_mark *b);

#endif
