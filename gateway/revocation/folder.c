/* The folder of answers: what was received, byte for byte, by the SHA-256 of the certificate (OCSP) or of the authority's name and key. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/revocation/engine.h"

GW_DEFINE_AUTO(dir, DIR, closedir)

static const char *const endings[] = {[FOLDER_OCSP] = ".ocsp", [FOLDER_CRL] = ".crl", [FOLDER_DELTA] = ".delta", [FOLDER_ISSUER] = ".issuer"};

bool folder_make(const char *folder)
{
        struct stat st;
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
                return false;
        return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && access(folder, R_OK | W_OK | X_OK) == 0;
}

static char *path_of(const char *folder, enum folder_kind kind, const uint8_t key[FOLDER_KEY_SIZE])
{
        auto_buf struct buf hex = BUF_INIT;
        text_hex(&hex, span_of(key, FOLDER_KEY_SIZE));
        return xasprintf("%s/%s%s", folder, buf_cstr(&hex), endings[kind]);
}

void folder_save(const char *folder, enum folder_kind kind, const uint8_t key[FOLDER_KEY_SIZE], struct span bytes)
{
        if (!folder)
                return;
        auto_str char *path = path_of(folder, kind, key);
        if (!text_write_file(path, bytes, 0600))
                log_event(LOG_WARN, NULL, "revocation.not_kept", "file=%s detail=\"%s\"", strrchr(path, '/') + 1, strerror(errno));
}

bool folder_load(const char *folder, enum folder_kind kind, const uint8_t key[FOLDER_KEY_SIZE], struct buf *out)
{
        if (!folder)
                return false;
        auto_str char *path = path_of(folder, kind, key);
        return text_read_file(path, out);
}

void folder_discard(const char *folder, enum folder_kind kind, const uint8_t key[FOLDER_KEY_SIZE], const struct why *why)
{
        auto_str char *path = path_of(folder, kind, key);
        if (unlink(path) == 0)
                log_event(LOG_WARN, NULL, "revocation.discarded", "file=%s detail=\"%s\"", strrchr(path, '/') + 1, why->detail);
}

static bool key_of(const char *name, enum folder_kind kind, uint8_t key[FOLDER_KEY_SIZE])
{
        if (strlen(name) != (size_t)2 * FOLDER_KEY_SIZE + strlen(endings[kind]) || !str_eq(name + 2 * FOLDER_KEY_SIZE, endings[kind]))
                return false;
        for (size_t i = 0; i < FOLDER_KEY_SIZE; i++) {
                unsigned byte = 0;
                if (sscanf(name + 2 * i, "%2x", &byte) != 1)
                        return false;
                key[i] = (uint8_t)byte;
        }
        return true;
}

void folder_each(const char *folder, enum folder_kind kind, folder_fn fn, void *arg)
{
        gw_auto(dir) DIR *dir = folder ? opendir(folder) : NULL;
        if (!dir)
                return;
        for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                uint8_t key[FOLDER_KEY_SIZE];
                if (key_of(entry->d_name, kind, key))
                        fn(arg, key);
        }
}

struct file { time_t at; char name[80]; };

static int older_first(const void *a, const void *b)
{
        const struct file *x = a, *y = b;
        return (x->at > y->at) - (x->at < y->at);
}

void folder_tidy(const char *folder, enum folder_kind kind, size_t keep)
{
        gw_auto(dir) DIR *dir = folder ? opendir(folder) : NULL;
        if (!dir)
                return;
        struct file *files = NULL;
        size_t count = 0;
        for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                uint8_t key[FOLDER_KEY_SIZE];
                struct stat st;
                bool found = fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
                if (found && strstr(entry->d_name, ".tmp") && st.st_mtime < time(NULL) - 3600)
                        unlinkat(dirfd(dir), entry->d_name, 0);
                if (!found || !key_of(entry->d_name, kind, key))
                        continue;
                if ((count & (count - 1)) == 0)
                        files = xrealloc(files, (count ? 2 * count : 1) * sizeof *files);
                files[count].at = st.st_mtime;
                snprintf(files[count++].name, sizeof files->name, "%s", entry->d_name);
        }
        if (count > keep)
                qsort(files, count, sizeof *files, older_first);
        for (size_t i = 0; i + keep < count; i++)
                unlinkat(dirfd(dir), files[i].name, 0);
        free(files);
}
