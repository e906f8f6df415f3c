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
        CMS_OK,
        CMS_UNREADABLE,          /* no CMS SignedData at all */
        CMS_STRUCTURE,           /* one, but not built as RFC 5652 says, or with parts that are on no list of ours */
        CMS_ALGORITHM,
        CMS_KEY,                 /* the signature algorithm is not one of the certificate's key */
        CMS_CERTIFICATE_MISSING, /* the one that the signer names */
        CMS_CONTENT_MISSING,     /* detached, and nobody gave it */
        CMS_COVERAGE,            /* what is inside is not what was given */
        CMS_DIGEST,              /* the content is not what was signed */
        CMS_VALUE,               /* the signature is not this key's over these attributes */
        CMS_PROPERTIES,          /* signed attributes: missing, repeated, of another content or certificate */
};
struct cms;
/* DER, or base64 of it, or PEM. content_type: dotted OID that eContentType must be ("1.2.840.113549.1.7.1" data, "1.2.840.113549.1.9.16.1.4" TSTInfo).
 * CMS_UNREADABLE and CMS_STRUCTURE only. Trailing bytes and unknown versions are refused. What is signed must be DER (the attributes, RFC 5652 5.4); around it, where
 * it changes no digested byte, BER's indefinite lengths are read: the wrapping elements, a content in pieces, the bag of certificates. */
GW_MUST_CHECK enum cms_problem cms_read(struct span bytes, const char *content_type, struct cms **ret_cms, struct why *detail);
void cms_free(struct cms *cms);
GW_DEFINE_AUTO(cms, struct cms, cms_free)
#define auto_cms gw_auto(cms)
/* True when these bytes look like CMS in one of the three forms (and not like XML); reading may still fail. */
bool cms_looks_like(struct span bytes);
/* What was signed, when it is inside; {NULL, 0} when detached. Borrowed. */
struct span cms_content(const struct cms *cms);
size_t cms_signer_count(const struct cms *cms);
/* The certificates that came with it, for a path to be looked for among them: nobody vouches for them. They are borrowed, the list is the caller's: sk_X509_free(). */
STACK_OF(X509) *cms_certificates(const struct cms *cms);

struct cms_signer {
        X509 *x509;                    /* the certificate that sid names, borrowed; NULL: it is not inside */
        enum gost_kind gost;           /* GOST_NONE: RSA or ECDSA */
        const char *algorithm;         /* "rsa-sha256" … for reports; "" when it is on no list */
        struct span signature;         /* the signature value: what a signature-time-stamp is over; borrowed */
        struct span time_stamp;        /* DER of the signatureTimeStampToken's ContentInfo, or {NULL, 0}; borrowed */
        struct wall_time signing_time; /* what the signer claims; .ms 0: nothing */
        bool names_certificate;        /* signingCertificate or signingCertificateV2 is there (CAdES-BES; RFC 3161 2.4.2 demands it) */
};
/* i < count. */
void cms_signer(const struct cms *cms, size_t i, struct cms_signer *ret);
/* Is signature i this certificate's over this content? Signed attributes are required (contentType, messageDigest; without them a content could pose as
 * attributes), each once; with signingCertificate(V2) it must be this certificate's, and it must be the one that sid names. content: the detached bytes, or {NULL, 0}
 * to take what is inside (both: COVERAGE unless equal). Refusals by name come before any arithmetic. Strength of the key is the caller's. */
GW_MUST_CHECK enum cms_problem cms_check_signer(const struct cms *cms, size_t i, X509 *x509, struct span content, struct why *detail);

#endif
