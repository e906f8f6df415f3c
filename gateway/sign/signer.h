/* The signer: a process that holds the private keys and knows two verbs, sign(key id, digest) and list.
 *
 * Supervisor side: signer_process_main() runs in the signer process until its channels close. Worker side: one struct signer
 * per thread, over one socketpair each; calls block for the time of one signature (about 0.25 ms for RSA-2048) and at most
 * timeout_ms. Protocol: fixed little-endian frames {u32 length, u32 sequence, u8 verb, …}; an answer with another sequence
 * number is dropped; a frame over 4 KiB ends the channel. */
#ifndef GW_SIGN_SIGNER_H
#define GW_SIGN_SIGNER_H

#include <sys/types.h>

#include "gateway/base/clock.h"
#include "gateway/sign/signing_key.h"

struct signer_key_conf {
        const char *id;               /* "system", "head", "tls" … */
        const char *key_path;         /* PEM or PKCS#12, mode 0600 or 0400 enforced: group/other bits refuse the start; or pkcs11:… (RFC 7512) */
        const char *certificate_path; /* PEM; first certificate is the key's own. NULL: in the PKCS#12, or in the token by the key's id */
        const char *password_path;    /* its first line; the same modes. NULL: none */
        const char *pin_path;         /* of a token; the same */
        const char *module_path;      /* of a token: the PKCS#11 library */
        const char *successor;        /* id of the key that takes over, or NULL */
        struct wall_time from;        /* not used before; 0: as soon as its certificate is valid */
};

struct signer_options {
        const struct signer_key_conf *keys;
        size_t key_count;
        const int *channels;
        size_t channel_count;
        int ready_fd;
        const char *account;          /* root becomes that one once key files are read; NULL: stays who it is */
};
/* Never returns normally: exit status for the process. Disables core dumps and tracing, loads the keys into locked memory, gives up its
 * account and the system calls it does not need (gateway/sandbox), writes one byte 'R' to ready_fd (or one line of error text and exits 1),
 * serving each channel on a thread of its own.
 * SIGINT, SIGTERM, SIGHUP and SIGPIPE are ignored: it ends (status 0) when the last channel is closed, so the worker can finish what is
 * in flight. Channels are stream sockets; nobody else may keep a copy of their other ends open. */
int signer_process_main(const struct signer_options *options);
/* Its exit status when a token refused the PIN: starting again would use the token's attempts up (SUPERVISOR_EXIT_PIN). */
#define SIGNER_EXIT_PIN 3

/* Loads and tries one key as the signer process would (owner: signer_user's, when root asks). *ret_until: when its certificate ends. */
GW_MUST_CHECK enum gw_rc signer_key_check(const struct signer_key_conf *conf, uid_t owner, struct wall_time *ret_until, struct why *why);

struct signer;
/* Takes over fd. Asks for the list at once. */
GW_MUST_CHECK enum gw_rc signer_attach(int fd, int timeout_ms, struct signer **ret_signer, struct why *why);
void signer_detach(struct signer *signer);
/* The key of that id or, of it and its successors, the newest that is current (from ≤ now < until). Borrowed, valid as long as the signer; NULL
 * when there is no key of that id. Its sign() goes to the signer process, which refuses a key that is not current: SIGNER_UNAVAILABLE. */
const struct signing_key *signer_key(struct signer *signer, const char *id);
/* Every key with its dates, for metrics and warnings; `uses`: signatures made over this channel. False past the end. Any thread. */
struct signer_key_facts {
        const char *id;
        const char *certificate_base64; /* as in struct signing_key */
        struct wall_time from, until;
        uint64_t uses;
};
bool signer_key_facts(const struct signer *signer, size_t index, struct signer_key_facts *ret_facts);
/* Could every key (or a successor) sign now? Asks the signer, and through it the tokens. *ret_id: borrowed, one that could not. */
bool signer_ready(struct signer *signer, const char **ret_id);
/* How many signatures this channel has made (for `make bench`). */
uint64_t signer_count(const struct signer *signer);

#endif
