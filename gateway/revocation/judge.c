/* What several answers about one certificate come to. The rules are at the head of revocation.h. */
#include "gateway/revocation/authority.h"

#define REASON_HOLD 6 /* CRLReason certificateHold (RFC 5280 5.3.1) */

struct wall_time answer_until(const struct revocation_conf *rules, const struct revocation_status *status)
{
        int64_t by_age = rules->age_max_ms ? status->this_update.ms + rules->age_max_ms : 0;
        int64_t next = status->next_update.ms;
        if (!by_age || !next)
                return (struct wall_time){by_age + next};
        return (struct wall_time){by_age < next ? by_age : next};
}

bool answer_current(const struct revocation_conf *rules, const struct revocation_status *status, struct wall_time now)
{
        if (!rules->offline && status->this_update.ms > now.ms + rules->skew_ms)
                return false;
        return answer_until(rules, status).ms + rules->skew_ms >= now.ms;
}

static bool for_good(const struct revocation_status *status)
{
        return status->answer == REVOCATION_BAD && status->reason != REASON_HOLD;
}

/* "Revoked" of a date that was still to come when the authority said it is a clock or zone gone wrong at either end, not leave to go on signing until then. */
static bool was_good_at(const struct revocation_status *status, struct wall_time at)
{
        return status->revoked_at.ms > at.ms && status->revoked_at.ms <= status->this_update.ms;
}

/* Authorities may take expired certificates off their CRLs (RFC 5280 3.3). */
static bool speaks_of(const struct revocation_status *status, const struct certificate *certificate)
{
        return status->source != REVOCATION_FROM_CRL || status->this_update.ms <= certificate->not_after.ms;
}

int answers_judge(const struct revocation_conf *rules, const struct revocation_status says[3], const struct certificate *certificate, struct wall_time at, struct wall_time now,
                  enum revocation_answer *ret_answer)
{
        int64_t held_at = 0;
        /* The base alone counts only where it is not overruled by what came after it. */
        bool overruled = says[1].answer != REVOCATION_UNKNOWN && answer_current(rules, &says[1], now);
        for (int i = 0; i < 3; i++) {
                if (says[i].answer != REVOCATION_BAD || (i == 2 && overruled && !for_good(&says[i])))
                        continue;
                if (for_good(&says[i]) || answer_current(rules, &says[i], now)) {
                        *ret_answer = was_good_at(&says[i], at) ? REVOCATION_GOOD : REVOCATION_BAD;
                        return i;
                }
                if (says[i].this_update.ms > held_at)
                        held_at = says[i].this_update.ms;
        }
        for (int i = 0; i < 3; i++) {
                if (says[i].answer != REVOCATION_GOOD || says[i].this_update.ms < held_at || (i == 2 && overruled))
                        continue;
                if (answer_current(rules, &says[i], now) && speaks_of(&says[i], certificate)) {
                        *ret_answer = REVOCATION_GOOD;
                        return i;
                }
        }
        *ret_answer = REVOCATION_UNKNOWN;
        return -1;
}
