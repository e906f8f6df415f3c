/* Configuration files: read into settings whole, or refused with a word. */
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        auto_fd int fd = memfd_create("conf", MFD_CLOEXEC);
        GW_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        struct why why = WHY_INIT;
        auto_settings struct settings *s = NULL;
        if (settings_load(path, &s, &why) != GW_OK) {
                GW_ASSERT(!s && why.reason == REASON_CONFIGURATION && str_starts(why.detail, path));
                return 0;
        }
        GW_ASSERT(s->gateway.trust && s->gateway.sender_id && s->gateway.run_folder && s->gateway.services);
        GW_ASSERT(s->issuer.bin && s->store.path);
        GW_ASSERT(s->http.body_bytes >= 1024 && s->retry.first_ms >= 10 && s->listener_count > 0 && settings_destination(s, "cabinet"));
        for (size_t i = 0; i < s->key_count; i++)
                GW_ASSERT(s->keys[i].id && s->keys[i].key && s->keys[i].certificate);
        return 0;
}
