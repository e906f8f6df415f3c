/* What a signer may have had before him: variants of a tree, its canonical forms, hashes. Internal to diagnose/. */
#ifndef GW_DIAGNOSE_FORMS_H
#define GW_DIAGNOSE_FORMS_H

#include <libxml/tree.h>

#include "gateway/base/buf.h"

enum form_tree { /* what was done to the tree between signing and us, undone; of two that explain it equally well the first is told */
        TREE_AS_IS,
        TREE_SIGNATURE_BLANKS,
        TREE_NO_BLANKS,
        TREE_INDENT_2,
        TREE_INDENT_4,
        TREE_INDENT_TAB,
        TREE_CRLF,
        TREE_NO_ID,
        TREE_ALONE,
        TREE_WITH_SIGNATURE,
        TREE_WITHOUT_SIGNATURES,
        TREE_CP1251,
        TREE_LATIN1,
        TREE_COUNT
};
enum form_text { TEXT_EXC, TEXT_INC, TEXT_EXC_COMMENTS, TEXT_INC_COMMENTS, TEXT_RAW, TEXT_RAW_DECLARATION, TEXT_COUNT };
enum form_hash { HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_GOST_2015, HASH_GOST_2004, HASH_SHA1, HASH_COUNT, HASH_UNKNOWN = HASH_COUNT };
#define FORM_DIGEST_MAX 64

struct form_source {
        xmlDoc *doc;
        xmlNode *node;          /* the element that was digested; NULL: the whole document */
        xmlNode *signature;     /* enveloped: the Signature that is taken away; NULL else */
        xmlChar **prefixes;     /* InclusiveNamespaces of exclusive forms, or NULL */
};
/* A copy of the document in which the tree is as the variant has it; NULL when the variant changes nothing or does not fit. *ret_node: the element there. */
xmlDoc *form_tree_make(const struct form_source *source, enum form_tree tree, xmlNode **ret_node);
/* Appends the text of that element (NULL: the document). */
GW_MUST_CHECK bool form_text_make(xmlDoc *doc, xmlNode *node, enum form_text text, xmlChar **prefixes, struct buf *out);
size_t form_hash_make(enum form_hash hash, struct span in, uint8_t digest[FORM_DIGEST_MAX]);
const char *form_hash_name(enum form_hash hash);
/* Of a DigestMethod or SignatureMethod URI, by its ending; HASH_UNKNOWN. */
enum form_hash form_hash_of(const char *uri);
/* Of a canonicalisation URI; `none` when it is none. */
enum form_text form_text_of(const char *uri, enum form_text none);
const char *form_text_name(enum form_text text);

#endif
