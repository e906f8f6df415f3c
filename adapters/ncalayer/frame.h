/* WebSocket frames (RFC 6455), as a server reads and writes them. Bytes only: no sockets, no TLS, no handshake. */
#ifndef EGOV_NCALAYER_FRAME_H
#define EGOV_NCALAYER_FRAME_H

#include "gateway/base/buf.h"

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* RFC 6455 7.4.1 */
enum ws_status { WS_NORMAL = 1000, WS_GOING_AWAY = 1001, WS_PROTOCOL = 1002, WS_UNACCEPTABLE = 1003, WS_NOT_UTF8 = 1007, WS_TOO_BIG = 1009 };

/* new → feed and next, in turns → done. After WS_CLOSED or WS_BROKEN nothing more is read. */
struct ws_reader {
        struct buf in;      /* received, not taken apart yet: never more than a frame and one read */
        struct buf message; /* the fragments so far, unmasked */
        bool fragmented, over;
        size_t max;
};
enum ws_event {
        WS_NEED_MORE,
        WS_MESSAGE, /* a whole text message */
        WS_PINGED,  /* answer with a pong of the same payload */
        WS_CLOSED,  /* by the peer: answer with the same status */
        WS_BROKEN,  /* the peer broke the protocol: close with the status */
};
void ws_reader_init(struct ws_reader *reader, size_t message_max);
void ws_reader_done(struct ws_reader *reader);
void ws_feed(struct ws_reader *reader, struct span bytes);
/* ret_payload: of WS_MESSAGE and WS_PINGED, the reader's until the next call. ret_status: of WS_CLOSED (1005 when the peer gave none) and WS_BROKEN. */
GW_MUST_CHECK enum ws_event ws_next(struct ws_reader *reader, struct span *ret_payload, unsigned *ret_status);

/* One unmasked, unfragmented frame (RFC 6455 5.1: a server never masks), appended. */
void ws_write(struct buf *out, enum ws_opcode opcode, struct span payload);
void ws_write_close(struct buf *out, unsigned status);
/* Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2); false when the key is not 16 bytes in base64. */
GW_MUST_CHECK bool ws_accept(const char *key, struct buf *out);

#endif
