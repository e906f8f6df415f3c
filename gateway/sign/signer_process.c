/* The process that holds the private keys. What comes in on a channel is hostile: whoever writes there parses XML from the world. */
#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/sandbox/sandbox.h"
#include "gateway/sign/keyring.h"

/* Deepest need is OpenSSL's RSA (some 10 KB); small, because mlockall() counts stacks against RLIMIT_MEMLOCK. */
#define STACK_SIZE ((size_t)256 << 10)
#define SECURE_HEAP ((size_t)256 << 10)
#define SECURE_SMALLEST ((size_t)32)
#define LOCK_PROBE ((size_t)256 << 20)

struct channel {
        const struct keyring *ring;
        pthread_barrier_t *started;
        EVP_PKEY_CTX *contexts[SIGNER_KEYS_MAX]; /* made at first use; this thread's own */
        int fd;
        struct signer_reader reader;
        struct signer_writer answer;
};

/* No end by a terminal's or service manager's signal while channels are open: the worker finishes what is in flight, then closes them,
 * and that is our end. */
static void harden(void)
{
        static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP};
        for (size_t i = 0; i < GW_COUNT(ignored); i++)
                signal(ignored[i], SIG_IGN);
        if (!sandbox_harden())
                log_event(LOG_WARN, NULL, "signer.dumpable", "errno=%d", errno);
        /* Private numbers go to pages that are locked whatever the limit, guarded on both sides, and never in a dump. */
        if (CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_SMALLEST) != 1)
                log_event(LOG_INFO, NULL, "signer.secure_heap", "cannot be locked (errno %d)", errno);
}

/* Keeps the keys out of swap. MCL_FUTURE under a finite RLIMIT_MEMLOCK (8 MiB is common) makes a later malloc() fail in the middle of a
 * signature, so it stays only when a large mapping shows that there is room; otherwise what is there now, the keys, is locked. */
static void lock_memory(void)
{
        if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) {
                void *probe = mmap(NULL, LOCK_PROBE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (probe != MAP_FAILED) {
                        munmap(probe, LOCK_PROBE);
                        return;
                }
        }
        int cause = errno;
        if (mlockall(MCL_CURRENT) != 0)
                cause = errno; /* the secure heap is locked all the same */
        log_event(LOG_INFO, NULL, "signer.memory_lock_limited", "errno=%d raise LimitMEMLOCK to keep the keys out of swap for sure", cause);
}

static void answer_error(struct channel *ch, uint32_t sequence, enum signer_error error)
{
        signer_writer_start(&ch->answer, sequence, SIGNER_ERROR);
        signer_writer_byte(&ch->answer, (uint8_t)error);
}

static bool answer_list(struct channel *ch, const struct signer_frame *frame)
{
        if (frame->body.n != 1)
                return false;
        size_t index = frame->body.p[0];
        signer_writer_start(&ch->answer, frame->sequence, SIGNER_LIST_ANSWER);
        signer_writer_byte(&ch->answer, (uint8_t)ch->ring->count);
        if (index >= ch->ring->count)
                return true;
        const struct held_key *held = &ch->ring->keys[index];
        signer_writer_byte(&ch->answer, (uint8_t)held->key->algorithm);
        signer_writer_byte(&ch->answer, !held->token || token_key_usable(held->token));
        signer_writer_byte(&ch->answer, (uint8_t)held->successor);
        signer_writer_i64(&ch->answer, held->from.ms);
        signer_writer_i64(&ch->answer, held->until.ms);
        signer_writer_byte(&ch->answer, (uint8_t)strlen(held->id));
        signer_writer_span(&ch->answer, span_str(held->id));
        signer_writer_span(&ch->answer, span_of(held->key->certificate, held->key->certificate_size));
        return true;
}

static size_t find_key(const struct keyring *ring, struct span id)
{
        size_t i = 0;
        while (i < ring->count && !span_eq_str(id, ring->keys[i].id))
                i++;
        return i;
}

/* 0, or why not. A certificate that has expired (or is not valid yet) is not signed for, whoever asks. */
static enum signer_error sign_with(const struct held_key *held, EVP_PKEY_CTX **context, struct span digest, struct buf *out)
{
        struct why why = WHY_INIT;
        if (digest.n != sign_digest_size(held->key->algorithm))
                return SIGNER_ERROR_DIGEST;
        if (!held_key_current(held, wall_now()))
                return SIGNER_ERROR_DATES;
        if (held->token)
                return token_key_sign(held->token, held->key->algorithm, digest, out, &why) == GW_OK ? SIGNER_ERROR_NONE : SIGNER_ERROR_AWAY;
        return private_key_sign(held->key, context, digest, out) ? SIGNER_ERROR_NONE : SIGNER_ERROR_CRYPTO;
}

static bool answer_sign(struct channel *ch, const struct signer_frame *frame)
{
        struct span body = frame->body;
        if (body.n < 1 || body.n < 1 + (size_t)body.p[0])
                return false;
        size_t index = find_key(ch->ring, span_of(body.p + 1, body.p[0]));
        struct span digest = span_of(body.p + 1 + body.p[0], body.n - 1 - body.p[0]);
        if (index == ch->ring->count) {
                answer_error(ch, frame->sequence, SIGNER_ERROR_KEY);
                return true;
        }
        auto_buf struct buf value = BUF_LIMIT(PRIVATE_KEY_SIGNATURE_MAX);
        enum signer_error error = sign_with(&ch->ring->keys[index], &ch->contexts[index], digest, &value);
        if (error) {
                answer_error(ch, frame->sequence, error);
                return true;
        }
        signer_writer_start(&ch->answer, frame->sequence, SIGNER_SIGN_ANSWER);
        signer_writer_span(&ch->answer, buf_span(&value));
        return true;
}

/* False: not a frame of the protocol, the channel is to be closed. */
static bool answer_frame(struct channel *ch, const struct signer_frame *frame)
{
        if (frame->verb == SIGNER_SIGN)
                return answer_sign(ch, frame);
        if (frame->verb == SIGNER_LIST)
                return answer_list(ch, frame);
        return false;
}

static bool send_all(int fd, struct span bytes)
{
        while (bytes.n) {
                ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return false;
                bytes = span_of(bytes.p + n, bytes.n - (size_t)n);
        }
        return true;
}

/* False at the end of the channel. */
static bool receive_some(struct channel *ch)
{
        size_t size = 0;
        uint8_t *room = signer_reader_room(&ch->reader, &size);
        for (;;) {
                ssize_t n = recv(ch->fd, room, size, 0);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return false;
                ch->reader.have += (size_t)n;
                return true;
        }
}

static void *serve_channel(void *arg)
{
        struct channel *ch = arg;
        struct signer_frame frame;
        free(xmalloc(1)); /* the C library makes a thread's heap at its first use, by calls that the filter to come does not have */
        pthread_barrier_wait(ch->started);
        for (;;) {
                enum signer_next next = signer_reader_next(&ch->reader, &frame);
                if (next == SIGNER_NEXT_MORE) {
                        if (!receive_some(ch))
                                break;
                        continue;
                }
                if (next == SIGNER_NEXT_BROKEN || !answer_frame(ch, &frame)) {
                        log_event(LOG_ERROR, NULL, "signer.channel_closed", "cause=protocol");
                        break;
                }
                if (!send_all(ch->fd, signer_writer_end(&ch->answer)))
                        break;
        }
        close(ch->fd);
        for (size_t i = 0; i < SIGNER_KEYS_MAX; i++)
                EVP_PKEY_CTX_free(ch->contexts[i]);
        free(ch);
        return NULL;
}

static bool start_channel(const struct keyring *ring, int fd, pthread_barrier_t *started, pthread_t *ret_thread)
{
        struct channel *ch = xcalloc(1, sizeof *ch);
        ch->ring = ring;
        ch->fd = fd;
        ch->started = started;
        pthread_attr_t attributes;
        GW_ASSERT(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0);
        int error = pthread_create(ret_thread, &attributes, serve_channel, ch);
        pthread_attr_destroy(&attributes);
        if (error)
                free(ch);
        return error == 0;
}

/* One line of text on ready_fd and exit status 1. */
static int refuse_start(int ready_fd, const char *text)
{
        auto_str char *line = xasprintf("%s\n", text);
        gw_ignore(write(ready_fd, line, strlen(line)) < 0); /* the supervisor sees the exit status anyway */
        close(ready_fd);
        return 1;
}

static enum gw_rc prepare(struct keyring *ring, const struct signer_options *options, bool *ret_pin_refused, struct why *why)
{
        struct sandbox_account account = {NULL, geteuid(), getegid()};
        enum gw_rc rc = options->account && geteuid() == 0 ? sandbox_account(options->account, &account, why) : GW_OK;
        if (rc == GW_OK)
                rc = keyring_load(ring, options->keys, options->key_count, account.uid, why);
        if (rc == GW_OK && account.name)
                rc = sandbox_become(&account, why);
        /* A change of account makes it dumpable again. */
        if (rc == GW_OK && !sandbox_harden())
                rc = why_say(why, GW_FAULT, "signer: cannot close itself to tracing (errno %d)", errno);
        return rc == GW_OK ? keyring_open(ring, options->keys, ret_pin_refused, why) : rc;
}

enum gw_rc signer_key_check(const struct signer_key_conf *conf, uid_t owner, struct wall_time *ret_until, struct why *why)
{
        struct signer_key_conf alone = *conf;
        alone.successor = NULL;
        struct keyring *ring = xcalloc(1, sizeof *ring);
        bool pin_refused = false;
        enum gw_rc rc = keyring_load(ring, &alone, 1, owner, why);
        if (rc == GW_OK)
                rc = keyring_open(ring, &alone, &pin_refused, why);
        if (rc == GW_OK)
                *ret_until = ring->keys[0].until;
        keyring_done(ring);
        free(ring);
        return rc;
}

/* `started` outlives the threads: pthread_barrier_destroy() is not for one that was just passed. */
static enum gw_rc start_channels(const struct keyring *ring, const struct signer_options *options, pthread_barrier_t *started, pthread_t *threads,
                                 struct why *why)
{
        GW_ASSERT(pthread_barrier_init(started, NULL, (unsigned)options->channel_count + 1) == 0);
        for (size_t i = 0; i < options->channel_count; i++)
                if (!start_channel(ring, options->channels[i], started, &threads[i]))
                        return why_say(why, GW_FAULT, "signer: cannot start a thread for a channel");
        pthread_barrier_wait(started);
        return sandbox_enter(keyring_has_tokens(ring) ? SANDBOX_TOKENS : SANDBOX_SIGNER, why);
}

int signer_process_main(const struct signer_options *options)
{
        harden();
        struct keyring ring = {.count = 0};
        struct why why = WHY_INIT;
        bool pin_refused = false;
        if (prepare(&ring, options, &pin_refused, &why) != GW_OK) {
                keyring_done(&ring);
                int status = refuse_start(options->ready_fd, why.detail);
                return pin_refused ? SIGNER_EXIT_PIN : status;
        }
        lock_memory();
        pthread_t *threads = xcalloc(options->channel_count, sizeof *threads);
        pthread_barrier_t started;
        if (start_channels(&ring, options, &started, threads, &why) != GW_OK)
                return refuse_start(options->ready_fd, why.detail);
        bool told = write(options->ready_fd, "R", 1) == 1;
        close(options->ready_fd);
        if (!told)
                log_event(LOG_WARN, NULL, "signer.ready_unheard", "errno=%d", errno);
        for (size_t i = 0; i < options->channel_count; i++)
                pthread_join(threads[i], NULL);
        free(threads);
        keyring_done(&ring);
        return 0;
}
