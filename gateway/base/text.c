/* Checked conversions, hashes, small files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "gateway/base/text.h"

bool text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret_value)
{
        if (!s || !*s)
                return false;
        uint64_t v = 0;
        for (; *s; s++) {
                if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
                        return false;
        }
        if (v < min || v > max)
                return false;
        *ret_value = v;
        return true;
}

void text_base64(struct buf *out, struct span in)
{
        uint8_t *room = buf_room(out, (in.n + 2) / 3 * 4 + 1);
        if (!room)
                return;
        int n = EVP_EncodeBlock(room, in.p, (int)in.n);
        buf_grew(out, (size_t)n);
}

/* Value + 1; 0: not of the alphabet. */
static const uint8_t base64_values[256] = {
        ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11,
        ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22,
        ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33,
        ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,
        ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55,
        ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* The padding must be exactly what the last group lacks, and the bits beyond its bytes zero: one text per value. */
static bool end_base64(uint32_t bits, unsigned have, unsigned padding, uint8_t *to, size_t *written)
{
        if (have == 2 && padding == 2 && (bits & 15) == 0) {
                to[(*written)++] = (uint8_t)(bits >> 4);
                return true;
        }
        if (have == 3 && padding == 1 && (bits & 3) == 0) {
                to[(*written)++] = (uint8_t)(bits >> 10);
                to[(*written)++] = (uint8_t)(bits >> 2);
                return true;
        }
        return have == 0 && padding == 0;
}

static size_t base64_size(struct span in)
{
        size_t count = 0;
        for (size_t i = 0; i < in.n; i++)
                count += base64_values[in.p[i]] != 0;
        return count / 4 * 3 + count % 4 * 3 / 4;
}

/* EVP_DecodeBlock and the EVP_Decode family are lax about padding and blanks inside, so this strict one is ours. Certificates and
 * signature values come through here, some 15 KB of text for a request: room is asked for once. */
bool text_unbase64(struct buf *out, struct span in)
{
        uint32_t bits = 0;
        unsigned have = 0, padding = 0;
        size_t written = 0;
        uint8_t *to = buf_room(out, base64_size(in));
        if (!to)
                return false;
        for (size_t i = 0; i < in.n; i++) {
                uint8_t c = in.p[i], value = base64_values[c];
                if (!value) {
                        padding += c == '=';
                        if (c != '=' && c != ' ' && c != '\t' && c != '\r' && c != '\n')
                                return false;
                        continue;
                }
                if (padding)
                        return false;
                bits = bits << 6 | (uint32_t)(value - 1);
                if (++have == 4) {
                        to[written++] = (uint8_t)(bits >> 16);
                        to[written++] = (uint8_t)(bits >> 8);
                        to[written++] = (uint8_t)bits;
                        bits = 0;
                        have = 0;
                }
        }
        bool whole = end_base64(bits, have, padding, to, &written);
        if (whole)
                buf_grew(out, written);
        return whole;
}

void text_hex(struct buf *out, struct span in)
{
        static const char hex[] = "0123456789abcdef";
        uint8_t *to = buf_room(out, 2 * in.n);
        if (!to)
                return;
        for (size_t i = 0; i < in.n; i++) {
                to[2 * i] = (uint8_t)hex[in.p[i] >> 4];
                to[2 * i + 1] = (uint8_t)hex[in.p[i] & 15];
        }
        buf_grew(out, 2 * in.n);
}

void text_sha256(struct span in, uint8_t out[32])
{
        /* Fetched once: an implicit fetch costs as much as the hash of a small message. */
        static _Atomic(EVP_MD *) fetched;
        EVP_MD *md = fetched;
        if (!md) {
                md = EVP_MD_fetch(NULL, "SHA256", NULL);
                GW_ASSERT(md);
                fetched = md;
        }
        unsigned n = 32;
        GW_ASSERT(EVP_Digest(in.p ? in.p : (const uint8_t *)"", in.n, out, &n, md, NULL) == 1);
}

/* Well-formed UTF-8 by the table of The Unicode Standard 3.9 (D92): no overlong forms, no surrogates, at most U+10FFFF. */
bool text_is_utf8(struct span in)
{
        for (size_t i = 0; i < in.n;) {
                uint8_t c = in.p[i];
                size_t more = c < 0x80 ? 0 : c >= 0xC2 && c <= 0xDF ? 1 : c >= 0xE0 && c <= 0xEF ? 2 : c >= 0xF0 && c <= 0xF4 ? 3 : 9;
                if (more == 9 || in.n - i <= more)
                        return false;
                if (more) {
                        uint8_t low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
                        if (in.p[i + 1] < low || in.p[i + 1] > high)
                                return false;
                        for (size_t k = 2; k <= more; k++)
                                if ((in.p[i + k] & 0xC0) != 0x80)
                                        return false;
                }
                i += more + 1;
        }
        return true;
}

char *text_uuid(char out[TEXT_UUID_MAX])
{
        uint8_t r[16];
        GW_ASSERT(RAND_bytes(r, sizeof r) == 1);
        r[6] = (uint8_t)((r[6] & 0x0F) | 0x40);
        r[8] = (uint8_t)((r[8] & 0x3F) | 0x80);
        snprintf(out, TEXT_UUID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2], r[3], r[4],
                 r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
        return out;
}

char *text_mask_iin(const char *iin, char out[16])
{
        size_t n = iin ? strlen(iin) : 0;
        snprintf(out, 16, "%.2s******%s", n == 12 ? iin : "??", n == 12 ? iin + 8 : "????");
        return out;
}

bool text_read_file(const char *path, struct buf *out)
{
        auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        for (;;) {
                size_t room = out->max - out->n < 65536 ? out->max - out->n : 65536;
                uint8_t over;
                uint8_t *p = room ? buf_room(out, room) : &over;
                ssize_t n = p ? read(fd, p, room ? room : 1) : -1;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n == 0;
                if (!room) {
                        errno = EFBIG;
                        return false;
                }
                buf_grew(out, (size_t)n);
        }
}

static bool write_all(int fd, struct span content)
{
        while (content.n) {
                ssize_t n = write(fd, content.p, content.n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return false;
                content.p += n;
                content.n -= (size_t)n;
        }
        return true;
}

static bool sync_folder_of(const char *path)
{
        auto_str char *folder = xstrdup(path);
        char *slash = strrchr(folder, '/');
        if (slash)
                slash[slash == folder] = '\0';
        auto_fd int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd >= 0 && fsync(fd) == 0;
}

bool text_write_file(const char *path, struct span content, unsigned mode)
{
        auto_str char *temp = xasprintf("%s.tmp%ld", path, (long)getpid());
        auto_fd int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
        if (fd < 0)
                return false;
        bool written = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, content) && fsync(fd) == 0; /* whatever the umask */
        int closing = fd;
        fd = -1;
        if (close(closing) != 0 || !written || rename(temp, path) != 0) {
                unlink(temp);
                return false;
        }
        return sync_folder_of(path);
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span text_trim(struct span s)
{
        while (s.n && is_blank(s.p[0]))
                s = span_of(s.p + 1, s.n - 1);
        while (s.n && is_blank(s.p[s.n - 1]))
                s.n--;
        return s;
}
