/* Settings of [verify] → the policy that signatures are judged by. */
#include <stdlib.h>
#include <string.h>

#include "gateway/reason.h"
#include "gateway/worker/policy_conf.h"

/* "1.2.3, 1.2.4" → its words. */
static enum gw_rc split_oids(const char *list, const char *key, char **words, size_t *ret_count, struct why *why)
{
        *ret_count = 0;
        for (const char *at = list ? list + strspn(list, " ,") : ""; *at;) {
                size_t n = strcspn(at, " ,");
                if (*ret_count == POLICY_OIDS_MAX || strspn(at, "0123456789.") != n || n > 60)
                        return why_set(why, GW_REJECT, REASON_CONFIGURATION, "%s: at most %d dotted OIDs", key, POLICY_OIDS_MAX);
                words[(*ret_count)++] = xstrndup(at, n);
                at += n;
                at += strspn(at, " ,");
        }
        return GW_OK;
}

enum gw_rc policy_settings_read(const struct settings *settings, struct policy_settings *ret, struct why *why)
{
        *ret = (struct policy_settings){
                .policy = {
                        .clock_skew_ms = (int)settings->verify.clock_skew_ms,
                        .message_age_max_ms = settings->verify.message_age_ms,
                        .message_future_max_ms = settings->verify.message_future_ms,
                        .iin_check_digit = settings->verify.iin_check_digit,
                        .certificates = settings->verify.certificates,
                        .gost2004_until = {settings->verify.gost_2004 ? 0 : 1},
                        .stamp_required = settings->verify.time_stamp_required,
                        .expired_with_stamp = settings->verify.expired_with_time_stamp,
                        .stamp_age_max_ms = settings->verify.time_stamp_age_days * 86400000LL,
                        .policies = (const char *const *)ret->certificate_policies,
                        .stamp_policies = (const char *const *)ret->stamp_policies,
                },
        };
        enum gw_rc rc = split_oids(settings->verify.certificate_policies, "certificate_policies", ret->certificate_policies, &ret->policy.policy_count, why);
        return rc == GW_OK ? split_oids(settings->verify.time_stamp_policies, "time_stamp_policies", ret->stamp_policies, &ret->policy.stamp_policy_count, why) : rc;
}

void policy_settings_done(struct policy_settings *settings)
{
        for (size_t i = 0; i < POLICY_OIDS_MAX; i++) {
                free(settings->certificate_policies[i]);
                free(settings->stamp_policies[i]);
        }
}
