/* Bytes: struct span borrows, struct buf owns.
 *
 * A buf has a hard maximum and a sticky error: after the first append that does not fit (or that memory
 * cannot hold) every further append does nothing and buf_failed() is true, so twenty appends need one
 * check at the end. Content is always followed by a NUL byte that is not counted. */
#ifndef GW_BASE_BUF_H
#define GW_BASE_BUF_H

#include "gateway/base/base.h"

struct span {
        const uint8_t *p; /* borrowed; may be NULL only when n is 0 */
        size_t n;
};

struct buf {
        uint8_t *p; /* owned; NULL until the first append */
        size_t n, cap, max;
        bool failed;
};

#define BUF_MAX_DEFAULT ((size_t)64 << 20)

static inline struct span span_of(const void *p, size_t n) { return (struct span){(const uint8_t *)p, n}; }
struct span span_str(const char *s); /* NULL gives an empty span */
bool span_eq(struct span a, struct span b);
bool span_eq_str(struct span a, const char *s);
/* A NUL-terminated copy (owned by the caller); bytes after an embedded NUL are kept but invisible to C. */
char *span_dup(struct span s);

#define BUF_INIT {NULL, 0, 0, BUF_MAX_DEFAULT, false}
#define BUF_LIMIT(limit) {NULL, 0, 0, (limit), false}
void buf_done(struct buf *b);          /* frees the bytes; the buf can be used again */
#define auto_buf __attribute__((cleanup(buf_done), unused))
void buf_wipe_done(struct buf *b);     /* the same for key material: OPENSSL_cleanse first */
void buf_reset(struct buf *b);         /* empties, keeps the memory, clears the error */
bool buf_failed(const struct buf *b);
struct span buf_span(const struct buf *b);
const char *buf_cstr(const struct buf *b);   /* "" when empty; valid until the next append */
char *buf_take_str(struct buf *b);     /* hands the bytes over as a NUL-terminated string; b is empty afterwards */

void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_span(struct buf *b, struct span s);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *format, ...) GW_PRINTF(2, 3);
/* Room for n more bytes, or NULL (sticky). Then buf_grew() tells how many were written. */
uint8_t *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);

#endif
