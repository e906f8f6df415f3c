/* Keys and certificates of the simulated authority, and signatures by them. */
#include <openssl/pem.h>
#include <stdio.h>

#include "adapters/pki/pki.h"
#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/gost/gost.h"

static X509 *read_certificate(const char *path)
{
        FILE *file = fopen(path, "re");
        X509 *x509 = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
        if (file)
                fclose(file);
        return x509;
}

static EVP_PKEY *read_key(const char *path)
{
        FILE *file = fopen(path, "re");
        EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
        if (file)
                fclose(file);
        return key;
}

enum gw_rc signer_open(struct signer *signer, const char *folder, bool authority, const char *name, struct why *why)
{
        auto_str char *certificate = xasprintf("%s/%s/%s.pem", folder, authority ? "ca" : "certs", name);
        auto_str char *key = xasprintf("%s/keys/%s%s.key", folder, authority ? "ca-" : "", name);
        enum gw_rc rc = local_key_open(key, certificate, &signer->key, why);
        if (rc != GW_OK)
                return rc;
        signer->x509 = read_certificate(certificate);
        if (signer->key->algorithm != SIGN_GOST2015_512)
                signer->pkey = read_key(key);
        if (!signer->x509 || (!signer->pkey && signer->key->algorithm != SIGN_GOST2015_512))
                return why_say(why, GW_FAULT, "%.200s: cannot be read", certificate);
        return GW_OK;
}

void signer_close(struct signer *signer)
{
        X509_free(signer->x509);
        EVP_PKEY_free(signer->pkey);
        local_key_close(signer->key);
}

void put_tagged(struct buf *out, uint8_t tag, struct span content)
{
        uint8_t length[5];
        size_t n = 0;
        if (content.n >= 0x80) {
                size_t count = content.n < 0x100 ? 1 : content.n < 0x10000 ? 2 : content.n < 0x1000000 ? 3 : 4;
                length[n++] = (uint8_t)(0x80 | count);
                while (count-- > 0)
                        length[n++] = (uint8_t)(content.n >> (8 * count));
        } else
                length[n++] = (uint8_t)content.n;
        buf_add_char(out, (char)tag);
        buf_add(out, length, n);
        buf_add_span(out, content);
}

/* 1.2.840.113549.1.1.11 sha256WithRSAEncryption, 2.16.840.1.101.3.4.2.1 sha256, 1.2.398.3.10.1.3.3 GOST 34.11-2015-512; each with NULL */
static const uint8_t rsa_sha256[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
static const uint8_t sha256[] = {0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00};
static const uint8_t streebog512[] = {0x30, 0x0c, 0x06, 0x08, 0x2a, 0x83, 0x0e, 0x03, 0x0a, 0x01, 0x03, 0x03, 0x05, 0x00};

void signer_put_digest(const struct signer *signer, struct buf *out)
{
        buf_add_span(out, signer->pkey ? span_of(sha256, sizeof sha256) : span_of(streebog512, sizeof streebog512));
}

void signer_digest(const struct signer *signer, struct span bytes, struct buf *out)
{
        uint8_t digest[64];
        buf_add(out, digest, sign_digest(signer->key->algorithm, bytes, digest));
}

void signer_sign(const struct signer *signer, struct span bytes, bool bits, struct buf *out)
{
        auto_buf struct buf digest = BUF_INIT, value = BUF_INIT;
        struct why why = WHY_INIT;
        signer_digest(signer, bytes, &digest);
        if (bits)
                buf_add_char(&value, '\0'); /* no unused bits */
        GW_ASSERT(signer->key->sign(signer->key->ctx, buf_span(&digest), &value, &why) == GW_OK);
        if (signer->pkey)
                buf_add(out, rsa_sha256, sizeof rsa_sha256);
        else
                gost_signature_algorithm(GOST_2015, out);
        put_tagged(out, bits ? DER_BIT_STRING : DER_OCTET_STRING, buf_span(&value));
}

X509_EXTENSION *unknown_critical_extension(void)
{
        ASN1_OBJECT *oid = OBJ_txt2obj("1.2.398.3.3.5.99", 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        GW_ASSERT(oid && value && ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2));
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
        GW_ASSERT(extension);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(oid);
        return extension;
}
