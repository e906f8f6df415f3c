/* Just enough strict DER to read keys, signatures, revocation lists and answers: definite, minimal lengths, nothing left over. */
#ifndef GW_GOST_DER_H
#define GW_GOST_DER_H

#include "gateway/base/buf.h"

#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_SEQUENCE 0x30

/* Takes one element with this tag from the front of *in; false (and *in as it was) when another stands there, or none that is whole and
 * in X.690 10.1's shortest form. Lengths take at most four bytes. */
GW_MUST_CHECK bool der_take(struct span *in, uint8_t tag, struct span *ret_content);
/* The same, but also gives the element with its head (what a signature covers). */
GW_MUST_CHECK bool der_take_whole(struct span *in, uint8_t tag, struct span *ret_whole);
/* A BIT STRING of whole bytes. */
GW_MUST_CHECK bool der_take_bits(struct span *in, struct span *ret_bytes);
/* Appends one element; content below 16 MiB. */
void der_put(struct buf *out, uint8_t tag, struct span content);
/* Appends an INTEGER that is not negative, in its shortest form, from big-endian bytes (at least one). */
void der_put_unsigned(struct span number, struct buf *out);

#endif
