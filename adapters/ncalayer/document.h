/* Signatures in exactly the shape that NCALayer gives them (interfaces 5). */
#ifndef EGOV_NCALAYER_DOCUMENT_H
#define EGOV_NCALAYER_DOCUMENT_H

#include "gateway/sign/signing_key.h"

/* Enveloped XML-DSig: line ends between the elements, base64 in lines of 76 that end in &#13;, KeyInfo with X509Certificate only. A document that has signatures gets
 * one more, which covers them. Appended. GW_REJECT: not XML that the gateway would read. */
GW_MUST_CHECK enum gw_rc document_sign_xml(const struct signing_key *key, struct span xml, struct buf *out, struct why *why);
/* CMS in DER, appended. */
GW_MUST_CHECK enum gw_rc document_sign_cms(const struct signing_key *key, struct span content, bool attached, struct buf *out, struct why *why);
/* Base64 in lines of 76, each but the last with the given end; appended. */
void document_base64_lines(struct buf *out, struct span bytes, const char *line_end);

#endif
