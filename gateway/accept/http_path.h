/* Request targets (RFC 9112 3.2) into a decoded path and a raw query. */
#ifndef GW_ACCEPT_HTTP_PATH_H
#define GW_ACCEPT_HTTP_PATH_H

#include "gateway/base/buf.h"

/* Accepts origin-form and, as RFC 9112 3.2.2 demands, absolute-form of http and https (whose host is not looked at: one
 * server, one name space). Asterisk-form and authority-form are refused: we have neither server-wide options nor tunnels.
 *
 * The path is percent-decoded exactly once. Refused, because two readers may understand them differently: dot segments
 * (before or after decoding), empty segments ("//"), encoded slashes and backslashes, control characters, text that is not
 * UTF-8, fragments.
 * Appends to `out` the path and its NUL, then the query (bytes as sent, without '?') and its NUL; *ret_query is the
 * offset of the query in `out`. */
GW_MUST_CHECK bool http_target_parse(struct span target, struct buf *out, size_t *ret_query);

#endif
