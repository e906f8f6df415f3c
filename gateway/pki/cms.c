/* CMS SignedData (RFC 5652), read by our own few lines instead of OpenSSL's CMS_verify(): that accepts what we do not (content without signed attributes,
 * repeated attributes, any digest, several certificates of one name), and knows neither GOST nor where the digested bytes lie. */
#include "gateway/pki/cms.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/pki/ber.h"
#include "gateway/pki/digest.h"

#define CERTIFICATES_MAX 16
#define CERTIFICATE_BYTES_MAX 16384
#define ATTRIBUTES_MAX 32
#define ATTRIBUTES_BYTES_MAX 65535

GW_DEFINE_AUTO(pkey_context, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
GW_DEFINE_AUTO(name, X509_NAME, X509_NAME_free)
static void free_der(unsigned char *der)
{
        OPENSSL_free(der);
}
GW_DEFINE_AUTO(der, unsigned char, free_der)

/* ---- names ------------------------------------------------------------------------------------------------------- */

#define OID(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const struct span oid_signed_data = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");

enum attribute {
        ATTRIBUTE_CONTENT_TYPE, /* RFC 5652 11.1 */
        ATTRIBUTE_MESSAGE_DIGEST,
        ATTRIBUTE_SIGNING_TIME,
        ATTRIBUTE_SIGNING_CERTIFICATE, /* RFC 2634 5.4 */
        ATTRIBUTE_SIGNING_CERTIFICATE_V2, /* RFC 5035 3 */
        ATTRIBUTE_ALGORITHM_PROTECTION, /* RFC 6211 */
        ATTRIBUTE_COUNTER_SIGNATURE, /* RFC 5652 11.4: never signed */
        ATTRIBUTE_COUNT,
};
static const struct span attribute_oids[] = {
        [ATTRIBUTE_CONTENT_TYPE] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"),
        [ATTRIBUTE_MESSAGE_DIGEST] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"),
        [ATTRIBUTE_SIGNING_TIME] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"),
        [ATTRIBUTE_SIGNING_CERTIFICATE] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c"),
        [ATTRIBUTE_SIGNING_CERTIFICATE_V2] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"),
        [ATTRIBUTE_ALGORITHM_PROTECTION] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34"),
        [ATTRIBUTE_COUNTER_SIGNATURE] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x06"),
};
static const struct span oid_time_stamp = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e"); /* RFC 3161 appendix A */

enum family { FAMILY_RSA, FAMILY_ECDSA, FAMILY_GOST };
struct method {
        struct span oid;
        enum family family;
        enum pki_digest digest; /* PKI_DIGEST_OTHER: the signer's digestAlgorithm (rsaEncryption, RFC 3370 3.2) */
        enum gost_kind gost;
};
static const struct method methods[] = {
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), FAMILY_RSA, PKI_DIGEST_OTHER, GOST_NONE},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), FAMILY_RSA, PKI_SHA256, GOST_NONE},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"), FAMILY_RSA, PKI_SHA384, GOST_NONE},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"), FAMILY_RSA, PKI_SHA512, GOST_NONE},
        {OID("\x2a\x86\x48\xce\x3d\x04\x03\x02"), FAMILY_ECDSA, PKI_SHA256, GOST_NONE},
        {OID("\x2a\x86\x48\xce\x3d\x04\x03\x03"), FAMILY_ECDSA, PKI_SHA384, GOST_NONE},
        {OID("\x2a\x86\x48\xce\x3d\x04\x03\x04"), FAMILY_ECDSA, PKI_SHA512, GOST_NONE},
        {OID("\x2a\x83\x0e\x03\x0a\x01\x01\x01\x02"), FAMILY_GOST, PKI_GOST_2004, GOST_2004},
        {OID("\x2a\x83\x0e\x03\x0a\x01\x01\x02\x03\x02"), FAMILY_GOST, PKI_GOST_2015, GOST_2015},
};
/* Refused by name, so that an integrator reads what to change. */
static const struct { struct span oid; const char *name; } refused_methods[] = {
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), "RSASSA-PSS"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), "RSA with SHA-1"},
        {OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"), "RSA with MD5"},
        {OID("\x2a\x86\x48\xce\x3d\x04\x01"), "ECDSA with SHA-1"},
        {OID("\x2b\x65\x70"), "Ed25519"},
        {OID("\x2a\x83\x0e\x03\x0a\x01\x01\x02\x03\x01"), "GOST 34.10-2015 with 256 bits"},
};

struct signer {
        struct span issuer, serial, key_id;   /* sid: the first two (issuer with its head), or the last */
        struct span digest_algorithm, method; /* contents of the AlgorithmIdentifiers */
        enum pki_digest digest;
        const struct method *how; /* NULL: on no list */
        struct span attributes;   /* with its head [0]; {NULL, 0}: none */
        struct span values[ATTRIBUTE_COUNT]; /* the one value of each, with its head */
        struct span signature, time_stamp;
        struct wall_time signing_time;
        X509 *x509;
};

struct cms {
        struct buf der;                 /* what was read, when it was not DER */
        struct buf pieces;              /* the content, when it came in pieces */
        struct span content_type, content;
        bool attached;
        X509 *certificates[CERTIFICATES_MAX];
        struct span certificate_ders[CERTIFICATES_MAX];
        size_t certificate_count;
        struct signer signers[CMS_SIGNERS_MAX];
        size_t signer_count;
};

static enum cms_problem say(struct why *detail, enum cms_problem problem, const char *text)
{
        gw_ignore(why_say(detail, GW_REJECT, "%s", text));
        return problem;
}
#define STRUCTURE(text) say(detail, CMS_STRUCTURE, text)

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Takes "-----BEGIN CMS-----" or PKCS7 and its end off; text between others is left as it is and will not be base64. */
static struct span without_armour(struct span s)
{
        static const char *const labels[] = {"CMS", "PKCS7"};
        for (size_t i = 0; i < GW_COUNT(labels); i++) {
                auto_str char *begin = xasprintf("-----BEGIN %s-----", labels[i]), *end = xasprintf("-----END %s-----", labels[i]);
                size_t b = strlen(begin), e = strlen(end);
                if (s.n > b + e && span_eq_str(span_of(s.p, b), begin) && span_eq_str(span_of(s.p + s.n - e, e), end))
                        return span_of(s.p + b, s.n - b - e);
        }
        return s;
}

bool cms_looks_like(struct span bytes)
{
        if (bytes.n > 1 && bytes.p[0] == DER_SEQUENCE && (bytes.p[1] & 0x80))
                return true;
        struct span text = text_trim(bytes);
        static const char armour[] = "-----BEGIN ";
        if (text.n >= sizeof armour - 1 && span_eq_str(span_of(text.p, sizeof armour - 1), armour))
                return true;
        return text.n >= 4 && text.p[0] == 'M' && text.p[1] == 'I'; /* base64 of the same */
}

static enum cms_problem to_der(struct cms *cms, struct span bytes, struct span *ret_der, struct why *detail)
{
        if (bytes.n > 2 * CMS_BYTES_MAX)
                return say(detail, CMS_UNREADABLE, "more than 8 MiB");
        *ret_der = bytes;
        if (ber_peek(bytes) != DER_SEQUENCE) {
                if (!text_unbase64(&cms->der, without_armour(text_trim(bytes))))
                        return say(detail, CMS_UNREADABLE, "neither DER nor base64");
                *ret_der = buf_span(&cms->der);
        }
        return ret_der->n > CMS_BYTES_MAX ? say(detail, CMS_UNREADABLE, "more than 8 MiB") : CMS_OK;
}

/* EncapsulatedContentInfo (5.2) */
static enum cms_problem read_content(struct cms *cms, struct span *in, const char *content_type, struct why *detail)
{
        struct span info, wrapped;
        bool there = false;
        auto_buf struct buf want = BUF_INIT;
        if (!ber_take(in, DER_SEQUENCE, &info) || !ber_take(&info, DER_OID, &cms->content_type) ||
            !ber_optional(&info, BER_CONTEXT_CONSTRUCTED(0), &there, &wrapped) || info.n != 0)
                return STRUCTURE("EncapsulatedContentInfo is ill-formed");
        if (!ber_oid_content(content_type, &want) || !span_eq(buf_span(&want), cms->content_type))
                return STRUCTURE("the content is of another type");
        if (there && (!ber_octets(&wrapped, &cms->pieces, &cms->content) || wrapped.n != 0))
                return STRUCTURE("the content is not one OCTET STRING");
        cms->attached = there;
        return CMS_OK;
}

/* CertificateSet (10.2.3): X.509 certificates and nothing else. The same one twice is one. */
static enum cms_problem read_certificates(struct cms *cms, struct span bag, struct why *detail)
{
        while (bag.n > 0) {
                struct ber element;
                if (!ber_any(&bag, &element) || element.tag != DER_SEQUENCE || element.whole.n > CERTIFICATE_BYTES_MAX)
                        return STRUCTURE("something else than X.509 certificates among the certificates");
                bool known = false;
                for (size_t i = 0; i < cms->certificate_count; i++)
                        known = known || span_eq(cms->certificate_ders[i], element.whole);
                if (known)
                        continue;
                if (cms->certificate_count == CERTIFICATES_MAX)
                        return STRUCTURE("too many certificates");
                const unsigned char *p = element.whole.p;
                X509 *x509 = d2i_X509(NULL, &p, (long)element.whole.n);
                bool whole = x509 && p == element.whole.p + element.whole.n && X509_check_purpose(x509, -1, 0) == 1; /* extensions parse, and are cached */
                ERR_clear_error();
                if (!whole) {
                        X509_free(x509);
                        return STRUCTURE("a certificate that cannot be read");
                }
                cms->certificate_ders[cms->certificate_count] = element.whole;
                cms->certificates[cms->certificate_count++] = x509;
        }
        return CMS_OK;
}

/* One SET with one value; *ret_value with its head. */
static bool single_value(struct span set, struct span *ret_value)
{
        struct ber value;
        if (!ber_any(&set, &value) || set.n != 0)
                return false;
        *ret_value = value.whole;
        return true;
}

/* SignedAttributes (5.3): DER, each type once; those we know with one value. */
static enum cms_problem read_signed_attributes(struct signer *signer, struct span in, struct why *detail)
{
        struct span oids[ATTRIBUTES_MAX];
        size_t count = 0;
        while (in.n > 0) {
                struct span attribute, set;
                if (count == ATTRIBUTES_MAX || !ber_take(&in, DER_SEQUENCE, &attribute) || !ber_take(&attribute, DER_OID, &oids[count]) ||
                    !ber_take(&attribute, BER_SET, &set) || attribute.n != 0 || set.n == 0)
                        return STRUCTURE("signed attributes are ill-formed, or too many");
                for (size_t i = 0; i < count; i++)
                        if (span_eq(oids[i], oids[count]))
                                return STRUCTURE("a signed attribute is there twice");
                for (size_t k = 0; k < ATTRIBUTE_COUNT; k++)
                        if (span_eq(oids[count], attribute_oids[k]) && !single_value(set, &signer->values[k]))
                                return STRUCTURE("a signed attribute has several values");
                count++;
        }
        struct span time = signer->values[ATTRIBUTE_SIGNING_TIME];
        if (time.p && (!ber_time(&time, &signer->signing_time) || time.n != 0))
                return STRUCTURE("signingTime is not a time");
        return CMS_OK;
}

/* RFC 5652 11.1-11.3, RFC 5035, RFC 6211: these are signed or not there; whoever reads them here reads what anybody may have put. */
static bool must_be_signed(struct span oid)
{
        for (size_t k = 0; k < ATTRIBUTE_COUNT; k++)
                if (k != ATTRIBUTE_COUNTER_SIGNATURE && span_eq(oid, attribute_oids[k]))
                        return true;
        return false;
}

/* UnsignedAttributes: nobody vouches for them. A time-stamp token vouches for itself; counter-signatures and the rest are ignored. */
static enum cms_problem read_unsigned_attributes(struct signer *signer, struct span in, struct why *detail)
{
        for (size_t count = 0; in.n > 0; count++) {
                struct span attribute, oid, set;
                if (count == ATTRIBUTES_MAX || !ber_take(&in, DER_SEQUENCE, &attribute) || !ber_take(&attribute, DER_OID, &oid) ||
                    !ber_take(&attribute, BER_SET, &set) || attribute.n != 0)
                        return STRUCTURE("unsigned attributes are ill-formed, or too many");
                if (must_be_signed(oid))
                        return STRUCTURE("an attribute that must be signed is among the unsigned ones");
                if (!span_eq(oid, oid_time_stamp))
                        continue;
                if (signer->time_stamp.p || !single_value(set, &signer->time_stamp))
                        return STRUCTURE("not exactly one time stamp in its attribute");
        }
        return CMS_OK;
}

/* SignerIdentifier and version go together (5.3): 1 issuerAndSerialNumber, 3 subjectKeyIdentifier. */
static bool read_sid(struct signer *signer, struct span *in)
{
        int64_t version = 0;
        struct span sid;
        struct ber issuer;
        if (!ber_small(in, &version))
                return false;
        if (version == 3)
                return ber_take(in, BER_CONTEXT(0), &signer->key_id) && signer->key_id.n > 0;
        if (version != 1 || !ber_take(in, DER_SEQUENCE, &sid) || !ber_any(&sid, &issuer) || issuer.tag != DER_SEQUENCE ||
            !ber_take(&sid, DER_INTEGER, &signer->serial) || sid.n != 0 || signer->serial.n == 0)
                return false;
        signer->issuer = issuer.whole;
        return true;
}

static const struct method *find_method(struct span algorithm)
{
        struct span oid, null;
        if (!ber_take(&algorithm, DER_OID, &oid) || (algorithm.n > 0 && (!ber_take(&algorithm, DER_NULL, &null) || null.n != 0 || algorithm.n != 0)))
                return NULL;
        for (size_t i = 0; i < GW_COUNT(methods); i++)
                if (span_eq(oid, methods[i].oid))
                        return &methods[i];
        return NULL;
}

static enum cms_problem read_signer(struct signer *signer, struct span in, struct why *detail)
{
        struct span before = in, attributes, unsigned_attributes;
        bool has_signed = false, has_unsigned = false;
        if (!read_sid(signer, &in))
                return STRUCTURE("SignerInfo: version and signer identifier do not fit");
        bool read = ber_take(&in, DER_SEQUENCE, &signer->digest_algorithm);
        const uint8_t *at = in.p;
        read = read && ber_optional(&in, BER_CONTEXT_CONSTRUCTED(0), &has_signed, &attributes);
        if (read && has_signed)
                signer->attributes = span_of(at, (size_t)(in.p - at));
        if (!read || !ber_take(&in, DER_SEQUENCE, &signer->method) || !ber_take(&in, DER_OCTET_STRING, &signer->signature) ||
            signer->attributes.n > ATTRIBUTES_BYTES_MAX)
                return STRUCTURE("SignerInfo is ill-formed");
        if (!ber_is_der(span_of(before.p, before.n - in.n)))
                return STRUCTURE("SignerInfo is not DER");
        if (!ber_optional(&in, BER_CONTEXT_CONSTRUCTED(1), &has_unsigned, &unsigned_attributes) || in.n != 0)
                return STRUCTURE("SignerInfo is ill-formed");
        signer->digest = pki_digest_read(signer->digest_algorithm);
        signer->how = find_method(signer->method);
        enum cms_problem problem = has_signed ? read_signed_attributes(signer, attributes, detail) : CMS_OK;
        return problem == CMS_OK && has_unsigned ? read_unsigned_attributes(signer, unsigned_attributes, detail) : problem;
}

static bool sid_names(const struct signer *signer, X509 *x509)
{
        if (signer->key_id.p) {
                const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x509);
                return id && span_eq(signer->key_id, span_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)));
        }
        gw_auto(der) unsigned char *serial = NULL;
        int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial);
        struct span whole = span_of(serial, n > 0 ? (size_t)n : 0), content;
        if (!ber_take(&whole, DER_INTEGER, &content) || !span_eq(content, signer->serial))
                return false;
        const unsigned char *p = signer->issuer.p;
        gw_auto(name) X509_NAME *issuer = d2i_X509_NAME(NULL, &p, (long)signer->issuer.n);
        ERR_clear_error();
        return issuer && X509_NAME_cmp(issuer, X509_get_issuer_name(x509)) == 0;
}

static enum cms_problem find_certificate(struct cms *cms, struct signer *signer, struct why *detail)
{
        for (size_t i = 0; i < cms->certificate_count; i++) {
                if (!sid_names(signer, cms->certificates[i]))
                        continue;
                if (signer->x509)
                        return STRUCTURE("a signer's identifier names two certificates");
                signer->x509 = cms->certificates[i];
        }
        return CMS_OK;
}

static enum cms_problem read_signers(struct cms *cms, struct span in, struct why *detail)
{
        while (in.n > 0) {
                struct span info;
                if (cms->signer_count == CMS_SIGNERS_MAX)
                        return STRUCTURE("too many signers");
                struct signer *signer = &cms->signers[cms->signer_count];
                if (!ber_take(&in, DER_SEQUENCE, &info))
                        return STRUCTURE("SignerInfos are ill-formed");
                enum cms_problem problem = read_signer(signer, info, detail);
                if (problem == CMS_OK)
                        problem = find_certificate(cms, signer, detail);
                if (problem != CMS_OK)
                        return problem;
                cms->signer_count++;
        }
        return cms->signer_count > 0 ? CMS_OK : STRUCTURE("nobody has signed");
}

/* SignedData (5.1). Versions 4 and 5 announce attribute certificates and other things that we do not take. */
static enum cms_problem read_signed_data(struct cms *cms, struct span in, const char *content_type, struct why *detail)
{
        int64_t version = 0;
        struct span digests, bag = {NULL, 0}, crls, infos;
        bool there = false;
        if (!ber_small(&in, &version) || (version != 1 && version != 3) || !ber_take(&in, BER_SET, &digests) || !ber_is_der(digests))
                return STRUCTURE("SignedData: version or digestAlgorithms");
        enum cms_problem problem = read_content(cms, &in, content_type, detail);
        if (problem != CMS_OK)
                return problem;
        if (!ber_optional(&in, BER_CONTEXT_CONSTRUCTED(0), &there, &bag))
                return STRUCTURE("the certificates are ill-formed");
        problem = there ? read_certificates(cms, bag, detail) : CMS_OK;
        if (problem != CMS_OK)
                return problem;
        /* CRLs may be there; what is revoked we ask others. */
        if (!ber_optional(&in, BER_CONTEXT_CONSTRUCTED(1), &there, &crls) || !ber_take(&in, BER_SET, &infos) || in.n != 0)
                return STRUCTURE("SignedData: SignerInfos, or what is behind them");
        return read_signers(cms, infos, detail);
}

enum cms_problem cms_read(struct span bytes, const char *content_type, struct cms **ret_cms, struct why *detail)
{
        auto_cms struct cms *cms = xcalloc(1, sizeof *cms);
        cms->der = (struct buf)BUF_LIMIT(2 * CMS_BYTES_MAX);
        cms->pieces = (struct buf)BUF_LIMIT(CMS_BYTES_MAX);
        struct span in, info, oid, wrapped, signed_data;
        enum cms_problem problem = to_der(cms, bytes, &in, detail);
        if (problem != CMS_OK)
                return problem;
        if (in.p == bytes.p) { /* spans of the parts live as long as the cms */
                buf_add_span(&cms->der, bytes);
                in = buf_span(&cms->der);
        }
        if (!ber_take(&in, DER_SEQUENCE, &info))
                return say(detail, CMS_UNREADABLE, "not a whole ASN.1 element");
        if (in.n != 0)
                return STRUCTURE("bytes after the CMS");
        if (!ber_take(&info, DER_OID, &oid) || !span_eq(oid, oid_signed_data))
                return say(detail, CMS_UNREADABLE, "not CMS SignedData");
        if (!ber_take(&info, BER_CONTEXT_CONSTRUCTED(0), &wrapped) || info.n != 0 || !ber_take(&wrapped, DER_SEQUENCE, &signed_data) || wrapped.n != 0)
                return STRUCTURE("ContentInfo is ill-formed");
        problem = read_signed_data(cms, signed_data, content_type, detail);
        if (problem == CMS_OK)
                *ret_cms = gw_take(&cms);
        return problem;
}

void cms_free(struct cms *cms)
{
        if (!cms)
                return;
        for (size_t i = 0; i < cms->certificate_count; i++)
                X509_free(cms->certificates[i]);
        buf_done(&cms->der);
        buf_done(&cms->pieces);
        free(cms);
}

/* ---- what is inside ---------------------------------------------------------------------------------------------- */

struct span cms_content(const struct cms *cms)
{
        return cms->attached ? cms->content : span_of(NULL, 0);
}

size_t cms_signer_count(const struct cms *cms)
{
        return cms->signer_count;
}

STACK_OF(X509) *cms_certificates(const struct cms *cms)
{
        STACK_OF(X509) *list = sk_X509_new_null();
        GW_ASSERT(list);
        for (size_t i = 0; i < cms->certificate_count; i++)
                GW_ASSERT(sk_X509_push(list, cms->certificates[i]) > 0);
        return list;
}

static enum pki_digest digest_of(const struct signer *signer)
{
        return signer->how && signer->how->digest != PKI_DIGEST_OTHER ? signer->how->digest : signer->digest;
}

static const char *algorithm_name(const struct signer *signer)
{
        static const char *const names[][3] = {
                [FAMILY_RSA] = {"rsa-sha256", "rsa-sha384", "rsa-sha512"},
                [FAMILY_ECDSA] = {"ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512"},
        };
        if (!signer->how)
                return "";
        if (signer->how->family == FAMILY_GOST)
                return signer->how->gost == GOST_2015 ? "gost34102015-512" : "gost34310-2004";
        enum pki_digest digest = digest_of(signer);
        return digest >= PKI_SHA256 && digest <= PKI_SHA512 ? names[signer->how->family][digest - PKI_SHA256] : "";
}

void cms_signer(const struct cms *cms, size_t i, struct cms_signer *ret)
{
        GW_ASSERT(i < cms->signer_count);
        const struct signer *signer = &cms->signers[i];
        *ret = (struct cms_signer){
                .x509 = signer->x509,
                .gost = signer->how ? signer->how->gost : GOST_NONE,
                .algorithm = algorithm_name(signer),
                .signature = signer->signature,
                .time_stamp = signer->time_stamp,
                .signing_time = signer->signing_time,
                .names_certificate = signer->values[ATTRIBUTE_SIGNING_CERTIFICATE].p || signer->values[ATTRIBUTE_SIGNING_CERTIFICATE_V2].p,
        };
}

/* ---- one signature ----------------------------------------------------------------------------------------------- */

static enum cms_problem check_algorithms(const struct signer *signer, struct why *detail)
{
        struct span algorithm = signer->method, oid;
        bool named = ber_take(&algorithm, DER_OID, &oid);
        for (size_t i = 0; named && i < GW_COUNT(refused_methods); i++)
                if (span_eq(oid, refused_methods[i].oid))
                        return say(detail, CMS_ALGORITHM, refused_methods[i].name);
        if (signer->digest == PKI_SHA1)
                return say(detail, CMS_ALGORITHM, "SHA-1");
        if (!signer->how || signer->digest == PKI_DIGEST_OTHER)
                return say(detail, CMS_ALGORITHM, "a signature or digest algorithm that is not on the list");
        if (digest_of(signer) != signer->digest)
                return say(detail, CMS_ALGORITHM, "signatureAlgorithm and digestAlgorithm do not fit");
        if (signer->how->family != FAMILY_GOST && (signer->digest == PKI_GOST_2004 || signer->digest == PKI_GOST_2015))
                return say(detail, CMS_ALGORITHM, "RSA with a GOST digest");
        return CMS_OK;
}

/* ESSCertID and ESSCertIDv2: the first identifies the signer's certificate (RFC 5035 5.1.1). */
static bool certificate_id_matches(struct span value, bool v2, X509 *x509)
{
        struct span attribute, ids, id, algorithm, hash, issuer_serial, names, name, serial;
        bool there = false;
        if (!ber_take(&value, DER_SEQUENCE, &attribute) || value.n != 0 || !ber_take(&attribute, DER_SEQUENCE, &ids) || !ber_take(&ids, DER_SEQUENCE, &id))
                return false;
        enum pki_digest digest = v2 ? PKI_SHA256 : PKI_SHA1;
        if (v2 && !ber_optional(&id, DER_SEQUENCE, &there, &algorithm))
                return false;
        if (there)
                digest = pki_digest_read(algorithm);
        if ((v2 && digest == PKI_SHA1) || !ber_take(&id, DER_OCTET_STRING, &hash))
                return false;
        gw_auto(der) unsigned char *certificate = NULL;
        int n = i2d_X509(x509, &certificate);
        uint8_t made[64];
        size_t size = n > 0 ? pki_digest_make(digest, span_of(certificate, (size_t)n), made) : 0;
        if (size == 0 || !span_eq(hash, span_of(made, size)))
                return false;
        if (id.n == 0)
                return true;
        /* IssuerSerial: GeneralNames with one directoryName, and the serial number. */
        if (!ber_take(&id, DER_SEQUENCE, &issuer_serial) || id.n != 0 || !ber_take(&issuer_serial, DER_SEQUENCE, &names) ||
            !ber_take(&issuer_serial, DER_INTEGER, &serial) || issuer_serial.n != 0 || !ber_take(&names, BER_CONTEXT_CONSTRUCTED(4), &name) || names.n != 0)
                return false;
        struct signer named = {.issuer = name, .serial = serial};
        return sid_names(&named, x509);
}

/* RFC 6211: digestAlgorithm and [1] signatureAlgorithm of the signer, once more, where nobody can exchange them. */
static bool algorithms_protected(const struct signer *signer)
{
        struct span value = signer->values[ATTRIBUTE_ALGORITHM_PROTECTION], protection, digest, method;
        if (!value.p)
                return true;
        return ber_take(&value, DER_SEQUENCE, &protection) && value.n == 0 && ber_take(&protection, DER_SEQUENCE, &digest) &&
               ber_take(&protection, BER_CONTEXT_CONSTRUCTED(1), &method) && protection.n == 0 && span_eq(digest, signer->digest_algorithm) &&
               span_eq(method, signer->method);
}

static enum cms_problem check_attributes(const struct cms *cms, const struct signer *signer, X509 *x509, struct why *detail)
{
        const struct span *values = signer->values;
        if (!signer->attributes.p)
                return say(detail, CMS_PROPERTIES, "no signed attributes");
        struct span type = values[ATTRIBUTE_CONTENT_TYPE], oid, digest = values[ATTRIBUTE_MESSAGE_DIGEST], ignored;
        if (!type.p || !ber_take(&type, DER_OID, &oid) || type.n != 0 || !span_eq(oid, cms->content_type))
                return say(detail, CMS_PROPERTIES, "contentType is missing, or is another");
        if (!digest.p || !ber_take(&digest, DER_OCTET_STRING, &ignored) || digest.n != 0)
                return say(detail, CMS_PROPERTIES, "messageDigest is missing");
        if (values[ATTRIBUTE_COUNTER_SIGNATURE].p)
                return say(detail, CMS_PROPERTIES, "a counter-signature among the signed attributes");
        if (!algorithms_protected(signer))
                return say(detail, CMS_PROPERTIES, "CMSAlgorithmProtection names other algorithms");
        if (values[ATTRIBUTE_SIGNING_CERTIFICATE].p && !certificate_id_matches(values[ATTRIBUTE_SIGNING_CERTIFICATE], false, x509))
                return say(detail, CMS_PROPERTIES, "signingCertificate is another certificate");
        if (values[ATTRIBUTE_SIGNING_CERTIFICATE_V2].p && !certificate_id_matches(values[ATTRIBUTE_SIGNING_CERTIFICATE_V2], true, x509))
                return say(detail, CMS_PROPERTIES, "signingCertificateV2 is another certificate");
        return CMS_OK;
}

static enum cms_problem choose_content(const struct cms *cms, struct span given, struct span *ret_content, struct why *detail)
{
        if (!given.p && !cms->attached)
                return say(detail, CMS_CONTENT_MISSING, "the content is not inside, and was not given");
        if (given.p && cms->attached && !span_eq(given, cms->content))
                return say(detail, CMS_COVERAGE, "the content inside is not the one that was given");
        *ret_content = given.p ? given : cms->content;
        return CMS_OK;
}

static enum cms_problem check_digest(const struct signer *signer, struct span content, struct why *detail)
{
        uint8_t made[64];
        size_t n = pki_digest_make(signer->digest, content, made);
        struct span value = signer->values[ATTRIBUTE_MESSAGE_DIGEST], digest;
        if (n > 0 && ber_take(&value, DER_OCTET_STRING, &digest) && span_eq(digest, span_of(made, n)))
                return CMS_OK;
        return say(detail, CMS_DIGEST, "messageDigest is not the digest of the content");
}

static bool verify_gost(const struct signer *signer, X509 *x509, struct span digest, bool *ret_key_fits)
{
        gw_auto(der) unsigned char *spki = NULL;
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
        gw_auto(gost_public) struct gost_public_key *key = NULL;
        *ret_key_fits = n > 0 && gost_public_read(span_of(spki, (size_t)n), &key) && gost_public_kind(key) == signer->how->gost;
        return *ret_key_fits && gost_verify(key, digest, signer->signature);
}

static bool key_fits(const struct signer *signer, EVP_PKEY *key)
{
        if (signer->how->family == FAMILY_RSA)
                return key && EVP_PKEY_is_a(key, "RSA");
        char curve[32] = "";
        size_t n = 0;
        return key && EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof curve, &n) == 1 &&
               (str_eq(curve, "prime256v1") || str_eq(curve, "secp384r1"));
}

static bool verify_openssl(const struct signer *signer, X509 *x509, struct span digest, bool *ret_key_fits)
{
        EVP_PKEY *key = X509_get0_pubkey(x509);
        *ret_key_fits = key_fits(signer, key);
        if (!*ret_key_fits)
                return false;
        gw_auto(pkey_context) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
        return ctx && EVP_PKEY_verify_init(ctx) == 1 &&
               (signer->how->family != FAMILY_RSA || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
               EVP_PKEY_CTX_set_signature_md(ctx, pki_digest_md(signer->digest)) == 1 &&
               EVP_PKEY_verify(ctx, signer->signature.p, signer->signature.n, digest.p, digest.n) == 1;
}

/* 5.4: over the attributes as SET OF, whose tag is not the one they are sent with. */
static enum cms_problem check_value(const struct signer *signer, X509 *x509, struct why *detail)
{
        auto_buf struct buf attributes = BUF_INIT;
        buf_add_char(&attributes, BER_SET);
        buf_add(&attributes, signer->attributes.p + 1, signer->attributes.n - 1);
        uint8_t made[64];
        size_t n = pki_digest_make(signer->digest, buf_span(&attributes), made);
        bool fits = true, good = false;
        if (n > 0)
                good = signer->how->family == FAMILY_GOST ? verify_gost(signer, x509, span_of(made, n), &fits)
                                                          : verify_openssl(signer, x509, span_of(made, n), &fits);
        ERR_clear_error();
        if (!fits)
                return say(detail, CMS_KEY, "signatureAlgorithm is not one of the certificate's key");
        return good ? CMS_OK : say(detail, CMS_VALUE, "the signature value is not this key's over the signed attributes");
}

enum cms_problem cms_check_signer(const struct cms *cms, size_t i, X509 *x509, struct span content, struct why *detail)
{
        GW_ASSERT(i < cms->signer_count);
        const struct signer *signer = &cms->signers[i];
        if (!x509 || !sid_names(signer, x509))
                return say(detail, CMS_CERTIFICATE_MISSING, "no certificate that the signer names");
        enum cms_problem problem = check_algorithms(signer, detail);
        if (problem == CMS_OK)
                problem = check_attributes(cms, signer, x509, detail);
        struct span covered = {NULL, 0};
        if (problem == CMS_OK)
                problem = choose_content(cms, content, &covered, detail);
        if (problem == CMS_OK)
                problem = check_digest(signer, covered, detail);
        return problem == CMS_OK ? check_value(signer, x509, detail) : problem;
}
