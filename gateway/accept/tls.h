/* TLS contexts of the listeners: TLS 1.2 and 1.3, AEAD suites, no renegotiation, no compression, tickets on.
 *
 * The worker holds no private key: the TLS key is EC (P-256/P-384) and its signatures are asked from a struct signing_key
 * (EC_KEY_METHOD), whose ctx is per thread: tls_set_thread_key() is called once by each loop's thread. */
#ifndef GW_ACCEPT_TLS_H
#define GW_ACCEPT_TLS_H

#include <openssl/ssl.h>

#include "gateway/sign/signing_key.h"

enum tls_client_certificates { TLS_CLIENTS_OFF, TLS_CLIENTS_OPTIONAL, TLS_CLIENTS_REQUIRED };

/* certificate_chain_path: PEM, leaf first. client_ca_path: PEM of the CAs whose client certificates are accepted (needed unless OFF). */
GW_MUST_CHECK enum gw_rc tls_server_context(const char *certificate_chain_path, enum tls_client_certificates clients,
        const char *client_ca_path, SSL_CTX **ret_ctx, struct why *why);
/* For a process that holds its key itself (simulators, tests). */
GW_MUST_CHECK enum gw_rc tls_server_context_local(const char *certificate_chain_path, const char *key_path,
        enum tls_client_certificates clients, const char *client_ca_path, SSL_CTX **ret_ctx, struct why *why);
/* The key that signs handshakes made by this thread; borrowed; must match the certificate of tls_server_context(). */
void tls_set_thread_key(const struct signing_key *key);
/* Client side: puts certificate and thread-signed key into a curl-made SSL_CTX. Returns 1, or 0 on failure. */
int tls_client_hook(void *certificate_chain_path, void *ssl_ctx);

#endif
