/* PKCS#12 containers (RFC 7292) as НУЦ gives them out: one shrouded key (SHA-1 with 3DES) and certificates under RC2 with 40 bits, so
 * OpenSSL's legacy provider is needed; the key within may be one that OpenSSL does not know (GOST), so PKCS12_parse() is of no use. */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/reason.h"
#include "gateway/sign/private_key.h"

#define CERTIFICATES_MAX 16
/* The MAC and the keys are derived by that many rounds; a hostile file may ask for 2^31. */
#define ROUNDS_MAX 10000000

static void free_safes(STACK_OF(PKCS7) *safes)
{
        sk_PKCS7_pop_free(safes, PKCS7_free);
}
static void free_bags(STACK_OF(PKCS12_SAFEBAG) *bags)
{
        sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
GW_DEFINE_AUTO(pkcs12, PKCS12, PKCS12_free)
GW_DEFINE_AUTO(safes, STACK_OF(PKCS7), free_safes)
GW_DEFINE_AUTO(bags, STACK_OF(PKCS12_SAFEBAG), free_bags)

/* A library context of its own: the legacy provider must not become available to the rest of the program. */
struct legacy {
        OSSL_LIB_CTX *context;
        OSSL_PROVIDER *legacy, *usual;
};

static void legacy_done(struct legacy *legacy)
{
        if (legacy->legacy)
                OSSL_PROVIDER_unload(legacy->legacy);
        if (legacy->usual)
                OSSL_PROVIDER_unload(legacy->usual);
        OSSL_LIB_CTX_free(legacy->context);
}

/* What was found in the container. */
struct contents {
        PKCS8_PRIV_KEY_INFO *key;
        X509 *certificates[CERTIFICATES_MAX];
        size_t certificate_count;
        const char *problem;
};

static void contents_done(struct contents *contents)
{
        PKCS8_PRIV_KEY_INFO_free(contents->key); /* wipes */
        for (size_t i = 0; i < contents->certificate_count; i++)
                X509_free(contents->certificates[i]);
}

static void take_bag(struct contents *contents, PKCS12_SAFEBAG *bag, const char *password)
{
        int kind = PKCS12_SAFEBAG_get_nid(bag);
        if (kind == NID_pkcs8ShroudedKeyBag) {
                if (contents->key)
                        contents->problem = "holds more than one key";
                else if (!(contents->key = PKCS12_decrypt_skey(bag, password, (int)strlen(password))))
                        contents->problem = "has a key that cannot be decrypted";
        } else if (kind == NID_certBag && PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate) {
                X509 *certificate = PKCS12_SAFEBAG_get1_cert(bag);
                if (!certificate || contents->certificate_count == CERTIFICATES_MAX) {
                        X509_free(certificate);
                        contents->problem = "holds a certificate that cannot be read, or too many";
                        return;
                }
                contents->certificates[contents->certificate_count++] = certificate;
        }
}

static void take_safe(struct contents *contents, PKCS7 *safe, const char *password)
{
        int kind = OBJ_obj2nid(safe->type);
        gw_auto(bags) STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
        if (kind == NID_pkcs7_data)
                bags = PKCS12_unpack_p7data(safe);
        else if (kind == NID_pkcs7_encrypted)
                bags = PKCS12_unpack_p7encdata(safe, password, (int)strlen(password));
        if (!bags)
                contents->problem = "has a part that cannot be read";
        for (int i = 0; !contents->problem && i < sk_PKCS12_SAFEBAG_num(bags); i++)
                take_bag(contents, sk_PKCS12_SAFEBAG_value(bags, i), password);
}

static bool rounds_bearable(const PKCS12 *container)
{
        const ASN1_INTEGER *rounds = NULL;
        PKCS12_get0_mac(NULL, NULL, NULL, &rounds, container);
        return !rounds || (ASN1_INTEGER_get(rounds) > 0 && ASN1_INTEGER_get(rounds) <= ROUNDS_MAX);
}

static const char *unpack(const struct legacy *legacy, struct span der, const char *password, struct contents *contents)
{
        gw_auto(pkcs12) PKCS12 *container = PKCS12_init_ex(NID_pkcs7_data, legacy->context, NULL);
        const unsigned char *p = der.p;
        if (!container || !d2i_PKCS12(&container, &p, (long)der.n) || p != der.p + der.n)
                return "is not a PKCS#12 container";
        if (!PKCS12_mac_present(container) || !rounds_bearable(container))
                return "is not protected by a password in a way that is known here";
        if (PKCS12_verify_mac(container, password, (int)strlen(password)) != 1)
                return "does not open with that password";
        gw_auto(safes) STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(container);
        if (!safes)
                return "has a part that cannot be read";
        for (int i = 0; !contents->problem && i < sk_PKCS7_num(safes); i++)
                take_safe(contents, sk_PKCS7_value(safes, i), password);
        if (!contents->problem && !contents->key)
                return "does not hold a key that its password opens";
        return contents->problem;
}

static const char *take_key(PKCS8_PRIV_KEY_INFO *info, struct private_key *key)
{
        unsigned char *der = NULL;
        int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
        if (n <= 0)
                return "has a key that cannot be read";
        if (!gost_private_read(span_of(der, (size_t)n), &key->gost))
                key->pkey = EVP_PKCS82PKEY(info);
        OPENSSL_clear_free(der, (size_t)n);
        return key->gost || key->pkey ? NULL : "has a key of a kind that is not signed with (GOST 34.310-2004 is only verified)";
}

static const char *take_contents(const struct contents *contents, X509 *certificate, bool guarded, struct private_key *key)
{
        const char *problem = take_key(contents->key, key);
        if (problem)
                return problem;
        if (certificate)
                return private_key_complete(key, certificate, guarded);
        for (size_t i = 0; i < contents->certificate_count; i++) {
                problem = private_key_complete(key, contents->certificates[i], guarded);
                if (!problem)
                        return NULL;
        }
        return problem ? problem : "holds no certificate, and none is given";
}

const char *private_key_from_pkcs12(struct span der, const char *password, X509 *certificate, bool guarded, struct private_key *key)
{
        __attribute__((cleanup(legacy_done))) struct legacy legacy = {.context = OSSL_LIB_CTX_new()};
        if (legacy.context) {
                legacy.usual = OSSL_PROVIDER_load(legacy.context, "default");
                legacy.legacy = OSSL_PROVIDER_load(legacy.context, "legacy");
        }
        if (!legacy.usual || !legacy.legacy)
                return "OpenSSL's legacy provider, which the container may need, is not installed";
        __attribute__((cleanup(contents_done))) struct contents contents = {.key = NULL};
        const char *problem = unpack(&legacy, der, password, &contents);
        return problem ? problem : take_contents(&contents, certificate, guarded, key);
}
