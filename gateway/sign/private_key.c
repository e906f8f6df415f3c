/* Loads a private key and makes raw XML-DSig signature values with it. */
#include "gateway/sign/private_key.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"

#define SECRET_FILE_MAX ((size_t)256 << 10) /* a PKCS#12 may hold a chain */
#define CERTIFICATE_FILE_MAX ((size_t)64 << 10)
#define RSA_BITS_MIN 2048

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(x509_sig, X509_SIG, X509_SIG_free)
GW_DEFINE_AUTO(pkcs8, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free) /* wipes */
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
static const char *mode_problem(const struct stat *st, uid_t owner)
{
        if (!S_ISREG(st->st_mode))
                return "is not a regular file";
        if (st->st_mode & (S_IRWXG | S_IRWXO))
                return "can be read or written by group or others; use mode 0600";
        if (st->st_uid != geteuid() && st->st_uid != owner && st->st_uid != 0)
                return "belongs to another user";
        return NULL;
}

/* The file is opened once and judged by fstat, so that what was checked is what is read. */
static enum gw_rc read_secret_file(const char *path, const struct private_key_source *source, struct buf *out, struct why *why)
{
        /* All the room at once: a growing buffer would leave copies of the key in freed memory. */
        if (!buf_room(out, SECRET_FILE_MAX))
                return refuse(why, path, "out of memory");
        auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (source->guarded ? O_NONBLOCK : 0));
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0)
                return refuse(why, path, "cannot be opened");
        const char *problem = source->guarded ? mode_problem(&st, source->owner) : NULL;
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
static int give_password(char *buf, int size, int writing, void *password)
{
        size_t n = password ? strlen(password) : 0;
        if (!password || writing || n > (size_t)size)
                return -1;
        memcpy(buf, password, n);
        return (int)n;
}

/* PKCS#8 under a password, of a key that OpenSSL does not know. */
static bool decrypt_gost_key(struct span der, const char *password, struct gost_private_key **ret_key)
{
        const unsigned char *p = der.p;
        gw_auto(x509_sig) X509_SIG *sealed = d2i_X509_SIG(NULL, &p, (long)der.n);
        gw_auto(pkcs8) PKCS8_PRIV_KEY_INFO *info = sealed ? PKCS8_decrypt(sealed, password, (int)strlen(password)) : NULL;
        unsigned char *open = NULL;
        int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &open) : 0;
        bool ok = n > 0 && gost_private_read(span_of(open, (size_t)n), ret_key);
        OPENSSL_clear_free(open, n > 0 ? (size_t)n : 0);
        return ok;
}

/* OpenSSL opens the armour, but does not know the key within. */
static bool read_gost_key(struct span pem, const char *password, struct gost_private_key **ret_key)
{
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        char *name = NULL, *header = NULL;
        unsigned char *der = NULL;
        long n = 0;
        if (!bio || PEM_read_bio(bio, &name, &header, &der, &n) != 1)
                return false;
        struct span content = span_of(der, (size_t)n);
        bool ok = str_eq(name, PEM_STRING_PKCS8INF)             ? gost_private_read(content, ret_key)
                  : password && str_eq(name, PEM_STRING_PKCS8)  ? decrypt_gost_key(content, password, ret_key)
                                                                : false;
        OPENSSL_clear_free(der, (size_t)n);
        OPENSSL_free(name);
        OPENSSL_free(header);
        return ok;
}

static const char *read_pem(struct span pem, char *password, struct private_key *key)
{
        if (read_gost_key(pem, password, &key->gost))
                return NULL;
        ERR_clear_error();
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        key->pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_password, password) : NULL;
        return key->pkey ? NULL : password ? "is no private key in PEM or PKCS#12 that this password opens" : "is not an unencrypted private key in PEM";
}

enum gw_rc private_key_certificate(const char *path, X509 **ret_certificate, struct why *why)
{
        auto_buf struct buf pem = BUF_LIMIT(CERTIFICATE_FILE_MAX);
        if (!text_read_file(path, &pem))
                return refuse(why, path, "cannot be read");
        gw_auto(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, give_password, NULL) : NULL;
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

static const char *keep_certificate(struct private_key *key, const X509 *certificate)
{
        int size = i2d_X509(certificate, &key->certificate);
        if (size <= 0)
                return "certificate cannot be encoded";
        key->certificate_size = (size_t)size;
        return NULL;
}

const char *private_key_complete(struct private_key *key, X509 *certificate, bool guarded)
{
        key->algorithm = SIGN_GOST2015_512;
        const char *problem = key->gost ? gost_problem(key, certificate) : algorithm_of(key->pkey, guarded, &key->algorithm);
        if (problem)
                return problem;
        if (key->pkey && X509_check_private_key(certificate, key->pkey) != 1)
                return "key does not belong to its certificate";
        return keep_certificate(key, certificate);
}

const char *private_key_public_only(struct private_key *key, X509 *certificate)
{
        const EVP_PKEY *public_key = X509_get0_pubkey(certificate);
        const char *problem = public_key ? algorithm_of(public_key, true, &key->algorithm) : "its certificate has a key of another kind";
        return problem ? problem : keep_certificate(key, certificate);
}
enum gw_rc private_key_password(const struct private_key_source *source, struct buf *text, char **ret_password, struct why *why)
{
        *ret_password = NULL;
        if (!source->password_path)
                return GW_OK;
        enum gw_rc rc = read_secret_file(source->password_path, source, text, why);
        if (rc != GW_OK)
                return rc;
        uint8_t *end = buf_room(text, 1);
        if (!end)
                return refuse(why, source->password_path, "is too large for a password");
        *end = '\0';
        char *line = (char *)text->p;
        line[strcspn(line, "\r\n")] = '\0';
        *ret_password = line;
        return GW_OK;
}

enum gw_rc private_key_load(const struct private_key_source *source, struct private_key **ret_key, struct why *why)
{
        auto_private_key struct private_key *key = xcalloc(1, sizeof *key);
        __attribute__((cleanup(buf_wipe_done))) struct buf secret = BUF_LIMIT(SECRET_FILE_MAX + 4096), line = BUF_LIMIT(SECRET_FILE_MAX + 4096);
        gw_auto(x509) X509 *certificate = NULL;
        char *password = NULL;
        enum gw_rc rc = read_secret_file(source->key_path, source, &secret, why);
        if (rc == GW_OK)
                rc = private_key_password(source, &line, &password, why);
        if (rc == GW_OK && source->certificate_path)
                rc = private_key_certificate(source->certificate_path, &certificate, why);
        if (rc != GW_OK)
                return rc;
        /* DER of a container begins with a SEQUENCE; what comes before the armour of a PEM file is text. */
        bool container = secret.n > 0 && secret.p[0] == 0x30;
        const char *problem;
        if (container) {
                problem = private_key_from_pkcs12(buf_span(&secret), password ? password : "", certificate, source->guarded, key);
        } else {
                problem = read_pem(buf_span(&secret), password, key);
                if (!problem)
                        problem = certificate ? private_key_complete(key, certificate, source->guarded) : "is PEM and needs its `certificate`";
        }
        if (problem)
                return refuse(why, source->key_path, problem);
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
