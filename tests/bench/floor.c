/* What one signature costs by itself: in this process, with the keys of the test PKI, contexts reused, best of several rounds.
 *
 *   floor PKI     prints "name microseconds" lines (CPU time of this thread) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "gateway/base/base.h"

#define ROUNDS 7
#define FRESH 64

static double cpu_us(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static FILE *open_file(const char *pki, const char *name)
{
        auto_str char *path = xasprintf("%s/%s", pki, name);
        FILE *file = fopen(path, "r");
        if (!file) {
                fprintf(stderr, "floor: %s cannot be read\n", path);
                exit(1);
        }
        return file;
}

static EVP_PKEY *private_key(const char *pki, const char *name)
{
        auto_str char *path = xasprintf("keys/%s.key", name);
        FILE *file = open_file(pki, path);
        EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        GW_ASSERT(key);
        fclose(file);
        return key;
}

static EVP_PKEY *public_key(const char *pki, const char *path)
{
        FILE *file = open_file(pki, path);
        X509 *x509 = PEM_read_X509(file, NULL, NULL, NULL);
        GW_ASSERT(x509);
        fclose(file);
        EVP_PKEY *key = X509_get_pubkey(x509);
        GW_ASSERT(key);
        X509_free(x509);
        return key;
}

static EVP_PKEY_CTX *context(EVP_PKEY *key, bool sign)
{
        EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
        GW_ASSERT(c && (sign ? EVP_PKEY_sign_init(c) : EVP_PKEY_verify_init(c)) == 1);
        if (EVP_PKEY_is_a(key, "RSA"))
                GW_ASSERT(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1);
        GW_ASSERT(EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1);
        return c;
}

static const uint8_t digest[32] = {1, 2, 3};

static size_t sign(EVP_PKEY_CTX *c, uint8_t value[1024])
{
        size_t size = 1024;
        GW_ASSERT(EVP_PKEY_sign(c, value, &size, digest, sizeof digest) == 1);
        return size;
}

/* Cost of making; and of checking with a key that has been used before. */
static void measure(const char *pki, const char *label, const char *name)
{
        EVP_PKEY *key = private_key(pki, name);
        auto_str char *certificate = xasprintf("certs/%s.pem", name);
        EVP_PKEY *public = public_key(pki, certificate);
        EVP_PKEY_CTX *signing = context(key, true), *verifying = context(public, false);
        uint8_t value[1024];
        size_t size = sign(signing, value);
        double best_sign = 1e9, best_verify = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
                double began = cpu_us();
                for (int i = 0; i < 200; i++)
                        sign(signing, value);
                double between = cpu_us();
                size = sign(signing, value);
                double middle = cpu_us();
                for (int i = 0; i < 500; i++)
                        GW_ASSERT(EVP_PKEY_verify(verifying, value, size, digest, sizeof digest) == 1);
                double end = cpu_us();
                best_sign = (between - began) / 200 < best_sign ? (between - began) / 200 : best_sign;
                best_verify = (end - middle) / 500 < best_verify ? (end - middle) / 500 : best_verify;
        }
        printf("%s.sign %.2f\n%s.verify %.2f\n", label, best_sign, label, best_verify);
        EVP_PKEY_CTX_free(signing);
        EVP_PKEY_CTX_free(verifying);
        EVP_PKEY_free(key);
        EVP_PKEY_free(public);
}

/* Checking with a key for the first time, as with every citizen's: the Montgomery constants of its modulus are part of it. */
static void measure_fresh(const char *pki)
{
        EVP_PKEY *key = private_key(pki, "applicant-850412390011");
        EVP_PKEY_CTX *signing = context(key, true);
        uint8_t value[1024];
        size_t size = sign(signing, value);
        double best = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
                EVP_PKEY *keys[FRESH];
                for (int i = 0; i < FRESH; i++)
                        keys[i] = public_key(pki, "certs/applicant-850412390011.pem");
                double began = cpu_us();
                for (int i = 0; i < FRESH; i++) {
                        EVP_PKEY_CTX *c = context(keys[i], false);
                        GW_ASSERT(EVP_PKEY_verify(c, value, size, digest, sizeof digest) == 1);
                        EVP_PKEY_CTX_free(c);
                }
                double each = (cpu_us() - began) / FRESH;
                best = each < best ? each : best;
                for (int i = 0; i < FRESH; i++)
                        EVP_PKEY_free(keys[i]);
        }
        printf("applicant.verify %.2f\n", best);
        EVP_PKEY_CTX_free(signing);
        EVP_PKEY_free(key);
}

/* The issuing authority's signature under a certificate. */
static void measure_issuer(const char *pki)
{
        EVP_PKEY *key = private_key(pki, "ca-issuing"), *public = public_key(pki, "ca/issuing.pem");
        EVP_PKEY_CTX *signing = context(key, true), *verifying = context(public, false);
        uint8_t value[1024];
        size_t size = sign(signing, value);
        double best = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
                double began = cpu_us();
                for (int i = 0; i < 500; i++)
                        GW_ASSERT(EVP_PKEY_verify(verifying, value, size, digest, sizeof digest) == 1);
                double each = (cpu_us() - began) / 500;
                best = each < best ? each : best;
        }
        printf("issuer.verify %.2f\n", best);
        EVP_PKEY_CTX_free(signing);
        EVP_PKEY_CTX_free(verifying);
        EVP_PKEY_free(key);
        EVP_PKEY_free(public);
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: floor PKI\n");
                return 2;
        }
        measure(argv[1], "system", "system-gateway");
        measure(argv[1], "head", "head-160640900019");
        measure(argv[1], "portal", "system-portal");
        measure(argv[1], "gbdfl", "system-gbdfl");
        measure(argv[1], "socialaid", "system-socialaid");
        measure(argv[1], "cabinet", "system-cabinet");
        measure(argv[1], "system-ec", "system-gateway-ec");
        measure(argv[1], "head-ec", "head-160640900019-ec");
        measure_fresh(argv[1]);
        measure_issuer(argv[1]);
        return 0;
}
