/* XAdES properties as canonical text. */
#include "gateway/sign/xades_text.h"

#include "gateway/base/text.h"
#include "gateway/soap/soap.h"

#define SHA256_URI "http://www.w3.org/2001/04/xmlenc#sha256"

/* The certificate is named by its SHA-256, for GOST keys too: what must be collision-free here is the naming of a certificate, which every verifier
 * does with SHA-256 already. IssuerSerialV2 is only a hint (5.2.2) and left out. */
void xades_text_add(const struct xades_text *text, bool alone, struct buf *out)
{
        char time[CLOCK_TEXT_MAX];
        const char *xades = alone ? XADES_DECLARATION : "", *ds = alone ? " xmlns:ds=\"" DSIG_NS "\"" : "";
        buf_printf(out, "<xades:SignedProperties%s Id=\"%s\"><xades:SignedSignatureProperties><xades:SigningTime>%s</xades:SigningTime>", xades,
                   text->properties_id, clock_iso(text->signing_time, time));
        buf_printf(out, "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod%s Algorithm=\"" SHA256_URI "\"></ds:DigestMethod>"
                        "<ds:DigestValue%s>", ds, ds);
        text_base64(out, span_of(text->certificate_sha256, sizeof text->certificate_sha256));
        buf_printf(out, "</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
                        "<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference=\"#%s\"><xades:MimeType>text/xml</xades:MimeType>"
                        "</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>", text->document_reference_id);
}
