/* The signer: a process that holds the private keys and knows two verbs, sign(key id, digest) and list.
 *
 * Supervisor side: signer_process_main() runs in the signer process until its channels close. Worker side: one struct signer
 * per thread, over one socketpair each; calls block for the time of one signature (about 0.25 ms for RSA-2048) and at most
 * timeout_ms. Protocol: fixed little-endian frames {u32 length, u32 sequence, u8 verb, …}; an answer with another sequence
 * number is dropped; a frame over 4 KiB ends the channel. */
#ifndef GW_SIGN_SIGNER_H
#define GW_SIGN_SIGNER_H

#include "gateway/sign/signing_key.h"

struct signer_key_conf {
        const char *id;               /* "system", "head", "tls" … */
        const char *key_path;         /* PEM or PKCS#12, mode 0600 or 0400 enforced: group/other bits refuse the start */
        const char *certificate_path; /* PEM; first certificate is the key's own. NULL: in the PKCS#12 */
        const char *password_path;    /* its first line; the same modes. NULL: none */
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

struct signer;
/* Takes over fd. Asks for the list at once. */
GW_MUST_CHECK enum gw_rc signer_attach(int fd, int timeout_ms, struct signer **ret_signer, struct why *why);
void signer_detach(struct signer *signer);
/* Borrowed, valid as long as the signer; NULL when there is no key of that id. Its sign() goes to the signer process. */
const struct signing_key *signer_key(struct signer *signer, const char *id);
/* How many signatures this channel has made (for `make bench`). */
uint64_t signer_count(const struct signer *signer);

#endif
