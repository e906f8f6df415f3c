/* Attachments of an application. */
#include "gateway/files/attachment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"

#define PDF_END_WITHIN 1024 /* readers look for %%EOF in the last kilobyte */

void attachment_listed_done(struct attachment_listed *listed)
{
        free(listed->name);
        free(listed->document);
        *listed = (struct attachment_listed){0};
}

void attachment_done(struct attachment *attachment)
{
        free(attachment->name);
        buf_done(&attachment->bytes);
        attachment->name = NULL;
}

/* ---- what it is ---- */

static bool begins(struct span bytes, const char *mark, size_t n)
{
        return bytes.n >= n && span_eq(span_of(bytes.p, n), span_of(mark, n));
}

static bool ends_as_pdf(struct span bytes)
{
        size_t within = bytes.n < PDF_END_WITHIN ? bytes.n : PDF_END_WITHIN;
        return memmem(bytes.p + bytes.n - within, within, "%%EOF", 5) != NULL;
}

#define ZIP_END 22 /* bytes of an end record without its comment (APPNOTE 4.3.16) */

/* Readers of ZIP look from the end on: a picture with an archive behind it is both. */
static bool ends_as_zip(struct span bytes)
{
        if (bytes.n < ZIP_END)
                return false;
        size_t within = bytes.n < ZIP_END + UINT16_MAX ? bytes.n : ZIP_END + UINT16_MAX;
        const uint8_t *end = bytes.p + bytes.n;
        for (const uint8_t *p = end - within; (p = memmem(p, (size_t)(end - p), "PK\5\6", 4)); p++)
                if ((size_t)(end - p) >= ZIP_END && (size_t)(end - p) == ZIP_END + (size_t)(p[20] | p[21] << 8))
                        return true;
        return false;
}

const char *attachment_type(struct span bytes)
{
        if (ends_as_zip(bytes))
                return NULL;
        if (begins(bytes, "%PDF-", 5))
                return ends_as_pdf(bytes) ? "application/pdf" : NULL;
        if (begins(bytes, "\xFF\xD8\xFF", 3))
                return "image/jpeg";
        if (begins(bytes, "\x89PNG\r\n\x1A\n", 8))
                return "image/png";
        if (begins(bytes, "II*\0", 4) || begins(bytes, "MM\0*", 4))
                return "image/tiff";
        return NULL;
}

/* ---- its name ---- */

/* Two or three bytes of UTF-8: Cyrillic, Latin letters with marks, №. */
static bool is_word_sequence(const unsigned char *p, size_t n)
{
        for (size_t i = 1; i < n; i++)
                if ((p[i] & 0xC0) != 0x80)
                        return false;
        if (n == 2)
                return (p[0] >= 0xC3 && p[0] <= 0xC9) || (p[0] >= 0xD0 && p[0] <= 0xD3);
        return n == 3 && p[0] == 0xE2 && p[1] == 0x84 && p[2] == 0x96;
}

static size_t sequence_length(unsigned char first)
{
        return first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : 0;
}

bool attachment_name_usable(const char *name)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-()";
        size_t n = name ? strlen(name) : 0;
        if (n == 0 || n > ATTACHMENT_NAME_MAX || name[0] == '.' || name[0] == ' ' || strstr(name, ".."))
                return false;
        for (size_t i = 0; i < n;) {
                const unsigned char *p = (const unsigned char *)name + i;
                size_t length = sequence_length(*p);
                if (length == 0 || i + length > n || (length == 1 ? !strchr(plain, *p) : !is_word_sequence(p, length)))
                        return false;
                i += length;
        }
        return true;
}

bool attachment_name_fits(const char *name, const char *type)
{
        static const struct { const char *extension, *type; } known[] = {
                {".pdf", "application/pdf"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"}, {".png", "image/png"}, {".tif", "image/tiff"}, {".tiff", "image/tiff"},
        };
        const char *dot = strrchr(name, '.');
        for (size_t i = 0; dot && i < GW_COUNT(known); i++)
                if (strcasecmp(dot, known[i].extension) == 0)
                        return str_eq(type, known[i].type);
        return false;
}

/* ---- the list against what came ---- */

static enum gw_rc check_sizes(const struct attachment *files, size_t count, const struct attachment_limits *limits, struct why *why)
{
        size_t total = 0;
        if (count > limits->count || count > ATTACHMENTS_MAX)
                return why_set(why, GW_REJECT, REASON_ATTACHMENT_TOO_LARGE, "%zu files, at most %zu", count, limits->count);
        for (size_t i = 0; i < count; i++) {
                if (files[i].bytes.n > limits->bytes)
                        return why_set(why, GW_REJECT, REASON_ATTACHMENT_TOO_LARGE, "file %zu has %zu bytes, at most %zu", i + 1, files[i].bytes.n, limits->bytes);
                total += files[i].bytes.n;
        }
        if (total > limits->total_bytes)
                return why_set(why, GW_REJECT, REASON_ATTACHMENT_TOO_LARGE, "%zu bytes together, at most %zu", total, limits->total_bytes);
        return GW_OK;
}

static enum gw_rc check_file(const struct attachment *file, size_t place, struct why *why)
{
        if (!attachment_name_usable(file->name))
                return why_set(why, GW_REJECT, REASON_ATTACHMENT_NAME, "file %zu", place);
        const char *type = attachment_type(buf_span(&file->bytes));
        if (!type)
                return why_set(why, GW_REJECT, REASON_ATTACHMENT_TYPE, "file %zu is none of PDF, JPEG, PNG, TIFF", place);
        if (!attachment_name_fits(file->name, type))
                return why_set(why, GW_REJECT, REASON_ATTACHMENT_TYPE, "file %zu is %s, and its name says otherwise", place, type);
        return GW_OK;
}

static bool is_listed(const struct attachment_listed *listed, const struct attachment *file, const uint8_t sha256[32])
{
        return listed->size == file->bytes.n && str_eq(listed->name, file->name) && span_eq(span_of(listed->sha256, 32), span_of(sha256, 32));
}

static enum gw_rc place_file(const struct attachment_listed *listed, size_t count, const struct attachment *file, size_t index, size_t order[ATTACHMENTS_MAX], struct why *why)
{
        uint8_t sha256[32];
        text_sha256(buf_span(&file->bytes), sha256);
        for (size_t i = 0; i < count; i++) {
                if (!is_listed(&listed[i], file, sha256))
                        continue;
                if (order[i] != ATTACHMENTS_MAX)
                        return why_set(why, GW_REJECT, REASON_ATTACHMENT_DIFFERS, "file %zu is there twice", index + 1);
                order[i] = index;
                return GW_OK;
        }
        return why_set(why, GW_REJECT, REASON_ATTACHMENT_DIFFERS, "file %zu is not in the list that the applicant signed (name, size, SHA-256)", index + 1);
}

static enum gw_rc check_list(const struct attachment_listed *listed, size_t count, struct why *why)
{
        if (count > ATTACHMENTS_MAX)
                return why_set(why, GW_REJECT, REASON_ATTACHMENT_TOO_LARGE, "%zu files are listed, at most %d", count, ATTACHMENTS_MAX);
        for (size_t i = 0; i < count; i++)
                for (size_t k = i + 1; k < count; k++)
                        if (span_eq(span_of(listed[i].sha256, 32), span_of(listed[k].sha256, 32)) || str_eq(listed[i].name, listed[k].name))
                                return why_set(why, GW_REJECT, REASON_ATTACHMENT_DIFFERS, "files %zu and %zu of the list have the same name or content", i + 1, k + 1);
        return GW_OK;
}

enum gw_rc attachments_match(const struct attachment_listed *listed, size_t listed_count, const struct attachment *files, size_t file_count,
                             const struct attachment_limits *limits, size_t order[ATTACHMENTS_MAX], struct why *why)
{
        enum gw_rc rc = check_list(listed, listed_count, why);
        if (rc == GW_OK)
                rc = check_sizes(files, file_count, limits, why);
        for (size_t i = 0; i < ATTACHMENTS_MAX; i++)
                order[i] = ATTACHMENTS_MAX;
        for (size_t i = 0; rc == GW_OK && i < file_count; i++) {
                rc = check_file(&files[i], i + 1, why);
                if (rc == GW_OK)
                        rc = place_file(listed, listed_count, &files[i], i, order, why);
        }
        for (size_t i = 0; rc == GW_OK && i < listed_count; i++)
                if (order[i] == ATTACHMENTS_MAX)
                        rc = why_set(why, GW_REJECT, REASON_ATTACHMENT_MISSING, "file %zu of the list did not come", i + 1);
        return rc;
}
