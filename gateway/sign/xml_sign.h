/* Writes the two signature shapes of the Kazakh e-government.
 *
 * Both work on canonical text: cheap for what we compose ourselves. xml_sign_document() is for anything else. */
#ifndef GW_SIGN_XML_SIGN_H
#define GW_SIGN_XML_SIGN_H

#include <libxml/tree.h>

#include "gateway/sign/signing_key.h"

/* Enveloped XML-DSig in NCALayer's shape (interfaces 5): Signature as last child of the root; C14N 20010315; Reference URI=""
 * with enveloped-signature and C14N#WithComments; KeyInfo/X509Data/X509Certificate. `canonical` is the whole document in
 * Canonical XML with comments (no XML declaration). Appends the signed document. A further signer signs the output again. */
GW_MUST_CHECK enum gw_rc xml_sign_enveloped(const struct signing_key *key, struct span canonical, struct buf *out, struct why *why);

/* SOAP envelope with the SHEP transport signature (interfaces 2): one Reference to Body/@wsu:Id, exc-c14n, KeyIdentifier
 * X509v3. `body_content` is the content of soap:Body in exclusive canonical form. soap_version 11 or 12. Appends the
 * envelope, with an XML declaration. mustUnderstand is written as 1 in requests and left out in answers (clients that do
 * not process the header fail on it). In body_content the prefix soap is the envelope's (rendered on Body: do not declare it again) and
 * xs may stand in an xsi:type value (declared on Envelope). */
struct wsse_options {
        int soap_version;
        bool must_understand;
};
GW_MUST_CHECK enum gw_rc xml_sign_envelope(const struct signing_key *key, struct span body_content, const struct wsse_options *options,
                                           struct buf *out, struct why *why);

/* For a SOAP document of any shape (fixtures, `egov-gateway sign --soap`): gives its Body a wsu:Id when it has none, adds
 * the Security header with the signature, serialises without changing anything else. */
GW_MUST_CHECK enum gw_rc xml_sign_soap_document(const struct signing_key *key, xmlDoc *doc, struct buf *out, struct why *why);

#endif
