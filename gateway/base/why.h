/* Why something was not done: a code for machines and one line for people.
 *
 * The caller supplies it; the callee fills it whenever it returns something other than GW_OK. `reason` is an
 * enum reason (gateway/reason.h); base code, which knows nothing of e-government, leaves it as it is (0 =
 * REASON_NONE) and only writes the detail. The detail never holds personal data (invariant I8): no IIN, name,
 * account or payload text. */
#ifndef GW_BASE_WHY_H
#define GW_BASE_WHY_H

#include "gateway/base/base.h"

struct why {
        int reason;
        char detail[240];
};

#define WHY_INIT {0, ""}
/* Sets code and detail and returns rc, so that a guard is one line: `return why_set(why, GW_REJECT, REASON_X, "…");` */
enum gw_rc why_set(struct why *why, enum gw_rc rc, int reason, const char *format, ...) GW_PRINTF(4, 5);
/* Writes only the detail. */
enum gw_rc why_say(struct why *why, enum gw_rc rc, const char *format, ...) GW_PRINTF(3, 4);

#endif
