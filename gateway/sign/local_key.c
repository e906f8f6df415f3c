/* Names of the algorithms, and keys held in this process. */
#include <openssl/sha.h>
#include <stdlib.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/private_key.h"

GW_DEFINE_AUTO(pkey_context, EVP_PKEY_CTX, EVP_PKEY_CTX_free)

/* RFC 6931 2.3.2, 2.3.6 */
const char *sign_signature_uri(enum sign_algorithm algorithm)
{
        switch (algorithm) {
        case SIGN_RSA_SHA256:
                return "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
        case SIGN_ECDSA_P256_SHA256:
                return "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
        case SIGN_ECDSA_P384_SHA384:
                return "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
        case SIGN_GOST2015_512:
                return GOST_2015_METHOD_URI;
        }
        GW_ASSERT(!"sign_algorithm");
}

const char *sign_digest_uri(enum sign_algorithm algorithm)
{
        if (algorithm == SIGN_GOST2015_512)
                return GOST_2015_DIGEST_URI;
        if (algorithm == SIGN_ECDSA_P384_SHA384)
                return "http://www.w3.org/2001/04/xmldsig-more#sha384"; /* RFC 6931 2.1.3 */
        return "http://www.w3.org/2001/04/xmlenc#sha256";
}

size_t sign_digest(enum sign_algorithm algorithm, struct span in, uint8_t out[64])
{
        if (algorithm == SIGN_GOST2015_512)
                return gost_digest(GOST_2015, in, out);
        if (algorithm == SIGN_ECDSA_P384_SHA384)
                GW_ASSERT(SHA384(in.p, in.n, out));
        else
                text_sha256(in, out);
        return sign_digest_size(algorithm);
}

/* A context of its own for every call (about 2 us): a local key may be shared by threads, a context may not. */
static enum gw_rc sign_locally(void *ctx, struct span digest, struct buf *out, struct why *why)
{
        const struct private_key *key = ctx;
        if (digest.n != sign_digest_size(key->algorithm))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "digest of %zu bytes does not fit the key", digest.n);
        gw_auto(pkey_context) EVP_PKEY_CTX *context = NULL;
        if (!private_key_sign(key, &context, digest, out))
                return why_set(why, GW_FAULT, REASON_INTERNAL, "the cryptographic library could not sign");
        return GW_OK;
}

static struct signing_key *hold(struct private_key *private_key)
{
        auto_buf struct buf base64 = BUF_INIT;
        text_base64(&base64, span_of(private_key->certificate, private_key->certificate_size));
        struct signing_key *key = xcalloc(1, sizeof *key);
        *key = (struct signing_key){
                .algorithm = private_key->algorithm,
                .certificate_base64 = buf_take_str(&base64),
                .sign = sign_locally,
                .ctx = private_key,
        };
        return key;
}

static enum gw_rc open_source(const struct private_key_source *source, struct signing_key **ret_key, struct why *why)
{
        struct private_key *private_key = NULL;
        enum gw_rc rc = private_key_load(source, &private_key, why);
        if (rc == GW_OK)
                *ret_key = hold(private_key);
        return rc;
}

enum gw_rc local_key_open(const char *key_path, const char *certificate_path, struct signing_key **ret_key, struct why *why)
{
        return open_source(&(struct private_key_source){.key_path = key_path, .certificate_path = certificate_path}, ret_key, why);
}

enum gw_rc local_key_open_password(const char *key_path, const char *certificate_path, const char *password_path, struct signing_key **ret_key,
                                   struct why *why)
{
        return open_source(&(struct private_key_source){.key_path = key_path, .certificate_path = certificate_path, .password_path = password_path}, ret_key, why);
}

void local_key_close(struct signing_key *key)
{
        if (!key)
                return;
        private_key_free(key->ctx);
        free(key->certificate_base64);
        free(key);
}
