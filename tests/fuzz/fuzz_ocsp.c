/* ocsp_check: an answer counts only when the authority gave it; and then it says what OpenSSL reads in it. */
#include <openssl/ocsp.h>

#include "tests/fuzz/fuzz_revocation.h"

static X509 *issuer, *good, *revoked, *fuzz_issuer, *fuzz_leaf;
static EVP_PKEY *key;
static struct wall_time at;

static void prepare(void)
{
        if (key)
                return;
        issuer = fuzz_certificate("revocation/issuer.pem");
        good = fuzz_certificate("revocation/good.pem");
        revoked = fuzz_certificate("revocation/revoked.pem");
        auto_str char *text = fuzz_material("revocation/at");
        GW_ASSERT(clock_parse_iso(text, &at) == GW_OK);
        key = fuzz_key();
        fuzz_issuer = fuzz_make(key, false);
        fuzz_leaf = fuzz_make(key, true);
}

/* Of the two certificates one was said to be good and the other to be revoked, never anything else. */
static void raw(struct span in)
{
        struct ocsp_rules rules = {.now = at, .skew_ms = 60000, .age_max_ms = 3600000};
        struct revocation_status status;
        struct why why = WHY_INIT;
        if (ocsp_check(in, good, issuer, &rules, &status, &why) == GW_OK)
                GW_ASSERT(status.answer == REVOCATION_GOOD);
        if (ocsp_check(in, revoked, issuer, &rules, &status, &why) == GW_OK)
                GW_ASSERT(status.answer == REVOCATION_BAD);
}

/* What OpenSSL finds for the leaf: one answer like ours, and none that contradicts. */
static void compare(struct span response, enum revocation_answer ours)
{
        const unsigned char *p = response.p;
        OCSP_RESPONSE *theirs = d2i_OCSP_RESPONSE(NULL, &p, (long)response.n);
        OCSP_BASICRESP *basic = theirs ? OCSP_response_get1_basic(theirs) : NULL;
        bool found = false;
        for (int sha1 = 0; basic && sha1 <= 1; sha1++) {
                OCSP_CERTID *id = OCSP_cert_to_id(sha1 ? EVP_sha1() : EVP_sha256(), fuzz_leaf, fuzz_issuer);
                for (int i = OCSP_resp_find(basic, id, -1); i >= 0; i = OCSP_resp_find(basic, id, i)) {
                        int status = OCSP_single_get0_status(OCSP_resp_get0(basic, i), NULL, NULL, NULL, NULL);
                        GW_ASSERT(status == (ours == REVOCATION_GOOD ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_REVOKED));
                        found = true;
                }
                OCSP_CERTID_free(id);
        }
        GW_ASSERT(found || !basic);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(theirs);
        ERR_clear_error();
}

static void signed_here(struct span tbs)
{
        if (tbs.n > 60000)
                return;
        auto_buf struct buf basic = BUF_INIT, response = BUF_INIT, octets = BUF_INIT, typed = BUF_INIT;
        fuzz_signed(&basic, tbs, key);
        fuzz_head(&octets, 0x04, basic.n);
        fuzz_head(&typed, 0x30, 11 + octets.n + basic.n);
        size_t inner = typed.n + 11 + octets.n + basic.n;
        auto_buf struct buf explicit_head = BUF_INIT;
        fuzz_head(&explicit_head, 0xa0, inner);
        fuzz_head(&response, 0x30, 3 + explicit_head.n + inner);
        buf_add(&response, "\x0a\x01\x00", 3);
        buf_add_span(&response, buf_span(&explicit_head));
        buf_add_span(&response, buf_span(&typed));
        buf_add(&response, "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01", 11);
        buf_add_span(&response, buf_span(&octets));
        buf_add_span(&response, buf_span(&basic));
        struct ocsp_rules rules = {.now = fuzz_now(), .skew_ms = 60000, .age_max_ms = 3600000, .nonce = span_str("0123456789abcdef0123456789abcdef")};
        struct revocation_status status;
        struct why why = WHY_INIT;
        if (ocsp_check(buf_span(&response), fuzz_leaf, fuzz_issuer, &rules, &status, &why) != GW_OK) {
                GW_ASSERT(*why.detail);
                return;
        }
        GW_ASSERT(status.answer == REVOCATION_GOOD || status.answer == REVOCATION_BAD);
        GW_ASSERT(status.this_update.ms <= rules.now.ms + rules.skew_ms && status.this_update.ms >= rules.now.ms - rules.age_max_ms);
        GW_ASSERT(status.next_update.ms == 0 || status.next_update.ms >= rules.now.ms - rules.skew_ms);
        compare(buf_span(&response), status.answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        prepare();
        if (size > 0 && data[0] == '!')
                signed_here(span_of(data + 1, size - 1));
        else
                raw(span_of(data, size));
        GW_ASSERT(ERR_peek_error() == 0);
        return 0;
}
