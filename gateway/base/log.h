/* One line per event on standard error: time, level, correlation id, a fixed verb, then key=value.
 * Only the request handler, the outbox worker and the processes themselves log, each thing once; base code and
 * parsers fill a struct why instead. Never payloads, names, IIN (I8).
 *
 *   log_event(LOG_INFO, request_number, "request.registered", "service=%s due=%s", …);
 *
 * Control characters in values are replaced by '?', so a peer cannot forge a line. */
#ifndef GW_BASE_LOG_H
#define GW_BASE_LOG_H

#include "gateway/base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_open(const char *process_name, enum log_level level); /* once per process, before threads */
bool log_level_parse(const char *name, enum log_level *ret_level);
/* id: correlation id, or NULL ("-"). */
void log_event(enum log_level level, const char *id, const char *verb, const char *format, ...) GW_PRINTF(4, 5);

#endif
