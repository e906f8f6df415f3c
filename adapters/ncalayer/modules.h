/* What NCALayer's modules answer: a JSON text for a JSON text. No sockets. */
#ifndef EGOV_NCALAYER_MODULES_H
#define EGOV_NCALAYER_MODULES_H

#include "adapters/ncalayer/ncalayer.h"
#include "gateway/sign/signing_key.h"

enum ncalayer_fault_kind {
        NCALAYER_NONE,
        NCALAYER_CANCELLED,        /* the person closes the window: code 500, action.canceled */
        NCALAYER_CANCELLED_SILENT, /* basics: the window closed, status true and no result */
        NCALAYER_WRONG_KEY,        /* the signature is not by the key of the certificate in it */
        NCALAYER_SLOW,             /* the person takes ms */
        NCALAYER_CUT,              /* ends while the person chooses */
        NCALAYER_GARBAGE,          /* answers what is no JSON */
        NCALAYER_OLD,              /* an old NCALayer, without the module basics */
        NCALAYER_FAULT_COUNT
};
extern const struct fault_kinds ncalayer_kinds;

struct person_key {
        char name[NCALAYER_PERSON_MAX]; /* in the test PKI: certs/NAME.pem, keys/NAME.key */
        struct signing_key *key;
        char *pem;                      /* of the certificate */
};
struct modules {
        struct person_key sign, auth;
        struct fault fault;
        uint64_t random, requests, signatures;
};
/* GW_REJECT: there is no such name. What was chosen before stays then. */
GW_MUST_CHECK enum gw_rc modules_choose(struct modules *modules, const char *pki, const char *sign, const char *auth, struct why *why);
void modules_done(struct modules *modules);

struct modules_answer {
        struct buf text;
        int delay_ms;
        bool cut; /* no answer: the connection ends */
};
void modules_answer(struct modules *modules, struct span message, struct modules_answer *answer);

#endif
