/* TLS contexts, and a TLS key whose signatures come from a struct signing_key.
 *
 * OpenSSL 3.0 offers two ways to keep a private key elsewhere: a whole provider, or the older EC_KEY_METHOD with one callback.
 * We take the callback (deprecated, hence the define, in this file only); a provider would be some 600 lines of tables. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <pthread.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "gateway/accept/tls.h"
#include "gateway/reason.h"

enum { SESSION_SECONDS = 3600, CLIENT_CHAIN_DEPTH_MAX = 5 };

GW_DEFINE_AUTO(ssl_ctx, SSL_CTX, SSL_CTX_free)
GW_DEFINE_AUTO(ec_key, EC_KEY, EC_KEY_free)
GW_DEFINE_AUTO(evp_pkey, EVP_PKEY, EVP_PKEY_free)
GW_DEFINE_AUTO(ecdsa_sig, ECDSA_SIG, ECDSA_SIG_free)

static __thread const struct signing_key *thread_key;

void tls_set_thread_key(const struct signing_key *key)
{
        thread_key = key;
}

static enum gw_rc ssl_why(struct why *why, const char *what)
{
        char text[120] = "";
        unsigned long error = ERR_peek_last_error();
        if (error)
                ERR_error_string_n(error, text, sizeof(text));
        ERR_clear_error();
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%.90s: %s", what, *text ? text : "not usable");
}

static bool algorithm_of_curve(const EC_KEY *key, enum sign_algorithm *ret_algorithm)
{
        int curve = EC_GROUP_get_curve_name(EC_KEY_get0_group(key));
        if (curve != NID_X9_62_prime256v1 && curve != NID_secp384r1)
                return false;
        *ret_algorithm = curve == NID_secp384r1 ? SIGN_ECDSA_P384_SHA384 : SIGN_ECDSA_P256_SHA256;
        return true;
}

/* r||s of fixed length (what signing_key gives) to the structure OpenSSL writes as DER. */
static ECDSA_SIG *signature_of_raw(struct span raw)
{
        gw_auto(ecdsa_sig) ECDSA_SIG *sig = ECDSA_SIG_new();
        BIGNUM *r = BN_bin2bn(raw.p, (int)(raw.n / 2), NULL);
        BIGNUM *s = BN_bin2bn(raw.p + raw.n / 2, (int)(raw.n / 2), NULL);
        if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
                BN_free(r);
                BN_free(s);
                return NULL;
        }
        return gw_take(&sig);
}

/* Called by libssl in the middle of a handshake. NULL fails that handshake and nothing else. */
static ECDSA_SIG *sign_by_thread_key(const unsigned char *digest, int digest_n, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key)
{
        (void)kinv, (void)r;
        enum sign_algorithm algorithm;
        if (!thread_key || !algorithm_of_curve(key, &algorithm) || thread_key->algorithm != algorithm)
                return NULL;
        int want_n = algorithm == SIGN_ECDSA_P384_SHA384 ? 48 : 32;
        if (digest_n != want_n)
                return NULL;
        auto_buf struct buf raw = BUF_INIT;
        struct why why = WHY_INIT;
        if (thread_key->sign(thread_key->ctx, span_of(digest, (size_t)digest_n), &raw, &why) != GW_OK || raw.n != 2 * (size_t)want_n)
                return NULL;
        return signature_of_raw(buf_span(&raw));
}

static EC_KEY_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
        method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
        GW_ASSERT(method);
        int (*sign)(int, const unsigned char *, int, unsigned char *, unsigned int *, const BIGNUM *, const BIGNUM *, EC_KEY *);
        EC_KEY_METHOD_get_sign(method, &sign, NULL, NULL);
        EC_KEY_METHOD_set_sign(method, sign, NULL, sign_by_thread_key);
}

/* The certificate's public key, dressed as a private one that asks the thread's key. */
static EVP_PKEY *remote_key_of(X509 *certificate, enum sign_algorithm *ret_algorithm)
{
        const EC_KEY *public = EVP_PKEY_get0_EC_KEY(X509_get0_pubkey(certificate));
        if (!public || !algorithm_of_curve(public, ret_algorithm))
                return NULL;
        pthread_once(&method_once, make_method);
        gw_auto(ec_key) EC_KEY *key = EC_KEY_new();
        gw_auto(evp_pkey) EVP_PKEY *pkey = EVP_PKEY_new();
        if (!key || !pkey || EC_KEY_set_method(key, method) != 1 || EC_KEY_set_group(key, EC_KEY_get0_group(public)) != 1 ||
            EC_KEY_set_public_key(key, EC_KEY_get0_public_key(public)) != 1 || EVP_PKEY_set1_EC_KEY(pkey, key) != 1)
                return NULL;
        return gw_take(&pkey);
}

/* The signature schemes an EC key can take part in: only its own, because signing_key's digest follows from its algorithm. */
static const char *scheme_of(enum sign_algorithm algorithm)
{
        return algorithm == SIGN_ECDSA_P384_SHA384 ? "ecdsa_secp384r1_sha384" : "ecdsa_secp256r1_sha256";
}

static enum gw_rc use_thread_key(SSL_CTX *ctx, const char *chain_path, enum sign_algorithm *ret_algorithm, struct why *why)
{
        if (SSL_CTX_use_certificate_chain_file(ctx, chain_path) != 1)
                return ssl_why(why, chain_path);
        gw_auto(evp_pkey) EVP_PKEY *key = remote_key_of(SSL_CTX_get0_certificate(ctx), ret_algorithm);
        if (!key)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%.120s: the TLS key must be EC, P-256 or P-384", chain_path);
        if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
                return ssl_why(why, chain_path);
        return GW_OK;
}

/* OpenSSL's macros cast const away. */
static bool set_schemes(SSL_CTX *ctx, int command, const char *list)
{
        auto_str char *copy = xstrdup(list);
        return SSL_CTX_ctrl(ctx, command, 0, copy) == 1;
}

static int select_http_1_1(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned in_n, void *arg)
{
        static const unsigned char ours[] = "\x08http/1.1";
        unsigned char *chosen = NULL;
        (void)ssl, (void)arg;
        if (SSL_select_next_proto(&chosen, out_n, ours, sizeof(ours) - 1, in, in_n) != OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_ALERT_FATAL; /* a peer that speaks only h2 learns it here */
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
}

static void set_protocol(SSL_CTX *ctx)
{
        GW_ASSERT(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
        GW_ASSERT(SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1); /* TLS 1.2; 1.3 has only AEAD */
        /* A cut stream is told by HTTP's own framing; peers that close TCP without close_notify are many. */
        SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_read_ahead(ctx, 1); /* one read per record, not two */
        SSL_CTX_set_alpn_select_cb(ctx, select_http_1_1, NULL);
}

/* Tickets only: sealed with the context's keys, so that every loop of the process resumes what another one began. */
static void set_sessions(SSL_CTX *ctx)
{
        static const unsigned char id[] = "egov-gateway";
        GW_ASSERT(SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
        SSL_CTX_set_num_tickets(ctx, 1);
}

static enum gw_rc set_clients(SSL_CTX *ctx, enum tls_client_certificates clients, const char *ca_path, struct why *why)
{
        if (clients == TLS_CLIENTS_OFF)
                return GW_OK;
        if (!ca_path)
                return why_set(why, GW_FAULT, REASON_CONFIGURATION, "client certificates are asked for, but no CA for them is given");
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca_path);
        if (!names || SSL_CTX_load_verify_file(ctx, ca_path) != 1) {
                sk_X509_NAME_pop_free(names, X509_NAME_free);
                return ssl_why(why, ca_path);
        }
        SSL_CTX_set_client_CA_list(ctx, names);
        /* OPTIONAL: no certificate is fine, a bad one is not. */
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (clients == TLS_CLIENTS_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
        SSL_CTX_set_verify_depth(ctx, CLIENT_CHAIN_DEPTH_MAX);
        /* What clients may sign with, whatever our own key is. */
        static const char schemes[] = "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
                                      "rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
        GW_ASSERT(set_schemes(ctx, SSL_CTRL_SET_CLIENT_SIGALGS_LIST, schemes));
        return GW_OK;
}

static enum gw_rc new_context(enum tls_client_certificates clients, const char *client_ca_path, SSL_CTX **ret_ctx, struct why *why)
{
        gw_auto(ssl_ctx) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        if (!ctx)
                return ssl_why(why, "TLS context");
        set_protocol(ctx);
        set_sessions(ctx);
        enum gw_rc rc = set_clients(ctx, clients, client_ca_path, why);
        if (rc == GW_OK)
                *ret_ctx = gw_take(&ctx);
        return rc;
}

enum gw_rc tls_server_context(const char *certificate_chain_path, enum tls_client_certificates clients, const char *client_ca_path,
                              SSL_CTX **ret_ctx, struct why *why)
{
        gw_auto(ssl_ctx) SSL_CTX *ctx = NULL;
        enum sign_algorithm algorithm = SIGN_ECDSA_P256_SHA256;
        enum gw_rc rc = new_context(clients, client_ca_path, &ctx, why);
        if (rc == GW_OK)
                rc = use_thread_key(ctx, certificate_chain_path, &algorithm, why);
        if (rc != GW_OK)
                return rc;
        if (!set_schemes(ctx, SSL_CTRL_SET_SIGALGS_LIST, scheme_of(algorithm)))
                return ssl_why(why, "signature schemes");
        *ret_ctx = gw_take(&ctx);
        return GW_OK;
}

enum gw_rc tls_server_context_local(const char *certificate_chain_path, const char *key_path, enum tls_client_certificates clients,
                                    const char *client_ca_path, SSL_CTX **ret_ctx, struct why *why)
{
        gw_auto(ssl_ctx) SSL_CTX *ctx = NULL;
        enum gw_rc rc = new_context(clients, client_ca_path, &ctx, why);
        if (rc != GW_OK)
                return rc;
        if (SSL_CTX_use_certificate_chain_file(ctx, certificate_chain_path) != 1)
                return ssl_why(why, certificate_chain_path);
        if (SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
                return ssl_why(why, key_path);
        *ret_ctx = gw_take(&ctx);
        return GW_OK;
}

int tls_client_hook(void *certificate_chain_path, void *ssl_ctx)
{
        SSL_CTX *ctx = ssl_ctx;
        struct why why = WHY_INIT;
        enum sign_algorithm algorithm = SIGN_ECDSA_P256_SHA256;
        if (use_thread_key(ctx, certificate_chain_path, &algorithm, &why) != GW_OK)
                return 0;
        /* On a client this list is what it signs with; what servers may sign with is left as it is. */
        return set_schemes(ctx, SSL_CTRL_SET_CLIENT_SIGALGS_LIST, scheme_of(algorithm));
}
