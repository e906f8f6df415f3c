/* ASN.1 as CMS needs it: strict DER, and at the few places where signers are known to write them, BER's indefinite lengths (X.690 8.1.3.6; NCALayer,
 * BouncyCastle and `openssl cms -stream` do so around the content). Spans borrow from the input. Lengths below 16 MiB, tags of one byte. */
#ifndef GW_PKI_BER_H
#define GW_PKI_BER_H

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"

#define BER_SET 0x31
#define BER_BOOLEAN 0x01
#define BER_UTC_TIME 0x17
#define BER_GENERALIZED_TIME 0x18
#define BER_CONTEXT(n) (0x80 | (n))             /* [n] IMPLICIT of a primitive type */
#define BER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n] EXPLICIT, or IMPLICIT of a constructed type */

struct ber {
        uint8_t tag;
        struct span content; /* without end-of-contents */
        struct span whole;
};
/* Takes any one element, definite (in the shortest form) or indefinite, from the front of *in; false, and *in as it was, when none is there that is
 * whole. What is nested deeper than 16 is refused. */
GW_MUST_CHECK bool ber_any(struct span *in, struct ber *ret);
/* The same, and it must have this tag. */
GW_MUST_CHECK bool ber_take(struct span *in, uint8_t tag, struct span *ret_content);
/* ber_take() when the next tag is this one; *ret_there tells. False only when what is there is ill-formed. */
GW_MUST_CHECK bool ber_optional(struct span *in, uint8_t tag, bool *ret_there, struct span *ret_content);
uint8_t ber_peek(struct span in); /* the next tag; 0 at the end */
/* True when these bytes are a row of elements that are DER all the way down: definite, shortest lengths. (Order in sets and values are the caller's.) */
GW_MUST_CHECK bool ber_is_der(struct span in);
/* Takes an OCTET STRING: primitive, or constructed from primitive ones (8.7.3); then its bytes are put together in *store. */
GW_MUST_CHECK bool ber_octets(struct span *in, struct buf *store, struct span *ret_bytes);
/* UTCTime or GeneralizedTime in UTC ("Z"), with seconds and, of the latter, a fraction (RFC 5280 4.1.2.5; RFC 3161 2.4.2). */
GW_MUST_CHECK bool ber_time(struct span *in, struct wall_time *ret_time);
/* Small non-negative INTEGER in shortest form. */
GW_MUST_CHECK bool ber_small(struct span *in, int64_t *ret_value);
/* Dotted text of an OBJECT IDENTIFIER's content; "" when it does not fit or is ill-formed. Returns out. */
char *ber_oid_text(struct span oid, char *out, size_t size);
/* Appends the content of the OBJECT IDENTIFIER with this dotted text. */
GW_MUST_CHECK bool ber_oid_content(const char *dotted, struct buf *out);

#endif
