/* The worker's side of the signer: keys that look local, and a blocking question over a socket pair. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/private_key.h"
#include "gateway/sign/signer.h"
#include "gateway/sign/signer_frame.h"

struct remote_key {
        struct signing_key key;
        struct signer *signer;
        char *id;
        size_t successor;         /* index; no key's: none */
        struct wall_time from, until;
        _Atomic uint64_t uses;
};

struct signer {
        int fd; /* -1 once the channel is of no use any more */
        int timeout_ms;
        uint32_t sequence;
        _Atomic uint64_t count; /* read by any thread, for /metrics */
        struct remote_key *keys;
        size_t key_count;
        struct signer_reader reader;
        struct signer_writer question;
};
GW_DEFINE_AUTO(signer, struct signer, signer_detach)

void signer_detach(struct signer *signer)
{
        if (!signer)
                return;
        for (size_t i = 0; i < signer->key_count; i++) {
                free(signer->keys[i].key.certificate_base64);
                free(signer->keys[i].id);
        }
        free(signer->keys);
        gw_close_fd(&signer->fd);
        free(signer);
}

static enum gw_rc unavailable(struct why *why, const char *what)
{
        return why_set(why, GW_RETRY, REASON_SIGNER_UNAVAILABLE, "%s", what);
}

/* After half a frame or an answer that is none, the stream cannot be trusted again. */
static enum gw_rc give_up(struct signer *signer, struct why *why, const char *what)
{
        gw_close_fd(&signer->fd);
        signer->fd = -1;
        return unavailable(why, what);
}

static enum gw_rc wait_for(const struct signer *signer, short events, struct mono_time deadline, struct why *why)
{
        for (;;) {
                int64_t left = deadline.ms - mono_now().ms;
                struct pollfd pfd = {.fd = signer->fd, .events = events};
                int n = poll(&pfd, 1, left > 0 ? (int)left : 0);
                if (n > 0)
                        return GW_OK;
                if (n == 0)
                        return unavailable(why, "the signer process did not answer in time");
                if (errno != EINTR)
                        return unavailable(why, "the signer channel cannot be polled");
        }
}

static enum gw_rc send_question(struct signer *signer, struct mono_time deadline, struct why *why)
{
        struct span bytes = signer_writer_end(&signer->question);
        size_t whole = bytes.n;
        if (whole == 0)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the question does not fit in a signer frame");
        while (bytes.n) {
                ssize_t n = send(signer->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n > 0) {
                        bytes = span_of(bytes.p + n, bytes.n - (size_t)n);
                        continue;
                }
                if (n < 0 && errno == EINTR)
                        continue;
                if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
                        return give_up(signer, why, "the signer process has closed its channel");
                enum gw_rc rc = wait_for(signer, POLLOUT, deadline, why);
                if (rc != GW_OK)
                        return bytes.n == whole ? rc : give_up(signer, why, "the signer process took half a question");
        }
        return GW_OK;
}

/* Sleeps in recv(), with the socket's SO_RCVTIMEO as its limit: a poll() before it would be one more system call for every signature. */
static enum gw_rc receive_some(struct signer *signer, struct mono_time deadline, struct why *why)
{
        size_t size = 0;
        uint8_t *room = signer_reader_room(&signer->reader, &size);
        for (;;) {
                ssize_t n = recv(signer->fd, room, size, 0);
                if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) {
                        if (mono_now().ms >= deadline.ms)
                                return unavailable(why, "the signer process did not answer in time");
                        continue;
                }
                if (n <= 0)
                        return give_up(signer, why, "the signer process has closed its channel");
                signer->reader.have += (size_t)n;
                return GW_OK;
        }
}

/* The answer with the sequence number of the question; others are late answers to questions given up before. */
static enum gw_rc receive_answer(struct signer *signer, struct mono_time deadline, struct signer_frame *ret_frame, struct why *why)
{
        for (;;) {
                struct signer_frame frame;
                enum signer_next next = signer_reader_next(&signer->reader, &frame);
                if (next == SIGNER_NEXT_BROKEN)
                        return give_up(signer, why, "the signer process does not keep to the protocol");
                if (next == SIGNER_NEXT_FRAME) {
                        if (frame.sequence != signer->sequence)
                                continue;
                        *ret_frame = frame;
                        return GW_OK;
                }
                enum gw_rc rc = receive_some(signer, deadline, why);
                if (rc != GW_OK)
                        return rc;
        }
}

/* Sends signer->question (started with the next sequence number) and waits for an answer of that verb. */
static enum gw_rc ask(struct signer *signer, uint8_t want_verb, struct span *ret_body, struct why *why)
{
        if (signer->fd < 0)
                return unavailable(why, "the signer channel is closed");
        struct mono_time deadline = {mono_now().ms + signer->timeout_ms};
        struct signer_frame frame = {0, 0, {NULL, 0}};
        enum gw_rc rc = send_question(signer, deadline, why);
        if (rc == GW_OK)
                rc = receive_answer(signer, deadline, &frame, why);
        if (rc != GW_OK)
                return rc;
        int error = frame.verb == SIGNER_ERROR && frame.body.n ? frame.body.p[0] : 0;
        if (error == SIGNER_ERROR_DATES)
                return unavailable(why, "the key's certificate is not valid now");
        if (error == SIGNER_ERROR_AWAY)
                return unavailable(why, "the key's token does not sign now");
        if (frame.verb == SIGNER_ERROR)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the signer process refused, code %d", error);
        if (frame.verb != want_verb)
                return give_up(signer, why, "the signer process does not keep to the protocol");
        *ret_body = frame.body;
        return GW_OK;
}

static enum gw_rc sign_remotely(void *ctx, struct span digest, struct buf *out, struct why *why)
{
        struct remote_key *key = ctx;
        struct signer *signer = key->signer;
        signer_writer_start(&signer->question, ++signer->sequence, SIGNER_SIGN);
        signer_writer_byte(&signer->question, (uint8_t)strlen(key->id));
        signer_writer_span(&signer->question, span_str(key->id));
        signer_writer_span(&signer->question, digest);
        struct span value = {NULL, 0};
        enum gw_rc rc = ask(signer, SIGNER_SIGN_ANSWER, &value, why);
        if (rc != GW_OK)
                return rc;
        bool two_numbers = key->key.algorithm != SIGN_RSA_SHA256;
        if (value.n == 0 || (two_numbers && value.n != 2 * sign_digest_size(key->key.algorithm)))
                return give_up(signer, why, "the signer process gave a signature of the wrong length");
        signer->count++;
        key->uses++;
        buf_add_span(out, value);
        return buf_failed(out) ? why_set(why, GW_FAULT, REASON_INTERNAL, "no room for the signature value") : GW_OK;
}

/* Body of an answer to LIST, behind the frame's head (signer_frame.h). */
#define LISTED_HEAD (SIGNER_LIST_HEAD - SIGNER_FRAME_HEAD)

static bool read_listed_key(struct signer *signer, struct span body, struct remote_key *key)
{
        if (body.n < LISTED_HEAD || body.n <= LISTED_HEAD + (size_t)body.p[LISTED_HEAD - 1] || body.p[1] > SIGN_GOST2015_512)
                return false;
        size_t id_size = body.p[LISTED_HEAD - 1];
        auto_buf struct buf base64 = BUF_INIT;
        text_base64(&base64, span_of(body.p + LISTED_HEAD + id_size, body.n - LISTED_HEAD - id_size));
        *key = (struct remote_key){
                .key = {
                        .algorithm = (enum sign_algorithm)body.p[1],
                        .certificate_base64 = buf_take_str(&base64),
                        .sign = sign_remotely,
                        .ctx = key,
                },
                .signer = signer,
                .id = span_dup(span_of(body.p + LISTED_HEAD, id_size)),
                .successor = body.p[3],
                .from = {signer_read_i64(body.p + 4)},
                .until = {signer_read_i64(body.p + 12)},
        };
        return true;
}

static enum gw_rc ask_list(struct signer *signer, size_t index, struct span *ret_body, struct why *why)
{
        signer_writer_start(&signer->question, ++signer->sequence, SIGNER_LIST);
        signer_writer_byte(&signer->question, (uint8_t)index);
        return ask(signer, SIGNER_LIST_ANSWER, ret_body, why);
}

static enum gw_rc list_keys(struct signer *signer, struct why *why)
{
        size_t count = 1;
        signer->keys = xcalloc(SIGNER_KEYS_MAX, sizeof *signer->keys);
        for (size_t i = 0; i < count; i++) {
                struct span body = {NULL, 0};
                enum gw_rc rc = ask_list(signer, i, &body, why);
                if (rc != GW_OK)
                        return rc;
                count = body.n ? body.p[0] : SIGNER_KEYS_MAX + 1;
                if (count == 0)
                        return GW_OK;
                if (count > SIGNER_KEYS_MAX || !read_listed_key(signer, body, &signer->keys[i]))
                        return give_up(signer, why, "the signer process does not keep to the protocol");
                signer->key_count = i + 1;
        }
        return GW_OK;
}

enum gw_rc signer_attach(int fd, int timeout_ms, struct signer **ret_signer, struct why *why)
{
        gw_auto(signer) struct signer *signer = xcalloc(1, sizeof *signer);
        signer->fd = fd;
        signer->timeout_ms = timeout_ms;
        /* No less than a tenth beyond the deadline, so that the deadline has passed when recv() gives up. */
        struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 + 2000};
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
                return unavailable(why, "the signer channel takes no time limit");
        enum gw_rc rc = list_keys(signer, why);
        if (rc != GW_OK)
                return rc;
        *ret_signer = gw_take(&signer);
        return GW_OK;
}

static bool current(const struct remote_key *key, struct wall_time now)
{
        return key->from.ms <= now.ms && now.ms < key->until.ms;
}

/* Of a key and its successors the newest that is current; the key itself when none is. A ring of successors ends, too. */
static struct remote_key *choose(struct signer *signer, struct remote_key *first)
{
        struct wall_time now = wall_now();
        struct remote_key *best = NULL, *key = first;
        for (size_t steps = 0; steps < signer->key_count; steps++) {
                if (current(key, now) && (!best || key->from.ms >= best->from.ms))
                        best = key;
                if (key->successor >= signer->key_count)
                        break;
                key = &signer->keys[key->successor];
        }
        return best ? best : first;
}

const struct signing_key *signer_key(struct signer *signer, const char *id)
{
        for (size_t i = 0; i < signer->key_count; i++)
                if (str_eq(signer->keys[i].id, id))
                        return &choose(signer, &signer->keys[i])->key;
        return NULL;
}

bool signer_key_facts(const struct signer *signer, size_t index, struct signer_key_facts *ret_facts)
{
        if (index >= signer->key_count)
                return false;
        const struct remote_key *key = &signer->keys[index];
        *ret_facts = (struct signer_key_facts){key->id, key->key.certificate_base64, key->from, key->until, key->uses};
        return true;
}

static bool is_successor(const struct signer *signer, size_t index)
{
        for (size_t i = 0; i < signer->key_count; i++)
                if (signer->keys[i].successor == index)
                        return true;
        return false;
}

bool signer_ready(struct signer *signer, const char **ret_id)
{
        for (size_t i = 0; i < signer->key_count; i++) {
                if (is_successor(signer, i))
                        continue;
                struct remote_key *key = choose(signer, &signer->keys[i]);
                struct span body = {NULL, 0};
                struct why why = WHY_INIT;
                bool usable = ask_list(signer, (size_t)(key - signer->keys), &body, &why) == GW_OK && body.n >= LISTED_HEAD && body.p[2] != 0;
                if (usable && current(key, wall_now()))
                        continue;
                *ret_id = signer->keys[i].id;
                return false;
        }
        return true;
}

uint64_t signer_count(const struct signer *signer)
{
        return signer->count;
}
