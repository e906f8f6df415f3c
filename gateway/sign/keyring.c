/* Loads the keys of the signer process. */
#include "gateway/sign/keyring.h"

#include <openssl/asn1.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>
#include <time.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/reason.h"

GW_DEFINE_AUTO(x509, X509, X509_free)
GW_DEFINE_AUTO(context, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
GW_DEFINE_AUTO(ecdsa_sig, ECDSA_SIG, ECDSA_SIG_free)
GW_DEFINE_AUTO(bignum, BIGNUM, BN_free)

static enum gw_rc refuse(struct why *why, const char *id, const char *what)
{
        ERR_clear_error();
        return why_set(why, GW_FAULT, REASON_CONFIGURATION, "[key %s]: %s", id, what);
}

bool held_key_current(const struct held_key *key, struct wall_time now)
{
        return key->from.ms <= now.ms && now.ms < key->until.ms;
}

bool keyring_has_tokens(const struct keyring *ring)
{
        for (size_t i = 0; i < ring->count; i++)
                if (ring->keys[i].token)
                        return true;
        return false;
}

void keyring_done(struct keyring *ring)
{
        for (size_t i = 0; i < ring->count; i++) {
                private_key_free(ring->keys[i].key);
                token_key_free(ring->keys[i].token);
        }
        ring->count = 0;
}

static enum gw_rc load_token(struct held_key *held, const struct signer_key_conf *conf, const struct private_key_source *source, struct why *why)
{
        __attribute__((cleanup(buf_wipe_done))) struct buf line = BUF_INIT;
        char *pin = NULL;
        if (!conf->module_path)
                return refuse(why, conf->id, "a key in a token needs `module`, the PKCS#11 library");
        enum gw_rc rc = private_key_password(source, &line, &pin, why);
        held->key = xcalloc(1, sizeof *held->key);
        return rc == GW_OK ? token_key_new(conf->key_path, conf->module_path, pin, &held->token, why) : rc;
}

static enum gw_rc find_successors(struct keyring *ring, const struct signer_key_conf *keys, struct why *why)
{
        for (size_t i = 0; i < ring->count; i++) {
                size_t next = 0;
                while (keys[i].successor && next < ring->count && !str_eq(ring->keys[next].id, keys[i].successor))
                        next++;
                if (next == ring->count)
                        return refuse(why, keys[i].id, "its successor does not exist");
                ring->keys[i].successor = keys[i].successor ? next : KEYRING_NONE;
        }
        return GW_OK;
}

enum gw_rc keyring_load(struct keyring *ring, const struct signer_key_conf *keys, size_t count, uid_t owner, struct why *why)
{
        if (count > SIGNER_KEYS_MAX)
                return why_say(why, GW_FAULT, "more than %d keys", SIGNER_KEYS_MAX);
        for (size_t i = 0; i < count; i++) {
                struct held_key *held = &ring->keys[i];
                bool in_token = str_starts(keys[i].key_path, TOKEN_URI_PREFIX);
                struct private_key_source source = {keys[i].key_path, keys[i].certificate_path, in_token ? keys[i].pin_path : keys[i].password_path, true, owner};
                *held = (struct held_key){.id = keys[i].id, .successor = KEYRING_NONE};
                if (!*held->id || strlen(held->id) > SIGNER_ID_MAX)
                        return why_say(why, GW_FAULT, "key id '%.80s' is empty or too long", held->id);
                ring->count = i + 1;
                enum gw_rc rc = in_token ? load_token(held, &keys[i], &source, why) : private_key_load(&source, &held->key, why);
                if (rc != GW_OK)
                        return rc;
        }
        return find_successors(ring, keys, why);
}

static bool time_of(const ASN1_TIME *time, struct wall_time *ret_time)
{
        struct tm tm;
        if (ASN1_TIME_to_tm(time, &tm) != 1)
                return false;
        ret_time->ms = (int64_t)timegm(&tm) * 1000;
        return true;
}

/* RFC 5280 4.1.2.5: the validity includes notAfter's second. */
static const char *take_dates(struct held_key *held, const X509 *certificate, const struct signer_key_conf *conf)
{
        if (!time_of(X509_get0_notBefore(certificate), &held->from) || !time_of(X509_get0_notAfter(certificate), &held->until))
                return "its certificate has no dates";
        held->until.ms += 1000;
        if (conf->from.ms > held->from.ms)
                held->from = conf->from;
        return NULL;
}

static bool der_of_r_s(struct span value, unsigned char **ret_der, int *ret_size)
{
        gw_auto(ecdsa_sig) ECDSA_SIG *signature = ECDSA_SIG_new();
        int half = (int)(value.n / 2);
        gw_auto(bignum) BIGNUM *r = BN_bin2bn(value.p, half, NULL), *s = BN_bin2bn(value.p + half, half, NULL);
        if (!signature || !r || !s || ECDSA_SIG_set0(signature, r, s) != 1)
                return false;
        r = s = NULL;
        *ret_size = i2d_ECDSA_SIG(signature, ret_der);
        return *ret_size > 0;
}

/* The signature by the certificate's own public key; OpenSSL's kinds only (GOST keys are compared with their certificate when they are read). */
static bool certificate_verifies(X509 *certificate, enum sign_algorithm algorithm, struct span digest, struct span value)
{
        gw_auto(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);
        if (!context || EVP_PKEY_verify_init(context) != 1)
                return false;
        if (algorithm == SIGN_RSA_SHA256)
                return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                       EVP_PKEY_verify(context, value.p, value.n, digest.p, digest.n) == 1;
        unsigned char *der = NULL;
        int size = 0;
        bool good = der_of_r_s(value, &der, &size) && EVP_PKEY_verify(context, der, (size_t)size, digest.p, digest.n) == 1;
        OPENSSL_free(der);
        return good;
}

/* Shows that the key works and is the certificate's, and has OpenSSL load what it loads at first use while files can still be opened. */
static enum gw_rc try_once(const struct held_key *held, X509 *certificate, struct why *why)
{
        uint8_t digest[64];
        struct span text = span_str("a trial signature of the signer");
        auto_buf struct buf value = BUF_LIMIT(PRIVATE_KEY_SIGNATURE_MAX);
        enum sign_algorithm algorithm = held->key->algorithm;
        struct span digested = span_of(digest, sign_digest(algorithm, text, digest));
        gw_auto(context) EVP_PKEY_CTX *context = NULL;
        if (held->token) {
                if (token_key_sign(held->token, algorithm, digested, &value, why) != GW_OK)
                        return refuse(why, held->id, "the token does not sign with it");
        } else if (!private_key_sign(held->key, &context, digested, &value)) {
                return refuse(why, held->id, "the cryptographic library cannot sign with it");
        }
        if (algorithm != SIGN_GOST2015_512 && !certificate_verifies(certificate, algorithm, digested, buf_span(&value)))
                return refuse(why, held->id, "key does not belong to its certificate");
        return GW_OK;
}

static enum gw_rc open_token(struct held_key *held, const struct signer_key_conf *conf, bool *ret_pin_refused, struct why *why)
{
        gw_auto(x509) X509 *inside = NULL, *given = NULL;
        enum gw_rc rc = token_key_open(held->token, &inside, ret_pin_refused, why);
        if (rc != GW_OK) {
                auto_str char *detail = xstrdup(why->detail);
                return refuse(why, held->id, detail);
        }
        if (conf->certificate_path)
                rc = private_key_certificate(conf->certificate_path, &given, why);
        if (rc != GW_OK)
                return rc;
        if (!given && !inside)
                return refuse(why, held->id, "the token has no certificate with the key's id, and none is given");
        const char *problem = private_key_public_only(held->key, given ? given : inside);
        return problem ? refuse(why, held->id, problem) : GW_OK;
}

static enum gw_rc open_one(struct held_key *held, const struct signer_key_conf *conf, bool *ret_pin_refused, struct why *why)
{
        enum gw_rc rc = held->token ? open_token(held, conf, ret_pin_refused, why) : GW_OK;
        if (rc != GW_OK)
                return rc;
        const unsigned char *p = held->key->certificate;
        gw_auto(x509) X509 *certificate = d2i_X509(NULL, &p, (long)held->key->certificate_size);
        const char *problem = certificate ? take_dates(held, certificate, conf) : "its certificate cannot be read again";
        if (!problem && SIGNER_LIST_HEAD + strlen(held->id) + held->key->certificate_size > SIGNER_FRAME_MAX)
                problem = "its certificate is too large";
        if (problem)
                return refuse(why, held->id, problem);
        if (!held_key_current(held, wall_now()) && held->until.ms <= wall_now().ms)
                log_event(LOG_ERROR, NULL, "signer.key_expired", "key=%s its certificate has expired: nothing is signed with it", held->id);
        return try_once(held, certificate, why);
}

enum gw_rc keyring_open(struct keyring *ring, const struct signer_key_conf *keys, bool *ret_pin_refused, struct why *why)
{
        *ret_pin_refused = false;
        for (size_t i = 0; i < ring->count; i++) {
                enum gw_rc rc = open_one(&ring->keys[i], &keys[i], ret_pin_refused, why);
                if (rc != GW_OK)
                        return rc;
        }
        return GW_OK;
}
