/* The text of ds:SignedInfo and the rest of ds:Signature. For gateway/sign only. */
#ifndef GW_SIGN_SIGNATURE_TEXT_H
#define GW_SIGN_SIGNATURE_TEXT_H

#include "gateway/sign/signing_key.h"

#define C14N_URI "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define EXC_C14N_URI "http://www.w3.org/2001/10/xml-exc-c14n#"
#define ENVELOPED_URI "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

struct signature_reference {
        const char *uri;           /* "" or "#id" */
        const char *id, *type;     /* NULL: none */
        const char *transforms[2]; /* the second may be NULL */
        struct span digested;      /* the bytes it covers */
};
struct signature_text {
        const char *c14n;          /* CanonicalizationMethod */
        struct span namespaces;    /* what canonicalisation renders in SignedInfo's start tag: " xmlns…=…" and inherited xml: attributes */
        struct signature_reference references[2];
        size_t reference_count;
};

/* Digests, signs and appends <ds:SignedInfo>…</ds:SignedInfo><ds:SignatureValue>…</ds:SignatureValue>. `inherited`: the start tag is
 * written bare, because the namespaces are in scope where it will stand; otherwise it is written with them. value, when not NULL, gets
 * the base64 of the signature value too. */
GW_MUST_CHECK enum gw_rc signature_text_add(const struct signing_key *key, const struct signature_text *text, bool inherited,
                                            struct buf *out, struct buf *value, struct why *why);

/* Appends <ds:Signature>…</ds:Signature> with ds:KeyInfo/wsse:SecurityTokenReference/wsse:KeyIdentifier (interfaces 2) over the exclusive
 * canonical bytes of the element with that wsu:Id. The prefix wsse must be bound where it will stand; ds is declared here. */
GW_MUST_CHECK enum gw_rc signature_text_add_wsse(const struct signing_key *key, const char *id, struct span digested, struct buf *out,
                                                 struct why *why);

#endif
