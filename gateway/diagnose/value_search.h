/* What was a SignatureValue made of? Internal to diagnose/. */
#ifndef GW_DIAGNOSE_VALUE_SEARCH_H
#define GW_DIAGNOSE_VALUE_SEARCH_H

#include "gateway/diagnose/forms.h"
#include "gateway/diagnose/notes.h"
#include "gateway/pki/certificate.h"

#define VALUE_KEYS_MAX 4
struct value_claim {
        xmlNode *signed_info;
        enum form_text text;   /* CanonicalizationMethod */
        xmlChar **prefixes;
        enum form_hash hash;   /* of SignatureMethod */
        struct span value;     /* SignatureValue, base64 undone */
        xmlNode *content;      /* what the first Reference is to, or NULL */
        struct certificate *const *keys; /* the one that KeyInfo names first, then others of the message */
        size_t key_count;
        bool named;            /* keys[0] is the one that KeyInfo names */
};
/* Adds VALUE_GOOD, or what was found out. True when the value is right. */
bool value_search(struct notes *notes, const struct value_claim *claim);

#endif
