/* RFC 5280 section 6 for chains that are signed with GOST.
 *
 * OpenSSL decodes such certificates and their extensions, but has no key for them, and X509_verify_cert() stops at the first certificate
 * without one (X509_self_signed(), the comparison of key and signature algorithm, the security level). So the path is walked here, by
 * OpenSSL's own single checks wherever there is one. */
#include "gateway/pki/chain_gost.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "gateway/gost/der.h"

struct anchor {
        X509 *x509;
        struct gost_public_key *key;
};

struct chain_gost {
        struct anchor *anchors;
        size_t count;
};

static void free_der(unsigned char *der)
{
        OPENSSL_free(der);
}
GW_DEFINE_AUTO(der, unsigned char, free_der)
GW_DEFINE_AUTO(akid, AUTHORITY_KEYID, AUTHORITY_KEYID_free)
GW_DEFINE_AUTO(constraints, NAME_CONSTRAINTS, NAME_CONSTRAINTS_free)

/* ---- the signature ----------------------------------------------------------------------------------------------- */

static enum gost_kind algorithm_kind(const X509_ALGOR *algorithm)
{
        const ASN1_OBJECT *oid = NULL;
        int parameters = V_ASN1_UNDEF;
        X509_ALGOR_get0(&oid, &parameters, NULL, algorithm);
        if (parameters != V_ASN1_NULL && parameters != V_ASN1_UNDEF)
                return GOST_NONE;
        return gost_signature_kind(span_of(OBJ_get0_data(oid), OBJ_length(oid)));
}

enum gost_kind chain_gost_kind(const X509 *x509)
{
        return algorithm_kind(X509_get0_tbs_sigalg(x509));
}

/* The bytes that were signed, as they came: OpenSSL keeps them with the certificate. */
static bool signed_part(const X509 *x509, unsigned char **ret_der, struct span *ret_signed)
{
        int n = i2d_X509(x509, ret_der);
        struct span whole = span_of(*ret_der, n > 0 ? (size_t)n : 0), inner;
        return n > 0 && der_take(&whole, DER_SEQUENCE, &inner) && whole.n == 0 && der_take_whole(&inner, DER_SEQUENCE, ret_signed);
}

bool chain_gost_signed_by(const X509 *x509, const struct gost_public_key *key)
{
        const ASN1_BIT_STRING *value = NULL;
        const X509_ALGOR *algorithm = NULL;
        X509_get0_signature(&value, &algorithm, x509);
        enum gost_kind kind = chain_gost_kind(x509);
        if (kind == GOST_NONE || kind != gost_public_kind(key) || X509_ALGOR_cmp(X509_get0_tbs_sigalg(x509), algorithm) != 0 ||
            (value->flags & 7) != 0) /* unused bits */
                return false;
        gw_auto(der) unsigned char *der = NULL;
        struct span bytes;
        if (!signed_part(x509, &der, &bytes))
                return false;
        uint8_t digest[GOST_SIZE_MAX];
        size_t n = gost_digest(kind, bytes, digest);
        return gost_verify(key, span_of(digest, n), span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
}

/* ---- anchors ----------------------------------------------------------------------------------------------------- */

struct chain_gost *chain_gost_new(void)
{
        return xcalloc(1, sizeof(struct chain_gost));
}

void chain_gost_free(struct chain_gost *anchors)
{
        if (!anchors)
                return;
        for (size_t i = 0; i < anchors->count; i++) {
                X509_free(anchors->anchors[i].x509);
                gost_public_free(anchors->anchors[i].key);
        }
        free(anchors->anchors);
        free(anchors);
}

void chain_gost_add_anchor(struct chain_gost *anchors, X509 *x509)
{
        /* Decodes the extensions: until then X509_check_akid() sees no subject key identifier, and agrees to everything. */
        if (X509_check_purpose(x509, -1, 0) != 1)
                return;
        gw_auto(der) unsigned char *spki = NULL;
        int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
        struct gost_public_key *key = NULL;
        if (n <= 0 || !gost_public_read(span_of(spki, (size_t)n), &key))
                return;
        GW_ASSERT(X509_up_ref(x509) == 1);
        anchors->anchors = xrealloc(anchors->anchors, (anchors->count + 1) * sizeof *anchors->anchors);
        anchors->anchors[anchors->count++] = (struct anchor){x509, key};
}

/* ---- the path ---------------------------------------------------------------------------------------------------- */

/* RFC 5280 6.1.3 (a)(4), and 4.2.1.1 where the certificate says which key of the issuer it was. */
static bool names_issuer(X509 *x509, X509 *issuer)
{
        if (X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(issuer)) != 0)
                return false;
        gw_auto(akid) AUTHORITY_KEYID *akid = X509_get_ext_d2i(x509, NID_authority_key_identifier, NULL, NULL);
        return !akid || X509_check_akid(issuer, akid) == X509_V_OK;
}

/* RFC 5280 6.1.4 (k)-(n): a v3 certificate that says CA:TRUE and keyCertSign; and a path length that leaves room for what it signed. */
static int check_issuer(X509 *x509, X509 *issuer)
{
        uint32_t flags = X509_get_extension_flags(issuer);
        if (!(flags & EXFLAG_KUSAGE) || !(X509_get_key_usage(issuer) & KU_KEY_CERT_SIGN))
                return X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
        if (X509_check_ca(issuer) != 1 || X509_get_version(issuer) != X509_VERSION_3)
                return X509_V_ERR_INVALID_CA;
        long room = X509_get_pathlen(issuer); /* -1: any */
        if (room == 0 && X509_check_ca(x509) != 0)
                return X509_V_ERR_PATH_LENGTH_EXCEEDED;
        return X509_V_OK;
}

static int check_extensions(X509 *x509)
{
        uint32_t flags = X509_get_extension_flags(x509);
        if (flags & EXFLAG_INVALID)
                return X509_V_ERR_INVALID_EXTENSION;
        if (flags & EXFLAG_CRITICAL)
                return X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION;
        return flags & EXFLAG_PROXY ? X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED : X509_V_OK;
}

/* RFC 5280 6.1.3 (b), (c). */
static int check_names(X509 *x509, const X509 *issuer)
{
        int critical = 0;
        gw_auto(constraints) NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(issuer, NID_name_constraints, &critical, NULL);
        if (!constraints)
                return critical == -1 ? X509_V_OK : X509_V_ERR_INVALID_EXTENSION; /* -1: absent */
        return NAME_CONSTRAINTS_check(x509, constraints);
}

static int check_pair(X509 *x509, const struct anchor *anchor)
{
        int error = check_issuer(x509, anchor->x509);
        if (error == X509_V_OK)
                error = check_extensions(x509);
        if (error == X509_V_OK)
                error = check_extensions(anchor->x509);
        if (error == X509_V_OK)
                error = check_names(x509, anchor->x509);
        if (error == X509_V_OK && !chain_gost_signed_by(x509, anchor->key))
                error = X509_V_ERR_CERT_SIGNATURE_FAILURE;
        return error;
}

/* An authority may have several certificates of one name (a new key, a cross certificate): any that fits will do. */
X509 *chain_gost_issuer(const struct chain_gost *anchors, X509 *x509, int *ret_error)
{
        *ret_error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
        for (size_t i = 0; i < anchors->count; i++) {
                if (!names_issuer(x509, anchors->anchors[i].x509))
                        continue;
                *ret_error = check_pair(x509, &anchors->anchors[i]);
                if (*ret_error == X509_V_OK)
                        return anchors->anchors[i].x509;
        }
        ERR_clear_error();
        return NULL;
}
