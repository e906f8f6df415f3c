/* Loads a private key and makes raw XML-DSig signature values with it. */
#include "gateway/sign/private_key.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"

#define KEY_FILE_MAX ((size_t)64 << 10)
#define RSA_BITS_MIN 2048

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(ecdsa_sig, ECDSA_SIG, ECDSA_SIG_free)

void private_key_free(struct private_key *key)
{
        if (!key)
                return;
        EVP_PKEY_free(key->pkey);
        gost_private_free(key->gost);
        OPENSSL_free(key->certificate);
        free(key);
}

size_t sign_digest_size(enum sign_algorithm algorithm)
{
        switch (algorithm) {
        case SIGN_RSA_SHA256:
        case SIGN_ECDSA_P256_SHA256:
                return 32;
        case SIGN_ECDSA_P384_SHA384:
                return 48;
        case SIGN_GOST2015_512:
                return 64;
        }
        GW_ASSERT(!"sign_algorithm");
}

static enum gw_rc refuse(struct why *why, const char *path, const char *what)
{
        ERR_clear_error();
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "%s: %s", path, what);
}

/* A key that others can read or replace is not a secret any more: refuse rather than warn (as OpenSSH does). */
static const char *mode_problem(const struct stat *st)
{
        if (!S_ISREG(st->st_mode))
                return "is not a regular file";
        if (st->st_mode & (S_IRWXG | S_IRWXO))
                return "can be read or written by group or others; use mode 0600";
        if (st->st_uid != geteuid() && st->st_uid != 0)
                return "belongs to another user";
        return NULL;
}

/* The file is opened once and judged by fstat, so that what was checked is what is read. */
static enum gw_rc read_key_file(const char *path, bool guarded, struct buf *out, struct why *why)
{
        auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (guarded ? O_NONBLOCK : 0));
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0)
                return refuse(why, path, "cannot be opened");
        const char *problem = guarded ? mode_problem(&st) : NULL;
        if (problem)
                return refuse(why, path, problem);
        for (;;) {
                uint8_t *room = buf_room(out, 4096);
                if (!room)
                        return refuse(why, path, "is too large for a key");
                ssize_t n = read(fd, room, 4096);
                if (n < 0)
                        return refuse(why, path, "cannot be read");
                if (n == 0)
                        return GW_OK;
                buf_grew(out, (size_t)n);
        }
}

/* PEM_read would otherwise ask on the terminal. */
static int no_password(char *buf, int size, int writing, void *ctx)
{
        (void)buf, (void)size, (void)writing, (void)ctx;
        return -1;
}

/* OpenSSL opens the armour, but does not know the key within. */
static bool read_gost_key(struct span pem, struct gost_private_key **ret_key)
{
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        char *name = NULL, *header = NULL;
        unsigned char *der = NULL;
        long n = 0;
        if (!bio || PEM_read_bio(bio, &name, &header, &der, &n) != 1)
                return false;
        bool ok = str_eq(name, PEM_STRING_PKCS8INF) && gost_private_read(span_of(der, (size_t)n), ret_key);
        OPENSSL_clear_free(der, (size_t)n);
        OPENSSL_free(name);
        OPENSSL_free(header);
        return ok;
}

static enum gw_rc read_key(const char *path, bool guarded, struct private_key *key, struct why *why)
{
        /* All the room at once: a growing buffer would leave copies of the key in freed memory. */
        __attribute__((cleanup(buf_wipe_done))) struct buf pem = BUF_LIMIT(KEY_FILE_MAX + 4096);
        if (!buf_room(&pem, KEY_FILE_MAX))
                return refuse(why, path, "out of memory");
        enum gw_rc rc = read_key_file(path, guarded, &pem, why);
        if (rc != GW_OK)
                return rc;
        if (read_gost_key(buf_span(&pem), &key->gost))
                return GW_OK;
        ERR_clear_error();
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        key->pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
        return key->pkey ? GW_OK : refuse(why, path, "is not an unencrypted private key in PEM");
}

static enum gw_rc read_certificate(const char *path, X509 **ret_certificate, struct why *why)
{
        auto_buf struct buf pem = BUF_LIMIT(KEY_FILE_MAX);
        if (!text_read_file(path, &pem))
                return refuse(why, path, "cannot be read");
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
        if (!certificate)
                return refuse(why, path, "is not a certificate in PEM");
        *ret_certificate = certificate;
        return GW_OK;
}

/* Only what enum sign_algorithm names; NULL when it is set, else what is wrong. */
static const char *algorithm_of(const EVP_PKEY *pkey, bool guarded, enum sign_algorithm *ret_algorithm)
{
        if (EVP_PKEY_is_a(pkey, "RSA")) {
                if (guarded && EVP_PKEY_get_bits(pkey) < RSA_BITS_MIN)
                        return "RSA key is shorter than 2048 bits";
                if (EVP_PKEY_get_size(pkey) > PRIVATE_KEY_SIGNATURE_MAX)
                        return "RSA key is longer than 8192 bits";
                *ret_algorithm = SIGN_RSA_SHA256;
                return NULL;
        }
        char group[64] = "";
        if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1) {
                bool p256 = str_eq(group, "prime256v1") || str_eq(group, "P-256");
                if (!p256 && !str_eq(group, "secp384r1") && !str_eq(group, "P-384"))
                        return "elliptic curve is neither P-256 nor P-384";
                *ret_algorithm = p256 ? SIGN_ECDSA_P256_SHA256 : SIGN_ECDSA_P384_SHA384;
                return NULL;
        }
        return "key is neither RSA nor ECDSA";
}

static const char *gost_problem(const struct private_key *key, const X509 *certificate)
{
        unsigned char *spki = NULL;
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
        gw_auto(gost_public) struct gost_public_key *key_of_certificate = NULL;
        bool same = n > 0 && gost_public_read(span_of(spki, (size_t)n), &key_of_certificate) &&
                    gost_public_same(key_of_certificate, gost_private_public(key->gost));
        OPENSSL_free(spki);
        return same ? NULL : "key does not belong to its certificate";
}

const char *private_key_complete(struct private_key *key, X509 *certificate, bool guarded)
{
        key->algorithm = SIGN_GOST2015_512;
        const char *problem = key->gost ? gost_problem(key, certificate) : algorithm_of(key->pkey, guarded, &key->algorithm);
        if (problem)
                return problem;
        if (key->pkey && X509_check_private_key(certificate, key->pkey) != 1)
                return "key does not belong to its certificate";
        int size = i2d_X509(certificate, &key->certificate);
        if (size <= 0)
                return "certificate cannot be encoded";
        key->certificate_size = (size_t)size;
        return NULL;
}

enum gw_rc private_key_load(const char *key_path, const char *certificate_path, bool guarded, struct private_key **ret_key, struct why *why)
{
        auto_private_key struct private_key *key = xcalloc(1, sizeof *key);
        enum gw_rc rc = read_key(key_path, guarded, key, why);
        if (rc != GW_OK)
                return rc;
        gw_auto(x509) X509 *certificate = NULL;
        rc = read_certificate(certificate_path, &certificate, why);
        if (rc != GW_OK)
                return rc;
        const char *problem = private_key_complete(key, certificate, guarded);
        if (problem)
                return refuse(why, key_path, problem);
        *ret_key = gw_take(&key);
        return GW_OK;
}

static EVP_PKEY_CTX *new_context(const struct private_key *key)
{
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
        bool ok = context && EVP_PKEY_sign_init(context) == 1;
        if (ok && key->algorithm == SIGN_RSA_SHA256)
                ok = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1;
        if (ok)
                return context;
        EVP_PKEY_CTX_free(context);
        ERR_clear_error();
        return NULL;
}

/* RFC 6931 2.3.6: r and s as fixed-length octet strings, not the DER that OpenSSL gives. */
static bool add_r_s(struct buf *out, const uint8_t *der, size_t der_size, int half)
{
        gw_auto(ecdsa_sig) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)der_size);
        uint8_t *room = signature ? buf_room(out, 2 * (size_t)half) : NULL;
        if (!room || BN_bn2binpad(ECDSA_SIG_get0_r(signature), room, half) != half ||
            BN_bn2binpad(ECDSA_SIG_get0_s(signature), room + half, half) != half)
                return false;
        buf_grew(out, 2 * (size_t)half);
        return true;
}

bool private_key_sign(const struct private_key *key, EVP_PKEY_CTX **context, struct span digest, struct buf *out)
{
        uint8_t value[PRIVATE_KEY_SIGNATURE_MAX];
        size_t size = sizeof value;
        GW_ASSERT(digest.n == sign_digest_size(key->algorithm));
        if (key->gost)
                return gost_sign(key->gost, digest, out);
        if (!*context)
                *context = new_context(key);
        if (!*context || EVP_PKEY_sign(*context, value, &size, digest.p, digest.n) != 1) {
                ERR_clear_error();
                return false;
        }
        if (key->algorithm != SIGN_RSA_SHA256)
                return add_r_s(out, value, size, (int)sign_digest_size(key->algorithm));
        buf_add(out, value, size);
        return !buf_failed(out);
}
