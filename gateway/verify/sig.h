/* One XML signature, in two steps: read its shape against the allow-lists (no cryptography), then check it with a key that
 * we chose. sig.c and sig_gost.c are the only files that know xmlsec; nothing of its shape is visible here. */
#ifndef GW_VERIFY_SIG_H
#define GW_VERIFY_SIG_H

#include <libxml/tree.h>

#include "gateway/pki/certificate.h"
#include "gateway/verify/problem.h"

#define SIG_REFERENCES_MAX 2 /* Body and Timestamp; document and XAdES properties */
#define SIG_ID_MAX 128

/* The two shapes there are (interfaces 2 and 5). */
enum sig_form {
        SIG_FORM_DETACHED,  /* References "#id", exclusive C14N only: WS-Security */
        SIG_FORM_ENVELOPED, /* one Reference "", enveloped-signature and then a C14N: NCALayer. With a ds:Object of XAdES (xades.h) one more,
                             * "#id", to the signed properties in it */
};

struct sig_method;
struct sig_shape {
        enum sig_party party;
        enum sig_form form;
        xmlNode *signature, *key_info;     /* borrowed from the document */
        xmlNode *object;                   /* of XAdES; NULL: there is none */
        size_t properties_reference;       /* with an object: the Reference to its signed properties */
        const struct sig_method *method;
        size_t reference_count;
        char ids[SIG_REFERENCES_MAX][SIG_ID_MAX]; /* what the References name, without '#'; "" for the whole document */
};

/* Reads ds:Signature: every element, attribute and algorithm in it must be one we expect, in its place. Problems: STRUCTURE,
 * COVERAGE (too many References or none), REFERENCE, TRANSFORM, ALGORITHM, HMAC, KEY_INFO (none). */
GW_MUST_CHECK enum gw_rc sig_read(enum sig_party party, enum sig_form form, xmlNode *signature, struct sig_shape *ret_shape,
                                  struct why *why);

/* Comments are never covered (XML-DSig 4.4.3.3): one may be added or taken away after signing, and splits text for careless readers.
 * `between_elements`: those beside elements alone are let be, as they split nothing; else there must be none. Nor may there be anything
 * else but elements and text. Problems: COMMENT; STRUCTURE (in a value of a Signature). */
GW_MUST_CHECK enum gw_rc sig_check_text(enum sig_party party, const xmlNode *root, bool between_elements, struct why *why);

/* GOST_2004, GOST_2015, or GOST_NONE for any other method: policy may set an end to a generation. */
enum gost_kind sig_gost_kind(const struct sig_shape *shape);

/* The key must be strong enough and of the kind that the signature method names. Problems: KEY_WEAK, ALGORITHM (of the key), KEY_MISMATCH. */
GW_MUST_CHECK enum gw_rc sig_check_key(const struct sig_shape *shape, const struct certificate *certificate, struct why *why);

/* Verifies with the certificate's key and with nothing else. targets[i] is the Id attribute of the very node that
 * Reference i must have digested (count = reference_count); NULL where ids[i] is "": the whole document of shape->signature is
 * what must have been digested. targets itself is NULL when all are so. Problems: DIGEST (what was signed has changed), INVALID
 * (the value is not one of this key over this SignedInfo), ID_DUPLICATE, WRAPPED. */
GW_MUST_CHECK enum gw_rc sig_verify(const struct sig_shape *shape, const struct certificate *certificate, xmlAttr *const *targets,
                                    struct why *why);

/* Once per process. */
void sig_init(void);

#endif
