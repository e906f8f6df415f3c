/* The frames between worker and signer process. For gateway/sign only.
 *
 *   u32 length (of what follows) | u32 sequence | u8 verb | body           all little-endian
 *
 *   ask LIST  u8 index                                    answer LIST  u8 count, u8 algorithm, u8 usable now, u8 successor's index (64 = none),
 *                                                                      i64 from, i64 until (ms since 1970), u8 n, id[n], certificate DER (the rest)
 *   ask SIGN  u8 n, id[n], digest (the rest)              answer SIGN  signature value (the rest)
 *                                                         answer ERROR u8 enum signer_error
 * One answer per frame, in order. LIST with an index that is not there answers with only the count.
 * "Usable" asks the key's token. SIGN outside [from, until) is refused: SIGNER_ERROR_DATES. */
#ifndef GW_SIGN_SIGNER_FRAME_H
#define GW_SIGN_SIGNER_FRAME_H

#include "gateway/base/buf.h"

#define SIGNER_FRAME_MAX 4096 /* the whole frame, length included */
#define SIGNER_FRAME_HEAD 9
#define SIGNER_LIST_HEAD (SIGNER_FRAME_HEAD + 4 + 16 + 1) /* of an answer to LIST, before the id */
#define SIGNER_KEYS_MAX 64
#define SIGNER_ID_MAX 64

enum signer_verb { SIGNER_LIST = 1, SIGNER_SIGN = 2, SIGNER_LIST_ANSWER = 0x81, SIGNER_SIGN_ANSWER = 0x82, SIGNER_ERROR = 0xff };
enum signer_error { SIGNER_ERROR_NONE = 0, SIGNER_ERROR_KEY = 1, SIGNER_ERROR_DIGEST = 2, SIGNER_ERROR_CRYPTO = 3, SIGNER_ERROR_DATES = 4, SIGNER_ERROR_AWAY = 5 };

struct signer_frame {
        uint32_t sequence;
        uint8_t verb;
        struct span body; /* borrowed from the reader */
};

/* Bytes received and not yet used. */
struct signer_reader {
        uint8_t bytes[SIGNER_FRAME_MAX];
        size_t used, have; /* [used, have) is unread */
};

enum signer_next { SIGNER_NEXT_FRAME, SIGNER_NEXT_MORE, SIGNER_NEXT_BROKEN };
/* The next whole frame; MORE: read on into signer_reader_room(); BROKEN: a length that no frame has. The frame is
 * valid until the next call. */
enum signer_next signer_reader_next(struct signer_reader *reader, struct signer_frame *ret_frame);
/* Free room behind what is there (never empty after MORE), and its size. */
uint8_t *signer_reader_room(struct signer_reader *reader, size_t *ret_size);

/* Fixed storage for a frame being written; sticky failure when it does not fit. */
struct signer_writer {
        uint8_t bytes[SIGNER_FRAME_MAX];
        size_t n;
        bool failed;
};
void signer_writer_start(struct signer_writer *writer, uint32_t sequence, uint8_t verb);
void signer_writer_byte(struct signer_writer *writer, uint8_t value);
void signer_writer_i64(struct signer_writer *writer, int64_t value);
void signer_writer_span(struct signer_writer *writer, struct span value);
int64_t signer_read_i64(const uint8_t bytes[8]);
/* Fills the length in; empty when it did not fit. */
struct span signer_writer_end(struct signer_writer *writer);

#endif
