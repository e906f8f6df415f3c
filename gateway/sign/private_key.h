/* A private key in this process: what local_key.c and the signer process share. For gateway/sign only. */
#ifndef GW_SIGN_PRIVATE_KEY_H
#define GW_SIGN_PRIVATE_KEY_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "gateway/gost/gost.h"
#include "gateway/sign/signing_key.h"

#define PRIVATE_KEY_SIGNATURE_MAX 1024 /* RSA-8192 */

struct private_key {
        EVP_PKEY *pkey;                /* one of these two */
        struct gost_private_key *gost;
        enum sign_algorithm algorithm;
        uint8_t *certificate; /* DER */
        size_t certificate_size;
};
void private_key_free(struct private_key *key);
GW_DEFINE_AUTO(private_key, struct private_key, private_key_free)
#define auto_private_key gw_auto(private_key)

struct private_key_source {
        const char *key_path;         /* PEM (PKCS#8 or traditional, encrypted or not) or PKCS#12: told apart by the content */
        const char *certificate_path; /* PEM, its first certificate; NULL: the one in the PKCS#12 */
        const char *password_path;    /* the file's first line; NULL: none */
        bool guarded;                 /* for the signer process: key and password files must be nobody else's, RSA at least 2048 bits */
        uid_t owner;                  /* guarded: whose they may be, besides root and the process itself */
};
/* Key and certificate, which must belong together. Local keys (not guarded) may be weak: the replay fixtures sign with one to see it
 * refused. GW_FAULT with REASON_CONFIGURATION; the detail names the file and nothing that is in it. */
GW_MUST_CHECK enum gw_rc private_key_load(const struct private_key_source *source, struct private_key **ret_key, struct why *why);

/* pkcs12.c: the same from the bytes of a container; NULL, or what is wrong. certificate: NULL = the one that is inside. */
GW_MUST_CHECK const char *private_key_from_pkcs12(struct span der, const char *password, X509 *certificate, bool guarded, struct private_key *key);
/* The first line of source->password_path, NUL-terminated in *text (wipe it); NULL when there is no such path. */
GW_MUST_CHECK enum gw_rc private_key_password(const struct private_key_source *source, struct buf *text, char **ret_password, struct why *why);
/* The first certificate of a PEM file. */
GW_MUST_CHECK enum gw_rc private_key_certificate(const char *path, X509 **ret_certificate, struct why *why);
/* Of a key that is elsewhere (a token): algorithm and certificate, by the rules for guarded keys; NULL, or what is wrong. */
GW_MUST_CHECK const char *private_key_public_only(struct private_key *key, X509 *certificate);
/* What all have in common: sets algorithm and certificate when the key in *key belongs to that certificate; else what is wrong. */
GW_MUST_CHECK const char *private_key_complete(struct private_key *key, X509 *certificate, bool guarded);

/* Appends the raw XML-DSig value; false when the library refuses. The digest's length must be the algorithm's. *context belongs to the
 * caller, one thread at a time: NULL at first, made here when the key needs one, kept for the next signature, freed by the caller. */
GW_MUST_CHECK bool private_key_sign(const struct private_key *key, EVP_PKEY_CTX **context, struct span digest, struct buf *out);

/* 32, 48 or 64. */
size_t sign_digest_size(enum sign_algorithm algorithm);

#endif
