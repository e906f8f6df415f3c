#include <dirent.h>
#include <sys/stat.h>

#include "gateway/base/text.h"
#include "gateway/commands/verify_offline.h"
#include "gateway/pki/crl.h"

GW_DEFINE_AUTO(dir, DIR, closedir)

static enum gw_rc offer_file(struct revocation *revocation, const char *path, struct why *why)
{
        auto_buf struct buf bytes = BUF_LIMIT(CRL_BYTES_MAX);
        if (!text_read_file(path, &bytes))
                return why_say(why, GW_REJECT, "%.150s cannot be read, or is larger than %zu MiB", path, CRL_BYTES_MAX >> 20);
        revocation_offer(revocation, buf_span(&bytes));
        return GW_OK;
}

static enum gw_rc offer_path(struct revocation *revocation, const char *path, struct why *why)
{
        struct stat facts;
        if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode))
                return offer_file(revocation, path, why);
        gw_auto(dir) DIR *dir = opendir(path);
        if (!dir)
                return why_say(why, GW_REJECT, "%.150s cannot be opened", path);
        for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
                auto_str char *file = xasprintf("%s/%s", path, entry->d_name);
                if (entry->d_name[0] == '.' || stat(file, &facts) != 0 || !S_ISREG(facts.st_mode))
                        continue;
                enum gw_rc rc = offer_file(revocation, file, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}

enum gw_rc verify_offline_open(const char *const *crls, const char *const *ocsp, struct revocation **ret, struct why *why)
{
        static const struct revocation_conf conf = {
                .ocsp = true, .crl = true, .offline = true, .age_max_ms = 86400000, .skew_ms = 60000, .certificates_max = 10000, .crl_bytes_max = CRL_BYTES_MAX,
        };
        if (!*crls && !*ocsp)
                return GW_OK;
        auto_revocation struct revocation *revocation = NULL;
        enum gw_rc rc = revocation_open(&conf, &revocation, why);
        for (; rc == GW_OK && *crls; crls++)
                rc = offer_path(revocation, *crls, why);
        for (; rc == GW_OK && *ocsp; ocsp++)
                rc = offer_path(revocation, *ocsp, why);
        if (rc == GW_OK)
                *ret = gw_take(&revocation);
        return rc;
}
