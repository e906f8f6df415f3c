/* Marks of files (gateway/base/file_mark.h). */
#include "gateway/base/file_mark.h"

#include <sys/stat.h>

struct file_mark file_mark_of(const char *path)
{
        struct stat facts;
        if (stat(path, &facts) != 0)
                return (struct file_mark){.size = -1};
        return (struct file_mark){facts.st_mtim, facts.st_size, facts.st_ino};
}

bool file_mark_same(const struct file_mark *a, const struct file_mark *b)
{
        return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec && a->size == b->size && a->inode == b->inode;
}
