/* Checked conversions between text and numbers or bytes. */
#ifndef GW_BASE_TEXT_H
#define GW_BASE_TEXT_H

#include "gateway/base/buf.h"

/* Whole text, decimal, no sign for u64, no blanks, range-checked. */
GW_MUST_CHECK bool text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret_value);
/* base64 without line ends, appended. */
void text_base64(struct buf *out, struct span in);
/* Strict base64; blanks and line ends (also &#13; already decoded to CR) are skipped; false on anything else. */
GW_MUST_CHECK bool text_unbase64(struct buf *out, struct span in);
void text_hex(struct buf *out, struct span in);
/* SHA-256 (OpenSSL, prefetched). */
void text_sha256(struct span in, uint8_t out[32]);
/* True when the bytes are well-formed UTF-8 without surrogates. */
bool text_is_utf8(struct span in);
/* Without blanks (space, tab, CR, LF) at either end. */
struct span text_trim(struct span s);
/* Random lower-case UUID without braces, from RAND_bytes. */
#define TEXT_UUID_MAX 37
char *text_uuid(char out[TEXT_UUID_MAX]);
/* IIN for logs: 85******0011 (I8). */
char *text_mask_iin(const char *iin, char out[16]);
/* Whole file into out; limit from out->max. */
GW_MUST_CHECK bool text_read_file(const char *path, struct buf *out);
/* temp + fsync + rename + fsync of the folder. */
GW_MUST_CHECK bool text_write_file(const char *path, struct span content, unsigned mode);

#endif
