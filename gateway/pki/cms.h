/* CMS SignedData (RFC 5652) with CAdES-BES attributes (ETSI EN 319 122-1): structure against an allow-list, then the arithmetic. Whether the signer
 * is trusted is the caller's question. */
#ifndef GW_PKI_CMS_H
#define GW_PKI_CMS_H

#include <openssl/x509.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/why.h"
#include "gateway/gost/gost.h"

#define CMS_SIGNERS_MAX 8
#define CMS_BYTES_MAX ((size_t)8 << 20)

enum cms_problem { /* verify/ turns these into enum sig_problem */
        CMS_OK, CMS_UNREADABLE, CMS_STRUCTURE, CMS_ALGORITHM, CMS_CERTIFICATE_MISSING, CMS_CONTENT_MISSING, CMS_COVERAGE, CMS_DIGEST, CMS_VALUE, CMS_PROPERTIES,
};
struct cms;
/* DER, or base64 of it, or PEM. content_type: dotted OID that eContentType must be ("1.2.840.113549.1.7.1" data, "1.2.840.113549.1.9.16.1.4" TSTInfo).
 * CMS_UNREADABLE and CMS_STRUCTURE only. Trailing bytes, BER indefinite lengths in what is signed, and unknown versions are refused. */
GW_MUST_CHECK enum cms_problem cms_read(struct span bytes, const char *content_type, struct cms **ret_cms, struct why *detail);
void cms_free(struct cms *cms);
GW_DEFINE_AUTO(cms, struct cms, cms_free)
#define auto_cms gw_auto(cms)
/* What was signed, when it is inside; {NULL, 0} when detached. Borrowed. */
struct span cms_content(const struct cms *cms);
size_t cms_signer_count(const struct cms *cms);

struct cms_signer {
        X509 *x509;                    /* the certificate that sid names, borrowed; NULL: it is not inside */
        enum gost_kind gost;           /* GOST_NONE: RSA or ECDSA */
        const char *algorithm;         /* "rsa-sha256" … for reports */
        struct span signature;         /* the signature value: what a signature-time-stamp is over; borrowed */
        struct span time_stamp;        /* DER of the signatureTimeStampToken's ContentInfo, or {NULL, 0}; borrowed */
        struct wall_time signing_time; /* what the signer claims; .ms 0: nothing */
};
/* GW_OK always for i < count. */
void cms_signer(const struct cms *cms, size_t i, struct cms_signer *ret);
/* Is signature i this certificate's over this content? Signed attributes are required (contentType, messageDigest; without them a content could pose as
 * attributes), each once; with signingCertificate(V2) it must be this certificate's. content: the detached bytes, or {NULL, 0} to take what is inside (both: COVERAGE unless equal). */
GW_MUST_CHECK enum cms_problem cms_check_signer(const struct cms *cms, size_t i, X509 *x509, struct span content, struct why *detail);

#endif
