/* Names and values of digests. */
#include "gateway/pki/digest.h"

#include "gateway/gost/der.h"

#define OID(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const struct { struct span oid; const EVP_MD *(*md)(void); enum gost_kind gost; bool null; } digests[] = {
        [PKI_SHA1] = {OID("\x2b\x0e\x03\x02\x1a"), EVP_sha1, GOST_NONE, false},
        [PKI_SHA256] = {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), EVP_sha256, GOST_NONE, false},
        [PKI_SHA384] = {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), EVP_sha384, GOST_NONE, false},
        [PKI_SHA512] = {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), EVP_sha512, GOST_NONE, false},
        [PKI_GOST_2004] = {OID("\x2a\x83\x0e\x03\x0a\x01\x03\x01"), NULL, GOST_2004, true},
        [PKI_GOST_2015] = {OID("\x2a\x83\x0e\x03\x0a\x01\x03\x03"), NULL, GOST_2015, true}, /* NULL as НУЦ's signers write it */
};

enum pki_digest pki_digest_read(struct span algorithm)
{
        struct span oid, parameters;
        if (!der_take(&algorithm, DER_OID, &oid))
                return PKI_DIGEST_OTHER;
        if (algorithm.n > 0 && (!der_take(&algorithm, DER_NULL, &parameters) || parameters.n > 0 || algorithm.n > 0))
                return PKI_DIGEST_OTHER;
        for (size_t i = PKI_SHA1; i < GW_COUNT(digests); i++)
                if (span_eq(oid, digests[i].oid))
                        return (enum pki_digest)i;
        return PKI_DIGEST_OTHER;
}

void pki_digest_write(enum pki_digest digest, struct buf *out)
{
        auto_buf struct buf inner = BUF_INIT;
        der_put(&inner, DER_OID, digests[digest].oid);
        if (digests[digest].null)
                der_put(&inner, DER_NULL, span_of("", 0));
        der_put(out, DER_SEQUENCE, buf_span(&inner));
}

const EVP_MD *pki_digest_md(enum pki_digest digest)
{
        return digests[digest].md ? digests[digest].md() : NULL;
}

size_t pki_digest_make(enum pki_digest digest, struct span in, uint8_t out[64])
{
        if (digests[digest].gost != GOST_NONE)
                return gost_digest(digests[digest].gost, in, out);
        unsigned n = 0;
        const EVP_MD *md = pki_digest_md(digest);
        return md && EVP_Digest(in.p, in.n, out, &n, md, NULL) == 1 ? n : 0;
}
