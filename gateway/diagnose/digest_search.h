/* Which bytes does a DigestValue belong to? Internal to diagnose/. */
#ifndef GW_DIAGNOSE_DIGEST_SEARCH_H
#define GW_DIAGNOSE_DIGEST_SEARCH_H

#include "gateway/diagnose/forms.h"
#include "gateway/diagnose/notes.h"

struct digest_claim {
        struct form_source source;
        enum form_text text;       /* what the Reference declares */
        enum form_hash hash;
        const char *value;         /* DigestValue as it stands there */
        struct span signed_bytes;  /* of the signer, or empty */
        const xmlNode *reference;
};
/* Adds COVERED, or what was found out. True when the digest is right. */
bool digest_search(struct notes *notes, const struct digest_claim *claim);

#endif
