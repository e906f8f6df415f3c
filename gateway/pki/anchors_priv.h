/* What anchors.c and path.c share. */
#ifndef GW_PKI_ANCHORS_PRIV_H
#define GW_PKI_ANCHORS_PRIV_H

#include "gateway/pki/path.h"

struct anchors {
        _Atomic int references;
        X509_STORE *store;             /* of the anchors; a context of it may carry a bool as application data: look for issuers by signature */
        STACK_OF(X509) *list;          /* the same, in the order of loading */
        STACK_OF(X509) *intermediates; /* on offer for every path */
};

#endif
