/* The signer process against a good worker, a dead one and hostile ones; the client against a bad signer process. */
#include "tests/unit/helper_sign.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "gateway/base/log.h"
#include "gateway/sign/signer.h"

#define CHANNELS 3
#define TIMEOUT_MS 2000

struct process {
        pid_t pid;
        int channel[CHANNELS];
        char ready[400]; /* what came on ready_fd */
};

struct key_name {
        const char *id, *name;
};
static const struct key_name good_keys[] = {
        {"system", "system-gateway"}, {"head", "head-160640900019-ec"}, {"wide", "applicant-850412390201"}};

static void read_ready(int fd, char *out, size_t size)
{
        size_t n = 0;
        for (ssize_t got; n + 1 < size && (got = read(fd, out + n, size - 1 - n)) > 0;)
                n += (size_t)got;
        out[n] = '\0';
        close(fd);
}

static bool tight_memory; /* the next process may lock little more than it has, as an ordinary user may */

static void tighten_memory(void)
{
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[2] = {{0}};
        unsigned long pages = 0;
        FILE *statm = fopen("/proc/self/statm", "r");
        if (!statm || fscanf(statm, "%lu", &pages) != 1 || syscall(SYS_capset, &head, none) != 0)
                _exit(99);
        fclose(statm);
        rlim_t most = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (512 << 10);
        struct rlimit limit = {most, most};
        if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 && errno != EPERM)
                _exit(99);
}

static struct process start_with(const struct signer_key_conf *keys, size_t count)
{
        struct process p = {.pid = -1};
        int theirs[CHANNELS], ready[2];
        assert_int_equal(pipe(ready), 0);
        for (int i = 0; i < CHANNELS; i++) {
                int pair[2];
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
                p.channel[i] = pair[0];
                theirs[i] = pair[1];
        }
        p.pid = fork();
        assert_true(p.pid >= 0);
        if (p.pid == 0) {
                for (int i = 0; i < CHANNELS; i++)
                        close(p.channel[i]);
                close(ready[0]);
                if (tight_memory)
                        tighten_memory();
                gw_ignore(!freopen("/dev/null", "w", stderr)); /* its log is not the test's */
                struct signer_options options = {.keys = keys, .key_count = count, .channels = theirs, .channel_count = CHANNELS, .ready_fd = ready[1]};
                _exit(signer_process_main(&options));
        }
        for (int i = 0; i < CHANNELS; i++)
                close(theirs[i]);
        close(ready[1]);
        read_ready(ready[0], p.ready, sizeof p.ready);
        return p;
}

static struct process start_keys(const struct key_name *names, size_t count)
{
        struct signer_key_conf keys[8];
        for (size_t i = 0; i < count; i++)
                keys[i] = (struct signer_key_conf){.id = names[i].id, .key_path = pki_path("keys", names[i].name, ".key"),
                                                   .certificate_path = pki_path("certs", names[i].name, ".pem")};
        struct process p = start_with(keys, count);
        for (size_t i = 0; i < count; i++) {
                char *key_path = NULL, *certificate_path = NULL;
                memcpy(&key_path, &keys[i].key_path, sizeof key_path);
                memcpy(&certificate_path, &keys[i].certificate_path, sizeof certificate_path);
                free(key_path);
                free(certificate_path);
        }
        return p;
}

static struct process start(void)
{
        struct process p = start_keys(good_keys, GW_COUNT(good_keys));
        assert_string_equal(p.ready, "R");
        return p;
}

/* Closes the channels that are still open; the process must then end by itself with this status. */
static void assert_ends(struct process *p, int want_status)
{
        for (int i = 0; i < CHANNELS; i++)
                gw_close_fd(&p->channel[i]);
        int status = -1;
        for (int waited_ms = 0; waitpid(p->pid, &status, WNOHANG) == 0; waited_ms += 5) {
                if (waited_ms > 5000) {
                        kill(p->pid, SIGKILL);
                        fail_msg("the signer process outlives its channels");
                }
                usleep(5000);
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), want_status);
}

GW_DEFINE_AUTO(signer, struct signer, signer_detach)

static struct signer *attach(struct process *p, int channel)
{
        struct signer *signer = NULL;
        struct why why = WHY_INIT;
        if (signer_attach(p->channel[channel], TIMEOUT_MS, &signer, &why) != GW_OK)
                fail_msg("%s", why.detail);
        p->channel[channel] = -1;
        return signer;
}

/* With the key in the certificate, by OpenSSL. */
static bool verifies(const struct signing_key *key, struct span digest, struct span value)
{
        auto_buf struct buf der = BUF_INIT;
        assert_true(text_unbase64(&der, span_str(key->certificate_base64)));
        const unsigned char *p = der.p;
        X509 *certificate = d2i_X509(NULL, &p, (long)der.n);
        assert_non_null(certificate);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);
        assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
        unsigned char *ecdsa = NULL;
        if (key->algorithm == SIGN_RSA_SHA256) {
                assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
        } else {
                int half = (int)value.n / 2;
                assert_int_equal(half, digest.n);
                ECDSA_SIG *sig = ECDSA_SIG_new();
                ECDSA_SIG_set0(sig, BN_bin2bn(value.p, half, NULL), BN_bin2bn(value.p + half, half, NULL));
                value = span_of(NULL, (size_t)i2d_ECDSA_SIG(sig, &ecdsa));
                value.p = ecdsa;
                ECDSA_SIG_free(sig);
        }
        bool ok = EVP_PKEY_verify(ctx, value.p, value.n, digest.p, digest.n) == 1;
        OPENSSL_free(ecdsa);
        EVP_PKEY_CTX_free(ctx);
        X509_free(certificate);
        return ok;
}

static void assert_signs(struct signer *signer, const char *id, int rounds)
{
        const struct signing_key *key = signer_key(signer, id);
        assert_non_null(key);
        for (int i = 0; i < rounds; i++) {
                uint8_t digest[64];
                size_t n = sign_digest(key->algorithm, span_of(&i, sizeof i), digest);
                auto_buf struct buf value = BUF_INIT;
                struct why why = WHY_INIT;
                assert_reason(id, key->sign(key->ctx, span_of(digest, n), &value, &why), &why, GW_OK, REASON_NONE);
                assert_true(verifies(key, span_of(digest, n), buf_span(&value)));
                digest[0] ^= 1;
                assert_false(verifies(key, span_of(digest, n), buf_span(&value)));
        }
}

static void keys_are_listed_and_sign(void **state)
{
        (void)state;
        struct process p = start();
        gw_auto(signer) struct signer *signer = attach(&p, 0);
        uint64_t want = 0;
        for (size_t i = 0; i < GW_COUNT(good_keys); i++) {
                gw_auto(local_key) struct signing_key *local = pki_key(good_keys[i].name);
                const struct signing_key *key = signer_key(signer, good_keys[i].id);
                assert_non_null(key);
                assert_int_equal(key->algorithm, local->algorithm);
                assert_string_equal(key->certificate_base64, local->certificate_base64);
                assert_signs(signer, good_keys[i].id, 20); /* 20: r or s with a leading zero byte is likely to be among 60 */
                want += 20;
        }
        assert_int_equal(signer_count(signer), want);
        assert_null(signer_key(signer, "tls"));
        assert_null(signer_key(signer, ""));
        const struct signing_key *key = signer_key(signer, "system");
        auto_buf struct buf value = BUF_INIT;
        struct why why = WHY_INIT;
        assert_reason("wrong digest", key->sign(key->ctx, span_str("too short"), &value, &why), &why, GW_FAULT, REASON_INTERNAL);
        assert_signs(signer, "system", 1);
        signer_detach(gw_take(&signer));
        assert_ends(&p, 0);
}

/* ---- hostile workers ---- */

static void send_raw(int fd, const void *bytes, size_t n)
{
        assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Bytes of one answer; 0 when the channel was closed. */
static size_t receive_raw(int fd, uint8_t *out, size_t size)
{
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&pfd, 1, TIMEOUT_MS), 1);
        ssize_t n = recv(fd, out, size, 0);
        return n > 0 ? (size_t)n : 0;
}

#define HEAD(length, verb) length, 0, 0, 0, 7, 0, 0, 0, verb
#define FRAME(...) {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
enum { CLOSED = -1, COUNT_ONLY = -2 };
static const struct {
        const char *name;
        uint8_t bytes[80];
        size_t n;
        int want; /* CLOSED, COUNT_ONLY, or the code in the error frame */
} hostile_frames[] = {
        {"length 0", FRAME(0, 0, 0, 0), CLOSED},
        {"length without a verb", FRAME(4, 0, 0, 0, 7, 0, 0, 0), CLOSED},
        {"one byte over the limit", FRAME(0xfd, 0x0f, 0, 0, 7, 0, 0, 0, 2), CLOSED},
        {"4 GiB", FRAME(0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0, 2), CLOSED},
        {"unknown verb 0", FRAME(HEAD(5, 0)), CLOSED},
        {"unknown verb 3", FRAME(HEAD(6, 3), 0), CLOSED},
        {"answer as question", FRAME(HEAD(6, 0x81), 0), CLOSED},
        {"sign nothing", FRAME(HEAD(5, 2)), CLOSED},
        {"id past the end", FRAME(HEAD(8, 2), 6, 's', 'y'), CLOSED},
        {"list without index", FRAME(HEAD(5, 1)), CLOSED},
        {"list with two indexes", FRAME(HEAD(7, 1), 0, 0), CLOSED},
        {"list past the end", FRAME(HEAD(6, 1), 200), COUNT_ONLY},
        {"empty id", FRAME(HEAD(6, 2), 0), 1},
        {"unknown id", FRAME(HEAD(9, 2), 3, 't', 'l', 's'), 1},
        {"prefix of an id", FRAME(HEAD(11, 2), 5, 's', 'y', 's', 't', 'e'), 1},
        {"no digest", FRAME(HEAD(12, 2), 6, 's', 'y', 's', 't', 'e', 'm'), 2},
        {"digest of one byte", FRAME(HEAD(13, 2), 6, 's', 'y', 's', 't', 'e', 'm', 0), 2},
        {"digest of 33 bytes",
         FRAME(HEAD(45, 2), 6, 's', 'y', 's', 't', 'e', 'm', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
               23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33),
         2},
};

static void hostile_frames_are_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < GW_COUNT(hostile_frames); i++) {
                struct process p = start();
                uint8_t answer[4096];
                send_raw(p.channel[0], hostile_frames[i].bytes, hostile_frames[i].n);
                size_t n = receive_raw(p.channel[0], answer, sizeof answer);
                bool good = hostile_frames[i].want == CLOSED ? n == 0
                            : hostile_frames[i].want == COUNT_ONLY
                                    ? n == 10 && answer[8] == 0x81 && answer[9] == GW_COUNT(good_keys)
                                    : n == 10 && answer[8] == 0xff && answer[9] == hostile_frames[i].want && answer[4] == 7;
                if (!good)
                        fail_msg("%s: got %zu bytes, verb %d, code %d", hostile_frames[i].name, n, n > 8 ? answer[8] : 0,
                                 n > 9 ? answer[9] : 0);
                gw_auto(signer) struct signer *other = attach(&p, 1); /* the others never notice */
                assert_signs(other, "head", 1);
                signer_detach(gw_take(&other));
                assert_ends(&p, 0);
        }
}

/* Whole, in pieces, several at once, and half of one before the worker dies. */
static void frames_come_in_any_pieces(void **state)
{
        (void)state;
        struct process p = start();
        static const uint8_t list[] = {HEAD(6, 1), 200};
        uint8_t many[sizeof list * 5], answer[4096];
        for (size_t i = 0; i < 5; i++)
                memcpy(many + i * sizeof list, list, sizeof list);
        for (size_t i = 0; i < sizeof list; i++) {
                send_raw(p.channel[0], list + i, 1);
                usleep(500);
        }
        assert_int_equal(receive_raw(p.channel[0], answer, sizeof answer), 10);
        send_raw(p.channel[0], many, sizeof many);
        for (size_t got = 0; got < 50;)
                got += receive_raw(p.channel[0], answer, sizeof answer);
        send_raw(p.channel[0], list, 6);
        gw_close_fd(&p.channel[0]);
        gw_auto(signer) struct signer *other = attach(&p, 2);
        assert_signs(other, "system", 1);
        kill(p.pid, SIGTERM); /* while channels are open it stays: the worker is still finishing */
        kill(p.pid, SIGINT);
        assert_signs(other, "wide", 1);
        signer_detach(gw_take(&other));
        assert_ends(&p, 0);
}

/* MCL_FUTURE once made malloc() fail inside a signature when RLIMIT_MEMLOCK was the usual 8 MiB. */
static void a_small_memory_lock_limit_breaks_no_signature(void **state)
{
        (void)state;
        tight_memory = true;
        struct process p = start();
        tight_memory = false;
        for (int i = 0; i < CHANNELS; i++) {
                gw_auto(signer) struct signer *signer = attach(&p, i);
                for (size_t k = 0; k < GW_COUNT(good_keys); k++)
                        assert_signs(signer, good_keys[k].id, 5);
        }
        assert_ends(&p, 0);
}

static void no_core_of_the_signer(void **state)
{
        (void)state;
        struct process p = start();
        auto_str char *path = xasprintf("/proc/%d/limits", (int)p.pid);
        auto_buf struct buf limits = BUF_INIT;
        if (text_read_file(path, &limits)) {
                const char *line = strstr(buf_cstr(&limits), "Max core file size");
                assert_non_null(line);
                char soft[32] = "", hard[32] = "";
                assert_int_equal(sscanf(line, "Max core file size %31s %31s", soft, hard), 2);
                assert_string_equal(soft, "0");
                assert_string_equal(hard, "0");
        }
        assert_ends(&p, 0);
}

/* ---- starts that are refused ---- */

static void bad_keys_stop_the_start(void **state)
{
        (void)state;
        auto_str char *good = pki_path("keys", "system-gateway", ".key"), *certificate = pki_path("certs", "system-gateway", ".pem");
        auto_str char *weak = pki_path("keys", "bad-weak", ".key"), *weak_certificate = pki_path("certs", "bad-weak", ".pem");
        auto_str char *other = pki_path("certs", "system-portal", ".pem"), *absent = scratch_path("absent");
        auto_buf struct buf key = BUF_INIT;
        assert_true(text_read_file(good, &key));
        auto_str char *group = scratch_write("group.key", buf_span(&key)), *world = scratch_write("world.key", buf_span(&key));
        auto_str char *foreign = scratch_write("foreign.key", buf_span(&key)), *fifo = scratch_path("fifo");
        chmod(group, 0640);
        chmod(world, 0604);
        chmod(foreign, 0600);
        bool is_root = chown(foreign, 12345, 12345) == 0;
        assert_int_equal(mkfifo(fifo, 0600), 0);
        const struct {
                const char *key, *certificate, *want;
        } cases[] = {
                {group, certificate, "group or others"},
                {world, certificate, "group or others"},
                {good, other, "does not belong"},
                {absent, certificate, "cannot be opened"},
                {weak, weak_certificate, "shorter than 2048"},
                {fifo, certificate, "not a regular file"},
                {certificate, certificate, ""},
                {is_root ? foreign : absent, certificate, is_root ? "another user" : "cannot be opened"},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                struct signer_key_conf keys[] = {{.id = "first", .key_path = good, .certificate_path = certificate},
                                                 {.id = "second", .key_path = cases[i].key, .certificate_path = cases[i].certificate}};
                struct process p = start_with(keys, 2);
                size_t n = strlen(p.ready);
                if (n < 2 || p.ready[n - 1] != '\n' || !strstr(p.ready, cases[i].want))
                        fail_msg("want a line with '%s', got '%s'", cases[i].want, p.ready);
                assert_ends(&p, 1);
        }
}

/* ---- the client against a bad signer process: the test plays the process ---- */

struct fake {
        int fd;
        pid_t pid;
};

/* usable, no successor, valid from 1970 until far */
#define FACTS 1, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0
#define KEY_LIST_ANSWER HEAD(29, 0x81), 1, 1, FACTS, 1, 'k', 0x30, 0x00

/* The child answers each question in turn with the bytes given, with the question's sequence number plus `shift`. */
static struct fake play(const uint8_t answers[][80], const size_t sizes[], const int shifts[], size_t count)
{
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        struct fake fake = {.fd = pair[0], .pid = fork()};
        if (fake.pid == 0) {
                close(pair[0]);
                for (size_t i = 0; i < count; i++) {
                        uint8_t question[4096], answer[80];
                        if (recv(pair[1], question, sizeof question, 0) <= 0)
                                _exit(0);
                        if (sizes[i] == 0)
                                break;
                        memcpy(answer, answers[i], sizes[i]);
                        if (sizes[i] > 8)
                                answer[4] = (uint8_t)(question[4] + shifts[i]), answer[5] = answer[6] = answer[7] = 0;
                        gw_ignore(send(pair[1], answer, sizes[i], MSG_NOSIGNAL) < 0);
                }
                if (sizes[count - 1] != 0) { /* hold the channel open until the client leaves */
                        uint8_t rest[64];
                        while (recv(pair[1], rest, sizeof rest, 0) > 0)
                                ;
                }
                _exit(0);
        }
        close(pair[1]);
        return fake;
}

static void a_bad_signer_process_is_unavailable(void **state)
{
        (void)state;
        static const uint8_t list[] = {KEY_LIST_ANSWER};
        static const struct {
                const char *name;
                uint8_t bytes[80];
                size_t n;
                int shift;
                enum gw_rc want;
                int want_reason;
                bool dead; /* the channel is given up at once */
        } cases[] = {
                {"silence", FRAME(0), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, false},
                {"closed", {0}, 0, 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, true},
                {"another sequence number", FRAME(HEAD(6, 0x82), 1), 5, GW_RETRY, REASON_SIGNER_UNAVAILABLE, false},
                {"half an answer", FRAME(HEAD(69, 0x82), 1), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, false},
                {"broken length", FRAME(HEAD(2, 0x82), 1), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, true},
                {"wrong verb", FRAME(HEAD(6, 0x81), 1), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, true},
                {"signature too short", FRAME(HEAD(6, 0x82), 1), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, true},
                {"empty signature", FRAME(HEAD(5, 0x82)), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, true},
                {"error frame", FRAME(HEAD(6, 0xff), 1), 0, GW_FAULT, REASON_INTERNAL, false},
                {"not its time", FRAME(HEAD(6, 0xff), 4), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, false},
                {"token away", FRAME(HEAD(6, 0xff), 5), 0, GW_RETRY, REASON_SIGNER_UNAVAILABLE, false},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                uint8_t answers[2][80] = {{0}};
                memcpy(answers[0], list, sizeof list);
                memcpy(answers[1], cases[i].bytes, sizeof cases[i].bytes);
                size_t sizes[2] = {sizeof list, cases[i].n};
                int shifts[2] = {0, cases[i].shift};
                struct fake fake = play((const uint8_t(*)[80])answers, sizes, shifts, 2);
                gw_auto(signer) struct signer *signer = NULL;
                struct why why = WHY_INIT;
                assert_reason(cases[i].name, signer_attach(fake.fd, 150, &signer, &why), &why, GW_OK, REASON_NONE);
                const struct signing_key *key = signer_key(signer, "k");
                assert_non_null(key);
                uint8_t digest[32] = {0};
                auto_buf struct buf value = BUF_INIT;
                double before = (double)clock();
                assert_reason(cases[i].name, key->sign(key->ctx, span_of(digest, 32), &value, &why), &why, cases[i].want,
                              cases[i].want_reason);
                assert_true(((double)clock() - before) / CLOCKS_PER_SEC < 0.1); /* waits, does not spin */
                assert_int_equal(value.n, 0);
                assert_int_equal(signer_count(signer), 0);
                if (cases[i].dead) {
                        assert_reason(cases[i].name, key->sign(key->ctx, span_of(digest, 32), &value, &why), &why, GW_RETRY,
                                      REASON_SIGNER_UNAVAILABLE);
                        assert_non_null(strstr(why.detail, "closed"));
                }
                signer_detach(gw_take(&signer));
                assert_int_equal(waitpid(fake.pid, NULL, 0), fake.pid);
        }
}

static void a_bad_list_stops_the_attach(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                uint8_t bytes[80];
                size_t n;
        } cases[] = {
                {"no count", FRAME(HEAD(5, 0x81))},
                {"too many keys", FRAME(HEAD(29, 0x81), 65, 1, FACTS, 1, 'k', 0x30, 0)},
                {"unknown algorithm", FRAME(HEAD(29, 0x81), 1, 4, FACTS, 1, 'k', 0x30, 0)},
                {"id past the end", FRAME(HEAD(29, 0x81), 1, 1, FACTS, 9, 'k', 0x30, 0)},
                {"no certificate", FRAME(HEAD(27, 0x81), 1, 1, FACTS, 1, 'k')},
                {"no dates", FRAME(HEAD(11, 0x81), 1, 1, 1, 'k', 0x30, 0)},
        };
        for (size_t i = 0; i < GW_COUNT(cases); i++) {
                uint8_t answers[1][80];
                memcpy(answers[0], cases[i].bytes, 80);
                struct fake fake = play((const uint8_t(*)[80])answers, &cases[i].n, (const int[]){0}, 1);
                struct signer *signer = NULL;
                struct why why = WHY_INIT;
                assert_reason(cases[i].name, signer_attach(fake.fd, 150, &signer, &why), &why, GW_RETRY, REASON_SIGNER_UNAVAILABLE);
                assert_null(signer);
                assert_int_equal(waitpid(fake.pid, NULL, 0), fake.pid);
        }
}

static void a_late_answer_is_dropped(void **state)
{
        (void)state;
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        static const uint8_t list[] = {KEY_LIST_ANSWER};
        send_raw(pair[1], list, sizeof list); /* sequence 7: not the one asked for, dropped */
        uint8_t first[sizeof list];
        memcpy(first, list, sizeof list);
        first[4] = 1; /* the first question's number */
        send_raw(pair[1], first, sizeof first);
        gw_auto(signer) struct signer *signer = NULL;
        struct why why = WHY_INIT;
        assert_int_equal(signer_attach(pair[0], 50, &signer, &why), GW_OK);
        const struct signing_key *key = signer_key(signer, "k");
        uint8_t digest[32] = {0}, late[73] = {HEAD(69, 0x82), 'l'}, timely[73] = {HEAD(69, 0x82), 't'};
        auto_buf struct buf value = BUF_INIT;
        assert_reason("no answer", key->sign(key->ctx, span_of(digest, 32), &value, &why), &why, GW_RETRY, REASON_SIGNER_UNAVAILABLE);
        late[4] = 2;
        timely[4] = 3;
        send_raw(pair[1], late, sizeof late);
        send_raw(pair[1], timely, sizeof timely);
        assert_int_equal(key->sign(key->ctx, span_of(digest, 32), &value, &why), GW_OK);
        assert_int_equal(value.n, 64);
        assert_int_equal(value.p[0], 't');
        close(pair[1]);
}

/* ---- how long ---- */

static double round_us(const struct signing_key *key, int rounds)
{
        uint8_t digest[64] = {1};
        size_t n = sign_digest(key->algorithm, span_str("x"), digest);
        auto_buf struct buf value = BUF_INIT;
        struct why why = WHY_INIT;
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < rounds; i++)
                assert_int_equal(key->sign(key->ctx, span_of(digest, n), &value, &why), GW_OK);
        clock_gettime(CLOCK_MONOTONIC, &b);
        return ((double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3) / rounds;
}

static void measured(void **state)
{
        (void)state;
        struct process p = start();
        gw_auto(signer) struct signer *signer = attach(&p, 0);
        for (size_t i = 0; i < GW_COUNT(good_keys); i++) {
                gw_auto(local_key) struct signing_key *local = pki_key(good_keys[i].name);
                gw_ignore(round_us(signer_key(signer, good_keys[i].id), 20) < 0); /* warm */
                double there = round_us(signer_key(signer, good_keys[i].id), 300), here = round_us(local, 300);
                print_message("%s: round trip %.0f us, in this process %.0f us\n", good_keys[i].name, there, here);
        }
        signer_detach(gw_take(&signer));
        assert_ends(&p, 0);
}

int main(void)
{
        log_open("test_signer", LOG_ERROR);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys_are_listed_and_sign),
                cmocka_unit_test(hostile_frames_are_refused),
                cmocka_unit_test(frames_come_in_any_pieces),
                cmocka_unit_test(a_small_memory_lock_limit_breaks_no_signature),
                cmocka_unit_test(no_core_of_the_signer),
                cmocka_unit_test(bad_keys_stop_the_start),
                cmocka_unit_test(a_bad_signer_process_is_unavailable),
                cmocka_unit_test(a_bad_list_stops_the_attach),
                cmocka_unit_test(a_late_answer_is_dropped),
                cmocka_unit_test(measured),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
