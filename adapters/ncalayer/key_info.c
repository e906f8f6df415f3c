#include "adapters/ncalayer/key_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "gateway/base/base.h"

GW_DEFINE_AUTO(bio, BIO, BIO_free_all)
GW_DEFINE_AUTO(x509, X509, X509_free)

static char *name_text(const X509_NAME *name, unsigned long flags)
{
        gw_auto(bio) BIO *out = BIO_new(BIO_s_mem());
        char *p = NULL;
        GW_ASSERT(out && X509_NAME_print_ex(out, name, 0, flags & ~ASN1_STRFLGS_ESC_MSB) >= 0);
        long n = BIO_get_mem_data(out, &p);
        return xstrndup(p, n > 0 ? (size_t)n : 0);
}

static char *common_name(const X509_NAME *name)
{
        int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
        unsigned char *text = NULL;
        int n = at < 0 ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        char *copy = n > 0 ? xstrndup((char *)text, (size_t)n) : xstrdup("");
        OPENSSL_free(text);
        return copy;
}

/* Milliseconds since 1970 as text, as Java prints a Date's. */
static char *instant(const ASN1_TIME *time)
{
        struct tm tm = {0};
        return xasprintf("%lld", ASN1_TIME_to_tm(time, &tm) == 1 ? (long long)timegm(&tm) * 1000 : 0);
}

static char *serial_text(const X509 *x509)
{
        BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
        char *hex = number ? BN_bn2hex(number) : NULL, *copy = xstrdup(hex ? hex : "");
        OPENSSL_free(hex);
        BN_free(number);
        return copy;
}

json_t *key_info(const char *pem)
{
        gw_auto(bio) BIO *in = BIO_new_mem_buf(pem, -1);
        gw_auto(x509) X509 *x509 = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
        GW_ASSERT(x509); /* it was read when the person was chosen */
        const X509_NAME *subject = X509_get_subject_name(x509), *issuer = X509_get_issuer_name(x509);
        auto_str char *subject_cn = common_name(subject), *subject_dn = name_text(subject, XN_FLAG_RFC2253), *issuer_cn = common_name(issuer),
                      *issuer_dn = name_text(issuer, XN_FLAG_RFC2253), *serial = serial_text(x509), *from = instant(X509_get0_notBefore(x509)),
                      *until = instant(X509_get0_notAfter(x509));
        json_t *info = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "subjectCn", subject_cn, "subjectDn", subject_dn, "issuerCn", issuer_cn, "issuerDn", issuer_dn,
                                 "serialNumber", serial, "certNotBefore", from, "certNotAfter", until, "pem", pem);
        GW_ASSERT(info);
        return info;
}
