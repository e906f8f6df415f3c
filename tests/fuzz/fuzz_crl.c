/* crl_read, crl_apply_delta: a list counts only when the authority signed it; and then it says what OpenSSL reads in it. */
#include "tests/fuzz/fuzz_revocation.h"

static X509 *issuer, *good, *revoked, *fuzz_issuer, *fuzz_leaf;
static EVP_PKEY *key;
static struct wall_time at;
static struct crl *base;

/* CN=fuzz's complete list, number 10, on which the leaf is on hold. */
static void make_base(void)
{
        X509_CRL *list = X509_CRL_new();
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        ASN1_TIME *then = ASN1_TIME_set(NULL, (time_t)(fuzz_now().ms / 1000 - 3600));
        GW_ASSERT(ASN1_INTEGER_set(number, FUZZ_SERIAL) && X509_REVOKED_set_serialNumber(entry, number) && X509_REVOKED_set_revocationDate(entry, then));
        GW_ASSERT(X509_CRL_add0_revoked(list, entry) && X509_CRL_set_version(list, X509_CRL_VERSION_2) && X509_CRL_set1_lastUpdate(list, then));
        GW_ASSERT(X509_CRL_set_issuer_name(list, X509_get_subject_name(fuzz_issuer)) && ASN1_INTEGER_set(number, 10));
        GW_ASSERT(X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0) == 1 && X509_CRL_sign(list, key, EVP_sha256()) > 0);
        unsigned char *der = NULL;
        int n = i2d_X509_CRL(list, &der);
        struct crl_rules rules = {.now = fuzz_now()};
        struct why why = WHY_INIT;
        GW_ASSERT(n > 0 && crl_read(span_of(der, (size_t)n), fuzz_issuer, &rules, &base, &why) == GW_OK);
        OPENSSL_free(der);
        ASN1_INTEGER_free(number);
        ASN1_TIME_free(then);
        X509_CRL_free(list);
}

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
        make_base();
}

static void raw(struct span in)
{
        struct crl_rules rules = {.now = at, .skew_ms = 60000};
        struct revocation_status status;
        struct why why = WHY_INIT;
        auto_crl struct crl *crl = NULL;
        if (crl_read(in, issuer, &rules, &crl, &why) != GW_OK) {
                GW_ASSERT(!crl && *why.detail);
                return;
        }
        crl_status(crl, good, &rules, &status);
        GW_ASSERT(status.answer == REVOCATION_GOOD);
        crl_status(crl, revoked, &rules, &status);
        GW_ASSERT(status.answer == REVOCATION_BAD);
}

/* OpenSSL must find the leaf where we do, and nowhere else. It may refuse what we take (object identifiers that are none, say). */
static void compare(const struct crl *ours, struct span list, const struct crl_rules *rules)
{
        const unsigned char *p = list.p;
        X509_CRL *theirs = d2i_X509_CRL(NULL, &p, (long)list.n);
        X509_REVOKED *entry = NULL;
        struct revocation_status status;
        crl_status(ours, fuzz_leaf, rules, &status);
        if (theirs && status.answer != REVOCATION_UNKNOWN) {
                GW_ASSERT(X509_CRL_verify(theirs, key) == 1);
                bool found = X509_CRL_get0_by_serial(theirs, &entry, X509_get0_serialNumber(fuzz_leaf)) != 0;
                GW_ASSERT(found == (status.answer == REVOCATION_BAD));
        }
        X509_CRL_free(theirs);
        ERR_clear_error();
}

static void signed_here(struct span tbs)
{
        if (tbs.n > 60000)
                return;
        auto_buf struct buf list = BUF_INIT;
        fuzz_signed(&list, tbs, key);
        struct crl_rules rules = {.now = fuzz_now(), .skew_ms = 60000, .age_max_ms = 86400000};
        struct why why = WHY_INIT;
        auto_crl struct crl *crl = NULL, *both = NULL;
        if (crl_read(buf_span(&list), fuzz_issuer, &rules, &crl, &why) == GW_OK)
                compare(crl, buf_span(&list), &rules);
        struct crl_facts facts, base_facts;
        if (crl_apply_delta(base, buf_span(&list), fuzz_issuer, &rules, &both, &why) != GW_OK)
                return;
        GW_ASSERT(!crl); /* no list is both */
        crl_facts(both, &facts);
        crl_facts(base, &base_facts);
        GW_ASSERT(facts.this_update.ms >= base_facts.this_update.ms && memcmp(facts.base_sha256, base_facts.sha256, 32) == 0);
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
