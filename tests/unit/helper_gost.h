/* What the tests of GOST share: certificates and keys of the test PKI and of the public vectors as DER. */
#ifndef TESTS_UNIT_HELPER_GOST_H
#define TESTS_UNIT_HELPER_GOST_H

#include <openssl/err.h>
#include <openssl/pem.h>

#include "gateway/gost/der.h"
#include "gateway/gost/gost.h"
#include "tests/unit/helper_xmlsec1.h"

GW_DEFINE_AUTO(x509, X509, X509_free)

/* PEM or DER. NULL when it is none. */
GW_UNUSED static X509 *x509_read(const char *path)
{
        auto_buf struct buf bytes = BUF_INIT;
        if (!text_read_file(path, &bytes))
                fail_msg("%s cannot be read (EGOV_PKI?)", path);
        const unsigned char *p = bytes.p;
        X509 *x509 = d2i_X509(NULL, &p, (long)bytes.n);
        if (x509)
                return x509;
        BIO *bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
        x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        ERR_clear_error();
        return x509;
}

GW_UNUSED static X509 *pki_x509(const char *folder, const char *name)
{
        auto_str char *path = pki_file(folder, name, ".pem");
        return x509_read(path);
}

GW_UNUSED static void spki_of(const X509 *x509, struct buf *out)
{
        unsigned char *der = NULL;
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
        assert_true(n > 0);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
}

GW_UNUSED static struct gost_public_key *public_of(const X509 *x509)
{
        auto_buf struct buf spki = BUF_INIT;
        spki_of(x509, &spki);
        struct gost_public_key *key = NULL;
        gw_ignore(!gost_public_read(buf_span(&spki), &key)); /* NULL tells */
        return key;
}

/* DER of a key of the test PKI. */
GW_UNUSED static void pki_pkcs8(const char *name, struct buf *out)
{
        auto_str char *path = pki_file("keys", name, ".key"), *pem = read_file(path);
        const char *from = strstr(pem, "KEY-----"), *to = from ? strstr(from, "-----END") : NULL;
        assert_non_null(to);
        from += strlen("KEY-----");
        assert_true(text_unbase64(out, span_of(from, (size_t)(to - from))));
}

#endif
