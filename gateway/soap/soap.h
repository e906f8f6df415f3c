/* SOAP 1.1 and 1.2 envelopes: structure only. */
#ifndef GW_SOAP_SOAP_H
#define GW_SOAP_SOAP_H

#include "gateway/xml/xml.h"

#define SOAP11_NS "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP12_NS "http://www.w3.org/2003/05/soap-envelope"
#define WSSE_NS "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
#define WSU_NS "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define DSIG_NS "http://www.w3.org/2000/09/xmldsig#"
#define XADES_NS "http://uri.etsi.org/01903/v1.3.2#" /* XAdES, of ETSI TS 101 903 v1.3.2 and EN 319 132-1 alike */
#define XADES_SIGNED_PROPERTIES_TYPE "http://uri.etsi.org/01903#SignedProperties"

struct soap {
        xmlDoc *doc;       /* owned */
        int version;       /* 11 or 12 */
        xmlNode *header;   /* NULL when absent; borrowed from doc, as all below */
        xmlNode *security; /* the one wsse:Security for us (no role/actor, or ultimate receiver), or NULL */
        xmlNode *body;
        xmlNode *payload;  /* the only child element of Body */
};
void soap_free(struct soap *soap);
GW_DEFINE_AUTO(soap, struct soap, soap_free)
#define auto_soap gw_auto(soap)

/* Exactly Envelope{Header?, Body{one element}}, nothing between or after; more than one Security header for us, an unknown header
 * with mustUnderstand, or a second Body are refused. Reasons XML_*, SOAP_NOT_ENVELOPE, SOAP_STRUCTURE, SOAP_MUST_UNDERSTAND,
 * TRANSPORT_SIGNATURE_SEVERAL (Security headers). */
GW_MUST_CHECK enum gw_rc soap_parse(struct span in, const struct xml_limits *limits, struct soap **ret_soap, struct why *why);
/* The same over an already parsed document (taken over on success only). */
GW_MUST_CHECK enum gw_rc soap_of_doc(xmlDoc *doc, struct soap **ret_soap, struct why *why);

#endif
