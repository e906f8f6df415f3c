/* The keys of the signer process: where each comes from, and when it may be used. For gateway/sign only. */
#ifndef GW_SIGN_KEYRING_H
#define GW_SIGN_KEYRING_H

#include <sys/types.h>

#include "gateway/base/clock.h"
#include "gateway/sign/private_key.h"
#include "gateway/sign/signer.h"
#include "gateway/sign/signer_frame.h"
#include "gateway/sign/token.h"

#define KEYRING_NONE SIGNER_KEYS_MAX

struct held_key {
        const char *id;             /* borrowed from the configuration */
        struct private_key *key;    /* of a token: its algorithm and certificate only */
        struct token_key *token;    /* or NULL */
        struct wall_time from, until; /* from ≤ now < until: the certificate's dates, `from` of the configuration when that is later */
        size_t successor;           /* index, or KEYRING_NONE */
};
struct keyring {
        struct held_key keys[SIGNER_KEYS_MAX];
        size_t count;
};

/* First, with the rights to read secret files (owner: whose they may be, besides root and the process itself). */
GW_MUST_CHECK enum gw_rc keyring_load(struct keyring *ring, const struct signer_key_conf *keys, size_t count, uid_t owner, struct why *why);
/* Then, with the rights to keep: opens the tokens, and lets every key sign once, which its certificate must verify. *ret_pin_refused: the
 * reason why not is a PIN. */
GW_MUST_CHECK enum gw_rc keyring_open(struct keyring *ring, const struct signer_key_conf *keys, bool *ret_pin_refused, struct why *why);
void keyring_done(struct keyring *ring);
bool keyring_has_tokens(const struct keyring *ring);
bool held_key_current(const struct held_key *key, struct wall_time now);

#endif
