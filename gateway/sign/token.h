/* Private keys in a PKCS#11 token (v2.40), named by a URI (RFC 7512): the key never leaves the token. For gateway/sign only.
 *
 * A token that is away (removed, session lost) is asked for again with a growing pause; until then signatures are "not now". A PIN that the
 * token refused is never tried again by this process, and not at all at a token that says it has seen a wrong one (its count would run out). */
#ifndef GW_SIGN_TOKEN_H
#define GW_SIGN_TOKEN_H

#include <openssl/x509.h>

#include "gateway/sign/signing_key.h"

#define TOKEN_URI_PREFIX "pkcs11:"

struct token_key;

/* Reads the URI; opens nothing. pin: its bytes are copied to the secure heap; NULL: the token wants none. A URI that carries a PIN or a module
 * itself is refused: those are settings of their own. GW_REJECT. */
GW_MUST_CHECK enum gw_rc token_key_new(const char *uri, const char *module_path, const char *pin, struct token_key **ret_key, struct why *why);
void token_key_free(struct token_key *key);
GW_DEFINE_AUTO(token_key, struct token_key, token_key_free)

/* Loads the module, logs in, finds the key. *ret_certificate: the certificate object with the key's CKA_ID, or NULL. *ret_pin_refused: it is the
 * PIN. GW_FAULT + CONFIGURATION. */
GW_MUST_CHECK enum gw_rc token_key_open(struct token_key *key, X509 **ret_certificate, bool *ret_pin_refused, struct why *why);

/* Appends the raw XML-DSig value. GW_RETRY: the token is away. Any thread; one at a time is served. */
GW_MUST_CHECK enum gw_rc token_key_sign(struct token_key *key, enum sign_algorithm algorithm, struct span digest, struct buf *out, struct why *why);
/* Is it there (or is it back)? Takes part in the pauses. */
bool token_key_usable(struct token_key *key);

#endif
