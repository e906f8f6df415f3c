/* The operator's wish to send a parked row again: a file named after the row in the run folder's `release`, because only the running
 * gateway writes its store. Taken up by loop 0's tick, or at the next start. */
#ifndef GW_DELIVER_RELEASE_H
#define GW_DELIVER_RELEASE_H

#include "gateway/register/journal.h"

/* Command line: leaves the wish. */
GW_MUST_CHECK enum gw_rc release_ask(const char *run_folder, int64_t row, struct why *why);
/* Gateway: takes up to a batch of wishes; each file goes once its release is durable or refused (not parked any more). */
void release_take(const char *run_folder, struct journal_client *journal);

#endif
