/* Makes the result document: the service's template filled from the case, in Canonical XML, signed by the provider.
 *
 * Templates (result element of the service file): any XML; {xpath} in text and attribute values is replaced by the string value over
 * the case; t:if="xpath" keeps an element only when true; t:each="xpath" repeats it with each node as context
 * (t = urn:egov-gateway:template:1). Variables: gateway/catalogue/template.h. */
#ifndef GW_ISSUE_ISSUE_H
#define GW_ISSUE_ISSUE_H

#include "gateway/decide/decide.h"
#include "gateway/sign/xml_sign.h"

struct issue_input {
        const struct service *service;
        xmlDoc *case_doc;
        const struct decision *decision;
        const char *document_number;
        struct wall_time at;
        const char *issuer_name_kk, *issuer_name_ru, *issuer_bin;
        const char *note_kk, *note_ru; /* a mark such as "TEST"; NULL = none */
};
/* Canonical XML, unsigned; no XML declaration; appended. GW_FAULT for outcome WAIT: there is nothing to issue yet. */
GW_MUST_CHECK enum gw_rc issue_write(const struct issue_input *input, struct buf *out, struct why *why);
/* issue_write + the provider's signature, with an XML declaration in front. place NULL: NCALayer's shape (xml_sign_enveloped); else XAdES-BES
 * with input->at as signing time, and *place says where its time stamp goes. */
GW_MUST_CHECK enum gw_rc issue_signed(const struct issue_input *input, const struct signing_key *key, struct xades_place *place, struct buf *out,
                                      struct why *why);

#endif
