/* Time stamps for replayed signatures, made by OpenSSL's own time-stamping code with a key of the test PKI. */
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>

#include "gateway/commands/replay.h"
#include "gateway/pki/tsp.h"

#define TEST_POLICY "1.2.398.3.3.2.6.4" /* the one НУЦ stamps under (interfaces 3.6) */

GW_DEFINE_AUTO(ts_context, TS_RESP_CTX, TS_RESP_CTX_free)
GW_DEFINE_AUTO(ts_response, TS_RESP, TS_RESP_free)
GW_DEFINE_AUTO(evp_key, EVP_PKEY, EVP_PKEY_free)
GW_DEFINE_AUTO(certificate_of, X509, X509_free)
GW_DEFINE_AUTO(request_bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(policy_oid, ASN1_OBJECT, ASN1_OBJECT_free)

static ASN1_INTEGER *random_serial(TS_RESP_CTX *ctx, void *data)
{
        gw_ignore(ctx == data); /* the callback's type has both */
        uint8_t bytes[8];
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        if (serial && RAND_bytes(bytes, sizeof bytes) == 1 && ASN1_INTEGER_set_uint64(serial, bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24 | 1))
                return serial;
        ASN1_INTEGER_free(serial);
        return NULL;
}

static int chosen_time(TS_RESP_CTX *ctx, void *data, long *sec, long *usec)
{
        gw_ignore(ctx == NULL);
        const struct wall_time *at = data;
        *sec = (long)(at->ms / 1000);
        *usec = 0;
        return 1;
}

static bool read_pem(const char *path, EVP_PKEY **ret_key, X509 **ret_certificate)
{
        FILE *file = fopen(path, "re");
        if (!file)
                return false;
        if (ret_key)
                *ret_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        else
                *ret_certificate = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
        return ret_key ? *ret_key != NULL : *ret_certificate != NULL;
}

static TS_RESP *answer(X509 *certificate, EVP_PKEY *key, struct span request, struct wall_time *at)
{
        gw_auto(ts_context) TS_RESP_CTX *ctx = TS_RESP_CTX_new();
        gw_auto(policy_oid) ASN1_OBJECT *policy = OBJ_txt2obj(TEST_POLICY, 1);
        gw_auto(request_bio) BIO *bio = BIO_new_mem_buf(request.p, (int)request.n);
        if (!ctx || !policy || !bio || !TS_RESP_CTX_set_signer_cert(ctx, certificate) || !TS_RESP_CTX_set_signer_key(ctx, key) ||
            !TS_RESP_CTX_set_def_policy(ctx, policy) || !TS_RESP_CTX_add_md(ctx, EVP_sha256()) || !TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()) ||
            !TS_RESP_CTX_set_ess_cert_id_digest(ctx, EVP_sha256()))
                return NULL;
        TS_RESP_CTX_set_serial_cb(ctx, random_serial, NULL);
        TS_RESP_CTX_set_time_cb(ctx, chosen_time, at);
        return TS_RESP_create_response(ctx, bio);
}

enum gw_rc replay_stamp(const char *pki, const char *name, struct span stamped, struct wall_time at, struct buf *token, struct why *why)
{
        auto_str char *key_path = xasprintf("%s/keys/%s.key", pki, name), *certificate_path = xasprintf("%s/certs/%s.pem", pki, name);
        gw_auto(evp_key) EVP_PKEY *key = NULL;
        gw_auto(certificate_of) X509 *certificate = NULL;
        if (!read_pem(key_path, &key, NULL) || !read_pem(certificate_path, NULL, &certificate))
                return why_say(why, GW_REJECT, "%s and %s cannot be read", key_path, certificate_path);
        auto_buf struct buf request = BUF_INIT;
        if (!tsp_request(TSP_SHA256, stamped, NULL, span_of(NULL, 0), &request))
                return why_say(why, GW_FAULT, "no time-stamp request");
        gw_auto(ts_response) TS_RESP *response = answer(certificate, key, buf_span(&request), &at);
        PKCS7 *made = response ? TS_RESP_get_token(response) : NULL;
        unsigned char *der = NULL;
        int size = made ? i2d_PKCS7(made, &der) : 0;
        if (size <= 0)
                return why_say(why, GW_REJECT, "%s cannot stamp", name);
        buf_add(token, der, (size_t)size);
        OPENSSL_free(der);
        return GW_OK;
}
