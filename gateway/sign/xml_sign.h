/* Writes the two signature shapes of the Kazakh e-government, the one of documents also as XAdES.
 *
 * Both work on canonical text: cheap for what we compose ourselves. xml_sign_document() is for anything else. */
#ifndef GW_SIGN_XML_SIGN_H
#define GW_SIGN_XML_SIGN_H

#include <libxml/tree.h>

#include "gateway/base/clock.h"
#include "gateway/sign/signing_key.h"

/* Enveloped XML-DSig in NCALayer's shape (interfaces 5): Signature as last child of the root; C14N 20010315; Reference URI=""
 * with enveloped-signature and C14N#WithComments; KeyInfo/X509Data/X509Certificate. `canonical` is the whole document in
 * Canonical XML with comments (no XML declaration). Appends the signed document. A further signer signs the output again. */
GW_MUST_CHECK enum gw_rc xml_sign_enveloped(const struct signing_key *key, struct span canonical, struct buf *out, struct why *why);

/* The same as XAdES-BES (ETSI EN 319 132-1, baseline level B): a second Reference, to the signed properties in ds:Object. Of the place behind them
 * a time stamp needs: `at`, an offset in `out`, and `stamped`, the bytes it is over (5.3: ds:SignatureValue in exclusive canonical form); the
 * caller's, xades_place_done(). */
struct xades_place {
        size_t at;
        struct buf stamped;
};
GW_MUST_CHECK enum gw_rc xml_sign_xades(const struct signing_key *key, struct span canonical, struct wall_time signing_time, struct buf *out,
                                        struct xades_place *ret_place, struct why *why);
void xades_place_done(struct xades_place *place);
/* Level T: puts the DER of a time-stamp token over place->stamped where it belongs. What is signed stays as it is. */
void xml_sign_put_time_stamp(struct buf *document, const struct xades_place *place, struct span token);

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
