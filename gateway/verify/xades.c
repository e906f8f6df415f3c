/* XAdES properties: one allow-list of elements, judged by their place and not by their ids. */
#include "gateway/verify/xades.h"

#include <string.h>

#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/gost/der.h"
#include "gateway/soap/soap.h"
#include "gateway/xml/xml.h"

#define CERTIFICATES_MAX 8
#define TOKEN_BYTES_MAX ((size_t)64 << 10)
#define DER_ENCODING "http://uri.etsi.org/01903/v1.2.2#DER" /* the default of EncapsulatedPKIDataType (TS 101 903 7.1.2) */
#define C14N_10 "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"

#define REFUSE(...) sig_refuse(why, shape->party, SIG_PROPERTIES, __VA_ARGS__)

GW_DEFINE_AUTO(integer, ASN1_INTEGER, ASN1_INTEGER_free)

/* ---- small readers ---- */

/* Elements only, with nothing but blanks between them, and only these attributes. */
static bool is_container(const xmlNode *node, const char *first, const char *second)
{
        for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
                if (attr->ns || !(str_eq((const char *)attr->name, first) || str_eq((const char *)attr->name, second)))
                        return false;
        for (const xmlNode *child = node->children; child; child = child->next)
                if (child->type != XML_ELEMENT_NODE && !xmlIsBlankNode(child))
                        return false;
        return true;
}

static xmlAttr *attribute(const xmlNode *node, const char *name)
{
        for (xmlAttr *attr = node->properties; attr; attr = attr->next)
                if (!attr->ns && str_eq((const char *)attr->name, name))
                        return attr;
        return NULL;
}

static bool is_xades(const xmlNode *node, const char *name)
{
        return xml_is(node, XADES_NS, name);
}

/* "#id" */
static bool names(const char *reference, const char *id)
{
        return reference && id && *id && reference[0] == '#' && str_eq(reference + 1, id);
}

static const xmlNode *next_in_tree(const xmlNode *node)
{
        if (node->type == XML_ELEMENT_NODE && node->children)
                return node->children;
        while (node && !node->next)
                node = node->parent;
        return node ? node->next : NULL;
}

/* How many attributes that some program may take for an id have this value. */
static unsigned count_ids(xmlDoc *doc, const char *value)
{
        unsigned count = 0;
        for (const xmlNode *node = xmlDocGetRootElement(doc); node; node = next_in_tree(node)) {
                if (node->type != XML_ELEMENT_NODE)
                        continue;
                for (xmlAttr *attr = node->properties; attr; attr = attr->next)
                        if (strcasecmp((const char *)attr->name, "id") == 0 && attr->children && !attr->children->next &&
                            str_eq((const char *)attr->children->content, value))
                                count++;
        }
        return count;
}

/* ---- SignedProperties ---- */

/* Implied: the policy is what the parties have agreed elsewhere. Any other would have rules that we do not know (5.2.9). */
static enum gw_rc read_policy(const struct sig_shape *shape, const xmlNode *node, struct why *why)
{
        const xmlNode *implied = xml_first_element(node);
        if (!is_container(node, "", "") || !is_xades(implied, "SignaturePolicyImplied") || xml_next_element(implied))
                return REFUSE("SignaturePolicyIdentifier: only SignaturePolicyImplied is accepted");
        return GW_OK;
}

static enum gw_rc read_signing_time(const struct sig_shape *shape, const xmlNode *node, struct xades *xades, struct why *why)
{
        auto_str char *text = xml_text(node);
        if (xades->signing_time.ms != 0 || !text || clock_parse_iso(text, &xades->signing_time) != GW_OK)
                return REFUSE("SigningTime is not one date and time");
        return GW_OK;
}

/* SignatureProductionPlace changes nothing that we decide. SignerRole and whatever else is signed could: it is not skipped. */
static enum gw_rc read_signature_properties(const struct sig_shape *shape, const xmlNode *properties, struct xades *xades, struct why *why)
{
        enum gw_rc rc = GW_OK;
        for (const xmlNode *node = xml_first_element(properties); rc == GW_OK && node; node = xml_next_element(node)) {
                if (is_xades(node, "SigningTime"))
                        rc = read_signing_time(shape, node, xades, why);
                else if (is_xades(node, "SigningCertificate") || is_xades(node, "SigningCertificateV2")) {
                        if (xades->certificates)
                                return REFUSE("more than one SigningCertificate");
                        xades->certificates = node;
                } else if (is_xades(node, "SignaturePolicyIdentifier"))
                        rc = read_policy(shape, node, why);
                else if (!is_xades(node, "SignatureProductionPlace") && !is_xades(node, "SignatureProductionPlaceV2"))
                        return REFUSE("a signed property that is not accepted (%s)", is_xades(node, "SignerRole") || is_xades(node, "SignerRoleV2")
                                      ? "SignerRole" : "not of a baseline signature");
        }
        if (rc == GW_OK && !xades->certificates)
                return REFUSE("no SigningCertificate");
        return rc;
}

/* DataObjectFormat says of what media type the document is, and must say it of a Reference of this signature (5.2.4). */
static enum gw_rc read_object_properties(const struct sig_shape *shape, const xmlNode *properties, struct why *why)
{
        if (!is_container(properties, "Id", ""))
                return REFUSE("SignedDataObjectProperties has unexpected content");
        const xmlNode *signed_info = xml_first_element(shape->signature);
        for (const xmlNode *node = xml_first_element(properties); node; node = xml_next_element(node)) {
                if (!is_xades(node, "DataObjectFormat"))
                        return REFUSE("a signed property of the data that is not accepted");
                auto_str char *about = xml_attribute(node, NULL, "ObjectReference");
                bool found = false;
                for (const xmlNode *reference = xml_child(signed_info, DSIG_NS, "Reference"); reference; reference = xml_next_element(reference)) {
                        auto_str char *id = xml_attribute(reference, NULL, "Id");
                        found = found || names(about, id);
                }
                if (!found)
                        return REFUSE("DataObjectFormat is about no Reference of this Signature");
        }
        return GW_OK;
}

static enum gw_rc read_signed(const struct sig_shape *shape, const xmlNode *properties, struct xades *xades, struct why *why)
{
        const xmlNode *of_signature = xml_first_element(properties), *of_objects = xml_next_element(of_signature);
        if (!is_xades(properties, "SignedProperties") || !is_container(properties, "Id", "") || !is_xades(of_signature, "SignedSignatureProperties") ||
            !is_container(of_signature, "Id", "") || (of_objects && !is_xades(of_objects, "SignedDataObjectProperties")) || xml_next_element(of_objects))
                return REFUSE("SignedProperties is not SignedSignatureProperties and SignedDataObjectProperties");
        xades->id = attribute(properties, "Id");
        auto_str char *id = xml_attribute(properties, NULL, "Id");
        if (!xades->id || !str_eq(id, shape->ids[shape->properties_reference]))
                return REFUSE("the signed properties are not those of this Signature");
        if (count_ids(shape->signature->doc, id) != 1)
                return sig_refuse(why, shape->party, SIG_ID_DUPLICATE, "the Id of SignedProperties is not unique");
        enum gw_rc rc = read_signature_properties(shape, of_signature, xades, why);
        return rc == GW_OK && of_objects ? read_object_properties(shape, of_objects, why) : rc;
}

/* ---- UnsignedProperties ---- */

/* Anybody may add to them, so they are taken for nothing: only the time stamp is looked at, and proves itself. One: of several it would be a
 * guess which one counts. */
static enum gw_rc read_unsigned(const struct sig_shape *shape, const xmlNode *properties, struct xades *xades, struct why *why)
{
        const xmlNode *of_signature = xml_first_element(properties);
        if (!is_xades(properties, "UnsignedProperties") || !is_container(properties, "Id", ""))
                return REFUSE("unexpected element in QualifyingProperties");
        for (const xmlNode *node = is_xades(of_signature, "UnsignedSignatureProperties") ? xml_first_element(of_signature) : NULL; node;
             node = xml_next_element(node)) {
                if (!is_xades(node, "SignatureTimeStamp"))
                        continue;
                if (xades->stamp)
                        return sig_refuse(why, shape->party, SIG_TIMESTAMP, "more than one SignatureTimeStamp");
                xades->stamp = node;
        }
        return GW_OK;
}

enum gw_rc xades_read(const struct sig_shape *shape, struct xades *ret_xades, struct why *why)
{
        struct xades made = {0};
        const xmlNode *qualifying = xml_first_element(shape->object);
        if (!is_container(shape->object, "Id", "") || !is_xades(qualifying, "QualifyingProperties") || !is_container(qualifying, "Target", "Id") ||
            xml_next_element(qualifying))
                return REFUSE("Object is not one QualifyingProperties");
        auto_str char *target = xml_attribute(qualifying, NULL, "Target"), *id = xml_attribute(shape->signature, NULL, "Id");
        if (!names(target, id))
                return REFUSE("Target is not this Signature");
        if (count_ids(shape->signature->doc, id) != 1)
                return sig_refuse(why, shape->party, SIG_ID_DUPLICATE, "the Id of Signature is not unique");
        const xmlNode *properties = xml_first_element(qualifying), *more = xml_next_element(properties);
        if (xml_next_element(more))
                return REFUSE("unexpected element in QualifyingProperties");
        enum gw_rc rc = read_signed(shape, properties, &made, why);
        if (rc == GW_OK && more)
                rc = read_unsigned(shape, more, &made, why);
        if (rc == GW_OK)
                *ret_xades = made;
        return rc;
}

/* ---- the signer's certificate ---- */

static const unsigned char *openssl_digest(const char *uri, struct span in, uint8_t out[64], size_t *ret_size)
{
        *ret_size = 0;
        if (str_eq(uri, "http://www.w3.org/2001/04/xmlenc#sha256")) {
                *ret_size = 32;
                return SHA256(in.p, in.n, out);
        }
        if (str_eq(uri, "http://www.w3.org/2001/04/xmldsig-more#sha384")) {
                *ret_size = 48;
                return SHA384(in.p, in.n, out);
        }
        if (str_eq(uri, "http://www.w3.org/2001/04/xmlenc#sha512")) {
                *ret_size = 64;
                return SHA512(in.p, in.n, out);
        }
        return NULL;
}

/* 0: the algorithm is not on the list. */
static size_t digest(const char *uri, struct span in, uint8_t out[64])
{
        size_t size = 0;
        if (openssl_digest(uri, in, out, &size))
                return size;
        if (str_eq(uri, GOST_2015_DIGEST_URI))
                return gost_digest(GOST_2015, in, out);
        if (str_eq(uri, GOST_2004_DIGEST_URI))
                return gost_digest(GOST_2004, in, out);
        return 0;
}

/* IssuerSerial: the number as text. The name is not compared as text, which every program writes in its own way (RFC 4514 leaves it open);
 * the digest beside it has settled which certificate is meant. */
static bool issuer_serial_fits(const xmlNode *node, X509 *x509)
{
        auto_str char *text = xml_child_text(node, DSIG_NS, "X509SerialNumber");
        if (!text)
                return false;
        char *from = text + strspn(text, " \t\r\n"), *digits = from + (*from == '-'), *end = digits + strspn(digits, "0123456789"); /* xsd:integer */
        if (end == digits || end - digits > 64 || end[strspn(end, " \t\r\n")] != '\0')
                return false;
        *end = '\0';
        gw_auto(integer) ASN1_INTEGER *number = s2i_ASN1_INTEGER(NULL, from);
        return number && ASN1_INTEGER_cmp(number, X509_get0_serialNumber(x509)) == 0;
}

/* Appends the DER of IssuerSerial (RFC 5035 section 5) of a certificate: the name as directoryName, [4] explicit since Name is a CHOICE. */
static bool write_issuer_serial(X509 *x509, struct buf *out)
{
        unsigned char *name = NULL, *serial = NULL;
        int name_size = i2d_X509_NAME(X509_get_issuer_name(x509), &name);
        int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial);
        if (name_size > 0 && serial_size > 0) {
                auto_buf struct buf general = BUF_INIT, content = BUF_INIT;
                der_put(&general, 0xA4, span_of(name, (size_t)name_size));
                der_put(&content, 0x30, buf_span(&general));
                buf_add(&content, serial, (size_t)serial_size);
                der_put(out, 0x30, buf_span(&content));
        }
        OPENSSL_free(name);
        OPENSSL_free(serial);
        return name_size > 0 && serial_size > 0;
}

static bool issuer_serial_v2_fits(const xmlNode *node, X509 *x509)
{
        auto_str char *text = xml_text(node);
        auto_buf struct buf said = BUF_LIMIT(4096), wanted = BUF_INIT;
        return text && text_unbase64(&said, span_str(text)) && write_issuer_serial(x509, &wanted) && span_eq(buf_span(&said), buf_span(&wanted));
}

/* Cert: CertDigest (DigestMethod, DigestValue), then IssuerSerial or IssuerSerialV2. *ret_fits: it is this certificate. */
static enum gw_rc check_reference(const struct sig_shape *shape, const xmlNode *cert, bool v2, const struct certificate *certificate, struct span der,
                                  bool *ret_fits, struct why *why)
{
        const xmlNode *cert_digest = xml_first_element(cert), *serial = xml_next_element(cert_digest);
        const xmlNode *method = xml_first_element(cert_digest), *value = xml_next_element(method);
        if (!is_xades(cert, "Cert") || !is_container(cert, "URI", "") || !is_xades(cert_digest, "CertDigest") || !xml_is(method, DSIG_NS, "DigestMethod") ||
            !xml_is(value, DSIG_NS, "DigestValue") || xml_next_element(value) || xml_next_element(serial) ||
            (serial && !is_xades(serial, v2 ? "IssuerSerialV2" : "IssuerSerial")))
                return REFUSE("a Cert is not CertDigest and IssuerSerial");
        auto_str char *uri = xml_attribute(method, NULL, "Algorithm"), *text = xml_text(value);
        uint8_t computed[64];
        size_t size = digest(uri, der, computed);
        if (size == 0)
                return sig_refuse(why, shape->party, SIG_ALGORITHM, "CertDigest: %s", uri && strcasestr(uri, "sha1") ? "SHA-1" : "not on the list");
        auto_buf struct buf said = BUF_LIMIT(64);
        *ret_fits = text && text_unbase64(&said, span_str(text)) && span_eq(buf_span(&said), span_of(computed, size));
        if (*ret_fits && serial && !(v2 ? issuer_serial_v2_fits(serial, certificate->x509) : issuer_serial_fits(serial, certificate->x509)))
                return REFUSE("the issuer and serial number of SigningCertificate are not the signer's");
        return GW_OK;
}

/* Those of his authorities may stand beside it (5.2.2); all are judged, one must be his. */
enum gw_rc xades_check_certificate(const struct sig_shape *shape, const struct xades *xades, const struct certificate *certificate, struct why *why)
{
        unsigned char *bytes = NULL;
        int size = i2d_X509(certificate->x509, &bytes);
        if (size <= 0)
                return why_set(why, GW_FAULT, REASON_INTERNAL, "a certificate cannot be written");
        bool v2 = is_xades(xades->certificates, "SigningCertificateV2"), found = false;
        unsigned count = 0;
        enum gw_rc rc = GW_OK;
        for (const xmlNode *cert = xml_first_element(xades->certificates); rc == GW_OK && cert; cert = xml_next_element(cert)) {
                bool fits = false;
                rc = ++count > CERTIFICATES_MAX ? REFUSE("more than %d certificates in SigningCertificate", CERTIFICATES_MAX)
                                                : check_reference(shape, cert, v2, certificate, span_of(bytes, (size_t)size), &fits, why);
                found = found || fits;
        }
        OPENSSL_free(bytes);
        if (rc == GW_OK && !found)
                return REFUSE("SigningCertificate is another certificate than KeyInfo's");
        return rc;
}

/* ---- the time stamp ---- */

#undef REFUSE
#define REFUSE(...) sig_refuse(why, shape->party, SIG_TIMESTAMP, __VA_ARGS__)

/* Without CanonicalizationMethod it is Canonical XML 1.0 (TS 101 903 7.1.4.3, EN 319 132-1 5.1.4.4). */
static bool canonical_value(const struct sig_shape *shape, const xmlNode *method, struct buf *out)
{
        xmlNode *value = xml_next_element(xml_first_element(shape->signature));
        auto_str char *uri = method ? xml_attribute(method, NULL, "Algorithm") : xstrdup(C14N_10);
        if (method && (!is_container(method, "Algorithm", "") || xml_first_element(method)))
                return false;
        if (str_eq(uri, EXC_C14N))
                return xml_exc_c14n(value, out);
        return str_eq(uri, C14N_10) && xml_inc_c14n(value, out);
}

enum gw_rc xades_read_stamp(const struct sig_shape *shape, const struct xades *xades, struct buf *token, struct buf *stamped, struct why *why)
{
        const xmlNode *first = xml_first_element(xades->stamp);
        const xmlNode *method = xml_is(first, DSIG_NS, "CanonicalizationMethod") ? first : NULL, *encapsulated = method ? xml_next_element(method) : first;
        /* Include, ReferenceInfo, XMLTimeStamp: other ways to say what it is over */
        if (!is_container(xades->stamp, "Id", "") || !is_xades(encapsulated, "EncapsulatedTimeStamp") || xml_next_element(encapsulated))
                return REFUSE("SignatureTimeStamp is not CanonicalizationMethod and one EncapsulatedTimeStamp");
        auto_str char *encoding = xml_attribute(encapsulated, NULL, "Encoding"), *text = xml_text(encapsulated);
        if (encoding && !str_eq(encoding, DER_ENCODING))
                return REFUSE("EncapsulatedTimeStamp is not DER");
        auto_buf struct buf der = BUF_LIMIT(TOKEN_BYTES_MAX);
        if (!text || !text_unbase64(&der, span_str(text)) || der.n == 0)
                return REFUSE("EncapsulatedTimeStamp is not base64 of a token");
        if (!canonical_value(shape, method, stamped))
                return REFUSE("SignatureTimeStamp: its canonicalisation is not on the list");
        buf_add_span(token, buf_span(&der));
        return GW_OK;
}
