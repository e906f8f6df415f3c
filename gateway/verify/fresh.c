/* Is it fresh: dates. Replay is the register's question. */
#include "gateway/verify/verify.h"

enum gw_rc verify_fresh(const struct verify_policy *policy, struct wall_time message_date, struct wall_time now, struct why *why)
{
        if (now.ms - message_date.ms > policy->message_age_max_ms)
                return why_set(why, GW_REJECT, REASON_MESSAGE_DATE_STALE, "the message date is %lld s ago",
                               (long long)(now.ms - message_date.ms) / 1000);
        if (message_date.ms - now.ms > policy->message_future_max_ms)
                return why_set(why, GW_REJECT, REASON_MESSAGE_DATE_FUTURE, "the message date is %lld s ahead",
                               (long long)(message_date.ms - now.ms) / 1000);
        return GW_OK;
}
