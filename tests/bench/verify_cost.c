/* What a verdict costs: both signatures of an envelope, in this process, against the bare arithmetic of the same two checks.
 *
 *   verify_cost PKI RSA-MESSAGES GOST-MESSAGE      prints "name microseconds" lines (CPU of this thread, best of several rounds)
 *   verify_cost PKI RSA-MESSAGES --verdicts N      gives N verdicts over all messages and prints the resident memory, in KiB, on the way
 *
 * Messages are presign's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "gateway/base/text.h"
#include "gateway/soap/shep.h"
#include "gateway/verify/verify.h"

#define ROUNDS 7
#define REPEAT 300
#define COLD_MAX 400

struct messages {
        struct buf all;
        struct span *each;
        size_t count;
};

static double cpu_us(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void read_messages(const char *path, struct messages *m)
{
        *m = (struct messages){.all = BUF_INIT};
        GW_ASSERT(text_read_file(path, &m->all));
        for (size_t at = 0; at < m->all.n;) {
                char *end = NULL;
                size_t n = strtoul((const char *)m->all.p + at, &end, 10);
                at = (size_t)(end + 1 - (const char *)m->all.p);
                m->each = xrealloc(m->each, (m->count + 1) * sizeof *m->each);
                m->each[m->count++] = span_of(m->all.p + at, n);
                at += n;
        }
        GW_ASSERT(m->count > 0);
}

static struct verifier *open_verifier(const char *pki)
{
        struct why why = WHY_INIT;
        struct verifier *verifier = NULL;
        struct verify_policy policy = {.clock_skew_ms = 60000, .message_age_max_ms = 86400000, .message_future_max_ms = 300000};
        auto_str char *trust = xasprintf("%s/trust", pki);
        if (verifier_open(trust, &policy, &verifier, &why) != GW_OK) {
                fprintf(stderr, "verify_cost: %s\n", why.detail);
                exit(1);
        }
        return verifier;
}

/* All that the gateway does before it registers: reads the bytes, both documents, both verdicts. */
static struct certificate *verdict(struct verifier *verifier, struct span message, struct wall_time at)
{
        struct why why = WHY_INIT;
        auto_soap struct soap *soap = NULL;
        auto_shep_message struct shep_message *shep = NULL;
        auto_certificate struct certificate *sender = NULL;
        auto_xmldoc xmlDoc *doc = NULL;
        auto_buf struct buf bytes = BUF_INIT;
        struct verified_document verified = {0};
        bool good = soap_parse(message, &xml_limits_default, &soap, &why) == GW_OK && verify_transport(verifier, soap, at, &sender, &why) == GW_OK &&
                    shep_read(soap, &shep, &why) == GW_OK && shep_data_document(shep->data, &xml_limits_default, &doc, &bytes, &why) == GW_OK &&
                    verify_document(verifier, doc, at, &verified, &why) == GW_OK;
        if (!good) {
                fprintf(stderr, "verify_cost: %s: %s\n", reason_info(why.reason)->name, why.detail);
                exit(1);
        }
        struct certificate *signer = certificate_ref(verified.signers[0]);
        verified_document_done(&verified);
        return signer;
}

static double warm(struct verifier *verifier, struct span message)
{
        double best = 1e9;
        certificate_unref(verdict(verifier, message, wall_now()));
        for (int round = 0; round < ROUNDS; round++) {
                double began = cpu_us();
                for (int i = 0; i < REPEAT; i++)
                        certificate_unref(verdict(verifier, message, wall_now()));
                double each = (cpu_us() - began) / REPEAT;
                best = each < best ? each : best;
        }
        return best;
}

/* Every message with a citizen's certificate that this verifier has never seen; then all of them again. */
static double cold(const char *pki, const struct messages *m)
{
        size_t count = m->count < COLD_MAX ? m->count : COLD_MAX;
        double best = 1e9;
        for (int round = 0; round < 3; round++) {
                struct verifier *verifier = open_verifier(pki);
                double began = cpu_us();
                for (size_t i = 0; i < count; i++)
                        certificate_unref(verdict(verifier, m->each[i], wall_now()));
                double middle = cpu_us();
                for (size_t i = 0; i < count; i++)
                        certificate_unref(verdict(verifier, m->each[i], wall_now()));
                double added = ((middle - began) - (cpu_us() - middle)) / (double)count;
                best = added < best ? added : best;
                verifier_close(verifier);
        }
        return best;
}

/* The arithmetic alone, with a value that does not fit: that takes as long as one that does. */
static double floor_rsa(const struct certificate *c)
{
        uint8_t digest[32] = {1}, value[512] = {0};
        size_t size = (size_t)EVP_PKEY_get_size(c->key);
        memset(value + 1, 7, size - 1);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(c->key, NULL);
        GW_ASSERT(ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
        double best = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
                double began = cpu_us();
                for (int i = 0; i < REPEAT; i++)
                        GW_ASSERT(EVP_PKEY_verify(ctx, value, size, digest, sizeof digest) != 1);
                double each = (cpu_us() - began) / REPEAT;
                best = each < best ? each : best;
        }
        EVP_PKEY_CTX_free(ctx);
        return best;
}

static double floor_gost(const struct certificate *c)
{
        uint8_t digest[64] = {1}, value[128];
        memset(value, 7, sizeof value);
        double best = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
                double began = cpu_us();
                for (int i = 0; i < REPEAT / 10; i++)
                        GW_ASSERT(!gost_verify(c->gost, span_of(digest, sizeof digest), span_of(value, sizeof value)));
                double each = (cpu_us() - began) / (REPEAT / 10);
                best = each < best ? each : best;
        }
        return best;
}

static long resident_kib(void)
{
        long pages = 0, resident = 0;
        FILE *in = fopen("/proc/self/statm", "r");
        GW_ASSERT(in && fscanf(in, "%ld %ld", &pages, &resident) == 2);
        fclose(in);
        return resident * 4;
}

static void many(const char *pki, const struct messages *m, uint64_t count)
{
        struct verifier *verifier = open_verifier(pki);
        for (uint64_t i = 0; i < count; i++) {
                certificate_unref(verdict(verifier, m->each[i % m->count], wall_now()));
                if (i + 1 == m->count || (i + 1) % (count / 4) == 0)
                        printf("%llu %ld\n", (unsigned long long)i + 1, resident_kib());
        }
        verifier_close(verifier);
}

int main(int argc, char **argv)
{
        uint64_t count = 0;
        bool asks_many = argc == 5 && str_eq(argv[3], "--verdicts") && text_to_u64(argv[4], 4, 100000000, &count);
        if (argc != 4 && !asks_many) {
                fprintf(stderr, "usage: verify_cost PKI RSA-MESSAGES GOST-MESSAGE|--verdicts N\n");
                return 2;
        }
        verify_init();
        struct messages rsa, gost;
        read_messages(argv[2], &rsa);
        if (asks_many) {
                many(argv[1], &rsa, count);
                return 0;
        }
        read_messages(argv[3], &gost);
        struct verifier *verifier = open_verifier(argv[1]);
        struct certificate *by_rsa = verdict(verifier, rsa.each[0], wall_now()), *by_gost = verdict(verifier, gost.each[0], wall_now());
        printf("message.bytes %zu\nrsa.warm %.1f\nrsa.floor %.1f\ngost.warm %.1f\ngost.floor %.1f\ncold.added %.1f\n", rsa.each[0].n, warm(verifier, rsa.each[0]), 2 * floor_rsa(by_rsa),
               warm(verifier, gost.each[0]), 2 * floor_gost(by_gost), cold(argv[1], &rsa));
        certificate_unref(by_rsa);
        certificate_unref(by_gost);
        verifier_close(verifier);
        return 0;
}
